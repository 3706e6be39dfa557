"""Tokens of the API: a person's own, or a service's that somebody answers for. Kept is a digest, never the token.

Whoever has one acts as that person, within its scopes; what the person may not do, no token may. Kept out: HTTP, and how
many requests one is good for.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Collection, Mapping
from contextvars import Context
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from time import monotonic
from typing import Any
from uuid import UUID

from core import changes
from core.clock import Clock
from core.db import Database, ReadSession, WriteSession
from core.errors import InvalidSetting, TokenNotFound
from core.ids import new_id
from core.models import Actor, Person, one_line
from core.people import COLUMNS, person_from

SUBJECT = "token"
PREFIX = "bkr_"
LONGEST_NAME = 100
# A revoked token, or one of somebody who left, is good for no longer than this in a process that has just seen it.
FRESH_SECONDS = 1.0
# When a token was last used is told to the minute, so that reading does not write.
USE_NOTED = timedelta(minutes=1)
_KEPT = 2_000


class Scope(StrEnum):
    """What a token is good for; each includes those before it."""

    READ = "read"
    BOOK = "book"
    ADMIN = "admin"


class TokenKind(StrEnum):
    """Whose it is: a person's own, or a service's, for which a person answers."""

    PERSONAL = "personal"
    SERVICE = "service"


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """A token as it may be shown: everything but itself."""

    id: UUID
    person_id: UUID
    person_name: str
    kind: TokenKind
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    def good(self, now: datetime) -> bool:
        """Tell whether it can be used."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)

    def allows(self, scope: Scope) -> bool:
        """Tell whether it is good for a scope, as such or within a wider one."""
        order = list(Scope)
        return any(order.index(held) >= order.index(scope) for held in self.scopes)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bearer:
    """Whoever came with a token: the token, and the person as whom it acts."""

    token: Token
    person: Person


_SHOWN = """
t.id, t.person_id, t.kind, t.name, t.scopes, t.created_at, t.expires_at, t.last_used_at, t.revoked_at
"""
_ALL = f"""
SELECT {_SHOWN}, p.name AS person_name FROM tokens t JOIN people p ON p.tenant_id = t.tenant_id AND p.id = t.person_id
WHERE t.tenant_id = $1 AND ($2::uuid IS NULL OR t.person_id = $2) AND t.revoked_at IS NULL
ORDER BY lower(t.name), t.created_at
"""
_MAKE = """
INSERT INTO tokens (tenant_id, id, person_id, kind, name, digest, scopes, created_by, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
_USED = """
UPDATE tokens SET last_used_at = $3 WHERE tenant_id = $1 AND id = $2 AND (last_used_at IS NULL OR last_used_at < $4)
"""


class Tokens:
    """Makes, shows and revokes tokens, and knows who comes with one."""

    def __init__(self, db: Database, clock: Clock, *, fresh_seconds: float = FRESH_SECONDS) -> None:
        self._db = db
        self._clock = clock
        self._fresh_seconds = fresh_seconds
        self._known: dict[str, tuple[float, Bearer | None]] = {}
        self._asked: dict[str, asyncio.Task[Bearer | None]] = {}
        self._noted: dict[UUID, datetime] = {}

    async def make(
        self,
        person_id: UUID,
        *,
        name: str,
        scopes: Collection[Scope],
        kind: TokenKind = TokenKind.PERSONAL,
        expires_at: datetime | None = None,
        by: Actor | None = None,
    ) -> tuple[Token, str]:
        """Return a new token, and the secret that is shown this once. Raises InvalidSetting or PersonNotFound."""
        called, now = one_line(name), self._clock.now()
        if not called or len(called) > LONGEST_NAME:
            said = f"Name the token in up to {LONGEST_NAME} characters, so that you know it again."
            raise InvalidSetting(said, fields={"name": said})
        if not scopes:
            said = "Say what the token is for: read, book or admin."
            raise InvalidSetting(said, fields={"scopes": said})
        if expires_at is not None and expires_at <= now:
            said = "The token would be over before it is made."
            raise InvalidSetting(said, fields={"expires_at": said})
        secret, token_id = PREFIX + secrets.token_urlsafe(32), new_id()

        async def work(session: WriteSession) -> Token:
            await session.run(
                _MAKE,
                session.tenant,
                token_id,
                person_id,
                kind.value,
                called,
                _digest(secret),
                sorted(scope.value for scope in scopes),
                by.person_id if by else None,
                now,
                expires_at,
            )
            token = await _token(session, token_id)
            facts = {"kind": kind, "scopes": sorted(scopes), "person_id": token.person_id, "expires": expires_at}
            await _note(session, token, "made", by=by, before=None, after=facts)
            return token

        # Not repeatable: a secret that was made twice would be shown once.
        return await self._db.write(work, repeatable=False), secret

    async def revoke(self, token_id: UUID, *, by: Actor | None = None) -> Token:
        """End a token; one that is over is left at that. Raises TokenNotFound."""
        now = self._clock.now()

        async def work(session: WriteSession) -> Token:
            done = await session.run(
                "UPDATE tokens SET revoked_at = $3 WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL",
                session.tenant,
                token_id,
                now,
            )
            token = await _token(session, token_id)
            if done != "UPDATE 0":
                await _note(session, token, "revoked", by=by, before={"scopes": sorted(token.scopes)}, after=None)
            return token

        token = await self._db.write(work, repeatable=True)
        self._known.clear()
        self._asked.clear()
        return token

    async def all(self, *, person_id: UUID | None = None) -> tuple[Token, ...]:
        """Return the tokens that were not revoked, everybody's or one person's, by name."""

        async def work(session: ReadSession) -> tuple[Token, ...]:
            return tuple(_from(row) for row in await session.all(_ALL, session.tenant, person_id))

        return await self._db.read(work)

    async def bearer(self, secret: str) -> Bearer | None:
        """Return who comes with a token, None where it is of no use; asked of the database every few seconds at most."""
        digest, moment = _digest(secret), monotonic()
        known = self._known.get(digest)
        if known is None or known[0] <= moment:
            if digest not in self._asked:
                self._asked[digest] = asyncio.get_running_loop().create_task(self._ask(digest), context=Context())
            # Shielded: whoever gives up must not end it for the others.
            known = (moment, await asyncio.shield(self._asked[digest]))
        bearer, now = known[1], self._clock.now()
        if bearer is None or not bearer.token.good(now):
            return None
        return bearer

    async def _ask(self, digest: str) -> Bearer | None:
        """Ask the database who comes with a token, once for all who come with it meanwhile."""
        task, moment = asyncio.current_task(), monotonic()
        try:
            found = await self._db.read(lambda session: _bearer(session, digest))
            # A guess leaves no trace: only tokens that there are take up room. Nor does what was asked before a revocation.
            if found is not None and self._asked.get(digest) is task:
                if len(self._known) >= _KEPT:
                    self._known.clear()
                self._known[digest] = (moment + self._fresh_seconds, found)
            return found
        finally:
            if self._asked.get(digest) is task:
                del self._asked[digest]

    async def used(self, bearer: Bearer) -> None:
        """Note that a token was used, at most once a minute."""
        now, last = self._clock.now(), self._noted.get(bearer.token.id, bearer.token.last_used_at)
        if last is not None and now - last < USE_NOTED:
            return
        if len(self._noted) >= _KEPT:
            self._noted.clear()
        self._noted[bearer.token.id] = now

        async def work(session: WriteSession) -> None:
            await session.run(_USED, session.tenant, bearer.token.id, now, now - USE_NOTED)

        await self._db.write(work, repeatable=True)


async def _bearer(session: ReadSession, digest: str) -> Bearer | None:
    row = await session.one(
        f"SELECT {_SHOWN}, p.name AS person_name FROM tokens t"
        " JOIN people p ON p.tenant_id = t.tenant_id AND p.id = t.person_id"
        " WHERE t.tenant_id = $1 AND t.digest = $2 AND p.erased_at IS NULL",
        session.tenant,
        digest,
    )
    if row is None:
        return None
    person = await session.one(
        f"SELECT {COLUMNS} FROM people p WHERE p.tenant_id = $1 AND p.id = $2", session.tenant, row["person_id"]
    )
    return Bearer(token=_from(row), person=person_from(person)) if person else None


async def _token(session: ReadSession, token_id: UUID) -> Token:
    row = await session.one(
        f"SELECT {_SHOWN}, p.name AS person_name FROM tokens t"
        " JOIN people p ON p.tenant_id = t.tenant_id AND p.id = t.person_id WHERE t.tenant_id = $1 AND t.id = $2",
        session.tenant,
        token_id,
    )
    if row is None:
        raise TokenNotFound("There is no such token.")
    return _from(row)


async def _note(
    session: WriteSession,
    token: Token,
    action: str,
    *,
    by: Actor | None,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> None:
    # What somebody called it is kept with the token alone, where it goes when they do.
    await changes.note(
        session,
        subject=SUBJECT,
        subject_id=token.id,
        name=f"{token.kind} token …{token.id.hex[-6:]}",
        action=action,
        by=by,
        before=before,
        after=after,
    )


def _from(row: Mapping[str, Any]) -> Token:
    return Token(**{**row, "kind": TokenKind(row["kind"]), "scopes": frozenset(Scope(scope) for scope in row["scopes"])})


def _digest(secret: str) -> str:
    # Of 32 random bytes nothing can be guessed: a plain digest is as good as a slow one, and does not cost an answer's time.
    return hashlib.sha256(secret.encode(errors="backslashreplace")).hexdigest()
