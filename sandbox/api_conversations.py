"""The methods conversations.*, and users.conversations."""

from __future__ import annotations

from sandbox import payloads
from sandbox.errors import Json, SlackError
from sandbox.model import Conversation, Message, Workspace
from sandbox.paging import paged
from sandbox.webapi import Arguments, Handler, Method, WebApi

_READ_SCOPE = {
    "public_channel": "channels:read",
    "private_channel": "groups:read",
    "im": "im:read",
    "mpim": "mpim:read",
}
_HISTORY_SCOPE = {
    "public_channel": "channels:history",
    "private_channel": "groups:history",
    "im": "im:history",
}
_WRITE_SCOPE = {"public_channel": "channels:manage", "private_channel": "groups:write"}


class Conversations:
    """What the app can learn of the places where people talk."""

    def __init__(self, ws: Workspace, api: WebApi) -> None:
        self._ws = ws
        self._api = api

    def conversation_open(self, arguments: Arguments) -> Json:
        """conversations.open: the direct conversation of one person with the app."""
        channel = arguments.text("channel")
        if channel is not None:
            found = self._ws.conversations.get(channel)
            if found is None or not found.is_direct:
                raise SlackError("channel_not_found")
            return {"channel": {"id": found.id}, "no_op": True, "already_open": True}
        users = [one for one in (arguments.text("users") or "").split(",") if one]
        if not users:
            raise SlackError("users_list_not_supplied")
        if len(users) > 1:
            self._api.require("mpim:write")
            raise SlackError("method_not_supported_for_channel_type")
        person = self._ws.people.get(users[0])
        if person is None:
            raise SlackError("user_not_found")
        if person.deleted:
            raise SlackError("user_disabled")
        direct = self._ws.direct(person.id)
        if direct is None:
            raise SlackError("cannot_dm_bot")
        return {"channel": {"id": direct.id}, "no_op": True, "already_open": True}

    def conversation_info(self, arguments: Arguments) -> Json:
        """conversations.info."""
        conversation = self._known(arguments.required("channel"))
        self._api.require(_READ_SCOPE[kind_of(conversation)])
        about = self._conversation(conversation)
        if arguments.flag("include_num_members"):
            about["num_members"] = len(conversation.members)
        return {"channel": about}

    def conversation_list(self, arguments: Arguments) -> Json:
        """conversations.list of the types asked for."""
        found = self._of_types(arguments, member=None)
        page, cursor = paged(found, arguments, default=100)
        return {
            "channels": [self._conversation(one) for one in page],
            "response_metadata": {"next_cursor": cursor},
        }

    def user_conversations(self, arguments: Arguments) -> Json:
        """users.conversations: those of one person, of the app itself when nobody is named."""
        member = arguments.text("user") or self._ws.company.bot.user_id
        if member not in self._ws.people and member != self._ws.company.bot.user_id:
            raise SlackError("user_not_found")
        page, cursor = paged(self._of_types(arguments, member=member), arguments, default=100)
        return {
            "channels": [self._conversation(one) for one in page],
            "response_metadata": {"next_cursor": cursor},
        }

    def _of_types(self, arguments: Arguments, *, member: str | None) -> list[Conversation]:
        types = (arguments.text("types") or "public_channel").split(",")
        for one in types:
            if one.strip() not in _READ_SCOPE:
                raise SlackError("invalid_types")
            self._api.require(_READ_SCOPE[one.strip()])
        wanted = {one.strip() for one in types}
        without_archived = arguments.flag("exclude_archived")
        return [
            one
            for one in self._ws.conversations.values()
            if kind_of(one) in wanted
            and self._visible(one)
            and (member is None or member in one.members)
            and not (one.archived and without_archived)
        ]

    def members(self, arguments: Arguments) -> Json:
        """conversations.members, in pages."""
        conversation = self._known(arguments.required("channel"))
        self._api.require(_READ_SCOPE[kind_of(conversation)])
        page, cursor = paged(sorted(conversation.members), arguments, default=100)
        return {"members": page, "response_metadata": {"next_cursor": cursor}}

    def history(self, arguments: Arguments) -> Json:
        """conversations.history, newest first, without replies and ephemeral messages."""
        conversation = self._readable(arguments)
        oldest, latest = arguments.text("oldest") or "0", arguments.text("latest") or "9999999999.999999"
        inclusive, with_metadata = arguments.flag("inclusive"), arguments.flag("include_all_metadata")
        listed = []
        for one in reversed(conversation.messages.values()):
            if one.ts < oldest:
                break
            inside = oldest < one.ts < latest or (inclusive and one.ts in (oldest, latest))
            if inside and not one.ephemeral_to and (not one.thread_ts or one.broadcast):
                listed.append(one)
        found, cursor = paged(listed, arguments, default=100)
        page = [self._shown(one, with_metadata=with_metadata) for one in found]
        return {
            "messages": page,
            "has_more": bool(cursor),
            "pin_count": 0,
            "response_metadata": {"next_cursor": cursor},
        }

    def join(self, arguments: Arguments) -> Json:
        """conversations.join: a public channel; again is no error but a warning."""
        conversation = self._channel(arguments)
        if conversation.is_private:
            raise SlackError("method_not_supported_for_channel_type")
        if conversation.archived:
            raise SlackError("is_archived")
        bot = self._ws.company.bot.user_id
        again = bot in conversation.members
        conversation.members.add(bot)
        self._ws.feed.tell_all({"type": "channels"})
        told: Json = {"channel": self._conversation(conversation)}
        warning = "already_in_channel"
        return told | ({"warning": warning, "response_metadata": {"warnings": [warning]}} if again else {})

    def leave(self, arguments: Arguments) -> Json:
        """conversations.leave: not #general, and not as the last member."""
        conversation = self._channel(arguments)
        self._api.require(_WRITE_SCOPE[kind_of(conversation)])
        bot = self._ws.company.bot.user_id
        if conversation.archived:
            raise SlackError("is_archived")
        if conversation.name == "general":
            raise SlackError("cant_leave_general")
        if bot not in conversation.members:
            return {"not_in_channel": True}
        if len(conversation.members) == 1:
            raise SlackError("last_member")
        conversation.members.discard(bot)
        self._ws.feed.tell_all({"type": "channels"})
        return {}

    def invite(self, arguments: Arguments) -> Json:
        """conversations.invite, into a channel that the app is in."""
        conversation = self._channel(arguments)
        self._api.require(_WRITE_SCOPE[kind_of(conversation)])
        users = [one.strip() for one in (arguments.text("users") or "").split(",") if one.strip()]
        if not users:
            raise SlackError("no_user")
        bot = self._ws.company.bot.user_id
        if conversation.archived:
            raise SlackError("is_archived")
        if bot not in conversation.members:
            raise SlackError("not_in_channel")
        for user in users:
            self._check_guest(conversation, user)
        conversation.members |= set(users)
        self._ws.feed.tell_all({"type": "channels"})
        return {"channel": self._conversation(conversation)}

    def _check_guest(self, conversation: Conversation, user: str) -> None:
        """Whether this person can be asked into the conversation; raises SlackError."""
        if user == self._ws.company.bot.user_id:
            raise SlackError("cant_invite_self")
        person = self._ws.people.get(user)
        if person is None:
            raise SlackError("user_not_found")
        if person.deleted:
            raise SlackError("cant_invite")
        if user in conversation.members:
            raise SlackError("already_in_channel")

    def replies(self, arguments: Arguments) -> Json:
        """conversations.replies: a thread with its parent, oldest first."""
        conversation = self._readable(arguments)
        ts = arguments.required("ts")
        asked = conversation.messages.get(ts)
        if asked is None or asked.ephemeral_to:
            raise SlackError("thread_not_found")
        parent = conversation.messages.get(asked.thread_ts or ts, asked)
        listed = [parent, *self._ws.replies(parent)]
        page, cursor = paged(listed, arguments, default=1000)
        with_metadata = arguments.flag("include_all_metadata")
        return {
            "messages": [self._shown(one, with_metadata=with_metadata) for one in page],
            "has_more": bool(cursor),
            "response_metadata": {"next_cursor": cursor},
        }

    def _shown(self, one: Message, *, with_metadata: bool) -> Json:
        shown = payloads.message(self._ws, one)
        return shown | ({"metadata": one.metadata} if with_metadata and one.metadata else {})

    def _readable(self, arguments: Arguments) -> Conversation:
        """A conversation whose messages the app may read: with the scope of its kind, as a member."""
        conversation = self._known(arguments.required("channel"))
        self._api.require(_HISTORY_SCOPE[kind_of(conversation)])
        if self._ws.company.bot.user_id not in conversation.members:
            raise SlackError("not_in_channel")
        return conversation

    def _channel(self, arguments: Arguments) -> Conversation:
        conversation = self._known(arguments.required("channel"))
        if conversation.is_direct:
            raise SlackError("method_not_supported_for_channel_type")
        return conversation

    def _visible(self, conversation: Conversation) -> bool:
        return not conversation.is_private or self._ws.company.bot.user_id in conversation.members

    def _known(self, channel: str) -> Conversation:
        conversation = self._ws.conversations.get(channel)
        if conversation is None or not self._visible(conversation):
            raise SlackError("channel_not_found")
        return conversation

    def _conversation(self, one: Conversation) -> Json:
        kind = kind_of(one)
        about: Json = {
            "id": one.id,
            "is_channel": kind == "public_channel",
            "is_group": kind == "private_channel",
            "is_im": kind == "im",
            "is_mpim": False,
            "is_private": one.is_private,
            "is_archived": one.archived,
            "context_team_id": self._ws.company.team.id,
        }
        if one.is_direct:
            person = self._ws.people[one.user or ""]
            return about | {"user": one.user, "is_user_deleted": person.deleted}
        return about | {
            "name": one.name,
            "name_normalized": one.name,
            "is_general": one.name == "general",
            "is_member": self._ws.company.bot.user_id in one.members,
            "is_shared": False,
            "is_ext_shared": False,
            "topic": {"value": one.topic, "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
        }


def kind_of(conversation: Conversation) -> str:
    """The conversation's type as the `types` arguments name it."""
    if conversation.is_direct:
        return "im"
    return "private_channel" if conversation.is_private else "public_channel"


def methods(ws: Workspace, api: WebApi) -> dict[str, Method]:
    """The table of these methods; which scope one needs depends on the conversation."""
    conversations = Conversations(ws, api)

    def read(run: Handler, *, per_minute: int) -> Method:
        return Method(run=run, takes_json=False, per_minute=per_minute)

    return {
        "users.conversations": read(conversations.user_conversations, per_minute=50),
        "conversations.open": Method(run=conversations.conversation_open, scopes=("im:write",), per_minute=50),
        "conversations.join": Method(run=conversations.join, scopes=("channels:join",), per_minute=50),
        "conversations.leave": Method(run=conversations.leave, per_minute=50),
        "conversations.invite": Method(run=conversations.invite, per_minute=50),
        "conversations.replies": read(conversations.replies, per_minute=50),
        "conversations.info": read(conversations.conversation_info, per_minute=50),
        "conversations.list": read(conversations.conversation_list, per_minute=20),
        "conversations.members": read(conversations.members, per_minute=100),
        "conversations.history": read(conversations.history, per_minute=50),
    }
