"""Slack users who are invited, as the people whom the core knows."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

from core.models import Booking
from handlers.requests import Sender
from handlers.services import Desk


async def invitee_ids(slack_user_ids: Sequence[str], desk: Desk) -> tuple[UUID, ...]:
    """Return the people's own ids, without the one who invites; raises PersonNotFound for whom Slack does not know."""
    directory, team = desk.services.directory, desk.sender.team_id
    others = [user for user in dict.fromkeys(slack_user_ids) if user != desk.sender.user_id]
    senders = [Sender(team_id=team, user_id=user) for user in others]
    people = await asyncio.gather(*(directory.invitee(one, desk.client) for one in senders))
    return tuple(person.id for person in people)


async def known_or_new(booking: Booking, slack_user_ids: Sequence[str], desk: Desk) -> tuple[UUID, ...]:
    """Return the people's ids: those who are invited already keep theirs, which may be of another workspace."""
    known = {a.slack_user_id: a.person_id for a in booking.attendees}
    come = await invitee_ids([user for user in slack_user_ids if user not in known], desk)
    return tuple(known[user] for user in slack_user_ids if user in known) + come
