"""What mail servers say of messages that came back, held against what left: which count, and why the others do not.

A notice comes by mail, so anybody can write one. It counts only where it names a
message that left, under the very Message-ID under which it left, and says that it
failed for good. Whatever does not count is told with its reason, and nothing in a
mailbox keeps the rest of it from being read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from duly.execution.afterwards import Return, bounced
from duly.execution.carried import Carried, carried
from duly.execution.channels.bounces import Bounce, Status, Unread
from duly.journal.entry import Draft
from duly.journal.store import Journal
from duly.source import Refused


@dataclass(frozen=True, slots=True)
class NotCounted:
    """A notice that is no entry: where it stands, and why."""

    found_in: str
    why: str


@dataclass(frozen=True, slots=True)
class Noticed:
    """What the notices come to: entries to append together, and notices that are none."""

    drafts: tuple[Draft, ...]
    not_counted: tuple[NotCounted, ...]


def noticed(journal: Journal, notices: Iterable[Bounce | Unread], day: date, by: str, today: date) -> Noticed:
    """The entries for everything that came back, each message once; `day` is when."""
    drafts: dict[str, tuple[Draft, ...]] = {}
    not_counted: list[NotCounted] = []
    for notice in notices:
        if isinstance(notice, Unread):
            not_counted.append(NotCounted(notice.found_in, notice.why))
            continue
        message = carried(journal, notice.key)
        if message is None or (why := _is_no_bounce(notice, message)):
            not_counted.append(NotCounted(notice.found_in, why if message else "it is about no action of this journal"))
            continue
        said = ": ".join(part for part in (notice.recipient, notice.diagnostic) if part)
        try:
            found = bounced(message, Return(day, notice.code, said, notice.found_in), by, today)
        except Refused as refused:
            not_counted += [NotCounted(notice.found_in, problem.message) for problem in refused.problems]
            continue
        drafts[notice.key] = found
        if not found:
            not_counted.append(NotCounted(notice.found_in, "the journal knows it already"))
    return Noticed(tuple(draft for found in drafts.values() for draft in found), tuple(not_counted))


def _is_no_bounce(notice: Bounce, message: Carried) -> str:
    """Why the notice does not say that the message came back; empty where it does."""
    if notice.status is not Status.FAILED:
        return f"it says that the message was {notice.status.value}" if notice.status is not Status.OTHER else _OTHER
    reference = message.text("reference").strip("<>")
    if "@" in reference and reference != notice.message_id.strip().strip("<>"):
        return "it names another Message-ID than the one under which the action left"
    return ""


_OTHER = "it does not say that the message failed"
