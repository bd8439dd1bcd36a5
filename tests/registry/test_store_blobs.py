"""The `Store` protocol, sentence by sentence, over every kind of place: blobs."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from govern.errors import ContentMismatch, InvalidInput, LimitExceeded, NotFound, Undecided
from govern.limits import MAX_CONFIG, MiB
from govern.oci.content import BytesContent
from govern.oci.descriptor import Descriptor
from govern.oci.digest import Digest
from govern.progress import SILENT
from support.stores import BLOB, KINDS, Case, put_artifact, some_blob
from support.told import Told

everywhere = pytest.mark.parametrize("case", KINDS, indirect=True)


@dataclass
class Stream:
    """Content that is made while it is read, and never in memory at once."""

    descriptor: Descriptor
    count: int

    @classmethod
    def of(cls, count: int) -> Stream:
        hasher = Digest.of(b"").hasher()
        for number in range(count):
            hasher.update(_chunk(number))
        return cls(Descriptor(media_type=BLOB, digest=f"sha256:{hasher.hexdigest()}", size=count * MiB), count)

    def chunks(self) -> Iterator[bytes]:
        return (_chunk(number) for number in range(self.count))


def _chunk(number: int) -> bytes:
    return number.to_bytes(4) * (MiB // 4)


# --- blobs ---------------------------------------------------------------------------------------


@everywhere
def test_a_blob_is_there_after_it_was_put_and_not_before(case: Case) -> None:
    store, blob, other = case.open(), some_blob(), some_blob()
    assert not store.has_blob(blob.descriptor)
    store.put_blob(blob, SILENT)
    assert case.open().has_blob(blob.descriptor)
    assert not case.open().has_blob(other.descriptor)


@everywhere
def test_putting_a_blob_again_changes_nothing(case: Case) -> None:
    blob, counted = some_blob(300_000), Told()
    for _ in range(3):
        case.open().put_blob(blob, counted)
    assert counted.done == 3 * 300_000
    assert case.open().read_blob(blob.descriptor, MAX_CONFIG, "the blob") == blob.data
    if case.fault is not None:
        assert len(case.fault.requests("PUT|PATCH", "/blobs/")) == 1


@everywhere
@pytest.mark.parametrize("wrong", ["other bytes", "more bytes", "fewer bytes"])
def test_a_blob_that_is_not_what_its_descriptor_says_is_refused(case: Case, wrong: str) -> None:
    said, other = some_blob(70_000), some_blob(70_000).data
    data = {"other bytes": other, "more bytes": said.data + b"x", "fewer bytes": said.data[:-1]}[wrong]
    with pytest.raises(InvalidInput):
        case.open().put_blob(BytesContent(said.descriptor, data), SILENT)
    assert not case.open().has_blob(said.descriptor)
    with pytest.raises(NotFound):
        case.open().read_blob(said.descriptor, MAX_CONFIG, "the blob")
    case.open().put_blob(said, SILENT)
    assert case.open().read_blob(said.descriptor, MAX_CONFIG, "the blob") == said.data


@everywhere
def test_a_blob_without_a_byte_is_a_blob(case: Case, tmp_path: Path) -> None:
    nothing = BytesContent.of(b"", BLOB)
    case.open().put_blob(nothing, SILENT)
    assert case.open().read_blob(nothing.descriptor, MAX_CONFIG, "the blob") == b""
    case.open().fetch_blob(nothing.descriptor, tmp_path / "nothing", SILENT)
    assert (tmp_path / "nothing").read_bytes() == b""


@everywhere
def test_a_read_names_its_bound_and_checks_the_bytes(case: Case) -> None:
    store, blob = case.open(), some_blob(5 * MiB)
    store.put_blob(blob, SILENT)
    with pytest.raises(LimitExceeded, match=r"the card is too large: .*MAX_CONFIG"):
        store.read_blob(blob.descriptor, MAX_CONFIG, "the card")
    # A descriptor that lies about the size does not get past the bound, nor past the check.
    for size in (10, 4 * MiB):
        short = blob.descriptor.model_copy(update={"size": size})
        with pytest.raises((ContentMismatch, LimitExceeded)):
            store.read_blob(short, MAX_CONFIG, "the card")
    with pytest.raises(NotFound):
        store.read_blob(some_blob().descriptor, MAX_CONFIG, "the card")


@everywhere
def test_a_changed_blob_is_neither_read_nor_fetched(case: Case, tmp_path: Path) -> None:
    blob, target = some_blob(100_000), tmp_path / "weights"
    case.open().put_blob(blob, SILENT)
    case.tamper(blob.descriptor.digest)
    target.write_bytes(b"what was there before")
    # crane's registry looks itself, and has it no more.
    refusal = NotFound if case.kind == "crane" else ContentMismatch
    with pytest.raises(refusal):
        case.open().read_blob(blob.descriptor, MAX_CONFIG, "the blob")
    with pytest.raises(refusal):
        case.open().fetch_blob(blob.descriptor, target, SILENT)
    assert target.read_bytes() == b"what was there before"
    part = tmp_path / "weights.part"
    assert not part.exists() or part.stat().st_size == 0


@everywhere
def test_a_fetch_of_what_is_not_there_leaves_nothing(case: Case, tmp_path: Path) -> None:
    put_artifact(case.open())
    blob = some_blob(1000)
    case.open().put_blob(blob, SILENT)
    for descriptor, fault in (
        (some_blob().descriptor, NotFound),
        (blob.descriptor.model_copy(update={"size": 999}), ContentMismatch),
        (blob.descriptor.model_copy(update={"size": 1001}), ContentMismatch),
    ):
        with pytest.raises(fault):
            case.open().fetch_blob(descriptor, tmp_path / "weights", SILENT)
        assert not (tmp_path / "weights").exists()


@everywhere
def test_a_target_that_cannot_be_taken_is_said(case: Case, tmp_path: Path) -> None:
    blob, taken = some_blob(), tmp_path / "taken"
    case.open().put_blob(blob, SILENT)
    (taken / "full").mkdir(parents=True)
    for target in (taken, tmp_path / "no" / "folder"):
        with pytest.raises(Undecided) as caught:
            case.open().fetch_blob(blob.descriptor, target, SILENT)
        assert not isinstance(caught.value, NotFound)


@everywhere
def test_a_large_blob_streams_both_ways(case: Case, tmp_path: Path) -> None:
    stream, sent, came = Stream.of(40), Told(), Told()
    store = case.open()
    tracemalloc.start()
    try:
        store.put_blob(stream, sent)
        store.fetch_blob(stream.descriptor, tmp_path / "weights", came)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (sent.done, came.done) == (40 * MiB, 40 * MiB)
    with (tmp_path / "weights").open("rb") as file:
        assert all(file.read(MiB) == _chunk(number) for number in range(40))
    # The fault registry lives in this process, and holds the blob.
    assert case.fault is not None or peak < 16 * MiB
