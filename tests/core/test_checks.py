"""The invariants' SQL: silent about a healthy database, and loud about each kind of damage."""

import pytest

from core import checks
from core.models import Change, Status, Wish
from tests.core.furnished import hall, lendable
from tests.core.office import Office, at


async def names(office: Office) -> set[str]:
    return {violation.name for violation in await checks.violations(office.db)}


async def lived_in(office: Office) -> None:
    """Book, move, swap and cancel, with and without keys."""
    apollo, zeus = await office.room("Apollo", setup=10), await office.room("Zeus")
    first = await office.book(apollo, at(10), invitees=(office.bob.person_id,))
    second = await office.book(zeus, at(10))
    await office.bookings.change(first.id, Change(slot=at(12)), version=1, by=office.ana, key="move")
    await office.bookings.swap(first.id, second.id, versions=(2, 1), by=office.ana, key="swap")
    await office.bookings.cancel(second.id, by=office.ana, key="cancel")
    third = await office.book(zeus, at(15))
    for person in (office.bob, await office.actor("next")):
        await office.line.join(Wish(slot=at(15), room_id=zeus.id), by=person)
    await office.bookings.cancel(third.id, by=office.ana)
    screen = ((await lendable(office, "Screen")).id, 2)
    fourth = await office.book(zeus, at(18), more_room_ids=(apollo.id,), equipment=(screen,))
    together = Wish(slot=at(18), room_id=zeus.id, more_room_ids=(apollo.id,), equipment=(screen,))
    await office.line.join(together, by=office.bob)
    await office.bookings.cancel(fourth.id, by=office.ana)

    await furnished_in(office)


async def furnished_in(office: Office) -> None:
    """Book a hall with a projector, two rooms at once, and one that waits for approval."""
    whole, _, _ = await hall(office)
    projector = await lendable(office)
    await office.book(whole, at(10), equipment=((projector.id, 1),))
    mars, pluto = await office.room("Mars"), await office.room("Pluto")
    await office.book(mars, at(10), more_room_ids=(pluto.id,), equipment=((projector.id, 1),), attendees_count=8)
    secret = await office.room("Secret")
    await office.damage(
        f"INSERT INTO policies (tenant_id, id, room_id, approval)"
        f" SELECT tenant_id, gen_random_uuid(), id, true FROM rooms WHERE id = '{secret.id}'"
    )
    office.catalogues.forget()
    assert (await office.book(secret, at(10))).status is Status.PENDING


async def test_a_database_in_use_breaks_no_invariant(office: Office):
    await lived_in(office)
    assert await checks.violations(office.db) == []


def archived(status: str, start: str = "start_time") -> str:
    """Return the SQL that archives every booking as it is, in a status."""
    return (
        "INSERT INTO bookings_archive (tenant_id, id, room_id, booked_by, start_time, end_time, attendees_count, status,"
        " private, created_at, updated_at, version)"
        f" SELECT tenant_id, id, room_id, booked_by, {start}, end_time, attendees_count, '{status}', private, created_at,"
        " updated_at, version FROM bookings;"
    )


HOOKED = """
INSERT INTO webhooks (tenant_id, id, url, secret, transaction, number, updated_at)
    SELECT id, gen_random_uuid(), 'https://example.com/', 's', '0', 0, now() - interval '1 hour' FROM tenants;
"""
TOLD = """
INSERT INTO webhook_deliveries (tenant_id, id, webhook_id, event_id, kind, body, due_at)
    SELECT tenant_id, gen_random_uuid(), id, {event}, 'booked', '{{}}', now() - interval '6 min' FROM webhooks;
"""

# Damage that only somebody with more rights than the application can do: triggers and constraints are switched off.
PROPOSED = (
    "INSERT INTO proposals (tenant_id, id, booking_id, booking_version, offered_room_id, status, answer_by)"
    " SELECT tenant_id, gen_random_uuid(), id, version, {held}, '{status}', start_time FROM bookings"
    " WHERE status = 'confirmed' LIMIT 1"
)
# Of a booking that is long over, so that nothing of it is ahead.
CARD = """
UPDATE bookings SET updated_at = now() - interval '10 min';
INSERT INTO cards (tenant_id, id, booking_id, team_id, channel_id, wanted_version, rendered_version, due_at, created_at,
    updated_at)
SELECT tenant_id, gen_random_uuid(), id, 'T1', 'C1', {wanted}, {rendered}, now() - interval '10 min',
    now() - interval '10 min', now() - interval '10 min' FROM bookings WHERE version >= 2 LIMIT 1
"""
DELIVERY = """
INSERT INTO deliveries (tenant_id, id, key, kind, team_id, person_id, due_at, created_at)
SELECT tenant_id, gen_random_uuid(), 'late', 'reminder', 'T1', id, now() - interval '6 min', now() - interval '6 min'
FROM people LIMIT 1
"""
DAMAGE = [
    ("DELETE FROM room_claims", "a booking holds a room without a claim that covers it"),
    (
        "UPDATE room_claims SET end_time = end_time - interval '30 min'",
        "a booking holds a room without a claim that covers it",
    ),
    ("UPDATE bookings SET status = 'cancelled'", "a claim is kept for a booking that holds no room"),
    (archived("ended"), "a booking is archived and still there"),
    (archived("ended") + archived("ended", "start_time - interval '1 min'"), "a booking is archived twice"),
    (archived("confirmed"), "a booking that holds its room is archived"),
    ("DELETE FROM events WHERE booking_version = 2", "a booking's events do not count its versions"),
    ("UPDATE bookings SET version = version + 1", "a booking's events do not count its versions"),
    ("UPDATE bookings SET start_time = start_time - interval '5 min'", "a booking is not as its last event left it"),
    ("UPDATE bookings SET attendees_count = 99", "a meeting ahead has more people than seats"),
    (
        "UPDATE events SET kind = 'released', surface = 'clock' WHERE booking_version = 2",
        "a room was released without a warning",
    ),
    (
        """UPDATE events SET kind = 'released', surface = 'clock',
        before = before || '{"status": "checked_in"}' WHERE booking_version = 2""",
        "a room was released although somebody was there",
    ),
    ("UPDATE bookings SET status = 'checked_in'", "a booking is checked in without a time, or confirmed with one"),
    ("UPDATE bookings SET checked_in_at = now()", "a booking is not as its last event left it"),
    ("UPDATE attendees SET response = 'declined'", "an answer is not as the last event left it"),
    ("DELETE FROM room_claims WHERE kind = 'offer'", "a place in line has not exactly the claim that it was offered"),
    ("UPDATE room_claims SET expires_at = now()", "a place in line has not exactly the claim that it was offered"),
    ("UPDATE waiting SET status = 'missed'", "a place in line has not exactly the claim that it was offered"),
    (
        "UPDATE waiting SET created_at = created_at - interval '1 hour' WHERE status = 'waiting'",
        "somebody is offered a room before somebody ahead in line",
    ),
    (
        "UPDATE waiting SET status = 'taken', booking_id = (SELECT id FROM bookings LIMIT 1)",
        "a place in line was taken with a booking of somebody else's",
    ),
    (
        "DELETE FROM equipment_claims WHERE waiting_id IS NOT NULL",
        "a place in line has not exactly the equipment that it was offered",
    ),
    (
        "UPDATE equipment_claims SET expires_at = expires_at + interval '1 min' WHERE waiting_id IS NOT NULL",
        "a place in line has not exactly the equipment that it was offered",
    ),
    ("DELETE FROM deliveries", "an offer was made without a message that tells so"),
    (
        """INSERT INTO requests SELECT tenant_id, 'again', fingerprint, result, created_at, expires_at
        FROM requests WHERE key = 'move'""",
        "two request keys claim the same event",
    ),
    (
        """UPDATE requests SET result = '{"events": ["00000000-0000-7000-8000-00000000abcd"]}' WHERE key = 'move'""",
        "a request key answers with an event that was never written",
    ),
    (
        """UPDATE room_claims c SET room_id = p.whole_id FROM room_parts p
        WHERE p.part_id = c.room_id AND c.room_id = (SELECT min(part_id::text)::uuid FROM room_parts)""",
        "a divisible room is claimed itself",
    ),
    (
        """INSERT INTO room_parts (tenant_id, whole_id, part_id)
        SELECT p.tenant_id, p.part_id, r.id FROM room_parts p, rooms r WHERE r.name = 'Mars' LIMIT 1""",
        "a part of a divisible room is divisible itself, or elsewhere",
    ),
    ("DELETE FROM booking_rooms", "a booking's rooms or what it borrowed are not as its last event left them"),
    (
        "UPDATE equipment_claims SET quantity = 2",
        "a booking's rooms or what it borrowed are not as its last event left them",
    ),
    ("UPDATE equipment SET quantity = 1", "more equipment is out ahead than there is"),
    ("UPDATE equipment SET active = false", "more equipment is out ahead than there is"),
    (
        "UPDATE bookings SET status = 'cancelled'",
        "equipment is kept for a booking that does not hold it, or not for all of its time",
    ),
    (
        "UPDATE equipment_claims SET end_time = end_time - interval '5 min'",
        "equipment is kept for a booking that does not hold it, or not for all of its time",
    ),
    (
        "DELETE FROM approvals",
        "a booking waits for approval without an open request, or one is open that nobody waits for",
    ),
    (
        "UPDATE bookings SET status = 'confirmed' WHERE status = 'pending'",
        "a booking waits for approval without an open request, or one is open that nobody waits for",
    ),
    (
        "UPDATE room_claims SET expires_at = NULL WHERE booking_id IS NOT NULL",
        "a booking's claims do not expire with its request",
    ),
    (
        PROPOSED.format(status="open", held="room_id"),
        "a proposal has not exactly the claims of the room that it holds",
    ),
    (PROPOSED.format(status="open", held="NULL"), "a booker was not told that their room closes"),
    (
        """UPDATE rooms SET active = false, updated_at = now() - interval '1 hour';
        UPDATE locations SET updated_at = now() - interval '1 hour'""",
        "a room out of use is booked ahead, and nothing was proposed",
    ),
    (
        """DROP INDEX bookings_of_series;
        UPDATE bookings SET series_id = '00000000-0000-7000-8000-00000000abcd', series_on = '2040-03-05'""",
        "a series holds two rooms for one of its dates",
    ),
    (
        """ALTER TABLE room_claims DROP CONSTRAINT room_claims_no_overlap;
        INSERT INTO room_claims (tenant_id, id, room_id, kind, start_time, end_time)
        SELECT tenant_id, gen_random_uuid(), room_id, 'block', start_time + interval '59 min', end_time FROM room_claims""",
        "claims of one room overlap",
    ),
    (DELIVERY, "a message has been due for minutes, and nobody sends"),
    (CARD.format(wanted="version", rendered="version - 1"), "a message has been due for minutes, and nobody sends"),
    (CARD.format(wanted="version - 1", rendered="1"), "a card is not asked to show its booking as it stands"),
    (
        HOOKED + TOLD.format(event="gen_random_uuid()"),
        "a webhook's message has been due for minutes, and nobody sends",
    ),
    (
        "DROP INDEX webhook_deliveries_once;" + HOOKED + TOLD.format(event="id") * 2,
        "a webhook was told of one event twice",
    ),
]


@pytest.mark.parametrize(("damage", "name"), DAMAGE)
async def test_damage_is_named(office: Office, damage: str, name: str):
    await lived_in(office)
    await office.damage(damage)

    assert name in await names(office)


def test_every_invariant_has_a_damage_that_shows_it():
    assert {name for _, name in DAMAGE} == set(checks.INVARIANTS)


async def test_what_is_on_its_way_is_no_contradiction(office: Office):
    await lived_in(office)
    late = "UPDATE deliveries SET {} WHERE key = 'late'"
    await office.damage(DELIVERY)
    for as_it_should_be in (
        "due_at = now() + interval '1 hour'",
        "due_at = now() - interval '4 min'",
        "due_at = now() - interval '1 hour', leased_until = now() + interval '20 s'",
        "status = 'given_up', done_at = now(), leased_until = NULL",
    ):
        await office.damage(late.format(as_it_should_be))
        assert await names(office) == set(), as_it_should_be


async def test_a_card_need_not_follow_what_came_to_its_end_by_the_clock(office: Office):
    await lived_in(office)
    await office.damage(CARD.format(wanted="version - 1", rendered="version - 1"))
    await office.damage(
        "UPDATE events e SET kind = 'ended' FROM cards c WHERE e.booking_id = c.booking_id"
        " AND e.booking_version > c.wanted_version"
    )
    assert "a card is not asked to show its booking as it stands" not in await names(office)
