"""The short forms of `make faults-database`: nothing that was granted is lost, whatever becomes of the database."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot import postgres
from bot.stress.running import YES
from tests.conftest import FOLDER, place
from tests.faults.database import cutting, filling, restarting, skewing, stalling
from tests.faults.database.measure import SHORT
from tests.faults.database.reckoning import Found, table

pytestmark = [pytest.mark.race, pytest.mark.timeout(120)]
own_server = pytest.mark.skipif(os.environ.get("PG") == "system", reason="it breaks a PostgreSQL of its own")

SETTINGS = {"max_connections": "40", "shared_buffers": "16MB"}


def held(found: Found) -> Found:
    """Show the row and hold it to what every fault is held to."""
    print(table([found]))
    assert (found.lost, found.wrong, found.violations) == (0, (), ())
    assert found.said[YES] == found.yes > 0
    return found


@pytest.fixture
def server() -> Iterator[postgres.Server]:
    with tempfile.TemporaryDirectory(prefix=FOLDER, dir=place(), ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        with restarting.steady(Path(folder), SETTINGS) as running:
            yield running


@pytest.fixture
def small() -> Iterator[tuple[postgres.Server, filling.Filler]]:
    if not filling.mountable():
        pytest.skip("mounting a tmpfs takes root's rights")
    with filling.server_on_a_small_disk() as running:
        yield running


async def test_a_yes_holds_when_connections_are_cut_right_before_and_right_after_their_commit(database: Any):
    found = held(await cutting.cut_at_commit(database, SHORT))
    assert "0 right" not in found.how


async def test_others_are_told_to_try_again_while_somebody_stalls_on_a_slot(database: Any):
    found = held(await stalling.stalled(database, SHORT))
    assert found.said["Busy"] >= 1
    assert not any(name.startswith("fault") for name in found.said)


async def test_replicas_that_disagree_about_the_time_never_book_twice(database: Any):
    found = held(await skewing.skewed(database, SHORT))
    assert any("refused (StartInPast)" in note for note in found.notes)
    assert any("was granted" in note for note in found.notes)


@own_server
async def test_a_yes_holds_when_postgres_is_stopped_in_the_midst_of_everything(server: postgres.Server):
    found = held(await restarting.restarted(server, SHORT, mode="immediate"))
    assert found.said["Unavailable"] >= 1


@own_server
async def test_a_full_disk_is_told_kindly_and_booking_goes_on_when_there_is_room(
    small: tuple[postgres.Server, filling.Filler],
):
    found = held(await filling.filled(*small, SHORT, log_too=False))
    assert found.said["Unavailable"] >= filling.REFUSALS
