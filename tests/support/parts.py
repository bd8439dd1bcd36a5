"""Finds the programs of others that tests run: registries, peers and their tools.

A part is looked for in its environment variable `GOVERN_TEST_<NAME>`, then on `PATH`, then in `.parts/bin` and
`.parts/usr/bin` at the root of the project. A part that is no program has places of its own instead of `PATH`: a
module of Node those in `NODE_PATH` and `.parts/js/node_modules`, a library those where systems keep it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, NoReturn

import pytest

_UNPACKED: Final = Path(__file__).resolve().parents[2] / ".parts"
_LIBRARIES: Final = (
    *("/usr/lib/softhsm", "/usr/lib/x86_64-linux-gnu/softhsm", "/usr/lib/aarch64-linux-gnu/softhsm"),
    *("/usr/lib64/pkcs11", "/usr/lib/pkcs11", "/usr/local/lib/softhsm", "/opt/homebrew/lib/softhsm"),
)


@dataclass(frozen=True, slots=True)
class Part:
    """A program, or what else of others a test needs.

    Args:
        binary: its name on `PATH`, or the name of the folder or file.
        install: the command that brings it.
        optional: whether a CI run may say in `GOVERN_TEST_WITHOUT` that it has none.
        kind: a program, the folder of a Node module, or a shared library.
    """

    binary: str
    install: str
    optional: bool = False
    kind: Literal["program", "module", "library"] = "program"


PARTS: Final[dict[str, Part]] = {
    "distribution": Part("docker-registry", "apt-get install docker-registry"),
    "zot": Part("zot", "go install zotregistry.dev/zot/v2/cmd/zot@latest (or its release binary)", optional=True),
    "crane": Part("crane", "go install github.com/google/go-containerregistry/cmd/crane@v0.22.1"),
    "oras": Part("oras", "go install oras.land/oras/cmd/oras@v1.3.3"),
    "cosign": Part("cosign", "go install github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3"),
    "model_signing": Part("model_signing", "pip install model-signing pyopenssl, in a virtual environment of its own"),
    "fulcio": Part("fulcio", "go install github.com/sigstore/fulcio@v1.8.8"),
    "rekor": Part("posix", "go install github.com/sigstore/rekor-tiles/v2/cmd/rekor-server/posix@v2.3.0"),
    "timestamp_server": Part(
        "timestamp-server", "go install github.com/sigstore/timestamp-authority/v2/cmd/timestamp-server@v2.1.2"
    ),
    "softhsm": Part("softhsm2-util", "apt-get install softhsm2"),
    "softhsm_library": Part("libsofthsm2.so", "apt-get install softhsm2", kind="library"),
    "openssl": Part("openssl", "apt-get install openssl"),
    "node": Part("node", "apt-get install nodejs"),
    "sigstore_js": Part("@sigstore/verify", "npm install --prefix .parts/js @sigstore/verify@4.1.3", kind="module"),
    "htpasswd": Part("htpasswd", "apt-get install apache2-utils"),
    "go": Part("go", "apt-get install golang-go"),
}


def find_part(name: str) -> Path | None:
    """Return the path of a part, or None.

    Args:
        name: a key of `PARTS`.
    """
    part = PARTS[name]
    named = os.environ.get(f"GOVERN_TEST_{name.upper()}")
    if named:
        # A variable that names nothing is a mistake to report; another binary in its place would hide it.
        return Path(named).absolute() if _is(part, Path(named)) else None
    if part.kind == "program":
        places = [os.environ.get("PATH", os.defpath), str(_UNPACKED / "bin"), str(_UNPACKED / "usr" / "bin")]
        found = shutil.which(part.binary, path=os.pathsep.join(places))
        return Path(found).absolute() if found else None
    return next((path.absolute() for path in _candidates(part) if _is(part, path)), None)


def _candidates(part: Part) -> Iterator[Path]:
    """Yield where a part may be that is no program."""
    places = (
        [one for one in os.environ.get("NODE_PATH", "").split(os.pathsep) if one] + [_UNPACKED / "js" / "node_modules"]
        if part.kind == "module"
        else _LIBRARIES
    )
    yield from (Path(place) / part.binary for place in places)


def _is(part: Part, path: Path) -> bool:
    """Say whether what is at `path` can be used as this kind of part."""
    match part.kind:
        case "program":
            return path.is_file() and os.access(path, os.X_OK)
        case "module":
            return (path / "package.json").is_file()
        case "library":
            return path.is_file() and os.access(path, os.R_OK)


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
    where = f"GOVERN_TEST_{name.upper()}={named} is no {part.kind}" if named else part.install
    message = f"{name} is missing: {where}"
    without = {word.strip() for word in os.environ.get("GOVERN_TEST_WITHOUT", "").split(",")}
    if os.environ.get("CI") == "true" and not (part.optional and name in without):
        pytest.fail(message)
    pytest.skip(message)
