"""A copy in every direction is equal to its source, in digests, records and verdict; a second one sends nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import govern
from govern.errors import Denied, InvalidInput, NotFound, UsageError
from govern.line import line_of
from govern.names import FRESHNESS_TAG, LINE_TAG, Name
from govern.operations.copy_result import Copied
from support.everything import (
    NAME,
    Source,
    everything,
    open_place,
    put_everything,
    put_freshness,
    put_legacy,
    verdict,
)
from support.records import signer
from support.registries import unique_repository
from support.stores import put_artifact
from support.trees import write_tree

KINDS = ("layout", "distribution", "zot")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Callable[[str], Source]:
    """Return a source of each kind, made when it is first asked for; nobody may change it."""
    made: dict[str, Source] = {}

    def get(kind: str) -> Source:
        if kind not in made:
            folder = tmp_path_factory.mktemp(f"source-{kind}")
            place = (
                f"layout:{folder}/fraud"
                if kind == "layout"
                else f"{request.getfixturevalue(kind).host}/{unique_repository()}"
            )
            made[kind] = put_everything(place, folder)
        return made[kind]

    return get


def said(copied: Copied) -> list[str]:
    return [f"{one.what}: {one.reason}" for one in copied.not_carried]


# --- every direction -----------------------------------------------------------------------------


@pytest.mark.parametrize("target", KINDS)
@pytest.mark.parametrize("source", KINDS)
def test_a_copy_is_equal_to_its_source_and_a_second_one_sends_nothing(
    source: str, target: str, sources: Callable[[str], Source], new_place: Callable[[str], str]
) -> None:
    original, place = sources(source), new_place(target)
    copied = govern.copy(f"{original.place}:1.0.0", place)
    assert said(copied) == []
    assert copied.names[0].name == NAME
    assert everything(place, original.digest) == everything(original.place, original.digest)
    assert verdict(f"{place}:1.0.0") == verdict(f"{original.place}:1.0.0")
    assert verdict(f"{place}:1.0.0")["outcome"] == "allowed"
    again = govern.copy(f"{original.place}:1.0.0", place)
    assert (again.sent.manifests, again.sent.blobs, again.sent.size) == (0, 0, 0)
    assert again.records == copied.records


@pytest.mark.parametrize("target", KINDS)
def test_without_a_version_every_version_is_copied(
    target: str, sources: Callable[[str], Source], new_place: Callable[[str], str]
) -> None:
    original, place = sources("zot"), new_place(target)
    copied = govern.copy(original.place, place)
    assert said(copied) == []
    assert {(one.pinned.digest, one.tags) for one in copied.names[0].artifacts} == {
        (original.digest, ("1.0.0",)),
        (original.other, ("2.0.0",)),
    }
    both, tags = (original.digest, original.other), ("1.0.0", "2.0.0", LINE_TAG, FRESHNESS_TAG)
    assert everything(place, *both, tags=tags) == everything(original.place, *both, tags=tags)


def test_by_digest_the_version_tag_comes_along(
    sources: Callable[[str], Source], new_place: Callable[[str], str]
) -> None:
    original, place = sources("zot"), new_place("distribution")
    (artifact,) = govern.copy(f"{original.place}@{original.digest}", place).names[0].artifacts
    assert artifact.tags == ("1.0.0",)
    assert govern.resolve(f"{place}:1.0.0").digest == original.digest


def test_a_version_without_a_tag_is_copied_too(tmp_path: Path, new_place: Callable[[str], str]) -> None:
    original = put_everything(f"layout:{tmp_path}/source/fraud", tmp_path / "files")
    index = tmp_path / "source/fraud/index.json"
    index.write_text(index.read_text().replace(',"annotations":{"org.opencontainers.image.ref.name":"2.0.0"}', ""))
    place = new_place("zot")
    copied = govern.copy(original.place, place)
    assert said(copied) == []
    assert {one.pinned.digest for one in copied.names[0].artifacts} == {original.digest, original.other}
    assert "2.0.0" not in open_place(place).tags()


# --- what is never done --------------------------------------------------------------------------


@pytest.mark.parametrize("target", KINDS)
def test_a_version_that_is_other_content_at_the_target_is_left(
    target: str, sources: Callable[[str], Source], new_place: Callable[[str], str]
) -> None:
    original, place = sources("layout"), new_place(target)
    other = put_artifact(open_place(place), "1.0.0")
    with pytest.raises(Denied, match="leads to other content"):
        govern.copy(f"{original.place}:1.0.0", place)
    store = open_place(place)
    assert store.get_manifest("1.0.0").digest == other.digest
    with pytest.raises(NotFound):
        store.get_manifest(original.digest)


@pytest.mark.parametrize("target", KINDS)
def test_a_place_of_another_name_is_refused(
    target: str, sources: Callable[[str], Source], new_place: Callable[[str], str], tmp_path: Path
) -> None:
    original, place = sources("layout"), new_place(target)
    write_tree(tmp_path / "other", {"README.md": b"# Other\n"})
    govern.push(tmp_path / "other", f"{place}:9.0.0", key=signer(), name="acme/other")
    with pytest.raises(InvalidInput, match="another name"):
        govern.copy(f"{original.place}:1.0.0", place)
    assert open_place(place).get_manifest(LINE_TAG).digest == line_of(Name("acme/other")).digest


def test_tags_cannot_be_given_other_names(sources: Callable[[str], Source], new_place: Callable[[str], str]) -> None:
    original, place = sources("layout"), new_place("layout")
    for target in (f"{place}:2.0.0", f"{place}@{original.digest}"):
        with pytest.raises(UsageError, match="keeps its names"):
            govern.copy(f"{original.place}:1.0.0", target)
    assert govern.copy(f"{original.place}:1.0.0", f"{place}:1.0.0").complete
    with pytest.raises(UsageError, match="same place"):
        govern.copy(f"{original.place}:1.0.0", original.place)


def test_under_a_policy_what_is_not_allowed_is_not_sent(
    sources: Callable[[str], Source], new_place: Callable[[str], str]
) -> None:
    original, place = sources("zot"), new_place("layout")
    with pytest.raises(Denied):
        govern.copy(f"{original.place}:1.0.0", place, key=signer("stranger").public_key, name=NAME)
    assert not Path(place.removeprefix("layout:")).exists()
    copied = govern.copy(f"{original.place}:1.0.0", place, key=signer().public_key, name=NAME)
    assert copied.verified


# --- the cron job of a mirror --------------------------------------------------------------------


@pytest.mark.parametrize("target", KINDS)
def test_records_alone_keep_a_mirror_fresh(target: str, tmp_path: Path, new_place: Callable[[str], str]) -> None:
    original = put_everything(f"layout:{tmp_path}/source/fraud", tmp_path / "files")
    place, reference = new_place(target), f"{original.place}:1.0.0"
    with pytest.raises(NotFound, match="does not hold the artifact"):
        govern.copy(reference, place, records_only=True)
    govern.copy(reference, place)
    govern.annotate(reference, {"team": "audit"}, key=signer(), name=NAME)
    put_freshness(open_place(original.place), 8)
    fresh = govern.copy(reference, place, records_only=True)
    assert said(fresh) == []
    # An annotation and the freshness record, each of them a manifest and a bundle; the latter is put, then tagged.
    assert (fresh.sent.manifests, fresh.sent.blobs) == (3, 2)
    assert everything(place, original.digest) == everything(original.place, original.digest)
    # Of every version, those that the mirror has are kept fresh.
    whole = govern.copy(original.place, place, records_only=True)
    assert whole.complete
    assert [one.pinned.digest for one in whole.names[0].artifacts] == [original.digest]
    assert "2.0.0 is not at" in whole.notes[0]


def test_freshness_never_goes_back(tmp_path: Path, new_place: Callable[[str], str]) -> None:
    original = put_everything(f"layout:{tmp_path}/source/fraud", tmp_path / "files")
    place = new_place("zot")
    govern.copy(f"{original.place}:1.0.0", place)
    newer = put_freshness(open_place(place), 9)
    late = govern.copy(f"{original.place}:1.0.0", place)
    assert "going back would look like a rollback" in " ".join(said(late))
    assert open_place(place).get_manifest(FRESHNESS_TAG).digest == newer.digest


def test_freshness_with_a_number_never_changes(tmp_path: Path, new_place: Callable[[str], str]) -> None:
    original = put_everything(f"layout:{tmp_path}/source/fraud", tmp_path / "files")
    place, reference = new_place("distribution"), f"{original.place}:1.0.0"
    tags = [f"{FRESHNESS_TAG}.{number}" for number in (1, 2, 10)]
    for number, tag in zip((1, 2, 10), tags, strict=True):
        put_freshness(open_place(original.place), number, tag)
    assert said(govern.copy(reference, place)) == []
    assert set(tags) <= set(open_place(place).tags())
    put_freshness(open_place(place), 11, tags[2])
    assert "another one under this number" in " ".join(said(govern.copy(reference, place)))


def test_signatures_under_tags_grow_and_are_never_lost(tmp_path: Path, new_place: Callable[[str], str]) -> None:
    original = put_everything(f"layout:{tmp_path}/source/fraud", tmp_path / "files")
    place, reference = new_place("zot"), f"{original.place}:1.0.0"
    govern.copy(reference, place)
    more = put_legacy(open_place(original.place), original.digest, b"one signature", b"another")
    assert said(govern.copy(reference, place)) == []
    tag = f"sha256-{original.digest.encoded}.sig"
    assert open_place(place).get_manifest(tag).digest == more.digest
    mirrored = put_legacy(open_place(place), original.digest, b"of the mirror")
    assert "has signatures under it that the source has not" in " ".join(said(govern.copy(reference, place)))
    assert open_place(place).get_manifest(tag).digest == mirrored.digest
