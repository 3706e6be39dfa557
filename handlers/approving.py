"""Deciding on bookings that wait for approval, in the message that asks; and taking what an approver suggests instead."""

from __future__ import annotations

from collections.abc import Mapping

from slack_sdk.models.views import View

from core.approval_rows import Request
from core.models import Alternative, OfferKind
from handlers import forms
from handlers.drafts import Moving, Requested, Suggested, Target
from handlers.edge import OnClick, OnSubmission
from handlers.ids import Action, Callback, Field
from handlers.opening import opened
from handlers.replies import Message, Nothing, Show
from handlers.requests import Click, Submission
from handlers.services import Desk
from handlers.views import approving as views
from handlers.views import bookings
from handlers.wanted import wanting


async def approve(click: Click, desk: Desk) -> Message:
    """Approve what is asked for; from then on the message says so."""
    request = await desk.services.approvals.approve(Requested.load(click.value).request, by=desk.actor)
    return views.card(request, desk.reader)


async def ask_why(click: Click, desk: Desk) -> Show | Nothing | Message:
    """Open the form in which a request is declined; where it is decided by now, say how."""
    request = await _request(click, desk)
    if not request.open:
        return views.card(request, desk.reader)

    async def form() -> View:
        return views.decline_form(request, desk.reader)

    return await opened(click, desk, form())


async def decline(submission: Submission, desk: Desk) -> Show:
    """Decline what is asked for, with the reason that was typed."""
    request_id = Requested.load(submission.form.private_metadata).request
    reason = submission.form.text(Field.REASON)
    request = await desk.services.approvals.decline(request_id, by=desk.actor, reason=reason)
    return _shown(views.card(request, desk.reader))


async def ask_what(click: Click, desk: Desk) -> Show | Nothing | Message:
    """Open the form in which something else is suggested; where it is decided by now, say how."""
    request = await _request(click, desk)
    if not request.open:
        return views.card(request, desk.reader)

    async def form() -> View:
        return views.suggest_form(request, await desk.services.approvals.instead_of(request), desk.reader)

    return await opened(click, desk, form())


async def suggest(submission: Submission, desk: Desk) -> Show:
    """Suggest to the booker what was chosen."""
    form = submission.form
    to = Moving.load(form.option(Field.OFFER))
    room = desk.catalogue.room(to.room)
    offer = Alternative(kind=OfferKind.OTHER_ROOM, room=room, location=desk.catalogue.place_of(room), slot=to.slot)
    request = await desk.services.approvals.suggest(
        Requested.load(form.private_metadata).request, offer, by=desk.actor, note=form.text(Field.REASON)
    )
    return _shown(views.suggested(request, offer, desk.reader))


async def take(click: Click, desk: Desk) -> Message:
    """Move the booking to where an approver suggested; where that is taken by now, offer what is not."""
    found = await desk.services.approvals.suggestion(Suggested.load(click.value).suggestion, by=desk.actor)
    with wanting(Target.at(found.booking)):
        done = await desk.services.approvals.take(found.id, by=desk.actor, key=click.key)
    return bookings.changed(done, desk.reader)


async def _request(click: Click, desk: Desk) -> Request:
    return await desk.services.approvals.request(Requested.load(click.value).request)


def _shown(message: Message) -> Show:
    return Show(view=forms.notice(message.text, message.blocks, final=True), done=message.text)


ACTIONS: Mapping[Action, OnClick] = {
    Action.APPROVE: approve,
    Action.DECLINE_REQUEST: ask_why,
    Action.SUGGEST: ask_what,
    Action.TAKE_SUGGESTION: take,
}
SUBMISSIONS: Mapping[Callback, OnSubmission] = {Callback.DECLINE: decline, Callback.SUGGEST: suggest}
