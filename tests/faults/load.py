"""What the people of a run do: book, move, cancel, answer, wait, click on what lies before them; through Slack and past it.

Chance decides who does what when, from one seed. What they were told is kept: a yes to somebody must be found stored.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import aiohttp

from core.bell import Bell
from core.bookings import Bookings
from core.catalogue import Catalogues
from core.db import Database
from core.errors import BookingError
from core.line import Line
from core.models import Actor, Booking, Change, Slot, Wish
from core.outbox import Outbox
from core.presence import Presence
from core.search import Search
from sandbox.client import SandboxClient
from tests.faults.firm import CHANNELS, PEOPLE, PLACES, TEAM, WITHOUT_US, Firm
from tests.faults.world import World

MINUTE = timedelta(minutes=1)
SHORT = (10, 15, 20, 30, 30, 45)
_ALIVE = """
SELECT b.id, b.version, b.booked_by, b.room_id, b.start_time, b.end_time, b.status FROM bookings b
WHERE b.tenant_id = $1 AND b.status = ANY($2::text[]) AND b.end_time > $3 AND b.start_time < $4
ORDER BY b.id
"""
HOLDING = ["confirmed", "checked_in"]
# How often each thing is done, of a thousand.
DONE = {
    "command": 190,
    "book": 110,
    "click": 300,
    "move": 60,
    "another_room": 40,
    "cancel": 60,
    "undo": 40,
    "answer": 60,
    "check_in": 40,
    "run_late": 20,
    "extend": 20,
    "end_early": 25,
    "take_back": 10,
    "invite": 25,
    "wait": 45,
    "share": 10,
    "home": 15,
    "mine": 10,
}


@dataclass(kw_only=True)
class Load:
    """The people at work; `done` counts what they did, `yes` is what the core answered, `typed` the titles of commands."""

    world: World
    firm: Firm
    db: Database
    slack: SandboxClient
    chance: random.Random
    done: Counter[str] = field(default_factory=Counter)
    yes: list[dict[str, Any]] = field(default_factory=list)
    typed: list[dict[str, Any]] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)
    booked_again: list[str] = field(default_factory=list)
    number: int = 0

    def __post_init__(self) -> None:
        """Build the core's services on a pool of our own."""
        clock, catalogues = self.world.clock, Catalogues(self.db)
        search = Search(self.db, catalogues, clock)
        self.bookings = Bookings(self.db, catalogues, search, clock)
        self.presence = Presence(self.db, catalogues, search, clock)
        self.line = Line(self.db, catalogues, search, clock)
        self.outbox = Outbox(self.db, catalogues, clock)
        self.bell = Bell(self.db)
        self.db.when_something_happened = self.bell.ring
        self._acts: dict[str, Callable[[], Awaitable[None]]] = {name: getattr(self, f"_{name}") for name in DONE}

    async def run(self, *, per_second: float, until: Callable[[], bool]) -> None:
        """Do one thing after the other, not waiting for its end, until it is enough."""
        under_way: set[asyncio.Task[None]] = set()
        names, weights = list(DONE), list(DONE.values())
        while not until():
            if len(under_way) < 24:
                (name,) = self.chance.choices(names, weights)
                task = asyncio.create_task(self._do(name))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
            await asyncio.sleep(self.chance.uniform(0.5, 1.5) / per_second)
        if under_way:
            await asyncio.wait(under_way, timeout=30)
        await self.bell.close()

    async def _do(self, name: str) -> None:
        try:
            await self._acts[name]()
        except BookingError as error:
            self.done[f"{name}: {error.code}"] += 1
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self.done[f"{name}: {type(error).__name__}"] += 1
        else:
            self.done[name] += 1

    # -- choosing --------------------------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        """The run's moment."""
        return self.world.clock.now()

    def _soon(self, length: int | None = None) -> Slot:
        """Return a slot that begins within a quarter of an hour, or (seldom) later that day."""
        chance, start = self.chance, self.now.replace(second=0, microsecond=0)
        ahead = chance.randint(1, 16) if chance.random() < 0.7 else 5 * chance.randint(6, 60)
        start += ahead * MINUTE
        return Slot(start=start, end=start + (length or chance.choice(SHORT)) * MINUTE)

    def _somebody(self) -> Actor:
        return self.firm.people[self.chance.choice(PEOPLE).name]

    def _guests(self, but: Actor) -> tuple[UUID, ...]:
        number = self.chance.choice((0, 0, 1, 1, 2, 3))
        ids = [one.person_id for one in self.firm.people.values() if one.person_id != but.person_id]
        return tuple(self.chance.sample(ids, number))

    async def _alive(self, status: list[str] | None = None, *, within: float = 3 * 60) -> Booking | None:
        """Return one of the bookings ahead or under way, which begins within so many minutes."""
        now = self.now
        rows = await self.db.read(
            lambda session: session.all(_ALIVE, session.tenant, status or HOLDING, now, now + within * MINUTE)
        )
        # Two of five are left alone, so that what falls due by the clock does.
        rows = [row for row in rows if row["id"].int % 5 < 3]
        return await self.bookings.get(self.chance.choice(rows)["id"]) if rows else None

    def _booker(self, booking: Booking) -> Actor:
        """Return who acts: mostly the booker, now and then an admin."""
        people = {one.person_id: one for one in self.firm.people.values()}
        return people[booking.booker.person_id] if self.chance.random() < 0.6 else self.firm.people["ana"]

    def _attending(self, booking: Booking) -> Actor:
        ids = [booking.booker.person_id, *(one.person_id for one in booking.attendees)]
        wanted = self.chance.choice(ids)
        return next(one for one in self.firm.people.values() if one.person_id == wanted)

    def _told(self, booking: Booking, act: str) -> None:
        self.yes.append(
            {
                "act": act,
                "booking": str(booking.id),
                "version": booking.version,
                "room": str(booking.room.id),
                "start": booking.start.timestamp(),
                "end": booking.end.timestamp(),
                "status": booking.status.value,
                "at": time.time(),
            }
        )

    def _key(self) -> str:
        self.number += 1
        return f"faults:{self.number}"

    # -- through Slack ---------------------------------------------------------------------------------------------

    async def _command(self) -> None:
        """Type a sentence; its title tells it from all others."""
        self.number += 1
        title, who, room = (
            f"Run {self.number}",
            self.chance.choice(PEOPLE),
            self.chance.choice(list(self.firm.rooms.values())),
        )
        place = self.firm.places[room.location_id]
        zone, slot = ZoneInfo(PLACES[place][0]), self._soon()
        hours = f"{slot.start.astimezone(zone):%H:%M}-{slot.end.astimezone(zone):%H:%M}"
        guests = [one.name for one in self.chance.sample(PEOPLE, self.chance.choice((0, 0, 1, 2))) if one is not who]
        text = f'/book {room.name} today {hours} "{title}"' + "".join(f" with @{name}" for name in guests)
        channel = self.chance.choice([name for name in CHANNELS if name != WITHOUT_US])
        answer = await self.slack.command(who.slack, channel, text)
        self.typed.append({"title": title, "user": who.slack, "ok": answer.get("ok"), "at": time.time()})

    async def _mine(self) -> None:
        await self.slack.command(self.chance.choice(PEOPLE).slack, "C0TALK", "/book mine")

    async def _home(self) -> None:
        await self.slack.open_home(self.chance.choice(PEOPLE).slack)

    async def _click(self) -> None:
        """Press one of the buttons that lie before somebody: in what they were told, or in their answers."""
        who = self.chance.choice(PEOPLE)
        channel = self.chance.choice((f"D{who.slack[1:]}", f"D{who.slack[1:]}", *CHANNELS))
        answer = await self.slack.get("messages", user=who.slack, channel=channel, peek="1", limit=12)
        buttons = [
            (message, block, element)
            for message in answer.get("messages", ())
            if message.get("bot_id")
            for block in message["blocks"]
            for element in [*block.get("elements", ()), block.get("accessory") or {}]
            if element.get("type") == "button" and "url" not in element
        ]
        if not buttons:
            return
        message, block, element = self.chance.choice(buttons)
        if element["action_id"].startswith("share"):
            self.shared.append(f"{_carried(element)['b']}@{channel}")
        if "t" in (carried := _carried(element)):
            self.booked_again.append(carried["t"])
        await self.slack.click(who.slack, message, element["action_id"], block_id=block["block_id"])
        self.done[f"clicked {element['action_id'].partition(':')[0]}"] += 1
        await self._see_to_modals(who.slack)

    async def _see_to_modals(self, user: str) -> None:
        """Send or close what has opened."""
        for view in reversed(await self.slack.views(user)):
            if view.get("submit") and self.chance.random() < 0.5:
                await self.slack.submit(user, view)
            with contextlib.suppress(aiohttp.ClientError):
                await self.slack.close(user, view, clear=True)

    # -- through the core ------------------------------------------------------------------------------------------

    async def _book(self) -> None:
        who = self._somebody()
        for _ in range(4):
            room = self.chance.choice(list(self.firm.rooms.values()))
            guests = self._guests(who)
            wish = Wish(
                slot=self._soon(),
                room_id=room.id,
                attendees_count=self.chance.randint(1 + len(guests), max(room.capacity, 1 + len(guests))),
                title=f"Core {self._key()[7:]}" if self.chance.random() < 0.8 else None,
                private=self.chance.random() < 0.1,
                shared=self.chance.random() < 0.2,
                invitees=guests,
            )
            with contextlib.suppress(BookingError):
                self._told(await self.bookings.book(wish, by=who, key=self._key()), "book")
                return

    async def _changed(self, booking: Booking, change: Change, act: str) -> None:
        by = self._booker(booking)
        done = await self.bookings.change(booking.id, change, version=booking.version, by=by, key=self._key())
        self._told(done.after, act)

    async def _move(self) -> None:
        if booking := await self._alive():
            length = int(booking.slot.length.total_seconds() // 60)
            await self._changed(booking, Change(slot=self._soon(length)), "move")

    async def _another_room(self) -> None:
        if booking := await self._alive():
            fitting = [room for room in self.firm.rooms.values() if room.capacity >= booking.attendees_count]
            await self._changed(booking, Change(room_id=self.chance.choice(fitting).id), "another_room")

    async def _invite(self) -> None:
        """Invite somebody else, or change the title: both change nothing about when and where."""
        if booking := await self._alive():
            by = next(one for one in self.firm.people.values() if one.person_id == booking.booker.person_id)
            change = Change(invitees=self._guests(by))
            if self.chance.random() < 0.4:
                change = Change(title=f"Core {self._key()[7:]}")
            await self._changed(booking, change, "invite")

    async def _cancel(self) -> None:
        if booking := await self._alive():
            by, reason = self._booker(booking), self.chance.choice((None, "no projector"))
            done = await self.bookings.cancel(booking.id, by=by, version=booking.version, reason=reason, key=self._key())
            self._told(done.after, "cancel")

    async def _undo(self) -> None:
        if booking := await self._alive([*HOLDING, "cancelled"]):
            by = self._booker(booking)
            done = await self.bookings.undo(booking.id, version=booking.version, by=by, key=self._key())
            self._told(done.after, "undo")

    async def _answer(self) -> None:
        booking = await self._alive()
        if booking and booking.attendees:
            invited = self.chance.choice(booking.attendees).person_id
            by = next(one for one in self.firm.people.values() if one.person_id == invited)
            going = self.chance.random() < 0.5
            self._told((await self.presence.respond(booking.id, by=by, going=going, key=self._key())).after, "answer")

    async def _check_in(self) -> None:
        if booking := await self._alive(within=8):
            done = await self.presence.check_in(booking.id, by=self._attending(booking), key=self._key())
            self._told(done.after, "check_in")

    async def _run_late(self) -> None:
        if booking := await self._alive(within=3):
            done = await self.presence.run_late(booking.id, by=self._attending(booking), key=self._key())
            self._told(done.after, "run_late")

    async def _extend(self) -> None:
        if booking := await self._alive(within=0):
            until, by = booking.end + self.chance.choice((15, 30)) * MINUTE, self._booker(booking)
            done = await self.presence.extend(booking.id, until=until, version=booking.version, by=by, key=self._key())
            self._told(done.after, "extend")

    async def _end_early(self) -> None:
        if booking := await self._alive(within=0):
            by = self._booker(booking)
            done = await self.presence.end_early(booking.id, version=booking.version, by=by, key=self._key())
            self._told(done.after, "end_early")

    async def _take_back(self) -> None:
        if booking := await self._alive(["released"]):
            done = await self.presence.take_back(booking.id, by=self._attending(booking), key=self._key())
            self._told(done.after, "take_back")

    async def _wait(self) -> None:
        """Stand in line for a room that somebody else has."""
        if booking := await self._alive(within=25):
            others = [one for one in self.firm.people.values() if one.person_id != booking.booker.person_id]
            if booking.end - self.now > 12 * MINUTE:
                wish = Wish(slot=booking.slot, room_id=booking.room.id, title=f"Waited {self._key()[7:]}")
                await self.line.join(wish, by=self.chance.choice(others), key=self._key())

    async def _share(self) -> None:
        if booking := await self._alive():
            by = self._attending(booking)
            self.shared.append(f"{booking.id}@C0TALK")
            await self.outbox.share(booking.id, team_id=TEAM, channel_id="C0TALK", by=by)


def _carried(element: dict[str, Any]) -> dict[str, Any]:
    """Return what a button carries, where that is JSON."""
    value = str(element.get("value", ""))
    return dict(json.loads(value)) if value.startswith("{") else {}
