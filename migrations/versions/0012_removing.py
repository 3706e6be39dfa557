"""Rows that others of their table point to are removed without a search through the whole table for each."""

from __future__ import annotations

from migrations.concurrently import create_index, drop_index

revision = "0012_removing"
down_revision = "0011_workspaces"
branch_labels = None
depends_on = None
oldest_code = "0007_forgetting"


def upgrade() -> None:
    create_index("changes_undoes", "changes (tenant_id, undoes) WHERE undoes IS NOT NULL")
    create_index("series_continues", "series (tenant_id, continues_id) WHERE continues_id IS NOT NULL")


def downgrade() -> None:
    drop_index("series_continues")
    drop_index("changes_undoes")
