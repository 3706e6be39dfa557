"""One's own addresses of calendars in Slack: shown where there is one, made where there is none, another on request."""

from __future__ import annotations

from collections.abc import Mapping

from core.calendars import Feed
from core.errors import CalendarNotFound
from handlers.edge import OnClick
from handlers.ids import Action
from handlers.replies import Message
from handlers.requests import Click
from handlers.services import Desk
from handlers.views import subscribing as views
from handlers.views.subscribing import CalendarAt, CalendarOf


async def asked(click: Click, desk: Desk) -> Message:
    """Show the address of a calendar."""
    wanted = CalendarOf.load(click.value or "{}")
    feed = await desk.services.calendars.make(desk.person.id, room_id=wanted.room, location_id=wanted.place, by=desk.actor)
    return _shown(feed, desk)


async def renewed(click: Click, desk: Desk) -> Message:
    """Give a calendar another address."""
    feed = await desk.services.calendars.renew(CalendarAt.load(click.value).feed, by=desk.actor)
    return _shown(feed, desk, renewed=True)


def _shown(feed: Feed, desk: Desk, *, renewed: bool = False) -> Message:
    links = desk.services.calendar_links
    webcal = links.subscribe(feed) if links else None
    if links is None or webcal is None:
        raise CalendarNotFound("Calendars have no address here: an admin has to set PUBLIC_URL first.")
    return views.shown(_named(feed, desk), links.feed(feed), webcal, feed.id, renewed=renewed)


def _named(feed: Feed, desk: Desk) -> str:
    if feed.room_id is not None:
        return f"Calendar of {desk.catalogue.room(feed.room_id).name}"
    if feed.location_id is not None:
        return f"Calendar of all rooms in {desk.catalogue.location(feed.location_id).name}"
    return "Your calendar"


ACTIONS: Mapping[Action, OnClick] = {Action.CALENDAR: asked, Action.RENEW_CALENDAR: renewed}
