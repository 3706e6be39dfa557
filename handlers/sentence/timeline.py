"""Collects the times of a sentence: which point starts the meeting, which ends it, and whose the dates are.

Kept out: the calendar; am and pm.
"""

# ruff: noqa: PLR0911
# matchers return from the first form that fits

from __future__ import annotations

from dataclasses import replace

from handlers.sentence import rhythm
from handlers.sentence.draft import Draft, Point
from handlers.sentence.items import Clock, Day, Item
from handlers.sentence.model import Trouble
from handlers.sentence.numerals import POINTS, following, previous, thin

_BESIDE = frozenset({"day", "part", "zone", "vague"})
_GOVERNORS = frozenset({"at", "on", "in"})
_ORDERING = frozenset({"do", "please", "go", "book", "need", "want", "we", "i", "reserve"})
_ASAP = frozenset({"asap", "immediately", "right", "straight", "rn", "as soon as possible"})


def collect(xs: list[Item], draft: Draft, *, part_only: bool) -> None:
    """Fill the draft's times from the items; contradictions become problems."""
    _drop_weak(xs)
    _plus_lengths(xs)
    roles = {k: _role(xs, k, part_only=part_only) for k, x in enumerate(xs) if x.kind in POINTS}
    _points(xs, roles, draft, part_only=part_only)
    _to_the_hour(xs, draft, roles)
    _days(xs, roles, draft, part_only=part_only)
    _parts(xs, draft)
    _lengths(xs, draft, part_only=part_only)
    rhythm.collect(xs, draft)
    _zones(xs, draft)


def _drop_weak(xs: list[Item]) -> None:
    """Lunch beside a clock time is a subject, and "asap" beside one is impatience."""
    firm = [x for k, x in enumerate(xs) if x.kind in POINTS and not _weak(x) and not _led_by_until(xs, k)]
    if not firm:
        _one_weak(xs)
        return
    for k, x in enumerate(xs):
        before = previous(xs, k)
        if (
            x.kind == "clock"
            and x.value.name == "lunch"
            and before >= 0
            and xs[before].kind == "prep"
            and _around(xs, before)
        ):
            xs[before].kind = x.kind = "filler"  # "after lunch at 1:50"
        elif (_weak(x) or _weak_now(xs, k)) and not _in_range(xs, k):
            x.kind = "filler"


def _one_weak(xs: list[Item]) -> None:
    weak = [x for x in xs if _weak(x)]
    for x in weak[1:]:
        if x.kind == weak[0].kind:
            x.kind = "filler"


def _led_by_until(xs: list[Item], k: int) -> bool:
    lead = previous(xs, k)
    return lead >= 0 and xs[lead].kind == "prep" and xs[lead].value == "until"


def _plus_lengths(xs: list[Item]) -> None:
    """Beside a start, "+2h" is how long it lasts."""
    if any(x.kind == "clock" for x in xs):
        for x in xs:
            if x.kind == "rel" and x.note == "+":
                x.kind, x.note = "dur", ""


def _around(xs: list[Item], k: int) -> bool:
    """Whether the preposition says before or after, where another time stands beside it."""
    return xs[k].value in ("after", "before") and any(x.kind == "clock" and x.value.name != "lunch" for x in xs)


def _weak_now(xs: list[Item], k: int) -> bool:
    """ "So 6 people now, tomorrow 4 to 5": a "now" behind a headcount is about the headcount."""
    if xs[k].kind != "now" or not any(x.kind == "clock" for x in xs):
        return False
    follows = xs[k + 1] if k + 1 < len(xs) else None
    ordering = follows is not None and follows.kind == "filler" and str(follows.value) in _ORDERING
    return (k > 0 and xs[k - 1].kind == "count" and any(x.kind == "day" for x in xs)) or ordering


def _weak(x: Item) -> bool:
    return (x.kind == "clock" and x.value.name in ("lunch", "first thing")) or (x.kind == "now" and x.value in _ASAP)


def _in_range(xs: list[Item], k: int) -> bool:
    before, after = previous(xs, k), following(xs, k)
    if before >= 0 and xs[before].kind == "prep" and xs[before].value in ("until", "to", "from", "before", "after", "by"):
        return True
    if after < len(xs) and xs[after].kind == "prep" and xs[after].value in ("until", "to"):
        return True
    if xs[k].kind == "now" and before >= 0 and xs[before].kind == "prep" and xs[before].value == "between":
        return True
    return any(0 <= m < len(xs) and xs[m].kind == "conn" for m in (before, after))


def _skip_back(xs: list[Item], k: int) -> int:
    """Index of the first item before k that governs it, its day and part of the day passed over; -1 for none."""
    j = k - 1
    while j >= 0 and (thin(xs[j]) or xs[j].kind in _BESIDE or _governs(xs[j])):
        j -= 1
    return j


def _governs(x: Item) -> bool:
    return x.kind == "prep" and x.value in _GOVERNORS


def _role(xs: list[Item], k: int, *, part_only: bool) -> str:
    """start, end, or the preposition that makes the point neither: before, after, by."""
    j = _skip_back(xs, k)
    if j < 0:
        return "start"
    lead = xs[j]
    if lead.kind == "conn":
        m = _skip_back(xs, j)
        return "end" if m >= 0 and (xs[m].kind in POINTS or (m != j - 1 and xs[m].kind == "part")) else "start"
    if lead.kind != "prep":
        return "start"
    if lead.value == "until" and any(x.kind == "day" for x in xs[j:k]) and any(x.kind == "every" for x in xs):
        return "start"  # "every tuesday until dec 22 at 2pm" ends on a date, not at a time
    earlier = any(x.kind in POINTS or x.kind == "part" for x in xs[:j])
    match lead.value:
        case "until":
            return "end"
        case "to":
            return "end" if earlier else "start"
        case "and":
            return "end" if _between(xs, j) and earlier else "start"
        case "by":
            return "end" if earlier and not part_only else "by"
        case "before" | "after" | "within":
            return str(lead.value)
        case _:
            return "start"


def _between(xs: list[Item], j: int) -> bool:
    return any(x.kind == "prep" and x.value in ("between", "from") for x in xs[:j])


def _point(x: Item) -> Point:
    if x.kind == "now":
        return Point(ahead=0)
    if x.kind == "rel":
        return Point(ahead=x.value)
    return Point(clock=x.value)


def _to_the_hour(xs: list[Item], draft: Draft, roles: dict[int, str]) -> None:
    """ "ten to three" in words: ten minutes before three, or from ten until three?"""
    for k, role in roles.items():
        first = xs[k].value
        if role != "start" or not isinstance(first, Clock) or first.hour not in (5, 10) or xs[k].note != "spelled":
            continue
        j = following(xs, k)
        before = previous(xs, k)
        led = before >= 0 and xs[before].kind == "prep" and xs[before].value in ("from", "between")
        if j < len(xs) and xs[j].kind == "prep" and xs[j].value == "to" and roles.get(following(xs, j)) == "end" and not led:
            draft.refuse(Trouble.AMBIGUOUS, "Minutes before the hour, or from one hour to the other? Say it in figures.")


def _points(xs: list[Item], roles: dict[int, str], draft: Draft, *, part_only: bool) -> None:
    for k, role in roles.items():
        x = xs[k]
        if x.kind == "rel" and x.note == "later" and part_only:
            draft.shift = x.value
            continue
        if role in ("before", "after", "by", "within"):
            draft.refuse(Trouble.AMBIGUOUS, f'"{role}" leaves the time open. When exactly should it start?')
            continue
        point = _point(x)
        held = draft.end if role == "end" else draft.start
        lead = previous(xs, k)
        if held is not None and lead >= 0 and xs[lead].kind == "prep" and xs[lead].value == "for":
            draft.refuse(Trouble.AMBIGUOUS, "How long should it be? Say it with minutes or hours.")
            continue
        if held is None:
            if role == "end":
                draft.end = point
            else:
                draft.start = point
        elif held != point and not _same(held, point):
            draft.refuse(Trouble.AMBIGUOUS, "I found more than one time. Which one is it?")
    _ends_of_day(draft)


def _same(held: Point, point: Point) -> bool:
    """Two ways to write one time: 2pm and 14:00."""
    a, b = held.clock, point.clock
    if a is None or b is None or a.moment or b.moment:
        return False
    return (
        a.minute == b.minute and a.hour % 12 == b.hour % 12 and (not a.explicit or not b.explicit or a.minutes == b.minutes)
    )


def _ends_of_day(draft: Draft) -> None:
    if draft.start is not None and draft.start.clock is not None and draft.start.clock.name == "eod":
        draft.refuse(
            Trouble.AMBIGUOUS, "The end of the day is when the meeting ends, not when it starts. When should it start?"
        )


def _days(xs: list[Item], roles: dict[int, str], draft: Draft, *, part_only: bool) -> None:
    _narrow(xs, draft)
    rhythm.daily_on(xs)
    rhythm.monthly_on(xs)
    every = any(x.kind == "every" for x in xs)
    for k, x in enumerate(xs):
        if x.kind == "vague":
            draft.refuse(Trouble.AMBIGUOUS, f'Which day do you mean by "{x.value}"?')
        if x.kind != "day":
            continue
        lead = _lead(xs, k)
        if k and roles.get(k - 1) == "end" and not every and any(y.kind == "day" for y in xs[: k - 1]):
            draft.end_days.append(x.value)  # "from 10 pm Saturday until 2 am Sunday"
            continue
        if lead == "until" and not _has_own_end(xs, k, roles):
            if every:
                draft.until.append(x.value)
            else:
                draft.refuse(Trouble.AMBIGUOUS, "I can book one day at a time, or a series. On which day is it?")
        elif every and lead in ("to", "-") and draft.from_day and draft.days and not _has_own_end(xs, k, roles):
            draft.until.append(x.value)  # "from dec 8 to jan 26"
        elif lead in ("until", "to", "-", "and") and _has_own_end(xs, k, roles):
            draft.end_days.append(x.value)
        elif lead == "to" and not part_only and _behind_a_point(xs, k):
            draft.refuse(Trouble.AMBIGUOUS, "I can book one day at a time, or a series. On which day is it?")
        elif lead in ("before", "after", "by", "within"):
            draft.refuse(Trouble.AMBIGUOUS, f'"{lead}" leaves the day open. On which day is it?')
        else:
            draft.days.append(x.value)
            draft.from_day = draft.from_day or lead == "from"


def _behind_a_point(xs: list[Item], k: int) -> bool:
    """ "From 9 to the 11th": a time runs to a day."""
    j = next((n for n in range(k - 1, -1, -1) if xs[n].kind == "prep"), -1)
    return j > 0 and xs[j].value == "to" and xs[previous(xs, j)].kind in POINTS


def _lead(xs: list[Item], k: int) -> str:
    j = k - 1
    while j >= 0 and (thin(xs[j]) or xs[j].kind in ("day", "part") or _governs(xs[j])):
        j -= 1
    if j < 0 or xs[j].kind not in ("prep", "conn"):
        return ""
    return str(xs[j].value)


def _has_own_end(xs: list[Item], k: int, roles: dict[int, str]) -> bool:
    """Whether the point right behind the day ends the meeting: "... to Dec 2 9am"."""
    m = k + 1
    while m < len(xs) and (thin(xs[m]) or xs[m].kind in ("day", "part", "sep") or _governs(xs[m])):
        m += 1
    return roles.get(m) == "end"


def _narrow(xs: list[Item], draft: Draft) -> None:
    """ "Next week" with a weekday elsewhere, "next month" with a day of the month elsewhere, are one date."""
    for k, vague in enumerate(xs):
        if vague.kind != "vague":
            continue
        days = [x for x in xs if x.kind == "day"]
        bare = [x for x in days if x.value.how == "weekday" and x.value.which == "bare"]
        doms = [x for x in days if x.value.how == "dom" and x.value.months is None]
        series = next((x.value for x in xs if x.kind == "every"), None)
        if vague.value == "next week" and not days and series is not None and (series.days or series.freq == "DAILY"):
            # "every wednesday starting next week": from its Monday on
            vague.kind, vague.value = "day", Day("weekday", weekday=0, which="next")
            draft.from_day = True
            if _lead(xs, k) != "from":  # "every weekday next week" is of that week alone
                draft.until.append(Day("weekday", weekday=6))
        elif vague.value in ("next week", "this week", "coming week") and len(bare) == 1 == len(days):
            bare[0].value = replace(bare[0].value, which="thisweek" if vague.value == "this week" else "next")
            vague.kind = "filler"
        elif vague.value in ("next month", "this month") and len(doms) == 1 == len(days):
            doms[0].value = replace(doms[0].value, months=0 if vague.value == "this month" else 1)
            vague.kind = "filler"


def _parts(xs: list[Item], draft: Draft) -> None:
    found = [(x.value, x.note, _lead(xs, k)) for k, x in enumerate(xs) if x.kind == "part"]
    # "Tomorrow pm" tells no time by itself.
    found = [(value, "" if note == "half" else note, lead) for value, note, lead in found if note != "half" or draft.start]
    if not found:
        return
    names = {value[0] for value, _, _ in found}
    names = {"evening"} if names <= {"evening", "night", "tonight"} and len(names) > 1 else names
    if len(names) > 1:
        draft.refuse(Trouble.AMBIGUOUS, "I found two parts of the day. Which one is it?")
    draft.part = min(names) if len(names) == 1 else found[0][0][0]
    draft.part_today = any(value[1] for value, _, _ in found)
    draft.shade = next((note for _, note, _ in found if note), "")
    leads = {lead for _, _, lead in found}
    if draft.start is None and leads & {"until", "before", "after", "by"}:
        draft.refuse(Trouble.AMBIGUOUS, "That leaves the time open. When exactly should it start?")
    if draft.shade and draft.start is None:
        draft.refuse(Trouble.AMBIGUOUS, f'At what time is "{draft.shade} {draft.part}" for you?')


def _lengths(xs: list[Item], draft: Draft, *, part_only: bool) -> None:
    for k, x in enumerate(xs):
        if x.kind != "dur":
            continue
        lead = previous(xs, k)
        by = lead >= 0 and xs[lead].kind == "prep" and xs[lead].value == "by"
        if part_only and (by or _moves(xs) or _sooner(xs)):
            draft.shift = -x.value if _sooner(xs) else x.value
            continue
        if lead >= 0 and xs[lead].kind == "prep" and xs[lead].value in ("before", "after", "within"):
            draft.refuse(Trouble.AMBIGUOUS, f'"{xs[lead].value}" leaves the time open. When exactly should it start?')
            continue
        if (
            k > 1
            and xs[k - 1].kind == "conn"
            and xs[k - 1].j == x.i
            and xs[k - 2].kind == "prep"
            and xs[k - 2].value == "for"
        ):
            draft.refuse(Trouble.INVALID_TIME, "A booking lasts at least a minute. How long should it be?")
            continue
        if draft.minutes is not None and draft.minutes != x.value:
            draft.refuse(Trouble.AMBIGUOUS, "I found two lengths. How long should it be?")
        draft.minutes = x.value
        draft.from_now = draft.from_now or x.note == "next"


def _moves(xs: list[Item]) -> bool:
    """Push it back an hour, delay by 15 minutes."""
    said = {str(x.value).lower() for x in xs if x.kind in ("other", "word", "filler")}
    return bool(said & {"push", "delay", "postpone", "back"})


def _sooner(xs: list[Item]) -> bool:
    """Half an hour earlier, bring it forward by 15 minutes."""
    said = {str(x.value).lower() for x in xs if x.kind in ("when", "word", "filler")}
    return "earlier" in said or "sooner" in said or {"bring", "forward"} <= said


def _zones(xs: list[Item], draft: Draft) -> None:
    for x in xs:
        if x.kind != "zone":
            continue
        draft.zones = (*draft.zones, x.value)
        draft.zone_word = x.note.upper()


__all__ = ["Clock", "Day", "collect"]
