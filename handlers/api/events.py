"""What happens, as it happens: a stream of server-sent events. Who stays away for a while goes on where they were.

`stream` is for whoever may hear something, by token, by session, or in passing; how events are read is `core.streaming`'s.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
import socket
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Annotated
from uuid import UUID

from aiohttp import web
from aiohttp_sse import EventSourceResponse, sse_response
from pydantic import Field

from core import errors
from core.catalogue import Catalogue
from core.errors import BookingError, Busy, Unavailable
from core.events import Kind
from core.feed import Position
from core.heard import Anew, Heard, Interest
from core.models import Actor, Booking, Status
from core.streaming import End, Full, NeverWasError, Stream
from handlers.api import problems
from handlers.api.operations import Again, Call, Operation
from handlers.api.seen import BookingOut, may_see
from handlers.api.values import Out, Query
from handlers.services import Services

log = logging.getLogger(__name__)

TAG = "Events"
BEAT_SECONDS = 15.0
# Who may not listen any more is heard of within a minute; not all are asked in the same moment.
AGAIN_SECONDS = 40.0
SEND_SECONDS = 20.0
# How long to wait before coming again, in milliseconds: so that not all come at once.
RETRY = (1_000, 4_000)
# What lies ready for one listener, in the kernel and before it, is not more than about this, in bytes.
BUFFER = 64 * 1024
# Nobody in passing takes the place of those who have a token.
IN_PASSING = 200
_POSITION = re.compile(r"(0|[1-9]\d{0,18})-(0|[1-9]\d{0,18})")
_TOO_LARGE = 2**63
Ids = Annotated[list[UUID], Field(max_length=100)]


class EventsWanted(Query):
    """Which events: those about any of the rooms, and any of the locations, and any of the people; all by default."""

    room_id: Ids = Field(default_factory=list)
    location_id: Ids = Field(default_factory=list)
    person_id: Ids = Field(default_factory=list)
    last_event_id: Annotated[str, Field(max_length=50)] | None = None


class HeldOut(Out):
    """Which rooms a booking had before, and when."""

    status: Status
    room_id: UUID
    more_room_ids: list[UUID]
    location_id: UUID
    start: datetime
    end: datetime

    @classmethod
    def of(cls, booking: Booking) -> HeldOut:
        """Return where a booking was."""
        return cls(
            status=booking.status,
            room_id=booking.room.id,
            more_room_ids=[room.id for room in booking.more_rooms],
            location_id=booking.location.id,
            start=booking.start,
            end=booking.end,
        )


class EventOut(Out):
    """What happened to a booking. `before` is null where it was made; `booking` is how the event left it.

    `operationId` is the same in all that was done at once. `surface` is where it was done: slack, api, web, cli, or clock
    where nobody did it.
    """

    kind: Kind
    at: datetime
    surface: str
    operation_id: UUID | None
    before: HeldOut | None
    booking: BookingOut


class GoneOut(Out):
    """Why a stream ends."""

    reason: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """Somebody who listens. `actor` None is somebody in passing, who is told of rooms and times alone.

    `asker` is what streams are counted by; `again` returns as whom the stream goes on, and raises what ends it.
    """

    actor: Actor | None
    asker: Hashable
    again: Callable[[], Awaitable[Actor | None]]
    most: int | None = None

    def sees(self, heard: Heard) -> bool:
        """Tell whether an event's title and people may be told: neither it nor its booking now is to be hidden."""
        return self.may_see(heard.after, heard.catalogue) and self.may_see(heard.newest, heard.catalogue)

    def may_see(self, booking: Booking, catalogue: Catalogue) -> bool:
        """Tell whether title and people of a booking may be told."""
        return self.actor is not None and may_see(booking, self.actor, catalogue)

    def wants(self, interest: Interest) -> Callable[[Heard], bool]:
        """Return what tells whether an event is to be told."""

        def wanted(heard: Heard) -> bool:
            def seen(booking: Booking) -> bool:
                return self.may_see(booking, heard.catalogue) and self.may_see(heard.newest, heard.catalogue)

            return interest.covers(heard, seen)

        return wanted


async def in_passing(services: Services, location_id: UUID) -> Viewer:
    """Return whoever looks at a location's board without signing in, as long as its admins let everybody look.

    Raises LocationNotFound, or Unauthorized where they do not.
    """

    async def again() -> None:
        place = (await services.catalogues.current()).location(location_id)
        if not place.board_open:
            raise problems.Unauthorized("This board is for those who have signed in.")

    await again()
    return Viewer(actor=None, asker=("in passing", location_id), again=again, most=IN_PASSING)


async def listen(call: Call, again: Again, headers: Mapping[str, str]) -> web.StreamResponse:
    """Tell what happens until the listener leaves."""
    asked = call.query(EventsWanted)
    if call.request.method == "HEAD":
        return web.Response(content_type="text/event-stream")
    interest = Interest(
        rooms=frozenset(call.catalogue.room(one).id for one in asked.room_id),
        locations=frozenset(call.catalogue.location(one).id for one in asked.location_id),
        people=frozenset([(await call.services.people.get(one)).id for one in dict.fromkeys(asked.person_id)]),
    )
    viewer = Viewer(actor=call.actor, asker=call.token.id if call.token else call.person.id, again=again)
    return await stream(call.request, call.services, viewer, interest, since=asked.last_event_id, headers=headers)


async def stream(
    request: web.Request,
    services: Services,
    viewer: Viewer,
    interest: Interest,
    *,
    since: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> web.StreamResponse:
    """Answer a request with what happens, until the listener leaves or may not listen any more.

    `since` is where to go on, unless the header Last-Event-ID says it. Raises what a request is refused with; nothing once
    the answer has begun.
    """
    after = _position(request.headers.get("Last-Event-ID") or since)
    match services.hub.full(viewer.asker, most_each=viewer.most):
        case Full.EACH:
            raise problems.TooManyRequests("As many streams are open as one may have. Close one first.")
        case Full.ALL:
            raise Busy("As many streams are open as there may be. Try again in a while.")
    try:
        async with services.hub.open(viewer.wants(interest), asker=viewer.asker, after=after) as opened:
            return await _Telling(request, opened, viewer, interest).tell(headers or {})
    except NeverWasError:
        raise problems.BadRequest("Last-Event-ID names what has not happened: send it back as it came.") from None


def _position(text: str | None) -> Position | None:
    if not text:
        return None
    found = _POSITION.fullmatch(text)
    if not found or max(int(found[1]), int(found[2])) >= _TOO_LARGE:
        raise problems.BadRequest("Last-Event-ID is not what an event has said: send it back as it came.")
    return Position(int(found[1]), int(found[2]))


@dataclass
class _Telling:
    """One stream's answer."""

    request: web.Request
    opened: Stream
    viewer: Viewer
    interest: Interest
    told: Position | None = None
    writing: bool = False
    asked_at: float = field(default_factory=lambda: monotonic() - AGAIN_SECONDS * random.random() / 2)  # noqa: S311 - no secret

    async def tell(self, headers: Mapping[str, str]) -> web.StreamResponse:
        """Tell until it is over, then return the answer; whatever goes wrong ends it."""
        self._bound()
        async with sse_response(
            self.request, headers=headers, sep="\n", ping_interval=BEAT_SECONDS, send_timeout=SEND_SECONDS
        ) as response:
            self.opened.when_over = self._cut_off
            try:
                self.told = self.opened.position
                retry = random.randint(*RETRY)  # noqa: S311 - no secret
                await self._write(response, _block("ready", b"{}", id_=self.told, retry=retry))
                await self._go_on(response)
            except (ConnectionError, TimeoutError):
                # Gone, or as good as gone.
                self._abort()
            except BookingError as error:
                log.warning("a stream ends: %s", error.code)
            except Exception:
                log.exception("a stream ends", extra={"action": "api.events"})
        return response

    async def _go_on(self, response: EventSourceResponse) -> None:
        while not self.opened.over and response.is_connected() and self.request.transport:
            if monotonic() - self.asked_at >= AGAIN_SECONDS and not await self._may_go_on(response):
                return
            things = await self.opened.take(min(BEAT_SECONDS, AGAIN_SECONDS))
            if things:
                await self._write(response, b"".join(self._said(one) for one in things))
            elif not self.opened.over and self.opened.position != self.told:
                # What did not concern the listener need not be looked through again when they come back.
                self.told = self.opened.position
                await self._write(response, b"id: %s\n\n" % _id(self.told))
        if self.opened.over:
            await self._write(response, _gone(self.opened.over.value, _WHY[self.opened.over]))

    async def _may_go_on(self, response: EventSourceResponse) -> bool:
        """Tell whether the listener still may, as whom they may."""
        self.asked_at = monotonic()
        try:
            actor = await self.viewer.again()
        except (Unavailable, Busy):
            return True
        except BookingError as error:
            await self._write(response, _gone(error.code, error.message))
            return False
        if actor != self.viewer.actor:
            self.viewer = Viewer(actor=actor, asker=self.viewer.asker, again=self.viewer.again, most=self.viewer.most)
            self.opened.wants_anew(self.viewer.wants(self.interest))
        return True

    def _said(self, thing: Heard | Anew) -> bytes:
        match thing:
            case Heard():
                self.told = thing.position
                return _told(thing, seen=self.viewer.sees(thing))
            case Anew.CATALOGUE:
                return _block("catalogue", b"{}")
            case Anew.EVERYTHING:
                self.told = self.opened.position
                return _block("reset", b"{}", id_=self.told)

    async def _write(self, response: EventSourceResponse, content: bytes) -> None:
        self.writing = True
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await response.write(content)
        finally:
            self.writing = False

    def _bound(self) -> None:
        """Keep what lies ready for this listener small."""
        transport = self.request.transport
        if transport is not None:
            transport.set_write_buffer_limits(high=BUFFER)
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)

    def _cut_off(self) -> None:
        """Be done with a listener who does not take what is sent; whoever only waits is told why it is over."""
        if self.writing:
            self._abort()

    def _abort(self) -> None:
        if self.request.transport is not None:
            self.request.transport.abort()


_WHY = {
    End.SLOW: "You were too far behind. Go on where you were.",
    End.STOPPING: "Bookroom is being restarted. Go on where you were.",
    End.FAULT: "Something went wrong here. Go on where you were.",
}


def _told(heard: Heard, *, seen: bool) -> bytes:
    """Return an event as bytes, made once for all who see as much of it."""
    if seen not in heard.kept:
        happened = heard.happened
        said = EventOut(
            kind=happened.kind,
            at=happened.at,
            surface=happened.surface,
            operation_id=happened.operation_id,
            before=HeldOut.of(heard.before) if heard.before else None,
            booking=BookingOut.told(heard.after, seen=seen),
        )
        heard.kept[seen] = _block("booking", said.model_dump_json(by_alias=True).encode(), id_=heard.position)
    return heard.kept[seen]


def _gone(reason: str, message: str) -> bytes:
    return _block("gone", GoneOut(reason=reason, message=message).model_dump_json(by_alias=True).encode())


def _block(event: str, data: bytes, *, id_: Position | None = None, retry: int | None = None) -> bytes:
    """Return an event as HTML's server-sent events are written; JSON has no line breaks."""
    lines: Sequence[bytes] = (
        *((b"id: " + _id(id_),) if id_ else ()),
        *((b"retry: %d" % retry,) if retry else ()),
        b"event: " + event.encode(),
        b"data: " + data,
    )
    return b"\n".join(lines) + b"\n\n"


def _id(position: Position) -> bytes:
    return b"%d-%d" % (position.transaction, position.number)


OPERATIONS = (
    Operation(
        method="GET",
        path="/events",
        name="events",
        tag=TAG,
        summary="Hear what happens",
        description=(
            "Server-sent events, in the order in which they were committed, each once. `ready` comes first; its `id`, like"
            " every other, is where a listener can go on with `Last-Event-ID` (or `lastEventId`) without a gap.\n\n"
            "`booking`: something happened to a booking; `data` is an `EventOut`. It comes to those who listen to the room"
            " or place that the booking was at before, too. Of a private booking, rooms and time alone are told.\n\n"
            "`catalogue`: rooms, rules or closures have changed. `reset`: what came after that `id` is not kept any more, so"
            " that everything is to be read anew. `gone`: the stream ends; `data` has `reason` and `message`.\n\n"
            "Of each of `roomId`, `locationId` and `personId` several can be named; an event has to be about one of each."
            " A comment comes every 15 seconds. Who does not keep up is cut off, and goes on with the last `id`."
        ),
        listen=listen,
        query=EventsWanted,
        answer=EventOut,
        refusals=(errors.RoomNotFound, errors.LocationNotFound, errors.PersonNotFound),
    ),
)
