"""What people are told of a booking, from the event to the message that they see; and the cards that live on in channels."""

import re
from uuid import UUID

import pytest

from core import checkin
from core.db import WriteSession
from core.ids import new_id
from core.models import Change, Slot, Status, Wish
from core.notices import Notice
from tests.handlers.firm import ANA, BEN, CHANNEL, CHLOE, DEEPA, Firm, labels, new_york, utc, words
from tests.handlers.telling import Teller


@pytest.fixture
def teller(firm: Firm) -> Teller:
    return Teller(firm)


async def test_a_channel_sees_one_message_that_follows_the_booking(firm: Firm, teller: Teller):
    await teller.subscribe()
    booked = await firm.booked("Apollo", new_york(14, minutes=90), title="Design review", attendees_count=4)
    await teller.tell()
    (card,) = await teller.cards()
    assert words(card) == ("✅ Design review · Apollo · Wed 25 Nov, 14:00-15:30 (New York) · @ben\nFor 4 people")

    moved = Change(slot=new_york(15, minutes=90), room_id=firm.rooms["Big Ben"].id)
    await firm.services.bookings.change(booked.id, moved, version=1, by=await firm.actor(ANA))
    await teller.tell()

    (same,) = await teller.cards()
    assert same["ts"] == card["ts"]
    assert same["text"] == (
        "✏️ Design review · (was Apollo) Big Ben · Wed 25 Nov, (was 14:00-15:30) 15:00-16:30 (New York) · @ben\nFor 4 people"
    )
    (line,) = await teller.history(same)
    assert line["text"] == ("@ana moved it: Wed 25 Nov, (was 14:00-15:30) 15:00-16:30 (New York) · (was Apollo) Big Ben")

    await firm.services.bookings.cancel(booked.id, by=await firm.actor(BEN), reason="no customer")
    await teller.tell()

    (gone,) = await teller.cards()
    assert words(gone) == (
        "❌ Design review · Apollo Big Ben · Wed 25 Nov, 15:00-16:30 (New York) · @ben · cancelled by @ben: no customer"
    )
    assert [one["text"] for one in await teller.history(gone)][1:] == ["@ben cancelled it: no customer."]


async def test_nobody_is_pinged_by_a_card_whatever_the_title_says(firm: Firm, teller: Teller):
    await teller.subscribe()
    deepa = (await firm.actor(DEEPA)).person_id
    await firm.booked("Apollo", new_york(14), title="<!channel> <@U0ANA> *x* @here", invitees=(deepa,), attendees_count=2)

    await teller.tell()

    (card,) = await teller.cards()
    assert words(card).startswith("✅ <!channel> <@U0ANA> *x* @here · Apollo")
    elements = card["blocks"][0]["elements"][0]["elements"]
    assert {one["type"] for one in elements} == {"text"}
    assert "<" not in card["text"]


async def test_a_private_booking_is_busy_to_a_channel_and_told_in_full_to_who_is_invited(firm: Firm, teller: Teller):
    await teller.subscribe()
    deepa = (await firm.actor(DEEPA)).person_id
    booked = await firm.booked("Apollo", new_york(14), title="Salaries", private=True, invitees=(deepa,), attendees_count=2)
    await teller.tell()
    await firm.services.bookings.change(booked.id, Change(slot=new_york(15)), version=1, by=await firm.actor(BEN))
    await teller.tell()
    await firm.services.bookings.cancel(booked.id, by=await firm.actor(BEN), reason="postponed")
    await teller.tell()

    (card,) = await teller.cards()
    assert words(card) == "❌ Busy · Apollo · Wed 25 Nov, 15:00-16:00 (New York) · cancelled"
    told = [card, *await teller.history(card)]
    assert len(told) == 3
    for message in told:
        assert not any(word in str(message) for word in ("Salaries", "@deepa", "@ben", "U0BEN", "postponed"))
    (invited, moved, cancelled) = await teller.direct(DEEPA)
    assert "Salaries" in words(invited)
    assert words(moved) == "✏️ @U0BEN moved Salaries (Apollo): Wed 25 Nov, 14:00-15:00 15:00-16:00 (New York)"
    assert words(cancelled) == "❌ @U0BEN cancelled Salaries in Apollo, Wed 25 Nov, 15:00-16:00 (New York): postponed."


async def test_who_is_invited_answers_in_a_tap_and_the_count_and_the_card_follow(firm: Firm, teller: Teller):
    await teller.subscribe()
    people = [(await firm.actor(user)).person_id for user in (CHLOE, DEEPA)]
    booked = await firm.booked("Apollo", new_york(14), title="Retro", invitees=tuple(people), attendees_count=3)
    await teller.tell()
    (asked,) = await teller.direct(CHLOE)
    assert words(asked) == (
        "📅 @U0BEN invites you to Retro in Apollo: Wed 25 Nov, 14:00-15:00 (New York; 20:00-21:00 for you)\n"
        "seats 8 · projector, whiteboard · 3rd floor\nwith @U0DEEPA"
    )
    assert labels(asked) == ["Going", "Can't"]

    declined = await firm.press(CHLOE, asked, "Can't")
    assert declined["ts"] == asked["ts"]
    assert words(declined).endswith("You said that you cannot come.")
    assert labels(declined) == ["Going"]
    assert (await firm.services.bookings.get(booked.id)).attendees_count == 2

    going = await firm.press(CHLOE, declined, "Going")
    assert words(going).endswith("You are going.")
    assert labels(going) == ["Can't"]

    await teller.tell()
    (same,) = await teller.direct(CHLOE)
    assert (words(same), labels(same)) == (words(going), labels(going))
    (card,) = await teller.cards()
    assert words(card).endswith("For 3 people · 1 of 2 invited is coming")
    assert await teller.history(card) == []


async def test_an_answer_after_the_meeting_or_by_a_stranger_to_it_is_refused_in_a_sentence(firm: Firm, teller: Teller):
    chloe = (await firm.actor(CHLOE)).person_id
    booked = await firm.booked("Apollo", new_york(14), invitees=(chloe,), attendees_count=2)
    await teller.tell()
    (asked,) = await teller.direct(CHLOE)
    target = f'{{"b":"{booked.id}","v":1}}'

    for action in ("going", "not_going", "check_in", "run_late", "take_back", "end_early"):
        await firm.deliver(firm.click_of(DEEPA, action, target))
        await firm.deliver(firm.click_of(DEEPA, action, "{}"))
    said = [answer["text"] for answer in firm.answers]
    assert set(said[1::2]) == {"This button or form is out of date. Run the command again."}
    assert set(said[::2]) == {
        "You are not invited to this meeting.",
        "Only whoever booked it, a co-organiser or an admin can change this booking.",
    }

    firm.clock.set(utc(21))
    late = await firm.press(CHLOE, asked, "Going")
    assert words(late) == "Apollo, today, 14:00-15:00, is over."
    assert (await firm.services.bookings.get(booked.id)).version == 1


async def test_somebody_invited_hears_of_a_move_and_can_take_part_or_not_from_there(firm: Firm, teller: Teller):
    chloe = (await firm.actor(CHLOE)).person_id
    booked = await firm.booked("Apollo", new_york(14), title="Retro", invitees=(chloe,), attendees_count=2)
    await teller.tell()
    await firm.services.bookings.change(booked.id, Change(slot=new_york(15)), version=1, by=await firm.actor(ANA))
    await teller.tell()

    asked, moved = await teller.direct(CHLOE)
    assert words(asked).startswith("✏️ @U0BEN invites you to Retro in Apollo: Wed 25 Nov, 14:00-15:00 15:00-16:00")
    assert words(moved) == (
        "✏️ @U0ANA moved Retro (Apollo): Wed 25 Nov, 14:00-15:00 15:00-16:00 (New York; 21:00-22:00 for you)"
    )
    answered = await firm.press(CHLOE, moved, "Can't")
    assert words(answered).endswith("You said that you cannot come.")

    (told,) = await teller.direct(BEN)
    assert labels(told) == ["Undo", "Edit"]
    back = await firm.press(BEN, told, "Undo")
    assert "15:00-16:00 14:00-15:00" in words(back)
    assert (await firm.services.bookings.get(booked.id)).slot == new_york(14)


async def test_a_reminder_lets_one_check_in_and_then_end_early_and_undo(firm: Firm, teller: Teller):
    await teller.ask_for_check_in()
    booked = await firm.booked("Apollo", new_york(14, minutes=90), title="Retro")
    firm.clock.set(utc(18, 50))
    reminder = await teller.send(Notice.REMINDER, booked, BEN)
    assert words(reminder) == ("⏰ Retro starts in 10 minutes in Apollo (3rd floor).\nToday, 14:00-15:30 (New York)")
    assert labels(reminder) == ["Check in", "Running late", "Cancel booking"]

    there = await firm.press(BEN, reminder, "Check in")
    assert there["ts"] == reminder["ts"]
    assert words(there) == "✅ Checked in to Retro: Apollo (3rd floor) is yours until 15:30."
    assert labels(there) == ["Cancel booking"]

    firm.clock.set(utc(20, 15))
    ending = await teller.send(Notice.ENDING, booked, BEN)
    assert words(ending) == "⏰ 15 minutes left of Retro in Apollo (3rd floor), until 15:30.\nNothing follows in the room."
    assert labels(ending) == ["Extend to 15:45", "Extend to 16:00", "Extend to 16:30", "End early"]

    ended = await firm.press(BEN, ending, "End early")
    assert words(ended) == "🔓 Retro ended at 15:15. Apollo (3rd floor) is free for others until 15:30."
    await firm.press(BEN, ended, "Undo")
    assert (await firm.services.bookings.get(booked.id)).status is Status.CHECKED_IN


async def test_a_room_that_asks_for_nothing_offers_no_check_in(firm: Firm, teller: Teller):
    booked = await firm.booked("Apollo", new_york(14), title="Retro")
    firm.clock.set(utc(18, 50))

    reminder = await teller.send(Notice.REMINDER, booked, BEN)

    assert labels(reminder) == ["Running late", "Cancel booking"]


async def test_checking_in_too_early_says_from_when(firm: Firm, teller: Teller):
    await teller.ask_for_check_in()
    booked = await firm.booked("Apollo", new_york(14))
    firm.clock.set(utc(18, 30))
    reminder = await teller.send(Notice.REMINDER, booked, BEN)

    refusal = await firm.press(BEN, reminder, "Check in")

    assert words(refusal) == "You can check in from 13:50 today on."
    assert refusal["ts"] != reminder["ts"]


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("check_in", "✅ Checked in to Retro: Apollo (3rd floor) is yours until 15:00."),
        ("run_late", "⏰ You run late for Retro: nobody else is invited.\nApollo is kept until 14:20 without a check-in."),
        ("end_early", "🔓 Retro ended at 14:05. Apollo (3rd floor) is free for others until 15:00."),
    ],
)
async def test_a_second_click_changes_nothing_and_is_answered_like_the_first(
    firm: Firm, teller: Teller, action: str, said: str
):
    await teller.ask_for_check_in()
    booked = await firm.booked("Apollo", new_york(14), title="Retro")
    firm.clock.set(utc(19, 5))
    click = firm.click_of(BEN, action, f'{{"b":"{booked.id}","v":1}}')

    for _ in range(2):
        await firm.deliver(click)

    assert [answer["text"] for answer in firm.answers] == [said, said]
    assert (await firm.services.bookings.get(booked.id)).version == 2


async def test_an_end_that_is_taken_by_now_is_refused_with_those_that_are_not(firm: Firm, teller: Teller):
    booked = await firm.booked("Apollo", new_york(14), title="Retro")
    firm.clock.set(utc(19, 45))
    ending = await teller.send(Notice.ENDING, booked, BEN)
    taken = Slot(start=utc(20, 30), end=utc(21))
    await firm.booked("Apollo", taken, by=ANA, title="Standup")

    refusal = await firm.press(BEN, ending, "Extend to 16:00")

    assert words(refusal) == 'Apollo is taken today 15:30-16:00 (New York; "Standup", @U0ANA).'
    assert labels(refusal) == ["Extend to 15:30", "Extend to 15:15", "Edit…", "End early"]
    done = await firm.press(BEN, refusal, "Extend to 15:30")
    assert words(done) == "✏️ Apollo (3rd floor) is yours until 15:30 for Retro."
    again = await teller.send(Notice.ENDING, booked, BEN)
    assert words(again).endswith('Then the room is taken, 15:30-16:00 ("Standup", @U0ANA).')
    assert labels(again) == ["End early"]


async def test_a_few_minutes_that_are_free_are_offered_where_more_are_not(firm: Firm, teller: Teller):
    booked = await firm.booked("Apollo", new_york(14), title="Retro")
    firm.clock.set(utc(19, 45))
    ending = await teller.send(Notice.ENDING, booked, BEN)
    await firm.booked("Apollo", Slot(start=utc(20, 12), end=utc(21)), by=ANA, private=True)

    refusal = await firm.press(BEN, ending, "Extend to 15:15")

    assert labels(refusal) == ["Extend to 15:10", "Edit…", "End early"]
    ended = await firm.press(BEN, refusal, "End early")
    assert words(ended).startswith("🔓 Retro ended at 14:45.")


async def test_where_no_longer_end_is_free_one_can_still_end_early(firm: Firm, teller: Teller):
    booked = await firm.booked("Apollo", new_york(14), title="Retro")
    firm.clock.set(utc(19, 45))
    ending = await teller.send(Notice.ENDING, booked, BEN)
    await firm.booked("Apollo", new_york(15), by=ANA)

    refusal = await firm.press(BEN, ending, "Extend to 15:15")

    assert labels(refusal) == ["Edit…", "End early"]


async def test_extending_says_until_when_and_can_be_undone(firm: Firm, teller: Teller):
    booked = await firm.booked("Apollo", new_york(14), title="Retro")
    await firm.booked("Apollo", new_york(16), by=ANA)
    firm.clock.set(utc(19, 45))
    ending = await teller.send(Notice.ENDING, booked, BEN)
    assert words(ending).endswith("Then the room is free until 16:00.")

    longer = await firm.press(BEN, ending, "Extend to 15:30")

    assert words(longer) == "✏️ Apollo (3rd floor) is yours until 15:30 for Retro."
    assert labels(longer) == ["Undo", "End early"]
    await firm.press(BEN, longer, "Undo")
    assert (await firm.services.bookings.get(booked.id)).slot == new_york(14)


async def test_running_late_tells_the_others_and_keeps_the_room(firm: Firm, teller: Teller):
    await teller.ask_for_check_in()
    chloe = (await firm.actor(CHLOE)).person_id
    booked = await firm.booked("Apollo", new_york(14), title="Retro", invitees=(chloe,), attendees_count=2)
    await teller.tell()
    firm.clock.set(utc(19, 7))
    about = {"release_at": utc(19, 10).isoformat()}
    warning = await teller.send(Notice.RELEASE_WARNING, booked, BEN, about=about)
    assert words(warning) == (
        "⏰ Nobody has checked in to Retro in Apollo (3rd floor).\nIt is released at 14:10 unless somebody checks in."
    )

    late = await firm.press(BEN, warning, "Running late")
    assert words(late) == ("⏰ You run late for Retro: 1 person is told.\nApollo is kept until 14:20 without a check-in.")
    assert labels(late) == ["Check in", "Cancel booking"]

    await teller.tell()
    told = (await teller.direct(CHLOE))[-1]
    assert words(told) == "⏰ @U0BEN runs late for Retro at 14:00 (20:00 for you) in Apollo (3rd floor)."
    there = await firm.press(CHLOE, told, "Check in")
    assert words(there) == "✅ Checked in to Retro: Apollo (3rd floor) is yours until 15:00 (21:00 for you)."
    assert labels(there) == []


async def test_a_released_room_can_be_taken_back_while_it_is_free(firm: Firm, teller: Teller):
    booked = await released_at_ten_past(firm, teller)
    (told,) = await teller.direct(BEN)
    assert words(told) == ("🔓 Apollo was released at 14:11: nobody checked in. It is free until 15:30.\nIt was for Retro.")
    assert labels(told) == ["Take it back", "Book it again tomorrow"]

    back = await firm.press(BEN, told, "Take it back")

    assert words(back) == "✅ Apollo (3rd floor) is yours again until 15:30, and you are checked in."
    assert (await firm.services.bookings.get(booked)).status is Status.CHECKED_IN
    assert labels(back) == ["End early"]


async def test_a_released_room_that_somebody_else_took_is_offered_elsewhere_and_tomorrow(firm: Firm, teller: Teller):
    await released_at_ten_past(firm, teller)
    (told,) = await teller.direct(BEN)
    await firm.booked("Apollo", Slot(start=utc(19, 15), end=utc(20)), by=ANA)

    refusal = await firm.press(BEN, told, "Take it back")
    assert "Apollo is taken" in words(refusal)
    assert "Corner 14:15-15:30" in labels(refusal)
    offered = [label for label in labels(refusal) if ":" in label]
    assert offered
    assert all(moment[-1] in "05" for label in offered for moment in re.findall(r"\d\d:\d\d", label))


async def test_the_same_hours_tomorrow_are_one_tap_away(firm: Firm, teller: Teller):
    await released_at_ten_past(firm, teller)
    (told,) = await teller.direct(BEN)

    answer = await firm.press(BEN, told, "Book it again tomorrow")

    assert words(answer).startswith("✅ Apollo is yours: tomorrow, Thu 26 Nov, 14:00-15:30 (New York)")
    assert "Tell the channel" not in labels(answer)
    # The notice stays: the room of today can still be taken back.
    assert answer["ts"] != told["ts"]
    back = await firm.press(BEN, told, "Take it back")
    assert (back["ts"], words(back)[:28]) == (told["ts"], "✅ Apollo (3rd floor) is your")


async def test_tomorrow_being_taken_takes_nothing_off_the_notice(firm: Firm, teller: Teller):
    await released_at_ten_past(firm, teller)
    (told,) = await teller.direct(BEN)
    await firm.booked("Apollo", new_york(14, day=26), by=ANA)

    refusal = await firm.press(BEN, told, "Book it again tomorrow")

    assert words(refusal).startswith("Apollo is taken tomorrow 14:00-15:00")
    assert refusal["ts"] != told["ts"]
    assert labels((await teller.direct(BEN))[0]) == ["Take it back", "Book it again tomorrow"]


async def test_tomorrow_asked_for_twice_is_booked_once(firm: Firm, teller: Teller):
    await released_at_ten_past(firm, teller)
    (told,) = await teller.direct(BEN)

    for _ in range(2):
        answer = await firm.press(BEN, told, "Book it again tomorrow")
        assert words(answer).startswith("✅ Apollo is yours: tomorrow")

    assert [one.slot for one in await firm.mine(BEN)] == [new_york(14, minutes=90, day=26)]
    await firm.press(BEN, answer, "Cancel booking")
    gone = await firm.press(BEN, told, "Book it again tomorrow")
    assert words(gone) == "Retro in Apollo, Thu 26 Nov, 14:00-15:30, was cancelled today at 14:11 by you."
    assert labels(gone) == ["Book it again"]


async def released_at_ten_past(firm: Firm, teller: Teller) -> UUID:
    """Let a room be released to which nobody came, everybody told."""
    await teller.ask_for_check_in()
    booked = await firm.booked("Apollo", new_york(14, minutes=90), title="Retro")
    await teller.tell()

    async def work(session: WriteSession) -> None:
        await session.run(
            "INSERT INTO deliveries (tenant_id, id, key, kind, team_id, booking_id, person_id, due_at, status, done_at,"
            " channel_id, ts) VALUES ($1, $2, $3, 'release_warning', 'T1', $4, $5, $6, 'sent', $6, 'D1', '1')",
            session.tenant,
            new_id(),
            checkin.warning_key(booked, booked.booker.person_id),
            booked.id,
            booked.booker.person_id,
            utc(19, 7),
        )

    await firm.db.write(work, repeatable=True)
    firm.clock.set(utc(19, 11))
    assert await firm.services.presence.release_due(firm.clock.now()) == 1
    await teller.tell()
    return booked.id


# -- the room's size ---------------------------------------------------------------------------------------------------


async def test_when_many_cannot_come_a_smaller_room_is_one_tap_away(firm: Firm, teller: Teller):
    people = tuple([(await firm.actor(user)).person_id for user in (CHLOE, DEEPA)])
    booked = await firm.booked("Apollo", new_york(14), title="Retro", invitees=people, attendees_count=3)
    await teller.tell()
    (asked,) = await teller.direct(CHLOE)
    await firm.press(CHLOE, asked, "Can't")
    await teller.tell()

    (told,) = await teller.direct(BEN)
    assert words(told) == (
        "Retro (Wed 25 Nov, 14:00-15:00) is down to 2 people, and Apollo seats 8.\nCorner seats 4 and is free then."
    )
    assert labels(told) == ["Move to Corner", "Keep Apollo"]

    moved = await firm.press(BEN, told, "Move to Corner")

    assert words(moved).startswith("✏️ Retro · Apollo Corner")
    assert (await firm.services.bookings.get(booked.id)).room.name == "Corner"
    assert await firm.press(BEN, moved, "Undo")


async def test_when_nobody_invited_can_come_the_booker_hears_it_once(firm: Firm, teller: Teller):
    people = tuple([(await firm.actor(user)).person_id for user in (CHLOE, DEEPA)])
    await firm.booked("Corner", new_york(14), title="Review", invitees=people, attendees_count=3)
    await teller.tell()
    for user in (CHLOE, DEEPA):
        assert await teller.direct(BEN) == []
        (asked,) = await teller.direct(user)
        await firm.press(user, asked, "Can't")
        await teller.tell()

    (told,) = await teller.direct(BEN)
    assert words(told) == "Nobody who is invited can come to Review in Corner, Wed 25 Nov, 14:00-15:00 (New York)."
    assert labels(told) == ["Edit", "Cancel booking"]
    assert words(await firm.press(BEN, told, "Cancel booking")).startswith("❌ Review in Corner")
    await teller.tell()
    assert len(await teller.direct(BEN)) == 1


async def test_when_nobody_invited_can_come_a_smaller_room_is_on_offer_where_one_is_free(firm: Firm, teller: Teller):
    chloe = (await firm.actor(CHLOE)).person_id
    await firm.booked("Apollo", new_york(14), invitees=(chloe,), attendees_count=2)
    await teller.tell()
    (asked,) = await teller.direct(CHLOE)
    await firm.press(CHLOE, asked, "Can't")
    await teller.tell()

    (told,) = await teller.direct(BEN)
    assert words(told) == (
        "Nobody who is invited can come to your meeting in Apollo, Wed 25 Nov, 14:00-15:00 (New York).\n"
        "Corner seats 4 and is free then."
    )
    assert labels(told) == ["Move to Corner", "Edit", "Cancel booking"]


async def test_who_comes_after_all_before_it_was_told_leaves_nothing_to_tell(firm: Firm, teller: Teller):
    chloe = (await firm.actor(CHLOE)).person_id
    await firm.booked("Corner", new_york(14), invitees=(chloe,), attendees_count=2)
    await teller.tell()
    (asked,) = await teller.direct(CHLOE)
    declined = await firm.press(CHLOE, asked, "Can't")
    await firm.press(CHLOE, declined, "Going")
    await teller.tell()

    assert await teller.direct(BEN) == []


async def test_a_room_that_is_kept_stays(firm: Firm, teller: Teller):
    booked = await firm.booked("Boardroom", new_york(14), title="Retro", attendees_count=2)
    told = await teller.send(Notice.SIZE, booked, BEN)

    kept = await firm.press(BEN, told, "Keep Boardroom")

    assert words(kept).startswith("✅ Boardroom stays as it is")
    assert kept["ts"] == told["ts"]


# -- telling the channel -----------------------------------------------------------------------------------------------


async def test_the_channel_is_told_on_request_and_once(firm: Firm, teller: Teller):
    booked = await firm.say(BEN, '/book room apollo tomorrow 2pm for 1h "Retro"')
    assert await teller.cards() == []

    told = await firm.press(BEN, booked, "Tell the channel")

    assert words(told).endswith("This channel is told now, and sees every change of it.")
    assert "Tell the channel" not in labels(told)
    await teller.tell()
    (card,) = await teller.cards()
    assert words(card) == "✅ Retro · Apollo · Wed 25 Nov, 14:00-15:00 (New York) · @Ben Okafor"
    await firm.press(BEN, told, "Cancel booking")
    await teller.tell()
    (gone,) = await teller.cards()
    assert words(gone).endswith("cancelled by @Ben Okafor")


async def test_direct_messages_have_no_channel_to_tell(firm: Firm, teller: Teller):
    booked = await firm.booked("Apollo", new_york(14), title="Retro")
    firm.clock.set(utc(18, 50))
    direct = (await teller.send(Notice.REMINDER, booked, BEN))["channel"]

    answer = await firm.say(BEN, "/book room corner tomorrow 2pm", channel=direct)

    assert "Tell the channel" not in labels(answer)


async def test_only_who_attends_can_tell_the_channel(firm: Firm, teller: Teller):
    booked = await firm.booked("Apollo", new_york(14), title="Salaries", private=True)

    await firm.deliver(firm.click_of(DEEPA, "share", f'{{"b":"{booked.id}","v":1}}'))

    assert [answer["text"] for answer in firm.answers] == ["Only those who attend a meeting can tell a channel of it."]
    await teller.tell()
    assert await teller.cards() == []


async def test_where_the_bot_is_not_it_says_how_to_bring_it_in(firm: Firm, teller: Teller):
    workspace = firm.running.sandbox.parts.ws
    granted = (*workspace.company.scopes, "channels:read")  # without it, nobody is refused: nothing is known
    workspace.company = workspace.company.model_copy(update={"scopes": granted})
    booked = await firm.say(BEN, '/book room apollo tomorrow 2pm for 1h "Retro"')
    await firm.slack.channel(CHANNEL, "remove")

    answer = await firm.press(BEN, booked, "Tell the channel")

    assert words(answer).endswith(
        "I am not in this channel, so I cannot write here. Type /invite @Bookroom, then try again."
    )
    assert "Tell the channel" in labels(answer)
    await teller.tell()
    assert await teller.cards() == []


# -- the day -----------------------------------------------------------------------------------------------------------


async def test_a_person_and_a_channel_are_told_their_day(firm: Firm, teller: Teller):
    await teller.subscribe_daily()
    await firm.booked("Apollo", new_york(14), title="Retro")
    await firm.booked("Big Ben", new_york(16), by=ANA, title="Salaries", private=True)
    gone = await firm.booked("Corner", new_york(10), by=ANA, title="Cancelled meeting")
    await firm.services.bookings.cancel(gone.id, by=await firm.actor(ANA))
    await teller.tell()
    assert await teller.cards() == []

    await teller.prefer_a_digest(BEN)
    firm.clock.set(utc(13))
    await teller.tell()

    (told,) = await teller.direct(BEN)
    assert words(told) == "☀️ Your day, Wed 25 Nov: 1 meeting\n14:00-15:00 (New York) · Retro · Apollo"
    (day,) = await teller.cards()
    assert words(day) == (
        "☀️ Wed 25 Nov: 2 bookings\n"
        "14:00-15:00 (New York) · Apollo · Retro · @ben\n"
        "16:00-17:00 (New York) · Big Ben · Busy\n"
        "\n"
        "What changed\n"
        "Cancelled meeting · Corner · Wed 25 Nov, 10:00-11:00 · @ana cancelled it."
    )


# -- the waiting list --------------------------------------------------------------------------------------------------


async def test_who_waits_is_offered_what_frees_and_takes_it_in_a_tap(firm: Firm, teller: Teller):
    booked = await firm.booked("Apollo", new_york(14), by=ANA)
    wish = Wish(slot=new_york(14), room_id=firm.rooms["Apollo"].id, title="Retro")
    await firm.services.line.join(wish, by=await firm.actor(BEN))
    await firm.services.bookings.cancel(booked.id, by=await firm.actor(ANA))
    await teller.tell()

    (offer,) = await teller.direct(BEN)
    assert words(offer) == (
        "🔔 Apollo is free for you: Wed 25 Nov, 14:00-15:00 (New York).\n"
        "It is held until 10:17; after that, others can have it."
    )
    taken = await firm.press(BEN, offer, "Book Apollo 14:00-15:00")

    assert words(taken).startswith("✅ Apollo is yours: tomorrow, Wed 25 Nov, 14:00-15:00 (New York)")
    assert taken["ts"] == offer["ts"]
    assert [one.title for one in await firm.mine(BEN)] == ["Retro"]


async def test_an_offer_that_ran_out_says_so_and_lets_one_wait_again(firm: Firm, teller: Teller):
    booked = await firm.booked("Apollo", new_york(14), by=ANA)
    wish = Wish(slot=new_york(14), room_id=firm.rooms["Apollo"].id, title="Retro")
    await firm.services.line.join(wish, by=await firm.actor(BEN))
    await firm.services.bookings.cancel(booked.id, by=await firm.actor(ANA))
    await teller.tell()
    firm.clock.set(utc(15, 40, day=24))
    await firm.services.line.advance(firm.clock.now())
    await teller.tell()

    _, missed = await teller.direct(BEN)
    assert words(missed) == "Apollo, Wed 25 Nov, 14:00-15:00 (New York), is no longer held for you."
    assert labels(missed) == ["Book it if it is still free", "Wait again"]
    taken = await firm.press(BEN, missed, "Book it if it is still free")
    assert words(taken).startswith("✅ Apollo is yours")
