"""The tables as they stand today, for comparing against the migrations and for reading beside the SQL.

Kept out: queries (the use cases hold their own) and history (that is `migrations/`). Besides the tables, `CODE` holds
what SQLAlchemy has no words for: trigger functions, triggers, row-level security and grants. A test compares all of it
with what the migrations make.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Time,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSTZRANGE, ExcludeConstraint
from sqlalchemy.types import UserDefinedType

metadata = MetaData()

OWNER, APPLICATION, WORKER = "bookroom_owner", "bookroom_app", "bookroom_worker"
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
    "waiting",
    "subscriptions",
    "cards",
    "deliveries",
    "open_views",
    "event_readers",
)
_NO_ID = "'00000000-0000-0000-0000-000000000000'::uuid"


class TransactionId(UserDefinedType[str]):
    """PostgreSQL's `xid8`."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Return the type's name in DDL."""
        return "xid8"


def _id(name: str = "id") -> Column[object]:
    return Column(name, Uuid, nullable=False)


def _tenant() -> Column[object]:
    return Column("tenant_id", Uuid, nullable=False)


def _moment(name: str, *, nullable: bool = False, default_now: bool = False) -> Column[object]:
    default = func.now() if default_now else None
    return Column(name, DateTime(timezone=True), nullable=nullable, server_default=default)


def _created() -> Column[object]:
    return _moment("created_at", default_now=True)


def _updated() -> Column[object]:
    return _moment("updated_at", default_now=True)


def _version() -> Column[object]:
    return Column("version", Integer, nullable=False, server_default=text("1"))


def _flag(name: str, default: str = "false") -> Column[object]:
    return Column(name, Boolean, nullable=False, server_default=text(default))


def _text(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, Text, nullable=nullable)


def _time(name: str) -> Column[object]:
    return Column(name, Time, nullable=True)


def _texts(name: str, *, empty: bool = False) -> Column[object]:
    return Column(name, ARRAY(Text), nullable=False, server_default=text("'{}'") if empty else None)


def _whole(name: str, default: str | None = None, *, nullable: bool = False) -> Column[object]:
    return Column(name, Integer, nullable=nullable, server_default=text(default) if default else None)


def _key(table: str, *columns: str) -> PrimaryKeyConstraint:
    return PrimaryKeyConstraint("tenant_id", *columns, name=f"{table}_pkey")


def _of(table: str, column: str, target: str, *, cascade: bool = False) -> ForeignKeyConstraint:
    """Reference `target` within the tenant: foreign keys see past row-level security, so the tenant is part of them."""
    return ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{target}.tenant_id", f"{target}.id"],
        name=f"{table}_{column}_fkey",
        ondelete="CASCADE" if cascade else None,
    )


def _of_tenant(table: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=f"{table}_tenant_id_fkey")


def _check(name: str, condition: str) -> CheckConstraint:
    return CheckConstraint(condition, name=name)


tenants = Table("tenants", metadata, _id(), _text("name"), _created(), PrimaryKeyConstraint("id", name="tenants_pkey"))

slack_teams = Table(
    "slack_teams",
    metadata,
    _tenant(),
    _text("team_id"),
    _text("enterprise_id", nullable=True),
    _text("name", nullable=True),
    _created(),
    _key("slack_teams", "team_id"),
    _of_tenant("slack_teams"),
    UniqueConstraint("team_id", name="slack_teams_one_tenant"),
)

locations = Table(
    "locations",
    metadata,
    _tenant(),
    _id(),
    _text("name"),
    _text("zone"),
    _created(),
    _updated(),
    _version(),
    _key("locations", "id"),
    _of_tenant("locations"),
    Index("locations_name", text("tenant_id"), text("lower(name)"), unique=True),
)

people = Table(
    "people",
    metadata,
    _tenant(),
    _id(),
    _text("slack_team_id"),
    _text("slack_user_id"),
    _text("name"),
    Column("zone", Text, nullable=False, server_default=text("'UTC'")),
    Column("locale", Text, nullable=False, server_default=text("'en-US'")),
    Column("default_location_id", Uuid, nullable=True),
    _flag("slack_admin"),
    _flag("guest"),
    Column("reminder_minutes", ARRAY(Integer), nullable=False, server_default=text("'{10}'")),
    _flag("end_reminders", "true"),
    _flag("tell_invitations", "true"),
    _flag("tell_changes", "true"),
    _time("quiet_from"),
    _time("quiet_until"),
    _time("digest_at"),
    _text("dm_channel", nullable=True),
    _created(),
    _updated(),
    _key("people", "id"),
    _check("people_quiet_both", "(quiet_from IS NULL) = (quiet_until IS NULL)"),
    _check(
        "people_reminders_sane",
        "cardinality(reminder_minutes) <= 5 AND 0 < ALL (reminder_minutes) AND 1440 >= ALL (reminder_minutes)",
    ),
    _of_tenant("people"),
    _of("people", "default_location_id", "locations"),
    UniqueConstraint("tenant_id", "slack_team_id", "slack_user_id", name="people_slack_user"),
    Index("people_reminded_otherwise", "tenant_id", "reminder_minutes", postgresql_where=text("reminder_minutes <> '{10}'")),
    Index("people_digest", "tenant_id", "zone", "digest_at", postgresql_where=text("digest_at IS NOT NULL")),
)

admins = Table(
    "admins",
    metadata,
    _tenant(),
    _id("person_id"),
    _created(),
    _key("admins", "person_id"),
    _of("admins", "person_id", "people"),
)

rooms = Table(
    "rooms",
    metadata,
    _tenant(),
    _id(),
    _id("location_id"),
    _text("name"),
    _whole("capacity"),
    _text("floor", nullable=True),
    _whole("setup_minutes", "0"),
    _whole("teardown_minutes", "0"),
    _flag("active", "true"),
    _text("door", nullable=True),
    _created(),
    _updated(),
    _version(),
    _key("rooms", "id"),
    _of("rooms", "location_id", "locations"),
    _check("rooms_capacity_positive", "capacity >= 1"),
    _check("rooms_buffers_sane", "setup_minutes BETWEEN 0 AND 1440 AND teardown_minutes BETWEEN 0 AND 1440"),
    Index("rooms_name", text("tenant_id"), text("location_id"), text("lower(name)"), unique=True),
    Index("rooms_by_name", "tenant_id", "name"),
    Index("rooms_door", "door", unique=True),
)

room_amenities = Table(
    "room_amenities",
    metadata,
    _tenant(),
    _id(),
    _id("room_id"),
    _text("name"),
    _key("room_amenities", "id"),
    _of("room_amenities", "room_id", "rooms", cascade=True),
    UniqueConstraint("tenant_id", "room_id", "name", name="room_amenities_once"),
)

policies = Table(
    "policies",
    metadata,
    _tenant(),
    _id(),
    Column("location_id", Uuid, nullable=True),
    Column("room_id", Uuid, nullable=True),
    Column("opening", JSONB, nullable=True),
    _whole("shortest_minutes", nullable=True),
    _whole("longest_minutes", nullable=True),
    _whole("horizon_days", nullable=True),
    Column("cutoff_on", Boolean, nullable=True),
    Column("cutoff_from", Time, nullable=True),
    Column("guests_may_book", Boolean, nullable=True),
    Column("check_in", Boolean, nullable=True),
    _whole("check_in_opens_minutes", nullable=True),
    _whole("check_in_grace_minutes", nullable=True),
    _whole("check_in_longest_minutes", nullable=True),
    _whole("check_in_notice_minutes", nullable=True),
    _updated(),
    _version(),
    _key("policies", "id"),
    _of_tenant("policies"),
    _of("policies", "location_id", "locations"),
    _of("policies", "room_id", "rooms"),
    _check("policies_one_scope", "location_id IS NULL OR room_id IS NULL"),
    _check("policies_lengths_positive", "shortest_minutes >= 1 AND longest_minutes >= 1 AND horizon_days >= 0"),
    _check(
        "policies_check_in_sane",
        "check_in_opens_minutes >= 0 AND check_in_grace_minutes >= 1"
        " AND check_in_longest_minutes >= 1 AND check_in_notice_minutes >= 0",
    ),
    Index(
        "policies_scope",
        text("tenant_id"),
        text("coalesce(location_id, '00000000-0000-0000-0000-000000000000'::uuid)"),
        text("coalesce(room_id, '00000000-0000-0000-0000-000000000000'::uuid)"),
        unique=True,
    ),
)

bookings = Table(
    "bookings",
    metadata,
    _tenant(),
    _id(),
    _id("room_id"),
    _id("booked_by"),
    _text("title", nullable=True),
    _moment("start_time"),
    _moment("end_time"),
    _whole("attendees_count", "1"),
    _text("status"),
    _flag("private"),
    _text("cancel_reason", nullable=True),
    _moment("late_at", nullable=True),
    _moment("checked_in_at", nullable=True),
    _created(),
    _updated(),
    _version(),
    _key("bookings", "id"),
    _of("bookings", "room_id", "rooms"),
    _of("bookings", "booked_by", "people"),
    _check("bookings_end_after_start", "end_time > start_time"),
    _check("bookings_attendees_positive", "attendees_count >= 1"),
    _check("bookings_title_length", "char_length(title) <= 200"),
    _check(
        "bookings_status_known",
        "status IN ('pending','confirmed','checked_in','declined','expired','cancelled','released','ended')",
    ),
    Index("bookings_room_start", "tenant_id", "room_id", "start_time"),
    Index("bookings_room_span", "tenant_id", "room_id", "start_time", "end_time"),
    Index("bookings_booker_end", "tenant_id", "booked_by", "end_time"),
    Index(
        "bookings_ahead",
        "tenant_id",
        "start_time",
        postgresql_where=text("status IN ('pending', 'confirmed', 'checked_in')"),
    ),
)

attendees = Table(
    "attendees",
    metadata,
    _tenant(),
    _id("booking_id"),
    _id("person_id"),
    _flag("co_organiser"),
    _text("response", nullable=True),
    _moment("responded_at", nullable=True),
    _key("attendees", "booking_id", "person_id"),
    _check("attendees_response_known", "response IN ('going','declined')"),
    _of("attendees", "booking_id", "bookings"),
    _of("attendees", "person_id", "people"),
    Index("attendees_person", "tenant_id", "person_id"),
)

waiting = Table(
    "waiting",
    metadata,
    _tenant(),
    _id(),
    _id("person_id"),
    Column("room_id", Uuid, nullable=True),
    Column("location_id", Uuid, nullable=True),
    _text("floor", nullable=True),
    _moment("start_time"),
    _moment("end_time"),
    _whole("attendees_count", "1"),
    _texts("amenities", empty=True),
    _text("title", nullable=True),
    _flag("private"),
    _flag("shared"),
    Column("invitees", ARRAY(Uuid), nullable=False, server_default=text("'{}'")),
    _text("status"),
    Column("offered_room_id", Uuid, nullable=True),
    _moment("offer_expires_at", nullable=True),
    Column("booking_id", Uuid, nullable=True),
    _created(),
    _updated(),
    _version(),
    _key("waiting", "id"),
    _of("waiting", "person_id", "people"),
    _of("waiting", "room_id", "rooms"),
    _of("waiting", "location_id", "locations"),
    _of("waiting", "offered_room_id", "rooms"),
    _of("waiting", "booking_id", "bookings"),
    _check("waiting_end_after_start", "end_time > start_time"),
    _check("waiting_attendees_positive", "attendees_count >= 1"),
    _check("waiting_status_known", "status IN ('waiting','offered','taken','declined','missed','left','over')"),
    _check(
        "waiting_offer_whole",
        "(status = 'offered') <= (offered_room_id IS NOT NULL AND offer_expires_at IS NOT NULL)",
    ),
    _check("waiting_taken_booked", "(status = 'taken') = (booking_id IS NOT NULL)"),
    Index("waiting_line", "tenant_id", "start_time", postgresql_where=text("status = 'waiting'")),
    Index("waiting_offers", "tenant_id", "offer_expires_at", postgresql_where=text("status = 'offered'")),
    Index("waiting_person", "tenant_id", "person_id", "end_time"),
    Index(
        "waiting_once",
        text("tenant_id"),
        text("person_id"),
        text("start_time"),
        text("end_time"),
        text(f"coalesce(room_id, {_NO_ID})"),
        unique=True,
        postgresql_where=text("status IN ('waiting', 'offered')"),
    ),
)

room_claims = Table(
    "room_claims",
    metadata,
    _tenant(),
    _id(),
    _id("room_id"),
    _text("kind"),
    Column("booking_id", Uuid, nullable=True),
    Column("waiting_id", Uuid, nullable=True),
    _moment("start_time"),
    _moment("end_time"),
    Column("during", TSTZRANGE, Computed("tstzrange(start_time, end_time)", persisted=True), nullable=False),
    _moment("expires_at", nullable=True),
    _created(),
    _key("room_claims", "id"),
    _of("room_claims", "room_id", "rooms"),
    _of("room_claims", "booking_id", "bookings"),
    _of("room_claims", "waiting_id", "waiting"),
    _check("room_claims_end_after_start", "end_time > start_time"),
    _check("room_claims_kind_known", "kind IN ('booking','offer','block')"),
    _check("room_claims_of_booking", "(kind = 'booking') = (booking_id IS NOT NULL)"),
    _check(
        "room_claims_of_offer",
        "(kind = 'offer') = (waiting_id IS NOT NULL) AND (kind <> 'offer' OR expires_at IS NOT NULL)",
    ),
    ExcludeConstraint(
        (Column("tenant_id"), "="),
        (Column("room_id"), "="),
        (Column("during"), "&&"),
        name="room_claims_no_overlap",
        using="gist",
    ),
    Index("room_claims_room_span", "tenant_id", "room_id", "start_time", "end_time"),
    Index("room_claims_booking", "tenant_id", "booking_id"),
    Index("room_claims_waiting", "tenant_id", "waiting_id", postgresql_where=text("waiting_id IS NOT NULL")),
)

requests = Table(
    "requests",
    metadata,
    _tenant(),
    _text("key"),
    _text("fingerprint"),
    Column("result", JSONB, nullable=False),
    _created(),
    _moment("expires_at"),
    _key("requests", "key"),
    _of_tenant("requests"),
    Index("requests_expiry", "tenant_id", "expires_at"),
)

events = Table(
    "events",
    metadata,
    _tenant(),
    _id(),
    Column("number", BigInteger, Identity(always=True), nullable=False),
    Column("transaction", TransactionId(), nullable=False, server_default=text("pg_current_xact_id()")),
    _text("kind"),
    _id("booking_id"),
    _whole("booking_version"),
    _id("actor_id"),
    _text("surface"),
    Column("before", JSONB, nullable=True),
    Column("after", JSONB, nullable=True),
    _text("reason", nullable=True),
    _moment("happened_at", default_now=True),
    _key("events", "id"),
    _of_tenant("events"),
    Index("events_booking", "tenant_id", "booking_id", "booking_version", unique=True),
    Index("events_in_order", "tenant_id", "transaction", "number"),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    _tenant(),
    _id(),
    _text("team_id"),
    _text("channel_id"),
    Column("location_id", Uuid, nullable=True),
    Column("room_id", Uuid, nullable=True),
    _texts("kinds"),
    _time("digest_at"),
    _text("zone"),
    _id("created_by"),
    _text("paused", nullable=True),
    _created(),
    _updated(),
    _version(),
    _key("subscriptions", "id"),
    _of("subscriptions", "location_id", "locations"),
    _of("subscriptions", "room_id", "rooms"),
    _of("subscriptions", "created_by", "people"),
    _check("subscriptions_one_scope", "location_id IS NULL OR room_id IS NULL"),
    _check(
        "subscriptions_kinds_known",
        "cardinality(kinds) >= 1 AND kinds <@ ARRAY['booked','changed','cancelled','released','ended']",
    ),
    Index(
        "subscriptions_scope",
        text("tenant_id"),
        text("team_id"),
        text("channel_id"),
        text(f"coalesce(location_id, {_NO_ID})"),
        text(f"coalesce(room_id, {_NO_ID})"),
        unique=True,
    ),
)


def _leased() -> tuple[Column[object], ...]:
    """Who is sending at this moment, until when on the database's clock, and since when a post may be under way."""
    return (
        _whole("attempts", "0"),
        Column("lease", Uuid, nullable=True),
        _moment("leased_until", nullable=True),
        _moment("posting_since", nullable=True),
    )


cards = Table(
    "cards",
    metadata,
    _tenant(),
    _id(),
    _id("booking_id"),
    _text("team_id"),
    _text("channel_id", nullable=True),
    Column("person_id", Uuid, nullable=True),
    _text("ts", nullable=True),
    _whole("first_version", nullable=True),
    _whole("wanted_version"),
    _whole("rendered_version", "0"),
    _moment("due_at"),
    *_leased(),
    _text("given_up", nullable=True),
    _moment("given_up_at", nullable=True),
    _created(),
    _updated(),
    _key("cards", "id"),
    _of("cards", "booking_id", "bookings"),
    _of("cards", "person_id", "people"),
    _check("cards_somewhere", "channel_id IS NOT NULL OR person_id IS NOT NULL"),
    _check("cards_posted_whole", "(ts IS NULL) = (first_version IS NULL) AND (ts IS NULL OR channel_id IS NOT NULL)"),
    _check("cards_never_ahead", "rendered_version <= wanted_version"),
    Index(
        "cards_of_channel",
        "tenant_id",
        "booking_id",
        "team_id",
        "channel_id",
        unique=True,
        postgresql_where=text("person_id IS NULL"),
    ),
    Index(
        "cards_of_person",
        "tenant_id",
        "booking_id",
        "person_id",
        unique=True,
        postgresql_where=text("person_id IS NOT NULL"),
    ),
    Index(
        "cards_due",
        "tenant_id",
        "due_at",
        postgresql_where=text("rendered_version < wanted_version AND given_up IS NULL"),
    ),
    Index("cards_booking", "tenant_id", "booking_id"),
    Index("cards_given_up", "tenant_id", "given_up_at", postgresql_where=text("given_up IS NOT NULL")),
)

deliveries = Table(
    "deliveries",
    metadata,
    _tenant(),
    _id(),
    _text("key"),
    _text("kind"),
    _text("team_id"),
    Column("booking_id", Uuid, nullable=True),
    Column("person_id", Uuid, nullable=True),
    Column("card_id", Uuid, nullable=True),
    Column("subscription_id", Uuid, nullable=True),
    Column("waiting_id", Uuid, nullable=True),
    Column("about", JSONB, nullable=False, server_default=text("'{}'")),
    _moment("due_at"),
    _moment("until", nullable=True),
    Column("status", Text, nullable=False, server_default=text("'pending'")),
    _text("reason", nullable=True),
    *_leased(),
    _text("channel_id", nullable=True),
    _text("ts", nullable=True),
    _created(),
    _moment("done_at", nullable=True),
    _key("deliveries", "id"),
    UniqueConstraint("tenant_id", "key", name="deliveries_once"),
    _of("deliveries", "booking_id", "bookings"),
    _of("deliveries", "person_id", "people"),
    _of("deliveries", "card_id", "cards", cascade=True),
    _of("deliveries", "subscription_id", "subscriptions", cascade=True),
    _of("deliveries", "waiting_id", "waiting"),
    _check("deliveries_to_somebody", "person_id IS NOT NULL OR card_id IS NOT NULL OR subscription_id IS NOT NULL"),
    _check("deliveries_status_known", "status IN ('pending','sent','dropped','given_up')"),
    _check("deliveries_done", "(status = 'pending') = (done_at IS NULL)"),
    _check("deliveries_sent_somewhere", "status <> 'sent' OR (channel_id IS NOT NULL AND ts IS NOT NULL)"),
    Index("deliveries_due", "tenant_id", "due_at", postgresql_where=text("status = 'pending'")),
    Index("deliveries_booking", "tenant_id", "booking_id"),
    Index("deliveries_given_up", "tenant_id", "done_at", postgresql_where=text("status = 'given_up'")),
    Index("deliveries_card", "tenant_id", "card_id", postgresql_where=text("card_id IS NOT NULL")),
    Index("deliveries_done", "tenant_id", "done_at", postgresql_where=text("done_at IS NOT NULL")),
)

open_views = Table(
    "open_views",
    metadata,
    _tenant(),
    _text("view_id"),
    _text("kind"),
    _id("person_id"),
    _text("team_id"),
    _text("hash", nullable=True),
    Column("content", JSONB, nullable=False, server_default=text("'{}'")),
    Column("location_id", Uuid, nullable=True),
    _moment("start_time", nullable=True),
    _moment("end_time", nullable=True),
    _moment("seen_at"),
    _moment("stale_since", nullable=True),
    _moment("due_at", nullable=True),
    Column("lease", Uuid, nullable=True),
    _moment("leased_until", nullable=True),
    _key("open_views", "view_id"),
    _of("open_views", "person_id", "people"),
    _check("open_views_kind_known", "kind IN ('search','home')"),
    Index("open_views_due", "tenant_id", "due_at", postgresql_where=text("stale_since IS NOT NULL")),
    Index("open_views_person", "tenant_id", "person_id"),
    Index("open_views_span", "tenant_id", "start_time", postgresql_where=text("kind = 'search'")),
)

event_readers = Table(
    "event_readers",
    metadata,
    _tenant(),
    _text("name"),
    Column("transaction", TransactionId(), nullable=False),
    Column("number", BigInteger, nullable=False),
    _updated(),
    _key("event_readers", "name"),
    _of_tenant("event_readers"),
)

FUNCTIONS = (
    # Behind the foreign key's lock on the room: an AFTER trigger, so that a room shrunk meanwhile is seen.
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
    # Whoever shrinks a room takes it FOR UPDATE first; then no booking can slip in between this look and the commit.
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
    # Judges the state at commit, not the row as it was when the trigger was queued.
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

# Fails closed: without a tenant on the connection no row is seen.
_CURRENT = "nullif(current_setting('app.tenant', true), '')::uuid"


def _security(table: str) -> tuple[str, ...]:
    column = "id" if table == "tenants" else "tenant_id"
    return (
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY {table}_tenant ON {table} USING ({column} = {_CURRENT}) WITH CHECK ({column} = {_CURRENT})",
    )


SECURITY = tuple(statement for table in ("tenants", *TENANT_TABLES) for statement in _security(table))

_CHANGED = "slack_teams, people, locations, rooms, policies, bookings"
_CHANGED_AND_DELETED = (
    "admins, room_amenities, attendees, room_claims, requests,"
    " waiting, subscriptions, cards, deliveries, open_views, event_readers"
)


def _grants(role: str) -> tuple[str, ...]:
    return (
        f"GRANT SELECT ON tenants TO {role}",
        f"GRANT SELECT, INSERT, UPDATE ON {_CHANGED} TO {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {_CHANGED_AND_DELETED} TO {role}",
        f"GRANT SELECT, INSERT ON events TO {role}",
    )


GRANTS = (*_grants(APPLICATION), *_grants(WORKER))
CODE = (*FUNCTIONS, *TRIGGERS, *SECURITY, *GRANTS)
