"""What Slack got against what is stored: once each, marked each, every yes true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from statistics import median

from tests.faults.history import Past, first_said
from tests.faults.recording import Row

# From Slack's taking a message until its mark is committed, in the machine's seconds: some milliseconds, unless the
# machine has other things to do. A killed replica cannot have lived longer than that after its post.
MARKING = 3.0
# How long a mark is tried for while the database is away, and how long a call may last.
MARKING_WITHOUT_DATABASE, CALL = 31.0, 10.0


def made(past: Past) -> set[str]:
    """Return all cards as `booking@channel` and `booking@person`."""
    return {f"{row['booking_id']}@{row['person_id'] or row['channel_id']}" for row in past.recording.tables["cards"]}


def sent_is_there(past: Past) -> Iterator[str | None]:
    """Whatever counts as sent stands in Slack, where the mark says."""
    for row in [*past.deliveries.values(), *past.cards.values()]:
        if row.get("status", "sent") != "sent" or row["ts"] is None:
            continue
        name = row.get("key") or row["id"]
        places = {(post["channel"], post["ts"]) for post in past.posted.get(name, ()) if not post["deleted"]}
        yield None if (row["channel_id"], row["ts"]) in places else f"{name} counts as sent, and is not where it says"


def there_is_sent(past: Past) -> Iterator[str | None]:
    """Whatever stands in Slack counts as sent, or its answer never came."""
    for key, posts in past.posted.items():
        row = past.deliveries.get(key) or past.cards.get(key)
        if row is None:
            yield f"{key} was posted, and nothing is known of it"
        elif row.get("status", "sent") == "sent" and row["ts"] is not None:
            yield None
        else:
            causes = [cause(post, past) for post in posts]
            yield None if all(causes) else f"{key} is in Slack and counts as {row.get('status', 'not posted')}"


def once(past: Past) -> Iterator[str | None]:
    """Nothing was posted twice, but where the first may not have arrived for all we knew."""
    for key, posts in past.posted.items():
        wrong = [why for post, following in pairwise(posts) if (why := _repeated(key, post, following, past))]
        yield "; ".join(wrong) or None


def _repeated(key: str, post: Row, following: Row, past: Past) -> str | None:
    """Return why a post should not have been repeated; None where it is explained."""
    name = f"{key} was posted {len(past.posted[key])} times"
    at, again = first_said(post), first_said(following)
    if _asked_anew(key, post, again, past):
        return None
    if any(line.get("action") == "notice_sent" and line.get("ts") == post["ts"] for line in lines_about(key, past)):
        return f"{name}, although the first was marked"
    doubts = [line["at"] for line in lines_about(key, past) if line.get("action") == "notice_uncertain"]
    if not any(at <= doubt <= again + 1 for doubt in doubts):
        return f"{name} without a doubt whether it had arrived"
    return None if cause(post, past) else f"{name}: its answer arrived, and nobody was killed"


def _asked_anew(key: str, post: Row, again: float, past: Past) -> bool:
    """Tell whether somebody saw that they were not invited any more, and was invited again: a new message asks them."""
    card = past.cards.get(key)
    if card is None or card["person_id"] is None:
        return False
    events = past.lives[card["booking_id"]].events
    invited = any(card["person_id"] in one.invited and one.at <= past.moment(again) for one in events[1:])
    return invited and "no longer invited" in post["versions"][-1]["text"]


def cause(post: Row, past: Past) -> str | None:
    """Return what kept a post from being marked, None where nothing did."""
    at = first_said(post)
    if post["versions"][0]["answered"] is not True:
        return "answer lost"
    blows = [one["at"] for one in (*past.recording.kills, *past.recording.meta["falls"])]
    if any(at - 0.1 <= blow <= at + MARKING for blow in blows):
        return "killed"
    away = past.recording.outages
    if any(one["from"] - MARKING_WITHOUT_DATABASE <= at <= one["to"] + 1 for one in away):
        return "database away"
    return None


def lines_about(key: str, past: Past) -> list[Row]:
    if not hasattr(past, "_by_key"):
        found: dict[str, list[Row]] = {}
        for line in past.recording.log:
            found.setdefault(line.get("key") or line.get("card") or "", []).append(line)
        past._by_key = found  # type: ignore[attr-defined]
    return past._by_key.get(key, [])  # type: ignore[attr-defined, no-any-return]


def repeats(past: Past) -> Counter[str]:
    """Return how many messages stand in Slack more often than once, by what explains it."""
    found: Counter[str] = Counter()
    for posts in past.posted.values():
        for post, following in pairwise(posts):
            anew = _asked_anew(str(post["key"]), post, first_said(following), past)
            found["invited again" if anew else cause(post, past) or "unexplained"] += 1
    return found


def every_yes(past: Past) -> Iterator[str | None]:
    """What the core said yes to is stored as it said."""
    for yes in past.recording.yes:
        life = past.lives.get(yes["booking"])
        states = [event.after for event in life.events if event.version == yes["version"]] if life else []
        said = (yes["room"], yes["start"], yes["end"], yes["status"])
        right = bool(states) and (states[0].room, states[0].start, states[0].end, states[0].status) == said
        yield (
            None
            if right
            else f"{yes['act']} of {yes['booking']} was answered with version {yes['version']}, which is not stored"
        )


def every_target(past: Past) -> Iterator[str | None]:
    """A booking at a version that a button names, in any message at any time, is stored."""
    stored = {(event.booking, event.version) for event in past.events}
    for post in past.recording.posts:
        for version in post["versions"]:
            for booking, number in version["targets"]:
                wrong = (booking, number) not in stored
                yield f"{version['method']} showed {booking} at version {number}, which is not stored" if wrong else None


def typed_once(past: Past) -> Iterator[str | None]:
    """However often a request arrived, what was typed once is booked once."""
    first = [event.after.title for event in past.events if event.version == 1]
    titles = Counter(first)
    # "Book it again" and the like take the title along.
    titles.subtract(past.recording.meta["booked_again"])
    for typed in past.recording.typed:
        number = titles[typed["title"]]
        yield None if number <= 1 else f'"{typed["title"]}" was booked {number} times'


def invariants(past: Past) -> Iterator[str | None]:
    """`bookroom check` finds nothing."""
    yield "; ".join(past.recording.violations) or None


def no_faults(past: Past) -> Iterator[str | None]:
    """The log holds no error but those of a database that is away."""
    for line in past.recording.log:
        told = line.get("level") in {"error", "critical"} or line.get("action") == "notice_failed"
        if not told or _database_was_away(line, past):
            yield None
        else:
            yield f"{line.get('event')}: {line.get('exception', line.get('action', ''))}"
    for fall in past.recording.meta["falls"]:
        yield None if _database_was_away(fall, past) else f"a replica ended by itself with status {fall['status']}"


def _database_was_away(line: Row, past: Past) -> bool:
    return any(one["from"] - 1 <= line["at"] <= one["to"] + 15 for one in past.recording.outages)


def as_planned(past: Past) -> Iterator[str | None]:
    """A run in which nothing happened would pass every other check."""
    recording = past.recording
    there = {
        "bookings": len(recording.tables["bookings"]),
        "kills": len(recording.kills),
        "crashes": len(recording.outages),
    }
    for name, wanted in recording.meta["planned"].items():
        yield None if there[name] >= wanted else f"{there[name]} {name} instead of {wanted}"


def figures(past: Past) -> dict[str, object]:
    """Return what a reader wants to know of a run."""
    recording = past.recording
    meta, tables = recording.meta, recording.tables
    sent = Counter(row["kind"] for row in past.deliveries.values() if row["status"] == "sent")
    status = Counter(row["status"] for row in past.deliveries.values())
    lags = sorted(line["lag_ms"] / 1000 / meta["speed"] for line in recording.log if "lag_ms" in line and "key" in line)
    again = repeats(past)
    load, rest = meta["peace"] - meta["began"], meta["settled"] - meta["peace"]
    posts = [post for post in recording.posts if post["key"]]
    inflicted = ", ".join(f"{kind} {number}" for kind, number in sorted(meta["inflicted"]["kinds"].items()))
    return {
        "seed; clock": f"{meta['seed']}; {meta['speed']:g} times as fast",
        "seconds of load; until nothing was left": f"{load:.0f}; {rest:.0f}",
        "bookings; events": f"{len(tables['bookings'])}; {len(tables['events'])}",
        "replicas killed; ended by themselves; PostgreSQL crashed": (
            f"{len(recording.kills)}; {len(meta['falls'])}; {len(recording.outages)}"
        ),
        "faults of Slack": inflicted,
        "messages in Slack (channels, threads, people); edits": (
            f"{len(posts)}; {sum(len(post['versions']) - 1 for post in posts)}"
        ),
        "answers to people": sum(len(post["versions"]) for post in recording.posts if post["ephemeral_to"]),
        "deliveries": ", ".join(f"{name} {number}" for name, number in sorted(status.items())),
        "sent": ", ".join(f"{name} {number}" for name, number in sorted(sent.items())),
        "cards": f"{sum(1 for row in past.cards.values() if row['ts'])} posted of {len(past.cards)}",
        "repeated posts, explained by": ", ".join(f"{name} {number}" for name, number in sorted(again.items())) or "none",
        "doubts whether a post had arrived": sum(1 for line in recording.log if line.get("action") == "notice_uncertain"),
        "deliveries, seconds from due to sent: median, 95 of 100, longest": (
            f"{median(lags):.1f}, {lags[len(lags) * 95 // 100]:.1f}, {lags[-1]:.1f}" if lags else "none"
        ),
    }
