"""The made-up firm that the sandbox plays: its people, channels, tokens and slash commands, read from one JSON file.

What happens to them while the sandbox runs (messages, views) does not belong here.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

DEFAULT_FILE = Path(__file__).with_name("company.json")


class CompanyError(Exception):
    """The company file cannot be used; the message says which field and why, in one sentence."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Team(_Frozen):
    """The workspace; `enterprise_id` is set for an organisation with several workspaces."""

    id: str = Field(pattern=r"^T[A-Z0-9]+$")
    name: str
    domain: str
    enterprise_id: str | None = None


class Tokens(_Frozen):
    """The secrets that the app is given: bot token, app-level token, signing secret."""

    bot: str = Field(pattern=r"^xoxb-", repr=False)
    app: str = Field(pattern=r"^xapp-", repr=False)
    signing_secret: str = Field(min_length=8, repr=False)


class Client(_Frozen):
    """The app as "Sign in with Slack" knows it. People are sent back to a registered address, or to one below it."""

    client_id: str = "1122334455.667788990"
    client_secret: str = Field(default="the-sandbox-client-secret-0123456789", min_length=32, repr=False)
    redirect_urls: tuple[str, ...] = ()


class Bot(_Frozen):
    """The app's own ids: its user, its bot id and its app id."""

    user_id: str = Field(pattern=r"^U[A-Z0-9]+$")
    bot_id: str = Field(pattern=r"^B[A-Z0-9]+$")
    app_id: str = Field(pattern=r"^A[A-Z0-9]+$")
    name: str


class Person(_Frozen):
    """One member of the workspace; `tz_offset` is in seconds east of UTC."""

    id: str = Field(pattern=r"^[UW][A-Z0-9]+$")
    name: str
    real_name: str
    tz: str = "Europe/London"
    tz_label: str = "Greenwich Mean Time"
    tz_offset: int = 0
    locale: str = "en-US"
    email: str | None = None
    is_admin: bool = False
    is_owner: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_bot: bool = False
    deleted: bool = False
    avatar_color: str = "4a154b"

    @property
    def is_guest(self) -> bool:
        """Whether this is a single- or multi-channel guest."""
        return self.is_restricted or self.is_ultra_restricted


class Place(_Frozen):
    """A channel as the company file names it, with the ids of its members."""

    id: str = Field(pattern=r"^[CG][A-Z0-9]+$")
    name: str
    is_private: bool = False
    members: tuple[str, ...] = ()
    topic: str = ""


class Usergroup(_Frozen):
    """A user group, with the ids of its members."""

    id: str = Field(pattern=r"^S[A-Z0-9]+$")
    handle: str
    name: str
    users: tuple[str, ...] = ()


class Command(_Frozen):
    """A slash command of the app, as its manifest declares it."""

    command: str = Field(pattern=r"^/[a-z0-9_-]{1,31}$")
    description: str
    usage_hint: str = ""
    should_escape: bool = False


class Company(_Frozen):
    """Everything the company file says."""

    team: Team
    tokens: Tokens
    client: Client = Client()
    bot: Bot
    scopes: tuple[str, ...] = ()
    events: tuple[str, ...] = ("app_home_opened",)
    home_tab: bool = True
    messages_tab: bool = True
    messages_tab_read_only: bool = False
    users: tuple[Person, ...]
    channels: tuple[Place, ...] = ()
    usergroups: tuple[Usergroup, ...] = ()
    commands: tuple[Command, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Company:
        _unique("user id", [user.id for user in self.users])
        _unique("channel id", [channel.id for channel in self.channels])
        _unique("command", [command.command for command in self.commands])
        _unique("user group", [group.id for group in self.usergroups])
        known = {user.id for user in self.users} | {self.bot.user_id}
        for channel in self.channels:
            for member in channel.members:
                if member not in known:
                    message = f"channel {channel.name} has a member {member} who is not among the users"
                    raise ValueError(message)
        for group in self.usergroups:
            for member in group.users:
                if member not in known:
                    message = f"user group {group.handle} has a member {member} who is not among the users"
                    raise ValueError(message)
        return self


def _unique(what: str, values: Iterable[str]) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            message = f"{what} {value} occurs twice"
            raise ValueError(message)
        seen.add(value)


def parse(text: str, *, source: str = "the company file") -> Company:
    """Read a company from JSON text; raises CompanyError with one sentence."""
    try:
        return Company.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        message = f"{source} is not usable: {where}: {first['msg']}."
        raise CompanyError(message) from None


def load(path: Path = DEFAULT_FILE) -> Company:
    """Read the company file at `path`; raises CompanyError when it is absent or wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        message = f"The company file {path} cannot be read: {error.strerror}."
        raise CompanyError(message) from None
    return parse(text, source=str(path))


def with_environment(company: Company, environment: Mapping[str, str] = os.environ) -> Company:
    """The same company with the tokens that the environment names, which win over the file's."""
    given = {
        "bot": environment.get("SLACK_BOT_TOKEN"),
        "app": environment.get("SLACK_APP_TOKEN"),
        "signing_secret": environment.get("SLACK_SIGNING_SECRET"),
    }
    merged = company.tokens.model_dump() | {name: value for name, value in given.items() if value}
    try:
        tokens = Tokens.model_validate(merged)
    except ValidationError as error:
        field = error.errors(include_input=False, include_url=False)[0]["loc"][0]
        names = {"bot": "SLACK_BOT_TOKEN", "app": "SLACK_APP_TOKEN", "signing_secret": "SLACK_SIGNING_SECRET"}
        message = f"{names[str(field)]} does not look like what Slack gives out for it."
        raise CompanyError(message) from None
    return company.model_copy(update={"tokens": tokens})
