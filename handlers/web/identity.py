"""Asking Slack who somebody is, by OpenID Connect: where to send them, and what the answer is worth.

The id token's signature is not checked: it comes straight from Slack, over TLS, in answer to a request of ours with our
client's secret, which OpenID Connect (3.1.3.7) lets stand for the signature. Everything else of it is.
"""

from __future__ import annotations

import asyncio
from typing import Any

from slack_sdk.oauth import OpenIDConnectAuthorizeUrlGenerator
from slack_sdk.web.async_client import AsyncWebClient

from core.errors import BookingError
from handlers.requests import Sender
from handlers.slack_errors import FAILED, outage
from handlers.web.site import Site

CALLBACK = "/signin/slack"
SCOPES = ("openid", "profile")
SECONDS = 8.0
# How far Slack's clock may be from ours.
LEEWAY_SECONDS = 60
_TEAM, _USER = "https://slack.com/team_id", "https://slack.com/user_id"
_CHECKED = {
    "verify_signature": False,
    "verify_exp": True,
    "verify_iat": True,
    "verify_aud": True,
    "verify_iss": True,
    "require": ["iss", "aud", "exp", "iat", "sub", "nonce"],
}


class NotSignedIn(BookingError):
    """Slack did not say who somebody is, or said what cannot be believed."""

    code = "NotSignedIn"


class SlackSilent(BookingError):
    """Slack could not be asked."""

    code = "SlackSilent"


def returned_to(site: Site) -> str:
    """Return the address of ours that Slack sends people back to; it is registered there."""
    return site.callback or f"{site.base}{CALLBACK}"


def address(site: Site, *, state: str, nonce: str, team: str | None) -> str:
    """Return where somebody is sent to agree."""
    generator = OpenIDConnectAuthorizeUrlGenerator(
        client_id=str(site.client_id),
        redirect_uri=returned_to(site),
        scopes=SCOPES,
        authorization_url=f"{site.slack_origin}/openid/connect/authorize",
    )
    return generator.generate(state=state, nonce=nonce, team=team)


async def who(site: Site, code: str, *, nonce: str) -> Sender:
    """Return who agreed, by the code that they came back with; raises NotSignedIn or SlackSilent."""
    slack = AsyncWebClient(base_url=site.slack.base_url, timeout=int(SECONDS), trust_env_in_session=False)
    asked = {
        "client_id": site.client_id,
        "client_secret": site.client_secret,
        "code": code,
        "redirect_uri": returned_to(site),
        "grant_type": "authorization_code",
    }
    try:
        async with asyncio.timeout(SECONDS):
            answer = await slack.api_call("openid.connect.token", data=asked)
    except FAILED as error:
        if outage(error):
            raise SlackSilent("Slack does not answer at the moment. Try again in a minute.") from None
        raise NotSignedIn("Slack did not accept that. Sign in once more.") from None
    return believed(str(answer.get("id_token") or ""), client_id=str(site.client_id), issuer=site.slack_origin, nonce=nonce)


def believed(token: str, *, client_id: str, issuer: str, nonce: str) -> Sender:
    """Return whom an id token names; raises NotSignedIn unless it was made now, by Slack, for us and for this sign-in."""
    # Read when somebody signs in: nine megabytes of cryptography come with it.
    import jwt

    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            options=_CHECKED,  # type: ignore[arg-type]
            audience=client_id,
            issuer=issuer,
            leeway=LEEWAY_SECONDS,
        )
    except jwt.PyJWTError:
        raise NotSignedIn("Slack's answer cannot be believed. Sign in once more.") from None
    team, user = claims.get(_TEAM), claims.get(_USER) or claims["sub"]
    if claims["nonce"] != nonce or not isinstance(team, str) or not isinstance(user, str) or not team or not user:
        raise NotSignedIn("Slack's answer is not to this question. Sign in once more.")
    return Sender(team_id=team, user_id=user)
