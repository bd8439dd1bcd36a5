"""The real `model_signing`: a process for each call."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from support.sigstore.pki import ChainFiles

_HASHED: Final = """
import sys
import model_signing as ms
how, algorithm, key, model, signature = sys.argv[1:]
config = ms.hashing.Config()
if how == "files":
    config.use_file_serialization(hashing_algorithm=algorithm)
else:
    config.use_shard_serialization(hashing_algorithm=algorithm, shard_size=int(how))
ms.signing.Config().use_elliptic_key_signer(private_key=key).set_hashing_config(config).sign(model, signature)
"""


@dataclass(frozen=True, slots=True)
class ModelSigning:
    """The tool.

    Args:
        program: its path.
    """

    program: Path

    def __call__(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return self._run(self.program, *arguments)

    def accepts(self, folder: Path, public_key: Path, signature: Path | None = None) -> bool:
        """Whether `verify key` takes a directory with the `model.sig` in it."""
        sig = signature or folder / "model.sig"
        return self("verify", "key", folder, "--public_key", public_key, "--signature", sig).returncode == 0

    def signs(self, folder: Path, private_key: Path, signature: Path, *options: str | Path) -> bytes:
        """Sign a directory with a key, and return the bundle."""
        done = self("sign", "key", folder, "--private_key", private_key, "--signature", signature, *options)
        assert done.returncode == 0, done.stderr
        return signature.read_bytes()

    def hashes(self, folder: Path, private_key: Path, signature: Path, how: str, algorithm: str) -> bytes:
        """Sign as the command cannot: `how` is `files` or a shard size. Return the bundle."""
        python = self.program.resolve().with_name("python")
        done = self._run(python, "-c", _HASHED, how, algorithm, private_key, folder, signature)
        assert done.returncode == 0, done.stderr
        return signature.read_bytes()

    def signs_with_certificate(self, folder: Path, files: ChainFiles, signature: Path) -> bytes:
        """Sign a directory with a leaf and its chain, without the root; return the bundle."""
        done = self(
            *("sign", "certificate", folder, "--signature", signature, "--private_key", files.key),
            *("--signing_certificate", files.leaf, "--certificate_chain", files.intermediate),
        )
        assert done.returncode == 0, done.stderr
        return signature.read_bytes()

    def accepts_certificate(self, folder: Path, root: Path, signature: Path) -> bool:
        """Whether `verify certificate` takes a directory, signed below this root (PEM)."""
        done = self("verify", "certificate", folder, "--certificate_chain", root, "--signature", signature)
        return done.returncode == 0

    def signs_keyless(self, folder: Path, trust_config: Path, token: str, signature: Path) -> bytes:
        """Sign a directory as the identity of a token, with a private Sigstore; return the bundle."""
        done = self(
            *("sign", "sigstore", folder, "--signature", signature, "--trust_config", trust_config),
            *("--identity_token", token),
        )
        assert done.returncode == 0, done.stderr
        return signature.read_bytes()

    def accepts_identity(self, folder: Path, trust_config: Path, san: str, issuer: str, signature: Path) -> bool:
        """Whether `verify sigstore` takes a directory, signed by this identity of a private Sigstore."""
        done = self(
            *("verify", "sigstore", folder, "--signature", signature, "--trust_config", trust_config),
            *("--identity", san, "--identity_provider", issuer),
        )
        return done.returncode == 0

    def _run(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(one) for one in words],
            check=False,
            capture_output=True,
            encoding="utf-8",
            env={**os.environ, "HTTPS_PROXY": "http://127.0.0.1:9"},
            timeout=120,
        )
