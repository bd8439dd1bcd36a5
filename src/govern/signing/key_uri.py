"""What names a signing key that is in no file: a token, a key service, or Vault.

Two spellings of each are read: that of cosign (`awskms:///…`, `gcpkms://…`, `azurekms://…`, `hashivault://…`,
`pkcs11:…`), and that of securesystemslib (`awskms:`, `gcpkms:`, `azurekms:`, `hv:`, `hsm:`).

Source: sigstore/sigstore, pkg/signature/kms/*; securesystemslib 1.6, the signers' own documentation.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NoReturn

from govern.errors import UsageError, shortened
from govern.signing.token_uri import TokenKey, parse_hsm, parse_pkcs11


@dataclass(frozen=True, slots=True)
class VaultKey:
    """A key of Vault's transit engine.

    Args:
        name: its name there.
        version: which of its versions; None is the newest.
    """

    name: str
    version: int | None = None

    def __str__(self) -> str:
        return f"hv:{self.name}" + (f"/{self.version}" if self.version is not None else "")


@dataclass(frozen=True, slots=True)
class AwsKey:
    """A key of the AWS Key Management Service.

    Args:
        id: key id, key ARN, `alias/NAME`, or alias ARN.
        endpoint: HOST[:PORT] of another endpoint than the region's own, or None.
        region: the region that an ARN names, or None.
    """

    id: str
    endpoint: str | None = None
    region: str | None = None

    def __str__(self) -> str:
        return f"awskms://{self.endpoint or ''}/{self.id}"


@dataclass(frozen=True, slots=True)
class GcpKey:
    """A version of a key of Google Cloud's Key Management Service.

    Args:
        name: `projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/V`.
    """

    name: str

    def __str__(self) -> str:
        return f"gcpkms://{self.name}"


@dataclass(frozen=True, slots=True)
class AzureKey:
    """A key of Azure Key Vault.

    Args:
        host: the vault's host, `NAME.vault.azure.net`.
        name: the key's name.
        version: which of its versions; None is the newest.
    """

    host: str
    name: str
    version: str | None = None

    def __str__(self) -> str:
        return f"azurekms://{self.host}/keys/{self.name}" + (f"/{self.version}" if self.version else "")


KeyUri = TokenKey | VaultKey | AwsKey | GcpKey | AzureKey


def parse_key_uri(spec: str) -> KeyUri | None:
    """Return which key a URI names, or None where `spec` is no URI but a path or `env:NAME`.

    Args:
        spec: what `--key` was given.

    Raises:
        UsageError: for a URI that names no key, that is of another scheme, or that holds a PIN. It repeats nothing
            that may be a secret.
    """
    scheme, colon, rest = spec.partition(":")
    scheme = scheme.lower()
    if colon and scheme in _SCHEMES:
        if re.search("[\ud800-\udfff]", rest):
            # Bytes of an argument that are no text come as surrogates.
            raise UsageError(f"the {scheme}: URI names no key", got="bytes that are no UTF-8", expected="%XX for them")
        return _SCHEMES[scheme](rest)
    if re.fullmatch(r"[a-z][a-z0-9+.-]*", scheme) and (rest.startswith("//") or scheme in _OTHERS):
        raise UsageError(
            "the key is of a scheme that govern does not sign with",
            got=shortened(f"{scheme}:", 40),
            expected=f"a file, env:NAME, or one of {', '.join(f'{one}:' for one in sorted(_SCHEMES))}",
        )
    return None


# --- services ------------------------------------------------------------------------------------

_HOST: Final = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?"
_ARN: Final = re.compile(r"arn:aws[a-z-]*:kms:(?P<region>[a-z0-9-]+):[0-9]{12}:(?:key|alias)/[A-Za-z0-9/_-]+")
_AWS_ID: Final = re.compile(r"(?:alias/)?[A-Za-z0-9][A-Za-z0-9/_-]*")
_GCP_NAME: Final = re.compile(
    r"(?P<key>projects/[^/?#@\s]+/locations/[^/?#@\s]+/keyRings/[^/?#@\s]+/cryptoKeys/[^/?#@\s]+)"
    r"(?:/(?:cryptoKeyVersions|versions)/(?P<version>[0-9]{1,18}))?"
)
_AZURE: Final = re.compile(
    rf"(?P<host>{_HOST})/(?:keys/)?(?P<name>[A-Za-z0-9-]{{1,127}})(?:/(?P<version>[0-9A-Za-z]{{1,64}}))?"
)
_VAULT: Final = re.compile(
    r"(?P<name>[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?)(?:/(?:versions/)?(?P<version>[1-9][0-9]{0,8}))?"
)


def _aws(rest: str) -> AwsKey:
    endpoint, ident = "", rest
    if rest.startswith("//"):
        endpoint, _, ident = rest.removeprefix("//").partition("/")
    arn = _ARN.fullmatch(ident)
    if (endpoint and not re.fullmatch(_HOST, endpoint)) or not (arn or _AWS_ID.fullmatch(ident)):
        _wrong("awskms", "another form", "awskms:///KEY with a key id, alias/NAME, or an ARN")
    return AwsKey(ident, endpoint or None, arn["region"] if arn else None)


def _gcp(rest: str) -> GcpKey:
    found = _GCP_NAME.fullmatch(rest.removeprefix("//"))
    form = "gcpkms://projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/V"
    if found is None:
        _wrong("gcpkms", "another form", form)
    if found["version"] is None:
        # The service has no newest version of a key that signs, and another one is another signer.
        _wrong("gcpkms", "a key without its version", form)
    return GcpKey(f"{found['key']}/cryptoKeyVersions/{found['version']}")


def _azure(rest: str) -> AzureKey:
    found = _AZURE.fullmatch(rest.removeprefix("//")) if rest.startswith("//") else None
    if found is None:
        _wrong("azurekms", "another form", "azurekms://NAME.vault.azure.net/KEY, or …/keys/KEY/VERSION")
    return AzureKey(found["host"], found["name"], found["version"])


def _vault(rest: str) -> VaultKey:
    found = _VAULT.fullmatch(rest.removeprefix("//"))
    if found is None:
        _wrong("hv", "another form", "hv:KEY, hv:KEY/VERSION, or hashivault://KEY")
    return VaultKey(found["name"], int(found["version"]) if found["version"] else None)


# -------------------------------------------------------------------------------------------------

_SCHEMES: Final[dict[str, Callable[[str], KeyUri]]] = {
    "pkcs11": parse_pkcs11,
    "hsm": parse_hsm,
    "awskms": _aws,
    "gcpkms": _gcp,
    "azurekms": _azure,
    "hv": _vault,
    "hashivault": _vault,
}
_OTHERS: Final = frozenset({"file2", "gnupg", "tkey"})
"""Schemes of securesystemslib's that are written without `//` and would be taken for a path."""


def _wrong(scheme: str, got: str, form: str) -> NoReturn:
    raise UsageError(f"the {scheme}: URI names no key", got=got, expected=form)
