"""Every check can fail: in the recording of a run that went well, one thing at a time is made wrong."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import pytest

from tests.faults import due
from tests.faults.due import Expected
from tests.faults.history import Past
from tests.faults.reconciliation import CHECKS, reconcile
from tests.faults.recording import Recording, Row

RECORDED = Path(__file__).with_name("recorded.json.gz")
HOUR = 3600.0


@cache
def _loaded() -> Recording:
    return Recording.load(RECORDED)


@pytest.fixture
def recording() -> Recording:
    """A run of some minutes, to be changed at will."""
    return copy.deepcopy(_loaded())


def test_a_run_that_went_well_passes_and_leaves_no_check_without_work(recording: Recording):
    outcome = reconcile(recording)
    assert outcome.failed == [], outcome.table()
    assert [result.name for result in outcome.results if not result.seen] == []
    assert outcome.table().endswith(f"{len(CHECKS)} passed, 0 failed")


def sent(recording: Recording, kind: str) -> Row:
    return next(row for row in recording.tables["deliveries"] if row["kind"] == kind and row["status"] == "sent")


def due_alone(recording: Recording, expected: Callable[[Past], Iterable[Expected]]) -> str:
    """Return the key of something that was due and for which nothing else would do."""
    past = Past.of(recording)
    there = {f"{card['booking_id']}@{card['person_id'] or card['channel_id']}" for card in past.cards.values()}
    return next(one.keys[0] for one in expected(past) if len(one.keys) == 1 and one.keys[0] in there | set(past.deliveries))


def without(rows: list[Row], wanted: Callable[[Row], bool]) -> list[Row]:
    left = [row for row in rows if not wanted(row)]
    assert len(left) < len(rows)
    return left


def forget(recording: Recording, key: str) -> None:
    """Let a delivery never have been made, nor posted."""
    recording.tables["deliveries"] = without(recording.tables["deliveries"], lambda row: row["key"] == key)
    recording.posts = [post for post in recording.posts if post["key"] != key]


def forget_card(recording: Recording, name: str) -> None:
    """Let a card never have been made, with all that it brought about."""
    tables = recording.tables
    (gone,) = [row for row in tables["cards"] if f"{row['booking_id']}@{row['person_id'] or row['channel_id']}" == name]
    tables["cards"].remove(gone)
    tables["deliveries"] = [row for row in tables["deliveries"] if row["card_id"] != gone["id"]]
    recording.posts = [post for post in recording.posts if gone["id"] not in (post["key"] or "")]


def posts_of(recording: Recording, key: str) -> list[Row]:
    return [post for post in recording.posts if post["key"] == key]


def a_card(recording: Recording) -> Row:
    """Return an open channel's card that stands in Slack, of a booking that still holds its room after the run."""
    past = Past.of(recording)
    return next(
        card
        for card in recording.tables["cards"]
        if card["ts"]
        and not card["given_up"]
        and card["channel_id"].startswith("C")
        and due.closed_from(card["channel_id"], past) is None
        and all(event.after.holds and event.after.end > past.settled for event in past.lives[card["booking_id"]].events)
    )


def a_post_is_lost(recording: Recording) -> None:
    key = sent(recording, "reminder")["key"]
    recording.posts = without(recording.posts, lambda post: post["key"] == key)


def a_stray_post(recording: Recording) -> None:
    recording.posts.append({**posts_of(recording, sent(recording, "reminder")["key"])[0], "key": "reminder:of:nothing"})


def a_post_is_doubled(recording: Recording) -> None:
    marked = {line["ts"] for line in recording.log if line.get("action") == "notice_sent" and "ts" in line}
    post = next(post for post in recording.posts if post["key"] and post["ts"] in marked)
    again = copy.deepcopy(post)
    again["ts"] += "1"
    again["versions"][0]["at"] += 1
    recording.posts.append(again)


def a_text_is_older(recording: Recording) -> None:
    post = posts_of(recording, a_card(recording)["id"])[-1]
    post["versions"][-1]["text"] = post["versions"][-1]["text"].replace(":", ".")


def a_reminder_comes_an_hour_late(recording: Recording) -> None:
    for post in posts_of(recording, sent(recording, "reminder")["key"]):
        post["versions"][0]["at"] += HOUR


def a_reminder_nobody_asked_for(recording: Recording) -> None:
    row = copy.deepcopy(sent(recording, "reminder"))
    row["about"]["minutes"] = 7
    row["key"] = row["key"].rpartition(":")[0] + ":7"
    recording.tables["deliveries"].append(row)


def a_card_nobody_asked_for(recording: Recording) -> None:
    recording.tables["cards"].append({**a_card(recording), "id": "another", "channel_id": "C0ELSE", "ts": None})


def the_booker_is_not_told_that_nobody_comes(recording: Recording) -> None:
    forget(recording, next(due.left_alone(Past.of(recording))))


def the_booker_is_told_that_nobody_comes_though_somebody_does(recording: Recording) -> None:
    _, booking, version = next(due.left_alone(Past.of(recording))).split(":")
    (event,) = [row for row in recording.tables["events"] if (row["booking_id"], str(row["version"])) == (booking, version)]
    known = {person for person, *_ in event["after"]["attendees"]} | {event["after"]["booked_by"]}
    another = next(row["id"] for row in recording.tables["people"] if row["id"] not in known)
    for facts in (event["before"], event["after"]):
        facts["attendees"].append([another, False, None])


def a_delivery_stays_behind(recording: Recording) -> None:
    sent(recording, "changed")["status"] = "pending"


def a_false_reason(recording: Recording) -> None:
    sent(recording, "reminder").update(status="dropped", reason="the booking has moved")


def an_unknown_reason(recording: Recording) -> None:
    sent(recording, "changed").update(status="dropped", reason="no time")


def an_open_channel_is_given_up(recording: Recording) -> None:
    a_card(recording).update(given_up="the channel is archived", given_up_at=recording.meta["begins"] + HOUR)


def a_card_is_never_posted(recording: Recording) -> None:
    a_card(recording).update(ts=None)


def a_release_without_a_warning(recording: Recording) -> None:
    released = sent(recording, "released")["booking_id"]
    for row in recording.tables["deliveries"]:
        if row["kind"] == "release_warning" and row["booking_id"] == released:
            row["done_at"] += HOUR


def a_release_that_never_was(recording: Recording) -> None:
    events = recording.tables["events"]
    row = next(event for event in events if event["kind"] == "released")
    booking, version = row["booking_id"], row["version"]
    recording.tables["events"] = without(events, lambda one: one["booking_id"] == booking and one["version"] >= version)


def an_offer_is_not_told(recording: Recording) -> None:
    place = next(row for row in recording.tables["waiting"] if row["status"] == "missed")
    forget(recording, f"offer_missed:{place['id']}:{place['version']}")


def a_yes_that_was_forgotten(recording: Recording) -> None:
    recording.yes[0]["version"] += 50


def a_yes_for_another_room(recording: Recording) -> None:
    recording.yes[0]["start"] += HOUR


def a_button_for_nothing(recording: Recording) -> None:
    post = next(post for post in recording.posts if post["versions"][-1]["targets"])
    post["versions"][-1]["targets"][0][1] += 50


def a_sentence_that_booked_twice(recording: Recording) -> None:
    titles = {typed["title"] for typed in recording.typed}
    first = next(row for row in recording.tables["events"] if row["version"] == 1 and row["after"]["title"] in titles)
    recording.tables["events"].append({**first, "booking_id": "another"})


def an_invariant_is_broken(recording: Recording) -> None:
    recording.violations.append("claims of one room overlap")


def a_fault_in_the_log(recording: Recording) -> None:
    recording.log.append(
        {"at": 0.0, "replica": "a", "level": "error", "event": "a notice failed", "action": "notice_failed"}
    )


def too_few_bookings(recording: Recording) -> None:
    recording.meta["planned"]["bookings"] *= 10


def a_kill_that_never_was(recording: Recording) -> None:
    recording.kills.clear()


def _forgotten(expected: Callable[[Past], Iterable[Expected]]) -> Callable[[Recording], None]:
    return lambda recording: forget(recording, due_alone(recording, expected))


def _forgotten_card(expected: Callable[[Past], Iterable[Expected]]) -> Callable[[Recording], None]:
    return lambda recording: forget_card(recording, due_alone(recording, expected))


BREAKS: list[tuple[str, Callable[[Recording], None]]] = [
    ("as much happened as was planned", too_few_bookings),
    ("as much happened as was planned", a_kill_that_never_was),
    ("reminders that were due are there", _forgotten(due.reminders)),
    ("reminders before the end that were due are there", _forgotten(due.endings)),
    ("warnings before a release that were due are there", _forgotten(due.warnings)),
    ("digests that were due are there", _forgotten(due.digests)),
    ("what others did is told to those it concerns", _forgotten(due.messages)),
    ("what others did is told to those it concerns", the_booker_is_not_told_that_nobody_comes),
    ("those invited have their card", _forgotten_card(due.invitations)),
    ("channels that listen have their card", _forgotten_card(due.channel_cards)),
    ("what happened is told in the card's thread", _forgotten(due.histories)),
    ("rooms to which nobody came are released, others are not", a_release_without_a_warning),
    ("rooms to which nobody came are released, others are not", a_release_that_never_was),
    ("offers are told, missed ones too, and nobody is forgotten", an_offer_is_not_told),
    ("nothing was made that was not due", a_reminder_nobody_asked_for),
    ("nothing was made that was not due", a_card_nobody_asked_for),
    ("nothing was made that was not due", the_booker_is_told_that_nobody_comes_though_somebody_does),
    ("nothing was sent for what was known to be over, moved or cancelled", a_reminder_comes_an_hour_late),
    ("what counts as sent is in Slack", a_post_is_lost),
    ("what is in Slack counts as sent, or its answer was lost", a_stray_post),
    ("messages are there once; repeats are explained", a_post_is_doubled),
    ("what was not sent was dropped for a reason that was true", a_false_reason),
    ("what was not sent was dropped for a reason that was true", an_unknown_reason),
    ("what was given up has a dead destination", an_open_channel_is_given_up),
    ("nothing is left over", a_delivery_stays_behind),
    ("each card was posted, or had nothing to say", a_card_is_never_posted),
    ("each card shows how its booking stands", a_text_is_older),
    ("every yes is stored", a_yes_that_was_forgotten),
    ("every yes is stored", a_yes_for_another_room),
    ("every booking that was shown to anybody is stored", a_button_for_nothing),
    ("a sentence that was typed once booked once", a_sentence_that_booked_twice),
    ("the invariants hold", an_invariant_is_broken),
    ("no fault of ours is in the log", a_fault_in_the_log),
]


def test_every_check_is_broken_once():
    assert {name for name, _ in BREAKS} == set(CHECKS)


@pytest.mark.parametrize(("name", "make_wrong"), BREAKS, ids=[f"{name}-{number}" for number, (name, _) in enumerate(BREAKS)])
def test_what_is_made_wrong_is_found(recording: Recording, name: str, make_wrong: Callable[[Recording], None]):
    make_wrong(recording)
    assert name in {result.name for result in reconcile(recording).failed}
