"""Whoever signs the records of a command: a key, a certificate, or an identity of the moment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from govern.errors import UsageError
from govern.limits import MAX_KEY_FILE, MAX_TRUSTED_ROOT
from govern.operations.named_file import read_file
from govern.settings import Settings
from govern.signing.key_record_signer import KeyRecordSigner
from govern.signing.record_signer import RecordSigner
from govern.signing.signer import Signer


@dataclass(frozen=True, slots=True)
class SignWith:
    """What a person chose to sign with.

    Args:
        key: the key, wherever it is; None for keyless.
        certificate: PEM chain of the key's certificate, or None.
        keyless: whether an identity token is used instead of a key.
        token_file: where the token is, or None: then the environment, the CI job, or a browser has it.
        trust_config: the client trust configuration of a private Sigstore, or None for the public one.
        browser: whether a person sits at the terminal.
        timestamp_urls: RFC 3161 authorities for keys and certificates.
        log_url: a Rekor v2 log for keys and certificates, or None.
    """

    key: Signer | None = None
    certificate: Path | None = None
    keyless: bool = False
    token_file: Path | None = None
    trust_config: Path | None = None
    browser: bool = False
    timestamp_urls: tuple[str, ...] = ()
    log_url: str | None = None


def record_signer(chosen: SignWith, settings: Settings) -> RecordSigner:
    """Return the signer that was chosen. Nothing is asked of a service before there is something to sign.

    Raises:
        UsageError: for a choice that contradicts itself.
        InvalidInput: for files that cannot be read.
    """
    if chosen.keyless:
        return _keyless(chosen, settings)
    if chosen.key is None:
        raise UsageError(
            "nothing says who signs",
            expected="--key KEY or --keyless",
            hint="make a pair with: govern key generate --output ci",
        )
    for given, what in ((chosen.token_file, "--identity-token-file"), (chosen.trust_config, "--trust-config")):
        if given is not None:
            raise UsageError(f"{what} goes with --keyless", got="a key", expected="one of them")
    # Imported here: they load the HTTP stack.
    from govern.signing.log_client import LogClient
    from govern.signing.timestamp_client import TimestampClient

    timestamps = TimestampClient(chosen.timestamp_urls, settings) if chosen.timestamp_urls else None
    log = LogClient(chosen.log_url, settings) if chosen.log_url else None
    if chosen.certificate is None:
        return KeyRecordSigner(chosen.key, timestamps, log)
    # Imported here: who signs with a key alone does not load what reads certificates.
    from govern.signing.certificate_signer import load_certificate_signer

    chain = read_file(chosen.certificate, "the certificate chain", MAX_KEY_FILE)
    return load_certificate_signer(chosen.key, chain, timestamps, log)


def _keyless(chosen: SignWith, settings: Settings) -> RecordSigner:
    if chosen.key is not None or chosen.certificate is not None:
        raise UsageError("--keyless was given with a key or certificate", expected="one of them")
    if chosen.timestamp_urls or chosen.log_url:
        raise UsageError(
            "--keyless has its own log and timestamp authorities",
            got="--timestamp-url or --log-url",
            expected="those of the trust configuration",
        )
    from govern.signing.keyless.signer import KeylessSigner
    from govern.signing.keyless.token_source import token_source

    config, what = None, "the trust configuration"
    if chosen.trust_config is not None:
        config, what = read_file(chosen.trust_config, what, MAX_TRUSTED_ROOT), f"{what} {chosen.trust_config}"
    tokens = token_source(settings, chosen.token_file, browser=chosen.browser)
    return KeylessSigner(settings, tokens, config, what=what)
