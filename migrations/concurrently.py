"""Indexes on tables that are in use: made beside the traffic, which the ordinary way would lock out for as long as it takes.

A migration that makes one does nothing else: what was done before it in the same migration is committed by it.
Partitioned tables (the archive) know no such way; each of their parts does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import op


def create_index(name: str, on: str, *, unique: bool = False) -> None:
    """Make an index, `on` being what follows ON: a table with its columns. One that an earlier try left unusable goes first.

    A name that is taken by a good index is made anew as well: what was asked for is what is there afterwards.
    """
    with _beside_the_traffic():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        op.execute(f"CREATE {'UNIQUE ' if unique else ''}INDEX CONCURRENTLY {name} ON {on}")


def drop_index(name: str) -> None:
    """Remove an index, if it is there."""
    with _beside_the_traffic():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


@contextmanager
def _beside_the_traffic() -> Iterator[None]:
    """Outside a transaction, and without haste: it waits for everybody's transactions, and nobody waits for it."""
    with op.get_context().autocommit_block():
        for timeout in ("lock_timeout", "statement_timeout"):
            op.execute(f"SET {timeout} = 0")
        try:
            yield
        finally:
            op.execute("SET lock_timeout = '400ms'")
            op.execute("SET statement_timeout = '10min'")
