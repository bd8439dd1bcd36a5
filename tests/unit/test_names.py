"""Names, versions and the namespace: FORMAT §1."""

from __future__ import annotations

import tracemalloc

import pytest

from govern.errors import Denied, InvalidInput
from govern.names import NAMESPACE, Name, SubjectName, Version, kind_of, media_type, predicate_type

GOOD = ["a", "acme/fraud", "a.b/c_d/e__f/g-h/i---j", "0/1", "x" * 200, "acme/fraud/v2"]
BAD = [
    "", "/", "a/", "/a", "a//b", "A", "acme/Fraud", "a.", ".a", "a..b", "a._b", "a___b", "-a", "a-", "a b", "a\n",
    "\na",
    "ä", "\u0430", "a@b", "a:b", "a/../b", ".", "..", "a\x00", "٣", "x" * 201,
]  # fmt: skip


@pytest.mark.parametrize("text", GOOD)
def test_a_repository_path_is_a_name(text):
    assert Name(text) == text


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_repository_path_is_no_name(text):
    with pytest.raises(Denied):
        Name(text, error=Denied)


def test_the_bound_of_a_name_is_named():
    with pytest.raises(InvalidInput, match="MAX_NAME"):
        Name("x" * 201)


@pytest.mark.parametrize(
    "text", ["1.4.0", "v1", "_x", "A", "0", "2026-11-21", "a" * 128, "governed", "govern", "Latest", "latest-1"]
)
def test_a_tag_is_a_version(text):
    assert Version(text) == text


@pytest.mark.parametrize(
    "text",
    ["", "latest", "govern.line", "govern.", "govern.freshness.1", "sha256-ab", "sha256-", "1.0+cpu", "+", ".a", "-a",
    "a" * 129,
     "a b", "1\n", "ä", "a/b", "a:b", "a@b"],
)  # fmt: skip
def test_what_is_reserved_or_no_tag_is_no_version(text):
    with pytest.raises(InvalidInput):
        Version(text)


def test_a_plus_comes_with_the_version_that_would_do():
    with pytest.raises(InvalidInput) as refused:
        Version("1.0+cu128")
    assert "'1.0-cu128'" in refused.value.hint


@pytest.mark.parametrize("text", ["acme/fraud@1.4.0", "acme/fraud", "a@_", "a@latest"])
def test_a_subject_name_reads_as_it_is_written(text):
    assert str(SubjectName.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "@1.0",
        "a@",
        "a@b@c",
        "A@1",
        "a@ 1",
        "a@1\n",
        "a/@1",
        "a@" + "x" * 129,
        "a@sha256:" + "0" * 64,
        "x" * 201 + "@1",
    ],
)
def test_another_subject_name_is_refused(text):
    with pytest.raises(Denied):
        SubjectName.parse(text, error=Denied)


def test_a_long_name_is_refused_before_it_is_looked_at():
    text = "a-" * 100_000 + "a"
    tracemalloc.start()
    try:
        with pytest.raises(InvalidInput):
            Name(text)
        assert tracemalloc.get_traced_memory()[1] < 10 * len(text)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("read", [Name, SubjectName.parse, Version])
def test_a_refusal_is_short_however_long_the_text(read):
    with pytest.raises(InvalidInput) as refused:
        read("!" * 1_000_000)
    assert len(refused.value.message) < 1000


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"{NAMESPACE}annotation/v0.1", "annotation"),
        (f"{NAMESPACE}annotation/v0.2", "annotation/v0.2"),
        (f"{NAMESPACE}annotation", "annotation"),
        (f"{NAMESPACE}a/v0.1/x", "a/v0.1/x"),
        (NAMESPACE, ""),
        ("https://slsa.dev/provenance/v1", None),
        (NAMESPACE.removesuffix("/"), None),
        (NAMESPACE.replace("https", "http") + "annotation/v0.1", None),
        (NAMESPACE.upper(), None),
        ("", None),
    ],
)
def test_only_our_namespace_names_kinds_of_ours(text, kind):
    assert kind_of(text) == kind


def test_every_identifier_is_built_from_the_constant():
    assert predicate_type("annotation") == "https://w3id.org/govern/annotation/v0.1"
    assert media_type("record") == "application/vnd.govern.record.v1+json"
