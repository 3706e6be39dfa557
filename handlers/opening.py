"""Getting a modal before the person: Slack's permission to open one lasts three seconds and serves once.

Everything a form needs is in memory as a rule. What has to be fetched first gets a moment; then a view stands in for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Coroutine
from typing import Any

from slack_sdk.models.views import View

from core.errors import BookingError
from handlers import forms, pictures
from handlers.edge import APOLOGY
from handlers.ids import Callback
from handlers.looking import SearchView, There, search_shown
from handlers.replies import Nothing, Show
from handlers.requests import Click, Command
from handlers.services import Desk
from handlers.slack_errors import FAILED, outage, reason
from handlers.views.text import said

MOMENT = 0.6
_TOO_LATE = frozenset({"expired_trigger_id", "exchanged_trigger_id", "invalid_trigger_id", "trigger_exchanged"})
log = logging.getLogger(__name__)


class OpenedTooLate(BookingError):
    """Slack no longer lets the form be opened."""

    code = "OpenedTooLate"


class NotOpened(BookingError):
    """Slack has an outage, or answers too many others."""

    code = "NotOpened"


async def opened(
    request: Command | Click, desk: Desk, view: Coroutine[Any, Any, View], *, moment: float = MOMENT
) -> Show | Nothing:
    """Show the view: in place of the modal in which something was clicked, else as a modal of its own."""
    if isinstance(request, Click) and request.form is not None and request.form.callback_id != Callback.HOME:
        return Show(view=await view)
    building = asyncio.create_task(view)
    await asyncio.wait({building}, timeout=moment)
    if building.done():
        await _open(desk, request.trigger_id, building.result())
        return Nothing()
    try:
        view_id = await _open(desk, request.trigger_id, forms.working())
    except BaseException:
        building.cancel()
        raise
    await _fill(desk, view_id, building)
    return Nothing()


async def _open(desk: Desk, trigger_id: str, view: View) -> str:
    try:
        answer = await desk.client.views_open(trigger_id=trigger_id, view=pictures.safe(view))
    except FAILED as error:
        if outage(error):
            raise NotOpened("Slack did not open the form. Try again in a minute.") from error
        if reason(error) not in _TOO_LATE:
            raise
        raise OpenedTooLate("Slack gave up waiting before the form was there. Try again.") from error
    there = await pictures.follow(desk.client, view, There.of(answer))
    if isinstance(view, SearchView):
        await search_shown(view, there, desk)
    return there.view_id if there else ""


async def _fill(desk: Desk, view_id: str, building: Awaitable[View]) -> None:
    """Put the view in its place when it is there, or why there is none."""
    try:
        view = await building
    except BookingError as error:
        view = forms.notice(said(error.message), ())
    except Exception:
        log.exception("a view could not be made")
        view = forms.notice(APOLOGY, ())
    try:
        answer = await pictures.updated(desk.client, view, view_id=view_id)
    except FAILED as error:
        log.warning("view not filled: %s", reason(error))
        return
    if isinstance(view, SearchView):
        await search_shown(view, There.of(answer), desk)
