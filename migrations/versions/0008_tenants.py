"""Tenants: where each lives, what was done to them, and how one is carried to another database."""

from __future__ import annotations

from alembic import op

revision = "0008_tenants"
down_revision = "0007_forgetting"
branch_labels = None
depends_on = None
oldest_code = "0007_forgetting"

TABLES = (
    (
        "ALTER TABLE tenants ADD COLUMN slug TEXT, ADD COLUMN placement TEXT,"
        " ADD COLUMN closed_at TIMESTAMP WITH TIME ZONE,"
        " ADD CONSTRAINT tenants_slug UNIQUE (slug),"
        " ADD CONSTRAINT tenants_slug_plain CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$')"
    ),
    """
CREATE TABLE tenant_log (
    id UUID NOT NULL,
    tenant_id UUID NOT NULL,
    name TEXT NOT NULL,
    action TEXT NOT NULL,
    detail JSONB DEFAULT '{}' NOT NULL,
    happened_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT tenant_log_pkey PRIMARY KEY (id)
)
""",
    "CREATE INDEX tenant_log_tenant ON tenant_log (tenant_id, happened_at)",
    """
CREATE TABLE tenant_moves (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    phase TEXT NOT NULL,
    source TEXT,
    target TEXT,
    detail JSONB DEFAULT '{}' NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT tenant_moves_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT tenant_moves_phase_known CHECK (
        phase IN ('freezing','copying','switching','kept','arriving','done','aborted'))
)
""",
    "CREATE UNIQUE INDEX tenant_moves_open ON tenant_moves (tenant_id) WHERE ended_at IS NULL",
)
OPERATORS = ("tenant_log", "tenant_moves")
DIRECTORY = ("tenants", "slack_teams")

# Temporary tables would be looked at first unless they are named last.
DEFINERS = ("make_archive_month(date)", "drop_archive_month(date, date)", "forget_in_history(uuid)")
TENANT_DIRECTORY = """\
CREATE FUNCTION tenant_directory() RETURNS TABLE (id uuid, slug text, placement text, closed_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT t.id, t.slug, t.placement, t.closed_at FROM public.tenants t ORDER BY t.created_at, t.id
$$
"""
TENANT_OF_TEAM = """\
CREATE FUNCTION tenant_of_team(team text, enterprise text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(
        (SELECT t.tenant_id FROM public.slack_teams t WHERE t.team_id = team),
        (SELECT min(t.tenant_id::text)::uuid FROM public.slack_teams t WHERE t.enterprise_id = enterprise
            HAVING count(DISTINCT t.tenant_id) = 1))
$$
"""
ADMIT_TEAM = """\
CREATE FUNCTION admit_team(team text, enterprise text, team_name text, tenant uuid, tenant_name text) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    found uuid;
BEGIN
    -- Two who install the same team at once get one tenant.
    PERFORM pg_advisory_xact_lock(hashtextextended('tenants', 0));
    found := coalesce(public.tenant_of_team(team, enterprise), tenant);
    INSERT INTO public.tenants (id, name) VALUES (found, tenant_name) ON CONFLICT (id) DO NOTHING;
    INSERT INTO public.slack_teams (tenant_id, team_id, enterprise_id, name) VALUES (found, team, enterprise, team_name)
        ON CONFLICT (team_id) DO NOTHING;
    RETURN found;
END $$
"""
REFUSE_WHILE_MOVING = """\
CREATE FUNCTION refuse_while_moving() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('app.carrying', true) = coalesce(NEW.tenant_id, OLD.tenant_id)::text THEN
        IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
            RETURN coalesce(NEW, OLD);
        END IF;
    END IF;
    RAISE EXCEPTION 'the workspace is being moved' USING ERRCODE = 'BK001';
END $$
"""
GRANTS = (
    "REVOKE EXECUTE ON FUNCTION tenant_directory() FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION tenant_directory() TO bookroom_app, bookroom_worker",
    "REVOKE EXECUTE ON FUNCTION tenant_of_team(text, text) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION tenant_of_team(text, text) TO bookroom_app, bookroom_worker",
    "REVOKE EXECUTE ON FUNCTION admit_team(text, text, text, uuid, text) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION admit_team(text, text, text, uuid, text) TO bookroom_app",
)

# The three that judge rows as they come, each as its beginning and its end: between them stands who is not judged.
CARRIED = """\
    -- Whoever carries a whole tenant over brings rows that were judged where they come from.
    IF current_setting('app.carrying', true) <> '' THEN
        IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
            RETURN NULL;
        END IF;
    END IF;
"""
JUDGES = (
    (
        """\
CREATE OR REPLACE FUNCTION bookings_fit_room() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    seats integer;
    in_use boolean;
BEGIN
""",
        """\
    IF NEW.status NOT IN ('pending', 'confirmed', 'checked_in') THEN
        RETURN NULL;
    END IF;
    -- Every column is written at every change: what asks for no more of the room than before is not judged again.
    IF TG_OP = 'UPDATE' AND OLD.status IN ('pending', 'confirmed', 'checked_in')
        AND OLD.room_id = NEW.room_id AND OLD.attendees_count >= NEW.attendees_count THEN
        RETURN NULL;
    END IF;
    SELECT capacity, active INTO seats, in_use FROM rooms
        WHERE tenant_id = NEW.tenant_id AND id = NEW.room_id FOR KEY SHARE;
    IF NEW.attendees_count > seats THEN
        -- Only then is it worth looking whether the booking has more rooms than this one.
        seats := seats + coalesce((SELECT sum(r.capacity) FROM booking_rooms b
            JOIN rooms r ON r.tenant_id = b.tenant_id AND r.id = b.room_id
            WHERE b.tenant_id = NEW.tenant_id AND b.booking_id = NEW.id), 0);
        IF NEW.attendees_count > seats THEN
            RAISE EXCEPTION 'more people than seats'
                USING ERRCODE = '23514', CONSTRAINT = 'bookings_attendees_within_capacity', TABLE = 'bookings';
        END IF;
    END IF;
    IF NOT in_use THEN
        RAISE EXCEPTION 'room out of use' USING ERRCODE = '23514', CONSTRAINT = 'bookings_room_active', TABLE = 'bookings';
    END IF;
    RETURN NULL;
END $$
""",
    ),
    (
        """\
CREATE OR REPLACE FUNCTION bookings_hold_claims() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    booking uuid;
    tenant uuid;
BEGIN
""",
        """\
    IF TG_TABLE_NAME = 'bookings' THEN
        tenant := NEW.tenant_id;
        booking := NEW.id;
    ELSE
        tenant := OLD.tenant_id;
        booking := OLD.booking_id;
    END IF;
    -- Every room of the booking, and of a divisible one each part, is to be claimed for all of its time.
    IF EXISTS (
        SELECT FROM bookings b
        CROSS JOIN LATERAL (
            SELECT b.room_id AS id UNION ALL
            SELECT m.room_id FROM booking_rooms m WHERE m.tenant_id = b.tenant_id AND m.booking_id = b.id
        ) AS room
        LEFT JOIN room_parts p ON p.tenant_id = b.tenant_id AND p.whole_id = room.id
        WHERE b.tenant_id = tenant AND b.id = booking
            AND b.status IN ('pending', 'confirmed', 'checked_in')
            AND NOT EXISTS (
                SELECT FROM room_claims c WHERE c.tenant_id = b.tenant_id AND c.booking_id = b.id
                    AND c.room_id = coalesce(p.part_id, room.id)
                    AND c.start_time <= b.start_time AND c.end_time >= b.end_time
            )
    ) THEN
        RAISE EXCEPTION 'a booking that holds a room needs claims that cover it'
            USING ERRCODE = '23514', CONSTRAINT = 'bookings_claims_cover', TABLE = 'bookings';
    END IF;
    RETURN NULL;
END $$
""",
    ),
    (
        """\
CREATE OR REPLACE FUNCTION equipment_is_there() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    there integer;
    wanted integer;
BEGIN
""",
        """\
    SELECT CASE WHEN active THEN quantity ELSE 0 END INTO there FROM equipment
        WHERE tenant_id = NEW.tenant_id AND id = NEW.equipment_id FOR NO KEY UPDATE;
    -- The most that is out at once within the claim's time: it is so at the start of one of those that meet it.
    SELECT max(out.quantity) INTO wanted FROM (
        SELECT (SELECT sum(o.quantity) FROM equipment_claims o WHERE o.tenant_id = NEW.tenant_id
            AND o.equipment_id = NEW.equipment_id AND o.start_time <= moment.at AND o.end_time > moment.at) AS quantity
        FROM (
            SELECT NEW.start_time AS at UNION
            SELECT c.start_time FROM equipment_claims c WHERE c.tenant_id = NEW.tenant_id
                AND c.equipment_id = NEW.equipment_id AND c.start_time > NEW.start_time AND c.start_time < NEW.end_time
        ) AS moment
    ) AS out;
    IF wanted > there THEN
        RAISE EXCEPTION 'more equipment than there is'
            USING ERRCODE = '23514', CONSTRAINT = 'equipment_claims_within_quantity', TABLE = 'equipment_claims';
    END IF;
    RETURN NULL;
END $$
""",
    ),
)


def upgrade() -> None:
    for statement in (*TABLES, TENANT_DIRECTORY, TENANT_OF_TEAM, ADMIT_TEAM, REFUSE_WHILE_MOVING, *GRANTS):
        op.execute(statement)
    for table in OPERATORS:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    for table in (*DIRECTORY, *OPERATORS):
        op.execute(f"CREATE POLICY {table}_directory ON {table} TO CURRENT_USER USING (true) WITH CHECK (true)")
    for function in DEFINERS:
        op.execute(f"ALTER FUNCTION {function} SET search_path = pg_catalog, public, pg_temp")
    for beginning, end in JUDGES:
        op.execute(beginning + CARRIED + end)


def downgrade() -> None:
    for beginning, end in JUDGES:
        op.execute(beginning + end)
    for function in DEFINERS:
        op.execute(f"ALTER FUNCTION {function} SET search_path = pg_catalog, public")
    for table in DIRECTORY:
        op.execute(f"DROP POLICY {table}_directory ON {table}")
    for table in OPERATORS:
        op.execute(f"DROP TABLE {table}")
    for function in (
        "admit_team(text, text, text, uuid, text)",
        "tenant_of_team(text, text)",
        "tenant_directory()",
        "refuse_while_moving()",
    ):
        op.execute(f"DROP FUNCTION {function}")
    op.execute("ALTER TABLE tenants DROP COLUMN slug, DROP COLUMN placement, DROP COLUMN closed_at")
