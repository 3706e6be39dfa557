"""Opening hours as people write them: "mon-fri 08:00-18:00, sat 09:00-12:00"."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from core.catalogue import WEEKDAYS
from core.errors import InvalidPolicy

_HOURS = re.compile(
    r"(?P<first>[a-z]{3})[a-z]*(?:\s*[-–]\s*(?P<last>[a-z]{3})[a-z]*)?\s+"
    r"(?P<opens>\d{1,2}:\d{2})\s*[-–]\s*(?P<closes>\d{1,2}:\d{2})"
)


def read(words: str) -> dict[str, list[str]]:
    """Return opening hours as the core takes them; raises InvalidPolicy."""
    hours: dict[str, list[str]] = {}
    for part in words.lower().split(","):
        found = _HOURS.fullmatch(part.strip())
        first, last = (found["first"], found["last"] or found["first"]) if found else ("", "")
        if not found or first not in WEEKDAYS or last not in WEEKDAYS:
            said = 'Write hours like "mon-fri 08:00-18:00, sat 09:00-12:00".'
            raise InvalidPolicy(said, fields={"opening": said})
        start, length = WEEKDAYS.index(first), (WEEKDAYS.index(last) - WEEKDAYS.index(first)) % 7 + 1
        for offset in range(length):
            hours[WEEKDAYS[(start + offset) % 7]] = [found["opens"].zfill(5), found["closes"].zfill(5)]
    return hours


def said(hours: Mapping[str, Sequence[str] | None]) -> str:
    """Return opening hours in words that `read` reads, days alike put together; "" where it is closed all week."""
    runs: list[tuple[str, str, tuple[str, ...]]] = []
    for day in WEEKDAYS:
        open_ = tuple(hours.get(day) or ())
        if not open_:
            continue
        before = WEEKDAYS[WEEKDAYS.index(day) - 1]
        if runs and runs[-1][1] == before and runs[-1][2] == open_:
            runs[-1] = (runs[-1][0], day, open_)
        else:
            runs.append((day, day, open_))
    return ", ".join(f"{first if first == last else f'{first}-{last}'} {'-'.join(open_)}" for first, last, open_ in runs)
