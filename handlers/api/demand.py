"""Refusals over the API as demand: what a program wanted to book and could not, kept for the figures beside the answer."""

from __future__ import annotations

from core.errors import BookingError
from core.models import Wish
from handlers.api.operations import Call


def note(call: Call, wish: Wish, refused: BookingError | None) -> None:
    """Keep what a refusal kept somebody from, or (without one) what no room was found for; nobody waits for it."""
    services = call.services
    services.asides.start(services.demand.note(wish, refused, by=call.actor, surface="api"), name="note_demand")
