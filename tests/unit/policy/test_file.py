"""The policy file, field by field: what people write, and what it says where that is not it."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from govern.errors import InvalidInput
from govern.policy.file import PolicyFile
from govern.policy.model import Policy
from govern.policy.reading import read_policy
from govern.report.schemas import schema_of
from govern.times import read_time
from govern.trust.anchors import Window
from support.records import key_of
from support.verify_vectors.certificates import Wish, issue
from support.verify_vectors.stamps import stamper

PEM = key_of("ci").to_pem()
EARLY, LATE = "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"
JOB = {"issuer": "https://token.example.test", "subject": "https://github.com/acme/models/.github/workflows/x@y"}


def policy(*keys: object, identities: object = None, **sections: Any) -> dict[str, Any]:
    """Return a policy of one person."""
    person: dict[str, Any] = {"kind": "workload"}
    if keys:
        person["keys"] = list(keys)
    if identities is not None:
        person["identities"] = identities
    return {
        "version": "govern.policy/v0.1",
        "people": {"ci": person},
        "roles": {"producer": {"members": ["ci"], "kinds": ["registration"], "names": ["**"]}},
        "require": ["registration"],
        **sections,
    }


def read(value: dict[str, Any]) -> Policy:
    # JSON is YAML; what is text here is text there.
    return read_policy(json.dumps(value, indent=1).encode(), "policy.yaml")


def fault(value: dict[str, Any]) -> str:
    """Return the one fault of a policy, without its line."""
    with pytest.raises(InvalidInput) as refusal:
        read(value)
    head, *lines = refusal.value.message.splitlines()
    assert head.endswith("has 1 fault"), refusal.value.message
    line, _, rest = lines[0].strip().partition(": ")
    assert int(line.removeprefix("line ")) > 1
    return rest


# --- keys ----------------------------------------------------------------------------------------


def test_a_key_stands_alone_or_with_what_limits_it():
    limits = {"key": PEM, "from": EARLY, "until": LATE, "revokedFrom": LATE, "provenBy": ["timestamp", "log"]}
    (plain,), (limited,) = read(policy(PEM)).credentials, read(policy(limits)).credentials
    assert (plain.window, plain.revoked_from, plain.proven_by) == (Window(), None, ())
    assert limited.window == Window(read_time(EARLY), read_time(LATE))
    assert (limited.revoked_from, limited.proven_by) == (read_time(LATE), ("timestamp", "log"))
    assert plain.signer == limited.signer == key_of("ci").signer


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (17, "people.ci.keys.0: got 17, expected a PEM public key, or key: with what limits it"),
        (None, "people.ci.keys.0: got None, expected a PEM public key"),
        (True, "people.ci.keys.0: got True, expected a PEM public key"),
        ([PEM], "people.ci.keys.0: got list of 1, expected a PEM public key"),
        ("ci.pub", "people.ci.keys.0.key: this key is not one PEM public key: got 0 PEM blocks"),
        ({"from": EARLY}, "people.ci.keys.0.key: is missing"),
        ({"key": 17}, "people.ci.keys.0.key: got 17, expected text"),
        ({"key": PEM, "from": 2026}, "people.ci.keys.0.from: got 2026, expected text"),
        ({"key": PEM, "from": "2026-01-01"}, "people.ci.keys.0.from: the time is not a time: got '2026-01-01'"),
        ({"key": PEM, "from": "2026-02-30T00:00:00Z"}, "people.ci.keys.0.from: the time is not a time"),
        ({"key": PEM, "until": "2026-01-01T00:00:00+00:00"}, "people.ci.keys.0.until: the time is not a time"),
        ({"key": PEM, "revokedFrom": True}, "people.ci.keys.0.revokedFrom: got True, expected text"),
        ({"key": PEM, "provenBy": "log"}, "people.ci.keys.0.provenBy: got 'log', expected a list"),
        (
            {"key": PEM, "provenBy": ["stamp"]},
            "people.ci.keys.0.provenBy.0: got 'stamp', expected 'timestamp' or 'log'",
        ),
        ({"key": PEM, "revoked_from": EARLY}, "people.ci.keys.0.revoked_from: is not known here"),
        ({"key": PEM, "from": LATE, "until": EARLY}, f"people.ci.keys.0: until {EARLY} is before from {LATE}"),
    ],
)
def test_a_key_that_is_wrong_is_one_fault_in_words(entry, said):
    assert fault(policy(entry)).startswith(said)


def test_times_are_written_as_they_are_in_yaml_without_quotes():
    text = json.dumps(policy({"key": PEM, "from": "EARLY"})).replace('"EARLY"', EARLY)
    assert read_policy(text.encode(), "policy.yaml").credentials[0].window.start == read_time(EARLY)


def test_a_window_of_one_moment_is_one():
    (one,) = read(policy({"key": PEM, "from": EARLY, "until": EARLY})).credentials
    assert one.window.holds(read_time(EARLY))


# --- identities ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "subject",
    [
        "anna@acme.test",
        "CN=ci,O=Acme",
        "spiffe://acme.test/ci",
        "spiffe://acme.test/*",
        "https://github.com/acme/*",
        "https://github.com/acme/models/.github/workflows/release.yml@refs/tags/v*",
        "https://gitlab.example.test/group/project//.gitlab-ci.yml@refs/heads/*",
    ],
)
def test_a_subject_says_whose_it_is(subject):
    (one,) = read(policy(identities=[JOB | {"subject": subject}])).credentials
    assert one.identity is not None
    assert one.identity.subject == subject


@pytest.mark.parametrize(
    "subject",
    [
        "*",
        "**",
        "*@acme.test",
        "anna@*",
        "CN=*",
        "https://*",
        "https://*/acme/*",
        "https://github.com*",
        # Everybody on a host that all share, and everybody whose name only begins so.
        "https://github.com/*",
        "https://github.com//*",
        "https://github.com/acme*",
        "https://github.com/acme/*/x",
        "https://github.com/acme/**",
        "https://github.com/*/models/*",
        "spiffe://acme*",
        "spiffe://*",
        "spiffe:///*",
        "SPIFFE://acme.test/*",
        "HTTPS://github.com/acme/*",
    ],
)
def test_a_pattern_that_does_not_say_whose_it_is_trusts_nobody(subject):
    said = fault(policy(identities=[JOB | {"subject": subject}]))
    assert said.startswith(f"people.ci.identities.0.subject: got {subject!r}, expected a star only at the end of a URI")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"subject": "a"}, "people.ci.identities.0.issuer: is missing"),
        ({"issuer": "a"}, "people.ci.identities.0.subject: is missing"),
        ({"issuer": 1, "subject": "a"}, "people.ci.identities.0.issuer: got 1, expected text"),
        ({"issuer": "", "subject": "a"}, "people.ci.identities.0.issuer: "),
        ({"issuer": "a", "subject": ""}, "people.ci.identities.0.subject: "),
        ("anna@acme.test", "people.ci.identities.0: got 'anna@acme.test', expected a mapping"),
    ],
)
def test_an_identity_has_a_subject_and_who_vouches_for_it(entry, said):
    assert fault(policy(identities=[entry])).startswith(said)


def test_somebody_for_whom_nothing_speaks_is_nobody():
    assert "nothing speaks for this person" in fault(policy())
    assert "nothing speaks for this person" in fault(policy(identities=[]))


# --- trust and build -----------------------------------------------------------------------------

ROOT = issue(Wish("root", authority=True)).pem
CHAIN = stamper("clock").signer.chain_pem


@pytest.mark.parametrize(
    ("trust", "said"),
    [
        (None, "trust: got None, expected a mapping"),
        ([], "trust: got list of 0, expected a mapping"),
        ({"sigstore": "{}"}, "trust.sigstore: got '{}', expected a list"),
        ({"sigstore": {"mediaType": "x"}}, "trust.sigstore: got dict of 1, expected a list"),
        ({"sigstore": [{"mediaType": "x"}]}, "trust.sigstore.0: got its content, expected it as text: write - |"),
        ({"sigstore": [7]}, "trust.sigstore.0: got 7, expected text"),
        ({"sigstore": ["x"]}, "trust.sigstore.0: this trusted root is not valid JSON"),
        ({"sigstore": ["{}"]}, "trust.sigstore.0: this trusted root is no trusted root of a known version"),
        ({"certificates": ROOT}, "trust.certificates: got '-----BEGIN"),
        ({"certificates": ["root.pem"]}, "trust.certificates.0: this root cannot be read"),
        ({"certificates": [ROOT, CHAIN]}, "trust.certificates.1: this root is not one certificate: got 2"),
        ({"timestamps": [ROOT]}, "trust.timestamps.0: this timestamp authority does not begin with"),
        ({"logs": ["rekor.example.test"]}, "trust.logs.0: got 'rekor.example.test', expected a mapping"),
        ({"logs": [{"origin": "a"}]}, "trust.logs.0.key: is missing"),
        ({"logs": [{"origin": "", "key": PEM}]}, "trust.logs.0.origin: "),
        ({"logs": [{"origin": "a", "key": ROOT}]}, "trust.logs.0.key: this key cannot be read"),
        ({"roots": []}, "trust.roots: is not known here"),
    ],
)
def test_an_anchor_that_is_wrong_is_one_fault_in_words(trust, said):
    assert fault(policy(PEM, trust=trust)).startswith(said)


@pytest.mark.parametrize(
    ("build", "said"),
    [
        ({"level": "3"}, "build.level: got '3', expected 1, 2 or 3"),
        ({"level": 4}, "build.level: got 4, expected 1, 2 or 3"),
        ({"builders": [{"builder": "x", "people": ["ci"], "level": 0}]}, "build.builders.0.level: got 0, expected"),
        ({"builders": [{"builder": "", "people": ["ci"], "level": 1}]}, "build.builders.0.builder: "),
        ({"builders": [{"builder": "x", "people": [], "level": 1}]}, "build.builders.0.people: "),
        ({"builders": [{"builder": "x", "people": ["eve"], "level": 1}]}, "build.builders.0.people.0: 'eve' is not in"),
    ],
)
def test_a_builder_that_is_wrong_is_one_fault_in_words(build, said):
    assert fault(policy(PEM, build=build)).startswith(said)


# --- the schema ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "good"),
    [
        (policy(PEM), True),
        (policy({"key": PEM, "from": EARLY}), True),
        (policy(identities=[JOB]), True),
        (policy(PEM, trust={"sigstore": ["text"]}, build={"level": 3}), True),
        (policy(17), False),
        (policy({"from": EARLY}), False),
        (policy(PEM, trust={"sigstore": [{"mediaType": "x"}]}), False),
        (policy(PEM, build={"level": 4}), False),
    ],
)
def test_an_editor_is_told_the_same_shape(value, good):
    validator = jsonschema.Draft202012Validator(schema_of("files/policy"))
    assert validator.is_valid(value) is good


def test_the_python_names_are_not_the_files():
    value = policy({"key": PEM, "since": EARLY})
    assert fault(value).startswith("people.ci.keys.0.since: is not known here")
    assert PolicyFile.model_validate(policy(PEM)).people["ci"].keys[0].window == Window()
