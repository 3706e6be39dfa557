"""Retention: months of history that nobody keeps any longer are dropped whole."""

from __future__ import annotations

from alembic import op

revision = "0004_retention"
down_revision = "0003_office"
branch_labels = None
depends_on = None

# A month is shared by all tenants, and only its owner sees all of it: whoever asks loses their own rows and nobody else's.
DROP_MONTH = """
CREATE FUNCTION drop_archive_month(month date, today date) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public SET lock_timeout = '500ms' AS $$
DECLARE
    ours uuid := nullif(current_setting('app.tenant', true), '')::uuid;
    first date := date_trunc('month', month)::date;
    name text := 'bookings_archive_' || to_char(first, 'YYYY_MM');
    months integer;
    own integer;
    others boolean;
BEGIN
    SELECT keep_bookings_months INTO months FROM workspace WHERE tenant_id = ours;
    IF months IS NULL OR first >= date_trunc('month', today::timestamp) - make_interval(months => months) THEN
        RAISE EXCEPTION 'bookings of that month are kept' USING ERRCODE = '55000';
    END IF;
    IF to_regclass('public.' || name) IS NULL THEN
        RETURN NULL;
    END IF;
    -- In the order in which whoever reads or adds history locks it; so nothing is added between the look and the end.
    LOCK TABLE ONLY public.bookings_archive IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('SELECT count(*) FILTER (WHERE tenant_id = $1), coalesce(bool_or(tenant_id <> $1), false) FROM public.%I',
        name) INTO own, others USING ours;
    IF others THEN
        RETURN NULL;
    END IF;
    EXECUTE format('DROP TABLE public.%I', name);
    RETURN own;
EXCEPTION
    -- Somebody reads it for long: there is always a next time.
    WHEN lock_not_available OR undefined_table THEN
        RETURN NULL;
END $$
"""
GRANTS = (
    "REVOKE EXECUTE ON FUNCTION drop_archive_month(date, date) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION drop_archive_month(date, date) TO bookroom_worker",
)


def upgrade() -> None:
    for statement in (DROP_MONTH, *GRANTS):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP FUNCTION drop_archive_month(date, date)")
