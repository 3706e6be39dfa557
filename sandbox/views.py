"""Modals and Home tabs: what a view may say, the stack of three, hashes, and what stays typed when a view changes."""

from __future__ import annotations

import json
import secrets

from sandbox import blocks as block_kit
from sandbox.errors import Json, SlackError, Value, invalid_arguments
from sandbox.forms import Form
from sandbox.model import View, Workspace
from sandbox.payloads import view as shown
from sandbox.shapes import add, anything, boolean, plain, record, string
from sandbox.tickets import Trigger

MOST_VIEWS = 3
MOST_BYTES = 250_000

_SHARED = {
    "private_metadata": string(3000, shortest=0),
    "callback_id": string(255, shortest=0),
    "external_id": string(255, shortest=0),
}
_MODAL = record(
    {"type": anything, "title": plain(24), "blocks": anything},
    {
        **_SHARED,
        "submit": plain(24),
        "close": plain(24),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
    },
)
_HOME = record({"type": anything, "blocks": anything}, _SHARED)


def problems_of(body: Json) -> list[str]:
    """Everything that is wrong with a view."""
    problems: list[str] = []
    kind = body.get("type")
    if kind not in {"modal", "home"}:
        add(problems, f"unsupported type: {kind}", "/view/type")
        return problems
    (_MODAL if kind == "modal" else _HOME)(body, "/view", problems)
    if body.get("blocks") is None:
        return problems
    problems += block_kit.check(body["blocks"], kind, at="/view/blocks")
    if kind == "modal" and not body.get("submit") and isinstance(body["blocks"], list):
        for index, block in enumerate(body["blocks"]):
            if isinstance(block, dict) and block.get("type") == "input":
                add(problems, "must define `submit` to use `input` block", f"/view/blocks/{index}/input")
    return problems


def accept(given: Value, *, kinds: tuple[str, ...] = ("modal",)) -> Json:
    """A view as it is kept; raises SlackError invalid_arguments or view_too_large."""
    body = given
    if isinstance(given, str):
        try:
            body = json.loads(given)
        except ValueError:
            body = None
    if not isinstance(body, dict):
        raise invalid_arguments(["must provide an object [json-pointer:/view]"])
    if len(json.dumps(body, ensure_ascii=False).encode()) > MOST_BYTES:
        raise SlackError("view_too_large")
    problems = problems_of(body)
    if not problems and body["type"] not in kinds:
        problems = [f"unsupported type: {body['type']} [json-pointer:/view/type]"]
    if problems:
        raise invalid_arguments(["failed to match all allowed schemas [json-pointer:/view]", *problems])
    kept = {name: value for name, value in body.items() if value is not None}
    kept["blocks"] = block_kit.normal(body["blocks"])
    for name in ("title", "submit", "close"):
        if name in kept:
            kept[name] = block_kit.complete_text(kept[name])
    return kept


class Views:
    """Every open view, and what may be done with them."""

    def __init__(self, ws: Workspace) -> None:
        self._ws = ws
        self._counts: dict[str, Json] = {}

    def find(self, view_id: str) -> View | None:
        """The open modal or published Home tab with this id."""
        for stack in self._ws.stacks.values():
            for view in stack:
                if view.id == view_id:
                    return view
        return next((view for view in self._ws.homes.values() if view.id == view_id), None)

    def find_external(self, external_id: str) -> View | None:
        """The open view that the app named so."""
        views = [view for stack in self._ws.stacks.values() for view in stack]
        views += self._ws.homes.values()
        return next((view for view in views if view.body.get("external_id") == external_id), None)

    def check(self, body: Json, *, owner: View | None = None) -> None:
        """Refuse an external id that another open view has, and pictures that are no files of the app's."""
        if problems := self._ws.unknown_pictures(body["blocks"]):
            raise invalid_arguments([problem.replace("json-pointer:", "json-pointer:/view") for problem in problems])
        external_id = body.get("external_id")
        found = self.find_external(external_id) if external_id else None
        if found is not None and found is not owner:
            raise SlackError("duplicate_external_id")

    def open(self, body: Json, trigger: Trigger) -> View:
        """Open a modal. Out of an open modal it goes on top; otherwise it replaces what was open."""
        self.check(body)
        stack = self._ws.stacks[trigger.user]
        on_top = bool(stack) and trigger.view_id is not None and self._is_modal(trigger)
        if on_top and len(stack) >= MOST_VIEWS:
            raise SlackError("push_limit_reached")
        if stack and not on_top:
            self._forget(trigger.user, list(stack), cleared=True)
        view = self._new(body, trigger.user, channel=trigger.channel)
        stack.append(view)
        self._tell("view_opened", view)
        return view

    def _is_modal(self, trigger: Trigger) -> bool:
        """A submission's trigger outlives its view, so a view that is gone was a modal."""
        home = self._ws.homes.get(trigger.user)
        return home is None or home.id != trigger.view_id

    def push(self, body: Json, trigger: Trigger) -> View:
        """Put a modal on top of the one that the trigger came from."""
        stack = self._ws.stacks[trigger.user]
        if trigger.view_id is None or all(view.id != trigger.view_id for view in stack):
            raise SlackError("invalid_trigger_id")
        return self.push_on(body, stack[-1])

    def push_on(self, body: Json, below: View) -> View:
        """Put a modal on top of a given one."""
        self.check(body)
        stack = self._ws.stacks[below.user]
        if len(stack) >= MOST_VIEWS:
            raise SlackError("push_limit_reached")
        view = self._new(body, below.user, root_id=below.root_id, previous_id=below.id, channel=below.channel)
        stack.append(view)
        self._tell("view_pushed", view)
        return view

    def update(self, view: View, body: Json, *, expected_hash: str | None = None) -> View:
        """Change an open view in place."""
        if body["type"] != view.kind:
            raise invalid_arguments([f"view type cannot change to {body['type']} [json-pointer:/view/type]"])
        if expected_hash and expected_hash != view.hash:
            raise SlackError("hash_conflict")
        self.check(body, owner=view)
        self._count(view)
        view.form = Form(body["blocks"], before=view.form, channel=view.channel)
        view.body = body
        view.hash = self._hash()
        self._tell("view_updated" if view.kind == "modal" else "home", view)
        return view

    def publish(self, user: str, body: Json, *, expected_hash: str | None = None) -> View:
        """Set a person's Home tab."""
        home = self._ws.homes.get(user)
        if expected_hash and (home is None or expected_hash != home.hash):
            raise SlackError("hash_conflict")
        if home is not None:
            return self.update(home, body)
        self.check(body)
        home = self._new(body, user)
        self._ws.homes[user] = home
        self._count(home)
        self._tell("home", home)
        return home

    def _count(self, view: View) -> None:
        kept = self._counts.setdefault(view.id, {"user": view.user, "type": view.kind, "updates": 0})
        kept["updates"] += 1
        kept |= {"at": self._ws.now(), "callback_id": view.body.get("callback_id", "")}

    def counts(self) -> Json:
        """How often each person's Home was published, and each modal changed, since the start."""
        homes = {kept["user"]: kept for kept in self._counts.values() if kept["type"] == "home"}
        shown = {
            user: {"published": kept["updates"], "at": kept["at"], "hash": self._ws.homes[user].hash}
            for user, kept in homes.items()
        }
        modals = {view_id: dict(kept) for view_id, kept in self._counts.items() if kept["type"] == "modal"}
        return {"homes": shown, "views": modals}

    def close(self, view: View) -> None:
        """Take one modal off its stack, wherever it is in it."""
        self._forget(view.user, [view], cleared=False)

    def clear(self, user: str) -> None:
        """Close every modal of a person."""
        self._forget(user, list(self._ws.stacks[user]), cleared=True)

    def _forget(self, user: str, views: list[View], *, cleared: bool) -> None:
        stack = self._ws.stacks[user]
        for view in reversed(views):
            stack.remove(view)
            self._ws.feed.tell(user, {"type": "view_closed", "view_id": view.id, "cleared": cleared})

    def _new(
        self,
        body: Json,
        user: str,
        *,
        root_id: str | None = None,
        previous_id: str | None = None,
        channel: str | None = None,
    ) -> View:
        view_id = self._ws.new_id("V")
        return View(
            id=view_id,
            user=user,
            body=body,
            hash=self._hash(),
            root_id=root_id or view_id,
            previous_id=previous_id,
            form=Form(body["blocks"], channel=channel),
            channel=channel,
        )

    def _hash(self) -> str:
        return f"{int(self._ws.now())}.{secrets.token_hex(4)}"

    def shown(self, view: View) -> Json:
        """The view as the control API shows it: the view object and its `values`."""
        body = shown(self._ws, view, state=True)
        return body | {"values": body["state"]["values"]}

    def _tell(self, kind: str, view: View) -> None:
        if self._ws.feed.listens(view.user):
            self._ws.feed.tell(view.user, {"type": kind, "view": self.shown(view)})
