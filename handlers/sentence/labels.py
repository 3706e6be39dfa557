"""Recognises labels as forms and calendars write them: "- day: Friday", "dur=30m", "n:4", "Attendees - 6".

Subject lines are found here too; nothing in them is read. Kept out: what labels stand before.
"""

# ruff: noqa: SIM905
# word lists read better as text

from __future__ import annotations

from handlers.sentence import words
from handlers.sentence.items import Item
from handlers.sentence.numbers import whole
from handlers.sentence.tokens import Token

_MERE = frozenset(
    "day days date dates time times when where start room rm duration dur length len office place location venue amenities"
    " amenity equipment equip needs need extras setup type category status priority event meeting mtg day/date slot host"
    " organizer organiser contact name requester requested by for what who with features feature resources resource"
    " stuff things capacity people attendees how long size request".split()
)
_LABELS = frozenset(
    "when where who what subject title topic date time start end location room attendees duration"
    " organizer organiser required optional agenda description notes people participants from to via link".split()
)
_SUBJECT_LABELS = frozenset({"subject", "title", "topic", "re", "agenda", "summary", "description", "notes", "fw", "fwd"})
_COUNTED = frozenset(
    "n ppl pax people persons person pers attendees att headcount count participants guests size seats capacity heads"
    " number num # invitees attending group team who cap folks crowd hc cnt".split()
)


def match(ts: list[Token], i: int) -> Item | None:
    """Return a `count` for a labelled headcount, a `filler` for another label, or None."""
    if ts[i].low == "how" and ts[i + 1].low in ("many", "long", "big") and ts[i + 2].low in (":", "=", "-", "?"):
        return _how(ts, i)
    t, sign = ts[i], ts[i + 1]
    if t.line and t.low in _MERE and sign.low in ("-", "\u2013") and sign.space and ts[i + 2].space and not ts[i + 2].line:
        return Item("filler", t.low, i, i + 2, note="thin")  # "Room - Apollo"
    label = t.text.lower() if len(t.text) == 1 else t.low
    if t.kind != "word" or sign.low not in (":", "=") or (sign.space and sign.low == ":"):
        return None
    if label in _COUNTED:
        found = whole(ts, i + 2)
        if found is not None and not _more(ts, found[1]):
            return Item("count" if found[0] else "badcount", found[0], i, found[1] + (ts[found[1]].low in words.PEOPLE))
    starts = t.line or (ts[i - 1].kind in ("punct", "num", "quote", "mention") or t.space)
    if t.low in _MERE and starts:
        return Item("filler", t.low, i, i + 2, note="thin")
    return None


def _how(ts: list[Token], i: int) -> Item:
    """How many: 5; how long - 45 min."""
    j = i + 3
    found = whole(ts, j) if ts[i + 1].low != "long" else None
    if found is not None and found[0] and not _more(ts, found[1]):
        return Item("count", found[0], i, found[1] + (ts[found[1]].low in words.PEOPLE))
    return Item("filler", "how", i, j, note="thin")


def _more(ts: list[Token], j: int) -> bool:
    """Whether the number goes on: "4-6", "4:30", "6 + me"."""
    t = ts[j]
    return (
        t.low in ("-", "+", "/", ":", "to", "plus", "and", ".")
        and ts[j + 1].kind != "end"
        and (ts[j + 1].kind == "num" or t.low in ("+", "plus", "and"))
    )


def subject(ts: list[Token], i: int) -> Item | None:
    """Return a `filler` for "Subject: ..." and "Re: ...", in which nothing is read, or None."""
    t = ts[i]
    if t.line and t.low in _SUBJECT_LABELS and ts[i + 1].low == ":":
        only_line = not any(x.line for x in ts[i + 1 :])
        return Item("filler", "subject", i, _end_of_subject(ts, i + 2, only_line=only_line))
    if t.low == "re" and ts[i + 1].low == ":":
        return Item("filler", "subject", i, _end_of_subject(ts, i + 2, only_line=True, inline=True))
    return None


def _end_of_subject(ts: list[Token], j: int, *, only_line: bool, inline: bool = False) -> int:
    """A subject ends at its line's end, where the next label starts, or with its sentence where there is one line only."""
    while ts[j].kind not in ("end", "quote", "mention") and not ts[j].line:
        if ts[j].low in _LABELS and ts[j + 1].low == ":" and not ts[j + 1].space and ts[j].kind == "word":
            break
        if inline and (ts[j].low in words.TODAY | words.TOMORROW or ts[j].low in words.WEEKDAYS or ts[j].kind == "num"):
            break
        if only_line and (ts[j].low in (",", ";", "|") or (ts[j].low in (".", "-") and len(ts[j - 1].text) > 1)):
            break
        j += 1
    return j


__all__ = ["match", "subject"]
