"""The search: what is wanted above, the rooms that are free below, redrawn at every change."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from slack_sdk.models.blocks import (
    Block,
    DividerBlock,
    MarkdownTextObject,
    PlainTextObject,
    SectionBlock,
    TextObject,
)

from core import saying
from core.models import Alternative, Borrowed, FreeRoom, Slot
from core.search import Page
from handlers.drafts import Draft
from handlers.filled import Searching
from handlers.ids import Action, Callback
from handlers.looking import SearchView
from handlers.views import buttons, photos
from handlers.views.fields import Fields
from handlers.views.held import borrowed
from handlers.views.line import wait
from handlers.views.text import bold, cut, grey, rich, said
from handlers.views.times import Reader, in_passing, room_facts, where_and_own_clock

PAGE = 8
NAME_LENGTH = 100
# Escaped, a character may become five; a section holds 3,000.
FACTS_LENGTH = 400
_FORMATTED = re.compile(r"[*_~`]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Results:
    """What a search has found: a page of the free rooms, best first, how many are free and taken; or why there are none.

    `slot` is None where the form holds no time; `offers` are the nearest ways out where nothing is free,
    `waits_for` is what one can stand in line for then. `along` comes with whatever room is booked.
    """

    slot: Slot | None = None
    people: int = 1
    free: tuple[FreeRoom, ...] = ()
    count: int = 0
    taken: int = 0
    trouble: str | None = None
    offers: tuple[Alternative, ...] = ()
    waits_for: Draft | None = None
    along: Sequence[Borrowed] = ()


def search_form(fields: Fields, results: Results, searching: Searching) -> SearchView:
    """Return the search with one page of what it found; a page past the end is the last."""
    last = max(0, (results.count - 1) // PAGE)
    page = Page(number=searching.page, length=PAGE).shown(results.count)
    return SearchView(
        type="modal",
        callback_id=Callback.SEARCH.value,
        title="Find a room",
        submit="Search",
        close="Close",
        notify_on_close=True,
        private_metadata=searching.model_copy(update={"page": page}).dump(),
        blocks=[
            fields.row(),
            fields.date(),
            fields.time(),
            *fields.fold(),
            fields.people(),
            *fields.amenities(),
            DividerBlock(),
            *_found(results, fields, page=page, last=last),
        ],
    )


def _found(results: Results, fields: Fields, *, page: int, last: int) -> Iterator[Block]:
    if results.slot is None or not results.free:
        yield from _nothing(results, fields)
        return
    slot, reader = results.slot, fields.reader
    rooms = "1 room is" if results.count == 1 else f"{results.count} rooms are"
    where = where_and_own_clock(slot, fields.place, reader)
    along = borrowed(results.along)
    yield rich([bold(f"{rooms} free"), f" {in_passing(slot, fields.place, reader)}{where}", f" {along}" if along else ""])
    for free in results.free:
        yield from _room(free, results, slot)
    yield from buttons.rows(
        [
            buttons.button("Previous", Action.PAGE_RESULTS.nth(1), str(page - 1)) if page else None,
            buttons.button("Next", Action.PAGE_RESULTS.nth(2), str(page + 1)) if page < last else None,
        ]
    )
    notes = [f"Page {page + 1} of {last + 1}"] if last else []
    if results.taken:
        notes.append(
            "1 more fits but is taken then" if results.taken == 1 else f"{results.taken} more fit but are taken then"
        )
    if notes:
        yield grey(f"{'. '.join(notes)}.")


def _room(free: FreeRoom, results: Results, slot: Slot) -> Iterator[Block]:
    """Yield what is said of a room with its button beside it; where a photo stands there, the button is below."""
    room, photo = free.room, photos.small(free.room)
    book = buttons.button(
        "Book",
        Action.BOOK_RESULT,
        _taking(slot, results, room_id=room.id.hex),
        aloud=f"Book {cut(room.name, 60)}",
    )
    text = _described(cut(room.name, NAME_LENGTH), cut(room_facts(room), FACTS_LENGTH), _until(free, slot))
    yield SectionBlock(text=text, accessory=photo or book)
    if photo:
        yield from buttons.rows([book])


def _described(name: str, facts: str, until: str) -> TextObject:
    """Return the name in bold, unless something in it would be taken for markup: then all is plain."""
    if _FORMATTED.search(name + facts):
        return PlainTextObject(text=f"{name} · {facts}\n{until}", emoji=False)
    return MarkdownTextObject(text=f"*{said(name)}* · {said(facts)}\n{until}", verbatim=True)


def _until(free: FreeRoom, slot: Slot) -> str:
    zone = free.location.tz
    if free.free_until is None or free.free_until.astimezone(zone).date() > slot.end.astimezone(zone).date():
        return "free for the rest of the day"
    return f"free until {saying.clock_time(free.free_until, zone)}"


def _nothing(results: Results, fields: Fields) -> Iterator[Block]:
    yield rich([results.trouble or _all_taken(results, fields.reader, fields)])
    if results.slot is None:
        return
    made = []
    for number, offer in enumerate(results.offers, start=1):
        label = buttons.offer_label(offer, instead_of=results.slot, at=fields.place, reader=fields.reader)
        value = _taking(offer.slot, results, room_id=offer.room.id.hex)
        made.append(buttons.button(label, Action.BOOK_RESULT.nth(number), value, aloud=f"Book {label}"))
    if results.waits_for:
        made.append(wait(results.waits_for))
    yield from buttons.rows(made)


def _all_taken(results: Results, reader: Reader, fields: Fields) -> str:
    assert results.slot is not None
    rooms = {1: "The only room that fits is", 2: "Both rooms that fit are"}.get(
        results.taken, f"All {results.taken} rooms that fit are"
    )
    return f"{rooms} taken {in_passing(results.slot, fields.place, reader)}."


def _taking(slot: Slot, results: Results, *, room_id: str) -> Draft:
    start, end = int(slot.start.timestamp()), int(slot.end.timestamp())
    return Draft.model_validate({"s": start, "e": end, "n": results.people, "r": room_id})
