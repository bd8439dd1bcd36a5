"""What of the metadata file is signed: camel case, no absent values, and not more than the line can hold."""

from __future__ import annotations

import json

import pytest

from govern import canonical
from govern.artifact.metadata.record import to_record
from govern.errors import InvalidInput
from govern.limits import MAX_METADATA_RECORD
from support.metadata import read


def test_the_record_has_camel_case_keys_no_absent_values_and_no_paths_of_the_machine():
    metadata = read(
        "name: acme/fraud\nversion: 1.0\nrisk_class: high\nintended_purpose: Review.\n"
        "hyperparameters: {max_depth: 8}\ntraining: {compute_flop: 2e20, lock_files: []}\ncode: {}\n"
        "datasets: [{path: /home/anna/data}]\nbase_models: [{path: /home/anna/base}]\n"
        "metrics: [{name: auc, value: 0.9}]\n"
    )
    assert to_record(metadata) == {
        "riskClass": "high",
        "intendedPurpose": "Review.",
        "hyperparameters": {"max_depth": 8},
        "training": {"computeFlop": "2e20"},
        "metrics": [{"name": "auc", "value": "0.9"}],
    }
    assert json.loads(canonical.dumps(to_record(metadata))) == to_record(metadata)


def test_a_record_that_would_not_fit_on_the_line_is_refused_by_name():
    long = "x" * 9_999
    text = "metrics:\n" + f"- {{name: {long}, value: 1}}\n" * (MAX_METADATA_RECORD.value // 10_000 + 1)
    with pytest.raises(InvalidInput, match="MAX_METADATA_RECORD"):
        to_record(read(text))
