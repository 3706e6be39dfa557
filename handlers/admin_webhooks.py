"""Webhooks in administration: which there are, how each stands, and what can be done about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from slack_sdk.models.views import View

from core.events import Kind
from handlers.admin_asked import Asked, fresh
from handlers.drafts import OUT_OF_DATE, UnreadableError
from handlers.views import admin_webhooks as shown
from handlers.views.admin import Where, id_from
from handlers.views.text import Line

Page = Callable[[Asked], Awaitable[View]]


async def webhooks(asked: Asked, above: Line = ()) -> View:
    """Return the webhooks."""
    where = asked.where if asked.where.section == "webhooks" else shown.WEBHOOKS
    return shown.webhooks(await asked.desk.services.webhooks.all(), asked.desk.catalogue, where, above=above)


async def webhook(asked: Asked, above: Line = ()) -> View:
    """Return one of them, with what it was told last."""
    known = asked.desk.services.webhooks
    one = await known.get(asked.id)
    sent = await known.deliveries(one.id, limit=shown.MOST_SENT)
    return shown.webhook(one, sent, asked.desk.catalogue, asked.desk.reader, above=above)


async def add_webhook(asked: Asked) -> View:
    """Return the form of a new one."""
    return shown.webhook_form(None, asked.desk.catalogue, asked.where)


async def add_webhook_sent(asked: Asked) -> View:
    """Add it, and show its secret."""
    asked = await fresh(asked)
    one, secret = await asked.desk.services.webhooks.add(**_wanted(asked), by=asked.by)
    return shown.secret(one, secret)


async def edit_webhook(asked: Asked) -> View:
    """Return the form of one that there is."""
    one = await asked.desk.services.webhooks.get(asked.id)
    where = Where(section="edit_webhook", id=one.id, version=one.version)
    return shown.webhook_form(one, asked.desk.catalogue, where)


async def edit_webhook_sent(asked: Asked) -> View:
    """Keep what was set of it."""
    asked = await fresh(asked)
    known = asked.desk.services.webhooks
    await known.change(asked.id, version=asked.version, by=asked.by, **_wanted(asked))
    return await webhook(asked, ["✅ Saved."])


async def pause_webhook(asked: Asked) -> View:
    """Send nothing more."""
    await asked.desk.services.webhooks.pause(asked.id, by=asked.by)
    return await webhook(asked, ["✅ Paused. What happens meanwhile is sent when it is resumed."])


async def resume_webhook(asked: Asked) -> View:
    """Send again."""
    skip = asked.where.more == "skip"
    await asked.desk.services.webhooks.resume(asked.id, by=asked.by, skip=skip)
    return await webhook(asked, ["✅ It is told again."])


async def ping_webhook(asked: Asked) -> View:
    """Send a test message."""
    await asked.desk.services.webhooks.ping(asked.id)
    return await webhook(asked, ["✅ A test is on its way. Open this page once more to see what came of it."])


async def renew_webhook(asked: Asked) -> View:
    """Give it another secret, and show it."""
    one, secret = await asked.desk.services.webhooks.renew_secret(asked.id, by=asked.by)
    return shown.secret(one, secret)


async def drop_webhook(asked: Asked) -> View:
    """Remove it."""
    await asked.desk.services.webhooks.remove(asked.id, by=asked.by, version=asked.version)
    return await webhooks(replace(asked, where=shown.WEBHOOKS), ["✅ Removed."])


async def replay_webhook(asked: Asked) -> View:
    """Send something once more."""
    await asked.desk.services.webhooks.replay(asked.id, id_from(asked.where.more))
    return await webhook(asked, ["✅ It is on its way once more."])


def _wanted(asked: Asked) -> dict[str, Any]:
    """Return what stands in the form, as the core takes it."""
    filled, catalogue = asked.filled, asked.desk.catalogue
    scope = filled.option("scope")
    scope_id: UUID | None = None if scope in {None, shown.EVERYWHERE} else id_from(scope)
    is_place = scope_id in {place.id for place in catalogue.locations}
    try:
        kinds = frozenset(Kind(kind) for kind in filled.options("kinds"))
    except ValueError as error:
        raise UnreadableError(OUT_OF_DATE) from error
    return {
        "url": filled.text("url"),
        "description": filled.text("description"),
        "kinds": kinds,
        "location_id": scope_id if is_place else None,
        "room_id": None if is_place else scope_id,
        "details": filled.option("details") == "details",
    }


PAGES: Mapping[str, Page] = {
    "webhooks": webhooks,
    "webhook": webhook,
    "add_webhook": add_webhook,
    "edit_webhook": edit_webhook,
}
DEEDS: Mapping[str, Page] = {
    "pause_webhook": pause_webhook,
    "resume_webhook": resume_webhook,
    "ping_webhook": ping_webhook,
    "renew_webhook": renew_webhook,
    "drop_webhook": drop_webhook,
    "replay_webhook": replay_webhook,
}
FORMS: Mapping[str, Page] = {"add_webhook": add_webhook_sent, "edit_webhook": edit_webhook_sent}
