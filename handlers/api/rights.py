"""Rights over the API: who has which, giving and taking them, and what that would have changed."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from core.catalogue import Catalogue
from core.errors import InvalidSetting, LocationNotFound, PersonNotFound, RoomNotFound
from core.ids import new_id
from core.models import Right
from core.regulations import Grant
from core.tokens import Scope
from handlers.api import groups, problems
from handlers.api.operations import Call, Operation, Reply
from handlers.api.paging import Page
from handlers.api.scoped import ScopeIn, ScopeOut
from handlers.api.seen_rehearsed import RehearsedOut
from handlers.api.values import Body, Out

TAG = "Rights"


class RightsAsked(Page):
    """Which rights are wanted."""

    right: Right | None = None
    location_id: UUID | None = None
    room_id: UUID | None = None
    person_id: UUID | None = None
    group_id: UUID | None = None


class RightOut(ScopeOut):
    """A right that is given to a person, a group or, with neither, everybody; `holder` is their name."""

    id: UUID
    right: Right
    person_id: UUID | None
    group_id: UUID | None
    holder: str | None

    @classmethod
    def of(cls, one: Grant, catalogue: Catalogue) -> RightOut:
        """Return a right as it is told."""
        return cls(
            id=one.id,
            right=one.right,
            location_id=one.location_id,
            room_id=one.room_id,
            scope=catalogue.scope_name(one.scope),
            person_id=one.person_id,
            group_id=one.group_id,
            holder=one.holder,
        )


class RightsOut(Out):
    """A page of rights, the widest scope first."""

    items: list[RightOut]
    next: str | None


class RightGiven(Out):
    """The id of a right that is given now, or was before."""

    id: UUID


class RightNew(ScopeIn):
    """A right for a person, a group or, with neither, everybody."""

    right: Annotated[Right, Field(strict=False)]
    person_id: UUID | None = None
    group_id: UUID | None = None

    def grant(self) -> Grant:
        """Return it as if it were given."""
        return Grant(
            id=new_id(),
            right=self.right,
            location_id=self.location_id,
            room_id=self.room_id,
            person_id=self.person_id,
            group_id=self.group_id,
        )


class RightsTried(Body):
    """Rights to give, and ids of those to take."""

    give: Annotated[tuple[RightNew, ...], Field(max_length=50)] = ()
    take: Annotated[tuple[UUID, ...], Field(max_length=50)] = ()


async def listed(call: Call) -> Reply:
    """Return a page of rights, from memory."""
    asked = call.query(RightsAsked)
    found = [
        RightOut.of(one, call.catalogue)
        for one in call.catalogue.rights
        if asked.right in {None, one.right}
        and asked.location_id in {None, one.location_id}
        and asked.room_id in {None, one.room_id}
        and asked.person_id in {None, one.person_id}
        and asked.group_id in {None, one.group_id}
    ]
    page, following = asked.of(found, key=_place)
    return Reply(body=RightsOut(items=page, next=following), modified=call.catalogue.changed_at, following=following)


def _place(one: RightOut) -> tuple[str, ...]:
    width = "2" if one.room_id else "1" if one.location_id else "0"
    return width, one.scope.casefold(), one.right.value, (one.holder or "").casefold(), str(one.id)


async def give(call: Call) -> Reply:
    """Give a right."""
    said, granting = call.body(RightNew), call.services.administration.granting
    done = await call.once(
        lambda: granting.give(
            said.right,
            location_id=said.location_id,
            room_id=said.room_id,
            person_id=said.person_id,
            group_id=said.group_id,
            by=call.actor,
        ),
        lambda given: RightGiven(id=given),
    )
    return Reply(body=RightGiven.model_validate(done))


async def take(call: Call) -> Reply:
    """Take a right back."""
    right_id = call.id("right_id")
    call.services.catalogues.forget()
    if right_id not in {one.id for one in (await call.services.catalogues.current()).rights}:
        raise problems.NotFound("That right is not given any more.")
    await call.services.administration.granting.take(right_id, by=call.actor)
    return Reply(body=None)


async def rehearse(call: Call) -> Reply:
    """Return what giving and taking rights would have changed; nothing is done."""
    said = call.body(RightsTried)
    for one in said.give:
        one.checked(call.catalogue)
        if one.group_id:
            call.catalogue.group(one.group_id)
        if one.person_id:
            await groups.there(call, [one.person_id], field="person_id")
    found = await call.services.administration.rehearsal.of_rights(
        give=[one.grant() for one in said.give], take=list(said.take)
    )
    return Reply(body=RehearsedOut.of(found))


SAID_BY_CORE = (InvalidSetting, LocationNotFound, PersonNotFound, RoomNotFound)
OPERATIONS = (
    Operation(
        method="GET",
        path="/rights",
        name="listRights",
        tag=TAG,
        summary="List who may do what",
        handle=listed,
        scope=Scope.ADMIN,
        query=RightsAsked,
        answer=RightsOut,
    ),
    Operation(
        method="POST",
        path="/rights",
        name="giveRight",
        tag=TAG,
        summary="Give a right",
        description="The first right to book or to ask at a scope makes it the business of those named there alone.",
        handle=give,
        scope=Scope.ADMIN,
        body=RightNew,
        answer=RightGiven,
        refusals=SAID_BY_CORE,
    ),
    Operation(
        method="DELETE",
        path="/rights/{right_id}",
        name="takeRight",
        tag=TAG,
        summary="Take a right back",
        handle=take,
        scope=Scope.ADMIN,
    ),
    Operation(
        method="POST",
        path="/rights/rehearse",
        name="rehearseRights",
        tag=TAG,
        summary="See what rights would have changed in the last 90 days",
        handle=rehearse,
        scope=Scope.ADMIN,
        body=RightsTried,
        answer=RehearsedOut,
        refusals=SAID_BY_CORE,
    ),
)
