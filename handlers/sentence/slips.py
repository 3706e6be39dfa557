"""Finds rooms behind slips of the fingers: "apolo", "bug ben", "3rd floor huddel", "BB"; and things torn in two.

Kept out: names that are written as they should be (see places.py).
"""

# matchers return from the first form that fits

from __future__ import annotations

from handlers.sentence import subjects, words
from handlers.sentence.items import Item
from handlers.sentence.known import EMPTY, known
from handlers.sentence.places import Catalogue
from handlers.sentence.tokens import Token, respell


def respell_rooms(catalogue: Catalogue, ts: list[Token]) -> None:
    """Mend words of room names of several words: "3rd floor huddel"; a whole name is mended later (see `_near_room`)."""
    for t in ts:
        if t.kind == "word" and len(t.low) > 4 and not known(t.low) and not t.respelt:
            t.room_word = catalogue.name_word(t.low)
    for i, t in enumerate(ts):
        found = catalogue.room(ts, i) if t.kind in ("word", "num") else None
        for part in ts[i : found.j] if found else ():
            part.in_room = True


def near_room(catalogue: Catalogue, ts: list[Token], i: int, xs: list[Item]) -> Item | None:
    """A room or place behind a slip of the fingers: "apolo", "bigben", "board room"."""
    t, after = ts[i], ts[i + 1]
    empty = t.low in EMPTY
    if after.kind == "word" and not (empty and known(after.low) and t.low + after.low not in catalogue.squeezed):
        found = _near(catalogue, i, i + 2, t.low + after.low)
        if found:
            return found
    half = _half_right(catalogue, ts, i)
    if half:
        return half
    if (
        t.text.isupper()
        and 2 <= len(t.text) <= 3
        and t.low in catalogue.initials
        and not known(t.low)
        and not all(x.text.isupper() for x in ts if x.kind == "word")
    ):
        hits = catalogue.initials.get(t.low, [])
        if hits:
            return Item("rooms", hits, i, i + 1)
    if known(t.low) or len(t.low) < 3:
        return None
    if t.low in words.WELL_KNOWN_CITIES:
        return None
    found = _near(catalogue, i, i + 1, t.low)
    if found is None and xs and xs[-1].kind == "filler" and ts[i - 1].kind == "word" and xs[-1].j == i:
        found = _near(catalogue, i - 1, i + 1, ts[i - 1].low + t.low)
        if found:
            xs.pop()
    return found


def _half_right(catalogue: Catalogue, ts: list[Token], i: int) -> Item | None:
    """Two ordinary words that are a room's name but for one slip, the other word being right: "bug ben"."""
    t, after = ts[i], ts[i + 1]
    if after.kind != "word" or t.value is not None or after.value is not None or not (t.low in EMPTY or known(t.low)):
        return None
    for keys, rooms in catalogue.pairs:
        right = (keys[0] == t.low) + (keys[1] == after.low)
        if right == 1 and len(keys[0]) + len(keys[1]) > 5 and _one_slip(keys, (t.low, after.low)):
            return Item("room", rooms, i, i + 2, note="~")
    return None


def partial(catalogue: Catalogue, ts: list[Token], xs: list[Item]) -> None:
    """ "Huddle 1:30", "in the huddle", "huddle room": a word that one room's name has, where a room would stand."""
    if any(x.kind in ("room", "rooms") for x in xs):
        return
    for k, x in enumerate(xs):
        if x.kind not in ("filler", "word") or x.j != x.i + 1 or ts[x.i].low not in catalogue.last_words:
            continue
        hits = catalogue.last_words[ts[x.i].low]
        after, led = (
            ts[x.j],
            x.i > 1 and ts[x.i - 1].low == "the" and ts[x.i - 2].low in ("in", "at", "use", "book", "reserve"),
        )
        roomy = after.low in ("room", "rm") and (x.i == 0 or ts[x.i - 1].low not in ("a", "any", "some", "another"))
        if (led and after.low not in subjects.SUBJECTS | {"meeting"}) or roomy:
            one = len({room.name for room in hits}) == 1
            xs[k] = Item("room" if one else "rooms", hits, x.i, x.j, note="~" if one else "")
            return
    _first_word(catalogue, ts, xs)


def _first_word(catalogue: Catalogue, ts: list[Token], xs: list[Item]) -> None:
    if len(xs) < 2 or xs[0].kind not in ("filler", "word") or xs[0].j != 1 or ts[0].kind != "word":
        return
    if xs[1].kind not in ("clock", "num", "day") or xs[1].i != 1:
        return
    hits = catalogue.last_words.get(ts[0].low, [])
    if len({room.name for room in hits}) == 1:
        xs[0] = Item("room", hits, 0, 1, note="~")


def _near(catalogue: Catalogue, i: int, j: int, joined: str) -> Item | None:
    hits = catalogue.near_rooms(joined)
    if hits:
        best = [room for slips, room in hits if slips == hits[0][0]]
        names = {room.name for room in best}
        if len(names) > 1:
            return Item("rooms", best, i, j)
        return Item("room", best, i, j, note="" if hits[0][0] == 0 else "~")
    places_found = catalogue.near_places(joined)
    if len(places_found) == 1:
        return Item("place", places_found, i, j, note="~")
    return None


def split_amenity(ts: list[Token], i: int) -> Item | None:
    """A thing torn in two and misspelt: "wite bord"."""
    t, after = ts[i], ts[i + 1]
    if after.kind != "word" or len(t.low) < 3 or len(after.low) < 3 or known(t.low) or known(after.low):
        return None
    thing = words.AMENITY_WORDS.get(respell(t.low + after.low))
    return Item("amenity", thing, i, i + 2) if thing else None


def _one_slip(keys: tuple[str, ...], typed: tuple[str, str]) -> bool:
    """Whether the word that is wrong is wrong by one letter and as long as the right one."""
    wrong = 0 if keys[0] != typed[0] else 1
    a, b = keys[wrong], typed[wrong]
    return len(a) == len(b) and len(a) >= 3 and sum(x != y for x, y in zip(a, b, strict=True)) == 1
