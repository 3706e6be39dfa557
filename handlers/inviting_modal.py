"""Inviting people to a booking that is there, in a small form of its own; the number of people follows."""

from __future__ import annotations

from uuid import UUID

from slack_sdk.models.views import View

from core.errors import TooManyAttendees
from core.models import Booking, Change
from handlers import forms
from handlers.drafts import Target
from handlers.edit_modal import changeable
from handlers.filled import MOST_INVITED
from handlers.ids import Field
from handlers.inviting import invitee_ids
from handlers.opening import opened
from handlers.replies import Message, Nothing, Show
from handlers.requests import Click, Submission
from handlers.services import Desk
from handlers.views import buttons
from handlers.views.bookings import changed
from handlers.views.held import rooms_of, verb
from handlers.views.inviting_form import inviting_form
from handlers.views.refusals import plain
from handlers.wanted import wanting


async def clicked(click: Click, desk: Desk) -> Show | Nothing | Message:
    """Open the form on who is invited now."""
    booking = await changeable(Target.load(click.value).booking, desk)
    if len(booking.attendees) > MOST_INVITED:
        return plain(
            [f"{len(booking.attendees)} people are invited: more than can be picked here."], [buttons.edit(booking)]
        )
    return await opened(click, desk, _form(booking, desk))


async def sent(submission: Submission, desk: Desk) -> Show:
    """Invite who was picked, and show the booking as it is then."""
    target = Target.load(submission.form.private_metadata)
    booking = await changeable(target.booking, desk)
    people = await _people(submission.form.users(Field.INVITEES), booking, desk)
    count = _count(booking, people)
    if count > booking.seats:
        seats = f"{rooms_of(booking)} {verb(booking, 'seats', 'seat')} {booking.seats}"
        said = f"{seats}; with you that would be {count}. Take a larger room first."
        raise TooManyAttendees(said, fields={"attendees": said})
    change = Change(invitees=people, attendees_count=count)
    with wanting(target):
        done = await desk.services.bookings.change(
            booking.id, change, version=target.version, by=desk.actor, key=submission.key
        )
    message = changed(done, desk.reader)
    return Show(view=forms.notice(message.text, message.blocks, final=True), done=message.text)


def _count(booking: Booking, people: tuple[UUID, ...]) -> int:
    """Return how many it is for: whoever comes new is added, whoever goes is taken off, and nobody invited is left out."""
    before = {one.person_id for one in booking.coming if one.person_id != booking.booker.person_id}
    declined = {one.person_id for one in booking.attendees} - before
    coming = set(people) - declined
    return max(1 + len(coming), booking.attendees_count + len(coming) - len(before), 1)


async def _people(picked: tuple[str, ...], booking: Booking, desk: Desk) -> tuple[UUID, ...]:
    """Return the people's ids: those who are invited already keep theirs, which may be of another workspace."""
    known = {one.slack_user_id: one.person_id for one in booking.attendees}
    booker = booking.booker.slack_user_id
    new = [user for user in picked if user not in known and user != booker]
    return tuple(known[user] for user in picked if user in known) + await invitee_ids(new, desk)


async def _form(booking: Booking, desk: Desk) -> View:
    return inviting_form(booking, desk.reader)
