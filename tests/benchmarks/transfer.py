"""Push and pull against oras and against the floor, on real registries.

    python -m benchmarks.transfer [--runs 5] [--size MIB] [--rows distribution,zot,tls,single,proxy]

Prints medians of interleaved runs and their ratios. Every push is cold: a fresh registry process with empty
storage, and an empty digest cache. Run it from `tests/`, on a quiet machine, with 10 GiB of disk.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from support.parts import find_part
from support.proxy import proxied
from support.registries import Running, distribution, zot
from support.tls import TlsFiles, make_tls

MIB = 1024 * 1024
Start = Callable[[Path], AbstractContextManager[Running]]


@dataclass
class Bench:
    """One row: a registry, and the files.

    Args:
        name: the row.
        folder: the files.
        start: starts a registry in a directory.
        tls: certificates, or None.
        digests: of the files, for the floor.
        proxy: whether pulls go through a slow line.
    """

    name: str
    folder: Path
    start: Start
    tls: TlsFiles | None
    digests: dict[str, str]
    work: Path
    times: dict[str, list[float]] = field(default_factory=dict)
    memory: dict[str, int] = field(default_factory=dict)

    def run(self, runs: int) -> None:
        for number in range(runs):
            # The order of the clients changes from run to run: none always comes first.
            clients = ["govern", "oras", "floor"]
            clients = clients[number % 3 :] + clients[: number % 3]
            for client in clients:
                self._cold_push_and_pull(client)
            self._hash_alone()

    def _cold_push_and_pull(self, client: str) -> None:
        root = Path(tempfile.mkdtemp(dir=self.work))
        try:
            with self.start(root) as running:
                target = f"{running.host}/bench/model"
                cache = root / "cache"
                self._time(f"push {client}", self._command(client, "push", target, self.folder), cache)
                if client == "govern":
                    self._time("push again", self._command(client, "push", target, self.folder), cache)
                out = root / "out"
                self._time(f"pull {client}", self._command(client, "pull", target, out), root / "cache2")
                shutil.rmtree(out)
        finally:
            shutil.rmtree(root, ignore_errors=True)

    def _command(self, client: str, verb: str, target: str, folder: Path) -> tuple[list[str], Path]:
        ca = str(self.tls.ca) if self.tls else None
        if client == "govern":
            tls = ["--ca-file", ca] if ca else []
            keys = self.work / "keys"
            if verb == "push":
                arguments = ["push", str(folder), f"{target}:1", "--key", str(keys / "k.key"), *tls, "-q"]
            else:
                arguments = ["pull", f"{target}:1", "--key", str(keys / "k.pub"), "-o", str(folder), *tls, "-q"]
            return [sys.executable, "-m", "govern", *arguments], self.work
        if client == "oras":
            oras = str(find_part("oras"))
            tls = ["--ca-file", ca] if ca else ["--plain-http"]
            if verb == "push":
                names = sorted(path.name for path in folder.iterdir())
                return [oras, "push", *tls, "--no-tty", f"{target}:1", *names], folder
            return [oras, "pull", *tls, "--no-tty", "-o", str(folder), f"{target}:1"], self.work
        return [sys.executable, "-m", "benchmarks.floor", verb, target, str(folder)], Path(__file__).parent.parent

    def _time(self, name: str, command: tuple[list[str], Path], cache: Path) -> None:
        environment = {
            **os.environ,
            "GOVERN_CACHE_DIR": str(cache),
            "FLOOR_DIGESTS": json.dumps(self.digests),
            "FLOOR_CA": str(self.tls.ca) if self.tls else "",
        }
        begun = time.perf_counter()
        process = subprocess.Popen(
            command[0], cwd=command[1], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        assert process.stderr is not None
        errors = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
        taken = time.perf_counter() - begun
        process.stderr.close()
        if status != 0:
            raise SystemExit(f"{name} failed: {' '.join(command[0])}\n{errors.decode()}")
        self.times.setdefault(name, []).append(taken)
        self.memory[name] = max(self.memory.get(name, 0), usage.ru_maxrss // 1024)

    def _hash_alone(self) -> None:
        code = (
            "import sys; from pathlib import Path\n"
            "from govern.artifact.walk import find_files\n"
            "from govern.artifact.hashing import hash_files\n"
            "from govern.artifact.digest_cache import NoCache\n"
            "import time; f = find_files(Path(sys.argv[1])); t = time.perf_counter()\n"
            "hash_files(f, NoCache()); print(time.perf_counter() - t)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(self.folder)], capture_output=True, text=True, check=True
        )
        self.times.setdefault("hash", []).append(float(done.stdout))

    def report(self) -> dict[str, Any]:
        median = {name: statistics.median(values) for name, values in self.times.items()}
        floor = {verb: median[f"{verb} floor"] + median["hash"] for verb in ("push", "pull")}
        return {
            "row": self.name,
            **{f"{name} s": round(value, 2) for name, value in sorted(median.items())},
            "push / (floor + hash)": round(median["push govern"] / floor["push"], 2),
            "pull / (floor + hash)": round(median["pull govern"] / floor["pull"], 2),
            "push / oras": round(median["push govern"] / median["push oras"], 2),
            "pull / oras": round(median["pull govern"] / median["pull oras"], 2),
            "again / oras cold": round(median["push again"] / median["push oras"], 2),
            "govern peak MiB": max(value for name, value in self.memory.items() if "govern" in name),
        }


def make_files(folder: Path, count: int, size: int) -> dict[str, str]:
    """Write random files and return their digests."""
    folder.mkdir(parents=True)
    digests = {}
    for number in range(count):
        hasher = hashlib.sha256()
        # The first bytes are those of a safetensors file that holds one tensor: a header is read as in life.
        header = json.dumps({"w": {"dtype": "U8", "shape": [size - 128], "data_offsets": [0, size - 128]}})
        head = (120).to_bytes(8, "little") + header.encode().ljust(120)
        with open(folder / f"model-{number + 1:05d}.safetensors", "wb") as file:
            file.write(head)
            hasher.update(head)
            for at in range(0, size - 128, MIB):
                chunk = os.urandom(min(MIB, size - 128 - at))
                file.write(chunk)
                hasher.update(chunk)
        digests[f"model-{number + 1:05d}.safetensors"] = f"sha256:{hasher.hexdigest()}"
    return digests


def starter(kind: str, tls: TlsFiles | None) -> Start:
    """Return what starts a registry of a kind in a directory."""
    return partial(distribution if kind == "distribution" else zot, tls=tls)


def through_a_slow_line(folder: Path, keys: Path, work: Path, runs: int) -> dict[str, Any]:
    """Pull one file through a proxy of 20 ms and 50 MB/s per connection, with govern and with oras."""
    times: dict[str, list[float]] = {"govern": [], "oras": []}
    busy: list[float] = []
    root = Path(tempfile.mkdtemp(dir=work))
    oras = str(find_part("oras"))
    with distribution(root) as running:
        target = f"{running.host}/bench/model:1"
        push = [sys.executable, "-m", "govern", "push", str(folder), target, "--key", str(keys / "k.key"), "-q"]
        subprocess.run(push, check=True, stdout=subprocess.DEVNULL)
        for number in range(runs):
            for client in ("govern", "oras") if number % 2 else ("oras", "govern"):
                out = root / f"{client}-{number}"
                with proxied(running.host) as proxy:
                    reference = f"{proxy.host}/bench/model:1"
                    govern = [sys.executable, "-m", "govern", "pull", reference, "--key", str(keys / "k.pub")]
                    peer = [oras, "pull", "--plain-http", "--no-tty", reference]
                    begun = time.perf_counter()
                    command = [*(govern if client == "govern" else peer), "-o", str(out)]
                    environment = {**os.environ, "GOVERN_CACHE_DIR": str(root / "cache")}
                    subprocess.run(command, check=True, env=environment, capture_output=True)
                    taken = time.perf_counter() - begun
                    times[client].append(taken)
                    busy.append(proxy.report().cpu_seconds / taken)
                shutil.rmtree(out)
    shutil.rmtree(root, ignore_errors=True)
    median = {name: statistics.median(values) for name, values in times.items()}
    return {
        "row": f"pull through 20 ms and 50 MB/s per connection, {folder.name}",
        **{f"{name} s": round(value, 2) for name, value in median.items()},
        "pull / oras": round(median["govern"] / median["oras"], 2),
        "proxy, most of a core": round(max(busy), 2),
    }


def main() -> None:
    """Run the rows and print them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--rows", default="distribution,zot,distribution-tls,zot-tls,slow")
    parser.add_argument("--files", default="4,1")
    arguments = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="govern-bench-"))
    try:
        keys = work / "keys"
        keys.mkdir()
        make = [sys.executable, "-m", "govern", "key", "generate", "--output", "k", "--no-passphrase", "-q"]
        subprocess.run(make, cwd=keys, check=True, stdout=subprocess.DEVNULL)
        tls = make_tls(work / "tls")
        for count in map(int, arguments.files.split(",")):
            folder = work / f"files-{count}"
            digests = make_files(folder, count, arguments.size * MIB)
            time.sleep(2.1)  # the digest cache distrusts younger files
            for row in arguments.rows.split(","):
                if row == "slow":
                    if count == 1:
                        print(json.dumps(through_a_slow_line(folder, keys, work, arguments.runs), indent=1), flush=True)
                    continue
                kind, _, secure = row.partition("-")
                certificates = tls if secure else None
                name = f"{row}, {count} x {arguments.size} MiB"
                bench = Bench(name, folder, starter(kind, certificates), certificates, digests, work)
                bench.run(arguments.runs)
                print(json.dumps(bench.report(), indent=1), flush=True)
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
