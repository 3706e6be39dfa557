"""A program that subscribes to calendars: reads the file with a second library, and works out each date as programs do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import aiohttp
import vobject
from aiohttp import web
from dateutil import rrule

from core.calendars import GONE, Calendars, Feed
from core.models import Booking, Status
from handlers import calendars
from handlers.calendar_links import CalendarLinks
from handlers.services import Services
from tests.handlers.firm import BEN, Firm
from tests.handlers.firm import opened as firm_opened

SLACK = "https://slack.com/app_redirect?channel=U0BOT&team=T0FIRM"


@dataclass(frozen=True, kw_only=True, order=True)
class Date:
    """One meeting as a program shows it."""

    start: datetime
    end: datetime
    place: str
    title: str
    status: str = "CONFIRMED"


@dataclass(kw_only=True)
class Subscriber:
    """A firm whose calendars are read over HTTP."""

    firm: Firm
    services: Services
    url: str
    http: aiohttp.ClientSession

    async def feed(self, user: str = BEN, **scope: Any) -> Feed:
        """Return somebody's calendar, made where there is none."""
        actor = await self.firm.actor(user)
        return await self.services.calendars.make(actor.person_id, by=actor, **scope)

    async def get(self, path: str, *, method: str = "GET", **headers: str) -> tuple[int, bytes, Any]:
        """Ask for an address and return status, content and headers."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        where = path if path.startswith("http") else self.url + path
        async with self.http.request(method, where, headers=sent) as answer:
            return answer.status, await answer.read(), answer.headers

    async def text(self, feed: Feed) -> str:
        """Return a calendar as it is sent."""
        status, content, _ = await self.get(f"/calendar/{feed.token}.ics")
        assert status == 200, content
        return content.decode()

    async def dates(self, feed: Feed) -> list[Date]:
        """Return every meeting that a program shows."""
        return dates(await self.text(feed))

    async def booked(self) -> list[Date]:
        """Return what the database says: every booking that takes place, whoever's it is."""
        rows = await self.firm.db.read(
            lambda session: session.all(
                "SELECT id FROM bookings WHERE tenant_id = $1 AND NOT status = ANY($2)",
                session.tenant,
                [one.value for one in GONE],
            )
        )
        return sorted([date_of(await self.services.bookings.get(row["id"])) for row in rows])


def date_of(booking: Booking) -> Date:
    """Return a booking as a program should show it to whoever comes to it."""
    rooms = " + ".join(room.name for room in booking.rooms)
    return Date(
        start=booking.start,
        end=booking.end,
        place=rooms,
        title=booking.title or f"Meeting in {rooms}",
        status="TENTATIVE" if booking.status is Status.PENDING else "CONFIRMED",
    )


def events(text: str) -> list[Any]:
    """Return the events of a file, as the second library reads them."""
    return list(vobject.readOne(text).contents.get("vevent", []))


def dates(text: str, *, gone: bool = False) -> list[Date]:
    """Work out every meeting of a file: rules by the file's own clocks, without what is left out or stands elsewhere."""
    there = [one for one in events(text) if gone or one.status.value != "CANCELLED"]
    instead = {(one.uid.value, _wall(one.recurrence_id.value)) for one in there if "recurrence-id" in one.contents}
    found = []
    for one in there:
        begins = one.dtstart.value
        length = one.dtend.value.astimezone(UTC) - begins.astimezone(UTC)
        starts = [begins]
        if "rrule" in one.contents:
            starts = list(rrule.rrulestr(one.rrule.value, dtstart=begins))
            assert begins in starts, "a rule begins with a date of its own"
            out = {_wall(moment) for line in one.contents.get("exdate", []) for moment in line.value}
            assert out <= {_wall(moment) for moment in starts}, "what is left out is a date of the rule"
            mine = {wall for uid, wall in instead if uid == one.uid.value}
            assert mine <= {_wall(moment) for moment in starts}, "what differs stands in the place of a date of the rule"
            starts = [moment for moment in starts if _wall(moment) not in out | mine]
        found += [
            Date(
                start=start.astimezone(UTC),
                end=start.astimezone(UTC) + length,
                place=one.location.value.partition(", ")[0],
                title=one.summary.value,
                status=one.status.value,
            )
            for start in starts
        ]
    return sorted(found)


def _wall(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


@asynccontextmanager
async def opened(database: Any, *, most: int | None = None) -> AsyncIterator[Subscriber]:
    """Open the firm to programs that subscribe; `most` is how many meetings a calendar holds."""
    async with AsyncExitStack() as stack:
        firm = await stack.enter_async_context(firm_opened(database))
        services = firm.services
        if most is not None:
            few = Calendars(firm.db, services.catalogues, services.listing, firm.clock, most=most)
            services = replace(services, calendars=few)
        app = web.Application()
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        links = CalendarLinks("http://127.0.0.1:1", "a secret of this test")
        services = replace(services, calendar_links=links)
        app.add_routes(calendars.routes(services, slack=lambda: SLACK))
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        links.base = url
        http = await stack.enter_async_context(aiohttp.ClientSession())
        yield Subscriber(firm=firm, services=services, url=url, http=http)
