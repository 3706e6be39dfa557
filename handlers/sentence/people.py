"""Recognises headcounts: "6pax", "ten of us", "me and 3 others", "seats 8", "5-7 people", "1:1", "just me".

Kept out: "for 6", which only the whole sentence can tell from a time.
"""

# ruff: noqa: SIM905
# ruff: noqa: PLR0911
# word lists read better as text; matchers return from the first form that fits

from __future__ import annotations

from handlers.sentence import bounds, nouns, party, tagged, totals, words
from handlers.sentence.items import Item
from handlers.sentence.numbers import number, whole
from handlers.sentence.spoken import behind, phrases
from handlers.sentence.tokens import Token

_US = frozenset({"us", "them", "you", "we", "ours", "theirs", "yours"})
_AND = frozenset({"and", "&", "+", "plus", ","})
_HOLDERS = frozenset(
    "seats seating fits fit fitting sits seat capacity accommodate accommodates accommodating headcount"
    " pax attendees participants people attendance guests invitees persons size seatings occupancy strength".split()
)
GROUPS = frozenset(
    "panel group party team crew squad table gang class audience family bunch total meeting band number"
    " jury board cast cohort committee quorum desk studio cluster contingent ensemble faction staff pod unit cell council"
    " choir lot household office department delegation size max maximum min minimum capacity".split()
)


_MULTITUDES = frozenset("hundred hundreds thousand thousands million millions billion zillion gazillion bazillion".split())
_BLANKS = frozenset({"?", "x", "xx", "tbd", "tba", "unknown", "_", "#"})
_ROUGHLY = frozenset("total altogether about around approximately probably up to a group team of only just in with".split())


# The ways to say how many there are.
_BEINGS = phrases(
    "we are, we're, we re, we will be, we'll be, we would be, we should be,"
    " we shall be, there shall be, it will be, it'll be, we may be, we might be, there are,"
    " there're, there will be, there'll be, there would be, there'd be, there should be, there may be, there might"
    " be, we gonna be, we're gonna be, we are gonna be, we are going to be, we're going to be, we'd be, that"
    " makes, which makes, so makes, that'd be, that would be, we will have, we'll have, they are, they're, they"
    " will be, they'll be, we count, we number"
)
_PAIRED = frozenset({"with", "w", "w/", "meeting", "mtg", "catchup", "catch", "chat", "sync", "session", "call"})
_LIMITS = frozenset({"max", "maximum", "min", "minimum"})
_TOTALS = phrases(
    "on shift, on duty, on site, on deck, strong, in attendance,"
    " in total, in all, total, altogether, all told, overall, in sum,"
    " all together, all in all"
)


def match(ts: list[Token], i: int) -> Item | None:
    """Return a `count`, `badcount` or `crowd` (an uncountable number of people) item at token i, or None."""
    single = (
        bounds.topped(ts, i)
        or totals.match(ts, i)
        or tagged.behind(ts, i)
        or _everybody(ts, i)
        or _pair(ts, i)
        or _alone(ts, i)
        or _together(ts, i)
        or _counted(ts, i)
        or _holding(ts, i)
    )
    single = single if single is not None and single.kind == "count" else tagged.labelled(ts, i) or single
    added = party.match(ts, i, _single)
    lone = single is None and added is None and ts[i].low in ("just", "only") and ts[i + 1].low in party.SELF
    if lone and party.match(ts, i + 1, _single) is None and not nouns.person(ts, i + 3):
        return Item("count", 1, i, i + 2)  # "only me and my mat"
    if added is not None and (single is None or added.j > single.j):
        return party.beyond(ts, added)
    return party.beyond(ts, party.with_named(ts, single)) if single is not None and single.kind == "count" else single


def _everybody(ts: list[Token], i: int) -> Item | None:
    """ "Fits the quorum" names a number that only the writer knows."""
    if ts[i].low not in ("fits", "fit", "holds", "hold", "seats", "seating", "accommodates", "accommodate", "fitting"):
        return None
    j = i + 1 + (ts[i + 1].low in ("the", "our", "all", "my"))
    j += ts[j].low in ("whole", "entire", "full")
    if ts[j].low in ("quorum", "everyone", "everybody", "team", "group", "crowd", "gang", "lot", "department", "company"):
        return Item("crowd", " ".join(t.text for t in ts[i + 1 : j + 1]), i, j + 1)
    return None


def _single(ts: list[Token], i: int) -> Item | None:
    held = ts[i].low in GROUPS
    return tagged.behind(ts, i) or _together(ts, i) or _counted(ts, i) or (_holding(ts, i) if held else None)


def named(ts: list[Token], i: int) -> Item | None:
    """Return the `count` of a list of people that starts with somebody's name at token i, or None."""
    return party.named(ts, i, _single)


def _pair(ts: list[Token], i: int) -> Item | None:
    """1:1, 1-on-1, one on one, one-to-one, both of us."""
    if ts[i].low == "both" and ts[i + 1].low == "of" and ts[i + 2].low in _US:
        return Item("count", 2, i, i + 3)
    if ts[i].text == "121" and ts[i + 1].low in _PAIRED:
        return Item("count", 2, i, i + 1)
    if ts[i].value != 1:
        return None
    j = i + 1
    if ts[j].low == ":" and ts[j + 1].low == "1" and not ts[j].space and ts[j + 2].low != ":":
        if ts[j + 1].space or ts[j + 1].text != "1":
            return None
        return Item("count", 2, i, j + 2 + (ts[j + 2].low == "s"))
    if ts[j].low == "-" and ts[j + 1].low == "1" and ts[j + 2].low in _PAIRED and not ts[j].space:
        return Item("count", 2, i, j + 2)  # "1-1 with Sam"
    j += ts[j].low == "-"
    dashed = j > i + 1
    if ts[j].low == "on" or (ts[j].low == "to" and (dashed or not ts[j].space)) or (ts[j].low == "2" and dashed):
        j += 1
        j += ts[j].low == "-"
        if ts[j].value == 1:
            return Item("count", 2, i, j + 1 + (ts[j + 1].low == "s"))
    return None


def _alone(ts: list[Token], i: int) -> Item | None:
    first, second = ts[i].low, ts[i + 1].low
    joined = ts[i + 2].low in _AND and (ts[i + 2].low != "," or nouns.person(ts, i + 3))
    if first in ("just", "only") and second in ("me", "myself", "one") and not joined:
        return Item("count", 1, i, i + 2)
    if (
        (first in party.SELF or first == "self")
        and second in ("only", "alone")
        and (ts[i + 2].low not in _AND or (ts[i + 2].low == "," and not nouns.person(ts, i + 3)))
    ):
        return Item("count", 1, i, i + 2)
    if first in ("solo", "alone") or (first == "by" and second == "myself"):
        return Item("count", 1, i, i + (1 if first != "by" else 2))
    if first == "for" and second == "myself" and ts[i + 2].low not in _AND:
        return Item("count", 1, i, i + 2)
    if first == "on" and second == "my" and ts[i + 2].low == "own":
        return Item("count", 1, i, i + 3)
    return None


def _together(ts: list[Token], i: int) -> Item | None:
    """We are four, we'll be 6, there will be 7, us three."""
    if ts[i].low == "us":
        found = whole(ts, i + 1)
        closed = found is not None and (ts[found[1]].low in _AND or ts[found[1]].kind == "end")
        return Item("count", found[0], i, found[1]) if found and (ts[i + 1].kind == "word" or closed) else None
    j = behind(_BEINGS, ts, i)
    if not j:
        return None
    while ts[j].low in _ROUGHLY:
        j += 1
    counted = _counted(ts, j)
    if counted:
        return Item(counted.kind, counted.value, i, counted.j, note=counted.note if counted.note == "total" else "")
    found = _range_top(ts, j)
    if found is None or _timely(ts, found[1]):
        return None
    return Item("count", found[0], i, found[1])


def _range_top(ts: list[Token], i: int) -> tuple[int, int] | None:
    """The upper end of 5-7, 5 to 7, five or six, between 5 and 7; or the number itself."""
    j = i + 1 if ts[i].low == "between" else i
    found = whole(ts, j)
    if found is None:
        return None
    n, k = found
    joins = {"and"} if j > i else {"-", "to", "or", "/"}
    if ts[k].low in joins:
        top = whole(ts, k + 1)
        if top is not None and top[0] > n:
            return top
    if ts[k].low == "+" and not ts[k].space:
        return n, k + 1
    return found


def _counted(ts: list[Token], i: int) -> Item | None:
    """Six people, 6 of us, 5-7 pax, 10+ attendees, -3 people, 2.5 people, a couple of people."""
    bad = _impossible(ts, i) or _crowd(ts, i) or _grouped(ts, i) or tagged.including(ts, i)
    if bad:
        return bad
    found = _range_top(ts, i)
    if found is None:
        return None
    n, j = found
    j += 2 * (ts[j].low == "-" and ts[j + 1].low == "ish" and not ts[j].space)  # 8-ish people
    j += ts[j].low == "ish"
    k = _in_total(ts, j)
    if k:
        return Item("count" if n >= 1 else "badcount", n, i, k, note="total")
    if ts[j - 1].low == "dozen" and ts[j].low not in words.UNIT and ts[j].low not in words.PEOPLE and ts[j].low != "of":
        return Item("count", n, i, j)
    end = _beings_behind(ts, n, j)
    if not end:
        return None
    if ts[i - 1].low == "-" and i >= 1 and not ts[i].space and (i < 2 or ts[i - 1].space):
        return Item("badcount", n, i, end)
    summed = _summed_up(ts, end)
    if summed:
        return Item("count" if n >= 1 else "badcount", n, i, summed, note="total")
    others = ts[end - 1].low in ("others", "other", "more")
    return Item("count" if n >= 1 else "badcount", n, i, end, note="others" if others else "")


def _beings_behind(ts: list[Token], n: int, j: int) -> int:
    """The index behind the people whom the number before token j counts: "(of) us", "senior engineers"; or 0."""
    if n == 1 and ts[j].low == "of" and ts[j + 1].low not in _US:
        return 0  # "one of our clients" is somebody else
    j += ts[j].low == "x" and ts[j].space and ts[j + 1].low in words.PEOPLE
    k = nouns.skip(ts, j)
    k += ts[k].low == "-" and ts[k + 1].low in words.PEOPLE
    if ts[k].low == "of" and ts[k + 1].low in _US:
        return k + 2
    if ts[k].low == "of" and ts[k + 1].low in ("my", "our", "the", "your") and ts[k + 2].low in words.PEOPLE:
        return k + 3
    if ts[j].low == "of" and ts[j + 1].low in _US:
        return j + 2
    if ts[k].low in words.PEOPLE and ts[k].low != "us" and not _possessive(ts, k):
        return k + 1
    return nouns.anybody(ts, k) if n <= 60 else 0


def _summed_up(ts: list[Token], j: int) -> int:
    """The index behind "altogether" or "in total" behind people, or 0."""
    j += ts[j].low == "," and ts[j + 1].low in ("altogether", "total")
    return behind(_TOTALS, ts, j)


def _grouped(ts: list[Token], i: int) -> Item | None:
    """A trio, two teams of four."""
    found = nouns.teams(ts, i) or nouns.group(ts, i)
    return Item("count" if found[0] else "badcount", found[0], i, found[1]) if found else None


def _in_total(ts: list[Token], j: int) -> int:
    """The index behind "(people) in total", or 0."""
    if ts[j].low == "in" and ts[j + 1].low in ("the", "our", "my") and ts[j + 2].low in ("party", "group", "team", "room"):
        return j + 3
    k = j + (ts[j].low in words.PEOPLE)
    k = behind(_TOTALS, ts, k)
    return 0 if ts[k].low in words.UNIT or not k else k + (ts[k].low in words.PEOPLE)


def _possessive(ts: list[Token], k: int) -> bool:
    """ "7 members meeting" counts members; "3 guest lectures" counts no people."""
    return (
        ts[k].low in ("guest", "member", "seat", "head")
        and ts[k + 1].kind == "word"
        and ts[k - 1].low != "-"
        and (ts[k + 1].low in ("lecture", "lectures", "speaker", "office", "start", "days"))
    )


def _crowd(ts: list[Token], i: int) -> Item | None:
    many = i + 1 if ts[i].low in ("a", "several", "couple") or ts[i].value is not None else i
    many += ts[many].low == "of"
    if ts[many].low in _MULTITUDES and ts[many + 1 + (ts[many + 1].low == "of")].low in words.PEOPLE:
        return Item("badcount", 0, i, many + 2 + (ts[many + 1].low == "of"))
    signed = ts[i + 2].low in (":", "=") or ts[i + 2].kind == "num"
    if ts[i].low in _BLANKS and ts[i].space and ts[i + 1].low in words.PEOPLE and not signed:
        return Item("crowd", " ".join(t.text for t in ts[i : i + 2]), i, i + 2)
    j = i + 1 if ts[i].low == "a" else i
    if ts[j].low == "couple":
        k = j + 2 if ts[j + 1].low == "of" else j + 1
        if ts[k].low in words.PEOPLE or ts[k].low in _US:
            return Item("count", 2, i, k + 1)
    if ts[j].low in ("few", "handful", "several", "some", "many", "lots", "bunch"):
        k = j + 2 if ts[j + 1].low == "of" else j + 1
        if ts[j].low != "some" and (ts[k].low in words.PEOPLE or ts[k].low in _US):
            return Item("crowd", " ".join(t.text for t in ts[i : k + 1]), i, k + 1)
    return None


def _impossible(ts: list[Token], i: int) -> Item | None:
    if ts[i].low == "-" and ts[i + 1].kind == "num" and not ts[i + 1].space and ts[i].space:
        found = whole(ts, i + 1)
        if found and i and ((ts[i - 1].low == "for" and not _timely(ts, found[1])) or ts[found[1]].low in words.PEOPLE):
            return Item("badcount", -found[0], i, found[1] + (ts[found[1]].low in words.PEOPLE))
    if ts[i].low in ("minus", "negative") and (n := whole(ts, i + 1)):
        people = ts[n[1]].low in words.PEOPLE
        if people or (i and ts[i - 1].low == "for"):
            return Item("badcount", -n[0], i, n[1] + (ts[n[1]].low in words.PEOPLE))
    fraction = number(ts, i)
    if fraction is None:
        return None
    value, j = fraction
    if ts[j].low == "and" and ts[j + 1].low in ("a", "half"):
        k = j + 2 if ts[j + 1].low == "half" else j + 3
        if ts[k].low in words.PEOPLE:
            return Item("badcount", value, i, k + 1)
    if value != int(value) and ts[j].low in words.PEOPLE:
        return Item("badcount", value, i, j + 1)
    return None


def _holding(ts: list[Token], i: int) -> Item | None:
    """Seats 8, capacity: 10, a group of 9, party of five, my team of 7."""
    word = ts[i].low
    j = i + 1
    if word == "up" and ts[j].low == "to" and (i == 0 or ts[i - 1].kind == "punct" or ts[i - 1].low == "for"):
        top = whole(ts, j + 1)
        named = top is not None and ts[top[1]].kind in ("end", "punct") and ts[top[1]].low not in (":", "-", "/", ".")
        return Item("count", top[0], i, top[1]) if top and named else None
    if word in GROUPS and ts[j].low == "of":
        j += 1
    elif word in _HOLDERS and (i == 0 or ts[i - 1].kind != "num"):
        while ts[j].low in (
            ":",
            "=",
            "of",
            "for",
            "up",
            "to",
            "at",
            "least",
            "about",
            "is",
            "around",
            "~",
            "up-to",
            "count",
            "number",
            "nr",
            "no",
        ) or (
            ts[j].low == "-"
            and ts[j].space
            and ts[j + 1].space
            and word in ("headcount", "pax", "attendees", "participants")
        ):
            j += 1
        if word in words.PEOPLE and word not in ("seats", "seat", "pax", "headcount") and j == i + 1:
            return None
    elif _short_lead(ts, i):
        pass
    elif word == "head" and ts[j].low == "count":
        j += 1
        j += ts[j].low in (":", "of", "is")
    else:
        return None
    counted = _counted(ts, j)
    if counted:
        return Item(counted.kind, counted.value, i, counted.j)
    found = _range_top(ts, j)
    if found is None or _timely(ts, found[1]) or nouns.timely(ts, found[1]):
        return None
    return Item("count" if found[0] >= 1 else "badcount", found[0], i, found[1])


def _short_lead(ts: list[Token], i: int) -> bool:
    """Max 12, x8."""
    word, number = ts[i].low, ts[i + 1]
    if number.kind != "num":
        return False
    return (word in _LIMITS and (number.value or 99) <= 20) or (
        word == "x" and not number.space and (i == 0 or ts[i].space) and (number.value or 99) <= 30
    )


def _timely(ts: list[Token], j: int) -> bool:
    """Tell whether the number before j is a time or a length after all."""
    t = ts[j]
    if t.low in (":", ".") and ts[j + 1].kind == "num" and not ts[j + 1].space:
        return True
    if t.low in words.PEOPLE:
        return False
    return (
        t.low in words.UNIT
        or t.low in ("am", "pm", "o'clock", "oclock")
        or (t.low in ("a", "p") and (not t.space or ts[j + 1].low == "."))
    )
