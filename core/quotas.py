"""Setting how much somebody may book in a day, a week or a month. Holding people to it is `limits`'s."""

from __future__ import annotations

from uuid import UUID

from core import changes
from core.catalogue import Catalogue, Catalogues
from core.db import Database, WriteSession
from core.ids import new_id
from core.models import Actor
from core.regulations import Measure, Period, Quota
from core.saying import length
from core.settling import Settling, refused

SUBJECT = "quota"
MOST_COUNT, MOST_MINUTES = 10_000, 31 * 24 * 60

_SAME = """
SELECT id, most FROM quotas WHERE tenant_id = $1 AND removed_at IS NULL AND measure = $5 AND period = $6 AND together = $7
    AND (location_id, room_id, group_id) IS NOT DISTINCT FROM ($2::uuid, $3::uuid, $4::uuid)
"""
_INSERT = """
INSERT INTO quotas (tenant_id, id, location_id, room_id, group_id, measure, period, together, most)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
_UPDATE = "UPDATE quotas SET most = $3, updated_at = now(), version = version + 1 WHERE tenant_id = $1 AND id = $2"
_REMOVE = """
UPDATE quotas SET removed_at = now(), updated_at = now(), version = version + 1
WHERE tenant_id = $1 AND id = $2 AND removed_at IS NULL RETURNING true
"""


def said(quota: Quota, catalogue: Catalogue) -> str:
    """Return "3 bookings a week in Berlin, each of Sales" for a list or the audit."""
    group = next((one.name for one in catalogue.groups if one.id == quota.group_id), "a group that is gone")
    whom = "everybody" if quota.group_id is None else f"{group} together" if quota.together else f"each of {group}"
    where = f" in {catalogue.scope_name(quota.scope)}" if quota.scope else ""
    return f"{amount(quota.measure, quota.most)} a {quota.period}{where}, {whom}"


def amount(measure: Measure, value: int) -> str:
    """Return "1 booking", "3 bookings" or "1 h 30 min"."""
    if measure is Measure.MINUTES:
        return length(value)
    return "1 booking" if value == 1 else f"{value} bookings"


class Quotas:
    """Sets and removes quotas."""

    def __init__(self, db: Database, catalogues: Catalogues) -> None:
        self._catalogues = catalogues
        self._settling = Settling(db, catalogues)

    async def all(self) -> tuple[Quota, ...]:
        """Return every quota, the widest scope first."""
        catalogue = await self._catalogues.current()

        def place(quota: Quota) -> tuple[int, str, str]:
            width = 2 if quota.room_id else 1 if quota.location_id else 0
            return width, catalogue.scope_name(quota.scope).casefold(), said(quota, catalogue)

        return tuple(sorted(catalogue.quotas, key=place))

    async def set(
        self,
        *,
        measure: Measure,
        period: Period,
        most: int,
        location_id: UUID | None = None,
        room_id: UUID | None = None,
        group_id: UUID | None = None,
        together: bool = False,
        by: Actor | None = None,
    ) -> UUID:
        """Set how much each person may book, each of a group, or a group `together`; return the quota's id.

        One for the same people, scope, measure and period is changed. What is booked already stays. `most` is a number of
        bookings, or minutes. Raises InvalidSetting, LocationNotFound or RoomNotFound.
        """
        limit = MOST_MINUTES if measure is Measure.MINUTES else MOST_COUNT
        if not 0 <= most <= limit:
            raise refused("most", f"A quota is between 0 and {amount(measure, limit)}.")
        if together and group_id is None:
            raise refused("group", "Name the group that shares it.")
        await self._settling.scoped(location_id=location_id, room_id=room_id, group_id=group_id)
        catalogue = await self._catalogues.current()
        quota = Quota(
            id=new_id(),
            measure=measure,
            period=period,
            most=most,
            location_id=location_id,
            room_id=room_id,
            group_id=group_id,
            together=together,
        )
        scope, what = (location_id, room_id, group_id), (measure.value, period.value, together)

        async def work(session: WriteSession) -> UUID:
            await session.run("SELECT pg_advisory_xact_lock(hashtextextended('quotas ' || $1, 0))", str(session.tenant))
            same = await session.one(_SAME, session.tenant, *scope, *what)
            if same is None:
                await session.run(_INSERT, session.tenant, quota.id, *scope, *what, most)
            else:
                await session.run(_UPDATE, session.tenant, same["id"], most)
            quota_id: UUID = same["id"] if same else quota.id
            if same is None or same["most"] != most:
                await changes.note(
                    session,
                    subject=SUBJECT,
                    subject_id=quota_id,
                    name=said(quota, catalogue),
                    action="changed" if same else "set",
                    by=by,
                    before={"most": same["most"]} if same else None,
                    after={"most": most, "measure": measure, "period": period, "together": together},
                )
            return quota_id

        return await self._settling.changing(work)

    async def remove(self, quota_id: UUID, *, by: Actor | None = None) -> None:
        """Remove a quota; one that is gone already is left at that."""
        catalogue = await self._catalogues.current()
        known = next((quota for quota in catalogue.quotas if quota.id == quota_id), None)

        async def work(session: WriteSession) -> None:
            if await session.value(_REMOVE, session.tenant, quota_id):
                await changes.note(
                    session,
                    subject=SUBJECT,
                    subject_id=quota_id,
                    name=said(known, catalogue) if known else None,
                    action="removed",
                    by=by,
                    before={"most": known.most} if known else None,
                    after=None,
                )

        await self._settling.changing(work)
