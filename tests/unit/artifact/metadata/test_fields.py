"""What the fields of the metadata file may hold: numbers keep their letters, and no place of a machine passes."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from govern.artifact.metadata.model import Metric
from govern.limits import MAX_DECIMAL, MAX_LICENCE, MAX_LOCATION, MAX_TEXT
from govern.names import PERSON_ID
from govern.policy.file import PolicyFile
from support.metadata import fault, read


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
    ("text", "meant"),
    [
        ("Apache", "Apache-2.0"),
        ("Apache 2.0", "Apache-2.0"),
        ("MIT OR (gpl)", "GPL-3.0-only"),
        ("GPL+", "GPL-3.0-only"),
        ("llama3", "LicenseRef-Llama-3"),
        ("other", "LicenseRef-acme"),
    ],
)
def test_a_family_of_licences_is_no_licence(text, meant):
    assert fault(f"licence: {text}").endswith(
        f"is not an SPDX expression; say which licence it is, for example {meant}"
    )


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


def test_a_seed_that_json_readers_would_change_is_refused():
    assert "training.seed" in fault("training: {seed: 9007199254740993}")
    assert read("training: {seed: -9007199254740991}").training is not None


def test_an_integer_is_kept_up_to_what_json_readers_keep():
    assert read("hyperparameters: {x: 9007199254740991, y: -9007199254740991}").hyperparameters["x"] == 2**53 - 1
    assert "survive JSON" in fault("hyperparameters: {x: -9007199254740992}")


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("description: {}", MAX_TEXT),
        ("training: {{run: {}}}", MAX_LOCATION),
        ("code: {{entry_point: {}}}", MAX_LOCATION),
        ("metrics: [{{name: a, value: '{}'}}]", MAX_DECIMAL),
        ("licence: {}", MAX_LICENCE),
    ],
)
def test_a_text_has_a_bound(text, bound):
    longest = "1" * bound.value
    assert read(text.format(longest))
    assert f"at most {bound.value} characters" in fault(text.format(longest + "1"))


@pytest.mark.parametrize("text", ["description: ''", "training: {run: ''}", "code: {repository: ''}"])
def test_an_empty_text_says_nothing_and_is_refused(text):
    assert "at least 1 character" in fault(text)


@pytest.mark.parametrize("person", ["two words", "-a", "a" * 65, "ünal", "a/b"])
def test_a_person_who_no_policy_could_know_is_refused(person):
    assert "owners.0" in fault(f"owners: ['{person}']")


@pytest.mark.parametrize("commit", ["a" * 39, "a" * 41, "A" * 40, "a" * 63, "main", "g" * 40])
def test_a_commit_is_a_whole_id(commit):
    assert "code.commit" in fault(f"code: {{commit: {commit}}}")
    assert read(f"code: {{commit: {'a' * 40}}}") != read(f"code: {{commit: {'a' * 64}}}")


def test_a_refusal_of_the_format_keeps_its_hint():
    assert fault("version: 1.0+cpu").endswith("; registries have no + in tags: use '1.0-cpu'")
