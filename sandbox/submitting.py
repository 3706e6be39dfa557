"""How a modal ends: submitted, with what the ack makes of it, or closed."""

from __future__ import annotations

from sandbox import payloads, views
from sandbox.clicking import Clicking
from sandbox.errors import Json, Refusal, SlackError, Value
from sandbox.model import View
from sandbox.parts import Parts

TROUBLE = "We had some trouble connecting. Try again?"


class Submitting:
    """Submissions and closings."""

    def __init__(self, parts: Parts, clicking: Clicking) -> None:
        self._parts = parts
        self._ws = parts.ws
        self._clicking = clicking

    async def submit(self, body: Json) -> Json:
        """Submit a modal; required inputs left empty stay in the client."""
        user = self._parts.person(body.get("user")).id
        view = self._parts.modal(user, body.get("view_id"))
        if not view.body.get("submit"):
            raise Refusal("no_submit", "This modal has no submit button.")
        if view.id in self._parts.submitting:
            raise Refusal("already_submitting", "This modal waits for the app's answer.")
        self._clicking.set_values(view, body.get("values") or {})
        missing = view.form.missing()
        if missing:
            raise Refusal("missing_input", errors=missing)
        self._parts.submitting.add(view.id)
        try:
            payload = payloads.view_submission(
                self._ws,
                view,
                trigger_id=self._parts.tickets.trigger(user=user, channel=view.channel, view_id=view.id),
                response_urls=self._response_urls(view),
            )
            answer = await self._parts.delivery.deliver("interactive", payload)
        finally:
            self._parts.submitting.discard(view.id)
        if answer.error:
            return self._trouble(user, answer.error, status=answer.status)
        try:
            return {"ok": True, "status": answer.status, **self._apply(view, answer.body)}
        except SlackError as error:
            problems = error.extra.get("response_metadata", error.code)
            self._ws.feed.record("rejected_ack", type="view_submission", problems=problems)
            return self._trouble(user, error.code, status=answer.status, **error.extra)

    def _trouble(self, user: str, cause: str, **extra: object) -> Json:
        self._ws.notice(user, "trouble_connecting", TROUBLE, cause=cause)
        return {"ok": False, "error": "trouble_connecting", "cause": cause, "message": TROUBLE, **extra}

    def _response_urls(self, view: View) -> list[Json]:
        urls = []
        for key, value in view.form.values.items():
            element = view.form.elements[key]
            if element.spec.get("response_url_enabled") and element.in_input and value:
                url = self._parts.response_url(user=view.user, channel=value)
                urls.append(
                    {
                        "block_id": element.block_id,
                        "action_id": element.action_id,
                        "channel_id": value,
                        "response_url": url,
                    }
                )
        return urls

    def _apply(self, view: View, body: Value) -> Json:
        """What the ack makes of the modal; raises SlackError for an ack that Slack would not understand."""
        if body in (None, "", {}):
            if view in self._ws.stacks[view.user]:
                self._parts.views.close(view)
            return {"response_action": None}
        if not isinstance(body, dict):
            raise SlackError("invalid_response")
        match body.get("response_action"):
            case "errors":
                return {"response_action": "errors", "errors": _errors(view, body.get("errors"))}
            case "clear":
                self._parts.views.clear(view.user)
                return {"response_action": "clear"}
            case "update":
                changed = self._parts.views.update(view, views.accept(body.get("view")))
                return {"response_action": "update", "view": self._parts.views.shown(changed)}
            case "push":
                pushed = self._parts.views.push_on(views.accept(body.get("view")), view)
                return {"response_action": "push", "view": self._parts.views.shown(pushed)}
            case _:
                raise SlackError("invalid_response_action")

    async def close(self, body: Json) -> Json:
        """Close a modal by its Cancel button, or with `clear` all of them by the ✕."""
        user = self._parts.person(body.get("user")).id
        view = self._parts.modal(user, body.get("view_id"))
        cleared = bool(body.get("clear")) or bool(view.body.get("clear_on_close"))
        told = self._ws.stacks[user][0] if cleared else view
        payload = payloads.view_closed(self._ws, told, is_cleared=cleared)
        if cleared:
            self._parts.views.clear(user)
        else:
            self._parts.views.close(view)
        if not told.body.get("notify_on_close"):
            return {"ok": True, "status": None}
        answer = await self._parts.delivery.deliver("interactive", payload)
        return {"ok": True, "status": answer.status}


def _errors(view: View, errors: Value) -> Json:
    """Errors by input block; raises SlackError for any other key, and for empty ones."""
    if not isinstance(errors, dict) or not errors:
        raise SlackError("invalid_errors")
    inputs = {element.block_id for element in view.form.elements.values() if element.in_input}
    for block_id, sentence in errors.items():
        if block_id not in inputs:
            raise SlackError("invalid_errors", block_id=block_id)
        if not isinstance(sentence, str) or not sentence:
            raise SlackError("invalid_errors", block_id=block_id)
    return errors
