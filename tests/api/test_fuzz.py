"""What schemathesis makes up of the document is answered as the document says: the short form of `make fuzz`."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.api.outside import opened
from tests.fuzz import office, running

# Every operation, some of each thing that can be said rightly and wrongly of it; always the same, for a seed. The time is
# for a machine that has stood still: what ends it is the number of examples.
SHORT = ("--phases", "fuzzing", "--max-examples", "2", "--no-shrink", "--warnings", "off", "--max-time", "240")
CASES = re.compile(r"(\d+) generated")


@pytest.mark.timeout(300)
async def test_what_is_made_up_of_the_document_is_answered_as_it_says(database: Any):
    # Tokens of no use come with it, to see whether they are refused, more often than anybody else is heard.
    async with opened(database, failures_per_minute=0) as outside:
        ids = await office.furnished(outside)
        assert all(ids[name] for name in ("roomId", "bookingId", "seriesId", "waitingId", "requestId", "closureId"))
        outcome = await running.run(outside.url, outside.tokens["admin"], ids, *SHORT)
    assert outcome.code == 0, outcome.printed
    found = CASES.search(outcome.printed)
    assert found, outcome.printed
    assert int(found[1]) >= 250, outcome.printed
