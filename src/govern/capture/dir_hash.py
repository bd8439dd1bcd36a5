"""One digest of a directory: `dirHash` of the in-toto attestation framework.

`find . -type f | cut -c3- | LC_ALL=C sort | xargs -r sha256sum | sha256sum` says it too. It is named in the
specification and rests on SHA-256, where `gitTree` rests on SHA-1 in most repositories.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from govern.paths import order


def dir_hash(files: Mapping[str, str]) -> str:
    """Return the digest of a directory as hex digits.

    Args:
        files: hex digits of each file's sha256, by its path in the directory; no line breaks in paths.

    Source: in-toto attestation framework, `spec/v1/digest_set.md`, "dirHash"; golang.org/x/mod/sumdb/dirhash, Hash1.
    """
    whole = hashlib.sha256()
    for path in sorted(files, key=order):
        whole.update(f"{files[path]}  {path}\n".encode())
    return whole.hexdigest()
