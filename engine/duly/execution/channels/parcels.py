"""What every parcel has in common: its digest, and a key that can name a file, a header or a request."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from duly.execution.ports import Unsendable
from duly.plan.plan import Action

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")


def checked_key(action: Action) -> str:
    """The action's key, where it can stand in a file's name, a header and a URL as it is; raises `Unsendable`."""
    if not _KEY.fullmatch(action.id):
        raise Unsendable("bad-key", "the action's key has other characters than letters, digits, `_` and `-`")
    return action.id


def digest_of(content: bytes, envelope: Sequence[str] = ()) -> str:
    """The SHA-256 of what is handed over, with the envelope's lines before it where it has one.

    Without an envelope it is the digest of the bytes, so that `sha256sum` of a
    written file gives what the journal has.
    """
    lines = "".join(f"{line}\r\n" for line in envelope)
    return hashlib.sha256((f"{lines}\r\n" if lines else "").encode() + content).hexdigest()
