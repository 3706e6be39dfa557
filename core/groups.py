"""Groups of people for whom rules, rights and quotas are set: those of Slack, kept in step, and the workspace's own.

A group that is removed stays as a row: what was given to it is nobody's then, and comes back with it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from core import changes
from core.catalogue import Catalogues
from core.db import Database, ReadSession, WriteSession
from core.errors import InvalidSetting
from core.ids import new_id
from core.models import Actor, one_line
from core.people import attendees_by_id
from core.regulations import Group

T = TypeVar("T")

SUBJECT = "group"
LONGEST_NAME = 80
# Who stands in the audit where Slack's own groups changed.
SLACK = ("Slack", "slack")

_ALL = """
SELECT g.id, g.name, g.slack_team_id, g.slack_group_id,
    (SELECT count(*) FROM group_members m WHERE m.tenant_id = g.tenant_id AND m.group_id = g.id) AS people
FROM groups g WHERE g.tenant_id = $1 AND g.removed_at IS NULL ORDER BY lower(g.name)
"""
_MEMBERS = """
SELECT p.id, p.slack_user_id, p.name FROM group_members m JOIN people p ON p.tenant_id = m.tenant_id AND p.id = m.person_id
WHERE m.tenant_id = $1 AND m.group_id = $2 ORDER BY lower(p.name), p.id
"""
_ONE = "SELECT id, name, slack_team_id, slack_group_id FROM groups WHERE tenant_id = $1 AND id = $2 AND removed_at IS NULL"
_ADD_MEMBERS = """
INSERT INTO group_members (tenant_id, group_id, person_id) SELECT $1, $2, * FROM unnest($3::uuid[]) ON CONFLICT DO NOTHING
"""
# In one order for everybody, as wherever people are noted.
_MENTIONED = """
INSERT INTO people (tenant_id, id, slack_team_id, slack_user_id, name)
SELECT $1, * FROM unnest($2::uuid[], $3::text[], $4::text[], $4::text[])
ON CONFLICT (tenant_id, slack_team_id, slack_user_id) DO NOTHING
"""
_REMOVE_MEMBERS = "DELETE FROM group_members WHERE tenant_id = $1 AND group_id = $2 AND person_id = ANY($3::uuid[])"


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """A group and how many people are in it."""

    group: Group
    people: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """Somebody in a group."""

    id: UUID
    slack_user_id: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Synced:
    """What bringing Slack's groups into step has changed."""

    created: int = 0
    changed: int = 0
    removed: int = 0

    def __bool__(self) -> bool:
        return bool(self.created or self.changed or self.removed)


class Groups:
    """Lists groups and changes them."""

    def __init__(self, db: Database, catalogues: Catalogues) -> None:
        self._db = db
        self._catalogues = catalogues

    async def all(self) -> tuple[Listed, ...]:
        """Return every group by name."""

        async def work(session: ReadSession) -> tuple[Listed, ...]:
            rows = await session.all(_ALL, session.tenant)
            return tuple(Listed(group=_group(row), people=row["people"]) for row in rows)

        return await self._db.read(work)

    async def members(self, group_id: UUID) -> tuple[Member, ...]:
        """Return who is in a group, by name."""

        async def work(session: ReadSession) -> tuple[Member, ...]:
            return tuple(Member(**row) for row in await session.all(_MEMBERS, session.tenant, group_id))

        return await self._db.read(work)

    # -- the workspace's own ---------------------------------------------------------------------------------------

    async def create(self, name: str, *, people: Sequence[UUID] = (), by: Actor | None = None) -> Group:
        """Make a group of the workspace's own; raises InvalidSetting where the name is taken or empty."""
        group = Group(id=new_id(), name=_named(name))

        async def work(session: WriteSession) -> Group:
            await _refuse_taken(session, group.name)
            await session.run(
                "INSERT INTO groups (tenant_id, id, name) VALUES ($1, $2, $3)", session.tenant, group.id, group.name
            )
            await session.run(_ADD_MEMBERS, session.tenant, group.id, sorted(set(people)))
            await _note(
                session, group, "created", by=by, after={"name": group.name, "people": await _names(session, people)}
            )
            return group

        return await self._changing(work)

    async def rename(self, group_id: UUID, name: str, *, by: Actor | None = None) -> Group:
        """Give one of the workspace's own groups another name."""
        name = _named(name)

        async def work(session: WriteSession) -> Group:
            group = await _own(session, group_id)
            await _refuse_taken(session, name, but=group_id)
            await session.run(
                "UPDATE groups SET name = $3, updated_at = now(), version = version + 1 WHERE tenant_id = $1 AND id = $2",
                session.tenant,
                group_id,
                name,
            )
            if name != group.name:
                await _note(session, group, "renamed", by=by, before={"name": group.name}, after={"name": name})
            return Group(id=group_id, name=name)

        return await self._changing(work)

    async def remove(self, group_id: UUID, *, by: Actor | None = None) -> None:
        """Remove one of the workspace's own groups; rules and rights that were given to it are nobody's from then on."""

        async def work(session: WriteSession) -> None:
            group = await _own(session, group_id)
            await _drop(session, [group_id])
            await _note(session, group, "removed", by=by, before={"name": group.name})

        await self._changing(work)

    async def add(self, group_id: UUID, people: Sequence[UUID], *, by: Actor | None = None) -> int:
        """Add people to one of the workspace's own groups and return how many were not in it; raises InvalidSetting."""

        async def work(session: WriteSession) -> int:
            group = await _own(session, group_id)
            added = int((await session.run(_ADD_MEMBERS, session.tenant, group_id, sorted(set(people)))).split()[-1])
            if added:
                await _note(session, group, "members added", by=by, after={"people": await _names(session, people)})
            return added

        return await self._changing(work)

    async def take_out(self, group_id: UUID, people: Sequence[UUID], *, by: Actor | None = None) -> int:
        """Take people out of one of the workspace's own groups and return how many were in it; raises InvalidSetting."""

        async def work(session: WriteSession) -> int:
            group = await _own(session, group_id)
            gone = int((await session.run(_REMOVE_MEMBERS, session.tenant, group_id, sorted(set(people)))).split()[-1])
            if gone:
                await _note(session, group, "members removed", by=by, before={"people": await _names(session, people)})
            return gone

        return await self._changing(work)

    # -- Slack's ---------------------------------------------------------------------------------------------------

    async def sync(self, team_id: str, groups: Sequence[tuple[str, str, Sequence[str]]]) -> Synced:
        """Bring the groups of a Slack team into step with Slack's: (group id, name, user ids) of every one that is in use.

        Those that are not among them are removed; a name that another group has is told apart by "(Slack)".
        """
        wanted = {slack_id: (name, frozenset(users)) for slack_id, name, users in groups}

        async def work(session: WriteSession) -> Synced:
            # One at a time: several replicas ask Slack.
            await session.run("SELECT pg_advisory_xact_lock(hashtextextended('groups ' || $1, 0))", str(session.tenant))
            rows = await session.all(
                "SELECT id, name, slack_team_id, slack_group_id, removed_at FROM groups"
                " WHERE tenant_id = $1 AND slack_team_id = $2",
                session.tenant,
                team_id,
            )
            known = {row["slack_group_id"]: row for row in rows}
            gone = [row for slack_id, row in known.items() if slack_id not in wanted and row["removed_at"] is None]
            await _drop(session, [row["id"] for row in gone])
            for row in gone:
                await _note(session, _group(row), "removed", before={"name": row["name"]}, named=SLACK)
            people = await _known(session, team_id, {user for _, users in wanted.values() for user in users})
            created = changed = 0
            for slack_id, (name, users) in sorted(wanted.items()):
                row = known.get(slack_id)
                group = await _kept(session, team_id, slack_id, name, row)
                created += row is None or row["removed_at"] is not None
                fewer_or_more = await _have(session, group.id, {people[user] for user in users})
                renamed = row is not None and row["removed_at"] is None and row["name"] != group.name
                changed += row is not None and row["removed_at"] is None and (fewer_or_more or renamed)
            return Synced(created=created, changed=changed, removed=len(gone))

        return await self._changing(work)

    async def _changing(self, work: Callable[[WriteSession], Awaitable[T]]) -> T:
        try:
            return await self._db.write(work, repeatable=True)
        finally:
            self._catalogues.forget()


async def _known(session: WriteSession, team_id: str, users: Iterable[str]) -> dict[str, UUID]:
    """Return people by their Slack ids; new ones are noted until Slack says more of them."""
    wanted = sorted(set(users))
    await session.run(_MENTIONED, session.tenant, [new_id() for _ in wanted], [team_id] * len(wanted), wanted)
    rows = await session.all(
        "SELECT id, slack_user_id FROM people WHERE tenant_id = $1 AND slack_team_id = $2"
        " AND slack_user_id = ANY($3::text[])",
        session.tenant,
        team_id,
        wanted,
    )
    return {row["slack_user_id"]: row["id"] for row in rows}


async def _kept(session: WriteSession, team_id: str, slack_id: str, name: str, row: Mapping[str, Any] | None) -> Group:
    """Write a group of Slack's, unless it is there as it should be, and note when it came or got another name."""
    name = _named(name or slack_id)
    if await _taken(session, name, but=row["id"] if row else None):
        name = f"{name[: LONGEST_NAME - 40]} (Slack)"
        if await _taken(session, name, but=row["id"] if row else None):
            name = f"{name} {slack_id}"
    group = Group(id=row["id"] if row else new_id(), name=name, slack_team_id=team_id, slack_group_id=slack_id)
    if row is None:
        await session.run(
            "INSERT INTO groups (tenant_id, id, name, slack_team_id, slack_group_id, synced_at)"
            " VALUES ($1, $2, $3, $4, $5, now())",
            session.tenant,
            group.id,
            name,
            team_id,
            slack_id,
        )
        await _note(session, group, "created", after={"name": name}, named=SLACK)
    elif row["name"] != name or row["removed_at"] is not None:
        await session.run(
            "UPDATE groups SET name = $3, removed_at = NULL, synced_at = now(), updated_at = now(), version = version + 1"
            " WHERE tenant_id = $1 AND id = $2",
            session.tenant,
            group.id,
            name,
        )
        action = "renamed" if row["removed_at"] is None else "created"
        await _note(session, group, action, before={"name": row["name"]}, after={"name": name}, named=SLACK)
    return group


async def _have(session: WriteSession, group_id: UUID, people: set[UUID]) -> bool:
    """Let a group have exactly these people; return whether anybody came or went."""
    rows = await session.all(
        "SELECT person_id FROM group_members WHERE tenant_id = $1 AND group_id = $2", session.tenant, group_id
    )
    there = {row["person_id"] for row in rows}
    if come := sorted(people - there):
        await session.run(_ADD_MEMBERS, session.tenant, group_id, come)
    if gone := sorted(there - people):
        await session.run(_REMOVE_MEMBERS, session.tenant, group_id, gone)
    return there != people


async def _drop(session: WriteSession, ids: Sequence[UUID]) -> None:
    """Remove groups, and everybody from them: whoever asks for somebody's groups finds none that is gone."""
    if ids:
        await session.run(
            "UPDATE groups SET removed_at = now(), updated_at = now(), version = version + 1"
            " WHERE tenant_id = $1 AND id = ANY($2::uuid[])",
            session.tenant,
            list(ids),
        )
        await session.run(
            "DELETE FROM group_members WHERE tenant_id = $1 AND group_id = ANY($2::uuid[])", session.tenant, list(ids)
        )


async def _own(session: WriteSession, group_id: UUID) -> Group:
    """Return a group that is the workspace's own, locked; raise InvalidSetting for Slack's and for none."""
    row = await session.one(f"{_ONE} FOR NO KEY UPDATE", session.tenant, group_id)
    if row is None:
        raise _refused("That group does not exist any more.")
    if row["slack_group_id"]:
        raise _refused(f"{row['name']} is a user group of Slack: change it there, and it follows within minutes.")
    return _group(row)


async def _taken(session: ReadSession, name: str, *, but: UUID | None = None) -> bool:
    return bool(
        await session.value(
            "SELECT EXISTS (SELECT FROM groups WHERE tenant_id = $1 AND lower(name) = lower($2) AND removed_at IS NULL"
            " AND id IS DISTINCT FROM $3)",
            session.tenant,
            name,
            but,
        )
    )


async def _refuse_taken(session: WriteSession, name: str, *, but: UUID | None = None) -> None:
    # Two at once with one name: the second waits, and sees the first.
    await session.run("SELECT pg_advisory_xact_lock(hashtextextended('groups ' || $1, 0))", str(session.tenant))
    if await _taken(session, name, but=but):
        raise _refused(f"There is a group {name} already.")


def _named(name: str) -> str:
    said = one_line(name)
    if not said or len(said) > LONGEST_NAME:
        raise _refused(f"A group needs a name of up to {LONGEST_NAME} characters.")
    return said


def _refused(message: str) -> InvalidSetting:
    return InvalidSetting(message, fields={SUBJECT: message})


def _group(row: Mapping[str, Any]) -> Group:
    return Group(id=row["id"], name=row["name"], slack_team_id=row["slack_team_id"], slack_group_id=row["slack_group_id"])


async def _names(session: ReadSession, people: Sequence[UUID]) -> list[str]:
    return sorted(person.name for person in (await attendees_by_id(session, people)).values())


async def _note(
    session: WriteSession,
    group: Group,
    action: str,
    *,
    by: Actor | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    named: tuple[str, str] = (changes.COMMAND_LINE, changes.COMMAND_LINE_SURFACE),
) -> None:
    await changes.note(
        session,
        subject=SUBJECT,
        subject_id=group.id,
        name=group.name,
        action=action,
        by=by,
        before=before,
        after=after,
        named=named,
    )
