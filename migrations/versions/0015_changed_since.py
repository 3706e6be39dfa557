"""Whether an admin has changed anything, as it is at that moment and not as it was when a statement began.

A booking's statement may wait for a rival's claim. What it sees is as old as its beginning; a function that is volatile
looks anew each time.
"""

from __future__ import annotations

from alembic import op

revision = "0015_changed_since"
down_revision = "0014_history"
branch_labels = None
depends_on = None
oldest_code = "0007_forgetting"

CHANGED_SINCE = """
CREATE FUNCTION changed_since(tenant uuid, moment timestamptz) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM changes WHERE tenant_id = tenant AND happened_at > coalesce(moment, '-infinity'::timestamptz)
        AND subject NOT IN ('series', 'token'));
END $$
"""


def upgrade() -> None:
    op.execute(CHANGED_SINCE)


def downgrade() -> None:
    op.execute("DROP FUNCTION changed_since(uuid, timestamptz)")
