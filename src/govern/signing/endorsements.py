"""What others add to a signature: timestamps and log entries, for many envelopes at the same time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from govern.intoto.bundle import Bundle, CertificateChain, PublicKeyHint
from govern.intoto.bundle_writer import write_bundle
from govern.intoto.dsse import Envelope
from govern.trust.keys import PublicKey

if TYPE_CHECKING:
    # They load the HTTP stack, which who signs without services does not need.
    from cryptography.x509 import Certificate

    from govern.signing.log_client import LogClient
    from govern.signing.timestamp_client import TimestampClient

_AT_ONCE: Final = 16
_One = TypeVar("_One")
_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True)
class Endorsers:
    """The services that are asked for each signature.

    Args:
        timestamps: the timestamp authorities, or None.
        log: the transparency log, or None.
    """

    timestamps: TimestampClient | None = None
    log: LogClient | None = None

    @property
    def urls(self) -> tuple[str, ...]:
        """What is asked, for messages."""
        stamps = self.timestamps.urls if self.timestamps is not None else ()
        return stamps + ((self.log.url,) if self.log is not None else ())

    def endorse(
        self, envelopes: Sequence[Envelope], material: PublicKeyHint | CertificateChain, signer: PublicKey | Certificate
    ) -> tuple[Bundle, ...]:
        """Return a bundle of each envelope with all that the services say, or raise.

        Args:
            envelopes: one signature each.
            material: how the bundles name the signer.
            signer: how the log is told of the signer.

        Raises:
            Undecided: where one of the services does not answer, or refuses: then there is no bundle at all.
        """

        def bundle(envelope: Envelope) -> Bundle:
            # The log is slow and the authorities are not; before the log, so that no entry is made in vain.
            stamps = self.timestamps.stamp(envelope.signatures[0].sig) if self.timestamps is not None else ()
            entries = (self.log.add(envelope, signer),) if self.log is not None else ()
            return write_bundle(envelope, material, timestamps=stamps, log_entries=entries)

        return at_once(bundle, envelopes) if self.urls else tuple(map(bundle, envelopes))


def at_once(make: Callable[[_One], _Made], items: Sequence[_One]) -> tuple[_Made, ...]:
    """Return what is made of each item, in order, made in threads; the first failure ends what has not begun."""
    if not items:
        return ()
    with ThreadPoolExecutor(max_workers=min(len(items), _AT_ONCE), thread_name_prefix="signing") as pool:
        futures = [pool.submit(make, item) for item in items]
        try:
            return tuple(future.result() for future in futures)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
