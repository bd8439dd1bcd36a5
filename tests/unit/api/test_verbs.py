"""The verbs as functions, with typed results; the whole job is in `tests/unit/operations/test_main_job.py`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import govern
from govern import api
from govern.errors import InvalidInput, NotFound, UsageError
from govern.oci.digest import Digest
from govern.oci.media_types import model_layer
from govern.policy.template import policy_template
from support.records import key_of, signer
from support.trees import write_tree


@pytest.fixture
def reference(tmp_path: Path) -> str:
    write_tree(tmp_path / "model", {"README.md": b"# It\n", "config.json": b"{}\n"})
    return f"layout:{tmp_path}/store/fraud:1.0.0"


@pytest.fixture
def pushed(reference: str, tmp_path: Path):
    return api.push(tmp_path / "model", reference, key=signer())


def test_every_verb_is_offered_by_the_package_itself() -> None:
    for name in api.__all__:
        if name[0].islower():
            assert getattr(govern, name) is getattr(api, name)
    assert set(govern.__all__) - set(api.__all__) == {
        "Decision", "Denied", "GovernError", "InvalidInput", "Pinned", "Undecided",
    }  # fmt: skip
    assert sorted(dir(govern)) == sorted(govern.__all__)
    with pytest.raises(AttributeError, match="no attribute 'promote'"):
        _ = govern.promote


def test_what_was_pushed_is_found_by_every_query(pushed, reference: str) -> None:
    digest = pushed.pinned.digest
    assert api.resolve(reference).digest == digest
    assert api.show(reference).pinned.digest == digest
    assert [one.version for one in api.versions(reference.removesuffix(":1.0.0"), key=key_of()).versions] == ["1.0.0"]
    assert {one.word for one in api.records(reference).found} == {"provenance", "oms", "registration"}


def test_records_are_filtered_and_verified_only_with_a_key(pushed, reference: str) -> None:
    api.annotate(reference, {"team": "risk"}, key=signer("other"), note="for the pilot")
    (found,) = api.records(reference, kinds=["annotation"]).found
    assert found.predicate is not None
    assert found.predicate["note"] == "for the pilot"
    assert found.status == "unverified"
    trusted = {one.word: one.status for one in api.records(reference, key=key_of()).found}
    assert trusted == {"annotation": "refused", "provenance": "verified", "oms": "verified", "registration": "verified"}


def test_an_attestation_of_any_type_is_attached(pushed, reference: str) -> None:
    made = api.attest(reference, "https://example.com/audit/v1", {"passed": True}, key=signer())
    assert str(made.pinned.digest) == pushed.pinned.digest
    decision = api.verify(reference, key=key_of(), require=["https://example.com/audit/v1"])
    assert decision.outcome == "allowed"


def test_a_pull_takes_only_what_was_asked_for(pushed, reference: str, tmp_path: Path) -> None:
    api.pull(reference, tmp_path / "out", key=key_of(), include=["*.md"])
    assert (tmp_path / "out" / "README.md").is_file()
    assert not (tmp_path / "out" / "config.json").exists()


def test_a_pull_without_verification_is_only_for_who_brings_nothing(pushed, reference: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="insecure_no_verify was given with a key"):
        api.pull(reference, tmp_path / "out", key=key_of(), insecure_no_verify=True)
    assert api.pull(reference, tmp_path / "out", insecure_no_verify=True).pinned.digest == pushed.pinned.digest


def test_what_is_not_there_is_not_found(reference: str, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        api.show(reference)


# --- every argument reaches the verb -------------------------------------------------------------


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(policy_template([("ci", key_of())], ["acme/**"]))
    return path


def predicate_of(reference: str, kind: str) -> Mapping[str, Any]:
    (found,) = api.records(reference, kinds=[kind]).found
    assert found.predicate is not None
    return found.predicate


def test_what_a_push_is_told_is_what_it_registers(reference: str, tmp_path: Path, policy: Path) -> None:
    (tmp_path / "other.yaml").write_text("owners: [fraud-team]\n")
    write_tree(tmp_path / "data", {"x.csv": b"1\n"})
    (tmp_path / "model" / "w.pkl").write_bytes(b"\x80\x04N.")
    (tmp_path / "model" / "link.csv").symlink_to("../data/x.csv")
    pushed = api.push(
        tmp_path / "model",
        reference,
        key=signer(),
        name="acme/card",
        kind="dataset",
        metadata=tmp_path / "other.yaml",
        allow_pickle=True,
        link_roots=[tmp_path / "data"],
        policy=policy,
        reason="the old one drifts",
    )
    said = predicate_of(reference, "registration")
    assert (pushed.name, pushed.kind, pushed.files) == ("acme/card", "dataset", 4)
    assert (said["kind"], said["reason"], said["metadata"]) == (
        "dataset",
        "the old one drifts",
        {"owners": ["fraud-team"]},
    )
    assert said["policy"] == {"sha256": Digest.of(policy.read_bytes()).encoded}
    assert said["waived"] == [{"rule": "pickle", "paths": ["w.pkl"]}]


def test_a_push_refuses_what_nobody_allowed(reference: str, tmp_path: Path) -> None:
    (tmp_path / "model" / "w.pkl").write_bytes(b"\x80\x04N.")
    with pytest.raises(InvalidInput, match="pickle"):
        api.push(tmp_path / "model", reference, key=signer())


def test_inputs_and_roles_reach_the_push(pushed, reference: str, tmp_path: Path) -> None:
    api.pull(reference, tmp_path / "data", key=key_of())
    target = f"layout:{tmp_path}/store/next:1.0.0"
    api.push(tmp_path / "model", target, key=signer(), inputs=[tmp_path / "data"], roles=[("*.json", "doc")])
    dependencies = predicate_of(target, "provenance")["buildDefinition"]["resolvedDependencies"]
    assert "fraud@1.0.0" in [one.get("name") for one in dependencies]
    assert {one.media_type for one in api.show(target).manifest.layers} == {model_layer("doc", "raw")}


def test_a_name_reaches_every_verb(reference: str, tmp_path: Path) -> None:
    api.push(tmp_path / "model", reference, key=signer(), name="acme/card")
    here: dict[str, Any] = {"key": key_of(), "name": "acme/card"}
    assert api.verify(reference, key=key_of()).outcome == "denied"
    assert api.verify(reference, **here).outcome == "allowed"
    assert api.pull(reference, tmp_path / "out", **here).files == 2
    api.annotate(reference, {"team": "risk"}, key=signer(), name="acme/card")
    api.attest(reference, "https://example.com/audit/v1", {"passed": True}, key=signer(), name="acme/card")
    found = api.records(reference, **here).found
    # A model signature names the folder, as its own specification says.
    assert {one.about for one in found if one.word != "oms"} == {"acme/card@1.0.0"}
    assert {one.status for one in found} == {"verified"}
    (listed,) = api.versions(reference.removesuffix(":1.0.0"), **here).versions
    assert listed.version == "1.0.0"
    assert api.versions(reference.removesuffix(":1.0.0"), key=key_of()).versions == ()


def test_versions_are_verified_only_with_a_key(pushed, reference: str) -> None:
    repository = reference.removesuffix(":1.0.0")
    assert [one.version for one in api.versions(repository).versions] == ["1.0.0"]
    assert api.versions(repository, key=key_of("stranger")).versions == ()


def test_a_note_keeps_its_schema_and_reason(pushed, reference: str) -> None:
    said: dict[str, Any] = {"schema": "https://example.com/notes", "note": "for the pilot", "reason": "asked by anna"}
    api.annotate(reference, {"team": "risk"}, key=signer(), **said)
    assert {name: predicate_of(reference, "annotation")[name] for name in said} == said


def test_a_moment_of_before_the_push_knows_nothing_of_it(pushed, reference: str) -> None:
    assert api.verify(reference, key=key_of(), at=datetime(2020, 1, 1, tzinfo=UTC)).outcome == "denied"


def test_a_policy_decides_where_no_key_does(pushed, reference: str, policy: Path) -> None:
    # It speaks of acme/** and this is another name.
    assert api.verify(reference, policy=policy).outcome == "denied"
    statuses = {one.status for one in api.records(reference, policy=policy).found}
    assert statuses == {"verified"}
    assert not any(one.authorised for one in api.records(reference, policy=policy).found)


def test_edits_are_lost_only_by_force(pushed, reference: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    api.pull(reference, out, key=key_of())
    (out / "config.json").write_bytes(b'{"edited": 1}')
    with pytest.raises(InvalidInput, match="would be lost"):
        api.pull(reference, out, key=key_of())
    api.pull(reference, out, key=key_of(), force=True)
    assert (out / "config.json").read_bytes() == b"{}\n"


def test_records_are_found_by_signer_and_time(pushed, reference: str) -> None:
    api.annotate(reference, {"team": "risk"}, key=signer("other"))
    by_other = api.records(reference, key=[key_of(), key_of("other")], signers=[str(key_of("other").signer)]).found
    assert [one.word for one in by_other] == ["annotation"]
    assert api.records(reference, since=datetime(2200, 1, 1, tzinfo=UTC)).found == ()
