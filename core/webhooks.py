"""Webhooks as admins see and change them: where others are told of what happens to bookings, signed and with a secret.

Kept out: what each is told (`webhook_planning`), sending it (`webhook_sending`), where they may go (`webhook_targets`).
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from core import changes, webhook_targets
from core.catalogue import Catalogues
from core.clock import Clock
from core.db import Database, ReadSession, WriteSession
from core.errors import InvalidWebhook, StaleWebhook, WebhookDeliveryNotFound, WebhookNotFound, WebhookPaused
from core.events import Kind
from core.feed import horizon
from core.ids import new_id
from core.models import KEEP, Actor, Keep, one_line
from core.webhook_targets import NOTHING_PRIVATE, Allowed

SUBJECT = "webhook"
PREFIX = "whsec_"
PING = "ping"
LONGEST_DESCRIPTION = 200
# The bytes of a secret, as those who check signatures expect them.
_SECRET_BYTES = range(24, 65)
KEPT = timedelta(days=30)
BATCH = 500
MOST = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Webhook:
    """A webhook without its secret: `kinds` empty is all, `location_id` and `room_id` None everywhere.

    Without `details`, of private bookings only rooms and times are told. `failing_since` is when an answer first was not as
    it should be, `paused` why nothing is sent; `waiting` counts what is still to be sent, `last_at` is when it last arrived.
    """

    id: UUID
    url: str
    description: str | None
    kinds: frozenset[Kind]
    location_id: UUID | None
    room_id: UUID | None
    details: bool
    failing_since: datetime | None
    paused: str | None
    created_at: datetime
    updated_at: datetime
    version: int
    waiting: int = 0
    last_at: datetime | None = None

    @property
    def host(self) -> str:
        """The host that it goes to; the rest of an address may be a secret of its own."""
        return urlsplit(self.url).hostname or ""

    @property
    def name(self) -> str:
        """What it is called: its description, or the host."""
        return self.description or self.host


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """Something that a webhook was told, or is to be told; `state` is "due", "sent", "failed" or "dropped".

    `body` is what is sent. `status` is the last answer's, `note` what was wrong with it. `message_id` is the same for all
    attempts and replays, so that who has had it knows.
    """

    id: UUID
    webhook_id: UUID
    kind: str
    body: Mapping[str, Any]
    state: str
    due_at: datetime
    attempts: int
    status: int | None
    note: str | None
    sent_at: datetime | None
    created_at: datetime
    replay_of: UUID | None

    @property
    def message_id(self) -> str:
        """What goes out as `webhook-id`."""
        return f"msg_{self.replay_of or self.id}"


COLUMNS = """
w.id, w.url, w.description, w.kinds, w.location_id, w.room_id, w.details, w.failing_since, w.paused, w.created_at,
w.updated_at, w.version
"""
_SEEN = f"""
SELECT {COLUMNS}, (SELECT count(*) FROM webhook_deliveries d WHERE d.tenant_id = w.tenant_id AND d.webhook_id = w.id
        AND d.state = 'due') AS waiting,
    (SELECT max(d.sent_at) FROM webhook_deliveries d WHERE d.tenant_id = w.tenant_id AND d.webhook_id = w.id) AS last_at
FROM webhooks w WHERE w.tenant_id = $1 AND w.removed_at IS NULL
"""
SENT_COLUMNS = """
d.id, d.webhook_id, d.kind, d.body, d.state, d.due_at, d.attempts, d.response_status AS status, d.note, d.sent_at,
d.created_at, d.replay_of
"""
_ADD = """
INSERT INTO webhooks (tenant_id, id, url, secret, description, kinds, location_id, room_id, details, created_by, transaction,
    number, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::xid8, 0, $12, $12)
"""
_CHANGE = """
UPDATE webhooks SET url = $4, description = $5, kinds = $6, location_id = $7, room_id = $8, details = $9, updated_at = $10,
    version = version + 1
WHERE tenant_id = $1 AND id = $2 AND version = $3 AND removed_at IS NULL
"""
_RESUME = """
UPDATE webhooks SET paused = NULL, failing_since = NULL, updated_at = $3, version = version + 1
WHERE tenant_id = $1 AND id = $2 AND paused IS NOT NULL AND removed_at IS NULL
"""
_FROM_NOW = "UPDATE webhooks SET transaction = $3::xid8, number = 0 WHERE tenant_id = $1 AND id = $2"
_DROP_DUE = """
UPDATE webhook_deliveries SET state = 'dropped', note = $3, lease = NULL, leased_until = NULL, posting_since = NULL
WHERE tenant_id = $1 AND webhook_id = $2 AND state = 'due'
"""
_DUE_NOW = """
UPDATE webhook_deliveries SET due_at = $3, attempts = 0 WHERE tenant_id = $1 AND webhook_id = $2 AND state = 'due'
"""
_TELL = """
INSERT INTO webhook_deliveries (tenant_id, id, webhook_id, event_id, kind, body, replay_of, due_at, created_at)
VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7, $8, $8)
"""
_CLEAN = """
DELETE FROM webhook_deliveries WHERE tenant_id = $1 AND id IN (
    SELECT id FROM webhook_deliveries WHERE tenant_id = $1 AND created_at < $2 LIMIT $3
)
"""
_PAGE = f"""
SELECT {SENT_COLUMNS} FROM webhook_deliveries d
WHERE d.tenant_id = $1 AND d.webhook_id = $2 AND ($3::text IS NULL OR d.state = $3)
    AND ($4::timestamptz IS NULL OR (d.created_at, d.id) < ($4, $5::uuid))
ORDER BY d.created_at DESC, d.id DESC LIMIT $6
"""


class Webhooks:
    """Makes, shows, changes, pauses and removes webhooks, and sends things again. Who may is the edges' to judge."""

    def __init__(
        self, db: Database, catalogues: Catalogues, clock: Clock, *, private_targets: Allowed = NOTHING_PRIVATE
    ) -> None:
        """`private_targets` may be reached although they are private."""
        self._db = db
        self._catalogues = catalogues
        self._clock = clock
        self._allowed = private_targets

    # -- what there is ---------------------------------------------------------------------------------------------

    async def all(self) -> tuple[Webhook, ...]:
        """Return every webhook, the oldest first."""

        async def work(session: ReadSession) -> tuple[Webhook, ...]:
            return tuple(webhook(row) for row in await session.all(f"{_SEEN} ORDER BY w.created_at, w.id", session.tenant))

        return await self._db.read(work)

    async def get(self, webhook_id: UUID) -> Webhook:
        """Return a webhook; raises WebhookNotFound."""
        return await self._db.read(lambda session: _one(session, webhook_id))

    async def deliveries(
        self,
        webhook_id: UUID,
        *,
        state: str | None = None,
        before: tuple[datetime, UUID] | None = None,
        limit: int = 50,
    ) -> tuple[Sent, ...]:
        """Return what it was told, the latest first; for the next page, `before` is the last one's (created_at, id)."""

        async def work(session: ReadSession) -> tuple[Sent, ...]:
            await _one(session, webhook_id)
            rows = await session.all(_PAGE, session.tenant, webhook_id, state, *(before or (None, None)), limit)
            return tuple(sent(row) for row in rows)

        return await self._db.read(work)

    async def delivery(self, webhook_id: UUID, delivery_id: UUID) -> Sent:
        """Return one thing that it was told; raises WebhookNotFound or WebhookDeliveryNotFound."""

        async def work(session: ReadSession) -> Sent:
            await _one(session, webhook_id)
            return await _sent(session, webhook_id, delivery_id)

        return await self._db.read(work)

    # -- changing it -----------------------------------------------------------------------------------------------

    async def add(
        self,
        url: str,
        *,
        kinds: Collection[Kind] = (),
        location_id: UUID | None = None,
        room_id: UUID | None = None,
        description: str | None = None,
        details: bool = False,
        secret: str | None = None,
        by: Actor | None = None,
    ) -> tuple[Webhook, str]:
        """Return a new webhook, which is told of what happens from now on, and its secret, which is shown this once.

        Raises InvalidWebhook, LocationNotFound, RoomNotFound.
        """
        tidy = webhook_targets.checked(url, self._allowed)
        await self._check_scope(location_id, room_id)
        chosen = new_secret() if secret is None else checked_secret(secret)
        called, webhook_id, now = _described(description), new_id(), self._clock.now()

        async def work(session: WriteSession) -> tuple[Webhook, str]:
            there = await session.value(
                "SELECT count(*) FROM webhooks WHERE tenant_id = $1 AND removed_at IS NULL", session.tenant
            )
            if there >= MOST:
                raise InvalidWebhook(f"There are {MOST} webhooks already: remove one first.")
            await session.run(
                _ADD,
                session.tenant,
                webhook_id,
                tidy,
                chosen,
                called,
                sorted(kind.value for kind in kinds),
                location_id,
                room_id,
                details,
                by.person_id if by else None,
                await horizon(session),
                now,
            )
            made = await _one(session, webhook_id)
            await _note(session, made, "added", by=by, before=None, after=_facts(made))
            return made, chosen

        # Not repeatable: a secret that was made twice would be shown once.
        return await self._db.write(work, repeatable=False)

    async def change(
        self,
        webhook_id: UUID,
        *,
        version: int,
        by: Actor | None = None,
        url: str | Keep = KEEP,
        kinds: Collection[Kind] | Keep = KEEP,
        location_id: UUID | Keep | None = KEEP,
        room_id: UUID | Keep | None = KEEP,
        description: str | Keep | None = KEEP,
        details: bool | Keep = KEEP,
    ) -> Webhook:
        """Change what is given; raises WebhookNotFound, StaleWebhook, InvalidWebhook, LocationNotFound, RoomNotFound."""
        wanted = {
            "url": url if isinstance(url, Keep) else webhook_targets.checked(url, self._allowed),
            "kinds": kinds if isinstance(kinds, Keep) else frozenset(kinds),
            "location_id": location_id,
            "room_id": room_id,
            "description": description if isinstance(description, Keep) else _described(description),
            "details": details,
        }
        given: dict[str, Any] = {name: value for name, value in wanted.items() if not isinstance(value, Keep)}
        now = self._clock.now()
        before = await self.get(webhook_id)
        await self._check_scope(given.get("location_id", before.location_id), given.get("room_id", before.room_id))

        async def work(session: WriteSession) -> Webhook:
            before = await _one(session, webhook_id, lock=True)
            after = replace(before, **given)
            if before.version != version:
                raise _stale()
            if after == before:
                return before
            values = (after.url, after.description, sorted(kind.value for kind in after.kinds))
            scope = (after.location_id, after.room_id, after.details)
            await session.run(_CHANGE, session.tenant, webhook_id, version, *values, *scope, now)
            saved = await _one(session, webhook_id)
            await _note(session, saved, "changed", by=by, before=_facts(before), after=_facts(saved))
            return saved

        return await self._db.write(work, repeatable=True)

    async def renew_secret(
        self, webhook_id: UUID, *, secret: str | None = None, by: Actor | None = None
    ) -> tuple[Webhook, str]:
        """Give it another secret, which holds at once, and return both; raises WebhookNotFound, InvalidWebhook."""
        chosen, now = new_secret() if secret is None else checked_secret(secret), self._clock.now()

        async def work(session: WriteSession) -> tuple[Webhook, str]:
            await _one(session, webhook_id, lock=True)
            await session.run(
                "UPDATE webhooks SET secret = $3, updated_at = $4, version = version + 1 WHERE tenant_id = $1 AND id = $2",
                session.tenant,
                webhook_id,
                chosen,
                now,
            )
            saved = await _one(session, webhook_id)
            await _note(session, saved, "secret renewed", by=by, before=None, after=None)
            return saved, chosen

        return await self._db.write(work, repeatable=False)

    async def pause(self, webhook_id: UUID, *, by: Actor | None = None) -> Webhook:
        """Send nothing more until it is resumed; what happens meanwhile is told then. Raises WebhookNotFound."""
        # By whom is in the audit, where names are taken out when somebody is erased.
        reason, now = "paused by an admin", self._clock.now()

        async def work(session: WriteSession) -> Webhook:
            if (await _one(session, webhook_id, lock=True)).paused:
                return await _one(session, webhook_id)
            await set_paused(session, webhook_id, reason, now=now)
            saved = await _one(session, webhook_id)
            await _note(session, saved, "paused", by=by, before={"paused": None}, after={"paused": saved.paused})
            return saved

        return await self._db.write(work, repeatable=True)

    async def resume(self, webhook_id: UUID, *, by: Actor | None = None, skip: bool = False) -> Webhook:
        """Send again, beginning with what was missed, or with `skip` without it. Raises WebhookNotFound."""
        now = self._clock.now()

        async def work(session: WriteSession) -> Webhook:
            session.happened = True
            before = await _one(session, webhook_id, lock=True)
            if before.paused is None:
                return before
            await session.run(_RESUME, session.tenant, webhook_id, now)
            if skip:
                await session.run(_FROM_NOW, session.tenant, webhook_id, await horizon(session))
                await session.run(_DROP_DUE, session.tenant, webhook_id, "missed while it was paused")
            else:
                await session.run(_DUE_NOW, session.tenant, webhook_id, now)
            saved = await _one(session, webhook_id)
            await _note(session, saved, "resumed", by=by, before={"paused": before.paused}, after={"paused": None})
            return saved

        return await self._db.write(work, repeatable=True)

    async def remove(self, webhook_id: UUID, *, by: Actor | None = None, version: int | None = None) -> None:
        """Remove it; what was not sent is dropped. Raises WebhookNotFound, StaleWebhook where another version is there."""
        now = self._clock.now()

        async def work(session: WriteSession) -> None:
            there = await _one(session, webhook_id, lock=True)
            if version is not None and there.version != version:
                raise _stale()
            # The secret is of no use any more, and neither is what stands in the address.
            await session.run(
                "UPDATE webhooks SET removed_at = $3, updated_at = $3, secret = '', description = NULL,"
                " url = 'https://' || $4::text || '/', version = version + 1 WHERE tenant_id = $1 AND id = $2",
                session.tenant,
                webhook_id,
                now,
                there.host,
            )
            await session.run(_DROP_DUE, session.tenant, webhook_id, "the webhook was removed")
            await _note(session, there, "removed", by=by, before=_facts(there), after=None)

        await self._db.write(work, repeatable=True)

    # -- sending on request ----------------------------------------------------------------------------------------

    async def replay(self, webhook_id: UUID, delivery_id: UUID) -> Sent:
        """Send something once more, under the id that it had; raises WebhookNotFound, WebhookPaused and so on."""
        now = self._clock.now()

        async def work(session: WriteSession) -> Sent:
            await _active(session, webhook_id)
            session.happened = True
            row = await session.one(
                f"SELECT d.event_id, {SENT_COLUMNS} FROM webhook_deliveries d"
                " WHERE d.tenant_id = $1 AND d.webhook_id = $2 AND d.id = $3",
                session.tenant,
                webhook_id,
                delivery_id,
            )
            if row is None:
                raise _unknown()
            root, again = row["replay_of"] or row["id"], new_id()
            body = json.dumps(row["body"])
            values = (again, webhook_id, row["event_id"], row["kind"], body, root, now)
            await session.run(_TELL, session.tenant, *values)
            return await _sent(session, webhook_id, again)

        return await self._db.write(work, repeatable=False)

    async def ping(self, webhook_id: UUID) -> Sent:
        """Send a message that says nothing, to try whether it arrives; raises WebhookNotFound or WebhookPaused."""
        now, delivery_id = self._clock.now(), new_id()
        body = {"type": PING, "timestamp": now.isoformat().replace("+00:00", "Z"), "data": {}}

        async def work(session: WriteSession) -> Sent:
            await _active(session, webhook_id)
            session.happened = True
            values = (delivery_id, webhook_id, new_id(), PING, json.dumps(body), None, now)
            await session.run(_TELL, session.tenant, *values)
            return await _sent(session, webhook_id, delivery_id)

        return await self._db.write(work, repeatable=False)

    async def clean(self, now: datetime) -> int:
        """Remove what was told, or was to be told, more than 30 days ago; return how much that was."""

        async def work(session: WriteSession) -> int:
            return int((await session.run(_CLEAN, session.tenant, now - KEPT, BATCH)).rpartition(" ")[2])

        cleaned = 0
        while batch := await self._db.write(work, repeatable=True):
            cleaned += batch
        return cleaned

    async def _check_scope(self, location_id: UUID | None, room_id: UUID | None) -> None:
        if location_id is not None and room_id is not None:
            said = "Choose a room or a location, not both."
            raise InvalidWebhook(said, fields={"room": said})
        catalogue = await self._catalogues.current()
        if location_id is not None:
            catalogue.location(location_id)
        if room_id is not None:
            catalogue.room(room_id)


def new_secret() -> str:
    """Return a fresh secret."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def checked_secret(secret: str) -> str:
    """Return a secret that was given, if it is one; raises InvalidWebhook."""
    try:
        length = len(key_of(secret.strip()))
    except ValueError:
        length = 0
    if length not in _SECRET_BYTES:
        said = f"A secret is {PREFIX} and then {_SECRET_BYTES.start} to {_SECRET_BYTES.stop - 1} bytes in base64."
        raise InvalidWebhook(said, fields={"secret": said})
    return secret.strip()


def key_of(secret: str) -> bytes:
    """Return the bytes of a secret; raises ValueError where it is none."""
    if not secret.startswith(PREFIX):
        raise ValueError("no secret of a webhook")
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("no secret of a webhook") from error


async def set_paused(session: WriteSession, webhook_id: UUID, reason: str, *, now: datetime) -> None:
    """Pause a webhook for a reason that people can read."""
    await session.run(
        "UPDATE webhooks SET paused = $3, updated_at = $4, version = version + 1 WHERE tenant_id = $1 AND id = $2",
        session.tenant,
        webhook_id,
        reason,
        now,
    )


def webhook(row: Mapping[str, Any]) -> Webhook:
    """Return a webhook from a row with `COLUMNS`."""
    return Webhook(**{**row, "kinds": frozenset(Kind(kind) for kind in row["kinds"])})


def sent(row: Mapping[str, Any]) -> Sent:
    """Return something told from a row with `SENT_COLUMNS`."""
    return Sent(**{name: row[name] for name in Sent.__dataclass_fields__})


async def _one(session: ReadSession, webhook_id: UUID, *, lock: bool = False) -> Webhook:
    row = await session.one(f"{_SEEN} AND w.id = $2{' FOR NO KEY UPDATE OF w' if lock else ''}", session.tenant, webhook_id)
    if row is None:
        raise WebhookNotFound("There is no such webhook.")
    return webhook(row)


async def _active(session: WriteSession, webhook_id: UUID) -> None:
    if (await _one(session, webhook_id, lock=True)).paused:
        raise WebhookPaused("This webhook is paused, and sends nothing. Resume it first.")


async def _sent(session: ReadSession, webhook_id: UUID, delivery_id: UUID) -> Sent:
    row = await session.one(
        f"SELECT {SENT_COLUMNS} FROM webhook_deliveries d WHERE d.tenant_id = $1 AND d.webhook_id = $2 AND d.id = $3",
        session.tenant,
        webhook_id,
        delivery_id,
    )
    if row is None:
        raise _unknown()
    return sent(row)


def _described(description: str | None) -> str | None:
    called = one_line(description or "")
    if called and len(called) > LONGEST_DESCRIPTION:
        said = f"Describe it in up to {LONGEST_DESCRIPTION} characters."
        raise InvalidWebhook(said, fields={"description": said})
    return called or None


def _facts(one: Webhook) -> dict[str, Any]:
    """Return what the audit keeps of it: neither the whole address, which may hold a key, nor words."""
    return {
        "host": one.host,
        "kinds": one.kinds,
        "location_id": one.location_id,
        "room_id": one.room_id,
        "details": one.details,
    }


async def _note(
    session: WriteSession,
    one: Webhook,
    action: str,
    *,
    by: Actor | None,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> None:
    await changes.note(
        session, subject=SUBJECT, subject_id=one.id, name=one.host, action=action, by=by, before=before, after=after
    )


def _stale() -> StaleWebhook:
    return StaleWebhook("Somebody else changed this webhook meanwhile. Nothing was saved.")


def _unknown() -> WebhookDeliveryNotFound:
    return WebhookDeliveryNotFound("It has sent nothing of that id, or it is no longer kept.")
