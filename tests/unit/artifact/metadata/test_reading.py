"""Reading the metadata file: every fault at once, with its line, and nothing that may not be signed."""

from __future__ import annotations

import pytest

from govern.artifact.metadata.model import MetadataFile
from govern.artifact.metadata.reading import read_metadata
from govern.errors import InvalidInput
from govern.limits import MAX_METADATA
from support.metadata import DIGEST, fault, faults, read


@pytest.mark.parametrize("text", ["", "\n", "# nothing but a comment\n", "---\n"])
def test_an_empty_file_is_valid_and_says_nothing(text):
    assert read(text) == MetadataFile()


@pytest.mark.parametrize("text", ["- a\n", "just text\n"])
def test_a_file_that_is_no_mapping_is_refused(text):
    with pytest.raises(InvalidInput, match="not a mapping"):
        read(text)


def test_all_faults_come_at_once_each_with_its_line():
    found = faults("kind: modell\nowners: [a@b.example]\nmetrics:\n  - name: auc\n    value: 93 %\nspeed: 1\n")
    assert [line.partition(": ")[0] for line in found] == ["line 1", "line 2", "line 5", "line 6"]
    assert "'model' or 'dataset'" in found[0]
    assert "not a decimal number" in found[2]


@pytest.mark.parametrize(
    ("written", "meant"),
    [("license: MIT", "licence"), ("risk: high", "risk_class"), ("owner: [a]", "owners"), ("metric: []", "metrics")],
)
def test_a_field_that_is_spelled_otherwise_here_is_told(written, meant):
    assert fault(written).endswith(f"is spelled {meant} here")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("description: my ghp_" + "a" * 36, "description"),
        ("hyperparameters: {key: AKIA" + "A" * 16 + "}", "hyperparameters.key"),
        ("hyperparameters: {hf_" + "b" * 34 + ": 1}", "hyperparameters"),
        ("code: {entry_point: 'train.py --password=geheim'}", "code.entry_point"),
        ("hyperparameters: {token: sk-geheim1234567890abcd}", "hyperparameters.token"),
        ("hyperparameters: {password: geheim}", "hyperparameters.password"),
        ("hyperparameters: {run: 'x --token geheim'}", "hyperparameters.run"),
        ("code: {repository: 'https://anna:geheim@git.example.com/x'}", "code.repository"),
        ("code: {repository: 'https://geheim@git.example.com/x'}", "code.repository"),
        ("training: {run: 'https://x.example/r?access_token=geheim'}", "training.run"),
        (f"datasets: [{{uri: 's3://a/b?X-Amz-Signature=geheim', digest: '{DIGEST}'}}]", "datasets.0.uri"),
        ('description: "red \\e[31m"', "description"),
        ('description: "\\u202eabc"', "description"),
    ],
)
def test_what_may_never_be_signed_is_refused_wherever_it_stands(text, place):
    message = fault(text)
    assert message.startswith(f"line 1: {place}")
    assert "geheim" not in message


def test_a_lone_surrogate_is_refused():
    with pytest.raises(InvalidInput):
        read('description: "\\ud800"')


def test_a_file_above_the_bound_is_refused_by_its_name():
    with pytest.raises(InvalidInput, match="MAX_METADATA"):
        read_metadata(b"#" * (MAX_METADATA.value + 1), "govern.yaml")


@pytest.mark.parametrize("value", ["{beta: 1}", "[1, 2]", "null", "9007199254740992"])
def test_other_hyperparameters_are_refused_at_their_own_place(value):
    assert fault(f"hyperparameters:\n  a: 1\n  x: {value}\n").startswith("line 3: hyperparameters.x: ")


@pytest.mark.parametrize(
    "text",
    ["hyperparameters: {token_limit: 512, max_tokens: 9, tokenizer: bert-base-uncased-2024, pad_token: '<pad>'}",
     "code: {entry_point: 'train.py --max-tokens 512 --tokenizer bert --password $PW'}",
     "description: give --token abc to the server, as its manual says"],
)  # fmt: skip
def test_what_is_only_called_like_a_secret_is_kept(text):
    assert read(text)
