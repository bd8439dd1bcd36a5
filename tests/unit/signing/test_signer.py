"""Nothing is signed that the in-toto library would not take for a statement, and no bad signature leaves."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from govern.errors import Denied, InvalidInput
from govern.intoto.bundle import PublicKeyHint
from govern.signing.signer import sign_envelope, sign_statement
from govern.signing.statement_check import check_statement
from govern.trust.keys import PublicKey
from support.endorsed import statements
from support.records import key_of, signer

(SAID,) = statements()


@dataclass(frozen=True)
class Broken:
    """A device whose signatures are another key's."""

    public_key: PublicKey

    def sign(self, data: bytes) -> bytes:
        return signer("other").sign(data)


def test_the_envelope_is_over_the_exact_bytes() -> None:
    bundle = sign_statement(SAID, signer())
    assert bundle.envelope.payload == SAID.data
    assert bundle.material == PublicKeyHint(key_of().hint)
    key_of().verify(bundle.envelope.signatures[0].sig, bundle.envelope.signed)


def test_a_broken_device_puts_nothing_into_a_registry() -> None:
    with pytest.raises(Denied, match="does not belong"):
        sign_envelope(SAID, Broken(key_of()))


def test_a_statement_that_the_library_does_not_take_is_not_signed() -> None:
    for bad in (replace(SAID, predicate_type=""), replace(SAID, subjects=())):
        with pytest.raises(InvalidInput, match="not a valid in-toto statement"):
            check_statement(bad)
        with pytest.raises(InvalidInput):
            sign_envelope(bad, signer())
    check_statement(replace(SAID, predicate={}))
