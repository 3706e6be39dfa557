"""What all bodies of the API have in common: camelCase names, no unknown fields, strict types, moments with a zone."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, time
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:?\d\d)")

# Digits are said one by one: `\\d` means those of every script.
CLOCK = "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"
ONE_LINE = "^[^\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]*$"


class Body(BaseModel):
    """What a request says in JSON."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", strict=True, frozen=True, hide_input_in_errors=True, populate_by_name=True
    )


class Query(BaseModel):
    """What a request says behind the question mark; everything comes as text."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True, hide_input_in_errors=True)


class Out(BaseModel):
    """What an answer says in JSON."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        json_schema_serialization_defaults_required=True,
    )


def _a_moment(value: Any) -> Any:  # noqa: ANN401 - whatever came
    if not (isinstance(value, datetime) or (isinstance(value, str) and _MOMENT.fullmatch(value))):
        raise ValueError("write a moment as 2026-11-25T14:00:00Z, or with an offset such as +01:00")
    return value


def _reckonable(value: datetime) -> datetime:
    if not EARLIEST <= value.replace(tzinfo=UTC) < LATEST:
        raise ValueError("must lie in the years 2000 to 2199")
    return value.astimezone(UTC)


def _a_day(value: Any) -> Any:  # noqa: ANN401 - whatever came
    if not (type(value) is date or (isinstance(value, str) and _DAY.fullmatch(value))):
        raise ValueError("write a day as 2026-11-25")
    return value


def _near(value: date) -> date:
    if not EARLIEST.date() <= value < LATEST.date():
        raise ValueError("must lie in the years 2000 to 2199")
    return value


def _plain(value: str) -> str:
    # What the database refuses, and what would break a line somewhere.
    if any(unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} for letter in value):
        raise ValueError("must be one line without control characters")
    return value


def _a_clock(value: Any) -> Any:  # noqa: ANN401 - whatever came
    if not (type(value) is time or (isinstance(value, str) and re.fullmatch(CLOCK, value))):
        raise ValueError("write a time of the day as 14:30")
    return value


class _OneLine:
    """Tells in the document what `_plain` sees to."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        told = handler(schema)
        told.setdefault("pattern", ONE_LINE)
        return told


# What comes of reading text is strict no more: `_a_moment` is.
Moment = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_a_moment), AfterValidator(_reckonable)]
Day = Annotated[date, Field(strict=False), BeforeValidator(_a_day), AfterValidator(_near)]
# A clock on a wall, without a zone.
WallClock = Annotated[
    time,
    Field(strict=False),
    BeforeValidator(_a_clock),
    WithJsonSchema({"type": "string", "pattern": CLOCK, "description": "A time of the day, such as 14:30."}),
]
Line = Annotated[str, Field(max_length=1000), AfterValidator(_plain), _OneLine()]
Title = Annotated[str, Field(max_length=200), AfterValidator(_plain), _OneLine()]
Version = Annotated[int, Field(ge=1)]
