"""What ended long ago leaves the living bookings whole, once, and without anything that points to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from core import archive, roles
from core.archive import BATCH, Archive, kept
from core.db import Database, WriteSession
from core.endings import Endings
from core.errors import BookingNotFound
from core.ids import new_id
from core.models import Booking, Change
from tests.core.office import MONDAY, Office, at

LATER = MONDAY + timedelta(days=100)


@pytest.fixture
async def worker(office: Office) -> AsyncIterator[Database]:
    """The jobs' database."""
    db = Database(office.urls.worker_url, role=roles.WORKER)
    yield db
    await db.close()


# One of each that points to a booking.
_POINTING = """
INSERT INTO cards (tenant_id, id, booking_id, team_id, channel_id, wanted_version, due_at)
    VALUES ('{tenant}', gen_random_uuid(), '{booking}', 'T1', 'C1', 1, now());
INSERT INTO deliveries (tenant_id, id, key, kind, team_id, booking_id, person_id, due_at)
    VALUES ('{tenant}', gen_random_uuid(), 'k', 'size', 'T1', '{booking}', '{person}', now());
INSERT INTO waiting (tenant_id, id, person_id, start_time, end_time, status, booking_id)
    VALUES ('{tenant}', gen_random_uuid(), '{person}', now(), now() + interval '1 h', 'taken', '{booking}');
INSERT INTO approvals (tenant_id, id, booking_id, asked_at, expires_at)
    VALUES ('{tenant}', gen_random_uuid(), '{booking}', now(), now());
INSERT INTO proposals (tenant_id, id, booking_id, booking_version, status, answer_by)
    VALUES ('{tenant}', gen_random_uuid(), '{booking}', 1, 'open', now())
"""
# Divides by nothing in the second batch, before its bookings are removed.
_DIES = f"SELECT 1 / ((SELECT count(*) FROM bookings WHERE tenant_id = $1) - {2 * BATCH}) FROM unnest($2::uuid[])"


async def over(office: Office, *bookings: Booking, now: datetime = LATER) -> None:
    """Let time pass until the bookings are over."""
    office.clock.set(now)
    await Endings(office.db, office.catalogues).end(now)
    assert await office.count("SELECT count(*) FROM bookings WHERE status = 'ended'") >= len(bookings)


async def hot(office: Office) -> int:
    return await office.count("SELECT count(*) FROM bookings")


async def cold(office: Office) -> int:
    return await office.count("SELECT count(*) FROM bookings_archive")


async def contradictions(office: Office) -> list[str]:
    """Return the names of the archive's invariants that do not hold."""
    return [name for name, sql in archive.INVARIANTS.items() if await office.rows(sql, office.db.tenant)]


async def filled(office: Office, count: int) -> None:
    """Put so many bookings that are over into one room, an hour each."""
    room = await office.room("Attic")
    await office.damage(
        "INSERT INTO bookings (tenant_id, id, room_id, booked_by, start_time, end_time, status)"
        f" SELECT '{office.db.tenant}', gen_random_uuid(), '{room.id}', '{office.ana.person_id}', at,"
        f" at + interval '1 hour', 'ended' FROM generate_series(0, {count - 1}) n"
        " CROSS JOIN LATERAL (SELECT timestamptz '2039-01-03 08:00Z' + n * interval '2 hours' AS at) t"
    )


async def test_a_booking_travels_whole_with_its_people_and_nothing_else_is_left_of_it(office: Office, worker: Database):
    apollo, annex = await office.room("Apollo"), await office.room("Annex")
    booking = await office.book(apollo, at(10), title="Review", invitees=(office.bob.person_id,), attendees_count=3)
    projector = new_id()

    async def lend(session: WriteSession) -> None:
        await session.run(
            "UPDATE attendees SET response = 'going', responded_at = $2 WHERE booking_id = $1", booking.id, MONDAY
        )
        await session.run(
            "INSERT INTO room_claims (tenant_id, id, room_id, kind, booking_id, start_time, end_time)"
            " VALUES ($1, $2, $3, 'booking', $4, $5, $6)",
            *(session.tenant, new_id(), annex.id, booking.id, booking.start, booking.end),
        )
        await session.run(
            "INSERT INTO booking_rooms (tenant_id, booking_id, room_id) VALUES ($1, $2, $3)",
            *(session.tenant, booking.id, annex.id),
        )
        await session.run(
            "INSERT INTO equipment (tenant_id, id, location_id, name, quantity) VALUES ($1, $2, $3, 'Projector', 2)",
            *(session.tenant, projector, office.berlin.id),
        )
        await session.run(
            "INSERT INTO equipment_claims (tenant_id, booking_id, equipment_id, quantity, start_time, end_time)"
            " VALUES ($1, $2, $3, 2, $4, $5)",
            *(session.tenant, booking.id, projector, booking.start, booking.end),
        )

    await office.db.write(lend, repeatable=True)
    office.catalogues.forget()
    await over(office, booking)
    await office.damage(_POINTING.format(tenant=office.db.tenant, booking=booking.id, person=office.ana.person_id))

    events = await office.rows("SELECT * FROM events ORDER BY number")

    assert await Archive(worker).tidy(LATER) == 1

    [row] = await office.rows("SELECT * FROM bookings_archive")
    assert (row["id"], row["room_id"], row["title"], row["status"]) == (booking.id, apollo.id, "Review", "ended")
    assert (row["start_time"], row["end_time"], row["ended_at"]) == (booking.start, booking.end, booking.end)
    assert row["more_rooms"] == [annex.id]
    [invited] = json.loads(row["attendees"])
    assert (invited["person_id"], invited["response"]) == (str(office.bob.person_id), "going")
    assert json.loads(row["equipment"]) == [{"equipment_id": str(projector), "quantity": 2}]
    for table in (
        *("bookings", "attendees", "booking_rooms", "equipment_claims", "room_claims"),
        *("cards", "deliveries", "waiting", "approvals", "proposals"),
    ):
        assert await office.count(f"SELECT count(*) FROM {table}") == 0, table
    assert await office.rows("SELECT * FROM events ORDER BY number") == events != []
    assert await contradictions(office) == []


async def test_what_ended_lately_or_still_holds_its_room_stays(office: Office, worker: Database):
    room = await office.room("Apollo")
    old = await office.book(room, at(10))
    await over(office, old, now=MONDAY + timedelta(days=95))
    office.clock.set(MONDAY + timedelta(days=10))
    young = await office.book(room, at(10, days=12))
    office.clock.set(LATER)
    await Endings(office.db, office.catalogues).end(LATER)
    held = new_id()
    await office.damage(
        "INSERT INTO bookings (tenant_id, id, room_id, booked_by, start_time, end_time, status)"
        f" VALUES ('{office.db.tenant}', '{held}', '{room.id}', '{office.ana.person_id}', '2039-01-03 08:00Z',"
        " '2039-01-03 09:00Z', 'confirmed')"
    )

    assert await Archive(worker).tidy(LATER) == 1

    assert {row["id"] for row in await office.rows("SELECT id FROM bookings")} == {young.id, held}


async def test_an_old_button_is_told_that_its_booking_is_over(office: Office, worker: Database):
    booking = await office.book(await office.room("Apollo"), at(10))
    await over(office, booking)
    await Archive(worker).tidy(LATER)

    with pytest.raises(BookingNotFound, match=r"^That booking is over\.$"):
        await office.bookings.get(booking.id)
    with pytest.raises(BookingNotFound, match=r"^That booking is over\.$"):
        await office.bookings.cancel(booking.id, by=office.ana)
    with pytest.raises(BookingNotFound, match=r"^That booking does not exist\.$"):
        await office.bookings.get(new_id())


async def test_the_workspace_says_after_how_many_days(office: Office, worker: Database):
    booking = await office.book(await office.room("Apollo"), at(10))
    await over(office, booking, now=MONDAY + timedelta(days=20))
    soon = MONDAY + timedelta(days=15)

    assert await Archive(worker).tidy(soon) == 0
    await office.damage(f"INSERT INTO workspace (tenant_id, archive_days) VALUES ('{office.db.tenant}', 14)")
    assert await Archive(worker).tidy(soon) == 1


async def test_history_is_removed_by_whole_months_where_the_workspace_says_so(office: Office, worker: Database):
    await filled(office, 800)
    await office.damage(f"INSERT INTO workspace (tenant_id, keep_bookings_months) VALUES ('{office.db.tenant}', 2)")
    now = datetime(2039, 4, 20, 12, tzinfo=UTC)

    await Archive(worker).tidy(now)

    left = await office.rows("SELECT start_time FROM bookings_archive UNION ALL SELECT start_time FROM bookings")
    assert min(row["start_time"] for row in left) == datetime(2039, 2, 1, 0, tzinfo=UTC)
    assert len(left) == 800 - 29 * 12 + 4


APRIL = datetime(2039, 4, 20, 12, tzinfo=UTC)


async def remembered(office: Office, month: str, *, tenant: UUID | None = None, count: int = 3) -> None:
    """Put so many bookings of a month into the archive, which nobody else may have made."""
    await office.damage(
        f"SELECT make_archive_month('2039-{month}-01');"
        "INSERT INTO bookings_archive (tenant_id, id, room_id, booked_by, start_time, end_time, attendees_count, status,"
        " private, created_at, updated_at, version)"
        f" SELECT '{tenant or office.db.tenant}', gen_random_uuid(), gen_random_uuid(), gen_random_uuid(),"
        f" '2039-{month}-10 09:00Z', '2039-{month}-10 10:00Z', 1, 'ended', false, now(), now(), 1"
        f" FROM generate_series(1, {count})"
    )


async def keeps(office: Office, months: int | None, *, tenant: UUID | None = None) -> None:
    await office.damage(
        "INSERT INTO workspace (tenant_id, keep_bookings_months)"
        f" VALUES ('{tenant or office.db.tenant}', {months or 'NULL'})"
    )


async def months_there(office: Office) -> set[str]:
    rows = await office.rows(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'bookings_archive'::regclass"
    )
    return {row["name"].removeprefix("bookings_archive_") for row in rows}


@pytest.fixture
async def neighbours(office: Office) -> AsyncIterator[Database]:
    """The jobs' database of another company in the same tables."""
    tenant = UUID("00000000-0000-7000-8000-000000000002")
    await office.damage(f"INSERT INTO tenants (id, name) VALUES ('{tenant}', 'neighbours')")
    db = Database(office.urls.worker_url, role=roles.WORKER, tenant=tenant)
    yield db
    await db.close()


_WAITED = """
INSERT INTO waiting (tenant_id, id, person_id, start_time, end_time, status, title)
    VALUES ('{tenant}', '{id}', '{person}', '{end}'::timestamptz - interval '1 hour', '{end}', '{status}', 'secret');
INSERT INTO deliveries (tenant_id, id, key, kind, team_id, waiting_id, person_id, due_at)
    VALUES ('{tenant}', gen_random_uuid(), '{id}', 'offer', 'T1', '{id}', '{person}', now());
"""


async def test_who_waited_for_what_is_long_over_goes_with_what_was_said_to_them(office: Office, worker: Database):
    long_ago, lately = LATER - timedelta(days=91), LATER - timedelta(days=89)
    stay = set()
    for status in ("missed", "declined", "left", "over", "waiting"):
        for end in (long_ago, lately):
            one = new_id()
            await office.damage(
                _WAITED.format(tenant=office.db.tenant, id=one, person=office.ana.person_id, end=end, status=status)
            )
            # The job that ends a place in line is another one.
            stay |= {one} if end == lately or status == "waiting" else set()

    assert await Archive(worker).tidy(LATER) == 0

    assert {row["id"] for row in await office.rows("SELECT id FROM waiting")} == stay
    assert {row["waiting_id"] for row in await office.rows("SELECT waiting_id FROM deliveries")} == stay


_SERIES = """
INSERT INTO series (tenant_id, id, booked_by, room_id, zone, first_on, clock, minutes, rule, title, invitees, status,
    updated_at) VALUES ('{tenant}', '{id}', '{person}', '{room}', 'Europe/Berlin', '2039-01-10', '10:00', 60,
    'FREQ=WEEKLY;COUNT=2', 'secret', ARRAY['{person}'::uuid], '{status}', '{updated}')
"""


async def test_a_series_says_no_more_what_it_was_about_once_none_of_its_dates_is_kept(office: Office, worker: Database):
    room = await office.room("Apollo")
    gone, coming, dated, lately = new_id(), new_id(), new_id(), new_id()
    long_ago = APRIL - timedelta(days=90)
    for one, status, updated in (
        *((gone, "over", long_ago), (coming, "active", long_ago), (dated, "over", long_ago)),
        (lately, "cancelled", APRIL - timedelta(days=3)),
    ):
        await office.damage(
            _SERIES.format(
                tenant=office.db.tenant, id=one, person=office.ana.person_id, room=room.id, status=status, updated=updated
            )
        )
    await remembered(office, "01", count=1)
    await office.damage(f"UPDATE bookings_archive SET series_id = '{gone}', series_on = '2039-01-10'")
    await remembered(office, "03", count=1)
    await office.damage(
        f"UPDATE bookings_archive SET series_id = '{dated}', series_on = '2039-03-10' WHERE series_id IS NULL"
    )

    await Archive(worker).tidy(APRIL)
    silent = "SELECT id FROM series WHERE title IS NULL AND invitees = '{}'"
    assert await office.rows(silent) == []
    await keeps(office, 2)
    await Archive(worker).tidy(APRIL)

    assert [row["id"] for row in await office.rows(silent)] == [gone]
    assert await office.count("SELECT count(*) FROM series WHERE title = 'secret'") == 3


async def test_months_that_nobody_keeps_any_longer_are_dropped_whole(office: Office, worker: Database):
    for month in ("01", "02", "03"):
        await remembered(office, month)
    await keeps(office, 2)

    assert await Archive(worker).tidy(APRIL) == 3

    assert await months_there(office) == {"rest", "2039_02", "2039_03", "2039_04", "2039_05"}
    assert await cold(office) == 6
    assert await Archive(worker).tidy(APRIL + timedelta(days=11)) == 3
    assert "2039_02" not in await months_there(office)


async def test_a_month_is_dropped_only_when_no_company_has_anything_in_it(
    office: Office, worker: Database, neighbours: Database
):
    for month in ("01", "02"):
        await remembered(office, month)
    await remembered(office, "01", tenant=neighbours.tenant, count=5)
    await keeps(office, 1)

    assert await Archive(worker).tidy(APRIL) == 6

    assert {"2039_01"} == await months_there(office) & {"2039_01", "2039_02"}
    assert await cold(office) == 5
    # The others keep theirs for good, and later for a month.
    assert await Archive(neighbours).tidy(APRIL) == 0
    assert await cold(office) == 5
    await keeps(office, 1, tenant=neighbours.tenant)
    assert await Archive(neighbours).tidy(APRIL) == 5
    assert (await cold(office), "2039_01" in await months_there(office)) == (0, False)


async def test_what_is_over_for_longer_than_bookings_are_kept_goes_without_a_month_being_made_for_it(
    office: Office, worker: Database
):
    await filled(office, 20)
    await keeps(office, 2)

    assert await Archive(worker).tidy(APRIL) == 20

    assert (await hot(office), await cold(office)) == (0, 0)
    assert "2039_01" not in await months_there(office)


@pytest.mark.parametrize(("months", "asked"), [(2, "2039-02-01"), (2, "2039-02-28"), (None, "2030-01-01")])
async def test_a_month_that_is_kept_is_not_dropped_whoever_asks(
    office: Office, worker: Database, months: int | None, asked: str
):
    await remembered(office, "02")
    await keeps(office, months)

    with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError):
        await worker.write(
            lambda session: session.run(f"SELECT drop_archive_month('{asked}', '2039-04-20')"), repeatable=True
        )

    assert await cold(office) == 3


async def test_a_month_that_somebody_reads_is_dropped_the_next_time(office: Office, worker: Database):
    await remembered(office, "01")
    await keeps(office, 2)
    await office.damage("SELECT make_archive_month('2039-04-01'), make_archive_month('2039-05-01')")

    async def read_on(session: WriteSession) -> int:
        assert await session.value("SELECT count(*) FROM bookings_archive") == 3
        return await Archive(worker).tidy(APRIL)

    # Its rows go all the same.
    assert await office.db.write(read_on, repeatable=True) == 3
    assert "2039_01" in await months_there(office)
    await Archive(worker).tidy(APRIL)
    assert "2039_01" not in await months_there(office)


async def test_two_replicas_at_once_drop_a_month_once(office: Office):
    for month in ("01", "02"):
        await remembered(office, month, count=500)
    await keeps(office, 1)
    workers = [Database(office.urls.worker_url, role=roles.WORKER) for _ in range(4)]
    try:
        removed = await asyncio.gather(*(Archive(db).tidy(APRIL) for db in workers))
    finally:
        await asyncio.gather(*(db.close() for db in workers))

    assert sum(removed) == 1000
    assert not {"2039_01", "2039_02"} & await months_there(office)


def test_months_that_are_kept_go_before_days_that_are_hot():
    now = datetime(2040, 3, 20, 9, tzinfo=UTC)
    border = kept(now, archive_days=90, months=1)
    assert border.cold == border.hot == datetime(2040, 2, 1, tzinfo=UTC)
    assert kept(now, archive_days=90, months=None).cold is None


async def test_every_month_gets_its_own_partition_and_nothing_falls_into_the_rest(office: Office, worker: Database):
    await filled(office, 700)

    assert await Archive(worker).tidy(LATER) == 700

    assert await office.count("SELECT count(*) FROM bookings_archive_rest") == 0
    assert await office.count("SELECT count(*) FROM bookings_archive_2039_01") > 300
    assert await office.count("SELECT count(*) FROM bookings_archive_2040_07") == 0


async def test_two_replicas_at_once_move_each_booking_once(office: Office):
    await filled(office, 5 * BATCH)
    workers = [Database(office.urls.worker_url, role=roles.WORKER) for _ in range(3)]
    try:
        moved = await asyncio.gather(*(Archive(db).tidy(LATER) for db in workers))
    finally:
        await asyncio.gather(*(db.close() for db in workers))

    assert sum(moved) == 5 * BATCH
    assert (await hot(office), await cold(office)) == (0, 5 * BATCH)
    assert await contradictions(office) == []


async def test_a_crash_between_two_batches_loses_and_doubles_nothing(
    office: Office, worker: Database, monkeypatch: pytest.MonkeyPatch
):
    await filled(office, 3 * BATCH)
    steps = archive._REMOVE
    # It dies in the second batch, when the rows are copied and half of what points to them is gone.
    monkeypatch.setattr(archive, "_REMOVE", (*steps[:-1], _DIES, steps[-1]))
    with pytest.raises(asyncpg.PostgresError):
        await Archive(worker).tidy(LATER)
    assert await hot(office) + await cold(office) == 3 * BATCH
    assert await contradictions(office) == []

    monkeypatch.setattr(archive, "_REMOVE", steps)
    await Archive(worker).tidy(LATER)

    assert (await hot(office), await cold(office)) == (0, 3 * BATCH)
    assert await contradictions(office) == []


async def test_a_booking_that_somebody_has_locked_goes_the_next_time(office: Office, worker: Database):
    await filled(office, 3)
    [row] = await office.rows("SELECT id FROM bookings LIMIT 1")

    async def hold(session: WriteSession) -> int:
        await session.run("SELECT FROM bookings WHERE id = $1 FOR UPDATE", row["id"])
        return await Archive(worker).tidy(LATER)

    assert await office.db.write(hold, repeatable=True) == 2
    assert await Archive(worker).tidy(LATER) == 1


async def test_without_a_login_of_the_worker_history_stays(office: Office):
    await filled(office, 3)
    assert await Archive(office.db).tidy(LATER) == 0
    assert await hot(office) == 3


# One row of everything that points to a booking, for each that is over; what keeps another room does so then.
_EVERYTHING = """
INSERT INTO equipment (tenant_id, id, location_id, name, quantity)
    VALUES ('{tenant}', '{thing}', '{place}', 'Projector', 2);
INSERT INTO series (tenant_id, id, booked_by, room_id, zone, first_on, clock, minutes, rule, title, invitees, status)
    VALUES ('{tenant}', '{series}', '{person}', '{second}', 'Europe/Berlin', '2039-01-10', '10:00', 60,
        'FREQ=WEEKLY;COUNT=2', 'secret', '{{}}', 'over');
UPDATE bookings SET series_id = '{series}', series_on = (start_time AT TIME ZONE 'UTC')::date
    WHERE id = (SELECT id FROM bookings ORDER BY start_time LIMIT 1);
INSERT INTO attendees (tenant_id, booking_id, person_id, response)
    SELECT tenant_id, id, '{person}', 'going' FROM bookings;
INSERT INTO booking_rooms (tenant_id, booking_id, room_id) SELECT tenant_id, id, '{second}' FROM bookings;
INSERT INTO room_claims (tenant_id, id, room_id, kind, booking_id, start_time, end_time)
    SELECT tenant_id, gen_random_uuid(), '{second}', 'booking', id, start_time, end_time FROM bookings;
INSERT INTO equipment_claims (tenant_id, booking_id, equipment_id, quantity, start_time, end_time)
    SELECT tenant_id, id, '{thing}', 1, start_time, end_time FROM bookings;
INSERT INTO cards (tenant_id, id, booking_id, team_id, channel_id, wanted_version, due_at)
    SELECT tenant_id, gen_random_uuid(), id, 'T1', 'C1', 1, now() FROM bookings;
INSERT INTO deliveries (tenant_id, id, key, kind, team_id, booking_id, card_id, due_at)
    SELECT b.tenant_id, gen_random_uuid(), 'thread ' || b.id, 'size', 'T1', b.id, c.id, now()
    FROM bookings b JOIN cards c ON c.booking_id = b.id;
INSERT INTO waiting (tenant_id, id, person_id, start_time, end_time, status, booking_id)
    SELECT tenant_id, gen_random_uuid(), '{person}', start_time, end_time, 'taken', id FROM bookings;
INSERT INTO deliveries (tenant_id, id, key, kind, team_id, waiting_id, person_id, due_at)
    SELECT tenant_id, gen_random_uuid(), 'offer ' || id, 'offer', 'T1', id, person_id, now() FROM waiting;
INSERT INTO approvals (tenant_id, id, booking_id, asked_at, expires_at)
    SELECT tenant_id, gen_random_uuid(), id, now(), now() FROM bookings;
INSERT INTO proposals (tenant_id, id, booking_id, booking_version, status, answer_by)
    SELECT tenant_id, gen_random_uuid(), id, 1, 'open', now() FROM bookings;
INSERT INTO room_claims (tenant_id, id, room_id, kind, proposal_id, start_time, end_time)
    SELECT p.tenant_id, gen_random_uuid(), '{third}', 'proposal', p.id, b.start_time, b.end_time
    FROM proposals p JOIN bookings b ON b.id = p.booking_id;
INSERT INTO requests (tenant_id, key, fingerprint, result, expires_at)
    SELECT tenant_id, 'key ' || id, 'f', '{{}}', now() FROM bookings;
INSERT INTO events (tenant_id, id, kind, booking_id, booking_version, actor_id, surface, after)
    SELECT tenant_id, gen_random_uuid(), 'booked', id, 1, booked_by, 'slack', '{{}}' FROM bookings;
INSERT INTO subscriptions (tenant_id, id, team_id, channel_id, kinds, zone, created_by) VALUES
    ('{tenant}', gen_random_uuid(), 'T1', 'C1', '{{booked}}', 'UTC', '{person}');
INSERT INTO webhooks (tenant_id, id, url, secret, transaction, number) VALUES
    ('{tenant}', '{hook}', 'https://hooks.example/one', 's', '0', 0);
INSERT INTO webhook_deliveries (tenant_id, id, webhook_id, event_id, kind, body, due_at)
    SELECT tenant_id, gen_random_uuid(), '{hook}', id, 'booked', '{{}}', now() FROM events;
"""
_POINT_TO_BOOKINGS = """
SELECT DISTINCT conrelid::regclass::text AS name FROM pg_constraint
WHERE contype = 'f' AND confrelid = 'bookings'::regclass ORDER BY 1
"""
# These stay behind a booking: they are its audit, or go by a clock of their own.
_STAYS = ("events", "webhook_deliveries", "requests", "subscriptions")


async def with_everything(office: Office, count: int) -> None:
    """Put so many bookings that are over into one room, each with a row of everything that can point to one."""
    second, third = await office.room("Second"), await office.room("Third")
    await filled(office, count)
    ids = {name: new_id() for name in ("thing", "series", "hook")}
    rooms = {"second": second.id, "third": third.id, "place": office.berlin.id, "person": office.bob.person_id}
    await office.damage(_EVERYTHING.format(tenant=office.db.tenant, **ids, **rooms))


async def test_nothing_is_left_that_points_to_what_was_archived_whatever_it_was(office: Office, worker: Database):
    await with_everything(office, BATCH + 20)
    pointing = [row["name"] for row in await office.rows(_POINT_TO_BOOKINGS)]
    before = {name: await office.count(f"SELECT count(*) FROM {name}") for name in (*pointing, *_STAYS)}
    # Whatever comes to point to bookings one day has to be among what is tried here.
    assert min(before.values()) > 0, before

    assert await Archive(worker).tidy(LATER) == BATCH + 20

    assert {name: await office.count(f"SELECT count(*) FROM {name}") for name in pointing} == dict.fromkeys(pointing, 0)
    assert {name: await office.count(f"SELECT count(*) FROM {name}") for name in _STAYS} == {
        name: before[name] for name in _STAYS
    }
    assert await office.count("SELECT count(*) FROM bookings_archive WHERE jsonb_array_length(equipment) = 1") == BATCH + 20
    assert await office.count("SELECT count(*) FROM bookings_archive WHERE series_id IS NOT NULL") == 1
    assert await contradictions(office) == []


async def test_while_a_batch_is_under_way_everybody_books_changes_and_cancels_at_once(office: Office, worker: Database):
    await with_everything(office, BATCH)
    [attic] = [room for room in (await office.catalogues.current()).rooms if room.name == "Attic"]
    coming = await office.book(attic, at(9, days=110))

    async def held(session: WriteSession) -> int:
        moved = await archive._move_some(session, LATER - timedelta(days=90), archive._EVER)
        # Nothing of it is committed: whoever had to wait for it would wait in vain, and be told so after two seconds.
        booked = await asyncio.wait_for(office.book(attic, at(10, days=110), invitees=(office.bob.person_id,)), 1.5)
        shifted = Change(slot=at(14, days=110))
        changed = await asyncio.wait_for(office.bookings.change(booked.id, shifted, version=1, by=office.ana), 1.5)
        await asyncio.wait_for(office.bookings.cancel(coming.id, by=office.ana), 1.5)
        assert changed.after.slot == at(14, days=110)
        return moved

    await Archive(worker)._make_months(LATER, archive._EVER, LATER)
    assert await worker.write(held, repeatable=False) == BATCH

    assert (await hot(office), await cold(office)) == (2, BATCH)
    assert await contradictions(office) == []


async def test_who_books_while_much_is_moved_is_never_refused(office: Office, worker: Database):
    await with_everything(office, 3 * BATCH)
    moving = asyncio.create_task(Archive(worker).tidy(LATER))
    booked = 0
    for hour in range(12):
        room = await office.room(f"Room {hour}")
        await office.book(room, at(10, days=110), invitees=(office.bob.person_id,), attendees_count=2)
        booked += not moving.done()
    assert await moving == 3 * BATCH

    assert booked > 0
    assert (await hot(office), await cold(office)) == (12, 3 * BATCH)
    assert await contradictions(office) == []
