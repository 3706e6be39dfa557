"""Walks over the tokens once and lets the matchers claim them; the longest claim wins, every token ends in some item.

Kept out: what the items mean together (see compose.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from handlers.sentence import clock, durations, people, places, recurrence, words
from handlers.sentence.dates import Dates, shifted
from handlers.sentence.equipment import Equipment
from handlers.sentence.items import Clock, Day, Item
from handlers.sentence.model import Book
from handlers.sentence.numbers import whole
from handlers.sentence.tokens import Token

PREPOSITIONS: dict[str, str] = {
    "at": "at", "@": "at", "from": "from", "between": "between", "betwen": "between", "btw": "between", "btwn": "between",
    "until": "until", "till": "until", "til": "until", "untill": "until", "unitl": "until",
    "through": "until", "thru": "until", "to": "to", "for": "for", "4": "for", "on": "on", "in": "in", "and": "and",
    "&": "and", "+": "and", "by": "by", "before": "before", "after": "after", "since": "since", "within": "within",
    "starting": "from", "starts": "from", "start": "from", "begin": "from", "begins": "from", "beginning": "from",
    "commencing": "from", "ends": "until", "ending": "until", "end": "until", "finish": "until", "finishing": "until",
    "finishes": "until", "time": "at", "fro": "for", "fr": "for", "ot": "to", "form": "from",
}  # fmt: skip
# Words that may stand between a preposition and what it governs.
THIN = frozenset(
    "about around approx approximately roughly circa ca up max maximum min minimum least most exactly maybe say at"
    " the a like probably total just nearly almost only precisely sharp our my".split()
)
JOINS = {"-": "-", "->": "-", "~": "-", "/": "/"}
_ZONE_TAILS = frozenset({"time", "standard", "daylight"})
_LABELS = frozenset(
    "when where who what subject title topic date time start end location room attendees duration organizer organiser"
    " required optional agenda description notes people participants from to via link".split()
)
_SUBJECT_LABELS = frozenset({"subject", "title", "topic", "re", "agenda", "summary", "description", "notes", "fw", "fwd"})
_GREETED = frozenset({"morning", "afternoon", "evening"})
_FIXES = frozenset(
    "no wait sorry actually i mean make that it scratch rather oops correction ah um uh hmm nope let's say oh strike"
    " er well or whoops sry actualy ignore i'd meant change not".split()
) | {",", ".", "-", "...", "..", "!", "*", ";"}  # fmt: skip
_FIX_TRIGGERS = (
    ("no", "wait"), ("wait",), ("scratch", "that"), ("oops",), ("whoops",), ("i", "mean"), ("i", "meant"), ("correction",),
    ("make", "that"), ("make", "it"), ("strike", "that"), ("sorry",), ("sry",), ("actually",), ("or", "rather"), ("nope",),
    ("ignore", "that"), ("no", ","), ("no", "sorry"), ("no", "actually"), ("no", "make"), ("change", "that"), ("no", "not"),
)  # fmt: skip
JOINED_TO_NUMBERS = frozenset({"x", "p", "a", "am", "pm", "st", "nd", "rd", "th", "ppl", "room", "rm", "h"})
_SOFT_FIXES = frozenset({("sorry",), ("sry",), ("actually",), ("make", "it"), ("make", "that"), ("oops",), ("whoops",)})
_IDIOMS = (
    ("as", "soon", "as", "possible"), ("no", "rush"), ("no", "worries"), ("no", "problem"), ("no", "hurry"),
    ("no", "preference"), ("not", "urgent"), ("nothing", "fancy"), ("nothing", "special"), ("why", "not"),
    ("no", "matter"), ("not", "too", "big"), ("not", "too", "small"), ("not", "too", "large"), ("not", "important"),
    ("if", "not", "too", "much", "trouble"), ("no", "more", "than"), ("not", "more", "than"), ("no", "biggie"),
    ("one", "last", "thing"), ("good", "morning"), ("good", "afternoon"), ("good", "evening"), ("good", "day"),
    ("may", "i"), ("may", "we"), ("may", "you"), ("may", "need"), ("may", "be"), ("may", "have"), ("one", "more", "thing"),
    ("once", "again"), ("one", "room"), ("a", "few", "words"), ("at", "the", "latest"), ("a", "bit"), ("the", "usual"),
    ("no", "less", "than"), ("not", "less", "than"), ("no", "fewer", "than"), ("more", "than"), ("have", "a", "great", "day"),
    ("have", "a", "nice", "day"), ("have", "a", "good", "day"), ("one", "room", "please"), ("in", "advance"), ("in", "person"),
    ("first", "available"), ("next", "available"), ("per", "my", "last", "email"), ("last", "minute"), ("short", "notice"),
    ("by", "chance"), ("by", "any", "chance"), ("by", "the", "way"), ("so", "many", "thanks"), ("many", "thanks"),
    ("nice", "day"), ("last", "but", "not", "least"), ("if", "possible"), ("early", "bird"), ("day", "trip"),
    ("all", "hands"), ("after", "all"), ("or", "similar"), ("or", "something"), ("or", "whatever"), ("or", "bigger"),
    ("or", "larger"), ("or", "more"), ("or", "something", "like", "that"), ("or", "so"), ("or", "thereabouts"), ("once", "more"),
    ("with", "each", "other"), ("each", "other"), ("not", "sure", "if"), ("some", "room"), ("some", "space"), ("one", "on"),
    ("sorry", "for"), ("sorry", "about"), ("sorry", "to"), ("end", "user"), ("no", "thanks"), ("same", "day"),
    ("night", "shift"), ("day", "job"), ("last", "call"), ("first", "time"), ("at", "once"), ("next", "steps"), ("next", "gen"),
    ("week", "in", "review"), ("year", "in", "review"), ("year", "end"), ("month", "end"), ("quarter", "end"), ("half", "year"),
    ("mid", "year"), ("day", "to", "day"), ("any", "time", "now"), ("weekly", "report"), ("monthly", "report"),
    ("daily", "report"), ("monthly", "numbers"), ("weekly", "numbers"), ("monthly", "figures"), ("not", "fussy"), ("office", "hours"), ("happy", "hour"), ("working", "hours"), ("business", "hours"), ("all", "hands"),
    ("end", "to", "end"), ("face", "to", "face"), ("one", "more"), ("day", "one"), ("back", "to", "back"), ("next", "level"),
    ("quarter", "review"), ("week", "planning"), ("month", "review"), ("half", "yearly"), ("the", "other", "day"),
    ("not", "picky"), ("don't", "mind"), ("don't", "care"), ("any", "day", "now"),
)  # fmt: skip


def _idiom_table() -> dict[str, tuple[tuple[str, ...], ...]]:
    table: dict[str, list[tuple[str, ...]]] = {}
    for idiom in sorted(_IDIOMS, key=len, reverse=True):
        table.setdefault(idiom[0], []).append(idiom)
    return {first: tuple(group) for first, group in table.items()}


IDIOMS = _idiom_table()
_EMPTY = words.POLITE | words.SUBJECTS | words.PEOPLE_KINDS | words.PEOPLE | words.GIVEN_NAMES
_FIX_FIRSTS = frozenset(trigger[0] for trigger in _FIX_TRIGGERS) | {
    "ah",
    "um",
    "uh",
    "hmm",
    "oh",
    "er",
    "well",
    "no",
    "let's",
}
_NOW = frozenset({"now", "asap", "immediately", "rn"})


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
        i = 0
        while ts[i].kind != "end":
            found = self._special(ts, i) or self._longest(ts, i) or self._rest(ts, i, xs)
            if found.kind == "moment":
                xs += _moment(ts[i], found)
            else:
                xs.append(found)
            i = found.j
        return xs

    def _special(self, ts: list[Token], i: int) -> Item | None:
        """Tokens whose kind alone says what they are."""
        t = ts[i]
        if t.kind == "quote":
            return Item("title", t.text[1:-1].strip(), i, i + 1)
        if t.kind == "mention":
            return Item("mention", t.low, i, i + 1)
        if t.kind == "iso":
            return Item("moment", t.text, i, i + 1)
        if t.kind == "junk":
            return Item("filler", t.text, i, i + 1)
        if (t.value == 1 and _one_room(ts, i)) or (t.low == "4" and ts[i + 1].low == "us"):
            return Item("filler", t.low, i, i + 1)
        if t.line and t.low in _SUBJECT_LABELS and ts[i + 1].low == ":":
            return Item("filler", "subject", i, _end_of_subject(ts, i + 2))
        return self._coded(ts, i) if t.kind == "word" and ts[i + 1].kind == "num" else None

    def _coded(self, ts: list[Token], i: int) -> Item | None:
        """Q4, sprint 42 and v2 are subjects; B12 may be a room that nobody knows."""
        t, number = ts[i], ts[i + 1]
        glued = not number.space
        if t.low in words.NUMBERED_SUBJECTS and (glued or len(t.low) > 2):
            j = i + 2
            while ts[j].low == "." and ts[j + 1].kind == "num" and not ts[j + 1].space:
                j += 2
            return None if places.counts_something(ts, j) else Item("filler", t.low, i, j)
        strange = t.low not in self.starters and t.low not in PREPOSITIONS and not _known(t.low)
        if glued and strange and t.low not in words.UNIT and t.low not in JOINED_TO_NUMBERS:
            return Item("code", t.text + number.text, i, i + 2)
        return None

    def _longest(self, ts: list[Token], i: int) -> Item | None:
        t = ts[i]
        if t.kind == "word" and t.low not in self.starters and t.text.lower() not in self.starters:
            return None
        if t.kind == "punct" and t.low not in ("-", "+", "@", "~"):
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
            return people.match(ts, i), _ahead(ts, i)
        return (
            _idiom(ts, i),
            _fix(ts, i),
            self.catalogue.room(ts, i),
            self.equipment.match(ts, i),
            recurrence.match(ts, i),
            people.match(ts, i),
            recurrence.limit(ts, i),
            shifted(ts, i, self.dates),
            self.dates.match(ts, i),
            clock.match(ts, i) if ts[i + 1].low == "h" or len(t.text) == 4 else None,
            _ahead(ts, i),
            durations.match(ts, i),
            _part(ts, i),
            self.catalogue.place(ts, i),
            places.match_shape(ts, i),
            _zone(ts, i),
            clock.match(ts, i),
        )

    def _rest(self, ts: list[Token], i: int, xs: list[Item]) -> Item:
        """Prepositions, punctuation, words that mean nothing here, and words that nobody knows."""
        t = ts[i]
        if t.kind == "num":
            return Item("number", t.text, i, i + 1)
        if t.kind == "punct":
            return _punctuation(ts, i)
        if t.low in ("private", "confidential", "privately", "confidentially"):
            return Item("private", t.low, i, i + 1)
        if t.low in words.CHOICE:
            return Item("or", t.low, i, i + 1)
        near = self._near_room(ts, i, xs)
        if near:
            return near
        if t.low in PREPOSITIONS and t.kind == "word":
            return Item("prep", PREPOSITIONS[t.low], i, i + 1, note=t.low)
        for kind, group in (
            ("not", words.NEGATION),
            ("other", words.OTHER_COMMAND),
            ("holiday", words.HOLIDAYS),
            ("when", words.VAGUE_TIME),
            ("when", words.FOREIGN_TIME),
        ):
            if t.low in group:
                return Item(kind, t.text, i, i + 1)
        if t.low in words.WEEKDAYS and t.low not in ("mo", "tu", "wedn"):
            return Item("when", t.text, i, i + 1)
        if t.low in words.MONTHS and t.low not in ("may", "march", "mar"):
            return Item("when", t.text, i, i + 1)
        thin = t.low in THIN
        if thin or t.low in _EMPTY:
            return Item("filler", t.low, i, i + 1, note="thin" if thin else "")
        return Item("word", t.text, i, i + 1)

    def _near_room(self, ts: list[Token], i: int, xs: list[Item]) -> Item | None:
        """A room or place behind a slip of the fingers: "apolo", "bigben", "board room"."""
        t, after = ts[i], ts[i + 1]
        known = t.low in _EMPTY
        if after.kind == "word" and not (known and _known(after.low) and t.low + after.low not in self.catalogue.squeezed):
            found = self._near(ts, i, i + 2, t.low + after.low)
            if found:
                return found
        if _known(t.low) or len(t.low) < 4:
            return None
        if t.low in words.WELL_KNOWN_CITIES:
            return None
        found = self._near(ts, i, i + 1, t.low)
        if found is None and xs and xs[-1].kind == "filler" and ts[i - 1].kind == "word" and xs[-1].j == i:
            found = self._near(ts, i - 1, i + 1, ts[i - 1].low + t.low)
            if found:
                xs.pop()
        return found

    def _near(self, ts: list[Token], i: int, j: int, joined: str) -> Item | None:
        del ts
        hits = self.catalogue.near_rooms(joined)
        if hits:
            best = [room for slips, room in hits if slips == hits[0][0]]
            names = {room.name for room in best}
            if len(names) > 1:
                return Item("rooms", best, i, j)
            return Item("room", best, i, j, note="" if hits[0][0] == 0 else "~")
        places_found = self.catalogue.near_places(joined)
        if len(places_found) == 1:
            return Item("place", places_found, i, j, note="~")
        return None


_KNOWN = _EMPTY | words.VAGUE_TIME | words.NEGATION | words.NOT_MISSPELT | words.FOREIGN_TIME | frozenset(PREPOSITIONS)


def _known(low: str) -> bool:
    return low in _KNOWN


def _moment(t: Token, found: Item) -> list[Item]:
    """Split an ISO moment into its day and its clock time."""
    when = clock.moment(t.text)
    if when is None:
        return [Item("clock", Clock(99, 99), found.i, found.j)]
    day = Day("date", day=when.day, month=when.month, year=when.year, phrase=f"{when:%Y-%m-%d}")
    time = Clock(when.hour, when.minute, exact=True, moment=when if when.tzinfo else None)
    return [Item("day", day, found.i, found.j), Item("clock", time, found.i, found.j)]


def _one_room(ts: list[Token], i: int) -> bool:
    """One meeting room, 1 small room."""
    j = i + 1
    while j < i + 4 and ts[j].low in words.POLITE and ts[j].low not in ("room", "on", "to", "for", "in", "at", "and"):
        j += 1
    return ts[j].low in ("room", "slot", "space")


def _end_of_subject(ts: list[Token], j: int) -> int:
    """A subject line ends at its line's end, or where the next label starts."""
    while ts[j].kind not in ("end", "quote", "mention") and not ts[j].line:
        if ts[j].low in _LABELS and ts[j + 1].low == ":" and not ts[j + 1].space and ts[j].kind == "word":
            break
        j += 1
    return j


def _idiom(ts: list[Token], i: int) -> Item | None:
    for idiom in IDIOMS.get(ts[i].low, ()):
        if all(ts[i + n].low == word for n, word in enumerate(idiom)):
            if idiom[0] == "one" and idiom[-1] == "on":
                continue
            kind = "now" if idiom[0] == "as" and idiom[-1] == "possible" else "filler"
            return Item(kind, " ".join(idiom), i, i + len(idiom), note="thin" if idiom[-1] == "than" else "")
    if (
        ts[i].low in _GREETED
        and ts[i].line
        and (ts[i + 1].low in (",", "!", ".", "all", "team", "everyone", "folks", "guys"))
    ):
        return Item("filler", ts[i].low, i, i + 1)
    return None


def _fix(ts: list[Token], i: int) -> Item | None:
    """A self-correction: "no wait", "sorry,", "I mean", "make that"; `value` tells whether it must replace something."""
    if ts[i].low not in _FIX_FIRSTS:
        return None
    j, hard, soft = i, False, False
    while ts[j].low in _FIXES and ts[j].kind != "end" and ts[j].low != "-":
        for trigger in _FIX_TRIGGERS:
            if all(ts[j + n].low == word for n, word in enumerate(trigger)):
                if trigger == ("no", ",") and not (i and ts[i - 1].kind == "punct"):
                    continue
                hard = hard or trigger not in _SOFT_FIXES
                soft = True
        j += 1
    if not soft and ts[i].low == "no" and i and ts[i - 1].low in (",", "-", ".", "...", "..") and _counts_on(ts, i + 1):
        return Item("fix", "hard", i, i + 1)
    if not soft:
        return None
    if ts[j - 1].low in ("not", "i", "or", "i'd"):
        j -= 1
    return Item("fix", "hard" if hard else "soft", i, j)


def _counts_on(ts: list[Token], i: int) -> bool:
    low = ts[i].low
    return ts[i].kind == "num" or ts[i].value is not None or low in words.WEEKDAYS or low in words.TOMORROW or low == "at"


def _ahead(ts: list[Token], i: int) -> Item | None:
    """Now, in 20 minutes, in 1d 2hr 5min, half an hour from now, +15 minutes, the next 30 minutes."""
    low = ts[i].low
    if low in _NOW or (low in ("right", "straight") and ts[i + 1].low in ("now", "away")):
        j = i + (1 if low in _NOW else 2)
        if ts[j].low == "+" and (plus := _span(ts, j + 1)):
            return Item("rel", plus[0], i, plus[1])
        return Item("now", low, i, j)
    if low in ("next", "coming") and (span := durations.match(ts, i + 1)):
        return Item("dur", span.value, i, span.j, note="next")
    if low == "next" and ts[i + 1].low in ("hour",):
        led = i and (ts[i - 1].low == "the" or ts[i - 1].low == "for")
        return Item("dur" if led else "rel", 60, i, i + 2, note="next" if led else "")
    if low in ("in", "after", "+"):
        j = i + 1
        while ts[j].low in ("about", "around", "approximately", "roughly", "like", "another", "exactly", "approx"):
            j += 1
        span = _span(ts, j)
        if span and (low != "after" or ts[span[1]].kind != "word" or ts[span[1]].low in THIN):
            return Item("rel", span[0], i, span[1] + (ts[span[1]].low in ("time", "from")) * _time_tail(ts, span[1]))
        if low == "in" and ts[j].kind == "num" and ts[j].value in (5, 10, 15, 20, 30, 40, 45, 60, 90):
            bare = ts[j + 1].kind == "end" or ts[j + 1].low in (",", "for", "with", "please")
            return Item("rel", ts[j].value, i, j + 1) if bare else None
        return None
    behind = _span(ts, i)
    if behind:
        j = behind[1]
        if ts[j].low == "from" and ts[j + 1].low in ("now", "right"):
            return Item("rel", behind[0], i, j + (2 if ts[j + 1].low == "now" else 3))
        if ts[j].low in ("later", "hence") and ts[j + 1].low != "than":
            return Item("rel", behind[0], i, j + 1, note="later")
    return None


def _time_tail(ts: list[Token], j: int) -> int:
    return 2 if ts[j].low == "from" and ts[j + 1].low == "now" else 1 if ts[j].low == "time" else 0


def _span(ts: list[Token], i: int) -> tuple[int, int] | None:
    """Minutes of a length of time that may start with days; whole days alone are a date, not a span."""
    days, j = 0, i
    found = whole(ts, i)
    if found and ts[found[1]].low in words.DAY and found[0] < 1000:
        days, j = found[0] * 1440, found[1] + 1
        j += ts[j].low in ("and", ",")
    rest = durations.match(ts, j)
    return (days + rest.value, rest.j) if rest else None


def _part(ts: list[Token], i: int) -> Item | None:
    """In the morning, this afternoon, tonight, at night, late afternoon (`note` then says late)."""
    j, lead, shade = i, "", ""
    if ts[j].low in ("in", "during") and ts[j + 1].low == "the":
        j += 2
    elif ts[j].low in ("this", "at"):
        lead, j = ts[j].low, j + 1
    elif ts[j].low == "the":
        j += 1
    if ts[j].low in ("early", "late", "mid", "later"):
        shade, j = ts[j].low, j + 1
        j += ts[j].low == "-"
        j += ts[j].low == "in" and ts[j + 1].low == "the" and 2
    part = words.PARTS.get(ts[j].low)
    if ts[j].low == "2" and ts[j + 1].low in ("nite", "night") and not ts[j + 1].space:
        part, j = "tonight", j + 1
    if part is None or (ts[i].low == "the" and j == i + 1 and part not in ("morning", "afternoon", "evening")):
        return None
    if ts[j].low in ("eve", "aft") and not (i and ts[i - 1].kind in ("num", "word")):
        return None
    today = lead == "this" or part == "tonight"
    return Item("part", (part, today), i, j + 1, note=shade)


def _zone(ts: list[Token], i: int) -> Item | None:
    """EST, Pacific time, UTC+1, (CET); `value` is an IANA name or an offset in minutes."""
    t = ts[i]
    low = t.low
    if low not in words.ZONE_FAMILIES:
        return None
    j = i + 1
    tail = False
    while ts[j].low in _ZONE_TAILS:
        j, tail = j + 1, True
    if low in words.ZONE_NEEDS_TIME and not tail:
        return None
    if low in words.ZONE_NEEDS_CAPITALS and not (tail or t.text.isupper()):
        return None
    if low in ("utc", "gmt") and ts[j].low in ("+", "-") and ts[j + 1].kind == "num" and not ts[j].space:
        hours = ts[j + 1].value or 0
        if hours <= 14:
            sign = 1 if ts[j].low == "+" else -1
            return Item("zone", f"Etc/GMT{'-' if sign > 0 else '+'}{hours}", i, j + 2, note=low)
    return Item("zone", words.ZONE_FAMILIES[low], i, j, note=low)


def _punctuation(ts: list[Token], i: int) -> Item:
    low = ts[i].low
    if low in JOINS or low.startswith(".."):
        return Item("conn", JOINS.get(low, "-"), i, i + 1)
    if low == "@":
        return Item("prep", "at", i, i + 1, note="@")
    if low in ("&", "+"):
        return Item("prep", "and", i, i + 1, note=low)
    return Item("filler" if low in (":", "#", "(") else "sep", low, i, i + 1, note="thin" if low in (":", "(") else "")


def _starters(catalogue: places.Catalogue, equipment: Equipment, dates: Dates) -> frozenset[str]:
    """Every word that some matcher may begin with; other words need no second look."""
    names = set(catalogue.room_firsts) | set(catalogue.place_firsts) | set(equipment.table)
    names |= {word + "s" for word in equipment.table}
    grammar = (
        set(words.NUMBERS) | set(words.ORDINALS) | set(words.WEEKDAYS) | set(words.WEEKDAY_PLURALS) | set(dates.months)
        | words.TOMORROW | words.TODAY | set(words.PARTS) | set(words.NAMED_CLOCKS) | set(words.ZONE_FAMILIES)
        | words.FACILITIES | words.WELL_KNOWN_CITIES | set(IDIOMS) | _FIX_FIRSTS | words.HOLIDAYS
    )  # fmt: skip
    grammar |= set(
        "a an the half quarter in on at this next nxt last previous past coming following upcoming late early mid later"
        " during end close first rm room no not without sans minus don't dont doesn't doesnt do does will won't wont"
        " needn't needs every each evry ea once twice alternate alternating bi biweekly fortnightly weekly daily everyday"
        " monthly weekdays workdays hourly weekday weekend weekends eow eom day days week office site campus hq"
        " headquarters branch hub building bldg bldng bld floor level lvl fl ground lower upper basement both me myself i"
        " moi with just only solo alone by for we we're we'll there there're there'll us couple few several many lots"
        " bunch negative seats seating fits fit fitting sits seat capacity accommodate accommodates headcount pax attendees"
        " participants people attendance guests invitees persons size occupancy group party team crew squad table gang"
        " class audience family meeting band number delegation max maximum min minimum head total over now asap immediately"
        " rn right straight as hour hourlong new san los tel hong after overmorrow yesterday all other some one any w"
        " and between morrow weeks beginning start sometime".split()
    )
    return frozenset(names | grammar | {"room", "rm"})


def scanner(book: Book, locale: str) -> Scanner:
    """Return the scanner for a book and a locale; the last few are remembered."""
    catalogue = places.catalogue(book)
    key = (id(catalogue), locale)
    known = _scanners.get(key)
    if known is not None and known.catalogue is catalogue:
        return known
    extra = book.amenities | frozenset(name for room in book.rooms for name in room.amenities)
    equipment = Equipment(frozenset(extra))
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
        for number, name in own[width].items():
            months.setdefault(fold(name).strip("."), number)
    return months
