"""Commands of govern that start at once: a process that has imported everything forks one for each of them.

A killed command costs milliseconds this way, and two that are to race really do. What runs is the whole command
line in a process of its own, as `python -m govern` runs it.

Run as a script it reads one line of JSON for each command, and prints one with its process id, and one with its exit
code once it has ended. It ends with standard input, and so do its commands. Linux only.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_SECONDS = 60


@dataclass(slots=True)
class Command:
    """A command that was started.

    Args:
        pid: its process.
        output: the file with its standard output; standard error is beside it.
    """

    pid: int
    output: Path
    _code: queue.SimpleQueue[int]

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return not self._code.empty()

    def wait(self) -> int:
        """Return its exit code once it has ended; killed by a signal it is negative."""
        return self._code.get(timeout=_SECONDS)

    def kill(self, number: int = signal.SIGKILL) -> int:
        """Send a signal, and return the exit code."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)
        return self.wait()

    @property
    def stdout(self) -> str:
        """What it printed as data."""
        return self.output.read_text()

    @property
    def stderr(self) -> str:
        """What it said besides."""
        return self.output.with_suffix(".err").read_text()


@dataclass(slots=True)
class Prepared:
    """A process that starts commands.

    Args:
        process: its handle.
        folder: where what the commands print goes.
    """

    process: subprocess.Popen[str]
    folder: Path
    _started: queue.SimpleQueue[int] = field(default_factory=queue.SimpleQueue)
    _codes: dict[int, queue.SimpleQueue[int]] = field(default_factory=dict)
    _count: int = 0

    def start(self, *arguments: object, env: Mapping[str, str] | None = None, at: float = 0.0) -> Command:
        """Start `govern ARGUMENTS` and return at once.

        Args:
            arguments: what follows `govern`, text and paths.
            env: variables besides HOME, which is an empty folder, and PATH.
            at: the moment of the monotonic clock at which it begins to work.
        """
        self._count += 1
        output = self.folder / f"{self._count}.out"
        home = self.folder / f"home-{self._count}"
        home.mkdir()
        variables = {"HOME": str(home), "PATH": os.environ.get("PATH", ""), **(env or {})}
        asked = {"arguments": [str(one) for one in arguments], "env": variables, "output": str(output), "at": at}
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        pid = self._started.get(timeout=_SECONDS)
        return Command(pid, output, self._codes[pid])

    def run(self, *arguments: object, env: Mapping[str, str] | None = None) -> tuple[int, str, str]:
        """Run `govern ARGUMENTS`; return exit code, standard output and standard error."""
        command = self.start(*arguments, env=env)
        return command.wait(), command.stdout, command.stderr

    def read(self) -> None:
        """Take what the process says, until it ends."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            said = json.loads(line)
            if "code" not in said:
                self._codes[said["pid"]] = queue.SimpleQueue()
                self._started.put(said["pid"])
            else:
                self._codes[said["pid"]].put(said["code"])


@contextmanager
def prepared(folder: Path) -> Iterator[Prepared]:
    """Run the process that starts commands, with its files in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    # -P: what lies beside this file is not to be imported by accident.
    script = [sys.executable, "-P", str(Path(__file__).resolve())]
    with subprocess.Popen(script, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder) as process:
        made = Prepared(process, folder)
        reader = threading.Thread(target=made.read, daemon=True)
        reader.start()
        try:
            yield made
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(_SECONDS)
            reader.join()


# --- the process itself --------------------------------------------------------------------------


def _main() -> None:
    import govern.cli.annotate
    import govern.cli.app
    import govern.cli.copy
    import govern.cli.pull
    import govern.cli.push
    import govern.cli.query
    import govern.cli.repair
    import govern.cli.verify
    import govern.operations.provenance
    import govern.store.archive
    import govern.store.registry  # noqa: F401 - what is imported here need not be later

    running: set[int] = set()
    ended, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    asked = b""
    while data := _wait(ended, running):
        asked += data
        *lines, asked = asked.split(b"\n")
        for line in lines:
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                _become(json.loads(line))
            running.add(pid)
            _say({"pid": pid})
    for pid in running:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _wait(ended: int, running: set[int]) -> bytes:
    """Return what came on standard input, and say meanwhile who has ended."""
    import select

    while True:
        ready, _, _ = select.select([0, ended], [], [])
        if ended in ready:
            os.read(ended, 4096)
            for pid in list(running):
                done, status = os.waitpid(pid, os.WNOHANG)
                if done:
                    running.discard(pid)
                    _say({"pid": pid, "code": os.waitstatus_to_exitcode(status)})
        if 0 in ready:
            return os.read(0, 1 << 16)


def _say(what: dict[str, Any]) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


def _become(asked: dict[str, Any]) -> None:
    """Be the command: never returns."""
    code = 70
    try:
        for number, path, flags in (
            (0, os.devnull, os.O_RDONLY),
            (1, asked["output"], os.O_WRONLY | os.O_CREAT),
            (2, str(Path(asked["output"]).with_suffix(".err")), os.O_WRONLY | os.O_CREAT),
        ):
            opened = os.open(path, flags, 0o600)
            os.dup2(opened, number)
            os.close(opened)
        os.environ.clear()
        os.environ.update(asked["env"])
        time.sleep(max(0.0, asked["at"] - time.monotonic()))
        from govern.cli import main

        main(asked["arguments"])
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        # Not the end of the process that was forked, which is another's.
        os._exit(code)


if __name__ == "__main__":
    _main()
