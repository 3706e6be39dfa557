"""Everything that a run leaves behind, as plain values: what was stored, what Slack got, what was done to the bot.

All moments are Unix seconds; those of the database, `happened` included, are the run's own, those of Slack, the log and
of what befell the run are the machine's. Saved as JSON, so that the reconciliation can be tried on a run of yesterday.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

Row = dict[str, Any]

# Table by table: what is read of it. `*` is all.
QUERIES = {
    "people": "SELECT id, slack_user_id, name, zone, reminder_minutes, end_reminders, tell_invitations, tell_changes,"
    " quiet_from::text, quiet_until::text, digest_at::text FROM people ORDER BY name",
    "rooms": "SELECT r.id, r.name, r.capacity, l.id AS location_id, l.name AS place, l.zone, p.check_in,"
    " p.check_in_opens_minutes AS opens, p.check_in_grace_minutes AS grace, p.check_in_longest_minutes AS longest,"
    " p.check_in_notice_minutes AS notice FROM rooms r JOIN locations l ON l.id = r.location_id"
    " LEFT JOIN policies p ON p.room_id = r.id ORDER BY r.name",
    "subscriptions": "SELECT id, channel_id, location_id, room_id, kinds, digest_at::text, zone, paused FROM subscriptions"
    " ORDER BY channel_id",
    "bookings": "SELECT id, room_id, booked_by, title, start_time, end_time, status, version FROM bookings ORDER BY id",
    "events": "SELECT id, kind, booking_id, booking_version AS version, actor_id, surface, before, after, happened_at,"
    " pg_xact_commit_timestamp(transaction::xid) AS committed FROM events ORDER BY transaction, number",
    "cards": "SELECT id, booking_id, channel_id, person_id, ts, first_version, wanted_version, rendered_version, due_at,"
    " attempts, given_up, given_up_at, leased_until, created_at FROM cards ORDER BY id",
    "deliveries": "SELECT id, key, kind, booking_id, person_id, card_id, subscription_id, waiting_id, about, due_at, until,"
    " status, reason, attempts, channel_id, ts, created_at, done_at FROM deliveries ORDER BY key",
    "waiting": "SELECT id, person_id, room_id, start_time, end_time, status, offered_room_id, offer_expires_at, booking_id,"
    " created_at, updated_at, version FROM waiting ORDER BY id",
    "claims": "SELECT room_id, kind, booking_id, waiting_id, start_time, end_time FROM room_claims ORDER BY start_time",
}


@dataclass(kw_only=True)
class Recording:
    """One run. `meta` holds clock, seed and the moments at which it was over; the rest are rows by table, and lists."""

    meta: Row
    tables: dict[str, list[Row]]
    posts: list[Row]
    kills: list[Row]
    outages: list[Row]
    yes: list[Row]
    typed: list[Row]
    log: list[Row]
    violations: list[str] = field(default_factory=list)

    def save(self, path: Path) -> None:
        """Write it as compressed JSON, the same bytes for the same recording."""
        path.write_bytes(gzip.compress(json.dumps(asdict(self), separators=(",", ":")).encode(), mtime=0))

    @classmethod
    def load(cls, path: Path) -> Recording:
        """Read what `save` wrote."""
        return cls(**json.loads(gzip.decompress(path.read_bytes())))


async def tables(url: str) -> dict[str, list[Row]]:
    """Read the tables, as somebody who sees everything."""
    connection = await asyncpg.connect(url)
    try:
        await connection.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return {
                name: [{field: plain(value) for field, value in row.items()} for row in await connection.fetch(sql)]
                for name, sql in QUERIES.items()
            }
    finally:
        await connection.close()


def plain(value: Any) -> Any:
    """Return a value of the database as JSON has it; a moment as Unix seconds."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value


def slim(post: Row) -> Row:
    """Return what counts of a message that the bot posted; `targets` are the bookings and versions that its buttons name."""
    said = post["metadata"] or {}
    return {
        "channel": post["channel"],
        "ts": post["ts"],
        "thread_ts": post["thread_ts"],
        "ephemeral_to": post["ephemeral_to"],
        "key": said.get("event_payload", {}).get("key") if said.get("event_type") == "bookroom" else None,
        "deleted": bool(post["deleted"]),
        "versions": [
            {
                "method": one["method"],
                "at": one["at"],
                "answered": one["answered"],
                "text": one["text"],
                "targets": sorted(targets(one["blocks"])),
            }
            for one in post["versions"]
        ],
    }


def targets(value: Any) -> set[tuple[str, int]]:
    """Return the bookings at versions that buttons anywhere in these blocks stand for."""
    if isinstance(value, list):
        return {one for each in value for one in targets(each)}
    if not isinstance(value, dict):
        return set()
    found = {one for each in value.values() for one in targets(each)}
    carried = value.get("value")
    if isinstance(carried, str) and carried.startswith("{"):
        try:
            said = json.loads(carried)
        except ValueError:
            return found
        if isinstance(said, dict) and "b" in said and "v" in said:
            found.add((str(said["b"]), int(said["v"])))
    return found


def log_lines(path: Path, replica: str) -> list[Row]:
    """Return what a replica's log tells of notices, and its errors; a line cut off by a kill is passed over."""
    found = []
    for line in path.read_text(errors="replace").splitlines() if path.exists() else ():
        try:
            said = json.loads(line)
        except ValueError:
            continue
        action = str(said.get("action", ""))
        if not action.startswith("notice_") and said.get("level") not in {"error", "critical"}:
            continue
        at = datetime.fromisoformat(str(said["timestamp"])).timestamp()
        kept = (
            "action",
            "kind",
            "key",
            "card",
            "channel",
            "ts",
            "found",
            "reason",
            "why",
            "uncertain",
            "level",
            "event",
            "lag_ms",
        )
        row = {"at": at, "replica": replica, **{name: said[name] for name in kept if name in said}}
        if "exception" in said:
            # The last line says what it was; those before it name files of this machine.
            row["exception"] = str(said["exception"]).strip().splitlines()[-1][:300]
        found.append(row)
    return found
