"""Tokens over the API: one's own looked at, made and revoked; admins look at and revoke everybody's.

A token makes none that is good for more, or for longer, than itself. What was made is told once: the answer that is kept
for the same request with the same key is without it, so that nothing of it lies anywhere but with who asked.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from core import errors
from core.tokens import LONGEST_NAME, Scope, Token, TokenKind
from handlers.api import problems
from handlers.api.operations import Call, Operation, Reply
from handlers.api.paging import Page
from handlers.api.values import Body, Line, Moment, Out

TAG = "Tokens"


class TokenOut(Out):
    """A token, without itself. `lastUsedAt` is told to the minute; `expiresAt` null: it is good until it is revoked."""

    id: UUID
    person_id: UUID
    person_name: str
    kind: TokenKind
    name: str
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None

    @classmethod
    def of(cls, one: Token) -> TokenOut:
        """Return a token as it is told."""
        return cls(
            id=one.id,
            person_id=one.person_id,
            person_name=one.person_name,
            kind=one.kind,
            name=one.name,
            scopes=sorted(one.scopes, key=list(Scope).index),
            created_at=one.created_at,
            expires_at=one.expires_at,
            last_used_at=one.last_used_at,
        )


class TokenMade(TokenOut):
    """A token with itself as `secret`, which is told this once."""

    secret: str


class TokensOut(Out):
    """A page of tokens, by name."""

    items: list[TokenOut]
    next: str | None


class TokenNew(Body):
    """A token to be made, good for no more and no longer than the one in use; without `expiresAt`, for as long as that."""

    name: Annotated[Line, Field(min_length=1, max_length=LONGEST_NAME)]
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1, max_length=len(Scope))]
    expires_at: Moment | None = None


async def listed(call: Call) -> Reply:
    """Return a page of tokens."""
    known = await call.services.tokens.all(person_id=None if call.actor.admin else call.actor.person_id)
    page, following = call.query(Page).of(known, key=lambda one: (one.name.casefold(), str(one.id)))
    return Reply(body=TokensOut(items=[TokenOut.of(one) for one in page], next=following), following=following)


async def make(call: Call) -> Reply:
    """Make a token."""
    said, used, secrets = call.body(TokenNew), _in_use(call), []
    expires_at = said.expires_at or used.expires_at
    _refuse_more(used, said.scopes, expires_at)

    async def work() -> Token:
        made, secret = await call.services.tokens.make(
            call.actor.person_id,
            name=said.name,
            scopes=set(said.scopes),
            kind=used.kind,
            expires_at=expires_at,
            # Whoever acts for somebody else is the one who made it.
            by=call.person.acting("api"),
        )
        secrets.append(secret)
        return made

    made = TokenOut.model_validate(await call.once(work, TokenOut.of))
    if not secrets:
        raise problems.ToldOnce(
            f"Token {made.id} was made by this request before, and is told once. Revoke it, make another."
        )
    return Reply(body=TokenMade(**made.model_dump(), secret=secrets[0]), at=f"/tokens/{made.id}")


async def revoke(call: Call) -> Reply:
    """End a token."""
    token_id, tokens = call.id("token_id"), call.services.tokens
    known = await tokens.all(person_id=None if call.actor.admin else call.actor.person_id)
    token = next((one for one in known if one.id == token_id), None)
    if token is None:
        raise errors.TokenNotFound("There is no such token.")
    _refuse_wider(_in_use(call), token.scopes)
    await tokens.revoke(token.id, by=call.person.acting("api"))
    return Reply(body=None)


def _in_use(call: Call) -> Token:
    # Who has signed in to our pages reads alone.
    assert call.token is not None
    return call.token


def _refuse_more(used: Token, scopes: tuple[Scope, ...], expires_at: datetime | None) -> None:
    _refuse_wider(used, frozenset(scopes))
    if used.expires_at is not None and (expires_at is None or expires_at > used.expires_at):
        raise problems.Forbidden("A token makes none that is good for longer than itself.")


def _refuse_wider(used: Token, scopes: frozenset[Scope]) -> None:
    if not all(used.allows(scope) for scope in scopes):
        raise problems.Forbidden("A token makes and revokes none that is good for more than itself.")


OPERATIONS = (
    Operation(
        method="GET",
        path="/tokens",
        name="listTokens",
        tag=TAG,
        summary="List one's own tokens; admins list everybody's",
        description="Those that were not revoked, without the tokens themselves.",
        handle=listed,
        query=Page,
        answer=TokensOut,
    ),
    Operation(
        method="POST",
        path="/tokens",
        name="makeToken",
        tag=TAG,
        summary="Make a token of one's own",
        description=(
            "The token is in the answer, this once: only a digest of it is kept. The same request with the same"
            " `Idempotency-Key` makes no other, and is refused with `ToldOnce`, which names the token: whoever has not got"
            " the first answer revokes it and makes another. It acts as the same person, and is of the same kind."
        ),
        handle=make,
        scope=Scope.BOOK,
        body=TokenNew,
        answer=TokenMade,
        status=201,
        refusals=(errors.InvalidSetting, problems.ToldOnce),
    ),
    Operation(
        method="DELETE",
        path="/tokens/{token_id}",
        name="revokeToken",
        tag=TAG,
        summary="Revoke a token of one's own; admins revoke everybody's",
        description="Whatever uses it is refused within seconds.",
        handle=revoke,
        scope=Scope.BOOK,
        refusals=(errors.TokenNotFound,),
    ),
)
