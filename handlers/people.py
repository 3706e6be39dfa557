"""Slack users as the people whom the core knows: asked of Slack once in a while, kept in memory between.

When Slack does not say, the person still gets an answer: with what was known last, or with the location's own clock.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from slack_sdk.web.async_client import AsyncWebClient

from core.errors import PersonNotFound
from core.models import Person
from core.people import People, Profile
from handlers.requests import Sender
from handlers.slack_errors import FAILED, reason

FRESH_SECONDS = 600.0
# A trigger opens a form for three seconds: who asks has to wait less for what Slack says of them.
WAIT_SECONDS = 1.0
# After Slack did not answer, ask again soon, but not at every command.
RETRY_SECONDS = 30.0
KEPT = 10_000
NOBODY = {"user_not_found", "user_not_visible"}
log = logging.getLogger(__name__)


class Directory:
    """Finds the person behind a request."""

    def __init__(self, people: People) -> None:
        self._people = people
        # Until when Slack need not be asked, the person, and up to which change of an admin they are as it made them.
        self._known: dict[tuple[str, str], tuple[float, Person, datetime | None]] = {}
        self._asking: dict[tuple[str, str], asyncio.Task[Person]] = {}

    async def person(self, sender: Sender, client: AsyncWebClient, *, ruled_at: datetime | None = None) -> Person:
        """Return the sender as a person, at most ten minutes old, or as known last where Slack is slow to tell.

        `ruled_at` is the last change that the catalogue at hand knows: what admins had made of the person by then holds.
        """
        if self._held(sender):
            return await self._as_ruled(sender, ruled_at)
        asking = self._asked(sender, client, ruled_at)
        done, _ = await asyncio.wait({asking}, timeout=WAIT_SECONDS)
        if done:
            asking.result()
        else:
            log.warning("slack is slow to tell of user %s", sender.user_id)
        return await self._as_ruled(sender, ruled_at)

    async def _as_ruled(self, sender: Sender, ruled_at: datetime | None) -> Person:
        """Return the person as kept, read again where admins may have changed their groups or rights since."""
        place = (sender.team_id, sender.user_id)
        known = self._known.get(place)
        if known is None:
            return await self._unsaid(sender)
        until, person, as_of = known
        if ruled_at is None or (as_of is not None and as_of >= ruled_at):
            return person
        person = await self._people.get(person.id)
        if self._known.get(place) is known:
            self._known[place] = (until, person, ruled_at)
        return person

    def _asked(self, sender: Sender, client: AsyncWebClient, ruled_at: datetime | None) -> asyncio.Task[Person]:
        """Return the one question that is under way about this person; its answer is kept, whoever still waits."""
        place = (sender.team_id, sender.user_id)
        asking = self._asking.get(place)
        if asking is None:
            asking = self._asking[place] = asyncio.create_task(self._told(sender, client, ruled_at))
            asking.add_done_callback(lambda task: (self._asking.pop(place), task.cancelled() or task.exception()))
        return asking

    async def _told(self, sender: Sender, client: AsyncWebClient, ruled_at: datetime | None) -> Person:
        try:
            profile = await self._profile(sender, client)
        except PersonNotFound:  # of somebody who has just written: Slack is confused, not the person
            profile = None
        return await self._noted(sender, profile, ruled_at)

    async def invitee(self, invited: Sender, client: AsyncWebClient) -> Person:
        """Return somebody who was named by their Slack id; raises PersonNotFound where Slack knows nobody with it."""
        return self._held(invited) or await self._noted(invited, await self._profile(invited, client))

    def _held(self, sender: Sender) -> Person | None:
        held = self._known.get((sender.team_id, sender.user_id))
        return held[1] if held and monotonic() < held[0] else None

    async def _noted(self, sender: Sender, profile: Profile | None, ruled_at: datetime | None = None) -> Person:
        """Keep what Slack said; where it said nothing, what was known before."""
        place = (sender.team_id, sender.user_id)
        held = self._known.get(place)
        if profile is None and held:
            (_, person, ruled_at), fresh = held, RETRY_SECONDS
        else:
            fresh = FRESH_SECONDS if profile else RETRY_SECONDS
            person = await self._people.seen(profile) if profile else await self._unsaid(sender)
        if len(self._known) >= KEPT:
            self._known.clear()
        self._known[place] = (monotonic() + fresh, person, ruled_at)
        return person

    def forget(self, sender: Sender) -> None:
        """Ask again at the next request; called when something about the person was changed."""
        self._known.pop((sender.team_id, sender.user_id), None)

    async def _unsaid(self, sender: Sender) -> Person:
        """Return somebody of whom Slack says nothing, as the database has them, without overwriting it."""
        (person_id,) = await self._people.mentioned(sender.team_id, [sender.user_id])
        return await self._people.get(person_id)

    async def _profile(self, sender: Sender, client: AsyncWebClient) -> Profile | None:
        try:
            answer = await client.users_info(user=sender.user_id, include_locale=True)
        except FAILED as error:
            if reason(error) in NOBODY:
                raise PersonNotFound(f"Slack knows nobody with the id {sender.user_id} here.") from error
            log.warning("slack does not tell of user %s: %s", sender.user_id, reason(error))
            return None
        user: dict[str, Any] = answer.get("user") or {}
        return profile_of(user, sender)


def profile_of(user: dict[str, Any], sender: Sender) -> Profile:
    """Return what matters of a Slack user object."""
    names = user.get("profile") or {}
    # The full name first: files and lists say it where no mention can stand, and "ana" may be one of several.
    name = names.get("real_name") or user.get("real_name") or names.get("display_name") or user.get("name")
    return Profile(
        slack_team_id=sender.team_id,
        slack_user_id=sender.user_id,
        name=str(name or sender.user_id),
        zone=_zone(user.get("tz")),
        locale=str(user.get("locale") or "en-US"),
        admin=bool(user.get("is_admin") or user.get("is_owner") or user.get("is_primary_owner")),
        guest=bool(
            user.get("is_restricted") or user.get("is_ultra_restricted") or sender.stranger or user.get("is_stranger")
        ),
    )


def _zone(name: object) -> str:
    """Return the zone if this machine knows it; Slack's list of zones may be newer than ours."""
    try:
        return ZoneInfo(str(name)).key if name else "UTC"
    except (ZoneInfoNotFoundError, ValueError, OSError):
        log.warning("slack tells of a zone that is not known here: %.40s", name)
        return "UTC"
