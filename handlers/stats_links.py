"""Addresses of the page of figures: whoever holds one may look for an hour, and at nothing else.

The address says what is shown and until when, and is signed; there is no login. Kept out: the page (`stats_page`).
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from core.catalogue import Catalogue
from core.errors import BookingError
from core.stats import Asked

PATH = "/stats"
CSV_PATH = "/stats/{table}.csv"
LASTS = timedelta(hours=1)
_PURPOSE = b"bookroom figures 1"


class LinkOver(BookingError):
    """An address of the page that is over, or was never given out."""

    code = "LinkOver"


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What a link shows, until when; `everything` with what concerns admins alone."""

    asked: Asked
    everything: bool
    until: datetime


class Links:
    """Makes and reads signed addresses. `base` is where people reach our pages, `secret` any secret of the process."""

    def __init__(self, base: str, secret: str) -> None:
        self._base = base.rstrip("/")
        # Derived: whoever learns a link's key has not learnt the secret.
        self._key = hmac.new(secret.encode(), _PURPOSE, hashlib.sha256).digest()

    def look(self, asked: Asked, *, everything: bool, now: datetime) -> Look:
        """Return a look that lasts an hour."""
        return Look(asked=asked, everything=everything, until=(now + LASTS).replace(microsecond=0))

    def address(self, look: Look, *, path: str = PATH) -> str:
        """Return the whole address."""
        return f"{self._base}{self.relative(look, path=path)}"

    def relative(self, look: Look, *, path: str = PATH) -> str:
        """Return the address within our own pages."""
        query = _query(look)
        return f"{path}?{query}&signature={self._signature(query)}"

    def read(self, query: str, catalogue: Catalogue, now: datetime) -> Look:
        """Return what a query shows; raises LinkOver for one that is over or not ours, and where its room is gone."""
        known, _, signature = query.rpartition("&signature=")
        if not hmac.compare_digest(signature.encode(), self._signature(known).encode()):
            raise LinkOver("This address is not complete. Open the figures from Slack once more.")
        said = dict(parse_qsl(known))
        until = datetime.fromtimestamp(int(said["until"]), tz=now.tzinfo)
        if until <= now:
            raise LinkOver("This address was good for an hour. Open the figures from Slack once more.")
        asked = Asked(
            first=date.fromisoformat(said["from"]),
            last=date.fromisoformat(said["to"]),
            location=catalogue.location(UUID(said["location"])) if "location" in said else None,
            room=catalogue.room(UUID(said["room"])) if "room" in said else None,
        )
        return Look(asked=asked, everything=said["for"] == "admins", until=until)

    def _signature(self, query: str) -> str:
        return hmac.new(self._key, query.encode(), hashlib.sha256).hexdigest()


def of_days(look: Look, first: date, last: date) -> Look:
    """Return the same look at other days; it is over when the first is."""
    return replace(look, asked=replace(look.asked, first=first, last=last))


def _query(look: Look) -> str:
    asked = look.asked
    said = {"from": asked.first.isoformat(), "to": asked.last.isoformat()}
    said |= {"location": str(asked.location.id)} if asked.location else {}
    said |= {"room": str(asked.room.id)} if asked.room else {}
    said |= {"for": "admins" if look.everything else "everybody", "until": str(int(look.until.timestamp()))}
    return urlencode(said)
