"""Identity tokens that nobody signed: only their claims are read."""

from __future__ import annotations

import base64
import json
from typing import Any

ISSUER = "https://issuer.example.test"
CLAIMS: dict[str, Any] = {"iss": ISSUER, "sub": "who", "aud": "sigstore", "iat": 1_700_000_000, "exp": 2_000_000_000}


def part(value: Any) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(*, payload: Any = None, **claims: Any) -> str:
    said = {name: value for name, value in (CLAIMS | claims).items() if value is not None}
    return f"{part({'alg': 'RS256'})}.{part(said if payload is None else payload)}.plantedA"
