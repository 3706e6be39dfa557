"""Bookings that wait for approval: asked, held, decided by the first, gone back to, expired; the one rule behind each."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import approving, checks, errors
from core.models import Alternative, Booking, Change, OfferKind, Right, Room, Slot, Status, Wish
from tests.core.approved import Asking
from tests.core.notified import Notified
from tests.core.office import MONDAY, Office, at
from tests.core.series_office import series_of, weekly

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def asking(office: Office) -> Asking:
    """The office's requests."""
    return Asking.of(office)


@pytest.fixture
async def boardroom(office: Office, asking: Asking) -> Room:
    """A room whose bookings Bob approves."""
    room = await office.room("Boardroom", seats=20)
    await asking.needs(room)
    await asking.grant(Right.APPROVE, office.bob, room=room)
    return room


# Hours to the start, and minutes from asking until it expires.
EXPIRIES = [
    (48, 24 * 60),
    (24, 24 * 60),
    (23, 23 * 60 - 5),
    (1, 55),
    (1 / 6, 5),
    (0.1, 3),
    (0, 2),
]


@pytest.mark.parametrize(("hours", "minutes"), EXPIRIES)
async def test_until_when_it_is_held(office: Office, boardroom: Room, hours: float, minutes: float):
    slot = Slot(start=MONDAY + hours * HOUR, end=MONDAY + hours * HOUR + HOUR)
    until = approving.expiry([boardroom], slot, catalogue=await office.catalogues.current(), now=MONDAY)
    assert until - MONDAY == minutes * MINUTE


async def test_a_booking_waits_holds_its_room_and_is_approved(office: Office, asking: Asking, boardroom: Room):
    booked = await office.book(boardroom, at(60), title="Board")
    assert booked.status is Status.PENDING
    assert await asking.held_until(booked) == [MONDAY + 24 * HOUR]
    with pytest.raises(errors.SlotTaken):
        await office.book(boardroom, at(60), by=office.bob)

    after = await asking.approve(booked, by=office.bob)

    assert (after.status, after.version) == (Status.CONFIRMED, 2)
    assert await office.bookings.get(booked.id) == after
    assert await asking.held_until(booked) == [None]
    assert await asking.decisions(booked) == ["approved"]
    assert await office.count("SELECT count(*) FROM events WHERE kind = 'approved'") == 1
    assert await checks.violations(office.db) == []


async def test_who_could_approve_it_books_without_asking(office: Office, asking: Asking, boardroom: Room):
    chief = await office.actor("chief")
    await asking.grant(Right.OVERRIDE, chief, room=boardroom)
    for hour, person in enumerate((office.bob, office.boss, chief)):
        assert (await office.book(boardroom, at(60 + hour), by=person)).status is Status.CONFIRMED


async def test_who_may_only_ask_for_a_room_waits_and_others_do_not(office: Office, asking: Asking):
    lab = await office.room("Lab")
    staff = await asking.group("Staff", office.bob)
    await asking.grant(Right.BOOK, staff, room=lab)
    await asking.grant(Right.REQUEST, room=lab)
    bob = (await office.people.get(office.bob.person_id)).acting()
    assert (await office.book(lab, at(60))).status is Status.PENDING
    assert (await office.book(lab, at(61), by=bob)).status is Status.CONFIRMED


async def test_a_declined_booking_gives_its_room_back_with_the_reason(office: Office, asking: Asking, boardroom: Room):
    booked = await office.book(boardroom, at(60))
    after = await asking.decline(booked, by=office.bob, reason="The board\nmeets then")
    assert (after.status, after.cancel_reason) == (Status.DECLINED, "The board meets then")
    assert await asking.held_until(booked) == []
    request = await asking.approvals.of_booking(booked.id)
    assert request is not None
    assert (request.decision, request.decided_by, request.reason) == (
        "declined",
        office.bob.person_id,
        "The board meets then",
    )
    assert (await office.book(boardroom, at(60), by=office.boss)).status is Status.CONFIRMED
    assert await checks.violations(office.db) == []


async def test_only_those_asked_and_admins_decide_and_nobody_on_their_own(office: Office, asking: Asking, boardroom: Room):
    await asking.grant(Right.MANAGE, manager := await office.actor("manager"), room=boardroom)
    booked = await office.book(boardroom, at(60))
    for stranger in (office.ana, office.visitor, manager):
        with pytest.raises(errors.NotAllowed):
            await asking.approve(booked, by=stranger)
    assert (await asking.approve(booked, by=office.boss)).status is Status.CONFIRMED


async def test_those_who_manage_are_asked_where_nobody_approves_and_admins_where_nobody_manages(
    office: Office, asking: Asking
):
    room = await office.room("Lab")
    await asking.needs(room)
    booked = await office.book(room, at(60))
    assert [one.name for one in await asking.approvals.approvers(booked)] == ["boss"]
    await asking.grant(Right.MANAGE, await asking.group("Facilities", office.bob, office.ana))
    assert [one.name for one in await asking.approvals.approvers(booked)] == ["bob"]
    await asking.grant(Right.APPROVE, await office.actor("eve"), room=room)
    assert [one.name for one in await asking.approvals.approvers(booked)] == ["eve"]


async def test_the_booker_decides_where_there_is_nobody_else(office: Office, asking: Asking):
    room = await office.room("Lab")
    await asking.needs(room)
    await asking.grant(Right.MANAGE, office.ana, room=room)
    booked = await office.book(room, at(60))
    with pytest.raises(errors.NotAllowed):
        await asking.approve(booked, by=office.ana)
    await office.damage("UPDATE people SET slack_admin = false")
    assert (await asking.approve(booked, by=office.ana)).status is Status.CONFIRMED


async def test_whoever_is_second_is_told_how_it_stands(office: Office, asking: Asking, boardroom: Room):
    booked = await office.book(boardroom, at(60))
    request = await asking.request(booked)
    first = await asking.approvals.approve(request, by=office.bob)
    with pytest.raises(errors.NotWaiting, match="bob approved it at 09:00") as told:
        await asking.approvals.decline(request, by=office.boss)
    assert told.value.booking_id == booked.id
    # Whoever taps twice has decided once.
    assert await asking.approvals.approve(request, by=office.bob) == first
    assert await office.count("SELECT count(*) FROM deliveries WHERE kind = 'decided'") == 1


async def test_what_was_cancelled_or_never_asked_is_not_decided(office: Office, asking: Asking, boardroom: Room):
    booked = await office.book(boardroom, at(60))
    request = await asking.request(booked)
    await office.bookings.cancel(booked.id, by=office.ana)
    with pytest.raises(errors.NotWaiting, match="not asked for any more"):
        await asking.approvals.approve(request, by=office.bob)
    assert await asking.decisions(booked) == ["withdrawn"]
    with pytest.raises(errors.NotWaiting, match="Nobody has to approve"):
        await asking.approvals.approve(booked.id, by=office.bob)


async def test_cancelling_is_taken_back_by_asking_anew_and_a_decision_by_nobody(
    office: Office, asking: Asking, boardroom: Room
):
    booked = await office.book(boardroom, at(60))
    gone = (await office.bookings.cancel(booked.id, by=office.ana)).after
    back = (await office.bookings.undo(booked.id, version=gone.version, by=office.ana)).after
    assert back.status is Status.PENDING
    declined = await asking.decline(back, by=office.bob)
    with pytest.raises(errors.NothingToUndo):
        await office.bookings.undo(booked.id, version=declined.version, by=office.ana)
    assert await asking.decisions(booked) == ["withdrawn", "declined"]
    assert await checks.violations(office.db) == []


# -- changes -----------------------------------------------------------------------------------------------------------


async def approved(office: Office, asking: Asking, room: Room, slot: Slot | None = None, *, people: int = 8) -> Booking:
    return await asking.approve(await office.book(room, slot or at(60, 60), attendees_count=people), by=office.bob)


async def change(office: Office, booking: Booking, **what: object) -> Booking:
    wanted = Change(**what)  # type: ignore[arg-type]
    return (await office.bookings.change(booking.id, wanted, version=booking.version, by=office.ana)).after


LESS: list[dict[str, object]] = [{"slot": at(60, 30)}, {"slot": at(60.25, 30)}, {"attendees_count": 2}, {"title": "Other"}]
MORE: list[dict[str, object]] = [{"slot": at(60, 90)}, {"slot": at(59.75)}, {"slot": at(70)}, {"attendees_count": 9}]


@pytest.mark.parametrize("what", LESS)
async def test_what_takes_less_stays_approved(office: Office, asking: Asking, boardroom: Room, what: dict[str, object]):
    after = await change(office, await approved(office, asking, boardroom), **what)
    assert after.status is Status.CONFIRMED
    assert await asking.decisions(after) == ["approved"]
    assert await checks.violations(office.db) == []


@pytest.mark.parametrize("what", MORE)
async def test_what_takes_more_asks_again_and_holds_it(
    office: Office, asking: Asking, boardroom: Room, what: dict[str, object]
):
    after = await change(office, await approved(office, asking, boardroom), **what)
    assert after.status is Status.PENDING
    assert await asking.decisions(after) == ["approved", None]
    assert await asking.held_until(after) == [MONDAY + 24 * HOUR]
    assert (await asking.approve(after, by=office.bob)).status is Status.CONFIRMED
    assert await checks.violations(office.db) == []


async def test_a_declined_extension_goes_back_to_what_was_approved(office: Office, asking: Asking, boardroom: Room):
    first = await approved(office, asking, boardroom)
    longer = await change(office, first, slot=at(60, 90), attendees_count=10)
    later = await change(office, longer, slot=at(60, 120), title="Longer")

    after = await asking.decline(later, by=office.bob, reason="Too long")

    assert (after.status, after.slot, after.attendees_count, after.title) == (Status.CONFIRMED, at(60), 8, "Longer")
    assert await asking.decisions(after) == ["approved", "withdrawn", "declined"]
    assert await asking.held_until(after) == [None]
    assert (await office.book(boardroom, at(61), by=office.boss)).status is Status.CONFIRMED
    assert await checks.violations(office.db) == []


async def test_an_extension_that_nobody_approves_in_time_goes_back_too(office: Office, asking: Asking, boardroom: Room):
    longer = await change(office, await approved(office, asking, boardroom), slot=at(60, 90))
    asking.pass_by(hours=24)
    assert await asking.time.advance(asking.now) == 1
    after = await office.bookings.get(longer.id)
    assert (after.status, after.slot) == (Status.CONFIRMED, at(60))
    assert await checks.violations(office.db) == []


async def test_a_declined_move_elsewhere_is_declined(office: Office, asking: Asking, boardroom: Room):
    moved = await change(office, await approved(office, asking, boardroom), slot=at(70))
    assert (await asking.decline(moved, by=office.bob)).status is Status.DECLINED


async def test_a_move_into_a_room_that_needs_none_is_settled_and_taken_back_waits_anew(
    office: Office, asking: Asking, boardroom: Room
):
    apollo = await office.room("Apollo", seats=8)
    booked = await office.book(boardroom, at(60))
    moved = await change(office, booked, room_id=apollo.id)
    assert moved.status is Status.CONFIRMED
    assert await asking.decisions(booked) == ["withdrawn"]
    back = (await office.bookings.undo(booked.id, version=moved.version, by=office.ana)).after
    assert (back.status, back.room.id) == (Status.PENDING, boardroom.id)
    assert (await asking.decline(back, by=office.bob)).status is Status.DECLINED
    assert await checks.violations(office.db) == []


async def test_asking_again_is_taken_back_to_what_was_approved(office: Office, asking: Asking, boardroom: Room):
    first = await approved(office, asking, boardroom)
    longer = await change(office, first, slot=at(60, 90))
    back = (await office.bookings.undo(first.id, version=longer.version, by=office.ana)).after
    assert (back.status, back.slot) == (Status.CONFIRMED, at(60))
    assert await asking.decisions(first) == ["approved", "withdrawn"]
    assert await asking.held_until(first) == [None]
    assert await checks.violations(office.db) == []


async def test_what_waits_and_takes_less_keeps_its_time_to_be_decided(office: Office, asking: Asking, boardroom: Room):
    booked = await office.book(boardroom, at(60))
    asking.pass_by(hours=6)
    shorter = await change(office, booked, slot=at(60, 30), title="Shorter")
    assert shorter.status is Status.PENDING
    assert await asking.held_until(booked) == [MONDAY + 24 * HOUR]
    assert await asking.decisions(booked) == [None]
    assert await checks.violations(office.db) == []


async def test_an_admin_who_renames_a_request_has_not_decided_on_it(office: Office, asking: Asking, boardroom: Room):
    booked = await office.book(boardroom, at(60))
    renamed = await office.bookings.change(booked.id, Change(title="Board"), version=1, by=office.boss)
    assert renamed.after.status is Status.PENDING
    moved = await office.bookings.change(booked.id, Change(slot=at(62)), version=2, by=office.boss)
    assert moved.after.status is Status.CONFIRMED
    assert await checks.violations(office.db) == []


async def test_a_meeting_under_way_goes_on_without_asking(office: Office, asking: Asking, boardroom: Room):
    first = await approved(office, asking, boardroom, at(12))
    office.clock.set(at(12.5).start)
    done = await office.presence.extend(first.id, until=at(13.5).start, version=first.version, by=office.ana)
    assert done.after.status is Status.CONFIRMED


# -- time --------------------------------------------------------------------------------------------------------------


async def test_what_nobody_decides_expires_and_is_told_once(office: Office, asking: Asking, boardroom: Room):
    booked = await office.book(boardroom, at(60))
    asking.pass_by(hours=24)
    with pytest.raises(errors.NotWaiting, match="Nobody approved it in time"):
        await asking.approve(booked, by=office.bob)
    assert await asking.time.advance(asking.now) == 1
    assert await asking.time.advance(asking.now) == 0
    assert (await office.bookings.get(booked.id)).status is Status.EXPIRED
    assert await asking.decisions(booked) == ["expired"]
    rows = await office.rows("SELECT p.name FROM deliveries d JOIN people p ON p.id = d.person_id WHERE d.kind = 'decided'")
    assert [row["name"] for row in rows] == ["ana"]
    assert await checks.violations(office.db) == []


async def test_a_rival_finds_the_room_free_though_no_job_has_run(office: Office, asking: Asking, boardroom: Room):
    booked = await office.book(boardroom, at(60))
    asking.pass_by(hours=24)
    assert (await office.book(boardroom, at(60), by=office.boss)).status is Status.CONFIRMED
    assert (await office.bookings.get(booked.id)).status is Status.EXPIRED
    assert await asking.decisions(booked) == ["expired"]
    assert await office.count("SELECT count(*) FROM deliveries WHERE kind = 'decided'") == 1
    assert await asking.time.advance(asking.now) == 0
    assert await checks.violations(office.db) == []


async def test_a_rival_leaves_what_was_approved(office: Office, asking: Asking, boardroom: Room):
    longer = await change(office, await approved(office, asking, boardroom), slot=at(60, 120))
    asking.pass_by(hours=24)
    assert (await office.book(boardroom, at(61), by=office.boss)).status is Status.CONFIRMED
    after = await office.bookings.get(longer.id)
    assert (after.status, after.slot) == (Status.CONFIRMED, at(60))
    assert await asking.decisions(longer) == ["approved", "expired"]
    assert await checks.violations(office.db) == []


async def test_those_asked_are_reminded_once_at_half_of_the_time(office: Office, asking: Asking, boardroom: Room):
    await asking.grant(Right.APPROVE, await asking.group("Facilities", await office.actor("eve"), office.bob))
    await office.book(boardroom, at(60))
    asking.pass_by(hours=11.9)
    assert await asking.time.advance(asking.now) == 0
    asking.pass_by(hours=0.1)
    assert [await asking.time.advance(asking.now) for _ in range(2)] == [1, 0]
    rows = await office.rows(
        "SELECT p.name FROM deliveries d JOIN people p ON p.id = d.person_id WHERE d.kind = 'approval_reminder' ORDER BY 1"
    )
    assert [row["name"] for row in rows] == ["bob", "eve"]


async def test_who_has_a_few_minutes_to_decide_is_not_reminded(office: Office, asking: Asking, boardroom: Room):
    await office.book(boardroom, Slot(start=MONDAY + 15 * MINUTE, end=MONDAY + HOUR))
    asking.pass_by(minutes=6)
    await asking.time.advance(asking.now)
    assert await office.count("SELECT count(*) FROM deliveries WHERE kind = 'approval_reminder'") == 0


async def test_what_was_decided_is_not_edited_for_every_answer(
    office: Office, asking: Asking, boardroom: Room, notices: Notified
):
    eve = await office.actor("eve")
    booked = await office.book(boardroom, at(60), invitees=(eve.person_id,))
    await notices.plan()
    assert [one.role for one in await notices.show()] == ["approval"]
    await asking.approve(booked, by=office.bob)
    await notices.plan()
    assert sorted(one.role for one in await notices.show()) == ["approval", "news"]
    await office.presence.respond(booked.id, by=eve, going=True)
    await notices.plan()
    assert [one.role for one in await notices.show()] == ["news"]


async def test_a_decision_while_the_message_is_on_its_way_is_shown_in_the_end(
    office: Office, asking: Asking, boardroom: Room, notices: Notified
):
    booked = await office.book(boardroom, at(60))
    await notices.plan()
    (posting,) = await notices.outbox.claim_cards(notices.now)
    await asking.approve(booked, by=office.bob)
    await notices.plan()
    assert await notices.outbox.card_shown(posting, channel_id="D1", ts="1")
    (editing,) = await notices.outbox.claim_cards(notices.now)
    assert (editing.ts, editing.booking.status) == ("1", Status.CONFIRMED)

    # The same while it is edited.
    await change(office, editing.booking, slot=at(60, 90))
    await notices.plan()
    assert not await notices.outbox.card_shown(editing, channel_id="D1", ts="1")
    (again,) = await notices.show()
    assert (again.role, again.booking.status) == ("approval", Status.PENDING)
    assert await notices.show() == []


# -- series ------------------------------------------------------------------------------------------------------------


async def test_the_dates_of_a_series_are_one_request_and_one_decision(
    office: Office, asking: Asking, boardroom: Room, notices: Notified
):
    made = await series_of(office).book(weekly(boardroom, 8, attendees_count=4), by=office.ana, key="k")
    assert {one.status for one in made.bookings} == {Status.PENDING}
    await notices.plan()
    (card,) = [one for one in await notices.show() if one.role == "approval"]
    assert (card.person and card.person.name, card.booking.id) == ("bob", made.bookings[0].id)
    (request,) = await asking.approvals.waiting()
    assert (request.dates, request.booking.id, request.last) == (8, made.bookings[0].id, made.bookings[-1])

    gone = made.bookings[0]
    await office.bookings.cancel(gone.id, by=office.ana)
    assert (await asking.approvals.request(request.id)).dates == 7
    await asking.approvals.approve(request.id, by=office.bob)

    after = [await office.bookings.get(one.id) for one in made.bookings]
    assert [one.status for one in after] == [Status.CANCELLED] + [Status.CONFIRMED] * 7
    assert await office.count("SELECT count(*) FROM deliveries WHERE kind = 'decided'") == 1
    assert await asking.tallies() == {"withdrawn": 1, "approved": 7}
    assert await office.count("SELECT count(DISTINCT operation_id) FROM events WHERE kind = 'approved'") == 1
    await notices.plan()
    (shown,) = [one for one in await notices.show() if one.role == "approval"]
    assert shown.id == card.id
    assert await checks.violations(office.db) == []


async def test_what_expires_of_a_series_is_told_once(office: Office, asking: Asking, boardroom: Room):
    await series_of(office).book(weekly(boardroom, 6), by=office.ana, key="k")
    asking.pass_by(hours=24)
    assert await asking.time.advance(asking.now) == 1
    assert await asking.tallies() == {"expired": 6}
    assert await office.count("SELECT count(*) FROM deliveries WHERE kind = 'decided'") == 1
    assert await checks.violations(office.db) == []


async def test_a_date_that_is_moved_is_asked_for_alone(office: Office, asking: Asking, boardroom: Room, notices: Notified):
    made = await series_of(office).book(weekly(boardroom, 4), by=office.ana, key="k")
    await notices.plan()
    await notices.show()
    asking.pass_by(minutes=1)
    second = made.bookings[1]
    await office.bookings.change(second.id, Change(slot=second_later(second)), version=1, by=office.ana)
    await notices.plan()
    cards = [one.booking.id for one in await notices.show() if one.role == "approval"]
    assert sorted(cards) == sorted([made.bookings[0].id, second.id])
    assert sorted(one.dates for one in await asking.approvals.waiting()) == [1, 3]
    await asking.decline(second, by=office.bob)
    assert await asking.tallies() == {"withdrawn": 1, "declined": 1, "open": 3}


def second_later(booking: Booking) -> Slot:
    return Slot(start=booking.start + HOUR, end=booking.end + HOUR)


# -- something else ----------------------------------------------------------------------------------------------------


async def test_a_suggestion_is_taken_in_a_tap_and_approved_with_it(office: Office, asking: Asking, boardroom: Room):
    booked = await office.book(boardroom, at(60), attendees_count=8)
    request = await asking.request(booked)
    offers = await asking.approvals.instead_of(await asking.approvals.request(request))
    later = next(one for one in offers if one.kind is OfferKind.OTHER_TIME)

    assert (await asking.approvals.suggest(request, later, by=office.bob, note="The board meets then")).open
    (row,) = await office.rows("SELECT id FROM deliveries WHERE kind = 'approval_suggestion'")
    found = await asking.approvals.suggestion(row["id"], by=office.ana)
    assert (found.offer, found.note) == (later, "The board meets then")
    done = await asking.approvals.take(row["id"], by=office.ana, key="tap")

    assert (done.after.status, done.after.slot) == (Status.CONFIRMED, later.slot)
    assert await asking.decisions(booked) == ["withdrawn", "approved"]
    assert await checks.violations(office.db) == []


async def test_a_suggestion_is_only_for_whom_it_was_made_and_while_it_waits(office: Office, asking: Asking, boardroom: Room):
    apollo = await office.room("Apollo", seats=8)
    booked = await office.book(boardroom, at(60))
    request = await asking.request(booked)
    offer = Alternative(kind=OfferKind.OTHER_ROOM, room=apollo, location=office.berlin, slot=at(60))
    with pytest.raises(errors.NotAllowed):
        await asking.approvals.suggest(request, offer, by=office.ana)
    await asking.approvals.suggest(request, offer, by=office.bob)
    (row,) = await office.rows("SELECT id FROM deliveries WHERE kind = 'approval_suggestion'")
    with pytest.raises(errors.NotWaiting):
        await asking.approvals.take(row["id"], by=office.bob)
    await asking.decline(booked, by=office.bob)
    with pytest.raises(errors.NotActive):
        await asking.approvals.take(row["id"], by=office.ana)
    with pytest.raises(errors.NotWaiting, match="bob declined it"):
        await asking.approvals.suggest(request, offer, by=office.bob)


async def test_a_suggestion_is_taken_and_approved_in_one_or_not_at_all(
    office: Office, asking: Asking, boardroom: Room, monkeypatch: pytest.MonkeyPatch
):
    booked = await office.book(boardroom, at(60))
    later = Alternative(kind=OfferKind.OTHER_TIME, room=boardroom, location=office.berlin, slot=at(62))
    await asking.approvals.suggest(await asking.request(booked), later, by=office.bob)
    (row,) = await office.rows("SELECT id FROM deliveries WHERE kind = 'approval_suggestion'")

    async def crash(*_: object, **__: object) -> None:
        raise RuntimeError("crash")

    with monkeypatch.context() as patched:
        patched.setattr("core.approval_deciding.conclude", crash)
        with pytest.raises(RuntimeError, match="crash"):
            await asking.approvals.take(row["id"], by=office.ana, key="tap")
    assert await office.bookings.get(booked.id) == booked
    assert await asking.decisions(booked) == [None]

    done = await asking.approvals.take(row["id"], by=office.ana, key="tap")
    again = await asking.approvals.take(row["id"], by=office.ana, key="tap")

    assert (done.after.status, done.after.slot) == (Status.CONFIRMED, later.slot)
    assert again == done
    assert await checks.violations(office.db) == []


async def test_what_the_booker_could_not_take_is_not_suggested(office: Office, asking: Asking, boardroom: Room):
    apollo, closet = await office.room("Apollo", seats=8), await office.room("Closet", seats=2)
    booked = await office.book(boardroom, at(60), attendees_count=4)
    await office.book(apollo, at(60), by=office.bob)
    request = await asking.request(booked)

    async def suggested(room: Room, slot: Slot) -> str:
        offer = Alternative(kind=OfferKind.OTHER_ROOM, room=room, location=office.berlin, slot=slot)
        with pytest.raises(errors.BookingError) as refused:
            await asking.approvals.suggest(request, offer, by=office.bob)
        assert refused.value.alternatives == ()
        return refused.value.message

    assert (await suggested(apollo, at(60))).startswith("ana could not take that: Apollo is taken")
    assert await suggested(closet, at(60)) == "ana could not take that: Closet seats 2; you asked for 4 people."
    assert (await suggested(apollo, at(-2))).startswith("ana could not take that: ")
    assert await suggested(boardroom, at(60)) == "That is what is asked for. Approve it, or suggest another room or time."
    assert await office.rows("SELECT id FROM deliveries WHERE kind = 'approval_suggestion'") == []
    assert await office.bookings.get(booked.id) == booked
    assert await checks.violations(office.db) == []


async def test_what_waits_is_listed_for_those_who_decide(office: Office, asking: Asking, boardroom: Room):
    lab = await office.room("Lab")
    await asking.needs(lab)
    board, other = await office.book(boardroom, at(60)), await office.book(lab, at(60))
    assert [one.booking.id for one in await asking.approvals.waiting()] == [board.id, other.id]
    assert [one.booking.id for one in await asking.approvals.waiting(by=office.bob)] == [board.id]
    assert len(await asking.approvals.waiting(by=office.boss)) == 2
    assert await asking.approvals.waiting(by=office.ana) == ()


async def test_a_wish_that_names_no_room_waits_too(office: Office, asking: Asking, boardroom: Room):
    booked = await office.bookings.book(Wish(slot=at(60), attendees_count=15), by=office.ana)
    assert (booked.room.id, booked.status) == (boardroom.id, Status.PENDING)


async def test_of_two_rooms_those_decide_who_approve_for_both_that_need_it(office: Office, asking: Asking, boardroom: Room):
    lab, plain = await office.room("Lab"), await office.room("Plain")
    await asking.needs(lab)
    carl, dora = await office.actor("carl"), await office.actor("dora")
    await asking.grant(Right.APPROVE, carl, room=lab)
    catalogue = await office.catalogues.current()

    # Each approves for one of the rooms alone: neither decides about both, and an admin does.
    both = await office.book(boardroom, at(60), more_room_ids=(lab.id,))
    assert [one.name for one in await asking.approvals.approvers(both)] == ["boss"]
    assert approving.who_decides(both, catalogue=catalogue) == ()
    for one in (office.bob, carl):
        with pytest.raises(errors.NotAllowed):
            await asking.approve(both, by=one)
    assert (await asking.approve(both, by=office.boss)).status is Status.CONFIRMED

    # A room beside it that needs no approval has no say, whoever manages it.
    await asking.grant(Right.MANAGE, dora, room=plain)
    beside = await office.book(lab, at(62), more_room_ids=(plain.id,))
    assert [one.name for one in await asking.approvals.approvers(beside)] == ["carl"]

    await asking.grant(Right.APPROVE, carl, room=boardroom)
    office.catalogues.forget()
    again = await office.book(boardroom, at(64), more_room_ids=(lab.id,))
    assert [one.name for one in await asking.approvals.approvers(again)] == ["carl"]
    assert (await asking.approve(again, by=carl)).status is Status.CONFIRMED


async def test_whoever_may_approve_no_longer_decides_no_longer(office: Office, asking: Asking, boardroom: Room):
    booked = await office.book(boardroom, at(60))
    await office.damage(f"UPDATE rights SET removed_at = now() WHERE person_id = '{office.bob.person_id}'")
    office.catalogues.forget()

    with pytest.raises(errors.NotAllowed):
        await asking.approve(booked, by=office.bob)
    assert [one.name for one in await asking.approvals.approvers(booked)] == ["boss"]
    assert (await asking.approve(booked, by=office.boss)).status is Status.CONFIRMED
