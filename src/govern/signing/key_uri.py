"""What names a signing key that is in no file: a token, a key service, or Vault.

Two spellings of each are read: that of cosign (`awskms:///…`, `gcpkms://…`, `azurekms://…`, `hashivault://…`,
`pkcs11:…`), and that of securesystemslib (`awskms:`, `gcpkms:`, `azurekms:`, `hv:`, `hsm:`).

Source: RFC 7512 for `pkcs11:`; sigstore/sigstore, pkg/signature/kms/*; sigstore/cosign, PKCS11_TOKENS.md;
securesystemslib 1.6, the signers' own documentation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn
from urllib.parse import parse_qsl, quote, unquote_to_bytes

from govern.errors import UsageError, shortened

_DEFAULT_HSM_ID: Final = b"\x02"
"""securesystemslib's own: the digital signature slot (9c) of a PIV card."""


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A key in a PKCS #11 token. What is None may be anything, as long as one key is left.

    Args:
        token: the token's label.
        serial: its serial number.
        manufacturer: who made it.
        model: its model.
        slot: the number of the slot that it is in.
        object: the key's label (CKA_LABEL).
        id: the key's id (CKA_ID).
        module: the path of the PKCS #11 library.
        pin_file: a file whose first line is the PIN.
    """

    token: str | None = None
    serial: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    slot: int | None = None
    object: str | None = None
    id: bytes | None = None
    module: Path | None = None
    pin_file: Path | None = None

    def __str__(self) -> str:
        texts = {name: getattr(self, name) for name in ("token", "serial", "manufacturer", "model", "object")}
        found = [f"{name}={quote(text, safe='')}" for name, text in texts.items() if text is not None]
        found += [f"slot-id={self.slot}"] if self.slot is not None else []
        found += [f"id={_percent(self.id)}"] if self.id is not None else []
        return "pkcs11:" + ";".join(found)


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


# --- PKCS #11 ------------------------------------------------------------------------------------


def _pkcs11(rest: str) -> TokenKey:
    path, _, query = rest.partition("?")
    asked = _attributes(query, "&", _QUERY)
    if "pin-value" in asked:
        raise UsageError(
            "the key's URI holds a PIN",
            expected="GOVERN_HSM_PIN, --passphrase-file FILE, pin-source=FILE in the URI, or a terminal",
            hint="every list of processes has shown it: change the PIN, and leave pin-value out",
        )
    named = _attributes(path, ";", _PATH)
    if named.get("type", b"private") != b"private":
        _wrong("pkcs11", "type= of another object than a private key")
    if not named.get("object") and not named.get("id"):
        _wrong("pkcs11", "neither object= nor id=")
    texts = {name: _text(value, name) for name, value in named.items() if name not in ("id", "type", "slot-id")}
    return TokenKey(
        **texts,
        slot=_slot(named.get("slot-id")),
        id=named.get("id"),
        module=_module(asked),
        pin_file=_pin_file(asked.get("pin-source")),
    )


_PATH: Final = frozenset({"token", "serial", "manufacturer", "model", "object", "id", "type", "slot-id"})
_QUERY: Final = frozenset({"module-path", "pin-source", "pin-value"})


def _attributes(text: str, separator: str, known: frozenset[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for one in text.split(separator) if text else ():
        name, equals, value = one.partition("=")
        if name not in known or not equals:
            # Only the name is repeated, and only where there is one: without it, the text may be anything.
            _wrong("pkcs11", f"the attribute {shortened(name, 40)}" if equals else "something that is no NAME=VALUE")
        if name in found:
            _wrong("pkcs11", f"{name}= twice")
        if re.search(r"%(?![0-9A-Fa-f]{2})", value):
            _wrong("pkcs11", f"{name}= with a % that begins no %XX")
        found[name] = unquote_to_bytes(value)
    return found


def _text(value: bytes, name: str) -> str:
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    if not text or "\0" in text:
        _wrong("pkcs11", f"{name}= that is empty or no UTF-8")
    return text


def _slot(value: bytes | None) -> int | None:
    if value is not None and not re.fullmatch(rb"[0-9]{1,20}", value):
        _wrong("pkcs11", "slot-id= that is no number")
    return int(value) if value is not None else None


def _module(asked: Mapping[str, bytes]) -> Path | None:
    return Path(_text(asked["module-path"], "module-path")) if "module-path" in asked else None


def _pin_file(value: bytes | None) -> Path | None:
    if value is None:
        return None
    text = _text(value, "pin-source").removeprefix("file:").removeprefix("//")
    # RFC 7512 also knows `|COMMAND`: an argument that starts a program is more than a key's name should be.
    if not text.startswith("/"):
        _wrong("pkcs11", "pin-source= that is no absolute path of a file")
    return Path(text)


def _hsm(rest: str) -> TokenKey:
    number, _, query = rest.partition("?")
    if not re.fullmatch(r"[0-9]{0,60}", number):
        _wrong("hsm", "an id that is no number")
    try:
        asked = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query), max_num_fields=8, errors="strict")
    except ValueError:
        asked = [("", "")]
    if asked and [name for name, _ in asked] != ["label"]:
        _wrong("hsm", "something else than label= after the ?")
    value = int(number or 2)
    ident = value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big") if number else _DEFAULT_HSM_ID
    return TokenKey(token=asked[0][1] if asked else None, id=ident)


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
    "pkcs11": _pkcs11,
    "hsm": _hsm,
    "awskms": _aws,
    "gcpkms": _gcp,
    "azurekms": _azure,
    "hv": _vault,
    "hashivault": _vault,
}
_OTHERS: Final = frozenset({"file2", "gnupg", "tkey"})
"""Schemes of securesystemslib's that are written without `//` and would be taken for a path."""

_FORMS: Final = {
    "pkcs11": "pkcs11:token=TOKEN;object=KEY, with id=, serial=, manufacturer=, model=, slot-id= where they are needed",
    "hsm": "hsm:ID?label=TOKEN",
}


def _percent(data: bytes) -> str:
    return "".join(f"%{byte:02X}" for byte in data)


def _wrong(scheme: str, got: str, form: str = "") -> NoReturn:
    raise UsageError(f"the {scheme}: URI names no key", got=got, expected=form or _FORMS[scheme])
