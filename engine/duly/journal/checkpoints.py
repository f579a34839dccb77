"""Signed checkpoints: what the journal was at a moment, kept where the journal is not.

A chain alone cannot see that its end was cut off, or that all of it was made anew. A
checkpoint can: the number and the hash of an entry, signed with the journal's own key,
written to `checkpoints.jsonl` beside the journal and printed, so that it can lie in a
git tag, in a mail, or with an auditor.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from duly.journal.entry import Head, canonical, written
from duly.journal.private_files import made_private, synced
from duly.journal.sqlite import utc_now
from duly.journal.store import Journal, JournalFailed

KEY, PUBLIC, FILE = "checkpoint.key", "checkpoint.pub", "checkpoints.jsonl"

_RESTORE = "restore the newest backup; what was handed over since cannot be known without it"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The journal up to an entry, signed. `signature` is hexadecimal."""

    journal: str
    environment: str
    seq: int
    hash: str
    at: str
    signature: str = ""

    def record(self) -> dict[str, object]:
        """What is signed."""
        return {
            "journal": self.journal,
            "environment": self.environment,
            "seq": self.seq,
            "hash": self.hash,
            "at": self.at,
        }

    def __str__(self) -> str:
        return canonical({**self.record(), "signature": self.signature}).decode()


def parsed(text: str) -> Checkpoint:
    """The checkpoint that a line spells; raises `ValueError` for any other text."""
    record = json.loads(text)
    names = ("journal", "environment", "seq", "hash", "at", "signature")
    if not isinstance(record, dict) or set(record) != set(names):
        raise ValueError(text)
    if type(record["seq"]) is not int or not all(isinstance(record[name], str) for name in names if name != "seq"):
        raise ValueError(text)
    found = Checkpoint(**record)
    if str(found) != text:
        raise ValueError(text)
    return found


def is_signed(checkpoint: Checkpoint, public_key: bytes) -> bool:
    """Say whether the checkpoint bears the signature of the key, given as its 32 bytes."""
    try:
        key = Ed25519PublicKey.from_public_bytes(public_key)
        signature = bytes.fromhex(checkpoint.signature)
        key.verify(signature, canonical(checkpoint.record()))
    except (InvalidSignature, ValueError):
        return False
    # Hexadecimal has other spellings of the same bytes.
    return signature.hex() == checkpoint.signature


def make_key(folder: Path) -> bytes:
    """Write a new key pair into the folder, the private half for its owner alone; the public half's 32 bytes."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for name, content in ((KEY, private), (PUBLIC, public)):
        (folder / name).unlink(missing_ok=True)
        made_private(folder / name)
        (folder / name).write_bytes(content)
        synced(folder / name)
    return key.public_key().public_bytes_raw()


def public_key(folder: Path) -> bytes:
    """The 32 bytes of the journal's public key."""
    key = _loaded(folder / PUBLIC, load_pem_public_key)
    assert isinstance(key, Ed25519PublicKey)
    return key.public_bytes_raw()


def read_public_key(path: Path) -> bytes:
    """The 32 bytes of a public key in a file of its own."""
    key = _loaded(path, load_pem_public_key)
    assert isinstance(key, Ed25519PublicKey)
    return key.public_bytes_raw()


def sign(folder: Path, journal: Journal, *, clock: Callable[[], datetime] = utc_now) -> Checkpoint:
    """Sign the journal as it is now, and keep the checkpoint beside it; print what comes back."""
    key = _loaded(folder / KEY, lambda content: load_pem_private_key(content, None))
    assert isinstance(key, Ed25519PrivateKey)
    head = journal.head()
    plain = Checkpoint(journal.id, journal.environment, head.seq, head.hash, written(clock()))
    signed = Checkpoint(**plain.record(), signature=key.sign(canonical(plain.record())).hex())  # type: ignore[arg-type]
    _kept(folder / FILE, f"{signed}\n".encode())
    return signed


def checkpoints(folder: Path) -> tuple[Checkpoint, ...]:
    """The checkpoints kept beside the journal, oldest first; a last line cut by a crash was never one."""
    return read_checkpoints(folder / FILE)


def read_checkpoints(path: Path) -> tuple[Checkpoint, ...]:
    """The checkpoints in a file, one a line; raises `JournalFailed` where a line is none."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return ()
    except OSError as wrong:
        raise JournalFailed("checkpoint-file", f"`{path}` cannot be read: {wrong.strerror}") from wrong
    *lines, rest = content.split(b"\n")
    found = []
    for number, line in enumerate((*lines, rest), start=1):
        try:
            found.append(parsed(line.decode()))
        except ValueError:
            if number <= len(lines):
                message = f"line {number} of `{path}` is not a checkpoint"
                raise JournalFailed("checkpoint-tampered", message, "`duly verify` says what is wrong") from None
    return tuple(found)


def not_behind(head: Head, hash_at: Callable[[int], str], kept: tuple[Checkpoint, ...], key: bytes) -> None:
    """Refuse a journal that is older than, or another than, its last checkpoint says."""
    if not kept:
        return
    last = kept[-1]
    if not is_signed(last, key):
        raise JournalFailed("checkpoint-tampered", f"the checkpoint of entry {last.seq} is not signed by this journal")
    if last.journal != head.journal:
        raise JournalFailed(
            "journal-rolled-back",
            f"the checkpoints are those of journal `{last.journal}`, not `{head.journal}`",
            _RESTORE,
        )
    if head.seq < last.seq:
        raise JournalFailed(
            "journal-rolled-back",
            f"the journal ends at entry {head.seq}, and entry {last.seq} was signed on {last.at[:10]}",
            _RESTORE,
        )
    if hash_at(last.seq) != last.hash:
        raise JournalFailed("journal-tampered", f"entry {last.seq} is not the one that was signed", _RESTORE)


def _kept(path: Path, line: bytes) -> None:
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            whole = os.pread(handle, os.fstat(handle).st_size, 0)
            # A line that a crash cut off is no checkpoint; the next one begins on a line of its own.
            end = whole.rfind(b"\n") + 1
            os.ftruncate(handle, end)
            os.pwrite(handle, line, end)
            os.fsync(handle)
        finally:
            os.close(handle)
        synced(path)
    except OSError as wrong:
        raise JournalFailed(
            "checkpoint-file",
            f"`{path}` cannot be written: {wrong.strerror}",
            "see to the disk, then `duly journal checkpoint`",
        ) from wrong


def _loaded(path: Path, load: Callable[[bytes], object]) -> object:
    try:
        return load(path.read_bytes())
    except OSError as wrong:
        raise JournalFailed(
            "checkpoint-key", f"`{path}` cannot be read: {wrong.strerror}", "put the journal's own key back"
        ) from wrong
    except ValueError as wrong:
        raise JournalFailed("checkpoint-key", f"`{path}` is not a key", "put the journal's own key back") from wrong


def as_records(found: tuple[Checkpoint, ...]) -> list[Mapping[str, object]]:
    """The checkpoints as plain records."""
    return [{**checkpoint.record(), "signature": checkpoint.signature} for checkpoint in found]
