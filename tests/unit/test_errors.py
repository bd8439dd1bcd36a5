"""Refusals: what, got, expected, hint; and an exit code by class."""

from __future__ import annotations

import pickle

import pytest

from govern import errors
from govern.errors import Denied, GovernError

CLASSES = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, GovernError)]
CODES = {
    "GovernError": 70, "Denied": 1, "ContentMismatch": 1, "InvalidInput": 2, "UsageError": 2, "Undecided": 3,
    "NotFound": 3,
    "NetworkError": 3, "AuthError": 3, "ProtocolError": 3, "LimitExceeded": 3,
}  # fmt: skip


@pytest.mark.parametrize("error", CLASSES)
def test_every_refusal_has_the_exit_code_of_the_design(error):
    assert error.exit_code == CODES[error.__name__]


@pytest.mark.parametrize("error", CLASSES)
def test_a_refusal_survives_a_process_pool(error):
    sent = error("what", got="this", expected="that", hint="do")
    came = pickle.loads(pickle.dumps(sent))
    assert type(came) is error
    assert (came.what, came.got, came.expected, came.hint, str(came)) == ("what", "this", "that", "do", str(sent))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({}, "a thing"),
        ({"got": "x"}, "a thing: got x"),
        ({"expected": "y"}, "a thing: expected y"),
        ({"got": "x", "expected": "y"}, "a thing: got x, expected y"),
    ],
)
def test_the_message_says_what_was_found_and_what_was_expected(parts, message):
    assert Denied("a thing", **parts).message == str(Denied("a thing", **parts)) == message
