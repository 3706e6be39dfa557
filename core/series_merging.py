"""What a change makes of a series and of each of its dates: merged with what was edited by itself.

Reads what is ahead, and decides the rest without the database. Kept out: whether the dates are free (`series_judging`),
and writing (`series_changing`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from core import approving, bookkeeping, errors, recurring, series_store
from core.catalogue import Catalogue
from core.db import ReadSession, WriteSession
from core.errors import InvalidSeries
from core.events import Kind
from core.ids import new_id
from core.models import KEEP, Attendee, Booking, Borrowed, Changed, Keep, Room, Slot, Status, by_name, one_line
from core.recurring import Rule
from core.saying import short_date
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
    what goes on without them. `days` are the dates that a new rule gives, None where the rule stays; `onto` which date each
    becomes where all are moved to another day.
    """

    before: OneSeries
    after: OneSeries
    rest: OneSeries | None
    scope: Scope
    change: SeriesChange
    bookings: tuple[Booking, ...]
    days: tuple[date, ...] | None = None
    beyond: int | None = 0
    onto: Mapping[date, date] | None = None


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
        if not there and not _goes_on(series, on):
            raise errors.SeriesNotActive("The series has no date from that day on.")
    return tuple(sorted(there, key=lambda one: (_on(one), one.id))), any(_on(one) < on for one in ahead)


def _goes_on(series: OneSeries, on: date) -> bool:
    """Tell whether a series has dates from a day on, booked or not."""
    rule = recurring.parse(series.rule)
    return rule.endless or any(day >= on for day in recurring.dates(rule, series.first_on))


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
        return Target(before=series, after=series, rest=None, scope=scope, change=change, bookings=bookings)
    dates = Dates()
    if not isinstance(change.rule, Keep) or not isinstance(change.day, Keep):
        after, dates = _by_new_rule(series, after, bookings, asked, asker)
    if scope is Scope.FOLLOWING and earlier:
        after = _split_off(series, after, on, asker, by_rule=dates.days is not None)
        rest: OneSeries | None = ended_before(series, on, asker)
    else:
        after, rest = replace(after, version=series.version + 1, updated_at=asker.now), None
    return Target(
        before=series,
        after=after,
        rest=rest,
        scope=scope,
        change=change,
        bookings=bookings,
        days=dates.days,
        beyond=dates.beyond,
        onto=dates.onto,
    )


def _wanted(series: OneSeries, change: SeriesChange, asker: Asker) -> OneSeries:
    """Return the series with the fields of a change."""
    fields: dict[str, Any] = {
        name: value
        for name in ("clock", "minutes", "rule", "attendees_count", "private", "invitees", "shared")
        if not isinstance(value := getattr(change, name), Keep)
    }
    if not isinstance(change.title, Keep):
        fields["title"] = one_line(change.title)
    room, catalogue = series.room, asker.catalogue
    if change.elsewhere:
        room, *more = _rooms(series.room, series.more_rooms, change, catalogue)
        fields |= {"room": room, "location": catalogue.place_of(room), "more_rooms": tuple(more)}
    wanted = [(thing.id, count) for thing, count in series.equipment]
    if not isinstance(change.equipment, Keep) or room.location_id != series.room.location_id:
        things = bookkeeping.borrowed(wanted if isinstance(change.equipment, Keep) else change.equipment, room, catalogue)
        fields["equipment"] = tuple((one.equipment, one.quantity) for one in things)
    changed: OneSeries = replace(series, **fields)
    return changed


def _rooms(room: Room, more: Sequence[Room], change: SeriesChange, catalogue: Catalogue) -> tuple[Room, ...]:
    """Return the rooms of what had these: a new first one leaves the others, but for those whose space it takes."""
    if not isinstance(change.room_id, Keep):
        room = catalogue.room(change.room_id)
        more = [one for one in more if set(room.leaves).isdisjoint(one.leaves)]
    ids = [one.id for one in more] if isinstance(change.more_room_ids, Keep) else change.more_room_ids
    return (room, *bookkeeping.others(room, ids, catalogue))


@dataclass(frozen=True, kw_only=True, slots=True)
class Dates:
    """The dates by a new rule, as in a `Target`."""

    days: tuple[date, ...] | None = None
    beyond: int | None = 0
    onto: Mapping[date, date] | None = None


def _by_new_rule(
    series: OneSeries, after: OneSeries, bookings: Sequence[Booking], asked: Asked, asker: Asker
) -> tuple[OneSeries, Dates]:
    """Return the series by its new rule, from the first date that is changed, and the dates that can be booked now.

    A rule without an end keeps the end that the series had.
    """
    change, day = asked.change, asked.change.day
    if not isinstance(day, Keep) and not isinstance(change.rule, Keep):
        raise InvalidSeries("Choose another day, or another rhythm: not both at once.")
    since = min((_on(one) for one in bookings), default=series.first_on)
    if asked.scope is Scope.FOLLOWING:
        since = asked.on
    old = recurring.by_weekdays(recurring.parse(series.rule))
    so_far = recurring.dates(old, series.first_on, until=since - timedelta(days=1))
    here = _Here(old=old, since=since, stays=max(so_far, default=None), today=asker.now.astimezone(series.tz).date())
    if isinstance(day, Keep):
        rule, first = _from_rule(here, recurring.parse(after.rule))
    else:
        rule, first = _from_day(here, day, series, asked)
    if rule.endless and old.count is not None:
        rule = rule.counting(max(1, old.count - _dates_before(old, series.first_on, since)))
    first = recurring.first_date(rule, first)
    within = reach(rule, first, after.room, asker)
    days, booked_until = within.days, None if within.beyond == 0 else within.until
    after = replace(after, rule=str(rule), first_on=first, left_out=frozenset(), booked_until=booked_until)
    if isinstance(day, Keep):
        return after, Dates(days=days, beyond=within.beyond)
    had = [one for one in recurring.dates(old, series.first_on, until=series.booked_until) if one >= since]
    if len(days) < len(had):
        # What is booked already may go a little past what could be booked today.
        days = tuple(islice(recurring.dates(rule, first), len(had)))
        after = replace(after, booked_until=after.booked_until and max(after.booked_until, days[-1]))
    onto = dict(zip(had, days, strict=False))
    left_out = frozenset(onto[one] for one in series.left_out if one in onto)
    return replace(after, left_out=left_out), Dates(days=days, beyond=within.beyond, onto=onto)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Here:
    """Where another rule takes over: the old one, the first date that is changed, the last that stays before it, today."""

    old: Rule
    since: date
    stays: date | None
    today: date


def _from_rule(here: _Here, rule: Rule) -> tuple[Rule, date]:
    """Return a new rule with its end, and its first date.

    In the week, month or year of the first that is changed, so that Tuesday may become the Monday of the same week; but
    not on a day that is over, nor up to the date that stays before it.
    """
    if rule.endless and here.old.until is not None:
        rule = rule.ending(here.old.until)
    begins = here.since
    if recurring.explicit(rule) and rule.freq in {"WEEKLY", here.old.freq}:
        begins = recurring.period(rule.freq, begins, rule.week_start)
    limit = max(here.today, here.stays or here.today)
    return rule, _first_after(rule, begins, min(limit, here.since - timedelta(days=1)))


def _from_day(here: _Here, day: date, series: OneSeries, asked: Asked) -> tuple[Rule, date]:
    """Return the rule by which the date that was looked at is on another day, with its end, and its first date."""
    if asked.scope is Scope.FOLLOWING and here.stays is not None and day <= here.stays:
        said = short_date(here.stays, today=here.today)
        raise InvalidSeries(f"The date before stays on {said}. Choose a later day, or move all dates.")
    rule = recurring.moved(here.old, asked.on, day)
    periods = recurring.periods_between(rule, asked.on, day)
    until = recurring.moved_end(here.old, rule, series.first_on, periods)
    rule = rule.ending(until) if until else rule
    begins = recurring.further(rule.freq, recurring.period(rule.freq, here.since, rule.week_start), periods)
    yesterday = here.today - timedelta(days=1)
    return rule, _first_after(rule, begins, max(yesterday, here.stays or yesterday))


def _first_after(rule: Rule, begins: date, limit: date) -> date:
    """Return the first date of a rule after a day, in step with one that begins then."""
    endless = replace(rule, count=None, until=None)
    found = next((day for day in recurring.dates(endless, begins) if day > limit), None)
    if found is None:
        raise InvalidSeries("That rule gives no dates.")
    return found


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


def pairs(aim: Target, catalogue: Catalogue) -> tuple[list[tuple[Booking, Dated]], list[Booking], list[Dated]]:
    """Return each booking with what becomes of it, those that a new rule has no date for, and dates to be made."""
    if aim.days is None:
        return [(one, _moved(one, _on(one), aim, catalogue)) for one in aim.bookings], [], []
    if aim.onto is not None:
        onto, made = aim.onto, aim.days[len(aim.onto) :]
        found = [(one, onto[_on(one)]) for one in aim.bookings if _on(one) in onto]
        gone = [one for one in aim.bookings if _on(one) not in onto]
    else:
        found = list(zip(aim.bookings, aim.days, strict=False))
        gone, made = list(aim.bookings[len(found) :]), aim.days[len(found) :]
    new = dated(wish_of(aim.after), made, (aim.after.room, *aim.after.more_rooms))
    return [(one, _moved(one, day, aim, catalogue)) for one, day in found], gone, new


def _moved(one: Booking, day: date, aim: Target, catalogue: Catalogue) -> Dated:
    """Return where and when a booking is to be: what was edited by itself stays."""
    before, after, change = aim.before, aim.after, aim.change
    as_said = recurring.time_on(_on(one), before.clock, before.minutes, before.tz).slot
    slot, shifted = one.slot, False
    if aim.scope is Scope.THIS and change.retimed:
        slot, shifted = _this_slot(one, aim)
    elif change.retimed and one.slot == as_said:
        at = recurring.time_on(day, after.clock, after.minutes, after.tz)
        slot, shifted = at.slot, at.shifted
    rooms = _rooms_of(one, aim, catalogue)
    count, things = _count(one, aim), _things(one, aim)
    same = (slot, rooms, count) == (one.slot, one.rooms, one.attendees_count)
    return Dated(
        on=day,
        rooms=rooms,
        slot=slot,
        attendees_count=count,
        shifted=shifted,
        booking=one,
        judged=not same,
        equipment=things,
        borrows=things != _lent(one),
    )


def _rooms_of(one: Booking, aim: Target, catalogue: Catalogue) -> tuple[Room, ...]:
    """Return the rooms that a booking is to have: of several dates, those change that were as the series says."""
    change, before = aim.change, aim.before
    if not change.elsewhere:
        return one.rooms
    if aim.scope is not Scope.THIS:
        if one.room.id != before.room.id:
            change = replace(change, room_id=KEEP)
        if {room.id for room in one.more_rooms} != {room.id for room in before.more_rooms}:
            change = replace(change, more_room_ids=KEEP)
    try:
        return _rooms(one.room, one.more_rooms, change, catalogue)
    except errors.NotTogether:
        if aim.scope is Scope.THIS:
            raise
        # It was moved to another place by itself.
        return one.rooms


def _things(one: Booking, aim: Target) -> tuple[tuple[UUID, int], ...]:
    """Return what a booking is to borrow, by id and number: of several dates, what was as the series says changes."""
    wanted, had = aim.change.equipment, sorted((thing.id, count) for thing, count in aim.before.equipment)
    if isinstance(wanted, Keep) or (aim.scope is not Scope.THIS and sorted(_lent(one)) != had):
        return _lent(one)
    return tuple((thing, count) for thing, count in wanted if count > 0)


def _lent(one: Booking) -> tuple[tuple[UUID, int], ...]:
    return tuple((lent.equipment.id, lent.quantity) for lent in one.equipment)


def _this_slot(one: Booking, aim: Target) -> tuple[Slot, bool]:
    """Return the time of a single date that is moved, on the day where it is or is to be."""
    zone = aim.before.tz
    start, change = one.start.astimezone(zone), aim.change
    clock = start.time() if isinstance(change.clock, Keep) else change.clock
    day = start.date() if isinstance(change.day, Keep) else change.day
    length = int(one.slot.length / timedelta(minutes=1))
    at = recurring.time_on(day, clock, length if isinstance(change.minutes, Keep) else change.minutes, zone)
    return at.slot, at.shifted


def _count(one: Booking, aim: Target) -> int:
    wanted = aim.change.attendees_count
    if isinstance(wanted, Keep):
        return one.attendees_count
    return wanted if aim.scope is Scope.THIS or one.attendees_count == aim.before.attendees_count else one.attendees_count


def was_edited(one: Booking, aim: Target) -> bool:
    """Tell whether a date was moved by itself, to another time or other rooms."""
    before = aim.before
    slot = recurring.time_on(_on(one), before.clock, before.minutes, before.tz).slot
    rooms = {room.id for room in (before.room, *before.more_rooms)}
    return (one.slot, one.room.id) != (slot, before.room.id) or {room.id for room in one.rooms} != rooms


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
        equipment=_borrowed(before, there, asker.catalogue),
        attendees=_attendees(before, aim, people),
        series_id=aim.after.id,
        series_on=there.on,
        **fields,
    )
    status, _ = approving.after_change(before, after, catalogue=asker.catalogue, by=asker.by, now=asker.now)
    return replace(after, status=status)


def _borrowed(before: Booking, there: Dated, catalogue: Catalogue) -> tuple[Borrowed, ...]:
    if not there.borrows and there.room.location_id == before.room.location_id:
        return before.equipment
    return bookkeeping.borrowed(there.equipment or (), there.room, catalogue)


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
