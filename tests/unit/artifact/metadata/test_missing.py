"""What policies ask for is named where nobody wrote it."""

from __future__ import annotations

from govern.artifact.metadata.missing import missing_for_policy
from govern.artifact.metadata.model import MetadataFile
from support.metadata import read


def test_what_policies_ask_for_is_named_when_it_is_absent():
    assert missing_for_policy(None) == missing_for_policy(MetadataFile())
    assert "owners" in missing_for_policy(None)
    assert "owners" not in missing_for_policy(read("owners: [fraud-team]"))
    assert "metrics" not in missing_for_policy(read("kind: dataset"))
    assert "data.collection" in missing_for_policy(read("kind: dataset\ndata: {gaps: none known}"))
    assert "data.collection" not in missing_for_policy(read("kind: dataset\ndata: {collection: by hand}"))
