"""Walks over the tokens once and lets the matchers claim them; the longest claim wins, every token ends in some item.

Kept out: what the items mean together (see compose.py).
"""

# ruff: noqa: SIM905
# ruff: noqa: PLR0911
# word lists read better as text; matchers return from the first form that fits

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from handlers.sentence import (
    bounds,
    clock,
    codes,
    durations,
    labels,
    moments,
    names,
    people,
    phrasebook,
    places,
    recurrence,
    roles,
    shapes,
    slips,
    subjects,
    words,
)
from handlers.sentence.dates import Dates, shifted
from handlers.sentence.equipment import Equipment
from handlers.sentence.items import Clock, Day, Item
from handlers.sentence.known import EMPTY, JOINED_TO_NUMBERS, PREPOSITIONS, known
from handlers.sentence.model import Book
from handlers.sentence.things import spellings
from handlers.sentence.tokens import Token

# Words that may stand between a preposition and what it governs.
THIN = frozenset(
    "about around approx approximately roughly circa ca up max maximum min minimum least most exactly"
    " maybe say at the a like probably total just nearly almost only precisely sharp our my".split()
)
JOINS = {"-": "-", "->": "-", "~": "-", "/": "/"}
_NAME_TAILS = frozenset({",", "and", "&", "+", "-", "ji", "sir", "plus"})  # behind a name at the head of a list


@dataclass(slots=True)
class Scanner:
    """The matchers for one book and locale."""

    catalogue: places.Catalogue
    equipment: Equipment
    dates: Dates
    starters: frozenset[str]

    def scan(self, ts: list[Token]) -> list[Item]:
        """Return the items of a token list in order; together they cover every token."""
        xs: list[Item] = []
        slips.respell_rooms(self.catalogue, ts)
        i = 0
        while ts[i].kind != "end":
            found = self._special(ts, i) or self._longest(ts, i) or self._rest(ts, i, xs)
            if found.kind == "moment":
                xs += _moment(ts[i], found)
            else:
                xs.append(found)
            if found.kind == "count":
                xs += [Item("mention", t.low, found.j, found.j) for t in ts[i : found.j] if t.kind == "mention"]
            i = found.j
        slips.partial(self.catalogue, ts, xs)
        return xs

    def _special(self, ts: list[Token], i: int) -> Item | None:
        """Tokens whose kind alone says what they are."""
        t = ts[i]
        if t.kind == "quote":
            return Item("title", t.text[1:-1].strip(), i, i + 1)
        if t.kind == "mention":
            added = people.match(ts, i)
            if added is not None:
                return added
            return Item("mention", t.low, i, i + 1)
        if t.kind == "zoned":
            return _zoned(t, i)
        if t.kind == "iso":
            return Item("moment", t.text, i, i + 1)
        if t.kind == "junk":
            return Item("filler", t.text, i, i + 1)
        starred = phrasebook.correction(ts, i) if t.low == "*" else None
        if starred:
            return starred
        coded = codes.match(ts, i)
        if coded:
            return coded
        return self._project(ts, i) or labels.subject(ts, i) or self._after_signs(ts, i)

    def _after_signs(self, ts: list[Token], i: int) -> Item | None:
        """A label, or a word with a number behind it."""
        t = ts[i]
        label = labels.match(ts, i)
        if label:
            return label
        return self._coded(ts, i) if t.kind == "word" and ts[i + 1].kind == "num" else None

    def _project(self, ts: list[Token], i: int) -> Item | None:
        """PROJ-123 names a ticket; FRI-27 does not."""
        t, dash, number = ts[i : i + 3]
        if (
            t.kind != "word"
            or not t.text.isupper()
            or (len(t.text) < 2 and ts[i + 3].kind != "word")
            or dash.low != "-"
            or number.kind != "num"
        ):
            return None
        dated = t.low in words.WEEKDAYS or t.low in words.MONTHS or t.low in words.PARTS or t.value is not None
        if dated or dash.space or number.space or (len(t.text) > 1 and (t.low in self.starters or t.low in PREPOSITIONS)):
            return None
        return Item("filler", "ticket", i, i + 3)

    def _coded(self, ts: list[Token], i: int) -> Item | None:
        """Q4, sprint 42 and v2 are subjects; B12 may be a room that nobody knows."""
        t, number = ts[i], ts[i + 1]
        glued = not number.space
        if t.low in subjects.NUMBERED_SUBJECTS and (glued or len(t.low) > 2):
            j = i + 2 + 2 * (ts[i + 2].low in ("of", "/") and ts[i + 3].kind == "num")
            while ts[j].low == "." and ts[j + 1].kind == "num" and not ts[j + 1].space:
                j += 2
            j += ts[j].kind == "word" and not ts[j].space and len(ts[j].text) == 1 and ts[j].text.isupper()  # class 3B
            schooled = t.low in ("year", "grade") and ts[j].low not in words.UNIT
            return None if places.counts_something(ts, j) and not schooled else Item("filler", t.low, i, j)
        strange = t.low not in self.starters and t.low not in PREPOSITIONS and not known(t.low)
        if codes.short_name(ts, i):
            return Item("filler", "name", i, i + 3)
        if codes.ticket(ts, i) or _product(ts, i) or (t.text == "X" and glued and (number.value or 0) > 30):
            return Item("filler", "ticket", i, i + 2)
        if glued and strange and t.low not in words.UNIT and t.low not in JOINED_TO_NUMBERS:
            return Item("code", t.text + number.text, i, i + 2)
        return None

    def _longest(self, ts: list[Token], i: int) -> Item | None:
        t = ts[i]
        site = ts[i + 1].low in places.SITE or ts[i + 2].low in places.SITE or ts[i + 1].low == "("
        if (
            t.kind == "word"
            and not t.room_word
            and not site
            and t.low not in self.starters
            and t.text.lower() not in self.starters
        ):
            listed = t.text[0].isupper() and (ts[i + 1].low in _NAME_TAILS or t.low in names.TITLES)
            placed = i > 0 and ts[i - 1].low in (
                "from",
                "in",
                "of",
                "at",
                "near",
            )  # "colleagues from Basel, 6 people and me"
            return people.named(ts, i) if listed and not placed else None
        if t.kind == "punct" and t.low not in ("-", "+", "@", "~", "?", "_", "#"):
            return None
        best: Item | None = None
        for found in self._claims(ts, i):
            if found is not None and (best is None or found.j > best.j):
                best = found
        return best

    def _claims(self, ts: list[Token], i: int) -> tuple[Item | None, ...]:
        """What each matcher makes of token i; of equally long claims the first wins."""
        t = ts[i]
        if t.kind == "punct":
            return people.match(ts, i), moments.soon(ts, i)
        return (
            bounds.match(ts, i),
            phrasebook.idiom(ts, i),
            phrasebook.correction(ts, i),
            self.catalogue.room(ts, i),
            self.equipment.match(ts, i),
            recurrence.match(ts, i),
            people.match(ts, i),
            recurrence.limit(ts, i),
            shifted(ts, i, self.dates),
            self.dates.match(ts, i),
            clock.match(ts, i) if ts[i + 1].low in ("h", ":") or len(t.text) == 4 else None,
            moments.soon(ts, i),
            durations.match(ts, i),
            moments.part_of_day(ts, i),
            self.catalogue.place(ts, i),
            self._shape(ts, i),
            moments.zone(ts, i),
            clock.match(ts, i),
        )

    def _shape(self, ts: list[Token], i: int) -> Item | None:
        """A floor, building or city, unless a room's name is among its words: "Apollo Berlin office"."""
        found = shapes.match_shape(ts, i)
        if found is not None and found.kind == "city" and any(self.catalogue.room(ts, k) for k in range(i, found.j)):
            return None
        return found

    def _rest(self, ts: list[Token], i: int, xs: list[Item]) -> Item:
        """Prepositions, punctuation, words that mean nothing here, and words that nobody knows."""
        t = ts[i]
        if t.kind == "num" or (t.kind == "word" and (t.value or 0) > 24):
            return Item("number", t.text, i, i + 1)
        if t.kind == "punct":
            return _punctuation(ts, i)
        if t.low in ("private", "confidential", "privately", "confidentially"):
            return Item("private", t.low, i, i + 1)
        if t.low in words.CHOICE:
            return Item("or", t.low, i, i + 1)
        near = slips.near_room(self.catalogue, ts, i, xs)
        if near:
            return near
        slipped = _little_word(ts, i)
        if slipped:
            return slipped
        mended = slips.split_amenity(ts, i)
        if mended:
            return mended
        if t.low in PREPOSITIONS and t.kind == "word":
            return Item("prep", PREPOSITIONS[t.low], i, i + 1, note=t.low)
        loaded = _loaded(ts, i)
        if loaded:
            return loaded
        thin = t.low in THIN
        if thin or t.low in EMPTY:
            return Item("filler", t.low, i, i + 1, note="thin" if thin else "")
        return Item("word", t.text, i, i + 1)


def _product(ts: list[Token], i: int) -> bool:
    """Win11: three letters and more, not all capitals, name a thing; rooms have one letter or two, or capitals."""
    t, number_token = ts[i], ts[i + 1]
    return not number_token.space and len(t.text) >= 3 and not t.text.isupper() and _strange(t.low)


def _strange(low: str) -> bool:
    dated = low in words.MONTHS or low in words.WEEKDAYS or low in words.PARTS or low in words.TODAY | words.TOMORROW
    return (
        not dated and low not in PREPOSITIONS and low not in words.UNIT and not known(low) and low not in JOINED_TO_NUMBERS
    )


def _moment(t: Token, found: Item) -> list[Item]:
    """Split an ISO moment into its day and its clock time."""
    when = moments.moment(t.text)
    if when is None:
        return [Item("clock", Clock(99, 99), found.i, found.j)]
    day = Day("date", day=when.day, month=when.month, year=when.year, phrase=f"{when:%Y-%m-%d}")
    time = Clock(when.hour, when.minute, exact=True, moment=when if when.tzinfo else None)
    return [Item("day", day, found.i, found.j), Item("clock", time, found.i, found.j)]


def _zoned(t: Token, i: int) -> Item:
    """The zone of a calendar's DTSTART, if the world has it."""
    try:
        ZoneInfo(t.low)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return Item("when", t.text, i, i + 1)
    return Item("zone", t.low, i, i + 1, note=t.low)


def _little_word(ts: list[Token], i: int) -> Item | None:
    """Words that are something else only between times: "at hours 11", "wrap 0930", "4 too 5"."""
    t = ts[i]
    after_time_lead = i and ts[i - 1].low in ("at", "from", "until", "till", "to") and ts[i + 1].kind == "num"
    if t.low in ("hours", "hour", "hrs") and after_time_lead:
        return Item("filler", t.low, i, i + 1, note="thin")  # "at hours 11"
    if t.low == "wrap" and ts[i + 1].kind == "num":
        return Item("prep", "until", i, i + 1, note="wrap")
    if t.low == "too" and ts[i - 1].kind == ts[i + 1].kind == "num" and i:
        return Item("prep", "to", i, i + 1, note="too")
    return None


def _loaded(ts: list[Token], i: int) -> Item | None:
    """A word that could carry a time, a command or a negation."""
    t = ts[i]
    for kind, group in (
        ("not", words.NEGATION),
        ("other", words.OTHER_COMMAND),
        ("holiday", words.HOLIDAYS),
        ("when", words.VAGUE_TIME),
        ("when", words.FOREIGN_TIME),
    ):
        if t.low in group:
            return Item(kind, t.text, i, i + 1)
    if t.low in words.WEEKDAYS and t.low not in ("mo", "tu", "wedn", "th", "fr"):
        return Item("when", t.text, i, i + 1)
    if t.low in words.MONTHS and t.low not in ("may", "march", "mar"):
        return Item("when", t.text, i, i + 1)
    return None


def _punctuation(ts: list[Token], i: int) -> Item:
    low = ts[i].low
    if low == "." and i and ts[i - 1].low in ("approx", "ca", "max", "min", "incl", "circa") and not ts[i].space:
        return Item("filler", low, i, i + 1, note="thin")
    if low == "/" and ts[i].space and ts[i + 1].space and sum(t.low == "/" for t in ts) > 1:
        return Item("sep", low, i, i + 1)  # "fri / 2pm / 1h"
    if low in JOINS or low.startswith(".."):
        return Item("conn", JOINS.get(low, "-"), i, i + 1)
    if low == "@":
        return Item("prep", "at", i, i + 1, note="@")
    if low in ("&", "+"):
        return Item("prep", "and", i, i + 1, note=low)
    return Item(
        "filler" if low in (":", "#", "(", "=") else "sep", low, i, i + 1, note="thin" if low in (":", "(", "=") else ""
    )


def _starters(catalogue: places.Catalogue, equipment: Equipment, dates: Dates) -> frozenset[str]:
    """Every word that some matcher may begin with; other words need no second look."""
    named = set(catalogue.room_firsts) | set(catalogue.place_firsts) | set(equipment.table)
    named |= {word + "s" for word in equipment.table}
    grammar = (
        set(words.NUMBERS) | set(words.ORDINALS) | set(words.WEEKDAYS) | set(words.WEEKDAY_PLURALS) | set(dates.months)
        | words.TOMORROW | words.TODAY | set(words.PARTS) | set(words.NAMED_CLOCKS) | set(words.ZONE_FAMILIES)
        | words.FACILITIES | words.WELL_KNOWN_CITIES | words.CITY_FIRSTS | words.HOLIDAYS
        | set(phrasebook.IDIOMS) | phrasebook.FIX_FIRSTS | phrasebook.TALKED | phrasebook.NAMED_DAYS
    )  # fmt: skip
    grammar |= set(
        "a an the half quarter in on at this next nxt last previous past coming following upcoming late early mid later"
        " during end close first rm room no not without sans minus don't dont doesn't doesnt do does will won't wont"
        " needn't needs every each evry ea once twice alternate alternating bi biweekly fortnightly weekly daily everyday"
        " quarterly monthly weekdays workdays hourly weekday weekend weekends eow eom day days week office site campus hq"
        " headquarters branch hub building bldg bldng bld floor level lvl fl ground lower upper basement both me myself i"
        " moi with just only solo alone by for we we're we'll there there're there'll us couple few several many lots"
        " bunch negative seats seating fits fit fitting sits seat capacity accommodate accommodates headcount pax"
        " attendees participants people attendance guests invitees persons size occupancy group party team crew squad"
        " table gang class audience family meeting band number delegation max maximum min minimum head total over now asap"
        " immediately rn right straight as hour hourlong new san los tel hong after overmorrow yesterday all other some"
        " one any w and between note email mail message call chat conversation discussion request thread letter memo to"
        " xx tbd panel hour that which they they're they'll"
        " there'd we'd so hundred hundreds thousand thousands million gazillion"
        " zillion am pm self up strength too ate meself him her he she my x our ours yours happy merry have hope hoping"
        " enjoy trio duo foursome quartet baker's bakers pair these those fortnight morrow weeks beginning start"
        " sometime hc expecting expect cap ppl forthwith drop skip lose scrap ditch forget remove leave z f m quorum"
        " handful hold"
        " holds take takes handle handles host hosts"
        " attendee guest nr num"
        " twins triplets"
        " newlyweds whole entire full complete making ie thus therefore altogether member members delegates visitors".split()
    )
    return frozenset(
        named | grammar | roles.SINGULAR | bounds.FIRSTS | people.GROUPS | {"room", "rm", "someone", "somebody"}
    )


def scanner(book: Book, locale: str) -> Scanner:
    """Return the scanner for a book and a locale; the last few are remembered."""
    catalogue = places.catalogue(book)
    key = (id(catalogue), locale)
    known = _scanners.get(key)
    if known is not None and known.catalogue is catalogue:
        return known
    extra = book.amenities | frozenset(name for room in book.rooms for name in room.amenities)
    equipment = Equipment(frozenset(extra), spellings(book.things))
    dates = Dates(month_first=locale.replace("_", "-") == "en-US", months=_month_names(locale))
    made = Scanner(catalogue, equipment, dates, _starters(catalogue, equipment, dates))
    while len(_scanners) >= 32:
        _scanners.pop(next(iter(_scanners)), None)
    _scanners[key] = made
    return made


_scanners: dict[tuple[int, str], Scanner] = {}


@lru_cache(maxsize=32)
def _month_names(locale: str) -> dict[str, int]:
    """English month names, and those of the person's own language."""
    from babel import Locale, UnknownLocaleError

    from handlers.sentence.tokens import fold

    months = dict(words.MONTHS)
    language = locale.replace("_", "-").partition("-")[0]
    if language == "en":
        return months
    try:
        own = Locale(language).months["format"]
    except (UnknownLocaleError, ValueError):
        return months
    for width in ("wide", "abbreviated"):
        for month, name in own[width].items():
            months.setdefault(fold(name).strip("."), month)
    return months
