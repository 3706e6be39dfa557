"""Which rule holds: the nearest scope's, a group's over everybody's there, of several groups' the most generous."""

from __future__ import annotations

from dataclasses import fields
from datetime import time
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import errors
from core.catalogue import Catalogue
from core.ids import new_id
from core.models import CheckIn, Location, Opening, Policy, Room
from tests.core.office import Office
from tests.core.ruling import Ruling

PLACES = [Location(id=new_id(), name=name, zone="UTC") for name in ("Berlin", "Tokyo")]
ROOMS = [Room(id=new_id(), name=f"Room {n}", location_id=PLACES[n % 2].id, capacity=4) for n in range(4)]
GROUPS = [new_id(), new_id(), new_id()]
HOURS = [(Opening(opens=opens, closes=closes),) * 7 for opens, closes in ((480, 1080), (540, 1200), (0, 0), (0, 1440))]

# -- the matrix --------------------------------------------------------------------------------------------------------

WIDTHS = ("all", "place", "room")


@pytest.mark.parametrize("general", list(product([False, True], repeat=3)))
@pytest.mark.parametrize("of_group", list(product([False, True], repeat=3)))
def test_the_nearest_scope_wins_and_a_groups_rule_within_it(general: tuple[bool, ...], of_group: tuple[bool, ...]):
    room = ROOMS[0]
    scopes = (None, room.location_id, room.id)
    minutes = {scope: 60 + 10 * width for width, scope in enumerate(scopes)}
    catalogue = Catalogue(
        rooms=tuple(ROOMS),
        locations=tuple(PLACES),
        rules={scope: {"longest_minutes": minutes[scope]} for scope, there in zip(scopes, general, strict=True) if there},
        group_rules={
            (scope, GROUPS[0]): {"longest_minutes": minutes[scope] + 1}
            for scope, there in zip(scopes, of_group, strict=True)
            if there
        },
    )

    expected = {False: Policy().longest_minutes, True: Policy().longest_minutes}
    for scope, everybody, group in zip(scopes, general, of_group, strict=True):
        if everybody:
            expected = dict.fromkeys(expected, minutes[scope])
        if group:
            expected[True] = minutes[scope] + 1
    assert catalogue.policy(room).longest_minutes == expected[False]
    assert catalogue.policy(room, frozenset({GROUPS[0], GROUPS[1]})).longest_minutes == expected[True]
    assert catalogue.policy(room, frozenset({GROUPS[2]})).longest_minutes == expected[False]


# What two groups of somebody say, and which of it holds.
GENEROUS: list[tuple[str, Any, Any, Any]] = [
    ("shortest_minutes", 30, 15, 15),
    ("longest_minutes", 30, 600, 600),
    ("horizon_days", 10, 400, 400),
    ("cutoff_from", time(16), time(18), time(18)),
    ("cutoff_from", time(16), None, None),
    ("guests_may_book", False, True, True),
    ("notice_minutes", 0, 60, 0),
    ("cancel_notice_minutes", 10, 60, 10),
    ("one_at_a_time", True, False, False),
    ("approval", True, False, False),
    ("approval_hours", 4, 48, 48),
    ("holidays_closed", True, False, False),
    ("opening", HOURS[0], HOURS[1], HOURS[1]),
    ("opening", HOURS[0], HOURS[2], HOURS[0]),
]


@pytest.mark.parametrize(("name", "one", "other", "holds"), GENEROUS)
def test_whoever_is_in_two_groups_has_the_more_generous_rule(name: str, one: Any, other: Any, holds: Any):
    catalogue = Catalogue(
        rooms=tuple(ROOMS),
        locations=tuple(PLACES),
        group_rules={(None, GROUPS[0]): {name: one}, (None, GROUPS[1]): {name: other}},
    )
    policy = catalogue.policy(ROOMS[0], frozenset(GROUPS))
    assert getattr(policy, name) == holds


# -- against a naive oracle --------------------------------------------------------------------------------------------

VALUES: dict[str, list[Any]] = {
    "shortest_minutes": [5, 15, 30],
    "longest_minutes": [60, 120, 480],
    "notice_minutes": [0, 60, 1440],
    "opening": HOURS,
    "cutoff_from": [None, time(16), time(17)],
    "one_at_a_time": [True, False],
    "approval": [True, False],
    "holidays_closed": [True, False],
}
BETTER = {
    "shortest_minutes": min,
    "longest_minutes": max,
    "notice_minutes": min,
    "opening": lambda weeks: max(weeks, key=lambda week: (week[0].closes - week[0].opens, -week[0].opens)),
    "cutoff_from": lambda hours: None if None in hours else max(hours),
    "one_at_a_time": min,
    "approval": min,
    "holidays_closed": min,
}
a_rule_set = st.fixed_dictionaries({}, optional={name: st.sampled_from(some) for name, some in VALUES.items()})
a_scope = st.sampled_from([None, *(place.id for place in PLACES), *(room.id for room in ROOMS)])


def oracle(room: Room, groups: frozenset[UUID], rules: dict[Any, Any], group_rules: dict[Any, Any], name: str) -> Any:
    """Look for one rule from the nearest scope outwards, as one would tell it to somebody."""
    for scope in (room.id, room.location_id, None):
        said = [group_rules[scope, group][name] for group in groups if name in group_rules.get((scope, group), {})]
        if said:
            return BETTER[name](said)
        if name in rules.get(scope, {}):
            return rules[scope][name]
    return getattr(Policy(), name)


@settings(max_examples=200, deadline=None)
@given(
    rules=st.dictionaries(a_scope, a_rule_set, max_size=7),
    group_rules=st.dictionaries(st.tuples(a_scope, st.sampled_from(GROUPS)), a_rule_set, max_size=10),
    groups=st.frozensets(st.sampled_from(GROUPS)),
)
def test_the_rules_in_force_are_those_that_a_naive_search_finds(
    rules: dict[Any, Any], group_rules: dict[Any, Any], groups: frozenset[UUID]
):
    catalogue = Catalogue(rooms=tuple(ROOMS), locations=tuple(PLACES), rules=rules, group_rules=group_rules)
    for room in ROOMS:
        # Twice: the second answer is remembered from the first.
        for _ in range(2):
            policy = catalogue.policy(room, groups)
            for name in VALUES:
                assert getattr(policy, name) == oracle(room, groups, rules, group_rules, name), name


# -- with a database ---------------------------------------------------------------------------------------------------

EVERY: dict[str, Any] = {
    "opening": {"mon": ["08:00", "18:00"]},
    "shortest_minutes": 10,
    "longest_minutes": 90,
    "horizon_days": 33,
    "cutoff_on": True,
    "cutoff_from": "16:30",
    "guests_may_book": True,
    "check_in": True,
    "check_in_opens_minutes": 5,
    "check_in_grace_minutes": 7,
    "check_in_longest_minutes": 100,
    "check_in_notice_minutes": 20,
    "notice_minutes": 60,
    "cancel_notice_minutes": 120,
    "one_at_a_time": True,
    "setup_minutes": 5,
    "teardown_minutes": 10,
    "details_hidden": True,
    "approval": True,
    "approval_hours": 48,
    "holidays_country": "DE-BE",
    "holidays_closed": False,
}
AS_READ: dict[str, Any] = {
    "opening": (Opening(opens=480, closes=1080), *(Opening(opens=0, closes=0),) * 6),
    "cutoff_from": time(16, 30),
    "check_in": CheckIn(opens=5, grace=7, longest=100, notice=20),
}


@pytest.fixture
def ruling(office: Office) -> Ruling:
    return Ruling.of(office)


@pytest.mark.parametrize("width", WIDTHS)
async def test_every_rule_can_be_set_at_every_scope_read_noted_and_undone(office: Office, ruling: Ruling, width: str):
    boardroom = await office.room("Boardroom")
    scope = {"place": {"location_id": office.berlin.id}, "room": {"room_id": boardroom.id}}.get(width, {})
    change = await ruling.rooms.set_policy(**scope, **EVERY, by=office.boss)  # type: ignore[arg-type]
    assert change is not None

    policy = (await office.catalogues.current()).policy(boardroom)

    wanted = {one.name: AS_READ.get(one.name, EVERY.get(one.name)) for one in fields(Policy)}
    assert {one.name: getattr(policy, one.name) for one in fields(Policy)} == wanted
    (listed,) = await ruling.rooms.policies()
    assert {**listed.rules, "cutoff_from": "16:30"} == EVERY
    (entry,) = await ruling.audit.entries()
    assert (entry.subject, entry.action, entry.actor_name, entry.surface) == ("policy", "changed", "boss", "slack")
    assert entry.name == {"all": "everywhere", "place": "Berlin", "room": "Boardroom"}[width]
    assert entry.before == dict.fromkeys(EVERY)
    assert entry.after == EVERY

    undone = await ruling.audit.undo(change, by=office.boss)
    assert (await office.catalogues.current()).policy(boardroom) == Policy()
    await ruling.audit.undo(undone)
    assert {**(await ruling.rooms.policies())[0].rules, "cutoff_from": "16:30"} == EVERY
    trail = [(one.action, one.actor_name, one.undoes) for one in await ruling.audit.entries()]
    assert trail == [("undone", "command line", undone), ("undone", "boss", change), ("changed", "boss", None)]


async def test_only_what_is_different_is_noted_and_undone(office: Office, ruling: Ruling):
    await ruling.rooms.set_policy(longest_minutes=60, horizon_days=30)
    assert await ruling.rooms.set_policy(longest_minutes=60) is None
    change = await ruling.rooms.set_policy(longest_minutes=90, horizon_days=30, cutoff_from="17:00")
    latest = (await ruling.audit.entries(limit=1))[0]
    assert latest.differences == {"longest_minutes": (60, 90), "cutoff_from": (None, "17:00"), "cutoff_on": (None, True)}

    assert change is not None
    await ruling.audit.undo(change)

    assert dict((await ruling.rooms.policies())[0].rules) == {"longest_minutes": 60, "horizon_days": 30}


async def test_what_was_changed_again_since_is_not_undone(office: Office, ruling: Ruling):
    change = await ruling.rooms.set_policy(longest_minutes=60)
    await ruling.rooms.set_policy(longest_minutes=90)
    assert change is not None
    with pytest.raises(errors.NothingToUndo, match="changed again since"):
        await ruling.audit.undo(change)
    with pytest.raises(errors.NothingToUndo, match="not known"):
        await ruling.audit.undo(new_id())
    crew = await ruling.groups.create("Crew")
    (made,) = [one for one in await ruling.audit.entries() if one.subject_id == crew.id]
    with pytest.raises(errors.NothingToUndo, match="Only changes of rules"):
        await ruling.audit.undo(made.id)
    assert dict((await ruling.rooms.policies())[0].rules) == {"longest_minutes": 90}


async def test_a_groups_rules_are_its_own(office: Office, ruling: Ruling):
    boardroom = await office.room("Boardroom")
    crew = await ruling.group("Crew", office.bob)
    await ruling.rooms.set_policy(longest_minutes=60)
    await ruling.rooms.set_policy(longest_minutes=240, group_id=crew.id)

    catalogue = await office.catalogues.current()
    assert catalogue.policy(boardroom).longest_minutes == 60
    assert catalogue.policy(boardroom, (await ruling.anew(office.bob)).groups).longest_minutes == 240
    assert [scope.name for scope in await ruling.rooms.policies()] == ["everywhere", "everywhere, for Crew"]

    await ruling.groups.remove(crew.id)
    assert [scope.name for scope in await ruling.rooms.policies()] == ["everywhere"]
    assert (await ruling.anew(office.bob)).groups == frozenset()


@pytest.mark.parametrize(
    "rule",
    [
        {"check_in": True},
        {"check_in_grace_minutes": 5},
        {"setup_minutes": 5},
        {"teardown_minutes": 5},
        {"details_hidden": True},
        {"holidays_country": "DE"},
    ],
)
async def test_rules_of_rooms_are_not_set_for_a_group(ruling: Ruling, rule: dict[str, Any]):
    crew = await ruling.groups.create("Crew")
    with pytest.raises(errors.InvalidPolicy) as refusal:
        await ruling.rooms.set_policy(group_id=crew.id, **rule)
    said = "This is a rule of rooms, whoever books them; it cannot be set for a group."
    assert refusal.value.fields == dict.fromkeys(rule, said)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"notice_minutes": -1}, "must be a whole number between 0 and 527040."),
    ({"cancel_notice_minutes": "2 h"}, "must be a whole number between 0 and 527040."),
    ({"one_at_a_time": 1}, "must be yes or no."),
    ({"setup_minutes": 1441}, "must be a whole number between 0 and 1440."),
    ({"teardown_minutes": -5}, "must be a whole number between 0 and 1440."),
    ({"details_hidden": "yes"}, "must be yes or no."),
    ({"approval": "always"}, "must be yes or no."),
    ({"approval_hours": 0}, "must be a whole number between 1 and 87840."),
    ({"holidays_closed": 0}, "must be yes or no."),
    ({"holidays_country": 49}, "must be a code such as DE or DE-BE."),
]


@pytest.mark.parametrize(("rule", "sentence"), WRONG)
async def test_a_rule_that_makes_no_sense_is_refused_by_name(ruling: Ruling, rule: dict[str, Any], sentence: str):
    with pytest.raises(errors.InvalidPolicy) as refusal:
        await ruling.rooms.set_policy(**rule)
    assert refusal.value.fields == {next(iter(rule)): sentence}
