"""Tokens and webhooks in administration: made in a modal that shows the secret this once, listed, revoked, paused."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from core.notices import Delivery, Notice
from core.tokens import Scope, TokenKind
from core.webhook_sending import Answer, WebhookSending
from handlers.notices import Notices
from handlers.views.admin import Where
from tests.handlers.firm import ANA, BEN, Firm, words
from tests.handlers.modal_acts import form, push, send, top
from tests.handlers.modal_acts import labels as view_labels

URL = "https://hooks.example.com/in?key=opensesame"


async def page(firm: Firm, section: str) -> dict[str, Any]:
    """Open administration and one of its sections, as Ana."""
    view = await form(firm, ANA, "admin", text="/book admin")
    return await pressed(firm, view, section)


async def pressed(firm: Firm, view: dict[str, Any], said: str) -> dict[str, Any]:
    """Press the button beside what says this."""
    block = next(one for one in view["blocks"] if said in str((one.get("text") or {}).get("text")))
    await firm.slack.click(ANA, view, block["accessory"]["action_id"], block_id=block["block_id"])
    return await top(firm, ANA)


async def said_anywhere(firm: Firm, secret: str) -> bool:
    """Tell whether a secret stands in any message."""
    posts = firm.running.sandbox.parts.ws.posts.since(0)
    return any(secret in str(version) for post in posts for version in post.versions)


async def test_an_admin_makes_a_token_and_sees_it_once(firm: Firm):
    listed = await page(firm, "API tokens")
    assert "There are none" in words(listed)
    asked = await push(firm, ANA, listed, "Make a token")
    await send(firm, ANA, asked, name="Door panel", person=BEN, kind="service", scope="book", lasting="90")
    shown = await top(firm, ANA, "admin")
    secret = next(line for line in words(shown).splitlines() if line.startswith("bkr_"))
    assert "shown this once" in words(shown)
    bearer = await firm.services.tokens.bearer(secret)
    assert bearer is not None
    assert (bearer.person.slack_user_id, bearer.token.kind, bearer.token.allows(Scope.ADMIN)) == (
        BEN,
        TokenKind.SERVICE,
        False,
    )

    back = await push(firm, ANA, shown, "Back")
    assert secret not in str(back)
    assert "Door panel" in words(back)
    assert "book · a service, acts as Ben" in words(back)
    assert "never used · until" in words(back)
    assert not await said_anywhere(firm, secret)


async def test_a_token_is_revoked_from_the_list(firm: Firm):
    ana = await firm.actor(ANA)
    _, secret = await firm.services.tokens.make(ana.person_id, name="Old script", scopes=[Scope.READ], by=ana)
    listed = await page(firm, "API tokens")
    assert "danger" in str(listed["blocks"])
    gone = await pressed(firm, listed, "Old script")
    assert "Revoked: Old script" in words(gone)
    assert "There are none" in words(gone)
    assert await firm.services.tokens.bearer(secret) is None
    audit = await firm.services.administration.audit.entries()
    assert (audit[0].subject, audit[0].action, audit[0].actor_id) == ("token", "revoked", ana.person_id)


async def test_a_webhook_is_added_seen_and_paused(firm: Firm):
    listed = await page(firm, "Webhooks")
    asked = await push(firm, ANA, listed, "Add a webhook")
    refused = await send(firm, ANA, asked, url="http://hooks.example.com/", scope="all", details="masked")
    assert "https://" in str(refused)
    assert await firm.services.webhooks.all() == ()
    room = str(firm.rooms["Apollo"].id)
    await send(firm, ANA, asked, url=URL, description="Panels", kinds=["booked", "cancelled"], scope=room, details="masked")
    shown = await top(firm, ANA, "admin")
    assert "whsec_" in words(shown)
    secret = next(line for line in words(shown).splitlines() if line.startswith("whsec_"))

    one = await push(firm, ANA, shown, "Back")
    assert "booked and cancelled, in Apollo" in words(one)
    assert secret not in str(one)
    assert not await said_anywhere(firm, secret)
    paused = await push(firm, ANA, one, "Pause")
    assert "Paused by an admin" in words(paused) or "paused by an admin" in words(paused)
    assert view_labels(paused)[:2] == ["Resume", "Resume without what it missed"]
    again = await push(firm, ANA, paused, "Resume")
    tried = await push(firm, ANA, again, "Send a test")
    assert "ping · waiting" in words(tried)
    edited = await push(firm, ANA, tried, "Edit")
    await send(firm, ANA, edited, url=URL, description="Doors", kinds=[], scope="all", details="details")
    (kept,) = await firm.services.webhooks.all()
    assert (kept.description, kept.kinds, kept.room_id, kept.details) == ("Doors", frozenset(), None, True)


async def test_what_the_other_side_answered_is_shown_as_characters(firm: Firm):
    ana = await firm.actor(ANA)
    hook, _ = await firm.services.webhooks.add(URL, by=ana)
    await firm.services.webhooks.ping(hook.id)
    sending = WebhookSending(firm.db, firm.clock)
    (out,) = await sending.claim(firm.clock.now(), limit=1)
    await sending.answered(out, Answer(status=500, note="<!channel> <b>*no*</b> <https://evil.example|click>"))
    shown = await pressed(firm, await page(firm, "Webhooks"), "hooks.example.com")
    block = next(one for one in shown["blocks"] if "ping" in str(one.get("text")))
    assert block["text"]["type"] == "plain_text"
    assert "500 · <!channel> <b>*no*</b>" in block["text"]["text"]
    assert "Failing, 1 waiting" in words(shown)


async def test_admins_hear_of_a_webhook_that_is_paused_and_can_look_at_it(firm: Firm):
    ana = await firm.actor(ANA)
    hook, _ = await firm.services.webhooks.add(URL, by=ana)
    about = {"webhook": str(hook.id), "host": hook.host, "reason": "nothing arrived for three days; last, it answered 503"}
    told = Delivery(
        id=uuid4(), lease=uuid4(), key="k", kind=Notice.WEBHOOK_PAUSED, team_id="T", about=about, due_at=firm.clock.now(),
        person=await firm.services.people.get(ana.person_id),
    )  # fmt: skip
    message = await Notices(firm.services).delivery(told)
    assert message is not None
    assert "The webhook to hooks.example.com is paused: nothing arrived for three days" in message.text
    assert "opensesame" not in str(message)
    assert firm.services.outbox.holds(told, firm.clock.now()) is None
    where = Where(section="webhook", id=hook.id).dump()
    assert where in str([block.to_dict() for block in message.blocks]).replace("\\\\", "\\")
