"""The methods about the workspace, its people and conversations: api.*, auth.*, apps.*, team.*, users.*, conversations.*."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sandbox import payloads
from sandbox.company import Person
from sandbox.errors import Json, SlackError
from sandbox.faults import Faults
from sandbox.model import Conversation, Workspace
from sandbox.tickets import Tickets
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


class People:
    """Who and what there is."""

    def __init__(self, ws: Workspace, api: WebApi, tickets: Tickets, faults: Faults) -> None:
        self._ws = ws
        self._api = api
        self._tickets = tickets
        self._faults = faults

    def test(self, arguments: Arguments) -> Json:
        """api.test: says back what it was told."""
        error = arguments.text("error")
        if error:
            raise SlackError(error, args=arguments.given)
        return {"args": arguments.given}

    def auth_test(self, arguments: Arguments) -> Json:  # noqa: ARG002 - every method has one shape
        """auth.test: whose token this is."""
        team, bot = self._ws.company.team, self._ws.company.bot
        answer: Json = {
            "url": f"https://{team.domain}.slack.com/",
            "team": team.name,
            "user": bot.name,
            "team_id": team.id,
            "user_id": bot.user_id,
            "bot_id": bot.bot_id,
            "is_enterprise_install": False,
        }
        return answer | ({"enterprise_id": team.enterprise_id} if team.enterprise_id else {})

    def connections_open(self, arguments: Arguments) -> Json:  # noqa: ARG002 - every method has one shape
        """apps.connections.open: the path of a WebSocket with a ticket; the server adds its address."""
        if self._faults.refuse_sockets:
            raise SlackError("internal_error")
        return {"url": f"/socket?ticket={self._tickets.socket()}&app_id={self._ws.company.bot.app_id}"}

    def team_info(self, arguments: Arguments) -> Json:  # noqa: ARG002 - every method has one shape
        """team.info."""
        team = self._ws.company.team
        about: Json = {"id": team.id, "name": team.name, "domain": team.domain, "email_domain": "", "icon": {}}
        if team.enterprise_id:
            about |= {"enterprise_id": team.enterprise_id, "enterprise_name": team.name}
        return {"team": about}

    def usergroups(self, arguments: Arguments) -> Json:  # noqa: ARG002 - every method has one shape
        """usergroups.list: this company has none."""
        return {"usergroups": []}

    def user_info(self, arguments: Arguments) -> Json:
        """users.info, with the locale when asked for it."""
        user = arguments.required("user")
        person = self._ws.people.get(user) or self._bot_user()
        if person.id != user:
            raise SlackError("user_not_found")
        return {"user": self._user(person, with_locale=arguments.flag("include_locale"))}

    def user_list(self, arguments: Arguments) -> Json:
        """users.list, in pages."""
        everybody = [*self._ws.people.values(), self._bot_user()]
        page, cursor = paged(everybody, arguments, default=1000)
        with_locale = arguments.flag("include_locale")
        return {
            "members": [self._user(person, with_locale=with_locale) for person in page],
            "cache_ts": int(self._ws.now()),
            "response_metadata": {"next_cursor": cursor},
        }

    def user_by_email(self, arguments: Arguments) -> Json:
        """users.lookupByEmail."""
        email = arguments.required("email").lower()
        for person in self._ws.people.values():
            if person.email and person.email.lower() == email and not person.deleted:
                return {"user": self._user(person, with_locale=False)}
        raise SlackError("users_not_found")

    def _bot_user(self) -> Person:
        bot = self._ws.company.bot
        return Person(id=bot.user_id, name=bot.name, real_name=bot.name, is_bot=True)

    def _user(self, person: Person, *, with_locale: bool) -> Json:
        profile: Json = {
            "real_name": person.real_name,
            "real_name_normalized": person.real_name,
            "display_name": person.name,
            "display_name_normalized": person.name,
            "team": self._ws.company.team.id,
        }
        if person.email and "users:read.email" in self._ws.company.scopes:
            profile["email"] = person.email
        common = {
            "id": person.id,
            "team_id": self._ws.company.team.id,
            "name": person.name,
            "deleted": person.deleted,
            "profile": profile,
            "is_bot": person.is_bot,
            "is_app_user": False,
            "updated": 0,
        }
        if person.deleted:
            return common
        user = common | {
            "color": person.avatar_color,
            "real_name": person.real_name,
            "tz": person.tz,
            "tz_label": person.tz_label,
            "tz_offset": self._offset(person),
            "is_admin": person.is_admin,
            "is_owner": person.is_owner,
            "is_primary_owner": False,
            "is_restricted": person.is_guest,
            "is_ultra_restricted": person.is_ultra_restricted,
            "who_can_share_contact_card": "EVERYONE",
        }
        return user | ({"locale": person.locale} if with_locale else {})

    def _offset(self, person: Person) -> int:
        """Seconds east of UTC at this moment; the file's figure where the zone is unknown here."""
        try:
            zone = ZoneInfo(person.tz)
        except (ZoneInfoNotFoundError, ValueError):
            return person.tz_offset
        offset = datetime.fromtimestamp(self._ws.now(), UTC).astimezone(zone).utcoffset()
        return int(offset.total_seconds()) if offset is not None else person.tz_offset

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


def paged(things: Iterable[Any], arguments: Arguments, *, default: int) -> tuple[Sequence[Any], str]:
    """One page of a list and the cursor of the next, empty at the end; raises SlackError invalid_cursor."""
    everything = list(things)
    limit = arguments.number("limit", default)
    if not 1 <= limit <= 1000:
        raise SlackError("invalid_limit")
    start = _position(arguments.text("cursor"))
    page = everything[start : start + limit]
    following = start + limit
    return page, _cursor(following) if following < len(everything) else ""


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"from:{position}".encode()).decode()


def _position(cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        label, _, number = base64.urlsafe_b64decode(cursor.encode()).decode().partition(":")
        if label == "from":
            return int(number)
    except ValueError:
        pass
    raise SlackError("invalid_cursor")


def methods(ws: Workspace, api: WebApi, tickets: Tickets, faults: Faults) -> dict[str, Method]:
    """The table of these methods."""
    people = People(ws, api, tickets, faults)

    def read(run: Handler, *scopes: str, per_minute: int = 20) -> Method:
        return Method(run=run, scopes=scopes, takes_json=False, per_minute=per_minute)

    return {
        "api.test": Method(run=people.test, token="either"),  # noqa: S106 - a kind of token
        "auth.test": Method(run=people.auth_test, token="either", per_minute=600),  # noqa: S106 - a kind
        "apps.connections.open": Method(
            run=people.connections_open,
            token="app",  # noqa: S106 - a kind of token
            per_minute=50,
        ),
        "team.info": read(people.team_info, "team:read", per_minute=50),
        "usergroups.list": read(people.usergroups, "usergroups:read"),
        "users.info": read(people.user_info, "users:read", per_minute=100),
        "users.list": read(people.user_list, "users:read"),
        "users.lookupByEmail": read(people.user_by_email, "users:read.email", per_minute=50),
        "users.conversations": read(people.user_conversations, per_minute=50),
        "conversations.open": Method(run=people.conversation_open, scopes=("im:write",), per_minute=50),
        "conversations.info": read(people.conversation_info, per_minute=50),
        "conversations.list": read(people.conversation_list),
        "conversations.members": read(people.members, per_minute=100),
        "conversations.history": read(people.history, per_minute=50),
    }
