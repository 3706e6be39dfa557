"""Sign in with Slack, Slack's side: only for registered addresses, a code only once, and only with the client's secret."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import jwt
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.oauth import OpenIDConnectAuthorizeUrlGenerator
from slack_sdk.web.async_client import AsyncWebClient

from tests.sandbox.bench import ANA, Bench

BACK = "https://rooms.example.com/signin/slack"


@dataclass(kw_only=True)
class Visit:
    """Somebody's browser, and the app that sent it here."""

    bench: Bench
    http: aiohttp.ClientSession

    @property
    def client(self) -> Any:
        return self.bench.running.company.client

    def address(self, *, redirect: str = BACK, client: str = "", scopes: tuple[str, ...] = ("openid", "profile")) -> str:
        return OpenIDConnectAuthorizeUrlGenerator(
            client_id=client or self.client.client_id,
            redirect_uri=redirect,
            scopes=scopes,
            authorization_url=f"{self.bench.url}/openid/connect/authorize",
        ).generate(state="a-state", nonce="a-nonce")

    async def choose(self, user: str = ANA, **asked: Any) -> dict[str, str]:
        """Pick somebody on the page, and return what the app is told."""
        async with self.http.post(self.address(**asked), data={"user": user}, allow_redirects=False) as answer:
            assert answer.status == 302
            there = answer.headers["Location"]
        assert there.startswith(f"{BACK}?")
        return {name: values[0] for name, values in parse_qs(urlsplit(there).query).items()}

    async def exchange(self, code: str, **other: str) -> dict[str, Any]:
        given = {
            "client_id": self.client.client_id,
            "client_secret": self.client.client_secret,
            "redirect_uri": BACK,
            **other,
        }
        app = AsyncWebClient(base_url=f"{self.bench.url}/api/")
        return dict((await app.api_call("openid.connect.token", data={"code": code, **given})).data)

    async def refused(self, code: str, **other: str) -> str:
        with pytest.raises(SlackApiError) as caught:
            await self.exchange(code, **other)
        return str(caught.value.response["error"])


@pytest.fixture
async def visit(bench: Bench) -> AsyncIterator[Visit]:
    bench.running.sandbox.openid.redirect_urls.append(BACK)
    async with aiohttp.ClientSession() as http:
        yield Visit(bench=bench, http=http)


async def test_who_picks_somebody_comes_back_with_a_code_that_tells_who_it_was(visit: Visit):
    async with visit.http.get(visit.address()) as page:
        assert "Ana Duarte" in await page.text()
    back = await visit.choose()
    assert back["state"] == "a-state"
    told = await visit.exchange(back["code"])
    options = {"verify_signature": True, "verify_exp": False, "verify_iat": False}
    claims = jwt.decode(
        told["id_token"],
        visit.client.client_secret,
        algorithms=["HS256"],
        audience=visit.client.client_id,
        issuer=visit.bench.url,
        options=options,
    )
    assert (claims["sub"], claims["nonce"], claims["name"]) == (ANA, "a-nonce", "Ana Duarte")
    assert claims["https://slack.com/team_id"] == visit.bench.running.company.team.id
    info = await AsyncWebClient(token=told["access_token"], base_url=f"{visit.bench.url}/api/").openid_connect_userInfo()
    assert (info["sub"], info["https://slack.com/user_id"]) == (ANA, ANA)
    assert "email" not in info.data


async def test_a_code_is_good_once_for_ten_minutes_and_with_the_right_secret(visit: Visit):
    code = (await visit.choose())["code"]
    assert await visit.refused(code, client_secret="another-secret") == "bad_client_secret"
    assert await visit.refused(code, client_id="1.2") == "invalid_client_id"
    assert await visit.refused(code, redirect_uri="https://rooms.example.com/elsewhere") == "bad_redirect_uri"
    assert await visit.refused(code, grant_type="refresh_token") == "invalid_grant_type"
    assert await visit.refused("made-up") == "invalid_code"
    await visit.exchange(code)
    assert await visit.refused(code) == "code_already_used"
    later = (await visit.choose())["code"]
    visit.bench.clock.move(601)
    assert await visit.refused(later) == "invalid_code"


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"redirect": "https://evil.example/signin/slack"}, "bad_redirect_uri"),
        ({"redirect": "https://rooms.example.com.evil.example/signin/slack"}, "bad_redirect_uri"),
        ({"redirect": "http://rooms.example.com/signin/slack"}, "bad_redirect_uri"),
        ({"redirect": "https://rooms.example.com/signin/slackers"}, "bad_redirect_uri"),
        ({"client": "9.9"}, "invalid_client_id"),
        ({"scopes": ("profile",)}, "invalid_scope"),
        ({"scopes": ("openid", "admin")}, "invalid_scope"),
    ],
)
async def test_what_slack_would_refuse_is_refused_on_the_page(visit: Visit, asked: dict[str, Any], error: str):
    async with visit.http.get(visit.address(**asked)) as page:
        assert page.status == 400
        assert error in await page.text()


async def test_who_cancels_or_has_left_is_sent_back_without_a_code(visit: Visit):
    assert await visit.choose("") == {"error": "access_denied", "state": "a-state"}
    await visit.bench.slack.person(ANA, action="deactivate")
    assert await visit.choose(ANA) == {"error": "access_denied", "state": "a-state"}
