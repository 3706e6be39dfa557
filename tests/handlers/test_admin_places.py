"""Rooms, locations and amenities set up in Slack; from an empty workspace to the first booking."""

from __future__ import annotations

from typing import Any

from tests.handlers.firm import ANA, BEN, GUEST, Firm, labels, words
from tests.handlers.modal_acts import button, form, push, send, state, top, values
from tests.handlers.modal_acts import labels as view_labels


async def administration(firm: Firm, user: str = ANA) -> dict[str, Any]:
    return await form(firm, user, "admin", text="/book admin")


async def section(firm: Firm, number: int = 0, user: str = ANA) -> dict[str, Any]:
    """Open the overview and one of its sections."""
    view = await administration(firm, user)
    block = [one for one in view["blocks"] if one.get("accessory")][number]
    await firm.slack.click(user, view, block["accessory"]["action_id"], block_id=block["block_id"])
    return await top(firm, user)


async def pressed(firm: Firm, view: dict[str, Any], said: str, user: str = ANA) -> dict[str, Any]:
    """Press the button beside what says this."""
    block = next(one for one in view["blocks"] if said in str(one.get("text", {}).get("text")))
    await firm.slack.click(user, view, block["accessory"]["action_id"], block_id=block["block_id"])
    return await top(firm, user)


async def rooms(firm: Firm) -> dict[str, Any]:
    return {room.name: room for room in (await firm.services.catalogues.current()).rooms}


async def test_from_an_empty_workspace_to_the_first_booking_all_in_slack(empty_firm: Firm):
    firm = empty_firm
    guide = await form(firm, ANA, "admin_form", text="/book")
    assert "1 of 2: Where are the rooms?" in words(guide)
    assert state(guide, "zone") == "America/New_York"

    await send(firm, ANA, guide, name="New York")
    step = await top(firm, ANA, "admin_form")
    assert "2 of 2: A room in New York" in words(step)
    await send(
        firm, ANA, step, name="Apollo", capacity="8", floor="3", amenities=["projector"], more_amenities="Beamer, sofa"
    )
    done = await top(firm, ANA, "admin")

    assert "Try it: /book Apollo tomorrow 10am" in words(done)
    assert view_labels(done) == ["Add another room", "All settings"]
    assert (await rooms(firm))["Apollo"].amenities == {"projector", "sofa"}
    answer = await firm.say(BEN, "/book Apollo tomorrow 10am")
    assert "Apollo is yours" in words(answer)

    another = await push(firm, ANA, done, "Add another room")
    assert state(another, "name") is None
    await send(firm, ANA, another, name="Corner", capacity="4")
    assert set(await rooms(firm)) == {"Apollo", "Corner"}


async def test_who_cannot_set_it_up_is_told_whom_to_ask(empty_firm: Firm):
    await empty_firm.actor(ANA)

    answer = await empty_firm.say(BEN, "/book")

    assert words(answer) == f"There are no rooms yet. Ask @{ANA} to set them up with /book admin."
    for line in ("tomorrow 10am", "rooms", "find", "help"):
        assert f"Ask @{ANA}" in words(await empty_firm.say(BEN, f"/book {line}")), line


async def test_an_admin_who_books_too_early_is_led_to_the_guide(empty_firm: Firm):
    answer = await empty_firm.say(ANA, "/book tomorrow 10am")

    assert labels(answer) == ["Set up rooms"]
    await empty_firm.press(ANA, answer, "Set up rooms")
    assert "1 of 2" in words(await top(empty_firm, ANA, "admin_form"))


async def test_faults_stand_at_their_fields(empty_firm: Firm):
    guide = await form(empty_firm, ANA, "admin_form", text="/book admin")

    answer = await empty_firm.slack.submit(ANA, guide, values(guide, name="   "))

    assert answer["errors"] == {"name.first": "A location needs a name."}


async def test_a_room_is_edited_and_the_list_says_so(firm: Firm):
    listed = await section(firm)
    assert "📍 Berlin · Europe/Berlin · 2 rooms" in words(listed)
    edit = await pressed(firm, listed, "Corner ·")
    assert (state(edit, "name"), state(edit, "capacity"), state(edit, "amenities")) == ("Corner", "4", ["tv"])

    await send(firm, ANA, edit, name="Nook", capacity="5", setup_minutes="10", photo="https://example.com/nook.png")

    assert words(await top(firm, ANA)).startswith("✅ Saved: Nook · seats 5 · 2nd floor · tv")
    nook = (await rooms(firm))["Nook"]
    assert (nook.setup_minutes, nook.photo, nook.amenities) == (10, "https://example.com/nook.png", {"tv"})


async def test_two_who_edit_the_same_room_do_not_overwrite_each_other(firm: Firm):
    edit = await pressed(firm, await section(firm), "Corner ·")
    await send(firm, ANA, edit, capacity="5")
    stale = {**edit}

    answer = await firm.slack.submit(ANA, stale, values(stale, capacity="6"))

    assert (await rooms(firm))["Corner"].capacity == 5
    assert answer is not None


async def test_what_closing_would_do_is_shown_before_it_is_done(firm: Firm):
    from tests.handlers.firm import new_york

    await firm.booked("Corner", new_york(14), title="Budget")
    edit = await pressed(firm, await section(firm), "Corner ·")

    asked = await push(firm, ANA, edit, "Take out of use")

    assert "1 booking: 1 gets another room." in words(asked)
    assert "Corner, tomorrow 14:00-15:00 · Budget" in words(asked)
    listed = await push(firm, ANA, asked, "Take out of use")
    assert "✅ Corner is out of use. 1 booking affected: their bookers are told." in words(listed)
    assert not (await rooms(firm))["Corner"].active
    again = await push(firm, ANA, await pressed(firm, listed, "Corner ·"), "Take into use")
    assert "Corner is in use again" in words(again)


async def test_a_location_is_added_renamed_and_closed(firm: Firm):
    listed = await section(firm)
    new = await push(firm, ANA, listed, "Add a location")
    await firm.slack.options(ANA, new, "zone", "paris")
    await send(firm, ANA, new, name="Paris", zone="Europe/Paris")
    listed = await top(firm, ANA, "admin")
    assert "✅ Added: Paris · Europe/Paris" in words(listed)

    edit = await pressed(firm, listed, "📍 Paris")
    await send(firm, ANA, edit, name="Lutetia")
    listed = await top(firm, ANA, "admin")
    asked = await push(firm, ANA, await pressed(firm, listed, "📍 Lutetia"), "Take out of use")
    assert "No bookings are affected." in words(asked)
    await push(firm, ANA, asked, "Take out of use")

    place = next(one for one in (await firm.services.catalogues.current()).locations if one.name == "Lutetia")
    assert (place.active, place.zone) == (False, "Europe/Paris")


async def test_zones_are_found_by_their_city(firm: Firm):
    new = await push(firm, ANA, await section(firm), "Add a location")
    found = await firm.slack.options(ANA, new, "zone", "new yo")

    assert found["options"][0]["value"] == "America/New_York"


async def test_amenities_are_merged_in_one_action(firm: Firm):
    form_ = await push(firm, ANA, await section(firm), "Amenities")

    await send(firm, ANA, form_, words=["tv", "video"], into="Screen wall")

    assert "screen wall now stands at 4 rooms" in words(await top(firm, ANA))
    assert (await rooms(firm))["Kiez"].amenities == {"screen wall"}


async def test_colleagues_and_guests_do_not_come_in(firm: Firm):
    for user in (BEN, GUEST):
        answer = await firm.say(user, "/book admin")
        assert words(answer) == "Only admins can do that."


async def test_a_meeting_called_admin_is_still_a_meeting(firm: Firm):
    answer = await firm.say(BEN, "/book admin meeting tomorrow 10am at New York")

    assert "is yours" in words(answer)


def test_the_helper_presses_what_is_there():
    view = {
        "blocks": [
            {"type": "actions", "block_id": "b", "elements": [{"type": "button", "action_id": "a", "text": {"text": "Go"}}]}
        ]
    }
    assert button(view, "Go") == ("b", "a")
