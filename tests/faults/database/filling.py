"""The disk runs full: a small tmpfs with nothing but the server's data on it, and a file that takes what is left."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from bot import postgres
from tests.conftest import SETTINGS, place
from tests.faults.database.crowd import gathered
from tests.faults.database.measure import Measure
from tests.faults.database.reckoning import Found, reckoned
from tests.faults.database.restarting import steady
from tests.standby import database_of

DISK_MEGABYTES = 160
REFUSALS = 12
SMALL = {**SETTINGS, "min_wal_size": "32MB", "max_wal_size": "48MB", "max_connections": "60", "shared_buffers": "16MB"}


def mountable() -> bool:
    """Tell whether a tmpfs may be mounted here, which takes root's rights."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        tried = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=False, capture_output=True)
        if tried.returncode == 0:
            subprocess.run(["umount", folder], check=True)
        return tried.returncode == 0


@contextmanager
def small_disk() -> Iterator[Path]:
    """Mount a tmpfs of `DISK_MEGABYTES` and take it away afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="bookroom-full-", dir=place()))
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m,mode=711", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


class Filler:
    """A file that takes all the room that a disk has left."""

    def __init__(self, disk: Path) -> None:
        self._file = disk / "filler"

    def fill(self) -> None:
        """Take what is left, to the last page."""
        with self._file.open("ab", buffering=0) as file:
            for size in (1 << 20, 1 << 12):
                block = b"\0" * size
                try:
                    while file.write(block) == size:
                        pass
                except OSError:
                    continue

    def empty(self) -> None:
        """Give it back."""
        self._file.unlink(missing_ok=True)


@contextmanager
def server_on_a_small_disk() -> Iterator[tuple[postgres.Server, Filler]]:
    """Run a migrated server that has such a disk to itself."""
    with small_disk() as disk, steady(disk, SMALL) as server:
        yield server, Filler(disk)


async def filled(server: postgres.Server, filler: Filler, measure: Measure, *, log_too: bool) -> Found:
    """Fill the disk, let people be refused, make room. With `log_too`, the server's log needs a new file meanwhile.

    Without room for its log PostgreSQL stops itself, and is started again once there is some.
    """
    blows, there, stopped = max(1, measure.blows // 5), database_of(server), 0
    async with gathered(there.app_url, there.app_url, seed=measure.seed) as crowd:
        crowd.begin()
        for _ in range(blows):
            await crowd.until(measure.between)
            filler.fill()
            if log_too:
                await _need_a_new_log(there.superuser_url)
            refused = crowd.said["Unavailable"]
            while crowd.said["Unavailable"] < refused + REFUSALS and not crowd.tally.faults:
                # What becomes free, or fits into pages that are there, is used up as well.
                filler.fill()
                await asyncio.sleep(0.02)
            filler.empty()
            if log_too and not await _answers(there.superuser_url):
                stopped += 1
                await _end(server)
                server.start()
        await crowd.until(measure.between)
        await crowd.go_home()
        return await reckoned(
            crowd,
            app_url=there.app_url,
            superuser_url=there.superuser_url,
            fault="disk full, for the log too" if log_too else "disk full",
            how=f"{blows} times, a tmpfs of {DISK_MEGABYTES} MB filled to the last page, emptied after {REFUSALS} refusals",
            notes=(f"PostgreSQL stopped itself {stopped} times of {blows}, and was started again",) if log_too else (),
        )


async def _need_a_new_log(url: str) -> None:
    try:
        connection = await asyncpg.connect(url, timeout=5)
        try:
            for _ in range(8):
                await connection.execute(
                    "SELECT pg_logical_emit_message(false, 'fault', repeat('x', 4000000)), pg_switch_wal()"
                )
        finally:
            connection.terminate()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        # That it fails of it is what is wanted.
        return


async def _answers(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url, timeout=5)
        await connection.close()
    except (OSError, asyncpg.PostgresError, TimeoutError):
        return False
    return True


async def _end(server: postgres.Server) -> None:
    if server.pid is not None and server.alive:
        os.kill(server.pid, signal.SIGQUIT)
        while server.alive:  # noqa: ASYNC110 - only polling tells
            await asyncio.sleep(0.01)
    server.stop()
