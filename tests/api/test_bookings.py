"""Bookings over the API: lists of what is ahead and over, private ones, what those who attend do, and sending it twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from core import roles
from core.archive import Archive
from core.db import Database
from core.endings import Endings
from core.models import Booking
from core.tokens import Scope
from tests.api.outside import Answer, Outside
from tests.handlers.firm import ANA, BEN, CHLOE, DEEPA, NOW, new_york

TOMORROW = {"start": "2026-11-25T15:00:00Z", "end": "2026-11-25T16:00:00Z"}
ANY = {"If-Match": "*"}


@pytest.fixture
async def chloe(outside: Outside) -> Outside:
    """The same firm, with tokens of Chloe's and Deepa's."""
    outside.tokens["chloe"] = await outside.token(CHLOE, Scope.BOOK)
    outside.tokens["deepa"] = await outside.token(DEEPA, Scope.BOOK)
    return outside


@pytest.fixture
async def worker(outside: Outside) -> AsyncIterator[Database]:
    """The jobs' database."""
    db = Database(outside.firm.urls.worker_url, role=roles.WORKER)
    yield db
    await db.close()


def wish(outside: Outside, room: str = "Apollo", **more: Any) -> dict[str, Any]:
    return {**TOMORROW, "roomId": str(outside.firm.rooms[room].id), **more}


async def ruled(outside: Outside, room: str = "Apollo", **rules: Any) -> None:
    await outside.firm.services.administration.rooms.set_policy(room_id=outside.firm.rooms[room].id, **rules)


def ids(answer: Answer) -> list[str]:
    assert answer.status == 200, answer.body
    return [one["id"] for one in answer.body["items"]]


async def all_pages(outside: Outside, path: str, *, by: str = "ben", limit: int = 2, **params: Any) -> list[str]:
    found: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(50):
        page = await outside.ask("GET", path, by=by, params={**params, **cursor, "limit": limit})
        assert len(page.body["items"]) <= limit
        found += ids(page)
        if page.body["next"] is None:
            assert "Link" not in page.headers
            return found
        assert 'rel="next"' in page.headers["Link"]
        cursor = {"cursor": page.body["next"]}
    raise AssertionError("no end")


async def archived(outside: Outside, worker: Database, *bookings: Booking) -> None:
    """Let a hundred days pass, so that bookings are over and archived."""
    firm = outside.firm
    firm.clock.set(max(one.end for one in bookings) + timedelta(days=100))
    await Endings(firm.db, firm.services.catalogues).end(firm.clock.now())
    assert await Archive(worker).tidy(firm.clock.now()) >= len(bookings)


def known(*bookings: Booking) -> list[str]:
    return [str(one.id) for one in sorted(bookings, key=lambda one: (one.start, one.id))]


# -- lists ---------------------------------------------------------------------------------------------------------------


async def test_bookings_are_listed_in_order_of_start_page_by_page(outside: Outside):
    firm = outside.firm
    made = [
        await firm.booked(room, new_york(hour, day=day), by=user)
        for room, hour, day, user in [
            ("Apollo", 9, 25, BEN),
            ("Corner", 9, 25, ANA),
            ("Kiez", 9, 25, CHLOE),
            ("Apollo", 11, 27, ANA),
            ("Spree", 4, 30, CHLOE),
        ]
    ]
    assert await all_pages(outside, "/bookings") == known(*made)
    assert await all_pages(outside, "/bookings", limit=1) == known(*made)
    assert ids(await outside.ask("GET", "/bookings", params={"limit": 200})) == known(*made)


async def test_bookings_are_found_by_room_place_person_and_status(outside: Outside):
    firm = outside.firm
    apollo = await firm.booked("Apollo", new_york(9), by=BEN)
    kiez = await firm.booked("Kiez", new_york(9), by=CHLOE, invitees=((await firm.actor(BEN)).person_id,))
    corner = await firm.booked("Corner", new_york(9), by=ANA)
    both = await firm.booked("Apollo", new_york(11), by=ANA, more_room_ids=(firm.rooms["Corner"].id,))
    off = await firm.booked("Apollo", new_york(13), by=BEN)
    await firm.services.bookings.cancel(off.id, by=await firm.actor(BEN))

    async def found(**params: Any) -> list[str]:
        return await all_pages(outside, "/bookings", **params)

    assert await found(roomId=str(firm.rooms["Apollo"].id)) == known(apollo, both)
    assert await found(roomId=str(firm.rooms["Corner"].id)) == known(corner, both)
    assert await found(locationId=str(firm.places["Berlin"].id)) == known(kiez)
    assert await found(personId=str((await firm.actor(BEN)).person_id)) == known(apollo, kiez)
    assert await found(personId=str((await firm.actor(CHLOE)).person_id)) == known(kiez)
    assert await found(status="cancelled") == known(off)
    params = [("status", "cancelled"), ("status", "confirmed"), ("roomId", str(firm.rooms["Apollo"].id))]
    assert ids(await outside.ask("GET", "/bookings", params=params)) == known(apollo, both, off)
    assert await found(personId=str(uuid4())) == []
    assert (await outside.ask("GET", "/bookings", params={"roomId": str(uuid4())})).status == 422


async def test_what_reaches_into_the_window_is_in_it_and_what_touches_it_is_not(outside: Outside):
    before, within, after = [await outside.firm.booked("Apollo", new_york(hour, minutes=120)) for hour in (7, 9, 11)]
    window = {"from": "2026-11-25T14:00:00Z", "until": "2026-11-25T16:00:00Z"}
    assert ids(await outside.ask("GET", "/bookings", params=window)) == known(within)
    wider = {"from": "2026-11-25T13:59:00Z", "until": "2026-11-25T17:00:00+01:00"}
    assert ids(await outside.ask("GET", "/bookings", params=wider)) == known(before, within)
    for params in (
        {"from": "2026-11-25T14:00:00Z", "until": "2026-11-25T14:00:00Z"},
        {"from": "2026-01-01T00:00:00Z", "until": "2027-01-03T00:00:00Z"},
        {"from": "yesterday"},
        {"status": "gone"},
        {"title": "Design"},
        {"until": "2000-01-01T00:00:00Z", "limit": "0"},
    ):
        assert (await outside.ask("GET", "/bookings", params=params)).status == 422, params
    assert known(before, within, after) == ids(await outside.ask("GET", "/bookings"))
    assert (await outside.ask("GET", "/bookings", params={"until": "2000-01-01T00:00:00Z"})).status == 200
    assert (await outside.ask("GET", "/bookings", params={"cursor": "WyJhIiwgImIiXQ"})).status == 400
    assert (await outside.ask("GET", "/bookings", params={"cursor": "WyIyMDI2LTExLTI1IiwgIngiXQ"})).status == 400


async def test_what_was_archived_is_listed_with_what_was_not_and_cannot_be_changed(outside: Outside, worker: Database):
    firm = outside.firm
    ben = (await firm.actor(BEN)).person_id
    old = await firm.booked(
        "Apollo",
        new_york(9),
        title="Design",
        by=ANA,
        invitees=(ben,),
        attendees_count=3,
        more_room_ids=(firm.rooms["Corner"].id,),
    )
    secret = await firm.booked("Apollo", new_york(11), title="Salaries", by=ANA, private=True)
    kept = await outside.ask("GET", f"/bookings/{old.id}")
    await archived(outside, worker, old, secret)
    later = firm.clock.now()
    recent = (
        await outside.ask(
            "POST",
            "/bookings",
            json=wish(
                outside,
                start=(later + timedelta(hours=1)).isoformat(),
                end=(later + timedelta(hours=2)).isoformat(),
            ),
        )
    ).body["id"]
    window = {"from": NOW.isoformat(), "until": (later + timedelta(days=3)).isoformat()}
    assert await all_pages(outside, "/bookings", limit=1, **window) == [str(old.id), str(secret.id), recent]
    corner = str(firm.rooms["Corner"].id)
    assert await all_pages(outside, "/bookings", roomId=corner, **window) == [str(old.id)]
    assert await all_pages(outside, "/bookings", personId=str(ben), **window) == [str(old.id), recent]

    seen = await outside.ask("GET", f"/bookings/{old.id}")
    assert seen.status == 200
    assert seen.body["status"] == "ended"
    same = set(seen.body) - {"status", "version", "updatedAt"}
    assert {name: seen.body[name] for name in same} == {name: kept.body[name] for name in same}
    assert (await outside.ask("GET", f"/bookings/{secret.id}")).body["title"] is None
    for method, path, json in (
        ("PATCH", f"/bookings/{old.id}", {"title": "New"}),
        ("POST", f"/bookings/{old.id}/cancel", {}),
        ("POST", f"/bookings/{old.id}/undo", None),
        ("POST", f"/bookings/{old.id}/check-in", None),
    ):
        answer = await outside.ask(method, path, by="admin", json=json, headers=ANY)
        assert (answer.status, answer.body["error"]) == (404, "BookingNotFound"), path
    assert (await outside.ask("GET", f"/bookings/{old.id}/history")).body["items"][0]["kind"] == "booked"


async def test_everybody_finds_what_they_booked_or_are_invited_to_and_nothing_that_is_over(outside: Outside):
    firm = outside.firm
    ben = (await firm.actor(BEN)).person_id
    own = await firm.booked("Apollo", new_york(9), by=BEN)
    await firm.booked("Corner", new_york(9), by=ANA)
    invited = await firm.booked("Kiez", new_york(9, day=28), by=CHLOE, invitees=(ben,), private=True, title="Surprise")
    assert await all_pages(outside, "/me/bookings", limit=1) == known(own, invited)
    mine = await outside.ask("GET", "/me/bookings")
    assert mine.body["items"][1]["title"] == "Surprise"
    firm.clock.set(own.end)
    assert await all_pages(outside, "/me/bookings") == known(invited)


async def test_a_list_is_sent_again_only_when_it_is_another(outside: Outside):
    first = await outside.ask("GET", "/bookings")
    assert first.headers["Last-Modified"]
    had = await outside.ask("GET", "/bookings", headers={"If-None-Match": first.etag})
    assert (had.status, had.body) == (304, b"")
    await outside.firm.booked("Apollo", new_york(9))
    outside.firm.clock.set(NOW + timedelta(minutes=1))
    second = await outside.ask("GET", "/bookings", headers={"If-None-Match": first.etag})
    assert second.status == 200
    assert second.headers["Last-Modified"] == "Tue, 24 Nov 2026 15:07:00 GMT"
    # Time alone takes a booking out of the list: what the date says is no proof that nothing is different.
    outside.firm.clock.set(new_york(11).start)
    later = await outside.ask("GET", "/bookings", headers={"If-Modified-Since": second.headers["Last-Modified"]})
    assert (later.status, later.body["items"]) == (200, [])


async def test_a_booking_is_sent_again_when_it_was_changed_since_a_date(outside: Outside):
    booking = await outside.firm.booked("Apollo", new_york(9))
    outside.firm.clock.set(NOW + timedelta(minutes=1))
    seen = await outside.ask("GET", f"/bookings/{booking.id}")
    since = {"If-Modified-Since": seen.headers["Last-Modified"]}
    assert (await outside.ask("GET", f"/bookings/{booking.id}", headers=since)).status == 304
    await outside.ask("PATCH", f"/bookings/{booking.id}", json={"title": "Review"}, headers=ANY)
    assert (await outside.ask("GET", f"/bookings/{booking.id}", headers=since)).status == 200


# -- private ones --------------------------------------------------------------------------------------------------------


async def test_nobody_learns_of_a_private_booking_what_is_not_theirs_to_know(chloe: Outside):
    firm = chloe.firm
    people = ((await firm.actor(DEEPA)).person_id,)
    secret = await firm.booked("Apollo", new_york(9), by=ANA, title="Salaries", private=True, invitees=people)
    await chloe.ask("PATCH", f"/bookings/{secret.id}", by="admin", json={"title": "Bonuses"}, headers=ANY)
    chloe.tokens["ana, to read"] = await chloe.token(ANA, Scope.READ)
    for by, seen in {"admin": True, "ana, to read": True, "deepa": True, "chloe": False, "ben": False}.items():
        one = await chloe.ask("GET", f"/bookings/{secret.id}", by=by)
        (listed,) = (await chloe.ask("GET", "/bookings", by=by)).body["items"]
        history = await chloe.ask("GET", f"/bookings/{secret.id}/history", by=by)
        for body in (one.body, listed):
            assert body["roomName"] == "Apollo"
            assert (body["title"] == "Bonuses", body["booker"] is not None, bool(body["attendees"])) == (seen,) * 3
        said = str(one.body) + str(listed) + str(history.body)
        for word in ("Salaries", "Bonuses", str(people[0]), "U0ANA", str(secret.booker.person_id)):
            assert (word in said) == seen or (seen and word == "Salaries"), (by, word)


async def test_what_was_private_once_stays_so_in_its_history_and_what_is_now_was_so_before(chloe: Outside):
    once = await chloe.firm.booked("Apollo", new_york(9), by=ANA, title="Salaries", private=True)
    now = await chloe.firm.booked("Corner", new_york(9), by=ANA, title="Bonuses")
    await chloe.ask("PATCH", f"/bookings/{once.id}", by="admin", json={"private": False}, headers=ANY)
    await chloe.ask("PATCH", f"/bookings/{now.id}", by="admin", json={"private": True}, headers=ANY)
    first = (await chloe.ask("GET", f"/bookings/{once.id}/history", by="chloe")).body["items"]
    assert [(one["kind"], one["after"]["title"], one["byPersonId"] is None) for one in first] == [
        ("booked", None, True),
        ("changed", "Salaries", True),
    ]
    assert "Bonuses" not in str((await chloe.ask("GET", f"/bookings/{now.id}/history", by="chloe")).body)
    assert "Bonuses" in str((await chloe.ask("GET", f"/bookings/{now.id}/history", by="admin")).body)


async def test_whose_private_bookings_there_are_cannot_be_found_out_by_asking_for_them(chloe: Outside):
    firm = chloe.firm
    ana = str((await firm.actor(ANA)).person_id)
    made = [await firm.booked("Apollo", new_york(hour), by=ANA, private=hour % 2 == 0) for hour in (8, 9, 10, 11, 12, 13)]
    open_ones = [one for one in made if not one.private]
    for limit in (1, 2, 3, 50):
        assert await all_pages(chloe, "/bookings", by="chloe", limit=limit, personId=ana) == known(*open_ones)
    assert await all_pages(chloe, "/bookings", by="chloe") == known(*made)
    assert await all_pages(chloe, "/bookings", by="admin", personId=ana) == known(*made)
    page = await chloe.ask("GET", "/bookings", by="chloe", params={"personId": ana, "limit": 3})
    assert page.body["next"] is None


async def test_rooms_that_hide_details_make_every_booking_private(chloe: Outside):
    firm = chloe.firm
    booking = await firm.booked("Apollo", new_york(9), by=ANA, title="Design")
    await ruled(chloe, details_hidden=True)
    assert (await chloe.ask("GET", f"/bookings/{booking.id}", by="chloe")).body["title"] is None
    ana = str((await firm.actor(ANA)).person_id)
    assert ids(await chloe.ask("GET", "/bookings", by="chloe", params={"personId": ana})) == []
    assert (await chloe.ask("GET", f"/bookings/{booking.id}", by="admin")).body["title"] == "Design"


# -- doing something about one -------------------------------------------------------------------------------------------


async def test_what_was_done_is_taken_back(outside: Outside):
    made = await outside.ask("POST", "/bookings", json=wish(outside))
    at = made.headers["Location"].removeprefix("/api/v1")
    moved = await outside.ask("PATCH", at, json={"roomId": str(outside.firm.rooms["Corner"].id)}, headers=ANY)
    late = await outside.ask("POST", f"{at}/undo", headers={"If-Match": made.etag})
    assert (late.status, late.body["error"], late.body["current"]) == (412, "StaleBooking", 2)
    assert late.body["booking"]["roomName"] == "Corner"
    back = await outside.ask("POST", f"{at}/undo", headers={"If-Match": moved.etag})
    assert (back.status, back.body["roomName"]) == (200, "Apollo")
    missing = await outside.ask("POST", f"{at}/undo")
    assert (missing.status, missing.body["error"]) == (428, "PreconditionRequired")
    kinds = [one["kind"] for one in (await outside.ask("GET", f"{at}/history")).body["items"]]
    assert kinds == ["booked", "changed", "restored"]
    assert await history_pages(outside, at) == kinds


async def history_pages(outside: Outside, at: str) -> list[str]:
    kinds: list[str] = []
    params: dict[str, Any] = {"limit": 1}
    while True:
        page = await outside.ask("GET", f"{at}/history", params=params)
        kinds += [one["kind"] for one in page.body["items"]]
        if page.body["next"] is None:
            return kinds
        params["cursor"] = page.body["next"]


async def test_two_bookings_exchange_their_rooms(outside: Outside):
    one = await outside.firm.booked("Apollo", new_york(9), by=BEN)
    other = await outside.firm.booked("Corner", new_york(9), by=BEN)
    said = {"bookingId": str(other.id), "version": 1}
    swapped = await outside.ask("POST", f"/bookings/{one.id}/swap", json=said, headers={"If-Match": '"1"'})
    assert swapped.status == 200, swapped.body
    assert [swapped.body[which]["after"]["roomName"] for which in ("first", "second")] == ["Corner", "Apollo"]
    theirs = await outside.firm.booked("Big Ben", new_york(9), by=ANA)
    said = {"bookingId": str(theirs.id), "version": 1}
    refused = await outside.ask("POST", f"/bookings/{one.id}/swap", json=said, headers={"If-Match": "*"})
    assert (refused.status, refused.body["error"]) == (403, "NotAllowed")


async def test_those_who_come_check_in_run_late_and_answer(chloe: Outside):
    firm = chloe.firm
    await ruled(chloe, check_in=True)
    people = ((await firm.actor(CHLOE)).person_id,)
    booking = await firm.booked("Apollo", new_york(11, day=24), by=BEN, invitees=people, attendees_count=2)
    at = f"/bookings/{booking.id}"
    for path in ("check-in", "late", "take-back"):
        answer = await chloe.ask("POST", f"{at}/{path}", by="deepa")
        assert (answer.status, answer.body["error"]) == (403, "NotAttending"), path
    declined = await chloe.ask("POST", f"{at}/respond", by="chloe", json={"going": False})
    assert (declined.body["attendees"][0]["response"], declined.body["attendeesCount"]) == ("declined", 1)
    assert (await chloe.ask("POST", f"{at}/respond", by="ben", json={"going": True})).status == 403
    early = await chloe.ask("POST", f"{at}/check-in")
    assert (early.status, early.body["error"]) == (409, "CheckInNotOpen")
    firm.clock.set(booking.start)
    late = await chloe.ask("POST", f"{at}/late")
    assert late.body["lateAt"] is not None
    there = await chloe.ask("POST", f"{at}/check-in")
    assert there.body["status"] == "checked_in"
    again = await chloe.ask("POST", f"{at}/check-in")
    assert (again.status, again.body["version"]) == (200, there.body["version"])


async def test_a_meeting_goes_on_and_ends_early(outside: Outside):
    firm = outside.firm
    booking = await firm.booked("Apollo", new_york(11, day=24), by=BEN)
    following = await firm.booked("Apollo", new_york(13, day=24), by=ANA, title="Design", private=True)
    at = f"/bookings/{booking.id}"
    elsewhere = await outside.ask("GET", f"{at}/elsewhere")
    assert elsewhere.body["freeUntil"] == following.start.isoformat().replace("+00:00", "Z")
    assert elsewhere.body["laterEnds"]
    assert {one["roomName"] for one in elsewhere.body["otherRooms"]} >= {"Big Ben", "Boardroom"}
    assert "Design" not in str(elsewhere.body)
    outside.tokens["chloe"] = await outside.token(CHLOE, Scope.BOOK)
    assert (await outside.ask("GET", f"{at}/elsewhere", by="chloe")).status == 403
    longer = await outside.ask("POST", f"{at}/extend", json={"until": elsewhere.body["laterEnds"][0]}, headers=ANY)
    assert longer.body["end"] == elsewhere.body["laterEnds"][0]
    refused = await outside.ask("POST", f"{at}/extend", json={"until": "2026-11-24T18:30:00Z"}, headers=ANY)
    assert (refused.status, refused.body["error"]) == (409, "SlotTaken")
    assert {one["kind"] for one in refused.body["alternatives"]} == {"shorter"}
    nothing = await outside.ask("POST", f"{at}/extend", json={"until": "2026-11-24T16:00:00Z"}, headers=ANY)
    assert (nothing.status, nothing.body["error"]) == (422, "NothingToExtend")
    soon = await outside.ask("POST", f"{at}/end", headers=ANY)
    assert (soon.status, soon.body["error"]) == (409, "BookingNotActive")
    firm.clock.set(booking.start + timedelta(minutes=20))
    ended = await outside.ask("POST", f"{at}/end", headers=ANY)
    assert ended.body["status"] == "ended"


# -- sending it twice ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["book", "change", "late", "respond", "extend", "undo", "cancel"])
async def test_twenty_at_once_with_one_key_are_one(outside: Outside, what: str):
    firm = outside.firm
    ben = (await firm.actor(BEN)).person_id
    whose: dict[str, Any] = {"by": ANA, "invitees": (ben,)} if what == "respond" else {"by": BEN}
    booking = await firm.booked("Corner", new_york(11, day=24), **whose)
    at = f"/bookings/{booking.id}"
    method = "PATCH" if what == "change" else "POST"
    path, json = {
        "book": ("/bookings", wish(outside)),
        "change": (at, {"title": "Kick-off"}),
        "late": (f"{at}/late", None),
        "respond": (f"{at}/respond", {"going": False}),
        "extend": (f"{at}/extend", {"until": "2026-11-24T18:00:00Z"}),
        "undo": (f"{at}/undo", None),
        "cancel": (f"{at}/cancel", {"reason": "ill"}),
    }[what]
    headers = {"Idempotency-Key": str(uuid4()), "If-Match": '"1"'}

    async def send() -> Answer:
        return await outside.ask(method, path, json=json, headers=headers)

    answers = await asyncio.gather(*(send() for _ in range(20)))
    done = [one for one in answers if one.status in {200, 201}]
    assert {one.status for one in answers} <= {200, 201, 503}
    assert done
    assert all(one.body == done[0].body for one in done)
    again = await send()
    assert again.body == done[0].body
    events = await firm.services.listing.history(booking.id)
    assert len(events) == (1 if what == "book" else 2)
    assert len(ids(await outside.ask("GET", "/bookings", params={"roomId": str(firm.rooms["Apollo"].id)}))) == (
        1 if what == "book" else 0
    )


async def test_a_key_used_for_something_else_is_refused(outside: Outside):
    headers = {"Idempotency-Key": "one", "If-Match": "*"}
    first = await outside.firm.booked("Apollo", new_york(9), by=BEN)
    second = await outside.firm.booked("Corner", new_york(9), by=BEN)
    assert (await outside.ask("POST", f"/bookings/{first.id}/cancel", headers=headers)).status == 200
    other = await outside.ask("POST", f"/bookings/{second.id}/cancel", headers=headers)
    assert (other.status, other.body["error"]) == (422, "RequestKeyReused")
    longest = await outside.ask("POST", f"/bookings/{second.id}/cancel", headers={**headers, "Idempotency-Key": "k" * 256})
    assert longest.status == 400


async def test_an_answer_that_got_lost_behind_the_commit_is_given_again(outside: Outside):
    async with cut(outside) as lossy:
        with pytest.raises(Exception, match=r"(?i)disconnected|reset|closed"):
            await outside.http.post(
                f"{lossy}/api/v1/bookings",
                json=wish(outside),
                headers={"Idempotency-Key": "lost", "Authorization": f"Bearer {outside.tokens['ben']}"},
            )
    (there,) = (await outside.ask("GET", "/me/bookings")).body["items"]
    again = await outside.ask("POST", "/bookings", json=wish(outside), headers={"Idempotency-Key": "lost"})
    assert (again.status, again.body) == (201, there)
    without = await outside.ask("POST", "/bookings", json=wish(outside))
    assert (without.status, without.body["error"]) == (409, "SlotTaken")


class cut:  # noqa: N801 - reads as a word
    """A way to the server on which every answer is lost: the connection ends when the first byte of it comes."""

    def __init__(self, outside: Outside) -> None:
        there = urlsplit(outside.url)
        self._there = (there.hostname, there.port)
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> str:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, asks = await asyncio.open_connection(*self._there)

        async def forth() -> None:
            while sent := await reader.read(65536):
                asks.write(sent)

        task = asyncio.create_task(forth())
        try:
            await answers.read(1)
        finally:
            task.cancel()
            writer.transport.abort()
            asks.transport.abort()


# -- who may -------------------------------------------------------------------------------------------------------------


async def test_nobody_changes_what_is_not_theirs(chloe: Outside):
    booking = await chloe.firm.booked("Apollo", new_york(9), by=ANA)
    at = f"/bookings/{booking.id}"
    for method, path, json in (
        ("PATCH", at, {"title": "Mine"}),
        ("POST", f"{at}/cancel", {}),
        ("POST", f"{at}/undo", None),
        ("POST", f"{at}/extend", {"until": "2026-11-25T16:00:00Z"}),
        ("POST", f"{at}/end", None),
    ):
        answer = await chloe.ask(method, path, by="chloe", json=json, headers=ANY)
        assert (answer.status, answer.body["error"]) == (403, "NotAllowed"), path
    reading = await chloe.ask("POST", f"{at}/late", by="reader")
    assert (reading.status, reading.body["error"]) == (403, "Forbidden")


@pytest.mark.parametrize(
    ("method", "path", "json"),
    [
        ("GET", "", None),
        ("GET", "/history", None),
        ("GET", "/elsewhere", None),
        ("PATCH", "", {"title": "x"}),
        ("POST", "/cancel", {}),
        ("POST", "/undo", None),
        ("POST", "/swap", {"bookingId": str(uuid4()), "version": 1}),
        ("POST", "/check-in", None),
        ("POST", "/late", None),
        ("POST", "/respond", {"going": True}),
        ("POST", "/extend", {"until": "2026-11-25T16:00:00Z"}),
        ("POST", "/end", None),
        ("POST", "/take-back", None),
    ],
)
async def test_what_is_not_there_is_not_found(outside: Outside, method: str, path: str, json: Any):
    answer = await outside.ask(method, f"/bookings/{uuid4()}{path}", json=json, headers=ANY)
    assert (answer.status, answer.body["error"]) == (404, "BookingNotFound")
    assert (await outside.ask(method, f"/bookings/none{path}", json=json, headers=ANY)).status == 404
