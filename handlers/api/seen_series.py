"""Series as an answer tells them, as far as the asker may see them; and what would come of each of their dates."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from core import rights
from core.catalogue import Catalogue
from core.errors import BookingError
from core.models import Actor, Changed, Right, Rival
from core.series_values import (
    Booked,
    Occurrence,
    OneSeries,
    Preview,
    SeriesChanged,
    SeriesStatus,
    SeriesSummary,
    SeriesView,
    Verdict,
)
from handlers.api.seen import BookingOut, BorrowedOut, PersonOut
from handlers.api.values import Out, WallClock


class SeriesOut(Out):
    """A series. `clock` and `minutes` are of the wall clock of `timeZone`; `rule` is an RRULE's value.

    `leftOut` are dates of the rule that are not booked; those behind `bookedUntil` are booked as time goes on. Of a private
    one, who may not see more is told rooms and dates alone.
    """

    id: UUID
    version: int
    status: SeriesStatus
    room_id: UUID
    room_name: str
    more_room_ids: list[UUID]
    location_id: UUID
    time_zone: str
    first_on: date
    clock: WallClock
    minutes: int
    rule: str
    private: bool
    shared: bool
    title: str | None
    booker: PersonOut | None
    invitee_ids: list[UUID]
    attendees_count: int | None
    amenities: list[str]
    equipment: list[BorrowedOut]
    left_out: list[date]
    booked_until: date | None
    continues_id: UUID | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, series: OneSeries, *, by: Actor, catalogue: Catalogue) -> SeriesOut:
        """Return a series as somebody may see it."""
        seen = may_see(series, by, catalogue)
        return cls(
            id=series.id,
            version=series.version,
            status=series.status,
            room_id=series.room.id,
            room_name=series.room.name,
            more_room_ids=[room.id for room in series.more_rooms],
            location_id=series.location.id,
            time_zone=series.zone,
            first_on=series.first_on,
            clock=series.clock,
            minutes=series.minutes,
            rule=series.rule,
            private=series.private or _hides(series, catalogue),
            shared=series.shared,
            title=series.title if seen else None,
            booker=PersonOut.of(series.booker) if seen else None,
            invitee_ids=list(series.invitees) if seen else [],
            attendees_count=series.attendees_count if seen else None,
            amenities=sorted(series.amenities),
            equipment=[
                BorrowedOut(equipment_id=thing.id, name=thing.name, quantity=count) for thing, count in series.equipment
            ]
            if seen
            else [],
            left_out=sorted(series.left_out),
            booked_until=series.booked_until,
            continues_id=series.continues_id,
            created_at=series.created_at,
            updated_at=series.updated_at,
        )


def may_see(series: OneSeries, by: Actor, catalogue: Catalogue) -> bool:
    """Tell whether somebody may see title and people of a series."""
    if not (series.private or _hides(series, catalogue)):
        return True
    if series.changeable_by(by) or by.person_id in series.invitees:
        return True
    return all(rights.may(by, Right.MANAGE, room, catalogue) for room in (series.room, *series.more_rooms))


def _hides(series: OneSeries, catalogue: Catalogue) -> bool:
    return any(catalogue.hides(room) for room in (series.room, *series.more_rooms))


class RivalOut(Out):
    """What is in the way, as far as the asker may see it; `heldUntil` where it is held for somebody on the waiting list."""

    start: datetime
    end: datetime
    title: str | None
    booker_slack_user_id: str | None
    private: bool
    held_until: datetime | None
    for_you: bool
    room_id: UUID | None

    @classmethod
    def of(cls, rival: Rival) -> RivalOut:
        """Return what is in the way as it is told."""
        return cls(
            start=rival.slot.start,
            end=rival.slot.end,
            title=rival.title,
            booker_slack_user_id=rival.booker_slack_user_id,
            private=rival.private,
            held_until=rival.held_until,
            for_you=rival.for_you,
            room_id=rival.room.id if rival.room else None,
        )


class ReasonOut(Out):
    """The rule that stands against something."""

    error: str
    message: str

    @classmethod
    def of(cls, error: BookingError) -> ReasonOut:
        """Return a refusal as it is told of one date."""
        return cls(error=error.code, message=error.message)


class OccurrenceOut(Out):
    """One date of a series, judged. `on` is the date that the rule gives, `shifted` that the clock skips its time.

    `rivals` tell who is in the way, `reason` which rule; `otherRoomIds` are all rooms that it would have elsewhere.
    """

    on: date
    start: datetime
    end: datetime
    verdict: Verdict
    rivals: list[RivalOut]
    reason: ReasonOut | None
    room_ids: list[UUID]
    other_room_ids: list[UUID]
    shifted: bool
    booking_id: UUID | None

    @classmethod
    def of(cls, one: Occurrence) -> OccurrenceOut:
        """Return a date as it is told."""
        others = one.other_rooms or ((one.other_room,) if one.other_room else ())
        return cls(
            on=one.on,
            start=one.slot.start,
            end=one.slot.end,
            verdict=one.verdict,
            rivals=[RivalOut.of(rival) for rival in one.rivals],
            reason=ReasonOut.of(one.error) if one.error else None,
            room_ids=[room.id for room in one.rooms],
            other_room_ids=[room.id for room in others],
            shifted=one.shifted,
            booking_id=one.booking.id if one.booking else None,
        )


class PreviewOut(Out):
    """What would come of a series, date by date.

    `oneRoomId` is free on all of them, `roomsForAllIds` are where there are several rooms. `beyond` counts the dates that
    are booked as time goes on (null: it has no end), `kept` those that a change leaves alone.
    """

    room_id: UUID
    room_name: str
    more_room_ids: list[UUID]
    location_id: UUID
    dates: list[OccurrenceOut]
    clashes: int
    one_room_id: UUID | None
    rooms_for_all_ids: list[UUID]
    beyond: int | None
    passed_over: list[date]
    kept: int

    @classmethod
    def of(cls, preview: Preview) -> PreviewOut:
        """Return a preview as it is told."""
        return cls(
            room_id=preview.room.id,
            room_name=preview.room.name,
            more_room_ids=[room.id for room in preview.more_rooms],
            location_id=preview.location.id,
            dates=[OccurrenceOut.of(one) for one in preview.dates],
            clashes=len(preview.clashes),
            one_room_id=preview.one_room.id if preview.one_room else None,
            rooms_for_all_ids=[room.id for room in preview.rooms_for_all],
            beyond=preview.beyond,
            passed_over=list(preview.passed_over),
            kept=preview.kept,
        )


class ChangedOut(Out):
    """A booking before and after."""

    before: BookingOut
    after: BookingOut

    @classmethod
    def of(cls, changed: Changed, *, by: Actor, catalogue: Catalogue) -> ChangedOut:
        """Return a change as somebody may see it."""
        return cls(
            before=BookingOut.of(changed.before, by=by, catalogue=catalogue),
            after=BookingOut.of(changed.after, by=by, catalogue=catalogue),
        )


class SeriesBookedOut(Out):
    """What came of booking or renewing a series; `gaps` are dates that were left out, `operationId` takes it all back."""

    series: SeriesOut
    bookings: list[BookingOut]
    gaps: list[OccurrenceOut]
    beyond: int | None
    operation_id: UUID

    @classmethod
    def of(cls, done: Booked, *, by: Actor, catalogue: Catalogue) -> SeriesBookedOut:
        """Return what was booked as somebody may see it."""
        return cls(
            series=SeriesOut.of(done.series, by=by, catalogue=catalogue),
            bookings=[BookingOut.of(one, by=by, catalogue=catalogue) for one in done.bookings],
            gaps=[OccurrenceOut.of(one) for one in done.gaps],
            beyond=done.beyond,
            operation_id=done.operation_id,
        )


class SeriesChangedOut(Out):
    """What came of a change: the series that has those dates now, and every booking before and after.

    `made` are bookings that a new rule added, `gaps` dates that were given up. `splitFromId` goes on without them;
    `operationId` takes all of it back.
    """

    series: SeriesOut
    changed: list[ChangedOut]
    made: list[BookingOut]
    gaps: list[OccurrenceOut]
    split_from_id: UUID | None
    operation_id: UUID

    @classmethod
    def of(cls, done: SeriesChanged, *, by: Actor, catalogue: Catalogue) -> SeriesChangedOut:
        """Return what was changed as somebody may see it."""
        return cls(
            series=SeriesOut.of(done.series, by=by, catalogue=catalogue),
            changed=[ChangedOut.of(one, by=by, catalogue=catalogue) for one in done.changed],
            made=[BookingOut.of(one, by=by, catalogue=catalogue) for one in done.made],
            gaps=[OccurrenceOut.of(one) for one in done.gaps],
            split_from_id=done.split_from,
            operation_id=done.operation_id,
        )


class GapOut(Out):
    """A date ahead that the rule gives and nobody has booked; `waitingId` is the place in line for it."""

    on: date
    start: datetime
    end: datetime
    waiting_id: UUID | None


class SeriesViewOut(SeriesOut):
    """A series with what is ahead of it."""

    upcoming: list[BookingOut]
    gaps: list[GapOut]
    last_on: date | None
    endless: bool

    @classmethod
    def seen(cls, view: SeriesView, *, by: Actor, catalogue: Catalogue) -> SeriesViewOut:
        """Return a series as somebody may see it, with its dates ahead."""
        own = view.series.changeable_by(by)
        return cls(
            **SeriesOut.of(view.series, by=by, catalogue=catalogue).model_dump(),
            upcoming=[BookingOut.of(one, by=by, catalogue=catalogue) for one in view.upcoming],
            gaps=[
                GapOut(on=one.on, start=one.slot.start, end=one.slot.end, waiting_id=one.waiting_id if own else None)
                for one in view.gaps
            ],
            last_on=view.last_on,
            endless=view.endless,
        )


class SeriesSummaryOut(SeriesOut):
    """A series in a list: its next date, how many are booked ahead, and the last of them."""

    next: BookingOut | None
    ahead: int
    last_on: date | None

    @classmethod
    def told(cls, summary: SeriesSummary, *, by: Actor, catalogue: Catalogue) -> SeriesSummaryOut:
        """Return a series of somebody's own."""
        return cls(
            **SeriesOut.of(summary.series, by=by, catalogue=catalogue).model_dump(),
            next=BookingOut.of(summary.next, by=by, catalogue=catalogue) if summary.next else None,
            ahead=summary.ahead,
            last_on=summary.last_on,
        )
