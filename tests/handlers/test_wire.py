"""What arrives at the HTTP door and is no request of Slack's, and a Slack that answers with pages, resets or nothing."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from urllib.parse import urlencode

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from core.catalogue import Catalogues
from core.groups import Groups
from core.people import People
from handlers.people import Directory, profile_of
from handlers.requests import Sender
from handlers.slack_errors import reason
from tests.handlers.firm import BEN, CHANNEL, Firm, words

FORM = "application/x-www-form-urlencoded"


def signed(firm: Firm, body: bytes, **headers: str) -> dict[str, str]:
    stamp = str(int(time.time()))
    key = firm.running.company.tokens.signing_secret.encode()
    digest = hmac.new(key, b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    ours = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}", "Content-Type": FORM}
    return {**ours, **{name.replace("_", "-"): value for name, value in headers.items()}}


async def status(firm: Firm, body: bytes, headers: dict[str, str]) -> int:
    async with aiohttp.ClientSession() as session, session.post(firm.bot_url, data=body, headers=headers) as answer:
        return answer.status


@pytest.mark.parametrize(
    "body",
    [
        b"payload=%7Bbad",
        b"payload=[1,2]",
        b"payload=null",
        b"payload=1",
        b"payload=%22x%22",
        b"payload=" + b"[" * 100_000,
        b"payload=\xff\xfe",
    ],
)
async def test_a_body_that_slack_could_not_have_sent_is_a_bad_request(firm: Firm, body: bytes):
    assert await status(firm, body, signed(firm, body)) == 400
    assert await status(firm, body, {"Content-Type": FORM}) == 401


@pytest.mark.parametrize("body", [b"[1]", b"{bad", b"1"])
async def test_json_that_is_no_object_is_a_bad_request(firm: Firm, body: bytes):
    assert await status(firm, body, signed(firm, body, Content_Type="application/json")) == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Slack_Request_Timestamp": "soon"},
        {"X_Slack_Request_Timestamp": "1e99"},
        {"X_Slack_Request_Timestamp": "-1"},
        {"X_Slack_Request_Timestamp": "9" * 400},
        {"X_Slack_Request_Timestamp": ""},
        {"X_Slack_Signature": "v0=é"},
        {"X_Slack_Signature": ""},
        {"X_Slack_Signature": "v1=00"},
    ],
)
async def test_stamps_and_signatures_of_any_shape_are_refused_as_unsigned(firm: Firm, headers: dict[str, str]):
    body = urlencode({"command": "/book", "text": "tomorrow 2pm", "user_id": BEN, "team_id": "T1"}).encode()
    assert await status(firm, body, signed(firm, body, **headers)) == 401
    assert await firm.mine(BEN) == ()


async def outage(request: web.Request) -> web.Response:
    match request.query.get("user"):
        case "UPAGE":
            return web.Response(status=502, text="<html>Bad gateway</html>", content_type="text/html")
        case "UTEXT":
            return web.Response(status=503, text="upstream connect error")
        case "UBROKEN":
            return web.Response(text='{"ok": tr', content_type="application/json")
        case _:
            assert request.transport is not None
            request.transport.close()
            return web.Response()


@pytest.mark.parametrize("user", ["UPAGE", "UTEXT", "UBROKEN", "URESET"])
async def test_a_person_is_served_though_slack_answers_of_them_with(firm: Firm, user: str):
    app = web.Application()
    app.add_routes([web.get("/api/users.info", outage)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    client = AsyncWebClient(token="xoxb-1", base_url=f"http://127.0.0.1:{runner.addresses[0][1]}/api/")
    try:
        person = await Directory(People(firm.db)).person(Sender(team_id="T1", user_id=user), client)
    finally:
        await runner.cleanup()
    assert person.slack_user_id == user


class SlowSlack:
    """A users.info that waits until it is let go, and counts how often it was asked."""

    def __init__(self, **user: object) -> None:
        self.go = asyncio.Event()
        self.asked = 0
        self._user = user

    async def users_info(self, **_: object) -> dict[str, object]:
        self.asked += 1
        await self.go.wait()
        return {"ok": True, "user": self._user}


async def test_a_person_of_whom_slack_is_slow_to_tell_is_served_meanwhile(firm: Firm, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("handlers.people.WAIT_SECONDS", 0.05)
    slack = SlowSlack(name="ann", tz="Europe/Berlin")
    directory, ann = Directory(People(firm.db)), Sender(team_id="T1", user_id="UANN")

    meanwhile = await directory.person(ann, slack)
    slack.go.set()
    afterwards = await directory.person(ann, slack)

    assert (meanwhile.id, meanwhile.name) == (afterwards.id, "UANN")
    assert (afterwards.name, afterwards.zone) == ("ann", "Europe/Berlin")
    assert slack.asked == 1


async def test_slack_is_asked_once_for_requests_that_come_together(firm: Firm):
    slack = SlowSlack(name="ann")
    directory, ann = Directory(People(firm.db)), Sender(team_id="T1", user_id="UANN")
    slack.go.set()
    people = await asyncio.gather(*(directory.person(ann, slack) for _ in range(20)))
    assert {person.name for person in people} == {"ann"}
    assert slack.asked == 1


async def test_who_was_taken_out_of_a_group_by_another_process_is_out_of_it_at_the_next_request(firm: Firm):
    slack = SlowSlack(name="ann")
    slack.go.set()
    directory, ann = Directory(People(firm.db)), Sender(team_id="T1", user_id="UANN")
    catalogues = Catalogues(firm.db)
    groups = Groups(firm.db, catalogues)
    seen = await directory.person(ann, slack)
    group = await groups.create("Board", people=[seen.id])

    inside = await directory.person(ann, slack, ruled_at=(await catalogues.current()).changed_at)
    await groups.take_out(group.id, [seen.id])
    outside = await directory.person(ann, slack, ruled_at=(await catalogues.current()).changed_at)

    assert (seen.groups, inside.groups, outside.groups) == (frozenset(), {group.id}, frozenset())
    assert slack.asked == 1


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "", None, 5])
async def test_a_zone_that_is_not_known_here_keeps_nobody_out(zone: object):
    assert profile_of({"name": "ann", "tz": zone}, Sender(team_id="T1", user_id="UANN")).zone == "UTC"


def test_the_reason_is_slacks_code_or_else_the_errors_name():
    assert reason(SlackApiError("refused", {"ok": False, "error": "not_found"})) == "not_found"
    assert reason(SlackApiError("refused", "upstream connect error")) == "SlackApiError"
    assert reason(TimeoutError()) == "TimeoutError"


async def test_the_signed_request_of_slack_still_passes(firm: Firm):
    answer = await firm.slack.command(BEN, CHANNEL, "/book rooms")
    assert "Corner" in words(answer["response"])


@pytest.mark.parametrize(("fault", "level"), [({"status": 503}, "WARNING"), ({"error": "invalid_blocks"}, "ERROR")])
async def test_a_home_that_cannot_be_shown_is_a_fault_of_ours_only_where_slack_says_so(
    firm: Firm, caplog: pytest.LogCaptureFixture, fault: dict[str, object], level: str
):
    await firm.slack.faults(fail_next={"method": "views.publish", "times": 1, **fault})
    await firm.slack.open_home(BEN)

    async def told() -> list[str]:
        return [line.levelname for line in caplog.records if line.getMessage().startswith(f"home of {BEN}")]

    assert await firm.slack.wait_for(told) == [level]
