"""Attempts through the HTTP API of a running deployment, in rooms of their own, with one token's rights.

Kept out: the database, but for the invariants where its address is known.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

import aiohttp

from bot.stress.plan import Attempt, Plan, StressRefused
from bot.stress.told import Figures, RefusedError, Told, Violated
from core.models import HOLDS_ROOM, Slot, Status

SECONDS = 60.0
# How long to ask again where nobody answers: an address at which nobody ever has is more likely a wrong one.
FIRST_PATIENCE, PATIENCE = 3.0, 60.0
PAGE, ROOMS_A_QUESTION = 200, 50
CLEARING_AT_ONCE = 8
# The API's words for "it may or may not have been done" and "come again later".
_UNKNOWN, _TOO_MANY = (502, 503, 504), 429

# Returns the invariants that do not hold; None where the database is not known.
Check = Callable[[], Awaitable[Sequence[Violated]]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came back: the status, the body as JSON, and the entity tag."""

    status: int
    body: Mapping[str, Any]
    etag: str


@dataclass(kw_only=True)
class Asker:
    """Asks with a token; waits and asks again where the API says that it was too much."""

    http: aiohttp.ClientSession
    base: str
    headers: Mapping[str, str]
    waited: int = 0
    _heard: bool = False

    async def ask(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        key: str | None = None,
        match: str | None = None,
        params: Sequence[tuple[str, str]] = (),
    ) -> Answer:
        """Return the answer, or raise RefusedError with the API's code."""
        headers = {**self.headers, **({"Idempotency-Key": key} if key else {}), **({"If-Match": match} if match else {})}
        pause, since, lost = 0.2, monotonic(), False
        while True:
            try:
                async with self.http.request(method, self.base + path, json=body, headers=headers, params=params) as said:
                    if said.status == _TOO_MANY:
                        self.waited += 1
                        await asyncio.sleep(float(said.headers.get("Retry-After", "1")))
                        continue
                    self._heard = True
                    # Without a key, what is refused as stale may be what our own first try has done.
                    known = key is not None or not lost
                    return _judged(said.status, await _json(said), said.headers.get("ETag", ""), known=known)
            except (aiohttp.ClientError, TimeoutError) as error:
                lost = True
                patience = PATIENCE if self._heard else FIRST_PATIENCE
                # With its key, what was sent twice is done once; cancelling twice is cancelling.
                if monotonic() - since > patience:
                    raise RefusedError("NoAnswer", answered=False) from error
                await asyncio.sleep(pause)
                pause = min(1.0, pause * 1.5)

    async def all(self, path: str, params: Sequence[tuple[str, str]]) -> list[Mapping[str, Any]]:
        """Return every item of a list, page by page."""
        found: list[Mapping[str, Any]] = []
        cursor: str | None = None
        while True:
            more = [("cursor", cursor)] if cursor else []
            answer = await self.ask("GET", path, params=[*params, ("limit", str(PAGE)), *more])
            found += answer.body["items"]
            cursor = answer.body["next"]
            if cursor is None:
                return found


@dataclass(kw_only=True)
class ThroughApi:
    """The API of a deployment; `check` looks at its database, where that is known."""

    asker: Asker
    name: str
    begins: datetime
    check: Check | None
    run: str = field(default_factory=lambda: uuid4().hex)
    location: UUID | None = None
    rooms: list[UUID] = field(default_factory=list)

    @property
    def checks(self) -> str:
        """Say what is looked at in the end."""
        return "the invariants by SQL" if self.check else "the bookings as the API lists them (DATABASE_URL would tell more)"

    async def book(self, attempt: Attempt) -> Told:
        """Book as the attempt says."""
        said = {**_times(attempt.slot), "roomId": str(self.rooms[attempt.room]), "title": self.name}
        return _told((await self.asker.ask("POST", "/bookings", body=said, key=self._key(attempt))).body)

    async def move(self, attempt: Attempt, known: Told) -> Told:
        """Move a booking."""
        said = {**_times(attempt.slot), "roomId": str(self.rooms[attempt.room])}
        return _told((await self._change("PATCH", f"/bookings/{known.id}", said, attempt, known)).body)

    async def cancel(self, attempt: Attempt, known: Told) -> Told:
        """Cancel a booking."""
        return _told((await self._change("POST", f"/bookings/{known.id}/cancel", None, attempt, known)).body)

    async def stored(self) -> Sequence[Told]:
        """Return every booking in our rooms, whatever became of it."""
        return await self._listed(tuple(Status))

    async def violations(self) -> Sequence[Violated]:
        """Return the invariants that do not hold, where the database is known."""
        return await self.check() if self.check else ()

    async def figures(self) -> Figures:
        """Return how often we had to wait."""
        return Figures(waited=self.asker.waited)

    async def make(self, count: int) -> None:
        """Make a location with so many rooms; raises StressRefused where the token may not."""
        try:
            body = {"name": self.name, "timeZone": "Etc/UTC"}
            place = await self.asker.ask("POST", "/locations", body=body, key=f"{self.run} place")
            self.location = UUID(place.body["id"])
            for number in range(count):
                room = {"locationId": str(self.location), "name": f"Stress {number + 1}", "capacity": 8}
                made = await self.asker.ask("POST", "/rooms", body=room, key=f"{self.run} room {number}")
                self.rooms.append(UUID(made.body["id"]))
        except RefusedError as refused:
            raise StressRefused(
                _SENTENCES.get(refused.code, f"The API says {refused.code}: nothing was begun.")
            ) from refused
        except InternalError as error:
            raise StressRefused(f"No rooms could be made: {error}.") from error

    async def take_away(self) -> None:
        """Cancel what still holds a room of ours, and take the location with its rooms out of use."""
        if self.location is None:
            return
        waiting = list(await self._listed(tuple(HOLDS_ROOM)))

        async def worker() -> None:
            while waiting:
                with suppress(RefusedError):  # somebody else was quicker, or our own first try was
                    await self.asker.ask("POST", f"/bookings/{waiting.pop().id}/cancel", match="*")

        await asyncio.gather(*(worker() for _ in range(CLEARING_AT_ONCE)))
        await self.asker.ask("POST", f"/locations/{self.location}/deactivate", match="*", key=f"{self.run} close")

    async def _listed(self, statuses: Sequence[Status]) -> list[Told]:
        begins = self.begins - timedelta(days=1)
        window = [("from", begins.isoformat()), ("until", (begins + timedelta(days=360)).isoformat())]
        found: list[Told] = []
        for first in range(0, len(self.rooms), ROOMS_A_QUESTION):
            rooms = [("roomId", str(room)) for room in self.rooms[first : first + ROOMS_A_QUESTION]]
            wanted = [("status", status.value) for status in statuses]
            found += [_told(one) for one in await self.asker.all("/bookings", [*window, *rooms, *wanted])]
        return found

    async def _change(self, method: str, path: str, body: Any, attempt: Attempt, known: Told) -> Answer:  # noqa: ANN401 - JSON
        return await self.asker.ask(method, path, body=body, key=self._key(attempt), match=f'"{known.version}"')

    def _key(self, attempt: Attempt) -> str:
        return f"{self.run} {attempt.number}"


_SENTENCES = {
    "Unauthorized": "The API does not know this token: make one with `bookroom tokens make --scope admin`.",
    "Forbidden": "The token may not make rooms: it needs the scope admin, and a person who is an admin.",
    "NotAllowed": "The token may not make rooms: it needs the scope admin, and a person who is an admin.",
    "NoAnswer": "Nobody answers at that address: give --url the address of a running Bookroom, like http://127.0.0.1:3000.",
    "NotFound": "There is no API of Bookroom's at that address: give --url its beginning, without /api/v1.",
    "NoJson": "What answers at that address is no Bookroom: give --url the address of a running one.",
}


@asynccontextmanager
async def through_api(
    plan: Plan, *, url: str, token: str, begins: datetime, name: str, check: Check | None
) -> AsyncIterator[ThroughApi]:
    """Make rooms for the plan in the deployment, and take all of it out of use afterwards, whatever happened."""
    headers = {"Authorization": f"Bearer {token}"}
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=SECONDS, sock_read=SECONDS)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=plan.connections), timeout=timeout) as http:
        asker = Asker(http=http, base=f"{url.rstrip('/')}/api/v1", headers=headers)
        target = ThroughApi(asker=asker, name=name, begins=begins, check=check)
        try:
            await target.make(plan.rooms)
            yield target
        finally:
            await asyncio.shield(target.take_away())


def _judged(status: int, body: Mapping[str, Any], etag: str, *, known: bool) -> Answer:
    if status < 300:
        return Answer(status=status, body=body, etag=etag)
    code = str(body.get("error") or "NoJson")
    if status == 500:
        raise InternalError(f"the API answered with 500 {code}")
    raise RefusedError(code, answered=known and status not in _UNKNOWN)


class InternalError(Exception):
    """The API broke."""


async def _json(said: aiohttp.ClientResponse) -> Mapping[str, Any]:
    try:
        body = await said.json()
    except (ValueError, aiohttp.ContentTypeError):
        return {}
    return body if isinstance(body, dict) else {}


def _times(slot: Slot) -> dict[str, str]:
    return {"start": slot.start.isoformat(), "end": slot.end.isoformat()}


def _told(booking: Mapping[str, Any]) -> Told:
    return Told(
        id=UUID(booking["id"]),
        version=booking["version"],
        room=UUID(booking["roomId"]),
        slot=Slot(start=datetime.fromisoformat(booking["start"]), end=datetime.fromisoformat(booking["end"])),
        holds=Status(booking["status"]) in HOLDS_ROOM,
    )
