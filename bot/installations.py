"""Where the app is installed: Bolt's stores on our database, with every token sealed, and what a tenant's teams have.

It lies in the main database, by team and organisation and not by tenant: whose a request is, is found out by it. Kept out:
which tenant a team belongs to (`core.tenants`), and Slack's side of installing.
"""

from __future__ import annotations

import copy
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any, TypeVar
from uuid import UUID

from slack_sdk.oauth.installation_store import Bot, Installation
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.installation_store.sqlalchemy import AsyncSQLAlchemyInstallationStore
from slack_sdk.oauth.state_store.sqlalchemy import AsyncSQLAlchemyOAuthStateStore
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from bot.sealing import SealedWithAnotherKeyError, Sealing
from core.db import Database, ReadSession, WriteSession, translate
from core.errors import Unavailable

T = TypeVar("T")
E = TypeVar("E", Bot, Installation)
log = logging.getLogger(__name__)

STATE_SECONDS = 600
# A token that was taken back or given anew elsewhere is used no longer than this.
FRESH_SECONDS = 15.0
SECRETS = ("bot_token", "bot_refresh_token", "user_token", "user_refresh_token", "incoming_webhook_url")
_IN_BOTS = ("bot_token", "bot_refresh_token")

# A team of another tenant's has given nothing here, whoever asks for it.
_GRANTED = """
SELECT b.bot_token, b.bot_id, b.bot_user_id FROM slack_bots b
LEFT JOIN slack_teams t ON t.tenant_id = $1 AND t.team_id = $3
WHERE b.client_id = $2 AND b.bot_token IS NOT NULL
    AND (b.team_id = t.team_id OR (b.team_id IS NULL AND b.enterprise_id IN ($3, $4, t.enterprise_id)))
ORDER BY b.team_id IS NULL, b.installed_at DESC, b.id DESC LIMIT 1
"""
_TEAMS = """
SELECT t.team_id, t.enterprise_id FROM slack_teams t WHERE t.tenant_id = $1 AND EXISTS (
    SELECT FROM slack_bots b WHERE b.client_id = $2 AND b.bot_token IS NOT NULL
        AND (b.team_id = t.team_id OR (b.team_id IS NULL AND b.enterprise_id IN (t.team_id, t.enterprise_id))))
ORDER BY t.created_at, t.team_id
"""
# An organisation's own row is no team, but what its install is known by.
_TENANTS = """
SELECT DISTINCT tenant_of_team(coalesce(team_id, enterprise_id), enterprise_id) AS tenant FROM slack_bots
WHERE client_id = $1 AND bot_token IS NOT NULL
"""
_ORGANISATION = "SELECT enterprise_id FROM slack_teams WHERE tenant_id = $1 AND team_id = $2"
_KEPT = 1000
_HERE = "client_id = $1 AND team_id IS NOT DISTINCT FROM $2 AND enterprise_id IS NOT DISTINCT FROM $3"


class UnreadableGrant(Unavailable):
    """A team's token was sealed with a key that this process does not have."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """What a team has given the app: a token, and as whom it speaks there."""

    token: str
    bot_id: str | None
    bot_user_id: str | None


class Installations(AsyncInstallationStore):
    """Bolt's store on SQLAlchemy, which sees tokens only as nobody can read them."""

    def __init__(self, client_id: str, db: Database, sealing: Sealing) -> None:
        """`db` is the main database, of whichever tenant."""
        self._client_id, self._db, self._sealing = client_id, db, sealing
        self._kept = AsyncSQLAlchemyInstallationStore(client_id, db.engine, logger=logging.getLogger("slack_sdk.oauth"))

    @property
    def logger(self) -> logging.Logger:
        """Where the store tells what it does."""
        return log

    async def async_save(self, installation: Installation) -> None:
        """Keep an installation; those that it takes the place of go, with their tokens."""
        await _translated(self._kept.async_save(self._sealed(installation)))
        await self._forget(installation.team_id, installation.enterprise_id, before=installation.installed_at)

    async def async_save_bot(self, bot: Bot) -> None:
        """Keep a bot's token, such as a newer one."""
        await _translated(self._kept.async_save_bot(self._sealed(bot)))

    async def async_find_bot(
        self, *, enterprise_id: str | None, team_id: str | None, is_enterprise_install: bool | None = False
    ) -> Bot | None:
        """Return the newest bot of a team or organisation, its token readable."""
        found = await self._kept.async_find_bot(
            enterprise_id=enterprise_id, team_id=team_id, is_enterprise_install=is_enterprise_install
        )
        return self._opened(found) if found else None

    async def async_find_installation(
        self,
        *,
        enterprise_id: str | None,
        team_id: str | None,
        user_id: str | None = None,
        is_enterprise_install: bool | None = False,
    ) -> Installation | None:
        """Return the newest installation, its tokens readable."""
        found = await self._kept.async_find_installation(
            enterprise_id=enterprise_id, team_id=team_id, user_id=user_id, is_enterprise_install=is_enterprise_install
        )
        return self._opened(found) if found else None

    async def async_delete_bot(self, *, enterprise_id: str | None, team_id: str | None) -> None:
        """Forget the bot's tokens in a team or organisation."""
        await self._kept.async_delete_bot(enterprise_id=enterprise_id, team_id=team_id)

    async def async_delete_installation(
        self, *, enterprise_id: str | None, team_id: str | None, user_id: str | None = None
    ) -> None:
        """Forget an installation, or what one person has given."""
        await self._kept.async_delete_installation(enterprise_id=enterprise_id, team_id=team_id, user_id=user_id)

    async def kept(self, *, team_id: str | None, enterprise_id: str | None) -> dict[str, list[int]]:
        """Return the rows of a team, or, without a team, of an organisation that installed the app as a whole, by table."""

        async def work(session: ReadSession) -> dict[str, list[int]]:
            found = {}
            for table in ("slack_installations", "slack_bots"):
                rows = await session.all(
                    f"SELECT id FROM {table} WHERE client_id = $1"
                    " AND (team_id = $2 OR ($2::text IS NULL AND team_id IS NULL AND enterprise_id = $3))",
                    self._client_id,
                    team_id,
                    enterprise_id,
                )
                found[table] = [row["id"] for row in rows]
            return found

        return await self._db.read(work)

    async def left(self, kept: Mapping[str, list[int]]) -> None:
        """Forget the tokens in these rows, which `kept` has returned; what was installed since stays."""

        async def work(session: WriteSession) -> None:
            for table, rows in kept.items():
                await session.run(f"DELETE FROM {table} WHERE id = ANY($1::int[])", rows)

        await self._db.write(work, repeatable=True)

    async def tenants(self) -> frozenset[UUID]:
        """Return the tenants that have given the app a token."""

        async def work(session: ReadSession) -> frozenset[UUID]:
            rows = await session.all(_TENANTS, self._client_id)
            return frozenset(row["tenant"] for row in rows if row["tenant"])

        return await self._db.read(work)

    async def readable(self) -> None:
        """Raise SealedWithAnotherKeyError unless everything that is kept can be opened."""

        async def work(session: ReadSession) -> list[str]:
            rows = await session.all("SELECT bot_token FROM slack_bots WHERE client_id = $1", self._client_id)
            return [row["bot_token"] for row in rows]

        for sealed in await self._db.read(work):
            self._sealing.opened(sealed)

    async def rotate(self) -> int:
        """Seal everything anew that was not sealed with the newest key, and return how many rows that were."""

        async def work(session: WriteSession) -> int:
            changed = 0
            for table, columns in (("slack_installations", SECRETS), ("slack_bots", _IN_BOTS)):
                listed = ", ".join(columns)
                for row in await session.all(f"SELECT id, {listed} FROM {table} ORDER BY id FOR UPDATE"):
                    changed += await self._resealed(session, table, columns, row)
            return changed

        return await self._db.write(work, repeatable=True)

    async def _resealed(self, session: WriteSession, table: str, columns: tuple[str, ...], row: Any) -> int:  # noqa: ANN401
        if all(self._sealing.by_the_newest(row[column]) for column in columns):
            return 0
        anew = [self._sealing.sealed(self._sealing.opened(row[column])) for column in columns]
        said = ", ".join(f"{column} = ${number}" for number, column in enumerate(columns, start=2))
        await session.run(f"UPDATE {table} SET {said} WHERE id = $1", row["id"], *anew)
        return 1

    async def _forget(self, team_id: str | None, enterprise_id: str | None, *, before: float) -> None:
        """Remove what was kept of a team before a moment, in unix seconds."""
        moment = datetime.fromtimestamp(before, UTC).replace(tzinfo=None)

        async def work(session: WriteSession) -> None:
            for table in ("slack_installations", "slack_bots"):
                statement = f"DELETE FROM {table} WHERE {_HERE} AND installed_at < $4"
                await session.run(statement, self._client_id, team_id, enterprise_id, moment)

        await self._db.write(work, repeatable=True)

    def _sealed(self, entity: E) -> E:
        return _with(entity, self._sealing.sealed)

    def _opened(self, entity: E) -> E:
        return _with(entity, self._sealing.opened)


async def _translated(kept: Awaitable[T]) -> T:
    """Return what Bolt's store returns, its database's errors as ours."""
    try:
        return await kept
    except DBAPIError as error:
        cause = error.orig.__cause__ if error.orig else None
        translate(cause if isinstance(cause, Exception) else error)
    except (OSError, PoolTimeoutError) as error:
        translate(error)


def _with(entity: E, done: Callable[[str | None], str | None]) -> E:
    """Return a copy whose secrets have gone through something."""
    one = copy.copy(entity)
    for name in SECRETS:
        if hasattr(one, name):
            setattr(one, name, done(getattr(one, name)))
    return one


class States(AsyncSQLAlchemyOAuthStateStore):
    """What an installation begins with: good once, for ten minutes, also where it comes back twice at the same moment."""

    def __init__(self, db: Database, *, seconds: int = STATE_SECONDS) -> None:
        super().__init__(expiration_seconds=seconds, engine=db.engine, logger=logging.getLogger("slack_sdk.oauth"))
        self._db = db

    async def async_issue(self, *_args: object, **_kwargs: object) -> str:
        """Return a new state."""
        state = secrets.token_urlsafe(32)

        async def work(session: WriteSession) -> None:
            # Most who look at the page never come back: what they were given does not pile up.
            await session.run(
                "DELETE FROM slack_oauth_states WHERE expire_at < now() AT TIME ZONE 'UTC'"
                " AND id IN (SELECT id FROM slack_oauth_states ORDER BY id LIMIT 3 FOR UPDATE SKIP LOCKED)"
            )
            await session.run(
                "INSERT INTO slack_oauth_states (state, expire_at)"
                " VALUES ($1, now() AT TIME ZONE 'UTC' + make_interval(secs => $2))",
                state,
                self.expiration_seconds,
            )

        await self._db.write(work, repeatable=False)
        return state

    async def async_consume(self, state: str) -> bool:
        """Use a state up; False where it is none of ours, is over, or was used."""

        async def work(session: WriteSession) -> bool:
            found = await session.value(
                "DELETE FROM slack_oauth_states WHERE state = $1 RETURNING expire_at > now() AT TIME ZONE 'UTC'", state
            )
            await session.run("DELETE FROM slack_oauth_states WHERE expire_at < now() AT TIME ZONE 'UTC'")
            return bool(found)

        # Not repeatable: a state that was used up without our knowing stays used.
        return await self._db.write(work, repeatable=False)


class Grants:
    """What the teams of one tenant have given, asked of the database every few seconds at most."""

    def __init__(
        self,
        client_id: str,
        db: Database,
        sealing: Sealing,
        *,
        fresh_seconds: float = FRESH_SECONDS,
        now: Callable[[], float] = monotonic,
    ) -> None:
        """`db` is that tenant's view of the main database."""
        self._client_id, self._db, self._sealing = client_id, db, sealing
        self._fresh_seconds, self._now = fresh_seconds, now
        self._known: dict[str, tuple[float, Grant | None]] = {}
        self._refused: dict[str, tuple[str, float]] = {}
        self._organisations: dict[str, tuple[float, str | None]] = {}

    async def of(self, team_id: str, enterprise_id: str | None = None) -> Grant | None:
        """Return what a team has given, or its organisation for it; None where the app is not there."""
        moment = self._now()
        known = self._known.get(team_id)
        if known is None or known[0] <= moment:
            known = self._known[team_id] = (moment + self._fresh_seconds, await self._asked(team_id, enterprise_id))
        return known[1]

    async def usable(self, team_id: str) -> bool:
        """Tell whether there is a token that Slack has not just refused."""
        grant = await self.of(team_id)
        if grant is None:
            return False
        token, until = self._refused.get(team_id, ("", 0.0))
        return token != grant.token or until <= self._now()

    def refused(self, team_id: str, seconds: float) -> None:
        """Note that Slack refuses a team's token: it is not used for so many seconds, unless there is another by then."""
        known = self._known.pop(team_id, None)
        if known and known[1]:
            self._refused[team_id] = (known[1].token, self._now() + seconds)

    def forget(self) -> None:
        """Ask again at the next question: something was given or taken back."""
        self._known.clear()
        self._refused.clear()

    async def organisation(self, team_id: str) -> str | None:
        """Return the organisation that one of the tenant's teams belongs to, None where it is none of them or alone."""
        moment = self._now()
        known = self._organisations.get(team_id)
        if known is None or known[0] <= moment:

            async def work(session: ReadSession) -> str | None:
                found: str | None = await session.value(_ORGANISATION, session.tenant, team_id)
                return found

            known = (moment + self._fresh_seconds, await self._db.read(work))
            if len(self._organisations) >= _KEPT:
                self._organisations.clear()
            self._organisations[team_id] = known
        return known[1]

    async def together(self, one: str, other: str) -> bool:
        """Tell whether two teams are one, or the tenant's and of one organisation."""
        if one == other:
            return True
        organisation = await self.organisation(one)
        return organisation is not None and organisation == await self.organisation(other)

    async def teams(self) -> tuple[str, ...]:
        """Return the teams that the app is in; an organisation that has installed it stands for itself."""

        async def work(session: ReadSession) -> tuple[str, ...]:
            rows = await session.all(_TEAMS, session.tenant, self._client_id)
            return tuple(row["team_id"] for row in rows)

        return await self._db.read(work)

    async def _asked(self, team_id: str, enterprise_id: str | None) -> Grant | None:
        async def work(session: ReadSession) -> Grant | None:
            row = await session.one(_GRANTED, session.tenant, self._client_id, team_id, enterprise_id)
            if row is None:
                return None
            try:
                token = self._sealing.opened(row["bot_token"])
            except SealedWithAnotherKeyError as error:
                # Another process has a newer key than this one.
                log.error("%s", error, extra={"action": "open_sealed", "team": team_id})
                raise UnreadableGrant("Bookroom cannot speak with this workspace at the moment.") from error
            assert token is not None
            return Grant(token=token, bot_id=row["bot_id"], bot_user_id=row["bot_user_id"])

        return await self._db.read(work)
