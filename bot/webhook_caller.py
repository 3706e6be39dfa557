"""Claims what webhooks are to be sent as fast as there are hands for it, posts it, and marks what came of it.

At least once: whoever dies between the post and the mark leaves it to another, who sends the same under the same id. Kept
out: what is due (`core.webhook_sending`), and the connection itself (`bot.webhook_posting`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable

from bot.hands import Hands, patiently
from bot.metrics import Metrics
from bot.webhook_posting import Poster
from core.clock import Clock
from core.errors import BookingError
from core.webhook_sending import LEASE_SECONDS, Answer, Outgoing, WebhookSending

log = logging.getLogger(__name__)

HANDS = 16
# For all that happens between the look at the clock and the first byte.
MARGIN_SECONDS = 1.0


class Caller:
    """One process's sender. `start` lets it run until `stop`; `deliver` sends all that is due now, for tests."""

    def __init__(
        self,
        sending: WebhookSending,
        poster: Poster,
        clock: Clock,
        metrics: Metrics,
        *,
        lease_seconds: float = LEASE_SECONDS,
        told: Callable[[], None] = lambda: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`told` is called when admins are to be told of a pause."""
        self._sending, self._poster, self._clock, self._metrics = sending, poster, clock, metrics
        self._told, self._monotonic = told, monotonic
        self._usable_seconds = lease_seconds - poster.seconds - MARGIN_SECONDS
        self._hands = Hands(HANDS, self._fill, named="webhooks")

    def wake(self) -> None:
        """Look for what is due now; returns at once."""
        self._hands.wake()

    def start(self) -> None:
        """Begin; from then on, `wake` makes it look."""
        self._hands.start()

    async def deliver(self) -> int:
        """Send all that is due, and return how many messages were taken in hand."""
        return await self._hands.deliver()

    async def stop(self, seconds: float) -> None:
        """Take nothing more, finish what is in hand within so many seconds, and leave the rest to others."""
        await self._hands.stop(seconds)

    async def _fill(self) -> int:
        hands = self._hands.free
        if hands <= 0:
            return 0
        # Before the claim: no lease begins earlier.
        usable_until = self._monotonic() + self._usable_seconds
        claimed = await self._sending.claim(self._clock.now(), limit=hands)
        for out in claimed:
            self._hands.take(self._carry(out, usable_until))
        return len(claimed)

    async def _carry(self, out: Outgoing, usable_until: float) -> None:
        facts = {"delivery": str(out.message.id), "webhook": str(out.message.webhook_id), "kind": out.message.kind}
        try:
            if self._monotonic() > usable_until:
                await self._sending.give_back(out)
                return
            began = self._monotonic()
            answer = await self._poster.post(out.url, out.content, out.headers(self._clock.now()))
            self._metrics.webhook_seconds.observe(self._monotonic() - began)
            await self._mark(out, answer, facts)
        except asyncio.CancelledError:
            with contextlib.suppress(BookingError):
                await self._sending.give_back(out)
        except BookingError as error:
            log.warning("a webhook waits for the database: %s", type(error).__name__, extra=facts)
        except Exception:
            log.exception("a webhook failed", extra={"action": "webhook_failed", **facts})

    async def _mark(self, out: Outgoing, answer: Answer, facts: dict[str, str]) -> None:
        # What was posted and is not marked will be repeated.
        outcome = await patiently(lambda: self._sending.answered(out, answer))
        if outcome is None:
            log.error("a webhook was sent and could not be marked", extra={"action": "webhook_unmarked", **facts})
            outcome = "unmarked"
        self._metrics.webhooks.labels(outcome).inc()
        told = {"outcome": outcome, "status": answer.status, "attempts": out.message.attempts, **facts}
        # Neither the note, which others have written, nor the address, which may hold a key.
        level = logging.WARNING if outcome in {"failed", "paused"} else logging.INFO
        log.log(level, "webhook", extra={"action": "webhook", **told})
        if outcome == "sent":
            lag = (self._clock.now() - out.message.created_at).total_seconds()
            self._metrics.webhook_lag.observe(max(0.0, lag))
        elif outcome == "paused":
            self._told()
