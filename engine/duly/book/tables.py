"""The tables of a book, their columns, and how each column is read.

Only `invoices` is required. A table that a book does not bring is absent, and a
policy that reads a fact it gives is refused; a table declared `none` is empty on
purpose. Every column is read as text first, then by the parser of its kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from duly.language.vocabulary import ANSWER_REASONS, RELATIONSHIPS


class Kind(Enum):
    """How a column's text is read."""

    ID = "id"
    """ASCII letters, digits and `. _ - / : #`, kept as text, leading zeros and all; case matters."""
    TEXT = "text"
    """Any honest text: no control, bidi or isolate characters, at most 300 characters."""
    MONEY = "money"
    """A decimal with a point, no separators, sign only `-` in front, decimals at most the currency's; kept in minor units."""
    DATE = "date"
    """A calendar day in the format that the book declares; year-month-day by default."""
    WHOLE = "whole number"
    YES_NO = "yes or no"
    """`yes` or `no`, or the two words that the book declares."""
    EMAIL = "e-mail address"
    COUNTRY = "country"
    CURRENCY = "currency"
    LANGUAGE = "language"
    TIME_ZONE = "time zone"
    CHOICE = "choice"
    RATE = "rate"
    """A positive decimal with a point and at most 8 decimals; kept as text for exact arithmetic."""
    MARKS = "marks"
    """Words separated by spaces."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `references` is `table.column`; `key` columns together name a row once."""

    name: str
    kind: Kind
    meaning: str
    required: bool = False
    key: bool = False
    references: str = ""
    choices: tuple[str, ...] = ()
    negative: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a book; `who` is the column that leads to a customer, for quarantine.

    A table that the journal keeps may be left out: a book brings it only for what
    happened before the journal began.
    """

    name: str
    meaning: str
    columns: tuple[Column, ...]
    who: str = ""
    kept_by_journal: bool = False

    def column(self, name: str) -> Column:
        """The column of this name."""
        return next(column for column in self.columns if column.name == name)


def _id(name: str, meaning: str, *, required: bool = False, key: bool = False, references: str = "") -> Column:
    return Column(name, Kind.ID, meaning, required, key, references)


_CUSTOMER = _id("customer", "the customer, by id", required=True, references="customers.customer")
_CREDITOR = _id("creditor", "the creditor company, by id; may be left out where there is one", references="creditors.creditor")
_CURRENCY = Column("currency", Kind.CURRENCY, "ISO 4217 code; the book's own where left out")


def _day(name: str, meaning: str, *, required: bool = False) -> Column:
    return Column(name, Kind.DATE, meaning, required)


def _text(name: str, meaning: str) -> Column:
    return Column(name, Kind.TEXT, meaning)


def _yes_no(name: str, meaning: str) -> Column:
    return Column(name, Kind.YES_NO, meaning)


def _money(name: str, meaning: str, *, required: bool = False) -> Column:
    return Column(name, Kind.MONEY, meaning, required)


TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table("creditors", "The companies that are owed.", (
            _id("creditor", "the company's id", required=True, key=True),
            _text("name", "its name"),
            Column("country", Kind.COUNTRY, "its country"),
            _text("address", "postal address, lines separated by `; `"),
            Column("email", Kind.EMAIL, "where customers can write to"),
            _text("phone", "where customers can call"),
            _text("pay_to", "how customers pay: bank and account or a page, lines separated by `; `"),
        )),
        Table("customers", "Who owes.", (
            _id("customer", "the customer's id", required=True, key=True),
            _text("name", "its name"),
            Column("email", Kind.EMAIL, "where reminders go"),
            _text("address", "postal address, lines separated by `; `"),
            Column("country", Kind.COUNTRY, "its country"),
            Column("language", Kind.LANGUAGE, "its language"),
            Column("time_zone", Kind.TIME_ZONE, "its time zone, by IANA name"),
            _text("phone", "its telephone number"),
            _id("parent", "its parent company", references="customers.customer"),
            _yes_no("parent_pays", "whether the parent pays for it, so that it follows the parent's ladder"),
            _id("salesperson", "who sells to it", references="people.person"),
            _id("collector", "who collects from it", references="people.person"),
            _text("region", "its sales region"),
            _day("since", "its first day with us"),
            _money("annual_sales", "yearly sales in the book's currency"),
            Column("relationship", Kind.CHOICE, "how sales judges the relationship", choices=RELATIONSHIPS),
            _yes_no("insolvent", "whether it is in insolvency proceedings"),
            _yes_no("do_not_contact", "whether it must not be contacted at all"),
            _yes_no("no_email", "whether it refuses e-mail"),
            _id("ladder", "the ladder it climbs, where the policy chooses by it"),
            Column("payment_terms", Kind.WHOLE, "the days in which its invoices are to be paid, as agreed with it"),
            Column("tags", Kind.MARKS, "marks, separated by spaces"),
            _day("renews_on", "day of the next renewal of what was agreed with it"),
        ), who="customer"),
        Table("contacts", "People at the customers, by role.", (
            _CUSTOMER,
            Column("role", Kind.CHOICE, "what the person does there", required=True, choices=("pays", "decides", "disputes", "other")),
            _text("name", "the person's name"),
            Column("email", Kind.EMAIL, "the person's address"),
            _text("phone", "the person's telephone number"),
            Column("language", Kind.LANGUAGE, "the person's language"),
        ), who="customer"),
        Table("invoices", "What is owed: one row an invoice.", (
            _id("invoice", "the invoice's id", required=True, key=True),
            _CUSTOMER,
            _CREDITOR,
            _money("amount", "amount as issued; may be left out where `open` is given"),
            _CURRENCY,
            _day("invoice_date", "day of issue; an invoice does not exist before it"),
            _day("due_date", "day on which it falls due", required=True),
            _money("open", "open balance on the day of the book, instead of payments"),
            _day("settled_on", "day on which it was paid in full, instead of payments"),
            _day("written_off_on", "day on which it was written off; it is out from then on"),
            _text("customer_name", "the name on the invoice; where it is not the customer's, nothing harsh is sent"),
        ), who="customer"),
        Table("instalments", "Parts of an invoice with due dates of their own; each is an open item, and they replace the invoice's own due date.", (
            _id("invoice", "the invoice", required=True, key=True, references="invoices.invoice"),
            Column("number", Kind.WHOLE, "1, 2, 3, …", required=True, key=True),
            _day("due_date", "day on which the part falls due", required=True),
            _money("amount", "the part's amount; the parts add up to the invoice", required=True),
        ), who="invoice"),
        Table("payments", "Money received.", (
            _id("payment", "the payment's id", required=True, key=True),
            _CUSTOMER,
            _CREDITOR,
            _id("invoice", "the invoice it pays; empty while unapplied", references="invoices.invoice"),
            _money("amount", "amount received", required=True),
            _CURRENCY,
            _day("day", "day on which it arrived", required=True),
            _day("bounced_on", "day on which it was returned; from then on it never was"),
        ), who="customer"),
        Table("credits", "Credit notes.", (
            _id("credit", "the credit note's id", required=True, key=True),
            _CUSTOMER,
            _CREDITOR,
            _id("invoice", "the invoice it corrects; empty while unapplied", references="invoices.invoice"),
            _money("amount", "amount credited, positive", required=True),
            _CURRENCY,
            _day("day", "day of the credit note", required=True),
        ), who="customer"),
        Table("disputes", "Invoices, or parts of them, that the customer contests.", (
            _id("invoice", "the invoice", required=True, references="invoices.invoice"),
            _money("amount", "disputed part; the whole open amount where left out"),
            _day("opened_on", "day on which it was raised", required=True),
            _day("resolved_on", "day on which it was settled; from then on it is not open"),
            _text("reason", "what it is about"),
        ), who="invoice"),
        Table("promises", "Promises to pay.", (
            _id("promise", "the promise's id", required=True, key=True),
            _CUSTOMER,
            _CREDITOR,
            _id("invoice", "the invoice it is about; all late ones where left out", references="invoices.invoice"),
            _money("amount", "amount promised", required=True),
            _CURRENCY,
            _day("made_on", "day on which it was given", required=True),
            _day("due_on", "day by which the money was promised", required=True),
            _day("cancelled_on", "day on which it was withdrawn"),
        ), who="customer"),
        Table("people", "Our own people.", (
            _id("person", "the person's id", required=True, key=True),
            _text("name", "the person's name"),
            Column("role", Kind.CHOICE, "what the person does", required=True, choices=("salesperson", "collector", "sales_manager", "credit_manager")),
            _text("region", "the person's region"),
            Column("email", Kind.EMAIL, "the person's address"),
            _text("phone", "the person's telephone number"),
            _id("manager", "whom the person reports to", references="people.person"),
            _day("away_from", "first day of the absence that is on or comes next"),
            _day("away_until", "its last day; open where left out"),
            _id("covered_by", "who stands in while the person is away", references="people.person"),
            Column("time_zone", Kind.TIME_ZONE, "the person's time zone, by IANA name; the customer's where left out"),
        )),
        Table("contacts_made", "Contacts with customers, both ways.", (
            _CUSTOMER,
            _day("day", "day of the contact", required=True),
            Column("channel", Kind.CHOICE, "how", required=True, choices=("email", "letter", "call", "visit")),
            Column("direction", Kind.CHOICE, "`out`: we reached the customer; `in`: the customer replied", required=True, choices=("out", "in")),
            _text("note", "what was said"),
        ), who="customer"),
        Table("sales", "Sales booked.", (
            _CUSTOMER,
            _CREDITOR,
            _day("day", "day of booking", required=True),
            _money("amount", "amount booked", required=True),
            _CURRENCY,
        ), who="customer"),
        Table("orders", "Orders being negotiated, or booked and not invoiced yet.", (
            _id("order", "the order's id", required=True, key=True),
            _CUSTOMER,
            _CREDITOR,
            _day("day", "day on which it is to be booked, or was", required=True),
            _money("amount", "the order's amount", required=True),
            _CURRENCY,
        ), who="customer"),
        Table("credit_lines", "Credit limits, each in force from its day until the next.", (
            Column("customer", Kind.ID, "the customer, by id", True, True, "customers.customer"),
            Column("creditor", Kind.ID, "the creditor company, by id", False, True, "creditors.creditor"),
            Column("from", Kind.DATE, "first day in force", True, True),
            _money("limit", "the limit", required=True),
            _CURRENCY,
        ), who="customer"),
        Table("holds", "Holds placed on accounts.", (
            _CUSTOMER,
            _CREDITOR,
            _id("hold", "the hold, by the policy's word", required=True),
            _day("placed_on", "day on which it was placed", required=True),
            _day("released_on", "day on which it was released; from then on it is not in force"),
        ), who="customer"),
        Table("rates", "Exchange rates, each good from its day until the next for the pair.", (
            Column("day", Kind.DATE, "first day the rate is good", True, True),
            Column("from", Kind.CURRENCY, "currency converted", True, True),
            Column("to", Kind.CURRENCY, "currency converted to", True, True),
            Column("rate", Kind.RATE, "what one unit of `from` is worth in `to`", True),
        )),
        Table("executed_stages", "Stages that were carried out.", (
            _CUSTOMER,
            _CREDITOR,
            _id("item", "currency or invoice, where the ladder's unit has them"),
            _id("stage", "the stage, by the policy's word", required=True),
            _day("day", "day on which its first channel was accepted", required=True),
            Column("outcome", Kind.CHOICE, "`accepted`, or `unknown` where nobody knows; accepted where left out", choices=("accepted", "unknown")),
            _id("episode", "the episode, by the invoice that named it; by day where left out"),
        ), who="customer", kept_by_journal=True),
        Table("requests", "Sales requests.", (
            _CUSTOMER,
            _CREDITOR,
            _id("rule", "the sales rule, by the policy's word", required=True),
            _day("asked_on", "day on which sales was asked", required=True),
            _day("due_on", "last day for the answer", required=True),
            _day("answered_on", "day of the answer"),
            _day("told_on", "day on which whom the policy names was told that no answer came"),
        ), who="customer", kept_by_journal=True),
        Table("answers", "What sales answered about customers.", (
            _CUSTOMER,
            _CREDITOR,
            _id("rule", "the sales rule that asked, by the policy's word"),
            _day("day", "day of the answer", required=True),
            Column("reason", Kind.CHOICE, "why the customer does not pay", required=True, choices=ANSWER_REASONS),
            _yes_no("financial_difficulty", "whether it is in financial difficulty; says nothing of it where left out"),
            Column("relationship", Kind.CHOICE, "how sales judges the relationship; says nothing of it where left out", choices=RELATIONSHIPS),
        ), who="customer", kept_by_journal=True),
        Table("tasks_given", "Tasks that a pause handed out.", (
            _CUSTOMER,
            _CREDITOR,
            _id("pause", "the pause, by the policy's word", required=True),
            _day("day", "day on which the task was given", required=True),
        ), who="customer", kept_by_journal=True),
    )
}
"""Every table by name, in the order in which they are explained."""
