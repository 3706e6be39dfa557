"""A firm that uses Bookroom through the sandbox: a real database, the real listeners over signed HTTP, a clock that stands.

It is Tuesday 24 November 2026, 10:07 in New York and 16:07 in Berlin. Everything typed and pressed goes over the wire.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

import handlers
from core.clock import SetClock
from core.db import Database, WriteSession
from core.ids import new_id
from core.models import Actor, Booking, Location, Room, Slot, Wish
from core.people import Profile
from handlers import door, slack_http
from handlers.edge import Edge
from handlers.services import Services, built
from sandbox import company
from sandbox.client import SandboxClient, block_of
from sandbox.server import Running, Sandbox, serving

NOW = datetime(2026, 11, 24, 15, 7, tzinfo=UTC)
ANA, BEN, CHLOE, DEEPA, ERIK, GUEST = "U0ANA", "U0BEN", "U0CHLOE", "U0DEEPA", "U0ERIK", "U0GUEST"
CHANNEL = "C0NEWYORK"
CHANNELS = {CHLOE: "C0BERLIN", ERIK: "C0BERLIN"}
ROOMS = {
    "New York": [
        ("Apollo", 8, "3", ["projector", "whiteboard"]),
        ("Big Ben", 12, "3", ["video", "whiteboard"]),
        ("Boardroom", 20, "5", ["projector", "video", "catering"]),
        ("Corner", 4, "2", ["tv"]),
    ],
    "Berlin": [("Kiez", 4, "1", ["tv"]), ("Spree", 6, "1", ["projector", "whiteboard"])],
}
ZONES = {"New York": "America/New_York", "Berlin": "Europe/Berlin"}


def utc(hour: int, minute: int = 0, *, day: int = 25) -> datetime:
    """Return a moment of November 2026 in UTC; New York is five hours behind it."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def new_york(hour: int, minute: int = 0, *, day: int = 25, minutes: int = 60) -> Slot:
    """Return a slot on New York's clock, tomorrow unless another day of November is given."""
    start = utc(hour, minute, day=day).timestamp() + 5 * 3600
    return Slot(start=datetime.fromtimestamp(start, UTC), end=datetime.fromtimestamp(start + minutes * 60, UTC))


@dataclass(kw_only=True)
class Firm:
    """The running product and the people who use it."""

    urls: Any
    db: Database
    clock: SetClock
    services: Services
    edge: Edge
    running: Running
    slack: SandboxClient
    bot_url: str
    answers: list[dict[str, Any]]
    rooms: dict[str, Room]
    places: dict[str, Location]

    async def say(self, user: str, text: str, *, channel: str | None = None) -> dict[str, Any]:
        """Type `/book …` and return the answer as a message."""
        where = channel or CHANNELS.get(user, CHANNEL)
        before = {message["ts"] for message in await self.slack.messages(user, where)}
        answer = await self.slack.command(user, where, text)
        assert answer["ok"], answer
        await self.edge.drain(10)
        new = [message for message in await self.slack.messages(user, where) if message["ts"] not in before]
        return new[-1] if new else {}

    async def press(self, user: str, message: dict[str, Any], button: str, **chosen: Any) -> dict[str, Any]:
        """Press the button with this label (or action id) and return the message that it led to."""
        where = message["channel"]
        before = {one["ts"]: one for one in await self.slack.messages(user, where)}
        block, action = _button(message, button, chosen.pop("number", 0))
        answer = await self.slack.click(user, message, action, block_id=block)
        assert answer["ok"], answer
        await self.edge.drain(10)
        after = await self.slack.messages(user, where)
        changed = [one for one in after if before.get(one["ts"]) != one]
        return changed[-1] if changed else message

    async def booked(self, room: str, slot: Slot, *, by: str = BEN, **wish: Any) -> Booking:
        """Book a room without Slack."""
        asked = Wish(slot=slot, room_id=self.rooms[room].id, **wish)
        return await self.services.bookings.book(asked, by=await self.actor(by))

    async def actor(self, user: str, **rights: bool) -> Actor:
        """Return one of the firm's people acting."""
        known = next(person for person in self.running.company.users if person.id == user)
        profile = Profile(
            slack_team_id=self.running.company.team.id,
            slack_user_id=user,
            name=known.name,
            zone=known.tz,
            locale=known.locale,
            admin=known.is_admin,
            guest=known.is_guest,
        )
        return (await self.services.people.seen(replace(profile, **rights))).acting()

    async def deliver(self, payload: dict[str, Any], *, secret: str | None = None, age: int = 0) -> int:
        """Send the bot an interaction as Slack would, or as somebody else would; its answer comes to `answers`."""
        payload = {"response_url": self.bot_url.replace(slack_http.PATH, "/answers"), **payload}
        body = urlencode({"payload": json.dumps(payload)}).encode()
        moment = str(int(time.time()) - age)
        key = (secret or self.running.company.tokens.signing_secret).encode()
        digest = hmac.new(key, b"v0:" + moment.encode() + b":" + body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": moment,
            "X-Slack-Signature": f"v0={digest}",
        }
        async with aiohttp.ClientSession() as session, session.post(self.bot_url, data=body, headers=headers) as response:
            await response.read()
        await self.edge.drain(10)
        return response.status

    def click_of(self, user: str, action: str, value: str, *, team: str | None = None) -> dict[str, Any]:
        """Return the payload of a button's click, as Slack sends it; `team` is the person's own where it is another."""
        home = self.running.company.team.id
        return {
            "type": "block_actions",
            "team": {"id": home, "domain": "firm"},
            "user": {"id": user, "team_id": team or home},
            "container": {"type": "message", "message_ts": "1.1", "channel_id": CHANNEL, "is_ephemeral": True},
            "channel": {"id": CHANNEL, "name": "new-york"},
            "trigger_id": "1.2.3",
            "actions": [{"type": "button", "action_id": action, "block_id": "b", "value": value, "action_ts": "1.3"}],
        }

    async def mine(self, user: str) -> tuple[Booking, ...]:
        """Return a person's bookings ahead."""
        return await self.services.bookings.mine(await self.actor(user))

    async def deactivate(self, *rooms: str) -> None:
        """Take rooms out of use."""
        ids = [self.rooms[name].id for name in rooms]

        async def work(session: WriteSession) -> None:
            await session.run("UPDATE rooms SET active = false WHERE id = ANY($1::uuid[])", ids)

        await self.db.write(work, repeatable=True)
        self.services.catalogues.forget()


def words(message: dict[str, Any]) -> str:
    """Return all that a message shows, as characters: rich text, sections, context, without buttons."""
    return "\n".join(text for text in (_shown(block) for block in message["blocks"]) if text)


def labels(message: dict[str, Any]) -> list[str]:
    """Return the labels of a message's buttons."""
    return [element["text"]["text"] for _, element in _buttons(message)]


def _shown(part: Any) -> str:
    match part:
        case {"type": "actions"}:
            return ""
        case {"type": "user", "user_id": user}:
            return f"@{user}"
        case {"type": "text" | "plain_text" | "mrkdwn", "text": text}:
            return str(text)
        case {"type": "context", "elements": elements}:
            return "\n".join(_shown(one) for one in elements)
        case {"type": "section", "text": text}:
            return _shown(text)
        case {"elements": elements}:
            return "".join(_shown(one) for one in elements)
        case _:
            return ""


def _buttons(message: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (block["block_id"], element)
        for block in message["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
    ]


def _button(message: dict[str, Any], label: str, number: int) -> tuple[str, str]:
    found = [(block, one["action_id"]) for block, one in _buttons(message) if one["text"]["text"] == label]
    if not found and (block := block_of(message, label)):
        found = [(block, label)]
    assert found, f"no button {label!r} among {labels(message)}"
    return found[number]


def value_of(message: dict[str, Any], label: str) -> dict[str, Any]:
    """Return what a button carries."""
    value: dict[str, Any] = next(json.loads(one["value"]) for _, one in _buttons(message) if one["text"]["text"] == label)
    return value


async def _furnish(db: Database, *, empty: bool) -> None:
    async def work(session: WriteSession) -> None:
        for place, zone in {} if empty else ZONES.items():
            location_id = new_id()
            await session.run(
                "INSERT INTO locations (tenant_id, id, name, zone) VALUES ($1, $2, $3, $4)",
                session.tenant,
                location_id,
                place,
                zone,
            )
            for name, seats, floor, amenities in ROOMS[place]:
                room_id = new_id()
                await session.run(
                    "INSERT INTO rooms (tenant_id, id, location_id, name, capacity, floor) VALUES ($1, $2, $3, $4, $5, $6)",
                    session.tenant,
                    room_id,
                    location_id,
                    name,
                    seats,
                    floor,
                )
                await session.run_many(
                    "INSERT INTO room_amenities (tenant_id, id, room_id, name) VALUES ($1, $2, $3, $4)",
                    [(session.tenant, new_id(), room_id, amenity) for amenity in amenities],
                )

    await db.write(work, repeatable=True)


def colleagues(number: int) -> list[str]:
    """Return the Slack ids of people more than the company has."""
    return [f"U1COLLEAGUE{n:03}" for n in range(number)]


def _company(zones: Mapping[str, str], *, more: int) -> company.Company:
    known = company.load()
    users = [user.model_copy(update={"tz": zones.get(user.id, user.tz)}) for user in known.users]
    ben = next(user for user in users if user.id == BEN)
    users += [ben.model_copy(update={"id": user, "name": user.lower(), "handle": user.lower()}) for user in colleagues(more)]
    channels = [
        one.model_copy(update={"members": (*one.members, *colleagues(more))}) if one.id == CHANNEL else one
        for one in known.channels
    ]
    return known.model_copy(update={"users": tuple(users), "channels": tuple(channels)})


@asynccontextmanager
async def opened(
    urls: Any, *, empty: bool = False, patience: float = 1.5, zones: Mapping[str, str] | None = None, more: int = 0
) -> AsyncIterator[Firm]:
    """Open the firm on a test's database; `empty` leaves it without rooms, `zones` gives people another clock.

    `more` are so many colleagues of Ben's, see `colleagues`.
    """
    async with AsyncExitStack() as stack:
        db = Database(urls.app_url)
        stack.push_async_callback(db.close)
        await _furnish(db, empty=empty)
        running = await stack.enter_async_context(serving(Sandbox(_company(zones or {}, more=more))))
        tokens = running.company.tokens
        clock = SetClock(NOW)
        services = built(db, clock, fresh_seconds=3600)
        app = AsyncApp(
            client=AsyncWebClient(token=tokens.bot, base_url=running.api_url),
            signing_secret=tokens.signing_secret,
            process_before_response=True,
        )
        edge = handlers.register(app, services, patience=patience)
        served = web.Application()
        answers: list[dict[str, Any]] = []

        async def answered(request: web.Request) -> web.Response:
            answers.append(await request.json())
            return web.Response(text="ok")

        served.add_routes([*slack_http.routes(app), *door.routes(services), web.post("/answers", answered)])
        runner = web.AppRunner(served, access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        stack.push_async_callback(edge.drain, 5)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        bot_url = f"http://127.0.0.1:{runner.addresses[0][1]}{slack_http.PATH}"
        running.sandbox.parts.delivery.bot_url = bot_url
        slack = await stack.enter_async_context(SandboxClient(running.url))
        catalogue = await services.catalogues.current()
        yield Firm(
            urls=urls,
            db=db,
            clock=clock,
            services=services,
            edge=edge,
            running=running,
            slack=slack,
            bot_url=bot_url,
            answers=answers,
            rooms={room.name: room for room in catalogue.rooms},
            places={place.name: place for place in catalogue.locations},
        )
