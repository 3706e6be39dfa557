"""Which failures are expected on a command line, and the one sentence for each."""

from __future__ import annotations

import sys

# Errors that speak for themselves.
_OURS = (
    "bot.config.SettingsError",
    "bot.cluster.PostgresUnavailable",
    "bot.sealing.SealedWithAnotherKeyError",
    "bot.demo.DemoFailed",
    "bot.stress.plan.StressRefused",
    "core.errors.BookingError",
    "core.tenants.TenantError",
)
_UNREACHABLE = "The database cannot be reached: check host, port and sslmode in DATABASE_URL, and that it is running."
_SENTENCES = {
    "core.errors.Unavailable": _UNREACHABLE,
    "asyncpg.InvalidAuthorizationSpecificationError": (
        "The database refuses the login: check user and password in DATABASE_URL and DATABASE_OWNER_URL."
    ),
    "asyncpg.InvalidCatalogNameError": (
        "There is no such database: create it, or correct the name at the end of DATABASE_URL."
    ),
    "asyncpg.UndefinedTableError": "The database has no tables of ours: run `bookroom migrate` first.",
    "asyncpg.InsufficientPrivilegeError": (
        "The database's login may not do that: set DATABASE_OWNER_URL to the login that owns the tables, "
        "and let the one in DATABASE_URL act as bookroom_app (GRANT bookroom_app TO it)."
    ),
    # The driver's word for an address that asks for certificates which are not there.
    "asyncpg.ClientConfigurationError": _UNREACHABLE,
    "builtins.ConnectionError": _UNREACHABLE,
    "builtins.TimeoutError": _UNREACHABLE,
    "socket.gaierror": _UNREACHABLE,
}


def sentence_for(error: BaseException) -> str | None:
    """Return what to tell the person, None where the failure is a fault of ours and deserves its traceback."""
    for name, sentence in _SENTENCES.items():
        if _is(error, name):
            return sentence
    if any(_is(error, name) for name in _OURS):
        return "\n".join([str(error), *(f"  line {number}: {said}" for number, said in getattr(error, "lines", ()))])
    if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError) and error.filename:
        return f"Cannot read {error.filename}: {error.strerror}."
    # Without a file's name it came out of connecting: a certificate's file is missing.
    if isinstance(error, FileNotFoundError):
        return _UNREACHABLE
    return _of_the_wrapped(error)


def _of_the_wrapped(error: BaseException) -> str | None:
    """Look at what a wrapper wraps: SQLAlchemy keeps the driver's error as `orig` and as a cause."""
    for inner in (getattr(error, "orig", None), error.__cause__):
        if isinstance(inner, BaseException):
            return sentence_for(inner)
    return None


def _is(error: BaseException, name: str) -> bool:
    """Whether the error is of that class; a class that was never imported cannot have been raised."""
    module, _, kind = name.rpartition(".")
    known = getattr(sys.modules.get(module), kind, None)
    return known is not None and isinstance(error, known)
