"""Carries one claimed message to Slack and marks it; never under a lease that may run out while Slack is asked.

At least once, and never knowingly twice: what may have arrived is looked for before it is said again, where Slack lets us
look. docs/notices.md tells how wide the window is that stays open.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from weakref import WeakValueDictionary

from bot.errands import Errand, say
from bot.hands import patiently
from bot.metrics import Metrics
from bot.pace import POST, Pace
from bot.posting import UPDATE, Blind, Posted, Poster
from bot.verdicts import CLOSED_CHANNELS, DEAD, TOKEN_SECONDS, Ruling, Verdict, judge, pause
from core.clock import Clock
from core.errors import BookingError, Busy, Unavailable
from core.outbox import LEASE_SECONDS
from core.preferences import quiet_until
from handlers.replies import Message
from handlers.slack_errors import FAILED

log = logging.getLogger(__name__)

# For all that happens between the look at the clock and the first byte.
MARGIN_SECONDS = 1.0
# How long to wait for another message to the same channel before the hand is better used otherwise.
BUSY_SECONDS = 2.0
UNPLACED_SECONDS = 5.0
# To a team that has taken the app away, or whose token is refused, nothing is said until it is there again.
AWAY_SECONDS = 300.0
# A message without an end of its own is given up after about a day of the longest pauses.
MOST_ATTEMPTS = 340

PauseSubscriptions = Callable[[str, str, str], Awaitable[object]]
Sent = Callable[[Errand], Awaitable[object]]


@dataclass(kw_only=True, slots=True)
class _Trip:
    """One message on its way; once `speaking`, it may have arrived."""

    errand: Errand
    usable_until: float
    speaking: bool = False

    @property
    def method(self) -> str:
        return UPDATE if self.errand.there else POST


class Courier:
    """One process's way to Slack for cards and deliveries."""

    def __init__(
        self,
        poster: Poster,
        clock: Clock,
        metrics: Metrics,
        *,
        pause_subscriptions: PauseSubscriptions,
        sent: Sent,
        lease_seconds: float = LEASE_SECONDS,
        margin_seconds: float = MARGIN_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`pause_subscriptions` takes team, channel and reason; `sent` is told of each message that was marked."""
        self._poster, self._clock, self._metrics, self._monotonic = poster, clock, metrics, monotonic
        self._pause_subscriptions, self._sent = pause_subscriptions, sent
        self._usable_seconds = lease_seconds - poster.timeout - margin_seconds
        self._pace = Pace(monotonic)
        self._channels: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._silent_until = 0.0

    @property
    def silent(self) -> bool:
        """Whether Slack refuses our token, so that nothing should be claimed for a while."""
        return self._monotonic() < self._silent_until

    def usable_until(self) -> float:
        """Return until when something claimed now may begin to be said, on the clock that never jumps."""
        return self._monotonic() + self._usable_seconds

    async def carry(self, errand: Errand, usable_until: float) -> None:
        """Do all that one claimed message needs; whatever fails, it is given back, or its lease runs out."""
        trip = _Trip(errand=errand, usable_until=usable_until)
        try:
            await self._carry(trip)
        except asyncio.CancelledError:
            # We are stopping: whoever comes next need not wait for the lease to run out.
            with contextlib.suppress(BookingError):
                await self._put_off(trip, 0.0, why="stopping", uncertain=trip.speaking or errand.uncertain)
        except (Busy, Unavailable) as error:
            log.warning("a notice waits for the database: %s", type(error).__name__, extra=errand.facts)
        except Exception:
            # A fault of ours, in a message's words for instance: by tomorrow a newer version may have mended it. A refusal
            # that nobody expected is one too: waiting would not change it, and nobody would hear of it.
            log.exception("a notice failed", extra={"action": "notice_failed", **errand.facts})
            await self._stumbled(trip)

    async def _carry(self, trip: _Trip) -> None:
        errand, now = trip.errand, self._clock.now()
        if why := _moot(errand, now):
            await self._drop(errand, why)
        elif held := _quiet(errand, now):
            await self._put_off(trip, (held - now).total_seconds(), why="quiet")
        elif errand.place is None:
            await self._put_off(trip, UNPLACED_SECONDS, why="unplaced")
        elif not await self._poster.reaches(errand.team):
            await self._put_off(trip, AWAY_SECONDS, why="away")
        else:
            message = await errand.words()
            if message is None:
                await self._drop(errand, "there is nothing to say any more")
            else:
                await self._go(trip, errand.place, message)

    async def _go(self, trip: _Trip, place: str, message: Message) -> None:
        """Say it when it is its turn in that channel, or give it back until then."""
        async with self._alone_in(place) as alone:
            if not alone:
                await self._put_off(trip, BUSY_SECONDS, why="busy")
            elif wait := self._pace.wait(trip.method, place):
                await self._put_off(trip, wait, why="pace")
            elif self._monotonic() > trip.usable_until:
                await self._put_off(trip, 0.0, why="lease")
            else:
                await self._say(trip, place, message)

    async def _say(self, trip: _Trip, place: str, message: Message) -> None:
        try:
            posted = await self._said(trip, message)
        except FAILED as error:
            await self._failed(trip, place, judge(error))
            return
        if posted is None:
            await self._put_off(trip, 0.0, why="lease")
            return
        self._metrics.token_refused.set(0)
        await self._mark(trip.errand, posted)

    async def _said(self, trip: _Trip, message: Message) -> Posted | None:
        """Post, edit, or find what was posted before; None when looking for it has used up the lease."""
        errand = trip.errand
        if errand.uncertain and (found := await self._look_for(errand)):
            if errand.once:
                return found
            trip.speaking = True
            await self._poster.edit(found, message, team=errand.team)
            return found
        if self._monotonic() > trip.usable_until:
            return None
        trip.speaking = True
        return await say(errand, message, self._poster)

    async def _look_for(self, errand: Errand) -> Posted | None:
        assert errand.place is not None
        try:
            found = await self._poster.find(errand.place, errand.key, thread=errand.thread, team=errand.team)
        except Blind:
            seen = "blind"
            found = None
        else:
            seen = "yes" if found else "no"
        self._metrics.uncertain.labels(seen).inc()
        log.info("a notice may have arrived before", extra={"action": "notice_uncertain", "found": seen, **errand.facts})
        return found

    async def _mark(self, errand: Errand, posted: Posted) -> None:
        # Whether the lease was still ours; a post that is not marked will be repeated.
        ours = await patiently(lambda: errand.done(posted))
        lag = max(0.0, (self._clock.now() - errand.since).total_seconds())
        told = {"channel": posted.channel_id, "ts": posted.ts, "attempts": errand.attempts, **errand.facts}
        if ours is None:
            self._metrics.unmarked.inc()
            log.error("a notice was sent and could not be marked", extra={"action": "notice_unmarked", **told})
            return
        if not ours:
            self._metrics.lost_leases.labels(errand.kind).inc()
            log.warning("a notice was sent after its lease was lost", extra={"action": "notice_lease_lost", **told})
            return
        self._metrics.sent.labels(errand.kind).inc()
        self._metrics.lag.labels(errand.kind).observe(lag)
        facts = {"action": "notice_sent", "kind": errand.kind, "uncertain": errand.uncertain, "lag_ms": round(lag * 1000)}
        log.info("notice sent", extra=facts | told)
        await self._sent(errand)

    async def _failed(self, trip: _Trip, place: str, ruling: Ruling) -> None:
        errand = trip.errand
        uncertain = errand.uncertain or (trip.speaking and ruling.uncertain)
        match ruling.verdict:
            case Verdict.RATE_LIMITED:
                self._pace.refused(trip.method, place, ruling.seconds)
                # Slack says itself when; an hour of these is no reason to give up at the next failure.
                await self._try_again(trip, ruling.seconds, ruling.code, uncertain=uncertain, counted=False)
            case Verdict.TOKEN:
                # One team's token is no other's business; the one token that there is, is everybody's.
                if not self._poster.refused(errand.team, TOKEN_SECONDS):
                    self._silent_until = self._monotonic() + TOKEN_SECONDS
                    self._metrics.token_refused.set(1)
                await self._try_again(trip, TOKEN_SECONDS, ruling.code, uncertain=uncertain, counted=False)
            case Verdict.AGAIN if errand.attempts < MOST_ATTEMPTS:
                await self._try_again(trip, pause(errand.attempts), ruling.code, uncertain=uncertain)
            case Verdict.AGAIN:
                await self._give_up(errand, place, ruling.code, f"Slack did not take it for a day ({ruling.code})")
            case Verdict.DEAD | Verdict.REFUSED:
                await self._give_up(errand, place, ruling.code, _why(ruling, place))

    async def _stumbled(self, trip: _Trip) -> None:
        errand = trip.errand
        with contextlib.suppress(BookingError):
            if errand.attempts >= MOST_ATTEMPTS:
                await self._give_up(errand, errand.place or "", "fault", "Bookroom could not tell it; its log says why")
            else:
                uncertain = errand.uncertain or trip.speaking
                await self._try_again(trip, pause(errand.attempts), "fault", uncertain=uncertain)

    async def _try_again(self, trip: _Trip, seconds: float, code: str, *, uncertain: bool, counted: bool = True) -> None:
        errand = trip.errand
        self._metrics.retried.labels(code).inc()
        later = partial(errand.later, at=self._in(seconds), uncertain=uncertain, counted=counted)
        # What may lie on top of a newer state has to be noted: without a lease nobody else would come to it.
        if not uncertain or await patiently(later) is None:
            await later()
        facts = {"reason": code, "seconds": round(seconds, 1), "uncertain": uncertain, "attempts": errand.attempts}
        log.info("notice put off", extra={"action": "notice_retried", "kind": errand.kind, **facts, **errand.facts})

    async def _put_off(self, trip: _Trip, seconds: float, *, why: str, uncertain: bool | None = None) -> None:
        """Give it back without having tried."""
        errand = trip.errand
        self._metrics.deferred.labels(why).inc()
        kept = errand.uncertain if uncertain is None else uncertain
        await errand.later(at=self._in(seconds), uncertain=kept, counted=False)
        log.debug("notice given back", extra={"action": "notice_deferred", "why": why, **errand.facts})

    async def _give_up(self, errand: Errand, place: str, code: str, why: str) -> None:
        await errand.give_up(why)
        self._metrics.given_up.labels(code).inc()
        facts = {"action": "notice_given_up", "kind": errand.kind, "reason": code, "place": place, **errand.facts}
        log.warning("notice given up", extra=facts)
        if code in CLOSED_CHANNELS and not _a_person(place):
            await self._pause_subscriptions(errand.team, place, why)

    async def _drop(self, errand: Errand, why: str) -> None:
        await errand.drop(why)
        self._metrics.dropped.labels(errand.kind).inc()
        log.info("notice dropped", extra={"action": "notice_dropped", "kind": errand.kind, "why": why, **errand.facts})

    def _in(self, seconds: float) -> datetime:
        return self._clock.now() + timedelta(seconds=seconds)

    @contextlib.asynccontextmanager
    async def _alone_in(self, place: str) -> AsyncIterator[bool]:
        """Hold the channel, and tell whether that came about in good time."""
        lock = self._channels.setdefault(place, asyncio.Lock())
        try:
            async with asyncio.timeout(BUSY_SECONDS):
                await lock.acquire()
        except TimeoutError:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()


def _moot(errand: Errand, now: datetime) -> str | None:
    if errand.until and now > errand.until:
        return "too late"
    return errand.holds(now)


def _quiet(errand: Errand, now: datetime) -> datetime | None:
    """Return the end of the quiet hours that hold it back."""
    if errand.quiet is None:
        return None
    person, preferences = errand.quiet
    return quiet_until(preferences, person.zone, now)


def _why(ruling: Ruling, place: str) -> str:
    gone = ruling.code == "channel_not_found" and _a_person(place)
    return DEAD["user_not_found"] if gone else ruling.told


def _a_person(place: str) -> bool:
    """Whether a Slack id is a person's or their direct messages'."""
    return place.startswith(("U", "W", "D"))
