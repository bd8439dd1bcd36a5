"""The private Sigstore is one: the peers sign there and verify each other, for every shape of identity."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import pytest
import requests
from sigstore import dsse
from sigstore.errors import VerificationError
from sigstore.models import Bundle, ClientTrustConfig, TrustedRoot
from sigstore.oidc import IdentityError, IdentityToken, detect_credential
from sigstore.sign import SigningContext
from sigstore.verify import Verifier, policy

from support.cosign import Cosign
from support.plain_client import digest_of, push_manifest
from support.registries import Running
from support.sigstore.oidc import SHAPES, Shape
from support.sigstore.stack import Sigstore
from support.sigstore.trust_files import ClientFiles
from support.sigstore_js import SigstoreJs

KIND: Final = "https://example.com/test/v1"
SUBJECT: Final = "ab" * 32
Json = dict[str, Any]

STATEMENT: Final = json.dumps(
    {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "model", "digest": {"sha256": SUBJECT}}],
        "predicateType": KIND,
        "predicate": {"ok": True},
    }
).encode()


def python_signs(files: Path, token: str) -> Json:
    """Sign with sigstore-python; `files` is the client trust config."""
    context = SigningContext.from_trust_config(ClientTrustConfig.from_json(files.read_text()))
    with context.signer(IdentityToken(token)) as signer:
        bundle: Json = json.loads(signer.sign_dsse(dsse.Statement(STATEMENT)).to_json())
    return bundle


def cosign_tries(
    cosign: Cosign, folder: Path, files: ClientFiles, *who: str | Path
) -> subprocess.CompletedProcess[str]:
    """Sign with cosign into `bundle.json` in a folder; `who` is a token or a key."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "statement.json").write_bytes(STATEMENT)
    return cosign(
        *("attest-blob", "--signing-config", files.signing_config, "--trusted-root", files.trusted_root, "--yes"),
        *(*who, "--statement", folder / "statement.json", "--bundle", folder / "bundle.json"),
    )


def cosign_signs(cosign: Cosign, folder: Path, sigstore: Sigstore, *who: str | Path) -> Json:
    done = cosign_tries(cosign, folder, sigstore.files, *who)
    assert done.returncode == 0, done.stderr
    bundle: Json = json.loads((folder / "bundle.json").read_text())
    return bundle


@pytest.fixture(scope="module")
def signed(
    sigstore: Sigstore, cosign: Cosign, tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, Shape], Json]:
    """A bundle by each signer for each shape; made at once, since the log answers only once a second."""
    folder = tmp_path_factory.mktemp("signed")
    signers: dict[str, Callable[[Shape], Json]] = {
        "python": lambda shape: python_signs(sigstore.client_trust_config, sigstore.token(shape)),
        "cosign": lambda shape: cosign_signs(
            cosign, folder / shape, sigstore, "--identity-token", sigstore.token(shape)
        ),
    }
    with ThreadPoolExecutor(8) as pool:
        made = {(name, shape): pool.submit(sign, shape) for name, sign in signers.items() for shape in SHAPES}
        return {which: future.result() for which, future in made.items()}


def verify_with_python(sigstore: Sigstore, bundle: Json, san: str, issuer: str) -> bool:
    verifier = Verifier(trusted_root=TrustedRoot.from_file(str(sigstore.trusted_root)))
    try:
        verifier.verify_dsse(Bundle.from_json(json.dumps(bundle)), policy.Identity(identity=san, issuer=issuer))
    except VerificationError:
        return False
    return True


def verify_with_cosign(cosign: Cosign, file: Path, sigstore: Sigstore, bundle: Json, *who: str | Path) -> bool:
    file.write_text(json.dumps(bundle))
    done = cosign(
        *("verify-blob-attestation", "--trusted-root", sigstore.trusted_root, "--type", KIND, "--bundle", file),
        *(*who, "--digest", SUBJECT, "--digestAlg", "sha256"),
    )
    return done.returncode == 0


# --- every signer, every verifier, every shape ---------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("signer", ["python", "cosign"])
def test_what_a_peer_signs_every_peer_verifies(
    signer: str,
    shape: Shape,
    signed: dict[tuple[str, Shape], Json],
    sigstore: Sigstore,
    cosign: Cosign,
    js: SigstoreJs,
    tmp_path: Path,
) -> None:
    bundle, san, issuer = signed[signer, shape], sigstore.san(shape), sigstore.issuer(shape)
    for whose, accepted in ((san, True), (f"{san}x", False)):
        assert verify_with_python(sigstore, bundle, whose, issuer) is accepted
        named = ("--certificate-identity", whose, "--certificate-oidc-issuer", issuer)
        assert verify_with_cosign(cosign, tmp_path / "bundle.json", sigstore, bundle, *named) is accepted
        verdict = js.verify(bundle, trusted_root=sigstore.trusted_root, san=whose, issuer=issuer)
        assert verdict.accepted is accepted, verdict
        assert not accepted or (verdict.san, verdict.issuer) == (san, issuer)


def test_a_bundle_has_a_log_entry_and_a_timestamp(signed: dict[tuple[str, Shape], Json]) -> None:
    for bundle in signed.values():
        material = bundle["verificationMaterial"]
        assert [one["kindVersion"]["version"] for one in material["tlogEntries"]] == ["0.0.2"]
        assert len(material["timestampVerificationData"]["rfc3161Timestamps"]) == 1
        # Entry 0 was taken by the stack itself: cosign would leave the number out.
        assert int(material["tlogEntries"][0]["logIndex"]) >= 1


def test_a_job_on_github_needs_no_token(
    sigstore: Sigstore, cosign: Cosign, js: SigstoreJs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in sigstore.github_environment().items():
        monkeypatch.setenv(name, value)
    token = detect_credential()
    assert token is not None
    bundles = [
        python_signs(sigstore.client_trust_config, token),
        cosign_signs(cosign, tmp_path / "cosign", sigstore),
    ]
    assert sigstore.oidc.asked[-2:] == ["sigstore", "sigstore"]
    for bundle in bundles:
        verdict = js.verify(bundle, trusted_root=sigstore.trusted_root)
        assert (verdict.san, verdict.issuer) == (sigstore.san("ci"), sigstore.issuer("ci")), verdict


# --- keys beside identities ----------------------------------------------------------------------


def test_a_key_of_cosign_is_logged_and_timestamped(
    sigstore: Sigstore, cosign: Cosign, js: SigstoreJs, tmp_path: Path
) -> None:
    bundle = cosign_signs(cosign, tmp_path, sigstore, "--key", cosign.key)
    assert "publicKey" in bundle["verificationMaterial"]
    assert verify_with_cosign(cosign, tmp_path / "b.json", sigstore, bundle, "--key", cosign.pub)
    key = cosign.pub.read_bytes()
    assert js.verify(bundle, key=key, trusted_root=sigstore.trusted_root).accepted
    others = sigstore.rekor_pub.read_bytes()
    assert not js.verify(bundle, key=others, trusted_root=sigstore.trusted_root).accepted
    assert not js.verify(bundle, key=key).accepted, "the log and the authority are trusted by nobody"


@pytest.mark.parametrize("who", ["key", "identity"])
def test_cosign_attests_in_a_registry(
    who: str, sigstore: Sigstore, cosign: Cosign, crane: Running, repository: str, tmp_path: Path
) -> None:
    with requests.Session() as session:
        digest = digest_of(push_manifest(session, f"{crane.url}/v2/{repository}", "1"))
    reference = f"{crane.host}/{repository}@{digest}"
    (tmp_path / "predicate.json").write_text('{"ok": true}')
    by: list[str | Path] = ["--key", cosign.key]
    of: list[str | Path] = ["--key", cosign.pub]
    if who == "identity":
        by = ["--identity-token", sigstore.token("ci")]
        of = ["--certificate-identity", sigstore.san("ci"), "--certificate-oidc-issuer", sigstore.issuer("ci")]
    done = cosign(
        *("attest", "--signing-config", sigstore.signing_config, "--trusted-root", sigstore.trusted_root, "--yes"),
        *(*by, "--type", KIND, "--predicate", tmp_path / "predicate.json", reference),
    )
    assert done.returncode == 0, done.stderr
    done = cosign("verify-attestation", "--trusted-root", sigstore.trusted_root, *of, "--type", KIND, reference)
    assert done.returncode == 0, done.stderr
    said = json.loads(base64.b64decode(json.loads(done.stdout.splitlines()[0])["payload"]))
    assert said["predicate"] == {"ok": True}


# --- what it refuses, and what it cannot do ------------------------------------------------------


@pytest.mark.parametrize(
    "change", [{"lifetime": -1}, {"audience": "others"}, {"issuer": "http://127.0.0.1:9/none"}, {"email": None}]
)
def test_fulcio_refuses_a_token_that_does_not_hold(
    change: Json, sigstore: Sigstore, cosign: Cosign, tmp_path: Path
) -> None:
    token = sigstore.token("email", **change)
    done = cosign_tries(cosign, tmp_path, sigstore.files, "--identity-token", token)
    assert done.returncode != 0
    assert "error processing the identity token" in done.stderr


@pytest.mark.parametrize("change", [{"lifetime": -1}, {"audience": "others"}])
def test_sigstore_python_refuses_a_token_before_it_asks(change: Json, sigstore: Sigstore) -> None:
    with pytest.raises(IdentityError):
        IdentityToken(sigstore.token("email", **change))


@pytest.mark.parametrize("service", ["fulcio", "rekor", "tsa"])
def test_a_service_that_nobody_runs_lets_no_one_sign(
    service: str, sigstore: Sigstore, cosign: Cosign, tmp_path: Path
) -> None:
    files = sigstore.variant(tmp_path / "dead", **{service: sigstore.dead})
    done = cosign_tries(cosign, tmp_path, files, "--identity-token", sigstore.token("email"))
    assert done.returncode != 0
    assert "connection refused" in done.stderr
    assert sigstore.dead.removeprefix("http://") in done.stderr
    assert not (tmp_path / "bundle.json").exists()


def test_a_key_needs_no_timestamp_authority(sigstore: Sigstore, cosign: Cosign, js: SigstoreJs, tmp_path: Path) -> None:
    files = sigstore.variant(tmp_path / "no-tsa", tsa=None)
    done = cosign_tries(cosign, tmp_path, files, "--key", cosign.key)
    assert done.returncode == 0, done.stderr
    bundle = json.loads((tmp_path / "bundle.json").read_text())
    assert not bundle["verificationMaterial"].get("timestampVerificationData")
    key = cosign.pub.read_bytes()
    # A Rekor v2 vouches for no time, so that nobody does now.
    assert not js.verify(bundle, key=key, trusted_root=files.trusted_root).accepted
    assert js.verify(bundle, key=key, trusted_root=files.trusted_root, timestamps=0).accepted


def test_who_trusts_others_verifies_nothing(
    signed: dict[tuple[str, Shape], Json], sigstore: Sigstore, js: SigstoreJs, tmp_path: Path
) -> None:
    for name, code in (
        ("tlogs", "TLOG"),
        ("certificateAuthorities", "CERTIFICATE"),
        ("ctlogs", "CERTIFICATE"),
        ("timestampAuthorities", "TIMESTAMP"),
    ):
        files = sigstore.trusting(tmp_path / name, {name: []})
        refused = js.verify(signed["python", "email"], trusted_root=files.trusted_root).refused
        assert refused is not None
        assert refused.startswith(code), refused
