"""Admins, what is kept of people, channels, what could not be told, files: pages and forms of administration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from slack_sdk.models.blocks import Block, InputBlock, UserSelectElement
from slack_sdk.models.views import View

from core import saying
from core.erasing import Keeping
from core.models import Person
from core.notices import Subscription
from core.outbox import Overview
from core.roomfile import COLUMNS, NEEDED
from core.rooms import ImportReport
from handlers.views import admin
from handlers.views.admin import Item, Where
from handlers.views.admin_places import OVERVIEW
from handlers.views.notify import said as subscription_said
from handlers.views.text import Line, bold, channel, code, cut, mention, rich
from handlers.views.times import Reader

PEOPLE = Where(section="people")
KEEPING = Where(section="keeping")
CHANNELS = Where(section="channels")
UNDELIVERED = Where(section="undelivered")
FILES = Where(section="import")
MOST_CSV = 3000
SHOWN_CSV = 2900


# -- people ------------------------------------------------------------------------------------------------------------

ONE_OF = {"bookings": "booking", "invitations": "invitation", "searches": "search"}


def people(admins: Sequence[Person], named: frozenset[Any], where: Where, *, above: Line = ()) -> View:
    """Return who are admins; `named` are those who are it here, besides Slack's own."""
    items = []
    for number, one in enumerate(admins):
        if one.id in named:
            ask = ("Take this right back?", f"{cut(one.name, 80)} can no longer change everybody's bookings or come here.")
            gone = Where(section="drop_admin", id=one.id)
            button = admin.do("Remove", gone, number=number, style="danger", ask=ask, aloud=f"Remove {one.name}")
            items.append(Item(text=f"{one.name} · named here", button=button))
        else:
            items.append(Item(text=f"{one.name} · Slack owner or admin"))
    blocks: list[Block] = [rich([bold("Admins")]), *admin.listed(items, where, nothing="There are none yet.")]
    blocks.append(admin.words("Guests book only where a rule lets them: Rules, Guests may book."))
    return admin.page(
        "Admins & guests",
        where,
        blocks,
        back=OVERVIEW,
        above=above,
        below=[
            admin.go("Name an admin", Where(section="add_admin")),
            admin.go("What is kept of a person", Where(section="person")),
            admin.go("How long", KEEPING),
        ],
    )


def add_admin(where: Where) -> View:
    """Return the form in which admins are named."""
    inputs = [admin.users("people", "Who", (), where, most=10)]
    return admin.form("Name an admin", where, inputs, submit="Name", below=[admin.go("Back", PEOPLE)])


def person(where: Where) -> View:
    """Return the question about whom something is asked."""
    return admin.form(
        "What is kept",
        where,
        [
            _one_user("person", "Person", where, optional=False),
            admin.words("See what is kept, have it as a file, or have it erased."),
        ],
        submit="Next",
        below=[admin.go("Back", PEOPLE)],
    )


def _so_many(count: int, name: str) -> str:
    """Return "1 booking", "2 searches"; `name` is the plural."""
    return f"{count} {ONE_OF.get(name, name) if count == 1 else name}"


def of_person(who: Person, counts: Sequence[tuple[str, int]], ahead: int, where: Where, *, above: Line = ()) -> View:
    """Return what is kept of somebody, and what can be done with it."""
    kept = saying.listed([_so_many(count, name) for name, count in counts if count]) or "nothing but the name and settings"
    return admin.page(
        "What is kept",
        where,
        [rich([bold(cut(who.name, 100))], [f"Kept: {kept}."], [f"{saying.counted(ahead, 'booking')} ahead."])],
        back=Where(section="person"),
        above=above,
        below=[
            admin.do("Send me the file", Where(section="export_person", id=who.id)),
            admin.go("Erase", Where(section="erase", id=who.id), style="danger"),
        ],
    )


def erase(who: Person, ahead: int, where: Where) -> View:
    """Return the form in which somebody is erased, which says what is lost."""
    heir: list[Block] = []
    if ahead:
        hint = "Nobody: they are cancelled, and everybody invited is told."
        heir.append(_one_user("heir", f"Who takes over the {saying.counted(ahead, 'booking')} ahead", where, hint=hint))
    name = cut(who.name, 80)
    return admin.form(
        "Erase",
        where,
        [
            rich(
                [bold(f"Erase everything about {name}?")],
                ["Name, settings, titles and reasons of their bookings, invitations and places in line go for good."],
                ["Their bookings stay as a former colleague's, so that figures stay true. Slack's own messages stay."],
            ),
            *heir,
            admin.text("sure", f"Type {name} to go on", None, where, longest=200),
        ],
        submit="Erase",
        below=[admin.go("Back", Where(section="of_person", id=who.id))],
    )


def keeping(now: Keeping, where: Where, *, above: Line = ()) -> View:
    """Return the form that says how long things are kept."""

    def months(name: str, label: str, value: int | None) -> InputBlock:
        text = None if value is None else str(value)
        return admin.text(name, label, text, where, optional=True, longest=4, placeholder="For ever")

    return admin.form(
        "How long things are kept",
        where,
        [
            admin.text(
                "archive_days", "Days until a booking that is over is archived", str(now.archive_days), where, longest=4
            ),
            months("keep_bookings_months", "Months that archived bookings are kept", now.keep_bookings_months),
            months("keep_audit_months", "Months that the audit is kept", now.keep_audit_months),
        ],
        above=above,
        below=[admin.go("Back", PEOPLE)],
    )


def _one_user(name: str, label: str, where: Where, *, optional: bool = True, hint: str | None = None) -> InputBlock:
    return admin.field(name, label, UserSelectElement(action_id=name), where, optional=optional, hint=hint)


# -- channels and what could not be told -------------------------------------------------------------------------------


def channels(known: Sequence[Subscription], where: Where, *, above: Line = ()) -> View:
    """Return what every channel hears of."""
    blocks: list[Block] = []
    start = where.page * 20
    for number, one in enumerate(known[start : start + 20]):
        paused: list[Line] = [[f"Paused: {one.paused}."]] if one.paused else []
        blocks.append(rich([channel(one.channel_id)], subscription_said(one), *paused))
        ask = ("Remove these notices?", "The channel hears nothing more of these rooms. What was posted stays.")
        blocks += admin.row(
            admin.do("Resume", Where(section="resume", id=one.id)) if one.paused else None,
            admin.do("Remove", Where(section="drop_channel", id=one.id), number=number, style="danger", ask=ask),
        )
    if not known:
        blocks.append(admin.words("No channel hears of bookings. Type /book notify in one."))
    turn = [
        admin.go("Previous", where.model_copy(update={"page": where.page - 1})) if where.page else None,
        admin.go("Next", where.model_copy(update={"page": where.page + 1})) if len(known) > start + 20 else None,
    ]
    return admin.page("Channels", where, blocks, back=OVERVIEW, above=above, below=turn)


def undelivered(overview: Overview, names: Sequence[str], where: Where, reader: Reader, *, above: Line = ()) -> View:
    """Return what waits to be sent, and what was given up; `names` are what these are, in order."""
    waiting = "Nothing is waiting to be sent."
    if overview.pending:
        waiting = (
            f"{saying.counted(overview.pending, 'message')} to be sent, the oldest for {overview.oldest_due_seconds:.0f} s."
        )
    blocks: list[Block] = [admin.words(waiting)]
    for one, name in zip(overview.given_up[:40], names, strict=False):
        whom = channel(one.whom) if one.whom.startswith(("C", "G")) else mention(one.whom)
        at = admin.stamp(one.at, reader.zone, now=reader.now)
        blocks.append(rich([bold(name), " for ", whom, f" · {at}"], [cut(one.reason, 300)]))
    if not overview.given_up:
        blocks.append(admin.words("Nothing was given up."))
    below = [admin.do("Try again", Where(section="retry"), style="primary")] if overview.given_up else []
    return admin.page("Undelivered", where, blocks, back=OVERVIEW, above=above, below=below)


# -- files -------------------------------------------------------------------------------------------------------------


def files(where: Where, *, above: Line = (), typed: str | None = None, with_file: Block | None = None) -> View:
    """Return the form in which rooms are imported, from a file or pasted; and the way to have them as a file."""
    told = "Rooms as CSV. The first line names the columns; those in brackets may be left out: "
    columns = ", ".join(f"{name}" if name in NEEDED else f"({name})" for name in COLUMNS)
    return admin.form(
        "Import & export",
        where,
        [
            rich([told, code(columns), ". A new location needs its zone."]),
            *([with_file] if with_file else []),
            admin.text("csv", "Or paste it here", typed, where, optional=True, longest=MOST_CSV, lines=True),
        ],
        submit="Check",
        above=above,
        below=[admin.go("Back", OVERVIEW), admin.do("Send me the rooms as a file", Where(section="export_rooms"))],
    )


def _would(report: ImportReport, source: str) -> list[Line]:
    """Return what an import would do."""
    counts = f"{report.created} new, {report.updated} changed, {report.unchanged} as they were."
    new = f" {saying.counted(report.locations_created, 'location')} would be new." if report.locations_created else ""
    lines: list[Line] = [[bold("Import these rooms?")], [f"{source}: {counts}{new}"]]
    if report.closed:
        told = f" {saying.counted(report.bookings_affected, 'booking')} ahead there: another room is looked for."
        closed = f"{saying.counted(report.closed, 'room')} would go out of use."
        lines.append([f"{closed}{told if report.bookings_affected else ''}"])
    return lines


def import_check(report: ImportReport, where: Where, *, source: str) -> View:
    """Return what an import would do, before it is done."""
    nothing = not (report.created or report.updated or report.locations_created)
    doing = None if nothing else admin.do("Import", where, style="primary")
    return admin.page("Import", where, [rich(*_would(report, source))], back=FILES, below=[doing])


def import_again(report: ImportReport, where: Where, *, source: str, typed: str) -> View:
    """Return what an import of pasted rooms would do, above them: sent again as they are, they are imported."""
    return admin.form(
        "Import",
        where,
        [rich(*_would(report, source)), admin.text("csv", "Rooms", typed, where, longest=MOST_CSV, lines=True)],
        submit="Import",
        below=[admin.go("Back", FILES)],
    )


def import_refused(lines: Sequence[tuple[int, str]], where: Where) -> View:
    """Return what is wrong with a file, line by line."""
    shown = [f"Line {number}: {cut(text, 200)}" for number, text in lines[:40]]
    more = [f"and {len(lines) - 40} more"] if len(lines) > 40 else []
    blocks: list[Block] = [rich([bold("Nothing was imported.")]), admin.words("\n".join([*shown, *more]))]
    return admin.page("Import", where, blocks, back=FILES)


def sent_file(name: str) -> Line:
    """Return that a file is on its way."""
    return ["✅ ", bold(name), " is in your messages with Bookroom."]


def as_text(name: str, text: str, where: Where, *, back: Where) -> View:
    """Return a small file as text, where it could not be sent."""
    parts = [text[start : start + SHOWN_CSV] for start in range(0, min(len(text), 20 * SHOWN_CSV), SHOWN_CSV)]
    return admin.page("Export", where, [rich([bold(name)]), *(admin.words(part) for part in parts)], back=back)
