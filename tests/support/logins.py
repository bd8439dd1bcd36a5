"""Credentials where people keep them, and a helper program that keeps them."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from govern.errors import AuthError
from support.stores import open_repository, put_artifact, put_record, shown

_HELPER = """#!/usr/bin/env python3
import json, pathlib, sys
vault = pathlib.Path({vault!r})
kept = json.loads(vault.read_text()) if vault.exists() else {{}}
asked = sys.stdin.read()
if sys.argv[1] == "get":
    if asked.strip() not in kept:
        sys.exit("credentials not found in native keychain")
    print(json.dumps(kept[asked.strip()]))
elif sys.argv[1] == "store":
    value = json.loads(asked)
    kept[value["ServerURL"]] = value
elif kept.pop(asked.strip(), None) is None:
    sys.exit("credentials not found in native keychain")
vault.write_text(json.dumps(kept))
"""


def install_helper(folder: Path, vault: Path) -> None:
    """Write the program `docker-credential-vault`, which speaks the protocol of Docker's helpers.

    Args:
        folder: where it goes.
        vault: the JSON file in which it keeps one secret for each host.
    """
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "docker-credential-vault"
    program.write_text(_HELPER.format(vault=str(vault)))
    program.chmod(0o755)


def keep(vault: Path, host: str, name: str, secret: str) -> None:
    """Let the helper know one host, and no other."""
    vault.write_text(json.dumps({host: {"ServerURL": host, "Username": name, "Secret": secret}}))


def entry(user: tuple[str, str]) -> dict[str, str]:
    """Return the entry of a user in `auths`."""
    return {"auth": base64.b64encode(":".join(user).encode()).decode()}


def works(host: str, repository: str, environment: Mapping[str, str], **options: Any) -> bool:
    """Whether a push and a reading of records go through; False for credentials that are missing or refused."""
    with contextlib.closing(open_repository(host, repository, environment, **options)) as store:
        try:
            subject = put_artifact(store, "1.0.0")
        except AuthError:
            return False
        record = put_record(store, subject.digest)
        assert shown(store, subject.digest) == {record.digest}
        return True
