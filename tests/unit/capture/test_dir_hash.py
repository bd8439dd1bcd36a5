"""The digest of a directory is what the specification's command line says."""

from __future__ import annotations

import hashlib
import subprocess

from govern.capture.dir_hash import dir_hash

COMMAND = "find . -type f | cut -c3- | LC_ALL=C sort | xargs -r -d '\\n' sha256sum | sha256sum | cut -f1 -d' '"


def test_it_is_what_the_command_of_the_specification_says(tmp_path):
    contents = {"b": b"1", "a/z": b"2", "a.txt": b"", "a b": b"3", "\u00fc": b"4", "Z": b"5"}
    for path, data in contents.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(data)
    said = subprocess.run(
        ["sh", "-c", COMMAND], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout.strip()
    assert dir_hash({path: hashlib.sha256(data).hexdigest() for path, data in contents.items()}) == said


def test_it_is_the_one_of_the_specifications_example():
    # in-toto attestation framework, digest_set.md: go-hello-world v0.0.1.
    prefix = "github.com/marklodato/go-hello-world@v0.0.1/"
    files = {
        f"{prefix}README.md": "3a137eef6458bfb76bb2c63fc29ffc7166604d2d2e09ed9d8250a534122a8364",
        f"{prefix}go.mod": "28e7c942a036902d981759d0bf5704d2bfc7cb500caf68b84711b234af01c6a5",
        f"{prefix}main.go": "ddc4da627d9a9f45fb29641a1b185d6f53287ecfd921aacbf4fe54b7a86fe8d1",
    }
    assert dir_hash(files) == "2a1bb6127fb481c60f67692e22285fb306f3c6ffe62075e0ccf674d7c3adcb8f"
