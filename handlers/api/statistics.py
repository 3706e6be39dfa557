"""The figures over the API: how rooms were used, as numbers and as CSV; who came, what was missing, advice: for admins."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import Field

from core import errors, stats_export
from core.quiet import zone_of
from core.stats import LEADS, LONGEST_DAYS, Asked, Came, Figures, Freed, RoomFigures, Use
from core.stats_span import EXAMPLES, Days, read, usual
from core.suggestions import suggestions
from core.tokens import Scope
from handlers.api import problems
from handlers.api.operations import Call, Operation, Reply
from handlers.api.values import Day, Line, Out, Query

TAG = "Statistics"
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class FiguresAsked(Query):
    """Which days, of what: `first` and `last`, or `days` in words; the last four weeks of everything where none is said."""

    first: Day | None = None
    last: Day | None = None
    days: Annotated[Line, Field(max_length=40, description=f"Such as {', '.join(EXAMPLES)}.")] | None = None
    location_id: UUID | None = None
    room_id: UUID | None = None


class UseOut(Out):
    """Minutes that could be booked, that were booked within them, and at all; `share` is from 0 to 1."""

    open_minutes: float
    booked_in_open_minutes: float
    booked_minutes: float
    share: float

    @classmethod
    def of(cls, use: Use) -> UseOut:
        """Return use as it is told."""
        return cls(
            open_minutes=round(use.open, 2),
            booked_in_open_minutes=round(use.inside, 2),
            booked_minutes=round(use.booked, 2),
            share=round(use.share, 4),
        )


class CameOut(Out):
    """Meetings that asked for a check-in, to how many somebody came, how many were released; in minutes too."""

    asked: int
    came: int
    released: int
    asked_minutes: float
    used_minutes: float

    @classmethod
    def of(cls, one: Came) -> CameOut:
        """Return it as it is told."""
        return cls(
            asked=one.asked,
            came=one.came,
            released=one.released,
            asked_minutes=round(one.asked_minutes, 2),
            used_minutes=round(one.used_minutes, 2),
        )


class FreedOut(Out):
    """What was given back while it lasted: how often, minutes, and those of them that somebody booked again."""

    times: int
    minutes: float
    booked_again_minutes: float

    @classmethod
    def of(cls, one: Freed) -> FreedOut:
        """Return it as it is told."""
        return cls(times=one.times, minutes=round(one.minutes, 2), booked_again_minutes=round(one.again, 2))


class RoomUseOut(Out):
    """One room's figures; what concerns admins alone is null for others. `people` counts meetings by their size."""

    room_id: UUID
    room_name: str
    location_id: UUID
    capacity: int
    use: UseOut
    weekdays: dict[str, UseOut]
    meetings: int
    cancelled: int | None
    check_in: CameOut | None
    people: dict[str, int] | None
    seats_filled: float | None

    @classmethod
    def of(cls, one: RoomFigures, *, everything: bool) -> RoomUseOut:
        """Return a room's figures as they are told."""
        return cls(
            room_id=one.room.id,
            room_name=one.room.name,
            location_id=one.location.id,
            capacity=one.room.capacity,
            use=UseOut.of(one.use),
            weekdays=_by_weekday(one.weekdays),
            meetings=one.bookings,
            cancelled=one.cancelled if everything else None,
            check_in=CameOut.of(one.came) if everything else None,
            people={str(people): times for people, times in one.people.items()} if everything else None,
            seats_filled=round(one.seats_filled, 4) if everything else None,
        )


class HourOut(Out):
    """The use of one hour of a weekday."""

    weekday: str
    hour: int
    use: UseOut


class LocationUseOut(Out):
    """The use of a location."""

    location_id: UUID
    location_name: str
    use: UseOut


class LackOut(Out):
    """How often somebody was refused for one reason; `detail` is the amenity or rule."""

    missing: str
    detail: str | None
    location_id: UUID | None
    times: int


class TeamOut(Out):
    """What the members of a team booked."""

    team: str
    members: int
    meetings: int
    minutes: float


class SuggestionOut(Out):
    """What is so, and what one could do."""

    kind: str
    reason: str
    advice: str
    room_id: UUID | None


class InsightOut(Out):
    """What concerns admins alone: who came, what was given back, what was missing, teams, and advice."""

    cancelled: int
    cancelled_within_a_day: int
    check_in: CameOut
    released: FreedOut
    ended_early: FreedOut
    refused: list[LackOut]
    teams: list[TeamOut]
    suggestions: list[SuggestionOut]

    @classmethod
    def of(cls, figures: Figures) -> InsightOut:
        """Return it as it is told."""
        return cls(
            cancelled=figures.cancelled,
            cancelled_within_a_day=figures.cancelled_late,
            check_in=CameOut.of(figures.came),
            released=FreedOut.of(figures.released),
            ended_early=FreedOut.of(figures.ended_early),
            refused=[
                LackOut(missing=one.what, detail=one.detail, location_id=one.location_id, times=one.times)
                for one in figures.lacking
            ],
            teams=[
                TeamOut(team=one.name, members=one.members, meetings=one.bookings, minutes=round(one.minutes, 2))
                for one in figures.teams
            ],
            suggestions=[
                SuggestionOut(
                    kind=one.kind.value, reason=one.reason, advice=one.advice, room_id=one.room.id if one.room else None
                )
                for one in suggestions(figures)
            ],
        )


class StatisticsOut(Out):
    """How rooms were used on whole days that are over, from `first` to `last`. `insight` is for admins, null for others.

    `bookedAhead` counts meetings by how long before they were booked; with `measuredByUsualHours`, some rooms have no hours
    of their own and were measured by the usual ones.
    """

    first: date
    last: date
    use: UseOut
    meetings: int
    weekdays: dict[str, UseOut]
    hours: list[HourOut]
    locations: list[LocationUseOut]
    rooms: list[RoomUseOut]
    booked_ahead: dict[str, int]
    measured_by_usual_hours: bool
    insight: InsightOut | None

    @classmethod
    def of(cls, figures: Figures, *, everything: bool) -> StatisticsOut:
        """Return figures as somebody may see them."""
        return cls(
            first=figures.first,
            last=figures.last,
            use=UseOut.of(figures.use),
            meetings=figures.bookings,
            weekdays=_by_weekday(figures.weekdays),
            hours=[
                HourOut(weekday=_WEEKDAYS[day], hour=hour, use=UseOut.of(use))
                for (day, hour), use in sorted(figures.hours.items())
                if use.open or use.booked
            ],
            locations=[
                LocationUseOut(location_id=place.id, location_name=place.name, use=UseOut.of(use))
                for place, use in figures.locations
            ],
            rooms=[RoomUseOut.of(one, everything=everything) for one in figures.rooms],
            booked_ahead=dict(zip(LEADS, figures.leads, strict=True)),
            measured_by_usual_hours=figures.usual_hours,
            insight=InsightOut.of(figures) if everything else None,
        )


async def figures(call: Call) -> Reply:
    """Return the figures."""
    found = await call.services.stats.figures(_asked(call))
    body = StatisticsOut.of(found, everything=call.actor.admin)
    return Reply(body=body, modified=call.now, dated=False)


async def table(call: Call) -> Reply:
    """Return a row for each room."""
    found = await call.services.stats.figures(_asked(call))
    text = stats_export.csv_text(found, everything=call.actor.admin)
    return Reply(body=None, content=text.encode(), modified=call.now, dated=False)


def _asked(call: Call) -> Asked:
    """Return what is asked about; raises Invalid, RoomNotFound, LocationNotFound, or NotAllowed for guests."""
    if call.actor.guest:
        raise errors.NotAllowed("Guests cannot see the figures.")
    asked = call.query(FiguresAsked)
    if asked.location_id and asked.room_id:
        raise problems.Invalid("Name a location or a room, not both.", fields={"roomId": "Name one of them."})
    days = _days(asked, call)
    return Asked(
        first=days.first,
        last=days.last,
        location=call.catalogue.location(asked.location_id) if asked.location_id else None,
        room=call.catalogue.room(asked.room_id) if asked.room_id else None,
    )


def _days(asked: FiguresAsked, call: Call) -> Days:
    today = call.now.astimezone(zone_of(call.person.zone)).date()
    if (asked.first is None) != (asked.last is None) or (asked.first and asked.days):
        raise problems.Invalid("Say first and last, or days.", fields={"first": "Say first and last, or days."})
    if asked.first and asked.last:
        if not timedelta(0) <= asked.last - asked.first <= timedelta(days=LONGEST_DAYS):
            said = f"Ask for up to {LONGEST_DAYS} days, from earlier to later."
            raise problems.Invalid(said, fields={"last": said})
        return Days(first=asked.first, last=asked.last)
    days = read(asked.days, today) if asked.days else usual(today)
    if days is None:
        said = f"Write days as {', '.join(EXAMPLES)}."
        raise problems.Invalid(said, fields={"days": said})
    return days


def _by_weekday(week: tuple[Use, ...]) -> dict[str, UseOut]:
    return {_WEEKDAYS[day]: UseOut.of(use) for day, use in enumerate(week) if use.open or use.booked}


REFUSALS = (errors.NotAllowed, errors.RoomNotFound, errors.LocationNotFound)
OPERATIONS = (
    Operation(
        method="GET",
        path="/statistics",
        name="getStatistics",
        tag=TAG,
        summary="Get how rooms were used",
        description="For everybody but guests; who came, what was missing, teams and advice are for admins.",
        handle=figures,
        scope=Scope.READ,
        query=FiguresAsked,
        answer=StatisticsOut,
        refusals=REFUSALS,
    ),
    Operation(
        method="GET",
        path="/statistics.csv",
        name="exportStatistics",
        tag=TAG,
        summary="Get how each room was used as CSV",
        handle=table,
        scope=Scope.READ,
        query=FiguresAsked,
        media="text/csv",
        refusals=REFUSALS,
    ),
)
