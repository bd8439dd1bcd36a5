"""A large file that nobody hashed yet is sent while it is hashed; whatever goes wrong, it is sent as usual."""

from __future__ import annotations

import hashlib
import os
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

import govern
from govern.errors import Denied, InvalidInput, Undecided
from govern.operations import ahead
from govern.settings import HostSettings, Settings, load_settings
from govern.signing.key_file import KeySigner, generate_key_pair, load_signer
from support.fault_registry import Burst, Cut, FaultRegistry, Hold
from support.model_files import zip_of
from support.registries import Running
from support.trees import write_tree

SIZE = 3_000_000


@dataclass
class Desk:
    """A model with one large file, and who pushes it."""

    model: Path
    signer: KeySigner

    def push(self, reference: str, settings: Settings | None = None) -> str:
        pushed = govern.push(self.model, reference, key=self.signer, settings=settings or load_settings({}))
        return str(pushed.pinned)

    @property
    def digest(self) -> str:
        return f"sha256:{hashlib.sha256((self.model / 'weights.bin').read_bytes()).hexdigest()}"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    # What is worth it is 64 MiB in life. Without a cache directory nothing was ever hashed before.
    monkeypatch.setattr(ahead, "AHEAD_FROM", 1_000_000)
    private, _, _ = generate_key_pair(tmp_path / "ci", None)
    write_tree(tmp_path / "model", {"weights.bin": os.urandom(SIZE), "README.md": b"# It\n"})
    return Desk(tmp_path / "model", load_signer(str(private), lambda _label: None, {}))


def blobs_sent(registry: FaultRegistry, least: int = SIZE) -> list[tuple[str, int]]:
    """Return (method, status) of every request that carried a large body."""
    return [(one.method, one.status) for one in registry.requests() if one.body_length >= least]


def forgotten(registry: FaultRegistry) -> bool:
    """Whether no upload is left open."""
    return not any(one.uploads for one in registry.content.repositories.values())


def test_it_is_sent_once_and_named_at_the_end(desk: Desk, fault_registry: FaultRegistry) -> None:
    desk.push(f"{fault_registry.host}/acme/fraud:1.0.0")
    assert blobs_sent(fault_registry) == [("PATCH", 202)]
    assert len(fault_registry.requests("PUT", f"digest={desk.digest.replace(':', '%3A')}")) == 1
    assert forgotten(fault_registry)
    govern.verify(f"{fault_registry.host}/acme/fraud:1.0.0", key=desk.signer.public_key).require()


def test_it_is_sent_before_it_is_hashed(
    desk: Desk, fault_registry: FaultRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    from govern.artifact import hashing

    arrived, hash_file = [], hashing.hash_file

    def late(*arguments: object) -> object:
        # Hashing begins only when the whole file is there: were it the other way round, this would never end.
        for _ in range(300):
            if blobs_sent(fault_registry):
                break
            threading.Event().wait(0.1)
        arrived.append(bool(blobs_sent(fault_registry)))
        return hash_file(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(hashing, "hash_file", late)
    desk.push(f"{fault_registry.host}/acme/fraud:1.0.0")
    assert arrived[0]


def test_real_registries_take_it(desk: Desk, registry: Running, repository: str, tmp_path: Path) -> None:
    reference = f"{registry.host}/{repository}:1.0.0"
    desk.push(reference)
    govern.pull(reference, tmp_path / "out", key=desk.signer.public_key)
    assert (tmp_path / "out" / "weights.bin").read_bytes() == (desk.model / "weights.bin").read_bytes()


def test_of_what_the_registry_has_nothing_is_kept(desk: Desk, fault_registry: FaultRegistry) -> None:
    desk.push(f"{fault_registry.host}/acme/fraud:1.0.0")
    desk.push(f"{fault_registry.host}/acme/fraud:2.0.0")
    named = fault_registry.requests("PUT", f"digest={desk.digest.replace(':', '%3A')}")
    assert len(named) == 1
    assert len(fault_registry.requests("DELETE", "/blobs/uploads/")) == 1
    assert forgotten(fault_registry)


def test_a_version_that_is_taken_is_looked_at_before_anything_is_sent(
    desk: Desk, fault_registry: FaultRegistry
) -> None:
    desk.push(f"{fault_registry.host}/acme/fraud:1.0.0")
    (desk.model / "weights.bin").write_bytes(os.urandom(SIZE))
    before = len(fault_registry.requests())
    with pytest.raises(Denied, match="taken"):
        desk.push(f"{fault_registry.host}/acme/fraud:1.0.0")
    assert not [one for one in fault_registry.requests()[before:] if one.method not in ("GET", "HEAD")]


def test_a_tag_of_other_content_calls_it_back(desk: Desk, fault_registry: FaultRegistry) -> None:
    desk.push(f"{fault_registry.host}/acme/fraud:1.0.0")
    repository = fault_registry.content.repositories["acme/fraud"]
    # Another tool's tag: nobody registered it.
    repository.tags["2.0.0"] = [repository.resolve("1.0.0")]
    (desk.model / "weights.bin").write_bytes(os.urandom(SIZE))
    with pytest.raises(Denied, match="points to other content"):
        desk.push(f"{fault_registry.host}/acme/fraud:2.0.0")
    assert forgotten(fault_registry)
    assert not fault_registry.requests("PUT", f"digest={desk.digest.replace(':', '%3A')}")


def test_what_must_not_be_packed_is_not_sent(desk: Desk, fault_registry: FaultRegistry) -> None:
    (desk.model / "model.pt").write_bytes(
        zip_of({"m/data.pkl": b"\x80\x02cos\nsystem\n.", "m/data/0": os.urandom(SIZE)})
    )
    with pytest.raises(InvalidInput, match="pickle"):
        desk.push(f"{fault_registry.host}/acme/fraud:1.0.0")
    assert not fault_registry.requests("POST|PATCH|PUT")


@pytest.mark.parametrize(
    "fault", ["405", "413", "416", "500", "cut", "cut and gone", "session refused", "name refused", "name cut"]
)
def test_where_it_fails_the_blob_is_sent_as_usual(desk: Desk, fault_registry: FaultRegistry, fault: str) -> None:
    switches = fault_registry.switches
    # Only the naming of this blob: the small ones are named at the same time.
    name = f"digest={desk.digest.replace(':', '%3A')}"
    match fault:
        case "cut":
            switches.cut_upload = Cut(1_000_000)
        case "cut and gone":
            switches.cut_upload = Cut(1_000_000, reset=True, keeps=False)
        case "session refused":
            switches.status_burst.append(Burst(403, 1, method="POST", path="/blobs/uploads/"))
        case "name refused":
            switches.status_burst.append(Burst(400, 1, method="PUT", path=name))
        case "name cut":
            switches.status_burst.append(Burst(503, 1, method="PUT", path=name, early=True))
        case status:
            switches.status_burst.append(Burst(int(status), 1, method="PATCH", early=True))
    desk.push(f"{fault_registry.host}/acme/fraud:1.0.0")
    assert desk.digest in fault_registry.content.repositories["acme/fraud"].blobs
    govern.verify(f"{fault_registry.host}/acme/fraud:1.0.0", key=desk.signer.public_key).require()


def test_registries_that_take_one_piece_or_small_ones_get_them(desk: Desk, fault_registry: FaultRegistry) -> None:
    fault_registry.switches.chunked_unsupported = True
    desk.push(f"{fault_registry.host}/acme/google:1.0.0")
    fault_registry.switches.chunked_unsupported = False
    fault_registry.switches.chunk_max = 1_048_576
    desk.push(f"{fault_registry.host}/acme/small:1.0.0")
    for name in ("acme/google", "acme/small"):
        assert desk.digest in fault_registry.content.repositories[name].blobs


def test_a_host_that_is_set_to_chunks_is_sent_nothing_ahead(desk: Desk, fault_registry: FaultRegistry) -> None:
    settings = Settings(hosts={fault_registry.host: HostSettings(upload="chunks")})
    desk.push(f"{fault_registry.host}/acme/fraud:1.0.0", settings)
    # A chunk says where it belongs.
    ranges = [one.headers.get("content-range") for one in fault_registry.requests("PATCH")]
    assert f"0-{SIZE - 1}" in ranges
    assert None not in ranges
    assert desk.digest in fault_registry.content.repositories["acme/fraud"].blobs


def test_a_file_that_changes_meanwhile_is_refused_and_never_named(
    desk: Desk, fault_registry: FaultRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    from govern.artifact import hashing

    hash_file = hashing.hash_file

    def meddle(*arguments: object) -> object:
        result = hash_file(*arguments)  # type: ignore[arg-type]
        (desk.model / "weights.bin").write_bytes(os.urandom(SIZE))
        return result

    monkeypatch.setattr(hashing, "hash_file", meddle)
    # What is sent stands still until the file has changed.
    hold = fault_registry.switches.hold = Hold(0, "PATCH")
    threading.Timer(1.0, hold.let_go.set).start()
    with pytest.raises(InvalidInput, match="changed"):
        desk.push(f"{fault_registry.host}/acme/fraud:1.0.0")
    assert "acme/fraud" not in fault_registry.content.repositories or not [
        one for one, data in fault_registry.content.repositories["acme/fraud"].blobs.items() if len(data) == SIZE
    ]


def test_a_registry_that_goes_away_leaves_no_thread(desk: Desk, fault_registry: FaultRegistry) -> None:
    fault_registry.switches.status_burst.append(Burst(503, 10_000, path="/blobs/"))
    with pytest.raises(Undecided):
        desk.push(f"{fault_registry.host}/acme/fraud:1.0.0")
    assert not [one for one in threading.enumerate() if one.name.startswith("ahead")]
