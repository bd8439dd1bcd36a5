"""Checkpoints of any log: what it signed is read back, and no change of a character goes unseen."""

from __future__ import annotations

from hypothesis import assume, example, given
from hypothesis import strategies as st

from govern.errors import Denied
from govern.trust.checkpoint import Checkpoint, check_checkpoint
from support.tiny_log import ORIGIN, TinyLog, b64, root_hash

LOG = TinyLog(leaves=[b"a", b"b", b"c"])
NOTE = LOG.checkpoint()

lines = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=40)
names = st.from_regex(r"[a-z0-9./-]{1,30}", fullmatch=True)


def read(note: str, log: TinyLog = LOG) -> Checkpoint | None:
    """Return what a checkpoint says, or None for a refusal."""
    try:
        return check_checkpoint(note, log.pinned())
    except Denied:
        return None


@given(names, st.lists(st.binary(max_size=8), min_size=1, max_size=20), st.lists(lines, max_size=3))
def test_what_a_log_signed_is_read_back(origin, leaves, extensions):
    log = TinyLog(LOG.key, origin, leaves)
    note = log.checkpoint("".join(f"{line}\n" for line in extensions))
    assert read(note, log) == Checkpoint(len(leaves), root_hash(leaves))


@given(st.integers(0, len(NOTE) - 1), st.characters(exclude_categories=["Cs"]))
def test_no_other_character_goes_unseen(at, character):
    assume(NOTE[at] != character)
    assert read(NOTE[:at] + character + NOTE[at + 1 :]) is None


@given(st.integers(0, len(NOTE)), st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=4))
def test_nothing_can_be_put_in_but_a_strangers_signature(at, more):
    assert read(NOTE[:at] + more + NOTE[at:]) is None


@given(st.integers(0, len(NOTE) - 1), st.integers(1, len(NOTE)))
def test_nothing_can_be_taken_out(at, count):
    assert read(NOTE[:at] + NOTE[at + count :]) is None


@given(names, st.binary(min_size=5, max_size=100), st.booleans())
def test_a_strangers_signature_changes_nothing(name, data, first):
    assume(not (name == ORIGIN and data[:4] == LOG.log_id[:4]))
    text, line = NOTE.split("\n\n")
    stranger = f"— {name} {b64(data)}\n"
    assert read(f"{text}\n\n{stranger + line if first else line + stranger}") == Checkpoint(3, root_hash(LOG.leaves))


@given(st.text())
@example("\n\n— a AAAAAAA=\n")
def test_nothing_but_a_refusal_comes_out_of_any_text(text):
    assert read(text) is None
    assert read(f"{ORIGIN}\n{text}") is None
