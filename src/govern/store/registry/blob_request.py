"""Asking a repository for a blob, or for a range of it, and what the answer must say.

Source: distribution spec 1.1, "Pulling blobs"; RFC 9110 §14.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from govern.errors import ContentMismatch, GovernError, ProtocolError
from govern.oci.descriptor import Descriptor
from govern.store.registry.answer import Answer
from govern.store.registry.client import Client, read_only

_CONTENT_RANGE: Final = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/(?:([0-9]{1,18})|\*)")


class NoRange(Exception):
    """The registry answered a range request with something else; one stream from the start it is."""


@dataclass(frozen=True, slots=True)
class BlobRequest:
    """What is asked for one blob.

    Args:
        client: the registry.
        repository: where from.
        descriptor: what must come.
    """

    client: Client
    repository: str
    descriptor: Descriptor

    @property
    def what(self) -> str:
        """What is fetched, for messages."""
        return f"the blob {self.descriptor.digest}"

    def get(self, start: int, end: int | None) -> Answer:
        """Ask for bytes from `start` up to but not including `end`; None is the blob's end.

        Raises:
            NoRange: where a range was asked for and something else comes.
            GovernError: for every answer that is not these bytes.
        """
        wanted = self.descriptor.size if end is None else end
        headers = {"Range": f"bytes={start}-{wanted - 1}"} if start or end is not None else {}
        url = self.client.url(f"{self.repository}/blobs/{self.descriptor.digest}")
        answer = self.client.request("GET", url, read_only(self.repository), headers=headers)
        if headers:
            if answer.status == 200 or answer.status == 416:
                answer.close()
                raise NoRange
            if answer.status != 206:
                raise self.client.fault(answer, f"{self.what} cannot be read")
            self._check_range(answer, start, wanted)
        elif answer.status != 200:
            raise self.client.fault(answer, f"{self.what} cannot be read")
        elif answer.length is not None and answer.length != self.descriptor.size:
            answer.close()
            raise self.wrong_size(f"{answer.length} bytes")
        return answer

    def _check_range(self, answer: Answer, start: int, end: int) -> None:
        match = _CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        total = match[3] if match else None
        if (
            match is None
            or int(match[1]) != start
            or int(match[2]) != end - 1
            or (total and int(total) != self.descriptor.size)
        ):
            got = answer.headers.get("Content-Range", "none")[:80]
            answer.close()
            if total and int(total) != self.descriptor.size:
                raise self.wrong_size(f"{total} bytes")
            raise ProtocolError(
                f"{self.what} came from another place than asked",
                got=f"Content-Range {got!r}",
                expected=f"bytes {start}-{end - 1}/{self.descriptor.size}",
            )

    def wrong_size(self, got: str) -> GovernError:
        """Return the refusal of a blob that is longer or shorter than it must be."""
        return ContentMismatch(
            f"{self.what} is not as long as its descriptor says",
            got=got,
            expected=f"{self.descriptor.size} bytes",
            hint="do not use it: somebody or something changed these bytes",
        )
