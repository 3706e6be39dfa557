"""What is asked of a series on the command line: whose it is, the sentence as a wish, and what becomes of each date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

import typer

from bot.commands.answers import thing_named

if TYPE_CHECKING:
    from core.catalogue import Catalogue
    from core.db import Database, ReadSession
    from core.models import Person, Slot
    from core.series_values import Choice, Preview, SeriesSummary, SeriesWish
    from handlers.services import Services


async def one_person(services: Services, db: Database, slack_id: str) -> Person:
    """Return whom a member ID means; a usage error where nobody is known by it, or several are."""
    rows = await db.read(
        lambda session: session.all(
            "SELECT id FROM people WHERE tenant_id = $1 AND slack_user_id = $2", session.tenant, slack_id
        )
    )
    if len(rows) != 1:
        why = "Several workspaces have somebody" if rows else "Nobody is known here"
        raise typer.BadParameter(f"{why} with the member ID {slack_id!r}.", param_hint="--by")
    return await services.people.get(rows[0]["id"])


async def every_series(services: Services, db: Database, person_id: UUID | None) -> tuple[SeriesSummary, ...]:
    """Return the series that are not over, of one person or of everybody, the one that comes next first."""
    from core import series_store

    catalogue, now = await services.catalogues.current(), services.clock.now()

    async def work(session: ReadSession) -> tuple[SeriesSummary, ...]:
        rows = await session.all(
            "SELECT id FROM series WHERE tenant_id = $1 AND status = 'active' AND ($2::uuid IS NULL OR booked_by = $2)",
            session.tenant,
            person_id,
        )
        found = await series_store.by_ids(session, [row["id"] for row in rows], catalogue)
        summaries = await series_store.summaries(session, tuple(found.values()), catalogue, now=now)
        return tuple(sorted(summaries, key=lambda one: (one.next is None, one.next and one.next.start, one.series.id)))

    return await db.read(work)


async def wish_from(services: Services, sentence: str, person: Person, *, rule: str | None) -> SeriesWish:
    """Return what a sentence asks to book again and again, read as Slack would for that person.

    `rule` takes the place of what it says of the rhythm. A usage error where it is not understood, or does not repeat.
    """
    from handlers.sentence import read
    from handlers.sentence.model import Refusal
    from handlers.series_drafts import SeriesDraft
    from handlers.understanding import draft_of

    catalogue = await services.catalogues.current()
    used = {room.location_id for room in catalogue.bookable}
    there = [place for place in catalogue.locations if place.id in used]
    usual = [place for place in there if place.id == person.default_location_id]
    home = (usual or there)[0] if usual or len(there) == 1 else None
    reading = read(
        sentence,
        now=services.clock.now(),
        zone=person.zone,
        book=services.books.of(catalogue),
        home=home,
        locale=person.locale,
    )
    if isinstance(reading, Refusal):
        raise typer.BadParameter(reading.message, param_hint="TEXT")
    wanted = rule or reading.recurrence
    if not wanted:
        raise typer.BadParameter('It says nothing of how often: "every tuesday", or --rule.', param_hint="TEXT")
    draft = draft_of(reading)
    place = home if home and not draft.room and not draft.place else None
    draft = draft.model_copy(update={"place": place.id}) if place else draft
    invited = await services.people.mentioned(person.slack_team_id, draft.invitees)
    return SeriesDraft.of(draft, wanted, reading.zone, left_out=reading.left_out).wish(
        tuple(one for one in invited if one != person.id)
    )


def things_named(catalogue: Catalogue, typed: Sequence[str], location: str) -> tuple[tuple[UUID, int], ...]:
    """Return equipment of a location typed as NAME or NAME=COUNT, with how many of each; what is empty is left out."""
    wanted: dict[UUID, int] = {}
    for text in typed:
        name, _, count = text.rpartition("=") if text.rpartition("=")[2].strip().isdecimal() else (text, "", "1")
        if name.strip():
            wanted[thing_named(catalogue, name.strip(), location).id] = int(count)
    return tuple(wanted.items())


def choices_for(
    found: Preview,
    clashes: str,
    skip: Sequence[datetime] = (),
    elsewhere: Sequence[datetime] = (),
    moved: Sequence[str] = (),
) -> Mapping[date, Choice | Slot]:
    """Return what becomes of dates: what is said of each by itself, of the other clashes what is said of all.

    A usage error for a date that the series does not have.
    """
    from core.series_values import Choice

    chosen: dict[date, Choice | Slot] = {}
    for one in found.clashes:
        if clashes == "skip" or (clashes == "other-room" and one.other_room is None):
            chosen[one.on] = Choice.SKIP
        elif clashes == "other-room":
            chosen[one.on] = Choice.OTHER_ROOM
    chosen |= {day.date(): Choice.SKIP for day in skip}
    chosen |= {day.date(): Choice.OTHER_ROOM for day in elsewhere}
    chosen |= dict(_moved(one, found) for one in moved)
    if unknown := sorted(set(chosen) - {one.on for one in found.dates}):
        raise typer.BadParameter(f"The series has no date on {', '.join(map(str, unknown))}.")
    return chosen


def _moved(text: str, found: Preview) -> tuple[date, Slot]:
    from core.models import Slot

    day_text, _, clock = text.partition("=")
    try:
        day = date.fromisoformat(day_text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not written like 2026-12-03=14:00.", param_hint="--at") from None
    start = datetime.combine(day, clock_typed(clock), ZoneInfo(found.wish.zone)).astimezone(UTC)
    return day, Slot(start=start, end=start + timedelta(minutes=found.wish.minutes))


def clock_typed(text: str) -> time:
    """Return a time that was typed as HH:MM; a usage error for anything else."""
    try:
        hour, minute = text.split(":")
        return time(int(hour), int(minute))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time: one is written like 14:00.") from None
