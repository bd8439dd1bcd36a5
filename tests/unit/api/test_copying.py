"""`copy`, `save` and `load` as functions: what they are told reaches the verb."""

from __future__ import annotations

from pathlib import Path

import pytest

from govern import api
from govern.errors import Denied, InvalidInput, NotFound, UsageError
from govern.policy.template import policy_template
from support.records import key_of, signer
from support.trees import write_tree


@pytest.fixture
def reference(tmp_path: Path) -> str:
    write_tree(tmp_path / "data", {"data.csv": b"1\n"})
    write_tree(tmp_path / "model", {"README.md": b"# It\n"})
    data = f"layout:{tmp_path}/home/data:1.0.0"
    api.push(tmp_path / "data", data, key=signer(), kind="dataset")
    api.pull(data, tmp_path / "pulled", key=key_of())
    model = f"layout:{tmp_path}/home/fraud:1.0.0"
    api.push(tmp_path / "model", model, key=signer(), inputs=[tmp_path / "pulled"])
    return model


def test_a_copy_is_told_how_far_and_where_to(reference: str, tmp_path: Path) -> None:
    copied = api.copy(reference, f"layout:{tmp_path}/out/fraud", depth=1, dependencies=f"layout:{tmp_path}/else")
    assert [one.target for one in copied.names] == [f"layout:{tmp_path}/out/fraud", f"layout:{tmp_path}/else/data"]
    assert not copied.verified
    with pytest.raises(UsageError, match="below zero"):
        api.copy(reference, f"layout:{tmp_path}/out/fraud", depth=-1)


def test_records_alone_need_the_artifact(reference: str, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        api.copy(reference, f"layout:{tmp_path}/out/fraud", records_only=True)


def test_key_policy_and_name_decide(reference: str, tmp_path: Path) -> None:
    target, policy = f"layout:{tmp_path}/out/fraud", tmp_path / "policy.yaml"
    policy.write_text(policy_template([("ci", key_of())], ["fraud"]))
    with pytest.raises(Denied):
        api.copy(reference, target, key=key_of("stranger"))
    with pytest.raises(Denied):
        api.copy(reference, target, key=key_of(), name="acme/other")
    assert api.copy(reference, target, policy=policy).verified
    assert api.save(reference, tmp_path / "it.tar", policy=policy).copied.verified
    with pytest.raises(Denied):
        api.load(tmp_path / "it.tar", f"layout:{tmp_path}/in/other", policy=policy)
    assert api.load(tmp_path / "it.tar", f"layout:{tmp_path}/in/other", policy=policy, name="fraud").verified


def test_without_a_verifier_a_name_is_still_what_the_source_proves(reference: str, tmp_path: Path) -> None:
    with pytest.raises(Denied, match="another name"):
        api.copy(reference, f"layout:{tmp_path}/out/fraud", name="acme/other")


def test_a_file_is_replaced_by_force(reference: str, tmp_path: Path) -> None:
    saved = api.save(reference, tmp_path / "it.tar")
    with pytest.raises(InvalidInput):
        api.save(reference, tmp_path / "it.tar")
    assert api.save(reference, tmp_path / "it.tar", force=True).size == saved.size
    assert api.load(tmp_path / "it.tar", f"layout:{tmp_path}/in/fraud").complete


def test_a_tag_that_the_file_does_not_hold_is_wrong_usage(reference: str, tmp_path: Path) -> None:
    saved, target = tmp_path / "it.tar", f"layout:{tmp_path}/in/fraud"
    pinned = api.save(reference, saved).copied.names[0].artifacts[0].pinned
    version = reference.rpartition(":")[2]
    for typed in (f"{target}:other", f"{target}@{pinned.digest}"):
        with pytest.raises(UsageError, match="keeps its names") as refusal:
            api.load(saved, typed)
        assert version in refusal.value.hint
    assert not (tmp_path / "in").exists()
    assert api.load(saved, f"{target}:{version}").complete
