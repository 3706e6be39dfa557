"""The display at a door over HTTP: what stands there, checking in, and nothing private."""

from __future__ import annotations

from datetime import timedelta

import pytest

from handlers.web.display import shown
from tests.handlers.firm import ANA, BEN, new_york
from tests.web.office import Office


async def test_a_free_room_says_until_when_and_how_to_book_it(office: Office):
    path = await office.with_a_door()
    await office.firm.booked("Apollo", new_york(13, day=24), by=BEN, title="Design review")
    status, page, answer = await office.get(path)
    assert status == 200
    assert 'data-state="free"' in page
    assert "until 13:00" in page
    assert "/book Apollo now" in page
    assert page.count("<svg") == 2
    assert answer.headers["Cache-Control"] == "no-store"
    # The door's address is in its code, not in words; nor is Slack's.
    assert "slack.com" not in page


async def test_private_meetings_have_neither_title_nor_names(office: Office):
    path = await office.with_a_door()
    await office.firm.booked("Apollo", new_york(11, day=24), by=ANA, title="Salaries", private=True)
    for where in (path, f"{path}/data"):
        said = (await office.get(where))[1]
        assert "Private meeting" in said
        assert "Salaries" not in said
        assert "ana" not in said.casefold().replace("manage", "")


async def test_meetings_that_follow_each_other_keep_it_busy_as_one(office: Office):
    path = await office.with_a_door()
    await office.firm.booked("Apollo", new_york(11, day=24), by=BEN)
    await office.firm.booked("Apollo", new_york(12, day=24, minutes=30), by=ANA)
    office.firm.clock.set(new_york(11, 10, day=24).start)
    page = (await office.get(path))[1]
    assert 'data-state="busy"' in page
    assert "until 12:30" in page


async def test_what_it_says_follows_from_what_it_knows_and_the_time(office: Office):
    path = await office.with_a_door()
    booking = await office.firm.booked("Apollo", new_york(11, day=24), by=BEN, title="Design review")
    await office.firm.booked("Apollo", new_york(9), by=BEN, title="Early one")
    facts = await office.pages._display._facts(path.split("/")[2])
    at = {"before": -30, "soon": -5, "under way": 5, "over": 61}
    said = {name: shown(facts, booking.start + timedelta(minutes=minutes)) for name, minutes in at.items()}
    assert [(one.state, one.until) for one in said.values()] == [
        ("free", "until 11:00"),
        ("free", "until 11:00"),
        ("busy", "until 12:00"),
        ("free", "until tomorrow 09:00"),
    ]
    assert [bool(one.check_in) for one in said.values()] == [False, True, True, False]
    assert [len(one.following) for one in said.values()] == [2, 2, 1, 1]


async def test_whoever_stands_there_checks_in_and_forms_of_others_do_not(office: Office):
    path = await office.with_a_door()
    booking = await office.firm.booked("Apollo", new_york(11, day=24), by=BEN)
    office.firm.clock.set(new_york(10, 55, day=24).start)
    form = {"booking": str(booking.id)}
    async with office.http.post(office.url + path, data=form, headers={"Sec-Fetch-Site": "cross-site"}) as refused:
        assert refused.status == 403
    async with office.http.post(office.url + path, data={"booking": "nonsense"}) as refused:
        assert refused.status == 400
        assert "out of date" in await refused.text()
    async with office.http.post(office.url + path, data=form) as answer:
        assert answer.status == 200
        assert 'id="check" hidden' in await answer.text()
    assert (await office.firm.services.bookings.get(booking.id)).checked_in_at is not None


@pytest.mark.parametrize("more", ["", "/data"])
async def test_a_link_of_no_use_is_not_found(office: Office, more: str):
    await office.with_a_door()
    assert (await office.get(f"/door/another/display{more}"))[0] == 404
