"""The signature beside pulled files: it comes and goes with them, and nobody's own is lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from govern.artifact.digest_cache import NoCache
from govern.artifact.lock import LockedFile, read_lock
from govern.artifact.model_sig import MODEL_SIG, model_sig_entry, write_model_sig
from govern.artifact.tree import commit, kept_and_edited, look_at, refuse_loss, staged
from govern.artifact.walk import OWN_FILES, find_files
from govern.errors import InvalidInput, Undecided
from support.brought import ONE, TWO, content, entries_of, lock_of
from support.trees import Files


def bring(folder: Path, files: Files, signature: bytes | None, *, force: bool = False) -> None:
    """Bring files and a signature into a directory as a pull does."""
    tree, entries = look_at(folder), entries_of(files)
    everything = (*entries, model_sig_entry(signature)) if signature is not None else entries
    kept, edited = kept_and_edited(tree, everything, NoCache())
    refuse_loss(tree, edited, force=force)
    locked = tuple(LockedFile(path=one.path, sha256=one.sha256, size=one.size) for one in everything)
    with staged(tree, everything):
        for path, data in files.items():
            if path not in kept:
                (tree.files / path).parent.mkdir(parents=True, exist_ok=True)
                (tree.files / path).write_bytes(data)
        if signature is not None and MODEL_SIG not in kept:
            write_model_sig(tree.files, signature)
        commit(tree, everything, kept, lock_of(files).model_copy(update={"files": locked}))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def test_it_comes_with_the_files_and_is_replaced_and_removed_with_them(out: Path) -> None:
    bring(out, ONE, b"one")
    assert content(out) == ONE
    assert (out / MODEL_SIG).read_bytes() == b"one"
    lock = read_lock(out)
    assert lock is not None
    assert MODEL_SIG in [one.path for one in lock.files]
    bring(out, ONE, b"one")
    bring(out, TWO, b"two")
    assert content(out) == TWO
    assert (out / MODEL_SIG).read_bytes() == b"two"
    bring(out, ONE, None)
    assert content(out) == ONE
    assert not (out / MODEL_SIG).exists()


@pytest.mark.parametrize("before", [None, b"one"])
@pytest.mark.parametrize("after", [None, b"two"])
def test_a_signature_that_a_person_made_is_not_lost(out: Path, before: bytes | None, after: bytes | None) -> None:
    bring(out, ONE, before)
    (out / MODEL_SIG).write_bytes(b"mine")
    if before is None and after is None:
        bring(out, TWO, after)
        assert (out / MODEL_SIG).read_bytes() == b"mine"
        return
    with pytest.raises(InvalidInput, match=MODEL_SIG):
        bring(out, TWO, after)
    assert (out / MODEL_SIG).read_bytes() == b"mine"
    bring(out, TWO, after, force=True)
    assert content(out) == TWO
    assert ((out / MODEL_SIG).read_bytes() if (out / MODEL_SIG).exists() else None) == after


def test_it_is_no_file_of_the_artifact(out: Path) -> None:
    bring(out, ONE, b"one")
    assert MODEL_SIG in OWN_FILES
    assert {one.path for one in find_files(out)} == set(ONE)


def test_what_has_another_name_too_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"precious")
    os.link(tmp_path / "precious", tmp_path / MODEL_SIG)
    assert write_model_sig(tmp_path, b"one").read_bytes() == b"one"
    assert (tmp_path / "precious").read_bytes() == b"precious"


def test_a_folder_in_its_place_is_said(tmp_path: Path) -> None:
    (tmp_path / MODEL_SIG).mkdir()
    with pytest.raises(Undecided, match="cannot be written"):
        write_model_sig(tmp_path, b"one")
