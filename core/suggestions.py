"""What the figures suggest, each with its reason in one sentence; small numbers say nothing.

Pure. Kept out: adding up (`stats`), and where it is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from core import saying
from core.demand import Lack
from core.models import Room
from core.stats import Figures, RoomFigures

# From so many bookings, weekdays or refusals on there is something to be said.
ENOUGH_BOOKINGS, ENOUGH_DAYS, ENOUGH_REFUSALS = 20, 4, 10
TOO_LARGE_SHARE = 0.5
NOBODY_CAME_SHARE = 0.25
EMPTY, USED, HARDLY, FULL = 0.03, 0.2, 0.05, 0.85
MOST = 8
_WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
# Shown at all from so many minutes of open time a weekday on: two hours.
_LEAST_OPEN = 120


class Kind(StrEnum):
    """What a suggestion is about."""

    TOO_LARGE = "too_large"
    EMPTY_DAY = "empty_day"
    HARDLY_USED = "hardly_used"
    FULL = "full"
    NOBODY_CAME = "nobody_came"
    MISSING = "missing"


@dataclass(frozen=True, kw_only=True, slots=True)
class Suggestion:
    """One thing worth a thought: what is so (`reason`), and what one could do (`advice`). `weight` orders them."""

    kind: Kind
    reason: str
    advice: str
    weight: float
    room: Room | None = None


def suggestions(figures: Figures, *, most: int = MOST) -> tuple[Suggestion, ...]:
    """Return what the figures suggest, the weightiest first, at most two of a kind."""
    found = sorted(_all(figures), key=lambda one: (-one.weight, one.reason))
    seen: Counter[Kind] = Counter()
    kept = []
    for one in found:
        seen[one.kind] += 1
        if seen[one.kind] <= 2:
            kept.append(one)
    return tuple(kept[:most])


def _all(figures: Figures) -> Iterable[Suggestion]:
    several = len(figures.locations) > 1
    for one in figures.rooms:
        name = f"{one.room.name} in {one.location.name}" if several else one.room.name
        yield from _too_large(one, name)
        yield from _days(one, name, figures)
        yield from _nobody_came(one, name)
    yield from _missing(figures)


def _too_large(one: RoomFigures, name: str) -> Iterable[Suggestion]:
    """A room of which mostly a third of the seats, or less, was wanted."""
    total = sum(one.people.values())
    if total < ENOUGH_BOOKINGS:
        return
    for few in range(1, one.room.capacity // 3 + 1):
        share = sum(times for people, times in one.people.items() if people <= few) / total
        if share >= TOO_LARGE_SHARE:
            people = "1 person" if few == 1 else f"{few} people or fewer"
            yield Suggestion(
                kind=Kind.TOO_LARGE,
                room=one.room,
                reason=f"{name} ({one.room.capacity} seats) was booked for {people} in {saying.percent(share)} of cases.",
                advice="Two smaller rooms, or a wall that divides it, would serve more meetings.",
                weight=share * one.use.booked * one.room.capacity / few,
            )
            return


def _days(one: RoomFigures, name: str, figures: Figures) -> Iterable[Suggestion]:
    days = (figures.last - figures.first).days + 1
    if days < ENOUGH_DAYS * 7:
        return
    if one.use.open and one.use.share < HARDLY:
        yield Suggestion(
            kind=Kind.HARDLY_USED,
            room=one.room,
            reason=f"{name} was booked for {saying.percent(one.use.share)} of its open time.",
            advice="Ask what keeps people from it, or use it for something else.",
            weight=(HARDLY - one.use.share) * one.use.open,
        )
    elif one.use.share > FULL:
        yield Suggestion(
            kind=Kind.FULL,
            room=one.room,
            reason=f"{name} was booked for {saying.percent(one.use.share)} of its open time.",
            advice="Whoever needs it at short notice finds it taken: another like it would be used.",
            weight=one.use.share * one.use.open,
        )
    if one.use.share < USED:
        return
    for weekday, use in enumerate(one.weekdays):
        if use.open >= _LEAST_OPEN * ENOUGH_DAYS and use.share < EMPTY:
            otherwise = saying.percent(one.use.share)
            yield Suggestion(
                kind=Kind.EMPTY_DAY,
                room=one.room,
                reason=f"{name} stands empty on {_WEEKDAYS[weekday]}, and is booked for {otherwise} on the whole.",
                advice="Long meetings could go there on that day.",
                weight=use.open,
            )


def _nobody_came(one: RoomFigures, name: str) -> Iterable[Suggestion]:
    came = one.came
    if came.asked >= ENOUGH_BOOKINGS and came.missed_share >= NOBODY_CAME_SHARE:
        yield Suggestion(
            kind=Kind.NOBODY_CAME,
            room=one.room,
            reason=f"Nobody came to {saying.percent(came.missed_share)} of the {came.asked} meetings in {name}.",
            advice="A shorter grace before it is released would give it to others sooner.",
            weight=came.missed * 30,
        )


def _missing(figures: Figures) -> Iterable[Suggestion]:
    """What was missing in one place so often that it should be there."""
    places = {place.id: place.name for place, _ in figures.locations}
    times: Counter[tuple[str, str | None, UUID | None]] = Counter()
    for one in figures.lacking:
        times[one.what, one.detail, one.location_id if one.location_id in places else None] += one.times
    for (what, detail, location_id), count in times.items():
        where = f" in {places[location_id]}" if location_id else ""
        if count < ENOUGH_REFUSALS:
            continue
        if what == Lack.AMENITY and detail:
            reason = f"{detail[:1].upper()}{detail[1:]} was missing in {count} refused searches{where}."
            advice = "A movable one that is booked with a room may be enough."
        elif what == Lack.EQUIPMENT and detail:
            reason = f"{detail[:1].upper()}{detail[1:]} was out already in {count} refused searches{where}."
            advice = "One more of it would be borrowed."
        elif what == Lack.SEATS:
            reason = f"In {count} refused searches{where}, no room was large enough."
            advice = "A room that opens into the next one would do."
        elif what == Lack.TAKEN:
            reason = f"In {count} refused searches{where}, all rooms that fit were taken."
            advice = "The rooms above that stand empty or are too large may help."
        else:
            continue
        yield Suggestion(kind=Kind.MISSING, reason=reason, advice=advice, weight=count * 60)
