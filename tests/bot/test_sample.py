"""The made-up company: what the demo has to show from the first minute, and nothing that the product would not let in."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from bot import sample
from core.approving import needs_approval
from core.catalogue import Catalogues
from core.checks import violations
from core.clock import SetClock
from core.db import DEFAULT_TENANT, Database
from core.endings import Endings
from core.people import People
from core.search import Search
from core.series import Series
from sandbox import company

# A Monday, and a Saturday night three weeks behind which the clocks went back.
MOMENTS = [datetime(2026, 11, 23, 14, 5, tzinfo=UTC), datetime(2026, 11, 21, 22, tzinfo=UTC)]


@pytest.fixture
async def db(database):
    made = Database(database.app_url, tenant=DEFAULT_TENANT, pool_size=4)
    yield made
    await made.close()


@pytest.mark.parametrize("now", MOMENTS)
async def test_the_company_has_series_a_hall_things_to_lend_and_weeks_behind_it(db: Database, now: datetime):
    assert await sample.seed(db, json.loads(company.load().model_dump_json()), now=now)
    assert not await sample.seed(db, json.loads(company.load().model_dump_json()), now=now)

    catalogues = Catalogues(db)
    catalogue = await catalogues.current()
    named = {room.name: room for room in catalogue.rooms}
    assert named["Hall"].parts == {named["Hall A"].id, named["Hall B"].id}
    assert {(one.name, one.quantity) for one in catalogue.equipment} >= {("projector on wheels", 2), ("flipchart", 3)}
    ben = next(one for one in await people_of(db) if one.name.startswith("Ben"))
    assert needs_approval(named["Studio"], catalogue=catalogue, by=ben.acting())
    clock = SetClock(now)
    series = await Series(db, catalogues, Search(db, catalogues, clock), clock).mine(ben.acting())
    assert {one.series.title for one in series} == {"Stand-up", "Customer call", "Lunch and learn"}

    await Endings(db, catalogues).end(now)
    used = await db.read(lambda session: session.value("SELECT count(*) FROM bookings WHERE end_time < $1", now))
    assert used > 300
    early = now - timedelta(weeks=3)
    assert await db.read(lambda session: session.value("SELECT min(start_time) FROM bookings")) < early
    assert await db.read(lambda session: session.value("SELECT count(DISTINCT lacking) FROM searches")) == 2
    assert await violations(db) == []


async def people_of(db: Database):
    rows = await db.read(lambda session: session.all("SELECT id FROM people WHERE tenant_id = $1", session.tenant))
    return [await People(db).get(row["id"]) for row in rows]
