"""How fast records are admitted, and one `govern verify --key` against one `cosign verify-attestation`.

    python -m benchmarks.verify [--runs 15] [--records 10]

Prints records a second of `admit` in one process, and the medians of interleaved one-shot commands on real
registries, with their ratio. Run it from `tests/`, on a quiet machine.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import govern
from govern.signing.key_file import generate_key_pair
from govern.signing.signer import sign_statement
from govern.trust.admit import admit
from govern.trust.records import Record
from support.parts import find_part
from support.records import ARTIFACT, annotation_of, claim_of, provenance_of, registration_of, signer, trust
from support.registries import distribution, zot


def admitted(count: int) -> float:
    """Return how many key-signed records a second one process admits: a third each of three kinds."""
    claims = []
    for number in range(count):
        made = (
            annotation_of(entries={"n": str(number)}),
            registration_of(reason=str(number)),
            provenance_of(build=str(number)),
        )[number % 3]
        claims.append(claim_of(sign_statement(made, signer()).data))
    trusted, best = trust("ci"), float("inf")
    for _ in range(5):
        begun = time.perf_counter()
        for one in claims:
            assert isinstance(admit(one, ARTIFACT, trusted), Record)
        best = min(best, time.perf_counter() - begun)
    return count / best


def one_shot(name: str, registry: object, runs: int, records: int, work: Path) -> None:
    """Print the medians of both commands over one subject."""
    root = work / name
    model = root / "model"
    model.mkdir(parents=True)
    (model / "weights.bin").write_bytes(os.urandom(1000))
    private, public, _ = generate_key_pair(root / "ci", None)
    with registry(root / "registry") as running:  # type: ignore[operator]
        reference = f"{running.host}/bench/model"
        pushed = govern.push(model, f"{reference}:1.0.0", key=private)
        for number in range(records - len(pushed.records)):
            build = {"buildDefinition": {"buildType": f"https://example.com/{number}"}}
            govern.attest(f"{reference}:1.0.0", "slsaprovenance1", build, key=private)
        pinned = str(pushed.pinned)
        bare = {**os.environ, "HTTPS_PROXY": "http://127.0.0.1:9", "XDG_CACHE_HOME": "", "GOVERN_CACHE_DIR": ""}
        commands = {
            "govern": [sys.executable, "-m", "govern", "verify", pinned, "--key", str(public)],
            "cosign": [
                *(str(find_part("cosign")), "verify-attestation", "--key", str(public), "--insecure-ignore-tlog"),
                *("--type", "slsaprovenance1", pinned),
            ],
        }
        times: dict[str, list[float]] = {who: [] for who in commands}
        for number in range(runs):
            for who in sorted(commands, reverse=bool(number % 2)):
                begun = time.perf_counter()
                subprocess.run(commands[who], check=True, capture_output=True, env=bare)
                times[who].append(time.perf_counter() - begun)
    ours, theirs = (statistics.median(times[who]) for who in ("govern", "cosign"))
    print(f"{name}, {records} records: govern {ours:.3f} s = {ours / theirs:.2f} x cosign ({theirs:.3f} s)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--records", type=int, default=10)
    asked = parser.parse_args()
    print(f"admit: {admitted(3000):.0f} records a second")
    with tempfile.TemporaryDirectory() as work:
        for name, start in (("zot", zot), ("distribution", distribution)):
            one_shot(name, start, asked.runs, asked.records, Path(work))


if __name__ == "__main__":
    main()
