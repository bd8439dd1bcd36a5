"""The real sigstore-js, a process for each bundle; it asks nobody for anything."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from support.parts import require_part

_SCRIPT: Final = Path(__file__).with_suffix(".js")
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What sigstore-js said.

    Args:
        refused: why not, as `CODE: message`; None if it accepted.
        san: the subject alternative name of the certificate, if there was one.
        issuer: who vouched for it, if somebody did.
    """

    refused: str | None
    san: str | None = None
    issuer: str | None = None

    @property
    def accepted(self) -> bool:
        """Whether the bundle verified."""
        return self.refused is None


@dataclass(frozen=True, slots=True)
class SigstoreJs:
    """The sigstore-js of this machine.

    Args:
        node: the path of Node.
        module: the folder of `@sigstore/verify`; before 4.1 it refuses envelopes that a Rekor v2 logged.
    """

    node: Path
    module: Path

    def verify(
        self,
        bundle: Json,
        *,
        key: bytes | None = None,
        trusted_root: Path | None = None,
        san: str | None = None,
        issuer: str | None = None,
        artifact: bytes | None = None,
        logs: int = 1,
        timestamps: int = 1,
    ) -> Verdict:
        """Verify a bundle.

        Args:
            bundle: the bundle.
            key: a public key as PEM; it is used whatever hint the bundle gives.
            trusted_root: whom to trust; nobody if None.
            san: the subject alternative name that the certificate must have.
            issuer: who must vouch for it.
            artifact: what was signed, if it is not in the bundle.
            logs: how many log entries there must be, at least.
            timestamps: how many times that somebody vouches for there must be, at least.
        """
        policy: Json = {}
        if san is not None:
            # It is a regular expression over there.
            policy["subjectAlternativeName"] = f"^{re.escape(san)}$"
        if issuer is not None:
            policy["extensions"] = {"issuer": issuer}
        asked = {
            "module": str(self.module),
            "bundle": bundle,
            "artifact": None if artifact is None else base64.b64encode(artifact).decode(),
            "trustedRoot": None if trusted_root is None else json.loads(trusted_root.read_text()),
            "key": None if key is None else key.decode(),
            "options": {"tlogThreshold": logs, "timestampThreshold": timestamps},
            "policy": policy,
        }
        done = subprocess.run(
            [self.node, _SCRIPT],
            check=False,
            capture_output=True,
            encoding="utf-8",
            input=json.dumps({name: value for name, value in asked.items() if value is not None}),
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        said: Json = json.loads(done.stdout)
        if "refused" in said:
            refused = said["refused"]
            return Verdict(f"{refused.get('code', refused['name'])}: {refused['message']}")
        return Verdict(None, said["signer"]["san"], said["signer"]["issuer"])


def sigstore_js() -> SigstoreJs:
    """Return the sigstore-js of this machine; skip the test if it or Node is missing."""
    return SigstoreJs(require_part("node"), require_part("sigstore_js"))
