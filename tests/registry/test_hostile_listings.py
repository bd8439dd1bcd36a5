"""A registry that lies about what there is: listings that fail, that never end, that lead elsewhere or in circles.

A listing that cannot be read is undecided and never "no records"; what is listed and cannot be used is shown.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from govern.line import line_of
from govern.names import Name
from govern.oci.media_types import IMAGE_INDEX, IMAGE_MANIFEST
from support.attacked import NAME, Attacked, Ended, at_once, reference
from support.fault_registry import Burst, Content, FaultRegistry, Switches
from support.meddler import Answered, Asked, Change, meddle
from support.plain_client import digest_of

Start = Callable[..., FaultRegistry]
TRUST: Final = ("--key", "ci.pub", "--timeout", "2")
LINE: Final = str(line_of(Name(NAME)).digest)


def decision_of(ended: Ended) -> Any:
    """Return the JSON of `verify --format json`."""
    return json.loads(ended.stdout)


FAILING: Final[dict[str, tuple[Switches, str]]] = {
    "pages without end": (Switches(endless_pages=True), "MAX_PAGES|no end"),
    "a page that leads to itself": (Switches(looping_pages=True), "circle"),
    "a list that never ends": (Switches(endless_body="/referrers/"), "too large.*MAX_INDEX"),
    "a page that asks to sign in": (Switches(false_200=True), "is not a list.*text/html"),
    "a list in gzip": (Switches(gzip_body="/referrers/"), "encoded the content"),
    "400": (Switches(referrers_status=400), "HTTP 400"),
    "403": (Switches(referrers_status=403), "HTTP 403"),
    "418": (Switches(referrers_status=418), "HTTP 418"),
    "no API, and tags without end": (Switches(referrers_api=False, endless_pages=True), "MAX_PAGES|MAX_TAGS"),
    "no API, and a circle of tags": (Switches(referrers_api=False, looping_pages=True), "circle"),
    "no API, and tags that never end": (Switches(referrers_api=False, endless_body="/tags/list"), "MAX_INDEX"),
    "no API, and 403 for tags": (
        Switches(referrers_api=False, status_burst=[Burst(403, 10**6, path="/tags/list")]), "HTTP 403",
    ),
    "no API, and 403 for the index": (
        Switches(referrers_api=False, status_burst=[Burst(403, 10**6, path="/manifests/sha256-")]), "HTTP 403",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("switches", "says"), FAILING.values(), ids=FAILING)
def test_a_listing_that_fails_is_undecided(
    switches: Switches, says: str, victim: Attacked, start_fault_registry: Start
) -> None:
    registry = start_fault_registry(switches, content=victim.honest())
    ended = victim.govern("verify", reference(registry), *TRUST)
    ended.check(3, says=f"^UNDECIDED.*LISTING: .*({says})")


def test_a_listing_that_fails_for_ever_is_undecided(
    victim: Attacked, start_fault_registry: Start, tmp_path: Path
) -> None:
    def verify(own: Attacked, registry: FaultRegistry, says: str) -> None:
        own.govern("verify", reference(registry), *TRUST).check(3, says=f"^UNDECIDED.*LISTING: .*({says})")

    slow = {
        "500": (Switches(status_burst=[Burst(500, 10**6, path="/referrers/")]), "HTTP 500"),
        "a drip": (Switches(slow_drip="/referrers/", drip_seconds=0.3), "too slowly|did not answer"),
        "429": (Switches(status_burst=[Burst(429, 10**6, path="/referrers/")]), "HTTP 429"),
    }
    at_once({
        name: partial(verify, victim.at(tmp_path / name), start_fault_registry(one, content=victim.honest()), says)
        for name, (one, says) in slow.items()
    })  # fmt: skip


@pytest.mark.parametrize("name", ["a page that asks to sign in", "403"])
def test_no_verb_takes_a_listing_that_fails_for_an_empty_one(
    name: str, victim: Attacked, start_fault_registry: Start
) -> None:
    switches, says = FAILING[name]
    registry = start_fault_registry(switches, content=victim.honest())
    ref = reference(registry)
    for line in (("records", ref), ("tree", ref), ("list", f"{registry.host}/{NAME}")):
        ended = victim.govern_here(*line, "--key", "ci.pub")
        ended.check(3, says=f"INCOMPLETE.*({says})")
        assert "no records" not in ended.stdout
        assert "no registered versions" not in ended.stdout
    victim.govern_here("pull", ref, *TRUST, "-o", "deep/out").check(3, says=says)
    victim.govern_here("repair", ref).check(3, says=says)
    # Nobody knows whether the version is free.
    victim.govern_here("push", "model", reference(registry, "2.0"), "--key", "ci.key").check(3, says=says)
    assert "2.0" not in registry.content.repositories[NAME].tags


def _replaced(where: str, answer: Answered) -> Change:
    return lambda asked, _: answer if asked.method == "GET" and where in asked.path else None


def _index(*entries: Any) -> Answered:
    body = json.dumps({"schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": list(entries)}).encode()
    return Answered(200, {"Content-Type": IMAGE_INDEX}, body)


def _entry(digest: str, size: int = 1, **more: Any) -> dict[str, Any]:
    return {"mediaType": IMAGE_MANIFEST, "digest": digest, "size": size, **more}


MALFORMED: Final = {
    "nothing": Answered(200, {"Content-Type": IMAGE_INDEX}),
    "a list": Answered(200, {"Content-Type": IMAGE_INDEX}, b"[]"),
    "half a list": Answered(200, {"Content-Type": IMAGE_INDEX}, b'{"schemaVersion": 2, "manifests": ['),
    "manifests that are null": Answered(200, {"Content-Type": IMAGE_INDEX}, b'{"schemaVersion":2,"manifests":null}'),
    "no manifests": Answered(200, {"Content-Type": IMAGE_INDEX}, b'{"schemaVersion":2}'),
    "nesting": Answered(200, {"Content-Type": IMAGE_INDEX}, b"[" * 1_000_000),
    "a key twice": Answered(200, {"Content-Type": IMAGE_INDEX}, b'{"schemaVersion":2,"manifests":[],"manifests":[]}'),
    "a path for a digest": _index(_entry("sha256:../../../../../deep/evil")),
    "an absolute path for a digest": _index(_entry("/deep/evil")),
    "a NUL in a digest": _index(_entry("sha256:" + "\0" * 64)),
    "a digest in capitals": _index(_entry("sha256:" + "A" * 64)),
    "a size below zero": _index(_entry("sha256:" + "0" * 64, -1)),
    "a size beyond any": _index(_entry("sha256:" + "0" * 64, 10**30)),
    "many keys": Answered(
        200, {"Content-Type": IMAGE_INDEX}, json.dumps({f"k{n}": 0 for n in range(300_000)} | {"k": 1}).encode()
    ),
    "no content type": Answered(200, {}, b'{"schemaVersion":2,"manifests":[]}'),
    "another content type": Answered(200, {"Content-Type": "application/json"}, b'{"schemaVersion":2,"manifests":[]}'),
    "204": Answered(204),
}


@pytest.mark.parametrize("answer", MALFORMED.values(), ids=MALFORMED)
def test_a_listing_that_is_none_is_undecided(answer: Answered, victim: Attacked, start_fault_registry: Start) -> None:
    registry = start_fault_registry(content=victim.honest())
    with meddle(registry, _replaced("/referrers/", answer)) as between:
        ended = victim.govern_here("verify", f"{between.host}/{NAME}:1.0", *TRUST)
    ended.check(3, says="^UNDECIDED.*LISTING: ")


@pytest.mark.parametrize("answer", [
    Answered(200, {"Content-Type": "text/html"}, b"<html>Please sign in.</html>"),
    Answered(200, {}, b"{}"),
    Answered(200, {"Content-Type": IMAGE_INDEX}, b"<html>"),
    Answered(200, {"Content-Type": IMAGE_INDEX}, b'{"schemaVersion":2}'),
], ids=["a page", "no type", "a page that is called an index", "an index without manifests"])  # fmt: skip
def test_a_fallback_index_that_is_none_is_undecided(
    answer: Answered, victim: Attacked, start_fault_registry: Start
) -> None:
    registry = start_fault_registry(Switches(referrers_api=False), content=victim.honest())
    with meddle(registry, _replaced("/manifests/sha256-", answer)) as between:
        ended = victim.govern_here("verify", f"{between.host}/{NAME}:1.0", *TRUST)
    ended.check(3, says="^UNDECIDED.*LISTING: .*fallback index")


# --- what is listed and is no record -------------------------------------------------------------


def _add(entries: list[dict[str, Any]]) -> Change:
    """Add entries to every listing of referrers."""

    def change(asked: Asked, honest: Callable[[], Answered]) -> Answered | None:
        if asked.method != "GET" or "/referrers/" not in asked.path:
            return None
        return _index(*json.loads(honest().body)["manifests"], *entries)

    return change


def test_a_record_that_is_listed_and_missing_is_shown_and_changes_nothing(
    victim: Attacked, start_fault_registry: Start
) -> None:
    registry = start_fault_registry(content=victim.honest())
    gone = "sha256:" + "1" * 64
    with meddle(registry, _add([_entry(gone)])) as between:
        ended = victim.govern("verify", f"{between.host}/{NAME}:1.0", *TRUST, "--format", "json")
    decision = decision_of(ended)
    assert (ended.code, decision["outcome"]) == (0, "allowed")
    assert [(one["manifest"], "is not in" in one["reason"]) for one in decision["refused"]] == [(gone, True)]


def test_a_registration_that_is_listed_and_missing_is_missed(victim: Attacked, start_fault_registry: Start) -> None:
    content = victim.honest()
    repository = content.repositories[NAME]
    bundles = [digest for digest, data in repository.blobs.items() if b"govern/registration" in base64_of(data)]
    assert bundles
    for digest in bundles:
        del repository.blobs[digest]
    registry = start_fault_registry(content=content)
    ended = victim.govern("verify", reference(registry), *TRUST)
    ended.check(1, 3, says="no registration of acme/fraud.*refused")


def base64_of(data: bytes) -> bytes:
    """Return the payload of a bundle, or nothing for other bytes."""
    try:
        return base64.b64decode(json.loads(data)["dsseEnvelope"]["payload"])
    except (ValueError, KeyError, TypeError):
        return b""


def test_circles_of_referrers_end(victim: Attacked, start_fault_registry: Start) -> None:
    content = victim.honest()
    everything = [_entry(digest, len(body)) for digest, (_, body) in content.repositories[NAME].manifests.items()]
    registry = start_fault_registry(content=content)
    # Everything refers to everything: the artifact to itself, its records to each other and to the line.
    with meddle(registry, _replaced("/referrers/", _index(*everything, *everything))) as between:
        for verb in ("verify", "records", "tree"):
            ended = victim.govern_here(verb, f"{between.host}/{NAME}:1.0", *TRUST[:2])
            assert ended.code == 0, ended


LYING: Final[dict[str, dict[str, Any]]] = {
    "data of another content": {"data": base64.b64encode(b"{}").decode()},
    "data that is no base64": {"data": "***"},
    "annotations that decide": {"annotations": {"dev.govern.predicateType": "https://w3id.org/govern/approval/v0.1"}},
    "another artifact type": {"artifactType": "image/png"},
    "another size": {"size": 1},
}


@pytest.mark.parametrize("lie", LYING.values(), ids=LYING)
def test_what_a_listing_says_about_a_record_is_not_believed(
    lie: dict[str, Any], victim: Attacked, start_fault_registry: Start
) -> None:
    def change(asked: Asked, honest: Callable[[], Answered]) -> Answered | None:
        if asked.method != "GET" or "/referrers/" not in asked.path:
            return None
        return _index(*(one | lie for one in json.loads(honest().body)["manifests"]))

    registry = start_fault_registry(content=victim.honest())
    with meddle(registry, change) as between:
        ended = victim.govern_here("verify", f"{between.host}/{NAME}:1.0", *TRUST, "--format", "json")
    decision = decision_of(ended)
    assert (ended.code, decision["outcome"], decision["refused"]) == (0, "allowed", [])
    assert len(decision["records"]) == 4


def _hang(content: Content, subject: str, **layer: Any) -> str:
    """Put a record on a subject whose layer has these fields, and return its digest."""
    repository = content.repositories[NAME]
    kind = "application/vnd.govern.record.v1+json"
    empty = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": digest_of(b"{}"), "size": 2}
    body = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": IMAGE_MANIFEST,
            "artifactType": kind,
            "config": empty,
            "layers": [{"mediaType": kind, **layer}],
            "subject": _entry(subject, len(repository.manifests[subject][1])),
        }
    ).encode()
    return content.put_manifest(NAME, body, IMAGE_MANIFEST)


def test_embedded_data_that_lies_is_refused_and_shown(victim: Attacked, start_fault_registry: Start) -> None:
    content = victim.honest()
    bundle = b"x" * 100
    digest = content.put_blob(NAME, bundle)
    lies = {
        _hang(content, victim.digest, digest=digest, size=100, data=base64.b64encode(b"y" * 100).decode()),
        _hang(content, victim.digest, digest=digest, size=100, data=base64.b64encode(b"x" * 99).decode()),
        _hang(content, victim.digest, digest=digest, size=100, data="not base64"),
        _hang(content, victim.digest, digest=digest, size=10**9),
        _hang(content, victim.digest, digest="sha256:" + "2" * 64, size=100),
    }
    registry = start_fault_registry(content=content)
    ended = victim.govern("verify", reference(registry), *TRUST, "--format", "json")
    decision = decision_of(ended)
    assert (ended.code, decision["outcome"]) == (0, "allowed")
    assert {one["manifest"] for one in decision["refused"]} == lies


def test_a_record_tag_that_leads_to_another_record_is_undecided(victim: Attacked, start_fault_registry: Start) -> None:
    content = victim.honest()
    # As a registry without the API holds them: every record under a tag of its own.
    repository = content.repositories[NAME]
    records = {
        digest: json.loads(body)["subject"]["digest"]
        for digest, (_, body) in repository.manifests.items()
        if "subject" in json.loads(body)
    }
    for digest, subject in records.items():
        repository.tags[f"{subject.replace(':', '-')}.g.{digest[7:39]}"] = [digest]
    registry = start_fault_registry(Switches(referrers_api=False), content=content)
    assert (
        len(decision_of(victim.govern_here("verify", reference(registry), *TRUST, "--format", "json"))["records"]) == 4
    )
    mine = [digest for digest, subject in records.items() if subject == victim.digest]
    hidden, shown = mine[:2]
    tag = f"{victim.digest.replace(':', '-')}.g."
    repository.tags[tag + hidden[7:39]] = [shown]
    # A tag that is nearly one of ours leads nowhere, and is none.
    repository.tags[tag + "z" * 32] = [shown]
    decision = decision_of(victim.govern_here("verify", reference(registry), *TRUST, "--format", "json"))
    # What it stood for may have been a denial.
    [reason] = [one for one in decision["reasons"] if one["code"] == "LISTING"]
    assert decision["outcome"] == "undecided"
    assert shown in reason["message"]
    assert hidden[7:39] in reason["message"]


# --- floods --------------------------------------------------------------------------------------


def test_a_hundred_thousand_listed_records_are_not_all_read(victim: Attacked, start_fault_registry: Start) -> None:
    entries = [_entry(f"sha256:{number:064x}") for number in range(100_000)]
    pages = [_index(*entries[start : start + 20_000]) for start in range(0, len(entries), 20_000)]

    def change(asked: Asked, honest: Callable[[], Answered]) -> Answered | None:
        if asked.method == "GET" and f"/referrers/{victim.digest}" in asked.path:
            number = int(asked.path.partition("?page=")[2] or 0)
            page = pages[number]
            link = f'<{asked.path.split("?")[0]}?page={number + 1}>; rel="next"'
            more = {"Link": link} if number + 1 < len(pages) else {}
            return Answered(200, {**page.headers, **more}, page.body)
        # Not there, quickly, and without a question to the registry behind.
        return Answered(404) if asked.path.rpartition(":")[2].startswith("0" * 20) else None

    registry = start_fault_registry(content=victim.honest())
    with meddle(registry, change) as between:
        ended = victim.govern("verify", f"{between.host}/{NAME}:1.0", *TRUST, within=90)
    ended.check(3, says="^UNDECIDED.*UNREAD: 90000 listed claims were not read")


def test_more_entries_than_any_list_has_are_not_collected(victim: Attacked, start_fault_registry: Start) -> None:
    page = _index(*(_entry(f"sha256:{number:064x}") for number in range(50_000)))
    counter = iter(range(10**9))

    def change(asked: Asked, honest: Callable[[], Answered]) -> Answered | None:
        if asked.method == "GET" and "/referrers/" in asked.path:
            link = f'<{asked.path.split("?")[0]}?page={next(counter)}>; rel="next"'
            return Answered(200, {**page.headers, "Link": link}, page.body)
        return None

    registry = start_fault_registry(content=victim.honest())
    with meddle(registry, change) as between:
        ended = victim.govern("verify", f"{between.host}/{NAME}:1.0", *TRUST, most=260)
        assert len(between.asked) < 50
    ended.check(3, says="has no end.*MAX_REFERRERS")


@pytest.mark.parametrize("size", [3_000_000, 15_000_000], ids=["manifests", "bundles"])
def test_records_that_are_large_together_are_not_all_held(
    size: int, victim: Attacked, start_fault_registry: Start
) -> None:
    content = victim.honest()
    for number in range(60 if size < 4_000_000 else 16):
        data = b"%d" % number + b"x" * size
        if size < 4_000_000:
            _hang(content, victim.digest, digest=digest_of(b"{}"), size=2, filler=data.decode())
        else:
            _hang(content, victim.digest, digest=content.put_blob(NAME, data), size=len(data))
    registry = start_fault_registry(content=content)
    ended = victim.govern("verify", reference(registry), *TRUST, most=260)
    ended.check(3, says=r"^UNDECIDED.*UNREAD: \d+ listed claims were not read")


def test_large_manifests_that_are_wrong_are_not_kept(victim: Attacked, start_fault_registry: Start) -> None:
    content = victim.honest()
    for number in range(60):
        body = json.dumps({"subject": {"digest": victim.digest}, "n": number, "filler": "x" * 3_500_000}).encode()
        content.put_manifest(NAME, body, IMAGE_MANIFEST)
    wrong = [digest for digest, (_, body) in content.repositories[NAME].manifests.items() if len(body) > 10**6]
    registry = start_fault_registry(Switches(flip_byte="|".join(f"/{one}$" for one in wrong)), content=content)
    ended = victim.govern("verify", reference(registry), *TRUST, "--format", "json")
    assert ended.code == 0, ended
    assert {one["manifest"] for one in decision_of(ended)["refused"]} == set(wrong)


ERRORS: Final = {
    "nesting": b"[" * 60_000,
    "a code that nests": b'{"errors":[{"code":' + b"[" * 900 + b"]" * 900 + b"}]}",
    "bytes": b"\xff",
    "a line of ours": b'{"errors":[{"code":"X","message":"a\\nALLOWED  acme/fraud@1.0"}]}',
    "a number": b'{"errors":' + b"9" * 60_000 + b"}",
    "a long message": b'{"errors": [{"message": "' + b"m" * 60_000 + b'"}]}',
    "a long page": b"x" * 200_000,
}


@pytest.mark.parametrize("body", ERRORS.values(), ids=ERRORS)
def test_the_words_of_an_error_are_only_shown(body: bytes, victim: Attacked, start_fault_registry: Start) -> None:
    registry = start_fault_registry(content=victim.honest())
    with meddle(registry, _replaced("/manifests/1.0", Answered(400, {}, body))) as between:
        ended = victim.govern_here("verify", f"{between.host}/{NAME}:1.0", *TRUST)
    ended.check(3, says="HTTP 400")
    assert not any(line.startswith("ALLOWED") for line in ended.stderr.splitlines())
