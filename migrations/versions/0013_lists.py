"""Lists of everybody's bookings are read by their time, whatever the number of bookings."""

from __future__ import annotations

from migrations.concurrently import create_index, drop_index

revision = "0013_lists"
down_revision = "0012_removing"
branch_labels = None
depends_on = None
oldest_code = "0007_forgetting"


def upgrade() -> None:
    create_index("bookings_start", "bookings (tenant_id, start_time, end_time)")
    create_index("bookings_long", "bookings (tenant_id, start_time) WHERE end_time - start_time > interval '12 hours'")


def downgrade() -> None:
    drop_index("bookings_long")
    drop_index("bookings_start")
