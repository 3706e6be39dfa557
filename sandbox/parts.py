"""The parts of one running sandbox, and how a person's client finds its way in them."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.company import Person
from sandbox.delivery import Delivery
from sandbox.errors import Json, Refusal, Value
from sandbox.faults import Faults
from sandbox.feed import Feed
from sandbox.forms import Element, Form
from sandbox.model import Conversation, Message, View, Workspace
from sandbox.payloads import message_source, view_source
from sandbox.responses import Responses
from sandbox.tickets import Tickets
from sandbox.views import Views


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where a person acted: in a message or in a view."""

    form: Form
    payload: Json
    channel: str | None
    message: Message | None = None
    view: View | None = None


@dataclass(kw_only=True, slots=True)
class Parts:
    """Everything that the edges need; `address` is known once the server listens."""

    ws: Workspace
    feed: Feed
    tickets: Tickets
    faults: Faults
    delivery: Delivery
    views: Views
    responses: Responses
    address: str = ""
    submitting: set[str] = field(default_factory=set)

    def person(self, user: object) -> Person:
        """A person who can use the client; raises Refusal."""
        person = self.ws.people.get(user) if isinstance(user, str) else None
        if person is None or person.deleted or person.is_bot:
            raise Refusal("no_such_user", "Nobody with this id can use Slack here.")
        return person

    def conversation(self, user: str, channel: object) -> Conversation:
        """A conversation that the person's client shows; raises Refusal."""
        found = self.ws.conversations.get(channel) if isinstance(channel, str) else None
        if found is None or not self.ws.sees(user, found):
            raise Refusal("no_such_channel", "This person sees no conversation with this id.")
        return found

    def writable(self, user: str, channel: object) -> Conversation:
        """A conversation in which the person can write; raises Refusal."""
        found = self.conversation(user, channel)
        if user not in found.members:
            raise Refusal("not_a_member", f"Only members write in #{found.name}.")
        if found.archived:
            raise Refusal("is_archived", f"#{found.name} is archived; nobody writes in it any more.")
        if found.is_direct and self.ws.company.messages_tab_read_only:
            raise Refusal("read_only", "The app's Messages tab takes no messages and no commands.")
        return found

    def message(self, user: str, channel: object, ts: object) -> Message:
        """A message that the person sees; raises Refusal."""
        found = self.conversation(user, channel).messages.get(ts) if isinstance(ts, str) else None
        if found is None or found.ephemeral_to not in (None, user):
            raise Refusal("no_such_message", "This person sees no message with this ts.")
        return found

    def view(self, user: str, view_id: object, *, on_top: bool = True) -> View:
        """The person's Home tab or open modal; a modal under another one cannot be reached. Raises Refusal."""
        found = self.views.find(view_id) if isinstance(view_id, str) else None
        if found is None or found.user != user:
            raise Refusal("no_such_view", "This person has no open view with this id.")
        if on_top and found.kind == "modal" and self.ws.stacks[user][-1] is not found:
            raise Refusal("view_not_on_top", "Another modal lies on top of this one.")
        return found

    def modal(self, user: str, view_id: object) -> View:
        """The person's topmost modal; raises Refusal."""
        found = self.view(user, view_id)
        if found.kind != "modal":
            raise Refusal("no_such_view", "This is a Home tab; only modals are submitted and closed.")
        return found

    def source(self, user: str, body: Json) -> Source:
        """Where the body of a control call points: `view_id`, or `channel` and `ts`. Raises Refusal."""
        if body.get("view_id"):
            view = self.view(user, body["view_id"])
            return Source(form=view.form, payload=view_source(self.ws, view), channel=view.channel, view=view)
        message = self.message(user, body.get("channel"), body.get("ts"))
        payload = message_source(self.ws, message, user)
        return Source(form=message.form(user), payload=payload, channel=message.channel, message=message)

    def fresh_payload(self, user: str, source: Source) -> Json:
        """The source's payload once more, with the values as they are now."""
        if source.view is not None:
            return view_source(self.ws, source.view)
        assert source.message is not None
        return message_source(self.ws, source.message, user)

    def exists(self, what: str, identifier: str) -> bool:
        """Whether a user, channel or conversation can be chosen in a select."""
        if what == "user":
            person = self.ws.people.get(identifier)
            return person is not None and not person.deleted
        conversation = self.ws.conversations.get(identifier)
        if conversation is None:
            return False
        return what == "conversation" or not (conversation.is_private or conversation.is_direct)

    def read(self, user: str, form: Form, element: Element, given: Value) -> Value:
        """The value that a person gave to an element; files by the ids that handing them over gave. Raises Refusal."""
        if element.field == "files":
            given = [self._file(user, one) for one in (given if isinstance(given, list) else [given]) if one]
        return form.read(element, given, self.exists)

    def _file(self, user: str, file_id: object) -> Json | None:
        file = self.ws.files.find(str(file_id))
        return file.shown(self.address) if file and file.complete and file.owner == user else None

    def response_url(self, *, user: str, channel: str, original: str | None = None, thread_ts: str | None = None) -> str:
        """A new response_url."""
        reply = self.tickets.reply(user=user, channel=channel, original=original, thread_ts=thread_ts)
        return f"{self.address}/response/{reply}"
