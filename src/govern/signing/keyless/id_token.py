"""Identity tokens as values: whom they are about, and until when. Their text is a secret.

Nothing of a token is believed here. Whether it is good says the certificate authority that it is shown to; it
is read to know in advance whom the certificate will be about.

Source: OpenID Connect Core §2; RFC 7519; sigstore/fulcio docs/oidc.md and config/identity/config.yaml.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from govern import canonical
from govern.errors import GovernError, Undecided
from govern.limits import MAX_ID_TOKEN
from govern.trust.identity import Identity


@dataclass(frozen=True, slots=True)
class IdToken:
    """An identity token.

    Args:
        raw: its text: whoever has it can sign in its owner's name.
        issuer: who made it.
        subject: about whom, as the issuer calls them.
        audience: for whom.
        expires: seconds since 1970.
        issuers: what a certificate may name as the issuer: a provider that only passes on leaves its place.
        subjects: what a certificate may name as the subject; which of them is the authority's choice.
    """

    raw: str = field(repr=False)
    issuer: str
    subject: str
    audience: tuple[str, ...]
    expires: int
    issuers: frozenset[str]
    subjects: frozenset[str]

    def may_be(self, identity: Identity) -> bool:
        """Whether a certificate for this token can be about this identity."""
        return identity.issuer in self.issuers and identity.subject in self.subjects


def read_id_token(text: str, what: str) -> IdToken:
    """Read a token.

    Args:
        text: header, claims and signature; white space around them is not part of it.
        what: where it came from, for messages.

    Raises:
        Undecided: for what is no token. The text is never part of the message.
    """
    raw = text.strip()
    MAX_ID_TOKEN.check(len(raw), what, Undecided)
    claims = _claims(raw)
    if claims is None:
        raise Undecided(f"{what} is not an identity token", expected="a JSON web token: HEADER.CLAIMS.SIGNATURE")
    issuer, subject, expires = claims.get("iss"), claims.get("sub"), claims.get("exp")
    audience = claims.get("aud")
    audiences = (audience,) if isinstance(audience, str) else tuple(audience) if isinstance(audience, list) else ()
    if not isinstance(issuer, str) or not isinstance(subject, str) or not isinstance(expires, int | float):
        missing = [name for name in ("iss", "sub", "exp") if name not in claims]
        raise Undecided(
            f"{what} lacks claims", got=", ".join(missing) or "claims of another kind", expected="iss, sub and exp"
        )
    return IdToken(
        raw,
        issuer,
        subject,
        tuple(one for one in audiences if isinstance(one, str)),
        int(expires),
        frozenset({issuer, *_federated(claims)}),
        frozenset({subject, *_other_subjects(claims)}),
    )


def _claims(raw: str) -> dict[str, Any] | None:
    parts = raw.split(".")
    if len(parts) != 3:
        return None
    try:
        data = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        value = canonical.loads(data, "a token's claims", bound=MAX_ID_TOKEN)
    except (binascii.Error, ValueError, GovernError):
        return None
    return value if isinstance(value, dict) else None


def _federated(claims: Mapping[str, Any]) -> list[str]:
    """Return the provider behind one that passes on, as Sigstore's own does."""
    inner = claims.get("federated_claims")
    connector = inner.get("connector_id") if isinstance(inner, dict) else None
    return [connector] if isinstance(connector, str) else []


def _other_subjects(claims: Mapping[str, Any]) -> list[str]:
    """Return the names that Fulcio's configuration makes of the claims of mail and CI providers."""
    result = []
    for claim, prefix in (
        ("email", ""),
        ("job_workflow_ref", "https://github.com/"),
        ("ci_config_ref_uri", "https://"),
    ):
        value = claims.get(claim)
        if isinstance(value, str) and value:
            result.append(prefix + value)
    organization, pipeline = claims.get("organization_slug"), claims.get("pipeline_slug")
    if isinstance(organization, str) and isinstance(pipeline, str):
        result.append(f"https://buildkite.com/{organization}/{pipeline}")
    return result
