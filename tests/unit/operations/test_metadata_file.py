"""The metadata file of a push: the files that it names are there, or it is faulty."""

from __future__ import annotations

from pathlib import Path

import pytest

from govern.errors import InvalidInput
from govern.operations.metadata_file import load_metadata
from support.trees import write_tree

NAMING = b"kind: model\ncard: docs/CARD.md\ntraining:\n  lock_files:\n    - a.lock\n    - b.lock\n"


def test_files_that_are_named_and_not_there_are_faults_with_their_lines(tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "tree", {"govern.yaml": NAMING, "a.lock": b""})
    (tree / "docs" / "CARD.md").mkdir(parents=True)
    for named in (None, tree / "govern.yaml"):
        with pytest.raises(InvalidInput, match="has 2 faults") as caught:
            load_metadata(tree, named)
        first, second = caught.value.message.splitlines()[1:]
        assert first == "  line 2: card: there is no file 'docs/CARD.md' in the directory"
        assert second == "  line 6: training.lock_files.1: there is no file 'b.lock' in the directory"


def test_files_that_are_there_are_no_faults(tmp_path: Path) -> None:
    tree = write_tree(
        tmp_path / "tree", {"govern.yaml": NAMING, "a.lock": b"", "b.lock": b"", "docs/CARD.md": b"# It\n"}
    )
    metadata = load_metadata(tree, None)
    assert metadata is not None
    assert metadata.card == "docs/CARD.md"


def test_a_file_of_another_name_speaks_of_the_directory_that_is_pushed(tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "tree", {"a.lock": b""})
    other = tmp_path / "fraud.yaml"
    other.write_bytes(NAMING)
    with pytest.raises(InvalidInput, match="has 2 faults"):
        load_metadata(tree, other)
    # Where it lies alone nobody knows which directory is meant.
    assert load_metadata(tmp_path, other) is not None
