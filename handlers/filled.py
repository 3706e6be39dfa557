"""What stands in a booking form, whichever modal shows it: drawn from a wish or a booking, and read back when it is sent.

Block ids are a field's name, with an edition behind it where a field has to forget what was typed: Slack keeps
typed input as long as the ids stay. What comes back is checked here for its form; what it means is the core's matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

from core.catalogue import Catalogue
from core.errors import BookingError, InvalidAttendees, NotTogether, RoomNotFound
from core.models import Booking, Location, Person, Slot
from handlers import wall_time
from handlers.drafts import Carried, Draft, Target, Things, UnreadableError, things_of
from handlers.ids import Field
from handlers.requests import Form

BEST = "best"
ON_FLOOR = "floor:"
PRIVATE, SHARED = "private", "shared"
MOST_INVITED = 40
HALF_HOUR = timedelta(minutes=30)
_OUT_OF_DATE = "This form is out of date. Open it again."
_METADATA_LENGTH = 3000


@dataclass(frozen=True, kw_only=True, slots=True)
class Filled:
    """A form's content. `day` and `at` are on the clock of `place`; `fold` says which of two equal times is meant."""

    place: UUID
    day: date | None = None
    at: time | None = None
    fold: int | None = None
    minutes: int | None = 30
    room: UUID | None = None
    floor: str | None = None
    people: int | None = None
    amenities: tuple[str, ...] = ()
    title: str | None = None
    invitees: tuple[str, ...] = ()
    private: bool = False
    shared: bool = False
    more_rooms: tuple[UUID, ...] = ()
    things: tuple[tuple[UUID, int], ...] = ()
    wide: bool = False

    @property
    def unfolded(self) -> bool:
        """Whether the fields for further rooms and equipment are shown: somebody asked for them, or they hold something."""
        return self.wide or bool(self.more_rooms or self.things)

    @property
    def count(self) -> int:
        """How many people it is for: as given, else the booker and everybody invited."""
        return 1 + len(self.invitees) if self.people is None else self.people


class Asked(Carried):
    """What the booking form carries: the place whose clock it shows."""

    place: UUID


class Editing(Target):
    """What the edit form carries: the booking at a version, and what the form showed at first.

    For a date of a series, `series_version` is that of the series.
    """

    place: UUID
    shown: Draft
    series_version: int | None = None


class Searching(Carried):
    """What the search form carries: the place, the page of results, and what it has no field for."""

    place: UUID
    page: int = 0
    title: str | None = None
    invitees: tuple[str, ...] = ()
    private: bool = False
    shared: bool = False
    things: Things = ()


class Refused(Carried):
    """What a refused form carries, so that a tap can take another room or time, or bring the form back."""

    draft: Draft
    editing: Editing | None = None

    def fitting(self) -> str:
        """Return the JSON within Slack's limit; equipment goes first, since the rooms on offer have it anyway."""
        whole = self.dump()
        if len(whole) <= _METADATA_LENGTH:
            return whole
        return self.model_copy(update={"draft": self.draft.model_copy(update={"amenities": ()})}).dump()


class NoRooms(BookingError):
    """Nobody has entered a room yet."""

    code = "NoRooms"


def places_of(catalogue: Catalogue) -> tuple[Location, ...]:
    """Return the locations that have rooms in use; raises NoRooms when there are none."""
    used = {room.location_id for room in catalogue.bookable}
    places = tuple(place for place in catalogue.locations if place.id in used)
    if not places:
        raise NoRooms("There are no rooms yet.")
    return places


def usual_place(catalogue: Catalogue, person: Person) -> Location:
    """Return the person's own location, else the one on their clock, else the first."""
    places = places_of(catalogue)
    own = [place for place in places if place.id == person.default_location_id]
    in_zone = [place for place in places if place.zone == person.zone]
    return (own or in_zone or list(places))[0]


def place_of(draft: Draft, catalogue: Catalogue, person: Person) -> Location:
    """Return the place of a wish: of its room, as named, or the person's usual one."""
    if draft.room is not None:
        return catalogue.place_of(catalogue.room(draft.room))
    return catalogue.location(draft.place) if draft.place else usual_place(catalogue, person)


def fresh(place: Location, *, now: datetime) -> Filled:
    """Return what an empty form begins with: the next half hour at the place."""
    local = now.astimezone(place.tz)
    start = local.replace(minute=0, second=0, microsecond=0)
    while start <= local:
        start += HALF_HOUR
    return Filled(place=place.id, day=start.date(), at=start.time().replace(tzinfo=None))


def of_draft(draft: Draft, place: Location) -> Filled:
    """Return a wish as the form shows it; one person is left open, for whoever is invited to count."""
    start = draft.slot.start.astimezone(place.tz)
    wall = start.replace(tzinfo=None, second=0, microsecond=0)
    return Filled(
        place=place.id,
        day=wall.date(),
        at=wall.time().replace(fold=0),
        fold=start.fold if wall_time.twice(wall.replace(fold=0), place.tz) else None,
        minutes=max(1, -(-(draft.end - draft.start) // 60)),
        room=draft.room,
        floor=draft.floor,
        people=None if draft.people == 1 + len(draft.invitees) else draft.people,
        amenities=draft.amenities,
        title=_line(draft.title),
        invitees=draft.invitees,
        private=draft.private,
        shared=draft.shared,
        more_rooms=draft.more_rooms,
        things=draft.things,
    )


def draft_of(booking: Booking) -> Draft:
    """Return a booking as a wish, its invitees left out where they are more than the form can carry."""
    invited = tuple(a.slack_user_id for a in booking.attendees if a.person_id != booking.booker.person_id)
    return Draft(
        start=int(booking.start.timestamp()),
        end=int(booking.end.timestamp()),
        people=booking.attendees_count,
        room=booking.room.id,
        place=booking.location.id,
        title=_line(booking.title),
        private=booking.private,
        shared=booking.shared,
        invitees=invited if len(invited) <= MOST_INVITED else (),
        more_rooms=tuple(room.id for room in booking.more_rooms),
        things=things_of(booking),
    )


def read(form: Form, place: UUID) -> Filled:
    """Return what stands in a form that was sent or clicked in; `place` is where no field asks for it.

    Raises InvalidAttendees for what is no number, UnreadableError for what no form of ours can hold.
    """
    # Every element is named after its field; what stands in a row shares a block.
    fields = {name: {name: state} for block in form.values.values() for name, state in block.items()}
    form = replace(form, values=fields)
    try:
        day, at = form.text(Field.DATE), form.text(Field.TIME)
        chosen = form.option(Field.ROOM) or form.option(Field.FLOOR) or BEST
        return Filled(
            place=UUID(form.option(Field.PLACE) or str(place)),
            day=date.fromisoformat(day) if day else None,
            at=time.fromisoformat(at).replace(second=0, microsecond=0, tzinfo=None) if at else None,
            fold={"0": 0, "1": 1, None: None}[form.option(Field.FOLD)],
            minutes=_minutes(form.option(Field.LENGTH)),
            room=None if chosen == BEST or chosen.startswith(ON_FLOOR) else UUID(chosen),
            floor=chosen.removeprefix(ON_FLOOR) if chosen.startswith(ON_FLOOR) else None,
            people=_people(form.text(Field.PEOPLE)),
            amenities=tuple(sorted(form.options(Field.AMENITIES))),
            title=_line(form.text(Field.TITLE)),
            invitees=form.users(Field.INVITEES),
            private=PRIVATE in form.options(Field.PRIVATE),
            shared=SHARED in form.options(Field.PRIVATE),
            more_rooms=tuple(sorted(UUID(one) for one in form.options(Field.MORE_ROOMS))),
            things=_things(form.options(Field.THINGS)),
            wide=Field.MORE_ROOMS in fields or Field.THINGS in fields,
        )
    except (ValueError, KeyError) as error:
        raise UnreadableError(_OUT_OF_DATE) from error


def slot(filled: Filled, place: Location) -> Slot:
    """Return the time wanted; raises NoSuchTime, TwoSuchTimes, or UnreadableError where a field is missing."""
    if filled.day is None or filled.at is None or filled.minutes is None:
        raise UnreadableError(_OUT_OF_DATE)
    start = wall_time.moment(filled.day, filled.at, place, fold=filled.fold)
    return Slot(start=start, end=start + timedelta(minutes=filled.minutes))


def wanted(filled: Filled, catalogue: Catalogue) -> Draft:
    """Return the wish that a form holds."""
    place = catalogue.location(filled.place)
    if filled.room and catalogue.room(filled.room).location_id != place.id:
        # The form's clock is the place's: the same hours elsewhere would be another time.
        raise RoomNotFound(f"{catalogue.room(filled.room).name} is not in {place.name}.")
    if filled.more_rooms and filled.room is None:
        which = "Choose this room too: the further ones are booked together with it."
        raise NotTogether(which, fields={"room": which})
    time_wanted = slot(filled, place)
    return Draft(
        start=int(time_wanted.start.timestamp()),
        end=int(time_wanted.end.timestamp()),
        people=filled.count,
        amenities=filled.amenities,
        room=filled.room,
        place=None if filled.room else place.id,
        floor=None if filled.room else filled.floor,
        title=filled.title,
        private=filled.private,
        shared=filled.shared,
        invitees=filled.invitees,
        more_rooms=tuple(one for one in filled.more_rooms if one != filled.room),
        things=filled.things,
    )


def input_blocks(form: Form) -> Mapping[str, str]:
    """Return the block ids of the form's inputs by field; only these can carry an error."""
    inputs = (str(block.get("block_id")) for block in form.blocks if block.get("type") == "input")
    return {block_id.partition(".")[0]: block_id for block_id in inputs}


def _minutes(text: str | None) -> int | None:
    if text is None:
        return None
    minutes = int(text)
    if not 0 < minutes <= 100_000:
        raise ValueError("no such length")
    return minutes


def _things(chosen: Iterable[str]) -> tuple[tuple[UUID, int], ...]:
    """Return equipment with how many of each: of several numbers that are chosen for one, the largest."""
    counts: dict[UUID, int] = {}
    for thing, _, count in (one.partition(":") for one in chosen if ":" in one):
        counts[UUID(thing)] = max(int(count), counts.get(UUID(thing), 1))
    return tuple(sorted(counts.items()))


def _people(text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"-?[0-9]{1,9}", text.strip()):
        raise InvalidAttendees("Give the number of people as a whole number, such as 6.")
    return int(text)


def _line(text: str | None) -> str | None:
    """Return a title on one line, without characters that show nothing; None when nothing is left."""
    printable = "".join(c if c.isprintable() else " " for c in text or "")
    return " ".join(printable.split()) or None
