"""Holidays over the API: those of a location in a year, days of its own, and days on which people work all the same.

Which country's they are is a rule: `holidaysCountry`.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated
from uuid import UUID

from pydantic import Field, TypeAdapter, ValidationError

from core.errors import InvalidSetting, LocationNotFound
from core.holidays import Day as Holiday
from core.tokens import Scope
from handlers.api import problems
from handlers.api.operations import Call, Operation, Reply
from handlers.api.values import Body, Day, Line, Out, Query

TAG = "Holidays"
_DAY: TypeAdapter[dt.date] = TypeAdapter(Day)


class HolidaysAsked(Query):
    """Which year; this one where it is left out."""

    year: Annotated[int, Field(ge=2000, le=2100)] | None = None


class HolidayOut(Out):
    """A holiday. `closed` is false where people work all the same; `own` where an admin has set it."""

    day: dt.date
    name: str
    closed: bool
    own: bool

    @classmethod
    def of(cls, one: Holiday) -> HolidayOut:
        """Return a holiday as it is told."""
        return cls(day=one.day, name=one.name, closed=one.closed, own=one.own)


class HolidaysOut(Out):
    """The holidays of a location in a year, in order."""

    location_id: UUID
    year: int
    items: list[HolidayOut]


class HolidaySet(Body):
    """Whether a day is closed; a day that is no holiday of the country needs a name then."""

    closed: bool = True
    name: Annotated[Line, Field(min_length=1, max_length=80)] | None = None


async def listed(call: Call) -> Reply:
    """Return the holidays of a location."""
    place = call.catalogue.location(call.id("location_id"))
    year = call.query(HolidaysAsked).year or call.now.astimezone(place.tz).year
    found = await call.services.administration.holidays.of_year(place.id, year)
    body = HolidaysOut(location_id=place.id, year=year, items=[HolidayOut.of(one) for one in found])
    return Reply(body=body, modified=call.catalogue.changed_at)


async def put(call: Call) -> Reply:
    """Close a location on a day, or let people work on a holiday."""
    place, day, said = call.catalogue.location(call.id("location_id")), _day(call), call.body(HolidaySet)
    holidays = call.services.administration.holidays
    known = {one.day: one for one in await holidays.of_year(place.id, day.year)}
    if said.closed:
        name = said.name or (known[day].name if day in known else "")
        await holidays.close_on(place.id, day, name, by=call.actor)
    else:
        await holidays.work_on(place.id, day, by=call.actor)
    known = {one.day: one for one in await holidays.of_year(place.id, day.year)}
    return Reply(body=HolidayOut.of(known[day]))


async def forget(call: Call) -> Reply:
    """Take back what was set for a day."""
    place, day = call.catalogue.location(call.id("location_id")), _day(call)
    holidays = call.services.administration.holidays
    if day not in {one.day for one in await holidays.of_year(place.id, day.year) if one.own}:
        raise problems.NotFound("Nothing was set for that day.")
    await holidays.forget(place.id, day, by=call.actor)
    return Reply(body=None)


def _day(call: Call) -> dt.date:
    try:
        return _DAY.validate_python(call.parameters["day"])
    except ValidationError:
        raise problems.NotFound("Nothing is at this address: a day is written as 2026-12-24.") from None


DAY = {"day": "A day, such as 2026-12-24."}
OPERATIONS = (
    Operation(
        method="GET",
        path="/locations/{location_id}/holidays",
        name="listHolidays",
        tag=TAG,
        summary="List a location's holidays",
        handle=listed,
        query=HolidaysAsked,
        answer=HolidaysOut,
        refusals=(LocationNotFound,),
    ),
    Operation(
        method="PUT",
        path="/locations/{location_id}/holidays/{day}",
        name="setHoliday",
        tag=TAG,
        summary="Close on a day, or work on a holiday",
        handle=put,
        scope=Scope.ADMIN,
        body=HolidaySet,
        answer=HolidayOut,
        refusals=(LocationNotFound, InvalidSetting),
        parameters=DAY,
    ),
    Operation(
        method="DELETE",
        path="/locations/{location_id}/holidays/{day}",
        name="forgetHoliday",
        tag=TAG,
        summary="Take back what was set for a day",
        handle=forget,
        scope=Scope.ADMIN,
        refusals=(LocationNotFound,),
        parameters=DAY,
    ),
)
