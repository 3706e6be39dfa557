"""Slack users who are invited, as the people whom the core knows."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

from handlers.requests import Sender
from handlers.services import Desk


async def invitee_ids(slack_user_ids: Sequence[str], desk: Desk) -> tuple[UUID, ...]:
    """Return the people's own ids, without the one who invites; raises PersonNotFound for whom Slack does not know."""
    directory, team = desk.services.directory, desk.sender.team_id
    others = [user for user in dict.fromkeys(slack_user_ids) if user != desk.sender.user_id]
    senders = [Sender(team_id=team, user_id=user) for user in others]
    people = await asyncio.gather(*(directory.invitee(one, desk.client) for one in senders))
    return tuple(person.id for person in people)
