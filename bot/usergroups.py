"""Keeps groups in step with Slack's user groups, where the app may read them; without the scope, groups are kept by hand."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
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

    def __init__(self, groups: Groups, client: Callable[[], AsyncWebClient]) -> None:
        self._groups, self._client = groups, client
        self._team: str | None = None
        self._told = False

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


def _in_use(groups: Iterable[Mapping[str, Any]]) -> list[tuple[str, str, list[str]]]:
    """Return id, name and members of the groups that are not switched off."""
    return [
        (one["id"], one.get("name") or one.get("handle") or one["id"], list(one.get("users") or ()))
        for one in groups
        if not one.get("date_delete")
    ]
