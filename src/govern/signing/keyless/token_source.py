"""Where identity tokens come from: a file, a variable, the CI job, or a person's browser. Never an argument."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from govern import canonical
from govern.errors import InvalidInput, Undecided
from govern.limits import MAX_ID_TOKEN, MAX_SERVICE_ANSWER
from govern.settings import Settings
from govern.signing.keyless.guarded import guarded
from govern.signing.service import Service, Session, patience

if TYPE_CHECKING:
    from sigstore.oidc import Issuer

TOKEN_VARIABLE: Final = "SIGSTORE_ID_TOKEN"  # noqa: S105 - a name, not a secret


@dataclass(frozen=True, slots=True)
class TokenSource:
    """A place that tokens come from.

    Args:
        name: for people: "the token of this CI job".
        fetch: takes the audience and the URL of the OpenID provider, and returns the token's text.
        hint: what helps where its token has expired.
    """

    name: str
    fetch: Callable[[str, Callable[[], str]], str] = field(repr=False)
    hint: str


def token_source(settings: Settings, file: Path | None = None, *, browser: bool = False) -> TokenSource:
    """Return where tokens are: the file, else the variable, else the CI job, else the browser.

    Args:
        settings: the environment, proxies and authorities.
        file: a file that holds a token and may be written anew, as Kubernetes does, or None.
        browser: whether a person sits at the terminal.
    """
    if file is not None:
        return _file_source(file)
    if settings.environment.get(TOKEN_VARIABLE):
        return _variable_source(settings.environment)

    def fetch(audience: str, provider: Callable[[], str]) -> str:
        if (found := _ambient(audience)) is not None:
            return found
        if browser:
            return _browse(provider(), audience, settings)
        raise Undecided(
            "nobody says who signs",
            got="no identity token, and no CI job that gives one",
            expected=f"--identity-token-file FILE, {TOKEN_VARIABLE}, or a CI job that may ask for one",
            hint="in GitHub Actions: permissions: id-token: write; in GitLab: id_tokens: SIGSTORE_ID_TOKEN: "
            "aud: sigstore; or sign with --key",
        )

    return TokenSource("the identity token of this session", fetch, "run it again")


def _file_source(path: Path) -> TokenSource:
    what = f"the token file {path}"

    def fetch(_audience: str, _provider: Callable[[], str]) -> str:
        try:
            with path.open("rb") as file:
                data = file.read(MAX_ID_TOKEN.value + 1)
        except OSError as fault:
            raise InvalidInput(f"{what} cannot be read", got=str(fault.strerror)) from fault
        MAX_ID_TOKEN.check(len(data), what, InvalidInput)
        return data.decode("ascii", "replace")

    return TokenSource(what, fetch, "have a new token written to it")


def _variable_source(environment: Mapping[str, str]) -> TokenSource:
    def fetch(_audience: str, _provider: Callable[[], str]) -> str:
        return environment[TOKEN_VARIABLE]

    hint = "get a new one, or give a file that is kept up to date: --identity-token-file FILE"
    return TokenSource(f"the variable {TOKEN_VARIABLE}", fetch, hint)


def _ambient(audience: str) -> str | None:
    """Return the token of the CI job, or None where there is none to be had.

    The library looks at the process's own variables, and asks the provider that they name.
    """
    from sigstore.oidc import detect_credential

    logging.getLogger("id").addHandler(logging.NullHandler())
    return guarded(
        "the CI job gives no identity token",
        lambda: detect_credential(audience),
        hint="in GitHub Actions: permissions: id-token: write, and not for pull requests of forks; in GitLab: "
        "id_tokens: SIGSTORE_ID_TOKEN: aud: sigstore",
    )


def _browse(provider: str, audience: str, settings: Settings) -> str:
    def ask() -> str:
        # The library asks for a code on stdout where it cannot open a browser; that is for data (DESIGN §7).
        with contextlib.redirect_stdout(sys.stderr):
            return str(_issuer(provider, settings).identity_token(client_id=audience))

    return guarded("the OpenID provider gave no identity token", ask, hint="try again")


def _issuer(provider: str, settings: Settings) -> Issuer:
    """Return the library's OpenID provider, asked through our own settings."""
    from sigstore.oidc import Issuer

    class Provider(Issuer):
        def __init__(self) -> None:  # the base class would ask with the environment's proxies, without a bound
            service = Service("the OpenID provider", settings, patience(settings))
            data = service.get(f"{provider.rstrip('/')}/.well-known/openid-configuration")
            self.session = Session(service)
            self.oidc_config = _endpoints(data)

    return Provider()


def _endpoints(data: bytes) -> Any:
    what = "the OpenID provider's configuration"
    value = canonical.loads(data, what, bound=MAX_SERVICE_ANSWER, error=Undecided)
    names = ("authorization_endpoint", "token_endpoint")
    if not isinstance(value, dict) or not all(isinstance(value.get(name), str) for name in names):
        raise Undecided(f"{what} is not one", got=canonical.describe(value), expected=", ".join(names))
    return SimpleNamespace(**{name: value[name] for name in names})
