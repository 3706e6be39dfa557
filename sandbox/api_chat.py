"""The methods chat.*: post, update, delete, ephemeral messages, permalinks."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from sandbox import blocks as block_kit
from sandbox import payloads
from sandbox.errors import Json, SlackError, Value, invalid_blocks
from sandbox.faults import Faults
from sandbox.model import Conversation, Message, Workspace
from sandbox.webapi import Arguments, Method

LONGEST_TEXT = 40_000
LONGEST_UPDATE = 4_000
MOST_ATTACHMENTS = 100
MOST_METADATA = 16_000
MOST_BLOCK_TEXT = 12_000
_EVENT_TYPE = re.compile(r"[A-Za-z0-9_-]+")
_TS = re.compile(r"\d+\.\d+")


class Chat:
    """What the app may say, and where."""

    def __init__(self, ws: Workspace, faults: Faults) -> None:
        self._ws = ws
        self._faults = faults

    def post(self, arguments: Arguments) -> Json:
        """chat.postMessage; the channel may be a user's id, which means their direct conversation."""
        conversation = self._place_to_post(arguments.required("channel"))
        said = self._said(conversation, arguments)
        metadata = self._kept_metadata(_metadata(arguments.get("metadata")))
        message = self._ws.post(
            replace(said, metadata=metadata, broadcast=arguments.flag("reply_broadcast")), by="chat.postMessage"
        )
        shown = payloads.message(self._ws, message)
        if metadata:
            shown["metadata"] = metadata
        return {"channel": conversation.id, "ts": message.ts, "message": shown}

    def post_ephemeral(self, arguments: Arguments) -> Json:
        """chat.postEphemeral, to a member of the channel."""
        conversation = self._place_to_post(arguments.required("channel"))
        user = arguments.required("user")
        person = self._ws.people.get(user)
        if person is None or person.deleted or user not in conversation.members:
            raise SlackError("user_not_in_channel")
        message = self._ws.post(replace(self._said(conversation, arguments), ephemeral_to=user), by="chat.postEphemeral")
        return {"message_ts": message.ts}

    def _said(self, conversation: Conversation, arguments: Arguments) -> Message:
        """The message that the app asks to post, before it is known who sees it."""
        content = read_content(arguments, self._ws)
        _fits(content.blocks)
        return Message(
            channel=conversation.id,
            ts=self._ws.next_ts(),
            text=content.text[:LONGEST_TEXT],
            blocks=content.blocks,
            attachments=content.attachments,
            bot_id=self._ws.company.bot.bot_id,
            thread_ts=_thread(conversation, arguments),
        )

    def update(self, arguments: Arguments) -> Json:
        """chat.update: own messages only, in the conversation named by its own id."""
        message = self._own(arguments, refusal="cant_update_message")
        if self._ws.conversations[message.channel].archived:
            raise SlackError("is_inactive")
        text, blocks = arguments.text("text"), _blocks(arguments, self._ws)
        attachments = _attachments(arguments)
        if text is None and blocks is None and attachments is None:
            raise SlackError("no_text")
        if text is not None and len(text) > LONGEST_UPDATE:
            raise SlackError("msg_too_long")
        _fits(blocks or [])
        if blocks is None and text is None:
            blocks = message.blocks
        metadata = self._kept_metadata(_metadata(arguments.get("metadata")))
        message.rewrite(text=message.text if text is None else text, blocks=blocks or [])
        if attachments is not None:
            message.attachments = attachments
        if metadata is not None:
            message.metadata = metadata or None
        message.edited = {"user": self._ws.company.bot.user_id, "ts": self._ws.next_ts()}
        self._ws.changed(message, by="chat.update")
        shown = payloads.message(self._ws, message)
        return {"channel": message.channel, "ts": message.ts, "text": message.text, "message": shown}

    def delete(self, arguments: Arguments) -> Json:
        """chat.delete: own messages only."""
        message = self._own(arguments, refusal="cant_delete_message")
        self._ws.remove(message, by="chat.delete")
        return {"channel": message.channel, "ts": message.ts}

    def permalink(self, arguments: Arguments) -> Json:
        """chat.getPermalink."""
        conversation = self._known(arguments.required("channel"))
        message = conversation.messages.get(arguments.required("message_ts"))
        if message is None or message.ephemeral_to:
            raise SlackError("message_not_found")
        place = f"https://{self._ws.company.team.domain}.slack.com/archives/{conversation.id}"
        link = f"{place}/p{message.ts.replace('.', '')}"
        if message.thread_ts:
            link += f"?thread_ts={message.thread_ts}&cid={conversation.id}"
        return {"channel": conversation.id, "permalink": link}

    def _kept_metadata(self, metadata: Json | None) -> Json | None:
        """Metadata as the message keeps it: an event type with other characters loses all of it, without an error."""
        if metadata and not _EVENT_TYPE.fullmatch(metadata["event_type"]):
            self._ws.feed.record("dropped_metadata", event_type=metadata["event_type"])
            return None
        return metadata

    def _known(self, channel: str) -> Conversation:
        """A conversation that the app can see."""
        conversation = self._ws.conversations.get(channel)
        bot = self._ws.company.bot.user_id
        if conversation is None or (conversation.is_private and bot not in conversation.members):
            raise SlackError("channel_not_found")
        return conversation

    def _place_to_post(self, channel: str) -> Conversation:
        person = self._ws.people.get(channel)
        if person is not None:
            return self._direct_to(person.id)
        conversation = self._named(channel) if channel.startswith("#") else self._known(channel)
        if conversation.is_direct:
            self._need_messages_tab()
        is_member = self._ws.company.bot.user_id in conversation.members
        if not is_member and "chat:write.public" not in self._ws.company.scopes:
            raise SlackError("not_in_channel")
        if conversation.archived:
            raise SlackError("is_archived")
        return conversation

    def _named(self, channel: str) -> Conversation:
        for conversation in self._ws.conversations.values():
            if conversation.name == channel[1:] and not conversation.is_direct:
                return self._known(conversation.id)
        raise SlackError("channel_not_found")

    def _direct_to(self, user: str) -> Conversation:
        conversation = self._ws.direct(user)
        if conversation is None:
            raise SlackError("channel_not_found")
        self._need_messages_tab()
        return conversation

    def _need_messages_tab(self) -> None:
        if self._faults.messages_tab_off or not self._ws.company.messages_tab:
            raise SlackError("messages_tab_disabled")

    def _own(self, arguments: Arguments, *, refusal: str) -> Message:
        conversation = self._known(arguments.required("channel"))
        message = conversation.messages.get(arguments.required("ts"))
        if message is None or message.ephemeral_to:
            raise SlackError("message_not_found")
        if message.bot_id != self._ws.company.bot.bot_id:
            raise SlackError(refusal)
        return message


class Content:
    """What a message says: text, blocks, attachments."""

    def __init__(self, text: str, blocks: list[Json], attachments: list[Json]) -> None:
        self.text = text
        self.blocks = blocks
        self.attachments = attachments


def read_content(arguments: Arguments, ws: Workspace) -> Content:
    """The content of a new message; raises SlackError no_text, invalid_blocks, too_many_attachments."""
    text, markdown = arguments.text("text"), arguments.text("markdown_text")
    blocks, attachments = _blocks(arguments, ws), _attachments(arguments)
    if markdown is not None:
        if text is not None or blocks:
            raise SlackError("markdown_text_conflict")
        if len(markdown) > block_kit.MOST_MARKDOWN:
            raise SlackError("msg_too_long")
        blocks = block_kit.normal([{"type": "markdown", "text": markdown}])
        text = markdown
    if text is None and not blocks and not attachments:
        raise SlackError("no_text")
    return Content(text or "", blocks or [], attachments or [])


def _fits(blocks: list[Json]) -> None:
    """All text of a message's blocks together; what goes through a response_url is not counted."""
    if _length_of_texts(blocks) > MOST_BLOCK_TEXT:
        raise SlackError("msg_blocks_too_long")


def _length_of_texts(value: Value) -> int:
    if isinstance(value, list):
        return sum(_length_of_texts(one) for one in value)
    if isinstance(value, dict):
        own = len(value["text"]) if isinstance(value.get("text"), str) else 0
        return own + sum(_length_of_texts(one) for one in value.values())
    return 0


def _blocks(arguments: Arguments, ws: Workspace) -> list[Json] | None:
    given = arguments.get("blocks")
    if given is None:
        return None
    blocks = block_kit.accept(given)
    if problems := ws.unknown_pictures(blocks):
        raise invalid_blocks(problems)
    return blocks


def _attachments(arguments: Arguments) -> list[Json] | None:
    given = arguments.get("attachments")
    if given is None:
        return None
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            raise SlackError("invalid_attachments") from None
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise SlackError("invalid_attachments")
    if len(given) > MOST_ATTACHMENTS:
        raise SlackError("too_many_attachments")
    return given


def _metadata(given: Value) -> Json | None:
    if given is None:
        return None
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            raise SlackError("invalid_metadata_format") from None
    if not isinstance(given, dict):
        raise SlackError("invalid_metadata_format")
    if given and not (isinstance(given.get("event_type"), str) and isinstance(given.get("event_payload"), dict)):
        raise SlackError("invalid_metadata_schema")
    if len(json.dumps(given)) > MOST_METADATA:
        raise SlackError("metadata_too_large")
    return given


def _thread(conversation: Conversation, arguments: Arguments) -> str | None:
    thread_ts = arguments.text("thread_ts")
    if thread_ts is None:
        return None
    if not _TS.fullmatch(thread_ts):
        messages = [f"[ERROR] {thread_ts} is not a valid thread_ts"]
        raise SlackError("invalid_thread_ts", response_metadata={"messages": messages})
    parent = conversation.messages.get(thread_ts)
    if parent is None or parent.ephemeral_to:
        raise SlackError("cannot_reply_to_message")
    return parent.thread_ts or parent.ts


def methods(ws: Workspace, faults: Faults) -> dict[str, Method]:
    """The table of these methods."""
    chat = Chat(ws, faults)
    scopes = ("chat:write",)
    return {
        "chat.postMessage": Method(run=chat.post, scopes=scopes, per_minute=300),
        "chat.postEphemeral": Method(run=chat.post_ephemeral, scopes=scopes),
        "chat.update": Method(run=chat.update, scopes=scopes, per_minute=50),
        "chat.delete": Method(run=chat.delete, scopes=scopes, per_minute=50),
        "chat.getPermalink": Method(run=chat.permalink, takes_json=False, per_minute=300),
    }
