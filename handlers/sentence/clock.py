"""Recognises times of day: "3", "3:30pm", "14h30", "half three", "ten thirty", "noon", "1030", "2026-12-01T14:00Z".

Kept out: which half of the day a bare hour means, and on which day.
"""

# ruff: noqa: SIM905
# ruff: noqa: PLR0911
# word lists read better as text; matchers return from the first form that fits

from __future__ import annotations

from handlers.sentence import words
from handlers.sentence.items import Clock, Item
from handlers.sentence.numbers import whole
from handlers.sentence.tokens import Token

TIME_LEADS = frozenset(
    "at @ from between until till til untill starting starts start begin begins beginning since by ends"
    " end ending around about approx ~ thru through time kl klo".split()
)
_JOINS = frozenset({"-", "to", "until", "till", "til", "untill", "->", "/", "thru", "through", "..", "...", "~", "and"})
_HALVES = {
    "am": "am", "pm": "pm", "amish": "am", "pmish": "pm", "a.m": "am", "p.m": "pm", "pmm": "pm", "ppm": "pm", "amm": "am"
}  # fmt: skip
_PAST = frozenset({"past", "after"})
_TO = frozenset({"to", "til", "till", "before", "of"})


def match(ts: list[Token], i: int) -> Item | None:
    """Return a `clock` item at token i, or a `num` item for a number that may be an hour, or None."""
    found = _led_by_half(ts, i) or _spoken(ts, i) or _named(ts, i) or _quarters(ts, i) or _digits(ts, i) or _words(ts, i)
    if found is None:
        return None
    clock, j = found
    note = "spelled" if clock.bare and ts[i].kind == "word" else ""
    if j == i + 3 and ts[i + 1].low == "." and clock.minute == ts[i + 2].value and not clock.half:
        note = "dotted"
    if j == i + 2 and ts[i + 1].text == "p" and not ts[i + 1].space:
        note = "p"
    return Item("num" if clock.bare else "clock", clock.hour if clock.bare else clock, i, _after(ts, j), note=note)


def _led_by_half(ts: list[Token], i: int) -> tuple[Clock, int] | None:
    """AM 10:00, as Koreans and Japanese write it."""
    if ts[i].low not in ("am", "pm") or ts[i + 1].kind != "num":
        return None
    found = _digits(ts, i + 1)
    if found is None or found[0].half:
        return None
    if found[0].hour > 12 or found[0].hour == 0:
        return (Clock(99, 99, exact=True), found[1]) if ts[i].low == "am" and found[0].hour else None
    return Clock(found[0].hour, found[0].minute, ts[i].low), found[1]


def _quarters(ts: list[Token], i: int) -> tuple[Clock, int] | None:
    """11 and quarter, 4 and a half; but not "1 and a half hours"."""
    found = whole(ts, i)
    if found is None or not 1 <= found[0] <= 23 or ts[found[1]].low not in ("and", "&"):
        return None
    k = found[1] + 1 + (ts[found[1] + 1].low in ("a", "one"))
    minutes = {"quarter": 15, "half": 30}.get(ts[k].low)
    if minutes is None or ts[k + 1].low in words.UNIT or ts[k + 1].low in ("of", "an", "-") or ts[k + 1].low in words.PEOPLE:
        return None
    return Clock(found[0], minutes, exact=found[0] > 12), k + 1


def half_of_day(ts: list[Token], i: int) -> tuple[str, int] | None:
    """Return ("am" or "pm", next index) of "pm", "p.m.", "p m", or of "a"/"p" glued to a number."""
    t = ts[i]
    if t.low in _HALVES:
        return _HALVES[t.low], i + (2 if ts[i + 1].low == "." and not ts[i + 1].space and _abbreviated(ts, i) else 1)
    if t.low in ("a", "p"):
        if ts[i + 1].low == "." and ts[i + 2].low == "m":
            return t.low + "m", i + (4 if ts[i + 3].low == "." and not ts[i + 3].space else 3)
        if ts[i + 1].low in ("m", "m."):
            return t.low + "m", i + (3 if ts[i + 2].low == "." and not ts[i + 2].space else 2)
        if not t.space and ts[i - 1].kind == "num" and _apart(ts[i + 1]):
            return t.low + "m", i + 1
    return None


def _apart(t: Token) -> bool:
    return t.kind == "end" or t.space or t.kind == "punct"


def _abbreviated(ts: list[Token], i: int) -> bool:
    return ts[i + 2].kind != "num" or ts[i + 2].space


def _after(ts: list[Token], j: int) -> int:
    """Skip "o'clock", "-ish" and "sharp" behind a time."""
    if ts[j].low in ("o'clock", "oclock", "sharp", "ish", "uhr"):
        return j + 1
    if ts[j].low == "-" and ts[j + 1].low == "ish":
        return j + 2
    return j


def _oclock(ts: list[Token], j: int) -> int:
    if ts[j].low in ("o'clock", "oclock", "uhr", "o'clcok", "o'clok"):
        return j + 1
    if ts[j].low == "o" and ts[j + 1].low in ("clock", "'"):
        return j + 2 if ts[j + 1].low == "clock" else j + 3
    return 0


def _hour(ts: list[Token], i: int) -> tuple[Clock, int] | None:
    """The hour after "half past": a number up to 24 with an optional half of the day, or noon."""
    if ts[i].low in ("noon", "midday"):
        return Clock(12, exact=True), i + 1
    if ts[i].low == "midnight":
        return Clock(24, exact=True), i + 1
    found = whole(ts, i)
    if found is None or not 1 <= found[0] <= 24 or ts[found[1]].low == ":":
        return None
    hour, j = found
    half = half_of_day(ts, j)
    if half:
        return Clock(hour, half=half[0]), half[1]
    return Clock(hour), _oclock(ts, j) or j


def _spoken(ts: list[Token], i: int) -> tuple[Clock, int] | None:
    """Half past three, half three, (a) quarter to 4, twenty past five, 20 minutes to 2pm."""
    start = i + 1 if ts[i].low == "a" and ts[i + 1].low == "quarter" else i
    first = ts[start].low
    if first == "half":
        j = start + 1
        j += ts[j].low == "-"
        j += ts[j].low in _PAST
        j += ts[j].low == "-"
        hour = _hour(ts, j)
        if hour is None or ts[hour[1]].low in words.PEOPLE | words.UNIT:
            return None
        return _shifted(hour, 30)
    if first == "quarter":
        return _relative(ts, start + 1, 15)
    found = whole(ts, start)
    if found is None or not 1 <= found[0] <= 59:
        return None
    minutes, j = found
    named = ts[j].low in ("minutes", "mins", "min", "minute")
    if named:
        j += 1
    if ts[j].low in _PAST or named or (ts[j].low == "to" and _minutes_to(ts, i, minutes)):
        return _relative(ts, j, minutes)
    return None


def _minutes_to(ts: list[Token], i: int, minutes: int) -> bool:
    """Tell "twenty to three" and "at ten to three" from the range "ten to three"."""
    before = ts[i - 1].low if i else ""
    if minutes in (5, 10) and ts[i].kind == "word" and any(t.low in ("until", "till", "til") for t in ts[i + 3 : i + 8]):
        return before != "from"  # "ten to three until four"
    return minutes in (20, 25) or (before in ("at", "@") and minutes in (5, 10) and ts[i].kind == "word")


def _relative(ts: list[Token], j: int, minutes: int) -> tuple[Clock, int] | None:
    j += ts[j].low == "-"
    word = ts[j].low
    if word not in _PAST and word not in _TO:
        return None
    k = j + 1
    k += ts[k].low == "-"
    hour = _hour(ts, k)
    if hour is None or ts[hour[1]].low in words.UNIT or ts[hour[1]].low in words.PEOPLE:
        return None
    return _shifted(hour, minutes if word in _PAST else -minutes)


def _shifted(hour: tuple[Clock, int], minutes: int) -> tuple[Clock, int]:
    clock, j = hour
    if minutes > 0:
        return Clock(clock.hour, minutes, clock.half, exact=clock.exact), j
    if clock.half or clock.exact or clock.hour > 12:
        total = (clock.minutes + minutes) % 1440
        return Clock(total // 60, total % 60, exact=True), j
    # A bare hour keeps its half of the day: quarter to 8 is 7:45 in the morning, because 8 is in the morning.
    half = "pm" if clock.hour == 12 or clock.hour < 8 else "am"
    total = (Clock(clock.hour, half=half).minutes + minutes) % 1440
    return Clock((total // 60 - 1) % 12 + 1, total % 60, "pm" if total >= 720 else "am"), j


def _digits(ts: list[Token], i: int) -> tuple[Clock, int] | None:
    t = ts[i]
    if t.kind == "iso":
        return None
    if t.kind != "num" or t.value is None:
        return None
    if len(t.text) <= 2:
        return _short(ts, i)
    if len(t.text) in (3, 4):
        return _packed(ts, i)
    return None


def _short(ts: list[Token], i: int) -> tuple[Clock, int] | None:
    """One or two digits and what belongs to them."""
    hour = ts[i].value or 0
    padded = len(ts[i].text) == 2 and (ts[i].text[0] == "0" or hour >= 13)
    sep, tail = ts[i + 1], ts[i + 2]
    tight = not sep.space and not tail.space and tail.kind == "num" and tail.value is not None
    slipped = (
        sep.low == ";" and len(tail.text) == 2 and (tail.value or 99) % 5 == 0 and (tail.value or 99) < 60 and hour < 24
    )
    if (sep.low == ":" or slipped) and tight and len(tail.text) <= 2:
        j = i + 5 if ts[i + 3].low == ":" and ts[i + 4].kind == "num" and len(ts[i + 4].text) == 2 else i + 3
        minute = tail.value or 0 if len(tail.text) == 2 else 99
        if ts[j].low in ("hours", "hrs", "hr", "h") and not lasts(ts, i, hour):
            return Clock(hour, minute, exact=True), j + 1
        return _marked(ts, j, hour, minute, padded=padded)
    listed = sep.low == "," and "," in (ts[i - 1].low, ts[i + 3].low)  # "fri,9,10,apollo"
    if sep.low in (".", ",") and tight and not listed and len(tail.text) == 2 and (tail.value or 0) < 60:
        return _dotted(ts, i, hour, padded=padded)
    if sep.low == "h" and not sep.space:
        return _french(ts, i, hour)
    if sep.low == ":" and sep.space and ts[i + 2].kind == "num" and len(tail.text) == 2 and hour < 25:
        return _marked(ts, i + 3, hour, tail.value or 0, padded=padded)
    marked = half_of_day(ts, i + 1)
    if marked:
        return _undisputed(ts, Clock(hour, half=marked[0]), marked[1])
    j = _oclock(ts, i + 1)
    if j and _uhr_minutes(ts, j):
        return Clock(hour, ts[j].value or 0, exact=padded or hour >= 13), j + 1
    if j:
        return _marked(ts, j, hour, 0, padded=padded)
    if tail.kind and sep.kind == "num" and sep.space and len(sep.text) == 2 and (sep.value or 99) < 60 and hour <= 12:
        return _dictated(ts, i, hour, sep.value or 0)
    return _lone(ts, i, hour, padded=padded)


def _uhr_minutes(ts: list[Token], j: int) -> bool:
    """Whether a German's minutes stand behind the hour: "9 Uhr 30"."""
    plain = ts[j].kind == "num" and len(ts[j].text) == 2 and (ts[j].value or 0) < 60
    return ts[j - 1].low == "uhr" and plain and not _counted(ts[j + 1]) and ts[j + 1].low not in ("-", "/", "x")


def lasts(ts: list[Token], i: int, hour: int) -> bool:
    """Tell the length "1:30 hours" from the time "14:00 hrs"."""
    before = ts[i - 1].low if i else ""
    return hour < 8 and ts[i].text[0] != "0" and before not in TIME_LEADS and before not in _JOINS


def _marked(ts: list[Token], j: int, hour: int, minute: int, *, padded: bool) -> tuple[Clock, int]:
    half = half_of_day(ts, j)
    if half:
        return _undisputed(ts, Clock(hour, minute, half[0]), half[1])
    return Clock(hour, minute, exact=padded or hour == 0 or hour >= 13), j


def _undisputed(ts: list[Token], found: Clock, j: int) -> tuple[Clock, int]:
    """No clock shows "3pm am"."""
    again = half_of_day(ts, j) if ts[j].low in _HALVES else None
    return (Clock(99, 99, exact=True), again[1]) if again and again[0] != found.half else (found, j)


def _dotted(ts: list[Token], i: int, hour: int, *, padded: bool) -> tuple[Clock, int] | None:
    """2.30pm, at 2.30, 14.30-15.30; but not 15.12. or 1.25 hours or 15.12.2026."""
    after = ts[i + 3]
    if (after.low == "." and ts[i + 4].kind == "num") or after.low in words.PEOPLE or hour > 24:
        return None
    if after.low in ("hours", "hour", "hrs", "hr", "u", "uhr") and (
        hour > 7 or (i and ts[i - 1].low in TIME_LEADS | {"to", "-"})
    ):
        return Clock(hour, ts[i + 2].value or 0, exact=hour > 12), i + 4
    return _marked(ts, i + 3, hour, ts[i + 2].value or 0, padded=padded)


def _french(ts: list[Token], i: int, hour: int) -> tuple[Clock, int] | None:
    """15h30 and 15h are times; 1h30 and 8h are lengths, unless "at" or another such time stands beside them."""
    tail = ts[i + 2]
    has_minutes = tail.kind == "num" and not tail.space and len(tail.text) == 2
    before = ts[i - 1].low if i else ""
    j = i + 3 if has_minutes else i + 2
    if hour > 24 or (before in ("for", "of", "+") and hour < 13 and not (before == "of" and _french_follows(ts, j))):
        return None
    if before == "/" and ts[i - 1].space and ts[i].space:
        before = ""  # "2pm / 1h / 6 people"
    beside = before in TIME_LEADS or (before in _JOINS and i >= 2) or _french_follows(ts, j)
    if hour >= (7 if has_minutes else 9) or beside:
        return Clock(hour, (tail.value or 0) if has_minutes else 0, exact=True), j
    return None


def _french_follows(ts: list[Token], j: int) -> bool:
    return ts[j].low in _JOINS and ts[j + 1].kind == "num" and ts[j + 2].low == "h" and not ts[j + 2].space


def _dictated(ts: list[Token], i: int, hour: int, minute: int) -> tuple[Clock, int] | None:
    """2 30 pm, as dictation writes it; without the half of the day only behind "at"."""
    half = half_of_day(ts, i + 2)
    if half:
        return Clock(hour, minute, half[0]), half[1]
    if i and ts[i - 1].low in ("at", "@", "from", "until", "till") and not _counted(ts[i + 2]):
        return Clock(hour, minute), i + 2
    return _lone(ts, i, hour, padded=False)


def _counted(t: Token) -> bool:
    return t.low in words.UNIT or t.low in words.PEOPLE or t.low in ("of", ":")


def _lone(ts: list[Token], i: int, hour: int, *, padded: bool) -> tuple[Clock, int]:
    if padded and ts[i].text[0] == "0" and i and (ts[i - 1].low in TIME_LEADS or ts[i - 1].low in _JOINS):
        return Clock(hour, exact=True), i + 1
    return Clock(hour, bare=True), i + 1


def _packed(ts: list[Token], i: int) -> tuple[Clock, int] | None:
    """340pm, 1030, 0930, 1400 hours; years and numbers of things are left alone."""
    t = ts[i]
    value = t.value or 0
    hour, minute = divmod(value, 100)
    half = half_of_day(ts, i + 1)
    if half:
        return Clock(hour, minute, half[0]), half[1]
    before = ts[i - 1].low if i else ""
    lead = before in TIME_LEADS or before in _JOINS
    j = i + 1
    if ts[j].low in ("hours", "hrs", "h", "hour", "uhr", "hr") and len(t.text) == 4:
        return Clock(hour, minute, exact=True), j + 1
    if hour > 24 or minute > 59:
        # "at 1475" is a slip in a time; a lone 1475 is just a number.
        return (Clock(hour, minute, exact=True), j) if before in ("at", "@") and len(t.text) == 4 else None
    if ts[j].low in words.PEOPLE or ts[j].low in words.UNIT or (len(t.text) == 3 and not lead and not _joined(ts, j)):
        return None
    if 2020 <= value <= 2039 and not lead and not _joined(ts, j):
        return None
    return Clock(hour, minute, exact=len(t.text) == 4), j


def _joined(ts: list[Token], j: int) -> bool:
    return ts[j].low in _JOINS and (ts[j + 1].kind == "num" or ts[j + 1].value is not None)


def _words(ts: list[Token], i: int) -> tuple[Clock, int] | None:
    """Three, two thirty, eight forty pm, two oh five, fourteen hundred."""
    if ts[i].kind != "word":
        return None
    found = _homophone(ts, i) or whole(ts, i)
    if found is None or not 1 <= found[0] <= 24:
        return None
    hour, j = found
    half = half_of_day(ts, j)
    if half:
        return Clock(hour, half=half[0]), half[1]
    clock = _oclock(ts, j)
    if clock:
        return _marked(ts, clock, hour, 0, padded=False)
    if ts[j].low == "hundred":
        return Clock(hour, exact=True), j + 2 if ts[j + 1].low in ("hours", "hrs") else j + 1
    k = j + 1 if ts[j].low == "-" and not ts[j].space else j
    if ts[k].low in ("oh", "o") and 1 <= (ts[k + 1].value or 0) <= 9:
        return _marked(ts, k + 2, hour, ts[k + 1].value or 0, padded=False)
    minutes = whole(ts, k) if ts[k].kind in ("word", "num") else None
    if minutes and 10 <= minutes[0] <= 59 and not _counted(ts[minutes[1]]) and ts[i - 1].low != "for":
        spelled_for_people = ts[k].kind == "num"
        if not spelled_for_people:
            return _marked(ts, minutes[1], hour, minutes[0], padded=False)
    return Clock(hour, bare=True), j


def _homophone(ts: list[Token], i: int) -> tuple[int, int] | None:
    """ "too pm" and "at for pm", as people write what they hear."""
    heard = {"too": 2, "to": 2, "for": 4, "ate": 8}.get(ts[i].low)
    if heard is None or (ts[i].low != "too" and not (i and ts[i - 1].low in ("at", "@", "from", "until", "till", "for"))):
        return None
    return (heard, i + 1) if half_of_day(ts, i + 1) or _oclock(ts, i + 1) else None


def _named(ts: list[Token], i: int) -> tuple[Clock, int] | None:
    t, after = ts[i], ts[i + 1]
    if t.low == "lunch" and after.low == "-" and not after.space and ts[i + 2].kind == "word" and not ts[i + 2].space:
        return None  # "lunch-break yoga"
    if t.low == "first" and after.low == "thing":
        return Clock(9, exact=True, name="first thing"), i + 2
    if t.low in ("end", "close") and after.low == "of" and ts[i + 2].low in ("day", "business", "the"):
        j = i + 3
        j += ts[j].low in ("day", "business") and ts[i + 2].low == "the"
        j += ts[j].low == "day" and ts[j - 1].low == "business"
        return Clock(18, exact=True, name="eod"), j
    if t.value == 12 and after.low in ("noon", "midday", "midnight"):
        return Clock(
            12 if after.low != "midnight" else 24, exact=True, name="midnight" if after.low == "midnight" else "noon"
        ), i + 2
    name = words.NAMED_CLOCKS.get(t.low)
    if name is None:
        if t.low in ("lunch", "dinner") and after.low == "time":
            return None
        return None
    hour = {"noon": 12, "lunch": 12, "midnight": 24, "eod": 18}[name]
    return Clock(hour, exact=True, name=name), i + (2 if after.low == "time" else 1)
