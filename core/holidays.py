"""The holidays of a location: its country's, with the days that an admin has added or made working days.

The country is a rule (`holidays_country` of `policies`), so that it is set, rehearsed and undone like any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from core import changes, countries
from core.catalogue import Catalogue, Catalogues
from core.db import Database, WriteSession
from core.ids import new_id
from core.models import Actor, one_line
from core.settling import Settling, refused

SUBJECT = "holiday"
LONGEST_NAME = 80

_SET = """
INSERT INTO holidays AS h (tenant_id, id, location_id, on_date, name, closed) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (tenant_id, location_id, on_date) DO UPDATE
    SET name = excluded.name, closed = excluded.closed, updated_at = now()
WHERE (h.name, h.closed) IS DISTINCT FROM (excluded.name, excluded.closed)
RETURNING true
"""
_OLD = "SELECT name, closed FROM holidays WHERE tenant_id = $1 AND location_id = $2 AND on_date = $3"
_FORGET = "DELETE FROM holidays WHERE tenant_id = $1 AND location_id = $2 AND on_date = $3 RETURNING name, closed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """A holiday at a location. `closed` is false where people work all the same; `own` where an admin set it."""

    day: date
    name: str
    closed: bool
    own: bool


def of_year(catalogue: Catalogue, location_id: UUID, year: int) -> tuple[Day, ...]:
    """Return the holidays of a location in a year, in order; raises LocationNotFound."""
    place = catalogue.location(location_id)
    policy = catalogue.policy_at(place)
    closed = policy.holidays_closed
    found = {}
    if policy.holidays_country:
        for day, name in countries.days(policy.holidays_country, year).items():
            found[day] = Day(day=day, name=name, closed=closed, own=False)
    for one in catalogue.own_days:
        if one.location_id == location_id and one.day.year == year:
            found[one.day] = Day(day=one.day, name=one.name, closed=one.closed and closed, own=True)
    return tuple(found[day] for day in sorted(found))


class Holidays:
    """Lists holidays, adds days and makes others working days."""

    def __init__(self, db: Database, catalogues: Catalogues) -> None:
        self._catalogues = catalogues
        self._settling = Settling(db, catalogues)

    async def of_year(self, location_id: UUID, year: int) -> tuple[Day, ...]:
        """Return the holidays of a location in a year, in order; raises LocationNotFound."""
        return of_year(await self._catalogues.current(), location_id, year)

    async def close_on(self, location_id: UUID, day: date, name: str, *, by: Actor | None = None) -> None:
        """Close a location on a day as if it were a holiday; raises InvalidSetting, LocationNotFound."""
        said = one_line(name)
        if not said or len(said) > LONGEST_NAME:
            raise refused("name", f"A holiday needs a name of up to {LONGEST_NAME} characters.")
        await self._set(location_id, day, said, closed=True, by=by)

    async def work_on(self, location_id: UUID, day: date, *, by: Actor | None = None) -> None:
        """Let people book on a holiday; raises InvalidSetting where it is none, LocationNotFound."""
        there = {one.day: one for one in await self.of_year(location_id, day.year)}
        if day not in there:
            raise refused("day", f"{day} is no holiday there.")
        await self._set(location_id, day, there[day].name, closed=False, by=by)

    async def forget(self, location_id: UUID, day: date, *, by: Actor | None = None) -> None:
        """Take back what was set for a day: it is again what the country makes of it."""
        place = await self._settling.scoped(location_id=location_id)

        async def work(session: WriteSession) -> None:
            old = await session.one(_FORGET, session.tenant, location_id, day)
            if old is not None:
                await self._note(session, location_id, place, day, "taken back", by=by, before=dict(old), after=None)

        await self._settling.changing(work)

    async def _set(self, location_id: UUID, day: date, name: str, *, closed: bool, by: Actor | None) -> None:
        place = await self._settling.scoped(location_id=location_id)

        async def work(session: WriteSession) -> None:
            old = await session.one(_OLD, session.tenant, location_id, day)
            if await session.value(_SET, session.tenant, new_id(), location_id, day, name, closed):
                before, after = dict(old) if old else None, {"name": name, "closed": closed}
                await self._note(session, location_id, place, day, "set", by=by, before=before, after=after)

        await self._settling.changing(work)

    async def _note(
        self,
        session: WriteSession,
        location_id: UUID,
        place: str,
        day: date,
        action: str,
        *,
        by: Actor | None,
        before: dict[str, object] | None,
        after: dict[str, object] | None,
    ) -> None:
        await changes.note(
            session,
            subject=SUBJECT,
            subject_id=location_id,
            name=f"{place}, {day}",
            action=action,
            by=by,
            before=before,
            after=after,
        )
