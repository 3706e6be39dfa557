"""Keeps groups in step with Slack's user groups, where the app may read them; without the scope, groups are kept by hand."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from core.groups import Groups
from handlers.slack_errors import FAILED, outage, reason

log = logging.getLogger(__name__)

SECONDS = 600.0
# Slack's words for an app that may not read user groups, or a plan that has none: groups are kept by hand then.
NONE_TO_READ = frozenset({"missing_scope", "paid_teams_only", "plan_upgrade_required", "not_allowed_token_type"})


class UserGroups:
    """The job that asks Slack who is in which user group."""

    def __init__(
        self, groups: Groups, client: Callable[[], AsyncWebClient] | None = None, *, team: str | None = None
    ) -> None:
        """`team` is the client's, where that is known; without a way to `client`, it is to be set before each `sync`."""
        self._groups = groups
        self._found = client
        self.client: AsyncWebClient | None = None
        self._team = team
        self._told = False

    def _client(self) -> AsyncWebClient:
        client = self._found() if self._found else self.client
        assert client is not None
        return client

    async def sync(self, _now: datetime) -> int:
        """Bring the groups into step and return how many changed; what Slack does not answer is asked again later."""
        try:
            team = self._team or (await self._client().auth_test())["team_id"]
            answer = await self._client().usergroups_list(include_users=True)
        except FAILED as error:
            self._tell(error)
            return 0
        self._team, self._told = team, False
        found = await self._groups.sync(team, _in_use(answer["usergroups"]))
        if found:
            facts = {"new": found.created, "changed": found.changed, "removed": found.removed}
            log.info("user groups of Slack changed", extra={"action": "sync_groups", **facts})
        return found.created + found.changed + found.removed

    def _tell(self, error: Exception) -> None:
        """Say once why nothing is read; an outage is told each time."""
        if outage(error):
            log.warning("slack does not tell its user groups: %s", reason(error))
        elif not self._told:
            self._told = True
            level = logging.INFO if reason(error) in NONE_TO_READ else logging.WARNING
            log.log(level, "user groups of Slack are not read: %s", reason(error))


class OfTeams:
    """The same for every team of an office, each with its own token."""

    def __init__(
        self,
        groups: Groups,
        present: Callable[[], Awaitable[Sequence[str]]],
        client: Callable[[str], Awaitable[AsyncWebClient]],
    ) -> None:
        """`present` names the teams."""
        self._groups, self._present, self._client = groups, present, client
        self._asked: dict[str, UserGroups] = {}

    async def sync(self, now: datetime) -> int:
        """Bring the groups of every team into step and return how many changed."""
        changed = 0
        for team in await self._present():
            try:
                client = await self._client(team)
            except FAILED:
                continue
            # By the client of this moment: a team that installs the app again has another token.
            asked = self._asked[team] = self._asked.get(team) or UserGroups(self._groups, team=team)
            asked.client = client
            changed += await asked.sync(now)
        return changed


def _in_use(groups: Iterable[Mapping[str, Any]]) -> list[tuple[str, str, list[str]]]:
    """Return id, name and members of the groups that are not switched off."""
    return [
        (one["id"], one.get("name") or one.get("handle") or one["id"], list(one.get("users") or ()))
        for one in groups
        if not one.get("date_delete")
    ]
