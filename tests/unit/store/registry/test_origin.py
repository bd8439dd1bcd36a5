"""Only the registry's own origin is the registry: scheme, host and port, however a URL spells them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govern.errors import GovernError, LimitExceeded, ProtocolError
from govern.store.registry.origin import Origin, is_loopback, join, origin_of, same_origin

REGISTRY = "https://registry.example.com/v2/acme/fraud/blobs/uploads/1?_state=x"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://registry.example.com/v2/", Origin("https", "registry.example.com", 443)),
        ("https://registry.example.com:443", Origin("https", "registry.example.com", 443)),
        ("http://Registry.EXAMPLE.com", Origin("http", "registry.example.com", 80)),
        ("HTTPS://registry.example.com:8443/x", Origin("https", "registry.example.com", 8443)),
        ("http://[::1]:5000/v2/", Origin("http", "::1", 5000)),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, expected: Origin) -> None:
    assert origin_of(url) == expected
    assert origin_of(str(expected)) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "registry.example.com/v2/",
        "//registry.example.com/v2/",
        "ftp://registry.example.com/",
        "file:///etc/passwd",
        "https://",
        "https:///v2/",
        "https://ci:secret@registry.example.com/",
        "https://registry.example.com@evil.example.com/",
        "https://registry.example.com:port/",
        "https://registry.example.com:99999/",
        "https://[::1/",
        "https://registry.example.com/a b",
        "https://registry.example.com/\r\nHost: evil.example.com",
        "https://registry.example.com/\x00",
        "https://registry.example.com/\x7f",
    ],
)
def test_what_is_no_plain_url_is_not_followed(url: str) -> None:
    with pytest.raises(ProtocolError):
        origin_of(url)


def test_a_url_has_a_bound() -> None:
    with pytest.raises(LimitExceeded, match="MAX_HEADER_VALUE"):
        origin_of("https://registry.example.com/" + "a" * 20_000)
    with pytest.raises(LimitExceeded, match="MAX_HEADER_VALUE"):
        join(REGISTRY, "/" + "a" * 20_000, "the location")


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/v2/acme/fraud/blobs/uploads/2?_state=y", "https://registry.example.com/v2/acme/fraud/blobs/uploads/2?_state=y"),
        ("2?_state=y", "https://registry.example.com/v2/acme/fraud/blobs/uploads/2?_state=y"),
        ("https://registry.example.com:443/u", "https://registry.example.com:443/u"),
        ("//registry.example.com/u", "https://registry.example.com/u"),
    ],
)  # fmt: skip
def test_a_location_of_the_registry_s_own_may_be_relative(location: str, expected: str) -> None:
    assert same_origin(REGISTRY, location, "the upload location") == expected


@pytest.mark.parametrize(
    "location",
    [
        "https://evil.example.com/u",
        "//evil.example.com/u",
        "http://registry.example.com/u",
        "https://registry.example.com:8443/u",
        "https://registry.example.com.evil.example.com/u",
        "https://sub.registry.example.com/u",
    ],
)
def test_a_location_on_another_origin_is_refused(location: str) -> None:
    with pytest.raises(ProtocolError, match="the upload location leads to another host") as caught:
        same_origin(REGISTRY, location, "the upload location")
    assert caught.value.expected == "https://registry.example.com"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("registry.localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
        ("10.0.0.1", False),
        ("0.0.0.0", False),
        ("mylocalhost", False),
        ("", False),
    ],
)
def test_this_machine_is_known(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_secrets_travel_over_tls_or_within_this_machine() -> None:
    assert origin_of("https://registry.example.com").is_safe
    assert origin_of("http://127.0.0.1:5000").is_safe
    assert not origin_of("http://registry.example.com").is_safe


@given(st.text(max_size=100))
def test_any_text_is_an_origin_or_refused(text: str) -> None:
    try:
        found = origin_of(text)
    except GovernError:
        return
    assert origin_of(str(found)) == found


@given(st.text(max_size=100))
def test_a_location_never_leaves_the_origin(text: str) -> None:
    try:
        url = same_origin(REGISTRY, text, "the location")
    except GovernError:
        return
    assert origin_of(url) == origin_of(REGISTRY)
