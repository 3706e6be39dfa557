"""Nobody but admins comes through the gate of administration, whatever they forge; managers for their rooms alone."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest

from core.models import Right
from handlers import admin
from handlers.views.admin import Where
from tests.handlers.firm import ANA, BEN, GUEST, Firm, words
from tests.handlers.modal_acts import deliver, form, top

SECTIONS = sorted({"overview", *admin.PAGES, *admin.DEEDS, *admin.FORMS})
HOSTILE = [
    "",
    "{",
    "[]",
    "null",
    '{"s":1}',
    '{"s":"rooms","z":1}',
    '{"s":"rooms","p":-1}',
    '{"s":"../etc"}',
    '{"s":"room","i":"x"}',
]


async def state_of(firm: Firm) -> list[Any]:
    """Return all that administration could have changed."""

    async def work(session: Any) -> list[Any]:
        tables = ("locations", "rooms", "room_amenities", "closures", "policies", "quotas", "rights", "groups", "admins",
                  "workspace", "changes", "proposals", "tokens", "webhooks", "webhook_deliveries")  # fmt: skip
        return [[dict(row) for row in await session.all(f"SELECT * FROM {one} ORDER BY 1, 2")] for one in tables]

    return await firm.db.read(work)


def clicked(firm: Firm, user: str, action: str, value: str) -> dict[str, Any]:
    return firm.click_of(user, action, value)


def submitted(firm: Firm, user: str, metadata: str) -> dict[str, Any]:
    home = firm.running.company.team.id
    return {
        "type": "view_submission",
        "team": {"id": home, "domain": "firm"},
        "user": {"id": user, "team_id": home},
        "trigger_id": "1.2.3",
        "view": {
            "id": "V1", "hash": "1", "type": "modal", "callback_id": "admin_form", "private_metadata": metadata,
            "root_view_id": "V1", "blocks": [], "state": {"values": {}},
        },
    }  # fmt: skip


@pytest.mark.parametrize("user", [BEN, GUEST])
async def test_every_page_deed_and_form_is_closed_to_others(firm: Firm, user: str):
    before = await state_of(firm)
    for section in SECTIONS:
        value = Where(section=section, id=uuid4(), version=1, more="all|").dump()
        for action in ("admin_go", "admin_do"):
            firm.answers.clear()
            await firm.deliver(clicked(firm, user, action, value))
            assert firm.answers[-1]["text"] == "Only admins can do that.", (section, action)
        answer = await deliver(firm, submitted(firm, user, value))
        assert "Only admins can do that." in json.dumps(answer), section
    assert await firm.slack.views(user) == []
    assert await state_of(firm) == before


async def test_a_stranger_who_shares_a_channel_is_not_even_asked_who_they_are(firm: Firm):
    before = await state_of(firm)
    for section in ("overview", "rooms", "set_rules", "erase"):
        firm.answers.clear()
        payload = firm.click_of("U9STRANGER", "admin_do", Where(section=section).dump(), team="T9OTHER")
        await firm.deliver(payload)
        assert "Only people of this workspace" in firm.answers[-1]["text"]
    assert await state_of(firm) == before


@pytest.mark.parametrize("value", HOSTILE)
async def test_what_an_admin_s_forged_buttons_carry_breaks_nothing(firm: Firm, value: str):
    before = await state_of(firm)
    for action in ("admin_go", "admin_do"):
        firm.answers.clear()
        await firm.deliver(clicked(firm, ANA, action, value))
        assert "wrong on our side" not in firm.answers[-1]["text"]
    answer = await deliver(firm, submitted(firm, ANA, value))
    assert "wrong on our side" not in json.dumps(answer)
    assert await state_of(firm) == before


async def test_every_page_survives_metadata_that_means_nothing(firm: Firm):
    before = await state_of(firm)
    for section in SECTIONS:
        for where in (
            Where(section=section),
            Where(section=section, id=uuid4(), version=3, more="x" * 900),
            Where(
                section=section, id=uuid4(), page=99_999, more='{"s":"room:1","r":"book","at":"all|","rules":{"opening":3}}'
            ),
        ):
            if section in {"retry", "import_now", "export_rooms", "export_audit", "overview"} or section in admin.PAGES:
                continue
            firm.answers.clear()
            await firm.deliver(clicked(firm, ANA, "admin_do", where.dump()))
            assert not firm.answers or "wrong on our side" not in firm.answers[-1]["text"], (section, where)
            answer = await deliver(firm, submitted(firm, ANA, where.dump()))
            assert "wrong on our side" not in json.dumps(answer), (section, where)
    assert await state_of(firm) == before


async def test_who_manages_a_room_edits_and_closes_it_and_nothing_else(firm: Firm):
    office = firm.services.administration
    corner, apollo = firm.rooms["Corner"], firm.rooms["Apollo"]
    ben = await firm.actor(BEN)
    await office.granting.give(Right.MANAGE, room_id=corner.id, person_id=ben.person_id)

    overview = await form(firm, BEN, "admin", text="/book admin")
    shown = words(overview)
    assert "Rooms & locations" in shown
    assert "Closures" in shown
    assert "Rights" not in shown
    block = next(one for one in overview["blocks"] if one.get("accessory"))
    await firm.slack.click(BEN, overview, block["accessory"]["action_id"], block_id=block["block_id"])
    listed = await top(firm, BEN)
    assert "Corner" in words(listed)
    assert "Apollo" not in words(listed)

    before = await state_of(firm)
    for section in ("room", "close_room", "use_room"):
        firm.answers.clear()
        await firm.deliver(clicked(firm, BEN, "admin_do" if section == "use_room" else "admin_go",
                                   Where(section=section, id=apollo.id, version=1).dump()))  # fmt: skip
        assert "Only admins and those who manage Apollo" in firm.answers[-1]["text"]
    everything = '{"s":"all","f":1900000000,"u":1900003600,"w":null,"p":[],"g":[]}'
    firm.answers.clear()
    await firm.deliver(clicked(firm, BEN, "admin_do", Where(section="closing", more=everything).dump()))
    assert "Only admins" in firm.answers[-1]["text"]
    assert await state_of(firm) == before

    await firm.deliver(clicked(firm, BEN, "admin_do", Where(section="use_room", id=corner.id, version=1).dump()))
    assert not (await firm.services.catalogues.current()).room(corner.id).active
