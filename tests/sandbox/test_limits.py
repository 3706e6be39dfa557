"""The sandbox's limits are those of slack_sdk's models: as much as each allows is taken, one more is refused."""

from collections.abc import Callable

import pytest
from slack_sdk.models import blocks as sdk
from slack_sdk.models.blocks import basic_components
from slack_sdk.models.blocks import blocks as sdk_blocks
from slack_sdk.models.views import View

from sandbox import blocks as block_kit
from sandbox import views
from sandbox.api_chat import MOST_ATTACHMENTS
from tests.sandbox.bench import button, entry, modal, option, plain, section, text_input


def text_of(length: int) -> dict:
    return plain("x" * length)


def act(**more: object) -> dict:
    return {"type": "actions", "elements": [button(**more)]}


def sure(**more: object) -> dict:
    asked = {"title": plain("Sure?"), "text": plain("Gone."), "confirm": plain("Yes"), "deny": plain("No")}
    return act(confirm={**asked, **more})


def choice(kind: str = "static_select", **more: object) -> dict:
    chosen = {"type": kind, "action_id": "pick", "options": [option("a")], **more}
    return {"type": "actions", "elements": [chosen]} if kind != "multi_static_select" else section(accessory=chosen)


def options(count: int) -> list:
    return [option(f"v{number}") for number in range(count)]


def groups(count: int) -> list:
    return [{"label": plain("Group"), "options": [option("a")]}] * count


def picture(**more: object) -> dict:
    return {"type": "image", "image_url": "https://a.example/a.png", "alt_text": "A room", **more}


def link(length: int) -> str:
    start = "https://a.example/"
    return start + "x" * (length - len(start))


def bare(**more: object) -> dict:
    return {"type": "modal", "title": plain("x"), "submit": plain("x"), "blocks": [section()], **more}


# What the SDK calls it, its limit, and blocks that use just so much of it.
IN_BLOCKS: list[tuple[str, int, Callable[[int], list]]] = [
    ("Block.block_id", sdk.Block.block_id_max_length, lambda n: [section(block_id="b" * n)]),
    ("SectionBlock.text", sdk.SectionBlock.text_max_length, lambda n: [section("x" * n)]),
    ("SectionBlock.fields", sdk.SectionBlock.fields_max_length, lambda n: [{"type": "section", "fields": [plain("x")] * n}]),
    ("HeaderBlock.text", sdk.HeaderBlock.text_max_length, lambda n: [{"type": "header", "text": text_of(n)}]),
    (
        "ContextBlock.elements",
        sdk.ContextBlock.elements_max_length,
        lambda n: [{"type": "context", "elements": [plain("x")] * n}],
    ),
    (
        "ActionsBlock.elements",
        sdk.ActionsBlock.elements_max_length,
        lambda n: [{"type": "actions", "elements": [button(f"b{one}") for one in range(n)]}],
    ),
    ("ImageBlock.image_url", sdk.ImageBlock.image_url_max_length, lambda n: [picture(image_url=link(n))]),
    ("ImageBlock.alt_text", sdk.ImageBlock.alt_text_max_length, lambda n: [picture(alt_text="x" * n)]),
    ("ImageBlock.title", sdk.ImageBlock.title_max_length, lambda n: [picture(title=text_of(n))]),
    (
        "ImageElement.alt_text",
        sdk.ImageElement.alt_text_max_length,
        lambda n: [{"type": "context", "elements": [picture(alt_text="x" * n)]}],
    ),
    (
        "ImageElement.image_url",
        sdk.ImageElement.image_url_max_length,
        lambda n: [{"type": "context", "elements": [picture(image_url=link(n))]}],
    ),
    ("InputBlock.label", sdk.InputBlock.label_max_length, lambda n: [entry(text_input(), label=text_of(n))]),
    ("InputBlock.hint", sdk.InputBlock.hint_max_length, lambda n: [entry(text_input(), hint=text_of(n))]),
    ("MarkdownBlock.text", sdk_blocks.MarkdownBlock.text_max_length, lambda n: [{"type": "markdown", "text": "x" * n}]),
    (
        "InteractiveElement.action_id",
        sdk.InteractiveElement.action_id_max_length,
        lambda n: [act(action_id="a" * n)],
    ),
    (
        "InputInteractiveElement.placeholder",
        sdk.InputInteractiveElement.placeholder_max_length,
        lambda n: [choice(placeholder=text_of(n))],
    ),
    ("ButtonElement.text", sdk.ButtonElement.text_max_length, lambda n: [act(text="x" * n)]),
    ("ButtonElement.url", sdk.ButtonElement.url_max_length, lambda n: [act(url=link(n))]),
    ("ButtonElement.value", sdk.ButtonElement.value_max_length, lambda n: [act(value="v" * n)]),
    ("ConfirmObject.title", sdk.ConfirmObject.title_max_length, lambda n: [sure(title=text_of(n))]),
    ("ConfirmObject.text", sdk.ConfirmObject.text_max_length, lambda n: [sure(text=text_of(n))]),
    ("ConfirmObject.confirm", sdk.ConfirmObject.confirm_max_length, lambda n: [sure(confirm=text_of(n))]),
    ("ConfirmObject.deny", sdk.ConfirmObject.deny_max_length, lambda n: [sure(deny=text_of(n))]),
    ("Option.label", sdk.Option.label_max_length, lambda n: [choice(options=[option("a", "x" * n)])]),
    ("Option.value", sdk.Option.value_max_length, lambda n: [choice(options=[option("v" * n, "x")])]),
    (
        "OptionGroup.label",
        basic_components.OptionGroup.label_max_length,
        lambda n: [choice(options=None, option_groups=[{"label": text_of(n), "options": [option("a")]}])],
    ),
    (
        "OptionGroup.options",
        basic_components.OptionGroup.options_max_length,
        lambda n: [choice(options=None, option_groups=[{"label": plain("x"), "options": options(n)}])],
    ),
    (
        "StaticSelectElement.options",
        sdk.StaticSelectElement.options_max_length,
        lambda n: [choice(options=options(n))],
    ),
    (
        "StaticSelectElement.option_groups",
        sdk.StaticSelectElement.option_groups_max_length,
        lambda n: [choice(options=None, option_groups=groups(n))],
    ),
    (
        "StaticMultiSelectElement.options",
        sdk.StaticMultiSelectElement.options_max_length,
        lambda n: [choice("multi_static_select", options=options(n))],
    ),
    (
        "OverflowMenuElement.options",
        sdk.OverflowMenuElement.options_max_length,
        lambda n: [choice("overflow", options=options(n))],
    ),
]

# The same for views.
IN_VIEWS: list[tuple[str, int, Callable[[int], dict]]] = [
    ("View.title", View.title_max_length, lambda n: bare(title=text_of(n))),
    ("View.submit", View.submit_max_length, lambda n: bare(submit=text_of(n))),
    ("View.close", View.close_max_length, lambda n: bare(close=text_of(n))),
    ("View.blocks", View.blocks_max_length, lambda n: bare(blocks=[section()] * n)),
    ("View.private_metadata", View.private_metadata_max_length, lambda n: bare(private_metadata="x" * n)),
    ("View.callback_id", View.callback_id_max_length, lambda n: bare(callback_id="x" * n)),
]


@pytest.mark.parametrize(("limit", "using"), [one[1:] for one in IN_BLOCKS], ids=[one[0] for one in IN_BLOCKS])
def test_a_limit_on_blocks_is_the_sdks(limit: int, using: Callable[[int], list]):
    assert block_kit.check(using(limit), "message") == []
    assert block_kit.check(using(limit + 1), "message") != []


@pytest.mark.parametrize(("limit", "using"), [one[1:] for one in IN_VIEWS], ids=[one[0] for one in IN_VIEWS])
def test_a_limit_on_views_is_the_sdks(limit: int, using: Callable[[int], dict]):
    assert views.problems_of(using(limit)) == []
    assert views.problems_of(using(limit + 1)) != []


def test_the_limit_on_attachments_is_the_sdks():
    with pytest.warns(UserWarning, match="no longer actively maintained"):
        from slack_sdk.models.messages.message import Message

    assert Message.attachments_max_length == MOST_ATTACHMENTS


def test_a_view_of_the_bench_is_good_so_that_only_the_limit_is_at_fault():
    assert views.problems_of(modal()) == []
