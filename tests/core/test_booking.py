"""Booking a room: which one is taken, what is stored, who is refused and what they are told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core import errors
from core.ids import new_id
from core.models import OfferKind, Slot, Status, Wish
from core.rooms import Rooms
from tests.core.office import MONDAY, Office, at


async def refusal(office: Office, wish: Wish, *, by: Any = None) -> errors.BookingError:
    """Book in vain and return why."""
    with pytest.raises(errors.BookingError) as caught:
        await office.bookings.book(wish, by=by or office.ana)
    return caught.value


async def policy(office: Office, **rules: Any) -> None:
    await Rooms(office.db, office.catalogues).set_policy(**rules)


# -- what is stored ----------------------------------------------------------------------------------------------------


async def test_a_named_room_is_booked_and_can_be_read_back(office: Office):
    apollo = await office.room("Apollo")

    booked = await office.book(
        apollo, at(10), title="Plan", attendees_count=3, private=True, invitees=(office.boss.person_id, office.bob.person_id)
    )

    assert await office.bookings.get(booked.id) == booked
    assert (booked.room, booked.location, booked.slot) == (apollo, office.berlin, at(10))
    assert (booked.title, booked.attendees_count, booked.private) == ("Plan", 3, True)
    assert (booked.status, booked.version, booked.created_at) == (Status.CONFIRMED, 1, MONDAY)
    assert booked.booker.slack_user_id == "Uana"
    assert [a.name for a in booked.attendees] == ["bob", "boss"]


async def test_times_given_in_any_zone_are_kept_in_utc(office: Office):
    apollo = await office.room("Apollo")
    slot = Slot(start=at(10).start.astimezone(office.tokyo.tz), end=at(10).end.astimezone(office.berlin.tz))

    booked = await office.book(apollo, slot)

    assert booked.slot == at(10)
    assert (await office.bookings.get(booked.id)).start.tzinfo is UTC


async def test_rooms_are_free_again_at_the_moment_a_meeting_ends(office: Office):
    apollo = await office.room("Apollo")
    await office.book(apollo, at(10))
    before, after = await office.book(apollo, at(9)), await office.book(apollo, at(11))
    assert (before.end, after.start) == (at(10).start, at(10).end)


async def test_an_odd_title_is_stored_as_one_plain_line(office: Office):
    apollo = await office.room("Apollo")
    hostile = "Plan\x00 <!channel>\n*bold* \u202egnp.exe\ud800 ; DROP TABLE bookings; -- 👩‍💻 Ünïcödé"

    booked = await office.book(apollo, at(10), title=hostile)

    assert booked.title == "Plan <!channel> *bold* gnp.exe ; DROP TABLE bookings; -- 👩‍💻 Ünïcödé"
    assert await office.bookings.get(booked.id) == booked


async def test_a_title_of_nothing_but_blanks_is_no_title(office: Office):
    assert (await office.book(await office.room("Apollo"), at(10), title=" \t\n")).title is None


# -- which room --------------------------------------------------------------------------------------------------------


async def test_the_smallest_adequate_room_with_the_fewest_spare_amenities_is_taken(office: Office):
    await office.room("Hall", seats=50, has=["projector"])
    await office.room("Tiny", seats=2, has=["projector"])
    await office.room("Fancy", seats=6, has=["projector", "tv", "phone"])
    await office.room("Plain", seats=6, has=["projector"])
    await office.room("Bare", seats=6)
    wish = Wish(slot=at(10), attendees_count=5, amenities=frozenset({"projector"}))

    taken = [(await office.bookings.book(wish, by=office.ana)).room.name for _ in range(3)]

    assert taken == ["Plain", "Fancy", "Hall"]
    assert isinstance(await refusal(office, wish), errors.NothingFits)


async def test_equal_rooms_are_taken_by_name(office: Office):
    for name in ("zeus", "Apollo", "Mars"):
        await office.room(name)
    assert [(await office.book(None, at(10))).room.name for _ in range(3)] == ["Apollo", "Mars", "zeus"]


async def test_a_place_and_a_floor_narrow_the_choice(office: Office):
    await office.room("Apollo", floor="3")
    await office.room("Sakura", place=office.tokyo, floor="Mezzanine")

    assert (await office.book(None, at(10), location_id=office.tokyo.id)).room.name == "Sakura"
    assert (await office.book(None, at(12), floor="mezzanine")).room.name == "Sakura"
    assert (await office.book(None, at(12), floor="3")).room.name == "Apollo"


async def test_inactive_rooms_are_never_chosen(office: Office):
    await office.room("Cellar", active=False)
    await office.room("Hall", seats=90)
    assert (await office.book(None, at(10))).room.name == "Hall"


async def test_a_room_whose_rules_refuse_is_passed_over(office: Office):
    small, _ = await office.room("Small"), await office.room("Large", seats=9)
    await policy(office, room_id=small.id, longest_minutes=30)
    assert (await office.book(None, at(10, 60))).room.name == "Large"
    assert (await office.book(None, at(10, 30))).room.name == "Small"


NOTHING_FITS = [
    (Wish(slot=at(10), attendees_count=99), "No room seats 99; the largest, Hall, seats 50."),
    (Wish(slot=at(10), amenities=frozenset({"sauna"})), "No room has sauna."),
    (Wish(slot=at(10), amenities=frozenset({"tv"}), attendees_count=20), "No room with tv seats 20."),
    (Wish(slot=at(10), floor="13"), "There is no room on floor 13."),
]


@pytest.mark.parametrize(("wish", "sentence"), NOTHING_FITS)
async def test_a_wish_that_no_room_can_fulfil_is_told_why(office: Office, wish: Wish, sentence: str):
    await office.room("Hall", seats=50)
    await office.room("Snug", seats=4, has=["tv"])

    error = await refusal(office, wish)

    assert isinstance(error, errors.NothingFits)
    assert error.message == sentence


async def test_a_place_without_rooms_says_so(office: Office):
    error = await refusal(office, Wish(slot=at(10), location_id=office.tokyo.id))
    assert error.message == "There are no rooms in Tokyo yet."


# -- every rule, by its code, its sentence and its field ---------------------------------------------------------------

# now is Monday 09:00 in Berlin; slots count from midnight UTC, an hour before Berlin's.
RULES: list[tuple[dict[str, Any], dict[str, Any], str, str, str | None]] = [
    ({"slot": at(6)}, {}, "StartInPast", "07:00 is over; it is 09:00 in Berlin.", "start"),
    ({"slot": at(8, days=-3)}, {}, "StartInPast", "Fri 2 Mar, 09:00 is over; it is 09:00 in Berlin.", "start"),
    (
        {"slot": at(10, 0)},
        {},
        "EndBeforeStart",
        "The meeting would end before it starts. Give an end after the start.",
        "end",
    ),
    (
        {"slot": at(10, -30)},
        {},
        "EndBeforeStart",
        "The meeting would end before it starts. Give an end after the start.",
        "end",
    ),
    ({"attendees_count": 0}, {}, "InvalidAttendees", "A meeting needs at least one person.", "attendees_count"),
    ({"attendees_count": 5}, {}, "TooManyAttendees", "Apollo seats 4; you asked for 5 people.", "attendees_count"),
    ({"title": "x" * 201}, {}, "TitleTooLong", "A title can have up to 200 characters; this one has 201.", "title"),
    ({"slot": at(10, 4)}, {}, "TooShort", "Apollo is booked for 5 minutes at least.", "end"),
    ({"slot": at(10, 721)}, {}, "TooLong", "Apollo can be booked for 12 hours at most.", "end"),
    ({"slot": at(10, 61)}, {"longest_minutes": 60}, "TooLong", "Apollo can be booked for 1 hour at most.", "end"),
    ({"slot": at(10, days=366)}, {}, "TooFarAhead", "Apollo can be booked 365 days ahead, until Tue 5 Mar 2041.", "start"),
    (
        {"slot": at(10, days=1)},
        {"horizon_days": 0},
        "TooFarAhead",
        "Apollo can be booked 0 days ahead, until Mon 5 Mar.",
        "start",
    ),
    (
        {"slot": at(16.5)},
        {"opening": {"mon": ["08:00", "18:00"]}},
        "OutsideOpeningHours",
        "Apollo closes at 18:00 on Mondays; your meeting would end at 18:30.",
        "start",
    ),
    (
        {"slot": at(22, 120)},
        {"opening": {"mon": ["08:00", "23:30"], "tue": ["08:00", "18:00"]}},
        "OutsideOpeningHours",
        "Apollo closes at 23:30 on Mondays; your meeting would go on until Tue 6 Mar, 01:00.",
        "start",
    ),
    (
        {"slot": at(18)},
        {"opening": {"mon": ["08:00", "18:00"]}},
        "OutsideOpeningHours",
        "Apollo closes at 18:00 on Mondays; your meeting would start at 19:00.",
        "start",
    ),
    (
        {"slot": at(9)},
        {"opening": {"mon": ["10:15", "18:00"]}},
        "OutsideOpeningHours",
        "Apollo opens at 10:15 on Mondays; your meeting would start at 10:00.",
        "start",
    ),
    (
        {"slot": at(10, days=1)},
        {"opening": {"mon": ["08:00", "18:00"]}},
        "OutsideOpeningHours",
        "Apollo is closed on Tuesdays.",
        "start",
    ),
    ({"by": "visitor"}, {}, "GuestsMayNotBook", "Guests cannot book Apollo. Ask a colleague to book it for you.", None),
    (
        {},
        {"cutoff_on": True, "cutoff_from": "09:00"},
        "BookingCutoff",
        "Bookings in Berlin close at 09:00 for the day. Try again tomorrow, or ask an admin.",
        None,
    ),
]


@pytest.mark.parametrize("row", RULES)
async def test_a_broken_rule_is_told_by_its_code_its_sentence_and_its_field(office: Office, row: tuple[Any, ...]):
    wish, rules, code, sentence, field = row
    apollo = await office.room("Apollo")
    if rules:
        await policy(office, **rules)
    wanted = {"slot": at(10), "room_id": apollo.id, **wish}
    by = getattr(office, wanted.pop("by", "ana"))

    error = await refusal(office, Wish(**wanted), by=by)

    fields = {field: sentence} if field else None
    assert error.to_dict() == {"error": code, "message": sentence, "validationErrors": fields}
    assert await office.count("SELECT count(*) FROM bookings") == 0


async def test_what_just_keeps_each_rule_passes(office: Office):
    apollo = await office.room("Apollo")
    await policy(office, opening={"mon": ["09:00", "18:00"], "tue": ["00:00", "24:00"]}, longest_minutes=60, horizon_days=1)
    for slot in (at(8), at(9, 5), at(16, 60), at(10, days=1)):
        assert (await office.book(apollo, slot, attendees_count=4, title="x" * 200)).slot == slot


async def test_the_minute_under_way_still_counts_as_now(office: Office):
    apollo = await office.room("Apollo")
    office.clock.set(MONDAY + timedelta(seconds=59))
    assert (await office.book(apollo, at(8))).start == MONDAY


async def test_all_fields_at_fault_are_named_together(office: Office):
    error = await refusal(office, Wish(slot=at(10, -1), attendees_count=0, title="x" * 201))
    assert set(error.fields) == {"end", "attendees_count", "title"}


async def test_an_inactive_room_is_refused_by_name(office: Office):
    cellar = await office.room("Cellar", active=False)
    error = await refusal(office, Wish(slot=at(10), room_id=cellar.id))
    assert (error.code, error.message, set(error.fields)) == ("RoomInactive", "Cellar is out of use.", {"room"})


@pytest.mark.parametrize("year", [1, 1969, 9998])
async def test_years_that_nobody_means_are_refused_before_a_calendar_breaks(office: Office, year: int):
    apollo = await office.room("Apollo")
    start = datetime(year, 6, 1, tzinfo=UTC)
    error = await refusal(office, Wish(slot=Slot(start=start, end=start + timedelta(hours=1)), room_id=apollo.id))
    assert error.code == ("TooFarAhead" if year > 2040 else "StartInPast")


async def test_unknown_rooms_places_and_people_are_refused(office: Office):
    apollo = await office.room("Apollo")
    assert (await refusal(office, Wish(slot=at(10), room_id=new_id()))).code == "RoomNotFound"
    assert (await refusal(office, Wish(slot=at(10), location_id=new_id()))).code == "LocationNotFound"
    stranger = Wish(slot=at(10), room_id=apollo.id, invitees=(new_id(),))
    assert (await refusal(office, stranger)).code == "PersonNotFound"
    with pytest.raises(errors.BookingNotFound):
        await office.bookings.get(new_id())


# -- cutoff and guests -------------------------------------------------------------------------------------------------


async def test_the_cutoff_is_read_on_the_locations_clock(office: Office):
    apollo, sakura = await office.room("Apollo"), await office.room("Sakura", place=office.tokyo)
    await policy(office, cutoff_on=True)  # from 17:00, unless told otherwise

    # 16:59 in Berlin is 00:59 in Tokyo, a day of its own.
    office.clock.set(datetime(2040, 3, 5, 15, 59, tzinfo=UTC))
    assert (await office.book(apollo, at(20))).version == 1
    office.clock.set(datetime(2040, 3, 5, 16, 0, tzinfo=UTC))
    assert (await refusal(office, Wish(slot=at(22), room_id=apollo.id))).code == "BookingCutoff"
    assert (await office.book(sakura, at(20))).version == 1
    # Midnight in Berlin opens the next day.
    office.clock.set(datetime(2040, 3, 5, 23, 0, tzinfo=UTC))
    assert (await office.book(apollo, at(33))).version == 1


async def test_admins_may_book_after_the_cutoff(office: Office):
    apollo = await office.room("Apollo")
    await policy(office, cutoff_on=True, cutoff_from="08:00")
    assert (await office.book(apollo, at(10), by=office.boss)).version == 1


async def test_guests_book_only_where_they_may(office: Office):
    open_room, closed_room = await office.room("Lobby"), await office.room("Vault")
    await policy(office, room_id=open_room.id, guests_may_book=True)
    assert (await office.book(open_room, at(10), by=office.visitor)).version == 1
    assert (await refusal(office, Wish(slot=at(10), room_id=closed_room.id), by=office.visitor)).code == "GuestsMayNotBook"
    # Not told where, only the room that they may have counts.
    assert (await office.book(None, at(12), by=office.visitor)).room == open_room
    assert (await refusal(office, Wish(slot=at(10)), by=office.visitor)).code == "SlotTaken"


# -- amenities ---------------------------------------------------------------------------------------------------------


async def test_a_named_room_without_what_was_asked_for_is_offered_as_it_is_and_others_that_have_it(office: Office):
    apollo = await office.room("Apollo", has=["tv"])
    await office.room("Zeus", seats=9, has=["projector", "phone"])
    wish = Wish(slot=at(10), room_id=apollo.id, amenities=frozenset({"projector", "phone", "tv"}))

    error = await refusal(office, wish)

    assert (error.code, error.message) == ("LacksAmenities", "Apollo has no phone or projector.")
    assert [(a.kind, a.room.name) for a in error.alternatives] == [(OfferKind.ANYWAY, "Apollo")]
    fewer = await refusal(office, Wish(slot=at(10), room_id=apollo.id, amenities=frozenset({"phone"})))
    kinds = [(a.kind, a.room.name) for a in fewer.alternatives]
    assert kinds[:2] == [(OfferKind.ANYWAY, "Apollo"), (OfferKind.OTHER_ROOM, "Zeus")]
    assert (OfferKind.OTHER_ROOM, "Apollo") not in kinds


async def test_a_lacking_room_that_is_taken_is_not_offered_as_it_is(office: Office):
    apollo = await office.room("Apollo")
    await office.book(apollo, at(10))
    error = await refusal(office, Wish(slot=at(10), room_id=apollo.id, amenities=frozenset({"phone"})))
    assert OfferKind.ANYWAY not in {a.kind for a in error.alternatives}


# -- taken -------------------------------------------------------------------------------------------------------------


async def test_a_taken_room_is_refused_with_who_is_there(office: Office):
    apollo = await office.room("Apollo")
    await office.book(apollo, at(10), title="Design review")

    error = await refusal(office, Wish(slot=at(10.5), room_id=apollo.id), by=office.bob)

    assert isinstance(error, errors.SlotTaken)
    assert error.message == 'Apollo is taken today 11:00-12:00 ("Design review").'
    assert (error.room, error.slot) == (apollo, at(10.5))
    (rival,) = error.rivals
    assert (rival.slot, rival.title, rival.booker_slack_user_id) == (at(10), "Design review", "Uana")


async def test_a_private_meeting_in_the_way_keeps_its_title_and_its_booker_to_itself(office: Office):
    apollo = await office.room("Apollo")
    await office.book(apollo, at(10), title="Layoffs", private=True, invitees=(office.bob.person_id,))

    stranger = await refusal(office, Wish(slot=at(10), room_id=apollo.id), by=await office.actor("eve"))
    invited = await refusal(office, Wish(slot=at(10), room_id=apollo.id), by=office.bob)

    assert isinstance(stranger, errors.SlotTaken)
    assert isinstance(invited, errors.SlotTaken)
    assert (stranger.rivals[0].title, stranger.rivals[0].booker_slack_user_id) == (None, None)
    assert "Layoffs" not in f"{stranger.message} {stranger.to_dict()} {stranger.rivals} {stranger.alternatives}"
    assert stranger.message == "Apollo is taken today 11:00-12:00."
    assert invited.rivals[0].title == "Layoffs"


async def test_when_every_room_that_fits_is_taken_the_refusal_counts_them(office: Office):
    for name in ("Apollo", "Mars", "Zeus"):
        await office.book(await office.room(name), at(10))
    error = await refusal(office, Wish(slot=at(10), attendees_count=3, location_id=office.berlin.id))
    assert (error.code, error.message) == ("NothingFits", "All 3 rooms in Berlin for 3 people are taken today 11:00-12:00.")


async def test_setup_and_teardown_keep_the_room_around_a_meeting(office: Office):
    apollo = await office.room("Apollo", setup=15, teardown=30)
    await office.book(apollo, at(10))  # kept from 09:45 to 11:30

    for slot in (at(9, 31), at(11.5, 60), at(11.25, 15)):
        assert (await refusal(office, Wish(slot=slot, room_id=apollo.id))).code == "SlotTaken"
    # Each needs its own teardown before the other's setup: 08:15-09:15 and 11:45-12:45.
    assert (await office.book(apollo, at(8.25))).version == 1
    assert (await office.book(apollo, at(11.75))).version == 1


async def test_an_expired_offer_in_the_way_is_cleared_and_a_live_one_respected(office: Office):
    apollo = await office.room("Apollo")
    for slot, until in ((at(10), MONDAY - timedelta(seconds=1)), (at(12), MONDAY + timedelta(minutes=10))):
        await office.damage(
            "WITH first AS (INSERT INTO waiting (tenant_id, id, person_id, start_time, end_time, status, offered_room_id,"
            " offer_expires_at) SELECT r.tenant_id, gen_random_uuid(), p.id,"
            f" '{slot.start}', '{slot.end}', 'offered', r.id, '{until}' FROM people p, rooms r WHERE p.name = 'bob'"
            " RETURNING id)"
            " INSERT INTO room_claims (tenant_id, id, room_id, kind, waiting_id, start_time, end_time, expires_at)"
            " SELECT r.tenant_id, gen_random_uuid(), r.id, 'offer', first.id,"
            f" '{slot.start}', '{slot.end}', '{until}' FROM rooms r, first"
        )

    assert (await office.book(apollo, at(10))).version == 1
    error = await refusal(office, Wish(slot=at(12), room_id=apollo.id))
    assert (error.code, error.message) == (
        "SlotTaken",
        "Apollo is held for somebody on the waiting list until 09:10 (today 13:00-14:00).",
    )


async def test_a_booking_that_waited_for_approval_too_long_expires_when_somebody_needs_the_room(office: Office):
    apollo = await office.room("Apollo")
    pending = await office.book(apollo, at(10), title="Perhaps")
    await office.damage(
        "UPDATE bookings SET status = 'pending';"
        "UPDATE events SET after = jsonb_set(after, '{status}', '\"pending\"');"
        "UPDATE room_claims SET expires_at = now() - interval '1 second'"
    )

    booked = await office.book(apollo, at(10.5), by=office.bob)

    expired = await office.bookings.get(pending.id)
    assert (booked.status, expired.status, expired.version) == (Status.CONFIRMED, Status.EXPIRED, 2)
    assert await office.count("SELECT count(*) FROM events WHERE kind = 'expired'") == 1


# -- the same sentence twice, and one's own list -----------------------------------------------------------------------


async def test_the_twin_of_a_wish_is_found_for_a_minute(office: Office):
    apollo = await office.room("Apollo", has=["tv"])
    wish = Wish(slot=at(10), attendees_count=2, title="Plan", amenities=frozenset({"tv"}))
    assert await office.bookings.twin(wish, by=office.ana) is None
    booked = await office.bookings.book(wish, by=office.ana)

    assert await office.bookings.twin(wish, by=office.ana) == booked
    assert await office.bookings.twin(wish, by=office.bob) is None
    for other in ({"title": "Other"}, {"attendees_count": 3}, {"slot": at(11)}, {"location_id": office.tokyo.id}):
        assert (
            await office.bookings.twin(
                Wish(**{"slot": at(10), "title": "Plan", "attendees_count": 2, **other}), by=office.ana
            )
            is None
        )
    named = Wish(slot=at(10), attendees_count=2, title="Plan", room_id=apollo.id)
    assert await office.bookings.twin(named, by=office.ana) == booked
    office.clock.advance(timedelta(seconds=61))
    assert await office.bookings.twin(wish, by=office.ana) is None


async def test_a_request_that_arrives_again_is_no_twin_of_itself_but_another_one_is(office: Office):
    await office.room("Apollo")
    wish = Wish(slot=at(10), title="Plan \n ahead")
    booked = await office.bookings.book(wish, by=office.ana, key="first")
    assert await office.bookings.twin(wish, by=office.ana, key="first") is None
    assert await office.bookings.twin(wish, by=office.ana, key="second") == booked


async def test_the_same_is_booked_once_within_a_minute_and_the_second_request_leaves_no_trace(office: Office):
    await office.room("Apollo")
    await office.room("Big Ben")
    wish = Wish(slot=at(10), title="Plan")
    first = await office.bookings.book_once(wish, by=office.ana, key="first")
    second = await office.bookings.book_once(wish, by=office.ana, key="second")
    again = await office.bookings.book_once(wish, by=office.ana, key="first")

    assert (first.before, second.before, again.before) == (False, True, False)
    assert first.booking == second.booking == again.booking
    assert [row["key"] for row in await office.rows("SELECT key FROM requests")] == ["first"]
    other = await office.bookings.book_once(wish, by=office.bob, key="third")
    assert (other.before, other.booking.room.name) == (False, "Big Ben")
    office.clock.advance(timedelta(seconds=61))
    with pytest.raises(errors.NothingFits):
        await office.bookings.book_once(wish, by=office.ana, key="fourth")


async def test_what_was_booked_in_time_is_shown_to_whoever_says_it_again_too_late(office: Office):
    apollo = await office.room("Apollo")
    wish = Wish(slot=at(8, minutes=30), room_id=apollo.id)
    office.clock.advance(timedelta(seconds=50))
    booked = await office.bookings.book_once(wish, by=office.ana, key="first")
    office.clock.advance(timedelta(seconds=20))

    assert await office.bookings.book_once(wish, by=office.ana, key="second") == replace(booked, before=True)
    with pytest.raises(errors.StartInPast):
        await office.bookings.book_once(replace(wish, title="Other"), by=office.ana, key="third")


async def test_a_cancelled_booking_is_nobodys_twin(office: Office):
    booked = await office.book(await office.room("Apollo"), at(10))
    await office.bookings.cancel(booked.id, by=office.ana)
    assert await office.bookings.twin(Wish(slot=at(10)), by=office.ana) is None


async def test_ones_own_list_has_what_one_booked_or_attends_soonest_first(office: Office):
    apollo = await office.room("Apollo")
    later = await office.book(apollo, at(12))
    invited = await office.book(apollo, at(11), by=office.bob, invitees=(office.ana.person_id,))
    cancelled = await office.book(apollo, at(14))
    await office.bookings.cancel(cancelled.id, by=office.ana)
    over = await office.book(apollo, at(8, 30))
    await office.book(apollo, at(15), by=office.bob)
    office.clock.set(over.end)

    assert [b.id for b in await office.bookings.mine(office.ana)] == [invited.id, later.id]
    assert [b.id for b in await office.bookings.mine(office.ana, limit=1, offset=1)] == [later.id]
