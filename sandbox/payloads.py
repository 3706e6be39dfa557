"""The payloads that Slack sends to an app, shaped as its documentation shows them."""

from __future__ import annotations

import secrets

from sandbox.errors import Json, Value
from sandbox.forms import Element
from sandbox.model import Conversation, Message, View, Workspace

VERIFICATION_TOKEN = "deprecated"  # noqa: S105 - the field that signatures replaced; it protects nothing


def _team(ws: Workspace) -> Json:
    team: Json = {"id": ws.company.team.id, "domain": ws.company.team.domain}
    if ws.company.team.enterprise_id:
        team |= {"enterprise_id": ws.company.team.enterprise_id, "enterprise_name": ws.company.team.name}
    return team


def _enterprise(ws: Workspace) -> Json | None:
    identifier = ws.company.team.enterprise_id
    return {"id": identifier, "name": ws.company.team.name} if identifier else None


def _user(ws: Workspace, user: str) -> Json:
    name = ws.people[user].name
    return {"id": user, "username": name, "name": name, "team_id": ws.company.team.id}


def _interaction(ws: Workspace, kind: str, user: str) -> Json:
    return {
        "type": kind,
        "team": _team(ws),
        "user": _user(ws, user),
        "api_app_id": ws.company.bot.app_id,
        "token": VERIFICATION_TOKEN,
        "enterprise": _enterprise(ws),
        "is_enterprise_install": ws.org_wide,
    }


def command(
    ws: Workspace,
    *,
    user: str,
    conversation: Conversation,
    name: str,
    text: str,
    trigger_id: str,
    response_url: str,
) -> Json:
    """A slash command; every value is a string, as the form encoding has it."""
    team = ws.company.team
    enterprise = {"enterprise_id": team.enterprise_id, "enterprise_name": team.name}
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": team.id,
        "team_domain": team.domain,
        **(enterprise if team.enterprise_id else {}),
        "channel_id": conversation.id,
        "channel_name": conversation.payload_name,
        "user_id": user,
        "user_name": ws.people[user].name,
        "command": name,
        "text": text,
        "api_app_id": ws.company.bot.app_id,
        "is_enterprise_install": "true" if ws.org_wide else "false",
        "response_url": response_url,
        "trigger_id": trigger_id,
    }


def message(ws: Workspace, one: Message) -> Json:
    """A message as the Web API and interactions show it."""
    shown: Json = {"type": "message", "ts": one.ts, "text": one.text, "team": ws.company.team.id}
    if one.bot_id:
        bot = ws.company.bot
        shown |= {"user": bot.user_id, "bot_id": bot.bot_id, "app_id": bot.app_id}
    else:
        shown["user"] = one.user
    if one.blocks:
        shown["blocks"] = one.blocks
    if one.attachments:
        shown["attachments"] = one.attachments
    if one.thread_ts:
        shown["thread_ts"] = one.thread_ts
    if one.edited:
        shown["edited"] = one.edited
    thread = ws.thread(one)
    if thread is not None:
        shown |= {
            "thread_ts": one.ts,
            "reply_count": len(thread.replies),
            "reply_users_count": len(thread.authors),
            "latest_reply": thread.latest,
        }
    return shown


def view(ws: Workspace, one: View, *, state: bool) -> Json:
    """A view object; with `state` its values, which API answers leave empty for a view nobody touched."""
    body = one.body
    shown: Json = {
        "id": one.id,
        "team_id": ws.company.team.id,
        "type": one.kind,
        "blocks": body["blocks"],
        "private_metadata": body.get("private_metadata", ""),
        "callback_id": body.get("callback_id", ""),
        "state": one.form.state() if state else {"values": {}},
        "hash": one.hash,
        "title": body.get("title") or {"type": "plain_text", "text": "View Title", "emoji": True},
        "clear_on_close": body.get("clear_on_close", False),
        "notify_on_close": body.get("notify_on_close", False),
        "close": body.get("close"),
        "submit": body.get("submit"),
        "previous_view_id": one.previous_id,
        "root_view_id": one.root_id,
        "app_id": ws.company.bot.app_id,
        "external_id": body.get("external_id", ""),
        "app_installed_team_id": ws.company.team.id,
        "bot_id": ws.company.bot.bot_id,
    }
    return shown


def channel(conversation: Conversation) -> Json:
    """The `channel` of an interaction."""
    return {"id": conversation.id, "name": conversation.payload_name}


def message_source(ws: Workspace, one: Message, user: str) -> Json:
    """The fields that say which message an interaction came from; ephemeral messages do not travel along."""
    container: Json = {
        "type": "message",
        "message_ts": one.ts,
        "channel_id": one.channel,
        "is_ephemeral": one.ephemeral_to is not None,
    }
    if one.thread_ts:
        container["thread_ts"] = one.thread_ts
    source: Json = {
        "container": container,
        "channel": channel(ws.conversations[one.channel]),
        "state": one.form(user).state(),
    }
    return source if one.ephemeral_to else {**source, "message": message(ws, one)}


def view_source(ws: Workspace, one: View) -> Json:
    """The fields that say which view an interaction came from."""
    return {"container": {"type": "view", "view_id": one.id}, "view": view(ws, one, state=True)}


def action(ws: Workspace, element: Element, value: Value) -> Json:
    """One entry of `actions`."""
    acted: Json = {
        "type": element.kind,
        "action_id": element.action_id,
        "block_id": element.block_id,
        "action_ts": ws.next_ts(),
    }
    for name in ("text", "value", "style", "placeholder", "url"):
        if element.kind == "button" and name in element.spec:
            acted[name] = element.spec[name]
    if element.kind == "overflow":
        acted["selected_option"] = value
    elif element.field:
        acted[element.field] = value
        for name in ("initial_option", "initial_date", "initial_time", "initial_date_time", "initial_user"):
            if name in element.spec:
                acted[name] = element.spec[name]
    return acted


def block_actions(ws: Workspace, *, user: str, source: Json, acted: Json, trigger_id: str, response_url: str | None) -> Json:
    """A click or a choice; only messages have a response_url."""
    payload = _interaction(ws, "block_actions", user) | source | {"trigger_id": trigger_id}
    if response_url is not None:
        payload["response_url"] = response_url
    return payload | {"actions": [acted]}


def view_submission(ws: Workspace, one: View, *, trigger_id: str, response_urls: list[Json]) -> Json:
    """A submitted modal with its state."""
    payload = _interaction(ws, "view_submission", one.user)
    return payload | {
        "trigger_id": trigger_id,
        "view": view(ws, one, state=True),
        "response_urls": response_urls,
    }


def view_closed(ws: Workspace, one: View, *, is_cleared: bool) -> Json:
    """A closed modal, sent when it asked for that."""
    payload = _interaction(ws, "view_closed", one.user)
    return payload | {"view": view(ws, one, state=True), "is_cleared": is_cleared}


def block_suggestion(ws: Workspace, *, user: str, source: Json, element: Element, query: str) -> Json:
    """The request for an external select's options."""
    payload = _interaction(ws, "block_suggestion", user) | source
    return payload | {"action_id": element.action_id, "block_id": element.block_id, "value": query}


def event(ws: Workspace, inner: Json) -> Json:
    """An Events API callback around one event."""
    team = ws.company.team
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": team.id,
        "enterprise_id": team.enterprise_id,
        "context_team_id": team.id,
        "context_enterprise_id": team.enterprise_id,
        "api_app_id": ws.company.bot.app_id,
        "event": inner,
        "type": "event_callback",
        "event_id": f"Ev{secrets.token_hex(5).upper()}",
        "event_time": int(ws.now()),
        "authorizations": [
            {
                "enterprise_id": team.enterprise_id,
                "team_id": None if ws.org_wide else team.id,
                "user_id": ws.company.bot.user_id,
                "is_bot": True,
                "is_enterprise_install": ws.org_wide,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-{secrets.token_urlsafe(24)}",
    }
