"""Everything that admins do over the API, as one part of the table."""

from __future__ import annotations

from handlers.api import (
    closures,
    equipment,
    groups,
    holidays,
    locations,
    policies,
    quotas,
    rights,
    room_times,
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
)
