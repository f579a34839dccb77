"""What people tell the journal: calls, replies, promises, disputes and answers, as entries.

An entry's body has the columns of the book's table that it feeds, days as ISO text
and money in minor units, so that the next plan reads it like a row of the ledger.
Whatever is free text is personal and sealed. Every value is held against the book's
own rules and against what is known of the customer; all that is wrong is told at
once, and nothing is drafted.

Nothing here reads a clock or writes: the day and the journal's entries come in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import assert_never

from duly.book.columns import FIRST_DAY
from duly.book.faults import shown
from duly.execution.cells import cell
from duly.execution.known import Known, KnownRequest
from duly.journal.entry import Draft, Entry, Event, canonical
from duly.language.suggest import closest
from duly.source import NOWHERE, Problem, Refused

REFUSED = 5
"""The exit code of a refusal here."""


class Reason(Enum):
    """Why a customer does not pay, by the word of sales."""

    CASH_TROUBLE = "cash_trouble"
    DISPUTE = "dispute"
    PAPERWORK = "paperwork"
    FORGOT = "forgot"
    PROCESS = "process"
    UNWILLING = "unwilling"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Contact:
    """We reached the customer (`out`), or it replied (`in`)."""

    day: date
    channel: str
    direction: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Promise:
    """The customer says that it will pay an amount, as typed, by a day."""

    amount: str
    made_on: date
    due_on: date
    currency: str = ""
    invoice: str = ""
    creditor: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class PromiseCancelled:
    """A promise that the journal keeps is withdrawn."""

    promise: str
    cancelled_on: date


@dataclass(frozen=True, slots=True)
class Dispute:
    """The customer contests an invoice, or a part of it where there is an amount."""

    invoice: str
    opened_on: date
    amount: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DisputeResolved:
    """A dispute that the journal keeps is settled."""

    invoice: str
    resolved_on: date


@dataclass(frozen=True, slots=True)
class Answer:
    """Sales answers what a rule of the policy asked, with the promise and the dispute it brought.

    `financial_difficulty` and `relationship` say nothing where they are None and
    empty; False says that difficulty is over. `disputes` names a contested invoice.
    """

    rule: str
    day: date
    reason: Reason
    creditor: str = ""
    guidance: str = ""
    financial_difficulty: bool | None = None
    promise: Promise | None = None
    relationship: str = ""
    disputes: str = ""


What = Contact | Promise | PromiseCancelled | Dispute | DisputeResolved | Answer


def drafts_of(what: What, known: Known, by: str, today: date, *, again: bool = False) -> tuple[Draft, ...]:
    """The entries that say it, to be appended together; raises `Refused` (5) with everything that is wrong.

    What was told before, word for word, is refused unless `again` says that it
    happened once more.
    """
    drafting = _Drafting(known, by, today)
    drafting.about_customer()
    match what:
        case Contact():
            drafting.contact(what)
        case Promise():
            drafting.promise(what, again=again)
        case PromiseCancelled():
            drafting.promise_cancelled(what)
        case Dispute():
            drafting.dispute(what)
        case DisputeResolved():
            drafting.dispute_resolved(what)
        case Answer():
            drafting.answer(what, again=again)
        case _:
            assert_never(what)
    if not drafting.problems and not again:
        drafting.told_before()
    if drafting.problems:
        raise Refused(drafting.problems, REFUSED)
    return tuple(drafting.drafts)


@dataclass(slots=True)
class _Drafting:
    """Entries while they are drafted: each step adds drafts, or problems."""

    known: Known
    by: str
    today: date
    drafts: list[Draft] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def contact(self, what: Contact) -> None:
        self.not_in_future("day", what.day)
        body = {
            "customer": self.known.customer,
            "day": what.day.isoformat(),
            "channel": self.text("contacts_made", "channel", what.channel),
            "direction": self.text("contacts_made", "direction", what.direction),
        }
        event = Event.REPLY if what.direction == "in" else Event.CALL
        self.draft(event, body, note=self.text("contacts_made", "note", what.note))

    def promise(self, what: Promise, *, again: bool) -> str:
        """Draft the promise, and return its id."""
        self.not_in_future("made on", what.made_on)
        if what.due_on < what.made_on:
            said = f"the promise is due {what.due_on}, before it was made on {what.made_on}"
            self.problem("days-out-of-order", said, "give the day by which the money was promised")
        invoice = self.invoice("promises", what.invoice) if what.invoice else ""
        currency = self.currency(what)
        body: dict[str, object] = {
            "customer": self.known.customer,
            "creditor": self.creditor(what.creditor, invoice),
            "invoice": invoice,
            "amount": self.amount("promises", what.amount, currency),
            "currency": currency,
            "made_on": what.made_on.isoformat(),
            "due_on": what.due_on.isoformat(),
        }
        body = {name: value for name, value in body.items() if value not in {"", None}}
        base = f"P-{hashlib.sha256(canonical(body)).hexdigest()[:12]}"
        before = sum(id_ == base or id_.startswith(f"{base}-") for id_ in self.known.promises)
        id_ = f"{base}-{before + 1}" if before and again else base
        self.draft(Event.PROMISE, {"promise": id_, **body}, note=self.text("contacts_made", "note", what.note))
        return id_

    def promise_cancelled(self, what: PromiseCancelled) -> None:
        self.not_in_future("day", what.cancelled_on)
        promise = self.known.promises.get(what.promise)
        if promise is None:
            said = f"the journal has no promise `{shown(what.promise)}` of `{shown(self.known.customer)}`"
            help_ = "a promise that the ledger keeps is withdrawn there; `duly log --customer` shows the journal's"
            self.problem("unknown-promise", said, _meant(what.promise, self.known.promises, help_))
        elif promise.cancelled_on is not None:
            said = f"`{what.promise}` was withdrawn on {promise.cancelled_on}"
            self.problem("recorded-before", said, "there is nothing left to withdraw")
        elif what.cancelled_on < promise.made_on:
            said = f"`{what.promise}` was made on {promise.made_on}, after {what.cancelled_on}"
            self.problem("days-out-of-order", said, "give the day on which it was withdrawn")
        self.draft(
            Event.PROMISE_CANCELLED,
            {"customer": self.known.customer, "promise": what.promise, "cancelled_on": what.cancelled_on.isoformat()},
        )

    def dispute(self, what: Dispute) -> None:
        self.not_in_future("opened on", what.opened_on)
        invoice = self.invoice("disputes", what.invoice)
        body: dict[str, object] = {"invoice": invoice, "opened_on": what.opened_on.isoformat()}
        if what.amount:
            body["amount"] = self.amount("disputes", what.amount, self.currency_of_invoice(invoice))
        self.draft(Event.DISPUTE, body, reason=self.text("disputes", "reason", what.reason))

    def dispute_resolved(self, what: DisputeResolved) -> None:
        self.not_in_future("day", what.resolved_on)
        opened_on = self.known.disputes.get(what.invoice)
        if opened_on is None:
            said = f"the journal has no open dispute about `{shown(what.invoice)}` of `{shown(self.known.customer)}`"
            help_ = "a dispute that the ledger keeps is settled there"
            self.problem("unknown-dispute", said, _meant(what.invoice, self.known.disputes, help_))
        elif what.resolved_on < opened_on:
            said = f"the dispute was opened on {opened_on}, after {what.resolved_on}"
            self.problem("days-out-of-order", said, "give the day on which it was settled")
        self.draft(Event.DISPUTE_RESOLVED, {"invoice": what.invoice, "resolved_on": what.resolved_on.isoformat()})

    def answer(self, what: Answer, *, again: bool) -> None:
        self.not_in_future("day", what.day)
        request = self.request(what, again=again)
        body: dict[str, object] = {
            "customer": self.known.customer,
            "creditor": request.creditor if request else what.creditor,
            "rule": what.rule,
            "day": what.day.isoformat(),
            "answered_on": what.day.isoformat(),
            "reason": what.reason.value,
            "relationship": self.text("answers", "relationship", what.relationship),
        }
        if request and not request.key:
            # The journal has nothing of a request that the ledger brought: the answer says which one it is to.
            body["asked_on"] = request.asked_on.isoformat()
        # Nothing said is nothing recorded: it neither finds difficulty nor takes it back.
        if what.financial_difficulty is not None:
            body["financial_difficulty" if what.financial_difficulty else "difficulty_is_over"] = True
        if what.promise is not None:
            # The promise goes first, so that whoever reads the answer has already read what it names.
            body["promise"] = self.promise(what.promise, again=again)
        if what.disputes and what.reason is not Reason.DISPUTE:
            said = f"the reason is `{what.reason.value}`, and `{shown(what.disputes)}` is disputed"
            self.problem("not-a-dispute", said, "give `--reason dispute`, or leave the invoice out")
        if what.disputes:
            self.dispute(Dispute(what.disputes, what.day))
            body["disputes"] = what.disputes
        guidance = self.text("contacts_made", "note", what.guidance, "guidance")
        self.draft(Event.ANSWER, body, key=request.key if request else "", guidance=guidance)

    # What a value must be.

    def about_customer(self) -> None:
        """The customer, and who says so."""
        customer = self.known.customer
        if isinstance(wrong := cell("customers", "customer", customer), Problem):
            self.problems.append(wrong)
        elif self.known.moved_to:
            said = f"`{customer}` is `{self.known.moved_to}` now"
            self.problem("renamed-customer", said, f"record it for `{self.known.moved_to}`")
        elif not self.known.is_known:
            said = f"the journal has nothing about a customer `{customer}`"
            help_ = "look at the id, or name the book that has the customer with `--book`"
            self.problem("unknown-customer", said, help_)
        if not self.by.strip():
            self.problem("nobody", "nobody says so", "name who does with `--by`")
        self.text("people", "name", self.by, "by")

    def not_in_future(self, name: str, day: date) -> None:
        if day > self.today:
            said = f"{name} {day} is in the future: today is {self.today}"
            self.problem("future-day", said, "record it once it has happened")
        if day.isoformat() < FIRST_DAY:
            self.problem("bad-date", f"{name} {day} is before {FIRST_DAY}", "look at the year")

    def text(self, table: str, column: str, value: str, named: str = "") -> str:
        """The text, by the rules of the column; `named` is what it is called where the column is another's."""
        if value and isinstance(wrong := cell(table, column, value), Problem):
            message = wrong.message.replace(f"`{column}`", f"`{named}`") if named else wrong.message
            self.problem(wrong.rule, message, wrong.help)
        return value

    def amount(self, table: str, value: str, currency: str) -> int | None:
        """The amount in minor units, more than nothing."""
        if not currency:
            return None
        read = cell(table, "amount", value, currency)
        if isinstance(read, Problem):
            self.problems.append(read)
            return None
        if read == 0:
            self.problem("bad-amount", f"`{shown(value)}` is nothing", "give an amount above zero")
        return int(read)

    def currency(self, what: Promise) -> str:
        """The currency said, the invoice's, or the only one in which the customer owes."""
        if what.currency:
            wrong = cell("promises", "currency", what.currency)
            if isinstance(wrong, Problem):
                self.problems.append(wrong)
                return ""
            return what.currency
        if what.invoice:
            return self.currency_of_invoice(what.invoice)
        return self.only_currency(f"`{shown(self.known.customer)}` owes in")

    def currency_of_invoice(self, invoice: str) -> str:
        known = self.known.invoices.get(invoice)
        if known is None:
            return ""
        return known.currency or self.only_currency(f"`{shown(invoice)}` may be in")

    def only_currency(self, subject: str) -> str:
        found = sorted(self.known.currencies or {self.known.currency} - {""})
        if len(found) == 1:
            return found[0]
        if self.known.is_known:
            said = f"{subject} {' or '.join(found)}" if found else "nothing says in which currency the amount is"
            self.problem("no-currency", said, "say it with `--currency`, or name the book with `--book`")
        return ""

    def invoice(self, table: str, id_: str) -> str:
        """The invoice, which the customer must have."""
        if isinstance(wrong := cell(table, "invoice", id_), Problem):
            self.problems.append(wrong)
        elif id_ not in self.known.invoices and self.known.is_known:
            where = "the book" if self.known.in_book else "the journal"
            said = f"{where} has no invoice `{shown(id_)}` of `{shown(self.known.customer)}`"
            otherwise = "look at the id" if self.known.in_book else "look at the id, or name the book with `--book`"
            self.problem("unknown-invoice", said, _meant(id_, self.known.invoices, otherwise))
        return id_

    def creditor(self, said: str, invoice: str) -> str:
        """The creditor said, the invoice's, or the only one; needed where there are several."""
        if said:
            if self.known.creditors and said not in self.known.creditors:
                message = f"`{shown(said)}` is not a creditor of `{shown(self.known.customer)}`"
                self.problem("unknown-creditor", message, f"write {_one_of(self.known.creditors)}")
            return self.text("promises", "creditor", said)
        if invoice in self.known.invoices and self.known.invoices[invoice].creditor:
            return self.known.invoices[invoice].creditor
        if len(self.known.creditors) > 1:
            message = f"`{shown(self.known.customer)}` owes to {_one_of(self.known.creditors)}"
            self.problem("no-creditor", message, "say to whom with `--creditor`")
        return next(iter(sorted(self.known.creditors)), "")

    def request(self, what: Answer, *, again: bool) -> KnownRequest | None:
        """The question that is answered: the last one of the rule."""
        asked = [r for r in self.known.requests if r.rule == what.rule and what.creditor in {"", r.creditor}]
        if not asked:
            if self.known.is_known:
                rules = {r.rule for r in self.known.requests}
                said = f"sales was not asked by `{shown(what.rule)}` about `{shown(self.known.customer)}`"
                otherwise = (
                    f"it was asked by {_one_of(rules)}"
                    if rules
                    else "what sales has to say unasked is a `call`; a request that the ledger brings needs `--book`"
                )
                self.problem("nothing-asked", said, _meant(what.rule, rules, otherwise))
            return None
        if len(creditors := {r.creditor for r in asked}) > 1:
            message = f"sales was asked by `{what.rule}` for {_one_of(creditors)}"
            self.problem("no-creditor", message, "say for whom with `--creditor`")
        request = max(asked, key=lambda r: r.asked_on)
        if what.day < request.asked_on:
            said = f"sales was asked on {request.asked_on}, after {what.day}"
            self.problem("days-out-of-order", said, "give the day of the answer")
        elif request.answered_on is not None and not again:
            said = f"sales answered `{what.rule}` on {request.answered_on}"
            self.problem("recorded-before", said, "add `--again` if this is a further answer")
        return request

    # The end.

    def draft(self, event: Event, body: Mapping[str, object], *, key: str = "", **personal: str) -> None:
        self.drafts.append(
            Draft(
                event,
                self.by,
                key,
                customer=self.known.customer,
                body={name: value for name, value in body.items() if value not in {"", None}},
                personal={name: value for name, value in personal.items() if value},
            )
        )

    def told_before(self) -> None:
        for draft in self.drafts:
            entry = same_as(draft, self.known.entries)
            if entry is not None:
                said = f"this was told before, as entry {entry.seq} by `{shown(entry.by)}`"
                self.problem("recorded-before", said, "add `--again` if it happened once more")

    def problem(self, rule: str, message: str, help_: str) -> None:
        self.problems.append(Problem(rule, NOWHERE, message, help_))


def same_as(draft: Draft, entries: Sequence[Entry]) -> Entry | None:
    """The first entry that says the same; what is personal is sealed and cannot be compared."""
    wanted = _comparable(draft.body)
    return next((e for e in entries if e.event is draft.event and _comparable(e.body) == wanted), None)


def _comparable(body: Mapping[str, object]) -> bytes:
    return canonical({name: value for name, value in body.items() if name != "promise"})


def _meant(word: str, known: Collection[str], otherwise: str) -> str:
    meant = closest(word, known)
    return f"did you mean `{meant}`?" if meant and meant != word else otherwise


def _one_of(words: Iterable[str]) -> str:
    return " or ".join(f"`{shown(word)}`" for word in sorted(words))
