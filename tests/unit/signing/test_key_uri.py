"""Which key a URI names, as cosign and as securesystemslib spell it; what names none is refused and not repeated."""

from __future__ import annotations

import contextlib
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govern.errors import UsageError
from govern.signing.key_uri import AwsKey, AzureKey, GcpKey, KeyUri, VaultKey, parse_key_uri
from govern.signing.token_uri import TokenKey

ARN = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
GCP = "projects/p/locations/global/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1"
SECRET = "s3cr3t-0815"


@pytest.mark.parametrize(
    ("spec", "key"),
    [
        # RFC 7512, as cosign writes them
        ("pkcs11:token=HSM;object=ci", TokenKey(token="HSM", object="ci")),
        ("PKCS11:token=HSM;object=ci", TokenKey(token="HSM", object="ci")),
        ("pkcs11:object=ci", TokenKey(object="ci")),
        (
            "pkcs11:token=My%20HSM;slot-id=7;id=%00%64;object=a%3Bb;type=private?module-path=/usr/lib/x.so",
            TokenKey(token="My HSM", slot=7, id=b"\0d", object="a;b", module=Path("/usr/lib/x.so")),
        ),
        (
            "pkcs11:serial=1;manufacturer=M;model=m;id=ab?pin-source=file:/run/pin&module-path=/x",
            TokenKey(serial="1", manufacturer="M", model="m", id=b"ab", pin_file=Path("/run/pin"), module=Path("/x")),
        ),
        ("pkcs11:object=ci?pin-source=file:///run/pin", TokenKey(object="ci", pin_file=Path("/run/pin"))),
        ("pkcs11:object=ci?pin-source=/run/pin", TokenKey(object="ci", pin_file=Path("/run/pin"))),
        # securesystemslib
        ("hsm:", TokenKey(id=b"\x02")),
        ("hsm:2?label=YubiKey+PIV+%2315835999", TokenKey(token="YubiKey PIV #15835999", id=b"\x02")),
        ("hsm:?label=T", TokenKey(token="T", id=b"\x02")),
        ("hsm:256", TokenKey(id=b"\x01\x00")),
        ("hsm:0", TokenKey(id=b"\x00")),
        # AWS
        (f"awskms:///{ARN}", AwsKey(ARN, region="eu-west-1")),
        (f"awskms:{ARN}", AwsKey(ARN, region="eu-west-1")),
        ("awskms:///alias/ci", AwsKey("alias/ci")),
        ("awskms:alias/ci", AwsKey("alias/ci")),
        ("awskms://localhost:4566/1234abcd-12ab", AwsKey("1234abcd-12ab", endpoint="localhost:4566")),
        ("awskms:///mrk-1234", AwsKey("mrk-1234")),
        # Google Cloud
        (f"gcpkms://{GCP}", GcpKey(GCP)),
        (f"gcpkms:{GCP}", GcpKey(GCP)),
        (f"gcpkms://{GCP.replace('cryptoKeyVersions', 'versions')}", GcpKey(GCP)),
        # Azure
        ("azurekms://v.vault.azure.net/ci", AzureKey("v.vault.azure.net", "ci")),
        ("azurekms://v.vault.azure.net/ci/0123abcd", AzureKey("v.vault.azure.net", "ci", "0123abcd")),
        ("azurekms://v.vault.azure.net/keys/ci/0123abcd", AzureKey("v.vault.azure.net", "ci", "0123abcd")),
        # Vault
        ("hashivault://ci", VaultKey("ci")),
        ("hashivault://ci.release-2/versions/3", VaultKey("ci.release-2", 3)),
        ("hv:ci/3", VaultKey("ci", 3)),
        ("hv:ci", VaultKey("ci")),
    ],
)
def test_both_spellings_name_a_key(spec: str, key: KeyUri) -> None:
    assert parse_key_uri(spec) == key
    # What messages call it names the same key, but for what is no part of its name: the module and the PIN.
    again = parse_key_uri(str(key))
    if isinstance(key, TokenKey):
        assert isinstance(again, TokenKey)
        assert (again.token, again.object, again.id, again.slot) == (key.token, key.object, key.id, key.slot)
    else:
        assert again == key


@pytest.mark.parametrize(
    "spec",
    ["ci.key", "./hsm:2", "/run/keys/awskms:x", "env:CI_KEY", "keys:ci.key", "", ":", "C:\\ci.key", "-----BEGIN x"],
)
def test_paths_and_variables_are_no_uris(spec: str) -> None:
    assert parse_key_uri(spec) is None


@pytest.mark.parametrize(
    ("spec", "word"),
    [
        ("pkcs11:", "neither object= nor id="),
        ("pkcs11:token=T", "neither object= nor id="),
        ("pkcs11:object=", "neither object= nor id="),
        ("pkcs11:object=ci;object=cd", "object= twice"),
        ("pkcs11:object=ci;type=public", "type="),
        ("pkcs11:object=ci;slot-id=x", "slot-id="),
        ("pkcs11:object=ci;token=%ff", "token="),
        ("pkcs11:object=ci;token=", "token="),
        ("pkcs11:object=ci;token=a%00b", "token="),
        ("pkcs11:object=%zz", "object= with a %"),
        ("pkcs11:object=ci;library-version=3", "the attribute 'library-version'"),
        (f"pkcs11:{SECRET}", "something that is no NAME=VALUE"),
        (f"pkcs11:object=ci?{SECRET}", "something that is no NAME=VALUE"),
        ("pkcs11:object=ci?pin-source=%7Ccat%20/pin", "pin-source="),
        ("pkcs11:object=ci?pin-source=pin.txt", "pin-source="),
        ("pkcs11:object=ci?module-path=", "module-path="),
        ("hsm:x", "an id that is no number"),
        ("hsm:-1", "an id that is no number"),
        (f"hsm:2?pin={SECRET}", "something else than label="),
        (f"hsm:2?{SECRET}", "something else than label="),
        ("hsm:2?label=a&label=b", "something else than label="),
        ("awskms:", "another form"),
        ("awskms:///", "another form"),
        ("awskms://localhost", "another form"),
        (f"awskms://user:{SECRET}@localhost/key", "another form"),
        ("awskms:///arn:aws:s3:::bucket", "another form"),
        ("gcpkms://projects/p", "another form"),
        (f"gcpkms://{GCP.rpartition('/cryptoKeyVersions')[0]}", "without its version"),
        ("azurekms:ci", "another form"),
        (f"azurekms://user:{SECRET}@v.vault.azure.net/ci", "another form"),
        ("azurekms://v.vault.azure.net/", "another form"),
        ("hv:", "another form"),
        ("hv:ci/0", "another form"),
        ("hv:a/b/c", "another form"),
        (f"hashivault://token:{SECRET}@vault/ci", "another form"),
        (f"k8s://ns/{SECRET}", "a scheme that govern does not sign with"),
        (f"https://user:{SECRET}@host/ci.key", "a scheme that govern does not sign with"),
        ("pkcs11:object=\udcff", "no UTF-8"),
        ("hsm:2?label=\udcff", "no UTF-8"),
        ("gnupg:0815", "a scheme that govern does not sign with"),
        ("file2:ci.key", "a scheme that govern does not sign with"),
    ],
)
def test_what_names_no_key_is_wrong_usage_and_not_repeated(spec: str, word: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_key_uri(spec)
    assert word in refused.value.message
    assert refused.value.expected
    assert SECRET not in "".join(traceback.format_exception(refused.value)) + refused.value.hint


@pytest.mark.parametrize(
    "spec",
    [f"pkcs11:object=ci?pin-value={SECRET}", f"pkcs11:token=nothing?module-path=/x&pin-value={SECRET}&pin-source=/pin"],
)
def test_a_pin_in_the_uri_is_refused_for_every_list_of_processes_shows_it(spec: str) -> None:
    with pytest.raises(UsageError, match="holds a PIN") as refused:
        parse_key_uri(spec)
    assert "GOVERN_HSM_PIN" in refused.value.expected
    assert "change the PIN" in refused.value.hint
    assert SECRET not in "".join(traceback.format_exception(refused.value)) + refused.value.hint


@given(
    st.sampled_from(["pkcs11:", "hsm:", "awskms:", "gcpkms:", "azurekms://", "hv:", "hashivault://"]),
    st.text(st.characters()),
)
def test_any_text_is_a_key_or_wrong_usage(scheme: str, text: str) -> None:
    with contextlib.suppress(UsageError):
        assert str(parse_key_uri(scheme + text))


@given(st.text(min_size=1).filter(lambda text: "\0" not in text), st.binary(min_size=1))
def test_a_name_in_a_token_survives_its_uri(label: str, ident: bytes) -> None:
    key = TokenKey(token=label, object=label, id=ident)
    assert parse_key_uri(str(key)) == key
