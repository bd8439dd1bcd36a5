"""Keyless: whatever the token is of, every peer verifies what was signed; what cannot be signed leaves nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from govern.errors import InvalidInput, Undecided
from govern.intoto.bundle import CertificateChain
from govern.settings import HostSettings, Settings
from govern.signing.keyless import KeylessSigner, token_source
from govern.trust.admit import admit
from govern.trust.authenticate import authenticate
from govern.trust.identity import Identity, Voice
from govern.trust.records import Record
from support.cosign import Cosign
from support.endorsed import Peers, everything_told, statements
from support.records import ARTIFACT, claim_of, record, registration_of
from support.sigstore.oidc import SHAPES, Shape
from support.sigstore.rekor_v1 import rekor_v1
from support.sigstore.stack import Sigstore
from support.sigstore.trust_files import ClientFiles, log_entry
from support.sigstore_js import SigstoreJs

SETTINGS = Settings()


@pytest.fixture
def peers(sigstore: Sigstore, cosign: Cosign, js: SigstoreJs, tmp_path: Path) -> Peers:
    return Peers(cosign, js, sigstore.trusted_root, tmp_path)


@pytest.fixture
def signer_of(sigstore: Sigstore, tmp_path: Path) -> Callable[..., KeylessSigner]:
    """Make a signer over a token, which lies in a file."""

    def make(
        token: str | None = None, *, files: ClientFiles | None = None, settings: Settings = SETTINGS
    ) -> KeylessSigner:
        file = tmp_path / "token"
        file.write_text((sigstore.token("email") if token is None else token) + "\n")
        return KeylessSigner(
            settings,
            token_source(settings, file),
            (files or sigstore.files).client_trust_config.read_bytes(),
            what="trust.json",
        )

    return make


def refused(signer: KeylessSigner, secret: str = "") -> Undecided:
    """Return why nothing was signed; no token is in anything that could be shown."""
    with pytest.raises(Undecided) as refusal:
        signer.sign(statements(2))
    assert refusal.value.exit_code == 3
    told = everything_told(refusal.value)
    assert not secret or secret not in told
    assert "eyJ" not in refusal.value.message + refusal.value.hint
    return refusal.value


# --- what is signed ------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
def test_every_peer_verifies_every_shape_of_identity(
    shape: Shape, sigstore: Sigstore, peers: Peers, signer_of: Callable[..., KeylessSigner]
) -> None:
    signer, said = signer_of(sigstore.token(shape)), statements(2)
    san, issuer = sigstore.san(shape), sigstore.issuer(shape)
    signed = signer.sign(said)
    assert [one.statement for one in signed] == said
    for one in signed:
        assert one.bundle.envelope.payload == one.statement.data
        assert one.signer == Identity(issuer, san).signer
        assert peers.accepting_identity(one.bundle, san, issuer) == {"cosign", "python", "js"}
        assert peers.accepting_identity(one.bundle, f"{san}x", issuer) == set()
    assert signed[0].bundle.material == signed[1].bundle.material


@pytest.mark.parametrize("shape", SHAPES)
def test_what_it_signed_is_admitted_under_its_own_anchors_and_known_as_its_own(
    shape: Shape, sigstore: Sigstore, signer_of: Callable[..., KeylessSigner]
) -> None:
    signer = signer_of(sigstore.token(shape))
    (signed,) = signer.sign([registration_of()])
    admitted = admit(claim_of(signed.bundle.data), ARTIFACT, signer.trust)
    assert isinstance(admitted, Record), admitted
    assert admitted.signer == signed.signer
    # Another process of the same job knows it as well, before it has a certificate.
    for other, own in ((shape, True), ("email" if shape == "ci" else "ci", False)):
        assert signer_of(sigstore.token(other)).made(admitted.voice) is own
    assert not signer.made(Voice.of(Identity("https://elsewhere.example", sigstore.san(shape))))
    assert not signer.made(record(registration_of()).voice)


def test_many_records_are_signed_at_once_with_one_certificate(
    signer_of: Callable[..., KeylessSigner], sigstore: Sigstore
) -> None:
    signer, said = signer_of(), statements(12)
    begun = time.monotonic()
    signed = signer.sign(said)
    # The log answers once a second, so one after the other would take twelve.
    assert time.monotonic() - begun < 6
    assert [one.bundle.envelope.payload for one in signed] == [one.data for one in said]
    again = signer.sign(statements(1))
    materials = {one.bundle.material for one in (*signed, *again)}
    assert len(materials) == 1
    assert isinstance(signed[0].bundle.material, CertificateChain)
    assert len({one.bundle.log_entries[0].log_index for one in signed}) == 12


def test_nothing_is_asked_of_anybody_for_nothing(
    signer_of: Callable[..., KeylessSigner], sigstore: Sigstore, tmp_path: Path
) -> None:
    dead = sigstore.dead
    signer = signer_of(files=sigstore.variant(tmp_path / "dead", fulcio=dead, rekor=dead, tsa=dead, oidc=dead))
    assert signer.sign([]) == ()
    assert signer.label == f"{sigstore.issuer('email')} subject-of-alice"
    assert signer.trust.roots
    assert signer.services == (dead, f"{dead}/api/v2", dead)


@pytest.mark.parametrize("stamped", [False, True])
def test_a_log_of_the_first_generation_is_a_clock_as_well(
    stamped: bool,
    sigstore: Sigstore,
    cosign: Cosign,
    js: SigstoreJs,
    signer_of: Callable[..., KeylessSigner],
    tmp_path: Path,
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    with rekor_v1(key) as url:
        files = sigstore.trusting(tmp_path / "v1", {"tlogs": [log_entry(url, key.public_key(), sigstore.start)]})
        config = json.loads(files.client_trust_config.read_text())
        config["signingConfig"]["rekorTlogUrls"][0] |= {"url": url, "majorApiVersion": 1}
        if not stamped:
            config["signingConfig"]["tsaUrls"] = []
        files.client_trust_config.write_text(json.dumps(config))
        signer = signer_of(files=files)
        (signed,) = signer.sign(statements())
    assert len(signed.bundle.timestamps) == stamped
    assert signed.bundle.log_entries[0].promise
    sources = {one.source for one in authenticate(signed.bundle, signer.trust, None).times}
    assert sources == ({"log", "timestamp"} if stamped else {"log"})
    peers = Peers(cosign, js, files.trusted_root, tmp_path)
    san, issuer = sigstore.san("email"), sigstore.issuer("email")
    assert peers.accepting_identity(signed.bundle, san, issuer) == {"cosign", "python", "js"}


# --- where tokens come from ----------------------------------------------------------------------


def ambient(sigstore: Sigstore, monkeypatch: pytest.MonkeyPatch, **variables: str) -> KeylessSigner:
    for name, value in (sigstore.github_environment() | variables).items():
        monkeypatch.setenv(name, value)
    return KeylessSigner(SETTINGS, token_source(SETTINGS), sigstore.client_trust_config.read_bytes())


def test_a_ci_job_signs_with_its_own_identity(sigstore: Sigstore, monkeypatch: pytest.MonkeyPatch) -> None:
    signer = ambient(sigstore, monkeypatch)
    (signed,) = signer.sign(statements())
    assert signed.signer == Identity(sigstore.issuer("ci"), sigstore.san("ci")).signer


def test_a_token_that_expires_during_the_upload_is_fetched_anew(
    sigstore: Sigstore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sigstore.oidc, "github_claims", {"exp": int(time.time()) + 10})
    monkeypatch.setattr(sigstore.oidc, "asked", [])
    signer = ambient(sigstore, monkeypatch)
    assert signer.label
    monkeypatch.setattr(sigstore.oidc, "github_claims", {})
    assert signer.sign(statements())
    assert sigstore.oidc.asked == ["sigstore", "sigstore"]


def test_a_token_that_is_now_somebody_elses_signs_nothing(
    sigstore: Sigstore, signer_of: Callable[..., KeylessSigner], tmp_path: Path
) -> None:
    signer = signer_of(sigstore.token("email", lifetime=10))
    assert signer.label
    (tmp_path / "token").write_text(sigstore.token("ci"))
    assert "somebody else" in refused(signer).what


def test_a_job_that_may_not_ask_for_a_token_is_told_how(sigstore: Sigstore, monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = refused(ambient(sigstore, monkeypatch, ACTIONS_ID_TOKEN_REQUEST_TOKEN=""))
    assert "id-token: write" in refusal.hint
    refusal = refused(ambient(sigstore, monkeypatch, ACTIONS_ID_TOKEN_REQUEST_TOKEN="planted-secret"), "planted-secret")
    assert "code=401" in refusal.got


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize("service", ["fulcio", "rekor", "tsa"])
def test_a_service_that_is_down_leaves_nothing(
    service: str, sigstore: Sigstore, signer_of: Callable[..., KeylessSigner], tmp_path: Path
) -> None:
    token = sigstore.token("email")
    refusal = refused(signer_of(token, files=sigstore.variant(tmp_path / "v", **{service: sigstore.dead})), token)
    what = {"fulcio": "certificate authority", "rekor": "transparency log", "tsa": "timestamp authority"}[service]
    assert refusal.what == f"the {what} {sigstore.dead.removeprefix('http://')} cannot be reached"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"lifetime": -60}, "has expired"),
        ({"audience": "elsewhere"}, "is for somebody else"),
        ({"issuer": "https://unknown.example.test"}, "refused"),
        ({"email_verified": False}, "refused"),
    ],
)
def test_a_token_that_is_not_good_signs_nothing(
    change: dict[str, Any], expected: str, sigstore: Sigstore, signer_of: Callable[..., KeylessSigner]
) -> None:
    token = sigstore.token("email", **change)
    refusal = refused(signer_of(token), token)
    assert expected in refusal.what
    assert refusal.hint


@pytest.mark.parametrize("token", ["", "a.b.c", "e30.e30.e30", "secret-of-another-kind"])
def test_what_is_no_token_signs_nothing(token: str, signer_of: Callable[..., KeylessSigner]) -> None:
    refused(signer_of(token), token)


def test_an_instance_whose_root_is_anothers_signs_nothing(
    sigstore: Sigstore, signer_of: Callable[..., KeylessSigner], tmp_path: Path
) -> None:
    token = sigstore.token("email")
    other = sigstore.trusted_root_json["certificateAuthorities"]
    for changes in ({"tlogs": sigstore.trusted_root_json["ctlogs"]}, {"timestampAuthorities": other}):
        refused(signer_of(token, files=sigstore.trusting(tmp_path / "other", changes)), token)


def test_a_configuration_that_is_none_is_the_users_own_fault(tmp_path: Path) -> None:
    for data in (b"", b"{}", b"[]", b'{"trustedRoot": {}}', b'{"trustedRoot": {}, "signingConfig": {}}'):
        with pytest.raises(InvalidInput):
            KeylessSigner(SETTINGS, token_source(SETTINGS), data)


@pytest.mark.parametrize("service", ["fulcio", "rekor", "tsa"])
def test_every_request_goes_through_the_proxy_of_the_settings(
    service: str, sigstore: Sigstore, signer_of: Callable[..., KeylessSigner]
) -> None:
    hosts = {name: url.split("/")[2] for name, url in vars_of(sigstore).items()}
    around = ",".join(host for name, host in hosts.items() if name != service)
    settings = Settings(environment={"http_proxy": sigstore.dead, "NO_PROXY": around})
    assert "cannot be reached" in refused(signer_of(settings=settings)).what


def vars_of(sigstore: Sigstore) -> dict[str, str]:
    return {"fulcio": sigstore.fulcio, "rekor": sigstore.rekor, "tsa": sigstore.tsa}


def test_a_token_is_sent_in_the_clear_only_where_that_was_said(
    sigstore: Sigstore, signer_of: Callable[..., KeylessSigner], tmp_path: Path
) -> None:
    token = sigstore.token("email")
    files = sigstore.variant(tmp_path / "far", fulcio="http://fulcio.example.test")
    assert "in the clear" in refused(signer_of(token, files=files), token).what
    # 192.0.2.1 is nobody's; that it is asked at all is the difference.
    said = Settings(
        hosts={"fulcio.example.test": HostSettings(plain_http=True)}, environment={"all_proxy": sigstore.dead}
    )
    assert "cannot be reached" in refused(signer_of(token, files=files, settings=said), token).what
