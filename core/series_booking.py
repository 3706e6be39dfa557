"""Booking a series: what becomes of each date by what somebody chose, and all of it written in one transaction.

What is decided beforehand is decided on what was read; whoever was faster is noticed by the claims, and then it is looked
at anew. Kept out: the statements (`series_writing`, `series_store`), and changing what is booked (`series_changing`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import TypeVar, assert_never
from uuid import UUID

from core import approving, bookkeeping, claims, errors, limits, recurring, requests, series_store, series_writing
from core.catalogue import Catalogues
from core.clock import Clock
from core.db import Database, ReadSession, WriteSession
from core.errors import BookingError, InvalidSeries, SeriesClash
from core.feed import Feed
from core.ids import new_id
from core.models import Actor, Attendee, Booking, Room, Slot, Wish
from core.saying import listed, short_date
from core.series_judging import (
    Asker,
    Dated,
    apart,
    dated,
    judged,
    last_bookable,
    overlapping,
    preview,
    reach,
    together,
    with_other_rooms,
)
from core.series_values import (
    Booked,
    Choice,
    Gap,
    Occurrence,
    OneSeries,
    Preview,
    SeriesStatus,
    SeriesWish,
    Verdict,
)
from core.series_writing import InTheWayError, Progress

T = TypeVar("T")
Choices = Mapping[date, Choice | Slot]

# Somebody may be faster; whoever loses as often as that is told to try again.
ATTEMPTS = 4
# As long again, but never more than a year further.
RENEWED_AT_MOST = timedelta(days=366)

# Claims of one room never overlap: of those that begin before a time, only the last can reach into it.
_EXPIRED = """
SELECT wanted.number FROM unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[]) WITH ORDINALITY
    AS wanted (room_id, starts, ends, number)
CROSS JOIN LATERAL (
    (SELECT end_time, expires_at FROM room_claims
    WHERE tenant_id = $1 AND room_id = wanted.room_id AND start_time <= wanted.starts ORDER BY start_time DESC LIMIT 1)
    UNION ALL
    SELECT end_time, expires_at FROM room_claims
    WHERE tenant_id = $1 AND room_id = wanted.room_id AND start_time > wanted.starts AND start_time < wanted.ends
) AS c
WHERE c.expires_at <= $5 AND c.end_time > wanted.starts ORDER BY 1
"""
_TELL_ANEW = "UPDATE series SET told_ending_at = NULL WHERE tenant_id = $1 AND id = $2"


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """What every use case of series stands on."""

    db: Database
    catalogues: Catalogues
    clock: Clock

    async def asker(self, by: Actor) -> Asker:
        """Return somebody asking now."""
        return Asker(catalogue=await self.catalogues.current(), by=by, now=self.clock.now())


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """A wish with what was chosen: what is to be booked, and what is left out. `open` says that somebody must choose."""

    preview: Preview
    keep: tuple[Dated, ...]
    gaps: tuple[Occurrence, ...]
    open: bool


class OverLimitError(Exception):
    """Some dates are more than somebody may hold; rolls the transaction back. By date."""

    def __init__(self, found: Mapping[date, BookingError]) -> None:
        super().__init__()
        self.found = found


# -- planning ----------------------------------------------------------------------------------------------------------


async def plan(session: ReadSession, wish: SeriesWish, asker: Asker, choices: Choices, one_room: UUID | None) -> Plan:
    """Return what is to be booked of a wish by what was chosen."""
    if one_room is not None:
        wish = replace(wish, room_id=one_room, more_room_ids=())
    found = await preview(session, wish, asker)
    rooms = together(found.room, found.wish, asker.catalogue)
    count = found.wish.attendees_count
    wanted = [
        Dated(on=one.on, rooms=rooms, slot=one.slot, shifted=one.shifted, attendees_count=count) for one in found.dates
    ]
    return await chosen(session, found, wanted, asker, choices)


async def chosen(session: ReadSession, found: Preview, wanted: Sequence[Dated], asker: Asker, choices: Choices) -> Plan:
    """Return a preview, of dates wanted in that order, with what was chosen done to it."""
    keep: list[Dated] = []
    gaps: list[Occurrence] = []
    moved: list[Dated] = []
    for one, seen in zip(wanted, found.dates, strict=True):
        choice = choices.get(one.on)
        match choice:
            case Choice.SKIP:
                gaps.append(seen)
            case Choice.OTHER_ROOM if seen.clashes and seen.other_room is not None:
                keep.append(replace(one, rooms=(seen.other_room,)))
            case Slot():
                moved.append(replace(one, slot=choice, shifted=False, judged=True))
            case None | Choice.OTHER_ROOM:
                if not seen.clashes:
                    keep.append(one)
            case _:
                assert_never(choice)
    anew = await judged(session, moved, found.wish, asker, horizon=True)
    anew, _ = await with_other_rooms(session, moved, anew, found.wish, asker)
    keep += [one for one, verdict in zip(moved, anew, strict=True) if not verdict.clashes]
    retimed = {one.on: one for one in anew}
    met = {keep[number].on for number in overlapping(keep)}
    keep = sorted((one for one in keep if one.on not in met), key=lambda one: one.slot.start)
    dates = [retimed.get(one.on, one) for one in found.dates]
    error = InvalidSeries("It would overlap another date of the series.")
    dates = [replace(one, verdict=Verdict.RULED_OUT, error=error) if one.on in met else one for one in dates]
    settled = {one.on for one in keep} | {one.on for one in gaps}
    still_open = any(one.on not in settled for one in dates)
    return Plan(preview=replace(found, dates=tuple(dates)), keep=tuple(keep), gaps=tuple(gaps), open=still_open)


def clash(found: Preview) -> SeriesClash:
    """Return the refusal that carries what somebody must choose about."""
    clashes = found.clashes
    if len(clashes) == 1:
        said = short_date(clashes[0].on, today=found.dates[0].on)
        message = f"One of {len(found.dates)} dates cannot be booked as wanted: {said}. Nothing was booked."
    else:
        message = f"{len(clashes)} of {len(found.dates)} dates cannot be booked as wanted. Nothing was booked."
    return SeriesClash(message, preview=found)


def ruled_out(found: Preview, over: Mapping[date, BookingError]) -> Preview:
    """Return a preview in which limits stand against some dates."""
    return replace(
        found,
        dates=tuple(
            replace(one, verdict=Verdict.RULED_OUT, error=over[one.on], other_room=None) if one.on in over else one
            for one in found.dates
        ),
    )


# -- building ----------------------------------------------------------------------------------------------------------


def booking(one: Dated, series: OneSeries, asker: Asker, attendees: tuple[Attendee, ...]) -> tuple[Booking, datetime | None]:
    """Return the booking of a date as it is going to be written, and until when it is held where it waits for approval."""
    catalogue, now = asker.catalogue, asker.now
    status, until = approving.status_of_new(one.rooms, one.slot, catalogue=catalogue, by=asker.by, now=now)
    things = tuple((thing.id, count) for thing, count in series.equipment)
    made = Booking(
        id=new_id(),
        room=one.room,
        location=catalogue.place_of(one.room),
        slot=one.slot,
        title=series.title,
        booker=series.booker,
        attendees=tuple(replace(a, co_organiser=series.shared) for a in attendees),
        attendees_count=series.attendees_count,
        status=status,
        private=series.private,
        version=1,
        created_at=now,
        updated_at=now,
        more_rooms=one.rooms[1:],
        equipment=bookkeeping.borrowed(things, one.room, catalogue),
        series_id=series.id,
        series_on=one.on,
    )
    return made, until


def new_series(made: Plan, asker: Asker) -> OneSeries:
    """Return the series of a plan as it is going to be written."""
    found, wish, by, room = made.preview, made.preview.wish, asker.by, made.preview.room
    more = together(room, wish, asker.catalogue)[1:]
    things = ((asker.catalogue.thing(one), count) for one, count in wish.equipment if count)
    return OneSeries(
        id=new_id(),
        booker=Attendee(person_id=by.person_id, slack_user_id=by.slack_user_id, name=by.name, co_organiser=True),
        room=room,
        location=asker.catalogue.place_of(room),
        zone=wish.zone,
        first_on=wish.first_on,
        clock=wish.clock,
        minutes=wish.minutes,
        rule=wish.rule,
        title=wish.title,
        attendees_count=wish.attendees_count,
        amenities=wish.amenities,
        private=wish.private,
        shared=wish.shared,
        invitees=wish.invitees,
        left_out=frozenset(gap.on for gap in made.gaps),
        status=SeriesStatus.ACTIVE,
        booked_until=None if found.beyond == 0 else _until(found, room, asker),
        continues_id=None,
        created_at=asker.now,
        updated_at=asker.now,
        version=1,
        more_rooms=more,
        equipment=tuple(things),
    )


def _until(found: Preview, room: Room, asker: Asker) -> date:
    """Return the day up to which the dates of a preview go."""
    if len(found.dates) >= recurring.MOST_AT_ONCE:
        return found.dates[-1].on
    return last_bookable(room, asker)


def wish_of(series: OneSeries) -> SeriesWish:
    """Return what a series wants, as it stands."""
    return SeriesWish(
        first_on=series.first_on,
        clock=series.clock,
        minutes=series.minutes,
        zone=series.zone,
        rule=series.rule,
        room_id=series.room.id,
        location_id=series.location.id,
        amenities=series.amenities & series.room.amenities,
        attendees_count=series.attendees_count,
        title=series.title,
        private=series.private,
        invitees=series.invitees,
        shared=series.shared,
        more_room_ids=tuple(room.id for room in series.more_rooms),
        equipment=tuple((thing.id, count) for thing, count in series.equipment),
    )


def waited_for(gaps: Iterable[Occurrence]) -> list[Gap]:
    """Return those of the dates left out that somebody holds and may give back."""
    return [Gap(on=gap.on, slot=gap.slot) for gap in gaps if gap.verdict is Verdict.TAKEN]


# -- booking -----------------------------------------------------------------------------------------------------------


async def look(desk: Desk, wish: SeriesWish, *, by: Actor) -> Preview:
    """Return what would come of a wish, limits counted; changes nothing."""
    asker = await desk.asker(by)
    made = await desk.db.read(lambda session: plan(session, wish, asker, {}, None))
    pretended = new_series(made, asker)

    async def work(session: WriteSession) -> Mapping[date, BookingError]:
        people = await bookkeeping.invited(session, wish.invitees)
        return await over_limits(session, [booking(one, pretended, asker, people)[0] for one in made.keep], asker)

    return ruled_out(made.preview, await desk.db.write(work, repeatable=True))


async def over_limits(session: WriteSession, new: Sequence[Booking], asker: Asker) -> dict[date, BookingError]:
    """Return which dates are more than somebody may hold."""
    if not new:
        return {}
    found = await limits.check_all(session, new, catalogue=asker.catalogue, by=asker.by, now=asker.now)
    days = [one.series_on for one in new]
    return {day: error for number, error in found.items() if (day := days[number]) is not None}


async def book(
    desk: Desk,
    wish: SeriesWish,
    *,
    by: Actor,
    key: str | None,
    choices: Choices,
    one_room: UUID | None,
    progress: Progress | None,
) -> Booked:
    """Book every date of a wish, or nothing; raises SeriesClash where somebody must choose."""
    content = requests.fingerprint("series", wish=wish, by=by.person_id, choices=choices, one_room=one_room)
    asker = await desk.asker(by)
    for _ in range(ATTEMPTS):
        if key and (done := await desk.db.read(lambda session: booked_before(session, key, content, asker))):
            return done
        made = await desk.db.read(lambda session: plan(session, wish, asker, choices, one_room))
        if made.open:
            raise clash(made.preview)
        if not made.keep:
            raise InvalidSeries("Every date is left out; there is nothing to book.")
        await make_way(desk, made, asker)
        try:
            return await desk.db.write(_writing(made, asker, key, content, progress), repeatable=key is not None)
        except InTheWayError:
            continue
        except OverLimitError as over:
            refusal = clash(ruled_out(made.preview, over.found))
        raise refusal
    raise errors.Busy("Many people are booking at this moment. Nothing was changed; try again.")


def _writing(
    made: Plan, asker: Asker, key: str | None, content: str, progress: Progress | None
) -> Callable[[WriteSession], Awaitable[Booked]]:
    series = new_series(made, asker)

    async def work(session: WriteSession) -> Booked:
        if key and await requests.claim(session, key, content=content, event_ids=[], now=asker.now):
            done = await booked_before(session, key, content, asker)
            assert done is not None
            return done
        await series_store.insert(session, series)
        operation_id = await series_store.note(session, "booked", before=None, after=series, by=asker.by)
        new = await add(session, series, made.keep, asker, operation_id, progress=progress)
        await series_store.stand_in_line(session, series, waited_for(made.gaps), now=asker.now)
        if key:
            await requests.changed_many(session, key, operation_id=operation_id, series_id=series.id)
        return Booked(series=series, bookings=new, gaps=made.gaps, beyond=made.preview.beyond, operation_id=operation_id)

    return work


async def add(
    session: WriteSession,
    series: OneSeries,
    wanted: Sequence[Dated],
    asker: Asker,
    operation_id: UUID,
    *,
    progress: Progress | None = None,
) -> tuple[Booking, ...]:
    """Write the dates of a series; raises InTheWayError and OverLimitError."""
    people = await bookkeeping.invited(session, series.invitees)
    pairs = [booking(one, series, asker, people) for one in sorted(wanted, key=lambda one: one.slot.start)]
    new = [one for one, _ in pairs]
    if over := await over_limits(session, new, asker):
        raise OverLimitError(over)
    until = {one.id: moment for one, moment in pairs if moment is not None}
    await series_writing.book(
        session, new, until=until, by=asker.by, operation_id=operation_id, now=asker.now, progress=progress
    )
    return tuple(new)


async def make_way(desk: Desk, made: Plan, asker: Asker) -> None:
    """Remove what has expired where the dates are to go; a transaction of its own, since it takes other locks."""
    await clear_expired(desk, made.keep, asker)


async def clear_expired(desk: Desk, wanted: Sequence[Dated], asker: Asker) -> None:
    """Remove expired claims that stand where dates are to go."""
    held = [(one, leaf, kept) for one in wanted for leaf, kept in claims.parts(one.rooms, one.slot)]

    async def look_for(session: ReadSession) -> list[Dated]:
        rows = await session.all(
            _EXPIRED,
            session.tenant,
            [leaf for _, leaf, _ in held],
            [kept.start for _, _, kept in held],
            [kept.end for _, _, kept in held],
            asker.now,
        )
        return [held[row["number"] - 1][0] for row in rows]

    for one in await desk.db.read(look_for):
        pretended = _pretended(one, asker)

        async def work(session: WriteSession, there: Booking = pretended) -> bool:
            return await bookkeeping.make_way(session, there, asker.catalogue, now=asker.now)

        await desk.db.write(work, repeatable=True)


def _pretended(one: Dated, asker: Asker) -> Booking:
    """Return a booking that stands where a date is to go, for what asks by rooms and time alone."""
    by = asker.by
    wish = Wish(slot=one.slot, attendees_count=one.attendees_count)
    made = bookkeeping.new_booking(new_id(), wish, one.room, asker.catalogue, by=by, invited=(), now=asker.now)
    return replace(made, more_rooms=one.rooms[1:])


async def booked_before(session: ReadSession, key: str, content: str, asker: Asker) -> Booked | None:
    """Return what an earlier request with the key booked, None where there was none."""
    answer = await requests.look_up(session, key, content=content, now=asker.now)
    if answer is None or answer.series_id is None or answer.operation_id is None:
        return None
    series = await series_store.by_id(session, answer.series_id, asker.catalogue)
    happened = await Feed(asker.catalogue).of_operation(session, answer.operation_id)
    gaps = [dated(wish_of(series), [day], (series.room,))[0].as_occurrence() for day in sorted(series.left_out)]
    beyond = _beyond(series)
    return Booked(
        series=series,
        bookings=tuple(one.after for one in happened),
        gaps=tuple(gaps),
        beyond=beyond,
        operation_id=answer.operation_id,
    )


def _beyond(series: OneSeries) -> int | None:
    rule = recurring.parse(series.rule)
    if rule.endless:
        return None
    if series.booked_until is None:
        return 0
    last = series.booked_until
    return sum(1 for day in recurring.all_dates(rule, series.first_on) if day > last)


# -- going on ----------------------------------------------------------------------------------------------------------


async def grow(
    session: WriteSession,
    before: OneSeries,
    after: OneSeries,
    asker: Asker,
    *,
    since: date | None,
    action: str,
) -> tuple[OneSeries, tuple[Booking, ...], tuple[Occurrence, ...], UUID]:
    """Book what a locked series has to book by now after a day; a date that clashes is left out and waited for.

    `after` is the series as it is to be, its version too, but for the dates. Raises InTheWayError, to look again.
    """
    rooms = (after.room, *after.more_rooms)
    rule = recurring.parse(after.rule)
    within = reach(rule, after.first_on, after.room, asker, after=since)
    wanted = dated(wish_of(after), (day for day in within.days if day not in after.left_out), rooms)
    found: Sequence[Occurrence] = apart(wanted, await judged(session, wanted, wish_of(after), asker))
    found = await _limited(session, after, wanted, found, asker)
    gaps = tuple(one for one in found if one.clashes)
    grown = replace(
        after,
        left_out=after.left_out | {gap.on for gap in gaps},
        booked_until=None if within.beyond == 0 else within.until,
    )
    operation_id = await series_store.note(session, action, before=before, after=grown, by=asker.by)
    keep = [one for one, verdict in zip(wanted, found, strict=True) if not verdict.clashes]
    new = await add(session, grown, keep, asker, operation_id)
    await series_store.update(session, before, grown)
    await series_store.stand_in_line(session, grown, waited_for(gaps), now=asker.now)
    return grown, new, gaps, operation_id


async def _limited(
    session: WriteSession, series: OneSeries, wanted: Sequence[Dated], found: Sequence[Occurrence], asker: Asker
) -> tuple[Occurrence, ...]:
    free = [booking(one, series, asker, ())[0] for one, verdict in zip(wanted, found, strict=True) if not verdict.clashes]
    over = await over_limits(session, free, asker)
    return tuple(replace(one, verdict=Verdict.RULED_OUT, error=over[one.on]) if one.on in over else one for one in found)


def renewed_rule(series: OneSeries) -> str:
    """Return the rule of a series that goes on as long again, a year at most; raises InvalidSeries where it has no end."""
    rule = recurring.parse(series.rule)
    if rule.endless:
        raise InvalidSeries("That series has no end; there is nothing to renew.")
    days = recurring.all_dates(rule, series.first_on)
    longest = days[-1] + RENEWED_AT_MOST
    endless = replace(rule, count=None, until=None)
    further = [day for day in recurring.dates(endless, series.first_on, until=longest) if day > days[-1]][: len(days)]
    if not further:
        raise InvalidSeries("That series has no date within the next year.")
    renewed = rule.counting(len(days) + len(further)) if rule.count is not None else rule.ending(further[-1])
    return str(renewed)


async def renew(desk: Desk, series_id: UUID, *, by: Actor, key: str | None) -> Booked:
    """Let a series go on as long again; dates that clash are left out and waited for."""
    content = requests.fingerprint("renew", series=series_id, by=by.person_id)
    asker = await desk.asker(by)

    async def work(session: WriteSession) -> Booked:
        if key and await requests.claim(session, key, content=content, event_ids=[], now=asker.now):
            done = await booked_before(session, key, content, asker)
            assert done is not None
            return done
        before = await series_store.locked(session, series_id, asker.catalogue)
        assert before is not None
        allow(before, by)
        if before.status is SeriesStatus.CANCELLED:
            raise errors.SeriesNotActive("This series is cancelled.")
        rule = recurring.parse(before.rule)
        longer = renewed_rule(before)
        last = before.booked_until or recurring.all_dates(rule, before.first_on)[-1]
        wanted = replace(before, rule=longer, status=SeriesStatus.ACTIVE, version=before.version + 1, updated_at=asker.now)
        grown, new, gaps, operation_id = await grow(session, before, wanted, asker, since=last, action="renewed")
        await session.run(_TELL_ANEW, session.tenant, series_id)
        if key:
            await requests.changed_many(session, key, operation_id=operation_id, series_id=series_id)
        return Booked(series=grown, bookings=new, gaps=gaps, beyond=_beyond(grown), operation_id=operation_id)

    return await again(desk, work, repeatable=key is not None, make_way=partial(clear_ahead, desk, series_id, asker))


async def again(
    desk: Desk,
    work: Callable[[WriteSession], Awaitable[T]],
    *,
    repeatable: bool,
    make_way: Callable[[], Awaitable[None]] | None = None,
) -> T:
    """Run work that looks and writes in one transaction, anew where somebody was faster.

    `make_way` removes what has expired there meanwhile: what has is not in the way of looking, but of writing.
    """
    for _ in range(ATTEMPTS):
        try:
            return await desk.db.write(work, repeatable=repeatable)
        except InTheWayError:
            if make_way:
                await make_way()
    raise errors.Busy("Many people are booking at this moment. Nothing was changed; try again.")


async def clear_ahead(desk: Desk, series_id: UUID, asker: Asker) -> None:
    """Remove what has expired where the dates of a series are that it has not booked."""

    async def work(session: ReadSession) -> list[Dated]:
        series = await series_store.by_id(session, series_id, asker.catalogue)
        today = asker.now.astimezone(series.tz).date()
        held = await series_store.held_on(session, series_id, since=today)
        # A series that is renewed goes on after its end.
        rule = replace(recurring.parse(series.rule), count=None, until=None)
        days = reach(rule, series.first_on, series.room, asker, after=today - timedelta(days=1)).days
        missing = (day for day in days if day not in held)
        return dated(wish_of(series), missing, (series.room, *series.more_rooms))

    await clear_expired(desk, await desk.db.read(work), asker)


def allow(series: OneSeries, by: Actor) -> None:
    """Raise NotAllowed where somebody may not change a series."""
    if not series.changeable_by(by):
        raise errors.NotAllowed("Only whoever booked it, those who share it, or an admin can change this series.")


def says(days: Sequence[date], *, today: date) -> str:
    """Return "Tue 24 Nov, Tue 1 Dec and 3 more"."""
    shown = [short_date(day, today=today) for day in days[:3]]
    return listed([*shown, f"{len(days) - 3} more"] if len(days) > 3 else shown)


async def restore(desk: Desk, series_id: UUID, on: date, *, by: Actor, key: str | None) -> Booking:
    """Book a date that was left out, where it can be had again; raises SlotTaken, or the rule in the way."""
    content = requests.fingerprint("restore", series=series_id, on=on, by=by.person_id)
    asker = await desk.asker(by)

    async def work(session: WriteSession) -> Booking:
        answer = key and await requests.claim(session, key, content=content, event_ids=[], now=asker.now)
        if answer and answer.operation_id:
            return (await Feed(asker.catalogue).of_operation(session, answer.operation_id))[0].after
        before = await series_store.locked(session, series_id, asker.catalogue)
        assert before is not None
        allow(before, by)
        one = await _missing(session, before, on)
        (found,) = await judged(session, [one], wish_of(before), asker, horizon=True)
        if found.clashes:
            raise _why(found, one)
        after = replace(before, left_out=before.left_out - {on}, version=before.version + 1, updated_at=asker.now)
        operation_id = await series_store.note(session, "restored", before=before, after=after, by=by)
        try:
            (new,) = await add(session, after, [one], asker, operation_id)
        except OverLimitError as over:
            raise over.found[on] from None
        await series_store.update(session, before, after)
        await series_store.leave_line(session, series_id, [on], now=asker.now)
        if key:
            await requests.changed_many(session, key, operation_id=operation_id, series_id=series_id)
        return new

    return await again(desk, work, repeatable=key is not None, make_way=partial(clear_ahead, desk, series_id, asker))


async def _missing(session: ReadSession, series: OneSeries, on: date) -> Dated:
    rule = recurring.parse(series.rule)
    if on not in recurring.dates(rule, series.first_on, until=on):
        raise InvalidSeries("The series has no date on that day.")
    if on in await series_store.held_on(session, series.id, since=on):
        raise InvalidSeries("That date is booked.")
    return dated(wish_of(series), [on], (series.room, *series.more_rooms))[0]


def _why(found: Occurrence, one: Dated) -> BookingError:
    if found.error is not None:
        return found.error
    return errors.SlotTaken(f"{one.room.name} is taken then.", room=one.room, slot=one.slot, rivals=found.rivals)
