"""Series as the command line tells of them: facts for JSON, lines for people, on the clock of the series."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from core.models import Booking, Equipment, Room, Slot
    from core.series_values import Booked, Occurrence, OneSeries, Preview, SeriesChanged, SeriesSummary, SeriesView

# Lines for people name so many dates and count the others; JSON has all.
MOST_LINES = 60


# -- facts -------------------------------------------------------------------------------------------------------------


def series_facts(one: OneSeries) -> dict[str, Any]:
    """Return a series as JSON has it; of a private one without its title."""
    return {
        "id": one.id,
        "status": one.status,
        "version": one.version,
        "booker": one.booker.name,
        "booker_slack_id": one.booker.slack_user_id,
        "title": None if one.private else one.title,
        "private": one.private,
        "rooms": names((one.room, *one.more_rooms)),
        "equipment": _things(one.equipment),
        "location": one.location.name,
        "zone": one.zone,
        "first_on": one.first_on,
        "time": f"{one.clock:%H:%M}",
        "minutes": one.minutes,
        "rule": one.rule,
        "says": said(one),
        "people": one.attendees_count,
        "invited": len(one.invitees),
        "left_out": sorted(one.left_out),
        "booked_until": one.booked_until,
        "continues": one.continues_id,
    }


def summary_facts(one: SeriesSummary) -> dict[str, Any]:
    """Return a series in a list, with what is ahead of it."""
    return {
        **series_facts(one.series),
        "next": one.next.start if one.next else None,
        "ahead": one.ahead,
        "last_on": one.last_on,
    }


def view_facts(found: SeriesView) -> dict[str, Any]:
    """Return a series with every date ahead, and those that were skipped."""
    return {
        **series_facts(found.series),
        "endless": found.endless,
        "last_on": found.last_on,
        "dates": [booking_facts(one) for one in found.upcoming],
        "skipped": [{"on": one.on, **_slot(one.slot), "waited_for": one.waiting_id is not None} for one in found.gaps],
    }


def booking_facts(one: Booking) -> dict[str, Any]:
    """Return one date that is booked."""
    return {
        "on": one.series_on,
        **_slot(one.slot),
        "booking": one.id,
        "status": one.status,
        "rooms": names(one.rooms),
        "version": one.version,
    }


def preview_facts(found: Preview) -> dict[str, Any]:
    """Return what would come of each date."""
    wish = found.wish
    return {
        "rooms": names((found.room, *found.more_rooms)),
        "equipment": _things(found.equipment),
        "location": found.location.name,
        "zone": wish.zone,
        "time": f"{wish.clock:%H:%M}",
        "minutes": wish.minutes,
        "rule": wish.rule,
        "people": wish.attendees_count,
        "title": wish.title,
        "free": len(found.free),
        "clashes": len(found.clashes),
        "later": found.beyond,
        "passed_over": list(found.passed_over),
        "rooms_for_all": names(found.rooms_for_all or ((found.one_room,) if found.one_room else ())),
        "dates": [occurrence_facts(one) for one in found.dates],
    }


def occurrence_facts(one: Occurrence) -> dict[str, Any]:
    """Return what would come of one date."""
    return {
        "on": one.on,
        **_slot(one.slot),
        "verdict": one.verdict,
        "why": one.error.message if one.error else None,
        "taken": [
            {**_slot(rival.slot), "title": rival.title, "booker_slack_id": rival.booker_slack_user_id}
            for rival in one.rivals
        ],
        "other_rooms": names(one.stand_ins),
        "shifted": one.shifted,
    }


def booked_facts(made: Booked) -> dict[str, Any]:
    """Return what was booked; `operation` takes it back."""
    return {
        "operation": made.operation_id,
        "series": series_facts(made.series),
        "booked": [booking_facts(one) for one in made.bookings],
        "skipped": [occurrence_facts(one) for one in made.gaps],
        "later": made.beyond,
    }


def changed_facts(done: SeriesChanged) -> dict[str, Any]:
    """Return what was changed or cancelled; `operation` takes it back."""
    return {
        "operation": done.operation_id,
        "series": series_facts(done.series),
        "changed": [{"before": booking_facts(one.before), "after": booking_facts(one.after)} for one in done.changed],
        "added": [booking_facts(one) for one in done.made],
        "given_up": [occurrence_facts(one) for one in done.gaps],
        "split_from": done.split_from,
    }


def _slot(slot: Slot) -> dict[str, str]:
    return {"start": slot.start.isoformat(), "end": slot.end.isoformat()}


def _things(equipment: Iterable[tuple[Equipment, int]]) -> dict[str, int]:
    return {thing.name: count for thing, count in equipment}


def names(rooms: Iterable[Room]) -> list[str]:
    """Return the names of rooms."""
    return [room.name for room in rooms]


# -- lines -------------------------------------------------------------------------------------------------------------


def said(one: OneSeries) -> str:
    """Return "every Tuesday, 10:00-10:30"."""
    from handlers.views import rhythm

    return f"{rhythm.often(one.rule, first_on=one.first_on)}, {rhythm.wall_hours(one.clock, one.minutes)}"


def series_line(one: OneSeries) -> str:
    """Return one line: how often, where, whose, what for."""
    title = f' "{one.title}"' if one.title and not one.private else " (private)" if one.private else ""
    rooms = " + ".join(names((one.room, *one.more_rooms)))
    return f"{rooms}, {said(one)} ({one.zone}), {one.booker.name}{title}"


def summary_line(one: SeriesSummary) -> str:
    """Return a series in a list: its id, and what is ahead of it."""
    until = f" until {one.last_on}" if one.last_on else ""
    return f"{one.series.id}  {series_line(one.series)}: {one.ahead} ahead{until}"


def view_lines(found: SeriesView) -> list[str]:
    """Return a series and its dates, those that were skipped among them."""
    one = found.series
    zone = one.tz
    rows = [(booking.slot.start, _booking_line(booking, one)) for booking in found.upcoming]
    for gap in found.gaps:
        waits = ", waited for" if gap.waiting_id else ""
        rows.append((gap.slot.start, f"{_when(gap.slot, zone)}: skipped{waits}"))
    lines = [line for _, line in sorted(rows)]
    state = "" if one.status == "active" else f" ({one.status.value})"
    return [
        f"{series_line(one)}{state}, version {one.version}",
        *_first(lines),
        *(["It has no end."] if found.endless else []),
    ]


def _booking_line(booking: Booking, one: OneSeries) -> str:
    waits = ", waits for approval" if booking.status == "pending" else ""
    same = {room.id for room in booking.rooms} == {room.id for room in (one.room, *one.more_rooms)}
    where = "" if same else f", {' + '.join(names(booking.rooms))}"
    return f"{_when(booking.slot, one.tz)}{where}{waits}"


def preview_lines(found: Preview) -> list[str]:
    """Return what would come of each date that is not free, and how many are."""
    rooms = " + ".join(names((found.room, *found.more_rooms)))
    head = f"{rooms}: {len(found.dates)} dates, {len(found.free)} free"
    lines = [clash_line(one, ZoneInfo(found.wish.zone)) for one in found.clashes]
    for_all = names(found.rooms_for_all or ((found.one_room,) if found.one_room else ()))
    notes = [f"{' + '.join(for_all)} {'is' if len(for_all) == 1 else 'are'} free on all of them."] if for_all else []
    notes += [later] if (later := _later(found.beyond)) else []
    notes += [f"No such day in {month:%B %Y}." for month in found.passed_over[:12]]
    notes += [f"{one.on}: the clocks skip that hour; it begins at {_hours(one.slot, found)}." for one in found.shifted[:12]]
    return [head, *_first(lines), *notes]


def clash_line(one: Occurrence, zone: ZoneInfo) -> str:
    """Return why a date cannot be booked as wanted, and which other room could be."""
    if one.error:
        why = one.error.message
    else:
        titles = ", ".join(f'"{rival.title}"' for rival in one.rivals if rival.title)
        why = f"taken ({titles})." if titles else "taken."
    instead = names(one.stand_ins)
    other = f" {' + '.join(instead)} {'is' if len(instead) == 1 else 'are'} free then." if instead else ""
    return f"  {_when(one.slot, zone)}: {why}{other}"


def booked_lines(made: Booked) -> list[str]:
    """Return what was booked and what was left out."""
    one, days = made.series, [booking.series_on for booking in made.bookings if booking.series_on]
    lines = [f"Booked {counted(len(days))}{_from_to(days)}: {series_line(one)}."]
    lines += [f"  {_booking_line(b, one)}" for b in made.bookings if b.room.id != one.room.id]
    lines += [f"  {gap.on}: skipped." for gap in made.gaps[:MOST_LINES]]
    lines += [later] if (later := _later(made.beyond)) else []
    return [*lines, f"Series {one.id}; `bookroom series undo {made.operation_id}` takes it back."]


def changed_lines(done: SeriesChanged, verb: str) -> list[str]:
    """Return how many dates were changed ("changed", "cancelled"), and what was given up."""
    days = [day for one in done.changed if (day := one.after.series_on)]
    lines = [f"{verb.capitalize()} {counted(len(days))}{_from_to(days)}: {series_line(done.series)}."]
    lines += [f"Added {counted(len(done.made))}."] if done.made else []
    lines += [f"  {gap.on}: given up." for gap in done.gaps[:MOST_LINES]]
    return [*lines, f"`bookroom series undo {done.operation_id}` takes it back."]


def _from_to(days: Sequence[date]) -> str:
    if not days:
        return ""
    return f", {min(days)}" if len(days) == 1 else f", {min(days)} to {max(days)}"


def counted(count: int) -> str:
    """Return "1 date", "8 dates"."""
    return f"{count} {'date' if count == 1 else 'dates'}"


def _later(beyond: int | None) -> str:
    if beyond is None:
        return "It has no end: later dates are booked as their time comes."
    return f"{counted(beyond)} more: too far ahead, booked as their time comes." if beyond else ""


def _when(slot: Slot, zone: ZoneInfo) -> str:
    start, end = slot.start.astimezone(zone), slot.end.astimezone(zone)
    return f"{start:%a %Y-%m-%d %H:%M}-{end:%H:%M}"


def _hours(slot: Slot, found: Preview) -> str:
    return f"{slot.start.astimezone(ZoneInfo(found.wish.zone)):%H:%M}"


def _first(lines: Sequence[str]) -> list[str]:
    left = len(lines) - MOST_LINES
    return [*lines[:MOST_LINES], *([f"and {left} more"] if left > 0 else [])]
