"""The shapes of well-known secrets. Good enough to stop an accident; no proof that there is none."""

from __future__ import annotations

import re
from typing import Final

_SHAPES: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    ("a private key", re.compile(r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY-----")),
    ("a GitHub token", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{22,255})\b")),
    ("a GitLab token", re.compile(r"\bgl(?:pat|dt|rt|cbt|ptt|ft|soat)-[A-Za-z0-9_-]{20,300}")),
    ("an AWS access key", re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")),
    ("a Hugging Face token", re.compile(r"\bhf_[A-Za-z0-9]{30,100}\b")),
    ("a Slack token", re.compile(r"\bxox[abeoprs]-[A-Za-z0-9-]{10,250}")),
    ("an API key", re.compile(r"\bsk-(?:[a-z]{2,8}-)?[A-Za-z0-9_-]{32,250}\b")),
    ("a Google API key", re.compile(r"\bAIza[A-Za-z0-9_-]{35}\b")),
    ("a PyPI token", re.compile(r"\bpypi-AgE[A-Za-z0-9_-]{50,1000}")),
    ("a JSON web token", re.compile(r"\beyJ[A-Za-z0-9_-]{8,4000}\.eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{8,4000}")),
)

_NAMES: Final = (
    r"pass(?:word|wd|phrase)|pwd|secret|api[_-]?key|(?:access|secret|private|signing|encryption)[_-]?key|credentials?"
)
_QUALIFIED: Final = (
    r"(?:access|api|auth|bearer|bot|ci|deploy|github|gitlab|hf|hub|id|job|mlflow|pat|private|refresh|session|user|wandb)"
    r"[_-]?token"
)
"""Tokens that let somebody in. `pad_token` and `max-tokens` are others."""

_SHOWN: Final = (
    r"(?![$<\[{(*.…%-]|(?i:true|false|none|null)(?![A-Za-z0-9])"
    r"|[A-Z_]*(?:PASSWORD|PASSPHRASE|SECRET|TOKEN|KEY)(?![A-Za-z0-9_]))"
)
"""Not what stands in a secret's place: a variable, a metavariable, stars, the next option."""

_GIVEN: Final = re.compile(
    r"(?:(?<![A-Za-z0-9-])--?"
    rf"(?i:(?:[a-z0-9]{{1,20}}[_-]){{0,4}}(?:{_NAMES}|{_QUALIFIED})|token)(?:=|[ \t]{{1,8}})"
    r"|(?<![A-Za-z0-9_])(?:[A-Z0-9]{1,20}_){0,4}(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|ACCESS_KEY)=)"
    rf"['\"]?{_SHOWN}[^\s'\"]"
)
"""`--password=…`, `--token …`, `HF_TOKEN=… python train.py`: a secret by what stands before it."""

_SECRET_NAME: Final = re.compile(rf"(?:.*[._-])?(?:{_NAMES})", re.IGNORECASE | re.DOTALL)
_TOKEN_NAME: Final = re.compile(
    r"(?:.*[._-])?(?:token|auth|authorization|bearer|cookie|key|pin|otp)", re.IGNORECASE | re.DOTALL
)
_BEGINNINGS: Final = re.compile(
    r"(?:gh[pousr]_|github_pat_|gl[a-z]{2,6}-|AKIA|ASIA|xox[a-z]-|hf_|sk-|eyJ)[A-Za-z0-9_-]{8}"
)
_PIECE: Final = re.compile(r"[A-Za-z0-9+/=]{16,}")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def find_given(command: str) -> str | None:
    """Return what kind of secret a command is given as an option or a variable, or None."""
    return "a command with a password, key or token" if _GIVEN.search(command) else None


def find_named(name: str, value: str | int) -> str | None:
    """Return what kind of secret a value is by what it is called and by its form, or None.

    Args:
        name: of the parameter; `token_limit`, `pad_token` and `tokenizer` are as ordinary as `max_tokens`.
        value: of the parameter, no truth value.
    """
    text = str(value).strip()
    if _SECRET_NAME.fullmatch(name):
        # Of what is called a password anything is one, but the word for none.
        return "a password or key" if text and re.match(_SHOWN, text) else None
    if not isinstance(value, str) or not _TOKEN_NAME.fullmatch(name):
        return None
    if _BEGINNINGS.match(text) or _UUID.fullmatch(text) or any(_is_random(one) for one in _PIECE.findall(text)):
        return "a token"
    return None


def _is_random(piece: str) -> bool:
    return any(one.isdigit() for one in piece) and any(one.isalpha() for one in piece)


def find_shape(text: str) -> str | None:
    """Return what kind of secret stands in `text`, or None."""
    for what, pattern in _SHAPES:
        if pattern.search(text):
            return what
    return None
