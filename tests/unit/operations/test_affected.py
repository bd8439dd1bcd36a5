"""`policy affected`: whose records somebody must look at, over all versions of a name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

import govern
from govern.errors import NotFound, UsageError
from govern.intoto.statement import Statement
from govern.operations.affected import Affected, find_affected
from govern.operations.context import Context
from govern.policy.model import Policy
from govern.policy.reading import read_policy
from govern.policy.template import Anchors, policy_template
from govern.report.affected import AffectedView, affected_text
from govern.settings import Settings
from govern.signing.record_signer import SignedStatement
from govern.trust.anchors import Trust
from govern.trust.identity import Identity, Voice
from support.records import key_of, signer
from support.tiny_pki import CLOCK, CORP, WORKER, corporate
from support.tiny_sigstore import signature_in, signed_bundle
from support.trees import write_tree
from support.verify_vectors.certificates import Issued
from support.verify_vectors.times import SIGNED

PLACE = "layout:{}/store"


@pytest.fixture
def reference(tmp_path: Path) -> str:
    """Two versions by ci, each with a note by another."""
    place = PLACE.format(tmp_path)
    for version in ("1.0.0", "2.0.0"):
        model = write_tree(tmp_path / version, {"w.bin": version.encode()})
        govern.push(model, f"{place}:{version}", key=signer(), name="fraud")
        govern.annotate(f"{place}:{version}", {"team": "risk"}, key=signer("other"), name="fraud")
    return place


def policy(revoked: str = "") -> Policy:
    text = policy_template([("ci", key_of()), ("anna", key_of("other"))], ["fraud"])
    if revoked:
        before, _, after = text.partition("      - |  #")
        _, _, pem = after.partition("\n")
        block, _, rest = pem.partition("-----END PUBLIC KEY-----\n")
        entry = f"      - revokedFrom: {revoked}\n        key: |\n" + "".join(
            f"  {line}\n" for line in (block + "-----END PUBLIC KEY-----").splitlines()
        )
        text = before + entry + rest
    return read_policy(text.encode(), "policy.yaml")


def found(reference: str, who: str, revoked: str = "", name: str = "fraud") -> Affected:
    with Context(Settings()) as context:
        return find_affected(context, context.parse(reference), policy(revoked), who, name)


def test_a_persons_records_of_every_version_are_listed_and_nobody_elses(reference: str) -> None:
    mine = found(reference, "ci")
    assert [one.record.word for one in mine.records].count("registration") == 2
    assert {one.record.word for one in mine.records} == {"provenance", "oms", "registration"}
    assert len({one.digest for one in mine.records}) == 2
    assert all(one.stands for one in mine.records)
    assert {one.record.word for one in found(reference, "anna").records} == {"annotation"}


def test_a_key_is_named_by_the_beginning_of_its_digest(reference: str) -> None:
    whole = found(reference, str(key_of().signer))
    assert len(found(reference, str(key_of().signer)[:20]).records) == len(whole.records) == 6


def test_what_a_revocation_voids_is_said_with_its_reason(reference: str) -> None:
    void = found(reference, "ci", "2026-01-01T00:00:00Z")
    assert void.records
    assert not any(one.stands for one in void.records)
    assert all("revoked from 2026-01-01T00:00:00Z" in one.why for one in void.records)
    # A revocation that has not come yet takes nothing back.
    later = f"{datetime.now(UTC).year + 1}-01-01T00:00:00Z"
    assert all(one.stands for one in found(reference, "ci", later).records)


@pytest.mark.parametrize("who", ["nobody", "sha256:", "sha256:ffff", ""])
def test_somebody_whom_the_policy_does_not_know_is_wrong_usage(reference: str, who: str) -> None:
    with pytest.raises(UsageError, match="does not know"):
        found(reference, who)


def test_what_is_printed_says_how_many_and_why(reference: str) -> None:
    void = found(reference, "ci", "2026-01-01T00:00:00Z")
    text = affected_text(void)
    assert text.startswith("6 records of ci under fraud, 6 void\n")
    assert text.count("VOID") == 6
    view = AffectedView.of(void)
    assert view.complete
    assert {one.stands for one in view.records} == {False}


def test_a_place_that_is_not_there_is_no_all_clear(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        found(PLACE.format(tmp_path), "ci")


def test_what_is_about_another_name_is_counted(reference: str) -> None:
    assert found(reference, "ci").others == 0
    # Provenance and model signatures are about content; the registrations and notes are about a name.
    wrong = found(reference, "ci", name="frau")
    assert {one.record.word for one in wrong.records} == {"provenance", "oms"}
    assert wrong.others == 4
    assert "  not listed: 4 records about another name; is it frau that you mean?" in affected_text(wrong)
    assert AffectedView.of(wrong).others == 4


def test_a_name_that_nothing_is_about_is_no_all_clear(tmp_path: Path) -> None:
    place = PLACE.format(tmp_path)
    write_tree(tmp_path / "model", {"w.bin": b"1"})
    govern.push(tmp_path / "model", f"{place}:1.0.0", key=signer("stranger"), name="fraud")
    with pytest.raises(NotFound, match="nothing here that this policy admits is about 'fraud': got 4 claims, 0 of"):
        found(place, "ci")


def test_a_statement_about_two_artifacts_is_listed_for_both(tmp_path: Path) -> None:
    # The file statement of two versions of the same files is the same bytes; each is somebody's to look at.
    place = PLACE.format(tmp_path)
    model = write_tree(tmp_path / "model", {"w.bin": b"the same"})
    for version in ("1.0.0", "2.0.0"):
        govern.push(model, f"{place}:{version}", key=signer(), name="fraud")
    mine = found(place, "ci").records
    files = [one for one in mine if one.record.word == "oms"]
    assert len({one.record.identity for one in files}) == 1
    assert len({one.digest for one in files}) == 2
    assert len(mine) == 6
    assert all(one.stands for one in mine)


# --- certificates --------------------------------------------------------------------------------

SUBJECT = "spiffe://corp.test/worker"
WORKERS = Identity("CN=the corporate root", SUBJECT)


@dataclass(frozen=True)
class Worker:
    """Signs with the worker's certificate, and a timestamp."""

    label: str = "worker"
    services: tuple[str, ...] = ()
    voice: Voice | None = Voice.of(WORKERS)  # noqa: RUF009 - frozen

    @property
    def trust(self) -> Trust:
        return corporate()

    def made(self, voice: Voice) -> bool:
        return voice.identity == WORKERS

    def sign(self, statements: Sequence[Statement]) -> tuple[SignedStatement, ...]:
        chain = [Issued(one, WORKER.key).der for one in WORKER.chain[:2]]
        signed = []
        for one in statements:
            bare = signed_bundle(WORKER.key, chain, payload=one.data)
            stamps = [CLOCK.stamp(signature_in(bare), SIGNED)]
            bundle = signed_bundle(WORKER.key, chain, stamps=stamps, payload=one.data)
            signed.append(SignedStatement(one, bundle, WORKERS.signer))
        return tuple(signed)


def of_certificate(reference: str, who: str, subject: str) -> Affected:
    """Return what is affected under a policy that knows `ci`'s key, and the worker by this subject."""
    text = policy_template(
        [("ci", key_of())],
        ["fraud"],
        identities=[("worker", Identity(WORKERS.issuer, subject))],
        anchors=Anchors(certificates=(CORP.pem,), timestamps=(CLOCK.signer.chain_pem,)),
    )
    with Context(Settings()) as context:
        opened = read_policy(text.encode(), "policy.yaml")
        return find_affected(context, context.parse(reference), opened, who, "fraud")


@pytest.mark.parametrize("subject", [SUBJECT, "spiffe://corp.test/*"])
@pytest.mark.parametrize("who", ["worker", SUBJECT, str(WORKERS.signer), str(WORKERS.signer)[:20]])
def test_an_identity_is_named_by_person_subject_or_digest(reference: str, subject: str, who: str) -> None:
    govern.annotate(f"{reference}:1.0.0", {"team": "worker"}, key=Worker(), name="fraud")
    (one,) = of_certificate(reference, who, subject).records
    assert (one.record.word, one.record.signer, one.stands) == ("annotation", WORKERS.signer, True)


def test_an_identity_without_records_has_none(reference: str) -> None:
    assert of_certificate(reference, str(WORKERS.signer), SUBJECT).records == ()


@pytest.mark.parametrize("who", ["nobody", "spiffe://other.test/worker", "sha256:ffff"])
def test_whom_no_record_shows_under_a_pattern_is_unknown(reference: str, who: str) -> None:
    with pytest.raises(UsageError, match="does not know"):
        of_certificate(reference, who, "spiffe://corp.test/*")
