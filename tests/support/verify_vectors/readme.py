"""The README of the vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from support.verify_vectors.case import Case

_HEAD: Final = """# Attacks on a verifier, and their honest counterparts

Each folder is one question to a verifier, with all that it is given. Folders that end in `_fail` are attacks: no
verifier may say *allowed*. The others are honest, and a verifier that refuses everything fails them. Every time is
fixed, so the answers are the same in ten years. Another implementation can be run over them as well.

| in a folder | what it is |
|---|---|
| `case.json` | the question, and the answer |
| `layout/` | what the registry serves: an OCI image layout; where the attack is one on bytes, it lies |
| `policy.yaml`, or `key.pub`, `trusted_root.json`, `root.pem`, … | what the verifier brings |

`case.json` says:

- `sentence`: what is done; `source`: the advisory, the specification or the section of `schemas/FORMAT.md`,
  the design that decides.
- `reference`: what was typed, relative to the folder; `name`: the expected name, as with `--name`.
- `at`: the moment that is asked about; `now`: the verifier's clock.
- `verifier`: which files are what: either `policy`, or `keys` and `identities` (`--key`, `--certificate-identity` with
  `--certificate-oidc-issuer`) with `require` (`--require`), `trustedRoots`, `caRoots`, `timestampChains` and
  `revocationLists`. A provenance that is required is any SLSA v1 provenance by a permitted signer.
- `expected`: the `outcome`; words that the reasons hold (`says`), which are this project's own; and for some, how many
  `records` there are: a record is (statement, signer), whatever number of bundles it is in.

| outcome | meaning |
|---|---|
| `allowed` | yes |
| `denied` | no |
| `undecided` | nobody can say, which is not a yes |
| `rejected` | the verifier refuses to decide: what it was given is wrong, or the artifact's own bytes are |

`python tests/vectors/verify/generate.py` (or `python -m pytest --regenerate tests/vectors`) makes all of this again,
from `tests/support/verify_vectors`. Nothing there is random: keys follow from labels, signatures are deterministic
(RFC 6979), so that only a change of the generator shows in the diff. Whoever reads this can compute every private key:
never trust one of these keys. What is committed is what `tests/vectors/test_verify_vectors.py` runs.
"""


def write_readme(cases: Sequence[Case]) -> str:
    """Return the text, with a table of all vectors."""
    attacks = [one for one in cases if one.folder.endswith("_fail")]
    honest = [one for one in cases if not one.folder.endswith("_fail")]
    return f"{_HEAD}\n## Honest ({len(honest)})\n\n{_table(honest)}\n## Attacks ({len(attacks)})\n\n{_table(attacks)}"


def _table(cases: Sequence[Case]) -> str:
    rows = "".join(f"| `{one.folder}` | {one.outcome} | {one.sentence} | {one.source} |\n" for one in cases)
    return f"| folder | outcome | what happens | source |\n|---|---|---|---|\n{rows}"
