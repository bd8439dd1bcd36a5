"""The Python API: the verbs as functions, for notebooks and training scripts. The same code as the commands."""

from __future__ import annotations

from govern.api.arguments import PolicyLike, SignWith, Trusted
from govern.api.copying import copy, load, save
from govern.api.signers import keyless, signer
from govern.api.verbs import annotate, attest, pull, push, records, resolve, show, verify, versions

__all__ = [
    "PolicyLike",
    "SignWith",
    "Trusted",
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
