"""Faults that can be switched on while the sandbox runs, so that tests see how the app behaves when Slack does not."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.errors import Json, Refusal, Value


@dataclass(kw_only=True, slots=True)
class Failure:
    """The next `times` calls of `method` ("*" for any) fail with an error, or with an HTTP status."""

    method: str
    times: int
    error: str | None = None
    status: int | None = None
    retry_after: int | None = None
    after: bool = False

    def shown(self) -> Json:
        """The failure as the control API shows it."""
        return {
            "method": self.method,
            "times": self.times,
            "error": self.error,
            "status": self.status,
            "retry_after": self.retry_after,
            "after": self.after,
        }


@dataclass(kw_only=True, slots=True)
class Faults:
    """What is switched on. Everything is off at the start."""

    slow_api_ms: int = 0
    slow_delivery_ms: int = 0
    repeat_deliveries: int = 0
    refuse_sockets: bool = False
    rate_limits: bool = False
    failures: list[Failure] = field(default_factory=list)

    def shown(self) -> Json:
        """The faults as the control API shows them."""
        return {
            "slow_api_ms": self.slow_api_ms,
            "slow_delivery_ms": self.slow_delivery_ms,
            "repeat_deliveries": self.repeat_deliveries,
            "refuse_sockets": self.refuse_sockets,
            "rate_limits": self.rate_limits,
            "fail_next": [one.shown() for one in self.failures],
        }

    def take(self, method: str) -> Failure | None:
        """The failure that this call must suffer, counted down."""
        for failure in self.failures:
            if failure.method in ("*", method):
                failure.times -= 1
                if failure.times <= 0:
                    self.failures.remove(failure)
                return failure
        return None

    def switch(self, body: Json) -> None:
        """Switch as the body says; `{"clear": true}` first turns everything off. Raises Refusal."""
        if body.get("clear"):
            self.slow_api_ms = self.slow_delivery_ms = self.repeat_deliveries = 0
            self.refuse_sockets = self.rate_limits = False
            self.failures.clear()
        for name in ("slow_api_ms", "slow_delivery_ms", "repeat_deliveries"):
            if name in body:
                setattr(self, name, _count(name, body[name]))
        for name in ("refuse_sockets", "rate_limits"):
            if name in body:
                setattr(self, name, bool(body[name]))
        given = body.get("fail_next")
        for one in given if isinstance(given, list) else [given] if given else []:
            self.failures.append(_failure(one))


def _count(name: str, value: Value) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Refusal("invalid_fault", f"{name} must be a whole number of 0 or more.")
    return value


def _failure(given: Value) -> Failure:
    if not isinstance(given, dict) or not isinstance(given.get("method"), str):
        raise Refusal("invalid_fault", "fail_next needs a method, or * for any.")
    error, status = given.get("error"), given.get("status")
    if (error is None) == (status is None):
        raise Refusal("invalid_fault", "fail_next needs either an error or a status.")
    return Failure(
        method=given["method"],
        times=_count("times", given.get("times", 1)) or 1,
        error=error,
        status=status,
        retry_after=given.get("retry_after"),
        after=bool(given.get("after")),
    )
