"""The newest view has to stay: quick changes in a live form are each answered by a view.

Slack refuses an update made for an older view, which keeps replicas apart; but the newest change, typed before the
answer to the one before it had arrived, is made for an older view too. Within a process, their order is known.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable

from slack_sdk.models.views import View

from handlers.looking import There, search_shown
from handlers.replies import Nothing
from handlers.requests import Form
from handlers.services import Desk
from handlers.slack_errors import FAILED, reason

log = logging.getLogger(__name__)


async def shown_if_latest(form: Form, desk: Desk, view: Awaitable[View]) -> Nothing:
    """Put a view in the form's place, unless the person has changed the form again meanwhile."""
    latest = desk.services.latest
    number = latest.begin(form.view_id)
    made = await view
    if not latest.holds(form.view_id, number):
        return Nothing()
    refusal = await _update(desk, form.view_id, made, form.hash)
    if refusal == "hash_conflict" and latest.holds(form.view_id, number):
        refusal = await _update(desk, form.view_id, made, None)
    if refusal:
        log.warning("view not updated: %s", refusal)
    return Nothing()


async def _update(desk: Desk, view_id: str, view: View, only_if: str | None) -> str | None:
    """Return why Slack did not update the view, or None; a view that was closed meanwhile is `not_found`."""
    try:
        answer = await desk.client.views_update(view_id=view_id, hash=only_if, view=view)
    except FAILED as error:
        return reason(error)
    await search_shown(view, There.of(answer), desk)
    return None
