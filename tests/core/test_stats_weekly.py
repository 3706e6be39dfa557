"""The week in figures is told on Mondays, once, at the channel's hour, and not to who did not ask."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from core.outbox import Outbox
from core.weekly import Weekly, days_of, week_of
from tests.core.office import Office

# Monday, 5 March 2040; in Berlin it is an hour later than in UTC.
MONDAY = datetime(2040, 3, 5, tzinfo=UTC)


async def subscribed(office: Office, **asked: Any) -> Any:
    """Let a channel hear of all rooms in Berlin."""
    from core.subscriptions import Subscriptions

    wanted = {"kinds": {"booked"}, "digest_at": None, "zone": "Europe/Berlin", "weekly_figures": True, **asked}
    return await Subscriptions(office.db, office.catalogues, office.clock).save(
        None, team_id="T1", channel_id="C1", location_id=office.berlin.id, room_id=None, by=office.boss, **wanted
    )


async def planned(office: Office, now: datetime) -> int:
    return await Weekly(office.db, office.catalogues).plan(now)


async def test_it_is_due_on_monday_at_nine_there_or_at_the_hour_of_the_digest(office: Office):
    await subscribed(office)
    assert await planned(office, MONDAY + timedelta(hours=7, minutes=59)) == 0
    assert await planned(office, MONDAY + timedelta(hours=8)) == 1
    await office.damage("UPDATE subscriptions SET digest_at = '07:30'; DELETE FROM deliveries")
    assert await planned(office, MONDAY + timedelta(hours=6, minutes=29)) == 0
    assert await planned(office, MONDAY + timedelta(hours=6, minutes=30)) == 1


async def test_once_a_week_whoever_looks_and_how_often(office: Office):
    await subscribed(office)
    late = MONDAY + timedelta(hours=20)
    made = await asyncio.gather(*(planned(office, late) for _ in range(4)))
    assert sum(made) == 1
    assert await planned(office, MONDAY + timedelta(days=1, hours=12)) == 0
    assert await planned(office, MONDAY + timedelta(days=7, hours=9)) == 1
    [first, second] = await office.rows("SELECT about->>'week' AS week FROM deliveries ORDER BY due_at")
    assert (first["week"], second["week"]) == ("2040-W09", "2040-W10")


async def test_after_tuesday_last_week_is_let_be(office: Office):
    await subscribed(office)
    assert await planned(office, MONDAY + timedelta(days=2, hours=1)) == 0


@pytest.mark.parametrize("change", ["weekly_figures = false", "paused = 'archived'"])
async def test_who_did_not_ask_or_is_paused_hears_nothing_even_of_what_was_made(office: Office, change: str):
    await subscribed(office)
    assert await planned(office, MONDAY + timedelta(hours=9)) == 1
    await office.damage(f"UPDATE subscriptions SET {change}")
    outbox = Outbox(office.db, office.catalogues, office.clock)
    [delivery] = await outbox.claim_deliveries(MONDAY + timedelta(hours=9))
    assert outbox.holds(delivery, MONDAY + timedelta(hours=9)) is not None
    assert await planned(office, MONDAY + timedelta(days=7, hours=9)) == 0


async def test_what_is_due_holds_and_says_which_week(office: Office):
    subscription = await subscribed(office, digest_at=time(8))
    await planned(office, MONDAY + timedelta(hours=9))
    outbox = Outbox(office.db, office.catalogues, office.clock)
    [delivery] = await outbox.claim_deliveries(MONDAY + timedelta(hours=9))
    assert outbox.holds(delivery, MONDAY + timedelta(hours=9)) is None
    assert delivery.subscription == subscription
    assert delivery.about == {"week": "2040-W09"}


def test_the_name_of_a_week_leads_back_to_its_days():
    assert week_of(date(2040, 3, 5)) == "2040-W09"
    assert days_of("2040-W09") == (date(2040, 2, 27), date(2040, 3, 4))
    assert week_of(date(2041, 1, 7)) == "2041-W01"
