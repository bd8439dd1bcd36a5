"""Likely secrets in files, by name and by content (DESIGN §4)."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import BinaryIO, Final

from govern.limits import SCANNED_FOR_SECRETS
from govern.secret_shapes import find_shape

_NAMES: Final = (
    ".env", ".env.*", "*.env", ".netrc", ".pypirc", ".npmrc", ".git-credentials", ".htpasswd", "id_rsa", "id_dsa",
    "id_ecdsa", "id_ed25519", "*.pfx", "*.p12", "*.jks", "*.keystore", "credentials.json", "service-account*.json",
    "kubeconfig", ".dockerconfigjson", "secrets.y*ml",
)  # fmt: skip
_EXAMPLES: Final = (".env.example", ".env.sample", ".env.template")
_PLACES: Final = (".aws/credentials", ".docker/config.json", ".ssh/*", ".huggingface/token", ".kube/config")


def find_secret(path: str, head: bytes, file: BinaryIO, size: int) -> str | None:
    """Return why a file looks like a secret, or None.

    Args:
        path: its path in the artifact.
        head: its first bytes.
        file: the open file.
        size: bytes.
    """
    name = path.rpartition("/")[2].lower()
    if name not in _EXAMPLES and any(fnmatchcase(name, pattern) for pattern in _NAMES):
        return "its name"
    if any(fnmatchcase(f"/{path.lower()}", f"*/{place}") for place in _PLACES):
        return "its place"
    if b"\x00" in head:
        return None
    file.seek(0)
    text = file.read(min(size, SCANNED_FOR_SECRETS.value)).decode("utf-8", "replace")
    return find_shape(text)
