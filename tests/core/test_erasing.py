"""What is kept of a person: given out, taken out with all their words, and no longer than is set."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from core import roles
from core.checks import violations
from core.db import Database
from core.erasing import FORMER, Erased, Erasing, Keeping
from core.errors import InvalidSetting, NotAllowed, PersonNotFound
from core.models import Change, Status, Wish
from core.places import Places
from tests.core.office import Office, at, opened


@pytest.fixture
async def office(database: Any) -> AsyncIterator[Office]:
    async with opened(database) as made:
        yield made


def erasing_of(office: Office, db: Database | None = None) -> Erasing:
    return Erasing(db or office.db, office.catalogues, office.bookings, office.line, office.clock)


async def a_life(office: Office) -> None:
    """Let Ana book, cancel with words, be invited, wait; all with texts that could name her."""
    room = await office.room("Apollo")
    await office.book(room, at(10), title="Ana's secret", invitees=(office.bob.person_id,))
    gone = await office.book(room, at(12), title="Ana's other secret")
    await office.bookings.change(gone.id, Change(title="Ana's third secret"), version=1, by=office.ana)
    await office.bookings.cancel(gone.id, by=office.ana, reason="Ana is ill")
    await office.book(room, at(14), by=office.bob, title="Bob's", invitees=(office.ana.person_id,))
    theirs = await office.book(room, at(16), by=office.bob, title="Bob's other")
    await office.line.join(Wish(slot=at(16), room_id=room.id, title="Ana waits"), by=office.ana)
    await office.bookings.cancel(theirs.id, by=office.boss)


async def all_text(office: Office) -> str:
    tables = await office.rows(
        "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
        " AND NOT c.relispartition AND c.relname <> 'requests'"
    )
    kept = [await office.rows(f"SELECT t.*::text AS row FROM {one['relname']} t") for one in tables]
    return "\n".join(row["row"] for rows in kept for row in rows)


async def test_everything_that_is_kept_of_somebody_is_given_out(office: Office):
    await a_life(office)

    found = await erasing_of(office).export(office.ana.person_id, by=office.boss)

    json.dumps(found)
    assert found["person"]["name"] == "ana"
    assert [one["title"] for one in found["bookings"]] == ["Ana's secret", "Ana's third secret"]
    assert [one["room"] for one in found["invitations"]] == ["Apollo"]
    assert [one["title"] for one in found["waiting"]] == ["Ana waits"]
    assert [one["kind"] for one in found["history"]] == ["booked", "booked", "changed", "cancelled"]
    assert found["settings"]["reminder_minutes"] == [10]


async def test_one_may_ask_for_ones_own_and_nobody_elses(office: Office):
    erasing = erasing_of(office)

    assert (await erasing.export(office.ana.person_id, by=office.ana))["person"]["name"] == "ana"
    for somebody in (office.bob, office.visitor):
        with pytest.raises(NotAllowed):
            await erasing.export(office.ana.person_id, by=somebody)
        with pytest.raises(NotAllowed):
            await erasing.erase(office.ana.person_id, by=somebody)
        with pytest.raises(NotAllowed):
            await erasing.keep(Keeping(archive_days=30), by=somebody)
    with pytest.raises(InvalidSetting):
        await erasing.erase(office.boss.person_id, by=office.boss)


async def test_nothing_that_names_somebody_is_left_anywhere(office: Office):
    await a_life(office)
    await office.rows("SELECT 1")

    done = await erasing_of(office).erase(office.ana.person_id, by=office.boss)

    assert done == Erased(cancelled=1)
    text = await all_text(office)
    assert "ana" not in text.lower().replace("manage", "")
    assert "Bob's" in text
    assert text.count(FORMER) >= 2
    assert await violations(office.db) == []
    with pytest.raises(PersonNotFound):
        await erasing_of(office).export(office.ana.person_id, by=office.boss)


async def test_her_bookings_stay_for_the_figures_and_those_invited_are_told(office: Office):
    await a_life(office)
    before = await office.count("SELECT count(*) FROM bookings")

    await erasing_of(office).erase(office.ana.person_id, by=office.boss)

    rows = await office.rows("SELECT b.status, b.title, p.name FROM bookings b JOIN people p ON p.id = b.booked_by")
    assert len(rows) == before
    assert {row["title"] for row in rows if row["name"] == FORMER} == {None}
    assert await office.count(
        "SELECT count(*) FROM events WHERE kind = 'cancelled' AND actor_id = $1", office.boss.person_id
    )
    assert await office.count("SELECT count(*) FROM waiting WHERE status IN ('waiting', 'offered')") == 0
    assert await office.count("SELECT count(*) FROM room_claims WHERE kind = 'offer'") == 0


async def test_bookings_ahead_are_handed_over_where_somebody_takes_them(office: Office):
    await a_life(office)

    done = await erasing_of(office).erase(office.ana.person_id, by=office.boss, hand_over_to=office.bob.person_id)

    assert done == Erased(handed_over=1)
    (first, *_) = await office.bookings.mine(office.bob)
    assert (first.booker.person_id, first.status, first.attendees) == (office.bob.person_id, Status.CONFIRMED, ())
    assert first.title == "Ana's secret"
    assert await violations(office.db) == []
    await office.bookings.change(first.id, Change(title="Mine now"), version=first.version, by=office.bob)


async def test_who_comes_back_is_somebody_new(office: Office):
    await a_life(office)
    await erasing_of(office).erase(office.ana.person_id, by=office.boss)

    again = await office.actor("ana")

    assert again.person_id != office.ana.person_id
    assert await office.bookings.mine(again) == ()


async def test_the_audit_tells_that_it_was_done_but_not_to_whom_by_name(office: Office):
    await erasing_of(office).export(office.ana.person_id, by=office.boss)
    await erasing_of(office).erase(office.ana.person_id, by=office.boss)

    rows = await office.rows("SELECT subject, subject_name, action, actor_name FROM changes ORDER BY number")
    assert [tuple(row) for row in rows] == [
        ("person", FORMER, "exported", "boss"),
        ("person", FORMER, "erased", "boss"),
    ]


async def test_what_admins_did_is_kept_without_their_name(office: Office):
    chief = await office.actor("chief", admin=True)
    room = await office.room("Apollo")
    await Places(office.db, office.catalogues, office.clock).use_room(room.id, active=False, version=1, by=chief)

    await erasing_of(office).erase(chief.person_id, by=office.boss)

    assert await office.count("SELECT actor_name FROM changes WHERE subject = 'room'") == FORMER


async def test_how_long_things_are_kept_is_set_within_reason_and_noted(office: Office):
    erasing = erasing_of(office)
    assert await erasing.keeping() == Keeping()
    with pytest.raises(InvalidSetting) as refused:
        await erasing.keep(Keeping(archive_days=1, keep_audit_months=0), by=office.boss)
    assert set(refused.value.fields) == {"archive_days", "keep_audit_months"}

    await erasing.keep(Keeping(archive_days=30, keep_audit_months=12), by=office.boss)

    assert await erasing.keeping() == Keeping(archive_days=30, keep_audit_months=12)
    assert await office.count("SELECT count(*) FROM changes WHERE subject = 'workspace'") == 1


async def test_an_audit_that_is_too_old_goes_and_what_is_needed_stays(office: Office):
    await a_life(office)
    await Places(office.db, office.catalogues, office.clock).add_location(name="Paris", zone="Europe/Paris", by=office.boss)
    events = await office.count("SELECT count(*) FROM events")
    await office.damage("UPDATE changes SET happened_at = now() - interval '13 months'; UPDATE events SET happened_at = "
                        "now() - interval '13 months'")  # fmt: skip
    worker = Database(office.urls.worker_url, role=roles.WORKER)
    try:
        erasing = erasing_of(office, worker)
        now = await office.count("SELECT now()")
        assert await erasing.honour(now) == 0
        await erasing.keep(Keeping(keep_audit_months=12), by=None)
        assert await erasing.honour(now) == 1
        assert await erasing.honour(now) == 0
    finally:
        await worker.close()
    # Every one of these bookings can still be looked at, and changed back.
    assert await office.count("SELECT count(*) FROM events") == events


async def test_with_the_audit_go_the_steps_of_bookings_that_are_gone_and_what_was_looked_for(office: Office):
    tenant = office.db.tenant
    for months in (13, 11):
        await office.damage(
            "INSERT INTO searches (tenant_id, id, person_id, surface, start_time, end_time, attendees_count, lacking,"
            " made_at)"
            f" VALUES ('{tenant}', gen_random_uuid(), '{office.ana.person_id}', 'slack', now(), now() + interval '1 h', 2,"
            f" 'taken', now() - interval '{months} months');"
            "INSERT INTO events (tenant_id, id, booking_id, kind, booking_version, happened_at, surface, actor_id)"
            f" VALUES ('{tenant}', gen_random_uuid(), gen_random_uuid(), 'created', 1,"
            f" now() - interval '{months} months', 'slack', '{office.ana.person_id}')"
        )
    worker = Database(office.urls.worker_url, role=roles.WORKER)
    try:
        erasing = erasing_of(office, worker)
        await erasing.keep(Keeping(keep_audit_months=12), by=None)
        await erasing.honour(await office.count("SELECT now()"))
    finally:
        await worker.close()
    for table, moment in (("searches", "made_at"), ("events", "happened_at")):
        assert await office.count(f"SELECT count(*) FROM {table}") == 1, table
        assert await office.count(f"SELECT count(*) FROM {table} WHERE {moment} < now() - interval '12 months'") == 0


async def test_a_failure_in_between_leaves_something_that_can_be_done_again(office: Office, monkeypatch: pytest.MonkeyPatch):
    await a_life(office)
    erasing = erasing_of(office)

    async def broken(*_args: object) -> None:
        raise RuntimeError("out of power")

    with monkeypatch.context() as patch:
        patch.setattr(Erasing, "_leave_lines", broken)
        with pytest.raises(RuntimeError):
            await erasing.erase(office.ana.person_id, by=office.boss)
    office.clock.advance(timedelta(minutes=1))
    await erasing.erase(office.ana.person_id, by=office.boss)

    assert "secret" not in await all_text(office)
