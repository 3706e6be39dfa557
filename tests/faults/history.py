"""A run's bookings through time, read from their events alone; and what was known of them at which moment.

All moments are the run's own, in Unix seconds. A change happened at one moment and could be known from the next on, when
it was committed; in between both states may have been seen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from tests.faults.recording import Recording, Row

HOLDING = {"pending", "confirmed", "checked_in"}
ALIVE = {"confirmed", "checked_in"}


@dataclass(frozen=True, kw_only=True)
class State:
    """A booking as an event left it; `said` are those invited and what they answered."""

    version: int
    room: str
    start: float
    end: float
    booker: str
    said: dict[str, str | None]
    count: int
    status: str
    private: bool
    title: str | None
    late: bool
    there: bool

    @classmethod
    def of(cls, facts: Row) -> State:
        """Return the state of an event's snapshot."""
        return cls(
            version=facts["version"],
            room=facts["room_id"],
            start=_seconds(facts["start"]),
            end=_seconds(facts["end"]),
            booker=facts["booked_by"],
            said={person: response for person, _, response in facts["attendees"]},
            count=facts["attendees_count"],
            status=facts["status"],
            private=facts["private"],
            title=facts["title"],
            late=bool(facts["late_at"]),
            there=bool(facts["checked_in_at"]),
        )

    @property
    def holds(self) -> bool:
        """Whether it keeps its room."""
        return self.status in HOLDING

    @property
    def coming(self) -> set[str]:
        """Who is invited and has not declined."""
        return {person for person, said in self.said.items() if said != "declined"}

    def comes(self, person: str) -> bool:
        """Whether somebody booked it or comes to it."""
        return person == self.booker or person in self.coming


@dataclass(frozen=True, kw_only=True)
class Event:
    """What happened to a booking: when, and from when on it could be known."""

    booking: str
    version: int
    kind: str
    actor: str
    surface: str
    at: float
    known: float
    before: State | None
    after: State

    @property
    def early(self) -> bool:
        """Whether somebody ended it before its time."""
        return self.kind == "ended" and self.at < self.after.end

    @property
    def by(self) -> str | None:
        """Who did it; None for the clock."""
        return None if self.surface == "clock" else self.actor

    @property
    def visible(self) -> bool:
        """Whether room, time, title or number of people differ."""
        if self.before is None:
            return False
        shown = [(one.room, one.start, one.end, one.title, one.count) for one in (self.before, self.after)]
        return shown[0] != shown[1]

    @property
    def invited(self) -> set[str]:
        """Who was invited by it, the actor and the booker apart."""
        were = set(self.before.said) if self.before else set()
        return set(self.after.said) - were - {self.after.booker, self.by or ""}


@dataclass(kw_only=True)
class Life:
    """One booking's events, by version."""

    events: list[Event]

    def at(self, moment: float) -> State | None:
        """Return the state that the events up to a moment led to."""
        states = [event.after for event in self.events if event.at <= moment]
        return states[-1] if states else None

    def between(self, first: float, last: float) -> Iterator[State | None]:
        """Return every state that could be seen within a span of time; None where it was not made yet."""
        if not self.events or self.events[0].known > first:
            yield None
        for event, following in zip(self.events, [*self.events[1:], None], strict=True):
            if event.at <= last and (following is None or following.known > first):
                yield event.after

    @property
    def last(self) -> Event:
        """What happened to it last."""
        return self.events[-1]


@dataclass(kw_only=True)
class Past:
    """A recording with its bookings' lives."""

    recording: Recording
    lives: dict[str, Life] = field(default_factory=dict)

    @classmethod
    def of(cls, recording: Recording) -> Past:
        """Read the lives from the events."""
        past, events = cls(recording=recording), defaultdict(list)
        for row in recording.tables["events"]:
            events[row["booking_id"]].append(row)
        for booking, rows in events.items():
            past.lives[booking] = Life(events=list(past._events(sorted(rows, key=lambda row: int(row["version"])))))
        return past

    def _events(self, rows: list[Row]) -> Iterator[Event]:
        at = known = 0.0
        for row in rows:
            # Who waited for a lock has looked at the clock before whoever had it.
            at, known = max(at, row["happened_at"]), max(known, self.moment(row["committed"]))
            yield Event(
                booking=row["booking_id"],
                version=row["version"],
                kind=row["kind"],
                actor=row["actor_id"],
                surface=row["surface"],
                at=at,
                known=max(at, known),
                before=State.of(row["before"]) if row["before"] else None,
                after=State.of(row["after"]),
            )

    def moment(self, machine: float) -> float:
        """Return the run's moment at one of the machine's."""
        meta = self.recording.meta
        return float(meta["begins"] + (machine - meta["since"]) * meta["speed"])

    def span(self, seconds: float) -> float:
        """Return how long so many of the machine's seconds are on the run's clock."""
        return float(seconds * self.recording.meta["speed"])

    @property
    def events(self) -> Iterator[Event]:
        """All events."""
        for life in self.lives.values():
            yield from life.events

    @cached_property
    def people(self) -> dict[str, Row]:
        """Everybody by id."""
        return {row["id"]: row for row in self.recording.tables["people"]}

    @cached_property
    def rooms(self) -> dict[str, Row]:
        """Rooms by id, with their place, zone and rules of checking in."""
        return {row["id"]: row for row in self.recording.tables["rooms"]}

    @cached_property
    def deliveries(self) -> dict[str, Row]:
        """Deliveries by key."""
        return {row["key"]: row for row in self.recording.tables["deliveries"]}

    @cached_property
    def cards(self) -> dict[str, Row]:
        """Cards by id."""
        return {row["id"]: row for row in self.recording.tables["cards"]}

    @cached_property
    def posted(self) -> dict[str, list[Row]]:
        """What Slack got by key, the oldest first; the key of a card is its id."""
        found = defaultdict(list)
        for post in self.recording.posts:
            if post["key"]:
                found[post["key"]].append(post)
        for posts in found.values():
            posts.sort(key=first_said)
        return dict(found)

    @property
    def settled(self) -> float:
        """The run's moment at which nothing was left to be told."""
        return self.moment(self.recording.meta["settled"])


def first_said(post: Row) -> float:
    """Return when a message was posted, in the machine's seconds."""
    return float(post["versions"][0]["at"])


def _seconds(iso: str) -> float:
    return datetime.fromisoformat(iso).timestamp()


def iso(moment: float) -> str:
    """Return a moment as keys and `about` have it."""
    return datetime.fromtimestamp(moment, UTC).isoformat()
