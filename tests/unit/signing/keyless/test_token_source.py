"""Where identity tokens come from, and in which order; none comes as an argument."""

from __future__ import annotations

import io
import json
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from govern.errors import InvalidInput, NetworkError, Undecided
from govern.settings import Settings
from govern.signing.keyless.token_source import TokenSource, token_source
from support.id_tokens import token
from support.sigstore.served import Handler, served

AUDIENCE = "sigstore"
unclosed = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
"""The library leaves the socket on which it waits for the browser to the collector."""


def fetched(source: TokenSource, provider: str = "") -> str:
    return source.fetch(AUDIENCE, lambda: provider)


@pytest.fixture(autouse=True)
def _no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "CIRCLECI", "GOOGLE_SERVICE_ACCOUNT_NAME"):
        monkeypatch.delenv(name, raising=False)


def test_a_file_comes_before_the_variable_and_is_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "token"
    settings = Settings(environment={"SIGSTORE_ID_TOKEN": "of the variable"})
    source = token_source(settings, file)
    for text in ("first", "second"):
        file.write_text(text)
        assert fetched(source) == text
    assert fetched(token_source(settings)) == "of the variable"


def test_a_file_that_cannot_be_read_is_the_users_own_fault(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * 100_000)
    for name in ("none", "large", ""):
        with pytest.raises(InvalidInput):
            fetched(token_source(Settings(), tmp_path / name))


def test_without_any_it_says_how_to_get_one() -> None:
    with pytest.raises(Undecided) as refusal:
        fetched(token_source(Settings()))
    assert "id-token: write" in refusal.value.hint
    assert "SIGSTORE_ID_TOKEN" in refusal.value.expected


def test_a_gitlab_job_without_its_token_is_told_how(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITLAB_CI", "true")
    monkeypatch.delenv("SIGSTORE_ID_TOKEN", raising=False)
    with pytest.raises(Undecided, match="SIGSTORE_ID_TOKEN") as refusal:
        fetched(token_source(Settings()))
    assert "id_tokens" in refusal.value.hint


def test_a_token_is_in_no_repr_of_its_source() -> None:
    source = token_source(Settings(environment={"SIGSTORE_ID_TOKEN": "planted"}))
    assert "planted" not in repr(source)


# --- the browser ---------------------------------------------------------------------------------


@pytest.fixture
def provider() -> Iterator[tuple[str, list[dict[str, list[str]]]]]:
    """Run an OpenID provider that lets everybody in; also return what its token endpoint was asked."""
    asked: list[dict[str, list[str]]] = []

    class Provider(Handler):
        def do_GET(self) -> None:
            own = f"http://{self.headers['Host']}"
            said = {"authorization_endpoint": f"{own}/auth", "token_endpoint": f"{own}/token"}
            if self.path.startswith("/auth"):
                query = parse_qs(urlsplit(self.path).query)
                self.send_response(302)
                self.send_header("Location", f"{query['redirect_uri'][0]}?code=c0de&state={query['state'][0]}")
                self.send_header("Content-Length", "0")
                self.end_headers()
            else:
                self.reply(200, json.dumps(said).encode())

        def do_POST(self) -> None:
            asked.append(parse_qs(self.body().decode()))
            self.reply(200, json.dumps({"access_token": token()}).encode())

    with served(Provider) as url:
        yield url, asked


@unclosed
def test_a_person_signs_in_with_a_browser_and_stdout_stays_data(
    provider: tuple[str, list[dict[str, list[str]]]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url, asked = provider
    visits: list[threading.Thread] = []

    def open_browser(place: str) -> bool:
        def visit() -> None:
            with urllib.request.urlopen(place, timeout=10) as page:
                page.read()

        visits.append(threading.Thread(target=visit))
        visits[-1].start()
        return True

    monkeypatch.setattr("webbrowser.open", open_browser)
    assert fetched(token_source(Settings(), browser=True), url) == token()
    visits[0].join()
    assert asked[0]["code"] == ["c0de"]
    assert asked[0]["code_verifier"]
    assert capsys.readouterr().out == ""


@unclosed
def test_without_a_browser_the_code_is_asked_for_on_stderr(
    provider: tuple[str, list[dict[str, list[str]]]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("webbrowser.open", lambda _: False)
    monkeypatch.setattr(sys, "stdin", io.StringIO("the code\n"))
    assert fetched(token_source(Settings(), browser=True), provider[0]) == token()
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Enter verification code" in printed.err
    assert provider[1][0]["code"] == ["the code"]


def test_a_provider_that_is_down_or_something_else_is_undecided() -> None:
    with pytest.raises(NetworkError, match="the OpenID provider"):
        fetched(token_source(Settings(), browser=True), "http://127.0.0.1:9")

    class Odd(Handler):
        def do_GET(self) -> None:
            self.reply(200, b"[]")

    with served(Odd) as url, pytest.raises(Undecided, match="OpenID provider's configuration"):
        fetched(token_source(Settings(), browser=True), url)
