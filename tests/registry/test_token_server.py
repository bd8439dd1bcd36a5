"""Tokens of the test's own server work on a real registry, and end when they should."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import requests

from support.plain_client import MANIFEST, push_manifest
from support.registries import Running
from support.token_server import TokenRequest, TokenServer, User

Start = Callable[..., Running]


class Bearer(requests.auth.AuthBase):
    def __init__(self, server: TokenServer, scope: str, auth: tuple[str, str] | None) -> None:
        answer = requests.get(server.realm, params={"service": server.service, "scope": scope}, auth=auth)
        self.status, self.answer = answer.status_code, answer.json()

    @property
    def claims(self) -> dict[str, Any]:
        payload = self.answer["token"].split(".")[1]
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return claims

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        r.headers["Authorization"] = f"Bearer {self.answer['token']}"
        return r


def test_tokens_push_and_pull_on_distribution(
    start_token_server: Callable[..., TokenServer], start_distribution: Start, repository: str
) -> None:
    server = start_token_server(anonymous_pull=True)
    running = start_distribution(token=server)
    scope = f"repository:{repository}:pull,push"
    refused = requests.post(f"{running.url}/v2/{repository}/blobs/uploads/")
    assert refused.status_code == 401
    # distribution keeps the actions in a map: their order differs from one answer to the next.
    assert refused.headers["WWW-Authenticate"] in {
        f'Bearer realm="{server.realm}",service="{server.service}",scope="repository:{repository}:{actions}"'
        for actions in ("pull,push", "push,pull")
    }
    with requests.Session() as session:
        session.auth = Bearer(server, scope, ("ci", "secret"))
        body = push_manifest(session, f"{running.url}/v2/{repository}", "1.0.0")
    anonymous = Bearer(server, scope, None)
    url = f"{running.url}/v2/{repository}"
    assert requests.get(f"{url}/manifests/1.0.0", headers={"Accept": MANIFEST}, auth=anonymous).content == body
    assert requests.post(f"{url}/blobs/uploads/", auth=anonymous).status_code == 401
    elsewhere = Bearer(server, "repository:t/elsewhere:pull,push", ("ci", "secret"))
    assert requests.get(f"{url}/manifests/1.0.0", auth=elsewhere).status_code == 401
    assert server.requests[:2] == [TokenRequest((scope,), "ci"), TokenRequest((scope,), None)]


def test_the_token_server_follows_its_user_table(start_token_server: Callable[..., TokenServer]) -> None:
    server = start_token_server(users={"reader": User("word", r"acme/.*", frozenset({"pull"}))})
    server.refresh_tokens["identity"] = "reader"
    scope = "repository:acme/fraud:pull,push"
    assert Bearer(server, scope, ("reader", "wrong")).status == 401
    assert Bearer(server, scope, None).status == 401
    granted = Bearer(server, f"{scope} repository:other/x:pull", ("reader", "word"))
    assert granted.claims["access"] == [{"type": "repository", "name": "acme/fraud", "actions": ["pull"]}]
    form = {"grant_type": "refresh_token", "refresh_token": "identity", "scope": scope}
    assert requests.post(server.realm, data=form).json()["access_token"]
    assert requests.post(server.realm, data={**form, "refresh_token": "another"}).status_code == 401
    assert [one.user for one in server.requests] == ["reader", "reader"]


def test_a_token_ends_within_its_lifetime(
    start_token_server: Callable[..., TokenServer], start_distribution: Start
) -> None:
    server = start_token_server(lifetime=2)
    server.announced = 300
    url = f"{start_distribution(token=server).url}/v2/"
    token = Bearer(server, "", ("ci", "secret"))
    assert token.answer["expires_in"] == 300
    assert requests.get(url, auth=token).status_code == 200
    time.sleep(2.1)
    refused = requests.get(url, auth=token)
    assert refused.status_code == 401
    assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]
