"""`/book stats`: how rooms are used, in words at once and in pictures a moment later.

Everybody but guests may see how rooms are used; who came, what was missing, teams and advice are for admins. Where Slack
takes no pictures, the words stand alone.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import date
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import ButtonElement, PlainTextObject
from slack_sdk.web.async_client import AsyncWebClient

from core.errors import NotAllowed
from core.models import Location, Room
from core.quiet import zone_of
from core.stats import Asked, Figures
from core.stats_span import Days, read, usual
from core.suggestions import suggestions
from handlers import plots
from handlers.ids import Action
from handlers.replies import Message, Nothing
from handlers.requests import Click, Command
from handlers.services import Desk
from handlers.slack_errors import FAILED, reason
from handlers.views import questions
from handlers.views import stats as views

log = logging.getLogger(__name__)

# A picture that was just sent is not there for blocks at once.
PATIENCE_SECONDS = (0.5, 1.0, 2.0, 4.0)
_NOT_THERE_YET = {"invalid_blocks", "invalid_blocks_format"}
_NOT_IN_CHANNEL = {"not_in_channel", "channel_not_found", "user_not_in_channel", "is_archived"}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Scope:
    location: Location | None = None
    room: Room | None = None


async def typed(request: Command | Click, rest: str, desk: Desk) -> Message:
    """Answer `/book stats [room or location] [days]`."""
    if desk.person.guest:
        raise NotAllowed("Guests cannot see the figures.")
    if not desk.catalogue.bookable:
        return questions.no_rooms(desk.reader)
    asked = asked_for(rest, desk)
    if asked is None:
        places = {room.location_id: desk.catalogue.place_of(room).name for room in desk.catalogue.bookable}
        return views.unread(rest, desk.command, list(places.values()))
    services, everything = desk.services, desk.actor.admin
    figures = await services.stats.figures(asked)
    if figures.use.open:
        services.asides.start(_show_pictures(request, figures, desk), name="stats_pictures")
    advice = suggestions(figures) if everything else ()
    return views.shown(figures, desk.reader, everything=everything, advice=advice, page=_page(asked, desk))


def asked_for(rest: str, desk: Desk) -> Asked | None:
    """Return what a text asks about: a room or location, and days, in either order; None where it says something else."""
    words, today = rest.split(), _today(desk)
    for cut in range(len(words), -1, -1):
        for name, said in ((words[:cut], words[cut:]), (words[cut:], words[:cut])):
            days = read(" ".join(said), today)
            scope = _named(" ".join(name), desk) if name else _Scope()
            if days and scope:
                return _asked(scope, days)
    return None


def _today(desk: Desk) -> date:
    return desk.services.clock.now().astimezone(zone_of(desk.person.zone)).date()


def _asked(scope: _Scope, days: Days) -> Asked:
    return Asked(first=days.first, last=days.last, location=scope.location, room=scope.room)


def _named(name: str, desk: Desk) -> _Scope | None:
    """Return the room or location of that name, or the only one whose name begins so; rooms of places in use only."""
    folded = name.casefold().removeprefix("in ").strip('"“”')
    rooms = list(desk.catalogue.bookable)
    places = [place for place in desk.catalogue.locations if any(room.location_id == place.id for room in rooms)]
    for place in places:
        if place.name.casefold() == folded:
            return _Scope(location=place)
    exact = [room for room in rooms if room.name.casefold() == folded]
    if exact:
        # Two of one name in two places: the person's own place first.
        home = desk.person.default_location_id
        return _Scope(room=next((room for room in exact if room.location_id == home), exact[0]))
    begin: list[_Scope] = [_Scope(location=place) for place in places if place.name.casefold().startswith(folded)]
    begin += [_Scope(room=room) for room in rooms if room.name.casefold().startswith(folded)]
    return begin[0] if len(begin) == 1 and len(folded) > 2 else None


def page_of_last_weeks(desk: Desk) -> ButtonElement | None:
    """Return a button to the page with the last four weeks of everything, for administration."""
    return _page(_asked(_Scope(), usual(_today(desk))), desk, label="Open", aloud="Open the figures")


def _page(asked: Asked, desk: Desk, *, label: str = "Tables and CSV", aloud: str | None = None) -> ButtonElement | None:
    """Return the button to the page, where there is one: its address is good for an hour."""
    links = desk.services.links
    if links is None:
        return None
    look = links.look(asked, everything=desk.actor.admin, now=desk.services.clock.now())
    return ButtonElement(
        text=PlainTextObject(text=label, emoji=False),
        action_id=Action.OPEN_PAGE,
        url=links.address(look),
        accessibility_label=aloud,
    )


async def page_opened(click: Click, desk: Desk) -> Nothing:  # noqa: ARG001 - one shape
    """Slack opens the page itself, and only tells so."""
    return Nothing()


# -- pictures ------------------------------------------------------------------------------------------------------


async def _show_pictures(request: Command | Click, figures: Figures, desk: Desk) -> None:
    """Draw, upload and show the pictures; without the scope for files, or when Slack refuses, nothing follows the words."""
    try:
        drawn = await plots.drawn(figures, everything=desk.actor.admin)
        files = [await uploaded(plot, desk.client) for plot in drawn]
        if drawn:
            message = views.pictures_alone(figures, drawn, files, desk.reader.now.date())
            await _posted(message, request.channel_id or "", desk)
    except FAILED as error:
        log.info("no pictures of the figures: %s", reason(error), extra={"action": "stats_pictures"})


async def uploaded(plot: plots.Plot, client: AsyncWebClient) -> str:
    """Upload a picture without showing it anywhere, and return its id; raises what Slack's client does."""
    answer = await client.files_upload_v2(file=plot.png, filename=plot.name, title=plot.title, alt_txt=plot.alt[:1000])
    return str(answer["files"][0]["id"])


async def _posted(message: Message, channel: str, desk: Desk) -> None:
    """Show the pictures to the person who asked: where they asked, else in their direct messages."""
    asked: dict[str, Any] = {"text": message.text, "blocks": list(message.blocks)}
    for seconds in (*PATIENCE_SECONDS, None):
        try:
            await desk.client.chat_postEphemeral(channel=channel, user=desk.sender.user_id, **asked)
            return
        except SlackApiError as error:
            if reason(error) in _NOT_IN_CHANNEL:
                await desk.client.chat_postMessage(channel=desk.sender.user_id, **asked)
                return
            if reason(error) not in _NOT_THERE_YET or seconds is None:
                raise
            await asyncio.sleep(seconds)
