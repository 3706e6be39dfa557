"""The family of errors: one form, one code each, and a page that lists them all."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

import core
import handlers
from core import db, errors, schema
from core.models import Slot
from tests.core.office import MONDAY

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"


def family() -> list[type[errors.BookingError]]:
    """Return every error that the core or the Slack edge defines; not those that other tests have made up."""
    for package in (core, handlers):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    ours = (f"{core.__name__}.", f"{handlers.__name__}.")
    # What only carries more than its parent goes by the same code.
    return [kind for kind in descendants(errors.BookingError) if kind.__module__.startswith(ours) and "code" in vars(kind)]


def descendants(kind: type[errors.BookingError]) -> Iterator[type[errors.BookingError]]:
    for child in kind.__subclasses__():
        yield child
        yield from descendants(child)


def test_every_error_has_a_code_of_its_own():
    codes = [kind.code for kind in (*family(), errors.BookingError)]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[A-Z][A-Za-z]+", code) for code in codes)


def test_the_page_of_errors_lists_every_code_once_with_its_field():
    rows = re.findall(r"^\| `(\w+)` \| ?(.*?) ?\| (.+?) \| (.+?) \|$", PAGE.read_text(), re.MULTILINE)
    listed = {code: field.strip("`") for code, field, _, _ in rows}
    assert len(rows) == len(listed)
    assert set(listed) == {kind.code for kind in family()}
    for kind in family():
        if kind.field:
            assert listed[kind.code] == kind.field
    assert all(when and helps for _, _, when, helps in rows)
    assert {"NotInChannel", "NoRooms"} <= set(listed)


@pytest.mark.parametrize("kind", [k for k in family() if k.__init__ is errors.BookingError.__init__])
def test_every_error_reads_the_same_way(kind: type[errors.BookingError]):
    error = kind("What is wrong.")
    fields = {kind.field: "What is wrong."} if kind.field else None
    assert error.to_dict() == {"error": kind.code, "message": "What is wrong.", "validationErrors": fields}
    assert str(error) == error.message
    assert error.alternatives == ()


def test_fields_named_explicitly_replace_the_usual_one():
    error = errors.StartInPast("Too late.", fields={"end": "Over."})
    assert error.to_dict()["validationErrors"] == {"end": "Over."}


def test_two_faults_of_one_line_are_both_told():
    error = errors.InvalidImport("Wrong.", lines=((2, "One."), (2, "Two."), (3, "Three.")))
    assert error.fields == {"line 2": "One. Two.", "line 3": "Three."}


def test_every_constraint_that_is_translated_exists():
    """A constraint renamed in the schema must not lose its sentence."""
    named = {str(c.name) for table in schema.metadata.tables.values() for c in table.constraints}
    named |= {str(index.name) for table in schema.metadata.tables.values() for index in table.indexes}
    raised = set(re.findall(r"CONSTRAINT = '(\w+)'", "".join(schema.FUNCTIONS)))
    assert set(db.CONSTRAINTS) <= named | raised


def test_an_error_that_nobody_knows_is_not_dressed_up():
    unknown = asyncpg.UndefinedTableError("no such table")
    with pytest.raises(asyncpg.UndefinedTableError):
        db.translate(unknown)
    with pytest.raises(ZeroDivisionError):
        db.translate(ZeroDivisionError())


def test_times_without_a_zone_are_a_programmers_mistake():
    naive = MONDAY.replace(tzinfo=None)
    with pytest.raises(ValueError, match="end must carry a time zone"):
        Slot(start=MONDAY, end=naive)
    with pytest.raises(ValueError, match="start must carry a time zone"):
        Slot(start=naive, end=MONDAY)
