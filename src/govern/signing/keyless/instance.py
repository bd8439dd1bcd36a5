"""A Sigstore instance: whom to ask for a signature, and whom to trust with it. The public one, or a private one.

Source: sigstore/protobuf-specs, sigstore_trustroot.proto: ClientTrustConfig v0.1.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from govern import canonical
from govern.errors import InvalidInput, Undecided
from govern.limits import MAX_TRUSTED_ROOT

if TYPE_CHECKING:
    from sigstore.models import ClientTrustConfig

PUBLIC_URL: Final = "https://tuf-repo-cdn.sigstore.dev"
_ROOT: Final = "trusted_root.json"


@dataclass(frozen=True, slots=True)
class Instance:
    """A Sigstore instance.

    Args:
        what: where its configuration came from, for messages.
        config: the library's own reading of it.
        trusted_root: the JSON of its trusted root.
    """

    what: str
    config: ClientTrustConfig = field(repr=False)
    trusted_root: bytes = field(repr=False)


def read_instance(data: bytes, what: str) -> Instance:
    """Read a client trust configuration, as sigstore-python takes it with `--trust-config`.

    Args:
        data: its JSON.
        what: where it stands, for messages.

    Raises:
        InvalidInput: for anything else.
    """
    from sigstore.errors import Error
    from sigstore.models import ClientTrustConfig

    body = canonical.loads(data, what, bound=MAX_TRUSTED_ROOT, floats=False)
    if not isinstance(body, dict) or not isinstance(body.get("trustedRoot"), dict):
        raise InvalidInput(
            f"{what} is not a client trust configuration",
            got=canonical.describe(body) if not isinstance(body, dict) else "no trustedRoot",
            expected='{"mediaType", "trustedRoot", "signingConfig"}',
            hint="put trusted_root.json and signing_config.json into one; cosign makes both",
        )
    try:
        config = ClientTrustConfig.from_json(data.decode("utf-8"))
        _ = config.trusted_root, config.signing_config  # which are read when they are first looked at
    except (ValueError, Error) as fault:
        raise InvalidInput(
            f"{what} cannot be read",
            got=_first_lines(str(fault)),
            expected="a trusted root and a signing config v0.2, with services that count today",
            hint='rekorTlogConfig and tsaConfig need a "selector", which cosign leaves out of an empty one',
        ) from fault
    return Instance(what, config, canonical.dumps(body["trustedRoot"]))


def public_instance() -> Instance:
    """Return the public Sigstore, as its repository of trust (TUF) says today. Touches the network.

    Raises:
        Undecided: where it cannot be asked.
    """
    _quiet()
    from sigstore.models import ClientTrustConfig

    try:
        config = ClientTrustConfig.production()
        trusted_root = _updated()
    except Exception as fault:  # of two libraries, of files, and of what hides behind them
        raise _unreachable(fault) from fault
    return Instance(f"the public Sigstore, {PUBLIC_URL}", config, trusted_root)


def public_trusted_root(*, offline: bool) -> bytes:
    """Return the trusted root of the public Sigstore.

    Args:
        offline: whether to take what is known, without the network: what was fetched last, or else what came
            with the library.

    Raises:
        Undecided: where it was to be fetched, and could not.
    """
    _quiet()
    if offline:
        return _known()
    try:
        return _updated()
    except Exception as fault:  # as above
        raise _unreachable(fault) from fault


def _updated() -> bytes:
    from sigstore._internal.tuf import TrustUpdater

    # The file itself, as TUF signed for it: the library's model of it would be other bytes.
    return _bounded(Path(TrustUpdater(PUBLIC_URL).get_trusted_root_path()).read_bytes())


def _known() -> bytes:
    from sigstore._internal.tuf import TrustUpdater

    try:
        return _bounded(Path(TrustUpdater(PUBLIC_URL, offline=True).get_trusted_root_path()).read_bytes())
    except OSError:
        # The library wants a folder to write to; a container without a home has none.
        store = resources.files("sigstore._store") / quote(PUBLIC_URL, safe="")
        return _bounded((store / _ROOT).read_bytes())


def _bounded(data: bytes) -> bytes:
    MAX_TRUSTED_ROOT.check(len(data), "the public trusted root")
    return data


def _quiet() -> None:
    # What the library says by itself would stand on stderr, between what govern says.
    for name in ("sigstore", "tuf"):
        logging.getLogger(name).addHandler(logging.NullHandler())


def _unreachable(fault: BaseException) -> Undecided:
    told: list[str] = []
    one: Any = fault
    while one is not None and len(told) < 4:
        told.append(str(one) or type(one).__name__)
        one = one.__cause__
    return Undecided(
        "the trust root of the public Sigstore cannot be fetched",
        got=_first_lines("; ".join(told)),
        expected=f"an answer of {PUBLIC_URL}",
        hint="check the network; offline, pin a trusted root: --trusted-root FILE, and to sign --trust-config FILE",
    )


def _first_lines(text: str) -> str:
    return " ".join(text.split())[:300]
