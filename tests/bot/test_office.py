"""The commands of whoever looks after the rooms and the rules."""

import io
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from bot import cli
from bot.commands.policies import opening_from
from core.models import Policy
from tests.conftest import Database

Run = Callable[..., tuple[int, str, str]]

ROOMS = """name,capacity,location,zone,floor,amenities,setup_minutes,teardown_minutes,active
Apollo,8,New York,America/New_York,3,projector;whiteboard,0,0,yes
Kiez,4,Berlin,Europe/Berlin,,tv,5,10,yes
[red]Zen,1,New York,America/New_York,2,phone,0,0,no
"""


@pytest.fixture
def bookroom(database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line on the test's database; gives the exit code and both outputs."""
    monkeypatch.setenv("DATABASE_URL", database.app_url)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["bookroom", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rooms.csv"
    path.write_text(ROOMS)
    return path


def test_rooms_are_imported_and_listed(bookroom: Run, file: Path) -> None:
    assert bookroom("rooms", "import", str(file)) == (
        0,
        "Imported: 3 created, 0 changed, 0 as they were. New locations: 2.\n",
        "",
    )
    _, listed, _ = bookroom("rooms", "list")
    lines = [" ".join(line.split()) for line in listed.splitlines()]
    assert "Apollo 8 New York 3 projector, whiteboard" in lines
    assert "[red]Zen (out of use) 1 New York 2 phone" in lines


def test_what_is_listed_as_csv_can_be_imported_again(bookroom: Run, file: Path, tmp_path: Path) -> None:
    bookroom("rooms", "import", str(file))
    _, listed, _ = bookroom("rooms", "list", "--csv")
    again = tmp_path / "again.csv"
    again.write_text(listed)
    assert bookroom("rooms", "import", str(again))[1] == "Imported: 0 created, 0 changed, 3 as they were.\n"


def test_a_dry_run_says_what_would_change_and_changes_nothing(bookroom: Run, file: Path) -> None:
    _, said, _ = bookroom("rooms", "import", str(file), "--dry-run")
    assert said == "Would be imported: 3 created, 0 changed, 0 as they were. New locations: 2. Nothing was changed.\n"
    assert bookroom("rooms", "list")[1].startswith("There are no rooms yet")


def test_rooms_come_from_standard_input_too(bookroom: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xef\xbb\xbf" + ROOMS.encode())))
    assert bookroom("rooms", "import", "-")[1].startswith("Imported: 3 created")


def test_each_wrong_line_is_named(bookroom: Run, file: Path) -> None:
    file.write_text("name,capacity,location,zone\nA,many,Oslo,Europe/Oslo\nB,3,Oslo,Europe/Oslo\nC,0,Oslo,Mars/Base\n")
    code, out, said = bookroom("rooms", "import", str(file))
    assert (code, out) == (2, "")
    first, *lines = said.splitlines()
    assert "Nothing was imported." in first
    assert {line.split(":")[0] for line in lines} == {"  line 2", "  line 4"}
    assert bookroom("rooms", "list")[1].startswith("There are no rooms yet")


def test_a_file_in_another_encoding_is_read_and_told(bookroom: Run, file: Path) -> None:
    file.write_bytes("name,capacity,location,zone\nCafé,3,Oslo,Europe/Oslo\n".encode("latin-1"))
    code, out, said = bookroom("rooms", "import", "--json", str(file))
    assert code == 0
    assert json.loads(out)["created"] == 1
    assert said == f"{file} is not in UTF-8: it was read as Windows-1252.\n"
    assert "Café" in bookroom("rooms", "list")[1]


def test_a_workbook_is_no_list(bookroom: Run, file: Path) -> None:
    file.write_bytes(b"PK\x03\x04 workbook")
    code, _, said = bookroom("rooms", "import", str(file))
    assert code == 2
    assert "save the sheet as CSV" in said


def test_a_file_that_does_not_exist_is_told(bookroom: Run, tmp_path: Path) -> None:
    missing = tmp_path / "none.csv"
    assert bookroom("rooms", "import", str(missing)) == (2, "", f"Cannot read {missing}: No such file or directory.\n")


def test_rules_are_set_and_listed_by_scope(bookroom: Run, file: Path) -> None:
    bookroom("rooms", "import", str(file))
    everywhere = ("--opening", "mon-fri 8:00-18:00", "--longest", "240", "--no-guests")
    assert bookroom("policies", "set", *everywhere) == (0, "Set.\n", "")
    bookroom("policies", "set", "--location", "berlin", "--cutoff", "17:00", "--horizon", "30")
    bookroom("policies", "set", "--room", "apollo", "--shortest", "15", "--cutoff", "off")
    assert bookroom("policies", "list")[1].splitlines() == [
        "Everywhere",
        "  opening: mon 08:00-18:00, tue 08:00-18:00, wed 08:00-18:00, thu 08:00-18:00, fri 08:00-18:00",
        "  longest: 240 minutes",
        "  guests: no",
        "Location Berlin",
        "  horizon: 30 days",
        "  cutoff: 17:00",
        "Room Apollo",
        "  shortest: 15 minutes",
        "  cutoff: off",
    ]


def test_a_room_asks_for_check_in_with_its_own_times(bookroom: Run, file: Path) -> None:
    bookroom("rooms", "import", str(file))
    bookroom("policies", "set", "--location", "berlin", "--check-in", "--check-in-opens", "5", "--check-in-longest", "120")
    bookroom("policies", "set", "--room", "kiez", "--grace", "20", "--check-in-notice", "0")
    bookroom("policies", "set", "--room", "apollo", "--no-check-in")
    assert bookroom("policies", "list")[1].splitlines() == [
        "Location Berlin",
        "  check-in: yes",
        "  check-in-opens: 5 minutes",
        "  check-in-longest: 120 minutes",
        "Room Apollo",
        "  check-in: no",
        "Room Kiez",
        "  grace: 20 minutes",
        "  check-in-notice: 0 minutes",
    ]
    code, _, said = bookroom("policies", "set", "--room", "kiez", "--grace", "0")
    assert code == 2
    assert "check_in_grace_minutes: must be a whole number between 1 and 1440" in said


def test_every_room_in_use_has_a_link_for_its_door_that_stays(
    bookroom: Run, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bookroom("rooms", "doors")[1].startswith("There are no rooms yet")
    bookroom("rooms", "import", str(file))
    lines = bookroom("rooms", "doors")[1].splitlines()
    tokens = re.findall(r"^(.+): /door/([\w-]{22})$", "\n".join(lines), re.MULTILINE)
    assert [where for where, _ in tokens] == ["New York, Apollo", "Berlin, Kiez"]
    assert len({token for _, token in tokens}) == 2

    monkeypatch.setenv("PUBLIC_URL", "https://rooms.firm.com/")
    again = bookroom("rooms", "doors")[1].splitlines()
    assert again == [f"{where}: https://rooms.firm.com/door/{token}" for where, token in tokens]


def test_a_rule_can_be_taken_back(bookroom: Run) -> None:
    bookroom("policies", "set", "--longest", "240", "--horizon", "30")
    bookroom("policies", "set", "--clear", "longest")
    assert bookroom("policies", "list")[1] == "Everywhere\n  horizon: 30 days\n"


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ((), "at least one rule"),
        (("--opening", "always"), "mon-fri 08:00-18:00"),
        (("--opening", "mon 18:00-08:00"), "mon closes before it opens"),
        (("--longest", "0"), "longest_minutes"),
        (("--cutoff", "teatime"), "cutoff_from"),
        (("--clear", "everything"), "no rule 'everything'"),
        (("--longest", "5", "--location", "Paris"), "no location 'Paris'"),
        (("--longest", "5", "--room", "Atlantis"), "no room 'Atlantis'"),
    ],
)
def test_a_rule_that_cannot_be_set_is_told(bookroom: Run, words: tuple[str, ...], named: str) -> None:
    code, out, said = bookroom("policies", "set", *words)
    assert (code, out) == (2, "")
    assert named in " ".join(said.replace("│", "").split())
    assert bookroom("policies", "list")[1] == ""


def test_two_rooms_of_one_name_need_their_location(bookroom: Run, file: Path) -> None:
    file.write_text(f"{ROOMS}Apollo,3,Berlin,Europe/Berlin,,,0,0,yes\n")
    bookroom("rooms", "import", str(file))
    code, _, said = bookroom("policies", "set", "--room", "Apollo", "--longest", "60")
    assert code == 2
    assert "--location" in said
    assert bookroom("policies", "set", "--room", "Apollo", "--location", "Berlin", "--longest", "60")[0] == 0
    assert bookroom("policies", "list")[1] == "Room Apollo\n  longest: 60 minutes\n"


@pytest.mark.parametrize(
    ("words", "hours"),
    [
        ("mon 8:00-18:00", {"mon": ["08:00", "18:00"]}),
        ("Saturday 09:00 - 12:00", {"sat": ["09:00", "12:00"]}),
        # A range may go over the end of the week.
        ("sun-mon 10:00-24:00", {"sun": ["10:00", "24:00"], "mon": ["10:00", "24:00"]}),
        # What is said later about a day holds.
        ("mon-tue 8:00-18:00, tue 9:00-12:00", {"mon": ["08:00", "18:00"], "tue": ["09:00", "12:00"]}),
    ],
)
def test_opening_hours_are_read_from_words(words: str, hours: dict[str, list[str]]) -> None:
    assert opening_from(words) == hours


@pytest.mark.parametrize("words", ["", "mon", "mon 8-18", "abc 08:00-18:00", "mon 08:00-18:00 tue 08:00-18:00"])
def test_what_are_no_opening_hours_is_refused(words: str) -> None:
    with pytest.raises(typer.BadParameter):
        opening_from(words)


def test_the_help_tells_the_defaults_that_hold(bookroom: Run) -> None:
    code, said, _ = bookroom("policies", "set", "--help")
    said = " ".join(said.replace("│", " ").split())
    rules = Policy()
    assert code == 0
    assert f"The shortest booking; {rules.shortest_minutes} by default." in said
    assert f"The longest booking; {rules.longest_minutes} by default." in said
    assert f"How far ahead one may book; {rules.horizon_days} by default." in said
    assert rules.cutoff_from is None
    assert "today is closed; off by default." in said
    assert not rules.guests_may_book
    assert "Whether guests may book; not by default." in said
