"""Every kind of store gives a blob as a stream, which whoever passes it on checks."""

from __future__ import annotations

import pytest

from govern.errors import ContentMismatch, NotFound
from govern.progress import SILENT
from govern.store.stored_content import StoredContent
from support.stores import KINDS, Case, put_artifact, some_blob

pytestmark = pytest.mark.parametrize("case", KINDS, indirect=True)


@pytest.mark.parametrize("size", [0, 1, 3_000_000])
def test_a_stream_is_what_was_put(size: int, case: Case) -> None:
    put_artifact(case.connect(), "there")
    blob = some_blob(size)
    case.connect().put_blob(blob, SILENT)
    content = StoredContent(case.look(), blob.descriptor)
    assert content.is_there()
    assert not content.read
    for _ in range(2):
        assert b"".join(bytes(one) for one in content.chunks()) == blob.data
    assert content.read


def test_what_is_not_there_is_not_found(case: Case) -> None:
    put_artifact(case.connect(), "there")
    content = StoredContent(case.look(), some_blob().descriptor)
    assert not content.is_there()
    with pytest.raises(NotFound):
        list(content.chunks())


def test_a_byte_that_was_changed_is_a_refusal(case: Case) -> None:
    blob = some_blob()
    case.connect().put_blob(blob, SILENT)
    case.tamper(blob.descriptor.digest)
    # crane looks itself, and then has no such blob.
    with pytest.raises(NotFound if case.kind == "crane" else ContentMismatch):
        list(StoredContent(case.look(), blob.descriptor).chunks())
