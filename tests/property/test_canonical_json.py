"""One value, one text: `canonical`, the reference library, a writer from the words of RFC 8785, and the file list."""

from __future__ import annotations

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import assume, given
from hypothesis import strategies as st

from govern import canonical
from govern.artifact.file_list import Entry, FileList, read_file_list
from govern.errors import GovernError
from govern.limits import MAX_MANIFEST
from govern.oci.digest import Digest
from govern.paths import check_collisions, check_path

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def by_hand(value: Any) -> str:
    """RFC 8785 §3.2, for values without floats: keys by their UTF-16 code units, strings with the fewest escapes."""
    match value:
        case dict():
            keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
            return "{" + ",".join(f"{by_hand(key)}:{by_hand(value[key])}" for key in keys) + "}"
        case list():
            return "[" + ",".join(map(by_hand, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


@given(VALUES)
def test_three_writers_write_the_same_bytes(value):
    data = canonical.dumps(value)
    assert data == rfc8785.dumps(value) == by_hand(value).encode()


@given(VALUES)
def test_what_was_written_is_read_and_written_the_same(value):
    data = canonical.dumps(value)
    assert canonical.loads(data, "it", bound=MAX_MANIFEST, floats=False) == value
    assert canonical.dumps(json.loads(data)) == data


@given(VALUES, st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_any_spelling_of_a_value_is_read_as_the_value(value, ascii_only, indent):
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert canonical.loads(text.encode(), "it", bound=MAX_MANIFEST) == value


@given(VALUES, VALUES)
def test_two_values_never_share_their_bytes(one, other):
    # True == 1 in Python and not in JSON, so the texts are compared with their types.
    assert (canonical.dumps(one) == canonical.dumps(other)) == (
        json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    )


@given(
    st.recursive(
        st.floats() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=6,
    )
)
def test_anything_else_is_refused_and_nothing_else_is_raised(value):
    try:
        data = canonical.dumps(value)
    except GovernError:
        return
    assert canonical.loads(data, "it", bound=MAX_MANIFEST, floats=False) == value


@given(TEXT, VALUES, VALUES, st.integers(0, 5))
def test_a_key_that_stands_twice_is_refused_at_any_depth(key, one, other, depth):
    quoted = json.dumps(key)
    text = '{"a":[' * depth + f"{{{quoted}:{json.dumps(one)},{quoted}:{json.dumps(other)}}}" + "]}" * depth
    with pytest.raises(GovernError, match="twice"):
        canonical.loads(text.encode(), "it", bound=MAX_MANIFEST)


# --- the file list ------------------------------------------------------------------------------

LAYERS = [Digest.of(bytes([number])) for number in range(3)]
PATHS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
ENTRIES = st.builds(
    Entry,
    layer=st.sampled_from(LAYERS),
    offset=st.integers(0, 2**53 - 1),
    path=PATHS,
    sha256=st.binary(max_size=4).map(lambda data: Digest.of(data).encoded),
    size=st.integers(0, 2**53 - 1),
)


@given(st.lists(ENTRIES, max_size=6))
def test_the_writer_of_file_lists_agrees_with_rfc_8785(entries):
    files = FileList.of(entries)
    assert files.to_bytes() == canonical.dumps([one._asdict() for one in files.entries])
    assert [one.path.encode() for one in files] == sorted(one.path.encode() for one in entries)
    assert files.summary() == (len(entries), Digest.of(files.to_bytes()), sum(one.size for one in entries))


@given(st.lists(ENTRIES, min_size=1, max_size=6))
def test_a_file_list_reads_as_it_is_written(entries):
    try:
        for one in entries:
            check_path(one.path)
        check_collisions(one.path for one in entries)
    except GovernError:
        assume(False)
    files = FileList.of(entries)
    assert read_file_list(files.to_bytes(), LAYERS) == files


@pytest.mark.parametrize("field", ["size", "offset"])
def test_a_file_list_holds_no_number_that_canonical_json_has_not(field):
    text = json.dumps([Entry(LAYERS[0], 0, "a", "0" * 64, 1)._asdict() | {field: 2**53}], separators=(",", ":"))
    with pytest.raises(GovernError):
        read_file_list(text.encode(), LAYERS)
