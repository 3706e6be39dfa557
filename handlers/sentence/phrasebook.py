"""Knows set phrases that mean nothing here ("no rush", "good morning") and the ways in which people take something back.

Kept out: what a correction replaces (see corrections.py).
"""

# ruff: noqa: SIM905
# word lists read better as text

from __future__ import annotations

from handlers.sentence import idioms, subjects, words
from handlers.sentence.items import Item
from handlers.sentence.numbers import ordinal
from handlers.sentence.tokens import Token

_GREETED = frozenset({"morning", "afternoon", "evening"})
_FIXES = frozenset(
    "but no wait sorry actually i mean make that it scratch rather oops correction ah um uh hmm nope let's say oh"
    " strike er well or whoops sry actualy ignore i'd meant change not forget nvm never mind nevermind scrap disregard"
    " cancel this do lets".split()
) | {",", ".", "-", "...", "..", "!", "*", ";"}  # fmt: skip
_FIX_TRIGGERS = tuple(
    tuple(text.split())
    for text in (
        "no wait; wait; scratch that; oops; whoops; i mean; i meant; correction; make that; make it; strike that;"
        " sorry; sry; actually; or rather; but actually; nope; ignore that; no ,; no sorry; no actually; no make;"
        " hang on; hold on; my bad; apologies; let me rephrase; on second thought; on second thoughts; come to think of it;"
        " nah; typo; pardon; i take that back; take that back; belay that; better yet; better make it; no hang on; delete"
        " that; undo that; correction to that; let me correct that; let me correct myself; i misspoke; wrong;"
        " change that; no not; hmm; hmm let's do; let's do; let's make it; lets do; forget it; forget that; nvm; never"
        " mind; nevermind; scrap that; disregard that; disregard; cancel that"
    ).split("; ")
)
_SOFT_FIXES = frozenset(
    {
        ("hmm",),
        ("let's", "do"),
        ("lets", "do"),
        ("let's", "make", "it"),
        ("sorry",),
        ("sry",),
        ("actually",),
        ("make", "it"),
        ("make", "that"),
        ("oops",),
        ("whoops",),
    }
)
_HESITATIONS = frozenset({"er", "erm", "err", "uh", "um", "uhm", "eh"})
_TRIGGERS = {
    first: tuple(trigger for trigger in _FIX_TRIGGERS if trigger[0] == first) for first in {t[0] for t in _FIX_TRIGGERS}
}
_LONGEST_CORRECTION = 10  # tokens; a text of nothing but "no" must not be scanned from each of them
_AMOUNTS = frozenset({"than", "least", "most", "max", "maximum", "minimum"})
_WRITTEN = frozenset("note email mail message call chat conversation discussion request thread ask letter memo".split())
TALKED = frozenset(
    "discussed agreed mentioned spoke spoken talked emailed asked chatted promised requested told said arranged met".split()
)
_UNDECIDED = frozenset("agreed determined confirmed decided announced arranged fixed defined advised named settled".split())
_WISHED = frozenset(words.WEEKDAYS) | frozenset("day week weekend evening afternoon morning night one time year".split())

_WISHING = frozenset(
    "great lovely nice good wonderful fantastic amazing blessed fab fabulous super safe relaxing very really pleasant"
    " productive rest of your the beautiful happy splendid brilliant fun calm quiet restful".split()
)


def _idiom_table() -> dict[str, tuple[tuple[str, ...], ...]]:
    table: dict[str, list[tuple[str, ...]]] = {}
    for phrase in sorted(idioms.PHRASES, key=len, reverse=True):
        table.setdefault(phrase[0], []).append(phrase)
    return {first: tuple(group) for first, group in table.items()}


IDIOMS = _idiom_table()
FIX_FIRSTS = frozenset(trigger[0] for trigger in _FIX_TRIGGERS) | frozenset(
    "ah um uh uhm eh hmm oh er erm err well no let's *".split()
)


def idiom(ts: list[Token], i: int) -> Item | None:
    """Return a `filler` item for a set phrase at token i (`now` for "as soon as possible"), or None."""
    for phrase in IDIOMS.get(ts[i].low, ()):
        j = _phrase_end(ts, i, phrase)
        if j:
            if phrase[0] == "one" and phrase[-1] == "on":
                continue
            kind = "now" if phrase[0] == "as" and phrase[-1] == "possible" else "filler"
            return Item(kind, " ".join(phrase), i, j, note="thin" if phrase[-1] in _AMOUNTS else "")
    if ts[i].low == "to" and ts[i + 1].low == "be" and ts[i + 2].low in _UNDECIDED:
        return Item("vague", "to be " + ts[i + 2].low, i, i + 3)
    wish = _well_wish(ts, i) or _talked(ts, i) or _reference(ts, i) or _nth_time(ts, i) or _named_day(ts, i)
    if wish:
        return Item("filler", ts[i].low, i, wish)
    if (
        ts[i].low in _GREETED
        and ts[i].line
        and (ts[i + 1].low in (",", "!", ".", "all", "team", "everyone", "folks", "guys"))
    ):
        return Item("filler", ts[i].low, i, i + 1)
    return None


NAMED_DAYS = frozenset("black cyber good casual super ash giving taco prime easter shrove maundy palm".split())


def _named_day(ts: list[Token], i: int) -> int:
    """The index behind "Black Friday" in "Black Friday prep", or 0."""
    subject = ts[i + 2].low in subjects.SUBJECTS and ts[i].low in NAMED_DAYS and ts[i + 1].low in words.WEEKDAYS
    return i + 2 if subject else 0


def _phrase_end(ts: list[Token], i: int, phrase: tuple[str, ...]) -> int:
    """The index behind a phrase at token i, hyphens between its words passed over, or 0."""
    j = i
    for n, word in enumerate(phrase):
        j += n > 0 and ts[j].low in ("-", "/") and not ts[j].space
        if ts[j].low != word:
            return 0
        j += 1
    return j


def _well_wish(ts: list[Token], i: int) -> int:
    """The index behind "have a lovely day", "happy Tuesday", "hope you had a good week", or 0."""
    low = ts[i].low
    if low in ("happy", "merry", "enjoy"):
        j = i + 1 + (ts[i + 1].low in ("the", "your", "this"))
        if ts[j].low in _WISHED or ts[j].low in words.HOLIDAYS:
            return j + 1
        return 0
    if low in ("have", "having") and ts[i + 1].low in ("a", "an"):
        j = i + 2
        while ts[j].low in _WISHING:
            j += 1
        return _of_the(ts, j + 1) if ts[j].low in _WISHED and ts[j + 1].low not in subjects.SUBJECTS and j > i + 2 else 0
    if low in ("hope", "hoping") and ts[i + 1].low in (
        "you",
        "your",
        "you're",
        "all",
        "this",
        "everyone",
        "everything",
        "u",
    ):
        j = i + 1
        while ts[j].kind == "word" and ts[j].value is None and not ts[j].line and ts[j].low not in ("for", "room", "book"):
            j += 1
        return j if ts[j].kind in ("end", "punct") or ts[j].line else 0
    return 0


def _reference(ts: list[Token], i: int) -> int:
    """The index behind "note of this morning", "email from last week", or 0."""
    if ts[i].low not in _WRITTEN or ts[i + 1].low not in ("of", "from"):
        return 0
    j = i + 2
    if ts[j].low in ("yesterday", "earlier", "before"):
        return j + 1 + (ts[j + 1].low in ("today", "morning", "afternoon", "evening"))
    if ts[j].low in words.WEEKDAYS and ts[j + 1].low in (":", ",", ".", "-"):
        return j + 1
    if ts[j].low in ("this", "last") and ts[j + 1].low in _WISHED | {"month"}:
        return j + 2
    return 0


def _talked(ts: list[Token], i: int) -> int:
    """The index behind "discussed with Tom yesterday", "agreed last week", or 0."""
    if ts[i].low not in TALKED:
        return 0
    j = i + 1
    while j < i + 6 and ts[j].kind == "word" and ts[j].low not in ("yesterday", "last", "earlier") and ts[j].value is None:
        j += 1
    if ts[j].low in ("yesterday", "earlier"):
        return j + 1 + (ts[j + 1].low in ("today", "morning", "afternoon", "evening"))
    if ts[j].low == "last" and (ts[j + 1].low in _WISHED or ts[j + 1].low == "month"):
        return j + 2
    return 0


def _nth_time(ts: list[Token], i: int) -> int:
    """The index behind "for the third time", or 0."""
    if ts[i].low != "for" or ts[i + 1].low not in ("the", "a"):
        return 0
    nth = ordinal(ts, i + 2)
    j = nth[1] if nth else i + 3 if ts[i + 2].low in ("last", "umpteenth", "nth", "hundredth") else 0
    return j + 1 if j and ts[j].low == "time" else 0


def _of_the(ts: list[Token], j: int) -> int:
    """Skip "ahead", "of it", "of your week"."""
    j += ts[j].low in ("ahead", "everyone", "all")
    if ts[j].low == "of" and ts[j + 1].low in ("the", "your"):
        return j + 3
    return j


def correction(ts: list[Token], i: int) -> Item | None:
    """A self-correction: "no wait", "sorry,", "I mean", "make that"; `value` tells whether it must replace something."""
    if ts[i].low not in FIX_FIRSTS:
        return None
    j, hard, soft = i, False, False
    while ts[j].kind != "end" and ts[j].low != "-" and j < i + _LONGEST_CORRECTION:
        said = 0
        for trigger in _TRIGGERS.get(ts[j].low, ()):
            if all(ts[j + n].low == word for n, word in enumerate(trigger)):
                if trigger == ("no", ",") and not (i and ts[i - 1].kind == "punct"):
                    continue
                hard = hard or trigger not in _SOFT_FIXES
                soft, said = True, max(said, len(trigger))
        if not (said or ts[j].low in _FIXES):
            break
        j += said or 1
    hesitates = ts[i].low in _HESITATIONS and i and ts[i - 1].low in (",", "-", ".", "...", "..")
    k = i + 1 + (ts[i + 1].low in (",", "-", "...", ".."))
    if not soft and (hesitates or _starred(ts, i)):
        return Item("fix", "um", i, k)
    if not soft and ts[i].low == "no" and i and ts[i - 1].low in (",", "-", ".", "...", "..") and _counts_on(ts, i + 1):
        return Item("fix", "hard", i, i + 1)
    if not soft:
        return None
    if ts[j - 1].low in ("not", "i", "or", "i'd") or (ts[j - 1].low == "no" and ts[j].low in words.AMENITY_WORDS):
        j -= 1
    return Item("fix", "hard" if hard else "soft", i, j)


def _starred(ts: list[Token], i: int) -> bool:
    """ "2pm *3pm", as chats mend a word."""
    return ts[i].low == "*" and i > 0 and ts[i].space and not ts[i + 1].space and ts[i + 1].kind in ("num", "word")


def _counts_on(ts: list[Token], i: int) -> bool:
    low = ts[i].low
    return ts[i].kind == "num" or ts[i].value is not None or low in words.WEEKDAYS or low in words.TOMORROW or low == "at"
