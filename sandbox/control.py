"""The JSON control API under /sandbox, with which the page, the tests and the demo act as people."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from collections.abc import Awaitable, Callable
from itertools import islice

from aiohttp import web

from sandbox.clicking import Clicking
from sandbox.composing import Composing
from sandbox.errors import Json, Refusal
from sandbox.feed import Subscription
from sandbox.files import MOST_BYTES, File
from sandbox.model import Conversation, Message
from sandbox.parts import Parts
from sandbox.sockets import ENDINGS
from sandbox.submitting import Submitting
from sandbox.world import World

HEARTBEAT_SECONDS = 15.0

Operation = Callable[[Json], Awaitable[Json]]


class Control:
    """Every call under /sandbox."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._ws = parts.ws
        self._composing = Composing(parts)
        self._clicking = Clicking(parts)
        self._submitting = Submitting(parts, self._clicking)
        self._world = World(parts)

    def operations(self) -> dict[str, Operation]:
        """The calls that change something, by the last part of their path."""
        return {
            "command": self._composing.command,
            "message": self._composing.message,
            "home": self._composing.open_home,
            "click": self._clicking.click,
            "fill": self._clicking.fill,
            "options": self._clicking.options,
            "submit": self._submitting.submit,
            "close": self._submitting.close,
            "upload": self._upload,
            "read": self._mark_read,
            "faults": self._switch_faults,
            "channels": self._world.change_channel,
            "users": self._world.change_user,
        }

    def questions(self) -> dict[str, Operation]:
        """The calls that only look, by the last part of their path."""
        return {
            "state": self._state,
            "messages": self._messages,
            "views": self._views,
            "home": self._home,
            "faults": self._show_faults,
            "log": self._log,
            "posts": self._posts,
            "view_counts": self._view_counts,
            "channels": self._world.channels,
            "users": self._world.users,
        }

    def routes(self) -> list[web.RouteDef]:
        """The HTTP routes of the control API."""
        asked = [web.get(f"/sandbox/{name}", _ask(run)) for name, run in self.questions().items()]
        done = [web.post(f"/sandbox/{name}", _do(run)) for name, run in self.operations().items()]
        return [*asked, *done, web.get("/sandbox/events", self._events)]

    async def _upload(self, body: Json) -> Json:
        """A file that a person hands over in a form: `name`, and `content` in base64."""
        user = self._parts.person(body.get("user")).id
        name = str(body.get("name") or "").replace("\\", "/").rpartition("/")[2]
        try:
            content = base64.b64decode(str(body.get("content") or ""), validate=True)
        except binascii.Error:
            raise Refusal("invalid_value", "content is the file in base64.") from None
        if not name or not content:
            raise Refusal("invalid_value", "A file has a name and something in it.")
        if len(content) > MOST_BYTES:
            raise Refusal("file_too_large", "This file is too large for the sandbox.")
        file = self._ws.files.announce(
            File(id=self._ws.new_id("F"), name=name, owner=user, length=len(content), created=int(self._ws.now()))
        )
        file.content, file.complete = content, True
        return {"ok": True, "file": file.shown(self._parts.address)}

    async def _state(self, body: Json) -> Json:
        me = self._parts.person(body.get("user") or self._somebody())
        company = self._ws.company
        team = company.team.model_dump(exclude_none=True)
        return {
            "ok": True,
            "team": team,
            "app": company.bot.model_dump()
            | {
                "home_tab": company.home_tab,
                "messages_tab": company.messages_tab,
                "messages_tab_read_only": company.messages_tab_read_only,
            },
            "me": me.model_dump(),
            "users": [person.model_dump() for person in self._ws.people.values() if not person.deleted],
            "channels": [self._channel(me.id, one) for one in self._ws.visible(me.id)],
            "commands": [command.model_dump() for command in self._ws.commands.values()],
            "faults": self._parts.faults.shown(),
            "app_connected": self._parts.delivery.connected,
        }

    def _somebody(self) -> str | None:
        """Anybody who can use the client."""
        return next((one.id for one in self._ws.people.values() if not one.deleted and not one.is_bot), None)

    def _channel(self, user: str, one: Conversation) -> Json:
        return {
            "id": one.id,
            "name": one.name,
            "topic": one.topic,
            "is_private": one.is_private,
            "is_im": one.is_direct,
            "is_archived": one.archived,
            "is_member": user in one.members,
            "members": sorted(one.members),
            "unread": self._ws.unread(user, one),
        }

    async def _messages(self, body: Json) -> Json:
        user = self._parts.person(body.get("user")).id
        conversation = self._parts.conversation(user, body.get("channel"))
        thread_ts = body.get("thread_ts")
        seen = (
            one
            for one in reversed(conversation.messages.values())
            if one.ephemeral_to in (None, user) and _belongs(one, thread_ts)
        )
        newest = list(islice(seen, _number(body, "limit", None)))
        shown = [self._ws.shown(one) for one in reversed(newest)]
        if not body.get("peek") and conversation.messages:
            conversation.read[user] = next(reversed(conversation.messages))
        return {"ok": True, "messages": shown}

    async def _mark_read(self, body: Json) -> Json:
        user = self._parts.person(body.get("user")).id
        conversation = self._parts.conversation(user, body.get("channel"))
        if conversation.messages:
            conversation.read[user] = next(reversed(conversation.messages))
        return {"ok": True}

    async def _views(self, body: Json) -> Json:
        user = self._parts.person(body.get("user")).id
        return {"ok": True, "views": [self._parts.views.shown(view) for view in self._ws.stacks[user]]}

    async def _home(self, body: Json) -> Json:
        return {"ok": True, "view": self._composing.home(self._parts.person(body.get("user")).id)}

    async def _show_faults(self, body: Json) -> Json:  # noqa: ARG002 - every question has one shape
        return {"ok": True, **self._faults_now()}

    def _faults_now(self) -> Json:
        return {"faults": self._parts.faults.shown(), "inflicted": self._parts.faults.counts()}

    async def _switch_faults(self, body: Json) -> Json:
        how = body.get("disconnect")
        if how and how not in ENDINGS:
            raise Refusal("invalid_fault", f"disconnect is one of {', '.join(ENDINGS)}.")
        self._parts.faults.switch(body)
        gone = await self._parts.delivery.disconnect(str(how)) if how else 0
        self._ws.feed.tell_all({"type": "faults"})
        return {"ok": True, **self._faults_now(), "disconnected": gone}

    async def _posts(self, body: Json) -> Json:
        since, limit = _number(body, "since", 0), _number(body, "limit", None)
        found = self._ws.posts.since(since or 0, limit=limit)
        following = found[-1].n if found and limit is not None and len(found) >= limit else self._ws.posts.last
        return {"ok": True, "posts": [post.shown() for post in found], "next": following, "count": self._ws.posts.count}

    async def _view_counts(self, body: Json) -> Json:  # noqa: ARG002 - every question has one shape
        return {"ok": True, **self._parts.views.counts()}

    async def _log(self, body: Json) -> Json:
        return {"ok": True, "entries": self._parts.feed.log(_number(body, "since", 0) or 0)}

    async def _events(self, request: web.Request) -> web.StreamResponse:
        try:
            user = self._parts.person(request.query.get("user")).id
        except Refusal as refusal:
            return web.json_response(refusal.body(), status=404)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        subscription = self._parts.feed.subscribe(user)
        try:
            await response.write(b"retry: 1000\n\n")
            await _stream(response, subscription)
        except ConnectionResetError:
            pass
        finally:
            self._parts.feed.unsubscribe(user, subscription)
        return response


async def _stream(response: web.StreamResponse, subscription: Subscription) -> None:
    while True:
        try:
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                event = await subscription.queue.get()
        except TimeoutError:
            await response.write(b": still here\n\n")
            continue
        if event is None:
            return
        await response.write(f"data: {json.dumps(event)}\n\n".encode())


def _number(body: Json, name: str, default: int | None) -> int | None:
    given = body.get(name)
    if given is None:
        return default
    if not str(given).isdigit():
        raise Refusal(f"invalid_{name}", f"{name} is a whole number.")
    return int(given)


def _belongs(message: Message, thread_ts: str | None) -> bool:
    if thread_ts:
        return thread_ts in (message.ts, message.thread_ts)
    return message.thread_ts is None or message.broadcast


def _ask(run: Operation) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        return await _answered(run, dict(request.query))

    return handle


def _do(run: Operation) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        try:
            body = await request.json()
        except ValueError:
            body = None
        if request.content_type != "application/json" or not isinstance(body, dict):
            refusal = Refusal("invalid_json", "The body must be a JSON object.")
            return web.json_response(refusal.body(), status=400)
        return await _answered(run, body)

    return handle


async def _answered(run: Operation, body: Json) -> web.Response:
    try:
        return web.json_response(await run(body))
    except Refusal as refusal:
        return web.json_response(refusal.body(), status=400)
