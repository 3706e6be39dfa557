"""What stands in a calendar, as entries: bookings one by one, and series as a rule with what differs from it.

The dates that a program works out from an entry are exactly those that are booked: a rule ends where its bookings end, dates
without a booking are left out by name, and a date that differs in anything (its time, rooms, people) is an entry of its own
in the place of the rule's. Kept out: the file's format.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from core import recurring
from core.calendars import GONE, Content
from core.catalogue import Catalogue
from core.models import Actor, Booking, Room, Slot, Status, one_line
from core.search import as_rival
from core.series_values import OneSeries
from handlers.views.held import borrowed
from handlers.views.times import floor

CONFIRMED, TENTATIVE, CANCELLED = "CONFIRMED", "TENTATIVE", "CANCELLED"
BUSY = "Busy"
NAMED_PEOPLE = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Face:
    """What an entry shows; `secret` where title and people are not for the reader."""

    summary: str
    location: str
    description: str
    status: str
    secret: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One entry: a time on the clock of a zone. `version` grows with every change, `stamp` is when the last one was.

    Of a rule: `rule` with its end, and `left_out` the dates without a meeting. Of a date that differs from its rule's,
    `instead_of` is the wall-clock time that the rule gives it.
    """

    uid: str
    start: datetime
    end: datetime
    zone: str
    face: Face
    created: datetime
    stamp: datetime
    version: int
    rule: str | None = None
    until: datetime | None = None
    left_out: tuple[datetime, ...] = ()
    instead_of: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Shown:
    booking: Booking
    face: Face

    @property
    def on(self) -> date:
        assert self.booking.series_on is not None
        return self.booking.series_on


def entries(
    content: Content, by: Actor, catalogue: Catalogue, *, own: bool = False, link: str | None = None
) -> Iterator[Entry]:
    """Yield what stands in a calendar for a reader, single bookings first; `own` where it is the reader's own calendar."""
    of_series: dict[UUID, list[_Shown]] = {}
    for booking in content.bookings:
        one = _Shown(booking=booking, face=face(booking, by, catalogue, own=own, link=link))
        # Which bookings belong together is for those alone who may know whose they are.
        if booking.series_id in content.series and not one.face.secret:
            of_series.setdefault(booking.series_id, []).append(one)  # type: ignore[arg-type]
        else:
            yield single(booking, one.face)
    for series_id, shown in of_series.items():
        yield from _series(content.series[series_id], shown)


def face(booking: Booking, by: Actor, catalogue: Catalogue, *, own: bool = False, link: str | None = None) -> Face:
    """Return what a reader is shown of a booking."""
    status, where = status_of(booking), place_of(booking)
    if as_rival(booking, by, catalogue).booker_slack_user_id is None:
        return Face(summary=BUSY, location=where, description="", status=status, secret=True)
    return Face(summary=title_of(booking, own=own), location=where, description=_described(booking, link), status=status)


def status_of(booking: Booking) -> str:
    """Return how a booking stands, in the words of calendars."""
    if booking.status in GONE:
        return CANCELLED
    return TENTATIVE if booking.status is Status.PENDING else CONFIRMED


def title_of(booking: Booking, *, own: bool = False) -> str:
    """Return a booking's title, or what it is called without one."""
    title = one_line(booking.title)
    if title:
        return title
    return f"Meeting in {_named(booking.rooms)}" if own else f"Booked by {one_line(booking.booker.name)}"


def place_of(booking: Booking) -> str:
    """Return "Apollo, 3rd floor, New York"."""
    floors = list(dict.fromkeys(said for room in booking.rooms if (said := floor(room))))
    parts = (_named(booking.rooms), " / ".join(floors), booking.location.name)
    return ", ".join(shown for part in parts if (shown := one_line(part)))


def _named(rooms: Sequence[Room]) -> str:
    return " + ".join(one_line(room.name) or "" for room in rooms)


def _described(booking: Booking, link: str | None) -> str:
    people = [one_line(one.name) or "" for one in booking.coming if one.person_id != booking.booker.person_id]
    shown = people[:NAMED_PEOPLE] + ([f"{len(people) - NAMED_PEOPLE} more"] if len(people) > NAMED_PEOPLE else [])
    lines = [
        f"Booked by {one_line(booking.booker.name)}.",
        f"With {', '.join(shown)}." if shown else "",
        f"Comes along: {one_line(borrowed(booking.equipment))}." if booking.equipment else "",
        "Waits for approval." if booking.status is Status.PENDING else "",
        f"Change it in Slack: {link}" if link else "",
    ]
    return "\n".join(line for line in lines if line)


def single(booking: Booking, shown: Face) -> Entry:
    """Return a booking as an entry of its own."""
    return Entry(
        uid=f"{booking.id}@bookroom",
        start=booking.start,
        end=booking.end,
        zone=booking.location.zone,
        face=shown,
        created=booking.created_at,
        stamp=booking.updated_at,
        version=booking.version,
    )


def _series(series: OneSeries, shown: Sequence[_Shown]) -> Iterator[Entry]:
    """Yield a series as a rule, the dates that differ from it, and those that no rule gives."""
    # What was cancelled is left out of a series that goes on; of one that does not, it is told.
    live = [one for one in shown if one.face.status != CANCELLED] or list(shown)
    by_day: dict[date, _Shown] = {}
    beside = [one for one in live if by_day.setdefault(one.on, one) is not one]
    days = _days(series, by_day)
    plain = [day for day in days if day in by_day and _regular(series, by_day[day].booking)]
    if not plain:
        yield from (single(one.booking, one.face) for one in (*by_day.values(), *beside))
        return
    usual = _most_common([by_day[day].face for day in plain])
    # It begins with a date that there is, be it elsewhere, and at a time that every clock shows.
    first = next(day for day in days if day in by_day and _told_by_rule(series, day))
    days = [day for day in days if day >= first]
    yield _rule(series, usual, days, by_day)
    within = set(days)
    for day, one in by_day.items():
        if day not in within:
            yield single(one.booking, one.face)
        elif one.face != usual or not _regular(series, one.booking):
            yield _instead(series, day, one)
    yield from (single(one.booking, one.face) for one in beside)


def _days(series: OneSeries, by_day: Mapping[date, _Shown]) -> list[date]:
    """Return the dates that the rule gives from the first that is booked to the last."""
    first, last = min(by_day), max(by_day)
    found = recurring.dates(recurring.parse(series.rule), series.first_on, until=last)
    return [day for day in found if first <= day]


def _regular(series: OneSeries, booking: Booking) -> bool:
    """Tell whether a date is when every program works out that it is."""
    assert booking.series_on is not None
    return _told_by_rule(series, booking.series_on) == booking.slot


def _told_by_rule(series: OneSeries, day: date) -> Slot | None:
    """Return when a date is by its rule; None where a change of clocks makes programs differ in it."""
    at = recurring.time_on(day, series.clock, series.minutes, series.tz)
    return None if at.shifted or at.slot.length != timedelta(minutes=series.minutes) else at.slot


def _most_common(faces: Sequence[Face]) -> Face:
    return Counter(faces).most_common(1)[0][0]


def _rule(series: OneSeries, usual: Face, days: Sequence[date], by_day: Mapping[date, _Shown]) -> Entry:
    slot, last = _told_by_rule(series, days[0]), _wall(series, days[-1])
    assert slot is not None
    rule = replace(recurring.parse(series.rule), count=None, until=None)
    told = [by_day[day].booking for day in days if day in by_day]
    return Entry(
        uid=f"{series.id}@bookroom",
        start=slot.start,
        end=slot.end,
        zone=series.zone,
        face=usual,
        created=series.created_at,
        stamp=max(series.updated_at, *(one.updated_at for one in told)),
        version=series.version,
        rule=str(rule),
        # The whole of the last day: there is one meeting on a day, and a clock may be put forward just before it.
        until=last.replace(hour=23, minute=59, second=59),
        left_out=tuple(_wall(series, day) for day in days if day not in by_day),
    )


def _instead(series: OneSeries, day: date, one: _Shown) -> Entry:
    entry = single(one.booking, one.face)
    return replace(entry, uid=f"{series.id}@bookroom", zone=series.zone, instead_of=_wall(series, day))


def _wall(series: OneSeries, day: date) -> datetime:
    return datetime.combine(day, series.clock, tzinfo=series.tz)
