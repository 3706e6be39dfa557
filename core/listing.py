"""Bookings as lists, over what is ahead and what was archived alike: by room, place, person, series, status and time.

Pages follow the order of start, behind the last booking that was told. Who asks is told of nothing by a filter that they
may not see: whose booking a private one is, and which series it belongs to, is found by those alone who may know. Kept
out: what an asker is told of each (`search.hidden`, the edges).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from core import store
from core.approval_deciding import Suggestion, suggested
from core.catalogue import Catalogue, Catalogues
from core.db import Database, ReadSession
from core.errors import BookingNotFound
from core.feed import Feed
from core.models import HOLDS_ROOM, Actor, Attendee, Booking, Borrowed, Response, Slot, Status, by_name
from core.notices import Happened, Notice
from core.people import attendees_by_id

T = TypeVar("T")

# Where a booking stands that was not called off.
ON = (Status.PENDING, Status.CONFIRMED, Status.CHECKED_IN, Status.ENDED)
# What began longer before the window than this is not looked for in it.
REACH = timedelta(days=31)
# A list of everything is read in stretches that grow, so that the first page of a year costs no year.
FIRST_STRETCH = timedelta(days=1)
LONGEST_STRETCH = timedelta(days=64)
GROWTH = 4
EVENTS = 500
# So many are read at least where some of them may not be told.
AT_LEAST = 100

# $2 are the rooms that are wanted, null where all are. A booking's further rooms count as its rooms.
_THEN = """
b.start_time >= $3 AND b.start_time < $4 AND b.end_time > $5 AND b.status = ANY($6::text[])
    AND (b.start_time, b.id) > ($7, $8::uuid)
"""
_AMONG = """
($2::uuid[] IS NULL OR b.room_id = ANY($2::uuid[]) OR EXISTS (
    SELECT FROM booking_rooms m WHERE m.tenant_id = $1 AND m.booking_id = b.id AND m.room_id = ANY($2::uuid[])))
"""
_FIRST = "ORDER BY start_time, id LIMIT $9"
# Whatever is not long began less than this before it reaches into the window; what is has an index of its own. So nobody
# reads a month of what was over long before the window in order to find the few that were not.
_LONG = "interval '12 hours'"
_LATELY = f"{_THEN} AND b.start_time >= greatest($3, $5 - {_LONG})"
_LASTING = f"{_THEN} AND b.start_time < $5 - {_LONG} AND b.end_time - b.start_time > {_LONG}"
# One room after the other, each by its index: an OR over both kinds of rooms would read everybody's.
_HOT_ROOMS = f"""
SELECT id, start_time FROM unnest($2::uuid[]) AS wanted (room_id) CROSS JOIN LATERAL (
    SELECT b.id, b.start_time FROM bookings b WHERE b.tenant_id = $1 AND b.room_id = wanted.room_id AND {_THEN} {_FIRST}
) found
UNION
SELECT b.id, b.start_time FROM booking_rooms m JOIN bookings b ON b.tenant_id = m.tenant_id AND b.id = m.booking_id
WHERE m.tenant_id = $1 AND m.room_id = ANY($2::uuid[]) AND {_THEN}
{_FIRST}
"""
_OF_ROOMS = "b.tenant_id = $1 AND ($2::uuid[] IS NULL OR b.room_id = ANY($2::uuid[]))"
_HOT_ALL = f"""
(SELECT b.id, b.start_time FROM bookings b WHERE {_OF_ROOMS} AND {_LATELY} {_FIRST})
UNION ALL (SELECT b.id, b.start_time FROM bookings b WHERE {_OF_ROOMS} AND {_LASTING} {_FIRST})
{_FIRST}
"""
# Two indexes find one's own and one's invitations.
_HOT_PERSON = f"""
SELECT b.id, b.start_time FROM bookings b WHERE b.tenant_id = $1 AND b.booked_by = $10 AND {_THEN} AND {_AMONG}
UNION
SELECT b.id, b.start_time FROM attendees a JOIN bookings b ON b.tenant_id = a.tenant_id AND b.id = a.booking_id
WHERE a.tenant_id = $1 AND a.person_id = $10 AND {_THEN} AND {_AMONG}
{_FIRST}
"""
_HOT_SERIES = f"""
SELECT b.id, b.start_time FROM bookings b WHERE b.tenant_id = $1 AND b.series_id = $10 AND {_THEN} AND {_AMONG} {_FIRST}
"""
_COLD_COLUMNS = """
b.id, b.room_id, b.more_rooms, b.booked_by, b.title, b.start_time, b.end_time, b.attendees_count, b.status, b.private,
b.cancel_reason, b.series_id, b.series_on, b.late_at, b.checked_in_at, b.attendees, b.equipment, b.created_at, b.updated_at,
b.version
"""
_COLD = f"""
SELECT {_COLD_COLUMNS} FROM bookings_archive b
WHERE b.tenant_id = $1 AND ($2::uuid[] IS NULL OR b.room_id = ANY($2::uuid[]) OR b.more_rooms && $2::uuid[]) AND {_THEN}
    {{of}}
ORDER BY b.start_time, b.id LIMIT $9
"""
_COLD_AMONG = "b.tenant_id = $1 AND ($2::uuid[] IS NULL OR b.room_id = ANY($2::uuid[]) OR b.more_rooms && $2::uuid[])"
_COLD_ALL = f"""
(SELECT {_COLD_COLUMNS} FROM bookings_archive b WHERE {_COLD_AMONG} AND {_LATELY} {_FIRST})
UNION ALL (SELECT {_COLD_COLUMNS} FROM bookings_archive b WHERE {_COLD_AMONG} AND {_LASTING} {_FIRST})
{_FIRST}
"""
# As above: each room by its index, and the few that were held beside another one.
_COLD_ROOMS = f"""
SELECT found.* FROM unnest($2::uuid[]) AS wanted (room_id) CROSS JOIN LATERAL (
    SELECT {_COLD_COLUMNS} FROM bookings_archive b WHERE b.tenant_id = $1 AND b.room_id = wanted.room_id AND {_THEN} {_FIRST}
) found
UNION
SELECT {_COLD_COLUMNS} FROM bookings_archive b
WHERE b.tenant_id = $1 AND b.more_rooms <> '{{}}' AND b.more_rooms && $2::uuid[] AND {_THEN}
{_FIRST}
"""
_COLD_PERSON = _COLD.format(
    of="AND (b.booked_by = $10 OR b.attendees @> jsonb_build_array(jsonb_build_object('person_id', $10::uuid)))"
)
_COLD_SERIES = _COLD.format(of="AND b.series_id = $10")
_ARCHIVED = f"SELECT {_COLD_COLUMNS} FROM bookings_archive b WHERE b.tenant_id = $1 AND b.id = ANY($2::uuid[])"
_EVENTS = """
SELECT booking_id, booking_version FROM events WHERE tenant_id = $1 AND booking_id = $2 AND booking_version > $3
ORDER BY booking_version LIMIT $4
"""
_SUGGESTIONS = """
SELECT d.id, d.booking_id, d.about FROM approvals a
JOIN bookings b ON b.tenant_id = a.tenant_id AND b.id = a.booking_id
JOIN deliveries d ON d.tenant_id = a.tenant_id AND d.booking_id = a.booking_id
WHERE a.tenant_id = $1 AND a.decision IS NULL AND b.booked_by = $2 AND d.kind = $3 AND d.person_id = $2
    AND d.about->>'approval' = a.id::text
ORDER BY d.due_at, d.id
"""
_NEWEST = "SELECT happened_at FROM events WHERE tenant_id = $1 ORDER BY transaction DESC, number DESC LIMIT 1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Which bookings are wanted: those with a moment in the window `start` to `end`. None, or an empty tuple, is all.

    `person_id` booked them or is invited. `after` is the start and id of the last one that was told.
    """

    start: datetime
    end: datetime
    room_ids: tuple[UUID, ...] = ()
    location_id: UUID | None = None
    person_id: UUID | None = None
    series_id: UUID | None = None
    statuses: tuple[Status, ...] = ON
    after: tuple[datetime, UUID] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A page of bookings in order of start; `more` says whether others follow."""

    bookings: tuple[Booking, ...]
    more: bool


# Whether somebody may know whose booking it is.
Seen = Callable[[Booking, Catalogue], bool]


class Listing:
    """Reads lists of bookings, one booking wherever it is kept, what happened to it, and what was suggested instead."""

    def __init__(self, db: Database, catalogues: Catalogues) -> None:
        self._db = db
        self._catalogues = catalogues

    async def page(self, wanted: Wanted, *, by: Actor, seen: Seen, limit: int) -> Found:
        """Return up to `limit` of the bookings that are wanted, in order of start.

        By series, and by another person, only those are found that are `seen` whole. Raises RoomNotFound, LocationNotFound.
        """
        rooms = _rooms(wanted, await self._catalogues.current())
        narrow = wanted.series_id is not None or wanted.person_id not in {None, by.person_id}

        def passes(one: Booking, catalogue: Catalogue) -> bool:
            of_person = wanted.person_id is None or one.attended_by(wanted.person_id)
            return of_person and (not narrow or seen(one, catalogue))

        async def read(catalogue: Catalogue, session: ReadSession) -> Found:
            told: list[Booking] = []
            asked, count = wanted, max(limit + 1, AT_LEAST if narrow else 0)
            while True:
                page = await _page(session, asked, rooms, catalogue, count=count)
                told += [one for one in page if passes(one, catalogue)]
                if len(told) > limit or len(page) < count:
                    return Found(bookings=tuple(told[:limit]), more=len(told) > limit)
                # Some were left out: those that follow come in their place, so that nobody can count them.
                asked = replace(asked, after=(page[-1].start, page[-1].id))

        return await self._read(read)

    async def get(self, booking_id: UUID) -> Booking:
        """Return a booking as it stands, or as it was archived; raises BookingNotFound."""

        async def read(catalogue: Catalogue, session: ReadSession) -> Booking:
            found = await store.bookings(session, [booking_id], catalogue)
            if booking_id in found:
                return found[booking_id]
            rows = await session.all(_ARCHIVED, session.tenant, [booking_id])
            if not rows:
                raise BookingNotFound("That booking does not exist.")
            return (await _archived(session, rows, catalogue))[0]

        return await self._read(read)

    async def history(self, booking_id: UUID, *, after: int = 0, limit: int = EVENTS) -> tuple[Happened, ...]:
        """Return what happened to a booking behind a version, in order; nothing where its events are not kept any more."""

        async def read(catalogue: Catalogue, session: ReadSession) -> tuple[Happened, ...]:
            rows = await session.all(_EVENTS, session.tenant, booking_id, after, limit)
            versions = [(row["booking_id"], row["booking_version"]) for row in rows]
            found = await Feed(catalogue).of_versions(session, versions)
            return tuple(found[version] for version in versions if version in found)

        return await self._read(read)

    async def suggestions(self, by: Actor) -> tuple[Suggestion, ...]:
        """Return what approvers suggested to somebody instead of bookings that wait still, the oldest first."""

        async def read(catalogue: Catalogue, session: ReadSession) -> tuple[Suggestion, ...]:
            rows = await session.all(_SUGGESTIONS, session.tenant, by.person_id, Notice.APPROVAL_SUGGESTION.value)
            there = await store.bookings(session, [row["booking_id"] for row in rows], catalogue)
            return tuple(suggested(row["id"], there[row["booking_id"]], row["about"], catalogue) for row in rows)

        return await self._read(read)

    async def newest(self) -> datetime | None:
        """Return when the last thing happened to any booking, None where nothing has."""
        return await self._db.read(lambda session: session.value(_NEWEST, session.tenant))

    async def _read(self, read: Callable[[Catalogue, ReadSession], Awaitable[T]]) -> T:
        """Run what reads; once more where it met a room that is younger than the catalogue."""
        return await self._catalogues.using(lambda catalogue: self._db.read(partial(read, catalogue)))


def _rooms(wanted: Wanted, catalogue: Catalogue) -> list[UUID] | None:
    """Return the rooms that are wanted, None where all are; raises RoomNotFound and LocationNotFound."""
    if not wanted.room_ids and wanted.location_id is None:
        return None
    rooms = [catalogue.room(room_id) for room_id in wanted.room_ids] or list(catalogue.rooms)
    if wanted.location_id is not None:
        place = catalogue.location(wanted.location_id)
        rooms = [room for room in rooms if room.location_id == place.id]
    return [room.id for room in rooms]


async def _page(
    session: ReadSession, wanted: Wanted, rooms: Sequence[UUID] | None, catalogue: Catalogue, *, count: int
) -> list[Booking]:
    """Return the first bookings that are wanted, of both kinds, in order of start."""
    if rooms is not None and not rooms:
        return []
    named = [one for one in (wanted.series_id or wanted.person_id,) if one is not None]
    hot, cold = _statements(wanted)
    there: list[tuple[datetime, UUID]] = []
    archived: list[Mapping[str, Any]] = []
    for number, (first, last) in enumerate(_stretches(wanted)):
        values = partial(_values, session, wanted, rooms, first, count=count)
        if not named or not number:
            # Those of one person or series are found by an index of their own, all at once.
            rows = await session.all(hot, *values(wanted.end if named else last), *named)
            there += [(row["start_time"], row["id"]) for row in rows]
        if not HOLDS_ROOM.issuperset(wanted.statuses):
            archived += await session.all(cold, *values(last), *named)
        if len(archived) + sum(start < last for start, _ in there) >= count:
            break
    known = await store.bookings(session, [booking_id for _, booking_id in there], catalogue)
    # What was archived meanwhile is found twice, or in neither.
    moved = [booking_id for _, booking_id in there if booking_id not in known]
    archived += await session.all(_ARCHIVED, session.tenant, moved) if moved else []
    past = await _archived(session, list({row["id"]: row for row in archived if row["id"] not in known}.values()), catalogue)
    return sorted([*known.values(), *past], key=lambda one: (one.start, one.id))[:count]


def _statements(wanted: Wanted) -> tuple[str, str]:
    if wanted.series_id is not None:
        return _HOT_SERIES, _COLD_SERIES
    if wanted.person_id is not None:
        return _HOT_PERSON, _COLD_PERSON
    return (_HOT_ROOMS, _COLD_ROOMS) if wanted.room_ids else (_HOT_ALL, _COLD_ALL)


def _values(
    session: ReadSession, wanted: Wanted, rooms: Sequence[UUID] | None, first: datetime, last: datetime, *, count: int
) -> tuple[object, ...]:
    after = wanted.after or (wanted.start - 2 * REACH, UUID(int=0))
    statuses = [status.value for status in wanted.statuses]
    return (session.tenant, rooms if rooms is None else list(rooms), first, last, wanted.start, statuses, *after, count)


def _stretches(wanted: Wanted) -> Iterator[tuple[datetime, datetime]]:
    """Return the stretches in which starts are looked for, one behind the other, each longer than the one before."""
    first = wanted.start - REACH
    if wanted.after is not None:
        first = max(first, wanted.after[0])
    if HOLDS_ROOM.issuperset(wanted.statuses) and (wanted.person_id or wanted.series_id):
        yield first, wanted.end
        return
    by_index = wanted.person_id or wanted.series_id or wanted.room_ids
    length = LONGEST_STRETCH if by_index else FIRST_STRETCH
    while first < wanted.end:
        last = min(wanted.end, max(first, wanted.start) + length)
        yield first, last
        first, length = last, min(length * GROWTH, LONGEST_STRETCH)


async def _archived(session: ReadSession, rows: Sequence[Mapping[str, Any]], catalogue: Catalogue) -> list[Booking]:
    ids = {one for row in rows for one in (row["booked_by"], *(UUID(guest["person_id"]) for guest in row["attendees"]))}
    known = await attendees_by_id(session, list(ids)) if ids else {}
    return [_from_archive(row, known, catalogue) for row in rows]


def _from_archive(row: Mapping[str, Any], known: Mapping[UUID, Attendee], catalogue: Catalogue) -> Booking:
    room, booker = catalogue.room(row["room_id"]), known[row["booked_by"]]
    more = sorted((catalogue.room(one) for one in row["more_rooms"]), key=lambda one: (one.name.casefold(), one.id))
    return Booking(
        id=row["id"],
        room=room,
        location=catalogue.place_of(room),
        slot=Slot(start=row["start_time"], end=row["end_time"]),
        title=row["title"],
        booker=replace(booker, co_organiser=True),
        attendees=by_name(_invited(row["attendees"], known)),
        attendees_count=row["attendees_count"],
        status=Status(row["status"]),
        private=row["private"],
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        cancel_reason=row["cancel_reason"],
        late_at=row["late_at"],
        checked_in_at=row["checked_in_at"],
        more_rooms=tuple(more),
        equipment=tuple(
            Borrowed(equipment=catalogue.thing(UUID(one["equipment_id"])), quantity=one["quantity"])
            for one in row["equipment"]
        ),
        series_id=row["series_id"],
        series_on=row["series_on"],
    )


def _invited(guests: Iterable[Mapping[str, Any]], known: Mapping[UUID, Attendee]) -> Iterator[Attendee]:
    for guest in guests:
        person = known.get(UUID(guest["person_id"]))
        if person is not None:
            response = Response(guest["response"]) if guest["response"] else None
            yield replace(person, co_organiser=guest["co_organiser"], response=response)
