"""What names a key in a PKCS #11 token: `pkcs11:…`, as cosign writes it, and securesystemslib's `hsm:…`.

Source: RFC 7512; sigstore/cosign, PKCS11_TOKENS.md; securesystemslib 1.6, HSMSigner.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
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


def _percent(data: bytes) -> str:
    return "".join(f"%{byte:02X}" for byte in data)


def parse_pkcs11(rest: str) -> TokenKey:
    """Return which key a `pkcs11:` URI names.

    Args:
        rest: what follows the scheme.

    Raises:
        UsageError: for a URI that names no key, or that holds a PIN. It repeats no value.
    """
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


def parse_hsm(rest: str) -> TokenKey:
    """Return which key an `hsm:` URI names.

    Args:
        rest: what follows the scheme.

    Raises:
        UsageError: for a URI that names no key. It repeats no value.
    """
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


_FORMS: Final = {
    "pkcs11": "pkcs11:token=TOKEN;object=KEY, with id=, serial=, manufacturer=, model=, slot-id= where they are needed",
    "hsm": "hsm:ID?label=TOKEN",
}


def _wrong(scheme: str, got: str) -> NoReturn:
    raise UsageError(f"the {scheme}: URI names no key", got=got, expected=_FORMS[scheme])
