"""One's own API tokens, from the settings: looked at, made, revoked. Everybody's are the admins' (`admin_tokens`)."""

from __future__ import annotations

from uuid import UUID

from slack_sdk.models.views import View

from core.errors import TokenNotFound
from core.tokens import Scope
from handlers.drafts import OUT_OF_DATE, UnreadableError
from handlers.ids import Action, Callback, Field
from handlers.replies import Place, Show
from handlers.requests import Click, Submission
from handlers.services import Desk
from handlers.views import own_tokens as views
from handlers.views.admin_tokens import LASTING, lasts
from handlers.views.text import Line, bold, cut


async def clicked(click: Click, desk: Desk) -> Show:  # noqa: ARG001 - one shape for all
    """Show them, on top of the settings."""
    return Show(view=await _list(desk), place=Place.ON_TOP)


async def make(click: Click, desk: Desk) -> Show:  # noqa: ARG001 - one shape for all
    """Show the form of a new one."""
    return Show(view=views.make(_scopes(desk)))


async def sent(submission: Submission, desk: Desk) -> Show:
    """Make one and show it."""
    form = submission.form
    scope, lasting = form.option(Field.TOKEN_SCOPE) or "", form.option(Field.TOKEN_LASTING)
    if scope not in set(_scopes(desk)) or lasting not in LASTING:
        raise UnreadableError(OUT_OF_DATE)
    token, secret = await desk.services.tokens.make(
        desk.person.id,
        name=form.text(Field.TOKEN_NAME) or "",
        scopes=[Scope(scope)],
        expires_at=lasts(lasting, desk.services.clock.now()),
        by=desk.actor,
    )
    return Show(view=views.made(token, secret))


async def revoke(click: Click, desk: Desk) -> Show:
    """End one."""
    tokens = desk.services.tokens
    token = next((one for one in await tokens.all(person_id=desk.person.id) if one.id == _id(click.value)), None)
    if token is None:
        raise TokenNotFound("That token was revoked already.")
    await tokens.revoke(token.id, by=desk.actor)
    return Show(view=await _list(desk, ["✅ Revoked: ", bold(cut(token.name, 100)), "."]))


async def _list(desk: Desk, above: Line = ()) -> View:
    return views.tokens(await desk.services.tokens.all(person_id=desk.person.id), desk.reader, above=above)


def _scopes(desk: Desk) -> list[Scope]:
    return [scope for scope in Scope if scope is not Scope.ADMIN or desk.actor.admin]


def _id(value: str | None) -> UUID:
    try:
        return UUID(value or "")
    except ValueError as error:
        raise UnreadableError(OUT_OF_DATE) from error


ACTIONS = {Action.OPEN_TOKENS: clicked, Action.MAKE_TOKEN: make, Action.REVOKE_TOKEN: revoke}
SUBMISSIONS = {Callback.TOKEN: sent}
