"""JSON in two directions: canonical bytes out (RFC 8785), strict values in.

Everything that `govern` signs leaves through `dumps`. Everything that strangers wrote enters through
`loads`. Bytes that came in are never written again: who needs them keeps them.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, Never, cast

import rfc8785

from govern.errors import GovernError, InvalidInput, shortened
from govern.limits import MAX_JSON_DEPTH, Bound

type_names: Final = {dict: "an object", list: "an array", str: "a string", int: "an integer"}

MAX_SAFE_INTEGER: Final = 2**53 - 1
"""RFC 8785 §3.2.2.3, and every reader in JavaScript or Go's float64: larger integers do not survive."""

_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def dumps(value: object) -> bytes:
    """Return the canonical bytes of a JSON value.

    Args:
        value: `dict`, `list`, `tuple`, `str`, `int`, `bool` or `None`, nested.

    Raises:
        InvalidInput: for a float (FORMAT, preamble: other numbers are decimal strings), an integer of
            2^53 or more, or text that is not Unicode.

    Source: RFC 8785.
    """
    check(value)
    try:
        return rfc8785.dumps(cast("Any", value))
    except (ValueError, UnicodeError) as error:
        raise InvalidInput(
            "a value cannot be written as canonical JSON", got=str(error), expected="RFC 8785 values"
        ) from error


def check(value: object) -> None:
    """Raise `InvalidInput` for a value that `dumps` would not write."""
    _check(value, 0)


def _check(value: object, depth: int) -> None:
    MAX_JSON_DEPTH.check(depth, "the nesting of a JSON value", InvalidInput)
    match value:
        case float():
            raise InvalidInput(
                "a number would be signed as a float",
                got=repr(value),
                expected="an integer below 2^53 or a decimal string",
                hint=f'write it as a string: "{value}"',
            )
        case bool() | None:
            return
        case int():
            if abs(value) > MAX_SAFE_INTEGER:
                raise InvalidInput(
                    "an integer is too large for JSON readers",
                    got=shortened(value),
                    expected="less than 2^53",
                    hint="write it as a string",
                )
        case str():
            _check_text(value)
        case dict():
            for key, item in value.items():
                if not isinstance(key, str):
                    raise InvalidInput("an object key is not text", got=shortened(key), expected="a string")
                _check_text(key)
                _check(item, depth + 1)
        case list() | tuple():
            for item in value:
                _check(item, depth + 1)
        case _:
            raise InvalidInput("a value has no place in JSON", got=type(value).__name__, expected="a JSON value")


def _check_text(text: str) -> None:
    # isascii() is a flag of the string object; the search is only for the rare other text.
    if not text.isascii() and _SURROGATE.search(text):
        raise InvalidInput("text is not Unicode", got=ascii(text[:40]), expected="no lone surrogates")


def loads(
    data: bytes,
    what: str,
    *,
    bound: Bound,
    floats: bool = True,
    error: type[GovernError] = InvalidInput,
) -> Any:
    """Read JSON that somebody else wrote, strictly.

    Args:
        data: the bytes, UTF-8 without a byte order mark.
        what: what is being read, for messages ("the manifest").
        bound: the largest size in bytes.
        floats: whether numbers with a fraction or an exponent are allowed.
        error: the class to raise.

    Raises:
        error: for bytes beyond the bound, other encodings, duplicate keys, NaN and Infinity, lone
            surrogates, too deep nesting, or anything that is not JSON.

    Source: RFC 8259 and RFC 7493 (I-JSON); image-spec §"JSON" asks for I-JSON too.
    """
    bound.check(len(data), what, error)

    def refuse(got: str, expected: str) -> Never:
        raise error(f"{what} is not valid JSON", got=got, expected=expected)

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(items)
        if len(result) != len(items):
            seen: set[str] = set()
            for key, _ in items:
                if key in seen:
                    refuse(f"the key {shortened(key)} twice", "every key once")
                seen.add(key)
        return result

    def number(text: str) -> float:
        if not floats:
            refuse(f"the number {text[:40]}", "an integer or a decimal string")
        value = float(text)
        if value in (float("inf"), float("-inf")):
            refuse(f"the number {text[:40]}", "a number that fits a double")
        return value

    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as fault:
        refuse(f"bytes that are not UTF-8 at offset {fault.start}", "UTF-8")
    if text.startswith("\ufeff"):
        refuse("a byte order mark", "no byte order mark")
    try:
        value = json.loads(
            text,
            object_pairs_hook=pairs,
            parse_constant=lambda name: refuse(name, "a number"),
            parse_float=number,
        )
    except RecursionError:
        refuse("nesting without end", f"at most {MAX_JSON_DEPTH.value} levels ({MAX_JSON_DEPTH.name})")
    except json.JSONDecodeError as fault:
        refuse(f"{fault.msg} at line {fault.lineno}, column {fault.colno}", "JSON")
    except ValueError:
        # Python refuses to convert integers of more than 4300 digits.
        refuse("a number with thousands of digits", "a number")
    # Escapes such as \ud800 are legal JSON text and not legal Unicode; only text with a backslash-u
    # can hold one, so the walk is skipped for nearly all input.
    if "\\u" in text or text.count("[") + text.count("{") > MAX_JSON_DEPTH.value:
        _walk(value, 0, refuse)
    return value


def _walk(value: object, depth: int, refuse: Any) -> None:
    if depth > MAX_JSON_DEPTH.value:
        refuse("too deep nesting", f"at most {MAX_JSON_DEPTH.value} levels ({MAX_JSON_DEPTH.name})")
    match value:
        case str():
            if not value.isascii() and _SURROGATE.search(value):
                refuse("a lone surrogate", "Unicode text")
        case dict():
            for key, item in value.items():
                _walk(key, depth + 1, refuse)
                _walk(item, depth + 1, refuse)
        case list():
            for item in value:
                _walk(item, depth + 1, refuse)
        case _:
            pass


def describe(value: object) -> str:
    """Return how a JSON value is called in a message: "an object", "a string", …"""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    return type_names.get(type(value), "a number")
