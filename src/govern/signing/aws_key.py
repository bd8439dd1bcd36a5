"""Keys of the AWS Key Management Service: only digests and signatures travel.

securesystemslib's `awskms:` URIs are understood, but its signer is not used: it makes a client of its own, which waits
for five minutes, knows neither the region of an ARN nor AWS_REGION nor another endpoint, and it writes to stderr what
it also raises.

Who asks, and where: the variables and files of the AWS SDK (AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL_KMS, …). Needs
`kms:GetPublicKey` and `kms:Sign`. Run against moto, as far as that goes (it signs no digests), and against a port
where nobody listens; never against an account.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from govern.signing.extras import missing_extra
from govern.signing.key_uri import AwsKey
from govern.signing.profile import accept_public_key, other_kind
from govern.signing.service_signer import ANSWER_SECONDS, ATTEMPTS, CONNECT_SECONDS, ServiceSigner, telling

_ALGORITHM: Final = "ECDSA_SHA_256"
_HINT: Final = "AWS_REGION says where it is, AWS_PROFILE or AWS_ACCESS_KEY_ID and its secret who asks"


def open_aws_key(key: AwsKey, environment: Mapping[str, str]) -> ServiceSigner:
    """Open a key in AWS.

    Args:
        key: its id.
        environment: the process's variables, for the region; boto3 itself looks at the process for everything else.

    Raises:
        UsageError: without boto3, or a region.
        InvalidInput: for keys of other kinds.
        Undecided: where AWS does not answer, or has no such key.
    """
    what = f"the key {key}"
    try:
        import boto3
        from botocore.config import Config
    except ImportError as fault:
        raise missing_extra(what, "aws") from fault
    with telling(what, _HINT):
        client = boto3.session.Session().client(
            "kms",
            # boto3 knows AWS_DEFAULT_REGION alone; AWS_REGION is the one that cosign and the other SDKs know.
            region_name=key.region or environment.get("AWS_REGION") or None,
            endpoint_url=f"https://{key.endpoint}" if key.endpoint else None,
            config=Config(
                connect_timeout=CONNECT_SECONDS,
                read_timeout=ANSWER_SECONDS,
                retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
            ),
        )
        found = client.get_public_key(KeyId=key.id)
        algorithms = [str(one) for one in found.get("SigningAlgorithms", ())]
        if _ALGORITHM not in algorithms:
            raise other_kind(what, ", ".join(algorithms)[:80] or "a key that does not sign")
        public = accept_public_key(found["PublicKey"], what)
        ident = found["KeyId"]

    def send(data: bytes) -> bytes:
        answer = client.sign(
            # An alias may be moved at any time; this is the key whose public half was shown.
            KeyId=ident,
            Message=hashlib.sha256(data).digest(),
            MessageType="DIGEST",
            SigningAlgorithm=_ALGORITHM,
        )
        return bytes(answer["Signature"])

    return ServiceSigner(key, public, send, _HINT)
