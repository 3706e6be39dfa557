"""Watches the two nights a year when a wall-clock time does not exist or comes twice.

Kept out: all other nights.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from handlers.sentence.model import Option, Reading, Refusal, Trouble
from handlers.sentence.render import sentence, twice


def check(reading: Reading, *, known_fold: bool) -> Refusal | None:
    """Return a refusal for a start or end that the clocks jump over, a question for one that comes twice, else None."""
    zone = ZoneInfo(reading.zone)
    for moment in (reading.start, reading.end):
        if not exists(moment, zone):
            return _missing(reading, moment, zone)
    if twice(reading.start, reading.zone) and not known_fold:
        return _double(reading)
    return None


def exists(local: datetime, zone: ZoneInfo) -> bool:
    """Whether clocks in the zone ever show this naive time."""
    return local.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local


def next_valid(local: datetime, zone: ZoneInfo) -> datetime:
    """The first naive time after a skipped one that clocks do show."""
    before = local.replace(tzinfo=zone, fold=1).utcoffset() or timedelta()
    after = local.replace(tzinfo=zone, fold=0).utcoffset() or timedelta()
    gap = abs(after - before)
    probe = local
    low, high = local - gap, local
    while high - low > timedelta(minutes=1):
        middle = (low + (high - low) / 2).replace(second=0, microsecond=0)
        if middle in (low, high):
            break
        low, high = (middle, high) if exists(middle, zone) else (low, middle)
    return high + gap if not exists(high, zone) else probe


def _missing(reading: Reading, moment: datetime, zone: ZoneInfo) -> Refusal:
    valid = next_valid(moment, zone)
    if moment == reading.start:
        shifted = replace(reading, start=valid, end=valid + timedelta(minutes=reading.duration_min))
    else:
        minutes = round((valid - reading.start).total_seconds() / 60)
        shifted = replace(reading, end=valid, duration_min=minutes, default_duration=False)
    label = f"{shifted.start:%H:%M}-{shifted.end:%H:%M}"
    return Refusal(
        trouble=Trouble.INVALID_TIME,
        message=f"Clocks go forward that night: {moment:%H:%M} does not exist on {moment:%a} {moment.day} {moment:%b}."
        f" The next time is {valid:%H:%M}.",
        options=(Option(label=label, sentence=sentence(shifted)),),
    )


def _double(reading: Reading) -> Refusal:
    options = []
    for fold, word in ((0, "first"), (1, "second")):
        chosen = replace(reading, fold=fold)
        options.append(Option(label=f"The {word} {reading.start:%H:%M} ({chosen.starts_at:%Z})", sentence=sentence(chosen)))
    return Refusal(
        trouble=Trouble.AMBIGUOUS,
        message=f"Clocks go back that night: {reading.start:%H:%M} comes twice on"
        f" {reading.start:%a} {reading.start.day} {reading.start:%b}. Which one?",
        options=tuple(options),
    )
