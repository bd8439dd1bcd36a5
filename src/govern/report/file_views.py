"""The JSON outputs of the commands that work on files of one's own, and of every refusal."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from govern.report.views import View


class RefusalView(View):
    """What every command prints with --format json where it ends with an error."""

    output: Literal["govern.refusal/v0.1"] = "govern.refusal/v0.1"
    exit_code: Annotated[int, Field(description="1 denied, 2 wrong usage or input, 3 undecided.")]
    message: str
    got: str
    expected: str
    hint: str


class InitView(View):
    """What `govern init --format json` prints."""

    output: Literal["govern.init/v0.1"] = "govern.init/v0.1"
    file: str


class CheckedFile(View):
    """One metadata file."""

    file: str
    valid: bool
    fault: Annotated[str, Field(description="Every fault with its line; empty for a valid file.")] = ""
    missing: Annotated[tuple[str, ...], Field(description="What policies commonly ask for.")] = ()


class CheckView(View):
    """What `govern check --format json` prints, also where the exit code is 2."""

    output: Literal["govern.check/v0.1"] = "govern.check/v0.1"
    files: tuple[CheckedFile, ...]


class KeyView(View):
    """What `govern key generate` and `govern key show` print with --format json."""

    output: Literal["govern.key/v0.1"] = "govern.key/v0.1"
    signer: Annotated[str, Field(description="sha256 of the public key: who it is in records.")]
    public_key: Annotated[str, Field(description="PEM.")]
    file: Annotated[str | None, Field(description="The public key's file, where one was written.")] = None


class PolicyCheckView(View):
    """What `govern policy check --format json` prints."""

    output: Literal["govern.policy-check/v0.1"] = "govern.policy-check/v0.1"
    policy: str
    digest: str
    warnings: Annotated[tuple[str, ...], Field(description="What can never allow, or never count.")]


class RepairView(View):
    """What `govern repair --format json` prints."""

    output: Literal["govern.repair/v0.1"] = "govern.repair/v0.1"
    checked: int
    missing: Annotated[tuple[str, ...], Field(description="Records that a listing lacked.")]
