"""A certificate of an internal PKI: what cosign verifies of it, what the verifier proves, and what is not signed."""

from __future__ import annotations

import datetime as dt
import json
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from govern.errors import Denied, InvalidInput, Undecided, UsageError
from govern.settings import Settings
from govern.signing.certificate_signer import CertificateSigner, load_certificate_signer
from govern.signing.key_file import KeySigner
from govern.signing.log_client import LogClient
from govern.signing.timestamp_client import TimestampClient
from govern.trust.anchors import Pki, Trust
from govern.trust.authenticate import authenticate
from govern.trust.identity import Identity
from govern.trust.trusted_root import read_trusted_root
from support.cosign import Cosign
from support.endorsed import Peers, statements
from support.sigstore.pki import Issued, make_chain, make_intermediate, make_leaf, make_root, to_pem
from support.sigstore.stack import Sigstore
from support.sigstore.trust_files import authority_entry
from support.sigstore_js import SigstoreJs

SETTINGS = Settings()
SAN = "https://ci.example.test/train"
NOW = dt.datetime.now(dt.UTC)


def load(
    sigstore: Sigstore,
    leaf: Issued,
    chain: bytes | None = None,
    *,
    anchors: Trust | None = None,
    log: LogClient | None = None,
) -> CertificateSigner:
    own = Trust(roots=(read_trusted_root(sigstore.trusted_root.read_bytes(), "the root"),))
    stamps = TimestampClient((sigstore.tsa,), SETTINGS)
    pem = leaf.chain_pem if chain is None else chain
    return load_certificate_signer(KeySigner(leaf.key), pem, stamps, log, anchors=anchors or own)


@pytest.mark.parametrize("logged", [False, True])
def test_a_leaf_of_the_root_verifies_everywhere_where_the_root_is_trusted(
    logged: bool, sigstore: Sigstore, cosign: Cosign, js: SigstoreJs, tmp_path: Path
) -> None:
    root = make_root()
    leaf = make_leaf(root)
    signer = load(sigstore, leaf, log=LogClient(sigstore.rekor, SETTINGS) if logged else None)
    (signed,) = signer.sign(statements())
    ours = [authority_entry("https://ca.example.test", root, sigstore.start)]
    trusting = sigstore.trusting(tmp_path / "trust", {"certificateAuthorities": ours})
    peers = Peers(cosign, js, trusting.trusted_root, tmp_path)
    who = ("--certificate-identity", SAN, "--certificate-oidc-issuer-regexp", ".*", "--insecure-ignore-sct")
    assert peers.cosign_accepts(signed.bundle, *who, "--insecure-ignore-tlog", "--use-signed-timestamps")
    assert peers.cosign_accepts(signed.bundle, *who) is logged
    assert set(json.loads(signed.bundle.data)["verificationMaterial"]) == {
        "certificate",
        "tlogEntries",
        "timestampVerificationData",
    }
    checks = {one.step: one.made for one in authenticate(signed.bundle, signer.trust, None).checks}
    assert (checks["trusted time"], checks["transparency log"]) == (True, logged)


def test_a_chain_verifies_where_only_the_root_is_trusted(sigstore: Sigstore) -> None:
    chain = make_chain()
    signer = load(sigstore, chain.leaf)
    (signed,) = signer.sign(statements())
    certificates = json.loads(signed.bundle.data)["verificationMaterial"]["x509CertificateChain"]["certificates"]
    assert len(certificates) == 2
    voice = authenticate(signed.bundle, signer.trust, None).voice
    identity = Identity(chain.root.certificate.subject.rfc4514_string(), SAN)
    assert voice.identity == identity
    assert signed.signer == voice.signer == identity.signer
    assert signer.made(voice)
    assert signer.label == f"{identity.issuer} {SAN}"
    with pytest.raises(Denied):
        authenticate(signed.bundle, Trust(pkis=(Pki(make_root().certificate),), roots=signer.anchors.roots), None)


def test_the_root_may_be_pinned_instead_of_given(sigstore: Sigstore) -> None:
    chain = make_chain()
    without = to_pem(chain.leaf.chain[:-1])
    pinned = Trust(pkis=(Pki(make_root("another").certificate), Pki(chain.root.certificate)))
    signer = load(sigstore, chain.leaf, without, anchors=pinned)
    assert signer.pki.root == chain.root.certificate
    assert signer.trust == pinned
    with pytest.raises(InvalidInput, match="does not end in a root"):
        load(sigstore, chain.leaf, without)


def test_without_an_authority_of_time_it_signs_only_where_that_was_said() -> None:
    leaf = make_chain().leaf
    with pytest.raises(UsageError, match="trusted time"):
        load_certificate_signer(KeySigner(leaf.key), leaf.chain_pem, None)
    signer = load_certificate_signer(KeySigner(leaf.key), leaf.chain_pem, None, untimed=True)
    assert signer.services == ()
    (signed,) = signer.sign(statements())
    assert signer.made(authenticate(signed.bundle, signer.trust, NOW).voice)
    with pytest.raises(Denied, match="when the certificate signed"):
        authenticate(signed.bundle, signer.trust, None)


def test_a_certificate_that_nobody_would_accept_signs_nothing(sigstore: Sigstore) -> None:
    day = dt.timedelta(days=1)
    root = make_root()
    faults = {
        "is not good now": [make_chain(end=NOW - day / 2, start=NOW - day), make_chain(start=NOW + day)],
        "is not for signing": [make_chain(usages=())],
        "is not for signatures": [make_chain(digital_signature=False)],
    }
    for message, chains in faults.items():
        for chain in chains:
            with pytest.raises(InvalidInput, match=message):
                load(sigstore, chain.leaf)
    gone = make_intermediate(root, start=NOW - 2 * day, end=NOW - day)
    with pytest.raises(InvalidInput, match="not vouched for"):
        load(sigstore, make_leaf(gone))
    leaf = make_leaf(root)
    with pytest.raises(InvalidInput, match="not vouched for"):
        load(sigstore, leaf, leaf.pem + make_root("another").pem)


def test_a_certificate_that_ended_during_the_upload_signs_nothing(sigstore: Sigstore) -> None:
    signer = load(sigstore, make_chain(end=dt.datetime.now(dt.UTC) + dt.timedelta(seconds=4)).leaf)
    time.sleep(4.1)
    with pytest.raises(InvalidInput, match="is not good now"):
        signer.sign(statements())


def test_a_certificate_of_another_key_signs_nothing(sigstore: Sigstore) -> None:
    leaf = make_chain().leaf
    stranger = Issued(leaf.certificate, ec.generate_private_key(ec.SECP256R1()), leaf.above)
    with pytest.raises(InvalidInput, match="another key"):
        load(sigstore, stranger)
    with pytest.raises(InvalidInput, match="another key"):
        load(sigstore, leaf, to_pem(reversed(leaf.chain)))


@pytest.mark.parametrize("chain", [b"", b"junk", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_what_is_no_chain_is_the_users_own_fault(chain: bytes, sigstore: Sigstore) -> None:
    with pytest.raises(InvalidInput):
        load(sigstore, make_chain().leaf, chain)


def test_a_private_key_in_the_chain_is_pointed_out(sigstore: Sigstore) -> None:
    leaf = make_chain().leaf
    with pytest.raises(InvalidInput, match="private key"):
        load(sigstore, leaf, leaf.chain_pem + leaf.key_pem)


def test_an_authority_that_is_down_leaves_nothing(sigstore: Sigstore) -> None:
    leaf = make_chain().leaf
    signer = load_certificate_signer(KeySigner(leaf.key), leaf.chain_pem, TimestampClient((sigstore.dead,), SETTINGS))
    with pytest.raises(Undecided, match="cannot be reached"):
        signer.sign(statements(2))
