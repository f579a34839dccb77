"""The facts that a policy may read: one table, and nothing beside it.

Each fact has a name, a type, a unit, the layer from which on it can be read,
the book tables that give it, and a definition in one sentence. The schema, the
loader, the manual (`duly facts`), the engines and the checks all read this
table, so a word means one thing everywhere.

A layer may read the facts of the layers before it, never what comes after.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum


class Layer(IntEnum):
    """The order in which an account is decided; a fact belongs to the layer that gives it."""

    INVOICE = 0
    ACCOUNT = 1
    SEGMENT = 2
    PAUSE = 3
    STAGE = 4
    TONE = 5
    CONTACT = 6
    SALES = 7
    HOLDS = 8
    LIMITS = 9
    CHARGES = 10
    WORKLIST = 11


class Type(Enum):
    """What kind of value a fact has, hence which tests fit it."""

    NUMBER = "whole number"
    MONEY = "money"
    PERCENT = "per cent"
    CHOICE = "choice"
    TEXT = "text"
    SET = "set"
    YES_NO = "yes or no"


class Names(Enum):
    """Where the members of a choice or set come from when the policy itself names them."""

    SEGMENTS = "segments"
    STAGES = "stages"
    TONES = "tones"
    LADDERS = "ladders"
    PAUSES = "pauses"
    SALES = "sales"
    HOLDS = "holds"


LARGEST = 2**53
"""No whole-number fact, money in minor units included, goes beyond this in size."""

MANY_DAYS = 36_525
"""A hundred years: no count of days goes beyond this in size."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One word of the vocabulary.

    `members` are the values of a choice besides `none` where `or_none` is true;
    `named_by` says which part of the policy names them instead. `tables` are
    `table` or `table.column` of the book. `least` and `most` bound whole
    numbers, money in minor units. `softens_only` marks what may soften what a
    customer is sent and never harden it (see `language.softening`).
    """

    name: str
    type: Type
    layer: Layer
    definition: str
    unit: str = ""
    tables: tuple[str, ...] = ()
    unknown: bool = False
    members: tuple[str, ...] = ()
    named_by: Names | None = None
    or_none: bool = False
    least: int | None = None
    most: int | None = None
    example: str = ""
    softens_only: bool = False


ANSWER_REASONS = ("cash_trouble", "dispute", "paperwork", "forgot", "process", "unwilling", "other")
"""Why a customer does not pay, by the word of sales."""

RELATIONSHIPS = ("fragile", "normal", "strong")
"""How sales judges a relationship."""

PAID = ("payments", "invoices.open", "invoices.settled_on")
"""What tells a paid invoice from an open one: any one of these."""


def _number(
    name: str,
    layer: Layer,
    definition: str,
    unit: str,
    *,
    tables: tuple[str, ...] = (),
    unknown: bool = False,
    least: int = 0,
    example: str = "",
) -> Fact:
    most = MANY_DAYS if unit == "days" else LARGEST
    return Fact(name, Type.NUMBER, layer, definition, unit, tables, unknown, least=least, most=most, example=example)


def _money(
    name: str, definition: str, tables: tuple[str, ...] = PAID, *, unknown: bool = False, example: str = ""
) -> Fact:
    unit = "minor units of the policy's currency"
    return Fact(
        name, Type.MONEY, Layer.ACCOUNT, definition, unit, tables, unknown, least=0, most=LARGEST, example=example
    )


def _yes_no(name: str, layer: Layer, definition: str, tables: tuple[str, ...] = ()) -> Fact:
    return Fact(name, Type.YES_NO, layer, definition, tables=tables)


_A = Layer.ACCOUNT

ACCOUNT_FACTS: tuple[Fact, ...] = (
    # What is owed.
    _money("past_due", "Open amount of the late invoices, after payments and credits, without what invoice pauses take out.", example="past_due: {over: 250}"),
    _money("past_due_with_disputed", "Open amount of the late invoices, with what invoice pauses take out."),
    _money("open_amount", "Open amount of all invoices, late or not, however small, with what invoice pauses take out."),
    _money("disputed_amount", "Disputed part of the open amount.", ("disputes",)),
    _money("not_due", "Open amount before its basis day, without what invoice pauses take out."),
    _money("aged_0_30", "Open amount 0 to 30 days past due, without what invoice pauses take out; the due date itself is day 0."),
    _money("aged_31_60", "Open amount 31 to 60 days past due, without what invoice pauses take out."),
    _money("aged_61_90", "Open amount 61 to 90 days past due, without what invoice pauses take out."),
    _money("aged_91_120", "Open amount 91 to 120 days past due, without what invoice pauses take out."),
    _money("aged_over_120", "Open amount more than 120 days past due, without what invoice pauses take out."),
    _money("largest_late", "Open amount of the largest late invoice without what invoice pauses take out; 0 where none is late."),
    _money("unapplied_credit", "Payments and credits not applied to any invoice and not offset either.", ("payments", "credits", "invoices.open", "invoices.settled_on")),
    _money("annual_sales", "Sales booked with the customer in the twelve months up to the day, or the figure on the customer's own record.", ("customers.annual_sales", "sales")),
    _money("credit_limit", "The account's credit limit on the day; unknown where it has none.", ("credit_lines",), unknown=True),
    Fact("credit_used_pct", Type.PERCENT, _A, "Open amount of the whole account in per cent of its credit limit, rounded down; unknown without a limit above zero.", "per cent", ("credit_lines",), unknown=True, least=0, most=LARGEST),
    # How late.
    _yes_no("late", _A, "Whether an invoice that is still chased is past due beyond the grace days.", ("invoices",)),
    _number("days_past_due", _A, "Days past due of the anchor, the oldest late invoice that is still chased (ties: the largest as issued, then the first by id); 0 where none is late.", "days", tables=PAID, example="days_past_due: {at_least: 30}"),
    _number("days_to_due", _A, "Days, as days past due are counted, until the next invoice that is still chased falls due, 0 on the day itself; unknown where none is to come.", "days", tables=("invoices",), unknown=True),
    _number("open_count", _A, "Open invoices, late or not; an instalment counts as one.", "invoices", tables=PAID),
    _number("late_count", _A, "Late invoices that are still chased.", "invoices", tables=PAID),
    _number("late_count_with_disputed", _A, "Late invoices, wholly disputed and paused ones kept in.", "invoices", tables=PAID),
    _number("average_days_late", _A, "Mean days late of the invoices settled in the last twelve months by money that names them or by the book's word, early counted as 0, rounded down; unknown where none was.", "days", tables=("payments", "invoices.settled_on"), unknown=True),
    # Disputes and promises.
    Fact("dispute", Type.CHOICE, _A, "Whether a dispute about an open invoice is open.", tables=("disputes",), members=("open",), or_none=True),
    Fact("promise", Type.CHOICE, _A, "Whether a promise to pay is open: its day has not passed and it is neither kept nor cancelled.", tables=("promises",), members=("open",), or_none=True),
    _number("promises_open", _A, "Promises to pay that are open.", "promises", tables=("promises",)),
    _number("broken_promises", _A, "Promises whose day passed without the money, not before what opened this episode fell due.", "promises", tables=("promises",)),
    _number("broken_promises_12_months", _A, "Promises whose day passed without the money, by due day in the last twelve months.", "promises", tables=("promises",)),
    _number("kept_promises_12_months", _A, "Promises kept, by due day in the last twelve months.", "promises", tables=("promises",)),
    # Who.
    _number("months_as_customer", _A, "Whole months since the customer's first day with us, or since its first invoice where its record does not tell.", "months", tables=("customers.since",)),
    Fact("relationship", Type.CHOICE, _A, "How sales judges the relationship: by its latest answer of the last twelve months that says so, else by the customer's record.", tables=("customers.relationship",), members=RELATIONSHIPS),
    _yes_no("insolvent", _A, "Whether the customer is in insolvency proceedings.", ("customers.insolvent",)),
    _yes_no("do_not_contact", _A, "Whether the customer must not be contacted at all.", ("customers.do_not_contact",)),
    Fact("creditor", Type.TEXT, _A, "The creditor company that is owed, by id.", tables=("invoices",)),
    Fact("currency", Type.TEXT, _A, "Currency of the account's open items; the policy's where they are in several.", tables=("invoices",)),
    Fact("country", Type.TEXT, _A, "The customer's country, two letters (ISO 3166-1).", tables=("customers.country",), unknown=True),
    Fact("language", Type.TEXT, _A, "The customer's language, two letters (ISO 639-1).", tables=("customers.language",), unknown=True),
    Fact("region", Type.TEXT, _A, "The customer's sales region.", tables=("customers.region",), unknown=True),
    Fact("salesperson", Type.TEXT, _A, "The salesperson of the customer, by id.", tables=("customers.salesperson",), unknown=True),
    Fact("collector", Type.TEXT, _A, "The collector of the customer, by id.", tables=("customers.collector",), unknown=True),
    Fact("customer_ladder", Type.TEXT, _A, "The ladder that the customer's own record names.", tables=("customers.ladder",), unknown=True),
    Fact("tags", Type.SET, _A, "Marks on the customer's record.", tables=("customers.tags",)),
    _yes_no("has_email", _A, "Whether the customer, or a contact of its who pays, can be reached by e-mail.", ("customers",)),
    _yes_no("has_address", _A, "Whether the customer can be reached by letter.", ("customers",)),
    # What has happened.
    _number("days_since_contact", _A, "Days since the customer was last contacted, by a contact on record or an executed stage that reaches it; unknown where never.", "days", tables=("contacts_made",), unknown=True),
    _number("days_since_reply", _A, "Days since the customer last replied; unknown where never.", "days", tables=("contacts_made",), unknown=True),
    _number("contacts_in_window", _A, "Days with a contact in the window of the contact cap before the day, the day itself left out.", "days", tables=("contacts_made",)),
    _yes_no("contacted_today", _A, "Whether the customer has been contacted on the day already.", ("contacts_made",)),
    _yes_no("contact_day", _A, "Whether the day is open for contact in the customer's calendar.", ("customers.country",)),
    Fact("holds", Type.SET, _A, "Holds in force on the account.", tables=("holds",), named_by=Names.HOLDS),
    Fact("sales_asked", Type.SET, _A, "Sales rules under which sales was asked in this episode, or since something was last late where nothing is, before today.", tables=("requests",), named_by=Names.SALES),
    Fact("requests_open", Type.SET, _A, "Sales rules whose request of this episode is neither answered nor past its deadline.", tables=("requests",), named_by=Names.SALES),
    Fact("requests_answered", Type.SET, _A, "Sales rules whose request of this episode has been answered.", tables=("requests",), named_by=Names.SALES),
    Fact("requests_told", Type.SET, _A, "Sales rules whose unanswered request of this episode was told to whom the policy names, before today.", tables=("requests",), named_by=Names.SALES),
    Fact("answer_reason", Type.CHOICE, _A, "Why the customer does not pay, by the last answer of sales in this episode; none where it has not answered.", tables=("answers",), members=ANSWER_REASONS, or_none=True, softens_only=True),
    _number("days_since_answer", _A, "Days since sales last answered about the account; unknown where never.", "days", tables=("answers",), unknown=True),
    Fact("financial_difficulty", Type.YES_NO, _A, "Whether the customer is in financial difficulty, by the latest answer of sales in the last twelve months that says anything of it.", tables=("answers",), softens_only=True),
    Fact("tasks_given", Type.SET, _A, "Pauses whose task was given in this episode, before today.", tables=("tasks_given",), named_by=Names.PAUSES),
    _number("days_since_last_stage", _A, "Days since any stage was last executed, in this episode or an earlier one; unknown where never.", "days", tables=("executed_stages",), unknown=True),
    _number("days_since_stage", _A, "Days since the last executed stage of this episode; unknown where none was.", "days", tables=("executed_stages",), unknown=True),
    _yes_no("outcome_unknown", _A, "Whether an executed stage of this episode has an outcome that nobody knows yet.", ("executed_stages",)),
)

DECIDED_FACTS: tuple[Fact, ...] = (
    Fact("segment", Type.CHOICE, Layer.SEGMENT, "The first segment whose condition holds.", named_by=Names.SEGMENTS),
    Fact("ladder", Type.CHOICE, Layer.SEGMENT, "The ladder that the account climbs, or none.", named_by=Names.LADDERS, or_none=True),
    Fact("executed_stage", Type.CHOICE, Layer.SEGMENT, "The most severe stage executed in this episode, or none.", tables=("executed_stages",), named_by=Names.STAGES, or_none=True),
    Fact("pauses", Type.SET, Layer.PAUSE, "Account pauses that hold today.", named_by=Names.PAUSES),
    _yes_no("paused", Layer.PAUSE, "Whether an account pause stops the stages, or invoice pauses leave nothing to chase."),
    Fact("stage", Type.CHOICE, Layer.CONTACT, "The stage the account stands on, today's step included, or none.", named_by=Names.STAGES, or_none=True),
    Fact("step", Type.CHOICE, Layer.CONTACT, "The stage proposed today, or none.", named_by=Names.STAGES, or_none=True),
    _yes_no("put_off", Layer.CONTACT, "Whether a stage that is due waits for the minimum gap, the contact cap or an open day."),
    Fact("tone", Type.CHOICE, Layer.CONTACT, "The tone of today's step after the tone limits, or none.", named_by=Names.TONES, or_none=True),
    Fact("asked_today", Type.SET, Layer.SALES, "Sales rules under which sales is asked today.", named_by=Names.SALES),
    Fact("placed_today", Type.SET, Layer.HOLDS, "Holds placed today.", named_by=Names.HOLDS),
    Fact("released_today", Type.SET, Layer.HOLDS, "Holds released today.", named_by=Names.HOLDS),
    _number("points", Layer.WORKLIST, "The worklist points of the account today.", "points", least=-LARGEST),
)

_I = Layer.INVOICE

INVOICE_FACTS: tuple[Fact, ...] = (
    Fact("dispute", Type.CHOICE, _I, "Whether a dispute about the invoice is open.", tables=("disputes",), members=("open",), or_none=True),
    Fact("promise", Type.CHOICE, _I, "Whether a promise that names the invoice is open.", tables=("promises",), members=("open",), or_none=True),
    Fact("open", Type.MONEY, _I, "Open amount of the invoice after payments and credits.", "minor units of the policy's currency", PAID, least=0, most=LARGEST),
    Fact("original", Type.MONEY, _I, "Amount of the invoice, or of the instalment, as issued.", "minor units of the policy's currency", ("invoices",), least=0, most=LARGEST),
    Fact("days_past_due", Type.NUMBER, _I, "Days from the invoice's basis day to the day, in the policy's day count; negative before it.", "days", ("invoices",), least=-MANY_DAYS, most=MANY_DAYS),
    Fact("currency", Type.TEXT, _I, "Currency of the invoice.", tables=("invoices",)),
    Fact("creditor", Type.TEXT, _I, "The creditor company that is owed, by id.", tables=("invoices",)),
)

EXCEPTION_FACTS: tuple[Fact, ...] = (
    _yes_no("exception__pause", _A, "Whether an exception in force pauses the account."),
    Fact("exception__tone", Type.CHOICE, _A, "The harshest tone that an exception in force allows; none where it sets no limit.", named_by=Names.TONES, or_none=True),
    Fact("exception__stage", Type.CHOICE, _A, "The most severe stage that an exception in force allows; none where it sets no limit.", named_by=Names.STAGES, or_none=True),
    Fact("exception__ladder", Type.TEXT, _A, "The ladder that an exception in force puts the account on; the empty word where it names none."),
)
"""Facts that the policy's exceptions give; the engines read them, conditions cannot name them."""

ACCOUNT: dict[str, Fact] = {fact.name: fact for fact in ACCOUNT_FACTS + DECIDED_FACTS}
"""Every fact an account-level condition can read, by name."""

INVOICE: dict[str, Fact] = {fact.name: fact for fact in INVOICE_FACTS}
"""Every fact an invoice-level condition (an invoice pause) can read, by name."""
