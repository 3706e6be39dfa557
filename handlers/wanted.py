"""What a person wanted when something was refused, so that the refusal can offer it elsewhere at one tap."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from core.errors import BookingError
from handlers.drafts import Draft, Target


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A booking wanted, one that was to be moved, or (Moving) to go on longer; and the sentence that said so, if any."""

    what: Draft | Target
    sentence: str | None = None


@contextmanager
def wanting(what: Draft | Target, *, sentence: str | None = None) -> Iterator[None]:
    """Note what is wanted on every refusal that leaves the block."""
    try:
        yield
    except BookingError as error:
        error.wanted = Wanted(what=what, sentence=sentence)
        raise


def wanted_of(error: BookingError) -> Wanted | None:
    """Return what was noted on an error, if anything."""
    return error.wanted if isinstance(error.wanted, Wanted) else None
