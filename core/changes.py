"""What admins do, as rows that are only ever added: a rule, a right or a room before and after, and by whom.

Written in the transaction of the change itself, at its very end and one transaction after the other: of two changes, the
one that is seen later has the later time, so that whoever has read up to one knows that nothing before it is missing. Kept
out: reading them (`audit`), and what happens to bookings (`events`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from datetime import date, datetime, time
from enum import Enum
from typing import Any
from uuid import UUID

from core.db import WriteSession
from core.ids import new_id
from core.models import Actor

# Who stands in the audit where nobody of Slack did it.
COMMAND_LINE, COMMAND_LINE_SURFACE = "command line", "cli"

# What rules nobody's bookings happens all the time: nobody waits for another there.
RULES_NOTHING = ("series", "token")

_NOTE = """
INSERT INTO changes (tenant_id, id, subject, subject_id, subject_name, action, actor_id, actor_name, surface, before, after,
    undoes, happened_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb, $11::jsonb, $12, {moment})
"""
# Every process that keeps a catalogue hears of it at the commit; those of other tenants know by what is said.
RULED = "bookroom_ruled"
# Until the commit, which comes next.
_IN_TURN = f"SELECT pg_advisory_xact_lock(hashtextextended('changes ' || $1, 0)), pg_notify('{RULED}', $1)"
# Later than whatever is there, even where the server's clock has been put back.
_LATEST = "greatest(clock_timestamp(), (SELECT max(happened_at) + interval '1 us' FROM changes WHERE tenant_id = $1))"
_NOTE_NOW, _NOTE_IN_TURN = _NOTE.format(moment="now()"), _NOTE.format(moment=_LATEST)
_NOTE_MANY = f"""
INSERT INTO changes (tenant_id, id, subject, subject_id, subject_name, action, actor_id, actor_name, surface, before, after,
    happened_at)
SELECT $1, one.id, one.subject, one.subject_id, one.subject_name, one.action, $2, $3, $4, one.before, one.after,
    (SELECT {_LATEST})
FROM unnest($5::uuid[], $6::text[], $7::uuid[], $8::text[], $9::text[], $10::jsonb[], $11::jsonb[])
    WITH ORDINALITY AS one (id, subject, subject_id, subject_name, action, before, after, place) ORDER BY one.place
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """One of many changes that were made at once."""

    subject: str
    subject_id: UUID
    name: str
    action: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


async def note_many(session: WriteSession, changed: Sequence[Changed], *, by: Actor | None) -> None:
    """Have what was changed at once written when the transaction ends, in order; `by` as for `note`."""
    if not changed:
        return
    _in_turn(
        session,
        _NOTE_MANY,
        by.person_id if by else None,
        by.name if by else COMMAND_LINE,
        by.surface if by else COMMAND_LINE_SURFACE,
        [new_id() for _ in changed],
        [one.subject for one in changed],
        [one.subject_id for one in changed],
        [one.name for one in changed],
        [one.action for one in changed],
        [as_json(one.before) for one in changed],
        [as_json(one.after) for one in changed],
    )


async def note(
    session: WriteSession,
    *,
    subject: str,
    subject_id: UUID | None,
    name: str | None,
    action: str,
    by: Actor | None,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    undoes: UUID | None = None,
    named: tuple[str, str] = (COMMAND_LINE, COMMAND_LINE_SURFACE),
) -> UUID:
    """Have what was changed written when the transaction ends, and return the row's id.

    `subject` is a word such as "room", `name` what the thing is called, `action` a verb such as "changed". `by` None is
    the command line, or what `named` says (a name and a surface). Values may be ids, times, enums, sets and dataclasses.
    """
    change_id = new_id()
    values = (
        change_id,
        subject,
        subject_id,
        name,
        action,
        by.person_id if by else None,
        by.name if by else named[0],
        by.surface if by else named[1],
        as_json(before),
        as_json(after),
        undoes,
    )
    if subject in RULES_NOTHING:
        await session.run(_NOTE_NOW, session.tenant, *values)
    else:
        _in_turn(session, _NOTE_IN_TURN, *values)
    return change_id


def _in_turn(session: WriteSession, sql: str, *values: object) -> None:
    """Run a statement when everything else of the transaction is done, and nobody else is committing one like it."""

    async def write(session: WriteSession) -> None:
        await session.run(_IN_TURN, str(session.tenant))
        await session.run(sql, session.tenant, *values)

    session.at_last.append(write)


def as_json(facts: Mapping[str, Any] | None) -> str | None:
    """Return facts as JSON text, in one form whatever order they came in."""
    return None if facts is None else json.dumps(facts, default=_plain, sort_keys=True)


def _plain(value: object) -> object:
    match value:
        case Enum():
            return value.value
        case datetime() | date() | time():
            return value.isoformat()
        case frozenset() | set():
            return sorted(map(str, value))
        case UUID():
            return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return str(value)
