"""Many writers that attach records to one subject at the same moment, in processes of their own.

Run as a script it prints one JSON object: the seconds from a barrier after imports and signing to the last writer's
return, the digests of what was attached, and what failed.

    racing_writers.py HOST/REPO:TAG NAME KEY WRITERS PROCESSES
"""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.queues import SimpleQueue
    from multiprocessing.synchronize import Barrier

_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Raced:
    """What the writers did.

    Args:
        seconds: from the barrier to the last return.
        attached: digests of the records whose `attach` returned.
        faults: what the others raised.
    """

    seconds: float
    attached: frozenset[str]
    faults: tuple[str, ...]


def race(reference: str, name: str, key: Path, *, writers: int, processes: int) -> Raced:
    """Let writers attach to an artifact, and return when the last of them has.

    Args:
        reference: `HOST/REPO:TAG` of the artifact.
        name: its name.
        key: an unencrypted private key that signs every record.
        writers: how many, each with a connection of its own.
        processes: how many processes share them.
    """
    script = [sys.executable, "-P", str(Path(__file__).resolve()), reference, name, str(key), str(writers)]
    done = subprocess.run([*script, str(processes)], capture_output=True, timeout=_SECONDS, check=True)
    said = json.loads(done.stdout)
    return Raced(said["seconds"], frozenset(said["attached"]), tuple(said["faults"]))


def _main(reference: str, name: str, key: str, writers: int, processes: int) -> None:
    context = multiprocessing.get_context("fork")
    barrier, results = context.Barrier(processes), context.SimpleQueue()
    each = writers // processes
    children = [
        context.Process(target=_writers, args=(reference, name, key, number * each, each, barrier, results))
        for number in range(processes)
    ]
    for child in children:
        child.start()
    came = [results.get() for _ in children]
    for child in children:
        child.join()
    seconds = max(one["ended"] for one in came) - min(one["begun"] for one in came)
    attached = [digest for one in came for digest in one["attached"]]
    faults = [fault for one in came for fault in one["faults"]]
    print(json.dumps({"seconds": seconds, "attached": attached, "faults": faults}))


def _writers(
    reference: str, name: str, key: str, first: int, count: int, barrier: Barrier, results: SimpleQueue[Any]
) -> None:
    from datetime import UTC, datetime

    from govern.names import Name
    from govern.oci.reference import RegistryPlace, parse
    from govern.operations.attach import Signed, attach_record
    from govern.operations.writing import About, Draft, sign_records
    from govern.predicates import annotation
    from govern.settings import Settings
    from govern.signing.key_file import load_signer
    from govern.signing.key_record_signer import KeyRecordSigner
    from govern.store.registry import RegistryStore

    target, now = parse(reference), datetime.now(UTC)
    assert isinstance(target.place, RegistryPlace)
    assert target.tag is not None
    settings, place, tag = Settings(), target.place, target.tag
    looking = RegistryStore(place, settings)
    subject = looking.get_manifest(tag).descriptor
    looking.close()
    signer = load_signer(key, lambda _: None, {})
    about = About(subject.id, Name(name), tag)
    drafts = [
        Draft(
            [about.subject],
            annotation.TYPE,
            {
                "issuedAt": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "schema": annotation.PLAIN_SCHEMA,
                "entries": {"n": str(first + number)},
            },
        )
        for number in range(count)
    ]
    records = sign_records(drafts, KeyRecordSigner(signer), now)
    attached: list[str] = []
    faults: list[str] = []

    def write(record: Signed) -> None:
        store = RegistryStore(place, settings)
        try:
            attached.append(attach_record(store, record, subject))
        except Exception as fault:  # noqa: BLE001 - whatever it was is told
            faults.append(repr(fault))
        finally:
            store.close()

    threads = [threading.Thread(target=write, args=(record,)) for record in records]
    barrier.wait(_SECONDS)
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.put({"begun": begun, "ended": time.monotonic(), "attached": attached, "faults": faults})


if __name__ == "__main__":
    os.environ.clear()
    _main(*sys.argv[1:4], *map(int, sys.argv[4:]))  # type: ignore[arg-type]
