"""What a person writes or opens: slash commands, messages, the app's Home."""

from __future__ import annotations

from sandbox import composer, payloads
from sandbox.errors import Json, Refusal, SlackError
from sandbox.model import Conversation, Message
from sandbox.parts import Parts


class Composing:
    """The composer and the Home tab."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._ws = parts.ws

    async def command(self, body: Json) -> Json:
        """Send a slash command and show what its ack says."""
        user = self._parts.person(body.get("user")).id
        conversation = self._parts.writable(user, body.get("channel"))
        typed = str(body.get("text", "")).strip()
        name, rest = [*typed.split(maxsplit=1), "", ""][:2]
        command = self._ws.commands.get(name)
        if command is None:
            said = f"{name} is not a valid command."
            self._ws.notice(user, "unknown_command", said, command=name)
            raise Refusal("unknown_command", said)
        if body.get("thread_ts"):
            said = f"{name} is not supported in threads."
            self._ws.notice(user, "not_in_threads", said, command=name)
            raise Refusal("not_in_threads", said)
        payload = payloads.command(
            self._ws,
            user=user,
            conversation=conversation,
            name=name,
            text=composer.command_text(self._ws, rest.strip(), should_escape=command.should_escape),
            trigger_id=self._parts.tickets.trigger(user=user, channel=conversation.id),
            response_url=self._parts.response_url(user=user, channel=conversation.id),
        )
        answer = await self._parts.delivery.deliver("slash_commands", payload)
        if answer.error:
            return self._command_failed(user, name, answer.error, status=answer.status)
        try:
            said_message = self._parts.responses.ack_of_command(
                answer.body, user=user, channel=conversation.id, typed=composer.entities(typed)
            )
        except SlackError as error:
            return self._command_failed(user, name, error.code, status=answer.status, **error.extra)
        self._ws.posts.recent()  # nothing answers an ack, so nobody can say whether the app knows what became of it
        shown = {"message_ts": said_message.ts} if said_message else {}
        return {"ok": True, "status": answer.status, "response": answer.body, **shown}

    def _command_failed(self, user: str, name: str, error: str, **extra: object) -> Json:
        said = f'{name} failed with the error "{error}"'
        self._ws.notice(user, error, said, command=name)
        return {"ok": False, "error": error, "message": said, "response": None, **extra}

    async def message(self, body: Json) -> Json:
        """Write a message."""
        user = self._parts.person(body.get("user")).id
        conversation = self._parts.writable(user, body.get("channel"))
        text = str(body.get("text", "")).strip()
        if not text:
            raise Refusal("no_text", "There is nothing to send.")
        thread_ts = None
        if body.get("thread_ts"):
            parent = self._parts.message(user, conversation.id, body["thread_ts"])
            if parent.ephemeral_to:
                raise Refusal("no_such_message", "An ephemeral message has no thread.")
            thread_ts = parent.thread_ts or parent.ts
        message = self._ws.post(
            Message(
                channel=conversation.id,
                ts=self._ws.next_ts(),
                text=composer.message_text(self._ws, text),
                user=user,
                thread_ts=thread_ts,
            )
        )
        conversation.read[user] = message.ts
        self._send_message_events(conversation, message)
        return {"ok": True, "ts": message.ts, "message": self._ws.shown(message)}

    def _send_message_events(self, conversation: Conversation, message: Message) -> None:
        bot = self._ws.company.bot.user_id
        if bot not in conversation.members:
            return
        kind = "im" if conversation.is_direct else "group" if conversation.is_private else "channel"
        inner = payloads.message(self._ws, message) | {
            "channel": conversation.id,
            "event_ts": message.ts,
            "channel_type": kind,
        }
        if f"message.{kind if kind == 'im' else kind + 's'}" in self._ws.company.events:
            self._parts.delivery.send_event(payloads.event(self._ws, inner))
        if "app_mention" in self._ws.company.events and f"<@{bot}>" in message.text:
            inner.pop("channel_type")
            mention = inner | {"type": "app_mention"}
            self._parts.delivery.send_event(payloads.event(self._ws, mention))

    async def open_home(self, body: Json) -> Json:
        """Open the app's Home (or, with `tab`, its Messages) tab, which sends app_home_opened."""
        user = self._parts.person(body.get("user")).id
        tab = body.get("tab", "home")
        direct = self._ws.direct(user)
        if direct is None or tab not in ("home", "messages"):
            raise Refusal("no_such_tab", "The app has a Home tab and a Messages tab.")
        if not self._ws.company.home_tab and tab == "home":
            raise Refusal("no_such_tab", "The app's Home tab is switched off.")
        if "app_home_opened" in self._ws.company.events:
            inner: Json = {
                "type": "app_home_opened",
                "user": user,
                "channel": direct.id,
                "tab": tab,
                "event_ts": self._ws.next_ts(),
            }
            home = self._ws.homes.get(user)
            if home is not None and tab == "home":
                inner["view"] = payloads.view(self._ws, home, state=True)
            self._parts.delivery.send_event(payloads.event(self._ws, inner))
        return {"ok": True, "view": self.home(user)}

    def home(self, user: str) -> Json | None:
        """The person's Home tab as the app last published it; None before that."""
        home = self._ws.homes.get(user)
        return self._parts.views.shown(home) if home else None
