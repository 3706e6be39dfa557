"""Bookings whose room closes, as their bookers answer: the room that is held, or all of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from slack_sdk.models.blocks import ButtonElement

from core import rules
from core.catalogue import Catalogue
from core.errors import BookingError, Busy, OfferGone, Unavailable
from core.models import KEEP, Actor, Alternative, Change, Changed, OfferKind, Wish
from core.rerooming import Proposal
from handlers.drafts import Target
from handlers.edge import OnClick
from handlers.ids import Action
from handlers.replies import Message
from handlers.requests import Click
from handlers.services import Desk, Services
from handlers.views import bookings, buttons
from handlers.views import proposing as views
from handlers.views.proposing import Answered, AnsweredSeries, MovedInstead
from handlers.views.text import Line, rich, spoken
from handlers.wanted import wanting


async def take(click: Click, desk: Desk) -> Message:
    """Move one booking into the room that is held for it, and show what is left to answer."""
    proposal_id = Answered.load(click.value).proposal
    done = await desk.services.administration.rerooming.accept(proposal_id, by=desk.actor, key=click.key)
    return await _rest(bookings.changed(done, desk.reader), bookings.changed_line(done, desk.reader), done, desk)


async def pick(click: Click, desk: Desk) -> Message:
    """Offer what else is free for one booking, and leave the others as they stand."""
    proposal_id = Answered.load(click.value).proposal
    left = await _open(proposal_id, desk)
    offers = await offers_for(left, desk.services, by=desk.actor, also=proposal_id)
    each = {one.booking.series_id for one in left if one.id == proposal_id and one.booking.series_id}
    said = views.told(left, offers, desk.reader, each=each)
    assert said is not None
    return said


async def move(click: Click, desk: Desk) -> Message:
    """Move one booking to where a button says, and show what is left to answer."""
    to = MovedInstead.load(click.value)
    with wanting(Target(booking=to.booking, version=to.version)):
        change = Change(slot=to.slot, room_id=to.room, instead_of=to.instead or KEEP)
        done = await desk.services.bookings.change(to.booking, change, version=to.version, by=desk.actor, key=click.key)
    return await _rest(bookings.changed(done, desk.reader), bookings.changed_line(done, desk.reader), done, desk)


async def cancel(click: Click, desk: Desk) -> Message:
    """Cancel one booking, and show what is left to answer."""
    proposal_id = Answered.load(click.value).proposal
    (proposal,) = await desk.services.administration.rerooming.get([proposal_id]) or (None,)
    if proposal is None:
        raise OfferGone("That is settled by now.")
    done = await desk.services.bookings.cancel(proposal.booking.id, by=desk.actor, key=click.key)
    line = bookings.cancelled_line(done.after, desk.reader)
    return await _rest(bookings.cancelled(done, desk.reader), line, done, desk)


async def _open(proposal_id: UUID, desk: Desk) -> Sequence[Proposal]:
    """Return what the person has to answer; raises OfferGone where a proposal is not among it any more."""
    left = await _unanswered(desk)
    if proposal_id not in {one.id for one in left}:
        raise OfferGone("That is settled by now.")
    return left


async def _unanswered(desk: Desk) -> Sequence[Proposal]:
    """Return what the person has to answer; what was settled by moving or cancelling a booking is not among it."""
    rerooming = desk.services.administration.rerooming
    await rerooming.advance(desk.services.clock.now())
    return await rerooming.open_of(desk.person.id)


async def _rest(alone: Message, said: Line, done: Changed, desk: Desk) -> Message:
    """Return what is left to answer below what was just done; `alone` where nothing is."""
    left = await _unanswered(desk)
    # Whoever answers one date of a series goes through them date by date.
    each = {done.before.series_id} if done.before.series_id else ()
    return await _left(left, said, desk, undo=buttons.undo(done.after), each=each) if left else alone


async def each(click: Click, desk: Desk) -> Message:
    """Show the dates of a series one by one, each with its own answers."""
    series = AnsweredSeries.load(click.value).series
    left = await _unanswered(desk)
    if series not in {one.booking.series_id for one in left}:
        raise OfferGone("That is settled by now.")
    return await _left(left, (), desk, each={series})


async def take_all(click: Click, desk: Desk) -> Message:
    """Move bookings into the rooms that are held for them: the dates that a button names, or every one of the person's.

    What cannot be stays to be answered.
    """
    rerooming = desk.services.administration.rerooming
    only = AnsweredSeries.load(click.value) if click.value else None
    taken = 0
    for one in await rerooming.open_of(desk.person.id):
        if one.room is None or (only and (one.booking.series_id, one.room.id) != (only.series, only.room)):
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
    held = "the room that was held" if only or taken == 1 else "the rooms that were held"
    said: Line = [f"✏️ {taken} {'booking has' if taken == 1 else 'bookings have'} moved into {held}."]
    return await _left(await rerooming.open_of(desk.person.id), said, desk)


async def _left(
    proposals: Sequence[Proposal],
    above: Line,
    desk: Desk,
    *,
    undo: ButtonElement | None = None,
    each: Collection[UUID] = (),
) -> Message:
    offers = await offers_for(proposals, desk.services, by=desk.actor)
    said = views.told(proposals, offers, desk.reader, above=above, undo=undo, each=each)
    return said or Message(text=spoken(above), blocks=[rich(above)])


async def offers_for(
    proposals: Sequence[Proposal], services: Services, *, by: Actor, also: UUID | None = None
) -> Mapping[UUID, tuple[Alternative, ...]]:
    """Return what else is free for those proposals that hold nothing, and for `also`, by proposal."""
    found = {}
    for one in proposals[: views.MOST_LISTED]:
        if one.status != "open" or (one.room is not None and one.id != also):
            continue
        found[one.id] = await _instead(one, services, by=by)
    return found


async def _instead(proposal: Proposal, services: Services, *, by: Actor) -> tuple[Alternative, ...]:
    """Return what is free instead: rooms like the one that closes, or other times; else any room at that time."""
    booking, most = proposal.booking, views.MOST_OFFERED
    if booking.more_rooms:
        # Of several rooms one takes the place of the one that is gone; where that is not known, the form asks.
        gone = views.out_of_use(booking)
        return await services.search.instead_of(booking, gone, by=by, limit=most) if gone else ()
    wish = Wish(slot=booking.slot, attendees_count=booking.attendees_count, location_id=booking.location.id)
    alike = replace(wish, amenities=booking.room.amenities, room_id=booking.room.id)
    found_alike = await services.search.alternatives(alike, by=by, but=(booking.id,), limit=3 * most)
    catalogue = await services.catalogues.current()
    # Whoever may override a closure does so by naming the room; nobody is offered the closed one for having been in it.
    offers = [one for one in found_alike if not _shut(one, catalogue, by, services.clock.now())]
    if offers:
        return tuple(offers[:most])
    try:
        found = await services.search.find(wish, by=by)
    except (Busy, Unavailable):
        raise
    except BookingError:
        # Nothing fits, or the only room that would is the one that closes: they are told all the same.
        return ()
    return tuple(
        Alternative(kind=OfferKind.OTHER_ROOM, room=one.room, location=booking.location, slot=booking.slot)
        for one in found.free[:most]
    )


def _shut(offer: Alternative, catalogue: Catalogue, by: Actor, now: datetime) -> bool:
    """Tell whether a closure stands against an offer, for whoever is not on its list."""
    return bool(rules.of_closures(offer.slot, room=offer.room, catalogue=catalogue, actor=by, now=now))


ACTIONS: Mapping[Action, OnClick] = {
    Action.TAKE_PROPOSAL: take,
    Action.TAKE_PROPOSALS: take_all,
    Action.EACH_PROPOSAL: each,
    Action.PICK_PROPOSAL: pick,
    Action.MOVE_PROPOSAL: move,
    Action.CANCEL_PROPOSAL: cancel,
}
