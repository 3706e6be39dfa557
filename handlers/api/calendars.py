"""Calendars over the API: the addresses of one's own, a new one, another one, an end to it; what they lead to is no API."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from core import errors
from core.calendars import Feed
from core.tokens import Scope
from handlers.api.operations import Call, Operation, Reply
from handlers.api.paging import Page
from handlers.api.values import Body, Out

TAG = "Calendars"


class CalendarOut(Out):
    """A calendar that other programs subscribe to: a room's, a location's, or with neither the person's own.

    `address` is where it is; whoever has it reads what that person may see. It begins with a slash where nobody has said
    where people reach us.
    """

    id: UUID
    person_id: UUID
    room_id: UUID | None
    location_id: UUID | None
    address: str
    created_at: datetime
    last_used_at: datetime | None


class CalendarsOut(Out):
    """A page of calendars, in the order in which they were made."""

    items: list[CalendarOut]
    next: str | None


class CalendarNew(Body):
    """A calendar that is wanted: of a room or of a location, or with neither of what one books and is invited to."""

    room_id: UUID | None = None
    location_id: UUID | None = None


async def listed(call: Call) -> Reply:
    """Return a page of one's calendars."""
    feeds = await call.services.calendars.all(person_id=call.person.id)
    page, following = call.query(Page).of(feeds, key=lambda one: (one.created_at.isoformat(), str(one.id)))
    return Reply(body=CalendarsOut(items=[_out(call, one) for one in page], next=following), following=following)


async def one(call: Call) -> Reply:
    """Return one of one's calendars."""
    return Reply(body=_out(call, await _own(call)))


async def make(call: Call) -> Reply:
    """Return a calendar's address, the one there is or a new one."""
    said = call.body(CalendarNew)
    feed = await call.services.calendars.make(
        call.person.id, room_id=said.room_id, location_id=said.location_id, by=call.actor
    )
    return Reply(body=_out(call, feed), at=f"/calendars/{feed.id}")


async def renew(call: Call) -> Reply:
    """Give a calendar another address."""
    feed = await _own(call)
    answer = await call.once(lambda: call.services.calendars.renew(feed.id, by=call.actor), lambda done: _out(call, done))
    return Reply(body=CalendarOut.model_validate(answer))


async def revoke(call: Call) -> Reply:
    """End a calendar's address."""
    await call.services.calendars.revoke(call.id("calendar_id"), by=call.actor)
    return Reply(body=None)


async def _own(call: Call) -> Feed:
    """Return one of the asker's own: nobody else is told an address, admins neither."""
    feed = await call.services.calendars.get(call.id("calendar_id"), by=call.actor)
    if feed.person_id != call.person.id or feed.revoked_at is not None:
        raise errors.CalendarNotFound("There is no such calendar.")
    return feed


def _out(call: Call, feed: Feed) -> CalendarOut:
    links = call.services.calendar_links
    return CalendarOut(
        id=feed.id,
        person_id=feed.person_id,
        room_id=feed.room_id,
        location_id=feed.location_id,
        address=links.feed(feed) if links else f"/calendar/{feed.token}.ics",
        created_at=feed.created_at,
        last_used_at=feed.last_used_at,
    )


_ONE = (errors.CalendarNotFound,)

OPERATIONS = (
    Operation(
        method="GET",
        path="/calendars",
        name="listCalendars",
        tag=TAG,
        summary="List one's calendars",
        handle=listed,
        scope=Scope.BOOK,
        query=Page,
        answer=CalendarsOut,
    ),
    Operation(
        method="POST",
        path="/calendars",
        name="makeCalendar",
        tag=TAG,
        summary="Get a calendar's address",
        description="The one there is, or a new one: asking twice makes one.",
        handle=make,
        scope=Scope.BOOK,
        body=CalendarNew,
        answer=CalendarOut,
        status=201,
        refusals=(*_ONE, errors.RoomNotFound, errors.LocationNotFound, errors.InvalidSetting, errors.NotAllowed),
    ),
    Operation(
        method="GET",
        path="/calendars/{calendar_id}",
        name="getCalendar",
        tag=TAG,
        summary="Get one of one's calendars",
        handle=one,
        scope=Scope.BOOK,
        answer=CalendarOut,
        refusals=_ONE,
    ),
    Operation(
        method="POST",
        path="/calendars/{calendar_id}/renew",
        name="renewCalendar",
        tag=TAG,
        summary="Give a calendar another address",
        description="The address before is of no use from now on.",
        handle=renew,
        scope=Scope.BOOK,
        answer=CalendarOut,
        refusals=(*_ONE, errors.NotAllowed),
    ),
    Operation(
        method="DELETE",
        path="/calendars/{calendar_id}",
        name="revokeCalendar",
        tag=TAG,
        summary="End a calendar's address",
        description="Admins end anybody's.",
        handle=revoke,
        scope=Scope.BOOK,
        status=204,
        refusals=_ONE,
    ),
)
