"""Keys in PKCS #11 tokens: HSMs, smart cards, SoftHSM. The private key stays there; the PIN goes nowhere else.

securesystemslib's `hsm:` URIs are understood, but its signer is not used: it finds keys by a number alone, so that a
key without an id, or with one that begins with a zero byte, cannot be named; and it takes the module from the
process's own environment. python-pkcs11, which it is built on, is used in the same way: a session for each signature.

Source: PKCS #11 v3.0 (OASIS), RFC 7512. Run against SoftHSM 2; tokens that want the PIN for each signature, or that
have a keypad, were not at hand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from govern.errors import AuthError, InvalidInput, NotFound, Undecided, UsageError, shortened
from govern.signing.extras import missing_extra
from govern.signing.passphrase import PIN_VARIABLES, Passphrase, read_passphrase, source_of
from govern.signing.profile import accept_public_key, check_signature, other_kind
from govern.signing.token_uri import TokenKey
from govern.trust.keys import PublicKey

if TYPE_CHECKING:
    import pkcs11

MODULE_VARIABLES: Final = ("GOVERN_PKCS11_MODULE", "PYKCS11LIB", "COSIGN_PKCS11_MODULE_PATH")
_MOST_TOLD: Final = 5

_one_at_a_time = Lock()
"""Who is logged in is a matter of the whole process (PKCS #11 v3.0, 2.6.4): one thread's logout is another's too."""


@dataclass(frozen=True, slots=True)
class TokenSigner:
    """A P-256 private key in a token.

    Args:
        key: where it is.
        module: the path of the PKCS #11 library.
        pin: what opens the token.
        public_key: see `Signer.public_key`.
    """

    key: TokenKey
    module: str
    pin: str = field(repr=False)
    public_key: PublicKey

    def __repr__(self) -> str:
        return f"TokenSigner({self.key}, {self.public_key.signer})"

    def sign(self, data: bytes) -> bytes:
        """See `Signer.sign`.

        Raises:
            Undecided: for a token that is gone, or another PIN than before.
        """
        from pkcs11 import Mechanism

        what = f"the key {self.key}"
        with _token(self.key, self.module) as token, _session(token, self.pin, what) as session:
            private = _private_key(session, self.key, what)
            raw = private.sign(hashlib.sha256(data).digest(), mechanism=Mechanism.ECDSA)
        half = len(raw) // 2
        signature = encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))
        return check_signature(signature, data, self.public_key, what)


def open_token_key(key: TokenKey, passphrase: Passphrase, environment: Mapping[str, str]) -> TokenSigner:
    """Open a key in a token, so that a wrong PIN is known before anything else is done.

    Args:
        key: where it is.
        passphrase: asked for the PIN, if the URI names no file with it.
        environment: the process's variables; one names the module if the URI does not.

    Raises:
        UsageError: where no module is named, or the URI fits several tokens or keys.
        InvalidInput: without a PIN, and for keys of other kinds.
        Undecided: where the module, the token or the key is not there, or the PIN is wrong. It is tried once.
    """
    try:
        import pkcs11  # noqa: F401
    except ImportError as fault:
        raise missing_extra(f"the key {key}", "hsm") from fault
    what = f"the key {key}"
    module = _module(key, environment)
    with _token(key, module) as token:
        pin = _pin(key, passphrase, what)
        with _session(token, pin.text, what, pin.source) as session:
            private = _private_key(session, key, what)
            public = _public_key(session, private, what)
    return TokenSigner(key, module, pin.text, public)


def _module(key: TokenKey, environment: Mapping[str, str]) -> str:
    named = str(key.module) if key.module is not None else ""
    found = named or next((environment[one] for one in MODULE_VARIABLES if environment.get(one)), "")
    if not found:
        raise UsageError(
            f"nothing says how to reach the key {key}",
            expected=f"the path of the token's PKCS #11 module in {MODULE_VARIABLES[0]}, or ?module-path= in the URI",
            hint=f"for SoftHSM on Debian: export {MODULE_VARIABLES[0]}=/usr/lib/softhsm/libsofthsm2.so",
        )
    return found


@dataclass(frozen=True, slots=True)
class _Pin:
    text: str = field(repr=False)
    source: str


def _pin(key: TokenKey, passphrase: Passphrase, what: str) -> _Pin:
    found = read_passphrase(key.pin_file, "pin-source") if key.pin_file is not None else passphrase(what)
    if not found:
        raise InvalidInput(
            f"{what} is behind a PIN",
            expected="the PIN",
            hint=f"set {PIN_VARIABLES[0]}, give --passphrase-file FILE, or run it in a terminal",
        )
    try:
        return _Pin(found.decode("utf-8"), source_of(found))
    except UnicodeDecodeError:
        # Not chained: the fault holds the PIN.
        raise InvalidInput(f"the PIN of {what} is not UTF-8", hint=source_of(found)) from None


@contextmanager
def _token(key: TokenKey, module: str) -> Iterator[pkcs11.Token]:
    import pkcs11

    what = f"the key {key}"
    with _one_at_a_time:
        try:
            library = pkcs11.lib(module)
        except pkcs11.PKCS11Error as fault:
            raise Undecided(
                "the PKCS #11 module cannot be loaded",
                got=shortened(str(fault) or type(fault).__name__),
                expected="the library that came with the token",
                hint=f"?module-path= of the URI or {MODULE_VARIABLES[0]} names it",
            ) from None
        try:
            yield _find_token(library, key, what)
        except pkcs11.PKCS11Error as fault:
            raise _told(fault, what, "") from None


def _find_token(library: Any, key: TokenKey, what: str) -> pkcs11.Token:
    from pkcs11 import TokenFlag

    there: list[pkcs11.Token] = list(library.get_tokens(token_flags=TokenFlag.TOKEN_INITIALIZED))
    fits = [one for one in there if _fits(one, key)]
    if len(fits) == 1:
        return fits[0]
    labels = ", ".join(shortened(one.label, 40) for one in (fits or there)[:_MOST_TOLD])
    if fits:
        raise UsageError(
            f"{what} fits {len(fits)} tokens", got=labels, expected="one", hint="add token=, serial= or slot-id="
        )
    raise NotFound(
        f"the token of {what} is not there",
        got=f"the tokens {labels}" if there else "no token at all",
        hint="is it plugged in, and is this the right module?",
    )


def _fits(token: pkcs11.Token, key: TokenKey) -> bool:
    there = (token.label, _words(token.serial), _words(token.manufacturer_id), _words(token.model), token.slot.slot_id)
    asked = (key.token, key.serial, key.manufacturer, key.model, key.slot)
    return all(want is None or want == have for want, have in zip(asked, there, strict=True))


def _words(value: str | bytes) -> str:
    # The fields have a fixed width and are filled with blanks.
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return text.rstrip(" \0")


@contextmanager
def _session(token: pkcs11.Token, pin: str, what: str, source: str = "") -> Iterator[pkcs11.Session]:
    import pkcs11

    try:
        with token.open(user_pin=pin) as session:
            yield session
    except pkcs11.PKCS11Error as fault:
        # Not chained, and told by its name: what a library says of a PIN is not known.
        raise _told(fault, what, source) from None


def _private_key(session: pkcs11.Session, key: TokenKey, what: str) -> Any:
    from pkcs11 import Attribute, KeyType, ObjectClass, SignMixin

    asked: dict[Attribute, Any] = {Attribute.CLASS: ObjectClass.PRIVATE_KEY}
    asked |= {Attribute.LABEL: key.object} if key.object is not None else {}
    asked |= {Attribute.ID: key.id} if key.id is not None else {}
    found: list[Any] = list(session.get_objects(asked))
    if not found:
        raise NotFound(f"{what} is not in its token", expected="a private key with this label and id")
    if len(found) > 1:
        raise UsageError(f"{what} fits {len(found)} private keys", expected="one", hint="add id= or object=")
    (private,) = found
    if private.key_type is not KeyType.EC:
        raise other_kind(what, private.key_type.name)
    if not isinstance(private, SignMixin):
        raise InvalidInput(f"{what} may not sign", expected="a private key with CKA_SIGN")
    return private


def _public_key(session: pkcs11.Session, private: Any, what: str) -> PublicKey:
    from pkcs11 import Attribute, ObjectClass
    from pkcs11.util.ec import encode_ec_public_key

    ident, label = private[Attribute.ID], private[Attribute.LABEL]
    same = {Attribute.ID: ident} if ident else {Attribute.LABEL: label}
    found: list[Any] = list(session.get_objects({Attribute.CLASS: ObjectClass.PUBLIC_KEY, **same}))
    try:
        keys = {encode_ec_public_key(one) for one in found}
    except (ValueError, TypeError, KeyError):  # what the token says is parsed as ASN.1
        raise Undecided(f"the token says no public key of {what} that can be read") from None
    if len(keys) != 1:
        raise InvalidInput(
            f"the token does not say what the public key of {what} is",
            got=f"{len(keys)} public keys with its {'id' if ident else 'label'}",
            expected="one",
            hint="generate the key as a pair, or import its public key under the same id",
        )
    return accept_public_key(keys.pop(), what)


_REFUSED: Final[dict[str, str]] = {
    "PinIncorrect": "a wrong PIN",
    "PinInvalid": "a wrong PIN",
    "PinLenRange": "a PIN of a length that the token does not take",
    "PinLocked": "a PIN that is locked after too many wrong ones",
    "PinExpired": "a PIN that has expired",
    "UserPinNotInitialized": "a token whose user has no PIN yet",
    "UserAlreadyLoggedIn": "a token that this process has opened already",
}
_GONE: Final = frozenset({
    "TokenNotPresent", "TokenNotRecognised", "DeviceRemoved", "DeviceError", "SlotIDInvalid", "SessionHandleInvalid",
    "SessionClosed", "NoSuchToken",
})  # fmt: skip


def _told(fault: Exception, what: str, source: str) -> Undecided:
    name = type(fault).__name__
    if name in _REFUSED:
        hint = source or "it came from whoever opened the signer"
        return AuthError(
            f"the token of {what} was not opened",
            got=_REFUSED[name],
            expected="its user PIN",
            hint=f"{hint}; it was tried once, for a token counts the wrong ones",
        )
    if name in _GONE:
        return Undecided(f"the token of {what} is gone", got=name, hint="plug it in, and run it again")
    return Undecided(f"the token of {what} did not do it", got=f"the PKCS #11 error {name}")
