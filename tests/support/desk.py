"""A desk with everything on it that a command may be given, right and wrong: keys, a model, a layout, a policy."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from unittest import mock

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

import govern
from govern.cli.app import run
from govern.policy.template import policy_template
from govern.settings import Settings
from govern.signing.key_file import generate_key_pair, load_public_key
from support.model_files import safetensors
from support.refusal import snapshot
from support.trees import write_tree

PASSPHRASE: Final = "correct horse"
MODEL: Final = {
    "README.md": b"# A model\n",
    "config.json": b'{"model_type": "tiny"}',
    "model.safetensors": safetensors({"w": ("F32", [8, 8], 256)}),
}


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that ended."""

    code: int
    stdout: str
    stderr: str


def run_here(folder: Path, line: Sequence[str], *, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> Ran:
    """Run a command line in this process; whatever leaves it but an exit code fails the test.

    Args:
        folder: where it runs.
        line: what follows `govern`.
        stdin: what it reads.
        env: variables besides the isolated ones.
    """
    stdout, stderr = io.StringIO(), io.StringIO()
    reader = io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")
    with (
        contextlib.chdir(folder),
        mock.patch.dict(os.environ, env or {}),
        mock.patch.object(sys, "stdin", reader),
        contextlib.redirect_stdout(stdout),
        contextlib.redirect_stderr(stderr),
    ):
        code = run(line)
    return Ran(code, stdout.getvalue(), stderr.getvalue())


@dataclass(frozen=True, slots=True)
class Desk:
    """A folder to work in.

    Args:
        folder: where everything lies.
        digest: of the artifact that was pushed to `layout:store/fraud:1.0`.
    """

    folder: Path
    digest: str

    def run(self, *line: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> Ran:
        """Run a command line here; see `run_here`."""
        return run_here(self.folder, line, stdin=stdin, env=env)

    def seen(self) -> dict[str, str]:
        """Return what lies here."""
        return snapshot(self.folder)


def make_desk(folder: Path) -> Desk:
    """Lay out a desk in a new folder: an artifact in a layout, and the files of `_lay_out`."""
    folder.mkdir(parents=True)
    write_tree(folder / "model", MODEL)
    private, public, _ = generate_key_pair(folder / "ci", None)
    generate_key_pair(folder / "locked", PASSPHRASE.encode())
    generate_key_pair(folder / "other", None)
    _lay_out(folder)
    settings = Settings()
    reference = f"layout:{folder}/store/fraud:1.0"
    pushed = govern.push(folder / "model", reference, key=str(private), settings=settings)
    govern.annotate(reference, {"team": "risk"}, key=str(private), settings=settings)
    govern.pull(reference, folder / "pulled", key=str(public), settings=settings)
    (folder / "wide.yaml").write_text(policy_template([("ci", load_public_key(str(public), {}))], ["fraud"]))
    return Desk(folder, pushed.pinned.digest)


def _lay_out(folder: Path) -> None:
    """Write files that are wrong in one way each; the name says in which."""
    rsa_key = rsa.generate_private_key(65537, 2048)
    curve = ec.generate_private_key(ec.SECP384R1())
    pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    weak = rsa.generate_private_key(65537, 1024).public_key()
    spki = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    for name, data in {
        "empty": b"",
        "garbage": bytes(range(256)),
        "text.txt": b"just text\n",
        "rsa.key": rsa_key.private_bytes(*pem),
        "p384.key": curve.private_bytes(*pem),
        "weak.pub": weak.public_bytes(*spki),
        "broken.key": b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "huge.key": b"-----BEGIN PRIVATE KEY-----\n" + b"A" * 70_000,
        "two.pub": (folder / "ci.pub").read_bytes() + (folder / "other.pub").read_bytes(),
        "wrong.pass": b"not this one\n",
        "list.json": b"[1]",
        "float.json": b'{"share": 0.5}',
        "twice.json": b'{"a": 1, "a": 2}',
        "nan.json": b'{"a": NaN}',
        "deep.json": b'{"a": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        "bom.json": b'\xef\xbb\xbf{"a": 1}',
        "cut.json": b'{"a": ',
        "latin.json": '{"a": "é"}'.encode("latin-1"),
        "good.json": b'{"a": "1"}',
        "broken.yaml": b"kind: [model\n",
        "list.yaml": b"- kind\n",
        "unknown.yaml": b"kind: model\ncolour: red\n",
        "twice.yaml": b"kind: model\nkind: dataset\n",
        "latin.yaml": "purpose: é\n".encode("latin-1"),
        "alias.yaml": b"a: &a [1]\nb: *a\n",
        "tag.yaml": b"kind: !!python/object/apply:os.system [true]\n",
    }.items():
        (folder / name).write_bytes(data)
    (folder / "bare").mkdir()
    (folder / "full").mkdir()
    (folder / "full" / "mine.txt").write_bytes(b"mine\n")
    (folder / "nowhere").symlink_to("no such file")
    (folder / "cut-lock").mkdir()
    (folder / "cut-lock" / "govern.lock").write_bytes(b'{"lockVersion": ')
    (folder / "odd-lock").mkdir()
    (folder / "odd-lock" / "govern.lock").write_bytes(json.dumps({"lockVersion": "other"}).encode())


def copy_desk(desk: Desk, folder: Path) -> Desk:
    """Return a desk of one's own with the same things on it, which may be spoilt."""
    shutil.copytree(desk.folder, folder, symlinks=True)
    return Desk(folder, desk.digest)
