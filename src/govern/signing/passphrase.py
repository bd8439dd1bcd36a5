"""Where a passphrase or a PIN comes from: a file, the environment, or a prompt. Never an argument."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from govern.errors import InvalidInput
from govern.limits import MAX_KEY_FILE

PASSPHRASE_VARIABLE: Final = "GOVERN_KEY_PASSPHRASE"  # noqa: S105 - a name, not a secret
COSIGN_VARIABLE: Final = "COSIGN_PASSWORD"
PASSPHRASE_VARIABLES: Final = (PASSPHRASE_VARIABLE, COSIGN_VARIABLE)
PIN_VARIABLES: Final = ("GOVERN_HSM_PIN", "COSIGN_PKCS11_PIN")
"""Variables of their own: a token counts wrong PINs, so a passphrase for something else must not be tried on it."""


class Passed(bytes):
    """A passphrase that knows where it came from, for whoever finds it wrong.

    Args:
        secret: the passphrase.
        source: the file, variable or prompt.
    """

    source: str

    def __new__(cls, secret: bytes, source: str) -> Self:
        """Wrap a passphrase."""
        made = super().__new__(cls, secret)
        made.source = source
        return made


def source_of(passphrase: bytes | None) -> str:
    """Return the sentence that says where a passphrase came from, or an empty one where nobody knows."""
    return f"it came from {passphrase.source}" if isinstance(passphrase, Passed) else ""


def read_passphrase(file: Path, source: str) -> Passed:
    """Return the first line of a file.

    Args:
        file: where a passphrase or a PIN stands.
        source: what named the file.

    Raises:
        InvalidInput: where it cannot be read, or is larger than any passphrase.
    """
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_KEY_FILE.value + 1)
    except OSError as fault:
        raise InvalidInput("the passphrase file cannot be read", got=f"{str(file)!r}: {fault.strerror}") from fault
    MAX_KEY_FILE.check(len(data), "the passphrase file", InvalidInput)
    return Passed(data.splitlines()[0] if data else b"", source)


Passphrase = Callable[[str], bytes | None]
"""Asked with a label ("the key ci.key") when a key turns out to be encrypted; None where nobody knows."""


def passphrase_from(
    environment: Mapping[str, str],
    file: Path | None = None,
    prompt: Callable[[str], str] | None = None,
    variables: Sequence[str] = PASSPHRASE_VARIABLES,
) -> Passphrase:
    """Return where to ask: the file, then the environment, then the prompt.

    Args:
        environment: the process's variables.
        file: a file whose first line is the passphrase, or None.
        prompt: asks a person, or None where there is no terminal.
        variables: the names of those to look into, first to last.
    """

    def ask(label: str) -> bytes | None:
        if file is not None:
            return read_passphrase(file, f"--passphrase-file {file}")
        for variable in variables:
            if variable in environment:
                return Passed(environment[variable].encode("utf-8", "surrogateescape"), f"the variable {variable}")
        # Typed bytes that are no text come as surrogates, as those of variables do.
        return (
            Passed(prompt(label).encode("utf-8", "surrogateescape"), "what was typed") if prompt is not None else None
        )

    return ask
