"""What somebody may hold: so much in a day, a week or a month, and one room at a time. Judged where it is booked.

No constraint sees these, so whoever books takes a lock on what they are counted by, until the transaction ends, and counts
then. Kept out: setting quotas (`quotas`); and rules that one booking keeps or breaks by itself (`rules`).
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from hashlib import blake2b
from uuid import UUID
from zoneinfo import ZoneInfo

from core import rights, store
from core.catalogue import Catalogue
from core.db import ReadSession, WriteSession
from core.errors import AnotherRoomThen, BookingError, QuotaReached
from core.models import HOLDS_ROOM, Actor, Booking, Right, Slot, Status
from core.quotas import amount
from core.regulations import Measure, Period, Quota
from core.saying import length, short_date, when

# What counts: what holds a room, and what was used or would have been; what was called off does not.
COUNTED = tuple(sorted(status.value for status in HOLDS_ROOM | {Status.RELEASED, Status.ENDED}))
_HOLDING = tuple(sorted(status.value for status in HOLDS_ROOM))

_GROUPS_OF = """
SELECT m.person_id, array_agg(m.group_id) AS groups
FROM group_members m JOIN groups g ON g.tenant_id = m.tenant_id AND g.id = m.group_id AND g.removed_at IS NULL
WHERE m.tenant_id = $1 AND m.person_id = ANY($2::uuid[]) GROUP BY 1
"""
# The array is in order, and so are the locks: whoever needs several never waits for somebody who waits for them.
_LOCK = "SELECT pg_advisory_xact_lock(key) FROM unnest($1::bigint[]) AS key"
_COUNTED = """
SELECT b.booked_by, b.start_time, b.end_time, b.room_id, b.status,
    ARRAY(SELECT m.room_id FROM booking_rooms m WHERE m.tenant_id = b.tenant_id AND m.booking_id = b.id) AS more_rooms
FROM bookings b WHERE b.tenant_id = $1 AND b.end_time > $2 AND b.start_time < $3 AND b.status = ANY($4::text[])
    AND b.id <> ALL($5::uuid[])
    AND b.booked_by IN (SELECT unnest($6::uuid[]) UNION
        SELECT person_id FROM group_members WHERE tenant_id = $1 AND group_id = ANY($7::uuid[]))
UNION ALL
SELECT a.booked_by, a.start_time, a.end_time, a.room_id, a.status, a.more_rooms
FROM bookings_archive a WHERE a.tenant_id = $1 AND a.end_time > $2 AND a.start_time >= $2 AND a.start_time < $3
    AND a.status = ANY($4::text[])
    AND a.booked_by IN (SELECT unnest($6::uuid[]) UNION
        SELECT person_id FROM group_members WHERE tenant_id = $1 AND group_id = ANY($7::uuid[]))
"""
_MEMBERS = "SELECT group_id, person_id FROM group_members WHERE tenant_id = $1 AND group_id = ANY($2::uuid[])"
_IN_THE_WAY = """
SELECT DISTINCT ON (w.number) w.number, b.id
FROM unnest($2::int[], $3::uuid[], $4::timestamptz[], $5::timestamptz[]) AS w (number, person, starts, ends)
JOIN bookings b ON b.tenant_id = $1 AND b.booked_by = w.person AND b.end_time > w.starts AND b.start_time < w.ends
WHERE b.status = ANY($6::text[]) AND b.id <> ALL($7::uuid[]) ORDER BY w.number, b.start_time
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Wanted:
    """A booking that is to be, how it was, its booker's groups, and the limits that it has to keep."""

    booking: Booking
    before: Booking | None
    groups: frozenset[UUID]
    quotas: tuple[Quota, ...]
    one_at_a_time: bool

    @property
    def limited(self) -> bool:
        return bool(self.quotas) or self.one_at_a_time


@dataclass(frozen=True, kw_only=True, slots=True)
class _Counted:
    """What of a booking counts: whose, when, where."""

    person: UUID
    slot: Slot
    rooms: tuple[UUID, ...]


async def check(
    session: WriteSession, wanted: Booking, *, before: Booking | None, catalogue: Catalogue, by: Actor, now: datetime
) -> None:
    """Raise QuotaReached or AnotherRoomThen where a booking is more than its booker may hold; costs nothing without limits.

    `before` is how it stood, None for a new booking; what asks for no more than before is not judged again. Whoever may
    override the room's rules is not held to its quotas.
    """
    over = await _judged(session, [wanted], [before], catalogue=catalogue, by=by, now=now)
    if over:
        raise over[0]


async def check_all(
    session: WriteSession,
    wanted: Sequence[Booking],
    *,
    before: Sequence[Booking | None] | None = None,
    given_back: Collection[UUID] = (),
    catalogue: Catalogue,
    by: Actor,
    now: datetime,
) -> dict[int, BookingError]:
    """Return, by its index, the error of each booking that is over a limit when those before it are counted.

    `before` is how each stood, by the same index; without it all of them are new. Each counts once, where it is to be:
    what it leaves counts no more, nor do the bookings `given_back` at the same time. Those that ask for no more come first.
    """
    stood = before or [None] * len(wanted)
    return await _judged(session, wanted, stood, catalogue=catalogue, by=by, now=now, given_back=given_back)


async def _judged(
    session: WriteSession,
    wanted: Sequence[Booking],
    before: Sequence[Booking | None],
    *,
    catalogue: Catalogue,
    by: Actor,
    now: datetime,
    given_back: Collection[UUID] = (),
) -> dict[int, BookingError]:
    if not wanted or not anywhere(catalogue):
        return {}
    groups = await _groups_of(session, wanted, catalogue, by=by)
    asked = [
        _asked(booking, old, catalogue, groups=groups[booking.booker.person_id], by=by)
        for booking, old in zip(wanted, before, strict=True)
    ]
    limited = [one for one in asked if one.limited]
    if not limited:
        return {}
    await _lock(session, limited)
    besides = [*(one.booking.id for one in asked), *given_back]
    tally = await _Tally.of(session, asked, limited, catalogue, besides=besides)
    elsewhere = await _elsewhere(session, asked, catalogue, besides=besides)
    # Who is not judged is there in any case.
    held = [one.booking for one in asked if not one.one_at_a_time]
    errors: dict[int, BookingError] = {}
    for index, one in enumerate(asked):
        error = tally.over(one, by=by, now=now) or _another(one, elsewhere.get(index), held, now=now)
        if error:
            errors[index] = error
        else:
            tally.add(one)
            if one.one_at_a_time:
                held.append(one.booking)
    return errors


def anywhere(catalogue: Catalogue) -> bool:
    """Tell whether anybody's bookings are counted at all."""
    return bool(catalogue.quotas) or catalogue.one_at_a_time_anywhere


async def _groups_of(
    session: ReadSession, wanted: Sequence[Booking], catalogue: Catalogue, *, by: Actor
) -> dict[UUID, frozenset[UUID]]:
    """Return the groups of every booker; looked up only for others than the actor, and where groups matter."""
    bookers = {booking.booker.person_id for booking in wanted}
    found = {person: by.groups if person == by.person_id else frozenset[UUID]() for person in bookers}
    others = sorted(bookers - {by.person_id})
    if others and (catalogue.group_rules or any(quota.group_id for quota in catalogue.quotas)):
        rows = await session.all(_GROUPS_OF, session.tenant, others)
        found |= {row["person_id"]: frozenset(row["groups"]) for row in rows}
    return found


def _asked(booking: Booking, before: Booking | None, catalogue: Catalogue, *, groups: frozenset[UUID], by: Actor) -> _Wanted:
    """Return a booking with the limits that it has to keep: none for whoever overrides them."""
    quotas: tuple[Quota, ...] = ()
    alone = False
    if not all(rights.may(by, Right.OVERRIDE, room, catalogue) for room in booking.rooms):
        zone = booking.location.tz
        quotas = tuple(
            quota
            for quota in applying(catalogue.quotas, _scopes(booking), groups)
            if not (before and before.holds_room and _asks_no_more(quota, before, booking, zone))
        )
        alone = any(catalogue.policy(room, groups).one_at_a_time for room in booking.rooms)
        alone = alone and not (before and before.holds_room and _covers(before.slot, booking.slot))
    return _Wanted(booking=booking, before=before, groups=groups, quotas=quotas, one_at_a_time=alone)


def applying(quotas: Iterable[Quota], scopes: Container[UUID | None], groups: frozenset[UUID]) -> list[Quota]:
    """Return the quotas that a booking within these scopes, by somebody in these groups, has to keep.

    For one scope, measure and period a group's quota takes the place of everybody's, the most generous of several; what a
    group shares is kept besides.
    """
    chosen: dict[object, Quota] = {}
    for quota in quotas:
        if quota.scope not in scopes or (quota.group_id is not None and quota.group_id not in groups):
            continue
        alike: object = quota.id if quota.together else (quota.scope, quota.measure, quota.period)
        other = chosen.get(alike)
        if other is None or _precedence(quota) > _precedence(other):
            chosen[alike] = quota
    return sorted(chosen.values(), key=lambda quota: quota.id)


def holds_for(quota: Quota, quotas: Iterable[Quota], groups: frozenset[UUID]) -> bool:
    """Tell whether a quota, among all of them, is one that somebody in these groups has to keep."""
    return quota in applying(quotas, {quota.scope}, groups)


def _scopes(booking: Booking) -> set[UUID | None]:
    return {None, *(room.location_id for room in booking.rooms), *(room.id for room in booking.rooms)}


def _precedence(quota: Quota) -> tuple[bool, int]:
    return quota.group_id is not None, quota.most


def _asks_no_more(quota: Quota, before: Booking, after: Booking, zone: ZoneInfo) -> bool:
    return (
        before.booker.person_id == after.booker.person_id
        and quota.scope in _scopes(before)
        and first_day(quota.period, before.start, zone) == first_day(quota.period, after.start, zone)
        and (quota.measure is Measure.COUNT or after.slot.length <= before.slot.length)
    )


def _covers(outer: Slot, inner: Slot) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def first_day(period: Period, moment: datetime, zone: ZoneInfo) -> date:
    """Return the first local day of the period that a moment is in."""
    day = moment.astimezone(zone).date()
    match period:
        case Period.DAY:
            return day
        case Period.WEEK:
            return day - timedelta(days=day.weekday())
        case Period.MONTH:
            return day.replace(day=1)


def next_first_day(period: Period, first: date) -> date:
    """Return the first day of the period after the one that begins then."""
    match period:
        case Period.DAY:
            return first + timedelta(days=1)
        case Period.WEEK:
            return first + timedelta(days=7)
        case Period.MONTH:
            return (first + timedelta(days=31)).replace(day=1)


def _span(quota: Quota, booking: Booking) -> Slot:
    """Return the quota's period in which a booking begins, by the clock of its place."""
    zone = booking.location.tz
    first = first_day(quota.period, booking.start, zone)
    last = next_first_day(quota.period, first)
    return Slot(start=datetime.combine(first, time(), tzinfo=zone), end=datetime.combine(last, time(), tzinfo=zone))


async def _lock(session: WriteSession, limited: Sequence[_Wanted]) -> None:
    """Be the only one who counts for these people and groups, until the transaction ends."""
    people = {f"limits:{session.tenant}:person:{one.booking.booker.person_id}" for one in limited}
    shared = {f"limits:{session.tenant}:quota:{quota.id}" for one in limited for quota in one.quotas if quota.together}
    keys = {int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), signed=True) for name in people | shared}
    await session.all(_LOCK, sorted(keys))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sums:
    """What is used of a quota by some people, by the first day of each period."""

    quota: Quota
    zone: ZoneInfo
    people: frozenset[UUID]
    used: dict[date, int]


@dataclass(kw_only=True, slots=True)
class _Tally:
    """What counts already, and what of a request was found to be within the limits.

    `asked` are those of the request: each counts for a quota that it is not judged by, and for the others when it is added.
    """

    counted: list[_Counted]
    asked: Sequence[_Wanted]
    members: Mapping[UUID, frozenset[UUID]]
    catalogue: Catalogue
    added: list[_Wanted] = field(default_factory=list)
    sums: dict[tuple[UUID, str, UUID | None], _Sums] = field(default_factory=dict)

    @classmethod
    async def of(
        cls,
        session: ReadSession,
        asked: Sequence[_Wanted],
        limited: Sequence[_Wanted],
        catalogue: Catalogue,
        *,
        besides: Sequence[UUID],
    ) -> _Tally:
        """Read everything that may count for any of them, at once."""
        spans = [_span(quota, one.booking) for one in limited for quota in one.quotas]
        if not spans:
            return cls(counted=[], asked=asked, members={}, catalogue=catalogue)
        groups = sorted({quota.group_id for one in limited for quota in one.quotas if quota.together and quota.group_id})
        members: dict[UUID, set[UUID]] = {}
        for row in await session.all(_MEMBERS, session.tenant, groups) if groups else ():
            members.setdefault(row["group_id"], set()).add(row["person_id"])
        rows = await session.all(
            _COUNTED,
            session.tenant,
            min(span.start for span in spans),
            max(span.end for span in spans),
            COUNTED,
            list(besides),
            sorted({one.booking.booker.person_id for one in limited}),
            groups,
        )
        counted = [
            _Counted(
                person=row["booked_by"],
                slot=Slot(start=row["start_time"], end=row["end_time"]),
                rooms=(row["room_id"], *row["more_rooms"]),
            )
            for row in rows
        ]
        there = {group: frozenset(people) for group, people in members.items()}
        return cls(counted=counted, asked=asked, members=there, catalogue=catalogue)

    def add(self, one: _Wanted) -> None:
        """Count a booking of the request where it was judged."""
        self.added.append(one)
        for sums in self.sums.values():
            if sums.quota in one.quotas:
                self._count(sums, _counted(one.booking))

    def over(self, one: _Wanted, *, by: Actor, now: datetime) -> QuotaReached | None:
        """Return the refusal where a booking would be more than one of its quotas allows."""
        for quota in one.quotas:
            used = self._used(quota, one.booking)
            if used + worth(quota.measure, one.booking.slot) > quota.most:
                return QuotaReached(_said(quota, used, one.booking, self.catalogue, by=by, now=now))
        return None

    def _used(self, quota: Quota, booking: Booking) -> int:
        zone, booker = booking.location.tz, booking.booker.person_id
        key = (quota.id, zone.key, None if quota.together else booker)
        if key not in self.sums:
            people = frozenset({booker})
            if quota.together and quota.group_id:
                people |= self.members.get(quota.group_id, frozenset())
            self.sums[key] = sums = _Sums(quota=quota, zone=zone, people=people, used={})
            for one in self.counted:
                self._count(sums, one)
            standing = (wanted for wanted in self.asked if quota not in wanted.quotas)
            found = (wanted for wanted in self.added if quota in wanted.quotas)
            for wanted in (*standing, *found):
                self._count(sums, _counted(wanted.booking))
        return self.sums[key].used.get(first_day(quota.period, booking.start, zone), 0)

    def _count(self, sums: _Sums, one: _Counted) -> None:
        quota = sums.quota
        if one.person in sums.people and self._within(quota, one.rooms):
            first = first_day(quota.period, one.slot.start, sums.zone)
            sums.used[first] = sums.used.get(first, 0) + worth(quota.measure, one.slot)

    def _within(self, quota: Quota, rooms: tuple[UUID, ...]) -> bool:
        if quota.room_id is not None:
            return quota.room_id in rooms
        if quota.location_id is None:
            return True
        return any(self.catalogue.room(room).location_id == quota.location_id for room in rooms)


def _counted(booking: Booking) -> _Counted:
    rooms = tuple(room.id for room in booking.rooms)
    return _Counted(person=booking.booker.person_id, slot=booking.slot, rooms=rooms)


def worth(measure: Measure, slot: Slot) -> int:
    """Return what a booking takes of a quota, in its measure; minutes that have begun are whole."""
    return 1 if measure is Measure.COUNT else -(-slot.length // timedelta(minutes=1))


def _said(quota: Quota, used: int, booking: Booking, catalogue: Catalogue, *, by: Actor, now: datetime) -> str:
    """Return "You have 3 of 3 bookings this week; the next counts from Mon 30 Nov." in the words of the quota."""
    zone = booking.location.tz
    today = now.astimezone(zone).date()
    first = first_day(quota.period, booking.start, zone)
    then = short_date(next_first_day(quota.period, first), today=today)
    where = f" in {catalogue.scope_name(quota.scope)}" if quota.scope else ""
    period = _period_said(quota.period, first, current=first == first_day(quota.period, now, zone), today=today)
    subject = _whom(quota, booking, catalogue, by=by)
    if quota.measure is Measure.COUNT:
        said = f"{used} of {amount(quota.measure, quota.most)}{where} {period}"
        return f"{subject} {said}; the next counts from {then}."
    left = quota.most - used
    had = length(used) if used else "nothing"
    room = f"only {length(left)} left" if left > 0 else "nothing left"
    return f"{subject} booked {had} of {length(quota.most)}{where} {period}: {room}; a new count begins on {then}."


def _whom(quota: Quota, booking: Booking, catalogue: Catalogue, *, by: Actor) -> str:
    if quota.together and quota.group_id:
        return f"{catalogue.group(quota.group_id).name} together has"
    return "You have" if booking.booker.person_id == by.person_id else f"{booking.booker.name} has"


def _period_said(period: Period, first: date, *, current: bool, today: date) -> str:
    if period is Period.DAY:
        return "today" if current else f"on {short_date(first, today=today)}"
    if current:
        return f"this {period}"
    return f"in the {period} from {short_date(first, today=today)}"


async def _elsewhere(
    session: ReadSession, asked: Sequence[_Wanted], catalogue: Catalogue, *, besides: Sequence[UUID]
) -> dict[int, Booking]:
    """Return what the bookers hold already at the time of those that allow nothing else, by index."""
    alone = [(index, one.booking) for index, one in enumerate(asked) if one.one_at_a_time]
    if not alone:
        return {}
    rows = await session.all(
        _IN_THE_WAY,
        session.tenant,
        [index for index, _ in alone],
        [booking.booker.person_id for _, booking in alone],
        [booking.start for _, booking in alone],
        [booking.end for _, booking in alone],
        _HOLDING,
        list(besides),
    )
    found = await store.bookings(session, [row["id"] for row in rows], catalogue)
    return {row["number"]: found[row["id"]] for row in rows}


def _another(one: _Wanted, elsewhere: Booking | None, held: Sequence[Booking], *, now: datetime) -> AnotherRoomThen | None:
    """Return the refusal where the booker holds another room at that time and only one is allowed."""
    if not one.one_at_a_time:
        return None
    wanted, booker = one.booking, one.booking.booker.person_id
    mine = (other for other in held if other.slot.overlaps(wanted.slot) and other.booker.person_id == booker)
    other = elsewhere or next(mine, None)
    return _refused(other, one, now=now) if other else None


def _refused(other: Booking, one: _Wanted, *, now: datetime) -> AnotherRoomThen:
    said = when(other.slot, other.location.tz, now=now)
    title = f' ("{other.title}")' if other.title else ""
    name = one.booking.room.name
    return AnotherRoomThen(
        f"You hold {other.room.name} {said}{title}; {name} is only for those who hold no other room then.", booking=other
    )
