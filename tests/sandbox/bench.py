"""A running sandbox as tests use it: a clock that moves when told, apps on either transport, blocks to send."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox import company
from sandbox.client import SandboxClient
from sandbox.company import Company
from sandbox.server import Running, Sandbox, serving

ANA, BEN, CHLOE, DEEPA, ERIK, FATIMA, GUS, OLGA = (
    "U0ANA",
    "U0BEN",
    "U0CHLOE",
    "U0DEEPA",
    "U0ERIK",
    "U0FATIMA",
    "U0GUEST",
    "U0OWNER",
)
GENERAL, NEW_YORK, BERLIN, DESIGN, RANDOM = "C0GENERAL", "C0NEWYORK", "C0BERLIN", "C0DESIGN", "C0RANDOM"
ANA_DIRECT = "D0ANA"

# More than Slack's three, since a machine may have other things to do; who waits for no answer asks for less.
ACK_SECONDS = 10.0


class MovingClock:
    """Unix seconds that stand still until moved."""

    def __init__(self) -> None:
        self.seconds = 1_795_600_000.0

    def __call__(self) -> float:
        return self.seconds

    def move(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass(kw_only=True)
class Bench:
    """A running sandbox with everything that a test wants of it."""

    running: Running
    slack: SandboxClient
    api: AsyncWebClient
    clock: MovingClock
    apps: contextlib.AsyncExitStack = field(repr=False)

    @property
    def url(self) -> str:
        return self.running.url

    async def refusal(self, method: str, **arguments: object) -> dict:
        """The body of a call that must be refused."""
        with pytest.raises(SlackApiError) as caught:
            await self.api.api_call(method, json=arguments)
        return dict(caught.value.response.data)

    async def error(self, method: str, **arguments: object) -> str:
        """The error code of a call that must be refused."""
        return str((await self.refusal(method, **arguments))["error"])

    def app(self) -> AsyncApp:
        tokens = self.running.company.tokens
        return AsyncApp(signing_secret=tokens.signing_secret, client=self.api)

    async def over_socket(self, app: AsyncApp) -> AsyncSocketModeHandler:
        """Connect the app by Socket Mode until the test ends."""
        handler = AsyncSocketModeHandler(app, self.running.company.tokens.app, ping_interval=1)
        self.apps.push_async_callback(handler.close_async)
        await handler.connect_async()
        return handler

    async def over_http(self, app: AsyncApp) -> None:
        """Let the app listen for signed requests until the test ends."""
        await self.listen(app.web_app(path="/slack/events"), path="/slack/events")

    async def listen(self, app: web.Application, path: str = "/") -> None:
        """Let any web application stand where the sandbox delivers."""
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        self.apps.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.running.sandbox.parts.delivery.bot_url = f"http://127.0.0.1:{runner.addresses[0][1]}{path}"

    async def listen_with(self, answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> None:
        """Let one handler answer everything that is delivered."""
        app = web.Application()
        app.router.add_post("/", answer)
        await self.listen(app)

    async def post(self, text: str = "A message", *, channel: str = GENERAL, **more: object) -> dict:
        """A message of the app's, as its members see it."""
        answer = await self.api.chat_postMessage(channel=channel, text=text, **more)
        conversation = self.running.sandbox.parts.ws.conversations[answer["channel"]]
        return self.running.sandbox.parts.ws.shown(conversation.messages[answer["ts"]])

    async def modal(self, *blocks: dict, user: str = ANA, **more: object) -> dict:
        """A modal that a person has open."""
        answer = await self.api.views_open(trigger_id=self.trigger(user), view=modal(*blocks, **more))
        return dict(answer["view"])

    def trigger(self, user: str = ANA, **origin: str) -> str:
        """A trigger id as an interaction would bring it."""
        return self.running.sandbox.parts.tickets.trigger(user=user, **origin)


@contextlib.asynccontextmanager
async def bench_of(made_up: Company, **options: object) -> AsyncIterator[Bench]:
    clock = MovingClock()
    settings = {"ack_seconds": ACK_SECONDS, "retry_seconds": (0.0, 0.0, 0.0), "clock": clock, **options}
    async with (
        serving(Sandbox(made_up, **settings)) as running,
        SandboxClient(running.url) as slack,
        contextlib.AsyncExitStack() as apps,
    ):
        api = AsyncWebClient(token=made_up.tokens.bot, base_url=running.api_url)
        yield Bench(running=running, slack=slack, api=api, clock=clock, apps=apps)


def company_with(**changes: object) -> Company:
    """The default company with some fields changed."""
    return company.load().model_copy(update=changes)


def section(text: str = "Hello", **more: object) -> dict:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def plain(text: str) -> dict:
    return {"type": "plain_text", "text": text}


def button(action_id: str = "press", text: str = "Press", **more: object) -> dict:
    return {"type": "button", "text": plain(text), "action_id": action_id, **more}


def option(value: str, text: str | None = None) -> dict:
    return {"text": plain(text or value.title()), "value": value}


def text_input(action_id: str = "typed", **more: object) -> dict:
    return {"type": "plain_text_input", "action_id": action_id, **more}


def entry(element: dict, block_id: str = "entry", **more: object) -> dict:
    return {"type": "input", "block_id": block_id, "label": plain("Entry"), "element": element, **more}


def modal(*blocks: dict, **more: object) -> dict:
    return {
        "type": "modal",
        "title": plain("A modal"),
        "submit": plain("Send"),
        "blocks": list(blocks) or [section()],
        **more,
    }
