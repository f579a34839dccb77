"""All that was said to, by and about one customer, in one line of time.

It comes from the contact logs that the book brings and from the journal: messages and
letters, notices and statements, calls, replies, promises, disputes, requests to sales
and their answers, introductions, advice, proposals, holds. An action is one entry, on
the day of the last thing that happened to it, with where it stands; who approved or
rejected it stands by itself. What is personal is there where the journal still keeps it,
and named as erased where it does not.

Nothing is merged by likeness: a call that both the book and the journal have is there
twice, each with where it comes from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from duly.book.book import Book
from duly.book.history import FIRST_ROW
from duly.journal.chain import STEPS
from duly.journal.entry import Entry, Event
from duly.journal.looked_up import Wanted, looked_up
from duly.journal.store import Journal

Personal = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Imported:
    """A row of the book: `what` names the table, or what happened to the row on the day."""

    day: date
    what: str
    row: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Told:
    """An entry that says it by itself: what is personal and kept, and the names of what was erased."""

    day: date
    entry: Entry
    personal: Personal = field(default_factory=lambda: MappingProxyType({}))
    erased: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Deed:
    """An action: the last time that somebody set out to do it, and where it stands; personal values as in `Told`."""

    day: date
    intent: Entry
    last: Entry
    personal: Personal = field(default_factory=lambda: MappingProxyType({}))
    erased: frozenset[str] = frozenset()


Happening = Imported | Told | Deed


@dataclass(frozen=True, slots=True)
class _Log:
    """A day of a table's row, and what it is a day of."""

    table: str
    day: str
    what: str
    columns: tuple[str, ...]


_PROMISE = ("promise", "invoice", "amount", "currency", "due_on")
_DISPUTE = ("invoice", "amount", "currency", "reason")

LOGS: Sequence[_Log] = (
    _Log("contacts_made", "day", "contact", ("channel", "direction", "note")),
    _Log("executed_stages", "day", "stage", ("stage", "item", "outcome")),
    _Log("promises", "made_on", "promise", _PROMISE),
    _Log("promises", "cancelled_on", "promise_cancelled", _PROMISE),
    _Log("disputes", "opened_on", "dispute", _DISPUTE),
    _Log("disputes", "resolved_on", "dispute_resolved", _DISPUTE),
    _Log("requests", "asked_on", "request", ("rule", "due_on")),
    _Log("requests", "answered_on", "answer", ("rule",)),
    _Log("holds", "placed_on", "hold", ("hold",)),
    _Log("holds", "released_on", "release", ("hold",)),
)
"""What the book brings of communications, and of which day of it."""

LEFT_OUT = frozenset({Event.CREATED, Event.RUN_STARTED, Event.RUN_ENDED})
"""Entries that say nothing that was said or done with the customer."""


def timeline_of(book: Book, customer: str, journal: Journal | None, until: date) -> tuple[Happening, ...]:
    """Everything up to the day, that day included, oldest first; of one day, the book's before the journal's."""
    found = [*_imported(book, customer, until)]
    said: list[Told | Deed] = []
    if journal is not None:
        entries = tuple(looked_up(journal, Wanted(customer=customer)))
        said = [one for one in happenings(entries, journal) if one.day <= until]
    return (*_by_day([*found, *said]),)


def happenings(entries: Iterable[Entry], journal: Journal) -> Iterator[Told | Deed]:
    """The entries of one customer, each action as one, in the order of the last thing that happened to it."""
    deeds: dict[str, Deed] = {}
    told: list[Told] = []
    for entry in entries:
        if entry.event in LEFT_OUT:
            continue
        personal = journal.personal(entry)
        erased = frozenset(entry.sealed) - frozenset(personal)
        if entry.event is Event.INTENT:
            deeds[entry.key] = Deed(_day(entry), entry, entry, personal, erased)
        elif entry.event in STEPS:
            # A step follows its intent: the journal's chain refuses any other.
            deed = deeds[entry.key]
            deeds[entry.key] = Deed(
                _day(entry), deed.intent, entry, {**deed.personal, **personal}, deed.erased | erased
            )
        else:
            told.append(Told(_day(entry), entry, personal, erased))
    found: list[Told | Deed] = [*deeds.values(), *told]
    yield from sorted(found, key=_seq)


def _imported(book: Book, customer: str, until: date) -> Iterator[Imported]:
    """The book's own rows of the customer; what the journal added to them is told by the journal."""
    for log in LOGS:
        columns = ", ".join(
            f'{"i" if log.table == "disputes" and name == "currency" else "t"}."{name}"' for name in log.columns
        )
        whose = (
            "JOIN invoices AS i ON i.invoice = t.invoice WHERE i.customer"
            if log.table == "disputes"
            else "WHERE t.customer"
        )
        rows = book.connection.execute(
            f'SELECT t."{log.day}", {columns} FROM {log.table} AS t {whose} = $1 AND t.row < $2 '
            f'AND t."{log.day}" <= $3 ORDER BY t."{log.day}", t.row',
            [customer, FIRST_ROW, until],
        ).fetchall()
        for day, *values in rows:
            yield Imported(day, log.what, MappingProxyType(dict(zip(log.columns, values, strict=True))))


def _by_day(found: Iterable[Happening]) -> Iterator[Happening]:
    # Sorting keeps the order of what is equal, which is that of the logs and of the journal.
    yield from sorted(found, key=lambda one: (one.day, 0 if isinstance(one, Imported) else _seq(one)))


def _seq(one: Told | Deed) -> int:
    return one.entry.seq if isinstance(one, Told) else one.last.seq


_DAYS = ("day", "made_on", "cancelled_on", "opened_on", "resolved_on")


def _day(entry: Entry) -> date:
    """The local day of what happened, as the entry says it, else the day of the entry."""
    said = next((entry.body[name] for name in _DAYS if isinstance(entry.body.get(name), str)), entry.at[:10])
    return date.fromisoformat(str(said)[:10])
