"""Entries written down as an iCalendar file (RFC 5545), by the library `icalendar`: what people typed stays text."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard, vRecur

from handlers.calendar_entries import CANCELLED, Entry

TYPE = "text/calendar"
ASK_AGAIN = timedelta(hours=1)
_SAME = ("UTC", "Etc/UTC")


def tag(entries: Sequence[Entry], *said: str) -> str:
    """Return the entity tag of a file, from what stands in it: the same in every process."""
    digest = hashlib.blake2b(digest_size=12)
    for one in said:
        digest.update(repr(one).encode())
    for entry in entries:
        digest.update(repr(entry).encode())
    return f'"{digest.hexdigest()}"'


def head(name: str, about: str) -> Calendar:
    """Return a calendar with a name and nothing in it."""
    calendar = Calendar()
    calendar.add("prodid", "-//Bookroom//Bookroom//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add("x-wr-caldesc", about)
    calendar.add("refresh-interval", ASK_AGAIN, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    return calendar


def add_zones(calendar: Calendar, entries: Iterable[Entry]) -> None:
    """Tell the clocks of all zones that entries are in, for the years that they are in and one around them."""
    moments: dict[str, list[datetime]] = {}
    for entry in entries:
        if entry.zone not in _SAME:
            moments.setdefault(entry.zone, []).extend((entry.start, entry.until or entry.end))
    for zone, found in sorted(moments.items()):
        calendar.add_component(_zone(zone, min(found).year - 1, max(found).year + 2))


@lru_cache(maxsize=256)
def _zone(name: str, first: int, last: int) -> Timezone:
    """Return a zone's clock from one year to another, each change at the moment at which it takes place.

    The library's own way to tell a zone puts the clocks forward an hour late.
    """
    zone, begins = ZoneInfo(name), datetime(first, 1, 1, tzinfo=UTC)
    made, told = Timezone(), dict[tuple[object, ...], TimezoneStandard | TimezoneDaylight]()
    made.add("tzid", name)
    made.add_component(_observed(begins, begins, zone))
    for change in _changes(zone, begins, datetime(last, 1, 1, tzinfo=UTC)):
        before, after = change - timedelta(seconds=1), change.astimezone(zone)
        alike = (before.astimezone(zone).utcoffset(), after.utcoffset(), after.tzname())
        if alike in told:
            told[alike].add("rdate", _onset(before, change, zone))
        else:
            told[alike] = _observed(before, change, zone)
            made.add_component(told[alike])
    return made


def _changes(zone: ZoneInfo, begins: datetime, ends: datetime) -> Iterator[datetime]:
    """Yield the moments at which a zone's clock changes, to the second."""
    while begins < ends:
        low, high = begins, begins + timedelta(days=1)
        begins = high
        before = low.astimezone(zone).utcoffset()
        if high.astimezone(zone).utcoffset() == before:
            continue
        while high - low > timedelta(seconds=1):
            middle = (low + (high - low) / 2).replace(microsecond=0)
            low, high = (middle, high) if middle.astimezone(zone).utcoffset() == before else (low, middle)
        yield high


def _observed(before: datetime, change: datetime, zone: ZoneInfo) -> TimezoneStandard | TimezoneDaylight:
    after = change.astimezone(zone)
    made = TimezoneDaylight() if after.dst() else TimezoneStandard()
    made.add("dtstart", _onset(before, change, zone))
    made.add("tzoffsetfrom", before.astimezone(zone).utcoffset())
    made.add("tzoffsetto", after.utcoffset())
    made.add("tzname", after.tzname())
    return made


def _onset(before: datetime, change: datetime, zone: ZoneInfo) -> datetime:
    """Return what the clock would show at a change if it did not change, which is how a change is told."""
    offset = before.astimezone(zone).utcoffset()
    assert offset is not None
    return (change + offset).replace(tzinfo=None)


def event(entry: Entry) -> Event:
    """Return an entry as an event."""
    made, zone = Event(), ZoneInfo("UTC" if entry.zone in _SAME else entry.zone)
    made.add("uid", entry.uid)
    made.add("dtstamp", _second(entry.stamp))
    made.add("created", _second(entry.created))
    made.add("last-modified", _second(entry.stamp))
    made.add("sequence", entry.version)
    if entry.instead_of:
        made.add("recurrence-id", entry.instead_of.astimezone(UTC) if zone.key == "UTC" else entry.instead_of)
    made.add("dtstart", entry.start.astimezone(zone))
    made.add("dtend", entry.end.astimezone(zone))
    if entry.rule and entry.until:
        made.add("rrule", vRecur.from_ical(f"{entry.rule};UNTIL={entry.until.astimezone(UTC):%Y%m%dT%H%M%SZ}"))
    if entry.left_out:
        made.add("exdate", [one.astimezone(UTC) if zone.key == "UTC" else one for one in entry.left_out])
    made.add("summary", entry.face.summary)
    made.add("location", entry.face.location)
    if entry.face.description:
        made.add("description", entry.face.description)
    made.add("status", entry.face.status)
    made.add("transp", "TRANSPARENT" if entry.face.status == CANCELLED else "OPAQUE")
    if entry.face.secret:
        made.add("class", "PRIVATE")
    return made


def written(name: str, about: str, entries: Sequence[Entry]) -> bytes:
    """Return a whole file at once, for the few entries of one booking."""
    calendar = head(name, about)
    add_zones(calendar, entries)
    for entry in entries:
        calendar.add_component(event(entry))
    return bytes(calendar.to_ical())


def _second(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
