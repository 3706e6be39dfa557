"""The edges: Slack and HTTP in, Slack and HTTP out; parsing and rendering, no SQL.

`register` is the table of contents: which command, button, form and event goes to which handler.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp

from handlers import (
    approving,
    attending,
    booking,
    cancelling,
    commands,
    home,
    leaving,
    line,
    mine,
    modals,
    moving,
    proposing,
    rooms,
    series,
    series_choosing,
    series_dates,
    stats,
    subscribing,
)
from handlers.edge import PATIENCE, Edge, OnClick
from handlers.ids import Action
from handlers.modals import refuse_form
from handlers.refusals import refuse
from handlers.services import Services
from handlers.slack_many import LEAVING

log = logging.getLogger(__name__)

ACTIONS: Mapping[Action, OnClick] = {
    Action.READ: booking.read_button,
    Action.READ_AGAIN: booking.read_again,
    Action.CHOOSE_PLACE: booking.choose_place,
    Action.TAKE: booking.take,
    Action.TAKE_ASIDE: booking.take_aside,
    Action.BOOK_ANOTHER: booking.take,
    Action.MOVE_TO: moving.clicked,
    Action.PICK_TO_MOVE: moving.picked,
    Action.OTHER_ROOM: moving.other_room,
    Action.PICK_TO_CANCEL: cancelling.picked,
    Action.CANCEL: cancelling.clicked,
    Action.UNDO: cancelling.undone,
    Action.KEEP: cancelling.kept,
    Action.RUN: commands.run_button,
    Action.PAGE_MINE: mine.page,
    Action.PAGE_ROOMS: rooms.page,
    Action.ROOM_DAY: rooms.day,
    **approving.ACTIONS,
    **attending.ACTIONS,
    **leaving.ACTIONS,
    **line.ACTIONS,
    **proposing.ACTIONS,
    **home.ACTIONS,
    Action.OPEN_PAGE: stats.page_opened,
    **series.ACTIONS,
    **series_choosing.ACTIONS,
    **series_dates.ACTIONS,
    **subscribing.ACTIONS,
}


async def _left(event: dict[str, Any]) -> None:
    """Note that the one workspace has taken the app away, or its token back; with many, `slack_many` sees to it."""
    log.warning("slack says %s: a new token is needed", event.get("type"), extra={"action": "uninstall"})


def register(app: AsyncApp, services: Services, *, patience: float = PATIENCE) -> Edge:
    """Let the app answer everything that Bookroom offers; return the edge, which knows what is still under way."""
    edge = Edge(services, refuse=refuse, refuse_form=refuse_form, patience=patience)
    app.command(services.command)(edge.command(commands.typed))
    for action, on_click in {**ACTIONS, **modals.ACTIONS}.items():
        # Buttons of one kind that stand side by side are told apart by a number.
        app.action(re.compile(rf"^{action.value}(:\d+)?$"))(edge.click(on_click))
    for callback, on_submission in {**modals.SUBMISSIONS, **approving.SUBMISSIONS}.items():
        app.view(callback.value)(edge.submission(on_submission))
    for callback, on_closed in modals.CLOSINGS.items():
        app.view_closed(callback.value)(edge.closing(on_closed))
    for action, on_lookup in modals.LOOKUPS.items():
        app.options(re.compile(rf"^{action.value}(:\d+)?$"))(edge.lookup(on_lookup))
    app.event("app_home_opened")(edge.home(home.opened))
    for leaving_us in LEAVING:
        app.event(leaving_us)(_left)
    return edge
