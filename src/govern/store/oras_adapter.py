"""oras-py's `Registry` over this engine, so that a script written for oras-py 0.2.43 runs on it unchanged.

    from govern.store.oras_adapter import GovernRegistry as OrasClient

The script gains: digests and sizes that are checked, streams instead of whole files in memory, credentials that stay
with their host, time-outs and retries, paths that stay in their directory, and files that are whole or not there.
What cannot be done safely is refused, with the way that can. Nothing is decided here: whether an artifact may be used
is what `govern verify` and `govern pull` say.

The only module that imports `oras`, and nothing else imports it.
"""

from __future__ import annotations

import getpass
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

import oras.container
import oras.defaults
import oras.oci
import oras.provider
import requests
from oras.logger import logger

from govern import canonical
from govern.errors import InvalidInput, ProtocolError
from govern.limits import MAX_MANIFEST, MAX_PAGES
from govern.oci.digest import Digest
from govern.oci.manifest import read_manifest
from govern.oci.reference import RegistryPlace
from govern.settings import Settings
from govern.store.oras_auth import GovernAuth
from govern.store.oras_blobs import CHUNK, BlobMethods
from govern.store.oras_connection import Connections, check_tls
from govern.store.oras_push import Notes, describe_config, describe_files, is_inside
from govern.store.oras_request import check_header, perform, read_reference
from govern.store.oras_transfer import Repository
from govern.store.registry.manifests import list_tags, next_link
from govern.store.registry.origin import same_origin

Target: TypeAlias = "oras.container.Container | str"


class GovernRegistry(BlobMethods, oras.provider.Registry):  # type: ignore[misc]
    """A registry, as oras-py's `Registry` (and `OrasClient`) is.

    Args:
        hostname: the registry of references without one, and the one that given credentials are for.
        insecure: whether registries are spoken to without TLS.
        tls_verify: True, or a file of authorities. False is refused.
        auth_backend: `token` or `basic`; the registry says which it takes, and `basic` reads ORAS_USER and ORAS_PASS.
        settings: what `govern` itself is set to; None for the environment and the user's file.

    Raises:
        InvalidInput: for what cannot be done safely.
    """

    def __init__(
        self,
        hostname: str | None = None,
        insecure: bool = False,
        tls_verify: bool | str = True,
        auth_backend: str = "token",
        *,
        settings: Settings | None = None,
    ) -> None:
        # The base is not initialised: it would make a session that follows .netrc and the environment.
        self._connections = Connections.opened(
            hostname, insecure=insecure, tls_verify=tls_verify, auth_backend=auth_backend, settings=settings
        )
        self.hostname = hostname
        self.headers: dict[str, str] = {}
        self.prefix = "http" if insecure else "https"
        self.auth = GovernAuth(self._connections)

    def __str__(self) -> str:
        return "[govern-oras-client]"

    @property
    def session(self) -> requests.Session:
        """Refused: requests through it would have none of what this class is for."""
        raise InvalidInput("a GovernRegistry has no session", expected="do_request(url, method, …)")

    def close(self) -> None:
        """Close every connection; it opens again when it is needed."""
        self._connections.close()

    # --- who we are ------------------------------------------------------------------------------

    def set_header(self, name: str, value: str) -> None:
        """Send a header along to registries; never one with credentials, and never to where a redirect leads."""
        check_header(name, value)
        self.headers[name] = value

    def login(
        self,
        username: str,
        password: str,
        password_stdin: bool = False,
        tls_verify: bool = True,
        hostname: str | None = None,
        config_path: str | None = None,
    ) -> dict[str, str]:
        """Try credentials, use them, and keep them for Docker, Podman and govern. Nothing is ever echoed.

        Raises:
            AuthError: where the registry refuses them; they are not kept.
        """
        check_tls(tls_verify, insecure=self.prefix == "http")
        self.auth.load_configs(None, [config_path] if config_path else None)
        if password_stdin:
            password = sys.stdin.readline().rstrip("\r\n")
        username = username or input("Username: ")
        self._connections.login(username, password or getpass.getpass("Password: "), hostname)
        return {"Status": "Login Succeeded"}

    def logout(self, hostname: str) -> None:
        """Forget credentials that were given to this object, also where its `login` kept them."""
        known = self.auth.logout(hostname)
        logger.info(f"You {'have successfully logged out of' if known else 'are not logged in to'} {hostname}")

    # --- references ------------------------------------------------------------------------------

    def get_container(self, name: Target) -> oras.container.Container:
        """Return a reference as oras-py's `Container`, every part of it checked against its grammar."""
        if isinstance(name, oras.container.Container):
            _place(name)
            return name
        place, tag, digest = read_reference(str(name), self.hostname or self._connections.settings.registry)
        # Its own reading of names takes `localhost/x` for a repository of Docker Hub, and `b?x=1` for a tag.
        container = oras.container.Container("x", registry=place.host)
        namespace, _, container.repository = place.repository.rpartition("/")
        container.namespace = namespace or None
        container.tag = tag or oras.defaults.default_tag
        container.digest = str(digest) if digest is not None else None
        return container

    def _open(self, target: Target) -> tuple[Repository, Digest | str]:
        place, key = _place(self.get_container(target))
        return Repository(self._connections.client(place.host), place.repository), key

    def subject(self, target: Target) -> oras.oci.Subject:
        """Return a manifest as the subject of another, by the digest of its own bytes."""
        repository, key = self._open(target)
        found = repository.read(key).descriptor
        return oras.oci.Subject(found.media_type, found.digest, found.size)

    # --- requests --------------------------------------------------------------------------------

    def do_request(
        self,
        url: str,
        method: str = "GET",
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        stream: bool = False,
    ) -> requests.Response:
        """Send a request, with the credentials of its own host, a time-out, and tries where they are safe.

        Raises:
            ContentMismatch: for content that is not what the digest in the URL says.
            LimitExceeded: for a body too large for memory; stream it, or use `download_blob`.
            AuthError: at once, where credentials are missing or refused.
        """
        return perform(self._connections, url, method.upper(), headers, data, json, stream)

    def _do_paginated_request(self, url: str, callable: Callable[[requests.Response], bool]) -> None:  # noqa: A002
        pages, following = 0, url
        while following:
            pages += 1
            MAX_PAGES.check(pages, "the listing")
            response = self.do_request(following, "GET", headers=self.headers)
            self._check_200_response(response)
            more = callable(response)
            following = next_link(response.url, response.headers.get("Link"), "the listing") or "" if more else ""

    def _get_location(self, r: requests.Response, container: object) -> str:  # noqa: ARG002
        """Return the upload's URL letter for letter; raise `ProtocolError` where it leads to another host."""
        location = r.headers.get("Location", "")
        return same_origin(r.url, location, "the upload location") if location else ""

    # --- manifests and tags ----------------------------------------------------------------------

    def get_manifest(
        self, container: Target, allowed_media_type: Sequence[str] | None = None, validation_schema: Any = None
    ) -> dict[str, Any]:
        """Return a manifest or index, checked against its digest.

        Raises:
            NoSuchManifest: where there is none, or none of an allowed media type; a ValueError too.
        """
        repository, key = self._open(container)
        data = repository.read(key, allowed_media_type).data
        manifest = canonical.loads(data, "the manifest", bound=MAX_MANIFEST, error=ProtocolError)
        if not isinstance(manifest, dict):
            raise ProtocolError("the manifest is not an object", got=canonical.describe(manifest))
        if validation_schema:
            import jsonschema

            jsonschema.validate(manifest, schema=validation_schema)
        return manifest

    def upload_manifest(self, manifest: dict[str, Any], container: Target) -> requests.Response:
        """Store a manifest or index under the container's tag or digest; one with a subject is listed there too."""
        repository, key = self._open(container)
        return repository.write(manifest, key)

    def get_tags(self, container: Target, N: int | None = None) -> list[str]:  # noqa: N803
        """Return every tag, or the first N; none for a repository that is not there."""
        repository, _ = self._open(container)
        return list(list_tags(repository.client, repository.name))[:N]

    def delete_tag(self, container: Target, tag: str) -> bool:
        """Remove a tag and nothing else; return False where there is none.

        Raises:
            InvalidInput: on registries that cannot. oras-py deletes the manifest there, under all of its tags.
        """
        repository, _ = self._open(container)
        return repository.remove_tag(tag)

    # --- artifacts -------------------------------------------------------------------------------

    def _validate_path(self, path: str) -> bool:
        return is_inside(path)

    def push(
        self,
        target: Target,
        config_path: str | None = None,
        disable_path_validation: bool = False,
        files: Sequence[str | Path] | None = None,
        manifest_config: str | None = None,
        annotation_file: str | None = None,
        manifest_annotations: Mapping[str, str] | None = None,
        subject: oras.oci.Subject | None = None,
        do_chunked: bool = False,
        chunk_size: int = CHUNK,
        quiet: bool = False,
    ) -> requests.Response:
        """Push files and directories as one artifact; see oras-py for the arguments, `oras_push` for refusals."""
        container = self.get_container(target)
        self.auth.load_configs(container, [config_path] if config_path else None)
        notes = Notes.read(annotation_file)
        manifest = oras.oci.NewManifest()
        with tempfile.TemporaryDirectory() as folder:
            layers = describe_files(files or (), notes, Path(folder), anywhere=disable_path_validation)
            config = describe_config(manifest_config, notes, Path(folder))
            for path, layer in layers:
                self._check_200_response(self.upload_blob(str(path), container, layer, do_chunked, chunk_size))
            self._check_200_response(self.upload_blob(str(config[0]), container, config[1]))
        manifest["layers"], manifest["config"] = [layer for _, layer in layers], config[1]
        manifest["annotations"] = {**notes.of("$manifest"), **(manifest_annotations or {})}
        if subject:
            manifest["subject"] = asdict(subject)
        response = self.upload_manifest(manifest, container)
        self._check_200_response(response)
        if not quiet:
            logger.info(f"Successfully pushed {container}")
        return response

    def pull(
        self,
        target: Target,
        config_path: str | None = None,
        allowed_media_type: Sequence[str] | None = None,
        overwrite: bool = True,
        outdir: str | Path | None = None,
    ) -> list[str]:
        """Write every layer of an artifact under its title, and return the paths; see oras-py for the arguments.

        A directory that oras-py or oras pushed is unpacked under the rules of `govern.store.oras_unpack`.
        """
        container = self.get_container(target)
        self.auth.load_configs(container, [config_path] if config_path else None)
        repository, key = self._open(container)
        layers = read_manifest(repository.read(key, allowed_media_type)).layers
        root = Path(outdir or tempfile.mkdtemp(prefix="oras-tmp.")).expanduser().resolve()
        root.mkdir(parents=True, exist_ok=True)
        files = []
        for path in repository.pull_layers(layers, root, overwrite=overwrite):
            logger.info(f"Successfully pulled {path}.")
            files.append(str(path))
        return files


def _place(container: oras.container.Container) -> tuple[RegistryPlace, Digest | str]:
    """Return where a container is, and its digest or else its tag; a script may have written anything into it."""
    version = f"@{container.digest}" if container.digest else f":{container.tag}"
    place, tag, digest = read_reference(f"{container.registry}/{container.api_prefix}{version}", container.registry)
    return place, digest or tag or ""
