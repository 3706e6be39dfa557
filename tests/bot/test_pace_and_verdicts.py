"""How fast Slack is spoken to, and what its refusals mean for a message."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import ClientConnectorError, ServerDisconnectedError
from aiohttp.client_reqrep import ConnectionKey
from slack_sdk.errors import SlackApiError

from bot.pace import BURST, POST, Pace
from bot.posting import UPDATE
from bot.verdicts import DEAD, RATE_LIMITED_SECONDS, Verdict, judge, pause


class Seconds:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def pace(seconds: Seconds) -> Pace:
    return Pace(seconds)


def test_a_burst_is_let_through_and_then_one_a_second(pace: Pace, seconds: Seconds):
    assert [pace.wait(POST, "C1") for _ in range(BURST)] == [0.0] * BURST
    assert pace.wait(POST, "C1") == pytest.approx(1.0)
    seconds.now += 1.0
    assert pace.wait(POST, "C1") == 0.0
    assert pace.wait(POST, "C1") > 0


def test_those_who_wait_are_told_different_turns_and_each_finds_room_at_its_own(pace: Pace, seconds: Seconds):
    for _ in range(BURST):
        pace.wait(POST, "C1")
    turns = [pace.wait(POST, "C1") for _ in range(4)]
    assert turns == pytest.approx([1.0, 2.0, 3.0, 4.0])
    began = seconds.now
    for turn in turns:
        seconds.now = began + turn
        assert pace.wait(POST, "C1") == 0.0


def test_channels_have_a_pace_each_and_edits_have_none(pace: Pace):
    for _ in range(BURST):
        pace.wait(POST, "C1")
    assert pace.wait(POST, "C2") == 0.0
    assert [pace.wait(UPDATE, "C1") for _ in range(20)] == [0.0] * 20


def test_a_refused_channel_is_left_alone_for_as_long_as_slack_said(pace: Pace, seconds: Seconds):
    pace.refused(POST, "C1", 7)
    assert pace.wait(POST, "C1") == 7
    assert pace.wait(POST, "C2") == 0
    seconds.now += 7
    assert pace.wait(POST, "C1") == 0


def test_two_channels_refused_at_once_silence_all(pace: Pace):
    pace.refused(POST, "C1", 7)
    pace.refused(POST, "C2", 5)
    assert pace.wait(POST, "C3") == 5


def test_a_refused_edit_silences_edits_everywhere_but_no_posts(pace: Pace):
    pace.refused(UPDATE, "C1", 7)
    assert pace.wait(UPDATE, "C2") == 7
    assert pace.wait(POST, "C2") == 0


class Answer(dict):
    """An answer as the SDK gives it to its error."""

    def __init__(self, status: int = 200, headers: dict | None = None, **data: object) -> None:
        super().__init__(data)
        self.data, self.status_code, self.headers = data, status, headers or {}


def refused(code: str | None = None, status: int = 200, **headers: str) -> SlackApiError:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    data = {"ok": False, "error": code} if code else {}
    return SlackApiError("refused", Answer(status, names, **data))


NOBODY = ClientConnectorError(ConnectionKey("h", 1, False, True, None, None, None), OSError(111, "refused"))


@pytest.mark.parametrize(
    ("error", "verdict", "uncertain"),
    [
        (refused("ratelimited", 429, retry_after="9"), Verdict.RATE_LIMITED, False),
        (refused(status=429, retry_after="9"), Verdict.RATE_LIMITED, False),
        (refused("token_revoked"), Verdict.TOKEN, False),
        (refused("invalid_auth"), Verdict.TOKEN, False),
        (refused("account_inactive"), Verdict.TOKEN, False),
        # Slack's own words for "some of it may have happened".
        (refused("fatal_error"), Verdict.AGAIN, True),
        (refused("internal_error"), Verdict.AGAIN, True),
        (refused("service_unavailable"), Verdict.AGAIN, False),
        (refused(status=500), Verdict.AGAIN, True),
        (refused("internal_error", 503), Verdict.AGAIN, True),
        # A proxy's page with a friendly status.
        (refused(status=200), Verdict.AGAIN, True),
        (TimeoutError(), Verdict.AGAIN, True),
        (ServerDisconnectedError(), Verdict.AGAIN, True),
        (ConnectionResetError(), Verdict.AGAIN, True),
        (NOBODY, Verdict.AGAIN, False),
        (refused("invalid_blocks"), Verdict.REFUSED, False),
        *((refused(code), Verdict.DEAD, False) for code in DEAD),
    ],
)
def test_what_a_failure_means(error: Exception, verdict: Verdict, uncertain: bool):
    ruling = judge(error)
    assert (ruling.verdict, ruling.uncertain) == (verdict, uncertain)


def test_slack_says_how_long_to_wait_or_half_a_minute_is_taken():
    assert judge(refused("ratelimited", 429, retry_after="9")).seconds == 9
    assert judge(refused("ratelimited", 429, Retry_After="9")).seconds == 9
    assert judge(refused("ratelimited", 429)).seconds == RATE_LIMITED_SECONDS


def test_why_something_was_given_up_is_a_sentence_for_known_codes_and_names_unknown_ones():
    assert judge(refused("is_archived")).told == "the channel is archived"
    assert judge(refused("invalid_blocks")).told == "Slack refuses the message (invalid_blocks)"


def test_pauses_double_up_to_five_minutes_and_are_spread():
    assert [pause(n, chance=0) for n in range(9)] == [2, 4, 8, 16, 32, 64, 128, 256, 300]
    assert pause(1000, chance=0) == 300
    assert pause(3, chance=1) == 12
    assert len({pause(5) for _ in range(20)}) > 1


async def test_what_the_loop_breaks_off_is_taken_for_a_lost_answer():
    async def never() -> None:
        await asyncio.sleep(60)

    with pytest.raises(TimeoutError) as caught:
        await asyncio.wait_for(never(), 0.01)
    assert judge(caught.value).uncertain
