"""Which hosts a webhook may speak to, and at which address.

Someone who can write a URL into a file, or an answer into DNS, must not get a
request sent to a machine inside. So: `https` only, a host by name and on the
list, its name resolved once, every address it has a public one, and the
connection made to that address and no other. Forms in which an address hides
(decimal, octal, IPv6 with an IPv4 inside) are no host names and not public.
Loopback is reached only where the configuration says so.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

HTTPS = 443

MOST_URL = 2_000

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# What ends in a number would be read as an address by some resolvers.
_HOST = re.compile(rf"(?:{_LABEL}\.)*(?=[a-z]){_LABEL}")
_PATH = re.compile(r"/[A-Za-z0-9/._~!$&'()*+,;=:@%-]*")
_QUERY = re.compile(r"[A-Za-z0-9/._~!$&'()*+,;=:@%?-]*")

NAT64 = ipaddress.ip_network("64:ff9b::/96")

Resolve = Callable[[str, int], Sequence[str]]
"""The addresses of a host; raises `OSError`."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where requests go: a host by its name, a port, and a path with its query."""

    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """What the `Host` header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == HTTPS else f"{host}:{self.port}"


class NotAllowed(Exception):
    """No request may be sent there."""


def target_of(url: str, allowed: Collection[str], *, loopback: bool = False) -> Target:
    """Where a URL leads; raises `NotAllowed`."""
    if len(url) > MOST_URL or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise NotAllowed("a URL has only plain ASCII characters, and not too many")
    try:
        parts = urlsplit(url)
        port = parts.port or HTTPS
    except ValueError:
        raise NotAllowed("this is not a URL") from None
    if parts.scheme != "https":
        raise NotAllowed("only `https` keeps a request from others")
    if parts.username is not None or parts.password is not None or "#" in url:
        raise NotAllowed("a URL has no user and no `#` here")
    host = parts.hostname or ""
    path = parts.path or "/"
    if not _PATH.fullmatch(path) or not _QUERY.fullmatch(parts.query):
        raise NotAllowed("the path has characters that are not written in a URL")
    if not (loopback and _is_loopback(host)):
        if not _HOST.fullmatch(host) or len(host) > 253 or "." not in host:  # noqa: PLR2004 - RFC 1035
            raise NotAllowed(f"`{host}` is not the full name of a host")
        if host not in {name.lower() for name in allowed}:
            raise NotAllowed(f"`{host}` is not on the list of hosts")
    return Target(host, port, path + (f"?{parts.query}" if parts.query else ""))


def vetted_addresses(target: Target, *, loopback: bool = False, resolve: Resolve | None = None) -> tuple[str, ...]:
    """The addresses of a host, resolved once, where all of them may be spoken to.

    Raises `NotAllowed`, or `OSError` where the name cannot be resolved.
    """
    addresses = tuple(dict.fromkeys((resolve or resolved)(target.host, target.port)))
    for address in addresses:
        if not is_public(address) and not (loopback and _is_loopback(address)):
            raise NotAllowed(f"`{target.host}` is at {address}, which is not a public address")
    if not addresses:
        raise NotAllowed(f"`{target.host}` has no address")
    return addresses


def is_public(text: str) -> bool:
    """Say whether an address is one of the public internet, whatever is wrapped in it."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return False
        inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in NAT64:
            inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        # The last 32 bits of `::a.b.c.d` are an address too, by a rule that has been given up.
        if int(address) >> 32 == 0:
            return False
        if any(found is not None and not is_public(str(found)) for found in inner):
            return False
        if address.ipv4_mapped is not None:
            return True
    return address.is_global and not address.is_multicast and not address.is_reserved


def resolved(host: str, port: int) -> Sequence[str]:
    """The addresses that the system gives for a host."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _is_loopback(text: str) -> bool:
    if text == "localhost":
        return True
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False
