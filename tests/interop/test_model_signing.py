"""OpenSSF model signatures in both directions, with the real `model_signing`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

import govern
from govern.artifact.model_sig import MODEL_SIG, write_model_sig
from govern.artifact.reading import file_list_layer
from govern.errors import Denied
from govern.intoto.bundle import Bundle, CertificateChain, PublicKeyHint, read_bundle
from govern.intoto.statement import read_statement
from govern.oci.digest import Digest
from govern.oci.manifest import read_manifest
from govern.operations.file_list import files_of
from govern.predicates.kinds import OMS_V1
from govern.signing.key_file import KeySigner
from govern.signing.key_record_signer import KeyRecordSigner
from govern.signing.oms import oms_hint
from govern.store.layout import LayoutStore
from govern.store.object_cache import ObjectCache
from govern.trust.keys import PublicKey, wrap
from govern.trust.oms import check_oms
from support.cosign import Cosign
from support.model_signing import ModelSigning
from support.oms import oms_of
from support.parts import require_part
from support.tls import certify
from support.trees import BUNDLED, PLAIN, Files, write_tree

AWKWARD: Final[Files] = {
    "a/b": b"in a folder\n",
    "a-b": b"the specification has this first, model_signing the one above\n",
    "a.b": b"and this\n",
    "notes/caf\u00e9.md": b"coffee\n",
    "weights.bin": bytes(range(256)) * 64,
    # Every model on the Hugging Face Hub has the first one.
    ".gitattributes": b"*.bin filter=lfs\n",
    ".gitignore": b"*.tmp\n",
    ".github/workflows/ci.yaml": b"on: push\n",
    "a/.gitignore": b"*.log\n",
}
GIT: Final = (".gitattributes", ".github/workflows/ci.yaml", ".gitignore")
TREES: Final = {"plain": PLAIN.files, "bundled": BUNDLED.files, "awkward": lambda: AWKWARD}


@pytest.fixture(scope="module")
def tool() -> ModelSigning:
    return ModelSigning(require_part("model_signing"))


class Pair:
    """A P-256 or other key in files, for the peer and for us."""

    def __init__(self, folder: Path, curve: ec.EllipticCurve | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.private = ec.generate_private_key(curve or ec.SECP256R1())
        self.key, self.pub = folder / "oms.key", folder / "oms.pub"
        self.key.write_bytes(self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        public = self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        self.pub.write_bytes(public)

    @property
    def public_key(self) -> PublicKey:
        return wrap(self.private.public_key())


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path / "pair")


class Pushed:
    """A tree that govern pushed into a layout, which then lost everything but what a verifier reads."""

    def __init__(self, folder: Path, files: Files, key: Path) -> None:
        self.source = write_tree(folder / "model", files)
        self.layout, self.files = folder / "layout", files
        self.reference = f"layout:{self.layout}:1.0.0"
        pushed = govern.push(self.source, self.reference, key=key, name="acme/fraud", allow_pickle=True)
        self.digest: Digest = pushed.pinned.digest

    def listed(self) -> dict[str, str]:
        """Return the file list, from a place without one byte of a file."""
        store = LayoutStore(self.layout)
        manifest = read_manifest(store.get_manifest(self.digest))
        for layer in manifest.layers:
            if layer is not file_list_layer(manifest):
                (self.layout / "blobs" / "sha256" / layer.id.encoded).unlink(missing_ok=True)
        return files_of(store, manifest, ObjectCache(None))


Push = Callable[[Files], Pushed]


@pytest.fixture
def push(tmp_path: Path, keys: tuple[Path, Path]) -> Push:
    return lambda files: Pushed(tmp_path / "pushed", files, keys[0])


# --- govern → model_signing ----------------------------------------------------------------------


def pulled(push: Push, tmp_path: Path, files: Files, pair: Pair) -> tuple[Path, Bundle]:
    """Push and pull a tree; leave govern's signature beside the files."""
    made = push(files)
    out = tmp_path / "out"
    govern.pull(made.reference, out, insecure_no_verify=True, name="acme/fraud")
    (signed,) = KeyRecordSigner(KeySigner(pair.private)).sign([oms_of(made.listed())])
    write_model_sig(out, signed.bundle.data)
    return out, signed.bundle


@pytest.mark.parametrize("tree", TREES)
def test_model_signing_accepts_a_pulled_directory_as_it_is(
    tree: str, tool: ModelSigning, push: Push, tmp_path: Path, pair: Pair
) -> None:
    out, _ = pulled(push, tmp_path, TREES[tree](), pair)
    assert (out / "govern.lock").exists()
    done = tool("verify", "key", out, "--public_key", pair.pub, "--signature", out / MODEL_SIG)
    assert (done.returncode, done.stderr) == (0, "")
    # Where the signature is kept elsewhere, nothing has to be said about it either.
    (out / MODEL_SIG).rename(tmp_path / "elsewhere.sig")
    assert tool.accepts(out, pair.pub, tmp_path / "elsewhere.sig")


def test_model_signing_refuses_what_was_changed_and_another_key(
    tool: ModelSigning, push: Push, tmp_path: Path, pair: Pair
) -> None:
    out, _ = pulled(push, tmp_path, AWKWARD, pair)
    assert not tool.accepts(out, Pair(tmp_path / "other").pub)
    (out / "a/b").rename(out / "b")
    assert not tool.accepts(out, pair.pub)
    (out / "b").rename(out / "a/b")
    assert tool.accepts(out, pair.pub)
    (out / "more").write_bytes(b"")
    assert not tool.accepts(out, pair.pub)
    (out / "more").unlink()
    (out / "a-b").write_bytes(AWKWARD["a.b"])
    (out / "a.b").write_bytes(AWKWARD["a-b"])
    assert not tool.accepts(out, pair.pub)


def test_cosign_accepts_the_same_bundle(cosign: Cosign, push: Push, tmp_path: Path, pair: Pair) -> None:
    out, bundle = pulled(push, tmp_path, AWKWARD, pair)
    root = read_statement(bundle.envelope.payload).subjects[0].sha256
    asked: list[str | Path] = ["verify-blob-attestation", "--bundle", out / MODEL_SIG, "--type", OMS_V1]
    asked += ["--insecure-ignore-tlog", "--digestAlg", "sha256", "--key", pair.pub]
    assert root is not None
    done = cosign(*asked, "--digest", root)
    assert done.returncode == 0, done.stderr
    assert cosign(*asked, "--digest", "0" * 64).returncode != 0


# --- model_signing → govern ----------------------------------------------------------------------


def uncovered(made: Pushed, data: bytes, key: PublicKey) -> tuple[str, ...]:
    """Read a foreign bundle, and hold it against what the place says."""
    bundle = read_bundle(data, Denied)
    key.verify(bundle.envelope.signatures[0].sig, bundle.envelope.signed)
    return check_oms(read_statement(bundle.envelope.payload, Denied), made.listed())


@pytest.mark.parametrize("tree", TREES)
def test_a_signature_of_model_signing_is_checked_without_one_byte_of_a_file(
    tree: str, tool: ModelSigning, push: Push, pair: Pair
) -> None:
    made = push(TREES[tree]())
    data = tool.signs(made.source, pair.key, made.source / MODEL_SIG)
    material = read_bundle(data).material
    assert material == PublicKeyHint(oms_hint(pair.public_key))
    assert uncovered(made, data, pair.public_key) == tuple(path for path in GIT if path in made.files)


@pytest.mark.parametrize("curve", [ec.SECP384R1(), ec.SECP521R1()], ids=lambda curve: curve.name)
def test_a_signature_with_another_curve_is_read_too(
    curve: ec.EllipticCurve, tool: ModelSigning, push: Push, tmp_path: Path
) -> None:
    made, pair = push(AWKWARD), Pair(tmp_path / "pair", curve)
    assert uncovered(made, tool.signs(made.source, pair.key, tmp_path / MODEL_SIG), pair.public_key) == GIT


def test_a_signature_with_a_certificate_chain_is_read_too(
    tool: ModelSigning, push: Push, pair: Pair, tmp_path: Path
) -> None:
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = certify("the test authority", authority_key, authority=None)
    leaf = certify("a signer", pair.private, authority=(authority, authority_key))
    for name, one in (("root.pem", authority), ("leaf.pem", leaf)):
        (tmp_path / name).write_bytes(one.public_bytes(Encoding.PEM))
    made = push(AWKWARD)
    done = tool(
        *("sign", "certificate", made.source, "--private_key", pair.key, "--signature", tmp_path / MODEL_SIG),
        *("--signing_certificate", tmp_path / "leaf.pem", "--certificate_chain", tmp_path / "root.pem"),
    )
    assert done.returncode == 0, done.stderr
    data = (tmp_path / MODEL_SIG).read_bytes()
    material = read_bundle(data).material
    assert material == CertificateChain((leaf.public_bytes(Encoding.DER), authority.public_bytes(Encoding.DER)))
    signer = x509.load_der_x509_certificate(material.certificates[0]).public_key()
    assert uncovered(made, data, wrap(signer)) == GIT


@pytest.mark.parametrize("tree", ["awkward", "bundled"])
def test_a_signature_over_another_directory_is_refused(
    tree: str, tool: ModelSigning, push: Push, pair: Pair, tmp_path: Path
) -> None:
    made = push(TREES[tree]())

    def refused(change: Callable[[Path], object], *options: str | Path) -> str:
        copy = write_tree(tmp_path / os.urandom(4).hex(), made.files)
        change(copy)
        ignored = [word for one in options for word in ("--ignore-paths", copy / one)]
        with pytest.raises(Denied) as told:
            uncovered(made, tool.signs(copy, pair.key, tmp_path / MODEL_SIG, *ignored), pair.public_key)
        return told.value.message

    one, two = sorted(made.files)[-2:]
    swapped = {one: made.files[two], two: made.files[one]}
    assert "other bytes" in refused(lambda copy: [(copy / path).write_bytes(data) for path, data in swapped.items()])
    assert f"not signed: {one!r}" in refused(lambda copy: (copy / one).unlink())
    assert "not in the artifact: 'more'" in refused(lambda copy: (copy / "more").write_bytes(b""))
    # The signer's own tool would accept a directory with anything in the place of what was ignored.
    assert f"not signed: {two!r}" in refused(lambda copy: (copy / two).write_bytes(b"evil"), two)


@pytest.mark.parametrize(("how", "algorithm"), [("files", "blake2"), ("files", "blake3"), ("1000", "sha256")])
def test_what_a_manifest_cannot_tell_is_refused_with_the_way_out(
    how: str, algorithm: str, tool: ModelSigning, push: Push, pair: Pair, tmp_path: Path
) -> None:
    made = push(AWKWARD)
    data = tool.hashes(made.source, pair.key, tmp_path / MODEL_SIG, how, algorithm)
    with pytest.raises(Denied, match="manifest does not") as told:
        uncovered(made, data, pair.public_key)
    assert "model_signing" in told.value.hint


def test_a_signature_that_insists_on_the_files_of_git_is_held_to_them(
    tool: ModelSigning, push: Push, pair: Pair, tmp_path: Path
) -> None:
    made = push(AWKWARD)
    data = tool.signs(made.source, pair.key, tmp_path / MODEL_SIG, "--no-ignore-git-paths")
    assert uncovered(made, data, pair.public_key) == ()
