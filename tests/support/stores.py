"""Every kind of place that a store may be, so that one suite runs over all of them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from govern.oci.content import BytesContent
from govern.oci.descriptor import Descriptor
from govern.oci.digest import Digest
from govern.oci.manifest import RawManifest, write
from govern.oci.media_types import EMPTY, EMPTY_BLOB, IMAGE_MANIFEST
from govern.oci.reference import RegistryPlace
from govern.progress import SILENT
from govern.settings import HostSettings, Settings
from govern.store.layout import LayoutStore
from govern.store.protocol import Store
from govern.store.registry import RegistryStore
from support import registries
from support.fault_registry import FaultRegistry, Switches
from support.registries import Running
from support.tls import TlsFiles
from support.token_server import User, token_server

USER: Final = ("ci", "secret")
"""Who may write, wherever a place asks."""

BLOB: Final = "application/octet-stream"


def login_of(host: str, user: tuple[str, str] = USER) -> dict[str, str]:
    """Return the environment that logs in to a host."""
    return {"GOVERN_AUTH_HOST": host, "GOVERN_AUTH_USERNAME": user[0], "GOVERN_AUTH_PASSWORD": user[1]}


def open_repository(
    host: str, repository: str, environment: Mapping[str, str] | None = None, **options: Any
) -> RegistryStore:
    """Open a repository of a registry.

    Args:
        host: the registry.
        repository: which.
        environment: the only variables that the store sees.
        options: of `HostSettings`, and `timeout`.
    """
    timeout = options.pop("timeout", 20.0)
    hosts = {host: HostSettings(**options)}
    settings = Settings(environment=environment or {}, timeout=timeout, hosts=hosts)
    return RegistryStore(RegistryPlace(host, repository), settings)


@dataclass(slots=True)
class Case:
    """An empty place of one kind.

    Args:
        kind: a key of `KINDS`.
        connect: opens a store with the right to write.
        look: opens a store of somebody who only reads.
        tamper: changes a byte of stored content, behind the store's back.
        reference: how oras calls the place, and with which options.
        fault: the registry that lies, or None for real ones.
        checks_parts: whether a manifest is refused while a blob that it names is missing.
    """

    kind: str
    connect: Callable[[], Store]
    look: Callable[[], Store]
    tamper: Callable[[str], None]
    reference: tuple[str, tuple[str, ...]]
    fault: FaultRegistry | None = None
    checks_parts: bool = True
    _opened: list[Store] = field(default_factory=list)

    def open(self) -> Store:
        """Return a new store of the place for a writer, which has seen nothing yet."""
        return self._kept(self.connect())

    def reader(self) -> Store:
        """Return a new store of the place for a reader."""
        return self._kept(self.look())

    def _kept(self, store: Store) -> Store:
        self._opened.append(store)
        return store

    def close(self) -> None:
        """Close every store that was opened."""
        for store in self._opened:
            store.close()


@dataclass(slots=True)
class Servers:
    """The registries of one test module, each started when a test first asks for it.

    Args:
        stack: ends them.
        folder: makes a folder for one.
        tls: the certificates of those that speak TLS.
    """

    stack: ExitStack
    folder: Callable[[str], Path]
    tls: TlsFiles
    _running: dict[str, tuple[Running, dict[str, Any]]] = field(default_factory=dict)

    def get(self, kind: str) -> tuple[Running, dict[str, Any]]:
        """Return a registry, and the host settings that it takes."""
        if kind not in self._running:
            root, start, options = self.folder(kind), self.stack.enter_context, dict[str, Any]()
            match kind:
                case "distribution":
                    running = start(registries.distribution(root))
                case "distribution, TLS":
                    running = start(registries.distribution(root, tls=self.tls))
                    options["ca"] = self.tls.ca
                case "distribution, basic":
                    running = start(registries.distribution(root, basic=dict([USER])))
                case "distribution, bearer":
                    tokens = start(token_server(root / "tokens", {USER[0]: User(USER[1])}))
                    running = start(registries.distribution(root, token=tokens))
                    options["token_realms"] = (tokens.realm,)
                case "zot":
                    running = start(registries.zot(root))
                case "zot, anonymous read":
                    running = start(registries.zot(root, basic=dict([USER]), anonymous_read=True))
                case _:
                    running = start(registries.crane_registry(root))
            self._running[kind] = (running, options)
        return self._running[kind]


FAULTS: Final[Mapping[str, Callable[[], Switches]]] = {
    "fault, API": Switches,
    "fault, small pages": lambda: Switches(page_size=2),
    "fault, no API, small pages": lambda: Switches(referrers_api=False, page_size=2),
}
KINDS: Final = (
    "layout",
    "distribution",
    "distribution, TLS",
    "distribution, basic",
    "distribution, bearer",
    "zot",
    "zot, anonymous read",
    "crane",
    *FAULTS,
)


def layout_case(root: Path) -> Case:
    """Return a layout that is not there yet."""
    make = lambda: LayoutStore(root)  # noqa: E731 - the same for both
    return Case("layout", make, make, lambda digest: _flip(root, digest), (str(root), ("--oci-layout",)))


def fault_case(kind: str, registry: FaultRegistry, repository: str) -> Case:
    """Return a repository of a fault registry."""
    make = lambda: open_repository(registry.host, repository)  # noqa: E731 - the same for both

    def tamper(digest: str) -> None:
        registry.switches.flip_byte = f"/{digest}$"

    return Case(kind, make, make, tamper, (f"{registry.host}/{repository}", ("--plain-http",)), registry)


def registry_case(kind: str, servers: Servers, repository: str) -> Case:
    """Return a repository of a real registry."""
    running, options = servers.get(kind)
    host = running.host
    login = login_of(host) if kind.rpartition(", ")[2] in ("basic", "bearer", "anonymous read") else {}
    known = {} if kind.endswith("anonymous read") else login
    oras = ["--ca-file", str(servers.tls.ca)] if running.scheme == "https" else ["--plain-http"]
    oras += ["--username", USER[0], "--password", USER[1]] if login else []
    return Case(
        kind,
        lambda: open_repository(host, repository, login, **options),
        lambda: open_repository(host, repository, known, **options),
        lambda digest: _flip(running.root, digest),
        (f"{host}/{repository}", tuple(oras)),
        checks_parts=kind != "crane",
    )


def _flip(root: Path, digest: str) -> None:
    """Invert the byte in the middle of a stored object, however the store names its files."""
    encoded = digest.partition(":")[2]
    found = [path for path in root.rglob(encoded) if path.is_file()]
    found += [path / "data" for path in root.rglob(encoded) if (path / "data").is_file()]
    assert found, f"{digest} is nowhere under {root}"
    for path in found:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 0xFF
        # Another file, since stores may have made this one read-only, or linked it.
        path.unlink()
        path.write_bytes(data)


# --- content that nobody else has ----------------------------------------------------------------


def some_blob(size: int = 1000) -> BytesContent:
    """Return a blob of random bytes."""
    return BytesContent.of(secrets.token_bytes(size), BLOB)


def put_artifact(store: Store, tag: str | None = None) -> RawManifest:
    """Store a small artifact of random content, and return its manifest."""
    layer = some_blob()
    for content in (layer, BytesContent.of(EMPTY_BLOB, EMPTY)):
        store.put_blob(content, SILENT)
    manifest = artifact_of(layer.descriptor)
    store.put_manifest(manifest, tag)
    return manifest


def artifact_of(*layers: Descriptor) -> RawManifest:
    """Return the manifest of an artifact with these layers and an empty config."""
    return write(_document([one.to_json() for one in layers]))


def put_record(store: Store, subject: Digest, size: int = 1000) -> RawManifest:
    """Attach a record of random content to a subject, and return its manifest."""
    layer = some_blob()
    for content in (layer, BytesContent.of(EMPTY_BLOB, EMPTY)):
        store.put_blob(content, SILENT)
    manifest = record_of(layer.descriptor, subject, size)
    store.attach(manifest, subject)
    return manifest


def record_of(layer: Descriptor, subject: Digest, size: int = 1000) -> RawManifest:
    """Return the manifest of a record: a layer about a subject of `size` bytes."""
    about = {"mediaType": IMAGE_MANIFEST, "digest": subject, "size": size}
    return write(_document([layer.to_json()]) | {"subject": about, "annotations": {"test": "record"}})


def _document(layers: list[dict[str, Any]]) -> dict[str, Any]:
    config = Descriptor.of(EMPTY_BLOB, EMPTY).to_json()
    return {
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "artifactType": "application/vnd.govern.test",
        "config": config,
        "layers": layers,
    }


def shown(store: Store, subject: Digest) -> set[Digest]:
    """Return the digest of everything that any listing of a subject leads to."""
    found: set[Digest] = set()
    for listing in store.list_referrers(subject):
        found |= {*listing.digests, *(store.get_manifest(tag).digest for tag in listing.tags)}
    return found
