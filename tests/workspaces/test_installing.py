"""The app is added to workspaces over real HTTP: what it is given is kept sealed, and each workspace sees itself alone."""

from __future__ import annotations

from tests.workspaces.street import ANA, BEN, HARBOUR, NORTHBAY, Street


async def test_two_companies_install_book_and_do_not_see_each_other(street: Street):
    page = await street.install(NORTHBAY)
    assert "Bookroom is in Northbay" in page
    assert f"{street.url}/w/northbay/board" in page
    await street.install(HARBOUR)
    await street.furnish(NORTHBAY, "Apollo")
    await street.furnish(HARBOUR, "Neptune")

    ours = await street.say(NORTHBAY, ANA, "apollo tomorrow 2pm")
    theirs = await street.say(HARBOUR, ANA, "neptune tomorrow 2pm")
    assert "Apollo" in str(ours)
    assert "Neptune" in str(theirs)

    for name, other in ((NORTHBAY, "Neptune"), (HARBOUR, "Apollo")):
        for asked in ("rooms", "mine", f"{other.lower()} tomorrow 3pm"):
            assert other not in str((await street.say(name, BEN, asked)).get("blocks"))
    rows = await street.all_rows("SELECT tenant_id, count(*) FROM bookings GROUP BY 1")
    assert [count for _, count in rows] == [1, 1]
