"""Closures over the API: what is closed, closing and opening again, whom that concerns, and how far the answers are."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from core.catalogue import Catalogue
from core.closures import Closed, rooms_of
from core.errors import InvalidSetting, LocationNotFound, NotAllowed, PersonNotFound, RoomNotFound
from core.ids import new_id
from core.models import Right, Slot
from core.places import admins_only, allow
from core.regulations import Closure
from core.rerooming import Closing, Progress
from core.rights import may
from core.tokens import Scope
from handlers.api import groups, problems
from handlers.api.operations import Call, Operation, Reply
from handlers.api.paging import Page
from handlers.api.scoped import ScopeIn, ScopeOut
from handlers.api.seen import BookingOut
from handlers.api.seen_closing import PlanOut, seen
from handlers.api.values import Line, Moment, Out

TAG = "Closures"
Some = Annotated[tuple[UUID, ...], Field(max_length=100)]


class ClosureOut(ScopeOut):
    """A time in which something is closed to all but those who are allowed."""

    id: UUID
    start: datetime
    end: datetime
    reason: str | None
    allowed_person_ids: list[UUID]
    allowed_group_ids: list[UUID]

    @classmethod
    def of(cls, one: Closure, catalogue: Catalogue) -> ClosureOut:
        """Return a closure as it is told."""
        return cls(
            id=one.id,
            start=one.slot.start,
            end=one.slot.end,
            reason=one.reason,
            location_id=one.location_id,
            room_id=one.room_id,
            scope=catalogue.scope_name(one.scope),
            allowed_person_ids=sorted(one.allowed_people),
            allowed_group_ids=sorted(one.allowed_groups),
        )


class ClosuresOut(Out):
    """A page of the closures that are not over, the soonest first."""

    items: list[ClosureOut]
    next: str | None


class ClosureDone(Out):
    """A closure, and the bookings that stand in its way; each booker is proposed another room."""

    closure: ClosureOut
    affected: list[BookingOut]


class ClosureNew(ScopeIn):
    """What is to be closed, from when until when, and who may book all the same."""

    start: Moment
    end: Moment
    reason: Annotated[Line, Field(max_length=200)] | None = None
    allowed_person_ids: Some = ()
    allowed_group_ids: Some = ()

    def closure(self) -> Closure:
        """Return it as if it were made."""
        return Closure(
            id=new_id(),
            slot=Slot(start=self.start, end=self.end),
            location_id=self.location_id,
            room_id=self.room_id,
            reason=self.reason,
            allowed_people=frozenset(self.allowed_person_ids),
            allowed_groups=frozenset(self.allowed_group_ids),
        )


class ProgressOut(Out):
    """How far the answers to proposals are, for a closure or (without an id) for rooms out of use; numbers of bookings."""

    closure_id: UUID | None
    reason: str | None
    location_id: UUID | None
    room_id: UUID | None
    start: datetime | None
    end: datetime | None
    waiting: int
    nothing_free: int
    taken: int
    elsewhere: int
    cancelled: int

    @classmethod
    def of(cls, one: Progress) -> ProgressOut:
        """Return it as it is told."""
        return cls(
            closure_id=one.closure_id,
            reason=one.reason,
            location_id=one.location_id,
            room_id=one.room_id,
            start=one.slot.start if one.slot else None,
            end=one.slot.end if one.slot else None,
            waiting=one.waiting,
            nothing_free=one.nothing_free,
            taken=one.taken,
            elsewhere=one.elsewhere,
            cancelled=one.cancelled,
        )


class ProgressListOut(Out):
    """Everything under way, or settled within a month."""

    items: list[ProgressOut]


async def listed(call: Call) -> Reply:
    """Return a page of closures, from memory; of managers' own rooms, for those who are no admins."""
    found = [
        ClosureOut.of(one, call.catalogue)
        for one in await call.services.administration.closures.ahead()
        if _concerns(one.room_id, call)
    ]
    page, following = call.query(Page).of(found, key=lambda one: (one.start.isoformat(), str(one.id)))
    return Reply(
        body=ClosuresOut(items=page, next=following), modified=call.catalogue.changed_at, dated=False, following=following
    )


async def one(call: Call) -> Reply:
    """Return a closure with the bookings in its way."""
    closure = await _known(call)
    affected = await call.services.administration.closures.affected(closure)
    body = ClosureDone(closure=ClosureOut.of(closure, call.catalogue), affected=seen(affected, call))
    return Reply(body=body, modified=call.catalogue.changed_at, dated=False)


async def preview(call: Call) -> Reply:
    """Return what closing would lead to; nothing is closed."""
    closure = await _wanted(call)
    closing = Closing(
        room_ids=frozenset(rooms_of(closure, call.catalogue)),
        slot=closure.slot,
        allowed_people=closure.allowed_people,
        allowed_groups=closure.allowed_groups,
    )
    return Reply(body=PlanOut.of(await call.services.administration.rerooming.preview(closing), call))


async def add(call: Call) -> Reply:
    """Close something, and propose other rooms to whoever is concerned."""
    wanted, office = await _wanted(call), call.services.administration

    async def close() -> Closure:
        done: Closed = await office.closures.add(
            wanted.slot,
            location_id=wanted.location_id,
            room_id=wanted.room_id,
            reason=wanted.reason,
            allowed_people=sorted(wanted.allowed_people),
            allowed_groups=sorted(wanted.allowed_groups),
            by=call.actor,
        )
        return done.closure

    done = await call.once(close, lambda closure: ClosureOut.of(closure, call.catalogue))
    await office.rerooming.advance(call.now)
    made = ClosureOut.model_validate(done)
    affected = await office.closures.affected(await office.closures.get(made.id))
    return Reply(body=ClosureDone(closure=made, affected=seen(affected, call)), at=f"/closures/{made.id}")


async def lift(call: Call) -> Reply:
    """Open again; rooms that were held elsewhere are given back."""
    closure, office = await _known(call), call.services.administration
    await office.closures.lift(closure.id, by=call.actor)
    await office.rerooming.advance(call.now)
    return Reply(body=None)


async def progress(call: Call) -> Reply:
    """Return how far the answers are of those whose rooms have closed."""
    found = await call.services.administration.rerooming.progress()
    items = [ProgressOut.of(one) for one in found if _concerns(one.room_id, call)]
    return Reply(body=ProgressListOut(items=items), modified=call.now, dated=False)


def _concerns(room_id: UUID | None, call: Call) -> bool:
    """Tell whether somebody has to do with it: admins with all, managers with what closes a room of theirs."""
    if call.actor.admin:
        return True
    return room_id is not None and may(call.actor, Right.MANAGE, call.catalogue.room(room_id), call.catalogue)


def _may_close(closure: Closure, call: Call) -> None:
    if closure.room_id is None:
        admins_only(call.actor)
    else:
        allow(call.catalogue.room(closure.room_id), call.actor, call.catalogue)


async def _wanted(call: Call) -> Closure:
    """Return what is to be closed; raises what is wrong with it."""
    said = call.body(ClosureNew)
    if said.location_id and said.room_id:
        raise problems.Invalid("Name a location or a room, not both.", fields={"roomId": "Name one of them."})
    said.checked(call.catalogue)
    for group_id in said.allowed_group_ids:
        call.catalogue.group(group_id)
    await groups.there(call, dict.fromkeys(said.allowed_person_ids), field="allowed_person_ids")
    if said.end <= said.start or said.end <= call.now:
        wrong = "The closure would end before it starts." if said.end <= said.start else "That time is over."
        raise InvalidSetting(wrong, fields={"end": wrong})
    closure = said.closure()
    _may_close(closure, call)
    return closure


async def _known(call: Call) -> Closure:
    try:
        closure = await call.services.administration.closures.get(call.id("closure_id"))
    except InvalidSetting:
        raise problems.NotFound("That closure does not exist.") from None
    _may_close(closure, call)
    return closure


SAID_BY_CORE = (InvalidSetting, LocationNotFound, NotAllowed, PersonNotFound, RoomNotFound)
FOR_MANAGERS = "For admins; and, of single rooms, for those who manage them."
OPERATIONS = (
    Operation(
        method="GET",
        path="/closures",
        name="listClosures",
        tag=TAG,
        summary="List what is closed, now or ahead",
        description=FOR_MANAGERS,
        handle=listed,
        scope=Scope.ADMIN,
        managers=True,
        query=Page,
        answer=ClosuresOut,
    ),
    Operation(
        method="POST",
        path="/closures",
        name="close",
        tag=TAG,
        summary="Close a room, a location or everything for a time",
        description=f"Bookings in the way stay until they are moved: each booker is proposed another room. {FOR_MANAGERS}",
        handle=add,
        scope=Scope.ADMIN,
        managers=True,
        body=ClosureNew,
        answer=ClosureDone,
        status=201,
        refusals=SAID_BY_CORE,
    ),
    Operation(
        method="POST",
        path="/closures/preview",
        name="previewClosure",
        tag=TAG,
        summary="See what closing would lead to",
        description=FOR_MANAGERS,
        handle=preview,
        scope=Scope.ADMIN,
        managers=True,
        body=ClosureNew,
        answer=PlanOut,
        refusals=SAID_BY_CORE,
    ),
    Operation(
        method="GET",
        path="/closures/{closure_id}",
        name="getClosure",
        tag=TAG,
        summary="Get a closure with the bookings in its way",
        description=FOR_MANAGERS,
        handle=one,
        scope=Scope.ADMIN,
        managers=True,
        answer=ClosureDone,
        refusals=(NotAllowed,),
    ),
    Operation(
        method="DELETE",
        path="/closures/{closure_id}",
        name="liftClosure",
        tag=TAG,
        summary="Open again",
        description=FOR_MANAGERS,
        handle=lift,
        scope=Scope.ADMIN,
        managers=True,
        refusals=(NotAllowed,),
    ),
    Operation(
        method="GET",
        path="/proposals/progress",
        name="getProgress",
        tag=TAG,
        summary="See how far the answers are of those whose rooms have closed",
        description=FOR_MANAGERS,
        handle=progress,
        scope=Scope.ADMIN,
        managers=True,
        answer=ProgressListOut,
    ),
)
