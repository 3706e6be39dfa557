"""The modal in which rooms are looked for: opened, searched again at every change, booked from."""

from __future__ import annotations

from datetime import date, time
from typing import Any

from core.errors import BookingError, Busy, EquipmentTaken, Unavailable
from core.models import Borrowed, Location, Wish
from core.search import Page
from handlers import booking_modal, demand, filled
from handlers.drafts import Carried, Draft
from handlers.filled import Filled, Searching
from handlers.live import shown_if_latest
from handlers.looking import Looking, SearchView
from handlers.opening import opened
from handlers.replies import Nothing, Show
from handlers.requests import Click, Command, Form, Submission
from handlers.sentence.model import Fragment
from handlers.services import Desk, Services
from handlers.views.fields import Fields
from handlers.views.search_form import PAGE, Results, search_form

# Where a day is named without a time, and it is not today.
MORNING = time(10)


class Asked(Carried):
    """What a search was drawn from, kept as long as somebody sees it."""

    day: date
    at: time
    fold: int | None = None
    minutes: int
    floor: str | None = None
    people: int | None = None
    amenities: tuple[str, ...] = ()
    searching: Searching


async def open_search(
    request: Command | Click, desk: Desk, fragment: Fragment | None = None, draft: Draft | None = None
) -> Show | Nothing:
    """Open the search, prefilled with what a part of a sentence says or with a wish, else with the next half hour."""
    return await opened(request, desk, _first(desk, fragment, draft))


async def clicked_open(click: Click, desk: Desk) -> Show | Nothing:
    """Open the search from a button, which may carry a wish."""
    return await open_search(click, desk, draft=Draft.load(click.value) if click.value else None)


async def changed(click: Click, desk: Desk) -> Nothing:
    """Search again for what the form says now."""
    assert click.form is not None
    return await shown_if_latest(click.form, desk, _again(click.form, desk, page=0))


async def turned(click: Click, desk: Desk) -> Nothing:
    """Show another page."""
    assert click.form is not None
    asked = click.value or ""
    page = int(asked) if asked.isascii() and asked.isdecimal() else 0
    return await shown_if_latest(click.form, desk, _again(click.form, desk, page=page))


async def sent(submission: Submission, desk: Desk) -> Show:
    """Search once more; what is booked is booked by a room's own button."""
    return Show(view=await _again(submission.form, desk, page=0))


async def book_result(click: Click, desk: Desk) -> Show:
    """Book a room from the list, with what else was wished for when the search was opened."""
    assert click.form is not None
    offer, searching = Draft.load(click.value), Searching.load(click.form.private_metadata)
    extra = {
        "title": searching.title,
        "invitees": searching.invitees,
        "private": searching.private,
        "shared": searching.shared,
        "things": searching.things,
    }
    return await booking_modal.book(offer.model_copy(update=extra), desk, key=click.key)


async def closed(view_id: str, services: Services) -> None:
    """Nobody sees that search any more."""
    await services.watching.closed(view_id)


async def shown_again(content: dict[str, Any], desk: Desk) -> SearchView:
    """Return a search as it is now, drawn from what it was drawn from before."""
    asked = Asked.model_validate(content)
    filled_in = Filled(
        place=asked.searching.place,
        day=asked.day,
        at=asked.at,
        fold=asked.fold,
        minutes=asked.minutes,
        floor=asked.floor,
        people=asked.people,
        amenities=asked.amenities,
    )
    return await _view(filled_in, asked.searching, desk)


async def _first(desk: Desk, fragment: Fragment | None, draft: Draft | None) -> SearchView:
    if draft is not None:
        content = filled.of_draft(draft, filled.place_of(draft, desk.catalogue, desk.person))
    elif fragment is not None:
        content = _of_fragment(fragment, _place(fragment, desk), desk)
    else:
        content = filled.fresh(filled.usual_place(desk.catalogue, desk.person), now=desk.services.clock.now())
    searching = Searching(
        place=content.place,
        title=content.title,
        invitees=content.invitees[: filled.MOST_INVITED],
        private=content.private,
        shared=content.shared,
        things=content.things,
    )
    return await _view(content, searching, desk)


async def _again(form: Form, desk: Desk, *, page: int) -> SearchView:
    searching = Searching.load(form.private_metadata)
    content = filled.read(form, searching.place)
    # What one place lends does not come to another.
    things = searching.things if content.place == searching.place else ()
    searching = searching.model_copy(update={"place": content.place, "page": page, "things": things})
    return await _view(content, searching, desk)


async def _view(content: Filled, searching: Searching, desk: Desk) -> SearchView:
    place = desk.catalogue.location(content.place)
    fields = Fields(filled=content, catalogue=desk.catalogue, place=place, reader=desk.reader, live=True)
    drawn_at = desk.services.clock.now()
    results = await _results(content, searching, place, desk)
    view = search_form(fields, results, searching)
    view.looking = Looking(content=_kept(content, searching), location_id=place.id, slot=results.slot, drawn_at=drawn_at)
    return view


def _kept(content: Filled, searching: Searching) -> dict[str, Any]:
    """Return what the search can be drawn from again; nothing where it holds no time."""
    if content.day is None or content.at is None or content.minutes is None:
        return {}
    asked = Asked(
        day=content.day,
        at=content.at,
        fold=content.fold,
        minutes=content.minutes,
        floor=content.floor,
        people=content.people,
        amenities=content.amenities,
        searching=searching,
    )
    return asked.model_dump(mode="json")


async def _results(content: Filled, searching: Searching, place: Location, desk: Desk) -> Results:
    """Return what there is; a rule or a time that stands in the way is a result, too."""
    people = content.people or 1 + len(searching.invitees)
    search, slot, wish = desk.services.search, None, None
    try:
        slot = filled.slot(content, place)
        wish = Wish(
            slot=slot,
            attendees_count=people,
            amenities=frozenset(content.amenities),
            location_id=place.id,
            floor=content.floor,
            equipment=searching.things,
        )
        along = [Borrowed(equipment=desk.catalogue.thing(one), quantity=count) for one, count in searching.things]
        found = await search.find(wish, by=desk.actor, page=Page(number=searching.page, length=PAGE))
    except (Busy, Unavailable):
        raise
    except BookingError as error:
        offers = await search.alternatives(wish, by=desk.actor) if wish else ()
        if wish:
            demand.found_nothing(wish, error, desk)
        lent_out = wish is not None and isinstance(error, EquipmentTaken)
        waits_for = Draft.of(wish) if wish and lent_out and _there_at_all(wish, desk) else None
        return Results(slot=slot, people=people, trouble=error.message, offers=offers, waits_for=waits_for)
    if found.free:
        return Results(slot=slot, people=people, free=found.free, count=found.count, taken=found.taken, along=along)
    offers = await search.alternatives(wish, by=desk.actor)
    demand.found_nothing(wish, None, desk)
    return Results(slot=slot, people=people, taken=found.taken, offers=offers, waits_for=Draft.of(wish))


def _there_at_all(wish: Wish, desk: Desk) -> bool:
    """Tell whether there are as many of everything as a search asks to bring along, whoever has them now."""
    return all(count <= desk.catalogue.thing(one).quantity for one, count in wish.equipment)


def _place(fragment: Fragment, desk: Desk) -> Location:
    if fragment.room is not None:
        return desk.catalogue.place_of(fragment.room)
    return fragment.place or filled.usual_place(desk.catalogue, desk.person)


def _of_fragment(fragment: Fragment, place: Location, desk: Desk) -> Filled:
    """Return a part of a sentence as the form shows it, the next half hour standing in for what it leaves open."""
    begin = filled.fresh(place, now=desk.services.clock.now())
    start, end = fragment.start, fragment.end
    named = start or fragment.day
    day = named.date() if named else begin.day
    minutes = fragment.duration_min or (int((end - start).total_seconds() // 60) if start and end else begin.minutes)
    return Filled(
        place=place.id,
        day=day,
        at=start.time() if start else begin.at if day == begin.day else MORNING,
        minutes=minutes,
        floor=fragment.floor,
        people=fragment.attendees,
        amenities=fragment.amenities,
        title=fragment.title,
        invitees=fragment.invitees,
        things=tuple((one.id, count) for one, count in fragment.things),
    )
