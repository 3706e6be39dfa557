"""Entity tags and dates: whether the asker has the present state already, and which state a change is meant for.

A tag of one thing begins with its version, `"3.9f2c"`; what follows tells what it looked like. A change compares the
version alone: a room that got another name does not make a booking another one.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache

ANY = "*"
_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
# Dates tell whole seconds, and a transaction may be over later than its rows say: only what is older is told by date.
SETTLED = timedelta(seconds=5)


def tag(content: bytes, version: int | None = None) -> str:
    """Return the entity tag of an answer, quotes included."""
    digest = hashlib.blake2b(content, digest_size=9).hexdigest()
    return f'"{version}.{digest}"' if version is not None else f'"{digest}"'


def tags(header: str) -> list[tuple[bool, str]] | None:
    """Return the tags of a header, each weak or not and without quotes; None where it says `*`, raises ValueError."""
    if header.strip() == ANY:
        return None
    found, rest = [], header.strip()
    while rest:
        one = _TAG.match(rest)
        if one is None:
            raise ValueError("no entity tag")
        found.append((bool(one[1]), one[2]))
        rest = rest[one.end() :].lstrip()
        if rest and not rest.startswith(","):
            raise ValueError("no entity tag")
        rest = rest.lstrip(", \t")
    return found


def had_before(
    etag: str, modified: datetime | None, *, if_none_match: str | None, if_modified_since: str | None, now: datetime
) -> bool:
    """Tell whether the asker has this state already. A header that says nothing is passed over, as HTTP wants it."""
    if if_none_match is not None:
        try:
            known = tags(if_none_match)
        except ValueError:
            return False
        return known is None or etag.strip('"') in {one for _, one in known}
    if if_modified_since is None or modified is None or now - modified < SETTLED:
        return False
    try:
        since = parsedate_to_datetime(if_modified_since)
    except (ValueError, OverflowError):
        return False
    if since.tzinfo is None:
        since = since.replace(tzinfo=UTC)
    # Behind the clock of the answer, a date says nothing.
    return modified.replace(microsecond=0) <= since <= now


def versions(header: str) -> frozenset[int] | None:
    """Return the versions that a change is meant for; None for any. A tag that is not ours is no version."""
    try:
        named = tags(header)
    except ValueError:
        return frozenset()
    if named is None:
        return None
    numbers = (text.partition(".")[0] for weak, text in named if not weak)
    return frozenset(int(number) for number in numbers if number.isascii() and number.isdecimal() and len(number) < 10)


def http_date(moment: datetime) -> str:
    """Return a moment as HTTP writes it."""
    return _http_date(moment.astimezone(UTC).replace(microsecond=0))


@lru_cache(maxsize=256)
def _http_date(moment: datetime) -> str:
    """Return a whole second of UTC as HTTP writes it; most answers tell of the last few."""
    return format_datetime(moment, usegmt=True)
