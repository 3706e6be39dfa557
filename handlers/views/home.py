"""The App Home as blocks: what is held for one, one's meetings by day with what can be done to each, one's settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from typing import Literal
from uuid import UUID

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    DividerBlock,
    HeaderBlock,
    Option,
    OverflowMenuElement,
    PlainTextObject,
)
from slack_sdk.models.views import View

from core import saying
from core.models import Booking, Location, Response, Room, Status
from core.notices import Notice, Preferences, Waiting
from core.outbox import GivenUp
from handlers.drafts import Target
from handlers.ids import Action, Callback
from handlers.views import buttons, subscribing
from handlers.views import line as line_views
from handlers.views.bookings import ANSWERS, answering, details, invited_to, none_ahead_line, own_response, until_approved
from handlers.views.cards import answers
from handlers.views.held import facts, made_of
from handlers.views.questions import no_rooms
from handlers.views.settings import summary
from handlers.views.subscribing import CalendarOf
from handlers.views.text import Line, bold, channel, code, cut, joined, mention, rich
from handlers.views.times import Reader, moment, where_and_own_clock

# What stands in the menu at a booking, by the name under which it comes back.
EDIT, INVITE, OTHER_ROOM, CANNOT, CANCEL = "edit", "invite", "other_room", "cannot", "cancel"
MOST_BUTTONS = 3
MOST_BLOCKS = 100
MOST_REASONS = 5

# What could not be delivered, as an admin knows it.
_WHAT = {
    "card": "Message about a booking",
    Notice.REMINDER: "Reminder",
    Notice.ENDING: "Reminder of an end",
    Notice.RELEASE_WARNING: "Warning before a release",
    Notice.RELEASED: "News of a release",
    Notice.CHANGED: "News of a change",
    Notice.LATE: "News that somebody runs late",
    Notice.SIZE: "Word about how many come",
    Notice.HISTORY: "Message in a booking's thread",
    Notice.OFFER: "Offer from the waiting list",
    Notice.OFFER_MISSED: "News of an offer's end",
    Notice.SERIES_CHANGED: "News of a series",
    Notice.SERIES_GAP: "News of a date that is missing",
    Notice.SERIES_ENDING: "News that a series ends",
    Notice.APPROVAL_REMINDER: "Reminder to approve",
    Notice.APPROVAL_SUGGESTION: "Suggestion instead of a request",
    Notice.DECIDED: "News of a decision",
    Notice.PROPOSAL: "Proposal of another room",
    Notice.FIGURES: "Figures of a week",
    Notice.DIGEST: "Digest",
    Notice.CHANNEL_DIGEST: "Digest",
    Notice.WEBHOOK_PAUSED: "News of a webhook",
}

CheckIn = Literal["off", "not_yet", "open", "done", "over"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ahead:
    """A meeting as the Home shows it. `check_in_until` is when the room is given back unless somebody checks in.

    `extend_to` is the next later end that can be had, set while the meeting is under way.
    """

    booking: Booking
    changeable: bool = False
    check_in: CheckIn = "off"
    check_in_from: datetime | None = None
    check_in_until: datetime | None = None
    extend_to: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Undelivered:
    """Notices that were given up, the last first."""

    given_up: Sequence[GivenUp]


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """All that a Home shows; `more` says that there are further meetings, `place` is the person's usual one."""

    rooms: Sequence[Room] = ()
    ahead: Sequence[Ahead] = ()
    more: bool = False
    waiting: Sequence[Waiting] = ()
    before: Mapping[UUID, int] = field(default_factory=dict)
    locations: Mapping[UUID, Location] = field(default_factory=dict)
    preferences: Preferences = field(default_factory=Preferences)
    place: Location | None = None
    undelivered: Undelivered | None = None


def home(page: Page, reader: Reader) -> View:
    """Return the Home: what is held, ways to begin, what is ahead, the waiting list, settings."""
    blocks = [*_content(page, reader)]
    return View(type="home", callback_id=Callback.HOME.value, blocks=blocks[:MOST_BLOCKS])


def _content(page: Page, reader: Reader) -> Iterator[Block]:
    if not page.rooms:
        yield from (block for block in no_rooms(reader).blocks if isinstance(block, Block))
        return
    yield from _held(page, reader)
    if page.ahead:
        yield from _begin(reader)
    else:
        yield rich(none_ahead_line(reader))
        yield from _begin(reader)
    if page.undelivered:
        yield from _undelivered(page.undelivered)
    if page.ahead:
        yield DividerBlock()
        yield from _days(page.ahead, reader)
    if page.more:
        yield rich(["These are the next ", str(len(page.ahead)), ". All of them: ", code(f"{reader.command} mine")])
    yield from _waiting(page, reader)
    yield DividerBlock()
    yield from _settings(page, reader)


def _begin(reader: Reader) -> Sequence[Block]:
    return buttons.rows([buttons.new_booking(), buttons.find()] if reader.may_book else [], block_id="begin")


def _held(page: Page, reader: Reader) -> Sequence[Block]:
    held = [place for place in page.waiting if place.status == "offered"]
    blocks, _ = line_views.listed(held, page.before, page.locations, reader, block_id="held")
    return [*blocks, DividerBlock()] if blocks else []


def _waiting(page: Page, reader: Reader) -> Sequence[Block]:
    waiting = [place for place in page.waiting if place.status != "offered"]
    blocks, _ = line_views.listed(waiting, page.before, page.locations, reader, block_id="line")
    if not blocks:
        return []
    rest = len(waiting) - line_views.MOST_LISTED
    note = [rich([f"And {rest} more."])] if rest > 0 else []
    return [HeaderBlock(text=PlainTextObject(text=line_views.TITLE, emoji=False)), *blocks, *note]


def _settings(page: Page, reader: Reader) -> Sequence[Block]:
    said = summary(page.preferences, place=page.place)
    row = [buttons.button("Change settings", Action.OPEN_SETTINGS)]
    row += subscribing.button(reader, CalendarOf(), label="Your calendar", aloud="Subscribe to a calendar of your meetings")
    return [rich([bold("Your settings"), ": ", *said]), *buttons.rows(row, block_id="settings")]


def _undelivered(undelivered: Undelivered) -> Sequence[Block]:
    count = len(undelivered.given_up)
    first = "1 notice could not be delivered" if count == 1 else f"{count} notices could not be delivered"
    shown = undelivered.given_up[:MOST_REASONS]
    lines: list[Line] = [[bold(first), ":"], *(_given_up(one) for one in shown)]
    if count > len(shown):
        lines.append([f"And {count - len(shown)} more: ", code("bookroom notices"), " lists them."])
    return [rich(*lines), *buttons.rows([buttons.button("Try again", Action.RETRY_NOTICES)], block_id="undelivered")]


def _given_up(one: GivenUp) -> Line:
    """Return "• Reminder to @ana: Slack knows no such person."."""
    whom = channel(one.whom) if one.whom.startswith(("C", "G", "D")) else mention(one.whom)
    what = _WHAT.get(one.what, "Message")
    reason = one.reason if one.reason.endswith(".") else f"{one.reason}."
    return [f"• {what} to ", whom, f": {cut(reason, 300)}"]


def _days(ahead: Sequence[Ahead], reader: Reader) -> Iterator[Block]:
    # A full day would be a column of red: the next meeting has the button, the others have it in their menus.
    soonest = next((one for one in ahead if _cancellable(one, reader)), None)
    for day, those in groupby(ahead, key=lambda one: _day(one.booking, reader)):
        yield HeaderBlock(text=PlainTextObject(text=day, emoji=False))
        for one in those:
            yield rich(*_lines(one, reader))
            yield from _row(one, reader, soonest=one is soonest)


def _lines(one: Ahead, reader: Reader) -> tuple[Line, ...]:
    """Return the hours and the room, what it is about and what the room has, and how it stands with being there."""
    booking = one.booking
    where = where_and_own_clock(booking.slot, booking.location, reader)
    hours = saying.hours(booking.slot, booking.location.tz)
    under_way: Line = [" · now"] if _running(booking, reader) else []
    first: Line = [bold(hours), where, " · ", bold(made_of(booking, reader)), *under_way]
    about = joined([details(booking, reader), *([part] for part in answers(booking))], " · ")
    return (first, about, [facts(booking)], _state(one, reader))


def _state(one: Ahead, reader: Reader) -> Line:
    """Return where it stands with checking in, and what one has said of coming."""
    booking = one.booking
    if one.check_in == "done":
        return ["✅ Checked in"]
    waits = booking.status is Status.PENDING
    said: list[str] = [f"held {until_approved(reader.approvers(booking))}"] if waits else []
    if answer := ANSWERS.get(own_response(booking, reader)):
        said.append(answer)
    if one.check_in == "open" and one.check_in_until and one.check_in_until > reader.now:
        said.append(f"check in by {moment(one.check_in_until, booking.location, reader)}, or the room is given back")
    elif one.check_in == "not_yet" and one.check_in_from and _today(booking, reader):
        said.append(f"check-in opens at {moment(one.check_in_from, booking.location, reader)}")
    told = " · ".join(said)
    return [told[0].upper() + told[1:]] if told else []


def _row(one: Ahead, reader: Reader, *, soonest: bool) -> Sequence[Block]:
    """Return at most three buttons, the most pressing first, and a menu with the rest.

    `soonest` is true for the next meeting of those that the person can cancel.
    """
    booking = one.booking
    row: list[ButtonElement | None] = [buttons.check_in(booking)] if one.check_in == "open" and _comes(one, reader) else []
    menu: list[tuple[str, str]] = []
    if invited_to(booking, reader):
        row += answering(booking, reader) if one.check_in != "done" else []
        menu = [("Edit", EDIT), ("Invite people", INVITE)] if one.changeable else []
        menu += [("I cannot come", CANNOT)] if own_response(booking, reader) is Response.GOING else []
    elif one.changeable and _running(booking, reader):
        row += buttons.extensions(booking, [one.extend_to]) if one.extend_to else []
        row.append(buttons.end_early(booking))
        menu = [("Edit", EDIT), ("Invite people", INVITE), ("Other room", OTHER_ROOM)]
    elif one.changeable:
        row += [buttons.edit(booking), *([buttons.cancel(booking, reader)] if soonest else [])]
        menu = [("Invite people", INVITE), ("Other room", OTHER_ROOM), *([] if soonest else [("Cancel booking", CANCEL)])]
    shown = [one for one in row if one is not None][:MOST_BUTTONS]
    elements: list[ButtonElement | OverflowMenuElement] = [*shown, *_menu(booking, menu)]
    return [ActionsBlock(elements=elements, block_id=f"home:{booking.id}")] if elements else []


def _cancellable(one: Ahead, reader: Reader) -> bool:
    return one.changeable and not invited_to(one.booking, reader) and not _running(one.booking, reader)


def _menu(booking: Booking, entries: Sequence[tuple[str, str]]) -> list[OverflowMenuElement]:
    if not entries:
        return []
    target = Target.at(booking).dump()
    options = [Option(value=f"{name}:{target}", text=PlainTextObject(text=label, emoji=False)) for label, name in entries]
    return [OverflowMenuElement(action_id=Action.MORE, options=options)]


def _comes(one: Ahead, reader: Reader) -> bool:
    return own_response(one.booking, reader) is not Response.DECLINED


def _running(booking: Booking, reader: Reader) -> bool:
    return booking.start <= reader.now < booking.end


def _today(booking: Booking, reader: Reader) -> bool:
    zone = booking.location.tz
    return booking.start.astimezone(zone).date() == reader.now.astimezone(zone).date()


def _day(booking: Booking, reader: Reader) -> str:
    """Return "Today", "Tomorrow, Wed 25 Nov", "Thu 26 Nov" on the place's calendar; what began earlier is today's."""
    today = reader.now.astimezone(booking.location.tz).date()
    day: date = max(booking.start.astimezone(booking.location.tz).date(), today)
    said = saying.date_in_full(day, today=today)
    return said[0].upper() + said[1:]
