"""The journal of a push: signed bundles are written down before they are sent (FORMAT §7).

A push that was killed and is repeated finds what it signed and sends the same bytes, not a second set.
What is found is verified again before it is sent: the file is trusted for nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from govern import canonical
from govern.errors import GovernError, InvalidInput
from govern.intoto import base64
from govern.limits import MAX_JOURNAL
from govern.oci.digest import Digest
from govern.operations.attach import Signed, reopen
from govern.signing.record_signer import RecordSigner


@dataclass(frozen=True, slots=True)
class Journal:
    """The journal of one push.

    Args:
        path: its file, or None where no state folder was named: then nothing is kept.
    """

    path: Path | None

    @classmethod
    def of(cls, state: Path | None, repository: str, digest: Digest, signer: str) -> Journal:
        """Return the journal that belongs to (repository, D, the signer's label)."""
        if state is None:
            return cls(None)
        key = hashlib.sha256(f"{repository}\x00{digest}\x00{signer}".encode()).hexdigest()
        return cls(state / "journal" / f"{key}.json")

    def read(self, signer: RecordSigner, at: datetime | None = None) -> tuple[Signed, ...]:
        """Return what was signed before; anything that is not this signer's counts as nothing."""
        if self.path is None:
            return ()
        try:
            with self.path.open("rb") as file:
                data = file.read(MAX_JOURNAL.value + 1)
            value = canonical.loads(data, "the journal", bound=MAX_JOURNAL)
            return tuple(
                reopen(base64.decode(one["bundle"], "a bundle"), str(one["created"]), signer, at) for one in value
            )
        except (OSError, GovernError, KeyError, TypeError, IndexError):
            return ()

    def write(self, records: Sequence[Signed]) -> None:
        """Write down what will be sent, so that it survives a power cut."""
        if self.path is None:
            return
        data = canonical.dumps([{"bundle": base64.encode(one.bundle.data), "created": one.created} for one in records])
        temporary = self.path.with_suffix(f".{os.getpid()}.tmp")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.path)
        except OSError as fault:
            raise InvalidInput(
                "the journal cannot be written",
                got=f"{str(self.path)!r}: {fault.strerror}",
                expected="a state folder that you may write",
                hint="name another with GOVERN_STATE_DIR, or unset it: without one, push re-uses what is attached",
            ) from fault

    def remove(self) -> None:
        """Forget: the push is done."""
        if self.path is not None:
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)
