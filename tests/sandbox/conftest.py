"""A sandbox of its own for each test."""

from collections.abc import AsyncIterator

import pytest

from sandbox.company import Company
from tests.sandbox.bench import Bench, bench_of, company_with


@pytest.fixture
def made_up() -> Company:
    scopes = ("commands", "chat:write", "chat:write.public", "users:read", "im:write")
    return company_with(scopes=scopes, messages_tab_read_only=False)


@pytest.fixture
async def bench(made_up: Company) -> AsyncIterator[Bench]:
    async with bench_of(made_up) as made:
        yield made
