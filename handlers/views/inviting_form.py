"""The small form in which people are invited to a booking."""

from __future__ import annotations

from slack_sdk.models.blocks import InputBlock, PlainTextObject, UserMultiSelectElement
from slack_sdk.models.views import View

from core import saying
from core.models import Booking
from handlers.drafts import Target
from handlers.filled import MOST_INVITED
from handlers.ids import Action, Callback, Field
from handlers.views.bookings import headline
from handlers.views.held import rooms_of, verb
from handlers.views.text import rich
from handlers.views.times import Reader


def inviting_form(booking: Booking, reader: Reader) -> View:
    """Return the form with those who are invited already."""
    invited = [one.slack_user_id for one in booking.attendees if one.person_id != booking.booker.person_id]
    people = UserMultiSelectElement(
        action_id=Action.INVITEES,
        initial_users=invited or None,
        max_selected_items=MOST_INVITED,
        placeholder=PlainTextObject(text="Colleagues"),
        focus_on_load=True,
    )
    seats = f"{rooms_of(booking)} {verb(booking, 'seats', 'seat')} {booking.seats}"
    seats += f"; the booking is for {saying.people(booking.attendees_count)}"
    hint = f"{seats}, and the number follows. Each gets one message, with buttons to say whether they come."
    return View(
        type="modal",
        callback_id=Callback.INVITE.value,
        title="Invite people",
        submit="Invite",
        close="Cancel",
        private_metadata=Target.at(booking).dump(),
        blocks=[
            rich(headline(booking, reader)),
            InputBlock(block_id=Field.INVITEES.value, label="Who comes", element=people, hint=hint, optional=True),
        ],
    )
