"""A bundle's hint for a key, spelled as `govern key show` spells the key."""

from __future__ import annotations

import pytest

from govern.trust.hints import spelled
from support.records import key_of


def test_a_hint_is_spelled_as_the_digest_that_it_is() -> None:
    assert spelled(key_of().hint) == str(key_of().signer)


@pytest.mark.parametrize("hint", ["", "ci", "a certificate", "QQ==", "not base64!", "sha256:" + "0" * 64])
def test_what_is_no_hint_of_a_key_stays_as_it_is(hint: str) -> None:
    assert spelled(hint) == hint
