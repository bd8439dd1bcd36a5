"""A version that is taken, and a push that is complete: under a policy only by records that stand."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

import pytest

from govern import api
from govern.errors import Denied
from support.records import key_of, signer
from support.trees import write_tree

REVOKED, NEVER = "2026-01-01T00:00:00Z", "9999-01-01T00:00:00Z"


def policy(folder: Path, old: str = "") -> Path:
    """Return a policy in which two keys produce; `old` is what limits the first."""

    def person(label: str, limits: str) -> str:
        pem = indent(key_of(label).to_pem(), "          ")
        return f"  {label}:\n    kind: workload\n    keys:\n      - key: |\n{pem}{limits}"

    file = folder / "policy.yaml"
    file.write_text(
        "version: govern.policy/v0.1\npeople:\n"
        + person("old", f"        revokedFrom: {old}\n" if old else "")
        + person("new", "")
        + "roles:\n  producer:\n    members: [old, new]\n    kinds: [registration, provenance, oms]\n"
        '    names: ["**"]\nrequire: [registration]\n'
    )
    return file


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "model", {"README.md": b"# It\n"})


@pytest.fixture
def reference(tmp_path: Path) -> str:
    return f"layout:{tmp_path}/store/fraud:1.0.0"


def registrations(reference: str) -> int:
    return len(api.records(reference, kinds=["registration"]).found)


def test_what_another_registered_is_complete_for_whoever_trusts_them(model: Path, reference: str, tmp_path: Path):
    api.push(model, reference, key=signer("old"))
    api.push(model, reference, key=signer("new"), policy=policy(tmp_path))
    api.push(model, reference, key=signer("new"), policy=policy(tmp_path, NEVER))
    assert registrations(reference) == 1


def test_what_a_revoked_key_registered_is_registered_anew(model: Path, reference: str, tmp_path: Path):
    # Otherwise nobody could: every verifier says no, and every push says that there is nothing to do.
    api.push(model, reference, key=signer("old"))
    revoked = policy(tmp_path, REVOKED)
    assert api.verify(reference, policy=revoked).outcome == "denied"
    api.push(model, reference, key=signer("new"), policy=revoked)
    assert registrations(reference) == 2
    assert api.verify(reference, policy=revoked).outcome == "allowed"
    api.push(model, reference, key=signer("new"), policy=revoked)
    assert registrations(reference) == 2


def test_a_version_that_somebody_trusted_holds_is_taken(model: Path, reference: str, tmp_path: Path):
    api.push(model, reference, key=signer("old"))
    other = write_tree(tmp_path / "other", {"README.md": b"# Another\n"})
    for trusted in (policy(tmp_path), policy(tmp_path, NEVER)):
        with pytest.raises(Denied, match=r"is taken by other content.*registered by old"):
            api.push(other, reference, key=signer("new"), policy=trusted)


OVER = "from: 2020-01-01T00:00:00Z\n        until: 2021-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("change", "who", "said"),
    [
        (("        names", "        names"), "stranger", "nobody's in this policy"),
        (('names: ["**"]', 'names: ["other/**"]'), "new", "new's, whom no role lets register fraud"),
        (("registration, provenance", "provenance"), "new", "new's, whom no role lets register fraud"),
        (("revokedFrom: " + NEVER, OVER), "old", "old's, who it does not speak for at"),
        ((NEVER, REVOKED), "old", "old's, revoked from 2026-01-01T00:00:00Z"),
    ],
)
def test_whom_the_policy_does_not_take_uses_up_no_version(
    model: Path, reference: str, tmp_path: Path, change: tuple[str, str], who: str, said: str
):
    file = policy(tmp_path, NEVER)
    file.write_text(file.read_text().replace(*change))
    with pytest.raises(Denied, match=said):
        api.push(model, reference, key=signer(who), policy=file)
    assert not list((tmp_path / "store").rglob("blobs/sha256/*"))
    api.push(model, reference, key=signer("new"))


def test_whom_the_policy_does_not_take_may_push_again_what_is_complete(model: Path, reference: str, tmp_path: Path):
    api.push(model, reference, key=signer("new"))
    assert api.push(model, reference, key=signer("old"), policy=policy(tmp_path, REVOKED)).already
