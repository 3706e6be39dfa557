<%! from migrations import oldest_code %>"""${message}."""

from __future__ import annotations

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None
# While it only adds: as the one before. When it takes away what older code uses: its own revision.
oldest_code = ${repr(oldest_code(down_revision))}


def upgrade() -> None:
    ${upgrades if upgrades else "op.execute('')"}


def downgrade() -> None:
    ${downgrades if downgrades else "op.execute('')"}
