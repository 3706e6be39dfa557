"""What the sandbox tells the outside as it happens: live events for each person's page, and the log of the wire."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque

from sandbox.errors import Json

QUEUE_LENGTH = 1_000
LOG_LENGTH = 5_000


class Subscription:
    """One open page: a bounded queue of events. When it is full, or the sandbox stops, it ends."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Json | None] = asyncio.Queue(QUEUE_LENGTH)
        self.ended = False

    def put(self, event: Json) -> None:
        """Add an event; a reader that is too slow is cut off and has to come again."""
        if self.queue.full():
            self.end()
        elif not self.ended:
            self.queue.put_nowait(event)

    def end(self) -> None:
        """Let the reader stop, at once."""
        self.ended = True
        if self.queue.full():
            self.queue.get_nowait()
        self.queue.put_nowait(None)


class Feed:
    """Who listens, and what went over the wire."""

    def __init__(self) -> None:
        self._listening: dict[str, set[Subscription]] = defaultdict(set)
        self._log: deque[Json] = deque(maxlen=LOG_LENGTH)
        self._number = 0

    def subscribe(self, user: str) -> Subscription:
        """Open a stream of one person's events."""
        subscription = Subscription()
        self._listening[user].add(subscription)
        return subscription

    def unsubscribe(self, user: str, subscription: Subscription) -> None:
        """Close a stream."""
        self._listening[user].discard(subscription)

    def listens(self, user: str) -> bool:
        """Whether any page of this person is open."""
        return bool(self._listening.get(user))

    def tell(self, user: str, event: Json) -> None:
        """Send an event to every open page of a person."""
        for subscription in list(self._listening.get(user, ())):
            subscription.put(event)

    def tell_all(self, event: Json) -> None:
        """Send an event to every open page."""
        for user in list(self._listening):
            self.tell(user, event)

    def end_all(self) -> None:
        """End every stream, before the server stops."""
        for subscriptions in self._listening.values():
            for subscription in subscriptions:
                subscription.end()

    def record(self, kind: str, **entry: object) -> Json:
        """Add an entry to the log of the wire; `n` counts from 1."""
        self._number += 1
        recorded = {"n": self._number, "kind": kind, **entry}
        self._log.append(recorded)
        return recorded

    def log(self, since: int = 0) -> list[Json]:
        """The entries after number `since`, oldest first, as far as they are still kept."""
        return [entry for entry in self._log if entry["n"] > since]
