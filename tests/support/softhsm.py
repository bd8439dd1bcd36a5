"""SoftHSM, an HSM in software: tokens in a directory, reached over PKCS#11 like any other."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from support.parts import require_part

PIN: Final = "24680-of-the-tests"
WRONG_PIN: Final = "13579-of-the-tests"
_SO_PIN: Final = "9876543210"
_GENERATE: Final = Path(__file__).with_name("generate_in_token.py")


@dataclass(frozen=True, slots=True)
class HsmKey:
    """A key pair in a token.

    Args:
        token: the label of the token.
        id: its number (`CKA_ID`, one byte).
        label: its label (`CKA_LABEL`).
        public: the public key as PEM.
    """

    token: str
    id: int
    label: str
    public: bytes


@dataclass(frozen=True, slots=True)
class SoftHsm:
    """Tokens in a directory.

    Args:
        root: the directory; `softhsm2.conf` in it names it.
        library: the PKCS#11 library.
    """

    root: Path
    library: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to find the tokens.

        The library reads `SOFTHSM2_CONF` when a process first uses it, so one process knows one directory, and only
        the tokens that were there then.
        """
        return {"SOFTHSM2_CONF": str(self.root / "softhsm2.conf"), "PYKCS11LIB": str(self.library)}

    def make_token(self, label: str) -> None:
        """Initialise a token whose PIN is `PIN`."""
        self._run(
            *(str(require_part("softhsm")), "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin"),
            _SO_PIN,
        )

    def generate(self, token: str, number: int, label: str, curve: str = "secp256r1") -> HsmKey:
        """Generate a key pair inside a token.

        Args:
            token: the label of the token.
            number: the key's `CKA_ID`, 1 to 127: one byte, as a positive integer has it.
            label: the key's `CKA_LABEL`.
            curve: its name in RFC 5480, such as `secp384r1`.
        """
        made = self._run(sys.executable, str(_GENERATE), str(self.library), token, PIN, str(number), label, curve)
        return HsmKey(token, number, label, made.encode())

    def _run(self, *command: str) -> str:
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            encoding="utf-8",
            env={**os.environ, **self.environment},
            timeout=60,
        )
        assert done.returncode == 0, f"{done.stdout}{done.stderr}"
        return done.stdout


def soft_hsm(root: Path) -> SoftHsm:
    """Return a SoftHSM without a token.

    Args:
        root: an own directory, which is made if need be.
    """
    require_part("softhsm")
    library = require_part("softhsm_library")
    (root / "tokens").mkdir(parents=True)
    (root / "softhsm2.conf").write_text(
        f"directories.tokendir = {root / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    return SoftHsm(root, library)
