"""What the messages and briefs of a plan can say: actions and the book as matters.

A matter is only about its own customer, its own creditor and the invoices of its own
action; nothing else is read into it. What is said in words about days and stages
comes from the policy, by the functions that decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from types import MappingProxyType

from duly.book.book import Book
from duly.figures.statement import Statement
from duly.language.conditions import Facts, holds
from duly.language.policy import Policy, Stage
from duly.messages.matter import Advised, Colleague, Line, Matter, Party
from duly.messages.writing import writing
from duly.plan.advice_said import advised, as_told
from duly.plan.briefs import BRIEF_LANGUAGE, Talks, asked_of_sales, guidance_for, talks_of, told
from duly.plan.changes_told import NO_DEALING, Dealing, dealing_of, told_of_a_change
from duly.plan.plan import Action, Kind
from duly.plan.reach import NOWHERE_KNOWN, Reach, reach_of
from duly.plan.statements import statement_matter, statements_for
from duly.plan.talking_sheets import Sheet, sheets_of, talking_sheet
from duly.rules.agreement import facts_of
from duly.rules.columnar import Key, accounts_by_decision
from duly.rules.trace import decided

LEAST_DAYS_TO_PAY = 7
"""A message leaves at least so many days, however soon the next stage could follow."""

TO_COLLEAGUES = frozenset({Kind.SALES_REQUEST, Kind.INTRODUCTION, Kind.ADVICE})
"""What comes with a brief to a colleague about the customer."""

LANGUAGE_OF: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(("US", "GB", "IE", "AU", "NZ"), "en") | {"DE": "de", "AT": "de", "FR": "fr"}
)
"""The language of a customer whose record does not say it, where its country has one that business is done in."""


@dataclass(frozen=True, slots=True)
class _Background:
    """What the matters of one book are made from."""

    policy: Policy
    creditors: Mapping[str, Party]
    people: Mapping[str, Colleague]
    reach: Mapping[str, Reach]
    lines: Mapping[Key, Mapping[str, Line]]
    facts: Mapping[Key, Facts]
    talks: Talks
    advised: Mapping[str, Advised]
    dealing: Mapping[str, Dealing]
    sheets: Mapping[str, Sheet]
    statements: Mapping[tuple[str, str], tuple[Statement, ...]]


def matters_of(
    policy: Policy, book: Book, actions: Sequence[Action], as_of: date
) -> tuple[dict[str, Matter], dict[str, str]]:
    """The matter of every action by its key, and why there is none where one is needed and cannot be made.

    The book is one that the actions were planned from: its facts are still in it.
    """
    customers = sorted({action.customer for action in actions})
    keys = sorted({key for action in actions for key in accounts_in(action)})
    people = people_of(book)
    made = _Background(
        policy=policy,
        creditors=_creditors(book),
        people=people,
        reach=_reach(book, customers),
        lines=_lines(book, customers),
        facts=facts_decided(book, policy, keys),
        talks=talks_of(policy, book, sorted({a.customer for a in actions if a.kind in TO_COLLEAGUES}), people, as_of),
        advised=advised(policy, book, [a for a in actions if a.kind is Kind.ADVICE], people, as_of),
        dealing=dealing_of(book, customers),
        sheets=sheets_of(book, sorted({a.customer for a in actions if a.kind is Kind.INTRODUCTION}), as_of),
        statements=statements_for(policy, book, actions, as_of),
    )
    matters: dict[str, Matter] = {}
    missing: dict[str, str] = {}
    for action in actions:
        matter = _matter(made, action, as_of)
        if action.kind.to_customer and not matter.language:
            missing[action.id] = (
                f"the book does not say the language of `{action.customer}`, nor a country that has one"
            )
        else:
            matters[action.id] = matter
    return matters, missing


def accounts_in(action: Action) -> tuple[Key, ...]:
    """The accounts that an action is about; several where one message joins several invoices."""
    return tuple((action.creditor, action.customer, item) for item in action.item.split(" "))


def facts_decided(book: Book, policy: Policy, keys: Sequence[Key]) -> Mapping[Key, Facts]:
    """The facts of accounts with those that were decided today, from a book that a plan was made of."""
    facts = facts_of(book.connection, policy, keys)
    kinds = accounts_by_decision(book.connection, acting_only=True)
    return {
        key: {**facts[key], **said}
        for said, those in ((decided(decision), those) for decision, those in kinds.items())
        for key in those
        if key in facts
    }


def people_of(book: Book) -> Mapping[str, Colleague]:
    """Our own people, by id."""
    rows = book.connection.execute("SELECT person, name, email, phone FROM people").fetchall()
    return {id_: Colleague(id_, name or id_, email or "", phone or "") for id_, name, email, phone in rows}


def lines_of(address: str) -> tuple[str, ...]:
    """The lines of a text that keeps them separated by `; `."""
    return tuple(line.strip() for line in address.split(";") if line.strip())


def _address(reach: Reach) -> tuple[str, ...]:
    """The lines of an address without the name, which stands above them."""
    lines = lines_of(reach.address)
    return lines[1:] if lines[:1] == (reach.name,) else lines


def _matter(made: _Background, action: Action, as_of: date) -> Matter:
    reach = made.reach.get(action.customer, NOWHERE_KNOWN)
    facts = made.facts.get(accounts_in(action)[0], {})
    lines = tuple(_own_lines(made, action))
    dealing = made.dealing.get(action.customer, NO_DEALING)
    matter = Matter(
        creditor=made.creditors.get(action.creditor, Party(action.creditor, action.creditor)),
        customer=Party(action.customer, reach.name or action.customer, _address(reach), reach.country, reach.email),
        language=reach.language or LANGUAGE_OF.get(reach.country, ""),
        channel=action.channel,
        template=action.template,
        stage=action.stage,
        tone=action.tone,
        as_of=as_of,
        reference=f"{action.customer}-{action.id[:6]}",
        lines=lines,
        totals=_totals(lines),
        pay_by=as_of + timedelta(days=LEAST_DAYS_TO_PAY),
        contact_name=reach.contact,
        collector=made.people.get(dealing.collector),
        salesperson=made.people.get(dealing.salesperson),
        terms=dealing.terms,
    )
    match action.kind:
        case Kind.MESSAGE:
            following = _next_stage(made.policy, action, facts)
            days = _days_left(made.policy, following, facts)
            return replace(matter, pay_by=as_of + timedelta(days=days), next_stage=following.id if following else "")
        case Kind.SALES_REQUEST:
            return asked_of_sales(made.talks, action, matter, facts)
        case Kind.ADVICE:
            manner = writing(BRIEF_LANGUAGE, matter.customer.country)
            return as_told(matter, made.advised[action.id], guidance_for(made.talks, action, manner))
        case Kind.NOTICE:
            return told_of_a_change(matter, action)
        case Kind.INTRODUCTION:
            brief = told(made.talks, action, matter, facts)
            return talking_sheet(brief, action, made.sheets[action.customer], made.people)
        case Kind.STATEMENT:
            return statement_matter(matter, made.statements.get((action.creditor, action.customer), ()))
        case _:
            return matter


def _own_lines(made: _Background, action: Action) -> Iterator[Line]:
    for key in accounts_in(action):
        known = made.lines.get(key, {})
        for invoice in action.invoices:
            if invoice in known:
                yield known[invoice]


def _totals(lines: Iterable[Line]) -> tuple[tuple[str, int], ...]:
    totals: dict[str, int] = {}
    for line in lines:
        totals[line.currency] = totals.get(line.currency, 0) + line.open
    return tuple(totals.items())


# What follows.


def _next_stage(policy: Policy, action: Action, facts: Facts) -> Stage | None:
    """The stage that could follow a message if nothing but the days changed."""
    ladder = next((ladder for ladder in policy.ladders if any(s.id == action.stage for s in ladder.stages)), None)
    if ladder is None:
        return None
    at = next(n for n, stage in enumerate(ladder.stages) if stage.id == action.stage)
    later = {**facts, "days_past_due": LONG_AFTER}
    return next((stage for stage in ladder.stages[at + 1 :] if holds(stage.when, later)), None)


LONG_AFTER = 100_000
"""Days past due at which every stage's number of days has come."""


def _days_left(policy: Policy, following: Stage | None, facts: Facts) -> int:
    """Days until the last one before the next stage could follow; a week at least."""
    if following is None:
        return LEAST_DAYS_TO_PAY
    ladder = next(ladder for ladder in policy.ladders if following in ladder.stages)
    days = ladder.gap_before(following)
    if (after := following.after) is not None:
        counted = facts.get(after.clock.fact)
        since_this = after.clock.since.value == "previous_stage"
        left = after.number - (0 if since_this or not isinstance(counted, int) else counted)
        days = max(days, left)
    return max(days - 1, LEAST_DAYS_TO_PAY)


# What the book says.


def _creditors(book: Book) -> Mapping[str, Party]:
    rows = book.connection.execute(
        "SELECT creditor, name, country, address, email, phone, pay_to FROM creditors"
    ).fetchall()
    return {
        id_: Party(
            id_, name or id_, lines_of(address or ""), country or "", email or "", phone or "", lines_of(pay_to or "")
        )
        for id_, name, country, address, email, phone, pay_to in rows
    }


def _reach(book: Book, customers: Sequence[str]) -> Mapping[str, Reach]:
    book.connection.execute("CREATE OR REPLACE TEMP TABLE written_to AS SELECT unnest(?) AS customer", [customers])
    return reach_of(book, "SELECT customer FROM written_to")


def _lines(book: Book, customers: Sequence[str]) -> Mapping[Key, Mapping[str, Line]]:
    rows = book.connection.execute(
        "SELECT f.creditor, f.customer, f.item, f.invoice, f.due_date, f.days_past_due, f.chased__own, f.currency, "
        "f.invoice_date, f.original__own FROM invoice_facts AS f "
        "JOIN (SELECT unnest(?) AS customer) AS w ON w.customer = f.customer WHERE f.chased__own > 0",
        [customers],
    ).fetchall()
    lines: dict[Key, dict[str, Line]] = {}
    for creditor, customer, item, *line in rows:
        lines.setdefault((creditor, customer, item), {})[line[0]] = Line(*line)
    return lines
