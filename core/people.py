"""People, as far as booking needs them: who they are in Slack, their clock, their usual place, what they may do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core import changes
from core.db import Database, ReadSession, WriteSession
from core.errors import InvalidSetting, PersonNotFound
from core.ids import new_id
from core.models import Actor, Attendee, Person

COLUMNS = """
p.id, p.slack_team_id, p.slack_user_id, p.name, p.zone, p.locale, p.default_location_id, p.guest,
p.slack_admin OR EXISTS (SELECT FROM admins a WHERE a.tenant_id = p.tenant_id AND a.person_id = p.id) AS admin,
ARRAY(SELECT m.group_id FROM group_members m JOIN groups g ON g.tenant_id = m.tenant_id AND g.id = m.group_id
    WHERE m.tenant_id = p.tenant_id AND m.person_id = p.id AND g.removed_at IS NULL) AS groups
"""

_SEEN = """
INSERT INTO people AS p (tenant_id, id, slack_team_id, slack_user_id, name, zone, locale, slack_admin, guest)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (tenant_id, slack_team_id, slack_user_id) DO UPDATE
    SET name = excluded.name, zone = excluded.zone, locale = excluded.locale, slack_admin = excluded.slack_admin,
        guest = excluded.guest, updated_at = now()
    WHERE (p.name, p.zone, p.locale, p.slack_admin, p.guest)
        IS DISTINCT FROM (excluded.name, excluded.zone, excluded.locale, excluded.slack_admin, excluded.guest)
"""

_MENTIONED = """
INSERT INTO people (tenant_id, id, slack_team_id, slack_user_id, name)
SELECT $1, * FROM unnest($2::uuid[], $3::text[], $4::text[], $4::text[])
ON CONFLICT (tenant_id, slack_team_id, slack_user_id) DO NOTHING
"""
_ANY_ADMIN = """
SELECT EXISTS (SELECT FROM people p WHERE p.tenant_id = $1 AND p.erased_at IS NULL AND (p.slack_admin
    OR EXISTS (SELECT FROM admins a WHERE a.tenant_id = p.tenant_id AND a.person_id = p.id)))
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """What Slack says of a person. `admin` is true for Slack's owners and admins."""

    slack_team_id: str
    slack_user_id: str
    name: str
    zone: str = "UTC"
    locale: str = "en-US"
    admin: bool = False
    guest: bool = False


# By name, as lists of people are told everywhere.
_LISTED = f"""
SELECT {COLUMNS} FROM people p WHERE p.tenant_id = $1 AND p.erased_at IS NULL
    AND ($2::text IS NULL OR strpos(lower(p.name), lower($2)) > 0 OR p.slack_user_id = $2)
    AND ($3::text IS NULL OR (lower(p.name), p.id) > (lower($3), $4::uuid))
ORDER BY lower(p.name), p.id LIMIT $5
"""


class People:
    """The people of the workspace."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def seen(self, profile: Profile) -> Person:
        """Remember what Slack says of a person and return them as they now stand."""

        async def work(session: WriteSession) -> Person:
            await session.run(
                _SEEN,
                session.tenant,
                new_id(),
                profile.slack_team_id,
                profile.slack_user_id,
                profile.name,
                profile.zone,
                profile.locale,
                profile.admin,
                profile.guest,
            )
            return await _by_slack(session, profile.slack_team_id, profile.slack_user_id)

        return await self._db.write(work, repeatable=True)

    async def mentioned(self, slack_team_id: str, slack_user_ids: Sequence[str]) -> tuple[UUID, ...]:
        """Return the ids of people named by their Slack ids, in order; new ones are noted until Slack says more."""
        wanted = list(dict.fromkeys(slack_user_ids))
        if not wanted:
            return ()

        async def work(session: WriteSession) -> tuple[UUID, ...]:
            # In one order for everybody, so that two sentences naming the same people do not deadlock.
            ordered = sorted(wanted)
            await session.run(
                _MENTIONED, session.tenant, [new_id() for _ in ordered], [slack_team_id] * len(ordered), ordered
            )
            rows = await session.all(
                "SELECT id, slack_user_id FROM people"
                " WHERE tenant_id = $1 AND slack_team_id = $2 AND slack_user_id = ANY($3::text[])",
                session.tenant,
                slack_team_id,
                wanted,
            )
            ids = {row["slack_user_id"]: row["id"] for row in rows}
            return tuple(ids[user] for user in wanted)

        return await self._db.write(work, repeatable=True)

    async def get(self, person_id: UUID) -> Person:
        """Return the person, or raise PersonNotFound."""

        async def work(session: ReadSession) -> Person:
            row = await session.one(
                f"SELECT {COLUMNS} FROM people p WHERE p.tenant_id = $1 AND p.id = $2",
                session.tenant,
                person_id,
            )
            if row is None:
                raise PersonNotFound("That person is not known here.")
            return person_from(row)

        return await self._db.read(work)

    async def listed(
        self, *, text: str | None = None, after: tuple[str, UUID] | None = None, limit: int = 50
    ) -> tuple[Person, ...]:
        """Return people by name, those whose name has the `text` in it; `after` is the last one's (name, id)."""

        async def work(session: ReadSession) -> tuple[Person, ...]:
            values = (text, *(after or (None, None)), limit)
            return tuple(person_from(row) for row in await session.all(_LISTED, session.tenant, *values))

        return await self._db.read(work)

    async def settle(self, person_id: UUID, *, location_id: UUID | None) -> None:
        """Make a location the person's usual one, or none."""

        async def work(session: WriteSession) -> None:
            await session.run(
                "UPDATE people SET default_location_id = $3, updated_at = now() WHERE tenant_id = $1 AND id = $2",
                session.tenant,
                person_id,
                location_id,
            )

        await self._db.write(work, repeatable=True)

    async def make_admin(self, slack_team_id: str, slack_user_id: str, *, by: Actor | None = None) -> Person:
        """Let somebody change every booking; they need not have used the bot before. `by` None: the command line."""
        (person_id,) = await self.mentioned(slack_team_id, [slack_user_id])

        async def work(session: WriteSession) -> Person:
            made = await session.run(
                "INSERT INTO admins (tenant_id, person_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", session.tenant, person_id
            )
            person = await _by_slack(session, slack_team_id, slack_user_id)
            if made != "INSERT 0 0":
                await _note_admin(session, person, "made an admin", by)
            return person

        return await self._db.write(work, repeatable=True)

    async def dismiss_admin(self, slack_team_id: str, slack_user_id: str, *, by: Actor | None = None) -> bool:
        """Take that right back; return whether they had it. Slack's own admins keep theirs.

        Raises InvalidSetting where nobody would be left who can administrate; the command line (`by` None) can always.
        """

        async def work(session: WriteSession) -> bool:
            # Of two who dismiss each other at once, the second is the last.
            await session.run("SELECT pg_advisory_xact_lock(hashtextextended('admins ' || $1, 0))", str(session.tenant))
            gone = await session.run(
                "DELETE FROM admins a USING people p WHERE a.tenant_id = $1 AND p.tenant_id = a.tenant_id"
                " AND p.id = a.person_id AND p.slack_team_id = $2 AND p.slack_user_id = $3",
                session.tenant,
                slack_team_id,
                slack_user_id,
            )
            if gone == "DELETE 0":
                return False
            if by is not None and not await session.value(_ANY_ADMIN, session.tenant):
                said = "Nobody would be left who can administrate Bookroom. Make somebody else an admin first."
                raise InvalidSetting(said, fields={"people": said})
            await _note_admin(session, await _by_slack(session, slack_team_id, slack_user_id), "made no admin any more", by)
            return True

        return await self._db.write(work, repeatable=True)

    async def admins(self) -> tuple[Person, ...]:
        """Return everybody who may change every booking, by name."""

        async def work(session: ReadSession) -> tuple[Person, ...]:
            rows = await session.all(
                f"SELECT * FROM (SELECT {COLUMNS} FROM people p WHERE p.tenant_id = $1) known"
                " WHERE admin ORDER BY lower(name)",
                session.tenant,
            )
            return tuple(person_from(row) for row in rows)

        return await self._db.read(work)

    async def named_admins(self) -> frozenset[UUID]:
        """Return the ids of those who were made admins here, whatever Slack says of them."""

        async def work(session: ReadSession) -> frozenset[UUID]:
            rows = await session.all("SELECT person_id FROM admins WHERE tenant_id = $1", session.tenant)
            return frozenset(row["person_id"] for row in rows)

        return await self._db.read(work)

    async def team(self, team_id: str, *, enterprise_id: str | None = None, name: str | None = None) -> None:
        """Note that a Slack team belongs to this tenant."""

        async def work(session: WriteSession) -> None:
            await session.run(
                "INSERT INTO slack_teams (tenant_id, team_id, enterprise_id, name) VALUES ($1, $2, $3, $4)"
                " ON CONFLICT (tenant_id, team_id) DO UPDATE"
                " SET enterprise_id = excluded.enterprise_id, name = excluded.name",
                session.tenant,
                team_id,
                enterprise_id,
                name,
            )

        await self._db.write(work, repeatable=True)

    async def teams(self) -> tuple[str, ...]:
        """Return the ids of the Slack teams that belong to this tenant."""

        async def work(session: ReadSession) -> tuple[str, ...]:
            rows = await session.all(
                "SELECT team_id FROM slack_teams WHERE tenant_id = $1 ORDER BY created_at", session.tenant
            )
            return tuple(row["team_id"] for row in rows)

        return await self._db.read(work)


def person_from(row: Mapping[str, Any]) -> Person:
    """Return a person from a row with `COLUMNS`."""
    return Person(**{**row, "groups": frozenset(row["groups"])})


async def _note_admin(session: WriteSession, person: Person, action: str, by: Actor | None) -> None:
    await changes.note(
        session, subject="person", subject_id=person.id, name=person.name, action=action, by=by, before=None, after=None
    )


async def _by_slack(session: ReadSession, team: str, user: str) -> Person:
    row = await session.one(
        f"SELECT {COLUMNS} FROM people p WHERE p.tenant_id = $1 AND p.slack_team_id = $2 AND p.slack_user_id = $3",
        session.tenant,
        team,
        user,
    )
    assert row is not None
    return person_from(row)


async def attendees_by_id(session: ReadSession, ids: Sequence[UUID]) -> dict[UUID, Attendee]:
    """Return those of the people who are known, as attendees."""
    rows = await session.all(
        "SELECT id, slack_user_id, name FROM people WHERE tenant_id = $1 AND id = ANY($2::uuid[])", session.tenant, list(ids)
    )
    return {row["id"]: Attendee(person_id=row["id"], slack_user_id=row["slack_user_id"], name=row["name"]) for row in rows}
