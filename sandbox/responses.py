"""What an app says through a response_url, or in the ack of a slash command."""

from __future__ import annotations

from sandbox.api_chat import read_content
from sandbox.errors import Json, SlackError, Value
from sandbox.model import Message, Workspace
from sandbox.tickets import Reply, Tickets
from sandbox.webapi import Arguments


class Responses:
    """The messages that answer an interaction."""

    def __init__(self, ws: Workspace, tickets: Tickets) -> None:
        self._ws = ws
        self._tickets = tickets

    def use(self, response_id: str, body: Value) -> None:
        """One POST to a response_url; raises SlackError.

        A use is counted even when its content is refused. What a slash command's ack said is no original: asked to
        replace it, Slack posts a new message. An answer to a click that does not say whether it replaces the message
        is a new one here, and noted, since Slack's clients have not always agreed.
        """
        reply = self._tickets.use_reply(response_id)
        if not isinstance(body, dict):
            raise SlackError("invalid_payload")
        arguments = Arguments(body)
        original = self._original(reply)
        if arguments.flag("delete_original"):
            if original is None:
                raise SlackError("message_not_found")
            self._ws.remove(original, by="response_url")
        elif arguments.flag("replace_original") and reply.original is not None:
            if original is None:
                raise SlackError("message_not_found")
            self._replace(original, arguments)
        else:
            if reply.original is not None and arguments.get("replace_original") is None:
                self._ws.feed.record("ambiguous_answer", body=body)
            self.say(
                arguments,
                user=reply.user,
                channel=reply.channel,
                thread_ts=_thread(reply, arguments),
                by="response_url",
            )

    def _original(self, reply: Reply) -> Message | None:
        if reply.original is None:
            return None
        return self._ws.conversations[reply.channel].messages.get(reply.original)

    def _replace(self, original: Message, arguments: Arguments) -> None:
        content = read_content(arguments, self._ws)
        original.rewrite(text=content.text, blocks=content.blocks)
        original.attachments = content.attachments
        if original.ephemeral_to is None:
            original.edited = {"user": self._ws.company.bot.user_id, "ts": self._ws.next_ts()}
        self._ws.changed(original, by="response_url")

    def say(
        self, arguments: Arguments, *, user: str, channel: str, thread_ts: str | None = None, by: str = "ack"
    ) -> Message:
        """Post an answer: to the person alone unless `response_type` is `in_channel`."""
        content = read_content(arguments, self._ws)
        in_channel = arguments.text("response_type") == "in_channel"
        return self._ws.post(
            Message(
                channel=channel,
                ts=self._ws.next_ts(),
                text=content.text,
                blocks=content.blocks,
                attachments=content.attachments,
                bot_id=self._ws.company.bot.bot_id,
                thread_ts=thread_ts,
                ephemeral_to=None if in_channel else user,
            ),
            by=by,
        )

    def ack_of_command(self, body: Value, *, user: str, channel: str, typed: str) -> Message | None:
        """What a command's ack says, if anything; raises SlackError when it cannot be shown.

        `typed` is what the person wrote, which an answer in the channel shows first.
        """
        said: Json | None = {"text": body} if isinstance(body, str) else body
        if not said:
            return None
        if not isinstance(said, dict):
            raise SlackError("invalid_command_response")
        if not any(said.get(name) for name in ("text", "blocks", "attachments")):
            return None
        arguments = Arguments(said)
        read_content(arguments, self._ws)
        if arguments.text("response_type") == "in_channel":
            self._ws.post(Message(channel=channel, ts=self._ws.next_ts(), text=typed, user=user))
        return self.say(arguments, user=user, channel=channel)


def _thread(reply: Reply, arguments: Arguments) -> str | None:
    """Ephemeral answers stay in the thread of the click; public ones go where they say."""
    if arguments.text("response_type") == "in_channel":
        return arguments.text("thread_ts")
    return arguments.text("thread_ts") or reply.thread_ts
