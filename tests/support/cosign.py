"""The real cosign: a process for each call, without a way to the public Sigstore; and what it reads and writes."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import requests

from support.parts import require_part
from support.plain_client import MANIFEST, digest_of

PASSWORD: Final = "a password of the test"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cosign:
    """The cosign of this machine, without a way to the public Sigstore.

    Args:
        program: its path.
        folder: where it runs; `co.key` and `co.pub` are its encrypted pair, `sc.json` says to sign offline.
    """

    program: Path
    folder: Path

    @property
    def key(self) -> Path:
        return self.folder / "co.key"

    @property
    def pub(self) -> Path:
        return self.folder / "co.pub"

    def __call__(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        # A proxy where nobody listens keeps it from asking for anything beyond the loopback.
        env = {**os.environ, "COSIGN_PASSWORD": PASSWORD, "HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": ""}
        return subprocess.run(
            [self.program, *map(str, arguments)],
            check=False,
            capture_output=True,
            cwd=self.folder,
            encoding="utf-8",
            env=env,
            timeout=60,
        )

    def accepts(self, reference: str, kind: str, key: Path) -> list[Json]:
        """Return the statements that `verify-attestation` accepts, which are none where it fails."""
        done = self("verify-attestation", "--key", key, "--insecure-ignore-tlog", "--type", kind, reference)
        if done.returncode:
            return []
        envelopes = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        return [json.loads(base64.b64decode(one["payload"])) for one in envelopes]

    def attests(self, reference: str, kind: str, predicate: Json) -> None:
        file = self.folder / "predicate.json"
        file.write_text(json.dumps(predicate))
        done = self(
            *("attest", "--key", self.key, "--signing-config", "sc.json", "--yes"),
            *("--type", kind, "--predicate", file, reference),
        )
        assert done.returncode == 0, done.stderr

    def signs(self, reference: str) -> None:
        done = self("sign", "--key", self.key, "--signing-config", "sc.json", "--yes", reference)
        assert done.returncode == 0, done.stderr


def manifest_at(reference: str) -> bytes:
    host, _, path = reference.partition("/")
    name, _, digest = path.partition("@")
    answer = requests.get(f"http://{host}/v2/{name}/manifests/{digest}", headers={"Accept": MANIFEST}, timeout=10)
    assert answer.status_code == 200, answer.text
    assert digest_of(answer.content) == digest
    return answer.content


def blob_at(reference: str, digest: str) -> bytes:
    host, _, path = reference.partition("/")
    answer = requests.get(f"http://{host}/v2/{path.partition('@')[0]}/blobs/{digest}", timeout=10)
    assert digest_of(answer.content) == digest
    return answer.content


def referrers_of(reference: str) -> Iterator[Json]:
    """Yield the manifests of the referrers that oras finds."""
    done = subprocess.run(
        [require_part("oras"), "discover", "--plain-http", "--format", "json", reference],
        check=True,
        capture_output=True,
    )
    for one in json.loads(done.stdout)["referrers"]:
        yield json.loads(manifest_at(one["reference"]))
