"""What is carried over with a tenant: its tables as the catalog has them, in the order in which rows point to each other.

Each is read in one canonical form, the same in every database, so that equal bytes mean equal rows. Positions in the feed
are transactions' ids, which mean nothing on another server: they travel as ranks. Kept out: carrying (`tenant_moving`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

import asyncpg

from core import schema

# The tenants' own row, and what is nobody's: neither is carried as rows.
_APART = ("tenants", *schema.OPERATOR_TABLES)
# Of the directory, which stays in the main database when the tenant does not.
DIRECTORY = ("slack_teams",)
POSITION = "xid8"

_COLUMNS = """
SELECT c.relname AS name, c.relkind = 'p' AS parted, a.attname AS column, a.attgenerated <> '' AS generated,
    a.attidentity <> '' AS numbered, format_type(a.atttypid, NULL) AS type, a.attcollation <> 0 AS spelt,
    array_position(i.indkey::int2[], a.attnum) AS in_key
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND EXISTS (SELECT FROM pg_attribute t WHERE t.attrelid = c.oid AND t.attname = 'tenant_id' AND NOT t.attisdropped)
ORDER BY c.relname, a.attnum
"""
_REFERENCES = """
SELECT f.conrelid::regclass::text AS name, f.confrelid::regclass::text AS target FROM pg_constraint f
WHERE f.contype = 'f' AND f.conparentid = 0 AND f.connamespace = 'public'::regnamespace
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class TenantTable:
    """A table of tenants' rows. `columns` are those that can be written; `key` is its primary key as SQL sorts by it."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    numbered: tuple[str, ...] = ()
    placed: str | None = None
    parted: bool = False
    refers_to_itself: bool = False

    @property
    def feed(self) -> bool:
        """Whether its rows are what the feed is made of; a table with positions otherwise remembers how far one has read."""
        return self.placed is not None and "number" in self.numbered

    @property
    def listed(self) -> str:
        """Return the columns for a statement."""
        return ", ".join(f'"{name}"' for name in self.columns)

    def canonical(self, feed: str) -> str:
        """Return the SELECT of a tenant's rows ($1) as every database would give them; `feed` is the table of the feed."""
        columns = ", ".join(self._read(name, feed) for name in self.columns)
        return f'SELECT {columns} FROM "{self.name}" t WHERE t.tenant_id = $1 ORDER BY {", ".join(self.key)}'

    def _read(self, column: str, feed: str) -> str:
        if self.placed is None or column not in {self.placed, "number"}:
            return f't."{column}"'
        if column == self.placed:
            return f"'0'::{POSITION} AS \"{column}\""
        if self.feed:
            return f'row_number() OVER (ORDER BY t."{self.placed}", t.number) AS number'
        return (
            f'(SELECT count(*) FROM "{feed}" f WHERE f.tenant_id = $1'
            f' AND (f."{self.placed}", f.number) <= (t."{self.placed}", t.number)) AS number'
        )

    def written(self, staged: str) -> str:
        """Return the INSERT from a staged table; $1 is the transaction that stands for all of the feed's until now."""
        columns = ", ".join(
            f'coalesce($1::{POSITION}, "{name}")' if name == self.placed else f'"{name}"' for name in self.columns
        )
        # A parameter that nothing uses has no type.
        unused = "" if self.placed else f" WHERE $1::{POSITION} IS NOT NULL"
        return f'INSERT INTO "{self.name}" ({self.listed}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {staged}{unused}'


async def tenant_tables(connection: asyncpg.Connection) -> tuple[TenantTable, ...]:
    """Return every table that has tenants' rows; what others point to comes before them."""
    columns: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in await connection.fetch(_COLUMNS):
        if row["name"] not in _APART:
            columns[row["name"]].append(row)
    points_to: dict[str, set[str]] = {name: set() for name in columns}
    for row in await connection.fetch(_REFERENCES):
        if row["name"] in points_to and row["target"] in points_to:
            points_to[row["name"]].add(row["target"])
    return tuple(_table(name, columns[name], name in points_to[name]) for name in _in_order(points_to))


def feed_of(tables: Iterable[TenantTable]) -> str:
    """Return the name of the table that the feed is made of."""
    (name,) = (table.name for table in tables if table.feed)
    return name


def _in_order(points_to: Mapping[str, set[str]]) -> list[str]:
    """Return the names so that each comes behind those it points to, and always the same way."""
    sorter = TopologicalSorter({name: targets - {name} for name, targets in points_to.items()})
    sorter.prepare()
    found: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        found += ready
        sorter.done(*ready)
    return found


def _table(name: str, rows: list[Mapping[str, Any]], refers_to_itself: bool) -> TenantTable:  # noqa: FBT001 - one caller
    in_key = sorted((row for row in rows if row["in_key"] is not None), key=lambda row: row["in_key"])
    # By bytes: what else comes first is another matter in every database.
    key = tuple(f't."{row["column"]}"' + (' COLLATE "C"' if row["spelt"] else "") for row in in_key)
    placed = [row["column"] for row in rows if row["type"] == POSITION]
    return TenantTable(
        name=name,
        columns=tuple(row["column"] for row in rows if not row["generated"]),
        key=key,
        numbered=tuple(row["column"] for row in rows if row["numbered"]),
        placed=placed[0] if placed else None,
        parted=rows[0]["parted"],
        refers_to_itself=refers_to_itself,
    )
