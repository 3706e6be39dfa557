"""The use cases of series: preview, book, look at, go on with; each of its dates is a booking, and stays one.

One public method, one transaction; every booking that it touches has an event with the same operation. Kept out: words of
Slack, and how it is done (`series_booking`, `series_renewing`, `series_changing`, `series_cancelling`, `series_undoing`,
`series_answering`, `series_going_on`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from uuid import UUID

from core import (
    recurring,
    series_answering,
    series_booking,
    series_cancelling,
    series_changing,
    series_going_on,
    series_renewing,
    series_store,
    series_undoing,
)
from core.catalogue import Catalogues, judged_anew
from core.clock import Clock
from core.db import Database, ReadSession
from core.models import Actor, Booking, Slot
from core.search import Search
from core.series_desk import Desk
from core.series_judging import zone_of
from core.series_merging import Asked
from core.series_values import (
    Booked,
    Choice,
    Gap,
    OneSeries,
    Preview,
    Scope,
    SeriesChange,
    SeriesChanged,
    SeriesSummary,
    SeriesView,
    SeriesWish,
)
from core.series_writing import Progress

__all__ = ["Series"]

NOTHING_CHOSEN: Mapping[date, Choice | Slot] = {}


class Series:
    """Book, look at and change series; `extend` and `tell_ending` are safe at any time and on several replicas."""

    def __init__(self, db: Database, catalogues: Catalogues, search: Search, clock: Clock) -> None:
        self._desk = Desk(db=db, catalogues=catalogues, clock=clock)
        self._catalogues = catalogues
        self._search = search

    # -- booking ---------------------------------------------------------------------------------------------------

    async def preview(self, wish: SeriesWish, *, by: Actor) -> Preview:
        """Return what would come of a wish, date by date; changes nothing.

        Raises InvalidSeries, LacksAmenities, NothingFits, and TooFarAhead where not one date can be booked yet.
        """
        return await series_booking.look(self._desk, wish, by=by)

    @judged_anew
    async def book(
        self,
        wish: SeriesWish,
        *,
        by: Actor,
        key: str | None = None,
        choices: Mapping[date, Choice | Slot] = NOTHING_CHOSEN,
        one_room: UUID | None = None,
        progress: Progress | None = None,
    ) -> Booked:
        """Book the dates of a wish in one transaction, those past the horizon as time goes on.

        `choices` say what becomes of dates that clash, `one_room` takes another room for all of them; `progress` hears
        (done, all) as it goes. Raises SeriesClash, and leaves nothing, where somebody has yet to choose.
        """
        return await series_booking.book(
            self._desk, wish, by=by, key=key, choices=choices, one_room=one_room, progress=progress
        )

    @judged_anew
    async def renew(self, series_id: UUID, *, by: Actor, key: str | None = None) -> Booked:
        """Let a series go on as long again, a year at most; dates that clash are left out and waited for."""
        return await series_renewing.renew(self._desk, series_id, by=by, key=key)

    @staticmethod
    def renewal(series: OneSeries) -> date:
        """Return until when a series would go on if it were renewed; raises InvalidSeries where it has no end."""
        rule = recurring.parse(series_renewing.renewed_rule(series))
        return recurring.all_dates(rule, series.first_on)[-1]

    @judged_anew
    async def restore(self, series_id: UUID, on: date, *, by: Actor, key: str | None = None) -> Booking:
        """Book a date that was left out after all; raises SlotTaken, or the rule in the way."""
        return await series_renewing.restore(self._desk, series_id, on, by=by, key=key)

    # -- changing --------------------------------------------------------------------------------------------------

    async def preview_change(self, series_id: UUID, change: SeriesChange, *, scope: Scope, on: date, by: Actor) -> Preview:
        """Return what would come of a change, date by date; changes nothing."""
        asked = Asked(change=change, scope=scope, on=on)
        return await series_changing.look(self._desk, series_id, asked, by=by)

    @judged_anew
    async def change(
        self,
        series_id: UUID,
        change: SeriesChange,
        *,
        scope: Scope,
        on: date,
        version: int | None,
        by: Actor,
        key: str | None = None,
        choices: Mapping[date, Choice | Slot] = NOTHING_CHOSEN,
    ) -> SeriesChanged:
        """Change one date, that one and all that follow (which splits the series), or all that are ahead.

        Dates that were moved or edited by themselves keep what was edited. Raises StaleSeries when it is no longer at
        `version`, SeriesClash where somebody has yet to choose; SKIP gives a date up and waits for it.
        """
        asked = Asked(change=change, scope=scope, on=on)
        return await series_changing.change_series(
            self._desk, series_id, asked, version=version, by=by, key=key, choices=choices
        )

    @judged_anew
    async def cancel(
        self,
        series_id: UUID,
        *,
        scope: Scope,
        on: date,
        version: int | None,
        by: Actor,
        key: str | None = None,
        reason: str | None = None,
    ) -> SeriesChanged:
        """Cancel one date, that one and all that follow, or all that are ahead."""
        return await series_cancelling.cancel(
            self._desk, series_id, scope=scope, on=on, version=version, by=by, key=key, reason=reason
        )

    @judged_anew
    async def cancel_range(
        self, series_id: UUID, first: date, last: date, *, version: int | None, by: Actor, key: str | None = None
    ) -> SeriesChanged:
        """Cancel the dates from a day to a day, both included, also those that are still to be booked."""
        return await series_cancelling.cancel_range(self._desk, series_id, first, last, version=version, by=by, key=key)

    async def answer(self, series_id: UUID, *, by: Actor, going: bool, key: str | None = None) -> SeriesChanged:
        """Note whether somebody invited comes to all dates that are ahead; raises NotAttending."""
        return await series_answering.answer(self._desk, series_id, by=by, going=going, key=key)

    @judged_anew
    async def undo(self, operation_id: UUID, *, by: Actor, key: str | None = None) -> SeriesChanged:
        """Take back what was done to many dates at once; what was changed since, or is not free any more, stays."""
        return await series_undoing.undo(self._desk, operation_id, by=by, key=key)

    # -- time ------------------------------------------------------------------------------------------------------

    async def extend(self, now: datetime) -> int:
        """Book what has come within the horizon since; return how many dates that is."""
        return await series_going_on.extend(self._desk, now)

    async def tell_ending(self, now: datetime) -> int:
        """Tell bookers of series that end soon, once; return how many were told."""
        return await series_going_on.tell_ending(self._desk, now)

    # -- reading ---------------------------------------------------------------------------------------------------

    async def get(self, series_id: UUID) -> OneSeries:
        """Return a series as it stands, or raise SeriesNotFound."""
        catalogue = await self._desk.catalogues.current()
        return await self._desk.db.read(lambda session: series_store.by_id(session, series_id, catalogue))

    async def several(self, ids: Collection[UUID]) -> Mapping[UUID, OneSeries]:
        """Return those of these series that there are, by id."""
        catalogue = await self._desk.catalogues.current()
        return await self._desk.db.read(lambda session: series_store.by_ids(session, list(ids), catalogue))

    async def view(self, series_id: UUID, *, by: Actor) -> SeriesView:
        """Return a series with what is ahead of it: its bookings, and the dates that nobody has booked."""
        asker = await self._desk.asker(by)

        async def work(session: ReadSession) -> SeriesView:
            series = await series_store.by_id(session, series_id, asker.catalogue)
            upcoming = await series_store.ahead(session, series_id, asker.catalogue, now=asker.now)
            today = asker.now.astimezone(series.tz).date()
            held = await series_store.held_on(session, series_id, since=today)
            waiting = await series_store.waiting(session, series_id)
            rule = recurring.parse(series.rule)
            last = series.booked_until or (None if rule.endless else recurring.all_dates(rule, series.first_on)[-1])
            days = [] if last is None else recurring.dates(rule, series.first_on, until=last)
            gaps = []
            for day in days:
                slot = recurring.time_on(day, series.clock, series.minutes, zone_of(series.zone)).slot
                if day not in held and slot.start > asker.now:
                    gaps.append(Gap(on=day, slot=slot, waiting_id=waiting.get(day)))
            return SeriesView(
                series=series,
                upcoming=upcoming,
                gaps=tuple(gaps),
                last_on=max((one.series_on for one in upcoming if one.series_on), default=None),
                endless=rule.endless,
            )

        return await self._desk.db.read(work)

    async def elsewhere(self, series: OneSeries, *, limit: int = 100) -> tuple[Booking, ...]:
        """Return the first of those dates ahead that have other rooms than the series."""
        catalogue, now = await self._desk.catalogues.current(), self._desk.clock.now()
        return await self._desk.db.read(
            lambda session: series_store.elsewhere(session, series, catalogue, now=now, limit=limit)
        )

    async def mine(self, by: Actor) -> tuple[SeriesSummary, ...]:
        """Return the series that the actor booked and that are not over, the one that comes next first."""
        asker = await self._desk.asker(by)

        async def work(session: ReadSession) -> tuple[SeriesSummary, ...]:
            found = await series_store.of_person(session, by.person_id, asker.catalogue)
            summaries = await series_store.summaries(session, found, asker.catalogue, now=asker.now)
            return tuple(sorted(summaries, key=lambda one: (one.next is None, one.next and one.next.start)))

        return await self._desk.db.read(work)
