"""What one can type, told with this workspace's own rooms and places."""

from __future__ import annotations

from core.catalogue import Catalogue
from core.models import Room
from handlers.replies import Message
from handlers.views import buttons
from handlers.views.text import Line, code, rich, spoken
from handlers.views.times import Reader


def shown(catalogue: Catalogue, reader: Reader) -> Message:
    """Return the commands with examples."""
    lines = [["Write a sentence, as you would say it:"], *_examples(catalogue, reader)]
    others = _others(catalogue, reader)
    begin = [buttons.new_booking(), buttons.find()] if reader.may_book else []
    row = [*begin, buttons.run("My bookings", "mine")]
    blocks = [rich(*lines), rich(*others), *buttons.rows(row)]
    return Message(text=spoken(*lines, *others), blocks=blocks)


def _examples(catalogue: Catalogue, reader: Reader) -> list[Line]:
    rooms = _near(catalogue, reader)
    largest = max(rooms, key=lambda room: room.capacity)
    people = min(6, largest.capacity)
    command = f"{reader.command} room"
    equipped = next((room for room in rooms if room.amenities and room.capacity >= people), None)
    with_amenity = f" with {min(equipped.amenities)}" if equipped else ""
    examples = [f"{command} tomorrow 2-3:30pm" + (f" for {people}" if people > 1 else "") + with_amenity]
    examples.append(f'{command} {_first(rooms)} Friday at 10 for 45 minutes "Weekly review"')
    examples.append(f"{command} every Tuesday at 10 for 8 weeks" + (f" for {people}" if people > 1 else ""))
    if reader.several_places:
        # One's own place need not be named: show another.
        used = {room.location_id for room in catalogue.bookable}
        there = [place for place in catalogue.locations if place.id in used]
        other = next((place for place in there if place.zone != reader.person.zone), there[-1])
        examples.append(f"{command} tomorrow 4pm in {other.name}")
    return [[code(example)] for example in examples]


def _others(catalogue: Catalogue, reader: Reader) -> list[Line]:
    rooms = _near(catalogue, reader)
    command, room = reader.command, _first(rooms)
    place = f" {catalogue.place_of(rooms[0]).name}" if reader.several_places else ""
    for_admins: list[Line] = [[code(f"{command} admin"), " is for rooms, rules, rights and closures"]]
    return [
        [code(command), " opens a form"],
        [code(f"{command} find"), " shows what is free: ", code(f"{command} find tomorrow 2pm for 4")],
        [code(f"{command} mine"), " lists your bookings"],
        [code(f"{command} series"), " lists those that repeat"],
        [code(f"{command} move"), " moves one: ", code(f"{command} move {room} to 3pm")],
        [code(f"{command} cancel"), " cancels one: ", code(f"{command} cancel {room} tomorrow")],
        [
            code(f"{command} rooms{place}"),
            " lists the rooms and what is free now; ",
            code(f"{command} rooms {room}"),
            " its day",
        ],
        [code(f"{command} settings"), " sets your reminders, quiet hours and usual place"],
        [code(f"{command} notify"), " lets a channel hear of bookings"],
        [code(f"{command} stats{place}"), " shows how rooms are used"],
        *(for_admins if reader.person.admin else []),
    ]


def _near(catalogue: Catalogue, reader: Reader) -> tuple[Room, ...]:
    """Return the rooms of the reader's usual place, else those on the reader's clock, else all."""
    rooms, person = catalogue.bookable, reader.person
    usual = tuple(room for room in rooms if room.location_id == person.default_location_id)
    return usual or tuple(room for room in rooms if catalogue.place_of(room).zone == person.zone) or rooms


def _first(rooms: tuple[Room, ...]) -> str:
    return rooms[0].name
