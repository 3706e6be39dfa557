"""The page that explains the API, and pages of other sites that use it: none, unless they are named."""

import re
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from bot.config import SettingsError, load
from handlers import api
from tests.api.outside import Outside

OURS, THEIRS = "https://office.example", "https://elsewhere.example"


@pytest.fixture
async def crossed(outside: Outside) -> Any:
    """The API at a second address, where pages of one site may use it."""
    app = web.Application()
    app.add_routes(api.routes(outside.firm.services, origins=[OURS]))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}{api.PREFIX}"
    await runner.cleanup()


async def test_the_page_explains_every_operation_without_script_or_another_host(outside: Outside):
    page = await outside.ask("GET", "/docs", by=None)
    text = page.body.decode()
    assert page.status == 200
    assert page.headers["Content-Type"].startswith("text/html")
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "<script" not in text
    assert not re.findall(r'(?:src|href)="(?!#|/api/v1/)', text)
    for operation in api.OPERATIONS:
        assert f'id="{operation.name}"' in text
    targets = set(re.findall(r'href="#([^"]+)"', text))
    assert targets <= set(re.findall(r'id="([^"]+)"', text))


async def test_the_beginning_leads_to_the_explanation(outside: Outside):
    for path in ("", "/"):
        begun = await outside.ask("GET", path, by=None)
        assert begun.body["documentation"] == "/api/v1/docs"
        assert 'rel="service-doc"' in begun.headers["Link"]


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json"])
async def test_who_has_the_document_or_its_page_already_is_not_sent_it_again(outside: Outside, path: str):
    first = await outside.ask("GET", path, by=None)
    assert first.headers["X-Content-Type-Options"] == "nosniff"
    for had in ({"If-None-Match": first.etag}, {"If-None-Match": f'"another", W/{first.etag}'}):
        again = await outside.ask("GET", path, by=None, headers=had)
        assert (again.status, again.etag) == (304, first.etag)
        assert not again.body
    outside.firm.clock.advance(timedelta(minutes=1))
    by_date = await outside.ask("GET", path, by=None, headers={"If-Modified-Since": first.headers["Last-Modified"]})
    assert by_date.status == 304
    other = await outside.ask("GET", path, by=None, headers={"If-None-Match": '"another"'})
    assert (other.status, other.body) == (200, first.body)


async def test_no_page_of_another_site_may_use_it_unless_that_is_set(outside: Outside):
    headers = {"Origin": OURS, "Access-Control-Request-Method": "GET"}
    for method in ("GET", "OPTIONS"):
        answer = await outside.ask(method, "/rooms", headers=headers)
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]
    assert (await outside.ask("OPTIONS", "/rooms", by=None)).headers["Allow"] == "GET, HEAD, OPTIONS, POST"


async def test_pages_of_a_named_site_may_and_of_no_other(outside: Outside, crossed: str):
    mine = await outside.ask("GET", f"{crossed}/rooms", headers={"Origin": OURS})
    assert mine.headers["Access-Control-Allow-Origin"] == OURS
    assert "ETag" in mine.headers["Access-Control-Expose-Headers"]
    assert "Origin" in mine.headers["Vary"]
    other = await outside.ask("GET", f"{crossed}/rooms", headers={"Origin": THEIRS})
    assert "Access-Control-Allow-Origin" not in other.headers
    assert "Origin" in other.headers["Vary"]
    for answer in (mine, other):
        assert "Access-Control-Allow-Credentials" not in answer.headers
    refused = await outside.ask("GET", f"{crossed}/rooms", by=None, headers={"Origin": OURS})
    assert (refused.status, refused.headers["Access-Control-Allow-Origin"]) == (401, OURS)


async def test_pages_of_a_named_site_may_hear_what_happens(outside: Outside, crossed: str):
    token = {"Authorization": f"Bearer {outside.tokens['reader']}"}
    for origin, allowed in ((OURS, OURS), (THEIRS, None)):
        async with outside.http.get(f"{crossed}/events", headers={**token, "Origin": origin}) as stream:
            assert stream.status == 200
            assert stream.headers.get("Access-Control-Allow-Origin") == allowed
            assert "Origin" in stream.headers["Vary"]
    await outside.firm.services.hub.stop()


async def test_a_browser_that_asks_before_is_told_what_may_be_sent(outside: Outside, crossed: str):
    asked = {"Origin": OURS, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    answer = await outside.ask("OPTIONS", f"{crossed}/bookings", by=None, headers=asked)
    assert answer.status == 204
    assert answer.headers["Access-Control-Allow-Origin"] == OURS
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert {"Authorization", "Idempotency-Key", "If-Match"} <= set(
        answer.headers["Access-Control-Allow-Headers"].split(", ")
    )
    other = await outside.ask("OPTIONS", f"{crossed}/bookings", by=None, headers={**asked, "Origin": THEIRS})
    assert not [name for name in other.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize(
    ("said", "origins"),
    [
        ("", ()),
        (" https://office.example , http://127.0.0.1:8080,", ("https://office.example", "http://127.0.0.1:8080")),
        ("https://OFFICE.example:443", ("https://office.example",)),
    ],
)
def test_sites_are_named_as_browsers_write_them(monkeypatch: pytest.MonkeyPatch, said: str, origins: tuple[str, ...]):
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-1")
    monkeypatch.setenv("API_ALLOWED_ORIGINS", said)
    assert load().allowed_origins == origins


@pytest.mark.parametrize(
    "said", ["*", "office.example", "https://office.example/", "https://u@office.example", "https://x:y"]
)
def test_what_is_no_site_is_told_at_the_start(monkeypatch: pytest.MonkeyPatch, said: str):
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-1")
    monkeypatch.setenv("API_ALLOWED_ORIGINS", said)
    with pytest.raises(SettingsError, match="API_ALLOWED_ORIGINS"):
        load()
