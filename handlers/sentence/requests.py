"""Tells what is no wish for a room: questions, errands, and news of a meeting that moved.

Kept out: commands for existing bookings (see leftovers.py).
"""

# ruff: noqa: SIM905
# word lists read better as text

from __future__ import annotations

from handlers.sentence import words
from handlers.sentence.draft import Draft
from handlers.sentence.items import Item
from handlers.sentence.model import Option, Trouble
from handlers.sentence.phrases import replaced, without
from handlers.sentence.spoken import behind, phrases, said
from handlers.sentence.tokens import Token

_ERRANDS: dict[str, tuple[str, ...]] = {
    "remind": ("me", "us", "him", "her", "them", "everyone", "the"), "order": ("me", "us", "a", "some", "lunch", "pizza"),
    "buy": ("me", "us", "a", "some"), "send": ("me", "an", "a", "the", "email", "my", "out"),
    "tell": ("me", "him", "her", "them"),
    "wake": ("me", "us"), "play": ("some", "music"), "set": ("alarm", "timer"), "turn": ("on", "off", "up", "down"),
}  # fmt: skip


_GREETINGS = frozenset("hi hello hey yo morning good please so ok okay um quick question and here channel all team".split())


_QUESTIONS = phrases(
    "which rooms, what rooms, which room is, which room has, what room is, what room has, who booked, who has,"
    " who is in, who's in, who reserved, who the, who took, who stole, who is using, who's using, who keeps, why"
    " did, why does, who put, how many, how much, how big, how do, how does, how can, where is, where are,"
    " where's, when is, when was, when's, when does, when do, why is, why was, why can't, what time, what's on,"
    " what is on, what's booked, what is the capacity, what's the capacity, does the, do you know, did i, did we,"
    " did you, have i, have we, am i, are we, was my, is my, is our, what happened, which of, what do, what does,"
    " what did, what is in, show my, list my, show me my, list all, show all, do i have, do we have a booking, do"
    " we have a room booked, have we got, what are, what's free, what is free,"
    " what's available, what is available, whats free, whats available"
)


# The same anywhere in a sentence.
_WONDERS = phrases(
    "know which rooms, know which room, tell me which, tell me what, let me know which, know what rooms, know what is free,"
    " rooms are free, rooms are available, rooms are empty, rooms are open, know if anyone, know whether anyone"
)
# What somebody says who has not decided yet.
_UNDECIDED = phrases(
    "let me check, let me ask, let me see, let me confirm, let me get back, i'll check with, i will check with,"
    " i'll get back, i will get back, hard to say"
)
_NAMELESS = phrases(
    "what's it called, whats it called, what's its name, what is it called, you know the one, you know which, i forget the"
    " name, forgot the name"
)
# "The big room": somebody knows which one is meant, but no catalogue does.
_SIZES = frozenset(
    "big bigger biggest small smaller smallest large larger largest usual normal little main nice good".split()
)


# What is done to a booking that exists already.
_HANDLED = phrases(
    "no longer need, no longer needed, no longer require, free up, give up, give back, let go of, not need it anymore,"
    " need it anymore, not needed anymore, not needed any more, hour longer, minutes longer, mins longer,"
    " my existing booking, our existing booking, drop my, drop our, kill my, scrap my, ditch my"
)
_HANDLES = frozenset("make push bump bring turn shift drop kill scrap ditch axe lengthen stretch".split())
_STATES = frozenset("free available open taken booked busy occupied empty vacant unoccupied in".split())
_CHECKS = frozenset(
    {("check", "if"), ("check", "whether"), ("see", "if"), ("see", "whether"), ("know", "if"), ("tell", "me")}
)
_BOOKS = frozenset("book reserve grab hold block schedule get take".split())
_DISLIKES = frozenset("hate hates dislike detest loathe avoid skip".split())
_FAULTS = frozenset("too small tiny noisy cold hot dirty loud taken full busy broken booked occupied unavailable".split())


# Wishes that hang on something which nobody knows yet.
_CONDITIONS = phrases(
    "subject to confirmation, subject to approval, subject to change, provided that, provided the, provided we, provided"
    " he, provided she, provided they, contingent on, contingent upon, conditional on, depending on, depends on, in the"
    " event that, in the event of, in case of, in case it, in case he, in case she, in case they, in case the, only if,"
    " if and when, if and only if, failing that, failing which, if not then, if not available, if unavailable, if it's"
    " taken, if it is taken, if taken, if it's not free, if not free, if that's taken, if it isn't free, as a fallback,"
    " as a backup, fallback is, backup is, plan b, unless"
)
_DECIDES = frozenset("confirms agrees approves accepts replies says comes joins answers declines cancels".split())
_MOVES = frozenset(
    "shift move push bring prepone postpone reschedule bump change swap switch advance delay pull relocate".split()
)
_ASKED = frozenset(
    "please pls plz could can would we i you might may let's lets to need want kindly and us me must should shall"
    " i'd".split()
)
_AIMS = frozenset("to by back forward forwards later earlier from until till up ahead into out for".split())

_MOVED = frozenset("moved changed shifted pushed rescheduled postponed brought bumped slipped".split())


def _asks(xs: list[Item], tokens: list[Token]) -> bool:
    """Whether the sentence asks for information: "which rooms are free at 3?"."""
    i = 0
    while tokens[i].low in _GREETINGS or tokens[i].kind == "junk" or tokens[i].low in (",", "!", "-", ".", ":", "@"):
        i += 1
    if not behind(_QUESTIONS, tokens, i):
        return False
    end = next(n for n in range(i, len(tokens)) if tokens[n].kind == "end" or tokens[n].low in ("?", ".", "!"))
    inside = any(x.kind in ("clock", "num", "day", "room", "part", "now", "crowd") for x in xs if i <= x.i < end)
    return inside or not any(x.kind in ("clock", "num", "now", "part", "rel") for x in xs)


def _asks_of_the_past(tokens: list[Token]) -> bool:
    """ "Was Apollo booked at 2pm?"."""
    asked = any(t.low == "?" for t in tokens)
    return (
        asked
        and tokens[0].low in ("was", "were", "did", "has", "had")
        and tokens[1].low not in ("there", "a", "wondering", "hoping", "thinking")
    )


_OPEN_ENDS = phrases(
    "for a while, for some time, for a bit, till late, until late, length unknown, duration unknown, length tbd,"
    " duration tbd, length open, open end, open ended, open-ended, end open, not sure how long, don't know how long,"
    " no idea how long, however long, as long as it takes, until done, until we're done, until we are done, till done"
)


def _open_ended(draft: Draft, tokens: list[Token]) -> bool:
    return draft.minutes is None and draft.end is None and said(_OPEN_ENDS, tokens)


def _undecided(tokens: list[Token]) -> bool:
    return said(_UNDECIDED, tokens)


def _known_to_them(tokens: list[Token]) -> str | None:
    """Return "the big room", "the main hall" or "the room we had" where one stands in the sentence."""
    if said(_NAMELESS, tokens):
        return "it"
    for n, token in enumerate(tokens[:-2]):
        if token.low != "the":
            continue
        one, two = tokens[n + 1].low, tokens[n + 2].low
        if one == "one" and two in (
            "with",
            "by",
            "near",
            "next",
            "we",
            "that",
            "where",
            "upstairs",
            "downstairs",
            "on",
            "over",
        ):
            return "the one"
        if one in _SIZES and two in ("room", "hall", "one"):
            return f"the {one} {two}"
        if one == "room" and (
            two in ("we", "where") or (two == "from" and tokens[n + 3].low in ("last", "yesterday", "before"))
        ):
            return "the room"
    return None


def _maybe_tomorrow(draft: Draft, tokens: list[Token]) -> None:
    """ "tom 3pm": short for tomorrow, unless somebody is called so."""
    for n, token in enumerate(tokens):
        if token.text == "tom" and tokens[n + 1].kind == "num":
            tomorrow = replaced(tokens, n, n + 1, "tomorrow")
            options = (
                Option(label="Tomorrow", sentence=tomorrow),
                Option(label="Today", sentence=without(tokens, n, n + 1)),
            )
            draft.refuse(Trouble.AMBIGUOUS, 'Does "tom" mean tomorrow?', options)


def _handles(tokens: list[Token]) -> bool:
    """Whether a booking that exists is to change: "push the 3pm back", "I no longer need Apollo"."""
    if said(_HANDLED, tokens):
        return True
    lows = {t.low for t in tokens}
    adds = bool({"add", "invite", "include"} & lows)
    return any(
        (t.low in _HANDLES or (adds and t.low == "to"))
        and tokens[n + 1].low in ("my", "our", "the")
        and tokens[n + 2].kind == "num"
        for n, t in enumerate(tokens[:-2])
    )


def _conditional(tokens: list[Token]) -> bool:
    """Whether the booking hangs on something: "provided that ...", "if Sam confirms"."""
    if said(_CONDITIONS, tokens):
        return True
    lows = [t.low for t in tokens]
    return any(low == "if" and _DECIDES & set(lows[n + 2 : n + 4]) for n, low in enumerate(lows))


def _reworks(tokens: list[Token]) -> bool:
    """ "Might we shift tomorrow's senate meeting to the afternoon?", "prepone my 4 o clock meeting to 2"."""
    for n, t in enumerate(tokens):
        if t.low == "prepone":
            return True
        if t.low not in _MOVES or (n and tokens[n - 1].kind == "word" and tokens[n - 1].low not in _ASKED):
            continue
        named = tokens[n + 1]
        owned = named.low in ("my", "our", "the", "this", "that", "his", "her", "their", "it") or named.low.endswith("'s")
        if owned and any(x.low in _AIMS for x in tokens[n + 2 : n + 10]):
            return True
    return False


def _asks_for_state(xs: list[Item], tokens: list[Token]) -> bool:
    """ "Is Apollo free at 3?", "check if Big Ben is free", without a wish to book it."""
    if any(t.low in _BOOKS for t in tokens) or not any(x.kind == "room" for x in xs):
        return False
    lows = [t.low for t in tokens]
    first = next((n for n, t in enumerate(tokens) if t.low not in _GREETINGS and t.kind == "word"), 0)
    asks = lows[first] in ("is", "are", "will", "isn't") and tokens[first + 1].in_room
    checks = any((low, lows[n + 1]) in _CHECKS for n, low in enumerate(lows[:-1]))
    return (asks or checks) and any(low in _STATES for low in lows[first + 1 :])


def _disliked(xs: list[Item], tokens: list[Token]) -> bool:
    """ "I hate Zen", "Zen is too small": the only room named is the one not wanted."""
    rooms = [x for x in xs if x.kind == "room"]
    if len({room.name for x in rooms for room in x.value}) != 1:
        return False
    return any(
        (x.i and tokens[x.i - 1].low in _DISLIKES)
        or (tokens[x.j].low in ("is", "was", "looks") and tokens[x.j + 1].low in _FAULTS)
        for x in rooms
    )


_POLITENESS = _GREETINGS | {"can", "could", "would", "will", "you", "u", "pls", "plz", "kindly", ",", "!"}


def _errand(tokens: list[Token]) -> bool:
    """Whether somebody else is meant to do it: "remind me", "call Mom", "order lunch"."""
    at = next(n for n, t in enumerate(tokens) if t.low not in _POLITENESS)
    first, second = tokens[at].low, tokens[at + 1]
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


def check(xs: list[Item], draft: Draft, tokens: list[Token]) -> bool:
    """Refuse a sentence that asks for something else than a room, or tells of a time that changed.

    Return whether it is no wish for a room at all, so that nothing else in it matters.
    """
    if _rescheduled(xs, tokens):
        draft.refuse(
            Trouble.AMBIGUOUS, "That moved from one time to another. When should the room be booked, from and until?"
        )
    if _errand(tokens):
        draft.problems.clear()
        draft.refuse(Trouble.NOT_UNDERSTOOD, "I only book rooms. For which day and time do you need one?")
        return True
    if _open_ended(draft, tokens):
        draft.refuse(Trouble.AMBIGUOUS, "How long should it be? Give me minutes, hours or an end.")
    if _undecided(tokens):
        draft.refuse(Trouble.NOT_UNDERSTOOD, "That does not sound decided yet. Tell me when it is.")
    if not draft.rooms and (named := _known_to_them(tokens)):
        draft.refuse(Trouble.AMBIGUOUS, f'Which room is "{named}"? Give me its name, or say how many people it is for.')
    if not draft.days:
        _maybe_tomorrow(draft, tokens)
    if _conditional(tokens):
        draft.refuse(Trouble.AMBIGUOUS, "That depends on something I cannot know. What should I book, without the if?")
    if _handles(tokens) or _reworks(tokens):
        draft.refuse(Trouble.NOT_UNDERSTOOD, "This books a new room. To change a booking, use the buttons under it.")
    if _disliked(xs, tokens):
        reported = draft.start is None and draft.part is None and not draft.days
        trouble = Trouble.NOT_UNDERSTOOD if reported else Trouble.AMBIGUOUS
        draft.refuse(trouble, "You named a room that you would rather not have. Which one should it be?")
    asked = _asks(xs, tokens) or said(_WONDERS, tokens) or _asks_for_state(xs, tokens) or _asks_of_the_past(tokens)
    if asked:
        draft.problems.clear()
        draft.refuse(Trouble.NOT_UNDERSTOOD, "That sounds like a question. To book, say when and for how many.")
    return asked


__all__ = ["check"]
