"""Lists that the Web API gives out page by page."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from typing import TypeVar

from sandbox.errors import SlackError
from sandbox.webapi import Arguments

T = TypeVar("T")

MOST = 1000


def paged(things: Iterable[T], arguments: Arguments, *, default: int) -> tuple[Sequence[T], str]:
    """One page of a list and the cursor of the next, empty at the end; raises SlackError invalid_cursor."""
    everything = list(things)
    limit = arguments.number("limit", default)
    if not 1 <= limit <= MOST:
        raise SlackError("invalid_limit")
    start = _position(arguments.text("cursor"))
    page = everything[start : start + limit]
    following = start + limit
    return page, _cursor(following) if following < len(everything) else ""


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"from:{position}".encode()).decode()


def _position(cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        label, _, number = base64.urlsafe_b64decode(cursor.encode()).decode().partition(":")
        if label == "from":
            return int(number)
    except ValueError:
        pass
    raise SlackError("invalid_cursor")
