"""The one wrapper around every listener: who asks, an answer in time, and errors in words. Handlers know none of it.

Slack waits three seconds. A command's answer rides in its acknowledgement when it is ready within `PATIENCE`; past that
the acknowledgement is empty and the answer takes the response_url. Buttons are acknowledged at once, their answer follows.
A submission that is late shows a "working" view, which the answer then replaces. Nothing may raise after an `ack`.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from slack_bolt.async_app import AsyncAck, AsyncRespond
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View
from slack_sdk.web.async_client import AsyncWebClient

from core.errors import BookingError
from core.telling import FAILED as WENT_WRONG
from core.telling import outcome_of
from handlers import demand, forms, logbook, looking, pictures, requests
from handlers.ids import ASIDE, CHANGING_ACTIONS, CHANGING_FORMS, Callback
from handlers.looking import SearchView, There
from handlers.meanwhile import MOST_IN_A_VIEW, MOST_ON_A_MESSAGE, Meanwhile, silent
from handlers.plain import plain
from handlers.replies import (
    ClickReply,
    Close,
    CommandReply,
    FieldErrors,
    Message,
    Place,
    Show,
    SubmissionReply,
)
from handlers.requests import Click, Command, Form, HomeOpened, Lookup, Sender, Submission
from handlers.services import Desk, Services
from handlers.slack_errors import FAILED, outage, reason

T = TypeVar("T")
R = TypeVar("R")
S = TypeVar("S")
log = logging.getLogger(__name__)

PATIENCE = 1.5
# Longer than an acknowledgement takes to be sent and applied.
TRAVEL = 0.5
APOLOGY = "Something went wrong on our side, and nothing more was changed. Try again in a minute."
STRANGER = "Only people of this workspace can book rooms here. Ask the colleague who shares this channel with you."

SURFACES: Mapping[type[object], str] = {
    Command: "command",
    Click: "action",
    Submission: "view",
    Lookup: "options",
    HomeOpened: "home",
}

OnCommand = Callable[[Command, Desk], Awaitable[CommandReply]]
OnClick = Callable[[Click, Desk], Awaitable[ClickReply]]
OnSubmission = Callable[[Submission, Desk], Awaitable[SubmissionReply]]
OnLookup = Callable[[Lookup, Desk], Awaitable[list[dict[str, Any]]]]
OnClosed = Callable[[str, Services], Awaitable[None]]
OnHome = Callable[[HomeOpened, Desk], Awaitable[View | None]]
Refuse = Callable[[BookingError, Desk], Awaitable[Message]]
RefuseForm = Callable[[BookingError, Submission, Desk], Awaitable[SubmissionReply | Message]]
Listener = Callable[..., Coroutine[Any, Any, None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """What Bolt hands to a listener, by its own names."""

    ack: Acknowledged
    body: dict[str, Any]
    client: AsyncWebClient
    respond: AsyncRespond


class Acknowledged:
    """Bolt's `ack`, which tells that it was called."""

    def __init__(self, ack: AsyncAck) -> None:
        self._ack = ack
        self._over = asyncio.get_running_loop().create_future()

    async def __call__(self, **said: Any) -> None:  # noqa: ANN401 - whatever Bolt's own takes
        """Acknowledge."""
        await self._ack(**said)
        self._end()

    async def or_end_of(self, task: asyncio.Task[None]) -> None:
        """Wait until it was called, or a task is over."""
        task.add_done_callback(self._end)
        await self._over

    def _end(self, _: object = None) -> None:
        if not self._over.done():
            self._over.set_result(None)


class Edge:
    """Wraps handlers into Bolt listeners, each of which is over as soon as it has acknowledged.

    Bolt is to be told `process_before_response`: it then sends the acknowledgement when the listener is over. Without, it
    looks every hundredth of a second whether there is one.
    `refuse` renders an error of the product as a message, `refuse_form` as the answer to a modal that was sent.
    """

    def __init__(self, services: Services, *, refuse: Refuse, refuse_form: RefuseForm, patience: float = PATIENCE) -> None:
        self._services = services
        self._refuse = refuse
        self._refuse_form = refuse_form
        self._patience = patience
        self._under_way: set[asyncio.Task[Any]] = set()
        self._home: OnHome | None = None
        # By view, the answer whose pictures are still to follow.
        self._turns: dict[str, object] = {}

    async def drain(self, seconds: float) -> None:
        """Wait for answers that are still under way, at most so long."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=seconds)
        await self._services.asides.drain(seconds)

    # -- listeners -------------------------------------------------------------------------------------------------

    def command(self, handle: OnCommand) -> Listener:
        """Answer a slash command."""

        async def answer(call: Call) -> None:
            async def work() -> CommandReply:
                request = requests.command(call.body)
                return await self._handled(handle, request, request.sender, call.client, self._message)

            task = self._start(work())
            if await _within(task, self._patience):
                reply = _outcome(task)
                # An acknowledgement cannot be taken back when Slack refuses a picture in it.
                if not (isinstance(reply, Message) and pictures.among(reply.blocks)):
                    await (call.ack(**_content(reply)) if isinstance(reply, Message) else call.ack())
                    return
            await call.ack()
            reply = await _settled(task)
            if isinstance(reply, Message):
                await _respond(call.respond, reply, replace=False)

        return self._kept(answer)

    def click(self, handle: OnClick) -> Listener:
        """Answer a button, a select or a picker."""

        async def answer(call: Call) -> None:
            await call.ack()
            request = requests.click(call.body)
            if request.form is not None:
                self._turns.pop(request.form.view_id, None)
            meanwhile = _below_a_click(request, call)
            meanwhile.open()
            work = self._handled(handle, request, request.sender, call.client, self._message, meanwhile=meanwhile)
            reply = await _settled(self._start(work))
            await meanwhile.settled()
            if isinstance(reply, Message):
                await _answer_click(request, reply, call, covered=meanwhile.shown)
            elif isinstance(reply, Show):
                await self._note(reply.view, await _show(request, reply, call.client), request, call.client)
            if request.form is not None and _changes(request):
                await self._refresh_home(request.sender, call.client)

        return self._kept(answer)

    def submission(self, handle: OnSubmission) -> Listener:
        """Answer a modal that was sent."""

        async def answer(call: Call) -> None:
            request = requests.submission(call.body)

            async def refuse(error: BookingError, desk: Desk | None) -> SubmissionReply | Message:
                return await self._refuse_form(error, request, desk) if desk else Message(text=error.message)

            self._turns.pop(request.form.view_id, None)
            meanwhile = _in_view(request.form.view_id, call.client)
            task = self._start(self._handled(handle, request, request.sender, call.client, refuse, meanwhile=meanwhile))
            if await _within(task, self._patience):
                await self._answer_submission(call, _outcome(task), request.form)
            else:
                await call.ack(response_action="update", view=forms.working())
                # The acknowledgement is still on its way: an update that overtook it would be covered by "working".
                await asyncio.sleep(TRAVEL)
                meanwhile.open()
                reply = await _settled(task)
                await meanwhile.settled()
                await _finish_late(reply, call.body["view"], request, call.client)
            if isinstance(shown := _outcome(task), Show) and shown.place is Place.SAME:
                # Slack does not say the hash of a view that an acknowledgement carried.
                await self._note(shown.view, There(view_id=request.form.view_id, hash=None), request, call.client)
            if request.form.callback_id in CHANGING_FORMS and isinstance(_outcome(task), Show):
                await self._refresh_home(request.sender, call.client)

        return self._kept(answer)

    def lookup(self, handle: OnLookup) -> Listener:
        """Answer a select that asks for its options; an error is an empty list."""

        async def listener(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
            request = requests.lookup(body)
            options: list[dict[str, Any]] = []
            with self._entry(request, request.sender, handle) as entry:
                try:
                    desk = await self._desk(request.sender, client)
                    options = await asyncio.wait_for(handle(request, desk), 2.5)
                except Exception as error:
                    entry.outcome = outcome_of(error)
                    log.exception("options %s", request.action_id)
            await ack(options=options)

        return listener

    def closing(self, handle: OnClosed) -> Listener:
        """Note that a modal which wants to know was closed."""

        async def answer(call: Call) -> None:
            await call.ack()
            try:
                await handle(str(call.body["view"]["id"]), self._services)
            except Exception:
                log.exception("a closed view was not noted")

        return self._kept(answer)

    def home(self, handle: OnHome) -> Listener:
        """Publish the App Home of whoever looks at it, and again after what they change from a view."""
        self._home = handle

        async def show(body: dict[str, Any], client: AsyncWebClient) -> None:
            request = requests.home_opened(body)
            with self._entry(request, request.sender, handle) as entry:
                try:
                    await self._publish(handle, request, client)
                except Exception as error:
                    if _away(error):
                        # Whoever opens it again sees it.
                        entry.outcome = getattr(error, "code", "slack")
                        log.warning("home of %s not shown: %s", request.sender.user_id, type(error).__name__)
                        return
                    entry.outcome = WENT_WRONG
                    log.exception("home of %s", request.sender.user_id)

        async def listener(body: dict[str, Any], client: AsyncWebClient) -> None:
            # Bolt acknowledges events when the listener is over.
            if body["event"].get("tab", "home") == "home":
                self._start(show(body, client))

        return listener

    # -- parts -----------------------------------------------------------------------------------------------------

    async def _publish(self, handle: OnHome, request: HomeOpened, client: AsyncWebClient) -> None:
        desk = await self._desk(request.sender, client)
        drawn_at = self._services.clock.now()
        view = await handle(request, desk)
        if view is not None:
            answer = await client.views_publish(user_id=request.sender.user_id, view=view)
            await looking.home_shown(There.of(answer), desk, drawn_at=drawn_at)

    async def _note(self, view: View, there: There | None, request: Click | Submission, client: AsyncWebClient) -> None:
        """Remember a search that is shown now, and forget one that something else has taken the place of."""
        was_search = request.form is not None and request.form.callback_id == Callback.SEARCH
        if there is None or not (was_search or isinstance(view, SearchView)):
            return
        try:
            await looking.search_shown(view, there, await self._desk(request.sender, client))
        except BookingError as error:
            log.info("view of %s not noted: %s", request.sender.user_id, error.code)

    async def _refresh_home(self, sender: Sender, client: AsyncWebClient) -> None:
        """Show a change in the App Home too; the person has had their answer, so that a failure is only noted."""
        if self._home is None or sender.stranger:
            return
        try:
            await self._publish(self._home, HomeOpened(sender=sender), client)
        except Exception as error:
            log.info("home of %s not refreshed: %s", sender.user_id, type(error).__name__)

    async def _handled(
        self,
        handle: Callable[[T, Desk], Awaitable[R]],
        request: T,
        sender: Sender,
        client: AsyncWebClient,
        refuse: Callable[[BookingError, Desk | None], Awaitable[S]],
        *,
        meanwhile: Meanwhile | None = None,
    ) -> R | S | Message:
        """Run the handler; an error of the product becomes its answer, any other an apology and a line in the log."""
        desk: Desk | None = None
        with self._entry(request, sender, handle) as entry:
            try:
                if sender.stranger:
                    entry.outcome = "stranger"
                    return Message(text=STRANGER, replace=False)
                desk = replace(await self._desk(sender, client), meanwhile=meanwhile or silent())
                try:
                    return await handle(request, desk)
                except BookingError as error:
                    entry.outcome = error.code
                    demand.refused(error, desk)
                    return await refuse(error, desk)
            except BookingError as error:
                # Without a desk, or when what a refusal looks up cannot be had either.
                entry.outcome = error.code
                return await refuse(error, None)
            except Exception:
                entry.outcome = WENT_WRONG
                log.exception("%s failed", entry.action)
                return Message(text=APOLOGY, replace=False)

    def _entry(self, request: object, sender: Sender, handle: Callable[..., Any]) -> logbook.Entry:
        action = getattr(handle, "__name__", "handler")
        facts = {"user": sender.user_id, "team": sender.team_id}
        return logbook.Entry.of(self._services, SURFACES[type(request)], action, facts)

    async def _message(self, error: BookingError, desk: Desk | None) -> Message:
        reply = await self._refuse(error, desk) if desk else Message(text=error.message, replace=False)
        return replace(reply, refused=True)

    async def _desk(self, sender: Sender, client: AsyncWebClient) -> Desk:
        services = self._services
        catalogue = await services.catalogues.current()
        person = await services.directory.person(sender, client, ruled_at=catalogue.changed_at)
        return Desk(services=services, person=person, sender=sender, catalogue=catalogue, client=client)

    async def _answer_submission(self, call: Call, reply: SubmissionReply | Message, form: Form) -> None:
        """Acknowledge a modal with its answer; pictures follow, since what rides in an acknowledgement cannot be mended."""
        if not (isinstance(reply, Show) and pictures.among(reply.view.blocks)):
            await _ack_submission(call.ack, reply, form)
            return
        turn = self._turns[form.view_id] = object()
        await call.ack(response_action=reply.place.value, view=pictures.view_without(reply.view))
        if reply.place is not Place.SAME:
            return
        await asyncio.sleep(TRAVEL)
        # Whoever has pressed something there meanwhile sees what came of that.
        if self._turns.pop(form.view_id, None) is turn:
            try:
                await pictures.updated(call.client, reply.view, view_id=form.view_id)
            except FAILED as error:
                log.info("pictures not shown: %s", reason(error))

    def _start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    def _kept(self, answer: Callable[[Call], Awaitable[None]]) -> Listener:
        """Let Bolt have the acknowledgement as soon as there is one; what goes on after it is waited for by `drain`."""

        async def guarded(call: Call) -> None:
            try:
                await answer(call)
            except Exception:
                log.exception("a request could not be answered")

        async def listener(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient, respond: AsyncRespond) -> None:
            acknowledged = Acknowledged(ack)
            task = self._start(guarded(Call(ack=acknowledged, body=body, client=client, respond=respond)))
            await acknowledged.or_end_of(task)

        return listener


def _away(error: Exception) -> bool:
    """Tell whether the database or Slack could not answer, as opposed to a fault of ours."""
    return isinstance(error, BookingError) or (isinstance(error, FAILED) and outage(error))


def _below_a_click(request: Click, call: Call) -> Meanwhile:
    """Return what shows how far something has come that a click began: in the message, or the modal, of the button."""
    form = request.form
    if form is not None:
        return silent() if form.callback_id == Callback.HOME else _in_view(form.view_id, call.client)

    async def show(line: str) -> None:
        await _respond(call.respond, Message(text=line), replace=True)

    return silent() if _aside(request) else Meanwhile(show, most=MOST_ON_A_MESSAGE)


def _in_view(view_id: str, client: AsyncWebClient) -> Meanwhile:
    async def show(line: str) -> None:
        await client.views_update(view_id=view_id, view=forms.notice(line, ()))

    return Meanwhile(show, most=MOST_IN_A_VIEW)


async def _answer_click(request: Click, reply: Message, call: Call, *, covered: bool) -> None:
    """Show the answer; `covered` says that how far it came stands in its place already."""
    if request.form is None:
        await _respond(call.respond, reply, replace=covered or (reply.replace and not _aside(request)))
        return
    # A view has no response_url: what would be a message is a small view, in place of one like it or else on top.
    answered = {Callback.MESSAGE} if reply.refused else {Callback.MESSAGE, Callback.REFUSED}
    in_place = covered or (reply.replace and request.form.callback_id in answered)
    view = forms.notice(reply.text, reply.blocks, final=not reply.refused)
    done = "" if reply.refused or not _changes(request) else reply.text
    await _show(request, Show(view=view, place=Place.SAME if in_place else Place.ON_TOP, done=done), call.client)


def _aside(request: Click) -> bool:
    return request.action_id.partition(":")[0] in ASIDE


def _changes(request: Click) -> bool:
    return request.action_id.partition(":")[0] in CHANGING_ACTIONS


async def _within(task: asyncio.Task[Any], seconds: float) -> bool:
    done, _ = await asyncio.wait({task}, timeout=seconds)
    return bool(done)


def _outcome(task: asyncio.Task[T]) -> T | Message:
    if task.cancelled() or task.exception() is not None:
        return Message(text=APOLOGY, replace=False)
    return task.result()


async def _settled(task: asyncio.Task[T]) -> T | Message:
    await asyncio.wait({task})
    return _outcome(task)


def _plain(blocks: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - builders' objects or dicts
    return [plain(block) if isinstance(block, Block) else dict(block) for block in blocks]


def _content(reply: Message) -> dict[str, Any]:
    content: dict[str, Any] = {"response_type": "ephemeral", "text": reply.text}
    if reply.blocks:
        content["blocks"] = _plain(reply.blocks)
    return content


async def _respond(respond: AsyncRespond, reply: Message, *, replace: bool) -> None:
    try:
        answer = await respond(**_content(reply), replace_original=replace)
        if answer.status_code != 200 and pictures.among(reply.blocks):
            plain_reply = dataclasses.replace(reply, blocks=pictures.without(reply.blocks))
            answer = await respond(**_content(plain_reply), replace_original=replace)
        if answer.status_code != 200:
            log.warning("response_url answered %s: %s", answer.status_code, answer.body[:100])
    except Exception as error:
        log.warning("response_url failed: %s", type(error).__name__)


async def _show(request: Click, reply: Show, client: AsyncWebClient) -> There | None:
    """Show a view and return where it stands; None where Slack did not take it."""
    form = request.form
    try:
        if reply.place is Place.ON_TOP and form is not None and form.callback_id == Callback.HOME:
            answer = await client.views_open(trigger_id=request.trigger_id, view=pictures.safe(reply.view))
        elif reply.place is Place.ON_TOP:
            answer = await client.views_push(trigger_id=request.trigger_id, view=pictures.safe(reply.view))
        elif form is None:
            return None
        else:
            # What is done has to be told whatever the view shows by now; anything else must not replace newer things.
            known = None if reply.done else form.hash
            answer = await pictures.updated(client, reply.view, view_id=form.view_id, hash_=known)
    except FAILED as error:
        # hash_conflict: a newer click has updated the view already; not_found: it was closed meanwhile.
        log.warning("view not shown: %s", reason(error))
        await _tell_aside(request.sender, reply, client)
        return None
    there = There.of(answer)
    return await pictures.follow(client, reply.view, there) if reply.place is Place.ON_TOP else there


async def _tell_aside(sender: Sender, reply: Show, client: AsyncWebClient) -> None:
    """Say what is done in a direct message, where the view that should have said it is gone."""
    if not reply.done:
        return
    try:
        await client.chat_postMessage(channel=sender.user_id, text=reply.done, blocks=_plain(reply.view.blocks or ()))
    except FAILED as error:
        log.warning("not told aside: %s", reason(error))


async def _ack_submission(ack: Acknowledged, reply: SubmissionReply | Message, form: Form) -> None:
    match reply:
        case FieldErrors(errors=errors):
            known = {block["block_id"] for block in form.blocks if block.get("type") == "input"}
            await ack(response_action="errors", errors={name: text for name, text in errors.items() if name in known})
        case Show(view=view, place=place):
            await ack(response_action=place.value, view=view)
        case Close(everything=True):
            await ack(response_action="clear")
        case Close():
            await ack()
        case Message(text=text, blocks=blocks):
            # Three views is all that Slack stacks: only a first one gets another on top.
            alone = form.root_view_id in {None, form.view_id}
            await ack(response_action="push" if alone else "update", view=forms.notice(text, blocks))


async def _finish_late(
    reply: SubmissionReply | Message, view: Mapping[str, Any], request: Submission, client: AsyncWebClient
) -> None:
    late: View | dict[str, Any]
    form = request.form
    match reply:
        case FieldErrors(errors=errors):
            late = forms.restored(view, form.values, list(errors.values()))
        case Show(view=shown):
            late = shown
        case Message(text=text, blocks=blocks):
            late = forms.notice(text, blocks)
        case Close():
            late = forms.notice("Done.", ())
    try:
        if isinstance(late, View):
            await pictures.updated(client, late, view_id=form.view_id)
        else:
            await client.views_update(view_id=form.view_id, view=late)
    except FAILED as error:
        log.warning("late view not shown: %s", reason(error))
        if isinstance(reply, Show):
            await _tell_aside(request.sender, reply, client)
