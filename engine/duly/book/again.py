"""The facts of accounts derived once more, in plain Python, from a book's typed rows.

This is the second opinion on the facts, so it shares no step with the SQL of
`duly.book.facts`: it walks the days on which something happened, account by
account, and says what the vocabulary's sentences say. `raw_rows` reads a book
once; `facts_of` is a pure function of those rows, so that the same customer can
be looked at on any number of days.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from operator import itemgetter

from duly.book.counting import Counting, whole_months
from duly.book.lateness import Episode, Item, Ledger, episode_of, within
from duly.book.raw import AccountRows, Answered, Customer, Executed, Held, Promise, RawRows, grouped
from duly.dates import add_months, is_contact_day
from duly.language.conditions import Facts, Value, holds
from duly.language.policy import Exception_, Policy, Since, Unit
from duly.language.reads import OWN, FactColumn, fact_columns
from duly.language.vocabulary import ACCOUNT, ACCOUNT_FACTS, INVOICE, LARGEST, MANY_DAYS, Type

DAY = timedelta(days=1)

Key = tuple[str, str, str]
"""Creditor, customer, item."""


@dataclass(frozen=True, slots=True)
class InvoiceFacts:
    """The facts of one open item; `__own` amounts are in its currency, the others in the policy's.

    `chased` is what is left of it by the policy's invoice pauses and minimum.
    """

    invoice: str
    currency: str
    invoice_date: date | None
    due_date: date
    basis_day: date
    days_past_due: int
    late: bool
    dispute: str
    promise: str
    original: int
    open: int
    disputed: int
    chased: int
    original__own: int
    open__own: int
    disputed__own: int
    chased__own: int


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """The facts of one account on a day, as `meaning.decide` reads them.

    `anchor` is the oldest late item still chased, `next_due` the next to fall
    due where there is none; the episode's name and start are None where there
    is no episode.
    """

    creditor: str
    customer: str
    item: str
    as_of: date
    anchor: str | None
    next_due: str | None
    episode: str | None
    episode_start: date | None
    facts: Facts
    invoices: tuple[InvoiceFacts, ...]


def folder(columns: Sequence[FactColumn]) -> Callable[[Sequence[Value]], dict[str, Value]]:
    """A function from a row of fact columns to facts: members of a set come back as the set."""
    plain = [place for place, column in enumerate(columns) if not column.member]
    names = [columns[place].name for place in plain]
    values = itemgetter(*plain, *plain[:1]) if plain else lambda _: ()
    sets: dict[str, list[tuple[int, str]]] = {fact.name: [] for fact in ACCOUNT_FACTS if fact.type is Type.SET}
    for place, column in enumerate(columns):
        if column.member:
            sets[column.fact].append((place, column.member))

    places = [place for members in sets.values() for place, _ in members]
    flags = itemgetter(*places, *places) if places else lambda _: ()
    # Accounts are many and different sets few, so that each is made once.
    made: dict[tuple[Value, ...], dict[str, Value]] = {}

    def fold(row: Sequence[Value]) -> dict[str, Value]:
        facts: dict[str, Value] = dict(zip(names, values(row), strict=False))
        seen = flags(row)
        if seen not in made:
            made[seen] = {name: frozenset(m for place, m in members if row[place]) for name, members in sets.items()}
        facts.update(made[seen])
        return facts

    return fold


def facts_of(
    rows: RawRows, policy: Policy, as_of: date, accounts: Iterable[Key] | None = None
) -> dict[Key, AccountFacts]:
    """The facts on a day of these accounts, or of all that have an invoice, unapplied money or a hold by then."""
    return _facts_of(rows, _Read(policy), as_of, _everyone(rows, policy, as_of) if accounts is None else accounts)


def facts_by_day(rows: RawRows, policy: Policy) -> Callable[[date], dict[Key, AccountFacts]]:
    """The facts as a function of the day, of all that have an invoice, unapplied money or a hold by then."""
    read = _Read(policy)
    return cache(lambda day: _facts_of(rows, read, day, _everyone(rows, policy, day)))


def _facts_of(rows: RawRows, read: _Read, as_of: date, accounts: Iterable[Key]) -> dict[Key, AccountFacts]:
    counting = Counting(read.policy, rows, as_of)
    asked = grouped(((creditor, customer), item) for creditor, customer, item in accounts)
    found = {}
    for (creditor, customer), units in sorted(asked.items()):
        account_rows = rows.accounts.get((creditor, customer), AccountRows())
        account = Ledger(account_rows, counting)
        derived = [_derive(account, creditor, customer, item, read) for item in units]
        if all(facts is not None for facts in derived):
            found.update({(f.creditor, f.customer, f.item): f for f in derived if f is not None})
    return found


def _everyone(rows: RawRows, policy: Policy, as_of: date) -> Iterator[Key]:
    by_currency = policy.unit is Unit.ACCOUNT_CURRENCY
    for (creditor, customer), account in rows.accounts.items():
        exist = [i for i in account.invoices if i.invoice_date is None or i.invoice_date <= as_of]
        if policy.unit is Unit.INVOICE:
            yield from ((creditor, customer, invoice.invoice) for invoice in exist)
            continue
        currencies = {i.currency for i in exist} | {m.currency for m in account.unapplied if m.day <= as_of}
        if not currencies and any(_in_force(hold, as_of) for hold in account.holds):
            currencies = {policy.currency}
        if by_currency:
            yield from ((creditor, customer, currency) for currency in sorted(currencies))
        elif currencies:
            yield creditor, customer, ""


def _in_force(hold: Held, as_of: date) -> bool:
    return hold.placed_on <= as_of and (hold.released_on is None or hold.released_on > as_of)


class _Read:
    """What a policy reads: the names of facts, the members of sets, and the bounds of numbers."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        columns = fact_columns(policy)
        self.members = {fact.name: frozenset[str]() for fact in ACCOUNT_FACTS if fact.type is Type.SET}
        for column in columns:
            if column.member:
                self.members[column.fact] |= {column.member}
        self.names = frozenset(column.name for column in columns if not column.member)
        self.bounds = {column.name: _bounds(column) for column in columns if column.type in _NUMERIC}

    def cut(self, facts: Mapping[str, Value]) -> dict[str, Value]:
        """The facts that are read, sets cut to the members that are asked for."""
        found: dict[str, Value] = {name: value for name, value in facts.items() if name in self.names}
        for name, members in self.members.items():
            value = facts[name]
            found[name] = value & members if isinstance(value, frozenset) else value
        return found

    def holds_within_bounds(self, facts: Mapping[str, Value]) -> bool:
        """Say whether every number is one that the vocabulary allows."""
        return all(
            least <= value <= most
            for name, (least, most) in self.bounds.items()
            if isinstance(value := facts[name], int)
        )


_NUMERIC = frozenset({Type.NUMBER, Type.MONEY, Type.PERCENT})


def _bounds(column: FactColumn) -> tuple[int, int]:
    if column.clock or column.name.startswith("days_since__"):
        return -MANY_DAYS, MANY_DAYS
    fact = ACCOUNT.get(column.fact)
    return (fact.least or 0, fact.most or LARGEST) if fact else (0, LARGEST)


def _derive(account: Ledger, creditor: str, customer: str, unit: str, read: _Read) -> AccountFacts | None:
    """The facts of one unit of an account; None where one of them is out of bounds."""
    policy, as_of = account.policy, account.as_of
    open_of, _ = account.today
    mine = [item for item in account.items if _belongs(policy, item, unit)]
    opened = [item for item in mine if item.id in open_of]
    if any(not item.near or _is_far(item, as_of) for item in opened):
        return None
    promises = [
        (promise, promise_state(account, promise)) for promise in account.rows.promises if promise.made_on <= as_of
    ]
    promised = {promise.invoice for promise, state in promises if state == "open"}
    invoices = tuple(_invoice_facts(account, creditor, item, promised) for item in opened)
    chased = [item for item, facts in zip(opened, invoices, strict=True) if facts.chased__own]
    late = [item for item in account.late if _belongs(policy, item, unit)]
    late_ids = {item.id for item in late}
    anchor = next((item for item in chased if item.id in late_ids), None)
    next_due = next((item for item in chased if item.basis_day >= as_of), None)
    episode = episode_of(account, mine, late, next_due)
    shared = {item.currency for item in opened}
    currency = policy.currency if len(shared) != 1 else shared.pop()
    if policy.unit is Unit.ACCOUNT_CURRENCY:
        currency = unit
    facts: dict[str, Value] = {
        **_money_facts(account, customer, unit, invoices, currency, read),
        **_lateness_facts(account, invoices, anchor, next_due),
        **_promise_facts(account, unit, promises, episode),
        **_customer_facts(account, customer),
        **_contact_facts(account, customer),
        **_history_facts(account, episode),
        **_stage_facts(account, unit, episode, anchor or next_due),
        **_exception_facts(policy, customer, as_of),
        "creditor": creditor,
        "currency": currency,
    }
    facts = read.cut(facts)
    if not read.holds_within_bounds(facts):
        return None
    return AccountFacts(
        creditor,
        customer,
        unit,
        as_of,
        anchor.id if anchor else None,
        next_due.id if next_due and not anchor else None,
        episode.name,
        episode.start,
        facts,
        invoices,
    )


def _belongs(policy: Policy, item: Item, unit: str) -> bool:
    match policy.unit:
        case Unit.ACCOUNT:
            return True
        case Unit.ACCOUNT_CURRENCY:
            return item.currency == unit
        case Unit.INVOICE:
            return item.of.invoice == unit


def _is_far(item: Item, as_of: date) -> bool:
    day = item.of.invoice_date
    return day is not None and abs((as_of - day).days) > MANY_DAYS


def _invoice_facts(account: Ledger, creditor: str, item: Item, promised: set[str | None]) -> InvoiceFacts:
    counting, as_of = account.counting, account.as_of
    open_of, _ = account.today
    open_ = open_of[item.id]
    disputes = [d for d in item.of.disputes if d.opened_on <= as_of and not (d.resolved_on and d.resolved_on <= as_of)]
    disputed = 0
    if any(dispute.amount is None for dispute in disputes):
        disputed = open_
    elif disputes:
        older = item.of.parts[: item.of.parts.index(item.part)] if item.part else ()
        taken = sum(open_of.get(f"{item.of.invoice}/{part.number}", 0) for part in older)
        disputed = within(sum(dispute.amount or 0 for dispute in disputes) - taken, open_)
    worth = counting.is_worth_chasing(open_, item.currency)
    facts = InvoiceFacts(
        invoice=item.id,
        currency=item.currency,
        invoice_date=item.of.invoice_date,
        due_date=item.due_date,
        basis_day=item.basis_day,
        days_past_due=counting.days(item.basis_day, as_of),
        late=worth and item.late_from <= as_of,
        dispute="open" if disputes else "none",
        promise="open" if item.of.invoice in promised else "none",
        original=counting.convert(item.amount, item.currency),
        open=counting.convert(open_, item.currency),
        disputed=counting.convert(disputed, item.currency),
        chased=0,
        original__own=item.amount,
        open__own=open_,
        disputed__own=disputed,
        chased__own=0,
    )
    said: dict[str, Value] = {
        name: getattr(facts, name) for name in (*INVOICE, "open__own", "original__own") if name != "creditor"
    }
    said["creditor"] = creditor
    pauses = [pause for pause in account.policy.invoice_pauses if holds(pause.when, said)]
    chased = open_ - disputed if pauses else open_
    if not worth or any(not pause.disputed_part_only for pause in pauses):
        chased = 0
    return replace(facts, chased=counting.convert(chased, item.currency), chased__own=chased)


AGED = {
    "aged_0_30": (0, 30),
    "aged_31_60": (31, 60),
    "aged_61_90": (61, 90),
    "aged_91_120": (91, 120),
    "aged_over_120": (121, MANY_DAYS),
}


def _money_facts(
    account: Ledger, customer: str, unit: str, invoices: Sequence[InvoiceFacts], currency: str, read: _Read
) -> dict[str, Value]:
    counting, policy, as_of = account.counting, account.policy, account.as_of
    open_of, credit = account.today
    facts = _sums(invoices, as_of, "", "")
    facts |= _sums(invoices, as_of, OWN, OWN if {i.currency for i in invoices} == {currency} else "")
    record = counting.rows.customers.get(customer, Customer())
    year_before = add_months(as_of, -12)
    sold = grouped((sale.currency, sale.amount) for sale in account.rows.sales if year_before < sale.day <= as_of)
    lines = sorted(line for line in account.rows.credit_lines if line[0] <= as_of)
    beside: dict[str, dict[str, int] | None] = {
        "unapplied_credit": {
            of: amount for of, amount in credit.items() if policy.unit is not Unit.ACCOUNT_CURRENCY or of == unit
        },
        "annual_sales": {of: sum(amounts) for of, amounts in sold.items()},
        "credit_limit": {lines[-1][2]: lines[-1][1]} if lines else None,
    }
    if record.annual_sales is not None:
        beside["annual_sales"] = {counting.rows.currency: record.annual_sales}
    for name, amounts in beside.items():
        for ending, to in (("", policy.currency), (OWN, currency)):
            # A rate that only an amount nobody reads would need must not be missed.
            if name + ending in read.names:
                facts[name + ending] = (
                    None if amounts is None else sum(counting.convert(amount, of, to) for of, amount in amounts.items())
                )
    exposure = sum(counting.convert(open_of[item.id], item.currency) for item in account.items if item.id in open_of)
    granted = facts["credit_limit"]
    facts["credit_used_pct"] = exposure * 100 // granted if isinstance(granted, int) and granted > 0 else None
    return facts


def _sums(invoices: Sequence[InvoiceFacts], as_of: date, ending: str, of: str) -> dict[str, Value]:
    """The sums over open items, named with the ending, of the amounts that have the other ending."""
    late = [i for i in invoices if i.late]
    due = [i for i in invoices if i.basis_day <= as_of]

    def amounts(name: str, some: Iterable[InvoiceFacts]) -> list[int]:
        return [getattr(invoice, name + of) for invoice in some]

    return {
        "past_due" + ending: sum(amounts("chased", late)),
        "past_due_with_disputed" + ending: sum(amounts("open", late)),
        "open_amount" + ending: sum(amounts("open", invoices)),
        "disputed_amount" + ending: sum(amounts("disputed", invoices)),
        "not_due" + ending: sum(amounts("chased", [i for i in invoices if i.basis_day > as_of])),
        "largest_late" + ending: max(amounts("chased", late), default=0),
        **{
            name + ending: sum(amounts("chased", [i for i in due if least <= i.days_past_due <= most]))
            for name, (least, most) in AGED.items()
        },
    }


def _lateness_facts(
    account: Ledger, invoices: Sequence[InvoiceFacts], anchor: Item | None, next_due: Item | None
) -> dict[str, Value]:
    counting, as_of = account.counting, account.as_of
    year_before = add_months(as_of, -12)
    settled = [item for item in account.items if item.near and item.settled_day and item.settled_day > year_before]
    days_late = [max(0, counting.days(item.basis_day, item.settled_day)) for item in settled if item.settled_day]
    return {
        "late": anchor is not None,
        "days_past_due": counting.days(anchor.basis_day, as_of) if anchor else 0,
        "days_to_due": counting.days(as_of, next_due.basis_day) if next_due else None,
        "open_count": len(invoices),
        "late_count": sum(i.late and i.chased__own > 0 for i in invoices),
        "late_count_with_disputed": sum(i.late for i in invoices),
        "average_days_late": sum(days_late) // len(days_late) if days_late else None,
        "dispute": "open" if any(i.dispute == "open" for i in invoices) else "none",
    }


def promise_state(account: Ledger, promise: Promise) -> str:
    """How a promise stands: withdrawn in time, kept, open or broken."""
    as_of = account.as_of
    if promise.cancelled_on and promise.cancelled_on <= min(as_of, promise.due_on):
        return "withdrawn"
    last = min(promise.due_on, as_of)
    received = 0
    for invoice_id, currency, day, amount in _receipts(account):
        in_time = day is None or promise.made_on <= day <= last
        if in_time and currency == promise.currency and promise.invoice in {None, invoice_id}:
            received += amount
    if received >= promise.amount:
        return "kept"
    return "open" if as_of <= promise.due_on else "broken"


def _receipts(account: Ledger) -> Iterator[tuple[str | None, str, date | None, int]]:
    """Money received: invoice, currency, day (None where the book does not tell it) and amount."""
    as_of = account.as_of
    for money in account.rows.unapplied:
        if money.paid and money.counts(as_of):
            yield None, money.currency, money.day, money.amount
    for invoice in account.invoices:
        for money in invoice.money:
            if money.paid and money.counts(as_of):
                yield invoice.invoice, money.currency, money.day, money.amount
        if invoice.settled_on:
            convert = account.counting.convert
            then = min(invoice.settled_on, as_of)
            paid = sum(convert(m.amount, m.currency, invoice.currency, m.day) for m in invoice.money if m.counts(then))
            yield invoice.invoice, invoice.currency, invoice.settled_on, max(0, invoice.amount - paid)
        elif invoice.open is not None:
            yield invoice.invoice, invoice.currency, None, max(0, invoice.amount - invoice.open)


def _promise_facts(
    account: Ledger, unit: str, promises: Sequence[tuple[Promise, str]], episode: Episode
) -> dict[str, Value]:
    policy, as_of = account.policy, account.as_of
    currency_of = {invoice.invoice: invoice.currency for invoice in account.invoices}
    year_before = add_months(as_of, -12)

    def concerns(promise: Promise) -> bool:
        match policy.unit:
            case Unit.ACCOUNT:
                return True
            case Unit.ACCOUNT_CURRENCY:
                return currency_of.get(promise.invoice or "", promise.currency) == unit
            case Unit.INVOICE:
                return promise.invoice in {None, unit}

    mine = [(promise, state) for promise, state in promises if concerns(promise)]
    broken = [promise.due_on for promise, state in mine if state == "broken"]
    kept = [promise.due_on for promise, state in mine if state == "kept"]
    opened = sum(state == "open" for _, state in mine)
    return {
        "promise": "open" if opened else "none",
        "promises_open": opened,
        "broken_promises": sum(episode.owed_since is not None and day >= episode.owed_since for day in broken),
        "broken_promises_12_months": sum(day > year_before for day in broken),
        "kept_promises_12_months": sum(year_before < day <= as_of for day in kept),
    }


def _customer_facts(account: Ledger, customer: str) -> dict[str, Value]:
    rows, as_of = account.counting.rows, account.as_of
    record = rows.customers.get(customer, Customer())
    first = record.since or min((i.invoice_date for i in account.invoices if i.invoice_date), default=None)
    return {
        "months_as_customer": max(0, whole_months(first, as_of)) if first else 0,
        **_judgements(rows.answers.get(customer, ()), record, as_of),
        "insolvent": bool(record.insolvent),
        "do_not_contact": bool(record.do_not_contact),
        "country": record.country,
        "language": record.language,
        "region": record.region,
        "salesperson": record.salesperson,
        "collector": record.collector,
        "customer_ladder": record.ladder,
        "tags": frozenset((record.tags or "").split()),
        "has_email": not record.no_email and (record.email is not None or customer in rows.mailable),
        "has_address": record.address is not None,
    }


def _judgements(answers: Sequence[Answered], record: Customer, as_of: date) -> dict[str, Value]:
    """What sales thinks of a customer: each by the newest answer of a year that says it; later rows are newer."""
    in_difficulty, relationship = False, record.relationship or "normal"
    for answer in sorted(answers, key=lambda answer: answer.day):
        if not add_months(as_of, -12) < answer.day <= as_of:
            continue
        if answer.financial_difficulty is not None:
            in_difficulty = answer.financial_difficulty
        if answer.relationship is not None:
            relationship = answer.relationship
    return {"financial_difficulty": in_difficulty, "relationship": relationship}


def _contact_facts(account: Ledger, customer: str) -> dict[str, Value]:
    policy, as_of, rows = account.policy, account.as_of, account.counting.rows
    recorded = [row for row in rows.contacts.get(customer, ()) if row[0] <= as_of]
    silent = {stage.id for stage in policy.stages()} - {stage.id for stage in policy.stages() if stage.contacts}
    out = {day for day, direction in recorded if direction == "out"}
    out |= {day for day, stage in rows.stages.get(customer, ()) if day <= as_of and stage not in silent}
    replies = [day for day, direction in recorded if direction == "in"]
    cap = policy.limits.contacts_per_customer
    window_opens = as_of - (cap.in_days if cap else 0) * DAY
    country = rows.customers.get(customer, Customer()).country or policy.calendar.country
    return {
        "days_since_contact": (as_of - max(out)).days if out else None,
        "days_since_reply": (as_of - max(replies)).days if replies else None,
        "contacts_in_window": sum(window_opens < day < as_of for day in out),
        "contacted_today": as_of in out,
        "contact_day": is_contact_day(as_of, policy.calendar.contact, country),
    }


def _history_facts(account: Ledger, episode: Episode) -> dict[str, Value]:
    as_of, rows = account.as_of, account.rows

    def belongs(day: date) -> bool:
        return day < as_of and (episode.since is None or day >= episode.since)

    requests = [request for request in rows.requests if belongs(request.asked_on)]
    answered = [request for request in requests if request.answered_on and request.answered_on <= as_of]
    waiting = [request for request in requests if request not in answered and as_of <= request.due_on]
    told = [request for request in requests if request.told_on and request.told_on < as_of]
    answers = sorted((answer for answer in rows.answers if answer.day <= as_of), key=lambda answer: answer.day)
    last = answers[-1] if answers else None
    of_this_episode = last is not None and (episode.since is None or last.day >= episode.since)
    return {
        "holds": frozenset(hold.hold for hold in rows.holds if _in_force(hold, as_of)),
        "sales_asked": frozenset(request.rule for request in requests),
        "requests_open": frozenset(request.rule for request in waiting),
        "requests_answered": frozenset(request.rule for request in answered),
        "requests_told": frozenset(request.rule for request in told),
        "answer_reason": (last.reason or "none") if last and of_this_episode else "none",
        "days_since_answer": (as_of - last.day).days if last else None,
        "tasks_given": frozenset(pause for pause, day in rows.tasks if belongs(day)),
    }


def _stage_facts(account: Ledger, unit: str, episode: Episode, clocked: Item | None) -> dict[str, Value]:
    policy, as_of, counting = account.policy, account.as_of, account.counting
    done = [
        row
        for row in account.rows.stages
        if row.day <= as_of and (policy.unit is Unit.ACCOUNT or row.item is None or row.item == unit)
    ]

    def belongs(row: Executed) -> bool:
        if row.episode is not None and row.episode == episode.name:
            return True
        by_day = row.episode is None or episode.is_late
        return by_day and episode.start is not None and row.day >= episode.start

    mine = [row for row in done if belongs(row)]
    last = max((row.day for row in mine), default=None)
    facts: dict[str, Value] = {
        "days_since_last_stage": (as_of - max(row.day for row in done)).days if done else None,
        "days_since_stage": (as_of - last).days if last else None,
        "outcome_unknown": any(row.outcome == "unknown" for row in mine),
    }
    for stage in policy.stages():
        days = {row.day for row in mine if row.stage == stage.id}
        facts[stage.days_fact] = (as_of - max(days)).days if days else None
        facts[stage.times_fact] = len(days)
        if stage.after:
            since = {
                Since.DUE_DATE: clocked.basis_day if clocked else None,
                Since.INVOICE_DATE: clocked.of.invoice_date if clocked else None,
                Since.PREVIOUS_STAGE: last,
            }
            facts[stage.after.clock.fact] = counting.counted(stage.after.clock, since[stage.after.clock.since])
    return facts


def _exception_facts(policy: Policy, customer: str, as_of: date) -> dict[str, Value]:
    in_force = (e for e in policy.exceptions if e.account == customer and e.until >= as_of)
    exception = next(in_force, Exception_(account=customer, until=as_of, agreed_with=""))
    return {
        "exception__pause": exception.pause,
        "exception__tone": exception.tone_at_most or "none",
        "exception__stage": exception.stage_at_most or "none",
        "exception__ladder": exception.ladder,
    }
