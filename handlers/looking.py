"""Who looks at what: an open search and the App Home are remembered, so that they can be shown anew when something happens.

A search carries with it what it was drawn from. Noting it is never worth failing an answer that was given.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from slack_sdk.models.views import View

from core.errors import BookingError
from core.models import Slot
from handlers.services import Desk

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Looking:
    """What a search shows: the rooms of `location_id` in `slot`; from `content` it can be drawn again.

    `drawn_at` is a moment before what it shows was looked up.
    """

    content: dict[str, Any]
    location_id: UUID
    slot: Slot | None
    drawn_at: datetime


class SearchView(View):
    """A search as it goes to Slack, with what it was drawn from."""

    looking: Looking


@dataclass(frozen=True, kw_only=True, slots=True)
class There:
    """Where a view is shown now; `hash` is None where Slack did not say."""

    view_id: str
    hash: str | None

    @classmethod
    def of(cls, answer: Mapping[str, Any] | Any) -> There | None:  # noqa: ANN401 - an answer of the SDK's
        """Return where the view of a views.* answer stands."""
        view = answer.get("view") or {}
        return cls(view_id=str(view["id"]), hash=view.get("hash")) if view.get("id") else None


async def search_shown(view: View, there: There | None, desk: Desk) -> None:
    """Note that somebody sees a search; any other view in a search's place ends it."""
    if there is None:
        return
    watching = desk.services.watching
    try:
        if not isinstance(view, SearchView):
            await watching.closed(there.view_id)
            return
        looking = view.looking
        if looking.slot is None:  # without a time it shows no rooms that could change
            await watching.closed(there.view_id)
            return
        await watching.search_seen(
            desk.person.id,
            desk.sender.team_id,
            there.view_id,
            there.hash,
            looking.content,
            looking.location_id,
            looking.slot,
            looking.drawn_at,
        )
    except BookingError as error:
        log.info("search of %s not noted: %s", desk.sender.user_id, error.code)


async def home_shown(there: There | None, desk: Desk, *, drawn_at: datetime) -> None:
    """Note that somebody has an App Home, which shows how things stood at `drawn_at`."""
    if there is None:
        return
    try:
        await desk.services.watching.home_seen(desk.person.id, desk.sender.team_id, there.view_id, there.hash, drawn_at)
    except BookingError as error:
        log.info("home of %s not noted: %s", desk.sender.user_id, error.code)
