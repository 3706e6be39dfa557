"""Photos of rooms as pictures, with words for those who do not see them."""

from __future__ import annotations

from typing import Any

from slack_sdk.models.blocks import Block, ImageBlock, ImageElement

from core import photos
from core.models import Room
from handlers.views.text import cut


def large(room: Room | None) -> list[Block]:
    """Return the room's photo; nothing where it has none."""
    if room is None or not room.photo:
        return []
    return [ImageBlock(alt_text=_words(room), title=cut(room.name, 100), **_source(room.photo))]


def small(room: Room) -> ImageElement | None:
    """Return the room's photo as it stands beside what is said of it; None where it has none."""
    return ImageElement(alt_text=_words(room), **_source(room.photo)) if room.photo else None


def _words(room: Room) -> str:
    return f"Photo of {cut(room.name, 100)}"


def _source(photo: str) -> dict[str, Any]:
    file = photos.file_of(photo)
    return {"slack_file": {"id": file}} if file else {"image_url": photo}
