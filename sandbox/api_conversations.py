"""The methods conversations.*, and users.conversations."""

from __future__ import annotations

from sandbox import payloads
from sandbox.errors import Json, SlackError
from sandbox.model import Conversation, Workspace
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
        return [
            one
            for one in self._ws.conversations.values()
            if kind_of(one) in wanted and self._visible(one) and (member is None or member in one.members)
        ]

    def members(self, arguments: Arguments) -> Json:
        """conversations.members, in pages."""
        conversation = self._known(arguments.required("channel"))
        self._api.require(_READ_SCOPE[kind_of(conversation)])
        page, cursor = paged(sorted(conversation.members), arguments, default=100)
        return {"members": page, "response_metadata": {"next_cursor": cursor}}

    def history(self, arguments: Arguments) -> Json:
        """conversations.history, newest first, without replies and ephemeral messages."""
        conversation = self._known(arguments.required("channel"))
        self._api.require(_HISTORY_SCOPE[kind_of(conversation)])
        if self._ws.company.bot.user_id not in conversation.members:
            raise SlackError("not_in_channel")
        oldest, latest = arguments.text("oldest") or "0", arguments.text("latest") or "9999999999.999999"
        inclusive, with_metadata = arguments.flag("inclusive"), arguments.flag("include_all_metadata")
        listed = []
        for one in reversed(conversation.messages.values()):
            inside = oldest < one.ts < latest or (inclusive and one.ts in (oldest, latest))
            if inside and not one.ephemeral_to and (not one.thread_ts or one.broadcast):
                shown = payloads.message(self._ws, one)
                listed.append(shown | ({"metadata": one.metadata} if with_metadata and one.metadata else {}))
        page, cursor = paged(listed, arguments, default=100)
        return {
            "messages": page,
            "has_more": bool(cursor),
            "pin_count": 0,
            "response_metadata": {"next_cursor": cursor},
        }

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
            "is_archived": False,
            "context_team_id": self._ws.company.team.id,
        }
        if one.is_direct:
            return about | {"user": one.user, "is_user_deleted": False}
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
        "conversations.info": read(conversations.conversation_info, per_minute=50),
        "conversations.list": read(conversations.conversation_list, per_minute=20),
        "conversations.members": read(conversations.members, per_minute=100),
        "conversations.history": read(conversations.history, per_minute=50),
    }
