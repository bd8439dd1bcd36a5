"""Keys of Google Cloud's Key Management Service: only digests and signatures travel.

Who asks: the application default credentials of Google's SDK. Needs `roles/cloudkms.publicKeyViewer` and
`roles/cloudkms.signer`. Run against ports where nobody listens; never against an account.
"""

from __future__ import annotations

from typing import Final

from govern.signing.extras import missing_extra
from govern.signing.key_uri import GcpKey
from govern.signing.profile import accept_public_key
from govern.signing.service_signer import ANSWER_SECONDS, ServiceSigner, quiet, telling

_HINT: Final = "who asks: GOOGLE_APPLICATION_CREDENTIALS, or gcloud auth application-default login"


def open_gcp_key(key: GcpKey) -> ServiceSigner:
    """Open a key in Google Cloud.

    Args:
        key: its full name.

    Raises:
        UsageError: without google-cloud-kms.
        InvalidInput: for keys of other kinds.
        Undecided: where Google Cloud does not answer, or has no such key.
    """
    what = f"the key {key}"
    try:
        from google.cloud import kms
    except ImportError as fault:
        raise missing_extra(what, "gcp") from fault
    from securesystemslib.signer import ECDSA_SHA2_NISTP256, GCPSigner, SSlibKey

    quiet("securesystemslib")
    with telling(what, _HINT):
        client = kms.KeyManagementServiceClient()
        found = client.get_public_key(request={"name": key.name}, timeout=ANSWER_SECONDS, retry=None)
        public = accept_public_key(found.pem.encode("ascii"), what)
        signer = GCPSigner(key.name, SSlibKey.from_crypto(public.key, scheme=ECDSA_SHA2_NISTP256))
    return ServiceSigner(key, public, lambda data: bytes.fromhex(signer.sign(data).signature), _HINT)
