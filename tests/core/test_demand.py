"""What was missing is told apart, kept once for the same wish, and slips of the pen are none of it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from core import errors
from core.demand import Demand, Lack, lacks
from core.errors import BookingError
from core.models import Wish
from tests.core.furnished import lendable
from tests.core.office import Office, at


@pytest.fixture
async def furnished(office: Office) -> Office:
    """Two rooms: a small one with a screen, a large one with a projector."""
    await office.room("Apollo", seats=4, has=["screen"])
    await office.room("Boardroom", seats=12, has=["projector"])
    return office


async def refusal(office: Office, wish: Wish) -> BookingError:
    """Return the error with which a wish is refused."""
    with pytest.raises(BookingError) as refused:
        await office.bookings.book(wish, by=office.ana)
    return refused.value


@pytest.mark.parametrize(
    ("wish", "found"),
    [
        ({"attendees_count": 40}, ((Lack.SEATS, None),)),
        ({"amenities": frozenset({"whiteboard"})}, ((Lack.AMENITY, "whiteboard"),)),
        ({"amenities": frozenset({"screen"}), "attendees_count": 8}, ((Lack.AMENITY, "screen"),)),
        # Each is somewhere, only not together: all of them are what was missing.
        ({"amenities": frozenset({"screen", "projector"})}, ((Lack.AMENITY, "projector"), (Lack.AMENITY, "screen"))),
    ],
)
async def test_what_no_room_has_is_told_by_name(furnished: Office, wish: dict[str, Any], found: object):
    asked = Wish(slot=at(10), location_id=furnished.berlin.id, **wish)
    assert lacks(asked, await refusal(furnished, asked), await furnished.catalogues.current()) == found


async def test_rooms_that_fit_and_are_booked_are_taken(furnished: Office):
    catalogue = await furnished.catalogues.current()
    for room in catalogue.rooms:
        await furnished.book(room, at(10))
    anywhere = Wish(slot=at(10), location_id=furnished.berlin.id)
    named = Wish(slot=at(10), room_id=catalogue.rooms[0].id)

    assert lacks(anywhere, await refusal(furnished, anywhere), catalogue) == ((Lack.TAKEN, None),)
    assert lacks(named, await refusal(furnished, named), catalogue) == ((Lack.TAKEN, None),)
    assert lacks(anywhere, None, catalogue) == ((Lack.TAKEN, None),)


async def test_a_rule_is_told_by_its_code_and_a_slip_not_at_all(furnished: Office):
    catalogue = await furnished.catalogues.current()
    late = Wish(slot=at(10, days=4000), location_id=furnished.berlin.id)
    assert lacks(late, errors.TooFarAhead(""), catalogue) == ((Lack.RULE, "TooFarAhead"),)
    assert lacks(late, errors.StartInPast(""), catalogue) == ()
    assert lacks(late, errors.Busy(""), catalogue) == ()


async def test_what_was_to_come_along_and_is_out_is_told_by_name(furnished: Office):
    projector = await lendable(furnished, quantity=1)
    apollo, boardroom = (await furnished.catalogues.current()).rooms
    await furnished.book(apollo, at(10), equipment=((projector.id, 1),))
    asked = Wish(slot=at(10), room_id=boardroom.id, equipment=((projector.id, 1),))
    refused = await refusal(furnished, asked)
    catalogue = await furnished.catalogues.current()
    assert lacks(asked, refused, catalogue) == ((Lack.EQUIPMENT, "Projector"),)

    demand = Demand(furnished.db, furnished.catalogues, furnished.clock)
    await demand.note(asked, refused, by=furnished.ana, surface="slack")
    await demand.note(Wish(slot=at(10), room_id=apollo.id), None, by=furnished.ana, surface="slack")

    rows = await furnished.rows("SELECT lacking, detail, equipment FROM searches ORDER BY lacking")
    assert [tuple(row) for row in rows] == [("equipment", "Projector", ["Projector"]), ("taken", None, [])]


async def test_the_same_wish_of_the_same_person_counts_once_in_ten_minutes(furnished: Office):
    demand = Demand(furnished.db, furnished.catalogues, furnished.clock)
    wish = Wish(slot=at(10), location_id=furnished.berlin.id, attendees_count=40)

    async def note(wish: Wish = wish, by: Any = furnished.ana) -> int:
        return await demand.note(wish, None, by=by, surface="slack")

    assert (await note(), await note()) == (1, 0)
    assert await note(by=furnished.bob) == 1
    assert await note(Wish(slot=at(11), location_id=furnished.berlin.id, attendees_count=40)) == 1
    furnished.clock.advance(timedelta(minutes=11))
    assert await note() == 1
    [row, *_] = await furnished.rows("SELECT * FROM searches ORDER BY made_at")
    assert (row["lacking"], row["surface"], row["location_id"]) == ("seats", "slack", furnished.berlin.id)


async def test_the_same_wish_at_once_counts_once(furnished: Office):
    demand = Demand(furnished.db, furnished.catalogues, furnished.clock)
    wish = Wish(slot=at(10), location_id=furnished.berlin.id, amenities=frozenset({"whiteboard", "piano"}))

    made = await asyncio.gather(*(demand.note(wish, None, by=furnished.ana, surface="slack") for _ in range(8)))

    assert sum(made) == 2
    assert await furnished.count("SELECT count(*) FROM searches") == 2
