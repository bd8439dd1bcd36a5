"""A registry that lies about bytes: wrong digests, wrong sizes, bodies without end, encodings, faults for ever.

Whatever it sends: never an allowed decision, nothing outside of the target, no traceback, bounded memory and time.
`Attacked.govern` looks at all of that after every command.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from support.attacked import NAME, Attacked, at_once, reference
from support.fault_registry import Burst, Cut, FaultRegistry, Switches

Start = Callable[..., FaultRegistry]
TRUST: Final = ("--key", "ci.pub", "--timeout", "1")
EVER: Final = 10**6


class Lie(NamedTuple):
    """What a registry does, and what must be said to it.

    Args:
        switches: its faults, for the path of a blob where they are about one.
        codes: the exit codes that are right.
        says: a regular expression.
    """

    switches: Callable[[str], Switches]
    codes: tuple[int, ...]
    says: str


def _always(codes: tuple[int, ...], says: str, **switches: object) -> Lie:
    return Lie(lambda _: Switches(**switches), codes, says)  # type: ignore[arg-type]


def _status(status: int, says: str, **more: str) -> Lie:
    return Lie(lambda _: Switches(status_burst=[Burst(status, EVER, **more)]), (3,), says)  # type: ignore[arg-type]


# --- answers to verify ---------------------------------------------------------------------------

LIES: Final = {
    "a tag with another byte": _always((1,), "not what the registry says", flip_byte=r"/manifests/1\.0$"),
    "a tag whose header lies": _always((1,), "not what the registry says", wrong_digest_header=True),
    "a manifest with another byte": _always(
        (1,), "not what its digest says.*sha256:", flip_byte="/manifests/sha256:", missing_digest_header=True
    ),
    "all with another byte": _always((1, 3), "manifest|digest", flip_byte=".", missing_digest_header=True),
    "blobs with another byte": _always((1,), "not what its digest says.*expected sha256:", flip_byte="/blobs/"),
    "blobs with a byte more": _always((1,), r"not as long as its descriptor.*expected \d+", wrong_size=1),
    "blobs with a byte less": _always((1,), r"not as long as its descriptor.*expected \d+", wrong_size=-1),
    "blobs with a MiB more": _always((1,), "not as long as its descriptor", wrong_size=1 << 20),
    "blobs without a byte": _always((1,), "not as long as its descriptor", wrong_size=-(1 << 20)),
    "a page": _always((3,), "not a manifest's.*text/html", manifest_content_type="text/html"),
    "an index by its header": _always(
        (3,), "index|contradicts", manifest_content_type="application/vnd.oci.image.index.v1+json"
    ),
    "manifests without end": _always((3,), "too large.*MAX_MANIFEST", endless_body="/manifests/"),
    "blobs without end": _always((1,), "not as long as its descriptor", endless_body="/blobs/"),
    "manifests in gzip": _always((3,), "encoded the content.*gzip", gzip_body="/manifests/"),
    "blobs in gzip": _always((1, 3), "encoded the content|not as long", gzip_body="/blobs/"),
    "403": _status(403, "HTTP 403"),
    "418": _status(418, "HTTP 418"),
    "204": _status(204, "HTTP 204"),
    "404": _status(404, "is not in 127"),
    "503 with a day to wait": _status(503, "HTTP 503", retry_after="86400"),
    "429 until the next century": _status(429, "HTTP 429", retry_after="Fri, 31 Dec 2100 23:59:59 GMT"),
    "429 with a wait that is none": _status(429, "HTTP 429", retry_after="9" * 400),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_lie_is_never_a_yes(lie: Lie, victim: Attacked, start_fault_registry: Start) -> None:
    registry = start_fault_registry(lie.switches(""), content=victim.honest())
    victim.govern("verify", reference(registry), *TRUST).check(*lie.codes, says=lie.says)


SLOW_LIES: Final = {
    "blobs that drip": _always((3,), "too slowly|did not answer", slow_drip="/blobs/", drip_seconds=0.3),
    "manifests that drip": _always((3,), "too slowly|did not answer", slow_drip="/manifests/", drip_seconds=0.3),
    "manifests that are cut": Lie(
        lambda _: Switches(cut_download=Cut(10, EVER, path="/manifests/")), (3,), "connection to .* failed"
    ),
    "500 for ever": _status(500, "HTTP 500"),
    "429 for ever": _status(429, "HTTP 429.*fewer requests"),
    "500 for records": _status(500, "HTTP 500", path="/blobs/"),
}


def test_what_does_not_end_is_given_up(victim: Attacked, start_fault_registry: Start, tmp_path: Path) -> None:
    def verify(lie: Lie, own: Attacked, registry: FaultRegistry) -> None:
        own.govern("verify", reference(registry), *TRUST).check(*lie.codes, says=lie.says)

    at_once(_each(SLOW_LIES, verify, victim, start_fault_registry, tmp_path))


def _each(
    lies: Mapping[str, Lie],
    work: Callable[[Lie, Attacked, FaultRegistry], None],
    victim: Attacked,
    start: Start,
    folder: Path,
    blob: str = "",
) -> dict[str, Callable[[], None]]:
    """Return the work for each lie, with a registry and a folder of its own."""
    return {
        name: partial(work, lie, victim.at(folder / name), start(lie.switches(blob), content=victim.honest()))
        for name, lie in lies.items()
    }


# --- answers to pull -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", [
    "a manifest with another byte", "blobs with another byte", "blobs with a byte more", "blobs with a byte less",
    "blobs without end", "manifests without end", "a page",
])  # fmt: skip
@pytest.mark.parametrize("trust", [TRUST, ("--insecure-no-verify",)], ids=["verified", "unverified"])
def test_a_lie_is_never_pulled(
    name: str, trust: tuple[str, ...], victim: Attacked, start_fault_registry: Start
) -> None:
    lie = LIES[name]
    registry = start_fault_registry(lie.switches(""), content=victim.honest())
    victim.govern_here("pull", reference(registry), *trust, "-o", "deep/out").check(*lie.codes, says=lie.says)
    assert not (victim.folder / "deep" / "out").exists()


WEIGHT_LIES: Final = {
    "another byte": Lie(lambda one: Switches(flip_byte=one), (1,), "not what its digest says.*expected sha256:"),
    "no end": Lie(lambda one: Switches(endless_body=one), (1,), "not as long as its descriptor"),
    "a drip": Lie(lambda one: Switches(slow_drip=one, drip_seconds=0.3), (3,), "too slowly|did not answer"),
    "gzip": Lie(lambda one: Switches(gzip_body=one), (1, 3), "encoded the content|not as long"),
    "500 for ever": Lie(lambda one: Switches(status_burst=[Burst(500, EVER, path=one)]), (3,), "HTTP 500"),
    "a cut, then another place than asked": Lie(
        lambda one: Switches(cut_download=Cut(100, path=one), wrong_content_range=1), (3,), "came from another place"
    ),
    "a cut at the same byte each time, and no ranges": Lie(
        lambda one: Switches(cut_download=Cut(100, EVER, path=one), range_unsupported=True), (3,), "cut off|failed"
    ),
    "a cut after every few bytes": Lie(
        lambda one: Switches(cut_download=Cut(3, EVER, path=one)), (3,), "cut off|failed"
    ),
}


def test_a_weight_that_is_wrong_never_stands_at_its_place(
    victim: Attacked, start_fault_registry: Start, tmp_path: Path
) -> None:
    blobs = victim.honest().repositories[NAME].blobs
    weight = next(digest for digest, data in blobs.items() if b"F32" in data[:200])

    def pull(lie: Lie, own: Attacked, registry: FaultRegistry) -> None:
        ended = own.govern("pull", reference(registry), *TRUST, "-o", "deep/out")
        ended.check(*lie.codes, says=lie.says)
        assert not (own.folder / "deep" / "out").exists()

    at_once(_each(WEIGHT_LIES, pull, victim, start_fault_registry, tmp_path, f"/blobs/{weight}"))


def test_one_cut_is_gone_on_with_even_where_ranges_are_not_spoken(
    victim: Attacked, start_fault_registry: Start
) -> None:
    switches = Switches(cut_download=Cut(100, path="/blobs/"), range_unsupported=True)
    registry = start_fault_registry(switches, content=victim.honest())
    ended = victim.govern("pull", reference(registry), *TRUST, "-o", "deep/out")
    assert ended.code == 0, ended
    for path in (victim.folder / "model").iterdir():
        assert (victim.folder / "deep" / "out" / path.name).read_bytes() == path.read_bytes()


# --- faults that pass ----------------------------------------------------------------------------

PASSING: Final = {
    "429 twice": Burst(429, 2),
    "429 with a wait": Burst(429, 1, retry_after="2"),
    "500 twice": Burst(500, 2),
    "502 three times": Burst(502, 3),
    "503 with a wait": Burst(503, 1, retry_after="1"),
    "408 twice": Burst(408, 2),
    "500 for three listings": Burst(500, 3, path="/referrers/"),
}


def test_faults_that_pass_change_nothing(victim: Attacked, start_fault_registry: Start, tmp_path: Path) -> None:
    def verify(lie: Lie, own: Attacked, registry: FaultRegistry) -> None:
        ended = own.govern("verify", reference(registry), *TRUST)
        ended.check(0, says="ALLOWED.*registration   found")
        if wait := registry.switches.status_burst[0].retry_after:
            assert ended.seconds >= int(wait)

    lies = {
        name: Lie(partial(lambda burst, _: Switches(status_burst=[replace(burst)]), burst), (0,), "")
        for name, burst in PASSING.items()
    }
    at_once(_each(lies, verify, victim, start_fault_registry, tmp_path))


# --- pushes --------------------------------------------------------------------------------------

PUSH_LIES: Final = {
    "manifests stored as another": _always((1, 3), "stored another|registry says", wrong_digest_header=True),
    "manifests not stored at all": _always((3,), "is not in 127|BLOB_UNKNOWN|does not list", put_manifest_ignored=True),
    "500 for every PUT": _status(500, "HTTP 500", method="PUT"),
    "429 for every upload": _status(429, "HTTP 429", method="POST"),
    "an answer before the body was read": Lie(
        lambda _: Switches(status_burst=[Burst(400, EVER, method="PUT", path="/uploads/", early=True)]),
        (3,),
        "HTTP 400|failed",
    ),
    "an upload that is cut each time": Lie(
        lambda _: Switches(cut_upload=Cut(10, EVER, path="/uploads/")), (3,), "failed"
    ),
    "listings that are pages": _always((3,), "is not a list.*text/html", false_200=True),
    "listings that never end": _always((3,), "too large.*MAX_INDEX", endless_body="/referrers/"),
    "neither whole nor in pieces": _always((3,), "HTTP 41[36]", monolithic_max=1, chunk_max=1),
    "pieces that are taken and lost": _always((3,), "lost a piece", monolithic_max=1, stale_range=True),
    "a manifest that is too large for it": _always((3,), "HTTP 413", manifest_max=10),
}


def test_a_push_that_is_betrayed_leaves_no_version(
    victim: Attacked, start_fault_registry: Start, tmp_path: Path
) -> None:
    def push(lie: Lie, own: Attacked, registry: FaultRegistry) -> None:
        ended = own.govern("push", "model", reference(registry, "2.0"), "--key", "ci.key", "--timeout", "2")
        ended.check(*lie.codes, says=lie.says)
        assert ended.stdout == ""
        assert "pushed" not in ended.stderr
        assert "2.0" not in registry.content.repositories[NAME].tags

    # An artifact of its own version, so that nothing of it is there yet.
    at_once(_each(PUSH_LIES, push, victim, start_fault_registry, tmp_path))
