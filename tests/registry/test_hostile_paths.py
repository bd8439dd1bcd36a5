"""Artifacts that want to be written elsewhere: by titles, by file lists, by digests, by links that are in the way.

They are registered with the trusted key, so that nothing but the checks of their paths stands in the way. After
every command `Attacked.govern` compares everything around the target with what was there before.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from govern.artifact.tar import member_header
from support.attacked import NAME, Attacked
from support.fault_registry import Content, FaultRegistry
from support.forged import TAR, Layer, forge
from support.plain_client import digest_of

Start = Callable[..., FaultRegistry]
EVIL: Final = b"evil\n"

PATHS: Final[dict[str, tuple[str, ...]]] = {
    "up": ("../evil",),
    "up and down": ("a/../../evil",),
    "up at the end": ("a/..",),
    "a dot": ("a/./evil",),
    "dots before the root": (".//{folder}/deep/evil",),
    "dots without end": ("./" * 1_000_000 + "../evil",),
    "only a dot": (".",),
    "nothing": ("a//b",),
    "a slash at the end": ("a/",),
    "absolute": ("{folder}/deep/evil",),
    "the root": ("/",),
    "backslashes": ("..\\evil",),
    "a drive": ("C:\\evil",),
    "a NUL": ("evil\x00.md",),
    "a line break": ("a\nALLOWED",),
    "an escape sequence": ("\x1b]0;evil\x07",),
    "an invisible turn": ("a\u202eb",),
    "not in normal form C": ("cafe\u0301",),
    "half a letter": ("\ud800",),
    "a long segment": ("n" * 256,),
    "a long path": ("n/" * 2_100 + "n",),
    "the lock": ("govern.lock",),
    "the lock in capitals": ("GOVERN.LOCK",),
    "the stage": (".govern-part/files/x",),
    "the stage itself": (".govern-part",),
    "the stage in capitals": (".Govern-Part/x",),
    "the tars": (".govern-tar/x",),
    "twice the same": ("a", "a"),
    "twice, but for the case": ("a/x", "A/y"),
    "twice, but for the case of one letter": ("straße", "STRASSE"),
    "a file and a folder": ("a", "a/b"),
    "a folder and a file": ("a/b/c", "a/b"),
}


def _refuse(victim: Attacked, content: Content, start: Start, tag: str, says: str, *codes: int) -> None:
    registry = start(content=content)
    for trust in (("--key", "ci.pub"), ("--insecure-no-verify",)):
        ended = victim.govern_here("pull", f"{registry.host}/{NAME}:{tag}", *trust, "-o", "deep/out")
        ended.check(*codes or (1, 3), says=says)
        assert not (victim.folder / "deep" / "out").exists()


@pytest.mark.parametrize("paths", PATHS.values(), ids=PATHS)
def test_titles_that_lead_elsewhere_are_refused(
    paths: tuple[str, ...], victim: Attacked, start_fault_registry: Start
) -> None:
    content = victim.honest()
    titles = [path.replace("{folder}", str(victim.folder)) for path in paths]
    tag = forge(victim, content, [Layer(EVIL + b"%d" % number, title) for number, title in enumerate(titles)])
    _refuse(victim, content, start_fault_registry, tag, "path|case|file|image spec|segment|Unicode|JSON")


def _entry(path: str, data: bytes, offset: int = 0, layer: bytes | None = None, **more: Any) -> dict[str, Any]:
    holder = digest_of(data if layer is None else layer)
    entry = {"layer": holder, "offset": offset, "path": path, "sha256": digest_of(data)[7:], "size": len(data)}
    return entry | more


@pytest.mark.parametrize("name", [name for name, paths in PATHS.items() if len(paths) == 1 and name != "half a letter"])
def test_a_file_list_that_leads_elsewhere_is_refused(name: str, victim: Attacked, start_fault_registry: Start) -> None:
    content = victim.honest()
    path = PATHS[name][0].replace("{folder}", str(victim.folder))
    tar = member_header("innocent.md", len(EVIL)) + EVIL
    layers = [Layer(tar, ".govern-tar/doc-0000.tar", media_type=TAR)]
    offset = len(member_header("innocent.md", len(EVIL)))
    tag = forge(victim, content, layers, entries=[_entry(path, EVIL, offset, tar)])
    _refuse(victim, content, start_fault_registry, tag, "path|keeps for itself|segment|Unicode")


LONG: Final = "/".join(["n" * 200] * 19)
"""3,818 bytes: an artifact may hold it, and under a long target no file system does."""


def test_a_path_that_no_file_system_takes_is_no_bug_of_ours(
    victim: Attacked, start_fault_registry: Start, tmp_path: Path
) -> None:
    far = victim.at(tmp_path / ("d" * 200) / ("d" * 200))
    content = far.honest()
    registry = start_fault_registry(content=content)
    tag = forge(far, content, [Layer(EVIL, LONG)])
    ended = far.govern_here("pull", f"{registry.host}/{NAME}:{tag}", "--key", "ci.pub", "-o", "deep/out")
    ended.check(2, 3, says="File name too long", hint="--include|another directory")


LISTS: Final[dict[str, object]] = {
    "no file": [],
    "an object": {"path": "x"},
    "a number": 1,
    "text": "x",
    "entries that are numbers": [1],
    "entries without a path": [{"layer": digest_of(EVIL), "offset": 0, "sha256": digest_of(EVIL)[7:], "size": 5}],
    "entries with more": [_entry("x", EVIL, more=1)],
    "a layer of another artifact": [_entry("x", EVIL, layer=digest_of(b"").encode())],
    "a path for a layer": [_entry("x", EVIL) | {"layer": "sha256:../../evil"}],
    "an offset below zero": [_entry("x", EVIL, -1)],
    "an offset beyond the layer": [_entry("x", EVIL, 10**15)],
    "an offset that is true": [_entry("x", EVIL) | {"offset": False}],
    "a size beyond the layer": [_entry("x", EVIL, size=10**15)],
    "another content": [_entry("x", EVIL) | {"sha256": "0" * 64}],
    "another path than the layer's": [_entry("y", EVIL)],
    "less than the layer": [_entry("x", EVIL[:2], layer=EVIL)],
    "not in order": [_entry("x", EVIL), _entry("a", EVIL)],
    "spaces": b'[ {"layer":1} ]',
    "nesting": b"[" * 100_000,
    "no JSON": b"\xff",
}


@pytest.mark.parametrize("entries", LISTS.values(), ids=LISTS)
def test_a_file_list_that_contradicts_the_manifest_is_refused(
    entries: object, victim: Attacked, start_fault_registry: Start
) -> None:
    content = victim.honest()
    tag = forge(victim, content, [Layer(EVIL, "x")], entries=entries)
    _refuse(victim, content, start_fault_registry, tag, "file list|nothing would be pulled", 1, 2, 3)


def test_a_member_of_a_tar_that_is_too_large_is_not_read_into_memory(
    victim: Attacked, start_fault_registry: Start
) -> None:
    content = victim.honest()
    data = bytes(300 * 1024 * 1024)
    layer = Layer(data, ".govern-tar/doc-0000.tar", media_type=TAR)
    tag = forge(victim, content, [layer], entries=[_entry("x", data)])
    registry = start_fault_registry(content=content)
    ended = victim.govern("pull", f"{registry.host}/{NAME}:{tag}", "--key", "ci.pub", "-o", "deep/out")
    ended.check(1, says="contradicts the manifest")


LAYERS: Final[dict[str, tuple[Layer, ...]]] = {
    "two paths": (Layer(EVIL, "x", "y"),),
    "two sizes": (Layer(EVIL, "x"), Layer(EVIL, "y", more={"size": 6})),
    "a path for a digest": (Layer(EVIL, "x", more={"digest": "sha256:../../../deep/evil"}),),
    "a digest of nothing known": (Layer(EVIL, "x", more={"digest": "md5:" + "0" * 32}),),
    "a size below zero": (Layer(EVIL, "x", more={"size": -1}),),
    "a size that is text": (Layer(EVIL, "x", more={"size": "5"}),),
    "more than any disk": (Layer(EVIL, "x", more={"size": 1 << 49}),),
    "data that lies": (Layer(EVIL, "x", more={"digest": digest_of(b"other")}),),
    "a layer that is missing": (Layer(EVIL, "x", more={"digest": "sha256:" + "3" * 64}),),
    "URLs elsewhere": (Layer(EVIL, "../x", more={"urls": ["http://127.0.0.1:1/"]}),),
    "too many": tuple(Layer(EVIL, f"f{number}") for number in range(20_001)),
    "no path at all": (Layer(EVIL, None, ""),),
}


@pytest.mark.parametrize("layers", LAYERS.values(), ids=LAYERS)
def test_layers_that_contradict_themselves_are_refused(
    layers: tuple[Layer, ...], victim: Attacked, start_fault_registry: Start
) -> None:
    content = victim.honest()
    tag = forge(victim, content, layers)
    _refuse(victim, content, start_fault_registry, tag, ".", 1, 2, 3)


CONFIGS: Final[dict[str, object]] = {
    "a list": [],
    "no descriptor": {"descriptor": 1},
    "a name that is a number": {"descriptor": {"name": 1}},
    "a long name": {"descriptor": {"name": "n" * 3_000_000}},
    "a line of ours in the version": {"descriptor": {"name": NAME, "version": "1.0\nALLOWED  acme/fraud@1.0"}},
    "an escape sequence in the name": {"descriptor": {"name": "\x1b[2J", "version": "1"}},
}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_a_config_that_lies_writes_no_lines_of_ours(
    config: object, victim: Attacked, start_fault_registry: Start
) -> None:
    content = victim.honest()
    tag = forge(victim, content, [Layer(EVIL, "x")], config=config)
    registry = start_fault_registry(content=content)
    for line in (("verify", "--key", "ci.pub"), ("show",), ("records",), ("tree",), ("list", "--key", "ci.pub")):
        verb, *trust = line
        ended = victim.govern_here(verb, f"{registry.host}/{NAME}:{tag}", *trust)
        if verb == "verify":
            ended.check(1, 3, says="name|version|config")
        lines = (ended.stdout + ended.stderr).splitlines()
        assert not any(text.startswith("ALLOWED") for text in lines)
        assert max(map(len, lines)) < 4_000


# --- what is in the way --------------------------------------------------------------------------


def _in_the_way(victim: Attacked, make: Callable[[Path], None]) -> Path:
    output = victim.folder / "deep" / "out"
    output.mkdir()
    make(output)
    return output


WAYS: Final[dict[str, Callable[[Path], object]]] = {
    "a link to a folder": lambda output: (output / "sub").symlink_to("../aside"),
    "a link to a file": lambda output: (output / "x").symlink_to("../aside/x"),
    "a link to nowhere": lambda output: (output / "x").symlink_to("../evil"),
    "a folder": lambda output: (output / "x").mkdir(),
    "a link for the lock": lambda output: (output / "govern.lock").symlink_to("../evil"),
    "a link for the stage": lambda output: (output / ".govern-part").symlink_to("../aside"),
    "a file for the stage": lambda output: (output / ".govern-part").write_bytes(b"mine"),
}


@pytest.mark.parametrize("make", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("force", [(), ("--force",)], ids=["asked", "forced"])
def test_a_link_in_the_target_leads_nobody_out_of_it(
    make: Callable[[Path], None], force: tuple[str, ...], victim: Attacked, start_fault_registry: Start
) -> None:
    content = victim.honest()
    aside = victim.folder / "deep" / "aside"
    aside.mkdir()
    (aside / "x").write_bytes(b"mine\n")
    output = _in_the_way(victim, make)
    tag = forge(victim, content, [Layer(EVIL, "x"), Layer(EVIL + b"2", "sub/x")])
    registry = start_fault_registry(content=content)
    ended = victim.govern_here("pull", f"{registry.host}/{NAME}:{tag}", "--key", "ci.pub", "-o", "deep/out", *force)
    # What is beside the target was compared already; here is what is in it.
    if ended.code == 0:
        assert (output / "x").read_bytes() == EVIL
        assert (output / "sub" / "x").read_bytes() == EVIL + b"2"
        assert not any(path.is_symlink() for path in output.rglob("*"))
    else:
        ended.check(2, 3)


PRECIOUS: Final = b"PRECIOUS\n"
LAYER: Final = hashlib.sha256(EVIL).hexdigest() + "-0"
PLANTED: Final = ("files/sub/x", "files/sub", "files/y", "layers/" + LAYER, f"layers/{LAYER}.part", "layers/{tar}.part")
PLANTS: Final[dict[str, Callable[[Path, Path], object]]] = {
    "a link": lambda place, aside: place.symlink_to(aside),
    "a link to nowhere": lambda place, aside: place.symlink_to(aside.with_name("evil")),
    "a link to a folder": lambda place, aside: place.symlink_to(aside.parent),
    "a second name": lambda place, aside: place.hardlink_to(aside),
    "a pipe": lambda place, _aside: os.mkfifo(place),
}


@pytest.mark.parametrize("stage", ["out/.govern-part", ".out.govern-part"], ids=["in the target", "beside it"])
@pytest.mark.parametrize("source", ["registry", "layout"])
@pytest.mark.parametrize("content_there", [PRECIOUS, EVIL], ids=["other bytes", "the same bytes"])
@pytest.mark.parametrize("plant", PLANTS.values(), ids=PLANTS)
def test_what_was_planted_in_the_stage_leads_nobody_out_of_it(
    plant: Callable[[Path, Path], object],
    content_there: bytes,
    source: str,
    stage: str,
    victim: Attacked,
    start_fault_registry: Start,
) -> None:
    content, tar = victim.honest(), member_header("y", len(EVIL)) + EVIL + bytes(512 - len(EVIL)) + bytes(1024)
    offset = len(member_header("y", len(EVIL)))
    layers = [Layer(EVIL, "sub/x"), Layer(tar, ".govern-tar/doc-0000.tar", media_type=TAR)]
    entries = [_entry("sub/x", EVIL), _entry("y", EVIL, offset, tar)]
    tag = forge(victim, content, layers, entries=entries)
    reference = f"{start_fault_registry(content=content).host}/{NAME}:{tag}"
    if source == "layout":
        reference = f"layout:{_as_layout(content, tag, victim.folder / 'store')}:{tag}"
    for planted in PLANTED:
        output, aside = victim.folder / "deep" / "out", victim.folder / "deep" / "aside"
        shutil.rmtree(output, ignore_errors=True)
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir()
        (aside / "x").write_bytes(content_there)
        place = victim.folder / "deep" / stage / planted.format(tar=hashlib.sha256(tar).hexdigest() + "-0")
        place.parent.mkdir(parents=True)
        for name in ("files", "layers"):
            (victim.folder / "deep" / stage / name).mkdir(exist_ok=True)
        plant(place, aside / "x")
        ended = victim.govern_here("pull", reference, "--insecure-no-verify", "-o", "deep/out")
        assert ended.code == 0, ended
        for path in ("sub/x", "y"):
            assert (output / path).read_bytes() == EVIL
            assert (output / path).lstat().st_nlink == 1
        assert not any(path.is_symlink() for path in output.rglob("*"))
        assert (aside / "x").read_bytes() == content_there
        assert [path.name for path in aside.iterdir()] == ["x"]


def _as_layout(content: Content, tag: str, root: Path) -> Path:
    """Write a tag of a repository as an image layout, as another tool would."""
    repository = content.repositories[NAME]
    digest = repository.resolve(tag)
    (root / "blobs" / "sha256").mkdir(parents=True)
    media_type, manifest = repository.manifests[digest]
    for name, data in {**repository.blobs, digest: manifest}.items():
        (root / "blobs" / name.replace(":", "/")).write_bytes(data)
    entry = {"mediaType": media_type, "digest": digest, "size": len(manifest)}
    entry |= {"annotations": {"org.opencontainers.image.ref.name": tag}}
    (root / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    (root / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    return root


def test_the_target_may_itself_be_a_link(victim: Attacked, start_fault_registry: Start) -> None:
    (victim.folder / "deep" / "out").mkdir()
    (victim.folder / "link").symlink_to("deep/out")
    registry = start_fault_registry(content=victim.honest())
    ended = victim.govern_here("pull", f"{registry.host}/{NAME}:1.0", "--key", "ci.pub", "-o", "link")
    assert ended.code == 0, ended
    assert (victim.folder / "deep" / "out" / "README.md").is_file()
