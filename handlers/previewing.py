"""What would come of a series, looked up and put into words, for whoever asks: a sentence, a form, a button."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from core import approving, saying
from core.errors import BookingError, GuestsMayNotBook, NotAllowed
from core.holidays import of_year
from core.models import Location
from core.series_values import Preview
from handlers import forms
from handlers.inviting import invitee_ids
from handlers.replies import Message, Place, Show
from handlers.sentence.model import Assumption
from handlers.series_drafts import SeriesDraft
from handlers.services import Desk
from handlers.views.held import named
from handlers.views.refusals import plain
from handlers.views.series_preview import preview
from handlers.views.series_words import today_at
from handlers.views.text import Line, cut

MOST_HOLIDAYS = 4


async def previewed(draft: SeriesDraft, desk: Desk, *, assumptions: Sequence[Assumption] = ()) -> Message:
    """Return what would come of a series, or the refusal of whoever may not book it on any date."""
    found = await found_for(draft, desk)
    if refusal := _not_for_them(found):
        return plain([refusal.message])
    return said_of(found, draft, desk, assumptions=assumptions)


def said_of(
    found: Preview, draft: SeriesDraft, desk: Desk, *, assumptions: Sequence[Assumption] = (), above: Line = ()
) -> Message:
    """Return what would come of a series, with what is to be known of its room and place; `above` is told first."""
    return preview(found, draft, desk.reader, assumptions=assumptions, above=above, asides=_asides(found, desk))


def _not_for_them(found: Preview) -> BookingError | None:
    """Return why somebody may not book any of the dates, where no other room or time would change it."""
    refusals = [one.error for one in found.dates if isinstance(one.error, NotAllowed | GuestsMayNotBook)]
    return refusals[0] if refusals and len(refusals) == len(found.dates) and found.one_room is None else None


def _asides(found: Preview, desk: Desk) -> list[str]:
    """Return what the dates do not show, as sentences: that the room needs approval, which of them are holidays."""
    notes, free = [], [one.on for one in found.free]
    rooms = (found.room, *found.more_rooms)
    asked_for = [room for room in rooms if approving.needs_approval(room, catalogue=desk.catalogue, by=desk.actor)]
    if asked_for and free:
        verb = "needs" if len(asked_for) == 1 else "need"
        together = "; one answer is for all dates" if len(found.dates) > 1 else ""
        notes.append(f"{named(asked_for)} {verb} approval{together}.")
    if days := _holidays(free, found.location, desk):
        today = today_at(found.location, desk.reader)
        told = [f"{saying.short_date(day, today=today)} ({name})" for day, name in days[:MOST_HOLIDAYS]]
        more = len(days) - MOST_HOLIDAYS
        which = saying.listed([*told, *([f"{more} more"] if more > 0 else [])])
        notes.append(f"{'A holiday' if len(days) == 1 else 'Holidays'} there: {which}.")
    return notes


def _holidays(days: Sequence[date], location: Location, desk: Desk) -> list[tuple[date, str]]:
    """Return those of the days that are holidays at a location, with their names, but for those on which people work."""
    worked = {one.day for one in desk.catalogue.own_days if one.location_id == location.id and not one.closed}
    known = {one.day: one.name for year in {day.year for day in days} for one in of_year(desk.catalogue, location.id, year)}
    return [(day, cut(known[day], 60)) for day in days if day in known and day not in worked]


async def found_for(draft: SeriesDraft, desk: Desk) -> Preview:
    """Return what would come of each date of a series."""
    wish = draft.wish(await invitee_ids(draft.invitees, desk))
    return await desk.services.series.preview(wish, by=desk.actor)


def shown(message: Message, *, place: Place = Place.SAME, done: bool = True) -> Show:
    """Return a message as a view, which says what has been done unless it only asks."""
    view = forms.notice(message.text, message.blocks, final=done)
    return Show(view=view, place=place, done=message.text if done else "")
