"""Everything that admins do over the API, as one part of the table."""

from __future__ import annotations

from handlers.api import (
    audit,
    closures,
    equipment,
    groups,
    holidays,
    locations,
    people,
    policies,
    quotas,
    rights,
    room_times,
    statistics,
    workspace,
)
from handlers.api.operations import Operation

OPERATIONS: tuple[Operation, ...] = (
    *room_times.OPERATIONS,
    *locations.OPERATIONS,
    *equipment.OPERATIONS,
    *holidays.OPERATIONS,
    *closures.OPERATIONS,
    *policies.OPERATIONS,
    *quotas.OPERATIONS,
    *rights.OPERATIONS,
    *groups.OPERATIONS,
    *people.OPERATIONS,
    *audit.OPERATIONS,
    *statistics.OPERATIONS,
    *workspace.OPERATIONS,
)
