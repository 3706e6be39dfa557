"""One's own bookings, as a list with what can be done to each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slack_sdk.models.blocks import Block

from handlers.replies import Message
from handlers.requests import Click, Command
from handlers.services import Desk
from handlers.views import bookings as views

PAGE = 8


async def shown(request: Command | Click, rest: str, desk: Desk) -> Message:  # noqa: ARG001 - one shape for all commands
    """List what the person booked or attends, soonest first."""
    return await listed(desk)


async def page(click: Click, desk: Desk) -> Message:
    """Turn to another page of the list."""
    return await listed(desk, offset=_offset(click.value or ""))


def offset_of(click: Click) -> int | None:
    """Return which page of the list a button stands on, None when it stands elsewhere."""
    name, _, place = click.block_id.partition(":")
    return _offset(place.partition(":")[0]) if name == views.IN_LIST else None


async def listed(
    desk: Desk, *, offset: int = 0, above: Sequence[Block | Mapping[str, Any]] = (), said_above: str = ""
) -> Message:
    """Return a page of the list, below what has just happened."""
    found = await desk.services.bookings.mine(desk.actor, limit=PAGE + 1, offset=offset)
    if not found and offset:
        return await listed(desk, above=above, said_above=said_above)
    changeable = frozenset(str(booking.id) for booking in found if booking.changeable_by(desk.actor))
    return views.listed(
        found[:PAGE],
        desk.reader,
        changeable=changeable,
        offset=offset,
        more_from=offset + PAGE if len(found) > PAGE else None,
        page=PAGE,
        above=above,
        said_above=said_above,
    )


def _offset(text: str) -> int:
    return min(int(text), 10_000) if text.isdecimal() and text.isascii() and len(text) < 6 else 0
