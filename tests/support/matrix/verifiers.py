"""The verifiers of the table: govern told by flags and by a policy, and every peer, each with what it may be asked."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from sigstore.errors import Error
from sigstore.models import Bundle, TrustedRoot
from sigstore.verify import Verifier as PythonVerifier
from sigstore.verify import policy

from support.desk import run_here
from support.matrix.setting import NAME, Setting, Signed, Who
from support.matrix.signers import flags_of


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verifier said.

    Args:
        accepted: whether the record counts.
        said: everything that it printed.
    """

    accepted: bool
    said: str


@dataclass(frozen=True, slots=True)
class Verifier:
    """A verifier, asked in one way.

    Args:
        ask: takes the setting, the record, and whom to trust.
        anchored: whether it asks for a log entry or a time, which only the Sigstore's own parts vouch for.
        names: whether it asks whom a certificate of an internal PKI is about.
        alone: whether it runs in this process, so that nothing else may run meanwhile.
    """

    ask: Callable[[Setting, Signed, Who], Verdict]
    anchored: bool = False
    names: bool = True
    alone: bool = False


def mistaken(verifier: Verifier, setting: Setting, signed: Signed) -> list[str]:
    """Return in what one may be wrong about the signer, and the verifier accepts the record all the same."""
    others = dict(signed.who.others(setting.stranger, anchored=verifier.anchored, names=verifier.names))
    assert others
    with ThreadPoolExecutor(1 if verifier.alone else len(others)) as pool:
        said = pool.map(partial(verifier.ask, setting, signed), others.values())
        return [wrong for wrong, verdict in zip(others, said, strict=True) if verdict.accepted]


# --- govern --------------------------------------------------------------------------------------


def _govern(setting: Setting, *options: str | Path) -> Verdict:
    ran = run_here(setting.root, ["verify", *map(str, options)])
    assert ran.code in (0, 1), ran.stderr
    return Verdict(ran.code == 0, ran.stdout + ran.stderr)


def _flags(setting: Setting, signed: Signed, who: Who) -> Verdict:
    return _govern(setting, signed.reference, "--name", NAME, "--require", signed.kind, *flags_of(who))


def _policy(proven_by: tuple[str, ...], setting: Setting, signed: Signed, who: Who) -> Verdict:
    file = setting.root / f"policy-{secrets.token_hex(4)}.yaml"
    limits = {"provenBy": list(proven_by)}
    person: dict[str, object] = {"kind": "workload"}
    trust = {"sigstore": [who.files.trusted_root.read_text()]}
    if who.key is not None:
        person["keys"] = [{"key": who.key.read_text(), **limits}]
    else:
        person["identities"] = [{"issuer": who.issuer, "subject": who.subject, **limits}]
    if who.ca_root is not None:
        trust["certificates"] = [who.ca_root.read_text()]
    value = {
        "version": "govern.policy/v0.1",
        "people": {"signer": person},
        "roles": {"signer": {"members": ["signer"], "kinds": [signed.kind], "names": [NAME]}},
        "require": [signed.kind],
        "trust": trust,
    }
    file.write_text(json.dumps(value))
    return _govern(setting, signed.reference, "--name", NAME, "--policy", file)


# --- peers ---------------------------------------------------------------------------------------


def _cosign(options: tuple[str, ...], setting: Setting, signed: Signed, who: Who) -> Verdict:
    files = who.ca_files or who.files
    asked: list[str | Path] = ["verify-attestation", "--trusted-root", files.trusted_root, "--type", signed.kind]
    if who.key is not None:
        asked += ["--key", who.key]
    elif who.ca_root is None:
        asked += ["--certificate-identity", who.subject, "--certificate-oidc-issuer", who.issuer]
    else:
        # A PKI of one's own has neither a provider nor a log of certificates.
        asked += [
            "--certificate-identity",
            who.subject,
            "--certificate-oidc-issuer-regexp",
            ".*",
            "--insecure-ignore-sct",
        ]
    done = setting.cosign(*asked, *options, signed.reference)
    return Verdict(done.returncode == 0, done.stdout + done.stderr)


def _js(least: int, setting: Setting, signed: Signed, who: Who) -> Verdict:
    verdict = setting.js.verify(
        signed.bundle(),
        key=who.key.read_bytes() if who.key is not None else None,
        trusted_root=(who.ca_files or who.files).trusted_root,
        san=who.subject or None,
        issuer=who.issuer if who.issuer and who.ca_root is None else None,
        logs=least,
        timestamps=least,
    )
    return Verdict(verdict.accepted, str(verdict.refused))


def _python(_: Setting, signed: Signed, who: Who) -> Verdict:
    verifier = PythonVerifier(trusted_root=TrustedRoot.from_file(str((who.ca_files or who.files).trusted_root)))
    named = policy.Identity(identity=who.subject, issuer=who.issuer if who.ca_root is None else None)
    try:
        verifier.verify_dsse(Bundle.from_json(json.dumps(signed.bundle())), named)
    except Error as fault:
        return Verdict(False, str(fault))
    return Verdict(True, "")


def _model_signing(setting: Setting, signed: Signed, who: Who) -> Verdict:
    assert signed.folder is not None
    how: list[str | Path] = ["key", signed.folder, "--public_key", who.key or ""]
    if who.ca_root is not None:
        how = ["certificate", signed.folder, "--certificate_chain", who.ca_root]
    elif who.key is None:
        how = ["sigstore", signed.folder, "--trust_config", who.files.client_trust_config]
        how += ["--identity", who.subject, "--identity_provider", who.issuer]
    done = setting.oms("verify", *how, "--signature", signed.folder / "model.sig")
    return Verdict(done.returncode == 0, done.stdout + done.stderr)


NO_LOG: Final = "--insecure-ignore-tlog"
VERIFIERS: Final[dict[str, Verifier]] = {
    "govern": Verifier(_flags, alone=True),
    "govern policy": Verifier(partial(_policy, ()), alone=True),
    "govern policy+time": Verifier(partial(_policy, ("timestamp",)), anchored=True, alone=True),
    "govern policy+log": Verifier(partial(_policy, ("log",)), anchored=True, alone=True),
    "govern policy+log+time": Verifier(partial(_policy, ("timestamp", "log")), anchored=True, alone=True),
    "cosign": Verifier(partial(_cosign, (NO_LOG,))),
    "cosign+time": Verifier(partial(_cosign, (NO_LOG, "--use-signed-timestamps")), anchored=True),
    "cosign+log": Verifier(partial(_cosign, ()), anchored=True),
    "sigstore-js": Verifier(partial(_js, 0)),
    "sigstore-js+log+time": Verifier(partial(_js, 1), anchored=True),
    "sigstore-python": Verifier(_python, anchored=True),
    "model_signing": Verifier(_model_signing, names=False),
}
