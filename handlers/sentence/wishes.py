"""Collects what is not time: headcount, equipment, room, place, title, invited people.

Kept out: whether a room fits.
"""

from __future__ import annotations

from itertools import pairwise

from core.models import Room
from handlers.sentence.draft import Draft
from handlers.sentence.items import Clock, Item
from handlers.sentence.model import Assumption, Book, Option, Trouble
from handlers.sentence.numerals import POINTS, following, previous
from handlers.sentence.phrases import replaced, without
from handlers.sentence.tokens import Token

_TIME_LEADS = frozenset({"at", "until", "by", "from", "before", "after", "to", "between"})
_WITHIN = frozenset({"with", "including", "incl", "counting", "among"})
_ROOM_ARTICLES = frozenset({"the", "room", "rooms", "rm", "both", "also"})
# "Apollo and Zen, whichever is free": the one or the other.
_CHOOSING = frozenset({"whichever", "whatever", "fine", "works", "work", "suits", "suit", "preferably", "prefer"})
_NAMED = {"noon": 12, "midday": 12, "midnight": 24}


def rooms_or_times(xs: list[Item]) -> list[Item]:
    """Settle rule P4: a room named Noon is the time where the sentence has no other time, or where it ends a range."""
    for x, after in pairwise(xs):
        if x.kind == "room" and x.note in _NAMED and after.kind == "num" and after.value == 12 == _NAMED[x.note]:
            x.kind = "filler"  # "noon 12 to 1" says one time twice
    named = [k for k, x in enumerate(xs) if x.kind == "room" and x.note in _NAMED]
    for decides in (_held_as_time, _is_time):
        for k in named:
            if xs[k].kind == "room" and decides(xs, k):
                _to_clock(xs[k])
    return xs


def _to_clock(x: Item) -> None:
    x.kind, x.value = "clock", Clock(_NAMED[x.note], exact=True, name="noon" if _NAMED[x.note] == 12 else x.note)


def _called_a_room(xs: list[Item], k: int) -> bool:
    """ "Noon room" and "room Noon" are the room where an hour is left without it."""
    beside = any(0 <= m < len(xs) and xs[m].kind == "filler" and xs[m].value in ("room", "rm") for m in (k - 1, k + 1))
    hours = (n for n, y in enumerate(xs) if y.kind == "num" and 1 <= y.value <= 24)
    return beside and any(not _led_by_for(xs, n) for n in hours)


def _led_by_for(xs: list[Item], n: int) -> bool:
    lead = previous(xs, n)
    return lead >= 0 and xs[lead].kind == "prep" and xs[lead].value == "for"


def _is_time(xs: list[Item], k: int) -> bool:
    if _held_as_time(xs, k):
        return True
    if _inside(xs, k) or _called_a_room(xs, k):
        return False
    if _only_an_end(xs, k):
        return True
    return not any(y.kind in POINTS or _hour_by_lead(xs, n) for n, y in enumerate(xs) if n != k)


def _inside(xs: list[Item], k: int) -> bool:
    before = previous(xs, k)
    return before >= 0 and xs[before].kind == "prep" and xs[before].value in ("in", "for")


def _held_as_time(xs: list[Item], k: int) -> bool:
    """Whether a preposition or the other end of a range says that the word is a time."""
    before, after = previous(xs, k), following(xs, k)
    if before >= 0 and xs[before].kind == "prep":
        if xs[before].value in _TIME_LEADS:
            return True
        if _inside(xs, k):
            return False
        if xs[before].value == "and" and any(x.kind == "prep" and x.value == "between" for x in xs[:before]):
            return True
    for m in (before, after):
        if 0 <= m < len(xs) and (
            xs[m].kind == "conn" or (m == after and xs[m].kind == "prep" and xs[m].value in ("to", "until"))
        ):
            far = previous(xs, m) if m == before else following(xs, m)
            if 0 <= far < len(xs) and (xs[far].kind in POINTS or xs[far].kind == "num"):
                return True
    return False


def _only_an_end(xs: list[Item], k: int) -> bool:
    """Whether the only other time is one that something must have started before: "noon, in Apollo, to 1pm"."""
    others = [n for n, y in enumerate(xs) if n != k and y.kind in (*POINTS, "num")]
    if len(others) != 1 or others[0] < k:
        return False
    lead = previous(xs, others[0])
    return lead > k and xs[lead].kind == "prep" and xs[lead].value in ("to", "until")


def _hour_by_lead(xs: list[Item], n: int) -> bool:
    """A bare number that will be an hour: behind "at", in a range, or another Noon behind "at"."""
    y = xs[n]
    lead = previous(xs, n)
    led = lead >= 0 and xs[lead].kind == "prep" and xs[lead].value in _TIME_LEADS
    if y.kind == "room" and y.note in _NAMED:
        return led
    joined = following(xs, n) < len(xs) and xs[following(xs, n)].kind == "conn"
    return y.kind == "num" and (led or joined)


def collect(xs: list[Item], draft: Draft, tokens: list[Token], book: Book) -> None:
    """Fill the draft's people, equipment and places from the items."""
    _titles(xs, draft)
    _accompanied(xs, tokens)
    _people(xs, draft, book)
    _equipment(xs, draft, tokens)
    _rooms(xs, draft, tokens)
    _places(xs, draft)
    draft.private = any(x.kind == "private" for x in xs)


def _titles(xs: list[Item], draft: Draft) -> None:
    titles = [x.value for x in xs if x.kind == "title" and x.value]
    draft.title = titles[0] if titles else None
    if len(set(titles)) > 1:
        draft.refuse(Trouble.AMBIGUOUS, "I found two titles in quotes. Which one is it?")


def _total_wins(xs: list[Item]) -> None:
    """ "One candidate, two examiners and a chair; four people altogether" are four."""
    totals = {x.value for x in xs if x.kind == "count" and x.note == "total"}
    if len(totals) == 1:
        for x in xs:
            smaller = x.kind == "count" and x.note != "total" and x.value <= min(totals)
            if smaller or (x.kind == "count" and x.note in ("sum", "others")):
                x.kind = "filler"


def _top_wins(xs: list[Item]) -> None:
    """ "5ish people, 7 max" are seven: the room must seat the most that may come."""
    tops = [x.value for x in xs if x.kind == "count" and x.note == "top"]
    for x in xs:
        if tops and x.kind == "count" and x.note in ("", "top") and x.value < max(tops):
            x.kind = "filler"


def _accompanied(xs: list[Item], tokens: list[Token]) -> None:
    """ "For 9 with the two associate deans" are nine: the smaller number is part of the larger."""
    counts = [x for x in xs if x.kind == "count"]
    for whole, part in pairwise(counts):
        led = any(t.low in _WITHIN for t in tokens[whole.j : part.i + 1])
        plain = tokens[whole.j - 1].value is not None or tokens[whole.j - 1].low in ("people", "persons", "of", "us", "pax")
        named = any(t.low in ("including", "incl", "counting", "among") for t in tokens[whole.j : part.i + 1])
        if led and (plain or named) and part.value < whole.value and part.i - whole.j <= 3:
            part.kind = "filler"


def _people(xs: list[Item], draft: Draft, book: Book) -> None:
    draft.invitees = tuple(dict.fromkeys(x.value for x in xs if x.kind == "mention"))
    counts: set[int] = set()
    _total_wins(xs)
    _top_wins(xs)
    for x in xs:
        if x.kind == "badcount":
            draft.refuse(Trouble.INVALID_ATTENDEES, "A booking needs a whole number of people, at least one.")
        elif x.kind == "crowd":
            draft.refuse(Trouble.AMBIGUOUS, f'How many people are "{x.value}"?')
        elif x.kind == "count":
            counts.add(x.value + (1 + len(draft.invitees) if x.note == "others" else 0))
    if draft.bare_count is not None and counts:
        counts.add(draft.bare_count)
    if len(counts) > 1:
        draft.refuse(Trouble.AMBIGUOUS, "I found different numbers of people. How many will you be?")
    if counts:
        draft.attendees = max(counts)
    elif draft.invitees:
        draft.attendees = 1 + len(draft.invitees)
    if draft.attendees is not None and draft.attendees > 100_000:
        draft.refuse(Trouble.INVALID_ATTENDEES, f"No room seats so many; the largest has {book.largest} seats.")


def _equipment(xs: list[Item], draft: Draft, tokens: list[Token]) -> None:
    unneeded = {name for x in xs if x.kind == "unneeded" for name in x.value}
    draft.amenities = tuple(sorted({x.value for x in xs if x.kind == "amenity"} - unneeded))
    draft.numbers = {x.value: int(x.note) for x in xs if x.kind == "amenity" and x.note.isdecimal()}
    dropped = {name for x in xs if x.kind == "unneeded" and x.note == "dropped" for name in x.value}
    clash = {x.value for x in xs if x.kind == "amenity"} & (unneeded - dropped)
    if clash:
        draft.refuse(Trouble.AMBIGUOUS, f"Do you need the {min(clash)} or not?")
    for x in xs:
        if x.kind == "without":
            names = " or ".join(x.value)
            draft.refuse(
                Trouble.NOT_UNDERSTOOD,
                f"I can look for rooms with a {names}, not for rooms without. Any room will do?",
                (Option(label=f"With or without {names}", sentence=without(tokens, x.i, x.j)),),
            )
        elif x.kind == "unmet":
            draft.refuse(
                Trouble.NOT_UNDERSTOOD,
                f'I do not know which rooms have "{x.value}". Shall I book without asking for it?',
                (Option(label=f"Book without {x.value}"[:75], sentence=without(tokens, x.i, x.j)),),
            )


def _rooms(xs: list[Item], draft: Draft, tokens: list[Token]) -> None:
    named = [x for x in xs if x.kind == "room"]
    names = {room.name for x in named for room in x.value}
    for x in xs:
        if x.kind == "rooms":
            draft.refuse(
                Trouble.AMBIGUOUS,
                f'Which room is "{_as_typed(tokens, x)}"?',
                tuple(Option(label=r.name, sentence=replaced(tokens, x.i, x.j, r.name)) for r in x.value[:4]),
            )
    if len(names) > 1 and _together(xs, named, tokens):
        draft.more = [list(x.value) for x in named[1:]]
    elif len(names) > 1:
        first, last = named[0], named[-1]
        draft.refuse(
            Trouble.AMBIGUOUS,
            f"Which room is it: {' or '.join(sorted(names))}?",
            tuple(Option(label=name, sentence=replaced(tokens, first.i, last.j, name)) for name in _in_order(named)[:4]),
        )
    if named:
        draft.rooms = list(named[0].value)
        _respelt(named, draft, tokens)


def _together(xs: list[Item], named: list[Item], tokens: list[Token]) -> bool:
    """Whether rooms stand side by side, joined by "and", "+" or a comma: "Apollo, Zen and the Boardroom"."""
    if any(t.low in _CHOOSING or (t.low in ("one", "any") and tokens[n + 1].low == "of") for n, t in enumerate(tokens)):
        return False
    return all(_joined(xs[xs.index(one) + 1 : xs.index(other)]) for one, other in pairwise(named))


def _joined(between: list[Item]) -> bool:
    joins = [x for x in between if (x.kind, str(x.value)) in {("prep", "and"), ("sep", ",")}]
    rest = [x for x in between if x not in joins]
    return bool(joins) and all(x.kind == "filler" and str(x.value) in _ROOM_ARTICLES for x in rest)


def _respelt(named: list[Item], draft: Draft, tokens: list[Token]) -> None:
    for x in named:
        if x.note == "~":
            room: Room = x.value[0]
            draft.assumptions.append(Assumption(about="spelling", text=f'"{_as_typed(tokens, x)}" read as {room.name}'))


def _in_order(named: list[Item]) -> list[str]:
    return list(dict.fromkeys(room.name for x in named for room in x.value))


def _as_typed(tokens: list[Token], x: Item) -> str:
    return " ".join(t.text for t in tokens[x.i : x.j])


def _places(xs: list[Item], draft: Draft) -> None:
    found = [x for x in xs if x.kind == "place"]
    names = {place.name for x in found for place in x.value}
    if len(names) > 1:
        draft.refuse(Trouble.AMBIGUOUS, f"Which place is it: {' or '.join(sorted(names))}?")
    if found:
        draft.places = list(found[0].value)
    floors = {x.value for x in xs if x.kind == "floor"}
    if len(floors) > 1:
        draft.refuse(Trouble.AMBIGUOUS, "I found two floors. Which one is it?")
    draft.floor = min(floors) if floors else None
    draft.buildings = list(dict.fromkeys(x.value for x in xs if x.kind == "building"))
    cities = list(dict.fromkeys(x.value for x in xs if x.kind == "city"))
    if len({city.casefold() for city in cities}) > 1 or len(draft.buildings) > 1:
        draft.refuse(Trouble.AMBIGUOUS, "I found two places. Which one is it?")
    draft.city = cities[0] if cities else None
    draft.city_at = next(((x.i, x.j) for x in xs if x.kind == "city"), (0, 0))


__all__ = ["collect", "rooms_or_times"]
