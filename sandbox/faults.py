"""Faults that can be switched on while the sandbox runs, so that tests see how the app behaves when Slack does not."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase

from sandbox.chance import CALL_KINDS, DELIVERY_KINDS, Chance, chance
from sandbox.errors import Json, Refusal, Value

TOKEN_ERRORS = ("token_revoked", "invalid_auth", "account_inactive")
_NUMBERS = ("slow_api_ms", "slow_delivery_ms", "repeat_deliveries", "reorder_deliveries")
_SECONDS = ("socket_seconds", "warning_seconds")
_FLAGS = ("refuse_sockets", "rate_limits", "messages_tab_off")
_BREAKS = {"drop_requests": "drop", "timeouts": "timeout", "holds": "hold"}
_LATE = ("slow", "hold")


@dataclass(frozen=True, kw_only=True, slots=True)
class Blow:
    """What befalls one call: refused, an HTTP status, no answer at all; before or after it was carried out.

    `kind` is `error`, `status`, `drop` (the connection is closed), `timeout` (nothing comes), `slow` or `hold` (it waits
    until it is let go).
    """

    kind: str
    error: str | None = None
    status: int | None = None
    retry_after: int | None = None
    after: bool = False
    slow_ms: int = 0

    @property
    def only_late(self) -> bool:
        """Whether the call is carried out and answered all the same."""
        return self.kind in _LATE

    @property
    def name(self) -> str:
        """The word under which it is counted."""
        if self.kind == "drop" and self.after:
            return "lost_answer"
        said = self.error if self.kind == "error" else str(self.status) if self.kind == "status" else self.kind
        return f"{said}_after" if self.after else str(said)


@dataclass(kw_only=True, slots=True)
class Failure:
    """The next `times` calls of `method` (a pattern) suffer `blow`; without `times`, all until it is switched off."""

    method: str
    times: int | None
    blow: Blow

    def shown(self) -> Json:
        """The failure as the control API shows it."""
        told: Json = {"method": self.method, "times": self.times, "after": self.blow.after}
        if self.blow.kind in _BREAKS.values():
            return told
        return told | {"error": self.blow.error, "status": self.blow.status, "retry_after": self.blow.retry_after}


@dataclass(kw_only=True, slots=True)
class Faults:
    """What is switched on. Everything is off at the start."""

    slow_api_ms: int = 0
    slow: dict[str, int] = field(default_factory=dict)
    slow_delivery_ms: int = 0
    repeat_deliveries: int = 0
    reorder_deliveries: int = 0
    refuse_sockets: bool = False
    rate_limits: bool = False
    messages_tab_off: bool = False
    token: str | None = None
    socket_seconds: float = 0
    warning_seconds: float = 10
    failures: list[Failure] = field(default_factory=list)
    by_chance: Chance | None = None
    deliveries_by_chance: Chance | None = None
    let_go: asyncio.Event = field(default_factory=asyncio.Event)
    inflicted: Counter[str] = field(default_factory=Counter)
    inflicted_on: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def shown(self) -> Json:
        """The faults as the control API shows them."""
        plain = (*_NUMBERS, *_SECONDS, *_FLAGS, "token")
        broken = {name: [one.shown() for one in self.failures if one.blow.kind == kind] for name, kind in _BREAKS.items()}
        return {
            **{name: getattr(self, name) for name in plain},
            "slow": dict(self.slow),
            **broken,
            "fail_next": [one.shown() for one in self.failures if one.blow.kind not in _BREAKS.values()],
            "random": self.by_chance.shown() if self.by_chance else None,
            "random_deliveries": self.deliveries_by_chance.shown() if self.deliveries_by_chance else None,
        }

    def counts(self) -> Json:
        """How often each fault was inflicted since the start, in all and by method."""
        return {
            "total": sum(self.inflicted.values()),
            "kinds": dict(self.inflicted),
            "methods": {method: dict(counted) for method, counted in self.inflicted_on.items()},
        }

    def note(self, name: str, kind: str) -> None:
        """Count one fault that was inflicted on a method or on deliveries."""
        self.inflicted[kind] += 1
        self.inflicted_on[name][kind] += 1

    def pause(self, method: str) -> float:
        """Seconds that a call of this method waits before anything is done."""
        slowed = [ms for pattern, ms in self.slow.items() if fnmatchcase(method, pattern)]
        return max([self.slow_api_ms, *slowed]) / 1000

    def take(self, method: str) -> Blow | None:
        """What befalls this call: what was ordered, else what chance brings; it is counted."""
        blow = self._ordered(method) or self._by_chance(method)
        if blow is not None:
            self.note(method, blow.name)
        return blow

    def _ordered(self, method: str) -> Blow | None:
        for failure in self.failures:
            if fnmatchcase(method, failure.method):
                if failure.times is not None:
                    failure.times -= 1
                    if failure.times <= 0:
                        self.failures.remove(failure)
                return failure.blow
        return None

    def _by_chance(self, method: str) -> Blow | None:
        kind = self.by_chance.draw(method) if self.by_chance else None
        if kind is None or self.by_chance is None:
            return None
        match kind:
            case "drop" | "lost_answer":
                return Blow(kind="drop", after=kind == "lost_answer")
            case "timeout":
                return Blow(kind="timeout")
            case "slow":
                return Blow(kind="slow", slow_ms=self.by_chance.slow_ms)
        return Blow(kind="status", status=int(kind), retry_after=self.by_chance.retry_after if kind == "429" else None)

    def delivery_kind(self, kind: str) -> str | None:
        """`duplicate`, `reorder` or `slow` for this delivery; None when nothing befalls it."""
        if self.repeat_deliveries > 0:
            self.repeat_deliveries -= 1
            found: str | None = "duplicate"
        elif self.reorder_deliveries > 0:
            self.reorder_deliveries -= 1
            found = "reorder"
        else:
            found = self.deliveries_by_chance.draw(kind) if self.deliveries_by_chance else None
        if found is not None:
            self.note(kind, found)
        return found

    def clear(self) -> None:
        """Turn everything off; the counts stay."""
        self._release()
        fresh = Faults()
        for one in fields(self):
            if not one.name.startswith("inflicted"):
                setattr(self, one.name, getattr(fresh, one.name))

    def switch(self, body: Json) -> None:
        """Switch as the body says, or not at all; `{"clear": true}` first turns everything off. Raises Refusal."""
        changes = _changes(body)
        added = [*_failures(body), *(one for name in _BREAKS for one in _broken(name, body.get(name)))]
        if body.get("clear"):
            self.clear()
        for name, value in changes.items():
            setattr(self, name, value)
        for name, kind in _BREAKS.items():
            if name in body and not body[name]:
                self.failures = [one for one in self.failures if one.blow.kind != kind]
        if "holds" in body and not body["holds"]:
            self._release()
        if "fail_next" in body and not body["fail_next"]:
            self.failures = [one for one in self.failures if one.blow.kind in _BREAKS.values()]
        self.failures += added

    def _release(self) -> None:
        """Let the calls go that are held; those to come are held anew, if any are to be."""
        self.let_go.set()
        self.let_go = asyncio.Event()


def _changes(body: Json) -> dict[str, Value]:
    """The plain switches that the body names, checked."""
    changes: dict[str, Value] = {name: _count(name, body[name]) for name in _NUMBERS if name in body}
    changes |= {name: _seconds(name, body[name]) for name in _SECONDS if name in body}
    changes |= {name: bool(body[name]) for name in _FLAGS if name in body}
    if "token" in body:
        changes["token"] = _token(body["token"])
    if "slow" in body:
        changes["slow"] = _slow(body["slow"])
    if "random" in body:
        changes["by_chance"] = chance(body["random"], known=CALL_KINDS)
    if "random_deliveries" in body:
        changes["deliveries_by_chance"] = chance(body["random_deliveries"], known=DELIVERY_KINDS)
    return changes


def _count(name: str, value: Value) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Refusal("invalid_fault", f"{name} must be a whole number of 0 or more.")
    return value


def _seconds(name: str, value: Value) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise Refusal("invalid_fault", f"{name} must be a number of 0 or more.")
    return float(value)


def _token(value: Value) -> str | None:
    if not value:
        return None
    if value not in TOKEN_ERRORS:
        raise Refusal("invalid_fault", f"token is null or one of {', '.join(TOKEN_ERRORS)}.")
    return str(value)


def _slow(value: Value) -> dict[str, int]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refusal("invalid_fault", "slow is an object of methods and milliseconds.")
    return {str(method): _count("slow", ms) for method, ms in value.items()}


def _failures(body: Json) -> list[Failure]:
    given = body.get("fail_next")
    return [_failure(one) for one in (given if isinstance(given, list) else [given] if given else [])]


def _failure(given: Value) -> Failure:
    if not isinstance(given, dict) or not isinstance(given.get("method"), str):
        raise Refusal("invalid_fault", "fail_next needs a method, or * for any.")
    error, status = given.get("error"), given.get("status")
    if (error is None) == (status is None):
        raise Refusal("invalid_fault", "fail_next needs either an error or a status.")
    if status is not None and not 400 <= _count("status", status) < 600:
        raise Refusal("invalid_fault", "status is an HTTP status from 400 to 599.")
    blow = Blow(
        kind="error" if status is None else "status",
        error=None if error is None else str(error),
        status=status,
        retry_after=given.get("retry_after"),
        after=bool(given.get("after")),
    )
    return Failure(method=given["method"], times=_times(given, default=1), blow=blow)


def _times(given: Json, *, default: int | None) -> int | None:
    times = given.get("times", default)
    return None if times is None else _count("times", times) or 1


def _broken(name: str, given: Value) -> list[Failure]:
    """`true`, an object with method, times and after, or a list of such."""
    if not given:
        return []
    listed = given if isinstance(given, list) else [{} if given is True else given]
    found = []
    for one in listed:
        if not isinstance(one, dict) or not isinstance(one.get("method", "*"), str):
            raise Refusal("invalid_fault", f"{name} is true, or an object with method, times and after.")
        blow = Blow(kind=_BREAKS[name], after=bool(one.get("after")))
        if blow.after and blow.only_late:
            raise Refusal("invalid_fault", f"{name} keeps calls back before they are carried out.")
        found.append(Failure(method=one.get("method", "*"), times=_times(one, default=None), blow=blow))
    return found
