"""Whether what was made was due at all, and whether it was still true when it was sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.faults import due
from tests.faults.history import ALIVE, Past, State, first_said, iso
from tests.faults.recording import Row

# From reading how a booking stands until Slack takes the message, in the machine's seconds: two seconds for another
# message to the same channel, then the call.
UNDER_WAY = 6.0
# Between the look at what is due and the row.
MAKING = 4.0


def judged(past: Past) -> Iterator[str | None]:
    """Return of each delivery and card why it should not have been made, None where it should."""
    wanted = _wanted_messages(past)
    for key, row in past.deliveries.items():
        judge = _JUDGES.get(row["kind"])
        if judge is not None:
            yield judge(row, past)
        elif row["kind"] in {"changed", "late", "released", "size"}:
            yield None if key in wanted else f"{key}: nobody was to be told"
        elif row["kind"] == "history":
            yield None if _in_a_thread(row, past) else f"{key}: that does not belong into a thread"
        elif row["kind"] in {"digest", "channel_digest"}:
            rows = (
                past.people
                if row["kind"] == "digest"
                else {one["id"]: one for one in past.recording.tables["subscriptions"]}
            )
            reader = rows[row["person_id"] or row["subscription_id"]]
            yield None if reader["digest_at"] else f"{key}: nobody asked for it"
        else:
            yield None
    asked = _asked_cards(past)
    for card in past.cards.values():
        name = f"{card['booking_id']}@{card['person_id'] or card['channel_id']}"
        yield None if name in asked else f"card {card['id']}: nobody asked for {name}"


def _wanted_messages(past: Past) -> set[str]:
    return {due.told_key(kind, one.booking, one.version, who) for one in past.events for kind, who in due.told(one, past)}


def _asked_cards(past: Past) -> set[str]:
    # Somebody may have told any channel of a booking by a button.
    asked = set(past.recording.meta["shared"])
    for event in past.events:
        asked |= {f"{event.booking}@{who}" for who in event.invited if past.people[who]["tell_invitations"]}
        asked |= {
            f"{event.booking}@{one['channel_id']}"
            for one in past.recording.tables["subscriptions"]
            if due.hears(one, event, past)
        }
    return asked


def _in_a_thread(row: Row, past: Past) -> bool:
    version = row["about"]["version"]
    events = [event for event in past.lives[row["booking_id"]].events if event.version == version]
    return bool(events) and due.in_thread(events[0]) and past.cards[row["card_id"]]["person_id"] is None


def _reminder(row: Row, past: Past) -> str | None:
    life, person = past.lives[row["booking_id"]], row["person_id"]
    minutes, start = row["about"]["minutes"], row["until"]
    moment = start - 60 * minutes
    then = life.at(moment)
    if row["key"] != due.reminder_key(row["booking_id"], person, start, minutes):
        return f"{row['key']} does not fit its fields"
    if minutes not in past.people[person]["reminder_minutes"]:
        return f"{row['key']}: not among their minutes"
    if then is None or then.start != start or not (person == then.booker or person in then.said):
        return f"{row['key']}: the meeting was not there, or not theirs, when it fell due"
    return _made_in_time(row, past, moment, lambda one: one.start == start and one.status in ALIVE and one.comes(person))


def _ending(row: Row, past: Past) -> str | None:
    life, end = past.lives[row["booking_id"]], row["until"]
    then = life.at(end - due.BEFORE_END)
    if not past.people[row["person_id"]]["end_reminders"]:
        return f"{row['key']}: they want none"
    if then is None or then.end != end or end - then.start < due.LONG_ENOUGH:
        return f"{row['key']}: it did not end then when that fell due, or is short"
    return _made_in_time(row, past, end - due.BEFORE_END, lambda one: one.end == end and one.status in ALIVE)


def _warning(row: Row, past: Past) -> str | None:
    booking, person = row["booking_id"], row["person_id"]

    def unattended(one: State) -> bool:
        fits = due.warning_key(booking, person, one) == row["key"] and one.status == "confirmed" and one.comes(person)
        return fits and due.release_at(one, past.rooms[one.room]) is not None

    at = _made(row, past)
    states = [one.after for one in past.lives[booking].events if one.at <= at and unattended(one.after)]
    if not states:
        return f"{row['key']}: nobody had to check in"
    release = due.release_at(states[-1], past.rooms[states[-1].room])
    assert release is not None
    return _made_in_time(row, past, release - due.WARNING, unattended)


def _made_in_time(row: Row, past: Past, moment: float, holds: Callable[[State], bool]) -> str | None:
    made = _made(row, past)
    if made < moment - past.span(0.5):
        return f"{row['key']}: made before it was due"
    seen = past.lives[row["booking_id"]].between(made - past.span(MAKING), made)
    return None if any(one and holds(one) for one in seen) else f"{row['key']}: made when it no longer held"


def _made(row: Row, past: Past) -> float:
    return past.moment(row["created_at"])


_JUDGES: dict[str, Callable[[Row, Past], str | None]] = {
    "reminder": _reminder,
    "ending": _ending,
    "release_warning": _warning,
}


# -- when it was sent --------------------------------------------------------------------------------------------------


def still_true(past: Past) -> Iterator[str | None]:
    """Return of each message in Slack whether it was true when it was posted, a send under way apart."""
    for key, posts in past.posted.items():
        row = past.deliveries.get(key)
        if row is None or row["booking_id"] is None or row["kind"] not in _TRUE:
            continue
        for post in posts:
            at = past.moment(first_said(post))
            seen = list(past.lives[row["booking_id"]].between(at - past.span(UNDER_WAY), at))
            late = row["until"] is not None and at > row["until"] + past.span(UNDER_WAY)
            if late:
                yield f"{key} was posted {(at - row['until']) / 60:.1f} minutes after its time"
            elif any(one and _TRUE[row["kind"]](row, one) for one in seen):
                yield None
            else:
                known = past.lives[row["booking_id"]].at(at)
                yield f"{key} was posted at {iso(at)}, when the booking was {known and known.status}, or elsewhere"


def _reminds(row: Row, state: State) -> bool:
    return state.status in ALIVE and state.start == row["until"] and state.comes(row["person_id"])


def _warns(row: Row, state: State) -> bool:
    fits = due.warning_key(row["booking_id"], row["person_id"], state) == row["key"]
    return fits and state.status == "confirmed" and state.comes(row["person_id"])


_TRUE: dict[str, Callable[[Row, State], bool]] = {
    "reminder": _reminds,
    "ending": lambda row, state: state.status in ALIVE and state.end == row["until"],
    "release_warning": _warns,
    "released": lambda row, state: state.status == "released",
    "late": lambda row, state: state.status == "confirmed" and state.late and state.comes(row["person_id"]),
    "size": lambda row, state: state.holds,
    "changed": lambda row, state: not state.holds or state.comes(row["person_id"]),
}
