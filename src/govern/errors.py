"""The error tree: every refusal says what, got, expected, and how to fix it.

    GovernError                  70  our bug, unless a subclass says otherwise
    ├── Denied                    1  the answer is no
    │   └── ContentMismatch       1  bytes that are not what their digest or size says
    ├── InvalidInput              2  wrong usage, or a file of the user's that is not what it must be
    │   └── UsageError            2  the command line itself
    └── Undecided                 3  nobody can say: never taken for a yes, never for a no
        ├── NotFound              3  the registry or layout has no such thing
        ├── NetworkError          3  no answer, a cut, a time-out, a server error
        ├── AuthError             3  no or wrong credentials, or a realm that may not have them
        ├── ProtocolError         3  an answer that the distribution spec does not allow
        └── LimitExceeded         3  untrusted input beyond a named bound

The number is the exit code of the process (DESIGN §7).
"""

from __future__ import annotations

from typing import ClassVar, Self


class GovernError(Exception):
    """A refusal.

    Args:
        what: what was looked at, as a short sentence start.
        got: what was found there, or empty.
        expected: what would have been right, or empty.
        hint: the command or the edit that helps, or empty.
    """

    exit_code: ClassVar[int] = 70

    def __init__(self, what: str, *, got: str = "", expected: str = "", hint: str = "") -> None:
        self.what = what
        self.got = got
        self.expected = expected
        self.hint = hint
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """What, got and expected, in one sentence."""
        parts = [self.what]
        if self.got:
            parts.append(f"got {self.got}")
        if self.expected:
            parts.append(f"expected {self.expected}")
        return parts[0] + (": " + ", ".join(parts[1:]) if len(parts) > 1 else "")

    def bare(self) -> Self:
        """Return this refusal, to be kept, without what it was raised over: its frames hold what was refused, whole."""
        self.__cause__ = self.__context__ = None
        return self.with_traceback(None)

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions with keyword arguments do not survive a process pool without this.
        return _rebuild, (type(self), self.what, self.got, self.expected, self.hint)


def shortened(value: object, most: int = 160) -> str:
    """Return the repr of a stranger's value, short enough for a message whatever it is."""
    if isinstance(value, str) and len(value) > most:
        return f"{value[:most]!r}… ({len(value)} characters)"
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 256:
        return f"a number of {value.bit_length()} bits"
    if isinstance(value, dict | list | tuple | bytes):
        return f"{type(value).__name__} of {len(value)}"
    text = repr(value)
    return text if len(text) <= most else text[:most] + "…"


def _rebuild(cls: type[GovernError], what: str, got: str, expected: str, hint: str) -> GovernError:
    return cls(what, got=got, expected=expected, hint=hint)


class Denied(GovernError):
    """The answer is no."""

    exit_code = 1


class ContentMismatch(Denied):
    """Bytes that are not what their digest or size says."""


class InvalidInput(GovernError):
    """A file or value of the user's that is not what it must be."""

    exit_code = 2


class UsageError(InvalidInput):
    """A wrong command line."""


class Undecided(GovernError):
    """Nobody can say. Undecided is never allowed (DESIGN §1)."""

    exit_code = 3


class NotFound(Undecided):
    """The registry or layout has no such thing."""


class NetworkError(Undecided):
    """No answer, a cut connection, a time-out, or a server that failed."""


class AuthError(Undecided):
    """Missing or refused credentials, or a place that may not have them."""


class ProtocolError(Undecided):
    """An answer that the distribution spec does not allow."""


class LimitExceeded(Undecided):
    """Untrusted input beyond a bound of `govern.limits`."""
