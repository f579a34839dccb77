"""What became of an action after it left: a letter was posted, a message came back.

Both are told by a person, or by a notice of a mail server, and both are one more entry of the
action's key. A notice that a message came back also says that it was taken before,
which settles an action of which nobody knew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from duly.book.columns import HIDDEN, MOST_TEXT
from duly.book.faults import explain_hidden, shown
from duly.execution.carried import REFUSED, Carried
from duly.journal.entry import Draft, Event
from duly.journal.store import Journal
from duly.source import NOWHERE, Problem, Refused

WHERE: dict[Event, str] = {
    Event.INTENT: "it was begun and has not left",
    Event.SKIPPED: "it was skipped and never left",
    Event.DEFERRED: "it was put off and has not left",
    Event.FAILED: "it was refused and never left",
    Event.POINT_OF_NO_RETURN: "nobody knows whether it has left",
    Event.UNKNOWN: "nobody knows whether it has left",
    Event.ACCEPTED: "it was handed over",
    Event.CONFIRMED: "it was confirmed already",
    Event.BOUNCED: "it came back already",
    Event.UNDONE: "it was undone",
}
"""Where an action stands, as the end of a sentence."""

_FIRST_SETTLE = "settle it first: `duly resolve`"


def letters_to_post(journal: Journal, run: str = "") -> Iterator[Carried]:
    """Actions that are written and of which nobody has said that they were posted, of one run or of all, in order."""
    waiting = {key for key, standing in journal.standing().items() if standing.event is Event.ACCEPTED}
    written = [
        entry.key
        for entry in journal.entries(run=run)
        if entry.event is Event.INTENT and entry.key in waiting and entry.body.get("confirms_by_hand") is True
    ]
    for key in dict.fromkeys(written):
        yield Carried(key, tuple(journal.entries(key=key)))


def posted(letters: Iterable[Carried], day: date, by: str, today: date) -> tuple[Draft, ...]:
    """The entries that confirm the letters; raises `Refused` (5) with everything that cannot be confirmed."""
    problems = list(_who_and_when(by, day, today))
    drafts = []
    for letter in letters:
        name = f"`{letter.key[:16]}`"
        if not letter.confirms_by_hand:
            problems.append(_problem("not-posted-by-hand", f"{name} is not posted by hand", "only letters are"))
        elif letter.event is not Event.ACCEPTED:
            help_ = "it is posted already" if letter.event is Event.CONFIRMED else _help_for(letter.event)
            problems.append(_problem("not-to-be-posted", f"{name} cannot be posted: {WHERE[letter.event]}", help_))
        elif day < letter.day:
            said = f"{name} was written on {letter.day}, after {day}"
            problems.append(_problem("days-out-of-order", said, "give the day on which it was posted"))
        else:
            drafts.append(Draft(Event.CONFIRMED, by, letter.key, letter.customer, body={"day": day.isoformat()}))
    if problems:
        raise Refused(problems, REFUSED)
    return tuple(drafts)


@dataclass(frozen=True, slots=True)
class Return:
    """A message that came back: when, with which status code of RFC 3463, and in which words.

    `diagnostic` is what the other side said, which may name an address; `source` is
    the file of the notice, empty where a person tells it.
    """

    day: date
    status: str = ""
    diagnostic: str = ""
    source: str = ""


def all_bounced(messages: Iterable[tuple[Carried, Return]], by: str, today: date) -> tuple[Draft, ...]:
    """The entries for all of them; raises `Refused` (5) with everything that cannot have come back."""
    drafts: list[Draft] = []
    problems: list[Problem] = []
    for message, return_ in messages:
        try:
            drafts += bounced(message, return_, by, today)
        except Refused as refused:
            problems += refused.problems
    if problems:
        raise Refused(problems, REFUSED)
    return tuple(drafts)


def bounced(message: Carried, return_: Return, by: str, today: date) -> tuple[Draft, ...]:
    """The entries that say that the message came back; none where that is known already.

    Raises `Refused` (5) where it cannot have come back, because it never left.
    """
    name = f"`{message.key[:16]}`"
    problems = list(_who_and_when(by, return_.day, today))
    if hidden := HIDDEN.search(return_.status):
        fault = explain_hidden(hidden[0], "`status`")
        problems.append(_problem(fault.rule, fault.message, fault.help))
    if message.event is Event.BOUNCED and not problems:
        return ()
    first: tuple[Draft, ...] = ()
    match message.event:
        case Event.UNKNOWN:
            said = "a notice says that it came back, so it had been taken"
            body = {"day": message.day.isoformat(), "decided_by": "evidence", "because": said, "evidence": "bounce"}
            first = (Draft(Event.ACCEPTED, by, message.key, message.customer, body=body),)
        case Event.ACCEPTED | Event.CONFIRMED | Event.BOUNCED:
            pass
        case event:
            said = f"{name} cannot have come back: {WHERE[event]}"
            problems.append(_problem("not-sent", said, _help_for(event)))
    if return_.day < message.day and not problems:
        said = f"{name} left on {message.day}, after {return_.day}"
        problems.append(_problem("days-out-of-order", said, "give the day on which it came back"))
    if problems:
        raise Refused(problems, REFUSED)
    body = {"day": return_.day.isoformat(), "status": return_.status, "source": return_.source}
    return (
        *first,
        Draft(
            Event.BOUNCED,
            by,
            message.key,
            message.customer,
            body={name: value for name, value in body.items() if value},
            personal={"diagnostic": return_.diagnostic[:MOST_TEXT]} if return_.diagnostic else {},
        ),
    )


def _who_and_when(by: str, day: date, today: date) -> Iterator[Problem]:
    if not by.strip() or HIDDEN.search(by):
        yield _problem("nobody", f"`{shown(by)}` is nobody", "name who says so with `--by`")
    if day > today:
        yield _problem("future-day", f"{day} is in the future: today is {today}", "record it once it has happened")


def _help_for(event: Event) -> str:
    return _FIRST_SETTLE if event in {Event.UNKNOWN, Event.POINT_OF_NO_RETURN} else "`duly why` tells what happened"


def _problem(rule: str, message: str, help_: str) -> Problem:
    return Problem(rule, NOWHERE, message, help_)
