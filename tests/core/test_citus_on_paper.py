"""What `docs/decisions/0006-citus-on-paper.md` says of our tables, against the catalog. Nothing here has seen Citus."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "decisions" / "0006-citus-on-paper.md").read_text()
KINDS = ("distributed", "reference", "local")

# Constraints and unique indexes with their columns; an expression counts as no column.
UNIQUE = """
SELECT i.indrelid::regclass::text AS table, c.relname AS name, i.indisexclusion AS excludes,
    ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)) AS columns
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE c.relnamespace = 'public'::regnamespace AND (i.indisunique OR i.indisexclusion)
    AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid)
"""
REFERENCES = """
SELECT f.conname AS name, f.conrelid::regclass::text AS table, f.confrelid::regclass::text AS target,
    ARRAY(SELECT a.attname::text FROM unnest(f.conkey) WITH ORDINALITY k (num, place)
        JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.num ORDER BY k.place) AS columns,
    ARRAY(SELECT a.attname::text FROM unnest(f.confkey) WITH ORDINALITY k (num, place)
        JOIN pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = k.num ORDER BY k.place) AS targets
FROM pg_constraint f WHERE f.contype = 'f' AND f.connamespace = 'public'::regnamespace AND f.conparentid = 0
"""


def named(text: str) -> set[str]:
    return set(re.findall(r"`([a-z_]+)`", text))


def listed() -> dict[str, set[str]]:
    """Return the tables of each kind, as the page has them."""
    rows = re.findall(r"^\| (distributed|reference|local)\b[^|]*\| (.+) \|$", PAGE, re.MULTILINE)
    return {kind: named(tables) for kind, tables in rows}


def to_be_changed() -> set[str]:
    """Return what stands first in the rows of the page's second table."""
    part = PAGE.split("## What would have to change")[1].split("##")[0]
    return set().union(*(named(line.split("|")[1]) for line in part.splitlines() if line.startswith("|")))


@pytest.fixture
async def catalog(database: Any) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database.superuser_url)
    try:
        yield connection
    finally:
        await connection.close()


async def test_every_table_is_of_one_kind(catalog: asyncpg.Connection):
    kinds = listed()
    assert set(kinds) == set(KINDS)
    rows = await catalog.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        " AND NOT relispartition"
    )
    assert sorted(row["relname"] for row in rows) == sorted(name for kind in KINDS for name in kinds[kind])


async def test_distributed_tables_have_the_distribution_column_and_it_cannot_be_missing(catalog: asyncpg.Connection):
    for table in listed()["distributed"]:
        row = await catalog.fetchrow(
            "SELECT attnotnull, atttypid::regtype::text AS type FROM pg_attribute"
            " WHERE attrelid = $1::regclass AND attname = 'tenant_id'",
            table,
        )
        assert (row["attnotnull"], row["type"]) == (True, "uuid"), table


async def test_each_unique_index_of_theirs_includes_it_but_those_that_the_page_names(catalog: asyncpg.Connection):
    distributed = listed()["distributed"]
    rows = [row for row in await catalog.fetch(UNIQUE) if row["table"] in distributed]
    assert len(rows) > len(distributed)
    without = {row["name"] for row in rows if "tenant_id" not in row["columns"]}
    assert without == {"tokens_digest", "feeds_token", "rooms_door"}
    assert without <= to_be_changed()


async def test_the_exclusion_constraint_compares_it_for_equality(catalog: asyncpg.Connection):
    (row,) = [row for row in await catalog.fetch(UNIQUE) if row["excludes"]]
    definition = await catalog.fetchval(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = $1", row["name"]
    )
    assert row["name"] == "room_claims_no_overlap"
    assert "tenant_id WITH =" in definition


async def test_foreign_keys_are_of_the_three_kinds_that_citus_has(catalog: asyncpg.Connection):
    kinds = listed()
    kind_of = {name: kind for kind, names in kinds.items() for name in names}
    for row in await catalog.fetch(REFERENCES):
        between = (kind_of[row["table"]], kind_of[row["target"]])
        assert between in {("distributed", "distributed"), ("distributed", "reference"), ("reference", "reference")}, row
        if between == ("distributed", "distributed"):
            assert ("tenant_id", "tenant_id") in zip(row["columns"], row["targets"], strict=True), row["name"]
        if between == ("distributed", "reference"):
            assert (row["target"], row["columns"]) == ("tenants", ["tenant_id"]), row["name"]


async def test_triggers_and_numbered_columns_are_those_that_the_page_names(catalog: asyncpg.Connection):
    triggers = await catalog.fetch("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgparentid = 0")
    assert {row["tgname"] for row in triggers} <= to_be_changed()
    numbered = await catalog.fetch(
        "SELECT attrelid::regclass::text AS table, attname AS name, atttypid::regtype::text AS type FROM pg_attribute"
        " WHERE attidentity <> '' AND attrelid::regclass::text = ANY($1)",
        list(listed()["distributed"]),
    )
    assert {f"{row['table']}.{row['name']}" for row in numbered} == {"events.number", "changes.number"}
    assert {row["type"] for row in numbered} == {"bigint"}
    assert all(f"`{row['table']}.{row['name']}`" in PAGE for row in numbered)


async def test_partitions_are_of_one_level(catalog: asyncpg.Connection):
    assert await catalog.fetchval("SELECT count(*) FROM pg_class WHERE relispartition AND relkind = 'p'") == 0
    parted = await catalog.fetch("SELECT relname FROM pg_class WHERE relkind = 'p'")
    assert {row["relname"] for row in parted} <= listed()["distributed"]
