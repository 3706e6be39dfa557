"""The methods files.*, where the bytes are sent, and where they are fetched."""

from __future__ import annotations

import json
from collections.abc import Callable

from aiohttp import web

from sandbox.errors import Json, SlackError, invalid_arguments
from sandbox.files import MOST_BYTES, File
from sandbox.model import Message, Workspace
from sandbox.webapi import Arguments, Method

PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
SIGN_IN = "<!DOCTYPE html><title>Sign in</title><p>Sign in to see this file.</p>"


class FilesApi:
    """What the app may do with files."""

    def __init__(self, ws: Workspace, address: Callable[[], str]) -> None:
        self._ws = ws
        self._address = address

    def upload_url(self, arguments: Arguments) -> Json:
        """files.getUploadURLExternal: where the bytes of a file of this name and length are to be sent."""
        name, length = arguments.required("filename"), arguments.number("length", -1)
        if length < 1:
            raise invalid_arguments(["must be greater than or equal to 1 [json-pointer:/length]"])
        if length > MOST_BYTES:
            raise SlackError("file_upload_size_restricted")
        file = self._ws.files.announce(
            File(
                id=self._ws.new_id("F"),
                name=name.rpartition("/")[2] or "file",
                owner=self._ws.company.bot.user_id,
                length=length,
                created=int(self._ws.now()),
                alt_text=arguments.text("alt_txt") or "",
            )
        )
        return {"upload_url": f"{self._address()}/upload/{file.ticket}", "file_id": file.id}

    def complete(self, arguments: Arguments) -> Json:
        """files.completeUploadExternal: from here on the files may be used; with a channel they are shared there."""
        wanted = _listed(arguments.get("files"))
        found = [(self._sent(one), one) for one in wanted]
        channels = [name for name in (arguments.text("channel_id"), *(arguments.text("channels") or "").split(",")) if name]
        places = [self._place(channel) for channel in channels]
        for file, one in found:
            file.complete = True
            file.title = str(one.get("title") or "")
        for channel in places:
            self._share(channel, [file for file, _ in found], arguments)
        return {"files": [file.shown(self._address()) for file, _ in found]}

    def info(self, arguments: Arguments) -> Json:
        """files.info."""
        return {"file": self._known(arguments.required("file")).shown(self._address())}

    def delete(self, arguments: Arguments) -> Json:
        """files.delete: the app's own."""
        file = self._known(arguments.required("file"))
        if file.owner != self._ws.company.bot.user_id:
            raise SlackError("cant_delete_file")
        self._ws.files.drop(file.id)
        return {}

    def _known(self, file_id: str) -> File:
        file = self._ws.files.find(file_id)
        if file is None or not file.complete:
            raise SlackError("file_not_found")
        return file

    def _sent(self, one: Json) -> File:
        file = self._ws.files.find(str(one.get("id")))
        if file is None or file.content is None or file.complete:
            raise SlackError("file_not_found")
        return file

    def _place(self, channel: str) -> str:
        conversation = self._ws.conversations.get(channel)
        if conversation is None:
            raise SlackError("channel_not_found")
        if self._ws.company.bot.user_id not in conversation.members:
            raise SlackError("not_in_channel")
        return conversation.id

    def _share(self, channel: str, files: list[File], arguments: Arguments) -> None:
        blocks = [
            {
                "type": "image",
                "block_id": file.id,
                "slack_file": {"id": file.id},
                "alt_text": file.alt_text or file.title or file.name,
            }
            for file in files
            if file.mimetype.startswith("image/")
        ]
        names = ", ".join(file.title or file.name for file in files)
        self._ws.post(
            Message(
                channel=channel,
                ts=self._ws.next_ts(),
                text=arguments.text("initial_comment") or names,
                blocks=blocks,
                attachments=[],
                bot_id=self._ws.company.bot.bot_id,
                thread_ts=arguments.text("thread_ts"),
            ),
            by="files.completeUploadExternal",
        )

    # -- the bytes -------------------------------------------------------------------------------------------------

    async def take(self, request: web.Request) -> tuple[File, bytes] | None:
        """The file that an upload is for, and its bytes; None where nobody expects any."""
        file = self._ws.files.by_ticket(request.match_info["ticket"])
        if file is None or file.complete:
            return None
        if request.content_type.startswith("multipart/"):
            parts = [part for part in (await request.post()).values() if isinstance(part, web.FileField)]
            return (file, parts[0].file.read()) if parts else None
        return file, await request.read()

    def keep(self, file: File, content: bytes) -> web.Response:
        """Keep the bytes of a file, if they are as many as were announced."""
        if len(content) != file.length:
            return web.Response(status=400, text=f"expected {file.length} bytes, got {len(content)}")
        file.content = content
        return web.Response(text=f"OK - {len(content)}")

    async def fetch(self, request: web.Request) -> web.Response:
        """A file for whoever shows the app's token; anybody else is asked to sign in, with the status of a success."""
        file = self._ws.files.find(request.match_info["id"])
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        allowed = token == self._ws.company.tokens.bot and "files:read" in self._ws.company.scopes
        if not allowed:
            return web.Response(text=SIGN_IN, content_type="text/html")
        if file is None or file.content is None or not file.complete:
            raise web.HTTPNotFound
        return web.Response(body=file.content, content_type=file.mimetype)

    async def show(self, request: web.Request) -> web.Response:
        """A picture for the page; of other kinds only the app and whoever uploaded them see the content."""
        file = self._ws.files.find(request.match_info["id"])
        if file is None or file.content is None or not file.complete or file.mimetype not in PICTURES:
            raise web.HTTPNotFound
        return web.Response(body=file.content, content_type=file.mimetype)


def _listed(given: object) -> list[Json]:
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            given = None
    if not isinstance(given, list) or not given or not all(isinstance(one, dict) and one.get("id") for one in given):
        raise invalid_arguments(["must be an array of files with their ids [json-pointer:/files]"])
    return given


def methods(api: FilesApi) -> dict[str, Method]:
    """The table of these methods."""
    return {
        "files.getUploadURLExternal": Method(run=api.upload_url, scopes=("files:write",), takes_json=False),
        "files.completeUploadExternal": Method(run=api.complete, scopes=("files:write",)),
        "files.info": Method(run=api.info, scopes=("files:read",), takes_json=False),
        "files.delete": Method(run=api.delete, scopes=("files:write",), per_minute=50),
    }
