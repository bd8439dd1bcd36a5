"""An OMS statement is taken for the files that it was made of, and for no others."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govern import canonical
from govern.errors import Denied, InvalidInput
from govern.intoto.statement import read_statement
from govern.limits import MAX_STATEMENT
from govern.paths import check_path
from govern.predicates.oms import is_left_out
from govern.trust.oms import check_oms
from support.oms import oms_of


def _legal(path: str) -> bool:
    try:
        check_path(path)
    except InvalidInput:
        return False
    return not is_left_out(path)


PATHS = st.lists(st.text("ab-./\uff5e\U0001f600", min_size=1, max_size=4), min_size=1, max_size=3).map("/".join)
DIGESTS = st.integers(0, 3).map(lambda one: hashlib.sha256(bytes([one])).hexdigest())
FILES = st.dictionaries(PATHS.filter(_legal), DIGESTS, min_size=1, max_size=5)


@given(signed=FILES, there=FILES)
def test_a_signature_is_of_exactly_its_files(signed: dict[str, str], there: dict[str, str]) -> None:
    statement = oms_of(signed)
    assert check_oms(statement, signed) == ()
    if there != signed:
        with pytest.raises(Denied):
            check_oms(statement, there)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.text("a0", max_size=2) | st.just("00" * 32),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["name", "digest", "algorithm", "resources", "serialization", "method", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(files=FILES, way=st.lists(st.integers(0, 5), min_size=1, max_size=4), value=JSON)
def test_whatever_stands_in_a_predicate_it_is_refused_or_changes_nothing(
    files: dict[str, str], way: list[int], value: object
) -> None:
    body = canonical.loads(oms_of(files).data, "the statement", bound=MAX_STATEMENT)
    node = body["predicate"]
    for number in way:
        place = list(node)[number % len(node)] if isinstance(node, dict) else number % len(node)
        parent = node
        node = parent[place]
        if not isinstance(node, dict | list):
            break
    parent[place] = value
    try:
        assert check_oms(read_statement(canonical.dumps(body), Denied), files) == ()
    except Denied:
        return
