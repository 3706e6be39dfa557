"""What was claimed from the outbox, made whole: the booking as it stands, the people, what happened. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from core import offers, people, preferences, series_store, store, subscriptions
from core.catalogue import Catalogue
from core.db import ReadSession
from core.events import Kind
from core.feed import Feed
from core.models import Booking, Person
from core.notices import Card, Delivery, Happened, Notice, Preferences, Together
from core.search import hidden
from core.series_values import OneSeries

Row = Mapping[str, Any]
NOTHING = str(UUID(int=0))


@dataclass(frozen=True, kw_only=True, slots=True)
class Reader:
    """Somebody who is told something."""

    person: Person
    preferences: Preferences
    dm_channel: str | None


async def cards(session: ReadSession, rows: Sequence[Row], catalogue: Catalogue) -> list[Card]:
    """Return claimed cards, rendered from now on."""
    bookings = await store.bookings(session, [row["booking_id"] for row in rows], catalogue)
    readers = await _readers(session, {row["person_id"] for row in rows} - {None})
    versions = [(booking.id, booking.version) for booking in bookings.values()]
    firsts = [(row["booking_id"], row["first_version"]) for row in rows if row["first_version"]]
    feed = Feed(catalogue)
    happened = await feed.of_versions(session, list({*versions, *firsts}))
    series = await series_store.by_ids(session, list({b.series_id for b in bookings.values() if b.series_id}), catalogue)
    done = await feed.together(session, list({one.operation_id for one in happened.values() if one.operation_id}))
    known = _Known(readers=readers, happened=happened, series=series, done=done)
    return [_card(row, _as_told(row, bookings[row["booking_id"]], catalogue), known) for row in rows]


def _as_told(row: Row, booking: Booking, catalogue: Catalogue) -> Booking:
    """Return a booking as a channel may hear of it; whoever is told in person belongs to it."""
    return booking if row["person_id"] else hidden(booking, catalogue)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """What claimed cards are made of, beside their bookings."""

    readers: Mapping[UUID, Reader]
    happened: Mapping[tuple[UUID, int], Happened]
    series: Mapping[UUID, OneSeries]
    done: Mapping[UUID, Together]


def _card(row: Row, booking: Booking, known: _Known) -> Card:
    reader = known.readers.get(row["person_id"])
    last = known.happened.get((booking.id, booking.version)) or _nothing_known(booking)
    first = known.happened.get((booking.id, row["first_version"]))
    # Of many dates that were booked at once, this message told the place; or it is about to.
    announcing = first if row["first_version"] else last
    return Card(
        id=row["id"],
        lease=row["lease"],
        team_id=row["team_id"],
        # A person's conversation may be known from another message: only there can a post be looked for.
        channel_id=row["channel_id"] or (reader.dm_channel if reader else None),
        person=reader.person if reader else None,
        preferences=reader.preferences if reader else None,
        ts=row["ts"],
        booking=booking,
        announced=first.after if first else None,
        last=last,
        attempts=row["attempts"],
        uncertain=row["uncertain"],
        role=row["role"],
        series=known.series.get(booking.series_id) if booking.series_id else None,
        together=known.done.get(announcing.operation_id) if announcing and announcing.operation_id else None,
    )


def _nothing_known(booking: Booking) -> Happened:
    """Stand in for an event that was not kept: as far as we know, it was booked like this."""
    booker = booking.booker
    return Happened(
        kind=Kind.BOOKED,
        before=None,
        after=booking,
        by_slack_user_id=booker.slack_user_id,
        by_person_id=booker.person_id,
        surface="clock",
        reason=None,
        at=booking.updated_at,
    )


async def deliveries(session: ReadSession, rows: Sequence[Row], catalogue: Catalogue) -> list[Delivery]:
    """Return claimed deliveries with all that their texts are made of."""

    def named(column: str) -> list[UUID]:
        return [row[column] for row in rows if row[column]]

    bookings = await store.bookings(session, named("booking_id"), catalogue)
    readers = await _readers(session, named("person_id"))
    subscribed = await subscriptions.by_ids(session, named("subscription_id"), catalogue)
    in_line = await offers.by_ids(session, named("waiting_id"), catalogue) if named("waiting_id") else {}
    versions = {
        (row["booking_id"], version)
        for row in rows
        for version in (row["about"].get("version"), row["about"].get("since"))
        if row["booking_id"] and version
    }
    feed = Feed(catalogue)
    happened = await feed.of_versions(session, list(versions))
    series = await series_store.by_ids(session, _ids(rows, "series"), catalogue)
    done = await feed.together(session, _ids(rows, "operation"))
    made = []
    for row in rows:
        reader = readers.get(row["person_id"])
        made.append(
            Delivery(
                id=row["id"],
                lease=row["lease"],
                key=row["key"],
                kind=Notice(row["kind"]),
                team_id=row["team_id"],
                person=reader.person if reader else None,
                preferences=reader.preferences if reader else None,
                dm_channel=reader.dm_channel if reader else None,
                booking=_as_told(row, booking, catalogue) if (booking := bookings.get(row["booking_id"])) else None,
                happened=_since(row, happened),
                thread=(row["card_channel_id"], row["card_ts"]) if row["card_ts"] else None,
                subscription=subscribed.get(row["subscription_id"]),
                waiting=in_line.get(row["waiting_id"]),
                series=series.get(_id(row, "series")),
                together=done.get(_id(row, "operation")),
                about=row["about"],
                due_at=row["due_at"],
                until=row["until"],
                attempts=row["attempts"],
                uncertain=row["uncertain"],
            )
        )
    return made


def _ids(rows: Sequence[Row], name: str) -> list[UUID]:
    return list({_id(row, name) for row in rows if name in row["about"]})


def _id(row: Row, name: str) -> UUID:
    """Return what `about` names by its id; an id that nothing has where it names none."""
    return UUID(row["about"].get(name, NOTHING))


def _since(row: Row, happened: Mapping[tuple[UUID, int], Happened]) -> Happened | None:
    """Return what happened; where earlier changes were never told, from how the booking was before the first of them."""
    last = happened.get((row["booking_id"], row["about"].get("version")))
    first = happened.get((row["booking_id"], row["about"].get("since")))
    return replace(last, before=first.before) if last and first else last


async def _readers(session: ReadSession, ids: Collection[UUID]) -> dict[UUID, Reader]:
    if not ids:
        return {}
    rows = await session.all(
        f"SELECT {people.COLUMNS}, {preferences.COLUMNS}, p.dm_channel FROM people p"
        " WHERE p.tenant_id = $1 AND p.id = ANY($2::uuid[])",
        session.tenant,
        list(ids),
    )
    return {row["id"]: _reader(dict(row)) for row in rows}


def _reader(row: dict[str, Any]) -> Reader:
    return Reader(
        person=people.person_from({name: row[name] for name in Person.__dataclass_fields__}),
        preferences=preferences.from_row(row),
        dm_channel=row["dm_channel"],
    )
