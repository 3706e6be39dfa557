"""What comes from Slack, typed: commands, clicks, submissions, option look-ups. No payload dict goes further than here.

Every request carries the key under which it may be answered only once (Slack's trigger, the view's hash, the button).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Sender:
    """Who sent a request. `home_team_id` is the person's own team where Slack says so; it differs for strangers."""

    team_id: str
    user_id: str
    enterprise_id: str | None = None
    home_team_id: str | None = None

    @property
    def stranger(self) -> bool:
        """Tell whether the person belongs to another workspace and only shares a channel."""
        return self.home_team_id not in {None, self.team_id, self.enterprise_id}


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A slash command as typed; `text` is what follows the command's name."""

    sender: Sender
    name: str
    text: str
    channel_id: str
    trigger_id: str
    key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """A modal's (or Home's) state. `values` is by block id, then action id, as Slack sends it."""

    view_id: str
    hash: str
    callback_id: str
    private_metadata: str
    values: Mapping[str, Mapping[str, Mapping[str, Any]]]
    root_view_id: str | None = None
    blocks: Sequence[Mapping[str, Any]] = ()

    def _element(self, block_id: str) -> Mapping[str, Any]:
        return next(iter(self.values.get(block_id, {}).values()), {})

    def text(self, block_id: str) -> str | None:
        """Return what was typed or picked (date, time, user, plain text), or None when empty."""
        state = self._element(block_id)
        for name in ("value", "selected_date", "selected_time", "selected_user", "selected_conversation"):
            if state.get(name):
                return str(state[name])
        return None

    def option(self, block_id: str) -> str | None:
        """Return the value of the chosen option of a select or of radio buttons, or None."""
        option = self._element(block_id).get("selected_option")
        return str(option["value"]) if option else None

    def options(self, block_id: str) -> tuple[str, ...]:
        """Return the values of the chosen options of a multi-select or of checkboxes."""
        return tuple(str(option["value"]) for option in self._element(block_id).get("selected_options") or ())

    def files(self, block_id: str) -> tuple[str, ...]:
        """Return the ids of the files that were given."""
        return tuple(str(one["id"]) for one in self._element(block_id).get("files") or ())

    def users(self, block_id: str) -> tuple[str, ...]:
        """Return the Slack ids picked in a multi-users select."""
        return tuple(self._element(block_id).get("selected_users") or ())


@dataclass(frozen=True, kw_only=True, slots=True)
class Click:
    """A button, select or picker that was used. `value` is the button's or option's value, or the date or time picked.

    `form` is set inside a view; `message_ts` on a message.
    """

    sender: Sender
    action_id: str
    block_id: str
    value: str | None
    trigger_id: str
    key: str
    channel_id: str | None = None
    message_ts: str | None = None
    form: Form | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """A modal that was sent."""

    sender: Sender
    form: Form
    trigger_id: str
    key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Lookup:
    """A select that asks for its options; `typed` is what the person has typed so far."""

    sender: Sender
    action_id: str
    block_id: str
    typed: str
    form: Form | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class HomeOpened:
    """Somebody looks at the App Home."""

    sender: Sender
    key: str = field(default="")


def command(body: Mapping[str, Any]) -> Command:
    """Read a slash command's payload."""
    team, user = str(body.get("team_id") or body.get("enterprise_id") or ""), str(body["user_id"])
    trigger = str(body.get("trigger_id") or "")
    return Command(
        sender=Sender(team_id=team, user_id=user, enterprise_id=body.get("enterprise_id")),
        name=str(body.get("command") or ""),
        text=str(body.get("text") or ""),
        channel_id=str(body.get("channel_id") or ""),
        trigger_id=trigger,
        key=_key("command", team, user, trigger) if trigger else "",
    )


def click(body: Mapping[str, Any]) -> Click:
    """Read a block_actions payload; Slack sends one action at a time."""
    action = body["actions"][0]
    sender = _sender(body)
    container = body.get("container") or {}
    message_ts = container.get("message_ts") or (body.get("message") or {}).get("ts")
    form = _form(body["view"]) if body.get("view") else None
    place = message_ts or (f"{form.view_id}.{form.hash}" if form else str(body.get("trigger_id")))
    value = _value_of(action)
    return Click(
        sender=sender,
        action_id=str(action["action_id"]),
        block_id=str(action.get("block_id") or ""),
        value=value,
        trigger_id=str(body.get("trigger_id") or ""),
        key=_key("click", sender.team_id, sender.user_id, place, str(action["action_id"]), value or ""),
        channel_id=container.get("channel_id") or (body.get("channel") or {}).get("id"),
        message_ts=message_ts,
        form=form,
    )


def submission(body: Mapping[str, Any]) -> Submission:
    """Read a view_submission payload."""
    sender, form = _sender(body), _form(body["view"])
    return Submission(
        sender=sender,
        form=form,
        trigger_id=str(body.get("trigger_id") or ""),
        key=_key("view", sender.team_id, sender.user_id, form.view_id, form.hash),
    )


def lookup(body: Mapping[str, Any]) -> Lookup:
    """Read a block_suggestion payload."""
    return Lookup(
        sender=_sender(body),
        action_id=str(body.get("action_id") or ""),
        block_id=str(body.get("block_id") or ""),
        typed=str(body.get("value") or ""),
        form=_form(body["view"]) if body.get("view") else None,
    )


def home_opened(body: Mapping[str, Any]) -> HomeOpened:
    """Read an app_home_opened event."""
    team = str(body.get("team_id") or body.get("enterprise_id") or "")
    return HomeOpened(
        sender=Sender(team_id=team, user_id=str(body["event"]["user"]), enterprise_id=body.get("enterprise_id")),
        key=str(body.get("event_id") or ""),
    )


def _sender(body: Mapping[str, Any]) -> Sender:
    user = body["user"]
    enterprise = (body.get("enterprise") or {}).get("id")
    team = (body.get("team") or {}).get("id") or user.get("team_id") or enterprise or ""
    return Sender(
        team_id=str(team), user_id=str(user["id"]), enterprise_id=enterprise, home_team_id=user.get("team_id") or None
    )


def _form(view: Mapping[str, Any]) -> Form:
    return Form(
        view_id=str(view.get("id") or ""),
        hash=str(view.get("hash") or ""),
        callback_id=str(view.get("callback_id") or ""),
        private_metadata=str(view.get("private_metadata") or ""),
        values=(view.get("state") or {}).get("values") or {},
        root_view_id=view.get("root_view_id"),
        blocks=tuple(view.get("blocks") or ()),
    )


def _value_of(action: Mapping[str, Any]) -> str | None:
    option = action.get("selected_option")
    if option:
        return str(option["value"])
    for name in ("value", "selected_date", "selected_time", "selected_user", "selected_date_time"):
        if action.get(name) is not None:
            return str(action[name])
    return None


def _key(*parts: str) -> str:
    """Return a short key of fixed length: values of buttons may be long, and keys are looked up by an index."""
    digest = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]
    return f"slack:{parts[0]}:{digest}"
