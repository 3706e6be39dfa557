"""A whole office at once: everything that can be done to rooms, drawn by a seed, from many connections at the same moment.

Whatever comes, each answer is a booking or a refusal in words, each booking is one that somebody was told of, no circle of
locks was ever broken by the database, and the invariants hold. `STORM_SEEDS=4,31 STORM_ACTS=2000` makes it longer; `-s`
shows the tallies.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core import checks, errors, roles
from core.archive import Archive
from core.db import Database
from core.endings import Endings
from core.equipment import Equipments
from core.models import Actor, Booking, Change, Right, Slot, Wish
from core.places import Places
from core.regulations import Measure, Period
from core.releases import Releases
from core.rerooming import Rerooming
from core.rooms import Rooms
from core.series_values import Choice, Scope, SeriesChange
from tests.core.approved import Asking
from tests.core.furnished import divided, lendable
from tests.core.office import PATIENT, Office, opened
from tests.core.ruling import Ruling
from tests.core.series_office import series_of, weekly
from tests.core.test_races import deadlocks

pytestmark = [pytest.mark.race, pytest.mark.timeout(600)]

WORKERS = 24
SEEDS = [int(seed) for seed in os.environ.get("STORM_SEEDS", "4,31").split(",")]
ACTS = int(os.environ.get("STORM_ACTS", "300"))
DAYS = 12


class Storm:
    """One office, and everything that people and the clock do to it."""

    def __init__(self, office: Office, seed: int, worker: Database) -> None:
        self.office = office
        self.dice = random.Random(seed)
        self.series = series_of(office)
        self.asking = Asking.of(office)
        self.ruling = Ruling.of(office)
        self.rerooming = Rerooming(office.db, office.catalogues, office.clock)
        self.places = Places(office.db, office.catalogues, office.clock)
        self.archive = Archive(worker)
        self.people: list[Actor] = []
        self.noted: set[Any] = set()
        self.extended = 0
        self.operations: list[Any] = []
        self.bookings: list[Any] = []
        self.all_series: list[Any] = []

    async def prepared(self) -> None:
        """Put rooms, people, rules and a past into the office."""
        office = self.office
        self.rooms = [await office.room(f"Room {n}", seats=4 + n % 3, teardown=5 * (n % 2)) for n in range(5)]
        self.parts = [await office.room(f"Part {n}", seats=8) for n in range(3)]
        self.hall = await divided(office, await office.room("Hall", seats=20), *self.parts[:2])
        self.board = await office.room("Boardroom", seats=12)
        self.closing = [await office.room(f"Attic {n}", seats=5) for n in range(2)]
        self.projector = await lendable(office, quantity=2)
        self.people = [await office.actor(f"p{n}") for n in range(8)]
        await Rooms(office.db, office.catalogues).set_policy(check_in=True, horizon_days=60)
        await self.asking.needs(self.board)
        await self.asking.grant(Right.APPROVE, office.bob, room=self.board)
        await self.ruling.quotas.set(measure=Measure.COUNT, period=Period.WEEK, most=12, by=office.boss)
        group = await self.ruling.group("night", *self.people[:4])
        await self.ruling.quotas.set(
            measure=Measure.MINUTES, period=Period.DAY, most=6 * 60, group_id=group.id, together=True, by=office.boss
        )
        office.catalogues.forget()
        self.people = [await self.ruling.anew(one) for one in self.people]
        self.everywhere = [*self.rooms, *self.parts, self.hall, self.board, *self.closing]
        for n in range(6):
            self._note(await office.book(self.rooms[n % 5], self.slot(n + 1), by=self.office.ana))
        office.clock.advance(timedelta(days=100))
        for _ in range(12):
            with suppress(errors.BookingError):
                await self.book_series()

    def slot(self, days: int | None = None) -> Slot:
        """Return an hour within the next days, on the half hour."""
        ahead = self.dice.randrange(DAYS) if days is None else days
        day = self.office.clock.now().date() + timedelta(days=ahead)
        clock = time(8 + self.dice.randrange(10), 30 * self.dice.randrange(2))
        start = datetime.combine(day, clock, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
        return Slot(start=start, end=start + timedelta(minutes=30 * (1 + self.dice.randrange(3))))

    @property
    def made(self) -> int:
        """How many bookings somebody was told of; who takes a place twice at once is told of one booking twice."""
        return len(self.noted) + self.extended

    def _note(self, *booked: Booking) -> None:
        self.noted |= {one.id for one in booked}
        self.bookings += [one.id for one in booked]

    @property
    def who(self) -> Actor:
        return self.dice.choice(self.people)

    async def current(self) -> Booking:
        if not self.bookings:
            raise errors.BookingNotFound("There is none yet.")
        return await self.office.bookings.get(self.dice.choice(self.bookings[-60:]))

    # -- what people do ------------------------------------------------------------------------------------------------

    async def book(self) -> None:
        room = self.dice.choice(self.everywhere)
        more = tuple(one.id for one in self.dice.sample(self.rooms + self.parts, 2) if one is not room)
        wish = Wish(
            slot=self.slot(),
            room_id=room.id if self.dice.random() < 0.8 else None,
            location_id=self.office.berlin.id,
            more_room_ids=more if self.dice.random() < 0.25 else (),
            equipment=((self.projector.id, self.dice.randrange(1, 3)),) if self.dice.random() < 0.3 else (),
            invitees=(self.office.bob.person_id,) if self.dice.random() < 0.3 else (),
        )
        key = str(self.dice.random())
        who = self.who
        booked = await self.office.bookings.book(wish, by=who, key=key)
        self._note(booked)
        assert (await self.office.bookings.book(wish, by=who, key=key)).id == booked.id

    async def move(self) -> None:
        one = await self.current()
        change = Change(slot=self.slot(), room_id=self.dice.choice(self.everywhere).id)
        if self.dice.random() < 0.3:
            change = Change(equipment=((self.projector.id, 1),), more_room_ids=(self.dice.choice(self.rooms).id,))
        await self.office.bookings.change(one.id, change, version=one.version, by=self.office.boss)

    async def cancel(self) -> None:
        one = await self.current()
        done = await self.office.bookings.cancel(one.id, by=self.office.boss)
        if self.dice.random() < 0.5:
            await self.office.bookings.undo(one.id, version=done.after.version, by=self.office.boss)

    async def swap(self) -> None:
        one, other = await self.current(), await self.current()
        await self.office.bookings.swap(one.id, other.id, versions=(one.version, other.version), by=self.office.boss)

    async def check_in(self) -> None:
        one = await self.current()
        await self.office.presence.check_in(one.id, by=self.office.boss)

    async def end_early(self) -> None:
        one = await self.current()
        await self.office.presence.end_early(one.id, version=one.version, by=self.office.boss)

    async def wait(self) -> None:
        wish = Wish(slot=self.slot(), room_id=self.dice.choice(self.everywhere).id)
        await self.office.line.join(wish, by=self.who)

    async def take(self) -> None:
        who = self.who
        for place in await self.office.line.mine(who):
            if place.status == "offered":
                if self.dice.random() < 0.7:
                    self._note(await self.office.line.take(place.id, by=who))
                else:
                    await self.office.line.decline(place.id, by=who)

    async def decide(self) -> None:
        for request in (await self.asking.approvals.waiting())[:2]:
            if self.dice.random() < 0.6:
                await self.asking.approvals.approve(request.id, by=self.office.bob)
            else:
                await self.asking.approvals.decline(request.id, by=self.office.bob, reason="no")

    async def answer_proposal(self) -> None:
        who = self.who
        for one in await self.rerooming.open_of(who.person_id):
            await self.rerooming.accept(one.id, by=who)

    # -- series --------------------------------------------------------------------------------------------------------

    async def book_series(self) -> None:
        room = self.dice.choice(self.everywhere)
        first = self.office.clock.now().date() + timedelta(days=self.dice.randrange(DAYS))
        rule = self.dice.choice(
            ["FREQ=DAILY;COUNT=6", "FREQ=WEEKLY;COUNT=5", "FREQ=WEEKLY", "FREQ=DAILY;INTERVAL=3;COUNT=5"]
        )
        more = (self.dice.choice(self.rooms).id,) if self.dice.random() < 0.25 else ()
        wish = weekly(
            room,
            first_on=first,
            rule=rule,
            clock=time(8 + self.dice.randrange(10)),
            more_room_ids=more,
            equipment=((self.projector.id, 1),) if self.dice.random() < 0.2 else (),
        )
        every = {first + timedelta(days=n): self.dice.choice(list(Choice)) for n in range(90)}
        booked = await self.series.book(wish, by=self.who, choices=every, key=str(self.dice.random()))
        self._note(*booked.bookings)
        self.all_series.append(booked.series.id)
        self.operations.append(booked.operation_id)

    async def one_series(self) -> Any:
        if not self.all_series:
            raise errors.SeriesNotFound("There is none yet.")
        seen = await self.series.view(self.dice.choice(self.all_series[-12:]), by=self.office.boss)
        if not seen.upcoming:
            raise errors.SeriesNotActive("Nothing is ahead of it.")
        return seen

    def day_of(self, seen: Any) -> date:
        day: date = self.dice.choice(seen.upcoming).series_on
        return day

    async def change_series(self) -> None:
        seen = await self.one_series()
        on = self.day_of(seen)
        change = self.dice.choice(
            [
                SeriesChange(clock=time(8 + self.dice.randrange(10))),
                SeriesChange(room_id=self.dice.choice(self.everywhere).id),
                SeriesChange(day=on + timedelta(days=1 + self.dice.randrange(3))),
                SeriesChange(more_room_ids=(self.dice.choice(self.rooms).id,)),
                SeriesChange(equipment=((self.projector.id, self.dice.randrange(2)),)),
                SeriesChange(title="Renamed", invitees=(self.office.bob.person_id,)),
            ]
        )
        choices = {on + timedelta(days=n): self.dice.choice(list(Choice)) for n in range(-30, 90)}
        done = await self.series.change(
            seen.series.id,
            change,
            scope=self.dice.choice(list(Scope)),
            on=on,
            version=seen.series.version,
            by=self.office.boss,
            choices=choices,
        )
        self._note(*done.made)
        self.all_series.append(done.series.id)
        self.operations.append(done.operation_id)

    async def cancel_series(self) -> None:
        seen = await self.one_series()
        about = {"version": seen.series.version, "by": self.office.boss}
        on = self.day_of(seen)
        if self.dice.random() < 0.5:
            done = await self.series.cancel_range(seen.series.id, on, on + timedelta(days=7), **about)
        else:
            scope = self.dice.choice([Scope.THIS, Scope.THIS, Scope.FOLLOWING, Scope.ALL])
            done = await self.series.cancel(seen.series.id, scope=scope, on=on, **about)
        self.operations.append(done.operation_id)

    async def restore(self) -> None:
        seen = await self.one_series()
        if seen.gaps:
            gap = self.dice.choice(seen.gaps)
            self._note(await self.series.restore(seen.series.id, gap.on, by=self.office.boss))

    async def renew(self) -> None:
        seen = await self.one_series()
        renewed = await self.series.renew(seen.series.id, by=self.office.boss)
        self._note(*renewed.bookings)

    async def undo_series(self) -> None:
        if self.operations:
            await self.series.undo(self.dice.choice(self.operations[-8:]), by=self.office.boss)

    # -- what admins and the clock do ----------------------------------------------------------------------------------

    async def divide(self) -> None:
        await divided(self.office, self.hall, *self.dice.sample(self.parts, 2))

    async def close(self) -> None:
        room = (await self.office.catalogues.current()).room(self.dice.choice(self.closing).id)
        await self.places.use_room(room.id, active=not room.active, version=room.version, by=self.office.boss)
        self.office.catalogues.forget()

    async def lend_more(self) -> None:
        thing = (await self.office.catalogues.current()).thing(self.projector.id)
        equipments = Equipments(self.office.db, self.office.catalogues)
        await equipments.edit(thing.id, quantity=self.dice.randrange(2, 4), version=thing.version, by=self.office.boss)
        self.office.catalogues.forget()

    async def time_passes(self) -> None:
        office = self.office
        office.clock.advance(timedelta(minutes=self.dice.randrange(30)))
        now = office.clock.now()
        job = self.dice.randrange(7)
        if job == 0:
            booked = await self.series.extend(now + timedelta(days=self.dice.randrange(10)))
            self.extended += booked
        elif job == 1:
            await office.line.advance(now)
        elif job == 2:
            await self.asking.time.advance(now)
        elif job == 3:
            await self.rerooming.advance(now)
        elif job == 4:
            await Releases(office.db, office.catalogues).release(now)
        elif job == 5:
            await Endings(office.db, office.catalogues).end(now)
        else:
            await self.archive.tidy(now)

    def acts(self) -> list[Callable[[], Awaitable[None]]]:
        """Return everything that may happen, what happens more often more often."""
        often = [self.book, self.move, self.cancel, self.book_series, self.change_series, self.time_passes]
        seldom = [self.swap, self.check_in, self.end_early, self.wait, self.take, self.decide, self.answer_proposal]
        of_series = [self.cancel_series, self.restore, self.renew, self.undo_series]
        of_admins = [self.divide, self.close, self.lend_more]
        return [*(3 * often), *(2 * seldom), *(2 * of_series), *of_admins]


@pytest.fixture
async def office(database: Any) -> AsyncIterator[Office]:
    async with opened(database, **PATIENT) as made:
        await made.warm(WORKERS)
        yield made


@pytest.mark.parametrize("seed", SEEDS)
async def test_whatever_a_whole_office_does_at_once_holds_together(office: Office, seed: int):
    worker = Database(office.urls.worker_url, role=roles.WORKER)
    storm = Storm(office, seed, worker)
    answers: Counter[str] = Counter()
    try:
        await storm.prepared()
        acts = storm.acts()
        queue = [storm.dice.choice(acts) for _ in range(ACTS)]
        start = asyncio.Barrier(WORKERS)

        async def somebody() -> None:
            await start.wait()
            while queue:
                act = queue.pop()
                try:
                    await act()
                except errors.BookingError as error:
                    answers[f"{act.__name__}: {error.code}"] += 1
                else:
                    answers[f"{act.__name__}: yes"] += 1

        await asyncio.gather(*(somebody() for _ in range(WORKERS)))
    finally:
        await worker.close()

    said = Counter(name.split(": ")[1] for name in answers.elements())
    print(f"\nseed {seed}: {sum(answers.values())} acts, {storm.made} bookings, {dict(said.most_common())}")
    assert sum(answers.values()) == ACTS
    assert said["yes"] > ACTS // 4
    assert said["unavailable"] == 0
    # Each booking is one that somebody was told of, and nothing happened to it that nobody knows.
    stored = await office.count("SELECT (SELECT count(*) FROM bookings) + (SELECT count(*) FROM bookings_archive)")
    assert stored == storm.made
    unknown = "SELECT id FROM bookings b WHERE version <> (SELECT max(booking_version) FROM events WHERE booking_id = b.id)"
    assert await office.rows(unknown) == []
    assert await checks.violations(office.db) == []
    await office.db.close()
    assert await deadlocks(office) == 0
