"""An extension is found by its class, and its absence is None."""

from __future__ import annotations

from cryptography.x509 import BasicConstraints, NameConstraints

from govern.trust.extensions import extension_of
from support.verify_vectors.certificates import Wish, issue

ROOT = issue(Wish("root", authority=True)).certificate


def test_an_extension_is_found_by_its_class():
    constraints = extension_of(ROOT, BasicConstraints)
    assert constraints is not None
    assert constraints.ca


def test_an_absent_extension_is_none():
    assert extension_of(ROOT, NameConstraints) is None
