"""Which files are pulled: by path, by role, and never none."""

from __future__ import annotations

import pytest

from govern.artifact.file_list import Entry, FileList
from govern.artifact.selection import Selection
from govern.errors import InvalidInput, UsageError
from govern.oci.digest import Digest

WEIGHT, DOC, TAR = (Digest.of(name) for name in (b"weight", b"doc", b"tar"))
ROLES: dict[str, str] = {WEIGHT: "weight", DOC: "doc", TAR: "dataset"}
FILES = FileList.of(
    Entry(layer, offset, path, "ab" * 32, 1)
    for layer, offset, path in [
        (DOC, 0, "README.md"),
        (TAR, 512, "data/[1].csv"),
        (TAR, 1536, "data/deep/2.csv"),
        (WEIGHT, 0, "model.safetensors"),
    ]
)
ALL = ["README.md", "data/[1].csv", "data/deep/2.csv", "model.safetensors"]


@pytest.mark.parametrize(
    ("include", "roles", "chosen"),
    [
        ((), (), ALL),
        (("*",), (), ALL),
        (("data/*",), (), ["data/[1].csv", "data/deep/2.csv"]),
        (("data/[[]1].csv", "README.md"), (), ["README.md", "data/[1].csv"]),
        ((), ("weight",), ["model.safetensors"]),
        ((), ("weight", "doc"), ["README.md", "model.safetensors"]),
        (("*.csv", "*.md"), ("dataset",), ["data/[1].csv", "data/deep/2.csv"]),
    ],
)
def test_files_are_chosen_by_any_pattern_and_any_role(
    include: tuple[str, ...], roles: tuple[str, ...], chosen: list[str]
) -> None:
    assert [one.path for one in Selection(include, roles).of(FILES, ROLES)] == chosen


@pytest.mark.parametrize(
    ("include", "roles"),
    [(("readme.md",), ()), (("data",), ()), ((), ("code",)), (("*.md",), ("weight",)), (("/README.md",), ())],
)
def test_nothing_chosen_is_a_mistake_and_no_success(include: tuple[str, ...], roles: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput, match="nothing would be pulled: ") as caught:
        Selection(include, roles).of(FILES, ROLES)
    assert ("files such as README.md, " in caught.value.expected) == bool(include)
    assert ("a role that its files have: dataset, doc, weight" in caught.value.expected) == bool(roles)


@pytest.mark.parametrize("role", ["banana", "", "Weight", "weight,doc"])
def test_what_is_no_role_is_wrong_usage(role: str) -> None:
    with pytest.raises(UsageError, match=r"not a role: .*one of weight, weight\.config, doc, code, dataset"):
        Selection((), ("doc", role))


def test_an_artifact_without_files_is_refused() -> None:
    with pytest.raises(InvalidInput, match="nothing would be pulled: got an artifact without files"):
        Selection().of(FileList(()), {})


def test_a_layer_without_a_role_is_chosen_by_path_alone() -> None:
    assert Selection(("README.md",)).of(FILES, {})
    with pytest.raises(InvalidInput):
        Selection((), ("doc",)).of(FILES, {})


def test_a_selection_says_what_it_is() -> None:
    assert Selection(("a*", "b"), ("doc",)).words == ("include a*", "include b", "role doc")
    assert Selection().words == ()
