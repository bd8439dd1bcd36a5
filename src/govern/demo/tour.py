"""The tour: every step says what it shows, prints its command, and runs it as a process of its own."""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from govern.demo.classifier import load
from govern.demo.files import write_data, write_evaluation, write_model
from govern.errors import Denied, GovernError, InvalidInput, Undecided

PASSPHRASE: Final = "demo"  # noqa: S105 - protects a key that is thrown away
VERSION: Final = "1.0.0"
FLOWER: Final = (5.9, 3.0, 5.1, 1.8)
_REFUSALS: Final[dict[int, type[GovernError]]] = {one.exit_code: one for one in (Denied, InvalidInput, Undecided)}


class Unexpected(GovernError):
    """A step of the demo did not end as it must: our bug."""


@dataclass(slots=True)
class Tour:
    """A demo in a directory.

    Args:
        folder: where everything is made; new or empty.
        registry: `HOST/REPO` instead of the embedded layout, or None.
        show: prints a line for the person.
        plain_http: whether the registry is spoken to without TLS.
    """

    folder: Path
    registry: str | None
    show: Callable[[str], None]
    plain_http: bool = False
    _steps: int = field(default=0)

    @property
    def data(self) -> str:
        """The reference of the dataset."""
        return self._reference("iris-data")

    @property
    def model(self) -> str:
        """The reference of the model."""
        return self._reference("iris-classifier")

    def _reference(self, name: str) -> str:
        place = f"{self.registry}/{name}" if self.registry else f"layout:store/{name}"
        return f"{place}:{VERSION}"

    def run(self) -> None:
        """Run every step.

        Raises:
            InvalidInput: for a directory that holds something, or cannot be made.
            Denied, Undecided: what a registry's refusal is; nothing is left in the directory then.
            Unexpected: for a step that did not end as it must.
        """
        if self.folder.exists() and (not self.folder.is_dir() or any(self.folder.iterdir())):
            raise InvalidInput(
                "the demo needs a directory of its own",
                got=f"{str(self.folder)!r} is not empty" if self.folder.is_dir() else f"{str(self.folder)!r} is a file",
                expected="a new one",
                hint=f"govern demo --output {self.folder}-2, or remove it",
            )
        there = self.folder.is_dir()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as fault:
            raise InvalidInput(
                "the demo's directory cannot be made",
                got=f"{str(self.folder)!r}: {fault.strerror}",
                expected="a directory that you may write",
                hint="govern demo --output DIR",
            ) from fault
        try:
            self._walk()
        except (Denied, InvalidInput, Undecided):
            # Half a demo is of no use, and would stand in the way of the next try.
            _clear(self.folder, keep=there)
            raise

    def _walk(self) -> None:
        self.show(f"Everything happens in {self.folder}; repeat any command there by hand.")
        self.show(f"  $ cd {shlex.quote(str(self.folder))}\n  $ export GOVERN_KEY_PASSPHRASE={PASSPHRASE}")
        self._make()
        self._use()
        self._tamper()
        self.show("\nDone. Look around: govern --help; the records are in " + (self.registry or "store/") + ".")

    def _make(self) -> None:
        write_data(self.folder / "data")
        self._say("A key for CI. Its public half is what verifiers trust.")
        self._govern("key", "generate", "--output", "keys/ci")
        self._say("CI pushes the dataset: packed, uploaded, described, signed and registered in one step.")
        self._govern("push", "data", self.data, "--key", "keys/ci.key")
        self._say("Training starts from a verified dataset. The pull leaves govern.lock beside it.")
        self._govern("pull", self.data, "--key", "keys/ci.pub", "--output", "train/data")
        self._say("(a classifier is trained on train/data/iris.csv and written to model/)")
        measured = write_model(self.folder / "model", self.folder / "train" / "data")
        write_evaluation(self.folder / "evaluation.json", measured)
        self.show(f"  accuracy on the held-out third: {measured}")
        self._say("The metadata file is checked before anything is published.")
        self._govern("check", "model")
        self._say("CI pushes the model. Its provenance names the dataset by digest, out of the lock.")
        self._govern("push", "model", self.model, "--key", "keys/ci.key")
        self._say("The evaluation is attached as a signed statement, a note as a signed annotation.")
        self._govern(
            "attest", self.model, "--type", "test-result", "--predicate", "evaluation.json", "--key", "keys/ci.key"
        )
        self._govern("annotate", self.model, "ticket=ML-42", "--note", "ready for the pilot", "--key", "keys/ci.key")

    def _use(self) -> None:
        self._say("A deployer writes down once whom to trust, for which names.")
        names = [reference.rpartition(":")[0] for reference in (self.model, self.data)]
        expected = [self._name(name) for name in names]
        arguments = ["policy", "init", "--key", "ci=keys/ci.pub"]
        for name in expected:
            arguments += ["--name", name]
        self._govern(*arguments, "--require", "registration", "--require", "provenance", output="policy.yaml")
        self._say("Anyone can see what is attached, and an auditor can query it.")
        self._govern("tree", self.model, "--policy", "policy.yaml")
        self._govern("records", self.model, "--kind", "annotation", "--policy", "policy.yaml")
        self._say("Verify decides before a byte of a weight moves; the exit code is the answer.")
        self._govern("verify", self.model, "--policy", "policy.yaml")
        self._govern("pull", self.model, "--policy", "policy.yaml", "--output", "deployed")
        predicted = load(self.folder / "deployed" / "model.safetensors").predict(FLOWER)
        self.show(f"  the deployed model says: {FLOWER} is {predicted}")

    def _name(self, place: str) -> str:
        return place.rpartition("/")[2] if self.registry is None else place.partition("/")[2]

    def _tamper(self) -> None:
        self._say("The same push again: everything is there, nothing is signed twice.")
        self._govern("push", "model", self.model, "--key", "keys/ci.key")
        self._say("Somebody changes the weights and pushes them under the same version. Refused.")
        weights = self.folder / "model" / "model.safetensors"
        original = weights.read_bytes()
        weights.write_bytes(_flipped(original))
        self._govern("push", "model", self.model, "--key", "keys/ci.key", expect=1)
        weights.write_bytes(original)
        if self.registry is not None:
            return
        self._say("Somebody changes one byte of the weights in the store itself. Refused.")
        blob = self._blob_of(original)
        blob.write_bytes(_flipped(blob.read_bytes()))
        self._govern("pull", self.model, "--policy", "policy.yaml", "--output", "deployed-2", expect=1)
        blob.write_bytes(original)
        self._say("Put back, it is allowed again.")
        self._govern("pull", self.model, "--policy", "policy.yaml", "--output", "deployed-2")

    def _blob_of(self, content: bytes) -> Path:
        return self.folder / "store" / "iris-classifier" / "blobs" / "sha256" / hashlib.sha256(content).hexdigest()

    def _say(self, text: str) -> None:
        self._steps += 1
        self.show(f"\n{self._steps}. {text}")

    def _govern(self, *arguments: str, expect: int = 0, output: str | None = None) -> None:
        command = ["govern", *arguments]
        if self.plain_http and arguments[0] not in ("key", "check", "policy"):
            command.append("--plain-http")
        self.show("  $ " + shlex.join(command) + (f" > {output}" if output else ""))
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        if output is not None:
            (self.folder / output).write_text(done.stdout, encoding="utf-8")
        self._show_lines(done.stderr.splitlines() + ([] if output else done.stdout.splitlines()))
        if done.returncode != 0:
            self.show(f"    (exit code {done.returncode})")
        if done.returncode != expect:
            kind = _REFUSALS.get(done.returncode) if expect == 0 else None
            if kind is Undecided or (kind is not None and self.registry is not None):
                error, _, hint = done.stderr.partition("error: ")[2].partition("\n\nhint: ")
                raise kind(f"the demo cannot go on: {error.strip()}", hint=hint.strip())
            raise Unexpected(
                "a step of the demo did not end as it must",
                got=f"exit code {done.returncode}",
                expected=str(expect),
                hint=f"the files are in {self.folder}; run the last command there",
            )

    def _show_lines(self, lines: Sequence[str]) -> None:
        for line in lines:
            self.show(f"    {line}" if line else "")

    def _environment(self) -> dict[str, str]:
        environment = {
            key: value for key, value in os.environ.items() if key not in ("GOVERN_POLICY", "GOVERN_REGISTRY")
        }
        return environment | {"GOVERN_KEY_PASSPHRASE": PASSPHRASE}


def _clear(folder: Path, *, keep: bool) -> None:
    """Remove what the demo made: the directory was new or empty before."""
    for one in folder.iterdir():
        if one.is_dir() and not one.is_symlink():
            shutil.rmtree(one, ignore_errors=True)
        else:
            one.unlink(missing_ok=True)
    if not keep:
        folder.rmdir()


def _flipped(data: bytes) -> bytes:
    """Return data with one bit of the last byte changed."""
    return data[:-1] + bytes([data[-1] ^ 1])
