"""A street with two companies, or one office alone, for every test that asks for one."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.core.office import Office
from tests.core.office import opened as office_opened
from tests.workspaces.street import Street, opened


@pytest.fixture
async def street(database: Any) -> AsyncIterator[Street]:
    """Northbay and Harbour, where the app is not installed yet."""
    async with opened(database) as made:
        yield made


@pytest.fixture
async def office(database: Any) -> AsyncIterator[Office]:
    """A company with two places and nobody's room booked yet."""
    async with office_opened(database) as made:
        yield made
