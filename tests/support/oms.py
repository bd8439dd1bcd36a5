"""OpenSSF model signatures: statements about files, honest and not."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from govern import canonical
from govern.intoto.statement import STATEMENT_V1, Statement, read_statement, write_statement
from govern.names import Name
from govern.oci.digest import Digest
from govern.predicates.kinds import OMS_V1
from govern.predicates.oms import root_digest, write_oms

NAME: Final = Name("acme/fraud")


def hashed(**files: str) -> dict[str, str]:
    """Return path → sha256 of files with these contents; `__` in a name stands for `/`."""
    return {path.replace("__", "/"): hashlib.sha256(text.encode()).hexdigest() for path, text in files.items()}


def oms_of(files: Mapping[str, str], name: Name = NAME) -> Statement:
    """Return what govern signs about files."""
    subject, predicate = write_oms(name, files)
    return write_statement([subject], OMS_V1, predicate)


def resources_of(files: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the resources of files, in the given order."""
    return [{"name": path, "algorithm": "sha256", "digest": digest} for path, digest in files.items()]


def foreign_oms(
    resources: Sequence[Mapping[str, Any]],
    *,
    root: Digest | None = None,
    serialization: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Statement:
    """Return a statement that a stranger might have signed.

    Args:
        resources: in the order in which they stand.
        root: the subject's digest, or None for the right one.
        serialization: replaces fields; a change to None leaves the field out.
        fields: replace those of the statement.
    """
    right = root_digest(one["digest"] for one in resources) if root is None else root
    how = {"method": "files", "hash_type": "sha256", "allow_symlinks": False} | dict(serialization or {})
    body = {
        "_type": STATEMENT_V1,
        "subject": [{"name": "model", "digest": {"sha256": right.encoded}}],
        "predicateType": OMS_V1,
        "predicate": {
            "resources": list(resources),
            "serialization": {key: value for key, value in how.items() if value is not None},
        },
    }
    return read_statement(canonical.dumps(body | fields))
