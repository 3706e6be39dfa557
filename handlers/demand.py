"""Refusals as demand: what somebody wanted to book and could not, kept for the figures beside the answer."""

from __future__ import annotations

from core.errors import BookingError
from core.models import Wish
from handlers.drafts import Draft, UnreadableError
from handlers.services import Desk
from handlers.wanted import wanted_of


def refused(error: BookingError, desk: Desk) -> None:
    """Keep what a refusal kept somebody from, where it was a new booking that they wanted."""
    wanted = wanted_of(error)
    if wanted is None or not isinstance(wanted.what, Draft):
        return
    try:
        wish = wanted.what.wish()
    except UnreadableError:
        return
    found_nothing(wish, error, desk)


def found_nothing(wish: Wish, error: BookingError | None, desk: Desk) -> None:
    """Keep a search that found no room, or (with an error) could not find one."""
    services = desk.services
    services.asides.start(services.demand.note(wish, error, by=desk.actor, surface="slack"), name="note_demand")
