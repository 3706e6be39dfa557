"""Says in a few lines what a sentence was understood to mean, for the command line.

Kept out: Slack's blocks.
"""

from __future__ import annotations

from handlers.sentence.model import Fragment, Reading, Refusal
from handlers.sentence.render import frequency


def explain(result: Reading | Fragment | Refusal) -> str:
    """Return the interpretation of a sentence in several short lines."""
    if isinstance(result, Refusal):
        lines = [f"Not booked ({result.trouble.value}): {result.message}"]
        lines += [f"  {option.label}: {option.sentence}" for option in result.options]
        return "\n".join(lines)
    lines = [_when(result), *_where(result), *_who(result)]
    lines += [f"Assumed: {assumption.text}" for assumption in result.assumptions]
    return "\n".join(line for line in lines if line)


def _when(result: Reading | Fragment) -> str:
    if result.start is None:
        return f"Day: {result.day:%a} {result.day.day} {result.day:%b %Y}" if result.day else "No time"
    start = result.start
    text = f"When: {start:%a} {start.day} {start:%b %Y}, {start:%H:%M}"
    if result.end is not None:
        end = result.end
        text += f"-{end:%H:%M}" if end.date() == start.date() else f" to {end:%a} {end.day} {end:%b}, {end:%H:%M}"
        text += f" ({result.duration_min} minutes)"
    return f"{text}, {result.zone}"


def _where(result: Reading | Fragment) -> list[str]:
    lines = []
    if isinstance(result, Reading) and result.recurrence:
        rule = dict(part.split("=", 1) for part in result.recurrence.split(";"))
        lines.append(f"Repeats: {frequency(rule)} ({result.recurrence})")
        if result.left_out:
            lines.append("Left out: " + ", ".join(f"{day:%a} {day.day} {day:%b}" for day in result.left_out))
    if result.room:
        lines.append(f"Room: {result.room.name}")
    if result.location:
        lines.append(f"Where: {result.location}")
    return lines


def _who(result: Reading | Fragment) -> list[str]:
    lines = []
    if result.attendees is not None:
        lines.append(f"People: {result.attendees}")
    if result.amenities:
        lines.append(f"With: {', '.join(result.amenities)}")
    if result.title:
        lines.append(f'Title: "{result.title}"')
    if result.invitees:
        lines.append(f"Invited: {', '.join(result.invitees)}")
    if isinstance(result, Reading) and result.private:
        lines.append("Private")
    return lines
