"""Quotas over the API: how much somebody may book in a day, a week or a month."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from core import quotas
from core.catalogue import Catalogue
from core.errors import InvalidSetting, LocationNotFound, RoomNotFound
from core.ids import new_id
from core.regulations import Measure, Period, Quota
from core.tokens import Scope
from handlers.api import problems
from handlers.api.operations import Call, Operation, Reply
from handlers.api.paging import Page
from handlers.api.scoped import ScopeIn, ScopeOut
from handlers.api.seen_rehearsed import RehearsedOut
from handlers.api.values import Out

TAG = "Quotas"


class QuotaOut(ScopeOut):
    """A quota of everybody, of each of a group, or of a group `together`. `said` is the whole of it in words."""

    id: UUID
    measure: Measure
    period: Period
    most: int
    group_id: UUID | None
    together: bool
    said: str

    @classmethod
    def of(cls, one: Quota, catalogue: Catalogue) -> QuotaOut:
        """Return a quota as it is told."""
        return cls(
            id=one.id,
            measure=one.measure,
            period=one.period,
            most=one.most,
            location_id=one.location_id,
            room_id=one.room_id,
            scope=catalogue.scope_name(one.scope),
            group_id=one.group_id,
            together=one.together,
            said=quotas.said(one, catalogue),
        )


class QuotasOut(Out):
    """A page of quotas, the widest scope first."""

    items: list[QuotaOut]
    next: str | None


class QuotaSet(Out):
    """The id of a quota that is set now."""

    id: UUID


class QuotaNew(ScopeIn):
    """A quota: `most` bookings, or minutes. One for the same people, scope, measure and period is changed."""

    measure: Annotated[Measure, Field(strict=False)]
    period: Annotated[Period, Field(strict=False)]
    most: Annotated[int, Field(ge=0, le=1_000_000)]
    group_id: UUID | None = None
    together: bool = False

    def quota(self) -> Quota:
        """Return it as if it were set."""
        return Quota(id=new_id(), **self.model_dump())


async def listed(call: Call) -> Reply:
    """Return a page of quotas, from memory."""
    found = [QuotaOut.of(one, call.catalogue) for one in call.catalogue.quotas]
    page, following = call.query(Page).of(found, key=_place)
    return Reply(body=QuotasOut(items=page, next=following), modified=call.catalogue.changed_at, following=following)


def _place(one: QuotaOut) -> tuple[str, ...]:
    width = "2" if one.room_id else "1" if one.location_id else "0"
    return width, one.scope.casefold(), one.said, str(one.id)


async def put(call: Call) -> Reply:
    """Set a quota."""
    said, known = call.body(QuotaNew), call.services.administration.quotas
    done = await call.once(lambda: known.set(**said.model_dump(), by=call.actor), lambda quota_id: QuotaSet(id=quota_id))
    return Reply(body=QuotaSet.model_validate(done))


async def remove(call: Call) -> Reply:
    """Remove a quota."""
    quota_id = call.id("quota_id")
    call.services.catalogues.forget()
    if quota_id not in {one.id for one in (await call.services.catalogues.current()).quotas}:
        raise problems.NotFound("That quota does not exist any more.")
    await call.services.administration.quotas.remove(quota_id, by=call.actor)
    return Reply(body=None)


async def rehearse(call: Call) -> Reply:
    """Return what a quota would have refused; nothing is set."""
    said = call.body(QuotaNew)
    if said.together and said.group_id is None:
        raise InvalidSetting("Name the group that shares it.", fields={"group_id": "Name the group that shares it."})
    return Reply(body=RehearsedOut.of(await call.services.administration.rehearsal.of_quota(said.quota())))


SAID_BY_CORE = (InvalidSetting, LocationNotFound, RoomNotFound)
OPERATIONS = (
    Operation(
        method="GET",
        path="/quotas",
        name="listQuotas",
        tag=TAG,
        summary="List quotas",
        handle=listed,
        scope=Scope.ADMIN,
        query=Page,
        answer=QuotasOut,
    ),
    Operation(
        method="POST",
        path="/quotas",
        name="setQuota",
        tag=TAG,
        summary="Set a quota",
        description="What is booked already stays.",
        handle=put,
        scope=Scope.ADMIN,
        body=QuotaNew,
        answer=QuotaSet,
        refusals=SAID_BY_CORE,
    ),
    Operation(
        method="DELETE",
        path="/quotas/{quota_id}",
        name="removeQuota",
        tag=TAG,
        summary="Remove a quota",
        handle=remove,
        scope=Scope.ADMIN,
    ),
    Operation(
        method="POST",
        path="/quotas/rehearse",
        name="rehearseQuota",
        tag=TAG,
        summary="See what a quota would have refused in the last 90 days",
        handle=rehearse,
        scope=Scope.ADMIN,
        body=QuotaNew,
        answer=RehearsedOut,
        refusals=SAID_BY_CORE,
    ),
)
