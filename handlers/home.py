"""The App Home: what is ahead for one person, where to begin, and what its menus and admins' buttons do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime

from slack_sdk.models.views import View

from core.checkin import check_in_opens, check_in_state, release_at
from core.errors import NotAllowed
from core.models import Booking
from handlers import attending, cancelling, edit_modal, inviting_modal, moving
from handlers.drafts import UnreadableError
from handlers.edge import OnClick
from handlers.ids import Action
from handlers.places import places_in_line
from handlers.replies import ClickReply, Message
from handlers.requests import Click, HomeOpened
from handlers.series_told import knowing
from handlers.services import Desk
from handlers.views import home as views
from handlers.views.home import Ahead, Page, Undelivered
from handlers.views.text import rich, spoken

# More would not fit on the page, and `mine` shows all.
LISTED = 20


async def opened(request: HomeOpened, desk: Desk) -> View:  # noqa: ARG001 - the shape of its kind
    """Return the Home of whoever looks at it."""
    services, person = desk.services, desk.person
    found = await services.bookings.mine(desk.actor, limit=LISTED + 1)
    places = await places_in_line(desk)
    usual = next((place for place in desk.catalogue.locations if place.id == person.default_location_id), None)
    page = Page(
        rooms=desk.catalogue.bookable_for(desk.actor),
        ahead=[await _ahead(booking, desk) for booking in found[:LISTED]],
        more=len(found) > LISTED,
        waiting=places.waiting,
        before=places.ahead,
        locations=places.locations,
        preferences=await services.preferences.get(person.id),
        place=usual if desk.reader.several_places else None,
        undelivered=await _undelivered(desk),
    )
    return views.home(page, await knowing(desk, *found))


async def more(click: Click, desk: Desk) -> ClickReply:
    """Do what was chosen in the menu at a booking."""
    name, _, value = (click.value or "").partition(":")
    handler = _ENTRIES.get(name)
    if handler is None:
        raise UnreadableError("This menu is out of date. Open the Home again.")
    return await handler(replace(click, value=value), desk)


async def retry_notices(click: Click, desk: Desk) -> Message:  # noqa: ARG001 - the shape of its kind
    """Send once more what could not be delivered."""
    if not desk.person.admin:
        raise NotAllowed("Only admins can send notices again.")
    count = await desk.services.outbox.retry(None)
    notices = "1 notice is" if count == 1 else f"{count} notices are"
    said = [f"{notices} on the way again. What fails again is shown here again."]
    return Message(text=spoken(said), blocks=[rich(said)])


async def _ahead(booking: Booking, desk: Desk) -> Ahead:
    policy, now = desk.catalogue.policy(booking.room), desk.services.clock.now()
    changeable = booking.changeable_by(desk.actor)
    return Ahead(
        booking=booking,
        changeable=changeable,
        check_in=check_in_state(booking, policy, now),
        check_in_from=check_in_opens(booking, policy),
        check_in_until=release_at(booking, policy),
        extend_to=await _later_end(booking, desk) if changeable and booking.start <= now else None,
    )


async def _later_end(booking: Booking, desk: Desk) -> datetime | None:
    """Return the next end to which a meeting under way can go on."""
    growth = await desk.services.presence.room_to_grow(booking)
    return min(growth.choices, default=None)


async def _undelivered(desk: Desk) -> Undelivered | None:
    if not desk.person.admin:
        return None
    given_up = (await desk.services.outbox.overview(desk.services.clock.now())).given_up
    if not given_up:
        return None
    return Undelivered(given_up=given_up)


_ENTRIES: Mapping[str, Callable[[Click, Desk], Awaitable[ClickReply]]] = {
    views.EDIT: edit_modal.clicked_edit,
    views.INVITE: inviting_modal.clicked,
    views.OTHER_ROOM: moving.other_room,
    views.CANNOT: attending.not_going,
    views.CANCEL: cancelling.asked,
}

ACTIONS: Mapping[Action, OnClick] = {Action.MORE: more, Action.RETRY_NOTICES: retry_notices}
