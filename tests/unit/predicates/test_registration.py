"""Registration: which content is which version of which name."""

from __future__ import annotations

import pytest

from govern.errors import Denied
from govern.predicates.common import read_predicate
from govern.predicates.registration import TYPE, Registration
from support.records import HEX, registered


def read(**changes):
    return read_predicate(Registration, registered(**changes), "registration", Denied)


def test_its_type_is_the_formats():
    assert TYPE == "https://w3id.org/govern/registration/v0.1"


@pytest.mark.parametrize(
    "changes",
    [
        {"metadata": {"anything": [1, {"deep": "x"}]}},
        {"waived": [{"rule": "pickle", "paths": ["a.pkl"]}]},
        {"kind": "dataset"},
        {"files": {"count": 0, "digest": {"sha256": HEX}, "size": 0}},
    ],
)
def test_what_the_format_has_is_read(changes):
    assert read(**changes).to_json() == registered(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "agent"},
        {"kind": None},
        {"packing": "v2"},
        {"packing": None},
        {"files": None},
        {"files": {"count": -1, "digest": {"sha256": HEX}, "size": 0}},
        {"files": {"count": 1, "digest": {"sha256": HEX}, "size": -1}},
        {"files": {"count": 1.5, "digest": {"sha256": HEX}, "size": 0}},
        {"files": {"count": 1, "digest": HEX, "size": 0}},
        {"files": {"count": 1, "digest": {"sha256": HEX}, "size": 0, "more": 1}},
        {"evidence": None},
        {"evidence": {}},
        {"evidence": "x"},
        {"evidence": [{"statement": {"sha256": HEX}}]},
        {"metadata": []},
        {"waived": [{"rule": "pickle", "paths": []}]},
        {"waived": [{"rule": "pickle", "paths": [""]}]},
        {"approved": True},
    ],
)
def test_another_shape_is_refused(changes):
    with pytest.raises(Denied):
        read(**changes)
