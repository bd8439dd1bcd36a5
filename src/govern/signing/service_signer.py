"""Keys in a service: what each of them can answer, told as one of ours, and without what a library says.

A library's own sentence may repeat a header, a URL with a password in it, or a token. What is told is the name of
the fault, and the code that the service gave.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from govern.errors import AuthError, GovernError, NetworkError, NotFound, Undecided, UsageError
from govern.signing.key_uri import KeyUri
from govern.signing.profile import check_signature
from govern.trust.keys import PublicKey

CONNECT_SECONDS: Final = 10
ANSWER_SECONDS: Final = 30
ATTEMPTS: Final = 3

Kind = type[AuthError | NetworkError | NotFound | Undecided | UsageError]

FAULTS: Final[dict[str, Kind]] = {
    # botocore
    "NoCredentialsError": AuthError,
    "PartialCredentialsError": AuthError,
    "CredentialRetrievalError": AuthError,
    "SSOError": AuthError,
    "NoRegionError": UsageError,
    "ProfileNotFound": UsageError,
    "InvalidConfigError": UsageError,
    "HTTPClientError": NetworkError,
    "EndpointConnectionError": NetworkError,
    # google.auth and google.api_core
    "DefaultCredentialsError": AuthError,
    "RefreshError": AuthError,
    "TransportError": NetworkError,
    "Unauthorized": AuthError,  # hvac's too
    "Forbidden": AuthError,  # hvac's too
    "NotFound": NotFound,
    "RetryError": NetworkError,
    "ServerError": NetworkError,
    # azure.core and azure.identity
    "ClientAuthenticationError": AuthError,
    "ResourceNotFoundError": NotFound,
    "ServiceRequestError": NetworkError,
    "ServiceResponseError": NetworkError,
    # hvac
    "InvalidPath": NotFound,
    "InternalServerError": NetworkError,
    "BadGateway": NetworkError,
    "VaultDown": NetworkError,
    "RateLimitExceeded": NetworkError,
    # requests, sockets
    "OSError": NetworkError,
}
"""By the names of the libraries' classes, so that none of them must be imported to be told apart."""

_CODES: Final[tuple[tuple[str, Kind], ...]] = (
    (r".*(?:AccessDenied|UnrecognizedClient|InvalidClientTokenId|Expired|Signature|AuthenticationToken).*", AuthError),
    (r"NotFoundException", NotFound),
    (r".*(?:Throttling|Internal|Unavailable|Timeout).*", NetworkError),
    (r"40[13]", AuthError),
    (r"404", NotFound),
    (r"5[0-9][0-9]", NetworkError),
)


@dataclass(frozen=True, slots=True)
class ServiceSigner:
    """A P-256 private key in a service.

    Args:
        key: where it is.
        public_key: see `Signer.public_key`.
        send: asks the service for the DER signature of bytes.
        hint: what to look at where the service does not answer.
    """

    key: KeyUri
    public_key: PublicKey
    send: Callable[[bytes], bytes] = field(repr=False)
    hint: str = field(default="", repr=False)

    def sign(self, data: bytes) -> bytes:
        """See `Signer.sign`.

        Raises:
            Undecided: where the service does not answer, or answers something else than a signature.
        """
        what = f"the key {self.key}"
        with telling(what, self.hint):
            signature = self.send(data)
        return check_signature(signature, data, self.public_key, what)


@contextmanager
def telling(what: str, hint: str) -> Iterator[None]:
    """Turn whatever a service's library raises into one of ours, by the names of its classes.

    Args:
        what: the key, for messages.
        hint: what to look at.

    Raises:
        UsageError: where the library was not told enough to ask.
        Undecided: for everything else.
    """
    try:
        yield
    except GovernError:
        raise
    except Exception as fault:  # noqa: BLE001 - the libraries' errors have no common class, nor a list of them
        # Not chained: see the module.
        raise told(fault, what, hint) from None


def told(fault: Exception, what: str, hint: str) -> GovernError:
    """Return what a fault of a service's library is for us."""
    code = _code(fault)
    kind = next((kind for pattern, kind in _CODES if re.fullmatch(pattern, code)), None) if code else None
    kind = kind or next((FAULTS[one.__name__] for one in type(fault).__mro__ if one.__name__ in FAULTS), Undecided)
    name = type(fault).__name__
    got = f"{name} ({code})" if code and code != name else name
    sentences = {
        AuthError: "does not accept who asks",
        NetworkError: "does not answer",
        NotFound: "has no such key",
        UsageError: "cannot be asked yet",
    }
    return kind(f"the service of {what} {sentences.get(kind, 'did not do it')}", got=got, hint=hint)


def _code(fault: Exception) -> str:
    """Return what botocore and azure.core say a service answered, as long as it is a word."""
    response = getattr(fault, "response", None)
    error = response.get("Error") if isinstance(response, dict) else None
    code = error.get("Code") if isinstance(error, dict) else getattr(fault, "status_code", None)
    return str(code) if re.fullmatch(r"[A-Za-z0-9._-]{1,60}", str(code or "")) else ""


def quiet(name: str) -> None:
    """Keep a library from writing to stderr what it also raises.

    Args:
        name: its logger.
    """
    logger = logging.getLogger(name)
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
