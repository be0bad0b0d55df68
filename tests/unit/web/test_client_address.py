"""Where a request comes from (`web.client_address`): nobody can claim another address."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from files_api.web.client_address import ClientAddresses, network_of

BALANCERS = ClientAddresses([ip_network("10.0.0.0/16"), ip_network("fd00::/8")])


def address(peer: str, forwarded: str | None, addresses: ClientAddresses = BALANCERS) -> str:
    environ = {"REMOTE_ADDR": peer}
    if forwarded is not None:
        environ["HTTP_X_FORWARDED_FOR"] = forwarded
    return addresses.of(environ)


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:4711", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("198.51.100.7, 192.0.2.1", "192.0.2.1"),
        ("10.0.0.9,192.0.2.1", "192.0.2.1"),
        ("192.0.2.1, 10.0.0.9", "10.0.0.9"),
    ],
)
@pytest.mark.parametrize("peer", ["10.0.3.4", "fd00::1"])
def test_the_load_balancer_tells_the_client_as_the_last_hop(peer: str, forwarded: str, client: str) -> None:
    assert address(peer, forwarded) == client


@pytest.mark.parametrize("forwarded", ["", " ", "unknown", "192.0.2", "1.2.3.4.5", "_hidden", "192.0.2.1,"])
def test_what_is_no_address_is_not_believed(forwarded: str) -> None:
    assert address("10.0.3.4", forwarded) == "10.0.3.4"


def test_who_is_no_load_balancer_is_not_believed() -> None:
    assert address("203.0.113.5", "192.0.2.1") == "203.0.113.5"


def test_without_trusted_networks_nobody_is_believed() -> None:
    assert address("10.0.3.4", "192.0.2.1", ClientAddresses([])) == "10.0.3.4"


def test_without_the_header_it_is_the_peer() -> None:
    assert address("10.0.3.4", None) == "10.0.3.4"


def test_addresses_of_one_ipv6_customer_are_one() -> None:
    assert network_of("2001:db8:1:2:3::4") == network_of("2001:db8:1:2::9") != network_of("2001:db8:1:3::9")


def test_addresses_of_ipv4_are_what_they_are() -> None:
    assert network_of("192.0.2.1") == "192.0.2.1"
