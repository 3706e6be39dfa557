"""Reads a sentence: clean, cut, scan, compose, find the place, settle the times, and say what was assumed.

Pure and deterministic: the moment, the zone and the catalogue come in, a Reading or a Refusal goes out.
Kept out: Slack, the database, and whether the room is free.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from core.models import Location, aware
from handlers.sentence import answers, dst, things
from handlers.sentence.compose import compose
from handlers.sentence.draft import Draft, Problem
from handlers.sentence.left_out import NotOneOfThem
from handlers.sentence.model import Book, Fragment, Option, Reading, Refusal, Trouble
from handlers.sentence.outcome import Here, Times, Unsettled
from handlers.sentence.place import Placed, find
from handlers.sentence.scan import scanner
from handlers.sentence.settle import OtherDay, limits, settle
from handlers.sentence.tokens import LONGEST, Token, clean, tokenise
from handlers.sentence.whichday import WhichDate, day_of

ORDER = (
    Trouble.TOO_LONG,
    Trouble.AMBIGUOUS,
    Trouble.UNKNOWN_ROOM,
    Trouble.INVALID_ATTENDEES,
    Trouble.INVALID_TIME,
    Trouble.NOT_UNDERSTOOD,
    Trouble.MISSING_TIME,
    Trouble.END_BEFORE_START,
    Trouble.PAST,
)
_RANK = {trouble: n for n, trouble in enumerate(ORDER)}


@dataclass(frozen=True, slots=True)
class Context:
    """Everything outside the sentence that its meaning depends on."""

    now: datetime
    zone: str
    book: Book
    home: Location | None
    locale: str


def read(
    text: str, *, now: datetime, zone: str, book: Book, home: Location | None = None, locale: str = "en-US"
) -> Reading | Refusal:
    """Return what a sentence asks to book, or why it cannot be booked and what to say instead; `now` must be aware."""
    context = Context(aware(now, "now"), zone, book, home, locale)
    found = _read(text, context)
    if isinstance(found, Refusal):
        return replace(found, options=_checked(found.options, context))
    return found


def _checked(options: tuple[Option, ...], context: Context) -> tuple[Option, ...]:
    """Keep the options that lead somewhere: the sentence books, or asks something new."""
    return tuple(option for option in options[:8] if _books(option.sentence, context))[:5]


def _books(sentence: str, context: Context) -> bool:
    return 0 < len(sentence) <= LONGEST and not isinstance(_read(sentence, context), Refusal)


def _too_long(text: str) -> Refusal | None:
    if len(text) > LONGEST:
        return Refusal(
            trouble=Trouble.TOO_LONG, message=f"That is long: {len(text)} characters. {LONGEST} are enough for a booking."
        )
    return None


def _draft(text: str, context: Context, *, part_only: bool = False) -> tuple[Draft, list[Token]] | Refusal:
    refusal = _too_long(text)
    if refusal:
        return refusal
    cleaned = clean(text)
    if len(cleaned) > 2 * LONGEST:
        return Refusal(trouble=Trouble.TOO_LONG, message=f"That is too long; {LONGEST} characters are enough.")
    tokens = tokenise(cleaned)
    found = scanner(context.book, context.locale)
    book = found.catalogue.book  # equal to the caller's, with what was worked out before
    return compose(tokens, found.scan(tokens), book, part_only=part_only), tokens


def _read(text: str, context: Context) -> Reading | Refusal:
    drafted = _draft(text, context)
    if isinstance(drafted, Refusal):
        return drafted
    draft, tokens = drafted
    placed = find(draft, tokens, context.book, context.home, context.zone)
    here = Here(context.now, ZoneInfo(placed.zone), ZoneInfo(context.zone), context.locale)
    _doubtful_count(draft, tokens, placed)
    try:
        times = settle(draft, here)
    except OtherDay as why:
        draft.problems.append(answers.other_day(draft, placed, why.there, why.here))
        return _refusal(draft)
    except Unsettled as why:
        draft.problems.append(why.problem)
        return _refusal(draft, _answers(why, draft, placed, here, tokens))
    if draft.problems:
        return _refusal(draft)
    return _reading(draft, placed, here, times, context.book)


def _answers(why: Unsettled, draft: Draft, placed: Placed, here: Here, tokens: list[Token]) -> tuple[Option, ...]:
    match why:
        case WhichDate():
            return answers.for_days(draft, placed, here, why.days)
        case NotOneOfThem():
            return answers.left_out_instead(tokens, why.at, why.near)
        case _:
            return answers.ways_out(draft, placed, here, why.problem, tokens)


def _doubtful_count(draft: Draft, tokens: list[Token], placed: Placed) -> None:
    """ "For 30": people or minutes (rule P2); people where several rooms seat so many together."""
    n = draft.bare_count
    if n is None:
        return
    if placed.room and placed.more and n <= sum(room.capacity for room in (placed.room, *placed.more)):
        draft.attendees = draft.attendees or n
        return
    options = answers.people_or_minutes(tokens, n)
    draft.refuse(Trouble.AMBIGUOUS, f'"For {n}": {n} people or {n} minutes?', options)


def _refusal(draft: Draft, options: tuple[Option, ...] = ()) -> Refusal:
    problem: Problem = min(draft.problems, key=lambda p: _RANK[p.trouble])
    last = draft.problems[-1]
    return Refusal(
        trouble=problem.trouble, message=problem.message, options=problem.options or (options if problem is last else ())
    )


def _reading(draft: Draft, placed: Placed, here: Here, times: Times, book: Book) -> Reading | Refusal:
    lent = things.parted(draft, placed, book)
    reading = replace(answers.reading(draft, placed, times), amenities=lent.amenities, things=lent.things)
    trouble = dst.check(reading, known_fold=times.fold is not None)
    if trouble is not None:
        return trouble
    said = answers.assumptions(reading, draft, placed, here, times)
    return replace(reading, assumptions=(*said, *things.told(reading, lent, book)))


def read_part(
    text: str, *, now: datetime, zone: str, book: Book, home: Location | None = None, locale: str = "en-US"
) -> Fragment | Refusal:
    """Return what a partial sentence holds: like `read`, but no field is required, and "by 30 minutes" is a shift."""
    context = Context(aware(now, "now"), zone, book, home, locale)
    drafted = _draft(text, context, part_only=True)
    if isinstance(drafted, Refusal):
        return drafted
    draft, tokens = drafted
    placed = find(draft, tokens, context.book, context.home, context.zone)
    here = Here(context.now, ZoneInfo(placed.zone), ZoneInfo(context.zone), context.locale)
    _doubtful_count(draft, tokens, placed)
    if draft.every is not None:
        draft.refuse(Trouble.NOT_UNDERSTOOD, "One date at a time here. Which day is it?")
    return _fragment(draft, placed, here, context.book)


def _fragment(draft: Draft, placed: Placed, here: Here, book: Book) -> Fragment | Refusal:
    times, day = None, None
    try:
        if draft.start is not None or draft.part is not None or draft.from_now:
            times = settle(draft, here)
        elif draft.end is not None:
            raise Unsettled(Trouble.MISSING_TIME, "I found an end but no start. From when should it be?")
        else:
            limits(draft)
            day = _day_alone(draft, here)
    except OtherDay as why:
        draft.problems.append(answers.other_day(draft, placed, why.there, why.here))
    except Unsettled as why:
        draft.problems.append(why.problem)
    if draft.problems:
        return _refusal(draft)
    lent = things.parted(draft, placed, book)
    found = answers.fragment(draft, placed, times, day)
    return replace(found, amenities=lent.amenities, things=lent.things)


def _day_alone(draft: Draft, here: Here) -> date | None:
    return day_of(draft, here) if draft.days else None


__all__ = ["ORDER", "read", "read_part"]
