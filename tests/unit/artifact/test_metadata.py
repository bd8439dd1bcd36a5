"""The metadata file: every fault at once, with its line, and nothing in the record that may not be signed."""

from __future__ import annotations

import json
import re

import jsonschema
import pytest
import yaml
from pydantic import ValidationError

from govern import canonical
from govern.artifact.metadata import (
    MAX_METADATA_RECORD,
    PERSON_ID,
    MetadataFile,
    Metric,
    missing_for_policy,
    read_metadata,
    to_record,
)
from govern.artifact.metadata_template import metadata_template
from govern.errors import InvalidInput
from govern.limits import MAX_METADATA
from govern.policy.model import PolicyFile

DIGEST = "sha256:" + "a" * 64


def read(text: str) -> MetadataFile:
    return read_metadata(text.encode(), "govern.yaml")


def faults(text: str) -> list[str]:
    with pytest.raises(InvalidInput) as refused:
        read(text)
    return [line.strip() for line in refused.value.message.splitlines()[1:]]


def fault(text: str) -> str:
    (only,) = faults(text)
    return only


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


def test_a_metric_keeps_its_letters_and_never_becomes_a_float():
    metrics = read("metrics:\n- {name: a, value: 0.950}\n- {name: b, value: 7}\n- {name: c, value: 1e-5}\n").metrics
    assert [metric.value for metric in metrics] == ["0.950", "7", "1e-5"]


@pytest.mark.parametrize("value", ["93 %", ".5", "1,5", "0x10", "nan", "true", "[1]", "''"])
def test_a_metric_that_is_no_decimal_is_refused(value):
    assert "metrics.0.value" in fault(f"metrics: [{{name: a, value: {value!s}}}]".replace("1,5", "'1,5'"))


def test_a_float_is_refused_also_where_no_file_was_read():
    with pytest.raises(ValidationError):
        Metric(name="auc", value=0.93)  # type: ignore[arg-type]


def test_a_version_that_looks_like_a_number_keeps_its_letters():
    assert read("version: 1.10").version == "1.10"
    assert read("version: 20261121").version == "20261121"


@pytest.mark.parametrize("version", ["latest", "1.0+cpu", "sha256-abc", "govern.line", "a b"])
def test_a_version_that_the_format_refuses_is_refused(version):
    assert fault(f"version: {version}").startswith("line 1: version: ")


def test_a_name_that_the_format_refuses_is_refused():
    assert "this is not a name" in fault("name: Acme/Fraud")


@pytest.mark.parametrize("place", ["owners: [anna@example.com]", "contact: anna@example.com"])
def test_an_e_mail_address_is_refused_and_not_repeated(place):
    message = fault(place)
    assert "e-mail address is personal data" in message
    assert "anna" not in message


def test_people_are_spelled_as_in_the_policy():
    schema = PolicyFile.model_json_schema()
    patterns = {key for part in ("people", "roles") for key in schema["properties"][part].get("patternProperties", {})}
    assert patterns == {PERSON_ID}


@pytest.mark.parametrize(
    ("written", "meant"),
    [("license: MIT", "licence"), ("risk: high", "risk_class"), ("owner: [a]", "owners"), ("metric: []", "metrics")],
)
def test_a_field_that_is_spelled_otherwise_here_is_told(written, meant):
    assert fault(written).endswith(f"is spelled {meant} here")


@pytest.mark.parametrize(
    "text",
    [
        "MIT",
        "Apache-2.0 WITH LLVM-exception",
        "MIT OR (Apache-2.0 AND BSD-3-Clause)",
        "GPL-2.0+",
        "LicenseRef-acme",
        "DocumentRef-a:LicenseRef-b",
        "((MIT))",
    ],
)
def test_an_spdx_expression_is_taken(text):
    assert read(f"licence: {text}").licence == text


@pytest.mark.parametrize(
    "text",
    [
        "Apache 2.0",
        "MIT OR",
        "OR MIT",
        "(MIT",
        "MIT)",
        "()",
        "MIT (GPL-2.0)",
        "MIT and BSD",
        "see licence file!",
        ")MIT(",
        "MIT) AND (GPL-2.0",
        "' '",
    ],
)
def test_text_that_is_no_spdx_expression_is_refused(text):
    assert "not an SPDX expression" in fault(f"licence: {text}")


@pytest.mark.parametrize(
    "entry",
    [
        "{path: ../data/transactions, role: train}",
        f"{{reference: 'registry.example.com/acme/data@{DIGEST}'}}",
        "{reference: 'registry.example.com:5000/acme/data:1.0'}",
        "{reference: 'layout:./store:1.0'}",
        f"{{uri: 's3://acme/data.parquet', digest: '{DIGEST}'}}",
        "{uri: 'hf://datasets/acme/data', system: hf, revision: main}",
        "{uri: 'https://git.example.com/data', system: dvc, revision: 12345}",
    ],
)
def test_each_way_to_name_a_dataset_is_taken(entry):
    (source,) = read(f"datasets: [{entry}]").datasets
    assert source.role in (None, "train")


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("{role: train}", "exactly one of path, reference and uri"),
        ("{path: a, reference: 'r.example.com/a:1'}", "got path and reference"),
        ("{uri: 's3://a/b'}", "a uri may change"),
        ("{uri: 's3://a/b', system: dvc}", "stand together"),
        ("{uri: 's3://a/b', revision: '1'}", "stand together"),
        (f"{{path: a, digest: '{DIGEST}'}}", "belong to a uri"),
        ("{reference: 'r.example.com/a'}", "names no version"),
        ("{reference: 'acme/a:1'}", "has no registry"),
        ("{uri: 'a b', digest: 'sha256:00'}", "not a URI"),
        ("{uri: 'file:///home/anna/x', system: git, revision: x}", "a path of this machine"),
        ("{path: a, role: training}", "'train'"),
        ("{path: a, system: svn, revision: '1'}", "'dvc'"),
    ],
)
def test_an_entry_that_does_not_say_one_content_is_refused(entry, expected):
    assert any(expected in line for line in faults(f"datasets: [{entry}]"))


@pytest.mark.parametrize("path", ["/etc/passwd", "../card.md", "a//b", "./README.md"])
def test_a_card_outside_of_the_tree_is_refused(path):
    assert fault(f"card: {path}").startswith("line 1: card: ")


@pytest.mark.parametrize("field", ["run", "pipeline"])
@pytest.mark.parametrize("value", ["file:///home/anna/mlruns/0", "/home/anna/run", "~/run", "C:\\runs\\1"])
def test_a_path_of_this_machine_is_no_id_of_a_run(field, value):
    assert "a path of this machine" in fault(f"training: {{{field}: '{value}'}}")


def test_a_time_in_another_spelling_is_refused():
    assert "line 2: training.started" in fault("training:\n  started: 2026-11-21 09:30\n")
    assert read("training:\n  started: 2026-11-21T09:30:00Z\n").training is not None


def test_hyperparameters_are_text_integers_and_booleans():
    text = "hyperparameters:\n  depth: 8\n  rate: 0.05\n  early: true\n  nothing: ''\n"
    assert read(text).hyperparameters == {"depth": 8, "rate": "0.05", "early": True, "nothing": ""}


@pytest.mark.parametrize("value", ["{beta: 1}", "[1, 2]", "null", "9007199254740992"])
def test_other_hyperparameters_are_refused_at_their_own_place(value):
    assert fault(f"hyperparameters:\n  a: 1\n  x: {value}\n").startswith("line 3: hyperparameters.x: ")


def test_a_seed_that_json_readers_would_change_is_refused():
    assert "training.seed" in fault("training: {seed: 9007199254740993}")
    assert read("training: {seed: -9007199254740991}").training is not None


def test_a_key_with_nothing_behind_it_is_absent_but_an_unknown_one_is_a_fault():
    assert read("owners:\ncode:\nlicence:\n") == MetadataFile()
    assert "is spelled licence here" in fault("license:\n")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("description: my ghp_" + "a" * 36, "description"),
        ("hyperparameters: {key: AKIA" + "A" * 16 + "}", "hyperparameters.key"),
        ("hyperparameters: {hf_" + "b" * 34 + ": 1}", "hyperparameters"),
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


def test_what_policies_ask_for_is_named_when_it_is_absent():
    assert missing_for_policy(None) == missing_for_policy(MetadataFile())
    assert "owners" in missing_for_policy(None)
    assert "owners" not in missing_for_policy(read("owners: [fraud-team]"))
    assert "metrics" not in missing_for_policy(read("kind: dataset"))
    assert "data.collection" in missing_for_policy(read("kind: dataset\ndata: {gaps: none known}"))
    assert "data.collection" not in missing_for_policy(read("kind: dataset\ndata: {collection: by hand}"))


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


def test_the_schema_describes_every_field():
    schema = MetadataFile.model_json_schema()
    for model in (schema, *schema["$defs"].values()):
        for name, field in model["properties"].items():
            assert field.get("description"), name


class TimesAsText(yaml.SafeLoader):
    """YAML as editors read it by the 1.2 core schema: numbers are numbers, times are text."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        letter: [pair for pair in resolvers if not pair[0].endswith(":timestamp")]
        for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def test_the_schema_accepts_what_other_yaml_readers_make_of_the_examples():
    # An editor reads 0.943 as a number where this reader keeps its letters.
    text = re.sub(r"(?m)^#(?! )|^#(?=  )", "", metadata_template())
    value = yaml.load(text, TimesAsText)
    assert isinstance(value["metrics"][0]["value"], float)
    jsonschema.validate(value, MetadataFile.model_json_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"license": "MIT"}, MetadataFile.model_json_schema())
