"""From a booking to another program and from its silence to an admin's messages, with everything running."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from core.webhooks import Webhooks
from tests.bot.receivers import HERE, Receiver
from tests.bot.test_live import serving, until
from tests.handlers.firm import ANA, Firm, new_york
from tests.handlers.firm import opened as firm_opened


@pytest.fixture
async def firm(database: Any) -> AsyncIterator[Firm]:
    async with firm_opened(database) as made:
        yield made


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{any:.*}", made.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield made
    await runner.cleanup()


async def test_a_booking_is_with_the_other_program_and_a_pause_with_the_admins(
    firm: Firm, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("WEBHOOK_PRIVATE_TARGETS", "127.0.0.1")
    ana = await firm.actor(ANA)
    webhooks = Webhooks(firm.db, firm.services.catalogues, firm.clock, private_targets=HERE)
    hook, secret = await webhooks.add(receiver.url, by=ana)
    async with serving(firm, monkeypatch) as background:
        await firm.booked("Apollo", new_york(10), title="Design review")

        async def arrived() -> object:
            return receiver.had

        (had, *_) = await until(arrived)
        assert had.genuine(secret)
        assert had.body["data"]["booking"]["title"] == "Design review"

        receiver.says(410)
        await webhooks.ping(hook.id)

        async def told() -> object:
            posts = firm.running.sandbox.parts.ws.posts.since(0)
            return [one for post in posts for one in post.versions if "webhook to 127.0.0.1 is paused" in one.text]

        assert len(await until(told)) == 1

        async def counted() -> object:
            figures = (await background.figures()).decode()
            return (
                "bookroom_webhooks_paused 1.0" in figures and 'bookroom_webhook_posts_total{outcome="paused"} 1.0' in figures
            )

        await until(counted)


async def test_without_the_setting_nothing_is_connected_to_at_home(
    firm: Firm, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    webhooks = Webhooks(firm.db, firm.services.catalogues, firm.clock, private_targets=HERE)
    hook, _ = await webhooks.add(receiver.url, by=await firm.actor(ANA))
    async with serving(firm, monkeypatch):
        await webhooks.ping(hook.id)

        async def failed() -> object:
            return (await webhooks.get(hook.id)).failing_since

        await until(failed)
    (told,) = await webhooks.deliveries(hook.id)
    assert (told.status, told.state) == (None, "due")
    assert receiver.had == []
