"""The OMS predicate: what we write is what the specification has, and what strangers write is read strictly."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from govern.errors import Denied, InvalidInput
from govern.limits import MAX_BUNDLE, MAX_OMS_STATEMENT
from govern.names import Name
from govern.predicates.oms import NotForOms, is_left_out, read_oms, root_digest, write_oms
from support.oms import NAME, hashed

RESOURCE: dict[str, Any] = {"name": "a", "algorithm": "sha256", "digest": "00" * 32}
HOW: dict[str, Any] = {"method": "files", "hash_type": "sha256", "allow_symlinks": False}


def test_the_predicate_and_the_subject_are_those_of_the_specification() -> None:
    files = hashed(b="2", a="1")
    subject, predicate = write_oms(NAME, files)
    one, two = hashlib.sha256(b"1"), hashlib.sha256(b"2")
    assert subject == ("fraud", f"sha256:{hashlib.sha256(one.digest() + two.digest()).hexdigest()}")
    assert predicate == {
        "resources": [
            {"name": "a", "algorithm": "sha256", "digest": one.hexdigest()},
            {"name": "b", "algorithm": "sha256", "digest": two.hexdigest()},
        ],
        "serialization": {
            "method": "files",
            "hash_type": "sha256",
            "allow_symlinks": False,
            "ignore_paths": [
                ".git", ".gitattributes", ".github", ".gitignore", ".governignore", "govern.lock", "govern.yaml",
                "model.sig",
            ],
        },
    }  # fmt: skip


def test_files_stand_in_the_order_of_code_points_whatever_their_folders() -> None:
    files = dict.fromkeys(["a/b", "a-b", "a.b", "B", "\U0001f600", "\uff5e"], "00" * 32)
    _, predicate = write_oms(NAME, files)
    assert [one["name"] for one in predicate["resources"]] == ["B", "a-b", "a.b", "a/b", "\uff5e", "\U0001f600"]


def test_what_every_verifier_passes_over_is_not_signed() -> None:
    files = hashed(w="1") | dict.fromkeys(
        [".gitattributes", ".gitignore", ".github/ci.yaml", "a/.gitignore"], "00" * 32
    )
    _, predicate = write_oms(NAME, files)
    assert [one["name"] for one in predicate["resources"]] == ["a/.gitignore", "w"]
    assert not is_left_out(".github.md")


@pytest.mark.parametrize("files", [{}, {".gitignore": "00" * 32}])
def test_an_artifact_of_which_nothing_would_be_signed_gets_no_signature(files: dict[str, str]) -> None:
    with pytest.raises(NotForOms, match="nothing"):
        write_oms(NAME, files)


def test_a_list_that_no_bundle_could_hold_is_refused_before_it_is_signed() -> None:
    files = {f"data/{number:090d}.csv": "00" * 32 for number in range(60_000)}
    with pytest.raises(NotForOms, match="MAX_OMS_STATEMENT"):
        write_oms(Name("a"), files)
    assert MAX_OMS_STATEMENT.value * 4 / 3 < MAX_BUNDLE.value - 1_000_000


def test_the_root_depends_on_the_order_of_the_digests_and_on_no_name() -> None:
    assert root_digest(["00" * 32, "11" * 32]) != root_digest(["11" * 32, "00" * 32])
    one, _ = write_oms(NAME, {"a": "00" * 32, "b": "11" * 32})
    two, _ = write_oms(NAME, {"a": "00" * 32, "c": "11" * 32})
    assert one == two


def test_what_is_written_is_read_back() -> None:
    _, predicate = write_oms(NAME, hashed(a="1", b="2"))
    oms = read_oms(predicate)
    assert [one.name for one in oms.resources] == ["a", "b"]
    assert (oms.method, oms.hash_type, oms.allow_symlinks, oms.shard_size) == ("files", "sha256", False, None)
    assert "model.sig" in oms.ignore_paths


def test_resources_may_have_fields_that_nobody_knows_and_nothing_else_may() -> None:
    assert read_oms({"resources": [RESOURCE | {"mediaType": "x/y"}], "serialization": HOW}).resources
    with pytest.raises(Denied, match="unknown fields: got signer"):
        read_oms({"resources": [RESOURCE], "serialization": HOW, "signer": "me"}, Denied)
    with pytest.raises(Denied, match="unknown fields: got rename"):
        read_oms({"resources": [RESOURCE], "serialization": HOW | {"rename": {}}}, Denied)


@pytest.mark.parametrize("size", [1000, 1000.0])
def test_shards_are_read_with_the_number_as_protobuf_writes_it(size: float) -> None:
    assert (
        read_oms({"resources": [RESOURCE], "serialization": HOW | {"method": "shards", "shard_size": size}}).shard_size
        == 1000
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"resources": None}, "names no file"),
        ({"resources": []}, "names no file"),
        ({"resources": {"a": "b"}}, "names no file"),
        ({"resources": ["a"]}, "not an object"),
        ({"resources": [RESOURCE | {"name": ""}]}, "name"),
        ({"resources": [RESOURCE | {"name": 1}]}, "name"),
        ({"resources": [RESOURCE | {"algorithm": ""}]}, "algorithm"),
        ({"resources": [RESOURCE | {"algorithm": ["sha256"]}]}, "algorithm"),
        ({"resources": [RESOURCE | {"digest": "0" * 63}]}, "malformed"),
        ({"resources": [RESOURCE | {"digest": "AA" * 32}]}, "malformed"),
        ({"resources": [RESOURCE | {"digest": None}]}, "malformed"),
        ({"serialization": None}, "not an object"),
        ({"serialization": HOW | {"method": "tensors"}}, "method"),
        ({"serialization": HOW | {"hash_type": None}}, "hash type"),
        ({"serialization": HOW | {"allow_symlinks": "false"}}, "boolean"),
        ({"serialization": HOW | {"ignore_paths": "model.sig"}}, "ignore_paths"),
        ({"serialization": HOW | {"ignore_paths": [1]}}, "ignore_paths"),
        ({"serialization": HOW | {"shard_size": 1}}, "shard size"),
        ({"serialization": HOW | {"method": "shards"}}, "shard size"),
        ({"serialization": HOW | {"method": "shards", "shard_size": 0}}, "shard size"),
        ({"serialization": HOW | {"method": "shards", "shard_size": True}}, "shard size"),
        ({"serialization": HOW | {"method": "shards", "shard_size": 1.5}}, "shard size"),
    ],
)
def test_another_shape_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        read_oms({"resources": [RESOURCE], "serialization": HOW} | change)
