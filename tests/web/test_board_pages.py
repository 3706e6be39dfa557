"""The board over HTTP: who may look, what they see, what is asked again and told in a few bytes, and days of every kind."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from core.endings import Endings
from core.models import Slot
from handlers.web.site import HEADERS
from tests.handlers.firm import ANA, BEN, CHLOE, new_york, utc
from tests.web.office import Office


async def facts(office: Office, place: str = "New York", day: str = "2026-11-24") -> dict[str, Any]:
    status, _, answer = await office.get(f"{office.board(place)}/data?date={day}")
    assert status == 200
    return dict(await answer.json())


def cells(day: dict[str, Any], room: str, kind: str) -> list[dict[str, Any]]:
    (found,) = [one for one in day["rooms"] if one["name"] == room]
    return [one for one in found["cells"] if one["kind"] == kind]


async def test_who_has_not_signed_in_sees_a_board_only_where_it_was_opened(office: Office):
    status, _, answer = await office.get(f"{office.board()}/data")
    assert status == 401
    assert (await answer.json())["error"] == "Unauthorized"
    await office.open_board()
    status, page, _ = await office.get(office.board())
    assert status == 200
    assert "Apollo, free at 13:00" in page
    # The other one is still closed, and is not told of.
    assert "Berlin" not in page
    assert (await office.get(f"{office.board('Berlin')}/data"))[0] == 401
    assert (await office.get("/board"))[2].url.path == office.board()


async def test_private_meetings_are_told_to_those_in_them_alone(office: Office):
    await office.open_board()
    await office.firm.booked("Apollo", new_york(13, day=24), by=ANA, title="Salaries", private=True)
    await office.firm.booked("Corner", new_york(13, day=24), by=BEN, title="Lunch talk")
    for user in (None, BEN):
        if user:
            await office.sign_in(user)
        page = (await office.get(office.board()))[1]
        assert "Private meeting" in page
        assert "Salaries" not in page
        assert "Salaries" not in str(await facts(office))
        assert "Lunch talk" in page
    (mine,) = cells(await facts(office), "Corner", "busy")
    assert mine["mine"]
    await office.sign_in(ANA)
    assert "Salaries" in (await office.get(office.board()))[1]


async def test_whoever_has_not_signed_in_manages_nothing_even_where_everybody_does(office: Office):
    await office.open_board()
    await office.firm.booked("Apollo", new_york(13, day=24), by=CHLOE, title="Salaries", private=True)
    await office.run(
        "INSERT INTO rights (tenant_id, id, granted) SELECT tenant_id, gen_random_uuid(), 'manage' FROM rooms LIMIT 1"
    )
    assert "Salaries" not in (await office.get(office.board()))[1]


async def test_what_did_not_change_is_told_in_a_few_bytes_and_what_did_at_once(office: Office):
    await office.open_board()
    address = f"{office.board()}/data?date=2026-11-24"
    _, body, answer = await office.get(address)
    had = {"If-None-Match": answer.headers["ETag"]}
    status, again, same = await office.get(address, headers=had)
    assert (status, again) == (304, "")
    assert same.headers["ETag"] == answer.headers["ETag"]
    # Time that passes changes nothing of it.
    office.firm.clock.advance(timedelta(minutes=20))
    assert (await office.get(address, headers=had))[0] == 304
    await office.firm.booked("Apollo", new_york(13, day=24), by=BEN)
    status, fresh, _ = await office.get(address, headers=had)
    assert status == 200
    assert fresh != body
    # The page carries the state that it shows, so that the first question is answered in a few bytes too.
    page = (await office.get(f"{office.board()}?date=2026-11-24"))[1]
    tag = page.partition('data-tag="&#34;')[2].partition("&#34;")[0]
    assert (await office.get(address, headers={"If-None-Match": f'"{tag}"'}))[0] == 304


async def test_hours_closures_holidays_and_meetings_stand_where_they_are(office: Office):
    await office.open_board()
    await office.opened_from("New York", {"tue": ["08:00", "19:00"]})
    await office.firm.booked("Apollo", new_york(13, 5, day=24, minutes=50), by=BEN, title="Odd times")
    await office.firm.services.administration.closures.add(
        new_york(16, day=24, minutes=120), room_id=office.firm.rooms["Apollo"].id, reason="New carpet"
    )
    day = await facts(office)
    assert (day["hours"][0]["said"], day["hours"][-1]["said"], day["steps"]) == ("08:00", "18:00", 11 * 12)
    (busy,) = cells(day, "Apollo", "busy")
    assert (busy["a"], busy["b"], busy["hours"]) == (61, 71, "13:05-13:55")
    (closed,) = cells(day, "Apollo", "shut")
    assert (closed["a"], closed["b"], closed["said"]) == (96, 120, "New carpet")
    free = [one["at"] for one in cells(day, "Apollo", "free")]
    assert "13:00" in free
    assert "13:55" in free
    assert "16:00" not in free
    # On a Wednesday nothing is open: the usual hours are shown, and closed.
    day = await facts(office, day="2026-11-25")
    assert [len(cells(day, room["name"], "free")) for room in day["rooms"]] == [0, 0, 0, 0]


async def test_what_is_over_stays_on_the_day(office: Office):
    await office.open_board()
    await office.firm.booked("Apollo", new_york(11, day=24), by=BEN, title="Design review")
    office.firm.clock.advance(timedelta(hours=5))
    await Endings(office.firm.db, office.firm.services.catalogues).end(office.firm.clock.now())
    (over,) = cells(await facts(office), "Apollo", "busy")
    assert over["said"].startswith("Design review")


@pytest.mark.parametrize(("day", "hours"), [("2027-03-14", 23), ("2026-11-01", 25), ("2026-11-24", 24)])
async def test_days_on_which_clocks_change_have_all_their_hours(office: Office, day: str, hours: int):
    await office.open_board()
    shown = await facts(office, day=day)
    assert shown["steps"] == hours * 12
    assert len(shown["hours"]) == hours
    last = shown["hours"][-1]
    assert (last["step"], last["said"]) == ((hours - 1) * 12, "23:00")


@pytest.mark.parametrize("day", ["", "yesterday", "0001-01-01", "9999-12-31", "2026-02-30", "2026-11-24T00:00"])
async def test_what_is_no_day_is_today(office: Office, day: str):
    await office.open_board()
    status, page, _ = await office.get(office.board(), params={"date": day})
    assert status == 200
    assert "Today, Tue 24 Nov" in page


@pytest.mark.parametrize("place", ["nonsense", "00000000-0000-7000-8000-000000000000", "%00", "..%2f"])
async def test_a_board_that_is_not_there_is_not_found(office: Office, place: str):
    status, _, _ = await office.get(f"/board/{place}")
    assert status == 404
    assert (await office.get(f"/board/{place}/data"))[0] == 404


@pytest.mark.parametrize(
    "asked",
    ["room=x&at=14:00", "at=14:00", "room={apollo}&at=25:00", "room={apollo}&at=1400", "room={apollo}&at=14:00&minutes=-5"],
)
async def test_what_no_link_of_ours_asks_for_does_no_harm(office: Office, asked: str):
    await office.open_board()
    status, _, _ = await office.get(f"{office.board()}?{asked.format(apollo=office.firm.rooms['Apollo'].id)}")
    assert status == 200


async def test_a_place_says_what_is_there(office: Office):
    await office.open_board()
    room = office.firm.rooms["Apollo"].id
    await office.firm.booked("Apollo", new_york(13, day=24), by=BEN, title="Design review")

    async def panel(at: str) -> str:
        return (await office.get(f"{office.board()}?date=2026-11-24&room={room}&at={at}"))[1].partition('class="panel"')[2]

    assert "Design review" in await panel("13:30")
    assert "That time is over" in await panel("09:00")
    under_way = await panel("10:00")
    assert "/book Apollo 2026-11-24 10:10-11:10" in under_way
    half_an_hour = await panel("12:30")
    assert "/book Apollo 2026-11-24 12:30-13:00" in half_an_hour


async def test_whatever_somebody_calls_a_meeting_it_is_no_markup(office: Office):
    await office.open_board()
    title = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    await office.run("UPDATE rooms SET name = $1 WHERE name = 'Corner'", "<b onclick=x>&'\" Corner")
    await office.firm.booked("Apollo", new_york(13, day=24), by=BEN, title=title)
    page = (await office.get(office.board()))[1]
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "<b onclick" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert page.count("<script") == 1


async def test_every_page_keeps_others_out_of_it(office: Office):
    await office.open_board()
    door = await office.with_a_door()
    for path in ("/signin", "/board", office.board(), "/board/nonsense", door, "/assets/board.js", f"{office.board()}/data"):
        _, _, answer = await office.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert policy == HEADERS["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "http" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Referrer-Policy"] == "same-origin"
    page = (await office.get(office.board()))[1]
    for inline in (" style=", "<style", " onclick", "javascript:"):
        assert inline not in page


async def test_styles_and_scripts_are_kept_for_good_by_their_version(office: Office):
    page = (await office.get("/signin"))[1]
    address = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    _, _, answer = await office.get(address)
    assert "immutable" in answer.headers["Cache-Control"]
    assert (await office.get(address.partition("?")[0]))[2].headers["Cache-Control"] == "no-cache"
    for missing in ("/assets/none.css", "/assets/..%2fsite.py", "/assets/%00"):
        assert (await office.get(missing))[0] == 404


async def test_a_divisible_room_shows_what_its_parts_hold(office: Office):
    firm = office.firm
    await office.open_board()
    await office.run(
        "INSERT INTO room_parts (tenant_id, whole_id, part_id) SELECT w.tenant_id, w.id, p.id FROM rooms w, rooms p"
        " WHERE w.name = 'Boardroom' AND p.name IN ('Apollo', 'Corner')"
    )
    await firm.booked("Apollo", new_york(13, day=24), by=BEN, title="Half of it")
    await firm.booked("Corner", new_york(13, 30, day=24), by=ANA, title="The other half")
    (busy,) = cells(await facts(office), "Boardroom", "busy")
    assert busy["said"].startswith("Apollo: Half of it")
    assert "Corner: The other half" in busy["said"]
    assert (busy["b"] - busy["a"]) * 5 == 90


async def test_setup_is_not_offered_as_free(office: Office):
    await office.open_board()
    await office.run("UPDATE rooms SET setup_minutes = 15, teardown_minutes = 15 WHERE name = 'Apollo'")
    await office.firm.booked("Apollo", new_york(13, day=24), by=BEN)
    board = await office.firm.services.board.day(office.firm.places["New York"].id, date(2026, 11, 24), by=None)
    (apollo,) = [one for one in board.rooms if one.room.name == "Apollo"]
    assert next(slot.end for slot in apollo.free) == utc(17, 30, day=24)
    assert Slot(start=utc(19, 30, day=24), end=board.window.end) == apollo.free[-1]
