"""Builds what goes out: readings, fragments, what was assumed, and the ways out under a question.

Kept out: deciding whether there is a question.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta

from handlers.sentence.draft import Draft, Problem
from handlers.sentence.model import Assumption, Fragment, Option, Reading, Trouble
from handlers.sentence.outcome import Here, Times, Unsettled
from handlers.sentence.phrases import joined, replaced
from handlers.sentence.place import Placed
from handlers.sentence.render import sentence
from handlers.sentence.settle import OtherDay, settle
from handlers.sentence.tokens import Token


def reading(draft: Draft, placed: Placed, times: Times) -> Reading:
    """Return the bookable wish, without its assumptions; what comes along is told from what rooms have in read.py."""
    return Reading(
        start=times.start,
        end=times.end,
        zone=placed.zone,
        duration_min=round((times.end - times.start).total_seconds() / 60),
        default_duration=times.default_duration,
        attendees=draft.attendees,
        amenities=draft.amenities,
        room=placed.room,
        place=placed.place,
        floor=draft.floor,
        location=placed.label,
        title=draft.title,
        recurrence=times.recurrence,
        left_out=times.left_out,
        invitees=draft.invitees,
        private=draft.private,
        fold=times.fold or 0,
        more_rooms=placed.more,
    )


def fragment(draft: Draft, placed: Placed, times: Times | None, day: date | None) -> Fragment:
    """Return what a partial sentence holds."""
    minutes = draft.minutes
    if times is not None and not times.default_duration:
        minutes = round((times.end - times.start).total_seconds() / 60)
    return Fragment(
        start=times.start if times else None,
        end=times.end if times and not times.default_duration else None,
        day=datetime.combine(day, time()) if day else None,
        duration_min=minutes,
        attendees=draft.attendees,
        amenities=draft.amenities,
        room=placed.room,
        place=placed.place,
        floor=draft.floor,
        location=placed.label,
        title=draft.title,
        zone=placed.zone,
        invitees=draft.invitees,
        shift_min=draft.shift,
        fold=(times.fold or 0) if times else 0,
        assumptions=tuple(draft.assumptions),
        more_rooms=placed.more,
    )


def left_out_instead(tokens: list[Token], at: tuple[int, int], near: tuple[date, ...]) -> tuple[Option, ...]:
    """Return the sentence with dates of the series left out instead of one that it does not have, and of none."""
    return tuple(
        Option(
            label=f"Leave out {day:%a} {day.day} {day:%b}",
            sentence=replaced(tokens, *at, f"{day.day} {day:%b} {day.year}"),
        )
        for day in near
    )


def when(moment: datetime) -> str:
    """Return "Wed 25 Nov, 14:00"."""
    return f"{moment:%a} {moment.day} {moment:%b}, {moment:%H:%M}"


def day_name(day: datetime, today: date) -> str:
    """Return "today", "tomorrow, Wed 25 Nov" or "Fri 27 Nov"."""
    ahead = (day.date() - today).days
    plain = f"{day:%a} {day.day} {day:%b}"
    return {0: "today", 1: f"tomorrow, {plain}"}.get(ahead, plain)


def assumptions(found: Reading, draft: Draft, placed: Placed, here: Here, times: Times) -> tuple[Assumption, ...]:
    """Return everything that the person did not say and the reading takes for granted."""
    said = list(draft.assumptions)
    if times.moved_from is not None:
        said.append(
            Assumption(about="zone", text=f"{times.moved_from:%H:%M} {draft.zone_word} is {found.start:%H:%M} there")
        )
    if found.default_duration:
        said.append(_half_hour(found))
    if times.guessed_half and times.moved_from is None:
        said.append(_half_day(found, here))
    if times.guessed_day:
        said.append(
            Assumption(about="date", text=f"{day_name(found.start, here.local.date())}, the next {found.start:%H:%M}")
        )
    if times.next_week:
        said.append(_next_week(found))
    if found.recurrence is None and _yearless(draft) and found.start - here.local > timedelta(days=180):
        said.append(Assumption(about="date", text=f"{found.start.day} {found.start:%B %Y}, the next one"))
    if _swappable(draft):
        said.append(Assumption(about="date", text=f"Date read as {found.start.day} {found.start:%B}"))
    if placed.assumed and placed.place is not None:
        said.append(Assumption(about="location", text=f"In {placed.place.name}, since you named no place"))
    return tuple(said)


def _half_hour(found: Reading) -> Assumption:
    options = []
    for minutes, label in ((15, "15 minutes"), (45, "45 minutes"), (60, "1 hour")):
        longer = replace(found, end=found.start + timedelta(minutes=minutes), duration_min=minutes, default_duration=False)
        options.append(Option(label=label, sentence=sentence(longer)))
    return Assumption(about="duration", text="30 minutes, since you gave no end", options=tuple(options))


def _half_day(found: Reading, here: Here) -> Assumption:
    hour = found.start.hour % 12 or 12
    said = f"{hour}:{found.start:%M}" if found.start.minute else f"{hour}"
    other = found.start + timedelta(hours=12 if found.start.hour < 12 else -12)
    options: tuple[Option, ...] = ()
    if other > here.local and found.recurrence is None:
        moved = replace(found, start=other, end=other + timedelta(minutes=found.duration_min))
        options = (Option(label=f"{other:%H:%M} instead", sentence=sentence(moved)),)
    taken = f"{found.start:%H:%M}" if found.start.hour >= 12 else f"{found.start:%H:%M} in the morning"
    return Assumption(about="half_day", text=f"{said} taken as {taken}", options=options)


def _next_week(found: Reading) -> Assumption:
    earlier = replace(found, start=found.start - timedelta(days=7), end=found.end - timedelta(days=7))
    label = f"{earlier.start:%a} {earlier.start.day} {earlier.start:%b} instead"
    return Assumption(
        about="date",
        text=f"Next {found.start:%A} is {found.start.day} {found.start:%b}, in the coming calendar week",
        options=(Option(label=label, sentence=sentence(earlier)),),
    )


def _yearless(draft: Draft) -> bool:
    return any(day.how == "date" and day.year is None for day in draft.days)


def _swappable(draft: Draft) -> bool:
    """Whether a numeric date could be read the other way round."""
    return any(
        day.how == "date" and "/" in day.phrase and not day.phrase[:4].isdecimal() and day.day <= 12 and day.day != day.month
        for day in draft.days
    )


def _tried(draft: Draft, placed: Placed, here: Here, **changes: object) -> Reading | None:
    """The reading of a draft with some fields changed, or None."""
    changed = replace(draft, **changes)  # type: ignore[arg-type]
    try:
        return reading(changed, placed, settle(changed, here))
    except (Unsettled, OtherDay):
        return None


def for_days(draft: Draft, placed: Placed, here: Here, days: tuple[date, ...]) -> tuple[Option, ...]:
    """Return one option per date that the words may have meant."""
    from handlers.sentence.items import Day

    options = []
    for day in sorted(set(days)):
        exact = Day("date", day=day.day, month=day.month, year=day.year, phrase=day.isoformat())
        found = _tried(draft, placed, here, days=[exact])
        if found is not None:
            options.append(Option(label=f"{found.start:%a} {found.start.day} {found.start:%b}", sentence=sentence(found)))
    return tuple(options)


def other_day(draft: Draft, placed: Placed, there: Times, asked: Times) -> Problem:
    """Return the question which date is meant when the place and the person have different ones."""
    place = placed.place.name if placed.place else "the place"
    options = tuple(
        Option(label=when(times.start), sentence=sentence(reading(draft, placed, times)))
        for times in sorted((there, asked), key=lambda t: t.start)
    )
    return Problem(
        Trouble.AMBIGUOUS,
        f"In {place} it is already another date than where you are. Which one do you mean?",
        options,
    )


def people_or_minutes(tokens: list[Token], n: int) -> tuple[Option, ...]:
    """Return both readings of "for 30"."""
    at = next((i for i, t in enumerate(tokens) if t.value == n and i and tokens[i - 1].low not in ("at", ":")), None)
    if at is None:
        return ()
    return tuple(
        Option(label=f"{n} {unit}", sentence=replaced(tokens, at, at + 1, f"{n} {unit}")) for unit in ("people", "minutes")
    )


def ways_out(draft: Draft, placed: Placed, here: Here, problem: Problem, tokens: list[Token]) -> tuple[Option, ...]:
    """Return the nearest sentences that would work."""
    text = joined(tokens)
    if problem.trouble == Trouble.MISSING_TIME:
        return _some_times(draft, here, text)
    if problem.trouble == Trouble.END_BEFORE_START:
        return _past_midnight(draft, placed, here)
    return ()


def _past_midnight(draft: Draft, placed: Placed, here: Here) -> tuple[Option, ...]:
    """Offer an end on the next day to "22:00-02:00"."""
    end = draft.end.clock if draft.end else None
    if end is None or not end.valid or not end.explicit:
        return ()
    found = _tried(draft, placed, here, end=None, end_days=[], minutes=None)
    if found is None:
        return ()
    stop = datetime.combine(found.start.date(), time()) + timedelta(days=1, minutes=end.minutes)
    longer = replace(found, end=stop, default_duration=False, duration_min=round((stop - found.start).total_seconds() / 60))
    if longer.duration_min > 12 * 60:
        return ()
    return (Option(label=f"Until {stop:%a %H:%M}", sentence=sentence(longer)),)


def _some_times(draft: Draft, here: Here, text: str) -> tuple[Option, ...]:
    if draft.days or draft.every:
        return tuple(Option(label=hour, sentence=f"{text} at {hour}") for hour in ("10:00", "14:00", "16:00"))
    options = [Option(label="Now", sentence=f"{text} now".strip())]
    if here.local.hour < 15:
        options.append(Option(label="15:00 today", sentence=f"{text} today at 15:00".strip()))
    options.append(Option(label="Tomorrow 10:00", sentence=f"{text} tomorrow at 10:00".strip()))
    return tuple(options)
