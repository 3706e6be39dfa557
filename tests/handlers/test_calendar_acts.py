"""Whatever is done to series, in whatever order, a calendar says what the database says."""

from __future__ import annotations

import random
from datetime import date, time, timedelta
from typing import Any

import pytest

from core.errors import BookingError
from core.models import Change, Slot
from core.series_values import Choice, Scope, SeriesChange, SeriesWish
from tests.handlers.firm import BEN, ZONES
from tests.handlers.subscribing import Subscriber, opened

RULES = (
    "FREQ=WEEKLY;BYDAY=TU,TH,SU",
    "FREQ=DAILY;INTERVAL=3;COUNT=60",
    "FREQ=MONTHLY;BYDAY=2SU",
    "FREQ=MONTHLY;BYMONTHDAY=28,31",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SA;WKST=SU",
    "FREQ=YEARLY;BYMONTH=3,10;BYMONTHDAY=14,28",
)
CLOCKS = (time(1, 30), time(2, 30), time(9), time(23, 15))
ROOMS = ("Apollo", "Big Ben", "Boardroom", "Kiez", "Spree")
ACTS = 12


@pytest.mark.parametrize("seed", range(6))
async def test_after_any_acts_on_series_the_calendar_is_what_is_booked(database: Any, seed: int):
    async with opened(database) as subscriber:
        dice, feed, done = random.Random(seed), await subscriber.feed(), 0
        for _ in range(ACTS):
            try:
                await _act(subscriber, dice)
                done += 1
            except BookingError:
                # A rule or another booking stood against it: then nothing has changed.
                pass
            assert await subscriber.dates(feed) == await subscriber.booked()
        assert done >= ACTS // 3


async def _act(subscriber: Subscriber, dice: random.Random) -> None:
    firm, services = subscriber.firm, subscriber.services
    by = await firm.actor(BEN)
    there = [one for one in await services.bookings.mine(by, limit=400) if one.series_id]
    if len(there) < 5 or dice.random() < 0.2:
        room = dice.choice(ROOMS)
        await services.series.book(_wish(firm.rooms[room].id, room, dice), by=by)
        return
    one = dice.choice(there)
    assert one.series_id is not None
    assert one.series_on is not None
    series = await services.series.get(one.series_id)
    place = [room for room in firm.rooms.values() if room.location_id == one.location.id]
    match dice.randrange(6):
        case 0:
            later = timedelta(minutes=dice.choice((15, 90, 24 * 60)))
            slot = Slot(start=one.start + later, end=one.end + later)
            await services.bookings.change(one.id, Change(slot=slot), version=one.version, by=by)
        case 1:
            await services.bookings.change(one.id, Change(room_id=dice.choice(place).id), version=one.version, by=by)
        case 2:
            await services.bookings.cancel(one.id, by=by)
        case 3:
            change = SeriesChange(clock=dice.choice(CLOCKS), title=f"Sync {dice.randrange(9)}")
            scope = dice.choice((Scope.FOLLOWING, Scope.ALL))
            choices = dict.fromkeys((other.series_on for other in there if other.series_on), Choice.SKIP)
            await services.series.change(
                series.id, change, scope=scope, on=one.series_on, version=series.version, by=by, choices=choices
            )
        case 4:
            await services.series.cancel(series.id, scope=Scope.FOLLOWING, on=one.series_on, version=series.version, by=by)
        case _:
            change = SeriesChange(rule=dice.choice(RULES), minutes=dice.choice((30, 240)))
            await services.series.change(
                series.id, change, scope=Scope.FOLLOWING, on=one.series_on, version=series.version, by=by
            )


def _wish(room_id: Any, room: str, dice: random.Random) -> SeriesWish:
    first = date(2026, 11, 28) + timedelta(days=dice.randrange(20))
    return SeriesWish(
        first_on=first,
        clock=dice.choice(CLOCKS),
        minutes=dice.choice((30, 90)),
        zone=ZONES["Berlin" if room in {"Kiez", "Spree"} else "New York"],
        rule=dice.choice(RULES),
        room_id=room_id,
        title="Sync",
    )
