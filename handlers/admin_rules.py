"""Administration of closures, rules, quotas, rights and groups; what would come of a rule is shown before it is kept."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast
from uuid import UUID

from slack_sdk.models.views import View

from core import places, rights
from core.closures import rooms_of
from core.errors import InvalidSetting
from core.ids import new_id
from core.models import Right, Slot
from core.policies import Rules
from core.quotas import said as quota_said
from core.regulations import Closure, Grant, Measure, Period, Quota
from core.rerooming import Closing
from handlers import weekly_hours
from handlers.admin_asked import Asked, fresh
from handlers.drafts import OUT_OF_DATE, UnreadableError
from handlers.views import admin_rules as shown
from handlers.views.admin import Where, id_from
from handlers.views.notify import EVERYTHING, PLACE, ROOM
from handlers.views.text import Line, bold, cut

Page = Callable[[Asked], Awaitable[View]]
Scope = tuple[UUID | None, UUID | None]


# -- closures ----------------------------------------------------------------------------------------------------------


async def closures(asked: Asked, above: Line = ()) -> View:
    """Return what is closed, and how far the answers are."""
    asked = await fresh(asked)
    desk, admin = asked.desk, asked.desk.person.admin
    mine = None if admin else set(_managed(asked))
    ahead = [one for one in await asked.office.closures.ahead() if mine is None or one.room_id in mine]
    progress = await asked.office.rerooming.progress()
    progress = progress if admin else tuple(one for one in progress if one.room_id in (mine or ()))
    where = asked.where if asked.where.section == "closures" else shown.CLOSURES
    return shown.closures(ahead, progress, desk.catalogue, where, desk.reader, may_lift=True, above=above)


async def close(asked: Asked) -> View:
    """Return the form in which something is closed."""
    groups = await asked.office.groups.all() if asked.desk.person.admin else ()
    only = None if asked.desk.person.admin else _managed(asked)
    return shown.close_form(asked.desk.catalogue, groups, Where(section="close"), asked.desk.reader, only_rooms=only)


async def close_sent(asked: Asked) -> View:
    """Return what closing would do."""
    closure = await _closure(asked)
    _may_close(asked, closure)
    catalogue, reader = asked.desk.catalogue, asked.desk.reader
    closing = Closing(
        room_ids=frozenset(rooms_of(closure, catalogue)),
        slot=closure.slot,
        allowed_people=closure.allowed_people,
        allowed_groups=closure.allowed_groups,
    )
    plan = await asked.office.rerooming.preview(closing)
    name = shown.scope_said(catalogue, closure.room_id, closure.location_id)
    where = Where(section="closing", more=_dumped(closure))
    return shown.closing(name, shown.span_said(closure, catalogue, reader), plan, where, reader)


async def closing(asked: Asked) -> View:
    """Close it, hold other rooms for whoever is affected, and tell them."""
    closure = _loaded(asked.where.more)
    _may_close(asked, closure)
    done = await asked.office.closures.add(
        closure.slot,
        location_id=closure.location_id,
        room_id=closure.room_id,
        reason=closure.reason,
        allowed_people=sorted(closure.allowed_people),
        allowed_groups=sorted(closure.allowed_groups),
        by=asked.by,
    )
    await asked.office.rerooming.advance(asked.desk.services.clock.now())
    name = shown.scope_said(asked.desk.catalogue, closure.room_id, closure.location_id)
    count = len(done.affected)
    told = (
        f" {count} {'booking is' if count == 1 else 'bookings are'} affected; everybody concerned is told." if count else ""
    )
    return await closures(replace(asked, where=shown.CLOSURES), ["✅ Closed: ", bold(cut(name, 100)), f".{told}"])


async def lift(asked: Asked) -> View:
    """Lift a closure."""
    closure = await asked.office.closures.get(asked.id)
    _may_close(asked, closure)
    await asked.office.closures.lift(asked.id, by=asked.by)
    await asked.office.rerooming.advance(asked.desk.services.clock.now())
    name = shown.scope_said(asked.desk.catalogue, closure.room_id, closure.location_id)
    return await closures(replace(asked, where=shown.CLOSURES), ["✅ Open again: ", bold(cut(name, 100)), "."])


def _managed(asked: Asked) -> list[UUID]:
    catalogue = asked.desk.catalogue
    return [room.id for room in catalogue.rooms if rights.may(asked.by, Right.MANAGE, room, catalogue)]


def _may_close(asked: Asked, closure: Closure) -> None:
    """Raise NotAllowed unless the person is an admin, or it is one room and they manage it."""
    if closure.room_id is None:
        places.admins_only(asked.by)
    else:
        places.allow(asked.desk.catalogue.room(closure.room_id), asked.by, asked.desk.catalogue)


async def _closure(asked: Asked) -> Closure:
    filled, catalogue = asked.filled, asked.desk.catalogue
    location_id, room_id = _scope(filled.option("scope"))
    if not (room_id or location_id) and shown.on_several_clocks(catalogue):
        # Midnight is at another moment in each place: one span would leave some of them open for hours of that day.
        said = "Your places are on different clocks: close one after the other."
        raise InvalidSetting(said, fields={"scope": said})
    zone = shown.zone_of(catalogue, room_id, location_id)
    try:
        start, end = (
            datetime.combine(
                date.fromisoformat(filled.text(f"{name}_day")), time.fromisoformat(filled.text(f"{name}_time")), tzinfo=zone
            )
            for name in ("from", "until")
        )
    except ValueError as error:
        raise UnreadableError(OUT_OF_DATE) from error
    # The picker knows no 24:00.
    end = end + timedelta(minutes=1) if end.time() == time(23, 59) else end
    if end <= start:
        raise InvalidSetting("It ends before it begins.", fields={"until_day": "It ends before it begins."})
    if end <= asked.desk.reader.now:
        raise InvalidSetting("That time is over.", fields={"until_day": "That time is over."})
    people = await asked.desk.services.people.mentioned(asked.desk.sender.team_id, filled.users("people"))
    return Closure(
        id=new_id(),
        slot=Slot(start=start, end=end),
        location_id=location_id,
        room_id=room_id,
        reason=filled.text("reason") or None,
        allowed_people=frozenset(people),
        allowed_groups=frozenset(id_from(one) for one in filled.options("groups")),
    )


def _dumped(closure: Closure) -> str:
    return json.dumps(
        {
            "s": shown.scope_of(closure.room_id, closure.location_id),
            "f": int(closure.slot.start.timestamp()),
            "u": int(closure.slot.end.timestamp()),
            "w": closure.reason,
            "p": [one.hex for one in closure.allowed_people],
            "g": [one.hex for one in closure.allowed_groups],
        }
    )


def _loaded(text: str) -> Closure:
    held = _json(text)
    try:
        location_id, room_id = _scope(str(held["s"]))
        return Closure(
            id=new_id(),
            slot=Slot(start=_moment(held["f"]), end=_moment(held["u"])),
            location_id=location_id,
            room_id=room_id,
            reason=str(held["w"]) if held["w"] else None,
            allowed_people=frozenset(UUID(one) for one in held["p"]),
            allowed_groups=frozenset(UUID(one) for one in held["g"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise UnreadableError(OUT_OF_DATE) from error


# -- rules -------------------------------------------------------------------------------------------------------------


async def rules(asked: Asked, above: Line = ()) -> View:
    """Return what is set at every scope."""
    where = asked.where if asked.where.section == "rules" else shown.RULES
    return shown.rules(await asked.office.rooms.policies(), where, above=above)


async def rules_for(asked: Asked) -> View:
    """Return the question for what rules are to be set."""
    return shown.rules_for(asked.desk.catalogue, await asked.office.groups.all(), asked.where)


async def rules_for_sent(asked: Asked) -> View:
    """Return the form of the rules of what was chosen."""
    group = asked.filled.option("group")
    chosen = group if group and group != shown.NOBODY else ""
    more = f"{asked.filled.option('scope') or EVERYTHING}|{chosen}"
    return await rules_at(replace(asked, where=Where(section="rules_at", more=more)))


async def rules_at(asked: Asked) -> View:
    """Return the form of the rules of one scope."""
    (location_id, room_id), group_id = _ruled(asked.where.more)
    name = await _ruled_name(asked)
    own = await _own(asked, location_id, room_id, group_id)
    return shown.rules_form(name, own, asked.where, for_group=group_id is not None)


async def rules_sent(asked: Asked) -> View:
    """Return what the rules would have refused."""
    (location_id, room_id), group_id = _ruled(asked.where.more)
    wanted = _rules(asked, await _own(asked, location_id, room_id, group_id))
    if not wanted:
        return await rules(asked, ["Nothing was changed."])
    outcome = await asked.office.rehearsal.of(
        cast("Rules", wanted), location_id=location_id, room_id=room_id, group_id=group_id
    )
    said = [_change_said(name, value) for name, value in wanted.items() if name != "cutoff_on" or value is False]
    where = Where(section="set_rules", more=json.dumps({"at": asked.where.more, "rules": wanted}))
    name = await _ruled_name(asked)
    back = Where(section="rules_at", more=asked.where.more)
    return shown.rehearsed(name, said, outcome, where, asked.desk.reader, back=back)


async def set_rules(asked: Asked) -> View:
    """Keep the rules that were rehearsed."""
    held = _json(asked.where.more)
    at, wanted = held.get("at"), held.get("rules")
    if not isinstance(at, str) or not isinstance(wanted, dict):
        raise UnreadableError(OUT_OF_DATE)
    (location_id, room_id), group_id = _ruled(at)
    await asked.office.rooms.set_policy(
        location_id=location_id, room_id=room_id, group_id=group_id, by=asked.by, **cast("Any", wanted)
    )
    name = await _ruled_name(replace(asked, where=Where(section="rules_at", more=at)))
    return await rules(replace(asked, where=shown.RULES), ["✅ Saved: ", bold(cut(name, 100)), "."])


def _rules(asked: Asked, own: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is different in the form, None for what was emptied; raises InvalidPolicy or InvalidSetting."""
    filled = asked.filled
    found: dict[str, Any] = {}
    if filled.has("opening"):
        typed = filled.text("opening").strip()
        found["opening"] = weekly_hours.read(typed) if typed else None
    for name in shown.NUMBERS:
        if filled.has(name):
            typed = filled.text(name).strip()
            if typed and filled.number(name) < 0:
                raise InvalidSetting("A whole number.", fields={name: "Write a whole number, or nothing."})
            found[name] = filled.number(name) if typed else None
    if filled.has("cutoff_from"):
        typed = filled.text("cutoff_from").strip().lower()
        found["cutoff_on"] = None if not typed else typed != "off"
        found["cutoff_from"] = typed if typed and typed != "off" else None
    for name in shown.FLAGS:
        if filled.has(name):
            chosen = filled.option(name)
            found[name] = None if chosen in {None, shown.NOT_SET} else chosen == shown.YES
    if filled.has("holidays_country"):
        found["holidays_country"] = filled.text("holidays_country").strip().upper() or None
    before = {name: f"{value:%H:%M}" if isinstance(value, time) else value for name, value in own.items()}
    return {name: value for name, value in found.items() if value != before.get(name)}


def _change_said(name: str, value: Any) -> str:  # noqa: ANN401 - each rule has a type of its own
    if value is None:
        return f"{name.replace('_', ' ')}: not set here any more"
    return "no cutoff" if name == "cutoff_on" else shown.rule_said(name, value)


async def _own(asked: Asked, location_id: UUID | None, room_id: UUID | None, group_id: UUID | None) -> Mapping[str, Any]:
    """Return the rules that one scope itself sets."""
    for one in await asked.office.rooms.policies():
        group = getattr(one, "group", None)
        at_room, at_place = one.room.id if one.room else None, one.location.id if one.location and not one.room else None
        if (at_place, at_room, group.id if group else None) == (location_id, room_id, group_id):
            return one.rules
    return {}


async def _ruled_name(asked: Asked) -> str:
    (location_id, room_id), group_id = _ruled(asked.where.more)
    name = shown.scope_said(asked.desk.catalogue, room_id, location_id)
    known = [one.group.name for one in await asked.office.groups.all() if one.group.id == group_id]
    return f"{name}, for {known[0]}" if known else name


def _ruled(more: str) -> tuple[Scope, UUID | None]:
    scope, _, group = more.partition("|")
    return _scope(scope), id_from(group) if group else None


# -- quotas ------------------------------------------------------------------------------------------------------------


async def quotas(asked: Asked, above: Line = ()) -> View:
    """Return the quotas."""
    asked = await fresh(asked)
    where = asked.where if asked.where.section == "quotas" else shown.QUOTAS
    return shown.quotas(await asked.office.quotas.all(), asked.desk.catalogue, where, above=above)


async def quota(asked: Asked) -> View:
    """Return the form for a quota."""
    return shown.quota_form(asked.desk.catalogue, await asked.office.groups.all(), asked.where)


async def quota_sent(asked: Asked) -> View:
    """Return what a quota would have refused."""
    filled = asked.filled
    hours = filled.option("measure") == Measure.MINUTES
    most = filled.number("most")
    if most < 0:
        raise InvalidSetting("A whole number.", fields={"most": "Write a whole number."})
    group = filled.option("group")
    held = {
        "n": most * 60 if hours else most,
        "m": filled.option("measure"),
        "p": filled.option("period"),
        "s": filled.option("scope"),
        "g": group if group and group != shown.NOBODY else None,
        "t": filled.option("together") == shown.YES and bool(group) and group != shown.NOBODY,
    }
    wanted = _quota(held)
    outcome = await asked.office.rehearsal.of_quota(wanted)
    said = quota_said(wanted, asked.desk.catalogue)
    where = Where(section="set_quota", more=json.dumps(held))
    return shown.rehearsed("New quota", [said], outcome, where, asked.desk.reader, back=Where(section="quota"))


async def set_quota(asked: Asked) -> View:
    """Keep the quota that was rehearsed."""
    wanted = _quota(_json(asked.where.more))
    await asked.office.quotas.set(
        measure=wanted.measure,
        period=wanted.period,
        most=wanted.most,
        location_id=wanted.location_id,
        room_id=wanted.room_id,
        group_id=wanted.group_id,
        together=wanted.together,
        by=asked.by,
    )
    return await quotas(replace(asked, where=shown.QUOTAS), ["✅ Saved: ", quota_said(wanted, asked.desk.catalogue), "."])


async def drop_quota(asked: Asked) -> View:
    """Remove a quota."""
    await asked.office.quotas.remove(asked.id, by=asked.by)
    return await quotas(replace(asked, where=shown.QUOTAS), ["✅ The quota is gone."])


def _quota(held: Mapping[str, Any]) -> Quota:
    try:
        location_id, room_id = _scope(held["s"])
        return Quota(
            id=new_id(),
            measure=Measure(held["m"]),
            period=Period(held["p"]),
            most=int(held["n"]),
            location_id=location_id,
            room_id=room_id,
            group_id=UUID(held["g"]) if held["g"] else None,
            together=bool(held["t"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableError(OUT_OF_DATE) from error


# -- rights ------------------------------------------------------------------------------------------------------------


async def rights_(asked: Asked, above: Line = ()) -> View:
    """Return who may do what."""
    asked = await fresh(asked)
    where = asked.where if asked.where.section == "rights" else shown.RIGHTS
    return shown.rights(await asked.office.granting.all(), asked.desk.catalogue, where, above=above)


async def right(asked: Asked) -> View:
    """Return the form in which a right is given."""
    return shown.right_form(asked.desk.catalogue, await asked.office.groups.all(), asked.where)


async def right_sent(asked: Asked) -> View:
    """Return what giving a right would have changed."""
    filled = asked.filled
    people = await asked.desk.services.people.mentioned(asked.desk.sender.team_id, filled.users("people"))
    held = {
        "r": filled.option("right"),
        "s": filled.option("scope"),
        "p": [one.hex for one in people],
        "g": [id_from(one).hex for one in filled.options("groups")],
    }
    wanted = await _grants(held, asked)
    if wanted[0].right is Right.APPROVE and not (held["p"] or held["g"]):
        raise InvalidSetting("Name who approves.", fields={"people": "Name who approves: people or groups."})
    outcome = await asked.office.rehearsal.of_rights(give=wanted)
    where = Where(section="give_right", more=json.dumps(held))
    said = [shown.grant_said(one, asked.desk.catalogue) for one in wanted]
    return shown.rehearsed("Give a right", said, outcome, where, asked.desk.reader, back=Where(section="right"))


async def give_right(asked: Asked) -> View:
    """Give the rights that were rehearsed."""
    wanted = await _grants(_json(asked.where.more), asked)
    for one in wanted:
        await asked.office.granting.give(
            one.right,
            location_id=one.location_id,
            room_id=one.room_id,
            person_id=one.person_id,
            group_id=one.group_id,
            by=asked.by,
        )
    said = "; ".join(shown.grant_said(one, asked.desk.catalogue) for one in wanted)
    return await rights_(replace(asked, where=shown.RIGHTS), ["✅ Given: ", cut(said, 500), "."])


async def take_right(asked: Asked) -> View:
    """Take a right back."""
    await asked.office.granting.take(asked.id, by=asked.by)
    return await rights_(replace(asked, where=shown.RIGHTS), ["✅ The right is taken back."])


async def _grants(held: Mapping[str, Any], asked: Asked) -> list[Grant]:
    groups = {one.group.id: one.group.name for one in await asked.office.groups.all()}
    try:
        granted, (location_id, room_id) = Right(held["r"]), _scope(held["s"])
        people, named = [UUID(one) for one in held["p"]], [UUID(one) for one in held["g"]]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableError(OUT_OF_DATE) from error
    found = [
        Grant(
            id=new_id(),
            right=granted,
            location_id=location_id,
            room_id=room_id,
            person_id=one,
            holder=await _name(one, asked),
        )
        for one in people
    ]
    found += [
        Grant(id=new_id(), right=granted, location_id=location_id, room_id=room_id, group_id=one, holder=groups.get(one))
        for one in named
    ]
    return found or [Grant(id=new_id(), right=granted, location_id=location_id, room_id=room_id)]


async def _name(person_id: UUID, asked: Asked) -> str:
    return (await asked.desk.services.people.get(person_id)).name


# -- groups ------------------------------------------------------------------------------------------------------------


async def groups(asked: Asked, above: Line = ()) -> View:
    """Return the groups."""
    where = asked.where if asked.where.section == "groups" else shown.GROUPS
    return shown.groups(await asked.office.groups.all(), where, above=above)


async def group(asked: Asked) -> View:
    """Return a group with its members."""
    return shown.group(await _group(asked), asked.where)


async def add_group(asked: Asked) -> View:
    """Return the form for a group."""
    return shown.group(None, asked.where)


async def add_group_sent(asked: Asked) -> View:
    """Make a group."""
    people = await asked.desk.services.people.mentioned(asked.desk.sender.team_id, asked.filled.users("people"))
    new = await asked.office.groups.create(asked.filled.text("name"), people=people, by=asked.by)
    return await groups(replace(asked, where=shown.GROUPS), ["✅ Added: ", bold(cut(new.name, 100)), "."])


async def group_sent(asked: Asked) -> View:
    """Keep a group's name and members."""
    one, office = await _group(asked), asked.office
    wanted = set(await asked.desk.services.people.mentioned(asked.desk.sender.team_id, asked.filled.users("people")))
    name = asked.filled.text("name")
    if name.strip() != one.listed.group.name:
        await office.groups.rename(asked.id, name, by=asked.by)
    # Those whom the form did not show are not taken out by it.
    before = {member.id for member in one.members[:100]}
    await office.groups.add(asked.id, sorted(wanted - before), by=asked.by)
    await office.groups.take_out(asked.id, sorted(before - wanted), by=asked.by)
    return await groups(replace(asked, where=shown.GROUPS), ["✅ Saved: ", bold(cut(name, 100)), "."])


async def drop_group(asked: Asked) -> View:
    """Remove a group."""
    await asked.office.groups.remove(asked.id, by=asked.by)
    return await groups(replace(asked, where=shown.GROUPS), ["✅ The group is gone."])


async def _group(asked: Asked) -> shown.OneGroup:
    for one in await asked.office.groups.all():
        if one.group.id == asked.id:
            return shown.OneGroup(listed=one, members=await asked.office.groups.members(asked.id))
    raise InvalidSetting("That group does not exist any more.")


# -- parts -------------------------------------------------------------------------------------------------------------


def _scope(value: str | None) -> Scope:
    """Return location and room of what a select of scopes carried."""
    if not value or value == EVERYTHING:
        return None, None
    if value.startswith(PLACE):
        return id_from(value.removeprefix(PLACE)), None
    return None, id_from(value.removeprefix(ROOM))


def _json(text: str) -> dict[str, Any]:
    try:
        held = json.loads(text)
    except ValueError as error:
        raise UnreadableError(OUT_OF_DATE) from error
    if not isinstance(held, dict):
        raise UnreadableError(OUT_OF_DATE)
    return held


def _moment(value: object) -> datetime:
    return datetime.fromtimestamp(int(str(value)), tz=UTC)


PAGES: Mapping[str, Page] = {
    "closures": closures,
    "close": close,
    "rules": rules,
    "rules_for": rules_for,
    "rules_at": rules_at,
    "quotas": quotas,
    "quota": quota,
    "rights": rights_,
    "right": right,
    "groups": groups,
    "group": group,
    "add_group": add_group,
}
DEEDS: Mapping[str, Page] = {
    "closing": closing,
    "lift": lift,
    "set_rules": set_rules,
    "set_quota": set_quota,
    "drop_quota": drop_quota,
    "give_right": give_right,
    "take_right": take_right,
    "drop_group": drop_group,
}
FORMS: Mapping[str, Page] = {
    "close": close_sent,
    "rules_for": rules_for_sent,
    "rules_at": rules_sent,
    "quota": quota_sent,
    "right": right_sent,
    "group": group_sent,
    "add_group": add_group_sent,
}
