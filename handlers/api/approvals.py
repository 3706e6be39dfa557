"""Requests for approval over the API: what waits for the asker, deciding, and suggesting something else.

Kept out: a place to say why a rule asks for approval (`policies`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from core import errors
from core.approval_deciding import Suggestion
from core.approval_rows import Request
from core.models import Alternative, Booking, Changed, OfferKind, Slot
from core.tokens import Scope
from handlers.api.bookings import CHANGES, RULES, last_event, told
from handlers.api.operations import Call, Operation, Reply
from handlers.api.seen import AlternativeOut, BookingOut
from handlers.api.values import Body, Line, Moment, Out

TAG = "Approvals"


class ApprovalOut(Out):
    """A request for approval. `decision` is null while it waits; else "approved", "declined", "expired" or "withdrawn".

    Of several bookings that were asked for together, `booking` is the first that still waits, `last` the last of `dates`.
    `approvedBefore` is what was approved already and is now to be more; `byRight` says that no rule of the rooms asks for
    approval, but a right that lets somebody only ask for them.
    """

    id: UUID
    booking: BookingOut
    dates: int
    last: BookingOut | None
    approved_before: BookingOut | None
    asked_at: datetime
    expires_at: datetime
    decision: str | None
    decided_by_id: UUID | None
    decided_by_name: str | None
    decided_at: datetime | None
    reason: str | None
    by_right: bool

    @classmethod
    def of(cls, request: Request, call: Call) -> ApprovalOut:
        """Return a request as the asker may see it."""

        def seen(booking: Booking | None) -> BookingOut | None:
            return BookingOut.of(booking, by=call.actor, catalogue=call.catalogue) if booking else None

        return cls(
            id=request.id,
            booking=BookingOut.of(request.booking, by=call.actor, catalogue=call.catalogue),
            dates=request.dates,
            last=seen(request.last),
            approved_before=seen(request.approved_before),
            asked_at=request.asked_at,
            expires_at=request.expires_at,
            decision=request.decision,
            decided_by_id=request.decided_by,
            decided_by_name=request.decided_by_name,
            decided_at=request.decided_at,
            reason=request.reason,
            by_right=request.by_right,
        )


class ApprovalsOut(Out):
    """What waits, longest first."""

    items: list[ApprovalOut]


class InsteadOut(Out):
    """What is free and allowed for the booker instead of what was asked for."""

    items: list[AlternativeOut]


class Decline(Body):
    """Why it is declined, if somebody wants to know."""

    reason: Annotated[Line, Field(max_length=500)] | None = None


class Suggest(Body):
    """Another room or time, with a word about it."""

    room_id: UUID
    start: Moment
    end: Moment
    note: Annotated[Line, Field(max_length=500)] | None = None


class SuggestionOut(Out):
    """What an approver suggests instead of a booking that waits."""

    id: UUID
    booking: BookingOut
    offer: AlternativeOut
    by_person_id: UUID
    note: str | None

    @classmethod
    def of(cls, one: Suggestion, call: Call) -> SuggestionOut:
        """Return a suggestion as the booker sees it."""
        return cls(
            id=one.id,
            booking=BookingOut.of(one.booking, by=call.actor, catalogue=call.catalogue),
            offer=AlternativeOut.of(one.offer),
            by_person_id=one.by,
            note=one.note,
        )


class SuggestionsOut(Out):
    """What was suggested to the asker, the oldest first."""

    items: list[SuggestionOut]


async def waiting(call: Call) -> Reply:
    """Return what the asker may decide on."""
    found = await call.services.approvals.waiting(by=call.actor)
    items = [ApprovalOut.of(one, call) for one in found]
    return Reply(body=ApprovalsOut(items=items), modified=await last_event(call), dated=False)


async def one(call: Call) -> Reply:
    """Return a request."""
    request = await call.services.approvals.request(call.id("request_id"))
    await _let_see(call, request)
    return Reply(body=ApprovalOut.of(request, call), modified=request.decided_at or request.asked_at, dated=False)


async def of_booking(call: Call) -> Reply:
    """Return what a booking asked for last."""
    request = await call.services.approvals.of_booking(call.id("booking_id"))
    if request is None:
        raise errors.RequestNotFound("Nobody has to approve this booking.")
    await _let_see(call, request)
    return Reply(body=ApprovalOut.of(request, call), modified=request.decided_at or request.asked_at, dated=False)


async def approve(call: Call) -> Reply:
    """Approve what was asked."""
    request_id, approvals = call.id("request_id"), call.services.approvals
    done = await call.once(lambda: approvals.approve(request_id, by=call.actor), lambda one: ApprovalOut.of(one, call))
    return Reply(body=ApprovalOut.model_validate(done))


async def decline(call: Call) -> Reply:
    """Decline what was asked."""
    request_id, approvals, reason = call.id("request_id"), call.services.approvals, call.body(Decline).reason
    done = await call.once(
        lambda: approvals.decline(request_id, by=call.actor, reason=reason), lambda one: ApprovalOut.of(one, call)
    )
    return Reply(body=ApprovalOut.model_validate(done))


async def instead(call: Call) -> Reply:
    """Return what could be suggested."""
    request = await call.services.approvals.request(call.id("request_id"))
    await _let_decide(call, request)
    found = await call.services.approvals.instead_of(request)
    items = [AlternativeOut.of(one) for one in found]
    return Reply(body=InsteadOut(items=items), modified=await last_event(call), dated=False)


async def suggest(call: Call) -> Reply:
    """Tell the booker of another room or time."""
    said, approvals = call.body(Suggest), call.services.approvals
    request = await approvals.request(call.id("request_id"))
    offer = _offer(call, said, request)
    done = await call.once(
        lambda: approvals.suggest(request.id, offer, by=call.actor, note=said.note), lambda one: ApprovalOut.of(one, call)
    )
    return Reply(body=ApprovalOut.model_validate(done))


def _offer(call: Call, said: Suggest, request: Request) -> Alternative:
    if said.end <= said.start:
        raise errors.EndBeforeStart("The meeting would end before it starts. Give an end after the start.")
    if said.start <= call.now:
        raise errors.StartInPast("That is over already. Suggest a time that is ahead.")
    room = call.catalogue.room(said.room_id)
    elsewhere = room.id != request.booking.room.id
    return Alternative(
        kind=OfferKind.OTHER_ROOM if elsewhere else OfferKind.OTHER_TIME,
        room=room,
        location=call.catalogue.place_of(room),
        slot=Slot(start=said.start, end=said.end),
    )


async def suggestions(call: Call) -> Reply:
    """Return what was suggested to the asker."""
    found = await call.services.listing.suggestions(call.actor)
    items = [SuggestionOut.of(one, call) for one in found]
    return Reply(body=SuggestionsOut(items=items), modified=await last_event(call), dated=False)


async def take(call: Call) -> Reply:
    """Move the booking to where an approver suggested."""
    suggestion_id, approvals = call.id("suggestion_id"), call.services.approvals

    def answered(done: Changed) -> BookingOut:
        return BookingOut.of(done.after, by=call.actor, catalogue=call.catalogue)

    moved = BookingOut.model_validate(await call.once(lambda: approvals.take(suggestion_id, by=call.actor), answered))
    return told(call, await call.services.bookings.get(moved.id))


async def _let_see(call: Call, request: Request) -> None:
    """Raise NotAllowed where the asker neither decides on a request nor comes to what was asked for."""
    if not request.booking.attended_by(call.actor.person_id):
        await _let_decide(call, request)


async def _let_decide(call: Call, request: Request) -> None:
    asked = await call.services.approvals.approvers(request.booking)
    if not call.actor.admin and call.actor.person_id not in {one.person_id for one in asked}:
        raise errors.NotAllowed("Only those who were asked, or an admin, can look at this.")


DECIDING = (errors.RequestNotFound, errors.NotWaiting, errors.NotAllowed)
OPERATIONS = (
    Operation(
        method="GET",
        path="/approvals",
        name="listApprovals",
        tag=TAG,
        summary="List what waits for one's approval",
        handle=waiting,
        answer=ApprovalsOut,
    ),
    Operation(
        method="GET",
        path="/approvals/{request_id}",
        name="getApproval",
        tag=TAG,
        summary="Get a request for approval",
        description="For those who decide on it, and those who come to what was asked for.",
        handle=one,
        answer=ApprovalOut,
        refusals=DECIDING,
    ),
    Operation(
        method="GET",
        path="/bookings/{booking_id}/approval",
        name="getApprovalOfBooking",
        tag=TAG,
        summary="Get what a booking asked for last",
        handle=of_booking,
        answer=ApprovalOut,
        refusals=DECIDING,
    ),
    Operation(
        method="POST",
        path="/approvals/{request_id}/approve",
        name="approve",
        tag=TAG,
        summary="Approve what was asked",
        handle=approve,
        scope=Scope.BOOK,
        answer=ApprovalOut,
        refusals=DECIDING,
    ),
    Operation(
        method="POST",
        path="/approvals/{request_id}/decline",
        name="decline",
        tag=TAG,
        summary="Decline what was asked",
        handle=decline,
        scope=Scope.BOOK,
        body=Decline,
        body_needed=False,
        answer=ApprovalOut,
        refusals=DECIDING,
    ),
    Operation(
        method="GET",
        path="/approvals/{request_id}/alternatives",
        name="listApprovalAlternatives",
        tag=TAG,
        summary="List what could be suggested to the booker",
        handle=instead,
        answer=InsteadOut,
        refusals=DECIDING,
    ),
    Operation(
        method="POST",
        path="/approvals/{request_id}/suggest",
        name="suggest",
        tag=TAG,
        summary="Suggest another room or time to the booker",
        description="The request goes on waiting, until the booker takes it.",
        handle=suggest,
        scope=Scope.BOOK,
        body=Suggest,
        answer=ApprovalOut,
        refusals=(*DECIDING, errors.NotActive, errors.StaleBooking, errors.InvalidSetting, *RULES),
    ),
    Operation(
        method="GET",
        path="/me/suggestions",
        name="listMySuggestions",
        tag=TAG,
        summary="List what approvers suggested instead of one's own bookings",
        handle=suggestions,
        answer=SuggestionsOut,
    ),
    Operation(
        method="POST",
        path="/suggestions/{suggestion_id}/take",
        name="takeSuggestion",
        tag=TAG,
        summary="Move a booking to where an approver suggested",
        handle=take,
        scope=Scope.BOOK,
        answer=BookingOut,
        refusals=(*CHANGES, errors.NotWaiting, *RULES),
    ),
)
