"""Connections, transactions and the one place where the driver's errors become the product's.

Reading and writing are different types, so that a write cannot be handed a reader. SQLAlchemy keeps the pool; statements
go through the driver's own connection (asyncpg), which prepares each once per connection and costs a fifth of building
them anew. Kept out: SQL.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from time import monotonic
from typing import Any, NoReturn, Protocol, TypeVar
from uuid import UUID

import asyncpg
import stamina
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import PoolProxiedConnection

from core import roles
from core.address import driver_dsn
from core.errors import (
    BookingError,
    Busy,
    EndBeforeStart,
    EquipmentTaken,
    InvalidAttendees,
    InvalidImport,
    InvalidSeries,
    LocationNotFound,
    PersonNotFound,
    RoomInactive,
    RoomNotFound,
    TitleTooLong,
    TooManyAttendees,
    Unavailable,
    WorkspaceMoving,
)
from core.reading import Elsewhere, asked
from core.scoped import NOBODY, ScopedTransaction
from core.telling import LOST, POOL, SILENT, Telling

T = TypeVar("T")
log = logging.getLogger(__name__)

DEFAULT_TENANT = UUID("00000000-0000-7000-8000-000000000001")

# All under the three seconds that Slack waits; the lock's is shorter than the statement's, so that its name arrives.
TIMEOUTS = {
    "statement_timeout": "2500",
    "lock_timeout": "2000",
    "idle_in_transaction_session_timeout": "2500",
}

# PostgreSQL's SQLSTATEs that mean "the whole transaction may be tried again".
SERIALIZATION_FAILURE, DEADLOCK = "40001", "40P01"
LOCK_TIMEOUT, STATEMENT_TIMEOUT = "55P03", "57014"
# Classes of SQLSTATEs: too little of something (connections, disk, memory), and what the system underneath fails of.
SCARCE, BROKEN = "53", "58"
# Our own: of the triggers that exist while a tenant is moved.
MOVING = "BK001"

_LOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    # What the driver says when the server's farewell arrives between two statements.
    asyncpg.InternalClientError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    # Another server has taken over, and this one may not be written to any more: a new connection leads there.
    asyncpg.ReadOnlySQLTransactionError,
)


class LostConnectionError(Exception):
    """The connection broke; `committed_unknown` when that was while COMMIT was under way."""

    def __init__(self, *, committed_unknown: bool) -> None:
        super().__init__("connection to the database lost")
        self.committed_unknown = committed_unknown


class ReadSession:
    """Runs queries; rows come back as asyncpg records."""

    def __init__(self, driver: asyncpg.Connection, tenant: UUID) -> None:
        self._driver = driver
        self.tenant = tenant

    async def all(self, sql: str, *values: object) -> list[asyncpg.Record]:
        """Return every row."""
        rows: list[asyncpg.Record] = await self._driver.fetch(sql, *values)
        return rows

    async def one(self, sql: str, *values: object) -> asyncpg.Record | None:
        """Return the first row, or None."""
        return await self._driver.fetchrow(sql, *values)

    async def value(self, sql: str, *values: object) -> Any:  # noqa: ANN401 - whatever type the column has
        """Return the first row's first column, or None."""
        return await self._driver.fetchval(sql, *values)


class WriteSession(ReadSession):
    """Runs queries and changes inside one transaction, which its opener commits.

    `happened` is set by whoever writes an event: then others are woken after the commit. What is in `at_last` is run right
    before the commit, for what must be in the order of commits.
    """

    happened = False

    def __init__(self, driver: asyncpg.Connection, tenant: UUID) -> None:
        super().__init__(driver, tenant)
        self.at_last: list[Callable[[WriteSession], Awaitable[object]]] = []

    async def run(self, sql: str, *values: object) -> str:
        """Execute a statement and return its command tag."""
        tag: str = await self._driver.execute(sql, *values)
        return tag

    async def run_many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """Execute a statement once per row."""
        await self._driver.executemany(sql, rows)


class Guard(Protocol):
    """Something that begins and ends one transaction of its own accord: see `once`. `over` once that is committed."""

    over: bool

    async def begin(self, session: WriteSession) -> None:
        """Run the transaction's first statements; whatever it raises undoes the transaction."""

    async def end(self, session: WriteSession, result: Any) -> None:  # noqa: ANN401 - what the work returns
        """Run the transaction's last statements."""


# Set around a use case by an edge whose requests may come twice; the use case does not know.
guarded_by: ContextVar[Guard | None] = ContextVar("guarded_by", default=None)


def guarding() -> Guard | None:
    """Return the guard that the next transaction begins and ends with, if there is one."""
    guard = guarded_by.get()
    return None if guard is None or guard.over else guard


# Set around a use case by an edge that wants something read right behind each commit, on the connection that is there.
followed_by: ContextVar[Callable[[ReadSession], Awaitable[None]] | None] = ContextVar("followed_by", default=None)


async def _follow(driver: asyncpg.Connection, tenant: UUID) -> None:
    """Read what is to be read behind a commit; what was committed stands, whatever comes of that."""
    if then := followed_by.get():
        with contextlib.suppress(*_LOST, asyncpg.PostgresError):
            await then(ReadSession(driver, tenant))


class Copy(Protocol):
    """What is read in place of a database by whoever has leave to: see `replica`."""

    async def read(
        self,
        db: Database,
        work: Callable[[ReadSession], Awaitable[T]],
        leave: Elsewhere,
        *,
        settings: str | None = None,
        seconds: float = ...,
    ) -> T:
        """Run reading work on the copy, or else on the database."""


class Database:
    """A pool of connections that act as one role for one tenant, or, by `of`, for each of many."""

    def __init__(
        self,
        url: str,
        *,
        tenant: UUID = DEFAULT_TENANT,
        role: str = roles.APPLICATION,
        pool_size: int = 10,
        pool_timeout: float = 2.0,
        timeouts: Mapping[str, str] = TIMEOUTS,
    ) -> None:
        """`timeouts` are PostgreSQL's, in milliseconds; `pool_timeout` is in seconds. For `tenant` NOBODY, see `of`."""
        self.tenant = tenant
        self._scoped = False
        self._pool_size = pool_size
        # Called after each commit that wrote an event; returns at once.
        self.when_something_happened: Callable[[], None] | None = None
        # Called when a write is refused because the tenant is being moved, or has been; returns at once.
        self.when_moving: Callable[[], None] | None = None
        self.telling: Telling = SILENT
        self.copy: Copy | None = None
        # The role is set at connecting: a login with more rights steps down before its first statement.
        self._settings = {**timeouts, "role": role, "application_name": "bookroom", "jit": "off"}
        if tenant != NOBODY:
            self._settings["app.tenant"] = str(tenant)
        self._pool_timeout = pool_timeout
        self._turns = asyncio.Semaphore(pool_size)
        self.engine = create_async_engine(
            "postgresql+asyncpg://",
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=pool_timeout,
            pool_reset_on_return=None,
            connect_args={"dsn": driver_dsn(url), "server_settings": self._settings, "timeout": 2.5},
        )

    def act_as(self, role: str) -> None:
        """Act as another role, on connections that are made from now on."""
        self._settings["role"] = role

    def of(self, tenant: UUID) -> Database:
        """Return a view for another tenant on the same connections, each of whose transactions says whose it is.

        It has its own `when_something_happened`; closing it closes nothing.
        """
        view = copy.copy(self)
        view.tenant, view._scoped, view.when_something_happened = tenant, True, None
        return view

    async def close(self) -> None:
        """Close every connection."""
        if not self._scoped:
            await self.engine.dispose()

    @asynccontextmanager
    async def _driver(self) -> AsyncIterator[tuple[PoolProxiedConnection, Any]]:
        began = monotonic()
        await self._turn()
        try:
            connection = await self._open(began)
            try:
                yield connection, connection.driver_connection
            finally:
                connection.close()
        finally:
            self._turns.release()

    async def _turn(self) -> None:
        """Wait in line for one of the pool's connections; raises PoolTimeoutError where that takes too long.

        The pool's own waiting is no line: whoever has just given a connection back, and asks for one again, overtakes.
        """
        if not self._turns.locked():
            await self._turns.acquire()
            return
        try:
            async with asyncio.timeout(self._pool_timeout):
                await self._turns.acquire()
        except TimeoutError as error:
            raise PoolTimeoutError("no connection became free in time") from error

    async def _open(self, began: float) -> PoolProxiedConnection:
        """Check a connection out; one that died while it was idle is replaced unseen, since nothing was sent on it.

        Straight from the pool: what SQLAlchemy puts around a connection costs twice as much as all the rest of this.
        """
        try:
            connection = await self.engine.raw_connection()
            self.telling.checked_out(self._settings["role"], monotonic() - began)
            # After each of those that died, the pool gives the next: at the latest the one made anew for the first.
            for _ in range(self._pool_size):
                driver: Any = connection.driver_connection
                if not driver.is_closed():
                    break
                connection.invalidate()
                connection = await self.engine.raw_connection()
            return connection
        except self.engine.dialect.loaded_dbapi.Error as error:
            # The pool wraps what the driver says while it connects; `translate` knows the driver's own words.
            raise error.__cause__ or error from error

    @asynccontextmanager
    async def _transaction(self, *, written: bool = True) -> AsyncIterator[WriteSession]:
        async with self._driver() as (connection, driver):
            transaction = ScopedTransaction(driver, self.tenant) if self._scoped else driver.transaction()
            committing = False
            try:
                await transaction.start()
                try:
                    yield WriteSession(driver, self.tenant)
                except BaseException:
                    if not driver.is_closed():
                        await transaction.rollback()
                    raise
                committing = True
                await transaction.commit()
                if written:
                    await _follow(driver, self.tenant)
            except _LOST as error:
                connection.invalidate()
                raise LostConnectionError(committed_unknown=committing) from error
            except asyncio.CancelledError:
                # Whoever asked has left in the middle of a statement: what state the connection is in nobody knows.
                connection.invalidate()
                raise

    async def write(self, work: Callable[[WriteSession], Awaitable[T]], *, repeatable: bool) -> T:
        """Run `work` in one transaction and return what it returns.

        The whole is tried up to three times on serialization failures and deadlocks, and when the connection is lost:
        during COMMIT only where `repeatable`, which is to say under a request key, since the first may have arrived.
        Raises the product's errors (see `translate`).
        """

        guard = guarding()

        def again(error: Exception) -> bool:
            if isinstance(error, LostConnectionError):
                may = repeatable or guard is not None or not error.committed_unknown
            else:
                may = getattr(error, "sqlstate", None) in {SERIALIZATION_FAILURE, DEADLOCK}
            if may:
                self.telling.tried_again(_why(error))
            return may

        try:
            async for attempt in stamina.retry_context(on=again, attempts=3, wait_initial=0.02, wait_max=0.3, timeout=None):
                with attempt:
                    async with self._transaction() as session:
                        if guard:
                            await guard.begin(session)
                        result = await work(session)
                        if guard:
                            await guard.end(session, result)
                        for last in session.at_last:
                            await last(session)
                    if guard:
                        guard.over = True
                    if session.happened and self.when_something_happened:
                        self.when_something_happened()
                    return result
        except Exception as error:
            self._translate(error)
        raise AssertionError("unreachable")

    async def attempt(self, sql: str, *values: object, repeatable: bool) -> asyncpg.Record | None:
        """Run one statement that is a transaction by itself, writes an event where it returns a row, and return that row.

        None where nothing was written: no row came of it, a constraint was broken, or others were in the way. Whoever gets
        None takes the long way by `write`. Where the connection was lost, it may have been done all the same: then None
        comes only where that is `repeatable`, which is to say under a request key. Raises the product's errors.
        """
        if guarding():
            return None
        try:
            row = await (self._alone_scoped if self._scoped else self._alone)(sql, values)
        except asyncpg.IntegrityConstraintViolationError:
            return None
        except asyncpg.TransactionRollbackError as error:
            self.telling.tried_again(_why(error))
            return None
        except Exception as error:
            if isinstance(error, LostConnectionError) and (repeatable or not error.committed_unknown):
                self.telling.tried_again(LOST)
                return None
            self._translate(error)
        if row and self.when_something_happened:
            self.when_something_happened()
        return row

    async def _alone(self, sql: str, values: Sequence[object]) -> asyncpg.Record | None:
        async with self._driver() as (connection, driver):
            try:
                row = await driver.fetchrow(sql, *values)
                if row:
                    await _follow(driver, self.tenant)
                return row
            except _LOST as error:
                connection.invalidate()
                refused = isinstance(error, asyncpg.ReadOnlySQLTransactionError)
                raise LostConnectionError(committed_unknown=not refused) from error
            except asyncio.CancelledError:
                connection.invalidate()
                raise

    async def _alone_scoped(self, sql: str, values: Sequence[object]) -> asyncpg.Record | None:
        async with self._transaction() as session:
            return await session.one(sql, *values)

    async def read(self, work: Callable[[ReadSession], Awaitable[T]]) -> T:
        """Run reading `work`, each statement a snapshot of its own; on a copy where it has leave to, see `reading`."""
        if self.copy is not None and (leave := asked.get()) is not None:
            return await self.copy.read(self, work, leave)
        return await self.read_here(work)

    async def report(self, work: Callable[[ReadSession], Awaitable[T]], *, settings: str, seconds: float) -> T:
        """Run reading `work` in one transaction that begins with `settings`, on a copy where there is one.

        `seconds` is how long it may take on the copy.
        """
        if self.copy is not None:
            leave = asked.get() or Elsewhere()
            return await self.copy.read(self, work, leave, settings=settings, seconds=seconds)
        return await self.read_here(work, settings=settings)

    async def read_here(self, work: Callable[[ReadSession], Awaitable[T]], *, settings: str | None = None) -> T:
        """Run reading `work` where it is written; tried once more when the connection is lost."""
        try:
            try:
                return await self.read_once(work, settings=settings)
            except LostConnectionError:
                self.telling.tried_again(LOST)
                return await self.read_once(work, settings=settings)
        except Exception as error:
            self._translate(error)

    async def read_once(self, work: Callable[[ReadSession], Awaitable[T]], *, settings: str | None = None) -> T:
        """Run reading `work` here; what goes wrong is raised as the driver says it."""
        if self._scoped or settings:
            async with self._transaction(written=False) as session:
                if settings:
                    await session.run(settings)
                return await work(ReadSession(session._driver, self.tenant))
        async with self._driver() as (connection, driver):
            try:
                return await work(ReadSession(driver, self.tenant))
            except _LOST as error:
                connection.invalidate()
                raise LostConnectionError(committed_unknown=False) from error
            except asyncio.CancelledError:
                connection.invalidate()
                raise

    def _translate(self, error: Exception) -> NoReturn:
        """Raise the product's error for a driver's; what the database failed of is told."""
        try:
            translate(error)
        except (Busy, Unavailable) as ours:
            if isinstance(ours, WorkspaceMoving) and self.when_moving:
                self.when_moving()
            # What the use case itself calls busy or out of reach is none of the database's failures.
            if ours is not error:
                self.telling.undone(_why(error))
            raise


# What a broken constraint means to the person. The database's own names; never its texts.
CONSTRAINTS: dict[str, Callable[[], BookingError]] = {
    "bookings_attendees_within_capacity": lambda: TooManyAttendees("That room has fewer seats than that."),
    "bookings_room_active": lambda: RoomInactive("That room is out of use."),
    # A divisible room was divided otherwise at this very moment: the next attempt sees how.
    "bookings_claims_cover": lambda: Busy("That room was changed at this moment. Nothing was booked; try again."),
    "equipment_claims_within_quantity": lambda: EquipmentTaken("There are not as many left at that time."),
    "bookings_of_series": lambda: InvalidSeries("That date of the series is booked already."),
    "bookings_attendees_positive": lambda: InvalidAttendees("A meeting needs at least one person."),
    "bookings_title_length": lambda: TitleTooLong("A title can have up to 200 characters."),
    "bookings_end_after_start": lambda: EndBeforeStart("The meeting would end before it starts."),
    "bookings_room_id_fkey": lambda: RoomNotFound("That room does not exist any more."),
    "room_claims_room_id_fkey": lambda: RoomNotFound("That room does not exist any more."),
    "bookings_booked_by_fkey": lambda: PersonNotFound("That person is not known here."),
    "attendees_person_id_fkey": lambda: PersonNotFound("That person is not known here."),
    "group_members_person_id_fkey": lambda: PersonNotFound("That person is not known here."),
    "people_default_location_id_fkey": lambda: LocationNotFound("That location does not exist any more."),
    "policies_location_id_fkey": lambda: LocationNotFound("That location does not exist any more."),
    "policies_room_id_fkey": lambda: RoomNotFound("That room does not exist any more."),
    "rooms_capacity_covers_bookings": lambda: InvalidImport("A meeting ahead needs more seats than that.", lines=()),
    "rooms_name": lambda: InvalidImport("Two rooms of one location cannot have the same name.", lines=()),
}


def translate(error: Exception) -> NoReturn:
    """Raise the product's error for a driver's; whatever is not known is raised as it is."""
    if isinstance(error, BookingError):
        raise error
    if isinstance(error, asyncpg.PostgresError):
        name = getattr(error, "constraint_name", None)
        if name in CONSTRAINTS:
            broken = CONSTRAINTS[name]()
            raise broken from error
        if error.sqlstate in {LOCK_TIMEOUT, STATEMENT_TIMEOUT, SERIALIZATION_FAILURE, DEADLOCK}:
            raise Busy("Many people are booking at this moment. Nothing was changed; try again.") from error
        if (error.sqlstate or "")[:2] in {SCARCE, BROKEN}:
            raise _unavailable() from error
        if error.sqlstate == MOVING:
            raise WorkspaceMoving(
                "Your workspace is being moved to another database. Nothing was changed; try again in a few minutes."
            ) from error
    if isinstance(error, (LostConnectionError, PoolTimeoutError, TimeoutError, *_LOST)):
        raise _unavailable() from error
    raise error


def _why(error: Exception) -> str:
    """Return the one word for what a transaction failed of."""
    if isinstance(error, PoolTimeoutError):
        return POOL
    return getattr(error, "sqlstate", None) or LOST


def _unavailable() -> Unavailable:
    return Unavailable("The booking database does not answer at the moment. Try again in a minute.")
