"""Trees that cannot be packed and stores that are damaged by hand: refused by name, nothing sent, nothing left."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from support.desk import MODEL, Desk, copy_desk, make_desk
from support.refusal import check_refusal
from support.trees import write_tree


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return make_desk(tmp_path_factory.mktemp("files") / "desk")


@pytest.fixture
def own(desk: Desk, tmp_path: Path) -> Desk:
    """A desk that a test may spoil."""
    return copy_desk(desk, tmp_path / "desk")


def _socket(tree: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        # By a short path: a socket's address holds 108 bytes.
        before = os.open(".", os.O_RDONLY)
        try:
            os.chdir(tree)
            one.bind("socket")
        finally:
            os.fchdir(before)
            os.close(before)


def _write(name: str | bytes, data: bytes = b"x\n") -> Callable[[Path], None]:
    def make(tree: Path) -> None:
        path = Path(os.fsdecode(os.path.join(os.fsencode(tree), os.fsencode(name))))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    return make


def _link(name: str, target: str) -> Callable[[Path], None]:
    return lambda tree: (tree / name).symlink_to(target)


def _several(*steps: Callable[[Path], None]) -> Callable[[Path], None]:
    def make(tree: Path) -> None:
        for step in steps:
            step(tree)

    return make


PICKLE: Final = b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94\x8c\x06system\x94\x93\x94."

TREES: Final[dict[str, tuple[Callable[[Path], None], str, str | None]]] = {
    "a pipe": (lambda tree: os.mkfifo(tree / "pipe"), "not a regular file.*'pipe'", ".governignore"),
    "a socket": (_socket, "not a regular file.*'socket'", ".governignore"),
    "a pipe for metadata": (lambda tree: os.mkfifo(tree / "govern.yaml"), "metadata file is not a regular file", None),
    "a folder for metadata": (lambda tree: (tree / "govern.yaml").mkdir(), "metadata file is not a regular", None),
    "a link to nothing for metadata": (_link("govern.yaml", "none"), "metadata file is not a regular file", None),
    "a pipe for the lock": (lambda tree: os.mkfifo(tree / "govern.lock"), "lock is not a regular file", None),
    "a folder for the lock": (lambda tree: (tree / "govern.lock").mkdir(), "lock is not a regular file", None),
    "a broken link": (_link("gone", "no such file"), "a link points nowhere.*no such file", "remove the link"),
    "a link to itself": (_link("loop", "loop"), "link", "remove the link"),
    "a link out of the tree": (
        _several(_write("../beside"), _link("out", "../beside")), "leaves the tree.*beside", "--link-root",
    ),
    "a link to an absolute path": (_link("out", "/etc/hostname"), "leaves the tree", "--link-root"),
    "a link to a folder": (_several(_write("a/b"), _link("folder", "a")), "points to a folder", None),
    "a name that is not Unicode": (_write(b"caf\xe9"), "not Unicode", "rename"),
    "a folder that is not Unicode": (_write(b"caf\xe9/x"), "not Unicode", "rename"),
    "a line break in a name": (_write("a\nb"), "control", "rename"),
    "an escape sequence in a name": (_write("\x1b[2J"), "control", "rename"),
    "an invisible letter in a name": (_write("a\u202eb"), "invisible", "rename"),
    "a backslash in a name": (_write("a\\b"), "backslash", "rename"),
    "a name that is not in normal form C": (_write("cafe\u0301"), "normal form", "rename"),
    "two names that differ in case": (_several(_write("a.txt"), _write("A.txt")), "only in case", "rename"),
    "two folders that differ in case": (_several(_write("a/x"), _write("A/y")), "only in case", "rename"),
    "a folder of ours": (_write(".govern-tar/x"), "reserved", None),
    "a secret by its name": (_write(".env"), "secret", "--allow-secret"),
    "a secret by its content": (_write("notes.txt", b"key AKIA" + b"ABCDEFGHIJKLMNOP\n"), "secret", "--allow-secret"),
    "a private key": (_write("k.txt", b"-----BEGIN PRIVATE KEY-----\nAAAA\n"), "secret", "--allow-secret"),
    "a pickle": (_write("model.bin", PICKLE), "pickle", "--allow-pickle"),
    "a wrong pattern of what is ignored": (_write(".governignore", b"!\n"), "governignore", None),
    "ignored names that are not UTF-8": (_write(".governignore", b"\xff\n"), "governignore", None),
    "metadata of another version": (_write("govern.yaml", b"version: '2'\n"), "two versions", "remove version"),
    "metadata with a reference that nobody has": (
        _write("govern.yaml", b"kind: model\ndatasets: [{reference: 'layout:none/x:1'}]\n"), "layout", None,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("make", "says", "hint"), TREES.values(), ids=TREES)
def test_a_tree_that_cannot_be_packed_is_refused(
    make: Callable[[Path], None], says: str, hint: str | None, desk: Desk, tmp_path: Path
) -> None:
    tree = write_tree(tmp_path / "work" / "tree", MODEL)
    make(tree)
    before = desk.seen()
    ran = desk.run("push", str(tree), f"layout:{tmp_path}/new:1.0", "--key", "ci.key")
    check_refusal(ran.code, ran.stderr, says=f"(?is){says}", hint=hint)
    assert ran.stdout == ""
    assert desk.seen() == before
    # A layout may have been begun; what stands in it must be nothing that anybody could pull.
    assert not list(tmp_path.glob("new/blobs/sha256/*"))


def test_a_single_file_that_is_a_pipe_is_refused(desk: Desk, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    ran = desk.run("push", str(tmp_path / "pipe"), f"layout:{tmp_path}/new:1.0", "--key", "ci.key")
    check_refusal(ran.code, ran.stderr, says="not a regular file")


DAMAGE: Final[dict[str, tuple[str, bytes | None, str]]] = {
    "no index": ("index.json", None, "no OCI image layout"),
    "no layout file": ("oci-layout", None, "no OCI image layout"),
    "an empty index": ("index.json", b"", "not valid JSON"),
    "an index that is cut": ("index.json", b'{"schemaVersion": 2, "manif', "not valid JSON"),
    "an index of another shape": ("index.json", b"[]", "not an object"),
    "an index without end": ("index.json", b"[" * 100_000, "JSON"),
    "an index with a path for a digest": (
        "index.json",
        (
            b'{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":1,'
            b'"digest":"sha256:../../../../ci.key","annotations":{"org.opencontainers.image.ref.name":"1.0"}}]}'
        ),
        "not what the image spec says.*not a digest",
    ),
    "a layout of another version": ("oci-layout", b'{"imageLayoutVersion": "9"}', "imageLayoutVersion '9'"),
    "a layout file that nests": ("oci-layout", b"[" * 1024, "not an OCI image layout"),
    "a layout file that is no JSON": ("oci-layout", bytes(range(256)), "not an OCI image layout"),
}


@pytest.mark.parametrize(("file", "data", "says"), DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_layout_is_never_one_without_records(file: str, data: bytes | None, says: str, own: Desk) -> None:
    path = own.folder / "store" / "fraud" / file
    path.unlink()
    if data is not None:
        path.write_bytes(data)
    before = own.seen()
    reference = "layout:store/fraud:1.0"
    for line in (
        ("verify", reference, "--key", "ci.pub"),
        ("pull", reference, "--key", "ci.pub", "-o", "out"),
        ("records", reference),
        ("tree", reference),
        ("show", reference),
        ("list", "layout:store/fraud"),
        ("resolve", reference),
        ("annotate", reference, "a=b", "--key", "ci.key"),
    ):
        ran = own.run(*line)
        if line[0] == "list" and ran.stdout:
            # A listing shows what it has, and says that it is not all.
            assert ran.code == 3
            assert "INCOMPLETE" in ran.stdout
            assert "no registered versions" not in ran.stdout
        else:
            check_refusal(ran.code, ran.stderr, codes={3}, says=f"(?is){says}")
            assert ran.stdout == ""
    assert own.seen() == before


def test_a_folder_for_a_file_of_the_layout_is_no_bug_of_ours(own: Desk) -> None:
    layout = own.folder / "store" / "fraud"
    for blob in list((layout / "blobs" / "sha256").iterdir()):
        data = blob.read_bytes()
        blob.unlink()
        blob.mkdir()
        output = own.folder / f"out-{blob.name}"
        ran = own.run("pull", "layout:store/fraud:1.0", "--key", "ci.pub", "-o", str(output))
        if ran.code:
            check_refusal(ran.code, ran.stderr, codes={1, 3})
            assert not output.exists()
        blob.rmdir()
        blob.write_bytes(data)


def test_a_push_over_a_damaged_layout_sends_nothing(own: Desk) -> None:
    (own.folder / "store" / "fraud" / "index.json").write_bytes(b"{")
    before = own.seen()
    ran = own.run("push", "model", "layout:store/fraud:2.0", "--key", "ci.key")
    check_refusal(ran.code, ran.stderr, codes={3}, says="not valid JSON")
    assert own.seen() == before
