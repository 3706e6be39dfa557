"""What can be set from outside: read once from the environment and `.env`, then frozen.

Kept out: reading the environment anywhere else. A wrong or missing value is told in one sentence that names the
variable and never shows what it holds.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as SourceError

from bot.sealing import keys_of
from core.address import driver_dsn
from core.db import DEFAULT_TENANT
from core.replica import LAG_SECONDS
from core.webhook_targets import Allowed

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

NO_TRANSPORT = (
    "Set SLACK_APP_TOKEN (xapp-..., for Socket Mode) or SLACK_SIGNING_SECRET (for HTTP): "
    "without one of them Slack cannot reach Bookroom."
)
_ADDRESS = (
    "{} is not of the form postgresql://user:password@host:5432/database, or asks for an sslmode that PostgreSQL has not."
)
MISSING = {
    "SLACK_BOT_TOKEN": (
        "SLACK_BOT_TOKEN is missing: put the Bot User OAuth Token (xoxb-...) "
        'from your app\'s page "OAuth & Permissions" into the environment or into .env.'
    ),
}
# What many workspaces need; with SLACK_BOT_TOKEN, Bookroom serves the one that gave it.
FOR_MANY = {
    "SLACK_CLIENT_ID": 'copy it from your app\'s page "Basic Information"',
    "SLACK_SIGNING_SECRET": 'copy it from your app\'s page "Basic Information"',
    "SECRETS_KEYS": "`bookroom secrets new` makes one, with which Slack's tokens are kept",
    "PUBLIC_URL": "write where Slack and people reach Bookroom, like https://rooms.firm.com",
}
NO_SOCKET_FOR_MANY = (
    "SLACK_APP_TOKEN is set without SLACK_BOT_TOKEN: many workspaces are heard by HTTP, one by either. "
    "Leave SLACK_APP_TOKEN out, or set SLACK_BOT_TOKEN."
)
WRONG = {
    "SLACK_BOT_TOKEN": (
        "SLACK_BOT_TOKEN does not begin with xoxb-: "
        'it should be the Bot User OAuth Token from your app\'s page "OAuth & Permissions".'
    ),
    "SLACK_APP_TOKEN": (
        "SLACK_APP_TOKEN does not begin with xapp-: "
        'it should be an app-level token with connections:write from your app\'s page "Basic Information".'
    ),
    "SECRETS_KEYS": (
        "SECRETS_KEYS is not a list of keys with commas between, the newest first: make one with `bookroom secrets new`."
    ),
    "SLACK_SIGNING_SECRET": (
        'SLACK_SIGNING_SECRET holds a token: it should be the Signing Secret from your app\'s page "Basic Information".'
    ),
    "SLACK_CLIENT_SECRET": (
        'SLACK_CLIENT_ID and SLACK_CLIENT_SECRET go together: copy both from your app\'s page "Basic Information".'
    ),
    "SESSION_SECRET": "SESSION_SECRET is shorter than 16 characters: it should be a long random word.",
    "SLACK_API_URL": "SLACK_API_URL is no http:// or https:// address: leave it out to talk to Slack itself.",
    "DATABASE_URL": _ADDRESS.format("DATABASE_URL"),
    "DATABASE_OWNER_URL": _ADDRESS.format("DATABASE_OWNER_URL"),
    "DATABASE_WORKER_URL": _ADDRESS.format("DATABASE_WORKER_URL"),
    "DATABASE_REPLICA_URL": _ADDRESS.format("DATABASE_REPLICA_URL"),
    "DATABASE_REPLICA_LAG_SECONDS": (
        "DATABASE_REPLICA_LAG_SECONDS is not a number from 0.1 to 3600: so far behind may be a replica that is read."
    ),
    "PUBLIC_URL": "PUBLIC_URL is no http:// or https:// address: write where people reach Bookroom, like https://rooms.firm.com.",
    "DB_POOL_SIZE": "DB_POOL_SIZE is not a number from 1 to 200: it says how many database connections to keep.",
    "API_REQUESTS_PER_MINUTE": (
        "API_REQUESTS_PER_MINUTE is not a number from 0 to 1000000: it says how many requests each token is good for."
    ),
    "API_STREAMS": "API_STREAMS is not a number from 1 to 100000: it says how many event streams may be open at once.",
    "WEBHOOK_PRIVATE_TARGETS": (
        "WEBHOOK_PRIVATE_TARGETS is no list of host names, addresses and networks with commas between: "
        "write it like hooks.intranet, 10.1.0.0/16."
    ),
    "API_ALLOWED_ORIGINS": (
        "API_ALLOWED_ORIGINS is no list of origins with commas between: write it like https://office.example, "
        "without a path and without a slash at the end."
    ),
    "TENANT_DATABASES": (
        "TENANT_DATABASES is no list of databases with spaces between: write it like "
        "eu=postgresql://user:password@host:5432/bookroom big=postgresql://user:password@host2:5432/bookroom."
    ),
    "TENANT_OWNER_DATABASES": (
        "TENANT_OWNER_DATABASES is no list like that of TENANT_DATABASES, with the logins that own the tables."
    ),
    "BOOKROOM_TENANT": "BOOKROOM_TENANT is not a UUID: leave it out unless several companies share the database.",
    "BOOKROOM_COMMAND": (
        "BOOKROOM_COMMAND is not a slash command: write a slash and up to 31 small letters, digits, - or _, like /book."
    ),
    "PORT": "PORT is not a number from 0 to 65535: it says where to listen for HTTP, 3000 by default.",
    "BOOKROOM_CHECK_SECONDS": (
        "BOOKROOM_CHECK_SECONDS is not a number from 0 to 604800: it says how often to look for contradictions; 0: never."
    ),
    "LOG_LEVEL": "LOG_LEVEL is none of DEBUG, INFO, WARNING and ERROR.",
}

# What operators call the database that holds the directory of tenants; no other can have the name.
MAIN = "main"

S = TypeVar("S", bound="StorageSettings")
Port = Annotated[int, Field(ge=0, le=65535)]


class SettingsError(Exception):
    """A setting is missing or wrong; the message is one sentence that names it and says what to do."""


class StorageSettings(BaseSettings):
    """Where the data is, and for which tenant; all that commands without Slack need."""

    model_config = SettingsConfigDict(
        frozen=True, env_file=".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    database_url: SecretStr | None = None
    """The application's login; None means a database of our own below `bookroom_data`."""
    database_owner_url: SecretStr | None = None
    database_worker_url: SecretStr | None = None
    database_replica_url: SecretStr | None = None
    """The application's login at a copy that follows the database; None where there is none."""
    database_replica_lag_seconds: float = Field(default=LAG_SECONDS, ge=0.1, le=3600, allow_inf_nan=False)
    db_pool_size: int = Field(default=10, ge=1, le=200)
    bookroom_data: Path = Path("var")
    bookroom_tenant: UUID = DEFAULT_TENANT
    tenant_databases: SecretStr | None = None
    """Databases in which tenants may be placed, as name=url with spaces between; a login that may act as both roles."""
    tenant_owner_databases: SecretStr | None = None
    """The same with logins that own the tables, for migrations and operators; those of `tenant_databases` where not set."""
    public_url: str | None = None
    """Where people reach our pages, without a slash at the end; None where nobody has said."""
    webhook_private_targets: str = ""
    """Hosts and networks that webhooks may reach although they are private, with commas between."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    bookroom_check_seconds: int = Field(default=3600, ge=0, le=604_800)
    """How often the running bots look at the invariants, one of them at a time; 0: never."""

    @property
    def app_url(self) -> str:
        """The application's login; SettingsError where there is no DATABASE_URL."""
        if self.database_url is None:
            raise SettingsError("DATABASE_URL is missing: set it to postgresql://user:password@host:5432/database.")
        return self.database_url.get_secret_value()

    @property
    def owner_url(self) -> str:
        """The login of the tables' owner, for migrations; DATABASE_URL where no other is set."""
        return self.database_owner_url.get_secret_value() if self.database_owner_url else self.app_url

    @property
    def worker_url(self) -> str:
        """The login of the worker; DATABASE_URL where no other is set."""
        return self.database_worker_url.get_secret_value() if self.database_worker_url else self.app_url

    @property
    def replica_url(self) -> str | None:
        """The application's login at a copy of the database, where there is one."""
        return self.database_replica_url.get_secret_value() if self.database_replica_url else None

    @property
    def placements(self) -> dict[str, str]:
        """Addresses of the databases in which tenants may be placed, by name; the main one is not among them."""
        return _databases(self.tenant_databases)

    def placement(self, name: str) -> str:
        """Return the address of a database in which a tenant lives; SettingsError where the settings do not name it."""
        if name not in self.placements:
            raise SettingsError(f"TENANT_DATABASES does not name {name!r}, where the tenant lives.")
        return self.placements[name]

    @property
    def owner_placements(self) -> dict[str, str]:
        """The same, with logins that own the tables."""
        return {**self.placements, **_databases(self.tenant_owner_databases)}

    @field_validator("tenant_databases", "tenant_owner_databases")
    @classmethod
    def _placed(cls, value: SecretStr | None) -> SecretStr | None:
        _databases(value)
        return value

    @field_validator("database_url", "database_owner_url", "database_worker_url", "database_replica_url", mode="after")
    @classmethod
    def _database(cls, value: SecretStr | None) -> SecretStr | None:
        """Accept the spellings that people and hosts use, and settle on one."""
        return SecretStr(driver_dsn(value.get_secret_value())) if value else None

    @field_validator("public_url")
    @classmethod
    def _public_url(cls, value: str | None) -> str | None:
        return _web_address(value) if value else None

    @property
    def private_targets(self) -> Allowed:
        """What webhooks may reach although it is private."""
        return Allowed.read(word for word in self.webhook_private_targets.split(",") if word.strip())

    @field_validator("webhook_private_targets")
    @classmethod
    def _private_targets(cls, value: str) -> str:
        Allowed.read(word for word in value.split(",") if word.strip())
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _level(cls, value: Any) -> Any:  # noqa: ANN401 - whatever was set, before it is checked
        return value.upper() if isinstance(value, str) else value


class Settings(StorageSettings):
    """Everything that the running bot can be told."""

    slack_bot_token: SecretStr | None = None
    """The one workspace's; without it, every workspace that installs the app is served, by what `FOR_MANY` names."""
    secrets_keys: SecretStr | None = None
    """What Slack's tokens of many workspaces are sealed with in the database, the newest first."""
    slack_app_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    slack_client_id: str | None = None
    """With the secret below, people sign in to our pages with Slack; without, the pages say how to get in."""
    slack_client_secret: SecretStr | None = Field(default=None, validate_default=True)
    session_secret: SecretStr | None = None
    """What signs the cookies of those who have signed in; without it, something derived from Slack's secrets does."""
    slack_api_url: str = "https://slack.com/api/"
    host: str = "127.0.0.1"
    port: Port = 3000
    bookroom_command: str = "/book"
    api_requests_per_minute: int = Field(default=600, ge=0, le=1_000_000)
    """How many requests each token of the API is good for; 0: as many as come."""
    api_allowed_origins: str = ""
    """Of which sites pages may use the API from within a browser, with commas between; none where it is empty."""
    api_streams: int = Field(default=2000, ge=1, le=100_000)
    """How many event streams may be open at once in this process, each on a connection of its own."""

    @property
    def allowed_origins(self) -> tuple[str, ...]:
        """The origins whose pages may use the API."""
        return tuple(_origins(self.api_allowed_origins))

    @field_validator("api_allowed_origins")
    @classmethod
    def _allowed(cls, value: str) -> str:
        _origins(value)
        return value

    @property
    def socket_mode(self) -> bool:
        """Whether Slack is heard over a socket of ours instead of HTTP requests of its own."""
        return self.slack_app_token is not None

    @property
    def session_key(self) -> str:
        """What cookies are signed with; as long as it stays the same, people stay signed in over a restart."""
        found = self.session_secret or self.slack_signing_secret or self.slack_bot_token
        assert found is not None
        return found.get_secret_value()

    @property
    def many(self) -> bool:
        """Whether every workspace that installs the app is served."""
        return self.slack_bot_token is None

    @property
    def bot_token(self) -> str:
        """The token of the one workspace; SettingsError where many are served."""
        if self.slack_bot_token is None:
            raise SettingsError(MISSING["SLACK_BOT_TOKEN"])
        return self.slack_bot_token.get_secret_value()

    @property
    def sealing_keys(self) -> tuple[Fernet, ...]:
        """What tokens are sealed with, the newest first."""
        return keys_of(self.secrets_keys.get_secret_value()) if self.secrets_keys else ()

    @field_validator(
        "slack_bot_token", "slack_app_token", "slack_signing_secret", "slack_client_secret", "session_secret", mode="after"
    )
    @classmethod
    def _trimmed(cls, value: SecretStr | None) -> SecretStr | None:
        trimmed = value.get_secret_value().strip() if value else ""
        # Blank is absent: as a secret, nothing would be checked against nothing.
        return SecretStr(trimmed) if trimmed else None

    @field_validator("slack_bot_token")
    @classmethod
    def _bot_token(cls, value: SecretStr | None) -> SecretStr | None:
        return _beginning(value, "xoxb-") if value else None

    @field_validator("secrets_keys")
    @classmethod
    def _keys(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None or not value.get_secret_value().strip():
            return None
        if not keys_of(value.get_secret_value()):
            raise ValueError("no keys")
        return value

    @field_validator("slack_app_token")
    @classmethod
    def _app_token(cls, value: SecretStr | None) -> SecretStr | None:
        return _beginning(value, "xapp-") if value else None

    @field_validator("slack_signing_secret")
    @classmethod
    def _signing_secret(cls, value: SecretStr | None) -> SecretStr | None:
        if value and value.get_secret_value().startswith(("xox", "xapp-")):
            raise ValueError
        return value

    @field_validator("slack_client_secret")
    @classmethod
    def _client(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if (value is None) != (not info.data.get("slack_client_id")):
            raise ValueError
        return value

    @field_validator("session_secret")
    @classmethod
    def _session_secret(cls, value: SecretStr | None) -> SecretStr | None:
        if value and len(value.get_secret_value()) < 16:
            raise ValueError
        return value

    @field_validator("slack_api_url")
    @classmethod
    def _api_url(cls, value: str) -> str:
        return _web_address(value) + "/"

    @field_validator("bookroom_command")
    @classmethod
    def _command(cls, value: str) -> str:
        if not re.fullmatch(r"/[a-z0-9_-]{1,31}", value):
            raise ValueError
        return value

    @model_validator(mode="after")
    def _heard(self) -> Self:
        if self.many:
            self._heard_of_many()
        elif self.slack_app_token is None and self.slack_signing_secret is None:
            raise ValueError(NO_TRANSPORT)
        return self

    def _heard_of_many(self) -> None:
        """Without a bot token: nothing of many workspaces is set, so that it is what is missing; or all of it has to be."""
        if self.secrets_keys is None:
            raise ValueError(MISSING["SLACK_BOT_TOKEN"])
        for name, how in FOR_MANY.items():
            if not getattr(self, name.lower()):
                raise ValueError(f"{name} is missing, which many workspaces need: {how}.")
        if self.slack_app_token:
            raise ValueError(NO_SOCKET_FOR_MANY)


def load() -> Settings:
    """Read all settings; SettingsError names the first that is missing or wrong."""
    return _read(Settings)


def load_storage() -> StorageSettings:
    """Read the settings of the database alone, for commands that do not talk to Slack."""
    return _read(StorageSettings)


def _read(kind: type[S]) -> S:
    try:
        return kind()
    except ValidationError as error:
        # Without a cause: pydantic's own message is long, and hiding it keeps values out of tracebacks.
        raise SettingsError(_sentence(error)) from None
    except (SourceError, UnicodeDecodeError):
        raise SettingsError("The file .env cannot be read: write one NAME=value a line, in UTF-8.") from None


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    if not first["loc"]:
        return str(first["ctx"]["error"])
    name = str(first["loc"][0]).upper()
    if first["type"] == "missing":
        return MISSING[name]
    return WRONG.get(name, f"{name} is set to something that cannot be used.")


def _web_address(value: str) -> str:
    """Return an http:// or https:// address without a slash at its end."""
    url = urlsplit(value.strip())
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise ValueError
    return url.geturl().rstrip("/")


def _databases(value: SecretStr | None) -> dict[str, str]:
    """Return the addresses of a list of name=url, for the driver; raises ValueError for what is none."""
    found: dict[str, str] = {}
    for word in value.get_secret_value().split() if value else ():
        name, _, url = word.partition("=")
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,62}", name) or name in found or name == MAIN:
            raise ValueError("no name of a database")
        found[name] = driver_dsn(url)
    return found


def _origins(value: str) -> list[str]:
    """Return origins as browsers write them, of a list with commas; raises ValueError for what is none."""
    found = []
    for word in filter(None, (part.strip() for part in value.split(","))):
        url = urlsplit(word)
        if (
            url.scheme not in {"http", "https"}
            or not url.hostname
            or "@" in url.netloc
            or word != f"{url.scheme}://{url.netloc}"
        ):
            raise ValueError("no origin")
        usual = {"http": 80, "https": 443}[url.scheme]
        host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
        found.append(f"{url.scheme}://{host}" + (f":{url.port}" if url.port not in {None, usual} else ""))
    return found


def _beginning(token: SecretStr, prefix: str) -> SecretStr:
    if not token.get_secret_value().startswith(prefix):
        raise ValueError
    return token
