"""No captured value holds a secret: what is signed stays for ever.

What a person wrote into a file is refused when it looks like a secret; what was captured is replaced, because
nobody typed it and the push should go on. So this room is quicker to suspect than `govern.secret_shapes`: a
value redacted by mistake costs little.
"""

from __future__ import annotations

import re
from typing import Any, Final

from govern.limits import MAX_CAPTURED
from govern.secret_shapes import find_shape

REDACTED: Final = "[redacted]"

_BEGINNINGS: Final = re.compile(
    r"gh[pousr]_[A-Za-z0-9]{10}|github_pat_[A-Za-z0-9_]{10}|gl(?:[a-z]{2,6})-[A-Za-z0-9_-]{16}"
    r"|(?:AKIA|ASIA)[A-Z0-9]{12}|xox[a-z]-[A-Za-z0-9-]{8}|hf_[A-Za-z0-9]{16}|sk-[A-Za-z0-9_-]{20}"
    r"|-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY|eyJ[A-Za-z0-9_-]{12}"
)
"""How tokens begin, without word boundaries and with shorter bodies than `secret_shapes` asks for: a token
may stand inside another word, and may have been cut."""

_URL: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^?#]*)(.*)", re.DOTALL)
_HOST: Final = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*)|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_SCP: Final = re.compile(r"(?:[^@/:\s]+@)?([A-Za-z0-9][A-Za-z0-9._-]*):(?!/)([^?#\s]+)")
_NETWORK: Final = frozenset({"http", "https", "ssh", "git", "ftp", "ftps", "git+ssh", "git+https", "git+http"})


_MAIL: Final = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+")
"""A mail address (lengths: RFC 5321 §4.5.3.1; without them a long text takes its square of time). Of a path with a
version (`a.yml@refs/heads/1.0`) and of a digest it is none."""


def looks_secret(text: str) -> bool:
    """Whether a well-known token or private key stands in `text`. No proof that there is none."""
    return find_shape(text) is not None or _BEGINNINGS.search(text) is not None


def redact_url(text: str) -> str:
    """Return a URL without user, password, query and fragment.

    Args:
        text: a URL, or git's short form of one (`git@host:path`), which becomes `ssh://host/path`.

    Returns:
        The URL, or `[redacted]` where nobody can say which part is the password: an `@` behind the
        first slash of a network URL, a host that is none, spaces and control characters.

    Source: RFC 3986 §3.2.1, which deprecates the password; git-clone(1), "GIT URLS".
    """
    if not text.isprintable() or any(letter.isspace() for letter in text):
        return REDACTED
    if match := _URL.fullmatch(text):
        scheme, authority, path, rest = match.groups()
        host = authority.rpartition("@")[2]
        # A password with an unescaped slash or question mark ends the authority too early; its rest,
        # up to the @, then looks like a path.
        if scheme.lower() in _NETWORK and ("@" in path or ("@" in rest and "@" not in authority)):
            return REDACTED
        if host and _HOST.fullmatch(host) is None:
            return REDACTED
        url = f"{scheme}://{host}{path}"
    elif match := _SCP.fullmatch(text):
        host, path = match.groups()
        url = REDACTED if "@" in path else f"ssh://{host}/{path}"
    else:
        url = re.split(r"[?#]", text.rpartition("@")[2], maxsplit=1)[0]
    return REDACTED if looks_secret(url) else url


def clean_text(text: str, most: int = MAX_CAPTURED.value) -> str:
    """Return a captured value as it may be signed and printed.

    Args:
        text: the value.
        most: the largest number of characters.

    Returns:
        `[redacted]` for what looks like a secret; otherwise at most `most` characters, all printable, with
        `[redacted]` in place of every mail address.
    """
    # The search comes before the cut: half a token no longer looks like one and still is half of it.
    printable = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text.strip())
    if looks_secret(printable):
        return REDACTED
    printable = _MAIL.sub(REDACTED, printable)
    return printable if len(printable) <= most else printable[: most - 1] + "…"


def clean_json(value: Any) -> Any:
    """Return a JSON value in which every text that looks like a secret, keys included, is `[redacted]`.

    Args:
        value: dicts, lists, tuples, text and anything else, nested; only text is looked at.
    """
    match value:
        case str():
            return REDACTED if looks_secret(value) else value
        case dict():
            return {clean_json(key): clean_json(item) for key, item in value.items()}
        case list() | tuple():
            return [clean_json(item) for item in value]
        case _:
            return value
