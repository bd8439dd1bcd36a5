"""Media types: what is written into artifacts is fixed for ever, and the grammar is that of RFC 6838."""

from __future__ import annotations

import hashlib

import pytest

from govern.oci import media_types
from govern.oci.media_types import EMPTY_BLOB, EMPTY_DIGEST, GRAMMAR, MODEL_LAYER, model_layer


def test_the_names_that_stand_in_artifacts_never_change() -> None:
    assert {name: getattr(media_types, name) for name in ("LINE", "RECORD", "FILES")} == {
        "LINE": "application/vnd.govern.line.v1+json",
        "RECORD": "application/vnd.govern.record.v1+json",
        "FILES": "application/vnd.govern.files.v1+json",
    }
    assert media_types.DATASET_MANIFEST == "application/vnd.govern.dataset.manifest.v1+json"
    assert media_types.DATASET_CONFIG == "application/vnd.govern.dataset.config.v1+json"
    assert media_types.MODEL_MANIFEST == "application/vnd.cncf.model.manifest.v1+json"
    assert media_types.BUNDLE == "application/vnd.dev.sigstore.bundle.v0.3+json"


def test_the_empty_blob_has_the_digest_of_the_specification() -> None:
    assert f"sha256:{hashlib.sha256(EMPTY_BLOB).hexdigest()}" == EMPTY_DIGEST


@pytest.mark.parametrize("role", ["weight", "weight.config", "doc", "code", "dataset"])
@pytest.mark.parametrize("encoding", ["raw", "tar"])
def test_a_layer_type_says_role_and_encoding(role: str, encoding: str) -> None:
    text = model_layer(role, encoding)
    match = MODEL_LAYER.fullmatch(text)
    assert match is not None
    assert match.groups() == (role, encoding)
    assert GRAMMAR.fullmatch(text)


@pytest.mark.parametrize(
    "text",
    ["application/vnd.cncf.model.weights.v1.raw", "application/vnd.cncf.model.weight.v1.tar+gzip",
     "application/vnd.cncf.model.weight.v2.raw", "application/vndXcncf.model.doc.v1.raw"],
)  # fmt: skip
def test_other_layer_types_are_not_taken_for_one(text: str) -> None:
    assert MODEL_LAYER.fullmatch(text) is None


def test_every_type_of_the_table_follows_the_grammar() -> None:
    for name, value in vars(media_types).items():
        if name.isupper() and isinstance(value, str) and "/" in value:
            # One of Sigstore's names has a parameter, which is none of the grammar's.
            assert GRAMMAR.fullmatch(value.partition(";")[0]), name


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("a/b", True), ("a" * 127 + "/" + "b" * 127, True), ("a" * 128 + "/b", False), ("a/" + "b" * 128, False),
        ("", False), ("a", False), ("/b", False), ("a/", False), ("a/b/c", False), (".a/b", False), ("a/b c", False),
        ("a/b;c=d", False), ("a/b\n", False), ("\u00e4/b", False),
    ],
)  # fmt: skip
def test_the_grammar_is_that_of_media_types(text: str, right: bool) -> None:
    assert (GRAMMAR.fullmatch(text) is not None) is right
