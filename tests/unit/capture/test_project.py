"""The tree of a push ends at the top of its work tree, or is the pushed folder alone."""

from __future__ import annotations

from govern.capture.project import Project, find_project


def test_the_tree_is_the_work_tree(tmp_path):
    folder = tmp_path / "models" / "fraud"
    folder.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    found = find_project(folder)
    assert found == Project(tmp_path.resolve(), "models/fraud")
    assert found.folders == ("models/fraud", "models", "")
    assert found.path("a.txt") == "models/fraud/a.txt"
    assert find_project(tmp_path) == Project(tmp_path.resolve(), "")


def test_without_a_work_tree_nothing_above_the_folder_belongs_to_it(tmp_path):
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    assert find_project(folder) == Project(folder.resolve(), "")
    assert find_project(folder).folders == ("",)


def test_a_worktree_whose_git_is_a_file_is_one_too(tmp_path):
    (tmp_path / ".git").write_text("gitdir: elsewhere\n")
    (tmp_path / "a").mkdir()
    assert find_project(tmp_path / "a").inside == "a"


def test_a_folder_that_is_reached_by_a_link_is_where_it_leads(tmp_path):
    (tmp_path / "real" / ".git").mkdir(parents=True)
    (tmp_path / "real" / "model").mkdir()
    (tmp_path / "link").symlink_to("real/model")
    assert find_project(tmp_path / "link") == Project((tmp_path / "real").resolve(), "model")
