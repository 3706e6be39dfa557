"""What admins do, as rows that are only ever added: a rule, a right or a room before and after, and by whom.

Written in the transaction of the change itself. Kept out: reading them (`audit`), and what happens to bookings (`events`).
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

_NOTE = """
INSERT INTO changes (tenant_id, id, subject, subject_id, subject_name, action, actor_id, actor_name, surface, before, after,
    undoes)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb, $11::jsonb, $12)
"""
_NOTE_MANY = """
INSERT INTO changes (tenant_id, id, subject, subject_id, subject_name, action, actor_id, actor_name, surface, before, after)
SELECT $1, one.id, one.subject, one.subject_id, one.subject_name, one.action, $2, $3, $4, one.before, one.after
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
    """Write what was changed at once, in order; `by` as for `note`."""
    if not changed:
        return
    await session.run(
        _NOTE_MANY,
        session.tenant,
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
    """Write what was changed and return the row's id.

    `subject` is a word such as "room", `name` what the thing is called, `action` a verb such as "changed". `by` None is
    the command line, or what `named` says (a name and a surface). Values may be ids, times, enums, sets and dataclasses.
    """
    change_id = new_id()
    await session.run(
        _NOTE,
        session.tenant,
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
    return change_id


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
