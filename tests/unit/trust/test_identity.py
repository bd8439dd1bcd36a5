"""Who a certificate's holder is in records: one digest for one (issuer, subject), on every machine."""

from __future__ import annotations

import hashlib
import json

from hypothesis import given
from hypothesis import strategies as st

from govern.oci.digest import Digest
from govern.trust.identity import Identity, Voice

TEXT = st.text(max_size=20)


def test_the_signer_is_the_hash_of_canonical_json():
    one = Identity("https://accounts.example.test", "anna@example.test")
    text = '{"issuer":"https://accounts.example.test","subject":"anna@example.test"}'
    assert one.signer == "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def test_letters_of_every_script_are_themselves():
    text = json.dumps({"issuer": "CN=Wurzel ü", "subject": "CN=名前"}, ensure_ascii=False, separators=(",", ":"))
    assert Identity("CN=Wurzel ü", "CN=名前").signer == Digest.of(text.encode())


@given(TEXT, TEXT, TEXT, TEXT)
def test_two_identities_are_one_signer_only_where_they_are_equal(issuer, subject, other_issuer, other_subject):
    one, other = Identity(issuer, subject), Identity(other_issuer, other_subject)
    assert (one.signer == other.signer) == (one == other)


def test_issuer_and_subject_are_not_glued_together():
    assert Identity("a", "bc").signer != Identity("ab", "c").signer
    assert Identity("a", "b").signer != Identity("b", "a").signer


def test_a_voice_of_a_key_is_not_that_of_an_identity():
    one = Identity("a", "b")
    assert Voice.of(one) == Voice(one.signer, one)
    assert Voice.of(one) != Voice(one.signer)
