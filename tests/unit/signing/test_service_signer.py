"""What a key service answers becomes one of our refusals, and nothing that its library says is repeated."""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from govern.errors import AuthError, GovernError, InvalidInput, NetworkError, NotFound, Undecided, UsageError
from govern.signing.key_file import KeySigner
from govern.signing.key_uri import VaultKey
from govern.signing.service_signer import FAULTS, ServiceSigner, telling, told

SECRET = "s3cr3t-0815"
KEY = ec.generate_private_key(ec.SECP256R1())
MODULES = (
    "botocore.exceptions",
    "google.auth.exceptions",
    "google.api_core.exceptions",
    "azure.core.exceptions",
    "hvac.exceptions",
    "builtins",
)


def classes() -> dict[str, type[Exception]]:
    """Return every class of fault of the libraries by its name."""
    found: dict[str, type[Exception]] = {}
    for module in map(importlib.import_module, MODULES):
        found |= {
            name: one for name, one in vars(module).items() if isinstance(one, type) and issubclass(one, Exception)
        }
    return found


def test_every_name_is_one_that_a_library_has() -> None:
    assert FAULTS.keys() - classes().keys() == set()


def client_error(code: str) -> Exception:
    from botocore.exceptions import ClientError

    fault: Exception = ClientError({"Error": {"Code": code, "Message": SECRET}}, "Sign")
    return fault


def azure_error(status: int) -> Exception:
    from azure.core.exceptions import HttpResponseError

    fault = HttpResponseError(message=SECRET)
    fault.status_code = status
    return fault


def made(module: str, name: str, *arguments: Any, **options: Any) -> Exception:
    fault = getattr(importlib.import_module(module), name)(*arguments, **options)
    assert isinstance(fault, Exception)
    return fault


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (lambda: client_error("AccessDeniedException"), AuthError),
        (lambda: client_error("ExpiredTokenException"), AuthError),
        (lambda: client_error("UnrecognizedClientException"), AuthError),
        (lambda: client_error("NotFoundException"), NotFound),
        (lambda: client_error("ThrottlingException"), NetworkError),
        (lambda: client_error("KMSInternalException"), NetworkError),
        (lambda: client_error("DisabledException"), Undecided),
        (lambda: client_error(f"{SECRET} and spaces"), Undecided),
        (lambda: made("botocore.exceptions", "NoCredentialsError"), AuthError),
        (lambda: made("botocore.exceptions", "NoRegionError"), UsageError),
        (lambda: made("botocore.exceptions", "EndpointConnectionError", endpoint_url=SECRET), NetworkError),
        (lambda: made("botocore.exceptions", "ConnectTimeoutError", endpoint_url=SECRET), NetworkError),
        (lambda: made("botocore.exceptions", "ReadTimeoutError", endpoint_url=SECRET), NetworkError),
        (lambda: made("google.api_core.exceptions", "PermissionDenied", SECRET), AuthError),
        (lambda: made("google.api_core.exceptions", "Unauthenticated", SECRET), AuthError),
        (lambda: made("google.api_core.exceptions", "NotFound", SECRET), NotFound),
        (lambda: made("google.api_core.exceptions", "DeadlineExceeded", SECRET), NetworkError),
        (lambda: made("google.api_core.exceptions", "FailedPrecondition", SECRET), Undecided),
        (lambda: made("google.auth.exceptions", "RefreshError", SECRET), AuthError),
        (lambda: made("azure.core.exceptions", "ClientAuthenticationError", SECRET), AuthError),
        (lambda: made("azure.core.exceptions", "ServiceRequestError", SECRET), NetworkError),
        (lambda: azure_error(403), AuthError),
        (lambda: azure_error(404), NotFound),
        (lambda: azure_error(503), NetworkError),
        (lambda: azure_error(409), Undecided),
        (lambda: made("hvac.exceptions", "Forbidden", SECRET, [SECRET]), AuthError),
        (lambda: made("hvac.exceptions", "InvalidPath", SECRET), NotFound),
        (lambda: made("hvac.exceptions", "VaultDown", SECRET), NetworkError),
        (lambda: made("hvac.exceptions", "InvalidRequest", SECRET), Undecided),
        (lambda: made("requests", "ConnectionError", SECRET), NetworkError),
        (lambda: TimeoutError(SECRET), NetworkError),
        (lambda: KeyError(SECRET), Undecided),
        (lambda: ValueError(SECRET), Undecided),
    ],
)
def test_a_fault_is_told_by_its_name_alone(
    fault: Callable[[], Exception], kind: type[GovernError], recwarn: pytest.WarningsRecorder
) -> None:
    one = fault()
    assert type(told(one, "the key hv:ci", "")) is kind
    with pytest.raises(kind) as refused, telling("the key hv:ci", "look there"):
        raise one
    assert type(one).__name__ in refused.value.got
    assert "the key hv:ci" in refused.value.what
    assert refused.value.hint == "look there"
    assert SECRET not in "".join(traceback.format_exception(refused.value)) + repr(refused.value)


def test_our_own_refusals_stay_what_they_are() -> None:
    with pytest.raises(InvalidInput, match="as it was"), telling("the key", ""):
        raise InvalidInput("as it was")


def test_a_service_signs_with_the_key_that_it_showed() -> None:
    signer = KeySigner(KEY)
    service = ServiceSigner(VaultKey("ci", 1), signer.public_key, signer.sign)
    KEY.public_key().verify(service.sign(b"data"), b"data", ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize(
    "send",
    [
        KeySigner(ec.generate_private_key(ec.SECP256R1())).sign,
        lambda data: KeySigner(KEY).sign(data + b"!"),
        lambda _data: b"",
        lambda _data: b"no DER",
    ],
)
def test_another_signature_is_undecided_and_never_used(send: Callable[[bytes], bytes]) -> None:
    service = ServiceSigner(VaultKey("ci", 1), KeySigner(KEY).public_key, send)
    with pytest.raises(Undecided, match="the key hv:ci/1 signed with another key than it showed"):
        service.sign(b"data")


def test_a_service_that_goes_away_is_undecided() -> None:
    def send(_data: bytes) -> bytes:
        raise ConnectionResetError(SECRET)

    service = ServiceSigner(VaultKey("ci", 1), KeySigner(KEY).public_key, send, "look there")
    with pytest.raises(NetworkError, match="the service of the key hv:ci/1 does not answer") as refused:
        service.sign(b"data")
    assert SECRET not in "".join(traceback.format_exception(refused.value)) + repr(service)
