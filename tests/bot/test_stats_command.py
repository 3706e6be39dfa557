"""`bookroom stats`: words, JSON, CSV and pictures of the same figures."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from bot import cli
from tests.conftest import Database

Run = Callable[..., tuple[int, str, str]]

ROOMS = (
    "name,capacity,location,zone\nApollo,8,Berlin,Europe/Berlin\nCorner,4,Berlin,Europe/Berlin\nApollo,6,Tokyo,Asia/Tokyo\n"
)
# Rooms that are there since January, and two hours of Apollo in Berlin on the first two days of October 2025.
MEETINGS = """
SET session_replication_role = replica;
UPDATE rooms SET created_at = '2025-01-01Z';
INSERT INTO people (tenant_id, id, slack_team_id, slack_user_id, name)
    SELECT id, gen_random_uuid(), 'T1', 'U1', 'ana' FROM tenants;
INSERT INTO bookings (tenant_id, id, room_id, booked_by, start_time, end_time, attendees_count, status, created_at,
        updated_at)
    SELECT r.tenant_id, gen_random_uuid(), r.id, p.id, at, at + interval '1 hour', 2, 'ended', at - interval '3 days',
        at + interval '1 hour'
    FROM rooms r JOIN locations l ON l.id = r.location_id AND l.name = 'Berlin' CROSS JOIN people p
    CROSS JOIN unnest(ARRAY['2025-10-01 09:00+02', '2025-10-02 09:00+02']::timestamptz[]) AS at WHERE r.name = 'Apollo'
"""


@pytest.fixture
def bookroom(database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run the command line on an office of three rooms with two meetings."""
    monkeypatch.setenv("DATABASE_URL", database.app_url)

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["bookroom", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    file = tmp_path / "rooms.csv"
    file.write_text(ROOMS)
    assert run("rooms", "import", str(file))[0] == 0

    async def meet() -> None:
        connection = await asyncpg.connect(database.superuser_url)
        await connection.execute(MEETINGS)
        await connection.close()

    asyncio.run(meet())
    return run


OCTOBER = ("--from", "2025-10-01", "--to", "2025-10-31")


def test_the_figures_in_words(bookroom: Run) -> None:
    code, said, _ = bookroom("stats", *OCTOBER, "--room", "apollo", "--location", "Berlin")
    assert code == 0
    assert said.splitlines()[:2] == [
        "Figures of Apollo, Wed 1 Oct 2025 to Fri 31 Oct 2025",
        "  under 1 % of the open time was booked: 2 hours of 230 hours, in 2 meetings.",
    ]


def test_the_same_as_json_and_csv(bookroom: Run) -> None:
    found = json.loads(bookroom("stats", "--days", "2025-10", "--json")[1])
    assert (found["first"], found["last"], found["meetings"]) == ("2025-10-01", "2025-10-31", 2)
    assert found["use"]["booked_hours"] == 2
    assert found["booked_ahead"]["a day to a week"] == 2
    rows = list(csv.DictReader(io.StringIO(bookroom("stats", *OCTOBER, "--csv")[1])))
    assert [(row["location"], row["room"], row["booked_hours"]) for row in rows] == [
        ("Berlin", "Apollo", "2.0"),
        ("Tokyo", "Apollo", "0.0"),
        ("Berlin", "Corner", "0.0"),
    ]


def test_every_table_is_a_file_of_its_own(bookroom: Run) -> None:
    def table(name: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(bookroom("stats", *OCTOBER, "--csv", "--table", name)[1])))

    assert {row["location"]: row["booked_hours"] for row in table("locations")} == {"Berlin": "2.0", "Tokyo": "0.0"}
    assert sum(float(row["booked_hours"]) for row in table("weekdays")) == 2
    assert sum(float(row["booked_hours"]) for row in table("hours")) == 2
    assert {row["booked_ahead"]: row["meetings"] for row in table("ahead")}["a day to a week"] == "2"
    assert table("refused") == table("teams") == []
    assert bookroom("stats", *OCTOBER, "--csv", "--table", "people")[0] == 2


def test_pictures_go_into_a_folder(bookroom: Run, tmp_path: Path) -> None:
    code, _, told = bookroom("stats", *OCTOBER, "--json", "--plots", str(tmp_path / "new" / "plots"))
    assert code == 0
    made = sorted(path.name for path in (tmp_path / "new" / "plots").iterdir())
    assert made == ["hours.png", "rooms.png"]
    assert "Busiest: Thu 09:00" in told


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--room", "Zen"), 'There is no room "Zen".'),
        (("--room", "Apollo"), 'There are 2 rooms "Apollo": add --location.'),
        (("--location", "Paris"), 'There is no location "Paris".'),
    ],
)
def test_what_is_not_there_is_told(bookroom: Run, words: tuple[str, ...], sentence: str) -> None:
    assert bookroom("stats", *words) == (2, "", f"{sentence}\n")


@pytest.mark.parametrize("words", [("--from", "2025-10-01"), ("--days", "soon"), ("--json", "--csv")])
def test_what_cannot_be_meant_is_told(bookroom: Run, words: tuple[str, ...]) -> None:
    code, said, told = bookroom("stats", *words)
    assert (code, said) == (2, "")
    assert told
