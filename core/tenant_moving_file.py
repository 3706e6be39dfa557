"""A whole tenant in one file: a zip archive with the rows of each table as COPY writes them, and a manifest.

The manifest has the tables' schema version, and of each table the number of rows and the SHA-256 of their bytes: a damaged
file is found before anything is written, and what was written is read back and compared. Secrets travel as they are kept;
such a file is as confidential as the database.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import IO, Any, Protocol, Self
from uuid import UUID

from core.tenants import TenantError

FORMAT = 1
MANIFEST = "manifest.json"
_ROWS_AT_ONCE = 5000
_DAMAGED = "The file is damaged, or no export of a tenant: {}. Nothing was imported."


class Progress(Protocol):
    """Is told how far the work on something named has come, in rows or tables."""

    def __call__(self, what: str, done: int, total: int) -> None:
        """Take note; returns at once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """Rows of one table: how many, and the SHA-256 of their canonical bytes."""

    rows: int
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """What a file holds. `violations` are invariants that did not hold where it was taken."""

    schema: str
    tenant_id: UUID
    name: str
    slug: str | None
    taken_at: str
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tables: Mapping[str, Counted] = field(default_factory=dict)
    violations: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Return how many rows there are in all."""
        return sum(one.rows for one in self.tables.values())


class Sum:
    """Counts rows and digests bytes as they pass."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self.rows = 0

    def take(self, data: bytes) -> None:
        """Add what has passed; each row ends with a line feed, and has no other."""
        self._digest.update(data)
        self.rows += data.count(b"\n")

    def counted(self) -> Counted:
        """Return the sum of all that was taken."""
        return Counted(rows=self.rows, sha256=self._digest.hexdigest())


class Passed:
    """Where COPY's output goes: it is counted, and written on where there is somewhere."""

    def __init__(self, write: Callable[[bytes], object] | None = None) -> None:
        self._write = write
        self.sums = Sum()

    async def take(self, data: bytes) -> None:
        """Take some bytes."""
        self.sums.take(data)
        if self._write:
            self._write(data)


class Writing:
    """A file that is being written, table by table; the manifest comes last."""

    def __init__(self, out: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._zip.close()

    @contextmanager
    def table(self, name: str) -> Iterator[IO[bytes]]:
        """Open the part of one table."""
        with self._zip.open(_part(name), "w", force_zip64=True) as part:
            yield part

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest; without one, the file is none."""
        facts = {"format": FORMAT, **asdict(manifest), "tenant_id": str(manifest.tenant_id)}
        self._zip.writestr(MANIFEST, json.dumps(facts, indent=1))


class Reading:
    """A file that was written; TenantError where it is none, or damaged."""

    def __init__(self, source: IO[bytes]) -> None:
        try:
            self._zip = zipfile.ZipFile(source)
            self.manifest = _manifest(json.loads(self._zip.read(MANIFEST)))
        except (zipfile.BadZipFile, EOFError, KeyError, TypeError, ValueError) as error:
            raise TenantError(_DAMAGED.format(f"its manifest cannot be read ({type(error).__name__})")) from None

    def check(self, progress: Progress) -> None:
        """Read all of it once; TenantError unless every table is as the manifest says."""
        done = 0
        for name, expected in self.manifest.tables.items():
            sums = Sum()
            for chunk in self._chunks(name):
                sums.take(chunk)
                progress("reading", done + sums.rows, self.manifest.rows)
            done += sums.rows
            if sums.counted() != expected:
                raise TenantError(_DAMAGED.format(f"the rows of {name} are not those that were written"))

        for name in set(self._zip.namelist()) - {MANIFEST, *map(_part, self.manifest.tables)}:
            # Of the rest the archive's own sums are enough.
            for _ in self._pieces(name):
                pass

    def batches(self, name: str) -> Iterator[bytes]:
        """Return the rows of a table, some thousand at a time."""
        with self._zip.open(_part(name)) as part:
            while lines := list(_some(part)):
                yield b"".join(lines)

    def has(self, name: str) -> bool:
        """Whether there is a part of that name beside those of the manifest."""
        return _part(name) in self._zip.namelist()

    def lines(self, name: str) -> set[bytes]:
        """Return the rows of a small table."""
        return {line for batch in self.batches(name) for line in batch.splitlines(keepends=True)}

    def _chunks(self, name: str) -> Iterator[bytes]:
        return self._pieces(_part(name))

    def _pieces(self, part: str) -> Iterator[bytes]:
        try:
            with self._zip.open(part) as opened:
                while chunk := opened.read(1 << 20):
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, EOFError, KeyError) as error:
            raise TenantError(_DAMAGED.format(f"{part} cannot be read ({type(error).__name__})")) from None


def _some(part: IO[bytes]) -> Iterator[bytes]:
    for _ in range(_ROWS_AT_ONCE):
        line = part.readline()
        if not line:
            return
        yield line


def _part(name: str) -> str:
    return f"tables/{name}.copy"


def _manifest(facts: dict[str, Any]) -> Manifest:
    if facts.pop("format") != FORMAT:
        raise TenantError("The file was written by another version of Bookroom, in a form that this one does not read.")
    return Manifest(
        schema=facts["schema"],
        tenant_id=UUID(facts["tenant_id"]),
        name=str(facts["name"]),
        slug=facts["slug"],
        taken_at=facts["taken_at"],
        columns={name: tuple(columns) for name, columns in facts["columns"].items()},
        tables={name: Counted(**one) for name, one in facts["tables"].items()},
        violations=tuple(facts["violations"]),
    )
