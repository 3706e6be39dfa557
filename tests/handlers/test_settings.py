"""One's own settings: opened by command and from the Home, judged at the field, kept, told in the Home."""

from datetime import time, timedelta

from core.notices import Preferences
from core.tokens import Scope
from sandbox import payloads
from tests.handlers.firm import ANA, BEN, CHANNEL, Firm, words
from tests.handlers.modal_acts import button, deliver, element, form, push, send, shown, state, top


async def test_settings_open_on_what_holds_and_are_kept(firm: Firm):
    view = await form(firm, BEN, "settings", text="/book settings")
    assert state(view, "reminders") == ["10"]
    assert state(view, "tell") == ["endings", "invitations", "changes"]
    assert state(view, "quiet_from") == "never"

    await send(
        firm,
        BEN,
        view,
        place=str(firm.places["New York"].id),
        reminders=["5", "60"],
        tell=["invitations"],
        quiet_from="20:00",
        quiet_until="07:30",
        digest="08:00",
    )

    ben = await firm.actor(BEN)
    assert await firm.services.preferences.get(ben.person_id) == Preferences(
        reminder_minutes=(60, 5),
        end_reminders=False,
        tell_invitations=True,
        tell_changes=False,
        quiet_from=time(20),
        quiet_until=time(7, 30),
        digest_at=time(8),
    )
    assert (await firm.services.people.get(ben.person_id)).default_location_id == firm.places["New York"].id
    assert words(await top(firm, BEN, "message")) == (
        "✅ Saved: reminders 5 minutes and 1 hour before · quiet 20:00-07:30 · your day at 08:00"
        " · nothing of endings or changes · usual place New York."
    )
    again = await form(firm, BEN, "settings", text="/book settings")
    assert state(again, "reminders") == ["5", "60"]
    assert state(again, "quiet_until") == "07:30"


async def test_no_reminders_at_all_can_be_chosen(firm: Firm):
    view = await form(firm, BEN, "settings", text="/book settings")

    await send(firm, BEN, view, reminders=[])

    assert (await firm.services.preferences.get((await firm.actor(BEN)).person_id)).reminder_minutes == ()
    assert "no reminders" in words(await top(firm, BEN, "message"))


async def test_what_cannot_be_meant_is_said_at_the_field(firm: Firm):
    view = await form(firm, BEN, "settings", text="/book settings")

    answer = await send(firm, BEN, view, quiet_from="20:00")
    assert answer["errors"] == {"quiet_until": "Choose when the quiet hours end."}

    answer = await send(firm, BEN, view, quiet_from="never", quiet_until="07:00")
    assert answer["errors"] == {"quiet_from": "Choose when the quiet hours begin."}

    answer = await send(firm, BEN, view, quiet_from="07:00", quiet_until="07:00")
    assert answer["errors"] == {"quiet_until": "Choose another time than the beginning."}

    everything = ["5", "10", "15", "30", "60", "1440"]
    answer = await send(firm, BEN, view, quiet_from="never", quiet_until="never", reminders=everything)
    assert answer["errors"] == {"reminders": "Tick at most 5."}
    assert (await shown(firm, BEN, view["id"]))["callback_id"] == "settings"


async def test_settings_from_the_home_show_there_afterwards(firm: Firm):
    await firm.slack.open_home(BEN)
    await firm.edge.drain(5)
    home = await firm.slack.wait_for(lambda: firm.slack.home(BEN))

    view = await push(firm, BEN, home, "Change settings")
    await send(firm, BEN, view, reminders=["30"])

    assert "Your settings: reminders 30 minutes before" in words(await firm.slack.home(BEN) or {})


async def test_a_usual_place_can_be_given_up(firm: Firm):
    ben = await firm.actor(BEN)
    await firm.services.people.settle(ben.person_id, location_id=firm.places["Berlin"].id)
    view = await form(firm, BEN, "settings", text="/book settings")
    assert state(view, "place") == str(firm.places["Berlin"].id)

    await send(firm, BEN, view, place="nowhere")

    assert (await firm.services.people.get(ben.person_id)).default_location_id is None


async def test_a_meeting_called_settings_is_booked(firm: Firm):
    answer = await firm.say(BEN, "/book settings review tomorrow 2pm corner")

    assert (await firm.mine(BEN)) or "settings" not in answer["text"].split()[0]
    assert not await firm.slack.views(BEN)
    assert answer["channel"] == CHANNEL


async def test_ones_own_tokens_are_made_and_revoked_from_the_settings(firm: Firm):
    tokens = firm.services.tokens
    settings = await form(firm, BEN, "settings", text="/book settings")
    listed = await push(firm, BEN, settings, "API tokens")
    assert "You have none." in words(listed)

    making = await push(firm, BEN, listed, "Make a token")
    assert "admin" not in {one["value"] for one in element(making, "token_scope")["options"]}
    await send(firm, BEN, making, token_name="my *laptop*", token_scope="book", token_lasting="30")
    told = words(await top(firm, BEN, "message"))
    secret = next(word for word in told.split() if word.startswith("bkr_"))
    bearer = await tokens.bearer(secret)
    assert bearer is not None
    assert bearer.person.id == (await firm.actor(BEN)).person_id
    assert bearer.token.scopes == {Scope.BOOK}
    assert bearer.token.expires_at == firm.clock.now() + timedelta(days=30)

    again = await push(firm, BEN, await form(firm, BEN, "settings", text="/book settings"), "API tokens")
    assert "my *laptop*" in words(again)
    left = await push(firm, BEN, again, "Revoke")
    assert "Revoked: my *laptop*." in words(left)
    assert await tokens.bearer(secret) is None


async def test_nobody_revokes_anothers_token_from_their_settings(firm: Firm):
    theirs, secret = await firm.services.tokens.make((await firm.actor(ANA)).person_id, name="hers", scopes=[Scope.READ])
    ben = await firm.actor(BEN)
    await firm.services.tokens.make(ben.person_id, name="his", scopes=[Scope.READ])
    listed = await push(firm, BEN, await form(firm, BEN, "settings", text="/book settings"), "API tokens")
    assert "hers" not in words(listed)
    block_id, action_id = button(listed, "Revoke")
    sandbox = firm.running.sandbox
    found = sandbox.parts.views.find(listed["id"])
    assert found is not None
    source = {"view": payloads.view(sandbox.parts.ws, found, state=True), "container": {"type": "view"}}
    acted = {"type": "button", "action_id": action_id, "block_id": block_id, "value": str(theirs.id), "action_ts": "1.0"}
    await deliver(
        firm,
        payloads.block_actions(
            sandbox.parts.ws, user=BEN, source=source, acted=acted, trigger_id="forged", response_url=None
        ),
    )
    assert await firm.services.tokens.bearer(secret) is not None
    assert len(await firm.services.tokens.all(person_id=theirs.person_id)) == 1
