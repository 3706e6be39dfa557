"""An office that is used from outside, for every test that asks for one."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.api.outside import Outside, opened


@pytest.fixture
async def outside(database: Any) -> AsyncIterator[Outside]:
    """A firm with rooms in New York and Berlin, and programs that use its API."""
    async with opened(database) as made:
        yield made
