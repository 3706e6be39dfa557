"""Closures, rules with their rehearsal, quotas, rights and groups as pages and forms of administration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from typing import Any
from uuid import UUID

from slack_sdk.models.blocks import (
    Block,
    DatePickerElement,
    ExternalDataSelectElement,
    InputBlock,
    OptionGroup,
    PlainTextObject,
    StaticSelectElement,
    TimePickerElement,
)
from slack_sdk.models.blocks.block_elements import InputInteractiveElement
from slack_sdk.models.views import View

from core import saying
from core.catalogue import Catalogue
from core.generosity import FOR_GROUPS
from core.groups import Listed, Member
from core.models import Right
from core.policies import Scoped
from core.quotas import said as quota_said
from core.regulations import Closure, Grant, Measure, Period, Quota
from core.rehearsal import Rehearsed
from core.rerooming import Plan, Progress
from handlers import weekly_hours
from handlers.ids import Action
from handlers.views import admin
from handlers.views.admin import Item, Where
from handlers.views.admin_places import OVERVIEW, plan_blocks
from handlers.views.notify import EVERYTHING, MOST_OPTIONS, PLACE, ROOM, scope_options
from handlers.views.text import Line, bold, cut, rich
from handlers.views.times import Reader

CLOSURES = Where(section="closures")
RULES = Where(section="rules")
QUOTAS = Where(section="quotas")
RIGHTS = Where(section="rights")
GROUPS = Where(section="groups")
MOST_EXAMPLES = 8
NOT_SET, YES, NO = "inherit", "yes", "no"
NOBODY = "nobody"

# In the order of the form: what each rule is called, and what may stand there.
NUMBERS = {
    "shortest_minutes": ("Shortest booking, in minutes", "5 unless set"),
    "longest_minutes": ("Longest booking, in minutes", "720 unless set"),
    "horizon_days": ("How many days ahead one may book", "365 unless set"),
    "notice_minutes": ("Booked at least so many minutes before", "At any time unless set"),
    "cancel_notice_minutes": ("Cancelled at least so many minutes before", "At any time unless set"),
    "setup_minutes": ("Minutes to set up before each booking", "A room's own win"),
    "teardown_minutes": ("Minutes to clear up after each booking", "A room's own win"),
    "approval_hours": ("Hours until a request expires", "24 unless set"),
    "check_in_opens_minutes": ("Check-in opens so many minutes before", "10 unless set"),
    "check_in_grace_minutes": ("A room is kept so many minutes after the start", "10 unless set"),
    "check_in_longest_minutes": ("No check-in for bookings longer than, in minutes", "240 unless set"),
    "check_in_notice_minutes": ("No check-in for bookings made less before, in minutes", "15 unless set"),
}
FLAGS = {
    "guests_may_book": "Guests may book",
    "one_at_a_time": "One room at a time per person",
    "details_hidden": "Show every booking as Busy",
    "approval": "Bookings need approval",
    "check_in": "Released when nobody checks in",
    "holidays_closed": "Closed on public holidays",
}
RIGHTS_SAID = {
    Right.BOOK: "may book",
    Right.REQUEST: "may ask for",
    Right.OVERRIDE: "may book past the rules of",
    Right.MANAGE: "manages",
    Right.APPROVE: "approves bookings of",
}


# -- what anything here is about ---------------------------------------------------------------------------------------


def scope_field(catalogue: Catalogue, chosen: str, where: Where, *, only_rooms: Sequence[UUID] | None = None) -> InputBlock:
    """Return the select of everything, a location or a room; `only_rooms` are those of somebody who manages no more."""
    if only_rooms is not None:
        options = [(f"{ROOM}{room.id}", room.name) for room in catalogue.rooms if room.id in set(only_rooms)]
        return admin.choice("scope", "Which room", options, chosen, where)
    groups = scope_options(catalogue)
    everything = [one for _, options in groups for one in options]
    known = next((one for one in everything if one.value == chosen), everything[0])
    element: InputInteractiveElement
    if len(everything) > MOST_OPTIONS:
        element = ExternalDataSelectElement(
            action_id=Action.SCOPE.value, initial_option=known, min_query_length=0, placeholder="Type a room or location"
        )
    else:
        shown = [
            OptionGroup(label=PlainTextObject(text=cut(label, 75), emoji=False), options=options)
            for label, options in groups
        ]
        element = StaticSelectElement(action_id=Action.SCOPE.value, option_groups=shown, initial_option=known)
    return admin.field("scope", "Which rooms", element, where)


def scope_of(room_id: UUID | None, location_id: UUID | None) -> str:
    """Return the value that stands for a scope."""
    if room_id:
        return f"{ROOM}{room_id}"
    return f"{PLACE}{location_id}" if location_id else EVERYTHING


def scope_said(catalogue: Catalogue, room_id: UUID | None, location_id: UUID | None) -> str:
    """Return "Apollo", "All rooms in Berlin" or "All rooms"."""
    if room_id:
        return catalogue.room(room_id).name
    return f"All rooms in {catalogue.location(location_id).name}" if location_id else "All rooms"


def group_field(groups: Sequence[Listed], chosen: str, where: Where, *, label: str, nobody: str) -> InputBlock | None:
    """Return the select of one group or none; None where there is no group."""
    if not groups:
        return None
    options = [(NOBODY, nobody), *((str(one.group.id), one.group.name) for one in groups[:99])]
    return admin.choice("group", label, options, chosen, where)


# -- closures ----------------------------------------------------------------------------------------------------------


def closures(
    ahead: Sequence[Closure],
    progress: Sequence[Progress],
    catalogue: Catalogue,
    where: Where,
    reader: Reader,
    *,
    may_lift: bool,
    above: Line = (),
) -> View:
    """Return what is closed and will be, each with how far the answers are."""
    known = {one.closure_id: one for one in progress}
    items = []
    for number, one in enumerate(ahead):
        name = scope_said(catalogue, one.room_id, one.location_id)
        why = f"\n{cut(one.reason, 200)}" if one.reason else ""
        answers = f"\n{answers_said(known[one.id])}" if one.id in known else ""
        lift = Where(section="lift", id=one.id)
        ask = (
            "Lift this closure?",
            f"{cut(name, 80)} can be booked again then. Bookings that have moved stay where they are.",
        )
        button = admin.do("Lift", lift, number=number, style="danger", ask=ask, aloud=f"Lift the closure of {name}")
        items.append(
            Item(text=f"{name} · {span_said(one, catalogue, reader)}{why}{answers}", button=button if may_lift else None)
        )
    blocks = admin.listed(items, where, nothing="Nothing is closed.")
    if idle := known.get(None):
        blocks.append(admin.words(f"Rooms out of use: {answers_said(idle)}"))
    return admin.page(
        "Closures", where, blocks, back=OVERVIEW, above=above, below=[admin.go("Close something", Where(section="close"))]
    )


def span_said(closure: Closure, catalogue: Catalogue, reader: Reader) -> str:
    """Return "Thu 3 Dec, 09:00 to Fri 4 Dec, 18:00" on the place's own clock."""
    zone = zone_of(catalogue, closure.room_id, closure.location_id)
    return admin.span(closure.slot.start, closure.slot.end, zone, now=reader.now)


def zone_of(catalogue: Catalogue, room_id: UUID | None, location_id: UUID | None) -> Any:  # noqa: ANN401 - a zone
    """Return the clock of a scope; of everything, the first location's."""
    if room_id:
        return catalogue.place_of(catalogue.room(room_id)).tz
    return catalogue.location(location_id).tz if location_id else catalogue.locations[0].tz


def on_several_clocks(catalogue: Catalogue) -> bool:
    """Tell whether places differ in their clocks."""
    return len({place.zone for place in catalogue.locations}) > 1


def answers_said(one: Progress) -> str:
    """Return "12 bookings: 8 moved, 2 wait for an answer, 2 found no room"."""
    parts = {
        "moved": one.taken + one.elsewhere,
        f"{'waits' if one.waiting == 1 else 'wait'} for an answer": one.waiting,
        "found no room yet": one.nothing_free,
        "cancelled": one.cancelled,
    }
    total = sum(parts.values())
    return f"{saying.counted(total, 'booking')}: " + ", ".join(f"{n} {said}" for said, n in parts.items() if n)


def close_form(
    catalogue: Catalogue,
    groups: Sequence[Listed],
    where: Where,
    reader: Reader,
    *,
    only_rooms: Sequence[UUID] | None,
) -> View:
    """Return the form in which something is closed for a time."""
    today = reader.now.astimezone(reader.zone).date().isoformat()
    several = on_several_clocks(catalogue)
    first = scope_of(None, catalogue.locations[0].id) if several else EVERYTHING
    allowed = admin.choices(
        "groups", "Groups that may still book", [(str(g.group.id), g.group.name) for g in groups], (), where
    )
    return admin.form(
        "Close something",
        where,
        [
            scope_field(catalogue, first, where, only_rooms=only_rooms),
            admin.field("from_day", "From", DatePickerElement(action_id="from_day", initial_date=today), where),
            admin.field("from_time", "From, time", TimePickerElement(action_id="from_time", initial_time="00:00"), where),
            admin.field("until_day", "Until", DatePickerElement(action_id="until_day", initial_date=today), where),
            admin.field(
                "until_time",
                "Until, time",
                TimePickerElement(action_id="until_time", initial_time="23:59"),
                where,
                hint="On the rooms' own clock; 23:59 is the end of the day." if several else "23:59 is the end of the day.",
            ),
            admin.text(
                "reason", "Why", None, where, optional=True, placeholder="Painting", hint="Everybody concerned reads it."
            ),
            admin.users("people", "People who may still book", (), where, most=20),
            *([allowed] if allowed else []),
        ],
        submit="Check",
        below=[admin.go("Back", CLOSURES)],
    )


def closing(name: str, when: str, plan: Plan, where: Where, reader: Reader) -> View:
    """Return what closing would do, before it is done."""
    return admin.page(
        "Close something",
        where,
        [rich([bold(f"Close {cut(name, 80)}?")], [when]), *plan_blocks(plan, reader)],
        back=Where(section="close"),
        below=[admin.do("Close it", where, style="danger")],
    )


# -- rules -------------------------------------------------------------------------------------------------------------


def rules(scoped: Sequence[Scoped], where: Where, *, above: Line = ()) -> View:
    """Return what is set at every scope."""
    items = []
    for one in scoped:
        lines = rules_said(one.rules)
        if not lines:
            continue
        room_id, place_id = one.room.id if one.room else None, one.location.id if one.location and not one.room else None
        group = getattr(one, "group", None)
        name = _scoped_name(one)
        edit = Where(section="rules_at", more=f"{scope_of(room_id, place_id)}|{group.id if group else ''}")
        items.append(Item(text=f"{name}\n{' · '.join(lines)}", button=admin.go("Edit", edit, aloud=f"Edit rules of {name}")))
    return admin.page(
        "Rules",
        where,
        admin.listed(items, where, nothing="Nothing is set: rooms can be booked at any time, by every member."),
        back=OVERVIEW,
        above=above,
        below=[
            admin.go("Set rules", Where(section="rules_for")),
            admin.go("Quotas", QUOTAS),
            admin.go("Holidays", Where(section="holidays")),
        ],
    )


def _scoped_name(one: Scoped) -> str:
    name = one.room.name if one.room else f"All rooms in {one.location.name}" if one.location else "All rooms"
    group = getattr(one, "group", None)
    return f"{name}, for {group.name}" if group else name


def rules_said(values: Mapping[str, Any]) -> list[str]:
    """Return rules as short sentences."""
    said = []
    for name, value in values.items():
        if value is None or name == "cutoff_on":
            continue
        said.append(rule_said(name, value))
    if values.get("cutoff_on") is False:
        said.append("no cutoff")
    return [one for one in said if one]


def rule_said(name: str, value: Any) -> str:  # noqa: ANN401 - each rule has a type of its own
    """Return "longest booking 4 hours"."""
    if name in FLAGS:
        return FLAGS[name].lower() if value else f"not: {FLAGS[name].lower()}"
    if name == "opening":
        return f"open {weekly_hours.said(value) or 'never'}"
    if name == "cutoff_from":
        return f"today closes at {value:%H:%M}" if isinstance(value, time) else f"today closes at {value}"
    if name == "holidays_country":
        return f"holidays of {value}"
    short = {
        "shortest_minutes": "at least {}",
        "longest_minutes": "at most {}",
        "notice_minutes": "booked {} before",
        "cancel_notice_minutes": "cancelled {} before",
        "setup_minutes": "{} to set up",
        "teardown_minutes": "{} to clear up",
        "check_in_opens_minutes": "check-in opens {} before",
        "check_in_grace_minutes": "kept {} after the start",
        "check_in_longest_minutes": "no check-in beyond {}",
        "check_in_notice_minutes": "no check-in if booked less than {} before",
    }
    if name in short:
        return short[name].format(saying.length(value))
    return f"{value} days ahead" if name == "horizon_days" else f"requests expire after {value} hours"


def rules_for(catalogue: Catalogue, groups: Sequence[Listed], where: Where) -> View:
    """Return the question for what rules are to be set."""
    group = group_field(groups, NOBODY, where, label="For whom", nobody="Everybody")
    return admin.form(
        "Set rules",
        where,
        [
            scope_field(catalogue, EVERYTHING, where),
            *([group] if group else []),
            rich(["A room's rules win over its location's, those over all rooms'. A group's win over everybody's."]),
        ],
        submit="Next",
        below=[admin.go("Back", RULES)],
    )


def rules_form(name: str, own: Mapping[str, Any], where: Where, *, for_group: bool) -> View:
    """Return the form of the rules of one scope; what is left empty, the next wider scope says."""

    def wanted(rule: str) -> bool:
        return not for_group or rule in FOR_GROUPS

    blocks: list[Block] = []
    if wanted("opening"):
        hours = weekly_hours.said(own["opening"]) if own.get("opening") is not None else None
        blocks.append(
            admin.text(
                "opening", "Opening hours", hours, where, optional=True, placeholder="mon-fri 08:00-18:00, sat 09:00-12:00"
            )
        )
    for rule, (label, hint) in NUMBERS.items():
        if wanted(rule):
            value = own.get(rule)
            text = None if value is None else str(value)
            blocks.append(admin.text(rule, label, text, where, optional=True, longest=7, placeholder=hint))
    if wanted("cutoff_from"):
        at = own.get("cutoff_from")
        cutoff = "off" if own.get("cutoff_on") is False else f"{at:%H:%M}" if isinstance(at, time) else at
        blocks.append(
            admin.text(
                "cutoff_from",
                "From this hour on, today is closed",
                cutoff,
                where,
                optional=True,
                placeholder="17:00, or off",
            )
        )
    for rule, label in FLAGS.items():
        if wanted(rule):
            value = own.get(rule)
            chosen = NOT_SET if value is None else YES if value else NO
            options = [(NOT_SET, "Not set here"), (YES, "Yes"), (NO, "No")]
            blocks.append(admin.choice(rule, label, options, chosen, where))
    if wanted("holidays_country"):
        country = own.get("holidays_country")
        blocks.append(
            admin.text(
                "holidays_country",
                "Country of the holidays",
                country,
                where,
                optional=True,
                longest=20,
                placeholder="DE, or US-NY",
            )
        )
    return admin.form("Rules", where, blocks, submit="Check", above=[bold(cut(name, 200))], below=[admin.go("Back", RULES)])


def rehearsed(name: str, changes: Sequence[str], outcome: Rehearsed, where: Where, reader: Reader, *, back: Where) -> View:
    """Return what a rule would have refused, before it is saved."""
    blocks: list[Block] = [rich([bold(cut(name, 200))], *([f"• {cut(one, 300)}"] for one in changes[:25]))]
    blocks.append(rich([bold(outcome_said(outcome))]))
    lines = [_example(one, reader) for one in outcome.examples[:MOST_EXAMPLES]]
    if lines:
        more = outcome.refused - len(lines)
        blocks.append(admin.words("\n".join([*lines, *([f"and {more} more"] if more > 0 else [])])))
    if outcome.people:
        most = saying.listed(f"{cut(one.name, 60)} ({one.refused})" for one in outcome.people[:5])
        blocks.append(admin.words(f"Most concerned: {most}"))
    blocks.append(admin.words("What is booked already stays. The audit can take this back."))
    return admin.page("Check", where, blocks, back=back, below=[admin.do("Save", where, style="primary")])


def outcome_said(outcome: Rehearsed) -> str:
    """Return "Of 412 bookings in 90 days this would have refused 17 (4 %)."."""
    of = f"Of {saying.counted(outcome.bookings, 'booking')} in {outcome.days} days this would have refused"
    if not outcome.bookings:
        return f"Nothing was booked in the last {outcome.days} days: nothing is known of what this would refuse."
    first = f"{of} none." if not outcome.refused else f"{of} {outcome.refused} ({_percent(outcome.share)})."
    asked = f" {outcome.asked} would have waited for approval." if outcome.asked else ""
    late = (
        f" {saying.counted(outcome.cancellations, 'cancellation')} would have come too late."
        if outcome.cancellations
        else ""
    )
    return f"{first}{asked}{late}"


def _percent(share: float) -> str:
    return "under 1 %" if share < 0.01 else f"{share:.0%}".replace("%", " %")


def _example(one: Any, reader: Reader) -> str:  # noqa: ANN401 - an Example
    at = admin.stamp(one.start, one.location.tz, now=reader.now)
    return f"• {one.room.name}, {at}, {saying.length(one.minutes)} · {cut(one.booker, 60)}: {one.why}"


# -- quotas ------------------------------------------------------------------------------------------------------------


def quotas(known: Sequence[Quota], catalogue: Catalogue, where: Where, *, above: Line = ()) -> View:
    """Return the quotas."""
    items = []
    for number, one in enumerate(known):
        said = quota_said(one, catalogue)
        gone = Where(section="drop_quota", id=one.id)
        ask = ("Remove this quota?", cut(said, 250))
        items.append(
            Item(text=said, button=admin.do("Remove", gone, number=number, style="danger", ask=ask, aloud=f"Remove {said}"))
        )
    blocks = admin.listed(items, where, nothing="There are no quotas.")
    return admin.page(
        "Quotas", where, blocks, back=RULES, above=above, below=[admin.go("Add a quota", Where(section="quota"))]
    )


def quota_form(catalogue: Catalogue, groups: Sequence[Listed], where: Where) -> View:
    """Return the form for a quota."""
    group = group_field(groups, NOBODY, where, label="Whose", nobody="Each person's")
    together = admin.choice("together", "In a group", [(NO, "Each of them"), (YES, "All of them together")], NO, where)
    return admin.form(
        "New quota",
        where,
        [
            admin.text("most", "At most", None, where, longest=7),
            admin.choice("measure", "Of", [(Measure.COUNT, "bookings"), (Measure.MINUTES, "hours")], Measure.COUNT, where),
            admin.choice("period", "A", [(one, one.value) for one in Period], Period.WEEK, where),
            scope_field(catalogue, EVERYTHING, where),
            *([group, together] if group else []),
        ],
        submit="Check",
        below=[admin.go("Back", QUOTAS)],
    )


# -- rights ------------------------------------------------------------------------------------------------------------


def rights(given: Sequence[Grant], catalogue: Catalogue, where: Where, *, above: Line = ()) -> View:
    """Return who may do what."""
    items = []
    for number, one in enumerate(given):
        said = grant_said(one, catalogue)
        gone = Where(section="take_right", id=one.id)
        ask = ("Take this right back?", f"{cut(said, 250)}.")
        items.append(
            Item(
                text=said,
                button=admin.do("Take back", gone, number=number, style="danger", ask=ask, aloud=f"Take back: {said}"),
            )
        )
    nothing = "No rights are given: every member may book every room, and admins do everything else."
    return admin.page(
        "Rights & approvers",
        where,
        admin.listed(items, where, nothing=nothing),
        back=OVERVIEW,
        above=above,
        below=[admin.go("Give a right", Where(section="right"))],
    )


def grant_said(one: Grant, catalogue: Catalogue) -> str:
    """Return "Design team may book Apollo"."""
    scope = scope_said(catalogue, one.room_id, one.location_id)
    scope = scope[0].lower() + scope[1:] if not one.room_id else scope
    return f"{one.holder or 'Everybody'} {RIGHTS_SAID[one.right]} {scope}"


def right_form(catalogue: Catalogue, groups: Sequence[Listed], where: Where) -> View:
    """Return the form in which a right is given."""
    options = [
        (Right.BOOK, "Book"),
        (Right.REQUEST, "Ask for it: an approver decides"),
        (Right.APPROVE, "Approve requests"),
        (Right.OVERRIDE, "Book past hours, quotas, closures, without approval"),
        (Right.MANAGE, "Manage: change the room and others' bookings"),
    ]
    groups_ = admin.choices("groups", "Groups", [(str(one.group.id), one.group.name) for one in groups], (), where)
    return admin.form(
        "Give a right",
        where,
        [
            admin.choice("right", "Right", [(one.value, label) for one, label in options], Right.BOOK, where),
            scope_field(catalogue, EVERYTHING, where),
            admin.users("people", "People", (), where, most=20, hint="With no people and no groups, everybody has it."),
            *([groups_] if groups_ else []),
            admin.words("Once somebody is named to book or ask for a room or location, nobody else can book it."),
        ],
        submit="Check",
        below=[admin.go("Back", RIGHTS)],
    )


# -- groups ------------------------------------------------------------------------------------------------------------


def groups(known: Sequence[Listed], where: Where, *, above: Line = ()) -> View:
    """Return the groups, Slack's own marked."""
    items = []
    for one in known:
        people, slack = saying.people(one.people), " · follows Slack's user group" if one.group.slack_group_id else ""
        edit = admin.go("Open", Where(section="group", id=one.group.id), aloud=f"Open {one.group.name}")
        items.append(Item(text=f"{one.group.name} · {people}{slack}", button=edit))
    return admin.page(
        "Groups",
        where,
        admin.listed(items, where, nothing="There are no groups."),
        back=OVERVIEW,
        above=above,
        below=[admin.go("Add a group", Where(section="add_group"))],
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class OneGroup:
    """A group with its members."""

    listed: Listed
    members: tuple[Member, ...]


def group(one: OneGroup | None, where: Where) -> View:
    """Return a group: as a form, or as Slack has it; None is a new one."""
    if one and one.listed.group.slack_group_id:
        names = [Item(text=member.name) for member in one.members]
        note = admin.words("This group follows Slack's user group; change it there.")
        return admin.page(
            one.listed.group.name, where, [note, *admin.listed(names, where, nothing="Nobody is in it.")], back=GROUPS
        )
    below = [admin.go("Back", GROUPS)]
    if one:
        ask = ("Remove this group?", "Rules and rights that were given to it are nobody's from then on.")
        below.append(admin.do("Remove group", Where(section="drop_group", id=one.listed.group.id), style="danger", ask=ask))
    members = [member.slack_user_id for member in one.members] if one else []
    return admin.form(
        one.listed.group.name if one else "New group",
        where,
        [
            admin.text("name", "Name", one.listed.group.name if one else None, where, longest=80),
            admin.users("people", "People", members[:100], where),
        ],
        below=below,
    )
