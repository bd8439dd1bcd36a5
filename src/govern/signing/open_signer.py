"""Where a signing key is: a file, a variable, or what a URI names. Only what is named is imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, assert_never

from govern.signing.key_file import load_signer
from govern.signing.key_uri import AwsKey, AzureKey, GcpKey, VaultKey, parse_key_uri
from govern.signing.passphrase import PASSPHRASE_VARIABLES, PIN_VARIABLES, Passphrase
from govern.signing.signer import Signer
from govern.signing.token_uri import TokenKey


@dataclass(frozen=True, slots=True)
class Secret:
    """What opens a key.

    Args:
        name: how a person is asked for it.
        variables: where it may stand in the environment.
    """

    name: str
    variables: tuple[str, ...]


_PASSPHRASE: Final = Secret("passphrase", PASSPHRASE_VARIABLES)
_PIN: Final = Secret("PIN", PIN_VARIABLES)


def secret_of(spec: str) -> Secret:
    """Return what opens a key, so that a passphrase is never tried as a PIN.

    Args:
        spec: see `open_signer`.

    Raises:
        UsageError: for a wrong URI.
    """
    return _PIN if isinstance(parse_key_uri(spec), TokenKey) else _PASSPHRASE


def open_signer(spec: str, passphrase: Passphrase, environment: Mapping[str, str]) -> Signer:
    """Open a signing key, wherever it is.

    Args:
        spec: a path, `env:NAME`, or a URI (`govern.signing.key_uri`).
        passphrase: asked for the passphrase of a file, or the PIN of a token.
        environment: the process's variables. The libraries of AWS, Google Cloud and Azure look at the process itself.

    Raises:
        UsageError: for a wrong URI, or a library that is not installed.
        InvalidInput: for keys that cannot be read, and of other kinds than P-256.
        Undecided: where the token, the service or its answer is missing, or a PIN is wrong.
    """
    match parse_key_uri(spec):
        case None:
            return load_signer(spec, passphrase, environment)
        case TokenKey() as key:
            from govern.signing.token_signer import open_token_key

            return open_token_key(key, passphrase, environment)
        case VaultKey() as key:
            from govern.signing.vault_key import open_vault_key

            return open_vault_key(key, environment)
        case AwsKey() as key:
            from govern.signing.aws_key import open_aws_key

            return open_aws_key(key, environment)
        case GcpKey() as key:
            from govern.signing.gcp_key import open_gcp_key

            return open_gcp_key(key)
        case AzureKey() as key:
            from govern.signing.azure_key import open_azure_key

            return open_azure_key(key)
        case other:
            assert_never(other)
