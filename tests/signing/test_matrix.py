"""Every signer and every verifier: one table, run with the real programs.

A row is a signer; its words are what the verifiers say, in the order of `VERIFIERS`: `yes`, or why not. `-` is where
there is nothing that the verifier reads. Wherever one says yes, it must say no to another key, subject, issuer and
authority; wherever one says no, it must be for the reason that stands here. So nothing in the table holds by chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest

from support.cosign import Cosign
from support.desk import run_here
from support.matrix.setting import NAME, Setting, Signed, make_stranger
from support.matrix.signers import SIGNERS, flags_of, pair_of, sign_all, write_predicate
from support.matrix.verifiers import VERIFIERS, mistaken
from support.model_signing import ModelSigning
from support.registries import Running
from support.sigstore.oidc import SHAPES
from support.sigstore.pki import make_chain
from support.sigstore.stack import Sigstore
from support.sigstore_js import SigstoreJs
from support.softhsm import HsmKey, SoftHsm

# | govern told by: flags, a policy, one that wants a time, a log entry, both | cosign, which wants nothing more, a
# time, a log entry | sigstore-js, which wants nothing more, both | sigstore-python, which always wants both |
# model_signing, which wants a directory |
TABLE: Final[tuple[tuple[str, str, str, str, str, str], ...]] = (
    ("govern key", "yes yes time log time", "yes time log", "yes time", "key", "yes"),
    ("govern cosign key", "yes yes time log time", "yes time log", "yes time", "key", "yes"),
    ("govern HSM key", "yes yes time log time", "yes time log", "yes time", "key", "yes"),
    ("govern key+time", "yes yes yes log log", "yes yes log", "yes log", "key", "yes"),
    ("govern key+log", "yes yes time yes time", "yes time yes", "yes time", "key", "yes"),
    ("govern key+log+time", "yes yes yes yes yes", "yes yes yes", "yes yes", "key", "yes"),
    # Others than govern and model_signing know one form of internal PKI, or none: a leaf that the root itself issued.
    ("govern leaf of a root+time", "yes yes yes log log", "yes yes log", "public public", "log", "yes"),
    ("govern chain+time", "yes yes yes log log", "chain chain chain", "chain chain", "chain", "yes"),
    *((f"govern keyless {one}", "yes yes yes yes yes", "yes yes yes", "yes yes", "yes", "yes") for one in SHAPES),
    ("cosign key", "yes yes time log time", "yes time log", "yes time", "none", "-"),
    ("cosign key+time", "yes yes yes log log", "yes yes log", "yes log", "none", "-"),
    ("cosign key+log", "yes yes time yes time", "yes time yes", "yes time", "key", "-"),
    ("cosign key+log+time", "yes yes yes yes yes", "yes yes yes", "yes yes", "key", "-"),
    *((f"cosign keyless {one}", "yes yes yes yes yes", "yes yes yes", "yes yes", "yes", "-") for one in SHAPES),
    # A root that pins a log says that whatever it vouches for is in it.
    ("cosign keyless without log", "root root root root root", "yes yes log", "yes log", "none", "-"),
    ("cosign sign key", "yes yes time log time", "yes time log", "yes time", "none", "-"),
    ("cosign sign keyless", "yes yes yes yes yes", "yes yes yes", "yes yes", "yes", "-"),
    # Its subject is the model's files and no manifest, which cosign in a registry cannot know.
    ("model_signing key", "yes yes time log time", "files time log", "yes time", "key", "yes"),
    ("model_signing certificate", "yes yes time log time", "chain chain chain", "chain chain", "chain", "yes"),
    *(
        (f"model_signing keyless {one}", "yes yes yes yes yes", "files files files", "yes yes", "yes", "yes")
        for one in SHAPES
    ),
)

WHY: Final[dict[str, dict[str, str]]] = {
    "govern": {
        "time": "must carry a timestamp of a pinned authority",
        "log": "must be in a pinned log",
        "root": "the record is in no trusted log",
    },
    "cosign": {
        "time": "threshold not met for verified signed timestamps: 0 < 1",
        "log": "not enough verified log entries from transparency log: 0 < 1",
        "chain": "no matching attestations",
        "files": "provided artifact digest does not match any digest in statement",
    },
    "sigstore-js": {
        "time": "expected 1 timestamps, got 0",
        "log": "expected 1 tlog entries, got 0",
        "public": "expected 1 SCTs, got 0",
        "chain": "invalid bundle",
    },
    "sigstore-python": {
        "key": "expected certificate in bundle",
        "chain": "expected certificate in bundle",
        "log": "expected exactly one log entry in bundle",
        "none": "verificationMaterial.tlogEntries",
    },
}
"""What a verifier says for each reason."""


@dataclass(frozen=True, slots=True)
class Row:
    """One cell of the table.

    Args:
        signer: a key of `SIGNERS`.
        verifier: a key of `VERIFIERS`.
        word: `yes`, or a key of `WHY`.
    """

    signer: str
    verifier: str
    word: str

    def __str__(self) -> str:
        return f"{self.signer} -> {self.verifier}: {'yes' if self.word == 'yes' else f'no, {self.word}'}"

    @property
    def why(self) -> str:
        """What the verifier must say."""
        return next(why for peer, why in WHY.items() if self.verifier.startswith(peer))[self.word]


ROWS: Final = tuple(
    Row(signer, verifier, word)
    for signer, *columns in TABLE
    for verifier, word in zip(VERIFIERS, " ".join(columns).split(), strict=True)
    if word != "-"
)


@pytest.fixture(scope="session")
def setting(
    tmp_path_factory: pytest.TempPathFactory,
    sigstore: Sigstore,
    distribution: Running,
    cosign: Cosign,
    oms: ModelSigning,
    js: SigstoreJs,
    _hsm: tuple[SoftHsm, dict[str, HsmKey]],
) -> Iterator[Setting]:
    root = tmp_path_factory.mktemp("matrix")
    model = root / "model"
    model.mkdir()
    (model / "README.md").write_text("a model\n")
    (model / "weights.bin").write_bytes(bytes(range(256)))
    hsm, keys = _hsm
    stranger = make_stranger(root / "stranger", sigstore)
    bare = Setting(root, sigstore, distribution, cosign, oms, js, hsm, keys["ci"], make_chain(), stranger, model)
    write_predicate(bare)
    with pytest.MonkeyPatch.context() as patch:
        # Those of a test are not there yet, and nobody must find the machine's own.
        patch.setenv("HOME", str(root))
        key = pair_of(bare, "base").with_suffix(".key")
        yield replace(bare, base=bare.govern("push", model, bare.free(), "--name", NAME, "--key", key))


@pytest.fixture(scope="session")
def signed(setting: Setting) -> dict[str, Signed]:
    return sign_all(setting, SIGNERS)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_verifier_accepts_the_signer_alone_or_says_why_not(
    row: Row, setting: Setting, signed: dict[str, Signed]
) -> None:
    verifier, one = VERIFIERS[row.verifier], signed[row.signer]
    verdict = verifier.ask(setting, one, one.who)
    if row.word == "yes":
        assert verdict.accepted, verdict.said
        assert mistaken(verifier, setting, one) == []
    else:
        assert not verdict.accepted
        assert row.why in verdict.said


def test_the_table_has_every_signer_and_every_verifier_says_yes_and_no() -> None:
    assert sorted(signer for signer, *_ in TABLE) == sorted(SIGNERS)
    for verifier in set(VERIFIERS) - {"govern", "govern policy", "model_signing"}:
        words = {row.word for row in ROWS if row.verifier == verifier}
        assert words > {"yes"}, verifier
    for signer in ("govern", "cosign", "model_signing"):
        assert {f"{signer} keyless {shape}" for shape in SHAPES} <= set(SIGNERS)


def test_a_sigstore_that_pins_no_log_asks_for_no_entry(
    setting: Setting, signed: dict[str, Signed], tmp_path: Path
) -> None:
    one = signed["cosign keyless without log"]
    who = replace(one.who, files=setting.sigstore.trusting(tmp_path, {"tlogs": []}))

    def verify(*options: Any) -> int:
        return run_here(
            tmp_path, ["verify", one.reference, "--name", NAME, "--require", one.kind, *map(str, options)]
        ).code

    assert verify(*flags_of(who)) == 0
    assert verify(*flags_of(replace(who, subject="bob@example.test"))) == 1


def test_cosign_signs_with_no_identity_where_nobody_says_when(setting: Setting, tmp_path: Path) -> None:
    """Why the table has no identity with a log and without a time: such a certificate is good for minutes."""
    files = setting.sigstore.variant(tmp_path, tsa=None)
    done = setting.cosign(
        *("attest", "--signing-config", files.signing_config, "--trusted-root", files.trusted_root, "--yes"),
        *("--identity-token", setting.sigstore.token("email"), "--type", "https://example.com/scan/v1"),
        *("--predicate", setting.root / "predicate.json", setting.copied()),
    )
    assert done.returncode != 0
    assert "a timestamp authority must be provided" in done.stderr


def test_a_model_signature_is_of_every_file(setting: Setting, signed: dict[str, Signed], tmp_path: Path) -> None:
    """What makes a yes of the last column worth something: the same signature beside other files."""
    verifier, one = VERIFIERS["model_signing"], signed["govern key"]
    assert one.folder is not None
    for file in (*setting.model.iterdir(), one.folder / "model.sig"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    other = replace(one, folder=tmp_path)
    assert verifier.ask(setting, other, one.who).accepted
    (tmp_path / "weights.bin").write_bytes(b"others")
    assert not verifier.ask(setting, other, one.who).accepted


def test_a_model_signature_of_other_files_is_not_attached(
    setting: Setting, signed: dict[str, Signed], tmp_path: Path
) -> None:
    (tmp_path / "weights.bin").write_bytes(b"others")
    key = setting.root / "base.key"
    reference = setting.govern("push", tmp_path, setting.free(), "--name", NAME, "--key", key)
    folder = signed["model_signing key"].folder
    assert folder is not None
    ran = run_here(tmp_path, ["attest", reference, "--name", NAME, "--import", str(folder / "model.sig")])
    assert ran.code == 1, ran.stderr
