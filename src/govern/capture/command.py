"""A command line and its parameters, with nothing in it that could be a secret.

Nobody can tell a password from any other word, so a word stays only where its form says what it is: a program, a
script, an option's name, a number, a path that the command is known to read or write. All others are replaced.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Any, Final

from govern.canonical import MAX_SAFE_INTEGER
from govern.capture.redact import REDACTED, clean_text, looks_secret, redact_url
from govern.limits import MAX_COMMAND

_SENSITIVE: Final = re.compile(
    r"pass|pwd|pw|otp|secret|token|credential|auth|bearer|cookie|session|signature|private|pin\b|(?:^|[^a-z])(?:key|sig)"
    r"|api.?key|access.?key|key$|user|login|mail",
    re.IGNORECASE,
)
"""A name whose value is not to be seen. Too many (`max_tokens`) is better than too few."""

_PROGRAM: Final = re.compile(r"[A-Za-z][A-Za-z0-9._+-]{0,40}")
_PYTHON: Final = re.compile(r"python[0-9.]{0,6}")
_SCRIPT: Final = re.compile(
    r"(?!/|~)[A-Za-z0-9._/-]{1,120}\.(?:py|pyz|ipynb|sh|bash|zsh|ps1|bat|r|R|jl|rb|pl|js|ts|mjs|java|jar|go|rs|cpp|sql"
    r"|ya?ml|toml|cfg|ini)"
)
_BETWEEN: Final = frozenset({"&&", "||", "|", ";", "&"})
_OPTION: Final = re.compile(r"(--?[A-Za-z][A-Za-z0-9_.-]{0,60})(=.*)?", re.DOTALL)
_NUMBER: Final = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,12})?(?:[eE][+-]?[0-9]{1,3})?")
_MODULE: Final = re.compile(r"[a-z_][a-z0-9_]{0,40}(?:\.[a-z_][a-z0-9_]{0,40}){0,8}")
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.+/ -]{0,63}|true|false|null")
_RANDOM: Final = re.compile(r"(?=[^\s]*[0-9])(?=[^\s]*[A-Za-z])[A-Za-z0-9+/=_-]{20,}")
"""Letters and digits, long and in one piece: a key that has no shape of its own."""


def clean_command(command: str, known: AbstractSet[str] = frozenset()) -> str:
    """Return a command line as it may be signed.

    Args:
        command: as a shell reads it.
        known: paths that it reads and writes; they stay.

    Returns:
        The words, separated by spaces, each whole or `[redacted]`; neighbours of these are one.
    """
    if len(command) > MAX_COMMAND.value or looks_secret(command):
        return REDACTED
    try:
        words = shlex.split(command, comments=True)
    except ValueError:
        return REDACTED
    kept: list[str] = []
    for word in _kept(words, known):
        if word != REDACTED or kept[-1:] != [REDACTED]:
            kept.append(word)
    return clean_text(" ".join(kept))


def _kept(words: list[str], known: AbstractSet[str]) -> Iterator[str]:
    first, option, python = True, "", False
    for word in words:
        match = _OPTION.fullmatch(word)
        if word in _BETWEEN:
            yield word
            first, option = True, ""
        elif first:
            python = _PYTHON.fullmatch(word) is not None
            yield word if _PROGRAM.fullmatch(word) or _is_plain(word, known) else REDACTED
            # `NAME=value program`: the program is still to come.
            first = "=" in word
        elif match is not None:
            yield _option(match[1], match[2], known)
            option = match[1] if match[2] is None else ""
        elif python and option == "-m":
            # Of other programs it is a message.
            yield word if _MODULE.fullmatch(word) else REDACTED
            option = ""
        else:
            yield word if _is_shown(word, option, known) else REDACTED
            option = ""


def _is_plain(word: str, known: AbstractSet[str]) -> bool:
    return word in known or _SCRIPT.fullmatch(word) is not None


def _is_shown(word: str, option: str, known: AbstractSet[str]) -> bool:
    if _SENSITIVE.search(option):
        return False
    # What a short option means nobody knows: `-p 1234`.
    return _is_plain(word, known) or (option.startswith("--") and _NUMBER.fullmatch(word) is not None)


def _option(name: str, value: str | None, known: AbstractSet[str]) -> str:
    if not name.startswith("--") and len(name) > 2:
        # `-pSECRET` is one word.
        return f"{name[:2]}{REDACTED}"
    if _RANDOM.search(name):
        return REDACTED
    if value is None:
        return name
    return f"{name}={value[1:] if _is_shown(value[1:], name, known) else REDACTED}"


def clean_parameters(value: Any, name: str = "") -> Iterator[tuple[str, str | int | bool]]:
    """Yield parameters with dotted names; what could be a secret by its name or form is `[redacted]`.

    Args:
        value: what a document held: mappings, lists, text, integers, booleans, nothing.
        name: what it is called.
    """
    match value:
        case dict():
            for key, item in value.items():
                yield from clean_parameters(item, f"{name}.{key}" if name else str(key))
        case list():
            for number, item in enumerate(value):
                yield from clean_parameters(item, f"{name}.{number}")
        case None:
            pass
        case _:
            yield clean_text(name, 200), _parameter(value, name)


def _parameter(value: Any, name: str) -> str | int | bool:
    if _SENSITIVE.search(name):
        return REDACTED
    if isinstance(value, bool) or (isinstance(value, int) and abs(value) <= MAX_SAFE_INTEGER):
        return value
    text = str(value)
    if "://" in text:
        return clean_text(redact_url(text))
    plain = _NUMBER.fullmatch(text) or (_WORD.fullmatch(text) and _RANDOM.search(text) is None)
    return clean_text(text) if plain else REDACTED
