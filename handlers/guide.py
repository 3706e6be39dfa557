"""Help."""

from __future__ import annotations

from handlers.replies import Message
from handlers.requests import Click, Command
from handlers.services import Desk
from handlers.views import guide as views
from handlers.views import questions


async def no_rooms(desk: Desk) -> Message:
    """Lead admins of an empty workspace on, and tell everybody else whom to ask."""
    admins = () if desk.person.admin else await desk.services.people.admins()
    return questions.no_rooms(desk.reader, admins=admins)


async def shown(request: Command | Click, rest: str, desk: Desk) -> Message:  # noqa: ARG001 - one shape for all commands
    """Tell what one can type."""
    if not desk.catalogue.bookable:
        return await no_rooms(desk)
    return views.shown(desk.catalogue, desk.reader)
