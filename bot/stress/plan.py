"""What is attempted: how much of what, at which rooms and times. All of it follows from the seed.

Kept out: who carries it out (`through_core`, `through_api`), and the clock.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from core.models import Slot

MOST_ATTEMPTS, MOST_AT_ONCE, MOST_CONNECTIONS, MOST_ROOMS = 200_000, 2_000, 40, 500
# Rules let one book a year ahead; some days are for those who meet.
_MOST_DAYS = 300
_OWN_MINUTES = 30
# Where those who mean to meet do: every quarter of an hour of half a day.
_MEETING_QUARTERS = 16
_MEETING_LENGTHS = (15, 30, 45, 60)
_MOST_PREPARED = 500


class StressRefused(Exception):
    """It is not begun, or cannot be; the message is one sentence for whoever asked for it."""


class Kind(StrEnum):
    """What an attempt is."""

    BOOK = "book"
    MOVE = "move"
    CANCEL = "cancel"


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How much is attempted. `concurrency` attempts are under way at a time, over so many `connections`.

    `overlap` is the share of bookings and moves that aim at a time where others aim too; `moves` and `cancels` are shares of
    all attempts. Raises StressRefused for what cannot be meant.
    """

    attempts: int = 10_000
    concurrency: int = 500
    connections: int = 40
    rooms: int = 50
    overlap: float = 0.5
    moves: float = 0.15
    cancels: float = 0.1
    seed: int = 1

    def __post_init__(self) -> None:
        for name, most in (
            ("attempts", MOST_ATTEMPTS),
            ("concurrency", MOST_AT_ONCE),
            ("connections", MOST_CONNECTIONS),
            ("rooms", MOST_ROOMS),
        ):
            if not 1 <= getattr(self, name) <= most:
                raise StressRefused(f"--{name} goes from 1 to {most:,}.")
        for name in ("overlap", "moves", "cancels"):
            if not 0 <= getattr(self, name) <= 1:
                raise StressRefused(f"--{name} is a share: it goes from 0 to 1.")
        if self.moves + self.cancels > 0.9:
            raise StressRefused("--moves and --cancels together go up to 0.9: something has to be booked, too.")
        if self._own(self.attempts + self.prepared).day_of_plan > _MOST_DAYS:
            raise StressRefused("So many attempts do not fit into a year of so few rooms: take more --rooms.")

    @property
    def prepared(self) -> int:
        """How many bookings are made beforehand, so that the first moves and cancellations have something to aim at."""
        if not self.moves and not self.cancels:
            return 0
        return max(10, min(_MOST_PREPARED, round(self.attempts * (self.moves + self.cancels) / 4)))

    def preparations(self, begins: datetime) -> Iterator[Attempt]:
        """Return the bookings to make beforehand, each at a time of its own."""
        for number in range(self.prepared):
            yield self._own(self.attempts + number).attempt(Kind.BOOK, begins, number=-1 - number, pick=0.0)

    def all(self, begins: datetime) -> Iterator[Attempt]:
        """Return the attempts in order; those that mean to meet do so on the day of `begins`, the others later."""
        dice = random.Random(self.seed)  # noqa: S311 - to be the same again, not to be secret
        for number in range(self.attempts):
            share, pick = dice.random(), dice.random()
            kind = Kind.MOVE if share < self.moves else Kind.CANCEL if share < self.moves + self.cancels else Kind.BOOK
            place = self._met(dice) if dice.random() < self.overlap else self._own(number)
            yield place.attempt(kind, begins, number=number, pick=pick)

    def _own(self, number: int) -> _Place:
        """Return a time of one's own: no two numbers have the same."""
        return _Place(
            room=number % self.rooms,
            minutes=24 * 60 + number // self.rooms * _OWN_MINUTES,
            length=_OWN_MINUTES,
        )

    def _met(self, dice: random.Random) -> _Place:
        return _Place(
            room=dice.randrange(self.rooms),
            minutes=dice.randrange(_MEETING_QUARTERS) * 15,
            length=dice.choice(_MEETING_LENGTHS),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    room: int
    minutes: int
    length: int

    @property
    def day_of_plan(self) -> int:
        return self.minutes // (24 * 60)

    def attempt(self, kind: Kind, begins: datetime, *, number: int, pick: float) -> Attempt:
        start = begins + timedelta(minutes=self.minutes)
        slot = Slot(start=start, end=start + timedelta(minutes=self.length))
        return Attempt(number=number, kind=kind, room=self.room, slot=slot, pick=pick)


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One thing to try: book or move to a room (counted from 0) and time, or cancel.

    `pick`, from 0 to 1, says which of the bookings that are known then is moved or cancelled.
    """

    number: int
    kind: Kind
    room: int
    slot: Slot
    pick: float

    @property
    def key(self) -> str:
        """Its request key, without which a lost connection would leave open what came of it."""
        return f"stress {self.number}"


def beginning(now: datetime) -> datetime:
    """Return the moment from which on things are booked: eight in the morning, UTC, in two days."""
    day = (now.astimezone(UTC) + timedelta(days=2)).date()
    return datetime(day.year, day.month, day.day, 8, tzinfo=UTC)
