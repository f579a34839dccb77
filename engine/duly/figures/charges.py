"""What could be charged for lateness on a day: proposals with their arithmetic, booked by nobody.

Late interest and fixed sums by a law or by contract, and the charges of stages. An
item must be late as the policy counts it; its interest counts from the day after
its due date or after its issue, whichever is later. A fixed sum comes once an item,
a stage's charge once a stage and item, on the amount as issued, never on a charge.

What is disputed, what a pause takes out and what no rate is known for is kept back,
with its reason. A rate needed beyond the end of what is known refuses the whole. No
book says which charges were made before: what is shown is all that has arisen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from fractions import Fraction
from functools import cached_property

from duly.book import again
from duly.book.again import AccountFacts, InvoiceFacts
from duly.book.available import missing_for
from duly.book.book import Book
from duly.book.counting import Counting
from duly.book.facts import build_facts, facts_from
from duly.book.known import rows_known_on
from duly.book.lateness import Item, Ledger
from duly.book.rates import missing_rate
from duly.book.raw import RawRows, grouped, money_rows, raw_rows
from duly.figures.interest import DAY, Step, Stretch, interest, rounded, sum_of
from duly.figures.rates_of_law import Law, NotKnown, Terms, terms_of
from duly.language.conditions import Facts, Is, holds
from duly.language.policy import Points, Policy, Stage, Stops
from duly.language.vocabulary import INVOICE
from duly.money import format_minor
from duly.rules import layers
from duly.rules.columnar import Key, accounts_by_decision
from duly.rules.decision import NONE, Decision
from duly.rules.meaning import decide
from duly.source import Problem, Refused, Span

DATA = 4
PREFIX = "charged_"

AccountKey = tuple[str, str]
"""Creditor and customer who pays."""

ItemKey = tuple[str, str, str]
"""Creditor, customer who pays, and the invoice."""


class Kind(Enum):
    """What sort of charge it is."""

    INTEREST = "late_interest"
    FIXED_SUM = "fixed_sum"
    STAGE = "stage"


@dataclass(frozen=True, slots=True)
class Charge:
    """One charge on one item, as a proposal or as what is kept back.

    `basis` says in words what the amount comes from; interest has its stretches
    beside it, a stage's charge the stage and the day that it was carried out or
    is proposed on. `settled_on` is the day on which a late item was paid, None while it is
    open. `reason` says why it is kept back, and is empty where it is not.
    """

    creditor: str
    customer: str
    invoice: str
    kind: Kind
    amount: int
    currency: str
    basis: str
    stretches: tuple[Stretch, ...] = ()
    stage: str = ""
    day: date | None = None
    settled_on: date | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Charges:
    """What could be charged, what is kept back, and by which terms.

    `untold` are items whose past the book leaves out; `with_settled` says that
    items paid late and open no more were looked at as well. `rates_end` is what is wrong
    where a rate is needed beyond the end of what is known: that interest is in neither list. Nor
    are fixed sums that need an exchange rate which the book lacks: `no_exchange` says which.
    """

    as_of: date
    terms: Terms | None
    proposed: tuple[Charge, ...] = ()
    kept_back: tuple[Charge, ...] = ()
    untold: tuple[str, ...] = ()
    with_settled: bool = False
    rates_end: Problem | None = None
    no_exchange: tuple[Problem, ...] = ()


def totals(charges: Iterable[Charge]) -> dict[str, int]:
    """The sums of charges by currency; currencies are never added up."""
    sums: dict[str, int] = {}
    for charge in charges:
        sums[charge.currency] = sums.get(charge.currency, 0) + charge.amount
    return dict(sorted(sums.items()))


def charges_of(
    book: Book, policy: Policy, as_of: date, customer: str | None = None, *, with_settled: bool = False
) -> Charges:
    """The charges of a book on a day, or of the account that one customer belongs to.

    `with_settled` adds items that were paid late. Raises `Refused` (4) where the
    book lacks what the policy reads, an exchange rate, or a rate is needed beyond
    the end of what is known.
    """
    if not charges_anything(policy):
        return Charges(as_of, None)
    refuse_what_charges_miss(book, policy)
    customers = [customer] if customer else _customers(book, policy, as_of, with_settled=with_settled)
    found = charges_for(book, policy, as_of, customers, with_settled=with_settled)
    if lacking := [*found.no_exchange, *([found.rates_end] if found.rates_end else [])]:
        raise Refused(lacking, DATA)
    return found


def charges_anything(policy: Policy) -> bool:
    """Say whether the policy charges anything for lateness."""
    return terms_of(policy.charges) is not None or any(stage.charge for stage in policy.stages())


def refuse_what_charges_miss(book: Book, policy: Policy) -> None:
    """Refuse (4) a book that lacks what charges read."""
    if missing := missing_for(book, _also_reading_disputes(policy)):
        raise Refused(missing, DATA)


def charges_for(
    book: Book,
    policy: Policy,
    as_of: date,
    customers: Sequence[str],
    *,
    with_settled: bool = False,
    settled: Collection[ItemKey] = (),
    built: bool = False,
) -> Charges:
    """The charges of the accounts that these customers belong to, of a book that has what they read.

    `built` says that the facts of the day are in the book; they are derived here else.

    `settled` are invoices of other accounts that may have been paid late: of those
    accounts only these are looked at, and only for the interest of what is settled; the
    facts of the day must be in the book for it.
    """
    terms = terms_of(policy.charges)
    made: list[_Account] = []
    if customers:
        rows = raw_rows(book, customers)
        known = list(_built(book, policy, rows)) if built else again.facts_of(rows, policy, as_of).values()
        decisions = _decided(book) if built else {}
        accounts = grouped(
            (key[:2], (facts, decisions.get(key) or decide(policy, facts.facts)))
            for facts in known
            for key in ((facts.creditor, facts.customer, facts.item),)
        )
        counting = Counting(policy, rows, as_of)
        stage_charges = _StageCharges(policy, rows)
        made = [
            _Account(
                policy,
                terms,
                Ledger(rows.accounts[key], counting),
                key,
                units,
                stage_charges,
                with_settled=with_settled,
            )
            for key, units in accounts.items()
        ]
    if settled:
        made += _settled_accounts(book, policy, as_of, terms, settled)
    made.sort(key=lambda account: account.key)
    found = [charge for account in made for charge in account.charges()]
    unknown = [(charge, no_rate) for account in made for charge, no_rate in account.no_rate]
    beyond = [(charge, no_rate) for charge, no_rate in unknown if no_rate.is_past]
    never = [charge for charge, no_rate in unknown if not no_rate.is_past]
    return Charges(
        as_of,
        terms,
        proposed=tuple(charge for charge in found if not charge.reason),
        kept_back=tuple(charge for charge in (*found, *never) if charge.reason),
        untold=tuple(item for account in made for item in account.untold),
        with_settled=with_settled,
        rates_end=_rates_end(policy, beyond) if beyond else None,
        no_exchange=tuple(
            missing_rate(*one) for one in sorted({one for account in made for one in account.no_exchange})
        ),
    )


def _built(book: Book, policy: Policy, rows: RawRows) -> Iterable[AccountFacts]:
    """The facts of the accounts, from the book's tables of the day."""
    creditors, customers = zip(*rows.accounts, strict=True) if rows.accounts else ((), ())
    book.connection.execute(
        f'CREATE OR REPLACE TEMP TABLE "{PREFIX}asked" AS '
        "SELECT f.creditor, f.customer, f.item FROM account_facts AS f "
        "SEMI JOIN (SELECT unnest(CAST($1 AS VARCHAR[])) AS creditor, unnest(CAST($2 AS VARCHAR[])) AS customer) AS w "
        "ON w.creditor = f.creditor AND w.customer = f.customer",
        [list(creditors), list(customers)],
    )
    return facts_from(book.connection, policy, only=f"{PREFIX}asked", invoices=True)


def _decided(book: Book) -> Mapping[Key, Decision]:
    """What was decided of the accounts of `_built`."""
    of = f"{PREFIX}decisions"
    book.connection.execute(
        f'CREATE OR REPLACE TABLE "{of}" AS SELECT d.* FROM decisions AS d SEMI JOIN "{PREFIX}asked" AS a '
        "ON a.creditor = d.creditor AND a.customer = d.customer AND a.item = d.item"
    )
    kinds = accounts_by_decision(book.connection, decisions=of)
    return {key: decision for decision, keys in kinds.items() for key in keys}


def _settled_accounts(
    book: Book, policy: Policy, as_of: date, terms: Terms | None, settled: Collection[ItemKey]
) -> Iterator[_Account]:
    """The accounts of these invoices, as far as their charges need them.

    Where all money names its invoice, an invoice stands for itself; else the whole account is needed.
    """
    pooled = set(book.connection.execute("SELECT DISTINCT creditor, customer FROM unapplied_money").fetchall())
    wanted = grouped(((creditor, customer), invoice) for creditor, customer, invoice in settled)
    for keys, read_whole in ((wanted.keys() & pooled, True), (wanted.keys() - pooled, False)):
        if not keys:
            continue
        invoices = [invoice for key in keys for invoice in wanted[key]]
        rows = money_rows(book, {customer for _, customer in keys}, None if read_whole else invoices)
        counting = Counting(policy, rows, as_of)
        for key in keys & rows.accounts.keys():
            only = frozenset(wanted[key])
            yield _Account(policy, terms, Ledger(rows.accounts[key], counting), key, (), with_settled=True, only=only)


def _also_reading_disputes(policy: Policy) -> Policy:
    """The policy as charges read it: what is disputed must be known, whether a condition asks or not."""
    asks = Points(id="charges", add=0, when=Is("dispute", ("open",)), span=_place(policy))
    return replace(policy, worklist=(*policy.worklist, asks))


def _customers(book: Book, policy: Policy, as_of: date, *, with_settled: bool) -> list[str]:
    """Who has something late on the day or, where settled items count as well, everyone."""
    build_facts(book, policy, as_of, prefix=PREFIX)
    of = f'"{PREFIX}account_facts"' if with_settled else f'"{PREFIX}invoice_facts" WHERE late'
    rows = book.connection.execute(f"SELECT DISTINCT customer FROM {of} ORDER BY 1").fetchall()
    return [customer for (customer,) in rows]


def _rates_end(policy: Policy, beyond: Sequence[tuple[Charge, NotKnown]]) -> Problem:
    first, no_rate = min(beyond, key=lambda one: (one[1].day, one[0].customer, one[0].invoice))
    others = f" and {len(beyond) - 1:,} more" if len(beyond) > 1 else ""
    place = _place(policy)
    lines = policy.lines.get(place.file, ())
    return Problem(
        "rates-end",
        place,
        f"the rates of `{policy.charges.late_interest}` are known until {no_rate.known_until}, and that "
        f"of {no_rate.day} is needed for invoice `{first.invoice}`{others}",
        f"choose a day up to {no_rate.known_until} with --as-of, or add the rate that is in force to the law's table",
        lines[place.line - 1] if 0 < place.line <= len(lines) else "",
    )


def _place(policy: Policy) -> Span:
    return policy.places.get("/charges/late_interest", policy.charges.span)


class _StageCharges:
    """Which stages with a charge were carried out about which items, as it was known on the day, and which are due."""

    def __init__(self, policy: Policy, rows: RawRows) -> None:
        self.policy, self.rows = policy, rows
        self.stages = {stage.id: stage for stage in policy.stages() if stage.charge}

    def of(
        self, ledger: Ledger, key: AccountKey, steps: Mapping[str, str]
    ) -> Iterator[tuple[Stage, date, bool, InvoiceFacts]]:
        """Each stage once an item that was late and chased when it was carried out, first day first; then today's.

        `steps` is the stage due today by item of what is decided at once. Each comes with its day, and whether it was
        carried out on it.
        """
        seen: set[tuple[str, str]] = set()
        rows = (row for row in ledger.rows.stages if row.outcome != "unknown" and row.day <= ledger.as_of)
        done = [(row.day, row.stage, row.item or "", True) for row in rows]
        due = [(ledger.as_of, step, item, False) for item, step in steps.items()]
        for day, stage, item, was_done in (*sorted(done), *due):
            if stage not in self.stages:
                continue
            for unit in self._units_on(key, day):
                for invoice in unit.invoices if not item or unit.item in {"", item} else ():
                    if invoice.late and invoice.chased__own and (stage, invoice.invoice) not in seen:
                        seen.add((stage, invoice.invoice))
                        yield self.stages[stage], day, was_done, invoice

    def _units_on(self, key: AccountKey, day: date) -> Iterable[AccountFacts]:
        alone = replace(self.rows, accounts={key: self.rows.accounts[key]})
        return again.facts_of(rows_known_on(alone, day), self.policy, day).values()


class _Account:
    """The charges of one account, and what could not be worked out."""

    def __init__(
        self,
        policy: Policy,
        terms: Terms | None,
        ledger: Ledger,
        key: AccountKey,
        decided: Sequence[tuple[AccountFacts, Decision]],
        stage_charges: _StageCharges | None = None,
        *,
        with_settled: bool,
        only: Collection[str] | None = None,
    ) -> None:
        self.policy, self.terms, self.ledger = policy, terms, ledger
        self.as_of = ledger.as_of
        self.key = self.creditor, self.customer = key
        self.stage_charges, self.with_settled, self.only = stage_charges, with_settled, only
        self.today = {invoice.invoice: (unit, invoice) for unit, _ in decided for invoice in unit.invoices}
        self.decisions = {unit.item: decision for unit, decision in decided}
        self.no_rate: list[tuple[Charge, NotKnown]] = []
        self.no_exchange: set[tuple[date, str, str]] = set()
        self._paused: dict[str, str] = {}
        self.untold: list[str] = []
        self._left: dict[date, Mapping[str, int]] = {}

    def charges(self) -> Iterator[Charge]:
        """Every charge, item by item in their order, kept back or not."""
        if self.only is not None:
            yield from self._of_settled(self.only)
            return
        late = {item.id for item in self.ledger.late}
        for item in self.ledger.items if self.terms else ():
            if item.id in late or (self.with_settled and item.id not in self.today and self._was_paid_late(item)):
                yield from self._of_item(item)
        if self.stage_charges is None:
            return
        steps = {item: decision.step for item, decision in self.decisions.items() if decision.step != NONE}
        for stage, day, was_done, invoice in self.stage_charges.of(self.ledger, self.key, steps):
            if self.with_settled or invoice.invoice in self.today:
                yield self._stage_charge(stage, day, invoice, was_done=was_done)

    def _of_settled(self, only: Collection[str]) -> Iterator[Charge]:
        """The interest of what is settled of these invoices; what is still open of them is not looked at."""
        open_of, _ = self.ledger.today
        for item in self.ledger.items:
            if item.of.invoice in only and item.id not in open_of and self._was_paid_late(item):
                yield from self._of_item(item)

    def _was_paid_late(self, item: Item) -> bool:
        """Say whether money, not a write-off, settled it after it had become late and borne a day of interest."""
        settled = item.settled_day
        return settled is not None and not item.written_off_on and settled > max(item.late_from, _last_free(item))

    # Late interest and the fixed sum.

    def _of_item(self, item: Item) -> Iterator[Charge]:
        assert self.terms is not None
        start = _last_free(item) + DAY
        last = self.as_of if item.id in self.today or item.settled_day is None else item.settled_day - DAY
        steps = self._steps(item, start)
        unit, facts = self.today.get(item.id, (None, None))
        stopped = self._stopped(unit, facts)
        disputed = facts.disputed__own if facts else 0
        if item.balance is not None:
            self.untold.append(item.id)
        parts = [([Step(s.day, max(0, s.open - disputed)) for s in steps], stopped)]
        if disputed:
            parts.append(([Step(s.day, min(s.open, disputed)) for s in steps], stopped or "disputed"))
        for base, reason in parts:
            stretches = interest(base, start, last, self.terms)
            made = self._charge(
                item.id, Kind.INTEREST, 0, item.currency, reason=reason, settled_on=self._settled_on(item)
            )
            if isinstance(stretches, NotKnown):
                why = f"rates are known from {stretches.known_from} only, and it needs that of {stretches.day}"
                self.no_rate.append((replace(made, reason=reason or why), stretches))
            elif stretches:
                basis = "simple interest, actual days over 365, the sum rounded half up"
                yield replace(made, amount=sum_of(stretches), basis=basis, stretches=stretches)
        yield from self._fixed_sum(item, steps, start, disputed, stopped)

    def _fixed_sum(
        self, item: Item, steps: Sequence[Step], start: date, disputed: int, stopped: str
    ) -> Iterator[Charge]:
        """The sum that comes once with the interest, by what is owed when it begins."""
        law = self.terms
        debt = steps[0].open if steps else 0
        if (
            not isinstance(law, Law)
            or debt <= 0
            or start > self.as_of
            or isinstance(law.rate_on(start, start), NotKnown)
        ):
            return
        undisputed = max(0, debt - disputed)
        counted = undisputed or debt
        converted = counted
        if law.depends_on_debt:
            counting = self.ledger.counting
            if item.currency != law.currency and counting.ratio(item.currency, law.currency, start) is None:
                self.no_exchange.add((start, item.currency, law.currency))
                return
            converted = counting.convert(counted, item.currency, law.currency, start)
        allowed = law.fixed_sum(converted)
        basis = "once an item, whatever is owed"
        if law.depends_on_debt:
            size = f"below {format_minor(allowed.below, law.currency)}" if allowed.below else "beyond every lower bound"
            basis = f"for {format_minor(converted, law.currency)} owed on {start}, {size}"
        reason = stopped or ("" if undisputed else "disputed")
        settled_on = self._settled_on(item)
        yield self._charge(
            item.id, Kind.FIXED_SUM, allowed.amount, law.currency, basis=basis, reason=reason, settled_on=settled_on
        )

    def _settled_on(self, item: Item) -> date | None:
        return None if item.id in self.today else item.settled_day

    def _steps(self, item: Item, start: date) -> list[Step]:
        """What was open of an item at the end of each day on which that may have changed."""
        own = {day for day in (item.settled_on, item.written_off_on, *item.received[0]) if day}
        changing = self._account_days if self._is_pooled else own
        days = sorted({start, *(day for day in changing if start < day <= self.as_of)})
        return [Step(day, self._left_on(day).get(item.id, 0) if self._is_pooled else item.open_on(day)) for day in days]

    @property
    def _is_pooled(self) -> bool:
        """Say whether money that names no invoice pays items of the account, which then hang together."""
        return self.ledger.offsets and bool(self.ledger.pool)

    def _left_on(self, day: date) -> Mapping[str, int]:
        """What was open of each item at the end of a day, after money that names none."""
        if day not in self._left:
            there = [i for i in self.ledger.items if i.of.invoice_date is None or i.of.invoice_date <= day]
            left, _ = self.ledger.covered(day, ((i, open_) for i in there if (open_ := i.open_on(day)) > 0))
            self._left[day] = {item.id: open_ for item, open_ in left}
        return self._left[day]

    @cached_property
    def _account_days(self) -> set[date]:
        """The days on which anything of the account changed, its money that names no invoice included."""
        days = {day for rows in self.ledger.pool.values() for day, _ in rows}
        for item in self.ledger.items:
            told = (item.of.invoice_date, item.settled_on, item.written_off_on, *item.received[0])
            days |= {day for day in told if day}
        return days

    # The charges of stages.

    def _stage_charge(self, stage: Stage, day: date, invoice: InvoiceFacts, *, was_done: bool) -> Charge:
        unit, now = self.today.get(invoice.invoice, (None, None))
        done = f"stage {stage.id}, " + (f"carried out {day}" if was_done else "due today")
        reason = self._stopped(unit, now)
        if not reason and now is not None and now.disputed__own >= now.open__own:
            reason = "disputed"
        fixed = stage.charge.get("fixed")
        if isinstance(fixed, int):
            amount, currency, basis = fixed, self.policy.currency, f"{done}: fixed"
        else:
            currency = invoice.currency
            amount = rounded(invoice.original__own * Fraction(str(stage.charge["pct"])) / 100)
            original = format_minor(invoice.original__own, currency)
            basis = f"{done}: {stage.charge['pct']} % of {original} as issued, rounded half up"
        made = self._charge(invoice.invoice, Kind.STAGE, amount, currency, basis=basis, reason=reason)
        return replace(made, stage=stage.id, day=day)

    # What keeps a charge back.

    def _stopped(self, unit: AccountFacts | None, invoice: InvoiceFacts | None) -> str:
        """The pause that stops charges on an item, or nothing; what is settled can be paused no more."""
        if unit is None or invoice is None:
            return ""
        if unit.item not in self._paused:
            self._paused[unit.item] = self._paused_by(unit)
        if self._paused[unit.item]:
            return self._paused[unit.item]
        if all(p.disputed_part_only for p in self.policy.invoice_pauses):
            return ""
        said = _facts(unit, invoice)
        taking = [p.id for p in self.policy.invoice_pauses if not p.disputed_part_only and holds(p.when, said)]
        return f"taken out by {', '.join(taking)}" if taking else ""

    def _paused_by(self, unit: AccountFacts) -> str:
        decision = self.decisions[unit.item]
        facts = {**unit.facts, "pauses": frozenset(decision.pauses)}
        if not holds(layers.stops(self.policy, Stops.CHARGES), facts):
            return ""
        stopping = [p.id for p in self.policy.account_pauses if p.id in decision.pauses and Stops.CHARGES in p.stops]
        return f"paused by {', '.join(stopping) or 'an exception'}"

    def _charge(
        self,
        invoice: str,
        kind: Kind,
        amount: int,
        currency: str,
        *,
        basis: str = "",
        reason: str = "",
        settled_on: date | None = None,
    ) -> Charge:
        return Charge(
            self.creditor,
            self.customer,
            invoice,
            kind,
            amount,
            currency,
            basis,
            settled_on=settled_on,
            reason=reason,
        )


def _last_free(item: Item) -> date:
    """The last day without interest: the due date, or the day of issue where the invoice came later."""
    return max(item.due_date, item.of.invoice_date or item.due_date)


def _facts(unit: AccountFacts, invoice: InvoiceFacts) -> Facts:
    """The facts that an invoice pause reads."""
    names = [name for name in (*INVOICE, "open__own", "original__own") if name != "creditor"]
    return {**{name: getattr(invoice, name) for name in names}, "creditor": unit.creditor}
