"""Open searches and Homes are remembered with what they show, forgotten when closed, and shown anew without a command."""

from typing import Any

import pytest

from core.watching import OpenView
from handlers.pushing import Pushes
from tests.handlers.firm import ANA, BEN, Firm, new_york, words
from tests.handlers.modal_acts import fill, form, push, shown, state
from tests.handlers.test_home import home


async def watched(firm: Firm) -> list[dict[str, Any]]:
    return [dict(row) for row in await firm.db.read(_rows)]


async def _rows(session: Any) -> list[Any]:
    rows: list[Any] = await session.all("SELECT * FROM open_views ORDER BY kind")
    return rows


async def stale(firm: Firm) -> tuple[OpenView, ...]:
    """Mark every view as showing what is no longer so, as the planner does, and claim them."""

    async def work(session: Any) -> None:
        await session.run("UPDATE open_views SET stale_since = $1, due_at = $1", firm.clock.now())

    await firm.db.write(work, repeatable=True)
    return await firm.services.watching.claim(firm.clock.now())


async def pushed(firm: Firm) -> list[str]:
    from slack_sdk.web.async_client import AsyncWebClient

    client = AsyncWebClient(token=firm.running.company.tokens.bot, base_url=firm.running.api_url)
    return [await Pushes(firm.services).push(one, client) for one in await stale(firm)]


async def test_a_home_follows_what_others_do(firm: Firm):
    booking = await firm.booked("Apollo", new_york(14), by=BEN, title="Standup")
    assert '"Standup"' in words(await home(firm, BEN))
    await firm.services.bookings.cancel(booking.id, by=await firm.actor(ANA, admin=True))

    assert await pushed(firm) == ["pushed"]

    assert words(await firm.slack.home(BEN) or {}).startswith("No bookings ahead.")


async def test_a_search_shows_what_is_free_now_and_keeps_what_is_typed(firm: Firm):
    view = await form(firm, BEN, "search", text="/book find tomorrow 14:00-15:00 in new york")
    view = await fill(firm, BEN, view, people="5")
    assert "3 rooms are free" in words(view)
    await firm.booked("Apollo", new_york(14), by=ANA)

    assert await pushed(firm) == ["pushed"]

    after = await shown(firm, BEN, view["id"])
    assert "2 rooms are free" in words(after)
    assert "Apollo" not in words(after)
    assert state(after, "people") == "5"


async def test_what_a_person_has_just_done_is_not_covered_by_a_push(firm: Firm):
    view = await form(firm, BEN, "search", text="/book find tomorrow 14:00-15:00 in new york")
    (claimed,) = await stale(firm)
    await fill(firm, BEN, view, people="9")
    from slack_sdk.web.async_client import AsyncWebClient

    client = AsyncWebClient(token=firm.running.company.tokens.bot, base_url=firm.running.api_url)
    assert await Pushes(firm.services).push(claimed, client) == "overtaken"
    assert "2 rooms are free" in words(await shown(firm, BEN, view["id"]))


async def test_a_closed_search_is_forgotten(firm: Firm):
    view = await form(firm, BEN, "search", text="/book find tomorrow 14:00-15:00")
    assert [row["kind"] for row in await watched(firm)] == ["search"]

    await firm.slack.close(BEN, view)
    await firm.edge.drain(5)

    assert await firm.slack.wait_for(lambda: _none_watched(firm))


async def _none_watched(firm: Firm) -> bool:
    return not await watched(firm)


async def test_a_search_from_which_something_was_booked_is_not_shown_again(firm: Firm):
    view = await form(firm, BEN, "search", text="/book find tomorrow 14:00-15:00 in new york")

    told = await push(firm, BEN, view, "Book")

    assert "is yours" in words(told)
    assert [row["kind"] for row in await watched(firm)] == ["home"]


async def test_a_view_that_slack_knows_no_more_is_forgotten(firm: Firm):
    view = await form(firm, BEN, "search", text="/book find tomorrow 14:00-15:00")
    firm.running.sandbox.parts.views.clear(BEN)

    assert await pushed(firm) == ["gone"]
    assert view["id"] not in [row["view_id"] for row in await watched(firm)]


@pytest.mark.parametrize("text", ["/book", "/book settings"])
async def test_other_forms_are_not_watched(firm: Firm, text: str):
    await form(firm, BEN, "", text=text)

    assert await watched(firm) == []


async def test_an_open_edit_form_is_not_touched(firm: Firm):
    await firm.booked("Apollo", new_york(14), by=BEN)
    view = await push(firm, BEN, await home(firm, BEN), "Edit")

    await pushed(firm)

    assert (await shown(firm, BEN, view["id"]))["hash"] == view["hash"]
