"""Whom to trust: options that every verifying verb has."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from govern.cli.options import PolicyFile, open_policy
from govern.cli.verb import Run
from govern.errors import UsageError
from govern.operations.trust_files import (
    TrustFiles,
    load_revocation_lists,
    load_trust,
    refuse_empty,
    with_revocations,
)
from govern.operations.verify import Verifier
from govern.signing.key_file import load_public_key
from govern.trust.identity import Identity


@dataclass(frozen=True, slots=True)
class Trusted:
    """Options of trust; see `Verifier`."""

    key: Annotated[
        list[str] | None,
        typer.Option("--key", metavar="PUB", help="Trust this public key for the expected name; repeat for more."),
    ] = None
    policy: PolicyFile = None
    certificate_identity: Annotated[
        str | None,
        typer.Option("--certificate-identity", metavar="SUBJECT", help="Trust this identity: a mail address, a URI."),
    ] = None
    certificate_oidc_issuer: Annotated[
        str | None,
        typer.Option("--certificate-oidc-issuer", metavar="ISSUER", help="Who vouches for it: a URL, or a root."),
    ] = None
    trusted_root: Annotated[
        list[Path] | None,
        typer.Option("--trusted-root", metavar="FILE", help="A Sigstore's trusted_root.json; repeat for more."),
    ] = None
    ca_roots: Annotated[
        list[Path] | None,
        typer.Option("--ca-roots", metavar="FILE", help="Roots of an internal PKI, PEM."),
    ] = None
    timestamp_chain: Annotated[
        list[Path] | None,
        typer.Option("--timestamp-chain", metavar="FILE", help="A timestamp authority's chain, PEM, signer first."),
    ] = None
    crl: Annotated[
        list[Path] | None,
        typer.Option("--crl", metavar="FILE", help="Revocation list of an internal PKI; repeat for more."),
    ] = None

    def given(self, run: Run) -> bool:
        """Whether anything says whom to trust."""
        # An anchor alone trusts nobody. Whoever gives one wants to verify, and `open` says what is missing.
        named = (self.key, self.certificate_identity, self.certificate_oidc_issuer, self.crl, self._files())
        return any(named) or open_policy(run, self.policy) is not None

    def open(self, run: Run, command: str, require: list[str] | None = None) -> Verifier:
        """Return what the verifier brings; raise `UsageError` with the command to run where it is nothing.

        Args:
            run: the command's surroundings.
            command: what was typed, for the hint.
            require: kinds that replace what is required, without a policy.
        """
        identities = self._identities()
        lists = load_revocation_lists(tuple(self.crl or ()), run.context.clock())
        if not self.key and self.certificate_identity is None:
            return self._by_policy(run, command, require, lists)
        if self.policy is not None:
            given, word = ("--key", "key") if self.key else ("--certificate-identity", "identity")
            raise UsageError(
                f"both {given} and --policy were given",
                expected="one of them",
                hint=f"put the {word} into the policy's people",
            )
        environment = run.context.settings.environment
        files = self._files()
        refuse_empty(files, identities)
        return Verifier(
            keys=tuple((one, load_public_key(one, environment)) for one in self.key or ()),
            require=tuple(require or ()),
            identities=identities,
            trust=with_revocations(load_trust(files), lists),
        )

    def _by_policy(self, run: Run, command: str, require: list[str] | None, lists: tuple) -> Verifier:  # type: ignore[type-arg]
        opened = open_policy(run, self.policy)
        if opened is None:
            raise UsageError(
                "nothing says whom to trust",
                expected="--policy FILE, --key PUB, or --certificate-identity SUBJECT",
                hint=f"{command} --key ci.pub, or write a policy with: "
                "govern policy init --key ci.pub --name NAME > policy.yaml",
            )
        if require:
            raise UsageError("--require goes with --key", expected="the policy's own require section")
        if self._files():
            raise UsageError("anchors were given beside a policy", expected="the policy's own trust section")
        # They change too often to stand in a policy.
        return Verifier(policy=replace(opened, trust=with_revocations(opened.trust, lists)))

    def _identities(self) -> tuple[Identity, ...]:
        if (self.certificate_identity is None) != (self.certificate_oidc_issuer is None):
            # The same name at another provider is another person.
            raise UsageError(
                "an identity is a subject and who vouches for it",
                expected="--certificate-identity SUBJECT and --certificate-oidc-issuer ISSUER",
            )
        if self.certificate_identity is None or self.certificate_oidc_issuer is None:
            return ()
        if "*" in self.certificate_identity:
            raise UsageError(
                "--certificate-identity names one identity, exactly",
                got=self.certificate_identity,
                expected="a mail address, a URI, or a name without a star",
                hint="a pattern stands in a policy's people, where it says whose identities it means",
            )
        return (Identity(self.certificate_oidc_issuer, self.certificate_identity),)

    def _files(self) -> TrustFiles:
        return TrustFiles(tuple(self.trusted_root or ()), tuple(self.ca_roots or ()), tuple(self.timestamp_chain or ()))
