"""An office that books series: what most of their tests begin with."""

from __future__ import annotations

from datetime import date, time
from typing import Any

from core.models import Room
from core.series import Series
from core.series_values import SeriesWish
from tests.core.office import Office

# The Tuesday after the office's Monday.
TUESDAY = date(2040, 3, 6)


def series_of(office: Office) -> Series:
    """Return the use cases of series on the office's database."""
    return Series(office.db, office.catalogues, office.search, office.clock)


def weekly(room: Room | None, times: int = 8, **wanted: Any) -> SeriesWish:
    """Return the wish for so many Tuesdays at ten in Berlin."""
    asked: dict[str, Any] = {
        "first_on": TUESDAY,
        "clock": time(10),
        "minutes": 60,
        "zone": "Europe/Berlin",
        "rule": f"FREQ=WEEKLY;BYDAY=TU;COUNT={times}",
        "room_id": room.id if room else None,
        **wanted,
    }
    return SeriesWish(**asked)
