"""Lines for people."""

from __future__ import annotations

from pathlib import Path

from govern.report.lines import count, join_lines
from support.desk import make_desk


def test_one_thing_is_not_several() -> None:
    assert [count(number, "file") for number in (0, 1, 2)] == ["0 files", "1 file", "2 files"]


def test_a_line_break_inside_of_a_line_is_shown() -> None:
    assert join_lines(["a\nb", "c"]) == "a\\nb\nc"


def test_a_push_and_a_pull_of_one_file_say_so(tmp_path: Path) -> None:
    desk = make_desk(tmp_path / "desk")
    pushed = desk.run("push", "good.json", "layout:one/fraud:1.0", "--key", "ci.key")
    assert ": model, 1 file, " in pushed.stderr
    assert "in 1 layer\n" in desk.run("show", "layout:one/fraud:1.0").stdout
    pulled = desk.run("pull", "layout:one/fraud:1.0", "--key", "ci.pub", "--output", "out")
    assert "verified: 1 file, 1 fetched" in pulled.stderr
