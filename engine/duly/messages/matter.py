"""What a message may say: the plain data that one message of one customer is made from.

A message knows no plan, no policy and no book. Whatever is not here cannot be
written into it, so that it can hold nothing of another customer. Money is in minor
units beside its currency; days are local days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Party:
    """A company: the creditor or the customer. `address` is by lines; what is not known is empty."""

    id: str
    name: str
    address: tuple[str, ...] = ()
    country: str = ""
    email: str = ""
    phone: str = ""
    pay_to: tuple[str, ...] = ()
    """How to pay a creditor, by lines: its bank and account, or the page for it."""


@dataclass(frozen=True, slots=True)
class Colleague:
    """One of our own people whom the customer can reach, or for whom a brief is."""

    id: str
    name: str
    email: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """An invoice or instalment in the message's table; `open` is what is asked for of it."""

    invoice: str
    due_date: date
    days_past_due: int
    open: int
    currency: str
    invoice_date: date | None = None
    amount: int | None = None
    made_out_to: str = ""
    """The customer on the invoice, where it is another one that this one pays for."""


@dataclass(frozen=True, slots=True)
class OnAccount:
    """Money of the customer's that no invoice was given; no day where it is the rest of several payments."""

    reference: str
    day: date | None
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class Ages:
    """What is open in one currency by age: not yet due, then an amount a bucket of `AGES`."""

    currency: str
    amounts: tuple[int, ...]


AGES = ("0–30", "31–60", "61–90", "91–120", "120+")
"""The buckets of a statement, in days past due."""


@dataclass(frozen=True, slots=True)
class Said:
    """Something in the customer's record that a brief tells a colleague: a contact, a promise, a message sent."""

    day: date
    what: str


@dataclass(frozen=True, slots=True)
class Advised:
    """What credit tells sales before a renewal or an order, in words that are made from facts.

    `before` is `renewal` or `order`; `about` names the customer where another one pays for it.
    `recommended` has each recommendation with its reason.
    """

    before: str
    day: date
    position: tuple[str, ...]
    recommended: tuple[tuple[str, str], ...]
    order: str = ""
    about: str = ""
    paying: str = ""
    asked: Colleague | None = None
    away: Colleague | None = None
    away_until: date | None = None
    salesperson: Colleague | None = None
    collector: Colleague | None = None


@dataclass(frozen=True, slots=True)
class Matter:
    """Everything that one message can say.

    `stage` and `tone` choose the wording together with `template`, `channel` and
    `language`; `totals` are by currency, in the order of the lines. `pay_by` is the
    last day before the next stage could follow; `next_stage` is that stage, empty
    where there is none. `reference` is what a reply or a payment should name.
    `ask`, `answer_by`, `history` and `guidance` are for a brief to a colleague, as are:
    `asked`, who gets it, and `away` whose work that is, if somebody else's; `paying` how
    the customer pays; `pays` and `decides` whom to speak to there; `hold_day` when a hold
    could fall; `steps_in` who is told without an answer; `advised` what credit
    recommends. `change` is
    what an account-change notice tells (`hold`, `release`, `limit_change`, …) and `since`
    its day; `terms` are the customer's days to pay. `on_account`, `balances` (by currency,
    what is open less what is on account) and `ages` are for a statement. `on_paper` asks
    for the PDF also of what is no letter by its template.
    """

    creditor: Party
    customer: Party
    language: str
    channel: str
    template: str
    stage: str
    tone: str
    as_of: date
    reference: str
    lines: tuple[Line, ...]
    totals: tuple[tuple[str, int], ...]
    pay_by: date
    contact_name: str = ""
    next_stage: str = ""
    collector: Colleague | None = None
    salesperson: Colleague | None = None
    ask: str = ""
    answer_by: date | None = None
    history: tuple[Said, ...] = ()
    guidance: tuple[str, ...] = ()
    asked: Colleague | None = None
    away: Colleague | None = None
    away_until: date | None = None
    paying: str = ""
    relationship: str = ""
    pays: str = ""
    decides: str = ""
    hold_day: date | None = None
    steps_in: str = ""
    advised: Advised | None = None
    change: str = ""
    limit: tuple[str, int] | None = None
    since: date | None = None
    terms: int | None = None
    on_account: tuple[OnAccount, ...] = ()
    balances: tuple[tuple[str, int], ...] = ()
    ages: tuple[Ages, ...] = ()
    on_paper: bool = False


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message as it leaves: every form of it that its channel asks for, from one source.

    `file` is the template, `signed_by` who answers for its wording. `html` is empty
    for a letter, `pdf` for an e-mail without one. `digest` is the SHA-256 of all forms.
    """

    subject: str
    text: str
    html: str
    pdf: bytes
    language: str
    file: str
    signed_by: str
    digest: str
