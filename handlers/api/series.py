"""Series over the API: previewed, booked, looked at, changed, given back, renewed, and taken back as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from core import errors
from core.models import KEEP, Slot
from core.series_values import Choice, Scope, SeriesChange, SeriesWish
from core.tokens import Scope as TokenScope
from handlers.api import problems
from handlers.api.attending import Going
from handlers.api.bookings import RULES, BorrowedIn, Count, People, last_event, told
from handlers.api.operations import Call, Operation, Reply
from handlers.api.seen import BookingOut
from handlers.api.seen_series import (
    PreviewOut,
    SeriesBookedOut,
    SeriesChangedOut,
    SeriesSummaryOut,
    SeriesViewOut,
)
from handlers.api.values import Body, Day, Line, Moment, Out, Title, WallClock

TAG = "Series"
LONGEST_MINUTES = 366 * 24 * 60

Minutes = Annotated[int, Field(ge=1, le=LONGEST_MINUTES)]
Rule = Annotated[Line, Field(min_length=1, max_length=500)]
Rooms = Annotated[tuple[UUID, ...], Field(max_length=20)]
Things = Annotated[tuple[BorrowedIn, ...], Field(max_length=20)]


class SeriesNew(Body):
    """What is to be booked again and again: a wall-clock time of a zone, and a rule as RFC 5545 writes it.

    `rule` is an RRULE's value ("FREQ=WEEKLY;BYDAY=TU;COUNT=8"), `firstOn` the earliest date. Without `timeZone`, the clock
    of the room's or location's place is meant.
    """

    first_on: Day
    clock: WallClock
    minutes: Minutes
    rule: Rule
    time_zone: Annotated[Line, Field(min_length=1, max_length=64)] | None = None
    room_id: UUID | None = None
    more_room_ids: Rooms = ()
    location_id: UUID | None = None
    amenities: Annotated[tuple[Annotated[Line, Field(max_length=40)], ...], Field(max_length=50)] = ()
    floor: Annotated[Line, Field(max_length=40)] | None = None
    attendees_count: Count = 1
    title: Title | None = None
    private: bool = False
    invitee_ids: People = ()
    shared: bool = False
    equipment: Things = ()
    left_out: Annotated[tuple[Day, ...], Field(max_length=1000)] = ()

    def wish(self, call: Call) -> SeriesWish:
        """Return it as the core takes it; raises Invalid where nobody can tell which clock is meant."""
        return SeriesWish(
            first_on=self.first_on,
            clock=self.clock,
            minutes=self.minutes,
            zone=self.time_zone or self._zone(call),
            rule=self.rule,
            room_id=self.room_id,
            location_id=self.location_id,
            amenities=frozenset(word.casefold() for word in self.amenities),
            floor=self.floor,
            attendees_count=self.attendees_count,
            title=self.title,
            private=self.private,
            invitees=tuple(dict.fromkeys(self.invitee_ids)),
            shared=self.shared,
            more_room_ids=tuple(dict.fromkeys(self.more_room_ids)),
            equipment=_things(self.equipment),
            left_out=frozenset(self.left_out),
        )

    def _zone(self, call: Call) -> str:
        if self.room_id:
            return call.catalogue.place_of(call.catalogue.room(self.room_id)).zone
        if self.location_id:
            return call.catalogue.location(self.location_id).zone
        raise problems.Invalid("Say which clock is meant.", fields={"timeZone": "Say it, or a room or location."})


class ChoiceIn(Body):
    """What becomes of a date: left out (and waited for), in another room, or at another time on that date."""

    on: Day
    choice: Literal["skip", "other_room"] | None = None
    start: Moment | None = None
    end: Moment | None = None

    def chosen(self) -> Choice | Slot:
        """Return it as the core takes it; raises Invalid where both are said, or neither."""
        if self.choice is not None and self.start is None and self.end is None:
            return Choice(self.choice)
        if self.choice is None and self.start is not None and self.end is not None:
            if self.end <= self.start:
                raise errors.EndBeforeStart("The meeting would end before it starts. Give an end after the start.")
            return Slot(start=self.start, end=self.end)
        raise problems.Invalid(
            "Say for each date a choice, or another time.", fields={"choices": "Say `choice`, or `start` and `end`."}
        )


Choices = Annotated[tuple[ChoiceIn, ...], Field(max_length=1000)]


class SeriesBook(SeriesNew):
    """A series with what becomes of the dates that clash; `oneRoomId` takes another room for all of them."""

    choices: Choices = ()
    one_room_id: UUID | None = None


class ChangeIn(Body):
    """What is to be different about dates of a series; a field that is left out stays as it is.

    Another `rule` gives the dates anew; `day` is where the date that was looked at is to be, the others with it.
    """

    clock: WallClock | None = None
    minutes: Minutes | None = None
    rule: Rule | None = None
    day: Day | None = None
    room_id: UUID | None = None
    more_room_ids: Rooms | None = None
    title: Title | None = None
    attendees_count: Count | None = None
    private: bool | None = None
    invitee_ids: People | None = None
    shared: bool | None = None
    equipment: Things | None = None

    def change(self) -> SeriesChange:
        """Return it as the core takes it; raises Invalid for null where there is no such value."""
        said = self.model_fields_set
        empty = {name for name in said - {"title"} if getattr(self, name) is None}
        if empty:
            raise problems.Invalid(
                "Something in the request cannot be meant.",
                fields={f"change.{problems.field_name(name)}": "Leave it out to keep it as it is." for name in empty},
            )
        given: dict[str, Any] = {name: getattr(self, name) for name in said - {"clock", "invitee_ids", "equipment"}}
        if "more_room_ids" in given:
            given["more_room_ids"] = tuple(dict.fromkeys(given["more_room_ids"]))
        if self.invitee_ids is not None:
            given["invitees"] = tuple(dict.fromkeys(self.invitee_ids))
        equipment = KEEP if self.equipment is None else _things(self.equipment)
        clock = KEEP if self.clock is None else self.clock
        return SeriesChange(clock=clock, equipment=equipment, **given)


class ScopeIn(Body):
    """How much of a series is meant: `on` is the date of the rule that was looked at, `scope` that one, it and all that
    follow, or all that are ahead.
    """

    on: Day
    scope: Scope


class PreviewChange(ScopeIn):
    """A change to be looked at."""

    change: ChangeIn


class ChangeSeries(PreviewChange):
    """A change with what becomes of the dates that clash."""

    choices: Choices = ()


class CancelSeries(ScopeIn):
    """What is given back, and why, if somebody wants to know."""

    reason: Annotated[Line, Field(max_length=500)] | None = None


class CancelRange(Body):
    """The first and the last day, both included."""

    first: Day
    last: Day


class Restore(Body):
    """The date of the rule that is to be booked after all."""

    on: Day


class MySeriesOut(Out):
    """One's own series that are not over, the one that comes next first."""

    items: list[SeriesSummaryOut]


def _things(equipment: tuple[BorrowedIn, ...]) -> tuple[tuple[UUID, int], ...]:
    return tuple((one.equipment_id, one.quantity) for one in equipment)


def _chosen(choices: tuple[ChoiceIn, ...]) -> Mapping[date, Choice | Slot]:
    return {one.on: one.chosen() for one in choices}


async def preview(call: Call) -> Reply:
    """Return what would come of a series."""
    found = await call.services.series.preview(call.body(SeriesNew).wish(call), by=call.actor)
    return Reply(body=PreviewOut.of(found))


async def book(call: Call) -> Reply:
    """Book a series."""
    said = call.body(SeriesBook)
    done = await call.services.series.book(
        said.wish(call), by=call.actor, key=call.key, choices=_chosen(said.choices), one_room=said.one_room_id
    )
    body = SeriesBookedOut.of(done, by=call.actor, catalogue=call.catalogue)
    return Reply(body=body, version=done.series.version, at=f"/series/{done.series.id}")


async def one(call: Call) -> Reply:
    """Return a series with what is ahead of it."""
    view = await call.services.series.view(call.id("series_id"), by=call.actor)
    body = SeriesViewOut.seen(view, by=call.actor, catalogue=call.catalogue)
    return Reply(body=body, version=view.series.version, modified=await last_event(call), dated=False)


async def mine(call: Call) -> Reply:
    """Return the asker's series."""
    found = await call.services.series.mine(call.actor)
    items = [SeriesSummaryOut.told(each, by=call.actor, catalogue=call.catalogue) for each in found]
    return Reply(body=MySeriesOut(items=items), modified=await last_event(call), dated=False)


async def preview_change(call: Call) -> Reply:
    """Return what would come of a change."""
    said = call.body(PreviewChange)
    found = await call.services.series.preview_change(
        call.id("series_id"), said.change.change(), scope=said.scope, on=said.on, by=call.actor
    )
    return Reply(body=PreviewOut.of(found))


async def change(call: Call) -> Reply:
    """Change dates of a series."""
    series_id, said = call.id("series_id"), call.body(ChangeSeries)
    wanted, choices = said.change.change(), _chosen(said.choices)
    version = await call.version(lambda: _version(call, series_id))
    done = await call.services.series.change(
        series_id,
        wanted,
        scope=said.scope,
        on=said.on,
        version=version,
        by=call.actor,
        key=call.key,
        choices=choices,
    )
    return _changed(call, done)


async def cancel(call: Call) -> Reply:
    """Cancel dates of a series."""
    series_id, said = call.id("series_id"), call.body(CancelSeries)
    version = await call.version(lambda: _version(call, series_id))
    done = await call.services.series.cancel(
        series_id, scope=said.scope, on=said.on, version=version, by=call.actor, key=call.key, reason=said.reason
    )
    return _changed(call, done)


async def cancel_range(call: Call) -> Reply:
    """Cancel the dates from a day to a day."""
    series_id, said = call.id("series_id"), call.body(CancelRange)
    version = await call.version(lambda: _version(call, series_id))
    done = await call.services.series.cancel_range(
        series_id, said.first, said.last, version=version, by=call.actor, key=call.key
    )
    return _changed(call, done)


async def renew(call: Call) -> Reply:
    """Let a series go on as long again."""
    done = await call.services.series.renew(call.id("series_id"), by=call.actor, key=call.key)
    body = SeriesBookedOut.of(done, by=call.actor, catalogue=call.catalogue)
    return Reply(body=body, version=done.series.version)


async def restore(call: Call) -> Reply:
    """Book a date that was left out."""
    booking = await call.services.series.restore(call.id("series_id"), call.body(Restore).on, by=call.actor, key=call.key)
    return told(call, booking, at=f"/bookings/{booking.id}")


async def respond(call: Call) -> Reply:
    """Note whether somebody invited comes to all that is ahead."""
    going = call.body(Going).going
    done = await call.services.series.answer(call.id("series_id"), by=call.actor, going=going, key=call.key)
    return _changed(call, done)


async def undo(call: Call) -> Reply:
    """Take back what was done to many dates at once."""
    done = await call.services.series.undo(call.id("operation_id"), by=call.actor, key=call.key)
    return _changed(call, done)


def _changed(call: Call, done: Any) -> Reply:  # noqa: ANN401 - what was changed
    body = SeriesChangedOut.of(done, by=call.actor, catalogue=call.catalogue)
    return Reply(body=body, version=done.series.version)


async def _version(call: Call, series_id: UUID) -> int:
    return (await call.services.series.get(series_id)).version


WISHED = (errors.InvalidSeries, *RULES)
TOUCHED = (errors.SeriesNotFound, errors.NotAllowed, errors.SeriesNotActive, errors.InvalidSeries)
CHANGED = (*TOUCHED, errors.StaleSeries)
OPERATIONS = (
    Operation(
        method="POST",
        path="/series/preview",
        name="previewSeries",
        tag=TAG,
        summary="See what would come of a series, date by date",
        description="Changes nothing.",
        handle=preview,
        body=SeriesNew,
        answer=PreviewOut,
        refusals=WISHED,
    ),
    Operation(
        method="POST",
        path="/series",
        name="bookSeries",
        tag=TAG,
        summary="Book a series",
        description="Where dates clash and nobody has chosen what becomes of them, nothing is booked: 409 with a preview.",
        handle=book,
        scope=TokenScope.BOOK,
        body=SeriesBook,
        answer=SeriesBookedOut,
        status=201,
        refusals=(errors.SeriesClash, *WISHED),
    ),
    Operation(
        method="GET",
        path="/me/series",
        name="listMySeries",
        tag=TAG,
        summary="List one's own series",
        handle=mine,
        answer=MySeriesOut,
    ),
    Operation(
        method="GET",
        path="/series/{series_id}",
        name="getSeries",
        tag=TAG,
        summary="Get a series with what is ahead of it",
        handle=one,
        answer=SeriesViewOut,
        refusals=(errors.SeriesNotFound,),
    ),
    Operation(
        method="POST",
        path="/series/{series_id}/preview",
        name="previewSeriesChange",
        tag=TAG,
        summary="See what would come of a change, date by date",
        description="Changes nothing.",
        handle=preview_change,
        body=PreviewChange,
        answer=PreviewOut,
        refusals=(*TOUCHED, *WISHED),
    ),
    Operation(
        method="PATCH",
        path="/series/{series_id}",
        name="changeSeries",
        tag=TAG,
        summary="Change one date, that and all that follow, or all that are ahead",
        handle=change,
        scope=TokenScope.BOOK,
        body=ChangeSeries,
        answer=SeriesChangedOut,
        changes=True,
        keyed=True,
        refusals=(*CHANGED, errors.SeriesClash, *WISHED),
    ),
    Operation(
        method="POST",
        path="/series/{series_id}/cancel",
        name="cancelSeries",
        tag=TAG,
        summary="Cancel one date, that and all that follow, or all that are ahead",
        handle=cancel,
        scope=TokenScope.BOOK,
        body=CancelSeries,
        answer=SeriesChangedOut,
        changes=True,
        refusals=(*CHANGED, errors.TooLateToCancel),
    ),
    Operation(
        method="POST",
        path="/series/{series_id}/cancel-range",
        name="cancelSeriesRange",
        tag=TAG,
        summary="Cancel the dates from a day to a day",
        handle=cancel_range,
        scope=TokenScope.BOOK,
        body=CancelRange,
        answer=SeriesChangedOut,
        changes=True,
        refusals=(*CHANGED, errors.TooLateToCancel),
    ),
    Operation(
        method="POST",
        path="/series/{series_id}/renew",
        name="renewSeries",
        tag=TAG,
        summary="Let a series go on as long again, a year at most",
        handle=renew,
        scope=TokenScope.BOOK,
        answer=SeriesBookedOut,
        refusals=(*TOUCHED, *RULES),
    ),
    Operation(
        method="POST",
        path="/series/{series_id}/restore",
        name="restoreSeriesDate",
        tag=TAG,
        summary="Book a date that was left out after all",
        handle=restore,
        scope=TokenScope.BOOK,
        body=Restore,
        answer=BookingOut,
        status=201,
        refusals=(*TOUCHED, *RULES),
    ),
    Operation(
        method="POST",
        path="/series/{series_id}/respond",
        name="respondToSeries",
        tag=TAG,
        summary="Say whether one comes to all dates that are ahead",
        handle=respond,
        scope=TokenScope.BOOK,
        body=Going,
        answer=SeriesChangedOut,
        refusals=(errors.SeriesNotFound, errors.NotAttending),
    ),
    Operation(
        method="POST",
        path="/operations/{operation_id}/undo",
        name="undoOperation",
        tag=TAG,
        summary="Take back what was done to many dates of a series at once",
        description="What was changed since, or is not free any more, stays as it is.",
        handle=undo,
        scope=TokenScope.BOOK,
        answer=SeriesChangedOut,
        refusals=(*CHANGED, errors.NothingToUndo),
    ),
)
