"""The figures in words: what stands first in Slack, and alone where pictures cannot be shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from slack_sdk.models.blocks import Block, ButtonElement

from core import saying
from core.stats import LEADS, Asked, Figures
from core.suggestions import Suggestion
from handlers import plots
from handlers.replies import Message
from handlers.views import buttons
from handlers.views.text import Line, bold, code, cut, grey, rich, spoken
from handlers.views.times import Reader

NAME_SHOWN = 60
MOST_TEAMS, MOST_ADVICE = 3, 3
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def shown(
    figures: Figures,
    reader: Reader,
    *,
    everything: bool,
    advice: Sequence[Suggestion] = (),
    page: ButtonElement | None = None,
) -> Message:
    """Return the key figures in words; `everything` adds what concerns admins, `page` is the button to the page."""
    heading: Line = [bold(title(figures.asked, reader.now.date()))]
    if not figures.use.open:
        lines: list[Line] = [heading, ["There is nothing to count yet: no day of it is over, or no room was open."]]
        return Message(text=spoken(*lines), blocks=[rich(*lines), *_row(figures.asked, None)])
    lines = [heading, *key_lines(figures, everything=everything)]
    blocks: list[Block] = [rich(*lines)]
    if advice and everything:
        worth: list[Line] = [[bold("Worth a thought")], *([f"• {one.reason}"] for one in advice[:MOST_ADVICE])]
        blocks.append(rich(*worth))
        lines += worth
    blocks += [grey(note(figures, everything=everything)), *_row(figures.asked, page)]
    return Message(text=spoken(*lines), blocks=blocks)


def title(asked: Asked, today: date) -> str:
    """Return "Figures of Berlin, 1 to 30 Sep"."""
    what = asked.room.name if asked.room else asked.location.name if asked.location else "all rooms"
    return f"Figures of {cut(what, NAME_SHOWN)}, {days(asked, today)}"


def days(asked: Asked, today: date) -> str:
    """Return the days in words: "Mon 2 Nov to Sun 8 Nov"."""
    first, last = saying.short_date(asked.first, today=today), saying.short_date(asked.last, today=today)
    return first if asked.first == asked.last else f"{first} to {last}"


def key_lines(figures: Figures, *, everything: bool) -> list[Line]:
    """Return the figures that matter most, a line each."""
    lines: list[Line] = [
        [bold(saying.percent(figures.use.share)), f" of the open time was booked: {_booked(figures)}."],
        [_when(figures)],
    ]
    if len(figures.rooms) > 1:
        lines.append([_which(figures)])
    if everything:
        lines += [[line] for line in (_came(figures), _freed(figures), _given_up(figures), _lead(figures)) if line]
        lines += [[line] for line in (_lacking(figures), _teams(figures)) if line]
    return lines


def plain_lines(figures: Figures, *, everything: bool) -> list[str]:
    """Return the same as text without any style."""
    lines = key_lines(figures, everything=everything)
    return ["".join(piece if isinstance(piece, str) else piece.text for piece in line) for line in lines]


def note(figures: Figures, *, everything: bool) -> str:
    """Return in small how it was counted, and who may see what."""
    hours = " Rooms without opening hours are measured by Monday to Friday, 08:00-18:00." if figures.usual_hours else ""
    who = "Nobody is named; teams from five members on." if everything else "Admins see more: who came, what was missing."
    return f"Whole days only, by each room's clock.{hours} {who}"


def unread(rest: str, command: str, names: Sequence[str]) -> Message:
    """Return how to ask for figures."""
    line: Line = ["I do not know which room, location or days ", bold(f'"{cut(rest, 60)}"'), " means."]
    example = f"{command} stats {names[0]} last month" if names else f"{command} stats last month"
    second: Line = ["For example: ", code(example), " or ", code(f"{command} stats 2026-10"), "."]
    row = [buttons.run("Last four weeks", "stats"), buttons.run("Last month", "stats last month", number=1)]
    return Message(text=spoken(line, second), blocks=[rich(line, second), *buttons.rows(row)])


def pictures_alone(figures: Figures, drawn: Sequence[plots.Plot], files: Sequence[str], today: date) -> Message:
    """Return the pictures as a message of their own; `files` are Slack's ids of them."""
    heading = f"Pictures: {title(figures.asked, today)}"
    blocks = [image(plot, file) for plot, file in zip(drawn, files, strict=True)]
    return Message(text=spoken([heading], *([plot.alt] for plot in drawn)), blocks=blocks)


def image(plot: plots.Plot, file: str) -> dict[str, object]:
    """Return an image block of an uploaded file."""
    return {
        "type": "image",
        "slack_file": {"id": file},
        "title": {"type": "plain_text", "text": plot.title, "emoji": False},
        "alt_text": cut(plot.alt, 2000),
    }


def weekly(figures: Figures, advice: Sequence[Suggestion], today: date, *, everything: bool) -> Message | None:
    """Return a channel's week in figures; None where there is nothing to count."""
    if not figures.use.open:
        return None
    lines: list[Line] = [[bold(f"📊 {title(figures.asked, today)}")], *key_lines(figures, everything=everything)]
    worth: list[Line] = [[bold("Worth a thought")], *([f"• {one.reason}"] for one in advice[:MOST_ADVICE])]
    blocks: list[Block] = [rich(*lines), *([rich(*worth)] if advice else []), grey(note(figures, everything=everything))]
    return Message(text=spoken(*lines, *(worth if advice else [])), blocks=blocks)


# -- sentences -----------------------------------------------------------------------------------------------------


def _booked(figures: Figures) -> str:
    meetings = _counted(figures.bookings, "meeting")
    return f"{_hours(figures.use.inside)} of {_hours(figures.use.open)}, in {meetings}"


def _when(figures: Figures) -> str:
    found = [(use.share, weekday) for weekday, use in enumerate(figures.weekdays) if use.open]
    clock = [(use.share, -hour) for hour, use in figures.clock.items() if use.open]
    if len(found) < 2 or max(found)[0] == min(found)[0]:
        share, hour = max(clock)
        return f"Busiest around {-hour:02d}:00 ({saying.percent(share)})."
    (most, busy), (least, quiet) = max(found), min(found)
    share, hour = max(clock)
    return (
        f"Busiest on {WEEKDAYS[busy]}s ({saying.percent(most)}) and around {-hour:02d}:00 ({saying.percent(share)}),"
        f" quietest on {WEEKDAYS[quiet]}s ({saying.percent(least)})."
    )


def _which(figures: Figures) -> str:
    first, last = figures.rooms[0], figures.rooms[-1]
    return (
        f"Most booked: {cut(first.room.name, NAME_SHOWN)} ({saying.percent(first.use.share)});"
        f" least: {cut(last.room.name, NAME_SHOWN)} ({saying.percent(last.use.share)})."
    )


def _came(figures: Figures) -> str:
    came = figures.came
    if not came.asked:
        return ""
    used = saying.percent(came.used_minutes / came.asked_minutes if came.asked_minutes else 0)
    return (
        f"Nobody came to {saying.percent(came.missed_share)} of the {_counted(came.asked, 'meeting')} that asked for a"
        f" check-in; {used} of their booked hours were used."
    )


def _freed(figures: Figures) -> str:
    times = figures.released.times + figures.ended_early.times
    if not times:
        return ""
    minutes = figures.released.minutes + figures.ended_early.minutes
    again = figures.released.again + figures.ended_early.again
    return (
        f"{_hours(minutes)} were given back ({_counted(figures.released.times, 'release')},"
        f" {figures.ended_early.times:,} ended early), and {_hours(again)} of them booked again."
    )


def _given_up(figures: Figures) -> str:
    if not figures.cancelled:
        return ""
    share = saying.percent(figures.cancelled / (figures.cancelled + figures.bookings))
    return f"{share} were cancelled ({figures.cancelled:,}), {figures.cancelled_late:,} of them within a day of their start."


def _lead(figures: Figures) -> str:
    total = sum(figures.leads)
    if not total:
        return ""
    share, name = max((count / total, -number) for number, count in enumerate(figures.leads))
    return f"Most often booked {LEADS[-name]} ahead ({saying.percent(share)})."


def _lacking(figures: Figures) -> str:
    found = plots.lacks(figures)
    if not found:
        return ""
    said = saying.listed(f"{name} ({times})" for name, times in found[:3])
    return f"Refused {_counted(sum(one.times for one in figures.lacking), 'search', 'searches')}; most missed: {said}."


def _teams(figures: Figures) -> str:
    said = saying.listed(f"{cut(one.name, NAME_SHOWN)} ({_hours(one.minutes)})" for one in figures.teams[:MOST_TEAMS])
    return f"By team: {said}." if said else ""


def _hours(minutes: float) -> str:
    hours = round(minutes / 60, 1 if minutes < 600 else 0)
    return "1 hour" if hours == 1 else f"{hours:,g} hours" if hours < 10 else f"{hours:,.0f} hours"


def _counted(number: int, noun: str, plural: str | None = None) -> str:
    return f"1 {noun}" if number == 1 else f"{number:,} {plural or noun + 's'}"


def _row(asked: Asked, page: ButtonElement | None) -> list[Block]:
    about = asked.room.name if asked.room else asked.location.name if asked.location else ""
    others = [
        buttons.run(label, " ".join(word for word in ("stats", about, said) if word), number=number)
        for number, (label, said) in enumerate(_OTHER_DAYS.items())
    ]
    return [*buttons.rows([page, *others])]


_OTHER_DAYS = {"Last week": "last week", "Last month": "last month", "Last year": "last year"}
