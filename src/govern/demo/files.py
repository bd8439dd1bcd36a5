"""The files of the demo: what a team would write by hand."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

from govern.demo.classifier import EPOCHS, RATE, SPECIES, accuracy, read_rows, save, split, train

DATA_README = """\
# Iris measurements

150 flowers of three species of iris, four lengths each, in centimetres.
Source: R. A. Fisher, "The Use of Multiple Measurements in Taxonomic Problems", 1936. Public.
"""

DATA_METADATA = """\
kind: dataset
owners: [data-team]
licence: CC-BY-4.0
intended_purpose: Teaching and testing of classifiers.
limitations: 150 flowers from one place; says nothing about other species.
data:
  collection: Measured by Edgar Anderson on the Gaspe peninsula; published by R. A. Fisher in 1936.
  preparation: None; the column names were added.
"""

MODEL_README = """\
# Iris classifier

Softmax regression over four lengths. Tells three species of iris apart.
Accuracy on the held-out third: {accuracy}.

Intended for demonstrations. Not for use on other flowers.
"""

MODEL_METADATA = """\
owners: [ml-team]
licence: Apache-2.0
risk_class: minimal
intended_purpose: Shows how a model is governed from training to use.
limitations: Knows three species of iris and nothing else.
datasets:
  - path: ../train/data
    role: train
hyperparameters:
  epochs: {epochs}
  learning_rate: "{rate}"
metrics:
  - name: accuracy
    value: {accuracy}
    dataset: held-out third of the rows
    kind: performance
"""


def write_data(folder: Path) -> None:
    """Write the dataset's directory."""
    folder.mkdir(parents=True)
    (folder / "iris.csv").write_bytes((files("govern.demo") / "iris.csv").read_bytes())
    (folder / "README.md").write_text(DATA_README, encoding="utf-8")
    (folder / "govern.yaml").write_text(DATA_METADATA, encoding="utf-8")


def write_model(folder: Path, data: Path) -> str:
    """Train on a pulled dataset and write the model's directory; return the accuracy."""
    training, held_out = split(read_rows(data / "iris.csv"))
    model = train(training)
    measured = accuracy(model, held_out)
    folder.mkdir(parents=True)
    save(model, folder / "model.safetensors")
    config = {"model_type": "softmax-regression", "id2label": {str(i): name for i, name in enumerate(SPECIES)}}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(MODEL_README.format(accuracy=measured), encoding="utf-8")
    metadata = MODEL_METADATA.format(epochs=EPOCHS, rate=RATE, accuracy=measured)
    (folder / "govern.yaml").write_text(metadata, encoding="utf-8")
    return measured


def write_evaluation(path: Path, measured: str) -> None:
    """Write a test-result predicate (in-toto attestation, predicates/test-result.md)."""
    predicate = {
        "result": "PASSED",
        "configuration": [{"name": "accuracy >= 0.9"}],
        "passedTests": [f"accuracy = {measured}"],
    }
    path.write_text(json.dumps(predicate, indent=2) + "\n", encoding="utf-8")
