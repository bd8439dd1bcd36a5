"""`policy affected`: whose records somebody must look at, over all versions of a name."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

import govern
from govern.errors import UsageError
from govern.operations.affected import Affected, find_affected
from govern.operations.context import Context
from govern.policy.model import Policy
from govern.policy.reading import read_policy
from govern.policy.template import policy_template
from govern.report.affected import AffectedView, affected_text
from govern.settings import Settings
from support.records import key_of, signer
from support.trees import write_tree

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


def found(reference: str, who: str, revoked: str = "") -> Affected:
    with Context(Settings()) as context:
        return find_affected(context, context.parse(reference), policy(revoked), who, "fraud")


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
