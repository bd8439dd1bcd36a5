"""The policy file that `govern policy init` writes: the first sections, around given public keys."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from govern.errors import UsageError
from govern.trust.identity import Identity
from govern.trust.keys import PublicKey

_PLAIN: Final = re.compile(r"(?!(?:true|false|null)$)[A-Za-z][A-Za-z0-9._/*-]*")
"""Text that YAML reads as itself. `**` would be an alias there, and `2026` a number."""

_HEAD = """\
# What must be true of an artifact before it is used, and who may say so.
# The verifier brings this file: it is never read from the registry or from the working directory.
# Check it with: govern policy check FILE

version: govern.policy/v0.1

# Where a name lives: repository pattern (HOST/PATH, or HOST/PATH/**) to name (or prefix/**).
# Needed for mirrors; without an entry, a repository's path without the host is its name.
lines:{lines}

# Who is who. An id is what records and reports show: no e-mail addresses, they stay for ever.
# A person or workload may have several keys; they are one voice.
people:
"""

_ROLES = """
# Who may sign which kinds of record, about which names. No key may say everything.
roles:
"""

_TRUST = """
# Authorities that are pinned here: who vouches for certificates, for time, and for logs.
trust:
"""

_REQUIRE = """
# Kinds of record that an artifact must have, each by somebody whose role allows it.
require: [{require}]
"""


@dataclass(frozen=True, slots=True)
class Anchors:
    """Texts for the `trust` section.

    Args:
        sigstore: of `trusted_root.json` files.
        certificates: PEM roots of internal PKIs.
        timestamps: PEM chains of timestamp authorities.
    """

    sigstore: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    timestamps: tuple[str, ...] = ()


def policy_template(
    keys: Sequence[tuple[str, PublicKey]],
    names: Sequence[str],
    lines: Sequence[tuple[str, str]] = (),
    require: Sequence[str] = ("registration",),
    *,
    identities: Sequence[tuple[str, Identity]] = (),
    anchors: Anchors | None = None,
) -> str:
    """Return the text of a policy.

    Args:
        keys: (person id, key) pairs: who pushes and describes. One role is made for them.
        names: names or patterns that they may speak about; at least one.
        lines: (repository pattern, name) pairs.
        require: kinds that must be there.
        identities: (person id, identity) pairs, for certificates.
        anchors: authorities that are written into the policy, or None.

    Raises:
        UsageError: for neither key nor identity, or no name.
    """
    if not (keys or identities) or not names:
        raise UsageError("a policy needs somebody and something", expected="at least one key or identity, and one name")
    people = dict.fromkeys([person for person, _ in keys] + [person for person, _ in identities])
    entries = "".join(f"\n  {json.dumps(pattern)}: {_scalar(name)}" for pattern, name in lines) or " {}"
    text = _HEAD.replace("{lines}", entries)
    for person in people:
        text += f"  {_scalar(person)}:\n    kind: workload  # or human\n"
        text += _keys([key for owner, key in keys if owner == person])
        text += _identities([identity for owner, identity in identities if owner == person])
    text += _ROLES
    text += "  producer:\n"
    text += f"    members: [{', '.join(map(_scalar, people))}]\n"
    text += "    kinds: [registration, provenance, oms, test-result, annotation]\n"
    text += f"    names: [{', '.join(map(_scalar, names))}]\n"
    return text + _REQUIRE.replace("{require}", ", ".join(map(_scalar, require))) + _trust(anchors or Anchors())


def _keys(keys: Sequence[PublicKey]) -> str:
    text = "    keys:\n" if keys else ""
    for key in keys:
        text += f"      - |  # {key.signer}\n{_indented(key.to_pem(), 8)}"
    return text


def _identities(identities: Sequence[Identity]) -> str:
    text = "    identities:\n" if identities else ""
    for one in identities:
        text += f"      - issuer: {json.dumps(one.issuer)}\n        subject: {json.dumps(one.subject)}\n"
    return text


def _trust(anchors: Anchors) -> str:
    text = ""
    for section in ("sigstore", "certificates", "timestamps"):
        entries = getattr(anchors, section)
        text += f"  {section}:\n" if entries else ""
        text += "".join(f"    - |\n{_indented(entry, 6)}" for entry in entries)
    return f"{_TRUST}{text}" if text else ""


def _indented(block: str, spaces: int) -> str:
    return "".join(f"{' ' * spaces}{line}\n" for line in block.splitlines() if line.strip())


def _scalar(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else json.dumps(text)
