"""The office: series, groups and rights, closures and quotas, approval, divisible rooms, equipment, audit, figures."""

from __future__ import annotations

from alembic import op

revision = "0003_office"
down_revision = "0002_notices"
branch_labels = None
depends_on = None

NO_ID = "'00000000-0000-0000-0000-000000000000'::uuid"

TABLES = (
    # -- who --
    """
CREATE TABLE groups (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    slack_team_id TEXT,
    slack_group_id TEXT,
    synced_at TIMESTAMP WITH TIME ZONE,
    removed_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    CONSTRAINT groups_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT groups_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id),
    CONSTRAINT groups_slack_whole CHECK ((slack_team_id IS NULL) = (slack_group_id IS NULL)),
    CONSTRAINT groups_slack UNIQUE (tenant_id, slack_team_id, slack_group_id)
)
""",
    "CREATE UNIQUE INDEX groups_name ON groups (tenant_id, lower(name)) WHERE removed_at IS NULL",
    """
CREATE TABLE group_members (
    tenant_id UUID NOT NULL,
    group_id UUID NOT NULL,
    person_id UUID NOT NULL,
    CONSTRAINT group_members_pkey PRIMARY KEY (tenant_id, group_id, person_id),
    CONSTRAINT group_members_group_id_fkey FOREIGN KEY (tenant_id, group_id) REFERENCES groups (tenant_id, id),
    CONSTRAINT group_members_person_id_fkey FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, id)
)
""",
    "CREATE INDEX group_members_person ON group_members (tenant_id, person_id)",
    """
CREATE TABLE rights (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    location_id UUID,
    room_id UUID,
    person_id UUID,
    group_id UUID,
    granted TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    removed_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT rights_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT rights_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id),
    CONSTRAINT rights_location_id_fkey FOREIGN KEY (tenant_id, location_id) REFERENCES locations (tenant_id, id),
    CONSTRAINT rights_room_id_fkey FOREIGN KEY (tenant_id, room_id) REFERENCES rooms (tenant_id, id),
    CONSTRAINT rights_person_id_fkey FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, id),
    CONSTRAINT rights_group_id_fkey FOREIGN KEY (tenant_id, group_id) REFERENCES groups (tenant_id, id),
    CONSTRAINT rights_one_scope CHECK (location_id IS NULL OR room_id IS NULL),
    CONSTRAINT rights_one_holder CHECK (person_id IS NULL OR group_id IS NULL),
    CONSTRAINT rights_known CHECK (granted IN ('book','request','override','manage','approve'))
)
""",
    f"""
CREATE UNIQUE INDEX rights_once ON rights (tenant_id, granted, coalesce(location_id, {NO_ID}), coalesce(room_id, {NO_ID}),
    coalesce(person_id, {NO_ID}), coalesce(group_id, {NO_ID})) WHERE removed_at IS NULL
""",
    # -- when --
    """
CREATE TABLE holidays (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    location_id UUID NOT NULL,
    on_date DATE NOT NULL,
    name TEXT NOT NULL,
    closed BOOLEAN NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT holidays_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT holidays_location_id_fkey FOREIGN KEY (tenant_id, location_id) REFERENCES locations (tenant_id, id),
    CONSTRAINT holidays_once UNIQUE (tenant_id, location_id, on_date)
)
""",
    """
CREATE TABLE closures (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    location_id UUID,
    room_id UUID,
    start_time TIMESTAMP WITH TIME ZONE NOT NULL,
    end_time TIMESTAMP WITH TIME ZONE NOT NULL,
    reason TEXT,
    allowed_people UUID[] DEFAULT '{}' NOT NULL,
    allowed_groups UUID[] DEFAULT '{}' NOT NULL,
    created_by UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    lifted_at TIMESTAMP WITH TIME ZONE,
    version INTEGER DEFAULT 1 NOT NULL,
    CONSTRAINT closures_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT closures_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id),
    CONSTRAINT closures_location_id_fkey FOREIGN KEY (tenant_id, location_id) REFERENCES locations (tenant_id, id),
    CONSTRAINT closures_room_id_fkey FOREIGN KEY (tenant_id, room_id) REFERENCES rooms (tenant_id, id),
    CONSTRAINT closures_created_by_fkey FOREIGN KEY (tenant_id, created_by) REFERENCES people (tenant_id, id),
    CONSTRAINT closures_one_scope CHECK (location_id IS NULL OR room_id IS NULL),
    CONSTRAINT closures_end_after_start CHECK (end_time > start_time)
)
""",
    "CREATE INDEX closures_ahead ON closures (tenant_id, end_time) WHERE lifted_at IS NULL",
    # -- how much --
    """
CREATE TABLE quotas (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    location_id UUID,
    room_id UUID,
    group_id UUID,
    together BOOLEAN DEFAULT false NOT NULL,
    measure TEXT NOT NULL,
    period TEXT NOT NULL,
    most INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    removed_at TIMESTAMP WITH TIME ZONE,
    version INTEGER DEFAULT 1 NOT NULL,
    CONSTRAINT quotas_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT quotas_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id),
    CONSTRAINT quotas_location_id_fkey FOREIGN KEY (tenant_id, location_id) REFERENCES locations (tenant_id, id),
    CONSTRAINT quotas_room_id_fkey FOREIGN KEY (tenant_id, room_id) REFERENCES rooms (tenant_id, id),
    CONSTRAINT quotas_group_id_fkey FOREIGN KEY (tenant_id, group_id) REFERENCES groups (tenant_id, id),
    CONSTRAINT quotas_one_scope CHECK (location_id IS NULL OR room_id IS NULL),
    CONSTRAINT quotas_together_is_a_group CHECK (NOT together OR group_id IS NOT NULL),
    CONSTRAINT quotas_measure_known CHECK (measure IN ('count','minutes')),
    CONSTRAINT quotas_period_known CHECK (period IN ('day','week','month')),
    CONSTRAINT quotas_most_sane CHECK (most >= 0)
)
""",
    # -- series --
    """
CREATE TABLE series (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    booked_by UUID NOT NULL,
    room_id UUID NOT NULL,
    zone TEXT NOT NULL,
    first_on DATE NOT NULL,
    clock TIME NOT NULL,
    minutes INTEGER NOT NULL,
    rule TEXT NOT NULL,
    title TEXT,
    attendees_count INTEGER DEFAULT 1 NOT NULL,
    amenities TEXT[] DEFAULT '{}' NOT NULL,
    private BOOLEAN DEFAULT false NOT NULL,
    shared BOOLEAN DEFAULT false NOT NULL,
    invitees UUID[] DEFAULT '{}' NOT NULL,
    more_rooms UUID[] DEFAULT '{}' NOT NULL,
    equipment JSONB DEFAULT '[]' NOT NULL,
    left_out DATE[] DEFAULT '{}' NOT NULL,
    status TEXT DEFAULT 'active' NOT NULL,
    booked_until DATE,
    told_ending_at TIMESTAMP WITH TIME ZONE,
    continues_id UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    CONSTRAINT series_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT series_booked_by_fkey FOREIGN KEY (tenant_id, booked_by) REFERENCES people (tenant_id, id),
    CONSTRAINT series_room_id_fkey FOREIGN KEY (tenant_id, room_id) REFERENCES rooms (tenant_id, id),
    CONSTRAINT series_continues_id_fkey FOREIGN KEY (tenant_id, continues_id) REFERENCES series (tenant_id, id),
    CONSTRAINT series_minutes_positive CHECK (minutes >= 1),
    CONSTRAINT series_attendees_positive CHECK (attendees_count >= 1),
    CONSTRAINT series_title_length CHECK (char_length(title) <= 200),
    CONSTRAINT series_status_known CHECK (status IN ('active','over','cancelled'))
)
""",
    "CREATE INDEX series_person ON series (tenant_id, booked_by) WHERE status = 'active'",
    "CREATE INDEX series_growing ON series (tenant_id, booked_until) WHERE status = 'active'",
    # -- approval --
    """
CREATE TABLE approvals (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    booking_id UUID NOT NULL,
    approved_before JSONB,
    asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    reminded_at TIMESTAMP WITH TIME ZONE,
    decision TEXT,
    decided_by UUID,
    decided_at TIMESTAMP WITH TIME ZONE,
    reason TEXT,
    version INTEGER DEFAULT 1 NOT NULL,
    CONSTRAINT approvals_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT approvals_booking_id_fkey FOREIGN KEY (tenant_id, booking_id) REFERENCES bookings (tenant_id, id),
    CONSTRAINT approvals_decided_by_fkey FOREIGN KEY (tenant_id, decided_by) REFERENCES people (tenant_id, id),
    CONSTRAINT approvals_decision_known CHECK (decision IN ('approved','declined','expired','withdrawn')),
    CONSTRAINT approvals_decided CHECK ((decision IS NULL) = (decided_at IS NULL))
)
""",
    "CREATE UNIQUE INDEX approvals_open ON approvals (tenant_id, booking_id) WHERE decision IS NULL",
    "CREATE INDEX approvals_booking ON approvals (tenant_id, booking_id)",
    "CREATE INDEX approvals_expiry ON approvals (tenant_id, expires_at) WHERE decision IS NULL",
    # -- divisible rooms, several rooms, equipment --
    """
CREATE TABLE room_parts (
    tenant_id UUID NOT NULL,
    whole_id UUID NOT NULL,
    part_id UUID NOT NULL,
    CONSTRAINT room_parts_pkey PRIMARY KEY (tenant_id, whole_id, part_id),
    CONSTRAINT room_parts_whole_id_fkey FOREIGN KEY (tenant_id, whole_id) REFERENCES rooms (tenant_id, id),
    CONSTRAINT room_parts_part_id_fkey FOREIGN KEY (tenant_id, part_id) REFERENCES rooms (tenant_id, id),
    CONSTRAINT room_parts_of_another CHECK (whole_id <> part_id)
)
""",
    "CREATE INDEX room_parts_part ON room_parts (tenant_id, part_id)",
    """
CREATE TABLE booking_rooms (
    tenant_id UUID NOT NULL,
    booking_id UUID NOT NULL,
    room_id UUID NOT NULL,
    CONSTRAINT booking_rooms_pkey PRIMARY KEY (tenant_id, booking_id, room_id),
    CONSTRAINT booking_rooms_booking_id_fkey FOREIGN KEY (tenant_id, booking_id) REFERENCES bookings (tenant_id, id),
    CONSTRAINT booking_rooms_room_id_fkey FOREIGN KEY (tenant_id, room_id) REFERENCES rooms (tenant_id, id)
)
""",
    "CREATE INDEX booking_rooms_room ON booking_rooms (tenant_id, room_id)",
    """
CREATE TABLE equipment (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    location_id UUID NOT NULL,
    name TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    active BOOLEAN DEFAULT true NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    CONSTRAINT equipment_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT equipment_location_id_fkey FOREIGN KEY (tenant_id, location_id) REFERENCES locations (tenant_id, id),
    CONSTRAINT equipment_quantity_sane CHECK (quantity BETWEEN 0 AND 10000)
)
""",
    "CREATE UNIQUE INDEX equipment_name ON equipment (tenant_id, location_id, lower(name))",
    """
CREATE TABLE equipment_claims (
    tenant_id UUID NOT NULL,
    booking_id UUID NOT NULL,
    equipment_id UUID NOT NULL,
    quantity INTEGER NOT NULL,
    start_time TIMESTAMP WITH TIME ZONE NOT NULL,
    end_time TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT equipment_claims_pkey PRIMARY KEY (tenant_id, booking_id, equipment_id),
    CONSTRAINT equipment_claims_booking_id_fkey FOREIGN KEY (tenant_id, booking_id) REFERENCES bookings (tenant_id, id),
    CONSTRAINT equipment_claims_equipment_id_fkey FOREIGN KEY (tenant_id, equipment_id) REFERENCES equipment (tenant_id, id),
    CONSTRAINT equipment_claims_end_after_start CHECK (end_time > start_time),
    CONSTRAINT equipment_claims_quantity_positive CHECK (quantity >= 1)
)
""",
    "CREATE INDEX equipment_claims_span ON equipment_claims (tenant_id, equipment_id, start_time, end_time)",
    # -- rooms that close --
    """
CREATE TABLE proposals (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    booking_id UUID NOT NULL,
    booking_version INTEGER NOT NULL,
    closure_id UUID,
    offered_room_id UUID,
    status TEXT NOT NULL,
    answer_by TIMESTAMP WITH TIME ZONE NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    CONSTRAINT proposals_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT proposals_booking_id_fkey FOREIGN KEY (tenant_id, booking_id) REFERENCES bookings (tenant_id, id),
    CONSTRAINT proposals_closure_id_fkey FOREIGN KEY (tenant_id, closure_id) REFERENCES closures (tenant_id, id),
    CONSTRAINT proposals_offered_room_id_fkey FOREIGN KEY (tenant_id, offered_room_id) REFERENCES rooms (tenant_id, id),
    CONSTRAINT proposals_status_known CHECK (status IN ('open','accepted','declined','moved','cancelled','overtaken'))
)
""",
    "CREATE UNIQUE INDEX proposals_open ON proposals (tenant_id, booking_id) WHERE status = 'open'",
    "CREATE INDEX proposals_booking ON proposals (tenant_id, booking_id)",
    "CREATE INDEX proposals_due ON proposals (tenant_id, answer_by) WHERE status = 'open'",
    # -- what admins did, what nobody found, what the workspace wants --
    """
CREATE TABLE changes (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    number BIGINT GENERATED ALWAYS AS IDENTITY,
    subject TEXT NOT NULL,
    subject_id UUID,
    subject_name TEXT,
    action TEXT NOT NULL,
    actor_id UUID,
    actor_name TEXT NOT NULL,
    surface TEXT NOT NULL,
    before JSONB,
    after JSONB,
    undoes UUID,
    happened_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT changes_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT changes_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id),
    CONSTRAINT changes_undoes_fkey FOREIGN KEY (tenant_id, undoes) REFERENCES changes (tenant_id, id)
)
""",
    "CREATE INDEX changes_when ON changes (tenant_id, happened_at, number)",
    "CREATE INDEX changes_subject ON changes (tenant_id, subject, subject_id, number)",
    """
CREATE TABLE searches (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    person_id UUID,
    surface TEXT NOT NULL,
    location_id UUID,
    room_id UUID,
    start_time TIMESTAMP WITH TIME ZONE NOT NULL,
    end_time TIMESTAMP WITH TIME ZONE NOT NULL,
    attendees_count INTEGER NOT NULL,
    amenities TEXT[] DEFAULT '{}' NOT NULL,
    lacking TEXT NOT NULL,
    detail TEXT,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT searches_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT searches_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id),
    CONSTRAINT searches_person_id_fkey FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, id)
)
""",
    "CREATE INDEX searches_when ON searches (tenant_id, made_at)",
    """
CREATE TABLE workspace (
    tenant_id UUID NOT NULL,
    archive_days INTEGER DEFAULT 90 NOT NULL,
    keep_bookings_months INTEGER,
    keep_audit_months INTEGER,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    CONSTRAINT workspace_pkey PRIMARY KEY (tenant_id),
    CONSTRAINT workspace_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id),
    CONSTRAINT workspace_sane CHECK (archive_days >= 7 AND keep_bookings_months >= 1 AND keep_audit_months >= 1)
)
""",
    # -- history --
    """
CREATE TABLE bookings_archive (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    room_id UUID NOT NULL,
    more_rooms UUID[] DEFAULT '{}' NOT NULL,
    booked_by UUID NOT NULL,
    title TEXT,
    start_time TIMESTAMP WITH TIME ZONE NOT NULL,
    end_time TIMESTAMP WITH TIME ZONE NOT NULL,
    attendees_count INTEGER NOT NULL,
    status TEXT NOT NULL,
    private BOOLEAN NOT NULL,
    cancel_reason TEXT,
    series_id UUID,
    series_on DATE,
    late_at TIMESTAMP WITH TIME ZONE,
    checked_in_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    attendees JSONB DEFAULT '[]' NOT NULL,
    equipment JSONB DEFAULT '[]' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    version INTEGER NOT NULL,
    archived_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT bookings_archive_pkey PRIMARY KEY (tenant_id, id, start_time)
) PARTITION BY RANGE (start_time)
""",
    "CREATE INDEX bookings_archive_start ON bookings_archive (tenant_id, start_time)",
    "CREATE INDEX bookings_archive_person ON bookings_archive (tenant_id, booked_by)",
    "CREATE TABLE bookings_archive_rest PARTITION OF bookings_archive DEFAULT",
)

# Constants as defaults and new nullable columns: none of it rewrites a table or holds its lock for long.
NEW_COLUMNS = (
    "ALTER TABLE people ADD COLUMN erased_at TIMESTAMP WITH TIME ZONE",
    "ALTER TABLE locations ADD COLUMN active BOOLEAN DEFAULT true NOT NULL",
    "ALTER TABLE rooms ADD COLUMN photo TEXT",
    (
        "ALTER TABLE policies ADD COLUMN group_id UUID, ADD COLUMN notice_minutes INTEGER,"
        " ADD COLUMN cancel_notice_minutes INTEGER, ADD COLUMN one_at_a_time BOOLEAN, ADD COLUMN setup_minutes INTEGER,"
        " ADD COLUMN teardown_minutes INTEGER, ADD COLUMN details_hidden BOOLEAN, ADD COLUMN approval BOOLEAN,"
        " ADD COLUMN approval_hours INTEGER, ADD COLUMN holidays_country TEXT, ADD COLUMN holidays_closed BOOLEAN,"
        " ADD CONSTRAINT policies_group_id_fkey FOREIGN KEY (tenant_id, group_id) REFERENCES groups (tenant_id, id),"
        " ADD CONSTRAINT policies_spans_sane CHECK (notice_minutes >= 0 AND cancel_notice_minutes >= 0"
        " AND setup_minutes BETWEEN 0 AND 1440 AND teardown_minutes BETWEEN 0 AND 1440 AND approval_hours >= 1)"
    ),
    "DROP INDEX policies_scope",
    (
        f"CREATE UNIQUE INDEX policies_scope ON policies (tenant_id, coalesce(location_id, {NO_ID}),"
        f" coalesce(room_id, {NO_ID}), coalesce(group_id, {NO_ID}))"
    ),
    (
        "ALTER TABLE bookings ADD COLUMN series_id UUID, ADD COLUMN series_on DATE,"
        " ADD CONSTRAINT bookings_series_id_fkey FOREIGN KEY (tenant_id, series_id) REFERENCES series (tenant_id, id),"
        " ADD CONSTRAINT bookings_series_whole CHECK ((series_id IS NULL) = (series_on IS NULL))"
    ),
    (
        "CREATE UNIQUE INDEX bookings_of_series ON bookings (tenant_id, series_id, series_on)"
        " WHERE series_id IS NOT NULL AND status IN ('pending', 'confirmed', 'checked_in')"
    ),
    "CREATE INDEX bookings_series ON bookings (tenant_id, series_id, start_time) WHERE series_id IS NOT NULL",
    "CREATE INDEX bookings_over ON bookings (tenant_id, end_time)",
    (
        "ALTER TABLE waiting ADD COLUMN series_id UUID, ADD COLUMN series_on DATE,"
        " ADD CONSTRAINT waiting_series_id_fkey FOREIGN KEY (tenant_id, series_id) REFERENCES series (tenant_id, id),"
        " ADD CONSTRAINT waiting_series_whole CHECK ((series_id IS NULL) = (series_on IS NULL))"
    ),
    (
        "ALTER TABLE room_claims ADD COLUMN proposal_id UUID,"
        " ADD CONSTRAINT room_claims_proposal_id_fkey FOREIGN KEY (tenant_id, proposal_id)"
        " REFERENCES proposals (tenant_id, id),"
        " DROP CONSTRAINT room_claims_kind_known,"
        " ADD CONSTRAINT room_claims_kind_known CHECK (kind IN ('booking','offer','block','proposal')),"
        " ADD CONSTRAINT room_claims_of_proposal CHECK ((kind = 'proposal') = (proposal_id IS NOT NULL))"
    ),
    "CREATE INDEX room_claims_proposal ON room_claims (tenant_id, proposal_id) WHERE proposal_id IS NOT NULL",
    "ALTER TABLE events ADD COLUMN operation_id UUID",
    "CREATE INDEX events_operation ON events (tenant_id, operation_id) WHERE operation_id IS NOT NULL",
    "ALTER TABLE subscriptions ADD COLUMN weekly_figures BOOLEAN DEFAULT false NOT NULL",
    (
        "ALTER TABLE cards ADD COLUMN role TEXT DEFAULT 'news' NOT NULL,"
        " ADD CONSTRAINT cards_role_known CHECK (role IN ('news','approval'))"
    ),
    "DROP INDEX cards_of_person",
    "CREATE UNIQUE INDEX cards_of_person ON cards (tenant_id, booking_id, person_id, role) WHERE person_id IS NOT NULL",
)

FUNCTIONS = (
    """
CREATE OR REPLACE FUNCTION bookings_fit_room() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    seats integer;
    in_use boolean;
BEGIN
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
    """
CREATE OR REPLACE FUNCTION rooms_seat_their_bookings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM bookings b WHERE b.tenant_id = NEW.tenant_id AND b.end_time > now()
            AND (b.room_id = NEW.id OR EXISTS (SELECT FROM booking_rooms m WHERE m.tenant_id = b.tenant_id
                AND m.booking_id = b.id AND m.room_id = NEW.id))
            AND b.status IN ('pending', 'confirmed', 'checked_in') AND b.attendees_count > NEW.capacity
            AND b.attendees_count > (SELECT sum(r.capacity) FROM rooms r WHERE r.tenant_id = b.tenant_id
                AND (r.id = b.room_id OR r.id IN (SELECT m.room_id FROM booking_rooms m
                    WHERE m.tenant_id = b.tenant_id AND m.booking_id = b.id)))
    ) THEN
        RAISE EXCEPTION 'a future booking needs more seats'
            USING ERRCODE = '23514', CONSTRAINT = 'rooms_capacity_covers_bookings', TABLE = 'rooms';
    END IF;
    RETURN NULL;
END $$
""",
    """
CREATE OR REPLACE FUNCTION bookings_hold_claims() RETURNS trigger LANGUAGE plpgsql AS $$
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
    # The lock makes one wait for the other; each statement then sees what was committed meanwhile.
    """
CREATE FUNCTION equipment_is_there() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    there integer;
    wanted integer;
BEGIN
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
    # Partitions belong to the owner: whoever moves history may ask for a month, but for nothing else.
    """
CREATE FUNCTION make_archive_month(month date) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
DECLARE
    first date := date_trunc('month', month)::date;
    name text := 'bookings_archive_' || to_char(first, 'YYYY_MM');
BEGIN
    IF to_regclass('public.' || name) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE public.%I PARTITION OF public.bookings_archive FOR VALUES FROM (%L) TO (%L)',
        name, first::timestamp AT TIME ZONE 'UTC', (first + interval '1 month')::timestamp AT TIME ZONE 'UTC');
    RETURN true;
END $$
""",
    # The history is only ever added to; what names somebody in it is taken out by this alone, when they ask for it.
    """
CREATE FUNCTION forget_in_history(person uuid) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
DECLARE
    ours uuid := nullif(current_setting('app.tenant', true), '')::uuid;
    words jsonb := '{"title": null, "cancel_reason": null}';
    touched integer;
BEGIN
    UPDATE events e SET before = e.before || words, after = e.after || words, reason = NULL
        WHERE e.tenant_id = ours AND e.booking_id IN (
            SELECT b.id FROM bookings b WHERE b.tenant_id = ours AND b.booked_by = person
            UNION ALL SELECT a.id FROM bookings_archive a WHERE a.tenant_id = ours AND a.booked_by = person);
    GET DIAGNOSTICS touched = ROW_COUNT;
    UPDATE events e SET reason = NULL WHERE e.tenant_id = ours AND e.actor_id = person AND e.reason IS NOT NULL;
    -- Where they were invited, the id stays nowhere: the last snapshot is to be as the booking is.
    UPDATE events e SET
        before = CASE WHEN e.before IS NOT NULL THEN jsonb_set(e.before, '{attendees}', coalesce((
            SELECT jsonb_agg(one ORDER BY place) FROM jsonb_array_elements(e.before->'attendees')
                WITH ORDINALITY AS come (one, place) WHERE one->>0 <> person::text), '[]')) END,
        after = jsonb_set(e.after, '{attendees}', coalesce((
            SELECT jsonb_agg(one ORDER BY place) FROM jsonb_array_elements(e.after->'attendees')
                WITH ORDINALITY AS come (one, place) WHERE one->>0 <> person::text), '[]'))
        WHERE e.tenant_id = ours AND e.booking_id IN (
            SELECT a.booking_id FROM attendees a WHERE a.tenant_id = ours AND a.person_id = person);
    UPDATE changes c SET actor_name = 'a former colleague' WHERE c.tenant_id = ours AND c.actor_id = person;
    UPDATE changes c SET subject_name = 'a former colleague', before = NULL, after = NULL
        WHERE c.tenant_id = ours AND c.subject = 'person' AND c.subject_id = person;
    RETURN touched;
END $$
""",
)

TRIGGERS = (
    """
CREATE TRIGGER equipment_is_there AFTER INSERT OR UPDATE ON equipment_claims
    FOR EACH ROW EXECUTE FUNCTION equipment_is_there()
""",
)

CHANGED = (
    "groups", "rights", "closures", "quotas", "series", "approvals", "equipment", "proposals", "workspace",
)  # fmt: skip
CHANGED_AND_DELETED = ("group_members", "holidays", "room_parts", "booking_rooms", "equipment_claims", "searches")
OURS = "tenant_id = nullif(current_setting('app.tenant', true), '')::uuid"

# Only whoever tidies up removes history, and never its own traces.
GRANTS = (
    f"GRANT SELECT, INSERT, UPDATE ON {', '.join(CHANGED)} TO {{role}}",
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON {', '.join(CHANGED_AND_DELETED)} TO {{role}}",
    "GRANT SELECT, INSERT ON changes TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON bookings_archive TO {role}",
)
WORKER_GRANTS = (
    "GRANT DELETE ON bookings, approvals, proposals, changes, events TO bookroom_worker",
    "REVOKE EXECUTE ON FUNCTION make_archive_month(date) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION make_archive_month(date) TO bookroom_worker",
    "REVOKE EXECUTE ON FUNCTION forget_in_history(uuid) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION forget_in_history(uuid) TO bookroom_app, bookroom_worker",
)


EARLIER_FUNCTIONS = {
    "bookings_fit_room": """
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
END """,
    "rooms_seat_their_bookings": """
BEGIN
    IF EXISTS (
        SELECT FROM bookings WHERE tenant_id = NEW.tenant_id AND room_id = NEW.id AND end_time > now()
            AND status IN ('pending', 'confirmed', 'checked_in') AND attendees_count > NEW.capacity
    ) THEN
        RAISE EXCEPTION 'a future booking needs more seats'
            USING ERRCODE = '23514', CONSTRAINT = 'rooms_capacity_covers_bookings', TABLE = 'rooms';
    END IF;
    RETURN NULL;
END """,
    "bookings_hold_claims": """
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
END """,
}
UNKNOWN_BEFORE = {
    "room_claims": "proposal_id IS NOT NULL",
    "cards": "role <> 'news'",
    "policies": "group_id IS NOT NULL",
    "deliveries": "kind IN ('approval_reminder', 'approval_suggestion', 'decided', 'series_changed', 'series_gap',"
    " 'series_ending', 'proposal', 'figures')",
}
# A divisible room is one room like the others from here on: what was booked in it claims it, and not only its parts. These
# keep their claims beside it, as do further rooms of a booking: better a claim too many than two people in one room.
WHOLE_AGAIN = """
INSERT INTO room_claims (tenant_id, id, room_id, kind, booking_id, start_time, end_time, expires_at)
SELECT b.tenant_id, gen_random_uuid(), b.room_id, 'booking', b.id, min(c.start_time), max(c.end_time), max(c.expires_at)
FROM bookings b
JOIN room_parts p ON p.tenant_id = b.tenant_id AND p.whole_id = b.room_id
JOIN room_claims c ON c.tenant_id = b.tenant_id AND c.booking_id = b.id AND c.room_id = p.part_id
GROUP BY b.tenant_id, b.id, b.room_id
"""
# Words that the earlier version does not know.
KNOWN_AGAIN = "UPDATE events SET kind = 'changed' WHERE kind IN ('approved', 'declined')"
DROPPED_COLUMNS = (
    (
        "ALTER TABLE room_claims DROP COLUMN proposal_id, DROP CONSTRAINT room_claims_kind_known,"
        " ADD CONSTRAINT room_claims_kind_known CHECK (kind IN ('booking','offer','block'))"
    ),
    "DROP INDEX cards_of_person",
    "ALTER TABLE cards DROP COLUMN role",
    "CREATE UNIQUE INDEX cards_of_person ON cards (tenant_id, booking_id, person_id) WHERE person_id IS NOT NULL",
    "ALTER TABLE subscriptions DROP COLUMN weekly_figures",
    "ALTER TABLE events DROP COLUMN operation_id",
    "ALTER TABLE waiting DROP COLUMN series_id, DROP COLUMN series_on",
    "DROP INDEX bookings_over",
    "ALTER TABLE bookings DROP COLUMN series_id, DROP COLUMN series_on",
    "DROP INDEX policies_scope",
    (
        "ALTER TABLE policies DROP COLUMN group_id, DROP COLUMN notice_minutes, DROP COLUMN cancel_notice_minutes,"
        " DROP COLUMN one_at_a_time, DROP COLUMN setup_minutes, DROP COLUMN teardown_minutes, DROP COLUMN details_hidden,"
        " DROP COLUMN approval, DROP COLUMN approval_hours, DROP COLUMN holidays_country, DROP COLUMN holidays_closed"
    ),
    (
        f"CREATE UNIQUE INDEX policies_scope ON policies (tenant_id, coalesce(location_id, {NO_ID}),"
        f" coalesce(room_id, {NO_ID}))"
    ),
    "ALTER TABLE rooms DROP COLUMN photo",
    "ALTER TABLE locations DROP COLUMN active",
    "ALTER TABLE people DROP COLUMN erased_at",
)
DROP_ORDER = (
    "bookings_archive", "workspace", "searches", "changes", "proposals", "equipment_claims", "equipment", "booking_rooms",
    "room_parts", "approvals", "series", "quotas", "closures", "holidays", "rights", "group_members", "groups",
)  # fmt: skip


def upgrade() -> None:
    for statement in (*TABLES, *NEW_COLUMNS, *FUNCTIONS, *TRIGGERS):
        op.execute(statement)
    for table in (*CHANGED, *CHANGED_AND_DELETED, "changes", "bookings_archive"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY {table}_tenant ON {table} USING ({OURS}) WITH CHECK ({OURS})")
    for role in ("bookroom_app", "bookroom_worker"):
        for grant in GRANTS:
            op.execute(grant.format(role=role))
    for grant in WORKER_GRANTS:
        op.execute(grant)


def downgrade() -> None:
    for function, statement in EARLIER_FUNCTIONS.items():
        op.execute(f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$ {statement} $$")
    # The owner too sees no tenant's rows.
    seen = ("bookings", "room_parts", "room_claims", "events")
    for table in seen:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(WHOLE_AGAIN)
    op.execute(KNOWN_AGAIN)
    for table in seen:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    # What the earlier tables cannot hold would stand in the way of coming here again.
    for table, condition in UNKNOWN_BEFORE.items():
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"DELETE FROM {table} WHERE {condition}")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    for statement in DROPPED_COLUMNS:
        op.execute(statement)
    for table in DROP_ORDER:
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION equipment_is_there()")
    op.execute("DROP FUNCTION make_archive_month(date)")
    op.execute("DROP FUNCTION forget_in_history(uuid)")
    op.execute("REVOKE DELETE ON bookings, events FROM bookroom_worker")
