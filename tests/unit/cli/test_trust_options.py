"""Whom to trust, from the command line: nothing that was typed is passed over, and nobody is trusted by half."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from govern.cli.console import Console
from govern.cli.trust_options import Trusted
from govern.cli.verb import Run
from govern.errors import InvalidInput, Undecided, UsageError
from govern.operations.context import Context
from govern.operations.verify import Verifier
from govern.policy.template import policy_template
from govern.settings import Settings
from govern.trust.identity import Identity
from support.records import NAME, key_of
from support.verify_vectors.certificates import Wish, issue, revocation_list
from support.verify_vectors.stamps import stamper
from support.verify_vectors.times import DAY, SIGNED

ROOT = issue(Wish("root", authority=True))
MAIL, ISSUER = "anna@example.test", "CN=root"
Open = Callable[..., Verifier]


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    contents = {
        "ci.pub": key_of("ci").to_pem(),
        "root.pem": ROOT.pem,
        "clock.pem": stamper("clock").signer.chain_pem,
        "crl.pem": revocation_list(ROOT, [], end=datetime(2027, 1, 1, tzinfo=UTC)),
        "old.pem": revocation_list(ROOT, [], end=SIGNED + DAY),
        "policy.yaml": policy_template([("ci", key_of("ci"))], ["**"]),
    }
    for name, text in contents.items():
        (tmp_path / name).write_text(text)
    return {name: tmp_path / name for name in contents}


@pytest.fixture
def run() -> Iterator[Run]:
    with Context(Settings(), clock=lambda: datetime(2026, 11, 21, tzinfo=UTC)) as context:
        yield Run(Console(json=False, quiet=True, verbose=False), context)


def refused(run: Run, **options: Any) -> str:
    return refused_as(UsageError, run, **options)


def refused_as(kind: type[Exception], run: Run, **options: Any) -> str:
    trusted = Trusted(**options)
    # Whoever typed anything of it wants to verify: a verb that may go without must not.
    assert trusted.given(run)
    with pytest.raises(kind) as refusal:
        trusted.open(run, "govern verify REF")
    return str(refusal.value)


def test_a_key_is_enough(run: Run, files: dict[str, Path]):
    found = Trusted(key=[str(files["ci.pub"])]).open(run, "govern verify REF", ["provenance"])
    assert [key for _, key in found.keys] == [key_of("ci")]
    assert (found.policy, found.identities, found.require) == (None, (), ("provenance",))


def test_an_identity_comes_with_who_vouches_and_who_proves(run: Run, files: dict[str, Path]):
    found = Trusted(
        certificate_identity=MAIL,
        certificate_oidc_issuer=ISSUER,
        ca_roots=[files["root.pem"]],
        timestamp_chain=[files["clock.pem"]],
        crl=[files["crl.pem"]],
    ).open(run, "govern verify REF")
    assert found.identities == (Identity(ISSUER, MAIL),)
    assert [len(one.revocation_lists) for one in found.trust.pkis] == [1]
    assert len(found.trust.timestamp_authorities) == 1
    policy = found.for_name(NAME)
    assert (policy.source, policy.owners) == ("--certificate-identity", {})
    assert [one.identity for one in policy.credentials] == [Identity(ISSUER, MAIL)]


def test_a_policy_is_its_own_anchors(run: Run, files: dict[str, Path]):
    found = Trusted(policy=files["policy.yaml"]).open(run, "govern verify REF")
    assert found.policy is not None
    assert found.for_name(NAME) is found.policy


def test_revocation_lists_are_given_beside_a_policy(run: Run, files: dict[str, Path]):
    # A policy without an internal PKI has nobody to revoke.
    assert "no internal PKI is trusted" in refused(run, policy=files["policy.yaml"], crl=[files["crl.pem"]])
    certificate = "".join(f"      {line}\n" for line in files["root.pem"].read_text().splitlines())
    with files["policy.yaml"].open("a") as policy:
        policy.write(f"trust:\n  certificates:\n  - |\n{certificate}")
    found = Trusted(policy=files["policy.yaml"], crl=[files["crl.pem"]]).open(run, "govern verify REF")
    assert [len(one.revocation_lists) for one in found.for_name(NAME).trust.pkis] == [1]


def test_the_policy_of_the_environment_counts_only_alone(files: dict[str, Path]):
    with Context(Settings({"GOVERN_POLICY": str(files["policy.yaml"])})) as context:
        run = Run(Console(json=False, quiet=True, verbose=False), context)
        assert Trusted().given(run)
        assert Trusted().open(run, "govern verify REF").policy is not None
        assert Trusted(key=[str(files["ci.pub"])]).open(run, "govern verify REF").policy is None
        # Half an identity is not the policy's business.
        assert "an identity is a subject and who vouches" in refused(run, certificate_oidc_issuer=ISSUER)


def test_nothing_is_nobody(run: Run):
    assert not Trusted().given(run)
    with pytest.raises(UsageError, match="nothing says whom to trust") as refusal:
        Trusted().open(run, "govern verify REF")
    assert refusal.value.hint.startswith("govern verify REF --key ci.pub")


@pytest.mark.parametrize("option", ["ca_roots", "timestamp_chain", "trusted_root"])
def test_an_anchor_alone_is_nobody(run: Run, files: dict[str, Path], option: str):
    assert "nothing says whom to trust" in refused(run, **{option: [files["root.pem"]]})
    message = refused(run, policy=files["policy.yaml"], **{option: [files["root.pem"]]})
    assert "anchors were given beside a policy" in message


def test_half_an_identity_is_nobody(run: Run, files: dict[str, Path]):
    halves: list[dict[str, Any]] = [{"certificate_identity": MAIL}, {"certificate_oidc_issuer": ISSUER}]
    for half in halves:
        for more in ({}, {"ca_roots": [files["root.pem"]]}, {"policy": files["policy.yaml"]}):
            assert "an identity is a subject and who vouches for it" in refused(run, **half, **more)


@pytest.mark.parametrize("subject", ["*", "*@example.test", "https://github.com/acme/*"])
def test_an_identity_on_the_command_line_is_one(run: Run, files: dict[str, Path], subject: str):
    # Compared as a pattern, a star would be everybody whom the issuer knows.
    message = refused(run, certificate_identity=subject, certificate_oidc_issuer=ISSUER, ca_roots=[files["root.pem"]])
    assert "names one identity, exactly" in message


def test_an_identity_that_nobody_could_prove_is_refused(run: Run, files: dict[str, Path]):
    options: dict[str, Any] = {"certificate_identity": MAIL, "certificate_oidc_issuer": ISSUER}
    assert "no authority that could prove it" in refused_as(InvalidInput, run, **options)
    # A key beside makes it no better.
    assert "no authority that could prove it" in refused_as(InvalidInput, run, key=[str(files["ci.pub"])], **options)


def test_a_policy_goes_with_neither_key_nor_identity_nor_requirement(run: Run, files: dict[str, Path]):
    policy = files["policy.yaml"]
    assert "both --key and --policy" in refused(run, policy=policy, key=[str(files["ci.pub"])])
    assert "both --certificate-identity and --policy" in refused(
        run, policy=policy, certificate_identity=MAIL, certificate_oidc_issuer=ISSUER
    )
    with pytest.raises(UsageError, match="--require goes with --key"):
        Trusted(policy=policy).open(run, "govern verify REF", ["provenance"])


def test_a_revocation_list_must_be_good_and_for_somebody(run: Run, files: dict[str, Path]):
    key = [str(files["ci.pub"])]
    assert "no internal PKI is trusted" in refused(run, key=key, crl=[files["crl.pem"]])
    assert "out of date" in refused_as(Undecided, run, key=key, crl=[files["old.pem"]], ca_roots=[files["root.pem"]])
    assert "cannot be read" in refused_as(InvalidInput, run, key=key, crl=[files["root.pem"]])
