"""The signers of the table: govern with everything that it signs with, cosign, and model_signing.

Each signs the same model in a repository of its own, so that all of them can sign at the same time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

from govern.predicates import registration
from govern.predicates.kinds import COSIGN_SIGN, OMS_V1
from support.cosign import PASSWORD
from support.matrix.setting import NAME, Setting, Signed, Who
from support.sigstore.oidc import SHAPES, Shape
from support.sigstore.pki import Issued, make_leaf
from support.sigstore.trust_files import ClientFiles, authority_entry
from support.softhsm import PIN

SCAN: Final = "https://example.com/scan/v1"
PKI_SUBJECT: Final = "https://ci.example.test/train"
Sign = Callable[[Setting], Signed]


def sign_all(setting: Setting, signers: Mapping[str, Sign]) -> dict[str, Signed]:
    """Let everybody sign at once: the log answers once a second, whatever the number."""
    with ThreadPoolExecutor(8) as pool:
        made = {name: pool.submit(sign, setting) for name, sign in signers.items()}
        return {name: one.result() for name, one in made.items()}


def pair_of(setting: Setting, name: str) -> Path:
    """Make a pair with govern; return the path without `.key` and `.pub`."""
    path = setting.root / name
    setting.govern("key", "generate", "--output", path, "--no-passphrase")
    return path


# --- govern --------------------------------------------------------------------------------------


def _pushed(setting: Setting, who: Who, *options: str | Path, env: Mapping[str, str] | None = None) -> Signed:
    """Push the model, and pull it, so that `model.sig` lies beside it."""
    reference = setting.govern("push", setting.model, setting.free(), "--name", NAME, *options, env=env)
    folder = setting.root / "pulled" / reference.rpartition("/")[0].replace("/", "-")
    setting.govern("pull", reference, "--name", NAME, *flags_of(who), "--output", folder)
    return Signed(reference, registration.TYPE, who, folder)


def flags_of(who: Who) -> list[str | Path]:
    """Return how govern's verbs are told whom to trust."""
    root: list[str | Path] = ["--trusted-root", who.files.trusted_root]
    if who.key is not None:
        return ["--key", who.key, *root]
    named: list[str | Path] = ["--certificate-identity", who.subject, "--certificate-oidc-issuer", who.issuer]
    if who.ca_root is None:
        return [*named, *root]
    # With the Sigstore's root beside, whose timestamps count for others' certificates too.
    return [*named, "--ca-roots", who.ca_root, *root]


def _with_key(setting: Setting, name: str, *options: str) -> Signed:
    pair = pair_of(setting, name)
    services = {"time": ["--timestamp-url", setting.sigstore.tsa], "log": ["--log-url", setting.sigstore.rekor]}
    asked = [word for one in options for word in services[one]]
    who = Who(setting.sigstore.files, key=pair.with_suffix(".pub"))
    return _pushed(setting, who, "--key", pair.with_suffix(".key"), *asked)


def _with_cosign_key(setting: Setting) -> Signed:
    who = Who(setting.sigstore.files, key=setting.cosign.pub)
    return _pushed(setting, who, "--key", setting.cosign.key, env={"GOVERN_KEY_PASSPHRASE": PASSWORD})


def _with_hsm(setting: Setting) -> Signed:
    env = {**setting.hsm.environment, "GOVERN_HSM_PIN": PIN}
    public = setting.root / "hsm.pub"
    public.write_bytes(setting.hsm_key.public)
    who = Who(setting.sigstore.files, key=public)
    return _pushed(setting, who, "--key", "pkcs11:token=govern;object=ci", env=env)


def _with_certificate(setting: Setting, name: str, leaf_of: Callable[[Setting], Issued], authority: str) -> Signed:
    leaf = leaf_of(setting)
    folder = setting.root / name
    folder.mkdir()
    (folder / "leaf.key").write_bytes(leaf.key_pem)
    (folder / "leaf.key").chmod(0o600)
    (folder / "chain.pem").write_bytes(leaf.chain_pem)
    (folder / "root.pem").write_bytes(setting.chain.root.pem)
    issued: Issued = getattr(setting.chain, authority)
    entry = authority_entry("https://ca.example.test", issued, setting.sigstore.start)
    who = Who(
        setting.sigstore.files,
        subject=PKI_SUBJECT,
        issuer=setting.chain.root.certificate.subject.rfc4514_string(),
        ca_root=folder / "root.pem",
        ca_files=setting.sigstore.trusting(folder / "files", {"certificateAuthorities": [entry]}),
    )
    key: tuple[str | Path, ...] = ("--key", folder / "leaf.key", "--certificate", folder / "chain.pem")
    return _pushed(setting, who, *key, "--timestamp-url", setting.sigstore.tsa)


def _identity(setting: Setting, shape: Shape) -> Who:
    sigstore = setting.sigstore
    return Who(sigstore.files, subject=sigstore.san(shape), issuer=sigstore.issuer(shape))


def _keyless(shape: Shape, setting: Setting) -> Signed:
    token = setting.root / f"{shape}.token"
    token.write_text(setting.sigstore.token(shape))
    asked = ("--keyless", "--identity-token-file", token, "--trust-config", setting.sigstore.client_trust_config)
    return _pushed(setting, _identity(setting, shape), *asked)


GOVERN: Final[dict[str, Sign]] = {
    "govern key": lambda setting: _with_key(setting, "plain"),
    "govern cosign key": _with_cosign_key,
    "govern HSM key": _with_hsm,
    "govern key+time": lambda setting: _with_key(setting, "timed", "time"),
    "govern key+log": lambda setting: _with_key(setting, "logged", "log"),
    "govern key+log+time": lambda setting: _with_key(setting, "both", "log", "time"),
    "govern leaf of a root+time": lambda setting: _with_certificate(
        setting, "leaf", lambda one: make_leaf(one.chain.root), "root"
    ),
    "govern chain+time": lambda setting: _with_certificate(
        setting, "chain", lambda one: one.chain.leaf, "intermediate"
    ),
    **{f"govern keyless {shape}": partial(_keyless, shape) for shape in SHAPES},
}


# --- cosign --------------------------------------------------------------------------------------


def _by_cosign(setting: Setting, name: str, who: Who, files: ClientFiles, *credential: str | Path) -> Signed:
    reference = setting.copied()
    asked = ("--signing-config", files.signing_config, "--trusted-root", files.trusted_root, "--yes", *credential)
    if name.startswith("cosign sign"):
        what: tuple[str | Path, ...] = ("sign", *asked, reference)
    else:
        predicate = setting.root / "predicate.json"
        what = ("attest", *asked, "--type", SCAN, "--predicate", predicate, reference)
    done = setting.cosign(*what)
    assert done.returncode == 0, done.stderr
    return Signed(reference, COSIGN_SIGN if what[0] == "sign" else SCAN, who)


def _cosign_key(name: str, without: tuple[str, ...], setting: Setting) -> Signed:
    files = setting.sigstore.variant(setting.root / name.replace(" ", "-"), **dict.fromkeys(without))
    who = Who(setting.sigstore.files, key=setting.cosign.pub)
    return _by_cosign(setting, name, who, files, "--key", setting.cosign.key)


def _cosign_keyless(name: str, shape: Shape, without: tuple[str, ...], setting: Setting) -> Signed:
    files = setting.sigstore.variant(setting.root / name.replace(" ", "-"), **dict.fromkeys(without))
    credential = ("--identity-token", setting.sigstore.token(shape))
    return _by_cosign(setting, name, _identity(setting, shape), files, *credential)


_KEYS: Final[dict[str, tuple[str, ...]]] = {
    "cosign key": ("rekor", "tsa"),
    "cosign key+time": ("rekor",),
    "cosign key+log": ("tsa",),
    "cosign key+log+time": (),
    "cosign sign key": ("rekor", "tsa"),
}
COSIGN: Final[dict[str, Sign]] = {
    **{name: partial(_cosign_key, name, without) for name, without in _KEYS.items()},
    **{f"cosign keyless {one}": partial(_cosign_keyless, f"cosign keyless {one}", one, ()) for one in SHAPES},
    "cosign keyless without log": partial(_cosign_keyless, "cosign keyless without log", "email", ("rekor",)),
    "cosign sign keyless": partial(_cosign_keyless, "cosign sign keyless", "ci", ()),
}


# --- model_signing -------------------------------------------------------------------------------


def _imported(setting: Setting, who: Who, folder: Path) -> Signed:
    """Attach what model_signing left beside the model."""
    reference = setting.copied()
    setting.govern("attest", reference, "--name", NAME, "--import", folder / "model.sig")
    return Signed(reference, OMS_V1, who, folder)


def _beside(setting: Setting, name: str) -> Path:
    folder = setting.root / "oms" / name
    folder.mkdir(parents=True)
    for one in setting.model.iterdir():
        (folder / one.name).write_bytes(one.read_bytes())
    return folder


def _oms_key(setting: Setting) -> Signed:
    pair, folder = pair_of(setting, "oms"), _beside(setting, "key")
    setting.oms.signs(folder, pair.with_suffix(".key"), folder / "model.sig")
    return _imported(setting, Who(setting.sigstore.files, key=pair.with_suffix(".pub")), folder)


def _oms_certificate(setting: Setting) -> Signed:
    folder = _beside(setting, "certificate")
    files = setting.chain.write(setting.root / "oms-chain")
    setting.oms.signs_with_certificate(folder, files, folder / "model.sig")
    issuer = setting.chain.root.certificate.subject.rfc4514_string()
    who = Who(setting.sigstore.files, subject=PKI_SUBJECT, issuer=issuer, ca_root=files.root)
    return _imported(setting, who, folder)


def _oms_keyless(shape: Shape, setting: Setting) -> Signed:
    folder = _beside(setting, shape)
    token = setting.sigstore.token(shape)
    setting.oms.signs_keyless(folder, setting.sigstore.client_trust_config, token, folder / "model.sig")
    return _imported(setting, _identity(setting, shape), folder)


MODEL_SIGNING: Final[dict[str, Sign]] = {
    "model_signing key": _oms_key,
    "model_signing certificate": _oms_certificate,
    **{f"model_signing keyless {shape}": partial(_oms_keyless, shape) for shape in SHAPES},
}
SIGNERS: Final[dict[str, Sign]] = {**GOVERN, **COSIGN, **MODEL_SIGNING}


def write_predicate(setting: Setting) -> None:
    """Write what cosign attests."""
    (setting.root / "predicate.json").write_text(json.dumps({"findings": 0}))
