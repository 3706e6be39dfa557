"""Tokens of the API in administration: which there are, a new one, and their end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from slack_sdk.models.views import View

from core.errors import InvalidSetting
from core.tokens import Scope, TokenKind
from handlers.admin_asked import Asked
from handlers.drafts import OUT_OF_DATE, UnreadableError
from handlers.requests import Sender
from handlers.views import admin_tokens as shown
from handlers.views.text import Line, bold, cut

Page = Callable[[Asked], Awaitable[View]]


async def tokens(asked: Asked, above: Line = ()) -> View:
    """Return everybody's tokens."""
    where = asked.where if asked.where.section == "tokens" else shown.TOKENS
    return shown.tokens(await asked.desk.services.tokens.all(), where, asked.desk.reader, above=above)


async def make_token(asked: Asked) -> View:
    """Return the form of a new token."""
    return shown.make_token(asked.where, asked.desk.sender.user_id)


async def make_token_sent(asked: Asked) -> View:
    """Make a token and show it."""
    filled, desk = asked.filled, asked.desk
    if not (user := filled.text("person")):
        raise InvalidSetting("Choose somebody.", fields={"person": "Choose somebody."})
    try:
        scope, kind = Scope(filled.option("scope") or ""), TokenKind(filled.option("kind") or "")
    except ValueError as error:
        raise UnreadableError(OUT_OF_DATE) from error
    whose = await desk.services.directory.invitee(Sender(team_id=desk.sender.team_id, user_id=user), desk.client)
    token, secret = await desk.services.tokens.make(
        whose.id,
        name=filled.text("name"),
        scopes=[scope],
        kind=kind,
        expires_at=shown.lasts(filled.option("lasting"), desk.services.clock.now()),
        by=asked.by,
    )
    return shown.made(token, secret)


async def revoke_token(asked: Asked) -> View:
    """End a token."""
    gone = await asked.desk.services.tokens.revoke(asked.id, by=asked.by)
    return await tokens(replace(asked, where=shown.TOKENS), ["✅ Revoked: ", bold(cut(gone.name, 100)), "."])


PAGES: Mapping[str, Page] = {"tokens": tokens, "make_token": make_token}
DEEDS: Mapping[str, Page] = {"revoke_token": revoke_token}
FORMS: Mapping[str, Page] = {"make_token": make_token_sent}
