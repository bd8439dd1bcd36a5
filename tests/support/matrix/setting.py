"""What all signers and verifiers of the table share: servers, keys, a model in a registry, and whom to trust."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import requests

from support.cosign import Cosign
from support.model_signing import ModelSigning
from support.plain_client import INDEX, MANIFEST, put_manifest
from support.registries import Running, unique_repository
from support.sigstore.pki import Chain, Issued, make_intermediate, make_root, make_timestamp_signer
from support.sigstore.stack import Sigstore
from support.sigstore.trust_files import ClientFiles, authority_entry, log_entry
from support.sigstore_js import SigstoreJs
from support.softhsm import HsmKey, SoftHsm

NAME: Final = "acme/fraud"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Who:
    """Whom a verifier trusts for a record.

    Args:
        files: the Sigstore whose authorities and logs count.
        key: the public key, PEM; None for certificates.
        subject: whom the certificate must name.
        issuer: who must vouch for that: the URL of a provider, or the name of a root.
        ca_root: the root of an internal PKI, PEM; None for Sigstore's certificates.
        ca_files: the same Sigstore, but with the internal PKI as its certificate authority, for readers that know no
            other place for it.
    """

    files: ClientFiles
    key: Path | None = None
    subject: str = ""
    issuer: str = ""
    ca_root: Path | None = None
    ca_files: ClientFiles | None = None

    def others(self, stranger: Who, *, anchored: bool, names: bool) -> Iterator[tuple[str, Who]]:
        """Yield whom the record is not of, each wrong in one thing only, and what that is.

        Args:
            stranger: a key, a root and a Sigstore that signed nothing.
            anchored: whether the verifier asks for something that only the Sigstore's own parts can vouch for.
            names: whether the verifier asks whom a certificate of an internal PKI is about.
        """
        if self.key is not None:
            yield "another key", replace(self, key=stranger.key)
            if anchored:
                yield "another Sigstore", replace(self, files=stranger.files)
            return
        if names or self.ca_root is None:
            yield "another subject", replace(self, subject=f"{self.subject}x")
        if self.ca_root is None:
            yield "another issuer", replace(self, issuer=f"{self.issuer}x")
            yield "another Sigstore", replace(self, files=stranger.files)
        else:
            yield "another root", replace(self, ca_root=stranger.ca_root, ca_files=stranger.files)


@dataclass(frozen=True, slots=True)
class Signed:
    """A record that a signer attached.

    Args:
        reference: the artifact, pinned.
        kind: the predicate type of the record that the verifiers look for.
        who: whose it is.
        folder: where an OpenSSF model signature of this signer lies beside the model, or None.
    """

    reference: str
    kind: str
    who: Who
    folder: Path | None = None

    def bundle(self) -> Json:
        """Return the newest bundle of this kind, as the registry has it."""
        host, _, path = self.reference.partition("/")
        name, _, digest = path.partition("@")
        with requests.Session() as session:
            session.trust_env = False
            base = f"http://{host}/v2/{name}"
            tag = digest.replace(":", "-")
            listed = session.get(f"{base}/manifests/{tag}", headers={"Accept": INDEX}, timeout=10).json()["manifests"]
            for one in reversed(listed):
                manifest = session.get(
                    f"{base}/manifests/{one['digest']}", headers={"Accept": MANIFEST}, timeout=10
                ).json()
                bundle: Json = session.get(f"{base}/blobs/{manifest['layers'][0]['digest']}", timeout=10).json()
                statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
                if statement["predicateType"] == self.kind:
                    return bundle
        raise AssertionError(f"no {self.kind} at {self.reference}")


@dataclass(frozen=True, slots=True)
class Setting:
    """What is there before anybody signs.

    Args:
        root: a directory of its own.
        sigstore: the private Sigstore.
        registry: a distribution, whose listing of referrers is a tag that anybody can read.
        cosign: cosign with its pair.
        oms: model_signing.
        js: sigstore-js.
        hsm: the HSM.
        hsm_key: the key `ci` in its token `govern`.
        chain: an internal PKI.
        stranger: whom nobody should believe.
        model: the directory that is pushed.
        base: the pinned reference of the model, pushed by a key that no row is about.
    """

    root: Path
    sigstore: Sigstore
    registry: Running
    cosign: Cosign
    oms: ModelSigning
    js: SigstoreJs
    hsm: SoftHsm
    hsm_key: HsmKey
    chain: Chain
    stranger: Who
    model: Path
    base: str = ""

    def govern(self, *arguments: str | Path, env: Mapping[str, str] | None = None) -> str:
        """Run govern as a process of its own, and return what it printed; fail where it fails."""
        done = subprocess.run(
            [sys.executable, "-m", "govern", *map(str, arguments)],
            check=False,
            capture_output=True,
            cwd=self.root,
            encoding="utf-8",
            env={**os.environ, **(env or {})},
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def free(self) -> str:
        """Return a reference where nothing is."""
        return f"{self.registry.host}/{unique_repository()}:1.0.0"

    def copied(self) -> str:
        """Put the base into a repository of its own, without its records; return its pinned reference."""
        _, _, path = self.base.partition("/")
        name, _, digest = path.partition("@")
        new = unique_repository()
        with requests.Session() as session:
            session.trust_env = False
            old, own = f"{self.registry.url}/v2/{name}", f"{self.registry.url}/v2/{new}"
            body = session.get(f"{old}/manifests/{digest}", headers={"Accept": MANIFEST}, timeout=10).content
            manifest = json.loads(body)
            for one in (manifest["config"], *manifest["layers"]):
                answer = session.post(
                    f"{own}/blobs/uploads/", params={"mount": one["digest"], "from": name}, timeout=10
                )
                assert answer.status_code == 201, answer.text
            assert put_manifest(session, own, digest, body).status_code == 201
        return f"{self.registry.host}/{new}@{digest}"


def make_stranger(root: Path, sigstore: Sigstore) -> Who:
    """Return a key, a PKI and a Sigstore that exist as files only; the latter has the name and URL of the real one."""
    root.mkdir()
    own = make_intermediate(make_root("the test Fulcio, root"), "the test Fulcio")
    stamps = make_timestamp_signer()
    key, root_file = root / "stranger.pub", root / "root.pem"
    key.write_bytes(own.public_pem)
    root_file.write_bytes(make_root().pem)
    files = sigstore.trusting(
        root / "files",
        {
            "certificateAuthorities": [authority_entry(sigstore.fulcio, own, sigstore.start)],
            "tlogs": [log_entry(sigstore.rekor, _key(own), sigstore.start, origin="127.0.0.1")],
            "ctlogs": [log_entry("http://127.0.0.1/ct", _key(stamps), sigstore.start)],
            "timestampAuthorities": [authority_entry(sigstore.tsa, stamps, sigstore.start)],
        },
    )
    return Who(files=files, key=key, ca_root=root_file)


def _key(issued: Issued) -> Any:
    return issued.key.public_key()
