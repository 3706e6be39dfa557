"""A channel's week in figures: made each Monday for those that asked for it, once, however late the clock is looked at.

Its content is added up when it is sent. Kept out: the figures (`stats`), words.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from core import subscriptions
from core.catalogue import Catalogue, Catalogues
from core.db import Database, ReadSession, WriteSession
from core.ids import new_id
from core.notices import Notice, Subscription
from core.quiet import moment_of, zone_of

USUAL_HOUR = time(9)
# After Tuesday nobody reads it with the week's beginning any more.
DAYS = 2

_MAKE = """
INSERT INTO deliveries (tenant_id, id, key, kind, team_id, subscription_id, about, due_at, until)
VALUES ($1, $2, $3, $4, $5, $6, jsonb_build_object('week', $7::text), $8, $9)
ON CONFLICT (tenant_id, key) DO NOTHING RETURNING true
"""
_KNOWN = "SELECT key FROM deliveries WHERE tenant_id = $1 AND key = ANY($2::text[])"


def week_of(day: date) -> str:
    """Return the name of the week before a Monday's: "2026-W47"."""
    year, week, _ = (day - timedelta(days=7)).isocalendar()
    return f"{year}-W{week:02}"


def days_of(week: str) -> tuple[date, date]:
    """Return a week's Monday and Sunday."""
    year, _, number = week.partition("-W")
    monday = date.fromisocalendar(int(year), int(number), 1)
    return monday, monday + timedelta(days=6)


class Weekly:
    """Makes the deliveries; safe to run at any time, late, and on several replicas at once."""

    def __init__(self, db: Database, catalogues: Catalogues) -> None:
        self._db = db
        self._catalogues = catalogues

    async def plan(self, now: datetime) -> int:
        """Make what has fallen due this week and is not made yet, and return how many that are."""
        catalogue = await self._catalogues.current()
        due = await self._db.read(lambda session: _due(session, catalogue, now))
        return await self._db.write(lambda session: _make(session, due, now), repeatable=True) if due else 0


async def _due(session: ReadSession, catalogue: Catalogue, now: datetime) -> list[Subscription]:
    """Return the subscriptions whose hour has come this week and that have no figures of last week yet."""
    due = [one for one in await subscriptions.weekly(session, catalogue) if _moment(one, now) <= now < _until(one, now)]
    if not due:
        return []
    known = {row["key"] for row in await session.all(_KNOWN, session.tenant, [_key(one, now) for one in due])}
    return [one for one in due if _key(one, now) not in known]


async def _make(session: WriteSession, due: list[Subscription], now: datetime) -> int:
    made = 0
    for one in due:
        session.happened = True
        kind, week = Notice.FIGURES.value, week_of(_monday(one, now))
        values = (new_id(), _key(one, now), kind, one.team_id, one.id, week, _moment(one, now), _until(one, now))
        made += bool(await session.value(_MAKE, session.tenant, *values))
    return made


def _monday(one: Subscription, now: datetime) -> date:
    today = now.astimezone(zone_of(one.zone)).date()
    return today - timedelta(days=today.weekday())


def _moment(one: Subscription, now: datetime) -> datetime:
    """Return when it is due this week: Monday, at the hour of the channel's digest or the usual one."""
    return moment_of(_monday(one, now), one.digest_at or USUAL_HOUR, zone_of(one.zone))


def _until(one: Subscription, now: datetime) -> datetime:
    return moment_of(_monday(one, now) + timedelta(days=DAYS), time(), zone_of(one.zone))


def _key(one: Subscription, now: datetime) -> str:
    return f"{Notice.FIGURES}:{one.id}:{week_of(_monday(one, now))}"
