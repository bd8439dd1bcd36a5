"""Checkpoints: what a log signs of its tree.

    rekor.example.test                  origin
    4026479                             size, in leaves
    5iaX4xK6PMnp4ZFTP4iywMcwLga…        root hash
    (further lines, which mean nothing here)

    — rekor.example.test 09OnDHwVrKeX…  signatures: by the log, and by witnesses

A signature of a key that nobody pinned is ignored, as the format asks; a line that is no signature at all is
refused, and so is a note in which any signature under the log's name and key id does not hold.

Source: C2SP signed-note.md and tlog-checkpoint.md; for the first generation's origin and key ids sigstore/rekor
pkg/util/checkpoint.go and signed_note.go.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from govern.errors import Denied, GovernError, shortened
from govern.intoto import base64
from govern.limits import MAX_CHECKPOINT, MAX_NOTE_SIGNATURES
from govern.trust.anchors import Log
from govern.trust.keys import PublicKey
from govern.trust.merkle import HASH_BYTES

_CONTROL: Final = re.compile("[\x00-\x09\x0b-\x1f]")
_NAME: Final = re.compile(r"[^\s+]+")
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_TREE_ID: Final = re.compile(r" - [0-9]{1,20}")
_KEY_ID_BYTES: Final = 4
_ED25519: Final = b"\x01"
_RSA: Final = b"\xffPKIX-RSA-PKCS#1v1.5"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree that a log signed.

    Args:
        size: of the tree, in leaves.
        root: its root hash, 32 bytes.
    """

    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class _NoteSignature:
    name: str
    key_id: bytes
    signature: bytes


def check_checkpoint(note: str, log: Log, error: type[GovernError] = Denied) -> Checkpoint:
    """Return what a checkpoint says, if this log signed it under its own name.

    Args:
        note: the signed note.
        log: whose it must be.
        error: the class to raise.

    Raises:
        error: for another log's checkpoint, no signature of this log, one that does not hold, and every line that
            the format does not allow.
    """
    text, signatures = _split(note, error)
    origin, size, root = _lines(text, error)
    rest = origin.removeprefix(log.origin) if origin.startswith(log.origin) else None
    # Rekor v1 writes the id of its tree behind its name.
    first_generation = rest is not None and _TREE_ID.fullmatch(rest) is not None
    if (rest and not first_generation) or rest is None:
        # One key can serve several logs: without the name, the tree of another one would pass for this one's.
        raise error("the checkpoint is another log's", got=shortened(origin), expected=repr(log.origin))
    key_ids = _key_ids(log, first_generation=first_generation)
    ours = [one for one in signatures if one.name == log.origin and one.key_id in key_ids]
    if not ours:
        raise error(
            "the log did not sign the checkpoint",
            got=", ".join(f"{one.name[:80]} with key {one.key_id.hex()}" for one in signatures[:4]),
            expected=f"{log.origin} with key {' or '.join(sorted(one.hex() for one in key_ids))}",
        )
    for one in ours:
        try:
            log.key.verify(one.signature, text.encode("utf-8"))
        except Denied as fault:
            raise error(
                "the checkpoint's signature does not hold",
                got=f"a signature under the name {log.origin} that its key did not make over this text",
                expected=f"one by {log.key.signer}",
            ) from fault
    return Checkpoint(size, root)


def _split(note: str, error: type[GovernError]) -> tuple[str, list[_NoteSignature]]:
    MAX_CHECKPOINT.check(len(note), "the checkpoint", error)
    try:
        note.encode("utf-8")
    except UnicodeEncodeError as fault:
        raise error("the checkpoint is not Unicode", got="a lone surrogate", expected="UTF-8 text") from fault
    if found := _CONTROL.search(note):
        raise error("the checkpoint has a control character", got=ascii(found.group()), expected="none but newlines")
    text, blank, block = note.rpartition("\n\n")
    if not blank or not block.endswith("\n"):
        raise error(
            "the checkpoint is not a signed note",
            got="no blank line with lines of signatures after it",
            expected="text, a blank line, signature lines, a newline at the end",
        )
    lines = block.removesuffix("\n").split("\n")
    MAX_NOTE_SIGNATURES.check(len(lines), "the signatures of a checkpoint", error)
    # The text that is signed has its own last newline, and not the blank line.
    return text + "\n", [_signature(line, error) for line in lines]


def _signature(line: str, error: type[GovernError]) -> _NoteSignature:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "\N{EM DASH}" or not _NAME.fullmatch(parts[1]):
        raise error("a line is not a note's signature", got=shortened(line), expected="— NAME BASE64")
    data = base64.decode(parts[2], "a checkpoint's signature", error)
    if len(data) <= _KEY_ID_BYTES:
        raise error("a checkpoint's signature is too short", got=f"{len(data)} bytes", expected="4 of key id, and more")
    return _NoteSignature(parts[1], data[:_KEY_ID_BYTES], data[_KEY_ID_BYTES:])


def _lines(text: str, error: type[GovernError]) -> tuple[str, int, bytes]:
    lines = text.removesuffix("\n").split("\n")
    if len(lines) < 3 or not all(lines):
        raise error(
            "the checkpoint's text is not one of a log",
            got=f"{len(lines)} lines, {lines.count('')} of them empty",
            expected="origin, size and root hash, and no empty line",
        )
    if not _SIZE.fullmatch(lines[1]):
        raise error("the checkpoint has no size", got=shortened(lines[1]), expected="a decimal number of leaves")
    root = base64.decode(lines[2], "the checkpoint's root hash", error)
    if len(root) != HASH_BYTES:
        raise error("the checkpoint's root hash has another length", got=f"{len(root)} bytes", expected=f"{HASH_BYTES}")
    return lines[0], int(lines[1]), root


def _key_ids(log: Log, *, first_generation: bool) -> set[bytes]:
    result = {note_key_hash(log.origin, log.key)[:_KEY_ID_BYTES]}
    if first_generation:
        # Rekor v1 names every kind of key by its SPKI alone.
        result.add(bytes.fromhex(log.key.signer.encoded)[:_KEY_ID_BYTES])
    return result


def note_key_hash(name: str, key: PublicKey) -> bytes:
    """Return how a note names a key: the first 4 of these 32 bytes; Rekor v2's log id is all of them.

    Args:
        name: under which the key signs: a log's origin.
        key: the key.

    Source: C2SP signed-note.md "Signature types"; sigstore/rekor-tiles pkg/note/note.go.
    """
    match key.key:
        case ed25519.Ed25519PublicKey():
            raw = key.key.public_bytes_raw()
            return hashlib.sha256(name.encode("utf-8") + b"\n" + _ED25519 + raw).digest()
        case rsa.RSAPublicKey():
            return hashlib.sha256(name.encode("utf-8") + b"\n" + _RSA + key.spki).digest()
        case ec.EllipticCurvePublicKey() | _:
            return bytes.fromhex(key.signer.encoded)
