"""A sandbox of its own for each test."""

from collections.abc import AsyncIterator

import pytest

from sandbox import company
from sandbox.company import Company
from tests.sandbox.bench import Bench, bench_of


@pytest.fixture
def made_up() -> Company:
    return company.load()


@pytest.fixture
async def bench(made_up: Company) -> AsyncIterator[Bench]:
    async with bench_of(made_up) as made:
        yield made
