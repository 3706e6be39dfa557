"""Random programs of bookings against a plain-Python oracle that knows no SQL: after every step both say the same.

The short form always runs. The long one runs with `-m slow`, or with LONG=1 in the environment.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import checks, errors
from core.models import Booking, Change, Room, Slot, Wish
from tests.core.office import MONDAY, Office, at

HOLDING = "confirmed"


@dataclass(frozen=True)
class State:
    """A booking at one version."""

    room: Room
    slot: Slot
    status: str = HOLDING

    @property
    def claim(self) -> Slot:
        return Slot(
            start=self.slot.start - timedelta(minutes=self.room.setup_minutes),
            end=self.slot.end + timedelta(minutes=self.room.teardown_minutes),
        )


@dataclass
class Oracle:
    """What should be so. `histories` holds each booking's states, one for each version; methods return a code or None."""

    now: datetime = MONDAY
    histories: list[list[State]] = field(default_factory=list)

    def book(self, room: Room, slot: Slot) -> str | None:
        if slot.start < self.now:
            return "StartInPast"
        return self._enter(len(self.histories), State(room, slot), "")

    def change(self, number: int, room: Room, slot: Slot, *, behind: int) -> str | None:
        before = self.histories[number][-1]
        after = replace(before, room=room, slot=slot)
        if refused := self._closed(number, behind):
            return refused
        if after == before:
            return None
        if (slot.start != before.slot.start and slot.start < self.now) or slot.end <= self.now:
            return "StartInPast"
        return self._enter(number, after, HOLDING)

    def cancel(self, number: int) -> str | None:
        if refused := self._closed(number, 0):
            return refused
        self.histories[number].append(replace(self.histories[number][-1], status="cancelled"))
        return None

    def undo(self, number: int, *, behind: int) -> str | None:
        history = self.histories[number]
        before = history[-1]
        if behind:
            return "StaleBooking" if before.status == HOLDING else "BookingNotActive"
        after = history[-2] if len(history) > 1 else replace(before, status="cancelled")
        if (after if after.status == HOLDING else before).slot.end <= self.now:
            return "NothingToUndo"
        return self._enter(number, after, before.status)

    def swap(self, first: int, second: int) -> str | None:
        if refused := self._closed(first, 0) or self._closed(second, 0):
            return refused
        one, other = self.histories[first][-1], self.histories[second][-1]
        if one.room == other.room:
            return None
        pair = {first: replace(one, room=other.room), second: replace(other, room=one.room)}
        if any(self._taken(state, but=(first, second)) for state in pair.values()):
            return "SlotTaken"
        for number, state in pair.items():
            self.histories[number].append(state)
        return None

    def _closed(self, number: int, behind: int) -> str | None:
        state = self.histories[number][-1]
        if state.status != HOLDING:
            return "BookingNotActive"
        if behind:
            return "StaleBooking"
        return "BookingNotActive" if state.slot.end <= self.now else None

    def _enter(self, number: int, state: State, was: str) -> str | None:
        if state.status == HOLDING and self._taken(state, but=(number,)):
            return "SlotTaken"
        if number == len(self.histories):
            self.histories.append([])
        self.histories[number].append(state)
        return None

    def _taken(self, state: State, *, but: tuple[int, ...]) -> bool:
        others = [h[-1] for number, h in enumerate(self.histories) if number not in but]
        return any(
            other.status == HOLDING and other.room == state.room and other.claim.overlaps(state.claim) for other in others
        )


SLOTS = st.builds(lambda quarter, length: at(8 + quarter / 4, length), st.integers(0, 16), st.sampled_from([15, 30, 60, 90]))
ROOM, NUMBER, BEHIND = st.integers(0, 2), st.integers(0, 30), st.sampled_from([0, 0, 0, 0, 1])
STEPS = st.one_of(
    st.tuples(st.just("book"), ROOM, SLOTS),
    st.tuples(st.just("book"), ROOM, SLOTS),
    st.tuples(st.just("change"), NUMBER, ROOM, SLOTS, BEHIND),
    st.tuples(st.just("cancel"), NUMBER),
    st.tuples(st.just("undo"), NUMBER, BEHIND),
    st.tuples(st.just("undo"), NUMBER, BEHIND),
    st.tuples(st.just("swap"), NUMBER, NUMBER),
    st.tuples(st.just("wait"), st.sampled_from([5, 15, 45])),
)
PROGRAMS = st.lists(STEPS, min_size=4, max_size=24)


@dataclass
class Run:
    """One program's run through both."""

    office: Office
    rooms: list[Room]
    oracle: Oracle = field(default_factory=Oracle)
    ids: list[UUID] = field(default_factory=list)

    async def step(self, kind: str, *values: Any) -> None:
        if kind == "wait":
            self.oracle.now += timedelta(minutes=values[0])
            self.office.clock.set(self.oracle.now)
        elif kind == "book":
            await self.book(self.rooms[values[0]], values[1])
        elif self.ids:
            await getattr(self, kind)(*values)

    async def book(self, room: Room, slot: Slot) -> None:
        expected = self.oracle.book(room, slot)
        wish = Wish(slot=slot, room_id=room.id)
        booked = await self._told(expected, self.office.bookings.book(wish, by=self.office.ana))
        if isinstance(booked, Booking):
            self.ids.append(booked.id)

    async def change(self, number: int, room: int, slot: Slot, behind: int) -> None:
        index, version = self._pick(number, behind)
        expected = self.oracle.change(index, self.rooms[room], slot, behind=behind)
        change = Change(slot=slot, room_id=self.rooms[room].id)
        await self._told(expected, self.office.bookings.change(self.ids[index], change, version=version, by=self.office.ana))

    async def cancel(self, number: int) -> None:
        index, _ = self._pick(number, 0)
        await self._told(self.oracle.cancel(index), self.office.bookings.cancel(self.ids[index], by=self.office.ana))

    async def undo(self, number: int, behind: int) -> None:
        index, version = self._pick(number, behind)
        expected = self.oracle.undo(index, behind=behind)
        await self._told(expected, self.office.bookings.undo(self.ids[index], version=version, by=self.office.ana))

    async def swap(self, first: int, second: int) -> None:
        (one, version), (other, other_version) = self._pick(first, 0), self._pick(second, 0)
        expected = self.oracle.swap(one, other)
        pair = self.office.bookings.swap(
            self.ids[one], self.ids[other], versions=(version, other_version), by=self.office.ana
        )
        await self._told(expected, pair)

    def _pick(self, number: int, behind: int) -> tuple[int, int]:
        index = number % len(self.ids)
        return index, len(self.oracle.histories[index]) - behind

    async def _told(self, expected: str | None, asked: Any) -> Any:
        try:
            answer, code = await asked, None
        except errors.BookingError as error:
            answer, code = None, error.code
        assert code == expected
        return answer

    async def compare(self) -> None:
        """Hold the database's bookings and claims against the oracle's."""
        bookings = await self.office.db.read(
            lambda s: s.all("SELECT id, room_id, start_time, end_time, status, version FROM bookings")
        )
        claims = await self.office.db.read(
            lambda s: s.all("SELECT booking_id, room_id, start_time, end_time FROM room_claims")
        )
        last = {self.ids[n]: (h[-1], len(h)) for n, h in enumerate(self.oracle.histories)}
        assert {tuple(row.values()) for row in bookings} == {
            (i, s.room.id, s.slot.start, s.slot.end, s.status, version) for i, (s, version) in last.items()
        }
        assert {tuple(row.values()) for row in claims} == {
            (i, s.room.id, s.claim.start, s.claim.end) for i, (s, _) in last.items() if s.status == HOLDING
        }


async def run(office: Office, program: list[tuple[Any, ...]]) -> None:
    await office.damage("TRUNCATE bookings, room_claims, attendees, events, requests, room_amenities, rooms CASCADE")
    office.clock.set(MONDAY)
    rooms = [await office.room("Apollo"), await office.room("Zeus"), await office.room("Stage", setup=15, teardown=30)]
    running = Run(office, rooms)
    for step in program:
        await running.step(*step)
        await running.compare()
    assert await checks.violations(office.db) == []


OURS = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    "database": None,
}


@settings(max_examples=160, derandomize=True, **OURS)
@given(program=PROGRAMS)
async def test_whatever_is_done_the_database_says_what_the_oracle_says(office: Office, program: list[tuple[Any, ...]]):
    await run(office, program)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@settings(max_examples=1500, **OURS)
@given(program=st.lists(STEPS, min_size=10, max_size=60))
async def test_much_longer_programs_agree_too(long_form: None, office: Office, program: list[tuple[Any, ...]]):
    await run(office, program)


@pytest.fixture
def long_form(request: pytest.FixtureRequest) -> None:
    """Skip unless the long form was asked for."""
    if not os.environ.get("LONG") and "slow" not in (request.config.option.markexpr or ""):
        pytest.skip("the long form runs with -m slow or LONG=1")
