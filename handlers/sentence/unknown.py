"""Tells whether a word that nobody knows stands where a room would, or is what people meet for.

Kept out: what to say about it (see leftovers.py).
"""

# ruff: noqa: SIM905
# ruff: noqa: PLR0917
# word lists read better as text; token list and index lead every matcher

from __future__ import annotations

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from handlers.sentence import subjects, words
from handlers.sentence.draft import Draft
from handlers.sentence.items import Item
from handlers.sentence.model import Book
from handlers.sentence.tokens import Token

PLACE_LEADS = frozenset({"in", "at", "@", "inside"})
HALLS = frozenset("hall sala salle raum saal zimmer salon chamber suite studio lounge auditorium".split())
_PLACE_LABELS = frozenset({"room", "rm", "location", "venue", "place", "where", "loc", "raum", "salle"})
_ANY_ROOM = frozenset("a an any some my our your another that this meeting conference the small big free".split())
_ORDERS = frozenset(
    "book booking reserve get grab find give need want please pls plz i i'd we me us my a an the for at on in can could"
    " would like to have you thanks thank with and of from until".split()
)
_SPECIAL = frozenset(
    "server mail print printer break lunch staff prayer wellness mothers mother's nursing lactation changing control press"
    " green blue red yellow white black music storage store supply copy tea locker dining waiting bath rest wash ladies"
    " laundry boiler plant data sick exam treatment operating emergency recovery bed living game games dressing"
    " locker".split()
)
_LIKE = 66  # of 100: as near as "aplo" is to Apollo
# Endings of what people do; no room is called so.
_DOINGS = tuple("ing ion ions ics ment ments logy graphy ance ence ity ism ship psy opsy urgy therapy up itis".split())


def beside_a_room(tokens: list[Token], i: int, j: int, *, articled: bool, text: str) -> bool:
    """Return whether the words i to j are a room's name by the word beside them: "room Goya", "the Moon room"."""
    if i > 1 and tokens[i - 1].low in (":", "=", "-") and tokens[i - 2].low in _PLACE_LABELS and not tokens[i].line:
        return tokens[i - 1].low != "-" or tokens[i - 2].line
    return _behind_a_room_word(tokens, i, text) or _before_a_room_word(tokens, i, j, articled=articled, text=text)


def _behind_a_room_word(tokens: list[Token], i: int, text: str) -> bool:
    if i and tokens[i - 1].low in HALLS and text[0].isupper() and not text.isupper():
        return True
    if i and tokens[i - 1].low in ("room", "rm", "called", "named"):
        some = i > 1 and tokens[i - 2].low in _ANY_ROOM and tokens[i - 1].low in ("room", "rm")
        return not some or (text[0].isupper() and not (text.isupper() and tokens[i - 1].text.isupper()))
    return False


def _before_a_room_word(tokens: list[Token], i: int, j: int, *, articled: bool, text: str) -> bool:
    if tokens[j].low in ("conf", "conference", "meeting") and tokens[j + 1].low in ("room", "rm") and _opens(tokens, i):
        return True  # "ICU conf room"
    if tokens[j].low in HALLS and text[0].isupper() and not text.isupper():
        return True
    if tokens[j].low in ("room", "rm", "suite") and tokens[j + 1].low != "for-now":
        return text[0].isupper() or articled or (i > 0 and tokens[i - 1].low in PLACE_LEADS)
    return False


def _opens(tokens: list[Token], i: int) -> bool:
    """Whether what is booked starts at token i: "book ICU conf room", "in the Acme meeting room"."""
    lead = tokens[i - 1].low if i else ""
    return (
        i == 0 or tokens[i].line or lead in ("book", "reserve", "in", "the", "at", "use", "for", ",", "need", "get", "grab")
    )


def special(tokens: list[Token]) -> str:
    """Return "server room" or the like where a sentence names such a room, which is for other things than meeting, or ""."""
    for n, t in enumerate(tokens[1:-8], start=1):
        owned = tokens[n - 1].low.endswith("'s") or (tokens[n - 1].text[:1].isupper() and tokens[n - 2].low == "the")
        if t.low in HALLS and owned and not t.in_room:
            return f"{tokens[n - 1].text} {t.text}"  # "the Minister's salon"
        if t.low in ("room", "rm") and tokens[n - 1].low in _SPECIAL and not tokens[n - 1].in_room and not t.line:
            return f"{tokens[n - 1].text} {t.text}"
    return ""


def looks_like_a_room(xs: list[Item], x: Item, tokens: list[Token], i: int, j: int, draft: Draft) -> bool:
    """A capitalised word that stands alone between times: "Atrium tomorrow 2pm"; no subject has it so."""
    lettered = j == i + 1 and tokens[i].text.isupper() and len(tokens[i].text) < 5  # CAB, QBR: so meetings are called
    if lettered or draft.rooms or j - i > 2 or not all(t.text[0].isupper() for t in tokens[i:j]) or len(x.value) < 3:
        return False
    if tokens[j - 1].low.endswith(_DOINGS) or (tokens[i].low in words.WELL_KNOWN_CITIES and tokens[j].kind == "word"):
        return False
    letters = [t.text for t in tokens if t.kind == "word"]
    if sum(t.isupper() for t in letters) > len(letters) / 2:
        return False
    before, after = tokens[i - 1] if i else None, tokens[j]
    if any(t.low in ("with", "dr", "mr", "mrs", "ms", "prof") for t in tokens[max(0, i - 3) : i]):
        return False
    for t in (before, after):
        if t is not None and (
            t.low in subjects.SUBJECTS
            or t.low in ("with", "and", "from", ":", "&", "-", "/", "re", "about", "call", "(", "'", "for")
        ):
            return False
    neighbours = [y for y in xs if y.j == i or y.i == j]
    return all(
        y.kind in ("day", "clock", "part", "dur", "count", "sep", "every", "prep", "filler") for y in neighbours
    ) and any(y.kind in ("day", "clock", "part", "dur", "count", "every") for y in neighbours)


def stands_alone(xs: list[Item], x: Item, tokens: list[Token], draft: Draft, book: Book) -> bool:
    """One unknown word beside a time and nothing else, first or last: "book zeppelin tomorrow 2pm" may well mean a room."""
    word = str(x.value)
    if draft.rooms or draft.problems or not word.isalpha() or len(word) < 3:
        return False
    if _ordered_by_name(tokens, x):
        return True
    if x.i and tokens[x.i - 1].low in ("my", "our", "his", "her", "their", "your"):
        return False
    if tokens[x.j].low == "," or not any(y.kind in ("clock", "part", "now", "rel") for y in xs):
        return False
    if not (_ordered(tokens, x) or _like_a_room(word, book) or _like_a_command(word)):
        return False
    talk = [y for y in xs if y is not x and y.kind in ("word", "filler") and str(y.value).lower() not in _ORDERS]
    said = [y for y in xs if y.kind not in ("sep", "filler", "prep")]
    return not talk and len(said) > 1 and (said[0] is x or said[-1] is x)


def _ordered_by_name(tokens: list[Token], x: Item) -> bool:
    """Whether somebody books a thing with a name of two words: "grab Madison Square for fri 3pm"."""
    names = tokens[x.i : x.i + 2]
    if not _ordered(tokens, x) or any(t.kind != "word" or not t.text[0].isupper() or t.text.isupper() for t in names):
        return False
    return tokens[x.i + 2].low in ("for", "on", "at", "from", "tomorrow", "today", ",")


def _ordered(tokens: list[Token], x: Item) -> bool:
    """Whether somebody books the thing itself: "book zeppelin"."""
    return x.i > 0 and tokens[x.i - 1].low in ("book", "booking", "reserve", "get", "grab", "hold", "block", "take", "use")


def _like_a_command(word: str) -> bool:
    """Whether the word is a slip of a command that books nothing: "cancle tomorrow 3pm"."""
    limit = 1 if len(word) < 5 else 2
    return any(
        OSA.distance(word.lower(), said, score_cutoff=limit) <= limit for said in ("cancel", "move", "delete", "resched")
    )


def _like_a_room(word: str, book: Book) -> bool:
    """Whether the word is nearer to a room's name than chance would have it."""
    names = [room.name.lower() for room in book.rooms if room.active]
    return process.extractOne(word.lower(), names, scorer=fuzz.ratio, score_cutoff=_LIKE) is not None


__all__ = ["HALLS", "PLACE_LEADS", "beside_a_room", "looks_like_a_room", "special", "stands_alone"]
