"""What no single field of a policy is wrong about: voices of two people, unknown people, and what becomes of it all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from govern.errors import InvalidInput
from govern.names import NAMESPACE
from govern.policy.reading import read_policy
from govern.trust.identity import Identity, Voice
from support.records import key_of

ISSUER = "https://token.example.test"
ANNA = {"issuer": ISSUER, "subject": "anna@acme.test"}
EARLY, LATE = "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"


def pem(label: str) -> str:
    return key_of(label).to_pem()


def policy(people: dict[str, Any], /, **sections: Any) -> bytes:
    """Return a policy with these people: keys, or identities where an entry has an issuer."""

    def person(entries: list[Any]) -> dict[str, Any]:
        identities = [one for one in entries if isinstance(one, dict) and ("issuer" in one or "subject" in one)]
        return {"kind": "human", "keys": [one for one in entries if one not in identities], "identities": identities}

    value = {
        "version": "govern.policy/v0.1",
        "people": {name: person(entries) for name, entries in people.items()},
        "roles": {"producer": {"members": [next(iter(people))], "kinds": ["registration"], "names": ["**"]}},
        "require": ["registration"],
    }
    return json.dumps(value | sections, indent=1).encode()


def faults(data: bytes) -> list[str]:
    with pytest.raises(InvalidInput) as refusal:
        read_policy(data, "policy.yaml")
    return [line.strip().partition(": ")[2] for line in refusal.value.message.splitlines()[1:]]


# --- one voice, one person -----------------------------------------------------------------------


def test_one_identity_of_two_people_is_refused():
    data = policy({"anna": [ANNA], "bert": [pem("bert"), ANNA]})
    assert faults(data) == [f"people.bert.identities.0: the identity anna@acme.test by {ISSUER} is also anna's"]


def test_the_same_pattern_of_two_people_is_refused_and_a_longer_one_is_not():
    wide = {"issuer": ISSUER, "subject": "https://ci.example.test/acme/*"}
    longer = wide | {"subject": "https://ci.example.test/acme/models/*"}
    assert len(faults(policy({"a": [wide], "b": [dict(wide)]}))) == 1
    found = read_policy(policy({"a": [wide], "b": [longer]}), "p")
    jobs = {"https://ci.example.test/acme/x": "a", "https://ci.example.test/acme/models/x": "b"}
    for subject, person in jobs.items():
        assert found.owner_of(Voice.of(Identity(ISSUER, subject))) == person
    assert found.owner_of(Voice.of(Identity(ISSUER, "https://ci.example.test/acme"))) is None
    assert found.owner_of(Voice.of(Identity(ISSUER, "https://ci.example.test/other/x"))) is None


def test_the_same_subject_by_two_issuers_is_two_people():
    other = ANNA | {"issuer": "https://other.example.test"}
    found = read_policy(policy({"anna": [ANNA], "bert": [other]}), "p")
    assert found.owner_of(Voice.of(Identity(ISSUER, "anna@acme.test"))) == "anna"
    assert found.owner_of(Voice.of(Identity("https://other.example.test", "anna@acme.test"))) == "bert"


def test_a_key_of_two_people_is_refused_in_either_spelling():
    limited = {"key": pem("ci"), "from": EARLY}
    for entries in ([pem("ci"), limited], [limited, pem("ci")], [limited, dict(limited)]):
        (fault,) = faults(policy({"a": entries[:1], "b": entries[1:]}))
        assert fault == f"people.b.keys.0: the key {key_of('ci').signer} is also a's"


@pytest.mark.parametrize("more", [{"revokedFrom": EARLY}, {"from": EARLY}, {"until": LATE}, {"provenBy": ["log"]}])
def test_one_voice_twice_with_other_limits_is_refused(more):
    # Only one of the two could count: whoever wrote the revocation below would believe that it does.
    (fault,) = faults(policy({"ci": [pem("ci"), {"key": pem("ci")} | more]}))
    assert fault.endswith("stands twice, with other limits: keep one")
    (fault,) = faults(policy({"anna": [ANNA, ANNA | more]}))
    voice = f"the identity anna@acme.test by {ISSUER}"
    assert fault == f"people.anna.identities.1: {voice} stands twice, with other limits: keep one"


def test_one_voice_twice_with_the_same_limits_is_one():
    found = read_policy(policy({"ci": [pem("ci"), {"key": pem("ci")}], "anna": [ANNA, dict(ANNA)]}), "p")
    assert len(found.trust.keys) == 1
    assert found.owner_of(Voice.of(Identity(ISSUER, "anna@acme.test"))) == "anna"


def test_what_cannot_be_read_is_nobodys_voice():
    broken = {"subject": "x"}
    assert faults(policy({"a": [broken], "b": [dict(broken)]})) == [
        "people.a.identities.0.issuer: is missing",
        "people.b.identities.0.issuer: is missing",
    ]
    junk = [{"issuer": 1, "subject": "x"}]
    assert all("is also" not in one for one in faults(policy({"a": junk, "b": junk})))


# --- people --------------------------------------------------------------------------------------


def test_whoever_is_named_must_be_there():
    build = {"builders": [{"builder": "b", "people": ["ci", "eve"], "level": 2}]}
    roles = {"producer": {"members": ["eve"], "kinds": ["registration"], "names": ["**"]}}
    assert faults(policy({"ci": [pem("ci")]}, build=build, roles=roles)) == [
        "roles.producer.members.0: 'eve' is not in people",
        "build.builders.0.people.1: 'eve' is not in people",
    ]


@pytest.mark.parametrize(
    "build", [None, 7, "x", [], {"builders": None}, {"builders": [7]}, {"builders": [{"people": 7}]}]
)
@pytest.mark.parametrize("trust", [None, 7, [], {"sigstore": 7}, {"certificates": {"a": 1}}])
def test_sections_of_any_shape_are_faults_and_no_crash(build, trust):
    assert faults(policy({"ci": [pem("ci")]}, build=build, trust=trust))


@pytest.mark.parametrize("people", [None, 7, [], "x", {"ci": None}, {"ci": 7}, {"ci": {"keys": 7, "identities": 7}}])
def test_people_of_any_shape_are_faults_and_no_crash(people):
    assert faults(policy({"ci": []}, people=people))


@pytest.mark.parametrize("level", [2, 3])
def test_a_client_is_worth_the_first_level_and_no_pair_lifts_it(level):
    pair = {"builder": f"{NAMESPACE}builders/client/v0.1", "people": ["ci"], "level": level}
    data = policy({"ci": [pem("ci")]}, build={"builders": [pair | {"level": 1}, pair]})
    message = f"got {level}, expected 1: what a client says of itself is worth no more"
    assert faults(data) == [f"build.builders.1.level: {message}"]
    with pytest.raises(InvalidInput) as refusal:
        read_policy(data, "p")
    number = next(n for n, line in enumerate(data.decode().splitlines(), 1) if f'"level": {level}' in line)
    assert f"line {number}: build.builders.1.level" in refusal.value.message


# --- shape ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["members", "kinds", "names"])
def test_an_empty_list_is_called_that(field):
    role = {"members": ["ci"], "kinds": ["registration"], "names": ["**"]}
    (fault,) = faults(policy({"ci": [pem("ci")]}, roles={"producer": role | {field: []}}))
    assert fault == f"roles.producer.{field}: is empty, expected at least one entry"


@pytest.mark.parametrize("field", ["people", "roles", "require"])
def test_an_empty_section_is_called_that(field):
    empty: object = [] if field == "require" else {}
    assert f"{field}: is empty, expected at least one entry" in faults(policy({"ci": [pem("ci")]}, **{field: empty}))


@pytest.mark.parametrize(
    ("text", "got"), [("- people\n", "list of 1"), ("7\n", "7"), ("[]\n", "list of 0"), ("text\n", "'text'")]
)
def test_a_file_that_is_no_mapping_is_not_called_empty(text, got):
    with pytest.raises(InvalidInput, match=r"the policy p is no mapping") as refusal:
        read_policy(text.encode(), "p")
    assert refusal.value.got == got


@pytest.mark.parametrize("text", ["", "# nothing yet\n"])
def test_a_file_without_anything_is_empty(text):
    with pytest.raises(InvalidInput, match="the policy p is empty"):
        read_policy(text.encode(), "p")


# --- what becomes of it --------------------------------------------------------------------------


def test_everything_reaches_the_policy():
    build = {"level": 3, "builders": [{"builder": "b", "people": ["ci"], "level": 2}]}
    limited = {"key": pem("ci"), "from": EARLY, "until": LATE, "revokedFrom": LATE, "provenBy": ["log"]}
    found = read_policy(policy({"ci": [limited, ANNA | {"revokedFrom": EARLY}]}, build=build), "p")
    key, identity = found.credentials
    assert (key.person, key.signer, key.identity) == ("ci", key_of("ci").signer, None)
    assert (identity.signer, identity.identity) == (None, Identity(ISSUER, "anna@acme.test"))
    assert key.window.start is not None
    assert (key.revoked_from is not None, identity.revoked_from is not None, key.proven_by) == (True, True, ("log",))
    assert dict(found.owners) == {key_of("ci").signer: "ci"}
    assert (found.level, found.builders[0].level, found.builders[0].people) == (3, 2, frozenset({"ci"}))


def test_a_fault_in_trust_comes_with_all_others_in_the_order_of_the_lines():
    data = policy({"ci": [pem("ci")]}, trust={"sigstore": ["x"], "certificates": ["y"]}, stages={}, require=["nothing"])
    with pytest.raises(InvalidInput) as refusal:
        read_policy(data, "policy.yaml")
    lines = [line.strip() for line in refusal.value.message.splitlines()[1:]]
    numbers = [int(line.partition(":")[0].removeprefix("line ")) for line in lines]
    assert numbers == sorted(numbers)
    assert [line.split(": ")[1] for line in lines] == [
        "require.0",
        "trust.sigstore.0",
        "trust.certificates.0",
        "stages",
    ]
