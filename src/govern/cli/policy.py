"""`govern policy`: write a policy, check it, pin a trusted root, and find what a lost key has signed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from govern.cli.options import ExpectedName, PolicyFile, open_policy
from govern.cli.verb import Run, group, verb
from govern.errors import Undecided, UsageError, shortened
from govern.limits import MAX_KEY_FILE, MAX_TRUSTED_ROOT, Bound
from govern.names import PERSON_ID, Name
from govern.operations.affected import find_affected
from govern.operations.named_file import read_file
from govern.operations.trust_files import TrustFiles, refuse_empty
from govern.policy.doubts import doubts
from govern.policy.reading import read_policy
from govern.policy.template import Anchors, policy_template
from govern.predicates.kinds import resolve_type
from govern.report.affected import AffectedView, affected_text
from govern.report.file_views import PolicyCheckView
from govern.report.policy_summary import summary
from govern.signing.key_file import load_public_key
from govern.trust.identity import Identity


def init(
    run: Run,
    name: Annotated[
        list[str], typer.Option("--name", metavar="NAME", help="A name they may speak about, or a prefix like acme/**.")
    ],
    key: Annotated[
        list[str] | None,
        typer.Option("--key", metavar="[ID=]PUB", help="Who pushes: a public key, with the person's id."),
    ] = None,
    identity: Annotated[
        list[str] | None,
        typer.Option("--identity", metavar="ID=SUBJECT", help="Who pushes: whom a certificate names."),
    ] = None,
    issuer: Annotated[
        list[str] | None,
        typer.Option("--issuer", metavar="ISSUER", help="Who vouches for the identity: one for all, or one for each."),
    ] = None,
    trusted_root: Annotated[
        list[Path] | None,
        typer.Option("--trusted-root", metavar="FILE", help="A Sigstore's trusted_root.json; it is written out."),
    ] = None,
    ca_roots: Annotated[
        list[Path] | None, typer.Option("--ca-roots", metavar="FILE", help="The root of an internal PKI, PEM.")
    ] = None,
    timestamp_chain: Annotated[
        list[Path] | None,
        typer.Option("--timestamp-chain", metavar="FILE", help="A timestamp authority's chain, PEM, signer first."),
    ] = None,
    line: Annotated[
        list[str] | None, typer.Option("--line", metavar="PATTERN=NAME", help="Where a name lives: HOST/PATH=NAME.")
    ] = None,
    require: Annotated[
        list[str] | None, typer.Option("--require", metavar="TYPE", help="Kinds that must be there.")
    ] = None,
) -> None:
    """Write a policy around public keys and identities, to standard output."""
    environment = run.context.settings.environment
    if not key and not identity:
        raise UsageError(
            "a policy needs somebody who pushes",
            expected="--key [ID=]PUB, or --identity ID=SUBJECT with --issuer ISSUER",
        )
    people = _identities(identity or [], issuer or [])
    refuse_empty(TrustFiles(tuple(trusted_root or ()), tuple(ca_roots or ())), people)
    keys = [(person, load_public_key(path, environment)) for person, path in map(_person, key or ())]
    for one in name:
        Name(one.removesuffix("/**"))
    for one in require or ():
        resolve_type(one)
    text = policy_template(
        keys,
        name,
        [_line(one) for one in line or ()],
        tuple(require or ("registration",)),
        identities=people,
        anchors=Anchors(
            tuple(_text(path, MAX_TRUSTED_ROOT) for path in trusted_root or ()),
            tuple(_text(path, MAX_KEY_FILE) for path in ca_roots or ()),
            tuple(_text(path, MAX_KEY_FILE) for path in timestamp_chain or ()),
        ),
    )
    # What we could not read back must not be given to anyone.
    _warn(run, doubts(read_policy(text.encode(), "of these options")))
    run.console.out(text.rstrip("\n"))


def _identities(subjects: list[str], issuers: list[str]) -> list[tuple[str, Identity]]:
    if len(issuers) == 1:
        issuers = issuers * len(subjects)
    if len(issuers) != len(subjects):
        raise UsageError(
            "an identity is a subject and who vouches for it",
            got=f"{len(subjects)} --identity and {len(issuers)} --issuer",
            expected="one --issuer for all, or one for each",
        )
    found = []
    for text, issuer in zip(subjects, issuers, strict=True):
        person, equals, subject = text.partition("=")
        if not equals or not subject or not re.fullmatch(PERSON_ID, person):
            raise UsageError("this is not an identity", got=shortened(text), expected="--identity ID=SUBJECT")
        found.append((person, Identity(issuer, subject)))
    return found


def _text(path: Path, bound: Bound) -> str:
    return read_file(path, "the file", bound).decode("utf-8", "replace")


def _person(text: str) -> tuple[str, str]:
    """Return (id, path) of `ID=PUB`; without an id the file's name is one."""
    person, equals, path = text.partition("=")
    if equals:
        if not re.fullmatch(PERSON_ID, person):
            raise UsageError(
                "this is not a person's id",
                got=shortened(person),
                expected="1 to 64 letters, digits and . _ -",
                hint=f"--key ID={path}",
            )
        return person, path
    return re.sub(r"[^a-zA-Z0-9._-]", "-", Path(text).name.removesuffix(".pub")).lstrip("-._") or "ci", text


def _line(text: str) -> tuple[str, str]:
    pattern, equals, name = text.rpartition("=")
    if not equals:
        raise UsageError("this is not a line", got=repr(text), expected="HOST/PATH=NAME")
    return pattern, name


def check(run: Run, policy: Annotated[Path, typer.Argument(metavar="FILE", help="The policy.")]) -> None:
    """Check a policy file: all faults at once, each with its line, and what can never count. Prints its digest."""
    opened = open_policy(run, policy)
    if opened is None:
        raise UsageError("no policy was given", expected="a file")
    for line in summary(opened):
        run.console.say(line)
    doubtful = doubts(opened)
    _warn(run, doubtful)
    if run.console.json:
        view = PolicyCheckView(policy=str(policy), digest=str(opened.digest), warnings=doubtful)
        run.console.out_json(view.to_json())
    else:
        run.console.out(str(opened.digest))


def _warn(run: Run, doubtful: tuple[str, ...]) -> None:
    for one in doubtful:
        run.console.say(f"warning: {one}")


def affected(
    run: Run,
    who: Annotated[
        str, typer.Argument(metavar="PERSON-OR-KEY", help="A person's id, sha256:… of a key, or a subject.")
    ],
    reference: Annotated[str, typer.Argument(metavar="REPO", help="HOST/REPO, or layout:PATH.")],
    policy: PolicyFile = None,
    name: ExpectedName = None,
) -> None:
    """List the records of a person or key, and whether they still stand. Exit code 3 where some could not be read."""
    opened = open_policy(run, policy)
    if opened is None:
        raise UsageError("no policy was given", expected="--policy FILE, with revokedFrom at the key or identity")
    found = find_affected(run.context, run.context.parse(reference), opened, who, name)
    if run.console.json:
        run.console.out_json(AffectedView.of(found).to_json())
    else:
        run.console.out(affected_text(found))
    if found.failures or found.unread:
        raise typer.Exit(Undecided.exit_code)


def trusted_root(
    run: Run,
    offline: Annotated[
        bool, typer.Option("--offline", help="What is known here, without asking the network; it may be old.")
    ] = False,
) -> None:
    """Print the public Sigstore's trusted_root.json, to pin it. Asks its repository of trust (TUF)."""
    from govern.signing.keyless.instance import public_trusted_root

    if not offline:
        run.console.say("asking tuf-repo-cdn.sigstore.dev for the trusted root")
    run.console.out(public_trusted_root(offline=offline).decode("utf-8").rstrip("\n"))


APPS = {
    "policy": group(
        "Write and check a policy.",
        init=verb(init, network=False, form=False),
        check=verb(check, network=False),
        affected=verb(affected),
        **{"trusted-root": verb(trusted_root, network=False, form=False)},
    )
}
