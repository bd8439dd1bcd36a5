"""What people wrote in a file, with the line of every value, and what is wrong in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from govern.errors import GovernError, InvalidInput, shortened

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong in a file.

    Args:
        line: from 1.
        place: which value, e.g. `people.ci.keys.0`.
        message: what is wrong, and what was expected.
    """

    line: int
    place: str
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.place}: {self.message}"


@dataclass(frozen=True, slots=True)
class Document:
    """A document, read.

    Args:
        value: dicts, lists, text, integers, booleans and None.
        lines: the line of every value, by path.
    """

    value: Any
    lines: dict[Path, int]

    def line(self, path: Iterable[str | int]) -> int:
        """Return the line of a value, or of the nearest one around it."""
        place = tuple(path)
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


def dotted(path: Iterable[str | int]) -> str:
    """Return a path as people write it."""
    return ".".join(str(part) for part in path) or "the document"


def faults_in(fault: ValidationError, document: Document) -> list[Fault]:
    """Return the faults of a validation with their lines."""
    found = []
    every = fault.errors(include_url=False)
    for item in every:
        place = item["loc"]
        if item["type"] == "too_short" and any(one["loc"][: len(place)] == place != one["loc"] for one in every):
            continue  # a list whose items are all wrong is not called empty as well
        message = _message(item)
        if item["type"] == "extra_forbidden":
            message = "is not known here; see the reference, or remove it"
        found.append(Fault(document.line(item["loc"]), dotted(item["loc"]), message))
    return found


def _message(item: Mapping[str, Any]) -> str:
    """Return what pydantic found as every refusal is worded: got, expected."""
    match item["type"]:
        case "missing":
            return "is missing"
        case "literal_error":
            return f"got {shortened(item['input'], 80)}, expected {item['ctx']['expected']}"
        case "string_type":
            return f"got {shortened(item['input'], 80)}, expected text"
        case "tuple_type" | "list_type":
            return f"got {shortened(item['input'], 80)}, expected a list"
        case "dict_type" | "model_type":
            return f"got {shortened(item['input'], 80)}, expected a mapping"
        case "too_short":
            return "is empty, expected at least one entry"
        case "string_pattern_mismatch":
            return f"got {shortened(item['input'], 80)}, expected text that matches {item['ctx']['pattern']}"
        case _:
            return str(item["msg"]).removeprefix("Value error, ")


def faulty(what: str, faults: list[Fault], error: type[GovernError] = InvalidInput) -> GovernError:
    """Return the refusal that lists faults, in the order of their lines."""
    ordered = sorted(faults, key=lambda one: (one.line, one.place))
    count = "1 fault" if len(ordered) == 1 else f"{len(ordered)} faults"
    return error(f"{what} has {count}\n" + "\n".join(f"  {one}" for one in ordered))
