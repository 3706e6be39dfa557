"""A room's history is read by the room, and what is rare in it by indexes that hold nothing else.

A partitioned table knows no way of making one beside its writers; only the job that archives writes there, and waits.
"""

from __future__ import annotations

from alembic import op

revision = "0014_history"
down_revision = "0013_lists"
branch_labels = None
depends_on = None
oldest_code = "0007_forgetting"

INDEXES = {
    "bookings_archive_room": "(tenant_id, room_id, start_time)",
    "bookings_archive_several": "(tenant_id, start_time, end_time) WHERE more_rooms <> '{}'",
    "bookings_archive_long": "(tenant_id, end_time) WHERE end_time - start_time > interval '12 hours'",
}


def upgrade() -> None:
    for name, columns in INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON bookings_archive {columns}")


def downgrade() -> None:
    for name in INDEXES:
        op.execute(f"DROP INDEX {name}")
