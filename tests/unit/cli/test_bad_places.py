"""Places that cannot be written or read: full disks, missing rights, closed streams, names that are no text.

Each runs as a process of its own: what a stream or a right does shows only there.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from support.desk import MODEL, Desk, copy_desk, make_desk
from support.refusal import check_no_trace, check_refusal, snapshot
from support.stranger import run_as_stranger

GOVERN: Final = (sys.executable, "-m", "govern")
REF: Final = "layout:store/fraud:1.0"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return make_desk(tmp_path_factory.mktemp("places") / "desk")


@pytest.fixture
def own(desk: Desk, tmp_path: Path) -> Desk:
    """A desk that a test may spoil."""
    return copy_desk(desk, tmp_path / "desk")


def _run(desk: Desk, *line: str | bytes, **options: Any) -> subprocess.CompletedProcess[bytes]:
    given: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    ran: subprocess.CompletedProcess[bytes] = subprocess.run(
        [*GOVERN, *line], check=False, cwd=desk.folder, timeout=60, **(given | options)
    )
    return ran


# --- streams -------------------------------------------------------------------------------------

READING: Final = [
    ("verify", REF, "--key", "ci.pub"),
    ("records", REF, "--key", "ci.pub", "-v", "--format", "json"),
    ("resolve", REF),
    ("key", "show", "ci.pub"),
    ("policy", "check", "wide.yaml"),
]


@pytest.mark.parametrize("line", READING, ids=lambda line: line[0])
def test_a_full_disk_behind_stdout_is_no_success(line: tuple[str, ...], desk: Desk) -> None:
    with open("/dev/full", "wb") as full:
        ran = _run(desk, *line, stdout=full)
    check_refusal(ran.returncode, ran.stderr.decode(), codes={3}, says="output cannot be written.*No space left")


@pytest.mark.parametrize(("tag", "code"), [("1.0", 0), ("2.0", 3)])
def test_a_full_disk_behind_stderr_changes_no_exit_code(tag: str, code: int, desk: Desk) -> None:
    with open("/dev/full", "wb") as full:
        ran = _run(desk, "verify", f"layout:store/fraud:{tag}", "--key", "ci.pub", "-v", stderr=full)
    assert ran.returncode == code


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_stream_that_is_closed_changes_no_exit_code(closed: str, desk: Desk) -> None:
    for reference, code in ((REF, 0), ("layout:store/fraud:2.0", 3)):
        script = f'exec "$@" {closed}'
        words = ["sh", "-c", script, "sh", *GOVERN, "verify", reference, "--key", "ci.pub"]
        ran = subprocess.run(words, check=False, cwd=desk.folder, capture_output=True, timeout=60)
        assert ran.returncode == code, ran.stderr
        check_no_trace(ran.stderr.decode())


def test_a_reader_who_goes_away_is_no_failure(desk: Desk) -> None:
    for line in (("verify", REF, "--key", "ci.pub"), ("records", REF, "--key", "ci.pub", "-v", "--format", "json")):
        reader, writer = os.pipe()
        os.close(reader)
        try:
            ran = _run(desk, *line, stdout=writer)
        finally:
            os.close(writer)
        assert ran.returncode == 0
        check_no_trace(ran.stderr.decode())


# --- a disk that is full -------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], check=False, capture_output=True
    )
    if made.returncode != 0:
        pytest.skip("needs the right to mount a tmpfs: run as root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_push_to_a_full_disk_leaves_a_layout_that_reads(small_disk: Path, own: Desk) -> None:
    model = own.folder / "model"
    first = own.run("push", str(model), f"layout:{small_disk}/fraud:1.0", "--key", "ci.key")
    assert first.code == 0, first.stderr
    (model / "large.bin").write_bytes(os.urandom(2 * 1024 * 1024))
    ran = own.run("push", str(model), f"layout:{small_disk}/fraud:2.0", "--key", "ci.key")
    check_refusal(ran.code, ran.stderr, codes={3}, says="No space left")
    assert own.run("verify", f"layout:{small_disk}/fraud:1.0", "--key", "ci.pub").code == 0
    assert "2.0" not in own.run("list", f"layout:{small_disk}/fraud").stdout
    assert not list((small_disk / "fraud" / "ingest").iterdir())


def test_every_step_of_a_push_may_meet_a_full_disk(small_disk: Path, own: Desk) -> None:
    reference = f"layout:{small_disk}/fraud:1.0"
    filler = small_disk / "filler"
    codes = set()
    for left in range(0, 80, 4):
        # A little more room each time, so that each time another file is the one that does not fit.
        shutil.rmtree(small_disk / "fraud", ignore_errors=True)
        filler.write_bytes(bytes(1024 * (1024 - left) - 4096))
        ran = own.run("push", "model", reference, "--key", "ci.key")
        codes.add(ran.code)
        if ran.code:
            check_refusal(ran.code, ran.stderr, codes={3}, says="No space left|cannot be written")
        filler.unlink()
        if (small_disk / "fraud").exists():
            again = own.run("push", "model", reference, "--key", "ci.key")
            assert again.code == 0, again.stderr
            assert own.run("verify", reference, "--key", "ci.pub").code == 0
    assert codes == {0, 3}


def test_a_pull_to_a_full_disk_says_so_before_the_first_byte(small_disk: Path, own: Desk) -> None:
    (own.folder / "model" / "large.bin").write_bytes(os.urandom(2 * 1024 * 1024))
    assert own.run("push", "model", "layout:big/fraud:1.0", "--key", "ci.key").code == 0
    ran = own.run("pull", "layout:big/fraud:1.0", "--key", "ci.pub", "-o", str(small_disk / "out"))
    check_refusal(ran.code, ran.stderr, codes={3}, says="not enough room.*expected 2097", hint="--include")
    assert not (small_disk / "out").exists()


def test_a_file_system_without_any_room_takes_no_half_file(small_disk: Path, own: Desk) -> None:
    (small_disk / "filler").write_bytes(bytes(1024 * 1024 - 8192))
    with (small_disk / "filler").open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x")
    for line in (
        ("key", "generate", "--output", f"{small_disk}/new", "--no-passphrase"),
        ("pull", REF, "--key", "ci.pub", "-o", f"{small_disk}/out"),
        ("init", str(small_disk)),
    ):
        ran = own.run(*line)
        check_refusal(ran.code, ran.stderr, says="No space left|cannot be written|not enough room")
        left = {name for name in snapshot(small_disk) if name != "filler" and ".govern-part" not in name}
        assert not left, line


# --- rights --------------------------------------------------------------------------------------


def _refused_to_a_stranger(desk: Desk, *line: str, says: str, codes: tuple[int, ...] = (2, 3)) -> None:
    before = desk.seen()
    ran = run_as_stranger(*GOVERN, *line, cwd=desk.folder, writable=[desk.folder])
    check_refusal(ran.returncode, ran.stderr, codes=codes, says=f"{says}|not readable")
    assert ran.stdout == ""
    for path in sorted(desk.folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755)
    assert desk.seen() == before


def test_a_key_that_may_not_be_read(own: Desk) -> None:
    (own.folder / "ci.key").chmod(0)
    _refused_to_a_stranger(own, "annotate", REF, "a=b", "--key", "ci.key", says="cannot be read.*Permission denied")


@pytest.mark.parametrize("what", ["model/README.md", "model/.governignore", "model/govern.yaml", "model/sub", "model"])
def test_a_tree_that_may_not_be_read(what: str, own: Desk) -> None:
    (own.folder / "model" / "sub").mkdir()
    (own.folder / "model" / "sub" / "x.md").write_text("x\n")
    (own.folder / "model" / ".governignore").write_text("none\n")
    (own.folder / "model" / "govern.yaml").write_text("kind: model\n")
    (own.folder / what).chmod(0)
    _refused_to_a_stranger(own, "push", "model", "layout:new/fraud:1.0", "--key", "ci.key", says="Permission denied")


@pytest.mark.parametrize("what", ["store/fraud/index.json", "store/fraud/oci-layout", "store/fraud", "store"])
def test_a_layout_that_may_not_be_read(what: str, own: Desk) -> None:
    (own.folder / what).chmod(0)
    _refused_to_a_stranger(own, "verify", REF, "--key", "ci.pub", says="Permission denied", codes=(3,))


@pytest.mark.parametrize("line", [
    ("push", "model", "layout:shut/fraud:1.0", "--key", "ci.key"),
    ("pull", REF, "--key", "ci.pub", "-o", "shut/out"),
    ("pull", REF, "--key", "ci.pub", "-o", "shut"),
    ("key", "generate", "--output", "shut/new", "--no-passphrase"),
    ("init", "shut"),
], ids=lambda line: line[0])  # fmt: skip
@pytest.mark.parametrize("mode", [0o555, 0o000])
def test_a_folder_that_may_not_be_written(line: tuple[str, ...], mode: int, own: Desk) -> None:
    (own.folder / "shut").mkdir(mode=mode)
    _refused_to_a_stranger(own, *line, says="Permission denied")


def test_a_layout_that_may_only_be_read_is_verified_and_pulled(own: Desk) -> None:
    for path in (own.folder / "store").rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    line = ("pull", REF, "--key", "ci.pub", "-o", "out")
    ran = run_as_stranger(*GOVERN, *line, cwd=own.folder, writable=[own.folder])
    assert ran.returncode == 0, ran.stderr
    assert (own.folder / "out" / "README.md").read_bytes() == MODEL["README.md"]
    (own.folder / "store" / "fraud").chmod(0o555)
    _refused_to_a_stranger(own, "annotate", REF, "a=b", "--key", "ci.key", says="Permission denied")


# --- names that are no text ----------------------------------------------------------------------


@pytest.mark.parametrize("line", [
    (b"verify", b"layout:caf\xe9/fraud:1.0", b"--key", b"ci.pub"),
    (b"verify", b"h.example/caf\xe9:1.0", b"--key", b"ci.pub"),
    (b"verify", REF.encode(), b"--key", b"caf\xe9.pub"),
    (b"verify", REF.encode(), b"--policy", b"caf\xe9.yaml"),
    (b"push", b"caf\xe9", b"layout:new/fraud:1.0", b"--key", b"ci.key"),
    (b"push", b"model", b"layout:new/fraud:1.0", b"--key", b"ci.key", b"--reason", b"caf\xe9"),
    (b"annotate", REF.encode(), b"caf\xe9=x", b"--key", b"ci.key"),
    (b"caf\xe9",),
    (b"verify", b"--caf\xe9"),
], ids=ascii)  # fmt: skip
def test_bytes_that_are_no_text_are_refused(line: tuple[bytes, ...], desk: Desk) -> None:
    before = desk.seen()
    ran = _run(desk, *line)
    check_refusal(ran.returncode, ran.stderr.decode())
    assert ran.stdout == b""
    assert desk.seen() == before


def test_folders_whose_names_are_no_text_are_used_all_the_same(own: Desk) -> None:
    odd = os.fsencode(own.folder) + b"/caf\xe9"
    shutil.copytree(own.folder / "model", os.fsdecode(odd))
    pushed = _run(own, b"push", odd, b"layout:new/fraud:1.0", b"--key", b"ci.key")
    assert pushed.returncode == 0, pushed.stderr
    for form in (b"text", b"json"):
        output = odd + b"-" + form
        pulled = _run(own, b"pull", b"layout:new/fraud:1.0", b"--key", b"ci.pub", b"-o", output, b"--format", form)
        assert pulled.returncode == 0, pulled.stderr
        assert Path(os.fsdecode(output), "README.md").read_bytes() == MODEL["README.md"]
        check_no_trace(pulled.stdout.decode())
