"""Importing rooms and setting rules: all or nothing, every mistake named by its line, no meeting left without seats."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest

from core import checks, errors
from core.amenities import canonical
from core.ids import new_id
from core.models import KEEP, Opening
from core.policies import NAMES
from core.roomfile import COLUMNS
from core.rooms import ImportReport, RoomRow, Rooms, parse_csv
from tests.core.office import Office, at


@pytest.fixture
def rooms(office: Office) -> Rooms:
    return Rooms(office.db, office.catalogues)


async def facts(office: Office) -> dict[tuple[str, str], tuple[Any, ...]]:
    """Return what the catalogue says of each room."""
    catalogue = await office.catalogues.current()
    return {
        (catalogue.place_of(r).name, r.name): (
            r.capacity,
            r.floor,
            sorted(r.amenities),
            r.setup_minutes,
            r.teardown_minutes,
            r.active,
            r.version,
        )
        for r in catalogue.rooms
    }


FILE = '''\
name,capacity,location,zone,floor,amenities,setup_minutes,teardown_minutes,active
Apollo,8,Berlin,,3,"Beamer; White board, VC",10,5,yes
Zeus,4,berlin,,,,,,no

"Big ""Ben""",20,London,Europe/London,Ground,tv,0,0,
'''


# -- importing ---------------------------------------------------------------------------------------------------------


async def test_a_file_becomes_rooms_and_a_new_location_with_its_zone(office: Office, rooms: Rooms):
    report = await rooms.import_rows(parse_csv(FILE))

    assert report == ImportReport(created=3, updated=0, unchanged=0, locations_created=1)
    assert await facts(office) == {
        ("Berlin", "Apollo"): (8, "3", ["projector", "video", "whiteboard"], 10, 5, True, 1),
        ("Berlin", "Zeus"): (4, None, [], 0, 0, False, 1),
        ("London", 'Big "Ben"'): (20, "Ground", ["tv"], 0, 0, True, 1),
    }
    zones = {place.name: place.zone for place in (await office.catalogues.current()).locations}
    assert zones == {"Berlin": "Europe/Berlin", "London": "Europe/London", "Tokyo": "Asia/Tokyo"}


async def test_the_same_file_again_changes_nothing(office: Office, rooms: Rooms):
    await rooms.import_rows(parse_csv(FILE))
    before = await facts(office)
    assert await rooms.import_rows(parse_csv(FILE)) == ImportReport(unchanged=3)
    assert await facts(office) == before


async def test_a_room_is_found_by_location_and_name_whatever_their_case(office: Office, rooms: Rooms):
    await rooms.import_rows(parse_csv(FILE))
    report = await rooms.import_rows([RoomRow(name="APOLLO", location="BERLIN", capacity=9, amenities=frozenset({"tv"}))])
    assert report == ImportReport(updated=1)
    assert (await facts(office))["Berlin", "APOLLO"] == (9, "3", ["tv"], 10, 5, True, 2)


async def test_a_column_that_is_not_there_leaves_what_is_and_an_empty_cell_clears_it(office: Office, rooms: Rooms):
    await rooms.import_rows(parse_csv(FILE))
    await rooms.import_rows(parse_csv("location,name,capacity\nBerlin,Apollo,10"))
    assert (await facts(office))["Berlin", "Apollo"] == (10, "3", ["projector", "video", "whiteboard"], 10, 5, True, 2)
    await rooms.import_rows(parse_csv("location,name,capacity,floor,amenities,setup_minutes\nBerlin,Apollo,10,,,"))
    assert (await facts(office))["Berlin", "Apollo"] == (10, None, [], 0, 5, True, 3)


async def test_a_dry_run_says_what_would_happen_and_does_not_do_it(office: Office, rooms: Rooms):
    assert await rooms.import_rows(parse_csv(FILE), dry_run=True) == ImportReport(created=3, locations_created=1)
    assert await facts(office) == {}
    assert len((await office.catalogues.current()).locations) == 2


async def test_a_large_file_is_told_as_it_goes(office: Office, rooms: Rooms):
    has = frozenset({"tv"})
    rows = [RoomRow(name=f"Room {n}", location="Berlin", capacity=1 + n % 20, amenities=has) for n in range(450)]
    told: list[tuple[int, int]] = []
    report = await rooms.import_rows(rows, progress=lambda done, total: told.append((done, total)))
    assert report.created == 450
    assert told == [(200, 450), (400, 450), (450, 450)]
    assert len((await office.catalogues.current()).rooms) == 450


async def test_an_imported_room_can_be_booked_at_once(office: Office, rooms: Rooms):
    await office.catalogues.current()
    await rooms.import_rows([RoomRow(name="Apollo", location="Berlin", capacity=8)])
    assert (await office.book(None, at(10), attendees_count=8)).room.name == "Apollo"


BROKEN = """\
name,capacity,location,zone,setup_minutes,active
Apollo,0,Berlin,,,
Zeus,six,Berlin,,,
,4,Berlin,,,
Mars,4,,,,
apollo,3,BERLIN,,,
Venus,4,Berlin,Europe/Bärlin,,
Pluto,4,Berlin,,-5,
Ceres,4,Berlin,,,perhaps
Vesta,4,Berlin,,,yes,more
{long},4,Berlin,,,
Good,4,Berlin,,,
"""


async def test_every_mistake_of_a_file_is_named_by_its_line_and_nothing_is_imported(office: Office, rooms: Rooms):
    with pytest.raises(errors.InvalidImport) as refusal:
        await rooms.import_rows(parse_csv(BROKEN.format(long="x" * 81)))
    assert refusal.value.lines == (
        (2, "Capacity must be between 1 and 10000."),
        (3, 'capacity: "six" is no whole number.'),
        (4, "A room needs a name."),
        (5, "A room needs a location."),
        (6, "apollo in BERLIN stands on line 2 already."),
        (7, "There is no time zone Europe/Bärlin; one is written like Europe/Berlin."),
        (8, "Setup and teardown take between 0 and 1440 minutes."),
        (9, 'active: "perhaps" is neither yes nor no.'),
        (10, "There are 7 cells under 6 columns."),
        (11, "A name can have up to 80 characters."),
    )
    assert refusal.value.message == "10 lines are wrong. Nothing was imported."
    assert refusal.value.to_dict()["validationErrors"]["line 4"] == "A room needs a name."
    assert await facts(office) == {}


FILES = [
    ("", "The file is empty. Its first line names the columns."),
    ("name,capacity\nApollo,4", 'The column "location" is missing. Needed are name, capacity, location.'),
    (
        "name,capacity,location,colour\n",
        f'There is no column "colour". The columns are {", ".join(COLUMNS)}.',
    ),
    ("name,name,capacity,location\n", "A column stands there twice."),
    ('name,capacity,location\n"Apollo,4,Berlin\n', "The file is no proper CSV."),
]


@pytest.mark.parametrize(("text", "sentence"), FILES)
def test_a_file_that_is_no_list_of_rooms_is_refused_in_a_sentence(text: str, sentence: str):
    with pytest.raises(errors.InvalidImport) as refusal:
        parse_csv(text)
    assert refusal.value.message == sentence


@pytest.mark.parametrize(
    "text",
    [
        "name,capacity,location,amenities\nApollo,4,Berlin,tv;phone",
        "\ufeffname;capacity;location;amenities\r\nApollo;4;Berlin;tv,phone\r\n",
        " Capacity\tNAME\tLocation\tamenities\n\n4\t Apollo \tBerlin\t TV , , Speakerphone\n",
        'name,capacity,location,amenities\n"Apol\nlo",4,Berlin,"screen,conference  phone"'.replace("Apol\nlo", "Apollo"),
    ],
)
def test_files_as_spreadsheets_write_them_say_the_same(text: str):
    (row,) = parse_csv(text)
    assert (row.name, row.capacity, row.location, row.amenities) == ("Apollo", 4, "Berlin", frozenset({"tv", "phone"}))
    assert (row.floor, row.setup_minutes, row.active, row.zone) == (KEEP, KEEP, KEEP, None)


def test_lines_are_counted_past_blank_ones_and_cells_of_several_lines():
    rows = parse_csv('name,capacity,location\n\n"Apol\nlo",4,Berlin\nZeus,4,Berlin')
    assert [(row.name, row.line) for row in rows] == [("Apol lo", 3), ("Zeus", 5)]


async def test_a_new_location_needs_a_zone_and_one_location_has_but_one(office: Office, rooms: Rooms):
    with pytest.raises(errors.InvalidImport) as refusal:
        await rooms.import_rows(parse_csv("name,capacity,location\nApollo,4,Oslo"))
    assert refusal.value.lines == ((2, "Oslo is new: give its time zone, such as Europe/Berlin."),)
    text = "name,capacity,location,zone\nApollo,4,Oslo,Europe/Oslo\nZeus,4,Oslo,\nMars,4,oslo,Europe/Berlin"
    with pytest.raises(errors.InvalidImport) as refusal:
        await rooms.import_rows(parse_csv(text))
    assert refusal.value.lines == ((4, "oslo cannot be in Europe/Berlin and in Europe/Oslo."),)


async def test_a_zone_may_be_corrected_until_somebody_has_booked_there(office: Office, rooms: Rooms):
    def row(zone: str) -> list[RoomRow]:
        return [RoomRow(name="Apollo", location="Berlin", zone=zone, capacity=4)]

    await rooms.import_rows(row("Europe/Vienna"))
    assert (await office.catalogues.current()).location(office.berlin.id).zone == "Europe/Vienna"
    await office.book(None, at(10))
    with pytest.raises(errors.InvalidImport, match="wrong") as refusal:
        await rooms.import_rows(row("Europe/Berlin"))
    assert refusal.value.lines == ((1, "Berlin has meetings ahead; its time zone cannot change."),)


async def test_a_room_cannot_be_imported_smaller_than_a_meeting_ahead(office: Office, rooms: Rooms):
    await rooms.import_rows(parse_csv(FILE))
    await office.book(None, at(10), attendees_count=7)
    smaller = [
        RoomRow(name="Apollo", location="Berlin", capacity=6),
        RoomRow(name='Big "Ben"', location="London", capacity=2),
    ]
    for dry_run in (True, False):
        with pytest.raises(errors.InvalidImport) as refusal:
            await rooms.import_rows(smaller, dry_run=dry_run)
        assert refusal.value.lines == ((1, "Apollo has a meeting ahead with 7 people; it cannot shrink to 6."),)
    assert (await facts(office))["London", 'Big "Ben"'][0] == 20
    assert await rooms.import_rows([RoomRow(name="Apollo", location="Berlin", capacity=7)]) == ImportReport(updated=1)
    assert await checks.violations(office.db) == []


AMENITIES = {
    "projector": ["Beamer", "projector", " PROJECTOR "],
    "whiteboard": ["wb", "White Board", "white-board", "whiteboard"],
    "video": ["VC", "video conf", "video"],
    "phone": ["speakerphone", "Conference  phone", "phone"],
    "tv": ["Screen", "display", "monitor", "TV"],
    "wi-fi": ["Wi-Fi"],
}


def test_amenities_have_one_name_each():
    for name, words in AMENITIES.items():
        assert canonical(words) == {name}
    assert canonical(["", "  "]) == frozenset()


# -- rules -------------------------------------------------------------------------------------------------------------


async def test_the_nearest_scope_that_sets_a_rule_wins(office: Office, rooms: Rooms):
    apollo, zeus = await office.room("Apollo"), await office.room("Zeus")
    sakura = await office.room("Sakura", place=office.tokyo)
    await rooms.set_policy(longest_minutes=240, horizon_days=30, cutoff_on=True)
    await rooms.set_policy(location_id=office.berlin.id, longest_minutes=120, opening={"mon": ["08:00", "18:00"]})
    await rooms.set_policy(room_id=apollo.id, longest_minutes=60, cutoff_on=False, guests_may_book=True)

    catalogue = await office.catalogues.current()
    there = {room.name: catalogue.policy(room) for room in (apollo, zeus, sakura)}

    assert {name: p.longest_minutes for name, p in there.items()} == {"Apollo": 60, "Zeus": 120, "Sakura": 240}
    assert {name: p.cutoff_from for name, p in there.items()} == {"Apollo": None, "Zeus": time(17), "Sakura": time(17)}
    assert {p.horizon_days for p in there.values()} == {30}
    assert [p.guests_may_book for p in there.values()] == [True, False, False]
    assert there["Zeus"].opening[:2] == (Opening(opens=480, closes=1080), Opening(opens=0, closes=0))
    assert there["Sakura"].opening == (Opening(),) * 7


async def test_none_removes_a_rule_and_others_stay(office: Office, rooms: Rooms):
    apollo = await office.room("Apollo")
    await rooms.set_policy(longest_minutes=240)
    await rooms.set_policy(room_id=apollo.id, longest_minutes=60, horizon_days=3, cutoff_from="16:30")
    assert (await office.catalogues.current()).policy(apollo).cutoff_from == time(16, 30)

    await rooms.set_policy(room_id=apollo.id, longest_minutes=None, cutoff_from=None)

    policy = (await office.catalogues.current()).policy(apollo)
    assert (policy.longest_minutes, policy.horizon_days, policy.cutoff_from) == (240, 3, None)


async def test_what_is_set_is_listed_widest_scope_first(office: Office, rooms: Rooms):
    apollo = await office.room("Apollo")
    await rooms.set_policy(room_id=apollo.id, horizon_days=3)
    await rooms.set_policy(location_id=office.berlin.id, opening={"mon": ["08:00", "24:00"], "sun": None})
    await rooms.set_policy(shortest_minutes=10, cutoff_on=True, cutoff_from=time(16))
    await rooms.set_policy(location_id=office.tokyo.id, horizon_days=None)

    listed = [(scope.location, scope.room, dict(scope.rules)) for scope in await rooms.policies()]

    assert listed == [
        (None, None, {"shortest_minutes": 10, "cutoff_on": True, "cutoff_from": time(16)}),
        (office.berlin, None, {"opening": {"mon": ["08:00", "24:00"]}}),
        (None, apollo, {"horizon_days": 3}),
    ]


RULES: list[tuple[dict[str, Any], str]] = [
    ({"longest_minutes": 0}, "must be a whole number between 1 and 527040."),
    ({"shortest_minutes": "10"}, "must be a whole number between 1 and 527040."),
    ({"horizon_days": -1}, "must be a whole number between 0 and 3660."),
    ({"horizon_days": True}, "must be a whole number between 0 and 3660."),
    ({"cutoff_from": "25:00"}, "must be a time such as 17:00."),
    ({"cutoff_on": "yes"}, "must be yes or no."),
    ({"opening": {"monday": []}}, "there is no weekday 'monday'; they are mon, tue, wed, thu, fri, sat, sun."),
    ({"opening": {"mon": ["8", "18"]}}, 'mon needs two times such as "08:00" and "18:00".'),
    ({"opening": {"mon": "08:00-18:00"}}, 'mon needs two times such as "08:00" and "18:00".'),
    ({"opening": {"mon": ["18:00", "08:00"]}}, "mon closes before it opens."),
    ({"opening": ["mon"]}, "must name weekdays with their hours."),
    (
        {"colour": "red"},
        f"There is no such rule; the rules are {', '.join(NAMES)}.",
    ),
]


@pytest.mark.parametrize(("rule", "sentence"), RULES)
async def test_a_rule_that_makes_no_sense_is_refused_by_name(rooms: Rooms, rule: dict[str, Any], sentence: str):
    with pytest.raises(errors.InvalidPolicy) as refusal:
        await rooms.set_policy(**rule)
    assert refusal.value.fields == {next(iter(rule)): sentence}
    assert await rooms.policies() == ()


async def test_rules_that_contradict_each_other_or_concern_nothing_are_refused(office: Office, rooms: Rooms):
    apollo = await office.room("Apollo")
    await rooms.set_policy(shortest_minutes=30)
    with pytest.raises(errors.InvalidPolicy):
        await rooms.set_policy(longest_minutes=20)
    with pytest.raises(errors.InvalidPolicy):
        await rooms.set_policy(location_id=office.berlin.id, room_id=apollo.id, horizon_days=3)
    with pytest.raises(errors.LocationNotFound):
        await rooms.set_policy(location_id=new_id(), horizon_days=3)
    with pytest.raises(errors.RoomNotFound):
        await rooms.set_policy(room_id=new_id(), horizon_days=3)
    (only,) = await rooms.policies()
    assert dict(only.rules) == {"shortest_minutes": 30}
