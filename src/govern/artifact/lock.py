"""`govern.lock`: what a pull left in a directory, so that a later push knows its inputs (DESIGN §7).

A tag that is looked up at a push may have moved since the training; the lock was written when the bytes
came.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError
from pydantic.alias_generators import to_camel

from govern import canonical
from govern.artifact.walk import LOCK_FILE
from govern.errors import InvalidInput
from govern.limits import MAX_LOCK
from govern.oci.descriptor import DigestText
from govern.predicates.common import Time, faults_of

VERSION: Final = "govern.lock/v0.1"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


@dataclass(frozen=True, slots=True)
class LockedFile:
    """A file as it was pulled."""

    # A plain class with slots: 100,000 of these in two locks have to be in memory at once.
    __pydantic_config__ = ConfigDict(extra="forbid")

    path: StrictStr
    sha256: Annotated[StrictStr, Field(pattern=r"^[0-9a-f]{64}$")]
    size: Annotated[StrictInt, Field(ge=0)]


class LockedDecision(_Part):
    """Under which policy the pull was allowed, and on which records."""

    policy: Annotated[DigestText | None, Field(description="Digest of the policy file; null under --key.")]
    source: Annotated[StrictStr, Field(description="The policy's path, or --key.")]
    records: Annotated[tuple[DigestText, ...], Field(description="Statement digests of the records that counted.")]


class Lock(_Part):
    """The lock file."""

    lock_version: Literal["govern.lock/v0.1"] = VERSION
    reference: Annotated[StrictStr, Field(description="The pinned reference that was pulled.")]
    tag: Annotated[StrictStr | None, Field(description="The tag that was typed, or null.")]
    name: Annotated[StrictStr, Field(description="The name that the verifier expected.")]
    version: StrictStr | None
    kind: StrictStr
    digest: DigestText
    pulled_at: Time
    verified: Annotated[
        LockedDecision | None,
        Field(description="Null: pulled with --insecure-no-verify. Nothing is known about these files."),
    ]
    selected: Annotated[tuple[StrictStr, ...], Field(description="What --include and --role chose; empty for all.")]
    files: tuple[LockedFile, ...]


def read_lock(folder: Path) -> Lock | None:
    """Return the lock of a directory, or None where there is none.

    Raises:
        InvalidInput: for a lock that cannot be read: it is never taken for none.
    """
    path = folder / LOCK_FILE
    if os.path.lexists(path) and not path.is_file():
        # A pipe, say, from which nothing would ever come.
        raise InvalidInput("the lock is not a regular file", got=str(path), expected="what govern pull wrote")
    try:
        with path.open("rb") as file:
            data = file.read(MAX_LOCK.value + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as fault:
        raise InvalidInput("the lock cannot be read", got=f"{str(path)!r}: {fault.strerror}") from fault
    value = canonical.loads(data, f"the lock {str(path)!r}", bound=MAX_LOCK, floats=False)
    try:
        return Lock.model_validate(value, by_alias=True, by_name=False)
    except ValidationError as fault:
        raise InvalidInput(
            f"the lock {str(path)!r} is not valid",
            got=faults_of(fault),
            expected=VERSION,
            hint="govern pull writes it; pull again into a new folder",
        ) from fault


def write_lock(folder: Path, lock: Lock) -> Path:
    """Write the lock of a directory, whole or not at all; return its path."""
    path = folder / LOCK_FILE
    temporary = folder / f".{LOCK_FILE}.{os.getpid()}"
    value = lock.model_dump(by_alias=True, mode="json")
    temporary.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    temporary.replace(path)
    return path
