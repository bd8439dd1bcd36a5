"""Where a passphrase comes from: the file, then the environment, then a person; never from two at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from govern.errors import InvalidInput
from govern.limits import MAX_KEY_FILE
from govern.signing.passphrase import passphrase_from, source_of


def person(label: str) -> str:
    return f"said for {label}"


def test_a_file_comes_before_the_environment_and_that_before_a_person(tmp_path: Path) -> None:
    (tmp_path / "pass").write_text("of the file\n")
    variables = {"GOVERN_KEY_PASSPHRASE": "of govern", "COSIGN_PASSWORD": "of cosign"}
    assert passphrase_from(variables, tmp_path / "pass", person)("k") == b"of the file"
    assert passphrase_from(variables, None, person)("k") == b"of govern"
    assert passphrase_from({"COSIGN_PASSWORD": "of cosign"}, None, person)("k") == b"of cosign"
    assert passphrase_from({}, None, person)("k") == b"said for k"
    assert passphrase_from({})("k") is None


def test_an_empty_variable_is_an_empty_passphrase_and_not_none(tmp_path: Path) -> None:
    assert passphrase_from({"COSIGN_PASSWORD": ""}, None, person)("k") == b""


@pytest.mark.parametrize(
    ("data", "passphrase"),
    [(b"", b""), (b"\n", b""), (b"a b \n", b"a b "), (b"a\r\nb\n", b"a"), (b"\xff\xfe", b"\xff\xfe"), (b"a", b"a")],
)
def test_the_first_line_of_a_file_is_the_passphrase(tmp_path: Path, data: bytes, passphrase: bytes) -> None:
    (tmp_path / "pass").write_bytes(data)
    assert passphrase_from({}, tmp_path / "pass")("k") == passphrase


def test_bytes_of_a_variable_stay_as_they_are() -> None:
    assert passphrase_from({"GOVERN_KEY_PASSPHRASE": os.fsdecode(b"\xff\xc3\xa9")})("k") == b"\xff\xc3\xa9"


def test_a_file_that_cannot_be_read_is_refused_only_when_it_is_needed(tmp_path: Path) -> None:
    ask = passphrase_from({"GOVERN_KEY_PASSPHRASE": "of govern"}, tmp_path / "nothing", person)
    with pytest.raises(InvalidInput, match="the passphrase file cannot be read"):
        ask("k")


def test_a_file_above_the_bound_is_refused_and_not_cut(tmp_path: Path) -> None:
    (tmp_path / "pass").write_bytes(b"x" * (MAX_KEY_FILE.value + 1))
    with pytest.raises(InvalidInput, match="MAX_KEY_FILE") as refused:
        passphrase_from({}, tmp_path / "pass")("k")
    assert "xxx" not in str(refused.value)


def test_a_passphrase_knows_where_it_came_from(tmp_path: Path) -> None:
    (tmp_path / "pass").write_text("x\n")
    variables = {"COSIGN_PASSWORD": "x"}
    found = [passphrase_from({}, tmp_path / "pass"), passphrase_from(variables), passphrase_from({}, None, person)]
    assert [source_of(ask("k")) for ask in found] == [
        f"it came from --passphrase-file {tmp_path / 'pass'}",
        "it came from the variable COSIGN_PASSWORD",
        "it came from what was typed",
    ]
    assert source_of(b"brought by a program") == ""
