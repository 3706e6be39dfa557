"""Wishes for series, and what is to become of their dates, as short JSON in buttons and modals.

A button has room for 2,000 characters: of up to 520 dates that clash it carries no dates but one bit per day.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Self
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field

from core.models import KEEP, Slot
from core.recurring import time_on
from core.series_values import Choice, Scope, SeriesChange, SeriesWish
from handlers.drafts import MOST_MORE_ROOMS, MOST_PEOPLE, OUT_OF_DATE, Carried, Draft, Things, UnreadableError

# A hundred years of days; nothing that was packed by us unpacks to more.
_MOST_BYTES = 5_000
RULE_LENGTH = 200


class SeriesDraft(Carried):
    """A wish for a series. `clock` is "HH:MM" on the wall in `zone`; `invitees` are Slack user ids."""

    first_on: date = Field(alias="d")
    clock: time = Field(alias="k")
    minutes: int = Field(alias="m", ge=1, le=100_000)
    zone: str = Field(alias="z", max_length=100)
    rule: str = Field(alias="u", max_length=RULE_LENGTH)
    people: int = Field(default=1, alias="n", ge=1, le=MOST_PEOPLE)
    amenities: tuple[str, ...] = Field(default=(), alias="a")
    room: UUID | None = Field(default=None, alias="r")
    place: UUID | None = Field(default=None, alias="p")
    floor: str | None = Field(default=None, alias="f")
    title: str | None = Field(default=None, alias="t")
    private: bool = Field(default=False, alias="x")
    invitees: tuple[str, ...] = Field(default=(), alias="i")
    shared: bool = Field(default=False, alias="c")
    more_rooms: tuple[UUID, ...] = Field(default=(), alias="e", max_length=MOST_MORE_ROOMS)
    things: Things = Field(default=(), alias="l", max_length=MOST_MORE_ROOMS)
    left_out: str = Field(default="", alias="w", max_length=2000)

    @classmethod
    def of(cls, draft: Draft, rule: str, zone: str, *, left_out: Iterable[date] = ()) -> Self:
        """Return the series that begins with a wish for one date, on the clock of `zone`, without the dates left out."""
        start = draft.slot.start.astimezone(ZoneInfo(zone))
        return cls(
            first_on=start.date(),
            clock=start.time().replace(second=0, microsecond=0, fold=0),
            # On the wall clock, which a meeting through the night of a change keeps to.
            minutes=max(1, _wall_minutes(draft.slot, ZoneInfo(zone))),
            zone=zone,
            rule=rule,
            people=draft.people,
            amenities=draft.amenities,
            room=draft.room,
            place=draft.place,
            floor=draft.floor,
            title=draft.title,
            private=draft.private,
            invitees=draft.invitees,
            shared=draft.shared,
            more_rooms=draft.more_rooms,
            things=draft.things,
            left_out=packed(left_out, start.date()),
        )

    def wish(self, invitees: tuple[UUID, ...] = ()) -> SeriesWish:
        """Return the wish, given the invitees' own ids."""
        return SeriesWish(
            first_on=self.first_on,
            clock=self.clock.replace(tzinfo=None),
            minutes=self.minutes,
            zone=self.zone,
            rule=self.rule,
            room_id=self.room,
            location_id=self.place,
            amenities=frozenset(self.amenities),
            floor=self.floor,
            attendees_count=self.people,
            title=self.title,
            private=self.private,
            invitees=invitees,
            shared=self.shared,
            more_room_ids=self.more_rooms,
            equipment=self.things,
            left_out=unpacked(self.left_out, self.first_on),
        )

    @property
    def first_slot(self) -> Slot:
        """The time on its first date; raises UnreadableError where there is no such zone."""
        try:
            zone = ZoneInfo(self.zone)
        except (ValueError, OSError, ZoneInfoNotFoundError) as error:
            raise UnreadableError(OUT_OF_DATE) from error
        return time_on(self.first_on, self.clock.replace(tzinfo=None), self.minutes, zone).slot

    def once(self, slot: Slot, room: UUID | None) -> Draft:
        """Return the wish for one date of it."""
        return Draft(
            start=int(slot.start.timestamp()),
            end=int(slot.end.timestamp()),
            people=self.people,
            amenities=self.amenities,
            room=room,
            place=None if room else self.place,
            floor=None if room else self.floor,
            title=self.title,
            private=self.private,
            invitees=self.invitees,
            shared=self.shared,
            more_rooms=self.more_rooms if room == self.room else (),
            things=self.things,
        )

    def in_rooms(self, room: UUID, *more: UUID) -> SeriesDraft:
        """Return the same wish for these rooms."""
        return self.in_room(room).model_copy(update={"more_rooms": more})

    def in_room(self, room: UUID) -> SeriesDraft:
        """Return the same wish for a named room; what it must have stays, for the rooms that stand in for it."""
        more = self.more_rooms if room == self.room else ()
        return self.model_copy(update={"room": room, "place": None, "floor": None, "more_rooms": more})


def _wall_minutes(slot: Slot, zone: ZoneInfo) -> int:
    start, end = (moment.astimezone(zone).replace(tzinfo=None) for moment in (slot.start, slot.end))
    return -(-int((end - start).total_seconds()) // 60)


def packed(days: Iterable[date], first: date) -> str:
    """Return dates from `first` on as a short text."""
    bits = sum(1 << (day - first).days for day in set(days))
    raw = bits.to_bytes((bits.bit_length() + 7) // 8, "little")
    return base64.urlsafe_b64encode(zlib.compress(raw, 9)).decode().rstrip("=") if raw else ""


def unpacked(text: str, first: date) -> frozenset[date]:
    """Return the dates that `packed` was given; raise UnreadableError for anything else."""
    if not text:
        return frozenset()
    try:
        unpacking = zlib.decompressobj()
        raw = unpacking.decompress(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True), _MOST_BYTES)
        if not unpacking.eof:
            raise UnreadableError(OUT_OF_DATE)
        bits = int.from_bytes(raw, "little")
        return frozenset(first + timedelta(days=n) for n in range(bits.bit_length()) if bits >> n & 1)
    except (zlib.error, binascii.Error, ValueError, OverflowError) as error:
        raise UnreadableError(OUT_OF_DATE) from error


class SeriesBooking(Carried):
    """A series to be booked as it was shown: which dates are left out, which get another room.

    Dates are packed against the draft's first; a date that is in neither has to be free.
    """

    draft: SeriesDraft = Field(alias="s")
    skipped: str = Field(default="", alias="o", max_length=2000)
    elsewhere: str = Field(default="", alias="w", max_length=2000)

    @property
    def choices(self) -> Mapping[date, Choice | Slot]:
        """What was chosen, by date."""
        first = self.draft.first_on
        chosen: dict[date, Choice | Slot] = dict.fromkeys(unpacked(self.skipped, first), Choice.SKIP)
        return {**chosen, **dict.fromkeys(unpacked(self.elsewhere, first), Choice.OTHER_ROOM)}


class SeriesDates(Carried):
    """A page of a wish's dates."""

    draft: SeriesDraft = Field(alias="s")
    page: int = Field(default=0, alias="g", ge=0, le=1000)


class Choosing(Carried):
    """What the form holds in which each date that clashes is chosen about; `rest` are those it has no field for."""

    draft: SeriesDraft = Field(alias="s")
    rest: str = Field(default="", alias="o", max_length=2000)


class SeriesAt(Carried):
    """A series, and the page of its dates that is shown."""

    series: UUID = Field(alias="b")
    page: int = Field(default=0, alias="g", ge=0, le=1000)


class SeriesTarget(Carried):
    """A series at a version, or (where `on` is set) from one of its dates on."""

    series: UUID = Field(alias="b")
    version: int = Field(alias="v")
    on: date | None = Field(default=None, alias="d")


class PartOfSeries(SeriesTarget):
    """How much of a series is meant, from which of its dates."""

    scope: Scope = Field(default=Scope.THIS, alias="c")


class GapOfSeries(Carried):
    """A date of a series that nobody has booked."""

    series: UUID = Field(alias="b")
    on: date = Field(alias="d")
    page: int = Field(default=0, alias="g", ge=0, le=1000)


class Operation(Carried):
    """What was done to many dates at once and can be taken back."""

    operation: UUID = Field(alias="p")


class Given(StrEnum):
    """Names of what a change of a series may hold, as they are carried."""

    CLOCK = "k"
    MINUTES = "m"
    RULE = "u"
    ROOM = "r"
    TITLE = "t"
    PEOPLE = "n"
    PRIVATE = "x"
    INVITEES = "i"
    SHARED = "h"
    DAY = "j"
    MORE_ROOMS = "e"
    THINGS = "l"


class SeriesChanging(Carried):
    """A change of many dates, as it was typed, and what becomes of those that clash with it.

    Only what stands in `given` is changed. `invitees` are people's ids.
    """

    series: UUID = Field(alias="b")
    version: int = Field(alias="v")
    scope: Scope = Field(alias="c")
    on: date = Field(alias="d")
    given: tuple[Given, ...] = Field(default=(), alias="y")
    clock: time | None = Field(default=None, alias="k")
    minutes: int = Field(default=1, alias="m", ge=1, le=100_000)
    rule: str = Field(default="", alias="u", max_length=RULE_LENGTH)
    room: UUID | None = Field(default=None, alias="r")
    title: str | None = Field(default=None, alias="t")
    people: int = Field(default=1, alias="n", ge=1, le=MOST_PEOPLE)
    private: bool = Field(default=False, alias="x")
    invitees: tuple[UUID, ...] = Field(default=(), alias="i")
    shared: bool = Field(default=False, alias="h")
    day: date | None = Field(default=None, alias="j")
    more_rooms: tuple[UUID, ...] = Field(default=(), alias="e", max_length=MOST_MORE_ROOMS)
    things: Things = Field(default=(), alias="l", max_length=MOST_MORE_ROOMS)
    skipped: str = Field(default="", alias="o", max_length=2000)
    elsewhere: str = Field(default="", alias="w", max_length=2000)
    since: date = Field(default=date(2000, 1, 1), alias="f")

    @property
    def change(self) -> SeriesChange:
        """The change that was typed."""
        given = set(self.given)
        return SeriesChange(
            clock=self.clock.replace(tzinfo=None) if Given.CLOCK in given and self.clock else KEEP,
            minutes=self.minutes if Given.MINUTES in given else KEEP,
            rule=self.rule if Given.RULE in given else KEEP,
            room_id=self.room if Given.ROOM in given and self.room else KEEP,
            title=self.title if Given.TITLE in given else KEEP,
            attendees_count=self.people if Given.PEOPLE in given else KEEP,
            private=self.private if Given.PRIVATE in given else KEEP,
            invitees=self.invitees if Given.INVITEES in given else KEEP,
            shared=self.shared if Given.SHARED in given else KEEP,
            day=self.day if Given.DAY in given and self.day else KEEP,
            more_room_ids=self.more_rooms if Given.MORE_ROOMS in given else KEEP,
            equipment=self.things if Given.THINGS in given else KEEP,
        )

    def in_rooms(self, room: UUID, *more: UUID) -> SeriesChanging:
        """Return the same change into other rooms, which are free on all dates."""
        given = {*self.given, Given.ROOM} | ({Given.MORE_ROOMS} if more else set())
        rooms = {"room": room, "more_rooms": more or self.more_rooms}
        return self.model_copy(update={**rooms, "given": tuple(sorted(given)), "skipped": "", "elsewhere": ""})

    @property
    def choices(self) -> Mapping[date, Choice | Slot]:
        """What was chosen, by date."""
        chosen: dict[date, Choice | Slot] = dict.fromkeys(unpacked(self.skipped, self.since), Choice.SKIP)
        return {**chosen, **dict.fromkeys(unpacked(self.elsewhere, self.since), Choice.OTHER_ROOM)}


class ChoosingChange(Carried):
    """What the form holds in which each date that clashes with a change is chosen about, see `Choosing`."""

    asked: SeriesChanging = Field(alias="s")
    rest: str = Field(default="", alias="o", max_length=2000)


def moment_of(seconds: str) -> datetime:
    """Return the moment that a choice of a time carries; raise UnreadableError for anything else."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise UnreadableError(OUT_OF_DATE) from error


class SeriesAnswer(Carried):
    """Whether somebody who is invited comes to all dates of a series."""

    series: UUID = Field(alias="b")
    going: bool = Field(alias="y")
