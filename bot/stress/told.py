"""What whoever asks was told, and the two ways to ask: a `Target` is a deployment, reached through the core or the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from bot.stress.plan import Attempt
from core.models import Slot


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A booking as an answer, or the database, has it. `holds`: nobody else can have the room for this time."""

    id: UUID
    version: int
    room: UUID
    slot: Slot
    holds: bool


class RefusedError(Exception):
    """The answer was no. `code` is the product's word for why; `answered` says whether it is known that nothing was done."""

    def __init__(self, code: str, *, answered: bool = True) -> None:
        super().__init__(code)
        self.code = code
        self.answered = answered


@dataclass(frozen=True, kw_only=True, slots=True)
class Violated:
    """Something that must always be true and is not, with the first rows that say so."""

    name: str
    rows: Sequence[Mapping[str, Any]]


@dataclass(kw_only=True, slots=True)
class Figures:
    """What the database counted meanwhile; None where it cannot be read. `tried_again` counts whole transactions, by why."""

    deadlocks: int | None = None
    rolled_back: int | None = None
    tried_again: Mapping[str, int] = field(default_factory=dict)
    waited: int = 0
    """How often the API said that it was asked too much, and was asked again later."""


class Target(Protocol):
    """A deployment with rooms of our own in it."""

    @property
    def checks(self) -> str:
        """What is looked at in the end besides what was told, in a few words."""
        ...

    async def book(self, attempt: Attempt) -> Told:
        """Book as the attempt says; raises RefusedError."""
        ...

    async def move(self, attempt: Attempt, known: Told) -> Told:
        """Move a booking from the state that is known to the attempt's room and time; raises RefusedError."""
        ...

    async def cancel(self, attempt: Attempt, known: Told) -> Told:
        """Cancel a booking from the state that is known; raises RefusedError."""
        ...

    async def stored(self) -> Sequence[Told]:
        """Return every booking in our rooms as it is stored."""
        ...

    async def violations(self) -> Sequence[Violated]:
        """Return the invariants that do not hold, by SQL; none where the database cannot be reached from here."""
        ...

    async def figures(self) -> Figures:
        """Return what was counted since the target was opened."""
        ...
