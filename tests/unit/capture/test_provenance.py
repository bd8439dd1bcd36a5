"""SLSA provenance: what others' tools validate, what may be signed, and no more than a client can claim."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
from in_toto_attestation.v1.statement import Statement

from govern import canonical
from govern.capture.ci import CiFacts
from govern.capture.git import GitFacts
from govern.capture.materials import Material
from govern.capture.provenance import BUILD_TYPE, Input, slsa_predicate
from govern.capture.redact import REDACTED
from govern.errors import InvalidInput
from govern.intoto.statement import write_statement
from govern.names import CLIENT_BUILDER
from govern.oci.digest import Digest
from govern.predicates.kinds import SLSA_V1
from govern.predicates.registration import Files

COMMIT = "3f786850e387550fdab836ed7e6dc881de23001b"
DATA = Digest.of(b"data")
FILES = {"count": 3, "digest": {"sha256": "b" * 64}, "size": 123_456}
STARTED = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
TOKEN = "ghp_" + "a" * 36

GIT = GitFacts(
    commit=COMMIT,
    work_tree=True,
    dirty=True,
    changed=2,
    untracked=1,
    remote="https://git.example.com/acme/fraud.git",
    branch="main",
    tags=("v1.0",),
    notes=("said on stderr",),
)
CI = CiFacts(system="gitlab-ci", run_uri="https://git.example.com/acme/fraud/-/jobs/7", run_id="7", sha=COMMIT)
INPUTS = (
    Input("acme/data@1", f"registry.example.com/acme/data@{DATA}", DATA, "train", "lock"),
    Input("holdout", "s3://acme/holdout", None, "test", "declared", {"dvc": "8f14e45f", "empty": ""}),
)


def predicate(**changed):
    arguments = {
        "name": "acme/fraud",
        "version": "1.4.0",
        "kind": "model",
        "packing": "v1",
        "files": FILES,
        "git": GIT,
        "ci": CI,
        "environment": {"python": "3.11.7", "govern": "0.1.0"},
        "metadata": {"licence": "MIT"},
        "inputs": INPUTS,
        "started": STARTED,
        "finished": STARTED + timedelta(seconds=90.9),
    }
    return slsa_predicate(**{**arguments, **changed})


NOTHING: dict[str, object] = {"git": None, "ci": None, "environment": {}, "metadata": None, "inputs": ()}


def test_the_whole_predicate_is_this():
    assert predicate() == {
        "buildDefinition": {
            "buildType": "https://w3id.org/govern/buildtypes/push/v0.1",
            "externalParameters": {
                "kind": "model",
                "name": "acme/fraud",
                "packing": "v1",
                "version": "1.4.0",
                "metadata": {"licence": "MIT"},
            },
            "internalParameters": {
                "environment": {"python": "3.11.7"},
                "git": {"branch": "main", "tags": ["v1.0"]},
                "ci": {
                    "system": "gitlab-ci",
                    "runUri": "https://git.example.com/acme/fraud/-/jobs/7",
                    "runId": "7",
                    "sha": COMMIT,
                },
            },
            "resolvedDependencies": [
                {
                    "name": "code",
                    "uri": "git+https://git.example.com/acme/fraud.git@refs/heads/main",
                    "digest": {"gitCommit": COMMIT},
                    "annotations": {"dirty": True, "changed": 2, "untracked": 1},
                },
                {
                    "name": "acme/data@1",
                    "uri": f"registry.example.com/acme/data@{DATA}",
                    "digest": {"sha256": DATA.encoded},
                    "annotations": {"observed": "lock", "role": "train"},
                },
                {
                    "name": "holdout",
                    "uri": "s3://acme/holdout",
                    "digest": {"dvc": "8f14e45f"},
                    "annotations": {"observed": "declared", "role": "test"},
                },
            ],
        },
        "runDetails": {
            "builder": {"id": "https://w3id.org/govern/builders/client/v0.1", "version": {"govern": "0.1.0"}},
            "metadata": {
                "invocationId": "https://git.example.com/acme/fraud/-/jobs/7",
                "startedOn": "2026-11-21T09:30:00Z",
                "finishedOn": "2026-11-21T09:31:30Z",
            },
            "byproducts": [
                {
                    "name": "files",
                    "mediaType": "application/vnd.govern.files.v1+json",
                    "digest": {"sha256": "b" * 64},
                    "annotations": {"count": 3, "size": 123_456},
                }
            ],
        },
    }


@pytest.mark.parametrize("changed", [{}, NOTHING], ids=["everything", "nothing"])
def test_the_in_toto_package_reads_it_as_provenance_and_loses_nothing(changed):
    written = predicate(**changed)
    statement = Statement([ResourceDescriptor("acme/fraud@1.4.0", digest={"sha256": "c" * 64}).pb], SLSA_V1, written)
    statement.validate()
    # Unknown or misplaced fields make ParseDict raise.
    read = json_format.ParseDict(written, provenance_pb2.Provenance())
    for descriptor in (*read.build_definition.resolved_dependencies, *read.run_details.byproducts):
        ResourceDescriptor.copy_from_pb(descriptor).validate()
    assert read.build_definition.build_type == BUILD_TYPE
    assert read.run_details.builder.id == CLIENT_BUILDER
    back = json_format.MessageToDict(read)
    assert back["runDetails"]["metadata"] == written["runDetails"]["metadata"]
    assert back["buildDefinition"]["externalParameters"] == written["buildDefinition"]["externalParameters"]


MATERIALS = (
    Material("uv.lock", {"sha256": "d" * 64}, {"observed": "at-push", "role": "lock-file"}),
    Material(
        "data/raw",
        {"dvc": "0e9c434fc9198e62d6556cf8d8ce3f03.dir", "dirHash": "e" * 64},
        {"found": "as-recorded", "hash": "md5", "observed": "at-push", "role": "dvc-dependency", "system": "dvc"},
    ),
)
BYPRODUCTS = (
    Material("train.log", {"sha256": "f" * 64}, {"role": "log", "size": 8}, media_type="text/plain"),
    Material("metrics", {"sha256": "0" * 64}, {"count": 1}, media_type="application/json", content=b"[1]"),
)
HARDWARE = {"cpu": "A", "memory": 25_276_530_688, "gpus": [{"count": 8, "model": "NVIDIA H100 80GB HBM3"}]}
DVC = {"train": {"command": "python train.py", "outputs": {}, "parameters": {"params.yaml:lr": "0.1"}}}


def test_what_was_found_around_it_is_added_and_changes_nothing_else():
    plain = predicate()
    written = predicate(hardware=HARDWARE, dvc=DVC, materials=MATERIALS, byproducts=BYPRODUCTS)
    internal = written["buildDefinition"]["internalParameters"]
    assert internal.pop("hardware") == HARDWARE
    assert internal.pop("dvc") == DVC
    dependencies = written["buildDefinition"]["resolvedDependencies"]
    assert dependencies[3:] == [
        {"name": one.name, "digest": one.digests, "annotations": one.annotations} for one in MATERIALS
    ]
    del dependencies[3:]
    log, metrics = written["runDetails"]["byproducts"][1:]
    assert log == {
        "name": "train.log",
        "mediaType": "text/plain",
        "digest": {"sha256": "f" * 64},
        "annotations": {"role": "log", "size": 8},
    }
    assert metrics["content"] == "WzFd"
    del written["runDetails"]["byproducts"][1:]
    assert written == plain


def test_the_in_toto_package_reads_what_was_found_around_it():
    written = predicate(hardware=HARDWARE, dvc=DVC, materials=MATERIALS, byproducts=BYPRODUCTS)
    read = json_format.ParseDict(written, provenance_pb2.Provenance())
    assert read.run_details.byproducts[2].content == b"[1]"
    assert dict(read.build_definition.resolved_dependencies[4].digest) == MATERIALS[1].digests
    for descriptor in (*read.build_definition.resolved_dependencies, *read.run_details.byproducts):
        ResourceDescriptor.copy_from_pb(descriptor).validate()
    back = json_format.MessageToDict(read)
    assert back["buildDefinition"]["internalParameters"]["hardware"]["memory"] == HARDWARE["memory"]


def test_a_request_whose_source_nobody_knows_is_not_written_as_ours():
    def ci(**facts):
        return predicate(ci=CiFacts("jenkins", **facts))["buildDefinition"]["internalParameters"]["ci"]

    assert ci(pull_request="24")["fork"] == "unknown"
    assert ci(pull_request="24", fork=False)["fork"] is False
    assert ci(pull_request="24", fork=True)["fork"] is True
    assert "fork" not in ci()


def test_all_that_a_run_says_is_written():
    text = {one: one for one in CiFacts.__slots__ if one not in ("fork", "protected")}
    facts = CiFacts(**text, fork=True, protected=False)
    assert sorted(predicate(ci=facts)["buildDefinition"]["internalParameters"]["ci"].values(), key=str) == sorted(
        [getattr(facts, one) for one in CiFacts.__slots__], key=str
    )


def test_an_input_that_was_not_verified_says_so():
    (_, one) = predicate(inputs=[Input("d", "", DATA, "train", "lock", verified=False)])["buildDefinition"][
        "resolvedDependencies"
    ]
    assert one["annotations"] == {"observed": "lock", "role": "train", "verified": False}


def test_a_provenance_beyond_the_bound_is_refused():
    many = [Material("x" * 1000, {"sha256": "a" * 64})] * 8_000
    with pytest.raises(InvalidInput, match="MAX_PREDICATE"):
        predicate(materials=many)


def test_it_can_be_signed_as_it_is():
    statement = write_statement([("acme/fraud@1.4.0", DATA)], SLSA_V1, predicate())
    assert json.loads(statement.data)["predicate"] == predicate()


def test_nothing_captured_still_is_provenance():
    written = predicate(**NOTHING)
    assert written["buildDefinition"]["resolvedDependencies"] == []
    assert written["buildDefinition"]["internalParameters"] == {}
    assert "invocationId" not in written["runDetails"]["metadata"]
    assert written["runDetails"]["builder"]["version"] == {"govern": "unknown"}


@pytest.mark.parametrize(("dirty", "said"), [(True, True), (False, False), (None, "unknown")])
def test_an_unknown_state_of_the_tree_is_never_written_as_clean(dirty, said):
    (code, *_) = predicate(git=_git(dirty=dirty))["buildDefinition"]["resolvedDependencies"]
    assert code["annotations"]["dirty"] is said or code["annotations"]["dirty"] == said


def _git(**changed):
    values = {field: getattr(GIT, field) for field in GitFacts.__slots__}
    return GitFacts(**{**values, **changed})


@pytest.mark.parametrize(
    ("remote", "branch", "uri"),
    [
        (None, "main", None),
        (REDACTED, "main", None),
        ("https://git.example.com/a", None, "git+https://git.example.com/a"),
        ("ssh://git.example.com/a", "x", "git+ssh://git.example.com/a@refs/heads/x"),
        ("git://git.example.com/a", None, "git://git.example.com/a"),
    ],
)
def test_the_code_has_an_address_only_where_there_is_one(remote, branch, uri):
    (code, *_) = predicate(git=_git(remote=remote, branch=branch))["buildDefinition"]["resolvedDependencies"]
    assert code.get("uri") == uri


def test_a_repository_without_commit_is_no_dependency():
    definition = predicate(git=_git(commit=None), inputs=())["buildDefinition"]
    assert definition["resolvedDependencies"] == []
    assert "git" not in definition["internalParameters"]


@pytest.mark.parametrize(
    ("uri", "kept"),
    [
        ("https://anna:geheim@data.example.com/x?sig=geheim", "https://data.example.com/x"),
        ("anna:geheim@data.example.com/x", REDACTED),
        ("registry.example.com:5000/a/b:1@sha256:" + "a" * 64, "registry.example.com:5000/a/b:1@sha256:" + "a" * 64),
        (
            "pkg:oci/b@sha256%3Aaa?repository_url=r.example.com/a",
            "pkg:oci/b@sha256%3Aaa?repository_url=r.example.com/a",
        ),
        ("hf://datasets/a/b@main", "hf://datasets/a/b@main"),
        ("layout:/home/anna/store:1.0", None),
        ("file:///home/anna/x", None),
        ("../data", None),
        ("", None),
    ],
)
def test_an_input_has_neither_credentials_nor_a_path_of_this_machine(uri, kept):
    (_code, one) = predicate(inputs=[Input("d", uri, DATA, "train", "at-push")])["buildDefinition"][
        "resolvedDependencies"
    ]
    assert one.get("uri") == kept


def test_another_systems_id_cannot_stand_in_for_the_digest():
    one = Input("d", "", DATA, "train", "lock", {"sha256": "0" * 64, "gitCommit": COMMIT})
    assert predicate(git=None, inputs=[one])["buildDefinition"]["resolvedDependencies"][0]["digest"] == {
        "sha256": DATA.encoded,
        "gitCommit": COMMIT,
    }


def test_no_secret_survives_in_what_is_captured_or_declared():
    written = predicate(
        git=_git(branch=TOKEN, remote=f"https://git.example.com/{TOKEN}", tags=(TOKEN,)),
        ci=CiFacts(system="jenkins", run_uri=f"https://ci.example.com/{TOKEN}", job=TOKEN),
        environment={"python": TOKEN, "govern": TOKEN},
        metadata={"a": [{"b": f"x {TOKEN}"}], TOKEN: 1},
        inputs=[Input(TOKEN, f"s3://a/{TOKEN}", None, TOKEN, "declared", {"dvc": TOKEN})],
        hardware={"cpu": TOKEN},
        dvc={TOKEN: {"command": TOKEN}},
        materials=[Material(TOKEN, {"dvc": TOKEN}, {TOKEN: TOKEN}, f"https://x.example/{TOKEN}")],
        byproducts=[Material(TOKEN, {"sha256": TOKEN}, {"a": [TOKEN]})],
    )
    assert TOKEN not in canonical.dumps(written).decode()


def test_a_float_cannot_get_in():
    with pytest.raises(InvalidInput, match="float"):
        predicate(metadata={"metrics": [{"value": 0.93}]})


def test_a_number_that_json_readers_would_change_cannot_get_in():
    with pytest.raises(InvalidInput, match="2\\^53"):
        predicate(files={**FILES, "size": 2**53})


def test_times_are_utc_and_a_time_without_a_zone_is_refused():
    there = datetime(2026, 11, 21, 11, 30, tzinfo=timezone(timedelta(hours=2)))
    assert predicate(started=there)["runDetails"]["metadata"]["startedOn"] == "2026-11-21T09:30:00Z"
    with pytest.raises(InvalidInput, match="zone"):
        predicate(started=datetime(2026, 11, 21, 9, 30))


def test_files_may_be_given_as_the_registration_writes_them_or_with_a_digest():
    files = Files.model_validate(FILES, strict=False).to_json()
    assert predicate(files=files) == predicate(files={**FILES, "digest": Digest("sha256:" + "b" * 64)}) == predicate()


def test_the_same_arguments_give_the_same_bytes():
    assert canonical.dumps(predicate()) == canonical.dumps(predicate())
