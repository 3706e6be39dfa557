"""What a channel reads on Mondays, and how it asks for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from core.endings import Endings
from core.notices import Delivery, Notice, Subscription
from core.stats import Asked
from handlers import stats
from handlers.notices import Notices
from handlers.requests import Sender
from handlers.services import Desk
from handlers.stats_links import Links
from handlers.views import notify as views
from tests.handlers.firm import ANA, BEN, Firm, new_york, words


async def delivered(firm: Firm, by: str, week: str) -> dict[str, Any] | None:
    """Return what a channel of somebody's is told of a week in New York."""
    asked = await firm.services.subscriptions.save(
        None,
        team_id=firm.running.company.team.id,
        channel_id="C0NEWYORK",
        location_id=firm.places["New York"].id,
        room_id=None,
        kinds={"booked"},
        digest_at=None,
        zone="America/New_York",
        by=await firm.actor(by),
        weekly_figures=True,
    )
    now = firm.clock.now()
    delivery = Delivery(
        id=uuid4(),
        lease=uuid4(),
        key="k",
        kind=Notice.FIGURES,
        team_id="T",
        subscription=asked,
        about={"week": week},
        due_at=now,
    )
    message = await Notices(firm.services).delivery(delivery)
    if message is None:
        return None
    blocks = [block if isinstance(block, dict) else block.to_dict() for block in message.blocks]
    return {"text": message.text, "blocks": blocks}


@pytest.fixture
async def a_week(firm: Firm) -> Firm:
    """Two meetings and a refusal in the last week of November; it is Monday after."""
    await firm.booked("Apollo", new_york(10, day=25))
    await firm.booked("Corner", new_york(14, day=26, minutes=30))
    await firm.say(BEN, "/book room tomorrow 2pm for 40 people")
    firm.clock.set(datetime(2026, 11, 30, 15, tzinfo=UTC))
    await Endings(firm.db, firm.services.catalogues).end(firm.clock.now())
    return firm


async def test_a_channel_reads_the_week_before(a_week: Firm):
    told = await delivered(a_week, ANA, "2026-W48")
    assert told is not None
    lines = words(told).splitlines()
    assert lines[0] == "📊 Figures of New York, Mon 23 Nov to Sun 29 Nov"
    assert lines[1] == "under 1 % of the open time was booked: 1.5 hours of 200 hours, in 2 meetings."
    assert "most missed: a larger room (1)" in words(told)


async def test_a_channel_sees_no_more_than_whoever_asked_for_it(a_week: Firm):
    told = await delivered(a_week, BEN, "2026-W48")
    assert told is not None
    assert "most missed" not in words(told)
    # An admin's subscription that somebody else saves again is theirs.
    assert "most missed" in words(await delivered(a_week, ANA, "2026-W48") or {})
    assert "most missed" not in words(await delivered(a_week, BEN, "2026-W48") or {})


async def test_a_week_that_is_not_over_says_nothing(a_week: Firm):
    assert await delivered(a_week, ANA, "2026-W50") is None


def test_the_box_in_the_form_is_ticked_as_it_was_and_told_in_the_list(firm: Firm):
    place = firm.places["Berlin"]
    one = Subscription(
        id=uuid4(),
        team_id="T",
        channel_id="C",
        location=place,
        room=None,
        kinds=frozenset({"booked"}),
        digest_at=None,
        zone=place.zone,
        created_by=uuid4(),
        paused=None,
        version=1,
        weekly_figures=True,
    )
    assert "figures on Mondays" in "".join(piece if isinstance(piece, str) else piece.text for piece in views.said(one))
    off = replace(one, weekly_figures=False)
    assert "figures" not in "".join(piece if isinstance(piece, str) else piece.text for piece in views.said(off))


async def test_the_button_to_the_page_holds_an_address_for_an_hour(firm: Firm):
    links = Links("https://rooms.firm.example", "secret")
    person = await firm.services.people.get((await firm.actor(ANA)).person_id)
    desk = Desk(
        services=replace(firm.services, links=links),
        person=replace(person, admin=True),
        sender=Sender(team_id="T", user_id=ANA),
        catalogue=await firm.services.catalogues.current(),
        client=None,  # type: ignore[arg-type]
    )
    asked = Asked(first=datetime(2026, 11, 1).date(), last=datetime(2026, 11, 2).date())  # noqa: DTZ001
    button = stats._page(asked, desk)
    assert button is not None
    address = str(button.url)
    assert address.startswith("https://rooms.firm.example/stats?from=2026-11-01&to=2026-11-02&for=admins&until=")
    look = links.read(address.partition("?")[2], desk.catalogue, firm.clock.now())
    assert look.everything
