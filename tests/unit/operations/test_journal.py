"""The journal: what was signed comes back only if it still verifies, and nothing is kept where nobody named a place."""

from __future__ import annotations

import json
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from govern import canonical
from govern.errors import InvalidInput
from govern.limits import MAX_JOURNAL
from govern.oci.digest import Digest
from govern.operations.attach import Signed
from govern.operations.journal import Journal
from govern.operations.writing import Draft, sign_records
from govern.predicates.kinds import SLSA_V1
from govern.signing.key_record_signer import KeyRecordSigner
from support.records import D, key_of, signer

AT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


def signed(label: str = "ci", build: str = "1") -> Signed:
    draft = Draft([("acme/fraud@1", D)], SLSA_V1, {"buildDefinition": {"buildType": build}})
    return sign_records([draft], KeyRecordSigner(signer(label)), AT)[0]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "state" / "journal" / "x.json")


def test_what_was_written_comes_back_byte_for_byte(journal: Journal) -> None:
    records = [signed(), signed(build="2")]
    journal.write(records)
    assert list(journal.read(KeyRecordSigner(signer()))) == records


def test_what_is_written_later_takes_the_place_of_what_was_before(journal: Journal) -> None:
    journal.write([signed()])
    later = signed(build="2")
    journal.write([later])
    assert journal.read(KeyRecordSigner(signer())) == (later,)


def test_only_the_user_reads_it_and_nothing_else_is_left(journal: Journal) -> None:
    journal.write([signed()])
    assert journal.path is not None
    assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(journal.path.parent.stat().st_mode) == 0o700
    assert list(journal.path.parent.iterdir()) == [journal.path]


def test_another_key_finds_nothing(journal: Journal) -> None:
    journal.write([signed("other")])
    assert journal.read(KeyRecordSigner(signer())) == ()


def test_one_record_that_does_not_verify_spoils_all(journal: Journal) -> None:
    journal.write([signed(), signed("other")])
    assert journal.read(KeyRecordSigner(signer())) == ()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[{}]",
        b"[1]",
        b'[{"bundle":"?","created":""}]',
        b'[{"bundle":1,"created":""}]',
        b"\xff",
        b"[" * 9_999,
    ],
)
def test_a_damaged_journal_counts_as_none(journal: Journal, data: bytes) -> None:
    journal.write([signed()])
    assert journal.path is not None
    journal.path.write_bytes(data)
    assert journal.read(KeyRecordSigner(signer())) == ()


def test_a_bundle_that_was_changed_counts_as_none(journal: Journal) -> None:
    journal.write([signed()])
    assert journal.path is not None
    (entry,) = json.loads(journal.path.read_bytes())
    half = len(entry["bundle"]) // 8 * 4
    journal.path.write_bytes(canonical.dumps([{**entry, "bundle": entry["bundle"][:half]}]))
    assert journal.read(KeyRecordSigner(signer())) == ()


def test_a_journal_above_the_bound_counts_as_none(journal: Journal) -> None:
    journal.write([signed()])
    assert journal.path is not None
    os.truncate(journal.path, MAX_JOURNAL.value + 1)
    assert journal.read(KeyRecordSigner(signer())) == ()


def test_a_push_has_its_own_journal(tmp_path: Path) -> None:
    ours = Journal.of(tmp_path, "r.example.com/a", D, str(key_of().signer))
    others = {
        Journal.of(tmp_path, "r.example.com/b", D, str(key_of().signer)),
        Journal.of(tmp_path, "r.example.com/a", Digest.of(b"other"), str(key_of().signer)),
        Journal.of(tmp_path, "r.example.com/a", D, str(key_of("other").signer)),
    }
    assert len({ours, *others}) == 4
    assert ours == Journal.of(tmp_path, "r.example.com/a", D, str(key_of().signer))
    assert ours.path is not None
    assert ours.path.is_relative_to(tmp_path)


def test_without_a_place_nothing_is_kept() -> None:
    journal = Journal.of(None, "r.example.com/a", D, str(key_of().signer))
    journal.write([signed()])
    assert journal.read(KeyRecordSigner(signer())) == ()
    journal.remove()


def test_a_place_that_cannot_be_written_is_told_with_the_variable_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("in the way")
    journal = Journal.of(tmp_path, "r.example.com/a", D, str(key_of().signer))
    with pytest.raises(InvalidInput, match="the journal cannot be written") as refused:
        journal.write([signed()])
    assert "GOVERN_STATE_DIR" in refused.value.hint


def test_a_link_in_the_place_of_the_new_file_is_not_followed(journal: Journal, tmp_path: Path) -> None:
    assert journal.path is not None
    journal.path.parent.mkdir(parents=True)
    (tmp_path / "mine").write_text("mine")
    journal.path.with_suffix(f".{os.getpid()}.tmp").symlink_to(tmp_path / "mine")
    with pytest.raises(InvalidInput):
        journal.write([signed()])
    assert (tmp_path / "mine").read_text() == "mine"


def test_a_journal_that_is_done_is_gone(journal: Journal) -> None:
    journal.write([signed()])
    journal.remove()
    journal.remove()
    assert journal.path is not None
    assert not journal.path.exists()
