"""What a file is to a model: one row per rule, the first match wins, content before name.

The table is part of the packing rules `v1` (FORMAT §3): a file's role is in its layer's media type, and so
in the digest. It never changes; other rules get another word.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Literal, get_args

from govern.errors import UsageError

Role = Literal["weight", "weight.config", "doc", "code", "dataset"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)


@dataclass(frozen=True, slots=True)
class Look:
    """What a rule may look at.

    Args:
        path: the path in the artifact.
        head: the first bytes, at most `HEAD_BYTES`.
        header: `safetensors`, `gguf` or `onnx` where such a header was read, else "".
        pickle: whether pickle bytes were found.
    """

    path: str
    head: bytes
    header: str = ""
    pickle: bool = False

    @property
    def name(self) -> str:
        """The last segment, in lower case."""
        return self.path.rpartition("/")[2].lower()


HEAD_BYTES: Final = 8192
_MAGIC_WEIGHT: Final = (b"\x89HDF\r\n\x1a\n", b"\x93NUMPY")
_MAGIC_DATA: Final = (b"PAR1", b"ARROW1", b"Obj\x01", b"ORC")
_DOC_STEM: Final = re.compile(r"(readme|licen[cs]e|notice|changelog|authors|citation|model_?card|copying)([._-].*)?")
_DOC: Final = frozenset({"md", "rst", "pdf", "html", "htm", "adoc"})
_CODE: Final = frozenset(
    ["c", "cc", "cpp", "cu", "go", "h", "hpp", "ipynb", "java", "jl", "js", "py", "r", "rs", "scala", "sh", "sql", "ts"]
)
_DATA: Final = frozenset({"csv", "tsv", "parquet", "arrow", "feather", "jsonl", "ndjson", "avro", "tfrecord", "orc"})
_CONFIG: Final = frozenset(
    [
        "bpe",
        "cfg",
        "conf",
        "ini",
        "jinja",
        "jinja2",
        "json",
        "merges",
        "model",
        "proto",
        "tiktoken",
        "toml",
        "txt",
        "vocab",
        "xml",
        "yaml",
        "yml",
    ]
)


def _ending(look: Look) -> str:
    return look.name.rpartition(".")[2] if "." in look.name else ""


def _is_text(look: Look) -> bool:
    if b"\x00" in look.head:
        return False
    try:
        # The head of a longer file may end inside a character; a whole file may not.
        codecs.getincrementaldecoder("utf-8")().decode(look.head, final=len(look.head) < HEAD_BYTES)
    except UnicodeDecodeError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the table.

    Args:
        what: the row's sentence in the docs.
        holds: whether it holds for a file.
        role: what the file then is.
    """

    what: str
    holds: Callable[[Look], bool]
    role: Role


TABLE: Final[tuple[Rule, ...]] = (
    Rule("a safetensors, GGUF or ONNX header", lambda look: bool(look.header), "weight"),
    Rule("pickle bytes, also inside a zip (only with --allow-pickle)", lambda look: look.pickle, "weight"),
    Rule("HDF5 or NumPy magic bytes", lambda look: look.head.startswith(_MAGIC_WEIGHT), "weight"),
    Rule("TFLite magic bytes", lambda look: look.head[4:8] == b"TFL3", "weight"),
    Rule("Parquet, Arrow, Avro or ORC magic bytes", lambda look: look.head.startswith(_MAGIC_DATA), "dataset"),
    Rule(
        "named README, LICENSE, NOTICE, CHANGELOG, CITATION, MODEL_CARD …",
        lambda look: bool(_DOC_STEM.fullmatch(look.name)),
        "doc",
    ),
    Rule("ends in " + ", ".join(sorted(_DOC)), lambda look: _ending(look) in _DOC, "doc"),
    Rule("ends in " + ", ".join(sorted(_CODE)), lambda look: _ending(look) in _CODE, "code"),
    Rule("ends in " + ", ".join(sorted(_DATA)), lambda look: _ending(look) in _DATA, "dataset"),
    Rule(
        "text that ends in " + ", ".join(sorted(_CONFIG)),
        lambda look: _ending(look) in _CONFIG and _is_text(look),
        "weight.config",
    ),
    Rule("any other text", _is_text, "doc"),
    Rule("anything else", lambda _look: True, "weight"),
)
"""The rules of packing `v1`."""


def role_of(look: Look, overrides: Sequence[tuple[str, Role]] = ()) -> Role:
    """Return the role of a file.

    Args:
        look: what is known of it.
        overrides: (pattern, role) of `--role`, the last that matches wins over the table.
    """
    for pattern, role in reversed(overrides):
        if fnmatchcase(look.path, pattern):
            return role
    return next(rule.role for rule in TABLE if rule.holds(look))


def read_override(text: str) -> tuple[str, Role]:
    """Read one `--role PATTERN=ROLE`; raise `UsageError` for anything else."""
    pattern, equals, role = text.rpartition("=")
    for known in ROLES:
        if equals and pattern and role == known:
            return pattern, known
    raise UsageError(
        "this is not a role",
        got=repr(text),
        expected="PATTERN=ROLE with a role of " + ", ".join(ROLES),
        hint="for example --role 'prompts/*=weight.config'",
    )
