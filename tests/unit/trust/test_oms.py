"""An OpenSSF model signature against the file list of an artifact: exactly its files, whatever the signer says."""

from __future__ import annotations

from typing import Any

import pytest

from govern.artifact.walk import OWN_FILES
from govern.errors import Denied, InvalidInput
from govern.intoto.statement import STATEMENT_V01, Statement
from govern.oci.digest import Digest
from govern.predicates.kinds import SLSA_V1
from govern.predicates.oms import NEVER_PACKED
from govern.trust.oms import check_oms
from support.oms import foreign_oms, hashed, oms_of, resources_of

FILES = hashed(config__a="a", readme="r", weights="w")


def refusal(statement: Statement, files: dict[str, str] = FILES) -> Denied:
    with pytest.raises(Denied) as told:
        check_oms(statement, files)
    return told.value


def test_what_govern_writes_about_an_artifact_is_about_it() -> None:
    assert check_oms(oms_of(FILES), FILES) == ()


def test_files_of_ours_are_those_that_are_never_packed() -> None:
    assert NEVER_PACKED == OWN_FILES


def test_the_error_is_of_the_class_that_was_asked_for() -> None:
    with pytest.raises(InvalidInput):
        check_oms(oms_of(FILES), {}, InvalidInput)


# --- other files ---------------------------------------------------------------------------------


def test_swapped_names_are_caught() -> None:
    swapped = FILES | {"readme": FILES["weights"], "weights": FILES["readme"]}
    assert refusal(oms_of(FILES), swapped).got == "other bytes in 'readme', 'weights'"


def test_swapped_names_are_caught_where_the_digests_keep_their_order() -> None:
    # No name is in the root: only the list of resources tells these two apart.
    signed, there = {"a": FILES["readme"], "b": FILES["weights"]}, {"b": FILES["readme"], "c": FILES["weights"]}
    assert oms_of(signed).subjects == oms_of(there).subjects
    refusal(oms_of(signed), there)


def test_a_file_that_was_renamed_is_caught_though_the_root_is_the_same() -> None:
    there = {("weights2" if path == "weights" else path): digest for path, digest in FILES.items()}
    assert oms_of(FILES).subjects == oms_of(there).subjects
    assert refusal(oms_of(FILES), there).got == "not in the artifact: 'weights'; not signed: 'weights2'"


def test_a_file_that_was_not_signed_is_caught() -> None:
    assert refusal(oms_of(FILES), FILES | hashed(evil="e")).got == "not signed: 'evil'"


def test_a_signed_file_that_is_missing_is_caught() -> None:
    assert refusal(oms_of(FILES | hashed(safety="s"))).got == "not in the artifact: 'safety'"


def test_a_file_with_other_bytes_is_caught() -> None:
    assert refusal(oms_of(FILES), FILES | hashed(weights="other")).got == "other bytes in 'weights'"


def test_of_many_files_only_some_are_named() -> None:
    many = {f"f{number:03d}": FILES["readme"] for number in range(50)}
    assert refusal(oms_of(FILES), FILES | many).got.endswith("'f004' and 45 more")


@pytest.mark.parametrize("ignored", ["evil", "evil/code.py", "./evil", "evil/", ".", "", "*"])
def test_a_file_that_the_signer_chose_to_ignore_is_not_hidden(ignored: str) -> None:
    there = FILES | {"evil/code.py": FILES["readme"]}
    paths = [ignored] if ignored else []
    told = refusal(foreign_oms(resources_of(FILES), serialization={"ignore_paths": paths}), there)
    assert "not signed: 'evil/code.py'" in told.message
    assert ("chose to ignore" in told.hint) == (ignored in ("evil", "evil/code.py"))


@pytest.mark.parametrize("name", [".gitattributes", ".gitignore", ".github/ci.yaml"])
def test_what_every_oms_signer_leaves_out_is_said_to_be_unsigned(name: str) -> None:
    assert check_oms(oms_of(FILES), FILES | {name: FILES["readme"]}) == (name,)


@pytest.mark.parametrize("name", ["a/.gitattributes", ".gitattributes2", ".Github/x", ".gitmodules", ".hidden"])
def test_what_only_looks_like_it_is_not_left_out(name: str) -> None:
    refusal(oms_of(FILES), FILES | {name: FILES["readme"]})


def test_what_a_signer_insists_on_signing_counts() -> None:
    attributes = {".gitattributes": FILES["readme"]}
    statement = foreign_oms(resources_of(attributes | FILES))
    assert check_oms(statement, attributes | FILES) == ()
    assert "other bytes" in refusal(statement, {".gitattributes": FILES["weights"]} | FILES).message
    assert "not in the artifact" in refusal(statement).message


@pytest.mark.parametrize("name", ["govern.lock", "govern.yaml", "model.sig", "a/govern.lock", ".git/config", "a/.git"])
def test_a_signed_file_that_is_never_packed_is_not_missed(name: str) -> None:
    signed = dict(sorted((FILES | {name: FILES["readme"]}).items()))
    assert check_oms(foreign_oms(resources_of(signed)), FILES) == ()


@pytest.mark.parametrize("name", ["govern.lock2", "govern.lock/x", "a.git", ".gitx/config", "__pycache__/a.pyc"])
def test_another_signed_file_is_missed(name: str) -> None:
    signed = dict(sorted((FILES | {name: FILES["readme"]}).items()))
    refusal(foreign_oms(resources_of(signed)))


def test_a_signature_that_covers_no_file_of_the_artifact_is_none() -> None:
    statement = foreign_oms(resources_of({".git/config": FILES["readme"]}))
    assert "no file of the artifact" in refusal(statement, {".gitignore": FILES["readme"]}).message
    refusal(statement, {})


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["../weights", "a/../weights", "/weights", "./weights", "a//b", "a/", "..", "a\\b", "a\x00b", "cafe\u0301",
     ".govern-tar/x"],
)  # fmt: skip
def test_a_name_that_is_no_plain_path_is_refused(name: str) -> None:
    signed = dict(sorted((FILES | {name: FILES["weights"]}).items()))
    assert "path" in refusal(foreign_oms(resources_of(signed))).message


def test_a_name_twice_is_refused_even_with_the_same_digest() -> None:
    twice = [*resources_of(FILES), resources_of(FILES)[-1]]
    assert "twice: got 'weights'" in refusal(foreign_oms(twice)).message


def test_names_in_no_order_are_refused() -> None:
    unsorted = resources_of(dict(reversed(FILES.items())))
    assert "not in order" in refusal(foreign_oms(unsorted)).message


@pytest.mark.parametrize("names", [["a-b", "a.b", "a/b"], ["a/b", "a-b", "a.b"]])
def test_both_orders_that_are_written_are_taken(names: list[str]) -> None:
    files = dict.fromkeys(names, FILES["readme"])
    assert check_oms(foreign_oms(resources_of(files)), files) == ()


# --- what a manifest cannot tell -----------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["blake2b", "blake3", "md5"])
def test_other_algorithms_are_refused_with_the_way_out(algorithm: str) -> None:
    resources = [one | {"algorithm": algorithm} for one in resources_of(FILES)]
    told = refusal(foreign_oms(resources, serialization={"hash_type": algorithm}))
    assert f"got {algorithm!r}, expected sha256" in told.message
    assert "model_signing" in told.hint
    # One of them alone is enough, and so is a hash type that contradicts the resources.
    refusal(foreign_oms([resources_of(FILES)[0], *resources[1:]]))
    refusal(foreign_oms(resources_of(FILES), serialization={"hash_type": algorithm}))


def test_shards_are_refused_with_the_way_out() -> None:
    # As model_signing writes them, which has another word for the algorithm than the specification.
    resources = [
        one | {"name": f"{one['name']}:0:1", "algorithm": "sha256-sharded-1000"} for one in resources_of(FILES)
    ]
    told = refusal(foreign_oms(resources, serialization={"method": "shards", "shard_size": 1000}))
    assert "shards of 1000 bytes" in told.message
    assert "model_signing" in told.hint


def test_a_digest_of_another_length_is_refused() -> None:
    resources = [one | {"digest": one["digest"] * 2} for one in resources_of(FILES)]
    assert "128 digits" in refusal(foreign_oms(resources)).message


# --- the statement -------------------------------------------------------------------------------


def test_a_root_that_is_not_that_of_the_resources_is_refused() -> None:
    assert "root digest" in refusal(foreign_oms(resources_of(FILES), root=Digest.of(b"x"))).message


SUBJECT: dict[str, Any] = {"name": "model", "digest": {"sha256": oms_of(FILES).subjects[0].sha256}}


@pytest.mark.parametrize(
    "fields",
    [
        {"_type": STATEMENT_V01},
        {"predicateType": SLSA_V1},
        {"predicateType": "https://model_signing/Digests/v0.1"},
        {"subject": [SUBJECT, SUBJECT]},
        {"subject": [SUBJECT | {"name": ""}]},
        {"subject": [SUBJECT | {"digest": {"sha512": "0" * 128}}]},
        {"predicate": {}},
    ],
)
def test_another_statement_is_refused(fields: dict[str, Any]) -> None:
    refusal(foreign_oms(resources_of(FILES), **fields))
