"""A key is opened where it is named, without what is not needed for it; and a passphrase is never tried as a PIN."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from govern.errors import InvalidInput, UsageError
from govern.signing.key_file import KeySigner, generate_key_pair
from govern.signing.open_signer import open_signer, secret_of
from govern.signing.passphrase import passphrase_from

SECRET = "s3cr3t-0815"
URIS = {
    "pkcs11:object=ci": ("pkcs11", "hsm"),
    "hsm:2": ("pkcs11", "hsm"),
    "awskms:///alias/ci": ("boto3", "aws"),
    "gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1": ("google.cloud", "gcp"),
    "azurekms://v.vault.azure.net/ci": ("azure.identity", "azure"),
    "hashivault://ci": ("hvac", "vault"),
}


def nobody(label: str) -> bytes | None:
    raise AssertionError(label)


def test_a_file_and_a_variable_are_opened_as_before(tmp_path: Path) -> None:
    private, _, public = generate_key_pair(tmp_path / "ci", None)
    for spec in (str(private), "env:CI_KEY"):
        signer = open_signer(spec, nobody, {"CI_KEY": private.read_text()})
        assert isinstance(signer, KeySigner)
        assert signer.public_key.signer == public.signer


@pytest.mark.parametrize("uri", URIS)
def test_without_its_extra_the_command_that_brings_it_is_told(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, extra = URIS[uri]
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UsageError, match="needs a library that is not installed") as refused:
        open_signer(uri, nobody, {})
    assert f"pip install '.[{extra}]'" in refused.value.hint


def test_without_a_module_nobody_is_asked_for_a_pin() -> None:
    with pytest.raises(UsageError, match="nothing says how to reach the key pkcs11:object=ci") as refused:
        open_signer("pkcs11:object=ci", nobody, {})
    assert "GOVERN_PKCS11_MODULE" in refused.value.expected


@pytest.mark.parametrize("variable", ["GOVERN_PKCS11_MODULE", "PYKCS11LIB", "COSIGN_PKCS11_MODULE_PATH"])
def test_a_module_that_cannot_be_loaded_is_undecided(variable: str, tmp_path: Path) -> None:
    (tmp_path / "text.so").write_text("no library")
    for path in (tmp_path / "nothing.so", tmp_path / "text.so", tmp_path):
        with pytest.raises(Exception, match="the PKCS #11 module cannot be loaded") as refused:
            open_signer("pkcs11:object=ci", nobody, {variable: str(path)})
        assert getattr(refused.value, "exit_code", None) == 3
    # The module of the URI comes before that of the environment.
    with pytest.raises(Exception, match=r"elsewhere\.so"):
        open_signer("pkcs11:object=ci?module-path=/elsewhere.so", nobody, {variable: str(tmp_path / "text.so")})


def test_a_passphrase_is_never_tried_as_a_pin() -> None:
    environment = {"GOVERN_KEY_PASSPHRASE": SECRET, "COSIGN_PASSWORD": SECRET, "COSIGN_PKCS11_PIN": "of cosign"}
    for uri in ("pkcs11:object=ci", "hsm:"):
        secret = secret_of(uri)
        assert secret.name == "PIN"
        assert passphrase_from(environment, variables=secret.variables)("k") == b"of cosign"
        environment["GOVERN_HSM_PIN"] = "of govern"
        assert passphrase_from(environment, variables=secret.variables)("k") == b"of govern"
        del environment["GOVERN_HSM_PIN"]
    for spec in ("ci.key", "env:K", "hv:ci"):
        assert secret_of(spec).name == "passphrase"
        assert passphrase_from(environment, variables=secret_of(spec).variables)("k") == SECRET.encode()


def test_a_wrong_uri_is_no_file() -> None:
    for uri in ("pkcs11:", "k8s://ns/secret", "hv:"):
        for refuse in (secret_of, lambda spec: open_signer(spec, nobody, {})):
            with pytest.raises(UsageError):
                refuse(uri)
    with pytest.raises(InvalidInput, match="cannot be read"):
        open_signer("nothing.key", nobody, {})


def test_only_what_is_named_is_imported() -> None:
    code = (
        "import sys\nfrom govern.errors import GovernError\nfrom govern.signing.open_signer import open_signer\n"
        "try: open_signer('nothing.key', lambda label: None, {})\nexcept GovernError: pass\n"
        "print({'pkcs11', 'boto3', 'hvac', 'azure', 'grpc', 'requests', 'securesystemslib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"
