"""YAML of people: strict, with the line of every value."""

from __future__ import annotations

import subprocess
import sys

import pytest
import yaml

from govern import yaml_text
from govern.errors import InvalidInput
from govern.limits import MAX_POLICY, Bound
from govern.yaml_text import read_yaml


def read(text: str | bytes):
    return read_yaml(text.encode() if isinstance(text, str) else text, "the file", bound=MAX_POLICY)


def value(text: str | bytes):
    return read(text).value


def refusal(text: str | bytes) -> str:
    with pytest.raises(InvalidInput) as refused:
        read(text)
    return refused.value.message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.10", "1.10"),
        ("0.950", "0.950"),
        ("no", "no"),
        ("Yes", "Yes"),
        ("on", "on"),
        ("2026-11-21", "2026-11-21"),
        ("0o7", "0o7"),
        ("0x1f", "0x1f"),
        ("1_000", "1_000"),
        ("012", "012"),
        ("1e3", "1e3"),
        (".inf", ".inf"),
        ("'1'", "1"),
        ('"true"', "true"),
        ("12345678901234567", "12345678901234567"),
        ("1:30", "1:30"),
    ],
)
def test_what_is_not_plainly_a_number_or_a_word_of_yaml_is_text_letter_for_letter(text, expected):
    found = value(f"a: {text}\n")["a"]
    assert found == expected
    assert type(found) is str


@pytest.mark.parametrize(
    ("text", "expected"), [("true", True), ("false", False), ("null", None), ("", None), ("1", 1), ("0", 0), ("-7", -7)]
)
def test_plain_integers_booleans_and_null_are_what_they_look_like(text, expected):
    found = value(f"a: {text}\n")["a"]
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize("text", ["a: 1", "a: true", "a: null", "a:", "a: [1, '1', \"1\", true]"])
def test_the_loader_in_c_and_the_one_in_python_read_the_same(text, monkeypatch):
    fast = value(text)
    monkeypatch.setattr(yaml_text, "_LOADER", yaml.SafeLoader)
    assert value(text) == fast


@pytest.mark.parametrize("text", ["tRuE", "fALSE", "nuLL", "-0"])
def test_words_that_yaml_does_not_know_are_text_letter_for_letter(text):
    assert value(f"a: {text}\n")["a"] == text


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\na: 2",
        "a: 1\n'a': 2",
        "a: {b: 1, b: 2}",
        "a: &x [1]\nb: *x",
        "&a [*a]",
        "a: !foo 1",
        "a: !!foo/bar [x\n",
        "--- 1\n--- 2",
        "? [1]\n: 2",
        "a: b: c",
        "\ta: 1",
        "a: 'x",
        "a: [",
        "a: \x00",
        "a: \x07",
        b"a: \xff",
        b"a: \xed\xa0\x80",
        'a: "\\ud800"',
        "a: *nobody",
        "a: 1\n...\nb: 2",
        "%FOO bar\n--- @",
    ],
)
def test_what_is_not_the_subset_is_refused(text):
    assert "the file" in refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "a: !!str 1",
        "a: !!python/object/apply:os.system [x]",
        "a: !!binary aGk=",
        "!foo a: 1",
        "a: &x foo",
        "a: &x foo\nb: {*x : 1}",
        "%TAG ! tag:yaml.org,2002:\n---\na: !str 1",
    ],
)
def test_anchors_aliases_and_tags_are_refused_wherever_they_stand(text):
    refusal(text)


def test_all_faults_come_at_once_each_with_its_line():
    message = refusal("a: 1\na: 2\nb:\n  - c: !foo 1\n    c: 2\n")
    assert [line.strip().partition(": ")[0] for line in message.splitlines()[1:]] == ["line 2", "line 4", "line 5"]


def test_the_bound_is_named():
    with pytest.raises(InvalidInput, match="MAX_TEST"):
        read_yaml(b"x" * 11, "the file", bound=Bound("MAX_TEST", 10))


def test_nesting_of_blocks_is_bounded():
    assert "MAX_JSON_DEPTH" in refusal("".join(" " * depth + "a:\n" for depth in range(200)))


@pytest.mark.parametrize("start", ["[", "- ", "{a: ", "? "])
def test_nesting_without_end_is_refused_and_does_not_end_the_process(start):
    code = (
        "import resource\nresource.setrlimit(resource.RLIMIT_CORE, (0, 0))\nfrom govern.errors import "
        "InvalidInput\nfrom govern.limits import MAX_POLICY\nfrom govern.yaml_text import read_yaml\n"
        f"try: read_yaml({start!r}.encode() * 40_000, 'f', bound=MAX_POLICY)\nexcept InvalidInput: print('refused')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)
    assert (done.returncode, done.stdout) == (0, "refused\n")


def test_every_value_knows_its_line():
    document = read("a:\n  b:\n    - x\n    - y\n")
    assert [document.line(path) for path in ((), ("a",), ("a", "b"), ("a", "b", 1), ("a", "b", 9), ("z",))] == [
        1,
        1,
        2,
        4,
        2,
        1,
    ]
