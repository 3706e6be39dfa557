"""Where webhooks may go: nowhere that only our own network can reach, unless whoever runs Bookroom has said so.

An address is judged twice: as it is written, when it is kept, and as it turns out to be, when it is connected to. A name
that leads elsewhere by then helps nobody. Pure; kept out: looking names up, and connecting.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import SplitResult, urlsplit

from core.errors import InvalidWebhook

LONGEST_URL = 2000
Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Behind these stand addresses of the older kind, which are then judged.
_TRANSLATED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("2002::/16"), ipaddress.ip_network("2001::/32"))
# What versions of Python disagree about, and a public address that nobody but a cloud's own machines can reach.
_SPECIAL = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32", "3fff::/20", "5f00::/16")))
# The last label of a name is never a number: what looks so is an address in a notation that hides it.
_NUMBER = re.compile(r"(?:0[xX][0-9a-fA-F]*|[0-9]+)")
_NAME = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.?")


def public(address: Address) -> bool:
    """Tell whether an address can be reached by everybody, and is not one of our own network, machine or cloud."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return public(address.ipv4_mapped)
        if address in _TRANSLATED[0]:
            return public(IPv4Address(int(address) & 0xFFFFFFFF))
        # Tunnels end wherever the address behind them says.
        if any(address in network for network in _TRANSLATED[1:]) or address.is_site_local:
            return False
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not address.is_unspecified
        and not address.is_loopback
        and not address.is_link_local
        and not any(address in network for network in _SPECIAL if network.version == address.version)
    )


def never(address: Address) -> bool:
    """Tell whether an address is none that anybody may allow: where clouds give out keys, and what is no one machine."""
    plain = address.ipv4_mapped if isinstance(address, IPv6Address) and address.ipv4_mapped else address
    return plain.is_link_local or plain.is_multicast or plain.is_unspecified


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowed:
    """What may be reached although it is private: host names, and networks."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def read(cls, words: Iterable[str]) -> Allowed:
        """Return what a list of names, addresses and networks allows; raises ValueError for what is none of them."""
        hosts, networks = set(), []
        for word in words:
            plain = word.strip().strip("[]").lower().rstrip(".")
            try:
                networks.append(ipaddress.ip_network(plain))
            except ValueError:
                if not _NAME.fullmatch(plain) or _NUMBER.fullmatch(plain.rpartition(".")[2]):
                    raise ValueError("neither a host's name nor a network") from None
                hosts.add(plain)
        return cls(hosts=frozenset(hosts), networks=tuple(networks))

    def named(self, host: str) -> bool:
        """Tell whether a host, by name or as an address, is allowed whatever it is."""
        plain = host.strip("[]").lower().rstrip(".")
        if plain in self.hosts:
            return True
        try:
            return self._in_networks(ipaddress.ip_address(plain))
        except ValueError:
            return False

    def reachable(self, address: Address, host: str) -> bool:
        """Tell whether a connection to an address may be made for a URL with this host."""
        if public(address):
            return True
        if never(address):
            return False
        return host.strip("[]").lower().rstrip(".") in self.hosts or self._in_networks(address)

    def _in_networks(self, address: Address) -> bool:
        plain = address.ipv4_mapped if isinstance(address, IPv6Address) and address.ipv4_mapped else address
        return any(plain in network for network in self.networks if network.version == plain.version)


NOTHING_PRIVATE = Allowed()


def checked(url: str, allowed: Allowed = NOTHING_PRIVATE) -> str:
    """Return a URL that a webhook may have, tidied; raises InvalidWebhook with what is wrong with it."""
    text = url.strip()
    if len(text) > LONGEST_URL or not text.isascii() or any(letter <= " " or letter in '\\"<>^`{|}\x7f' for letter in text):
        raise _wrong(f"Write the address in up to {LONGEST_URL} plain characters, without spaces.")
    try:
        parts = urlsplit(text)
        host, _ = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise _wrong("That is no address: write https://host/path.") from None
    if parts.scheme not in {"http", "https"} or not host:
        raise _wrong("Write an address that begins with https://.")
    if parts.username is not None or parts.password is not None:
        raise _wrong("An address must not hold a name or password: what we send is signed instead.")
    if parts.fragment:
        raise _wrong("Nothing behind a # is ever sent: leave it out.")
    _check_host(host, allowed)
    if parts.scheme == "http" and not allowed.named(host):
        raise _wrong("Use https://: over http:// everybody on the way could read who meets where.")
    return _tidied(parts)


def _check_host(host: str, allowed: Allowed) -> None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if ":" in host or _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]) or not _NAME.fullmatch(host):
            raise _wrong("Write the host by its name, or as an address like 203.0.113.7.") from None
        if not allowed.named(host) and (host.rstrip(".") == "localhost" or host.rstrip(".").endswith(".localhost")):
            raise _private() from None
        return
    if not allowed.reachable(address, host):
        raise _private()


def _tidied(parts: SplitResult) -> str:
    return parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower(), path=parts.path or "/").geturl()


def _private() -> InvalidWebhook:
    return _wrong("That address is within a private network. Whoever runs Bookroom can allow it: WEBHOOK_PRIVATE_TARGETS.")


def _wrong(said: str) -> InvalidWebhook:
    return InvalidWebhook(said, fields={"url": said})
