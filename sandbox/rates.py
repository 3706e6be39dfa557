"""Slack's rate limits: a bucket for each method, and one for the messages of each conversation, with room for bursts."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sandbox.errors import SlackError
from sandbox.model import Clock

BURST_OF_MESSAGES = 10
MESSAGES_PER_SECOND = 1.0


@dataclass(slots=True)
class _Bucket:
    left: float
    seen: float


class Rates:
    """How much of each allowance is left."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def method(self, name: str, *, per_minute: int) -> None:
        """Count one call of a method; raises SlackError ratelimited."""
        self._take(name, most=per_minute, per_second=per_minute / 60)

    def message(self, channel: str) -> None:
        """Count one message in a conversation; raises SlackError ratelimited."""
        self._take(f"chat.postMessage {channel}", most=BURST_OF_MESSAGES, per_second=MESSAGES_PER_SECOND)

    def _take(self, what: str, *, most: float, per_second: float) -> None:
        now = self._clock()
        bucket = self._buckets.setdefault(what, _Bucket(most, now))
        bucket.left = min(most, bucket.left + (now - bucket.seen) * per_second)
        bucket.seen = now
        if bucket.left < 1:
            raise SlackError("ratelimited", retry_after=max(1, math.ceil((1 - bucket.left) / per_second)))
        bucket.left -= 1
