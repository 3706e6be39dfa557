"""An open office for every test that asks for one."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.core.notified import Notified
from tests.core.office import Office, opened


@pytest.fixture
async def office(database: Any) -> AsyncIterator[Office]:
    """A company with two places and nobody's room booked yet."""
    async with opened(database) as made:
        yield made


@pytest.fixture
def notices(office: Office) -> Notified:
    """The office's notices: nobody has asked for anything yet."""
    return Notified.of(office)
