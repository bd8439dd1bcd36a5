"""Every folder of `verify/` through the real verifier: no attack passes, and every honest counterpart does."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from govern.times import read_time
from support.verify_vectors.run import read_case, run_case
from support.verify_vectors.write import write_all

ROOT: Final = Path(__file__).resolve().parent / "verify"
FOLDERS: Final = sorted(path.parent.name for path in ROOT.glob("*/case.json"))
ATTACKS: Final = [name for name in FOLDERS if name.endswith("_fail")]


@pytest.mark.parametrize("name", FOLDERS)
def test_a_vector_comes_out_as_it_says(name: str) -> None:
    expected = read_case(ROOT / name)["expected"]
    came = run_case(ROOT / name)
    assert came.outcome == expected["outcome"], came
    assert (came.outcome == "allowed") == (name not in ATTACKS)
    for words in expected["says"]:
        assert words in came.told, came
    if "records" in expected:
        assert came.records == expected["records"], came


def test_there_are_attacks_and_honest_counterparts_enough() -> None:
    assert len(ATTACKS) >= 60
    assert len(FOLDERS) - len(ATTACKS) >= 10


@pytest.mark.parametrize("name", FOLDERS)
def test_a_vector_says_what_happens_and_why(name: str) -> None:
    case = read_case(ROOT / name)
    assert case["sentence"].endswith((".", "?"))
    assert case["source"]
    # A refusal without a reason may be a refusal of something else.
    assert case["expected"]["says"] or name not in ATTACKS
    assert read_time(case["at"]) <= read_time(case["now"])


def test_the_committed_vectors_are_those_that_are_generated(tmp_path: Path, regenerate: bool) -> None:
    if regenerate:
        write_all(ROOT)
    write_all(tmp_path)
    made, committed = _files(tmp_path), _files(ROOT)
    assert sorted(made) == sorted(set(committed) - {"generate.py"})
    changed = [name for name, data in made.items() if committed[name] != data]
    assert not changed, f"{changed[:5]}: write them with --regenerate, and read what changed"


def _files(root: Path) -> dict[str, bytes]:
    found = (path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}
