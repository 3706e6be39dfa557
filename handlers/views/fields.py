"""The inputs of the forms, one function each. A block's id is its field's name, and an edition where it must forget."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from uuid import UUID

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    CheckboxesElement,
    DatePickerElement,
    ExternalDataSelectElement,
    InputBlock,
    NumberInputElement,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    RadioButtonsElement,
    StaticMultiSelectElement,
    StaticSelectElement,
    TimePickerElement,
    UserMultiSelectElement,
)
from slack_sdk.models.blocks.basic_components import DispatchActionConfig
from slack_sdk.models.blocks.block_elements import InputInteractiveElement

from core import saying
from core.borrowing import in_sentence, several
from core.catalogue import Catalogue
from core.models import Actor, Equipment, Location, Room
from core.rules import TITLE_LENGTH
from handlers import wall_time
from handlers.filled import BEST, MOST_INVITED, ON_FLOOR, PRIVATE, SHARED, Filled, places_of
from handlers.ids import Action, Field
from handlers.views import photos
from handlers.views.text import cut
from handlers.views.times import Reader, floor

LENGTHS = (15, 30, 45, 60, 75, 90, 105, 120, 150, 180, 210, 240, 300, 360, 420, 480)
MOST_OPTIONS = 100
MOST_OF_ONE = 12
NONE_LEFT = "none"
HINT_LENGTH = 2000
OPTION_LENGTH = 75
VALUE_LENGTH = 150
NAME_LENGTH = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Fields:
    """Draws the inputs of one form as filled. With `live` every change is sent at once.

    `left` says how many of each piece of equipment there are at the form's time, where that is known.
    """

    filled: Filled
    catalogue: Catalogue
    place: Location
    reader: Reader
    edition: str = ""
    live: bool = False
    left: Mapping[UUID, int] = field(default_factory=dict)

    def location(self) -> list[InputBlock]:
        """Return the choice of a location where there are several; a change is always sent, since clock and rooms change."""
        return [self._input(Field.PLACE, "Location", select, live=True) for select in self._locations()]

    def row(self) -> ActionsBlock:
        """Return location, length and floor side by side, for a form whose results should be in sight."""
        elements = [*self._locations(), self._lengths(), *self._floors()]
        return ActionsBlock(block_id=".".join(filter(None, ("row", self._edition_here()))), elements=elements)

    def _locations(self) -> list[StaticSelectElement]:
        places = {self.place, *places_of(self.catalogue)}
        if len(places) < 2:
            return []
        nearest = sorted(places, key=lambda one: (one.id != self.place.id, one.name.casefold()))
        listed = sorted(nearest[:MOST_OPTIONS], key=lambda one: one.name.casefold())
        options = [_option(one.name, str(one.id)) for one in listed]
        chosen = next(option for option in options if option.value == str(self.place.id))
        return [StaticSelectElement(action_id=Action.PLACE, options=options, initial_option=chosen, placeholder="Location")]

    def date(self) -> InputBlock:
        """Return the date on the place's calendar."""
        day = self.filled.day
        return self._input(Field.DATE, "Date", _date_picker(day.isoformat() if day else None))

    def time(self) -> InputBlock:
        """Return the start on the place's clock, which the label names."""
        at = f"{self.filled.at:%H:%M}" if self.filled.at else None
        picker = TimePickerElement(action_id=Action.TIME, initial_time=at)
        note = other_clock(self.filled, self.place, self.reader)
        named = note is not None or self.reader.several_places
        label = f"Start ({cut(self.place.name, NAME_LENGTH)} time)" if named else "Start"
        return self._input(Field.TIME, label, picker, hint=note)

    def fold(self) -> list[InputBlock]:
        """Return the question which of two equal times is meant, on the night when there are two."""
        if self.filled.day is None or self.filled.at is None:
            return []
        wall = datetime.combine(self.filled.day, self.filled.at)
        if not wall_time.twice(wall, self.place.tz):
            return []
        options = [
            Option(value="0", label=f"The first, {wall_time.label(wall, self.place.tz, fold=0)}"),
            Option(value="1", label=f"The second, an hour later, {wall_time.label(wall, self.place.tz, fold=1)}"),
        ]
        chosen = None if self.filled.fold is None else options[self.filled.fold]
        radio = RadioButtonsElement(action_id=Action.FOLD, options=options, initial_option=chosen)
        return [self._input(Field.FOLD, f"{wall:%H:%M} comes twice that night. Which one?", radio)]

    def length(self) -> InputBlock:
        """Return how long it lasts; a length that is not on the list is added to it."""
        return self._input(Field.LENGTH, "How long", self._lengths())

    def _lengths(self) -> StaticSelectElement:
        chosen = self.filled.minutes
        minutes = sorted({*LENGTHS, chosen} if chosen else LENGTHS)
        options = [_option(saying.length(one), str(one)) for one in minutes]
        initial = next((option for option in options if option.value == str(chosen)), None)
        return StaticSelectElement(action_id=Action.LENGTH, options=options, initial_option=initial, placeholder="How long")

    def people(self) -> InputBlock:
        """Return how many people it is for; empty counts the booker and whoever is invited."""
        number = NumberInputElement(
            action_id=Action.PEOPLE,
            is_decimal_allowed=False,
            min_value="1",
            initial_value=None if self.filled.people is None else str(self.filled.people),
            placeholder="You and whoever you invite" if not self.live else "1",
            dispatch_action_config=DispatchActionConfig(trigger_actions_on=["on_character_entered"]) if self.live else None,
        )
        return self._input(Field.PEOPLE, "People", number, optional=True)

    def amenities(self) -> list[InputBlock]:
        """Return what the room must have, where the workspace's rooms have anything."""
        named = self.catalogue.amenities | set(self.filled.amenities)
        common = sorted(named, key=lambda name: (name not in self.filled.amenities, -self._count(name), name))
        options = [_option(name, name) for name in sorted(common[:MOST_OPTIONS]) if len(name) <= VALUE_LENGTH]
        if not options:
            return []
        chosen = [option for option in options if option.value in self.filled.amenities]
        select = StaticMultiSelectElement(
            action_id=Action.AMENITIES,
            options=options,
            initial_options=chosen or None,
            placeholder=PlainTextObject(text="Anything the room must have"),
        )
        return [self._input(Field.AMENITIES, "Equipment", select, optional=True)]

    def room(self, *, named: bool = False) -> InputBlock:
        """Return the choice of a room at the place: of a list, or by searching where there are too many for one.

        With `named` a room has to be chosen; otherwise the best that fits is the first choice.
        """
        options = room_options(self.catalogue, self.filled, named=named, by=self.reader.person.acting())
        wanted = str(self.filled.room) if self.filled.room else (ON_FLOOR + self.filled.floor if self.filled.floor else BEST)
        initial = next((option for option in options if option.value == wanted), None)
        if initial is None and not named:
            initial = options[0]
        element: InputInteractiveElement
        if len(options) <= MOST_OPTIONS:
            element = StaticSelectElement(action_id=Action.ROOM, options=options or [_NO_ROOM], initial_option=initial)
        else:
            element = ExternalDataSelectElement(
                action_id=Action.ROOM,
                initial_option=initial,
                min_query_length=0,
                placeholder="Type a name, a floor or equipment",
            )
        # Where there is a photo to show, the choice is sent at once.
        live = any(one.photo for one in self.catalogue.rooms if one.location_id == self.place.id)
        return self._input(Field.ROOM, "Room", element, live=live, edition=self._edition_here())

    def photo(self) -> list[Block]:
        """Return the photo of the room that is chosen, where it has one."""
        chosen = self.filled.room
        return photos.large(next((one for one in self.catalogue.rooms if one.id == chosen), None)) if chosen else []

    def further(self) -> list[Block]:
        """Return further rooms and equipment, where the place has any; folded behind a button until they are wanted."""
        rooms, things = self._more_rooms(), self._things()
        if not rooms and not things:
            return []
        if self.filled.unfolded:
            return [*rooms, *things]
        label = "Add rooms or equipment" if rooms and things else "Add rooms" if rooms else "Add equipment"
        button = ButtonElement(text=PlainTextObject(text=label, emoji=False), action_id=Action.UNFOLD)
        return [ActionsBlock(block_id=Action.UNFOLD.value, elements=[button])]

    def _more_rooms(self) -> list[InputBlock]:
        """Return the choice of rooms that are booked together with the first, all or none."""
        there = [room for room in self.catalogue.rooms if room.location_id == self.place.id]
        chosen = [room for room in there if room.id in self.filled.more_rooms]
        mine = self.catalogue.rooms_at(self.place.id, self.reader.person.acting())
        listed = [room for room in mine if room not in chosen]
        if len(listed) + len(chosen) < 2:
            return []
        shown = sorted([*chosen, *listed][:MOST_OPTIONS], key=lambda room: room.name.casefold())
        options = [_option(_room_label(room), str(room.id), ", ".join(sorted(room.amenities))) for room in shown]
        initial = [option for option in options if option.value in {str(room.id) for room in chosen}]
        select = StaticMultiSelectElement(
            action_id=Action.MORE_ROOMS,
            options=options,
            initial_options=initial or None,
            placeholder=PlainTextObject(text="Rooms that you need as well"),
        )
        hint = "Booked together with the room above: all of them or none."
        return [
            self._input(Field.MORE_ROOMS, "Further rooms", select, hint=hint, optional=True, edition=self._edition_here())
        ]

    def _things(self) -> list[InputBlock]:
        """Return the choice of equipment to borrow, as many of each as there are at the form's time."""
        chosen = dict(self.filled.things)
        there = [one for one in self.catalogue.equipment if one.location_id == self.place.id]
        there = [one for one in there if one.active or one.id in chosen]
        options = [option for one in there for option in self._counts(one, chosen.get(one.id, 0))]
        options.sort(key=lambda option: option.value not in {f"{thing}:{count}" for thing, count in chosen.items()})
        if not options and not (there and self.left):
            return []
        gone = [several(in_sentence(one.name)) for one in there if self.left.get(one.id, 1) < 1 and one.id not in chosen]
        hint = cut(f"None left then: {saying.listed(gone)}.", HINT_LENGTH) if gone else None
        shown = options[:MOST_OPTIONS]
        initial = [option for option in shown if option.value in {f"{thing}:{count}" for thing, count in chosen.items()}]
        select = StaticMultiSelectElement(
            action_id=Action.THINGS,
            options=shown or [Option(value=NONE_LEFT, label="Nothing is left then")],
            initial_options=initial or None,
            placeholder=PlainTextObject(text="What is to be brought along"),
        )
        return [
            self._input(Field.THINGS, "Equipment to borrow", select, hint=hint, optional=True, edition=self._edition_here())
        ]

    def _counts(self, one: Equipment, chosen: int) -> list[Option]:
        """Return "1 projector on wheels", "2 projectors on wheels", up to as many as are left; and what was chosen."""
        left = self.left.get(one.id, one.quantity)
        counts = sorted({*range(1, min(left, MOST_OF_ONE) + 1), *([chosen] if chosen else [])})
        note = f"{left} of {one.quantity} left then" if one.id in self.left else f"{one.quantity} in all"
        name = in_sentence(cut(one.name, NAME_LENGTH))
        return [_option(f"{count} {name if count == 1 else several(name)}", f"{one.id}:{count}", note) for count in counts]

    def _floors(self) -> list[StaticSelectElement]:
        """Return the choice of a floor, where the place has more than one."""
        rooms = {room.floor: floor(room) or "" for room in self.catalogue.rooms_at(self.place.id) if room.floor}
        floors = sorted(name for name in rooms if name and len(ON_FLOOR + name) <= VALUE_LENGTH)[: MOST_OPTIONS - 1]
        if len(floors) < 2:
            return []
        options = [_option("Any floor", BEST), *(_option(rooms[name], ON_FLOOR + name) for name in floors)]
        wanted = ON_FLOOR + self.filled.floor if self.filled.floor else BEST
        initial = next((option for option in options if option.value.casefold() == wanted.casefold()), options[0])
        return [StaticSelectElement(action_id=Action.FLOOR, options=options, initial_option=initial, placeholder="Floor")]

    def title(self) -> InputBlock:
        """Return what the meeting is called."""
        text = PlainTextInputElement(
            action_id=Action.TITLE,
            max_length=TITLE_LENGTH,
            initial_value=cut(self.filled.title, TITLE_LENGTH) if self.filled.title else None,
            placeholder="Design review",
        )
        return self._input(Field.TITLE, "Title", text, optional=True)

    def invitees(self) -> InputBlock:
        """Return who is invited."""
        people = UserMultiSelectElement(
            action_id=Action.INVITEES,
            initial_users=list(self.filled.invitees[:MOST_INVITED]) or None,
            max_selected_items=MOST_INVITED,
            placeholder=PlainTextObject(text="Colleagues"),
        )
        return self._input(Field.INVITEES, "Invite", people, optional=True)

    def private(self) -> InputBlock:
        """Return whether others may see what it is about, and whether those invited may change it."""
        private = Option(value=PRIVATE, label="Private: others see only that the room is busy")
        shared = Option(value=SHARED, label="Everybody invited may change or cancel it")
        ticked = [private] if self.filled.private else []
        ticked += [shared] if self.filled.shared else []
        boxes = CheckboxesElement(action_id=Action.PRIVATE, options=[private, shared], initial_options=ticked or None)
        return self._input(Field.PRIVATE, "Sharing", boxes, optional=True)

    def _edition_here(self) -> str:
        """Another place has other rooms and floors: there a field must forget what was chosen."""
        place = self.place.id.hex[-8:] if self.reader.several_places else ""
        return ".".join(part for part in (self.edition, place) if part)

    def _count(self, amenity: str) -> int:
        return sum(amenity in room.amenities for room in self.catalogue.bookable)

    def _input(
        self,
        field: Field,
        label: str,
        element: InputInteractiveElement,
        *,
        hint: str | None = None,
        optional: bool = False,
        live: bool = False,
        edition: str | None = None,
    ) -> InputBlock:
        edition = self.edition if edition is None else edition
        return InputBlock(
            block_id=f"{field}.{edition}" if edition else field.value,
            label=label,
            element=element,
            hint=hint,
            optional=optional or None,
            dispatch_action=(live or self.live) or None,
        )


_NO_ROOM = Option(value=BEST, label="There are no rooms here")


def room_options(
    catalogue: Catalogue, filled: Filled, *, named: bool, by: Actor | None = None, typed: str = ""
) -> list[Option]:
    """Return the rooms at the form's place whose name, floor or equipment holds every word typed, by name.

    Of those that somebody may book, where `by` says who. Unless a room has to be named, "Best fit" stands first; the room
    of a booking is there even when out of use.
    """
    rooms = [room for room in catalogue.rooms_at(filled.place, by) if _matches(room, typed)]
    if filled.room and not typed and all(room.id != filled.room for room in rooms):
        rooms = [room for room in catalogue.rooms if room.id == filled.room and room.location_id == filled.place] + rooms
    listed = [_option(_room_label(room), str(room.id), ", ".join(sorted(room.amenities))) for room in rooms]
    if named or typed.strip():
        return listed
    best = [_option("Best fit", BEST, "The smallest free room that has everything you ask for")]
    if filled.floor and len(ON_FLOOR + filled.floor) <= VALUE_LENGTH:
        best.append(_option(f"Best fit on floor {filled.floor}", ON_FLOOR + filled.floor))
    return best + listed


def other_clock(filled: Filled, place: Location, reader: Reader) -> str | None:
    """Return "14:00 in New York is 20:00 for you.", for a reader whose clock shows another time then."""
    zone = reader.zone
    if zone is None or filled.day is None:
        return None
    there = datetime.combine(filled.day, filled.at or time(9), tzinfo=place.tz)
    here = there.astimezone(zone)
    if here.utcoffset() == there.utcoffset():
        return None
    days = (here.date() - there.date()).days
    dated = {0: "", 1: " the next day", -1: " the day before"}.get(days, f" {days:+d} days")
    return f"{there:%H:%M} in {cut(place.name, NAME_LENGTH)} is {here:%H:%M}{dated} for you."


def _date_picker(day: str | None) -> DatePickerElement:
    return DatePickerElement(action_id=Action.DATE, initial_date=day)


def _matches(room: Room, typed: str) -> bool:
    return all(any(word in part for part in _words(room)) for word in typed.casefold().split())


def _words(room: Room) -> Iterable[str]:
    return (room.name.casefold(), (floor(room) or "").casefold(), *room.amenities)


def _room_label(room: Room) -> str:
    facts: Sequence[str] = [f"seats {room.capacity}", *([floor(room) or ""] if room.floor else [])]
    return " · ".join([cut(room.name, 40), *facts])


def _option(label: str, value: str, description: str = "") -> Option:
    shown = PlainTextObject(text=cut(label, OPTION_LENGTH), emoji=False)
    return Option(value=value, text=shown, description=cut(description, OPTION_LENGTH) or None)
