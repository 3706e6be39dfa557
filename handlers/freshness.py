"""How fresh a reader wants it, as a header says it: what was told after a change, or the id of an event.

Of one that was heard in a stream, or that a webhook was told of: their ids differ. A copy of the database is read
only where it has come as far.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from uuid import UUID

from core.consistency import Consistency
from core.feed import Position

HEADER = "Bookroom-Consistency"

_EVENT = re.compile(r"(\d{1,18})-(\d{1,18})")


def wanted(headers: Mapping[str, str]) -> Consistency | Position | UUID | None:
    """Return what is to be there already; None where nothing is said. Raises ValueError for what nobody has told."""
    said = headers.get(HEADER)
    if said is None:
        return None
    if place := Consistency.read(said):
        return place
    if event := _EVENT.fullmatch(said.strip()):
        return Position(int(event[1]), int(event[2]))
    return UUID(said.strip())
