"""An extension is found by its class, and its absence is None."""

from __future__ import annotations

from cryptography.x509 import BasicConstraints, NameConstraints

from govern.trust.extensions import extended_usage_of, extension_of
from support.verify_vectors.certificates import CODE_SIGNING, Wish, issue

ROOT = issue(Wish("root", authority=True)).certificate


def test_an_extension_is_found_by_its_class():
    constraints = extension_of(ROOT, BasicConstraints)
    assert constraints is not None
    assert constraints.ca


def test_an_absent_extension_is_none():
    assert extension_of(ROOT, NameConstraints) is None


def test_what_a_key_may_be_used_for_is_what_its_certificate_says_and_empty_where_it_says_nothing():
    leaf = issue(Wish("worker", usages=(CODE_SIGNING,))).certificate
    assert [one.dotted_string for one in extended_usage_of(leaf)] == ["1.3.6.1.5.5.7.3.3"]
    assert extended_usage_of(ROOT) == ()
