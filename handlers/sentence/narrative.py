"""Sets the story before a request aside: "it was for 8 but two dropped out, so 6 people tomorrow 4-5" asks for six.

Kept out: corrections ("no wait, 5"), which take back what was asked for.
"""

# ruff: noqa: SIM905
# word lists read better as text

from __future__ import annotations

from handlers.sentence.corrections import family
from handlers.sentence.items import Item
from handlers.sentence.tokens import Token

# Verbs that tell of something rather than ask for it.
_TELLING = frozenset(
    "was were is are isn't wasn't has had have hasn't did didn't does got took said told asked promised broke dropped"
    " moved cancelled canceled needs must will won't came left lost ran overran booked thought planned decided agreed"
    " i'm he's she's they're it's that's there's we're my'his back keeps kept went started stopped called wants".split()
)
_GIVERS = frozenset(
    "everybody everybody's everyone's i'm we're he's she's they're it's there's the my our some we i he she they it"
    " there his her their everyone nobody apparently that this mr ms".split()
)
_REASONS = frozenset({"vague", "holiday", "filler", "word", "when", "not", "prep", "conn", "or", "other"})
_DENIED = frozenset({"amenity", "without", "unneeded"})
_TAKEN = frozenset(
    "taken full busy broken booked occupied unavailable gone closed small tiny noisy cold hot dirty big loud".split()
)
_SPOILING = frozenset("mess screw cock botch forget lose ruin blow disappoint worry panic fuck muck".split())
_PAST = frozenset(
    "was were had did took got said told came left lost ran overran thought kept went ate drank forgot".split()
)
_NOT_PAST = frozenset("need needed required preferred wanted expected limited shared closed red bed called named".split())
_OPENERS = tuple(
    tuple(text.split())
    for text in (
        "so, let us do, let's do, let us say, let's say, let us go with, let's go with, let us take, let's take,"
        " could we, could i, could you, can we, can i, can you, please book, please reserve, please get, please find,"
        " i need, we need, i'd like, we'd like, give me, give us, book me, book us, reserve, get me, get us, grab me,"
        " grab us, find me, find us, i just need, we just need, just need, which is why, that's why, thus, hence,"
        " therefore, i want, we want, may i, may we, please give, please could, please can, need a room, need a space,"
        " book a room"
    )
    .replace(", ", ",")
    .split(",")
)
_FIRSTS = frozenset(opener[0] for opener in _OPENERS)
_BREAKS = frozenset({",", ".", ";", ":", "!", "?", "-", "...", "..", "("})
_TIMES = frozenset({"clock", "now", "rel", "part"})


def set_aside(xs: list[Item], ts: list[Token]) -> list[Item]:
    """Return the items without those of a story before the request, where the request says all of it anew."""
    for at in reversed(_openings(ts)):
        before = [x for x in xs if x.j <= at]
        after = [x for x in xs if x.i >= at]
        if len(before) + len(after) == len(xs) and _retold(before, after, ts, at):
            return [Item("filler", "story", 0, at), *after]
    return xs


def chatter(xs: list[Item], ts: list[Token]) -> list[Item]:
    """Return the items without sentences and brackets that only tell something: no time, number, place or thing in them."""
    if not any(x.kind in _TIMES or x.kind == "num" for x in xs):
        return xs
    idle = [(i, j) for i, j, bracket in _segments(ts) if _idle(xs, ts, i, j, bracket=bracket)]
    for i, j in [*_reasons(ts), *_complaints(ts)]:
        inside = [x for x in xs if i <= x.i and x.j <= j]
        denied = any(x.kind == "not" for x in inside)
        elsewhere = any(x.kind in _TIMES or x.kind == "num" for x in xs if not (i <= x.i and x.j <= j))
        if ts[i].low == "otherwise" and any(x.kind in _TIMES or x.kind in ("num", "day", "room") for x in inside):
            continue  # another wish
        harmless = _REASONS | (_DENIED if denied else frozenset()) | (_TIMES | {"num", "day"} if elsewhere else frozenset())
        if any(t.low in _TAKEN and not t.in_room for t in ts[i:j]):
            harmless |= {"room"}
        if inside and all(x.kind in harmless for x in inside):
            idle.append((i, j))
    if not idle:
        return xs
    return [Item("filler", "chatter", x.i, x.j) if any(i <= x.i and x.j <= j for i, j in idle) else x for x in xs]


_OFF = frozenset(
    "holiday out off full busy taken closed work bad impossible gone away booked thanksgiving holidays leave good".split()
)
_IS = frozenset("is isn't was wasn't will won't doesn't does can't cannot are not dont don't 's".split())
_AWAY = frozenset("out off away busy travelling traveling gone".split())
_ABSENT = frozenset("i'm im we're he's she's they're am is are".split())


def ruled_out_days(xs: list[Item], ts: list[Token]) -> list[Item]:
    """Return the items without "thursday is a holiday" and "I'm out thursday", where another day is named behind it."""
    found = list(xs)
    for k, x in enumerate(xs):
        if x.kind != "day" or not any(y.kind == "day" and y.value != x.value for y in xs[k + 1 :]):
            continue
        j = x.j
        n = x.i - 1 - (ts[x.i - 1].low == "on")
        if x.i > 1 and ts[n].low in _AWAY and ts[n - 1].low in _ABSENT:
            first = n - 1
        elif ts[j].low in _IS:
            off = next((m for m in range(j + 1, j + 5) if ts[m].low in _OFF), 0)
            if not off:
                continue
            first, j = x.i, off + 1
        else:
            continue
        found = [Item("filler", "off", y.i, y.j) if first <= y.i and y.j <= j else y for y in found]
    return found


def _segments(ts: list[Token]) -> list[tuple[int, int, bool]]:
    """(first, behind the last, whether in brackets) of each sentence and each bracket."""
    found, start, opened = [], 0, -1
    for n, t in enumerate(ts):
        if t.low == "(":
            opened = n
        elif t.low == ")" and opened >= 0:
            found.append((opened + 1, n, True))
            opened = -1
        if t.kind == "end" or t.line or (t.low in (".", "!", "?") and (ts[n + 1].space or ts[n + 1].kind == "end")):
            found.append((start, n, False))
            start = n
            if t.kind == "end":
                break
    return found


def _reasons(ts: list[Token]) -> list[tuple[int, int]]:
    """Where "because last year was a disaster" starts and ends."""
    found = []
    for i, t in enumerate(ts):
        gives = t.low in ("since", "as") and ts[i + 1].low in _GIVERS
        if gives or t.low in ("because", "cause", "cos", "cuz", "bc", "coz", "otherwise"):
            j = i + 1
            while ts[j].kind != "end" and ts[j].low not in (".", ",", ";", "!", "?", ")") and not ts[j].line:
                j += 1
            found.append((i, j))
    return found


def _complaints(ts: list[Token]) -> list[tuple[int, int]]:
    """Where "and don't screw it up again" starts and ends."""
    found, start = [], -1
    for i, t in enumerate(ts):
        if t.low in ("not", "don't", "dont", "never", "no"):
            start = i
        elif t.low in (",", ".", ";", "!", "?", "want", "need", "wish", "book") or t.line:
            start = -1
        elif start == i - 1 and t.low in _SPOILING:
            found.append((start, i + 1 + sum(x.low in ("this", "it", "up", "that") for x in ts[i + 1 : i + 3])))
        elif t.low == "again" and start >= 0 and i - start < 9:
            found.append((start, i + 1))
    return found


def _idle(xs: list[Item], ts: list[Token], i: int, j: int, *, bracket: bool) -> bool:
    inside = [x for x in xs if i <= x.i and x.j <= j]
    if not inside or any(x.kind not in ("filler", "word", "when", "not", "or", "prep", "sep", "conn") for x in inside):
        return False
    if any(t.low in ("book", "reserve", "room", "yet", "hold", "schedule", "confirm", "tbd", "tbc", "tba") for t in ts[i:j]):
        return False
    told = any(t.low in _PAST or (t.low.endswith("ed") and len(t.low) > 4 and t.low not in _NOT_PAST) for t in ts[i:j])
    return bracket or told


def _openings(ts: list[Token]) -> list[int]:
    """Where a request starts behind a comma, a full stop, or with "so"."""
    found = []
    for i, t in enumerate(ts):
        if i < 3 or t.low not in _FIRSTS:
            continue
        opened = any(_opens(ts, i, opener) for opener in _OPENERS)
        if opened and (
            t.low == "so"
            or ts[i - 1].low in _BREAKS
            or ts[i - 1].low in ("so", "but", "and", "short", "anyway", "anyways", "basically")
            or t.line
        ):
            found.append(i)
    return found


def _opens(ts: list[Token], i: int, opener: tuple[str, ...]) -> bool:
    return all(ts[i + n].low == word for n, word in enumerate(opener))


def _retold(before: list[Item], after: list[Item], ts: list[Token], at: int) -> bool:
    """Whether a story with a verb is followed by a request with a time that repeats every kind of thing in the story."""
    so_then = ts[at].low == "so" and any(_opens(ts, at + 1, opener) for opener in _OPENERS)
    if not (so_then or any(t.low in _TELLING for t in ts[:at])) or not any(
        x.kind in _TIMES or x.kind == "num" for x in after
    ):
        return False
    if any(x.kind in ("fix", "title", "mention") or (x.kind == "other" and not x.value.endswith("ed")) for x in before):
        return False
    told = {family(x) for x in before} - {""}
    asked = {family(x) for x in after} - {""}
    plain = not any(x.kind in ("not", "when", "or", "word", "prep") for x in before)
    return told <= asked and bool(told or not plain)
