"""Who signs, from the command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from govern.cli.console import Console
from govern.cli.signing_options import Signing
from govern.cli.verb import Run
from govern.errors import GovernError, UsageError
from govern.operations.context import Context
from govern.settings import Settings
from support.sigstore.pki import make_chain

CHAIN = make_chain()
URL = "https://time.example.test"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    contents = {"ci.key": CHAIN.leaf.key_pem, "chain.pem": CHAIN.leaf.chain_pem, "token": b"token"}
    for name, data in contents.items():
        (tmp_path / name).write_bytes(data)
        (tmp_path / name).chmod(0o600)
    return {name: tmp_path / name for name in contents}


@pytest.fixture
def run() -> Iterator[Run]:
    with Context(Settings()) as context:
        yield Run(Console(json=False, quiet=False, verbose=False), context)


def test_a_key_signs_and_asks_nobody(run: Run, files: dict[str, Path], capsys: pytest.CaptureFixture[str]):
    chosen = Signing(key=str(files["ci.key"]))
    assert chosen.chosen()
    assert chosen.open(run).services == ()
    assert capsys.readouterr() == ("", "")


def test_whoever_will_be_asked_is_named_before(run: Run, files: dict[str, Path], capsys: pytest.CaptureFixture[str]):
    Signing(key=str(files["ci.key"]), timestamp_url=[URL], log_url="https://log.example.test").open(run)
    out, err = capsys.readouterr()
    assert out == ""
    assert URL in err
    assert "https://log.example.test" in err


def test_a_certificate_signs_for_its_key(run: Run, files: dict[str, Path]):
    key = str(files["ci.key"])
    made = Signing(key=key, certificate=files["chain.pem"], timestamp_url=[URL]).open(run)
    assert "https://ci.example.test/train" in made.label
    with pytest.raises(UsageError, match="a certificate signs with a trusted time"):
        Signing(key=key, certificate=files["chain.pem"]).open(run)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "nothing says who signs"),
        ({"certificate": Path("chain.pem")}, "nothing says who signs"),
        ({"keyless": True, "key": "ci.key"}, "--keyless was given with a key"),
        ({"keyless": True, "timestamp_url": [URL]}, "--keyless has its own"),
        ({"keyless": True, "log_url": URL}, "--keyless has its own"),
        ({"key": "ci.key", "identity_token_file": Path("token")}, "--identity-token-file goes with --keyless"),
        ({"key": "ci.key", "trust_config": Path("config")}, "--trust-config goes with --keyless"),
    ],
)
def test_a_choice_that_contradicts_itself_is_refused(
    run: Run, files: dict[str, Path], options: dict[str, Any], said: str
):
    options = {key: str(files["ci.key"]) if value == "ci.key" else value for key, value in options.items()}
    with pytest.raises(UsageError, match=said):
        Signing(**options).open(run)


def test_a_key_that_is_not_there_is_told(run: Run, tmp_path: Path):
    with pytest.raises(GovernError, match="gone"):
        Signing(key=str(tmp_path / "gone.key")).open(run)


def test_options_without_a_signer_are_no_choice():
    assert not Signing().chosen()
    assert not Signing(timestamp_url=[URL], certificate=Path("x")).chosen()
    assert Signing(keyless=True).chosen()
