"""What a person does to the elements of a message or view: clicks, choices, typed values, searches in a select."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox import payloads
from sandbox.delivery import Answer
from sandbox.elements import OPTION_GROUP, SELECT_OPTION, options_of
from sandbox.errors import Json, Refusal, Value
from sandbox.forms import Element, Form
from sandbox.model import View
from sandbox.parts import Parts, Source
from sandbox.shapes import array

MOST_OPTIONS = 100


class Clicking:
    """Interactive elements, wherever they are."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._ws = parts.ws

    async def click(self, body: Json) -> Json:
        """Press, choose or enter; the app hears of it as block_actions unless the element waits for a submission."""
        user = self._parts.person(body.get("user")).id
        source = self._parts.source(user, body)
        element = source.form.element(str(body.get("block_id")), str(body.get("action_id")))
        value = self._chosen(user, source.form, element, body)
        if element.field is not None:
            source.form.values[element.block_id, element.action_id] = value
        if not element.dispatches:
            return {"ok": True, "status": None, "delivered": False}
        return self._reported(user, await self._act(user, source, element, value))

    def _chosen(self, user: str, form: Form, element: Element, body: Json) -> Value:
        if element.kind == "button":
            return None
        names = [element.field or "selected_option", "value", "selected"]
        given = next((body[name] for name in names if name in body), None)
        if element.kind != "overflow":
            return self._parts.read(user, form, element, given)
        wanted = given.get("value") if isinstance(given, Mapping) else given
        for option in options_of(element.spec):
            if option["value"] == wanted:
                return option
        raise Refusal("no_such_option", f"{wanted!r} is not in the menu {element.action_id}.")

    async def _act(self, user: str, source: Source, element: Element, value: Value) -> Answer:
        message, view = source.message, source.view
        trigger_id = self._parts.tickets.trigger(user=user, channel=source.channel, view_id=view.id if view else None)
        response_url = None
        if message is not None:
            response_url = self._parts.response_url(
                user=user, channel=message.channel, original=message.ts, thread_ts=message.thread_ts
            )
        payload = payloads.block_actions(
            self._ws,
            user=user,
            source=self._parts.fresh_payload(user, source),
            acted=payloads.action(self._ws, element, value),
            trigger_id=trigger_id,
            response_url=response_url,
        )
        return await self._parts.delivery.deliver("interactive", payload)

    def _reported(self, user: str, answer: Answer) -> Json:
        if answer.error is None:
            if answer.body:
                self._ws.feed.record("ignored_ack", type="block_actions", body=answer.body)
            return {"ok": True, "status": answer.status, "delivered": True}
        said = f"The app did not take this: {answer.error}."
        self._ws.notice(user, answer.error, said)
        return {"ok": False, "error": answer.error, "message": said, "status": answer.status}

    async def fill(self, body: Json) -> Json:
        """Type or choose in a view's inputs; those that dispatch tell the app of a change, one after the other."""
        user = self._parts.person(body.get("user")).id
        view = self._parts.view(user, body.get("view_id"))
        changed = self.set_values(view, body.get("values") or {})
        status = None
        for element in changed:
            if not element.dispatches:
                continue
            source = self._parts.source(user, {"view_id": view.id})
            key = (element.block_id, element.action_id)
            if key in source.form.values:
                reported = self._reported(user, await self._act(user, source, element, source.form.values[key]))
                if not reported["ok"]:
                    return reported
                status = reported["status"]
        return {"ok": True, "status": status, "values": view.form.state()["values"]}

    def set_values(self, view: View, values: object) -> list[Element]:
        """Set input values, all or none; gives the elements that changed. Raises Refusal with `errors` by block."""
        if not isinstance(values, Mapping) or not all(isinstance(one, Mapping) for one in values.values()):
            raise Refusal("invalid_value", "values is an object of block ids of action ids.")
        read: list[tuple[Element, Any]] = []
        errors: dict[str, str] = {}
        for block_id, actions in values.items():
            for action_id, given in actions.items():
                element = view.form.element(block_id, action_id)
                try:
                    read.append((element, self._parts.read(view.user, view.form, element, given)))
                except Refusal as refusal:
                    if refusal.code != "invalid_input":
                        raise
                    errors[element.block_id] = refusal.message
        if errors:
            raise Refusal("invalid_input", errors=errors)
        changed = []
        for element, value in read:
            key = (element.block_id, element.action_id)
            if view.form.values[key] != value:
                view.form.values[key] = value
                changed.append(element)
        return changed

    async def options(self, body: Json) -> Json:
        """Search in an external select: the app supplies what can be chosen."""
        user = self._parts.person(body.get("user")).id
        source = self._parts.source(user, body)
        element = source.form.element(str(body.get("block_id")), str(body.get("action_id")))
        if not element.searches:
            raise Refusal("no_search", f"{element.action_id} has its options already.")
        query = str(body.get("query", ""))
        if len(query) < element.spec.get("min_query_length", 3):
            return {"ok": True, "options": [], "status": None}
        payload = payloads.block_suggestion(self._ws, user=user, source=source.payload, element=element, query=query)
        answer = await self._parts.delivery.deliver("interactive", payload)
        if answer.error:
            return {"ok": False, "error": answer.error, "status": answer.status}
        return self._offered(source.form, element, answer)

    def _offered(self, form: Form, element: Element, answer: Answer) -> Json:
        body = answer.body if isinstance(answer.body, dict) else {}
        name = "option_groups" if "option_groups" in body else "options"
        problems: list[str] = []
        each = OPTION_GROUP if name == "option_groups" else SELECT_OPTION
        array(each, most=MOST_OPTIONS)(body.get(name), f"/{name}", problems)
        if problems:
            self._ws.feed.record("rejected_ack", type="block_suggestion", problems=problems)
            return {"ok": False, "error": "invalid_options", "problems": problems, "status": answer.status}
        form.remember_options(element, options_of(body))
        return {"ok": True, name: body[name], "status": answer.status}
