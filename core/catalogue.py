"""Rooms, locations and their rules as one value, kept in the process until somebody changes them, or for some time.

Booking does not rest on it: seats and activity are checked again by the database. One load serves everybody who waits.
Kept out: changing rooms (`rooms`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Iterable, Iterator, Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from functools import cached_property, wraps
from time import monotonic
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar
from uuid import UUID

from core import countries, generosity, regulations
from core.clock import SystemClock
from core.db import Database, ReadSession, WriteSession
from core.errors import (
    BookingError,
    Busy,
    EquipmentNotFound,
    InvalidSetting,
    KeyReused,
    LocationNotFound,
    RoomNotFound,
    Unavailable,
)
from core.models import Actor, CheckIn, Equipment, Location, Opening, Policy, Right, Room
from core.regulations import Closure, Grant, Group, OwnDay, Quota
from core.selection import Selection

T = TypeVar("T")
_P = ParamSpec("_P")
_Scoped = TypeVar("_Scoped", Grant, Closure)

FRESH_SECONDS = 5.0
# Where every change is heard of, time is only for what is changed by hand, past all that tells of it.
TOLD_SECONDS = 60.0
CACHE, HIT, FILLED, WAITED, FORGOTTEN = "catalogue", "hit", "filled", "waited", "forgotten"
# So often somebody is judged anew while admins go on changing rooms and rules.
JUDGED_AGAIN = 8
# Of so many selections of rooms it is remembered which they are.
MOST_REMEMBERED = 100
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_ROOMS = """
SELECT r.id, r.location_id, r.name, r.capacity, r.floor, r.setup_minutes, r.teardown_minutes, r.active, r.version,
    r.photo, coalesce(array_agg(a.name) FILTER (WHERE a.name IS NOT NULL), '{}') AS amenities,
    ARRAY(SELECT p.part_id FROM room_parts p WHERE p.tenant_id = r.tenant_id AND p.whole_id = r.id) AS parts
FROM rooms r LEFT JOIN room_amenities a ON a.tenant_id = r.tenant_id AND a.room_id = r.id
WHERE r.tenant_id = $1 GROUP BY r.tenant_id, r.id ORDER BY lower(r.name), r.id
"""
_LOCATIONS = "SELECT id, name, zone, active, board_open FROM locations WHERE tenant_id = $1 ORDER BY lower(name)"
_EQUIPMENT = (
    "SELECT id, name, location_id, quantity, active, version FROM equipment WHERE tenant_id = $1 ORDER BY lower(name)"
)
_POLICIES = """
SELECT location_id, room_id, group_id, opening, shortest_minutes, longest_minutes, horizon_days, cutoff_on, cutoff_from,
    guests_may_book, check_in, check_in_opens_minutes, check_in_grace_minutes, check_in_longest_minutes,
    check_in_notice_minutes, notice_minutes, cancel_notice_minutes, one_at_a_time, setup_minutes, teardown_minutes,
    details_hidden, approval, approval_hours, holidays_country, holidays_closed
FROM policies WHERE tenant_id = $1
"""
_CHANGED_AT = "SELECT happened_at FROM changes WHERE tenant_id = $1 ORDER BY happened_at DESC LIMIT 1"
# What stands in the audit too, but rules nobody's bookings, is told apart: it happens all the time.
# As a value in a statement that does something else; {moment} is the catalogue's `changed_at`.
SINCE = """
EXISTS (SELECT FROM changes WHERE tenant_id = $1 AND happened_at > coalesce({moment}, '-infinity'::timestamptz)
    AND subject NOT IN ('series', 'token'))
"""
CHANGED_SINCE = f"SELECT {SINCE.format(moment='$2')}"
# The same as it is by now, for a statement that may have waited for somebody since it began.
SINCE_BY_NOW = "changed_since($1, {moment})"
NOBODY: frozenset[UUID] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """All rooms and locations of the workspace, and everything that rules them.

    `rules` holds what is set at each scope's id (None: the workspace), `group_rules` what is set there for a group.
    Rights, closures and quotas are those in force now or ahead; `own_days` are the days that admins have set; `as_kept`
    are the rooms, as they are kept, that have setup or teardown from the rules. `changed_at` is when an admin last
    changed anything, None where nobody has.
    """

    rooms: tuple[Room, ...] = ()
    locations: tuple[Location, ...] = ()
    rules: Mapping[UUID | None, Mapping[str, Any]] = field(default_factory=dict)
    equipment: tuple[Equipment, ...] = ()
    group_rules: Mapping[tuple[UUID | None, UUID], Mapping[str, Any]] = field(default_factory=dict)
    groups: tuple[Group, ...] = ()
    rights: tuple[Grant, ...] = ()
    closures: tuple[Closure, ...] = ()
    quotas: tuple[Quota, ...] = ()
    own_days: tuple[OwnDay, ...] = ()
    changed_at: datetime | None = None
    as_kept: Mapping[UUID, Room] = field(default_factory=dict)
    _rooms_by_id: Mapping[UUID, Room] = field(init=False, repr=False, compare=False)
    _locations_by_id: Mapping[UUID, Location] = field(init=False, repr=False, compare=False)
    _policies: dict[tuple[UUID, frozenset[UUID]], Policy] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )
    _bookable: dict[tuple[UUID, bool, frozenset[UUID]], tuple[Room, ...]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )
    _remembered: dict[Hashable, Selection] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_rooms_by_id", {room.id: room for room in self.rooms})
        object.__setattr__(self, "_locations_by_id", {place.id: place for place in self.locations})

    @cached_property
    def bookable(self) -> tuple[Room, ...]:
        """Rooms that are in use, at locations that are."""
        return tuple(room for room in self.rooms if room.active and self.place_of(room).active)

    @cached_property
    def places_used(self) -> frozenset[UUID]:
        """The locations that have rooms in use."""
        return frozenset(room.location_id for room in self.bookable)

    @cached_property
    def by_size(self) -> tuple[Room, ...]:
        """Rooms that are in use, the smallest first, by name where they are alike."""
        return tuple(sorted(self.bookable, key=lambda room: (room.capacity, room.name.casefold(), room.id)))

    @cached_property
    def amenities(self) -> frozenset[str]:
        """Every amenity that some room in use has."""
        return frozenset(name for room in self.bookable for name in room.amenities)

    def room(self, room_id: UUID) -> Room:
        """Return the room, or raise RoomNotFound."""
        if room := self._rooms_by_id.get(room_id):
            return room
        raise RoomNotFound("That room does not exist any more.")

    def location(self, location_id: UUID) -> Location:
        """Return the location, or raise LocationNotFound."""
        if place := self._locations_by_id.get(location_id):
            return place
        raise LocationNotFound("That location does not exist any more.")

    def own(self, room: Room) -> Room:
        """Return the room with the setup and teardown that are its own, as whoever edits it wants to see it."""
        return self.as_kept.get(room.id, room)

    def thing(self, equipment_id: UUID) -> Equipment:
        """Return a piece of equipment, or raise EquipmentNotFound."""
        for one in self.equipment:
            if one.id == equipment_id:
                return one
        raise EquipmentNotFound("That equipment does not exist any more.")

    def place_of(self, room: Room) -> Location:
        """Return the room's location."""
        return self.location(room.location_id)

    @cached_property
    def _wholes(self) -> Mapping[UUID, tuple[UUID, ...]]:
        """The ids of the divisible rooms that claim a part, by the part's id."""
        found: dict[UUID, tuple[UUID, ...]] = {}
        for room in self.rooms:
            for part in room.parts:
                found[part] = (*found.get(part, ()), room.id)
        return found

    def sharing(self, room: Room) -> tuple[Room, ...]:
        """Return the room and whatever cannot be booked beside it: its parts, and divisible rooms that share one with it."""
        if not self._wholes:
            return (room,)
        others = {part: self._rooms_by_id[part] for part in room.parts if part in self._rooms_by_id}
        others |= {whole: self._rooms_by_id[whole] for leaf in room.leaves for whole in self._wholes.get(leaf, ())}
        others.pop(room.id, None)
        return (room, *sorted(others.values(), key=lambda other: (other.name.casefold(), other.id)))

    def policy(self, room: Room, groups: frozenset[UUID] = NOBODY) -> Policy:
        """Return the rules in force for the room, and for somebody in these groups.

        The nearest scope that sets a rule wins; within a scope, a group's rule wins over everybody's, and of several
        groups' the most generous.
        """
        # Rooms without rules of their own share their location's, as one value.
        nearest = room.id if room.id in self._ruled else room.location_id
        key = (nearest, groups & self.ruled_groups)
        if key not in self._policies:
            self._policies[key] = _merged(self._rules_of(room, key[1]))
        return self._policies[key]

    def _rules_of(self, room: Room, groups: frozenset[UUID]) -> Iterator[Mapping[str, Any]]:
        """Give out what is set, from what yields to what wins."""
        for scope in (None, room.location_id, room.id):
            yield self.rules.get(scope, {})
            of_groups = [self.group_rules[scope, group] for group in groups if (scope, group) in self.group_rules]
            if of_groups:
                yield generosity.most_generous(of_groups)

    @cached_property
    def _ruled(self) -> frozenset[UUID | None]:
        return frozenset((*self.rules, *(scope for scope, _ in self.group_rules)))

    @cached_property
    def ruled_groups(self) -> frozenset[UUID]:
        """The groups that have rules of their own anywhere."""
        return frozenset(group for _, group in self.group_rules)

    @cached_property
    def _particular(self) -> frozenset[UUID | None]:
        # Where rooms are looked at as if they were one, there is none but that.
        named = (one.room_id for one in self.closures if one.room_id)
        shut = (self._rooms_by_id[room_id] for room_id in named if room_id in self._rooms_by_id)
        closed = {other.id for room in shut for other in self.sharing(room)}
        return self._ruled | closed | {grant.room_id for grant in self.rights if grant.room_id}

    def alike(self, room: Room) -> UUID:
        """Return what rooms that are under the very same rules, rights and closures have in common, as an id."""
        return room.id if room.id in self._particular else room.location_id

    @cached_property
    def one_at_a_time_anywhere(self) -> bool:
        """Whether there is a room of which somebody may hold only one at a time."""
        return any(rules.get("one_at_a_time") for rules in (*self.rules.values(), *self.group_rules.values()))

    # -- rights ----------------------------------------------------------------------------------------------------

    @cached_property
    def _grants(self) -> Mapping[UUID | None, tuple[Grant, ...]]:
        return _by_scope(self.rights)

    def grants(self, room: Room) -> Iterator[tuple[Grant, ...]]:
        """Give out what rights are given for the room, for its location and everywhere."""
        for scope in (room.id, room.location_id, None):
            yield self._grants.get(scope, ())

    def right_to_book(self, actor: Actor, room: Room) -> Right | None:
        """Return whether somebody books the room or asks for it; None where they may do neither.

        The nearest scope at which anybody may decides; where nobody is named anywhere, everybody books. Admins book.
        """
        if actor.admin or not self._limits_booking:
            return Right.BOOK
        for given in self.grants(room):
            naming = [grant for grant in given if grant.right in {Right.BOOK, Right.REQUEST}]
            if naming:
                held = {grant.right for grant in naming if grant.held_by(actor)}
                return Right.BOOK if Right.BOOK in held else Right.REQUEST if held else None
        return Right.BOOK

    def only_asked_for(self, room: Room) -> bool:
        """Tell whether there is anybody who may only ask for the room."""
        for given in self.grants(room):
            naming = [grant.right for grant in given if grant.right in {Right.BOOK, Right.REQUEST}]
            if naming:
                return Right.REQUEST in naming
        return False

    @cached_property
    def _limits_booking(self) -> bool:
        return any(grant.right in {Right.BOOK, Right.REQUEST} for grant in self.rights)

    def bookable_for(self, actor: Actor) -> tuple[Room, ...]:
        """Return the rooms in use that somebody may book or ask for, by name."""
        if actor.admin or not self._limits_booking:
            return self.bookable
        key = (actor.person_id, actor.admin, actor.groups)
        if key not in self._bookable:
            verdicts: dict[UUID, bool] = {}
            for room in self.bookable:
                alike = self.alike(room)
                if alike not in verdicts:
                    verdicts[alike] = self.right_to_book(actor, room) is not None
            self._bookable[key] = tuple(room for room in self.bookable if verdicts[self.alike(room)])
        return self._bookable[key]

    # -- days and times --------------------------------------------------------------------------------------------

    @cached_property
    def _closures(self) -> Mapping[UUID | None, tuple[Closure, ...]]:
        return _by_scope(self.closures)

    def closures_of(self, room: Room) -> tuple[Closure, ...]:
        """Return the closures ahead that close the room: its own, those of its parts, its location and everything."""
        if not self.closures:
            return ()
        scopes = (*(other.id for other in self.sharing(room)), room.location_id, None)
        return tuple(closure for scope in scopes for closure in self._closures.get(scope, ()))

    @cached_property
    def _own_days(self) -> Mapping[tuple[UUID, date], OwnDay]:
        return {(one.location_id, one.day): one for one in self.own_days}

    def holiday(self, location: Location, room: Room | None, day: date, groups: frozenset[UUID] = NOBODY) -> str | None:
        """Return the name of the holiday for which the room (None: the location as such) is closed on a day there."""
        policy = self.policy(room, groups) if room else self.policy_at(location)
        if not policy.holidays_closed:
            return None
        if own := self._own_days.get((location.id, day)):
            return own.name if own.closed else None
        return countries.days(policy.holidays_country, day.year).get(day) if policy.holidays_country else None

    def knows_holidays(self, room: Room) -> bool:
        """Tell whether any day may be a holiday for the room, which saves looking at each."""
        return bool(self.own_days) or self.policy(room).holidays_country is not None

    def policy_at(self, location: Location) -> Policy:
        """Return the rules that a location has for everybody, whatever its rooms have of their own."""
        return _merged((self.rules.get(None, {}), self.rules.get(location.id, {})))

    # -- names -----------------------------------------------------------------------------------------------------

    def group(self, group_id: UUID) -> Group:
        """Return the group, or raise InvalidSetting."""
        for one in self.groups:
            if one.id == group_id:
                return one
        raise InvalidSetting("That group does not exist any more.", fields={"group": "It does not exist any more."})

    def scope_name(self, scope: UUID | None) -> str:
        """Return what a room or location is called, "everywhere" for None; raise RoomNotFound where it is neither."""
        if scope is None:
            return "everywhere"
        place = self._locations_by_id.get(scope)
        return place.name if place else self.room(scope).name

    def hides(self, room: Room) -> bool:
        """Tell whether every booking of the room is private."""
        return self.policy(room).details_hidden

    def by_size_for(self, actor: Actor) -> Sequence[Room]:
        """Return the rooms of `bookable_for`, in the order of `by_size`."""
        mine = self.bookable_for(actor)
        if mine is self.bookable:
            return self.by_size
        there = {room.id for room in mine}
        return [room for room in self.by_size if room.id in there]

    def one_of_each(self, rooms: Selection) -> Mapping[UUID, Room]:
        """Return, for each kind of rooms among these that are `alike`, the first of them."""
        if rooms.kinds is None:
            rooms.kinds = {self.alike(room): room for room in reversed(rooms)}
        return rooms.kinds

    def remembered(self, key: Hashable, find: Callable[[], Selection]) -> Selection:
        """Return the rooms that were found under a key, or find and keep them."""
        if key not in self._remembered:
            if len(self._remembered) >= MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[key] = find()
        return self._remembered[key]

    def rooms_at(self, location_id: UUID | None, actor: Actor | None = None) -> tuple[Room, ...]:
        """Return the rooms in use at the location, or everywhere; of those that the actor may book where one is given."""
        rooms = self.bookable_for(actor) if actor else self.bookable
        return tuple(room for room in rooms if location_id is None or room.location_id == location_id)


_PLAIN = (
    "shortest_minutes",
    "longest_minutes",
    "horizon_days",
    "guests_may_book",
    "check_in",
    "notice_minutes",
    "cancel_notice_minutes",
    "one_at_a_time",
    "setup_minutes",
    "teardown_minutes",
    "details_hidden",
    "approval",
    "approval_hours",
    "holidays_country",
    "holidays_closed",
)
_CHECK_IN = {f"check_in_{name}_minutes": name for name in ("opens", "grace", "longest", "notice")}


def _by_scope(all_of_them: Iterable[_Scoped]) -> dict[UUID | None, tuple[_Scoped, ...]]:
    found: dict[UUID | None, list[_Scoped]] = {}
    for one in all_of_them:
        found.setdefault(one.scope, []).append(one)
    return {scope: tuple(there) for scope, there in found.items()}


def _merged(scopes: Iterable[Mapping[str, Any]]) -> Policy:
    merged: dict[str, Any] = {}
    for scope in scopes:
        merged |= scope
    minutes = {name: merged.pop(column) for column, name in _CHECK_IN.items() if column in merged}
    wanted = merged.pop("check_in", False)
    return replace(Policy(), **merged, check_in=CheckIn(**minutes) if wanted else None)


def opening_from(stored: Mapping[str, Any]) -> tuple[Opening, ...]:
    """Return a week from `{"mon": ["08:00", "18:00"], ...}`; a weekday that is absent is closed."""
    return tuple(_opening(stored.get(day)) for day in WEEKDAYS)


def _opening(hours: Any) -> Opening:  # noqa: ANN401 - what stands in the JSON of the database
    if not hours:
        return Opening(opens=0, closes=0)
    opens, closes = (int(text[:2]) * 60 + int(text[3:5]) for text in hours)
    return Opening(opens=opens, closes=closes)


def _rules(row: Mapping[str, Any]) -> dict[str, Any]:
    rules = {name: row[name] for name in (*_PLAIN, *_CHECK_IN) if row[name] is not None}
    if row["opening"] is not None:
        rules["opening"] = opening_from(row["opening"])
    if row["cutoff_on"] is not None:
        rules["cutoff_from"] = (row["cutoff_from"] or time(17)) if row["cutoff_on"] else None
    return rules


async def load(session: ReadSession) -> Catalogue:
    """Read the whole catalogue; rooms have the setup and teardown that are their own."""
    # First: what is changed while the rest is read then makes this catalogue look older than it is, never younger.
    changed_at = await session.value(_CHANGED_AT, session.tenant)
    locations = [Location(**row) for row in await session.all(_LOCATIONS, session.tenant)]
    rooms = [
        Room(**{**row, "amenities": frozenset(row["amenities"]), "parts": frozenset(row["parts"])})
        for row in await session.all(_ROOMS, session.tenant)
    ]
    equipment = [Equipment(**row) for row in await session.all(_EQUIPMENT, session.tenant)]
    policies = [
        (row["room_id"] or row["location_id"], row["group_id"], _rules(row))
        for row in await session.all(_POLICIES, session.tenant)
    ]
    laid_down: dict[str, list[Any]] = {}
    for kind, facts in await session.all(regulations.ALL, session.tenant):
        laid_down.setdefault(kind, []).append(_FROM_FACTS[kind](facts))
    groups = sorted(laid_down.get("group", ()), key=lambda group: group.name.casefold())
    there = {group.id for group in groups}
    return Catalogue(
        rooms=tuple(rooms),
        locations=tuple(locations),
        rules={scope: rules for scope, group, rules in policies if group is None},
        group_rules={(scope, group): rules for scope, group, rules in policies if group in there},
        equipment=tuple(equipment),
        groups=tuple(groups),
        rights=tuple(laid_down.get("grant", ())),
        closures=tuple(sorted(laid_down.get("closure", ()), key=lambda closure: (closure.slot.start, closure.id))),
        quotas=tuple(laid_down.get("quota", ())),
        own_days=tuple(laid_down.get("day", ())),
        changed_at=changed_at,
    )


_FROM_FACTS: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "group": regulations.group_from,
    "grant": regulations.grant_from,
    "closure": regulations.closure_from,
    "quota": regulations.quota_from,
    "day": regulations.day_from,
}


def with_buffers(catalogue: Catalogue) -> Catalogue:
    """Return the catalogue with rooms that have the setup and teardown in force: their own, else those of the rules."""
    if not any({"setup_minutes", "teardown_minutes"} & rules.keys() for rules in catalogue.rules.values()):
        return catalogue
    rooms = tuple(_buffered(room, catalogue.policy(room)) for room in catalogue.rooms)
    kept = {old.id: old for old, new in zip(catalogue.rooms, rooms, strict=True) if new is not old}
    return replace(catalogue, rooms=rooms, as_kept=kept)


def _buffered(room: Room, policy: Policy) -> Room:
    setup = room.setup_minutes or policy.setup_minutes
    teardown = room.teardown_minutes or policy.teardown_minutes
    if (setup, teardown) == (room.setup_minutes, room.teardown_minutes):
        return room
    return replace(room, setup_minutes=setup, teardown_minutes=teardown)


async def _learn_holidays(catalogue: Catalogue, *, year: int) -> None:
    """Have the holidays of this year and the next at hand, so that no booking waits for the library."""
    codes = {rules["holidays_country"] for rules in catalogue.rules.values() if "holidays_country" in rules}
    if codes:
        await asyncio.to_thread(lambda: [countries.days(code, one) for code in codes for one in (year, year + 1)])


class StaleCatalogueError(Exception):
    """An admin changed something after the catalogue was read by which somebody was judged; rolls the transaction back."""

    def __init__(self, judged_by: Catalogue) -> None:
        super().__init__()
        self.judged_by = judged_by


async def refuse_stale(session: ReadSession, catalogue: Catalogue) -> None:
    """Raise StaleCatalogueError where an admin changed anything since the catalogue was read, on whatever replica."""
    if await session.value(CHANGED_SINCE, session.tenant, catalogue.changed_at):
        raise StaleCatalogueError(catalogue)


def judged_by(catalogue: Catalogue, work: Callable[[WriteSession], Awaitable[T]]) -> Callable[[WriteSession], Awaitable[T]]:
    """Return work that looks, when it has waited for whomever it had to, whether it was judged by what still holds.

    Where it was not, it raises StaleCatalogueError, and nothing was done.
    """

    async def judged(session: WriteSession) -> T:
        done = await work(session)
        await refuse_stale(session, catalogue)
        return done

    return judged


class _Judging(Protocol):
    _catalogues: Catalogues


_Self = TypeVar("_Self", bound=_Judging)


def judged_anew(
    use_case: Callable[Concatenate[_Self, _P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[_Self, _P], Coroutine[Any, Any, T]]:
    """Let a use case that was judged by a catalogue that is no longer so be judged anew, by a fresh one.

    Whether it was refused by it or would have passed; the request's own key is free again, since nothing was committed.
    """

    @wraps(use_case)
    async def anew(self: _Self, /, *args: _P.args, **kwargs: _P.kwargs) -> T:
        for _ in range(JUDGED_AGAIN):
            seen = await self._catalogues.current()
            try:
                return await use_case(self, *args, **kwargs)
            except StaleCatalogueError as stale:
                self._catalogues.outdated(stale.judged_by)
            except (KeyReused, Unavailable):
                raise
            except BookingError:
                if not await self._catalogues.overtaken(seen):
                    raise
        try:
            return await use_case(self, *args, **kwargs)
        except StaleCatalogueError as error:
            raise Busy("Rooms and rules are being changed at this moment. Nothing was done; try again.") from error

    return anew


class Catalogues:
    """Gives out the catalogue, read again when it is older than `fresh_seconds`; while `told` of changes, `told_seconds`."""

    def __init__(self, db: Database, *, fresh_seconds: float = FRESH_SECONDS, told_seconds: float = TOLD_SECONDS) -> None:
        self._db = db
        self._fresh_seconds, self._told_seconds = fresh_seconds, max(fresh_seconds, told_seconds)
        self._told = False
        self._held: Catalogue | None = None
        self._loaded_at = 0.0
        self._loading: asyncio.Task[Catalogue] | None = None

    async def current(self) -> Catalogue:
        """Return the catalogue as it was a moment ago: see the class."""
        seconds = self._told_seconds if self._told else self._fresh_seconds
        if self._held is not None and monotonic() - self._loaded_at < seconds:
            self._db.telling.cached(CACHE, HIT)
            return self._held
        self._db.telling.cached(CACHE, WAITED if self._loading else FILLED)
        if self._loading is None:
            # For whoever asks meanwhile: what one of them has asked for around it is none of the others'.
            self._loading = asyncio.get_running_loop().create_task(self._load(), context=Context())
        # Shielded: one impatient asker must not end the load for the others.
        return await asyncio.shield(self._loading)

    async def using(self, work: Callable[[Catalogue], Awaitable[T]]) -> T:
        """Run `work` with the catalogue, and once more with a new one where it met a room or place that is younger.

        For what nobody asked for: a person who names a room that does not exist is told so at once.
        """
        try:
            return await work(await self.current())
        except (RoomNotFound, LocationNotFound, InvalidSetting):
            self.forget()
            return await work(await self.current())

    def forget(self) -> None:
        """Read again at the next call; whoever changes rooms or rules, or hears that somebody has, calls it."""
        if self._held is not None:
            self._db.telling.cached(CACHE, FORGOTTEN)
        self._held = None
        self._loading = None

    def told(self, *, now: bool) -> None:
        """Note whether each change is told from now on by `forget`; what was changed before may have been missed."""
        if now:
            self.forget()
        self._told = now

    async def overtaken(self, catalogue: Catalogue) -> bool:
        """Tell whether an admin changed something since a catalogue was read; if so, another one is read."""
        changed = await self._db.read_here(
            lambda session: session.value(CHANGED_SINCE, session.tenant, catalogue.changed_at)
        )
        if changed:
            self.outdated(catalogue)
        return bool(changed)

    def outdated(self, catalogue: Catalogue) -> None:
        """Read again at the next call, unless somebody has since this one was read."""
        if self._held is catalogue:
            self.forget()

    async def _load(self) -> Catalogue:
        began = monotonic()
        task = asyncio.current_task()
        try:
            catalogue = with_buffers(await self._db.read_here(load))
            await _learn_holidays(catalogue, year=SystemClock().now().year)
            if self._loading is task:  # not forgotten meanwhile
                self._held, self._loaded_at = catalogue, began
            return catalogue
        finally:
            if self._loading is task:
                self._loading = None
