"""Everything that makes and hands out notices, on a test's office; and what stands in the tables for it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.digests import Digests
from core.models import Actor, Booking, Change
from core.notices import Card, Delivery, Notice, Preferences, Subscription
from core.outbox import Outbox
from core.planning import Planning
from core.preferences import PreferencesStore
from core.presence import Presence
from core.reminders import Reminders
from core.rooms import Rooms
from core.subscriptions import KINDS, Subscriptions
from core.watching import Watching
from tests.core.office import Office

CHANNEL = "C1"


@dataclass(kw_only=True)
class Notified:
    """The office's notices."""

    office: Office
    planning: Planning
    outbox: Outbox
    reminders: Reminders
    digests: Digests
    subscriptions: Subscriptions
    preferences: PreferencesStore
    watching: Watching
    presence: Presence

    @classmethod
    def of(cls, office: Office) -> Notified:
        db, catalogues, clock = office.db, office.catalogues, office.clock
        return cls(
            office=office,
            planning=Planning(db, catalogues, clock),
            outbox=Outbox(db, catalogues, clock),
            reminders=Reminders(db, catalogues, clock),
            digests=Digests(db, catalogues, clock),
            subscriptions=Subscriptions(db, catalogues, clock),
            preferences=PreferencesStore(db, clock),
            watching=Watching(db),
            presence=Presence(db, catalogues, office.search, clock),
        )

    @property
    def now(self) -> datetime:
        return self.office.clock.now()

    async def plan(self) -> int:
        """Plan for what happened and for what falls due now."""
        await self.planning.plan(self.now)
        return await self.reminders.plan(self.now)

    async def subscribe(self, *kinds: str, channel: str = CHANNEL, **what: Any) -> Subscription:
        asked = {"location_id": None, "room_id": None, "digest_at": None, "zone": "Europe/Berlin", **what}
        return await self.subscriptions.save(
            None, team_id="T1", channel_id=channel, kinds=kinds or KINDS, by=self.office.ana, **asked
        )

    async def prefer(self, who: Actor, **wanted: Any) -> None:
        await self.preferences.set(who.person_id, Preferences(**wanted))

    async def send(self) -> list[Delivery]:
        """Send what is due and still holds, and return it."""
        sent = []
        while batch := await self.outbox.claim_deliveries(self.now):
            for one in batch:
                if why := self.outbox.holds(one, self.now):
                    await self.outbox.dropped(one, why)
                else:
                    assert await self.outbox.sent(one, channel_id=f"D-{one.key}", ts=str(len(sent)))
                    sent.append(one)
        return sent

    async def show(self) -> list[Card]:
        """Post and edit the cards that are due, and return them."""
        shown = []
        while batch := await self.outbox.claim_cards(self.now):
            for one in batch:
                assert await self.outbox.card_shown(one, channel_id=one.channel_id or "D1", ts=one.ts or f"ts-{one.id}")
                shown.append(one)
        return shown

    async def told(self) -> list[tuple[Notice, str]]:
        """Plan and send, and return who was told what."""
        await self.plan()
        return sorted((one.kind, one.person.name if one.person else CHANNEL) for one in await self.send())

    async def deliveries(self) -> Counter[tuple[str, str]]:
        rows = await self.office.rows("SELECT kind, status FROM deliveries")
        return Counter((row["kind"], row["status"]) for row in rows)

    async def move(self, booking: Booking, by: Actor | None = None, **change: Any) -> Booking:
        done = await self.office.bookings.change(
            booking.id, Change(**change), version=booking.version, by=by or self.office.ana
        )
        return done.after

    async def ask_for_check_in(self) -> None:
        await Rooms(self.office.db, self.office.catalogues).set_policy(check_in=True)
        self.office.catalogues.forget()

    def at(self, moment: datetime, minutes: float = 0) -> None:
        """Put the clock so many minutes after a moment."""
        self.office.clock.set(moment + timedelta(minutes=minutes))
