"""The JSON control API under /sandbox, with which the page, the tests and the demo act as people."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from sandbox.clicking import Clicking
from sandbox.composing import Composing
from sandbox.errors import Json, Refusal
from sandbox.feed import Subscription
from sandbox.model import Conversation, Message
from sandbox.parts import Parts
from sandbox.submitting import Submitting

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
            "read": self._mark_read,
            "faults": self._switch_faults,
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
        }

    def routes(self) -> list[web.RouteDef]:
        """The HTTP routes of the control API."""
        asked = [web.get(f"/sandbox/{name}", _ask(run)) for name, run in self.questions().items()]
        done = [web.post(f"/sandbox/{name}", _do(run)) for name, run in self.operations().items()]
        return [*asked, *done, web.get("/sandbox/events", self._events)]

    async def _state(self, body: Json) -> Json:
        me = self._parts.person(body.get("user") or next(iter(self._ws.people)))
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

    def _channel(self, user: str, one: Conversation) -> Json:
        return {
            "id": one.id,
            "name": one.name,
            "topic": one.topic,
            "is_private": one.is_private,
            "is_im": one.is_direct,
            "is_member": user in one.members,
            "members": sorted(one.members),
            "unread": self._ws.unread(user, one),
        }

    async def _messages(self, body: Json) -> Json:
        user = self._parts.person(body.get("user")).id
        conversation = self._parts.conversation(user, body.get("channel"))
        thread_ts = body.get("thread_ts")
        shown = [
            self._ws.shown(one)
            for one in conversation.messages.values()
            if one.ephemeral_to in (None, user) and _belongs(one, thread_ts)
        ]
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
        return {"ok": True, "faults": self._parts.faults.shown()}

    async def _switch_faults(self, body: Json) -> Json:
        self._parts.faults.switch(body)
        cut = 0
        if body.get("disconnect"):
            reason = str(body["disconnect"])
            if reason not in ("warning", "refresh_requested", "link_disabled", "abort"):
                raise Refusal("invalid_fault", "disconnect is warning, refresh_requested, link_disabled or abort.")
            cut = await self._parts.delivery.disconnect(reason)
        return {"ok": True, "faults": self._parts.faults.shown(), "disconnected": cut}

    async def _log(self, body: Json) -> Json:
        since = str(body.get("since", "0"))
        if not since.isdigit():
            raise Refusal("invalid_since", "since is the number of a log entry.")
        return {"ok": True, "entries": self._parts.feed.log(int(since))}

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
