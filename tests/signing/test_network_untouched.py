"""The network is touched where it is needed, and only there; a command says so when it would be."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

from support import network_guard
from support.registries import Running
from support.sigstore.pki import make_chain
from support.sigstore.stack import Sigstore

NAME: Final = "acme/fraud"
GUARD: Final = Path(network_guard.__path__[0])


@dataclass(frozen=True, slots=True)
class Watched:
    """A process that ended, and whom it connected to.

    Args:
        done: the process.
        connects: `HOST:PORT` of each connection that it tried, and names that it looked up.
    """

    done: subprocess.CompletedProcess[str]
    connects: set[str]


Watch = Callable[..., Watched]


@pytest.fixture
def watch(tmp_path: Path, sigstore: Sigstore) -> Watch:
    """Run govern with leave to connect to `allowed` and nobody else, whatever proxies there are."""

    def run(*line: str | Path, allowed: set[str]) -> Watched:
        log = tmp_path / "connects"
        log.write_bytes(b"")
        variables = {
            "PYTHONPATH": os.pathsep.join(filter(None, (str(GUARD), os.environ.get("PYTHONPATH")))),
            "GOVERN_TEST_CONNECTS": str(log),
            "GOVERN_TEST_ALLOWED": ",".join(sorted(allowed)),
            # For all that is not on the loopback: nobody listens there.
            "HTTPS_PROXY": sigstore.dead,
            "NO_PROXY": "127.0.0.1",
        }
        done = subprocess.run(
            [sys.executable, "-m", "govern", *map(str, line)],
            check=False,
            capture_output=True,
            cwd=tmp_path,
            encoding="utf-8",
            env={**os.environ, **variables},
            timeout=120,
        )
        return Watched(done, set(log.read_text().split()))

    return run


@dataclass(frozen=True, slots=True)
class Signer:
    """A way to sign and to verify.

    Args:
        signs: its options.
        trusts: the options that verify it.
        services: `HOST:PORT` of those that it asks.
    """

    signs: tuple[str | Path, ...]
    trusts: tuple[str | Path, ...]
    services: frozenset[str]


@pytest.fixture
def signers(sigstore: Sigstore, tmp_path: Path) -> dict[str, Signer]:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights.bin").write_bytes(bytes(range(256)))
    (tmp_path / "token").write_text(sigstore.token("ci"))
    words = [sys.executable, "-m", "govern", "key", "generate", "--output", "ci", "--no-passphrase"]
    subprocess.run(words, check=True, capture_output=True, cwd=tmp_path)
    chain = make_chain()
    files = chain.write(tmp_path / "pki")
    (tmp_path / "pki" / "whole.pem").write_bytes(chain.leaf.chain_pem)
    fulcio, rekor, tsa = (urlsplit(url).netloc for url in (sigstore.fulcio, sigstore.rekor, sigstore.tsa))
    root = ("--trusted-root", sigstore.trusted_root)
    named = ("--certificate-identity", "https://ci.example.test/train", "--certificate-oidc-issuer")
    time, log = ("--timestamp-url", sigstore.tsa), ("--log-url", sigstore.rekor)
    return {
        "key": Signer(("--key", "ci.key"), ("--key", "ci.pub"), frozenset()),
        "key+log+time": Signer(("--key", "ci.key", *time, *log), ("--key", "ci.pub", *root), frozenset({rekor, tsa})),
        "certificate": Signer(
            ("--key", files.key, "--certificate", "pki/whole.pem", *time),
            (*named, chain.root.certificate.subject.rfc4514_string(), "--ca-roots", files.root, *root),
            frozenset({tsa}),
        ),
        "keyless": Signer(
            ("--keyless", "--identity-token-file", "token", "--trust-config", sigstore.client_trust_config),
            ("--certificate-identity", sigstore.san("ci"), "--certificate-oidc-issuer", sigstore.issuer("ci"), *root),
            frozenset({fulcio, rekor, tsa}),
        ),
    }


@pytest.mark.parametrize("name", ["key", "key+log+time", "certificate", "keyless"])
def test_signing_asks_whom_it_names_and_verifying_nobody(
    name: str, watch: Watch, signers: dict[str, Signer], distribution: Running, repository: str
) -> None:
    signer, own = signers[name], {distribution.host}
    reference = f"{distribution.host}/{repository}:1.0.0"
    pushed = watch(*("push", "model", reference, "--name", NAME, *signer.signs), allowed=own | signer.services)
    assert pushed.done.returncode == 0, pushed.done.stderr
    assert pushed.connects == own | signer.services
    said = re.findall(r"signing asks (.*)", pushed.done.stderr)
    assert {urlsplit(url).netloc for line in said for url in line.split(", ")} == signer.services
    for verb in (("verify",), ("pull", "--output", f"out-{name}")):
        read = watch(verb[0], reference, "--name", NAME, *verb[1:], *signer.trusts, allowed=own)
        assert read.done.returncode == 0, read.done.stderr
        assert read.connects == own


def test_what_needs_no_signature_asks_no_service(
    watch: Watch, signers: dict[str, Signer], distribution: Running, repository: str
) -> None:
    signer, own = signers["keyless"], {distribution.host}
    reference = f"{distribution.host}/{repository}:1.0.0"
    line = ("push", "model", reference, "--name", NAME, *signer.signs)
    dry = watch(*line, "--dry-run", allowed=set())
    assert (dry.done.returncode, dry.connects) == (0, set()), dry.done.stderr
    assert watch(*line, allowed=own | signer.services).done.returncode == 0
    # Everything is there: who asks for a certificate now would do so in vain.
    again = watch(*line, allowed=own)
    assert (again.done.returncode, again.connects) == (0, own), again.done.stderr
    policy = ("policy", "init", "--name", NAME, "--identity", "ci=x@example.test", "--issuer", "https://issuer.example")
    made = watch(*policy, *signer.trusts[-2:], allowed=set())
    assert (made.done.returncode, made.connects) == (0, set()), made.done.stderr


def test_the_guard_sees_and_refuses(watch: Watch, signers: dict[str, Signer], distribution: Running) -> None:
    """Without this the tests above would hold of a guard that watches nothing."""
    line = ("push", "model", f"{distribution.host}/t/nobody/fraud:1.0.0", *signers["keyless"].signs)
    refused = watch(*line, allowed={distribution.host})
    assert refused.done.returncode == 3, refused.done.stderr
    assert refused.connects > {distribution.host}
    assert watch("policy", "trusted-root", allowed=set()).done.returncode == 3


@pytest.mark.parametrize("name", ["key", "key+log+time", "certificate", "keyless"])
def test_a_layout_is_verified_where_there_is_no_network_at_all(
    name: str, watch: Watch, signers: dict[str, Signer], tmp_path: Path
) -> None:
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-rn", "true"], check=False, capture_output=True).returncode:
        pytest.skip("no network of one's own without privileges here")
    signer, reference = signers[name], f"layout:{tmp_path}/store:1.0.0"
    pushed = watch("push", "model", reference, "--name", NAME, *signer.signs, allowed=set(signer.services))
    assert pushed.done.returncode == 0, pushed.done.stderr
    for verb in (("verify",), ("pull", "--output", "out")):
        done = subprocess.run(
            [
                *(unshare, "-rn", sys.executable, "-m", "govern", verb[0], reference, "--name", NAME),
                *(*verb[1:], *map(str, signer.trusts)),
            ],
            check=False,
            capture_output=True,
            cwd=tmp_path,
            encoding="utf-8",
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
