"""Everything at once, from the commit to the screen: open views follow, offers begin when they are told, 429s are heeded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot import config
from bot.background import Background, worker_database
from bot.deadline import Deadline
from bot.metrics import Metrics
from bot.pusher import Pusher
from core.bell import Bell
from core.models import Wish
from handlers.pushing import Pushes
from handlers.services import built
from handlers.slack_clients import OneClient
from tests.handlers.firm import ANA, BEN, CHLOE, NOW, Firm, colleagues, new_york, words
from tests.handlers.firm import opened as firm_opened
from tests.handlers.modal_acts import form
from tests.handlers.test_home import home

HOMES, SEARCHES = 30, 10


async def until(holds: Callable[[], Awaitable[object]]) -> Any:
    for _ in range(1500):
        if found := await holds():
            return found
        await asyncio.sleep(0.02)
    pytest.fail("waited too long")


@asynccontextmanager
async def serving(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Background]:
    """Let one process's jobs, deliverer and bell run, on a clock that goes on from the firm's moment."""
    tokens = firm.running.company.tokens
    ours = {
        "SLACK_BOT_TOKEN": tokens.bot,
        "SLACK_SIGNING_SECRET": tokens.signing_secret,
        "SLACK_API_URL": firm.running.api_url,
        "DATABASE_URL": firm.urls.app_url,
        "DATABASE_WORKER_URL": firm.urls.worker_url,
    }
    for name, value in ours.items():
        monkeypatch.setenv(name, value)
    settings = config.load()
    db = worker_database(settings)
    bell = Bell(db)
    firm.db.when_something_happened = db.when_something_happened = bell.ring
    background = Background(settings, built(db, firm.clock), db, firm.clock, bell)
    ticking = asyncio.create_task(_tick(firm))
    background.start()
    try:
        yield background
    finally:
        ticking.cancel()
        await background.stop(Deadline(10))
        await db.close()


async def _tick(firm: Firm) -> None:
    last = time.monotonic()
    while True:
        await asyncio.sleep(0.05)
        now = time.monotonic()
        firm.clock.advance(timedelta(seconds=now - last))
        last = now


@pytest.fixture
async def firm(database: Any) -> AsyncIterator[Firm]:
    async with firm_opened(database, more=HOMES) as made:
        yield made


async def test_thirty_homes_and_ten_searches_follow_what_is_booked(firm: Firm, monkeypatch: pytest.MonkeyPatch):
    people = colleagues(HOMES)
    ids = [(await firm.actor(user)).person_id for user in people]
    for user in people:
        await home(firm, user)
    asked = "/book find tomorrow 14:00-15:00 in new york"
    searches = [await form(firm, user, "search", text=asked) for user in people[:SEARCHES]]
    assert all("4 rooms are free" in words(view) for view in searches)

    async def all_seen() -> bool:
        homes = [words(await firm.slack.home(user) or {}) for user in people]
        views = [words((await firm.slack.views(user))[-1]) for user in people[:SEARCHES]]
        return all('"All hands"' in shown for shown in homes) and all("3 rooms are free" in shown for shown in views)

    async with serving(firm, monkeypatch) as background:
        began = time.monotonic()
        await firm.booked("Boardroom", new_york(14), by=ANA, title="All hands", invitees=tuple(ids), attendees_count=20)
        await until(all_seen)
        print(f"\n{HOMES} Homes and {SEARCHES} searches were right after {time.monotonic() - began:.2f} s")
        pushes = background.metrics.registry.get_sample_value
        assert pushes("bookroom_pushes_total", {"kind": "search", "outcome": "pushed"}) == SEARCHES
        assert pushes("bookroom_pushes_total", {"kind": "home", "outcome": "pushed"}) == HOMES


async def test_an_offer_that_slack_did_not_take_for_long_is_told_and_begins_then(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
):
    booking = await firm.booked("Apollo", new_york(14), by=ANA)
    chloe = await firm.actor(CHLOE)
    place = await firm.services.line.join(Wish(slot=new_york(14), room_id=firm.rooms["Apollo"].id), by=chloe)
    async with serving(firm, monkeypatch) as background:
        await firm.slack.faults(fail_next={"method": "chat.postMessage", "times": None, "status": 429, "retry_after": 1})
        await firm.services.bookings.cancel(booking.id, by=await firm.actor(ANA))
        refused = {"reason": "ratelimited"}
        await until(lambda: _counted(background, "bookroom_notices_retried_total", **refused))
        firm.clock.advance(timedelta(minutes=12))
        background.jobs["line"].ring()

        async def renewed() -> bool:
            offered = await firm.services.line.get(place.id)
            assert offered.status == "offered"
            assert offered.offer_expires_at
            return offered.offer_expires_at > NOW + timedelta(minutes=21)

        await until(renewed)
        await firm.slack.faults(clear=True)
        await until(lambda: _counted(background, "bookroom_notices_sent_total", kind="offer"))

        async def begun() -> bool:
            left = ((await firm.services.line.get(place.id)).offer_expires_at or NOW) - firm.clock.now()
            return timedelta(minutes=9, seconds=50) < left <= timedelta(minutes=10)

        await until(begun)
    posts = [one.versions[-1] for one in firm.running.sandbox.parts.ws.posts.since(0) if not one.ephemeral_to]
    (told,) = [one for one in posts if "is free for you" in one.text]
    # 10:07 and twelve minutes, and ten from then on.
    assert "It is held until" in str(told.blocks)
    assert ":29" in str(told.blocks)


async def _counted(background: Background, name: str, **labels: str) -> float:
    return background.metrics.registry.get_sample_value(name, labels) or 0.0


# -- what Slack refuses ----------------------------------------------------------------------------------------------


class Seconds:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def stale(firm: Firm) -> None:
    async def work(session: Any) -> None:
        await session.run("UPDATE open_views SET stale_since = $1, due_at = $1", firm.clock.now())

    await firm.db.write(work, repeatable=True)


@pytest.mark.parametrize(
    ("fault", "outcome", "seconds"),
    [
        ({"fail_next": {"method": "views.publish", "times": 1, "status": 429, "retry_after": 40}}, "ratelimited", 40),
        ({"token": "token_revoked"}, "token_revoked", 30),
    ],
)
async def test_a_view_that_slack_refuses_for_now_is_pushed_when_it_said(
    firm: Firm, fault: Mapping[str, Any], outcome: str, seconds: int
):
    await firm.booked("Apollo", new_york(14), by=BEN)
    await home(firm, BEN)
    metrics, monotonic = Metrics(), Seconds()
    client = AsyncWebClient(token=firm.running.company.tokens.bot, base_url=firm.running.api_url, retry_handlers=[])
    pusher = Pusher(firm.services.watching, Pushes(firm.services), OneClient(client).of, metrics, monotonic=monotonic)
    await stale(firm)
    await firm.slack.faults(**fault)
    assert await pusher.push(firm.clock.now()) == 1
    assert metrics.registry.get_sample_value("bookroom_pushes_total", {"kind": "home", "outcome": outcome}) == 1

    await firm.slack.faults(clear=True)
    firm.clock.advance(timedelta(seconds=seconds - 1))
    monotonic.now += seconds - 1
    await stale(firm)  # news meanwhile
    assert await pusher.push(firm.clock.now()) == 0
    firm.clock.advance(timedelta(seconds=2))
    monotonic.now += 2
    assert await pusher.push(firm.clock.now()) == 1
    assert metrics.registry.get_sample_value("bookroom_pushes_total", {"kind": "home", "outcome": "pushed"}) == 1
    assert await pusher.push(firm.clock.now()) == 0


async def test_open_streams_are_counted_as_long_as_they_are_open(firm: Firm, monkeypatch: pytest.MonkeyPatch):
    async with serving(firm, monkeypatch) as background:
        hub = background._services.hub
        async with hub.open(lambda _: True, asker="somebody"), hub.open(lambda _: True, asker="another"):
            assert "bookroom_streams_open 2.0" in (await background.figures()).decode()
        assert "bookroom_streams_open 0.0" in (await background.figures()).decode()
        await hub.stop()
