"""The policy's `lines`: which name a place has, for mirrors (FORMAT §1)."""

from __future__ import annotations

from textwrap import indent

import pytest

from govern.errors import InvalidInput
from govern.policy.model import Policy, matches
from govern.policy.reading import read_policy
from support.records import key_of

GOOD = f"""\
version: govern.policy/v0.1
people:
  ci:
    kind: workload
    keys:
      - |
{indent(key_of().to_pem(), " " * 8)}
roles:
  producer: {{members: [ci], kinds: [registration], names: ["**"]}}
require: [registration]
"""
LINES = """\
lines:
  mirror.example.com/ml/fraud: acme/fraud
  mirror.example.com/ml/**: acme/**
  mirror.example.com/ml/deep/**: deep/**
  all.example.com/**: "**"
"""


def read(text: str) -> Policy:
    return read_policy(text.encode(), "policy.yaml")


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("mirror.example.com/ml/fraud", "acme/fraud"),
        ("mirror.example.com/ml/other", "acme/other"),
        ("mirror.example.com/ml/a/b", "acme/a/b"),
        ("mirror.example.com/ml/deep/x", "deep/x"),
        ("mirror.example.com/ml/deep", "acme/deep"),
        ("mirror.example.com/ml", None),
        ("mirror.example.com/mlx/fraud", None),
        ("all.example.com/a/b", "a/b"),
        ("all.example.com", None),
        ("other.example.com/acme/fraud", None),
    ],
)
def test_the_longest_pattern_gives_a_place_its_name(place, name):
    assert read(GOOD + LINES).expected_name(place) == name


@pytest.mark.parametrize("last", ["a", "ab"])
@pytest.mark.parametrize("swap", [False, True])
def test_a_place_of_its_own_goes_before_a_pattern_around_it(last, swap):
    rules = [f"  h.example/x/{last}: other/thing\n", "  h.example/x/**: acme/**\n"]
    policy = read(GOOD + "lines:\n" + "".join(reversed(rules) if swap else rules))
    assert policy.expected_name(f"h.example/x/{last}") == "other/thing"


@pytest.mark.parametrize(
    "rule",
    [
        "a.example/x/**: acme/fraud",
        "a.example/x: acme/**",
        'a.example/x: "**"',
        "a.example/**: Acme/**",
        '"**": "**"',
        "a.example/x: 1",
    ],
)
def test_a_line_that_is_not_a_pattern_on_both_sides_is_refused(rule):
    with pytest.raises(InvalidInput):
        read(f"{GOOD}lines:\n  {rule}\n")


@pytest.mark.parametrize(
    "pattern",
    [
        "registry.example.com/acme/*",
        "https://registry.example.com/acme",
        "acme/Fraud",
        "a b",
        "h.example/x/**/**",
        "h.example//x",
    ],
)
def test_a_pattern_that_can_never_match_is_refused(pattern):
    tail = "/**" if pattern.endswith("/**") else ""
    with pytest.raises(InvalidInput):
        read(f'{GOOD}lines:\n  "{pattern}": acme/fraud{tail}\n')


@pytest.mark.parametrize(
    ("pattern", "text", "match"),
    [
        ("**", "anything", True),
        ("a/b", "a/b", True),
        ("a/b", "a/b/c", False),
        ("a/**", "a/b", True),
        ("a/**", "a/b/c", True),
        ("a/**", "a", False),
        ("a/**", "ab/c", False),
        ("a/**", "b/a/c", False),
    ],
)
def test_a_pattern_matches_whole_segments(pattern, text, match):
    assert matches(pattern, text) is match
