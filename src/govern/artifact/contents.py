"""Layers as content: a file as it is, and many small files as one tar."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from govern.artifact.hashing import changed
from govern.artifact.tar import END, member_header, padding
from govern.artifact.walk import SourceFile, identity_of
from govern.errors import InvalidInput
from govern.limits import BUFFER_BYTES
from govern.oci.descriptor import Descriptor
from govern.oci.digest import Digest


@dataclass(frozen=True, slots=True)
class FileContent:
    """A raw layer: the file itself.

    Args:
        descriptor: what it is.
        file: where its bytes are.
    """

    descriptor: Descriptor
    file: SourceFile

    def chunks(self) -> Iterator[bytes | memoryview]:
        """See `read_file`."""
        return read_file(self.file)


def read_file(file: SourceFile) -> Iterator[bytes | memoryview]:
    """Yield a file's bytes out of one buffer; raise `InvalidInput` if it is not the same file any more."""
    view = memoryview(bytearray(min(BUFFER_BYTES, max(1, file.size))))
    try:
        with open(file.real, "rb", buffering=0) as source:
            if identity_of(os.fstat(source.fileno())) != file.identity:
                raise changed(file.path)
            while count := source.readinto(view):
                yield view[:count]
    except OSError as fault:
        raise InvalidInput("a file cannot be read", got=f"{file.path!r}: {fault.strerror}") from fault


@dataclass(frozen=True, slots=True)
class TarContent:
    """A bundled layer: small files, one after another.

    Args:
        descriptor: what it is.
        members: the files, in the order of FORMAT §3.
    """

    descriptor: Descriptor
    members: tuple[SourceFile, ...]

    def chunks(self) -> Iterator[bytes | memoryview]:
        """Yield the tar's bytes, made anew from the files."""
        yield from _tar(self.members)


def _tar(members: Sequence[SourceFile]) -> Iterator[bytes]:
    for one in members:
        yield member_header(one.path, one.size)
        yield _read(one)
        if fill := padding(one.size):
            yield fill
    yield END


def _read(file: SourceFile) -> bytes:
    try:
        with open(file.real, "rb", buffering=0) as source:
            data = source.read(file.size + 1)
            same = identity_of(os.fstat(source.fileno())) == file.identity
    except OSError as fault:
        raise InvalidInput("a file cannot be read", got=f"{file.path!r}: {fault.strerror}") from fault
    if len(data) != file.size or not same:
        raise changed(file.path)
    return data


@dataclass(frozen=True, slots=True)
class HashedTar:
    """A tar whose digest is known.

    Args:
        digest: of the whole blob.
        size: bytes of the whole blob.
        offsets: where each member's content begins.
        digests: hex sha256 of each member's content.
    """

    digest: Digest
    size: int
    offsets: tuple[int, ...]
    digests: tuple[str, ...]


def hash_tar(members: Sequence[SourceFile]) -> HashedTar:
    """Hash a tar and each of its members in one pass over the files."""
    whole = hashlib.sha256()
    position = 0
    offsets, digests = [], []
    for one in members:
        header = member_header(one.path, one.size)
        data = _read(one)
        offsets.append(position + len(header))
        digests.append(hashlib.sha256(data).hexdigest())
        for part in (header, data, padding(one.size)):
            whole.update(part)
            position += len(part)
    whole.update(END)
    return HashedTar(Digest.from_hex(whole.hexdigest()), position + len(END), tuple(offsets), tuple(digests))
