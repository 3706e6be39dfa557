"""A street with two companies for every test that asks for one."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.workspaces.street import Street, opened


@pytest.fixture
async def street(database: Any) -> AsyncIterator[Street]:
    """Northbay and Harbour, where the app is not installed yet."""
    async with opened(database) as made:
        yield made
