"""An office with one of everything in it, so that what is made up meets bookings, series and closures, not 404 alone."""

from __future__ import annotations

from typing import Any

import asyncpg

from core.models import Right
from tests.api.outside import Outside
from tests.core.approved import grant
from tests.handlers.firm import ANA, CHLOE, NOW, new_york

# What must not be taken away: who asks, and what they ask with.
OURS = "ours"
# Where the ids of each part of an address, and of each field that is called so, are kept.
KEPT = {
    "roomId": "SELECT id FROM rooms",
    "locationId": "SELECT id FROM locations",
    "bookingId": "SELECT id FROM bookings",
    "seriesId": "SELECT id FROM series",
    "operationId": "SELECT DISTINCT operation_id FROM events WHERE operation_id IS NOT NULL",
    "waitingId": "SELECT id FROM waiting",
    "requestId": "SELECT id FROM approvals",
    "proposalId": "SELECT id FROM proposals",
    "webhookId": "SELECT id FROM webhooks",
    "deliveryId": "SELECT id FROM webhook_deliveries",
    "equipmentId": "SELECT id FROM equipment",
    "closureId": "SELECT id FROM closures",
    "quotaId": "SELECT id FROM quotas",
    "rightId": "SELECT id FROM rights",
    "groupId": "SELECT id FROM groups",
    "personId": "SELECT id FROM people WHERE id NOT IN (SELECT person_id FROM tokens)",
    "changeId": "SELECT id FROM changes",
    "subscriptionId": "SELECT id FROM subscriptions",
    OURS: "SELECT id FROM tokens UNION SELECT person_id FROM tokens",
}
HOURS = range(9, 17)


async def furnished(outside: Outside) -> dict[str, list[str]]:
    """Put one of everything into an office, and return the ids by what the API calls them.

    Whoever asks is left out, since who is erased or dismissed has no token any more.
    """
    await _administered(outside)
    await _booked(outside)
    return await ids(outside.firm.urls.superuser_url)


async def ids(url: str) -> dict[str, list[str]]:
    """Return the ids that there are now, by what the API calls them."""
    connection = await asyncpg.connect(url)
    try:
        return {name: [str(row[0]) for row in await connection.fetch(f"{sql} ORDER BY 1")] for name, sql in KEPT.items()}
    finally:
        await connection.close()


async def _made(outside: Outside, method: str, path: str, **said: Any) -> Any:
    answer = await outside.ask(method, path, by="admin", headers={"If-Match": "*"}, **said)
    assert answer.status in {200, 201, 204}, (path, answer.body)
    return answer.body


async def _administered(outside: Outside) -> None:
    firm = outside.firm
    chloe, rooms, places = await firm.actor(CHLOE), firm.rooms, firm.places
    person, corner, berlin = str(chloe.person_id), str(rooms["Corner"].id), str(places["Berlin"].id)
    later = {"start": "2026-12-24T08:00:00Z", "end": "2026-12-24T20:00:00Z", "reason": "Painters"}
    await _made(outside, "POST", "/groups", json={"name": "Finance", "personIds": [person]})
    await _made(outside, "POST", "/quotas", json={"measure": "count", "period": "day", "most": 200, "locationId": berlin})
    await _made(outside, "POST", "/rights", json={"right": "manage", "personId": person, "roomId": corner})
    await _made(outside, "POST", "/equipment", json={"name": "Flip chart", "quantity": 9, "locationId": berlin})
    await _made(outside, "POST", "/closures", json={**later, "roomId": corner})
    channel = {"slackChannelId": "C0BERLIN", "kinds": ["booked"], "timeZone": "Europe/Berlin", "locationId": berlin}
    await _made(outside, "POST", "/subscriptions", json=channel)
    await _made(outside, "POST", "/webhooks", json={"url": "https://hooks.example.com/bookroom"})
    await grant(firm.db, Right.APPROVE, await firm.actor(ANA), room=rooms["Spree"])
    await firm.services.administration.rooms.set_policy(room_id=rooms["Spree"].id, approval=True)


async def _booked(outside: Outside) -> None:
    firm = outside.firm
    for day in (25, 26, 27, 30):
        for hour in HOURS:
            await firm.booked("Apollo", new_york(hour, day=day), by=ANA if hour % 2 else CHLOE, title=f"Meeting at {hour}")
    now = NOW.replace(minute=0)
    await firm.booked("Kiez", new_york(10, 15, day=now.day, minutes=30), by=ANA)
    await firm.booked("Spree", new_york(8), by=ANA)
    await firm.booked("Spree", new_york(9), by=CHLOE)
    weekly = {"clock": "10:00", "minutes": 60, "rule": "FREQ=WEEKLY;COUNT=5", "roomId": str(firm.rooms["Kiez"].id)}
    for first in ("2026-12-01", "2026-12-02", "2026-12-03"):
        await _made(outside, "POST", "/series", json={**weekly, "firstOn": first})
    busy = {"start": "2026-11-25T15:00:00Z", "end": "2026-11-25T16:00:00Z", "roomId": str(firm.rooms["Apollo"].id)}
    await _made(outside, "POST", "/waitlist", json=busy)
