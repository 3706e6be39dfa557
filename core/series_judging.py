"""What would come of each date of a series: rules in memory, claims by a few statements whatever the number of dates.

Kept out: choosing for somebody (`series_choosing`), and writing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice, pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from core import bookkeeping, borrowing, claims, errors, recurring, rules, store
from core.catalogue import Catalogue
from core.db import ReadSession
from core.errors import BookingError, InvalidSeries, TooFarAhead
from core.models import Actor, Booking, Rival, Room, Slot, Wish, one_line
from core.recurring import MOST_AT_ONCE, Rule
from core.saying import listed
from core.search import as_rival, nothing_suits, suitable, unlikeness
from core.series_values import Occurrence, Preview, SeriesWish, Verdict
from core.standing_in import stand_in

# Rooms that are looked at where another is to stand in, and those of them that are looked at for every date.
ROOMS_CONSIDERED = 20
ROOMS_FOR_ALL = 5

_BUT = "AND (booking_id IS NULL OR booking_id <> ALL($5::uuid[]))"
_BUSY = claims.BUSY.format(rooms="$2", starts="$3", ends="$4", now="$6", but=_BUT)
# Who is in the way: never more than a few, since claims of one room do not overlap.
_RIVALS = f"""
SELECT wanted.number, c.booking_id, c.kind, c.start_time, c.end_time, c.expires_at, w.person_id
FROM unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[]) WITH ORDINALITY AS wanted (room_id, starts, ends, number)
CROSS JOIN LATERAL (
    SELECT * FROM room_claims
    WHERE tenant_id = $1 AND room_id = wanted.room_id AND start_time < wanted.ends
        AND (expires_at IS NULL OR expires_at > $6) {_BUT}
    ORDER BY start_time DESC LIMIT 10
) c
LEFT JOIN waiting w ON w.tenant_id = c.tenant_id AND w.id = c.waiting_id
WHERE c.end_time > wanted.starts ORDER BY wanted.number, c.start_time
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Dated:
    """A date with the rooms and time that are wanted for it; `booking` is the one that is to move there, if any is.

    `judged` says whether the rules are asked: not where a booking's room and time stay as they are. `equipment` is what it
    borrows, by id and number, where that is not what its series does; `borrows` that it borrows other things than before.
    """

    on: date
    rooms: tuple[Room, ...]
    slot: Slot
    attendees_count: int
    shifted: bool = False
    booking: Booking | None = None
    judged: bool = True
    equipment: tuple[tuple[UUID, int], ...] | None = None
    borrows: bool = False

    @property
    def room(self) -> Room:
        """The first of its rooms."""
        return self.rooms[0]

    def as_occurrence(self) -> Occurrence:
        """Return the date as one that is free."""
        return Occurrence(on=self.on, slot=self.slot, shifted=self.shifted, booking=self.booking, rooms=self.rooms)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """The dates of a rule that can be booked now; `until` is the last day that can, `beyond` as in a preview."""

    days: tuple[date, ...]
    until: date
    beyond: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Asker:
    """Who asks, when, with which catalogue; bookings `but` are not in the way."""

    catalogue: Catalogue
    by: Actor
    now: datetime
    but: tuple[UUID, ...] = ()


# -- the wish ----------------------------------------------------------------------------------------------------------


def zone_of(name: str) -> ZoneInfo:
    """Return a zone, or raise InvalidSeries."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise InvalidSeries(f"{name} is not a time zone.") from None


def in_order(wish: SeriesWish) -> tuple[SeriesWish, Rule]:
    """Return a wish that begins on the first date of its rule, and the rule; raises what is wrong whatever the room."""
    rule = recurring.parse(wish.rule)
    zone = zone_of(wish.zone)
    if not 1 <= wish.minutes <= recurring.LONGEST_MINUTES:
        raise errors.EndBeforeStart("The meeting would end before it starts. Give an end after the start.")
    first = recurring.first_date(rule, wish.first_on)
    title = one_line(wish.title)
    slot = recurring.time_on(first, wish.clock, wish.minutes, zone).slot
    rules.check(rules.of_wish(slot, attendees_count=wish.attendees_count, title=title))
    return replace(wish, first_on=first, rule=str(rule), title=title), rule


def last_bookable(room: Room, asker: Asker) -> date:
    """Return the last day on which the room can be booked today."""
    catalogue = asker.catalogue
    today = asker.now.astimezone(catalogue.place_of(room).tz).date()
    return today + timedelta(days=catalogue.policy(room, asker.by.groups).horizon_days)


def reach(
    rule: Rule,
    first_on: date,
    room: Room,
    asker: Asker,
    *,
    after: date | None = None,
    left_out: Collection[date] = (),
) -> Reach:
    """Return the dates of a rule that can be booked in a room now, those after a day alone where one is given."""
    last = last_bookable(room, asker)
    days = list(
        islice((day for day in recurring.dates(rule, first_on, until=last) if after is None or day > after), MOST_AT_ONCE)
    )
    if len(days) == MOST_AT_ONCE:
        last = days[-1]
    days = [day for day in days if day not in left_out]
    if rule.endless:
        return Reach(days=tuple(days), until=last, beyond=None)
    beyond = sum(1 for day in recurring.all_dates(rule, first_on) if day > last and day not in left_out)
    return Reach(days=tuple(days), until=last, beyond=beyond)


def dated(wish: SeriesWish, days: Iterable[date], rooms: tuple[Room, ...]) -> list[Dated]:
    """Return dates with their times, in the rooms."""
    zone = zone_of(wish.zone)
    found = []
    for day in days:
        at = recurring.time_on(day, wish.clock, wish.minutes, zone)
        found.append(Dated(on=day, rooms=rooms, slot=at.slot, shifted=at.shifted, attendees_count=wish.attendees_count))
    return found


# -- judging -----------------------------------------------------------------------------------------------------------


def broken(one: Dated, asker: Asker, *, named: bool, horizon: bool) -> BookingError | None:
    """Return the rule that a date breaks, if any; the horizon counts only where it is asked for."""
    catalogue = asker.catalogue
    found = rules.of_start(one.slot, location=catalogue.place_of(one.room), now=asker.now)
    seats = sum(room.capacity for room in one.rooms)
    for room in one.rooms:
        found += rules.in_force(
            one.slot,
            room=room,
            catalogue=catalogue,
            attendees_count=max(1, one.attendees_count - (seats - room.capacity)),
            actor=asker.by,
            now=asker.now,
            overriding=named,
        )
    return next((error for error in found if horizon or not isinstance(error, TooFarAhead)), None)


async def busy(session: ReadSession, wanted: Sequence[Dated], asker: Asker) -> set[int]:
    """Return the numbers, from 0, of the dates on which somebody holds one of the rooms."""
    if not wanted:
        return set()
    owners, *columns = _columns(wanted)
    rows = await session.all(_BUSY, session.tenant, *columns, list(asker.but), asker.now)
    return {owners[row["number"] - 1] for row in rows}


def _columns(wanted: Sequence[Dated]) -> tuple[list[int], list[UUID], list[datetime], list[datetime]]:
    held = [(number, leaf, kept) for number, one in enumerate(wanted) for leaf, kept in claims.parts(one.rooms, one.slot)]
    return (
        [number for number, _, _ in held],
        [leaf for _, leaf, _ in held],
        [kept.start for _, _, kept in held],
        [kept.end for _, _, kept in held],
    )


async def rivals(session: ReadSession, wanted: Sequence[Dated], asker: Asker) -> dict[int, tuple[Rival, ...]]:
    """Return who is in the way of dates, by number, as far as the asker may see them."""
    if not wanted:
        return {}
    owners, *columns = _columns(wanted)
    rows = await session.all(_RIVALS, session.tenant, *columns, list(asker.but), asker.now)
    known = await store.bookings(session, list({row["booking_id"] for row in rows if row["booking_id"]}), asker.catalogue)
    found: dict[int, dict[object, Rival]] = {}
    for row in rows:
        # A booking of several parts is in the way once.
        one = row["booking_id"] or row["start_time"]
        found.setdefault(owners[row["number"] - 1], {})[one] = _rival(row, known, asker)
    return {number: tuple(there.values()) for number, there in found.items()}


def _rival(row: Mapping[str, Any], known: Mapping[UUID, Booking], asker: Asker) -> Rival:
    if row["booking_id"] in known:
        return as_rival(known[row["booking_id"]], asker.by, asker.catalogue)
    slot = Slot(start=row["start_time"], end=row["end_time"])
    if row["expires_at"] is None:
        return Rival(slot=slot, private=True)
    return Rival(slot=slot, held_until=row["expires_at"], for_you=row["person_id"] == asker.by.person_id)


async def judged(
    session: ReadSession,
    wanted: Sequence[Dated],
    wish: SeriesWish,
    asker: Asker,
    *,
    named: bool = True,
    horizon: bool = False,
) -> list[Occurrence]:
    """Return what would come of each date; a rule in the way is told before whoever holds the room.

    Of the wish, what is borrowed counts alone: where there is less left than that, the date is ruled out.
    """
    found = [one.as_occurrence() for one in wanted]
    passing = []
    for number, one in enumerate(wanted):
        if one.judged and (error := broken(one, asker, named=named, horizon=horizon)):
            found[number] = replace(found[number], verdict=Verdict.RULED_OUT, error=error)
        elif one.judged:
            passing.append(number)
    asked = [wanted[number] for number in passing]
    taken = sorted(await busy(session, asked, asker))
    who = await rivals(session, [asked[number] for number in taken], asker)
    for place, number in enumerate(taken):
        here = passing[number]
        found[here] = replace(found[here], verdict=Verdict.TAKEN, rivals=who.get(place, ()))
    return await _with_what_is_left(session, wanted, found, wish, asker)


async def _with_what_is_left(
    session: ReadSession, wanted: Sequence[Dated], found: list[Occurrence], wish: SeriesWish, asker: Asker
) -> list[Occurrence]:
    """Return the dates, ruled out where there is not enough left of what is to be borrowed."""
    alike: dict[tuple[UUID, tuple[tuple[UUID, int], ...]], list[int]] = {}
    for number, one in enumerate(wanted):
        things = wish.equipment if one.equipment is None else one.equipment
        if things and (one.judged or one.borrows) and not found[number].clashes:
            alike.setdefault((one.room.location_id, things), []).append(number)
    for (_, things), numbers in alike.items():
        some = [wanted[number] for number in numbers]
        borrowed = bookkeeping.borrowed(things, some[0].room, asker.catalogue)
        kept = [borrowing.kept(one.rooms, one.slot) for one in some]
        window = Slot(start=min(slot.start for slot in kept), end=max(slot.end for slot in kept))
        out = await borrowing.gone(session, borrowed, window, but=asker.but)
        named = listed(borrowing.lent(one.equipment.name, one.quantity) for one in borrowed)
        error = errors.EquipmentTaken(f"There is not {named} left then.")
        for number, slot in zip(numbers, kept, strict=True):
            if any(slot.overlaps(other) for other in out):
                found[number] = replace(found[number], verdict=Verdict.RULED_OUT, error=error)
    return found


def together(room: Room, wish: SeriesWish, catalogue: Catalogue) -> tuple[Room, ...]:
    """Return the rooms of each date: the first, and where it was named, those that it is booked together with."""
    named = wish.room_id == room.id
    return (room, *(bookkeeping.others(room, wish.more_room_ids, catalogue) if named else ()))


def overlapping(wanted: Sequence[Dated]) -> set[int]:
    """Return the numbers of dates that others of the same series reach into, setup and teardown counted."""
    held = [(leaf, kept, number) for number, one in enumerate(wanted) for leaf, kept in claims.parts(one.rooms, one.slot)]
    held.sort(key=lambda part: (part[0], part[1].start))
    return {
        number
        for (leaf, kept, first), (other, later, number) in pairwise(held)
        if leaf == other and kept.end > later.start and (wanted[first].judged or wanted[number].judged)
    }


def apart(wanted: Sequence[Dated], found: Sequence[Occurrence]) -> list[Occurrence]:
    """Return the dates, ruled out where others of the same series reach into them."""
    error = InvalidSeries("It would begin before the date before it is over.")
    reached = overlapping(wanted)
    return [
        replace(one, verdict=Verdict.RULED_OUT, error=error, rivals=()) if number in reached else one
        for number, one in enumerate(found)
    ]


# -- other rooms -------------------------------------------------------------------------------------------------------


def stand_ins(room: Room, wish: SeriesWish, asker: Asker) -> list[Room]:
    """Return the rooms of the same place that would do as well: the smallest adequate first.

    Where somebody named the room and nobody said for how many, those like it come first: no booth for a meeting. Where
    there are several rooms, those that would do for one of them.
    """
    several = bool(wish.more_room_ids) and wish.room_id is not None
    anywhere = Wish(
        slot=Slot(start=asker.now, end=asker.now),
        attendees_count=1 if several else wish.attendees_count,
        amenities=frozenset() if several else wish.amenities,
        location_id=room.location_id,
    )
    rooms = [one for one in suitable(asker.catalogue, anywhere, asker.by) if one.id != room.id]
    if wish.room_id is not None and (several or wish.attendees_count == 1):
        rooms.sort(key=lambda one: unlikeness(one, room))
    return rooms[:ROOMS_CONSIDERED]


async def free_rooms(session: ReadSession, wanted: Sequence[Dated], rooms: Sequence[Room], asker: Asker) -> list[list[Room]]:
    """Return for each date those of the rooms that nobody holds then, in their order; rules are not asked."""
    pairs = [replace(one, rooms=(room,)) for one in wanted for room in rooms]
    taken = await busy(session, pairs, asker)
    width = len(rooms)
    return [
        [room for place, room in enumerate(rooms) if number * width + place not in taken] for number in range(len(wanted))
    ]


def _may_stand_in(one: Dated, room: Room, asker: Asker) -> bool:
    count = one.attendees_count if len(one.rooms) == 1 else 1
    alone = replace(one, rooms=(room,), attendees_count=count)
    return broken(alone, asker, named=False, horizon=True) is None


async def with_other_rooms(
    session: ReadSession, wanted: Sequence[Dated], found: Sequence[Occurrence], wish: SeriesWish, asker: Asker
) -> tuple[list[Occurrence], tuple[Room, ...]]:
    """Return the dates, those that clash with the rooms that would do then; and those that would do on all of them.

    Of several rooms, those that cannot be had are replaced alone. What is out of equipment no other room helps.
    """
    clashing = [number for number, one in enumerate(found) if one.clashes]
    answer = list(found)
    if not clashing:
        return answer, ()
    rooms = stand_ins(wanted[0].room, wish, asker)
    there = await free_rooms(session, [wanted[number] for number in clashing], rooms, asker)
    blocked = await _blocked(session, [wanted[number] for number in clashing], asker)
    helpless = False
    for number, free, out in zip(clashing, there, blocked, strict=True):
        one = wanted[number]
        if isinstance(found[number].error, errors.EquipmentTaken):
            helpless = True
            continue
        others = [room for room in free if room not in one.rooms]
        if len(one.rooms) == 1:
            instead = tuple(islice((room for room in others if _may_stand_in(one, room, asker)), 1))
        else:
            instead = _instead(one, out, others, wish, asker)
        if instead:
            first = next(room for room in instead if room not in one.rooms)
            answer[number] = replace(answer[number], other_room=first, other_rooms=instead)
    if helpless:
        return answer, ()
    always = [room for room in rooms if all(room in free for free in there)]
    if len(wanted[0].rooms) == 1:
        one_room = await _free_on_all(session, wanted, always, asker)
        return answer, (one_room,) if one_room else ()
    return answer, await _free_together(session, wanted, (always, frozenset().union(*blocked)), wish, asker)


async def _blocked(session: ReadSession, wanted: Sequence[Dated], asker: Asker) -> list[set[UUID]]:
    """Return for each date of several rooms which of them cannot be had: somebody holds it, or a rule stands against it."""
    pairs = [(number, room) for number, one in enumerate(wanted) if len(one.rooms) > 1 for room in one.rooms]
    alone = [replace(wanted[number], rooms=(room,), attendees_count=1) for number, room in pairs]
    taken = await busy(session, alone, asker)
    found: list[set[UUID]] = [set() for _ in wanted]
    for place, ((number, room), one) in enumerate(zip(pairs, alone, strict=True)):
        if place in taken or broken(one, asker, named=True, horizon=False):
            found[number].add(room.id)
    return found


def _instead(
    one: Dated, blocked: Collection[UUID], free: Sequence[Room], wish: SeriesWish, asker: Asker
) -> tuple[Room, ...]:
    """Return the rooms of a date with others for those that cannot be had; none where that cannot be."""
    if not blocked:
        return ()
    rooms = stand_in(
        one.rooms,
        blocked,
        free,
        attendees_count=one.attendees_count,
        amenities=wish.amenities,
        allowed=lambda room: _may_stand_in(one, room, asker),
    )
    if rooms is None or broken(replace(one, rooms=rooms), asker, named=True, horizon=False):
        return ()
    return rooms


async def _free_together(
    session: ReadSession,
    wanted: Sequence[Dated],
    found: tuple[Sequence[Room], Collection[UUID]],
    wish: SeriesWish,
    asker: Asker,
) -> tuple[Room, ...]:
    """Return the rooms that would do on every date, each that cannot be had on one of them replaced on all.

    `found` are rooms that are free on the dates that clash, and those that cannot be had on one of them.
    """
    hopes, blocked = found
    if not blocked or any({room.id for room in one.rooms} != {room.id for room in wanted[0].rooms} for one in wanted):
        return ()
    fitting = [room for room in hopes if all(_may_stand_in(one, room, asker) for one in wanted)]
    there = await free_rooms(session, wanted, fitting[: 2 * ROOMS_FOR_ALL], asker) if fitting else []
    always = [room for room in fitting[: 2 * ROOMS_FOR_ALL] if all(room in free for free in there)]
    rooms = _instead(wanted[0], blocked, always, wish, asker)
    if any(rooms and broken(replace(one, rooms=rooms), asker, named=True, horizon=False) for one in wanted):
        return ()
    return rooms


async def _free_on_all(session: ReadSession, wanted: Sequence[Dated], rooms: Sequence[Room], asker: Asker) -> Room | None:
    hopes = [room for room in rooms if all(_may_stand_in(one, room, asker) for one in wanted)][:ROOMS_FOR_ALL]
    if not hopes:
        return None
    there = await free_rooms(session, wanted, hopes, asker)
    return next((room for room in hopes if all(room in free for free in there)), None)


# -- the whole ---------------------------------------------------------------------------------------------------------


async def choose_room(session: ReadSession, wish: SeriesWish, rule: Rule, asker: Asker) -> tuple[Room, ...]:
    """Return the rooms that were named, or else the right-sized one that can be had on most dates."""
    catalogue = asker.catalogue
    if wish.room_id is not None:
        return together(catalogue.room(wish.room_id), wish, catalogue)
    first = recurring.time_on(wish.first_on, wish.clock, wish.minutes, zone_of(wish.zone)).slot
    rooms = suitable(catalogue, wish.at(first), asker.by)[:ROOMS_CONSIDERED]
    if not rooms:
        raise nothing_suits(catalogue, wish.at(first), asker.by)
    days = reach(rule, wish.first_on, rooms[0], asker, left_out=wish.left_out).days
    wanted = dated(wish, days, (rooms[0],))
    there = await free_rooms(session, wanted, rooms, asker)
    had = Counter(room.id for free in there for room in free)
    best, most = rooms[0], -1
    # By how many dates nobody holds them; of equals the best fit. What rules take away is asked of the few that may win.
    for room in sorted(rooms, key=lambda room: -had[room.id]):
        if had[room.id] <= most:
            break
        possible = sum(
            1
            for one, free in zip(wanted, there, strict=True)
            if room in free and broken(replace(one, rooms=(room,)), asker, named=False, horizon=False) is None
        )
        if possible > most:
            best, most = room, possible
    return (best,)


async def preview(session: ReadSession, wish: SeriesWish, asker: Asker) -> Preview:
    """Return what would come of a wish; raises InvalidSeries, and TooFarAhead where not one date can be booked yet."""
    wish, rule = in_order(wish)
    rooms = await choose_room(session, wish, rule, asker)
    _refuse_lacking(wish, rooms)
    within = reach(rule, wish.first_on, rooms[0], asker, left_out=wish.left_out)
    wanted = dated(wish, within.days, rooms)
    if not wanted:
        far = dated(wish, [wish.first_on], rooms)[0]
        raise broken(far, asker, named=True, horizon=True) or InvalidSeries("That rule gives no dates that can be booked.")
    named = wish.room_id is not None
    found = apart(wanted, await judged(session, wanted, wish, asker, named=named))
    found, for_all = await with_other_rooms(session, wanted, found, wish, asker)
    return Preview(
        wish=wish,
        room=rooms[0],
        more_rooms=tuple(rooms[1:]) if named else (),
        equipment=tuple((asker.catalogue.thing(one), count) for one, count in wish.equipment),
        location=asker.catalogue.place_of(rooms[0]),
        dates=tuple(found),
        one_room=for_all[0] if len(for_all) == 1 else None,
        rooms_for_all=for_all if len(for_all) > 1 else (),
        beyond=within.beyond,
        passed_over=recurring.passed_over(rule, wish.first_on, within.days[-1]),
    )


def _refuse_lacking(wish: SeriesWish, rooms: Collection[Room]) -> None:
    """Raise LacksAmenities where a room that was named lacks something that was asked for."""
    if wish.room_id is None:
        return
    lacking = sorted(wish.amenities - frozenset().union(*(room.amenities for room in rooms)))
    if lacking:
        slot = recurring.time_on(wish.first_on, wish.clock, wish.minutes, zone_of(wish.zone)).slot
        first = next(iter(rooms))
        raise errors.LacksAmenities(f"{first.name} has no {' or '.join(lacking)}.", slot=slot)
