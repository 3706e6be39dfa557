"""Questions, whose answers are buttons: what a sentence left open, which place, which booking, which command."""

from __future__ import annotations

from collections.abc import Sequence

from slack_sdk.models.blocks import ButtonElement

from core import saying
from core.models import Booking, FreeRoom, Location, Person, Room
from handlers.drafts import ChosenPlace, Draft, Exchanging, Moving, Picked, Target
from handlers.ids import Action
from handlers.replies import Message
from handlers.sentence.model import Refusal
from handlers.views import buttons
from handlers.views.held import rooms_of, verb
from handlers.views.text import Line, bold, code, cut, mention, quoted, rich, spoken
from handlers.views.times import Reader, in_passing

MOST_PLACES = 20
MOST_BOOKINGS = 10
MOST_ADMINS = 3


def ask(line: Line, row: Sequence[ButtonElement | None] = ()) -> Message:
    """Return a question or a hint of one line with its answers."""
    return Message(text=spoken(line), blocks=[rich(line), *buttons.rows(row)])


def not_read(refusal: Refusal, *, more: Sequence[ButtonElement | None] = ()) -> Message:
    """Return why a sentence was not booked, and what it may have meant."""
    options = [
        buttons.button(option.label, Action.READ.nth(number), option.sentence)
        for number, option in enumerate(refusal.options, start=1)
    ]
    return ask([refusal.message], [*options, *more, buttons.new_booking("Pick…")])


def which_place(places: Sequence[Location], sentence: str) -> Message:
    """Return the question which location is meant, whose answer is remembered."""
    row = [
        buttons.button(place.name, Action.CHOOSE_PLACE.nth(number), ChosenPlace(place=place.id, sentence=sentence))
        for number, place in enumerate(places[:MOST_PLACES], start=1)
    ]
    hint = "" if len(places) <= MOST_PLACES else f' For another one, add it to the sentence, like "in {places[-1].name}".'
    return ask([f"Which place is it for? Your answer is remembered as your usual place.{hint}"], row)


def unknown_place(name: str, places: Sequence[Location]) -> Message:
    """Return that a place is not known, and which are."""
    known = saying.listed([place.name for place in places[:MOST_PLACES]])
    return ask([f"I know no place called {quoted(cut(name, 100))}. There is {known}."], [buttons.find()])


def no_rooms(reader: Reader, *, admins: Sequence[Person] = ()) -> Message:
    """Return how rooms come into an empty workspace: by an admin's hand, or by whom to ask."""
    if reader.person.admin:
        line: Line = ["There are no rooms yet. Set up the first in a minute."]
        return ask(line, [buttons.button("Set up rooms", Action.ADMIN_GO, '{"s":"first"}', style="primary")])
    known = [one for one in admins if one.slack_team_id == reader.person.slack_team_id][:MOST_ADMINS]
    if not known:
        return ask(["There are no rooms yet. Ask an admin to type ", code(f"{reader.command} admin"), "."])
    named = [piece for one in known for piece in (" or ", mention(one.slack_user_id))][1:]
    return ask(["There are no rooms yet. Ask ", *named, " to set them up with ", code(f"{reader.command} admin"), "."])


def not_for_guests() -> Message:
    """Return that guests book nothing here, and who can."""
    return ask(["Guests cannot book rooms here. Ask a colleague to book one for you."])


def nearest_command(typed: str, command: str, reader: Reader, *, sentence: str | None = None) -> Message:
    """Return a misspelt command's nearest neighbour; `sentence` is what it would book, where it reads as that."""
    row = [buttons.run(f"Run {reader.command} {cut(command, 60)}", command)]
    if sentence:
        row.append(buttons.button("Book it", Action.READ, sentence, aloud=f"Book {cut(sentence, 60)}"))
    if command != "help":
        row.append(buttons.run("Help", "help", number=1))
    return ask(["I know no command ", quoted(cut(typed, 40)), ". Did you mean this?"], row)


def which_to_cancel(bookings: Sequence[Booking], reader: Reader) -> Message:
    """Return the question which booking is to be cancelled."""
    row = [
        buttons.button(_told(booking, reader), Action.PICK_TO_CANCEL.nth(number), Target.at(booking))
        for number, booking in enumerate(bookings[:MOST_BOOKINGS], start=1)
    ]
    return ask([f"Which one is to be cancelled?{_not_all(bookings)}"], [*row, buttons.button("None", Action.KEEP)])


def cancel_it(booking: Booking, reader: Reader) -> Message:
    """Return the question whether a booking is to be cancelled, with what would be lost."""
    what: Line = ["Cancel ", bold(cut(booking.title, 100)), "?"] if booking.title else ["Cancel this booking?"]
    lost: Line = [buttons.what_is_lost(booking, reader)]
    keep = buttons.button("Keep it", Action.KEEP, Target.at(booking))
    row = buttons.rows([keep, buttons.cancel_at_once(booking)])
    return Message(text=spoken(what, lost), blocks=[rich(what, lost), *row])


def none_matches(words: str, bookings: Sequence[Booking], reader: Reader) -> Message:
    """Return that no booking is meant by the words, and which there are."""
    asked = which_to_cancel(bookings, reader)
    line: Line = [
        "None of your bookings is ",
        quoted(cut(words, 100)),
        f". Which one is to be cancelled?{_not_all(bookings)}",
    ]
    return Message(text=spoken(line), blocks=[rich(line), *asked.blocks[1:]])


def where_to(booking: Booking, *, because: str = "") -> Message:
    """Return that a sentence does not say where a booking is to go, and how it can be changed otherwise."""
    said: Line = [because] if because else ["That does not say where to. Name a time or a room, like ", code("to 3pm"), "."]
    return ask(said, [buttons.edit(booking), buttons.other_room(booking)])


def which_to_move(bookings: Sequence[Booking], sentence: str, reader: Reader, *, unmatched: bool = False) -> Message:
    """Return the question which booking is to be moved where the sentence says."""
    row = [
        buttons.button(
            _told(booking, reader), Action.PICK_TO_MOVE.nth(number), Picked(booking=booking.id, sentence=sentence)
        )
        for number, booking in enumerate(bookings[:MOST_BOOKINGS], start=1)
    ]
    question = "None of your bookings is called that. Which one is meant?" if unmatched else "Which one is to be moved?"
    return ask([question + _not_all(bookings)], [*row, buttons.button("None", Action.KEEP)])


def other_rooms(booking: Booking, free: Sequence[FreeRoom], reader: Reader) -> Message:
    """Return the rooms that are free at a booking's time, one button each."""
    when = in_passing(booking.slot, booking.location, reader)
    if not free:
        line: Line = [
            f"No other room that fits is free {when}. ",
            bold(rooms_of(booking)),
            f" {verb(booking, 'stays', 'stay')} yours.",
        ]
        draft = Draft.like(booking).anywhere(booking.location.id)
        row = [buttons.edit(booking), buttons.button("Find a room", Action.OPEN_SEARCH, draft)]
        return ask(line, row)
    row = [_move_there(booking, one.room, number) for number, one in enumerate(free[:MOST_BOOKINGS], start=1)]
    keep = buttons.button(f"Keep {rooms_of(booking, 50)}", Action.KEEP, Target.at(booking))
    return ask([f"Free {when} instead of ", bold(cut(booking.room.name, 100)), ":"], [*row, keep])


def _move_there(booking: Booking, room: Room, number: int, *, instead: Room | None = None) -> ButtonElement | None:
    to = Moving(
        booking=booking.id,
        version=booking.version,
        room=room.id,
        start=int(booking.start.timestamp()),
        end=int(booking.end.timestamp()),
        instead=instead.id if instead else None,
    )
    label = f"{cut(room.name, 50)} (seats {room.capacity})"
    aloud = f"Move to {room.name}, which seats {room.capacity}"
    return buttons.button(label, Action.MOVE_TO.nth(number), to, aloud=aloud)


# -- one of several rooms ------------------------------------------------------------------------------------------------


def which_to_exchange(booking: Booking, reader: Reader) -> Message:
    """Return the question which of a booking's rooms is to be another one."""
    row = [
        buttons.button(
            cut(room.name, 60),
            Action.OTHER_ROOM.nth(number),
            Exchanging(booking=booking.id, version=booking.version, instead=room.id),
            aloud=f"Another room instead of {room.name}",
        )
        for number, room in enumerate(booking.rooms, start=1)
    ]
    when = in_passing(booking.slot, booking.location, reader)
    return ask([bold(rooms_of(booking)), f" {when}: which is to be another room?"], [*row, _keep_all(booking)])


def others_beside(booking: Booking, given_up: Room, free: Sequence[Room], reader: Reader) -> Message:
    """Return the rooms that can take the place of one of a booking's, one button each; the others of it stay."""
    when = in_passing(booking.slot, booking.location, reader)
    if not free:
        said: Line = [f"No other room that fits is free {when} instead of ", bold(cut(given_up.name, 100)), "."]
        return ask(said, [buttons.edit(booking), _keep_all(booking)])
    row = [_move_there(booking, room, number, instead=given_up) for number, room in enumerate(free[:MOST_BOOKINGS], start=1)]
    stays = saying.listed(cut(room.name, 60) for room in booking.rooms if room.id != given_up.id)
    verb_of = "stays" if len(booking.rooms) == 2 else "stay"
    line: Line = [f"Free {when} instead of ", bold(cut(given_up.name, 100)), f"; {stays} {verb_of}:"]
    return ask(line, [*row, _keep_all(booking)])


def which_gives_way(booking: Booking, room: Room, sentence: str, reader: Reader) -> Message:
    """Return the question which of a booking's rooms another takes the place of, for a sentence that moves it there."""
    when = in_passing(booking.slot, booking.location, reader)
    if any(one.id == room.id for one in booking.rooms):
        said: Line = [bold(rooms_of(booking)), f" {when}: it has {cut(room.name, 100)} already."]
        return ask(said, [buttons.edit(booking), buttons.other_room(booking)])
    row = [
        buttons.button(
            cut(one.name, 60),
            Action.PICK_TO_MOVE.nth(number),
            Picked(booking=booking.id, sentence=sentence, instead=one.id),
            aloud=f"{room.name} instead of {one.name}",
        )
        for number, one in enumerate(booking.rooms, start=1)
    ]
    line: Line = [bold(rooms_of(booking)), f" {when}: {cut(room.name, 100)} instead of which?"]
    return ask(line, [*row, _keep_all(booking)])


def _keep_all(booking: Booking) -> ButtonElement | None:
    return buttons.button("Keep both" if len(booking.rooms) == 2 else "Keep all", Action.KEEP, Target.at(booking))


def _not_all(bookings: Sequence[Booking]) -> str:
    if len(bookings) <= MOST_BOOKINGS:
        return ""
    return f" These are the next {MOST_BOOKINGS}; name the room or the day of another one."


def _told(booking: Booking, reader: Reader) -> str:
    title = f"{cut(booking.title, 30)}, " if booking.title else ""
    return f"{title}{rooms_of(booking, 20)} {in_passing(booking.slot, booking.location, reader)}"
