"""What happens in a company while an app runs: channels are archived, the app is thrown out, people leave and move."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sandbox import payloads
from sandbox.api_people import user_object
from sandbox.company import Person
from sandbox.errors import Json, Refusal
from sandbox.model import Conversation
from sandbox.parts import Parts

CHANNEL_ACTIONS = ("archive", "unarchive", "invite", "remove")
USER_ACTIONS = ("deactivate", "reactivate")


class World:
    """Changes of the company that no app brings about; the app hears of those it subscribed to."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._ws = parts.ws

    async def channels(self, body: Json) -> Json:  # noqa: ARG002 - every question has one shape
        """Every channel, whoever sees it."""
        channels = [one for one in self._ws.conversations.values() if not one.is_direct]
        return {"ok": True, "channels": [self._channel(one) for one in channels]}

    async def users(self, body: Json) -> Json:  # noqa: ARG002 - every question has one shape
        """Everybody, those who left included."""
        return {"ok": True, "users": [person.model_dump() for person in self._ws.people.values()]}

    def _channel(self, one: Conversation) -> Json:
        return {
            "id": one.id,
            "name": one.name,
            "is_private": one.is_private,
            "is_archived": one.archived,
            "app_is_member": self._ws.company.bot.user_id in one.members,
            "members": sorted(one.members),
        }

    async def change_channel(self, body: Json) -> Json:
        """Archive or unarchive a channel, or bring somebody (the app, when nobody is named) into it or out of it."""
        channel = self._ws.conversations.get(str(body.get("channel")))
        if channel is None or channel.is_direct:
            raise Refusal("no_such_channel", "There is no channel with this id.")
        bot = self._ws.company.bot.user_id
        user = str(body.get("user") or bot)
        if user != bot and user not in self._ws.people:
            raise Refusal("no_such_user", "There is nobody with this id.")
        match body.get("action"):
            case "archive" | "unarchive" as action:
                channel.archived = action == "archive"
                self._tell_app(_about(channel, action))
            case "invite":
                channel.members.add(user)
                self._tell_app(_about(channel, "joined", user=user, team=self._ws.company.team.id))
            case "remove":
                channel.members.discard(user)
                self._tell_app(_about(channel, "left") if user == bot else _about(channel, "member_left", user=user))
            case _:
                raise Refusal("invalid_action", f"action is one of {', '.join(CHANNEL_ACTIONS)}.")
        self._ws.feed.tell_all({"type": "channels"})
        return {"ok": True, "channel": self._channel(channel)}

    async def change_user(self, body: Json) -> Json:
        """Deactivate or reactivate a person, or give them another `tz`, `locale`, `real_name` or role."""
        person = self._ws.people.get(str(body.get("user")))
        if person is None:
            raise Refusal("no_such_user", "There is nobody with this id.")
        changes = _changes(body)
        changed = person.model_copy(update=changes)
        self._ws.people[person.id] = changed
        if changed.deleted and not person.deleted:
            self._parts.views.clear(person.id)
        if not changed.deleted and not changed.is_bot:
            self._ws.open_direct(changed)
        self._tell_app({"type": "user_change", "user": user_object(self._ws, changed, with_locale=True)})
        self._ws.feed.tell_all({"type": "people"})
        return {"ok": True, "user": changed.model_dump()}

    def _tell_app(self, inner: Json) -> None:
        if inner["type"] in self._ws.company.events:
            told = inner | {"event_ts": self._ws.next_ts()}
            self._parts.delivery.send_event(payloads.event(self._ws, told))


def _about(channel: Conversation, what: str, **more: str) -> Json:
    """An event about a channel, under the name that Slack has for it."""
    kind = "group" if channel.is_private else "channel"
    named = {"joined": "member_joined_channel", "member_left": "member_left_channel"}
    letter = {"channel_type": "G" if channel.is_private else "C"} if what in named else {}
    return {"type": named.get(what, f"{kind}_{what}"), "channel": channel.id, **letter, **more}


def _changes(body: Json) -> dict[str, object]:
    """The fields of a person that change; raises Refusal."""
    changes: dict[str, object] = {}
    action = body.get("action")
    if action is not None:
        if action not in USER_ACTIONS:
            raise Refusal("invalid_action", f"action is one of {', '.join(USER_ACTIONS)}.")
        changes["deleted"] = action == "deactivate"
    for name in ("locale", "real_name", "tz_label"):
        if name in body:
            changes[name] = str(body[name])
    for name in ("is_admin", "is_owner", "is_restricted", "is_ultra_restricted"):
        if name in body:
            changes[name] = bool(body[name])
    if "tz" in body:
        changes["tz"] = _zone(body["tz"])
        changes.setdefault("tz_label", str(body["tz"]).rpartition("/")[2].replace("_", " "))
    if not changes:
        known = [name for name in Person.model_fields if name in ("tz", "locale", "real_name")]
        raise Refusal("nothing_to_change", f"Say an action, or one of {', '.join(known)}.")
    return changes


def _zone(name: object) -> str:
    try:
        return ZoneInfo(str(name)).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Refusal("no_such_zone", "tz is a zone such as Europe/Berlin.") from None
