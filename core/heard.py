"""What open streams are told, read from the feed: events with how their bookings stand now, and what admins changed.

Kept out: who is told (`streaming`), and as what.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from functools import cached_property
from uuid import UUID

from dateutil.relativedelta import relativedelta

from core import events, store
from core.catalogue import Catalogue
from core.db import ReadSession
from core.feed import Feed, Position, horizon
from core.models import Booking
from core.notices import Happened
from core.people import attendees_by_id
from core.search import hidden

PAGE = 100
# An event's date is its process's, that of what admins do the database's: so far they may be apart.
_APART = timedelta(seconds=60)
# Events are forgotten by their date, which is not quite their order.
_FORGETTING = timedelta(days=1)

# In order, so that it is one reach into the index whatever PostgreSQL expects of it. Behind what there is: another server.
_NEWS = """
SELECT $2::xid8 > pg_snapshot_xmax(pg_current_snapshot()) AS ahead, (
    SELECT true FROM events e WHERE e.tenant_id = $1 AND (e.transaction, e.number) > ($2::xid8, $3::bigint)
    ORDER BY e.transaction, e.number LIMIT 1
) AS news
"""
_NEWEST = """
SELECT DISTINCT ON (e.booking_id) e.booking_id, e.after
FROM unnest($2::uuid[], $3::int[]) AS told (booking_id, version)
JOIN events e ON e.tenant_id = $1 AND e.booking_id = told.booking_id AND e.booking_version > told.version
ORDER BY e.booking_id, e.booking_version DESC
"""
_STANDING = """
SELECT $2::xid8 > pg_snapshot_xmax(pg_current_snapshot()) AS ahead,
    (SELECT keep_audit_months FROM workspace WHERE tenant_id = $1) AS months,
    (SELECT true FROM events WHERE tenant_id = $1 AND transaction = $2::xid8 AND number = $3) AS there,
    (SELECT happened_at FROM events WHERE tenant_id = $1 AND (transaction, number) <= ($2::xid8, $3::bigint)
        ORDER BY transaction DESC, number DESC LIMIT 1) AS last
"""
# What else stands there, neither rooms nor rules come of it. Whatever is seen later has the later time.
_DONE = """
SELECT max(happened_at) FROM changes
WHERE tenant_id = $1 AND happened_at > $2 AND subject NOT IN ('series', 'token', 'webhook', 'feed')
"""
_LAST_DONE = "SELECT happened_at FROM changes WHERE tenant_id = $1 ORDER BY happened_at DESC LIMIT 1"


class Anew(Enum):
    """What is to be read anew: rooms and rules, which admins have changed, or everything."""

    CATALOGUE = auto()
    EVERYTHING = auto()


@dataclass(frozen=True, kw_only=True)
class Heard:
    """An event, and its booking before, after it, and as it stands now; private where rooms hide what is in them.

    `kept` is for whoever tells it to many: what they made of it.
    """

    position: Position
    happened: Happened
    before: Booking | None
    after: Booking
    newest: Booking
    catalogue: Catalogue
    kept: dict[object, bytes] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def rooms(self) -> frozenset[UUID]:
        """The rooms that it is about, before and after, with those that cannot be had beside them."""
        known = self.catalogue
        return frozenset(other.id for one in self._states for room in one.rooms for other in known.sharing(room))

    @cached_property
    def locations(self) -> frozenset[UUID]:
        """The locations that it is about, before and after."""
        return frozenset(room.location_id for one in self._states for room in one.rooms)

    @property
    def _states(self) -> tuple[Booking, ...]:
        return (self.before, self.after) if self.before else (self.after,)

    def of(self, people: frozenset[UUID], seen: Callable[[Booking], bool]) -> bool:
        """Tell whether it is about any of the people, as far as somebody may have `seen` that they book or come."""
        return any(one.attended_by(person) and seen(one) for one in self._states for person in people)


@dataclass(frozen=True, kw_only=True, slots=True)
class Interest:
    """What somebody wants to hear of: what is about any of the rooms, and any of the locations, and any of the people.

    None named is all of them.
    """

    rooms: frozenset[UUID] = frozenset()
    locations: frozenset[UUID] = frozenset()
    people: frozenset[UUID] = frozenset()

    def covers(self, heard: Heard, seen: Callable[[Booking], bool]) -> bool:
        """Tell whether an event is wanted; who may not have `seen` a booking does not hear whose it is either."""
        if self.rooms and self.rooms.isdisjoint(heard.rooms):
            return False
        if self.locations and self.locations.isdisjoint(heard.locations):
            return False
        return not self.people or heard.of(self.people, seen)


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Events in order; `reached` is the position up to which there are no others, `whole` whether that is all there is.

    `held_back`: others are there already behind a transaction that is not over. `ahead`: the position asked for lies
    beyond all that this server has ever done.
    """

    heard: Sequence[Heard]
    reached: Position
    whole: bool = True
    held_back: bool = False
    ahead: bool = False


async def page(session: ReadSession, catalogue: Catalogue, position: Position, *, limit: int = PAGE) -> Page:
    """Return what comes behind a position; raises RoomNotFound where the catalogue is too old."""
    row = await session.one(_NEWS, session.tenant, position.transaction, position.number)
    assert row is not None
    if row["ahead"] or not row["news"]:
        return Page(heard=(), reached=position, ahead=row["ahead"])
    below = await horizon(session)
    found = await Feed(catalogue).after(session, position, limit, below=below)
    if len(found) >= limit:
        return Page(heard=await _heard(session, found, catalogue), reached=found[-1][0], whole=False)
    return Page(
        heard=await _heard(session, found, catalogue),
        reached=max(position, Position(below, 0)),
        held_back=not found,
    )


async def present(session: ReadSession) -> Position:
    """Return a position with everything before it that is over; what comes behind it was not told yet."""
    return Position(await horizon(session), 0)


class Standing(Enum):
    """What can be told to somebody who has come to a position: what follows, all anew, or nothing, since it never was."""

    FOLLOWS = auto()
    FORGOTTEN = auto()
    NEVER_WAS = auto()


async def standing(session: ReadSession, position: Position, *, now: datetime) -> tuple[Standing, bool]:
    """Return what can be told behind a position, and whether admins may have changed rooms or rules since."""
    row = await session.one(_STANDING, session.tenant, position.transaction, position.number)
    assert row is not None
    if row["ahead"]:
        return Standing.NEVER_WAS, False
    last: datetime | None = row["last"]
    if position.number and not row["there"]:
        return Standing.FORGOTTEN, True
    if row["months"] and (last is None or last < now - relativedelta(months=row["months"]) + _FORGETTING):
        return Standing.FORGOTTEN, True
    return Standing.FOLLOWS, last is None or await session.value(_DONE, session.tenant, last - _APART) is not None


class Doings:
    """Notices what admins do to rooms and rules."""

    def __init__(self) -> None:
        self._until: datetime | None = None

    async def more(self, session: ReadSession) -> bool:
        """Tell whether something was done since the last look; nobody knows at the first."""
        if self._until is None:
            self._until = await session.value(_LAST_DONE, session.tenant) or datetime.min.replace(tzinfo=UTC)
            return False
        latest: datetime | None = await session.value(_DONE, session.tenant, self._until)
        self._until = latest or self._until
        return latest is not None


async def _heard(
    session: ReadSession, found: Sequence[tuple[Position, Happened]], catalogue: Catalogue
) -> tuple[Heard, ...]:
    newest = {happened.after.id: happened.after for _, happened in found}
    newest |= await _newest(session, newest, catalogue)
    shown = {booking_id: hidden(booking, catalogue) for booking_id, booking in newest.items()}
    return tuple(
        Heard(
            position=position,
            happened=one,
            before=hidden(one.before, catalogue) if one.before else None,
            after=hidden(one.after, catalogue),
            newest=shown[one.after.id],
            catalogue=catalogue,
        )
        for position, one in found
    )


async def _newest(session: ReadSession, known: dict[UUID, Booking], catalogue: Catalogue) -> dict[UUID, Booking]:
    """Return the bookings that have changed since, as they stand now: their last events say it, archived or not."""
    ids, versions = list(known), [booking.version for booking in known.values()]
    rows = await session.all(_NEWEST, session.tenant, ids, versions)
    if not rows:
        return {}
    people = await attendees_by_id(session, list({one for row in rows for one in events.people_in(row["after"])}))
    return {row["booking_id"]: store.of_snapshot(row["booking_id"], row["after"], people, catalogue) for row in rows}
