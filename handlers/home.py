"""The App Home: what is ahead for one person, and where to begin."""

from __future__ import annotations

from slack_sdk.models.views import View

from handlers.requests import HomeOpened
from handlers.services import Desk
from handlers.views.home import home

# More would not fit on the page, and `mine` shows all.
LISTED = 20


async def opened(request: HomeOpened, desk: Desk) -> View:  # noqa: ARG001 - the shape of its kind
    """Return the Home of whoever looks at it."""
    found = await desk.services.bookings.mine(desk.actor, limit=LISTED + 1)
    changeable = frozenset(booking.id for booking in found if booking.changeable_by(desk.actor))
    return home(found[:LISTED], desk.reader, changeable=changeable, more=len(found) > LISTED, rooms=desk.catalogue.bookable)
