"""The photo of a room as a form gives it: a picture that is uploaded, or an address; kept as the bot's own file."""

from __future__ import annotations

from core import photos
from core.errors import InvalidSetting
from core.models import KEEP, Keep
from handlers.admin_asked import Asked
from handlers.given_files import MEGABYTE, fetched
from handlers.slack_errors import FAILED, reason

LARGEST = 2 * MEGABYTE
# How the kinds of pictures that Slack shows begin, and the ending that goes with each.
_KINDS = ((b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpg"), (b"GIF87a", "gif"), (b"GIF89a", "gif"))


async def chosen(asked: Asked) -> str | Keep | None:
    """Return what a form says of the photo: a new one, none, or KEEP; raises InvalidSetting."""
    filled = asked.filled
    if given := filled.files("photo_file"):
        return await _uploaded(given[0], asked)
    typed = filled.text("photo").strip()
    if typed and not photos.public_address(typed):
        raise InvalidSetting(photos.WRONG, fields={"photo": photos.WRONG})
    if typed or filled.option("photo_now") == "drop":
        return typed or None
    # An address that was taken out of its field is gone; a file has no such field.
    return KEEP if filled.has("photo_now") else None


async def _uploaded(file_id: str, asked: Asked) -> str:
    """Return the photo as a file of the bot's own: what a person gave stays theirs, and may be taken away."""
    data = await fetched(file_id, asked.desk, field="photo_file", most=LARGEST)
    ending = next((ending for begins, ending in _KINDS if data.startswith(begins)), None)
    if ending is None:
        said = "That is no picture: give a PNG, JPEG or GIF."
        raise InvalidSetting(said, fields={"photo_file": said})
    name = " ".join(asked.filled.text("name").split())[:80] or "Room"
    try:
        answer = await asked.desk.client.files_upload_v2(
            content=data, filename=f"room.{ending}", title=name, alt_txt=f"Photo of {name}"
        )
    except FAILED as error:
        said = f"Slack did not keep that picture: {reason(error)}."
        raise InvalidSetting(said, fields={"photo_file": said}) from error
    return photos.in_slack(str(answer["files"][0]["id"]))
