"""What an app says back: in the ack of a command, and through response URLs."""

import aiohttp
import pytest

from sandbox.errors import Json
from tests.sandbox.bench import ANA, BEN, BERLIN, GENERAL, Bench, bench_of, button, company_with, section


async def respond(url: str, body: object) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as response:
        return response.status, await response.text()


async def commanded(bench: Bench, channel: str = GENERAL) -> str:
    """The response_url of a slash command that was acked with a word."""
    urls: list[str] = []
    app = bench.app()

    @app.command("/book")
    async def book(ack, body):
        urls.append(body["response_url"])
        await ack(text="From the ack")

    await bench.over_http(app)
    answer = await bench.slack.command(ANA, channel, "/book room")
    assert answer["ok"], answer
    return urls[0]


async def clicked(bench: Bench, message: Json, user: str = ANA) -> str:
    """The response_url of a click on the message's button."""
    urls: list[str] = []
    app = bench.app()

    @app.action("press")
    async def pressed(ack, body):
        urls.append(body["response_url"])
        await ack()

    await bench.over_http(app)
    answer = await bench.slack.click(user, message, "press")
    assert answer["ok"], answer
    return urls[0]


def with_button() -> list[Json]:
    return [{"type": "actions", "block_id": "b", "elements": [button("press")]}]


# --- acks of commands ---


async def test_a_commands_ack_is_for_the_person_alone(bench: Bench):
    await commanded(bench)

    (seen,) = await bench.slack.messages(ANA, GENERAL)
    assert (seen["text"], seen["ephemeral"]) == ("From the ack", True)
    assert await bench.slack.messages(BEN, GENERAL) == []


async def acked(bench: Bench, **said: object) -> Json:
    app = bench.app()

    @app.command("/book")
    async def book(ack):
        await ack(**said)

    await bench.over_http(app)
    return await bench.slack.command(ANA, GENERAL, "/book room <now>")


async def test_an_ack_in_the_channel_shows_what_was_typed(bench: Bench):
    await acked(bench, text="For all", response_type="in_channel")

    seen = await bench.slack.messages(BEN, GENERAL)
    assert [(one.get("user"), one["text"]) for one in seen] == [
        (ANA, "/book room &lt;now&gt;"),
        (None, "For all"),
    ]


async def test_an_empty_ack_says_nothing(bench: Bench):
    answer = await acked(bench)

    assert answer == {"ok": True, "status": 200, "response": None}
    assert await bench.slack.messages(ANA, GENERAL) == []


async def test_an_ack_with_bad_blocks_fails_the_command(bench: Bench):
    answer = await acked(bench, text="x", blocks=[section("")])

    assert answer["error"] == "invalid_blocks"
    assert answer["errors"] == ["must be more than 0 characters [json-pointer:/blocks/0/text/text]"]
    assert await bench.slack.messages(ANA, GENERAL) == []


# --- response URLs ---


async def test_an_answer_is_ephemeral_unless_it_says_otherwise(bench: Bench):
    url = await commanded(bench)

    assert await respond(url, {"text": "For you"}) == (200, "ok")
    assert await respond(url, {"text": "For all", "response_type": "in_channel"}) == (200, "ok")

    assert [one["text"] for one in await bench.slack.messages(BEN, GENERAL)] == ["For all"]
    assert len(await bench.slack.messages(ANA, GENERAL)) == 3


async def test_an_answer_needs_no_membership_of_the_app():
    async with bench_of(company_with(scopes=("commands",))) as bench:
        app = bench.app()

        @app.command("/book")
        async def book(ack, respond):
            await ack()
            await respond(text="Booked", response_type="in_channel")

        await bench.over_http(app)
        await bench.slack.command("U0ERIK", BERLIN, "/book room")

        assert (await bench.slack.wait_for_message("U0CHLOE", BERLIN))["text"] == "Booked"


async def test_a_url_is_good_for_five_answers(bench: Bench):
    url = await commanded(bench)

    answers = [await respond(url, {"text": str(number)}) for number in range(6)]

    assert [status for status, _ in answers] == [200] * 5 + [404]
    assert "used_url" in answers[5][1]


async def test_a_url_is_good_for_thirty_minutes(bench: Bench):
    url = await commanded(bench)
    bench.clock.move(30 * 60)
    assert (await respond(url, {"text": "In time"}))[0] == 200
    bench.clock.move(1)

    status, text = await respond(url, {"text": "Too late"})

    assert (status, "expired_url" in text) == (404, True)


async def test_an_invented_url_is_refused(bench: Bench):
    assert (await respond(f"{bench.url}/response/1-abc", {"text": "x"}))[0] == 404


# What is said, and the code of the refusal.
BAD_ANSWERS = [
    ({}, "no_text"),
    ({"text": ""}, "no_text"),
    ({"text": "x", "blocks": [section("")]}, "invalid_blocks"),
    ({"text": "x", "blocks": {"type": "divider"}}, "invalid_blocks_format"),
    (["x"], "invalid_payload"),
    ({"text": "x", "delete_original": True}, "message_not_found"),
]


@pytest.mark.parametrize(("body", "error"), BAD_ANSWERS)
async def test_an_answer_that_slack_refuses_shows_nothing(bench: Bench, body: object, error: str):
    url = await commanded(bench)

    status, text = await respond(url, body)

    assert status == 400
    assert error in text
    assert len(await bench.slack.messages(ANA, GENERAL)) == 1


async def test_what_a_commands_ack_said_is_never_replaced(bench: Bench):
    url = await commanded(bench)

    await respond(url, {"text": "Meant to replace", "replace_original": True})

    assert [one["text"] for one in await bench.slack.messages(ANA, GENERAL)] == ["From the ack", "Meant to replace"]


async def test_a_click_may_replace_its_message_for_everybody(bench: Bench):
    message = await bench.post("Press", blocks=with_button())
    url = await clicked(bench, message)

    await respond(url, {"text": "Pressed", "replace_original": True})

    (seen,) = await bench.slack.messages(BEN, GENERAL)
    assert (seen["ts"], seen["text"], seen["blocks"]) == (message["ts"], "Pressed", [])
    assert "edited" in seen


async def test_a_click_may_replace_and_delete_an_ephemeral_message_which_nothing_else_can(bench: Bench):
    await bench.api.chat_postEphemeral(channel=GENERAL, user=ANA, text="Press", blocks=with_button())
    (message,) = await bench.slack.messages(ANA, GENERAL)
    url = await clicked(bench, message)

    await respond(url, {"text": "Pressed", "blocks": with_button(), "replace_original": "true"})
    (replaced,) = await bench.slack.messages(ANA, GENERAL)
    await respond(url, {"delete_original": True})

    assert (replaced["text"], replaced["ephemeral"], replaced["ts"]) == ("Pressed", True, message["ts"])
    assert await bench.slack.messages(ANA, GENERAL) == []
    assert (await respond(url, {"text": "x", "replace_original": True}))[0] == 400


async def test_an_answer_to_a_click_should_say_whether_it_replaces(bench: Bench):
    url = await clicked(bench, await bench.post("Press", blocks=with_button()))

    await respond(url, {"text": "New", "replace_original": False})
    clear = [one["kind"] for one in bench.running.log()]
    await respond(url, {"text": "New, or not"})
    unclear = [one["kind"] for one in bench.running.log()]

    assert len(await bench.slack.messages(ANA, GENERAL)) == 3
    assert "ambiguous_answer" not in clear
    assert "ambiguous_answer" in unclear


async def test_an_answer_to_a_click_in_a_thread_stays_there(bench: Bench):
    parent = await bench.post("Parent")
    await bench.post("Press", blocks=with_button(), thread_ts=parent["ts"])
    reply = (await bench.slack.messages(ANA, GENERAL, thread_ts=parent["ts"]))[-1]
    url = await clicked(bench, reply)

    await respond(url, {"text": "For you"})
    await respond(url, {"text": "For all", "response_type": "in_channel", "thread_ts": parent["ts"]})

    in_thread = await bench.slack.messages(ANA, GENERAL, thread_ts=parent["ts"])
    assert [one["text"] for one in in_thread] == ["Parent", "Press", "For you", "For all"]
    assert [one["text"] for one in await bench.slack.messages(ANA, GENERAL)] == ["Parent"]
