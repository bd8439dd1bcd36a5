"""The public Sigstore's trusted root: known without the network, fetched with it, and never half."""

from __future__ import annotations

from pathlib import Path

import pytest

from govern.errors import InvalidInput, Undecided
from govern.signing.keyless import public_trusted_root
from govern.signing.keyless.instance import public_instance, read_instance
from govern.trust.trusted_root import read_trusted_root


def test_the_public_root_is_known_without_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    root = read_trusted_root(public_trusted_root(offline=True), "the public root")
    assert {one.origin for one in root.logs} >= {"rekor.sigstore.dev"}
    assert root.certificate_authorities


def test_the_public_root_is_known_without_a_place_to_write(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_home = public_trusted_root(offline=True)
    (home / "file").write_text("")
    monkeypatch.setenv("HOME", str(home / "file"))
    assert public_trusted_root(offline=True) == with_home


def test_what_cannot_be_fetched_is_undecided(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    for fetch in (lambda: public_trusted_root(offline=False), public_instance):
        with pytest.raises(Undecided, match="cannot be fetched") as refusal:
            fetch()
        assert "--trusted-root" in refusal.value.hint
    # Nothing is said beside the refusal.
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"trustedRoot": []}', b'{"trustedRoot": {}}', b"x" * (2 << 20)])
def test_a_configuration_that_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"trust\.json"):
        read_instance(data, "trust.json")
