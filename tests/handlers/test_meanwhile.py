"""How far something has come is shown now and then, the newest line, and never after the answer."""

from __future__ import annotations

import asyncio

from handlers.meanwhile import Meanwhile, silent


class Shown:
    """Keeps the lines that are shown; each takes until `go` is set."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.go = asyncio.Event()
        self.go.set()

    async def __call__(self, line: str) -> None:
        await self.go.wait()
        self.lines.append(line)


async def test_nothing_is_shown_before_it_is_open():
    shown = Shown()
    meanwhile = Meanwhile(shown, most=5, every=0)
    meanwhile.report("1 of 3")
    assert not meanwhile.shown

    meanwhile.open()
    meanwhile.report("2 of 3")
    await meanwhile.settled()

    assert shown.lines == ["2 of 3"]
    assert meanwhile.shown


async def test_no_more_are_shown_than_may_be():
    shown = Shown()
    meanwhile = Meanwhile(shown, most=2, every=0)
    meanwhile.open()

    for number in range(10):
        meanwhile.report(f"{number} of 10")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    await meanwhile.settled()

    assert shown.lines == ["0 of 10", "1 of 10"]


async def test_the_first_line_waits_for_its_time():
    shown = Shown()
    meanwhile = Meanwhile(shown, most=5, every=3600)
    meanwhile.open()
    meanwhile.report("1 of 3")
    await meanwhile.settled()

    assert shown.lines == []


async def test_the_answer_comes_after_what_is_still_being_shown():
    shown = Shown()
    shown.go.clear()
    meanwhile = Meanwhile(shown, most=5, every=0)
    meanwhile.open()
    meanwhile.report("1 of 3")
    settling = asyncio.create_task(meanwhile.settled())
    await asyncio.sleep(0)
    meanwhile.report("2 of 3")
    assert not settling.done()

    shown.go.set()
    await settling

    assert shown.lines == ["1 of 3"]


async def test_what_cannot_be_shown_stops_nothing():
    async def fail(line: str) -> None:
        raise ConnectionError(line)

    meanwhile = Meanwhile(fail, most=5, every=0)
    meanwhile.open()
    meanwhile.report("1 of 3")
    await meanwhile.settled()
    silent().report("1 of 3")

    assert meanwhile.shown
