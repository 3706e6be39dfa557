"""The waiting list is for several rooms and for things to borrow as well; searches say what was to come along."""

from __future__ import annotations

from alembic import op

revision = "0005_waiting"
down_revision = "0004_retention"
branch_labels = None
depends_on = None

NO_ID = "'00000000-0000-0000-0000-000000000000'::uuid"
ONCE = (
    "CREATE UNIQUE INDEX waiting_once ON waiting (tenant_id, person_id, start_time, end_time,"
    f" coalesce(room_id, {NO_ID}){{more}}) WHERE status IN ('waiting', 'offered')"
)
# What is out is little: giving each row an id of its own, which rewrites them, is done in a moment.
FORWARD = (
    (
        "ALTER TABLE waiting"
        " ADD COLUMN more_room_ids UUID[] DEFAULT '{}' NOT NULL,"
        " ADD COLUMN equipment_ids UUID[] DEFAULT '{}' NOT NULL,"
        " ADD COLUMN equipment_counts INTEGER[] DEFAULT '{}' NOT NULL,"
        " ADD CONSTRAINT waiting_more_beside_one CHECK (room_id IS NOT NULL OR cardinality(more_room_ids) = 0),"
        " ADD CONSTRAINT waiting_equipment_counted CHECK (cardinality(equipment_ids) = cardinality(equipment_counts)"
        " AND 1 <= ALL (equipment_counts))"
    ),
    "DROP INDEX waiting_once",
    ONCE.format(more=", more_room_ids"),
    (
        "ALTER TABLE equipment_claims"
        " DROP CONSTRAINT equipment_claims_pkey,"
        " ALTER COLUMN booking_id DROP NOT NULL,"
        " ADD COLUMN id UUID DEFAULT gen_random_uuid() NOT NULL,"
        " ADD COLUMN waiting_id UUID,"
        " ADD COLUMN expires_at TIMESTAMP WITH TIME ZONE,"
        " ADD CONSTRAINT equipment_claims_pkey PRIMARY KEY (tenant_id, id),"
        " ADD CONSTRAINT equipment_claims_waiting_id_fkey FOREIGN KEY (tenant_id, waiting_id)"
        " REFERENCES waiting (tenant_id, id),"
        " ADD CONSTRAINT equipment_claims_of_one CHECK ((booking_id IS NULL) <> (waiting_id IS NULL)"
        " AND (waiting_id IS NULL) = (expires_at IS NULL))"
    ),
    "CREATE UNIQUE INDEX equipment_claims_booking ON equipment_claims (tenant_id, booking_id, equipment_id)",
    (
        "CREATE UNIQUE INDEX equipment_claims_waiting ON equipment_claims (tenant_id, waiting_id, equipment_id)"
        " WHERE waiting_id IS NOT NULL"
    ),
    "ALTER TABLE searches ADD COLUMN equipment TEXT[] DEFAULT '{}' NOT NULL",
    # Holding on to something for longer asks for no more of it, and must not wait for whoever lends it.
    "DROP TRIGGER equipment_is_there ON equipment_claims",
    (
        "CREATE TRIGGER equipment_is_there AFTER INSERT OR UPDATE OF equipment_id, quantity, start_time, end_time"
        " ON equipment_claims FOR EACH ROW EXECUTE FUNCTION equipment_is_there()"
    ),
)
# Places in line for more than a room are over: the earlier version would offer the one room without the rest.
UNKNOWN_BEFORE = (
    "DELETE FROM equipment_claims WHERE waiting_id IS NOT NULL",
    (
        "DELETE FROM room_claims c USING waiting w WHERE w.tenant_id = c.tenant_id AND w.id = c.waiting_id"
        " AND cardinality(w.more_room_ids) + cardinality(w.equipment_ids) > 0"
    ),
    (
        "UPDATE waiting SET status = 'over', version = version + 1 WHERE status IN ('waiting', 'offered')"
        " AND cardinality(more_room_ids) + cardinality(equipment_ids) > 0"
    ),
)
BACK = (
    "DROP TRIGGER equipment_is_there ON equipment_claims",
    (
        "CREATE TRIGGER equipment_is_there AFTER INSERT OR UPDATE ON equipment_claims"
        " FOR EACH ROW EXECUTE FUNCTION equipment_is_there()"
    ),
    "ALTER TABLE searches DROP COLUMN equipment",
    "DROP INDEX equipment_claims_booking",
    (
        "ALTER TABLE equipment_claims DROP COLUMN waiting_id, DROP COLUMN expires_at, DROP COLUMN id,"
        " ALTER COLUMN booking_id SET NOT NULL,"
        " ADD CONSTRAINT equipment_claims_pkey PRIMARY KEY (tenant_id, booking_id, equipment_id)"
    ),
    "DROP INDEX waiting_once",
    "ALTER TABLE waiting DROP COLUMN more_room_ids, DROP COLUMN equipment_ids, DROP COLUMN equipment_counts",
    ONCE.format(more=""),
)


def upgrade() -> None:
    for statement in FORWARD:
        op.execute(statement)


def downgrade() -> None:
    # The owner too sees no tenant's rows.
    seen = ("waiting", "room_claims", "equipment_claims")
    for table in seen:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    for statement in UNKNOWN_BEFORE:
        op.execute(statement)
    for table in seen:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    for statement in BACK:
        op.execute(statement)
