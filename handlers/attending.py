"""What one says about a meeting that is near or under way: who comes, who is there, who is late, how long it goes on.

Each answer takes the place of the message whose button was used, so that no used button stays.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.checkin import check_in_state, release_at
from handlers import channels, mine
from handlers.channels import Standing
from handlers.drafts import Draft, Moving, Target
from handlers.edge import OnClick
from handlers.edit_modal import changeable
from handlers.ids import Action
from handlers.replies import Message
from handlers.requests import Click, Command
from handlers.services import Desk
from handlers.views import attending as views
from handlers.views import bookings, cards
from handlers.wanted import wanting


async def check_in(click: Click, desk: Desk) -> Message:
    """Note that somebody is there."""
    done = await desk.services.presence.check_in(Target.load(click.value).booking, by=desk.actor, key=click.key)
    return views.checked_in(done.after, desk.reader)


async def run_late(click: Click, desk: Desk) -> Message:
    """Note that somebody runs late."""
    done = await desk.services.presence.run_late(Target.load(click.value).booking, by=desk.actor, key=click.key)
    booking, policy, now = done.after, desk.catalogue.policy(done.after.room), desk.reader.now
    open_or_will_be = check_in_state(booking, policy, now) in {"open", "not_yet"}
    kept = release_at(booking, policy) if open_or_will_be else None
    return views.running_late(booking, desk.reader, kept_until=kept, check_in=open_or_will_be)


async def extend(click: Click, desk: Desk) -> Message:
    """Let a meeting go on to the end of a button; where that is taken by now, offer the ends that are not."""
    to = Moving.load(click.value)
    until = to.slot.end
    with wanting(to):
        done = await desk.services.presence.extend(to.booking, until=until, version=to.version, by=desk.actor, key=click.key)
    return views.extended(done.after, desk.reader)


async def end_early(click: Click, desk: Desk) -> Message:
    """End a meeting under way; in a list, show what is left of it."""
    target = Target.load(click.value)
    done = await desk.services.presence.end_early(target.booking, version=target.version, by=desk.actor, key=click.key)
    told = views.ended_early(done.after, desk.reader)
    if (offset := mine.offset_of(click)) is None:
        return told
    return await mine.listed(desk, offset=offset, above=told.blocks, said_above=told.text)


async def going(click: Click, desk: Desk) -> Message:
    """Note that somebody comes."""
    return await _responded(click, desk, going=True)


async def not_going(click: Click, desk: Desk) -> Message:
    """Note that somebody does not come."""
    return await _responded(click, desk, going=False)


async def _responded(click: Click, desk: Desk, *, going: bool) -> Message:
    booking_id = Target.load(click.value).booking
    done = await desk.services.presence.respond(booking_id, by=desk.actor, going=going, key=click.key)
    if (offset := mine.offset_of(click)) is None:
        return cards.invitation(done.after, desk.reader)
    told = views.answered(done.after, desk.reader, going=going)
    return await mine.listed(desk, offset=offset, above=told.blocks, said_above=told.text)


async def take_back(click: Click, desk: Desk) -> Message:
    """Take a released room back; where somebody has it by now, offer what is free for the rest."""
    booking = await desk.services.bookings.get(Target.load(click.value).booking)
    with wanting(Draft.like(booking)):
        done = await desk.services.presence.take_back(booking.id, by=desk.actor, key=click.key)
    return views.taken_back(done.after, desk.reader)


async def share(click: Click, desk: Desk) -> Message:
    """Let the channel in which something was booked hear of it, now and whenever it changes."""
    booking_id, channel, services = Target.load(click.value).booking, click.channel_id, desk.services
    if channel is None or channels.direct(channel):
        return bookings.kept(await changeable(booking_id, desk), desk.reader)
    if why := UNTOLD.get(await channels.standing(channel, desk.client)):
        return bookings.channel_untold(await changeable(booking_id, desk), desk.reader, why=why)
    await services.outbox.share(booking_id, team_id=desk.sender.team_id, channel_id=channel, by=desk.actor)
    return bookings.channel_told(await services.bookings.get(booking_id), desk.reader)


UNTOLD = {
    Standing.ABSENT: "I am not in this channel, so I cannot write here. Type /invite @Bookroom, then try again.",
    Standing.ARCHIVED: "This channel is archived: nothing can be posted here.",
    Standing.GROUP: "I cannot write into a conversation between people. Invited people hear of it anyway.",
}


def tellable(request: Command | Click) -> bool:
    """Tell whether what was asked for was asked in a channel, not in direct messages or a modal."""
    return not channels.direct(request.channel_id)


ACTIONS: Mapping[Action, OnClick] = {
    Action.CHECK_IN: check_in,
    Action.RUN_LATE: run_late,
    Action.EXTEND: extend,
    Action.END_EARLY: end_early,
    Action.GOING: going,
    Action.NOT_GOING: not_going,
    Action.TAKE_BACK: take_back,
    Action.SHARE: share,
}
