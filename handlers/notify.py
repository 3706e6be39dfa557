"""`/book notify`: what a channel hears of, listed, added to, changed and removed by those who are in it."""

from __future__ import annotations

from datetime import time
from typing import Any
from uuid import UUID

from slack_sdk.models.views import View

from core.errors import BookingError, NotAllowed, SubscriptionNotFound
from core.notices import Subscription
from handlers import channels
from handlers.channels import Standing
from handlers.drafts import UnreadableError
from handlers.ids import Field
from handlers.opening import opened
from handlers.replies import Message, Nothing, Show
from handlers.requests import Click, Command, Form, Lookup, Submission
from handlers.services import Desk
from handlers.views import notify as views
from handlers.views import questions
from handlers.views.notify import InChannel, Wanted
from handlers.views.text import Line

_OUT_OF_DATE = "This form is out of date. Type the command again."


class NotInChannel(BookingError):
    """Only people who are in a channel say what it hears of."""

    code = "NotInChannel"


async def typed(request: Command | Click, rest: str, desk: Desk) -> Message | Show | Nothing:  # noqa: ARG001 - one shape
    """Open the list of what the channel hears of, or the form where that is nothing yet."""
    channel = request.channel_id or ""
    if not desk.catalogue.bookable:
        return questions.no_rooms(desk.reader)
    if channels.direct(channel):
        return views.only_in_channels(desk.reader)
    if refused := await _no_place_for_notices(channel, desk):
        return refused
    return await opened(request, desk, _first(channel, desk))


async def add(click: Click, desk: Desk) -> Show | Nothing:
    """Go on from the list to the form for another subscription."""
    channel = InChannel(channel=_of(click.form).channel)
    return await opened(click, desk, _form(Wanted(), channel, desk))


async def edit(click: Click, desk: Desk) -> Show | Nothing:
    """Open the form on a subscription."""
    there = await _there(_of(click.form).channel, _id(click.value), desk)
    channel = InChannel(channel=there.channel_id, subscription=there.id)
    return await opened(click, desk, _form(_wanted(there), channel, desk))


async def drop(click: Click, desk: Desk) -> Show:
    """Remove a subscription, and list what is left."""
    channel = _of(click.form).channel
    await _allow(channel, desk)
    there = await _there(channel, _id(click.value), desk)
    await desk.services.subscriptions.remove(there.id, desk.actor)
    return Show(view=await _list(channel, desk, above=["Removed: ", *views.said(there), "."]))


async def sent(submission: Submission, desk: Desk) -> Show:
    """Keep what was set, and list what the channel hears of now."""
    channel = _of(submission.form)
    wanted = read(submission.form)
    await _allow(channel.channel, desk)
    if channel.subscription:
        await _there(channel.channel, channel.subscription, desk)
    location_id, room_id, zone = _covered(wanted.scope, desk)
    kept = await desk.services.subscriptions.save(
        channel.subscription,
        team_id=desk.sender.team_id,
        channel_id=channel.channel,
        location_id=location_id,
        room_id=room_id,
        kinds=wanted.kinds,
        digest_at=wanted.digest_at,
        zone=zone,
        by=desk.actor,
        weekly_figures=wanted.weekly_figures,
    )
    return Show(
        view=await _list(channel.channel, desk, above=["✅ Saved: ", views.scope_name(kept.room, kept.location), "."])
    )


async def scopes_typed(lookup: Lookup, desk: Desk) -> list[dict[str, Any]]:
    """Return the rooms and locations that hold what was typed, where they are too many for a list."""
    groups = views.scope_options(desk.catalogue, lookup.typed)
    return [option.to_dict() for _, options in groups for option in options][: views.MOST_OPTIONS]


def read(form: Form) -> Wanted:
    """Return what stands in a form that was sent; raises UnreadableError for what is not ours."""
    blocks = {str(block.get("block_id")).partition(".")[0]: str(block.get("block_id")) for block in form.blocks}
    digest = form.option(blocks.get(Field.DIGEST, ""))
    scope = form.option(blocks.get(Field.SCOPE, ""))
    kinds = frozenset(form.options(blocks.get(Field.KINDS, "")))
    if scope is None or digest is None or not kinds <= views.KINDS.keys():
        raise UnreadableError(_OUT_OF_DATE)
    try:
        at = None if digest == views.AT_ONCE else time.fromisoformat(digest)
        weekly = bool(form.options(blocks.get(Field.WEEKLY, "")))
        return Wanted(scope=scope, kinds=kinds, digest_at=at, weekly_figures=weekly)
    except ValueError as error:
        raise UnreadableError(_OUT_OF_DATE) from error


def _covered(scope: str, desk: Desk) -> tuple[UUID | None, UUID | None, str]:
    """Return location, room and the zone of the clock by which a digest goes."""
    if scope == views.EVERYTHING:
        zones = {place.zone for place in desk.catalogue.locations}
        return None, None, zones.pop() if len(zones) == 1 else desk.person.zone
    if scope.startswith(views.PLACE):
        place = desk.catalogue.location(_id(scope.removeprefix(views.PLACE)))
        return place.id, None, place.zone
    room = desk.catalogue.room(_id(scope.removeprefix(views.ROOM)))
    return None, room.id, desk.catalogue.place_of(room).zone


def _wanted(there: Subscription) -> Wanted:
    scope = views.EVERYTHING
    if there.room:
        scope = f"{views.ROOM}{there.room.id}"
    elif there.location:
        scope = f"{views.PLACE}{there.location.id}"
    return Wanted(scope=scope, kinds=there.kinds, digest_at=there.digest_at, weekly_figures=there.weekly_figures)


async def _no_place_for_notices(channel: str, desk: Desk) -> Message | None:
    match await channels.standing(channel, desk.client):
        case Standing.ABSENT:
            return views.not_here()
        case Standing.ARCHIVED:
            return views.archived()
        case Standing.GROUP:
            return views.only_in_channels(desk.reader)
        case _:
            return None


async def _allow(channel: str, desk: Desk) -> None:
    """Raise NotInChannel for somebody who is not in the channel any more, NotAllowed for guests."""
    if desk.person.guest:
        raise NotAllowed("Guests cannot say what a channel hears of. Ask a colleague.")
    if not await channels.belongs(desk.sender.user_id, channel, desk.client):
        raise NotInChannel("Only people who are in the channel can say what it hears of.")


async def _there(channel: str, subscription_id: UUID, desk: Desk) -> Subscription:
    """Return a subscription of this channel; another channel's is none of it."""
    for one in await desk.services.subscriptions.of_channel(desk.sender.team_id, channel):
        if one.id == subscription_id:
            return one
    raise SubscriptionNotFound("Somebody has removed that one meanwhile.")


async def _first(channel: str, desk: Desk) -> View:
    await _allow(channel, desk)
    if await desk.services.subscriptions.of_channel(desk.sender.team_id, channel):
        return await _list(channel, desk)
    return await _form(Wanted(), InChannel(channel=channel), desk)


async def _list(channel: str, desk: Desk, *, above: Line = ()) -> View:
    known = await desk.services.subscriptions.of_channel(desk.sender.team_id, channel)
    return views.listed(known, channel, above=above)


async def _form(wanted: Wanted, channel: InChannel, desk: Desk) -> View:
    return views.subscribe_form(wanted, channel, desk.catalogue, desk.reader)


def _of(form: Form | None) -> InChannel:
    return InChannel.load(form.private_metadata if form else None)


def _id(text: str | None) -> UUID:
    try:
        return UUID(text or "")
    except ValueError as error:
        raise UnreadableError(_OUT_OF_DATE) from error
