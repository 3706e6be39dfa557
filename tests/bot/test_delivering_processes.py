"""Whole processes that are killed, frozen and stopped while they tell people things; and how soon they tell them."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest
from aiohttp.test_utils import unused_port

from core.models import Change, Slot
from tests.bot.dispatch import Dispatch, opened
from tests.handlers import firm as firms
from tests.handlers.firm import BEN, CHANNEL

CHECKOUT = Path(__file__).resolve().parents[2]
# What a shell does to a program that it starts in the background.
DEAF_TO_INTERRUPTS = ("sh", "-c", 'trap "" INT; exec "$@"', "sh")
LEASES_OVER = "UPDATE cards SET leased_until = clock_timestamp() - interval '1 second' WHERE lease IS NOT NULL"


async def until(holds: Callable[[], Awaitable[object]], seconds: float = 60) -> None:
    for _ in range(int(seconds / 0.02)):
        if await holds():
            return
        await asyncio.sleep(0.02)
    pytest.fail("waited too long")


@dataclass
class Bot:
    """A `bookroom serve` of its own."""

    process: asyncio.subprocess.Process
    port: int
    log: Path

    def send(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)

    async def get(self, path: str) -> tuple[int, str]:
        address = f"http://127.0.0.1:{self.port}{path}"
        async with aiohttp.ClientSession() as session, session.get(address) as response:
            return response.status, await response.text()

    async def ready(self) -> bool:
        try:
            return (await self.get("/readyz"))[0] == 200
        except aiohttp.ClientError:
            return False

    async def figure(self, line: str) -> float:
        """Return the value of a figure as /metrics names it."""
        _, text = await self.get("/metrics")
        found = [row.rpartition(" ")[2] for row in text.splitlines() if row.rpartition(" ")[0] == line]
        return float(found[0]) if found else 0.0


@asynccontextmanager
async def serving(
    dispatch: Dispatch, tmp_path: Path, *, socket: bool = False, through: tuple[str, ...] = ()
) -> AsyncIterator[Bot]:
    firm, port = dispatch.firm, unused_port()
    tokens = firm.running.company.tokens
    heard = {"SLACK_APP_TOKEN": tokens.app} if socket else {"SLACK_SIGNING_SECRET": tokens.signing_secret}
    environment = {
        **{name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
        "PYTHONPATH": str(CHECKOUT),
        "SLACK_BOT_TOKEN": tokens.bot,
        "SLACK_API_URL": firm.running.api_url,
        "DATABASE_URL": firm.urls.app_url,
        "DATABASE_WORKER_URL": firm.urls.worker_url,
        "PORT": str(port),
        **heard,
    }
    log = tmp_path / f"bot-{port}.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(*through, sys.executable, "-m", "bot", "serve"), cwd=tmp_path, env=environment, stdout=output, stderr=output
        )
    bot = Bot(process, port, log)
    try:
        await until(bot.ready)
        yield bot
    finally:
        if process.returncode is None:
            bot.send(signal.SIGCONT)
            process.kill()
        await process.wait()


@pytest.fixture
async def dispatch(database: Any) -> AsyncIterator[Dispatch]:
    async with firms.opened(database) as firm, opened(firm) as made:
        firm.clock.set(datetime.now(UTC))  # the processes have the machine's
        yield made


def tomorrow() -> Slot:
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
    return Slot(start=start, end=start + timedelta(hours=1))


async def posted(dispatch: Dispatch, number: int) -> None:
    async def so_many() -> bool:
        return len(dispatch.posts(CHANNEL)) >= number

    await until(so_many)


async def leases_over(dispatch: Dispatch) -> None:
    """Let the leases' half minute pass."""
    connection = await asyncpg.connect(dispatch.firm.urls.superuser_url)
    try:
        await connection.execute(LEASES_OVER)
    finally:
        await connection.close()


async def settled(dispatch: Dispatch) -> bool:
    cards = await dispatch.rows("cards")
    return bool(cards) and all(c["rendered_version"] == c["wanted_version"] and c["lease"] is None for c in cards)


async def test_killed_between_post_and_mark_leaves_one_repeat_that_is_counted(dispatch: Dispatch, tmp_path: Path):
    firm = dispatch.firm
    await dispatch.subscribe()
    await firm.slack.faults(timeouts={"method": "chat.postMessage", "times": 1, "after": True})
    async with serving(dispatch, tmp_path) as first:
        await firm.booked("Apollo", tomorrow())
        await posted(dispatch, 1)
        first.send(signal.SIGKILL)
        await first.process.wait()
    (card,) = await dispatch.rows("cards")
    assert (card["ts"], card["rendered_version"]) == (None, 0)
    assert card["posting_since"] is not None

    await leases_over(dispatch)
    async with serving(dispatch, tmp_path) as second:
        await posted(dispatch, 2)
        await until(lambda: settled(dispatch))
        assert await second.figure('bookroom_notices_uncertain_total{found="blind"}') == 1
        assert await second.figure('bookroom_notices_sent_total{kind="card_posted"}') == 1
    keys = [post.versions[0].metadata["event_payload"]["key"] for post in dispatch.posts(CHANNEL)]
    assert keys == [str(card["id"])] * 2


async def test_a_frozen_replica_s_old_edit_that_lands_last_is_put_right(dispatch: Dispatch, tmp_path: Path):
    firm = dispatch.firm
    await dispatch.subscribe()
    bookings, ben = firm.services.bookings, await firm.actor(BEN)

    async def text() -> str:
        return dispatch.posts(CHANNEL)[0].versions[-1].text

    async with serving(dispatch, tmp_path) as one, serving(dispatch, tmp_path) as other:
        booking = await firm.booked("Apollo", tomorrow(), title="First")
        await until(lambda: settled(dispatch))

        await firm.slack.faults(holds={"method": "chat.update", "times": 1})
        await bookings.change(booking.id, Change(title="Stale"), version=1, by=ben)
        busy: list[Bot] = []

        async def asked() -> bool:
            # The line in the thread, which either may carry, has to be out of the way to tell who has the edit in hand.
            if any(row["status"] == "pending" for row in await dispatch.rows("deliveries")):
                return False
            busy[:] = [bot for bot in (one, other) if await bot.figure("bookroom_notices_in_hand")]
            return len(busy) == 1

        await dispatch.held()
        await until(asked)
        (slow,) = busy
        slow.send(signal.SIGSTOP)
        await leases_over(dispatch)
        await bookings.change(booking.id, Change(title="Fresh"), version=2, by=ben)

        async def says_new() -> bool:
            return "Fresh" in await text()

        async def says_old() -> bool:
            return "Stale" in await text()

        await until(says_new)
        await firm.slack.faults(holds=False)
        await until(says_old)  # the old edit has landed on top
        slow.send(signal.SIGCONT)
        await until(says_new)
        await until(lambda: settled(dispatch))
        lost = 'bookroom_notices_lost_leases_total{kind="card_edited"}'
        assert await slow.figure(lost) == 1


@pytest.mark.parametrize(
    ("number", "through"), [(signal.SIGTERM, ()), (signal.SIGINT, DEAF_TO_INTERRUPTS)], ids=["told to end", "interrupted"]
)
async def test_a_stopped_process_finishes_what_it_is_posting(
    dispatch: Dispatch, tmp_path: Path, number: signal.Signals, through: tuple[str, ...]
):
    firm = dispatch.firm
    await dispatch.subscribe()
    async with serving(dispatch, tmp_path, through=through) as bot:
        await firm.slack.faults(holds={"method": "chat.postMessage", "times": 1})
        await firm.booked("Apollo", tomorrow())
        await dispatch.held()
        bot.send(number)

        async def stopping() -> bool:
            return not await bot.ready()

        await until(stopping)
        await firm.slack.faults(holds=False)
        assert await bot.process.wait() == 0
        assert await settled(dispatch)
        assert len(dispatch.posts(CHANNEL)) == 1
        assert "Traceback" not in bot.log.read_text()


async def test_a_booking_made_by_command_is_told_at_once_and_figures_tell_of_it(dispatch: Dispatch, tmp_path: Path):
    firm = dispatch.firm
    await dispatch.subscribe()
    async with serving(dispatch, tmp_path, socket=True) as bot, serving(dispatch, tmp_path) as other:
        answer = await firm.slack.command(BEN, CHANNEL, "/book apollo tomorrow 10-11")
        assert answer["ok"], answer
        await posted(dispatch, 1)
        await until(lambda: settled(dispatch))
        sent = 'bookroom_notices_sent_total{kind="card_posted"}'
        assert await bot.figure(sent) + await other.figure(sent) == 1
        heard = "bookroom_bells_total"
        assert await bot.figure(heard) >= 1
        assert await other.figure(heard) >= 1
        status, checks = await bot.get("/readyz")
        assert status == 200
        assert '"scheduler": "ok"' in checks
        assert '"deliverer": "ok"' in checks
        for job in ("plan", "deliver", "push", "reminders", "digests", "release", "line", "end", "clean"):
            assert await bot.figure(f'bookroom_job_runs_total{{name="{job}",outcome="ok"}}') >= 1, job
            assert await bot.figure(f'bookroom_job_runs_total{{name="{job}",outcome="failed"}}') == 0, job
        assert "xoxb" not in bot.log.read_text()
