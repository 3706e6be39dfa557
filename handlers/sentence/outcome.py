"""Says what settling a draft ends in: times at a place, or the reason why there are none.

Kept out: getting there (see settle.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from handlers.sentence.draft import Problem
from handlers.sentence.model import Option, Trouble


class Unsettled(Exception):
    """The draft gives no bookable time, for this reason."""

    def __init__(self, trouble: Trouble, message: str, options: tuple[Option, ...] = ()) -> None:
        super().__init__(message)
        self.problem = Problem(trouble, message, options)


@dataclass(slots=True)
class Times:
    """Start and end at the place, naive, with what had to be guessed on the way."""

    start: datetime
    end: datetime
    default_duration: bool = False
    guessed_half: bool = False
    guessed_day: bool = False
    next_week: bool = False
    recurrence: str | None = None
    left_out: tuple[date, ...] = ()  # dates of the series that it does not have
    fold: int | None = None
    moved_from: datetime | None = None  # the start as said, in another zone


@dataclass(frozen=True, slots=True)
class Here:
    """Where and when the sentence is read: the moment, the place's zone and the person's, the locale."""

    now: datetime  # aware
    zone: tzinfo
    person: tzinfo
    locale: str

    @property
    def local(self) -> datetime:
        """The wall clock at the place, to the minute, naive."""
        return self.now.astimezone(self.zone).replace(tzinfo=None, second=0, microsecond=0)
