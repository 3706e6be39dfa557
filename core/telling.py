"""What operators count, said where it happens: the core says it to a `Telling` and does not know who listens.

Kept out: names of figures and how they are kept. No method waits, raises, or is told a person, a title or a secret.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from core.errors import BookingError

T = TypeVar("T")
_P = ParamSpec("_P")

# What a transaction failed of, where PostgreSQL gave no SQLSTATE.
LOST, POOL = "connection", "pool"
DONE, FAILED, ABANDONED = "done", "failed", "abandoned"


class Telling:
    """Hears everything and keeps nothing; a process that keeps figures puts one of its own in the place of it."""

    def tried_again(self, why: str) -> None:
        """Hear that a transaction failed of what lets it be tried again: an SQLSTATE, or `LOST`."""

    def undone(self, why: str) -> None:
        """Hear that a transaction failed for good of the database: an SQLSTATE, `LOST` or `POOL`."""

    def checked_out(self, role: str, seconds: float) -> None:
        """Hear how long it took to get a connection."""

    def attempted(self, use_case: str, surface: str, outcome: str) -> None:
        """Hear what came of booking or changing a booking: `DONE`, a refusal's code, or `FAILED`."""

    def overtaken(self) -> None:
        """Hear that a room which was free when it was looked at was taken when it was claimed."""

    def cached(self, cache: str, outcome: str) -> None:
        """Hear what a look into a cache came to: "hit", "filled" (read anew), "waited" (for another's reading).

        Or to "forgotten": what was kept is of no use any more.
        """

    def read_at(self, place: str, why: str) -> None:
        """Hear from where something is read: "replica" or "primary", and why there."""

    def lags(self, seconds: float) -> None:
        """Hear by how much the replica was behind when it was last asked; infinite where it does not answer."""

    def lacks(self, size: float) -> None:
        """Hear how many bytes of the log the replica lacked then; infinite where that is not known."""

    def handled(self, surface: str, action: str, outcome: str, seconds: float) -> None:
        """Hear what came of a request, as `attempted` does, and how long its answer took."""

    def responded(self, surface: str, action: str, status: int) -> None:
        """Hear the status that an HTTP request was answered with."""

    def acknowledged(self, transport: str, kind: str, seconds: float) -> None:
        """Hear how long Slack waited for our acknowledgement, from when its request had come."""


# For everything that keeps no figures: commands, tests.
SILENT = Telling()


class _Telling(Protocol):
    @property
    def _telling(self) -> Telling: ...


_Self = TypeVar("_Self", bound=_Telling)


def outcome_of(error: BaseException) -> str:
    """Return the one word for what came of something that raised."""
    if isinstance(error, BookingError):
        return error.code
    # Whoever asked has left, or the process is stopping: nobody's fault.
    return ABANDONED if isinstance(error, asyncio.CancelledError) else str(getattr(error, "told_as", FAILED))


def told(
    name: str,
) -> Callable[
    [Callable[Concatenate[_Self, _P], Coroutine[Any, Any, T]]], Callable[Concatenate[_Self, _P], Coroutine[Any, Any, T]]
]:
    """Let what comes of a use case be told, under this name; it takes its actor as `by`."""

    def wrapped(
        use_case: Callable[Concatenate[_Self, _P], Coroutine[Any, Any, T]],
    ) -> Callable[Concatenate[_Self, _P], Coroutine[Any, Any, T]]:
        @wraps(use_case)
        async def telling(self: _Self, /, *args: _P.args, **kwargs: _P.kwargs) -> T:
            outcome = DONE
            try:
                return await use_case(self, *args, **kwargs)
            except BaseException as error:
                outcome = outcome_of(error)
                raise
            finally:
                # The actor of a rehearsal or of the clock has a surface too.
                self._telling.attempted(name, getattr(kwargs.get("by"), "surface", "clock"), outcome)

        return telling

    return wrapped
