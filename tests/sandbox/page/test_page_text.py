"""How the page shows what people and apps write: markup only where it is markup, times on the reader's clock."""

import time

import pytest
from playwright.async_api import expect

from tests.sandbox.bench import ANA, BERLIN, CHLOE, ERIK, GENERAL, plain
from tests.sandbox.page.stage import Stage, block, messages, told

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

# Mrkdwn, and the inside of the element that shows it.
MARKUP = [
    ("*bold* _slanted_ ~struck~", "<strong>bold</strong> <em>slanted</em> <s>struck</s>"),
    ("*_both_*", "<strong><em>both</em></strong>"),
    ("2*3*4 snake_case_name ~a", "2*3*4 snake_case_name ~a"),
    ("* not bold * _ nor this _", "* not bold * _ nor this _"),
    ("`code *plain* <b>`", "<code>code *plain* &lt;b&gt;</code>"),
    ("~14:00~ *15:00-16:30*", "<s>14:00</s> <strong>15:00-16:30</strong>"),
    ("a &lt;b&gt; &amp; c &amp;lt;", "a &lt;b&gt; &amp; c &amp;lt;"),
    ("&lt;!channel&gt; <b>", "&lt;!channel&gt; &lt;b&gt;"),
    (":nosuchemoji: 10:30:45", ":nosuchemoji: 10:30:45"),
    ("```one\n  *two*```", "<pre>one\n  *two*</pre>"),
    ("```never closed", "```never closed"),
    ("&gt; first\n&gt; second\nthird", "<blockquote>first\nsecond</blockquote>third"),
]


async def shown(stage: Stage, text: str, user: str = ANA):
    """The node of a section with this mrkdwn, as the person sees it."""
    await stage.bench.api.chat_postMessage(channel=GENERAL, text="-", blocks=[told(text, block_id="b")])
    page = await stage.window(user)
    return block(page, "b").locator(".text")


async def test_mrkdwn_is_drawn_only_where_it_is_markup(stage: Stage):
    blocks = [told(text, block_id=f"b{number}") for number, (text, _) in enumerate(MARKUP)]
    await stage.bench.api.chat_postMessage(channel=GENERAL, text="-", blocks=blocks)
    page = await stage.window()
    await expect(messages(page)).to_have_count(1)
    drawn = await page.locator(".text").evaluate_all("all => all.map(node => node.innerHTML)")
    assert dict(zip([text for text, _ in MARKUP], drawn, strict=True)) == dict(MARKUP)


async def test_text_of_people_never_becomes_elements(stage: Stage):
    text = '<img src=x onerror="document.title=1"> <script>document.title=1</script> <a href=x> <javascript:alert(1)|click>'
    await stage.bench.slack.message(ANA, GENERAL, text)
    escaped = text.replace("<", "&lt;").replace(">", "&gt;")
    await stage.bench.api.chat_postMessage(channel=GENERAL, text="-", blocks=[told(escaped, block_id="b")])
    await stage.bench.api.chat_postMessage(channel=GENERAL, text="raw <javascript:alert(1)|click> *<img src=x>*")
    page = await stage.window()
    await expect(messages(page)).to_have_count(3)
    assert await page.locator(".text :is(img, script, a, iframe)").count() == 0
    await expect(block(page, "b").locator(".text")).to_have_text(text)
    await expect(messages(page).first.locator(".text")).to_have_text(text)
    assert await page.title() != "1"


async def test_only_addresses_that_people_click_become_links(stage: Stage):
    node = await shown(
        stage,
        "<https://example.org/a?b=1&amp;c=2|there> <mailto:a@example.org> https://example.org/x. <data:text/html,x|no>",
    )
    assert await node.locator("a").evaluate_all("all => all.map(a => a.href)") == [
        "https://example.org/a?b=1&c=2",
        "mailto:a@example.org",
        "https://example.org/x",
    ]
    assert await node.locator("a").evaluate_all("all => all.every(a => a.target === '_blank' && a.rel.includes('noopener'))")


async def test_mentions_carry_names_and_stand_out_for_the_person_meant(stage: Stage):
    node = await shown(stage, "<@U0BEN> <@U0ANA> <#C0NEWYORK> <#C0NOWHERE|> <!here> <@U0NOBODY|left>")
    texts = await node.locator(".mention").all_text_contents()
    assert texts == ["@Ben Okafor", "@Ana Duarte", "#new-york", "private channel", "@here", "@left"]
    assert await node.locator(".mention-me").all_text_contents() == ["@Ana Duarte", "@here"]


async def test_a_channel_mention_leads_there(stage: Stage):
    node = await shown(stage, "see <#C0NEWYORK>")
    await node.get_by_role("link").click()
    await expect(node.page.get_by_test_id("conversation-title")).to_have_text("new-york")


# 2026-07-01 at 22:30 UTC: the evening in New York, the next day in Berlin.
MOMENT = 1_782_945_000


@pytest.mark.parametrize(
    ("user", "read"),
    [(ANA, "2026-07-01 at 6:30 PM"), (ERIK, "2026-07-02 at 00:30"), (CHLOE, "2026-07-02 at 00:30")],
)
async def test_dates_are_told_in_the_zone_and_habit_of_the_person_shown(stage: Stage, user, read):
    node = await shown(stage, f"<!date^{MOMENT}^{{date_num}} at {{time}}|fallback>", user)
    await expect(node).to_have_text(read)


async def test_near_days_are_called_by_name_in_the_persons_language(stage: Stage):
    now = int(time.time())
    text = f"<!date^{now}^{{date_pretty}}|f> <!date^{now}^on {{date_short_pretty}}|f>"
    await expect(await shown(stage, text, ANA)).to_have_text("Today on today")
    page = await stage.window(ERIK)
    await expect(block(page, "b").locator(".text")).to_have_text("Heute on heute")


async def test_a_date_that_is_none_shows_its_fallback(stage: Stage):
    node = await shown(stage, "<!date^soon^{date}|next &lt;week&gt;>")
    await expect(node).to_have_text("next <week>")


async def test_plain_text_shows_emoji_but_no_markup(stage: Stage):
    blocks = [
        {"type": "header", "block_id": "h", "text": plain("*Rooms* :tada: &amp; more")},
        {"type": "section", "block_id": "s", "text": {"type": "plain_text", "text": "_x_ :tada:", "emoji": False}},
    ]
    await stage.bench.api.chat_postMessage(channel=GENERAL, text="-", blocks=blocks)
    page = await stage.window()
    await expect(block(page, "h")).to_have_text("*Rooms* 🎉 & more")
    await expect(block(page, "h").get_by_role("img", name="tada")).to_be_visible()
    await expect(block(page, "s")).to_have_text("_x_ :tada:")


async def test_rich_text_and_tables_are_drawn_as_such(stage: Stage):
    def line(text, **style):
        return {
            "type": "rich_text_section",
            "elements": [{"type": "text", "text": text, **({"style": style} if style else {})}],
        }

    rich = {
        "type": "rich_text",
        "block_id": "r",
        "elements": [
            line("loud", bold=True),
            {"type": "rich_text_list", "style": "bullet", "elements": [line("one")]},
            {"type": "rich_text_list", "style": "ordered", "indent": 1, "elements": [line("deep"), line("deeper")]},
            {"type": "rich_text_list", "style": "bullet", "elements": [line("two")]},
        ],
    }
    table = {
        "type": "table",
        "block_id": "t",
        "column_settings": [{}, {"align": "right"}],
        "rows": [
            [{"type": "raw_text", "text": "Room"}, {"type": "raw_text", "text": "Seats"}],
            [{"type": "raw_text", "text": "Apollo"}, {"type": "raw_text", "text": "8"}],
        ],
    }
    await stage.bench.api.chat_postMessage(channel=GENERAL, text="-", blocks=[rich, table])
    page = await stage.window()
    await expect(block(page, "r").locator("strong")).to_have_text("loud")
    await expect(block(page, "r").locator("ul > li > ol > li")).to_have_text(["deep", "deeper"])
    await expect(block(page, "r").locator("ul > li")).to_have_count(2)
    await expect(block(page, "t").get_by_role("columnheader")).to_have_text(["Room", "Seats"])
    await expect(block(page, "t").get_by_role("cell")).to_have_text(["Apollo", "8"])


async def test_pictures_of_other_hosts_are_told_and_not_fetched(stage: Stage):
    image = {"type": "image", "block_id": "i", "image_url": "https://example.org/plan.png", "alt_text": "Floor plan"}
    await stage.bench.api.chat_postMessage(channel=GENERAL, text="-", blocks=[image])
    page = await stage.window()
    await expect(block(page, "i").get_by_role("link", name="Floor plan")).to_be_visible()
    assert await block(page, "i").locator("img").count() == 0


async def test_a_stranger_to_a_channel_reads_but_does_not_write(stage: Stage):
    page = await stage.window(ANA, BERLIN)
    await expect(page.get_by_test_id("reading")).to_contain_text("Only members write in #berlin")
    assert await page.get_by_test_id("composer").count() == 0
