"""Refusals that a sentence can meet, each with the ways out that are offered: none of them ends in the same refusal."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from core.models import Right
from core.regulations import Measure, Period
from tests.handlers import modal_acts as acts
from tests.handlers.firm import ANA, BEN, DEEPA, GUEST, Firm, labels, new_york, words

Setup = Callable[[Firm], Awaitable[None]]
OFFICE_HOURS = {day: ["09:00", "18:00"] for day in ("mon", "tue", "wed", "thu", "fri")}


def rules(room: str | None = "Apollo", **values: Any) -> Setup:
    async def set_up(firm: Firm) -> None:
        room_id = firm.rooms[room].id if room else None
        await firm.services.administration.rooms.set_policy(room_id=room_id, **values)
        firm.services.catalogues.forget()

    return set_up


async def nothing(firm: Firm) -> None:
    """Leave everything as it is."""


async def another_may(firm: Firm) -> None:
    deepa = (await firm.actor(DEEPA)).person_id
    await firm.services.administration.granting.give(Right.BOOK, room_id=firm.rooms["Apollo"].id, person_id=deepa)
    firm.services.catalogues.forget()


async def painted(firm: Firm) -> None:
    day = new_york(0, minutes=24 * 60)
    await firm.services.administration.closures.add(day, room_id=firm.rooms["Apollo"].id, reason="Painting")
    firm.services.catalogues.forget()


async def enough(firm: Firm) -> None:
    await firm.services.administration.quotas.set(measure=Measure.COUNT, period=Period.WEEK, most=1)
    firm.services.catalogues.forget()
    await firm.booked("Corner", new_york(14, day=26), by=BEN, title="Retro")


async def one_at_a_time(firm: Firm) -> None:
    await rules(one_at_a_time=True)(firm)
    await firm.booked("Corner", new_york(14), by=BEN, title="Retro")


async def taken(firm: Firm) -> None:
    await firm.booked("Apollo", new_york(14), by=ANA, title="Review")


async def out_of_use(firm: Firm) -> None:
    await firm.deactivate("Big Ben", "Boardroom", "Corner", "Apollo")


OTHERS = ["Big Ben 14:00-14:30", "Boardroom 14:00-14:30", "Corner 14:00-14:30", "More…"]

# What stands in the way, what is typed, what is said, what is offered.
WAYS: list[tuple[str, Setup, str, str, list[str]]] = [
    ("MayNotBook", another_may, "apollo tomorrow 2pm for 4", "You cannot book Apollo; ask an admin.", OTHERS),
    ("RoomClosed", painted, "apollo tomorrow 2pm for 4", "Apollo is closed on Wed 25 Nov (Painting).", OTHERS),
    (
        "QuotaReached",
        enough,
        "apollo tomorrow 2pm for 4",
        "You have 1 of 1 booking this week; the next counts from Mon 30 Nov.",
        ["Pick another time", "My bookings"],
    ),
    (
        "AnotherRoomThen",
        one_at_a_time,
        "apollo tomorrow 2pm for 4",
        'You hold Corner tomorrow 14:00-15:00 ("Retro"); Apollo is only for those who hold no other room then.',
        ["Pick another time", "Move Corner…", "Cancel Corner"],
    ),
    (
        "OutsideOpeningHours",
        rules(opening=OFFICE_HOURS),
        "apollo tomorrow 7pm for 4",
        "Apollo closes at 18:00 on Wednesdays; your meeting would start at 19:00.",
        ["Big Ben 19:00-19:30", "Boardroom 19:00-19:30", "Corner 19:00-19:30", "Apollo 17:30-18:00", "More…"],
    ),
    ("OutsideOpeningHours", rules(opening=OFFICE_HOURS), "apollo saturday 2pm", "Apollo is closed on Saturdays.", OTHERS),
    (
        "TooShort",
        rules(shortest_minutes=30),
        "apollo tomorrow 2pm for 10 minutes",
        "Apollo is booked for 30 minutes at least.",
        ["Apollo 14:00-14:30", "Big Ben 14:00-14:10", "Boardroom 14:00-14:10", "Corner 14:00-14:10", "More…"],
    ),
    (
        "TooLong",
        rules(longest_minutes=60),
        "apollo tomorrow 2-5pm",
        "Apollo can be booked for 1 hour at most.",
        ["Apollo 14:00-15:00", "Big Ben 14:00-17:00", "Boardroom 14:00-17:00", "Corner 14:00-17:00", "More…"],
    ),
    (
        "TooFarAhead",
        rules(horizon_days=7),
        "apollo dec 20 2pm",
        "Apollo can be booked 7 days ahead, until Tue 1 Dec.",
        OTHERS,
    ),
    (
        "TooShortNotice",
        rules(notice_minutes=300),
        "apollo today 2pm",
        "Apollo must be booked 5 hours ahead: now, that is from today, 15:07 on.",
        OTHERS[:3],
    ),
    (
        "TooManyAttendees",
        nothing,
        "apollo tomorrow 2pm for 15",
        "Apollo seats 8; you asked for 15 people.",
        ["Boardroom 14:00-14:30", "More…"],
    ),
    (
        "LacksAmenities",
        nothing,
        "corner tomorrow 2pm with projector",
        "Corner has no projector.",
        ["Corner 14:00-14:30 anyway", "Apollo 14:00-14:30", "Boardroom 14:00-14:30"],
    ),
    (
        "NothingFits",
        nothing,
        "tomorrow 2pm for 500 people in new york",
        "No room in New York seats 500; the largest, Boardroom, seats 20.",
        ["Change it", "Find a room"],
    ),
    (
        "SlotTaken",
        taken,
        "apollo tomorrow 2pm",
        'Apollo is taken tomorrow 14:00-15:00 (New York; "Review", @U0ANA).',
        ["Big Ben 14:00-14:30", "Boardroom 14:00-14:30", "Corner 14:00-14:30"],
    ),
    (
        "TitleTooLong",
        nothing,
        f'apollo tomorrow 2pm "{"x" * 250}"',
        "A title can have up to 200 characters; this one has 250.",
        ["Change it", "Find a room"],
    ),
    (
        "BookingCutoff",
        rules(None, cutoff_on=True, cutoff_from="09:00"),
        "apollo tomorrow 2pm",
        "Bookings in New York close at 09:00 for the day. Try again tomorrow, or ask an admin.",
        [],
    ),
]


@pytest.mark.parametrize("one", WAYS, ids=[f"{one[0]}-{n}" for n, one in enumerate(WAYS)])
async def test_a_refusal_is_told_with_ways_out_that_help(firm: Firm, one: tuple[str, Setup, str, str, list[str]]):
    code, setup, line, said, ways = one
    await setup(firm)

    refused = await firm.say(BEN, f"/book room {line}")

    assert words(refused) == said
    # Behind these there are other times as well.
    shown = labels(refused)[: len(ways)] if code in {"LacksAmenities", "SlotTaken", "TooShortNotice"} else labels(refused)
    assert shown == ways


@pytest.mark.parametrize(
    ("setup", "line"),
    [(one[1], one[2]) for one in WAYS if one[4] and re.search(r"\d\d:\d\d-\d\d:\d\d$", one[4][0])],
    ids=[f"{one[0]}-{n}" for n, one in enumerate(WAYS) if one[4] and re.search(r"\d\d:\d\d-\d\d:\d\d$", one[4][0])],
)
async def test_the_first_way_out_books_what_it_says(firm: Firm, setup: Setup, line: str):
    await setup(firm)
    refused = await firm.say(BEN, f"/book room {line}")
    first = labels(refused)[0]

    done = await firm.press(BEN, refused, first)

    (mine,) = await firm.mine(BEN)
    assert words(done).startswith("✅")
    assert first.startswith(f"{mine.room.name} ")


async def test_the_other_room_is_given_back_by_the_refusal_s_own_button(firm: Firm):
    await one_at_a_time(firm)
    refused = await firm.say(BEN, "/book room apollo tomorrow 2pm")

    done = await firm.press(BEN, refused, "Cancel Corner")

    assert words(done).startswith("❌ Retro in Corner")
    assert await firm.mine(BEN) == ()


async def test_a_guest_is_told_who_can(firm: Firm):
    refused = await firm.say(GUEST, "/book room apollo tomorrow 2pm")

    assert "Ask a colleague" in words(refused)
    assert labels(refused) == []


async def test_where_no_room_may_be_booked_no_button_pretends_otherwise(firm: Firm):
    deepa = (await firm.actor(DEEPA)).person_id
    for room in firm.rooms.values():
        await firm.services.administration.granting.give(Right.BOOK, room_id=room.id, person_id=deepa)
    firm.services.catalogues.forget()

    refused = await firm.say(BEN, "/book room apollo tomorrow 2pm")

    assert words(refused).startswith("You cannot book Apollo")
    assert "Pick another time" not in labels(refused)


@pytest.mark.parametrize("setup", [enough, one_at_a_time], ids=["quota", "one room at a time"])
async def test_a_form_that_meets_a_limit_gives_place_to_the_reason_with_its_ways_out(firm: Firm, setup: Setup):
    await setup(firm)
    refused = await firm.say(BEN, "/book room apollo tomorrow 2pm")
    await firm.press(BEN, refused, "Pick another time")
    view = await acts.top(firm, BEN, "book")

    await acts.send(firm, BEN, view)

    shown = await acts.top(firm, BEN)
    assert {"My bookings", "Cancel Corner"} & set(acts.labels(shown))
