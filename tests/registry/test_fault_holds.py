"""A fault registry that holds a request lets a client be killed at a known point."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
import urllib3

from support.fault_registry import FaultRegistry, Hold

NAME = "acme/fraud"
DATA = bytes(range(256)) * 4


@pytest.fixture
def http() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


@pytest.fixture
def blob(fault_registry: FaultRegistry) -> str:
    return f"{fault_registry.url}/v2/{NAME}/blobs/{fault_registry.content.put_blob(NAME, DATA)}"


@pytest.mark.parametrize("served", [False, True])
def test_a_client_stands_still_at_a_request_that_took_effect_or_not(
    fault_registry: FaultRegistry, http: requests.Session, blob: str, served: bool
) -> None:
    hold = fault_registry.switches.hold = Hold(1, "DELETE|GET", "/blobs/", served=served)
    assert http.get(blob).content == DATA
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(requests.delete, blob)
        assert hold.held.wait(5)
        assert http.head(blob).status_code == (404 if served else 200)
        hold.let_go.set()
        with pytest.raises(requests.ConnectionError):
            held.result()
    fault_registry.switches.hold = None
    assert http.head(blob).status_code == (404 if served else 200)


def test_a_body_is_held_where_it_is_told(fault_registry: FaultRegistry, http: requests.Session, blob: str) -> None:
    hold = fault_registry.switches.hold = Hold(0, "GET", served=True, body_bytes=100)
    answer = http.get(blob, stream=True)
    assert hold.held.wait(5)
    assert answer.headers["Content-Length"] == "1024"
    assert answer.raw.read1(1024) == DATA[:100]
    hold.let_go.set()
    with pytest.raises(urllib3.exceptions.ProtocolError, match="100 bytes read, 924 more"):
        answer.raw.read1(1024)
