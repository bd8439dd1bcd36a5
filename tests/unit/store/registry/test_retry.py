"""Requests are repeated where the trouble passes and the body can be sent again: five tries, sixty seconds in all."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from govern.errors import GovernError, NetworkError
from govern.limits import MAX_CONFIG
from govern.progress import SILENT
from govern.store.registry import RegistryStore, retry
from support.fault_registry import Burst, Cut, FaultRegistry, Hold
from support.stores import open_repository, put_artifact, put_record, some_blob
from support.told import Told

NAME = "acme/fraud"
PASSING = (408, 429, 500, 502, 503, 504)
FIVE = 5
LASTING = (400, 403, 404, 409, 412, 413, 416, 501)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The waits are short here; how long they are is asked with a clock of the test's own."""
    monkeypatch.setattr(retry, "_FIRST_WAIT", 0.001)


Open = Callable[..., RegistryStore]


@pytest.fixture
def opened(fault_registry: FaultRegistry) -> Iterator[Open]:
    stores = []

    def run(**options: Any) -> RegistryStore:
        stores.append(open_repository(fault_registry.host, NAME, **options))
        return stores[-1]

    yield run
    for store in stores:
        store.close()


# --- the table per verb --------------------------------------------------------------------------

KNOWN = some_blob()
ROWS: dict[str, tuple[str, str, Callable[[Open], object]]] = {
    "GET manifest": ("GET", "/manifests/", lambda at: at().get_manifest("1.0.0")),
    "GET tags": ("GET", "/tags/list", lambda at: at().tags()),
    "GET referrers": ("GET", "/referrers/", lambda at: at().list_referrers(at().get_manifest("1.0.0").digest)),
    "GET blob": ("GET", "/blobs/", lambda at: at().read_blob(KNOWN.descriptor, MAX_CONFIG, "the blob")),
    "HEAD blob": ("HEAD", "/blobs/", lambda at: at().has_blob(KNOWN.descriptor)),
    "POST session": ("POST", "/blobs/uploads/", lambda at: at().put_blob(some_blob(), SILENT)),
    "PUT blob": ("PUT", "/blobs/uploads/", lambda at: at().put_blob(some_blob(), SILENT)),
    "PUT manifest": ("PUT", "/manifests/", lambda at: put_artifact(at(), "1.0.1")),
    "PATCH": ("PATCH", "/blobs/uploads/", lambda at: at(upload="chunks").put_blob(some_blob(), SILENT)),
}


@pytest.fixture
def row(request: pytest.FixtureRequest, opened: Open) -> tuple[str, str, Callable[[Open], object]]:
    """A row of the table; what it asks for is there."""
    store = opened()
    put_artifact(store, "1.0.0")
    store.put_blob(KNOWN, SILENT)
    found: tuple[str, str, Callable[[Open], object]] = request.param
    return found


every_row = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys(), indirect=True)
Row = tuple[str, str, Callable[[Open], object]]


def tried(registry: FaultRegistry, row: Row, before: int) -> int:
    return len(registry.requests(row[0], row[1])) - before


@every_row
@pytest.mark.usefixtures("quick")
def test_passing_trouble_is_tried_again(row: Row, fault_registry: FaultRegistry, opened: Open) -> None:
    method, path, ask = row
    for status in PASSING:
        before = tried(fault_registry, row, 0)
        fault_registry.switches.status_burst[:] = [Burst(status, 1, method, path)]
        ask(opened)
        assert tried(fault_registry, row, before) == 2, status


@every_row
@pytest.mark.usefixtures("quick")
def test_lasting_trouble_is_not_tried_again(row: Row, fault_registry: FaultRegistry, opened: Open) -> None:
    method, path, ask = row
    for status in LASTING:
        before = tried(fault_registry, row, 0)
        fault_registry.switches.status_burst[:] = [Burst(status, 1, method, path)]
        # Some statuses are an answer: a blob that is not there, an API that is not spoken.
        with contextlib.suppress(GovernError):
            ask(opened)
        # A whole body that is too large is sent in pieces instead: of its two PUT, the second is empty.
        in_pieces = (method, path, status) == ("PUT", "/blobs/uploads/", 413)
        assert tried(fault_registry, row, before) == (2 if in_pieces else 1), status


@every_row
@pytest.mark.usefixtures("quick")
def test_the_fifth_try_is_the_last(row: Row, fault_registry: FaultRegistry, opened: Open) -> None:
    method, path, ask = row
    before = tried(fault_registry, row, 0)
    fault_registry.switches.status_burst.append(Burst(503, 1000, method, path))
    with pytest.raises(NetworkError, match="HTTP 503"):
        ask(opened)
    assert tried(fault_registry, row, before) == FIVE
    fault_registry.switches.status_burst[:] = [Burst(503, FIVE - 1, method, path)]
    ask(opened)


@every_row
@pytest.mark.usefixtures("quick")
def test_who_asks_for_a_minute_is_not_waited_for(row: Row, fault_registry: FaultRegistry, opened: Open) -> None:
    method, path, ask = row
    before, begun = tried(fault_registry, row, 0), time.monotonic()
    fault_registry.switches.status_burst.append(Burst(429, 1, method, path, retry_after="61"))
    with pytest.raises(NetworkError, match="HTTP 429"):
        ask(opened)
    assert tried(fault_registry, row, before) == 1
    assert time.monotonic() - begun < 10


@pytest.mark.usefixtures("quick")
def test_retry_after_is_waited_for(fault_registry: FaultRegistry, opened: Open) -> None:
    put_artifact(opened(), "1.0.0")
    fault_registry.switches.status_burst.append(Burst(429, 1, "GET", "/manifests/", retry_after="1"))
    begun = time.monotonic()
    opened().get_manifest("1.0.0")
    assert 1 <= time.monotonic() - begun < 10


# --- connections ---------------------------------------------------------------------------------


@contextlib.contextmanager
def hanging_up() -> Iterator[tuple[str, list[int]]]:
    """A server that takes connections and ends them; gives its host, and counts."""
    count = [0]
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    accepted, _ = listener.accept()
                except OSError:
                    return
                # A client that first asks whether this is TLS says so with its first byte.
                count[0] += accepted.recv(1) not in (b"\x16", b"")
                accepted.close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}", count
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize("what", ["GET manifest", "GET tags", "GET blob", "HEAD blob"])
@pytest.mark.usefixtures("quick")
def test_a_connection_that_is_cut_is_tried_again(what: str) -> None:
    with hanging_up() as (host, count), contextlib.closing(open_repository(host, NAME)) as store:
        with pytest.raises(NetworkError, match="the connection to"):
            ROWS[what][2](lambda: store)
        assert count[0] == FIVE


@pytest.mark.usefixtures("quick")
def test_silence_is_tried_again(fault_registry: FaultRegistry, opened: Open) -> None:
    put_artifact(opened(), "1.0.0")
    before = len(fault_registry.requests("GET"))
    fault_registry.switches.hold = Hold(0, "GET")
    with pytest.raises(NetworkError, match="did not answer"):
        opened(timeout=1.0).get_manifest("1.0.0")
    assert len(fault_registry.requests("GET")) - before == FIVE


@pytest.mark.parametrize("upload", ["whole", "chunks"])
@pytest.mark.parametrize("trouble", ["cut", "reset", "answered early"])
@pytest.mark.usefixtures("quick")
def test_a_blob_goes_again_from_its_first_byte_in_a_new_session(
    upload: str, trouble: str, fault_registry: FaultRegistry, opened: Open
) -> None:
    blob, told = some_blob(3_000_000), Told()
    path = "/blobs/uploads/"
    if trouble == "answered early":
        fault_registry.switches.status_burst.append(Burst(503, 2, "PUT|PATCH", path, early=True))
    else:
        fault_registry.switches.cut_upload = Cut(1_000_000, times=2, path=path, reset=trouble == "reset")
    opened(upload=upload).put_blob(blob, told)
    assert told.done == 3_000_000
    assert opened().read_blob(blob.descriptor, MAX_CONFIG, "the blob") == blob.data
    verb = "PUT" if upload == "whole" else "PATCH"
    sent = [one.path for one in fault_registry.requests(verb, path)]
    assert len(sent) == len(set(sent)) == 3
    assert len(fault_registry.requests("POST", path)) == 3


@pytest.mark.usefixtures("quick")
def test_a_large_blob_that_is_cut_is_gone_on_with(fault_registry: FaultRegistry, opened: Open, tmp_path: Path) -> None:
    blob = some_blob(2_000_000)
    opened().put_blob(blob, SILENT)
    fault_registry.switches.cut_download = Cut(600_000, times=3)
    opened().fetch_blob(blob.descriptor, tmp_path / "blob", SILENT)
    assert (tmp_path / "blob").read_bytes() == blob.data
    asked = [one.headers.get("range") for one in fault_registry.requests("GET", "/blobs/")]
    assert asked == [None, "bytes=600000-1999999", "bytes=1200000-1999999", "bytes=1800000-1999999"]


@pytest.mark.parametrize("what", ["GET manifest", "GET tags", "GET referrers", "GET blob"])
@pytest.mark.usefixtures("quick")
def test_a_small_body_that_is_cut_is_asked_for_again(what: str, fault_registry: FaultRegistry, opened: Open) -> None:
    subject = put_artifact(opened(), "1.0.0")
    put_record(opened(), subject.digest)
    opened().put_blob(KNOWN, SILENT)
    method, path, ask = ROWS[what]
    before = len(fault_registry.requests(method, path))
    fault_registry.switches.cut_download = Cut(20, times=2, path=path)
    ask(opened)
    # The listing reads the manifest of its subject first, which nobody cuts.
    assert len(fault_registry.requests(method, path)) - before == 3
