"""Descriptors: image-spec, descriptor.md."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from pydantic import ValidationError

from govern.errors import ContentMismatch, Denied
from govern.limits import MAX_ANNOTATIONS, MAX_BLOB
from govern.oci.content import BytesContent
from govern.oci.descriptor import Descriptor
from govern.oci.digest import Digest

DATA = b"some bytes"
GOOD: dict[str, Any] = {"mediaType": "text/plain", "digest": Digest.of(DATA), "size": len(DATA)}


def read(**changes: Any) -> Descriptor:
    return Descriptor.model_validate({key: value for key, value in (GOOD | changes).items() if value is not ...})


def test_what_is_known_is_kept_and_what_is_not_is_left_out():
    descriptor = read(annotations={"a": "b"}, urls=["http://x"], platform={"os": "linux"}, artifactType="a/b")
    assert descriptor.to_json() == GOOD | {"annotations": {"a": "b"}, "artifactType": "a/b"}
    assert descriptor.id == Digest.of(DATA)


@pytest.mark.parametrize(
    "changes",
    [
        {"mediaType": ...},
        {"mediaType": ""},
        {"mediaType": "plain"},
        {"mediaType": "a/b; charset=utf-8"},
        {"mediaType": "a/b\n"},
        {"mediaType": "a/" + "b" * 128},
        {"mediaType": 1},
        {"digest": ...},
        {"digest": "sha256:abc"},
        {"digest": "md5:" + "0" * 32},
        {"digest": None},
        {"size": ...},
        {"size": -1},
        {"size": "10"},
        {"size": 10.0},
        {"size": True},
        {"size": None},
        {"size": MAX_BLOB.value + 1},
        {"size": 10**4000},
        {"annotations": {"a": 1}},
        {"annotations": ["a"]},
        {"artifactType": "x"},
        {"data": 1},
    ],
)
def test_what_the_spec_does_not_allow_is_refused(changes):
    with pytest.raises(ValidationError):
        read(**changes)


def test_content_is_judged_by_size_and_then_by_digest():
    assert read().check(DATA, "it") is DATA
    with pytest.raises(ContentMismatch, match="not as long"):
        read().check(DATA + b"x", "it")
    with pytest.raises(ContentMismatch, match="digest"):
        read().check(DATA[::-1], "it")


def test_embedded_data_is_checked_like_fetched_data():
    assert read().embedded("it") is None
    assert read(data=base64.b64encode(DATA).decode()).embedded("it") == DATA
    for data in (b"", DATA[::-1], DATA + b"x"):
        with pytest.raises(ContentMismatch):
            read(data=base64.b64encode(data).decode()).embedded("it")


@pytest.mark.parametrize(
    "text", ["!", "c29tZSBieXRlcw", "c29tZSBieXRlcw==\n", " c29tZSBieXRlcw==", "c29tZSBieXRlcw\u00e4=", "="]
)
def test_embedded_data_that_is_no_base64_is_refused(text):
    with pytest.raises(Denied):
        read(data=text).embedded("it", Denied)


def test_embedded_data_is_canonical_base64():
    with pytest.raises(ContentMismatch):
        read(data="c29tZSBieXRlcx==").embedded("it")


def test_content_in_memory_is_what_its_descriptor_says():
    content = BytesContent.of(DATA, "text/plain")
    assert b"".join(content.chunks()) == b"".join(content.chunks()) == DATA
    assert content.descriptor.to_json() == GOOD
    assert list(BytesContent.of(b"", "text/plain").chunks()) == []


def test_a_descriptor_has_no_more_annotations_than_a_manifest() -> None:
    described = {"mediaType": "text/plain", "digest": Digest.of(b""), "size": 0}
    most = {str(number): "" for number in range(MAX_ANNOTATIONS.value)}
    assert Descriptor.model_validate({**described, "annotations": most})
    with pytest.raises(ValidationError, match="at most 1000 items"):
        Descriptor.model_validate({**described, "annotations": {**most, "one more": ""}})
