"""How people want to be told: what can be meant, and when their quiet hours end, at midnight and when clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.errors import InvalidPreferences, PersonNotFound
from core.ids import new_id
from core.notices import Preferences
from core.quiet import quiet_until, zone_of
from tests.core.notified import Notified
from tests.core.office import Office

BERLIN = "Europe/Berlin"
NIGHT = Preferences(quiet_from=time(22), quiet_until=time(7, 30))
LUNCH = Preferences(quiet_from=time(12), quiet_until=time(13))


def local(text: str, *, fold: int = 0, zone: str = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("preferences", "now", "until"),
    [
        (NIGHT, "2040-03-05T21:59", None),
        (NIGHT, "2040-03-05T22:00", "2040-03-06T07:30"),
        (NIGHT, "2040-03-05T23:59", "2040-03-06T07:30"),
        (NIGHT, "2040-03-06T00:00", "2040-03-06T07:30"),
        (NIGHT, "2040-03-06T07:29", "2040-03-06T07:30"),
        (NIGHT, "2040-03-06T07:30", None),
        (NIGHT, "2040-12-31T23:00", "2041-01-01T07:30"),
        (LUNCH, "2040-03-05T11:59", None),
        (LUNCH, "2040-03-05T12:00", "2040-03-05T13:00"),
        (LUNCH, "2040-03-05T13:00", None),
        (Preferences(), "2040-03-05T03:00", None),
        # The night in which an hour is skipped, and the one in which it comes twice.
        (NIGHT, "2040-03-24T23:00", "2040-03-25T07:30"),
        (NIGHT, "2040-10-27T23:00", "2040-10-28T07:30"),
    ],
)
def test_quiet_hours_end_by_the_wall_clock(preferences: Preferences, now: str, until: str | None):
    assert quiet_until(preferences, BERLIN, local(now)) == (local(until) if until else None)


def test_a_quiet_night_is_an_hour_shorter_or_longer_when_the_clock_changes():
    for evening, hours in (("2040-03-24T22:00", 8.5), ("2040-10-27T22:00", 10.5), ("2040-06-01T22:00", 9.5)):
        until = quiet_until(NIGHT, BERLIN, local(evening))
        assert until is not None
        assert until - local(evening) == timedelta(hours=hours)


def test_quiet_hours_that_end_in_an_hour_that_does_not_exist_end_when_it_would_have_been():
    night = Preferences(quiet_from=time(22), quiet_until=time(2, 30))
    assert quiet_until(night, BERLIN, local("2040-03-25T01:30")) == local("2040-03-25T03:30")
    assert quiet_until(night, BERLIN, local("2040-03-25T03:30")) is None


def test_quiet_hours_that_end_in_an_hour_that_comes_twice_always_end_ahead():
    night = Preferences(quiet_from=time(22), quiet_until=time(2, 30))
    first = local("2040-10-28T02:30")
    assert quiet_until(night, BERLIN, first - timedelta(minutes=1)) == first
    # On its second round the wall clock is before half past two again.
    again = local("2040-10-28T02:10", fold=1)
    assert quiet_until(night, BERLIN, again) == local("2040-10-28T02:30", fold=1)
    for minutes in range(24 * 60):
        now = local("2040-10-27T20:00") + timedelta(minutes=minutes)
        until = quiet_until(night, BERLIN, now)
        assert until is None or now < until <= now + timedelta(hours=9)


def test_a_zone_that_nobody_knows_is_utc():
    assert zone_of("Mars/Olympus").key == zone_of("../etc/passwd").key == zone_of("").key == "UTC"


async def test_what_was_set_is_what_is_read_minutes_in_order_and_once(office: Office, notices: Notified):
    assert await notices.preferences.get(office.ana.person_id) == Preferences()
    wanted = Preferences(
        reminder_minutes=(5, 60, 5),
        end_reminders=False,
        tell_invitations=False,
        tell_changes=False,
        quiet_from=time(22),
        quiet_until=time(7),
        digest_at=time(8),
    )
    kept = await notices.preferences.set(office.ana.person_id, wanted)
    assert kept.reminder_minutes == (60, 5)
    assert await notices.preferences.get(office.ana.person_id) == kept
    assert await notices.preferences.get(office.bob.person_id) == Preferences()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"reminder_minutes": (0,)}, "reminder_minutes"),
        ({"reminder_minutes": (1441,)}, "reminder_minutes"),
        ({"reminder_minutes": (1, 2, 3, 4, 5, 6)}, "reminder_minutes"),
        ({"quiet_from": time(22)}, "quiet_until"),
        ({"quiet_until": time(22)}, "quiet_from"),
        ({"quiet_from": time(22), "quiet_until": time(22)}, "quiet_until"),
    ],
)
async def test_what_cannot_be_meant_is_refused_by_field(
    office: Office, notices: Notified, wrong: dict[str, Any], field: str
):
    with pytest.raises(InvalidPreferences) as refused:
        await notices.preferences.set(office.ana.person_id, Preferences(**wrong))
    assert set(refused.value.fields) == {field}
    assert await notices.preferences.get(office.ana.person_id) == Preferences()


async def test_a_stranger_has_no_preferences(notices: Notified):
    with pytest.raises(PersonNotFound):
        await notices.preferences.get(new_id())
    with pytest.raises(PersonNotFound):
        await notices.preferences.set(new_id(), Preferences())
