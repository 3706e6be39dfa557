"""One's own settings: opened by command and from the Home, judged at the field, kept, told in the Home."""

from datetime import time

from core.notices import Preferences
from tests.handlers.firm import BEN, CHANNEL, Firm, words
from tests.handlers.modal_acts import form, push, send, shown, state, top


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
