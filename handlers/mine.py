"""One's own bookings, as a list with what can be done to each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slack_sdk.models.blocks import Block

from handlers.places import places_in_line
from handlers.replies import Message
from handlers.requests import Click, Command
from handlers.series_told import knowing
from handlers.services import Desk
from handlers.views import bookings as views
from handlers.views import line as line_views

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
    """Return a page of the list, below what has just happened; of a series it has the next date."""
    found = await desk.services.bookings.mine(desk.actor, limit=PAGE + 1, offset=offset, once_per_series=True)
    if not found and offset:
        return await listed(desk, above=above, said_above=said_above)
    held, line = await _in_line(desk, offset) if not offset else (_NOTHING, _NOTHING)
    changeable = frozenset(str(booking.id) for booking in found if booking.changeable_by(desk.actor))
    return views.listed(
        found[:PAGE],
        await knowing(desk, *found),
        changeable=changeable,
        offset=offset,
        more_from=offset + PAGE if len(found) > PAGE else None,
        page=PAGE,
        above=[*above, *held[0]],
        said_above="\n".join(part for part in (said_above, held[1]) if part),
        below=line[0],
        said_below=line[1],
    )


_Told = tuple[list[Block], str]
_NOTHING: _Told = ([], "")


async def _in_line(desk: Desk, offset: int) -> tuple[_Told, _Told]:
    """Return what is held for the person, and what they wait for, each as blocks and as text."""
    places = await places_in_line(desk)
    held = [one for one in places.waiting if one.status == "offered"]
    waiting = [one for one in places.waiting if one.status != "offered"]
    start = f"{views.IN_LIST}:{offset}"
    return (
        line_views.listed(held, places.ahead, places.locations, desk.reader, block_id=f"{start}:held"),
        line_views.listed(
            waiting, places.ahead, places.locations, desk.reader, block_id=f"{start}:line", title=line_views.TITLE
        ),
    )


def _offset(text: str) -> int:
    return min(int(text), 10_000) if text.isdecimal() and text.isascii() and len(text) < 6 else 0
