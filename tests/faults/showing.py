"""How it ended: every message sent, dropped or given up for a reason that was true, every card showing its booking."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from tests.faults import due
from tests.faults.due import GRACE, WARNING
from tests.faults.history import ALIVE, HOLDING, Event, Past, State
from tests.faults.recording import Row
from tests.faults.slack_side import lines_about

# A replica that was killed keeps what it had in hand for a lease of 30 s; after that it is sent, on a busy machine.
LEASE = 45.0


def releases(past: Past) -> Iterator[str | None]:
    """Every release was due and warned of; every booking that ought to have been released is."""
    grace = past.span(GRACE)
    for booking, life in past.lives.items():
        for event in life.events:
            if event.kind == "released" and event.surface == "clock":
                yield _rightly(event, past)
            at = due.release_at(event.after, past.rooms[event.after.room])
            if event.after.status != "confirmed" or at is None:
                continue
            warned = _warned(booking, event.after, past)
            if not warned or any(one is None for one in warned):
                continue
            at = max(at, *(one + WARNING for one in warned if one))
            seen = list(life.between(at, at + grace))
            kept = at + grace < min(event.after.end, past.settled) and all(one == event.after for one in seen)
            yield f"{booking} should have been released" if kept else None


def _warned(booking: str, state: State, past: Past) -> list[float | None]:
    """Return when each warning that counts was sent or given up; None for one that never was."""
    prefix = f"release_warning:{booking}:"
    ending = due.warning_key(booking, "", state).removeprefix(f"release_warning:{booking}:")
    rows = [row for key, row in past.deliveries.items() if key.startswith(prefix) and key.endswith(ending)]
    told = [row for row in rows if row["status"] != "dropped"]
    return [row["done_at"] if row["status"] in {"sent", "given_up"} else None for row in told]


def _rightly(event: Event, past: Past) -> str | None:
    state = event.before
    assert state is not None
    at = due.release_at(state, past.rooms[state.room])
    if state.status != "confirmed" or at is None or event.at < at:
        return f"{event.booking} was released although it was {state.status}, or too early"
    warned = [one for one in _warned(event.booking, state, past) if one and one <= event.at - WARNING + 0.001]
    return None if warned else f"{event.booking} was released without a warning three minutes before"


def waiting(past: Past) -> Iterator[str | None]:
    """Every offer has its message, every missed one too; nobody waits at the end for a room that stood free all the time."""
    claims = past.recording.tables["claims"]
    grace = past.span(GRACE)
    for row in past.recording.tables["waiting"]:
        told = {key for key in past.deliveries if key.startswith((f"offer:{row['id']}:", f"offer_missed:{row['id']}:"))}
        if row["status"] == "offered" and f"offer:{row['id']}:{row['version']}" not in told:
            yield f"{row['id']} was offered a room and not told"
        elif row["status"] == "missed" and f"offer_missed:{row['id']}:{row['version']}" not in told:
            yield f"{row['id']} missed an offer and was not told"
        elif row["status"] == "offered" and row["offer_expires_at"] + grace < past.settled:
            yield f"{row['id']} still has an offer that ran out"
        elif row["status"] == "waiting" and _free(row, claims) and row["start_time"] > past.settled + grace:
            yield f"{row['id']} waits for a room that is free" if _awake(row, past) else None
        else:
            yield None


def _free(row: Row, claims: list[Row]) -> bool:
    return not any(
        one["room_id"] == row["room_id"] and one["start_time"] < row["end_time"] and one["end_time"] > row["start_time"]
        for one in claims
    )


def _awake(row: Row, past: Past) -> bool:
    """Tell whether somebody could have been asked; whoever has quiet hours may have been in them."""
    return past.people[row["person_id"]]["quiet_from"] is None


# -- how it ended ------------------------------------------------------------------------------------------------------


def dropped(past: Past) -> Iterator[str | None]:
    """What was made and not sent was dropped for a reason that was true at that moment."""
    for row in past.deliveries.values():
        if row["status"] == "dropped":
            why = _false(row, past)
            yield f"{row['key']} was dropped ({row['reason']}): {why}" if why else None


def _false(row: Row, past: Past) -> str | None:
    """Return why the reason was not true, None where it was."""
    at, reason = row["done_at"], row["reason"]
    states: list[State] = []
    if row["booking_id"]:
        seen = past.lives[row["booking_id"]].between(at - past.span(GRACE), at)
        states = [one for one in seen if one]
    person = row["person_id"]
    match reason:
        case "too late":
            return _not_too_late(row, past)
        case "the booking no longer holds the room":
            wanted = {"confirmed"} if row["kind"] == "release_warning" else ALIVE
            right = any(one.status not in wanted for one in states)
        case "the booking has moved":
            right = any(_moved(row, one) for one in states)
        case "they are not coming any more":
            right = any(not one.comes(person) for one in states)
        case "a later reminder of the same meeting is due too":
            nearer = [m for m in past.people[person]["reminder_minutes"] if m < row["about"]["minutes"]]
            right = any(row["until"] - 60 * m <= at for m in nearer)
        case "it is no longer so":
            right = _overtaken(row, states, past)
        case "a later change is told instead":
            later = [one for one in past.deliveries.values() if _later(one, row)]
            right = bool(later)
        case "it is as it was before":
            right = row["kind"] == "changed" and row["about"]["version"] > 1
        case "the first message tells it":
            right = past.cards[row["card_id"]]["first_version"] >= row["about"]["version"]
        case "its first message could not be posted":
            right = past.cards[row["card_id"]]["given_up"] is not None
        case "its first message was never posted":
            right = past.cards[row["card_id"]]["ts"] is None
        case "there is nothing to say any more":
            right = row["kind"] in {"changed", "size", "history", "ending", "digest", "channel_digest", "late", "released"}
        case "asked for after its hour":
            right = row["kind"] in {"digest", "channel_digest"}
        case "they have turned it off":
            right = row["kind"] == "channel_digest"
        case _:
            return "that is no reason that is known here"
    return None if right else "that was not so"


def _moved(row: Row, state: State) -> bool:
    """Tell whether a booking in this state is not where the message was about."""
    if row["kind"] == "reminder":
        return bool(state.start != row["until"])
    return row["kind"] != "ending" or bool(state.end != row["until"])


def _later(one: Row, row: Row) -> bool:
    same = (one["kind"], one["booking_id"], one["person_id"]) == (row["kind"], row["booking_id"], row["person_id"])
    return same and bool(one["about"]["version"] > row["about"]["version"])


def _overtaken(row: Row, states: list[State], past: Past) -> bool:
    match row["kind"]:
        case "release_warning":
            return any(due.warning_key(row["booking_id"], row["person_id"], one) != row["key"] for one in states)
        case "released":
            return any(one.status != "released" for one in states)
        case "late":
            return any(one.status != "confirmed" or not one.late for one in states)
        case "offer" | "offer_missed":
            place = next(one for one in past.recording.tables["waiting"] if one["id"] == row["waiting_id"])
            return bool(place["version"] > row["about"]["version"])
    return True


def _not_too_late(row: Row, past: Past) -> str | None:
    """Return why it might have been sent in time: nothing stood in the way, or only for a short while."""
    if row["until"] is not None and row["done_at"] < row["until"] - past.span(1):
        return "there was still time"
    begins = max(row["due_at"], past.moment(row["created_at"]))
    window = ((row["until"] or row["done_at"]) - begins) / past.recording.meta["speed"]
    held = [line for line in lines_about(row["key"], past) if line.get("action") in {"notice_retried", "notice_uncertain"}]
    quiet = row["person_id"] and past.people[row["person_id"]]["quiet_from"]
    if window < LEASE or held or quiet:
        return None
    return f"{window:.0f} seconds were not enough, and nothing failed"


def given_up(past: Past) -> Iterator[str | None]:
    """What was given up tells why, and its channel was closed by then."""
    channels = {row["id"]: row["channel_id"] for row in past.recording.tables["subscriptions"]}
    for row in [*past.deliveries.values(), *past.cards.values()]:
        is_card = "status" not in row
        reason, at = (row["given_up"], row["given_up_at"]) if is_card else (row["reason"], row["done_at"])
        if (reason is None) if is_card else (row["status"] != "given_up"):
            continue
        card = row if is_card else past.cards.get(row["card_id"] or "")
        channel = channels.get(row.get("subscription_id") or "") or (card["channel_id"] if card else None)
        closed = due.closed_from(channel, past) if channel else None
        right = bool(reason) and closed is not None and at >= closed - past.span(1)
        yield None if right else f"{row.get('key') or row['id']} was given up ({reason}) though {channel} was open"


def left_over(past: Past) -> Iterator[str | None]:
    """Nothing that was due some time ago is still to be sent; the outbox had come to rest."""
    yield None if past.recording.meta["drained"] else "the outbox was not empty in time"
    before = past.settled - past.span(GRACE)
    for row in past.deliveries.values():
        late = row["status"] == "pending" and row["due_at"] < before
        yield f"{row['key']} was due and is pending" if late else None
    for card in past.cards.values():
        behind = card["given_up"] is None and card["rendered_version"] < card["wanted_version"] and card["due_at"] < before
        yield f"card {card['id']} is behind" if behind else None


# -- cards -------------------------------------------------------------------------------------------------------------


def posted(past: Past) -> Iterator[str | None]:
    """A card that was never posted had nothing to tell at some moment: the booking was over, or the person not invited."""
    for card in past.cards.values():
        if card["ts"] or card["given_up"] or _later_held(card, past):
            continue
        life = past.lives[card["booking_id"]]
        asked = [event for event in life.events if not card["person_id"] or card["person_id"] in event.after.said]
        begins = asked[0].known if asked else life.events[0].known
        seen = list(life.between(begins, past.settled))
        over = any(one is None or not one.holds or one.end <= past.settled for one in seen)
        gone = card["person_id"] and any(one and card["person_id"] not in one.said for one in seen)
        yield None if over or gone else f"card {card['id']} of {card['booking_id']} was never posted"


def _later_held(card: Row, past: Past) -> bool:
    """Tell whether it waits for the end of somebody's quiet hours, or for its first attempt."""
    waits = card["rendered_version"] < card["wanted_version"]
    return waits and bool(card["due_at"] > past.settled - past.span(GRACE))


def final(past: Past) -> Iterator[str | None]:
    """The message of a card shows its booking's room, hours and fate; one message for each, which `once` counts."""
    for card in past.cards.values():
        if card["ts"] is None or card["given_up"] or _later_held(card, past):
            continue
        life = past.lives[card["booking_id"]]
        raising = [event for event in life.events if due.raises(event)]
        # What happened at the very end may not have been drawn when everything was stopped.
        shown = [event for event in raising if event.known < past.settled - past.span(1)]
        if not shown or shown[-1] is not raising[-1]:
            continue
        posts = [post for post in past.posted.get(card["id"], ()) if post["ts"] == card["ts"]]
        if not posts:
            yield f"card {card['id']} is not in Slack"
            continue
        text = posts[0]["versions"][-1]["text"]
        missing = [word for word in _words(card, raising[-1], past) if word not in text]
        wrong = f"card {card['id']} shows {text!r} without {missing}"
        behind = card["rendered_version"] != raising[-1].version
        yield wrong if missing else f"card {card['id']} is at another version" if behind else None


def _words(card: Row, event: Event, past: Past) -> list[str]:
    """Return what the text of a card has to say."""
    state = event.after
    room = past.rooms[state.room]
    start, end = (datetime.fromtimestamp(one, UTC).astimezone(ZoneInfo(room["zone"])) for one in (state.start, state.end))
    words = [room["name"], f"{start:%H:%M}-{end:%H:%M}"]
    if card["person_id"] and card["person_id"] not in state.said:
        return [*words, "no longer invited"]
    if state.status == "cancelled":
        words += ["❌", "cancelled"]
    elif state.status == "released":
        words += ["🔓", "released at"]
    elif event.early:
        words += ["🔓", "ended at"]
    elif card["person_id"] and not state.there:
        answer = {"going": "You are going.", "declined": "You said that you cannot come."}.get(
            state.said[card["person_id"]] or ""
        )
        words += [answer] if answer else []
    if state.title and not state.private and state.status in {*HOLDING, "ended"}:
        words.append(state.title)
    return words
