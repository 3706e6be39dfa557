"""Files in the page: chosen in a form with the keyboard, taken back, and pictures that stand in messages."""

import pytest
from playwright.async_api import expect

from tests.sandbox.bench import ANA, GENERAL, section
from tests.sandbox.page.stage import Stage, messages, until, violations
from tests.sandbox.test_files_and_groups import file_field

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

# One grey pixel.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010800000000"
    "3a7e9b550000000a49444154789c6360000000020001e221bc330000000049454e44ae426082"
)


@pytest.mark.parametrize("how", [{}, {"dark": True}, {"phone": True}])
async def test_a_file_is_chosen_and_taken_back_in_a_form(stage: Stage, how: dict):
    page = await stage.window(ANA, **how)
    await stage.bench.modal(file_field(filetypes=["csv"]))
    chooser = page.locator("input[type=file]")

    await chooser.set_input_files({"name": "rooms.csv", "mimeType": "text/csv", "buffer": b"name,capacity\n"})

    await expect(page.get_by_test_id("file")).to_have_text("rooms.csv (14 bytes)Remove")
    assert await violations(page) == []
    await page.get_by_role("button", name="Remove rooms.csv").click()
    await expect(page.get_by_test_id("file")).to_have_count(0)


async def test_a_handed_over_file_goes_with_the_form(stage: Stage):
    page = await stage.window(ANA)
    view = await stage.bench.modal(file_field(filetypes=["csv"]))
    await page.locator("input[type=file]").set_input_files({"name": "rooms.csv", "mimeType": "text/csv", "buffer": b"x"})
    await expect(page.get_by_test_id("file")).to_have_count(1)
    ws = stage.bench.running.sandbox.parts.ws

    await page.get_by_test_id("modal-submit").click()

    form = next(one for one in ws.stacks[ANA] if one.id == view["id"]).form
    await until(lambda: form.values["rooms", "file"])
    assert [file["name"] for file in form.values["rooms", "file"]] == ["rooms.csv"]


@pytest.mark.parametrize("how", [{}, {"phone": True}])
async def test_an_uploaded_picture_is_seen_with_its_words(stage: Stage, how: dict):
    file = (await stage.bench.api.files_upload_v2(content=PNG, filename="figures.png"))["file"]
    picture = {"type": "image", "slack_file": {"id": file["id"]}, "alt_text": "Hours booked a week"}
    await stage.bench.post("Figures", channel=GENERAL, blocks=[section("This week"), picture])

    page = await stage.window(ANA, **how)

    shown = messages(page).get_by_role("img", name="Hours booked a week")
    await expect(shown).to_be_visible()
    assert await shown.evaluate("node => node.naturalWidth") == 1
    assert await violations(page) == []
