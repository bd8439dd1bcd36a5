"""The library's signing context, with every request going through our own session.

The library's own sessions take proxies and authorities from wherever `requests` finds them, wait without end,
and follow redirects; of a timestamp authority that fails it only warns.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from govern.errors import Undecided
from govern.settings import Settings
from govern.signing.keyless.instance import Instance
from govern.signing.service import Service, Session, patience
from govern.signing.timestamp_client import TimestampClient

if TYPE_CHECKING:
    from rfc3161_client import TimeStampResponse
    from sigstore.sign import SigningContext


def signing_context(instance: Instance, settings: Settings) -> SigningContext:
    """Return the context in which the library signs.

    Args:
        instance: whom to ask and whom to trust.
        settings: proxies, authorities and time-outs.

    Raises:
        Undecided: where the instance wants more than one log: the library's bundles hold one entry.
    """
    from sigstore.sign import SigningContext

    config = instance.config.signing_config
    logs = config.get_tlogs()
    if len(logs) != 1:
        raise Undecided(f"{instance.what} wants its records in several logs", got=f"{len(logs)} logs", expected="one")
    fulcio, log = config.get_fulcio(), logs[0]
    fulcio.session = _session(
        "the certificate authority", settings, "the token has expired, or its issuer is not known to this authority"
    )
    # The library makes a session for each thread; ours keeps nothing between two requests.
    log._thread_local = SimpleNamespace(session=_session("the transparency log", settings))  # type: ignore[attr-defined]
    authorities = [_Authority(TimestampClient((one.url,), settings, instance.what)) for one in config.get_tsas()]
    return SigningContext(
        fulcio=fulcio,
        rekor=log,
        trusted_root=instance.config.trusted_root,
        tsa_clients=authorities,  # type: ignore[arg-type]  # what the library asks of them is there
    )


def _session(what: str, settings: Settings, hint: str = "") -> Session:
    service = Service(what, settings, patience(settings), hint)
    return Session(service, {"Content-Type": "application/json", "Accept": "application/json"})


class _Authority:
    """A timestamp authority as the library asks it: ours checks the answer, and refuses instead of warning."""

    def __init__(self, client: TimestampClient) -> None:
        self._client = client
        self.url = client.urls[0]

    def request_timestamp(self, signature: bytes) -> TimeStampResponse:
        """Return the parsed response."""
        from rfc3161_client import decode_timestamp_response

        return decode_timestamp_response(self._client.stamp(signature)[0])
