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
    Date,
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

from core.roles import APPLICATION, WORKER

metadata = MetaData()

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
    "groups",
    "rights",
    "closures",
    "quotas",
    "series",
    "approvals",
    "equipment",
    "proposals",
    "workspace",
    "group_members",
    "holidays",
    "room_parts",
    "booking_rooms",
    "equipment_claims",
    "searches",
    "changes",
    "bookings_archive",
    "tokens",
    "webhooks",
    "webhook_deliveries",
    "feeds",
)
# Of operators: neither the application nor the worker sees them.
OPERATOR_TABLES = ("tenant_log", "tenant_moves")
# Of the database itself, whoever's rows are in it.
COMMON_TABLES = ("heartbeats", "slack_installations", "slack_bots", "slack_oauth_states")
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


def _maybe_id(name: str) -> Column[object]:
    return Column(name, Uuid, nullable=True)


def _ids(name: str) -> Column[object]:
    return Column(name, ARRAY(Uuid), nullable=False, server_default=text("'{}'"))


def _date(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, Date, nullable=nullable)


def _json(name: str, default: str | None = None) -> Column[object]:
    return Column(name, JSONB, nullable=default is None, server_default=text(default) if default else None)


def _scope(table: str) -> tuple[ForeignKeyConstraint, ForeignKeyConstraint, CheckConstraint]:
    """What is set for a location, for a room, or with neither for the workspace."""
    return (
        _of(table, "location_id", "locations"),
        _of(table, "room_id", "rooms"),
        _check(f"{table}_one_scope", "location_id IS NULL OR room_id IS NULL"),
    )


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


# The directory: also of tenants that live in another database (`placement`; null is this one), and in theirs as well.
tenants = Table(
    "tenants",
    metadata,
    _id(),
    _text("name"),
    _text("slug", nullable=True),
    _text("placement", nullable=True),
    _moment("closed_at", nullable=True),
    _created(),
    PrimaryKeyConstraint("id", name="tenants_pkey"),
    UniqueConstraint("slug", name="tenants_slug"),
    _check("tenants_slug_plain", "slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'"),
)

# What was done to tenants, kept when they are gone: for operators alone.
tenant_log = Table(
    "tenant_log",
    metadata,
    _id(),
    _tenant(),
    _text("name"),
    _text("action"),
    _json("detail", "'{}'"),
    _moment("happened_at", default_now=True),
    PrimaryKeyConstraint("id", name="tenant_log_pkey"),
    Index("tenant_log_tenant", "tenant_id", "happened_at"),
)

# How far carrying a tenant over has come; what is in it is over when `ended_at` is set.
tenant_moves = Table(
    "tenant_moves",
    metadata,
    _tenant(),
    _id(),
    _text("phase"),
    _text("source", nullable=True),
    _text("target", nullable=True),
    _json("detail", "'{}'"),
    _moment("started_at", default_now=True),
    _moment("ended_at", nullable=True),
    _key("tenant_moves", "id"),
    _check("tenant_moves_phase_known", "phase IN ('freezing','copying','switching','kept','arriving','done','aborted')"),
    Index("tenant_moves_open", "tenant_id", unique=True, postgresql_where=text("ended_at IS NULL")),
)

# Written each second where a copy of the database is read: by the newest one that it has, a copy shows whom it follows,
# and how far behind it is.
heartbeats = Table(
    "heartbeats",
    metadata,
    _flag("one", "true"),
    Column("timeline", Integer, nullable=False),
    _moment("beaten_at"),
    PrimaryKeyConstraint("one", name="heartbeats_pkey"),
    _check("heartbeats_one", "one"),
)


def _plain_moment(name: str, *, nullable: bool = False, default_now: bool = False) -> Column[object]:
    """A moment without a zone, in UTC, as slack_sdk's stores write them."""
    default = text("(now() AT TIME ZONE 'UTC')") if default_now else None
    return Column(name, DateTime(timezone=False), nullable=nullable, server_default=default)


def _numbered(table: str) -> tuple[Column[object], PrimaryKeyConstraint]:
    return Column("id", Integer, Identity(always=False), nullable=False), PrimaryKeyConstraint("id", name=f"{table}_pkey")


def _maybe_texts(*names: str) -> tuple[Column[object], ...]:
    return tuple(_text(name, nullable=True) for name in names)


# The app's installations, by team or organisation and not by tenant: they are looked into to find out whose a request is.
# Tokens in them are encrypted.
slack_installations = Table(
    "slack_installations",
    metadata,
    *_numbered("slack_installations"),
    _text("client_id"),
    _text("app_id"),
    *_maybe_texts("enterprise_id", "enterprise_name", "enterprise_url", "team_id", "team_name"),
    *_maybe_texts("bot_token", "bot_id", "bot_user_id", "bot_scopes", "bot_refresh_token"),
    _plain_moment("bot_token_expires_at", nullable=True),
    _text("user_id"),
    *_maybe_texts("user_token", "user_scopes", "user_refresh_token"),
    _plain_moment("user_token_expires_at", nullable=True),
    *_maybe_texts("incoming_webhook_url", "incoming_webhook_channel", "incoming_webhook_channel_id"),
    *_maybe_texts("incoming_webhook_configuration_url"),
    _flag("is_enterprise_install"),
    _text("token_type", nullable=True),
    _plain_moment("installed_at", default_now=True),
    Index("slack_installations_of_team", "client_id", "team_id", "enterprise_id", "installed_at"),
)

slack_bots = Table(
    "slack_bots",
    metadata,
    *_numbered("slack_bots"),
    _text("client_id"),
    _text("app_id"),
    *_maybe_texts("enterprise_id", "enterprise_name", "team_id", "team_name"),
    *_maybe_texts("bot_token", "bot_id", "bot_user_id", "bot_scopes", "bot_refresh_token"),
    _plain_moment("bot_token_expires_at", nullable=True),
    _flag("is_enterprise_install"),
    _plain_moment("installed_at", default_now=True),
    Index("slack_bots_of_team", "client_id", "team_id", "enterprise_id", "installed_at"),
)

slack_oauth_states = Table(
    "slack_oauth_states",
    metadata,
    *_numbered("slack_oauth_states"),
    _text("state"),
    _plain_moment("expire_at"),
    UniqueConstraint("state", name="slack_oauth_states_state"),
)

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
    _flag("active", "true"),
    _flag("board_open"),
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
    _moment("erased_at", nullable=True),
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
    _text("photo", nullable=True),
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
    _maybe_id("group_id"),
    _whole("notice_minutes", nullable=True),
    _whole("cancel_notice_minutes", nullable=True),
    Column("one_at_a_time", Boolean, nullable=True),
    _whole("setup_minutes", nullable=True),
    _whole("teardown_minutes", nullable=True),
    Column("details_hidden", Boolean, nullable=True),
    Column("approval", Boolean, nullable=True),
    _whole("approval_hours", nullable=True),
    _text("holidays_country", nullable=True),
    Column("holidays_closed", Boolean, nullable=True),
    _updated(),
    _version(),
    _key("policies", "id"),
    _of_tenant("policies"),
    _of("policies", "location_id", "locations"),
    _of("policies", "room_id", "rooms"),
    _of("policies", "group_id", "groups"),
    _check("policies_one_scope", "location_id IS NULL OR room_id IS NULL"),
    _check("policies_lengths_positive", "shortest_minutes >= 1 AND longest_minutes >= 1 AND horizon_days >= 0"),
    _check(
        "policies_check_in_sane",
        "check_in_opens_minutes >= 0 AND check_in_grace_minutes >= 1"
        " AND check_in_longest_minutes >= 1 AND check_in_notice_minutes >= 0",
    ),
    _check(
        "policies_spans_sane",
        "notice_minutes >= 0 AND cancel_notice_minutes >= 0 AND setup_minutes BETWEEN 0 AND 1440"
        " AND teardown_minutes BETWEEN 0 AND 1440 AND approval_hours >= 1",
    ),
    Index(
        "policies_scope",
        text("tenant_id"),
        text(f"coalesce(location_id, {_NO_ID})"),
        text(f"coalesce(room_id, {_NO_ID})"),
        text(f"coalesce(group_id, {_NO_ID})"),
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
    _maybe_id("series_id"),
    _date("series_on", nullable=True),
    _created(),
    _updated(),
    _version(),
    _key("bookings", "id"),
    _of("bookings", "room_id", "rooms"),
    _of("bookings", "booked_by", "people"),
    _of("bookings", "series_id", "series"),
    _check("bookings_series_whole", "(series_id IS NULL) = (series_on IS NULL)"),
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
    Index("bookings_over", "tenant_id", "end_time"),
    Index("bookings_start", "tenant_id", "start_time", "end_time"),
    Index("bookings_long", "tenant_id", "start_time", postgresql_where=text("end_time - start_time > interval '12 hours'")),
    Index("bookings_series", "tenant_id", "series_id", "start_time", postgresql_where=text("series_id IS NOT NULL")),
    Index(
        "bookings_of_series",
        "tenant_id",
        "series_id",
        "series_on",
        unique=True,
        postgresql_where=text("series_id IS NOT NULL AND status IN ('pending', 'confirmed', 'checked_in')"),
    ),
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
    _maybe_id("series_id"),
    _date("series_on", nullable=True),
    Column("more_room_ids", ARRAY(Uuid), nullable=False, server_default=text("'{}'")),
    Column("equipment_ids", ARRAY(Uuid), nullable=False, server_default=text("'{}'")),
    Column("equipment_counts", ARRAY(Integer), nullable=False, server_default=text("'{}'")),
    _created(),
    _updated(),
    _version(),
    _key("waiting", "id"),
    _of("waiting", "person_id", "people"),
    _of("waiting", "room_id", "rooms"),
    _of("waiting", "location_id", "locations"),
    _of("waiting", "offered_room_id", "rooms"),
    _of("waiting", "booking_id", "bookings"),
    _of("waiting", "series_id", "series"),
    _check("waiting_series_whole", "(series_id IS NULL) = (series_on IS NULL)"),
    _check("waiting_more_beside_one", "room_id IS NOT NULL OR cardinality(more_room_ids) = 0"),
    _check(
        "waiting_equipment_counted",
        "cardinality(equipment_ids) = cardinality(equipment_counts) AND 1 <= ALL (equipment_counts)",
    ),
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
        text("more_room_ids"),
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
    _maybe_id("proposal_id"),
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
    _of("room_claims", "proposal_id", "proposals"),
    _check("room_claims_kind_known", "kind IN ('booking','offer','block','proposal')"),
    _check("room_claims_of_proposal", "(kind = 'proposal') = (proposal_id IS NOT NULL)"),
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
    Index("room_claims_then", "tenant_id", "start_time", "end_time"),
    Index("room_claims_long", "tenant_id", "end_time", postgresql_where=text("end_time - start_time > interval '12 hours'")),
    Index("room_claims_booking", "tenant_id", "booking_id"),
    Index("room_claims_proposal", "tenant_id", "proposal_id", postgresql_where=text("proposal_id IS NOT NULL")),
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
    _maybe_id("operation_id"),
    _key("events", "id"),
    _of_tenant("events"),
    Index("events_booking", "tenant_id", "booking_id", "booking_version", unique=True),
    Index("events_operation", "tenant_id", "operation_id", postgresql_where=text("operation_id IS NOT NULL")),
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
    _flag("weekly_figures"),
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
    Column("role", Text, nullable=False, server_default=text("'news'")),
    _created(),
    _updated(),
    _key("cards", "id"),
    _of("cards", "booking_id", "bookings"),
    _of("cards", "person_id", "people"),
    _check("cards_somewhere", "channel_id IS NOT NULL OR person_id IS NOT NULL"),
    _check("cards_posted_whole", "(ts IS NULL) = (first_version IS NULL) AND (ts IS NULL OR channel_id IS NOT NULL)"),
    _check("cards_role_known", "role IN ('news','approval')"),
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
        "role",
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

groups = Table(
    "groups",
    metadata,
    _tenant(),
    _id(),
    _text("name"),
    _text("slack_team_id", nullable=True),
    _text("slack_group_id", nullable=True),
    _moment("synced_at", nullable=True),
    _moment("removed_at", nullable=True),
    _created(),
    _updated(),
    _version(),
    _key("groups", "id"),
    _of_tenant("groups"),
    _check("groups_slack_whole", "(slack_team_id IS NULL) = (slack_group_id IS NULL)"),
    UniqueConstraint("tenant_id", "slack_team_id", "slack_group_id", name="groups_slack"),
    Index("groups_name", text("tenant_id"), text("lower(name)"), unique=True, postgresql_where=text("removed_at IS NULL")),
)

group_members = Table(
    "group_members",
    metadata,
    _tenant(),
    _id("group_id"),
    _id("person_id"),
    _key("group_members", "group_id", "person_id"),
    _of("group_members", "group_id", "groups"),
    _of("group_members", "person_id", "people"),
    Index("group_members_person", "tenant_id", "person_id"),
)

# `person_id` or `group_id` says who has the right; with neither, everybody.
rights = Table(
    "rights",
    metadata,
    _tenant(),
    _id(),
    _maybe_id("location_id"),
    _maybe_id("room_id"),
    _maybe_id("person_id"),
    _maybe_id("group_id"),
    _text("granted"),
    _created(),
    _moment("removed_at", nullable=True),
    _key("rights", "id"),
    _of_tenant("rights"),
    *_scope("rights"),
    _of("rights", "person_id", "people"),
    _of("rights", "group_id", "groups"),
    _check("rights_one_holder", "person_id IS NULL OR group_id IS NULL"),
    _check("rights_known", "granted IN ('book','request','override','manage','approve')"),
    Index(
        "rights_once",
        text("tenant_id"),
        text("granted"),
        text(f"coalesce(location_id, {_NO_ID})"),
        text(f"coalesce(room_id, {_NO_ID})"),
        text(f"coalesce(person_id, {_NO_ID})"),
        text(f"coalesce(group_id, {_NO_ID})"),
        unique=True,
        postgresql_where=text("removed_at IS NULL"),
    ),
)

# What somebody changed about the holidays of a location's country: a day more, or one that is worked (not closed).
holidays = Table(
    "holidays",
    metadata,
    _tenant(),
    _id(),
    _id("location_id"),
    _date("on_date"),
    _text("name"),
    Column("closed", Boolean, nullable=False),
    _updated(),
    _key("holidays", "id"),
    _of("holidays", "location_id", "locations"),
    UniqueConstraint("tenant_id", "location_id", "on_date", name="holidays_once"),
)

closures = Table(
    "closures",
    metadata,
    _tenant(),
    _id(),
    _maybe_id("location_id"),
    _maybe_id("room_id"),
    _moment("start_time"),
    _moment("end_time"),
    _text("reason", nullable=True),
    _ids("allowed_people"),
    _ids("allowed_groups"),
    _maybe_id("created_by"),
    _created(),
    _updated(),
    _moment("lifted_at", nullable=True),
    _version(),
    _key("closures", "id"),
    _of_tenant("closures"),
    *_scope("closures"),
    _of("closures", "created_by", "people"),
    _check("closures_end_after_start", "end_time > start_time"),
    Index("closures_ahead", "tenant_id", "end_time", postgresql_where=text("lifted_at IS NULL")),
)

# `together` counts a group as one, otherwise each person (of the group, or anybody) has so much.
quotas = Table(
    "quotas",
    metadata,
    _tenant(),
    _id(),
    _maybe_id("location_id"),
    _maybe_id("room_id"),
    _maybe_id("group_id"),
    _flag("together"),
    _text("measure"),
    _text("period"),
    _whole("most"),
    _created(),
    _updated(),
    _moment("removed_at", nullable=True),
    _version(),
    _key("quotas", "id"),
    _of_tenant("quotas"),
    *_scope("quotas"),
    _of("quotas", "group_id", "groups"),
    _check("quotas_together_is_a_group", "NOT together OR group_id IS NOT NULL"),
    _check("quotas_measure_known", "measure IN ('count','minutes')"),
    _check("quotas_period_known", "period IN ('day','week','month')"),
    _check("quotas_most_sane", "most >= 0"),
)

# Wall-clock time in a zone and a rule of RFC 5545; `left_out` are dates that somebody took out of it.
series = Table(
    "series",
    metadata,
    _tenant(),
    _id(),
    _id("booked_by"),
    _id("room_id"),
    _text("zone"),
    _date("first_on"),
    Column("clock", Time, nullable=False),
    _whole("minutes"),
    _text("rule"),
    _text("title", nullable=True),
    _whole("attendees_count", "1"),
    _texts("amenities", empty=True),
    _flag("private"),
    _flag("shared"),
    _ids("invitees"),
    _ids("more_rooms"),
    _json("equipment", "'[]'"),
    Column("left_out", ARRAY(Date), nullable=False, server_default=text("'{}'")),
    Column("status", Text, nullable=False, server_default=text("'active'")),
    _date("booked_until", nullable=True),
    _moment("told_ending_at", nullable=True),
    _maybe_id("continues_id"),
    _created(),
    _updated(),
    _version(),
    _key("series", "id"),
    _of("series", "booked_by", "people"),
    _of("series", "room_id", "rooms"),
    _of("series", "continues_id", "series"),
    _check("series_minutes_positive", "minutes >= 1"),
    _check("series_attendees_positive", "attendees_count >= 1"),
    _check("series_title_length", "char_length(title) <= 200"),
    _check("series_status_known", "status IN ('active','over','cancelled')"),
    Index("series_continues", "tenant_id", "continues_id", postgresql_where=text("continues_id IS NOT NULL")),
    Index("series_person", "tenant_id", "booked_by", postgresql_where=text("status = 'active'")),
    Index("series_growing", "tenant_id", "booked_until", postgresql_where=text("status = 'active'")),
)

# `approved_before` is how a booking stood when it was approved last: what a declined enlargement goes back to.
approvals = Table(
    "approvals",
    metadata,
    _tenant(),
    _id(),
    _id("booking_id"),
    _json("approved_before"),
    _moment("asked_at"),
    _moment("expires_at"),
    _moment("reminded_at", nullable=True),
    _text("decision", nullable=True),
    _maybe_id("decided_by"),
    _moment("decided_at", nullable=True),
    _text("reason", nullable=True),
    _version(),
    _key("approvals", "id"),
    _of("approvals", "booking_id", "bookings"),
    _of("approvals", "decided_by", "people"),
    _check("approvals_decision_known", "decision IN ('approved','declined','expired','withdrawn')"),
    _check("approvals_decided", "(decision IS NULL) = (decided_at IS NULL)"),
    Index("approvals_open", "tenant_id", "booking_id", unique=True, postgresql_where=text("decision IS NULL")),
    Index("approvals_booking", "tenant_id", "booking_id"),
    Index("approvals_expiry", "tenant_id", "expires_at", postgresql_where=text("decision IS NULL")),
)

# The smallest parts of a divisible room, none of them divisible itself: what is claimed when the whole is booked.
room_parts = Table(
    "room_parts",
    metadata,
    _tenant(),
    _id("whole_id"),
    _id("part_id"),
    _key("room_parts", "whole_id", "part_id"),
    _of("room_parts", "whole_id", "rooms"),
    _of("room_parts", "part_id", "rooms"),
    _check("room_parts_of_another", "whole_id <> part_id"),
    Index("room_parts_part", "tenant_id", "part_id"),
)

# The rooms of a booking beside its first.
booking_rooms = Table(
    "booking_rooms",
    metadata,
    _tenant(),
    _id("booking_id"),
    _id("room_id"),
    _key("booking_rooms", "booking_id", "room_id"),
    _of("booking_rooms", "booking_id", "bookings"),
    _of("booking_rooms", "room_id", "rooms"),
    Index("booking_rooms_room", "tenant_id", "room_id"),
)

equipment = Table(
    "equipment",
    metadata,
    _tenant(),
    _id(),
    _id("location_id"),
    _text("name"),
    _whole("quantity"),
    _flag("active", "true"),
    _created(),
    _updated(),
    _version(),
    _key("equipment", "id"),
    _of("equipment", "location_id", "locations"),
    _check("equipment_quantity_sane", "quantity BETWEEN 0 AND 10000"),
    Index("equipment_name", text("tenant_id"), text("location_id"), text("lower(name)"), unique=True),
)

equipment_claims = Table(
    "equipment_claims",
    metadata,
    _tenant(),
    Column("id", Uuid, nullable=False, server_default=text("gen_random_uuid()")),
    _maybe_id("booking_id"),
    _maybe_id("waiting_id"),
    _id("equipment_id"),
    _whole("quantity"),
    _moment("start_time"),
    _moment("end_time"),
    _moment("expires_at", nullable=True),
    _key("equipment_claims", "id"),
    _of("equipment_claims", "booking_id", "bookings"),
    _of("equipment_claims", "waiting_id", "waiting"),
    _of("equipment_claims", "equipment_id", "equipment"),
    _check("equipment_claims_end_after_start", "end_time > start_time"),
    _check("equipment_claims_quantity_positive", "quantity >= 1"),
    _check(
        "equipment_claims_of_one",
        "(booking_id IS NULL) <> (waiting_id IS NULL) AND (waiting_id IS NULL) = (expires_at IS NULL)",
    ),
    Index("equipment_claims_span", "tenant_id", "equipment_id", "start_time", "end_time"),
    Index("equipment_claims_booking", "tenant_id", "booking_id", "equipment_id", unique=True),
    Index(
        "equipment_claims_waiting",
        "tenant_id",
        "waiting_id",
        "equipment_id",
        unique=True,
        postgresql_where=text("waiting_id IS NOT NULL"),
    ),
)

# Another room for a booking whose room closes; without `closure_id` the room has gone out of use.
proposals = Table(
    "proposals",
    metadata,
    _tenant(),
    _id(),
    _id("booking_id"),
    _whole("booking_version"),
    _maybe_id("closure_id"),
    _maybe_id("offered_room_id"),
    _text("status"),
    _moment("answer_by"),
    _created(),
    _updated(),
    _version(),
    _key("proposals", "id"),
    _of("proposals", "booking_id", "bookings"),
    _of("proposals", "closure_id", "closures"),
    _of("proposals", "offered_room_id", "rooms"),
    _check("proposals_status_known", "status IN ('open','accepted','declined','moved','cancelled','overtaken')"),
    Index("proposals_open", "tenant_id", "booking_id", unique=True, postgresql_where=text("status = 'open'")),
    Index("proposals_booking", "tenant_id", "booking_id"),
    Index("proposals_due", "tenant_id", "answer_by", postgresql_where=text("status = 'open'")),
)

# What admins did: only ever added to, as `events` is for bookings.
changes = Table(
    "changes",
    metadata,
    _tenant(),
    _id(),
    Column("number", BigInteger, Identity(always=True), nullable=False),
    _text("subject"),
    _maybe_id("subject_id"),
    _text("subject_name", nullable=True),
    _text("action"),
    _maybe_id("actor_id"),
    _text("actor_name"),
    _text("surface"),
    _json("before"),
    _json("after"),
    _maybe_id("undoes"),
    _moment("happened_at", default_now=True),
    _key("changes", "id"),
    _of_tenant("changes"),
    _of("changes", "undoes", "changes"),
    Index("changes_when", "tenant_id", "happened_at", "number"),
    Index("changes_undoes", "tenant_id", "undoes", postgresql_where=text("undoes IS NOT NULL")),
    Index("changes_subject", "tenant_id", "subject", "subject_id", "number"),
)

# What somebody looked for and did not get, and what it was lacking.
searches = Table(
    "searches",
    metadata,
    _tenant(),
    _id(),
    _maybe_id("person_id"),
    _text("surface"),
    _maybe_id("location_id"),
    _maybe_id("room_id"),
    _moment("start_time"),
    _moment("end_time"),
    _whole("attendees_count"),
    _texts("amenities", empty=True),
    _text("lacking"),
    _text("detail", nullable=True),
    _texts("equipment", empty=True),
    _moment("made_at"),
    _key("searches", "id"),
    _of_tenant("searches"),
    _of("searches", "person_id", "people"),
    Index("searches_when", "tenant_id", "made_at"),
)

workspace = Table(
    "workspace",
    metadata,
    _tenant(),
    _whole("archive_days", "90"),
    _whole("keep_bookings_months", nullable=True),
    _whole("keep_audit_months", nullable=True),
    _updated(),
    _version(),
    PrimaryKeyConstraint("tenant_id", name="workspace_pkey"),
    _of_tenant("workspace"),
    _check("workspace_sane", "archive_days >= 7 AND keep_bookings_months >= 1 AND keep_audit_months >= 1"),
)

# The right to use the API; of a token itself the digest alone is kept.
tokens = Table(
    "tokens",
    metadata,
    _tenant(),
    _id(),
    _id("person_id"),
    _text("kind"),
    _text("name"),
    _text("digest"),
    _texts("scopes"),
    _maybe_id("created_by"),
    _created(),
    _moment("expires_at", nullable=True),
    _moment("last_used_at", nullable=True),
    _moment("revoked_at", nullable=True),
    _key("tokens", "id"),
    _of("tokens", "person_id", "people"),
    _of("tokens", "created_by", "people"),
    _check("tokens_kind_known", "kind IN ('personal','service')"),
    _check("tokens_scopes_known", "cardinality(scopes) >= 1 AND scopes <@ ARRAY['read','book','admin']"),
    _check("tokens_name_length", "char_length(name) BETWEEN 1 AND 100"),
    Index("tokens_digest", "digest", unique=True),
    Index("tokens_person", "tenant_id", "person_id"),
)

# Where others are told of events; `transaction` and `number` are how far each has come in the feed.
webhooks = Table(
    "webhooks",
    metadata,
    _tenant(),
    _id(),
    _text("url"),
    _text("secret"),
    _text("description", nullable=True),
    _texts("kinds", empty=True),
    _maybe_id("location_id"),
    _maybe_id("room_id"),
    Column("details", Boolean, nullable=False, server_default=text("false")),
    _maybe_id("created_by"),
    Column("transaction", TransactionId(), nullable=False),
    Column("number", BigInteger, nullable=False),
    _moment("failing_since", nullable=True),
    _text("paused", nullable=True),
    _moment("removed_at", nullable=True),
    _created(),
    _updated(),
    _version(),
    _key("webhooks", "id"),
    _of_tenant("webhooks"),
    _of("webhooks", "location_id", "locations"),
    _of("webhooks", "room_id", "rooms"),
    _of("webhooks", "created_by", "people"),
    _check("webhooks_one_scope", "location_id IS NULL OR room_id IS NULL"),
    _check("webhooks_url_length", "char_length(url) BETWEEN 1 AND 2000"),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    _tenant(),
    _id(),
    _id("webhook_id"),
    _id("event_id"),
    _text("kind"),
    Column("body", JSONB, nullable=False),
    _maybe_id("replay_of"),
    Column("state", Text, nullable=False, server_default=text("'due'")),
    _moment("due_at"),
    *_leased(),
    _whole("response_status", nullable=True),
    _text("note", nullable=True),
    _moment("sent_at", nullable=True),
    _created(),
    _key("webhook_deliveries", "id"),
    _of("webhook_deliveries", "webhook_id", "webhooks"),
    _check("webhook_deliveries_state_known", "state IN ('due','sent','failed','dropped')"),
    Index(
        "webhook_deliveries_once",
        "tenant_id",
        "webhook_id",
        "event_id",
        unique=True,
        postgresql_where=text("replay_of IS NULL"),
    ),
    Index("webhook_deliveries_due", "tenant_id", "webhook_id", "due_at", postgresql_where=text("state = 'due'")),
    Index("webhook_deliveries_latest", "tenant_id", "webhook_id", "created_at"),
)

# Addresses of calendars: a person's own, or a room's or location's as that person may see it.
feeds = Table(
    "feeds",
    metadata,
    _tenant(),
    _id(),
    _id("person_id"),
    _maybe_id("location_id"),
    _maybe_id("room_id"),
    _text("token"),
    _created(),
    _moment("last_used_at", nullable=True),
    _moment("revoked_at", nullable=True),
    _key("feeds", "id"),
    _of("feeds", "person_id", "people"),
    _of("feeds", "location_id", "locations"),
    _of("feeds", "room_id", "rooms"),
    _check("feeds_one_scope", "location_id IS NULL OR room_id IS NULL"),
    Index("feeds_token", "token", unique=True),
    Index(
        "feeds_once",
        text("tenant_id"),
        text("person_id"),
        text(f"coalesce(location_id, {_NO_ID})"),
        text(f"coalesce(room_id, {_NO_ID})"),
        unique=True,
        postgresql_where=text("revoked_at IS NULL"),
    ),
)

# What ended long ago, by month of its start; those invited travel inside the row.
bookings_archive = Table(
    "bookings_archive",
    metadata,
    _tenant(),
    _id(),
    _id("room_id"),
    _ids("more_rooms"),
    _id("booked_by"),
    _text("title", nullable=True),
    _moment("start_time"),
    _moment("end_time"),
    _whole("attendees_count"),
    _text("status"),
    Column("private", Boolean, nullable=False),
    _text("cancel_reason", nullable=True),
    _maybe_id("series_id"),
    _date("series_on", nullable=True),
    _moment("late_at", nullable=True),
    _moment("checked_in_at", nullable=True),
    _moment("ended_at", nullable=True),
    _json("attendees", "'[]'"),
    _json("equipment", "'[]'"),
    _moment("created_at"),
    _moment("updated_at"),
    _whole("version"),
    _moment("archived_at", default_now=True),
    _key("bookings_archive", "id", "start_time"),
    Index("bookings_archive_start", "tenant_id", "start_time"),
    Index("bookings_archive_person", "tenant_id", "booked_by"),
    Index("bookings_archive_room", "tenant_id", "room_id", "start_time"),
    Index("bookings_archive_several", "tenant_id", "start_time", "end_time", postgresql_where=text("more_rooms <> '{}'")),
    Index(
        "bookings_archive_long",
        "tenant_id",
        "end_time",
        postgresql_where=text("end_time - start_time > interval '12 hours'"),
    ),
    postgresql_partition_by="RANGE (start_time)",
)
PARTITIONS = ("CREATE TABLE bookings_archive_rest PARTITION OF bookings_archive DEFAULT",)

FUNCTIONS = (
    # Behind the foreign key's lock on the room: an AFTER trigger, so that a room shrunk meanwhile is seen.
    """
CREATE FUNCTION bookings_fit_room() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    seats integer;
    in_use boolean;
BEGIN
    -- Whoever carries a whole tenant over brings rows that were judged where they come from.
    IF current_setting('app.carrying', true) <> '' THEN
        IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
            RETURN NULL;
        END IF;
    END IF;
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
    # Whoever shrinks a room takes it FOR UPDATE first; then no booking can slip in between this look and the commit.
    """
CREATE FUNCTION rooms_seat_their_bookings() RETURNS trigger LANGUAGE plpgsql AS $$
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
    # Judges the state at commit, not the row as it was when the trigger was queued.
    """
CREATE FUNCTION bookings_hold_claims() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    booking uuid;
    tenant uuid;
BEGIN
    -- Whoever carries a whole tenant over brings rows that were judged where they come from.
    IF current_setting('app.carrying', true) <> '' THEN
        IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
            RETURN NULL;
        END IF;
    END IF;
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
    -- Whoever carries a whole tenant over brings rows that were judged where they come from.
    IF current_setting('app.carrying', true) <> '' THEN
        IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
            RETURN NULL;
        END IF;
    END IF;
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
SET search_path = pg_catalog, public, pg_temp AS $$
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
    # A month is everybody's, and only its owner sees all of it: whoever asks loses their own rows and nobody else's.
    """
CREATE FUNCTION drop_archive_month(month date, today date) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '500ms' AS $$
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
""",
    # The history is only ever added to; what names somebody in it is taken out by this alone, when they ask for it.
    r"""
CREATE FUNCTION forget_in_history(person uuid) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    ours uuid := nullif(current_setting('app.tenant', true), '')::uuid;
    words jsonb := '{"title": null, "cancel_reason": null}';
    touched integer;
    called text;
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
    -- Why they cancelled or declined what is somebody else's.
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
    RETURN touched;
END $$
""",
    # Which tenants there are and where each lives, for whoever serves all of them: no names, nothing of theirs.
    """
CREATE FUNCTION tenant_directory() RETURNS TABLE (id uuid, slug text, placement text, closed_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT t.id, t.slug, t.placement, t.closed_at FROM public.tenants t ORDER BY t.created_at, t.id
$$
""",
    # Whose a Slack team is: it is asked before anybody knows the tenant. A team of a known enterprise is its tenant's.
    """
CREATE FUNCTION tenant_of_team(team text, enterprise text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(
        (SELECT t.tenant_id FROM public.slack_teams t WHERE t.team_id = team),
        (SELECT min(t.tenant_id::text)::uuid FROM public.slack_teams t WHERE t.enterprise_id = enterprise
            HAVING count(DISTINCT t.tenant_id) = 1))
$$
""",
    # A team that installs Bookroom gets its tenant: the one it has, its enterprise's, or the one that is named here.
    """
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
""",
    # Its triggers exist while a tenant is moved, and only for that tenant's rows.
    """
CREATE FUNCTION refuse_while_moving() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('app.carrying', true) = coalesce(NEW.tenant_id, OLD.tenant_id)::text THEN
        IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
            RETURN coalesce(NEW, OLD);
        END IF;
    END IF;
    RAISE EXCEPTION 'the workspace is being moved' USING ERRCODE = 'BK001';
END $$
""",
    # An address of the API that names no workspace: its token alone says whose it is.
    """
CREATE FUNCTION tenant_of_token(token_digest text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT t.tenant_id FROM public.tokens t WHERE t.digest = token_digest
$$
""",
    # A workspace's short name stands in its addresses: given once, to whoever has none.
    """
CREATE FUNCTION name_tenant(tenant uuid, wanted text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    given text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('tenants', 0));
    SELECT slug INTO given FROM public.tenants WHERE id = tenant;
    IF given IS NULL AND NOT EXISTS (SELECT FROM public.tenants WHERE slug = wanted) THEN
        UPDATE public.tenants SET slug = wanted WHERE id = tenant;
        given := wanted;
    END IF;
    RETURN given;
END $$
""",
    # Volatile, so that it looks as things are when it is asked, not as they were when the statement began that waited.
    """
CREATE FUNCTION changed_since(tenant uuid, moment timestamptz) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM changes WHERE tenant_id = tenant AND happened_at > coalesce(moment, '-infinity'::timestamptz)
        AND subject NOT IN ('series', 'token'));
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
    """
CREATE TRIGGER equipment_is_there AFTER INSERT OR UPDATE OF equipment_id, quantity, start_time, end_time ON equipment_claims
    FOR EACH ROW EXECUTE FUNCTION equipment_is_there()
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


def _of_the_owner(table: str) -> str:
    return f"CREATE POLICY {table}_directory ON {table} TO CURRENT_USER USING (true) WITH CHECK (true)"


def _hidden(table: str) -> tuple[str, ...]:
    return (
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        _of_the_owner(table),
    )


# The owner is bound as well, except by the directory: a team's tenant is looked for before it is known.
SECURITY = (
    *(statement for table in ("tenants", *TENANT_TABLES) for statement in _security(table)),
    *(_of_the_owner(table) for table in ("tenants", "slack_teams")),
    *(statement for table in OPERATOR_TABLES for statement in _hidden(table)),
    # By the digest of a token alone, whose it is.
    "CREATE POLICY tokens_directory ON tokens FOR SELECT TO CURRENT_USER USING (true)",
)

_CHANGED = (
    "slack_teams, people, locations, rooms, policies, bookings,"
    " groups, rights, closures, quotas, series, approvals, equipment, proposals, workspace,"
    " tokens, webhooks, feeds"
)
_CHANGED_AND_DELETED = (
    "admins, room_amenities, attendees, room_claims, requests,"
    " waiting, subscriptions, cards, deliveries, open_views, event_readers,"
    " group_members, holidays, room_parts, booking_rooms, equipment_claims, searches, bookings_archive,"
    " webhook_deliveries"
)


def _grants(role: str) -> tuple[str, ...]:
    return (
        f"GRANT SELECT ON tenants TO {role}",
        f"GRANT SELECT, INSERT, UPDATE ON {_CHANGED} TO {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {_CHANGED_AND_DELETED} TO {role}",
        f"GRANT SELECT, INSERT ON events, changes TO {role}",
        f"GRANT SELECT, INSERT, UPDATE ON heartbeats TO {role}",
    )


# Only whoever tidies up removes history; months of it belong to the owner, and are asked for by a function.
_TIDYING = (
    f"GRANT DELETE ON bookings, approvals, proposals, changes, events TO {WORKER}",
    "REVOKE EXECUTE ON FUNCTION make_archive_month(date) FROM PUBLIC",
    f"GRANT EXECUTE ON FUNCTION make_archive_month(date) TO {WORKER}",
    "REVOKE EXECUTE ON FUNCTION drop_archive_month(date, date) FROM PUBLIC",
    f"GRANT EXECUTE ON FUNCTION drop_archive_month(date, date) TO {WORKER}",
    "REVOKE EXECUTE ON FUNCTION forget_in_history(uuid) FROM PUBLIC",
    f"GRANT EXECUTE ON FUNCTION forget_in_history(uuid) TO {APPLICATION}, {WORKER}",
    "REVOKE EXECUTE ON FUNCTION tenant_directory() FROM PUBLIC",
    f"GRANT EXECUTE ON FUNCTION tenant_directory() TO {APPLICATION}, {WORKER}",
    "REVOKE EXECUTE ON FUNCTION tenant_of_team(text, text) FROM PUBLIC",
    f"GRANT EXECUTE ON FUNCTION tenant_of_team(text, text) TO {APPLICATION}, {WORKER}",
    "REVOKE EXECUTE ON FUNCTION admit_team(text, text, text, uuid, text) FROM PUBLIC",
    f"GRANT EXECUTE ON FUNCTION admit_team(text, text, text, uuid, text) TO {APPLICATION}",
)
_INSTALLING = (
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON slack_installations, slack_bots, slack_oauth_states TO {APPLICATION}",
    "REVOKE EXECUTE ON FUNCTION tenant_of_token(text) FROM PUBLIC",
    f"GRANT EXECUTE ON FUNCTION tenant_of_token(text) TO {APPLICATION}",
    "REVOKE EXECUTE ON FUNCTION name_tenant(uuid, text) FROM PUBLIC",
    f"GRANT EXECUTE ON FUNCTION name_tenant(uuid, text) TO {APPLICATION}",
)
GRANTS = (*_grants(APPLICATION), *_grants(WORKER), *_TIDYING, *_INSTALLING)
CODE = (*PARTITIONS, *FUNCTIONS, *TRIGGERS, *SECURITY, *GRANTS)
