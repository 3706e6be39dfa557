"""A transaction that belongs to one tenant, on a connection that belongs to none.

The tenant is set by SET LOCAL, in one message with BEGIN: it ends with the transaction, whichever way that ends, so that a
connection never carries it on to whoever has it next. A plain SET would outlive a COMMIT. Outside a transaction such a
connection sees no tenant's rows.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

# Of a pool that serves many tenants: its connections belong to none until a transaction says to which.
NOBODY = UUID(int=0)


class ScopedTransaction:
    """One transaction of a tenant; begun, ended and undone like the driver's own."""

    def __init__(self, driver: Any, tenant: UUID) -> None:  # noqa: ANN401 - the driver's connection
        self._driver, self._tenant = driver, tenant

    async def start(self) -> None:
        """Begin, for that tenant."""
        # A UUID has no other letters than its own: nothing in it can end the string.
        await self._driver.execute(f"BEGIN; SET LOCAL app.tenant = '{self._tenant}'")

    async def commit(self) -> None:
        """Keep what was done."""
        await self._driver.execute("COMMIT")

    async def rollback(self) -> None:
        """Undo what was done."""
        await self._driver.execute("ROLLBACK")
