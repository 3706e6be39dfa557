"""What would have come of a rule in the last 90 days, as an answer tells it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from core.rehearsal import Rehearsed
from handlers.api.values import Out


class ExampleOut(Out):
    """A booking that would have been refused, by which rule; `why` ends a line."""

    booking_id: UUID
    room_id: UUID
    room_name: str
    location_id: UUID
    start: datetime
    minutes: int
    booker: str
    rule: str
    why: str


class ConcernedOut(Out):
    """Somebody, and how many of their bookings would have been refused."""

    person_id: UUID
    name: str
    refused: int


class RehearsedOut(Out):
    """What would have come of it in the last `days`: of `bookings`, so many `refused`, and `asked` would have waited.

    `byRule` counts every rule that a booking breaks; `cancellations` would have come too late. Nothing was changed.
    """

    days: int
    bookings: int
    refused: int
    asked: int
    cancellations: int
    by_rule: dict[str, int]
    examples: list[ExampleOut]
    people: list[ConcernedOut]

    @classmethod
    def of(cls, found: Rehearsed) -> RehearsedOut:
        """Return an outcome as it is told."""
        return cls(
            days=found.days,
            bookings=found.bookings,
            refused=found.refused,
            asked=found.asked,
            cancellations=found.cancellations,
            by_rule=dict(found.by_rule),
            examples=[
                ExampleOut(
                    booking_id=one.booking_id,
                    room_id=one.room.id,
                    room_name=one.room.name,
                    location_id=one.location.id,
                    start=one.start,
                    minutes=one.minutes,
                    booker=one.booker,
                    rule=one.rule,
                    why=one.why,
                )
                for one in found.examples
            ],
            people=[ConcernedOut(person_id=one.person_id, name=one.name, refused=one.refused) for one in found.people],
        )
