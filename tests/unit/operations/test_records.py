"""The auditor's query: who is asked for is who is listed, verified or not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from govern import api
from govern.errors import UsageError
from govern.operations.policy_file import load_policy
from govern.operations.records import SHORTEST_BEGINNING, Filter, RecordsFound
from govern.policy.template import policy_template
from support.records import key_of, signer
from support.trees import write_tree


@pytest.fixture
def reference(tmp_path: Path) -> str:
    """A model of ci's with an annotation of somebody else's."""
    write_tree(tmp_path / "model", {"README.md": b"# It\n"})
    reference = f"layout:{tmp_path}/store/fraud:1.0.0"
    api.push(tmp_path / "model", reference, key=signer())
    api.annotate(reference, {"team": "risk"}, key=signer("other"))
    return reference


def words(found: RecordsFound) -> set[str]:
    return {one.word for one in found.found}


UNTOLD = {"registration", "provenance"}
OF_CI = {"oms", *UNTOLD}


def test_a_signer_s_records_are_listed_alone_by_digest_and_by_hint_also_where_nothing_is_verified(
    reference: str,
) -> None:
    key = key_of()
    for wanted in (key.signer, key.signer[:20], key.signer.encoded[:12], key.hint[:10]):
        # A model signature calls its key otherwise; whose it is, only a proof tells.
        assert words(api.records(reference, signers=[wanted])) == UNTOLD
        assert words(api.records(reference, key=key, signers=[wanted])) == OF_CI
    assert words(api.records(reference, signers=[key_of("other").signer])) == {"annotation"}
    assert words(api.records(reference, signers=[key.signer, key_of("other").signer])) == {"annotation", *UNTOLD}


def test_a_refused_record_of_another_signer_is_not_listed(reference: str) -> None:
    (refused,) = api.records(reference, key=key_of(), signers=[key_of("other").signer]).found
    assert (refused.status, refused.word) == ("refused", "annotation")
    assert api.records(reference, key=key_of(), signers=["sha256:00000000"]).found == ()


def test_a_refused_record_is_found_under_the_id_of_whom_it_claims_to_be_by(reference: str, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(policy_template([("ci", key_of()), ("other", key_of("other"))], ["fraud"]))
    assert words(api.records(reference, policy=policy, signers=["ci"])) == OF_CI
    # Signed about another name by ci, and so refused: it stays ci's.
    found = api.records(reference, policy=policy, signers=["ci"], name="credit").found
    seen = {(one.word, one.status) for one in found}
    assert seen == {("provenance", "verified"), ("oms", "verified"), ("registration", "refused")}
    assert words(api.records(reference, policy=policy, signers=["other"])) == {"annotation"}


def test_a_person_is_nobody_whose_key_begins_like_their_id(reference: str, tmp_path: Path) -> None:
    # Such an id may be any label; here it is the beginning of the key of somebody else.
    alike = key_of("other").hint[:10]
    policy = tmp_path / "policy.yaml"
    policy.write_text(policy_template([("ci", key_of()), ("other", key_of("other"))], ["fraud"]))
    assert words(api.records(reference, policy=policy, signers=[alike])) == {"annotation"}
    known = replace(load_policy(policy), kinds={alike: "human"})
    only = Filter(signers=(alike,))
    (found,) = api.records(reference, policy=policy, signers=["other"]).found
    assert only.keeps(replace(found, person=alike), known)
    assert not only.keeps(found, known)


@pytest.mark.parametrize("who", ["othe", "nobody", "sha256:", f"sha256:{'0' * (SHORTEST_BEGINNING - 1)}"])
def test_who_is_nobody_and_too_short_for_a_digest_is_wrong_usage(reference: str, who: str, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(policy_template([("ci", key_of()), ("other", key_of("other"))], ["fraud"]))
    for ask in (
        lambda: api.records(reference, signers=[who]),
        lambda: api.records(reference, key=key_of(), signers=[who]),
        lambda: api.records(reference, policy=policy, signers=["ci", who]),
    ):
        with pytest.raises(UsageError, match="nobody is known by this name"):
            ask()


def test_an_empty_signer_is_wrong_usage(reference: str) -> None:
    with pytest.raises(UsageError, match="the signer is empty"):
        api.records(reference, signers=[""])


def test_only_what_claims_to_be_written_since_is_listed(reference: str) -> None:
    now = datetime.now(UTC)
    everything = {"annotation", *UNTOLD}
    for key in (None, key_of()):
        # A provenance says when its build ended, and what was refused claims its time all the same.
        assert words(api.records(reference, key=key, since=now - timedelta(days=1))) == everything
        assert words(api.records(reference, key=key, since=now + timedelta(days=1))) == set()
    api.attest(reference, "https://example.com/undated/v1", {"passed": True}, key=signer())
    assert len(api.records(reference).found) == 5
    assert words(api.records(reference, since=now - timedelta(days=1))) == everything


def test_a_time_without_a_zone_is_wrong_usage(reference: str) -> None:
    with pytest.raises(UsageError, match="no zone"):
        api.records(reference, since=datetime(2026, 1, 1))
