"""A refusal in Slack is kept as demand, beside the answer."""

from __future__ import annotations

import asyncio

from handlers.asides import Asides
from tests.handlers.firm import BEN, Firm


async def rows(firm: Firm) -> list[tuple[str, str | None]]:
    found = await firm.db.read(lambda session: session.all("SELECT lacking, detail FROM searches ORDER BY lacking, detail"))
    return [(row["lacking"], row["detail"]) for row in found]


async def test_a_sentence_that_no_room_can_do_is_kept_once(firm: Firm):
    await firm.say(BEN, "/book room tomorrow 2pm for 40 people")
    await firm.say(BEN, "/book room tomorrow 2pm for 40 people")
    assert await rows(firm) == [("seats", None)]


async def test_what_was_booked_or_not_understood_is_no_demand(firm: Firm):
    await firm.say(BEN, "/book room tomorrow 2pm for 2")
    await firm.say(BEN, "/book room in apollo for the team")
    assert await rows(firm) == []


async def test_too_much_on_the_side_is_left_undone(caplog: object):
    asides, go = Asides(most=2), asyncio.Event()
    done = []

    async def work(number: int) -> None:
        await go.wait()
        done.append(number)

    assert [asides.start(work(n), name="work") for n in range(3)] == [True, True, False]
    go.set()
    await asides.drain(1)
    assert done == [0, 1]
