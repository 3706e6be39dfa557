"""The workspace as it is while the sandbox runs: conversations, messages, open views, homes.

It holds state and tells the feed what changed. It knows neither HTTP nor the rules of the Web API.
"""

from __future__ import annotations

import secrets
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import takewhile

from sandbox.blocks import addresses_of, gone, pictures_of
from sandbox.company import Command, Company, Person
from sandbox.errors import Json
from sandbox.feed import Feed
from sandbox.files import Files
from sandbox.forms import Form
from sandbox.posts import Deletion, Posts, Version

Clock = Callable[[], float]

MOST_MESSAGES = 100_000


@dataclass(slots=True)
class Thread:
    """The replies under one message, by ts, with their authors; counts are kept so that nobody has to walk through it."""

    replies: dict[str, str] = field(default_factory=dict)
    authors: Counter[str] = field(default_factory=Counter)

    def add(self, ts: str, author: str) -> None:
        """Keep a reply."""
        self.replies[ts] = author
        self.authors[author] += 1

    def drop(self, ts: str) -> None:
        """Forget a reply, if it is one."""
        author = self.replies.pop(ts, None)
        if author is not None:
            self.authors[author] -= 1
            self.authors += Counter()

    @property
    def latest(self) -> str:
        """The ts of the newest reply."""
        return next(reversed(self.replies))


@dataclass(kw_only=True, slots=True)
class Conversation:
    """A channel, or the direct conversation of one person with the app (then `user` is set)."""

    id: str
    name: str
    is_private: bool
    members: set[str]
    topic: str = ""
    user: str | None = None
    archived: bool = False
    messages: dict[str, Message] = field(default_factory=dict)
    threads: dict[str, Thread] = field(default_factory=dict)
    read: dict[str, str] = field(default_factory=dict)

    @property
    def is_direct(self) -> bool:
        """Whether this is somebody's conversation with the app."""
        return self.user is not None

    @property
    def payload_name(self) -> str:
        """The name that payloads carry, which hides those of private conversations."""
        if self.is_direct:
            return "directmessage"
        return "privategroup" if self.is_private else self.name

    def forget(self, ts: str) -> None:
        """Drop a message, and it from its thread."""
        message = self.messages.pop(ts, None)
        if message and message.thread_ts in self.threads:
            self.threads[message.thread_ts].drop(ts)


@dataclass(kw_only=True, slots=True)
class Message:
    """One message; `ephemeral_to` names the only person who sees it."""

    channel: str
    ts: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    user: str | None = None
    bot_id: str | None = None
    thread_ts: str | None = None
    ephemeral_to: str | None = None
    metadata: Json | None = None
    edited: Json | None = None
    broadcast: bool = False
    forms: dict[str, Form] = field(default_factory=dict)

    def form(self, user: str) -> Form:
        """What this person has chosen in the message."""
        return self.forms.setdefault(user, Form(self.blocks))

    def rewrite(self, *, text: str, blocks: list[Json]) -> None:
        """Replace what the message says, keeping what people had chosen in elements that stay."""
        self.text, self.blocks = text, blocks
        self.forms = {user: Form(blocks, before=form) for user, form in self.forms.items()}


@dataclass(kw_only=True, slots=True)
class View:
    """A modal or a Home tab of one person; `body` is what the app sent, completed."""

    id: str
    user: str
    body: Json
    hash: str
    root_id: str
    previous_id: str | None
    form: Form
    channel: str | None = None

    @property
    def kind(self) -> str:
        """`modal` or `home`."""
        return str(self.body["type"])


class Workspace:
    """All state of one run."""

    def __init__(self, company: Company, feed: Feed, *, clock: Clock = time.time) -> None:
        """Open every conversation and give each person a direct one with the app."""
        self.company = company
        self.feed = feed
        self.clock = clock
        self.people: dict[str, Person] = {person.id: person for person in company.users}
        self.commands: dict[str, Command] = {one.command: one for one in company.commands}
        # Every bot token that was ever given out here, with the code by which it is refused; None while it is good.
        self.bot_tokens: dict[str, str | None] = {company.tokens.bot: None}
        # Whether the app stands here because a whole organisation has installed it.
        self.org_wide = False
        self.conversations: dict[str, Conversation] = {}
        self.stacks: dict[str, list[View]] = defaultdict(list)
        self.homes: dict[str, View] = {}
        self.posts = Posts()
        self.files = Files()
        self.group_members: dict[str, list[str]] = {one.id: list(one.users) for one in company.usergroups}
        self._last_ts = 0
        for place in company.channels:
            self.conversations[place.id] = Conversation(
                id=place.id,
                name=place.name,
                is_private=place.is_private,
                members=set(place.members),
                topic=place.topic,
            )
        for person in company.users:
            if not person.is_bot and not person.deleted:
                self.open_direct(person)

    def open_direct(self, person: Person) -> None:
        """Give a person a direct conversation with the app, unless there is one."""
        bot = self.company.bot
        direct = f"D{person.id[1:]}"
        if direct not in self.conversations:
            members = {person.id, bot.user_id}
            self.conversations[direct] = Conversation(
                id=direct, name=bot.name, is_private=True, members=members, user=person.id
            )

    def now(self) -> float:
        """Unix seconds."""
        return self.clock()

    def next_ts(self) -> str:
        """A message timestamp, later than every one before it."""
        self._last_ts = max(self._last_ts + 1, int(self.now() * 1_000_000))
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def new_id(self, letter: str) -> str:
        """An id of the kind that Slack writes with this letter."""
        return f"{letter}0{secrets.token_hex(5).upper()}"

    def direct(self, user: str) -> Conversation | None:
        """The person's conversation with the app; None for bots, leavers and strangers."""
        return self.conversations.get(f"D{user[1:]}")

    def sees(self, user: str, conversation: Conversation) -> bool:
        """Whether this person's client shows the conversation."""
        person = self.people.get(user)
        if person is None or person.deleted:
            return False
        if user in conversation.members:
            return True
        return not (conversation.is_private or conversation.is_direct or person.is_guest)

    def visible(self, user: str) -> Iterator[Conversation]:
        """The conversations in this person's sidebar."""
        return (one for one in self.conversations.values() if self.sees(user, one))

    def audience(self, message: Message) -> list[str]:
        """Who sees this message."""
        if message.ephemeral_to:
            return [message.ephemeral_to]
        conversation = self.conversations[message.channel]
        return [user for user in self.people if self.sees(user, conversation)]

    def unknown_pictures(self, blocks: Iterable[Json]) -> list[str]:
        """A problem for each picture of the blocks that cannot be had: no file of the app's, or on a host that is none."""
        blocks = list(blocks)
        found = pictures_of(blocks)
        unknown = [f"invalid slack file [json-pointer:{at}]" for at, file in found if not self.files.usable(file)]
        return unknown + [f"downloading image failed [json-pointer:{at}]" for at, url in addresses_of(blocks) if gone(url)]

    def post(self, message: Message, *, by: str = "") -> Message:
        """Add a message and show it to whoever sees the conversation; `by` is the call with which the app wrote it."""
        conversation = self.conversations[message.channel]
        messages = conversation.messages
        messages[message.ts] = message
        if message.thread_ts and not message.ephemeral_to:
            thread = conversation.threads.setdefault(message.thread_ts, Thread())
            thread.add(message.ts, message.user or message.bot_id or "")
        while len(messages) > MOST_MESSAGES:
            conversation.forget(next(iter(messages)))
        self._wrote(message, by)
        self._tell("message", message)
        return message

    def changed(self, message: Message, *, by: str) -> None:
        """Show a message anew that the app changed by the call `by`."""
        self._wrote(message, by)
        self._tell("message_changed", message)

    def _wrote(self, message: Message, by: str) -> None:
        if message.bot_id is None:
            return
        version = Version(
            method=by,
            at=self.now(),
            text=message.text,
            blocks=message.blocks,
            attachments=message.attachments,
            metadata=message.metadata,
        )
        self.posts.wrote(
            message.channel, message.ts, version, thread_ts=message.thread_ts, ephemeral_to=message.ephemeral_to
        )

    def remove(self, message: Message, *, by: str) -> None:
        """Take a message away, as the app asked by the call `by`."""
        self.posts.removed(message.channel, message.ts, Deletion(method=by, at=self.now()))
        self.conversations[message.channel].forget(message.ts)
        told = {
            "type": "message_deleted",
            "channel": message.channel,
            "ts": message.ts,
            "thread_ts": message.thread_ts,
        }
        for user in self.audience(message):
            self.feed.tell(user, told)

    def _tell(self, kind: str, message: Message) -> None:
        for user in self.audience(message):
            if self.feed.listens(user):
                shown = self.shown(message)
                self.feed.tell(user, {"type": kind, "channel": message.channel, "message": shown})

    def notice(self, user: str, error: str, text: str, **extra: object) -> None:
        """Tell a person what Slack itself would tell them."""
        self.feed.tell(user, {"type": "notice", "error": error, "text": text, **extra})

    def shown(self, message: Message) -> Json:
        """The message as the control API shows it."""
        author: Json = {"user": message.user} if message.user else {"bot_id": message.bot_id}
        person = self.people.get(message.user or "")
        shown: Json = {
            "channel": message.channel,
            "ts": message.ts,
            **author,
            "username": person.real_name if person else self.company.bot.name,
            "text": message.text,
            "blocks": message.blocks,
            "attachments": message.attachments,
            "ephemeral": message.ephemeral_to is not None,
        }
        if message.thread_ts:
            shown["thread_ts"] = message.thread_ts
        if message.broadcast:
            shown["broadcast"] = True
        if message.edited:
            shown["edited"] = message.edited
        if message.metadata:
            shown["metadata"] = message.metadata
        thread = self.thread(message)
        if thread is not None:
            shown["reply_count"] = len(thread.replies)
            shown["latest_reply"] = thread.latest
        return shown

    def replies(self, message: Message) -> list[Message]:
        """The answers in this message's thread, oldest first, without ephemeral ones."""
        thread, messages = self.thread(message), self.conversations[message.channel].messages
        return [messages[ts] for ts in thread.replies] if thread else []

    def thread(self, message: Message) -> Thread | None:
        """The thread under this message; None when nobody has replied."""
        thread = self.conversations[message.channel].threads.get(message.ts)
        return thread if thread and thread.replies else None

    def unread(self, user: str, conversation: Conversation) -> int:
        """How many messages of others this person has not looked at."""
        since = conversation.read.get(user, "")
        new = takewhile(lambda one: one.ts > since, reversed(conversation.messages.values()))
        return sum(1 for one in new if one.user != user and one.ephemeral_to in (None, user))
