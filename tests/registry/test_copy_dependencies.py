"""`--depth`: what an artifact was made from goes along, beside it or where it was told, and only as far as is safe."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import govern
from govern.errors import Denied, UsageError
from govern.names import Name
from govern.oci.digest import Digest
from govern.oci.manifest import read_manifest
from govern.oci.reference import parse
from govern.operations.context import Context
from govern.operations.copy_dependencies import place_below, place_beside, read_dependencies
from govern.operations.copy_result import Copied
from govern.settings import Settings
from support.everything import open_place
from support.fault_registry import FaultRegistry
from support.fault_registry.switches import Burst
from support.records import signer
from support.registries import Running, unique_repository
from support.trees import write_tree

MODEL, DATA, RAW = Name("acme/fraud"), Name("acme/transactions"), Name("acme/raw")


def chain(prefix: str, folder: Path, **keys: str) -> dict[str, Digest]:
    """Push raw data, a dataset made from it, and a model made from that; return what each is."""
    write_tree(folder / "raw", {"raw.csv": b"1,2\n"})
    write_tree(folder / "data", {"data.csv": b"1\n"})
    write_tree(folder / "model", {"README.md": b"# It\n"})
    found: dict[str, Digest] = {}
    inputs: list[Path] = []
    for tree, name in (("raw", RAW), ("data", DATA), ("model", MODEL)):
        key = signer(keys.get(tree, "ci"))
        reference = f"{prefix}/{name}:1.0.0"
        kind = "model" if tree == "model" else "dataset"
        pushed = govern.push(folder / tree, reference, key=key, name=name, kind=kind, inputs=inputs)  # type: ignore[arg-type]
        found[tree] = pushed.pinned.digest
        inputs = [folder / f"{tree}-pulled"]
        govern.pull(str(pushed.pinned), inputs[0], key=key.public_key, name=name)
    return found


@pytest.fixture(params=["layout", "distribution", "zot"])
def prefixes(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """Return where to copy from and to, without the name."""
    if request.param == "layout":
        return f"layout:{tmp_path}/home", f"layout:{tmp_path}/mirror"
    running: Running = request.getfixturevalue(request.param)
    return tuple(f"{running.host}/{unique_repository()}" for _ in range(2))  # type: ignore[return-value]


def test_what_it_was_made_from_goes_beside_it_so_many_levels(prefixes: tuple[str, str], tmp_path: Path) -> None:
    home, mirror = prefixes
    digests = chain(home, tmp_path)
    source = f"{home}/{MODEL}:1.0.0"
    assert [one.name for one in govern.copy(source, f"{mirror}-0/{MODEL}").names] == [MODEL]
    one = govern.copy(source, f"{mirror}-1/{MODEL}", depth=1)
    assert [(each.name, each.target) for each in one.names] == [
        (MODEL, f"{mirror}-1/{MODEL}"),
        (DATA, f"{mirror}-1/{DATA}"),
    ]
    assert one.complete
    two = govern.copy(source, f"{mirror}-2/{MODEL}", depth=2, key=signer().public_key, name=MODEL)
    assert [each.name for each in two.names] == [MODEL, DATA, RAW]
    assert two.complete
    # Each is a whole copy, with its tag, its records and its line.
    for tree, name in (("raw", RAW), ("data", DATA)):
        assert govern.resolve(f"{mirror}-2/{name}:1.0.0").digest == digests[tree]
        assert govern.verify(f"{mirror}-2/{name}:1.0.0", key=signer().public_key, name=name).outcome == "allowed"
    again = govern.copy(source, f"{mirror}-2/{MODEL}", depth=2)
    assert (again.sent.manifests, again.sent.blobs) == (0, 0)


def test_what_stays_where_it_is_is_said(tmp_path: Path) -> None:
    chain(f"layout:{tmp_path}/home", tmp_path)
    source, target = f"layout:{tmp_path}/home/{MODEL}:1.0.0", f"layout:{tmp_path}/mirror"

    def stays(found: Copied) -> list[str]:
        return [note for note in found.notes if note.startswith("made from ")]

    assert stays(govern.copy(source, f"{target}-0/{MODEL}")) == [
        f"made from {DATA}, which stays where it is: --depth 1 copies that too"
    ]
    assert stays(govern.copy(source, f"{target}-1/{MODEL}", depth=1)) == [
        f"made from {RAW}, which stays where it is: --depth 2 copies that too"
    ]
    assert stays(govern.copy(source, f"{target}-2/{MODEL}", depth=2)) == []
    assert stays(govern.copy(source, f"{target}-0/{MODEL}", records_only=True)) == []
    assert stays(govern.save(source, tmp_path / "it.tar").copied) == [
        f"made from {DATA}, which stays where it is: it needs a file of its own"
    ]


def test_what_a_note_could_not_read_and_the_copy_could_makes_no_copy_incomplete(
    fault_registry: FaultRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain(fault_registry.host, tmp_path)
    source = f"{fault_registry.host}/{MODEL}:1.0.0"
    store = open_place(f"{fault_registry.host}/{MODEL}")
    (record,) = (one.manifest for one in govern.records(source).found if one.word == "provenance")
    (bundle,) = read_manifest(store.get_manifest(record)).layers
    monkeypatch.setenv("GOVERN_CACHE_DIR", str(tmp_path / "another-machine"))
    fault_registry.switches.status_burst.append(Burst(403, 1, "GET", f"/blobs/{bundle.digest}"))
    copied = govern.copy(source, f"layout:{tmp_path}/mirror/{MODEL}")
    assert fault_registry.switches.status_burst[0].times == 0
    assert (copied.complete, copied.not_carried) == (True, ())


def test_it_goes_where_it_is_told(tmp_path: Path) -> None:
    chain(f"layout:{tmp_path}/home", tmp_path)
    source = f"layout:{tmp_path}/home/{MODEL}:1.0.0"
    copied = govern.copy(source, f"layout:{tmp_path}/out/it", depth=1, dependencies=f"layout:{tmp_path}/data")
    assert copied.names[1].target == f"layout:{tmp_path}/data/{DATA}"
    with pytest.raises(UsageError, match="none are copied"):
        govern.copy(source, f"layout:{tmp_path}/out/it", dependencies=f"layout:{tmp_path}/data")


def test_under_a_policy_what_is_not_allowed_stops_everything(tmp_path: Path) -> None:
    chain(f"layout:{tmp_path}/home", tmp_path, data="stranger")
    source, target = f"layout:{tmp_path}/home/{MODEL}:1.0.0", f"layout:{tmp_path}/mirror/{MODEL}"
    with pytest.raises(Denied):
        govern.copy(source, target, depth=1, key=signer().public_key, name=MODEL)
    assert not (tmp_path / "mirror").exists()


def test_what_is_gone_is_said(tmp_path: Path) -> None:
    digests = chain(f"layout:{tmp_path}/home", tmp_path)
    (tmp_path / f"home/{DATA}").rename(tmp_path / "elsewhere")
    copied = govern.copy(f"layout:{tmp_path}/home/{MODEL}:1.0.0", f"layout:{tmp_path}/mirror/{MODEL}", depth=1)
    assert [one.digest for one in copied.not_carried] == [digests["data"]]
    assert [one.name for one in copied.names] == [MODEL]


def test_a_host_that_only_a_stranger_names_is_not_asked(
    fault_registry: FaultRegistry, start_fault_registry: Callable[..., FaultRegistry], tmp_path: Path
) -> None:
    other = start_fault_registry()
    digests = chain(f"{other.host}/home", tmp_path)
    pulled = tmp_path / "data-pulled"
    home = f"{fault_registry.host}/here/{MODEL}"
    govern.push(tmp_path / "model", f"{home}:1.0.0", key=signer(), name=MODEL, inputs=[pulled])
    before = len(other.requests())
    copied = govern.copy(f"{home}:1.0.0", f"layout:{tmp_path}/mirror/{MODEL}", depth=1)
    assert [one.digest for one in copied.not_carried] == [digests["data"]]
    assert "nobody verified names another host" in copied.not_carried[0].reason
    assert len(other.requests()) == before
    vouched = govern.copy(
        f"{home}:1.0.0", f"layout:{tmp_path}/mirror/{MODEL}", depth=1, key=signer().public_key, name=MODEL
    )
    assert vouched.complete
    assert open_place(f"layout:{tmp_path}/mirror/{DATA}").get_manifest("1.0.0").digest == digests["data"]


def test_two_names_are_never_led_to_one_place(tmp_path: Path) -> None:
    chain(f"layout:{tmp_path}/home", tmp_path)
    source = f"layout:{tmp_path}/home/{MODEL}:1.0.0"
    write_tree(tmp_path / "other", {"README.md": b"# Other\n"})
    govern.push(tmp_path / "other", f"layout:{tmp_path}/mirror/transactions:1", key=signer(), name="other/transactions")
    copied = govern.copy(source, f"layout:{tmp_path}/mirror/it", depth=1)
    assert "another name" in copied.not_carried[0].reason
    assert [one.name for one in copied.names] == [MODEL]


# --- rules by themselves -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "beside"),
    [
        ("h.example/mirror/acme/fraud", "h.example/mirror/acme/transactions"),
        ("h.example/acme/fraud", "h.example/acme/transactions"),
        ("h.example/mirror/production", "h.example/mirror/transactions"),
        ("h.example/production", "h.example/transactions"),
        ("h.example/x-acme/fraud", "h.example/x-acme/transactions"),
        ("layout:store/fraud", "layout:store/transactions"),
        ("layout:fraud", "layout:transactions"),
        ("layout:/srv/acme/fraud", "layout:/srv/acme/transactions"),
    ],
)
def test_what_is_beside_a_place(place: str, beside: str) -> None:
    assert str(place_beside(parse(place).place, MODEL, DATA)) == beside
    assert str(place_beside(parse(place).place, MODEL, MODEL)) == place


def test_what_is_below_a_prefix() -> None:
    with Context(Settings()) as context:
        assert str(place_below(context, "h.example/mirror/", DATA)) == f"h.example/mirror/{DATA}"
        assert str(place_below(context, "layout:/srv", DATA)) == f"layout:/srv/{DATA}"


def test_whatever_a_provenance_contains_only_artifacts_come_out() -> None:
    digest = {"sha256": "a" * 64}
    entries = [
        {"uri": "oci://h.example/data@sha256:" + "a" * 64, "digest": digest, "name": "acme/transactions@1"},
        {"name": "acme/raw@1", "digest": {"sha256": "b" * 64}},
        {"name": "code", "digest": {"gitCommit": "c" * 40}, "uri": "git+https://h.example/code"},
        {"uri": "https://h.example/data.csv", "digest": digest},
        {"uri": "oci://https://no", "digest": digest},
        {"uri": "oci://h.example/data", "digest": {"sha256": "short"}},
        {"uri": "oci://h.example/data"},
        {"name": "../..", "digest": digest},
        None,
        7,
        {"digest": [], "uri": {}},
    ]
    found = list(read_dependencies({"buildDefinition": {"resolvedDependencies": entries}}))
    assert [(str(one.place), one.name) for one in found] == [("h.example/data", DATA), ("None", RAW)]
    assert list(read_dependencies({"materials": entries})) == found
    odd: Any
    for odd in ({}, {"buildDefinition": []}, {"buildDefinition": {"resolvedDependencies": {}}}, {"materials": 1}):
        assert list(read_dependencies(odd)) == []
