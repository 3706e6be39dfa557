"""All that Bookroom does without being asked: what is told, released, offered, ended, pushed and cleaned away.

It works as the worker's role on a small pool of its own, so that a rush of notices never keeps anybody from booking.
Kept out: what each job does; each is a plain function of the moment, harmless when run late, twice, or on many replicas.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from bot import usergroups
from bot.config import Settings
from bot.courier import Courier
from bot.deadline import Deadline
from bot.deliverer import Deliverer
from bot.errands import Errand
from bot.hands import GIVE_BACK_SECONDS
from bot.jobs import Job, Jobs, Work
from bot.listening import Listener
from bot.metrics import Metrics
from bot.posting import Poster, Teams
from bot.pusher import Pusher
from bot.scheduler import Scheduler
from bot.turns import Turns
from bot.webhook_caller import Caller
from bot.webhook_posting import Poster as WebhookPoster
from core import requests, roles
from core.approval_time import ApprovalTime
from core.archive import Archive
from core.bell import Bell
from core.catalogue import Catalogues
from core.checking import Checking
from core.clock import Clock
from core.db import Database, WriteSession
from core.digests import Digests
from core.endings import Endings
from core.errors import BookingError
from core.groups import Groups
from core.notices import Notice
from core.outbox import Outbox
from core.planning import Planning
from core.reminders import Reminders
from core.webhook_planning import WebhookPlanning
from core.webhook_sending import WebhookSending
from core.weekly import Weekly
from handlers.api import webhook_bodies
from handlers.notices import Notices
from handlers.pushing import Pushes
from handlers.services import Services

log = logging.getLogger(__name__)

POOL_SIZE = 5
TICK_SECONDS = 2.0
# What happened is held back while an older transaction may still be writing: look once more when that is over.
SECOND_LOOK_SECONDS = 0.25
DELIVERER_SECONDS = 30.0
DRAIN_SECONDS = 5.0
# How often it is asked whether it is time for the invariants; a run may take several minutes.
CHECK_TICK_SECONDS = 120.0


def worker_database(settings: Settings) -> Database:
    """Return the jobs' own pool, which acts as the worker; see `as_far_as_allowed`."""
    return Database(settings.worker_url, tenant=settings.bookroom_tenant, role=roles.WORKER, pool_size=POOL_SIZE)


async def as_far_as_allowed(db: Database, settings: Settings) -> None:
    """Let the jobs act as the application where they have no login of their own, and its login may not act as the worker.

    History stays where it is then; everything else the application may do as well.
    """
    if settings.database_worker_url:
        return
    try:
        await db.read(lambda session: session.value("SELECT true"))
    except (asyncpg.InsufficientPrivilegeError, asyncpg.InvalidParameterValueError):
        db.act_as(roles.APPLICATION)


@dataclass(frozen=True, kw_only=True, slots=True)
class Among:
    """What an office has of a process with many: its teams' own clients for posting, and which teams are there."""

    teams: Teams
    present: Callable[[], Awaitable[Sequence[str]]]


class Background:
    """One process's jobs, deliverer and bell. `services` must stand on `db`, the jobs' own database."""

    def __init__(
        self,
        settings: Settings,
        services: Services,
        db: Database,
        clock: Clock,
        bell: Bell,
        *,
        metrics: Metrics | None = None,
        among: Among | None = None,
    ) -> None:
        """`metrics` are the process's, where it has more to tell than this; `among`: one office of many in a process."""
        self._among = among
        self._services, self._db, self._clock, self._bell = services, db, clock, bell
        self.metrics = metrics or Metrics()
        self.checking = Checking(db, seconds=settings.bookroom_check_seconds)
        self.outbox = Outbox(db, services.catalogues, clock)
        teams = among.teams if among else None
        self.poster = Poster("" if among else settings.bot_token, settings.slack_api_url, self.metrics, teams=teams)
        self.deliverer = Deliverer(
            self.outbox,
            Notices(services),
            Courier(self.poster, clock, self.metrics, pause_subscriptions=services.subscriptions.pause, sent=self._told),
            clock,
        )
        self.webhooks = WebhookSending(db, clock)
        posting = WebhookPoster(clock, allowed=settings.private_targets)
        self.caller = Caller(self.webhooks, posting, clock, self.metrics, told=self.deliverer.wake)
        self.jobs = self._jobs()
        self.turns = Turns(self.jobs, db)
        self.listener = Listener(settings.worker_url, bell)
        self._scheduler = Scheduler(clock)
        self._second_look: asyncio.TimerHandle | None = None
        bell.heard_by(self._happened)

    def start(self) -> None:
        """Begin; the first run of every job is at once, to make up for the time in which nobody was there."""
        self.deliverer.start()
        self.caller.start()
        if self._among:
            # Others keep the clock and listen for all of us.
            self.turns.begin()
            self.deliverer.wake()
            return
        for job in self.jobs.all.values():
            self._scheduler.every(job.seconds, job.tick, name=job.name)
            job.ring()
        self._scheduler.start()
        self.listener.start()
        self.deliverer.wake()

    async def stop(self, deadline: Deadline) -> None:
        """Start nothing more; finish what is in hand, or give it back, before the deadline."""
        await self.listener.stop()
        if self._second_look:
            self._second_look.cancel()
        await self._scheduler.stop(deadline.left(DRAIN_SECONDS, but=2 * GIVE_BACK_SECONDS))
        seconds = deadline.left(DRAIN_SECONDS, but=2 * GIVE_BACK_SECONDS)
        await asyncio.gather(self.jobs.stop(seconds), self.deliverer.stop(seconds), self.caller.stop(seconds))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._bell.close(), deadline.left(but=GIVE_BACK_SECONDS / 2))
        await self.poster.close()

    def checks(self) -> dict[str, Callable[[], Awaitable[bool]]]:
        """Return what `/readyz` looks at: does every job succeed, is the outbox looked into."""

        async def scheduler() -> bool:
            if failing := self.jobs.failing:
                log.warning("jobs are failing: %s", ", ".join(failing))
            return not failing

        async def deliverer() -> bool:
            return self.deliverer.idle_seconds < DELIVERER_SECONDS

        return {"scheduler": scheduler, "deliverer": deliverer}

    async def figures(self) -> bytes:
        """Return all metrics; those of the outbox are looked up now, and left as they were where that fails."""
        metrics = self.metrics
        try:
            seen = await self.outbox.overview(self._clock.now())
            calls = await self.webhooks.overview(self._clock.now())
            report = await self.checking.last()
        except BookingError as error:
            log.warning("no figures of the outbox: %s", type(error).__name__)
        else:
            metrics.pending.set(seen.pending)
            metrics.retrying.set(seen.retrying)
            metrics.given_up_now.set(len(seen.given_up))
            metrics.oldest_due.set(seen.oldest_due_seconds or 0)
            metrics.webhooks_due.set(calls.due)
            metrics.webhooks_oldest_due.set(calls.oldest_due_seconds)
            metrics.webhooks_retrying.set(calls.retrying)
            metrics.webhooks_paused.set(calls.paused)
            if report:
                metrics.found(self._db.tenant, report)
        metrics.in_hand.set(self.deliverer.in_hand)
        metrics.listening.set(self.listener.connected)
        metrics.streams.set(self._services.hub.open_streams)
        return metrics.text()

    def _jobs(self) -> Jobs:
        services, db = self._services, self._db
        catalogues, clock = services.catalogues, self._clock
        alone = self._among is None
        pusher = Pusher(services.watching, Pushes(services), self.poster.of, self.metrics, one_token=alone)
        wake = self.deliverer.wake

        def job(name: str, seconds: float, work: Work, then: Callable[[], None] | None = None) -> Job:
            return Job(name, seconds, work, clock=clock, metrics=self.metrics, then=then)

        return Jobs(
            [
                job("plan", TICK_SECONDS, Planning(db, catalogues, clock).plan, self._planned),
                job("deliver", TICK_SECONDS, self._deliver),
                job("push", 1.0, pusher.push),
                job("webhooks", TICK_SECONDS, WebhookPlanning(db, catalogues, webhook_bodies.body).plan, self.caller.wake),
                job("reminders", TICK_SECONDS, Reminders(db, catalogues, clock).plan, wake),
                job("digests", 15.0, Digests(db, catalogues, clock).plan, wake),
                job("figures", 60.0, Weekly(db, catalogues).plan, wake),
                job("release", 5.0, services.presence.release_due),
                job("line", TICK_SECONDS, services.line.advance, wake),
                job("approvals", 5.0, ApprovalTime(db, catalogues).advance, wake),
                job("rerooming", 5.0, services.administration.rerooming.advance, wake),
                job("series", 3600.0, services.series.extend, wake),
                job("series_ending", 3600.0, services.series.tell_ending, wake),
                job("forget", 3600.0, services.administration.erasing.honour),
                job("end", 60.0, Endings(db, catalogues).end),
                job("clean", 600.0, self._clean),
                job("groups", usergroups.SECONDS, self._groups(catalogues)),
                job("archive", 3600.0, Archive(db).tidy),
                job("invariants", CHECK_TICK_SECONDS, self._check),
            ]
        )

    def _groups(self, catalogues: Catalogues) -> Work:
        groups, among = Groups(self._db, catalogues), self._among
        if among is None:
            return usergroups.UserGroups(groups, lambda: self.poster.client).sync
        return usergroups.OfTeams(groups, among.present, self.poster.of).sync

    def _happened(self) -> None:
        """A booking was changed, here or elsewhere."""
        self.metrics.bells.inc()
        self.jobs["plan"].ring()
        self.jobs["webhooks"].ring()
        # What the use case has itself put into the outbox need not wait for the plan.
        self.deliverer.wake()
        self.caller.wake()
        if self._second_look is None or self._second_look.cancelled():
            self._second_look = asyncio.get_running_loop().call_later(SECOND_LOOK_SECONDS, self._look_again)

    def _look_again(self) -> None:
        self._second_look = None
        self.jobs["plan"].ring()
        self.jobs["webhooks"].ring()

    def _planned(self) -> None:
        self.deliverer.wake()
        self.jobs["push"].ring()

    async def _deliver(self, _now: datetime) -> None:
        """The safety net: whoever was not woken looks now."""
        self.deliverer.wake()
        self.caller.wake()

    async def _told(self, errand: Errand) -> None:
        """An offer's minutes begin when it was told."""
        delivery = errand.delivery
        if delivery and delivery.kind is Notice.OFFER and delivery.waiting:
            waiting = delivery.waiting
            await self._services.line.delivered(waiting.id, waiting.version, self._clock.now())

    async def _check(self, now: datetime) -> int:
        """Look at the invariants where it is time, and take over what was found last, by whichever replica."""
        broken = await self.checking.advance(now)
        if report := await self.checking.last():
            self.metrics.found(self._db.tenant, report)
        return broken

    async def _clean(self, now: datetime) -> int:
        """Remove what is of no use any more: request keys past their day, notices long done, views long closed."""

        async def work(session: WriteSession) -> int:
            return await requests.clean(session, now=now)

        cleaned = await self._db.write(work, repeatable=True)
        cleaned += await self._services.webhooks.clean(now)
        return cleaned + (await self.outbox.clean(now) or 0) + await self._services.watching.clean(now)
