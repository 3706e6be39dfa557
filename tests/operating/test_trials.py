"""The runbook, tried: each fault is caused, its figure crosses what its alert asks, and its page's queries show it.

Then it is mended as the page says, and the page's last look is taken.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest
from aiohttp.test_utils import unused_port
from alembic import command

from bot import postgres
from core import checks, roles
from core.checking import Checking
from core.errors import Busy, SlotTaken, Unavailable
from core.models import Actor, Booking, Slot, Wish
from core.tokens import Scope
from handlers.requests import Sender
from migrations import configuration, head, upgrade
from tests.handlers.firm import ANA
from tests.operating.firing import fires
from tests.operating.pages import pages
from tests.operating.plant import Plant, at_work, total
from tests.standby import cluster, database_of, standby_of

TOMORROW = 24 * 3600
# Those that take seconds: `make runbook`, which sets LONG, tries all of them.
long = pytest.mark.skipif(not os.environ.get("LONG"), reason="the long form runs with `make runbook`")


def at(hour: int) -> Slot:
    """Return an hour, tomorrow."""
    start = (int(time.time()) // 3600) * 3600 + TOMORROW + hour * 3600
    return Slot(start=datetime.fromtimestamp(start, UTC), end=datetime.fromtimestamp(start + 3600, UTC))


async def ana(plant: Plant) -> Actor:
    sender = Sender(team_id=plant.running.company.team.id, user_id=ANA)
    return (await plant.product.services.directory.person(sender, plant.product.slack)).acting("slack")


async def booked(plant: Plant, hour: int, room: str = "Apollo", **wish: Any) -> Booking:
    rooms = {one.name: one for one in (await plant.product.services.catalogues.current()).rooms}
    return await plant.product.services.bookings.book(
        Wish(slot=at(hour), room_id=rooms[room].id, **wish), by=await ana(plant)
    )


async def asked(plant: Plant, slug: str, number: int = 0) -> list[asyncpg.Record]:
    """Run one of a page's queries as the role that it names."""
    role, statement = pages()[slug].sql[number]
    return await plant.sql(statement, role=role)


@asynccontextmanager
async def somebody_with_psql(plant: Plant, *statements: str) -> AsyncIterator[asyncpg.Connection]:
    """Open a transaction by hand, and leave it open."""
    connection = await asyncpg.connect(plant.urls.superuser_url)
    try:
        await connection.execute("BEGIN")
        for statement in statements:
            await connection.execute(statement)
        yield connection
    finally:
        await connection.close()


@long
async def test_a_database_out_of_reach(database: Any, tmp_path: Path):
    async with at_work(database) as plant:
        await plant.say("/book help")
        before = await plant.until(lambda seen: total(seen, "bookroom_check_ok") == 3)
        name = database.name
        limit = f"ALTER DATABASE {name} CONNECTION LIMIT"
        # As when others have taken all that the server has.
        await plant.sql(f"{limit} 0")
        await plant.sql(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid()"
        )
        for _ in range(3):
            await plant.say("/book mine")
        after = await plant.until(
            lambda seen: (
                total(seen, "bookroom_listening") == 0
                and total(seen, "bookroom_job_runs_total", name="plan", outcome="failed") > 2
                and total(seen, "bookroom_check_ok", check="database") == 0
            )
        )
        await plant.sql(f"{limit} -1")
        assert total(after, "bookroom_requests_total", outcome="Unavailable") >= 3
        assert total(after, "bookroom_transaction_failures_total", reason="53300") > 0
        for alert in (
            "BookroomNotReady",
            "BookroomErrorBudgetFast",
            "BookroomErrorBudgetSlow",
            "BookroomTransactionsFailing",
            "BookroomNotListening",
        ):
            assert fires(alert, before, after, tmp_path, minutes=90), alert
            assert not fires(alert, before, before, tmp_path, minutes=90), alert
        # Check after: it came back by itself.
        await plant.until(lambda seen: total(seen, "bookroom_check_ok") == 3 and total(seen, "bookroom_listening") == 1)
        done = total(await plant.figures(), "bookroom_requests_total", surface="command", outcome="done")
        await plant.say("/book mine")
        assert total(await plant.figures(), "bookroom_requests_total", surface="command", outcome="done") == done + 1
        shown = await asked(plant, "a-bot-does-not-listen")
        assert "bookroom-listen" in {row["application_name"] for row in shown}


@long
async def test_a_process_that_does_not_get_its_turn(database: Any, tmp_path: Path):
    async with at_work(database) as plant:
        before = await plant.figures()
        loop = asyncio.get_running_loop()
        original = plant.product.services.directory.person

        async def stuck(*given: Any) -> Any:
            time.sleep(2.1)  # noqa: ASYNC251 - that is the fault
            return await original(*given)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(plant.product.services.directory, "person", stuck)
            await plant.say("/book help")
        after = await plant.figures()
        assert loop.is_running()
        slow = total(after, "bookroom_ack_seconds_count") - total(after, "bookroom_ack_seconds_bucket", le="2.0")
        assert slow == 1
        assert fires("BookroomAcksSlow", before, after, tmp_path)
        # Check after.
        await plant.say("/book help")
        mended = await plant.figures()
        assert not fires("BookroomAcksSlow", after, mended, tmp_path)


async def test_a_program_that_asks_for_what_is_taken(database: Any, tmp_path: Path):
    async with at_work(database) as plant:
        await booked(plant, 1)
        before = await plant.figures()
        for _ in range(20):
            with pytest.raises(SlotTaken):
                await booked(plant, 1)
        after = await plant.figures()
        assert total(after, "bookroom_booking_conflicts_total", surface="slack") == 20
        assert fires("BookroomConflicts", before, after, tmp_path)
        assert not fires("BookroomConflicts", after, after, tmp_path)


@long
async def test_two_who_lock_in_another_order(database: Any, tmp_path: Path):
    async with at_work(database) as plant:
        before = await plant.figures()
        first, second = await booked(plant, 1), await booked(plant, 1, "Big Ben")
        first, second = sorted((first, second), key=lambda one: one.id)
        touch = "UPDATE bookings SET updated_at = updated_at WHERE id = '{}'"
        async with somebody_with_psql(plant, "SET LOCAL deadlock_timeout = '30s'", touch.format(second.id)) as other:
            swapping = asyncio.create_task(
                plant.product.services.bookings.swap(
                    first.id, second.id, versions=(first.version, second.version), by=await ana(plant), key="swap"
                )
            )
            await asyncio.sleep(0.3)
            # Blocked until the bot is taken out of the circle by the server.
            await other.execute(touch.format(first.id))
            await other.execute("COMMIT")
        one, _ = await swapping
        assert one.after.room.id == second.room.id, "tried again, and done"
        after = await plant.figures()
        assert total(after, "bookroom_transaction_retries_total", reason="40P01") == 1
        assert total(after, "bookroom_transaction_failures_total") == 0
        assert fires("BookroomDeadlocks", before, after, tmp_path)
        assert not fires("BookroomDeadlocks", after, after, tmp_path)
        assert (await asked(plant, "deadlocks"))[0]["datname"] == database.name


async def test_somebody_who_left_a_transaction_open_and_so_no_connection(database: Any, tmp_path: Path):
    async with at_work(database, DB_POOL_SIZE="2") as plant:
        booking = await booked(plant, 1)
        by = await ana(plant)
        before = await plant.figures()
        async with somebody_with_psql(plant, f"UPDATE bookings SET updated_at = updated_at WHERE id = '{booking.id}'"):
            cancel = plant.product.services.bookings.cancel
            trying = [asyncio.create_task(cancel(booking.id, by=by, key=f"try {n}")) for n in range(3)]
            await asyncio.sleep(0.3)
            blocked = await asked(plant, "transactions-fail")
            taken = await asked(plant, "no-connection-left", 1)
            full = await plant.figures()
            came = await asyncio.gather(*trying, return_exceptions=True)
        assert all(isinstance(one, Busy | Unavailable) for one in came), came
        assert total(full, "bookroom_pool_in_use", role=roles.APPLICATION) == 2
        assert len(blocked) == 2
        assert blocked[0]["state"] == "idle in transaction", "who blocks them all comes first"
        assert taken[0]["taken"] < taken[0]["most"]
        after = await plant.figures()
        assert total(after, "bookroom_transaction_failures_total", reason="55P03") >= 1
        assert total(after, "bookroom_transaction_failures_total", reason="pool") >= 1
        assert fires("BookroomPoolExhausted", before, full, tmp_path)
        assert fires("BookroomTransactionsFailing", before, after, tmp_path, times=4)
        assert not fires("BookroomPoolExhausted", after, after, tmp_path)
        # Check after: that session is gone, nobody is blocked, and what was asked again is done.
        assert await asked(plant, "transactions-fail") == []
        done = await plant.product.services.bookings.cancel(booking.id, by=by, key="try 0")
        assert done.after.status == "cancelled"


@long
async def test_slack_that_stumbles_limits_and_refuses_the_token(
    database: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bot.courier.TOKEN_SECONDS", 0.5)
    async with at_work(database) as plant:
        await plant.subscribe()
        before = await plant.figures()
        await plant.slack.faults(fail_next={"method": "chat.postMessage", "times": None, "status": 503})
        await booked(plant, 1)
        failing = await plant.until(lambda seen: total(seen, "bookroom_notices_retrying") > 0)
        assert total(failing, "bookroom_slack_calls_total", method="chat.postMessage", outcome="http_503") > 0
        (waiting,) = await asked(plant, "nothing-is-posted")
        assert (waiting["kind"], waiting["count"]) == ("card", 1)
        for alert in ("BookroomNoticesFailing", "BookroomSlackErrors"):
            assert fires(alert, before, failing, tmp_path), alert

        await plant.slack.faults(clear=True)
        await plant.slack.faults(fail_next={"method": "chat.postMessage", "times": None, "status": 429, "retry_after": 1})
        limited = await plant.until(lambda seen: total(seen, "bookroom_slack_calls_total", outcome="ratelimited") > 0)
        assert total(limited, "bookroom_notices_retried_total", reason="ratelimited") > 0
        (behind,) = await asked(plant, "slack-says-429")
        assert behind["count"] == 1

        await plant.slack.faults(clear=True)
        await plant.slack.faults(token="token_revoked")
        refused = await plant.until(lambda seen: total(seen, "bookroom_slack_token_refused") == 1)
        assert total(refused, "bookroom_slack_calls_total", outcome="token_revoked") > 0
        assert fires("BookroomTokenRefused", before, refused, tmp_path)

        # Mended: what waited is posted, once, and says what is so by now.
        await plant.slack.faults(clear=True)
        plant.product.background.deliverer.wake()
        await plant.sql("UPDATE cards SET due_at = now()")
        healed = await plant.until(lambda seen: total(seen, "bookroom_notices_sent_total") > 0, seconds=90)
        assert total(healed, "bookroom_slack_token_refused") == 0
        assert total(healed, "bookroom_notices_retrying") == 0
        assert await asked(plant, "nothing-is-posted") == []
        assert not fires("BookroomTokenRefused", refused, healed, tmp_path)


@long
async def test_a_channel_that_is_archived(database: Any, tmp_path: Path):
    async with at_work(database) as plant:
        await plant.subscribe()
        before = await plant.figures()
        await plant.slack.faults(fail_next={"method": "chat.postMessage", "times": 6, "error": "is_archived"})
        for hour in range(1, 7):
            await booked(plant, hour)
            await plant.until(lambda seen, hour=hour: total(seen, "bookroom_notices_given_up_total") >= 1)
        after = await plant.figures()
        (given_up, *_) = await asked(plant, "messages-are-given-up")
        assert "archived" in given_up["reason"]
        assert fires("BookroomNoticesGivenUp", before, after, tmp_path)
        assert not fires("BookroomNoticesGivenUp", after, after, tmp_path, minutes=80)


async def test_claims_that_somebody_deleted_by_hand(database: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("core.checking.MOST_REST", 0)
    async with at_work(database) as plant:
        booking = await booked(plant, 1, title="Redundancies", private=True)
        checking = Checking(plant.product.worker_db, settling=0, seconds=0.1)
        await checking.advance(datetime.now(UTC))
        before = await plant.figures()
        assert total(before, "bookroom_invariants_checked_timestamp_seconds") > 0
        async with somebody_with_psql(
            plant, "SET LOCAL session_replication_role = replica", "DELETE FROM room_claims"
        ) as by:
            await by.execute("COMMIT")
        await asyncio.sleep(0.1)
        assert await checking.advance(datetime.now(UTC)) == 1
        after = await plant.figures()
        name = "a booking holds a room without a claim that covers it"
        assert total(after, "bookroom_invariant_violations", invariant=name) == 1
        assert fires("BookroomInvariantBroken", before, after, tmp_path)
        assert not fires("BookroomInvariantBroken", before, before, tmp_path)
        (found,) = await asked(plant, "an-invariant-does-not-hold")
        assert name in found["contradictions"]
        role, history = pages()["an-invariant-does-not-hold"].sql[1]
        (event,) = await plant.sql(history.replace("00000000-0000-0000-0000-000000000000", str(booking.id)), role=role)
        assert (event["kind"], event["status"]) == ("booked", "confirmed")
        # Mended as the page says: its owner cancels it in Slack.
        await plant.product.services.bookings.cancel(booking.id, by=await ana(plant))
        await asyncio.sleep(0.1)
        assert await checking.advance(datetime.now(UTC)) == 0
        assert total(await plant.figures(), "bookroom_invariant_violations") == 0
        assert await checks.violations(plant.product.db) == []


async def test_a_job_whose_rights_were_lost_in_a_restore(database: Any, tmp_path: Path):
    async with at_work(database) as plant:
        before = await plant.until(lambda seen: total(seen, "bookroom_job_runs_total", name="plan", outcome="ok") > 0)
        await plant.sql("REVOKE SELECT ON event_readers FROM bookroom_worker")
        jobs = plant.product.background.jobs
        failing = ("bookroom_job_runs_total", {"name": "plan", "outcome": "failed"})
        jobs["plan"].ring()
        await plant.until(lambda seen: total(seen, failing[0], **failing[1]) > 0)
        began = await plant.figures()
        jobs["plan"].ring()
        after = await plant.until(
            lambda seen: total(seen, failing[0], **failing[1]) > total(began, failing[0], **failing[1])
        )
        assert fires("BookroomJobFailing", began, after, tmp_path)
        assert not fires("BookroomJobFailing", before, before, tmp_path)
        await plant.sql("GRANT SELECT ON event_readers TO bookroom_worker")
        ok = total(after, "bookroom_job_runs_total", name="plan", outcome="ok")
        jobs["plan"].ring()
        await plant.until(lambda seen: total(seen, "bookroom_job_runs_total", name="plan", outcome="ok") > ok)


async def test_a_restored_database_says_how_far_it_goes(database: Any):
    async with at_work(database) as plant:
        await booked(plant, 1)
        (restored,) = await asked(plant, "restore")
        assert restored["events"] == 1


@long
async def test_a_webhook_whose_receiver_is_gone(database: Any, tmp_path: Path):
    async with at_work(database, WEBHOOK_PRIVATE_TARGETS="127.0.0.1") as plant:
        before = await plant.figures()
        by = await ana(plant)
        await plant.sql(
            "INSERT INTO admins (tenant_id, person_id) SELECT tenant_id, id FROM people WHERE id = $1", by.person_id
        )
        _, token = await plant.product.services.tokens.make(by.person_id, name="hooks", scopes=frozenset(Scope))
        gone = f"http://127.0.0.1:{unused_port()}/in"
        status, made = await plant.ask("POST", "/webhooks", token, {"url": gone, "description": "Ours"})
        assert status == 201, made
        await booked(plant, 1)
        failing = await plant.until(lambda seen: total(seen, "bookroom_webhooks_retrying") > 0)
        assert total(failing, "bookroom_webhook_posts_total", outcome="again") > 0
        (waiting,) = await asked(plant, "webhooks-pile-up")
        assert (waiting["description"], waiting["due"]) == ("Ours", 1)
        assert fires("BookroomWebhooksFailing", before, failing, tmp_path, minutes=90)
        status, _ = await plant.ask("DELETE", f"/webhooks/{made['id']}", token, **{"If-Match": "*"})
        assert status == 204
        mended = await plant.until(lambda seen: total(seen, "bookroom_webhooks_retrying") == 0)
        assert not fires("BookroomWebhooksFailing", failing, mended, tmp_path, minutes=90)


@long
async def test_a_replica_that_stands_still_and_one_that_is_gone(replicated: postgres.Server, tmp_path: Path):
    async with standby_of(replicated) as standby:
        urls = database_of(replicated)
        async with at_work(urls, DATABASE_REPLICA_URL=standby.urls.app_url) as plant:
            before = await plant.until(lambda seen: 0 <= total(seen, "bookroom_replica_lag_seconds") < 5)
            assert not fires("BookroomReplicaBehind", before, before, tmp_path)
            await standby.pause()
            await booked(plant, 1)
            await plant.until(lambda seen: total(seen, "bookroom_replica_lag_bytes") > 0)
            (seen,) = [row for row in await asked(plant, "the-replica-is-behind") if row["bytes_behind"] > 0]
            assert seen["state"] == "streaming"
            there = Plant(product=None, running=None, slack=None, urls=standby.urls, http=None)  # type: ignore[arg-type]
            (paused,) = await asked(there, "the-replica-is-behind", 1)
            assert (paused["a_replica"], paused["paused"]) == (True, "paused")
            standby.kill()
            gone = await plant.until(lambda seen: total(seen, "bookroom_replica_lag_seconds") == float("inf"))
            assert fires("BookroomReplicaBehind", before, gone, tmp_path)
            (slot,) = await asked(plant, "the-replica-is-behind", 2)
            assert slot["active"] is False


@pytest.fixture
def replicated() -> Iterator[postgres.Server]:
    with cluster() as server:
        yield server


@long
async def test_invariants_that_take_too_long(database: Any, tmp_path: Path):
    async with at_work(database) as plant:
        checking = Checking(plant.product.worker_db, settling=0, seconds=0.1)
        await checking.advance(datetime.now(UTC))
        before = await plant.figures()
        hurried = Checking(plant.product.worker_db, settling=0, seconds=0.1, most_each=0.001)
        with pytest.MonkeyPatch.context() as patch:
            slow = "SELECT pg_sleep(1) WHERE $1::uuid IS NOT NULL"
            patch.setitem(checks.INVARIANTS, "claims of one room overlap", slow)  # type: ignore[arg-type]
            await asyncio.sleep(0.1)
            await hurried.advance(datetime.now(UTC))
        after = await plant.figures()
        assert total(after, "bookroom_invariants_unfinished") >= 1
        assert fires("BookroomInvariantsUnchecked", before, after, tmp_path)
        (told,) = await asked(plant, "an-invariant-does-not-hold")
        assert "claims of one room overlap" in told["unfinished"]
        await asyncio.sleep(0.1)
        await checking.advance(datetime.now(UTC))
        mended = await plant.figures()
        assert not fires("BookroomInvariantsUnchecked", mended, mended, tmp_path)


@long
async def test_a_migration_that_waits_for_somebody_with_psql(database: Any):
    connection = Plant(product=None, running=None, slack=None, urls=database, http=None)  # type: ignore[arg-type]
    await asyncio.to_thread(command.downgrade, configuration(database.owner_url), "0007_forgetting")
    async with somebody_with_psql(connection, "LOCK TABLE bookings, tenants, room_claims IN ACCESS EXCLUSIVE MODE"):
        migrating = asyncio.create_task(asyncio.to_thread(upgrade, database.owner_url))
        await asyncio.sleep(1.5)
        (version,) = await asked(connection, "a-migration-failed")
        assert version["version_num"] == "0007_forgetting", "what waits, and tries again, has left nothing"
        assert not migrating.done()
        holding = await asked(connection, "a-migration-failed", 1)
        assert "LOCK TABLE" in {row["query"][:10] for row in holding}
    await migrating
    (version,) = await asked(connection, "a-migration-failed")
    assert version["version_num"] == head()


@long
async def test_a_bot_that_is_stopped_and_one_with_open_streams(database: Any):
    async with at_work(database) as plant:
        by = await ana(plant)
        _, token = await plant.product.services.tokens.make(by.person_id, name="streams", scopes=frozenset({Scope.READ}))
        headers = {"Authorization": f"Bearer {token}"}
        url = plant.url
        async with plant.http.get(url + "/api/v1/events", headers=headers) as one:
            assert one.status == 200
            await plant.until(lambda seen: total(seen, "bookroom_streams_open") == 1)
        await plant.until(lambda seen: total(seen, "bookroom_streams_open") == 0)
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.ClientConnectorError):
            await http.get(url + "/metrics")
