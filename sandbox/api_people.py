"""The methods about the app, the workspace and its people: api.*, auth.*, apps.*, team.*, users.*."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sandbox.company import Person, Usergroup
from sandbox.errors import Json, SlackError
from sandbox.faults import Faults
from sandbox.model import Workspace
from sandbox.paging import paged
from sandbox.tickets import Tickets
from sandbox.webapi import Arguments, Handler, Method


class People:
    """Who and what there is."""

    def __init__(self, ws: Workspace, tickets: Tickets, faults: Faults) -> None:
        self._ws = ws
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
            "is_enterprise_install": self._ws.org_wide,
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

    def usergroups(self, arguments: Arguments) -> Json:
        """usergroups.list, with members and their number when asked for them."""
        with_users, with_count = arguments.flag("include_users"), arguments.flag("include_count")
        return {
            "usergroups": [self._usergroup(one, users=with_users, count=with_count) for one in self._ws.company.usergroups]
        }

    def _usergroup(self, group: Usergroup, *, users: bool, count: bool) -> Json:
        members = self._ws.group_members[group.id]
        shown: Json = {
            "id": group.id,
            "team_id": self._ws.company.team.id,
            "is_usergroup": True,
            "name": group.name,
            "description": "",
            "handle": group.handle,
            "is_external": False,
            "date_create": 0,
            "date_update": 0,
            "date_delete": 0,
            "auto_type": None,
            "prefs": {"channels": [], "groups": []},
        }
        shown |= {"users": list(members)} if users else {}
        return shown | ({"user_count": len(members)} if count else {})

    def usergroup_users(self, arguments: Arguments) -> Json:
        """usergroups.users.list: the ids of a group's members."""
        members = self._ws.group_members.get(arguments.required("usergroup"))
        if members is None:
            raise SlackError("no_such_subteam")
        return {"users": list(members)}

    def user_info(self, arguments: Arguments) -> Json:
        """users.info, with the locale when asked for it."""
        user = arguments.required("user")
        person = self._ws.people.get(user) or self._bot_user()
        if person.id != user:
            raise SlackError("user_not_found")
        return {"user": user_object(self._ws, person, with_locale=arguments.flag("include_locale"))}

    def do_not_disturb(self, arguments: Arguments) -> Json:
        """dnd.info: nobody here asked not to be disturbed."""
        user = arguments.required("user")
        if user not in self._ws.people:
            raise SlackError("user_not_found")
        return {"dnd_enabled": False, "next_dnd_start_ts": 1, "next_dnd_end_ts": 1, "snooze_enabled": False}

    def user_list(self, arguments: Arguments) -> Json:
        """users.list, in pages."""
        everybody = [*self._ws.people.values(), self._bot_user()]
        page, cursor = paged(everybody, arguments, default=1000)
        with_locale = arguments.flag("include_locale")
        return {
            "members": [user_object(self._ws, person, with_locale=with_locale) for person in page],
            "cache_ts": int(self._ws.now()),
            "response_metadata": {"next_cursor": cursor},
        }

    def user_by_email(self, arguments: Arguments) -> Json:
        """users.lookupByEmail."""
        email = arguments.required("email").lower()
        for person in self._ws.people.values():
            if person.email and person.email.lower() == email and not person.deleted:
                return {"user": user_object(self._ws, person, with_locale=False)}
        raise SlackError("users_not_found")

    def _bot_user(self) -> Person:
        bot = self._ws.company.bot
        return Person(id=bot.user_id, name=bot.name, real_name=bot.name, is_bot=True)


def user_object(ws: Workspace, person: Person, *, with_locale: bool) -> Json:
    """A person as users.info and events show them; those who left have no zone and no role."""
    profile: Json = {
        "real_name": person.real_name,
        "real_name_normalized": person.real_name,
        "display_name": person.name,
        "display_name_normalized": person.name,
        "team": ws.company.team.id,
    }
    if person.email and "users:read.email" in ws.company.scopes:
        profile["email"] = person.email
    common = {
        "id": person.id,
        "team_id": ws.company.team.id,
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
        "tz_offset": _offset(ws, person),
        "is_admin": person.is_admin,
        "is_owner": person.is_owner,
        "is_primary_owner": False,
        "is_restricted": person.is_guest,
        "is_ultra_restricted": person.is_ultra_restricted,
        "who_can_share_contact_card": "EVERYONE",
    }
    return user | ({"locale": person.locale} if with_locale else {})


def _offset(ws: Workspace, person: Person) -> int:
    """Seconds east of UTC at this moment; the file's figure where the zone is unknown here."""
    try:
        zone = ZoneInfo(person.tz)
    except (ZoneInfoNotFoundError, ValueError):
        return person.tz_offset
    offset = datetime.fromtimestamp(ws.now(), UTC).astimezone(zone).utcoffset()
    return int(offset.total_seconds()) if offset is not None else person.tz_offset


def methods(ws: Workspace, tickets: Tickets, faults: Faults) -> dict[str, Method]:
    """The table of these methods."""
    people = People(ws, tickets, faults)

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
        "usergroups.users.list": read(people.usergroup_users, "usergroups:read"),
        "dnd.info": read(people.do_not_disturb, "dnd:read", per_minute=50),
        "users.info": read(people.user_info, "users:read", per_minute=100),
        "users.list": read(people.user_list, "users:read"),
        "users.lookupByEmail": read(people.user_by_email, "users:read.email", per_minute=50),
    }
