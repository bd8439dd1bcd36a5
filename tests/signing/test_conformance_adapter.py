"""The adapter for the public conformance suite: its commands, on bundles of every kind that the suite has.

The suite's own vectors are not here: they are others' data. How to run it is in CONTRIBUTING.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from govern.settings import Settings
from govern.signing.key_record_signer import KeyRecordSigner
from govern.signing.log_client import LogClient
from govern.signing.timestamp_client import TimestampClient
from support.conformance_adapter import main
from support.cosign import Cosign
from support.endorsed import statements
from support.records import D, signer
from support.sigstore.stack import Sigstore
from support.sigstore_js import SigstoreJs

ENTRYPOINT: Final = Path(__file__).parents[1] / "conformance" / "govern-conformance"
DATA: Final = b"what is signed\n"
DIGEST: Final = f"sha256:{hashlib.sha256(DATA).hexdigest()}"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """A bundle, and how the suite asks about it.

    Args:
        bundle: its file.
        who: the options that name its signer.
        artifact: the file or digest that it is about.
    """

    bundle: Path
    who: tuple[str, ...]
    artifact: str


@dataclass(frozen=True, slots=True)
class Bundles:
    """Bundles of every kind, by name."""

    folder: Path
    sigstore: Sigstore
    cases: dict[str, Case]

    def verify(
        self, name: str, *, change: Callable[[Json], object] | None = None, root: Path | None = None, **other: Any
    ) -> int:
        """Return the exit code for a bundle; `change` edits it first, `who` and `artifact` replace the case's own."""
        case = self.cases[name]
        file = case.bundle
        if change is not None:
            body = json.loads(file.read_text())
            change(body)
            file = self.folder / "changed.json"
            file.write_text(json.dumps(body))
        who, artifact = other.get("who", case.who), other.get("artifact", case.artifact)
        trusted = str(root or self.sigstore.trusted_root)
        return main(["verify-bundle", "--bundle", str(file), *who, "--trusted-root", trusted, artifact])


@pytest.fixture(scope="module")
def bundles(sigstore: Sigstore, cosign: Cosign, tmp_path_factory: pytest.TempPathFactory) -> Bundles:
    folder = tmp_path_factory.mktemp("bundles")
    (folder / "a.txt").write_bytes(DATA)
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "a.txt", "digest": {"sha256": DIGEST.removeprefix("sha256:")}}],
        "predicateType": "https://example.com/test/v1",
        "predicate": {},
    }
    (folder / "statement.json").write_text(json.dumps(statement))
    (folder / "key.pub").write_text(signer().public_key.to_pem())
    identity = ("--certificate-identity", sigstore.san("ci"), "--certificate-oidc-issuer", sigstore.issuer("ci"))
    key, file = ("--key", str(cosign.pub)), str(folder / "a.txt")

    def signed(name: str, *options: str) -> None:
        config = ("--signing-config", str(sigstore.signing_config), "--trusted-root", str(sigstore.trusted_root))
        asked = ("--identity-token", sigstore.token("ci"), "--bundle", str(folder / name), *config)
        done = main(["sign-bundle", *options, *asked, str(folder / ("statement.json" if options else "a.txt"))])
        assert done == 0

    def cosigned(name: str, *words: str | Path) -> None:
        files = ("--signing-config", sigstore.signing_config, "--trusted-root", sigstore.trusted_root, "--yes")
        done = cosign(words[0], *files, *words[1:], "--bundle", folder / name)
        assert done.returncode == 0, done.stderr

    def keyed(name: str, *, logged: bool) -> None:
        log = LogClient(sigstore.rekor, Settings()) if logged else None
        (one,) = KeyRecordSigner(signer(), TimestampClient((sigstore.tsa,), Settings()), log).sign(statements())
        (folder / name).write_bytes(one.bundle.data)

    token = ("--identity-token", sigstore.token("ci"))
    making: list[tuple[str, Callable[[], None], tuple[str, ...], str]] = [
        ("statement", lambda: signed("statement", "--in-toto"), identity, file),
        ("file", lambda: signed("file"), identity, file),
        ("cosign's file", lambda: cosigned("cosign's file", "sign-blob", *token, file), identity, file),
        ("cosign's key", lambda: cosigned("cosign's key", "sign-blob", "--key", cosign.key, file), key, file),
        ("key", lambda: keyed("key", logged=True), ("--key", str(folder / "key.pub")), str(D)),
        ("no log", lambda: keyed("no log", logged=False), ("--key", str(folder / "key.pub")), str(D)),
    ]
    with ThreadPoolExecutor(len(making)) as pool:
        for done in [pool.submit(make) for _, make, _, _ in making]:
            done.result()
    return Bundles(folder, sigstore, {name: Case(folder / name, who, about) for name, _, who, about in making})


SOUND: Final = ("statement", "file", "cosign's file", "cosign's key", "key")
FILES: Final = ("file", "cosign's file", "cosign's key")


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_bundle_is_accepted_and_no_other_signer_file_or_root(name: str, bundles: Bundles) -> None:
    assert bundles.verify(name) == 0
    other = bundles.folder / "other"
    other.write_bytes(DATA + b"x")
    for artifact in (str(other), f"sha256:{'0' * 64}", str(bundles.folder / "gone")):
        assert bundles.verify(name, artifact=artifact) == 1
    nobody = bundles.sigstore.trusting(
        bundles.folder / "nobody", {"tlogs": bundles.sigstore.trusted_root_json["ctlogs"]}
    )
    assert bundles.verify(name, root=nobody.trusted_root) == 1
    san, issuer = bundles.sigstore.san("ci"), bundles.sigstore.issuer("ci")
    for who in (
        ("--key", str(bundles.sigstore.rekor_pub)),
        ("--certificate-identity", f"{san}x", "--certificate-oidc-issuer", issuer),
        ("--certificate-identity", san, "--certificate-oidc-issuer", f"{issuer}x"),
        ("--certificate-identity", san),
        (*bundles.cases["key"].who, *bundles.cases["file"].who),
        (),
    ):
        assert bundles.verify(name, who=who) == 1


def test_the_digest_of_a_subject_will_do_and_of_a_file_it_will_not(bundles: Bundles) -> None:
    assert bundles.verify("statement", artifact=DIGEST) == 0
    for name in FILES:
        assert bundles.verify(name, artifact=DIGEST) == 1


def test_what_no_log_has_is_refused(bundles: Bundles) -> None:
    assert bundles.verify("no log") == 1
    for name in SOUND:
        assert bundles.verify(name, change=lambda body: body["verificationMaterial"].update(tlogEntries=[])) == 1


def test_the_certificate_of_another_bundle_is_refused(bundles: Bundles) -> None:
    other = json.loads(bundles.cases["statement"].bundle.read_text())["verificationMaterial"]["certificate"]
    assert bundles.verify("file", change=lambda body: body["verificationMaterial"].update(certificate=other)) == 1


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_was_signed_is_read_strictly(name: str, bundles: Bundles) -> None:
    statement = json.loads(bundles.cases["statement"].bundle.read_text())
    changes: dict[str, Callable[[Json], object]] = {
        "another digest": lambda body: body["messageSignature"]["messageDigest"].update(digest="AAAA"),
        "no digest": lambda body: body["messageSignature"].pop("messageDigest"),
        "more": lambda body: body["messageSignature"].update(more=1),
        "no signature": lambda body: body["messageSignature"].pop("signature"),
        "an empty signature": lambda body: body["messageSignature"].update(signature=""),
        "an envelope beside": lambda body: body.update(dsseEnvelope=statement["dsseEnvelope"]),
        "nothing": lambda body: body.update(messageSignature=None),
        "another version": lambda body: body.update(mediaType="application/vnd.dev.sigstore.bundle.v0.9+json"),
        "no proof": lambda body: body["verificationMaterial"]["tlogEntries"][0].update(inclusionProof=None),
        "the entry of the statement": lambda body: body["verificationMaterial"].update(
            tlogEntries=statement["verificationMaterial"]["tlogEntries"]
        ),
        "another's signature": lambda body: body["messageSignature"].update(
            signature=statement["dsseEnvelope"]["signatures"][0]["sig"]
        ),
    }
    assert bundles.verify(name, change=lambda _: None) == 0
    assert {what: bundles.verify(name, change=change) for what, change in changes.items()} == dict.fromkeys(changes, 1)


def test_a_file_is_not_an_envelope_and_an_envelope_is_no_file(bundles: Bundles) -> None:
    """A signature over the bytes that an envelope signs is one over the envelope, and says nothing of a file."""
    body = json.loads(bundles.cases["statement"].bundle.read_text())
    payload = base64.b64decode(body["dsseEnvelope"]["payload"])
    kind = body["dsseEnvelope"]["payloadType"].encode()
    (bundles.folder / "pae").write_bytes(b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload))

    def disguise(body: Json) -> None:
        digest = base64.b64encode(hashlib.sha256((bundles.folder / "pae").read_bytes()).digest()).decode()
        signature = body.pop("dsseEnvelope")["signatures"][0]["sig"]
        message = {"messageDigest": {"algorithm": "SHA2_256", "digest": digest}, "signature": signature}
        body["messageSignature"] = message

    # As a file these bytes were signed: what they are is the caller's question. About a.txt it says nothing.
    assert bundles.verify("statement", change=disguise, artifact=str(bundles.folder / "pae")) == 0
    assert bundles.verify("statement", change=disguise) == 1


def test_an_older_version_is_held_to_what_it_asked_for(bundles: Bundles) -> None:
    def older(number: str) -> Callable[[Json], None]:
        def change(body: Json) -> None:
            material = body["verificationMaterial"]
            material["x509CertificateChain"] = {"certificates": [material.pop("certificate")]}
            body["mediaType"] = f"application/vnd.dev.sigstore.bundle+json;version={number}"

        return change

    assert bundles.verify("file", change=older("0.2")) == 0
    # Rekor v2 promises nothing.
    assert bundles.verify("file", change=older("0.1")) == 1
    assert bundles.verify("file", change=older("0.3")) == 1


def test_peers_accept_what_it_signs(bundles: Bundles, sigstore: Sigstore, cosign: Cosign, js: SigstoreJs) -> None:
    san, issuer = sigstore.san("ci"), sigstore.issuer("ci")
    case = bundles.cases["file"]
    named = ("--certificate-identity", san, "--certificate-oidc-issuer", issuer)
    done = cosign(
        "verify-blob", "--trusted-root", sigstore.trusted_root, "--bundle", case.bundle, *named, case.artifact
    )
    assert done.returncode == 0, done.stderr
    for name, artifact in (("file", DATA), ("statement", None)):
        bundle = json.loads(bundles.cases[name].bundle.read_text())
        verdict = js.verify(bundle, trusted_root=sigstore.trusted_root, san=san, issuer=issuer, artifact=artifact)
        assert verdict.accepted, verdict


def test_the_entry_point_is_a_program_that_any_suite_can_start(bundles: Bundles, tmp_path: Path) -> None:
    # `env` finds the interpreter of these tests first.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [ENTRYPOINT, *arguments],
            check=False,
            capture_output=True,
            cwd=tmp_path,
            encoding="utf-8",
            env={**os.environ, "PATH": path},
            timeout=60,
        )

    case, trusted = bundles.cases["key"], ("--trusted-root", str(bundles.sigstore.trusted_root))
    done = run("verify-bundle", "--bundle", str(case.bundle), *case.who, *trusted, case.artifact)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    done = run("verify-bundle", "--bundle", str(case.bundle), *case.who, *trusted, DIGEST)
    assert done.returncode == 1
    assert done.stderr.startswith("refused: the statement is about something else")
    for wrong in ((), ("verify",), ("verify-bundle", "--bundle", "gone", "gone"), ("sign-bundle", "gone")):
        assert run(*wrong).returncode != 0


@pytest.mark.parametrize("staging", [(), ("--staging",)])
def test_without_a_root_the_public_one_is_known_and_vouches_for_nothing_here(
    staging: tuple[str, ...], bundles: Bundles, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, bundles.sigstore.dead)
    for name in SOUND:
        case = bundles.cases[name]
        assert main(["verify-bundle", *staging, "--bundle", str(case.bundle), *case.who, case.artifact]) == 1


def test_half_an_instance_and_a_bad_token_sign_nothing(bundles: Bundles, tmp_path: Path) -> None:
    sigstore, file = bundles.sigstore, bundles.cases["file"].artifact
    trusted = ("--trusted-root", str(sigstore.trusted_root))
    whole = (*trusted, "--signing-config", str(sigstore.signing_config))
    out = tmp_path / "bundle.json"
    for token, config in (
        (sigstore.token("ci"), trusted),
        ("no token", whole),
        (sigstore.token("ci", lifetime=-9), whole),
    ):
        for kind in ((), ("--in-toto",)):
            signed = str(bundles.folder / "statement.json") if kind else file
            assert main(["sign-bundle", *kind, "--identity-token", token, "--bundle", str(out), *config, signed]) == 1
    assert not out.exists()
