"""Addresses by which a meeting gets into other calendars: of feeds, of one meeting's file, and forms at Google and Outlook.

The address of a file says whose eyes it is read with and until when it is good, and is signed; the file shows the meeting as
it is when it is asked for. Kept out: answering there (`calendars`).
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote, urlencode
from uuid import UUID

from core.calendars import Feed
from core.models import Booking, Slot
from handlers.calendar_entries import place_of, title_of

FEED_PATH = "/calendar/{token}.ics"
BOOKING_PATH = "/calendar/booking/{id}.ics"
LASTS = timedelta(days=365)
GOOGLE = "https://calendar.google.com/calendar/render"
OUTLOOK = "https://outlook.office.com/calendar/0/deeplink/compose"
# A message carries both forms' addresses in one line.
LONGEST = 240
_PURPOSE = b"bookroom meeting file 1"


class CalendarLinks:
    """Makes and reads addresses. `base` is where people reach us, None where nobody has said; `secret` is the process's."""

    def __init__(self, base: str | None, secret: str) -> None:
        self.base = base.rstrip("/") if base else None
        self._key = hmac.new(secret.encode(), _PURPOSE, hashlib.sha256).digest()

    def feed(self, feed: Feed) -> str:
        """Return a calendar's address; without its host where nobody has said where people reach us."""
        return f"{self.base or ''}{FEED_PATH.format(token=feed.token)}"

    def subscribe(self, feed: Feed) -> str | None:
        """Return the address that opens a calendar program at once; None where nobody has said where people reach us."""
        return f"webcal:{self.feed(feed).partition(':')[2]}" if self.base else None

    def file(self, booking_id: UUID, person_id: UUID, *, now: datetime) -> str | None:
        """Return the address of a meeting's file as somebody may see it, good for a year."""
        if self.base is None:
            return None
        # By the day: the same card gets the same address.
        until = (now + LASTS).replace(hour=0, minute=0, second=0, microsecond=0)
        said = urlencode({"person": str(person_id), "until": str(int(until.timestamp()))})
        path = BOOKING_PATH.format(id=booking_id)
        return f"{self.base}{path}?{said}&signature={self._signature(path, said)}"

    def read(self, path: str, query: str, *, now: datetime) -> UUID | None:
        """Return as whom the file at an address is read; None where it is over or not ours."""
        said, _, signature = query.rpartition("&signature=")
        if not hmac.compare_digest(signature.encode(errors="replace"), self._signature(path, said).encode()):
            return None
        known = dict(parse_qsl(said))
        return UUID(known["person"]) if datetime.fromtimestamp(int(known["until"]), UTC) > now else None

    def _signature(self, path: str, said: str) -> str:
        return hmac.new(self._key, f"{path}?{said}".encode(errors="replace"), hashlib.sha256).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Additions:
    """The addresses that add one meeting to a calendar; `file` is None where nobody has said where people reach us."""

    google: str
    outlook: str
    file: str | None = None


def additions(booking: Booking, *, file: str | None = None) -> Additions:
    """Return the addresses that add a meeting to somebody's own calendar; the title is one that they may see."""
    title, where = _short(title_of(booking, own=True)), _short(place_of(booking))
    return Additions(google=_google(booking.slot, title, where), outlook=_outlook(booking.slot, title, where), file=file)


def _short(text: str) -> str:
    """Return as much of a text as an address has room for."""
    while len(quote(text)) > LONGEST:
        text = text[:-1]
    return text.rstrip()


def _google(slot: Slot, title: str, where: str) -> str:
    dates = "/".join(f"{moment:%Y%m%dT%H%M%SZ}" for moment in (slot.start, slot.end))
    said = {"action": "TEMPLATE", "text": title, "dates": dates, "location": where}
    return f"{GOOGLE}?{urlencode(said, quote_via=quote)}"


def _outlook(slot: Slot, title: str, where: str) -> str:
    times = {"startdt": f"{slot.start:%Y-%m-%dT%H:%M:%SZ}", "enddt": f"{slot.end:%Y-%m-%dT%H:%M:%SZ}"}
    said = {"path": "/calendar/action/compose", "rru": "addevent", "subject": title, **times, "location": where}
    return f"{OUTLOOK}?{urlencode(said, quote_via=quote)}"
