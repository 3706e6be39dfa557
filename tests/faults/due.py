"""What ought to have been told, reckoned from events and settings alone, without any of the product's code.

Each function yields what must be there, as `Expected`: keys of deliveries, any of which will do, or a card. What may be
there but need not, because the booking was just changing when it fell due, is told by `may_`-functions to the contrary.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from tests.faults.firm import ARCHIVED, WITHOUT_US
from tests.faults.history import ALIVE, Event, Life, Past, State, iso
from tests.faults.recording import Row

# How long planning may take at worst, in the machine's seconds: both replicas dead, the database away, a busy machine.
GRACE = 20.0
BEFORE_END = 15 * 60
LONG_ENOUGH = 30 * 60
WARNING = 3 * 60
HOLD_OFF = 10 * 60
WORDS = {"booked": "booked", "changed": "changed", "cancelled": "cancelled", "released": "released"}


@dataclass(frozen=True, kw_only=True)
class Expected:
    """One of these keys must be among the deliveries (or cards, `booking@channel or person`); `why` tells a reader."""

    keys: tuple[str, ...]
    why: str


def _ids(past: Past) -> Iterator[tuple[str, Life]]:
    yield from past.lives.items()


# -- by the clock ------------------------------------------------------------------------------------------------------


def reminders(past: Past) -> Iterator[Expected]:
    """Return the reminders before a start: for booker and everybody coming, at the minutes that they chose."""
    grace = past.span(GRACE)
    for booking, life in _ids(past):
        for start in {event.after.start for event in life.events}:
            for person, row in past.people.items():
                for minutes in row["reminder_minutes"]:
                    due = start - 60 * minutes
                    if due + grace > past.settled or not _reminds(life, start, person, due, grace):
                        continue
                    # Of several that come late, the nearest alone is made.
                    nearer = [m for m in row["reminder_minutes"] if m <= minutes and start - 60 * m <= due + grace]
                    keys = tuple(reminder_key(booking, person, start, m) for m in nearer)
                    yield Expected(keys=keys, why=f"reminder of {row['name']} {minutes} minutes before {iso(start)}")


def reminder_key(booking: str, person: str, start: float, minutes: int) -> str:
    """Return the key of a reminder."""
    return f"reminder:{booking}:{person}:{iso(start)}:{minutes}"


def _reminds(life: Life, start: float, person: str, due: float, grace: float) -> bool:
    then = life.at(due)
    if then is None or then.start != start or not (person == then.booker or person in then.said):
        return False
    seen = life.between(due, due + grace)
    return all(one and one.start == start and one.status in ALIVE and one.comes(person) for one in seen)


def endings(past: Past) -> Iterator[Expected]:
    """Return the reminders a quarter of an hour before the end of meetings of half an hour or more, to the booker."""
    grace = past.span(GRACE)
    for booking, life in _ids(past):
        for end in {event.after.end for event in life.events}:
            due = end - BEFORE_END
            then = life.at(due)
            if then is None or then.end != end or due + grace > past.settled:
                continue
            seen = list(life.between(due, due + grace))
            if all(one and _ends(one, end, due) for one in seen) and past.people[then.booker]["end_reminders"]:
                yield Expected(keys=(f"ending:{booking}:{then.booker}:{iso(end)}",), why=f"ending at {iso(end)}")


def _ends(state: State, end: float, due: float) -> bool:
    return state.end == end and state.status in ALIVE and state.end - state.start >= LONG_ENOUGH and state.start < due


def release_at(state: State, room: Row) -> float | None:
    """Return when a room is given back unless somebody comes, by the clock alone; None where that is not asked for."""
    if not room["check_in"] or state.end - state.start > 60 * room["longest"]:
        return None
    return float(state.start + 60 * room["grace"] + (HOLD_OFF if state.late else 0))


def settled_at(life: Life, moment: float) -> float:
    """Return when a booking got the start that it has at a moment: made, moved there, or on again."""
    times = [
        event.at
        for event in life.events
        if event.at <= moment and (event.before is None or event.before.start != event.after.start or not event.before.holds)
    ]
    return max(times, default=moment)


def warnings(past: Past) -> Iterator[Expected]:
    """Return the warnings three minutes before a release, to everybody who comes."""
    grace = past.span(GRACE)
    for booking, life in _ids(past):
        for state in {event.version: event.after for event in life.events}.values():
            at = release_at(state, past.rooms[state.room])
            if at is None:
                continue
            due = max(at - WARNING, state.start)
            seen = list(life.between(due, due + grace))
            if due + grace > past.settled or not all(one and _unattended(one, state, due + grace) for one in seen):
                continue
            if settled_at(life, due) > state.start - 60 * past.rooms[state.room]["notice"]:
                continue
            people = set.intersection(*({one.booker, *one.coming} for one in seen if one))
            for person in people:
                yield Expected(keys=(warning_key(booking, person, state),), why=f"warning before {iso(at)}")


def warning_key(booking: str, person: str, state: State) -> str:
    """Return the key of the warning to a person."""
    return f"release_warning:{booking}:{person}:{iso(state.start)}{':late' if state.late else ''}"


def _unattended(state: State, like: State, until: float) -> bool:
    same = (state.start, state.late, state.room) == (like.start, like.late, like.room)
    return same and state.status == "confirmed" and state.end > until


def digests(past: Past) -> Iterator[Expected]:
    """Return the digests of people and channels whose hour has come within the run."""
    for kind, rows in (
        ("digest", past.recording.tables["people"]),
        ("channel_digest", past.recording.tables["subscriptions"]),
    ):
        for row in rows:
            if row["digest_at"] is None:
                continue
            begins = datetime.fromtimestamp(past.recording.meta["begins"], UTC).astimezone(ZoneInfo(row["zone"]))
            due = datetime.combine(begins.date(), time.fromisoformat(row["digest_at"]), tzinfo=begins.tzinfo).timestamp()
            # Somebody looks every quarter of a minute of the machine's.
            if due > past.recording.meta["begins"] and due + past.span(GRACE + 15) < past.settled:
                yield Expected(keys=(f"{kind}:{row['id']}:{begins.date()}",), why=f"{kind} at {row['digest_at']}")


# -- by what happened --------------------------------------------------------------------------------------------------


def told(event: Event, past: Past) -> Iterator[tuple[str, str]]:
    """Return whom an event is told to by a message of its own: (kind, person)."""
    after, before = event.after, event.before
    coming = {after.booker, *after.coming} - event.invited - {event.by}
    if before is not None and moved(event):
        yield from (("changed", person) for person in coming if person and past.people[person]["tell_changes"])
    elif event.kind == "late":
        yield from (("late", person) for person in coming if person)
    elif event.kind == "released":
        yield "released", after.booker
    if before is not None and _sized(event, past) and event.by != after.booker:
        yield "size", after.booker


def told_key(kind: str, booking: str, version: int, person: str) -> str:
    """Return the key of a message about a version."""
    return f"{kind}:{booking}:{version}" + ("" if kind in {"released", "size"} else f":{person}")


def moved(event: Event) -> bool:
    """Tell whether those who come have to know: another room or time, no room any more, or one again."""
    before, after = event.before, event.after
    if before is None or event.kind not in {"changed", "cancelled", "restored"}:
        return False
    if (before.room, before.start, before.holds) != (after.room, after.start, after.holds):
        return True
    return before.end != after.end and event.at < before.start


def _sized(event: Event, past: Past) -> bool:
    """Tell whether others have made the room too small or much too large, or left the booker alone."""
    before, after = event.before, event.after
    if before is None or not after.holds or before.room != after.room or event.kind not in {"responded", "changed"}:
        return False
    if event.actor == after.booker and event.kind == "changed":
        return False
    return fits_no_more(before, after, past) or nobody_comes(before, after)


def fits_no_more(before: State, after: State, past: Past) -> bool:
    """Tell whether the room has become too small for those who come, or three times too large."""
    seats = past.rooms[after.room]["capacity"]
    small = len(before.coming) + 1 <= seats < len(after.coming) + 1
    large = after.count * 3 <= seats < before.count * 3
    return bool(small or large)


def nobody_comes(before: State, after: State) -> bool:
    """Tell whether the last of those invited who still came does not any more; where nobody is invited, nobody is missed."""
    return bool(before.coming) and bool(after.said) and not after.coming


def messages(past: Past) -> Iterator[Expected]:
    """Return what others did, told to those whom it concerns; what follows at once may be told instead."""
    grace = past.span(GRACE)
    for booking, life in _ids(past):
        for event in life.events:
            ends = max(event.after.end, event.before.end if event.before else 0)
            if event.known + grace > past.settled or ends < event.known + grace:
                continue
            for kind, person in told(event, past):
                later = [
                    one.version
                    for one in life.events
                    if one.version >= event.version
                    and one.known <= event.known + grace
                    and (kind, person) in set(told(one, past))
                ]
                keys = tuple(told_key(kind, booking, version, person) for version in later)
                yield Expected(keys=keys, why=f"{kind} of version {event.version} to {past.people[person]['name']}")


def left_alone(past: Past) -> Iterator[str]:
    """Return the keys of messages that are due for no other reason than that nobody comes any more."""
    alone = {one.keys[0] for one in messages(past) if len(one.keys) == 1}
    for event in past.events:
        key = told_key("size", event.booking, event.version, event.after.booker)
        if key in alone and event.before and not fits_no_more(event.before, event.after, past):
            yield key


def invitations(past: Past) -> Iterator[Expected]:
    """Return the cards of those who were invited and want to hear of it."""
    for event in past.events:
        if not event.after.holds or event.known + past.span(GRACE) > min(past.settled, event.after.end):
            continue
        for person in event.invited:
            if past.people[person]["tell_invitations"]:
                yield Expected(keys=(f"{event.booking}@{person}",), why=f"invitation of {past.people[person]['name']}")


def word_of(event: Event) -> str | None:
    """Return which of a channel's words an event goes by."""
    if event.kind == "restored":
        return "changed" if event.before and event.before.holds else "booked"
    if event.early:
        return "ended"
    return None if event.kind == "changed" and not event.visible else WORDS.get(event.kind)


def covers(subscription: Row, room: Row) -> bool:
    """Tell whether a channel listens to a room."""
    if subscription["room_id"]:
        return bool(subscription["room_id"] == room["id"])
    return subscription["location_id"] in {None, room["location_id"]}


def hears(subscription: Row, event: Event, past: Past) -> bool:
    """Tell whether a channel asked to hear of an event."""
    word = word_of(event)
    if word is None or subscription["digest_at"] or not covers(subscription, past.rooms[event.after.room]):
        return False
    new_here = event.before is not None and not covers(subscription, past.rooms[event.before.room])
    return word in subscription["kinds"] or (word == "changed" and new_here and "booked" in subscription["kinds"])


def closed_from(channel: str, past: Past) -> float | None:
    """Return from when on nothing could be said in a channel; None for one that stayed open."""
    if channel == WITHOUT_US:
        return float(past.recording.meta["begins"])
    archived = past.recording.meta["archived"]
    return past.moment(archived) if channel == ARCHIVED and archived else None


def channel_cards(past: Past) -> Iterator[Expected]:
    """Return the living messages that channels asked for."""
    grace = past.span(GRACE)
    for event in past.events:
        if event.known + grace > min(past.settled, event.after.end):
            continue
        for subscription in past.recording.tables["subscriptions"]:
            closed = closed_from(subscription["channel_id"], past)
            if hears(subscription, event, past) and (closed is None or event.known + grace < closed):
                key = f"{event.booking}@{subscription['channel_id']}"
                yield Expected(keys=(key,), why=f"{word_of(event)} in {subscription['channel_id']}")


def raises(event: Event) -> bool:
    """Tell whether a booking's cards are drawn anew after an event: after all but its natural end."""
    return event.kind != "ended" or event.early


def in_thread(event: Event) -> bool:
    """Tell whether an event is told in the threads of a booking's cards."""
    seen = event.kind == "changed" and event.visible
    return seen or event.early or event.kind in {"cancelled", "released", "restored", "late"}


def histories(past: Past) -> Iterator[Expected]:
    """Return the lines in the threads of cards that stood there before something happened."""
    for card in past.recording.tables["cards"]:
        posts = past.posted.get(card["id"], [])
        if card["person_id"] or card["given_up"] or not posts or not card["ts"]:
            continue
        there = past.moment(posts[0]["versions"][0]["at"])
        for event in past.lives[card["booking_id"]].events:
            new = event.at > there and event.version > card["first_version"]
            if new and in_thread(event) and event.known + past.span(GRACE) < past.settled:
                yield Expected(keys=(f"history:{card['id']}:{event.version}",), why=f"{event.kind} in the thread")
