"""What is kept of a person: given out when they ask, taken out when they ask, and history only for as long as is set.

Their bookings stay, as a former colleague's, so that figures stay true. Kept out: moving history (`archive`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from dateutil.relativedelta import relativedelta

from core import bookkeeping, changes, events, people, store
from core.bookings import Bookings
from core.catalogue import Catalogues
from core.clock import Clock
from core.db import Database, ReadSession, WriteSession
from core.errors import InvalidSetting, NotAllowed, PersonNotFound
from core.ids import new_id
from core.line import Line
from core.models import Actor, Attendee, Booking, Changed, Person

FORMER = "a former colleague"
# No id of Slack's looks like it; behind it stands the person's own, since it has to be unique.
ERASED = "erased:"
MOST_MONTHS = 1200
LEAST_DAYS, MOST_DAYS = 7, 3660
BATCH = 1000

_AHEAD = """
SELECT id FROM bookings WHERE tenant_id = $1 AND booked_by = $2 AND start_time > $3
    AND status IN ('pending', 'confirmed', 'checked_in') ORDER BY start_time, id
"""
_WAITING = "SELECT id FROM waiting WHERE tenant_id = $1 AND person_id = $2 AND status IN ('waiting', 'offered') ORDER BY id"

_ENDED_BY_THEM = "SELECT booking_id FROM events WHERE tenant_id = $1 AND actor_id = $2 AND kind IN ('cancelled', 'declined')"

# Everything that names somebody outside of the history, in the order in which rows point to each other.
_ERASE = (
    (
        "DELETE FROM deliveries WHERE tenant_id = $1 AND (person_id = $2"
        " OR card_id IN (SELECT id FROM cards WHERE tenant_id = $1 AND person_id = $2))"
    ),
    "DELETE FROM cards WHERE tenant_id = $1 AND person_id = $2",
    "DELETE FROM open_views WHERE tenant_id = $1 AND person_id = $2",
    "DELETE FROM admins WHERE tenant_id = $1 AND person_id = $2",
    "DELETE FROM group_members WHERE tenant_id = $1 AND person_id = $2",
    "DELETE FROM attendees WHERE tenant_id = $1 AND person_id = $2",
    "UPDATE rights SET removed_at = now() WHERE tenant_id = $1 AND person_id = $2 AND removed_at IS NULL",
    (
        'UPDATE approvals SET reason = NULL, approved_before = approved_before || \'{"title": null, "cancel_reason": null}\''
        " WHERE tenant_id = $1 AND (decided_by = $2"
        " OR booking_id IN (SELECT id FROM bookings WHERE tenant_id = $1 AND booked_by = $2))"
    ),
    # Answers to programs that are kept for a day hold what they were about.
    "DELETE FROM requests WHERE tenant_id = $1 AND strpos(result::text, $2::uuid::text) > 0",
    "UPDATE bookings SET title = NULL, cancel_reason = NULL WHERE tenant_id = $1 AND booked_by = $2",
    f"UPDATE bookings SET cancel_reason = NULL WHERE tenant_id = $1 AND id IN ({_ENDED_BY_THEM})",
    f"UPDATE bookings_archive SET cancel_reason = NULL WHERE tenant_id = $1 AND id IN ({_ENDED_BY_THEM})",
    (
        "UPDATE series SET title = NULL, status = CASE WHEN status = 'active' THEN 'cancelled' ELSE status END,"
        " updated_at = now(), version = version + 1 WHERE tenant_id = $1 AND booked_by = $2"
    ),
    "UPDATE series SET invitees = array_remove(invitees, $2) WHERE tenant_id = $1 AND $2 = ANY(invitees)",
    "UPDATE waiting SET title = NULL, invitees = '{}' WHERE tenant_id = $1 AND person_id = $2",
    "UPDATE waiting SET invitees = array_remove(invitees, $2) WHERE tenant_id = $1 AND $2 = ANY(invitees)",
    "UPDATE searches SET person_id = NULL WHERE tenant_id = $1 AND person_id = $2",
    (
        "UPDATE closures SET allowed_people = array_remove(allowed_people, $2), updated_at = now()"
        " WHERE tenant_id = $1 AND $2 = ANY(allowed_people)"
    ),
    "UPDATE bookings_archive SET title = NULL, cancel_reason = NULL WHERE tenant_id = $1 AND booked_by = $2",
    (
        "UPDATE bookings_archive SET attendees = coalesce((SELECT jsonb_agg(one) FROM jsonb_array_elements(attendees) AS one"
        " WHERE one->>'person_id' <> $2::uuid::text), '[]')"
        " WHERE tenant_id = $1 AND attendees @> jsonb_build_array(jsonb_build_object('person_id', $2::uuid::text))"
    ),
    (
        "UPDATE tokens SET revoked_at = coalesce(revoked_at, now()), name = 'erased', digest = 'erased:' || id"
        " WHERE tenant_id = $1 AND person_id = $2"
    ),
    "UPDATE tokens SET name = 'erased' WHERE tenant_id = $1 AND created_by = $2",
    (
        "UPDATE feeds SET revoked_at = coalesce(revoked_at, now()), token = 'erased:' || id"
        " WHERE tenant_id = $1 AND person_id = $2"
    ),
    # Whoever plans what webhooks are told is waited for, so that nothing of them is written behind our back.
    "SELECT id FROM webhooks WHERE tenant_id = $1 AND $2::uuid IS NOT NULL ORDER BY id FOR NO KEY UPDATE",
    "UPDATE webhooks SET created_by = NULL, description = NULL WHERE tenant_id = $1 AND created_by = $2",
    (
        "DELETE FROM webhook_deliveries WHERE tenant_id = $1 AND (strpos(body::text, $2::uuid::text) > 0"
        " OR event_id IN (SELECT id FROM events WHERE tenant_id = $1 AND actor_id = $2)"
        f" OR (body #>> '{{data,booking,id}}')::uuid IN ({_ENDED_BY_THEM})"
        " OR (body #>> '{data,booking,id}')::uuid IN (SELECT id FROM bookings WHERE tenant_id = $1 AND booked_by = $2))"
    ),
    (
        f"UPDATE people SET name = '{FORMER}', slack_user_id = '{ERASED}' || id, zone = 'UTC', locale = 'en-US',"
        " default_location_id = NULL, slack_admin = false, reminder_minutes = '{}', end_reminders = false,"
        " tell_invitations = false, tell_changes = false, quiet_from = NULL, quiet_until = NULL, digest_at = NULL,"
        " dm_channel = NULL, updated_at = now(), erased_at = now() WHERE tenant_id = $1 AND id = $2"
    ),
)

_EXPORT = {
    "settings": "SELECT reminder_minutes, end_reminders, tell_invitations, tell_changes, quiet_from, quiet_until, digest_at,"
    " created_at FROM people WHERE tenant_id = $1 AND id = $2",
    "groups": "SELECT g.name FROM group_members m JOIN groups g ON g.tenant_id = m.tenant_id AND g.id = m.group_id"
    " WHERE m.tenant_id = $1 AND m.person_id = $2 AND g.removed_at IS NULL ORDER BY g.name",
    "bookings": "SELECT b.id, r.name AS room, b.start_time, b.end_time, b.title, b.attendees_count, b.status, b.private,"
    " b.cancel_reason, b.created_at FROM bookings b JOIN rooms r ON r.tenant_id = b.tenant_id AND r.id = b.room_id"
    " WHERE b.tenant_id = $1 AND b.booked_by = $2 ORDER BY b.start_time, b.id",
    "bookings_before": "SELECT b.id, r.name AS room, b.start_time, b.end_time, b.title, b.attendees_count, b.status,"
    " b.private, b.cancel_reason, b.created_at FROM bookings_archive b"
    " JOIN rooms r ON r.tenant_id = b.tenant_id AND r.id = b.room_id"
    " WHERE b.tenant_id = $1 AND b.booked_by = $2 ORDER BY b.start_time, b.id",
    "invitations": "SELECT b.id AS booking, r.name AS room, b.start_time, b.end_time, a.co_organiser, a.response"
    " FROM attendees a JOIN bookings b ON b.tenant_id = a.tenant_id AND b.id = a.booking_id"
    " JOIN rooms r ON r.tenant_id = b.tenant_id AND r.id = b.room_id"
    " WHERE a.tenant_id = $1 AND a.person_id = $2 ORDER BY b.start_time, b.id",
    "series": "SELECT id, rule, first_on, clock, minutes, title, status, created_at FROM series"
    " WHERE tenant_id = $1 AND booked_by = $2 ORDER BY created_at, id",
    "requests": "SELECT a.booking_id AS booking, a.asked_at, a.decision, a.decided_at, a.reason FROM approvals a"
    " JOIN bookings b ON b.tenant_id = a.tenant_id AND b.id = a.booking_id"
    " WHERE a.tenant_id = $1 AND b.booked_by = $2 ORDER BY a.asked_at, a.id",
    "decisions": "SELECT booking_id AS booking, decision, decided_at, reason FROM approvals"
    " WHERE tenant_id = $1 AND decided_by = $2 ORDER BY decided_at, id",
    "proposals": "SELECT p.booking_id AS booking, r.name AS offered, p.status, p.answer_by, p.created_at FROM proposals p"
    " JOIN bookings b ON b.tenant_id = p.tenant_id AND b.id = p.booking_id"
    " LEFT JOIN rooms r ON r.tenant_id = p.tenant_id AND r.id = p.offered_room_id"
    " WHERE p.tenant_id = $1 AND b.booked_by = $2 ORDER BY p.created_at, p.id",
    "rights": "SELECT granted, location_id AS location, room_id AS room, created_at, removed_at FROM rights"
    " WHERE tenant_id = $1 AND person_id = $2 ORDER BY created_at, id",
    "notices": "SELECT kind, status, reason FROM deliveries WHERE tenant_id = $1 AND person_id = $2 ORDER BY id",
    "waiting": "SELECT id, start_time, end_time, title, status, created_at FROM waiting"
    " WHERE tenant_id = $1 AND person_id = $2 ORDER BY created_at, id",
    "searches": "SELECT start_time, end_time, attendees_count, amenities, lacking, detail, made_at FROM searches"
    " WHERE tenant_id = $1 AND person_id = $2 ORDER BY made_at, id",
    "tokens": "SELECT name, kind, scopes, created_at, expires_at, last_used_at, revoked_at FROM tokens"
    " WHERE tenant_id = $1 AND person_id = $2 ORDER BY created_at, id",
    "feeds": "SELECT location_id AS location, room_id AS room, created_at, last_used_at, revoked_at FROM feeds"
    " WHERE tenant_id = $1 AND person_id = $2 ORDER BY created_at, id",
    "webhooks": "SELECT url, description, created_at, removed_at FROM webhooks"
    " WHERE tenant_id = $1 AND created_by = $2 ORDER BY created_at, id",
    "history": "SELECT booking_id AS booking, kind, surface, reason, happened_at FROM events"
    " WHERE tenant_id = $1 AND actor_id = $2 ORDER BY number",
    "audit": "SELECT subject, subject_name, action, surface, happened_at FROM changes"
    " WHERE tenant_id = $1 AND actor_id = $2 ORDER BY number",
}

_COUNTS = """
SELECT (SELECT count(*) FROM bookings WHERE tenant_id = $1 AND booked_by = $2)
    + (SELECT count(*) FROM bookings_archive WHERE tenant_id = $1 AND booked_by = $2) AS bookings,
    (SELECT count(*) FROM attendees WHERE tenant_id = $1 AND person_id = $2) AS invitations,
    (SELECT count(*) FROM searches WHERE tenant_id = $1 AND person_id = $2) AS searches
"""
_WORKSPACE = "SELECT archive_days, keep_bookings_months, keep_audit_months, version FROM workspace WHERE tenant_id = $1"
_SET_WORKSPACE = """
INSERT INTO workspace AS w (tenant_id, archive_days, keep_bookings_months, keep_audit_months) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant_id) DO UPDATE SET archive_days = $2, keep_bookings_months = $3, keep_audit_months = $4,
    updated_at = now(), version = w.version + 1
"""
# Of a booking that can still be changed, every step is needed.
_FORGET = (
    (
        "DELETE FROM events WHERE tenant_id = $1 AND id IN (SELECT e.id FROM events e WHERE e.tenant_id = $1"
        " AND e.happened_at < $2 AND NOT EXISTS (SELECT FROM bookings b WHERE b.tenant_id = e.tenant_id"
        " AND b.id = e.booking_id) LIMIT $3)"
    ),
    (
        "DELETE FROM changes WHERE tenant_id = $1 AND id IN (SELECT c.id FROM changes c WHERE c.tenant_id = $1"
        " AND c.happened_at < $2 AND NOT EXISTS (SELECT FROM changes u WHERE u.tenant_id = c.tenant_id AND u.undoes = c.id)"
        " LIMIT $3)"
    ),
    (
        "DELETE FROM searches WHERE tenant_id = $1 AND id IN (SELECT id FROM searches WHERE tenant_id = $1 AND made_at < $2"
        " LIMIT $3)"
    ),
)
_MAY_FORGET = "SELECT has_table_privilege('events', 'DELETE')"


@dataclass(frozen=True, kw_only=True, slots=True)
class Erased:
    """What erasing somebody did: numbers of bookings ahead that were cancelled or handed over."""

    cancelled: int = 0
    handed_over: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Keeping:
    """How long things are kept; None for ever. Days until a booking that is over is archived, months of the rest."""

    archive_days: int = 90
    keep_bookings_months: int | None = None
    keep_audit_months: int | None = None


class Erasing:
    """Exports and erases; by an admin, or with None by whoever has the command line."""

    def __init__(self, db: Database, catalogues: Catalogues, bookings: Bookings, line: Line, clock: Clock) -> None:
        self._db = db
        self._catalogues = catalogues
        self._bookings = bookings
        self._line = line
        self._clock = clock

    async def export(self, person_id: UUID, *, by: Actor | None) -> dict[str, Any]:
        """Return all that is kept of somebody, ready for JSON; raises PersonNotFound. They may ask for it themselves."""
        _allow(by, person_id)

        async def work(session: WriteSession) -> dict[str, Any]:
            person = await _person(session, person_id)
            found: dict[str, Any] = {"person": _plain(asdict(person))}
            await session.run("SET LOCAL statement_timeout = '60s'")
            for name, sql in _EXPORT.items():
                rows = [_plain(dict(row)) for row in await session.all(sql, session.tenant, person_id)]
                found[name] = rows[0] if name == "settings" and rows else rows
            await _note(session, person, "exported", by, None)
            return found

        return await self._db.write(work, repeatable=True)

    async def counts(self, person_id: UUID) -> tuple[tuple[str, int], ...]:
        """Return how much is kept of somebody, by what it is."""

        async def work(session: ReadSession) -> tuple[tuple[str, int], ...]:
            row = await session.one(_COUNTS, session.tenant, person_id)
            assert row is not None
            return tuple(row.items())

        return await self._db.read(work)

    async def ahead(self, person_id: UUID) -> tuple[Booking, ...]:
        """Return the bookings of somebody's that have not begun."""
        catalogue, now = await self._catalogues.current(), self._clock.now()

        async def work(session: ReadSession) -> tuple[Booking, ...]:
            rows = await session.all(_AHEAD, session.tenant, person_id, now)
            found = await store.bookings(session, [row["id"] for row in rows], catalogue)
            return tuple(found[row["id"]] for row in rows)

        return await self._db.read(work)

    async def erase(self, person_id: UUID, *, by: Actor | None, hand_over_to: UUID | None = None) -> Erased:
        """Take somebody's name and words out of everything; their bookings ahead are cancelled or handed over, and told.

        Safe to repeat after a failure: what was done stays done. Raises PersonNotFound, InvalidSetting or NotAllowed.
        """
        _allow(by)
        person = await self._db.read(lambda session: _person(session, person_id))
        heir = await self._db.read(lambda session: _person(session, hand_over_to)) if hand_over_to else None
        if heir and (heir.id == person.id or heir.slack_user_id.startswith(ERASED)):
            raise InvalidSetting("The bookings cannot go to the same person.", fields={"person": "Choose somebody else."})
        if by and by.person_id == person_id:
            raise InvalidSetting("Nobody can erase themselves: ask another admin.", fields={"person": "That is you."})
        cancelled = handed_over = 0
        for booking in await self.ahead(person_id):
            actor = replace(by or bookkeeping.clock(booking), admin=True)
            if heir:
                handed_over += await self._hand_over(booking.id, person, heir, by=actor)
            else:
                await self._bookings.cancel(booking.id, by=actor)
                cancelled += 1
        await self._leave_lines(person)
        done = Erased(cancelled=cancelled, handed_over=handed_over)

        async def work(session: WriteSession) -> None:
            await session.run("SET LOCAL statement_timeout = '60s'")
            await session.value("SELECT forget_in_history($1)", person_id)
            for sql in _ERASE:
                await session.run(sql, session.tenant, person_id)
            await _note(session, replace(person, name=FORMER), "erased", by, asdict(done))

        await self._db.write(work, repeatable=True)
        return done

    async def _hand_over(self, booking_id: UUID, person: Person, heir: Person, *, by: Actor) -> bool:
        catalogue, now = await self._catalogues.current(), self._clock.now()

        async def work(session: WriteSession) -> bool:
            before = await bookkeeping.to_change(session, booking_id, catalogue, version=None, by=by, now=now)
            if before.booker.person_id != person.id:
                return False
            booker = Attendee(person_id=heir.id, slack_user_id=heir.slack_user_id, name=heir.name, co_organiser=True)
            left = tuple(one for one in before.attendees if one.person_id not in {heir.id, person.id})
            after = bookkeeping.following(before, now=now, booker=booker, attendees=left)
            await session.run(
                "UPDATE bookings SET booked_by = $3 WHERE tenant_id = $1 AND id = $2", session.tenant, booking_id, heir.id
            )
            await bookkeeping.write(
                session,
                events.Kind.CHANGED,
                Changed(before=before, after=after),
                catalogue,
                event_id=new_id(),
                by=by,
                now=now,
            )
            return True

        return await self._db.write(work, repeatable=True)

    async def _leave_lines(self, person: Person) -> None:
        rows = await self._db.read(lambda session: session.all(_WAITING, session.tenant, person.id))
        for row in rows:
            await self._line.leave(row["id"], by=person.acting("clock"))

    # -- for how long ----------------------------------------------------------------------------------------------

    async def keeping(self) -> Keeping:
        """Return for how long things are kept."""

        async def work(session: ReadSession) -> Keeping:
            row = await session.one(_WORKSPACE, session.tenant)
            return _keeping(row) if row else Keeping()

        # Answers say since when they hold, by the catalogue: a copy may not have come as far as that.
        return await self._db.read_here(work)

    async def keep(self, wanted: Keeping, *, by: Actor | None) -> Keeping:
        """Set for how long things are kept, noted in the audit; raises InvalidSetting."""
        _allow(by)
        faults: dict[str, str] = {}
        if not LEAST_DAYS <= wanted.archive_days <= MOST_DAYS:
            faults["archive_days"] = f"Between {LEAST_DAYS} and {MOST_DAYS} days."
        for name in ("keep_bookings_months", "keep_audit_months"):
            months = getattr(wanted, name)
            if months is not None and not 1 <= months <= MOST_MONTHS:
                faults[name] = f"Between 1 and {MOST_MONTHS} months, or nothing for ever."
        if faults:
            raise InvalidSetting(" ".join(faults.values()), fields=faults)

        async def work(session: WriteSession) -> Keeping:
            row = await session.one(f"{_WORKSPACE} FOR UPDATE", session.tenant)
            before = _keeping(row) if row else Keeping()
            if before != wanted:
                await session.run(_SET_WORKSPACE, session.tenant, *asdict(wanted).values())
                await changes.note(
                    session,
                    subject="workspace",
                    subject_id=None,
                    name="how long things are kept",
                    action="changed",
                    by=by,
                    before=asdict(before),
                    after=asdict(wanted),
                )
            return wanted

        return await self._db.write(work, repeatable=True)

    async def honour(self, now: datetime) -> int:
        """Remove the audit that is older than is kept, in short batches; return how many rows. Needs the worker's role."""
        months = (await self.keeping()).keep_audit_months
        if months is None or not await self._db.read(lambda session: session.value(_MAY_FORGET)):
            return 0
        before, gone = now - relativedelta(months=months), 0
        for sql in _FORGET:
            while True:

                async def work(session: WriteSession, statement: str = sql) -> int:
                    return int((await session.run(statement, session.tenant, before, BATCH)).rpartition(" ")[2])

                removed = await self._db.write(work, repeatable=True)
                gone += removed
                if removed < BATCH:
                    break
        return gone


def _allow(by: Actor | None, own: UUID | None = None) -> None:
    if by is not None and not by.admin and (own is None or by.person_id != own):
        raise NotAllowed("Only admins can do that.")


async def _person(session: ReadSession, person_id: UUID) -> Person:
    row = await session.one(
        f"SELECT {people.COLUMNS}, p.erased_at FROM people p WHERE p.tenant_id = $1 AND p.id = $2", session.tenant, person_id
    )
    if row is None or row["erased_at"] is not None:
        raise PersonNotFound("That person is not known here.", fields={"person": "Nothing is kept of them."})
    return people.person_from({name: value for name, value in row.items() if name != "erased_at"})


async def _note(session: WriteSession, person: Person, action: str, by: Actor | None, after: dict[str, Any] | None) -> None:
    await changes.note(
        session, subject="person", subject_id=person.id, name=person.name, action=action, by=by, before=None, after=after
    )


def _keeping(row: Mapping[str, Any]) -> Keeping:
    return Keeping(**{name: row[name] for name in ("archive_days", "keep_bookings_months", "keep_audit_months")})


def _plain(value: Any) -> Any:  # noqa: ANN401 - what rows hold, and what JSON holds
    match value:
        case dict():
            return {name: _plain(one) for name, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
        case frozenset() | set():
            return sorted(_plain(one) for one in value)
        case datetime() | date() | time():
            return value.isoformat()
        case UUID():
            return str(value)
        case _:
            return value
