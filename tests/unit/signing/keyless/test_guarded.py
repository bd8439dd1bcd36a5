"""What a library raises is told without the secrets in its message, its causes and its frames."""

from __future__ import annotations

import pytest

from govern.errors import NetworkError, Undecided
from govern.signing.keyless.guarded import guarded
from support.endorsed import everything_told

TOKEN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln"


def failing(fault: Exception) -> object:
    secret = "planted"  # a local variable, as the library has them
    try:
        raise KeyError(secret)
    except KeyError as cause:
        raise fault from cause


@pytest.mark.parametrize(
    ("fault", "kind", "said"),
    [
        (RuntimeError(f"no\n {TOKEN}\tat all"), Undecided, "RuntimeError: no … at all"),
        (RuntimeError(), Undecided, "RuntimeError"),
        (NetworkError("the log is down", got="nothing"), NetworkError, "nothing"),
    ],
)
def test_a_failure_is_told_bare(fault: Exception, kind: type[Undecided], said: str) -> None:
    with pytest.raises(kind) as refusal:
        guarded("it failed", lambda: failing(fault))
    assert refusal.value.got == said
    told = everything_told(refusal.value)
    assert TOKEN not in told
    assert "KeyError" not in told
    assert refusal.value.__context__ is None


def test_what_it_returns_comes_back() -> None:
    assert guarded("it failed", lambda: 3) == 3
