"""The fresh metadata file is valid, says nothing, and shows everything that can be said."""

from __future__ import annotations

import re
from typing import get_args

import pytest
from pydantic import BaseModel

from govern.artifact.metadata.missing import missing_for_policy
from govern.artifact.metadata.model import MetadataFile, Metric, Source
from govern.artifact.metadata.reading import read_metadata
from govern.artifact.metadata.record import to_record
from govern.artifact.metadata.template import metadata_template


def _uncommented() -> str:
    return re.sub(r"(?m)^#(?! )|^#(?=  )", "", metadata_template())


@pytest.mark.parametrize("kind", ["model", "dataset"])
def test_the_fresh_file_is_valid_and_says_only_its_kind(kind):
    fresh = read_metadata(metadata_template(kind).encode(), "govern.yaml")
    assert fresh == MetadataFile(kind=kind)
    assert to_record(fresh) == {}


def test_the_examples_are_valid_when_all_are_uncommented():
    full = read_metadata(_uncommented().encode(), "govern.yaml")
    assert missing_for_policy(full) == ()
    assert [source.role for source in full.datasets] == ["train", "test", "validation", None]
    assert full.training is not None
    assert full.training.compute_flop == "2.1e20"
    assert full.hyperparameters == {
        "max_depth": 8,
        "learning_rate": "0.05",
        "optimizer.name": "adam",
        "early_stopping": True,
    }


def _absent(value: object, place: str) -> list[str]:
    """Places of the fields that nothing in a value fills."""
    if isinstance(value, tuple):
        fields = {name for item in value if isinstance(item, BaseModel) for name in type(item).model_fields}
        return [f"{place}.{name}" for name in fields if all(getattr(item, name) is None for item in value)]
    if isinstance(value, BaseModel):
        model = type(value)
        return [hole for name in model.model_fields for hole in _absent(getattr(value, name), f"{place}.{name}")]
    return [place] if value in (None, {}) else []


def test_the_examples_show_every_field_that_the_model_has():
    full = read_metadata(_uncommented().encode(), "govern.yaml")
    holes = [place for place in _absent(full, "") if not place.startswith(".base_models.")]
    # A base model's entry is a dataset's, which is shown in full.
    assert holes == []


@pytest.mark.parametrize(
    ("model", "field"),
    [(MetadataFile, "risk_class"), (Source, "system"), (Source, "role"), (Metric, "kind")],
)
def test_every_allowed_word_stands_in_the_explanations(model, field):
    literal, _none = get_args(model.model_fields[field].annotation)
    explained = [line for line in metadata_template().splitlines() if line.startswith("# ")]
    assert any(all(word in line for word in get_args(literal)) for line in explained)


def test_every_section_says_who_asks_for_it():
    sections = re.split(r"(?m)^# --- ", metadata_template())[1:]
    assert len(sections) == 8
    for section in sections:
        assert "# Asked by: " in section, section.splitlines()[0]


def test_no_line_is_wider_than_a_terminal_of_a_hundred_columns():
    wide = [line for line in metadata_template("dataset").splitlines() if len(line) > 100]
    assert wide == []
