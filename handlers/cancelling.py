"""Cancelling a booking, by words or by its button, and taking such a step back."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.models import Booking, Changed
from handlers import leaving, mine
from handlers.drafts import Draft, Target
from handlers.edit_modal import changeable
from handlers.picking import matching, own
from handlers.replies import Message
from handlers.requests import Click, Command
from handlers.series_dates import which_of
from handlers.services import Desk
from handlers.views import bookings as views
from handlers.views import buttons, questions
from handlers.wanted import wanting

_EVERY = re.compile(r"^(?:every|each|all(?: of)?)\s+", re.IGNORECASE)


async def typed(request: Command | Click, rest: str, desk: Desk) -> Message:
    """Cancel the booking that the words mean; ask where they may mean several."""
    if (away := leaving.many(rest, desk)) and (asked_first := await leaving.asked(away, desk)):
        return asked_first
    bookings = await own(desk)
    found = matching(bookings, _EVERY.sub("", rest), desk)
    if not bookings:
        return views.none_ahead(desk.reader)
    if not found.bookings:
        return questions.none_matches(rest, _once(bookings), desk.reader)
    if (series := {one.series_id for one in found.bookings}) != {None} and len(series) == 1:
        return await which_of(found.bookings[0], desk)
    if len(found.bookings) > 1 or not found.sure:
        return questions.which_to_cancel(_once(found.bookings), desk.reader)
    return views.cancelled(await _cancelled(request, Target.at(found.bookings[0]), desk), desk.reader)


def _once(bookings: Sequence[Booking]) -> list[Booking]:
    """Return the bookings with the next date alone of each series: how much of it is meant is asked then."""
    firsts = {one.series_id or one.id: one for one in reversed(bookings)}
    return [one for one in bookings if firsts[one.series_id or one.id] is one]


async def picked(click: Click, desk: Desk) -> Message:
    """Cancel the booking that the person picked; of a series, ask how much."""
    booking = await changeable(Target.load(click.value).booking, desk)
    return await which_of(booking, desk) if booking.series_id else await clicked(click, desk)


async def clicked(click: Click, desk: Desk) -> Message:
    """Cancel the booking of a button; in a list, show what is left of it."""
    done = await _cancelled(click, Target.load(click.value), desk)
    offset = mine.offset_of(click)
    if offset is None:
        return views.cancelled(done, desk.reader)
    told = views.cancelled(done, desk.reader)
    return await mine.listed(desk, offset=offset, above=told.blocks, said_above=told.text)


async def asked(click: Click, desk: Desk) -> Message:
    """Ask before cancelling, for a menu, whose entries cannot ask themselves."""
    booking = await changeable(Target.load(click.value).booking, desk)
    return await which_of(booking, desk) if booking.series_id else questions.cancel_it(booking, desk.reader)


async def _cancelled(request: Command | Click, target: Target, desk: Desk) -> Changed:
    return await desk.services.bookings.cancel(target.booking, version=target.version, by=desk.actor, key=request.key)


async def undone(click: Click, desk: Desk) -> Message:
    """Take the last change of a booking back: a cancelled one is there again, a moved one is where it was."""
    target = Target.load(click.value)
    booking = await desk.services.bookings.get(target.booking)
    with wanting(target if booking.holds_room else Draft.like(booking)):
        done = await desk.services.bookings.undo(target.booking, version=target.version, by=desk.actor, key=click.key)
    if not done.after.holds_room:
        return views.cancelled(done, desk.reader)
    return views.changed(done, desk.reader) if done.before.holds_room else views.restored(done.after, desk.reader)


async def kept(click: Click, desk: Desk) -> Message:
    """Put a question away; one that was about a single booking gives place to that booking."""
    if not click.value:
        return questions.ask(["Left as it is."], [buttons.run("My bookings", "mine")])
    return views.kept(await changeable(Target.load(click.value).booking, desk), desk.reader)
