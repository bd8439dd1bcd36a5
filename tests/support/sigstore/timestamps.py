"""A timestamp authority without the rest of a Sigstore: `openssl ts` behind a small HTTP server (RFC 3161 §3.4)."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from support.parts import require_part
from support.sigstore.pki import Issued, make_timestamp_signer, to_pem
from support.sigstore.served import Handler, served

_CONFIG: Final = """
[tsa]
default_tsa = own
[own]
serial = serial
default_policy = 1.3.6.1.4.1.57264.2
digests = sha256, sha384, sha512
signer_digest = sha256
accuracy = secs:1
ordering = no
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


@dataclass(slots=True)
class TimestampAuthority:
    """A running timestamp authority. What is not set at the start may be changed while it runs.

    Args:
        url: to which requests are posted.
        signer: its certificate, key and root.
        root: its directory.
        status: the status of the answer; another than 200 gives no timestamp.
        with_root: put the root beside the signer into the timestamp. openssl does not sort the two as DER asks, and
            rfc3161-client refuses to read what is not sorted.
        requests: every request, as DER.
    """

    url: str
    signer: Issued
    root: Path
    status: int = 200
    with_root: bool = False
    requests: list[bytes] = field(default_factory=list)

    def stamp(self, query: bytes) -> bytes:
        """Return the response to a request, both as DER; a request that is malformed gets a refusal.

        Args:
            query: a TimeStampReq; it may ask for the certificates.
        """
        number = len(self.requests)
        self.requests.append(query)
        asked, answer = self.root / f"{number}.tsq", self.root / f"{number}.tsr"
        asked.write_bytes(query)
        subprocess.run(
            [
                *(require_part("openssl"), "ts", "-reply", "-config", "tsa.cnf", "-section", "own"),
                *("-queryfile", asked, "-signer", "tsa.pem", "-inkey", "tsa.key", "-out", answer),
                *(["-chain", "above.pem"] if self.with_root else []),
            ],
            check=True,
            capture_output=True,
            cwd=self.root,
            timeout=20,
        )
        return answer.read_bytes()


@contextmanager
def timestamp_authority(root: Path, signer: Issued | None = None) -> Iterator[TimestampAuthority]:
    """Run a timestamp authority.

    Args:
        root: an own directory, which is made if need be.
        signer: signs the timestamps; a fresh one below a fresh root if None. openssl refuses to sign with one whose
            usage is not timestamping alone.
    """
    require_part("openssl")
    signer = signer or make_timestamp_signer()
    root.mkdir(parents=True, exist_ok=True)
    (root / "tsa.cnf").write_text(_CONFIG)
    (root / "serial").write_text("01\n")
    (root / "tsa.pem").write_bytes(signer.pem)
    (root / "tsa.key").write_bytes(signer.key_pem)
    (root / "above.pem").write_bytes(to_pem(signer.above))
    made: list[TimestampAuthority] = []

    class Responder(Handler):
        def do_POST(self) -> None:
            authority, query = made[0], self.body()
            if self.headers.get("Content-Type") != "application/timestamp-query":
                self.reply(400, b"not a timestamp query", "text/plain")
            elif authority.status != 200:
                self.reply(authority.status, b"no timestamp now", "text/plain")
            else:
                self.reply(200, authority.stamp(query), "application/timestamp-reply")

    with served(Responder) as url:
        made.append(TimestampAuthority(url, signer, root))
        yield made[0]
