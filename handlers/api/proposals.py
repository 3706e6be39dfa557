"""Where bookings go whose room closes, over the API: what is proposed to the asker, and taking it.

Who wants neither moves or cancels the booking as any other.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from core import errors
from core.models import Changed
from core.rerooming import Proposal
from core.tokens import Scope
from handlers.api.bookings import last_event
from handlers.api.operations import Call, Operation, Reply
from handlers.api.seen import BookingOut
from handlers.api.values import Out

TAG = "Proposals"


class ProposalOut(Out):
    """What is proposed for a booking whose room closes: `roomId` is held for it until `answerBy`, null where there is none.

    `closedFrom` and `closedUntil` are null where the room is out of use.
    """

    id: UUID
    version: int
    status: str
    booking: BookingOut
    room_id: UUID | None
    room_name: str | None
    answer_by: datetime
    reason: str | None
    closed_from: datetime | None
    closed_until: datetime | None

    @classmethod
    def of(cls, one: Proposal, call: Call) -> ProposalOut:
        """Return a proposal as the booker sees it."""
        return cls(
            id=one.id,
            version=one.version,
            status=one.status,
            booking=BookingOut.of(one.booking, by=call.actor, catalogue=call.catalogue),
            room_id=one.room.id if one.room else None,
            room_name=one.room.name if one.room else None,
            answer_by=one.answer_by,
            reason=one.reason,
            closed_from=one.closed.start if one.closed else None,
            closed_until=one.closed.end if one.closed else None,
        )


class ProposalsOut(Out):
    """What the asker has not answered yet, soonest booking first."""

    items: list[ProposalOut]


async def mine(call: Call) -> Reply:
    """Return what is proposed to the asker."""
    found = await call.services.administration.rerooming.open_of(call.actor.person_id)
    items = [ProposalOut.of(one, call) for one in found]
    return Reply(body=ProposalsOut(items=items), modified=await last_event(call), dated=False)


async def accept(call: Call) -> Reply:
    """Move the booking into the room that is held for it."""
    proposal_id, rerooming = call.id("proposal_id"), call.services.administration.rerooming

    def answered(done: Changed) -> BookingOut:
        return BookingOut.of(done.after, by=call.actor, catalogue=call.catalogue)

    moved = BookingOut.model_validate(await call.once(lambda: rerooming.accept(proposal_id, by=call.actor), answered))
    return Reply(body=moved, version=moved.version)


OPERATIONS = (
    Operation(
        method="GET",
        path="/me/proposals",
        name="listMyProposals",
        tag=TAG,
        summary="List where one's bookings could go whose room closes",
        handle=mine,
        answer=ProposalsOut,
    ),
    Operation(
        method="POST",
        path="/proposals/{proposal_id}/accept",
        name="acceptProposal",
        tag=TAG,
        summary="Move a booking into the room that is held for it",
        handle=accept,
        scope=Scope.BOOK,
        answer=BookingOut,
        refusals=(errors.ProposalNotFound, errors.OfferGone, errors.NotAllowed, errors.NotActive, errors.BookingNotFound),
    ),
)
