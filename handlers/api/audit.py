"""The audit over the API: what was done, with filters, as a file, and changes of rules taken back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from core.audit import Entry, Filter
from core.errors import ChangeNotFound, InvalidPolicy, InvalidSetting, LocationNotFound, NothingToUndo, RoomNotFound
from core.tokens import Scope
from handlers.api import problems
from handlers.api.operations import Call, Operation, Reply
from handlers.api.paging import Page, cursor
from handlers.api.values import EARLIEST, LATEST, Line, Moment, Out, Query

TAG = "Audit"
Words = Annotated[tuple[Annotated[Line, Field(max_length=40)], ...], Field(max_length=20)]


class Looked(Query):
    """Which entries are wanted; without `byItself`, what happened because time went on is left out."""

    since: Moment | None = None
    until: Moment | None = None
    person_id: UUID | None = None
    subject: Words = ()
    surface: Words = ()
    subject_id: UUID | None = None
    text: Annotated[Line, Field(max_length=200)] | None = None
    by_itself: bool = True

    def filter(self, before: tuple[datetime, UUID] | None = None) -> Filter:
        """Return it as the core takes it."""
        return Filter(
            since=self.since,
            until=self.until,
            person_id=self.person_id,
            subjects=self.subject or None,
            surfaces=self.surface or None,
            subject_id=self.subject_id,
            text=self.text,
            by_itself=self.by_itself,
            before=before,
        )


class AuditAsked(Looked, Page):
    """Which entries are wanted, and how many of them; without `byItself`, what time did is left out."""


class EntryOut(Out):
    """One thing that was done: to which `subject`, where (`surface`), and what was different `before` and `after`.

    What is private stands in none of them.
    """

    id: UUID
    at: datetime
    actor_id: UUID | None
    actor_name: str
    surface: str
    action: str
    subject: str
    subject_id: UUID | None
    name: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reason: str | None
    undoes: UUID | None
    undoable: bool

    @classmethod
    def of(cls, one: Entry) -> EntryOut:
        """Return an entry as it is told."""
        different = one.differences
        return cls(
            id=one.id,
            at=one.at,
            actor_id=one.actor_id,
            actor_name=one.actor_name,
            surface=one.surface,
            action=one.action,
            subject=one.subject,
            subject_id=one.subject_id,
            name=one.name,
            before={name: old for name, (old, _) in different.items()} if one.before is not None else None,
            after={name: new for name, (_, new) in different.items()} if one.after is not None else None,
            reason=one.reason,
            undoes=one.undoes,
            undoable=one.undoable,
        )


class AuditOut(Out):
    """A page of entries, the latest first."""

    items: list[EntryOut]
    next: str | None


class UndoneOut(Out):
    """The change that takes another back; it can be undone in its turn."""

    change_id: UUID


async def listed(call: Call) -> Reply:
    """Return a page of what was done."""
    asked = call.query(AuditAsked)
    after = asked.after(2)
    found = await call.services.administration.audit.entries(
        asked.filter(_place(after) if after else None), limit=asked.limit + 1
    )
    page = found[: asked.limit]
    following = cursor((page[-1].at.isoformat(), str(page[-1].id))) if len(found) > len(page) else None
    body = AuditOut(items=[EntryOut.of(one) for one in page], next=following)
    return Reply(body=body, modified=page[0].at if page else None, dated=False, following=following)


def _place(parts: tuple[str, ...]) -> tuple[datetime, UUID]:
    try:
        at, entry = datetime.fromisoformat(parts[0]), UUID(parts[1])
        if at.tzinfo is not None and EARLIEST <= at < LATEST:
            return at, entry
    except (ValueError, OverflowError):
        pass
    raise problems.BadRequest("That cursor is none of ours: begin without one.")


async def export(call: Call) -> Reply:
    """Return what was done as a file."""
    text = await call.services.administration.audit.export(call.query(Looked).filter())
    return Reply(body=None, content=text.encode(), modified=call.now, dated=False)


async def undo(call: Call) -> Reply:
    """Take a change of rules back."""
    change_id, audit = call.id("change_id"), call.services.administration.audit
    done = await call.once(lambda: audit.undo(change_id, by=call.actor), lambda undoing: UndoneOut(change_id=undoing))
    return Reply(body=UndoneOut.model_validate(done))


OPERATIONS = (
    Operation(
        method="GET",
        path="/audit",
        name="listAudit",
        tag=TAG,
        summary="List what was done",
        handle=listed,
        scope=Scope.ADMIN,
        query=AuditAsked,
        answer=AuditOut,
    ),
    Operation(
        method="GET",
        path="/audit.csv",
        name="exportAudit",
        tag=TAG,
        summary="Get what was done as CSV",
        handle=export,
        scope=Scope.ADMIN,
        query=Looked,
        media="text/csv",
    ),
    Operation(
        method="POST",
        path="/audit/{change_id}/undo",
        name="undoChange",
        tag=TAG,
        summary="Take a change of rules back",
        handle=undo,
        scope=Scope.ADMIN,
        answer=UndoneOut,
        refusals=(ChangeNotFound, NothingToUndo, InvalidPolicy, InvalidSetting, LocationNotFound, RoomNotFound),
    ),
)
