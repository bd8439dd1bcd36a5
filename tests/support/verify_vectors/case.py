"""One vector: what it is about, what the verifier is given, what must come out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from support.verify_vectors.artifacts import NAME, VERSION
from support.verify_vectors.bundles import Json
from support.verify_vectors.keys import key, pem
from support.verify_vectors.layouts import Layout
from support.verify_vectors.times import CLOCK, text

Outcome = Literal["allowed", "denied", "undecided", "rejected"]


@dataclass(frozen=True)
class Given:
    """What the verifier brings.

    Args:
        verifier: the `verifier` of `case.json`: which of the files are what.
        files: name → text.
    """

    verifier: Mapping[str, Any]
    files: Mapping[str, str]


def by_key(label: str = "ci", *, kind: str = "p256", require: Sequence[str] = ("provenance",)) -> Given:
    """Return a verifier with one key and no policy."""
    return Given({"keys": ["key.pub"], "require": list(require)}, {"key.pub": pem(key(label, kind))})


def by_policy(text: str) -> Given:
    """Return a verifier with a policy file."""
    return Given({"policy": "policy.yaml"}, {"policy.yaml": text})


@dataclass(frozen=True)
class Case:
    """A vector.

    Args:
        name: of its folder, without the ending.
        sentence: what is done to the verifier, and what it must not believe.
        source: an advisory, or the section that decides.
        layout: what the registry serves.
        given: what the verifier brings.
        outcome: what must come out.
        says: words of the reason.
        tag: which version is asked for.
        expected_name: whose records count.
        at: the moment that is asked about.
        now: the verifier's clock.
        records: how many records must be admitted, or None.
    """

    name: str
    sentence: str
    source: str
    layout: Layout
    given: Given
    outcome: Outcome = "denied"
    says: Sequence[str] = ()
    tag: str = VERSION
    expected_name: str = NAME
    at: datetime = CLOCK
    now: datetime = CLOCK
    records: int | None = None

    @property
    def folder(self) -> str:
        """The name of its folder: those that must not pass end in `_fail`."""
        return self.name if self.outcome == "allowed" else f"{self.name}_fail"

    def to_json(self) -> Json:
        """Return `case.json`."""
        expected: Json = {"outcome": self.outcome, "says": list(self.says)}
        if self.records is not None:
            expected["records"] = self.records
        return {
            "sentence": self.sentence,
            "source": self.source,
            "reference": f"layout:layout:{self.tag}",
            "name": self.expected_name,
            "at": text(self.at),
            "now": text(self.now),
            "verifier": dict(self.given.verifier),
            "expected": expected,
        }

    def write(self, root: Path) -> None:
        """Write its folder below `root`."""
        folder = root / self.folder
        folder.mkdir()
        self.layout.write(folder / "layout")
        for name, content in self.given.files.items():
            (folder / name).write_text(content, encoding="utf-8")
        (folder / "case.json").write_text(json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n", "utf-8")
