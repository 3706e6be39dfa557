"""Recognises rooms, locations, floors and buildings: what the catalogue holds by name, the rest by its shape.

Kept out: which of several places a sentence means in the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeVar

from rapidfuzz import process
from rapidfuzz.distance import OSA

from core.models import Location, Room
from handlers.sentence import words
from handlers.sentence.items import Item
from handlers.sentence.model import Book
from handlers.sentence.tokens import Token, fold

# ruff: noqa: SIM905
# word lists read better as text

_REMEMBERED = 4096  # words whose nearest rooms are kept, since people make the same slips
_ROOM_WORDS = frozenset({"room", "rm", "rooms"})
SITE = frozenset({"office", "site", "campus", "hq", "headquarters", "branch", "hub"})
_KINDS = SITE | frozenset(
    "room floor hall suite lounge space area table conference meeting building house lab studio".split()
)
_WORD = re.compile(r"\d+|[^\W\d_]+(?:'[^\W\d_]+)*")


def name_keys(name: str) -> tuple[str, ...]:
    """Return the comparable words of a name: folded, numbers as digits, no punctuation."""
    return tuple(_key(word) for word in _WORD.findall(fold(name)))


def _key(word: str) -> str:
    if word.isdecimal():
        return str(int(word))
    if word in _ROOM_WORDS and word != "rooms":
        return "room"
    if word in ("flr", "fl", "flor"):
        return "floor"
    number = words.NUMBERS.get(word)
    return str(number) if number is not None else word.replace("'", "")


T = TypeVar("T")
Names = dict[tuple[str, ...], list[T]]
Firsts = dict[str, list[tuple[tuple[str, ...], list[T]]]]


def _index(pairs: Iterable[tuple[tuple[str, ...], T]]) -> Names[T]:
    found: Names[T] = {}
    for keys, thing in pairs:
        known = found.setdefault(keys, [])
        if thing not in known:
            known.append(thing)
    return found


def _firsts(names: Names[T]) -> Firsts[T]:
    found: Firsts[T] = {}
    for keys, things in sorted(names.items(), key=lambda pair: -len(pair[0])):
        found.setdefault(keys[0], []).append((keys, things))
    return found


def _token_key(t: Token) -> str:
    if t.kind == "word":
        return t.room_word or _key("room" if t.respelt and t.low == "room" else fold(t.text))
    return str(t.value) if t.kind == "num" and t.value is not None else ""


def _longest(firsts: Firsts[T], ts: list[Token], i: int) -> tuple[tuple[str, ...], list[T], int] | None:
    candidates = firsts.get(_token_key(ts[i]))
    if not candidates:
        return None
    for keys, things in candidates:
        j = _follow(keys, ts, i)
        if j:
            return keys, things, j
    return None


def _follow(keys: tuple[str, ...], ts: list[Token], i: int) -> int:
    """The index behind a name that starts at token i, or 0; punctuation inside a name does not count."""
    j = i
    for n, key in enumerate(keys):
        while n and ts[j].low in ("-", ".", "'", "&", "_", ":") and ts[j + 1].kind in ("word", "num"):
            j += 1
        if _token_key(ts[j]) != key:
            return 0
        j += 1
    return 0 if keys[-1].isdecimal() and counts_something(ts, j) else j


def counts_something(ts: list[Token], j: int) -> bool:
    """Tell whether the number before token j is no name: "room 2:30", "room 2pm", "room 2-3pm", "room 2 people"."""
    t, after = ts[j], ts[j + 1]
    if t.line:
        return False
    if t.low in (":", ".", "h") and not t.space and after.kind == "num" and not after.space:
        return True
    if t.low in ("-", "to", "until", "till", "->") and (after.kind == "num" or after.value is not None):
        return True
    if t.low in ("am", "pm", "o'clock", "oclock") or (t.low in ("a", "p") and (not t.space or after.low == ".")):
        return True
    if t.kind == "word" and not t.space:
        return True  # "rm 2nyt"
    return t.low in words.UNIT or t.low in words.PEOPLE


class Catalogue:
    """The names of one book, prepared for matching; built once per book (see `catalogue`)."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.rooms = _index((name, room) for room in book.rooms if room.active for name in _spellings(room.name))
        self.locations = _index((name, place) for place in book.locations for name in _spellings(place.name))
        self._aliases(book.locations)
        self.room_firsts = _firsts(self.rooms)
        self.place_firsts = _firsts(self.locations)
        self.squeezed = {"".join(name): rooms for name, rooms in self.rooms.items()}
        self.words = sorted({word for name in self.rooms if len(name) > 2 for word in name if len(word) > 5})
        self.last_words: dict[str, list[Room]] = {}
        for name, rooms in self.rooms.items():
            if len(name) > 1 and not name[-1].isdecimal() and len(name[-1]) > 2 and name[-1] not in _KINDS:
                known = self.last_words.setdefault(name[-1], [])
                known += [room for room in rooms if room not in known]
        self.initials: dict[str, list[Room]] = {}
        for name, rooms in self.rooms.items():
            if len(name) > 1 and not any(word.isdecimal() for word in name):
                self.initials.setdefault("".join(word[0] for word in name), []).extend(rooms)
        self.slips: dict[str, str] = {}
        self.pairs = [(name, rooms) for name, rooms in self.rooms.items() if len(name) == 2 and not _numbers("".join(name))]
        self.squeezed_names = list(self.squeezed)
        self.remembered: dict[str, list[tuple[int, Room]]] = {}
        self.place_names = {"".join(name): found for name, found in self.locations.items()}

    def _aliases(self, locations: tuple[Location, ...]) -> None:
        """Add common short names and initials, where they are unique."""
        for alias, full in words.PLACE_ALIASES.items():
            hit = self.locations.get(name_keys(full))
            if hit:
                self.locations.setdefault((alias,), hit)
        initials: dict[str, list[Location]] = {}
        for place in locations:
            keys = name_keys(place.name)
            if len(keys) > 1:
                initials.setdefault("".join(key[0] for key in keys), []).append(place)
        for short, places in initials.items():
            if len(places) == 1 and len(short) >= 2:
                self.locations.setdefault((short,), places)

    def room(self, ts: list[Token], i: int) -> Item | None:
        """Return a `room` item (list of rooms of that name) for the longest room name at token i."""
        found = _longest(self.room_firsts, ts, i)
        if found is None:
            return None
        keys, rooms, j = found
        if all(key.isdecimal() for key in keys) and not (i and ts[i - 1].low in _ROOM_WORDS):
            return None
        slipped = any(t.room_word for t in ts[i:j])
        return Item("room", rooms, i, j, note="~" if slipped else " ".join(keys))

    def name_word(self, word: str) -> str:
        """Return the word of a longer room name that `word` is a slip of, or nothing."""
        if word in self.words or not self.words:
            return ""
        known = self.slips.get(word)
        if known is None:
            if len(self.slips) >= _REMEMBERED:
                self.slips.clear()
            hit = process.extractOne(word, self.words, scorer=OSA.distance, score_cutoff=1 if len(word) < 8 else 2)
            known = self.slips[word] = hit[0] if hit and hit[0][0] == word[0] else ""
        return known

    def place(self, ts: list[Token], i: int) -> Item | None:
        """Return a `place` item (list of locations) for a location of the catalogue, with "office" behind it."""
        found = _longest(self.place_firsts, ts, i)
        if found is None:
            return None
        keys, places, j = found
        if len(keys) == 1 and len(keys[0]) <= 2 and not ts[i].text.isupper():
            return None
        return Item("place", places, i, j + (ts[j].low in SITE or ts[j].low == "offices"))

    def near_rooms(self, joined: str) -> list[tuple[int, Room]]:
        """Return (distance, room) of the rooms whose names a slip of the fingers could have made into `joined`."""
        if len(joined) < 3:
            return []
        known = self.remembered.get(joined)
        if known is None:
            if len(self.remembered) >= _REMEMBERED:
                self.remembered.clear()
            known = self.remembered[joined] = self._near_rooms(joined)
        return known

    def _near_rooms(self, joined: str) -> list[tuple[int, Room]]:
        near: dict[str, tuple[int, Room]] = {}
        for name in self._close(self.squeezed_names, joined):
            slips = _slips(name, joined)
            if slips is None:
                continue
            for room in self.squeezed[name]:
                key = str(room.id)
                if key not in near or slips < near[key][0]:
                    near[key] = (slips, room)
        return sorted(near.values(), key=lambda pair: (pair[0], pair[1].name))

    @staticmethod
    def _close(names: list[str], joined: str) -> list[str]:
        """Names at most two slips away, found in one call because catalogues have thousands."""
        return [name for name, _, _ in process.extract(joined, names, scorer=OSA.distance, score_cutoff=2, limit=None)]

    def near_places(self, joined: str) -> list[Location]:
        """Return the locations whose names are one or two slips away from `joined`."""
        hits: dict[str, Location] = {}
        for name in self._close(list(self.place_names), joined):
            if _slips(name, joined) is not None:
                hits.update({str(place.id): place for place in self.place_names[name]})
        return list(hits.values())


def _slips(name: str, joined: str) -> int | None:
    if name == joined:
        return 0
    if _stuttered(name, joined):
        return 1
    if 3 <= len(name) <= 4 and name[0] == joined[0] and sorted(name) == sorted(joined) and joined not in words.GIVEN_NAMES:
        return 1
    if len(name) < 5 or name[0] not in joined[:2] or name.isdecimal():
        return None
    allowed = 2 if len(name) > 6 or (len(name) == 6 and set(name) == set(joined)) else 1
    slips = OSA.distance(name, joined, score_cutoff=allowed)
    if slips > allowed or _numbers(name) != _numbers(joined):
        return None
    return slips if slips < 2 or name[:2] == joined[:2] or len(name) >= 8 else None


def _stuttered(name: str, joined: str) -> bool:
    """Whether only one letter was typed twice: "zenn"."""
    if len(name) < 3 or len(joined) != len(name) + 1:
        return False
    return any(joined[n] == joined[n + 1] and joined[:n] + joined[n + 1 :] == name for n in range(len(name)))


def _numbers(name: str) -> str:
    return "".join(c for c in name if c.isdecimal())


def _spellings(name: str) -> list[tuple[str, ...]]:
    """A name, and the name without "the", "room" or "office" around it where something distinctive is left."""
    keys = name_keys(name)
    found = [keys]
    bare = keys[1:] if len(keys) > 1 and keys[0] == "the" else keys
    found.append(bare)
    for extra in (("meeting", "room"), ("conference", "room"), ("room",), ("office",), ("hq",)):
        n = len(extra)
        if len(bare) > n and bare[-n:] == extra:
            found.append(bare[:-n])
        if len(bare) > n and bare[:n] == extra:
            found.append(bare[n:])
    if len(keys) > 3:  # "huddle 3rd floor" and "huddle on the 3rd floor" are the 3rd Floor Huddle
        found += [keys[-1:] + keys[:-1], (*keys[-1:], "on", "the", *keys[:-1]), (*keys[-1:], "on", *keys[:-1])]
    found += [_in_words(name) for name in found if len(name) > 2 and name[1] in _ORDINAL_ENDS]
    plain = [k for k in found if k == keys or not (len(k) == 1 and (k[0].isdecimal() or len(k[0]) < 3))]
    return [k for k in dict.fromkeys(plain) if k]


_ORDINAL_ENDS = frozenset({"st", "nd", "rd", "th"})
_ORDINALS = {n: word for word, n in words.ORDINALS.items()}


def _in_words(keys: tuple[str, ...]) -> tuple[str, ...]:
    """The name with its ordinal in words: "third floor huddle"."""
    number = int(keys[0]) if keys[0].isdecimal() else 0
    return (_ORDINALS.get(number, keys[0]), *keys[2:])


_KEPT = 32  # books: one per workspace and catalogue version in use
_catalogues: list[Catalogue] = []


def catalogue(book: Book) -> Catalogue:
    """Return the prepared names of a book; those of the last books are remembered.

    Books of the same rooms are the same book: comparing tuples of the same objects costs microseconds, preparing names
    costs milliseconds, and callers make a new book for every sentence.
    """
    for known in _catalogues:
        if known.book is book or known.book == book:
            return known
    made = Catalogue(book)
    del _catalogues[_KEPT - 1 :]
    _catalogues.insert(0, made)
    return made
