"""After somebody is erased, their name, their id in Slack and their words stand nowhere in the whole database."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import date, time
from typing import Any

import pytest

from core.approval_deciding import Approvals
from core.checks import violations
from core.closures import Closures
from core.db import Database
from core.erasing import Erasing
from core.granting import Granting
from core.groups import Groups
from core.models import Actor, Booking, Change, Right, Wish
from core.roles import WORKER
from core.rooms import Rooms
from core.series import Series
from core.series_values import SeriesWish
from core.tokens import Scope, TokenKind, Tokens
from core.webhook_planning import WebhookPlanning
from core.webhooks import Webhooks
from handlers.api import webhook_bodies
from tests.core.office import Office, at, opened

WORD = "xylophone"


@pytest.fixture
async def office(database: Any) -> AsyncIterator[Office]:
    async with opened(database) as made:
        yield made


async def everything(office: Office) -> dict[str, str]:
    """Return every row of every table as text, by table."""
    tables = await office.rows(
        "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
        " AND NOT c.relispartition"
    )
    found = {}
    for one in tables:
        rows = await office.rows(f"SELECT t.*::text AS row FROM {one['relname']} t")
        found[one["relname"]] = "\n".join(row["row"] for row in rows)
    return found


def holding(found: dict[str, str], *words: str) -> dict[str, list[str]]:
    """Return the rows that hold any of the words, by table."""
    lines = {
        name: [line for line in text.splitlines() if any(word.lower() in line.lower() for word in words)]
        for name, text in found.items()
    }
    return {name: held for name, held in lines.items() if held}


async def decide(approvals: Approvals, booking: Booking, *, by: Actor, reason: str | None = None) -> None:
    request = await approvals.of_booking(booking.id)
    assert request is not None
    if reason:
        await approvals.decline(request.id, by=by, reason=reason)
    else:
        await approvals.approve(request.id, by=by)


async def a_whole_life(office: Office) -> Any:
    """Let somebody do and suffer all that there is to do; all their words hold one that nobody else uses."""
    zoe = await office.actor("zoetrope")
    db, catalogues = office.db, office.catalogues
    room, asked = await office.room("Apollo", seats=8), await office.room("Vault", seats=8)
    other = await office.room("Zeus", seats=8)
    groups, granting = Groups(db, catalogues), Granting(db, catalogues)
    crew = await groups.create("crew", by=office.boss)
    await groups.add(crew.id, [zoe.person_id], by=office.boss)
    await granting.give(Right.MANAGE, room_id=room.id, person_id=zoe.person_id, by=office.boss)
    await granting.give(Right.APPROVE, room_id=asked.id, person_id=office.bob.person_id, by=office.boss)
    await Rooms(db, catalogues).set_policy(room_id=asked.id, approval=True)
    await office.people.make_admin("T1", "Uzoetrope", by=office.boss)

    series = Series(db, catalogues, office.search, office.clock)
    weekly = SeriesWish(
        first_on=date(2040, 3, 6), clock=time(9), minutes=60, zone="UTC", rule="FREQ=WEEKLY;COUNT=4", room_id=room.id,
        attendees_count=2, title=f"{WORD} weekly", invitees=(office.bob.person_id,),
    )  # fmt: skip
    await series.book(weekly, by=zoe)
    await series.book(
        SeriesWish(
            first_on=date(2040, 3, 6), clock=time(14), minutes=60, zone="UTC", rule="FREQ=WEEKLY;COUNT=3", room_id=room.id,
            attendees_count=2, title="Bob's", invitees=(zoe.person_id,),
        ),
        by=office.bob,
    )  # fmt: skip

    approvals = Approvals(db, catalogues, office.bookings, office.search, office.clock)
    request = await office.book(asked, at(10), by=zoe, title=f"{WORD} request")
    await decide(approvals, request, by=office.bob)
    approved = await office.bookings.get(request.id)
    longer = Change(slot=at(10, 120), title=f"{WORD} longer")
    await office.bookings.change(request.id, longer, version=approved.version, by=zoe)
    turned_down = await office.book(asked, at(14), by=zoe, title=f"{WORD} no")
    await decide(approvals, turned_down, by=office.bob, reason=f"No {WORD}s, zoetrope")

    gone = await office.bookings.book(Wish(slot=at(12), room_id=room.id, title=f"{WORD} gone"), by=zoe, key="k1")
    await office.bookings.cancel(gone.id, by=zoe, reason=f"{WORD} is ill")
    theirs = await office.book(room, at(16), by=office.bob, title="Bob's", invitees=(zoe.person_id,))
    await office.line.join(Wish(slot=at(16), room_id=room.id, title=f"{WORD} waits"), by=zoe)
    await office.bookings.cancel(theirs.id, by=zoe, reason=f"{WORD} said so")
    await office.book(other, at(9), by=zoe, title=f"{WORD} other")
    await Closures(db, catalogues, office.clock).add(
        at(0, 24 * 60, days=20), room_id=other.id, allowed_people=[zoe.person_id], reason="Paint", by=zoe
    )
    await from_outside(office, zoe)
    return zoe


async def from_outside(office: Office, zoe: Actor) -> None:
    """Let them have tokens, a calendar and a webhook; webhooks were told of what they did."""
    tokens = Tokens(office.db, office.clock)
    await tokens.make(zoe.person_id, name=f"{WORD} script", scopes=[Scope.ADMIN], by=zoe)
    await tokens.make(office.bob.person_id, name=f"{WORD} panel", scopes=[Scope.READ], kind=TokenKind.SERVICE, by=zoe)
    await tokens.make(zoe.person_id, name="zoetrope's", scopes=[Scope.READ], by=office.boss)
    webhooks = Webhooks(office.db, office.catalogues, office.clock)
    hook, _ = await webhooks.add("https://example.com/", description=f"{WORD} hook", details=True, by=zoe)
    # Of what happened before it was there, as if it had been there all the time.
    await office.damage("UPDATE webhooks SET transaction = '0', number = 0")
    worker = Database(office.urls.worker_url, role=WORKER, pool_size=2)
    await WebhookPlanning(worker, office.catalogues, webhook_bodies.body).plan(office.clock.now())
    await worker.close()
    await webhooks.pause(hook.id, by=zoe)


async def test_nothing_is_left_of_somebody_in_the_whole_database(office: Office):
    zoe = await a_whole_life(office)
    erasing = Erasing(office.db, office.catalogues, office.bookings, office.line, office.clock)
    given = json.dumps(await erasing.export(zoe.person_id, by=office.boss))
    for words in ("weekly", "no", "gone", "waits", "other", "longer"):
        assert f"{WORD} {words}" in given
    found = json.loads(given)
    assert [one["decision"] for one in found["requests"]] == ["approved", None, "declined"]
    assert [one["granted"] for one in found["rights"]] == ["manage"]
    tables = {"bookings", "events", "series", "changes", "tokens", "webhooks", "webhook_deliveries"}
    assert set(holding(await everything(office), WORD)) >= tables
    assert {one["name"] for one in found["tokens"]} == {f"{WORD} script", "zoetrope's"}
    assert [one["description"] for one in found["webhooks"]] == [f"{WORD} hook"]

    await erasing.erase(zoe.person_id, by=office.boss)

    assert holding(await everything(office), WORD, "zoetrope") == {}
    assert await violations(office.db) == []
