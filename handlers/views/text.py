"""Lines that carry what people typed as they typed it: `<!channel>` pings nobody, `*x*` keeps its asterisks.

A line is a sequence of pieces. From the same pieces come the rich text block and the fallback that is read aloud.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from slack_sdk.models.blocks import (
    Block,
    ContextBlock,
    MarkdownTextObject,
    PlainTextObject,
    RichTextBlock,
    RichTextSectionElement,
)
from slack_sdk.models.blocks.block_elements import RichTextElementParts as Parts

from core.erasing import ERASED, FORMER

FALLBACK_LENGTH = 3000
GREY_LENGTH = 2000


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A stretch of text in one style, or a person or channel by Slack id."""

    text: str = ""
    bold: bool = False
    struck: bool = False
    code: bool = False
    user: str | None = None
    channel: str | None = None


Line = Sequence[str | Piece]


def bold(text: str) -> Piece:
    """Return text that stands out."""
    return Piece(text=text, bold=True)


def struck(text: str) -> Piece:
    """Return text that is crossed out."""
    return Piece(text=text, struck=True)


def code(text: str) -> Piece:
    """Return text to be typed."""
    return Piece(text=text, code=True)


def mention(slack_user_id: str) -> Piece:
    """Return a person's name as Slack shows it; in an answer to one person it pings nobody."""
    # Who was erased is nobody whom Slack could name.
    return Piece(text=FORMER) if slack_user_id.startswith(ERASED) else Piece(user=slack_user_id)


def channel(channel_id: str) -> Piece:
    """Return a channel's name as Slack shows it."""
    return Piece(channel=channel_id)


def quoted(title: str) -> str:
    """Return a title in double quotes."""
    return f'"{title}"'


def said(text: str) -> str:
    """Return text of people's for a mrkdwn field or a message's fallback: no mention or link can come of it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cut(text: str, length: int) -> str:
    """Return the text, shortened with an ellipsis where it is longer."""
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def joined(lines: Iterable[Line], separator: str) -> list[str | Piece]:
    """Return the lines as one, with the separator between them; empty lines are left out."""
    whole: list[str | Piece] = []
    for line in (line for line in lines if line):
        whole += [separator, *line] if whole else line
    return whole


def rich(*lines: Line) -> RichTextBlock:
    """Return the lines as a block that shows every character as it is."""
    pieces = [_part(piece) for piece in joined(lines, "\n") if piece not in {"", Piece()}]
    return RichTextBlock(elements=[RichTextSectionElement(elements=pieces)])


def spoken(*lines: Line) -> str:
    """Return the lines as the fallback text of a message, escaped."""
    return cut("\n".join("".join(_spoken(piece) for piece in line) for line in lines if line), FALLBACK_LENGTH)


def grey(text: str) -> Block:
    """Return a small grey line that shows every character as it is."""
    return ContextBlock(elements=[PlainTextObject(text=cut(text, GREY_LENGTH), emoji=False)])


def grey_links(before: str, links: Mapping[str, str]) -> Block:
    """Return a small grey line of links, each an address by its label."""
    shown = " · ".join(f"<{said(address)}|{label}>" for label, address in links.items())
    return ContextBlock(elements=[MarkdownTextObject(text=f"{before}{shown}", verbatim=True)])


def _part(piece: str | Piece) -> Parts.Text | Parts.User | Parts.Channel:
    if isinstance(piece, str):
        return Parts.Text(text=piece)
    if piece.user:
        return Parts.User(user_id=piece.user)
    if piece.channel:
        return Parts.Channel(channel_id=piece.channel)
    style = Parts.TextStyle(bold=piece.bold or None, strike=piece.struck or None, code=piece.code or None)
    return Parts.Text(text=piece.text, style=style if piece.bold or piece.struck or piece.code else None)


def _spoken(piece: str | Piece) -> str:
    if isinstance(piece, str):
        return said(piece)
    if piece.user:
        return f"<@{piece.user}>"
    if piece.channel:
        return f"<#{piece.channel}>"
    # Crossed out is not heard.
    return f"(was {said(piece.text)})" if piece.struck else said(piece.text)
