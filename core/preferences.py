"""How somebody wants to be told: judged here, kept with the person.

Kept out: deciding what is sent (`reminders`, `planning`) and sending it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from core.clock import Clock
from core.db import Database, ReadSession, WriteSession
from core.errors import InvalidPreferences, PersonNotFound
from core.ids import new_id
from core.notices import Notice, Preferences
from core.quiet import quiet_until, zone_of

__all__ = ["COLUMNS", "PreferencesStore", "checked", "from_row", "quiet_until"]

MOST_REMINDERS = 5
LONGEST_AHEAD = 24 * 60

COLUMNS = "p.reminder_minutes, p.end_reminders, p.tell_invitations, p.tell_changes, p.quiet_from, p.quiet_until, p.digest_at"

_SET = """
UPDATE people SET reminder_minutes = $3, end_reminders = $4, tell_invitations = $5, tell_changes = $6, quiet_from = $7,
    quiet_until = $8, digest_at = $9, updated_at = now()
WHERE tenant_id = $1 AND id = $2
"""
# Whoever asks for a digest after its hour gets the first tomorrow; the row stands in the way of today's.
_NOT_TODAY = """
INSERT INTO deliveries (tenant_id, id, key, kind, team_id, person_id, about, due_at, status, reason, done_at)
SELECT $1, $2, $4, $5, p.slack_team_id, p.id, jsonb_build_object('day', $6::text), $7,
    'dropped', 'asked for after its hour', $7
FROM people p WHERE p.tenant_id = $1 AND p.id = $3
ON CONFLICT (tenant_id, key) DO NOTHING
"""


def from_row(row: Mapping[str, Any]) -> Preferences:
    """Return preferences from a row with `COLUMNS`."""
    return Preferences(
        reminder_minutes=tuple(row["reminder_minutes"]),
        end_reminders=row["end_reminders"],
        tell_invitations=row["tell_invitations"],
        tell_changes=row["tell_changes"],
        quiet_from=row["quiet_from"],
        quiet_until=row["quiet_until"],
        digest_at=row["digest_at"],
    )


def checked(preferences: Preferences) -> Preferences:
    """Return the preferences in order, or raise InvalidPreferences with everything that is wrong."""
    wrong: dict[str, str] = {}
    minutes = tuple(sorted(set(preferences.reminder_minutes), reverse=True))
    if len(minutes) > MOST_REMINDERS:
        wrong["reminder_minutes"] = f"Up to {MOST_REMINDERS} reminders for each meeting."
    elif any(not 1 <= one <= LONGEST_AHEAD for one in minutes):
        wrong["reminder_minutes"] = "A reminder comes between one minute and a day before the start."
    begins, ends = preferences.quiet_from, preferences.quiet_until
    if begins is None and ends is not None:
        wrong["quiet_from"] = "Quiet hours need a beginning too."
    elif begins is not None and ends is None:
        wrong["quiet_until"] = "Quiet hours need an end too."
    elif begins is not None and begins == ends:
        wrong["quiet_until"] = "Quiet hours end at another time than they begin."
    if wrong:
        raise InvalidPreferences(" ".join(wrong.values()), fields=wrong)
    return replace(preferences, reminder_minutes=minutes)


class PreferencesStore:
    """Everybody's preferences."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def get(self, person_id: UUID) -> Preferences:
        """Return how the person wants to be told, or raise PersonNotFound."""

        async def work(session: ReadSession) -> Preferences:
            row = await session.one(
                f"SELECT {COLUMNS} FROM people p WHERE p.tenant_id = $1 AND p.id = $2", session.tenant, person_id
            )
            if row is None:
                raise PersonNotFound("That person is not known here.")
            return from_row(row)

        return await self._db.read(work)

    async def set(self, person_id: UUID, preferences: Preferences) -> Preferences:
        """Keep how the person wants to be told and return it in order; raises InvalidPreferences with the fields."""
        wanted = checked(preferences)
        now = self._clock.now()

        async def work(session: WriteSession) -> Preferences:
            before = await session.one(
                "SELECT zone, digest_at FROM people WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE",
                session.tenant,
                person_id,
            )
            if before is None:
                raise PersonNotFound("That person is not known here.")
            await session.run(
                _SET,
                session.tenant,
                person_id,
                list(wanted.reminder_minutes),
                wanted.end_reminders,
                wanted.tell_invitations,
                wanted.tell_changes,
                wanted.quiet_from,
                wanted.quiet_until,
                wanted.digest_at,
            )
            local = now.astimezone(zone_of(before["zone"]))
            if before["digest_at"] is None and wanted.digest_at is not None and wanted.digest_at <= local.time():
                day = local.date().isoformat()
                key = f"{Notice.DIGEST}:{person_id}:{day}"
                await session.run(_NOT_TODAY, session.tenant, new_id(), person_id, key, Notice.DIGEST.value, day, now)
            return wanted

        return await self._db.write(work, repeatable=True)
