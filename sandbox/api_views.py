"""The methods views.*: open, push, update, publish."""

from __future__ import annotations

from sandbox import payloads, views
from sandbox.errors import Json, SlackError, invalid_arguments
from sandbox.model import View, Workspace
from sandbox.tickets import Tickets
from sandbox.webapi import Arguments, Method


class ViewMethods:
    """Opening and changing modals and Home tabs."""

    def __init__(self, ws: Workspace, open_views: views.Views, tickets: Tickets) -> None:
        self._ws = ws
        self._views = open_views
        self._tickets = tickets

    def _answer(self, view: View) -> Json:
        return {"view": payloads.view(self._ws, view, state=True)}

    def open(self, arguments: Arguments) -> Json:
        """views.open; a view that is refused leaves the trigger unused."""
        trigger_id = _trigger_id(arguments)
        body = views.accept(arguments.get("view"))
        return self._answer(self._views.open(body, self._tickets.exchange(trigger_id)))

    def push(self, arguments: Arguments) -> Json:
        """views.push, with a trigger out of an open modal."""
        trigger_id = _trigger_id(arguments)
        body = views.accept(arguments.get("view"))
        return self._answer(self._views.push(body, self._tickets.exchange(trigger_id)))

    def update(self, arguments: Arguments) -> Json:
        """views.update, by view id or external id."""
        view_id, external_id = arguments.text("view_id"), arguments.text("external_id")
        if view_id is None and external_id is None:
            raise invalid_arguments(["missing required field: view_id [json-pointer:/view_id]"])
        body = views.accept(arguments.get("view"), kinds=("modal", "home"))
        found = self._views.find(view_id) if view_id else self._views.find_external(external_id or "")
        if found is None:
            raise SlackError("not_found")
        return self._answer(self._views.update(found, body, expected_hash=arguments.text("hash")))

    def publish(self, arguments: Arguments) -> Json:
        """views.publish, for one person."""
        user = arguments.required("user_id")
        if not self._ws.company.home_tab:
            raise SlackError("not_enabled")
        body = views.accept(arguments.get("view"), kinds=("home",))
        person = self._ws.people.get(user)
        if self._ws.direct(user) is None or person is None or person.deleted:
            raise invalid_arguments(["invalid user_id [json-pointer:/user_id]"])
        return self._answer(self._views.publish(user, body, expected_hash=arguments.text("hash")))


def _trigger_id(arguments: Arguments) -> str:
    given = arguments.text("trigger_id") or arguments.text("interactivity_pointer")
    if given is None:
        raise invalid_arguments(["missing required field: trigger_id [json-pointer:/trigger_id]"])
    return given


def methods(ws: Workspace, open_views: views.Views, tickets: Tickets) -> dict[str, Method]:
    """The table of these methods; all of tier 4."""
    these = ViewMethods(ws, open_views, tickets)
    return {
        "views.open": Method(run=these.open),
        "views.push": Method(run=these.push),
        "views.update": Method(run=these.update),
        "views.publish": Method(run=these.publish),
    }
