"""Claims what is due as fast as there are hands for it, and gives it to the courier; woken by commits and by the clock.

Kept out: what is due (`core.outbox`), and carrying one message to Slack (`bot.courier`).
"""

from __future__ import annotations

import time
from collections.abc import Callable

from bot.courier import Courier
from bot.errands import Errand, Renderer, of_card, of_delivery
from bot.hands import Hands
from core.clock import Clock
from core.outbox import Outbox

AT_ONCE = 8


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
        self._hands = Hands(AT_ONCE, self._fill, named="the outbox")
        self._looked_at = monotonic()

    @property
    def idle_seconds(self) -> float:
        """How long ago the outbox was last looked into with success."""
        return self._monotonic() - self._looked_at

    @property
    def in_hand(self) -> int:
        """How many messages are being carried."""
        return self._hands.full

    def wake(self) -> None:
        """Look into the outbox now; returns at once."""
        self._hands.wake()

    def start(self) -> None:
        """Begin; from then on, `wake` makes it look."""
        self._hands.start()

    async def deliver(self) -> int:
        """Carry out all that is due, and return how many messages were taken in hand."""
        return await self._hands.deliver()

    async def stop(self, seconds: float) -> None:
        """Take nothing more, finish what is in hand within so many seconds, and give the rest back."""
        await self._hands.stop(seconds)

    async def _fill(self) -> int:
        """Claim as much as there are hands for, and return how much that was."""
        hands = self._hands.free
        if hands <= 0:
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
        self._hands.take(self._courier.carry(errand, usable_until))
