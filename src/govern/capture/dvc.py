"""What DVC knows of a push: the data of the stage that made it, else what the repository tracks.

Only the words of DVC's files are taken, and nothing is run. Whether they are still true of the tree is looked at:
an output that differs was not made by the stage that is recorded, and then nobody says what it was made from.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from govern.capture.command import clean_command, clean_parameters
from govern.capture.dvc_content import Contents
from govern.capture.dvc_files import Pointer, Stage, Tracked, read_pipeline_lock, read_pointer
from govern.capture.git_files import tracked_files
from govern.capture.materials import DVC_DEPENDENCY, DVC_FILE, DVC_IMPORT, DVC_TRACKED, Material
from govern.capture.project import Project
from govern.capture.redact import clean_text
from govern.capture.tree_file import UNREADABLE, read_below
from govern.errors import GovernError
from govern.limits import (
    MAX_DVC_ENTRIES,
    MAX_DVC_FILE,
    MAX_DVC_FILES,
    MAX_DVC_PARAMETERS,
    MAX_DVC_READ,
    MAX_DVC_TRACKED,
    Bound,
)
from govern.oci.digest import Digest


@dataclass(frozen=True, slots=True)
class DvcFacts:
    """What DVC's files say of a push.

    Args:
        materials: entries of `resolvedDependencies`.
        parameters: of the stages that made it, for `internalParameters`; empty where no stage is known.
    """

    materials: tuple[Material, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)


def capture_dvc(project: Project, target: str, own: AbstractSet[str], notes: list[str]) -> DvcFacts:
    """Return what DVC's files say.

    Args:
        project: the tree; nothing outside of it is read, and no link in it is followed.
        target: what is pushed, by its path below the tree; "" for the whole tree.
        own: names of files of ours, which may lie in what a stage wrote.
        notes: what the person who pushes should know is added here.
    """
    read = _read(project, notes)
    contents = Contents(project.top, own)
    made = _stages_of(target, read.stages, contents, notes)
    needed = [one for stage in made for one in stage.dependencies]
    between = {one.path for stage in made for one in stage.outputs if one.path}
    found = list(read.locks)
    for one in needed:
        # What lies in what is pushed is no input of it.
        if one.path not in between and not _inside(one.path, target):
            found += _material(DVC_DEPENDENCY, one, contents)
    for file, pointer in read.pointers:
        used = any(_overlap(out.path, one.path) for out in pointer.outputs for one in needed)
        pushed = any(_overlap(out.path, target) for out in pointer.outputs)
        if made and not used and not pushed:
            continue
        found.append(file)
        for one in pointer.imports:
            found += _material(DVC_IMPORT, one, contents)
        if not used and not pushed:
            for one in pointer.outputs:
                found += _material(DVC_TRACKED, one, contents)
    materials = _once(found)
    if len(materials) > MAX_DVC_ENTRIES.value:
        notes.append(f"DVC names {len(materials)} things; the record says the first {MAX_DVC_ENTRIES.value}")
    return DvcFacts(materials[: MAX_DVC_ENTRIES.value], {_name(one): _stage(one, contents) for one in made})


def _once(materials: Iterable[Material]) -> tuple[Material, ...]:
    found: dict[str, Material] = {}
    for one in materials:
        found.setdefault(repr(one), one)
    return tuple(found.values())


@dataclass(slots=True)
class _Read:
    locks: list[Material] = field(default_factory=list)
    stages: list[Stage] = field(default_factory=list)
    pointers: list[tuple[Material, Pointer]] = field(default_factory=list)
    size: int = 0
    entries: int = 0


def _read(project: Project, notes: list[str]) -> _Read:
    # Beside what is pushed, and above it, they count before git knows them.
    near = [*(posixpath.join(folder, "dvc.lock") for folder in project.folders), f"{project.inside}.dvc"]
    there = [path for path in near if os.path.lexists(project.top / path)]
    paths = list(dict.fromkeys([*there, *(tracked_files(project.top, "**/*.dvc", "**/dvc.lock") or ())]))
    if len(paths) > MAX_DVC_FILES.value:
        notes.append(f"the repository has {len(paths)} files of DVC's; the first {MAX_DVC_FILES.value} were read")
    found = _Read()
    for path in paths[: MAX_DVC_FILES.value]:
        try:
            left = Bound(MAX_DVC_READ.name, min(MAX_DVC_FILE.value, MAX_DVC_READ.value - found.size))
            data = read_below(project.top, path, left)
        except FileNotFoundError:
            continue
        except UNREADABLE:
            notes.append(f"{clean_text(path)} is a link, too large or unreadable; it was not recorded")
            continue
        found.size += len(data)
        _take(found, data, path, notes)
    return found


def _take(found: _Read, data: bytes, path: str, notes: list[str]) -> None:
    sha256 = Digest.of(data).encoded
    file = Material(clean_text(path), {"sha256": sha256}, {"observed": "at-push", "role": DVC_FILE})
    pointer, stages = Pointer((), ()), tuple[Stage, ...]()
    try:
        if path.endswith(".dvc"):
            pointer = read_pointer(data, path)
        else:
            stages = read_pipeline_lock(data, path)
        found.entries += len(pointer.outputs) + len(pointer.imports)
        found.entries += sum(1 + len(one.dependencies) + len(one.outputs) for one in stages)
        MAX_DVC_TRACKED.check(found.entries, "what DVC tracks")
    except GovernError:
        # What the refusal quotes may be a secret.
        notes.append(f"{clean_text(path)} is not what DVC writes, or says too much; only its digest was recorded")
        pointer, stages = Pointer((), ()), ()
    if path.endswith(".dvc"):
        found.pointers.append((file, pointer))
    else:
        found.locks.append(file)
        found.stages += stages


def _stages_of(target: str, stages: Sequence[Stage], contents: Contents, notes: list[str]) -> tuple[Stage, ...]:
    """Return the stages that made what is pushed, and those that they depended on, in the order of the file."""
    wanted: list[Stage] = []
    for stage in stages:
        found = {contents.compare(one).found for one in stage.outputs if _overlap(one.path, target)}
        if found & {"as-recorded", "not-read"}:
            wanted.append(stage)
        elif found:
            notes.append(
                f"DVC's stage {_name(stage)} wrote something else than what is pushed; the record says nothing of it"
            )
    known = {(stage.lock, stage.name) for stage in wanted}
    for stage in wanted:
        # The list grows while it is walked: each stage once, with what it depends on.
        for before in stages:
            if (before.lock, before.name) not in known and any(
                _overlap(out.path, one.path) for out in before.outputs for one in stage.dependencies
            ):
                known.add((before.lock, before.name))
                wanted.append(before)
    return tuple(stage for stage in stages if (stage.lock, stage.name) in known)


def _inside(path: str, target: str) -> bool:
    return bool(path) and (not target or path == target or path.startswith(f"{target}/"))


def _overlap(one: str, other: str) -> bool:
    """Whether one path is the other, or lies in it; "" of a target is the whole tree, and of an entry nowhere."""
    if not one:
        return False
    return not other or one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")


def _material(role: str, one: Tracked, contents: Contents) -> Iterator[Material]:
    if not one.path and not one.uri:
        return
    annotations: dict[str, Any] = {"observed": "declared", "role": role, "system": "dvc"}
    digests: dict[str, str] = {}
    uri = one.uri
    if role == DVC_IMPORT and one.repository:
        uri = one.repository if one.repository.startswith("git://") else f"git+{one.repository}"
    if one.commit:
        digests["gitCommit"] = one.commit
    if one.id is not None:
        content = contents.compare(one)
        digests |= {"dvc": one.id, **content.digests}
        annotations |= {"found": content.found, "hash": one.hash}
        if content.digests:
            annotations["observed"] = "at-push"
    for key, count in (("size", one.size), ("files", one.files)):
        if count is not None:
            annotations[key] = count
    yield Material(clean_text(one.path or one.uri), digests, annotations, uri)


def _name(stage: Stage) -> str:
    # As DVC names stages of another folder.
    folder = posixpath.dirname(stage.lock)
    return clean_text(f"{folder}/dvc.yaml:{stage.name}" if folder else stage.name)


def _stage(stage: Stage, contents: Contents) -> dict[str, Any]:
    known = frozenset(one.path for one in (*stage.dependencies, *stage.outputs) if one.path)
    outputs = {
        clean_text(one.path): {"dvc": one.id, "found": contents.compare(one).found}
        for one in stage.outputs
        if one.path and one.id is not None
    }
    parameters = [(file, *one) for file, value in stage.parameters.items() for one in clean_parameters(value)]
    said: dict[str, Any] = {"command": clean_command(stage.command, known), "outputs": outputs}
    if parameters:
        said["parameters"] = {
            f"{clean_text(file)}:{name}": value for file, name, value in parameters[: MAX_DVC_PARAMETERS.value]
        }
        if len(parameters) > MAX_DVC_PARAMETERS.value:
            said["parametersLeftOut"] = len(parameters) - MAX_DVC_PARAMETERS.value
    return said
