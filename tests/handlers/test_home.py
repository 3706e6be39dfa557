"""The App Home: what is ahead, ways to begin, and fresh again after what is changed from it."""

import re
from datetime import timedelta
from typing import Any

from core.ids import new_id
from core.notices import Notice
from core.outbox import GivenUp
from core.rooms import Rooms
from handlers.views import home as views
from handlers.views.times import everybody
from tests.handlers.firm import ANA, BEN, CHLOE, DEEPA, NOW, Firm, new_york, utc, words
from tests.handlers.modal_acts import labels, push, send, state, top
from tests.handlers.test_message_views import room


async def home(firm: Firm, user: str) -> dict[str, Any]:
    """Open the App Home and return it."""
    await firm.slack.open_home(user)
    await firm.edge.drain(5)
    return await firm.slack.wait_for(lambda: firm.slack.home(user))


async def home_saying(firm: Firm, user: str, said: str) -> dict[str, Any]:
    """Open the App Home and return it once it says something."""

    async def look() -> dict[str, Any] | None:
        shown = await firm.slack.home(user)
        return shown if shown and said in words(shown) else None

    await firm.slack.open_home(user)
    return await firm.slack.wait_for(look)


def headers(view: dict[str, Any]) -> list[str]:
    return [block["text"]["text"] for block in view["blocks"] if block["type"] == "header"]


async def test_an_empty_home_invites(firm: Firm):
    view = await home(firm, BEN)

    assert words(view) == (
        "No bookings ahead. Try /book room tomorrow 10am for 4, or\nYour settings: reminders 10 minutes before"
    )
    assert labels(view) == ["Book a room", "Find a room", "Change settings"]


async def test_what_is_ahead_is_listed_by_day_with_buttons_where_one_may(firm: Firm):
    await firm.booked("Apollo", new_york(11, day=24), by=BEN, title="Standup")
    await firm.booked("Big Ben", new_york(14), by=BEN, private=True)
    (invited,) = await firm.services.people.mentioned(firm.running.company.team.id, [BEN])
    await firm.booked("Spree", new_york(9, day=26), by=CHLOE, title="Sync", invitees=(invited,))
    firm.clock.advance(timedelta(minutes=60))

    view = await home(firm, BEN)

    assert headers(view) == ["Today, Tue 24 Nov", "Tomorrow, Wed 25 Nov", "Thu 26 Nov"]
    said = words(view).split("\n")
    assert said[0] == "11:00-12:00 (New York) · Apollo · now"
    assert '"Standup"' in said
    assert "15:00-16:00 (Berlin; 09:00-10:00 for you) · Spree" in said
    assert '"Sync" · booked by @U0CHLOE' in said
    assert labels(view) == [
        *["Book a room", "Find a room"],
        *["Extend to 12:15", "End early", "Edit", "Cancel booking", "Going", "Can't"],
        "Change settings",
    ]


async def test_book_a_room_from_home_opens_the_form_and_home_shows_the_booking(firm: Firm):
    view = await home(firm, BEN)

    form = await push(firm, BEN, view, "Book a room")
    assert form["callback_id"] == "book"
    await send(firm, BEN, form, date="2026-11-25", time="14:00", title="Planning")

    fresh = await firm.slack.home(BEN)
    assert fresh is not None
    assert '"Planning"' in words(fresh)
    assert headers(fresh) == ["Tomorrow, Wed 25 Nov"]


async def test_cancelling_from_home_says_so_and_takes_it_off_and_undo_brings_it_back(firm: Firm):
    await firm.booked("Apollo", new_york(14), by=BEN, title="Standup")
    view = await home(firm, BEN)

    told = await push(firm, BEN, view, "Cancel booking")

    assert words(told) == "❌ Standup in Apollo, Wed 25 Nov, 14:00-15:00 (New York) is cancelled."
    assert words((await firm.slack.home(BEN)) or {}).startswith("No bookings ahead.")
    again = await push(firm, BEN, told, "Undo")
    assert "Apollo is yours again" in words(again)
    assert '"Standup"' in words((await firm.slack.home(BEN)) or {})


async def test_on_a_full_day_the_next_meeting_alone_has_a_red_button(firm: Firm):
    deepa = (await firm.actor(DEEPA)).person_id
    for hour, title in ((9, "One"), (10, "Two"), (11, "Three")):
        await firm.booked("Apollo", new_york(hour), by=BEN, title=title, invitees=(deepa,), attendees_count=2)
    view = await home(firm, BEN)
    assert labels(view)[2:-1] == ["Edit", "Cancel booking", "Edit", "Edit"]
    assert menus(view) == [["Invite people", "Other room"], *[["Invite people", "Other room", "Cancel booking"]] * 2]

    asked = await choose(firm, BEN, view, "Cancel booking")
    assert words(asked) == (
        "Cancel Two?\nApollo, tomorrow 10:00-11:00, is given back and others can book it. 1 person is invited."
    )
    assert labels(asked) == ["Keep it", "Cancel booking"]

    gone = await push(firm, BEN, asked, "Cancel booking")
    assert words(gone) == "❌ Two in Apollo, Wed 25 Nov, 10:00-11:00 (New York) is cancelled."
    assert '"Two"' not in words((await firm.slack.home(BEN)) or {})
    assert labels(gone) == ["Undo"]


async def test_a_meeting_whose_cancelling_was_asked_about_can_be_kept(firm: Firm):
    await firm.booked("Apollo", new_york(9), by=BEN)
    kept = await firm.booked("Apollo", new_york(10), by=BEN)
    asked = await choose(firm, BEN, await home(firm, BEN), "Cancel booking")
    assert words(asked).startswith("Cancel this booking?\nApollo, tomorrow 10:00-11:00, is given back")

    told = await push(firm, BEN, asked, "Keep it")

    assert words(told).startswith("✅ Apollo stays as it is")
    assert (await firm.services.bookings.get(kept.id)).version == 1


async def test_cancelling_from_an_old_menu_says_what_has_become_of_it(firm: Firm):
    await firm.booked("Apollo", new_york(9), by=BEN)
    gone = await firm.booked("Apollo", new_york(10), by=BEN)
    view = await home(firm, BEN)
    await firm.services.bookings.cancel(gone.id, by=await firm.actor(ANA, admin=True))

    assert "was cancelled today at 10:07 by @U0ANA" in words(await choose(firm, BEN, view, "Cancel booking"))


def menus(view: dict[str, Any]) -> list[list[str]]:
    held = [e for block in view["blocks"] for e in block.get("elements", []) if e["type"] == "overflow"]
    return [[option["text"]["text"] for option in menu["options"]] for menu in held]


async def choose(firm: Firm, user: str, view: dict[str, Any], entry: str) -> dict[str, Any]:
    """Choose an entry of the first menu that has it, and return the view on top."""
    block, value = next(
        (block["block_id"], option["value"])
        for block in view["blocks"]
        for menu in block.get("elements", [])
        if menu["type"] == "overflow"
        for option in menu["options"]
        if option["text"]["text"] == entry
    )
    assert (await firm.slack.click(user, view, "more", block_id=block, selected_option=value))["ok"]
    return await top(firm, user)


async def test_home_counts_answers_and_asks_for_none_once_somebody_is_there(firm: Firm):
    await Rooms(firm.db, firm.services.catalogues).set_policy(check_in=True)
    firm.services.catalogues.forget()
    invited = [(await firm.actor(user)).person_id for user in (ANA, DEEPA)]
    booking = await firm.booked("Apollo", new_york(11, day=24), by=BEN, invitees=invited)
    await home_saying(firm, BEN, "with @U0ANA, @U0DEEPA\n")

    await firm.services.presence.respond(booking.id, by=await firm.actor(ANA), going=False)
    await home_saying(firm, BEN, "with @U0ANA, @U0DEEPA · 1 cannot\n")
    asked = await home_saying(firm, DEEPA, "with @U0ANA · 1 cannot\n")
    assert labels(asked)[2:4] == ["Going", "Can't"]

    firm.clock.advance(timedelta(minutes=55))
    await firm.services.presence.check_in(booking.id, by=await firm.actor(BEN))
    there = await home_saying(firm, DEEPA, "✅ Checked in")
    assert labels(there) == ["Book a room", "Find a room", "Change settings"]


async def test_editing_from_home_opens_the_form_and_home_follows(firm: Firm):
    await firm.booked("Apollo", new_york(14), by=BEN)
    view = await home(firm, BEN)

    edit = await push(firm, BEN, view, "Edit")
    assert state(edit, "time") == "14:00"
    await send(firm, BEN, edit, time="16:00")

    assert "16:00-17:00 (New York) · Apollo" in words((await firm.slack.home(BEN)) or {})


async def test_find_a_room_from_home_books_and_home_follows(firm: Firm):
    search = await push(firm, BEN, await home(firm, BEN), "Find a room")
    assert search["callback_id"] == "search"

    await push(firm, BEN, search, "Book")

    assert "10:30-11:00 (New York) · Corner" in words((await firm.slack.home(BEN)) or {})


async def test_an_old_button_of_home_is_refused_in_a_modal(firm: Firm):
    booking = await firm.booked("Apollo", new_york(14), by=BEN)
    view = await home(firm, BEN)
    await firm.services.bookings.cancel(booking.id, by=await firm.actor(ANA, admin=True))

    told = await push(firm, BEN, view, "Edit")

    assert "was cancelled today at 10:07 by @U0ANA" in words(told)


async def test_a_home_that_slack_does_not_take_spoils_no_answer(firm: Firm):
    form = await push(firm, BEN, await home(firm, BEN), "Book a room")
    await firm.slack.faults(fail_next={"method": "views.publish", "times": 1, "error": "fatal_error"})

    await send(firm, BEN, form, date="2026-11-25", time="14:00")

    assert words(await top(firm, BEN)).startswith("✅ Corner is yours")


async def test_a_long_list_stays_within_slacks_limits_and_says_where_the_rest_is(firm: Firm):
    for day in range(1, 25):
        slot = new_york(14)
        shifted = type(slot)(start=slot.start + timedelta(days=day), end=slot.end + timedelta(days=day))
        await firm.booked("Apollo", shifted, by=BEN, title=f"Meeting {day} " + "x" * 180)

    view = await home(firm, BEN)

    assert len(view["blocks"]) <= 100
    assert labels(view).count("Edit") == 20
    assert "These are the next 20. All of them: /book mine" in words(view)


async def test_a_title_arrives_as_typed_and_pings_nobody(firm: Firm):
    await firm.booked("Apollo", new_york(14), by=BEN, title="<!channel> *x* <@U0ANA>")

    view = await home(firm, BEN)

    assert '"<!channel> *x* <@U0ANA>"' in words(view)
    assert "broadcast" not in str(view["blocks"])


async def test_a_meeting_over_midnight_is_todays_while_it_lasts(firm: Firm):
    await firm.booked("Apollo", new_york(23, minutes=120), by=BEN)
    firm.clock.set(utc(5, 30, day=26))

    view = await home(firm, BEN)

    assert headers(view) == ["Today, Thu 26 Nov"]
    assert "· now" in words(view)


async def test_a_firm_without_rooms_is_told_how_to_add_them(empty_firm: Firm):
    view = await home(empty_firm, BEN)

    assert "There are no rooms yet" in words(view)
    assert labels(view) == []


async def test_the_menu_at_a_booking_leads_to_what_has_no_button(firm: Firm):
    await firm.booked("Apollo", new_york(14), by=BEN)
    view = await home(firm, BEN)
    block, menu = next((b["block_id"], e) for b in view["blocks"] for e in b.get("elements", []) if e["type"] == "overflow")
    assert [option["text"]["text"] for option in menu["options"]] == ["Invite people", "Other room"]

    answer = await firm.slack.click(BEN, view, "more", block_id=block, selected_option=menu["options"][0]["value"])

    assert answer["ok"]
    assert (await top(firm, BEN, "invite"))["callback_id"] == "invite"


async def test_admins_see_what_could_not_be_delivered_and_send_it_again(firm: Firm):
    team = firm.running.company.team.id
    (chloe,) = await firm.services.people.mentioned(team, [CHLOE])

    async def give_up(session: Any) -> None:
        await session.run(
            "INSERT INTO deliveries (tenant_id, id, key, kind, team_id, person_id, due_at, status, reason, done_at)"
            " VALUES ($1, gen_random_uuid(), 'k', 'digest', $2, $3, $4, 'given_up', 'The account is closed', $4)",
            session.tenant,
            team,
            chloe,
            firm.clock.now(),
        )

    await firm.db.write(give_up, repeatable=True)

    assert "could not be delivered" not in words(await home(firm, BEN))
    view = await home(firm, ANA)
    assert "1 notice could not be delivered:\n• Digest to @U0CHLOE: The account is closed." in words(view)
    told = await push(firm, ANA, view, "Try again")
    assert words(told).startswith("1 notice is on the way again.")
    assert "could not be delivered" not in words(await firm.slack.home(ANA) or {})


def test_all_that_could_not_be_delivered_has_a_name_that_admins_know():
    lost = [
        GivenUp(id=new_id(), what=what, whom="U0ANA", reason="Gone", at=NOW)
        for what in ("card", *(one.value for one in Notice))
    ]
    reader = everybody(NOW, several_places=True, command="/book")

    for one in lost:
        view = views.home(views.Page(rooms=[room()], undelivered=views.Undelivered(given_up=[one])), reader).to_dict()
        assert re.search("not be delivered:\n• [A-Z][a-z' ]+ to @U0ANA: Gone.", words(view))
        assert "• Message to" not in words(view)
