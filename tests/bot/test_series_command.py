"""`bookroom series`: listed, previewed, booked, changed, cancelled, renewed and taken back from the command line."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bot import cli
from core.models import Room, Slot
from tests.core.furnished import lendable
from tests.core.office import Office, opened

Run = Callable[..., Awaitable[tuple[int, str]]]
# Far enough away that no date of it is over, whatever day the tests run on.
FIRST = date.today() + timedelta(days=14)  # noqa: DTZ011 - the office keeps UTC, a day more or less does not matter
FIRST += timedelta(days=(1 - FIRST.weekday()) % 7)
SENTENCE = f'every tuesday from {FIRST} 10:00-11:00 for 4 weeks in Apollo "Planning"'
DATES = [FIRST + timedelta(weeks=n) for n in range(4)]


@pytest.fixture
async def office(database: Any) -> AsyncIterator[Office]:
    """An office on the machine's own clock, as the command line has it."""
    async with opened(database) as made:
        made.clock.set(datetime.now(UTC))
        yield made


@pytest.fixture
async def apollo(office: Office) -> Room:
    """A room that everybody may book, and one that may stand in for it."""
    await office.room("Big Ben", seats=6)
    return await office.room("Apollo", seats=4)


@pytest.fixture
def bookroom(database: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line."""
    monkeypatch.setenv("DATABASE_URL", database.app_url)

    async def run(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["bookroom", "series", *words])
        with pytest.raises(SystemExit) as ended:
            await asyncio.to_thread(cli.main)  # it has an event loop of its own
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out + told.err

    return run


async def told(run: Run, *words: str) -> Any:
    """Return what a command answers as JSON."""
    code, said = await run(*words, "--json")
    assert code == 0, said
    return json.loads(said)


async def taken(office: Office, room: Room, day: date) -> None:
    """Let Bob have the room on a day, when the series would."""
    start = datetime(day.year, day.month, day.day, 10, tzinfo=room_zone(office)).astimezone(UTC)
    await office.book(room, Slot(start=start, end=start + timedelta(hours=1)), by=office.bob, title="Faster")


def room_zone(office: Office) -> Any:
    """Return the zone in which the rooms are."""
    return office.berlin.tz


async def test_a_series_is_previewed_and_then_booked(office: Office, apollo: Room, bookroom: Run):
    shown = await told(bookroom, "preview", SENTENCE, "--by", "Uana")
    assert (shown["rooms"], shown["free"], shown["clashes"]) == (["Apollo"], 4, 0)
    assert [one["on"] for one in shown["dates"]] == [str(day) for day in DATES]
    assert await told(bookroom, "list") == []

    code, said = await bookroom("book", SENTENCE, "--by", "Uana")

    assert code == 0
    assert said.startswith(
        f"Booked 4 dates, {DATES[0]} to {DATES[-1]}: Apollo, every Tuesday, 10:00-11:00 (Europe/Berlin), ana"
    )
    (one,) = await told(bookroom, "list")
    assert (one["booker"], one["title"], one["ahead"], one["last_on"]) == ("ana", "Planning", 4, str(DATES[-1]))
    assert {row["surface"] for row in await office.rows("SELECT surface FROM events")} == {"cli"}
    view = await told(bookroom, "show", one["id"])
    assert [date_["on"] for date_ in view["dates"]] == [str(day) for day in DATES]
    assert view["skipped"] == []


async def test_the_list_is_of_one_person_or_one_room(office: Office, apollo: Room, bookroom: Run):
    await told(bookroom, "book", SENTENCE, "--by", "Uana")

    assert len(await told(bookroom, "list", "--by", "Uana", "--room", "apollo")) == 1
    assert await told(bookroom, "list", "--by", "Ubob") == []
    assert await told(bookroom, "list", "--room", "Big Ben") == []
    assert await bookroom("list", "--room", "Big Ben") == (0, "There are no series.\n")


async def test_nothing_is_booked_while_a_date_is_taken_and_nobody_says_what_then(
    office: Office, apollo: Room, bookroom: Run
):
    await taken(office, apollo, DATES[1])

    code, said = await bookroom("book", SENTENCE, "--by", "Uana")

    assert code == 2
    assert "Nothing was booked, since not every date is free." in said
    assert f'{DATES[1]} 10:00-11:00: taken ("Faster"). Big Ben is free then.' in said
    code, said = await bookroom("book", SENTENCE, "--by", "Uana", "--json")
    assert (code, json.loads(said)["dates"][1]["other_rooms"]) == (2, ["Big Ben"])
    assert await told(bookroom, "list") == []


@pytest.mark.parametrize(
    ("options", "booked"),
    [
        (["--clashes", "skip"], ["Apollo", None, "Apollo", "Apollo"]),
        (["--clashes", "other-room"], ["Apollo", "Big Ben", "Apollo", "Apollo"]),
        (["--skip", str(DATES[1])], ["Apollo", None, "Apollo", "Apollo"]),
        (["--other-room", str(DATES[1]), "--skip", str(DATES[2])], ["Apollo", "Big Ben", None, "Apollo"]),
        (["--at", f"{DATES[1]}=14:00"], ["Apollo"] * 4),
        (["--one-room", "Big Ben"], ["Big Ben"] * 4),
    ],
)
async def test_what_becomes_of_dates_that_are_taken_is_said_beforehand(
    office: Office, apollo: Room, bookroom: Run, options: list[str], booked: list[str | None]
):
    await taken(office, apollo, DATES[1])

    made = await told(bookroom, "book", SENTENCE, "--by", "Uana", *options)

    rooms = {one["on"]: one["rooms"][0] for one in made["booked"]}
    assert [rooms.get(str(day)) for day in DATES] == booked
    assert [one["on"] for one in made["skipped"]] == [str(day) for day in DATES if str(day) not in rooms]
    hours = {one["on"]: datetime.fromisoformat(one["start"]).astimezone(office.berlin.tz).hour for one in made["booked"]}
    assert set(hours.values()) - {10} == ({14} if "--at" in options else set())


async def test_a_rule_takes_the_place_of_what_the_sentence_says(office: Office, apollo: Room, bookroom: Run):
    rule = "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;COUNT=3"

    made = await told(bookroom, "book", f"{FIRST} 9:00-9:30 in Apollo", "--rule", rule, "--by", "Uana")

    assert [one["on"] for one in made["booked"]] == [str(FIRST + timedelta(weeks=n)) for n in (0, 2, 4)]
    assert made["series"]["rule"] == rule


async def test_dates_are_changed_from_one_on_and_put_back(office: Office, apollo: Room, bookroom: Run):
    series = (await told(bookroom, "book", SENTENCE, "--by", "Uana"))["series"]["id"]

    done = await told(
        bookroom, "change", series, "--from", str(DATES[2]), "--time", "13:30", "--title", "Review", "--by", "Uana"
    )

    assert [one["after"]["on"] for one in done["changed"]] == [str(day) for day in DATES[2:]]
    assert done["split_from"] == series
    assert (done["series"]["time"], done["series"]["title"]) == ("13:30", "Review")
    assert len(await told(bookroom, "list")) == 2
    await told(bookroom, "undo", done["operation"], "--by", "Uana")
    mine = await office.bookings.mine(office.ana)
    assert {one.title for one in mine} == {"Planning"}


async def test_a_change_that_clashes_changes_nothing_until_it_is_said_what_then(office: Office, apollo: Room, bookroom: Run):
    series = (await told(bookroom, "book", SENTENCE, "--by", "Uana"))["series"]["id"]
    big_ben = next(one for one in (await office.catalogues.current()).rooms if one.name == "Big Ben")
    await taken(office, big_ben, DATES[3])
    change = ("change", series, "--room", "Big Ben", "--by", "Uana")

    code, said = await bookroom(*change)
    assert (code, "Nothing was changed" in said) == (2, True)

    done = await told(bookroom, *change, "--clashes", "skip")
    assert [one["on"] for one in done["given_up"]] == [str(DATES[3])]
    assert {one.room.name for one in await office.bookings.mine(office.ana)} == {"Big Ben"}


async def test_dates_are_cancelled_by_scope_or_range(office: Office, apollo: Room, bookroom: Run):
    series = (await told(bookroom, "book", SENTENCE, "--by", "Uana"))["series"]["id"]

    code, said = await bookroom("cancel", series, "--from", str(DATES[1]), "--to", str(DATES[2]), "--by", "Uana")
    assert code == 0
    assert said.startswith(f"Cancelled 2 dates, {DATES[1]} to {DATES[2]}: Apollo, every Tuesday")
    done = await told(bookroom, "cancel", series, "--only", str(DATES[0]), "--by", "Uana")
    assert [one["after"]["status"] for one in done["changed"]] == ["cancelled"]
    await told(bookroom, "cancel", series, "--by", "Uana", "--reason", "We are done")
    assert await office.bookings.mine(office.ana) == ()
    assert await told(bookroom, "list") == []


async def test_rights_and_versions_hold_on_the_command_line_too(office: Office, apollo: Room, bookroom: Run):
    series = (await told(bookroom, "book", SENTENCE, "--by", "Uana"))["series"]["id"]

    code, said = await bookroom("cancel", series, "--by", "Ubob")
    assert code == 2, said
    await told(bookroom, "change", series, "--title", "Once", "--version", "1", "--by", "Uana")
    code, said = await bookroom("change", series, "--title", "Twice", "--version", "1", "--by", "Uana")
    assert (code, "changed this series" in said) == (2, True), said
    assert {one.title for one in await office.bookings.mine(office.ana)} == {"Once"}


async def test_a_series_is_renewed_as_long_again(office: Office, apollo: Room, bookroom: Run):
    series = (await told(bookroom, "book", SENTENCE, "--by", "Uana"))["series"]["id"]

    made = await told(bookroom, "renew", series, "--by", "Uana")

    assert [one["on"] for one in made["booked"]] == [str(FIRST + timedelta(weeks=n)) for n in range(4, 8)]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["book", SENTENCE, "--by", "Unobody"], "Nobody is known here"),
        (["book", f"{FIRST} 10:00-11:00 in Apollo", "--by", "Uana"], "how often"),
        (["book", SENTENCE, "--skip", "2020-01-01", "--by", "Uana"], "no date on 2020-01-01"),
        (["book", SENTENCE, "--at", "tomorrow", "--by", "Uana"], "is not written like"),
        (["preview", "every blue moon", "--by", "Uana"], ""),
    ],
)
async def test_what_cannot_be_understood_is_told_and_books_nothing(
    office: Office, apollo: Room, bookroom: Run, words: list[str], why: str
):
    code, said = await bookroom(*words)

    assert code == 2
    assert why in " ".join(said.replace("│", " ").split())
    assert await office.bookings.mine(office.ana) == ()


async def test_dates_go_to_another_day_with_other_rooms_and_things_beside(office: Office, apollo: Room, bookroom: Run):
    series = (await told(bookroom, "book", SENTENCE, "--by", "Uana"))["series"]["id"]
    await lendable(office)
    to = DATES[1] + timedelta(days=1)

    done = await told(
        bookroom,
        *("change", series, "--from", str(DATES[1]), "--day", str(to), "--by", "Uana"),
        *("--more-room", "Big Ben", "--equipment", "projector=2"),
    )

    later = done["series"]
    assert [one["after"]["on"] for one in done["changed"]] == [str(day + timedelta(days=1)) for day in DATES[1:]]
    assert (later["rooms"], later["equipment"]) == (["Apollo", "Big Ben"], {"Projector": 2})
    assert [len(one.rooms) for one in await office.bookings.mine(office.ana)] == [1, 2, 2, 2]

    done = await told(bookroom, "change", later["id"], "--more-room", "", "--equipment", "", "--by", "Uana")
    assert (done["series"]["rooms"], done["series"]["equipment"]) == (["Apollo"], {})


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("--day", str(DATES[1])), "Say with --from or --only which date goes there."),
        (("--more-room", "Nowhere"), "There is no room 'Nowhere'"),
        (("--equipment", "projector=2"), "There is no equipment 'projector'"),
    ],
)
async def test_a_change_that_cannot_be_understood_changes_nothing(
    office: Office, apollo: Room, bookroom: Run, typed: tuple[str, ...], said: str
):
    series = (await told(bookroom, "book", SENTENCE, "--by", "Uana"))["series"]["id"]

    code, answered = await bookroom("change", series, *typed, "--by", "Uana")

    assert (code, said in " ".join(answered.split())) == (2, True), answered
