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

from bot.metrics import Metrics
from bot.webhook_posting import Poster
from core.clock import Clock
from core.errors import BookingError
from core.webhook_sending import LEASE_SECONDS, Answer, Outgoing, WebhookSending

log = logging.getLogger(__name__)

HANDS = 16
# For all that happens between the look at the clock and the first byte.
MARGIN_SECONDS = 1.0
# What was posted and cannot be marked will be repeated: the database gets half a minute to come back.
MARKING_PAUSES = (0.0, 0.1, 0.3, 1.0, 2.0, 4.0, 6.0, 8.0, 8.0)
GIVE_BACK_SECONDS = 1.0


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
        self._in_hand: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._stopping = False

    def wake(self) -> None:
        """Look for what is due now; returns at once."""
        self._woken.set()

    def start(self) -> None:
        """Begin; from then on, `wake` makes it look."""
        self._running = asyncio.create_task(self._run())

    async def deliver(self) -> int:
        """Send all that is due, and return how many messages were taken in hand."""
        taken = 0
        while True:
            some = await self._fill()
            taken += some
            if self._in_hand:
                await asyncio.wait(self._in_hand, return_when=asyncio.FIRST_COMPLETED)
            elif not some:
                return taken

    async def stop(self, seconds: float) -> None:
        """Take nothing more, finish what is in hand within so many seconds, and leave the rest to others."""
        self._stopping = True
        self.wake()
        if self._running:
            await self._running
        if self._in_hand:
            await asyncio.wait(self._in_hand, timeout=seconds)
        if left := set(self._in_hand):
            for task in left:
                task.cancel()
            await asyncio.wait(left, timeout=GIVE_BACK_SECONDS)

    async def _run(self) -> None:
        while not self._stopping:
            await self._woken.wait()
            self._woken.clear()
            try:
                while await self._fill():
                    pass
            except BookingError as error:
                log.warning("webhooks cannot be looked into: %s", type(error).__name__)
            except Exception:
                log.exception("webhooks cannot be looked into")

    async def _fill(self) -> int:
        hands = HANDS - len(self._in_hand)
        if hands <= 0 or self._stopping:
            return 0
        # Before the claim: no lease begins earlier.
        usable_until = self._monotonic() + self._usable_seconds
        claimed = await self._sending.claim(self._clock.now(), limit=hands)
        for out in claimed:
            task = asyncio.create_task(self._carry(out, usable_until))
            self._in_hand.add(task)
            task.add_done_callback(self._carried)
        return len(claimed)

    def _carried(self, task: asyncio.Task[None]) -> None:
        self._in_hand.discard(task)
        self.wake()

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
        outcome = await self._marked(out, answer)
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

    async def _marked(self, out: Outgoing, answer: Answer) -> str | None:
        for wait in MARKING_PAUSES:
            await asyncio.sleep(wait)
            with contextlib.suppress(BookingError):
                return await self._sending.answered(out, answer)
        return None
