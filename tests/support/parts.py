"""Finds the programs of others that tests run: registries, peers and their tools.

A part is looked for in its environment variable `GOVERN_TEST_<NAME>`, then on `PATH`, then in `.parts/bin` and
`.parts/usr/bin` at the root of the project.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

import pytest

_UNPACKED: Final = Path(__file__).resolve().parents[2] / ".parts"


@dataclass(frozen=True, slots=True)
class Part:
    """A program that a test needs.

    Args:
        binary: its name on `PATH`.
        install: the command that brings it.
        optional: whether a CI run may say in `GOVERN_TEST_WITHOUT` that it has none.
    """

    binary: str
    install: str
    optional: bool = False


PARTS: Final[dict[str, Part]] = {
    "distribution": Part("docker-registry", "apt-get install docker-registry"),
    "zot": Part("zot", "go install zotregistry.dev/zot/v2/cmd/zot@latest (or its release binary)", optional=True),
    "crane": Part("crane", "go install github.com/google/go-containerregistry/cmd/crane@v0.22.1"),
    "oras": Part("oras", "go install oras.land/oras/cmd/oras@v1.3.3"),
    "cosign": Part("cosign", "go install github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3"),
    "model_signing": Part("model_signing", "pip install model-signing pyopenssl, in a virtual environment of its own"),
    "htpasswd": Part("htpasswd", "apt-get install apache2-utils"),
    "go": Part("go", "apt-get install golang-go"),
}


def find_part(name: str) -> Path | None:
    """Return the path of a part, or None.

    Args:
        name: a key of `PARTS`.
    """
    named = os.environ.get(f"GOVERN_TEST_{name.upper()}")
    if named:
        # A variable that names nothing is a mistake to report; another binary in its place would hide it.
        return Path(named).absolute() if os.access(named, os.X_OK) and Path(named).is_file() else None
    places = [os.environ.get("PATH", os.defpath), str(_UNPACKED / "bin"), str(_UNPACKED / "usr" / "bin")]
    found = shutil.which(PARTS[name].binary, path=os.pathsep.join(places))
    return Path(found).absolute() if found else None


def require_part(name: str) -> Path:
    """Return the path of a part; without it skip the test, or fail it where CI promised every part.

    Args:
        name: a key of `PARTS`.
    """
    found = find_part(name)
    if found is None:
        _missing(name, PARTS[name])
    return found


def _missing(name: str, part: Part) -> NoReturn:
    named = os.environ.get(f"GOVERN_TEST_{name.upper()}")
    where = f"GOVERN_TEST_{name.upper()}={named} is no program" if named else part.install
    message = f"{name} is missing: {where}"
    without = {word.strip() for word in os.environ.get("GOVERN_TEST_WITHOUT", "").split(",")}
    if os.environ.get("CI") == "true" and not (part.optional and name in without):
        pytest.fail(message)
    pytest.skip(message)
