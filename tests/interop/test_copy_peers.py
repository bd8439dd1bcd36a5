"""On a copy other tools find what they find on the source: cosign its signatures, oras every referrer."""

from __future__ import annotations

from pathlib import Path

import pytest

import govern
from support.cosign import Cosign
from support.discover import oras_discovers
from support.records import signer
from support.registries import Running, unique_repository
from support.trees import write_tree


@pytest.mark.parametrize("target", ["distribution", "zot"])
def test_what_cosign_and_oras_find_on_a_source_they_find_on_its_copy(
    target: str, registry: Running, cosign: Cosign, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    place = f"{registry.host}/{unique_repository()}"
    mirror = f"{request.getfixturevalue(target).host}/{unique_repository()}"
    write_tree(tmp_path / "model", {"README.md": b"# It\n"})
    pushed = govern.push(tmp_path / "model", f"{place}:1.0.0", key=signer())
    cosign.attests(str(pushed.pinned), "https://example.com/scan/v1", {"clean": True})
    cosign.signs(str(pushed.pinned))
    copied = govern.copy(f"{place}:1.0.0", mirror)
    assert copied.complete
    reference = f"{mirror}@{pushed.pinned.digest}"
    assert [one["predicate"] for one in cosign.accepts(reference, "https://example.com/scan/v1", cosign.pub)] == [
        {"clean": True}
    ]
    verified = cosign("verify", "--key", cosign.pub, "--insecure-ignore-tlog", reference)
    assert verified.returncode == 0, verified.stderr
    assert oras_discovers(reference) == oras_discovers(str(pushed.pinned)) != set()
