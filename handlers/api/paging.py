"""Lists in pages: a limit, and a cursor that says behind what the next page begins.

A cursor names the last thing that was told, not a number of things: what is added or taken away meanwhile neither repeats
nor hides anything else.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from pydantic import Field

from handlers.api import problems
from handlers.api.values import Query

T = TypeVar("T")
MOST = 200


class Page(Query):
    """How much of a list is wanted: up to `limit`, behind the `cursor` that the page before gave."""

    limit: Annotated[int, Field(ge=1, le=MOST)] = 50
    cursor: Annotated[str, Field(max_length=500)] | None = None

    def after(self, count: int) -> tuple[str, ...] | None:
        """Return the parts of the cursor, None at the beginning; raises BadRequest where they are not `count`."""
        if self.cursor is None:
            return None
        try:
            padded = self.cursor + "=" * (-len(self.cursor) % 4)
            parts = json.loads(base64.b64decode(padded.encode(), altchars=b"-_", validate=True))
        except (ValueError, binascii.Error, RecursionError):
            parts = None
        if not isinstance(parts, list) or len(parts) != count or not all(isinstance(part, str) for part in parts):
            raise problems.BadRequest("That cursor is none of ours: begin without one.")
        return tuple(parts)

    def of(self, things: Sequence[T], *, key: Callable[[T], tuple[str, ...]]) -> tuple[list[T], str | None]:
        """Return the page of things that are all in memory, ordered by `key`, and the cursor of the next page."""
        there = sorted(things, key=key)
        if there:
            after = self.after(len(key(there[0])))
            there = [one for one in there if after is None or key(one) > after]
        page = there[: self.limit]
        return page, cursor(key(page[-1])) if len(there) > len(page) else None


def cursor(parts: Sequence[str]) -> str:
    """Return a cursor that names these parts."""
    return base64.urlsafe_b64encode(json.dumps(list(parts)).encode()).decode().rstrip("=")
