"""Groups: the workspace's own, and Slack's kept in step; and the audit of what was done."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest

from core import errors
from core.audit import Filter
from core.groups import Synced
from core.ids import new_id
from core.models import Right
from tests.core.office import MONDAY, Office, at
from tests.core.ruling import Ruling


@pytest.fixture
def ruling(office: Office) -> Ruling:
    return Ruling.of(office)


async def people_in(ruling: Ruling) -> dict[str, list[str]]:
    return {one.group.name: [m.slack_user_id for m in await ruling.groups.members(one.group.id)]
            for one in await ruling.groups.all()}  # fmt: skip


async def test_own_groups_are_made_filled_renamed_and_removed(office: Office, ruling: Ruling):
    crew = await ruling.group("  The\nCrew ", office.ana)
    assert crew.name == "The Crew"
    assert await ruling.groups.add(crew.id, [office.ana.person_id, office.bob.person_id], by=office.boss) == 1
    assert await ruling.groups.take_out(crew.id, [office.ana.person_id], by=office.boss) == 1
    assert await ruling.groups.take_out(crew.id, [office.ana.person_id]) == 0
    await ruling.groups.rename(crew.id, "Crew", by=office.boss)
    assert await people_in(ruling) == {"Crew": ["Ubob"]}
    assert (await ruling.anew(office.bob)).groups == {crew.id}
    assert (await office.catalogues.current()).group(crew.id).name == "Crew"

    await ruling.groups.remove(crew.id, by=office.boss)

    assert await ruling.groups.all() == ()
    assert (await ruling.anew(office.bob)).groups == frozenset()
    actions = [one.action for one in await ruling.audit.entries() if one.subject == "group"]
    assert actions == ["removed", "renamed", "members removed", "members added", "created"]
    # The name is free again.
    assert (await ruling.groups.create("crew")).id != crew.id


async def test_somebody_who_is_not_known_is_in_no_group(office: Office, ruling: Ruling):
    crew = await ruling.groups.create("Crew")
    with pytest.raises(errors.PersonNotFound):
        await ruling.groups.add(crew.id, [office.ana.person_id, new_id()])
    with pytest.raises(errors.PersonNotFound):
        await ruling.groups.create("Other", people=[new_id()])
    assert await people_in(ruling) == {"Crew": []}


async def test_names_that_are_taken_or_empty_and_groups_that_are_gone_are_refused(ruling: Ruling):
    crew = await ruling.groups.create("Crew")
    for name, said in (
        ("CREW", "There is a group CREW already."),
        ("", "A group needs a name"),
        ("x" * 81, "A group needs"),
    ):
        with pytest.raises(errors.InvalidSetting, match=said):
            await ruling.groups.create(name)
    other = await ruling.groups.create("Other")
    with pytest.raises(errors.InvalidSetting, match="already"):
        await ruling.groups.rename(other.id, "crew")
    assert (await ruling.groups.rename(crew.id, "crew")).name == "crew"
    with pytest.raises(errors.InvalidSetting, match="does not exist"):
        await ruling.groups.add(new_id(), [])


async def test_slacks_groups_come_change_and_go_with_slack(office: Office, ruling: Ruling):
    await ruling.groups.create("Design")
    synced = await ruling.groups.sync("T1", [("S1", "Board", ["Uana", "Unew"]), ("S2", "Design", ["Ubob"])])
    assert synced == Synced(created=2)
    assert await people_in(ruling) == {"Board": ["Uana", "Unew"], "Design": [], "Design (Slack)": ["Ubob"]}
    assert not await ruling.groups.sync("T1", [("S2", "Design", ["Ubob"]), ("S1", "Board", ["Unew", "Uana"])])

    synced = await ruling.groups.sync("T1", [("S1", "Directors", ["Uana", "Ubob"])])

    assert synced == Synced(changed=1, removed=1)
    assert await people_in(ruling) == {"Design": [], "Directors": ["Uana", "Ubob"]}
    board = next(one.group for one in await ruling.groups.all() if one.group.slack_group_id == "S1")
    with pytest.raises(errors.InvalidSetting, match="Directors is a user group of Slack"):
        await ruling.groups.add(board.id, [office.ana.person_id])
    with pytest.raises(errors.InvalidSetting, match="is a user group of Slack"):
        await ruling.groups.remove(board.id)
    trail = [(one.action, one.name, one.actor_name, one.surface) for one in await ruling.audit.entries()]
    assert trail[:2] == [("renamed", "Directors", "Slack", "slack"), ("removed", "Design (Slack)", "Slack", "slack")]


async def test_what_was_given_to_a_group_comes_back_with_it(office: Office, ruling: Ruling):
    vault = await office.room("Vault")
    await ruling.groups.sync("T1", [("S1", "Board", ["Ubob"])])
    (board,) = [one.group for one in await ruling.groups.all()]
    await ruling.granting.give(Right.BOOK, room_id=vault.id, group_id=board.id)

    async def may() -> bool:
        bob, catalogue = await ruling.anew(office.bob), await office.catalogues.current()
        return catalogue.right_to_book(bob, vault) is Right.BOOK

    assert await may()
    await ruling.groups.sync("T1", [])
    assert not await may()
    await ruling.groups.sync("T1", [("S1", "Board", ["Ubob"])])
    assert await may()


async def test_another_teams_groups_are_left_alone(ruling: Ruling):
    await ruling.groups.sync("T1", [("S1", "Board", [])])
    await ruling.groups.sync("T2", [("S1", "Board", [])])
    assert not await ruling.groups.sync("T1", [("S1", "Board", [])])
    assert sorted(await people_in(ruling)) == ["Board", "Board (Slack)"]


# -- the audit ---------------------------------------------------------------------------------------------------------


async def test_bookings_and_rules_are_one_trail_that_can_be_filtered_and_paged(office: Office, ruling: Ruling):
    apollo = await office.room("Apollo")
    booked = await office.book(apollo, at(10), title="Standup")
    await office.bookings.cancel(booked.id, by=office.boss, reason="ill")
    await ruling.rooms.set_policy(longest_minutes=60, by=office.boss)

    async def actions(**wanted: object) -> list[str]:
        return [one.action for one in await ruling.audit.entries(Filter(**wanted))]  # type: ignore[arg-type]

    # Bookings are of the office's clock, rules of the database's.
    assert await actions() == ["cancelled", "booked", "changed"]
    assert await actions(person_id=office.boss.person_id) == ["cancelled", "changed"]
    assert await actions(subjects=("policy",)) == ["changed"]
    assert await actions(subject_id=booked.id) == ["cancelled", "booked"]
    assert await actions(text="STANDUP") == ["cancelled", "booked"]
    assert await actions(text="ill") == ["cancelled"]
    assert await actions(surfaces=("cli",)) == []
    assert await actions(since=MONDAY) == ["cancelled", "booked"]
    assert await actions(until=MONDAY - timedelta(days=1)) == ["changed"]
    first, second, _ = await ruling.audit.entries()
    assert (first.name, first.reason, first.actor_name) == ("Apollo: Standup", "ill", "boss")
    assert first.differences["status"] == ("confirmed", "cancelled")
    page = await ruling.audit.entries(Filter(before=(first.at, first.id)), limit=1)
    assert page == (second,)


async def test_the_trail_is_exported_without_formulas(office: Office, ruling: Ruling):
    apollo = await office.room("=Apollo")
    await office.book(apollo, at(10), title="+1")
    await ruling.rooms.set_policy(longest_minutes=60, by=office.boss)

    rows = list(csv.DictReader(io.StringIO(await ruling.audit.export())))

    assert [(row["what"], row["who"], row["name"]) for row in rows] == [
        ("booked", "ana", "'=Apollo: +1"),
        ("changed", "boss", "everywhere"),
    ]
    assert rows[1]["before"] == '{"longest_minutes": null}'
    assert rows[1]["after"] == '{"longest_minutes": 60}'
