"""How often one client may come, counted without keeping anybody's address.

The counters live in Django's default cache. With the local-memory cache each process counts for
itself: the limit is then per process, and a restart forgets it.
"""

import time
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.core.cache import cache
from django.utils.crypto import salted_hmac

IPV6_PREFIX = 64  # what one subscriber receives: counting single addresses would limit nobody


@dataclass(frozen=True)
class Allowance:
    """Where a client stands in the current window, which ends in `reset` seconds."""

    limit: int
    used: int
    reset: int

    @property
    def is_exceeded(self) -> bool:
        return self.used > self.limit

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)


def count(request, *, scope: str, limit: int, seconds: int) -> Allowance:
    """Count one act of the client in the current window of `seconds`.

    The cache key is a keyed digest of the client's network, the scope and the window: it cannot
    be turned back into an address, and changes with each window.
    """
    window, elapsed = divmod(int(time.time()), seconds)
    digest = salted_hmac(__name__, f"{scope} {window} {_network(request)}", algorithm="sha256")
    key = f"throttle:{digest.hexdigest()}"
    try:
        used = cache.incr(key)
    except ValueError:  # the first one of the window, or evicted since
        used = 1 if cache.add(key, 1, seconds) else _again(key)
    return Allowance(limit, used, seconds - elapsed)


def _again(key) -> int:
    """One more, when another process counted the first in between."""
    try:
        return cache.incr(key)
    except ValueError:
        return 1


def is_allowed(request, *, scope: str, limit: int, seconds: int) -> bool:
    """Count one act of the client; False beyond `limit`."""
    return not count(request, scope=scope, limit=limit, seconds=seconds).is_exceeded


def _network(request) -> str:
    """The client's address, or its /64 in IPv6; empty when the server does not tell it.

    Behind the one trusted proxy that BEHIND_TLS_PROXY declares, it is the last address of
    X-Forwarded-For, the only one that a client cannot write.
    """
    text = request.META.get("REMOTE_ADDR", "")
    if settings.SECURE_PROXY_SSL_HEADER:
        text = request.headers.get("X-Forwarded-For", text).rpartition(",")[2].strip()
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ip_network((address.packed, IPV6_PREFIX), strict=False))
    return str(address)
