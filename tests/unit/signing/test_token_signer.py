"""What a token answers is told by the name of its error; those that SoftHSM does not give are looked at here."""

from __future__ import annotations

import pkcs11
import pytest

from govern.errors import AuthError, Undecided
from govern.signing import token_signer

SECRET = "s3cr3t-0815"


def test_every_name_is_one_that_the_library_has() -> None:
    for name in token_signer._REFUSED.keys() | token_signer._GONE:
        assert issubclass(getattr(pkcs11.exceptions, name), pkcs11.PKCS11Error)


@pytest.mark.parametrize(
    ("fault", "kind", "word"),
    [
        (pkcs11.exceptions.PinLocked, AuthError, "locked after too many wrong ones"),
        (pkcs11.exceptions.PinExpired, AuthError, "has expired"),
        (pkcs11.exceptions.DeviceRemoved, Undecided, "is gone"),
        (pkcs11.exceptions.DeviceError, Undecided, "is gone"),
        (pkcs11.exceptions.GeneralError, Undecided, "the PKCS #11 error GeneralError"),
        (pkcs11.exceptions.MechanismInvalid, Undecided, "the PKCS #11 error MechanismInvalid"),
    ],
)
def test_a_fault_of_a_token_is_told_by_its_name_alone(fault: type[Exception], kind: type[Undecided], word: str) -> None:
    told = token_signer._told(fault(SECRET), "the key pkcs11:object=ci", "")
    assert type(told) is kind
    assert told.exit_code == 3
    assert word in told.message
    assert SECRET not in told.message + told.hint
