"""Groups of people over the API: Slack's, which follow Slack, and the workspace's own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated
from uuid import UUID

from pydantic import Field

from core.errors import InvalidSetting, PersonNotFound
from core.groups import Listed, Member
from core.regulations import Group
from core.tokens import Scope
from handlers.api import problems
from handlers.api.operations import Call, Operation, Reply
from handlers.api.paging import Page
from handlers.api.values import Body, Line, Out

TAG = "Groups"
Name = Annotated[Line, Field(min_length=1, max_length=80)]
MOST = 500


class GroupOut(Out):
    """A group; one of Slack's (`slackGroupId`) is changed in Slack."""

    id: UUID
    name: str
    slack_group_id: str | None
    people: int

    @classmethod
    def of(cls, group: Group, *, people: int) -> GroupOut:
        """Return a group as it is told."""
        return cls(id=group.id, name=group.name, slack_group_id=group.slack_group_id, people=people)


class GroupsOut(Out):
    """A page of groups, by name."""

    items: list[GroupOut]
    next: str | None


class MemberOut(Out):
    """Somebody in a group."""

    person_id: UUID
    name: str
    slack_user_id: str

    @classmethod
    def of(cls, one: Member) -> MemberOut:
        """Return a member as they are told."""
        return cls(person_id=one.id, name=one.name, slack_user_id=one.slack_user_id)


class MembersOut(Out):
    """A page of who is in a group, by name."""

    items: list[MemberOut]
    next: str | None


class GroupNew(Body):
    """A group to be made, with who is in it."""

    name: Name
    person_ids: Annotated[tuple[UUID, ...], Field(max_length=MOST)] = ()


class GroupChange(Body):
    """A group's new name."""

    name: Name


async def listed(call: Call) -> Reply:
    """Return a page of groups."""
    found = await call.services.administration.groups.all()
    items = [GroupOut.of(one.group, people=one.people) for one in found]
    page, following = call.query(Page).of(items, key=lambda one: (one.name.casefold(), str(one.id)))
    return Reply(
        body=GroupsOut(items=page, next=following), modified=call.catalogue.changed_at, dated=False, following=following
    )


async def one(call: Call) -> Reply:
    """Return a group."""
    return await _now(call, call.id("group_id"))


async def members(call: Call) -> Reply:
    """Return a page of who is in a group."""
    known = await _known(call, call.id("group_id"))
    found = [MemberOut.of(each) for each in await call.services.administration.groups.members(known.group.id)]
    page, following = call.query(Page).of(found, key=lambda each: (each.name.casefold(), str(each.person_id)))
    return Reply(
        body=MembersOut(items=page, next=following), modified=call.catalogue.changed_at, dated=False, following=following
    )


async def add(call: Call) -> Reply:
    """Make a group."""
    said, groups = call.body(GroupNew), call.services.administration.groups
    people = tuple(dict.fromkeys(said.person_ids))
    await there(call, people, field="person_ids")

    def told(group: Group) -> GroupOut:
        return GroupOut.of(group, people=len(people))

    done = await call.once(lambda: groups.create(said.name, people=people, by=call.actor), told)
    added = GroupOut.model_validate(done)
    return Reply(body=added, at=f"/groups/{added.id}")


async def rename(call: Call) -> Reply:
    """Give a group another name."""
    known = await _known(call, call.id("group_id"))
    await call.services.administration.groups.rename(known.group.id, call.body(GroupChange).name, by=call.actor)
    return await _now(call, known.group.id)


async def remove(call: Call) -> Reply:
    """Remove a group; what was given to it is nobody's from then on."""
    known = await _known(call, call.id("group_id"))
    await call.services.administration.groups.remove(known.group.id, by=call.actor)
    return Reply(body=None)


async def add_member(call: Call) -> Reply:
    """Add somebody to a group; whoever is in it stays."""
    known, person = await _known(call, call.id("group_id")), await call.services.people.get(call.id("person_id"))
    await call.services.administration.groups.add(known.group.id, [person.id], by=call.actor)
    return await _now(call, known.group.id)


async def remove_member(call: Call) -> Reply:
    """Take somebody out of a group."""
    known, person_id = await _known(call, call.id("group_id")), call.id("person_id")
    if not await call.services.administration.groups.take_out(known.group.id, [person_id], by=call.actor):
        raise problems.NotFound("They are not in that group.")
    return Reply(body=None)


async def there(call: Call, people: Iterable[UUID], *, field: str) -> None:
    """Raise PersonNotFound, for a field, where one of the people is not known."""
    for person_id in people:
        try:
            await call.services.people.get(person_id)
        except PersonNotFound as unknown:
            raise PersonNotFound(unknown.message, fields={field: unknown.message}) from None


async def _known(call: Call, group_id: UUID) -> Listed:
    for one in await call.services.administration.groups.all():
        if one.group.id == group_id:
            return one
    raise problems.NotFound("That group does not exist any more.")


async def _now(call: Call, group_id: UUID) -> Reply:
    known = await _known(call, group_id)
    body = GroupOut.of(known.group, people=known.people)
    return Reply(body=body, modified=call.catalogue.changed_at, dated=False)


OPERATIONS = (
    Operation(
        method="GET",
        path="/groups",
        name="listGroups",
        tag=TAG,
        summary="List groups",
        handle=listed,
        scope=Scope.ADMIN,
        query=Page,
        answer=GroupsOut,
    ),
    Operation(
        method="POST",
        path="/groups",
        name="addGroup",
        tag=TAG,
        summary="Make a group of the workspace's own",
        handle=add,
        scope=Scope.ADMIN,
        body=GroupNew,
        answer=GroupOut,
        status=201,
        refusals=(InvalidSetting, PersonNotFound),
    ),
    Operation(
        method="GET",
        path="/groups/{group_id}",
        name="getGroup",
        tag=TAG,
        summary="Get a group",
        handle=one,
        scope=Scope.ADMIN,
        answer=GroupOut,
    ),
    Operation(
        method="PATCH",
        path="/groups/{group_id}",
        name="renameGroup",
        tag=TAG,
        summary="Give a group another name",
        handle=rename,
        scope=Scope.ADMIN,
        body=GroupChange,
        answer=GroupOut,
        refusals=(InvalidSetting,),
    ),
    Operation(
        method="DELETE",
        path="/groups/{group_id}",
        name="removeGroup",
        tag=TAG,
        summary="Remove a group",
        description="What was given to it is nobody's from then on.",
        handle=remove,
        scope=Scope.ADMIN,
        refusals=(InvalidSetting,),
    ),
    Operation(
        method="GET",
        path="/groups/{group_id}/members",
        name="listMembers",
        tag=TAG,
        summary="List who is in a group",
        handle=members,
        scope=Scope.ADMIN,
        query=Page,
        answer=MembersOut,
    ),
    Operation(
        method="PUT",
        path="/groups/{group_id}/members/{person_id}",
        name="addMember",
        tag=TAG,
        summary="Add somebody to a group",
        handle=add_member,
        scope=Scope.ADMIN,
        answer=GroupOut,
        refusals=(InvalidSetting, PersonNotFound),
    ),
    Operation(
        method="DELETE",
        path="/groups/{group_id}/members/{person_id}",
        name="removeMember",
        tag=TAG,
        summary="Take somebody out of a group",
        handle=remove_member,
        scope=Scope.ADMIN,
        refusals=(InvalidSetting,),
    ),
)
