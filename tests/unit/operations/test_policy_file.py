"""The policy file: read up to its bound, and every way in which it cannot be read is a refusal."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from govern.errors import InvalidInput
from govern.limits import MAX_POLICY
from govern.oci.digest import Digest
from govern.operations.policy_file import load_policy
from govern.policy.template import policy_template
from support.records import key_of


def test_a_policy_has_the_digest_of_its_file_and_its_path_as_source(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(policy_template([("ci", key_of())], ["acme/**"]))
    policy = load_policy(path)
    assert (policy.source, policy.digest) == (str(path), Digest.of(path.read_bytes()))


@pytest.mark.parametrize("path", ["nothing.yaml", ".", "file/policy.yaml"])
def test_a_policy_that_cannot_be_read_is_refused_with_the_command_that_makes_one(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="the policy cannot be read") as refused:
        load_policy(tmp_path / path)
    assert "govern policy init" in refused.value.hint


def test_a_policy_above_the_bound_is_never_held(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.touch()
    os.truncate(path, 1 << 40)
    with pytest.raises(InvalidInput, match=f"got {MAX_POLICY.value + 1} bytes.*MAX_POLICY"):
        load_policy(path)
