"""Calls into the library whose errors have no common class, and whose frames hold identity tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from govern.errors import GovernError, Undecided
from govern.signing.service import hidden

_Result = TypeVar("_Result")
_HINT = "nothing was attached; try again, or see whether token, services and trusted root belong together"


def guarded(what: str, call: Callable[[], _Result], hint: str = _HINT) -> _Result:
    """Return what a call returns; what it raises is told without tokens, causes and frames.

    Args:
        what: the refusal, for errors that are not ours.
        call: calls the library.
        hint: what helps.

    Raises:
        GovernError: ours, as it came, but bare.
        Undecided: for every other error.
    """
    problem: GovernError
    try:
        return call()
    except GovernError as refusal:
        problem = refusal
    except Exception as fault:  # noqa: BLE001 - see the module
        text = " ".join(hidden(str(fault)).split())
        problem = Undecided(what, got=f"{type(fault).__name__}: {text}"[:300].removesuffix(": "), hint=hint)
    # Raised here and not above: what led to it would be its context.
    raise problem.bare()
