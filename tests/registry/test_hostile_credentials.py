"""Who gets our credentials: the registry's own origin and the token services listed for it, nobody else.

The other host is a real server, which logs every header that it got.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from support.attacked import NAME, Attacked, reference
from support.fault_registry import FaultRegistry, Switches
from support.meddler import Answered, Asked, meddle
from support.tls import TlsFiles

Start = Callable[..., FaultRegistry]
TRUST: Final = ("--key", "ci.pub", "--timeout", "2")
PASSWORD: Final = "the-secret-of-ci"
USERS: Final = {"ci": PASSWORD}
SECRETS: Final = (PASSWORD, base64.b64encode(f"ci:{PASSWORD}".encode()).decode())


def login(registry: FaultRegistry) -> dict[str, str]:
    """Return the variables that log in at a registry."""
    return {
        "GOVERN_AUTH_HOST": registry.host,
        "GOVERN_AUTH_USERNAME": "ci",
        "GOVERN_AUTH_PASSWORD": PASSWORD,
    }


def check_got_nothing(other: FaultRegistry, *, requests: bool) -> None:
    """Assert that a host got no credentials, and whether it was asked at all."""
    assert bool(other.requests()) == requests
    for one in other.requests():
        assert "authorization" not in one.headers
        assert "cookie" not in one.headers
        assert not any(secret in value for secret in SECRETS for value in (one.path, *one.headers.values()))


@pytest.fixture(params=["basic", "bearer"])
def asking(request: pytest.FixtureRequest) -> Switches:
    """A registry that asks who one is."""
    return Switches(auth=request.param, users=dict(USERS))


def test_an_honest_registry_gets_them(asking: Switches, victim: Attacked, start_fault_registry: Start) -> None:
    registry = start_fault_registry(asking, content=victim.honest())
    assert victim.govern("verify", reference(registry), *TRUST, env=login(registry)).code == 0
    assert any("authorization" in one.headers for one in registry.requests())
    ended = victim.govern("verify", reference(registry), *TRUST)
    ended.check(3, says="wants to know who you are", hint=f"govern login {registry.host}")


def test_a_page_on_another_host_is_not_fetched(asking: Switches, victim: Attacked, start_fault_registry: Start) -> None:
    content = victim.honest()
    other = start_fault_registry(content=content)
    asking.page_size, asking.link_origin = 1, other.url
    registry = start_fault_registry(asking, content=content)
    ended = victim.govern("verify", reference(registry), *TRUST, env=login(registry))
    ended.check(3, says=f"leads to another host.*{other.host}.*{registry.host}", hint="do not go on|hostile")
    check_got_nothing(other, requests=False)


def test_the_next_page_of_tags_on_another_host_is_not_fetched(victim: Attacked, start_fault_registry: Start) -> None:
    content = victim.honest()
    other = start_fault_registry(content=content)
    switches = Switches(auth="basic", users=dict(USERS), referrers_api=False, page_size=1, link_origin=other.url)
    registry = start_fault_registry(switches, content=content)
    ended = victim.govern("verify", reference(registry), *TRUST, env=login(registry))
    ended.check(3, says="leads to another host")
    check_got_nothing(other, requests=False)


def test_an_upload_to_another_host_is_not_sent(asking: Switches, victim: Attacked, start_fault_registry: Start) -> None:
    other = start_fault_registry()
    asking.upload_origin = other.url
    registry = start_fault_registry(asking)
    ended = victim.govern("push", "model", reference(registry), "--key", "ci.key", env=login(registry))
    ended.check(3, says=f"the upload location leads to another host.*{other.host}", hint="do not go on")
    check_got_nothing(other, requests=False)


def test_a_redirect_to_another_host_is_followed_without_credentials(
    asking: Switches, victim: Attacked, start_fault_registry: Start
) -> None:
    content = victim.honest()
    other = start_fault_registry(content=content)
    asking.redirect_blobs = other.url
    registry = start_fault_registry(asking, content=content)
    ended = victim.govern("pull", reference(registry), *TRUST, "-o", "deep/out", env=login(registry))
    assert ended.code == 0, ended
    check_got_nothing(other, requests=True)


def test_a_redirect_to_a_host_that_asks_who_one_is_gets_no_answer(
    asking: Switches, victim: Attacked, start_fault_registry: Start
) -> None:
    content = victim.honest()
    other = start_fault_registry(Switches(auth="basic", users=dict(USERS)), content=content)
    asking.redirect_blobs = other.url
    registry = start_fault_registry(asking, content=content)
    ended = victim.govern("verify", reference(registry), *TRUST, env=login(registry))
    ended.check(3, says="HTTP 401")
    check_got_nothing(other, requests=True)


def test_a_redirect_to_other_bytes_is_found_out(victim: Attacked, start_fault_registry: Start) -> None:
    content = victim.honest()
    other = start_fault_registry(Switches(flip_byte="/blobs/"), content=content)
    registry = start_fault_registry(Switches(redirect_blobs=other.url), content=content)
    victim.govern("verify", reference(registry), *TRUST).check(1, says="not what its digest says")


REDIRECTS: Final[dict[str, tuple[str, str]]] = {
    "to itself": ("{self}", "redirects without end"),
    "to nowhere": ("", "redirects to nowhere"),
    "to a file": ("file:///etc/passwd", "not a URL that is followed"),
    "to a password": ("http://ci:other@127.0.0.1:1/", "not a URL that is followed"),
    "to a host that is none": ("http://*evil/", "failed|URL"),
    "to a host with empty parts": ("http://a..b/", "failed|URL"),
    "to a long host": ("http://" + "a" * 300 + "/", "failed|URL"),
    "to a port that is none": ("http://127.0.0.1:99999/", "not a URL"),
    "to a broken address": ("http://[::1/", "not a URL"),
    "to a host with a space": ("http://127.0.0.1 .evil/", "white space"),
    "to letters that are no ASCII": ("http://\xe9vil/", "failed|URL"),
    "to a backslash": ("http:\\\\evil\\x", "redirect|URL|failed|HTTP 404"),
    "to a long way": ("/" + "x" * 20_000, "too large.*MAX_HEADER_VALUE"),
    "to nobody": ("http://127.0.0.1:1/", "connection to 127.0.0.1:1 failed"),
}


@pytest.mark.parametrize(("location", "says"), REDIRECTS.values(), ids=REDIRECTS)
def test_a_redirect_that_leads_nowhere_good(
    location: str, says: str, victim: Attacked, start_fault_registry: Start
) -> None:
    def change(asked: Asked, honest: Callable[[], Answered]) -> Answered | None:
        if asked.method == "GET" and "/blobs/" in asked.path:
            return Answered(307, {"Location": location.replace("{self}", asked.path)} if location else {})
        return None

    registry = start_fault_registry(content=victim.honest())
    with meddle(registry, change) as between:
        ended = victim.govern_here("verify", f"{between.host}/{NAME}:1.0", *TRUST)
    ended.check(3, says=says)


def test_a_redirect_from_tls_to_none_is_not_followed(
    victim: Attacked, start_fault_registry: Start, tls: TlsFiles
) -> None:
    content = victim.honest()
    other = start_fault_registry(content=content)
    registry = start_fault_registry(Switches(redirect_blobs=other.url), content=content, tls=tls)
    ended = victim.govern("verify", reference(registry), *TRUST, "--ca-file", tls.ca)
    ended.check(3, says="redirects away from TLS", hint="do not go on")
    check_got_nothing(other, requests=False)


def test_a_registry_of_another_authority_is_asked_nothing(
    victim: Attacked, start_fault_registry: Start, tls: TlsFiles
) -> None:
    registry = start_fault_registry(Switches(auth="basic"), content=victim.honest(), tls=tls)
    ended = victim.govern("verify", reference(registry), *TRUST, env=login(registry))
    ended.check(3, says="could not be trusted.*certificate", hint="--ca-file")
    assert registry.requests() == []


# --- token services ------------------------------------------------------------------------------


def test_a_token_service_on_another_host_gets_nothing_unless_it_is_listed(
    victim: Attacked, start_fault_registry: Start, tmp_path: Path
) -> None:
    content = victim.honest()
    other = start_fault_registry(Switches(users=dict(USERS)))
    realm = f"{other.url}/token"
    registry = start_fault_registry(Switches(auth="bearer", realm=realm, users=dict(USERS)), content=content)
    ended = victim.govern_here("verify", reference(registry), *TRUST, env=login(registry))
    hint = rf'\[hosts."{registry.host}"\] token_realms = \["{realm}"\]'
    ended.check(3, says="wants its credentials sent to another host", hint=hint)
    assert other.requests() == []
    config = tmp_path / "config.toml"
    listed = login(registry) | {"GOVERN_CONFIG": str(config)}
    for host, wrong in ((registry.host, f"{other.url}/token2"), ("other.example", realm), (registry.host, realm + "/")):
        config.write_text(f'[hosts."{host}"]\ntoken_realms = ["{wrong}"]\n')
        victim.govern_here("verify", reference(registry), *TRUST, env=listed).check(3, says="sent to another host")
        assert other.requests() == []
    config.write_text(f'[hosts."{registry.host}"]\ntoken_realms = ["{realm}"]\n')
    victim.govern_here("verify", reference(registry), *TRUST, env=listed).check(0, says="ALLOWED")
    assert {one.path.split("?")[0] for one in other.requests()} == {"/token"}


@pytest.mark.parametrize("realm", [
    "", "token", "//127.0.0.1:1/token", "ftp://127.0.0.1/token", "http://", "http://ci@127.0.0.1:1/token", "http://[",
    "http://127.0.0.1:99999/token", "\x00", "http://127.0.0.1:1/token\tx", "x" * 20_000,
])  # fmt: skip
def test_a_realm_that_is_no_place_gets_nothing(realm: str, victim: Attacked, start_fault_registry: Start) -> None:
    def change(asked: Asked, honest: Callable[[], Answered]) -> Answered | None:
        return Answered(401, {"WWW-Authenticate": f'Bearer realm="{realm}",service="x"'})

    registry = start_fault_registry(content=victim.honest())
    with meddle(registry, change) as between:
        env = login(registry) | {"GOVERN_AUTH_HOST": between.host}
        ended = victim.govern_here("verify", f"{between.host}/{NAME}:1.0", *TRUST, env=env)
    ended.check(3, says="realm|credentials|authentication|URL|header")
    assert not any("authorization" in one.headers for one in between.asked)


CHALLENGES: Final = {
    "none": "",
    "of another kind": 'Negotiate realm="x"',
    "broken": 'Bearer realm="http://127.0.0.1',
    "many": ", ".join(f'Scheme{number} a="b"' for number in range(500)),
    "of quotes": '"' * 5_000,
    "of backslashes": 'Bearer realm="' + "\\" * 5_000,
}


@pytest.mark.parametrize("challenge", CHALLENGES.values(), ids=CHALLENGES)
def test_a_challenge_that_says_nothing(challenge: str, victim: Attacked, start_fault_registry: Start) -> None:
    def change(asked: Asked, honest: Callable[[], Answered]) -> Answered | None:
        return Answered(401, {"WWW-Authenticate": challenge} if challenge else {})

    registry = start_fault_registry(content=victim.honest())
    with meddle(registry, change) as between:
        env = login(registry) | {"GOVERN_AUTH_HOST": between.host}
        ended = victim.govern_here("verify", f"{between.host}/{NAME}:1.0", *TRUST, env=env)
    ended.check(3, says="authentication that is not spoken|realm|URL")


TOKENS: Final = {
    "a page": b"<html>",
    "nothing": b"",
    "no token": b"{}",
    "a token that is no text": b'{"token": 1}',
    "a token with a line break": b'{"token": "a\\r\\nX-Evil: 1"}',
    "a token without end": b'{"token": "' + b"a" * 200_000 + b'"}',
    "nesting": b"[" * 60_000,
    "a life that is none": b'{"token": "abc", "expires_in": "soon"}',
}


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
def test_a_token_service_that_lies(token: bytes, victim: Attacked, start_fault_registry: Start) -> None:
    def change(asked: Asked, honest: Callable[[], Answered]) -> Answered | None:
        return Answered(200, {}, token) if asked.path.startswith("/token") else None

    registry = start_fault_registry(Switches(auth="bearer"), content=victim.honest())
    with meddle(registry, change) as between:
        env = login(registry) | {"GOVERN_AUTH_HOST": between.host}
        ended = victim.govern_here("verify", f"{between.host}/{NAME}:1.0", *TRUST, env=env)
    ended.check(3, says="token|credentials|valid JSON|too large")
    assert not any("x-evil" in one.headers for one in between.asked)


def test_a_registry_that_refuses_every_token_is_given_up(victim: Attacked, start_fault_registry: Start) -> None:
    registry = start_fault_registry(Switches(auth="bearer", token_uses=0, users=dict(USERS)), content=victim.honest())

    def change(asked: Asked, honest: Callable[[], Answered]) -> Answered | None:
        if asked.path.startswith("/token"):
            return None
        return Answered(401, {"WWW-Authenticate": f'Bearer realm="http://{asked.headers["host"]}/token"'})

    with meddle(registry, change) as between:
        env = login(registry) | {"GOVERN_AUTH_HOST": between.host}
        ended = victim.govern("verify", f"{between.host}/{NAME}:1.0", *TRUST, env=env, within=10)
    ended.check(3, says="refused the credentials", hint="govern login")
    assert len(between.asked) < 50


def test_credentials_of_one_host_are_not_shown_to_another(
    asking: Switches, victim: Attacked, start_fault_registry: Start
) -> None:
    content = victim.honest()
    home = start_fault_registry(content=content)
    other = start_fault_registry(asking, content=content)
    ended = victim.govern("verify", reference(other), *TRUST, env=login(home))
    ended.check(3, says="wants to know who you are")
    check_got_nothing(other, requests=True)
