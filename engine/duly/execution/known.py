"""What a record may refer to: the customer's invoices, creditors, requests, promises and disputes.

The journal knows what it has carried out and what people told it; a book knows the
rest. A person's record is held against both, so that a slip of the keyboard in an
id does not become a promise of nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from duly.book.book import Book
from duly.journal.entry import Entry, Event
from duly.journal.store import Journal
from duly.plan.plan import Kind


@dataclass(frozen=True, slots=True)
class KnownInvoice:
    """An invoice; what is not known of it is empty."""

    currency: str = ""
    creditor: str = ""


@dataclass(frozen=True, slots=True)
class KnownRequest:
    """A question put to sales; `key` is its action's, empty where the book brought it."""

    rule: str
    creditor: str
    asked_on: date
    answered_on: date | None = None
    key: str = ""


@dataclass(frozen=True, slots=True)
class KnownPromise:
    """A promise that the journal keeps."""

    made_on: date
    cancelled_on: date | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one customer.

    `entries` are the journal's about the customer, in order. `disputes` has the day
    on which each open one of the journal was raised, by invoice. `currency` is the
    book's own, empty without a book. `moved_to` is the customer's newer id.
    """

    customer: str
    entries: tuple[Entry, ...] = ()
    in_book: bool = False
    currency: str = ""
    creditors: frozenset[str] = frozenset()
    invoices: Mapping[str, KnownInvoice] = field(default_factory=lambda: MappingProxyType({}))
    requests: tuple[KnownRequest, ...] = ()
    promises: Mapping[str, KnownPromise] = field(default_factory=lambda: MappingProxyType({}))
    disputes: Mapping[str, date] = field(default_factory=lambda: MappingProxyType({}))
    moved_to: str = ""

    @property
    def is_known(self) -> bool:
        """Whether anybody has heard of the customer."""
        return self.in_book or bool(self.entries)

    @property
    def currencies(self) -> frozenset[str]:
        """The currencies of its invoices, as far as they are known."""
        return frozenset(invoice.currency for invoice in self.invoices.values() if invoice.currency)


def entries_about(journal: Journal, customer: str) -> tuple[Entry, ...]:
    """The journal's entries about a customer, under the ids that it had before as well, in order.

    An id that was given anew after its customer had moved to another is another customer's.
    """
    renamed = [entry for entry in journal.entries() if entry.event is Event.RENAMED]
    left = [entry for entry in renamed if entry.body.get("from") == customer][-1:]
    own = tuple(journal.entries(customer=customer, after=left[0].seq if left else 0))
    if left and not own:
        return tuple(left)
    until = {customer: journal.head().seq}
    for entry in reversed(renamed):
        old, new = _text(entry.body, "from"), _text(entry.body, "to")
        if new in until and entry.seq <= until[new]:
            until.setdefault(old, entry.seq)
    about = {entry.seq: entry for entry in own}
    for id_, last in until.items():
        if id_ != customer:
            about |= {entry.seq: entry for entry in journal.entries(customer=id_) if entry.seq <= last}
    return tuple(about[seq] for seq in sorted(about))


def known_of(customer: str, entries: Iterable[Entry], book: Book | None = None) -> Known:
    """What the journal's entries about the customer say and, where there is one, the book."""
    told = tuple(entries)
    creditors: set[str] = set()
    invoices: dict[str, KnownInvoice] = {}
    promises: dict[str, KnownPromise] = {}
    disputes: dict[str, date] = {}
    moved_to = ""
    for entry in told:
        body = entry.body
        match entry.event:
            case Event.INTENT:
                creditors |= {text for text in [_text(_action(entry), "creditor")] if text}
                invoices |= dict(_invoices_of(_action(entry)))
            case Event.PROMISE:
                promises[_text(body, "promise")] = KnownPromise(_day(body, "made_on"))
            case Event.PROMISE_CANCELLED if (promise := promises.get(_text(body, "promise"))) is not None:
                promises[_text(body, "promise")] = KnownPromise(promise.made_on, _day(body, "cancelled_on"))
            case Event.DISPUTE:
                disputes[_text(body, "invoice")] = _day(body, "opened_on")
            case Event.DISPUTE_RESOLVED:
                disputes.pop(_text(body, "invoice"), None)
            case Event.RENAMED if body.get("from") == customer:
                moved_to = _text(body, "to")
            case _:
                pass
    requests = tuple(_requests(told))
    currency = ""
    if book is not None:
        currency = book.currency
        creditors |= {str(row) for (row,) in _rows(book, "SELECT creditor FROM creditors")}
        asked = _rows(book, "SELECT rule, creditor, asked_on, answered_on FROM requests WHERE customer = $1", customer)
        requests += tuple(_request_of_book(*row) for row in asked)
        owed = _rows(book, "SELECT invoice, currency, creditor FROM invoices WHERE customer = $1", customer)
        invoices |= {str(row[0]): KnownInvoice(str(row[1] or ""), str(row[2] or "")) for row in owed}
    return Known(
        customer=customer,
        entries=told,
        in_book=book is not None,
        currency=currency,
        creditors=frozenset(creditors),
        invoices=MappingProxyType(invoices),
        requests=requests,
        promises=MappingProxyType(promises),
        disputes=MappingProxyType(disputes),
        moved_to="" if book is not None else moved_to,
    )


def _invoices_of(action: Mapping[str, object]) -> Iterator[tuple[str, KnownInvoice]]:
    """The invoices that an action named; in which of several currencies each is, an action does not say."""
    names = action.get("invoices")
    currency = "" if action.get("amounts") else _text(action, "currency")
    for name in names if isinstance(names, list | tuple) else ():
        yield str(name), KnownInvoice(currency, _text(action, "creditor"))


_REACHED = (Event.ACCEPTED, Event.UNKNOWN)


def _requests(entries: tuple[Entry, ...]) -> Iterator[KnownRequest]:
    """The questions that reached sales, and when each was answered."""
    asked = {
        entry.key: _action(entry)
        for entry in entries
        if entry.event is Event.INTENT and _action(entry).get("kind") == Kind.SALES_REQUEST.value
    }
    days: dict[str, date] = {}
    for entry in entries:
        if entry.key in asked and entry.event in _REACHED:
            days.setdefault(entry.key, _day(entry.body, "day", entry.at))
    answers = [(entry, _day(entry.body, "day")) for entry in entries if entry.event is Event.ANSWER]
    for key, asked_on in days.items():
        rule, creditor = _text(asked[key], "stage"), _text(asked[key], "creditor")
        later = (
            on
            for answer, on in answers
            if _text(answer.body, "rule") == rule
            and on >= asked_on
            and (answer.key == key if answer.key else _text(answer.body, "creditor") in {creditor, ""})
        )
        yield KnownRequest(rule, creditor, asked_on, min(later, default=None), key)


def _request_of_book(rule: object, creditor: object, asked_on: object, answered_on: object) -> KnownRequest:
    assert isinstance(asked_on, date)
    return KnownRequest(
        str(rule), str(creditor or ""), asked_on, answered_on if isinstance(answered_on, date) else None
    )


def _action(entry: Entry) -> Mapping[str, object]:
    action = entry.body.get("action")
    return action if isinstance(action, Mapping) else {}


def _text(body: Mapping[str, object], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""


def _day(body: Mapping[str, object], name: str, at: str = "") -> date:
    """The day under the name, or that of the entry's moment."""
    return date.fromisoformat((_text(body, name) or at)[:10])


def _rows(book: Book, sql: str, *parameters: object) -> list[tuple[object, ...]]:
    return book.connection.execute(sql, list(parameters)).fetchall()
