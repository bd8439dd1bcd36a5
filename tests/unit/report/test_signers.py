"""A signer is spelled as `govern key show` spells it, wherever it came from."""

from __future__ import annotations

from pathlib import Path

from govern.report.signers import signer_text
from govern.signing.key_file import generate_key_pair
from support.desk import make_desk


def test_a_hint_is_shown_as_the_digest_that_it_is(tmp_path: Path) -> None:
    _, _, key = generate_key_pair(tmp_path / "ci", None)
    assert signer_text(key.hint, claimed=True) == f"{key.signer[:19]}… (claimed)"
    assert signer_text(str(key.signer)) == f"{key.signer[:19]}…"


def test_a_person_is_called_by_name() -> None:
    assert signer_text("sha256:" + "0" * 64, "alice", claimed=True) == "alice"


def test_what_was_just_attached_is_found_again_by_its_digests(tmp_path: Path) -> None:
    desk = make_desk(tmp_path / "desk")
    ran = desk.run("annotate", "layout:store/fraud:1.0", "a=b", "--key", "ci.key")
    statement = ran.stdout.strip()
    manifest = ran.stderr.partition("manifest ")[2].partition(",")[0]
    signer = desk.run("key", "show", "ci.pub").stderr.removeprefix("signer ").strip()
    tree = desk.run("tree", "layout:store/fraud:1.0").stdout
    (line,) = (one for one in tree.splitlines() if manifest[:19] in one)
    assert statement[:19] in line
    assert f"{signer[:19]}… (claimed)  unverified" in line
    assert signer in desk.run("records", "layout:store/fraud:1.0", "--format", "json").stdout
