"""The use cases of administration, as one of the services."""

from __future__ import annotations

from dataclasses import dataclass

from core.audit import Audit
from core.bookings import Bookings
from core.catalogue import Catalogues
from core.clock import Clock
from core.closures import Closures
from core.db import Database
from core.divisible import Divisible
from core.equipment import Equipments
from core.erasing import Erasing
from core.granting import Granting
from core.groups import Groups
from core.holidays import Holidays
from core.line import Line
from core.places import Places
from core.quotas import Quotas
from core.rehearsal import Rehearsal
from core.rerooming import Rerooming
from core.rooms import Rooms


@dataclass(frozen=True, kw_only=True, slots=True)
class Administration:
    """What admins do with the workspace. Who may, is for whoever calls them to ask, where they do not ask themselves."""

    places: Places
    rooms: Rooms
    rerooming: Rerooming
    erasing: Erasing
    equipment: Equipments
    divisible: Divisible
    closures: Closures
    granting: Granting
    groups: Groups
    quotas: Quotas
    holidays: Holidays
    rehearsal: Rehearsal
    audit: Audit


def administration(db: Database, catalogues: Catalogues, bookings: Bookings, line: Line, clock: Clock) -> Administration:
    """Return the use cases on a database."""
    return Administration(
        places=Places(db, catalogues, clock),
        rooms=Rooms(db, catalogues),
        rerooming=Rerooming(db, catalogues, clock),
        erasing=Erasing(db, catalogues, bookings, line, clock),
        equipment=Equipments(db, catalogues),
        divisible=Divisible(db, catalogues),
        closures=Closures(db, catalogues, clock),
        granting=Granting(db, catalogues),
        groups=Groups(db, catalogues),
        quotas=Quotas(db, catalogues),
        holidays=Holidays(db, catalogues),
        rehearsal=Rehearsal(db, catalogues, clock),
        audit=Audit(db, catalogues),
    )
