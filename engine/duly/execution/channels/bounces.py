"""Messages that came back: delivery status notifications, read from files that anyone may have written.

A mail server that could not deliver a message sends a report (RFC 3464) with the
headers of the message in it, hence its Message-ID, hence the action. Reports are
read from single files, an mbox or a Maildir. What comes by mail may be forged:
a bounce is only told, with where it was found, and what is done about it is
someone else's to decide. Nothing in it is executed, fetched or trusted to be
short.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.policy import compat32
from enum import Enum
from pathlib import Path

from duly.execution.channels.mail import key_of
from duly.execution.channels.smtp_session import said

MOST_MESSAGE = 5_000_000
"""A message longer than this is not read."""

MOST_MESSAGES = 100_000

MOST_PARTS = 50

MOST_TYPES = 100
"""A report has five content types or so; a message in which so many are named is built to be slow."""

MOST_DEPTH = 5


class Status(Enum):
    """What became of the message."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Bounce:
    """A report of a message of ours.

    `key` is the action's, `code` the enhanced status such as `5.1.1` (empty where
    there is none), `recipient` and `diagnostic` what the report says, safe to show.
    """

    key: str
    message_id: str
    status: Status
    code: str
    recipient: str
    diagnostic: str
    found_in: str


@dataclass(frozen=True, slots=True)
class Unread:
    """A message that is no report of a message of ours, and why."""

    found_in: str
    why: str


def read_bounces(path: Path) -> Iterator[Bounce | Unread]:
    """Every report in a file, an mbox or a Maildir; raises `OSError` where it cannot be read."""
    for place, content in messages_in(path):
        if content is None:
            yield Unread(place, f"longer than {MOST_MESSAGE:,} bytes")
            continue
        yield from bounces_of(content, place)


def bounces_of(content: bytes, found_in: str = "") -> Iterator[Bounce | Unread]:
    """The reports in one message: one for each recipient that it tells of."""
    # A parser goes one level deeper for each, and looks at each line once a level.
    if len(re.findall(rb"(?i)content-type", content[:MOST_MESSAGE])) > MOST_TYPES:
        yield Unread(found_in, f"more than {MOST_TYPES} parts")
        return
    # The older policy takes any bytes for a message; the newer one may raise on broken headers.
    message = message_from_bytes(content, policy=compat32)
    parts = list(_parts(message))
    reports = [part for part in parts if part.get_content_type() == "message/delivery-status"]
    if not reports:
        yield Unread(found_in, "no delivery report")
        return
    if not (message_id := _original_id(parts)):
        yield Unread(found_in, "a report that does not say of which message")
        return
    if not (key := key_of(message_id)):
        yield Unread(found_in, "a report of a message that is not ours")
        return
    told = False
    for fields in _recipients(reports[0]):
        told = True
        action = fields.get("action", "").lower()
        status = Status(action) if action in {s.value for s in Status} else Status.OTHER
        code = re.match(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}", fields.get("status", ""))
        yield Bounce(
            key,
            message_id,
            status,
            code[0] if code else "",
            _typed(fields.get("final-recipient", "") or fields.get("original-recipient", "")),
            _typed(fields.get("diagnostic-code", "")),
            found_in,
        )
    if not told:
        yield Unread(found_in, "a report of nobody")


def _parts(message: Message, depth: int = 0) -> Iterator[Message]:
    """The message and what is in it, not without end."""
    yield message
    payload = message.get_payload()
    if depth < MOST_DEPTH and isinstance(payload, list):
        for part in payload[:MOST_PARTS]:
            if isinstance(part, Message):
                yield from _parts(part, depth + 1)


def _original_id(parts: list[Message]) -> str:
    """The Message-ID of the message that the report is about, from what of it was sent back."""
    for part in parts:
        match part.get_content_type():
            case "message/rfc822":
                inner = part.get_payload()
                if isinstance(inner, list) and inner and isinstance(inner[0], Message):
                    return _header(inner[0], "Message-ID")
            case "text/rfc822-headers":
                text = part.get_payload(decode=True)
                if isinstance(text, bytes):
                    return _header(message_from_bytes(text, policy=compat32), "Message-ID")
            case _:
                continue
    return ""


def _recipients(report: Message) -> Iterator[dict[str, str]]:
    """The fields of each recipient; the first block is about the report as a whole."""
    blocks = report.get_payload()
    for block in (blocks if isinstance(blocks, list) else [])[1 : 1 + MOST_PARTS]:
        if isinstance(block, Message):
            yield {name.lower(): said(str(value).encode("utf-8", "replace")) for name, value in block.items()}


def _typed(text: str) -> str:
    """A field's value without its type, as in `rfc822; pay@birch.example`."""
    return text.partition(";")[2].strip() if ";" in text else text.strip()


def _header(message: Message, name: str) -> str:
    return said(str(message.get(name, "")).encode("utf-8", "replace"))


# Files.


def messages_in(path: Path) -> Iterator[tuple[str, bytes | None]]:
    """Each message of a file, an mbox or a Maildir with where it is; None for one that is too long."""
    if path.is_dir():
        # A Maildir has its messages in `new` and `cur`; another folder in itself.
        folders = [path / name for name in ("new", "cur") if (path / name).is_dir()] or [path]
        files = sorted(file for folder in folders for file in folder.iterdir() if not file.name.startswith("."))
        for file in files[:MOST_MESSAGES]:
            if file.is_file() and not file.is_symlink():
                yield str(file), _bounded(file)
        return
    with path.open("rb") as opened:
        start = opened.read(5)
    if start == b"From ":
        yield from _mbox(path)
    else:
        yield str(path), _bounded(path)


def _bounded(path: Path) -> bytes | None:
    with path.open("rb") as file:
        content = file.read(MOST_MESSAGE + 1)
    return content if len(content) <= MOST_MESSAGE else None


def _mbox(path: Path) -> Iterator[tuple[str, bytes | None]]:
    """The messages of an mbox, each beginning behind a line `From …` that follows an empty one."""
    number, lines, size, empty = 0, list[bytes](), 0, True
    with path.open("rb") as file:
        while line := file.readline(MOST_MESSAGE):
            if empty and line.startswith(b"From "):
                if number:
                    yield f"{path} message {number}", b"".join(lines) if size <= MOST_MESSAGE else None
                number, lines, size = number + 1, [], 0
                if number > MOST_MESSAGES:
                    return
            else:
                size += len(line)
                if size <= MOST_MESSAGE:
                    lines.append(re.sub(rb"^>(>*From )", rb"\1", line))
            empty = line in {b"\n", b"\r\n"}
    if number:
        yield f"{path} message {number}", b"".join(lines) if size <= MOST_MESSAGE else None
