"""`schemas/FORMAT.md` says what the golden files and the code say: its examples, lists and tables.

`pytest --regenerate` writes the examples anew from the golden files; what is compared is what a reader gets who
takes the bytes out of the document.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from pydantic import BaseModel

from govern import canonical
from govern.artifact import roles
from govern.artifact.headers import gguf, onnx, safetensors
from govern.artifact.walk import NEVER_FILES, NEVER_FOLDERS
from govern.intoto import base64
from govern.intoto.bundle import read_bundle
from govern.line import line_of
from govern.names import LINE_TAG, Name
from govern.oci.digest import Digest
from govern.predicates import annotation, kinds, registration
from govern.predicates.common import Common
from govern.store.registry.fallback import fallback_tag, record_tag
from govern.trust.keys import read_public_key

ROOT: Final = Path(__file__).parents[2]
DOCUMENT: Final = ROOT / "schemas" / "FORMAT.md"
VECTORS: Final = ROOT / "tests" / "vectors"
EXAMPLE: Final = re.compile(
    r"(^`(\w+/\S+)`(?:, (?:(like) `(\S+)` but for|the (first and the last) of its layers))?:\n```\w+\n)(.*?)(```\n)",
    re.DOTALL | re.MULTILINE,
)
"""The lines down to the block, the file, `like`, the other file, `first and the last`, the block, its end."""
FILES: Final = re.compile(r"(<!-- files -->\n)(.*?)(<!-- /files -->)", re.DOTALL)
TAGS: Final = re.compile(r"(<!-- tags -->\n```text\n)(.*?)(```\n)", re.DOTALL)
WIDTH: Final = 112

TEXT: Final = DOCUMENT.read_text(encoding="utf-8")
SHOWN: Final = sorted(path.name for path in (VECTORS / "format").iterdir())


def golden(path: str) -> bytes:
    return (VECTORS / path).read_bytes()


def digest_of(name: str) -> Digest:
    return Digest.of(golden(f"format/{name}"))


# --- what the document would show -----------------------------------------------------------------


def pretty(value: Any, indent: str = "") -> str:
    """Return JSON with a line break wherever a value would be wider than the page."""
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or len(indent) + len(flat) <= WIDTH:
        return flat
    inner = indent + "  "
    if isinstance(value, dict):
        parts = [f"{json.dumps(key, ensure_ascii=False)}: {pretty(item, inner)}" for key, item in value.items()]
        return "{\n" + ",\n".join(inner + part for part in parts) + f"\n{indent}}}"
    return "[\n" + ",\n".join(inner + pretty(item, inner) for item in value) + f"\n{indent}]"


def example(path: str, base: str | None, ends: str | None) -> str:
    data = golden(path)
    if not path.endswith(".json"):
        return data.decode()
    value = json.loads(data)
    if ends is not None:
        value = [value["layers"][0], value["layers"][-1]]
    if base is not None:
        value = {key: item for key, item in value.items() if item != json.loads(golden(base))[key]}
    if path.endswith(".bundle.json"):
        value["dsseEnvelope"]["payload"] = f"«base64 of {path.replace('.bundle.', '.statement.')}»"
    return pretty(value) + "\n"


def table() -> str:
    rows = [f"| `format/{name}` | {len(golden(f'format/{name}'))} | `{digest_of(name)}` |" for name in SHOWN]
    return "\n".join(["| file | bytes | digest |", "|---|---|---|", *rows]) + "\n"


def tags() -> str:
    artifact = digest_of("dataset.manifest.json")
    found = {
        "1.4.0": "dataset.manifest.json",
        LINE_TAG: "line.manifest.json",
        fallback_tag(artifact): "the fallback index of the dataset",
        fallback_tag(digest_of("line.manifest.json")): "the fallback index of the line",
    }
    for name in SHOWN:
        if name.endswith("wrapper.json"):
            subject = Digest(json.loads(golden(f"format/{name}"))["subject"]["digest"])
            found[record_tag(subject, digest_of(name))] = name
    return "".join(f"{tag}\n    {name}\n" for tag, name in found.items())


@pytest.fixture(scope="module")
def document(request: pytest.FixtureRequest) -> str:
    if not request.config.getoption("--regenerate"):
        return TEXT
    text = EXAMPLE.sub(lambda match: f"{match[1]}{example(match[2], match[4], match[5])}{match[7]}", TEXT)
    text = FILES.sub(lambda match: match[1] + table() + match[3], text)
    text = TAGS.sub(lambda match: match[1] + tags() + match[3], text)
    DOCUMENT.write_text(text, encoding="utf-8")
    return text


# --- examples -------------------------------------------------------------------------------------


def filled(value: Any) -> Any:
    """Put in what stands in «guillemets»: the base64 of another golden file."""
    match value:
        case dict():
            return {key: filled(item) for key, item in value.items()}
        case list():
            return [filled(item) for item in value]
        case str() if match := re.fullmatch("«base64 of (.*)»", value):
            return base64.encode(golden(match[1]))
        case _:
            return value


@pytest.mark.parametrize("path", [match[2] for match in EXAMPLE.finditer(TEXT)])
def test_the_bytes_of_an_example_are_those_of_its_golden_file(document: str, path: str) -> None:
    (found,) = [match for match in EXAMPLE.finditer(document) if match[2] == path]
    base, ends, shown = found[4], found[5], found[6]
    if not path.endswith(".json"):
        assert shown.encode() == golden(path)
        return
    value = filled(json.loads(shown))
    if ends is not None:
        layers = json.loads(golden(path))["layers"]
        assert value == [layers[0], layers[-1]]
        return
    if base is not None:
        value = json.loads(golden(base)) | value
    assert canonical.dumps(value) == golden(path)


def test_the_files_of_the_dataset_are_those_that_the_document_prints(document: str) -> None:
    for entry in json.loads(golden("format/dataset.files.json")):
        found = re.search(rf"`{re.escape(entry['path'])}` with (?:the bytes )?`([^`]*)`", document)
        assert found is not None, entry["path"]
        assert Digest.of(found[1].replace(r"\n", "\n").encode()).encoded == entry["sha256"]


def test_every_block_is_held_to_something(document: str) -> None:
    blocks = re.findall(r"^```\w+$", document, re.MULTILINE)
    assert len(blocks) == len(EXAMPLE.findall(document)) + len(TAGS.findall(document))


def test_there_is_an_example_of_each_thing(document: str) -> None:
    shown = {match[2].removeprefix("format/") for match in EXAMPLE.finditer(document)}
    # Provenance says nothing new about the format, and bundles are all alike.
    assert set(SHOWN) - shown == {
        "annotation.bundle.json", "provenance.bundle.json", "provenance.statement.json", "provenance.wrapper.json",
    }  # fmt: skip


def test_the_table_has_every_golden_file_with_its_size_and_digest(document: str) -> None:
    found = FILES.search(document)
    assert found is not None
    rows = re.findall(r"^\| `format/(\S+)` \| (\d+) \| `(\S+)` \|$", found[2], re.MULTILINE)
    assert rows == [(name, str(len(golden(f"format/{name}"))), digest_of(name)) for name in SHOWN]


def test_the_tags_are_those_that_the_code_writes(document: str) -> None:
    found = TAGS.search(document)
    assert found is not None
    assert found[2] == tags()


def test_what_is_signed_is_what_the_document_prints(document: str) -> None:
    key = read_public_key(golden("format/signer.pub"))
    assert f"`{key.signer}` in records and `{key.hint}` in hints" in document
    bundle = read_bundle(golden("format/registration.bundle.json"))
    statement = golden("format/registration.statement.json")
    found = re.search(r"Signed is `(DSSEv1 [^`]*)` and behind it the (\d+) bytes of the statement", document)
    assert found is not None
    assert int(found[2]) == len(statement)
    key.verify(bundle.envelope.signatures[0].sig, found[1].encode() + statement)


def test_the_evidence_of_the_registration_is_the_provenance_of_the_table() -> None:
    (reference,) = json.loads(golden("format/registration.statement.json"))["predicate"]["evidence"]
    wanted = {part: digest_of(f"provenance.{name}.json").encoded for part, name in PARTS.items()}
    wanted["signer"] = read_public_key(golden("format/signer.pub")).signer.encoded
    assert {part: digest["sha256"] for part, digest in reference.items()} == wanted


PARTS: Final = {"statement": "statement", "manifest": "wrapper", "bundle": "bundle"}


def test_the_line_is_the_one_that_section_2_prints(document: str) -> None:
    line = line_of(Name("acme/fraud"))
    assert f"`acme/fraud` → {len(line.manifest.data)} bytes, `{line.digest}`" in document


# --- lists and tables -----------------------------------------------------------------------------


def paragraph(begins: str) -> str:
    (found,) = [line for line in TEXT.splitlines() if line.startswith(begins)]
    return found


def words(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def test_reserved_names_are_those_of_the_code() -> None:
    listed = re.search(r"last word is one of: (.*?)\. Words", paragraph("**Annotation** ("))
    assert listed is not None
    assert words(listed[1]) == sorted(annotation.RESERVED)


def test_what_is_never_packed_is_what_the_code_leaves_out() -> None:
    files, folders, _ = paragraph("**Never packed**").split(";", 2)
    assert set(words(files)) == NEVER_FILES
    assert set(words(folders)) == NEVER_FOLDERS


def test_evidence_kinds_are_those_of_the_code() -> None:
    ours = {kind.uri for kind in kinds.OURS.values() if kind.wrapping is kinds.Wrapping.EVIDENCE}
    listed = {word for word in words(paragraph("**Evidence wrapping** is")) if word.startswith("http")}
    assert listed == ours | set(kinds._EVIDENCE)
    for uri in listed:
        passed = {"result": "PASSED", "verificationResult": "PASSED"}
        assert kinds.wrapping_of(uri, passed) is kinds.Wrapping.EVIDENCE


@pytest.mark.parametrize(
    ("begins", "model"),
    [("**Registration**", registration.Registration), ("**Annotation**", annotation.Annotation)],
)
def test_the_fields_of_a_kind_are_those_of_its_model(begins: str, model: type[BaseModel]) -> None:
    own = {field.alias for name, field in model.model_fields.items() if name not in Common.model_fields}
    named = paragraph(f"{begins} (")
    assert named.startswith(f"{begins} (`{kinds.resolve_type(begins.strip('*').lower())}`): the common fields, and ")
    assert {one for one in own if f"`{one}` (" not in named and f"`{one}` {{" not in named} == set()
    common = {field.alias for field in Common.model_fields.values()}
    assert {one for one in common if f"`{one}`" not in paragraph("Common fields of our predicates")} == set()


def said(begins: str) -> Mapping[str, str]:
    """Return the pairs of a list such as "0 `float32`, 1 `float16`"."""
    pairs = paragraph(f"- {begins}").partition(": ")[2].partition(";")[0]
    return dict(re.findall(r"(\w+) `([^`]+)`", pairs))


def test_the_words_of_headers_are_those_of_the_code() -> None:
    assert said("Precision by safetensors") == {key: word for key, (_, word) in safetensors._DTYPES.items()}
    assert said("Precision by GGUF") == {str(key): word for key, (word, *_) in gguf._TYPES.items()}
    assert said("Precision by ONNX") == {str(key): word for key, (word, *_) in onnx._TYPES.items()}
    assert said("Quantization by") == {str(key): word for key, word in gguf._FILE_TYPES.items()}


def test_the_roles_are_those_of_the_table_in_the_code() -> None:
    rows = re.findall(r"^\| (.*) \| `([a-z.]+)` \|$", TEXT, re.MULTILINE)
    assert [role for _, role in rows] == [rule.role for rule in roles.TABLE]
    for (row, role), rule in zip(rows, roles.TABLE, strict=True):
        if "ends in " in row:
            assert rule.what.partition("ends in ")[2].split(", ") == words(row)
            assert {roles.role_of(roles.Look(f"x.{one}", b"text")) for one in words(row)} == {role}
        elif "name that is" in row:
            assert roles._DOC_STEM.pattern == words(row)[0].replace(r"\|", "|")
        elif "begins with" in row:
            magic = {word.encode().decode("unicode_escape").encode("latin-1") for word in words(row)}
            assert magic == set(roles._MAGIC_WEIGHT if role == "weight" else roles._MAGIC_DATA)
