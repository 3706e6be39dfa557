"""`bookroom webhooks`: other programs that are told of each booking as it happens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from bot.commands.answers import AsJson, LocationOption, answer, location_named, room_named
from bot.commands.connected import require_schema, with_database

if TYPE_CHECKING:
    from core.catalogue import Catalogue, Catalogues
    from core.db import Database
    from core.webhooks import Sent, Webhook, Webhooks

app = typer.Typer(help="Other programs that are told of each booking as it happens, signed.", no_args_is_help=True)

WebhookId = Annotated[UUID, typer.Argument(metavar="ID", help="Of a webhook; `bookroom webhooks list` shows it.")]
DeliveryId = Annotated[UUID, typer.Argument(metavar="DELIVERY", help="`bookroom webhooks deliveries` shows it.")]
KindOption = Annotated[
    list[str] | None, typer.Option("--kind", help="What it hears of, such as booked or cancelled; without, everything.")
]
RoomOption = Annotated[str | None, typer.Option("--room", help="Only of a room.")]
SecretOption = Annotated[
    str | None, typer.Option("--secret", help="A secret of yours, whsec_ and base64; without, one is made.")
]
Work = Callable[["Webhooks", "Catalogue"], Awaitable[None]]


@app.command("list")
def list_webhooks(*, as_json: AsJson = False) -> None:
    """Show the webhooks and how each stands."""

    async def work(webhooks: Webhooks, catalogue: Catalogue) -> None:
        known = await webhooks.all()
        lines = [line(one) for one in known] or ["There are no webhooks; `bookroom webhooks add` adds one."]
        answer([facts(one, catalogue) for one in known], lines, as_json=as_json)

    _run(work)


@app.command("add")
def add_webhook(
    url: Annotated[str, typer.Argument(metavar="URL", help="Where it goes, such as https://example.com/bookings.")],
    *,
    kind: KindOption = None,
    location: LocationOption = None,
    room: RoomOption = None,
    description: Annotated[str | None, typer.Option("--description", help="What it is for.")] = None,
    details: Annotated[bool, typer.Option("--details", help="Tell private bookings in full too.")] = False,
    secret: SecretOption = None,
    as_json: AsJson = False,
) -> None:
    """Add a webhook and print its secret, this once; it is told of what happens from now on."""
    kinds = _kinds(kind)

    async def work(webhooks: Webhooks, catalogue: Catalogue) -> None:
        scope = _scope(catalogue, location, room)
        one, key = await webhooks.add(url, kinds=kinds, description=description, details=details, secret=secret, **scope)
        lines = [line(one), key, "Keep it now: it is shown this once."]
        answer({**facts(one, catalogue), "secret": key}, lines, as_json=as_json)

    _run(work)


@app.command("change")
def change_webhook(
    webhook: WebhookId,
    *,
    url: Annotated[str | None, typer.Option("--url", help="Where it goes from now on.")] = None,
    kind: KindOption = None,
    everything: Annotated[bool, typer.Option("--everything", help="It hears of every kind.")] = False,
    location: LocationOption = None,
    room: RoomOption = None,
    everywhere: Annotated[bool, typer.Option("--everywhere", help="It hears of every room.")] = False,
    description: Annotated[str | None, typer.Option("--description", help="What it is for; empty for nothing.")] = None,
    details: Annotated[bool | None, typer.Option("--details/--no-details", help="Private bookings in full.")] = None,
    as_json: AsJson = False,
) -> None:
    """Change what is said, and leave the rest."""
    from core.models import KEEP

    if (kind and everything) or ((location or room) and everywhere):
        raise typer.BadParameter("Say either what it hears of, or everything.")
    kinds: Any = _kinds(kind) if kind or everything else KEEP

    async def work(webhooks: Webhooks, catalogue: Catalogue) -> None:
        scope: dict[str, Any] = {}
        if location or room or everywhere:
            scope = {**_scope(catalogue, location, room)}
        one = await webhooks.change(
            webhook,
            version=(await webhooks.get(webhook)).version,
            url=KEEP if url is None else url,
            kinds=kinds,
            description=KEEP if description is None else description,
            details=KEEP if details is None else details,
            **scope,
        )
        answer(facts(one, catalogue), [line(one)], as_json=as_json)

    _run(work)


@app.command("pause")
def pause_webhook(webhook: WebhookId, *, as_json: AsJson = False) -> None:
    """Send nothing more until it is resumed."""

    async def work(webhooks: Webhooks, catalogue: Catalogue) -> None:
        one = await webhooks.pause(webhook)
        answer(facts(one, catalogue), [line(one)], as_json=as_json)

    _run(work)


@app.command("resume")
def resume_webhook(
    webhook: WebhookId,
    *,
    skip: Annotated[bool, typer.Option("--skip", help="Leave out what it missed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send again, beginning with what was missed."""

    async def work(webhooks: Webhooks, catalogue: Catalogue) -> None:
        one = await webhooks.resume(webhook, skip=skip)
        answer(facts(one, catalogue), [line(one)], as_json=as_json)

    _run(work)


@app.command("remove")
def remove_webhook(webhook: WebhookId, *, as_json: AsJson = False) -> None:
    """Remove a webhook; what was not sent is dropped."""

    async def work(webhooks: Webhooks, _: Catalogue) -> None:
        await webhooks.remove(webhook)
        answer({"id": webhook, "removed": True}, ["Removed."], as_json=as_json)

    _run(work)


@app.command("secret")
def renew_secret(webhook: WebhookId, *, secret: SecretOption = None, as_json: AsJson = False) -> None:
    """Give it another secret, which holds at once, and print it."""

    async def work(webhooks: Webhooks, catalogue: Catalogue) -> None:
        one, key = await webhooks.renew_secret(webhook, secret=secret)
        answer({**facts(one, catalogue), "secret": key}, [key, "Keep it now: it is shown this once."], as_json=as_json)

    _run(work)


@app.command("ping")
def ping_webhook(webhook: WebhookId, *, as_json: AsJson = False) -> None:
    """Have the running bot send a message that says nothing, to try whether it arrives."""

    async def work(webhooks: Webhooks, _: Catalogue) -> None:
        one = await webhooks.ping(webhook)
        lines = [told(one), "`bookroom webhooks deliveries` shows what came of it."]
        answer(sent_facts(one), lines, as_json=as_json)

    _run(work)


@app.command("deliveries")
def list_deliveries(
    webhook: WebhookId,
    *,
    state: Annotated[str | None, typer.Option("--state", help="due, sent, failed or dropped.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many, the latest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show what a webhook was told and is to be told, the latest first."""

    async def work(webhooks: Webhooks, _: Catalogue) -> None:
        found = await webhooks.deliveries(webhook, state=state, limit=limit)
        answer([sent_facts(one) for one in found], [told(one) for one in found] or ["Nothing."], as_json=as_json)

    _run(work)


@app.command("replay")
def replay_delivery(webhook: WebhookId, delivery: DeliveryId, *, as_json: AsJson = False) -> None:
    """Have something sent once more, under the id that it had."""

    async def work(webhooks: Webhooks, _: Catalogue) -> None:
        one = await webhooks.replay(webhook, delivery)
        answer(sent_facts(one), [told(one)], as_json=as_json)

    _run(work)


def facts(one: Webhook, catalogue: Catalogue) -> dict[str, Any]:
    """Return a webhook as JSON has it, without its secret."""
    places = {place.id: place.name for place in catalogue.locations}
    rooms = {room.id: room.name for room in catalogue.rooms}
    return {
        "id": one.id,
        "url": one.url,
        "description": one.description,
        "kinds": sorted(kind.value for kind in one.kinds),
        "location": places.get(one.location_id) if one.location_id else None,
        "room": rooms.get(one.room_id) if one.room_id else None,
        "details": one.details,
        "paused": one.paused,
        "failing_since": one.failing_since,
        "waiting": one.waiting,
        "last_arrived_at": one.last_at,
        "created_at": one.created_at,
        "version": one.version,
    }


def line(one: Webhook) -> str:
    """Return a webhook as a line."""
    state = f"paused: {one.paused}" if one.paused else "failing" if one.failing_since else "well"
    waiting = f", {one.waiting} waiting" if one.waiting else ""
    kinds = ", ".join(sorted(kind.value for kind in one.kinds)) or "everything"
    return f"{one.id}  {one.url}  {kinds}  {state}{waiting}"


def sent_facts(one: Sent) -> dict[str, Any]:
    """Return something told as JSON has it."""
    return {
        "id": one.id,
        "message_id": one.message_id,
        "kind": one.kind,
        "state": one.state,
        "attempts": one.attempts,
        "due_at": one.due_at if one.state == "due" else None,
        "sent_at": one.sent_at,
        "status": one.status,
        "note": one.note,
        "replay_of": one.replay_of,
        "created_at": one.created_at,
        "body": one.body,
    }


def told(one: Sent) -> str:
    """Return something told as a line."""
    status = f"  {one.status}" if one.status else ""
    note = f"  {one.note}" if one.note else ""
    return (
        f"{one.id}  {one.created_at:%Y-%m-%d %H:%M:%S} UTC  {one.kind}  {one.state}, attempts: {one.attempts}{status}{note}"
    )


def _kinds(words: list[str] | None) -> list[Any]:
    from core.events import Kind

    known = {kind.value for kind in Kind}
    for word in words or ():
        if word not in known:
            raise typer.BadParameter(f"Nothing is called {word!r}; there are: {', '.join(sorted(known))}.")
    return [Kind(word) for word in words or ()]


def _scope(catalogue: Catalogue, location: str | None, room: str | None) -> dict[str, Any]:
    if room:
        return {"room_id": room_named(catalogue, room, location).id, "location_id": None}
    return {"room_id": None, "location_id": location_named(catalogue, location).id if location else None}


def _run(work: Work) -> None:
    """Run `work` with the webhooks on the configured database; what it has sent wakes the running bots."""
    from bot import config
    from core.bell import Bell
    from core.catalogue import Catalogues
    from core.clock import SystemClock
    from core.webhooks import Webhooks

    allowed = config.load_storage().private_targets

    async def connected(db: Database) -> None:
        await require_schema(db)
        bell = Bell(db)
        db.when_something_happened = bell.ring
        catalogues: Catalogues = Catalogues(db)
        try:
            webhooks = Webhooks(db, catalogues, SystemClock(), private_targets=allowed)
            await work(webhooks, await catalogues.current())
        finally:
            await bell.close()

    with_database(connected)
