"""Every figure that `/metrics` tells, declared in one place; nothing here names a person, a title or a token."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_LAGS = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800)
_RUNS = (0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 10)
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
        self.job_runs = counter("bookroom_job_runs", "Runs of timed jobs.", "job", "outcome")
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
            "bookroom_job_seconds", "How long a job's run took.", ["job"], registry=self.registry, buckets=_RUNS
        )
        self.job_success = self._gauge(
            "bookroom_job_last_success_timestamp_seconds", "When a job last did all that was due.", "job"
        )
        self.pending = self._gauge("bookroom_notices_pending", "Messages that are due and not sent.")
        self.retrying = self._gauge("bookroom_notices_retrying", "Messages that have failed at least once.")
        self.given_up_now = self._gauge("bookroom_notices_given_up_now", "Messages given up and not tried again.")
        self.oldest_due = self._gauge("bookroom_notices_oldest_due_seconds", "Age of the oldest message that is due.")
        self.in_hand = self._gauge("bookroom_notices_in_hand", "Messages that this process is posting.")
        self.token_refused = self._gauge("bookroom_slack_token_refused", "1 while Slack refuses the bot's token.")
        self.streams = self._gauge("bookroom_streams_open", "Streams of events that are open at this process.")
        self.listening = self._gauge("bookroom_listening", "1 while other replicas are heard.")

    def text(self) -> bytes:
        """Return all figures in Prometheus' text format."""
        return generate_latest(self.registry)

    def _counter(self, name: str, told: str, *labels: str) -> Counter:
        return Counter(name, told, labels, registry=self.registry)

    def _gauge(self, name: str, told: str, *labels: str) -> Gauge:
        return Gauge(name, told, labels, registry=self.registry)
