"""The way to an issuer (`adapters.oidc.documents`): through which proxy, if any."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from files_api.adapters.oidc.documents import proxy_for


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("https_proxy", "http://secure.proxy.test:3128")
    monkeypatch.setenv("http_proxy", "plain.proxy.test:3129")
    monkeypatch.setenv("no_proxy", "direct.test")


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("https://issuer.test/pool", ("secure.proxy.test", 3128)),
        ("http://issuer.test/pool", ("plain.proxy.test", 3129)),
        ("https://10.0.0.1/pool", ("secure.proxy.test", 3128)),
    ],
)
def test_the_proxy_is_the_one_for_the_scheme(url: str, proxy: tuple[str, int]) -> None:
    found = proxy_for(urlsplit(url))

    assert found is not None
    assert (found.hostname, found.port) == proxy


@pytest.mark.parametrize(
    "url",
    [
        "https://direct.test/pool",
        "https://a.direct.test/pool",
        "http://127.0.0.1:9000/pool",
        "http://127.1.2.3/pool",
        "http://[::1]:9000/pool",
        "http://localhost:9000/pool",
        "http://issuer.localhost/pool",
    ],
)
def test_no_proxy_is_used_where_the_environment_says_so_nor_to_this_machine(url: str) -> None:
    assert proxy_for(urlsplit(url)) is None


def test_without_proxies_none_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("https_proxy")

    assert proxy_for(urlsplit("https://issuer.test/pool")) is None
