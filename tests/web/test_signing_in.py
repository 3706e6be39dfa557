"""Signing in with Slack: only who Slack vouches for, only where they set out, only to our own pages; out within minutes."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from handlers.web import identity
from handlers.web.identity import NotSignedIn
from handlers.web.sessions import LASTS, Standing
from handlers.web.signin import ours
from tests.handlers.firm import ANA, BEN
from tests.web.office import Office, opened

CLIENT, ISSUER = "1.2", "https://slack.com"


@pytest.fixture
async def shut(database: Any) -> AsyncIterator[Office]:
    """An office where nobody has set up signing in."""
    async with opened(database, signs_in=False) as made:
        yield made


def token(**other: Any) -> str:
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "sub": BEN,
        "aud": CLIENT,
        "exp": now + 300,
        "iat": now,
        "nonce": "n",
        "https://slack.com/team_id": "T1",
        "https://slack.com/user_id": BEN,
        **other,
    }
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, "k" * 32, algorithm="HS256")


def believed(said: str) -> Any:
    return identity.believed(said, client_id=CLIENT, issuer=ISSUER, nonce="n")


def test_an_id_token_of_slack_for_us_and_for_this_sign_in_is_believed():
    sender = believed(token())
    assert (sender.team_id, sender.user_id) == ("T1", BEN)


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://evil.example"},
        {"aud": "9.9"},
        {"exp": int(time.time()) - 600},
        {"nonce": "of another sign-in"},
        {"nonce": None},
        {"exp": None},
        {"aud": None},
        {"https://slack.com/team_id": None},
        {"https://slack.com/team_id": 7},
        {"iat": int(time.time()) + 3600},
    ],
)
def test_any_other_id_token_is_not(wrong: dict[str, Any]):
    with pytest.raises(NotSignedIn):
        believed(token(**wrong))


@pytest.mark.parametrize("nonsense", ["", "a.b.c", "e30.e30.", "\x00"])
def test_nor_is_what_is_no_token(nonsense: str):
    with pytest.raises(NotSignedIn):
        believed(nonsense)


@pytest.mark.parametrize("there", ["/board", "/board/0192?date=2026-11-24&at=14:00", "/figures", "/"])
def test_one_comes_back_to_where_one_wanted_to_go(there: str):
    assert ours(there) == there


@pytest.mark.parametrize(
    "there",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "board",
        "",
        None,
        "/board\r\nSet-Cookie: a=b",
        "/board/../signout",
        "/" + "a" * 600,
        "/board#@evil.example",
    ],
)
def test_but_never_to_another_host(there: str | None):
    assert ours(there) == "/board"


async def test_who_signs_in_sees_the_board_they_asked_for_and_may_read_the_api(database: Any):
    async with opened(database, with_api=True) as office:
        status, page, answer = await office.get(office.board())
        assert (status, answer.url.path) == (200, "/signin")
        assert "Sign in with Slack" in page

        status, page, answer = await office.sign_in(BEN, to=office.board())
        assert (status, answer.url.path) == (200, office.board())
        assert "Ben Okafor" in page
        status, _, _ = await office.get("/api/v1/rooms")
        assert status == 200
        async with office.http.post(f"{office.url}/api/v1/bookings", json={}) as refused:
            assert refused.status == 401


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(office: Office):
    _, _, there = await office.get("/signin/start", allow_redirects=False)
    async with office.http.post(there.headers["Location"], data={"user": BEN}, allow_redirects=False) as back:
        address = back.headers["Location"]
    _, _, answer = await office.get(address, allow_redirects=False)
    assert answer.status == 303
    assert answer.headers["Location"] == "/board"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    session, gone = answer.headers.getall("Set-Cookie")
    for flag in ("HttpOnly", "SameSite=Lax", "Path=/", f"Max-Age={int(LASTS.total_seconds())}"):
        assert flag in session
    assert "Secure" not in session
    assert BEN not in session
    assert "Max-Age=0" in gone


async def test_over_tls_it_never_travels_without(database: Any):
    async with opened(database, base="https://rooms.example.com") as office:
        _, _, start = await office.get("/signin/start", allow_redirects=False)
        assert "Secure" in start.headers["Set-Cookie"]
        assert parse_qs(urlsplit(start.headers["Location"]).query)["redirect_uri"] == [
            "https://rooms.example.com/signin/slack"
        ]
        assert office.pages.sessions.cookie == "__Host-bookroom"


async def test_an_answer_for_another_browser_is_not_taken(office: Office):
    _, _, there = await office.get("/signin/start", allow_redirects=False)
    async with office.http.post(there.headers["Location"], data={"user": ANA}, allow_redirects=False) as back:
        address = back.headers["Location"]
    office.http.cookie_jar.clear()
    status, page, _ = await office.get(address, allow_redirects=False)
    assert status == 403
    assert "another window" in page
    # Nor is one with a state that was not asked for.
    await office.get("/signin/start", allow_redirects=False)
    assert (await office.get(address, allow_redirects=False))[0] == 403
    assert (await office.get("/signin/slack?code=1&state=", allow_redirects=False))[0] == 403


async def test_a_code_lets_in_once_and_who_cancels_is_told(office: Office):
    status, page, _ = await office.sign_in("")
    assert status == 403
    assert "You did not sign in." in page


async def test_people_of_another_workspace_stay_out(office: Office):
    await office.run("UPDATE slack_teams SET team_id = 'T0ELSEWHERE'")
    status, page, answer = await office.sign_in(BEN)
    assert status == 403
    assert "not for that Slack workspace" in page
    assert [one.partition("=")[0] for one in answer.headers.getall("Set-Cookie")] == ["bookroom-signin"]


async def test_whoever_was_deactivated_is_out_soon_and_a_silent_slack_lets_nobody_down(office: Office):
    await office.sign_in(BEN)
    board = office.board()
    assert (await office.get(board))[2].url.path == board
    await office.firm.slack.faults(drop_requests={"method": "users.info", "times": 1})
    office.pages.sessions._standing = Standing(office.pages.site.client)
    assert (await office.get(board))[2].url.path == board
    await office.firm.slack.faults(clear=True)
    await office.firm.slack.person(BEN, action="deactivate")
    office.pages.sessions._standing = Standing(office.pages.site.client)
    assert (await office.get(board))[2].url.path == "/signin"


async def test_a_session_ends_after_a_week_on_signing_out_and_with_another_key(office: Office):
    await office.sign_in(BEN)
    board = office.board()
    async with office.http.post(f"{office.url}/signout", headers={"Sec-Fetch-Site": "cross-site"}) as refused:
        assert refused.status == 403
    assert (await office.get(board))[2].url.path == board
    office.firm.clock.advance(LASTS + timedelta(seconds=1))
    assert (await office.get(board))[2].url.path == "/signin"

    await office.sign_in(BEN)
    async with office.http.post(f"{office.url}/signout") as left:
        assert left.url.path == "/signin"
    assert (await office.get(board))[2].url.path == "/signin"


@pytest.mark.parametrize("made_up", ["", "x", "eyJwZXJzb24iOiIxIn0.c2ln", "\u00e4"])
async def test_a_cookie_that_is_not_ours_is_nobody_s(office: Office, made_up: str):
    status, _, answer = await office.get(office.board(), headers={"Cookie": f"bookroom={made_up}"})
    assert (status, answer.url.path) == (200, "/signin")


async def test_where_nobody_set_it_up_the_page_says_how_to_get_in(shut: Office):
    status, page, _ = await shut.get("/signin")
    assert status == 403
    assert "SLACK_CLIENT_ID" in page
    assert (await shut.get("/signin/start"))[0] == 403
    assert (await shut.get("/signin/slack?code=1&state=2"))[0] == 403


async def test_a_slack_that_does_not_answer_is_said(office: Office):
    await office.firm.slack.faults(fail_next={"method": "openid.connect.token", "times": 1, "status": 503})
    status, page, _ = await office.sign_in(BEN)
    assert status == 503
    assert "Slack does not answer" in page


async def test_figures_are_for_admins_who_signed_in(office: Office):
    status, _, answer = await office.get("/figures")
    assert answer.url.path == "/signin"
    await office.sign_in(BEN)
    status, page, _ = await office.get("/figures")
    assert status == 403
    assert "Figures are for admins." in page
    status, page, answer = await office.sign_in(ANA, to="/figures")
    assert (status, answer.url.path) == (200, "/stats")
