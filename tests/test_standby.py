"""The standby that other tests use is a real one: it follows, stands still, comes back and takes over."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from bot import postgres
from tests.standby import ask, cluster, standby_of

READ_ONLY = "25006"


@pytest.fixture(scope="module")
def primary() -> Iterator[postgres.Server]:
    with cluster(migrated=False) as server:
        yield server


async def test_it_follows_stands_still_when_paused_and_refuses_writes(primary: postgres.Server) -> None:
    async with standby_of(primary) as standby:
        await ask(primary, "CREATE TABLE followed AS SELECT 1 AS number")
        await standby.caught_up()
        await standby.pause()
        await ask(primary, "INSERT INTO followed VALUES (2)")

        paused = await ask(standby, "SELECT count(*) FROM followed")
        await standby.resume()
        await standby.caught_up()
        resumed = await ask(standby, "SELECT count(*) FROM followed")
        with pytest.raises(asyncpg.PostgresError) as refused:
            await ask(standby, "INSERT INTO followed VALUES (3)")

    assert (paused, resumed) == (1, 2)
    assert refused.value.sqlstate == READ_ONLY
    await ask(primary, "DROP TABLE followed")
    assert await ask(primary, "SELECT count(*) FROM pg_replication_slots") == 0


async def test_it_is_killed_comes_back_on_its_port_and_takes_over_on_a_new_timeline(primary: postgres.Server) -> None:
    async with standby_of(primary, synchronous=True) as standby:
        standby.kill()
        with pytest.raises(ConnectionRefusedError):
            await ask(standby, "SELECT 1")
        standby.start()
        await ask(primary, "CREATE TABLE kept AS SELECT 1 AS number")  # waits for the standby
        await standby.promote()

        await ask(standby, "INSERT INTO kept VALUES (2)")
        kept = await ask(standby, "SELECT count(*) FROM kept")
        # What the control file says of the timeline is as old as the last checkpoint.
        timeline = await ask(standby, "SELECT left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)")

    assert kept == 2
    assert timeline == "00000002"
    assert await ask(primary, "SHOW synchronous_standby_names") == ""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_it_ends_with_the_process_that_started_it() -> None:
    script = """
import asyncio, json, sys
from tests.standby import cluster, standby_of
async def main():
    with cluster(migrated=False) as primary:
        async with standby_of(primary) as standby:
            both = [primary, standby.server]
            print(json.dumps([one.pid for one in both] + [str(one.data_dir) for one in both]), flush=True)
            await asyncio.sleep(600)
asyncio.run(main())
"""
    starter = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    with starter.stdout:
        *pids, primary, standby = json.loads(starter.stdout.readline())
    starter.send_signal(signal.SIGKILL)
    starter.wait()

    deadline = time.monotonic() + 20
    while any(runs(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)

    assert not [pid for pid in pids if runs(pid)]
    for folder in (primary, standby):
        # What the killed process could not remove lies where the next run of the tests clears away.
        assert Path(f"{folder}.lock").exists()
        subprocess.run(["rm", "-rf", str(Path(folder).parent)], check=True)


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
