"""What every verb works with: settings, a clock, progress, and stores that are opened once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import assert_never

from govern.artifact.digest_cache import DigestCache, FileCache, NoCache
from govern.errors import UsageError
from govern.names import Name
from govern.oci.digest import Digest
from govern.oci.reference import LayoutPlace, Pinned, Place, Reference, RegistryPlace, name_of, parse
from govern.policy.model import Policy
from govern.progress import SILENT, Progress
from govern.settings import Settings
from govern.store.object_cache import ObjectCache
from govern.store.protocol import Store


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Context(AbstractContextManager["Context"]):
    """The surroundings of a command. Use it in a `with`: it gives connections back.

    Args:
        settings: what is set from outside.
        progress: where work says how far it is.
        clock: the only clock of the verbs; read once per command.
    """

    settings: Settings
    progress: Progress = SILENT
    clock: Callable[[], datetime] = _now
    _stores: dict[str, Store] = field(default_factory=dict)

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for store in self._stores.values():
            store.close()
        self._stores.clear()

    def parse(self, text: str) -> Reference:
        """Read a reference, completed by the configured default registry."""
        return parse(text, default_registry=self.settings.registry)

    def store(self, place: Place, mount_from: Sequence[str] = ()) -> Store:
        """Return the store of a place.

        Args:
            place: where.
            mount_from: for a repository that is opened now: others of its registry that may hold its blobs.
        """
        key = str(place)
        if key not in self._stores:
            self._stores[key] = self._open(place, mount_from)
        return self._stores[key]

    def keep(self, store: Store) -> None:
        """Use a store that was opened elsewhere for its place, and close it with the others."""
        self._stores[str(store.place)] = store

    def _open(self, place: Place, mount_from: Sequence[str]) -> Store:
        match place:
            case LayoutPlace():
                from govern.store.layout import LayoutStore

                return LayoutStore(Path(place.path))
            case RegistryPlace():
                # Imported here: who works on a layout needs no HTTP stack.
                from govern.store.registry import RegistryStore

                return RegistryStore(place, self.settings, mount_from)
            case _:
                assert_never(place)

    @property
    def digests(self) -> DigestCache:
        """What was hashed before."""
        return FileCache(self.settings.cache / "digests.sqlite") if self.settings.cache else NoCache()

    @property
    def objects(self) -> ObjectCache:
        """What was read before."""
        return ObjectCache(self.settings.cache)

    def default_name(self, place: Place) -> Name:
        """Return the name that a place has by itself (FORMAT §1)."""
        absolute = str(Path(place.path).absolute()) if isinstance(place, LayoutPlace) else ""
        return name_of(place, absolute=absolute)

    def expected_name(self, place: Place, name: str | None, policy: Policy | None) -> Name:
        """Return the name that a verifier expects: `--name`, else the policy's `lines`, else the path.

        Never the artifact's own word (DESIGN §3).
        """
        if name is not None:
            return Name(name, error=UsageError)
        if policy is not None and isinstance(place, RegistryPlace):
            found = policy.expected_name(str(place))
            if found is not None:
                return found
        return self.default_name(place)


def resolve(context: Context, reference: Reference) -> Pinned:
    """Turn a reference into what it points to, once (DESIGN §1).

    Args:
        context: the surroundings.
        reference: with a tag or a digest.

    Raises:
        UsageError: for a reference with neither.
        NotFound: where nothing is there.
    """
    if reference.digest is not None:
        if reference.digest.algorithm != "sha256":
            raise UsageError(
                "records are about sha256 digests", got=reference.digest.algorithm, expected="a sha256 digest, or a tag"
            )
        return Pinned(reference.place, reference.digest, reference.tag)
    if reference.tag is None:
        raise UsageError(
            "the reference names no version",
            got=str(reference),
            expected=f"{reference}:TAG or {reference}@sha256:…",
            hint=f"govern list {reference} shows the versions",
        )
    manifest = context.store(reference.place).get_manifest(reference.tag)
    digest: Digest = manifest.digest
    return Pinned(reference.place, digest, reference.tag)
