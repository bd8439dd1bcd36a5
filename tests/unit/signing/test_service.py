"""Services that take part in signing: whole and in time, through the proxy that was set, and silent about secrets."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from govern.errors import AuthError, LimitExceeded, NetworkError, Undecided, UsageError
from govern.limits import Bound
from govern.settings import HostSettings, Settings
from govern.signing.service import Service, Session, hidden
from support.fault_registry import FaultRegistry
from support.sigstore.served import Handler, served
from support.tls import TlsFiles

SMALL = Bound("SMALL", 1000)
TOKEN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJwbGFudGVkIn0.planted"
Answer = Callable[[Handler], None]
Serve = Callable[[Answer], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve with a function that answers a request."""
    with ExitStack() as stack:

        def start(answer: Answer) -> str:
            class Served(Handler):
                def do_POST(self) -> None:
                    answer(self)

                do_GET = do_POST

            return stack.enter_context(served(Served))

        yield start


def service(settings: Settings | None = None, seconds: float = 20.0) -> Service:
    return Service("the service", settings or Settings(), seconds, "look there", SMALL)


def test_the_body_is_sent_and_the_answer_comes_back(serve: Serve) -> None:
    url = serve(lambda asked: asked.reply(201, asked.headers["Content-Type"].encode() + b": " + asked.body()))
    assert service().post(f"{url}/x", b"question", "text/x-test") == b"text/x-test: question"


@pytest.mark.parametrize(
    ("status", "kind"), [(400, Undecided), (401, AuthError), (403, AuthError), (429, NetworkError), (503, NetworkError)]
)
def test_a_refusal_is_undecided_and_says_what_the_service_said(
    status: int, kind: type[Undecided], serve: Serve
) -> None:
    url = serve(lambda asked: asked.reply(status, b'{"message": "not you\\u001b[31m"}'))
    with pytest.raises(kind) as refusal:
        service().post(url, b"", "a/b")
    assert f"HTTP {status}: 'not you\\x1b[31m'" in refusal.value.got
    assert refusal.value.hint == "look there"
    assert refusal.value.exit_code == 3


def test_a_redirect_is_not_followed(serve: Serve) -> None:
    def away(asked: Handler) -> None:
        asked.send_response(307)
        asked.send_header("Location", "http://127.0.0.1:9/")
        asked.send_header("Content-Length", "0")
        asked.end_headers()

    with pytest.raises(Undecided, match="HTTP 307"):
        service().post(serve(away), b"", "a/b")


def test_an_answer_beyond_the_bound_is_refused_whatever_it_says_of_its_length(serve: Serve) -> None:
    def endless(asked: Handler) -> None:
        asked.send_response(200)
        asked.end_headers()
        for _ in range(10_000):
            try:
                asked.wfile.write(b"x" * 1000)
            except OSError:
                return

    for answer in (endless, lambda asked: asked.reply(200, b"x" * 1001)):
        with pytest.raises(LimitExceeded, match="SMALL"):
            service().post(serve(answer), b"", "a/b")


@pytest.mark.parametrize("where", ["headers", "body"])
def test_an_answer_that_drips_is_given_up(where: str, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("govern.signing.service._CONNECT", 0.2)

    def drip(asked: Handler) -> None:
        asked.wfile.write(b"HTTP/1.1 200 OK\r\n" + (b"\r\n" if where == "body" else b"X-Slow: "))
        for _ in range(12):
            time.sleep(0.2)
            try:
                asked.wfile.write(b".")
                asked.wfile.flush()
            except OSError:
                return

    begun = time.monotonic()
    with pytest.raises(NetworkError, match="did not answer"):
        service(seconds=0.5).post(serve(drip), b"", "a/b")
    assert time.monotonic() - begun < 2
    # The thread that was given up ends with its connection.
    time.sleep(2.2)


def test_silence_and_a_closed_port_are_undecided(serve: Serve) -> None:
    with pytest.raises(NetworkError, match="did not answer"):
        service(seconds=0.3).post(serve(lambda asked: time.sleep(1)), b"", "a/b")
    with pytest.raises(NetworkError, match="cannot be reached") as refusal:
        service().post("http://user:planted@127.0.0.1:9/planted?planted", b"", "a/b")
    assert "planted" not in refusal.value.message


@pytest.mark.parametrize(
    "url",
    ["", "tsa.example.test", "ftp://tsa.example.test/", "http://", "http://[::1", "file:///etc/passwd", "http://h:x/"],
)
def test_what_is_no_url_of_a_service_is_wrong_usage(url: str) -> None:
    with pytest.raises(UsageError):
        service().post(url, b"", "a/b")


# --- secrets -------------------------------------------------------------------------------------


def with_token(url: str, settings: Settings | None = None) -> None:
    session = Session(service(settings), {"X-Of": "test"})
    session.post(url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=1)


def test_a_token_is_in_nothing_that_could_be_shown(serve: Serve) -> None:
    for url in (
        serve(lambda asked: asked.reply(400, f"bad header {asked.headers['Authorization']}".encode())),
        serve(lambda asked: asked.reply(400, f'{{"message": "{TOKEN}"}}'.encode())),
        "http://127.0.0.1:9",
    ):
        with pytest.raises(Undecided) as refusal:
            with_token(url)
        told = refusal.value.message + repr(refusal.value)
        assert "planted" not in told
        assert TOKEN not in told
        assert refusal.value.__cause__ is None


def test_what_looks_like_a_token_is_hidden_wherever_it_stands() -> None:
    assert hidden(f"a {TOKEN} b", "nothing") == "a … b"
    assert hidden("a secret b secret", "secret", "") == "a … b …"
    assert "eyJ" not in hidden(f"Bearer {TOKEN[:-9]}")


def test_a_token_goes_in_the_clear_to_the_own_machine_only() -> None:
    far = "http://service.example.test"
    for of_a_registry in (Settings(), Settings(any_host=HostSettings(plain_http=True))):
        with pytest.raises(AuthError, match="in the clear"):
            with_token(far, of_a_registry)
    settings = Settings(
        environment={"http_proxy": "http://127.0.0.1:9"},
        hosts={"service.example.test": HostSettings(plain_http=True)},
    )
    with pytest.raises(NetworkError, match="cannot be reached"):
        with_token(far, settings)


# --- settings ------------------------------------------------------------------------------------


def test_proxies_come_from_the_settings_alone(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    url = serve(lambda asked: asked.reply(200, b"straight"))
    proxy = serve(lambda asked: asked.reply(200, f"for {asked.path}".encode()))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert service().post(url, b"", "a/b") == b"straight"
    proxied = Settings(environment={"http_proxy": proxy})
    assert service(proxied).post(f"{url}/x", b"", "a/b") == f"for {url}/x".encode()
    around = Settings(environment={"http_proxy": proxy, "NO_PROXY": "127.0.0.1"})
    assert service(around).post(url, b"", "a/b") == b"straight"


def test_nothing_of_netrc_or_the_environment_is_sent(serve: Serve, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / ".netrc").write_text("machine 127.0.0.1 login me password planted\n")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    url = serve(lambda asked: asked.reply(200, str(asked.headers.get("Authorization")).encode()))
    assert service().get(url) == b"None"
    assert Session(service()).get(url).content == b"None"


def test_the_authority_of_a_host_is_the_one_that_was_set(
    start_fault_registry: Callable[..., FaultRegistry], tls: TlsFiles
) -> None:
    host = start_fault_registry(tls=tls).host
    url = f"https://{host}/v2/"
    with pytest.raises(NetworkError, match="cannot be reached") as refusal:
        service().get(url)
    assert "--ca-file" in refusal.value.hint
    for settings in (
        Settings(any_host=HostSettings(ca=tls.ca)),
        Settings(hosts={host: HostSettings(ca=tls.ca)}),
    ):
        assert service(settings).get(url)
