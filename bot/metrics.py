"""Every figure that `/metrics` tells, declared in one place; nothing here names a person, a title, a token or a tenant.

Labels take words of ours, HTTP's statuses, Slack's methods and codes, and PostgreSQL's SQLSTATEs: never what people type.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from uuid import UUID

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState
from sqlalchemy.pool import Pool

from core.checks import INVARIANTS, Report
from core.db import DEADLOCK, SERIALIZATION_FAILURE, Database
from core.telling import LOST, Telling
from migrations import head

_LAGS = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800)
_RUNS = (0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 10)
# Around the three seconds that Slack waits, and the five milliseconds that a booking should take.
_ANSWERS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 2.5, 3, 5, 10)
_WAITS = (0.0005, 0.001, 0.005, 0.025, 0.1, 0.5, 1, 2)
_CALLS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """One process's figures, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        counter = self._counter
        # `kind` is card_posted, card_edited, or a notice's kind.
        self.sent = counter("bookroom_notices_sent", "Messages posted or edited, and marked as such.", "kind")
        self.dropped = counter("bookroom_notices_dropped", "Deliveries that no longer held when they were due.", "kind")
        self.retried = counter("bookroom_notices_retried", "Messages put off after a failure, by Slack's code.", "reason")
        self.deferred = counter("bookroom_notices_deferred", "Messages put off by us: quiet, pace, stopping, lease.", "why")
        self.given_up = counter("bookroom_notices_given_up", "Messages that can never arrive, by Slack's code.", "reason")
        # `found`: yes (marked, not repeated), no (posted again), blind (could not look, posted again).
        self.uncertain = counter("bookroom_notices_uncertain", "Messages whose earlier post may have arrived.", "found")
        self.lost_leases = counter("bookroom_notices_lost_leases", "Posts whose lease was over by then.", "kind")
        self.unmarked = counter("bookroom_notices_unmarked", "Posts that the database did not learn of: will be repeated.")
        self.pushes = counter("bookroom_pushes", "Open views that were brought up to date.", "kind", "outcome")
        # `outcome`: sent, again (put off), failed (given up), paused (the webhook as well), lost (the lease), unmarked.
        self.webhooks = counter("bookroom_webhook_posts", "Messages posted to webhooks, by what came of it.", "outcome")
        self.webhook_seconds = Histogram(
            "bookroom_webhook_call_seconds", "How long webhooks took to answer.", registry=self.registry, buckets=_CALLS
        )
        self.webhook_lag = Histogram(
            "bookroom_webhook_lag_seconds",
            "From when a message to a webhook was made until it arrived.",
            registry=self.registry,
            buckets=_LAGS,
        )
        self.webhooks_due = self._gauge("bookroom_webhooks_due", "Messages to webhooks that are due and have not arrived.")
        self.webhooks_oldest_due = self._gauge(
            "bookroom_webhooks_oldest_due_seconds", "Age of the oldest message to a webhook that is due."
        )
        self.webhooks_retrying = self._gauge("bookroom_webhooks_retrying", "Messages to webhooks that failed at least once.")
        self.webhooks_paused = self._gauge("bookroom_webhooks_paused", "Webhooks that are paused.")
        self.job_runs = counter("bookroom_job_runs", "Runs of timed jobs.", "name", "outcome")
        self.bells = counter("bookroom_bells", "Times this process was woken by a commit, its own or another's.")
        self.lag = Histogram(
            "bookroom_notice_lag_seconds",
            "From when a message was due (for a card: from the change) until Slack had it.",
            ["kind"],
            registry=self.registry,
            buckets=_LAGS,
        )
        self.calls = Histogram(
            "bookroom_slack_call_seconds",
            "Slack's answer to a delivery's call.",
            ["method", "outcome"],
            registry=self.registry,
            buckets=_CALLS,
        )
        self.job_seconds = Histogram(
            "bookroom_job_seconds", "How long a job's run took.", ["name"], registry=self.registry, buckets=_RUNS
        )
        self.job_success = self._gauge(
            "bookroom_job_last_success_timestamp_seconds", "When a job last did all that was due.", "name"
        )
        self.pending = self._gauge("bookroom_notices_pending", "Messages that are due and not sent.")
        self.retrying = self._gauge("bookroom_notices_retrying", "Messages that have failed at least once.")
        self.given_up_now = self._gauge("bookroom_notices_given_up_now", "Messages given up and not tried again.")
        self.oldest_due = self._gauge("bookroom_notices_oldest_due_seconds", "Age of the oldest message that is due.")
        self.in_hand = self._gauge("bookroom_notices_in_hand", "Messages that this process is posting.")
        self.token_refused = self._gauge("bookroom_slack_token_refused", "1 while Slack refuses the bot's token.")
        self.streams = self._gauge("bookroom_streams_open", "Streams of events that are open at this process.")
        # `state`: open, at_work (the app is installed), awake (something goes on there), failing (a job does not succeed).
        self.offices = self._gauge("bookroom_offices", "Workspaces that this process serves, where it serves many.", "state")
        self.listening = self._gauge("bookroom_listening", "1 while other replicas are heard.")

        self._of_requests()
        self._of_the_database()
        self._of_the_process()
        self.telling = Heard(self)
        self.slack_calls = counter("bookroom_slack_calls", "Slack's answers to all our calls.", "method", "outcome")
        self.ready = self._gauge("bookroom_check_ok", "1 where what `/readyz` looks at holds, by its name.", "check")

    def _of_requests(self) -> None:
        self.bookings = self._counter(
            "bookroom_bookings",
            "Bookings made, changed, cancelled, taken back or swapped, by what came of it.",
            "action",
            "surface",
            "outcome",
        )
        self.conflicts = self._counter(
            "bookroom_booking_conflicts", "Refusals because somebody else has the room or the equipment.", "surface"
        )
        self.races_lost = self._counter(
            "bookroom_races_lost", "Rooms that were free when they were looked at and taken when they were claimed."
        )
        self.requests = self._counter(
            "bookroom_requests", "All that was asked of us, by what came of it.", "surface", "action", "outcome"
        )
        self.request_seconds = self._histogram(
            "bookroom_request_seconds", "How long the answer took to make, by surface.", _ANSWERS, "surface"
        )
        self.ack_seconds = self._histogram(
            "bookroom_ack_seconds",
            "From when Slack's request had come until its acknowledgement had gone; Slack waits 3 s.",
            _ANSWERS,
            "transport",
            "kind",
        )
        self.responses = self._counter(
            "bookroom_http_responses", "Answers of the API and of our pages by status.", "surface", "action", "status"
        )
        self.cache = self._counter("bookroom_cache_lookups", "Looks into a cache, by what came of it.", "cache", "outcome")

    def _of_the_database(self) -> None:
        self.retries = self._counter(
            "bookroom_transaction_retries",
            "Transactions that failed of what lets them be tried again: an SQLSTATE, or the connection.",
            "reason",
        )
        self.failures = self._counter(
            "bookroom_transaction_failures",
            "Transactions that failed for good of the database: an SQLSTATE, the connection, or the pool.",
            "reason",
        )
        for reason in (SERIALIZATION_FAILURE, DEADLOCK, LOST):
            self.retries.labels(reason)
        self.pool_wait = self._histogram(
            "bookroom_pool_wait_seconds", "How long it took to get a connection.", _WAITS, "role"
        )
        self.pool_size = self._gauge("bookroom_pool_size", "Connections that the pool may have.", "role")
        self._pools: dict[str, Pool] = {}
        self.pool_in_use = self._gauge("bookroom_pool_in_use", "Connections that are in use.", "role")
        self.reads = self._counter(
            "bookroom_reads", "Reads that a replica could serve, by where they went and why.", "place", "why"
        )
        self.replica_lag = self._gauge(
            "bookroom_replica_lag_seconds", "By how much the replica is behind; infinite when gone."
        )
        self.replica_lack = self._gauge(
            "bookroom_replica_lag_bytes", "How much of the log the replica lacks; infinite when gone."
        )
        self.violations = self._gauge(
            "bookroom_invariant_violations", "Rows that contradict an invariant; 0 when it holds.", "invariant"
        )
        self.unfinished = self._gauge("bookroom_invariants_unfinished", "Invariants that could not be looked at in time.")
        self.checked_at = self._gauge(
            "bookroom_invariants_checked_timestamp_seconds", "When the invariants were last looked at; the oldest, of many."
        )
        self._reports: dict[UUID, Report] = {}
        self.check_seconds = self._gauge("bookroom_invariants_seconds", "How long the last look at the invariants took.")
        for name in INVARIANTS:
            self.violations.labels(name).set(0)

    def _of_the_process(self) -> None:
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        built = self._gauge("bookroom_build_info", "1, with the version and its schema.", "version", "schema", "python")
        built.labels(version("bookroom"), head(), platform.python_version()).set(1)

    def watch(self, db: Database, role: str) -> None:
        """Hear what a database's use cases tell, and watch its pool."""
        db.telling = self.telling
        self._pools[role] = db.engine.pool
        self.look_at_pools()

    def look_at_pools(self) -> None:
        """Note how the pools stand: before anything is asked of them for these figures' sake."""
        for role, pool in self._pools.items():
            self.pool_size.labels(role).set(pool.size())  # type: ignore[attr-defined]
            self.pool_in_use.labels(role).set(pool.checkedout())  # type: ignore[attr-defined]

    def found(self, tenant: UUID, report: Report) -> None:
        """Take over what the last look at a tenant's invariants has found, by whichever replica; told of all in one."""
        self._reports[tenant] = report
        reports = self._reports.values()
        for name in INVARIANTS:
            self.violations.labels(name).set(sum(one.rows.get(name, 0) for one in reports))
        self.unfinished.set(sum(len(one.unfinished) for one in reports))
        self.checked_at.set(min(one.finished_at.timestamp() for one in reports))
        self.check_seconds.set(sum(one.seconds for one in reports))

    def checks(self, found: Mapping[str, bool]) -> None:
        """Take over how what `/readyz` looks at stands."""
        for name, ok in found.items():
            self.ready.labels(name).set(ok)

    def text(self) -> bytes:
        """Return all figures in Prometheus' text format."""
        return generate_latest(self.registry)

    def _counter(self, name: str, told: str, *labels: str) -> Counter:
        return Counter(name, told, labels, registry=self.registry)

    def _gauge(self, name: str, told: str, *labels: str) -> Gauge:
        return Gauge(name, told, labels, registry=self.registry)

    def _histogram(self, name: str, told: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(name, told, labels, registry=self.registry, buckets=buckets)


# What somebody else holding the room or the equipment is called.
CONFLICTS = frozenset({"SlotTaken", "NothingFits", "EquipmentTaken", "SeriesClash"})


class Heard(Telling):
    """Counts what the core and the edges tell; on their way, so that each figure is looked for once."""

    def __init__(self, metrics: Metrics) -> None:
        self._conflicts, self._bookings = cache(metrics.conflicts.labels), cache(metrics.bookings.labels)
        self._requests, self._request_seconds = cache(metrics.requests.labels), cache(metrics.request_seconds.labels)
        self._responses, self._acks = cache(metrics.responses.labels), cache(metrics.ack_seconds.labels)
        self._waits, self._cache = cache(metrics.pool_wait.labels), cache(metrics.cache.labels)
        self._reads = cache(metrics.reads.labels)
        self._metrics = metrics

    def tried_again(self, why: str) -> None:
        """Count it."""
        self._metrics.retries.labels(why).inc()

    def undone(self, why: str) -> None:
        """Count it."""
        self._metrics.failures.labels(why).inc()

    def checked_out(self, role: str, seconds: float) -> None:
        """Note it by the database's role."""
        self._waits(role).observe(seconds)

    def attempted(self, use_case: str, surface: str, outcome: str) -> None:
        """Count it; a conflict once more on its own."""
        self._bookings(use_case, surface, outcome).inc()
        if outcome in CONFLICTS:
            self._conflicts(surface).inc()

    def overtaken(self) -> None:
        """Count it."""
        self._metrics.races_lost.inc()

    def cached(self, cache: str, outcome: str) -> None:
        """Count it."""
        self._cache(cache, outcome).inc()

    def read_at(self, place: str, why: str) -> None:
        """Count it."""
        self._reads(place, why).inc()

    def lags(self, seconds: float) -> None:
        """Keep the last."""
        self._metrics.replica_lag.set(seconds)

    def lacks(self, size: float) -> None:
        """Keep the last."""
        self._metrics.replica_lack.set(size)

    def handled(self, surface: str, action: str, outcome: str, seconds: float) -> None:
        """Count it by all three, and time it by surface."""
        self._requests(surface, action, outcome).inc()
        self._request_seconds(surface).observe(seconds)

    def responded(self, surface: str, action: str, status: int) -> None:
        """Count it."""
        self._responses(surface, action, status).inc()

    def acknowledged(self, transport: str, kind: str, seconds: float) -> None:
        """Time it."""
        self._acks(transport, kind).observe(seconds)


_METHOD = re.compile(r"[a-z]+(\.[a-zA-Z]+){1,4}")
_CODE = re.compile(r"[a-z_]{1,40}")


class SlackCalls(AsyncRetryHandler):
    """Counts each answer of Slack's, tries included: first among a client's retry handlers, it sees all and retries none.

    Bolt copies a client for each request, with its handlers and without its class: this is the one place for all calls.
    """

    def __init__(self, metrics: Metrics) -> None:
        super().__init__(max_retry_count=0)
        self._metrics = metrics

    async def can_retry_async(
        self,
        *,
        state: RetryState,  # noqa: ARG002 - the base class's signature
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        """Count one answer, or what came instead of one."""
        last = request.url.partition("?")[0].rstrip("/").rpartition("/")[2]
        method = last if _METHOD.fullmatch(last) else "file"
        self._metrics.slack_calls.labels(method, outcome_of(response, error)).inc()
        return False


def outcome_of(response: HttpResponse | None, error: Exception | None) -> str:
    """Return the one word for an answer of Slack's: "ok", its code, its status, or what broke."""
    if response is None:
        return type(error).__name__ if error else "unknown"
    if response.status_code == 429:
        return "ratelimited"
    if response.status_code >= 300:
        return f"http_{response.status_code}"
    body: object = response.body
    if isinstance(body, Mapping) and not body.get("ok", True):
        code = str(body.get("error"))
        return code if _CODE.fullmatch(code) else "unknown"
    return "ok"
