"""What the app asks Slack for is what its manifest says; one workspace that takes the app away is heard as well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

import handlers
from handlers.slack_install import BACK, SCOPES
from handlers.slack_many import LEAVING
from sandbox import payloads
from tests.handlers.firm import opened

MANIFEST = Path(handlers.__file__).parents[1] / "manifest.yml"


def test_the_scopes_asked_for_are_those_of_the_manifest():
    said = yaml.safe_load(MANIFEST.read_text())
    assert sorted(SCOPES) == sorted(said["oauth_config"]["scopes"]["bot"])
    assert set(said["settings"]["event_subscriptions"]["bot_events"]) >= LEAVING
    assert f"{BACK} # adding the app" in MANIFEST.read_text()


async def test_one_workspace_that_takes_the_app_away_is_answered_and_noted(database: Any, caplog: Any):
    async with opened(database) as firm:
        sandbox = firm.running.sandbox
        for kind in sorted(LEAVING):
            answer = await sandbox.parts.delivery.deliver("events_api", payloads.event(sandbox.parts.ws, {"type": kind}))
            assert answer.status == 200
    assert [one.message.split(":")[0] for one in caplog.records if getattr(one, "action", "") == "uninstall"] == [
        "slack says app_uninstalled",
        "slack says tokens_revoked",
    ]
