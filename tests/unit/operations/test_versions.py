"""`list`: the versions of a line, and whether their tags still lead to them."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

import pytest

from govern import api
from govern.errors import NotFound
from govern.report.query_text import versions_text
from govern.report.query_views import VersionsView
from govern.store.layout import LayoutStore
from support.records import key_of, signer
from support.registries import Running
from support.stores import open_repository
from support.trees import write_tree


def push(tmp_path: Path, place: str, version: str) -> str:
    write_tree(tmp_path / version, {"README.md": version.encode()})
    return str(api.push(tmp_path / version, f"{place}:{version}", key=signer()).pinned.digest)


def test_a_tag_that_was_moved_to_another_version_is_not_called_tagged(tmp_path: Path) -> None:
    place = f"layout:{tmp_path}/store/fraud"
    one, two = push(tmp_path, place, "1.0"), push(tmp_path, place, "2.0")
    for key in (None, key_of()):
        assert [found.tagged for found in api.versions(place, key=key).versions] == [True, True]
    store = LayoutStore(tmp_path / "store" / "fraud")
    first, second = store.get_manifest("1.0"), store.get_manifest("2.0")
    store.put_manifest(first, "2.0")
    store.put_manifest(second, "1.0")
    for key in (None, key_of()):
        listed = {found.version: found for found in api.versions(place, key=key).versions}
        assert {version: (found.tagged, found.leads_to) for version, found in listed.items()} == {
            "1.0": (False, two),
            "2.0": (False, one),
        }


def test_a_tag_that_cannot_be_read_is_a_failure_and_not_a_tag_that_is_missing(tmp_path: Path) -> None:
    place = f"layout:{tmp_path}/store/fraud"
    digest = push(tmp_path, place, "1.0")
    (tmp_path / "store" / "fraud" / "blobs" / "sha256" / digest.removeprefix("sha256:")).write_bytes(b"{}")
    found = api.versions(place, key=key_of())
    assert [one.tagged for one in found.versions] == [False]
    assert len(found.failures) == 1


def test_a_repository_that_is_not_there_is_not_one_without_versions(registry: Running, repository: str) -> None:
    with pytest.raises(NotFound, match=f"{registry.host}/{repository} is no repository") as caught:
        api.versions(f"{registry.host}/{repository}", key=key_of())
    assert "check the name" in caught.value.hint


def test_versions_are_listed_on_a_registry_with_what_their_tags_lead_to(
    registry: Running, repository: str, tmp_path: Path
) -> None:
    place = f"{registry.host}/{repository}"
    one = push(tmp_path, place, "1.0")
    push(tmp_path, place, "2.0")
    store = open_repository(registry.host, repository)
    store.put_manifest(store.get_manifest("1.0"), "2.0")
    store.close()
    listed = {found.version: found for found in api.versions(place, key=key_of()).versions}
    assert (listed["1.0"].tagged, listed["1.0"].leads_to) == (True, one)
    assert (listed["2.0"].tagged, listed["2.0"].leads_to) == (False, one)


def test_a_version_whose_registration_is_void_is_listed_as_void_and_why(tmp_path: Path) -> None:
    place = f"layout:{tmp_path}/store/fraud"
    push(tmp_path, place, "1.0")
    policy = revoking_policy(tmp_path)
    found = api.versions(place, policy=policy)
    (one,) = found.versions
    assert (one.version, one.status, one.signer, one.conflict, one.tagged) == ("1.0", "void", "old", False, True)
    assert "old's key or identity is revoked from 2026-01-01" in one.why
    assert found.refused == 0
    assert one.why not in versions_text(found)
    assert one.why in versions_text(found, verbose=True)
    assert VersionsView.of(found).versions[0].why == one.why
    # Other content under the same version, by somebody who stands, is in no conflict with what is void.
    write_tree(tmp_path / "other", {"README.md": b"other"})
    index = tmp_path / "store" / "fraud" / "index.json"
    index.write_text(index.read_text(encoding="utf-8").replace('"1.0"', '"0.9"'), encoding="utf-8")
    api.push(tmp_path / "other", f"{place}:1.0", key=signer("new"), policy=policy)
    listed = api.versions(place, policy=policy).versions
    assert sorted((one.status, one.signer, one.conflict) for one in listed) == [
        ("registered", "new", False),
        ("void", "old", False),
    ]


def revoking_policy(folder: Path) -> Path:
    """Return a policy in which the key that pushes here is revoked, and another one is not."""
    people = ""
    for person, label, limits in (("old", "ci", "        revokedFrom: 2026-01-01T00:00:00Z\n"), ("new", "new", "")):
        pem = indent(key_of(label).to_pem(), "          ")
        people += f"  {person}:\n    kind: workload\n    keys:\n      - key: |\n{pem}{limits}"
    file = folder / "policy.yaml"
    file.write_text(
        f"version: govern.policy/v0.1\npeople:\n{people}roles:\n  producer:\n    members: [old, new]\n"
        '    kinds: [registration, provenance]\n    names: ["**"]\nrequire: [registration]\n'
    )
    return file
