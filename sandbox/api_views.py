"""The methods views.*: open, push, update, publish."""

from __future__ import annotations

from sandbox import payloads, views
from sandbox.errors import Json, SlackError, invalid_arguments
from sandbox.model import View, Workspace
from sandbox.tickets import Tickets
from sandbox.webapi import Arguments, Method


def methods(ws: Workspace, open_views: views.Views, tickets: Tickets) -> dict[str, Method]:
    """The table of these methods; all of tier 4."""

    def answer(view: View) -> Json:
        return {"view": payloads.view(ws, view, state=True)}

    def trigger_of(arguments: Arguments) -> str:
        given = arguments.text("trigger_id") or arguments.text("interactivity_pointer")
        if given is None:
            raise invalid_arguments(["missing required field: trigger_id [json-pointer:/trigger_id]"])
        return given

    def open_view(arguments: Arguments) -> Json:
        trigger_id = trigger_of(arguments)
        body = views.accept(arguments.get("view"))
        return answer(open_views.open(body, tickets.exchange(trigger_id)))

    def push_view(arguments: Arguments) -> Json:
        trigger_id = trigger_of(arguments)
        body = views.accept(arguments.get("view"))
        return answer(open_views.push(body, tickets.exchange(trigger_id)))

    def update_view(arguments: Arguments) -> Json:
        view_id, external_id = arguments.text("view_id"), arguments.text("external_id")
        if view_id is None and external_id is None:
            raise invalid_arguments(["missing required field: view_id [json-pointer:/view_id]"])
        body = views.accept(arguments.get("view"), kinds=("modal", "home"))
        found = open_views.find(view_id) if view_id else open_views.find_external(external_id or "")
        if found is None:
            raise SlackError("not_found")
        return answer(open_views.update(found, body, expected_hash=arguments.text("hash")))

    def publish_view(arguments: Arguments) -> Json:
        user = arguments.required("user_id")
        if not ws.company.home_tab:
            raise SlackError("not_enabled")
        body = views.accept(arguments.get("view"), kinds=("home",))
        if ws.direct(user) is None:
            raise invalid_arguments(["invalid user_id [json-pointer:/user_id]"])
        return answer(open_views.publish(user, body, expected_hash=arguments.text("hash")))

    return {
        "views.open": Method(run=open_view),
        "views.push": Method(run=push_view),
        "views.update": Method(run=update_view),
        "views.publish": Method(run=publish_view),
    }
