"""Compares what was stored and what was due with what Slack got, both ways; each check counts what it looked at.

A check fails with sentences that say which message is wrong. What one sentence in docs/notices.md allows (a post that is
repeated because its answer was lost) is counted apart, and only with evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from tests.faults import due, showing, slack_side
from tests.faults.due import Expected
from tests.faults.history import Past
from tests.faults.judging import judged, still_true
from tests.faults.recording import Recording

SHOWN = 8
Finding = str | None
Check = Callable[[Past], Iterator[Finding]]


@dataclass(kw_only=True)
class Result:
    """What came of one check: how much it looked at, and what was wrong."""

    name: str
    seen: int = 0
    wrong: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class Outcome:
    """What came of all checks, with figures that explain them."""

    results: list[Result]
    figures: dict[str, object]

    @property
    def failed(self) -> list[Result]:
        """The checks that found something wrong."""
        return [result for result in self.results if result.wrong]

    def table(self) -> str:
        """Return the figures and checks as Markdown, what is wrong below, and the count of checks as last line."""
        lines = ["| figure | |", "| --- | --- |"]
        lines += [f"| {name} | {value} |" for name, value in self.figures.items()]
        lines += ["", "| check | looked at | wrong |", "| --- | ---: | ---: |"]
        lines += [f"| {result.name} | {result.seen} | {len(result.wrong)} |" for result in self.results]
        for result in self.failed:
            lines += ["", f"{result.name}:", *(f"- {one}" for one in result.wrong[:SHOWN])]
            if len(result.wrong) > SHOWN:
                lines.append(f"- and {len(result.wrong) - SHOWN} more")
        lines += ["", f"{len(self.results) - len(self.failed)} passed, {len(self.failed)} failed"]
        return "\n".join(lines)


def reconcile(recording: Recording) -> Outcome:
    """Run every check on a recording."""
    past = Past.of(recording)
    results = []
    for name, check in CHECKS.items():
        result = Result(name=name)
        for found in check(past):
            result.seen += 1
            if found is not None:
                result.wrong.append(found)
        results.append(result)
    return Outcome(results=results, figures=slack_side.figures(past))


# -- what was due is there, and nothing else ---------------------------------------------------------------------------


def _missing(expected: Callable[[Past], Iterable[Expected]], kinds: set[str]) -> Check:
    """Return a check that whatever was due has been made."""

    def check(past: Past) -> Iterator[Finding]:
        there = slack_side.made(past) if kinds == {"card"} else past.deliveries
        for one in expected(past):
            yield None if any(key in there for key in one.keys) else f"{one.why}: none of {', '.join(one.keys)}"

    return check


def _extra(past: Past) -> Iterator[Finding]:
    """Whatever was made, somebody was to be told of."""
    yield from judged(past)


def _true_when_sent(past: Past) -> Iterator[Finding]:
    yield from still_true(past)


CHECKS: dict[str, Check] = {
    "as much happened as was planned": slack_side.as_planned,
    "reminders that were due are there": _missing(due.reminders, {"reminder"}),
    "reminders before the end that were due are there": _missing(due.endings, {"ending"}),
    "warnings before a release that were due are there": _missing(due.warnings, {"release_warning"}),
    "digests that were due are there": _missing(due.digests, {"digest"}),
    "what others did is told to those it concerns": _missing(due.messages, {"changed"}),
    "those invited have their card": _missing(due.invitations, {"card"}),
    "channels that listen have their card": _missing(due.channel_cards, {"card"}),
    "what happened is told in the card's thread": _missing(due.histories, {"history"}),
    "rooms to which nobody came are released, others are not": showing.releases,
    "offers are told, missed ones too, and nobody is forgotten": showing.waiting,
    "nothing was made that was not due": _extra,
    "nothing was sent for what was known to be over, moved or cancelled": _true_when_sent,
    "what counts as sent is in Slack": slack_side.sent_is_there,
    "what is in Slack counts as sent, or its answer was lost": slack_side.there_is_sent,
    "messages are there once; repeats are explained": slack_side.once,
    "what was not sent was dropped for a reason that was true": showing.dropped,
    "what was given up has a dead destination": showing.given_up,
    "nothing is left over": showing.left_over,
    "each card was posted, or had nothing to say": showing.posted,
    "each card shows how its booking stands": showing.final,
    "every yes is stored": slack_side.every_yes,
    "every booking that was shown to anybody is stored": slack_side.every_target,
    "a sentence that was typed once booked once": slack_side.typed_once,
    "the invariants hold": slack_side.invariants,
    "no fault of ours is in the log": slack_side.no_faults,
}
