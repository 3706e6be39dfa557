"""Who did what when: what happened to bookings and what admins changed, as one list; and taking a change of rules back.

Kept out: writing either (`events`, `changes`).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core import policies
from core.audit_facts import ids_in, names_in, readable
from core.catalogue import Catalogues
from core.db import Database, ReadSession, WriteSession
from core.errors import ChangeNotFound, NothingToUndo
from core.models import Actor

BOOKING = "booking"
# Who stands in the audit where nobody did it: the end of a meeting, a release.
ITSELF = "Bookroom"
COLUMNS = ("when", "who", "surface", "what", "subject", "name", "before", "after", "reason", "id")

# Bookings' events and admins' changes under the same names; the later filters hold for both.
_ENTRIES = f"""
SELECT * FROM (
    SELECT e.id, e.happened_at AS at, e.actor_id,
        CASE WHEN e.surface = 'clock' THEN '{ITSELF}' ELSE p.name END AS actor_name, e.surface, e.kind AS action,
        'booking' AS subject, e.booking_id AS subject_id,
        r.name || CASE WHEN h.hidden THEN '' ELSE coalesce(': ' || nullif(e.after->>'title', ''), '') END AS name,
        e.before, e.after, CASE WHEN h.hidden THEN NULL ELSE e.reason END AS reason, NULL::uuid AS undoes, h.hidden
    FROM events e LEFT JOIN people p ON p.tenant_id = e.tenant_id AND p.id = e.actor_id
        LEFT JOIN rooms r ON r.tenant_id = e.tenant_id AND r.id = (e.after->>'room_id')::uuid
        CROSS JOIN LATERAL (SELECT coalesce((e.before->>'private')::boolean, false)
            OR coalesce((e.after->>'private')::boolean, false) OR coalesce(r.id = ANY($12::uuid[]), false)
            OR coalesce((e.before->>'room_id')::uuid = ANY($12::uuid[]), false) AS hidden) h
    WHERE e.tenant_id = $1 AND e.happened_at >= $2 AND e.happened_at < $3 AND ($13 OR e.surface <> 'clock')
    UNION ALL
    SELECT c.id, c.happened_at, c.actor_id,
        CASE WHEN c.surface = 'clock' THEN '{ITSELF}' ELSE coalesce(p.name, c.actor_name) END, c.surface, c.action,
        c.subject, c.subject_id, CASE WHEN h.hidden THEN NULL ELSE c.subject_name END, c.before, c.after, NULL, c.undoes,
        h.hidden
    FROM changes c LEFT JOIN people p ON p.tenant_id = c.tenant_id AND p.id = c.actor_id
        CROSS JOIN LATERAL (SELECT CASE WHEN c.subject = 'series' THEN coalesce((c.before->>'private')::boolean, false)
            OR coalesce((c.after->>'private')::boolean, false) OR coalesce((c.after->>'room_id')::uuid = ANY($12), false)
            ELSE false END AS hidden) h
    WHERE c.tenant_id = $1 AND c.happened_at >= $2 AND c.happened_at < $3 AND ($13 OR c.surface <> 'clock')
) entry
WHERE ($4::uuid IS NULL OR actor_id = $4) AND ($5::text[] IS NULL OR subject = ANY($5))
    AND ($6::text[] IS NULL OR surface = ANY($6)) AND ($7::uuid IS NULL OR subject_id = $7)
    AND ($8::text IS NULL OR strpos(lower(concat_ws(' ', actor_name, action, subject, name, reason)), lower($8)) > 0)
    AND ($9::timestamptz IS NULL OR (at, id) < ($9, $10::uuid))
ORDER BY at DESC, id DESC LIMIT $11
"""
_NAMES = "SELECT id, name FROM people WHERE tenant_id = $1 AND id = ANY($2::uuid[])"
_CHANGE = "SELECT id, subject, subject_id, before, after FROM changes WHERE tenant_id = $1 AND id = $2"
_FIRST, _LAST = "1970-01-02T00:00:00+00:00", "9000-01-01T00:00:00+00:00"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One thing that was done. `subject` is "booking", "policy", "room" and so on; `surface` where it was done."""

    id: UUID
    at: datetime
    actor_id: UUID | None
    actor_name: str
    surface: str
    action: str
    subject: str
    subject_id: UUID | None
    name: str | None
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    reason: str | None = None
    undoes: UUID | None = None

    @property
    def differences(self) -> dict[str, tuple[Any, Any]]:
        """What is different after it: by name, the value before and after (None where there was none)."""
        before, after = self.before or {}, self.after or {}
        return {
            name: (before.get(name), after.get(name)) for name in {**before, **after} if before.get(name) != after.get(name)
        }

    @property
    def undoable(self) -> bool:
        """Tell whether `Audit.undo` may take it back."""
        return self.subject == policies.SUBJECT


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which entries are wanted; None is all. `text` stands in a name, an action, a reason; `before` is an entry's place.

    Without `by_itself`, what happened because time went on is left out.
    """

    since: datetime | None = None
    until: datetime | None = None
    person_id: UUID | None = None
    subjects: tuple[str, ...] | None = None
    surfaces: tuple[str, ...] | None = None
    subject_id: UUID | None = None
    text: str | None = None
    by_itself: bool = True
    before: tuple[datetime, UUID] | None = None


EVERYTHING = Filter()


class Audit:
    """Reads the audit, newest first, and takes changes of rules back."""

    def __init__(self, db: Database, catalogues: Catalogues) -> None:
        self._db = db
        self._catalogues = catalogues

    async def entries(self, wanted: Filter = EVERYTHING, *, limit: int = 50) -> tuple[Entry, ...]:
        """Return what was done, the latest first; for the next page, `before` is the last entry's (at, id).

        Titles, reasons and attendees of private bookings, and of rooms that hide details, stand in none of them.
        """
        catalogue = await self._catalogues.current()
        secret = [room.id for room in catalogue.rooms if catalogue.policy(room).details_hidden]

        async def work(session: ReadSession) -> tuple[Entry, ...]:
            rows = await session.all(
                _ENTRIES,
                session.tenant,
                wanted.since or datetime.fromisoformat(_FIRST),
                wanted.until or datetime.fromisoformat(_LAST),
                wanted.person_id,
                list(wanted.subjects) if wanted.subjects else None,
                list(wanted.surfaces) if wanted.surfaces else None,
                wanted.subject_id,
                wanted.text,
                *(wanted.before or (None, None)),
                limit,
                secret,
                wanted.by_itself,
            )
            names = names_in(catalogue)
            people = {
                one for row in rows for one in (*ids_in(row["before"]), *ids_in(row["after"])) if str(one) not in names
            }
            found = await session.all(_NAMES, session.tenant, list(people)) if people else []
            names |= {str(row["id"]): row["name"] for row in found}
            return tuple(_entry(row, names) for row in rows)

        return await self._db.read(work)

    async def export(self, wanted: Filter = EVERYTHING, *, limit: int = 100_000) -> str:
        """Return the entries as CSV text with a line of column names; what a spreadsheet takes for a formula is quoted."""
        page = io.StringIO()
        writer = csv.writer(page)
        writer.writerow(COLUMNS)
        for entry in await self.entries(wanted, limit=limit):
            differences = entry.differences
            row = (
                entry.at.isoformat(),
                entry.actor_name,
                entry.surface,
                entry.action,
                entry.subject,
                entry.name,
                _json({name: old for name, (old, _) in differences.items()}) if entry.before else "",
                _json({name: new for name, (_, new) in differences.items()}) if entry.after else "",
                entry.reason,
                entry.id,
            )
            writer.writerow([safe(value) for value in row])
        return page.getvalue()

    async def undo(self, change_id: UUID, *, by: Actor | None = None) -> UUID:
        """Take a change of rules back and return the id of the change that does so; it can be undone in its turn.

        Raises ChangeNotFound, or NothingToUndo for what is no change of rules and where the same rules were changed since.
        """
        catalogue = await self._catalogues.current()

        async def work(session: WriteSession) -> UUID:
            row = await session.one(_CHANGE, session.tenant, change_id)
            if row is None:
                raise ChangeNotFound("That change is not known.")
            if row["subject"] != policies.SUBJECT:
                raise NothingToUndo("Only changes of rules are taken back like this.")
            return await policies.take_back(session, row, catalogue, by=by)

        try:
            return await self._db.write(work, repeatable=True)
        finally:
            self._catalogues.forget()


def safe(value: object) -> str:
    """Return a cell of a spreadsheet that no program takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def _json(facts: Mapping[str, Any]) -> str:
    return json.dumps(facts, ensure_ascii=False, sort_keys=True)


def _entry(row: Mapping[str, Any], names: Mapping[str, str]) -> Entry:
    return Entry(
        id=row["id"],
        at=row["at"],
        actor_id=row["actor_id"],
        actor_name=row["actor_name"] or "somebody",
        surface=row["surface"],
        action=row["action"],
        subject=row["subject"],
        subject_id=row["subject_id"],
        name=row["name"],
        before=readable(row["before"], names, hidden=row["hidden"]),
        after=readable(row["after"], names, hidden=row["hidden"]),
        reason=row["reason"],
        undoes=row["undoes"],
    )
