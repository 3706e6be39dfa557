"""The page of figures: for whoever holds an address of ours, for an hour, and for nothing else."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, timedelta

import aiohttp
from aiohttp import web

from core.endings import Endings
from core.stats import Asked
from handlers import stats_page
from handlers.stats_links import CSV_PATH, Links
from tests.handlers.firm import Firm, new_york

FIRST, LAST = date(2026, 11, 23), date(2026, 11, 29)


@asynccontextmanager
async def opened(firm: Firm) -> AsyncIterator[tuple[Links, aiohttp.ClientSession]]:
    """Serve the page, with a client and the links that it takes."""
    runner = web.AppRunner(web.Application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()
    served = web.Application()
    links = Links(base, "a secret")
    served.add_routes(stats_page.routes(replace(firm.services, links=links)))
    runner = web.AppRunner(served, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(base.rpartition(":")[2])).start()
    try:
        async with aiohttp.ClientSession() as session:
            yield links, session
    finally:
        await runner.cleanup()


async def a_week_of_meetings(firm: Firm) -> None:
    await firm.booked("Apollo", new_york(10, day=25), attendees_count=2)
    await firm.booked("Apollo", new_york(10, day=26), attendees_count=6)
    await firm.booked("Corner", new_york(14, day=25, minutes=30))
    firm.clock.advance(timedelta(days=14))
    await Endings(firm.db, firm.services.catalogues).end(firm.clock.now())


async def test_the_page_and_its_csv_hold_the_numbers_of_the_database(firm: Firm):
    await a_week_of_meetings(firm)
    async with opened(firm) as (links, session):
        look = links.look(Asked(first=FIRST, last=LAST), everything=True, now=firm.clock.now())
        page = await (await session.get(links.address(look))).text()
        answer = await session.get(links.address(look, path=CSV_PATH.format(table="rooms")))
        table = list(csv.DictReader(io.StringIO(await answer.text())))

    assert "Figures of all rooms, Mon 23 Nov to Sun 29 Nov" in page
    assert re.search(r"Apollo.*?<td>4 %</td>.*?<td>2</td><td>2</td><td>50 %</td>", page, re.DOTALL)
    rows = {row["room"]: row for row in table}
    assert (rows["Apollo"]["booked_hours"], rows["Apollo"]["open_hours"], rows["Apollo"]["meetings"]) == ("2.0", "50.0", "2")
    assert rows["Corner"]["share"] == "0.01"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="rooms-2026-11-23-2026-11-29.csv"'


async def test_each_table_of_the_page_leads_to_its_file(firm: Firm):
    await a_week_of_meetings(firm)
    async with opened(firm) as (links, session):
        for everything in (True, False):
            look = links.look(Asked(first=FIRST, last=LAST), everything=everything, now=firm.clock.now())
            page = await (await session.get(links.address(look))).text()
            files = {}
            for address in re.findall(r'<a href="([^"]+)" download', page):
                answer = await session.get(f"{links.address(look).partition('/stats')[0]}{html.unescape(address)}")
                assert answer.status == 200
                files[re.split(r"[/.]", address)[2]] = list(csv.DictReader(io.StringIO(await answer.text())))
            refused = await session.get(links.address(look, path=CSV_PATH.format(table="refused")))
            assert refused.status == (200 if everything else 404)
            assert set(files) == {"rooms", "locations", "hours", "weekdays"} | ({"ahead"} if everything else set())
            assert [row["booked_hours"] for row in files["weekdays"]] == ["0.0", "0.0", "1.5", "1.0", "0.0", "0.0", "0.0"]
            [busy] = [row for row in files["hours"] if (row["weekday"], row["hour"]) == ("wednesday", "14:00")]
            assert busy["booked_hours"] == "0.5"
            if everything:
                assert sum(int(row["meetings"]) for row in files["ahead"]) == 3
        assert (await session.get(links.address(look, path=CSV_PATH.format(table="people")))).status == 404


async def test_who_is_no_admin_sees_how_rooms_are_used_and_no_more(firm: Firm):
    await a_week_of_meetings(firm)
    async with opened(firm) as (links, session):
        look = links.look(Asked(first=FIRST, last=LAST), everything=False, now=firm.clock.now())
        page = await (await session.get(links.address(look))).text()
        table = await (await session.get(links.address(look, path=CSV_PATH.format(table="rooms")))).text()
        # Nobody makes more of an address than it was given for.
        more = await session.get(links.address(look).replace("for=everybody", "for=admins"))

    assert "Apollo" in page
    for word in ("Nobody came", "Cancelled", "How long before", "seats_filled"):
        assert word not in page
        assert word not in table
    assert more.status == 403


async def test_an_address_is_over_after_an_hour_and_cannot_be_made_up(firm: Firm):
    async with opened(firm) as (links, session):
        look = links.look(Asked(first=FIRST, last=LAST), everything=True, now=firm.clock.now())
        address = links.address(look)
        other_key = Links(address.partition("/stats")[0], "another secret").address(look)
        assert (await session.get(address)).status == 200
        assert (await session.get(other_key)).status == 403
        assert (await session.get(address.replace("2026-11-23", "2020-11-23"))).status == 403
        assert (await session.get(address.partition("?")[0])).status == 403
        firm.clock.advance(timedelta(minutes=59))
        assert (await session.get(address)).status == 200
        firm.clock.advance(timedelta(minutes=2))
        late = await session.get(address)
        assert late.status == 403
        assert "good for an hour" in await late.text()


async def test_the_links_to_other_days_are_over_when_the_page_is(firm: Firm):
    async with opened(firm) as (links, session):
        look = links.look(Asked(first=FIRST, last=LAST), everything=True, now=firm.clock.now())
        page = await (await session.get(links.address(look))).text()
        found = re.findall(r'href="(/stats\?[^"]+)"', page)
        base = links.address(look).partition("/stats")[0]
        assert len(found) == 4
        assert (await session.get(base + found[0].replace("&amp;", "&"))).status == 200
        firm.clock.advance(timedelta(minutes=61))
        assert (await session.get(base + found[0].replace("&amp;", "&"))).status == 403


async def test_the_page_runs_nothing_and_tells_its_address_to_nobody(firm: Firm):
    async with opened(firm) as (links, session):
        look = links.look(Asked(first=FIRST, last=LAST), everything=True, now=firm.clock.now())
        answer = await session.get(links.address(look))
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert (answer.headers["Referrer-Policy"], answer.headers["Cache-Control"]) == ("no-referrer", "no-store")
    assert "<script" not in await answer.text()


async def test_what_people_typed_is_no_markup_and_no_formula(firm: Firm):
    async def rename(session: object) -> None:
        await session.run("UPDATE rooms SET name = '=1+<b>Apollo</b>' WHERE name = 'Apollo'")  # type: ignore[attr-defined]

    await firm.db.write(rename, repeatable=True)
    firm.services.catalogues.forget()
    firm.clock.advance(timedelta(days=14))
    async with opened(firm) as (links, session):
        look = links.look(Asked(first=FIRST, last=LAST), everything=True, now=firm.clock.now())
        page = await (await session.get(links.address(look))).text()
        table = await (await session.get(links.address(look, path=CSV_PATH.format(table="rooms")))).text()
    assert "=1+&lt;b&gt;Apollo&lt;/b&gt;" in page
    assert "<b>Apollo" not in page
    assert "'=1+<b>Apollo" in table
