"""The main job on a layout, by the Python API: what push, verify and pull promise to each other."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import govern
from govern import canonical
from govern.artifact.lock import read_lock
from govern.artifact.tar import MAX_TAR
from govern.errors import Denied, InvalidInput, NotFound, Undecided, UsageError
from govern.limits import MAX_BUNDLE
from govern.line import line_of
from govern.names import Name
from govern.oci.content import BytesContent
from govern.oci.manifest import read_manifest, write
from govern.oci.media_types import DATASET_CONFIG, DATASET_MANIFEST, IMAGE_MANIFEST
from govern.oci.reference import LayoutPlace
from govern.progress import SILENT
from govern.settings import Settings
from govern.signing.key_file import KeySigner, generate_key_pair, load_signer
from govern.store.layout import LayoutStore

assert MAX_TAR  # the limit of one tar is part of the format


@dataclass
class Team:
    """A folder with a model, a layout and two keys."""

    folder: Path
    ci: KeySigner
    other: KeySigner

    @property
    def model(self) -> Path:
        return self.folder / "model"

    def reference(self, name: str = "fraud", tag: str = "1.0.0") -> str:
        return f"layout:{self.folder}/store/{name}:{tag}"

    def store(self, name: str = "fraud") -> LayoutStore:
        return LayoutStore(self.folder / "store" / name)

    def push(self, name: str = "fraud", tag: str = "1.0.0", **options: object):
        return govern.push(self.model, self.reference(name, tag), key=self.ci, **options)  # type: ignore[arg-type]

    def verify(self, name: str = "fraud", tag: str = "1.0.0", **options: object):
        return govern.verify(self.reference(name, tag), key=self.ci.public_key, **options)  # type: ignore[arg-type]


@pytest.fixture
def team(tmp_path: Path) -> Team:
    signers = []
    for name in ("ci", "other"):
        private, _, _ = generate_key_pair(tmp_path / name, None)
        signers.append(load_signer(str(private), lambda _label: None, {}))
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "README.md").write_text("# A model\n")
    (tmp_path / "model" / "config.json").write_text('{"model_type": "tiny"}\n')
    return Team(tmp_path, *signers)


def codes(decision: govern.Decision) -> list[str]:
    return [one.code.value for one in decision.reasons]


def test_what_was_pushed_is_allowed_and_comes_back_byte_for_byte(team: Team) -> None:
    pushed = team.push()
    assert team.verify().outcome == "allowed"
    pulled = govern.pull(team.reference(), team.folder / "out", key=team.ci.public_key)
    assert pulled.pinned.digest == pushed.pinned.digest
    for path in ("README.md", "config.json"):
        assert (team.folder / "out" / path).read_bytes() == (team.model / path).read_bytes()


def test_the_lock_says_what_came_under_which_policy(team: Team) -> None:
    pushed = team.push()
    govern.pull(team.reference(), team.folder / "out", key=team.ci.public_key)
    lock = read_lock(team.folder / "out")
    assert lock is not None
    assert (lock.digest, lock.name, lock.version, lock.tag) == (pushed.pinned.digest, "fraud", "1.0.0", "1.0.0")
    assert lock.verified is not None
    assert len(lock.verified.records) == 1


def test_an_unverified_pull_stays_visible_in_the_lock(team: Team) -> None:
    team.push()
    govern.pull(team.reference(), team.folder / "out", insecure_no_verify=True)
    lock = read_lock(team.folder / "out")
    assert lock is not None
    assert lock.verified is None


def test_without_key_and_policy_nothing_is_decided(team: Team) -> None:
    team.push()
    with pytest.raises(UsageError, match="whom to trust"):
        govern.verify(team.reference())


def test_two_names_with_equal_files_have_different_digests(team: Team) -> None:
    assert team.push("fraud").pinned.digest != team.push("credit").pinned.digest


def test_every_record_about_one_name_is_refused_for_the_other(team: Team) -> None:
    team.push("fraud")
    team.push("credit")
    fraud, credit = team.store("fraud"), team.store("credit")
    # Everything that was signed about fraud is laid beside credit, attached to credit's own artifact.
    for entry in _records_of(fraud):
        manifest = read_manifest(fraud.get_manifest(entry))
        (layer,) = manifest.layers
        _carry(fraud, credit, layer.digest)
        _carry(fraud, credit, manifest.config.digest)
        subject = credit.get_manifest("1.0.0").descriptor
        document = json.loads(fraud.get_manifest(entry).data)
        document["subject"] = {"mediaType": subject.media_type, "digest": subject.digest, "size": subject.size}
        from govern.oci.manifest import write

        credit.attach(write(document), subject.id)
    decision = team.verify("credit")
    assert decision.outcome == "allowed"
    assert len(decision.refused) == 2
    assert all(one.about_another for one in decision.refused)


def _records_of(store: LayoutStore):
    artifact = store.get_manifest("1.0.0").digest
    return [digest for listing in store.list_referrers(artifact) for digest in listing.digests]


def _carry(source: LayoutStore, target: LayoutStore, digest: str) -> None:
    assert isinstance(source.place, LayoutPlace)
    assert isinstance(target.place, LayoutPlace)
    path = Path("blobs") / "sha256" / digest.partition(":")[2]
    (Path(target.place.path) / path).write_bytes((Path(source.place.path) / path).read_bytes())


def test_an_artifact_of_another_name_is_a_name_mismatch(team: Team) -> None:
    team.push()
    decision = govern.verify(team.reference(), key=team.ci.public_key, name="acme/other")
    assert decision.outcome == "denied"
    assert "NAME-MISMATCH" in codes(decision)


def test_another_key_is_not_authorised(team: Team) -> None:
    team.push()
    decision = govern.verify(team.reference(), key=team.other.public_key)
    assert decision.outcome == "denied"
    assert codes(decision) == ["MISSING"]
    assert decision.records == ()


def test_a_moved_tag_is_a_tag_mismatch(team: Team) -> None:
    team.push(tag="1.0.0")
    store = team.store()
    store.put_manifest(store.get_manifest("1.0.0"), "stable")
    decision = team.verify(tag="stable")
    assert decision.outcome == "denied"
    assert codes(decision) == ["TAG-MISMATCH"]
    assert (
        govern.verify(
            f"layout:{team.folder}/store/fraud@{store.get_manifest('1.0.0').digest}", key=team.ci.public_key
        ).outcome
        == "allowed"
    )


def test_a_version_is_never_reused(team: Team) -> None:
    team.push()
    (team.model / "README.md").write_text("# Changed\n")
    with pytest.raises(Denied, match="taken"):
        team.push()


def test_a_version_whose_tag_was_deleted_cannot_be_taken_again(team: Team) -> None:
    team.push()
    index = team.folder / "store" / "fraud" / "index.json"
    document = json.loads(index.read_text())
    for entry in document["manifests"]:
        if (entry.get("annotations") or {}).get("org.opencontainers.image.ref.name") == "1.0.0":
            del entry["annotations"]
    index.write_text(json.dumps(document))
    (team.model / "README.md").write_text("# Changed\n")
    with pytest.raises(Denied, match="taken"):
        team.push()


def test_the_same_push_again_signs_nothing_and_restores_the_tag(team: Team) -> None:
    first = team.push()
    before = sorted(path.name for path in (team.folder / "store").rglob("blobs/sha256/*"))
    index = team.folder / "store" / "fraud" / "index.json"
    document = json.loads(index.read_text())
    for entry in document["manifests"]:
        if (entry.get("annotations") or {}).get("org.opencontainers.image.ref.name") == "1.0.0":
            del entry["annotations"]
    index.write_text(json.dumps(document))
    again = team.push()
    assert again.already
    assert again.records == first.records
    assert sorted(path.name for path in (team.folder / "store").rglob("blobs/sha256/*")) == before
    assert "1.0.0" in team.store().tags()


def test_two_contents_that_claim_one_version_are_both_in_conflict(team: Team) -> None:
    team.push()
    # Another writer registers other content as the same version: it never saw our line.
    elsewhere = Team(team.folder / "elsewhere", team.ci, team.other)
    elsewhere.model.mkdir(parents=True)
    (elsewhere.model / "README.md").write_text("# Other\n")
    elsewhere.push()
    source, target = elsewhere.store(), team.store()
    line = line_of(Name("fraud")).digest
    for path in (elsewhere.folder / "store" / "fraud" / "blobs" / "sha256").iterdir():
        (team.folder / "store" / "fraud" / "blobs" / "sha256" / path.name).write_bytes(path.read_bytes())
    other = source.get_manifest("1.0.0")
    target.put_manifest(other, "1.0.0-other")
    for subject in (other.digest, line):
        for listing in source.list_referrers(subject):
            for digest in listing.digests:
                target.attach(source.get_manifest(digest), subject)
    for digest in (other.digest, target.get_manifest("1.0.0").digest):
        reference = f"layout:{team.folder}/store/fraud@{digest}"
        decision = govern.verify(reference, key=team.ci.public_key)
        assert decision.outcome == "denied"
        assert "CONFLICT" in codes(decision)


def test_a_missing_required_kind_is_denied_and_named(team: Team) -> None:
    team.push()
    decision = team.verify(require=["registration", "cyclonedx"])
    assert decision.outcome == "denied"
    assert "cyclonedx" in decision.reasons[0].message
    govern.attest(team.reference(), "cyclonedx", {"bomFormat": "CycloneDX"}, key=team.ci)
    assert team.verify(require=["registration", "cyclonedx"]).outcome == "allowed"


def test_a_registration_whose_evidence_is_gone_is_inconclusive(team: Team) -> None:
    team.push()
    store = team.store()
    for digest in _records_of(store):
        manifest = read_manifest(store.get_manifest(digest))
        if (manifest.annotations or {}).get("dev.sigstore.bundle.predicateType") == "https://slsa.dev/provenance/v1":
            assert manifest.layers[0].digest.startswith("sha256:")
            blob = manifest.layers[0].digest.partition(":")[2]
            (team.folder / "store" / "fraud" / "blobs" / "sha256" / blob).write_bytes(b"{}")
    decision = team.verify(settings=Settings())
    assert decision.outcome == "denied"
    assert codes(decision) == ["INCONCLUSIVE"]


def test_a_moment_before_the_registration_knows_nothing_of_it(team: Team) -> None:
    team.push()
    decision = team.verify(at=datetime.now(UTC) - timedelta(days=1))
    assert decision.outcome == "denied"
    assert codes(decision) == ["MISSING"]


def test_an_artifact_that_nobody_registered_needs_an_explicit_require(team: Team) -> None:
    store = team.store("plain")
    team.push("plain", "0.1.0")
    pushed = store.get_manifest("0.1.0")
    bare = LayoutStore(team.folder / "store" / "bare")
    for path in (team.folder / "store" / "plain" / "blobs" / "sha256").iterdir():
        target = team.folder / "store" / "bare" / "blobs" / "sha256" / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    bare.put_manifest(pushed, "0.1.0")
    reference = f"layout:{team.folder}/store/bare:0.1.0"
    assert codes(govern.verify(reference, key=team.ci.public_key, name="plain")) == ["MISSING"]
    govern.attest(reference, "https://example.com/review/v1", {"ok": True}, key=team.ci, name="plain")
    decision = govern.verify(reference, key=team.ci.public_key, name="plain", require=["https://example.com/review/v1"])
    assert decision.outcome == "allowed"
    assert decision.tag.verdict == "unproven"


def test_a_note_that_reads_as_a_decision_is_refused(team: Team) -> None:
    team.push()
    for name in ("approved", "acme.status", "Stage"):
        with pytest.raises(InvalidInput, match="reserved"):
            govern.annotate(team.reference(), {name: "yes"}, key=team.ci)


def test_a_registration_is_written_only_by_push(team: Team) -> None:
    team.push()
    with pytest.raises(UsageError, match="govern push"):
        govern.attest(team.reference(), "registration", {}, key=team.ci)


def test_a_signature_with_subjects_of_its_own_is_no_predicate(team: Team) -> None:
    team.push()
    with pytest.raises(UsageError, match="model signature"):
        govern.attest(team.reference(), "oms", {}, key=team.ci)


def test_a_record_of_ours_is_created_when_it_was_issued(team: Team) -> None:
    team.push()
    for minute in range(3):
        predicate = {
            "issuedAt": f"2020-01-01T00:0{minute}:00Z",
            "schema": "https://example.org/s",
            "entries": {"n": str(minute)},
        }
        govern.attest(team.reference(), "annotation", predicate, key=team.ci)
    # A clock that moves on between two looks at it must not show.
    govern.annotate(team.reference(), {"n": "last"}, key=team.ci)
    store, seen = team.store(), 0
    for digest in _records_of(store):
        manifest = read_manifest(store.get_manifest(digest))
        bundle = json.loads(store.read_blob(manifest.layers[0], MAX_BUNDLE, "a bundle"))
        statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
        if "issuedAt" in statement["predicate"]:
            assert (manifest.annotations or {})["org.opencontainers.image.created"] == statement["predicate"][
                "issuedAt"
            ]
            seen += 1
    assert seen == 5  # the registration and four annotations


def test_a_repository_holds_one_name(team: Team) -> None:
    team.push()
    with pytest.raises(InvalidInput, match="holds another name") as caught:
        govern.push(team.model, team.reference(tag="2.0.0"), key=team.ci, name="other")
    assert (caught.value.got, caught.value.expected) == ("fraud", "other")
    assert "--name fraud" in caught.value.hint
    assert team.store().tags() == ("1.0.0", "govern.line")


def test_what_only_looks_like_a_line_gives_no_name(team: Team) -> None:
    team.push()
    store = team.store()
    store.put_manifest(store.get_manifest("1.0.0"), "govern.line")
    with pytest.raises(InvalidInput, match="the line of no name") as caught:
        team.push(tag="2.0.0")
    assert "--name" not in caught.value.hint


def test_a_version_inside_that_no_record_can_name_is_refused_before_it_is_signed(team: Team) -> None:
    store = team.store()
    config = BytesContent.of(canonical.dumps({"name": "fraud", "version": "1.0+x", "files": []}), DATASET_CONFIG)
    store.put_blob(config, SILENT)
    foreign = {
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "artifactType": DATASET_MANIFEST,
        "config": config.descriptor.to_json(),
        "layers": [config.descriptor.to_json()],
    }
    store.put_manifest(write(foreign), "1.0.0")
    with pytest.raises(InvalidInput, match="NAME@VERSION"):
        govern.annotate(team.reference(), {"n": "1"}, key=team.ci)


def test_an_annotation_says_what_its_writer_saw(team: Team) -> None:
    team.push()
    govern.annotate(team.reference(), {"n": "1"}, key=team.ci)
    govern.annotate(team.reference(), {"n": "2"}, key=team.ci)
    found = govern.records(team.reference(), key=team.ci.public_key, kinds=["annotation"]).found
    by_number = {one.predicate["entries"]["n"]: one for one in found if one.predicate}
    first, second = by_number["1"], by_number["2"]
    assert second.predicate is not None
    seen = {f"sha256:{one['statement']['sha256']}" for one in second.predicate["saw"]}
    assert first.statement in seen


def test_a_model_of_a_pulled_dataset_names_it_by_digest(team: Team) -> None:
    (team.folder / "data").mkdir()
    (team.folder / "data" / "rows.csv").write_text("a,b\n1,2\n")
    data = govern.push(team.folder / "data", team.reference("rows"), key=team.ci, kind="dataset")
    govern.pull(team.reference("rows"), team.folder / "train", key=team.ci.public_key)
    team.push(inputs=[team.folder / "train"])
    (provenance,) = govern.records(team.reference(), key=team.ci.public_key, kinds=["provenance"]).found
    assert provenance.predicate is not None
    dependencies = provenance.predicate["buildDefinition"]["resolvedDependencies"]
    assert [one["digest"]["sha256"] for one in dependencies if one["name"] == "rows@1.0.0"] == [
        data.pinned.digest.encoded
    ]


def test_two_datasets_and_models_share_one_version_space(team: Team) -> None:
    team.push()
    (team.folder / "data").mkdir()
    (team.folder / "data" / "rows.csv").write_text("a,b\n1,2\n")
    with pytest.raises(Denied, match="taken"):
        govern.push(team.folder / "data", team.reference(), key=team.ci, kind="dataset")


def test_a_reference_without_a_tag_is_no_place_for_a_push(team: Team) -> None:
    with pytest.raises(UsageError, match="version"):
        govern.push(team.model, f"layout:{team.folder}/store/fraud", key=team.ci)


def test_what_is_not_there_is_undecided_and_not_denied(team: Team) -> None:
    with pytest.raises(NotFound) as caught:
        team.verify(tag="9.9.9")
    assert isinstance(caught.value, Undecided)


def test_a_decision_that_denies_unlocks_nothing(team: Team) -> None:
    team.push()
    with pytest.raises(Denied, match="MISSING"):
        govern.pull(team.reference(), team.folder / "out", key=team.other.public_key)
    assert not (team.folder / "out").exists()
