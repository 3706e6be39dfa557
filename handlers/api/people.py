"""People over the API: who there is, who are admins, what is kept of somebody, and erasing that; and oneself."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from core.erasing import ERASED
from core.errors import InvalidPreferences, InvalidSetting, LocationNotFound, NotAllowed, PersonNotFound
from core.models import Person
from core.notices import Preferences
from core.tokens import Scope
from handlers.api import problems
from handlers.api.operations import Call, Operation, Reply
from handlers.api.paging import Page, cursor
from handlers.api.patching import given
from handlers.api.values import Body, Line, Out, Query
from handlers.requests import Sender

TAG = "People"
Clock = Annotated[str, Field(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$", description="A time of the day, such as 18:30.")]


class PersonFullOut(Out):
    """Somebody known from Slack. `timeZone` and `locale` are Slack's; `defaultLocationId` is where they usually are."""

    id: UUID
    slack_team_id: str
    slack_user_id: str
    name: str
    time_zone: str
    locale: str
    default_location_id: UUID | None
    admin: bool
    guest: bool
    group_ids: list[UUID]

    @classmethod
    def of(cls, person: Person) -> PersonFullOut:
        """Return somebody as they are told."""
        return cls(
            id=person.id,
            slack_team_id=person.slack_team_id,
            slack_user_id=person.slack_user_id,
            name=person.name,
            time_zone=person.zone,
            locale=person.locale,
            default_location_id=person.default_location_id,
            admin=person.admin,
            guest=person.guest,
            group_ids=sorted(person.groups),
        )


class PeopleAsked(Page):
    """Whose name has that text in it, or whose Slack member id it is."""

    search: Annotated[Line, Field(min_length=1, max_length=100)] | None = None


class PeopleOut(Out):
    """A page of people, by name."""

    items: list[PersonFullOut]
    next: str | None


class AdminOut(PersonFullOut):
    """An admin; `named` is whether somebody made them one here, otherwise Slack did."""

    named: bool


class AdminsOut(Out):
    """All admins, by name."""

    items: list[AdminOut]


class KeptOut(Out):
    """All that is kept of somebody, by what it is."""

    person_id: UUID
    kept: dict[str, Any]


class EraseAsked(Query):
    """To whom their bookings ahead go; without, they are cancelled."""

    hand_over_to: UUID | None = None


class ErasedOut(Out):
    """How many bookings ahead were cancelled or handed over."""

    cancelled: int
    handed_over: int


class MeOut(Out):
    """Whose token it is, as whom is acted, and how far the token reaches."""

    person: PersonFullOut
    acting_as_admin: bool
    scopes: list[Scope]


class MeChange(Body):
    """Where one usually is; null: nowhere in particular."""

    default_location_id: UUID | None


class NoticesOut(Out):
    """How somebody wants to be told; times are by their own clock."""

    reminder_minutes: list[int]
    end_reminders: bool
    tell_invitations: bool
    tell_changes: bool
    quiet_from: str | None
    quiet_until: str | None
    digest_at: str | None

    @classmethod
    def of(cls, one: Preferences) -> NoticesOut:
        """Return it as it is told."""
        return cls(
            reminder_minutes=list(one.reminder_minutes),
            end_reminders=one.end_reminders,
            tell_invitations=one.tell_invitations,
            tell_changes=one.tell_changes,
            quiet_from=_said(one.quiet_from),
            quiet_until=_said(one.quiet_until),
            digest_at=_said(one.digest_at),
        )


class NoticesIn(Body):
    """How one wants to be told, all of it: reminders in minutes before the start, quiet hours, the day's list."""

    reminder_minutes: Annotated[tuple[Annotated[int, Field(ge=1, le=1440)], ...], Field(max_length=20)]
    end_reminders: bool
    tell_invitations: bool
    tell_changes: bool
    quiet_from: Clock | None
    quiet_until: Clock | None
    digest_at: Clock | None

    def preferences(self) -> Preferences:
        """Return it as the core takes it."""
        said = self.model_dump()
        for name in ("quiet_from", "quiet_until", "digest_at"):
            said[name] = time.fromisoformat(said[name]) if said[name] else None
        return Preferences(**said)


def _said(at: time | None) -> str | None:
    return f"{at:%H:%M}" if at else None


# -- everybody ---------------------------------------------------------------------------------------------------------


async def listed(call: Call) -> Reply:
    """Return a page of people."""
    asked = call.query(PeopleAsked)
    after = asked.after(2)
    found = await call.services.people.listed(
        text=asked.search, after=_place(after) if after else None, limit=asked.limit + 1
    )
    page = found[: asked.limit]
    following = cursor((page[-1].name, str(page[-1].id))) if len(found) > len(page) else None
    body = PeopleOut(items=[PersonFullOut.of(one) for one in page], next=following)
    return Reply(body=body, modified=call.now, dated=False, following=following)


def _place(parts: tuple[str, ...]) -> tuple[str, UUID]:
    name, person_id = parts
    try:
        return name.replace("\x00", "").encode(errors="replace").decode(), UUID(person_id)
    except ValueError:
        raise problems.BadRequest("That cursor is none of ours: begin without one.") from None


async def one(call: Call) -> Reply:
    """Return somebody."""
    return Reply(body=PersonFullOut.of(await _known(call)), modified=call.now, dated=False)


async def kept(call: Call) -> Reply:
    """Return all that is kept of somebody: to themselves, or to an admin."""
    person_id = call.id("person_id")
    found = await call.services.administration.erasing.export(person_id, by=call.actor)
    return Reply(body=KeptOut(person_id=person_id, kept=found), modified=call.now, dated=False)


async def erase(call: Call) -> Reply:
    """Take somebody's name and words out of everything."""
    done = await call.services.administration.erasing.erase(
        call.id("person_id"), by=call.actor, hand_over_to=call.query(EraseAsked).hand_over_to
    )
    return Reply(body=ErasedOut(cancelled=done.cancelled, handed_over=done.handed_over))


async def _known(call: Call) -> Person:
    person = await call.services.people.get(call.id("person_id"))
    if person.slack_user_id.startswith(ERASED):
        raise PersonNotFound("That person is not known here.")
    return person


# -- admins ------------------------------------------------------------------------------------------------------------


async def admins(call: Call) -> Reply:
    """Return who are admins."""
    known, named = await call.services.people.admins(), await call.services.people.named_admins()
    items = [AdminOut(**PersonFullOut.of(one).model_dump(), named=one.id in named) for one in known]
    return Reply(body=AdminsOut(items=items), modified=call.now, dated=False)


async def name_admin(call: Call) -> Reply:
    """Make somebody an admin; whoever is one stays one."""
    person = await _known(call)
    if person.guest:
        raise InvalidSetting("Guests cannot be admins.", fields={"person": "Guests cannot be admins."})
    after = await call.services.people.make_admin(person.slack_team_id, person.slack_user_id, by=call.actor)
    _forget(call, person)
    return Reply(body=PersonFullOut.of(after))


async def dismiss_admin(call: Call) -> Reply:
    """Take that right back; Slack's own admins keep theirs."""
    person = await _known(call)
    had = await call.services.people.dismiss_admin(person.slack_team_id, person.slack_user_id, by=call.actor)
    _forget(call, person)
    if not had and person.admin:
        said = f"{person.name} is an admin of Slack: that is changed in Slack."
        raise InvalidSetting(said, fields={"person": said})
    if not had:
        raise problems.NotFound(f"{person.name} is no admin.")
    return Reply(body=None)


def _forget(call: Call, person: Person) -> None:
    call.services.directory.forget(Sender(team_id=person.slack_team_id, user_id=person.slack_user_id))


# -- oneself -----------------------------------------------------------------------------------------------------------


async def me(call: Call) -> Reply:
    """Return as whom is acted."""
    person = await call.services.people.get(call.actor.person_id)
    scopes = sorted(call.token.scopes) if call.token else [Scope.READ]
    body = MeOut(person=PersonFullOut.of(person), acting_as_admin=call.actor.admin, scopes=scopes)
    return Reply(body=body, modified=call.now, dated=False)


async def settle(call: Call) -> Reply:
    """Say where one usually is."""
    said = given(call.body(MeChange), nullable={"default_location_id"})
    if location_id := said["default_location_id"]:
        call.catalogue.location(location_id)
    await call.services.people.settle(call.actor.person_id, location_id=location_id)
    return await me(call)


async def notices(call: Call) -> Reply:
    """Return how one wants to be told."""
    found = await call.services.preferences.get(call.actor.person_id)
    return Reply(body=NoticesOut.of(found), modified=call.now, dated=False)


async def set_notices(call: Call) -> Reply:
    """Say how one wants to be told."""
    wanted = call.body(NoticesIn).preferences()
    return Reply(body=NoticesOut.of(await call.services.preferences.set(call.actor.person_id, wanted)))


OPERATIONS = (
    Operation(
        method="GET",
        path="/me",
        name="getMe",
        tag=TAG,
        summary="Get as whom one acts",
        handle=me,
        answer=MeOut,
        refusals=(PersonNotFound,),
    ),
    Operation(
        method="PATCH",
        path="/me",
        name="changeMe",
        tag=TAG,
        summary="Say where one usually is",
        handle=settle,
        scope=Scope.BOOK,
        body=MeChange,
        answer=MeOut,
        refusals=(LocationNotFound, PersonNotFound),
    ),
    Operation(
        method="GET",
        path="/me/notices",
        name="getMyNotices",
        tag=TAG,
        summary="Get how one wants to be told",
        handle=notices,
        answer=NoticesOut,
        refusals=(PersonNotFound,),
    ),
    Operation(
        method="PUT",
        path="/me/notices",
        name="setMyNotices",
        tag=TAG,
        summary="Say how one wants to be told",
        handle=set_notices,
        scope=Scope.BOOK,
        body=NoticesIn,
        answer=NoticesOut,
        refusals=(InvalidPreferences, PersonNotFound),
    ),
    Operation(
        method="GET",
        path="/people",
        name="listPeople",
        tag=TAG,
        summary="List people, or look for some",
        handle=listed,
        scope=Scope.ADMIN,
        query=PeopleAsked,
        answer=PeopleOut,
    ),
    Operation(
        method="GET",
        path="/people/{person_id}",
        name="getPerson",
        tag=TAG,
        summary="Get somebody",
        handle=one,
        scope=Scope.ADMIN,
        answer=PersonFullOut,
        refusals=(PersonNotFound,),
    ),
    Operation(
        method="GET",
        path="/people/{person_id}/data",
        name="exportPerson",
        tag=TAG,
        summary="Get all that is kept of somebody",
        description="For themselves with any token, for others as an admin. It is noted in the audit.",
        handle=kept,
        answer=KeptOut,
        refusals=(PersonNotFound, NotAllowed),
    ),
    Operation(
        method="DELETE",
        path="/people/{person_id}",
        name="erasePerson",
        tag=TAG,
        summary="Take somebody's name and words out of everything",
        description="Their bookings stay in the figures as a former colleague's. It cannot be undone.",
        handle=erase,
        scope=Scope.ADMIN,
        query=EraseAsked,
        answer=ErasedOut,
        refusals=(PersonNotFound, InvalidSetting, NotAllowed),
    ),
    Operation(
        method="GET",
        path="/admins",
        name="listAdmins",
        tag=TAG,
        summary="List who are admins",
        handle=admins,
        scope=Scope.ADMIN,
        answer=AdminsOut,
    ),
    Operation(
        method="PUT",
        path="/admins/{person_id}",
        name="nameAdmin",
        tag=TAG,
        summary="Make somebody an admin",
        handle=name_admin,
        scope=Scope.ADMIN,
        answer=PersonFullOut,
        refusals=(PersonNotFound, InvalidSetting),
    ),
    Operation(
        method="DELETE",
        path="/admins/{person_id}",
        name="dismissAdmin",
        tag=TAG,
        summary="Let somebody be no admin any more",
        description="Slack's own admins keep their right.",
        handle=dismiss_admin,
        scope=Scope.ADMIN,
        refusals=(PersonNotFound, InvalidSetting),
    ),
)
