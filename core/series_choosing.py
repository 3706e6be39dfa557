"""What is to be booked of a wish by what somebody chose for its dates, and the bookings and the series that it makes.

Kept out: whether a date is free (`series_judging`), and writing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import assert_never
from uuid import UUID

from core import approving, bookkeeping, recurring
from core.db import ReadSession
from core.errors import BookingError, InvalidSeries, SeriesClash
from core.ids import new_id
from core.models import Attendee, Booking, Room, Slot
from core.saying import short_date
from core.series_judging import (
    Asker,
    Dated,
    judged,
    last_bookable,
    overlapping,
    preview,
    together,
    with_other_rooms,
)
from core.series_values import (
    Choice,
    Gap,
    Occurrence,
    OneSeries,
    Preview,
    SeriesStatus,
    SeriesWish,
    Verdict,
)

Choices = Mapping[date, Choice | Slot]


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """A wish with what was chosen: what is to be booked, and what is left out. `open` says that somebody must choose."""

    preview: Preview
    keep: tuple[Dated, ...]
    gaps: tuple[Occurrence, ...]
    open: bool


async def plan(session: ReadSession, wish: SeriesWish, asker: Asker, choices: Choices, one_room: UUID | None) -> Plan:
    """Return what is to be booked of a wish by what was chosen."""
    if one_room is not None:
        # The further rooms stay; the one that takes the first one's place may be among them.
        more = tuple(one for one in wish.more_room_ids if one != one_room)
        wish = replace(wish, room_id=one_room, more_room_ids=more)
    found = await preview(session, wish, asker)
    rooms = together(found.room, found.wish, asker.catalogue)
    count = found.wish.attendees_count
    wanted = [
        Dated(on=one.on, rooms=rooms, slot=one.slot, shifted=one.shifted, attendees_count=count) for one in found.dates
    ]
    return await chosen(session, found, wanted, asker, choices)


async def chosen(session: ReadSession, found: Preview, wanted: Sequence[Dated], asker: Asker, choices: Choices) -> Plan:
    """Return a preview, of dates wanted in that order, with what was chosen done to it."""
    keep: list[Dated] = []
    gaps: list[Occurrence] = []
    moved: list[Dated] = []
    for one, seen in zip(wanted, found.dates, strict=True):
        choice = choices.get(one.on)
        match choice:
            case Choice.SKIP:
                gaps.append(seen)
            case Choice.OTHER_ROOM if seen.clashes and seen.other_room is not None:
                keep.append(replace(one, rooms=seen.other_rooms))
            case Slot():
                moved.append(replace(one, slot=choice, shifted=False, judged=True))
            case None | Choice.OTHER_ROOM:
                if not seen.clashes:
                    keep.append(one)
            case _:
                assert_never(choice)
    anew = await judged(session, moved, found.wish, asker, horizon=True)
    anew, _ = await with_other_rooms(session, moved, anew, found.wish, asker)
    keep += [one for one, verdict in zip(moved, anew, strict=True) if not verdict.clashes]
    retimed = {one.on: one for one in anew}
    met = {keep[number].on for number in overlapping(keep)}
    keep = sorted((one for one in keep if one.on not in met), key=lambda one: one.slot.start)
    dates = [retimed.get(one.on, one) for one in found.dates]
    error = InvalidSeries("It would overlap another date of the series.")
    dates = [replace(one, verdict=Verdict.RULED_OUT, error=error) if one.on in met else one for one in dates]
    settled = {one.on for one in keep} | {one.on for one in gaps}
    still_open = any(one.on not in settled for one in dates)
    return Plan(preview=replace(found, dates=tuple(dates)), keep=tuple(keep), gaps=tuple(gaps), open=still_open)


def clash(found: Preview) -> SeriesClash:
    """Return the refusal that carries what somebody must choose about."""
    clashes = found.clashes
    if len(clashes) == 1:
        said = short_date(clashes[0].on, today=found.dates[0].on)
        message = f"One of {len(found.dates)} dates cannot be booked as wanted: {said}. Nothing was booked."
    else:
        message = f"{len(clashes)} of {len(found.dates)} dates cannot be booked as wanted. Nothing was booked."
    return SeriesClash(message, preview=found)


def ruled_out(found: Preview, over: Mapping[date, BookingError]) -> Preview:
    """Return a preview in which limits stand against some dates."""
    return replace(
        found,
        dates=tuple(
            replace(one, verdict=Verdict.RULED_OUT, error=over[one.on], other_room=None) if one.on in over else one
            for one in found.dates
        ),
    )


def booking(one: Dated, series: OneSeries, asker: Asker, attendees: tuple[Attendee, ...]) -> tuple[Booking, datetime | None]:
    """Return the booking of a date as it is going to be written, and until when it is held where it waits for approval."""
    catalogue, now = asker.catalogue, asker.now
    status, until = approving.status_of_new(one.rooms, one.slot, catalogue=catalogue, by=asker.by, now=now)
    things = tuple((thing.id, count) for thing, count in series.equipment)
    made = Booking(
        id=new_id(),
        room=one.room,
        location=catalogue.place_of(one.room),
        slot=one.slot,
        title=series.title,
        booker=series.booker,
        attendees=tuple(replace(a, co_organiser=series.shared) for a in attendees),
        attendees_count=series.attendees_count,
        status=status,
        private=series.private,
        version=1,
        created_at=now,
        updated_at=now,
        more_rooms=one.rooms[1:],
        equipment=bookkeeping.borrowed(things, one.room, catalogue),
        series_id=series.id,
        series_on=one.on,
    )
    return made, until


def new_series(made: Plan, asker: Asker) -> OneSeries:
    """Return the series of a plan as it is going to be written."""
    found, wish, by, room = made.preview, made.preview.wish, asker.by, made.preview.room
    more = together(room, wish, asker.catalogue)[1:]
    things = ((asker.catalogue.thing(one), count) for one, count in wish.equipment if count)
    return OneSeries(
        id=new_id(),
        booker=Attendee(person_id=by.person_id, slack_user_id=by.slack_user_id, name=by.name, co_organiser=True),
        room=room,
        location=asker.catalogue.place_of(room),
        zone=wish.zone,
        first_on=wish.first_on,
        clock=wish.clock,
        minutes=wish.minutes,
        rule=wish.rule,
        title=wish.title,
        attendees_count=wish.attendees_count,
        amenities=wish.amenities,
        private=wish.private,
        shared=wish.shared,
        invitees=wish.invitees,
        left_out=wish.left_out | {gap.on for gap in made.gaps},
        status=SeriesStatus.ACTIVE,
        booked_until=None if found.beyond == 0 else _until(found, room, asker),
        continues_id=None,
        created_at=asker.now,
        updated_at=asker.now,
        version=1,
        more_rooms=more,
        equipment=tuple(things),
    )


def _until(found: Preview, room: Room, asker: Asker) -> date:
    """Return the day up to which the dates of a preview go."""
    if len(found.dates) >= recurring.MOST_AT_ONCE:
        return found.dates[-1].on
    return last_bookable(room, asker)


def wish_of(series: OneSeries) -> SeriesWish:
    """Return what a series wants, as it stands."""
    return SeriesWish(
        first_on=series.first_on,
        clock=series.clock,
        minutes=series.minutes,
        zone=series.zone,
        rule=series.rule,
        room_id=series.room.id,
        location_id=series.location.id,
        amenities=series.amenities & series.room.amenities,
        attendees_count=series.attendees_count,
        title=series.title,
        private=series.private,
        invitees=series.invitees,
        shared=series.shared,
        more_room_ids=tuple(room.id for room in series.more_rooms),
        equipment=tuple((thing.id, count) for thing, count in series.equipment),
    )


def waited_for(gaps: Iterable[Occurrence]) -> list[Gap]:
    """Return those of the dates left out that somebody holds and may give back."""
    return [Gap(on=gap.on, slot=gap.slot) for gap in gaps if gap.verdict is Verdict.TAKEN]
