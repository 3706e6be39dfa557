"""Blocks on their three surfaces: what each may hold, how much of it, and the form in which Slack keeps them.

Block types that are not rolled out to every workspace (video, cards, charts, containers, task lists) are refused as
unsupported, as a workspace without them does.
"""

from __future__ import annotations

import copy
import json
import random
import string as letters
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

from sandbox.elements import ACCESSORY, ACTION, FIELD, IDENTIFIER, IMAGE, SLACK_FILE, has_picture
from sandbox.errors import Json, SlackError, invalid_blocks
from sandbox.shapes import (
    Check,
    add,
    all_of,
    anything,
    array,
    boolean,
    by_type,
    integer,
    link,
    number,
    one_of,
    optional,
    plain,
    record,
    string,
    text,
)

Surface = Literal["message", "modal", "home"]

MOST_BLOCKS: dict[Surface, int] = {"message": 50, "modal": 100, "home": 100}
MOST_MARKDOWN = 12_000


def _text_or_fields(value: object, at: str, problems: list[str]) -> None:
    if isinstance(value, dict) and value.get("text") is None and value.get("fields") is None:
        add(problems, "missing required field: text", at)


_CONTEXT_ITEM = by_type(
    {
        "image": IMAGE,
        "plain_text": text(3000, "plain_text"),
        "mrkdwn": text(3000, "mrkdwn"),
    }
)


def _rich_text() -> Check:
    styles = record({}, dict.fromkeys(("bold", "italic", "strike", "code", "underline", "highlight"), boolean))
    shared: dict[str, Check] = {"type": anything}
    look: dict[str, Check] = {"style": styles}
    inline = by_type(
        {
            "text": record({**shared, "text": string(12_000)}, look),
            "link": record({**shared, "url": link()}, {**look, "text": string(3000), "unsafe": boolean}),
            "emoji": record({**shared, "name": IDENTIFIER}, {**look, "unicode": IDENTIFIER, "url": link()}),
            "user": record({**shared, "user_id": IDENTIFIER}, look),
            "usergroup": record({**shared, "usergroup_id": IDENTIFIER}, look),
            "channel": record({**shared, "channel_id": IDENTIFIER}, look),
            "broadcast": record({**shared, "range": one_of("here", "channel", "everyone")}, look),
            "color": record({**shared, "value": string(20)}, look),
            "date": record(
                {**shared, "timestamp": integer(0, 10**11), "format": string(300)},
                {**look, "url": link(), "fallback": string(300)},
            ),
        }
    )
    inlines = array(inline, most=1000)
    section = record({**shared, "elements": inlines}, {})
    border: dict[str, Check] = {"border": integer(0, 1)}
    listed = record(
        {
            **shared,
            "style": one_of("bullet", "ordered"),
            "elements": array(by_type({"rich_text_section": section}), most=1000),
        },
        {**border, "indent": integer(0, 8), "offset": integer(0, 10_000)},
    )
    preformatted = record({**shared, "elements": inlines}, {**border, "language": string(100)})
    parts = by_type(
        {
            "rich_text_section": section,
            "rich_text_list": listed,
            "rich_text_quote": record({**shared, "elements": inlines}, border),
            "rich_text_preformatted": preformatted,
        }
    )
    return record({"type": anything, "elements": array(parts, most=1000)}, {"block_id": IDENTIFIER})


_RICH_TEXT = _rich_text()
_CELL = by_type(
    {
        "rich_text": _RICH_TEXT,
        "raw_text": record({"type": anything, "text": string(3000)}, {}),
        "raw_number": record({"type": anything, "value": number, "text": string(3000)}, {}),
    }
)
_COLUMN = record({}, {"align": one_of("left", "center", "right"), "is_wrapped": boolean})


def _block(required: Mapping[str, Check], optional: Mapping[str, Check]) -> Check:
    return record({"type": anything, **required}, {"block_id": IDENTIFIER, **optional})


BLOCKS: dict[str, Check] = {
    "section": all_of(
        _block(
            {},
            {
                "text": text(3000),
                "fields": array(text(2000), most=10, fewest=1),
                "accessory": ACCESSORY,
                "expand": boolean,
            },
        ),
        _text_or_fields,
    ),
    "actions": _block({"elements": array(ACTION, most=25, fewest=1)}, {}),
    "context": _block({"elements": array(_CONTEXT_ITEM, most=10, fewest=1)}, {}),
    "header": _block({"text": plain(150)}, {}),
    "divider": _block({}, {}),
    "image": all_of(
        _block(
            {"alt_text": string(2000)},
            {"image_url": link(3000), "slack_file": SLACK_FILE, "title": plain(2000)},
        ),
        has_picture,
    ),
    "input": _block(
        {"label": plain(2000), "element": FIELD},
        {"hint": plain(2000), "optional": boolean, "dispatch_action": boolean},
    ),
    "rich_text": _RICH_TEXT,
    "markdown": _block({"text": string(MOST_MARKDOWN)}, {}),
    "table": _block(
        {"rows": array(array(_CELL, most=20, fewest=1), most=100, fewest=1)},
        {"column_settings": array(optional(_COLUMN), most=20)},
    ),
    "alert": _block({"text": text(200)}, {"level": one_of("default", "info", "warning", "error", "success")}),
}

_ON_ALL = ("section", "actions", "context", "header", "divider", "image", "input", "rich_text")
ON_SURFACE: dict[Surface, tuple[str, ...]] = {
    "message": (*_ON_ALL, "markdown", "table"),
    "modal": (*_ON_ALL, "alert"),
    "home": (*_ON_ALL, "table"),
}
_CHECKS: dict[Surface, Check] = {
    surface: array(by_type({kind: BLOCKS[kind] for kind in kinds}), most=MOST_BLOCKS[surface])
    for surface, kinds in ON_SURFACE.items()
}


def elements_of(block: Mapping[str, Any]) -> Iterator[tuple[str, Json]]:
    """The interactive elements of one block, each with its pointer inside the block."""
    match block.get("type"):
        case "actions":
            for index, element in enumerate(block.get("elements") or []):
                if isinstance(element, dict):
                    yield f"elements/{index}", element
        case "section" if isinstance(block.get("accessory"), dict):
            if block["accessory"].get("type") != "image":
                yield "accessory", block["accessory"]
        case "input" if isinstance(block.get("element"), dict):
            yield "element", block["element"]


def check(blocks: object, surface: Surface, *, at: str = "/blocks") -> list[str]:
    """Everything that is wrong with a list of blocks on a surface; an empty list when nothing is."""
    problems: list[str] = []
    _CHECKS[surface](blocks, at, problems)
    if isinstance(blocks, list) and len(blocks) <= MOST_BLOCKS[surface]:
        objects = [(index, one) for index, one in enumerate(blocks) if isinstance(one, dict)]
        _check_ids(objects, at, problems)
        _check_totals(objects, at, problems)
        if surface != "modal":
            _refuse_files(objects, at, problems)
    return problems


def _refuse_files(blocks: list[tuple[int, Json]], at: str, problems: list[str]) -> None:
    """Files are handed over in modals alone."""
    for index, block in blocks:
        for pointer, element in elements_of(block):
            if element.get("type") == "file_input":
                add(problems, "unsupported type: file_input", f"{at}/{index}/{pointer}/type")


def _check_ids(blocks: list[tuple[int, Json]], at: str, problems: list[str]) -> None:
    seen: set[str] = set()
    for index, block in blocks:
        name = block.get("block_id")
        if isinstance(name, str):
            if name in seen:
                add(problems, f"`block_id` {name} already exists for another block", f"{at}/{index}/block_id")
            seen.add(name)
        actions: set[str] = set()
        for pointer, element in elements_of(block):
            action = element.get("action_id")
            if isinstance(action, str):
                if action in actions:
                    where = f"{at}/{index}/{pointer}/action_id"
                    add(problems, f"`action_id` {action} already exists for another element", where)
                actions.add(action)


def _check_totals(blocks: list[tuple[int, Json]], at: str, problems: list[str]) -> None:
    markdown = sum(len(str(block.get("text", ""))) for _, block in blocks if block.get("type") == "markdown")
    if markdown > MOST_MARKDOWN:
        add(problems, f"markdown blocks hold more than {MOST_MARKDOWN} characters in all", at)
    tables = [index for index, block in blocks if block.get("type") == "table"]
    if len(tables) > 1:
        add(problems, "only one table allowed", f"{at}/{tables[1]}")
    focused = [
        f"{at}/{index}/{pointer}/focus_on_load"
        for index, block in blocks
        for pointer, element in elements_of(block)
        if element.get("focus_on_load") is True
    ]
    if len(focused) > 1:
        add(problems, "only one element can have `focus_on_load`", focused[1])


def pictures_of(blocks: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Json]]:
    """Every `slack_file` in the blocks, each with its pointer."""
    for at, one in _images_in(blocks):
        if isinstance(one.get("slack_file"), dict):
            yield f"{at}/slack_file", one["slack_file"]


def addresses_of(blocks: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Every `image_url` in the blocks, each with its pointer."""
    for at, one in _images_in(blocks):
        if isinstance(one.get("image_url"), str):
            yield f"{at}/image_url", one["image_url"]


def gone(address: str) -> bool:
    """Whether nothing can be fetched there: hosts under .invalid, since here nothing is fetched from anywhere."""
    try:
        return (urlsplit(address).hostname or "").endswith(".invalid")
    except ValueError:
        return True


def _images_in(blocks: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for index, block in enumerate(blocks):
        yield f"/blocks/{index}", block
        for name, one in [("accessory", block.get("accessory")), *_numbered(block.get("elements"))]:
            if isinstance(one, dict):
                yield f"/blocks/{index}/{name}", one


def _numbered(elements: object) -> list[tuple[str, object]]:
    return [(f"elements/{number}", one) for number, one in enumerate(elements)] if isinstance(elements, list) else []


def fresh_id(length: int = 5) -> str:
    """A short random id, of the kind that Slack gives to blocks without one."""
    return "".join(random.choices(letters.ascii_letters + letters.digits, k=length))


def normal(blocks: list[Json]) -> list[Json]:
    """The blocks as Slack keeps and returns them: ids given to whatever has none, text objects completed."""
    kept = copy.deepcopy([{name: one for name, one in block.items() if one is not None} for block in blocks])
    for block in kept:
        block.setdefault("block_id", fresh_id())
        for _, element in elements_of(block):
            element.setdefault("action_id", fresh_id())
        if block["type"] == "input":
            block.setdefault("optional", False)
            block.setdefault("dispatch_action", False)
        _complete_texts(block)
    return kept


def complete_text(value: Json) -> Json:
    """A text object with the fields that Slack adds to it."""
    completed = dict(value)
    if completed.get("type") == "plain_text":
        completed.setdefault("emoji", True)
    elif completed.get("type") == "mrkdwn":
        completed.setdefault("verbatim", False)
    return completed


def _complete_texts(value: object) -> None:
    if isinstance(value, dict):
        if value.get("type") in {"plain_text", "mrkdwn"} and isinstance(value.get("text"), str):
            value.update(complete_text(value))
            return
        for one in value.values():
            _complete_texts(one)
    elif isinstance(value, list):
        for one in value:
            _complete_texts(one)


def accept(blocks: object, surface: Surface = "message") -> list[Json]:
    """Blocks of a message as they are kept; raises SlackError invalid_blocks or invalid_blocks_format."""
    if isinstance(blocks, str):
        try:
            blocks = json.loads(blocks)
        except ValueError:
            raise SlackError("invalid_blocks_format") from None
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise SlackError("invalid_blocks_format")
    problems = check(blocks, surface)
    if problems:
        raise invalid_blocks(problems)
    return normal(blocks)
