"""Keys in a token: signed with on a real SoftHSM, named in every way, verified by cosign; and what a token may lack."""

from __future__ import annotations

import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import govern
from conftest import Cli
from govern.errors import AuthError, InvalidInput, NotFound
from govern.predicates import registration
from govern.signing.open_signer import open_signer
from support.cosign import Cosign
from support.registries import Running
from support.softhsm import PIN, WRONG_PIN, HsmKey, SoftHsm, soft_hsm

CI: Final = "pkcs11:token=govern;object=ci"

MAKE: Final = """
import sys
import pkcs11
from pkcs11 import Attribute, KeyType
from pkcs11.util.ec import encode_named_curve_parameters

library, token, pin = sys.argv[1:4]
with pkcs11.lib(library).get_token(token_label=token).open(user_pin=pin, rw=True) as session:
    curve = {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
    pair = lambda **options: session.create_domain_parameters(
        KeyType.EC, curve, local=True).generate_keypair(store=True, **options)
    pair(label="no id")
    pair(label="zero", id=b"\\0\\x64")
    pair(label="twin", id=b"1")
    pair(label="twin", id=b"2")
    pair(label="half", id=b"3")[0].destroy()
    pair(label="mute", id=b"4", private_template={Attribute.SIGN: False})
    session.generate_keypair(KeyType.RSA, 2048, store=True, label="rsa", id=b"5")
"""


def pin(_label: str) -> bytes:
    return PIN.encode()


def public_of(key: HsmKey) -> ec.EllipticCurvePublicKey:
    found = serialization.load_pem_public_key(key.public)
    assert isinstance(found, ec.EllipticCurvePublicKey)
    return found


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    return folder


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> SoftHsm:
    """Tokens with keys that are not as they should be, and two tokens of one label."""
    hsm = soft_hsm(tmp_path_factory.mktemp("odd"))
    for label in ("odd", "same", "same"):
        hsm.make_token(label)
    hsm._run(sys.executable, "-c", MAKE, str(hsm.library), "odd", PIN)
    return hsm


# --- signing -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "uri",
    [
        CI,
        "pkcs11:token=govern;id=%02",
        "pkcs11:token=govern;id=%02;object=ci;type=private",
        "pkcs11:manufacturer=SoftHSM%20project;model=SoftHSM%20v2;token=govern;object=ci",
        "hsm:2?label=govern",
        "hsm:?label=govern",
    ],
)
def test_a_key_signs_however_it_is_named(softhsm: SoftHsm, hsm_keys: dict[str, HsmKey], uri: str) -> None:
    signer = open_signer(uri, pin, softhsm.environment)
    assert signer.public_key.to_pem().encode() == hsm_keys["ci"].public
    public_of(hsm_keys["ci"]).verify(signer.sign(b"data"), b"data", ec.ECDSA(hashes.SHA256()))


def test_the_module_may_stand_in_the_uri_and_the_slot_too(softhsm: SoftHsm, hsm_keys: dict[str, HsmKey]) -> None:
    import pkcs11

    token = next(pkcs11.lib(str(softhsm.library)).get_tokens(token_label="govern"))
    serial = token.serial.decode().strip()
    for named in (f"slot-id={token.slot.slot_id}", f"serial={quote(serial)}"):
        signer = open_signer(f"pkcs11:{named};object=ci?module-path={softhsm.library}", pin, {})
        assert signer.public_key.to_pem().encode() == hsm_keys["ci"].public
    with pytest.raises(NotFound, match="the token of the key pkcs11:object=ci;slot-id=1 is not there"):
        open_signer(f"pkcs11:slot-id=1;object=ci?module-path={softhsm.library}", pin, {})


def test_many_threads_sign_with_two_keys_of_one_token(softhsm: SoftHsm, hsm_keys: dict[str, HsmKey]) -> None:
    signers = [
        open_signer(f"pkcs11:token=govern;object={label}", pin, softhsm.environment)
        for label in hsm_keys
        if label != "p384"
    ]

    def sign(number: int) -> None:
        signer = signers[number % 2]
        signer.public_key.verify(signer.sign(b"%d" % number), b"%d" % number)

    with ThreadPoolExecutor(8) as pool:
        assert len(list(pool.map(sign, range(64)))) == 64


def test_govern_pushes_with_it_and_everybody_verifies(
    softhsm: SoftHsm, hsm_keys: dict[str, HsmKey], cli: Cli, model: Path, tmp_path: Path
) -> None:
    (tmp_path / "ci.pub").write_bytes(hsm_keys["ci"].public)
    reference = f"layout:{tmp_path}/store:1.0.0"
    done = cli("push", model, reference, "--key", CI, "--name", "acme/fraud", env={"GOVERN_HSM_PIN": PIN})
    assert done.returncode == 0, done.stderr
    assert cli("verify", reference, "--key", "ci.pub", "--name", "acme/fraud").returncode == 0
    (tmp_path / "other.pub").write_bytes(hsm_keys["release"].public)
    assert cli("verify", reference, "--key", "other.pub", "--name", "acme/fraud").returncode == 1
    note = ("annotate", reference, "team=risk", "--key", "hsm:2?label=govern", "--name", "acme/fraud")
    attached = cli(*note, env={"COSIGN_PKCS11_PIN": PIN})
    assert attached.returncode == 0, attached.stderr
    written = b"".join(path.read_bytes() for path in (tmp_path / "store").rglob("*") if path.is_file())
    assert PIN.encode() not in written
    assert b"pkcs11" not in written


def test_cosign_verifies_what_a_token_signed(
    softhsm: SoftHsm,
    hsm_keys: dict[str, HsmKey],
    distribution: Running,
    repository: str,
    cosign: Cosign,
    model: Path,
    tmp_path: Path,
) -> None:
    pushed = govern.push(model, f"{distribution.host}/{repository}:1.0.0", key=CI, passphrase=PIN)
    for label, accepted in (("ci", 1), ("release", 0)):
        (tmp_path / f"{label}.pub").write_bytes(hsm_keys[label].public)
        assert len(cosign.accepts(str(pushed.pinned), registration.TYPE, tmp_path / f"{label}.pub")) == accepted


def test_key_show_prints_the_public_key_for_the_policy(
    softhsm: SoftHsm, hsm_keys: dict[str, HsmKey], cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "pin").write_text(f"{PIN}\n")
    for arguments in ((CI, "--passphrase-file", "pin"), (f"{CI}?pin-source={tmp_path}/pin",)):
        done = cli("key", "show", *arguments)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip().encode() == hsm_keys["ci"].public.strip()


# --- what is missing or wrong --------------------------------------------------------------------


def test_a_wrong_pin_is_undecided_tried_once_and_told_to_nobody(softhsm: SoftHsm, hsm_keys: dict[str, HsmKey]) -> None:
    asked: list[str] = []

    def ask(label: str) -> bytes:
        asked.append(label)
        return WRONG_PIN.encode()

    with pytest.raises(AuthError, match="was not opened: got a wrong PIN") as refused:
        open_signer(CI, ask, softhsm.environment)
    assert refused.value.exit_code == 3
    assert asked == [f"the key {CI}"]
    assert WRONG_PIN not in "".join(traceback.format_exception(refused.value)) + refused.value.hint
    assert refused.value.__suppress_context__


def test_a_wrong_pin_of_the_command_line_attaches_nothing(
    softhsm: SoftHsm, hsm_keys: dict[str, HsmKey], cli: Cli, model: Path, tmp_path: Path
) -> None:
    (tmp_path / "pin").write_text(WRONG_PIN)
    for arguments, env in (((), {"GOVERN_HSM_PIN": WRONG_PIN}), (("--passphrase-file", "pin"), {})):
        done = cli("push", model, f"layout:{tmp_path}/s:1", "--key", CI, "--name", "a/b", *arguments, env=env)
        assert done.returncode == 3
        assert WRONG_PIN not in done.stdout + done.stderr
        assert "it was tried once" in done.stderr
        assert not (tmp_path / "s").exists()


def test_without_a_pin_or_with_a_passphrase_alone_nothing_is_tried(
    softhsm: SoftHsm, hsm_keys: dict[str, HsmKey], cli: Cli
) -> None:
    done = cli("key", "show", CI, env={"GOVERN_KEY_PASSPHRASE": PIN, "COSIGN_PASSWORD": PIN})
    assert done.returncode == 2
    assert "is behind a PIN" in done.stderr
    assert "GOVERN_HSM_PIN" in done.stderr


@pytest.mark.parametrize("given", [b"\xff\xfe13579", b""])
def test_a_pin_that_is_none_is_not_repeated(softhsm: SoftHsm, given: bytes, hsm_keys: dict[str, HsmKey]) -> None:
    with pytest.raises(InvalidInput) as refused:
        open_signer(CI, lambda _label: given, softhsm.environment)
    assert WRONG_PIN not in "".join(traceback.format_exception(refused.value))


def test_a_signer_is_printed_without_its_pin(softhsm: SoftHsm, hsm_keys: dict[str, HsmKey]) -> None:
    signer = open_signer(CI, pin, softhsm.environment)
    assert repr(signer) == f"TokenSigner({CI}, {signer.public_key.signer})"


@pytest.mark.parametrize(
    ("uri", "kind", "word"),
    [
        (
            "pkcs11:token=nothing;object=ci",
            NotFound,
            "the token of the key pkcs11:token=nothing;object=ci is not there",
        ),
        ("pkcs11:token=govern;object=nothing", NotFound, "is not in its token"),
        ("pkcs11:token=govern;object=ci;id=%03", NotFound, "is not in its token"),
        ("pkcs11:token=empty;id=%02", NotFound, "is not in its token"),
        ("pkcs11:token=govern;object=p384", InvalidInput, "is of another kind: got ECDSA secp384r1"),
    ],
)
def test_what_is_not_there_is_told(
    softhsm: SoftHsm, hsm_keys: dict[str, HsmKey], uri: str, kind: type[Exception], word: str
) -> None:
    with pytest.raises(kind, match=word):
        open_signer(uri, pin, softhsm.environment)


@pytest.mark.parametrize(
    ("uri", "code", "word"),
    [
        ("pkcs11:token=odd;object=no%20id", 0, "signer sha256:"),
        ("pkcs11:token=odd;object=zero", 0, "signer sha256:"),
        ("pkcs11:token=odd;id=%00%64", 0, "signer sha256:"),
        ("pkcs11:token=odd;object=twin;id=1", 0, "signer sha256:"),
        ("pkcs11:token=odd;object=twin", 2, "fits 2 private keys"),
        ("pkcs11:token=same;object=ci", 2, "fits 2 tokens"),
        ("pkcs11:object=zero", 2, "fits 3 tokens"),
        ("pkcs11:token=odd;object=half", 2, "got 0 public keys with its id"),
        ("pkcs11:token=odd;object=mute", 2, "may not sign"),
        ("pkcs11:token=odd;object=rsa", 2, "is of another kind: got RSA"),
    ],
)
def test_odd_keys_are_used_or_refused_in_words(odd: SoftHsm, cli: Cli, uri: str, code: int, word: str) -> None:
    done = cli("key", "show", uri, env=odd.environment | {"GOVERN_HSM_PIN": PIN})
    assert done.returncode == code, done.stderr
    assert word in done.stderr


def test_a_key_of_a_leading_zero_signs(odd: SoftHsm, cli: Cli, model: Path, tmp_path: Path) -> None:
    env = odd.environment | {"GOVERN_HSM_PIN": PIN}
    for label in ("zero", "no%20id"):
        reference = f"layout:{tmp_path}/{label}:1"
        uri = f"pkcs11:token=odd;object={label}"
        assert cli("push", model, reference, "--key", uri, "--name", "a/b", env=env).returncode == 0
        (tmp_path / "key.pub").write_text(cli("key", "show", uri, env=env).stdout)
        assert cli("verify", reference, "--key", "key.pub", "--name", "a/b").returncode == 0


GONE: Final = """
import shutil, sys
from govern.errors import GovernError
from govern.signing.open_signer import open_signer
import os
signer = open_signer("pkcs11:object=ci", lambda label: sys.argv[1].encode(), os.environ)
signer.sign(b"data")
shutil.rmtree(sys.argv[2])
try:
    signer.sign(b"data")
except GovernError as refused:
    print(type(refused).__name__, refused.exit_code, refused.message)
"""


def test_a_token_that_is_taken_away_is_undecided(tmp_path: Path) -> None:
    hsm = soft_hsm(tmp_path / "hsm")
    hsm.make_token("mine")
    hsm.generate("mine", 2, "ci")
    said = hsm._run(sys.executable, "-c", GONE, PIN, str(tmp_path / "hsm" / "tokens"))
    assert said.startswith(("Undecided 3 ", "NotFound 3 ")), said
    assert PIN not in said


def test_a_module_without_a_token_is_undecided(tmp_path: Path, cli: Cli) -> None:
    hsm = soft_hsm(tmp_path / "hsm")
    done = cli("key", "show", "pkcs11:object=ci", env=hsm.environment | {"GOVERN_HSM_PIN": PIN})
    assert done.returncode == 3
    assert "no token at all" in done.stderr


def test_wrong_uris_are_wrong_usage(cli: Cli, model: Path, tmp_path: Path) -> None:
    for uri in ("pkcs11:token=govern", f"{CI}?pin-value={WRONG_PIN}", "hsm:x", f"{CI}?pin-source=%7Ccat"):
        done = cli("push", model, f"layout:{tmp_path}/s:1", "--key", uri, "--name", "a/b")
        assert done.returncode == 2, uri
        assert WRONG_PIN not in done.stdout + done.stderr
    assert not (tmp_path / "s").exists()
