"""Files that the app uploads and shows, and user groups that it reads."""

import json

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.errors import SlackApiError

from sandbox.company import Company
from tests.sandbox.bench import ANA, BEN, GENERAL, Bench, bench_of, company_with, modal, section


@pytest.fixture
def made_up() -> Company:
    return company_with(scopes=("chat:write", "files:write", "files:read", "usergroups:read"))


PNG = bytes.fromhex("89504e470d0a1a0a") + b"a picture"


async def uploaded(bench: Bench, **more: object) -> dict:
    answer = await bench.api.files_upload_v2(content=PNG, filename="figures.png", title="Figures", **more)
    return dict(answer["file"])


def image(file_id: str) -> dict:
    return {"type": "image", "slack_file": {"id": file_id}, "alt_text": "Hours booked a week"}


async def fetched(url: str, token: str | None = None) -> tuple[int, str, bytes]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with aiohttp.ClientSession(headers=headers) as session, session.get(url) as response:
        return response.status, response.content_type, await response.read()


async def test_an_uploaded_picture_stands_in_a_message_and_a_modal(bench: Bench):
    file = await uploaded(bench)

    message = await bench.post(blocks=[section(), image(file["id"])])
    view = await bench.modal(image(file["id"]))

    assert message["blocks"][1]["slack_file"] == {"id": file["id"]}
    assert view["blocks"][0]["slack_file"] == {"id": file["id"]}
    assert await fetched(f"{bench.url}/sandbox/files/{file['id']}") == (200, "image/png", PNG)


async def test_a_file_with_a_channel_is_shared_there(bench: Bench):
    await uploaded(bench, channel=GENERAL, initial_comment="This week", alt_txt="Hours booked a week")

    (message,) = await bench.slack.messages(ANA, GENERAL)
    assert message["text"] == "This week"
    assert message["blocks"][0]["alt_text"] == "Hours booked a week"


async def test_the_content_is_for_the_app_alone_and_others_get_a_page_to_sign_in(bench: Bench):
    file = await uploaded(bench)

    status, kind, content = await fetched(file["url_private_download"], bench.running.company.tokens.bot)
    assert (status, kind, content) == (200, "image/png", PNG)

    status, kind, content = await fetched(file["url_private_download"])
    assert (status, kind) == (200, "text/html")
    assert PNG not in content


async def test_what_is_not_complete_cannot_be_shown(bench: Bench):
    begun = await bench.api.files_getUploadURLExternal(filename="figures.png", length=len(PNG))

    with pytest.raises(SlackApiError) as refused:
        await bench.api.chat_postMessage(channel=GENERAL, text="x", blocks=[image(begun["file_id"])])
    assert refused.value.response["error"] == "invalid_blocks"
    assert refused.value.response["errors"] == ["invalid slack file [json-pointer:/blocks/0/slack_file]"]

    body = await bench.refusal("views.open", trigger_id=bench.trigger(ANA), view=modal(image("F0NOTHING")))
    assert body["error"] == "invalid_arguments"
    assert "/view/blocks/0/slack_file" in body["response_metadata"]["messages"][0]


async def test_bytes_are_as_many_as_was_said_and_come_before_the_end(bench: Bench):
    begun = await bench.api.files_getUploadURLExternal(filename="figures.png", length=len(PNG))

    async with aiohttp.ClientSession() as session:
        async with session.post(begun["upload_url"], data=PNG[:-1]) as response:
            assert response.status == 400
        assert await bench.error("files.completeUploadExternal", files=[{"id": begun["file_id"]}]) == "file_not_found"
        form = aiohttp.FormData()
        form.add_field("file", PNG, filename="figures.png")
        async with session.post(begun["upload_url"], data=form) as response:
            assert (response.status, await response.text()) == (200, f"OK - {len(PNG)}")
    await bench.api.files_completeUploadExternal(files=[{"id": begun["file_id"]}])
    assert await bench.error("files.completeUploadExternal", files=[{"id": begun["file_id"]}]) == "file_not_found"


async def test_a_deleted_file_is_gone(bench: Bench):
    file = await uploaded(bench)
    await bench.api.files_delete(file=file["id"])

    with pytest.raises(SlackApiError, match="file_not_found"):
        await bench.api.files_info(file=file["id"])
    status, _, _ = await fetched(f"{bench.url}/sandbox/files/{file['id']}")
    assert status == 404


async def test_an_upload_can_fail_on_the_way(bench: Bench):
    begun = await bench.api.files_getUploadURLExternal(filename="figures.png", length=len(PNG))
    await bench.slack.faults(fail_next={"method": "upload", "status": 503})

    async with aiohttp.ClientSession() as session:
        async with session.post(begun["upload_url"], data=PNG) as response:
            assert response.status == 503
        async with session.post(begun["upload_url"], data=PNG) as response:
            assert response.status == 200


async def test_user_groups_are_listed_with_their_members(bench: Bench):
    (design, _) = (await bench.api.usergroups_list(include_users=True, include_count=True))["usergroups"]

    assert (design["handle"], design["users"], design["user_count"]) == ("design", ["U0ANA", "U0CHLOE", "U0DEEPA"], 3)
    assert (await bench.api.usergroups_users_list(usergroup=design["id"]))["users"] == design["users"]
    with pytest.raises(SlackApiError, match="no_such_subteam"):
        await bench.api.usergroups_users_list(usergroup="S0NOBODY")


@pytest.mark.parametrize(
    ("method", "arguments", "needed"),
    [
        ("files.getUploadURLExternal", {"filename": "a.png", "length": "3"}, "files:write"),
        ("files.info", {"file": "F0A"}, "files:read"),
        ("usergroups.users.list", {"usergroup": "S0DESIGN"}, "usergroups:read"),
    ],
)
async def test_each_needs_its_scope(method: str, arguments: dict, needed: str):
    async with bench_of(company_with(scopes=("chat:write",))) as bench:
        with pytest.raises(SlackApiError) as refused:
            await bench.api.api_call(method, data=arguments)
    assert (refused.value.response["error"], refused.value.response["needed"]) == ("missing_scope", needed)


def file_field(**more: object) -> dict:
    element = {"type": "file_input", "action_id": "file", **more}
    label = {"type": "plain_text", "text": "Rooms"}
    return {"type": "input", "block_id": "rooms", "label": label, "element": element}


async def test_a_person_hands_a_file_over_in_a_modal_and_the_app_fetches_it(bench: Bench):
    came: list[dict] = []

    async def answer(request: web.Request) -> web.Response:
        came.append(json.loads((await request.post())["payload"]))
        return web.json_response({})

    await bench.listen_with(answer)
    view = await bench.modal(file_field(filetypes=["csv"], max_files=1))
    file = await bench.slack.upload(ANA, "rooms.csv", b"name,capacity\nApollo,8\n")
    await bench.slack.submit(ANA, view, {"rooms": {"file": [file["id"]]}})

    (handed,) = came[0]["view"]["state"]["values"]["rooms"]["file"]["files"]
    assert (handed["name"], handed["filetype"], handed["user"]) == ("rooms.csv", "csv", ANA)
    _, _, content = await fetched(handed["url_private_download"], bench.running.company.tokens.bot)
    assert content == b"name,capacity\nApollo,8\n"


@pytest.mark.parametrize(
    ("name", "count", "complaint"),
    [("rooms.pdf", 1, "one of these kinds: csv"), ("rooms.csv", 2, "At most 1 can be chosen")],
)
async def test_files_of_other_kinds_or_too_many_stay_in_the_form(bench: Bench, name: str, count: int, complaint: str):
    view = await bench.modal(file_field(filetypes=["csv"], max_files=1))
    files = [(await bench.slack.upload(ANA, name, b"x"))["id"] for _ in range(count)]

    answer = await bench.slack.submit(ANA, view, {"rooms": {"file": files}})

    assert not answer["ok"]
    assert complaint in json.dumps(answer)


async def test_nobody_hands_over_somebody_elses_file(bench: Bench):
    view = await bench.modal(file_field())
    file = await bench.slack.upload(BEN, "rooms.csv", b"x")

    assert (await bench.slack.submit(ANA, view, {"rooms": {"file": [file["id"]]}}))["error"] == "no_such_file"


async def test_files_are_handed_over_in_modals_alone(bench: Bench):
    refused = await bench.refusal("chat.postMessage", channel=GENERAL, text="x", blocks=[file_field()])

    assert refused["errors"] == ["unsupported type: file_input [json-pointer:/blocks/0/element/type]"]
