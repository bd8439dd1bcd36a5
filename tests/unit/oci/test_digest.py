"""Digests: image-spec, descriptor.md, "Digests"."""

from __future__ import annotations

import hashlib

import pytest

from govern.errors import ContentMismatch, Denied, InvalidInput
from govern.oci.digest import Digest

HEX = "0123456789abcdef" * 4


@pytest.mark.parametrize("text", [f"sha256:{HEX}", f"sha512:{HEX}{HEX}"])
def test_a_registered_algorithm_is_a_digest(text):
    digest = Digest(text)
    assert digest == text
    assert f"{digest.algorithm}:{digest.encoded}" == text


@pytest.mark.parametrize(
    "text",
    [
        "", "sha256", "sha256:", HEX, f"sha256:{HEX[:-1]}", f"sha256:{HEX}0", f"sha256:{HEX.upper()}",
        f"SHA256:{HEX}", f"sha512:{HEX}",
        f"sha256:{HEX}\n", f" sha256:{HEX}", f"sha256:{'g' * 64}", f"md5:{HEX[:32]}", f"sha384:{HEX}{HEX[:32]}",
        f"sha256:{HEX[:-1]}٣",
        f"sha256+b64:{HEX}", f"multihash+base58:{HEX}", "sha256:" + "=" * 64, f"sha256::{HEX}", f"sha256:{HEX}@",
        f"blake3:{HEX}",
    ],
)  # fmt: skip
def test_another_spelling_is_refused(text):
    with pytest.raises(Denied):
        Digest(text, error=Denied)


def test_a_refusal_is_short_however_long_the_text():
    for text in ("x" * 10_000_000, "x" * 10_000_000 + ":a", "sha256:" + "a" * 10_000_000):
        with pytest.raises(InvalidInput) as refused:
            Digest(text)
        assert len(refused.value.message) < 500


@pytest.mark.parametrize("data", [b"", b"x", bytes(1000)])
def test_bytes_are_judged_by_the_digests_own_algorithm(data):
    for algorithm in ("sha256", "sha512"):
        digest = Digest(f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}")
        assert digest.check(data, "it") is data
        with pytest.raises(ContentMismatch, match="it is not what its digest says"):
            digest.check(data + b"\x00", "it")


def test_of_is_sha256():
    assert (
        Digest.of(b"x")
        == f"sha256:{hashlib.sha256(b'x').hexdigest()}"
        == Digest.from_hex(hashlib.sha256(b"x").hexdigest())
    )
