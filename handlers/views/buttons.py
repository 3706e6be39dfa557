"""Buttons, and the rows in which they stand under a message."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from slack_sdk.models.blocks import ActionsBlock, ButtonElement, ConfirmObject, PlainTextObject

from core import saying
from core.models import Alternative, Booking, Location, Room, Slot
from handlers.drafts import Carried, Draft, Moving, Target, Waiter
from handlers.ids import Action
from handlers.views.held import named, rooms_of, verb
from handlers.views.text import cut
from handlers.views.times import Reader, in_passing

LABEL_LENGTH = 75
VALUE_LENGTH = 2000
ROW_LENGTH = 25


def button(
    label: str,
    action: str,
    value: Carried | str | None = None,
    *,
    style: str | None = None,
    confirm: ConfirmObject | None = None,
    aloud: str | None = None,
) -> ButtonElement | None:
    """Return a button; None where its value is longer than a button can carry, since half of it would mean something else.

    `aloud` is what a screen reader says instead of the label.
    """
    carried = value.dump() if isinstance(value, Carried) else value
    if carried is not None and len(carried) > VALUE_LENGTH:
        return None
    return ButtonElement(
        text=PlainTextObject(text=cut(label, LABEL_LENGTH), emoji=False),
        action_id=action,
        value=carried,
        style=style,
        confirm=confirm,
        accessibility_label=cut(aloud, LABEL_LENGTH) if aloud else None,
    )


def rows(buttons: Iterable[ButtonElement | None], *, block_id: str | None = None) -> list[ActionsBlock]:
    """Return the buttons as a row, or nothing when there are none."""
    shown = [one for one in buttons if one is not None][:ROW_LENGTH]
    return [ActionsBlock(elements=shown, block_id=block_id)] if shown else []


def edit(booking: Booking) -> ButtonElement | None:
    """Return "Edit"."""
    return button("Edit", Action.EDIT, Target.at(booking), aloud=f"Edit the booking of {rooms_of(booking)}")


def other_room(booking: Booking) -> ButtonElement | None:
    """Return "Other room"."""
    return button("Other room", Action.OTHER_ROOM, Target.at(booking))


def cancel(booking: Booking, reader: Reader, *, label: str = "Cancel booking") -> ButtonElement | None:
    """Return "Cancel booking", which asks before it does; of a series, how much of it."""
    if booking.series_id is not None:
        aloud = f"Cancel the booking of {booking.room.name}, or more of its series"
        return button(label, Action.CANCEL_WHICH, Target.at(booking), style="danger", aloud=aloud)
    confirm = ConfirmObject(
        title=PlainTextObject(text="Cancel this booking?"),
        text=PlainTextObject(text=cut(what_is_lost(booking, reader), 300)),
        confirm=PlainTextObject(text="Cancel booking"),
        deny=PlainTextObject(text="Keep it"),
        style="danger",
    )
    return cancel_at_once(booking, confirm=confirm, label=label)


def cancel_at_once(
    booking: Booking, *, confirm: ConfirmObject | None = None, label: str = "Cancel booking"
) -> ButtonElement | None:
    """Return "Cancel booking", for where what is lost has been said already."""
    aloud = f"Cancel the booking of {rooms_of(booking)}"
    return button(label, Action.CANCEL, Target.at(booking), style="danger", confirm=confirm, aloud=aloud)


def what_is_lost(booking: Booking, reader: Reader) -> str:
    """Return what cancelling would do: "Apollo, tomorrow 14:00-15:00, is given back and others can book it."."""
    when = in_passing(booking.slot, booking.location, reader)
    about = f"{rooms_of(booking, 60)}, {when}, {verb(booking, 'is given back and others can book it', 'are given back')}."
    invited = len(booking.attendees)
    return f"{about} {saying.people(invited)} {'is' if invited == 1 else 'are'} invited." if invited else about


def invite(booking: Booking) -> ButtonElement | None:
    """Return "Invite people", which opens a small form."""
    return button("Invite people", Action.INVITE, Target.at(booking), aloud=f"Invite people to {rooms_of(booking)}")


def tell_channel(booking: Booking) -> ButtonElement | None:
    """Return "Tell the channel", which lets everybody in it see the booking and its changes."""
    return button("Tell the channel", Action.SHARE, Target.at(booking), aloud=f"Tell the channel of {rooms_of(booking)}")


def check_in(booking: Booking) -> ButtonElement | None:
    """Return "Check in"."""
    return button("Check in", Action.CHECK_IN, Target.at(booking), style="primary")


def stop(booking: Booking, reader: Reader) -> ButtonElement | None:
    """Return "End early" for a meeting under way, which has taken place; "Cancel booking" for one that is ahead."""
    return end_early(booking) if booking.start <= reader.now < booking.end else cancel(booking, reader)


def run_late(booking: Booking) -> ButtonElement | None:
    """Return "Running late"."""
    return button("Running late", Action.RUN_LATE, Target.at(booking), aloud="Tell the others that you run late")


def end_early(booking: Booking) -> ButtonElement | None:
    """Return "End early", which gives the rest of the time back at once; Undo takes it back."""
    return button(
        "End early", Action.END_EARLY, Target.at(booking), aloud=f"Give the rest of {rooms_of(booking, 60)} back now"
    )


def extensions(booking: Booking, ends: Iterable[datetime]) -> list[ButtonElement | None]:
    """Return "Extend to 15:45" for each end to which the booking can go on, on the place's clock."""
    zone = booking.location.tz
    return [
        button(
            f"Extend to {saying.clock_time(end, zone)}",
            Action.EXTEND.nth(number),
            Moving(
                booking=booking.id,
                version=booking.version,
                room=booking.room.id,
                start=int(booking.start.timestamp()),
                end=int(end.timestamp()),
            ),
        )
        for number, end in enumerate(ends, start=1)
    ]


def going(booking: Booking, *, style: str | None = None) -> ButtonElement | None:
    """Return "Going"."""
    return button("Going", Action.GOING, Target.at(booking), style=style)


def not_going(booking: Booking) -> ButtonElement | None:
    """Return "Can't"."""
    return button("Can't", Action.NOT_GOING, Target.at(booking), aloud="Say that you cannot come")


def offered(place: Waiter, rooms: Sequence[Room], hours: str) -> list[ButtonElement | None]:
    """Return the buttons that take what is held for somebody, or let it go."""
    return [
        button(f"Book {named(rooms, 50)} {hours}", Action.TAKE_OFFER, place, style="primary"),
        button("No, thanks", Action.DECLINE_OFFER, place, aloud=f"No, thanks: leave {named(rooms, 40)} to others"),
    ]


def take_back(booking: Booking) -> ButtonElement | None:
    """Return "Take it back", for a room that was released."""
    return button("Take it back", Action.TAKE_BACK, Target.at(booking), style="primary")


def undo(booking: Booking) -> ButtonElement | None:
    """Return "Undo", which takes back the change that led to the booking as it is."""
    return button("Undo", Action.UNDO, Target.at(booking))


def book_again(booking: Booking, reader: Reader) -> ButtonElement | None:
    """Return "Book it again": at once while its time is ahead, else by the form, prefilled."""
    draft = Draft.like(booking)
    if booking.start > reader.now:
        return button("Book it again", Action.TAKE, draft)
    return button("Book it again", Action.OPEN_BOOKING, draft.ahead_of(reader.now))


def new_booking(label: str = "Book a room") -> ButtonElement | None:
    """Return a button that opens the booking form."""
    return button(label, Action.OPEN_BOOKING)


def find(label: str = "Find a room") -> ButtonElement | None:
    """Return a button that opens the search."""
    return button(label, Action.OPEN_SEARCH)


def run(label: str, command: str, *, number: int = 0) -> ButtonElement | None:
    """Return a button that stands for typing a command; `command` is what follows its name."""
    return button(label, Action.RUN.nth(number), command)


def offers(
    alternatives: Iterable[Alternative], *, instead_of: Slot, at: Location | None, wanted: Draft | Target, reader: Reader
) -> list[ButtonElement | None]:
    """Return one button per alternative: it books, or moves the booking that is being moved."""
    made = []
    for number, offer in enumerate(alternatives, start=1):
        label = offer_label(offer, instead_of=instead_of, at=at, reader=reader)
        if isinstance(wanted, Draft):
            aloud = f"Book {label}"
            made.append(button(label, Action.TAKE.nth(number), wanted.taking(offer), aloud=aloud))
        else:
            made.append(button(label, Action.MOVE_TO.nth(number), moving(wanted, offer), aloud=f"Move to {label}"))
    return made


def moving(target: Target, offer: Alternative) -> Moving:
    """Return the target going to the room and time offered."""
    start, end = int(offer.slot.start.timestamp()), int(offer.slot.end.timestamp())
    more = tuple(room.id for room in offer.more_rooms)
    return Moving(booking=target.booking, version=target.version, room=offer.room.id, more_rooms=more, start=start, end=end)


def offer_label(offer: Alternative, *, instead_of: Slot, at: Location | None, reader: Reader) -> str:
    """Return "Boardroom 14:00-15:30", with the date where it is another day, and the place where it is another."""
    zone = offer.location.tz
    day, wanted_day = (slot.start.astimezone(zone).date() for slot in (offer.slot, instead_of))
    today = reader.now.astimezone(zone).date()
    parts = [cut(named((offer.room, *offer.more_rooms), 40), 44)]
    parts += [saying.short_date(day, today=today)] if day != wanted_day else []
    parts.append(saying.hours(offer.slot, zone))
    parts += [f"({offer.location.name})"] if reader.several_places and offer.location != at else []
    return " ".join(parts) + (" anyway" if offer.kind == "anyway" else "")
