"""Cuts a sentence into tokens: cleans what cannot be seen, keeps quotes, mentions and links whole, mends spelling.

Kept out: what the tokens mean together.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import OSA

from handlers.sentence import spelling, subjects, words

LONGEST = 500  # characters of a sentence, as people type it


@dataclass(slots=True)
class Token:
    """One token. `low` is folded and respelt, `value` the number that it stands for, `space` whether a gap precedes it."""

    kind: str  # num, word, punct, quote, mention, iso, period, junk, end
    text: str
    low: str
    start: int
    end: int
    space: bool
    value: int | None = None
    line: bool = False  # first of its line
    respelt: bool = False
    in_room: bool = False  # part of a room's name
    room_word: str = ""  # the word of a room's name that a slip of the fingers hides


_SHAPES = re.compile(
    r"""
    (?P<quote>"[^"]*"|[\u201c\u201d][^\u201c\u201d"]*[\u201d\u201c"]|\u201e[^\u201e\u201c\u201d]*[\u201c\u201d]|\u00ab[^\u00ab\u00bb]*\u00bb)
  | (?P<mention><@(?P<who>[UW][A-Z0-9]+)(?:\|[^<>]*)?>|@(?P<bare>[UW][A-Z0-9]{2,})\b)
  | (?P<junk><[!\#@a-z][^<>]*>|https?://\S+|www\.\S+|[\w.+-]+@[\w-]+\.[\w.-]*\w|:[a-z][a-z0-9_+-]*:)
  | (?P<iso>\d{4}-?\d\d-?\d\dT\d\d:?\d\d(?::?\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)(?![\d:])
  | (?P<period>P(?=T?\d)(?:\d+D)?T(?:\d+H)?(?:\d+M)?(?:\d+S)?)\b
  | (?P<zoned>;TZID=(?P<tz>[A-Za-z_]+(?:/[A-Za-z_]+)*)(?=:))
  | (?P<value>;VALUE=[A-Z-]+(?=:)|\b(?:BEGIN|END):V[A-Z]+|\b(?:UID|DTSTAMP|PRODID|SEQUENCE|CREATED|LAST-MODIFIED):\S+)
  | (?P<slang>(?:l8r|gr8|w8|m8|l8|b4)\b)
  | (?P<num>\d+)
  | (?P<word>[^\W\d_]+(?:['\u2019][^\W\d_]+)*)
  | (?P<punct>->|=>|\.\.+|\u2192|[^\w\s]|_)
    """,
    re.VERBOSE,
)
_QUOTED = re.compile('["\u201c\u201d\u201e\u00ab][^"\u201c\u201d\u201e\u00ab\u00bb]*["\u201c\u201d\u00bb]')
_FRACTIONS = {"½": ".5", "¼": ".25", "¾": ".75"}
_DASHES = str.maketrans(
    dict.fromkeys("‐‑‒–—―−➔➜", "-") | {"’": "'", "‘": "'", "`": "'", "′": "'", "＠": "@", "〜": "~", "∼": "~"}
)
_EMOJI = {"👥": " attendees: ", "👤": " attendees: ", "📽": " projector ", "📺": " tv ", "📹": " video ", "🎥": " video "}
_COUNTED_FACES = re.compile("(\\d)\\s?[👤👥👦-👩🧍🧑👫-👯]")


_STRUCK = re.compile(r"(?<![\w~])~(?=[^\s~])[^~\n\"]{0,120}[^\s~]~(?![\w~])")  # struck through, as Slack marks it


def clean(text: str) -> str:
    """Return the text in compatibility form without what cannot be seen; line ends and quoted titles stay as typed."""
    text = _STRUCK.sub(" ", text)
    if text.isascii():
        return "".join(c if c.isprintable() or c == "\n" else " " for c in text)
    parts, end = [], 0
    for match in _QUOTED.finditer(text):
        parts += [_plain(text[end : match.start()]), _visible(match.group(), marks=True)]
        end = match.end()
    return "".join([*parts, _plain(text[end:])])


def _plain(text: str) -> str:
    for sign, decimal in _FRACTIONS.items():
        if sign in text:
            text = re.sub(r"(\d)\s?" + sign, r"\g<1>" + decimal, text).replace(sign, "0" + decimal)
    text = _COUNTED_FACES.sub(r"\g<1> people ", text)
    for sign, word in _EMOJI.items():
        text = text.replace(sign, word)
    return _visible(unicodedata.normalize("NFKC", text), marks=False)


def _visible(text: str, *, marks: bool) -> str:
    kept = []
    for c in text:
        category = unicodedata.category(c)
        if c == "\n" or category[0] not in "CMZ" or category == "Mc" or (marks and category[0] == "M"):
            kept.append(c)
        elif category[0] in "CZ" and category != "Cf":
            kept.append(" ")
    return "".join(kept)


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """Return the text in lower case without accents and with plain dashes and apostrophes."""
    text = text.casefold().translate(_DASHES)
    if text.isascii():
        return text
    return "".join(c for c in unicodedata.normalize("NFKD", text) if unicodedata.category(c) != "Mn")


_KNOWN = (
    words.POLITE
    | subjects.SUBJECTS
    | words.PEOPLE
    | words.PEOPLE_KINDS
    | words.GIVEN_NAMES
    | words.FOREIGN_TIME
    | words.UNIT
    | words.VAGUE_TIME
    | words.NEGATION
    | words.CHOICE
    | words.FACILITIES
    | spelling.NOT_MISSPELT
    | words.CORRECTIONS
    | words.OTHER_COMMAND
    | frozenset(words.WEEKDAY_PLURALS)
    | frozenset(words.WEEKDAYS)
    | frozenset(words.MONTHS)
    | frozenset(words.NUMBERS)
    | frozenset(words.ORDINALS)
    | words.TOMORROW
    | words.TODAY
    | frozenset(words.PARTS)
    | frozenset(words.NAMED_CLOCKS)
    | frozenset(word for synonym in words.AMENITY_WORDS for word in synonym.split())
    | frozenset(words.ZONE_FAMILIES)
)


_TOMORROW = re.compile(r"t[om]*m[orm]*[rw][orw]*")


@lru_cache(maxsize=4096)
def respell(word: str) -> str:
    """Return the calendar or equipment word that a misspelt word means, else the word itself (rule D6)."""
    if word in spelling.SLIPS:
        return spelling.SLIPS[word]
    if len(word) < 4 or word in _KNOWN or not word.isascii():
        return word
    if _TOMORROW.fullmatch(word):
        return "tomorrow"
    best, best_distance = word, 9
    for target, allowed in spelling.SPELLING_TARGETS.items():
        distance = OSA.distance(word, target, score_cutoff=2)
        if distance < best_distance and _plausible(word, target, distance, allowed):
            best, best_distance = target, distance
    rival = any(
        target != best and OSA.distance(word, target, score_cutoff=1) <= 1
        for target in _DAYS
        if best in _DAYS and best_distance
    )
    if (
        best == word
        and word.endswith(("day", "dya", "dy"))
        and any(OSA.distance(word, day, score_cutoff=2) <= 2 for day in _DAYS)
    ):
        return DOUBTFUL
    return DOUBTFUL if rival else best


DOUBTFUL = "someday"  # what a word is read as that may be two weekdays: "tursday"
_DAYS = frozenset(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"))


def _plausible(word: str, target: str, distance: int, allowed: int) -> bool:
    """Tell whether a slip of the fingers explains the difference; an ordinary word must never become a date."""
    if distance > 2 or (word[0] != target[0] and sorted(word[:2]) != sorted(target[:2])):
        return False
    if distance <= 1:
        return len(word) >= 5 or distance < len(word) - 2
    if allowed >= 2:
        return True
    return sorted(word) == sorted(target) and target.endswith("day")


# Slips for am and pm, right behind a number: the keys beside m.
_HALVES = {"pn": "pm", "pk": "pm", "pmm": "pm", "ppm": "pm", "an": "am", "ak": "am", "amm": "am", "aam": "am"}


def tokenise(text: str) -> list[Token]:
    """Return the tokens of a cleaned text, followed by eight `end` tokens so that matchers may look ahead freely."""
    found: list[Token] = []
    end = 0
    for match in _SHAPES.finditer(text):
        kind = match.lastgroup or "punct"
        if kind in ("who", "bare"):
            kind = "mention"
        kind = {"slang": "word", "tz": "zoned", "value": "junk"}.get(kind, kind)
        start = match.start()
        token = _token(kind, match.group(), start, match.end(), space=start > end or start == 0)
        if kind == "zoned":
            token.low = match.group("tz")
        if kind == "mention":
            token.low = match.group("who") or match.group("bare")
        if kind == "word" and not token.space and found and found[-1].kind == "num":
            token.low = _HALVES.get(token.low, token.low)
        token.line = not found or "\n" in text[end:start]
        found.append(token)
        end = match.end()
    found += [Token("end", "", "", end, end, space=True)] * 8
    return found


def _token(kind: str, text: str, start: int, end: int, *, space: bool) -> Token:
    token = Token(kind, text, text, start, end, space)
    if kind == "num":
        token.value = int(text[:18]) if text.isdecimal() else None
    elif kind == "word":
        folded = fold(text)
        token.low = respell(folded)
        token.respelt = token.low != folded
        token.value = words.NUMBERS.get(token.low)
    elif kind == "punct":
        token.low = text.translate(_DASHES)
        if token.low in ("→", "=>"):
            token.low = "->"
    return token
