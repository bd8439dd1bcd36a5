"""The line of a name: computed by anyone, the same everywhere (FORMAT §2)."""

from __future__ import annotations

import hashlib
import json

from govern.line import line_of
from govern.names import Name

GOLDEN = "sha256:fad7f9a45fda0d2e249b5cfde09bcb5bf1d6d281cbcbe9fa4877b8bdfc8e529e"


def test_the_line_of_acme_fraud_is_the_golden_one():
    line = line_of(Name("acme/fraud"))
    assert line.digest == GOLDEN
    assert len(line.manifest.data) == 436


def test_a_line_can_be_made_without_govern():
    # By hand, from the words of FORMAT §2: another implementation must come to the same digest.
    line_type = "application/vnd.govern.line.v1+json"
    layer = b'{"line":"acme/fraud"}'
    empty = hashlib.sha256(b"{}").hexdigest()
    manifest = (
        f'{{"artifactType":"{line_type}","config":{{"digest":"sha256:{empty}",'
        f'"mediaType":"application/vnd.oci.empty.v1+json","size":2}},"layers":[{{"digest":'
        f'"sha256:{hashlib.sha256(layer).hexdigest()}","mediaType":"{line_type}","size":{len(layer)}}}],'
        '"mediaType":"application/vnd.oci.image.manifest.v1+json","schemaVersion":2}'
    )
    made = line_of(Name("acme/fraud"))
    assert made.layer == layer
    assert made.manifest.data == manifest.encode()
    assert "annotations" not in json.loads(made.manifest.data)


def test_every_name_has_a_line_of_its_own():
    names = ["a", "a/b", "a-b", "acme/fraud", "acme/fraud2"]
    assert len({line_of(Name(name)).digest for name in names}) == len(names)
