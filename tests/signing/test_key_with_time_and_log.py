"""A key with trusted time and a log: the peers find both, the verifier proves both, and a failure leaves nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest

from govern.errors import Undecided
from govern.settings import Settings
from govern.signing.key_file import KeySigner
from govern.signing.key_record_signer import KeyRecordSigner
from govern.signing.log_client import LogClient
from govern.signing.signer import sign_statement
from govern.signing.timestamp_client import TimestampClient
from govern.trust.anchors import Trust
from govern.trust.authenticate import authenticate
from govern.trust.trusted_root import read_trusted_root
from support.cosign import Cosign
from support.endorsed import Peers, statements
from support.records import signer as key_signer
from support.sigstore.stack import Sigstore
from support.sigstore.timestamps import TimestampAuthority
from support.sigstore_js import SigstoreJs

SETTINGS = Settings()
KEY: KeySigner = key_signer("ci")
Make = Callable[..., KeyRecordSigner]


@pytest.fixture
def peers(sigstore: Sigstore, cosign: Cosign, js: SigstoreJs, tmp_path: Path) -> Peers:
    return Peers(cosign, js, sigstore.trusted_root, tmp_path)


@pytest.fixture
def pub(tmp_path: Path) -> Path:
    file = tmp_path / "ci.pub"
    file.write_text(KEY.public_key.to_pem())
    return file


@pytest.fixture
def make(sigstore: Sigstore) -> Make:
    """Make a signer that asks some services."""

    def signer(*stamps: str, log: str | None = None) -> KeyRecordSigner:
        return KeyRecordSigner(
            KEY,
            TimestampClient(stamps, SETTINGS) if stamps else None,
            LogClient(log, SETTINGS) if log else None,
            Trust(roots=(read_trusted_root(sigstore.trusted_root.read_bytes(), "the root"),)),
        )

    return signer


@pytest.mark.parametrize(("stamped", "logged"), list(product([False, True], repeat=2)))
def test_the_peers_and_the_verifier_find_what_was_added(
    stamped: bool, logged: bool, sigstore: Sigstore, make: Make, peers: Peers, pub: Path
) -> None:
    signer = make(*([sigstore.tsa] if stamped else []), log=sigstore.rekor if logged else None)
    (signed,) = signer.sign(statements())
    bundle = signed.bundle
    assert (len(bundle.timestamps), len(bundle.log_entries)) == (stamped, logged)
    assert signed.signer == KEY.public_key.signer
    assert bundle.envelope.payload == signed.statement.data
    # cosign asks for an entry unless it is told not to, and for a timestamp if it is told to.
    assert peers.cosign_accepts(bundle, "--key", pub, "--insecure-ignore-tlog")
    assert peers.cosign_accepts(bundle, "--key", pub) is logged
    stamps = ("--key", pub, "--insecure-ignore-tlog", "--use-signed-timestamps")
    assert peers.cosign_accepts(bundle, *stamps) is stamped
    verdict = peers.js.verify(
        json.loads(bundle.data),
        key=pub.read_bytes(),
        trusted_root=peers.trusted_root,
        logs=logged,
        timestamps=stamped,
    )
    assert verdict.accepted, verdict
    checks = {one.step: one.made for one in authenticate(bundle, signer.trust, datetime.now(UTC)).checks}
    assert (checks["trusted time"], checks["transparency log"]) == (stamped, logged)


def test_without_services_the_bytes_are_those_of_the_key_profile(make: Make) -> None:
    signer = make()
    assert signer.services == ()
    (said,) = statements()
    (signed,) = signer.sign([said])
    assert set(json.loads(signed.bundle.data)["verificationMaterial"]) == {"publicKey", "tlogEntries"}
    assert signed.bundle.material == sign_statement(said, KEY).material
    assert signer.made(authenticate(signed.bundle, signer.trust, datetime.now(UTC)).voice)
    assert not make().made(authenticate(sign_statement(said, key_signer("other")), signer_trust("other"), None).voice)


def signer_trust(label: str) -> Trust:
    key = key_signer(label).public_key
    return Trust(keys={key.signer: key})


def test_every_authority_is_asked(sigstore: Sigstore, tsa: TimestampAuthority, make: Make) -> None:
    signer = make(sigstore.tsa, tsa.url)
    assert signer.services == (sigstore.tsa, tsa.url)
    (signed,) = signer.sign(statements())
    assert len(signed.bundle.timestamps) == 2
    assert len(tsa.requests) == 1


def test_many_records_are_logged_at_once(sigstore: Sigstore, make: Make, peers: Peers, pub: Path) -> None:
    begun = time.monotonic()
    signed = make(sigstore.tsa, log=sigstore.rekor).sign(statements(12))
    assert time.monotonic() - begun < 6
    assert [one.statement.predicate["number"] for one in signed] == list(range(12))
    assert peers.cosign_accepts(signed[-1].bundle, "--key", pub)


def test_a_service_that_is_down_leaves_nothing(sigstore: Sigstore, tsa: TimestampAuthority, make: Make) -> None:
    for signer in (
        make(sigstore.dead),
        make(sigstore.tsa, log=sigstore.dead),
        make(sigstore.tsa, sigstore.dead, log=sigstore.rekor),
    ):
        with pytest.raises(Undecided, match="cannot be reached"):
            signer.sign(statements(3))
    tsa.status = 503
    with pytest.raises(Undecided, match="HTTP 503"):
        make(tsa.url).sign(statements())


def test_services_at_places_of_others_are_refused(sigstore: Sigstore, make: Make) -> None:
    for signer in (make(sigstore.rekor), make(log=sigstore.fulcio), make(f"{sigstore.tsa}/certchain")):
        with pytest.raises(Undecided, match="refused"):
            signer.sign(statements())
