"""Joins the items of a sentence into a draft: ranges, which number is what, corrections, who belongs to whom.

Kept out: the calendar, zones and the clock on the wall.
"""

from __future__ import annotations

from handlers.sentence import corrections, exceptions, leftovers, narrative, numerals, stretches, timeline, wishes
from handlers.sentence.draft import Draft
from handlers.sentence.items import Item
from handlers.sentence.model import Book
from handlers.sentence.tokens import Token


def _told(items: list[Item], tokens: list[Token]) -> list[Item]:
    """The items without stories, reasons and days that are ruled out."""
    items = narrative.ruled_out_days(narrative.set_aside(items, tokens), tokens)
    return narrative.chatter(items, tokens)


def compose(tokens: list[Token], items: list[Item], book: Book, *, part_only: bool = False) -> Draft:
    """Return the draft of a sentence; what cannot be understood is among its problems."""
    draft = Draft()
    if not part_only:
        items = exceptions.taken(stretches.of_the_month(items, tokens, draft), tokens, draft)
        items = _told(stretches.settle(items, tokens, draft), tokens)
    xs = corrections.apply(wishes.rooms_or_times(items), draft)
    xs = numerals.classify(xs, draft, book, part_only=part_only)
    timeline.collect(xs, draft, part_only=part_only)
    wishes.collect(xs, draft, tokens, book)
    leftovers.check(xs, draft, tokens, book, part_only=part_only)
    return draft
