"""Statements to sign, and what the peers say of their bundles: cosign, sigstore-python and sigstore-js."""

from __future__ import annotations

import json
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sigstore.errors import Error
from sigstore.models import Bundle as PythonBundle
from sigstore.models import TrustedRoot
from sigstore.verify import Verifier, policy

from govern.intoto.bundle import Bundle
from govern.intoto.statement import Statement, write_statement
from support.cosign import Cosign
from support.records import NAME, D
from support.sigstore_js import SigstoreJs

KIND: Final = "https://example.com/test/v1"


def statements(count: int = 1) -> list[Statement]:
    """Return statements that differ."""
    return [write_statement([(f"{NAME}@1.4.0", D)], KIND, {"number": number}) for number in range(count)]


@dataclass(frozen=True, slots=True)
class Peers:
    """The peers, and whom they trust.

    Args:
        cosign: cosign.
        js: sigstore-js.
        trusted_root: the file.
        folder: where bundles are put for them.
    """

    cosign: Cosign
    js: SigstoreJs
    trusted_root: Path
    folder: Path

    def cosign_accepts(self, bundle: Bundle, *options: str | Path) -> bool:
        """Whether `verify-blob-attestation` says yes; `options` say who must have signed."""
        file = self.folder / "bundle.json"
        file.write_bytes(bundle.data)
        done = self.cosign(
            *("verify-blob-attestation", "--trusted-root", self.trusted_root, "--type", KIND, "--bundle", file),
            *(*options, "--digest", D.encoded, "--digestAlg", "sha256"),
        )
        return done.returncode == 0

    def accepting_identity(self, bundle: Bundle, san: str, issuer: str) -> set[str]:
        """Return which peers accept a bundle of this identity."""
        named = ("--certificate-identity", san, "--certificate-oidc-issuer", issuer)
        said = {
            "cosign": self.cosign_accepts(bundle, *named),
            "python": self._python_accepts(bundle, san, issuer),
            "js": self.js.verify(
                json.loads(bundle.data), trusted_root=self.trusted_root, san=san, issuer=issuer
            ).accepted,
        }
        return {peer for peer, yes in said.items() if yes}

    def _python_accepts(self, bundle: Bundle, san: str, issuer: str) -> bool:
        verifier = Verifier(trusted_root=TrustedRoot.from_file(str(self.trusted_root)))
        try:
            _, payload = verifier.verify_dsse(
                PythonBundle.from_json(bundle.data), policy.Identity(identity=san, issuer=issuer)
            )
        except Error:
            return False
        return payload == bundle.envelope.payload


def everything_told(fault: BaseException) -> str:
    """Return all that a traceback could show of a fault and of what led to it: messages, and every local variable.

    The frames of the test itself are left out: they hold what was planted.
    """
    frames = fault.__traceback__
    while frames is not None and "/tests/" in frames.tb_frame.f_code.co_filename:
        frames = frames.tb_next
    shown = traceback.TracebackException(type(fault), fault, frames, capture_locals=True)
    return "".join(shown.format()) + repr(fault) + repr(vars(fault))
