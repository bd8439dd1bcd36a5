"""The metadata file as a whole: what each entry must say, and the schema that editors check it by."""

from __future__ import annotations

import re

import jsonschema
import pytest
import yaml
from pydantic import ValidationError

from govern.artifact.metadata.model import MetadataFile
from govern.artifact.metadata.template import metadata_template
from govern.limits import MAX_LISTED, MAX_LOCK_FILES, MAX_OWNERS
from support.metadata import DIGEST, fault, faults, read


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


def test_a_key_with_nothing_behind_it_is_absent_but_an_unknown_one_is_a_fault():
    assert read("owners:\ncode:\nlicence:\n") == MetadataFile()
    assert "is spelled licence here" in fault("license:\n")


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


@pytest.mark.parametrize(
    ("field", "entry", "bound"),
    [
        ("owners", "a", MAX_OWNERS),
        ("datasets", "{path: a}", MAX_LISTED),
        ("base_models", "{path: a}", MAX_LISTED),
        ("metrics", "{name: a, value: 1}", MAX_LISTED),
    ],
)
def test_a_list_has_a_bound(field, entry, bound):
    assert read(f"{field}: [{', '.join([entry] * bound.value)}]")
    assert f"at most {bound.value} items" in fault(f"{field}: [{', '.join([entry] * (bound.value + 1))}]")


def test_lock_files_and_hyperparameters_have_a_bound():
    paths = [f"a{number}" for number in range(MAX_LOCK_FILES.value + 1)]
    assert "at most 100 items" in fault(f"training: {{lock_files: [{', '.join(paths)}]}}")
    pairs = [f"a{number}: 1" for number in range(MAX_LISTED.value + 1)]
    assert "at most 1000 items" in fault(f"hyperparameters: {{{', '.join(pairs)}}}")


def test_what_was_read_cannot_be_changed():
    with pytest.raises(ValidationError):
        read("owners: [a]").owners = ("b",)  # type: ignore[misc]
