"""The core: tenants, people, rooms, bookings, claims, request keys, events; roles and row-level security."""

from __future__ import annotations

from alembic import op

revision = "0001_core"
down_revision = None
branch_labels = None
depends_on = None

DEFAULT_TENANT = "00000000-0000-7000-8000-000000000001"

# Roles belong to the whole server: another database of it may have made them, perhaps at this moment.
ROLES = """
DO $$
DECLARE
    role text;
    -- Since version 16 whoever creates a role belongs to it, but may not act as it until that is granted.
    acting text := CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END;
BEGIN
    FOREACH role IN ARRAY ARRAY['bookroom_app', 'bookroom_worker'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', role);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;
            END;
        END IF;
        -- The owner's login may serve a small installation: it steps down to these roles when it connects.
        IF NOT pg_has_role(current_user, role, acting) THEN
            BEGIN
                EXECUTE format('GRANT %I TO CURRENT_USER', role);
            EXCEPTION WHEN insufficient_privilege THEN
                RAISE NOTICE 'the owner may not act as %: it needs a login of its own', role;
            END;
        END IF;
    END LOOP;
END $$
"""

TABLES = (
    """
CREATE TABLE tenants (
    id UUID NOT NULL,
    name TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT tenants_pkey PRIMARY KEY (id)
)
""",
    """
CREATE TABLE events (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    number BIGINT GENERATED ALWAYS AS IDENTITY,
    transaction xid8 DEFAULT pg_current_xact_id() NOT NULL,
    kind TEXT NOT NULL,
    booking_id UUID NOT NULL,
    booking_version INTEGER NOT NULL,
    actor_id UUID NOT NULL,
    surface TEXT NOT NULL,
    before JSONB,
    after JSONB,
    reason TEXT,
    happened_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT events_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT events_tenant_id_fkey FOREIGN KEY(tenant_id) REFERENCES tenants (id)
)
""",
    "CREATE UNIQUE INDEX events_booking ON events (tenant_id, booking_id, booking_version)",
    "CREATE INDEX events_number ON events (tenant_id, number)",
    """
CREATE TABLE locations (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    zone TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    CONSTRAINT locations_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT locations_tenant_id_fkey FOREIGN KEY(tenant_id) REFERENCES tenants (id)
)
""",
    "CREATE UNIQUE INDEX locations_name ON locations (tenant_id, lower(name))",
    """
CREATE TABLE requests (
    tenant_id UUID NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    result JSONB NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT requests_pkey PRIMARY KEY (tenant_id, key),
    CONSTRAINT requests_tenant_id_fkey FOREIGN KEY(tenant_id) REFERENCES tenants (id)
)
""",
    "CREATE INDEX requests_expiry ON requests (tenant_id, expires_at)",
    """
CREATE TABLE slack_teams (
    tenant_id UUID NOT NULL,
    team_id TEXT NOT NULL,
    enterprise_id TEXT,
    name TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT slack_teams_pkey PRIMARY KEY (tenant_id, team_id),
    CONSTRAINT slack_teams_tenant_id_fkey FOREIGN KEY(tenant_id) REFERENCES tenants (id),
    CONSTRAINT slack_teams_one_tenant UNIQUE (team_id)
)
""",
    """
CREATE TABLE people (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    slack_team_id TEXT NOT NULL,
    slack_user_id TEXT NOT NULL,
    name TEXT NOT NULL,
    zone TEXT DEFAULT 'UTC' NOT NULL,
    locale TEXT DEFAULT 'en-US' NOT NULL,
    default_location_id UUID,
    slack_admin BOOLEAN DEFAULT false NOT NULL,
    guest BOOLEAN DEFAULT false NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT people_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT people_tenant_id_fkey FOREIGN KEY(tenant_id) REFERENCES tenants (id),
    CONSTRAINT people_default_location_id_fkey FOREIGN KEY(tenant_id, default_location_id)
        REFERENCES locations (tenant_id, id),
    CONSTRAINT people_slack_user UNIQUE (tenant_id, slack_team_id, slack_user_id)
)
""",
    """
CREATE TABLE rooms (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    location_id UUID NOT NULL,
    name TEXT NOT NULL,
    capacity INTEGER NOT NULL,
    floor TEXT,
    setup_minutes INTEGER DEFAULT 0 NOT NULL,
    teardown_minutes INTEGER DEFAULT 0 NOT NULL,
    active BOOLEAN DEFAULT true NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    CONSTRAINT rooms_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT rooms_location_id_fkey FOREIGN KEY(tenant_id, location_id) REFERENCES locations (tenant_id, id),
    CONSTRAINT rooms_capacity_positive CHECK (capacity >= 1),
    CONSTRAINT rooms_buffers_sane CHECK (setup_minutes BETWEEN 0 AND 1440 AND teardown_minutes BETWEEN 0 AND 1440)
)
""",
    "CREATE INDEX rooms_by_name ON rooms (tenant_id, name)",
    "CREATE UNIQUE INDEX rooms_name ON rooms (tenant_id, location_id, lower(name))",
    """
CREATE TABLE admins (
    tenant_id UUID NOT NULL,
    person_id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT admins_pkey PRIMARY KEY (tenant_id, person_id),
    CONSTRAINT admins_person_id_fkey FOREIGN KEY(tenant_id, person_id) REFERENCES people (tenant_id, id)
)
""",
    """
CREATE TABLE bookings (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    room_id UUID NOT NULL,
    booked_by UUID NOT NULL,
    title TEXT,
    start_time TIMESTAMP WITH TIME ZONE NOT NULL,
    end_time TIMESTAMP WITH TIME ZONE NOT NULL,
    attendees_count INTEGER DEFAULT 1 NOT NULL,
    status TEXT NOT NULL,
    private BOOLEAN DEFAULT false NOT NULL,
    cancel_reason TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    CONSTRAINT bookings_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT bookings_room_id_fkey FOREIGN KEY(tenant_id, room_id) REFERENCES rooms (tenant_id, id),
    CONSTRAINT bookings_booked_by_fkey FOREIGN KEY(tenant_id, booked_by) REFERENCES people (tenant_id, id),
    CONSTRAINT bookings_end_after_start CHECK (end_time > start_time),
    CONSTRAINT bookings_attendees_positive CHECK (attendees_count >= 1),
    CONSTRAINT bookings_title_length CHECK (char_length(title) <= 200),
    CONSTRAINT bookings_status_known
        CHECK (status IN ('pending','confirmed','checked_in','declined','expired','cancelled','released','ended'))
)
""",
    "CREATE INDEX bookings_booker_end ON bookings (tenant_id, booked_by, end_time)",
    "CREATE INDEX bookings_room_span ON bookings (tenant_id, room_id, start_time, end_time)",
    "CREATE INDEX bookings_room_start ON bookings (tenant_id, room_id, start_time)",
    """
CREATE TABLE policies (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    location_id UUID,
    room_id UUID,
    opening JSONB,
    shortest_minutes INTEGER,
    longest_minutes INTEGER,
    horizon_days INTEGER,
    cutoff_on BOOLEAN,
    cutoff_from TIME WITHOUT TIME ZONE,
    guests_may_book BOOLEAN,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    CONSTRAINT policies_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT policies_tenant_id_fkey FOREIGN KEY(tenant_id) REFERENCES tenants (id),
    CONSTRAINT policies_location_id_fkey FOREIGN KEY(tenant_id, location_id) REFERENCES locations (tenant_id, id),
    CONSTRAINT policies_room_id_fkey FOREIGN KEY(tenant_id, room_id) REFERENCES rooms (tenant_id, id),
    CONSTRAINT policies_one_scope CHECK (location_id IS NULL OR room_id IS NULL),
    CONSTRAINT policies_lengths_positive CHECK (shortest_minutes >= 1 AND longest_minutes >= 1 AND horizon_days >= 0)
)
""",
    """
CREATE UNIQUE INDEX policies_scope ON policies (tenant_id,
    coalesce(location_id, '00000000-0000-0000-0000-000000000000'::uuid),
    coalesce(room_id, '00000000-0000-0000-0000-000000000000'::uuid))
""",
    """
CREATE TABLE room_amenities (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    room_id UUID NOT NULL,
    name TEXT NOT NULL,
    CONSTRAINT room_amenities_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT room_amenities_room_id_fkey FOREIGN KEY(tenant_id, room_id)
        REFERENCES rooms (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT room_amenities_once UNIQUE (tenant_id, room_id, name)
)
""",
    """
CREATE TABLE attendees (
    tenant_id UUID NOT NULL,
    booking_id UUID NOT NULL,
    person_id UUID NOT NULL,
    co_organiser BOOLEAN DEFAULT false NOT NULL,
    CONSTRAINT attendees_pkey PRIMARY KEY (tenant_id, booking_id, person_id),
    CONSTRAINT attendees_booking_id_fkey FOREIGN KEY(tenant_id, booking_id) REFERENCES bookings (tenant_id, id),
    CONSTRAINT attendees_person_id_fkey FOREIGN KEY(tenant_id, person_id) REFERENCES people (tenant_id, id)
)
""",
    "CREATE INDEX attendees_person ON attendees (tenant_id, person_id)",
    """
CREATE TABLE room_claims (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    room_id UUID NOT NULL,
    kind TEXT NOT NULL,
    booking_id UUID,
    start_time TIMESTAMP WITH TIME ZONE NOT NULL,
    end_time TIMESTAMP WITH TIME ZONE NOT NULL,
    during TSTZRANGE GENERATED ALWAYS AS (tstzrange(start_time, end_time)) STORED NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT room_claims_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT room_claims_room_id_fkey FOREIGN KEY(tenant_id, room_id) REFERENCES rooms (tenant_id, id),
    CONSTRAINT room_claims_booking_id_fkey FOREIGN KEY(tenant_id, booking_id) REFERENCES bookings (tenant_id, id),
    CONSTRAINT room_claims_end_after_start CHECK (end_time > start_time),
    CONSTRAINT room_claims_kind_known CHECK (kind IN ('booking','offer','block')),
    CONSTRAINT room_claims_of_booking CHECK ((kind = 'booking') = (booking_id IS NOT NULL)),
    CONSTRAINT room_claims_no_overlap EXCLUDE USING gist (tenant_id WITH =, room_id WITH =, during WITH &&)
)
""",
    "CREATE INDEX room_claims_booking ON room_claims (tenant_id, booking_id)",
    "CREATE INDEX room_claims_room_span ON room_claims (tenant_id, room_id, start_time, end_time)",
)

FUNCTIONS = (
    """
CREATE FUNCTION bookings_fit_room() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    room record;
BEGIN
    IF NEW.status NOT IN ('pending', 'confirmed', 'checked_in') THEN
        RETURN NULL;
    END IF;
    -- Every column is written at every change: what asks for no more of the room than before is not judged again.
    IF TG_OP = 'UPDATE' AND OLD.status IN ('pending', 'confirmed', 'checked_in')
        AND OLD.room_id = NEW.room_id AND OLD.attendees_count >= NEW.attendees_count THEN
        RETURN NULL;
    END IF;
    SELECT capacity, active INTO room FROM rooms WHERE tenant_id = NEW.tenant_id AND id = NEW.room_id FOR KEY SHARE;
    IF NEW.attendees_count > room.capacity THEN
        RAISE EXCEPTION 'more people than seats'
            USING ERRCODE = '23514', CONSTRAINT = 'bookings_attendees_within_capacity', TABLE = 'bookings';
    END IF;
    IF NOT room.active THEN
        RAISE EXCEPTION 'room out of use' USING ERRCODE = '23514', CONSTRAINT = 'bookings_room_active', TABLE = 'bookings';
    END IF;
    RETURN NULL;
END $$
""",
    """
CREATE FUNCTION rooms_seat_their_bookings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM bookings WHERE tenant_id = NEW.tenant_id AND room_id = NEW.id AND end_time > now()
            AND status IN ('pending', 'confirmed', 'checked_in') AND attendees_count > NEW.capacity
    ) THEN
        RAISE EXCEPTION 'a future booking needs more seats'
            USING ERRCODE = '23514', CONSTRAINT = 'rooms_capacity_covers_bookings', TABLE = 'rooms';
    END IF;
    RETURN NULL;
END $$
""",
    """
CREATE FUNCTION bookings_hold_claims() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    booking uuid;
    tenant uuid;
BEGIN
    IF TG_TABLE_NAME = 'bookings' THEN
        tenant := NEW.tenant_id;
        booking := NEW.id;
    ELSE
        tenant := OLD.tenant_id;
        booking := OLD.booking_id;
    END IF;
    IF EXISTS (
        SELECT FROM bookings b WHERE b.tenant_id = tenant AND b.id = booking
            AND b.status IN ('pending', 'confirmed', 'checked_in')
            AND NOT EXISTS (
                SELECT FROM room_claims c WHERE c.tenant_id = b.tenant_id AND c.booking_id = b.id
                    AND c.room_id = b.room_id AND c.start_time <= b.start_time AND c.end_time >= b.end_time
            )
    ) THEN
        RAISE EXCEPTION 'a booking that holds a room needs claims that cover it'
            USING ERRCODE = '23514', CONSTRAINT = 'bookings_claims_cover', TABLE = 'bookings';
    END IF;
    RETURN NULL;
END $$
""",
)

TRIGGERS = (
    """
CREATE TRIGGER bookings_fit_room AFTER INSERT OR UPDATE OF room_id, attendees_count, status ON bookings
    FOR EACH ROW EXECUTE FUNCTION bookings_fit_room()
""",
    """
CREATE TRIGGER rooms_seat_their_bookings AFTER UPDATE OF capacity ON rooms
    FOR EACH ROW WHEN (NEW.capacity < OLD.capacity) EXECUTE FUNCTION rooms_seat_their_bookings()
""",
    """
CREATE CONSTRAINT TRIGGER bookings_hold_claims AFTER INSERT OR UPDATE OF room_id, start_time, end_time, status ON bookings
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION bookings_hold_claims()
""",
    """
CREATE CONSTRAINT TRIGGER room_claims_hold_bookings AFTER UPDATE OR DELETE ON room_claims
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.booking_id IS NOT NULL)
    EXECUTE FUNCTION bookings_hold_claims()
""",
)

TENANT_TABLES = (
    "slack_teams",
    "people",
    "admins",
    "locations",
    "rooms",
    "room_amenities",
    "policies",
    "bookings",
    "attendees",
    "room_claims",
    "requests",
    "events",
)
DROP_ORDER = (
    "tenants",
    "events",
    "locations",
    "requests",
    "slack_teams",
    "people",
    "rooms",
    "admins",
    "bookings",
    "policies",
    "room_amenities",
    "attendees",
    "room_claims",
)

# Fails closed: without a tenant on the connection no row is seen.
CURRENT = "nullif(current_setting('app.tenant', true), '')::uuid"

GRANTS = (
    "GRANT SELECT ON tenants TO {role}",
    "GRANT SELECT, INSERT, UPDATE ON slack_teams, people, locations, rooms, policies, bookings TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON admins, room_amenities, attendees, room_claims, requests TO {role}",
    "GRANT SELECT, INSERT ON events TO {role}",
    "GRANT SELECT ON alembic_version TO {role}",
)


def _secure(table: str) -> None:
    column = "id" if table == "tenants" else "tenant_id"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY {table}_tenant ON {table} USING ({column} = {CURRENT}) WITH CHECK ({column} = {CURRENT})")


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.execute(ROLES)
    for statement in (*TABLES, *FUNCTIONS, *TRIGGERS):
        op.execute(statement)
    for table in ("tenants", *TENANT_TABLES):
        _secure(table)
    for role in ("bookroom_app", "bookroom_worker"):
        for grant in GRANTS:
            op.execute(grant.format(role=role))
    op.execute(f"SELECT set_config('app.tenant', '{DEFAULT_TENANT}', true)")
    op.execute(f"INSERT INTO tenants (id, name) VALUES ('{DEFAULT_TENANT}', 'default')")


def downgrade() -> None:
    # The roles stay: they are the server's, and other databases may use them.
    for table in reversed(DROP_ORDER):
        op.execute(f"DROP TABLE {table}")
    for function in ("bookings_fit_room", "rooms_seat_their_bookings", "bookings_hold_claims"):
        op.execute(f"DROP FUNCTION {function}()")
    op.execute("REVOKE SELECT ON alembic_version FROM bookroom_app, bookroom_worker")
