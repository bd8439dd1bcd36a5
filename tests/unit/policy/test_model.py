"""The policy file: who is who, who may say what, and every fault at once with its line."""

from __future__ import annotations

from textwrap import indent
from typing import Any

import pytest

from govern.errors import InvalidInput
from govern.limits import MAX_POLICY
from govern.names import NAMESPACE, Name
from govern.oci.digest import Digest
from govern.policy.model import Policy, is_foreign
from govern.policy.reading import read_policy
from govern.predicates.annotation import TYPE as ANNOTATION
from govern.predicates.kinds import SLSA_V1
from govern.predicates.registration import TYPE as REGISTRATION
from govern.trust.identity import Voice
from support.records import NAME, key_of


def person(name: str, *labels: str, kind: str = "workload") -> str:
    keys = "".join(f"      - |\n{indent(key_of(label).to_pem(), '        ')}" for label in labels)
    return f"  {name}:\n    kind: {kind}\n    keys:\n{keys}"


PEOPLE = "people:\n" + person("ci", "ci") + person("anna", "anna", "anna2", kind="human")
ROLES = """\
roles:
  producer:
    members: [ci]
    kinds: [registration, provenance, "https://example.com/x"]
    names: [acme/fraud, "team/**"]
  writer:
    members: [anna, ci]
    kinds: [annotation]
    names: ["**"]
"""
HEAD = "version: govern.policy/v0.1\n"
GOOD = HEAD + PEOPLE + ROLES + "require: [registration, provenance, registration]\n"


def read(text: str) -> Policy:
    return read_policy(text.encode(), "policy.yaml")


def faults(text: str) -> list[str]:
    with pytest.raises(InvalidInput) as refused:
        read(text)
    assert refused.value.message.startswith("the policy policy.yaml has ")
    return [line.strip() for line in refused.value.message.splitlines()[1:]]


def line_with(text: str, word: str) -> str:
    return f"line {text[: text.index(word)].count(chr(10)) + 1}"


def test_a_policy_is_read():
    policy = read(GOOD)
    assert policy.digest == Digest.of(GOOD.encode())
    assert policy.require == (REGISTRATION, SLSA_V1)
    assert dict(policy.kinds) == {"ci": "workload", "anna": "human"}
    assert set(policy.trust.keys) == {key_of(label).signer for label in ("ci", "anna", "anna2")}
    assert policy.owners[key_of("anna").signer] == policy.owners[key_of("anna2").signer] == "anna"


@pytest.mark.parametrize(
    ("label", "kind", "name", "role"),
    [
        ("ci", REGISTRATION, "acme/fraud", "producer"),
        ("ci", SLSA_V1, "team/x/y", "producer"),
        ("ci", "https://example.com/x", "acme/fraud", "producer"),
        ("ci", ANNOTATION, "any/name", "writer"),
        ("anna", ANNOTATION, "acme/fraud", "writer"),
        ("anna2", ANNOTATION, "acme/fraud", "writer"),
        ("anna", REGISTRATION, "acme/fraud", None),
        ("ci", REGISTRATION, "acme/fraud2", None),
        ("ci", REGISTRATION, "acme/fraud/x", None),
        ("ci", REGISTRATION, "team", None),
        ("ci", REGISTRATION, "teams/x", None),
        ("ci", "https://example.com/y", "acme/fraud", None),
        ("ci", f"{NAMESPACE}approval/v0.1", "acme/fraud", None),
        ("stranger", ANNOTATION, "acme/fraud", None),
        ("stranger", REGISTRATION, "acme/fraud", None),
    ],
)
def test_trust_is_a_triple_of_person_kind_and_name(label, kind, name, role):
    found = read(GOOD).who_may(Voice(key_of(label).signer), kind, Name(name))
    assert (found.role if found else None) == role


def test_the_digest_is_of_the_exact_bytes():
    assert read(GOOD + "# a comment\n").digest != read(GOOD).digest


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "[]\n", "- a\n", "just text\n", "---\n"])
def test_a_file_that_is_no_mapping_is_refused(text):
    with pytest.raises(InvalidInput):
        read(text)


def test_all_faults_come_at_once_each_with_its_line():
    text = (
        GOOD.replace("kind: human", "kind: robot")
        .replace("[annotation]", "[anotation]")
        .replace("[acme/fraud", "[Acme/*")
        + "stray: 1\n"
    )
    found = [one for one in faults(text) if "at least 1 item" not in one]
    assert [one.partition(": ")[0] for one in found] == [
        line_with(text, word) for word in ("robot", "Acme", "anotation", "stray")
    ]
    assert "is not known here" in found[-1]


def test_one_wrong_word_is_one_fault():
    assert len(faults(GOOD.replace("[annotation]", "[anotation]"))) == 1


@pytest.mark.parametrize(
    "section",
    [
        "home",
        "conflicts",
        "stages",
        "conditions",
        "freshness",
        "lineage",
        "accepted",
        "mode",
        "exceptions",
        "retention",
    ],
)
def test_a_section_that_only_a_newer_govern_judges_is_refused_and_not_passed_over(section):
    text = f"{GOOD}{section}: {{}}\n"
    (fault,) = faults(text)
    assert fault.startswith(f"line {text.count(chr(10))}: ")
    assert "newer govern" in fault
    assert section in fault


def test_every_later_section_is_named_at_once():
    assert len(faults(GOOD + "stages: []\nhome: x\nmode: observe\n")) == 3


def test_a_later_section_does_not_hide_the_other_faults():
    assert len(faults(GOOD.replace("kind: human", "kind: robot") + "stages: []\n")) == 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (HEAD, ""),
        ("v0.1", "v0.2"),
        ("members: [ci]", "members: []"),
        ("members: [ci]", "members: ci"),
        ("members: [ci]", "members: [nobody]"),
        ("kinds: [annotation]", "kinds: []"),
        ("kinds: [annotation]", "kinds: [approval]"),
        ("kinds: [annotation]", f'kinds: ["{NAMESPACE}approval/v0.1"]'),
        ("kinds: [annotation]", 'kinds: ["*"]'),
        ('["**"]', "[]"),
        ('["**"]', '["*"]'),
        ('["**"]', '["acme/*"]'),
        ('["**"]', '["acme**"]'),
        ('["**"]', '["/**"]'),
        ('["**"]', '["**/x"]'),
        ('["**"]', '["acme/**/**"]'),
        ('["**"]', '["a b"]'),
        ('["**"]', "[1]"),
        ("require: [registration, provenance, registration]", "require: []"),
        ("require: [registration, provenance, registration]", "require: [nothing]"),
        ("require: [registration, provenance, registration]\n", ""),
        (ROLES, ""),
        (ROLES, "roles: {}\n"),
        (PEOPLE, ""),
        (PEOPLE, "people: {}\n"),
        ("  anna:", "  'an na':"),
        ("  anna:", "  '':"),
        ("kind: human", "kind: human\n    email: a@b.example"),
        ("-----BEGIN PUBLIC KEY-----", "-----BEGIN CERTIFICATE-----"),
        ("-----BEGIN PUBLIC KEY-----", "-----BEGIN PRIVATE KEY-----"),
    ],
)
def test_another_shape_is_refused(old, new):
    text = GOOD.replace(old, new)
    assert text != GOOD
    with pytest.raises(InvalidInput):
        read(text)


def test_one_key_of_two_people_is_refused():
    # One person must not be two voices.
    text = (
        HEAD
        + "people:\n"
        + person("ci", "ci")
        + person("anna", "anna", "ci", kind="human")
        + ROLES
        + "require: [registration]\n"
    )
    (fault,) = faults(text)
    assert key_of("ci").signer in fault
    assert "ci's" in fault


def test_a_key_that_a_person_has_twice_is_one_key():
    text = HEAD + "people:\n" + person("ci", "ci", "ci") + person("anna", "anna") + ROLES + "require: [registration]\n"
    assert len(read(text).trust.keys) == 2


def test_every_unknown_member_is_named_at_its_line():
    text = GOOD.replace("members: [ci]", "members: [nobody]").replace("members: [anna, ci]", "members: [anna, nobody2]")
    assert [one.partition(": ")[0] for one in faults(text)] == [line_with(text, "nobody"), line_with(text, "nobody2")]


def test_the_key_of_two_people_is_shown_where_it_stands():
    text = HEAD + "people:\n" + person("ci", "ci") + person("anna", "ci") + ROLES + "require: [registration]\n"
    (fault,) = faults(text)
    assert not fault.startswith("line 1:")


def test_the_bound_is_named():
    with pytest.raises(InvalidInput, match="MAX_POLICY"):
        read_policy(b"#" * (MAX_POLICY.value + 1), "policy.yaml")


def test_only_our_namespace_is_ours():
    assert not is_foreign(REGISTRATION)
    assert not is_foreign(NAMESPACE + "whatever")
    assert is_foreign(REGISTRATION.replace("https", "http"))
    assert is_foreign(SLSA_V1)


def test_what_a_policy_is_made_of_is_plain_data():
    policy: Any = read(GOOD)
    with pytest.raises(AttributeError):
        policy.require = ()
    assert policy.who_may(Voice(key_of("ci").signer), REGISTRATION, NAME).person == "ci"
