"""The table of roles: one test per row, content before name, the last override wins."""

from __future__ import annotations

import pytest

from govern.artifact.roles import HEAD_BYTES, ROLES, TABLE, Look, Role, read_override, role_of
from govern.errors import UsageError

BINARY = b"\x00\x01\x02"
TEXT = b"some text\n"

ROWS: list[tuple[int, Look, Role]] = [
    (0, Look("model.bin", BINARY, header="safetensors"), "weight"),
    (0, Look("README.md", TEXT, header="gguf"), "weight"),
    (1, Look("model.pkl", BINARY, pickle=True), "weight"),
    (1, Look("config.json", TEXT, pickle=True), "weight"),
    (2, Look("model.h5", b"\x89HDF\r\n\x1a\n" + BINARY), "weight"),
    (2, Look("embeddings.csv", b"\x93NUMPY\x01\x00"), "weight"),
    (3, Look("model.txt", b"\x1c\x00\x00\x00TFL3" + BINARY), "weight"),
    (4, Look("README", b"PAR1" + BINARY), "dataset"),
    (4, Look("x.bin", b"ARROW1\x00\x00"), "dataset"),
    (4, Look("x.bin", b"Obj\x01"), "dataset"),
    (4, Look("x.bin", b"ORC\x00"), "dataset"),
    (5, Look("LICENSE", TEXT), "doc"),
    (5, Look("docs/Licence.txt", TEXT), "doc"),
    (5, Look("README.de.json", TEXT), "doc"),
    (5, Look("model-card.yaml", TEXT), "weight.config"),
    (5, Look("model_card.yaml", TEXT), "doc"),
    (5, Look("NOTICE-third-party.py", TEXT), "doc"),
    (6, Look("guide.PDF", BINARY), "doc"),
    (6, Look("guide.md", TEXT), "doc"),
    (7, Look("train.py", TEXT), "code"),
    (7, Look("kernel.CU", BINARY), "code"),
    (8, Look("rows.csv", TEXT), "dataset"),
    (8, Look("rows.parquet", BINARY), "dataset"),
    (9, Look("tokenizer.json", TEXT), "weight.config"),
    (9, Look("merges.txt", TEXT), "weight.config"),
    (9, Look("tokenizer.model", TEXT), "weight.config"),
    (10, Look("MLmodel", TEXT), "doc"),
    (10, Look("x.unknown", TEXT), "doc"),
    (10, Look("caf\u00e9", "caf\u00e9".encode() * 2_000), "doc"),
    (11, Look("tokenizer.model", BINARY), "weight"),
    (11, Look("config.json", b"{}\xff\xfe{}{}"), "weight"),
    (11, Look("config.json", b"{}\xff"), "weight"),
    (11, Look("checkpoint", BINARY), "weight"),
]


@pytest.mark.parametrize(("row", "look", "role"), ROWS, ids=lambda value: getattr(value, "path", None))
def test_a_file_has_the_role_of_the_first_row_that_holds(row: int, look: Look, role: Role) -> None:
    first = next(number for number, rule in enumerate(TABLE) if rule.holds(look))
    assert role_of(look) == role
    # "model-card" is no row of its own: the ending decides.
    assert first == (9 if look.name == "model-card.yaml" else row)


def test_every_row_has_a_test_and_every_file_a_role() -> None:
    assert {row for row, _, _ in ROWS} == set(range(len(TABLE)))
    assert TABLE[-1].holds(Look("", b""))
    assert {rule.role for rule in TABLE} == set(ROLES)


def test_text_may_end_inside_a_character_at_the_end_of_the_head() -> None:
    for before in range(4):
        data = ("x" * before + "\U0001f600" * HEAD_BYTES).encode()
        assert role_of(Look("notes", data[:HEAD_BYTES])) == "doc"


@pytest.mark.parametrize("end", ["", "1", "12", "123", "1234"])
@pytest.mark.parametrize("letter", ["\u00e9", "\u20ac", "\U0001f600"])
def test_a_short_text_is_text_wherever_its_last_character_stands(letter: str, end: str) -> None:
    assert role_of(Look("notes", f"{letter}{end}".encode())) == "doc"
    assert role_of(Look("notes", f"{letter}{end}".encode() + letter.encode()[:-1])) == "weight"


def test_overrides_beat_the_table_and_the_last_that_matches_wins() -> None:
    look = Look("prompts/system.txt", TEXT)
    assert role_of(look, [("prompts/*", "code")]) == "code"
    assert role_of(look, [("prompts/*", "code"), ("*.txt", "dataset")]) == "dataset"
    assert role_of(look, [("prompts/*", "code"), ("*.md", "dataset")]) == "code"
    assert role_of(look, [("PROMPTS/*", "code")]) == "weight.config"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("prompts/*=weight.config", ("prompts/*", "weight.config")),
        ("a=b=doc", ("a=b", "doc")),
    ],
)
def test_an_override_is_a_pattern_and_a_role(text: str, read: tuple[str, Role]) -> None:
    assert read_override(text) == read


@pytest.mark.parametrize("text", ["", "=", "=doc", "prompts/*", "prompts/*=", "x=Weight", "x=weights", "doc"])
def test_what_is_no_override_is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError, match=r"not a role.*weight, weight\.config, doc, code, dataset"):
        read_override(text)
