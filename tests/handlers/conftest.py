"""The firm for every test that asks for one."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.handlers.firm import Firm, opened


@pytest.fixture
async def firm(database: Any) -> AsyncIterator[Firm]:
    """A firm with rooms in New York and Berlin, nobody's booked yet."""
    async with opened(database) as made:
        yield made


@pytest.fixture
async def empty_firm(database: Any) -> AsyncIterator[Firm]:
    """A firm that has just installed Bookroom: no location, no room."""
    async with opened(database, empty=True) as made:
        yield made
