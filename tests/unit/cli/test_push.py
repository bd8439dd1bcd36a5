"""What `govern push` says beside its one line: what was not done, and why."""

from __future__ import annotations

import pytest

from support.desk import Desk, make_desk

NEW, AGAIN = ("push", "model", "layout:new/fraud:1.0", "--key", "ci.key"), "nothing was signed: a record without"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return make_desk(tmp_path_factory.mktemp("push") / "desk")


def test_what_policies_ask_for_is_said_where_something_was_pushed(desk: Desk) -> None:
    (desk.folder / "plain").mkdir()
    (desk.folder / "plain" / "README.md").write_text("# Plain\n")
    line = ("push", "plain", "layout:new/plain:1.0", "--key", "ci.key")
    assert "policies often ask for" in desk.run(*line).stderr
    again = desk.run(*line)
    assert (again.code, "policies often ask for" in again.stderr) == (0, False)


@pytest.mark.parametrize("option", ["--timestamp-url", "--log-url"])
def test_a_time_that_came_too_late_is_said(desk: Desk, option: str) -> None:
    assert desk.run(*NEW).code == 0
    again = desk.run(*NEW, option, "https://service.example.test")
    assert (again.code, AGAIN in again.stderr) == (0, True)
    assert AGAIN not in desk.run(*NEW).stderr
