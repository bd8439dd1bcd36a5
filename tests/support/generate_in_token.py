"""Generates a key pair inside a PKCS#11 token; a process of its own, since a library reads its environment once.

Called as `generate_in_token.py LIBRARY TOKEN PIN ID LABEL CURVE`; prints the public key as PEM.
"""

from __future__ import annotations

import sys

import pkcs11
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters


def main(library: str, token: str, pin: str, number: str, label: str, curve: str) -> None:
    """Generate the pair; the private key never leaves the token."""
    with pkcs11.lib(library).get_token(token_label=token).open(user_pin=pin, rw=True) as session:
        parameters = session.create_domain_parameters(
            pkcs11.KeyType.EC, {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters(curve)}, local=True
        )
        public, _ = parameters.generate_keypair(id=bytes([int(number)]), label=label, store=True)
        key = load_der_public_key(encode_ec_public_key(public))
    print(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(), end="")


if __name__ == "__main__":
    main(*sys.argv[1:])
