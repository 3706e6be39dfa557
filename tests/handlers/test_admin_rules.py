"""Closures, rules, quotas, rights, groups, people, the audit and files, administered in Slack by an admin."""

from __future__ import annotations

import json
from typing import Any

from core.models import Right, Status
from handlers import admin
from tests.handlers.firm import ANA, BEN, CHLOE, Firm, new_york, words
from tests.handlers.modal_acts import form, push, send, state, top

ORDER = list(admin.SECTIONS)


async def section(firm: Firm, name: str, user: str = ANA) -> dict[str, Any]:
    view = await form(firm, user, "admin", text="/book admin")
    block = [one for one in view["blocks"] if one.get("accessory")][ORDER.index(name)]
    await firm.slack.click(user, view, block["accessory"]["action_id"], block_id=block["block_id"])
    return await top(firm, user)


async def pressed(firm: Firm, view: dict[str, Any], said: str, user: str = ANA) -> dict[str, Any]:
    block = next(one for one in view["blocks"] if said in str((one.get("text") or {}).get("text")))
    await firm.slack.click(user, view, block["accessory"]["action_id"], block_id=block["block_id"])
    return await top(firm, user)


async def test_closing_shows_what_it_leads_to_then_holds_other_rooms(firm: Firm):
    await firm.booked("Corner", new_york(14), title="Budget")
    view = await push(firm, ANA, await section(firm, "closures"), "Close something")

    corner = firm.rooms["Corner"]
    await send(
        firm, ANA, view, scope=f"room:{corner.id}", from_day="2026-11-25", from_time="09:00", until_day="2026-11-25",
        until_time="23:59", reason="Painting",
    )  # fmt: skip
    asked = await top(firm, ANA, "admin")
    assert "Close Corner?\nWed 25 Nov, 09:00 to Thu 26 Nov, 00:00" in words(asked)
    assert "1 booking: 1 gets another room." in words(asked)
    listed = await push(firm, ANA, asked, "Close it")

    assert "✅ Closed: Corner. 1 booking is affected; everybody concerned is told." in words(listed)
    assert "1 booking: 1 waits for an answer" in words(listed)
    answer = await firm.say(BEN, "/book Corner tomorrow 3pm")
    assert "closed" in words(answer)
    lifted = await pressed(firm, listed, "Corner ·")
    assert "Open again: Corner" in words(lifted)
    assert "is yours" in words(await firm.say(BEN, "/book Corner tomorrow 3pm"))


async def test_a_closure_that_cannot_be_meant_is_refused_at_the_field(firm: Firm):
    view = await push(firm, ANA, await section(firm, "closures"), "Close something")

    answer = await send(firm, ANA, view, from_day="2026-11-26", until_day="2026-11-25")
    assert list(answer["errors"].values()) == ["It ends before it begins."]
    answer = await send(firm, ANA, view, from_day="2026-11-20", until_day="2026-11-21")
    assert list(answer["errors"].values()) == ["That time is over."]
    answer = await send(firm, ANA, view, scope="all", from_day="2026-11-26", until_day="2026-11-26")
    assert list(answer["errors"].values()) == ["Your places are on different clocks: close one after the other."]


async def test_a_rule_is_rehearsed_before_it_is_saved_and_can_be_taken_back(firm: Firm):
    await firm.booked("Boardroom", new_york(9, minutes=300), title="Offsite")
    firm.clock.set(new_york(9, day=28).start)
    view = await push(firm, ANA, await section(firm, "rules"), "Set rules")
    await send(firm, ANA, view, scope=f"room:{firm.rooms['Boardroom'].id}")
    edit = await top(firm, ANA, "admin_form")
    assert "Boardroom" in words(edit)

    answer = await send(firm, ANA, edit, opening="weekdays nine to five")
    assert list(answer["errors"].values()) == ['Write hours like "mon-fri 08:00-18:00, sat 09:00-12:00".']
    await send(firm, ANA, edit, opening="mon-fri 08:00-18:00", longest_minutes="240", guests_may_book="yes")
    check = await top(firm, ANA, "admin")

    assert "Of 1 booking in 90 days this would have refused 1 (100 %)." in words(check)
    assert "Boardroom, Wed 25 Nov, 09:00, 5 hours" in words(check)
    saved = await push(firm, ANA, check, "Save")
    assert "✅ Saved: Boardroom." in words(saved)
    assert "open mon-fri 08:00-18:00" in words(saved)
    policy = (await firm.services.catalogues.current()).policy(firm.rooms["Boardroom"])
    assert (policy.longest_minutes, policy.guests_may_book) == (240, True)

    again = await pressed(firm, saved, "Boardroom\n")
    assert (state(again, "longest_minutes"), state(again, "opening")) == ("240", "mon-fri 08:00-18:00")
    audit = await section(firm, "audit")
    undone = await push(firm, ANA, audit, "Undo")
    assert "as it was before" in words(undone)
    assert (await firm.services.catalogues.current()).policy(firm.rooms["Boardroom"]).longest_minutes == 720


async def test_a_quota_is_rehearsed_saved_and_removed(firm: Firm):
    listed = await push(firm, ANA, await section(firm, "rules"), "Quotas")
    view = await push(firm, ANA, listed, "Add a quota")
    assert list((await send(firm, ANA, view, most="many"))["errors"].values()) == ["Write a whole number."]
    await send(firm, ANA, view, most="4", measure="minutes", period="week")
    listed = await push(firm, ANA, await top(firm, ANA, "admin"), "Save")

    (quota,) = (await firm.services.catalogues.current()).quotas
    assert (quota.most, quota.measure.value, quota.period.value) == (240, "minutes", "week")
    assert "✅ Saved" in words(listed)
    await push(firm, ANA, listed, "Remove")
    assert (await firm.services.catalogues.current()).quotas == ()


async def test_a_right_is_given_to_people_and_groups_and_taken_back(firm: Firm):
    view = await push(firm, ANA, await section(firm, "groups"), "Add a group")
    await send(firm, ANA, view, name="Board", people=[CHLOE])
    view = await push(firm, ANA, await section(firm, "rights"), "Give a right")
    board = (await firm.services.administration.groups.all())[0].group
    await send(
        firm, ANA, view, right="book", scope=f"room:{firm.rooms['Boardroom'].id}", people=[ANA], groups=[str(board.id)]
    )
    listed = await push(firm, ANA, await top(firm, ANA, "admin"), "Save")

    assert "Board may book Boardroom" in words(listed)
    assert "is yours" not in words(await firm.say(BEN, "/book Boardroom tomorrow 10am"))
    assert "is yours" in words(await firm.say(CHLOE, "/book Boardroom tomorrow 10am"))
    view = await push(firm, ANA, await section(firm, "rights"), "Give a right")
    answer = await send(firm, ANA, view, right="approve")
    assert list(answer["errors"].values()) == ["Name who approves: people or groups."]
    for _ in range(2):
        listed = await push(firm, ANA, await section(firm, "rights"), "Take back")
    assert "every member may book every room" in words(listed)


async def test_a_group_is_changed_and_removed(firm: Firm):
    view = await push(firm, ANA, await section(firm, "groups"), "Add a group")
    await send(firm, ANA, view, name="Board", people=[CHLOE, BEN])
    opened = await pressed(firm, await top(firm, ANA, "admin"), "Board · 2 people")
    assert set(state(opened, "people")) == {CHLOE, BEN}

    await send(firm, ANA, opened, name="Directors", people=[CHLOE])
    listed = await top(firm, ANA, "admin")
    assert "Directors · 1 person" in words(listed)
    gone = await push(firm, ANA, await pressed(firm, listed, "Directors"), "Remove group")
    assert "There are no groups." in words(gone)


async def test_an_admin_is_named_and_dismissed(firm: Firm):
    view = await push(firm, ANA, await section(firm, "people"), "Name an admin")
    await send(firm, ANA, view, people=[BEN])
    listed = await top(firm, ANA, "admin")
    assert "Ben" in words(listed).title()
    assert await form(firm, BEN, "admin", text="/book admin")

    await push(firm, ANA, listed, "Remove")
    assert words(await firm.say(BEN, "/book admin")) == "Only admins can do that."


async def test_what_is_kept_of_somebody_is_sent_and_erased_only_when_it_is_meant(firm: Firm):
    booking = await firm.booked("Corner", new_york(14), title="Budget", by=BEN)
    view = await push(firm, ANA, await section(firm, "people"), "What is kept of a person")
    await send(firm, ANA, view, person=BEN)
    kept = await top(firm, ANA, "admin")
    assert "Kept: 1 booking." in words(kept)
    assert "1 booking ahead." in words(kept)
    sent = await push(firm, ANA, kept, "Send me the file")
    assert "bookroom-U0BEN.json" in words(sent)

    view = await push(firm, ANA, sent, "Erase")
    answer = await send(firm, ANA, view, sure="yes")
    assert next(iter(answer["errors"].values())).startswith("Type ")
    name = next(iter(answer["errors"].values())).removeprefix("Type ").removesuffix(" to go on.")
    await send(firm, ANA, view, sure=name.upper())
    assert "✅ Erased. 1 booking cancelled." in words(await top(firm, ANA, "admin"))
    assert (await firm.services.bookings.get(booking.id)).status is Status.CANCELLED


async def test_how_long_things_are_kept_is_set(firm: Firm):
    view = await push(firm, ANA, await section(firm, "people"), "How long")
    answer = await send(firm, ANA, view, archive_days="1", keep_audit_months="x")
    assert len(answer["errors"]) == 2
    await send(firm, ANA, view, archive_days="30", keep_audit_months="24")

    assert (await firm.services.administration.erasing.keeping()).keep_audit_months == 24


async def test_rooms_are_pasted_checked_and_imported(firm: Firm):
    text = "name,capacity,location\nApollo,9,New York\nGarden,6,Berlin\n"
    view = await section(firm, "import")
    await send(firm, ANA, view, csv="name,capacity,location\nApollo,none,New York\n,4,Berlin\n")
    wrong = await top(firm, ANA, "admin")
    assert 'Line 2: capacity: "none" is no whole number.' in words(wrong)

    await send(firm, ANA, await push(firm, ANA, wrong, "Back"), csv=text)
    check = await top(firm, ANA, "admin_form")
    assert "What you pasted: 1 new, 1 changed, 0 as they were." in words(check)
    assert "Garden" not in {room.name for room in (await firm.services.catalogues.current()).rooms}
    await send(firm, ANA, check)

    assert "✅ Imported: 1 new, 1 changed, 0 as they were." in words(await top(firm, ANA, "admin"))
    assert "Garden" in {room.name for room in (await firm.services.catalogues.current()).rooms}


async def test_the_rooms_come_as_a_file_that_can_be_imported_again(firm: Firm):
    from core.rooms import parse_csv

    sent = await push(firm, ANA, await section(firm, "import"), "Send me the rooms as a file")

    assert "bookroom-rooms.csv is in your messages" in words(sent)
    text = await firm.services.administration.rooms.export()
    report = await firm.services.administration.rooms.import_rows(parse_csv(text), dry_run=True)
    assert (report.created, report.updated, report.unchanged) == (0, 0, 6)


async def test_the_audit_pages_and_searches(firm: Firm):
    office = firm.services.administration
    ana = await firm.actor(ANA)
    for number in range(20):
        await office.places.add_location(name=f"Place {number:02}", zone="Europe/Berlin", by=ana)
    audit = await section(firm, "audit")
    assert "Place 19" in words(audit)
    assert "Place 03" not in words(audit)

    earlier = await push(firm, ANA, audit, "Earlier")
    assert "Place 03" in words(earlier)
    await send(firm, ANA, await push(firm, ANA, earlier, "Filter"), words="place 07", what=["location"], person=ANA)
    found = await top(firm, ANA, "admin")
    assert words(found).count("added") == 1
    assert words(found).startswith('What people did · by Ana Duarte · location · with "place 07".')

    form = await push(firm, ANA, found, "Filter")
    assert (state(form, "words"), state(form, "what"), state(form, "how")) == ("place 07", ["location"], "people")
    answer = await send(firm, ANA, form, words="", first="2026-11-26", last="2026-11-25")
    assert list(answer["errors"].values()) == ["Not before the first day."]
    await send(firm, ANA, form, words="", how="cli", first=None, last=None)
    assert "Nothing of the kind was done." in words(await top(firm, ANA, "admin"))


async def test_channels_and_undelivered_are_listed(firm: Firm):
    ana = await firm.actor(ANA)
    await firm.services.subscriptions.save(
        None, team_id=ana.slack_user_id and firm.running.company.team.id, channel_id="C0NEWYORK", location_id=None,
        room_id=None, kinds=frozenset({"booked"}), digest_at=None, zone="UTC", by=ana,
    )  # fmt: skip
    listed = await section(firm, "channels")
    assert "All rooms: booked" in words(listed)
    gone = await push(firm, ANA, listed, "Remove")
    assert "No channel hears of bookings" in words(gone)
    assert "Nothing was given up." in words(await section(firm, "undelivered"))


async def test_a_day_is_closed_and_opened_again(firm: Firm):
    which = await push(firm, ANA, await section(firm, "rules"), "Holidays")
    await send(firm, ANA, which, location=str(firm.places["New York"].id))
    listed = await top(firm, ANA, "admin")
    assert "No holidays in 2026." in words(listed)
    new = await push(firm, ANA, listed, "Add a day")
    await send(firm, ANA, new, day="2026-11-25", name="Founders' day")
    listed = await top(firm, ANA, "admin")
    assert "Wed 25 Nov · Founders' day · closed" in words(listed)
    assert "is yours" not in words(await firm.say(BEN, "/book Corner tomorrow 10am"))

    await pressed(firm, listed, "Founders' day")
    assert "is yours" in words(await firm.say(BEN, "/book Corner tomorrow 10am"))
    later = await push(firm, ANA, await top(firm, ANA, "admin"), "2027")
    assert "No holidays in 2027." in words(later)


async def test_equipment_is_added_changed_and_a_room_divided(firm: Firm):
    new = await push(firm, ANA, await section(firm, "equipment"), "Add equipment")
    await send(firm, ANA, new, name="Projector on wheels", quantity="2")
    listed = await top(firm, ANA, "admin")
    edit = await pressed(firm, listed, "2 × Projector on wheels")
    assert next(iter((await send(firm, ANA, edit, quantity="lots"))["errors"])).startswith("quantity")
    await send(firm, ANA, edit, quantity="3")
    assert "✅ Saved: 3 × Projector on wheels." in words(await top(firm, ANA, "admin"))

    room = await pressed(firm, await section(firm, "rooms"), "Boardroom ·")
    divide = await push(firm, ANA, room, "Divide")
    await send(firm, ANA, divide, parts=[str(firm.rooms[one].id) for one in ("Apollo", "Corner")])
    assert "Boardroom is made of Apollo, Corner." in words(await top(firm, ANA, "admin"))


def test_rights_have_words_for_each():
    from handlers.views.admin_rules import RIGHTS_SAID

    assert set(RIGHTS_SAID) == set(Right)
    assert json.dumps(sorted(RIGHTS_SAID.values()))
