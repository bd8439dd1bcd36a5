"""YAML that people write, read strictly, with the line of every value.

A subset: one document; no anchors, aliases or tags; every key once; `true`, `false`, `null` and plain
decimal integers are what they look like, and every other plain scalar is text, letter for letter. So a
version `1.10` stays `1.10`, a metric `0.950` stays a decimal string, and `no` is a word.
"""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

from govern.document import Document, Fault, Path, dotted, faulty
from govern.errors import InvalidInput
from govern.limits import MAX_JSON_DEPTH, Bound

_INTEGER: Final = re.compile(r"0|-?[1-9][0-9]{0,15}")
_PLAIN: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None, "~": None, "": None}
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(data: bytes, what: str, *, bound: Bound) -> Document:
    """Read a document.

    Args:
        data: UTF-8.
        what: the file, for messages.
        bound: the largest size in bytes.

    Raises:
        InvalidInput: with every fault and its line.
    """
    bound.check(len(data), what, InvalidInput)
    try:
        text = data.decode("utf-8")
        faults = _scan(text, what)
        loader = _LOADER(text)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
    except UnicodeDecodeError as fault:
        raise InvalidInput(f"{what} is not text", got=f"a wrong byte at {fault.start}", expected="UTF-8") from fault
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        line = mark.line + 1 if mark else 1
        raise InvalidInput(
            f"{what} is not YAML", got=f"line {line}: {fault.problem or fault.context}", expected="YAML"
        ) from fault
    except (yaml.YAMLError, RecursionError) as fault:
        raise InvalidInput(f"{what} is not YAML", got=str(fault)[:200], expected="YAML") from fault
    reader = _Reader(faults)
    value = None if node is None else reader.read(node, ())
    if reader.faults:
        raise faulty(what, reader.faults)
    return Document(value, reader.lines)


def _scan(text: str, what: str) -> list[Fault]:
    """Refuse what the subset has not, before a tree is made of it: libyaml builds trees by recursion in C."""
    depth = 0
    faults: list[Fault] = []
    for event in yaml.parse(text, Loader=_LOADER):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_JSON_DEPTH.value:
                message = f"nested deeper than {MAX_JSON_DEPTH.value} ({MAX_JSON_DEPTH.name})"
                raise faulty(what, [Fault(line, "the document", message)])
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.DocumentStartEvent) and event.tags:
            faults.append(Fault(line, "the document", "%TAG is not used here"))
        anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
        if anchor is not None:
            # Refused at once: a tree with aliases may be larger than any memory.
            message = f"the anchor or alias {anchor[:40]!r}: write it out"
            raise faulty(what, [*faults, Fault(line, "the document", message)])
        if tag is not None:
            faults.append(Fault(line, "the document", f"the tag {tag[:80]!r} is not used here"))
    return faults


class _Reader:
    def __init__(self, faults: list[Fault]) -> None:
        self.lines: dict[Path, int] = {}
        self.faults = faults

    def read(self, node: yaml.Node, path: Path) -> Any:
        line = node.start_mark.line + 1
        self.lines[path] = line
        match node:
            case yaml.MappingNode():
                return self._mapping(node, path)
            case yaml.SequenceNode():
                return [self.read(item, (*path, number)) for number, item in enumerate(node.value)]
            case _:
                return _scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self._fault(line, path, "a key must be text")
                continue
            key = str(key_node.value)
            if key in result:
                self._fault(line, (*path, key), "stands twice; keep one")
                continue
            result[key] = self.read(value_node, (*path, key))
            self.lines[(*path, key)] = line
        return result

    def _fault(self, line: int, path: Path, message: str) -> None:
        self.faults.append(Fault(line, dotted(path), message))


def _scalar(node: yaml.Node) -> str | int | bool | None:
    text = str(node.value)
    # A plain scalar has the style "" with libyaml and None without it.
    if getattr(node, "style", None):
        return text
    if text in _PLAIN:
        return _PLAIN[text]
    return int(text) if _INTEGER.fullmatch(text) else text
