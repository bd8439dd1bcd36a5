"""`--format json`: one object on stdout whatever comes out, each with a schema; verbs that have none refuse it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from govern.cli.app import VERBS
from govern.intoto.statement import write_statement
from govern.oci.reference import parse
from govern.predicates.kinds import SLSA_V1
from govern.report.schemas import MODELS, schema_of
from govern.signing.signer import sign_statement
from support.desk import Desk, copy_desk, make_desk
from support.records import signer

REF = "layout:store/fraud:1.0"
SCHEMAS = {
    f"govern.{path.removeprefix('output/')}/v0.1": schema_of(path) for path in MODELS if path.startswith("output/")
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return make_desk(tmp_path_factory.mktemp("json") / "desk")


@pytest.fixture
def own(desk: Desk, tmp_path: Path) -> Desk:
    return copy_desk(desk, tmp_path / "desk")


def printed(desk: Desk, line: str, code: int) -> Any:
    """Return the one object that a command prints, checked against its schema."""
    ran = desk.run(*line.split(), "--format", "json", "-q")
    assert ran.code == code, (line, ran.stderr)
    value = json.loads(ran.stdout)
    value["output"] = output = value.get("output") or value["version"]  # a decision has its own word for it
    schema = SCHEMAS[output]
    jsonschema.validate({key: item for key, item in value.items() if key in schema["properties"]}, schema)
    return value


@pytest.mark.parametrize(
    ("line", "output"),
    [
        (f"push model {REF} --key ci.key", "push"),
        (f"verify {REF} --key ci.pub", "decision"),
        (f"pull {REF} --key ci.pub --output out", "pull"),
        (f"attest {REF} --key ci.key --type x:y --predicate good.json", "attest"),
        (f"annotate {REF} a=b --key ci.key", "attest"),
        (f"records {REF} --key ci.pub", "records"),
        (f"tree {REF}", "records"),
        (f"show {REF}", "show"),
        ("list layout:store/fraud --key ci.pub", "list"),
        (f"resolve {REF}", "resolve"),
        (f"copy {REF} layout:elsewhere/fraud", "copy"),
        (f"save {REF} saved.tar", "save"),
        ("load given.tar layout:elsewhere/fraud", "copy"),
        ("init bare", "init"),
        ("key generate --output fresh --no-passphrase", "key"),
        ("key show ci.pub", "key"),
        ("policy check wide.yaml", "policy-check"),
        (f"repair {REF}", "repair"),
    ],
)
def test_what_is_done_is_printed(own: Desk, line: str, output: str) -> None:
    if line.startswith("load"):
        assert own.run("save", REF, "given.tar").code == 0
    assert printed(own, line, 0)["output"] == f"govern.{output}/v0.1"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("verify layout:none/fraud:1.0 --key ci.pub", 3),
        (f"pull {REF} --key other.pub --output out", 1),
        (f"pull {REF} --key ci.pub --output full", 2),
        ("policy check unknown.yaml", 2),
        ("key show none.pub", 2),
        (f"resolve {REF} --jobs 99", 2),
    ],
)
def test_a_refusal_is_printed(own: Desk, line: str, code: int) -> None:
    refusal = printed(own, line, code)
    assert (refusal["output"], refusal["exitCode"]) == ("govern.refusal/v0.1", code)
    assert refusal["message"]


def test_faults_of_metadata_are_printed_for_each_file(own: Desk) -> None:
    (own.folder / "right.yaml").write_text("kind: model\n")
    files = printed(own, "check right.yaml unknown.yaml", 2)["files"]
    assert [(one["file"], one["valid"]) for one in files] == [("right.yaml", True), ("unknown.yaml", False)]
    assert "line 2: colour" in files[1]["fault"]
    assert printed(own, "check right.yaml", 0)["files"][0]["missing"]


@pytest.mark.parametrize("line", ["demo", "login h.example", "logout h.example", "policy init"])
def test_verbs_without_one_value_refuse_the_option(desk: Desk, line: str) -> None:
    ran = desk.run(*line.split(), "--format", "json")
    assert ran.code == 2
    assert "no such option: --format" in ran.stderr


def test_every_verb_is_tried_here() -> None:
    tests: list[Any] = [test_what_is_done_is_printed, test_verbs_without_one_value_refuse_the_option]
    tried = {
        line.split()[0]
        for test in tests
        for mark in test.pytestmark
        for line in (one if isinstance(one, str) else one[0] for one in mark.args[1])
    }
    assert tried | {"check"} == set(VERBS)


@pytest.mark.parametrize("line", ["init", "check", "key show", "key generate", "policy init", "policy check", "logout"])
def test_verbs_that_stay_here_have_no_options_of_the_network(desk: Desk, line: str) -> None:
    text = desk.run(*line.split(), "--help").stdout
    assert "--quiet" in text
    assert "--timeout" not in text
    assert "--client-cert" not in text


def test_a_file_of_one_bundle_and_one_of_several_are_printed_alike(own: Desk) -> None:
    digest = parse(str(own.run("resolve", REF).stdout.strip())).digest
    assert digest is not None
    lines = [
        sign_statement(write_statement([("fraud@1.0", digest)], SLSA_V1, {"n": n}), signer("builder")).data
        for n in "12"
    ]
    for count in (1, 2):
        (own.folder / "bundles.jsonl").write_bytes(b"\n".join(lines[:count]))
        value = printed(own, f"attest {REF} --import bundles.jsonl", 0)
        assert value["output"] == "govern.import/v0.1"
        assert [one["type"] for one in value["records"]] == [SLSA_V1] * count
    ran = own.run("attest", REF, "--import", "bundles.jsonl")
    assert (ran.code, len(ran.stdout.split())) == (0, 2)
    assert ran.stderr.count("was there already") == 2
