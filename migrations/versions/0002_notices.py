"""Notices: living messages, deliveries, subscriptions, the waiting list, check-in, settings, open views."""

from __future__ import annotations

from alembic import op

revision = "0002_notices"
down_revision = "0001_core"
branch_labels = None
depends_on = None

# Constants as defaults and new nullable columns: none of it rewrites a table or holds its lock for long.
NEW_COLUMNS = (
    (
        "ALTER TABLE people"
        " ADD COLUMN reminder_minutes INTEGER[] DEFAULT '{10}' NOT NULL,"
        " ADD COLUMN end_reminders BOOLEAN DEFAULT true NOT NULL,"
        " ADD COLUMN tell_invitations BOOLEAN DEFAULT true NOT NULL,"
        " ADD COLUMN tell_changes BOOLEAN DEFAULT true NOT NULL,"
        " ADD COLUMN quiet_from TIME,"
        " ADD COLUMN quiet_until TIME,"
        " ADD COLUMN digest_at TIME,"
        " ADD COLUMN dm_channel TEXT,"
        " ADD CONSTRAINT people_quiet_both CHECK ((quiet_from IS NULL) = (quiet_until IS NULL)),"
        " ADD CONSTRAINT people_reminders_sane CHECK (cardinality(reminder_minutes) <= 5"
        " AND 0 < ALL (reminder_minutes) AND 1440 >= ALL (reminder_minutes))"
    ),
    (
        "ALTER TABLE attendees"
        " ADD COLUMN response TEXT,"
        " ADD COLUMN responded_at TIMESTAMP WITH TIME ZONE,"
        " ADD CONSTRAINT attendees_response_known CHECK (response IN ('going','declined'))"
    ),
    ("ALTER TABLE bookings ADD COLUMN late_at TIMESTAMP WITH TIME ZONE, ADD COLUMN checked_in_at TIMESTAMP WITH TIME ZONE"),
    "ALTER TABLE rooms ADD COLUMN door TEXT",
    "CREATE UNIQUE INDEX rooms_door ON rooms (door)",
    (
        "ALTER TABLE policies"
        " ADD COLUMN check_in BOOLEAN,"
        " ADD COLUMN check_in_opens_minutes INTEGER,"
        " ADD COLUMN check_in_grace_minutes INTEGER,"
        " ADD COLUMN check_in_longest_minutes INTEGER,"
        " ADD COLUMN check_in_notice_minutes INTEGER,"
        " ADD CONSTRAINT policies_check_in_sane CHECK (check_in_opens_minutes >= 0 AND check_in_grace_minutes >= 1"
        " AND check_in_longest_minutes >= 1 AND check_in_notice_minutes >= 0)"
    ),
    "ALTER TABLE room_claims ADD COLUMN waiting_id UUID",
)

TABLES = (
    """
CREATE TABLE waiting (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    person_id UUID NOT NULL,
    room_id UUID,
    location_id UUID,
    floor TEXT,
    start_time TIMESTAMP WITH TIME ZONE NOT NULL,
    end_time TIMESTAMP WITH TIME ZONE NOT NULL,
    attendees_count INTEGER DEFAULT 1 NOT NULL,
    amenities TEXT[] DEFAULT '{}' NOT NULL,
    title TEXT,
    private BOOLEAN DEFAULT false NOT NULL,
    shared BOOLEAN DEFAULT false NOT NULL,
    invitees UUID[] DEFAULT '{}' NOT NULL,
    status TEXT NOT NULL,
    offered_room_id UUID,
    offer_expires_at TIMESTAMP WITH TIME ZONE,
    booking_id UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    CONSTRAINT waiting_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT waiting_person_id_fkey FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, id),
    CONSTRAINT waiting_room_id_fkey FOREIGN KEY (tenant_id, room_id) REFERENCES rooms (tenant_id, id),
    CONSTRAINT waiting_location_id_fkey FOREIGN KEY (tenant_id, location_id) REFERENCES locations (tenant_id, id),
    CONSTRAINT waiting_offered_room_id_fkey FOREIGN KEY (tenant_id, offered_room_id) REFERENCES rooms (tenant_id, id),
    CONSTRAINT waiting_booking_id_fkey FOREIGN KEY (tenant_id, booking_id) REFERENCES bookings (tenant_id, id),
    CONSTRAINT waiting_end_after_start CHECK (end_time > start_time),
    CONSTRAINT waiting_attendees_positive CHECK (attendees_count >= 1),
    CONSTRAINT waiting_status_known CHECK (status IN ('waiting','offered','taken','declined','missed','left','over')),
    CONSTRAINT waiting_offer_whole CHECK ((status = 'offered') <= (offered_room_id IS NOT NULL
        AND offer_expires_at IS NOT NULL)),
    CONSTRAINT waiting_taken_booked CHECK ((status = 'taken') = (booking_id IS NOT NULL))
)
""",
    "CREATE INDEX waiting_line ON waiting (tenant_id, start_time) WHERE status = 'waiting'",
    "CREATE INDEX waiting_offers ON waiting (tenant_id, offer_expires_at) WHERE status = 'offered'",
    "CREATE INDEX waiting_person ON waiting (tenant_id, person_id, end_time)",
    (
        "CREATE UNIQUE INDEX waiting_once ON waiting (tenant_id, person_id, start_time, end_time,"
        " coalesce(room_id, '00000000-0000-0000-0000-000000000000'::uuid)) WHERE status IN ('waiting', 'offered')"
    ),
    (
        "ALTER TABLE room_claims"
        " ADD CONSTRAINT room_claims_waiting_id_fkey FOREIGN KEY (tenant_id, waiting_id) REFERENCES waiting (tenant_id, id),"
        " ADD CONSTRAINT room_claims_of_offer CHECK ((kind = 'offer') = (waiting_id IS NOT NULL)"
        " AND (kind <> 'offer' OR expires_at IS NOT NULL))"
    ),
    "CREATE INDEX room_claims_waiting ON room_claims (tenant_id, waiting_id) WHERE waiting_id IS NOT NULL",
    """
CREATE TABLE subscriptions (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    team_id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    location_id UUID,
    room_id UUID,
    kinds TEXT[] NOT NULL,
    digest_at TIME,
    zone TEXT NOT NULL,
    created_by UUID NOT NULL,
    paused TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    CONSTRAINT subscriptions_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT subscriptions_location_id_fkey FOREIGN KEY (tenant_id, location_id) REFERENCES locations (tenant_id, id),
    CONSTRAINT subscriptions_room_id_fkey FOREIGN KEY (tenant_id, room_id) REFERENCES rooms (tenant_id, id),
    CONSTRAINT subscriptions_created_by_fkey FOREIGN KEY (tenant_id, created_by) REFERENCES people (tenant_id, id),
    CONSTRAINT subscriptions_one_scope CHECK (location_id IS NULL OR room_id IS NULL),
    CONSTRAINT subscriptions_kinds_known CHECK (cardinality(kinds) >= 1
        AND kinds <@ ARRAY['booked','changed','cancelled','released','ended'])
)
""",
    (
        "CREATE UNIQUE INDEX subscriptions_scope ON subscriptions (tenant_id, team_id, channel_id,"
        " coalesce(location_id, '00000000-0000-0000-0000-000000000000'::uuid),"
        " coalesce(room_id, '00000000-0000-0000-0000-000000000000'::uuid))"
    ),
    """
CREATE TABLE cards (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    booking_id UUID NOT NULL,
    team_id TEXT NOT NULL,
    channel_id TEXT,
    person_id UUID,
    ts TEXT,
    first_version INTEGER,
    wanted_version INTEGER NOT NULL,
    rendered_version INTEGER DEFAULT 0 NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    attempts INTEGER DEFAULT 0 NOT NULL,
    lease UUID,
    leased_until TIMESTAMP WITH TIME ZONE,
    posting_since TIMESTAMP WITH TIME ZONE,
    given_up TEXT,
    given_up_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT cards_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT cards_booking_id_fkey FOREIGN KEY (tenant_id, booking_id) REFERENCES bookings (tenant_id, id),
    CONSTRAINT cards_person_id_fkey FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, id),
    CONSTRAINT cards_somewhere CHECK (channel_id IS NOT NULL OR person_id IS NOT NULL),
    CONSTRAINT cards_posted_whole CHECK ((ts IS NULL) = (first_version IS NULL) AND (ts IS NULL OR channel_id IS NOT NULL)),
    CONSTRAINT cards_never_ahead CHECK (rendered_version <= wanted_version)
)
""",
    "CREATE UNIQUE INDEX cards_of_channel ON cards (tenant_id, booking_id, team_id, channel_id) WHERE person_id IS NULL",
    "CREATE UNIQUE INDEX cards_of_person ON cards (tenant_id, booking_id, person_id) WHERE person_id IS NOT NULL",
    "CREATE INDEX cards_due ON cards (tenant_id, due_at) WHERE rendered_version < wanted_version AND given_up IS NULL",
    """
CREATE TABLE deliveries (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    team_id TEXT NOT NULL,
    booking_id UUID,
    person_id UUID,
    card_id UUID,
    subscription_id UUID,
    waiting_id UUID,
    about JSONB DEFAULT '{}' NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    until TIMESTAMP WITH TIME ZONE,
    status TEXT DEFAULT 'pending' NOT NULL,
    reason TEXT,
    attempts INTEGER DEFAULT 0 NOT NULL,
    lease UUID,
    leased_until TIMESTAMP WITH TIME ZONE,
    posting_since TIMESTAMP WITH TIME ZONE,
    channel_id TEXT,
    ts TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    done_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT deliveries_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT deliveries_once UNIQUE (tenant_id, key),
    CONSTRAINT deliveries_booking_id_fkey FOREIGN KEY (tenant_id, booking_id) REFERENCES bookings (tenant_id, id),
    CONSTRAINT deliveries_person_id_fkey FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, id),
    CONSTRAINT deliveries_card_id_fkey FOREIGN KEY (tenant_id, card_id) REFERENCES cards (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT deliveries_subscription_id_fkey FOREIGN KEY (tenant_id, subscription_id)
        REFERENCES subscriptions (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT deliveries_waiting_id_fkey FOREIGN KEY (tenant_id, waiting_id) REFERENCES waiting (tenant_id, id),
    CONSTRAINT deliveries_to_somebody CHECK (person_id IS NOT NULL OR card_id IS NOT NULL OR subscription_id IS NOT NULL),
    CONSTRAINT deliveries_status_known CHECK (status IN ('pending','sent','dropped','given_up')),
    CONSTRAINT deliveries_done CHECK ((status = 'pending') = (done_at IS NULL)),
    CONSTRAINT deliveries_sent_somewhere CHECK (status <> 'sent' OR (channel_id IS NOT NULL AND ts IS NOT NULL))
)
""",
    "CREATE INDEX deliveries_due ON deliveries (tenant_id, due_at) WHERE status = 'pending'",
    "CREATE INDEX deliveries_booking ON deliveries (tenant_id, booking_id)",
    "CREATE INDEX deliveries_given_up ON deliveries (tenant_id, done_at) WHERE status = 'given_up'",
    "CREATE INDEX deliveries_card ON deliveries (tenant_id, card_id) WHERE card_id IS NOT NULL",
    "CREATE INDEX deliveries_done ON deliveries (tenant_id, done_at) WHERE done_at IS NOT NULL",
    "CREATE INDEX cards_booking ON cards (tenant_id, booking_id)",
    "CREATE INDEX cards_given_up ON cards (tenant_id, given_up_at) WHERE given_up IS NOT NULL",
    # What falls due by the clock is found by its start, among those that still hold a room.
    (
        "CREATE INDEX bookings_ahead ON bookings (tenant_id, start_time)"
        " WHERE status IN ('pending', 'confirmed', 'checked_in')"
    ),
    # Few want it otherwise than by default; so nobody has to look at everybody.
    "CREATE INDEX people_reminded_otherwise ON people (tenant_id, reminder_minutes) WHERE reminder_minutes <> '{10}'",
    "CREATE INDEX people_digest ON people (tenant_id, zone, digest_at) WHERE digest_at IS NOT NULL",
    """
CREATE TABLE open_views (
    tenant_id UUID NOT NULL,
    view_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    person_id UUID NOT NULL,
    team_id TEXT NOT NULL,
    hash TEXT,
    content JSONB DEFAULT '{}' NOT NULL,
    location_id UUID,
    start_time TIMESTAMP WITH TIME ZONE,
    end_time TIMESTAMP WITH TIME ZONE,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    stale_since TIMESTAMP WITH TIME ZONE,
    due_at TIMESTAMP WITH TIME ZONE,
    lease UUID,
    leased_until TIMESTAMP WITH TIME ZONE,
    CONSTRAINT open_views_pkey PRIMARY KEY (tenant_id, view_id),
    CONSTRAINT open_views_person_id_fkey FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, id),
    CONSTRAINT open_views_kind_known CHECK (kind IN ('search','home'))
)
""",
    "CREATE INDEX open_views_due ON open_views (tenant_id, due_at) WHERE stale_since IS NOT NULL",
    "CREATE INDEX open_views_person ON open_views (tenant_id, person_id)",
    "CREATE INDEX open_views_span ON open_views (tenant_id, start_time) WHERE kind = 'search'",
    """
CREATE TABLE event_readers (
    tenant_id UUID NOT NULL,
    name TEXT NOT NULL,
    transaction xid8 NOT NULL,
    number BIGINT NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT event_readers_pkey PRIMARY KEY (tenant_id, name),
    CONSTRAINT event_readers_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id)
)
""",
    # Read in the order in which transactions began, never past the oldest that may still be writing.
    "DROP INDEX events_number",
    "CREATE INDEX events_in_order ON events (tenant_id, transaction, number)",
)

TENANT_TABLES = ("waiting", "subscriptions", "cards", "deliveries", "open_views", "event_readers")
OURS = "tenant_id = nullif(current_setting('app.tenant', true), '')::uuid"


# Notices are made of what happens from now on; what happened before is nobody's news. The owner too sees no tenant.
FROM_NOW_ON = (
    "ALTER TABLE tenants NO FORCE ROW LEVEL SECURITY",
    (
        "INSERT INTO event_readers (tenant_id, name, transaction, number)"
        " SELECT id, 'notices', pg_snapshot_xmin(pg_current_snapshot()), 0 FROM tenants"
    ),
    "ALTER TABLE tenants FORCE ROW LEVEL SECURITY",
)


def upgrade() -> None:
    for statement in (*NEW_COLUMNS, *TABLES, *FROM_NOW_ON):
        op.execute(statement)
    for table in TENANT_TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY {table}_tenant ON {table} USING ({OURS}) WITH CHECK ({OURS})")
    for role in ("bookroom_app", "bookroom_worker"):
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {', '.join(TENANT_TABLES)} TO {role}")


def downgrade() -> None:
    for index in ("events_in_order", "bookings_ahead", "people_reminded_otherwise", "people_digest"):
        op.execute(f"DROP INDEX {index}")
    op.execute("CREATE INDEX events_number ON events (tenant_id, number)")
    # The owner too sees no tenant's rows; left behind, they would hold rooms and stand in the way of coming here again.
    op.execute("ALTER TABLE room_claims NO FORCE ROW LEVEL SECURITY")
    op.execute("DELETE FROM room_claims WHERE waiting_id IS NOT NULL")
    op.execute("ALTER TABLE room_claims FORCE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE room_claims DROP CONSTRAINT room_claims_of_offer, DROP COLUMN waiting_id")
    for table in ("event_readers", "open_views", "deliveries", "cards", "subscriptions", "waiting"):
        op.execute(f"DROP TABLE {table}")
    op.execute(
        "ALTER TABLE policies DROP COLUMN check_in, DROP COLUMN check_in_opens_minutes, DROP COLUMN check_in_grace_minutes,"
        " DROP COLUMN check_in_longest_minutes, DROP COLUMN check_in_notice_minutes"
    )
    op.execute("ALTER TABLE rooms DROP COLUMN door")
    op.execute("ALTER TABLE bookings DROP COLUMN late_at, DROP COLUMN checked_in_at")
    op.execute("ALTER TABLE attendees DROP COLUMN response, DROP COLUMN responded_at")
    op.execute(
        "ALTER TABLE people DROP COLUMN reminder_minutes, DROP COLUMN end_reminders, DROP COLUMN tell_invitations,"
        " DROP COLUMN tell_changes, DROP COLUMN quiet_from, DROP COLUMN quiet_until, DROP COLUMN digest_at,"
        " DROP COLUMN dm_channel"
    )
