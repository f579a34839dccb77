"""The key that a person signs with: made once, kept by that person alone, known to others by its public half.

A private key is Ed25519 in a PKCS #8 file that its owner alone can read, with or
without a passphrase. One that others can read is not used, and no file is ever
written over. What is signed and what it means is not known here.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from duly.source import Problem, Refused, Span

REFUSED = 5

RAW_BYTES = 32
LARGEST_FILE = 16_384
OTHERS = 0o077
"""The permissions that nobody but the owner may have."""

_PRIME = 2**255 - 19
_ORDER_8 = (
    0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
    0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
)
_WEAK = frozenset({0, 1, _PRIME - 1, _PRIME, _PRIME + 1, *_ORDER_8})
"""The y of every point of order 1, 2, 4 or 8, however it is spelt (RFC 8032, 5.1.7).

A signature that such a key accepts can be made without any private key at all.
"""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The half of a key that others know: 32 bytes."""

    raw: bytes

    @property
    def text(self) -> str:
        """The key as `approvers.yaml` writes it, in base64."""
        return base64.b64encode(self.raw).decode()

    @property
    def id(self) -> str:
        """A short name of the key, for entries and for people: the beginning of its SHA-256."""
        return hashlib.sha256(self.raw).hexdigest()[:16]

    @property
    def is_weak(self) -> bool:
        """Say whether anybody could sign for this key without its private half."""
        return int.from_bytes(self.raw, "little") % 2**255 in _WEAK

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Say whether the signature was made over exactly this message with the private half."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """The half that its owner alone has; it is never shown."""

    _key: Ed25519PrivateKey = field(repr=False)

    @property
    def public(self) -> PublicKey:
        """The half that others may know."""
        return PublicKey(self._key.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """The signature over the message: 64 bytes, the same every time."""
        return self._key.sign(message)


def make_key() -> PrivateKey:
    """A new key."""
    return PrivateKey(Ed25519PrivateKey.generate())


def public_key(text: str) -> PublicKey | None:
    """The public key that `approvers.yaml` writes like this, or None where the text is none."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    key = PublicKey(raw)
    # Only one spelling of a key is taken, so that two spellings are never two keys.
    return key if len(raw) == RAW_BYTES and key.text == text else None


def write_key(path: Path, key: PrivateKey, passphrase: str = "") -> None:
    """Write the key where there is no file yet, for its owner alone; raises `Refused` (5)."""
    protection: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        protection = serialization.BestAvailableEncryption(os.fsencode(passphrase))
    pem = key._key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection)  # noqa: SLF001  (the one place that writes it)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise _refused(
            path, "key-exists", "there is a file already, and a key is never written over", "name another file"
        ) from None
    except OSError as error:
        raise _refused(path, "key-not-written", f"the key cannot be written: {_reason(error)}", "") from None


def read_key(path: Path, passphrase: Callable[[], str]) -> PrivateKey:
    """The private key in the file; `passphrase` is asked for only where it has one. Raises `Refused` (5)."""
    pem = _read(path)
    try:
        return _key_of(pem, None, path)
    except TypeError:  # this is how the library says that there is a passphrase
        pass
    if given := passphrase():
        with contextlib.suppress(ValueError):
            return _key_of(pem, os.fsencode(given), path)
    raise _refused(path, "wrong-passphrase", "the passphrase does not open this key", "type it again")


def _key_of(pem: bytes, passphrase: bytes | None, path: Path) -> PrivateKey:
    try:
        key = serialization.load_pem_private_key(pem, passphrase)
    except UnsupportedAlgorithm:
        raise _not_a_key(path) from None
    except ValueError:
        if passphrase is not None:
            raise
        raise _not_a_key(path) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _not_a_key(path)
    return PrivateKey(key)


def _not_a_key(path: Path) -> Refused:
    return _refused(path, "not-a-key", "this is not a private key to sign with", "make one: duly key make NAME")


def _read(path: Path) -> bytes:
    try:
        # A pipe without a writer would be waited for otherwise.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST_FILE:
                raise _not_a_key(path)
            if status.st_mode & OTHERS:
                raise _refused(
                    path,
                    "key-not-private",
                    f"others than its owner may use this key (mode {status.st_mode & 0o777:04o})",
                    "make a new key if somebody might have read it, else: chmod 600 FILE",
                )
            return file.read(LARGEST_FILE)
    except OSError as error:
        help_ = "name it with --key, or make one: duly key make NAME"
        raise _refused(path, "no-key", f"the key cannot be read: {_reason(error)}", help_) from None


def _reason(error: OSError) -> str:
    return (error.strerror or "it cannot be used").lower()


def _refused(path: Path, rule: str, message: str, help_: str) -> Refused:
    return Refused([Problem(rule, Span(path.as_posix(), 1, 1), message, help_)], REFUSED)
