"""Rows of rooms as somebody wrote them down, and what is wrong with them. Pure: the database comes later (`rooms`)."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from zoneinfo import available_timezones

from core.amenities import canonical
from core.errors import InvalidImport
from core.models import KEEP, Keep, one_line

NEEDED = ("name", "capacity", "location")
OPTIONAL = ("zone", "floor", "amenities", "setup_minutes", "teardown_minutes", "active")
COLUMNS = (*NEEDED, *OPTIONAL)

LONGEST_NAME = 80
LONGEST_WORD = 40
MOST_SEATS = 10_000
MOST_MINUTES = 24 * 60

YES, NO = frozenset({"", "yes", "y", "true", "1"}), frozenset({"no", "n", "false", "0"})

MOST_ROWS = 20_000

# What files begin with that are no text: workbooks of Excel and Numbers, older ones of Excel, PDF.
_NO_TEXT = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF")
_WIDE = (b"\xff\xfe", b"\xfe\xff")

Problem = tuple[int, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class RoomRow:
    """One room as it shall be. `KEEP` leaves what an existing room has, and gives a new one the usual.

    `zone` is the location's, needed where the location is new. `line` is where it stands in its file, from 1.
    """

    name: str
    capacity: int
    location: str
    zone: str | None = None
    floor: str | Keep | None = KEEP
    amenities: frozenset[str] | Keep = KEEP
    setup_minutes: int | Keep = KEEP
    teardown_minutes: int | Keep = KEEP
    active: bool | Keep = KEEP
    line: int = 0

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the same room: location and name, whatever their case."""
        return self.location.lower(), self.name.lower()


def refuse(problems: Sequence[Problem]) -> None:
    """Raise InvalidImport when there are problems, in order of their lines."""
    if not problems:
        return
    count = len({number for number, _ in problems})
    lines = "line is" if count == 1 else "lines are"
    raise InvalidImport(f"{count} {lines} wrong. Nothing was imported.", lines=tuple(sorted(problems)))


def decoded(data: bytes) -> tuple[str, str | None]:
    """Return the text of a file as spreadsheets write them, and what it was read as where it is not in UTF-8.

    Raises InvalidImport for what is no text.
    """
    if data.startswith(_NO_TEXT) or (b"\x00" in data and not data.startswith(_WIDE)):
        raise _no_text()
    try:
        if data.startswith(_WIDE):
            return data.decode("utf-16"), "UTF-16"
        return data.decode("utf-8-sig"), None
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError as error:
        raise _no_text() from error


def _no_text() -> InvalidImport:
    said = "That is no text: save the sheet as CSV."
    return InvalidImport(said, lines=((1, said),))


def parse_csv(text: str) -> list[RoomRow]:
    """Return the rows of a CSV file with a header, blank lines left out; comma, semicolon or tab stand between cells.

    Raises InvalidImport that names every line at fault.
    """
    records = _records(text.removeprefix("\ufeff"))
    if not records:
        raise InvalidImport("The file is empty. Its first line names the columns.", lines=((1, "No header."),))
    (_, header), *body = records
    names = _columns(header)
    problems: list[Problem] = []
    rows = []
    for number, cells in body:
        row = _row(number, names, cells, problems)
        if row is not None:
            rows.append(row)
    refuse(problems + problems_of(rows))
    return rows


def problems_of(rows: Sequence[RoomRow]) -> list[Problem]:
    """Return what is wrong with the rows by themselves, whatever the database holds."""
    found: list[Problem] = []
    first: dict[tuple[str, str], int] = {}
    zones: dict[str, str] = {}
    for row in rows:
        found += [(row.line, text) for text in _faults(row)]
        if row.key in first:
            found.append((row.line, f"{row.name} in {row.location} stands on line {first[row.key]} already."))
        first.setdefault(row.key, row.line)
        if row.zone and zones.setdefault(row.location.lower(), row.zone) != row.zone:
            found.append((row.line, f"{row.location} cannot be in {row.zone} and in {zones[row.location.lower()]}."))
    return found


def _records(text: str) -> list[tuple[int, list[str]]]:
    """Return the lines that hold anything, as cells, each with the number of the line where it begins."""
    text, delimiter, number = _delimited(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    records, skipped = [], number - 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                records.append((number, cells))
            if len(records) > MOST_ROWS + 1:
                said = f"A file can have up to {MOST_ROWS} rooms."
                raise InvalidImport(said, lines=((number, said),))
            number = reader.line_num + skipped + 1
    except csv.Error as error:
        raise InvalidImport("The file is no proper CSV.", lines=((number, f"Cannot be read: {error}."),)) from error
    return records


def _delimited(text: str) -> tuple[str, str, int]:
    """Return the text, what stands between its cells, and the number of its first line."""
    head, _, rest = text.partition("\n")
    # Excel may say first what stands between the cells, on a line of its own.
    said = head.strip().strip('"').lower()
    if said.startswith("sep=") and len(said) == 5:
        return rest, said[4], 2
    head = text.lstrip().partition("\n")[0]
    return text, max(",;\t", key=head.count), 1


def _columns(header: Sequence[str]) -> list[str]:
    names = ["_".join(name.lower().split()) for name in header]
    unknown = [name for name in names if name not in COLUMNS]
    missing = [name for name in NEEDED if name not in names]
    problem = None
    if unknown:
        problem = f'There is no column "{unknown[0]}". The columns are {", ".join(COLUMNS)}.'
    elif missing:
        problem = f'The column "{missing[0]}" is missing. Needed are {", ".join(NEEDED)}.'
    elif len(set(names)) < len(names):
        problem = "A column stands there twice."
    if problem:
        raise InvalidImport(problem, lines=((1, problem),))
    return names


def _row(number: int, names: Sequence[str], cells: Sequence[str], problems: list[Problem]) -> RoomRow | None:
    if len(cells) > len(names):
        problems.append((number, f"There are {len(cells)} cells under {len(names)} columns."))
        return None
    given = dict(zip(names, [*cells, *[""] * (len(names) - len(cells))], strict=True))
    before = len(problems)

    def read(name: str, as_what: Callable[[str], object]) -> object:
        if name not in given:
            return KEEP
        try:
            return as_what(given[name].strip())
        except ValueError as error:
            problems.append((number, f"{name}: {error}."))
            return KEEP

    values = {name: read(name, as_what) for name, as_what in _CELLS.items()}
    if len(problems) > before:
        return None
    zone = one_line(given.get("zone"))
    return RoomRow(line=number, zone=zone, **values)  # type: ignore[arg-type]


def _whole(text: str) -> int:
    if not text.isascii() or not text.removeprefix("-").isdigit() or len(text) > 9:
        raise ValueError(f'"{text[:LONGEST_WORD]}" is no whole number')
    return int(text)


def _yes_or_no(text: str) -> bool:
    if text.lower() in YES | NO:
        return text.lower() in YES
    raise ValueError(f'"{text[:LONGEST_WORD]}" is neither yes nor no')


_CELLS: Mapping[str, Callable[[str], object]] = {
    "name": lambda text: one_line(text) or "",
    "capacity": _whole,
    "location": lambda text: one_line(text) or "",
    "floor": one_line,
    "amenities": lambda text: canonical((one_line(text) or "").replace(";", ",").split(",")),
    "setup_minutes": lambda text: _whole(text or "0"),
    "teardown_minutes": lambda text: _whole(text or "0"),
    "active": _yes_or_no,
}


def _faults(row: RoomRow) -> list[str]:
    words = () if isinstance(row.amenities, Keep) else row.amenities
    minutes = [m for m in (row.setup_minutes, row.teardown_minutes) if not isinstance(m, Keep)]
    judged = {
        "A room needs a name.": bool(row.name),
        "A room needs a location.": bool(row.location),
        f"A name can have up to {LONGEST_NAME} characters.": max(len(row.name), len(row.location)) <= LONGEST_NAME,
        f"Capacity must be between 1 and {MOST_SEATS}.": 1 <= row.capacity <= MOST_SEATS,
        f"There is no time zone {row.zone}; one is written like Europe/Berlin.": not row.zone or known_zone(row.zone),
        f"Setup and teardown take between 0 and {MOST_MINUTES} minutes.": all(0 <= m <= MOST_MINUTES for m in minutes),
        f"An amenity can have up to {LONGEST_WORD} characters.": all(len(word) <= LONGEST_WORD for word in words),
        f"A floor can have up to {LONGEST_WORD} characters.": isinstance(row.floor, Keep)
        or len(row.floor or "") <= LONGEST_WORD,
    }
    return [fault for fault, passes in judged.items() if not passes]


def known_zone(name: str) -> bool:
    """Tell whether there is an IANA time zone of that name."""
    return name in _zones()


@cache
def _zones() -> frozenset[str]:
    """Walk the zone files once: a look at all of them takes 20 ms, and every row of a file asks."""
    return frozenset(available_timezones())
