"""Random programs at the waiting list against a plain-Python oracle that knows no SQL: after every step both agree.

The oracle says who is in line, who was offered which room until when, and who holds what: so it says who is served first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import checks, errors
from core.models import Actor, Booking, Change, Room, Slot, Wish
from tests.core.office import MONDAY, Office, at
from tests.core.test_oracle import OURS

TEN = timedelta(minutes=10)
SEATS = (4, 6, 12)


@dataclass
class Place:
    """Somebody's place in line; `room` is the one that they asked for, None for any."""

    person: int
    room: int | None
    slot: Slot
    count: int
    status: str = "waiting"
    offered: int | None = None
    until: datetime = MONDAY


@dataclass
class Oracle:
    """What should be so. Rooms and people are numbers; places are in the order in which they joined."""

    now: datetime = MONDAY
    bookings: list[tuple[int, Slot] | None] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    asleep: set[int] = field(default_factory=set)

    def free(self, room: int, slot: Slot, *, but: int | None = None) -> bool:
        booked = any(b and b[0] == room and b[1].overlaps(slot) for n, b in enumerate(self.bookings) if n != but)
        held = (p for p in self.places if p.status == "offered" and p.offered == room and p.until > self.now)
        return not booked and not any(place.slot.overlaps(slot) for place in held)

    def clear(self, room: int, slot: Slot) -> None:
        for place in self.places:
            if place.status == "offered" and place.offered == room and place.slot.overlaps(slot) and place.until <= self.now:
                place.status = "missed"

    def serves(self, room: int, place: Place) -> bool:
        fits = place.room == room if place.room is not None else place.count <= SEATS[room]
        return place.status == "waiting" and place.person not in self.asleep and fits

    def freed(self, room: int, slot: Slot) -> None:
        for place in self.places:
            if place.slot.overlaps(slot) and self.serves(room, place) and self.free(room, place.slot):
                self.clear(room, place.slot)
                place.status, place.offered, place.until = "offered", room, self.now + TEN

    def book(self, room: int, slot: Slot) -> str | None:
        if not self.free(room, slot):
            return "SlotTaken"
        self.clear(room, slot)
        self.bookings.append((room, slot))
        return None

    def cancel(self, number: int) -> str | None:
        if (booked := self.bookings[number]) is None:
            return "BookingNotActive"
        self.bookings[number] = None
        self.freed(*booked)
        return None

    def move(self, number: int, room: int, slot: Slot) -> str | None:
        if (booked := self.bookings[number]) is None:
            return "BookingNotActive"
        if booked == (room, slot):
            return None
        if not self.free(room, slot, but=number):
            return "SlotTaken"
        self.clear(room, slot)
        self.bookings[number] = (room, slot)
        self.freed(*booked)
        return None

    def join(self, place: Place) -> str | None:
        key = (place.person, place.room, place.slot)
        same = [p for p in self.places if (p.person, p.room, p.slot) == key and p.status in {"waiting", "offered"}]
        if same:
            if same[0].status == "waiting":
                same[0].count = place.count
            return None
        rooms = range(len(SEATS)) if place.room is None else [place.room]
        if any(SEATS[room] >= place.count and self.free(room, place.slot) for room in rooms):
            return "AlreadyFree"
        self.places.append(place)
        return None

    def take(self, number: int) -> str | None:
        place = self.places[number]
        if place.status == "taken":
            return None
        if place.offered is None or place.status in {"waiting", "left"}:
            return "OfferGone"
        if place.status != "offered" and not self.free(place.offered, place.slot):
            return "SlotTaken"
        place.status = "taken"
        self.clear(place.offered, place.slot)
        self.bookings.append((place.offered, place.slot))
        return None

    def step_back(self, number: int, status: str) -> str | None:
        place = self.places[number]
        was = place.status
        if was in {"waiting", "offered"}:
            place.status = status
        if was == "offered" and place.offered is not None:
            self.freed(place.offered, place.slot)
        return None

    def advance(self) -> None:
        late = [p for p in self.places if p.status == "offered" and p.until <= self.now]
        for place in sorted(late, key=lambda p: p.until):
            if place.status == "offered":
                place.status = "missed"
                assert place.offered is not None
                self.freed(place.offered, place.slot)
        waiting = [p for p in self.places if p.status == "waiting"]
        chances = [
            (place, [room for room in range(len(SEATS)) if self.serves(room, place) and self.free(room, place.slot)])
            for place in sorted(waiting, key=lambda p: p.slot.start)
        ]
        for place, rooms in chances:
            for room in rooms:
                if place.status == "waiting":
                    self.freed(room, place.slot)


SLOTS = st.builds(lambda quarter, length: at(34 + quarter / 2, length), st.integers(0, 5), st.sampled_from([30, 60, 90]))
ROOM, NUMBER, PERSON = st.integers(0, 2), st.integers(0, 40), st.integers(0, 4)
JOIN = st.tuples(st.just("join"), PERSON, st.one_of(st.none(), ROOM), SLOTS, st.sampled_from([1, 4, 5]))
STEPS = st.one_of(
    st.tuples(st.just("book"), ROOM, SLOTS),
    st.tuples(st.just("book"), ROOM, SLOTS),
    JOIN,
    JOIN,
    JOIN,
    st.tuples(st.just("cancel"), NUMBER),
    st.tuples(st.just("cancel"), NUMBER),
    st.tuples(st.just("move"), NUMBER, ROOM, SLOTS),
    st.tuples(st.just("take"), NUMBER),
    st.tuples(st.just("step_back"), NUMBER, st.sampled_from(["left", "declined"])),
    st.tuples(st.just("sleep"), PERSON),
    st.tuples(st.just("wait"), st.sampled_from([1, 5, 10, 11])),
    st.just(("advance",)),
)


@dataclass
class Run:
    """One program's run through both."""

    office: Office
    rooms: list[Room]
    people: list[Actor]
    oracle: Oracle = field(default_factory=Oracle)
    bookings: list[UUID] = field(default_factory=list)
    places: list[UUID] = field(default_factory=list)

    async def step(self, kind: str, *values: Any) -> None:
        empty = (kind in {"cancel", "move"} and not self.bookings) or (kind in {"take", "step_back"} and not self.places)
        if not empty:
            await getattr(self, kind)(*values)

    async def book(self, room: int, slot: Slot) -> None:
        wish = Wish(slot=slot, room_id=self.rooms[room].id)
        done = await self.told(self.oracle.book(room, slot), self.office.bookings.book(wish, by=self.office.boss))
        if done:
            self.bookings.append(done.id)

    async def cancel(self, number: int) -> None:
        number %= len(self.bookings)
        asked = self.office.bookings.cancel(self.bookings[number], by=self.office.boss)
        await self.told(self.oracle.cancel(number), asked)

    async def move(self, number: int, room: int, slot: Slot) -> None:
        number %= len(self.bookings)
        current = await self.office.bookings.get(self.bookings[number])
        change = Change(room_id=self.rooms[room].id, slot=slot)
        asked = self.office.bookings.change(current.id, change, version=current.version, by=self.office.boss)
        await self.told(self.oracle.move(number, room, slot), asked)

    async def join(self, person: int, room: int | None, slot: Slot, count: int) -> None:
        if room is not None:
            count = min(count, SEATS[room])
        before = len(self.oracle.places)
        expected = self.oracle.join(Place(person, room, slot, count))
        wish = Wish(slot=slot, room_id=None if room is None else self.rooms[room].id, attendees_count=count)
        done = await self.told(expected, self.office.line.join(wish, by=self.people[person]))
        if len(self.oracle.places) > before:
            self.places.append(done.id)
        elif done:
            assert done.id in self.places

    async def take(self, number: int) -> None:
        number %= len(self.places)
        before = len(self.oracle.bookings)
        expected = self.oracle.take(number)
        person = self.people[self.oracle.places[number].person]
        done = await self.told(expected, self.office.line.take(self.places[number], by=person))
        if len(self.oracle.bookings) > before:
            assert isinstance(done, Booking)
            self.bookings.append(done.id)

    async def step_back(self, number: int, status: str) -> None:
        number %= len(self.places)
        person = self.people[self.oracle.places[number].person]
        self.oracle.step_back(number, status)
        await (self.office.line.leave if status == "left" else self.office.line.decline)(self.places[number], by=person)

    async def sleep(self, person: int) -> None:
        """Fall asleep, or wake up."""
        self.oracle.asleep ^= {person}
        begins, ends = (f"'{time(0)}'", f"'{time(23, 59)}'") if person in self.oracle.asleep else ("NULL", "NULL")
        who = self.people[person].person_id
        await self.office.damage(f"UPDATE people SET quiet_from = {begins}, quiet_until = {ends} WHERE id = '{who}'")

    async def wait(self, minutes: int) -> None:
        self.oracle.now += timedelta(minutes=minutes)
        self.office.clock.set(self.oracle.now)

    async def advance(self) -> None:
        self.oracle.advance()
        await self.office.line.advance(self.office.clock.now())

    async def told(self, expected: str | None, asked: Any) -> Any:
        try:
            answer, code = await asked, None
        except errors.BookingError as error:
            answer, code = None, error.code
        assert code == expected
        return answer

    async def read(self, sql: str) -> list[Any]:
        return await self.office.db.read(lambda session: session.all(sql))

    async def compare(self) -> None:
        """Hold every place and every claim against the oracle's."""
        rows = await self.read("SELECT id, status, offered_room_id, offer_expires_at FROM waiting")
        stored = {row["id"]: row for row in rows}
        assert len(stored) == len(self.places)
        for waiting_id, place in zip(self.places, self.oracle.places, strict=True):
            row = stored[waiting_id]
            assert row["status"] == place.status
            if place.offered is not None:
                assert row["offered_room_id"] == self.rooms[place.offered].id
                assert row["offer_expires_at"] == place.until
        claims = await self.read("SELECT room_id, start_time, kind FROM room_claims")
        booked = {(self.rooms[b[0]].id, b[1].start, "booking") for b in self.oracle.bookings if b}
        held = {
            (self.rooms[p.offered].id, p.slot.start, "offer")
            for p in self.oracle.places
            if p.status == "offered" and p.offered is not None
        }
        assert {tuple(row.values()) for row in claims} == booked | held


@pytest.mark.timeout(300)
@settings(max_examples=60, derandomize=True, **OURS)
@given(program=st.lists(STEPS, min_size=10, max_size=40))
async def test_whatever_is_done_the_right_people_are_served_in_the_right_order(
    office: Office, program: list[tuple[Any, ...]]
):
    await office.damage("TRUNCATE waiting, bookings, room_claims, attendees, events, deliveries, rooms CASCADE")
    await office.damage("UPDATE people SET quiet_from = NULL, quiet_until = NULL")
    office.clock.set(MONDAY)
    rooms = [await office.room(f"Room {number}", seats=seats) for number, seats in enumerate(SEATS)]
    running = Run(office, rooms, [await office.actor(f"p{number}") for number in range(5)])
    # A full house to begin with, so that there is something to wait for.
    for room in range(3):
        await running.book(room, at(34, 90))
        await running.book(room, at(35.5, 90))
    for step in program:
        await running.step(*step)
        await running.compare()
    assert await checks.violations(office.db) == []
