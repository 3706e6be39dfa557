"""Accounts for every word that no rule claimed: ignores subjects and courtesy, asks about anything that could matter.

A wrong booking is worse than a question, so negations, choices, loose numbers and unknown places never pass.
Kept out: words that have been understood.
"""

# ruff: noqa: SIM905
# ruff: noqa: PLR0917
# word lists read better as text; token list and index lead every matcher

from __future__ import annotations

from rapidfuzz import fuzz, process

from handlers.sentence import numbered, requests, roles, subjects, unknown, vague, words
from handlers.sentence.corrections import family
from handlers.sentence.draft import Draft
from handlers.sentence.items import Item
from handlers.sentence.model import Book, Option, Trouble
from handlers.sentence.phrases import replaced, without
from handlers.sentence.tokens import Token

_ROOM_WORDS = frozenset({"room", "rm", "conference", "boardroom", "suite"})
_ARTICLES = frozenset({"the", "our", "a", "an", "my", "your", "that", "this", "any", "some"})
_SPACES = frozenset(
    "nook den library lounge cafe cafeteria canteen atrium annex annexe pantry loft terrace patio lobby hallway"
    " garden rooftop shed barn bunker cave pit studio gallery pod booth snug vault ballroom chapel mezzanine penthouse"
    " wing gym auditorium theatre theater foyer courtyard basement attic cellar porch yard greenhouse aquarium"
    " fishbowl".split()
)
_ABSTRACT = frozenset(
    "english german french spanish detail private total case advance general particular mind order time person"
    " principle sum all short brief fact addition need hurry town shape peace secret future parallel depth house"
    " tandem preparation regards reference".split()
)
_ALL_BUT = frozenset(
    "any all anything everything anywhere every nothing none everyone anyone rooms anybody everybody nowhere".split()
)
_GATHERED = frozenset("group team class crew gang party delegation cohort squad lot side guys bunch club".split())
_ENOUGH = 12  # questions; people see one, and nobody means a text with more
_YEARS = range(2000, 2100)


def check(xs: list[Item], draft: Draft, tokens: list[Token], book: Book, *, part_only: bool = False) -> None:
    """Refuse what is left over in a sentence and could carry meaning."""
    if not part_only and requests.check(xs, draft, tokens):
        return
    if not draft.rooms and (named := unknown.special(tokens)):
        draft.refuse(Trouble.UNKNOWN_ROOM, f'I know no "{named}" that can be booked. Which room should it be?')
    for k, x in enumerate(xs):
        if len(draft.problems) >= _ENOUGH:
            return
        if not (part_only and _of_moving(x, draft)):
            _judge(xs, k, draft, tokens, book)


def _judge(xs: list[Item], k: int, draft: Draft, tokens: list[Token], book: Book) -> None:
    x = xs[k]
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


def _vague(x: Item, draft: Draft, tokens: list[Token]) -> None:
    said = str(x.value).lower()
    if vague.means_nothing(x, tokens) or _clear(x, said, draft, tokens):
        return
    if said in ("tbd", "tba", "tbc"):
        draft.refuse(Trouble.NOT_UNDERSTOOD, "Something is still to be decided there. Tell me when you know it.")
    elif said.startswith(("recur", "repeat")):
        draft.refuse(Trouble.AMBIGUOUS, "How often should it repeat: every day, every week, every month?")
    elif said in ("rooms", "both", "multiple", "double", "triple"):
        draft.refuse(Trouble.AMBIGUOUS, "I book one room at a time. Which one, and when?")
    elif said in ("floor", "level", "building", "bldg", "upstairs", "downstairs"):
        draft.refuse(Trouble.AMBIGUOUS, "Which floor or building do you mean? Give me its number or letter.")
    else:
        draft.refuse(Trouble.AMBIGUOUS, f'I am not sure what "{x.value}" means here. Which day and time is it?')


def _clear(x: Item, said: str, draft: Draft, tokens: list[Token]) -> bool:
    """Whether the rest of the sentence makes a vague word clear."""
    if said.startswith(("recur", "repeat")):
        return draft.every is not None
    if said == "rooms" and x.i and tokens[x.i - 1].low in ("what", "which", "any"):
        return True
    if said == "rooms" and draft.start is None and draft.part is None and not draft.days:
        return True  # no wish at all, as its missing time will say
    if said == "day" and x.i and tokens[x.i - 1].low in ("all", "full", "whole"):
        return draft.start is not None and draft.end is not None  # "all day 9 to 5"
    if said in ("rooms", "both") and draft.more:
        return True  # "both Apollo and Zen", "rooms Apollo and Zen"
    return said == "same" and _same_again(x, draft, tokens)


def _same_again(x: Item, draft: Draft, tokens: list[Token]) -> bool:
    """ "Actually Apollo is fine, same time": what is the same has been said; but not "same time as last week"."""
    told = {
        "time": draft.start, "times": draft.start, "hour": draft.start, "slot": draft.start, "day": draft.days,
        "date": draft.days, "room": draft.rooms, "place": draft.rooms, "duration": draft.minutes, "length": draft.minutes,
    }  # fmt: skip
    return bool(told.get(tokens[x.j].low)) and tokens[x.j + 1].low not in ("as", "each", "every", "next", "and", "or")


def _number(x: Item, draft: Draft, tokens: list[Token], book: Book) -> None:
    n = tokens[x.i].value
    before, after = tokens[x.i - 1] if x.i else None, tokens[x.j]
    if before is not None and before.low == "#":
        return
    if before is not None and before.low in ("room", "rm"):
        _unknown_room(f"Room {tokens[x.i].text}", x.i - 1, x.j, draft, tokens, book)
        return
    if n in _YEARS and (after.low in subjects.SUBJECTS or (before is not None and before.low in subjects.SUBJECTS)):
        return
    if draft.start is not None and numbered.of_a_name(x, draft, tokens):
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
    if x.value in ("before", "after") and _told_anyway(xs, k, draft):
        return
    draft.refuse(Trouble.AMBIGUOUS, f"{_around(tokens, x)} leaves the time open. When exactly should it start?")


def _told_anyway(xs: list[Item], k: int, draft: Draft) -> bool:
    """Whether "after the close today 4:15" tells why, because the time is there and it is not the end that is left open."""
    start = draft.start.clock if draft.start is not None else None
    if start is None or start.name is not None:
        return False
    lead = next((y for y in reversed(xs[:k]) if y.kind != "filler"), None)
    following = next((y for y in xs[k + 1 :] if y.kind != "filler" or y.note != "thin"), None)
    open_end = lead is not None and (lead.kind == "conn" or (lead.kind == "prep" and lead.value in ("until", "to", "from")))
    return not open_end and following is not None and following.kind in ("filler", "word")


def _word(xs: list[Item], k: int, draft: Draft, tokens: list[Token], book: Book) -> None:
    """A word that nobody knows: a subject, unless it stands where a place or a thing would."""
    x = xs[k]
    i, j = x.i, x.j
    while tokens[j].kind == "word" and k + 1 < len(xs) and xs[k + 1].kind == "word" and xs[k + 1].i == j:
        k, j = k + 1, xs[k + 1].j
    if i and _word_before(xs, x) and tokens[i - 1].kind == "word":
        return  # judged together with the word before it
    name = " ".join(t.text for t in tokens[i:j])
    if _sticks_to_a_time(xs, x, tokens):
        mixed = f"{tokens[i - 1].text}{tokens[i].text}"
        draft.refuse(Trouble.AMBIGUOUS, f'I cannot read "{mixed}" as a time. When should it start?')
        return
    lead, articled = _lead(tokens, i)
    first = i
    while first and tokens[first - 1].kind == "word" and tokens[first - 1].text[0].isupper():
        first -= 1
    if first < i and tokens[first - 1].low in ("called", "named") and first:
        _unknown_room(" ".join(t.text for t in tokens[first:j]), first, j, draft, tokens, book)
        return
    if (
        tokens[i].low in unknown.HALLS
        and j > i + 1
        and all(t.text[0].isupper() and not t.text.isupper() for t in tokens[i:j])
    ):
        _unknown_room(name, i, j, draft, tokens, book)
        return
    sits = articled or (i > 1 and tokens[i - 1].low in subjects.SUBJECTS and tokens[i - 2].low == "the")
    followed = k + 1 < len(xs) and xs[k + 1].kind == "filler" and tokens[xs[k + 1].i].kind == "word"
    if sits and tokens[j - 1].low in _SPACES and not followed:
        _unknown_room(name, i, j, draft, tokens, book)
        return
    if unknown.beside_a_room(tokens, i, j, articled=articled, text=x.value) or (
        lead in unknown.PLACE_LEADS and tokens[i].low not in _ABSTRACT
    ):
        _unknown_room(name, i, j, draft, tokens, book)
    elif (
        lead in ("with", "w/", "w")
        and not tokens[i].text[0].isupper()
        and not _company(tokens, i)
        and not _somebodys(tokens, i, j)
    ):
        draft.refuse(
            Trouble.NOT_UNDERSTOOD,
            f'I do not know which rooms have "{name}". Shall I book without asking for it?',
            (Option(label=f"Book without {name}"[:75], sentence=without(tokens, i, j)),),
        )
    elif unknown.looks_like_a_room(xs, x, tokens, i, j, draft) or unknown.stands_alone(xs, x, tokens, draft, book):
        _unknown_room(name, i, j, draft, tokens, book)


def _somebodys(tokens: list[Token], i: int, j: int) -> bool:
    """ "With my advisee", "with an estimated duration of 2 hours": people and lengths are no equipment."""
    owned = tokens[i - 1].low in ("my", "our", "his", "her", "their", "your", "both")
    after = tokens[j].low
    people = after in words.PEOPLE or (after in words.PEOPLE_KINDS and after not in words.POLITE) or after in _GATHERED
    return owned or people or roles.personal(tokens[j - 1].low) or after in ("duration", "length", "agenda", "budget")


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
        before.low in subjects.SUBJECTS
        or before.low in ("meeting", "meet", "mtg")
        or before.low not in words.POLITE | words.PEOPLE
    )


def _sticks_to_a_time(xs: list[Item], x: Item, tokens: list[Token]) -> bool:
    """ "1q pm": a letter that slipped into a time, which may then be another one."""
    token = tokens[x.i]
    return (
        not token.space
        and x.i > 0
        and any(y.kind in ("clock", "num") and y.j == x.i for y in xs)
        and (tokens[x.i - 1].kind == "num")
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


def _unknown_room(name: str, i: int, j: int, draft: Draft, tokens: list[Token], book: Book) -> None:
    active = [room.name for room in book.rooms if room.active]
    while i and tokens[i - 1].low in ("room", "rm", "the", "called", "named"):
        i -= 1
    if tokens[j].low in ("room", "rm"):
        j += 1
    near = process.extract(name, active, scorer=fuzz.WRatio, limit=3, score_cutoff=60)
    options = tuple(Option(label=hit, sentence=replaced(tokens, i, j, hit)) for hit, _, _ in near)
    lead = i - 1 if i and tokens[i - 1].low in unknown.PLACE_LEADS else i
    options += (Option(label="Any free room", sentence=replaced(tokens, lead, j, "")),)
    draft.refuse(Trouble.UNKNOWN_ROOM, f'I know no room or place called "{name}".', options)


__all__ = ["check"]
