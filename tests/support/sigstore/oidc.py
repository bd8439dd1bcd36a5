"""Issuers of identity tokens: one small server with an issuer for each shape that Fulcio knows, and GitHub's own way.

Source: OpenID Connect Discovery 1.0 §4; RFC 7515; RFC 7517; GitHub's documentation, "OpenID Connect reference".
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from support.sigstore.served import Handler, served

Shape = Literal["email", "ci", "uri", "spiffe"]
SHAPES: Final[tuple[Shape, ...]] = get_args(Shape)
AUDIENCE: Final = "sigstore"
TRUST_DOMAIN: Final = "example.test"
REPOSITORY: Final = "acme/models"
WORKFLOW: Final = f"{REPOSITORY}/.github/workflows/release.yml@refs/heads/main"
_COMMIT: Final = "0123456789abcdef0123456789abcdef01234567"

_CLAIMS: Final[dict[Shape, dict[str, Any]]] = {
    "email": {"sub": "subject-of-alice", "email": "alice@example.test", "email_verified": True},
    "ci": {
        "sub": f"repo:{REPOSITORY}:ref:refs/heads/main",
        "event_name": "push",
        "sha": _COMMIT,
        "workflow": "release",
        "repository": REPOSITORY,
        "repository_id": "1001",
        "repository_owner": "acme",
        "repository_owner_id": "2002",
        "repository_visibility": "public",
        "ref": "refs/heads/main",
        "ref_type": "branch",
        "job_workflow_ref": WORKFLOW,
        "job_workflow_sha": _COMMIT,
        "workflow_ref": WORKFLOW,
        "workflow_sha": _COMMIT,
        "runner_environment": "github-hosted",
        "run_id": "3003",
        "run_attempt": "1",
        "actor": "alice",
    },
    "uri": {"sub": "http://127.0.0.1/users/alice"},
    "spiffe": {"sub": f"spiffe://{TRUST_DOMAIN}/ns/prod/sa/builder"},
}
"""What a token of each shape says besides issuer, audience and times."""

SANS: Final[dict[Shape, str]] = {
    "email": "alice@example.test",
    "ci": f"https://github.com/{WORKFLOW}",
    "uri": "http://127.0.0.1/users/alice",
    "spiffe": f"spiffe://{TRUST_DOMAIN}/ns/prod/sa/builder",
}
"""The subject alternative name that Fulcio writes for a token of each shape."""


@dataclass(slots=True)
class Oidc:
    """The running issuers. What is not set at the start may be changed while they run.

    Args:
        url: of the server, without a slash at the end.
        bearer: what a GitHub job has to show to be given a token.
        github_status: the status of the answer to a GitHub job; another than 200 gives it no token.
        github_claims: changes the claims of tokens for GitHub jobs.
        asked: the audience of every request of a GitHub job.
        key: signs the tokens.
    """

    url: str
    bearer: str = field(default_factory=lambda: secrets.token_hex(8))
    github_status: int = 200
    github_claims: Mapping[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))

    def issuer(self, shape: Shape) -> str:
        """Return the URL of the issuer of a shape."""
        return f"{self.url}/{shape}"

    def token(
        self, shape: Shape, *, audience: str = AUDIENCE, lifetime: int = 300, issuer: str | None = None, **claims: Any
    ) -> str:
        """Return a token, signed with RS256: cosign takes one with another algorithm for a path.

        Args:
            shape: of which issuer.
            audience: for whom.
            lifetime: seconds until it expires; a negative number makes one that expired.
            issuer: another issuer than the shape's.
            claims: replace claims of the shape; None removes one.
        """
        now = int(time.time())
        times = {"iat": now - 5, "nbf": now - 5, "exp": now + lifetime}
        if lifetime < 0:
            times = {"iat": now + lifetime - 300, "nbf": now + lifetime - 300, "exp": now + lifetime}
        said = {"iss": issuer or self.issuer(shape), "aud": audience, **times, **_CLAIMS[shape], **claims}
        kept = {name: value for name, value in said.items() if value is not None}
        header = {"alg": "RS256", "typ": "JWT", "kid": "1"}
        signed = ".".join(_base64url(json.dumps(part).encode()) for part in (header, kept))
        signature = self.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{_base64url(signature)}"

    def github_environment(self) -> dict[str, str]:
        """Return the variables that a GitHub job with `id-token: write` has."""
        return {
            "GITHUB_ACTIONS": "true",
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.url}/github?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": self.bearer,
        }

    def _keys(self) -> dict[str, Any]:
        numbers = self.key.public_key().public_numbers()
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1"}
        return {"keys": [{**key, "n": _number(numbers.n), "e": _number(numbers.e)}]}

    def _discovery(self, issuer: str) -> dict[str, Any]:
        return {
            "issuer": issuer,
            "jwks_uri": f"{self.url}/jwks",
            "authorization_endpoint": f"{issuer}/auth",
            "token_endpoint": f"{issuer}/token",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def answer(self, path: str, authorization: str) -> tuple[int, dict[str, Any]]:
        """Return status and JSON for `GET path`.

        Args:
            path: path and query.
            authorization: the header, or nothing.
        """
        parts = urlsplit(path)
        if parts.path == "/jwks":
            return 200, self._keys()
        if parts.path == "/github":
            if authorization.lower() != f"bearer {self.bearer}":
                return 401, {"message": "not the token of this job"}
            audience = parse_qs(parts.query).get("audience", [""])[0]
            self.asked.append(audience)
            if self.github_status != 200:
                return self.github_status, {"message": "no token now"}
            return 200, {"value": self.token("ci", audience=audience, **self.github_claims)}
        issuer, found, _ = parts.path.partition("/.well-known/openid-configuration")
        if found and issuer.removeprefix("/") in SHAPES:
            return 200, self._discovery(f"{self.url}{issuer}")
        return 404, {"message": "nothing here"}


@contextmanager
def oidc() -> Iterator[Oidc]:
    """Run the issuers."""
    made: list[Oidc] = []

    class Issuers(Handler):
        def do_GET(self) -> None:
            status, said = made[0].answer(self.path, self.headers.get("Authorization", ""))
            self.reply(status, json.dumps(said).encode())

    with served(Issuers) as url:
        made.append(Oidc(url))
        yield made[0]


def _number(number: int) -> str:
    return _base64url(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
