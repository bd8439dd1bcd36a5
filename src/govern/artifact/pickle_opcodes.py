"""Whether a stream of bytes is a pickle, judged by its opcodes. Nothing is ever unpickled.

A pickle runs while it is read: what it imports and calls has run when a fault comes later, so a whole
stream is not asked for. The opcodes are followed with the kinds of what would be on the stack, and

- a stream with PROTO, which protocols 2 to 5 begin with, is a pickle as soon as it imports anything, or at
  its STOP;
- any other (protocols 0 and 1, or a PROTO left out on purpose) is one as soon as it calls something that it
  imported, or if its STOP is the last byte;
- the first opcode that the unpickler would refuse there ends it: then it is none;
- an opcode across the end of a FRAME makes it one: no pickler writes that, and the unpickler in C loses the
  rest of the frame there, so what follows could not be told.

What this lets through: an import without a call and without PROTO, before bytes that are no pickle; it
imports a module that is installed already.

Source: pickletools of the standard library; PEP 307, 3154 and 574.
"""

from __future__ import annotations

import pickletools
import re
from dataclasses import dataclass
from typing import Final

from govern.artifact.byte_streams import EnoughError, Stream, Work

_HIGHEST_PROTOCOL: Final = 5
_CERTAIN: Final = 1_000
"""No file that is not a pickle has so many right opcodes in a row."""

_WHOLE: Final = re.compile(rb"\s*[+-]?[0-9][0-9A-Za-z_]*\s*")
_WORDS: Final = {"GLOBAL": re.compile(r"\S+"), "INST": re.compile(r"[\w.]+")}
"""Names of modules and of what is in them. INST is called at once, so a text that begins with `(i` must not do."""
_LENGTHS: Final = {-2: 1, -3: 4, -4: 4, -5: 8}
"""Bytes of the length before an argument, by pickletools' marks (TAKEN_FROM_ARGUMENT…)."""
_LINE: Final = -1
_SIGNED: Final = -3


class _RefusedError(Exception):
    """The unpickler would refuse here."""


@dataclass(frozen=True, slots=True)
class _Opcode:
    """One opcode: the form of its argument, and what it takes from and puts on the stack."""

    name: str
    argument: int | None
    below: int
    marked: bool
    above: int
    pushes: tuple[str, ...]


_CHANGES: Final = frozenset({"APPEND", "APPENDS", "SETITEM", "SETITEMS", "ADDITEMS", "BUILD"})


def _table() -> dict[bytes, _Opcode]:
    table = {}
    for one in pickletools.opcodes:
        before = [kind.name for kind in one.stack_before]
        marked = "mark" in before
        below = before.index("mark") if marked else len(before)
        # What pickletools calls a stackslice may be empty; anything else above the mark must be there.
        above = len(before) - below - 2 if marked else 0
        argument = one.arg.n if one.arg is not None else None
        pushes = tuple(kind.name for kind in one.stack_after)
        if one.name in _CHANGES:
            # The object is the same afterwards, whatever it was: empty APPENDS do not even look at it.
            below, pushes = below - 1, ()
        table[one.code.encode("latin-1")] = _Opcode(one.name, argument, below, marked, above, pushes)
    return table


_OPCODES: Final = _table()
_GLOBAL: Final = "global"
_IMPORTS: Final = frozenset({"GLOBAL", "INST", "STACK_GLOBAL"})
"""EXT1, EXT2 and EXT4 import only what the reading program registered by number, which hardly any does."""
_TEXTS: Final = frozenset({"str", "bytes_or_str", "any"})
_ITERABLE: Final = frozenset(
    {"tuple", "any", "list", "dict", "set", "frozenset", "str", "bytes", "bytes_or_str", "bytearray"}
)
_ARGUMENTS: Final = {
    "REDUCE": _ITERABLE,
    "NEWOBJ": _ITERABLE,
    "NEWOBJ_EX": frozenset({"dict", "any"}),
    "BUILD": frozenset({"dict", "tuple", "any"}),
}
"""What these take as their last operand, so that words of a text are not mistaken for calls. The unpickler in
C takes tuples only for arguments, that in Python, which joblib and dill build on, whatever can be iterated."""


def is_pickle(stream: Stream, work: Work) -> bool:
    """Follow the opcodes of a stream.

    Args:
        stream: read from its beginning.
        work: what may be spent; spent on a run of right opcodes, the stream is a pickle.

    Raises:
        EnoughError: when all is spent and it cannot be told.
    """
    machine = _Machine(stream)
    count = 0
    try:
        while True:
            work.step()
            if machine.step():
                return True
            count += 1
    except _RefusedError:
        return False
    except EnoughError:
        if machine.protocol or count > _CERTAIN:
            return True
        raise


class _Machine:
    """The unpickler's stack and memo, with kinds in the place of objects."""

    __slots__ = ("_frame_end", "_imported", "_memo", "_stack", "_stream", "protocol")

    def __init__(self, stream: Stream) -> None:
        self.protocol = False
        self._stream = stream
        self._frame_end = 0
        self._stack: list[str] = []
        self._memo: dict[int, str] = {}
        self._imported = False

    def step(self) -> bool:
        """Follow one opcode; True if the stream is a pickle, `_RefusedError` if it is none."""
        inside = self._stream.position < self._frame_end
        opcode = _OPCODES.get(self._stream.take(1) or b"")
        if opcode is None:
            raise _RefusedError
        try:
            argument = self._argument(opcode)
        except _RefusedError:
            if inside and self._stream.position > self._frame_end:
                return True
            raise
        name = opcode.name
        end = self._stream.position
        if name == "FRAME" and self._stream.may_hold(length := int.from_bytes(argument, "little")):
            end += length
            self._frame_end = self._frame_end if inside else end
        if inside and end > self._frame_end:
            return True
        if name == "PROTO":
            if argument[0] > _HIGHEST_PROTOCOL:
                raise _RefusedError
            self.protocol = True
            return False
        if name == "STOP":
            self._top()
            return self.protocol or not self._stream.peek(1)
        if name == "STACK_GLOBAL" and (len(self._stack) < 2 or not set(self._stack[-2:]) <= _TEXTS):
            raise _RefusedError
        if name in _IMPORTS:
            self._imported = True
            # The unpickler in Python imports before it looks whether INST has its mark.
            if self.protocol:
                return True
        last = self._stack[-1] if self._stack else ""
        self._move(opcode, argument)
        calls = name in ("INST", "OBJ") or last in _ARGUMENTS.get(name, ())
        return self._imported and calls

    def _argument(self, opcode: _Opcode) -> bytes:
        """Read the argument; return it if it is short, and step over it if it is long."""
        match opcode.argument:
            case None:
                return b""
            case -1:
                return self._lines(opcode.name)
            case form if form in _LENGTHS:
                length = int.from_bytes(self._take(_LENGTHS[form]), "little", signed=form == _SIGNED)
                if length < 0 or not self._stream.skip(length):
                    raise _RefusedError
                return b""
            case size:
                return self._take(size)

    def _take(self, count: int) -> bytes:
        data = self._stream.take(count)
        if data is None:
            raise _RefusedError
        return data

    def _lines(self, name: str) -> bytes:
        line = self._stream.line()
        second = self._stream.line() if name in ("GLOBAL", "INST") else b""
        # A stream that says PROTO is no text, and a module may have any name that the file system has.
        if not _is_argument(name, line, second) and not (self.protocol and name in ("GLOBAL", "INST")):
            raise _RefusedError
        return line

    def _move(self, opcode: _Opcode, argument: bytes) -> None:
        """Change stack and memo as the unpickler would."""
        match opcode.name:
            case "PUT" | "BINPUT" | "LONG_BINPUT":
                self._memo[_key(opcode.name, argument)] = self._top()
            case "MEMOIZE":
                self._memo[len(self._memo)] = self._top()
            case "GET" | "BINGET" | "LONG_BINGET":
                kind = self._memo.get(_key(opcode.name, argument))
                if kind is None:
                    raise _RefusedError
                self._stack.append(kind)
            case "DUP":
                self._stack.append(self._top())
            case "POP" if self._stack:
                self._stack.pop()
            case name:
                self._pop(opcode)
                self._stack.extend((_GLOBAL,) if name in ("GLOBAL", "STACK_GLOBAL") else opcode.pushes)

    def _top(self) -> str:
        if not self._stack or self._stack[-1] == "mark":
            raise _RefusedError
        return self._stack[-1]

    def _pop(self, opcode: _Opcode) -> None:
        if opcode.marked:
            above = 0
            while (kind := self._stack.pop() if self._stack else None) != "mark":
                if kind is None:
                    raise _RefusedError
                above += 1
            if above < opcode.above:
                raise _RefusedError
        for _ in range(opcode.below):
            self._top()
            self._stack.pop()
        if opcode.name in _CHANGES:
            self._top()


def _is_argument(name: str, line: bytes, second: bytes) -> bool:
    # The unpickler in C reads numbers up to a zero byte, whatever follows in the line.
    number, zero, _ = line.partition(b"\0")
    match name:
        case "INT" if zero and not number.strip():
            return True
        case "INT" | "LONG" | "GET" | "PUT":
            return _WHOLE.fullmatch(number) is not None
        case "FLOAT":
            try:
                float(number)
            except ValueError:
                return False
            return True
        case "STRING":
            text = line.strip()
            return len(text) > 1 and text[:1] in (b"'", b'"')
        case "GLOBAL" | "INST":
            both = (line.decode("utf-8", "replace"), second.decode("utf-8", "replace"))
            return all(_WORDS[name].fullmatch(one) is not None for one in both)
    return True


def _key(name: str, argument: bytes) -> int:
    if name not in ("GET", "PUT"):
        return int.from_bytes(argument, "little")
    try:
        return int(argument.partition(b"\0")[0])
    except ValueError:
        raise _RefusedError from None
