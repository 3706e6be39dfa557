"""How often a booking repeats, as the booking form asks for it: read from what was chosen, written as a rule, and back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from core.errors import InvalidSeries
from handlers.ids import Field
from handlers.requests import Form
from handlers.views import rhythm

MOST_TIMES = 1000
USUAL_TIMES = 8


class Every(StrEnum):
    """How often; what else a rule may say is kept as that rule."""

    NEVER = "never"
    DAY = "day"
    WORKDAY = "workday"
    WEEK = "week"
    FORTNIGHT = "fortnight"
    MONTH_WEEKDAY = "month_weekday"
    MONTH_DATE = "month_date"
    RULE = "rule"


class Ends(StrEnum):
    """When it ends."""

    TIMES = "times"
    UNTIL = "until"
    NEVER = "never"


@dataclass(frozen=True, kw_only=True, slots=True)
class Repeating:
    """The form's section on repeating. `weekdays` are "MO" to "SU"; none means the weekday of the date.

    `kept` is a rule, without its end, that the form has no other words for.
    """

    every: Every = Every.NEVER
    weekdays: tuple[str, ...] = ()
    ends: Ends = Ends.TIMES
    times: int | None = None
    until: date | None = None
    kept: str = ""

    @property
    def repeats(self) -> bool:
        """Tell whether it is to be more than one date."""
        return self.every is not Every.NEVER

    @property
    def weekly(self) -> bool:
        """Tell whether weekdays are asked for."""
        return self.every in {Every.WEEK, Every.FORTNIGHT}

    def rule(self, first_on: date) -> str:
        """Return the rule of a series from a date on; raise InvalidSeries where its end is missing or wrong."""
        return ";".join(part for part in (self._often(first_on), self._end(first_on)) if part)

    def _often(self, first_on: date) -> str:
        days = ",".join(self.weekdays or (rhythm.DAYS[first_on.weekday()],))
        # A fifth weekday is not in every month; the last one is.
        which = rhythm.of_weekday(first_on) if rhythm.of_weekday(first_on) < 5 else -1
        said = {
            Every.DAY: "FREQ=DAILY",
            Every.WORKDAY: f"FREQ=WEEKLY;BYDAY={','.join(rhythm.WORK_WEEK)}",
            Every.WEEK: f"FREQ=WEEKLY;BYDAY={days}",
            Every.FORTNIGHT: f"FREQ=WEEKLY;INTERVAL=2;BYDAY={days}",
            Every.MONTH_WEEKDAY: f"FREQ=MONTHLY;BYDAY={which}{rhythm.DAYS[first_on.weekday()]}",
            Every.MONTH_DATE: f"FREQ=MONTHLY;BYMONTHDAY={first_on.day}",
        }
        return said.get(self.every, self.kept)

    def _end(self, first_on: date) -> str:
        if self.ends is Ends.NEVER:
            return ""
        if self.ends is Ends.UNTIL:
            if self.until is None or self.until < first_on:
                said = "Choose the last date."
                raise InvalidSeries(said, fields={"until": said if self.until is None else "That is before the first date."})
            return f"UNTIL={self.until:%Y%m%d}"
        if self.times is None or not 1 <= self.times <= MOST_TIMES:
            said = f"Give the number of dates, from 1 to {MOST_TIMES}."
            raise InvalidSeries(said, fields={"times": said})
        return f"COUNT={self.times}"


def read(form: Form) -> Repeating:
    """Return what stands in the form's section; what it does not show is as at first."""
    fields = {name: {name: state} for block in form.values.values() for name, state in block.items()}
    form = replace(form, values=fields)
    chosen = form.option(Field.REPEAT) or Every.NEVER
    kept = chosen.removeprefix(f"{Every.RULE}:") if chosen.startswith(f"{Every.RULE}:") else ""
    ends, until = form.option(Field.ENDS), form.text(Field.UNTIL)
    try:
        return Repeating(
            every=Every.RULE if kept else Every(chosen),
            weekdays=tuple(day for day in rhythm.DAYS if day in form.options(Field.WEEKDAYS)),
            ends=Ends(ends) if ends else Ends.TIMES,
            times=_number(form.text(Field.TIMES)),
            until=date.fromisoformat(until) if until else None,
            kept=kept,
        )
    except ValueError:
        raise InvalidSeries("This form is out of date. Open it again.") from None


def of_rule(rule: str, first_on: date) -> Repeating:
    """Return a rule as the form shows it."""
    said = rhythm.parts(rule)
    base = ";".join(f"{name}={value}" for name, value in said.items() if name not in {"COUNT", "UNTIL"})
    count, until = said.get("COUNT", ""), said.get("UNTIL", "")
    shown = Repeating(
        ends=Ends.TIMES if count else Ends.UNTIL if until else Ends.NEVER,
        times=_number(count or None),
        until=_day(until),
    )
    for every in (Every.DAY, Every.WORKDAY, Every.WEEK, Every.FORTNIGHT, Every.MONTH_WEEKDAY, Every.MONTH_DATE):
        weekdays = tuple(day for day in rhythm.DAYS if day in said.get("BYDAY", "").split(","))
        tried = replace(shown, every=every)
        tried = replace(tried, weekdays=weekdays) if tried.weekly else tried
        if tried._often(first_on) == base:
            return tried
    return replace(shown, every=Every.RULE, kept=base)


def labels(repeating: Repeating, first_on: date) -> Mapping[str, str]:
    """Return the choices of how often, by the value under which each comes back."""
    found = {
        Every.NEVER.value: "Never",
        Every.DAY.value: "Every day",
        Every.WORKDAY.value: "Every weekday, Monday to Friday",
        Every.WEEK.value: "Every week",
        Every.FORTNIGHT.value: "Every 2 weeks",
        Every.MONTH_WEEKDAY.value: "Every month, on that weekday of the month",
        Every.MONTH_DATE.value: "Every month, on that date",
    }
    if repeating.every is Every.RULE:
        often = rhythm.often(repeating.kept, first_on=first_on)
        found[f"{Every.RULE}:{repeating.kept}"] = often[0].upper() + often[1:]
    return found


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    return int(text) if re.fullmatch(r"[0-9]{1,6}", text.strip(), re.ASCII) else 0


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(f"{text[:4]}-{text[4:6]}-{text[6:8]}") if text else None
    except ValueError:
        return None
