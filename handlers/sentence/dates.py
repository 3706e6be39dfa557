"""Recognises date phrases: "tomorrow", "next Tue", "friday after next", "Dec 3rd", "15.12.", "the 5th", "in 3 weeks".

Kept out: which calendar day a phrase means, because that depends on the place's clock (see days.py).
"""

# ruff: noqa: PLR0911
# ruff: noqa: PLR0917
# matchers return from the first form that fits; token list and index lead every matcher

from __future__ import annotations

from calendar import monthrange
from dataclasses import replace

from handlers.sentence import monthdays, weekdays, words
from handlers.sentence.items import Day, Item
from handlers.sentence.monthdays import is_time
from handlers.sentence.numbers import number, ordinal, whole
from handlers.sentence.tokens import Token
from handlers.sentence.weekdays import Found


class Dates:
    """The date matcher for one locale: `month_first` decides "12/4", `months` adds the names of the person's language."""

    def __init__(self, *, month_first: bool, months: dict[str, int]) -> None:
        self.month_first = month_first
        self.months = months

    def match(self, ts: list[Token], i: int) -> Item | None:
        """Return a `day` item at token i, or None."""
        found = (
            self._numeric(ts, i)
            or self._named_month(ts, i)
            or monthdays.nth_weekday(ts, i, self.months)
            or _relative(ts, i)
            or weekdays.week_stretch(ts, i)
            or weekdays.weekday_phrase(ts, i)
            or monthdays.day_of_month(ts, i, self.months)
            or self._end_of_month(ts, i)
            or weekdays.vague(ts, i)
        )
        if found is None:
            return None
        day, j = found
        return Item("vague" if day.how == "vague" else "day", day.phrase if day.how == "vague" else day, i, j)

    def _numeric(self, ts: list[Token], i: int) -> Found:
        """2026-12-03, 2026/12/03, 12/4, 12/4/2026, 12-04-2026, 15.12., 15.12.2026."""
        a, s, b = ts[i], ts[i + 1], ts[i + 2]
        if a.kind != "num" or b.kind != "num" or s.space or b.space or s.low not in ("-", "/", "."):
            return None
        third = ts[i + 4]
        full = ts[i + 3].low == s.low and third.kind == "num" and not third.space and not ts[i + 3].space
        if len(a.text) == 4:
            return _iso(ts, i) if full else None
        if len(a.text) > 2 or len(b.text) > 2:
            return None
        one, two = a.value or 0, b.value or 0
        if full:
            if len(third.text) not in (2, 4):
                return None
            year = (third.value or 0) + (2000 if len(third.text) == 2 else 0)
            return self._ordered(ts, i, i + 5, one, two, year, dotted=s.low == ".")
        if s.low == "/":
            if ts[i + 3].low in ("hour", "hours", "h", "of") or ts[i + 3].low in words.PEOPLE:
                return None
            return self._ordered(ts, i, i + 3, one, two, None, dotted=False)
        if s.low == ".":
            return self._dotted(ts, i, one, two)
        if i and ts[i - 1].low in ("on", "date") and one <= 31 and two <= 31 and max(one, two) > 12:
            return self._ordered(ts, i, i + 3, one, two, None, dotted=False)
        return None

    def _dotted(self, ts: list[Token], i: int, one: int, two: int) -> Found:
        """15.12. always; 15.12 only where days come first, or behind "on", since 15.12 is a time as well."""
        closing = ts[i + 3].low == "." and not ts[i + 3].space and ts[i + 4].low != "m"
        final = closing and ts[i + 4].kind == "end" and len(ts[i + 2].text) == 2 and two > 12
        if closing and not final and 1 <= two <= 12 and 1 <= one <= 31:
            return _date(ts, i, i + 4, one, two, None)
        leads = (i > 0 and ts[i - 1].low in ("on", "am", "date")) or (one > 24 and len(ts[i + 2].text) == 2)
        if (leads or not self.month_first) and 1 <= two <= 12 and 1 <= one <= 31 and not _time_follows(ts, i + 3):
            if i and ts[i - 1].low in ("at", "from", "until", "till", "to", "-", "@", "um"):
                return None
            return _date(ts, i, i + 3, one, two, None)
        return None

    def _ordered(self, ts: list[Token], i: int, j: int, one: int, two: int, year: int | None, *, dotted: bool) -> Found:
        day_first = dotted or not self.month_first
        day, month = (one, two) if day_first else (two, one)
        if month > 12 >= day:
            day, month = month, day
        return _date(ts, i, j, day, month, year)

    def _named_month(self, ts: list[Token], i: int) -> Found:
        """Dec 3, December 3rd, 2026, 3 Dec, 3rd of December, march first, Sun 15Sep, 16. Nov. 2016."""
        return self._month_first(ts, i) or self._day_first(ts, i)

    def _month(self, ts: list[Token], i: int) -> int:
        return self.months.get(ts[i].low, 0)

    def _month_first(self, ts: list[Token], i: int) -> Found:
        month = self._month(ts, i)
        if not month or (i and ts[i - 1].low in ("next", "last") and ts[i].low == "sat"):
            return None
        j = i + 1
        while ts[j].low in (".", ",", "the", "-") and j < i + 3:
            j += 1
        found = ordinal(ts, j) or (whole(ts, j) if ts[j].kind == "num" and len(ts[j].text) <= 2 else None)
        if found is None and ts[j].kind == "word" and ts[j].value and ts[i].low not in ("may", "march"):
            found = whole(ts, j)
        if found is None or not 1 <= found[0] <= 99 or is_time(ts, j, found[1]):
            return None
        day, j = found
        return self._year(ts, i, j, day, month)

    def _day_first(self, ts: list[Token], i: int) -> Found:
        j = i + 1 if ts[i].low == "the" else i
        j += ts[j].low == "day" and ts[j + 1].kind == "num"
        found = ordinal(ts, j) or (whole(ts, j) if ts[j].kind == "num" and len(ts[j].text) <= 2 else None)
        if found is None:
            return None
        day, j = found
        if ts[j].low == "(" and (again := ordinal(ts, j + 1)) and again[0] == day and ts[again[1]].low == ")":
            j = again[1] + 1
        j += ts[j].low == "day" and ts[j + 1].low == "of"
        far = j + 3
        while ts[j].low in ("of", ".", "-", "the", ",") and j < far:
            j += 1
        month = self._month(ts, j)
        if not month or (ts[j].low in ("may", "march", "mar", "sat") and ts[j + 1].low in ("i", "we", "you")):
            return None
        following = whole(ts, j + 1)
        if ts[j - 1].low == "," or (ts[i].kind == "num" and _month_takes_next(ts, i, j, following)):
            return None
        return self._year(ts, i, j + 1, day, month)

    def _end_of_month(self, ts: list[Token], i: int) -> Found:
        """ "Until the end of January" is its last day; without "until" it is no day at all."""
        if ts[i].low != "end" or ts[i + 1].low != "of":
            return None
        month = self.months.get(ts[i + 2].low, 0)
        lead = ts[i - 2].low if i > 1 and ts[i - 1].low == "the" else ts[i - 1].low if i else ""
        if not month or ts[i + 3].kind == "num":
            return None
        if lead not in ("until", "till", "til", "through", "thru", "to"):
            return Day("vague", phrase=weekdays.as_text(ts, i, i + 3)), i + 3
        return Day("date", day=28 if month == 2 else monthrange(2027, month)[1], month=month), i + 3

    def _year(self, ts: list[Token], i: int, j: int, day: int, month: int) -> Found:
        k = j
        while (ts[k].low in (",", ".") and k < j + 2) or (k == j and ts[k].low in ("-", "/") and not ts[k].space):
            k += 1
        t = ts[k]
        evening = 1900 <= (t.value or 0) < 1960  # "27 Nov 1930" is an hour: nobody books the past century
        if (
            t.kind == "num"
            and len(t.text) == 4
            and 1900 <= (t.value or 0) <= 2199
            and not evening
            and not is_time(ts, k, k + 1)
        ):
            return _date(ts, i, k + 1, day, month, t.value)
        if t.kind == "num" and _short_year(ts, k, glued=k == j and not t.space):
            return _date(ts, i, k + 1, day, month, 2000 + (t.value or 0))
        if t.low == "'" and ts[k + 1].kind == "num" and len(ts[k + 1].text) == 2:
            return _date(ts, i, k + 2, day, month, 2000 + (ts[k + 1].value or 0))
        return _date(ts, i, j, day, month, None)


def _short_year(ts: list[Token], k: int, *, glued: bool) -> bool:
    """Whether the number at k is the year of "03DEC26" or "3 Dec 26, 14:00"."""
    after = ts[k + 1]
    if len(ts[k].text) != 2 or not 26 <= (ts[k].value or 0) <= 35 or is_time(ts, k, k + 1):
        return False
    return glued or (after.low == "," and ts[k + 2].kind == "num") or (after.kind == "num" and len(after.text) == 4)


def _month_takes_next(ts: list[Token], i: int, j: int, following: tuple[int, int] | None) -> bool:
    """In "10 Dec 3" and "at 3 Dec 5" the month belongs to the number behind it when that is a plain day and no time."""
    if following is None or ts[j + 1].kind != "num" or len(ts[j + 1].text) > 2:
        return False
    if following[0] > 31 or is_time(ts, j + 1, following[1]) or ts[following[1]].low in words.UNIT | words.PEOPLE:
        return False
    return bool(i) and ts[i - 1].low in ("at", "@", "for", "until", "till", "-", "to")


def _time_follows(ts: list[Token], j: int) -> bool:
    return ts[j].low in ("am", "pm", "h", "hours", "hour", "hrs", "a", "p", "-", "to") or ts[j].low in words.UNIT


def _date(ts: list[Token], i: int, j: int, day: int, month: int, year: int | None) -> Found:
    return Day("date", day=day, month=month, year=year, phrase=weekdays.as_text(ts, i, j)), j


def _iso(ts: list[Token], i: int) -> Found:
    year, month, day = ts[i].value or 0, ts[i + 2].value or 0, ts[i + 4].value or 0
    return Day("date", day=day, month=month, year=year, phrase=f"{year:04d}-{month:02d}-{day:02d}"), i + 5


def _relative(ts: list[Token], i: int) -> Found:
    t = ts[i]
    if t.low in words.TODAY:
        return _plus_week(ts, Day("offset", days=0), i + 1)
    if t.low == "tonight":
        return None
    if t.low == "later" and ts[i + 1].low in words.TODAY:
        return Day("offset", days=0), i + 2
    if t.low in words.TOMORROW:
        return _plus_week(ts, Day("offset", days=1), i + 1)
    if t.value == 2 and ts[i + 1].low in ("day", "morrow", "moro", "morow", "moz", "mrw", "mro") and not ts[i + 1].space:
        return Day("offset", days=0 if ts[i + 1].low == "day" else 1), i + 2
    if t.low == "yesterday":
        return Day("offset", days=-1), i + 1
    if t.low == "overmorrow":
        return Day("offset", days=2), i + 1
    j = i + 1 if t.low == "the" else i
    if ts[j].low == "day" and ts[j + 1].low == "after" and ts[j + 2].low in words.TOMORROW:
        return Day("offset", days=2), j + 3
    if ts[j].low in ("next", "following") and ts[j + 1].low == "day":
        return Day("offset", days=1, which="next"), j + 2
    if ts[j].low == "day" and ts[j + 1].low == "before" and ts[j + 2].low == "yesterday":
        return Day("offset", days=-2), j + 3
    return _from_now(ts, i)


def _plus_week(ts: list[Token], day: Day, j: int) -> tuple[Day, int]:
    """ "tomorrow week" is a week later."""
    if ts[j].low == "fortnight":
        return replace(day, days=day.days + 14), j + 1
    if ts[j].low == "week" and ts[j + 1].low not in ("day", "s"):
        return replace(day, days=day.days + 7), j + 1
    return day, j


def _amount(ts: list[Token], i: int) -> tuple[int, int] | None:
    """Days in "3 days", "a week", "two weeks", "a fortnight", "a couple of days"."""
    if ts[i].low in ("a", "one", "1") and ts[i + 1].low == "fortnight":
        return 14, i + 2
    if ts[i].low == "fortnight":
        return 14, i + 1
    j = i + 1 if ts[i].low == "a" else i
    if ts[j].low == "couple":
        n, j = 2.0, j + (2 if ts[j + 1].low == "of" else 1)
    elif ts[i].low in ("a", "one"):
        n, j = 1.0, i + 1
    else:
        found = number(ts, i)
        if found is None:
            return None
        n, j = found
    per = 1 if ts[j].low in ("day", "days") else 7 if ts[j].low in ("week", "weeks", "wks", "wk") else 0
    if not per or n != int(n) or n > 1000:
        return None
    return int(n) * per, j + 1


def _from_now(ts: list[Token], i: int) -> Found:
    """In 3 days, 3 days from now, two weeks later, N fridays from now, a week from tomorrow (see `shifted`)."""
    if ts[i].low == "in":
        j = i + 1
        j += ts[j].low in ("about", "around", "exactly")
        j += ts[j].low == "'"
        found = _amount(ts, j)
        return _ahead(ts, found[0], found[1]) if found else None
    found = _amount(ts, i)
    if found:
        days, j = found
        if ts[j].low in ("from", "after") and ts[j + 1].low in ("now", "today"):
            return Day("offset", days=days), j + 2
        if ts[j].low in ("later", "hence", "out", "ahead"):
            return Day("offset", days=days), j + 1
        if ts[j].low == "ago":
            return Day("offset", days=-days), j + 1
        return None
    counted = whole(ts, i)
    if counted and ts[counted[1]].low in words.WEEKDAY_PLURALS and ts[counted[1] + 1].low == "from":
        weekday = words.WEEKDAY_PLURALS[ts[counted[1]].low]
        if ts[counted[1] + 2].low == "now":
            return Day("weekday", weekday=weekday, which="after", days=7 * (counted[0] - 1)), counted[1] + 3
    return None


def _ahead(ts: list[Token], days: int, j: int) -> tuple[Day, int]:
    """What may follow "in two weeks": time, from now, from today, on Thursday."""
    j += ts[j].low in ("time", "'")
    if ts[j].low in ("from", "after") and ts[j + 1].low in ("now", "today"):
        j += 2
    k = j + (ts[j].low in ("on", "the", ","))
    weekday = weekdays.weekday_at(ts, k) if days % 7 == 0 else None
    if weekday is not None:
        return Day("weekday", weekday=weekday, days=days), k + 1
    return Day("offset", days=days), j


def shifted(ts: list[Token], i: int, dates: Dates) -> Item | None:
    """Return a `day` item for "a week from tuesday", "2 days after next friday", "a week on monday", or None."""
    found = _amount(ts, i)
    if found is None:
        return None
    days, j = found
    if ts[j].low not in ("from", "after", "on"):
        return _from_near_day(ts, i, j, days)
    k = j + 1
    k += ts[k].low == "the"
    base = dates.match(ts, k)
    if base is None or base.kind != "day":
        return None
    return Item("day", replace(base.value, days=base.value.days + days), i, base.j)


def _from_near_day(ts: list[Token], i: int, j: int, days: int) -> Item | None:
    """A fortnight today, a week tomorrow, two weeks Friday."""
    if days % 7:
        return None
    if ts[j].low in words.TODAY | words.TOMORROW:
        return Item("day", Day("offset", days=days + (ts[j].low in words.TOMORROW)), i, j + 1)
    weekday = weekdays.weekday_at(ts, j)
    led = ts[i].low in ("a", "one", "two") and (i == 0 or ts[i - 1].low not in ("for", "every", "once", "twice", "times"))
    if weekday is None or not led:
        return None
    return Item("day", Day("weekday", weekday=weekday, days=days), i, j + 1)
