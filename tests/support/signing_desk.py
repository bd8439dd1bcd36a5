"""A desk to sign at, whose services can be shut: every way to sign that needs somebody else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from support.desk import Ran, run_here
from support.fault_registry import FaultRegistry
from support.sigstore.gate import Gate, State, gate
from support.sigstore.pki import make_chain
from support.sigstore.stack import Sigstore

NAME: Final = "acme/fraud"
FILES: Final = {"README.md": b"a model\n", "weights.bin": bytes(range(256)) * 64}
SERVICES: Final = {
    "fulcio": "the certificate authority",
    "rekor": "the transparency log",
    "tsa": "the timestamp authority",
}


@dataclass
class SigningDesk:
    """A model, a registry, and services that can be shut.

    Args:
        folder: where everything lies.
        registry: where to push.
        gates: the way to each service.
        signers: for each way to sign, the options of it.
        trusting: for each, the options that verify it.
        env: the PIN.
    """

    folder: Path
    registry: FaultRegistry
    gates: dict[str, Gate]
    signers: dict[str, tuple[str, ...]]
    trusting: dict[str, tuple[str, ...]]
    env: dict[str, str] = field(default_factory=dict)

    @property
    def reference(self) -> str:
        return f"{self.registry.host}/{NAME}:1.0.0"

    def run(self, *line: str) -> Ran:
        return run_here(self.folder, line, env=self.env)

    def push(self, signer: str) -> Ran:
        return self.run("push", "model", self.reference, *self.signers[signer])

    def attest(self, signer: str) -> Ran:
        return self.run(
            "attest", self.reference, "--type", "test-result", "--predicate", "tested.json", *self.signers[signer]
        )

    def verify(self, signer: str, kind: str = "registration") -> int:
        return self.run("verify", self.reference, "--require", kind, *self.trusting[signer]).code

    def shut(self, state: State, *services: str) -> None:
        """Shut some services, and open all others."""
        for name, one in self.gates.items():
            one.state = state if name in services else "open"

    def there(self) -> dict[str, Any]:
        """Return what a reader can find: the digests of manifests, and tags."""
        with self.registry.content.lock:
            own = self.registry.content.repository(NAME)
            return {
                "manifests": sorted(own.manifests),
                "tags": dict(own.tags),
                "subjects": sorted(
                    str(json.loads(body).get("subject", {}).get("digest")) for _, body in own.manifests.values()
                ),
            }

    def sent(self, since: int = 0) -> list[str]:
        """Return which files of the model were sent, by the requests after the first `since`."""
        digests = {f"sha256%3A{hashlib.sha256(data).hexdigest()}": name for name, data in FILES.items()}
        asked = self.registry.requests()[since:]
        ended = [one.path.replace(":", "%3A") for one in asked if one.method in ("PUT", "POST", "PATCH")]
        return sorted(name for digest, name in digests.items() if any(digest in path for path in ended))


@contextmanager
def signing_desk(sigstore: Sigstore, registry: FaultRegistry, root: Path) -> Iterator[SigningDesk]:
    """Lay out a desk.

    Args:
        sigstore: whose services stand behind the gates.
        registry: where to push.
        root: an own, empty directory.
    """
    (root / "model").mkdir()
    for name, data in FILES.items():
        (root / "model" / name).write_bytes(data)
    (root / "tested.json").write_text(
        '{"result": "PASSED", "configuration": [{"uri": "https://example.com/suite", "digest": {"sha256": "%s"}}]}'
        % ("ab" * 32)
    )
    for name in ("ci", "base"):
        assert run_here(root, ["key", "generate", "--output", name, "--no-passphrase"]).code == 0
    chain = make_chain()
    files = chain.write(root / "pki")
    (root / "pki" / "whole.pem").write_bytes(chain.leaf.chain_pem)
    (root / "token").write_text(sigstore.token("email"))
    with ExitStack() as stack:
        gates = {name: stack.enter_context(gate(getattr(sigstore, name))) for name in SERVICES}
        sigstore.variant(root / "trust", **{name: one.url for name, one in gates.items()})
        time, log = ("--timestamp-url", gates["tsa"].url), ("--log-url", gates["rekor"].url)
        config = str(root / "trust" / "client_trust_config.json")
        pinned = ("--trusted-root", str(sigstore.trusted_root))
        subject = chain.root.certificate.subject.rfc4514_string()
        san = "https://ci.example.test/train"
        yield SigningDesk(
            root,
            registry,
            gates,
            {
                "base": ("--key", "base.key"),
                "key+time": ("--key", "ci.key", *time),
                "key+log": ("--key", "ci.key", *log),
                "key+log+time": ("--key", "ci.key", *log, *time),
                "certificate": ("--key", str(files.key), "--certificate", str(root / "pki" / "whole.pem"), *time),
                "keyless": ("--keyless", "--identity-token-file", "token", "--trust-config", config),
                "hsm": ("--key", "pkcs11:token=govern;object=ci"),
            },
            {
                "base": ("--key", "base.pub"),
                **dict.fromkeys(("key+time", "key+log", "key+log+time"), ("--key", "ci.pub", *pinned)),
                "certificate": (
                    *("--certificate-identity", san, "--certificate-oidc-issuer", subject),
                    *("--ca-roots", str(files.root), *pinned),
                ),
                "keyless": (
                    *("--certificate-identity", sigstore.san("email")),
                    *("--certificate-oidc-issuer", sigstore.issuer("email"), *pinned),
                ),
                "hsm": ("--key", "hsm.pub"),
            },
        )
