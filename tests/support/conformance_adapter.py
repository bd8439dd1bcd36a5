"""Speaks the command protocol of sigstore-conformance, the public suite for Sigstore clients, over govern's own proof.

    govern-conformance verify-bundle [--staging] --bundle FILE
        (--certificate-identity IDENTITY --certificate-oidc-issuer URL | --key PEM)
        [--trusted-root FILE] FILE_OR_DIGEST
    govern-conformance sign-bundle [--staging] [--in-toto] --identity-token TOKEN --bundle FILE
        [--signing-config FILE --trusted-root FILE] FILE

What the suite asks for and govern's records never are, is put here into the form that govern reads, and nothing more:
bundles before v0.3, and bundles over the bytes of a file instead of an envelope. Signature, certificate, identity,
time and log are then judged by `govern.trust.authenticate`, which knows nothing of it. A digest stands for a file only
where an in-toto statement names it: govern does not verify a signature over bytes that it has not seen.

Source: sigstore/sigstore-conformance, docs/cli_protocol.md; sigstore/protobuf-specs, sigstore_bundle.proto.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from govern import canonical
from govern.errors import Denied, GovernError, InvalidInput, UsageError
from govern.intoto import base64
from govern.intoto.bundle import Bundle, CertificateChain, read_bundle
from govern.intoto.dsse import Envelope
from govern.intoto.statement import read_statement
from govern.limits import MAX_BUNDLE
from govern.oci.media_types import BUNDLE, BUNDLE_LONG, IN_TOTO
from govern.trust.anchors import Trust
from govern.trust.authenticate import authenticate
from govern.trust.identity import Identity
from govern.trust.keys import read_public_key
from govern.trust.trusted_root import read_trusted_root

_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_OLDER: Final = {
    "application/vnd.dev.sigstore.bundle+json;version=0.1": "inclusionPromise",
    "application/vnd.dev.sigstore.bundle+json;version=0.2": "inclusionProof",
}
"""Versions before 0.3, and what each of their log entries must have."""


@dataclass(frozen=True, slots=True)
class Message(Envelope):
    """A file that was signed as it is; for the steps of the proof it is an envelope."""

    @property
    def signed(self) -> bytes:
        """The bytes of the file."""
        return self.payload


@dataclass(frozen=True, slots=True)
class Artifact:
    """What the suite asks about.

    Args:
        digest: sha256, hex.
        data: the bytes, or None where only the digest was given.
    """

    digest: str
    data: bytes | None

    @classmethod
    def of(cls, text: str) -> Artifact:
        """Return the artifact that `FILE_OR_DIGEST` is."""
        if _DIGEST.fullmatch(text) and not Path(text).exists():
            return cls(text.removeprefix("sha256:"), None)
        data = _read(Path(text))
        return cls(hashlib.sha256(data).hexdigest(), data)


# --- verify --------------------------------------------------------------------------------------


def verify(data: bytes, artifact: Artifact, trust: Trust, who: Identity | None) -> None:
    """Return if a bundle is of this signer, about this artifact, at a proven time, and in a log.

    Args:
        data: the bundle.
        artifact: what it must be about.
        trust: a Sigstore, and a key where one was given.
        who: the identity that was given, or None for a key.

    Raises:
        GovernError: for everything else.
    """
    bundle = read(data, artifact)
    if not isinstance(bundle.envelope, Message):
        _check_subject(bundle, artifact)
    if isinstance(bundle.material, CertificateChain) is not (who is not None):
        raise Denied("the bundle is signed in another way", expected="a certificate" if who is not None else "a key")
    found = authenticate(bundle, trust, datetime.now(UTC))
    if found.voice.identity != who:
        raise Denied("somebody else signed", got=str(found.voice.identity), expected=str(who))
    # A key is trusted by itself in govern, and a policy may ask for more; every client of Sigstore asks for a log.
    if not found.logged:
        raise Denied("the signature is in no trusted log", expected="an entry of a log in the trusted root")


def read(data: bytes, artifact: Artifact) -> Bundle:
    """Return a bundle as govern reads one: other versions and other content are put into its form."""
    body = canonical.loads(data, "the bundle", bound=MAX_BUNDLE, floats=False)
    if not isinstance(body, dict):
        raise InvalidInput("the bundle is not an object", expected="a JSON object")
    body = _newer(body)
    if "messageSignature" not in body:
        return read_bundle(canonical.dumps(body))
    message = body.pop("messageSignature")
    if not isinstance(message, dict) or not set(message) <= {"messageDigest", "signature"} or "dsseEnvelope" in body:
        raise InvalidInput("the bundle has no message signature that can be read")
    if artifact.data is None:
        raise UsageError("a signature over a file is verified with the file", got="its digest", expected="the file")
    hint = message.get("messageDigest")
    if hint != {"algorithm": "SHA2_256", "digest": base64.encode(bytes.fromhex(artifact.digest))}:
        raise Denied("the bundle is about another file", got=str(hint)[:100], expected=f"SHA2_256 {artifact.digest}")
    signatures = [{"sig": message.get("signature")}]
    signed = {"payload": base64.encode(artifact.data), "payloadType": "message", "signatures": signatures}
    bundle = read_bundle(canonical.dumps({**body, "dsseEnvelope": signed}))
    for one in bundle.log_entries:
        if one.kind != "hashedrekord":
            raise Denied("the log entry is not of a file", got=one.kind, expected="hashedrekord")
    return replace(
        bundle, envelope=Message(bundle.envelope.payload, bundle.envelope.payload_type, bundle.envelope.signatures)
    )


def _newer(body: dict[str, Any]) -> dict[str, Any]:
    """Return a bundle of an older version as v0.3, if it is what its own version asks for."""
    material, version = body.get("verificationMaterial"), body.get("mediaType")
    needed = _OLDER.get(version) if isinstance(version, str) else None
    if version in (BUNDLE, BUNDLE_LONG):
        needed = "inclusionProof"
        if isinstance(material, dict) and "x509CertificateChain" in material:
            raise InvalidInput("the bundle has a chain", expected="one certificate, as v0.3 has it")
    if needed is None or not isinstance(material, dict):
        raise InvalidInput("the bundle has another version", got=str(version)[:100], expected="v0.1 to v0.3")
    for entry in material.get("tlogEntries") or ():
        if not isinstance(entry, dict) or not entry.get(needed):
            raise InvalidInput(f"a log entry has no {needed}", expected=f"one, in {version}")
    return {**body, "mediaType": BUNDLE}


def _check_subject(bundle: Bundle, artifact: Artifact) -> None:
    if bundle.envelope.payload_type != IN_TOTO:
        raise Denied("the envelope holds something else", got=bundle.envelope.payload_type[:100], expected=IN_TOTO)
    found = [one.sha256 for one in read_statement(bundle.envelope.payload, Denied).subjects]
    if artifact.digest not in found:
        raise Denied("the statement is about something else", got=str(found)[:300], expected=artifact.digest)


def _trust(asked: argparse.Namespace) -> Trust:
    if asked.trusted_root is not None:
        data = _read(asked.trusted_root)
    elif asked.staging:
        data = _staging_root()
    else:
        from govern.signing.keyless.instance import public_trusted_root

        # Verifying touches no network: what came with the library, or was fetched last.
        data = public_trusted_root(offline=True)
    keys = {}
    if asked.key is not None:
        key = read_public_key(_read(asked.key))
        keys = {key.signer: key}
    return Trust(keys=keys, roots=(read_trusted_root(data, "the trusted root"),))


def _staging_root() -> bytes:
    from sigstore._internal.tuf import STAGING_TUF_URL, TrustUpdater

    return Path(TrustUpdater(STAGING_TUF_URL, offline=True).get_trusted_root_path()).read_bytes()


# --- sign ----------------------------------------------------------------------------------------


def sign(data: bytes, token: str, config: bytes | None, *, statement: bool) -> bytes:
    """Return a bundle.

    Args:
        data: a statement, or a file.
        token: who signs.
        config: a client trust configuration, or None for the public instance.
        statement: whether `data` is a statement, as all that govern signs.
    """
    from govern.settings import Settings
    from govern.signing.keyless import KeylessSigner
    from govern.signing.keyless.token_source import TokenSource

    if statement:
        source = TokenSource("the token of the suite", lambda *_: token, "get a new one")
        (signed,) = KeylessSigner(Settings(), source, config).sign([read_statement(data)])
        return signed.bundle.data
    # govern signs no bare files: the library does, through the same sessions and with the same instance.
    from govern.signing.keyless.context import signing_context
    from govern.signing.keyless.guarded import guarded
    from govern.signing.keyless.instance import public_instance, read_instance

    instance = read_instance(config, "the configuration") if config is not None else public_instance()

    def sign_file() -> bytes:
        from sigstore.oidc import IdentityToken
        from sigstore.sign import Signer

        signer = Signer(IdentityToken(token), signing_context(instance, Settings()))
        return signer.sign_artifact(data).to_json().encode()

    return guarded("the file could not be signed", sign_file)


def _config(asked: argparse.Namespace) -> bytes | None:
    if asked.trusted_root is None and asked.signing_config is None:
        if not asked.staging:
            return None
        from sigstore.models import ClientTrustConfig

        config = ClientTrustConfig.staging()
        # What the library read is written again: it keeps no other bytes.
        root, services = (one._inner.to_json() for one in (config.trusted_root, config.signing_config))
        parts: tuple[str | bytes, str | bytes] = (root, services)
    elif asked.trusted_root is not None and asked.signing_config is not None:
        parts = (_read(asked.trusted_root), _read(asked.signing_config))
    else:
        raise UsageError("an instance is whom to ask and whom to trust", expected="--signing-config and --trusted-root")
    root_json, services_json = (one.encode() if isinstance(one, str) else one for one in parts)
    return (
        b'{"mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json", "trustedRoot": %b, '
        b'"signingConfig": %b}' % (root_json, services_json)
    )


# --- the command ---------------------------------------------------------------------------------


def main(arguments: Sequence[str]) -> int:
    """Run a command of the protocol; return 0, or 1 with the reason on stderr."""
    asked = _parser().parse_args(arguments)
    try:
        if asked.command == "sign-bundle":
            bundle = sign(_read(asked.file), asked.identity_token, _config(asked), statement=asked.in_toto)
            asked.bundle.write_bytes(bundle)
            return 0
        if (asked.key is None) is (asked.certificate_identity is None):
            raise UsageError("nothing says who signed, or two things do", expected="a key, or an identity")
        if (asked.certificate_identity is None) is not (asked.certificate_oidc_issuer is None):
            raise UsageError("an identity is a subject and who vouches for it")
        who = None
        if asked.key is None:
            who = Identity(asked.certificate_oidc_issuer, asked.certificate_identity)
        verify(_read(asked.bundle), Artifact.of(asked.artifact), _trust(asked), who)
    except GovernError as fault:
        print(f"refused: {fault.message}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    # No abbreviations: the protocol has none, and half of an option's name is a mistake.
    parser = argparse.ArgumentParser(prog="govern-conformance", allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)
    both = {name: commands.add_parser(name, allow_abbrev=False) for name in ("verify-bundle", "sign-bundle")}
    for one in both.values():
        one.add_argument("--staging", action="store_true")
        one.add_argument("--bundle", type=Path, required=True)
        one.add_argument("--trusted-root", type=Path)
    verifying, signing = both["verify-bundle"], both["sign-bundle"]
    verifying.add_argument("--certificate-identity")
    verifying.add_argument("--certificate-oidc-issuer")
    verifying.add_argument("--key", type=Path)
    verifying.add_argument("artifact", metavar="FILE_OR_DIGEST")
    signing.add_argument("--in-toto", action="store_true")
    signing.add_argument("--identity-token", required=True)
    signing.add_argument("--signing-config", type=Path)
    signing.add_argument("file", metavar="FILE", type=Path)
    return parser


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise InvalidInput("a file cannot be read", got=f"{str(path)!r}: {fault.strerror}") from fault
