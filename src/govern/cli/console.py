"""Streams: stdout is data, stderr is everything else. Nothing of a stranger's is printed raw."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import unicodedata
from dataclasses import dataclass
from typing import Any, Final, TextIO

from govern.errors import GovernError, Undecided

_BAR_AFTER: Final = 1.0
_BAR_EVERY: Final = 0.1
_WIDTH: Final = 24
_NARROWEST: Final = 4
_IN_ASCII: Final = str.maketrans({"├": "|", "│": "|", "└": "`", "─": "-", "…": "..."})


def plain(text: str) -> str:
    """Return text without control and invisible characters, so that no record can drive a terminal."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        letter
        if letter == "\n" or (unicodedata.category(letter)[0] != "C" and letter not in "\u2028\u2029")
        else f"\\u{ord(letter):04x}"
        for letter in text
    )


def fitting(text: str, stream: TextIO) -> str:
    """Return text whose drawings are ASCII where a stream's encoding has none; the stream escapes the rest."""
    if text.isascii():
        return text
    try:
        text.encode(stream.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return text.translate(_IN_ASCII)
    return text


def print_error(fault: GovernError) -> None:
    """Write an error and its hint: `error: …`, a blank line, `hint: …`."""
    tell(f"error: {plain(fault.message)}\n" + (f"\nhint: {plain(fault.hint)}\n" if fault.hint else ""))


def tell(text: str) -> None:
    """Write to stderr. Where it cannot be written there is nobody to tell, and the work goes on."""
    try:
        sys.stderr.write(fitting(text, sys.stderr))
        sys.stderr.flush()
    except OSError:
        drop(sys.stderr)


def drop(stream: TextIO) -> None:
    """Lead a stream that cannot be written to nowhere.

    What it still holds would otherwise fail once more when the interpreter ends, with an exit code of its own.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _put(text: str) -> None:
    try:
        sys.stdout.write(fitting(text, sys.stdout))
    except BrokenPipeError:
        drop(sys.stdout)  # nobody reads on: what is left is for nobody
    except OSError as fault:
        drop(sys.stdout)
        raise Undecided("the output cannot be written", got=str(fault.strerror)) from fault


def human_size(count: float) -> str:
    """Return a number of bytes for people."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(count) < 1024 or unit == "GiB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    raise AssertionError  # pragma: no cover - the loop always returns


@dataclass(frozen=True, slots=True)
class Console:
    """Where a command writes.

    Args:
        json: whether stdout is JSON.
        quiet: whether stderr says only errors.
        verbose: whether stderr says more.
    """

    json: bool = False
    quiet: bool = False
    verbose: bool = False

    def out(self, text: str) -> None:
        """Write data to stdout."""
        _put(plain(text) + "\n")

    def out_json(self, value: Any) -> None:
        """Write one JSON document to stdout."""
        _put(json.dumps(value, indent=2, ensure_ascii=True) + "\n")

    def say(self, text: str) -> None:
        """Tell the person something, on stderr."""
        if not self.quiet:
            tell(plain(text) + "\n")

    def warn(self, text: str) -> None:
        """Tell the person what nobody may switch off, on stderr."""
        tell(f"WARNING: {plain(text)}\n")

    def detail(self, text: str) -> None:
        """Tell the person more, with -v."""
        if self.verbose:
            tell(plain(text) + "\n")


class Bar:
    """Progress on a terminal: after a second, one line with rate and time left.

    Args:
        console: quiet means none.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._show = sys.stderr.isatty() and not console.quiet and not console.verbose
        self._lock = threading.Lock()
        self._label, self._total, self._done = "", 0, 0
        self._begun = self._last = 0.0
        self._drawn = False

    def start(self, label: str, total: int) -> None:
        """See `Progress.start`."""
        with self._lock:
            self._clear()
            self._label, self._total, self._done = label, total, 0
            self._begun = self._last = time.monotonic()

    def advance(self, count: int) -> None:
        """See `Progress.advance`."""
        if not self._show:
            return
        with self._lock:
            self._done += count
            now = time.monotonic()
            if now - self._begun >= _BAR_AFTER and now - self._last >= _BAR_EVERY:
                self._last = now
                self._draw(now)

    def note(self, message: str) -> None:
        """See `Progress.note`."""
        with self._lock:
            self._clear()
        self._console.say(message)

    def finish(self) -> None:
        """See `Progress.finish`."""
        with self._lock:
            self._clear()

    def _draw(self, now: float) -> None:
        share = min(1.0, self._done / self._total) if self._total else 0.0
        rate = self._done / (now - self._begun)
        left = (self._total - self._done) / rate if rate > 0 else 0.0
        columns = _columns()
        # What tells most stands last; where the line is short the bar gives way, and then the label.
        numbers = (
            f" {share:4.0%} {human_size(self._done)} of {human_size(self._total)}, "
            f"{human_size(rate)}/s, {_clock(left)} left"
        )
        room = columns - 1 - len(numbers)
        width = min(_WIDTH, room - len(self._label) - 3)
        filled = int(share * width)
        bar = f" [{'#' * filled}{'.' * (width - filled)}]" if width >= _NARROWEST else ""
        line = self._label[: max(0, room - len(bar))] + bar + numbers
        sys.stderr.write("\r" + line[: columns - 1].ljust(columns - 1))
        sys.stderr.flush()
        self._drawn = True

    def _clear(self) -> None:
        if self._drawn:
            sys.stderr.write("\r" + " " * (_columns() - 1) + "\r")
            sys.stderr.flush()
            self._drawn = False


def _clock(seconds: float) -> str:
    whole = int(max(0.0, seconds))
    return (
        f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
        if whole >= 3600
        else f"{whole // 60}:{whole % 60:02d}"
    )


def _columns() -> int:
    try:
        return max(40, os.get_terminal_size(sys.stderr.fileno()).columns)
    except OSError:
        return 80
