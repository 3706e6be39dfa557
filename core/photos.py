"""What stands for a room's photo: an https address that everybody can open, or a file of the bot's own in Slack. Pure."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

LONGEST = 2000
WRONG = "A photo's address begins with https:// and can be opened by everybody."
_IN_SLACK = "slack:"
_FILE = re.compile(r"slack:F[A-Z0-9]{2,40}")
# Names that mean another machine to everybody who asks, or none.
_INWARD = (".local", ".localhost", ".internal", ".lan", ".home", ".intranet", ".corp", ".invalid", ".test", ".onion")


def in_slack(file_id: str) -> str:
    """Return what stands for an uploaded file."""
    return f"{_IN_SLACK}{file_id}"


def file_of(photo: str) -> str | None:
    """Return the id of the file in Slack; None for an address."""
    return photo.removeprefix(_IN_SLACK) if photo.startswith(_IN_SLACK) else None


def acceptable(photo: str) -> bool:
    """Tell whether something may stand for a photo."""
    return bool(_FILE.fullmatch(photo)) or public_address(photo)


def public_address(text: str) -> bool:
    """Tell whether a text is an https address on a host that has a public name, without a login or a port of its own."""
    if len(text) > LONGEST or any(letter.isspace() or not letter.isprintable() for letter in text):
        return False
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return False
    if parts.scheme != "https" or parts.username is not None or parts.password is not None or port not in {None, 443}:
        return False
    return "\\" not in text and _public(host)


def _public(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        # The last part of a name is never a number: "0x7f.1" and "2130706433" are addresses in disguise.
        last = host.rpartition(".")[2]
        return "." in host and bool(last) and not last[0].isdigit() and not f".{host}".endswith(_INWARD)
    return False
