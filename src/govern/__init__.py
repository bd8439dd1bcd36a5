"""Govern AI models and datasets in any OCI registry.

    from govern import push, attest, annotate, verify, pull

The same functions as the commands, with typed results. Nothing heavy is imported before it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from govern.api import (
        annotate,
        attest,
        copy,
        keyless,
        load,
        pull,
        push,
        records,
        resolve,
        save,
        show,
        signer,
        verify,
        versions,
    )
    from govern.errors import Denied, GovernError, InvalidInput, Undecided
    from govern.oci.reference import Pinned
    from govern.policy.decision import Decision

_PLACES = {
    **dict.fromkeys(
        (
            "annotate",
            "attest",
            "copy",
            "keyless",
            "load",
            "pull",
            "push",
            "records",
            "resolve",
            "save",
            "show",
            "signer",
            "verify",
            "versions",
        ),
        "govern.api",
    ),
    **dict.fromkeys(("Denied", "GovernError", "InvalidInput", "Undecided"), "govern.errors"),
    "Decision": "govern.policy.decision",
    "Pinned": "govern.oci.reference",
}

__all__ = [
    "Decision",
    "Denied",
    "GovernError",
    "InvalidInput",
    "Pinned",
    "Undecided",
    "annotate",
    "attest",
    "copy",
    "keyless",
    "load",
    "pull",
    "push",
    "records",
    "resolve",
    "save",
    "show",
    "signer",
    "verify",
    "versions",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'govern' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return __all__
