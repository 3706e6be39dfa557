"""Erasing somebody reaches what was noted of series, groups and rights as well."""

from __future__ import annotations

from alembic import op

revision = "0007_forgetting"
down_revision = "0006_outside"
branch_labels = None
depends_on = None

_DECLARED = """\
CREATE OR REPLACE FUNCTION forget_in_history(person uuid) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
DECLARE
    ours uuid := nullif(current_setting('app.tenant', true), '')::uuid;
    words jsonb := '{"title": null, "cancel_reason": null}';
    touched integer;
"""
_BEFORE = """\
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
"""
# Titles of their series, and their name where it stood for them among a group's or a right's people.
_MORE = r"""    -- Why they cancelled or declined what is somebody else's.
    UPDATE events e SET before = e.before || '{"cancel_reason": null}', after = e.after || '{"cancel_reason": null}'
        WHERE e.tenant_id = ours AND e.booking_id IN (
            SELECT x.booking_id FROM events x WHERE x.tenant_id = ours AND x.actor_id = person
                AND x.kind IN ('cancelled', 'declined'));
    UPDATE changes c SET subject_name = NULL, before = c.before || '{"title": null}',
        after = c.after || '{"title": null}'
        WHERE c.tenant_id = ours AND c.subject = 'series' AND c.subject_id IN (
            SELECT s.id FROM series s WHERE s.tenant_id = ours AND s.booked_by = person);
    -- As a value of JSON, and never as a key.
    SELECT '"' || regexp_replace(substr(quoted, 2, length(quoted) - 2), '([^[:alnum:][:space:]])', '\\\1', 'g') || '"(?!:)'
        INTO called FROM people p, LATERAL (SELECT to_json(p.name)::text AS quoted) q
        WHERE p.tenant_id = ours AND p.id = person AND p.name <> '';
    UPDATE changes c SET
        before = regexp_replace(c.before::text, called, '"a former colleague"', 'g')::jsonb,
        after = regexp_replace(c.after::text, called, '"a former colleague"', 'g')::jsonb
        WHERE c.tenant_id = ours AND c.subject IN ('group', 'right', 'closure', 'quota')
            AND (c.before::text ~ called OR c.after::text ~ called);
"""
_END = """    RETURN touched;
END $$
"""


def upgrade() -> None:
    """Let the function know more of the audit."""
    op.execute(_DECLARED + "    called text;\n" + _BEFORE + _MORE + _END)


def downgrade() -> None:
    """Go back to what it knew."""
    op.execute(_DECLARED + _BEFORE + _END)
