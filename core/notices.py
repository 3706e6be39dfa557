"""What is to be told: the living messages and the deliveries, as values.

A card is one message about one booking in one channel (or in one person's direct messages): posted once, edited in place
from then on. A delivery is one message that is sent once. Kept out: making them (`planning`, `reminders`), sending them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum
from typing import Any
from uuid import UUID

from core.events import Kind
from core.models import Booking, Borrowed, Changed, Location, Person, Room, Slot
from core.series_values import OneSeries


class Notice(StrEnum):
    """What a delivery is about. The comment says which of its fields are set, and what `about` holds."""

    REMINDER = "reminder"  # booking, person; {"start": iso, "minutes": 10}
    ENDING = "ending"  # booking, person; {"end": iso}: it ends soon
    RELEASE_WARNING = "release_warning"  # booking, person; {"release_at": iso}
    RELEASED = "released"  # booking, person (the booker); {"version": n}
    CHANGED = "changed"  # booking, person; {"version": n}: somebody else moved, cancelled or restored it
    LATE = "late"  # booking, person; {"version": n}: somebody runs late
    SIZE = "size"  # booking, person (the booker); {"version": n}: room too small or much too large, or nobody comes
    HISTORY = "history"  # booking, card; {"version": n}: what happened, in the card's thread
    OFFER = "offer"  # waiting, person; {"version": n}: a room is held for them
    OFFER_MISSED = "offer_missed"  # waiting, person; {"version": n}
    DIGEST = "digest"  # person; {"day": "2026-11-24"}: their meetings of the day
    CHANNEL_DIGEST = "channel_digest"  # subscription; {"day": "2026-11-24"}
    APPROVAL_REMINDER = "approval_reminder"  # booking, person (an approver); {"approval": id}
    APPROVAL_SUGGESTION = "approval_suggestion"  # booking, person (the booker); see `approval_deciding`
    DECIDED = "decided"  # booking, person (the booker); {"approval": id}: approved, declined or expired
    SERIES_CHANGED = "series_changed"  # person; {"series": id, "operation": id}: somebody else changed many dates of it
    # person; {"series": id, "on": "2026-11-24", "days": [...], "why": sentence or null}: dates that could not be booked
    SERIES_GAP = "series_gap"
    SERIES_ENDING = "series_ending"  # person; {"series": id, "last": "2026-11-24"}
    PROPOSAL = "proposal"  # booking, person (the booker); {"proposal": id, "version": n}: its room closes
    FIGURES = "figures"  # subscription; {"week": "2026-W47"}
    WEBHOOK_PAUSED = "webhook_paused"  # person (an admin); {"webhook": id, "host": name, "reason": sentence}


# What may be sent in somebody's quiet hours: reminders of a meeting of their own, which would be of no use later.
IN_QUIET_HOURS = frozenset({Notice.REMINDER, Notice.ENDING, Notice.RELEASE_WARNING})


@dataclass(frozen=True, kw_only=True, slots=True)
class Preferences:
    """How somebody wants to be told. Minutes before the start; times are the person's own wall clock, None for never.

    `tell_invitations` covers the message that asks whether they come, `tell_changes` those about what others changed.
    """

    reminder_minutes: tuple[int, ...] = (10,)
    end_reminders: bool = True
    tell_invitations: bool = True
    tell_changes: bool = True
    quiet_from: time | None = None
    quiet_until: time | None = None
    digest_at: time | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscription:
    """A channel that wants to hear of bookings: of one room, of a location, or (both None) of all.

    `kinds` are "booked", "changed", "cancelled", "released", "ended" (early). `digest_at` is None for at once, else
    the wall-clock time in `zone` at which the day is told. `paused` says why nothing is sent any more.
    With `weekly_figures`, it hears on Mondays how its rooms were used.
    """

    id: UUID
    team_id: str
    channel_id: str
    location: Location | None
    room: Room | None
    kinds: frozenset[str]
    digest_at: time | None
    zone: str
    created_by: UUID
    paused: str | None
    version: int
    weekly_figures: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """Somebody's place in line for a room; `slot` and the rest as in a `Wish`.

    `status` is "waiting", "offered" (`offered_room` is held until `offer_expires_at`), "taken" (`booking_id`),
    "declined", "missed", "left" or "over". `series_id` is the series that lacks this date. `more_rooms` and `equipment`
    are waited for, and held, together with the room: all or nothing.
    """

    id: UUID
    person_id: UUID
    slot: Slot
    room: Room | None
    location: Location | None
    floor: str | None
    attendees_count: int
    amenities: frozenset[str]
    title: str | None
    private: bool
    shared: bool
    invitees: tuple[UUID, ...]
    status: str
    offered_room: Room | None
    offer_expires_at: datetime | None
    booking_id: UUID | None
    created_at: datetime
    version: int
    series_id: UUID | None = None
    more_rooms: tuple[Room, ...] = ()
    equipment: tuple[Borrowed, ...] = ()

    @property
    def rooms(self) -> tuple[Room, ...]:
        """The rooms that are held or waited for together, the first one first; none where any room does."""
        first = self.offered_room or self.room
        return (first, *self.more_rooms) if first else ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Happened:
    """One event of a booking, read back: who did what when, and the booking before (None: it was made) and after.

    `operation_id` is that of everything that was done at once, to many dates of a series.
    """

    kind: Kind
    before: Booking | None
    after: Booking
    by_slack_user_id: str
    by_person_id: UUID
    surface: str
    reason: str | None
    at: datetime
    operation_id: UUID | None = None

    @property
    def changed(self) -> Changed:
        """The booking before and after; for one that was made, both are the same."""
        return Changed(before=self.before or self.after, after=self.after)


@dataclass(frozen=True, kw_only=True, slots=True)
class Together:
    """What was done to many dates of a series at once: how many of each kind, the first by start and the last.

    What is neither `booked` nor `cancelled` was changed or restored.
    """

    operation_id: UUID
    count: int
    booked: int
    cancelled: int
    first: Happened
    last: Happened


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """A living message that is to be posted (`ts` None) or edited, leased to whoever holds `lease`.

    `booking` is as it stands now; `announced` as the channel first heard of it (None: not yet posted); `last` is what
    led to its present state. `series` is the one that it belongs to; `together` is set where the message stands for many
    dates that were booked or changed at once. `person` is set where it stands in somebody's direct messages (then
    `channel_id` is Slack's D id, or None until anything was posted there). `uncertain` means that an earlier post may have
    arrived. `role` is "approval" where it asks that person to decide, else "news".
    """

    id: UUID
    lease: UUID
    team_id: str
    channel_id: str | None
    person: Person | None
    preferences: Preferences | None
    ts: str | None
    booking: Booking
    announced: Booking | None
    last: Happened
    attempts: int
    uncertain: bool
    role: str = "news"
    series: OneSeries | None = None
    together: Together | None = None

    @property
    def version(self) -> int:
        """The booking's version that this rendering shows."""
        return self.booking.version


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """A message that is to be sent, leased to whoever holds `lease`; which fields are set, `Notice` says.

    `happened` is set where `about` names a version, `series` and `together` where it names a series and an operation; in a
    thread, those many dates were changed at once. `thread` is (channel, ts) of the card for HISTORY.
    `uncertain` means that an earlier attempt may have arrived.
    """

    id: UUID
    lease: UUID
    key: str
    kind: Notice
    team_id: str
    person: Person | None = None
    preferences: Preferences | None = None
    dm_channel: str | None = None
    booking: Booking | None = None
    happened: Happened | None = None
    thread: tuple[str, str] | None = None
    subscription: Subscription | None = None
    waiting: Waiting | None = None
    series: OneSeries | None = None
    together: Together | None = None
    about: Mapping[str, Any] = field(default_factory=dict)
    due_at: datetime
    until: datetime | None = None
    attempts: int = 0
    uncertain: bool = False
