"""Claims what is due as fast as there are hands for it, and gives it to the courier; woken by commits and by the clock.

Kept out: what is due (`core.outbox`), and carrying one message to Slack (`bot.courier`).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from bot.courier import Courier
from bot.errands import Errand, Renderer, of_card, of_delivery
from core.clock import Clock
from core.errors import BookingError
from core.outbox import Outbox

log = logging.getLogger(__name__)

AT_ONCE = 8
# What is broken off has so long to give its message back.
GIVE_BACK_SECONDS = 1.0


class Deliverer:
    """One process's deliverer. `start` lets it run until `stop`; `deliver` does all that is due now, for tests."""

    def __init__(
        self,
        outbox: Outbox,
        renderer: Renderer,
        courier: Courier,
        clock: Clock,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._outbox, self._renderer, self._courier, self._clock = outbox, renderer, courier, clock
        self._monotonic = monotonic
        self._in_hand: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._stopping = False
        self._looked_at = monotonic()

    @property
    def idle_seconds(self) -> float:
        """How long ago the outbox was last looked into with success."""
        return self._monotonic() - self._looked_at

    @property
    def in_hand(self) -> int:
        """How many messages are being carried."""
        return len(self._in_hand)

    def wake(self) -> None:
        """Look into the outbox now; returns at once."""
        self._woken.set()

    def start(self) -> None:
        """Begin; from then on, `wake` makes it look."""
        self._running = asyncio.create_task(self._run())

    async def deliver(self) -> int:
        """Carry out all that is due, and return how many messages were taken in hand."""
        taken = 0
        while True:
            some = await self._fill()
            taken += some
            if self._in_hand:
                await asyncio.wait(self._in_hand, return_when=asyncio.FIRST_COMPLETED)
            elif not some:
                return taken

    async def stop(self, seconds: float) -> None:
        """Take nothing more, finish what is in hand within so many seconds, and give the rest back."""
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
                log.warning("the outbox cannot be looked into: %s", type(error).__name__)
            except Exception:
                log.exception("the outbox cannot be looked into")

    async def _fill(self) -> int:
        """Claim as much as there are hands for, and return how much that was."""
        hands = AT_ONCE - len(self._in_hand)
        if hands <= 0 or self._stopping:
            return 0
        if self._courier.silent:
            self._looked_at = self._monotonic()
            return 0
        # Before the claims: no lease begins earlier.
        usable_until = self._courier.usable_until()
        now = self._clock.now()
        deliveries = await self._outbox.claim_deliveries(now, limit=max(1, hands // 2))
        for delivery in deliveries:
            self._take(of_delivery(delivery, self._outbox, self._renderer), usable_until)
        cards = await self._outbox.claim_cards(now, limit=max(1, hands - len(deliveries)))
        for card in cards:
            self._take(of_card(card, self._outbox, self._renderer), usable_until)
        self._looked_at = self._monotonic()
        return len(deliveries) + len(cards)

    def _take(self, errand: Errand, usable_until: float) -> None:
        task = asyncio.create_task(self._courier.carry(errand, usable_until))
        self._in_hand.add(task)
        task.add_done_callback(self._carried)

    def _carried(self, task: asyncio.Task[None]) -> None:
        self._in_hand.discard(task)
        self.wake()
