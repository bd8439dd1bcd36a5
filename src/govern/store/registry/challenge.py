"""`WWW-Authenticate`: what a registry asks for (RFC 9110 §11.6.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from govern.limits import MAX_HEADER_VALUE

_SCHEME: Final = re.compile(r"\s*,?\s*([A-Za-z][A-Za-z0-9._~+/-]*)(?:\s+|$|(?=,))")
_PARAMETER: Final = re.compile(r'\s*,?\s*([A-Za-z][A-Za-z0-9_-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to authenticate.

    Args:
        scheme: `basic`, `bearer` …, lower case.
        parameters: lower-case name → value.
    """

    scheme: str
    parameters: dict[str, str]


def read_challenges(header: str) -> tuple[Challenge, ...]:
    """Read every challenge of a header; what is not understood is left out."""
    text = header[: MAX_HEADER_VALUE.value]
    found: list[Challenge] = []
    position = 0
    while match := _SCHEME.match(text, position):
        position = match.end()
        parameters: dict[str, str] = {}
        while parameter := _PARAMETER.match(text, position):
            name, quoted, token = parameter.groups()
            value = token if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            parameters.setdefault(name.lower(), value)
            position = parameter.end()
        found.append(Challenge(match[1].lower(), parameters))
    return tuple(found)
