"""What a body of PATCH says: a field that is left out stays as it is; null is a value only where there is such a value."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pydantic import BaseModel

from handlers.api import problems


def given(said: BaseModel, *, nullable: Collection[str] = ()) -> dict[str, Any]:
    """Return the fields that a body has, by name; raises Invalid for null where there is no such value."""
    found = {name: getattr(said, name) for name in said.model_fields_set}
    empty = [name for name, value in found.items() if value is None and name not in nullable]
    if empty:
        raise problems.Invalid(
            "Something in the request cannot be meant.",
            fields={problems.field_name(name): "Leave it out to keep it as it is." for name in empty},
        )
    return found
