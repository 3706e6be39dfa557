"""Bookings whose room closes, as their bookers answer: the room that is held, or all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from core.errors import BookingError, Busy, OfferGone, Unavailable
from core.models import Actor, Alternative, Wish
from core.rerooming import Proposal
from handlers.edge import OnClick
from handlers.ids import Action
from handlers.replies import Message
from handlers.requests import Click
from handlers.services import Desk, Services
from handlers.views import bookings
from handlers.views import proposing as views
from handlers.views.proposing import Answered
from handlers.views.text import Line, rich, spoken


async def take(click: Click, desk: Desk) -> Message:
    """Move one booking into the room that is held for it, and show what is left to answer."""
    proposal_id = Answered.load(click.value).proposal
    done = await desk.services.administration.rerooming.accept(proposal_id, by=desk.actor, key=click.key)
    left = await desk.services.administration.rerooming.open_of(desk.person.id)
    if not left:
        return bookings.changed(done, desk.reader)
    return await _left(left, bookings.changed_line(done, desk.reader), desk)


async def take_all(click: Click, desk: Desk) -> Message:  # noqa: ARG001 - one shape for all
    """Move every booking of the person's into the room that is held for it; what cannot be stays to be answered."""
    rerooming = desk.services.administration.rerooming
    taken = 0
    for one in await rerooming.open_of(desk.person.id):
        if one.room is None:
            continue
        try:
            await rerooming.accept(one.id, by=desk.actor)
            taken += 1
        except (Busy, Unavailable):
            raise
        except BookingError:
            # It is still listed below, with what can be done about it.
            continue
    if not taken:
        raise OfferGone("Those rooms are not held for you any more.")
    said: Line = [f"✏️ {taken} {'booking has' if taken == 1 else 'bookings have'} moved into the rooms that were held."]
    return await _left(await rerooming.open_of(desk.person.id), said, desk)


async def _left(proposals: Sequence[Proposal], above: Line, desk: Desk) -> Message:
    offers = await offers_for(proposals, desk.services, by=desk.actor)
    said = views.told(proposals, offers, desk.reader, above=above)
    return said or Message(text=spoken(above), blocks=[rich(above)])


async def offers_for(
    proposals: Sequence[Proposal], services: Services, *, by: Actor
) -> Mapping[UUID, tuple[Alternative, ...]]:
    """Return what else is free for those proposals that hold nothing, by proposal."""
    found = {}
    for one in proposals[: views.MOST_LISTED]:
        if one.status != "open" or one.room is not None:
            continue
        booking = one.booking
        wish = Wish(
            slot=booking.slot,
            attendees_count=booking.attendees_count,
            location_id=booking.location.id,
            amenities=booking.room.amenities,
            room_id=booking.room.id,
        )
        found[one.id] = await services.search.alternatives(wish, by=by, but=(booking.id,), limit=3)
    return found


ACTIONS: Mapping[Action, OnClick] = {Action.TAKE_PROPOSAL: take, Action.TAKE_PROPOSALS: take_all}
