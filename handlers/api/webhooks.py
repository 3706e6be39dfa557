"""Webhooks over the API: what there are, a new one, changed, paused, resumed, removed; what each was told, and again.

Kept out: what a message looks like (`webhook_bodies`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from core import errors
from core.events import Kind
from core.tokens import Scope
from core.webhook_targets import LONGEST_URL
from core.webhooks import LONGEST_DESCRIPTION, Sent, Webhook
from handlers.api.bookings import place
from handlers.api.operations import Call, Operation, Reply
from handlers.api.paging import Page, cursor
from handlers.api.patching import given
from handlers.api.values import Body, Line, Out

TAG = "Webhooks"
Url = Annotated[Line, Field(min_length=1, max_length=LONGEST_URL)]
Description = Annotated[Line, Field(max_length=LONGEST_DESCRIPTION)]
Secret = Annotated[Line, Field(min_length=1, max_length=120)]
Kinds = Annotated[tuple[Kind, ...], Field(max_length=len(Kind))]
State = Literal["due", "sent", "failed", "dropped"]


class WebhookOut(Out):
    """A webhook. `kinds` empty: everything; without a room and location: everywhere.

    Without `details`, of private bookings rooms and times alone are told. `paused` says why nothing is sent, `failingSince`
    since when nothing arrives; `waiting` counts what is still to be sent. The secret is never told again.
    """

    id: UUID
    version: int
    url: str
    description: str | None
    kinds: list[Kind]
    location_id: UUID | None
    room_id: UUID | None
    details: bool
    paused: str | None
    failing_since: datetime | None
    waiting: int
    last_arrived_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, one: Webhook) -> WebhookOut:
        """Return a webhook as it is told."""
        return cls(**_facts(one))


class WebhookMade(WebhookOut):
    """A webhook with its secret, which is told this once."""

    secret: str


class WebhooksOut(Out):
    """A page of webhooks, the oldest first; `next` is the cursor of the following page."""

    items: list[WebhookOut]
    next: str | None


class WebhookNew(Body):
    """A webhook to be added; without a secret, one is made."""

    url: Url
    description: Description | None = None
    kinds: Kinds = ()
    location_id: UUID | None = None
    room_id: UUID | None = None
    details: bool = False
    secret: Secret | None = None


class WebhookChange(Body):
    """What is to be different; a field that is left out stays as it is, null takes away what there need not be."""

    url: Url | None = None
    description: Description | None = None
    kinds: Kinds | None = None
    location_id: UUID | None = None
    room_id: UUID | None = None
    details: bool | None = None


class SecretNew(Body):
    """Another secret; without one, it is made."""

    secret: Secret | None = None


class Resumed(Body):
    """With `skip`, what was missed while it was paused is not sent."""

    skip: bool = False


class DeliveriesAsked(Page):
    """Which deliveries are wanted."""

    state: State | None = None


class DeliveryOut(Out):
    """Something that a webhook was told, or is to be told. `messageId` is what goes out as `webhook-id`.

    `state` is "due" (with `dueAt`, the next attempt), "sent", "failed" (given up) or "dropped". `status` is that of the last
    answer, `note` what was wrong with it, up to 200 characters of theirs. `body` is what is sent.
    """

    id: UUID
    message_id: str
    kind: str
    state: State
    attempts: int
    due_at: datetime | None
    sent_at: datetime | None
    status: int | None
    note: str | None
    replay_of: UUID | None
    created_at: datetime
    body: dict[str, Any]

    @classmethod
    def of(cls, one: Sent) -> DeliveryOut:
        """Return a delivery as it is told."""
        return cls(
            id=one.id,
            message_id=one.message_id,
            kind=one.kind,
            state=one.state,
            attempts=one.attempts,
            due_at=one.due_at if one.state == "due" else None,
            sent_at=one.sent_at,
            status=one.status,
            note=one.note,
            replay_of=one.replay_of,
            created_at=one.created_at,
            body=dict(one.body),
        )


class DeliveriesOut(Out):
    """A page of deliveries, the latest first; `next` is the cursor of the following page."""

    items: list[DeliveryOut]
    next: str | None


def _facts(one: Webhook) -> Mapping[str, Any]:
    return {
        "id": one.id,
        "version": one.version,
        "url": one.url,
        "description": one.description,
        "kinds": sorted(one.kinds),
        "location_id": one.location_id,
        "room_id": one.room_id,
        "details": one.details,
        "paused": one.paused,
        "failing_since": one.failing_since,
        "waiting": one.waiting,
        "last_arrived_at": one.last_at,
        "created_at": one.created_at,
        "updated_at": one.updated_at,
    }


async def listed(call: Call) -> Reply:
    """Return a page of webhooks."""
    asked = call.query(Page)
    known = await call.services.webhooks.all()
    page, following = asked.of(known, key=lambda one: (one.created_at.isoformat(), str(one.id)))
    return Reply(body=WebhooksOut(items=[WebhookOut.of(one) for one in page], next=following), following=following)


async def one(call: Call) -> Reply:
    """Return a webhook."""
    return _told(await call.services.webhooks.get(call.id("webhook_id")))


async def add(call: Call) -> Reply:
    """Add a webhook."""
    said = call.body(WebhookNew)
    wanted = {name: getattr(said, name) for name in type(said).model_fields if name != "url"}
    answer = await call.once(lambda: call.services.webhooks.add(said.url, **wanted, by=call.actor), _made)
    made = WebhookMade.model_validate(answer)
    return Reply(body=made, version=made.version, at=f"/webhooks/{made.id}")


async def change(call: Call) -> Reply:
    """Change a webhook."""
    wanted = given(call.body(WebhookChange), nullable=("description", "location_id", "room_id"))
    version, webhooks = await _version(call), call.services.webhooks
    return _told(await webhooks.change(call.id("webhook_id"), version=version, by=call.actor, **wanted))


async def remove(call: Call) -> Reply:
    """Remove a webhook."""
    await call.services.webhooks.remove(call.id("webhook_id"), version=await _version(call), by=call.actor)
    return Reply(body=None)


async def renew(call: Call) -> Reply:
    """Give a webhook another secret."""
    webhook_id, said = call.id("webhook_id"), call.body(SecretNew)
    work = call.services.webhooks.renew_secret
    answer = await call.once(lambda: work(webhook_id, secret=said.secret, by=call.actor), _made)
    return Reply(body=WebhookMade.model_validate(answer))


async def pause(call: Call) -> Reply:
    """Pause a webhook."""
    webhook_id = call.id("webhook_id")
    answer = await call.once(lambda: call.services.webhooks.pause(webhook_id, by=call.actor), WebhookOut.of)
    return Reply(body=WebhookOut.model_validate(answer))


async def resume(call: Call) -> Reply:
    """Resume a webhook."""
    webhook_id, skip = call.id("webhook_id"), call.body(Resumed).skip
    answer = await call.once(lambda: call.services.webhooks.resume(webhook_id, by=call.actor, skip=skip), WebhookOut.of)
    return Reply(body=WebhookOut.model_validate(answer))


async def ping(call: Call) -> Reply:
    """Send a test message."""
    webhook_id = call.id("webhook_id")
    answer = await call.once(lambda: call.services.webhooks.ping(webhook_id), DeliveryOut.of)
    return _sending(webhook_id, answer)


async def deliveries(call: Call) -> Reply:
    """Return a page of what a webhook was told."""
    asked, webhook_id = call.query(DeliveriesAsked), call.id("webhook_id")
    found = await call.services.webhooks.deliveries(
        webhook_id, state=asked.state, before=place(asked), limit=asked.limit + 1
    )
    page = found[: asked.limit]
    following = cursor((page[-1].created_at.isoformat(), str(page[-1].id))) if len(found) > len(page) else None
    return Reply(body=DeliveriesOut(items=[DeliveryOut.of(one) for one in page], next=following), following=following)


async def delivery(call: Call) -> Reply:
    """Return one thing that a webhook was told."""
    found = await call.services.webhooks.delivery(call.id("webhook_id"), call.id("delivery_id"))
    return Reply(body=DeliveryOut.of(found))


async def replay(call: Call) -> Reply:
    """Send something once more."""
    webhook_id, delivery_id = call.id("webhook_id"), call.id("delivery_id")
    answer = await call.once(lambda: call.services.webhooks.replay(webhook_id, delivery_id), DeliveryOut.of)
    return _sending(webhook_id, answer)


def _told(one: Webhook) -> Reply:
    return Reply(body=WebhookOut.of(one), version=one.version)


def _made(made: tuple[Webhook, str]) -> WebhookMade:
    one, secret = made
    return WebhookMade(**_facts(one), secret=secret)


def _sending(webhook_id: UUID, answer: Mapping[str, Any]) -> Reply:
    sending = DeliveryOut.model_validate(answer)
    return Reply(body=sending, at=f"/webhooks/{webhook_id}/deliveries/{sending.id}")


async def _version(call: Call) -> int:
    async def present() -> int:
        return (await call.services.webhooks.get(call.id("webhook_id"))).version

    return await call.version(present)


_SCOPES = (errors.InvalidWebhook, errors.RoomNotFound, errors.LocationNotFound)
_ONE = (errors.WebhookNotFound,)
_WITH_BODY = "The secret is in the answer, and told this once."

OPERATIONS = (
    Operation(
        method="GET",
        path="/webhooks",
        name="listWebhooks",
        tag=TAG,
        summary="List webhooks",
        handle=listed,
        scope=Scope.ADMIN,
        query=Page,
        answer=WebhooksOut,
    ),
    Operation(
        method="POST",
        path="/webhooks",
        name="addWebhook",
        tag=TAG,
        summary="Add a webhook",
        description=f"It is told of what happens from now on, signed. {_WITH_BODY}",
        handle=add,
        scope=Scope.ADMIN,
        body=WebhookNew,
        answer=WebhookMade,
        status=201,
        refusals=_SCOPES,
    ),
    Operation(
        method="GET",
        path="/webhooks/{webhook_id}",
        name="getWebhook",
        tag=TAG,
        summary="Get a webhook",
        handle=one,
        scope=Scope.ADMIN,
        answer=WebhookOut,
        refusals=_ONE,
    ),
    Operation(
        method="PATCH",
        path="/webhooks/{webhook_id}",
        name="changeWebhook",
        tag=TAG,
        summary="Change a webhook",
        handle=change,
        scope=Scope.ADMIN,
        body=WebhookChange,
        answer=WebhookOut,
        changes=True,
        refusals=(*_ONE, *_SCOPES, errors.StaleWebhook),
    ),
    Operation(
        method="DELETE",
        path="/webhooks/{webhook_id}",
        name="removeWebhook",
        tag=TAG,
        summary="Remove a webhook; what was not sent is dropped",
        handle=remove,
        scope=Scope.ADMIN,
        changes=True,
        refusals=(*_ONE, errors.StaleWebhook),
    ),
    Operation(
        method="POST",
        path="/webhooks/{webhook_id}/secret",
        name="renewWebhookSecret",
        tag=TAG,
        summary="Give a webhook another secret, which holds at once",
        description=_WITH_BODY,
        handle=renew,
        scope=Scope.ADMIN,
        body=SecretNew,
        body_needed=False,
        answer=WebhookMade,
        refusals=(*_ONE, errors.InvalidWebhook),
    ),
    Operation(
        method="POST",
        path="/webhooks/{webhook_id}/pause",
        name="pauseWebhook",
        tag=TAG,
        summary="Send nothing more until it is resumed",
        handle=pause,
        scope=Scope.ADMIN,
        answer=WebhookOut,
        refusals=_ONE,
    ),
    Operation(
        method="POST",
        path="/webhooks/{webhook_id}/resume",
        name="resumeWebhook",
        tag=TAG,
        summary="Send again, beginning with what was missed",
        handle=resume,
        scope=Scope.ADMIN,
        body=Resumed,
        body_needed=False,
        answer=WebhookOut,
        refusals=_ONE,
    ),
    Operation(
        method="POST",
        path="/webhooks/{webhook_id}/ping",
        name="pingWebhook",
        tag=TAG,
        summary="Send a message that says nothing, to try whether it arrives",
        handle=ping,
        scope=Scope.ADMIN,
        answer=DeliveryOut,
        status=202,
        refusals=(*_ONE, errors.WebhookPaused),
    ),
    Operation(
        method="GET",
        path="/webhooks/{webhook_id}/deliveries",
        name="listWebhookDeliveries",
        tag=TAG,
        summary="List what a webhook was told, the latest first",
        description="Kept for 30 days.",
        handle=deliveries,
        scope=Scope.ADMIN,
        query=DeliveriesAsked,
        answer=DeliveriesOut,
        refusals=_ONE,
    ),
    Operation(
        method="GET",
        path="/webhooks/{webhook_id}/deliveries/{delivery_id}",
        name="getWebhookDelivery",
        tag=TAG,
        summary="Get one thing that a webhook was told",
        handle=delivery,
        scope=Scope.ADMIN,
        answer=DeliveryOut,
        refusals=(*_ONE, errors.WebhookDeliveryNotFound),
    ),
    Operation(
        method="POST",
        path="/webhooks/{webhook_id}/deliveries/{delivery_id}/replay",
        name="replayWebhookDelivery",
        tag=TAG,
        summary="Send something once more, under the id that it had",
        handle=replay,
        scope=Scope.ADMIN,
        answer=DeliveryOut,
        status=202,
        refusals=(*_ONE, errors.WebhookDeliveryNotFound, errors.WebhookPaused),
    ),
)
