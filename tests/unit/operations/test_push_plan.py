"""A push before its first request: where name, version and kind come from, and what is refused already here."""

from __future__ import annotations

from pathlib import Path

import pytest

from govern.artifact.inspect import Rules
from govern.errors import InvalidInput, UsageError
from govern.limits import MAX_TEXT
from govern.oci.reference import parse
from govern.operations.context import Context
from govern.operations.push_plan import Plan, PushOptions, pack_planned, plan_push
from govern.settings import Settings
from support.trees import write_tree

DIGEST = "sha256:" + "a" * 64


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "model", {"README.md": b"# It\n"})


def plan(model: Path, reference: str = "registry.example.com/acme/fraud:1.0.0", **options) -> Plan:
    with Context(Settings()) as context:
        return plan_push(context, model, parse(reference), PushOptions(**options))


def test_name_and_version_come_from_the_reference_and_it_is_a_model(model: Path) -> None:
    planned = plan(model)
    assert (planned.name, planned.version, planned.kind, planned.metadata) == ("acme/fraud", "1.0.0", "model", None)


def test_the_metadata_file_comes_before_the_reference_and_a_flag_before_both(model: Path) -> None:
    (model / "govern.yaml").write_text("kind: dataset\nname: acme/card\n")
    assert (plan(model).name, plan(model).kind) == ("acme/card", "dataset")
    flagged = plan(model, name="acme/other", kind="model")
    assert (flagged.name, flagged.kind) == ("acme/other", "model")


def test_a_metadata_file_elsewhere_is_read_instead(model: Path, tmp_path: Path) -> None:
    (model / "govern.yaml").write_text("name: acme/inside\n")
    (tmp_path / "other.yaml").write_text("name: acme/outside\n")
    assert plan(model, metadata=tmp_path / "other.yaml").name == "acme/outside"


@pytest.mark.parametrize("end", ["", f"@{DIGEST}", f":1.0.0@{DIGEST}"])
def test_a_push_needs_a_tag_and_no_digest(model: Path, end: str) -> None:
    with pytest.raises(UsageError, match="a push needs a version"):
        plan(model, f"registry.example.com/acme/fraud{end}")


@pytest.mark.parametrize("tag", ["latest", "govern.line", "sha256-" + "a" * 64])
def test_a_tag_that_is_no_version_is_refused(model: Path, tag: str) -> None:
    with pytest.raises(UsageError):
        plan(model, f"registry.example.com/acme/fraud:{tag}")


def test_two_versions_are_refused_and_the_same_twice_is_not(model: Path) -> None:
    (model / "govern.yaml").write_text("version: 1.0.1\n")
    with pytest.raises(UsageError, match=r"two versions were given: got '1\.0\.1'"):
        plan(model)
    assert plan(model, "registry.example.com/acme/fraud:1.0.1").version == "1.0.1"


def test_a_name_that_is_none_is_refused(model: Path) -> None:
    with pytest.raises(UsageError):
        plan(model, name="Acme")


@pytest.mark.parametrize(
    ("reason", "error", "why"),
    [
        ("", UsageError, "the reason is empty"),
        ("x" * (MAX_TEXT.value + 1), UsageError, "MAX_TEXT"),
        ("\ud800", InvalidInput, "not Unicode"),
    ],
)
def test_a_reason_that_no_record_could_hold_is_refused_before_anything_is_sent(
    model: Path, reason: str, error: type[Exception], why: str
) -> None:
    with pytest.raises(error, match=why):
        plan(model, reason=reason)
    assert plan(model, reason="x" * MAX_TEXT.value).version == "1.0.0"


def test_links_into_a_named_folder_are_packed(model: Path, tmp_path: Path) -> None:
    write_tree(tmp_path / "store", {"w.bin": b"\x00"})
    (model / "w.bin").symlink_to("../store/w.bin")
    for options in (PushOptions(link_roots=(tmp_path / "store",)), PushOptions()):
        with Context(Settings()) as context:
            planned = plan_push(context, model, parse("registry.example.com/acme/fraud:1.0.0"), options)
            if options.link_roots:
                assert len(pack_planned(context, model, planned, options).files.entries) == 2
            else:
                with pytest.raises(InvalidInput, match="leaves the tree"):
                    pack_planned(context, model, planned, options)


def test_what_was_planned_is_what_is_packed(model: Path) -> None:
    (model / "govern.yaml").write_text("kind: dataset\nname: acme/card\n")
    (model / "weights.pkl").write_bytes(b"\x80\x04cos\nsystem\n.")
    options = PushOptions(rules=Rules(allow_pickle=True))
    with Context(Settings()) as context:
        planned = plan_push(context, model, parse("registry.example.com/acme/fraud:1.0.0"), options)
        packed = pack_planned(context, model, planned, options)
    assert (packed.kind, packed.name, packed.version) == ("dataset", "acme/card", "1.0.0")
    assert [one.path for one in packed.files.entries] == ["README.md", "weights.pkl"]
    assert packed.pickles == ("weights.pkl",)
