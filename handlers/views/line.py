"""The waiting list as people see it: where one stands, what happens next, what is held for one at this moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

from slack_sdk.models.blocks import Block, ButtonElement

from core import saying
from core.borrowing import lent
from core.errors import AlreadyFree
from core.models import Location, Slot
from core.notices import Waiting
from handlers.drafts import Draft, Waiter
from handlers.ids import Action
from handlers.replies import Message
from handlers.views import buttons
from handlers.views.held import borrowed, named
from handlers.views.text import Line, bold, cut, joined, quoted, rich, spoken
from handlers.views.times import Reader, in_full, where_and_own_clock

# More would push everything else out of sight.
MOST_LISTED = 5
TITLE = "Waiting list"


def wait(draft: Draft, number: int = 0) -> ButtonElement | None:
    """Return "Tell me when it frees"."""
    action = Action.WAIT.nth(number) if number else Action.WAIT
    return buttons.button("Tell me when it frees", action, draft)


def joined_line(place: Waiting, ahead: int, location: Location | None, reader: Reader) -> Message:
    """Return where one stands, and what happens when it frees."""
    lines: tuple[Line, ...] = (
        [f"You are {rank(ahead)} in line for ", *_what(place), ": ", *_when(place, location, reader), "."],
        [_next(ahead, alone=_is_one(place))],
    )
    row = [_leave(place), buttons.run("My bookings", "mine")]
    return Message(text=spoken(*lines), blocks=[rich(*lines), *buttons.rows(row)])


def free_already(error: AlreadyFree, draft: Draft, reader: Reader) -> Message:
    """Return that nobody need wait, with the button that books."""
    offer = error.alternative
    label = buttons.offer_label(offer, instead_of=draft.slot, at=offer.location, reader=reader)
    row = [buttons.button(f"Book {label}", Action.TAKE, draft.taking(offer))]
    return Message(text=spoken([error.message]), blocks=[rich([error.message]), *buttons.rows(row)])


def left(place: Waiting, location: Location | None, reader: Reader) -> Message:
    """Return that one is in line no more."""
    line: Line = ["You are no longer in line for ", *_what(place), ", ", *_when(place, location, reader), "."]
    return Message(text=spoken(line), blocks=[rich(line)])


def declined(place: Waiting, location: Location | None, reader: Reader) -> Message:
    """Return that the offer goes to the next."""
    verb, it = ("are", "them") if place.more_rooms else ("is", "it")
    when = _when(place, location, reader)
    line: Line = [*_what(place), ", ", *when, f", {verb} no longer held for you. Others can have {it} now."]
    return Message(text=spoken(line), blocks=[rich(line)])


def offered(place: Waiting, location: Location, reader: Reader) -> tuple[tuple[Line, ...], list[ButtonElement | None]]:
    """Return what is held for one, and the buttons that take it or let it go."""
    assert place.offered_room is not None
    assert place.offer_expires_at is not None
    until = saying.clock_time(place.offer_expires_at, location.tz)
    first: Line = [
        *_what(place),
        f" {'are' if place.more_rooms else 'is'} free again and held for you until ",
        bold(until),
        ": ",
        *_when(place, location, reader),
    ]
    row = buttons.offered(Waiter(waiting=place.id), place.rooms, saying.hours(place.slot, location.tz))
    return (first, [quoted(cut(place.title, 200))] if place.title else []), row


def entry(place: Waiting, ahead: int, location: Location | None, reader: Reader) -> tuple[Line, ...]:
    """Return a place in line as it stands in a list."""
    when = _when(place, location, reader, opening=True)
    what: list[Line] = [_what(place), [f"{rank(ahead)} in line"]]
    what += [[quoted(cut(place.title, 200))]] if place.title else []
    return (when, joined(what, " · "))


def listed(
    places: Sequence[Waiting],
    ahead: Mapping[UUID, int],
    locations: Mapping[UUID, Location],
    reader: Reader,
    *,
    block_id: str,
    title: str = "",
) -> tuple[list[Block], str]:
    """Return places in line as blocks and as text; `block_id` begins the ids of the rows."""
    if not places:
        return [], ""
    blocks: list[Block] = [rich([bold(title)])] if title else []
    told = [f"{title}:"] if title else []
    for number, place in enumerate(places[:MOST_LISTED]):
        location = locations.get(place.id)
        row: list[ButtonElement | None]
        if place.status == "offered" and location:
            lines, row = offered(place, location, reader)
        else:
            lines, row = entry(place, ahead.get(place.id, 0), location, reader), [_leave(place)]
        blocks += [rich(*lines), *buttons.rows(row, block_id=f"{block_id}:{number}")]
        told.append(spoken(joined(lines, ", ")))
    return blocks, "\n".join(told)


def rank(ahead: int) -> str:
    """Return "first", "second", "3rd"."""
    near = ("first", "second", "third")
    if ahead < len(near):
        return near[ahead]
    number = ahead + 1
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 not in {11, 12, 13} else "th"
    return f"{number}{ending}"


def _next(ahead: int, *, alone: bool) -> str:
    frees, held = ("it frees", "it is held") if alone else ("all of it is free at once", "all of it is held")
    if not ahead:
        return f"When {frees}, {held} for you for 10 minutes, and you get a direct message."
    before = saying.people(ahead)
    comes = "comes" if ahead == 1 else "come"
    turn = "it is your turn" if alone else "it is your turn and all of it is free at once"
    return f"{before} {comes} before you. When {turn}, {held} for you for 10 minutes; you get a direct message."


def _is_one(place: Waiting) -> bool:
    """Tell whether somebody waits for a room and nothing beside it."""
    return not place.more_rooms and not place.equipment


def _what(place: Waiting) -> Line:
    """Return "Apollo + Zeus with 2 projectors": what is held for one, else what one waits for."""
    if place.rooms:
        along = borrowed(place.equipment)
        return [bold(named(place.rooms)), *([f" {along}"] if along else [])]
    wants = [f"that seats {place.attendees_count}"] if place.attendees_count > 1 else []
    things = [lent(cut(one.equipment.name, 60), one.quantity) for one in place.equipment]
    has = [*sorted(place.amenities), *things]
    wants += [f"with {saying.listed(has)}"] if has else []
    wants += [f"on floor {place.floor}"] if place.floor else []
    where = f" in {place.location.name}" if place.location else ""
    return [bold(f"a room{where}"), *([f" {' '.join(wants)}"] if wants else [])]


def _when(place: Waiting, location: Location | None, reader: Reader, *, opening: bool = False) -> Line:
    """Return when, on the clock of where it is; on the reader's own where that could be anywhere.

    `opening` is for the beginning of a line.
    """
    slot: Slot = place.slot
    if location is not None:
        said, where = in_full(slot, location, reader), where_and_own_clock(slot, location, reader)
    else:
        said, where = saying.when_in_full(slot, reader.zone or ZoneInfo("UTC"), now=reader.now), ""
    return [bold(said[0].upper() + said[1:] if opening else said), where]


def _leave(place: Waiting) -> ButtonElement | None:
    aloud = f"Leave the line for {named(place.rooms, 40) if place.rooms else 'a room'}"
    return buttons.button("Leave the line", Action.LEAVE_LINE, Waiter(waiting=place.id), aloud=aloud)
