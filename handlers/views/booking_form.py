"""The modals in which a booking is made and changed, and what stands in their place when they cannot be had as filled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slack_sdk.models.blocks import Block, DividerBlock
from slack_sdk.models.views import View

from core.errors import BookingError
from core.models import Booking, Location
from handlers.drafts import Draft
from handlers.filled import Asked, Editing, Refused
from handlers.ids import Action, Callback
from handlers.views import buttons
from handlers.views.fields import Fields
from handlers.views.line import wait
from handlers.views.text import grey
from handlers.views.times import Reader


def booking_form(fields: Fields, *, repeat: Sequence[Block] = (), banner: Sequence[Block] = ()) -> View:
    """Return the form for a new booking; `repeat` is its section on repeating."""
    return View(
        type="modal",
        callback_id=Callback.BOOK.value,
        title="Book a room",
        # What repeats is shown before it is booked.
        submit="See the dates" if len(repeat) > 1 else "Book",
        close="Cancel",
        private_metadata=Asked(place=fields.place.id).dump(),
        blocks=[
            *banner,
            *fields.location(),
            fields.date(),
            fields.time(),
            *fields.fold(),
            fields.length(),
            *repeat,
            fields.people(),
            fields.room(),
            *fields.photo(),
            *fields.amenities(),
            *fields.further(),
            fields.title(),
            fields.invitees(),
            fields.private(),
        ],
    )


def edit_form(
    fields: Fields,
    *,
    booking: Booking,
    editing: Editing,
    which: Sequence[Block] = (),
    banner: Sequence[Block] = (),
) -> View:
    """Return the form for changing a booking; people who are too many for the field are counted instead.

    `which` asks how much of its series is meant.
    """
    invited = sum(one.person_id != booking.booker.person_id for one in booking.attendees)
    carried = len(editing.shown.invitees) == invited
    people: Block = fields.invitees() if carried else grey(f"{invited} people are invited.")
    return View(
        type="modal",
        callback_id=Callback.EDIT.value,
        title="Edit booking",
        submit="Save",
        close="Close",
        private_metadata=editing.dump(),
        blocks=[
            *banner,
            *fields.location(),
            fields.date(),
            fields.time(),
            *fields.fold(),
            fields.length(),
            fields.people(),
            fields.room(named=True),
            *fields.photo(),
            *fields.further(),
            fields.title(),
            people,
            fields.private(),
            *which,
            DividerBlock(),
            *buttons.rows([buttons.cancel(booking, fields.reader)]),
        ],
    )


def refused_form(refused: Refused, blocks: Sequence[Block | Mapping[str, Any]]) -> View:
    """Return what stands in the place of a form that was sent in vain: why, the ways out, and the way back."""
    back = buttons.rows([buttons.button("Change the details", Action.BACK_TO_FORM)])
    return View(
        type="modal",
        callback_id=Callback.REFUSED.value,
        title="Not possible",
        close="Close",
        private_metadata=refused.fitting(),
        blocks=[*(one if isinstance(one, Block) else dict(one) for one in blocks), *back],
    )


def offers(
    error: BookingError, wanted: Draft, place: Location, reader: Reader, *, waits_for: Draft | None = None
) -> list[Block]:
    """Return the other rooms and times as buttons that take the rest of what the form holds along, and the waiting list."""
    made = []
    for number, offer in enumerate(error.alternatives, start=1):
        label = buttons.offer_label(offer, instead_of=wanted.slot, at=place, reader=reader)
        taken = Draft(start=int(offer.slot.start.timestamp()), end=int(offer.slot.end.timestamp()), room=offer.room.id)
        made.append(buttons.button(label, Action.TAKE_INSTEAD.nth(number), taken, aloud=f"Move to {label}"))
    made += [wait(waits_for)] if waits_for else []
    return [*buttons.rows(made)]
