"""Keyless: a certificate of the moment, for whoever an identity token is about, signs every record of a push.

The token is looked at early, because it says whose journal this is. The certificate is good for ten minutes,
so it is asked for when there is something to sign: after the blobs.

Source: sigstore/architecture-docs, client-spec.md, "Signing".
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from govern.errors import Denied, Undecided
from govern.intoto.bundle import Bundle, CertificateChain, read_bundle
from govern.intoto.statement import Statement
from govern.oci.media_types import IN_TOTO
from govern.settings import Settings
from govern.signing.endorsements import at_once
from govern.signing.keyless.context import signing_context
from govern.signing.keyless.guarded import guarded
from govern.signing.keyless.id_token import IdToken, read_id_token
from govern.signing.keyless.instance import PUBLIC_URL, Instance, public_instance, read_instance
from govern.signing.keyless.token_source import TokenSource
from govern.signing.record_signer import SignedStatement
from govern.signing.statement_check import check_statement
from govern.trust.anchors import Trust
from govern.trust.authenticate import authenticate
from govern.trust.identity import Identity, Voice
from govern.trust.trusted_root import read_trusted_root

if TYPE_CHECKING:
    from sigstore.sign import Signer

AUDIENCE: Final = "sigstore"
_RESERVE: Final = timedelta(seconds=30)
"""How long a token or certificate must still be good to be used."""


class KeylessSigner:
    """A `RecordSigner` over an identity token.

    Args:
        settings: proxies, authorities and time-outs.
        tokens: where the token comes from.
        trust_config: the JSON of a private instance's client trust configuration, or None for the public one.
        what: where that stands, for messages.
        audience: for whom tokens must be made; the authority's client id.

    Raises:
        InvalidInput: for a configuration that cannot be read.
    """

    def __init__(
        self,
        settings: Settings,
        tokens: TokenSource,
        trust_config: bytes | None = None,
        *,
        what: str = "the trust configuration",
        audience: str = AUDIENCE,
    ) -> None:
        self._settings = settings
        self._tokens = tokens
        self._audience = audience
        self._lock = threading.RLock()
        self._known_instance = read_instance(trust_config, what) if trust_config is not None else None
        self._known_trust: Trust | None = None
        self._known_token: IdToken | None = None
        self._certified: Signer | None = None
        self._good_until = datetime.now(UTC)
        self._proven: Identity | None = None

    def __repr__(self) -> str:
        return f"KeylessSigner({self._tokens.name})"

    @property
    def label(self) -> str:
        """See `RecordSigner.label`. Asks for the token."""
        token = self._token()
        return f"{token.issuer} {token.subject}"

    @property
    def trust(self) -> Trust:
        """See `RecordSigner.trust`. Asks for the public instance's root where no other was given."""
        with self._lock:
            if self._known_trust is None:
                root = read_trusted_root(self._instance.trusted_root, f"the trusted root of {self._instance.what}")
                self._known_trust = Trust(roots=(root,))
            return self._known_trust

    @property
    def services(self) -> tuple[str, ...]:
        """See `RecordSigner.services`: authority, log and timestamp authorities, once these are known."""
        if self._known_instance is None:
            return (PUBLIC_URL,)
        config = self._instance.config.signing_config
        asked = (config.get_fulcio(), *config.get_tlogs()[:1], *config.get_tsas())
        return tuple(str(one.url) for one in asked)  # type: ignore[attr-defined]  # every kind of log has one

    @property
    def voice(self) -> None:
        """See `RecordSigner.voice`."""
        return

    def made(self, voice: Voice) -> bool:
        """See `RecordSigner.made`. Asks for the token."""
        if voice.identity is None:
            return False
        return voice.identity == self._proven or self._token().may_be(voice.identity)

    def sign(self, statements: Sequence[Statement]) -> tuple[SignedStatement, ...]:
        """See `RecordSigner.sign`. The first call asks for the certificate."""
        for one in statements:
            check_statement(one)
        if not statements:
            return ()
        signer = self._with_certificate()
        return at_once(lambda one: self._sign(signer, one), statements)

    @property
    def _instance(self) -> Instance:
        with self._lock:
            if self._known_instance is None:
                self._known_instance = public_instance()
            return self._known_instance

    def _token(self) -> IdToken:
        with self._lock:
            if self._known_token is None:
                self._known_token = self._fetch()
            return self._known_token

    def _fetch(self) -> IdToken:
        def provider() -> str:
            return self._instance.config.signing_config.get_oidc_url()

        def fetch() -> IdToken:
            return read_id_token(self._tokens.fetch(self._audience, provider), self._tokens.name)

        token = guarded(f"{self._tokens.name} cannot be had", fetch)
        if self._audience not in token.audience:
            raise Undecided(
                f"{self._tokens.name} is for somebody else",
                got=", ".join(token.audience)[:200] or "no audience",
                expected=self._audience,
                hint=f"ask the provider for a token with the audience {self._audience}",
            )
        if token.expires <= datetime.now(UTC).timestamp():
            raise Undecided(
                f"{self._tokens.name} has expired",
                got=f"expired at {_moment(token.expires)}",
                expected="one that is good now",
                hint=self._tokens.hint,
            )
        return token

    def _fresh_token(self) -> IdToken:
        """Return a token that is good for a while: blobs may take longer than the first one's life."""
        token = self._token()
        if token.expires > (datetime.now(UTC) + _RESERVE).timestamp():
            return token
        new = self._fetch()
        if (new.issuer, new.subject) != (token.issuer, token.subject):
            raise Undecided(
                f"{self._tokens.name} is now about somebody else",
                got=f"{new.subject} by {new.issuer}"[:300],
                expected=f"{token.subject} by {token.issuer}"[:300],
                hint="run it again: what one began, another does not end",
            )
        self._known_token = new
        return new

    def _with_certificate(self) -> Signer:
        with self._lock:
            if self._certified is not None and self._good_until > datetime.now(UTC) + _RESERVE:
                return self._certified
            token = self._fresh_token()

            def certify() -> Signer:
                from sigstore.oidc import IdentityToken
                from sigstore.sign import Signer

                # With its cache: one key and one certificate, made here and read by every thread afterwards.
                return Signer(
                    IdentityToken(token.raw, self._audience),
                    signing_context(self._instance, self._settings),
                    cache=True,
                )

            signer = guarded("the certificate authority gave no certificate", certify)
            self._certified, self._good_until = signer, signer._signing_cert().not_valid_after_utc
            return signer

    def _sign(self, signer: Signer, statement: Statement) -> SignedStatement:
        def sign() -> bytes:
            from sigstore.dsse import Statement as Input

            return signer.sign_dsse(Input(statement.data)).to_json().encode("utf-8")

        data = guarded("the record could not be signed", sign)
        bundle = read_bundle(data, Undecided)
        self._check(bundle, statement)
        try:
            voice = authenticate(bundle, self.trust, None).voice
        except Denied as fault:
            raise Undecided(
                "the services signed something that their own root does not vouch for",
                got=fault.message[:400],
                expected=f"what verifies under {self._instance.what}",
                hint="the trusted root and the services are of two instances, or one of them is broken",
            ) from fault
        self._proven = voice.identity
        return SignedStatement(statement, bundle, voice.signer)

    def _check(self, bundle: Bundle, statement: Statement) -> None:
        """Return if a bundle has all that was asked for: the library only warns where an authority fails."""
        authorities = len(self._instance.config.signing_config.get_tsas())
        got = f"{len(bundle.timestamps)} timestamps, {len(bundle.log_entries)} log entries"
        expected = f"{authorities} timestamps, 1 log entries"
        alone = isinstance(bundle.material, CertificateChain) and len(bundle.material.certificates) == 1
        proven = all(one.proof is not None for one in bundle.log_entries)
        if got != expected or not alone or not proven:
            raise Undecided("the bundle lacks what the instance promises", got=got, expected=expected, hint="try again")
        if bundle.envelope.payload != statement.data or bundle.envelope.payload_type != IN_TOTO:
            raise Undecided("another statement was signed", got=f"{len(bundle.envelope.payload)} bytes")


def _moment(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return str(seconds)[:20]
