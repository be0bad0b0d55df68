"""Where a request comes from, as far as that can be believed."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from ipaddress import IPv4Address, IPv4Network, IPv6Network

# A single customer has a whole /64 (RFC 6177 section 2): to count its addresses one by one would limit nothing.
_IPV6_CUSTOMER_BITS = 64


class ClientAddresses:
    """Finds the client's address.

    What stands in X-Forwarded-For is what anybody may write, but for its right-most entry where the connection comes
    from the load balancer: that one the load balancer has written itself
    (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html).

    Args:
        trusted: The networks in which load balancers are.
    """

    def __init__(self, trusted: Iterable[IPv4Network | IPv6Network]) -> None:
        self._trusted = tuple(trusted)

    def of(self, environ: Mapping[str, str]) -> str:
        """Tell the address as text."""
        peer = environ.get("REMOTE_ADDR", "")
        forwarded = environ.get("HTTP_X_FORWARDED_FOR")
        if forwarded is None or not self._trusted or not self._is_trusted(peer):
            return peer
        told = _address(forwarded.rpartition(",")[2].strip())
        return str(told) if told is not None else peer

    def _is_trusted(self, text: str) -> bool:
        address = _address(text)
        return address is not None and any(address in network for network in self._trusted)


def network_of(address: str) -> str:
    """What one customer has: the address itself, or its /64 of IPv6."""
    parsed = _address(address)
    if isinstance(parsed, IPv6Address):
        return str(ip_network((int(parsed), _IPV6_CUSTOMER_BITS), strict=False))
    return address


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address, which may have a port: `192.0.2.1:443`, `[2001:db8::1]:443`."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
