"""What lies where a blob is fetched to: gone on with, or done again; and the registry is blamed for its own bytes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from govern.errors import ContentMismatch, Undecided
from govern.store.registry import RegistryStore
from support.fault_registry import FaultRegistry
from support.stores import Case, some_blob
from support.told import Told

SIZE = 100_000
one_registry = pytest.mark.parametrize("case", ["fault, API"], indirect=True)


def ranges(registry: FaultRegistry) -> list[str | None]:
    return [one.headers.get("range") for one in registry.requests("GET", "/blobs/")]


@one_registry
@pytest.mark.parametrize("left", [1, SIZE // 2, SIZE - 1, SIZE, SIZE + 7])
@pytest.mark.parametrize("right", [True, False])
def test_a_part_that_was_left_is_gone_on_with_or_done_again(left: int, right: bool, case: Case, tmp_path: Path) -> None:
    assert case.fault is not None
    blob, told = some_blob(SIZE), Told()
    case.open().put_blob(blob, Told())
    (tmp_path / "it.part").write_bytes((blob.data + bytes(7))[:left] if right else bytes([blob.data[0] ^ 1]) * left)
    case.open().fetch_blob(blob.descriptor, tmp_path / "it", told)
    assert (tmp_path / "it").read_bytes() == blob.data
    assert told.done == SIZE
    rest = [f"bytes={left}-{SIZE - 1}"] if left < SIZE else []
    assert ranges(case.fault) == rest + ([] if right else [None])


@one_registry
@pytest.mark.parametrize("left", [0, SIZE // 2])
def test_a_registry_that_sends_other_bytes_is_asked_from_the_start_once_and_then_blamed(
    left: int, case: Case, tmp_path: Path
) -> None:
    assert case.fault is not None
    blob = some_blob(SIZE)
    case.open().put_blob(blob, Told())
    case.tamper(blob.descriptor.digest)
    (tmp_path / "it.part").write_bytes(b"X" * left)
    with pytest.raises(ContentMismatch):
        case.open().fetch_blob(blob.descriptor, tmp_path / "it", Told())
    assert ranges(case.fault) == ([f"bytes={left}-{SIZE - 1}"] if left else []) + [None]
    assert list(tmp_path.iterdir()) == []


@one_registry
def test_a_part_that_leads_elsewhere_is_not_written_through(case: Case, tmp_path: Path) -> None:
    blob, victim, part = some_blob(SIZE), tmp_path / "bashrc", tmp_path / "it.part"
    case.open().put_blob(blob, Told())
    store: RegistryStore = case.open()  # type: ignore[assignment]
    for plant in (
        lambda: part.symlink_to(victim),
        lambda: part.symlink_to(tmp_path / "new"),
        lambda: part.hardlink_to(victim),
        lambda: os.mkfifo(part),
    ):
        victim.write_bytes(b"PRECIOUS")
        plant()
        with pytest.raises(Undecided, match="cannot be written"):
            store.fetch_blob(blob.descriptor, tmp_path / "it", Told())
        assert victim.read_bytes() == b"PRECIOUS"
        assert not (tmp_path / "new").exists()
        part.unlink()
