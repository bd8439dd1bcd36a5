"""What oras-py 0.2.43 does wrong with paths, `GovernRegistry` does not: one test for each hole."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import oras.container
import oras.layout
import oras.oci
import pytest

from govern.errors import ContentMismatch, InvalidInput, ProtocolError
from govern.store.oras_adapter import GovernRegistry
from govern.store.oras_transfer import FOLDER
from support.fault_registry import FaultRegistry
from support.foreign import DATA, NAME, OCTETS, files_below, layer_of, serve
from support.plain_client import digest_of


@pytest.fixture
def client(fault_registry: FaultRegistry) -> Iterator[GovernRegistry]:
    found = GovernRegistry(hostname=fault_registry.host, insecure=True)
    yield found
    found.close()


@pytest.fixture
def target(fault_registry: FaultRegistry) -> str:
    return f"{fault_registry.host}/{NAME}:1"


@pytest.mark.parametrize("digest", ["sha256:../../../evil", "sha256:" + "0" * 63 + "/", "md5:" + "0" * 32])
def test_a_digest_is_no_path(
    fault_registry: FaultRegistry, client: GovernRegistry, target: str, tmp_path: Path, digest: str
) -> None:
    fault_registry.content.repository(NAME).blobs[digest] = b"evil"
    serve(fault_registry, (b"evil", {"mediaType": OCTETS, "digest": digest, "size": 4}))
    layout = tmp_path / "a" / "b" / "layout"
    layout.mkdir(parents=True)
    with pytest.raises(InvalidInput, match="digest"):
        oras.layout.NewLayoutFromRegistry(str(layout), client, target)
    with pytest.raises(InvalidInput, match="digest"):
        client.download_blob(target, digest, str(tmp_path / "blob"))
    with pytest.raises(ProtocolError, match="digest"):
        client.pull(target, outdir=tmp_path / "out")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_layout_that_oras_py_pulls_is_checked(
    fault_registry: FaultRegistry, client: GovernRegistry, target: str, tmp_path: Path
) -> None:
    digest = serve(fault_registry, (DATA, layer_of(DATA, "model.bin")))
    oras.layout.NewLayoutFromRegistry(str(tmp_path / "good"), client, target)
    assert (tmp_path / "good" / "blobs" / digest.replace(":", "/")).is_file()
    fault_registry.switches.flip_byte = "/blobs/"
    with pytest.raises(ContentMismatch):
        oras.layout.NewLayoutFromRegistry(str(tmp_path / "bad"), client, target)
    assert not (tmp_path / "bad" / "blobs" / digest_of(DATA).replace(":", "/")).exists()


@pytest.mark.parametrize(
    "title", ["../evil", "/tmp/evil", "a/../../evil", "a\\b", "a\nb", ".govern-tar/../../evil", ".."]
)
def test_a_title_does_not_leave_the_directory(
    fault_registry: FaultRegistry, client: GovernRegistry, target: str, tmp_path: Path, title: str
) -> None:
    serve(fault_registry, (DATA, layer_of(DATA, title)))
    with pytest.raises(ProtocolError, match="path that an artifact cannot hold"):
        client.pull(target, outdir=tmp_path / "out")
    assert files_below(tmp_path) == ["out"]


def test_a_title_does_not_follow_a_link_out_of_the_directory(
    fault_registry: FaultRegistry, client: GovernRegistry, target: str, tmp_path: Path
) -> None:
    serve(fault_registry, (DATA, layer_of(DATA, "link/model.bin")))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InvalidInput, match="in the way"):
        client.pull(target, outdir=tmp_path / "out")
    assert files_below(tmp_path / "elsewhere") == []


def test_two_layers_with_one_title_are_refused(
    fault_registry: FaultRegistry, client: GovernRegistry, target: str, tmp_path: Path
) -> None:
    serve(fault_registry, (DATA, layer_of(DATA, "model.bin")), (b"other", layer_of(b"other", "./model.bin")))
    with pytest.raises(ProtocolError, match="same path"):
        client.pull(target, outdir=tmp_path)
    assert files_below(tmp_path) == []


def targz(*members: tuple[str, bytes | str | None, bytes]) -> bytes:
    """Return a tar+gzip of (name, content or link target or None, type)."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content, kind in members:
            info = tarfile.TarInfo(name)
            info.type = kind
            if isinstance(content, str):
                info.linkname = content
            data = content if isinstance(content, bytes) else b""
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return gzip.compress(packed.getvalue())


DIRECTORY = ("data", None, tarfile.DIRTYPE)
GOOD = ("data/a.txt", b"good", tarfile.REGTYPE)


@pytest.mark.parametrize(
    "members",
    [
        # Beside the directory and with its name as a prefix: what `os.path.commonprefix` takes for inside.
        [("../out-evil/x", b"evil", tarfile.REGTYPE)],
        [("data/../../out-evil/x", b"evil", tarfile.REGTYPE)],
        [("/etc/evil", b"evil", tarfile.REGTYPE)],
        [("database/x", b"evil", tarfile.REGTYPE)],
        [("data/link", "/etc", tarfile.SYMTYPE), ("data/link/evil", b"evil", tarfile.REGTYPE)],
        [("data/hard", "../../secret", tarfile.LNKTYPE)],
        [("data/pipe", None, tarfile.FIFOTYPE)],
        [("data/device", None, tarfile.CHRTYPE)],
        [("data/a.txt", b"again", tarfile.REGTYPE)],
        [("data/A.TXT", b"other case", tarfile.REGTYPE)],
        [("data/a.txt/x", b"a file as a directory", tarfile.REGTYPE)],
        [("data/a.txt", None, tarfile.DIRTYPE)],
    ],
    ids=lambda members: members[0][0],
)
def test_a_directory_with_an_unsafe_member_is_not_unpacked_at_all(
    fault_registry: FaultRegistry, client: GovernRegistry, target: str, tmp_path: Path, members: Any
) -> None:
    data = targz(DIRECTORY, GOOD, *members)
    serve(fault_registry, (data, layer_of(data, "data", FOLDER)))
    with pytest.raises(ProtocolError):
        client.pull(target, outdir=tmp_path / "out")
    assert files_below(tmp_path) == ["out"]
    # The way that the refusal names.
    client.download_blob(target, digest_of(data), str(tmp_path / "layer.tar.gz"))
    assert (tmp_path / "layer.tar.gz").read_bytes() == data


@pytest.mark.parametrize(
    ("title", "data"),
    [
        ("layer.tar.gz", targz(("etc/passwd", b"root", tarfile.REGTYPE))),
        ("data", b"not gzip at all"),
        ("data", targz(("elsewhere/x", b"x", tarfile.REGTYPE))),
    ],
)
def test_a_layer_that_is_no_directory_stays_the_file_that_it_is(
    fault_registry: FaultRegistry, client: GovernRegistry, target: str, tmp_path: Path, title: str, data: bytes
) -> None:
    serve(fault_registry, (data, layer_of(data, title, FOLDER)))
    assert client.pull(target, outdir=tmp_path) == [str(tmp_path / title)]
    assert (tmp_path / title).read_bytes() == data
    assert files_below(tmp_path) == [title]


def test_a_layer_that_unpacks_to_far_more_than_it_is_is_refused(
    fault_registry: FaultRegistry, client: GovernRegistry, target: str, tmp_path: Path
) -> None:
    data = gzip.compress(bytes(80 * 1024 * 1024))
    serve(fault_registry, (data, layer_of(data, "data", FOLDER)))
    with pytest.raises(ProtocolError, match="MAX_RATIO"):
        client.pull(target, outdir=tmp_path)
    assert files_below(tmp_path) == []


def test_a_directory_beside_the_working_directory_is_not_inside_of_it(
    client: GovernRegistry, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("wd", "wd-evil"):
        (tmp_path / name).mkdir()
    (tmp_path / "wd-evil" / "secret").write_text("secret")
    (tmp_path / "wd" / "link").symlink_to(tmp_path / "wd-evil" / "secret")
    monkeypatch.chdir(tmp_path / "wd")
    for path in (tmp_path / "wd-evil" / "secret", "../wd-evil/secret", "link"):
        # By the name under which scripts catch it.
        with pytest.raises(ValueError, match="not in the present working directory"):
            client.push(target, files=[path])
