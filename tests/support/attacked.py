"""The command against a registry that means harm: how it ended, how long it took, and what it needed."""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from support.desk import run_here
from support.fault_registry import Content, FaultRegistry
from support.refusal import check_no_trace, check_refusal, snapshot

MAX_PEAK: Final = 200
"""MiB that a command may need, whatever a registry sends."""

MAX_SECONDS: Final = 30.0
NAME: Final = "acme/fraud"

# A small parent of its own: a child's peak counts the memory of whom it was forked from, and pytest is large.
_LAUNCHER: Final = """
import json, os, sys, time
begun = time.monotonic()
process = os.fork()
if not process:
    os.execv(sys.executable, [sys.executable, "-m", "govern", *sys.argv[2:]])
_, status, usage = os.wait4(process, 0)
with open(sys.argv[1], "w") as file:
    json.dump([os.waitstatus_to_exitcode(status), time.monotonic() - begun, usage.ru_maxrss / 1024], file)
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that ended.

    Args:
        code: its exit code.
        stdout: what it printed.
        stderr: what it told.
        seconds: how long it took.
        peak: the most memory that it held, in MiB.
    """

    code: int
    stdout: str
    stderr: str
    seconds: float
    peak: float

    def check(self, *codes: int, says: str = "", hint: str | None = None) -> None:
        """Assert one of these exit codes, and that stdout or stderr gives the reason.

        `verify` gives its reasons on stdout, as a decision; where there is nothing to decide about, and in every
        other command, it is an error.
        """
        assert self.code in codes, (self.code, self.stdout, self.stderr)
        if self.code and not self.stdout:
            check_refusal(self.code, self.stderr, codes=codes, says=f"(?s){says}", hint=hint)
        else:
            assert re.search(says, self.stdout + self.stderr, re.DOTALL), (says, self.stdout, self.stderr)
            if self.code:
                assert self.stdout.startswith(("DENIED", "UNDECIDED")) or "INCOMPLETE" in self.stdout, self.stdout


@dataclass(frozen=True, slots=True)
class Attacked:
    """Somebody who uses a registry that means harm.

    Args:
        folder: with `ci.key`, `ci.pub`, `other.pub`, and `model`; nothing in it may change but what a pull makes.
        content: an honest push of `acme/fraud:1.0` and an annotation, as a registry stores it.
        digest: of the artifact.
    """

    folder: Path
    content: Content
    digest: str

    def at(self, folder: Path) -> Attacked:
        """Return the same in a folder of its own."""
        shutil.copytree(self.folder, folder)
        return replace(self, folder=folder)

    def honest(self) -> Content:
        """Return what an honest registry holds, to be spoilt."""
        return Content(copy.deepcopy(self.content.repositories))

    def govern(
        self,
        *line: str | Path,
        env: Mapping[str, str] | None = None,
        most: float = MAX_PEAK,
        within: float = MAX_SECONDS,
    ) -> Ended:
        """Run a command to its end; fail for a traceback, for memory, for time, and for what is written elsewhere.

        Args:
            line: what follows `govern`.
            env: variables besides the isolated ones.
            most: MiB that it may need.
            within: seconds that it may take.
        """
        before = snapshot(self.folder)
        with tempfile.TemporaryDirectory() as aside:
            result = Path(aside) / "result"
            words = [sys.executable, "-S", "-E", "-c", _LAUNCHER, str(result), *map(str, line)]
            done = subprocess.run(
                words,
                check=True,
                capture_output=True,
                cwd=self.folder,
                encoding="utf-8",
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                timeout=2 * within,
            )
            code, seconds, peak = json.loads(result.read_text())
        ended = Ended(code, done.stdout, done.stderr, seconds, peak)
        assert peak < most, f"{peak} MiB: {ended}"
        assert seconds < within, ended
        return self._checked(ended, before)

    def govern_here(self, *line: str | Path, env: Mapping[str, str] | None = None) -> Ended:
        """Do the same in this process: quicker, for tables with many rows, and blind to memory."""
        before = snapshot(self.folder)
        begun = time.monotonic()
        ran = run_here(self.folder, [str(word) for word in line], env=env)
        seconds = time.monotonic() - begun
        assert seconds < MAX_SECONDS, ran
        return self._checked(Ended(ran.code, ran.stdout, ran.stderr, seconds, 0.0), before)

    def _checked(self, ended: Ended, before: Mapping[str, str]) -> Ended:
        check_no_trace(ended.stdout + ended.stderr)
        assert ended.code in (0, 1, 2, 3), ended
        # A pull makes its target. What came stays in the stage, beside a new target or in an old one, and is gone
        # on with.
        made = ("deep/.out.govern-part", "deep/out/.govern-part", *(["deep/out"] if ended.code == 0 else []))

        def aside(found: Mapping[str, str]) -> dict[str, str]:
            return {
                name: what
                for name, what in found.items()
                if not any(name == place or name.startswith(place + "/") for place in made)
            }

        then, now = aside(before), aside(snapshot(self.folder))
        changed = {name for name in then.keys() | now.keys() if then.get(name) != now.get(name)}
        assert not changed, f"written outside of the target: {sorted(changed)[:10]}"
        return ended


def reference(registry: FaultRegistry, tag: str = "1.0") -> str:
    """Return how the artifact is called at a registry."""
    return f"{registry.host}/{NAME}:{tag}"


def at_once(work: Mapping[str, Callable[[], None]]) -> None:
    """Do several checks at once, which mostly wait; fail with all that failed."""
    with ThreadPoolExecutor(min(4, len(work))) as pool:
        futures = {name: pool.submit(one) for name, one in work.items()}
    failed = []
    for name, future in futures.items():
        if (fault := future.exception()) is not None:
            fault.add_note(f"in {name!r}")
            failed.append(fault)
    if failed:
        raise BaseExceptionGroup(f"{len(failed)} of {len(work)} failed", failed)
