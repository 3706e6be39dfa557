"""Heartbeats: what a copy of the database has come to know of the one that it follows."""

from __future__ import annotations

from alembic import op

revision = "0010_heartbeats"
down_revision = "0009_held_then"
branch_labels = None
depends_on = None
oldest_code = "0007_forgetting"

STATEMENTS = (
    """
CREATE TABLE heartbeats (
    one BOOLEAN DEFAULT true NOT NULL,
    timeline INTEGER NOT NULL,
    beaten_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT heartbeats_pkey PRIMARY KEY (one),
    CONSTRAINT heartbeats_one CHECK (one)
)
""",
    "GRANT SELECT, INSERT, UPDATE ON heartbeats TO bookroom_app, bookroom_worker",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE heartbeats")
