"""Whether what is read now may be a moment old: said by the edge that asks, heard by the database that is asked.

Boards, feeds, figures and reading by programs can do with what a copy of the database knows. Whoever writes, and whoever
answers somebody in Slack, reads where it is written: that needs no word.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from core.consistency import Consistency
    from core.feed import Position


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Leave to read a copy; where `after` is given, one that has come as far.

    That is a place in the log, or an event, by its place among others or by its id.
    """

    after: Consistency | Position | UUID | None = None


asked: ContextVar[Elsewhere | None] = ContextVar("asked", default=None)


@contextmanager
def elsewhere(after: Consistency | Position | UUID | None = None) -> Iterator[None]:
    """Let what is read within be read from a copy, where there is one that does; what others asked for around it holds."""
    outer = asked.get()
    token = asked.set(outer if outer is not None and after is None else Elsewhere(after))
    try:
        yield
    finally:
        asked.reset(token)
