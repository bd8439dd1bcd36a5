"""Keyless signing through Sigstore; the only importer of `sigstore`, which is loaded when it is needed."""

from govern.signing.keyless.instance import public_trusted_root
from govern.signing.keyless.signer import KeylessSigner
from govern.signing.keyless.token_source import TokenSource, token_source

__all__ = ["KeylessSigner", "TokenSource", "public_trusted_root", "token_source"]
