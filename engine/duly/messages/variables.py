"""What wording may name: the variables, filters and parts, and where each is there.

One table each, read by the check, the renderer and whoever explains them. A variable
is plain data of one sort; what is unknown of a matter has no value, and printing it
refuses the message.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from duly.messages.matter import Colleague, Matter, Party
from duly.messages.writing import Writing

EMAIL, LETTER, BRIEF, STATEMENT, NOTICE = CHANNELS = ("email", "letter", "brief", "statement", "notice")
"""How a message travels, or what sort it is; the folders of a language."""

ALL = frozenset(CHANNELS)
DUNNING = frozenset({EMAIL, LETTER})
ONLY_BRIEF = frozenset({BRIEF})
OWED = ALL - {NOTICE}
TO_CUSTOMER = ALL - {BRIEF}


class Sort(Enum):
    """What a variable holds, which says how it can be written and compared."""

    TEXT = "text"
    NUMBER = "number"
    DAY = "day"
    WORD = "word"
    """A word of the policy, for conditions and not for print."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable: its sort, the channels that have it, and whether it may be unknown."""

    name: str
    sort: Sort
    channels: frozenset[str] = ALL
    may_be_unknown: bool = False


VARIABLES: Mapping[str, Variable] = MappingProxyType(
    {
        variable.name: variable
        for variable in (
            Variable("creditor.name", Sort.TEXT),
            Variable("creditor.email", Sort.TEXT, may_be_unknown=True),
            Variable("creditor.phone", Sort.TEXT, may_be_unknown=True),
            Variable("customer.id", Sort.TEXT),
            Variable("customer.name", Sort.TEXT),
            Variable("customer.email", Sort.TEXT, may_be_unknown=True),
            Variable("customer.phone", Sort.TEXT, may_be_unknown=True),
            Variable("contact_name", Sort.TEXT, may_be_unknown=True),
            Variable("total", Sort.TEXT, OWED),
            Variable("invoice_count", Sort.NUMBER, OWED),
            Variable("oldest_days", Sort.NUMBER, OWED),
            Variable("oldest_due", Sort.DAY, OWED),
            Variable("as_of", Sort.DAY),
            Variable("pay_by", Sort.DAY, DUNNING | {BRIEF}),
            Variable("reference", Sort.TEXT),
            Variable("collector.name", Sort.TEXT, may_be_unknown=True),
            Variable("collector.email", Sort.TEXT, may_be_unknown=True),
            Variable("collector.phone", Sort.TEXT, may_be_unknown=True),
            Variable("salesperson.name", Sort.TEXT, may_be_unknown=True),
            Variable("salesperson.email", Sort.TEXT, may_be_unknown=True),
            Variable("salesperson.phone", Sort.TEXT, may_be_unknown=True),
            Variable("stage", Sort.WORD, DUNNING),
            Variable("tone", Sort.WORD, DUNNING),
            Variable("next_stage", Sort.WORD, DUNNING),
            Variable("rule", Sort.TEXT, ONLY_BRIEF),
            Variable("ask", Sort.WORD, ONLY_BRIEF),
            Variable("answer_by", Sort.DAY, ONLY_BRIEF),
            Variable("asked.name", Sort.TEXT, ONLY_BRIEF, may_be_unknown=True),
            Variable("away.name", Sort.TEXT, ONLY_BRIEF, may_be_unknown=True),
            Variable("away_until", Sort.DAY, ONLY_BRIEF, may_be_unknown=True),
            Variable("paying", Sort.TEXT, ONLY_BRIEF, may_be_unknown=True),
            Variable("relationship", Sort.WORD, ONLY_BRIEF),
            Variable("pays", Sort.TEXT, ONLY_BRIEF, may_be_unknown=True),
            Variable("decides", Sort.TEXT, ONLY_BRIEF, may_be_unknown=True),
            Variable("hold_day", Sort.DAY, ONLY_BRIEF, may_be_unknown=True),
            Variable("steps_in", Sort.TEXT, ONLY_BRIEF, may_be_unknown=True),
            Variable("before", Sort.WORD, ONLY_BRIEF),
            Variable("before_day", Sort.DAY, ONLY_BRIEF, may_be_unknown=True),
            Variable("order", Sort.TEXT, ONLY_BRIEF, may_be_unknown=True),
            Variable("about", Sort.TEXT, ONLY_BRIEF, may_be_unknown=True),
            Variable("change", Sort.WORD, frozenset({NOTICE})),
            Variable("limit", Sort.TEXT, frozenset({NOTICE}), may_be_unknown=True),
            Variable("since", Sort.DAY, frozenset({NOTICE}), may_be_unknown=True),
            Variable("terms", Sort.NUMBER, frozenset({NOTICE}), may_be_unknown=True),
            Variable("balance", Sort.TEXT, frozenset({STATEMENT}), may_be_unknown=True),
        )
    }
)
"""Every variable by name, in the order in which they are explained."""

FILTERS: Mapping[str, Sort] = MappingProxyType(
    {"day": Sort.DAY, "short_day": Sort.DAY, "number": Sort.NUMBER, "plural": Sort.NUMBER}
)
"""Every filter, and the sort that it is for."""

PARTS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "salutation": TO_CUSTOMER,
        "invoices": OWED,
        "open_items": frozenset({STATEMENT, BRIEF}),
        "on_account": frozenset({STATEMENT}),
        "ages": frozenset({STATEMENT}),
        "how_to_pay": DUNNING | {STATEMENT},
        "people": TO_CUSTOMER,
        "next_step": DUNNING,
        "closing": TO_CUSTOMER,
        "history": ONLY_BRIEF,
        "guidance": ONLY_BRIEF,
        "position": ONLY_BRIEF,
        "advice": ONLY_BRIEF,
    }
)
"""Every part that a line of its own can ask for, and the channels that have it."""

NO_STAGE = "none"
"""The next stage of a matter after which no stage follows."""


NOT_SAID = "none"
"""A word that nobody has said, such as the relationship."""


def values_of(matter: Matter, manner: Writing, conjunction: str) -> dict[str, object]:
    """The value of every variable, by its name with `__` for the point; None where it is unknown."""
    days = [line.days_past_due for line in matter.lines]
    values: dict[str, object] = {
        "contact_name": matter.contact_name or None,
        "total": totals_text(matter.totals, manner, conjunction) or None,
        "invoice_count": len(matter.lines),
        "oldest_days": max([0, *days]),
        "oldest_due": min((line.due_date for line in matter.lines), default=None),
        "as_of": matter.as_of,
        "pay_by": matter.pay_by,
        "reference": matter.reference or None,
        "stage": matter.stage,
        "rule": matter.stage,
        "tone": matter.tone,
        "next_stage": matter.next_stage or NO_STAGE,
        "ask": matter.ask,
        "answer_by": matter.answer_by,
        "asked__name": matter.asked.name if matter.asked else None,
        "away__name": matter.away.name if matter.away else None,
        "away_until": matter.away_until,
        "paying": matter.paying or None,
        "relationship": matter.relationship or NOT_SAID,
        "pays": matter.pays or None,
        "decides": matter.decides or None,
        "hold_day": matter.hold_day,
        "steps_in": matter.steps_in or None,
        "before": matter.advised.before if matter.advised else NOT_SAID,
        "before_day": matter.advised.day if matter.advised else None,
        "order": matter.advised.order or None if matter.advised else None,
        "about": matter.advised.about or None if matter.advised else None,
        "change": matter.change,
        "limit": manner.money(*reversed_pair(matter.limit)) if matter.limit else None,
        "since": matter.since,
        "terms": matter.terms,
        "balance": totals_text(matter.balances, manner, conjunction) if matter.on_account else None,
        "customer__id": matter.customer.id,
    }
    _add(values, "creditor", matter.creditor)
    _add(values, "customer", matter.customer)
    _add(values, "collector", matter.collector)
    _add(values, "salesperson", matter.salesperson)
    return values


def totals_text(totals: Iterable[tuple[str, int]], manner: Writing, conjunction: str) -> str:
    """The totals of each currency, one after the other."""
    return f" {conjunction} ".join(manner.money(minor, currency) for currency, minor in totals)


def reversed_pair(pair: tuple[str, int]) -> tuple[int, str]:
    """A currency and its amount, as an amount and its currency."""
    return pair[1], pair[0]


def _add(values: dict[str, object], who: str, someone: Party | Colleague | None) -> None:
    if someone is None:
        values.update({f"{who}__name": None, f"{who}__email": None, f"{who}__phone": None})
        return
    values[f"{who}__name"] = someone.name or someone.id
    values[f"{who}__email"] = someone.email or None
    values[f"{who}__phone"] = someone.phone or None
