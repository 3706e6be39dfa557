"""Rehearsing a rule on what was booked: the same answers as the rules give, and nothing written."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from core import policies, rules
from core.ids import new_id
from core.models import Actor, Right, Room, Slot
from core.regulations import Grant, Measure, Period, Quota
from tests.core.office import MONDAY, Office, at
from tests.core.ruling import Ruling

# What was booked, from which table, when, by whom.
Past = tuple[Room, Slot, datetime, Actor]


@pytest.fixture
def ruling(office: Office) -> Ruling:
    return Ruling.of(office)


async def remember(office: Office, past: Sequence[Past], *, status: str = "ended", archived: bool = False) -> None:
    """Write bookings as if they had been made then."""
    table = "bookings_archive" if archived else "bookings"
    rows = [
        f"('{office.db.tenant}', '{new_id()}', '{room.id}', '{by.person_id}', '{slot.start.isoformat()}',"
        f" '{slot.end.isoformat()}', 1, '{status}', false, '{made.isoformat()}', '{made.isoformat()}', 1)"
        for room, slot, made, by in past
    ]
    if rows:
        await office.damage(
            f"INSERT INTO {table} (tenant_id, id, room_id, booked_by, start_time, end_time, attendees_count, status,"
            f" private, created_at, updated_at, version) VALUES {', '.join(rows)}"
        )


def days_ago(days: int, hours: float, minutes: float = 60) -> Slot:
    return at(hours, minutes, days=-days)


async def test_a_rule_tells_how_many_it_would_have_refused_with_examples_and_whose(office: Office, ruling: Ruling):
    boardroom = await office.room("Boardroom")
    await remember(
        office,
        [
            (boardroom, days_ago(1, 10), days_ago(1, 9.5).start, office.ana),
            (boardroom, days_ago(2, 10), days_ago(2, 10, 1).start, office.ana),
            (boardroom, days_ago(3, 10), days_ago(4, 10).start, office.ana),
            (boardroom, days_ago(3, 12), days_ago(3, 11).start, office.bob),
        ],
    )
    # In the archive; before the days that are looked at; and called off.
    await remember(office, [(boardroom, days_ago(60, 10), days_ago(60, 9).start, office.bob)], archived=True)
    await remember(office, [(boardroom, days_ago(91, 10), days_ago(91, 10).start, office.bob)])
    await remember(office, [(boardroom, days_ago(5, 10), days_ago(5, 10).start, office.bob)], status="cancelled")

    found = await ruling.rehearsal.of({"notice_minutes": 120}, room_id=boardroom.id)

    assert (found.days, found.bookings, found.refused, found.asked) == (90, 5, 4, 0)
    assert found.by_rule == {"notice_minutes": 4}
    assert [(one.booker, one.start, one.why) for one in found.examples] == [
        ("ana", days_ago(1, 10).start, "booked 30 minutes ahead"),
        ("ana", days_ago(2, 10).start, "booked at the last minute"),
        ("bob", days_ago(3, 12).start, "booked 1 hour ahead"),
        ("bob", days_ago(60, 10).start, "booked 1 hour ahead"),
    ]
    assert {one.name: one.refused for one in found.people} == {"ana": 2, "bob": 2}
    assert found.share == 0.8
    assert await office.count("SELECT count(*) FROM policies") == 0
    assert await office.count("SELECT count(*) FROM changes") == 0


# A rule, a booking that breaks it, and why.
EACH: list[tuple[dict[str, Any], Slot, datetime, str, str, str]] = [
    ({"shortest_minutes": 45}, days_ago(7, 10, 30), days_ago(8, 10).start, "ana", "shortest_minutes", "30 minutes long"),
    ({"longest_minutes": 45}, days_ago(7, 10, 90), days_ago(8, 10).start, "ana", "longest_minutes", "1 h 30 min long"),
    ({"horizon_days": 7}, days_ago(7, 10), days_ago(40, 10).start, "ana", "horizon_days", "booked 33 days ahead"),
    (
        {"opening": {"mon": ["08:00", "18:00"]}},
        days_ago(7, 18),
        days_ago(8, 10).start,
        "ana",
        "opening",
        "on a Monday, 19:00-20:00",
    ),
    ({"cutoff_from": "17:00"}, days_ago(7, 10), days_ago(8, 16.5).start, "ana", "cutoff_from", "booked at 17:30"),
    # Christmas Day, and Boxing Day for a booking that goes on into it.
    ({"holidays_country": "DE"}, days_ago(71, 10), days_ago(80, 10).start, "ana", "holidays_country", "on a holiday"),
    ({"holidays_country": "DE"}, days_ago(72, 20, 240), days_ago(80, 10).start, "ana", "holidays_country", "on a holiday"),
]


@pytest.mark.parametrize("row", EACH)
async def test_every_rule_is_rehearsed_for_all_but_those_who_override(office: Office, ruling: Ruling, row: Any):
    wanted, slot, made, who, rule, why = row
    boardroom, other = await office.room("Boardroom"), await office.room("Other")
    by = getattr(office, who)
    keeps = Slot(start=MONDAY - timedelta(days=7), end=MONDAY - timedelta(days=7) + timedelta(minutes=45))
    await remember(office, [(boardroom, slot, made, by), (boardroom, slot, made, office.boss), (other, slot, made, by)])
    await remember(office, [(boardroom, keeps, keeps.start - timedelta(days=1), by)])

    found = await ruling.rehearsal.of(wanted, room_id=boardroom.id)

    assert (found.bookings, found.refused, found.by_rule) == (3, 1, {rule: 1})
    assert [one.why for one in found.examples] == [why]
    assert (await ruling.rehearsal.of(wanted, location_id=office.tokyo.id)).refused == 0


async def test_where_a_nearer_scope_or_a_group_rules_the_new_rule_changes_nothing(office: Office, ruling: Ruling):
    boardroom, other = await office.room("Boardroom"), await office.room("Other")
    crew = await ruling.group("Crew", office.bob)
    await ruling.rooms.set_policy(room_id=boardroom.id, longest_minutes=600)
    await ruling.rooms.set_policy(group_id=crew.id, longest_minutes=500)
    slot, made = days_ago(7, 10, 120), days_ago(8, 10).start
    await remember(office, [(room, slot, made, by) for room in (boardroom, other) for by in (office.ana, office.bob)])

    everybody = await ruling.rehearsal.of({"longest_minutes": 60})
    the_crew = await ruling.rehearsal.of({"longest_minutes": 60}, group_id=crew.id)

    assert (everybody.bookings, everybody.refused) == (4, 1)
    assert [(one.booker, one.room.name) for one in everybody.examples] == [("ana", "Other")]
    assert [(one.booker, one.room.name) for one in the_crew.examples] == [("bob", "Other")]


async def test_guests_approval_cancellations_buffers_and_one_room_at_a_time(office: Office, ruling: Ruling):
    boardroom, other = await office.room("Boardroom"), await office.room("Other")
    await ruling.rooms.set_policy(guests_may_book=True)
    day = days_ago(9, 0).start
    await remember(
        office,
        [
            (boardroom, days_ago(7, 10), day, office.visitor),
            (boardroom, days_ago(7, 11), day + timedelta(minutes=1), office.ana),
            (other, days_ago(7, 11.5), day + timedelta(minutes=2), office.ana),
            (other, days_ago(7, 15), day, office.boss),
        ],
    )
    await remember(office, [(boardroom, days_ago(7, 14), day, office.ana)], status="cancelled")
    await office.damage("UPDATE bookings SET updated_at = start_time - interval '30 min' WHERE status = 'cancelled'")

    guests = await ruling.rehearsal.of({"guests_may_book": False})
    approval = await ruling.rehearsal.of({"approval": True})
    cancelling = await ruling.rehearsal.of({"cancel_notice_minutes": 60})
    buffers = await ruling.rehearsal.of({"setup_minutes": 5, "teardown_minutes": 10})
    alone = await ruling.rehearsal.of({"one_at_a_time": True})

    assert [(one.booker, one.why) for one in guests.examples] == [("visitor", "booked by a guest")]
    assert (approval.refused, approval.asked) == (0, 3)
    assert (cancelling.refused, cancelling.cancellations) == (0, 1)
    assert [(one.room.name, one.why) for one in buffers.examples] == [("Boardroom", "too close to another meeting")]
    assert [(one.room.name, one.why) for one in alone.examples] == [("Other", "its booker held another room then")]


async def test_a_quota_is_rehearsed_booking_by_booking(office: Office, ruling: Ruling):
    boardroom = await office.room("Boardroom")
    crew = await ruling.group("Crew", office.ana, office.bob)
    past = [(boardroom, days_ago(7 - day, 10), days_ago(30, day).start, office.ana) for day in range(4)]
    past += [(boardroom, days_ago(7, 12), days_ago(30, 20).start, office.bob)]
    await remember(office, past)
    quota = Quota(id=new_id(), measure=Measure.COUNT, period=Period.WEEK, most=3)

    each = await ruling.rehearsal.of_quota(quota)
    shared = await ruling.rehearsal.of_quota(
        Quota(id=new_id(), measure=Measure.MINUTES, period=Period.WEEK, most=120, group_id=crew.id, together=True)
    )

    assert (each.bookings, each.refused) == (5, 1)
    assert [(one.start, one.why) for one in each.examples] == [(days_ago(4, 10).start, "more than the quota")]
    assert (shared.refused, shared.by_rule) == (3, {"quota": 3})
    # Who has a quota of their group is not held to everybody's.
    await ruling.quotas.set(measure=Measure.COUNT, period=Period.WEEK, most=9, group_id=crew.id)
    assert (await ruling.rehearsal.of_quota(quota)).refused == 0


async def test_rights_are_rehearsed(office: Office, ruling: Ruling):
    boardroom = await office.room("Boardroom")
    await remember(office, [(boardroom, days_ago(7, 10 + n), days_ago(9, 0).start, by)
                            for n, by in enumerate((office.ana, office.bob, office.boss))])  # fmt: skip
    for_ana = Grant(id=new_id(), right=Right.BOOK, room_id=boardroom.id, person_id=office.ana.person_id)
    asking = Grant(id=new_id(), right=Right.REQUEST, room_id=boardroom.id)

    alone = await ruling.rehearsal.of_rights(give=[for_ana])
    with_asking = await ruling.rehearsal.of_rights(give=[for_ana, asking])
    given = await ruling.granting.give(Right.BOOK, room_id=boardroom.id, person_id=office.ana.person_id)
    taken = await ruling.rehearsal.of_rights(take=[given])

    assert [(one.booker, one.why) for one in alone.examples] == [("bob", "its booker may not book it")]
    assert (with_asking.refused, with_asking.asked) == (0, 1)
    assert (taken.refused, taken.asked) == (0, 0)


# -- against the rules themselves --------------------------------------------------------------------------------------

TRIED: list[dict[str, Any]] = [
    {"notice_minutes": 90, "longest_minutes": 100},
    {"shortest_minutes": 30, "horizon_days": 20},
    {"opening": {day: ["08:00", "18:30"] for day in ("mon", "tue", "wed", "thu", "fri")}},
    {"opening": {day: ["00:00", "24:00"] for day in ("mon", "wed", "sat")}, "cutoff_from": "16:00"},
    {"holidays_country": "DE-BY", "guests_may_book": False},
]
NAMES = {
    "notice_minutes": "TooShortNotice",
    "longest_minutes": "TooLong",
    "shortest_minutes": "TooShort",
    "horizon_days": "TooFarAhead",
    "opening": "OutsideOpeningHours",
    "cutoff_from": "BookingCutoff",
    "holidays_country": "Holiday",
    "guests_may_book": "GuestsMayNotBook",
}


@pytest.mark.parametrize("number", range(len(TRIED)))
async def test_a_rehearsal_finds_what_the_rules_would_have_refused(office: Office, ruling: Ruling, number: int):
    wanted = TRIED[number]
    dice = random.Random(number)
    rooms = [await office.room("Apollo"), await office.room("Sakura", place=office.tokyo)]
    people = [office.ana, office.bob, office.boss, office.visitor]
    await ruling.rooms.set_policy(guests_may_book=True)
    past = []
    for _ in range(400):
        # Over the end of winter time in Berlin too, and over midnight.
        start = MONDAY - timedelta(days=89) + timedelta(minutes=5 * dice.randrange(86 * 288))
        slot = Slot(start=start, end=start + timedelta(minutes=dice.choice([10, 30, 60, 95, 120, 700, 1600])))
        ahead = timedelta(seconds=dice.choice([0, 59, 1800, 5399, 5400, 5401, 86400, dice.randrange(40 * 86400)]))
        past.append((dice.choice(rooms), slot, start - ahead, dice.choice(people)))
    await remember(office, past[:200])
    await remember(office, past[200:], archived=True)

    found = await ruling.rehearsal.of(wanted)  # type: ignore[arg-type]

    then = policies.with_rules(await office.catalogues.current(), policies.judged(wanted), scope=None, group_id=None)  # type: ignore[arg-type]
    expected: Counter[str] = Counter()
    refused = 0
    for room, slot, made, by in past:
        said = rules.in_force(slot, room=room, catalogue=then, attendees_count=1, actor=by, now=made)
        codes = {error.code for error in said} & {NAMES[name] for name in wanted}
        expected.update(codes)
        refused += bool(codes)
    assert {NAMES[name]: count for name, count in found.by_rule.items()} == expected
    assert (found.bookings, found.refused) == (400, refused)
    assert refused > 10
