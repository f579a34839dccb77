"""What a relay's log or a folder of sent mail says about messages, by Message-ID: that they were taken, nothing else.

A log proves that a message was taken. That a log is silent proves nothing: it may be
another machine's, or cut. So the absence of a message is never evidence here.

What counts, by the program that wrote the line:

- Postfix: a queue id that `cleanup` tied to the Message-ID and that `qmgr` then made
  active. `cleanup` alone does not count: it writes when it sees the header, and the
  connection may be lost before the message is whole.
- Exim: the arrival line `<=` with `id=`, which is written once the message is taken.
- Sendmail: the `from=` line with `msgid=` and at least one recipient, likewise.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from email.policy import compat32
from pathlib import Path

from duly.execution.channels.bounces import messages_in
from duly.execution.reconcile import EVIDENCE, unknowns
from duly.journal.entry import Draft, Entry, Event
from duly.journal.store import Journal
from duly.source import Problem, Refused, Span

DATA = 4
"""The exit code where a log cannot be read."""

MOST_OF_A_LINE = 8_192
"""Characters of a line that are looked at; no relay writes longer ones that matter."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What proves a message taken, and where it stands; `reference` is its Message-ID without brackets."""

    reference: str
    place: str
    text: str


def settle_taken(journal: Journal, taken: Mapping[str, Taken], by: str) -> tuple[Entry, ...]:
    """Settle every UNKNOWN that was taken, as `taken` has it by Message-ID; `by` asked for it.

    Where it was seen is in the entry; the line itself may name an address and is sealed.
    """
    drafts = []
    for known in unknowns(journal):
        seen = taken.get(known.reference.strip("<>"))
        if seen is not None:
            body = {
                "decided_by": EVIDENCE,
                "because": "it is found where only what was taken is",
                "evidence": seen.place,
                "day": known.day,
            }
            standing = known.standing
            drafts.append(
                Draft(Event.ACCEPTED, by, standing.key, standing.customer, body=body, personal={"line": seen.text})
            )
    return journal.append(*drafts)


def sent_mail(path: Path, references: Collection[str]) -> Mapping[str, Taken]:
    """The messages of these Message-IDs that lie in a mailbox or folder of sent mail, by Message-ID without brackets.

    A mail program files there what its server took. Raises `Refused` (4) where it cannot be read.
    """
    wanted = {reference.strip("<>") for reference in references} - {""}
    try:
        mails = [(place, message_id(content)) for place, content in messages_in(path) if content is not None]
    except OSError as error:
        raise _unreadable(path, error.strerror or "an error") from None
    return {id_: Taken(id_, place, f"Message-ID: <{id_}>") for place, id_ in mails if id_ in wanted}


def message_id(mail: bytes) -> str:
    """A mail's own Message-ID without brackets; empty where it has none, or several."""
    found = BytesHeaderParser(policy=compat32).parsebytes(mail).get_all("Message-ID", [])
    ids = [match[1] for value in found if (match := re.fullmatch(r"\s*<([^<>\s]{1,998})>\s*", str(value)))]
    return ids[0] if len(found) == len(ids) == 1 else ""


def relay_log(path: Path, references: Collection[str]) -> Mapping[str, Taken]:
    """The messages of these Message-IDs that the log proves taken, by Message-ID without brackets.

    Raises `Refused` (4) where the file cannot be read.
    """
    try:
        if not path.is_file():
            raise _unreadable(path, "it is no file")
        with path.open(encoding="utf-8", errors="replace") as lines:
            return {taken.reference: taken for taken in taken_in(lines, references, path.name)}
    except OSError as error:
        raise _unreadable(path, error.strerror or "an error") from None


# What a stranger made a program write, such as the name that he gives, stands behind that program's own `]: `.
_BEFORE = r"^(?:(?!\]: ).)*?"
_POSTFIX_ID = re.compile(_BEFORE + r"postfix\S*/cleanup\[[0-9]+\]: ([0-9A-Za-z]+): message-id=(.*)")
_POSTFIX_ACTIVE = re.compile(
    _BEFORE + r"postfix\S*/qmgr\[[0-9]+\]: ([0-9A-Za-z]+): from=<[^>]*>, size=[0-9]+, nrcpt=[1-9]"
)
_POSTFIX_GONE = re.compile(_BEFORE + r"postfix\S*/qmgr\[[0-9]+\]: ([0-9A-Za-z]+): removed")
_EXIM = re.compile(
    r"^\S+ \S+ (?:\S+ )*?[0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4} <= .* id=<?([^\s>]+)>?(?:\s|$)"
)
_SENDMAIL = re.compile(r"(?:sendmail|sm-mta)\S*\[[0-9]+\]: \S+: from=.*, nrcpts=[1-9][0-9]*, .*msgid=<?([^\s>,]+)>?")


def taken_in(lines: Iterable[str], references: Collection[str], file: str) -> Iterator[Taken]:
    """The lines that prove one of the messages taken, each message once."""
    wanted = {reference.strip("<>") for reference in references} - {""}
    queued: dict[str, str] = {}
    found: set[str] = set()
    for number, whole in enumerate(lines, start=1):
        line = whole[:MOST_OF_A_LINE].rstrip("\r\n")
        reference = _proves(line, queued)
        if reference in wanted and reference not in found:
            found.add(reference)
            yield Taken(reference, f"{file}:{number}", line)


def _proves(line: str, queued: dict[str, str]) -> str:
    """The Message-ID of the message that the line proves taken, else empty; `queued` is Postfix's by queue id."""
    if match := _POSTFIX_ID.search(line):
        # Whatever it is, the queue id is this message's now, and not an earlier one's that was cut off.
        queued[match[1]] = match[2].strip().removeprefix("<").removesuffix(">")
    elif match := _POSTFIX_ACTIVE.search(line):
        return queued.get(match[1], "")
    elif match := _POSTFIX_GONE.search(line):
        # A queue id may be given anew to another message.
        queued.pop(match[1], None)
    elif match := _EXIM.search(line) or _SENDMAIL.search(line):
        return match[1]
    return ""


def _unreadable(path: Path, why: str) -> Refused:
    span = Span(str(path), 1, 1)
    return Refused([Problem("unreadable-log", span, f"the log cannot be read: {why}", "name the relay's log")], DATA)
