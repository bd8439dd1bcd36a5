"""Checkpoints: whose they are, and which notes are none."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from govern.errors import Denied, InvalidInput
from govern.limits import MAX_CHECKPOINT, MAX_NOTE_SIGNATURES
from govern.trust.anchors import Log
from govern.trust.checkpoint import check_checkpoint, note_key_hash
from govern.trust.keys import wrap
from support.tiny_log import ORIGIN, TinyLog, b64, root_hash, sign

LEAVES = [b"%d" % number for number in range(11)]
RSA = rsa.generate_private_key(65537, 2048)
WITNESS = "— witness.example/w1 " + b64(bytes(4 + 8 + 64)) + "\n"


def rekor_2(**more) -> TinyLog:
    return TinyLog(leaves=list(LEAVES), **more)


def rekor_1() -> TinyLog:
    return TinyLog(ec.generate_private_key(ec.SECP256R1()), leaves=list(LEAVES), tree_id=" - 1193050959916656506")


LOG = rekor_2()
NOTE = LOG.checkpoint()
TEXT, LINE = NOTE.split("\n\n")


def test_a_checkpoint_says_size_and_root_of_the_tree():
    found = check_checkpoint(NOTE, LOG.pinned())
    assert (found.size, found.root) == (11, root_hash(LEAVES))


def test_rekor_v1_writes_its_tree_behind_its_name_and_a_line_of_time():
    log = rekor_1()
    assert check_checkpoint(log.checkpoint("Timestamp: 1689177396617352539\n"), log.pinned()).size == 11


@pytest.mark.parametrize(
    "key",
    [ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP384R1())],
    ids=["p256", "p384"],
)
def test_logs_may_sign_with_ecdsa(key):
    log = rekor_2(key=key)
    assert check_checkpoint(log.checkpoint(), log.pinned()).size == 11


def test_a_key_of_rsa_has_an_id_of_its_own():
    public = wrap(RSA.public_key())
    key_id = hashlib.sha256(ORIGIN.encode() + b"\n\xffPKIX-RSA-PKCS#1v1.5" + public.spki).digest()
    assert note_key_hash(ORIGIN, public) == key_id
    text = rekor_2().note_text()
    note = f"{text}\n— {ORIGIN} {b64(key_id[:4] + sign(RSA, text.encode()))}\n"
    assert check_checkpoint(note, Log(ORIGIN, key_id, public)).size == 11


def test_the_key_id_of_the_example_in_the_format_is_ours():
    # C2SP signed-note.md, "Verifier keys": example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k
    raw = base64.b64decode("AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")[1:]
    public = wrap(ed25519.Ed25519PublicKey.from_public_bytes(raw))
    assert note_key_hash("example.com/foo", public)[:4].hex() == "530d903a"


def test_witnesses_that_nobody_pinned_are_passed_over_wherever_they_stand():
    for note in (f"{TEXT}\n\n{WITNESS}{LINE}", f"{TEXT}\n\n{LINE}{WITNESS}", f"{TEXT}\n\n{WITNESS * 15}{LINE}"):
        assert check_checkpoint(note, LOG.pinned()).size == 11


def test_another_key_under_the_logs_name_is_passed_over():
    # Conformance suite: rekor2-checkpoint-two-sigs-from-origin.
    other = TinyLog(ec.generate_private_key(ec.SECP256R1()), leaves=list(LEAVES))
    note = f"{TEXT}\n\n{other.note_signature(other.note_text())}{LINE}"
    assert check_checkpoint(note, LOG.pinned()).size == 11


def test_every_signature_of_the_logs_own_key_must_hold():
    wrong = f"— {ORIGIN} {b64(LOG.log_id[:4] + bytes(64))}\n"
    for lines in (LINE + wrong, wrong + LINE, wrong):
        with pytest.raises(Denied, match="the checkpoint's signature does not hold"):
            check_checkpoint(f"{TEXT}\n\n{lines}", LOG.pinned())


@pytest.mark.parametrize(
    "origin",
    [
        "rekor.example.test.evil.test",
        "evil.rekor.example.test",
        "rekor.example.tes",
        "rekor.example.test - ",
        "rekor.example.test - 12a",
        "rekor.example.test - -1",
        "rekor.example.test -  1",
        "rekor.example.test - 123456789012345678901",
        "rekor.example.test - \N{ARABIC-INDIC DIGIT ONE}",
        "REKOR.example.test",
        " - 1",
    ],
)
def test_the_checkpoint_of_another_name_is_refused_though_the_key_signed_it(origin):
    # One key, two logs: without its name the other one's tree would count as this one's.
    other = rekor_2(key=LOG.key, origin=origin)
    text = other.note_text()
    note = f"{text}\n{LOG.note_signature(text)}"
    with pytest.raises(Denied, match=r"the checkpoint is another log's: got .*expected 'rekor.example.test'"):
        check_checkpoint(note, LOG.pinned())


def test_a_signature_under_another_name_is_not_the_logs():
    renamed = f"{TEXT}\n\n" + LINE.replace(ORIGIN, "rekor.example.com")
    with pytest.raises(Denied, match=r"the log did not sign the checkpoint: got rekor.example.com with key "):
        check_checkpoint(renamed, LOG.pinned())


def test_a_signature_with_another_key_id_is_not_the_logs():
    # Conformance suite: checkpoint-bad-keyhint_fail.
    data = base64.b64decode(LINE.split(" ")[2])
    note = f"{TEXT}\n\n— {ORIGIN} {b64(bytes([data[0] ^ 1]) + data[1:])}\n"
    with pytest.raises(Denied, match="the log did not sign the checkpoint"):
        check_checkpoint(note, LOG.pinned())


def test_the_key_id_of_the_first_generation_is_not_one_of_the_second():
    # An Ed25519 log of v1 names its key by the SPKI; v2 never does.
    first = rekor_2(tree_id=" - 5")
    assert check_checkpoint(first.checkpoint(), first.pinned()).size == 11
    text = first.note_text().replace(" - 5", "")
    with pytest.raises(Denied, match="the log did not sign the checkpoint"):
        check_checkpoint(f"{text}\n{first.note_signature(text)}", first.pinned())


@pytest.mark.parametrize(
    ("old", "new"), [("\n11\n", "\n12\n"), ("\n\n", "\nextra\n\n"), (b64(root_hash(LEAVES)), b64(bytes(32)))]
)
def test_a_text_that_was_changed_is_refused(old, new):
    assert old in NOTE
    with pytest.raises(Denied, match="does not hold"):
        check_checkpoint(NOTE.replace(old, new), LOG.pinned())


def resigned(text: str) -> str:
    return f"{text}\n{LOG.note_signature(text)}"


ROOT = b64(root_hash(LEAVES))
TEXTS = {
    "no origin": (f"11\n{ROOT}\n", "2 lines"),
    "no size": (f"{ORIGIN}\n{ROOT}\n", "2 lines"),
    "no root": (f"{ORIGIN}\n11\n", "2 lines"),
    "an empty line": (f"{ORIGIN}\n11\n{ROOT}\n\nmore\n", "1 of them empty"),
    "an empty origin": (f"\n11\n{ROOT}\n", "1 of them empty"),
    "a sign": (f"{ORIGIN}\n+11\n{ROOT}\n", "no size"),
    "a leading zero": (f"{ORIGIN}\n011\n{ROOT}\n", "no size"),
    "a space": (f"{ORIGIN}\n11 \n{ROOT}\n", "no size"),
    "an underscore": (f"{ORIGIN}\n1_1\n{ROOT}\n", "no size"),
    "other digits": (f"{ORIGIN}\n\N{ARABIC-INDIC DIGIT ONE}\n{ROOT}\n", "no size"),
    "20 digits": (f"{ORIGIN}\n{'1' * 20}\n{ROOT}\n", "no size"),
    "a long root": (f"{ORIGIN}\n11\n{b64(bytes(33))}\n", "33 bytes"),
    "a short root": (f"{ORIGIN}\n11\n{b64(bytes(31))}\n", "31 bytes"),
    "a root in hex": (f"{ORIGIN}\n11\n{root_hash(LEAVES).hex()}\n", "48 bytes"),
    "a root without padding": (f"{ORIGIN}\n11\n{ROOT.rstrip('=')}\n", "root hash is not base64"),
    "carriage returns": (f"{ORIGIN}\r\n11\r\n{ROOT}\r\n", "control character"),
    "a nul": (f"{ORIGIN}\n11\n{ROOT}\n\0\n", "control character"),
}


@pytest.mark.parametrize(("text", "says"), TEXTS.values(), ids=TEXTS)
def test_a_text_that_the_format_does_not_know_is_refused_though_it_is_signed(text, says):
    with pytest.raises(Denied, match=says):
        check_checkpoint(resigned(text), LOG.pinned())


BLOCKS = {
    "none": "",
    "no newline at the end": LINE.rstrip("\n"),
    "an empty line": f"{LINE}\n",
    "no name": "— AAAAAAA=\n",
    "a minus for the dash": LINE.replace("—", "-"),
    "two spaces": LINE.replace(" ", "  "),
    "a plus in the name": WITNESS.replace("w1", "w+1") + LINE,
    "a no-break space in the name": WITNESS.replace("w1", "w\N{NO-BREAK SPACE}1") + LINE,
    "a witness without base64": "— witness.example !!!!\n" + LINE,
    "a witness of four bytes": "— witness.example AAAAAA==\n" + LINE,
    "a word after it": LINE.replace("\n", " more\n"),
    "a stranger's line": f"{LINE}hello\n",
    "url-safe letters": "— witness.example __--__--\n" + LINE,
}


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
def test_lines_that_are_no_signatures_are_refused(block):
    with pytest.raises(Denied):
        check_checkpoint(f"{TEXT}\n\n{block}", LOG.pinned())


@pytest.mark.parametrize("note", ["", "\n", "\n\n", TEXT, LINE, "\n\n" + LINE, TEXT + "\n" + LINE, "\ud800" + NOTE])
def test_what_is_no_note_is_refused(note):
    with pytest.raises(Denied):
        check_checkpoint(note, LOG.pinned())


def test_bounds_are_named():
    with pytest.raises(InvalidInput, match="MAX_CHECKPOINT"):
        check_checkpoint("x" * (MAX_CHECKPOINT.value + 1), LOG.pinned(), InvalidInput)
    many = f"{TEXT}\n\n{WITNESS * (MAX_NOTE_SIGNATURES.value - 1)}{LINE}"
    assert check_checkpoint(many, LOG.pinned()).size == 11
    with pytest.raises(Denied, match="MAX_NOTE_SIGNATURES"):
        check_checkpoint(f"{many}{WITNESS}", LOG.pinned())
