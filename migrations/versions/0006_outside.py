"""What is not Slack: tokens of the API, webhooks and what they are sent, calendar addresses, boards for everybody."""

from __future__ import annotations

from alembic import op

revision = "0006_outside"
down_revision = "0005_waiting"
branch_labels = None
depends_on = None

NO_ID = "'00000000-0000-0000-0000-000000000000'::uuid"
OURS = "tenant_id = nullif(current_setting('app.tenant', true), '')::uuid"

TABLES = (
    """
CREATE TABLE tokens (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    person_id UUID NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    scopes TEXT[] NOT NULL,
    created_by UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE,
    last_used_at TIMESTAMP WITH TIME ZONE,
    revoked_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT tokens_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT tokens_person_id_fkey FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, id),
    CONSTRAINT tokens_created_by_fkey FOREIGN KEY (tenant_id, created_by) REFERENCES people (tenant_id, id),
    CONSTRAINT tokens_kind_known CHECK (kind IN ('personal','service')),
    CONSTRAINT tokens_scopes_known CHECK (cardinality(scopes) >= 1 AND scopes <@ ARRAY['read','book','admin']),
    CONSTRAINT tokens_name_length CHECK (char_length(name) BETWEEN 1 AND 100)
)
""",
    "CREATE UNIQUE INDEX tokens_digest ON tokens (digest)",
    "CREATE INDEX tokens_person ON tokens (tenant_id, person_id)",
    """
CREATE TABLE webhooks (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    url TEXT NOT NULL,
    secret TEXT NOT NULL,
    description TEXT,
    kinds TEXT[] DEFAULT '{}' NOT NULL,
    location_id UUID,
    room_id UUID,
    details BOOLEAN DEFAULT false NOT NULL,
    created_by UUID,
    transaction xid8 NOT NULL,
    number BIGINT NOT NULL,
    failing_since TIMESTAMP WITH TIME ZONE,
    paused TEXT,
    removed_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    CONSTRAINT webhooks_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT webhooks_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id),
    CONSTRAINT webhooks_location_id_fkey FOREIGN KEY (tenant_id, location_id) REFERENCES locations (tenant_id, id),
    CONSTRAINT webhooks_room_id_fkey FOREIGN KEY (tenant_id, room_id) REFERENCES rooms (tenant_id, id),
    CONSTRAINT webhooks_created_by_fkey FOREIGN KEY (tenant_id, created_by) REFERENCES people (tenant_id, id),
    CONSTRAINT webhooks_one_scope CHECK (location_id IS NULL OR room_id IS NULL),
    CONSTRAINT webhooks_url_length CHECK (char_length(url) BETWEEN 1 AND 2000)
)
""",
    """
CREATE TABLE webhook_deliveries (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    webhook_id UUID NOT NULL,
    event_id UUID NOT NULL,
    kind TEXT NOT NULL,
    body JSONB NOT NULL,
    replay_of UUID,
    state TEXT DEFAULT 'due' NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    attempts INTEGER DEFAULT 0 NOT NULL,
    lease UUID,
    leased_until TIMESTAMP WITH TIME ZONE,
    posting_since TIMESTAMP WITH TIME ZONE,
    response_status INTEGER,
    note TEXT,
    sent_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT webhook_deliveries_webhook_id_fkey FOREIGN KEY (tenant_id, webhook_id) REFERENCES webhooks (tenant_id, id),
    CONSTRAINT webhook_deliveries_state_known CHECK (state IN ('due','sent','failed','dropped'))
)
""",
    (
        "CREATE UNIQUE INDEX webhook_deliveries_once ON webhook_deliveries (tenant_id, webhook_id, event_id)"
        " WHERE replay_of IS NULL"
    ),
    "CREATE INDEX webhook_deliveries_due ON webhook_deliveries (tenant_id, webhook_id, due_at) WHERE state = 'due'",
    "CREATE INDEX webhook_deliveries_latest ON webhook_deliveries (tenant_id, webhook_id, created_at)",
    """
CREATE TABLE feeds (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    person_id UUID NOT NULL,
    location_id UUID,
    room_id UUID,
    token TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    last_used_at TIMESTAMP WITH TIME ZONE,
    revoked_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT feeds_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT feeds_person_id_fkey FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, id),
    CONSTRAINT feeds_location_id_fkey FOREIGN KEY (tenant_id, location_id) REFERENCES locations (tenant_id, id),
    CONSTRAINT feeds_room_id_fkey FOREIGN KEY (tenant_id, room_id) REFERENCES rooms (tenant_id, id),
    CONSTRAINT feeds_one_scope CHECK (location_id IS NULL OR room_id IS NULL)
)
""",
    "CREATE UNIQUE INDEX feeds_token ON feeds (token)",
    (
        f"CREATE UNIQUE INDEX feeds_once ON feeds (tenant_id, person_id, coalesce(location_id, {NO_ID}),"
        f" coalesce(room_id, {NO_ID})) WHERE revoked_at IS NULL"
    ),
    "ALTER TABLE locations ADD COLUMN board_open BOOLEAN DEFAULT false NOT NULL",
)
CHANGED = ("tokens", "webhooks", "feeds")
CHANGED_AND_DELETED = ("webhook_deliveries",)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
    for table in (*CHANGED, *CHANGED_AND_DELETED):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY {table}_tenant ON {table} USING ({OURS}) WITH CHECK ({OURS})")
    for role in ("bookroom_app", "bookroom_worker"):
        op.execute(f"GRANT SELECT, INSERT, UPDATE ON {', '.join(CHANGED)} TO {role}")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {', '.join(CHANGED_AND_DELETED)} TO {role}")


def downgrade() -> None:
    for table in ("feeds", "webhook_deliveries", "webhooks", "tokens"):
        op.execute(f"DROP TABLE {table}")
    op.execute("ALTER TABLE locations DROP COLUMN board_open")
