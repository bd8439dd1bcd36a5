"""Every bound has the name under which refusals call it."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

import pytest

from govern import limits
from govern.errors import InvalidInput, LimitExceeded
from govern.limits import MAX_MANIFEST, Bound

SOURCE: Final = Path(limits.__file__).parent
BOUNDS: Final = {name: value for name, value in vars(limits).items() if isinstance(value, Bound)}


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


def _constant_bounds(tree: ast.Module) -> list[str]:
    """Return the names of bounds that a module makes itself; one of another's name and a smaller value is none."""
    return [
        str(node.args[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "Bound"
        and isinstance(node.args[0], ast.Constant)
    ]


def test_every_bound_is_in_one_place():
    elsewhere = {
        str(path.relative_to(SOURCE)): names
        for path in SOURCE.rglob("*.py")
        if path.name != "limits.py" and (names := _constant_bounds(ast.parse(path.read_text("utf-8"))))
    }
    assert elsewhere == {}
    assert set(_constant_bounds(ast.parse((SOURCE / "limits.py").read_text("utf-8")))) == set(BOUNDS)


def test_every_bound_holds_for_something():
    text = "".join(path.read_text("utf-8") for path in SOURCE.rglob("*.py") if path.name != "limits.py")
    assert [name for name in BOUNDS if name not in text] == []
