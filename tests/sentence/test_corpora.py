"""The labelled corpora as a floor: how many rows must come out exactly."""

import json

import pytest
from dateutil.rrule import rrulestr

from handlers.sentence import from_jsonl
from tests.sentence.office import DATA

FIELDS = ("start", "end", "duration_min", "attendees", "amenities", "room", "title", "location", "default_duration")


def rows(name):
    return [json.loads(line) for line in (DATA / name).read_text("utf-8").splitlines()]


def answer(text, now, tz, rooms):
    return json.loads(from_jsonl(json.dumps({"text": text, "now": now[:19], "tz": tz, "rooms": rooms})))


def occurrences(rule, start):
    if not rule:
        return None
    return [
        str(day)
        for _, day in zip(
            range(40), rrulestr(f"DTSTART:{start.replace('-', '').replace(':', '')}00\nRRULE:{rule}"), strict=False
        )
    ]


def agrees(want, got):
    if "error" in want:
        return got.get("error") == want["error"]
    if "error" in got:
        return False
    plain = all((got[field] or None) == (want.get(field) or None) for field in FIELDS)
    return plain and occurrences(got["recurrence"], got["start"]) == occurrences(want["recurrence"], want["start"])


def test_the_booking_corpus_is_read_exactly():
    rooms = json.loads((DATA / "rooms.json").read_text("utf-8"))
    wrong = [
        row["id"]
        for row in rows("booking.jsonl")
        if not agrees(row["expect"], answer(row["text"], row["now"], row["tz"], rooms))
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("name", "share"),
    [("external_chrono.jsonl", 0.9), ("external_duckling.jsonl", 0.97), ("external_msrecognizers.jsonl", 0.95)],
)
def test_other_projects_times_are_read_as_they_read_them(name, share):
    timed = [row for row in rows(name) if row["kind"] in ("datetime", "interval")]
    right = sum(hits(row, answer(row["text"], row["now"], "UTC", [])) for row in timed)
    assert right / len(timed) >= share


def hits(row, got):
    accepted = [(row["expect_start"], row["expect_end"])] + [(alt["start"], alt["end"]) for alt in row["alt"]]
    if row["kind"] == "datetime":
        return got.get("start") in [start for start, _ in accepted]
    return (got.get("start"), got.get("end")) in accepted
