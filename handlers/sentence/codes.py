"""Recognises numbers that count nothing: tickets, money, matches, numbered lines, "one room"; and 4 for "for".

Kept out: numbers that are times or people.
"""

# ruff: noqa: SIM905
# ruff: noqa: PLR0911
# word lists read better as text; matchers return from the first form that fits

from __future__ import annotations

from handlers.sentence import durations, people, subjects, words
from handlers.sentence.items import Item
from handlers.sentence.numbers import number, ordinal
from handlers.sentence.tokens import Token

_CURRENCIES = frozenset(
    "lakh lakhs crore crores rupees rupee dollars dollar euros euro pounds quid usd eur gbp inr chf yen percent % bn"
    " mn".split()
)


_NTH_THINGS = frozenset(
    "quarter birthday anniversary annual edition interview round draft reunion attempt iteration reminder".split()
)
_NUMBER_NAMES: dict[str, tuple[str, ...]] = {
    "360": ("review", "reviews", "feedback", "degree"), "401": ("k",), "403": ("b",), "5": ("whys",), "3": ("amigos",),
    "101": ("session", "class", "course"), "911": ("drill",),
}  # fmt: skip
_FILES = frozenset(
    "po invoice order claim policy matter file account contract bill receipt serial ref req ext extension".split()
)
_TICKETS = frozenset("inc req chg tkt pr sr ritm cs so po jira task prb bug ops sec eng".split())


def match(ts: list[Token], i: int) -> Item | None:
    """Return a `filler` for a number that counts nothing, a `prep` for 4 as "for", or None."""
    t, after = ts[i], ts[i + 1]
    j = _money(ts, i)
    if j:
        return Item("filler", "amount", i, j)
    if t.kind == "num" and after.low in ("v", "vs") and not after.space and ts[i + 2].text == t.text:
        return Item("filler", "match", i, i + 3)  # 2v2
    if t.kind == "num" and len(t.text) == 4 and after.low == "s" and not after.space:
        return Item("filler", "years", i, i + 2)  # the 2019s
    if after.low in _NUMBER_NAMES.get(t.text, ()):
        return Item("filler", "name", i, i + 2)
    quarter = ordinal(ts, i)
    if quarter and ts[quarter[1]].low in _NTH_THINGS and ts[quarter[1] + 1].low not in ("hour", "of"):
        return Item("filler", "quarter", i, quarter[1] + 1)
    if t.text == "4" and after.space and (_as_for(ts, i) or _room_for(ts, i)):
        return Item("prep", "for", i, i + 1, note="4")
    if (t.value == 1 and _one_room(ts, i)) or (t.low == "4" and after.low == "us"):
        return Item("filler", t.low, i, i + 1)
    if _lists(ts, i):
        return Item("sep", ";", i, i + 2)
    if t.line and _numbers_a_line(ts, i) and sum(_numbers_a_line(ts, n) for n in range(len(ts) - 2)) > 1:
        return Item("filler", t.low, i, i + 2)
    return None


def ticket(ts: list[Token], i: int) -> bool:
    """INC48213: letters and a long number name a ticket, not a room."""
    t, number = ts[i], ts[i + 1]
    if t.low in _FILES and len(number.text) >= 4 and ts[i + 2].low not in ("-", "to", "hrs", "hours", "h"):
        return True
    return not number.space and t.text.isupper() and len(t.text) >= 2 and (len(number.text) >= 4 or t.low in _TICKETS)


def short_name(ts: list[Token], i: int) -> bool:
    """K8s, i18n, b2b: one letter, a number and letters in one word."""
    t, number_token, tail = ts[i : i + 3]
    glued = not number_token.space and not tail.space and tail.kind == "word"
    return glued and len(t.text) == 1 and t.low not in ("x", "n") and tail.low not in ("am", "pm", "a", "p", "h", "m", "min")


def _money(ts: list[Token], i: int) -> int:
    """The index behind "$1.5m", "1.5 lakh rupees" or "20 %", or 0."""
    signed = ts[i].low in ("$", "€", "£", "₹")
    found = number(ts, i + 1 if signed else i)
    if found is None:
        return 0
    j, known = found[1], signed
    while ts[j].low in _CURRENCIES or (signed and ts[j].low in ("k", "m", "bn", "b") and not ts[j].space):
        j, known = j + 1, True
    return j if known else 0


def _numbers_a_line(ts: list[Token], i: int) -> bool:
    return ts[i].line and ts[i].kind == "num" and ts[i + 1].low in (".", ")") and ts[i + 2].space


def _lists(ts: list[Token], i: int) -> bool:
    """Whether "2)" or "2." at token i numbers a thing of a list in one line: "1) tomorrow 2) 4:15pm 3) phone"."""
    sign = ts[i + 1].low
    if ts[i].kind != "num" or sign not in (")", ".") or ts[i + 1].space or not ts[i + 2].space or not ts[i].space:
        return False
    opened = any(t.low == "(" for t in ts[max(0, i - 3) : i])
    awaited = 1
    for n, t in enumerate(ts[:-2]):
        if t.kind == "num" and ts[n + 1].low == sign and t.space and ts[n + 2].space and not ts[n + 1].space:
            if t.value != awaited:
                return False
            awaited += 1
    return awaited > 2 and not opened


def _as_for(ts: list[Token], i: int) -> bool:
    """Text messages write "4 1hr" and "4 6ppl" for "for 1 hour" and "for 6 people"."""
    if i and ts[i - 1].low in ("-", "to", "at", "@", "until", "till", "from", "and", ":", "/"):
        return False
    counted = people.match(ts, i + 1)
    if counted is not None and counted.kind == "count":
        return ts[i + 1].value is not None
    return ts[i + 1].value is not None and durations.match(ts, i + 1) is not None


def _room_for(ts: list[Token], i: int) -> bool:
    """Need rm 4 mtg: a room for a meeting, and not Room 4."""
    asked = i > 1 and ts[i - 1].low in ("room", "rm") and ts[i - 2].low in ("need", "a", "want", "any", "get", "some")
    return asked and ts[i + 1].low in subjects.SUBJECTS | {"mtg", "meeting", "meet", "the", "our", "my", "a"}


def _one_room(ts: list[Token], i: int) -> bool:
    """One meeting room, 1 small room."""
    if i and ts[i - 1].low in ("to", "-", "until", "till", "til", "at", "and", "or", ":"):
        return False  # "12 to 1 room for 6"
    j = i + 1 + (ts[i + 1].low == "x")
    while j < i + 4 and ts[j].low in words.POLITE and ts[j].low not in ("room", "on", "to", "for", "in", "at", "and"):
        j += 1
    return ts[j].low in ("room", "slot", "space")
