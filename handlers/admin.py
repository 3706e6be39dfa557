"""`/book admin`: every page, form and button of administration as tables, behind one gate.

Whoever comes through the gate is an admin, or manages rooms and is at one of the pages for those; which room it is, the
page asks again. What was hidden is no right: every click and form is judged anew.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from zoneinfo import available_timezones

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from core import rights
from core.errors import NotAllowed
from core.models import Right, Room
from handlers import (
    admin_audit,
    admin_equipment,
    admin_holidays,
    admin_people,
    admin_places,
    admin_rules,
    admin_tokens,
    admin_webhooks,
    stats,
)
from handlers.admin_asked import Asked
from handlers.drafts import OUT_OF_DATE, UnreadableError
from handlers.edge import OnClick, OnLookup, OnSubmission
from handlers.ids import Action, Callback
from handlers.opening import opened
from handlers.replies import Message, Nothing, Show
from handlers.requests import Click, Command, Lookup, Submission
from handlers.services import Desk
from handlers.views import admin as views
from handlers.views.admin import Item, Where
from handlers.views.admin_places import OVERVIEW

Page = Callable[[Asked], Awaitable[View]]

# What stands in the overview, in its order: the section and what it is for.
SECTIONS = {
    "rooms": ("Rooms & locations", "add, edit, take out of use, amenities"),
    "equipment": ("Equipment", "what comes along with a room, and how many there are"),
    "closures": ("Closures", "close rooms for a time; whoever booked is offered another room"),
    "rules": ("Rules", "opening hours, lengths, notice, check-in, quotas, holidays"),
    "rights": ("Rights & approvers", "who may book what, who decides on requests"),
    "groups": ("Groups", "people who are ruled together"),
    "people": ("Admins & guests", "who may come here, what is kept of people and for how long"),
    "channels": ("Channels", "what each channel hears of"),
    "undelivered": ("Undelivered", "messages that could not be sent, and why"),
    "import": ("Import & export", "rooms as a CSV file"),
    "audit": ("Audit", "who did what, when, before and after; take rules back"),
    "tokens": ("API tokens", "what programs come with, whose they are, when they were used"),
    "webhooks": ("Webhooks", "other programs that are told of each booking"),
}
PARTS = (admin_places, admin_rules, admin_people, admin_equipment, admin_holidays, admin_audit, admin_tokens, admin_webhooks)
PAGES: Mapping[str, Page] = {name: page for part in PARTS for name, page in part.PAGES.items()}
DEEDS: Mapping[str, Page] = {name: deed for part in PARTS for name, deed in part.DEEDS.items()}
FORMS: Mapping[str, Page] = {name: form for part in PARTS for name, form in part.FORMS.items()}
# What those who manage rooms may come to, for their rooms.
FOR_MANAGERS = frozenset({"overview", "rooms", "room", "close_room", "use_room", "closures", "close", "closing", "lift"})


async def typed(request: Command | Click, rest: str, desk: Desk) -> Message | Show | Nothing:  # noqa: ARG001 - one shape
    """Open administration; where there is no room yet, the guide to the first."""
    gate("overview", desk)
    where = OVERVIEW if desk.catalogue.rooms or not desk.person.admin else Where(section="first")
    return await opened(request, desk, page_of(where, desk))


async def go(click: Click, desk: Desk) -> Show | Nothing:
    """Show the page that a button leads to."""
    where = Where.load(click.value)
    gate(where.section, desk)
    return await opened(click, desk, page_of(where, desk))


async def do(click: Click, desk: Desk) -> Show:
    """Do what a button says, and show what follows."""
    where = Where.load(click.value)
    gate(where.section, desk)
    deed = _known(DEEDS, where)
    return Show(view=await deed(Asked(where=where, desk=desk, form=click.form, key=click.key)))


async def sent(submission: Submission, desk: Desk) -> Show:
    """Do what a form says, and show what follows."""
    where = Where.load(submission.form.private_metadata)
    gate(where.section, desk)
    handle = _known(FORMS, where)
    return Show(view=await handle(Asked(where=where, desk=desk, form=submission.form, key=submission.key)))


async def zones_typed(lookup: Lookup, desk: Desk) -> list[dict[str, Any]]:  # noqa: ARG001 - one shape for all
    """Return the time zones that hold what was typed."""
    typed_words = lookup.typed.casefold().replace(" ", "_").strip("_")
    found = sorted(zone for zone in available_timezones() if typed_words in zone.casefold() and "/" in zone)
    # Those of cities that begin so are meant rather than those that merely contain it.
    found.sort(key=lambda zone: not zone.rpartition("/")[2].casefold().startswith(typed_words))
    return [views.option(zone, zone).to_dict() for zone in found[: views.MOST_OPTIONS]]


def gate(section: str, desk: Desk) -> None:
    """Raise NotAllowed unless the person may come to the section."""
    if desk.person.admin:
        return
    if section in FOR_MANAGERS and not desk.person.guest and managed(desk):
        return
    raise NotAllowed("Only admins can do that.")


def managed(desk: Desk) -> list[Room]:
    """Return the rooms that the person may change, all of them for admins."""
    return [room for room in desk.catalogue.rooms if rights.may(desk.actor, Right.MANAGE, room, desk.catalogue)]


async def page_of(where: Where, desk: Desk) -> View:
    """Return a page."""
    if where.section == "overview":
        return overview(desk)
    return await _known(PAGES, where)(Asked(where=where, desk=desk))


def overview(desk: Desk) -> View:
    """Return the table of contents, as far as the person may read on."""
    items = [
        Item(text=f"{title}\n{about}", button=views.go("Open", Where(section=section), aloud=f"Open {title}"))
        for section, (title, about) in SECTIONS.items()
        if desk.person.admin or section in FOR_MANAGERS
    ]
    if desk.person.admin:
        about = f"how rooms are used, who came, what was missing; {desk.command} stats has them with pictures"
        items.append(Item(text=f"Figures\n{about}", button=stats.page_of_last_weeks(desk)))
    blocks: list[Block] = views.listed(items, OVERVIEW, nothing="Nothing here.")
    return views.page("Administration", OVERVIEW, blocks)


def _known(table: Mapping[str, Page], where: Where) -> Page:
    if page := table.get(where.section):
        return page
    raise UnreadableError(OUT_OF_DATE)


ACTIONS: Mapping[Action, OnClick] = {Action.ADMIN_GO: go, Action.ADMIN_DO: do}
SUBMISSIONS: Mapping[Callback, OnSubmission] = {Callback.ADMIN_FORM: sent}
LOOKUPS: Mapping[Action, OnLookup] = {Action.ADMIN_ZONE: zones_typed}
