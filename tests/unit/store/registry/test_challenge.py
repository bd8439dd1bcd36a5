"""`WWW-Authenticate` is read as registries write it, and what is not understood is left out."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govern.limits import MAX_HEADER_VALUE
from govern.store.registry.challenge import Challenge, read_challenges

BEARER = {"realm": "https://auth.example.com/token", "service": "registry.example.com"}


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('Basic realm="basic"', [("basic", {"realm": "basic"})]),
        ("Basic", [("basic", {})]),
        ("BASIC realm=plain", [("basic", {"realm": "plain"})]),
        (
            'Bearer realm="https://auth.example.com/token",service="registry.example.com"',
            [("bearer", BEARER)],
        ),
        # Spaces around everything, names in any case.
        (
            '  Bearer   Realm = "https://auth.example.com/token" ,  SERVICE="registry.example.com"  ',
            [("bearer", BEARER)],
        ),
        # A comma and an escaped quote inside of quotes are no ends.
        (
            'Bearer realm="r",scope="repository:a/b:pull,push"',
            [("bearer", {"realm": "r", "scope": "repository:a/b:pull,push"})],
        ),
        ('Basic realm="the \\"inner\\" \\\\ circle"', [("basic", {"realm": 'the "inner" \\ circle'})]),
        # Several in one header, which is how the lines of several come.
        ('Basic realm="b", Bearer realm="t"', [("basic", {"realm": "b"}), ("bearer", {"realm": "t"})]),
        ('Negotiate, Basic realm="b"', [("negotiate", {}), ("basic", {"realm": "b"})]),
        ("Negotiate,NTLM , Basic", [("negotiate", {}), ("ntlm", {}), ("basic", {})]),
        # The first of two values counts: a second one cannot lead the credentials elsewhere.
        ('Bearer realm="first",realm="second"', [("bearer", {"realm": "first"})]),
        ('Bearer realm=""', [("bearer", {"realm": ""})]),
        ("", []),
        ("   ", []),
        ('"quoted"', []),
        ("=", []),
    ],
)  # fmt: skip
def test_challenges_are_read(header: str, expected: list[tuple[str, dict[str, str]]]) -> None:
    assert read_challenges(header) == tuple(Challenge(*one) for one in expected)


def test_a_value_without_its_last_quote_is_no_value() -> None:
    assert all("realm" not in one.parameters for one in read_challenges('Bearer realm="https://auth.example.com'))


@pytest.mark.parametrize(
    "header",
    ["a" * 100_000, "Bearer " + "a=b," * 50_000, 'Bearer realm="' + "\\" * 100_000, "Bearer " + " ," * 50_000],
)
def test_a_header_without_end_is_read_in_no_time(header: str) -> None:
    begun = time.monotonic()
    read_challenges(header)
    assert time.monotonic() - begun < 2


def test_what_lies_beyond_the_bound_is_not_read() -> None:
    assert read_challenges("Basic" + " " * MAX_HEADER_VALUE.value + 'realm="late"') == (Challenge("basic", {}),)


@given(st.text(max_size=200))
def test_no_header_is_too_strange(header: str) -> None:
    for one in read_challenges(header):
        assert one.scheme == one.scheme.lower() != ""
