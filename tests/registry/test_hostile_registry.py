"""A registry that lies about bytes: wrong digests, wrong sizes, bodies without end, encodings, faults for ever.

Whatever it sends: never an allowed decision, nothing outside of the target, no traceback, bounded memory and time.
The fixtures of `support.attacked` look at all of that after every command.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest

from support.attacked import NAME, Attacked, reference
from support.fault_registry import Burst, Cut, FaultRegistry, Switches

Start = Callable[..., FaultRegistry]
TRUST: Final = ("--key", "ci.pub", "--timeout", "1")
OUT: Final = ("-o", "deep/out")

# --- answers that are wrong ----------------------------------------------------------------------

WRONG: Final[dict[str, tuple[Switches, tuple[int, ...], str]]] = {
    "a tag with another byte": (Switches(flip_byte=r"/manifests/1\.0$"), (1,), "not what the registry says"),
    "a tag whose header lies": (Switches(wrong_digest_header=True), (1,), "not what the registry says"),
    "a manifest with another byte": (
        Switches(flip_byte="/manifests/sha256:", missing_digest_header=True), (1,), "not what its digest says.*sha256:",
    ),
    "everything with another byte and no header": (
        Switches(flip_byte=".", missing_digest_header=True), (1, 3), "manifest|digest",
    ),
    "blobs with another byte": (Switches(flip_byte="/blobs/"), (1,), "not what its digest says.*expected sha256:"),
    "blobs with a byte more": (Switches(wrong_size=1), (1,), r"not as long as its descriptor says.*expected \d+"),
    "blobs with a byte less": (Switches(wrong_size=-1), (1,), r"not as long as its descriptor says.*expected \d+"),
    "blobs with a MiB more": (Switches(wrong_size=1 << 20), (1,), "not as long as its descriptor says"),
    "blobs without a byte": (Switches(wrong_size=-(1 << 20)), (1,), "not as long as its descriptor says"),
    "a manifest that is a page": (
        Switches(manifest_content_type="text/html"), (3,), "media type that is not a manifest's.*text/html",
    ),
    "a manifest that is called an index": (
        Switches(manifest_content_type="application/vnd.oci.image.index.v1+json"), (3,), "index|contradicts",
    ),
    "manifests that never end": (Switches(endless_body="/manifests/"), (3,), "too large.*MAX_MANIFEST"),
    "blobs that never end": (Switches(endless_body="/blobs/"), (1,), "not as long as its descriptor says"),
    "manifests in gzip": (Switches(gzip_body="/manifests/"), (3,), "encoded the content.*gzip"),
    "blobs in gzip": (Switches(gzip_body="/blobs/"), (1, 3), "encoded the content|not as long"),
    "manifests that drip": (Switches(slow_drip="/manifests/", drip_seconds=0.3), (3,), "too slowly|did not answer"),
    "blobs that drip": (Switches(slow_drip="/blobs/", drip_seconds=0.3), (3,), "too slowly|did not answer"),
    "manifests that are cut": (
        Switches(cut_download=Cut(10, times=1000, path="/manifests/")), (3,), "connection to .* failed",
    ),
    "500 for ever": (Switches(status_burst=[Burst(500, 10**6)]), (3,), "HTTP 500"),
    "503 with a day to wait": (
        Switches(status_burst=[Burst(503, 10**6, retry_after="86400")]), (3,), "HTTP 503",
    ),
    "429 for ever": (Switches(status_burst=[Burst(429, 10**6)]), (3,), "HTTP 429.*fewer requests"),
    "429 until the next century": (
        Switches(status_burst=[Burst(429, 10**6, retry_after="Fri, 31 Dec 2100 23:59:59 GMT")]), (3,), "HTTP 429",
    ),
    "429 with a wait that is none": (
        Switches(status_burst=[Burst(429, 10**6, retry_after="9" * 400)]), (3,), "HTTP 429",
    ),
    "403": (Switches(status_burst=[Burst(403, 10**6)]), (3,), "HTTP 403.*govern login"),
    "418": (Switches(status_burst=[Burst(418, 10**6)]), (3,), "HTTP 418"),
    "204": (Switches(status_burst=[Burst(204, 10**6)]), (3,), "HTTP 204"),
    "404": (Switches(status_burst=[Burst(404, 10**6)]), (3,), "is not in 127"),
}  # fmt: skip


@pytest.mark.parametrize(("switches", "codes", "says"), WRONG.values(), ids=WRONG)
def test_a_wrong_answer_is_never_a_yes(
    switches: Switches, codes: tuple[int, ...], says: str, victim: Attacked, start_fault_registry: Start
) -> None:
    registry = start_fault_registry(_copy(switches), content=victim.honest())
    victim.govern("verify", reference(registry), *TRUST).check(*codes, says=says)


PULLED: Final = [
    "a manifest with another byte", "blobs with another byte", "blobs with a byte more", "blobs with a byte less",
    "blobs that never end", "manifests that never end", "blobs that drip", "500 for ever", "a manifest that is a page",
]  # fmt: skip


@pytest.mark.parametrize("wrong", PULLED)
@pytest.mark.parametrize("trust", [TRUST, ("--insecure-no-verify", "--timeout", "1")], ids=["verified", "unverified"])
def test_a_wrong_answer_is_never_pulled(
    wrong: str, trust: tuple[str, ...], victim: Attacked, start_fault_registry: Start
) -> None:
    switches, codes, says = WRONG[wrong]
    registry = start_fault_registry(_copy(switches), content=victim.honest())
    ended = victim.govern("pull", reference(registry), *trust, *OUT)
    ended.check(*codes, says=says)
    assert not (victim.folder / "deep" / "out").exists()


def _copy(switches: Switches) -> Switches:
    # Faults count down, so each test needs its own.
    cut = switches.cut_download
    return replace(
        switches,
        status_burst=[replace(one) for one in switches.status_burst],
        cut_download=replace(cut) if cut else None,
    )


# --- one layer that is wrong, after an honest decision -------------------------------------------

LAYER: Final[dict[str, tuple[Callable[[str], Switches], tuple[int, ...], str]]] = {
    "another byte": (lambda one: Switches(flip_byte=one), (1,), "not what its digest says.*expected sha256:"),
    "no end": (lambda one: Switches(endless_body=one), (1,), "not as long as its descriptor says"),
    "a drip": (lambda one: Switches(slow_drip=one, drip_seconds=0.3), (3,), "too slowly|did not answer"),
    "gzip": (lambda one: Switches(gzip_body=one), (1, 3), "encoded the content|not as long"),
    "500 for ever": (lambda one: Switches(status_burst=[Burst(500, 10**6, path=one)]), (3,), "HTTP 500"),
    "a cut, and then another place than asked": (
        lambda one: Switches(cut_download=Cut(100, path=one), wrong_content_range=1), (3,), "came from another place",
    ),
    "a cut, each time at the same byte": (
        lambda one: Switches(cut_download=Cut(100, times=10**6, path=one), range_unsupported=True), (3,), "cut off|failed",
    ),
    "a cut after every few bytes": (
        lambda one: Switches(cut_download=Cut(3, times=10**6, path=one)), (3,), "cut off|failed",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("make", "codes", "says"), LAYER.values(), ids=LAYER)
def test_a_weight_that_is_wrong_is_not_left_at_its_place(
    make: Callable[[str], Switches],
    codes: tuple[int, ...],
    says: str,
    victim: Attacked,
    start_fault_registry: Start,
) -> None:
    content = victim.honest()
    weight = next(digest for digest, data in content.repositories[NAME].blobs.items() if b"F32" in data[:200])
    registry = start_fault_registry(make(f"/blobs/{weight}"), content=content)
    assert victim.govern("verify", reference(registry), *TRUST).code == 0
    ended = victim.govern("pull", reference(registry), *TRUST, *OUT)
    ended.check(*codes, says=says)
    assert not (victim.folder / "deep" / "out").exists()


def test_one_cut_is_gone_on_with_even_where_ranges_are_not_spoken(
    victim: Attacked, start_fault_registry: Start
) -> None:
    switches = Switches(cut_download=Cut(100, path="/blobs/"), range_unsupported=True)
    registry = start_fault_registry(switches, content=victim.honest())
    ended = victim.govern("pull", reference(registry), *TRUST, *OUT)
    assert ended.code == 0, ended
    _take_away(victim)


def _take_away(victim: Attacked) -> None:
    """Check what was pulled, and remove it for the next test."""
    output = victim.folder / "deep" / "out"
    for path in (victim.folder / "model").iterdir():
        assert (output / path.name).read_bytes() == path.read_bytes()
    for path in output.iterdir():
        path.unlink()
    output.rmdir()


# --- faults that pass ----------------------------------------------------------------------------


@pytest.mark.parametrize("burst", [
    Burst(429, 2), Burst(429, 1, retry_after="1"), Burst(500, 2), Burst(502, 3), Burst(503, 1, retry_after="1"),
    Burst(408, 2), Burst(500, 3, path="/referrers/"),
], ids=lambda burst: f"{burst.times} of {burst.status} {burst.path}{burst.retry_after and ' with a wait'}")  # fmt: skip
def test_a_fault_that_passes_changes_nothing(burst: Burst, victim: Attacked, start_fault_registry: Start) -> None:
    registry = start_fault_registry(Switches(status_burst=[replace(burst)]), content=victim.honest())
    ended = victim.govern("verify", reference(registry), *TRUST)
    ended.check(0, says="ALLOWED.*registration   found")
    if burst.retry_after:
        assert ended.seconds >= 1


# --- pushes --------------------------------------------------------------------------------------

PUSHES: Final[dict[str, tuple[Switches, str]]] = {
    "a manifest that is stored as another": (Switches(wrong_digest_header=True), "stored another manifest|registry says"),
    "manifests that are not stored at all": (Switches(put_manifest_ignored=True), "is not in 127|does not list"),
    "500 for every upload": (Switches(status_burst=[Burst(500, 10**6, method="PUT")]), "HTTP 500"),
    "429 for every upload": (Switches(status_burst=[Burst(429, 10**6, method="POST")]), "HTTP 429"),
    "an answer before the body was read": (
        Switches(status_burst=[Burst(400, 10**6, method="PUT", path="/uploads/", early=True)]), "HTTP 400|failed",
    ),
    "an upload that is cut each time": (Switches(cut_upload=Cut(10, times=10**6, path="/uploads/")), "failed"),
    "tags that do not move and are not there": (Switches(immutable_tags=409, put_manifest_ignored=True), "not in|list"),
    "records that come back with another byte": (Switches(flip_byte="/blobs/|/manifests/sha256:"), "digest|list|found"),
    "listings that are pages": (Switches(false_200=True), "is not a list.*text/html"),
    "listings that never end": (Switches(endless_body="/referrers/"), "too large.*MAX_INDEX"),
    "chunks that are taken and lost": (Switches(monolithic_max=1, stale_range=True), "lost a piece|HTTP 413|DIGEST"),
    "uploads that must be larger than they are": (Switches(chunk_max=1, monolithic_max=1), "HTTP 41[36]"),
}  # fmt: skip


@pytest.mark.parametrize(("switches", "says"), PUSHES.values(), ids=PUSHES)
def test_a_push_that_is_betrayed_leaves_no_version(
    switches: Switches, says: str, victim: Attacked, start_fault_registry: Start
) -> None:
    cut = switches.cut_upload
    registry = start_fault_registry(replace(_copy(switches), cut_upload=replace(cut) if cut else None))
    ended = victim.govern("push", "model", reference(registry), "--key", "ci.key", "--timeout", "2")
    ended.check(1, 2, 3, says=says)
    assert ended.stdout == ""
    held = registry.content.repositories.get(NAME)
    assert held is None or "1.0" not in held.tags
    assert not re.search("(?i)pushed|allowed", ended.stderr)
