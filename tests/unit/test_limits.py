"""Every bound has the name under which refusals call it."""

from __future__ import annotations

import pytest

from govern import limits
from govern.errors import InvalidInput, LimitExceeded
from govern.limits import MAX_MANIFEST, Bound

BOUNDS = {name: value for name, value in vars(limits).items() if isinstance(value, Bound)}


@pytest.mark.parametrize("name", BOUNDS)
def test_a_bound_is_called_as_its_constant(name):
    assert BOUNDS[name].name == name
    assert BOUNDS[name].value > 0


def test_the_largest_value_passes_and_one_more_is_refused_by_name():
    assert MAX_MANIFEST.check(MAX_MANIFEST.value, "the manifest") == MAX_MANIFEST.value
    with pytest.raises(LimitExceeded, match=r"4194305 bytes.*at most 4194304 bytes \(MAX_MANIFEST\)"):
        MAX_MANIFEST.check(MAX_MANIFEST.value + 1, "the manifest")


def test_the_caller_chooses_the_error():
    with pytest.raises(InvalidInput):
        MAX_MANIFEST.check(1 << 60, "the manifest", InvalidInput)
