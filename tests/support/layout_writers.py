"""Writers of one layout that are killed again and again, each a process of its own.

Run as a script it starts the writers, kills them at random moments with SIGKILL and puts new ones in their place, and
prints what each writer was told is stored, a line for each: `record DIGEST` or `blob DIGEST`. The last line is
`killed COUNT`.

    layout_writers.py LAYOUT SUBJECT SUBJECT-SIZE WRITERS KILLS SEED MILLISECONDS
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What the writers were told is stored.

    Args:
        records: digests of manifests whose `attach` returned.
        blobs: digests of blobs whose `put_blob` returned.
        killed: how many writers were killed.
    """

    records: frozenset[str]
    blobs: frozenset[str]
    killed: int


def write_and_kill(
    layout: Path, subject: str, size: int, *, writers: int, kills: int, seed: int, milliseconds: int = 60
) -> Acknowledged:
    """Let writers write and be killed; return what they had been told until then.

    Args:
        layout: the folder, which need not be there yet.
        subject: the digest that every record is about.
        size: bytes of the subject's manifest.
        writers: how many at once.
        kills: how many of them are killed, one after another.
        seed: of the moments and the choice.
        milliseconds: the longest time from one kill to the next.
    """
    numbers = map(str, (size, writers, kills, seed, milliseconds))
    script = [sys.executable, "-P", str(Path(__file__).resolve()), str(layout), subject, *numbers]
    done = subprocess.run(script, stdout=subprocess.PIPE, timeout=_SECONDS, check=True, text=True)
    said = [line.split(" ") for line in done.stdout.splitlines()]
    of = {word: [value for kind, value in said if kind == word] for word in ("record", "blob", "killed")}
    return Acknowledged(frozenset(of["record"]), frozenset(of["blob"]), int(of["killed"][0]))


def _main(layout: str, subject: str, size: int, writers: int, kills: int, seed: int, milliseconds: int) -> None:
    # Imported once; a writer is forked from here and works at once.
    import govern.store.layout  # noqa: F401

    chance = random.Random(seed)
    running = [_start(layout, subject, size, chance.random()) for _ in range(writers)]
    for _ in range(kills):
        time.sleep(chance.uniform(0, milliseconds / 1000))
        victim = chance.randrange(writers)
        _end(running[victim])
        running[victim] = _start(layout, subject, size, chance.random())
    time.sleep(1)
    for pid in running:
        _end(pid)
    os.write(1, f"killed {kills + writers}\n".encode())


def _end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    # A writer that had ended by itself would have failed.
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL


def _start(layout: str, subject: str, size: int, seed: float) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            _write(Path(layout), subject, size, random.Random(seed))
        finally:
            os._exit(1)
    return pid


def _write(layout: Path, subject: str, size: int, chance: random.Random) -> None:
    """Write without end, and say each time that it is done."""
    from govern.oci.content import BytesContent
    from govern.oci.descriptor import Descriptor
    from govern.oci.digest import Digest
    from govern.oci.manifest import write
    from govern.oci.media_types import EMPTY, EMPTY_BLOB, IMAGE_MANIFEST
    from govern.progress import SILENT
    from govern.store.layout import LayoutStore

    store, about = LayoutStore(layout), {"mediaType": IMAGE_MANIFEST, "digest": subject, "size": size}
    while True:
        blob = BytesContent.of(chance.randbytes(chance.choice((10, 3000, 400_000))), "application/octet-stream")
        store.put_blob(blob, SILENT)
        os.write(1, f"blob {blob.descriptor.digest}\n".encode())
        store.put_blob(BytesContent.of(EMPTY_BLOB, EMPTY), SILENT)
        manifest = write(
            {
                "schemaVersion": 2,
                "mediaType": IMAGE_MANIFEST,
                "artifactType": "application/vnd.govern.test",
                "config": Descriptor.of(EMPTY_BLOB, EMPTY).to_json(),
                "layers": [blob.descriptor.to_json()],
                "subject": about,
            }
        )
        store.attach(manifest, Digest(subject))
        os.write(1, f"record {manifest.digest}\n".encode())


if __name__ == "__main__":
    _main(*sys.argv[1:3], *map(int, sys.argv[3:]))  # type: ignore[arg-type]
