"""What is held at a moment is found at once, however many rooms there are."""

from __future__ import annotations

from migrations.concurrently import create_index, drop_index

revision = "0009_held_then"
down_revision = "0008_tenants"
branch_labels = None
depends_on = None
oldest_code = "0007_forgetting"


def upgrade() -> None:
    """Index claims by their time; long ones apart, so that nobody looks far back for the others."""
    create_index("room_claims_then", "room_claims (tenant_id, start_time, end_time)")
    create_index("room_claims_long", "room_claims (tenant_id, end_time) WHERE end_time - start_time > interval '12 hours'")


def downgrade() -> None:
    drop_index("room_claims_long")
    drop_index("room_claims_then")
