"""What a script pushes, described before anything is sent: files, directories, annotations, a config."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from govern import canonical
from govern.errors import InvalidInput
from govern.limits import MAX_METADATA
from govern.oci.media_types import EMPTY_BLOB, TITLE
from govern.paths import check_collisions
from govern.store.oras_errors import NoSuchFile, OutsideOfFolder
from govern.store.oras_files import describe_file, folder_name, pack_folder
from govern.store.oras_transfer import FOLDER
from govern.store.oras_unpack import check_title

_FILE: Final = "application/vnd.oci.image.layer.v1.tar"
_CONFIG: Final = "application/vnd.unknown.config.v1+json"

Described = tuple[Path, dict[str, Any]]
"""A file to upload, and its descriptor as oras-py writes it."""


@dataclass(frozen=True, slots=True)
class Notes:
    """The annotations of a file that a script names, by section: `$manifest`, `$config`, or the name of a file.

    Args:
        sections: key and value of each annotation, by section.
    """

    sections: Mapping[str, Mapping[str, str]]

    @classmethod
    def read(cls, path: str | None) -> Notes:
        """Read an annotation file; None is an empty one.

        Raises:
            NoSuchFile: where it is not there.
            InvalidInput: for anything but an object of objects of text.
        """
        if not path:
            return cls({})
        try:
            with open(path, "rb") as file:
                data = file.read(MAX_METADATA.value + 1)
        except FileNotFoundError as fault:
            raise NoSuchFile(f"Annotation file {path} does not exist.", expected="a JSON file") from fault
        except OSError as fault:
            raise InvalidInput("the annotation file cannot be read", got=f"{path!r}: {fault.strerror}") from fault
        value = canonical.loads(data, "the annotation file", bound=MAX_METADATA)
        if not isinstance(value, dict) or not all(
            isinstance(one, dict) and all(isinstance(text, str) for text in one.values()) for one in value.values()
        ):
            raise InvalidInput("the annotation file is malformed", expected='{"FILE": {"key": "value"}}')
        return cls(value)

    def of(self, name: str) -> dict[str, str]:
        """Return the annotations of a section, or of a file by its name or absolute path."""
        return dict(self.sections.get(name) or self.sections.get(str(Path(name).absolute())) or {})


def split_type(text: str) -> tuple[str, str]:
    """Split `PATH:MEDIA/TYPE` at its last colon, unless all of it is a file's name; return path and type or empty."""
    if ":" not in text or Path(text).exists():
        return text, ""
    path, _, media_type = text.rpartition(":")
    return path, media_type


def describe_files(files: Sequence[str | Path], notes: Notes, folder: Path, *, anywhere: bool) -> list[Described]:
    """Return the layers of a push. A directory is made into a tar first.

    Args:
        files: `PATH` or `PATH:MEDIA/TYPE`.
        notes: annotations; one of them may give a layer another title.
        folder: an empty one, for tars.
        anywhere: whether files outside of the working directory are pushed.

    Raises:
        NoSuchFile: for a file that is not there.
        OutsideOfFolder: for one outside of the working directory.
        InvalidInput: for two files that would be pulled to the same place.
    """
    found = []
    for number, file in enumerate(files):
        name, media_type = split_type(str(file))
        if not name or not Path(name).exists():
            raise NoSuchFile(f"{name} does not exist.", expected="a file or directory to push")
        if not anywhere and not is_inside(name):
            raise OutsideOfFolder(
                f"Blob {name} is not in the present working directory context.",
                hint="disable_path_validation=True allows it",
            )
        found.append(_layer(name, media_type, notes, folder / str(number)))
    check_collisions(check_title(layer["annotations"][TITLE]) for _, layer in found)
    return found


def is_inside(path: str) -> bool:
    """Whether a path, links followed, is under the working directory."""
    return Path(path).resolve().is_relative_to(Path.cwd().resolve())


def _layer(name: str, media_type: str, notes: Notes, archive: Path) -> Described:
    path, title = Path(name), Path(name).name
    if path.is_dir():
        title, media_type = folder_name(path), media_type or FOLDER
        pack_folder(path, archive)
        path = archive
    layer = _descriptor(path, media_type or _FILE)
    layer["annotations"] = {TITLE: title, **notes.of(name)}
    return path, layer


def describe_config(text: str | None, notes: Notes, folder: Path) -> Described:
    """Return the config of a push: a file of the script's, or an empty object."""
    name, media_type = split_type(text or "")
    path = Path(name) if name else folder / "config"
    if not name:
        path.write_bytes(EMPTY_BLOB)
    config = _descriptor(path, media_type or _CONFIG)
    if annotations := notes.of("$config"):
        config["annotations"] = annotations
    return path, config


def _descriptor(path: Path, media_type: str) -> dict[str, Any]:
    found = describe_file(path).descriptor
    return {"mediaType": media_type, "size": found.size, "digest": found.digest}
