"""Reads which of one's bookings a sentence gives up: "my bookings 20-31 dec", "everything next week", "apollo every monday".

Whole days and stretches of them, weekdays, an hour, rooms, places; what is no such thing stays as words of a title.
Kept out: which bookings there are.
"""

# ruff: noqa: SIM905
# ruff: noqa: PLR0911
# word lists read better as text; matchers return from the first form that fits

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.models import Location, Room, aware
from handlers.sentence import calendar_names, words
from handlers.sentence.clocktimes import NoSuchTime, span
from handlers.sentence.items import Clock, Day, Item
from handlers.sentence.model import Book
from handlers.sentence.outcome import Unsettled
from handlers.sentence.scan import scanner
from handlers.sentence.tokens import LONGEST, Token, clean, tokenise
from handlers.sentence.whichday import one_day

_EVERYTHING = frozenset(
    "everything all every each any away off out absent holiday vacation pto leave bookings meetings".split()
)
_SMALL = frozenset(
    "my our the of on in for from at between during over while please i i'm im am we we're are will be i'll we'll and or"
    " also everything all every each any away off out absent on-holiday holiday holidays vacation pto leave booking bookings"
    " meeting meetings reservation reservations room rooms ahead upcoming dates date days series them those it a an sick"
    " ooo travelling traveling abroad me to hello hi please thanks office work town".split()
)
_TO = frozenset("- -> ~ to until till til through thru and".split())
_JOINS = frozenset("and or , & +".split())
# What may stand anywhere. Anything else, "but apollo" and "on the 3rd floor", would mean others than were found.
_PLAIN = frozenset({"filler", "word", "prep", "sep", "conn"})
_WEEKS = {"this week": 0, "next week": 1, "coming week": 1, "all week": 0, "rest of the week": 0, "week": 0}
_FOREVER = 400  # days; further ahead nobody books


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """Days from the first to the last, both included."""

    first: date
    last: date


@dataclass(frozen=True, kw_only=True, slots=True)
class Away:
    """What is given up: bookings on days of one of the `stretches` (none: whenever), on the weekdays, at the hour.

    `rooms` and `places` narrow it, `words` are left for titles. `many` says that the words mean more than one booking,
    `single_days` that days were listed one by one.
    """

    stretches: tuple[Stretch, ...] = ()
    weekdays: frozenset[int] = frozenset()
    clock: time | None = None
    rooms: tuple[Room, ...] = ()
    places: tuple[Location, ...] = ()
    words: tuple[str, ...] = ()
    many: bool = False

    @property
    def whole(self) -> Stretch | None:
        """The stretch, where it is one without a gap in it."""
        return self.stretches[0] if len(self.stretches) == 1 and not self.weekdays else None


@dataclass(slots=True)
class _Reader:
    """One sentence being read from the left to the right."""

    xs: list[Item]
    ts: list[Token]
    today: date
    locale: str
    found: Away

    clear: bool = True

    def read(self) -> Away | None:
        """Return what the sentence gives up; None where something in it is not understood."""
        i = 0
        while self.ts[i].kind != "end" and self.clear:
            i = self._at(i)
        return self.found if self.clear else None

    def _at(self, i: int) -> int:
        """Take in what stands at token i; return behind which token it ends."""
        t = self.ts[i]
        whole = self._stretch(i)
        if whole:
            self._add(whole[0])
            return whole[1]
        x = next((y for y in self.xs if y.i == i), None)
        if x is None:
            return i + 1
        if t.low in _EVERYTHING and x.kind != "every":
            self.found = replace(self.found, many=True)
        match x.kind:
            case "every":
                days = frozenset(x.value.days) if x.value.freq == "WEEKLY" else frozenset()
                self.found = replace(self.found, weekdays=self.found.weekdays | days, many=True)
            case "room":
                self.found = replace(self.found, rooms=(*self.found.rooms, *_rooms(x)))
            case "place":
                self.found = replace(self.found, places=(*self.found.places, *_places(x)))
            case "clock" | "num" if self.found.clock is None and self._hour(x) is not None:
                self.found = replace(self.found, clock=self._hour(x))
                return self._behind_range(x)
            case "word" | "filler" if t.kind == "word" and t.low not in _SMALL:
                said = tuple(one.low for one in self.ts[x.i : x.j] if one.kind == "word" and one.low not in _SMALL)
                self.found = replace(self.found, words=(*self.found.words, *said))
            case "title":
                self.found = replace(self.found, words=(*self.found.words, *str(x.value).casefold().split()))
            case _:
                self.clear = x.kind in _PLAIN or t.low in _SMALL
        return x.j

    def _hour(self, x: Item) -> time | None:
        clock = x.value if x.kind == "clock" else Clock(int(x.value)) if 0 <= x.value <= 23 else None
        if clock is None or clock.moment is not None:
            return None
        try:
            start = span(clock, None, None).start
        except NoSuchTime:
            return None
        return time(start // 60 % 24, start % 60)

    def _behind_range(self, x: Item) -> int:
        """ "10-11" is known by its start."""
        k = x.j
        if self.ts[k].low in ("-", "to") and any(y.i == k + 1 and y.kind in ("clock", "num") for y in self.xs):
            return next(y.j for y in self.xs if y.i == k + 1)
        return k

    def _add(self, one: Stretch) -> None:
        several = one.first != one.last or bool(self.found.stretches)
        self.found = replace(self.found, stretches=(*self.found.stretches, one), many=self.found.many or several)

    # -- days ------------------------------------------------------------------------------------------------------

    def _stretch(self, i: int) -> tuple[Stretch, int] | None:
        """Return the days that begin at token i, and behind which token they end."""
        lead = self.ts[i].low
        k = i
        while self.ts[k].low in ("from", "on", "until", "till", "through", "between", "the", "starting", "since", "over"):
            k += 1
        single = self._day(k)
        if lead in ("until", "till", "through") and single:
            return Stretch(first=self.today, last=single[0].last), single[1]
        if single is None:
            return None
        first, j = single
        n = j + 1
        n += self.ts[n].low == "the"
        last = (
            self._day(n, since=first.first)
            if self.ts[j].low in _TO and not (self.ts[j].low == "and" and lead != "between")
            else None
        )
        if last:
            return Stretch(first=first.first, last=last[0].last), last[1]
        if (
            self.ts[j].low in ("on", "onwards", "onward")
            and lead in ("from", "starting", "since")
            and self.ts[j + 1].kind == "end"
        ):
            return Stretch(first=first.first, last=first.first + timedelta(days=_FOREVER)), j + 1
        return first, j

    def _day(self, i: int, since: date | None = None) -> tuple[Stretch, int] | None:
        """Return a day, a week or a month at token i."""
        base = since or self.today
        named = calendar_names.match(self.ts, i)
        if named:
            return self._one(named.as_day(), named.j, base)
        month = words.MONTHS.get(self.ts[i].low, 0)
        if month and self.ts[i].kind == "word" and self.ts[i + 1].kind != "num" and self.ts[i - 1].low != "on":
            first = one_day([Day("month", month=month)], base, self.locale)
            return Stretch(first=first, last=one_day([Day("end", month=month)], first, self.locale)), i + 1
        x = next((y for y in self.xs if y.i <= i < y.j and y.kind in ("day", "vague", "num")), None)
        if x is None or (x.i != i and self.ts[x.i].low not in ("on", "the")):
            return None
        if x.kind == "vague":
            return self._vague(x)
        dated = next((y for y in self.xs if y.i == x.j + (self.ts[x.j].low == ",") and y.kind == "day"), None)
        if _bare(x) and dated is not None and dated.value.how in ("date", "dom"):
            return self._one(dated.value, dated.j, base)  # "mon 30 nov"
        if _bare(x) and self.found.stretches:
            base = max(base, self.found.stretches[-1].last)  # "next monday and tuesday"
        if x.kind == "num":
            day = self._number(x, since)
            return self._one(day, x.j, base) if day else None
        return self._one(x.value, x.j, base)

    def _one(self, day: Day, j: int, base: date) -> tuple[Stretch, int]:
        if day.how == "dom" and day.months is None and self._month_ahead(j):
            day = Day("date", day=day.day, month=self._month_ahead(j))
        found = one_day([day], base, self.locale)
        return Stretch(first=found, last=found), j

    def _number(self, x: Item, since: date | None) -> Day | None:
        """Return a number as a day: the 20 of "20-31 dec", the 31 of "dec 20 to 31", the 1 of "1 and 8 dec"."""
        if not float(x.value).is_integer() or not 1 <= x.value <= 31 or self.ts[x.i - 1].low == "at":
            return None
        month = self._month_ahead(x.j)
        if month:
            return Day("date", day=int(x.value), month=month)
        before = [y for y in self.xs if y.j <= x.i and y.kind == "day" and y.value.how in ("date", "dom")]
        joined = self.ts[x.i - 1].low in _TO | _JOINS and bool(before) and before[-1].j >= x.i - 2
        if not joined and since is None:
            return None
        if before and before[-1].value.how == "date":
            return Day("date", day=int(x.value), month=before[-1].value.month, year=before[-1].value.year)
        return Day("dom", day=int(x.value))

    def _month_ahead(self, j: int) -> int:
        """Return the month of the date that numbers joined by dashes, commas and "and" lead to."""
        while self.ts[j].low in _TO | _JOINS:
            j += 1
            j += self.ts[j].low == "the"
            y = next((one for one in self.xs if one.i <= j < one.j and one.kind in ("num", "day")), None)
            if y is None:
                return 0
            if y.kind == "day" and y.value.how == "date":
                return int(y.value.month)
            if y.kind == "day" and y.value.how != "dom":
                return 0
            j = y.j
        return 0

    def _vague(self, x: Item) -> tuple[Stretch, int] | None:
        monday = self.today - timedelta(days=self.today.weekday())
        said = str(x.value)
        if said in _WEEKS:
            first = monday + timedelta(weeks=_WEEKS[said])
            return Stretch(first=max(first, self.today), last=first + timedelta(days=6)), x.j
        if said in ("this month", "next month", "all month"):
            ahead = 1 if said == "next month" else 0
            last = one_day([Day("end", months=ahead)], self.today, self.locale)
            return Stretch(first=max(last.replace(day=1), self.today), last=last), x.j
        if said in ("weekend", "this weekend", "next weekend"):
            first = monday + timedelta(days=5 + 7 * (said == "next weekend"))
            return Stretch(first=max(first, self.today), last=first + timedelta(days=1)), x.j
        if said in ("end of the year", "end of year", "end of the month", "end of month"):
            end = Day("date", day=31, month=12) if "year" in said else Day("end", months=0)
            return self._one(end, x.j, self.today)
        return None


def _bare(x: Item) -> bool:
    return x.kind == "day" and x.value.how == "weekday" and x.value.which == "bare"


def _rooms(x: Item) -> tuple[Room, ...]:
    return tuple(x.value) if isinstance(x.value, list | tuple) else (x.value,)


def _places(x: Item) -> tuple[Location, ...]:
    return tuple(x.value) if isinstance(x.value, list | tuple) else (x.value,)


def read_away(text: str, *, now: datetime, zone: str, book: Book, locale: str = "en-US") -> Away | None:
    """Return which bookings a sentence gives up, its days seen from `now` in `zone`; None where it is not understood."""
    cleaned = clean(text)
    if len(text) > LONGEST or len(cleaned) > 2 * LONGEST:
        return None
    tokens = tokenise(cleaned)
    found = scanner(book, locale)
    today = aware(now, "now").astimezone(ZoneInfo(zone)).date()
    reader = _Reader(xs=found.scan(tokens), ts=tokens, today=today, locale=locale, found=Away())
    try:
        return reader.read()
    except Unsettled:
        return None


__all__ = ["Away", "Stretch", "read_away"]
