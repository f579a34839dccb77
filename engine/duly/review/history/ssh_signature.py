"""The signature that git keeps in a commit when a person signs with an SSH key.

An Ed25519 key is the same 32 bytes for SSH and for `approvers.yaml`, so whoever is in
the register is recognised by it, whatever the configuration of this machine says. Only
Ed25519 is read, only in the namespace that git uses, and only over the commit itself.
The form is that of OpenSSH's PROTOCOL.sshsig.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

from duly.journal.keys import PublicKey

MAGIC = b"SSHSIG"
NAMESPACE = b"git"
KIND = b"ssh-ed25519"
BEGIN = "-----BEGIN SSH SIGNATURE-----"
END = "-----END SSH SIGNATURE-----"


@dataclass(frozen=True, slots=True)
class SshSignature:
    """A signature by one key over a message whose digest it names; it may be false."""

    key: PublicKey
    hashed_by: str
    signature: bytes

    def is_good(self, message: bytes) -> bool:
        """Say whether the key's owner signed exactly this message, for git."""
        digest = hashlib.new(self.hashed_by, message).digest()
        signed = MAGIC + _packed(NAMESPACE, b"", self.hashed_by.encode(), digest)
        return not self.key.is_weak and self.key.verifies(self.signature, signed)


def ssh_signature(text: str) -> SshSignature | None:
    """The signature of an armoured text; None for whatever is no Ed25519 signature for git."""
    lines = text.strip().splitlines()
    if len(lines) < len((BEGIN, END)) or (lines[0], lines[-1]) != (BEGIN, END):
        return None
    try:
        raw = base64.b64decode("".join(lines[1:-1]), validate=True)
    except (binascii.Error, ValueError):
        return None
    if not raw.startswith(MAGIC + (1).to_bytes(4)):
        return None
    match _unpacked(raw[len(MAGIC) + 4 :]):
        case (key, namespace, b"", hashed_by, signature) if namespace == NAMESPACE:
            owner, made = _unpacked(key), _unpacked(signature)
        case _:
            return None
    match owner, made:
        case ((kind, public), (same, bytes() as signed)) if (
            kind == same == KIND and len(public) == len(signed) // 2 == 32 and hashed_by in {b"sha256", b"sha512"}  # noqa: PLR2004
        ):
            return SshSignature(PublicKey(public), hashed_by.decode(), signed)
        case _:
            return None


def _packed(*texts: bytes) -> bytes:
    return b"".join(len(text).to_bytes(4) + text for text in texts)


def _unpacked(raw: bytes) -> tuple[bytes, ...]:
    """The texts one after the other; nothing where the bytes are not exactly that."""
    texts = []
    while raw:
        length, raw = int.from_bytes(raw[:4]), raw[4:]
        if length > len(raw):
            return ()
        texts.append(raw[:length])
        raw = raw[length:]
    return tuple(texts)
