"""Keys in files and variables: what is no P-256 key is refused in words, and no key is ever overwritten or shown."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from govern.errors import GovernError, InvalidInput, UsageError
from govern.limits import MAX_KEY_FILE
from govern.signing.key_file import KeySigner, generate_key_pair, load_public_key, load_signer

Private = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


def nobody(label: str) -> bytes | None:
    """A person who knows no passphrase."""
    return None


def pem_of(key: Private, passphrase: bytes | None = None, form: str = "PKCS8") -> str:
    protection: serialization.KeySerializationEncryption = (
        serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    )
    return key.private_bytes(
        serialization.Encoding.PEM, getattr(serialization.PrivateFormat, form), protection
    ).decode()


@pytest.fixture(scope="module")
def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize("form", ["PKCS8", "TraditionalOpenSSL"])
def test_a_key_signs_from_a_file_and_from_a_variable(
    tmp_path: Path, key: ec.EllipticCurvePrivateKey, form: str
) -> None:
    text = pem_of(key, form=form)
    (tmp_path / "ci.key").write_text(text)
    for spec in (str(tmp_path / "ci.key"), "env:CI_KEY"):
        signer = load_signer(spec, nobody, {"CI_KEY": text})
        key.public_key().verify(signer.sign(b"data"), b"data", ec.ECDSA(hashes.SHA256()))
        with pytest.raises(InvalidSignature):
            key.public_key().verify(signer.sign(b"data"), b"other", ec.ECDSA(hashes.SHA256()))


def test_an_encrypted_key_asks_for_its_passphrase_by_name(key: ec.EllipticCurvePrivateKey) -> None:
    asked: list[str] = []

    def ask(label: str) -> bytes:
        asked.append(label)
        return b"secret"

    signer = load_signer("env:K", ask, {"K": pem_of(key, b"secret")})
    assert signer.public_key.signer == KeySigner(key).public_key.signer
    assert asked == ["the key env:K"]


def test_an_open_key_asks_nobody(key: ec.EllipticCurvePrivateKey) -> None:
    def ask(label: str) -> bytes | None:
        raise AssertionError(label)

    assert load_signer("env:K", ask, {"K": pem_of(key)})


def test_without_or_with_a_wrong_passphrase_nothing_opens(key: ec.EllipticCurvePrivateKey) -> None:
    variables = {"K": pem_of(key, b"secret")}
    with pytest.raises(InvalidInput, match="is encrypted") as refused:
        load_signer("env:K", nobody, variables)
    assert "GOVERN_KEY_PASSPHRASE" in refused.value.hint
    with pytest.raises(InvalidInput, match="cannot be opened: got a wrong passphrase, or a damaged file"):
        load_signer("env:K", lambda _label: b"other", variables)
    with pytest.raises(InvalidInput, match="cannot be opened"):
        load_signer("env:K", lambda _label: b"", variables)


def test_other_kinds_of_key_are_refused(key: ec.EllipticCurvePrivateKey) -> None:
    for other in (
        ec.generate_private_key(ec.SECP384R1()),
        rsa.generate_private_key(65_537, 2048),
        ed25519.Ed25519PrivateKey.generate(),
    ):
        with pytest.raises(InvalidInput, match=r"is of another kind.*ECDSA P-256"):
            load_signer("env:K", nobody, {"K": pem_of(other)})


@pytest.mark.parametrize(
    "text",
    [
        "no key at all",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\n",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
        "\udcff\udcfe",
    ],
)
def test_a_damaged_key_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        load_signer("env:K", nobody, {"K": text})
    assert "AAAA" not in str(refused.value)
    assert "passphrase" not in str(refused.value)


def test_a_public_key_does_not_sign(tmp_path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    with pytest.raises(InvalidInput, match="got a public key") as refused:
        load_signer("env:K", nobody, {"K": KeySigner(key).public_key.to_pem()})
    assert "PREFIX.key" in refused.value.hint


@pytest.mark.parametrize("variables", [{}, {"K": ""}])
def test_a_variable_that_is_not_there_is_wrong_usage(variables: dict[str, str]) -> None:
    for load in (lambda: load_signer("env:K", nobody, variables), lambda: load_public_key("env:K", variables)):
        with pytest.raises(UsageError, match="no variable K"):
            load()


def test_the_text_of_a_key_is_not_taken_as_an_argument(key: ec.EllipticCurvePrivateKey) -> None:
    text = pem_of(key)
    with pytest.raises(UsageError, match="was given as text") as refused:
        load_signer(text, nobody, {})
    assert text.splitlines()[1] not in str(refused.value) + refused.value.hint


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    for spec in (tmp_path / "nothing.key", tmp_path):
        with pytest.raises(InvalidInput, match="cannot be read"):
            load_signer(str(spec), nobody, {})


def test_a_file_above_the_bound_is_no_key(tmp_path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    (tmp_path / "large").touch()
    os.truncate(tmp_path / "large", 1 << 40)
    with pytest.raises(InvalidInput, match=f"got {MAX_KEY_FILE.value + 1} bytes.*MAX_KEY_FILE"):
        load_public_key(str(tmp_path / "large"), {})
    # What follows the key does not matter to a reader of PEM, so only the bound refuses this.
    (tmp_path / "ci.key").write_text(pem_of(key) + "#" * MAX_KEY_FILE.value)
    with pytest.raises(InvalidInput, match="MAX_KEY_FILE"):
        load_signer(str(tmp_path / "ci.key"), nobody, {})


def test_a_signer_is_printed_without_its_key(key: ec.EllipticCurvePrivateKey) -> None:
    signer = KeySigner(key)
    assert repr(signer) == f"KeySigner({signer.public_key.signer})"
    assert str(key.private_numbers().private_value) not in repr(signer)


# --- making a pair -------------------------------------------------------------------------------


@pytest.mark.parametrize("passphrase", [None, b"secret"])
def test_a_new_pair_is_one_key_and_only_its_owner_reads_it(tmp_path: Path, passphrase: bytes | None) -> None:
    private, public, made = generate_key_pair(tmp_path / "new" / "keys" / "ci", passphrase)
    assert (private.name, public.name) == ("ci.key", "ci.pub")
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert load_public_key(str(public), {}).signer == made.signer
    assert load_signer(str(private), lambda _label: passphrase, {}).public_key.signer == made.signer
    assert (b"ENCRYPTED" in private.read_bytes()) is (passphrase is not None)


def test_two_pairs_are_two_keys(tmp_path: Path) -> None:
    assert generate_key_pair(tmp_path / "a", None)[2].signer != generate_key_pair(tmp_path / "b", None)[2].signer


def test_a_name_with_dots_keeps_all_of_it(tmp_path: Path) -> None:
    private, _, _ = generate_key_pair(tmp_path / "ci.2026", None)
    assert private.name == "ci.2026.key"


@pytest.mark.parametrize("there", ["ci.key", "ci.pub"])
def test_a_key_is_never_overwritten(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("mine")
    with pytest.raises(InvalidInput, match="there already"):
        generate_key_pair(tmp_path / "ci", None)
    assert [one.name for one in tmp_path.iterdir()] == [there]
    assert (tmp_path / there).read_text() == "mine"


def test_a_link_in_the_place_of_a_key_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "ci.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InvalidInput, match="there already"):
        generate_key_pair(tmp_path / "ci", None)
    assert not (tmp_path / "elsewhere").exists()


def test_half_a_pair_is_taken_away_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.open

    def full(self: Path, mode: str = "r", *arguments: object, **options: object):
        if "x" in mode:
            raise OSError(28, "No space left on device")
        return real(self, mode, *arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(InvalidInput, match=r"cannot be written.*No space left"):
        generate_key_pair(tmp_path / "ci", None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("prefix", ["..", "/", "file/ci"])
def test_a_prefix_that_names_no_file_is_refused(tmp_path: Path, prefix: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(GovernError):
        generate_key_pair(tmp_path / prefix, None)
