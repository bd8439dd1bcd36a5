"""DVC's word counts as far as the tree bears it out; and what it says of other models is not said of this one."""

from __future__ import annotations

import hashlib
import json

import pytest

from govern.capture import dvc, dvc_content
from govern.capture.dvc import capture_dvc
from govern.capture.project import find_project
from govern.limits import Bound
from support.git_repositories import git

pytestmark = pytest.mark.usefixtures("own_configuration")

RAW = "0e9c434fc9198e62d6556cf8d8ce3f03.dir"
"""What DVC 3.67.1 wrote for the two files of `data/raw` below."""

OWN = frozenset({"govern.yaml"})
TOKEN = "ghp_" + "a" * 36


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def folder_id(files: dict[str, bytes]) -> str:
    listed = [{"md5": md5(files[name]), "relpath": name} for name in sorted(files)]
    return md5(json.dumps(listed, sort_keys=True).encode()) + ".dir"


def entry(path: str, identifier: str) -> str:
    return f"    - path: {path}\n      hash: md5\n      md5: {identifier}\n"


MODEL = {"m.bin": b"weights", "config.json": b"{}"}
LOCK = (
    "schema: '2.0'\nstages:\n"
    "  other:\n    cmd: python other.py\n    deps:\n"
    + entry("data/other.csv", md5(b"other"))
    + "    outs:\n"
    + entry("other.bin", md5(b"o"))
    + "  prepare:\n    cmd: python prepare.py\n    deps:\n"
    + entry("data/raw", RAW)
    + "    outs:\n"
    + entry("data/prep.csv", md5(b"prep"))
    + f"  train:\n    cmd: python train.py --lr 0.1 --api-key hunter2 {TOKEN}\n    deps:\n"
    + entry("data/prep.csv", md5(b"prep"))
    + entry("train.py", md5(b"code"))
    + "    params:\n      params.yaml:\n        lr: 0.1\n        db: {password: hunter2}\n"
    + "    outs:\n"
    + entry("models/fraud", folder_id(MODEL))
)
POINTERS = {
    "data/raw.dvc": f"outs:\n- md5: {RAW}\n  hash: md5\n  path: raw\n",
    "data/shared.csv.dvc": (
        f"deps:\n- path: shared.csv\n  repo:\n    url: https://u:{TOKEN}@git.example.com/data\n"
        f"    rev_lock: {'1' * 40}\n"
        f"outs:\n- md5: {md5(b'shared')}\n  hash: md5\n  path: shared.csv\n"
    ),
}


@pytest.fixture
def tree(empty):
    files = {
        "dvc.lock": LOCK.encode(),
        "data/raw/a.csv": b"r1\n",
        "data/raw/sub/b \u00fc.csv": "\u00fcmlaut\n".encode(),
        "data/prep.csv": b"prep",
        "data/shared.csv": b"shared",
        "train.py": b"code",
        **{f"models/fraud/{name}": data for name, data in MODEL.items()},
        **{name: text.encode() for name, text in POINTERS.items()},
    }
    for name, data in files.items():
        (empty / name).parent.mkdir(parents=True, exist_ok=True)
        (empty / name).write_bytes(data)
    git(empty, "add", ".")
    git(empty, "commit", "-q", "-m", "one")
    return empty


def captured(tree, target="models/fraud", notes=None):
    project = find_project(tree / target if target else tree)
    return capture_dvc(project, target, OWN, notes if notes is not None else [])


def said(facts):
    return {one.name: (one.annotations["role"], one.annotations.get("found")) for one in facts.materials}


def test_the_stage_that_made_it_says_what_it_was_made_from(tree):
    facts = captured(tree)
    assert said(facts) == {
        "dvc.lock": ("dvc-file", None),
        "data/raw": ("dvc-dependency", "as-recorded"),
        "train.py": ("dvc-dependency", "as-recorded"),
        "data/raw.dvc": ("dvc-file", None),
    }
    assert set(facts.parameters) == {"prepare", "train"}
    assert facts.parameters["train"] == {
        "command": "[redacted]",
        "outputs": {"models/fraud": {"dvc": folder_id(MODEL), "found": "as-recorded"}},
        "parameters": {"params.yaml:lr": "0.1", "params.yaml:db.password": "[redacted]"},
    }


def test_an_id_of_dvcs_never_stands_under_the_name_of_a_digest(tree):
    for one in captured(tree).materials:
        assert set(one.digests) <= {"dvc", "sha256", "dirHash", "gitCommit"}
        assert one.digests


def test_a_digest_is_said_only_of_what_dvc_recorded(tree):
    (tree / "train.py").write_bytes(b"changed")
    (tree / "data" / "raw" / "a.csv").write_bytes(b"changed")
    facts = captured(tree)
    for name in ("train.py", "data/raw"):
        (one,) = (one for one in facts.materials if one.name == name)
        assert one.annotations["found"] == "differs"
        assert one.annotations["observed"] == "declared"
        assert set(one.digests) == {"dvc"}


def test_a_stage_whose_output_differs_made_something_else(tree):
    (tree / "models" / "fraud" / "m.bin").write_bytes(b"other weights")
    notes: list[str] = []
    facts = captured(tree, notes=notes)
    assert facts.parameters == {}
    assert "dvc-dependency" not in {role for role, _ in said(facts).values()}
    assert notes == ["DVC's stage train wrote something else than what is pushed; the record says nothing of it"]


def test_our_own_files_beside_the_weights_change_nothing(tree):
    (tree / "models" / "fraud" / "govern.yaml").write_text("kind: model\n")
    assert "train" in captured(tree).parameters


def test_one_file_is_made_by_a_stage_too(tree):
    facts = capture_dvc(find_project(tree / "data"), "data/prep.csv", OWN, [])
    assert set(facts.parameters) == {"prepare"}


def test_without_a_stage_what_is_tracked_is_said_as_that(tree):
    (tree / "elsewhere").mkdir()
    facts = captured(tree, "elsewhere")
    assert said(facts) == {
        "dvc.lock": ("dvc-file", None),
        "data/raw.dvc": ("dvc-file", None),
        "data/raw": ("dvc-tracked", "as-recorded"),
        "data/shared.csv.dvc": ("dvc-file", None),
        "shared.csv": ("dvc-import", None),
        "data/shared.csv": ("dvc-tracked", "as-recorded"),
    }
    (imported,) = (one for one in facts.materials if one.name == "shared.csv")
    assert imported.uri == "git+https://git.example.com/data"
    assert imported.digests == {"gitCommit": "1" * 40}
    assert facts.parameters == {}


def test_what_is_pushed_is_no_input_of_itself(tree):
    facts = captured(tree, "data")
    assert "data/raw" not in said(facts)
    assert "data/shared.csv" not in said(facts)
    assert said(facts)["shared.csv"] == ("dvc-import", None)


def test_a_link_is_not_followed(tree, tmp_path):
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "a.csv").write_bytes(b"r1\n")
    (tree / "train.py").unlink()
    (tree / "train.py").symlink_to(tmp_path / "secret" / "a.csv")
    (tree / "data" / "raw" / "sub").rename(tree / "sub")
    (tree / "data" / "raw" / "sub").symlink_to("../../sub")
    found = said(captured(tree))
    assert found["train.py"] == ("dvc-dependency", "not-read")
    assert found["data/raw"] == ("dvc-dependency", "not-read")
    (tree / "dvc.lock").unlink()
    (tree / "dvc.lock").symlink_to(tmp_path / "secret" / "a.csv")
    notes: list[str] = []
    assert "dvc.lock" not in said(captured(tree, notes=notes))
    assert notes == ["dvc.lock is a link, too large or unreadable; it was not recorded"]


def test_what_dvc_ignores_is_not_ours_to_judge(tree):
    (tree / "data" / "raw" / "notes.txt").write_bytes(b"x")
    assert said(captured(tree))["data/raw"][1] == "differs"
    (tree / ".dvcignore").write_text("# what DVC itself writes\n")
    assert said(captured(tree))["data/raw"][1] == "differs"
    (tree / ".dvcignore").write_text("*.txt\n")
    assert said(captured(tree))["data/raw"][1] == "not-read"


def test_a_file_that_is_not_dvcs_is_recorded_by_its_digest_and_not_quoted(tree):
    (tree / "dvc.lock").write_text(f"stages: &a [{TOKEN}]\n")
    notes: list[str] = []
    facts = captured(tree, notes=notes)
    assert said(facts)["dvc.lock"] == ("dvc-file", None)
    assert notes == ["dvc.lock is not what DVC writes, or says too much; only its digest was recorded"]


def test_no_secret_is_said(tree):
    for target in ("models/fraud", "data", ""):
        notes: list[str] = []
        told = repr(captured(tree, target, notes)) + repr(notes)
        assert TOKEN not in told
        assert "hunter2" not in told


@pytest.mark.parametrize(
    ("name", "module", "found"),
    [("MAX_DVC_HASHED", dvc_content, "not-read"), ("MAX_DVC_TREE", dvc_content, "not-read")],
)
def test_data_beyond_a_bound_is_not_read(tree, monkeypatch, name, module, found):
    monkeypatch.setattr(module, name, Bound(name, 2))
    assert said(captured(tree))["data/raw"] == ("dvc-dependency", found)


def test_there_are_bounds_and_what_they_leave_out_is_said(tree, monkeypatch):
    notes: list[str] = []
    monkeypatch.setattr(dvc, "MAX_DVC_ENTRIES", Bound("T", 2))
    assert len(captured(tree, notes=notes).materials) == 2
    monkeypatch.setattr(dvc, "MAX_DVC_TRACKED", Bound("T", 2))
    captured(tree, notes=notes)
    monkeypatch.setattr(dvc, "MAX_DVC_FILES", Bound("T", 1))
    captured(tree, notes=notes)
    monkeypatch.setattr(dvc, "MAX_DVC_READ", Bound("T", 1))
    captured(tree, notes=notes)
    assert any(note.startswith("DVC names 4 things") for note in notes)
    assert any("says too much" in note for note in notes)
    assert any("1 were read" in note for note in notes)
    assert any("too large" in note for note in notes)


def test_many_stages_are_read_in_a_moment(tree):
    stages = "".join(
        f"  s{number}:\n    cmd: python a.py\n    deps:\n{entry(f'd{number}', md5(b'd'))}    outs:\n"
        f"{entry(f'd{number + 1}', md5(b'd'))}"
        for number in range(600)
    )
    (tree / "dvc.lock").write_text("schema: '2.0'\nstages:\n" + stages)
    (tree / "d600").write_bytes(b"d")
    assert len(capture_dvc(find_project(tree), "d600", OWN, []).parameters) == 600
