"""The audit in administration: read with filters, given out as a file, and changes of rules taken back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from uuid import UUID

from pydantic import Field as Named
from slack_sdk.models.views import View

from core.audit import Filter
from core.errors import InvalidSetting
from core.quiet import zone_of
from handlers.admin_asked import Asked
from handlers.drafts import OUT_OF_DATE, Carried, UnreadableError
from handlers.sending import send_file
from handlers.views import admin_audit as shown
from handlers.views.admin_people import as_text, sent_file
from handlers.views.text import Line

Page = Callable[[Asked], Awaitable[View]]
PAGE = 15
LONGEST_WORDS = 100


class Wanted(Carried):
    """Which part of the audit is looked at, as a button carries it; `after` is where the page before ended."""

    words: str = Named(default="", alias="w", max_length=LONGEST_WORDS)
    person: UUID | None = Named(default=None, alias="p")
    what: tuple[str, ...] = Named(default=(), alias="k")
    first: date | None = Named(default=None, alias="f")
    last: date | None = Named(default=None, alias="l")
    how: str = Named(default=shown.BY_PEOPLE, alias="h")
    at: datetime | None = Named(default=None, alias="a")
    entry: UUID | None = Named(default=None, alias="e")

    def filter(self, zone: tzinfo) -> Filter:
        """Return it as the core asks; days are those of the zone."""
        if self.at is not None and self.at.tzinfo is None:
            raise UnreadableError(OUT_OF_DATE)
        return Filter(
            text=self.words or None,
            person_id=self.person,
            subjects=self.what or None,
            since=_midnight(self.first, zone) if self.first else None,
            until=_midnight(self.last + timedelta(days=1), zone) if self.last else None,
            surfaces=shown.SURFACES.get(self.how),
            by_itself=self.how != shown.BY_PEOPLE,
            before=(self.at, self.entry) if self.at and self.entry else None,
        )


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def _wanted(asked: Asked) -> Wanted:
    return Wanted.load(asked.where.more) if asked.where.more else Wanted()


async def audit(asked: Asked, above: Line = ()) -> View:
    """Return one page of what was done."""
    wanted, zone = _wanted(asked), zone_of(asked.desk.person.zone)
    found = await asked.office.audit.entries(wanted.filter(zone), limit=PAGE + 1)
    more = None
    if len(found) > PAGE:
        last = found[PAGE - 1]
        more = shown.audit_where(wanted.model_copy(update={"at": last.at, "entry": last.id}).dump())
    whole = wanted.model_copy(update={"at": None, "entry": None})
    who = (await asked.desk.services.people.get(wanted.person)).name if wanted.person else None
    about = shown.Asked(who=who, **{name: getattr(whole, name) for name in ("words", "what", "first", "last", "how")})
    return shown.audit(found[:PAGE], whole.dump(), asked.desk.reader, about=about, more=more, above=above)


async def find_audit(asked: Asked) -> View:
    """Return the form that filters the audit."""
    wanted = _wanted(asked)
    who = (await asked.desk.services.people.get(wanted.person)).slack_user_id if wanted.person else None
    about = shown.Asked(who=who, **{name: getattr(wanted, name) for name in ("words", "what", "first", "last", "how")})
    return shown.find_audit(asked.where, about)


async def find_audit_sent(asked: Asked) -> View:
    """Return what was done, as far as it is wanted."""
    filled = asked.filled
    first, last = _day(filled.text("first")), _day(filled.text("last"))
    if first and last and last < first:
        raise InvalidSetting("It ends before it begins.", fields={"last": "Not before the first day."})
    person_id = None
    if user := filled.text("person"):
        (person_id,) = await asked.desk.services.people.mentioned(asked.desk.sender.team_id, [user])
    wanted = Wanted(
        words=" ".join(filled.text("words").split())[:LONGEST_WORDS],
        person=person_id,
        what=tuple(filled.options("what")),
        first=first,
        last=last,
        how=filled.option("how") or shown.BY_PEOPLE,
    )
    return await audit(replace(asked, where=shown.audit_where(wanted.dump())))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise UnreadableError(OUT_OF_DATE) from error


async def undo_change(asked: Asked) -> View:
    """Take a change of rules back."""
    await asked.office.audit.undo(asked.id, by=asked.by)
    return await audit(replace(asked, where=shown.audit_where("")), ["✅ The rule is as it was before."])


async def export_audit(asked: Asked) -> View:
    """Send what is looked at as a file."""
    wanted = _wanted(asked)
    text = await asked.office.audit.export(wanted.filter(zone_of(asked.desk.person.zone)))
    where = shown.audit_where(asked.where.more)
    name = "bookroom-audit.csv"
    if not await send_file(asked.desk, name, text, about="The audit."):
        return as_text(name, text, where, back=where)
    return await audit(replace(asked, where=where), sent_file(name))


PAGES: Mapping[str, Page] = {"audit": audit, "find_audit": find_audit}
DEEDS: Mapping[str, Page] = {"undo_change": undo_change, "export_audit": export_audit}
FORMS: Mapping[str, Page] = {"find_audit": find_audit_sent}
