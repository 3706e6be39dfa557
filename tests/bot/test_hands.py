"""Hands that carry what is due: how often they look for it."""

from __future__ import annotations

import asyncio

from bot.hands import Hands


async def test_wakes_in_a_rush_share_a_look_once_one_has_found_nothing():
    looks = 0
    again = asyncio.Event()

    async def fill() -> int:
        nonlocal looks
        looks += 1
        if looks > 1:
            again.set()
        return 0

    hands = Hands(2, fill, named="nothing")
    hands.start()
    for _ in range(50):
        hands.wake()
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert looks == 1
    async with asyncio.timeout(5):
        await again.wait()  # the last wake is heard as well, a little later
    await hands.stop(1)


async def test_a_hand_that_is_free_again_looks_at_once_where_none_was():
    due, carried = list(range(6)), []

    async def carry(number: int) -> None:
        await asyncio.sleep(0)
        carried.append(number)

    async def fill() -> int:
        taken = due[: hands.free]
        del due[: len(taken)]
        for number in taken:
            hands.take(carry(number))
        return len(taken)

    hands = Hands(1, fill, named="numbers")
    hands.start()
    hands.wake()
    for _ in range(100):
        await asyncio.sleep(0)
    assert carried == list(range(6))
    await hands.stop(1)


async def test_hands_that_wait_to_look_again_stop_at_once():
    async def fill() -> int:
        return 0

    hands = Hands(1, fill, named="nothing")
    hands.start()
    for _ in range(3):
        hands.wake()
        await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await hands.stop(5)
