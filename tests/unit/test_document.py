"""A document knows its lines, and everything that is wrong in it comes at once."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from govern.document import Document, Fault, dotted, faults_in, faulty
from govern.errors import Denied, InvalidInput
from govern.limits import MAX_POLICY
from govern.yaml_text import read_yaml


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    word: str


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    inner: Inner
    other: str


def read(text: str) -> Document:
    return read_yaml(text.encode(), "the file", bound=MAX_POLICY)


def test_every_value_knows_its_line_and_others_that_of_the_nearest_around_them() -> None:
    document = read("a:\n  b:\n    - x\n    - y\n")
    places = ((), ("a",), ("a", "b"), ("a", "b", 1), ("a", "b", 9), ("z",))
    assert [document.line(path) for path in places] == [1, 1, 2, 4, 2, 1]


def test_a_model_has_all_its_faults_at_once_each_with_its_line() -> None:
    document = read("inner:\n  word: [x]\n  more: 1\nstray: 2\n")
    with pytest.raises(ValidationError) as refused:
        Outer.model_validate(document.value)
    fault = faulty("the file", faults_in(refused.value, document))
    assert [line.strip().split(": ")[:2] for line in fault.message.splitlines()] == [
        ["the file has 4 faults"],
        ["line 1", "other"],
        ["line 2", "inner.word"],
        ["line 3", "inner.more"],
        ["line 4", "stray"],
    ]
    assert "not known here" in fault.message
    assert isinstance(fault, InvalidInput)


def test_one_fault_is_one_and_the_class_is_the_callers() -> None:
    fault = faulty("the file", [Fault(3, "a.b", "is wrong")], Denied)
    assert isinstance(fault, Denied)
    assert fault.message == "the file has 1 fault\n  line 3: a.b: is wrong"


def test_a_place_is_written_as_people_write_it() -> None:
    assert dotted(("people", "ci", "keys", 0)) == "people.ci.keys.0"
    assert dotted(()) == "the document"


def test_what_pydantic_found_is_told_with_what_was_there() -> None:
    class File(BaseModel):
        word: Literal["a", "b"]
        name: Annotated[str, Field(pattern="^[a-z]+$")]
        gone: str

    document = read("word: extreme\nname: A B\n")
    with pytest.raises(ValidationError) as refused:
        File.model_validate(document.value)
    assert {one.message for one in faults_in(refused.value, document)} == {
        "got 'extreme', expected 'a' or 'b'",
        "got 'A B', expected text that matches ^[a-z]+$",
        "is missing",
    }
