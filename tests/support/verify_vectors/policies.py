"""Policy files of the vectors, as YAML that people can read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from support.verify_vectors.artifacts import NAME
from support.verify_vectors.bundles import Json
from support.verify_vectors.keys import key, pem

PRODUCER: Final = ["registration", "provenance", "annotation", "test-result", "oms"]


def person(*keys: object, identities: Sequence[Mapping[str, Any]] = (), kind: str = "workload") -> Json:
    """Return a person.

    Args:
        keys: labels of P-256 keys, PEM texts, or objects as the policy has them.
        identities: what certificates prove.
        kind: human or workload.
    """
    written = [pem(key(one)) if isinstance(one, str) and "\n" not in one else one for one in keys]
    body: Json = {"kind": kind}
    if written:
        body["keys"] = written
    if identities:
        body["identities"] = [dict(one) for one in identities]
    return body


def bound_key(label: str, **limits: Any) -> Json:
    """Return a key with what limits it, as a policy writes it."""
    return {"key": pem(key(label)), **limits}


def role(*members: str, kinds: Sequence[str] = PRODUCER, names: Sequence[str] = (NAME,)) -> Json:
    """Return a role."""
    return {"members": list(members), "kinds": list(kinds), "names": list(names)}


def policy(
    people: Mapping[str, Json],
    roles: Mapping[str, Json] | None = None,
    require: Sequence[str] = ("provenance",),
    **more: Any,
) -> str:
    """Return a policy's text.

    Args:
        people: by id.
        roles: by id; all people are producers if None.
        require: kinds that must be there.
        more: further sections.
    """
    value = {
        "version": "govern.policy/v0.1",
        "people": dict(people),
        "roles": dict(roles) if roles is not None else {"producer": role(*people)},
        "require": list(require),
        **more,
    }
    return "".join(_lines(value, 0))


def _lines(value: Any, depth: int) -> list[str]:
    pad = "  " * depth
    result = []
    for name, one in value.items() if isinstance(value, dict) else ((None, item) for item in value):
        head = f"{pad}{name if name is not None else '-'}{':' if name is not None else ''}"
        if isinstance(one, str) and one.endswith("\n"):
            result += [f"{head} |\n", *(f"{pad}  {line}\n" for line in one.splitlines())]
        elif isinstance(one, dict | list) and one:
            result += [f"{head}\n", *_lines(one, depth + 1)]
        else:
            result.append(f"{head} {json.dumps(one, ensure_ascii=False)}\n")
    return result
