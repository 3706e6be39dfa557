"""The files that were uploaded: what they are called, what is in them, and whether they may be used yet."""

from __future__ import annotations

import mimetypes
import secrets
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from sandbox.errors import Json

# Slack's plan allows more; nobody needs it here.
MOST_BYTES = 8 * 1024 * 1024


@dataclass(kw_only=True, slots=True)
class File:
    """One file. It may be used once it is complete: its bytes have come, and whoever sent them has said so."""

    id: str
    name: str
    owner: str
    length: int
    created: int
    ticket: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    title: str = ""
    alt_text: str = ""
    content: bytes | None = None
    complete: bool = False

    @property
    def mimetype(self) -> str:
        """What kind of content its name promises."""
        return mimetypes.guess_type(self.name)[0] or "application/octet-stream"

    @property
    def kind(self) -> str:
        """Slack's word for the kind: the name's ending."""
        return PurePosixPath(self.name).suffix.lstrip(".").lower() or "binary"

    def shown(self, address: str) -> Json:
        """The file object of the Web API; `address` is where the sandbox is reached."""
        private = f"{address}/files/{self.id}/{self.name}"
        return {
            "id": self.id,
            "created": self.created,
            "timestamp": self.created,
            "name": self.name,
            "title": self.title or self.name,
            "mimetype": self.mimetype,
            "filetype": self.kind,
            "user": self.owner,
            "size": self.length,
            "mode": "hosted",
            "is_external": False,
            "is_public": False,
            "url_private": private,
            "url_private_download": private,
        }


class Files:
    """Every file by its id."""

    def __init__(self) -> None:
        self._files: dict[str, File] = {}

    def announce(self, file: File) -> File:
        """Expect the bytes of a file."""
        self._files[file.id] = file
        return file

    def find(self, file_id: str) -> File | None:
        """The file with this id, complete or not."""
        return self._files.get(file_id)

    def by_ticket(self, ticket: str) -> File | None:
        """The file whose bytes are sent with this ticket."""
        return next((one for one in self._files.values() if secrets.compare_digest(one.ticket, ticket)), None)

    def usable(self, reference: Json) -> bool:
        """Whether a `slack_file` of a block (`{"id"}` or `{"url"}`) names a file that can be shown."""
        wanted = reference.get("id")
        if wanted is None:
            parts = str(reference.get("url", "")).split("/files/")
            wanted = parts[1].split("/")[0] if len(parts) == 2 else ""
        file = self._files.get(str(wanted))
        return file is not None and file.complete

    def drop(self, file_id: str) -> bool:
        """Forget a file; whether there was one."""
        return self._files.pop(file_id, None) is not None
