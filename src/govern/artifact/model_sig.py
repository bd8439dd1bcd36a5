"""`model.sig`: the OpenSSF model signature that a pull leaves beside the files, for `model_signing verify`.

To the directory it is one more file that came with the artifact: the lock names it, so that the next pull replaces or
removes what this one left, and never a signature that a person made there. To the artifact it is none: it is
never packed, and no artifact may hold one (`walk.is_reserved`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from govern.artifact.file_list import Entry
from govern.errors import Undecided
from govern.oci.digest import Digest

MODEL_SIG: Final = "model.sig"


def model_sig_entry(bundle: bytes) -> Entry:
    """Return what the directory knows of the signature: a file in no layer.

    Args:
        bundle: the exact bytes of the Sigstore bundle.
    """
    digest = Digest.of(bundle)
    return Entry(digest, 0, MODEL_SIG, digest.encoded, len(bundle))


def write_model_sig(folder: Path, bundle: bytes) -> Path:
    """Write the signature into the stage of a pull; return its path.

    Args:
        folder: where staged files stand under their final names.
        bundle: the exact bytes of the Sigstore bundle.

    Raises:
        Undecided: where it cannot be written.
    """
    path = folder / MODEL_SIG
    try:
        # What a killed pull left may have another name, under which it would be written too.
        path.unlink(missing_ok=True)
        with path.open("xb") as file:
            file.write(bundle)
    except OSError as fault:
        raise Undecided(
            "the model signature cannot be written",
            got=f"{str(path)!r}: {fault.strerror}",
            expected="a file system that has the room",
        ) from fault
    return path
