"""What travels of a builder's object is what the builder itself would say."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models import blocks as made
from slack_sdk.models.blocks.block_elements import RichTextElementParts as Parts

from handlers.plain import plain
from handlers.views.text import bold, code, grey, mention, rich, struck

SIGN = made.PlainTextObject(text="Go", emoji=False)
CONFIRM = made.ConfirmObject(title="Sure?", text="It is gone then.", confirm="Yes", deny="No", style="danger")
OPTIONS = [made.Option(text=f"Room {number}", value=str(number), description="seats 4") for number in range(3)]


@pytest.mark.parametrize(
    "block",
    [
        rich(["✅ ", bold("Apollo"), " is yours <!channel>"], [mention("U1"), struck("old"), code("/book")]),
        rich([]),
        grey("small"),
        made.DividerBlock(),
        made.HeaderBlock(text="Rooms"),
        made.SectionBlock(text=made.MarkdownTextObject(text="*x*", verbatim=True), accessory=made.ButtonElement(text=SIGN)),
        made.ActionsBlock(
            block_id="row",
            elements=[
                made.ButtonElement(text=SIGN, action_id="a", value="", style="danger", confirm=CONFIRM),
                made.StaticSelectElement(placeholder=SIGN, action_id="b", options=OPTIONS, initial_option=OPTIONS[1]),
                made.OverflowMenuElement(action_id="c", options=OPTIONS),
            ],
        ),
        made.InputBlock(label=SIGN, element=made.PlainTextInputElement(action_id="d", max_length=20), optional=True),
        made.InputBlock(label=SIGN, element=made.CheckboxesElement(action_id="e", options=OPTIONS[:1])),
        made.InputBlock(label=SIGN, element=made.UserMultiSelectElement(action_id="f", initial_users=["U1"])),
        made.InputBlock(label=SIGN, element=made.DatePickerElement(action_id="g", initial_date="2026-11-24")),
        made.RichTextBlock(elements=[made.RichTextListElement(elements=[], style="bullet")]),
        made.RichTextBlock(elements=[made.RichTextSectionElement(elements=[Parts.Link(url="https://a.b", text="c")])]),
    ],
)
def test_a_block_travels_as_it_would_tell_itself(block: made.Block):
    assert plain(block) == block.to_dict()


@pytest.mark.parametrize(
    "broken",
    [
        made.HeaderBlock(text="x" * 151),
        made.ActionsBlock(elements=[made.ButtonElement(text=SIGN, value="x" * 2001)]),
    ],
)
def test_what_slack_would_refuse_is_refused_before(broken: Any):
    with pytest.raises(SlackObjectFormationError) as theirs:
        broken.to_dict()
    with pytest.raises(SlackObjectFormationError, match=str(theirs.value)[:20]):
        plain(broken)


def test_what_is_no_builders_object_stays():
    assert plain({"type": "divider"}) == {"type": "divider"}
