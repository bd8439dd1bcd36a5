"""How a store reaches its registry: authorities, client certificates, proxies; only what was set, and said clearly."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from conftest import Cli
from govern.errors import GovernError, NetworkError
from govern.store.registry import retry
from support.connect_proxy import ConnectProxy, connect_proxy
from support.registries import Running, distribution
from support.stores import open_repository, put_artifact, put_record, shown
from support.tls import TlsFiles, make_tls

Start = Callable[..., Running]


@pytest.fixture
def proxy() -> Iterator[ConnectProxy]:
    with connect_proxy() as made:
        yield made


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The waits between tries are short here."""
    monkeypatch.setattr(retry, "_FIRST_WAIT", 0.01)


def works(host: str, repository: str, environment: Mapping[str, str] | None = None, **options: Any) -> None:
    """Push and read back; raise what the store raises."""
    with contextlib.closing(open_repository(host, repository, environment, **options)) as store:
        subject = put_artifact(store, "1.0.0")
        record = put_record(store, subject.digest)
        assert shown(store, subject.digest) == {record.digest}


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory, tls: TlsFiles) -> Iterator[Running]:
    """A distribution that speaks TLS."""
    with distribution(tmp_path_factory.mktemp("tls-registry"), tls=tls) as running:
        yield running


@pytest.fixture(scope="module")
def mutual(tmp_path_factory: pytest.TempPathFactory, tls: TlsFiles) -> Iterator[Running]:
    """A distribution that asks for a client certificate."""
    with distribution(tmp_path_factory.mktemp("mutual"), tls=tls, mutual=True) as running:
        yield running


# --- authorities ---------------------------------------------------------------------------------


def test_an_authority_of_one_s_own_is_trusted_where_it_is_named(
    secured: Running, tls: TlsFiles, repository: str
) -> None:
    works(secured.host, repository, ca=tls.ca)
    works(f"localhost:{secured.host.rpartition(':')[2]}", repository, ca=tls.ca)


def test_no_other_authority_will_do(secured: Running, tmp_path: Path, repository: str) -> None:
    for ca in (None, make_tls(tmp_path).ca):
        with pytest.raises(NetworkError, match="could not be trusted: got certificate verify failed") as caught:
            works(secured.host, repository, ca=ca)
        assert "--ca-file" in caught.value.hint


def test_a_certificate_is_not_better_the_second_time(
    secured: Running, repository: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def again(*_: object) -> bool:
        raise AssertionError("it was tried again")

    monkeypatch.setattr(retry.Tries, "again", again)
    with pytest.raises(NetworkError, match="could not be trusted"):
        works(secured.host, repository)


def test_a_certificate_of_another_host_is_refused(secured: Running, tls: TlsFiles, repository: str) -> None:
    # The certificate is for 127.0.0.1, ::1 and localhost; this is another name of the same machine.
    with pytest.raises(NetworkError, match="could not be trusted"):
        works(f"127.1:{secured.host.rpartition(':')[2]}", repository, ca=tls.ca)


def test_variables_for_other_programs_name_no_authority(
    secured: Running, tls: TlsFiles, repository: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(tls.ca))
        with pytest.raises(NetworkError, match="could not be trusted"):
            works(secured.host, repository, {name: str(tls.ca)})
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    works(secured.host, repository, ca=tls.ca)


# --- client certificates -------------------------------------------------------------------------


def test_a_client_certificate_opens_a_registry_that_asks_for_one(
    mutual: Running, tls: TlsFiles, tmp_path: Path, repository: str
) -> None:
    works(mutual.host, repository, ca=tls.ca, client_cert=tls.client_cert, client_key=tls.client_key)
    both = tmp_path / "both.pem"
    both.write_bytes(tls.client_cert.read_bytes() + tls.client_key.read_bytes())
    works(mutual.host, repository, ca=tls.ca, client_cert=both)


def test_without_the_right_client_certificate_nothing_opens(
    mutual: Running, tls: TlsFiles, tmp_path: Path, repository: str
) -> None:
    with pytest.raises(GovernError):
        works(mutual.host, repository, ca=tls.ca)
    other = make_tls(tmp_path)
    with pytest.raises(GovernError):
        works(mutual.host, repository, ca=tls.ca, client_cert=other.client_cert, client_key=other.client_key)


def test_flags_and_settings_say_the_same(
    cli: Cli, mutual: Running, tls: TlsFiles, tmp_path: Path, repository: str
) -> None:
    options: dict[str, Any] = {"ca": tls.ca, "client_cert": tls.client_cert, "client_key": tls.client_key}
    works(mutual.host, repository, **options)
    reference = f"{mutual.host}/{repository}:1.0.0"
    flags: list[str | Path] = ["--ca-file", tls.ca, "--client-cert", tls.client_cert, "--client-key", tls.client_key]
    assert cli("resolve", reference, *flags).returncode == 0
    assert cli("resolve", reference, *flags[:2]).returncode == 3
    settings = tmp_path / "config.toml"
    lines = [f'[hosts."{mutual.host}"]', *(f'{name} = "{path}"' for name, path in options.items())]
    settings.write_text("\n".join(lines))
    assert cli("resolve", reference, env={"GOVERN_CONFIG": str(settings)}).returncode == 0


# --- proxies -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_connects_through_to_the_registry(
    name: str, secured: Running, tls: TlsFiles, proxy: ConnectProxy, repository: str
) -> None:
    works(secured.host, repository, {name: f"http://{proxy.host}"}, ca=tls.ca)
    assert {one.rpartition(" ")[0] for one in proxy.asked} == {f"CONNECT {secured.host}"}


def test_a_client_certificate_goes_through_a_proxy(
    mutual: Running, tls: TlsFiles, proxy: ConnectProxy, repository: str
) -> None:
    environment = {"HTTPS_PROXY": f"http://{proxy.host}"}
    works(mutual.host, repository, environment, ca=tls.ca, client_cert=tls.client_cert, client_key=tls.client_key)
    assert proxy.asked


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
@pytest.mark.parametrize("hosts", ["127.0.0.1", "example.com, 127.0.0.1", "*", "127.0.0.1:{port}"])
def test_no_proxy_is_asked_for_a_host_that_is_left_out(
    name: str, hosts: str, secured: Running, tls: TlsFiles, proxy: ConnectProxy, repository: str
) -> None:
    left_out = hosts.replace("{port}", secured.host.rpartition(":")[2])
    works(secured.host, repository, {"HTTPS_PROXY": f"http://{proxy.host}", name: left_out}, ca=tls.ca)
    assert proxy.asked == []


@pytest.mark.parametrize("hosts", ["example.com", "7.0.0.1", "127.0.0.1:1", ""])
def test_a_host_that_is_not_left_out_is_asked_for_through_the_proxy(
    hosts: str, secured: Running, tls: TlsFiles, proxy: ConnectProxy, repository: str
) -> None:
    works(secured.host, repository, {"HTTPS_PROXY": f"http://{proxy.host}", "NO_PROXY": hosts}, ca=tls.ca)
    assert proxy.asked


def test_the_proxy_of_the_process_is_not_ours(
    secured: Running, tls: TlsFiles, proxy: ConnectProxy, repository: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A store sees the settings that it was given, and nothing behind their back.
    monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.host}")
    works(secured.host, repository, {}, ca=tls.ca)
    assert proxy.asked == []


def test_a_proxy_may_ask_who_we_are(secured: Running, tls: TlsFiles, proxy: ConnectProxy, repository: str) -> None:
    proxy.user = "corp:pass word"
    with pytest.raises(NetworkError):
        with_proxy(secured, f"http://{proxy.host}", tls, repository)
    with_proxy(secured, f"http://corp:pass%20word@{proxy.host}", tls, repository)
    assert set(proxy.credentials) == {"corp:pass word"}


def with_proxy(running: Running, url: str, tls: TlsFiles, repository: str) -> None:
    works(running.host, repository, {"HTTPS_PROXY": url}, ca=tls.ca)


def test_a_proxy_that_is_not_there_is_named_as_the_trouble(secured: Running, tls: TlsFiles, repository: str) -> None:
    with pytest.raises(NetworkError) as caught:
        with_proxy(secured, "http://127.0.0.1:9", tls, repository)
    assert "HTTPS_PROXY" in caught.value.hint


def test_the_password_of_a_proxy_is_never_shown(
    secured: Running, tls: TlsFiles, proxy: ConnectProxy, repository: str, caplog: pytest.LogCaptureFixture
) -> None:
    proxy.user = "another"
    with caplog.at_level("DEBUG"), pytest.raises(NetworkError) as caught:
        with_proxy(secured, f"http://corp:hush@{proxy.host}", tls, repository)
    assert "hush" not in caught.value.message + caught.value.hint + caplog.text


def test_plain_http_goes_through_a_proxy_with_its_whole_url(zot: Running, proxy: ConnectProxy, repository: str) -> None:
    with contextlib.closing(open_repository(zot.host, repository)) as store:
        manifest = put_artifact(store, "1.0.0")
    environment = {"HTTP_PROXY": f"http://{proxy.host}"}
    with contextlib.closing(open_repository(zot.host, repository, environment)) as store:
        assert store.get_manifest("1.0.0") == manifest
    assert proxy.asked == [f"GET http://{zot.host}/v2/{repository}/manifests/1.0.0 HTTP/1.1"]


def test_the_command_line_takes_the_proxy_of_its_environment(
    cli: Cli, secured: Running, tls: TlsFiles, proxy: ConnectProxy, repository: str
) -> None:
    works(secured.host, repository, ca=tls.ca)
    reference = f"{secured.host}/{repository}:1.0.0"
    env = {"HTTPS_PROXY": f"http://{proxy.host}"}
    ran = cli("resolve", reference, "--ca-file", tls.ca, env=env)
    assert ran.returncode == 0, ran.stderr
    assert len(proxy.asked) == 1
    assert cli("resolve", reference, "--ca-file", tls.ca, env={**env, "NO_PROXY": "127.0.0.1"}).returncode == 0
    assert len(proxy.asked) == 1
