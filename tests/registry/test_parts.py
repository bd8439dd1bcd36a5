"""The parts that tests start really start, answer, refuse and end."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from support import parts, registries
from support.plain_client import INDEX, MANIFEST, digest_of, push_blob, push_manifest
from support.registries import Running
from support.tls import TlsFiles, make_tls

Start = Callable[..., Running]


# --- finding parts -------------------------------------------------------------------------------


def test_a_part_is_found_by_its_variable_before_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "another-name"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("GOVERN_TEST_HTPASSWD", str(program))
    assert parts.require_part("htpasswd") == program


def test_a_missing_part_skips_and_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(parts, "_UNPACKED", Path("/nowhere"))
    with pytest.raises(pytest.skip.Exception, match="distribution is missing: apt-get install docker-registry"):
        parts.require_part("distribution")


@pytest.mark.parametrize(
    ("name", "without", "outcome"),
    [
        ("zot", "", pytest.fail.Exception),
        ("zot", "another, zot", pytest.skip.Exception),
        ("distribution", "distribution", pytest.fail.Exception),
    ],
)
def test_a_missing_part_fails_in_ci_unless_it_may_be_left_out(
    name: str, without: str, outcome: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("GOVERN_TEST_WITHOUT", without)
    monkeypatch.setenv(f"GOVERN_TEST_{name.upper()}", "/nowhere")
    # Both are caught, since a skip that nobody catches would pass for this test's own.
    with pytest.raises(
        (pytest.fail.Exception, pytest.skip.Exception), match=f"{name} is missing: .*=/nowhere"
    ) as caught:
        parts.require_part(name)
    assert caught.type is outcome


# --- isolation -----------------------------------------------------------------------------------


def test_home_is_empty_and_the_machine_s_variables_are_gone(home: Path, tmp_path: Path) -> None:
    assert Path.home() == home
    assert not list(home.iterdir())
    assert not list(tmp_path.iterdir())
    assert os.environ["PATH"]
    for name in ("XDG_CONFIG_HOME", "DOCKER_CONFIG", "HTTPS_PROXY", "https_proxy", "REQUESTS_CA_BUNDLE"):
        assert name not in os.environ


@given(number=st.integers())
def test_isolation_does_not_disturb_property_tests(number: int) -> None:
    assert "DOCKER_CONFIG" not in os.environ


def test_the_command_runs_isolated(cli: Callable[..., subprocess.CompletedProcess[str]], home: Path) -> None:
    ran = cli("no-such-verb", env={"PYTHONDONTWRITEBYTECODE": "1"})
    assert ran.returncode != 0
    assert ran.stderr
    assert not list(home.iterdir())


# --- registries ----------------------------------------------------------------------------------


def test_each_registry_takes_and_gives_an_artifact(registry: Running, repository: str) -> None:
    with requests.Session() as session:
        body = push_manifest(session, f"{registry.url}/v2/{repository}", "1.0.0")
        got = session.get(f"{registry.url}/v2/{repository}/manifests/1.0.0", headers={"Accept": MANIFEST})
    assert got.content == body
    assert digest_of(body).partition(":")[2] in {path.name for path in registry.root.rglob("*")}


def test_only_zot_lists_referrers(distribution: Running, zot: Running, repository: str) -> None:
    subject = digest_of(b"a subject that is nowhere")
    with requests.Session() as session:
        for running, status in ((distribution, 404), (zot, 200)):
            record = push_manifest(session, f"{running.url}/v2/{repository}", "record", subject)
            answer = session.get(f"{running.url}/v2/{repository}/referrers/{subject}")
            assert answer.status_code == status
        assert answer.headers["Content-Type"] == INDEX
        assert [entry["digest"] for entry in answer.json()["manifests"]] == [digest_of(record)]


def test_crane_s_registry_keeps_blobs_in_its_root(crane: Running, repository: str) -> None:
    with requests.Session() as session:
        digest = push_blob(session, f"{crane.url}/v2/{repository}", b"weights")
    assert (crane.root / digest.replace(":", "/")).read_bytes() == b"weights"


def test_a_registry_that_does_not_start_shows_what_it_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho the disk is on fire >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("GOVERN_TEST_ZOT", str(broken))
    with pytest.raises(AssertionError, match="the disk is on fire"), registries.zot(tmp_path / "root"):
        pass


def test_a_registry_ends_with_its_context(tmp_path: Path) -> None:
    with registries.distribution(tmp_path) as running:
        assert requests.get(f"{running.url}/v2/").status_code == 200
    assert running.process.poll() is not None
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{running.url}/v2/")


# --- TLS and basic authentication ----------------------------------------------------------------


@pytest.mark.parametrize("start", ["start_distribution", "start_zot"])
def test_tls_verifies_with_our_authority_and_no_other(
    start: str, tls: TlsFiles, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    running: Running = request.getfixturevalue(start)(tls=tls)
    port = running.host.rpartition(":")[2]
    assert requests.get(f"{running.url}/v2/", verify=str(tls.ca)).status_code == 200
    assert requests.get(f"https://localhost:{port}/v2/", verify=str(tls.ca)).status_code == 200
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{running.url}/v2/", verify=str(make_tls(tmp_path).ca))


def test_distribution_may_ask_for_a_client_certificate(start_distribution: Start, tls: TlsFiles) -> None:
    running = start_distribution(tls=tls, mutual=True)
    certificate = (str(tls.client_cert), str(tls.client_key))
    assert requests.get(f"{running.url}/v2/", verify=str(tls.ca), cert=certificate).status_code == 200
    # The refusal may come as an alert or, after it, as a reset.
    with pytest.raises((requests.exceptions.SSLError, requests.ConnectionError)):
        requests.get(f"{running.url}/v2/", verify=str(tls.ca))


def test_certificates_hold_before_a_strict_verifier(tls: TlsFiles) -> None:
    context = ssl.create_default_context(cafile=str(tls.ca))
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=_handshake, args=(listener, tls), daemon=True)
        server.start()
        with (
            socket.create_connection(listener.getsockname()) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as secured,
        ):
            assert secured.version() == "TLSv1.3"
        server.join()


def _handshake(listener: socket.socket, tls: TlsFiles) -> None:
    accepted, _ = listener.accept()
    with accepted, tls.server_context().wrap_socket(accepted, server_side=True) as secured:
        secured.recv(1)


@pytest.mark.parametrize("start", ["start_distribution", "start_zot"])
def test_basic_authentication_refuses_and_accepts(start: str, request: pytest.FixtureRequest, repository: str) -> None:
    running: Running = request.getfixturevalue(start)(basic={"ci": "secret", "other": "word"})
    url = f"{running.url}/v2/"
    refused = requests.get(url)
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"].lower().startswith("basic")
    assert requests.get(url, auth=("ci", "word")).status_code == 401
    assert requests.get(url, auth=("other", "word")).status_code == 200
    with requests.Session() as session:
        session.auth = ("ci", "secret")
        push_manifest(session, f"{running.url}/v2/{repository}", "1.0.0")


def test_zot_lets_everybody_read_and_only_users_write(start_zot: Start, repository: str) -> None:
    running = start_zot(basic={"ci": "secret"}, anonymous_read=True)
    with requests.Session() as session:
        session.auth = ("ci", "secret")
        push_manifest(session, f"{running.url}/v2/{repository}", "1.0.0")
    assert requests.get(f"{running.url}/v2/{repository}/manifests/1.0.0").status_code == 200
    assert requests.post(f"{running.url}/v2/{repository}/blobs/uploads/").status_code == 401
