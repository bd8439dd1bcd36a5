"""`schemas/` is what the models say, and the models accept what the schemas accept."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from govern.report.schemas import MODELS, schema_of

ROOT = Path(__file__).parents[2] / "schemas"


@pytest.mark.parametrize("path", sorted(MODELS))
def test_the_schema_file_is_what_the_model_says(path: str, regenerate: bool) -> None:
    file = ROOT / f"{path}.json"
    wanted = json.dumps(schema_of(path), indent=2, ensure_ascii=False) + "\n"
    if regenerate:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(wanted, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == wanted, "run: python -m pytest tests/unit/test_schemas.py --regenerate"


@pytest.mark.parametrize("path", sorted(MODELS))
def test_the_schema_is_valid(path: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema_of(path))


def test_there_is_no_schema_of_nothing() -> None:
    found = {str(file.relative_to(ROOT).with_suffix("")) for file in ROOT.rglob("*.json")}
    assert found == set(MODELS)
