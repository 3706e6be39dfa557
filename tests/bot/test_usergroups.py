"""The job that keeps groups in step with Slack's user groups: as the worker, and quiet where it may not read them."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from bot.usergroups import UserGroups
from core import roles
from core.catalogue import Catalogues
from core.db import Database
from core.groups import Groups

NOW = datetime(2026, 11, 24, 15, 7, tzinfo=UTC)


class Slack:
    """Answers as Slack does, or refuses with a code."""

    def __init__(self, **groups: list[str]) -> None:
        self.groups = groups
        self.refusal: str | None = None
        self.disabled: set[str] = set()

    async def auth_test(self) -> dict[str, str]:
        return {"team_id": "T1"}

    async def usergroups_list(self, *, include_users: bool) -> dict[str, Any]:
        assert include_users
        if self.refusal:
            raise SlackApiError("no", {"ok": False, "error": self.refusal})
        return {
            "usergroups": [
                {"id": f"S{name}", "name": name, "users": users, "date_delete": int(name in self.disabled)}
                for name, users in self.groups.items()
            ]
        }


@pytest.fixture
async def groups(database: Any) -> AsyncIterator[Groups]:
    db = Database(database.worker_url, role=roles.WORKER)
    yield Groups(db, Catalogues(db))
    await db.close()


async def there(groups: Groups) -> dict[str, list[str]]:
    return {one.group.name: [m.slack_user_id for m in await groups.members(one.group.id)] for one in await groups.all()}


async def test_the_worker_keeps_groups_in_step_with_slack(groups: Groups, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")  # as it runs; what is logged is made of these facts
    slack = Slack(Board=["U1", "U2"], Crew=["U3"], Old=["U4"])
    slack.disabled = {"Old"}
    job = UserGroups(groups, lambda: slack)  # type: ignore[arg-type,return-value]

    assert await job.sync(NOW) == 2
    assert await there(groups) == {"Board": ["U1", "U2"], "Crew": ["U3"]}
    assert await job.sync(NOW) == 0

    slack.groups = {"Crew": ["U3", "U1"]}
    assert await job.sync(NOW) == 2
    assert await there(groups) == {"Crew": ["U1", "U3"]}


async def test_what_may_not_be_read_is_said_once_and_leaves_the_groups_alone(
    groups: Groups, caplog: pytest.LogCaptureFixture
) -> None:
    slack = Slack(Board=["U1"])
    job = UserGroups(groups, lambda: slack)  # type: ignore[arg-type,return-value]
    await job.sync(NOW)
    slack.refusal = "missing_scope"
    with caplog.at_level(logging.INFO, logger="bot.usergroups"):
        assert [await job.sync(NOW) for _ in range(3)] == [0, 0, 0]
    assert [one.message for one in caplog.records] == ["user groups of Slack are not read: missing_scope"]
    assert await there(groups) == {"Board": ["U1"]}

    caplog.clear()
    slack.refusal = "internal_error"
    with caplog.at_level(logging.WARNING, logger="bot.usergroups"):
        assert [await job.sync(NOW) for _ in range(2)] == [0, 0]
    assert len(caplog.records) == 2
