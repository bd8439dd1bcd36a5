"""A small real model: softmax regression on Fisher's iris data, in plain Python, the same on every machine.

The data is public (R. A. Fisher, "The Use of Multiple Measurements in Taxonomic Problems", 1936). Every
third row is held out for the evaluation.
"""

from __future__ import annotations

import csv
import json
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SPECIES: Final = ("setosa", "versicolor", "virginica")
EPOCHS: Final = 300
RATE: Final = 0.05


@dataclass(frozen=True, slots=True)
class Classifier:
    """Weights by class and feature, one bias a class.

    Args:
        weights: 3 rows of 4.
        bias: 3.
    """

    weights: tuple[tuple[float, ...], ...]
    bias: tuple[float, ...]

    def scores(self, features: Sequence[float]) -> list[float]:
        """Return the probability of each species, for 4 lengths in cm."""
        raw = [
            sum(w * x for w, x in zip(row, features, strict=True)) + b
            for row, b in zip(self.weights, self.bias, strict=True)
        ]
        top = max(raw)
        powers = [math.exp(value - top) for value in raw]
        return [value / sum(powers) for value in powers]

    def predict(self, features: Sequence[float]) -> str:
        """Return the most probable species."""
        scores = self.scores(features)
        return SPECIES[scores.index(max(scores))]


def read_rows(path: Path) -> list[tuple[list[float], str]]:
    """Return (features, species) of every row of the data."""
    with path.open(encoding="ascii", newline="") as file:
        rows = list(csv.reader(file))[1:]
    return [([float(value) for value in row[:4]], row[4]) for row in rows]


def split(
    rows: Sequence[tuple[list[float], str]],
) -> tuple[list[tuple[list[float], str]], list[tuple[list[float], str]]]:
    """Return (training rows, held-out rows)."""
    return [row for i, row in enumerate(rows) if i % 3], [row for i, row in enumerate(rows) if not i % 3]


def train(rows: Sequence[tuple[list[float], str]]) -> Classifier:
    """Fit by stochastic gradient descent, in a fixed order, from zero."""
    weights, bias = [[0.0] * 4 for _ in SPECIES], [0.0] * 3
    # A fixed stride visits the species in turn; the data stands sorted by species.
    order = [(i * 37) % len(rows) for i in range(len(rows))]
    for _ in range(EPOCHS):
        for i in order:
            features, species = rows[i]
            scores = Classifier(tuple(map(tuple, weights)), tuple(bias)).scores(features)
            for k, name in enumerate(SPECIES):
                error = scores[k] - (1.0 if name == species else 0.0)
                bias[k] -= RATE * error
                for j, value in enumerate(features):
                    weights[k][j] -= RATE * error * value
    return Classifier(tuple(map(tuple, weights)), tuple(bias))


def accuracy(model: Classifier, rows: Sequence[tuple[list[float], str]]) -> str:
    """Return the share of right predictions as a decimal string."""
    right = sum(model.predict(features) == species for features, species in rows)
    return f"{right / len(rows):.4f}"


def save(model: Classifier, path: Path) -> None:
    """Write the weights as safetensors, float32, little-endian."""
    data = b"".join(struct.pack("<4f", *row) for row in model.weights) + struct.pack("<3f", *model.bias)
    header = {
        "__metadata__": {"format": "govern-demo"},
        "weight": {"dtype": "F32", "shape": [3, 4], "data_offsets": [0, 48]},
        "bias": {"dtype": "F32", "shape": [3], "data_offsets": [48, 60]},
    }
    text = json.dumps(header, separators=(",", ":")).encode("ascii")
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def load(path: Path) -> Classifier:
    """Read what `save` wrote."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    values = struct.unpack("<15f", data[8 + length :])
    return Classifier(tuple(values[i : i + 4] for i in range(0, 12, 4)), values[12:])
