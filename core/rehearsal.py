"""What a new rule would have made of the last 90 days, before it is set: how many bookings it refuses, whose, and why.

Each booking is judged as of when it was made, by who its booker is now. Nothing is written.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from core import limits, policies, rehearsed, rights, rules
from core.catalogue import Catalogue, Catalogues
from core.clock import Clock
from core.db import Database, ReadSession
from core.errors import InvalidPolicy
from core.models import Actor, Location, Opening, Person, Policy, Right, Room
from core.people import COLUMNS, person_from
from core.policies import Rules
from core.regulations import Grant, Measure, Period, Quota
from core.rehearsed import Made
from core.settling import Settling

DAYS = 90
EXAMPLES, PEOPLE = 10, 5
# Before the days looked at, so that the quota of a month that they begin in the middle of is counted whole.
LEAD = timedelta(days=31)
# What one statement reads: no statement may take as long as an answer, and others get their turn in between.
SLICE = timedelta(days=10)

# Whole minutes as numbers: a hundred thousand rows with dates in them take longer to read than to judge.
_MADE = """
SELECT array_agg(id), array_agg(room_id), array_agg(booked_by), array_agg(at), array_agg(starts), array_agg(ends),
    array_agg(minutes), array_agg(ahead), array_agg(booked), array_agg(first)
FROM (
SELECT b.id, b.room_id, b.booked_by, floor(date_part('epoch', b.start_time) / 60)::int8 AS at,
    floor(date_part('epoch', b.start_time AT TIME ZONE l.zone) / 60)::int8 AS starts,
    floor(date_part('epoch', b.end_time AT TIME ZONE l.zone) / 60)::int8 AS ends,
    ceil(date_part('epoch', b.end_time - b.start_time) / 60)::int8 AS minutes,
    floor(date_part('epoch', b.start_time - date_trunc('minute', b.created_at)) / 60)::int8 AS ahead,
    floor(date_part('epoch', b.created_at AT TIME ZONE l.zone) / 60)::int8 AS booked, b.first
FROM (
    SELECT tenant_id, id, room_id, booked_by, start_time, end_time, created_at, true AS first FROM bookings
        WHERE tenant_id = $1 AND end_time > $2 AND start_time >= $2 AND start_time < $3 AND status = ANY($4::text[])
    UNION ALL
    SELECT b.tenant_id, b.id, m.room_id, b.booked_by, b.start_time, b.end_time, b.created_at, false FROM booking_rooms m
        JOIN bookings b ON b.tenant_id = m.tenant_id AND b.id = m.booking_id
        WHERE m.tenant_id = $1 AND b.end_time > $2 AND b.start_time >= $2 AND b.start_time < $3
            AND b.status = ANY($4::text[])
    UNION ALL
    SELECT tenant_id, id, room_id, booked_by, start_time, end_time, created_at, true FROM bookings_archive
        WHERE tenant_id = $1 AND start_time >= $2 AND start_time < $3 AND status = ANY($4::text[])
    UNION ALL
    SELECT tenant_id, id, unnest(more_rooms), booked_by, start_time, end_time, created_at, false FROM bookings_archive
        WHERE tenant_id = $1 AND start_time >= $2 AND start_time < $3 AND status = ANY($4::text[]) AND more_rooms <> '{{}}'
) b
JOIN rooms r ON r.tenant_id = b.tenant_id AND r.id = b.room_id
JOIN locations l ON l.tenant_id = r.tenant_id AND l.id = r.location_id
) made WHERE {suspects}
"""
_EVERY = _MADE.format(suspects="true")
# Those that some room's new rules may refuse, and some more: what is left over is judged one by one.
_SUSPECTS = _MADE.format(
    suspects="""ahead < $5 OR minutes < $6 OR minutes > $7 OR starts / 1440 - booked / 1440 > $8 OR booked % 1440 >= $9
    OR ($10 AND (starts / 1440 <> ends / 1440 OR starts % 1440 < ($11::int[])[(starts / 1440 + 3) % 7 + 1]
        OR ends % 1440 > ($12::int[])[(starts / 1440 + 3) % 7 + 1]))
    OR booked_by = ANY($13::uuid[]) OR starts / 1440 = ANY($14::int[]) OR (ends - 1) / 1440 = ANY($14::int[])
    OR ($14::int[] <> '{}' AND ends - starts > 1440)"""
)
_HOW_MANY = """
SELECT (SELECT count(*) FROM bookings b WHERE b.tenant_id = $1 AND b.end_time > $2 AND b.start_time >= $2
        AND b.start_time < $3 AND b.status = ANY($4::text[]) AND ($5::uuid[] IS NULL OR b.room_id = ANY($5) OR EXISTS (
            SELECT FROM booking_rooms m WHERE m.tenant_id = $1 AND m.booking_id = b.id AND m.room_id = ANY($5))))
    + (SELECT count(*) FROM bookings_archive a WHERE a.tenant_id = $1 AND a.start_time >= $2 AND a.start_time < $3
        AND a.status = ANY($4::text[]) AND ($5::uuid[] IS NULL OR a.room_id = ANY($5) OR a.more_rooms && $5))
"""
_PEOPLE = f"""
SELECT {COLUMNS} FROM people p WHERE p.tenant_id = $1 AND p.id IN (
    SELECT booked_by FROM bookings WHERE tenant_id = $1 AND end_time > $2
    UNION SELECT booked_by FROM bookings_archive WHERE tenant_id = $1 AND start_time >= $2)
"""
# Bookings that were called off later than so many minutes before their start, though not in the first minutes.
_CALLED_OFF = """
SELECT room_id, booked_by, extract(epoch FROM start_time - updated_at) / 60 AS ahead FROM (
    SELECT room_id, booked_by, start_time, updated_at, created_at, status FROM bookings
        WHERE tenant_id = $1 AND end_time > $2 AND start_time >= $2 AND start_time < $3
    UNION ALL
    SELECT room_id, booked_by, start_time, updated_at, created_at, status FROM bookings_archive
        WHERE tenant_id = $1 AND start_time >= $2 AND start_time < $3
) b WHERE status = 'cancelled' AND updated_at < start_time AND updated_at - created_at >= $4::interval
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """A booking that would have been refused. `why` ends a line: "booked 20 minutes ahead"."""

    booking_id: UUID
    room: Room
    location: Location
    start: datetime
    minutes: int
    booker: str
    slack_user_id: str
    rule: str
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Concerned:
    """Somebody, and how many of their bookings would have been refused."""

    person_id: UUID
    slack_user_id: str
    name: str
    refused: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Rehearsed:
    """What would have come of a rule in the last `days`.

    `bookings` were made in all; of these `refused` would not have been, `asked` would have waited for approval. `by_rule`
    counts every rule that a booking breaks; `cancellations` would have come too late.
    """

    days: int = DAYS
    bookings: int = 0
    refused: int = 0
    asked: int = 0
    cancellations: int = 0
    by_rule: Mapping[str, int] = field(default_factory=dict)
    examples: tuple[Example, ...] = ()
    people: tuple[Concerned, ...] = ()

    @property
    def share(self) -> float:
        """The refused, of all, from 0 to 1."""
        return self.refused / self.bookings if self.bookings else 0.0


# What a booking breaks: names of rules.
Verdicts = dict[UUID, list[str]]


class Rehearsal:
    """Rehearses rules, quotas and rights on what was booked."""

    def __init__(self, db: Database, catalogues: Catalogues, clock: Clock) -> None:
        self._db = db
        self._catalogues = catalogues
        self._clock = clock
        self._settling = Settling(db, catalogues)

    async def of(
        self,
        wanted: Rules,
        *,
        location_id: UUID | None = None,
        room_id: UUID | None = None,
        group_id: UUID | None = None,
    ) -> Rehearsed:
        """Return what these rules would have refused, set at a location, a room or everywhere, for a group or everybody.

        Raises as `Rooms.set_policy` does.
        """
        if location_id and room_id:
            raise InvalidPolicy("Rules are set for a location or for a room, not for both at once.")
        await self._settling.scoped(location_id=location_id, room_id=room_id, group_id=group_id)
        values = policies.judged(wanted, for_group=group_id is not None)
        scope = room_id or location_id
        catalogue = await self._catalogues.current()
        then = policies.with_rules(catalogue, values, scope=scope, group_id=group_id)
        past = await self._past(lead=timedelta(0), suspected=_Suspects.of(values, catalogue, then, now_at=self._clock.now()))
        judging = _Rules(past=past, now=catalogue, then=then)
        # Beside everybody's answers, not before them.
        found = await self._counted(await asyncio.to_thread(judging.outcome, scope), catalogue, scope)
        if "cancel_notice_minutes" in values:
            return replace(found, cancellations=await self._called_off(past, then))
        return found

    async def of_quota(self, quota: Quota) -> Rehearsed:
        """Return what a quota would have refused, with the others that are set; its `id` may be new."""
        await self._settling.scoped(location_id=quota.location_id, room_id=quota.room_id, group_id=quota.group_id)
        past = await self._past(lead=LEAD)
        others = [one for one in past.catalogue.quotas if one.id != quota.id]
        verdicts = await asyncio.to_thread(_over_quota, past, quota, [*others, quota])
        return past.outcome(verdicts, asked=0, scope=quota.scope)

    async def of_rights(self, *, give: Sequence[Grant] = (), take: Sequence[UUID] = ()) -> Rehearsed:
        """Return what would have been refused, or asked for, with some rights given and others taken back."""
        past = await self._past(lead=timedelta(0))
        now = past.catalogue
        kept = tuple(grant for grant in now.rights if grant.id not in set(take))
        then = replace(now, rights=(*kept, *give))
        verdicts: Verdicts = {}
        asked = set()
        for made in past.made:
            actor, room = past.actor(made.person_id), then.room(made.room_id)
            right, before = past.right_in(then, actor, room), past.right_in(now, actor, room)
            if right is None and before is not None:
                verdicts[made.id] = ["rights"]
            elif right is Right.REQUEST and before is Right.BOOK:
                asked.add(made.id)
        return past.outcome(verdicts, asked=len(asked - verdicts.keys()), scope=None)

    async def _past(self, *, lead: timedelta, suspected: _Suspects | None = None) -> _Past:
        catalogue = await self._catalogues.current()
        now = self._clock.now()
        since = now - timedelta(days=DAYS)

        async def work(session: ReadSession) -> tuple[list[Made], list[Any]]:
            people = await session.all(_PEOPLE, session.tenant, since - lead)
            sql, values = _EVERY, tuple[object, ...]()
            if suspected:
                guests = [row["id"] for row in people if row["guest"]] if suspected.guests else []
                sql, values = _SUSPECTS, suspected.values(guests)
            made: list[Made] = []
            first = since - lead
            while first < now:
                last = min(first + SLICE, now)
                columns = await session.one(sql, session.tenant, first, last, limits.COUNTED, *values)
                if columns and columns[0]:
                    made += [Made._make(row) for row in zip(*columns, strict=True)]
                first = last
            return made, people

        made, people = await self._db.read(work)
        known = {room.id for room in catalogue.rooms}
        return _Past(
            catalogue=catalogue,
            made=made if known.issuperset(one.room_id for one in made) else [one for one in made if one.room_id in known],
            people={row["id"]: person_from(row) for row in people},
            since=int(since.timestamp()) // 60,
        )

    async def _counted(self, found: Rehearsed, catalogue: Catalogue, scope: UUID | None) -> Rehearsed:
        """Return the outcome with how many bookings there were, of which it saw the suspects alone."""
        now = self._clock.now()
        rooms = [room.id for room in catalogue.rooms if scope in {room.id, room.location_id}] if scope else None
        since = now - timedelta(days=DAYS)
        count: int = await self._db.read(
            lambda session: session.value(_HOW_MANY, session.tenant, since, now, limits.COUNTED, rooms)
        )
        return replace(found, bookings=count)

    async def _called_off(self, past: _Past, then: Catalogue) -> int:
        now = self._clock.now()
        since = now - timedelta(days=DAYS)
        rows = await self._db.read(
            lambda session: session.all(_CALLED_OFF, session.tenant, since, now, rules.SECOND_THOUGHTS)
        )
        known = {room.id for room in then.rooms}
        late = 0
        for row in rows:
            if row["room_id"] not in known:
                continue
            room, actor = then.room(row["room_id"]), past.actor(row["booked_by"])
            if row["ahead"] < then.policy(room, actor.groups).cancel_notice_minutes:
                late += not any(past.may(actor, right, room) for right in (Right.OVERRIDE, Right.MANAGE))
        return late


# Beyond every booking.
_ENDLESS = 1_000_000_000
_DAY = 24 * 60
# What is judged by other bookings or by who booked, so that each has to be looked at.
_OF_ALL = frozenset({"one_at_a_time", "setup_minutes", "teardown_minutes", "approval"})


@dataclass(frozen=True, kw_only=True)
class _Suspects:
    """The strictest of what new rules want of any room: whatever keeps it is refused nowhere."""

    notice: int = 0
    shortest: int = 0
    longest: int = _ENDLESS
    horizon: int = _ENDLESS
    cutoff: int = _ENDLESS
    hours: bool = False
    opens: tuple[int, ...] = (0,) * 7
    closes: tuple[int, ...] = (_DAY,) * 7
    guests: bool = False
    days: tuple[int, ...] = ()

    @classmethod
    def of(cls, values: Mapping[str, Any], now: Catalogue, then: Catalogue, *, now_at: datetime) -> _Suspects | None:
        """Return what to look for with these rules, None where every booking has to be looked at."""
        if values.keys() & _OF_ALL:
            return None
        groups = [frozenset[UUID](), *(frozenset({group}) for group in then.ruled_groups)]
        rooms = {then.alike(room): room for room in then.rooms}.values()
        pairs = [(now.policy(room, some), then.policy(room, some)) for room in rooms for some in groups]
        new = [after for before, after in pairs if after != before]
        if not new:
            return cls()
        weeks = [policy.opening for policy in new] if "opening" in values else []
        closing = values.keys() & {"holidays_country", "holidays_closed"}
        cutoffs = [policy.cutoff_from for policy in new if policy.cutoff_from is not None] if "cutoff_on" in values else []
        return cls(
            notice=max(policy.notice_minutes for policy in new) if "notice_minutes" in values else 0,
            shortest=max(policy.shortest_minutes for policy in new) if "shortest_minutes" in values else 0,
            longest=min(policy.longest_minutes for policy in new) if "longest_minutes" in values else _ENDLESS,
            horizon=min(policy.horizon_days for policy in new) if "horizon_days" in values else _ENDLESS,
            cutoff=min((hour.hour * 60 + hour.minute for hour in cutoffs), default=_ENDLESS),
            hours=bool(weeks),
            opens=tuple(max(_day(week[n])[0] for week in weeks) for n in range(7)) if weeks else (0,) * 7,
            closes=tuple(min(_day(week[n])[1] for week in weeks) for n in range(7)) if weeks else (_DAY,) * 7,
            guests="guests_may_book" in values,
            days=_closed_days(then, now_at) if closing else (),
        )

    def values(self, guests: Sequence[UUID]) -> tuple[object, ...]:
        """Return the values of `_SUSPECTS` from the fifth on."""
        return (
            self.notice,
            self.shortest,
            self.longest,
            self.horizon,
            self.cutoff,
            self.hours,
            list(self.opens),
            list(self.closes),
            list(guests),
            list(self.days),
        )


def _day(hours: Opening) -> tuple[int, int]:
    """Return a weekday's hours; of one that is closed, such that nothing is within them."""
    return (hours.opens, hours.closes) if hours.opens < hours.closes else (_DAY, 0)


def _closed_days(catalogue: Catalogue, now: datetime) -> tuple[int, ...]:
    """Return the days, counted since 1970, on which any room would be closed for a holiday."""
    today = now.date()
    rooms = {catalogue.alike(room): room for room in catalogue.rooms}.values()
    days = [today - timedelta(days=number) for number in range(-2, DAYS + 2)]
    found = {
        day
        for room in rooms
        for groups in (frozenset[UUID](), *(frozenset({group}) for group in catalogue.ruled_groups))
        for day in days
        if catalogue.holiday(catalogue.place_of(room), room, day, groups)
    }
    return tuple(sorted((day - date(1970, 1, 1)).days for day in found))


@dataclass(kw_only=True)
class _Past:
    """What was booked, by whom, and what ruled it."""

    catalogue: Catalogue
    made: list[Made]
    people: Mapping[UUID, Person]
    since: int
    _actors: dict[UUID, Actor] = field(default_factory=dict)
    _may: dict[tuple[UUID, Right, UUID], bool] = field(default_factory=dict)
    _rights: dict[tuple[int, UUID, UUID], Right | None] = field(default_factory=dict)

    @cached_property
    def _given(self) -> frozenset[Right]:
        """The rights that anybody but admins has."""
        return frozenset(grant.right for grant in self.catalogue.rights)

    def actor(self, person_id: UUID) -> Actor:
        """Return a booker, as they are now."""
        if person_id not in self._actors:
            known = self.people.get(person_id)
            self._actors[person_id] = (
                known.acting() if known else Actor(person_id=person_id, slack_user_id="", name="somebody")
            )
        return self._actors[person_id]

    def may(self, actor: Actor, right: Right, room: Room) -> bool:
        """Tell whether a booker has a right, looked up once for rooms that are alike."""
        if actor.admin or right not in self._given:
            return actor.admin
        key = (actor.person_id, right, self.catalogue.alike(room))
        if key not in self._may:
            self._may[key] = rights.may(actor, right, room, self.catalogue)
        return self._may[key]

    def right_in(self, catalogue: Catalogue, actor: Actor, room: Room) -> Right | None:
        """Return how a booker may book a room in a catalogue."""
        key = (id(catalogue), actor.person_id, catalogue.alike(room))
        if key not in self._rights:
            self._rights[key] = rights.bookable_by(actor, room, catalogue)
        return self._rights[key]

    def outcome(self, verdicts: Verdicts, *, asked: int, scope: UUID | None) -> Rehearsed:
        """Count what was found; what lies before the days that are looked at only counted."""
        looked_at = [made for made in self.made if made.at >= self.since and self._within(made, scope)]
        refused = {made.id: made for made in looked_at if made.id in verdicts}
        by_person = Counter(made.person_id for made in refused.values())
        latest = sorted(refused.values(), key=lambda made: made.at, reverse=True)[:EXAMPLES]
        return Rehearsed(
            bookings=len({made.id for made in looked_at}),
            refused=len(refused),
            asked=asked,
            by_rule=dict(Counter(rule for made_id in refused for rule in verdicts[made_id]).most_common()),
            examples=tuple(self._example(made, verdicts[made.id][0]) for made in latest),
            people=tuple(self._concerned(person, number) for person, number in by_person.most_common(PEOPLE)),
        )

    def _within(self, made: Made, scope: UUID | None) -> bool:
        return scope is None or scope == made.room_id or scope == self.catalogue.room(made.room_id).location_id

    def _example(self, made: Made, rule: str) -> Example:
        room, booker = self.catalogue.room(made.room_id), self.actor(made.person_id)
        return Example(
            booking_id=made.id,
            room=room,
            location=self.catalogue.place_of(room),
            start=datetime.fromtimestamp(made.at * 60, UTC),
            minutes=made.minutes,
            booker=booker.name,
            slack_user_id=booker.slack_user_id,
            rule=rule,
            why=rehearsed.why(rule, made),
        )

    def _concerned(self, person_id: UUID, refused: int) -> Concerned:
        actor = self.actor(person_id)
        return Concerned(person_id=person_id, slack_user_id=actor.slack_user_id, name=actor.name, refused=refused)


@dataclass(kw_only=True)
class _Rules:
    """Judges what was booked by rules as they would be, where they differ from those of now."""

    past: _Past
    now: Catalogue
    then: Catalogue
    _judges: dict[tuple[UUID, UUID, frozenset[UUID]], tuple[Mapping[str, rehearsed.Judge], bool]] = field(
        default_factory=dict
    )

    _alone: dict[tuple[UUID, frozenset[UUID]], bool] = field(default_factory=dict)

    def outcome(self, scope: UUID | None) -> Rehearsed:
        """Return what the rules would have refused."""
        verdicts: Verdicts = {}
        asked = set()
        judged = [made for made in self.past.made if made.at >= self.past.since]
        places: dict[UUID, tuple[UUID, UUID]] = {
            room.id: (self.then.alike(room), room.location_id) for room in self.then.rooms
        }
        alone: dict[UUID, tuple[Mapping[str, rehearsed.Judge], bool]] = {}
        for made in judged:
            actor = self.past.actor(made.person_id)
            # Without rules for groups, all bookings of a room are judged alike.
            known = alone.get(made.room_id)
            if known is None:
                known = self._of(made, actor, places[made.room_id])
                if not self.then.ruled_groups:
                    alone[made.room_id] = known
            judges, asks = known
            broken = [name for name, judge in judges.items() if judge(made, actor.guest, actor.admin)]
            if broken and self._may_override(actor, made):
                broken = [name for name in broken if name not in _OVERRIDDEN]
            if broken:
                said = verdicts.setdefault(made.id, [])
                said += [name for name in broken if name not in said]
            if asks and not self._unasked(actor, made):
                asked.add(made.id)
        for rule, found in self._together(judged):
            for made in found:
                verdicts.setdefault(made.id, []).append(rule)
        return self.past.outcome(verdicts, asked=len(asked - verdicts.keys()), scope=scope)

    def _of(self, made: Made, actor: Actor, place: tuple[UUID, UUID]) -> tuple[Mapping[str, rehearsed.Judge], bool]:
        key = (*place, actor.groups & self.then.ruled_groups)
        if key not in self._judges:
            room = self.then.room(made.room_id)
            old, new = self.now.policy(room, actor.groups), self.then.policy(room, actor.groups)
            location = self.then.place_of(room)

            def closed_on(day: Any) -> str | None:  # noqa: ANN401 - a date
                return self.then.holiday(location, room, day, actor.groups)

            self._judges[key] = (rehearsed.judges(old, new, closed_on), new.approval and not old.approval)
        return self._judges[key]

    def _may_override(self, actor: Actor, made: Made) -> bool:
        return self.past.may(actor, Right.OVERRIDE, self.then.room(made.room_id))

    def _unasked(self, actor: Actor, made: Made) -> bool:
        return self._may_override(actor, made) or self.past.may(actor, Right.APPROVE, self.then.room(made.room_id))

    def _together(self, judged: list[Made]) -> Iterable[tuple[str, Iterable[Made]]]:
        """Return what two bookings break together: one room at a time, and the time between two."""
        alone = {made.id for made in judged if self._newly_alone(made)}
        if alone:
            yield "one_at_a_time", (made for made in rehearsed.at_once(judged) if made.id in alone)
        apart = {room.id: gap for room in self.then.rooms if (gap := self._gap(room))}
        if apart:
            yield "setup_minutes", rehearsed.too_close(judged, apart)

    def _newly_alone(self, made: Made) -> bool:
        actor = self.past.actor(made.person_id)
        key = (made.room_id, actor.groups & self.then.ruled_groups)
        if key not in self._alone:
            room = self.then.room(made.room_id)
            new, old = self.then.policy(room, actor.groups), self.now.policy(room, actor.groups)
            self._alone[key] = new.one_at_a_time and not old.one_at_a_time
        return self._alone[key] and not self._may_override(actor, made)

    def _gap(self, room: Room) -> int:
        """Return how far apart two meetings in a room would have to be; nothing where that is no more than now."""
        old, new = self.now.policy(room), self.then.policy(room)
        gap = _buffer(room.setup_minutes, old, new, "setup_minutes")
        gap += _buffer(room.teardown_minutes, old, new, "teardown_minutes")
        return gap if gap > room.setup_minutes + room.teardown_minutes else 0


def _buffer(in_force: int, old: Policy, new: Policy, name: str) -> int:
    """Return a room's buffer by the new rules: its own stays, and what it has from the old rules is replaced."""
    return int(getattr(new, name)) if in_force == getattr(old, name) else in_force


_OVERRIDDEN = frozenset(
    {"shortest_minutes", "longest_minutes", "horizon_days", "notice_minutes", "opening", "cutoff_from", "holidays_country"}
)


def _over_quota(past: _Past, quota: Quota, quotas: Sequence[Quota]) -> Verdicts:
    """Return what a quota would have refused, each judged by what was booked before it."""
    applies: dict[frozenset[UUID], bool] = {}
    used: Counter[object] = Counter()
    verdicts: Verdicts = {}
    rooms = {room.id: room for room in past.catalogue.rooms if quota.scope in {None, room.id, room.location_id}}
    for made in sorted(past.made, key=lambda made: made.at - made.ahead):
        room = rooms.get(made.room_id)
        if room is None or (quota.room_id is None and not made.first):
            continue
        actor = past.actor(made.person_id)
        if actor.groups not in applies:
            applies[actor.groups] = limits.holds_for(quota, quotas, actor.groups)
        if not applies[actor.groups]:
            continue
        key = (None if quota.together else made.person_id, _period(quota.period, made))
        worth = 1 if quota.measure is Measure.COUNT else made.minutes
        if used[key] + worth > quota.most and not past.may(actor, Right.OVERRIDE, room):
            verdicts[made.id] = ["quota"]
        else:
            used[key] += worth
    return verdicts


def _period(period: Period, made: Made) -> object:
    """Return a name for the day, week or month in which a booking begins."""
    day = made.starts // _DAY
    match period:
        case Period.DAY:
            return day
        case Period.WEEK:
            return (day + 3) // 7  # 1970 began on a Thursday
        case Period.MONTH:
            return made.day.replace(day=1)
