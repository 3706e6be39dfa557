"""`bookroom series`: meetings that repeat, listed, previewed, booked, changed, cancelled, renewed, taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from bot.commands import series_told as told
from bot.commands.answers import AsJson, LocationOption, answer, room_named
from bot.commands.connected import with_services
from bot.commands.series_asked import choices_for, clock_typed, every_series, one_person, things_named, wish_from

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.db import Database
    from core.models import Slot
    from core.series_values import Booked, Choice, OneSeries, Preview, Scope, SeriesChanged, SeriesSummary, SeriesView
    from handlers.services import Services

app = typer.Typer(help="Meetings that repeat.", no_args_is_help=True)

DAY = ["%Y-%m-%d"]
SeriesId = Annotated[UUID, typer.Argument(metavar="ID", help="Of a series, as `list` shows it.")]
Sentence = Annotated[
    list[str], typer.Argument(metavar="TEXT", help='As after `/book room`: "every tuesday at 10 for 8 weeks".')
]
By = Annotated[str, typer.Option("--by", metavar="SLACK_ID", help="Who does it, with the rights that they have.")]
Rule = Annotated[
    str | None, typer.Option(help="An RRULE's value in place of what the text says, such as FREQ=DAILY;COUNT=5.")
]
Version = Annotated[int | None, typer.Option(help="Refuse when the series is not at this version any more.")]
Only = Annotated[datetime | None, typer.Option("--only", formats=DAY, help="This date alone.")]
From = Annotated[datetime | None, typer.Option("--from", formats=DAY, help="This date and all that follow.")]


class Clashes(StrEnum):
    """What becomes of dates that cannot be booked as wanted, where nothing else is said of them."""

    REFUSE = "refuse"
    SKIP = "skip"
    OTHER_ROOM = "other-room"


ClashesOption = Annotated[
    Clashes,
    typer.Option(
        help="Dates that are not free: book nothing, leave them out, or take another room (and leave out the rest)."
    ),
]
Skip = Annotated[list[datetime] | None, typer.Option("--skip", formats=DAY, help="Leave this date out; repeatable.")]
Elsewhere = Annotated[
    list[datetime] | None, typer.Option("--other-room", formats=DAY, help="Another room on this date; repeatable.")
]
Moved = Annotated[
    list[str] | None, typer.Option("--at", metavar="DATE=HH:MM", help="Another time on this date; repeatable.")
]


@app.command("list")
def list_series(
    by: Annotated[str | None, typer.Option("--by", metavar="SLACK_ID", help="Only this person's.")] = None,
    room: Annotated[str | None, typer.Option(help="Only those in this room.")] = None,
    location: LocationOption = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show the series that are not over, with the ids that the other commands take."""

    async def work(services: Services, db: Database) -> list[SeriesSummary]:
        person = await one_person(services, db, by) if by else None
        wanted = room_named(await services.catalogues.current(), room, location).id if room else None
        found = await every_series(services, db, person.id if person else None)
        return [
            one for one in found if wanted is None or wanted in {r.id for r in (one.series.room, *one.series.more_rooms)}
        ]

    found = with_services(work)
    lines = [told.summary_line(one) for one in found] or ["There are no series."]
    answer([told.summary_facts(one) for one in found], lines, as_json=as_json)


@app.command("show")
def show(series: SeriesId, *, as_json: AsJson = False) -> None:
    """Show a series with all its dates, those that were skipped among them."""

    async def work(services: Services, _: Database) -> SeriesView:
        whose = (await services.series.get(series)).booker.person_id
        return await services.series.view(series, by=(await services.people.get(whose)).acting("cli"))

    found = with_services(work)
    answer(told.view_facts(found), told.view_lines(found), as_json=as_json)


@app.command("preview")
def preview(text: Sentence, by: By, rule: Rule = None, *, as_json: AsJson = False) -> None:
    """Show what would come of each date, without booking anything."""

    async def work(services: Services, db: Database) -> Preview:
        person = await one_person(services, db, by)
        wish = await wish_from(services, " ".join(text), person, rule=rule)
        return await services.series.preview(wish, by=person.acting("cli"))

    found = with_services(work)
    answer(told.preview_facts(found), told.preview_lines(found), as_json=as_json)


@app.command("book")
def book(
    text: Sentence,
    *,
    by: By,
    rule: Rule = None,
    clashes: ClashesOption = Clashes.REFUSE,
    skip: Skip = None,
    elsewhere: Elsewhere = None,
    at: Moved = None,
    one_room: Annotated[str | None, typer.Option(help="Another room for all dates.")] = None,
    location: LocationOption = None,
    as_json: AsJson = False,
) -> None:
    """Book every date, or nothing: what becomes of those that are not free is said beforehand."""

    async def work(services: Services, db: Database) -> Booked:
        person = await one_person(services, db, by)
        actor = person.acting("cli")
        wish = await wish_from(services, " ".join(text), person, rule=rule)
        if one_room:
            chosen_room = room_named(await services.catalogues.current(), one_room, location)
            wish = replace(wish, room_id=chosen_room.id, location_id=None, floor=None, more_room_ids=())
        found = await services.series.preview(wish, by=actor)
        chosen = choices_for(found, clashes.value, skip or (), elsewhere or (), at or ())
        _all_chosen(found, chosen, "Nothing was booked", as_json=as_json)
        return await services.series.book(wish, by=actor, choices=chosen, progress=_progress)

    made = with_services(work)
    answer(told.booked_facts(made), told.booked_lines(made), as_json=as_json)


def _progress(done: int, of: int) -> None:
    if of > 100 and done % 100 == 0:
        typer.echo(f"Booking… {done} of {of}", err=True)


@app.command("change")
def change(
    series: SeriesId,
    *,
    by: By,
    only: Only = None,
    since: From = None,
    time: Annotated[str | None, typer.Option(metavar="HH:MM", help="When it begins, on its own clock.")] = None,
    minutes: Annotated[int | None, typer.Option(min=1, help="How long it lasts.")] = None,
    rule: Annotated[str | None, typer.Option(help="An RRULE's value: the dates anew.")] = None,
    day: Annotated[
        datetime | None,
        typer.Option(formats=DAY, help="The day to which the date of --from or --only goes, the others with it."),
    ] = None,
    room: Annotated[str | None, typer.Option(help="Another room.")] = None,
    more_room: Annotated[
        list[str] | None, typer.Option("--more-room", help='A room beside it, all of them anew; repeatable, "" for none.')
    ] = None,
    equipment: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME[=COUNT]", help='What comes along, all of it anew; repeatable, "" for nothing.'),
    ] = None,
    location: LocationOption = None,
    title: Annotated[str | None, typer.Option(help='Another title; "" for none.')] = None,
    people: Annotated[int | None, typer.Option(min=1, help="For how many.")] = None,
    private: Annotated[
        bool | None, typer.Option("--private/--public", help="Whether others see only that it is busy.")
    ] = None,
    clashes: ClashesOption = Clashes.REFUSE,
    version: Version = None,
    as_json: AsJson = False,
) -> None:
    """Change all dates that are ahead, those from one on, or one alone; nothing is changed where a date would clash."""
    if day and not (only or since):
        raise typer.BadParameter("Say with --from or --only which date goes there.", param_hint="--day")

    async def work(services: Services, db: Database) -> SeriesChanged:
        from core.models import KEEP
        from core.series_values import SeriesChange

        one, catalogue = await services.series.get(series), await services.catalogues.current()
        there = location or one.location.name
        wanted = SeriesChange(
            clock=clock_typed(time) if time else KEEP,
            minutes=minutes or KEEP,
            rule=rule or KEEP,
            day=day.date() if day else KEEP,
            room_id=room_named(catalogue, room, location).id if room else KEEP,
            more_room_ids=KEEP
            if more_room is None
            else tuple(room_named(catalogue, name, there).id for name in more_room if name),
            equipment=KEEP if equipment is None else things_named(catalogue, equipment, there),
            title=KEEP if title is None else title.strip() or None,
            attendees_count=people or KEEP,
            private=KEEP if private is None else private,
        )
        if wanted == SeriesChange():
            raise typer.BadParameter("Say what to change: --time, --room, --title and so on.")
        actor = (await one_person(services, db, by)).acting("cli")
        scope, on = _scope(one, services, only, since)
        found = await services.series.preview_change(series, wanted, scope=scope, on=on, by=actor)
        chosen = choices_for(found, clashes.value)
        _all_chosen(found, chosen, "Nothing was changed", as_json=as_json)
        return await services.series.change(series, wanted, scope=scope, on=on, version=version, by=actor, choices=chosen)

    done = with_services(work)
    answer(told.changed_facts(done), told.changed_lines(done, "changed"), as_json=as_json)


@app.command("cancel")
def cancel(
    series: SeriesId,
    *,
    by: By,
    only: Only = None,
    since: From = None,
    until: Annotated[
        datetime | None, typer.Option("--to", formats=DAY, help="With --from: no further than this date, it included.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="What those invited are told.")] = None,
    version: Version = None,
    as_json: AsJson = False,
) -> None:
    """Cancel all dates that are ahead, those from one on, those from a day to a day, or one alone."""
    if until and not since:
        raise typer.BadParameter("Say --from too.", param_hint="--to")
    if until and reason:
        raise typer.BadParameter("A reason goes with --only, --from alone, or the whole series.", param_hint="--reason")

    async def work(services: Services, db: Database) -> SeriesChanged:
        actor = (await one_person(services, db, by)).acting("cli")
        if since and until:
            first, last = since.date(), until.date()
            return await services.series.cancel_range(series, first, last, version=version, by=actor)
        scope, on = _scope(await services.series.get(series), services, only, since)
        return await services.series.cancel(series, scope=scope, on=on, version=version, by=actor, reason=reason)

    done = with_services(work)
    answer(told.changed_facts(done), told.changed_lines(done, "cancelled"), as_json=as_json)


@app.command("renew")
def renew(series: SeriesId, by: By, *, as_json: AsJson = False) -> None:
    """Let a series go on as long again, a year at most; dates that are not free are left out and waited for."""

    async def work(services: Services, db: Database) -> Booked:
        return await services.series.renew(series, by=(await one_person(services, db, by)).acting("cli"))

    made = with_services(work)
    answer(told.booked_facts(made), told.booked_lines(made), as_json=as_json)


@app.command("undo")
def undo(
    operation: Annotated[UUID, typer.Argument(metavar="OPERATION", help="As the other commands tell it.")],
    by: By,
    *,
    as_json: AsJson = False,
) -> None:
    """Take back what was done to many dates at once; what was changed since stays."""

    async def work(services: Services, db: Database) -> SeriesChanged:
        return await services.series.undo(operation, by=(await one_person(services, db, by)).acting("cli"))

    done = with_services(work)
    answer(told.changed_facts(done), told.changed_lines(done, "put back"), as_json=as_json)


def _scope(one: OneSeries, services: Services, only: datetime | None, since: datetime | None) -> tuple[Scope, date]:
    """Return how much of a series is meant, and from which date."""
    from core.series_values import Scope

    if only and since:
        raise typer.BadParameter("Either --only one date, or all --from one on.", param_hint="--only")
    if only:
        return Scope.THIS, only.date()
    if since:
        return Scope.FOLLOWING, since.date()
    return Scope.ALL, services.clock.now().astimezone(one.tz).date()


def _all_chosen(found: Preview, chosen: Mapping[date, Choice | Slot], said: str, *, as_json: bool) -> None:
    """Tell what clashes and exit with code 2, where a date that is not free has no choice; as JSON it is the preview."""
    if all(one.on in chosen for one in found.clashes):
        return
    if as_json:
        answer(told.preview_facts(found), (), as_json=True)
    else:
        way_out = "Say what becomes of them: --clashes skip, or --clashes other-room."
        lines = [f"{said}, since not every date is free.", *told.preview_lines(found), way_out]
        typer.echo("\n".join(lines), err=True)
    raise typer.Exit(2)
