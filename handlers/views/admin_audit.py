"""The audit as a page, and the form that filters it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from slack_sdk.models.blocks import Block, DatePickerElement, UserSelectElement
from slack_sdk.models.views import View

from core import saying
from core.audit import Entry
from handlers import weekly_hours
from handlers.views import admin
from handlers.views.admin import Item, Where
from handlers.views.admin_places import OVERVIEW
from handlers.views.text import Line, cut, grey
from handlers.views.times import Reader

MOST_CHANGES = 4
BY_PEOPLE, EVERYTHING, IN_SLACK, ON_COMMAND_LINE, ITSELF = "people", "all", "slack", "cli", "clock"
HOW = (
    (BY_PEOPLE, "What people did"),
    (IN_SLACK, "What people did in Slack"),
    (ON_COMMAND_LINE, "What was done on the command line"),
    (ITSELF, "What happened by itself: ended, released"),
    (EVERYTHING, "Everything"),
)
SURFACES: Mapping[str, tuple[str, ...]] = {IN_SLACK: ("slack",), ON_COMMAND_LINE: ("cli",), ITSELF: ("clock",)}
WHAT = (
    "booking", "series", "room", "location", "amenity", "equipment", "closure", "policy", "quota", "holiday", "right",
    "group", "person", "workspace", "token", "webhook",
)  # fmt: skip
# What a person calls it.
_CALLED = {"policy": "rules", "right": "right", "workspace": "setting"}
_WHERE = {
    "slack": "in Slack",
    "cli": "on the command line",
    "clock": "by itself",
    "api": "by a program",
    "sample": "made up",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What is looked at: words, whose doings (a name, or an id of Slack's in the form), kinds, days, how it was done."""

    words: str
    who: str | None
    what: tuple[str, ...]
    first: date | None
    last: date | None
    how: str

    def said(self, today: date) -> str:
        """Return 'what people did · by Ana Duarte · with "apollo"'."""
        days = [saying.short_date(day, today=today) if day else "" for day in (self.first, self.last)]
        parts = [dict(HOW).get(self.how, "Everything")]
        parts += [f"by {self.who}"] if self.who else []
        parts += [saying.listed(_CALLED.get(one, one) for one in self.what)] if self.what else []
        parts += [f"since {days[0]}"] if days[0] else []
        parts += [f"until {days[1]}"] if days[1] else []
        parts += [f'with "{cut(self.words, 100)}"'] if self.words else []
        return " · ".join(parts)


def audit_where(more: str) -> Where:
    """Return the page of what is looked at."""
    return Where(section="audit", more=more)


def audit(
    entries: Sequence[Entry], more_of: str, reader: Reader, *, about: Asked, more: Where | None, above: Line = ()
) -> View:
    """Return what was done, the latest first; `more` leads to what was done before, `more_of` is what is looked at."""
    blocks: list[Block] = [grey(f"{about.said(reader.now.date())}.")]
    for number, one in enumerate(entries):
        undo = None
        if one.undoable and one.action != "undone":
            ask = ("Take this change back?", "The rule is again as it was before it.")
            undo = admin.do("Undo", Where(section="undo_change", id=one.id), number=number, ask=ask)
        item = Item(text=entry_said(one, reader.zone, now=reader.now), button=undo)
        blocks += admin.listed([item], Where(section="audit"), nothing="")
    if not entries:
        blocks.append(admin.words("Nothing of the kind was done."))
    below = [
        admin.go("Earlier", more) if more else None,
        admin.go("Filter", Where(section="find_audit", more=more_of)),
        admin.do("Send me the file", Where(section="export_audit", more=more_of)),
    ]
    return admin.page("Audit", audit_where(more_of), blocks, back=OVERVIEW, above=above, below=below)


def entry_said(one: Entry, zone: Any, *, now: datetime) -> str:  # noqa: ANN401 - a zone, or UTC
    """Return "Tue 24 Nov, 16:07 · Ana Duarte, in Slack: changed rules of Apollo" with what was different."""
    kind = _CALLED.get(one.subject, one.subject)
    what = f"{kind} {cut(one.name, 100)}" if one.name else kind
    how = "" if one.surface == "clock" else f", {_WHERE.get(one.surface, one.surface)}"
    head = f"{admin.stamp(one.at, zone, now=now)} · {cut(one.actor_name, 60)}{how} · {one.action} · {what}"
    changes = [] if one.before is None or one.after is None else list(one.differences.items())
    lines = [
        f"{name.replace('_', ' ')}: {_value(name, old, zone, now)} → {_value(name, new, zone, now)}"
        for name, (old, new) in changes[:MOST_CHANGES]
    ]
    lines += [f"and {len(changes) - MOST_CHANGES} more"] if len(changes) > MOST_CHANGES else []
    reason = [f"Reason: {cut(one.reason, 200)}"] if one.reason else []
    return cut("\n".join([head, *lines, *reason]), 1500)


def _value(name: str, value: Any, zone: Any, now: datetime) -> str:  # noqa: ANN401 - JSON
    if name == "opening" and isinstance(value, dict):
        return weekly_hours.said(value) or "never"
    if name == "photo" and isinstance(value, str):
        return "a file" if value.startswith("slack:") else cut(value, 120)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return cut(", ".join(map(str, value)), 120) or "nothing"
    if isinstance(value, str) and (moment := _moment(value)):
        return admin.stamp(moment, zone, now=now)
    return "nothing" if value in (None, "") else cut(str(value), 120)


def _moment(text: str) -> datetime | None:
    """Return the moment that a text is in full; None for any other text."""
    if len(text) < 20 or text[10:11] != "T":
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def find_audit(where: Where, about: Asked) -> View:
    """Return the form that filters the audit."""
    options = [(one, _CALLED.get(one, one).capitalize()) for one in WHAT]
    kinds = admin.choices("what", "What it was about", options, about.what, where)
    assert kinds is not None
    person = UserSelectElement(action_id="person", initial_user=about.who)
    first, last = (
        DatePickerElement(action_id=name, initial_date=day.isoformat() if day else None)
        for name, day in (("first", about.first), ("last", about.last))
    )
    return admin.form(
        "Filter the audit",
        where,
        [
            admin.choice("how", "Show", HOW, about.how, where),
            admin.field("person", "Who did it", person, where, optional=True),
            kinds,
            admin.text("words", "Name, room, what was done, why", about.words, where, longest=100, optional=True),
            admin.field("first", "From", first, where, optional=True),
            admin.field("last", "Until", last, where, optional=True),
        ],
        submit="Show",
        below=[admin.go("Back", audit_where(where.more))],
    )
