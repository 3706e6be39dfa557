"""The commands of whoever lays down the rules: policies, rights, groups, quotas, closures and holidays."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot import cli
from tests.conftest import Database

Run = Callable[..., tuple[int, str, str]]

ROOMS = """name,capacity,location,zone
Apollo,8,New York,America/New_York
Boardroom,20,New York,America/New_York
Kiez,4,Berlin,Europe/Berlin
"""


@pytest.fixture
def bookroom(database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run the command line on the test's database with three rooms; gives the exit code and both outputs."""
    monkeypatch.setenv("DATABASE_URL", database.app_url)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["bookroom", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    path = tmp_path / "rooms.csv"
    path.write_text(ROOMS)
    assert run("rooms", "import", str(path))[0] == 0
    return run


def read(answer: tuple[int, str, str]) -> Any:
    """Return what a command printed as JSON."""
    code, out, err = answer
    assert (code, err) == (0, "")
    return json.loads(out)


def test_rules_are_set_for_a_group_rehearsed_shown_and_undone(bookroom: Run) -> None:
    assert bookroom("groups", "create", "Sales") == (0, "Sales is there.\n", "")
    everybody = ("--notice", "60", "--holidays", "de-be", "--one-at-a-time", "--approval", "--setup", "5")
    change = read(bookroom("policies", "set", "--room", "boardroom", *everybody, "--json"))["change"]
    assert bookroom("policies", "set", "--group", "sales", "--longest", "600", "--no-approval") == (0, "Set.\n", "")

    assert bookroom("policies", "list")[1].splitlines() == [
        "Everywhere, for Sales",
        "  longest: 600 minutes",
        "  approval: no",
        "Room Boardroom",
        "  notice: 60 minutes",
        "  one-at-a-time: yes",
        "  setup: 5 minutes",
        "  approval: yes",
        "  holidays: DE-BE",
    ]
    scopes = read(bookroom("policies", "list", "--json"))
    assert scopes[0] == {
        "location": None,
        "room": None,
        "group": "Sales",
        "rules": {"longest_minutes": 600, "approval": False},
    }
    assert (scopes[1]["location"], scopes[1]["room"]) == ("New York", "Boardroom")

    rehearsed = read(bookroom("policies", "rehearse", "--longest", "30", "--json"))
    assert (rehearsed["days"], rehearsed["bookings"], rehearsed["refused"], rehearsed["examples"]) == (90, 0, 0, [])
    assert bookroom("policies", "rehearse", "--longest", "30")[1].splitlines() == [
        "Of 0 bookings in the last 90 days, 0 would have been refused.",
        "Nothing was changed.",
    ]

    latest = bookroom("policies", "history")[1].splitlines()[0]
    assert "command line, everywhere, for Sales: approval none -> False, longest_minutes none -> 600" in latest
    assert bookroom("policies", "undo") == (0, "Taken back.\n", "")
    assert bookroom("policies", "undo", change)[1] == "Taken back.\n"
    assert bookroom("policies", "list")[1] == ""
    assert [one["action"] for one in read(bookroom("policies", "history", "--json"))] == [
        "undone",
        "undone",
        "changed",
        "changed",
    ]


def test_rights_are_given_rehearsed_and_taken(bookroom: Run) -> None:
    assert bookroom("rights", "list")[1] == "No rights are given: everybody books every room.\n"
    assert bookroom("rights", "give", "book", "--room", "boardroom", "--person", "U1", "--team", "T1")[1] == "Given.\n"
    bookroom("groups", "create", "Facilities", "U2", "--team", "T1")
    bookroom("rights", "give", "manage", "--location", "new york", "--group", "facilities")

    given = read(bookroom("rights", "list", "--json"))

    assert [(one["right"], one["location"], one["room"], one["holder"], one["kind"]) for one in given] == [
        ("manage", "New York", None, "Facilities", "group"),
        ("book", "New York", "Boardroom", "U1", "person"),
    ]
    assert [line.split("  ")[1] for line in bookroom("rights", "list")[1].splitlines()] == [
        "manage: New York, Facilities",
        "book: Boardroom, U1",
    ]
    assert bookroom("rights", "take", given[0]["id"], "--rehearse")[1].endswith("Nothing was changed.\n")
    assert read(bookroom("rights", "give", "book", "--rehearse", "--json"))["refused"] == 0
    assert len(read(bookroom("rights", "list", "--json"))) == 2
    assert bookroom("rights", "take", given[0]["id"])[1] == "Taken back.\n"
    assert len(read(bookroom("rights", "list", "--json"))) == 1


def test_groups_are_filled_renamed_and_removed(bookroom: Run) -> None:
    bookroom("groups", "create", "Sales", "U1", "U2", "--team", "T1")
    assert bookroom("groups", "add", "sales", "U2", "U3", "--team", "T1")[1] == "1 added.\n"
    assert bookroom("groups", "take-out", "sales", "U1", "--team", "T1")[1] == "1 taken out.\n"
    assert bookroom("groups", "members", "Sales")[1] == "U2 (U2)\nU3 (U3)\n"
    assert bookroom("groups", "rename", "Sales", "Sellers")[1] == "It is called Sellers now.\n"
    assert bookroom("groups", "list")[1] == "Sellers: 2 people\n"
    assert read(bookroom("groups", "list", "--json"))[0]["people"] == 2
    assert bookroom("groups", "remove", "sellers")[1] == "Removed.\n"
    assert bookroom("groups", "list")[1] == "There are no groups.\n"


def test_quotas_are_set_rehearsed_listed_and_removed(bookroom: Run) -> None:
    bookroom("groups", "create", "Sales")
    assert bookroom("quotas", "set", "--count", "3")[1] == "Set.\n"
    bookroom("quotas", "set", "--hours", "4.5", "--per", "day", "--room", "apollo", "--group", "sales", "--together")
    assert [line.split("  ")[1] for line in bookroom("quotas", "list")[1].splitlines()] == [
        "3 bookings a week, everybody",
        "4 h 30 min a day in Apollo, Sales together",
    ]
    assert bookroom("quotas", "set", "--count", "1", "--per", "month", "--rehearse")[1].endswith("Nothing was changed.\n")
    first, second = read(bookroom("quotas", "list", "--json"))
    assert (second["measure"], second["most"], second["group"], second["room"]) == ("minutes", 270, "Sales", "Apollo")
    assert bookroom("quotas", "remove", first["id"])[1] == "Removed.\n"
    assert len(read(bookroom("quotas", "list", "--json"))) == 1


def test_closures_are_added_on_the_places_clock_shown_and_lifted(bookroom: Run) -> None:
    words = ("--from", "2040-11-26", "--until", "2040-11-27", "--location", "new york", "--reason", "Thanksgiving")
    assert bookroom("closures", "add", *words) == (0, "Closed. 0 bookings in the way.\n", "")
    bookroom("closures", "add", "--from", "2040-12-01T08:00", "--until", "2040-12-01T12:30", "--room", "kiez")

    office, room = read(bookroom("closures", "list", "--json"))

    assert (office["start"], office["end"]) == ("2040-11-26T05:00:00+00:00", "2040-11-28T05:00:00+00:00")
    assert (room["start"], room["room"], room["location"]) == ("2040-12-01T07:00:00+00:00", "Kiez", "Berlin")
    assert [line.split("  ")[1] for line in bookroom("closures", "list")[1].splitlines()] == [
        "New York: 2040-11-26 00:00 to 2040-11-28 00:00 (America/New_York), Thanksgiving",
        "Kiez: 2040-12-01 08:00 to 2040-12-01 12:30 (Europe/Berlin)",
    ]
    assert bookroom("closures", "affected", office["id"])[1] == "No booking is in the way.\n"
    assert bookroom("closures", "lift", office["id"])[1] == "Open again.\n"
    assert len(read(bookroom("closures", "list", "--json"))) == 1


def test_holidays_are_listed_added_worked_on_and_forgotten(bookroom: Run) -> None:
    assert bookroom("holidays", "list", "berlin", "--year", "2040")[1].startswith("There are none: set a country")
    bookroom("policies", "set", "--location", "berlin", "--holidays", "DE-BE")
    assert bookroom("holidays", "add", "berlin", "2040-12-24", "Christmas Eve")[1] == "Added.\n"
    assert bookroom("holidays", "work", "berlin", "2040-12-26")[1] == "People can book on that day.\n"

    lines = bookroom("holidays", "list", "berlin", "--year", "2040")[1].splitlines()

    assert lines[-3:] == [
        "Mon 2040-12-24  Christmas Eve *",
        "Tue 2040-12-25  Christmas Day",
        "Wed 2040-12-26  Second Day of Christmas (open) *",
    ]
    assert bookroom("holidays", "forget", "berlin", "2040-12-24")[1] == "Taken back.\n"
    days = read(bookroom("holidays", "list", "berlin", "--year", "2040", "--json"))
    assert days[-1] == {"date": "2040-12-26", "name": "Second Day of Christmas", "closed": False, "own": True}
    assert "2040-12-24" not in {one["date"] for one in days}


WRONG: list[tuple[list[str], str]] = [
    (["policies", "set", "--holidays", "XX"], "There are no holidays for 'XX'."),
    (["policies", "set", "--group", "nobody", "--longest", "10"], "There is no group 'nobody'; there are: none yet."),
    (["policies", "set", "--approval-hours", "0"], "must be a whole number between 1 and 87840"),
    (["policies", "undo"], "No rule was ever changed."),
    (["policies", "rehearse"], "Name at least one rule to set"),
    (["policies", "rehearse", "--room", "nowhere", "--longest", "10"], "There is no room 'nowhere'"),
    (["rights", "give", "fly"], "There is no right 'fly'; there are: book, request, override, manage, approve."),
    (["rights", "give", "approve"], "Name who approves: a person or a group."),
    (["rights", "give", "book", "--person", "ana"], "'ana' is no member ID: it looks like U024BE7LH."),
    (["rights", "take", "00000000-0000-7000-8000-000000000009"], "That right is not given"),
    (["groups", "create", " "], "A group needs a name of up to 80 characters."),
    (["quotas", "set"], "Say either --count or --hours."),
    (["quotas", "set", "--count", "3", "--per", "year"], "There is no period 'year'; there are: day, week, month."),
    (["quotas", "set", "--count", "3", "--together"], "Name the group that shares it."),
    (["closures", "add", "--from", "soon", "--until", "2040-01-01"], "'soon' is no time"),
    (["closures", "add", "--from", "2040-01-02", "--until", "2040-01-01T08:00"], "would end before it starts"),
    (["closures", "lift", "00000000-0000-7000-8000-000000000009"], "That closure does not exist."),
    (["holidays", "work", "berlin", "2040-12-24"], "2040-12-24 is no holiday there."),
    (["holidays", "add", "atlantis", "2040-12-24", "X"], "There is no location 'atlantis'"),
]


@pytest.mark.parametrize(("words", "said"), WRONG)
def test_what_cannot_be_meant_is_told_with_exit_code_two(bookroom: Run, words: list[str], said: str) -> None:
    code, out, err = bookroom(*words)
    assert (code, out) == (2, "")
    assert said in " ".join(err.replace("│", " ").split())
