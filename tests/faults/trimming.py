"""A small part of a recording in which everything occurs that the checks look at, whole in itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from tests.faults import due
from tests.faults.history import Past
from tests.faults.recording import Recording, Row

OF_EACH = 2
PLACES_IN_LINE = 12
ANSWERS = 60


def trimmed(recording: Recording, bookings: int) -> Recording:
    """Return the part of a recording that concerns so many bookings, or more where every kind of thing takes more."""
    past = Past.of(recording)
    chosen = dict.fromkeys(_telling(past))
    for booking in past.lives:
        if len(chosen) >= bookings:
            break
        chosen[booking] = None
    tables = _tables(recording, set(chosen))
    keys = {row["key"] for row in tables["deliveries"]} | {row["id"] for row in tables["cards"]}
    told = {(row["booking_id"], row["version"]) for row in tables["events"]}
    answers = [post for post in recording.posts if post["key"] is None and _named(post) and _named(post) <= told]
    titles = {row["title"] for row in tables["bookings"]}
    planned = {**recording.meta["planned"], "bookings": len(tables["bookings"])}
    return replace(
        recording,
        meta={**recording.meta, "planned": planned},
        tables=tables,
        posts=[_without_others(post, told) for post in recording.posts if post["key"] in keys] + answers[:ANSWERS],
        yes=[yes for yes in recording.yes if yes["booking"] in chosen],
        typed=[typed for typed in recording.typed if typed["title"] in titles],
        log=[line for line in recording.log if line.get("key") in keys or line.get("card") in keys],
    )


def _named(post: Row) -> set[tuple[str, int]]:
    return {(booking, number) for version in post["versions"] for booking, number in version["targets"]}


def _without_others(post: Row, told: set[tuple[str, int]]) -> Row:
    """Return a message without the buttons of bookings that are left out: an answer may have taken a message's place."""
    versions = [
        {**version, "targets": [one for one in version["targets"] if tuple(one) in told]} for version in post["versions"]
    ]
    return {**post, "versions": versions}


def _telling(past: Past) -> Iterator[str]:
    """Return bookings in which something occurs that is rare: some of each kind."""
    kinds: dict[tuple[object, ...], list[str]] = {}
    for row in past.deliveries.values():
        kinds.setdefault((row["kind"], row["status"], row["reason"]), []).append(row["booking_id"])
    for card in past.cards.values():
        how = (bool(card["ts"]), bool(card["given_up"]), card["rendered_version"] < card["wanted_version"])
        kinds.setdefault(how, []).append(card["booking_id"])
        if len(past.posted.get(card["id"], ())) > 1:
            kinds.setdefault(("repeated",), []).append(card["booking_id"])
    for key, life in past.lives.items():
        kinds.setdefault(("ended as", life.last.kind), []).append(key)
        if all(event.after.holds and event.after.end > past.settled for event in life.events):
            kinds.setdefault(("ahead",), []).append(key)
    for bookings in kinds.values():
        yield from (booking for booking in bookings[:OF_EACH] if booking)
    yield from islice((key.split(":")[1] for key in due.left_alone(past)), OF_EACH)
    expected = (due.reminders, due.endings, due.warnings, due.messages, due.histories)
    for kind in expected:
        alone = (one.keys[0].split(":") for one in kind(past) if len(one.keys) == 1)
        cards = {card: row["booking_id"] for card, row in past.cards.items()}
        yield from islice((cards.get(words[1], words[1]) for words in alone), OF_EACH)


def _tables(recording: Recording, chosen: set[str]) -> dict[str, list[Row]]:
    whole = recording.tables
    missed = [row for row in whole["waiting"] if row["status"] == "missed"][:OF_EACH]
    line = {row["id"]: row for row in [*missed, *whole["waiting"][:PLACES_IN_LINE]]}
    own = {
        "bookings": [row for row in whole["bookings"] if row["id"] in chosen],
        "events": [row for row in whole["events"] if row["booking_id"] in chosen],
        "cards": [row for row in whole["cards"] if row["booking_id"] in chosen],
        "deliveries": [
            row
            for row in whole["deliveries"]
            if row["booking_id"] in chosen or row["waiting_id"] in line or not (row["booking_id"] or row["waiting_id"])
        ],
        "waiting": list(line.values()),
    }
    return {**whole, **own}
