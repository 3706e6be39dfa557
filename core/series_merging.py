"""What a change makes of a series and of each of its dates: merged with what was edited by itself.

Reads what is ahead, and decides the rest without the database. Kept out: whether the dates are free (`series_judging`),
and writing (`series_changing`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from core import approving, bookkeeping, errors, recurring, series_store
from core.db import ReadSession, WriteSession
from core.errors import InvalidSeries
from core.events import Kind
from core.ids import new_id
from core.models import Attendee, Booking, Changed, Keep, Room, Slot, Status, by_name, one_line
from core.recurring import Rule
from core.series_choosing import Plan, wish_of
from core.series_judging import Asker, Dated, dated, in_order, reach
from core.series_values import (
    OneSeries,
    Scope,
    SeriesChange,
)
from core.series_writing import Step


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What somebody wants different, of which dates; `on` is the one that they looked at."""

    change: SeriesChange
    scope: Scope
    on: date


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """What a change makes of a series.

    `before` is how it stands, `after` how the dates in scope have it: another series where it is split, of which `rest` is
    what goes on without them. `days` are the dates that a new rule gives, None where the rule stays. `room` is the one that
    is named, if any is.
    """

    before: OneSeries
    after: OneSeries
    rest: OneSeries | None
    scope: Scope
    change: SeriesChange
    bookings: tuple[Booking, ...]
    days: tuple[date, ...] | None = None
    beyond: int | None = 0
    room: Room | None = None


async def in_scope(
    session: ReadSession, series: OneSeries, scope: Scope, on: date, asker: Asker
) -> tuple[tuple[Booking, ...], bool]:
    """Return the bookings that a change is about, by date, and whether there are others ahead of them.

    In a transaction that writes, all that is ahead is locked.
    """
    if isinstance(session, WriteSession):
        ahead = await series_store.ahead_locked(session, series.id, asker.catalogue, now=asker.now)
    else:
        ahead = await series_store.ahead(session, series.id, asker.catalogue, now=asker.now)
    there = [one for one in ahead if one.start > asker.now or one.series_on == on]
    if scope is Scope.THIS:
        there = [one for one in there if one.series_on == on]
        if not there:
            raise errors.SeriesNotActive("That date of the series is not booked.")
    elif scope is Scope.FOLLOWING:
        there = [one for one in there if _on(one) >= on]
    return tuple(sorted(there, key=lambda one: (_on(one), one.id))), any(_on(one) < on for one in ahead)


def _on(one: Booking) -> date:
    assert one.series_on is not None
    return one.series_on


async def target(session: ReadSession, series: OneSeries, asked: Asked, asker: Asker) -> Target:
    """Return what a change makes of a series; raises what is wrong with it whatever the dates."""
    change, scope, on = asked.change, asked.scope, asked.on
    bookings, earlier = await in_scope(session, series, scope, on, asker)
    after = _wanted(series, change, asker)
    in_order(wish_of(after))
    if scope is Scope.THIS:
        if not isinstance(change.rule, Keep):
            raise InvalidSeries("A single date has no rule of its own.")
        room = None if isinstance(change.room_id, Keep) else after.room
        return Target(before=series, after=series, rest=None, scope=scope, change=change, bookings=bookings, room=room)
    days: tuple[date, ...] | None = None
    beyond: int | None = 0
    if not isinstance(change.rule, Keep):
        after, days, beyond = _by_new_rule(series, after, bookings, on if scope is Scope.FOLLOWING else None, asker)
    if scope is Scope.FOLLOWING and earlier:
        after = _split_off(series, after, on, asker, by_rule=days is not None)
        rest: OneSeries | None = ended_before(series, on, asker)
    else:
        after, rest = replace(after, version=series.version + 1, updated_at=asker.now), None
    return Target(
        before=series, after=after, rest=rest, scope=scope, change=change, bookings=bookings, days=days, beyond=beyond
    )


def _wanted(series: OneSeries, change: SeriesChange, asker: Asker) -> OneSeries:
    """Return the series with the fields of a change."""
    fields = {
        name: value
        for name in ("clock", "minutes", "rule", "attendees_count", "private", "invitees", "shared")
        if not isinstance(value := getattr(change, name), Keep)
    }
    if not isinstance(change.title, Keep):
        fields["title"] = one_line(change.title)
    if not isinstance(change.room_id, Keep):
        room = asker.catalogue.room(change.room_id)
        fields |= {"room": room, "location": asker.catalogue.place_of(room), "more_rooms": ()}
    changed: OneSeries = replace(series, **fields)
    return changed


def _by_new_rule(
    series: OneSeries, after: OneSeries, bookings: Sequence[Booking], on: date | None, asker: Asker
) -> tuple[OneSeries, tuple[date, ...], int | None]:
    """Return the series by its new rule, from the first date that is changed, and the dates that can be booked now.

    A rule without an end keeps the end that the series had.
    """
    since = on or (min(_on(one) for one in bookings) if bookings else series.first_on)
    old, rule = recurring.parse(series.rule), recurring.parse(after.rule)
    if rule.endless and old.until is not None:
        rule = rule.ending(old.until)
    elif rule.endless and old.count is not None:
        rule = rule.counting(max(1, old.count - _dates_before(old, series.first_on, since)))
    first = recurring.first_date(rule, _earliest(old, rule, series, since, asker))
    within = reach(rule, first, after.room, asker)
    booked_until = None if within.beyond == 0 else within.until
    after = replace(after, rule=str(rule), first_on=first, left_out=frozenset(), booked_until=booked_until)
    return after, within.days, within.beyond


def _earliest(old: Rule, rule: Rule, series: OneSeries, since: date, asker: Asker) -> date:
    """Return from which day on a new rule is asked: of a weekly one, Tuesday may become the Monday of the same week.

    But not a day that is over, nor one up to the date that stays before it.
    """
    if rule.freq != "WEEKLY":
        return since
    today = asker.now.astimezone(series.tz).date()
    stays = max(recurring.dates(old, series.first_on, until=since - timedelta(days=1)), default=today)
    monday = since - timedelta(days=since.weekday())
    return min(since, max(monday, max(today, stays) + timedelta(days=1)))


def _dates_before(rule: Rule, first_on: date, on: date) -> int:
    return sum(1 for _ in recurring.dates(rule, first_on, until=on - timedelta(days=1))) if on > first_on else 0


def _split_off(series: OneSeries, after: OneSeries, on: date, asker: Asker, *, by_rule: bool) -> OneSeries:
    """Return the new series that has the dates from a day on."""
    rule = recurring.parse(after.rule)
    if not by_rule:
        if rule.count is not None:
            rule = rule.counting(rule.count - _dates_before(rule, series.first_on, on))
        after = replace(after, first_on=on, left_out=frozenset(day for day in series.left_out if day >= on))
    return replace(
        after,
        id=new_id(),
        rule=str(rule),
        continues_id=series.id,
        created_at=asker.now,
        updated_at=asker.now,
        version=1,
    )


def ended_before(series: OneSeries, on: date, asker: Asker) -> OneSeries:
    """Return a series that ends the day before."""
    rule = recurring.parse(series.rule).ending(on - timedelta(days=1))
    return replace(
        series,
        rule=str(rule),
        left_out=frozenset(day for day in series.left_out if day < on),
        booked_until=None,
        version=series.version + 1,
        updated_at=asker.now,
    )


def pairs(aim: Target) -> tuple[list[tuple[Booking, Dated]], list[Booking], list[Dated]]:
    """Return each booking with what becomes of it, those that a new rule has no date for, and dates to be made."""
    if aim.days is None:
        return [(one, _moved(one, _on(one), aim)) for one in aim.bookings], [], []
    found = list(zip(aim.bookings, aim.days, strict=False))
    made = dated(wish_of(aim.after), aim.days[len(found) :], (aim.after.room, *aim.after.more_rooms))
    return [(one, _moved(one, day, aim)) for one, day in found], list(aim.bookings[len(found) :]), made


def _moved(one: Booking, day: date, aim: Target) -> Dated:
    """Return where and when a booking is to be: what was edited by itself stays."""
    before, after, change = aim.before, aim.after, aim.change
    as_said = recurring.time_on(_on(one), before.clock, before.minutes, before.tz).slot
    retimed = not all(isinstance(field, Keep) for field in (change.clock, change.minutes, change.rule))
    slot, shifted = one.slot, False
    if aim.scope is Scope.THIS and retimed:
        slot, shifted = _this_slot(one, aim)
    elif retimed and one.slot == as_said:
        at = recurring.time_on(day, after.clock, after.minutes, after.tz)
        slot, shifted = at.slot, at.shifted
    rooms = one.rooms
    if aim.room is not None and aim.scope is Scope.THIS:
        rooms = (aim.room,)
    elif one.room.id == before.room.id and after.room.id != before.room.id:
        rooms = (after.room, *after.more_rooms)
    count = _count(one, aim)
    same = (slot, rooms, count) == (one.slot, one.rooms, one.attendees_count)
    return Dated(on=day, rooms=rooms, slot=slot, attendees_count=count, shifted=shifted, booking=one, judged=not same)


def _this_slot(one: Booking, aim: Target) -> tuple[Slot, bool]:
    """Return the time of a single date that is moved, on the day where it is."""
    zone = aim.before.tz
    start, change = one.start.astimezone(zone), aim.change
    clock = start.time() if isinstance(change.clock, Keep) else change.clock
    length = int(one.slot.length / timedelta(minutes=1))
    at = recurring.time_on(start.date(), clock, length if isinstance(change.minutes, Keep) else change.minutes, zone)
    return at.slot, at.shifted


def _count(one: Booking, aim: Target) -> int:
    wanted = aim.change.attendees_count
    if isinstance(wanted, Keep):
        return one.attendees_count
    return wanted if aim.scope is Scope.THIS or one.attendees_count == aim.before.attendees_count else one.attendees_count


def was_edited(one: Booking, aim: Target) -> bool:
    """Tell whether a date was moved by itself, to another time or room."""
    before = aim.before
    slot = recurring.time_on(_on(one), before.clock, before.minutes, before.tz).slot
    return (one.slot, one.room.id) != (slot, before.room.id)


def _next(before: Booking, there: Dated, aim: Target, people: Mapping[UUID, Attendee], asker: Asker) -> Booking:
    """Return a booking as the change wants it, merged with what was edited by itself."""
    change, this = aim.change, aim.scope is Scope.THIS
    fields: dict[str, Any] = {}
    if not isinstance(change.title, Keep) and (this or before.title == aim.before.title):
        fields["title"] = one_line(change.title)
    if not isinstance(change.private, Keep) and (this or before.private == aim.before.private):
        fields["private"] = change.private
    if before.start != there.slot.start:
        fields |= {"late_at": None, "checked_in_at": None}
        if before.status is Status.CHECKED_IN:
            fields["status"] = Status.CONFIRMED
    after = bookkeeping.following(
        before,
        now=asker.now,
        room=there.room,
        location=asker.catalogue.place_of(there.room),
        more_rooms=there.rooms[1:],
        slot=there.slot,
        attendees_count=there.attendees_count,
        attendees=_attendees(before, aim, people),
        series_id=aim.after.id,
        series_on=there.on,
        **fields,
    )
    status, _ = approving.after_change(before, after, catalogue=asker.catalogue, by=asker.by, now=asker.now)
    return replace(after, status=status)


def _attendees(before: Booking, aim: Target, people: Mapping[UUID, Attendee]) -> tuple[Attendee, ...]:
    change = aim.change
    attendees = {a.person_id: a for a in before.attendees}
    if not isinstance(change.invitees, Keep):
        had = set(attendees) if aim.scope is Scope.THIS else set(aim.before.invitees)
        for person in had - set(change.invitees):
            attendees.pop(person, None)
        for person in set(change.invitees) - had - set(attendees):
            attendees[person] = replace(people[person], co_organiser=aim.after.shared)
    if not isinstance(change.shared, Keep):
        attendees = {person: replace(a, co_organiser=change.shared) for person, a in attendees.items()}
    return by_name(attendees.values())


def bookings_after(aim: Target, made: Plan, people: Mapping[UUID, Attendee], asker: Asker) -> tuple[list[Step], list[Dated]]:
    """Return the steps of the bookings that stay, and the dates to be made."""
    steps = []
    for one in made.keep:
        if one.booking is not None:
            after = _next(one.booking, one, aim, people, asker)
            if not bookkeeping.same(Changed(before=one.booking, after=after)):
                steps.append(Step(kind=Kind.CHANGED, before=one.booking, after=after))
    return steps, [one for one in made.keep if one.booking is None]
