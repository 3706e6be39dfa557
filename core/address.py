"""A database's address, as people and hosting providers write it, made fit for the driver.

The driver (asyncpg) understands what libpq does of hosts, logins and TLS. Anything else in the query it would send to the
server as a setting, which refuses to start a session with it: such words are left out here.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit

SCHEMES = ("postgresql", "postgres", "postgresql+asyncpg")
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
# What asyncpg reads for itself, and `options`, which the server reads.
_KNOWN = {
    *("host", "port", "user", "password", "passfile", "options", "target_session_attrs", "krbsrvname", "gsslib"),
    *("sslmode", "sslcert", "sslkey", "sslrootcert", "sslcrl", "sslpassword", "sslnegotiation"),
    *("ssl_min_protocol_version", "ssl_max_protocol_version"),
}


def driver_dsn(address: str) -> str:
    """Return the address for the driver; ValueError where it is none, or has an `sslmode` that there is not."""
    scheme, found, rest = address.strip().partition("://")
    parts = urlsplit(f"postgresql://{rest}")
    if not found or scheme not in SCHEMES or not parts.path.strip("/"):
        raise ValueError("not the address of a database")
    for host in parts.netloc.rpartition("@")[2].split(","):
        _ = urlsplit(f"//{host}").port  # raises for what is no number
    query = {_modern(name): value for name, value in parse_qsl(parts.query)}
    if query.get("sslmode", "prefer") not in SSL_MODES:
        raise ValueError("no such sslmode")
    known = urlencode({name: value for name, value in query.items() if name in _KNOWN})
    # By hand: putting it together from its parts would drop the slashes of an address without a host.
    return f"postgresql://{parts.netloc}{parts.path}{'?' if known else ''}{known}"


def _modern(name: str) -> str:
    """SQLAlchemy's addresses for asyncpg have `ssl` where everybody else has `sslmode`."""
    return "sslmode" if name == "ssl" else name
