"""Changing many dates of a series by the edit form of one of them: what differs there is meant for all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from core.errors import SeriesClash, StaleSeries
from core.models import Booking, Slot
from core.series_values import Choice, OneSeries, Scope, SeriesChanged
from handlers.differences import Part, differing
from handlers.drafts import OUT_OF_DATE, Draft, UnreadableError
from handlers.filled import Editing
from handlers.inviting import known_or_new
from handlers.previewing import shown
from handlers.replies import Message, Show
from handlers.requests import Click
from handlers.series_drafts import Given, SeriesChanging, SeriesDraft
from handlers.services import Desk
from handlers.views import series as views
from handlers.views.series_preview import change_preview
from handlers.views.text import Line

# Dates that a change leads to are packed from here on: a new rhythm may begin a little before the old one.
MARGIN = timedelta(days=62)


async def saved(booking: Booking, editing: Editing, draft: Draft, scope: Scope, desk: Desk, *, key: str) -> Show:
    """Change this and the following dates, or all, to what was typed as far as it differs from what was shown."""
    if booking.series_id is None or booking.series_on is None:
        raise UnreadableError(OUT_OF_DATE)
    series = await desk.services.series.get(booking.series_id)
    asked = SeriesChanging(
        series=series.id,
        version=editing.series_version or series.version,
        scope=scope,
        on=booking.series_on,
        since=series.first_on - MARGIN,
    )
    given = await _given(booking, series, editing, draft, desk)
    if not given:
        return shown(views.nothing_changed(series))
    return shown(await _changed(asked.model_copy(update={"given": tuple(given), **_values(given)}), desk, key=key))


def _values(given: dict[Given, object]) -> dict[str, object]:
    return {name.name.lower(): value for name, value in given.items()}


async def _given(booking: Booking, series: OneSeries, editing: Editing, draft: Draft, desk: Desk) -> dict[Given, object]:
    """Return what differs from what was shown, as a change of a series says it."""
    parts, given = differing(editing.shown, draft), dict[Given, object]()
    if Part.TIME in parts:
        given |= _time(booking, series, draft)
    if Part.ROOM in parts and draft.room:
        given[Given.ROOM] = draft.room
    if Part.TITLE in parts:
        given[Given.TITLE] = draft.title
    if Part.PEOPLE in parts:
        given[Given.PEOPLE] = draft.people
    if Part.PRIVATE in parts:
        given[Given.PRIVATE] = draft.private
    if Part.SHARED in parts:
        given[Given.SHARED] = draft.shared
    if Part.MORE_ROOMS in parts:
        given[Given.MORE_ROOMS] = draft.more_rooms
    if Part.THINGS in parts:
        given[Given.THINGS] = draft.things
    if Part.INVITEES in parts:
        given[Given.INVITEES] = await known_or_new(booking, draft.invitees, desk)
    return given


def _time(booking: Booking, series: OneSeries, draft: Draft) -> dict[Given, object]:
    """Return the new wall-clock time, length and weekday, as far as they differ from the date's own."""
    now = SeriesDraft.of(draft, series.rule, series.zone)
    before = SeriesDraft.of(Draft.like(booking), series.rule, series.zone)
    given: dict[Given, object] = {}
    if now.clock != before.clock:
        given[Given.CLOCK] = now.clock
    if now.minutes != before.minutes:
        given[Given.MINUTES] = now.minutes
    if now.first_on != before.first_on:
        given[Given.DAY] = now.first_on
    return given


async def change(click: Click, desk: Desk) -> Message:
    """Change a series as it was shown, with what was chosen for the dates that clash."""
    return await _changed(SeriesChanging.load(click.value), desk, key=click.key)


async def _changed(asked: SeriesChanging, desk: Desk, *, key: str) -> Message:
    """Change a series, or show which of its dates it cannot be changed for."""
    try:
        done = await apply(asked, asked.choices, desk, key=key)
    except SeriesClash as clash:
        nothing: Line = ["Nothing is changed yet."]
        return change_preview(clash.preview, asked, desk.reader, above=nothing)
    except StaleSeries as stale:
        return overtaken(stale, asked, desk)
    return views.changed(done, desk.reader)


async def apply(asked: SeriesChanging, choices: Mapping[date, Choice | Slot], desk: Desk, *, key: str) -> SeriesChanged:
    """Change a series; raises SeriesClash where a date has yet to be chosen about, StaleSeries where somebody was faster."""
    return await desk.services.series.change(
        asked.series,
        asked.change,
        scope=asked.scope,
        on=asked.on,
        version=asked.version,
        by=desk.actor,
        key=key,
        choices=choices,
    )


def overtaken(stale: StaleSeries, asked: SeriesChanging, desk: Desk) -> Message:
    """Return what somebody else made of a series; what was typed is kept, and can be put on it as it is now."""
    again = asked.model_copy(update={"version": stale.series.version})
    return views.stale(stale.series, stale.by_slack_user_id, desk.reader, again=again)
