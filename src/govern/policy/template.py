"""The policy file that `govern policy init` writes: the first sections, around given public keys."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Final

from govern.errors import UsageError
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

_REQUIRE = """
# Kinds of record that an artifact must have, each by somebody whose role allows it.
require: [{require}]
"""


def policy_template(
    keys: Sequence[tuple[str, PublicKey]],
    names: Sequence[str],
    lines: Sequence[tuple[str, str]] = (),
    require: Sequence[str] = ("registration",),
) -> str:
    """Return the text of a policy.

    Args:
        keys: (person id, key) pairs: who pushes and describes. One role is made for them.
        names: names or patterns that they may speak about; at least one.
        lines: (repository pattern, name) pairs.
        require: kinds that must be there.

    Raises:
        UsageError: for no key, no name, or the same key under two ids.
    """
    if not keys or not names:
        raise UsageError("a policy needs somebody and something", expected="at least one key and one name")
    by_person: dict[str, list[PublicKey]] = {}
    for person, key in keys:
        by_person.setdefault(person, []).append(key)
    entries = "".join(f"\n  {json.dumps(pattern)}: {_scalar(name)}" for pattern, name in lines) or " {}"
    text = _HEAD.replace("{lines}", entries)
    for person, owned in by_person.items():
        text += f"  {_scalar(person)}:\n    kind: workload  # or human\n    keys:\n"
        for key in owned:
            pem = "".join(f"        {line}\n" for line in key.to_pem().splitlines())
            text += f"      - |  # {key.signer}\n{pem}"
    text += _ROLES
    text += "  producer:\n"
    text += f"    members: [{', '.join(map(_scalar, by_person))}]\n"
    text += "    kinds: [registration, provenance, test-result, annotation]\n"
    text += f"    names: [{', '.join(map(_scalar, names))}]\n"
    return text + _REQUIRE.replace("{require}", ", ".join(map(_scalar, require)))


def _scalar(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else json.dumps(text)
