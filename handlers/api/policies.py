"""Rules over the API: those in force for a room, those set anywhere, setting and unsetting them, and rehearsing that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from pydantic import Field

from core.catalogue import WEEKDAYS
from core.errors import InvalidPolicy, InvalidSetting, LocationNotFound, RoomNotFound
from core.models import Opening, Policy
from core.policies import Rules, Scoped, plain
from core.tokens import Scope
from handlers.api.operations import Call, Operation, Reply
from handlers.api.scoped import ScopeIn, ScopeOut
from handlers.api.seen_rehearsed import RehearsedOut
from handlers.api.values import Body, Line, Out

TAG = "Policies"
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Minutes = Annotated[int, Field(ge=0, le=1_000_000)]
Hour = Annotated[Line, Field(max_length=5, description="A time of the day, such as 08:00.")]
Hours = Annotated[tuple[Hour, ...], Field(min_length=2, max_length=2)]


class CheckInOut(Out):
    """How a room wants to hear that somebody came; all in minutes."""

    opens: int
    grace: int
    longest: int
    notice: int


class PolicyOut(Out):
    """The rules in force for the asker in one room. `opening` has its hours by weekday; absent days are closed."""

    room_id: UUID
    opening: dict[Weekday, list[str]]
    shortest_minutes: int
    longest_minutes: int
    horizon_days: int
    cutoff_from: str | None
    guests_may_book: bool
    check_in: CheckInOut | None
    notice_minutes: int
    cancel_notice_minutes: int
    one_at_a_time: bool
    setup_minutes: int
    teardown_minutes: int
    details_hidden: bool
    approval: bool
    approval_hours: int
    holidays_country: str | None
    holidays_closed: bool

    @classmethod
    def of(cls, policy: Policy, room_id: UUID) -> PolicyOut:
        """Return rules in force as they are told."""
        names = set(cls.model_fields) - {"room_id", "opening", "cutoff_from", "check_in"}
        wants = policy.check_in
        return cls(
            room_id=room_id,
            opening=_week(policy.opening),
            cutoff_from=plain(policy.cutoff_from),
            check_in=CheckInOut(opens=wants.opens, grace=wants.grace, longest=wants.longest, notice=wants.notice)
            if wants
            else None,
            **{name: getattr(policy, name) for name in names},
        )


class RulesIn(Body):
    """Rules to set; null takes one back, so that the next wider scope's holds again; what is left out stays.

    `opening` names weekdays with two times; a day that is absent is closed. `checkIn` asks for checking in.
    """

    opening: dict[Weekday, Hours | None] | None = None
    shortest_minutes: Minutes | None = None
    longest_minutes: Minutes | None = None
    horizon_days: Minutes | None = None
    cutoff_on: bool | None = None
    cutoff_from: Hour | None = None
    guests_may_book: bool | None = None
    check_in: bool | None = None
    check_in_opens_minutes: Minutes | None = None
    check_in_grace_minutes: Minutes | None = None
    check_in_longest_minutes: Minutes | None = None
    check_in_notice_minutes: Minutes | None = None
    notice_minutes: Minutes | None = None
    cancel_notice_minutes: Minutes | None = None
    one_at_a_time: bool | None = None
    setup_minutes: Minutes | None = None
    teardown_minutes: Minutes | None = None
    details_hidden: bool | None = None
    approval: bool | None = None
    approval_hours: Minutes | None = None
    holidays_country: Annotated[Line, Field(max_length=20)] | None = None
    holidays_closed: bool | None = None

    def rules(self) -> Rules:
        """Return what is to be set, as the core takes it."""
        return cast("Rules", {name: getattr(self, name) for name in self.model_fields_set})


class PolicyChange(ScopeIn):
    """Rules for a scope; with a group, for its people alone."""

    group_id: UUID | None = None
    rules: RulesIn


class RulesOut(Out):
    """The rules that one scope itself sets; null where it sets none."""

    opening: dict[Weekday, list[str]] | None = None
    shortest_minutes: int | None = None
    longest_minutes: int | None = None
    horizon_days: int | None = None
    cutoff_on: bool | None = None
    cutoff_from: str | None = None
    guests_may_book: bool | None = None
    check_in: bool | None = None
    check_in_opens_minutes: int | None = None
    check_in_grace_minutes: int | None = None
    check_in_longest_minutes: int | None = None
    check_in_notice_minutes: int | None = None
    notice_minutes: int | None = None
    cancel_notice_minutes: int | None = None
    one_at_a_time: bool | None = None
    setup_minutes: int | None = None
    teardown_minutes: int | None = None
    details_hidden: bool | None = None
    approval: bool | None = None
    approval_hours: int | None = None
    holidays_country: str | None = None
    holidays_closed: bool | None = None

    @classmethod
    def of(cls, rules: Mapping[str, Any]) -> RulesOut:
        """Return rules as they are told."""
        return cls(**{name: plain(value) for name, value in rules.items()})


class ScopedOut(ScopeOut):
    """What is set at one scope, for everybody or for a group."""

    group_id: UUID | None
    rules: RulesOut

    @classmethod
    def of(cls, one: Scoped) -> ScopedOut:
        """Return a scope's rules as they are told."""
        return cls(
            location_id=one.location.id if one.location else None,
            room_id=one.room.id if one.room else None,
            group_id=one.group.id if one.group else None,
            scope=one.name,
            rules=RulesOut.of(one.rules),
        )


class PoliciesOut(Out):
    """What is set at every scope, the widest first."""

    items: list[ScopedOut]


class PolicySetOut(Out):
    """What a scope sets now. `changeId` is the change, by which it can be undone; null where nothing was new."""

    change_id: UUID | None
    rules: RulesOut


async def in_force(call: Call) -> Reply:
    """Return the rules in force for the asker in a room, from memory."""
    room = call.catalogue.room(call.id("room_id"))
    body = PolicyOut.of(call.catalogue.policy(room, call.actor.groups), room.id)
    return Reply(body=body, modified=call.catalogue.changed_at)


async def listed(call: Call) -> Reply:
    """Return what is set anywhere."""
    found = await call.services.administration.rooms.policies()
    body = PoliciesOut(items=[ScopedOut.of(one) for one in found])
    return Reply(body=body, modified=call.catalogue.changed_at)


async def change(call: Call) -> Reply:
    """Set and take back rules of one scope."""
    said, rooms = call.body(PolicyChange), call.services.administration.rooms
    where = {"location_id": said.location_id, "room_id": said.room_id, "group_id": said.group_id}
    change_id = await rooms.set_policy(**where, by=call.actor, **said.rules.rules())
    own = [one for one in map(ScopedOut.of, await rooms.policies()) if one.model_dump(include=set(where)) == where]
    return Reply(body=PolicySetOut(change_id=change_id, rules=own[0].rules if own else RulesOut()))


async def rehearse(call: Call) -> Reply:
    """Return what rules would have refused; nothing is set."""
    said = call.body(PolicyChange)
    found = await call.services.administration.rehearsal.of(
        said.rules.rules(), location_id=said.location_id, room_id=said.room_id, group_id=said.group_id
    )
    return Reply(body=RehearsedOut.of(found))


def _week(opening: tuple[Opening, ...]) -> dict[Weekday, list[str]]:
    hours = zip(WEEKDAYS, opening, strict=True)
    return {cast("Weekday", day): [_clock(one.opens), _clock(one.closes)] for day, one in hours if one.opens < one.closes}


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


SAID_BY_CORE = (InvalidPolicy, InvalidSetting, LocationNotFound, RoomNotFound)
OPERATIONS = (
    Operation(
        method="GET",
        path="/rooms/{room_id}/policy",
        name="getPolicy",
        tag=TAG,
        summary="Get the rules in force in a room",
        handle=in_force,
        answer=PolicyOut,
        refusals=(RoomNotFound,),
    ),
    Operation(
        method="GET",
        path="/policies",
        name="listPolicies",
        tag=TAG,
        summary="List what is set at every scope",
        handle=listed,
        scope=Scope.ADMIN,
        answer=PoliciesOut,
    ),
    Operation(
        method="PATCH",
        path="/policies",
        name="setPolicy",
        tag=TAG,
        summary="Set rules of everything, a location or a room",
        description="With a group, for its people alone. Rehearse it first: it holds for the next booking.",
        handle=change,
        scope=Scope.ADMIN,
        body=PolicyChange,
        answer=PolicySetOut,
        refusals=SAID_BY_CORE,
    ),
    Operation(
        method="POST",
        path="/policies/rehearse",
        name="rehearsePolicy",
        tag=TAG,
        summary="See what rules would have refused in the last 90 days",
        handle=rehearse,
        scope=Scope.ADMIN,
        body=PolicyChange,
        answer=RehearsedOut,
        refusals=SAID_BY_CORE,
    ),
)
