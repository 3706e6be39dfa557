"""Answers come in time or come later, requests of others not at all: slow and absent databases, signatures."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from core.db import Database
from tests.handlers.firm import BEN, CHANNEL, Firm, labels, new_york, opened, words

BUSY = "Many people are booking at this moment. Nothing was changed; try again."
AWAY = "The booking database does not answer at the moment. Try again in a minute."


@asynccontextmanager
async def held_up(firm: Firm) -> AsyncIterator[None]:
    """Let every booking wait for as long as the block lasts."""
    connection = await asyncpg.connect(firm.urls.superuser_url)
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE room_claims IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        await connection.close()


async def test_a_late_answer_follows_an_empty_acknowledgement(database: object):
    async with opened(database, patience=0.1) as firm:
        await firm.say(BEN, "/book mine")
        async with held_up(firm):
            # Slack waits three seconds, and so does the sandbox: a later acknowledgement would not be ok.
            answer = await firm.slack.command(BEN, CHANNEL, "/book room tomorrow 2pm for 1h")
        late = await firm.slack.wait_for_message(BEN, CHANNEL, "Corner")

        assert answer["ok"]
        assert answer["response"] is None
        assert words(late).startswith("✅ Corner is yours: tomorrow, Wed 25 Nov, 14:00-15:00 (New York)")
        assert late["ephemeral"]
        assert [entry["ok"] for entry in firm.running.log() if entry["kind"] == "response_url"] == [True]


async def test_an_answer_in_time_rides_in_the_acknowledgement(firm: Firm):
    answer = await firm.slack.command(BEN, CHANNEL, "/book room tomorrow 2pm for 1h")

    assert answer["response"]["response_type"] == "ephemeral"
    assert "Corner is yours" in answer["response"]["text"]
    assert [entry for entry in firm.running.log() if entry["kind"] == "response_url"] == []


async def test_a_database_that_keeps_us_waiting_is_told_of_and_tried_again_at_one_tap(database: object):
    async with opened(database, patience=0.1) as firm:
        async with held_up(firm):
            await firm.slack.command(BEN, CHANNEL, "/book room tomorrow 2pm for 1h")
            refusal = await firm.slack.wait_for_message(BEN, CHANNEL, BUSY)
        assert labels(refusal) == ["Try again"]
        assert await firm.mine(BEN) == ()

        answer = await firm.press(BEN, refusal, "Try again")

        assert words(answer).startswith("✅ Corner is yours")


async def test_a_late_click_is_answered_in_its_place(database: object):
    async with opened(database, patience=0.1) as firm:
        booked = await firm.say(BEN, "/book room tomorrow 2pm for 1h")
        async with held_up(firm):
            pressing = asyncio.create_task(firm.press(BEN, booked, "Cancel booking"))
            await firm.slack.wait_for(lambda: acknowledged(firm))
        gone = await pressing

        assert gone["ts"] == booked["ts"]
        assert "is cancelled" in words(gone)


async def acknowledged(firm: Firm) -> bool:
    return any(entry["kind"] == "delivery" and entry["type"] == "interactive" for entry in firm.running.log())


async def test_an_absent_database_is_told_of_and_tried_again_at_one_tap(firm: Firm):
    await firm.say(BEN, "/book mine")
    there = firm.db.engine
    nowhere = Database("postgresql://nobody@127.0.0.1:1/nothing")
    firm.db.engine = nowhere.engine
    answer = await firm.say(BEN, "/book room tomorrow 2pm for 1h")
    await nowhere.close()
    firm.db.engine = there

    assert words(answer) == AWAY
    again = await firm.press(BEN, answer, "Try again")
    assert words(again).startswith("✅ Corner is yours")


async def test_a_slack_that_says_nothing_of_people_does_not_stop_them(firm: Firm):
    await firm.slack.faults(fail_next={"method": "users.info", "times": 5, "error": "internal_error"})

    answer = await firm.say(BEN, "/book room corner tomorrow 2pm for 1h")

    assert "Corner is yours" in words(answer)
    assert len(await firm.mine(BEN)) == 1


@pytest.mark.parametrize(
    ("how", "status"),
    [({}, 200), ({"secret": "somebody-elses-secret"}, 401), ({"age": 301}, 401), ({"age": -301}, 401)],
)
async def test_only_fresh_requests_signed_by_slack_are_heard(firm: Firm, how: dict[str, Any], status: int):
    assert await firm.deliver(firm.click_of(BEN, "run", "mine"), **how) == status

    assert len(firm.answers) == (1 if status == 200 else 0)


async def test_an_error_of_ours_is_an_apology_and_a_line_in_the_log(
    firm: Firm, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(firm.services.bookings, "mine", broken)

    answer = await firm.say(BEN, "/book mine")

    assert answer["text"] == "Something went wrong on our side, and nothing more was changed. Try again in a minute."
    assert any(record.exc_info and "failed" in record.getMessage() for record in caplog.records)


async def test_no_title_reaches_the_log(firm: Firm, caplog: pytest.LogCaptureFixture):
    with caplog.at_level("INFO"):
        answer = await firm.say(BEN, '/book room corner tomorrow 2pm "Merger with Initech"')
        await firm.press(BEN, answer, "Cancel booking")

    assert "Initech" not in caplog.text
    assert any(getattr(record, "action", "") == "typed" and record.outcome == "done" for record in caplog.records)


async def test_many_people_ask_at_once_and_one_gets_the_room(firm: Firm):
    await firm.booked("Corner", new_york(16))
    users = ["U0ANA", "U0BEN", "U0DEEPA"]

    answers = await asyncio.gather(
        *(firm.slack.command(user, CHANNEL, "/book room apollo tomorrow 2pm for 1h") for user in users)
    )

    said = sorted(answer["response"]["text"].partition(" is ")[0] for answer in answers)
    assert said == ["Apollo", "Apollo", "✅ Apollo"]
