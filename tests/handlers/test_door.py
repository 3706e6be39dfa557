"""The page at a room's door: what is on, checking in once or twice, nothing private, nothing of other sites."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from core.models import Booking, Slot, Status
from tests.handlers.firm import BEN, Firm, utc
from tests.handlers.firm import new_york as slot_at

TOKEN = "a-door-that-nobody-guesses"


class Door:
    def __init__(self, firm: Firm, http: aiohttp.ClientSession) -> None:
        self._http = http
        self.firm = firm
        self.url = firm.bot_url.removesuffix("/slack/events") + f"/door/{TOKEN}"

    async def look(self, url: str = "") -> tuple[int, str, Any]:
        async with self._http.get(url or self.url) as answer:
            return answer.status, await answer.text(), answer.headers

    async def check_in(self, booking: Booking | str, **headers: str) -> tuple[int, str]:
        data = {"booking": booking if isinstance(booking, str) else str(booking.id)}
        async with self._http.post(self.url, data=data, headers=headers) as answer:
            return answer.status, await answer.text()

    async def send(self, body: bytes, kind: str) -> tuple[int, str]:
        async with self._http.post(self.url, data=body, headers={"Content-Type": kind}) as answer:
            return answer.status, await answer.text()


@pytest.fixture
async def door(firm: Firm) -> AsyncIterator[Door]:
    async def work(session: Any) -> None:
        await session.run("UPDATE rooms SET door = $1 WHERE id = $2", TOKEN, firm.rooms["Apollo"].id)
        await session.run(
            "INSERT INTO policies (tenant_id, id, room_id, check_in) VALUES ($1, gen_random_uuid(), $2, true)",
            session.tenant,
            firm.rooms["Apollo"].id,
        )

    await firm.db.write(work, repeatable=True)
    firm.services.catalogues.forget()
    async with aiohttp.ClientSession() as http:
        yield Door(firm, http)


async def test_a_free_room_says_so(door: Door):
    status, page, _ = await door.look()

    assert status == 200
    assert "<h1>Apollo</h1>" in page
    assert "Nothing is booked for the next 24 hours." in page
    assert "<button" not in page


async def test_whoever_stands_there_checks_in_and_again_is_the_same(door: Door):
    booking = await door.firm.booked("Apollo", slot_at(11, day=24), by=BEN, title="Review <script>")
    door.firm.clock.set(utc(15, 55, day=24))
    _, page, _ = await door.look()
    assert "Soon, 11:00-12:00" in page
    assert "Review &lt;script&gt;" in page

    status, page = await door.check_in(booking)
    assert status == 200
    assert "Checked in at 10:55." in page
    assert "<button" not in page
    assert (await door.check_in(booking))[0] == 200
    assert (await door.firm.services.bookings.get(booking.id)).status is Status.CHECKED_IN


async def test_a_private_meeting_has_neither_title_nor_names(door: Door):
    await door.firm.booked("Apollo", slot_at(11, day=24), by=BEN, title="Salaries", private=True)
    door.firm.clock.set(utc(16, 5, day=24))

    _, page, _ = await door.look()

    assert "Now, 11:00-12:00" in page
    assert "Private meeting" in page
    assert "Salaries" not in page
    assert "Ben" not in page.replace("Big Ben", "")


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}]
)
async def test_a_form_of_another_site_checks_nobody_in(door: Door, headers: dict[str, str]):
    booking = await door.firm.booked("Apollo", slot_at(11, day=24), by=BEN)
    door.firm.clock.set(utc(15, 55, day=24))

    status, _ = await door.check_in(booking, **headers)

    assert status == 403
    assert (await door.firm.services.bookings.get(booking.id)).status is Status.CONFIRMED


async def test_too_early_and_nonsense_are_said_on_the_page(door: Door):
    booking = await door.firm.booked("Apollo", slot_at(14, day=24), by=BEN)

    status, page = await door.check_in(booking)
    assert status == 409
    assert 'role="status"' in page
    assert (await door.check_in("nonsense"))[0] == 400
    other = await door.firm.booked("Corner", Slot(start=utc(15, 15, day=24), end=utc(16, day=24)), by=BEN)
    assert (await door.check_in(other))[0] == 409


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded; charset=nobody-knows", b"booking=1"),
        ("application/x-www-form-urlencoded", b"booking=\xff\xfe"),
        ("application/x-www-form-urlencoded", b""),
        ("multipart/form-data; boundary=a", b"--a\r\nxx"),
        ("multipart/form-data", b"xxx"),
        ("application/json", b'{"booking":1}'),
        ("text/plain", b"booking=1"),
    ],
)
async def test_what_no_form_of_ours_sends_is_told_how_it_stands(door: Door, kind: str, body: bytes):
    status, page = await door.send(body, kind)
    assert status == 400
    assert "That form is out of date." in page
    assert "<h1>Apollo</h1>" in page


async def test_a_link_of_no_use_is_not_found(door: Door):
    status, page, _ = await door.look(door.url + "x")

    assert status == 404
    assert "of no use any more" in page


async def test_the_page_asks_nothing_of_others_and_tells_its_address_to_nobody(door: Door):
    _, page, headers = await door.look()

    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert "http" not in page.replace("https://", "http://").split("<body>")[1]
    assert "<script" not in page


async def test_what_follows_is_told_below(door: Door):
    await door.firm.booked("Apollo", slot_at(11, day=24), by=BEN)
    await door.firm.booked("Apollo", slot_at(12, day=24), by=BEN, title="Lunch")
    door.firm.clock.set(utc(16, 5, day=24))

    _, page, _ = await door.look()
    assert "Next: 12:00-13:00" in page
    assert "Lunch, " in page
    door.firm.clock.advance(timedelta(hours=2))
    assert "Nothing is booked" in (await door.look())[1]
