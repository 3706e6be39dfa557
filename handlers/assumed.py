"""What a reply says was taken for granted, each with the buttons that change it in the booking that was made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from core import rules
from core.errors import OutsideOpeningHours
from core.models import Booking, Location
from handlers.sentence import dst
from handlers.sentence.model import Assumption, Option, Reading
from handlers.sentence.render import sentence
from handlers.services import Desk
from handlers.understanding import places_of, slot_of

# How many people the buttons offer where nobody was counted: a small meeting, and one that fills a usual room.
USUAL_NUMBERS = (4, 8)
OTHER_PLACES = 2


def worth_saying(reading: Reading, booking: Booking, desk: Desk) -> list[Assumption]:
    """Return what was assumed of a booking; what could hardly be otherwise is left out."""
    weighed = (_weighed(one, reading, booking, desk) for one in reading.assumptions)
    said = [one for one in weighed if one is not None]
    return [*said, *_number(reading, booking, desk)]


def _weighed(one: Assumption, reading: Reading, booking: Booking, desk: Desk) -> Assumption | None:
    match one.about:
        case "half_day":
            return one if one.options and _other_half_is_open(reading, booking, desk) else None
        case "location" if reading.place is not None:
            # That one's usual place was meant need not be told every day: the answer names it anyway.
            if reading.place.id == desk.person.default_location_id:
                return None
            return replace(one, options=one.options or tuple(_elsewhere(reading, reading.place, desk)))
        case _:
            return one


def _other_half_is_open(reading: Reading, booking: Booking, desk: Desk) -> bool:
    """Tell whether the room is open when the other half of the day is meant: else there was nothing to choose."""
    start = reading.start + timedelta(hours=12 if reading.start.hour < 12 else -12)
    other = replace(reading, start=start, end=start + timedelta(minutes=reading.duration_min))
    if dst.check(other, known_fold=False):
        return False
    broken = rules.of_room(
        slot_of(other),
        room=booking.room,
        location=booking.location,
        policy=desk.catalogue.policy(booking.room),
        attendees_count=1,
        actor=desk.actor,
        now=desk.services.clock.now(),
    )
    return not any(isinstance(error, OutsideOpeningHours) for error in broken)


def _elsewhere(reading: Reading, assumed: Location, desk: Desk) -> Iterator[Option]:
    """Return the same hours of the same day at the other places."""
    for place in [place for place in places_of(desk) if place.id != assumed.id][:OTHER_PLACES]:
        there = replace(reading, place=place, location=place.name, zone=place.zone, floor=None, fold=0)
        yield Option(label=f"In {place.name} instead", sentence=sentence(there))


def _number(reading: Reading, booking: Booking, desk: Desk) -> Iterator[Assumption]:
    """Return that one person was counted, where nobody was and the smallest room was chosen for it."""
    if reading.attendees is not None or reading.invitees or reading.room is not None:
        return
    largest = max(room.capacity for room in desk.catalogue.rooms_at(booking.location.id))
    options = tuple(
        Option(label=f"For {number}", sentence=sentence(replace(reading, attendees=number)))
        for number in USUAL_NUMBERS
        if number <= largest
    )
    yield Assumption(about="attendees", text="for 1 person, since you gave no number", options=options)
