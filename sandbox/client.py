"""A thin client of the control API, with which tests and scripts act as people.

Every method gives the JSON answer as it is: `{"ok": true, ...}` or `{"ok": false, "error": code, ...}`. Nothing raises for
a refusal, since refusals are what many tests are about.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import Self, TypeVar

import aiohttp

from sandbox.errors import Json

T = TypeVar("T")

STEP_SECONDS = 0.02
# Long enough for a machine that has other things to do; only what never comes takes it all.
PATIENCE_SECONDS = 30.0


class SandboxClient:
    """One person or script at the control API of a running sandbox; use it as `async with`."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the HTTP client."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def get(self, name: str, **query: str | int) -> Json:
        """GET /sandbox/<name>."""
        async with self._http().get(f"{self._url}/sandbox/{name}", params=query) as response:
            answer: Json = await response.json()
            return answer

    async def post(self, name: str, body: Json) -> Json:
        """POST /sandbox/<name>; fields of None are left out."""
        return await self._send(name, {field: value for field, value in body.items() if value is not None})

    async def _send(self, name: str, body: Json) -> Json:
        # As a stream: the client warns of large bodies that are handed over whole.
        sent, kind = io.BytesIO(json.dumps(body).encode()), {"Content-Type": "application/json"}
        async with self._http().post(f"{self._url}/sandbox/{name}", data=sent, headers=kind) as response:
            answer: Json = await response.json()
            return answer

    def _http(self) -> aiohttp.ClientSession:
        assert self._session is not None, "use the client as `async with SandboxClient(url)`"
        return self._session

    async def state(self, user: str) -> Json:
        """The workspace as this person sees it."""
        return await self.get("state", user=user)

    async def command(self, user: str, channel: str, text: str) -> Json:
        """Type a slash command: `/book room ...`."""
        return await self.post("command", {"user": user, "channel": channel, "text": text})

    async def message(self, user: str, channel: str, text: str, *, thread_ts: str | None = None) -> Json:
        """Write a message."""
        body = {"user": user, "channel": channel, "text": text, "thread_ts": thread_ts}
        return await self.post("message", body)

    async def messages(self, user: str, channel: str, *, thread_ts: str | None = None) -> list[Json]:
        """What this person sees in a conversation (or thread), oldest first, without marking it read."""
        query = {"user": user, "channel": channel, "peek": "1"}
        if thread_ts is not None:
            query["thread_ts"] = thread_ts
        answer = await self.get("messages", **query)
        return list(answer["messages"])

    async def last_message(self, user: str, channel: str) -> Json | None:
        """The newest message that this person sees there; None when there is none."""
        messages = await self.messages(user, channel)
        return max(messages, key=lambda one: str(one["ts"])) if messages else None

    async def click(self, user: str, where: Json, action_id: str, **chosen: object) -> Json:
        """Press or choose in a message or view, which is given as the API showed it.

        The block is found by `action_id`; pass `block_id` when several blocks have that action. Values by keyword:
        `value`, `selected`, `selected_option`, `selected_options`, `selected_date` and so on.
        """
        block_id = chosen.pop("block_id", None) or block_of(where, action_id)
        body = {"user": user, **place(where), "block_id": block_id, "action_id": action_id, **chosen}
        return await self.post("click", body)

    async def fill(self, user: str, view: Json, values: Json) -> Json:
        """Set inputs of a view: `{block_id: {action_id: value}}`."""
        return await self.post("fill", {"user": user, "view_id": view["id"], "values": values})

    async def upload(self, user: str, name: str, content: bytes) -> Json:
        """Hand a file over, as a form's file input does; its id is the value to fill in."""
        body = {"user": user, "name": name, "content": base64.b64encode(content).decode()}
        answer = await self.post("upload", body)
        return dict(answer["file"])

    async def submit(self, user: str, view: Json, values: Json | None = None) -> Json:
        """Submit a modal, with `values` filled in before."""
        return await self.post("submit", {"user": user, "view_id": view["id"], "values": values})

    async def close(self, user: str, view: Json, *, clear: bool = False) -> Json:
        """Close a modal by Cancel, or with `clear` the whole stack by the ✕."""
        return await self.post("close", {"user": user, "view_id": view["id"], "clear": clear})

    async def options(self, user: str, where: Json, action_id: str, query: str) -> Json:
        """Search in an external select of a message or view."""
        block_id = block_of(where, action_id)
        body = {"user": user, **place(where), "block_id": block_id, "action_id": action_id, "query": query}
        return await self.post("options", body)

    async def views(self, user: str) -> list[Json]:
        """The person's open modals, root first."""
        answer = await self.get("views", user=user)
        return list(answer["views"])

    async def home(self, user: str) -> Json | None:
        """The person's Home tab as it was last published."""
        answer = await self.get("home", user=user)
        view: Json | None = answer["view"]
        return view

    async def open_home(self, user: str, *, tab: str = "home") -> Json:
        """Open the app's Home (or Messages) tab, which sends app_home_opened."""
        return await self.post("home", {"user": user, "tab": tab})

    async def faults(self, **switches: object) -> Json:
        """Switch faults on, or with None off; `clear=True` turns all off."""
        return await self._send("faults", switches)

    async def posts(self, since: int = 0, *, limit: int | None = None) -> Json:
        """Every message the app ever posted or changed after change `since`: `{"posts", "next", "count"}`."""
        return await self.get("posts", since=since, **({} if limit is None else {"limit": limit}))

    async def view_counts(self) -> Json:
        """How often each Home was published (`homes`, by person) and each modal changed (`views`, by view id)."""
        return await self.get("view_counts")

    async def channel(self, channel: str, action: str, *, user: str | None = None) -> Json:
        """`archive`, `unarchive`, `invite` or `remove`; the last two concern the app when no user is named."""
        return await self.post("channels", {"channel": channel, "action": action, "user": user})

    async def person(self, user: str, **changes: object) -> Json:
        """Change a person: `action="deactivate"` or `"reactivate"`, or another `tz`, `locale`, `real_name` or role."""
        return await self.post("users", {"user": user, **changes})

    async def inflicted(self) -> Json:
        """How many faults befell the app since the start: `{"total", "kinds", "methods"}`."""
        answer = await self.get("faults")
        counts: Json = answer["inflicted"]
        return counts

    async def log(self, since: int = 0) -> list[Json]:
        """What went over the wire."""
        answer = await self.get("log", since=since)
        return list(answer["entries"])

    async def events(self, user: str) -> AsyncIterator[Json]:
        """The person's live events, until the sandbox stops."""
        timeout = aiohttp.ClientTimeout(total=None)
        address = f"{self._url}/sandbox/events"
        async with self._http().get(address, params={"user": user}, timeout=timeout) as response:
            async for line in response.content:
                if line.startswith(b"data: "):
                    yield json.loads(line.removeprefix(b"data: "))

    async def wait_for(self, look: Callable[[], Awaitable[T]], *, seconds: float = PATIENCE_SECONDS) -> T:
        """Look again and again until there is something true; raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while True:
            seen = await look()
            if seen:
                return seen
            if time.monotonic() > deadline:
                raise TimeoutError
            await asyncio.sleep(STEP_SECONDS)

    async def wait_for_message(
        self, user: str, channel: str, containing: str = "", *, seconds: float = PATIENCE_SECONDS
    ) -> Json:
        """The newest message whose text or blocks contain a string, once it is there."""

        async def look() -> Json | None:
            for message in reversed(await self.messages(user, channel)):
                if containing in message["text"] or containing in json.dumps(message["blocks"], ensure_ascii=False):
                    return message
            return None

        found = await self.wait_for(look, seconds=seconds)
        assert found is not None
        return found

    async def wait_for_view(self, user: str, *, callback_id: str = "", seconds: float = PATIENCE_SECONDS) -> Json:
        """The person's topmost modal, once one (with this callback id) is open."""

        async def look() -> Json | None:
            views = await self.views(user)
            return views[-1] if views and callback_id in ("", views[-1]["callback_id"]) else None

        found = await self.wait_for(look, seconds=seconds)
        assert found is not None
        return found


def place(where: Json) -> Json:
    """How control calls name a message or view that the API showed."""
    if "ts" in where:
        return {"channel": where["channel"], "ts": where["ts"]}
    return {"view_id": where["id"]}


def block_of(where: Json, action_id: str) -> str | None:
    """The id of the first block that holds an action; None when none does."""
    for block in where["blocks"]:
        held = [*block.get("elements", []), block.get("accessory"), block.get("element")]
        if any(isinstance(one, dict) and one.get("action_id") == action_id for one in held):
            return str(block["block_id"])
    return None
