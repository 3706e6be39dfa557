"""The waiting list: joined from a refusal, left, and what is offered taken or declined."""

from __future__ import annotations

from collections.abc import Mapping

from core.errors import AlreadyFree
from core.notices import Waiting
from handlers import mine
from handlers.drafts import Draft, Waiter
from handlers.edge import OnClick
from handlers.filled import Searching
from handlers.ids import Action, Callback
from handlers.inviting import invitee_ids
from handlers.places import location_of
from handlers.replies import Message
from handlers.requests import Click
from handlers.services import Desk
from handlers.views import bookings
from handlers.views import line as views
from handlers.wanted import wanting


async def wait(click: Click, desk: Desk) -> Message:
    """Put the person in line for what was refused; where it is free by now, offer it."""
    draft = Draft.load(click.value)
    if click.form is not None and click.form.callback_id == Callback.SEARCH:
        draft = draft.model_copy(update=_of_search(Searching.load(click.form.private_metadata)))
    wish = draft.wish(await invitee_ids(draft.invitees, desk))
    try:
        with wanting(draft):
            place = await desk.services.line.join(wish, by=desk.actor, key=click.key)
    except AlreadyFree as free:
        return views.free_already(free, draft, desk.reader)
    if place.status == "offered":
        return await mine.listed(desk)
    ahead = await desk.services.line.ahead([place])
    return views.joined_line(place, ahead.get(place.id, 0), location_of(place, desk), desk.reader)


async def take(click: Click, desk: Desk) -> Message:
    """Book what is held for the person."""
    place = await desk.services.line.get(Waiter.load(click.value).waiting)
    with wanting(_draft(place)):
        booking = await desk.services.line.take(place.id, by=desk.actor, key=click.key)
    return bookings.booked(booking, desk.reader)


async def decline(click: Click, desk: Desk) -> Message:
    """Let what is held go to the next in line."""
    seen = await desk.services.line.get(Waiter.load(click.value).waiting)
    await desk.services.line.decline(seen.id, by=desk.actor)
    told = views.declined(seen, location_of(seen, desk), desk.reader)
    return await _in_place(click, told, desk)


async def leave(click: Click, desk: Desk) -> Message:
    """Take the person out of the line; in a list, show what is left of it."""
    place = await desk.services.line.leave(Waiter.load(click.value).waiting, by=desk.actor)
    told = views.left(place, location_of(place, desk), desk.reader)
    return await _in_place(click, told, desk)


async def _in_place(click: Click, told: Message, desk: Desk) -> Message:
    """Return what is told; where the button stood in a list, with the list below."""
    offset = mine.offset_of(click)
    if offset is None:
        return told
    return await mine.listed(desk, offset=offset, above=told.blocks, said_above=told.text)


def _draft(place: Waiting) -> Draft:
    """Return what somebody waits for as a wish, so that a refusal can offer something else."""
    room = place.offered_room or place.room
    return Draft(
        start=int(place.slot.start.timestamp()),
        end=int(place.slot.end.timestamp()),
        people=place.attendees_count,
        room=room.id if room else None,
        place=place.location.id if place.location and not room else None,
        title=place.title,
        private=place.private,
        more_rooms=tuple(one.id for one in place.more_rooms),
        things=tuple((one.equipment.id, one.quantity) for one in place.equipment),
    )


def _of_search(searching: Searching) -> dict[str, object]:
    return {
        "title": searching.title,
        "invitees": searching.invitees,
        "private": searching.private,
        "shared": searching.shared,
        "things": searching.things,
    }


ACTIONS: Mapping[Action, OnClick] = {
    Action.WAIT: wait,
    Action.TAKE_OFFER: take,
    Action.DECLINE_OFFER: decline,
    Action.LEAVE_LINE: leave,
}
