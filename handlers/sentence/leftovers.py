"""Accounts for every word that no rule claimed: ignores subjects and courtesy, asks about anything that could matter.

A wrong booking is worse than a question, so negations, choices, loose numbers and unknown places never pass.
Kept out: words that have been understood.
"""

# ruff: noqa: SIM905
# word lists read better as text

# ruff: noqa: PLR0917
# a leftover is judged by its tokens, its place among them, and all that is known already

from __future__ import annotations

from rapidfuzz import fuzz, process

from handlers.sentence import words
from handlers.sentence.corrections import family
from handlers.sentence.draft import Draft
from handlers.sentence.items import Item
from handlers.sentence.model import Book, Option, Trouble
from handlers.sentence.phrases import replaced, without
from handlers.sentence.tokens import Token

_ROOM_WORDS = frozenset({"room", "rm", "conference", "boardroom", "suite"})
_PLACE_LEADS = frozenset({"in", "at", "@", "inside"})
_ARTICLES = frozenset({"the", "our", "a", "an", "my", "your", "that", "this", "any", "some"})
_HALLS = frozenset("hall sala salle raum saal zimmer salon chamber suite studio lounge auditorium".split())
_SPACES = frozenset(
    "nook den library lounge cafe cafeteria canteen atrium annex annexe pantry loft terrace patio lobby hallway garden rooftop"
    " shed barn bunker cave pit studio gallery pod booth snug vault ballroom chapel mezzanine penthouse wing gym auditorium theatre theater foyer courtyard basement attic cellar porch yard greenhouse aquarium fishbowl".split()
)
_ANY_ROOM = frozenset("a an any some my our your another that this meeting conference the small big free".split())
_ABSTRACT = frozenset(
    "english german french spanish detail private total case advance general particular mind order time"
    " person principle sum all short brief fact addition need hurry town shape peace secret future parallel depth house tandem preparation regards reference".split()
)
_AUXILIARY = frozenset("will should to would might may can it'll that'll could must shall".split())
_LAST_THINGS = frozenset("message messages email emails note mail request chat thread conversation call ask booking".split())
_SPANNING = frozenset("in of during over for on all until till through by before after any throughout within once".split())
_QUANTIFIERS = frozenset(
    "the a all any one every each some other which what next that this same half full whole another last first per work".split()
)
_FIGURATIVE = frozenset(
    "skip entry senior junior high low mid exec executive board director c service sea stress team capacity relationship"
    " community trust skill consensus brand culture character bridge model app website".split()
)
_ERRANDS: dict[str, tuple[str, ...]] = {
    "remind": ("me", "us", "him", "her", "them", "everyone", "the"), "order": ("me", "us", "a", "some", "lunch", "pizza"),
    "buy": ("me", "us", "a", "some"), "send": ("me", "an", "a", "the", "email", "my", "out"), "tell": ("me", "him", "her", "them"),
    "wake": ("me", "us"), "play": ("some", "music"), "set": ("alarm", "timer"), "turn": ("on", "off", "up", "down"),
}  # fmt: skip
_ORDERS = frozenset(
    "book booking reserve get grab find give need want please pls plz i i'd we me us my a an the for at on in can could"
    " would like to have you thanks thank with and of from until".split()
)
_GREETINGS = frozenset("hi hello hey yo morning good please so ok okay um quick question and here channel all team".split())
_QUESTIONS = tuple(
    tuple(text.split())
    for text in (
        "which rooms, what rooms, which room is, which room has, what room is, what room has, who booked, who has, who is in,"
        " who's in, who reserved, who the, who took, who stole, who is using, who's using, who keeps, why did, why does, who put, how many, how much, how big, how do, how does, how can, where is, where are, where's, when is,"
        " when was, when's, when does, when do, why is, why was, why can't, what time, what's on, what is on, what's booked,"
        " what is the capacity, what's the capacity, does the, do you know, did i, did we, did you, have i, have we,"
        " am i, are we, was my, is my, is our, what happened, which of, what do, what does, what did, what is in, show my,"
        " list my, show me my, list all, show all, what are, what's free, what is free, what's available, what is available,"
        " whats free, whats available"
    ).split(", ")
)
_ALL_BUT = frozenset(
    "any all anything everything anywhere every nothing none everyone anyone rooms anybody everybody nowhere".split()
)
_MOVED = frozenset("moved changed shifted pushed rescheduled postponed brought bumped slipped".split())
_YEARS = range(2000, 2100)


def check(xs: list[Item], draft: Draft, tokens: list[Token], book: Book, *, part_only: bool = False) -> None:
    """Refuse what is left over in a sentence and could carry meaning."""
    if not part_only and _errand(tokens):
        draft.refuse(Trouble.NOT_UNDERSTOOD, "I only book rooms. For which day and time do you need one?")
    if not part_only and _asks(xs, tokens):
        draft.refuse(Trouble.NOT_UNDERSTOOD, "That sounds like a question. To book, say when and for how many.")
    if not part_only and _rescheduled(xs, tokens):
        draft.refuse(Trouble.AMBIGUOUS, "That moved from one time to another. When should the room be booked, from and until?")
    for k, x in enumerate(xs):
        if part_only and _of_moving(x, draft):
            continue
        match x.kind:
            case "or":
                _choice(xs, k, draft, tokens)
            case "not" if not _goes_on(xs, k):
                draft.refuse(Trouble.NOT_UNDERSTOOD, f"{_around(tokens, x)} rules something out. Say what you want instead.")
            case "other":
                _other_command(xs, k, draft, tokens)
            case "holiday":
                _holiday(xs, k, draft)
            case "when":
                _vague(x, draft, tokens)
            case "number":
                _number(x, draft, tokens, book)
            case "code":
                _unknown_room(x.value, x.i, x.j, draft, tokens, book)
            case "prep":
                _dangling(xs, k, draft, tokens)
            case "word":
                _word(xs, k, draft, tokens, book)
            case _:
                pass


def _asks(xs: list[Item], tokens: list[Token]) -> bool:
    """Whether the sentence asks for information: "which rooms are free at 3?"."""
    i = 0
    while tokens[i].low in _GREETINGS or tokens[i].kind == "junk" or tokens[i].low in (",", "!", "-", ".", ":", "@"):
        i += 1
    if not any(all(tokens[i + n].low == word for n, word in enumerate(question)) for question in _QUESTIONS):
        return False
    end = next(n for n in range(i, len(tokens)) if tokens[n].kind == "end" or tokens[n].low in ("?", ".", "!"))
    inside = any(x.kind in ("clock", "num", "day", "room", "part", "now", "crowd") for x in xs if i <= x.i < end)
    return inside or not any(x.kind in ("clock", "num", "now", "part", "rel") for x in xs)


def _errand(tokens: list[Token]) -> bool:
    """Whether somebody else is meant to do it: "remind me", "call Mom", "order lunch"."""
    first, second = tokens[0].low, tokens[1]
    if first in ("please", "pls"):
        first, second = tokens[1].low, tokens[2]
    return second.low in _ERRANDS.get(first, ()) or (
        first in ("call", "text", "ping", "email", "ring", "phone", "dm")
        and (second.low in words.GIVEN_NAMES or second.low in ("mom", "mum", "dad", "him", "her", "them", "my", "me", "an"))
    )


def _rescheduled(xs: list[Item], tokens: list[Token]) -> bool:
    """ "The meeting moved from 3pm to 4pm" is one time that became another, not an hour from 3 to 4."""
    at = next((t.start for t in tokens if t.low in _MOVED), None)
    if at is None:
        return False
    for k, x in enumerate(xs[1:], start=1):
        if x.kind == "clock" and tokens[x.i].start > at and xs[k - 1].kind == "prep" and xs[k - 1].value == "to":
            return any(y.kind == "clock" and y is not x for y in xs[:k])
    return False


def _of_moving(x: Item, draft: Draft) -> bool:
    """Words that say how a booking moves, in a sentence about moving one."""
    said = str(x.value).lower()
    if draft.shift is not None and x.kind in ("when", "word") and said in ("earlier", "sooner", "later", "forward"):
        return True
    return x.kind == "other" and said in ("move", "reschedule", "postpone", "shift", "rebook")


def _goes_on(xs: list[Item], k: int) -> bool:
    """Tell "but we don't need a tv" and "but only for 20 minutes" from "any room but Apollo"."""
    if str(xs[k].value).lower() != "but":
        return False
    if not any(str(x.value).lower() in _ALL_BUT for x in xs[max(0, k - 4) : k]):
        return True
    following = next((x for x in xs[k + 1 :] if x.kind not in ("filler", "sep", "prep")), None)
    return following is not None and following.kind in ("unneeded", "amenity", "dur", "count", "mention", "private")


def _around(tokens: list[Token], x: Item) -> str:
    words_after = [t.text for t in tokens[x.i : x.j + 2] if t.kind != "end"]
    return '"' + " ".join(words_after)[:60] + '"'


def _choice(xs: list[Item], k: int, draft: Draft, tokens: list[Token]) -> None:
    """ "thursday or friday": options where both sides are plain things."""
    x = xs[k]
    before = xs[k - 1] if k else None
    after = xs[k + 1] if k + 1 < len(xs) else None
    versus = str(x.value).lower() in ("vs", "versus")
    if versus and not any(y is not None and family(y) for y in (before, after)):
        return  # "forecast vs actuals" is what the meeting is about
    options: tuple[Option, ...] = ()
    beside = before is not None and after is not None and before.j == x.i and after.i == x.j
    if beside and before is not None and after is not None and family(before) and family(before) == family(after):
        sides = [" ".join(t.text for t in tokens[y.i : y.j]) for y in (before, after)]
        options = tuple(Option(label=s[:75], sentence=replaced(tokens, before.i, after.j, s)) for s in sides)
    draft.refuse(Trouble.AMBIGUOUS, "You left a choice open. Which one should I book?", options)


def _other_command(xs: list[Item], k: int, draft: Draft, tokens: list[Token]) -> None:
    """Cancel it, move my 3pm; but not "we had to cancel" and "change management"."""
    after = tokens[xs[k].j].low
    before = tokens[xs[k].i - 1].low if xs[k].i else ""
    noun = before in ("the", "a", "an", "our", "office", "this", "that", "to", "had", "got", "were", "was", "been", "desk")
    aimed = not noun and after in ("it", "that", "this", "my", "our", "mine", "them", "those", "these", "the")
    named = str(xs[k].value).lower()
    told = (
        named in ("change", "edit", "transfer", "release", "swap", "bump", "move", "update")
        and not aimed
        and not _booked(xs, k, tokens)
    )
    first = not noun and not any(y.kind not in ("filler", "sep", "prep", "mention") for y in xs[:k])
    if told or not (aimed or first):
        return
    draft.refuse(
        Trouble.NOT_UNDERSTOOD,
        f"This books a new room; I cannot {str(xs[k].value).lower()} one here. Use the buttons of that booking.",
    )


def _booked(xs: list[Item], k: int, tokens: list[Token]) -> bool:
    """Whether "move", "release" or "change" has a booking behind it and not a subject: "release Apollo at 3"."""
    following = next((x for x in xs[k + 1 :] if x.kind not in ("prep", "sep")), None)
    if (
        following is None
        or following.kind in ("room", "clock", "day", "num", "rooms")
        or tokens[following.i].low.endswith("'s")
    ):
        return True
    return tokens[following.i].low in ("meeting", "booking", "reservation", "room", "time", "it", "my", "our", "the")


def _holiday(xs: list[Item], k: int, draft: Draft) -> None:
    led = k > 0 and xs[k - 1].kind == "prep"
    if draft.days and not led:
        return
    draft.refuse(Trouble.AMBIGUOUS, f"On which date is {xs[k].value}? Give me day and month.")


def _means_nothing(x: Item, tokens: list[Token]) -> bool:
    """Tell "it will last", "30 min each" and "team building" from words that leave a time or place open."""
    said, before, after = str(x.value).lower(), tokens[x.i - 1] if x.i else None, tokens[x.j]
    lead = before.low if before is not None else ""
    if said in ("hour", "hours") and _names_an_hour(before):
        return True
    if said in ("hours", "hour", "hrs") and after.kind == "num" and lead not in words.NUMBERS:
        return True  # "hours 14.30"
    if said == "last" and lead in _AUXILIARY:
        return True
    if said in ("last", "previous") and after.low in words.SUBJECTS and after.low not in ("call",):
        return True
    if said == "day" and lead in ("that", "same") and any(t.low in words.WEEKDAYS or t.low in words.MONTHS for t in tokens):
        return True
    if said in ("day", "night") and after.low in ("crew", "shift", "team", "staff", "trip", "job", "care", "rate", "one"):
        return True
    dated = after.low in words.MONTHS or after.low in words.WEEKDAYS or after.kind == "num"
    if said == "day" and dated and before is not None and before.kind == "word" and lead not in _QUANTIFIERS:
        return True
    if said == "double" and after.low not in ("room", "rooms", "booking", "book", "the", "slot", "time", "length"):
        return True
    if said == "level" and (after.low in ("set", "up", "best") or (after.low == "-" and not after.space)):
        return True
    if said == "day" and (lead in words.SUBJECTS or lead in ("assessment", "training", "open", "big", "moving", "pay")):
        return True
    if said in ("last", "previous", "past") and after.kind == "word" and after.low in _LAST_THINGS:
        return True
    if said in ("month", "week", "year", "quarter") and lead in ("the", "a", "our"):
        return x.i > 1 and tokens[x.i - 2].low not in _SPANNING
    if said == "each":
        return lead in words.UNIT or lead in words.PEOPLE
    if said in ("level", "building"):
        return lead in _FIGURATIVE and after.kind != "num"
    return False


def _names_an_hour(before: Token | None) -> bool:
    """Office hours, consultation hour: hours with a name are meetings."""
    if before is None or before.kind != "word" or before.value is not None:
        return False
    return before.low in words.SUBJECTS or before.low in (
        "happy",
        "consultation",
        "rush",
        "power",
        "quiet",
        "study",
        "office",
    )


def _vague(x: Item, draft: Draft, tokens: list[Token]) -> None:
    if _means_nothing(x, tokens):
        return
    if str(x.value).lower().startswith(("recur", "repeat")):
        if draft.every is None:
            draft.refuse(Trouble.AMBIGUOUS, "How often should it repeat: every day, every week, every month?")
        return
    if x.i and str(x.value).lower() == "rooms" and tokens[x.i - 1].low in ("what", "which", "any"):
        return
    if str(x.value).lower() in ("tbd", "tba", "tbc"):
        draft.refuse(Trouble.NOT_UNDERSTOOD, "Something is still to be decided there. Tell me when you know it.")
        return
    if str(x.value).lower() in ("rooms", "both", "multiple", "double", "triple"):
        draft.refuse(Trouble.AMBIGUOUS, "I book one room at a time. Which one, and when?")
        return
    if str(x.value).lower() in ("floor", "level", "building", "bldg", "upstairs", "downstairs"):
        draft.refuse(Trouble.AMBIGUOUS, "Which floor or building do you mean? Give me its number or letter.")
        return
    draft.refuse(Trouble.AMBIGUOUS, f'I am not sure what "{x.value}" means here. Which day and time is it?')


def _number(x: Item, draft: Draft, tokens: list[Token], book: Book) -> None:
    n = tokens[x.i].value
    before, after = tokens[x.i - 1] if x.i else None, tokens[x.j]
    if before is not None and before.low == "#":
        return
    if before is not None and before.low in ("room", "rm"):
        _unknown_room(f"Room {tokens[x.i].text}", x.i - 1, x.j, draft, tokens, book)
        return
    if n in _YEARS and (after.low in words.SUBJECTS or (before is not None and before.low in words.SUBJECTS)):
        return
    text = " ".join(t.text for t in tokens[x.i : x.j])
    if after.low in ("rooms", "spaces") or (
        after.low in ("different", "separate", "small", "big") and tokens[x.j + 1].low == "rooms"
    ):
        draft.refuse(Trouble.AMBIGUOUS, "I book one room at a time. Which one is first?")
        return
    options: list[Option] = []
    if before is not None and before.low in ("-", "/", ":", "."):
        n = None
    if n is not None and 1 <= n <= book.largest:
        options.append(Option(label=f"{n} people", sentence=replaced(tokens, x.i, x.j, f"{n} people")))
    if n is not None and 5 <= n <= 480:
        options.append(Option(label=f"{n} minutes", sentence=replaced(tokens, x.i, x.j, f"{n} minutes")))
    if n is not None and 1 <= n <= 12:
        options.append(Option(label=f"At {n}", sentence=replaced(tokens, x.i, x.j, f"at {n}")))
    draft.refuse(Trouble.AMBIGUOUS, f'What is the "{text}" in your sentence?', tuple(options))


def _dangling(xs: list[Item], k: int, draft: Draft, tokens: list[Token]) -> None:
    """Before, after and within that govern no time: "after the standup"."""
    x = xs[k]
    if x.value == "until" and tokens[x.i].low in ("until", "till", "til") and k + 1 < len(xs) and xs[k + 1].kind == "word":
        draft.refuse(Trouble.AMBIGUOUS, f"{_around(tokens, x)} leaves the end open. Until what time should it be?")
    if x.value not in ("before", "after", "within"):
        return
    if any(p.trouble == Trouble.AMBIGUOUS and f'"{x.value}"' in p.message for p in draft.problems):
        return
    draft.refuse(Trouble.AMBIGUOUS, f"{_around(tokens, x)} leaves the time open. When exactly should it start?")


def _word(xs: list[Item], k: int, draft: Draft, tokens: list[Token], book: Book) -> None:
    """A word that nobody knows: a subject, unless it stands where a place or a thing would."""
    x = xs[k]
    i, j = x.i, x.j
    while tokens[j].kind == "word" and k + 1 < len(xs) and xs[k + 1].kind == "word" and xs[k + 1].i == j:
        k, j = k + 1, xs[k + 1].j
    if i and _word_before(xs, x) and tokens[i - 1].kind == "word":
        return  # judged together with the word before it
    name = " ".join(t.text for t in tokens[i:j])
    lead, articled = _lead(tokens, i)
    first = i
    while first and tokens[first - 1].kind == "word" and tokens[first - 1].text[0].isupper():
        first -= 1
    if first < i and tokens[first - 1].low in ("called", "named") and first:
        _unknown_room(" ".join(t.text for t in tokens[first:j]), first, j, draft, tokens, book)
        return
    if tokens[i].low in _HALLS and j > i + 1 and all(t.text[0].isupper() and not t.text.isupper() for t in tokens[i:j]):
        _unknown_room(name, i, j, draft, tokens, book)
        return
    sits = articled or (i > 1 and tokens[i - 1].low in words.SUBJECTS and tokens[i - 2].low == "the")
    followed = k + 1 < len(xs) and xs[k + 1].kind == "filler" and tokens[xs[k + 1].i].kind == "word"
    if sits and tokens[j - 1].low in _SPACES and not followed:
        _unknown_room(name, i, j, draft, tokens, book)
        return
    if _room_beside(tokens, i, j, articled=articled, text=x.value) or (
        lead in _PLACE_LEADS and tokens[i].low not in _ABSTRACT
    ):
        _unknown_room(name, i, j, draft, tokens, book)
    elif lead in ("with", "w/", "w") and not tokens[i].text[0].isupper() and not _company(tokens, i):
        draft.refuse(
            Trouble.NOT_UNDERSTOOD,
            f'I do not know which rooms have "{name}". Shall I book without asking for it?',
            (Option(label=f"Book without {name}"[:75], sentence=without(tokens, i, j)),),
        )
    elif _looks_like_a_room(xs, x, tokens, i, j, draft) or _stands_alone(xs, x, tokens, draft):
        _unknown_room(name, i, j, draft, tokens, book)


def _company(tokens: list[Token], i: int) -> bool:
    """Whether "with" goes with a meeting ("lease renewal with landlord") and not with a room ("a room with sauna")."""
    k = i - 1
    while k > 0 and tokens[k].low not in ("with", "w"):
        k -= 1
    before = tokens[k - 1]
    if (
        k < 1
        or before.kind != "word"
        or before.in_room
        or before.low in ("am", "pm", "p", "a", "m")
        or before.low in words.TOMORROW | words.TODAY
        or before.low in words.WEEKDAYS
    ):
        return False
    return (
        before.low in words.SUBJECTS
        or before.low in ("meeting", "meet", "mtg")
        or before.low not in words.POLITE | words.PEOPLE
    )


def _word_before(xs: list[Item], x: Item) -> bool:
    n = next(m for m, y in enumerate(xs) if y is x)
    return n > 0 and xs[n - 1].kind == "word" and xs[n - 1].j == x.i


def _lead(tokens: list[Token], i: int) -> tuple[str, bool]:
    """The preposition before token i, articles passed over, and whether there was an article."""
    k, articled = i - 1, False
    while k >= 0 and tokens[k].low in _ARTICLES:
        articled = articled or tokens[k].low == "the"
        k -= 1
    if k >= 1 and tokens[k].low == "/" and tokens[k - 1].low == "w":
        return "with", articled
    return (tokens[k].low if k >= 0 else ""), articled


def _room_beside(tokens: list[Token], i: int, j: int, *, articled: bool, text: str) -> bool:
    if i and tokens[i - 1].low in _HALLS and text[0].isupper() and not text.isupper():
        return True
    if i and tokens[i - 1].low in ("room", "rm", "called", "named"):
        some = i > 1 and tokens[i - 2].low in _ANY_ROOM and tokens[i - 1].low in ("room", "rm")
        return not some or (text[0].isupper() and not (text.isupper() and tokens[i - 1].text.isupper()))
    if tokens[j].low in ("room", "rm", "suite") and tokens[j + 1].low != "for-now":
        return text[0].isupper() or articled or (i > 0 and tokens[i - 1].low in _PLACE_LEADS)
    return False


def _looks_like_a_room(xs: list[Item], x: Item, tokens: list[Token], i: int, j: int, draft: Draft) -> bool:
    """A capitalised word that stands alone between times: "Atrium tomorrow 2pm"; no subject has it so."""
    if draft.rooms or j - i > 2 or not all(t.text[0].isupper() for t in tokens[i:j]) or len(x.value) < 3:
        return False
    letters = [t.text for t in tokens if t.kind == "word"]
    if sum(t.isupper() for t in letters) > len(letters) / 2:
        return False
    before, after = tokens[i - 1] if i else None, tokens[j]
    if any(t.low in ("with", "dr", "mr", "mrs", "ms", "prof") for t in tokens[max(0, i - 3) : i]):
        return False
    for t in (before, after):
        if t is not None and (
            t.low in words.SUBJECTS
            or t.low in ("with", "and", "from", ":", "&", "-", "/", "re", "about", "call", "(", "'", "for")
        ):
            return False
    neighbours = [y for y in xs if y.j == i or y.i == j]
    return all(
        y.kind in ("day", "clock", "part", "dur", "count", "sep", "every", "prep", "filler") for y in neighbours
    ) and any(y.kind in ("day", "clock", "part", "dur", "count", "every") for y in neighbours)


def _stands_alone(xs: list[Item], x: Item, tokens: list[Token], draft: Draft) -> bool:
    """One unknown word beside a time and nothing else, first or last: "zeppelin tomorrow 2pm" may well mean a room."""
    word = str(x.value)
    if draft.rooms or draft.problems or x.j != x.i + 1 or not word.isalpha() or len(word) < 3:
        return False
    if tokens[x.j].low == "," or not any(y.kind in ("clock", "part", "now", "rel") for y in xs):
        return False
    talk = [y for y in xs if y is not x and y.kind in ("word", "filler") and str(y.value).lower() not in _ORDERS]
    said = [y for y in xs if y.kind not in ("sep", "filler", "prep")]
    return not talk and len(said) > 1 and (said[0] is x or said[-1] is x)


def _unknown_room(name: str, i: int, j: int, draft: Draft, tokens: list[Token], book: Book) -> None:
    active = [room.name for room in book.rooms if room.active]
    while i and tokens[i - 1].low in ("room", "rm", "the", "called", "named"):
        i -= 1
    if tokens[j].low in ("room", "rm"):
        j += 1
    near = process.extract(name, active, scorer=fuzz.WRatio, limit=3, score_cutoff=60)
    options = tuple(Option(label=hit, sentence=replaced(tokens, i, j, hit)) for hit, _, _ in near)
    lead = i - 1 if i and tokens[i - 1].low in _PLACE_LEADS else i
    options += (Option(label="Any free room", sentence=replaced(tokens, lead, j, "")),)
    draft.refuse(Trouble.UNKNOWN_ROOM, f'I know no room or place called "{name}".', options)


__all__ = ["check"]
