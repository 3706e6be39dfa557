"""How fast Slack may be spoken to: about one post a second in each channel, and not at all for as long as it said.

Kept in this process alone: another replica has a pace of its own, and Slack's 429 has the last word.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

POSTS_PER_SECOND = 1.0
BURST = 3
# Channels that nothing was said in for so long begin afresh anyway; keeping them would only fill memory.
FORGET_SECONDS = 600.0
MOST_CHANNELS = 10_000
# The method under which Slack limits by channel; all others it limits for the whole workspace.
POST = "chat.postMessage"

Monotonic = Callable[[], float]


@dataclass(slots=True)
class _Channel:
    left: float
    seen: float
    promised: float = 0.0
    silent_until: float = 0.0


class Pace:
    """What may be said when. Times are seconds on a clock that never jumps."""

    def __init__(self, monotonic: Monotonic = time.monotonic) -> None:
        self._monotonic = monotonic
        self._channels: dict[str, _Channel] = {}
        self._methods: dict[str, float] = {}

    def wait(self, method: str, channel: str) -> float:
        """Return 0 and count the call where it may be made now, else the seconds until its turn.

        Each time somebody is told to wait, the next one is told a later turn, so that they do not all come back at once.
        """
        now = self._monotonic()
        known = self._channel(channel, now)
        silent = max(self._methods.get(method, 0.0), known.silent_until) - now
        if silent > 0:
            return silent
        if method != POST:
            return 0.0
        known.left = min(BURST, known.left + (now - known.seen) * POSTS_PER_SECOND)
        known.seen = now
        if known.left >= 1:
            known.left -= 1
            return 0.0
        known.promised = max(known.promised + 1 / POSTS_PER_SECOND, now + (1 - known.left) / POSTS_PER_SECOND)
        return known.promised - now

    def refused(self, method: str, channel: str, seconds: float) -> None:
        """Say nothing there for so long; two channels refused at once mean the workspace's allowance for posts."""
        now = self._monotonic()
        others = any(one.silent_until > now for name, one in self._channels.items() if name != channel)
        self._channel(channel, now).silent_until = now + seconds
        if method != POST or others:
            self._methods[method] = now + seconds

    def _channel(self, channel: str, now: float) -> _Channel:
        if channel not in self._channels and len(self._channels) >= MOST_CHANNELS:
            kept = {name: one for name, one in self._channels.items() if now - one.seen < FORGET_SECONDS}
            self._channels = kept if len(kept) < MOST_CHANNELS else {}
        return self._channels.setdefault(channel, _Channel(left=BURST, seen=now))
